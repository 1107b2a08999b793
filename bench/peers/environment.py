"""The environments of the peers: `.bench/NAME`, from the pins in `bench/peers/NAME.txt`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
NAMES = ("mlserver", "fastapi", "mlflow", "triton")

# PyTriton brings an interpreter of its own, which does not run with the standard library of
# later releases of Python 3.11 than Debian's.
_DEBIAN = "/usr/bin/python3"

_HERE = Path(__file__).parent


def ensure(name: str) -> Path:
    """Makes an environment, or brings it up to its pins.

    Returns:
        Its folder of programs.

    Raises:
        RuntimeError: It cannot be installed here.
    """
    folder, pins = ROOT / ".bench" / name, _HERE / f"{name}.txt"
    stamp = folder / "installed.txt"
    if not stamp.exists() or stamp.read_text() != pins.read_text():
        print(f"Installing {name} into .bench/{name} (some minutes the first time) ...", flush=True)
        python = folder / "bin" / "python"
        base = _DEBIAN if name == "triton" and Path(_DEBIAN).exists() else sys.executable
        _run("uv", "venv", "--quiet", "--clear", "--python", base, str(folder))
        install = ("uv", "pip", "install", "--quiet", "--no-deps", "--python", str(python))
        _run(*install, "--requirement", str(pins))
        stamp.write_text(pins.read_text())
    return folder / "bin"


def _run(*command: str) -> None:
    # From the environment that runs this, which need not be on PATH.
    program = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(program), *command[1:]], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[:3])}: {done.stderr.strip()[-500:]}")
