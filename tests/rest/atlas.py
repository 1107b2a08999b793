"""Generates the code of a contract that the proxy has never seen, as `make proto` would."""

import subprocess
import sys
from importlib import import_module
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def generate(folder: Path) -> Any:
    """Writes the package `atlas` into a folder, and returns its module of messages."""
    package = folder / "atlas"
    package.mkdir()
    google = distribution("googleapis-common-protos").locate_file("")
    command = [
        sys.executable, "-m", "grpc_tools.protoc", f"-I{HERE}", f"-I{google}",
        f"--python_out={package}", f"--descriptor_set_out={package / 'contract.binpb'}",
        "--include_source_info", "atlas.proto",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    (package / "__init__.py").touch()
    sys.path.insert(0, str(folder))
    try:
        return import_module("atlas.atlas_pb2")
    finally:
        sys.path.remove(str(folder))
