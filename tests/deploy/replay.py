"""Does what a Dockerfile says in Debian root file systems, for machines without an engine.

debootstrap makes what stands in for the base images: the same release of Debian, with its
own Python of the same minor version. Needs root. What it cannot show is the base images
themselves and how an engine mounts and limits a container.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path

_RELEASE = "trixie"
_PACKAGES = {
    "python:3.13-slim-trixie": "ca-certificates,python3",
    "python:3.13-trixie": "ca-certificates,python3,python3-venv,python3-dev,gcc,libc6-dev",
}
# What images leave out of a Debian, too.
_LEFT_OUT = ("usr/share/doc", "usr/share/man", "usr/share/locale", "var/lib/apt/lists")
_PASSED_ON = ("PIP_CERT", "PIP_INDEX_URL", "http_proxy", "https_proxy", "no_proxy")
_MOUNTED = 'mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" && exec chroot "$0" "$@"'
_READ_ONLY = (
    'mkdir -p "$0/data" && mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && '
    'mount -t tmpfs tmpfs "$0/tmp" && mount -t tmpfs -o uid=10001 tmpfs "$0/data" && ' + _MOUNTED
)


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What a stage has come to.

    Attributes:
        root: Its file system.
        env: Its variables.
        folder: Its working directory.
        user: Who runs its processes.
        entrypoint: What a container of it runs.
    """

    root: Path
    env: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    user: str = "0"
    entrypoint: tuple[str, ...] = ()

    def command(self, *command: str, read_only: bool = False, **variables: str) -> list[str]:
        """Returns the command line that runs a command in it.

        Args:
            command: With its arguments.
            read_only: Whether it may write to /tmp and /data only.
            variables: Beside those of the stage.
        """
        env = [f"{name}={value}" for name, value in (self.env | variables).items()]
        inside = ["sh", "-c", f'cd {self.folder} && exec "$@"', "sh", *command]
        program = ["unshare", "--mount", "--propagation", "private", "sh", "-ec"]
        script = _READ_ONLY if read_only else _MOUNTED
        user = [f"--userspec={self.user}:{self.user}"] if self.user != "0" else []
        chrooted = script.replace('chroot "$0"', " ".join(["chroot", *user, '"$0"']))
        return [*program, chrooted, str(self.root), "env", "-i", *env, *inside]


class Replay:
    """Builds stages of a Dockerfile.

    Args:
        context: Folder that the build is told of, with its .dockerignore.
        bases: Where to keep what stands in for base images.
        folder: Where the other file systems go.
        dockerfile: Below the context.
    """

    def __init__(
        self, context: Path, bases: Path, folder: Path, dockerfile: str = "Dockerfile"
    ) -> None:
        self._context = context
        self._bases = bases
        self._folder = folder
        for made in (bases, folder):
            made.mkdir(exist_ok=True)
        self._steps = _stages((context / dockerfile).read_text(encoding="utf-8"))
        ignored = (context / ".dockerignore").read_text(encoding="utf-8").splitlines()
        self._allowed = [line[1:] for line in ignored if line.startswith("!")]
        self._done: dict[str, Stage] = {}

    def build(self, name: str) -> Stage:
        """Builds a stage, and before that what it needs."""
        if name not in self._done:
            parent, steps = self._steps[name]
            above = self.build(parent) if parent in self._steps else self._base(parent)
            stage = replace(above, root=self._folder / name)
            subprocess.run(["cp", "-a", "--reflink=auto", above.root, stage.root], check=True)
            for word, rest in steps:
                stage = self._step(stage, word, rest)
            self._done[name] = stage
        return self._done[name]

    def _base(self, image: str) -> Stage:
        root = self._bases / image.replace(":", "-")
        if not root.exists():
            command = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES[image]}"]
            subprocess.run([*command, _RELEASE, root], check=True, stdout=subprocess.DEVNULL)
            (root / "usr/local/bin/python").symlink_to("/usr/bin/python3")
            for place in _LEFT_OUT:
                shutil.rmtree(root / place)
            subprocess.run(["chroot", root, "apt-get", "clean"], check=True)
            for file in ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"):
                shutil.copy(Path("/", file), root / file)
        return Stage(root=root, env={"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"})

    def _step(self, stage: Stage, word: str, rest: str) -> Stage:
        match word:
            case "ENV":
                given = dict(part.split("=", 1) for part in shlex.split(rest))
                path = given.get("PATH", "").replace("$PATH", stage.env["PATH"])
                return replace(stage, env=stage.env | given | ({"PATH": path} if path else {}))
            case "WORKDIR":
                (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
                return replace(stage, folder=rest)
            case "USER":
                return replace(stage, user=rest)
            case "ENTRYPOINT":
                return replace(stage, entrypoint=tuple(json_list(rest)))
            case "RUN":
                passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
                subprocess.run(
                    replace(stage, env=stage.env | passed).command("sh", "-c", rest), check=True
                )
            case "COPY":
                self._copy(stage, rest.split())
            case "EXPOSE" | "HEALTHCHECK" | "VOLUME":
                pass
            case _:
                raise ValueError(f"{word} is not known here")
        return stage

    def _copy(self, stage: Stage, words: list[str]) -> None:
        source = self._context
        if words[0].startswith("--from="):
            source = self.build(words.pop(0).removeprefix("--from=")).root
        target = stage.root / str(Path(stage.folder, words[-1])).lstrip("/")
        for pattern in words[:-1]:
            for found in sorted(source.glob(pattern.lstrip("/"))):
                if source == self._context:
                    self._check_sent(found)
                into = target if found.is_dir() else target / found.name
                into.parent.mkdir(parents=True, exist_ok=True)
                if found.is_dir():
                    shutil.copytree(found, into, symlinks=True, dirs_exist_ok=True)
                else:
                    shutil.copy2(found, into)

    def _check_sent(self, path: Path) -> None:
        name = str(path.relative_to(self._context))
        sent = any(
            fnmatch(name, allowed) or name.startswith(f"{allowed}/") for allowed in self._allowed
        )
        assert sent, f"{name} is copied, but .dockerignore leaves it out"


def json_list(text: str) -> list[str]:
    """Reads the list that ENTRYPOINT and CMD take."""
    return [part.strip().strip('"') for part in text.strip().strip("[]").split(",")]


def _stages(text: str) -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """Returns, by the name of a stage, what it is made from and its steps."""
    stages: dict[str, tuple[str, list[tuple[str, str]]]] = {}
    steps: list[tuple[str, str]] = []
    for line in _lines(text):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            parent, _, name = rest.split()
            steps = []
            stages[name] = (parent, steps)
        else:
            steps.append((word, " ".join(rest.split())))
    return stages


def _lines(text: str) -> Iterator[str]:
    """Joins what a backslash continues, and leaves out comments."""
    joined = ""
    for line in text.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        joined += line.removesuffix("\\")
        if not line.endswith("\\"):
            yield joined
            joined = ""
