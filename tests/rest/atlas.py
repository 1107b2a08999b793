"""Generates the code of a message of every kind of field, as `make proto` would."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def generate(folder: Path) -> Any:
    """Writes the package `atlas` into a folder, and returns its module of messages."""
    package = folder / "atlas"
    package.mkdir()
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE}",
        f"--python_out={package}", "atlas.proto",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    (package / "__init__.py").touch()
    sys.path.insert(0, str(folder))
    try:
        return import_module("atlas.atlas_pb2")
    finally:
        sys.path.remove(str(folder))
