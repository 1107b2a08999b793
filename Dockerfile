# Three images: docker build .                  (the server and the REST proxy; no training libraries)
#               docker build --target admin .   (training and the registry)
#               docker build deploy/mlflow      (MLflow's server)
# The whole Python image has the compiler that housing_grpc/bundle/native is built with.
FROM python:3.13-trixie AS builder
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/venv
COPY requirements/build.txt requirements/serve.txt requirements/
RUN pip install --no-deps --require-hashes -r requirements/build.txt -r requirements/serve.txt
COPY pyproject.toml setup.py README.md LICENSE ./
COPY generated generated
COPY housing_grpc housing_grpc
RUN pip install --no-deps --no-build-isolation . && pip check

FROM builder AS admin-builder
COPY requirements/admin.txt requirements/
RUN pip install --no-deps --require-hashes -r requirements/admin.txt
COPY admin admin
COPY housing_table housing_table
# The version is the same as before, so pip has to be told.
RUN pip install --no-deps --no-build-isolation --force-reinstall . && pip check

FROM builder AS server-builder
COPY deploy/trim_server.sh ./
RUN ./trim_server.sh /opt/venv

FROM python:3.13-slim-trixie AS runtime
# /data holds the registry and the cache; with that and /tmp, the rest may be read-only.
# Outside a container, all three listen on loopback only. Each thread that was ever busy would
# keep memory of its own.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 HOUSING_HOME=/data HOME=/tmp \
    MALLOC_ARENA_MAX=2 GRPC_HOST=0.0.0.0 API_HOST=0.0.0.0 METRICS_HOST=0.0.0.0
RUN useradd --uid 10001 --no-create-home --home-dir /tmp housing && install -d -o housing /data
WORKDIR /app
USER 10001
VOLUME /data

FROM runtime AS admin
COPY --from=admin-builder /opt/venv /opt/venv
# What is installed as housing_admin, so that `python -m admin` works here, too.
COPY admin admin
COPY data data
COPY experiments experiments
ENTRYPOINT ["housing-admin"]

# Last, so that it is what `docker build .` makes. The REST proxy is the same image, started
# with --entrypoint python IMAGE -m housing_grpc.rest
FROM runtime AS server
COPY --from=server-builder /opt/venv /opt/venv
# gRPC, HTTP, metrics; health has a port of its own, inside the container
ENV HEALTH_PORT=50052
EXPOSE 50051 8000 9464
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-m", "housing_grpc.probe"]
ENTRYPOINT ["python", "-m", "housing_grpc"]
