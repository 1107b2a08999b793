"""Says what is installed under which name, and how the extension in C is built.

The folder `admin` is installed as `housing_admin`, so that no name is taken that other projects
use, too. What can be said in pyproject.toml stands there.
"""

import os
from pathlib import Path

from setuptools import Extension, find_packages, setup  # type: ignore[import-untyped]
from setuptools.command.build_ext import build_ext  # type: ignore[import-untyped]

# The image of the server is built without this folder, and without housing_table.
ADMIN = [name for name in find_packages() if name.partition(".")[0] == "admin"]
NATIVE = Path("housing_grpc/bundle/native")


class BuildWithNote(build_ext):  # type: ignore[misc]
    """Leaves the reason where the extension would lie if it cannot be compiled."""

    def build_extension(self, ext: Extension) -> None:
        """Builds it; `bundle/extension.py` reads the note."""
        # An editable installation compiles elsewhere, and copies what came of it here.
        built = Path(self.get_ext_fullpath(ext.name)).parent
        note = (NATIVE.parent if self.editable_mode else built) / "_native.failed"
        note.unlink(missing_ok=True)
        try:
            super().build_extension(ext)
        except Exception as error:
            note.parent.mkdir(parents=True, exist_ok=True)
            note.write_text(str(error))
            raise


setup(
    packages=[
        *find_packages(include=["housing_grpc", "housing_grpc.*", "housing_table"]),
        *find_packages("generated"),
        *(f"housing_{name}" for name in ADMIN),
    ],
    # The package `housing` is what `make proto` writes below generated/.
    package_dir={"housing": "generated/housing", "housing_admin": "admin"},
    ext_modules=[
        # Where it cannot be compiled, NumPy gives the same answers, slower: good enough
        # for this machine, not for a wheel that is handed on.
        Extension(
            "housing_grpc.bundle._native",
            # `make wheel` and the release set it.
            optional="HOUSING_NEEDS_C" not in os.environ,
            sources=sorted(map(str, NATIVE.glob("*.c"))),
            depends=sorted(map(str, NATIVE.glob("*.h"))),
            # One file for Python 3.11 and all later ones.
            py_limited_api=True,
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            libraries=["m"],
            # The sums must not depend on whether the machine can multiply and add in one step.
            extra_compile_args=["-std=c11", "-O3", "-ffp-contract=off"],
        )
    ],
    cmdclass={"build_ext": BuildWithNote},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
