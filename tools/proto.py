"""Checks the protobuf contract in proto/, and generates generated/: code and description.

proto-oip/ is a protocol of others, of which the server reads the descriptors alone.

    python tools/proto.py check     lint, compare with what clients know, look for stale files
    python tools/proto.py write     regenerate, and accept the contract unless it breaks clients
    python tools/proto.py format    lay out the .proto files

What clients know is the image proto/released.binpb. A deliberate break needs that file
deleted by hand, which nobody will overlook in a review.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "proto"
OIP = ROOT / "proto-oip"
IMAGE = PROTOS / "released.binpb"
GENERATED = ROOT / "generated"
DEPENDENCIES = ROOT / "build" / "proto-deps"
COMMENTED = "contract.binpb"
OPENAPI = "openapi.json"
INFERENCE = "inference.binpb"
BIN = Path(sys.executable).parent

# What our files import beyond google/protobuf, with what those import in turn.
IMPORTED = (
    "google/api/annotations.proto",
    "google/api/http.proto",
    "google/rpc/status.proto",
)


def copy_dependencies() -> None:
    """Take Google's files from the installed package, at the version that is pinned."""
    package = distribution("googleapis-common-protos")
    for name in IMPORTED:
        target = DEPENDENCIES / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(str(package.locate_file(name)), target)


def run(*command: str | Path) -> None:
    """Run a tool in the repository; what it finds wrong, it says itself."""
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        sys.exit(1)


def build_image(target: Path, protos: Path = PROTOS) -> None:
    """Write down the contract, or another protocol, without its comments."""
    run(BIN / "buf", "build", protos, "--exclude-source-info", "--output", target)


def check_breaking() -> None:
    """Refuse a change that a client built from the image would not survive."""
    if IMAGE.exists():
        against = f"{IMAGE}#format=binpb"
        run(BIN / "buf", "breaking", "proto", "--against", against, "--exclude-imports")


def generate(folder: Path) -> None:
    """Write the Python code for all our .proto files into a folder."""
    run(
        *(sys.executable, "-m", "grpc_tools.protoc", f"-I{PROTOS}", f"-I{DEPENDENCIES}"),
        *(f"--{kind}_out={folder}" for kind in ("python", "pyi", "grpc_python")),
        f"--mypy_grpc_out=quiet:{folder}",
        # With the comments, which the generated code lacks and the description publishes.
        f"--descriptor_set_out={folder / COMMENTED}",
        "--include_source_info",
        f"--plugin=protoc-gen-mypy_grpc={BIN / 'protoc-gen-mypy_grpc'}",
        *sorted(PROTOS.rglob("*.proto")),
    )
    describe(folder)
    # No code: that would register its package for the whole process, which clients do, too.
    build_image(folder / "housing" / INFERENCE, OIP)
    for package in (path for path in folder.rglob("*") if path.is_dir()):
        (package / "__init__.py").write_text('"""Written by `make proto`."""\n', encoding="utf-8")
    (folder / "housing" / "py.typed").touch()


def describe(folder: Path) -> None:
    """Write the OpenAPI document, which the REST proxy serves, from what was generated."""
    for package in (path for path in folder.rglob("*") if path.is_dir()):
        (package / "__init__.py").touch()
    # Without byte code, whose folders would count as packages.
    command = (sys.executable, "-B", "-m", "tools.openapi.document", folder / COMMENTED)
    paths = os.pathsep.join((str(folder), str(ROOT)))
    made = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        check=False,
    )
    if made.returncode:
        sys.exit(1)
    (folder / COMMENTED).unlink()
    (folder / "housing" / OPENAPI).write_bytes(made.stdout)


def contents(folder: Path) -> dict[Path, bytes]:
    """Read all files of a folder, but for what Python leaves there."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder): path.read_bytes() for path in files if path.suffix != ".pyc"}


def check() -> None:
    """Exit with 1 if anything about the contract is not as it should be."""
    for protos in (PROTOS, OIP):
        run(BIN / "buf", "format", "--diff", "--exit-code", protos)
    run(BIN / "buf", "lint", "proto")
    check_breaking()
    with tempfile.TemporaryDirectory() as scratch:
        image = Path(scratch, "released.binpb")
        build_image(image)
        fresh = Path(scratch, "generated")
        fresh.mkdir()
        generate(fresh)
        stale = contents(fresh) != contents(GENERATED)
        if stale or not IMAGE.exists() or image.read_bytes() != IMAGE.read_bytes():
            sys.exit("generated/ or proto/released.binpb is not what proto/ says: run make proto")


def write() -> None:
    """Accept the contract as it is now."""
    check_breaking()
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    generate(GENERATED)
    build_image(IMAGE)


def format_protos() -> None:
    """Lay out the .proto files as `check` wants them."""
    for protos in (PROTOS, OIP):
        run(BIN / "buf", "format", "--write", protos)


if __name__ == "__main__":
    commands = {"check": check, "write": write, "format": format_protos}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(f"usage: python tools/proto.py {'|'.join(commands)}")
    copy_dependencies()
    commands[sys.argv[1]]()
