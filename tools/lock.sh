#!/bin/sh
# PinnedModels what pyproject.toml asks for in requirements/*.txt; `tools/lock.sh --upgrade` takes newer versions.
# The largest set goes first and binds the smaller ones, so each file is a part of the next.
set -eu
cd "$(dirname "$0")/.."

# One version for every Python (3.11 to 3.14): a model trained on one answers the same on another.
compile() {
    uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
        --generate-hashes --no-annotate --no-header --no-emit-index-url --no-emit-find-links "$@"
}

# What the image of the server has; the admin side's files hold it, too, for `make serve`.
serve="--extra registry --extra rest --extra otel --extra feedback"

# shellcheck disable=SC2086  # words, to be split
{
    compile pyproject.toml $serve --extra admin --extra dev -o requirements/dev.txt "$@"
    compile pyproject.toml $serve --extra admin -c requirements/dev.txt -o requirements/admin.txt
    compile pyproject.toml $serve -c requirements/admin.txt -o requirements/serve.txt
}
compile pyproject.toml -c requirements/serve.txt -o requirements/core.txt
compile --group mlflow -c requirements/dev.txt -o requirements/mlflow.txt
compile --group build -c requirements/dev.txt -o requirements/build.txt
compile pyproject.toml --extra fuzz -c requirements/dev.txt -o requirements/fuzz.txt
