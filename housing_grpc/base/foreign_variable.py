"""Names the variable of the environment that a library can make nothing of.

Libraries read variables of their own as they are imported or used, and what they raise rarely says
which: a name that is set, and that the code which failed knows, is the one.
"""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from types import CodeType, TracebackType

_OURS = frozenset({"__main__", "admin", "clients", "housing", "housing_admin", "housing_client",
                   "housing_grpc", "housing_table"})  # fmt: skip
# With a part at least: what has none, such as HOME, is of no library.
_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_EVERYBODYS = re.compile(r"LC_\w+|LD_\w+|XDG_\w+")
# What libraries take of those by which they end the process, or fail without a trace of the name.
_CHOICES = {
    "GRPC_POLL_STRATEGY": re.compile(r"(all|epoll1|poll)(,(all|epoll1|poll))*"),
    "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": re.compile(r"python|upb"),
}


def refusal(environment: Mapping[str, str] = os.environ) -> str:
    """Returns what to say of a variable that a library would fail by and not name, or ""."""
    for name, values in _CHOICES.items():
        if environment.get(name) and not values.fullmatch(environment[name]):
            return _said([name], f"{environment[name]!r} is none of its values")
    return ""


def complaint(error: BaseException, environment: Mapping[str, str] = os.environ) -> str:
    """Returns what to say of an error that no code of ours has foreseen, or "".

    Args:
        error: As it was raised.
        environment: Of this process.
    """
    for names in _candidates(error):
        blamed = [name for name in names & environment.keys() if not _EVERYBODYS.fullmatch(name)]
        if blamed:
            return _said(blamed, str(error).partition("\n")[0].rstrip("."))
    # By 2 there are no docstrings, and some libraries write theirs with those of others.
    if sys.flags.optimize > 1 and isinstance(error, AttributeError) and "None" in str(error):
        return _said(["PYTHONOPTIMIZE"], "it needs the docstrings that 2 takes away")
    return ""


def _said(names: list[str], text: str) -> str:
    return (
        f"{' or '.join(sorted(names))} in the environment is of no use to the library that reads"
        f" it: {text}; unset it, or give it another value"
    )


def _candidates(error: BaseException) -> Iterator[set[str]]:
    """Yields names that may be those of variables, the likeliest first."""
    raised: BaseException | None = error
    while raised is not None:
        yield set(_NAME.findall(str(raised)))
        yield from reversed([*_known(raised.__traceback__)])
        raised = raised.__cause__ or raised.__context__


def _known(trace: TracebackType | None) -> Iterator[set[str]]:
    """Yields the names that each piece of a library's code knows, the outermost first."""
    while trace is not None:
        package = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _OURS:
            yield _names_in(trace.tb_frame.f_code)
        trace = trace.tb_next


def _names_in(code: CodeType) -> set[str]:
    return {each for each in code.co_consts if isinstance(each, str) and _NAME.fullmatch(each)}
