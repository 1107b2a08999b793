"""Makes the card of a bundle of what its training has found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from housing_grpc.bundle import card as bundle_card
from housing_grpc.bundle.card import (
    COMMAND_LENGTH,
    PROSE_LENGTH,
    Card,
    Data,
    Lineage,
    Recipe,
    Retrained,
    Score,
    Slice,
)
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.part_files import CARD_FILE

from ..data.dataset import Dataset
from .use import use_of

if TYPE_CHECKING:  # Those who read cards need not load scikit-learn.
    from ..training.slice_scores import Slice as Measured

_SCORES = ("rmse", "mae", "r2", "mape")
_TEXT_LENGTH = 255
_MOST_LINES = 100


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What only those know who train.

    Attributes:
        data_file: Name of the file.
        command: What to type to train the model again.
        parent: Digest of the bundle that the new one is made of, or "" for none.
        retrained: What was sold that it learned from, or None.
    """

    data_file: str
    command: str
    parent: str = ""
    retrained: Retrained | None = None


def make(
    metadata: Metadata,
    training: Dataset,
    origin: Origin,
    parts: "tuple[Measured, ...]" = (),
) -> dict[str, bytes]:
    """Return the file of a card, by name.

    Args:
        metadata: What the bundle says of itself.
        training: The rows that it was fitted to.
        origin: What else there is to say.
        parts: How far prices are off for parts of the houses.
    """
    params = metadata.params
    card = Card(
        name=metadata.name,
        use=use_of(metadata.data_digest),
        recipe=Recipe(
            model=metadata.model_type,
            preprocessing=metadata.preprocessing,
            params=params,
            seed=_seed(params),
            command=_line(origin.command, COMMAND_LENGTH),
        ),
        scores=_scores(metadata.metrics, params.get("cv_folds")),
        slices=[Slice(**asdict(each)) for each in parts],
        data=_data(training, origin.data_file),
        lineage=Lineage(
            data_digest=metadata.data_digest,
            code_version=metadata.code_version,
            run_id=metadata.run_id,
            parent=origin.parent or None,
            retrained=origin.retrained,
        ),
        interval=metadata.interval,
    )
    return {CARD_FILE: bundle_card.encode(card)}


def _scores(metrics: Mapping[str, float], folds: object) -> list[Score]:
    found = [
        Score(name=name, houses="held out", value=metrics[name])
        for name in _SCORES
        if name in metrics
    ]
    return found + [
        Score(
            name=name,
            houses=f"{folds} folds",
            value=metrics[f"cv_{name}"],
            deviation=metrics.get(f"cv_{name}_std"),
        )
        for name in _SCORES
        if f"cv_{name}" in metrics
    ]


def _data(training: Dataset, file: str) -> Data:
    return Data(
        file=_line(file, _TEXT_LENGTH),
        digest=training.digest,
        rows=len(training.target),
        rows_left_out=training.dropped_rows,
        rows_with_blanks=int(training.features.isna().any(axis=1).sum()),
        unit=training.target_unit,
        accepted=[_line(each, PROSE_LENGTH) for each in training.accepted[:_MOST_LINES]],
    )


def _seed(params: Mapping[str, object]) -> int:
    found = params.get("seed")
    return found if isinstance(found, int) else 0


def _line(text: str, longest: int) -> str:
    """Return a text that a card can hold: a file may have any name."""
    return "".join(c if c.isprintable() else "?" for c in text)[:longest]
