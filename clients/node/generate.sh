#!/bin/sh
# Writes the TypeScript code for proto/ into src/gen, or into the folder that is given.
# Needs `npm ci` here first, and the project's development tools (their Python first on PATH,
# or named by PYTHON).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=$(cd "$here/../../proto" && pwd)
target=${1:-$here/src/gen}
python=${PYTHON:-python3}

# Google's .proto files come with the Python packages.
google=$("$python" -c 'from importlib.metadata import distribution as d
print(d("googleapis-common-protos").locate_file(""))')

mkdir -p "$target"
"$python" -m grpc_tools.protoc "-I$proto" "-I$google" \
    "--plugin=protoc-gen-es=$here/node_modules/.bin/protoc-gen-es" \
    "--es_out=$target" --es_opt=target=ts,import_extension=js,json_types=true \
    housing/v1/feedback.proto housing/v1/model.proto housing/v1/prediction.proto \
    google/api/annotations.proto google/api/http.proto \
    google/rpc/status.proto google/rpc/error_details.proto
