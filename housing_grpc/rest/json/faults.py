"""What is wrong with a value, and where."""

from collections.abc import Iterable

from housing_grpc.rest.http.errors import Reason, RestError, Violation

# Paths and texts repeat what the caller wrote; this much of it.
_LONGEST = 60
# So many faults are named; nobody needs to look for more.
MOST = 20


class FaultError(Exception):
    """What is wrong with a value or with parts of it.

    Args:
        faults: Each with its path from that value, its reason, and the fix.
    """

    def __init__(self, faults: Iterable[tuple[str, Reason, str]]) -> None:
        super().__init__()
        self.faults = [*faults][:MOST]

    @classmethod
    def at(cls, reason: Reason, text: str, path: str = "") -> "FaultError":
        """Returns one fault, of the value itself unless a path is given."""
        return cls([(path, reason, text)])

    def under(self, step: str) -> list[tuple[str, Reason, str]]:
        """Returns the faults with paths from one step further up, such as "RM" or "[3]"."""
        return [(_join(step, path), reason, text) for path, reason, text in self.faults]

    def to_error(self) -> RestError:
        """Returns the error that the caller gets, with the first fault's reason."""
        violations = [
            Violation(field=path or "body", description=text) for path, _, text in self.faults
        ]
        return RestError(
            reason=self.faults[0][1],
            message="; ".join(f"{each.field} {each.description}" for each in violations),
            violations=violations,
        )


def shortened(text: str) -> str:
    """Returns a caller's text in a form that is fit for a message."""
    plain = ascii(text)[1:-1]
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}..."


def _join(step: str, path: str) -> str:
    return f"{step}{path}" if path.startswith("[") or not path else f"{step}.{path}"
