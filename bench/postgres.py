"""A PostgreSQL server with its usual safety: what is committed is on disk."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.serving import free_port

_SECONDS = 60.0
_STOP_SECONDS = 20.0


@contextmanager
def running() -> Iterator[str]:
    """Gives the URL of an empty database.

    Raises:
        FileNotFoundError: PostgreSQL is not installed.
        TimeoutError: It does not start.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    binary = shutil.which("postgres", path=str(found[-1]) if found else None)
    if binary is None:
        raise FileNotFoundError(
            "PostgreSQL is not installed; on Debian: apt-get install postgresql"
        )
    # The server refuses to be run by root.
    owner = "postgres" if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        if owner:
            os.chown(folder, pwd.getpwnam(owner).pw_uid, -1)
        data, port = f"{folder}/data", free_port()
        initialise = [
            str(Path(binary).with_name("initdb")),
            "-D",
            data,
            "-U",
            "bench",
            "-A",
            "trust",
        ]
        subprocess.run(initialise, check=True, capture_output=True, user=owner, cwd=folder)
        command = [binary, "-D", data, "-p", str(port), "-k", "", "-h", "127.0.0.1"]
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, user=owner, cwd=folder)
        try:
            _wait_for(binary, port)
            yield f"postgresql://bench@127.0.0.1:{port}/postgres"
        finally:
            process.terminate()
            process.wait(_STOP_SECONDS)


def _wait_for(binary: str, port: int) -> None:
    ready = [str(Path(binary).with_name("pg_isready")), "-q", "-h", "127.0.0.1", "-p", str(port)]
    end = time.monotonic() + _SECONDS
    while subprocess.run(ready, check=False).returncode:
        if time.monotonic() > end:
            raise TimeoutError("PostgreSQL does not start")
        time.sleep(0.1)
