"""PostgreSQL, S3 stores and MLflow's server as processes of their own."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.integration.daemon import Daemon, answers
from tests.integration.toolchain import need
from tests.support.ports import free_port
from tests.support.processes import ROOT

USER, PASSWORD, BUCKET = "housing", "a-password-of-the-tests", "mlflow"


def postgres(folder: Path) -> tuple[Daemon, str]:
    """Makes a database cluster; returns its server, not started, and the database's URI."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    found = str(programs[-1]) if programs else None
    binary = need("postgres", "PostgreSQL, on Debian: apt-get install postgresql", found)
    # The server refuses to be run by root.
    owner = "postgres" if os.geteuid() == 0 else None
    secret, data, port = folder / "password", folder / "data", free_port()
    secret.write_text(PASSWORD)
    if owner:
        account = pwd.getpwnam(owner)
        for path in (folder, secret):
            os.chown(path, account.pw_uid, account.pw_gid)
    initialise = [str(Path(binary).with_name("initdb")), "-D", str(data), "-U", USER, "-E", "UTF8"]
    subprocess.run(
        [*initialise, "--auth=scram-sha-256", f"--pwfile={secret}", "--no-sync"],
        check=True,
        capture_output=True,
        user=owner,
        cwd=folder,
    )
    options = {"listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    daemon = Daemon(
        [binary, "-D", str(data), "-p", str(port), *flags],
        answers=lambda: _accepts(binary, port),
        log=folder / "log",
        env={},
        user=owner,
    )
    return daemon, f"postgresql+psycopg://{USER}:{PASSWORD}@127.0.0.1:{port}/postgres"


def minio(folder: Path) -> tuple[Daemon, str]:
    """Returns a MinIO server, not started, and its endpoint."""
    binary = need("minio", "MinIO: make tools", str(ROOT / ".tools/bin"))
    port = free_port()
    command = [binary, "server", str(folder / "data"), "--address", f"127.0.0.1:{port}"]
    endpoint = f"http://127.0.0.1:{port}"
    return Daemon(
        [*command, "--console-address", f"127.0.0.1:{free_port()}"],
        # Alive is what it calls itself before it can be used.
        answers=answers(f"{endpoint}/minio/health/cluster"),
        log=folder / "log",
        env={"MINIO_ROOT_USER": USER, "MINIO_ROOT_PASSWORD": PASSWORD, "HOME": str(folder)},
    ), endpoint


def seaweedfs(folder: Path) -> tuple[Daemon, str]:
    """Returns a SeaweedFS server with its S3 gateway, not started, and its endpoint."""
    binary = need("weed", "SeaweedFS 4", str(ROOT / ".tools/bin"), everywhere=False)
    parts = ["master.port", "master.port.grpc", "volume.port", "volume.port.grpc"]
    parts += ["filer.port", "filer.port.grpc", "s3.port.grpc"]
    ports = [f"-{part}={free_port()}" for part in parts]
    port, data = free_port(), folder / "data"
    data.mkdir()
    command = [binary, "server", f"-dir={data}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", *ports]
    endpoint = f"http://127.0.0.1:{port}"
    return Daemon(
        [*command, "-s3", f"-s3.port={port}", "-volume.max=8", "-master.volumeSizeLimitMB=64"],
        answers=answers(endpoint),
        log=folder / "log",
        env={"AWS_ACCESS_KEY_ID": USER, "AWS_SECRET_ACCESS_KEY": PASSWORD},
    ), endpoint


def mlflow(folder: Path, *, database: str, endpoint: str) -> tuple[Daemon, str]:
    """Returns MLflow's server on a database and a bucket, not started, and its URI."""
    port = free_port()
    uri = f"http://127.0.0.1:{port}"
    variables = {**s3_variables(endpoint), "MLFLOW_BACKEND_STORE_URI": database}
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1"]
    return Daemon(
        # With the same flags as in docker-compose.yml.
        [
            *command,
            "--port",
            str(port),
            "--workers",
            "1",
            "--artifacts-destination",
            f"s3://{BUCKET}",
        ],
        answers=answers(f"{uri}/health"),
        log=folder / "log",
        env={
            **variables,
            "MLFLOW_SERVER_ALLOWED_HOSTS": f"mlflow:5000,127.0.0.1:{port}",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
    ), uri


def s3_variables(endpoint: str) -> dict[str, str]:
    """Returns what a client of the store reads, and the path of this interpreter's packages."""
    return {
        "MLFLOW_S3_ENDPOINT_URL": endpoint,
        "MLFLOW_BUCKET_NAME": BUCKET,
        "AWS_ACCESS_KEY_ID": USER,
        "AWS_SECRET_ACCESS_KEY": PASSWORD,
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }


def scratch() -> Path:
    """Makes a folder that another user may come into, which those of pytest forbid."""
    folder = Path(tempfile.mkdtemp(prefix="housing-"))
    folder.chmod(0o755)
    return folder


def remove(folder: Path) -> None:
    """Deletes what a daemon has kept."""
    shutil.rmtree(folder, ignore_errors=True)


def _accepts(binary: str, port: int) -> bool:
    ready = str(Path(binary).with_name("pg_isready"))
    asked = [ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asked, check=False).returncode == 0
