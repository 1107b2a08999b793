#!/bin/sh
# Asks the OSV database whether a pinned package has a known vulnerability; fails if one has.
# Where the database cannot be reached, that is said and nothing is audited.
set -eu
cd "$(dirname "$0")/.."

python -c 'import socket; socket.create_connection(("api.osv.dev", 443), 5).close()' 2>/dev/null || {
    echo 'audit skipped: api.osv.dev cannot be reached from here' >&2
    exit 0
}
for name in serve admin mlflow dev; do
    echo "requirements/$name.txt"
    uvx --quiet pip-audit==2.10.1 --vulnerability-service osv --disable-pip --require-hashes \
        --requirement "requirements/$name.txt"
done
