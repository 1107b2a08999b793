"""Path templates of google.api.http, such as "/v1/{name=shelves/*}/books/{id}:publish".

The syntax is in the comments of google/api/http.proto.
"""

import re
from urllib.parse import unquote

_TOKEN = re.compile(r"\{([\w.]+)(?:=([^{}]*))?\}|(\*\*|\*)|([^{}*]+)")
_SEGMENT = r"[^/]+"
_REST = r".*"


class Template:
    """A path template.

    Args:
        text: As it stands in the option.

    Raises:
        ValueError: It is no template.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.variables: dict[str, str] = {}
        self._single: list[bool] = []
        pattern, end = "", 0
        for token in _TOKEN.finditer(text):
            if token.start() != end:
                break
            end = token.end()
            pattern += self._translate(token)
        if end != len(text) or not text.startswith("/"):
            raise ValueError(f"{text!r} is no path template")
        self._pattern = re.compile(pattern)

    @property
    def literals(self) -> int:
        """How many characters are given; of two that match, the one with more is meant."""
        return sum(
            len(literal or "") + len((inner or "").replace("*", ""))
            for _, inner, _, literal in _TOKEN.findall(self.text)
        )

    @property
    def constant(self) -> bool:
        """Whether only one path matches."""
        return self.literals == len(self.text)

    def match(self, path: str) -> dict[str, str] | None:
        """Returns what the path's variables hold, or None if it does not match.

        Args:
            path: As it came, percent-encoded.
        """
        found = self._pattern.fullmatch(path)
        if found is None:
            return None
        values = zip(self.variables, found.groups(), self._single, strict=True)
        # A slash that was encoded stays so where the value may hold several segments.
        return {
            name: unquote(value if single else re.sub("%2[Ff]", "%252F", value))
            for name, value, single in values
        }

    def _translate(self, token: re.Match[str]) -> str:
        name, inner, wildcard, literal = token.groups()
        if literal is not None:
            return re.escape(literal)
        if wildcard is not None:
            return _wildcards(wildcard)
        if name in self.variables:
            raise ValueError(f"{self.text!r} names {name!r} twice")
        self.variables[name] = inner or "*"
        self._single.append((inner or "*") == "*")
        return f"({_wildcards(inner or '*')})"


def _wildcards(text: str) -> str:
    parts = re.split(r"(\*\*|\*)", text)
    patterns = {"*": _SEGMENT, "**": _REST}
    return "".join(patterns.get(part) or re.escape(part) for part in parts)
