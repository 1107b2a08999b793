#!/bin/sh
# Takes out of an environment what serving never reads: deploy/trim_server.sh /opt/venv
# Only for an image: the environment can install nothing afterwards.
set -eu
venv=$1
site=$(echo "$venv"/lib/python3.*/site-packages)

# Of Swagger UI, housing_grpc/rest/pages.py serves two files.
find "$site/mkdocs_swagger_ui_tag" -type f ! -name swagger-ui.css ! -name swagger-ui-bundle.js \
    ! -name LICENSE ! -name NOTICE -delete
# Tests, and what only compilers and type checkers read.
find "$site" -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
find "$site" -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.c' \
    -o -name '*.h' -o -name '*.cpp' -o -name '*.a' \) -delete
# Symbols for debuggers. Libraries that auditwheel has put beside a wheel stay as they are.
find "$site" -type f -name '*.so' ! -path '*.libs/*' -exec strip --strip-unneeded {} +

# The command of what is not here.
rm -f "$venv"/bin/housing-admin
"$venv"/bin/python -m pip uninstall --quiet --yes setuptools pip
# Byte code of what the server, its proxy and its child process import; nothing could write
# it later, as the file system may be read-only.
find "$site" -type d -name __pycache__ -prune -exec rm -rf {} +
# With -I, what is imported is what is installed, not what lies in this folder.
"$venv"/bin/python -I - <<'PYTHON'
import importlib

for module in (
    "housing_grpc.rest.server",
    "housing_grpc.server",
    "housing_grpc.probe",
    "housing_grpc.bundle.trial_child",
    "housing_grpc.registry.fetch_child",
    "mlflow.artifacts",
    "mlflow.store.artifact.artifact_repository_registry",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "psycopg",
    "uvicorn.lifespan.off",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.httptools_impl",
):
    importlib.import_module(module)
PYTHON
