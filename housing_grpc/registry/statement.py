"""A signed statement of which version an alias names, beside it: in a tag of that version.

Its text is the signature in base64, a blank, and a JSON object, of which nothing is parsed before
the signature holds. A look at the alias brings it along, so the two are of one moment.
"""

import msgspec

from housing_grpc.bundle.signature import Sign, Verifier
from housing_grpc.registry.location import STATEMENT_LIMIT

# A bundle's signature is of a JSON object, which cannot begin like this, and this is none: neither
# signature can pass as the other's.
_DOMAIN = b"housing.v1 statement of an alias\n"

WITHDRAWN = "withdrawn"
"""What takes the place of a statement that holds no more."""


class StatementError(Exception):
    """There is no statement that is trusted here; the text says why."""


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Says that an alias names a version.

    Attributes:
        model: Registered model.
        alias: Of it.
        version: That the alias names.
        digest: Of the bundle of that version.
        sequence: Higher than that of the statement before: milliseconds since 1970, or more.
        at: When, as ISO 8601 in UTC.
        action: Why, as the history has it, such as "promote".
    """

    model: str
    alias: str
    version: int
    digest: str
    sequence: int
    at: str
    action: str


def written(statement: Statement, sign: Sign) -> str:
    """Returns the text of a statement.

    Args:
        statement: What it is to say.
        sign: Makes a signature in base64.
    """
    document = msgspec.json.encode(statement)
    return f"{sign(_DOMAIN + document).decode().strip()} {document.decode()}"


def read(text: str | None, verifier: Verifier) -> Statement:
    """Returns what a text states.

    Args:
        text: Of a tag, which anybody may have set, or None if there is no such tag.
        verifier: Knows whose statements are trusted.

    Raises:
        StatementError: It is no statement, or nobody who is trusted has signed it.
        KeyFileError: Nobody knows who is trusted.
    """
    if text is None or text == WITHDRAWN:
        raise StatementError("there is none")
    # guard: the length of a statement
    if len(text) > STATEMENT_LIMIT:
        raise StatementError("it is too long")
    signature, _, document = text.partition(" ")
    try:
        signed = document.encode()
        trusted = verifier.trusts(_DOMAIN + signed, signature.encode())
    except ValueError as error:
        raise StatementError("it is none") from error
    # guard: the signature of a statement
    if not trusted:
        raise StatementError("none of the keys that are trusted here has signed it")
    try:
        return msgspec.json.decode(signed, type=Statement)
    except msgspec.DecodeError as error:
        raise StatementError("it is of another release") from error
