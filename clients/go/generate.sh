#!/bin/sh
# Writes the Go code for proto/ into housing/housingv1, or below the folder that is given.
# Needs Go and the project's development tools (their Python first on PATH, or named by PYTHON).
# Building the plug-ins from this module pins them by go.mod and go.sum.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
proto=$(cd "$here/../../proto" && pwd)
target=${1:-$here/housing/housingv1}
python=${PYTHON:-python3}

plugins=$(mktemp -d)
trap 'rm -rf "$plugins"' EXIT
(cd "$here" && CGO_ENABLED=0 GOWORK=off go build -o "$plugins/" \
    google.golang.org/protobuf/cmd/protoc-gen-go \
    google.golang.org/grpc/cmd/protoc-gen-go-grpc)

# Google's .proto files come with the Python packages.
google=$("$python" -c 'from importlib.metadata import distribution as d
print(d("googleapis-common-protos").locate_file(""))')

# The contract names no Go package: that is this client's own affair.
module=housing-grpc/clients/go/housing/housingv1
files='housing/v1/feedback.proto housing/v1/model.proto housing/v1/prediction.proto'
set -- "--go_opt=module=$module" "--go-grpc_opt=module=$module"
for file in $files; do
    set -- "$@" "--go_opt=M$file=$module" "--go-grpc_opt=M$file=$module"
done
mkdir -p "$target"
# shellcheck disable=SC2086 # the names are a list, and hold no blank
"$python" -m grpc_tools.protoc "-I$proto" "-I$google" \
    "--plugin=protoc-gen-go=$plugins/protoc-gen-go" \
    "--plugin=protoc-gen-go-grpc=$plugins/protoc-gen-go-grpc" \
    "--go_out=$target" "--go-grpc_out=$target" "$@" $files
