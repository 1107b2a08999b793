"""Which model is to be compared with the live one, and how."""

import msgspec


class Challenge(msgspec.Struct, frozen=True, kw_only=True):
    """A model that is to be compared with the live one.

    Attributes:
        version: Of the model; "" if there is none.
        alias: That names it, where signed statements may say what it has to name.
        digest: Of its bundle, once that is known.
        shadow: Share of houses that it prices besides, unseen by callers, from 0 to 1.
        share: Share of calls that it answers, from 0 to 1.
        fault: Why it cannot be compared, for people; "" if it can.
    """

    version: str = ""
    alias: str = ""
    digest: str = ""
    shadow: float = 1.0
    share: float = 0.0
    fault: str = ""


NO_CHALLENGE = Challenge()
