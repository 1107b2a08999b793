"""Lines of a body that comes in parts."""

from collections.abc import Iterator

from housing_grpc.rest.http.errors import Reason, RestError


class Lines:
    """Cuts parts into lines; a blank one is skipped.

    Args:
        longest: Most bytes of one line.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = bytearray()

    def feed(self, part: bytes) -> Iterator[bytes]:
        """Gives the lines that a part completes.

        Raises:
            RestError: PAYLOAD_TOO_LARGE, for a line that is too long.
        """
        whole, newline, rest = part.rpartition(b"\n")
        if newline:
            self._rest += whole
            lines = bytes(self._rest).split(b"\n")
            self._rest = bytearray(rest)
            for line in lines:
                self._check(len(line))
                if line.strip():
                    yield line
        else:
            self._rest += part
        self._check(len(self._rest))

    def end(self) -> Iterator[bytes]:
        """Gives the last line, if the body did not end with its end."""
        if self._rest.strip():
            yield bytes(self._rest)

    def _check(self, length: int) -> None:
        if length > self._longest:
            raise RestError(
                reason=Reason.PAYLOAD_TOO_LARGE,
                message=f"a line is longer than {self._longest} bytes; send one house a line",
            )
