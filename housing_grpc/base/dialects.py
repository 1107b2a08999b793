"""Which foreign protocols are spoken, beside the project's own."""

from housing_grpc.base.options import OptionError

OIP = "oip"
"""The Open Inference Protocol."""

V1 = "v1"
"""KServe's V1 protocol, which is TensorFlow Serving's: of the REST proxy alone."""
INVOCATIONS = "invocations"
"""MLflow's scoring protocol: of the REST proxy alone."""

KNOWN = (OIP, V1, INVOCATIONS)
NONE = "none"


def read(text: str) -> frozenset[str]:
    """Returns the dialects that a setting names.

    Args:
        text: Their names, separated by commas; or that there are none.

    Raises:
        OptionError: One of them is unknown.
    """
    if text.strip() == NONE:
        return frozenset()
    names = [name.strip() for name in text.split(",")]
    for name in names:
        if name not in KNOWN:
            raise OptionError(
                f"DIALECTS={text[:100]!r}: {name[:100]!r} is unknown; name some of "
                f"{', '.join(KNOWN)}, separated by commas, or {NONE}"
            )
    return frozenset(names)
