"""Says where a model comes from, for the card of its bundle."""

from collections.abc import Mapping

from ..card import Origin, Retrained
from ..tracking.training_command import is_file, typed
from ..training.spec import default_data


def origin_of(
    params: Mapping[str, object],
    *,
    file: str,
    digest: str,
    unit: str,
    parent: str = "",
    retrained: Retrained | None = None,
) -> Origin:
    """Return it; where the file was is nobody's business.

    Args:
        params: All that was set, by the name it is logged under.
        file: Name of the data file.
        digest: SHA-256 of it.
        unit: Of the prices.
        parent: Digest of the bundle that the new one is made of, or "".
        retrained: What was sold that it learned from, or None.
    """
    shipped = is_file(default_data(), digest)
    data = {} if shipped else {"--data": file, "--target_unit": unit}
    texts = {name: str(value) for name, value in params.items()}
    command = typed(texts, data)
    return Origin(data_file=file, command=command, parent=parent, retrained=retrained)
