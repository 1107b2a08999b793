"""What can be wrong with a bundle.

BundleError
├── BundleFormatError          it is not a bundle, or one of a newer format
├── BundleChecksumError        a file is damaged, missing or one too many
├── BundleUnsafeError          it holds what a bundle never holds
├── BundleSignatureError       nobody who is trusted has signed it
├── SchemaIncompatibleError    it takes other features than this contract has
├── SelfTestError              it does not answer its own golden rows
└── ModelOutputError           the model gave NaN or a wrong shape
"""

_LONGEST_TEXT = 1000


class BundleError(Exception):
    """A bundle cannot be used; `reason` is stable, the text is for people.

    Args:
        text: One line. What the bundle itself holds may be in it, so it is cut where it is too
            long, and what cannot be printed or sent is written as Python writes it.
    """

    reason = "BUNDLE_FORMAT"

    def __init__(self, text: str) -> None:
        if len(text) > _LONGEST_TEXT:
            text = f"{text[:_LONGEST_TEXT]}…"
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in text))


class BundleFormatError(BundleError):
    """The folder is not a bundle, or one of a newer format."""

    reason = "BUNDLE_FORMAT"


class BundleChecksumError(BundleError):
    """A file of the bundle is damaged, missing or one too many."""

    reason = "BUNDLE_CHECKSUM"


class BundleUnsafeError(BundleError):
    """The folder holds what a bundle never holds: a pickle, a link, a path."""

    reason = "BUNDLE_UNSAFE"


class BundleSignatureError(BundleError):
    """The bundle is not signed with a key that is trusted."""

    reason = "BUNDLE_SIGNATURE"


class SchemaIncompatibleError(BundleError):
    """The bundle takes other features than this contract has."""

    reason = "SCHEMA_INCOMPATIBLE"


class SelfTestError(BundleError):
    """The bundle does not answer its own golden rows as it did in training."""

    reason = "SELF_TEST"


class ModelOutputError(BundleError):
    """The model answered with NaN, infinity or a wrong number of rows."""

    reason = "MODEL_OUTPUT_INVALID"
