"""Reads YAML that people write, as data and within bounds."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from housing_grpc.bundle import small_file

from .errors import UsageError


def read(path: Path, needs: str) -> Mapping[str, Any]:
    """Return the keys of a YAML file.

    Args:
        path: The file.
        needs: What it is to hold, for messages.

    Raises:
        UsageError: It cannot be read, or holds no keys.
    """
    try:
        # Its loader is safe_load's.
        found = yaml.load(small_file.read(path).decode(), _Loader)  # noqa: S506
    except FileNotFoundError as error:
        raise UsageError(f"{path}: there is no such file; check the path") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"{path}: the file cannot be read ({reason}); check it") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: the file is not UTF-8; save it as such") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}:" if mark else ""
        reason = getattr(error, "problem", None) or "it is not YAML"
        raise UsageError(f"{path}:{line} {reason}; correct it") from error
    except RecursionError as error:
        raise UsageError(f"{path}: it is nested too deeply; correct it") from error
    except ValueError as error:
        # Of a date that is none, or a number of thousands of digits.
        raise UsageError(f"{path}: a value cannot be read ({error}); correct it") from error
    if not isinstance(found, Mapping):
        raise UsageError(f"{path}: it holds no keys; it needs {needs}")
    return found


class _Loader(yaml.SafeLoader):
    """Reads no aliases: a few of them stand for billions of values."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Refuses an alias, where the library would put what it stands for."""
        # guard: aliases of aliases
        if self.check_event(yaml.events.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            problem = "an alias (*name) is not read here: write out what it stands for"
            raise yaml.composer.ComposerError(None, None, problem, mark)
        return super().compose_node(parent, index)
