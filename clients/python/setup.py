"""Says where the code is that the client shares with others: outside, or inside in an sdist.

That is the generated code and `housing_table`. So the repository has both once, and what is
built has them whole.
"""

import shutil
import sys
from pathlib import Path

from setuptools import setup  # type: ignore[import-untyped]
from setuptools.command.build_py import build_py  # type: ignore[import-untyped]
from setuptools.command.sdist import sdist  # type: ignore[import-untyped]

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
INSIDE = HERE / "generated"
TABLE = "housing_table"
IN_REPOSITORY = not INSIDE.is_dir()

GENERATED = "../../generated" if IN_REPOSITORY else "generated"
SHARED = f"../../{TABLE}" if IN_REPOSITORY else f"{GENERATED}/{TABLE}"

if not (HERE / GENERATED / "housing").is_dir():
    sys.exit(
        f"the generated code of the contract is not at {HERE / GENERATED}: install this folder "
        "from within a clone of the repository, or the archive that `uv build --sdist` makes there"
    )


class BuildWithoutSetup(build_py):  # type: ignore[misc]
    """Leaves this file out, which stands among the modules but is none."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """Returns the modules of a package."""
        found = super().find_package_modules(package, package_dir)
        return [each for each in found if each[1] != "setup"]


class SdistWithShared(sdist):  # type: ignore[misc]
    """Puts the shared code into the archive."""

    def make_release_tree(self, base_dir: str, files: list[str]) -> None:
        """Copies what is outside of this folder to inside of the archive."""
        super().make_release_tree(base_dir, [name for name in files if not name.startswith("..")])
        for source, inside in ((GENERATED, ""), (SHARED, TABLE)):
            for path in sorted((HERE / source).rglob("*.py*")):
                if path.suffix in {".py", ".pyi"}:
                    target = Path(base_dir, "generated", inside, path.relative_to(HERE / source))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, target)


setup(
    packages=["housing_client", "housing_client.command", "housing", "housing.v1", TABLE],
    package_dir={
        "housing_client": ".",
        "housing_client.command": "command",
        "housing": f"{GENERATED}/housing",
        "housing.v1": f"{GENERATED}/housing/v1",
        TABLE: SHARED,
    },
    package_data={
        "housing": ["py.typed"],
        "housing_client": ["py.typed"],
        "housing.v1": ["*.pyi"],
        TABLE: ["py.typed"],
    },
    cmdclass={"build_py": BuildWithoutSetup, "sdist": SdistWithShared},
    # In the repository, what is built meanwhile goes where the rest of it goes.
    options={"build": {"build_base": str(REPOSITORY / "build" / "housing-client")}}
    if IN_REPOSITORY
    else {},
)
