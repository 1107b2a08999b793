# Two images: docker build --target server .    (no training libraries)
#             docker build --target admin .
FROM python:3.13-slim AS builder
ENV PATH=/opt/venv/bin:$PATH PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/venv
COPY requirements/build.txt requirements/serve.txt requirements/
RUN pip install --require-hashes -r requirements/build.txt -r requirements/serve.txt
COPY pyproject.toml LICENSE ./
COPY generated generated
COPY housing_grpc housing_grpc
RUN pip install --no-deps --no-build-isolation .

FROM builder AS admin-builder
COPY requirements/admin.txt requirements/
RUN pip install --require-hashes -r requirements/admin.txt
COPY admin admin
# The version is the same as before, so pip has to be told.
RUN pip install --no-deps --no-build-isolation --force-reinstall .

FROM python:3.13-slim AS runtime
# /data holds the registry and the cache; with that and /tmp, the rest may be read-only.
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    GRPC_HOST=0.0.0.0 HOUSING_HOME=/data HOME=/tmp
RUN useradd --system --uid 10001 --home-dir /tmp housing && install -d -o housing /data
WORKDIR /app
USER 10001
VOLUME /data

FROM runtime AS admin
COPY --from=admin-builder /opt/venv /opt/venv
COPY data data
COPY experiments experiments
ENTRYPOINT ["python", "-m", "admin"]

# Last, so that it is what `docker build .` makes.
FROM runtime AS server
COPY --from=builder /opt/venv /opt/venv
EXPOSE 50051
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-m", "housing_grpc.probe"]
ENTRYPOINT ["python", "-m", "housing_grpc"]
