"""The card of a bundle, `card.json`: what its model is for, how it was made and how good it is.

It is there for people and for other programs; a server checks it and goes by nothing in it.
"""

from typing import Annotated

import msgspec

from . import document
from .metadata import PRINTABLE, Count, IntervalFacts, Sha256, Share, Text
from .part_files import CARD_FILE

PROSE_LENGTH = 2000
"""Most characters of a paragraph."""

COMMAND_LENGTH = 10_000
"""Most characters of a command."""

Prose = Annotated[str, msgspec.Meta(max_length=PROSE_LENGTH, pattern=PRINTABLE)]
_Command = Annotated[str, msgspec.Meta(max_length=COMMAND_LENGTH, pattern=PRINTABLE)]
_FEW = msgspec.Meta(max_length=100)
_Error = Annotated[float, msgspec.Meta(ge=0)]


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """What the model may be used for.

    Attributes:
        intended: What it is for.
        banned: What it must not be used for.
        remarks: What to know about its data.
    """

    intended: Prose
    banned: Annotated[list[Prose], _FEW]
    remarks: Annotated[list[Prose], _FEW]


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How the model is trained.

    Attributes:
        model: Model strategy, such as "xgboost".
        preprocessing: Preprocessing strategy, such as "v2_knn".
        params: All that was set, by the name it is logged under.
        seed: Decides all that is random.
        command: What to type to train it again.
    """

    model: Text
    preprocessing: Text
    params: dict[str, object]
    seed: Count
    command: _Command


class Score(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far prices of houses are off that the model did not learn from.

    Attributes:
        name: Such as "rmse".
        houses: Which ones, such as "5 folds".
        value: In the target's unit, or a share.
        deviation: Standard deviation over the folds; None where there is no telling.
    """

    name: Text
    houses: Text
    value: float
    deviation: _Error | None = None


class Slice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far prices are off, out of fold, for a part of the houses.

    Attributes:
        name: Such as "price_low".
        described: The same for people, such as "prices up to 18.2".
        rows: How many houses.
        rmse: Root of the mean square error, in the target's unit.
        rmse_error: Its standard error.
        bias: Mean of prediction minus price.
        coverage: Share of the houses whose price is within its bounds; None without bounds.
    """

    name: Text
    described: Text
    rows: Count
    rmse: _Error
    rmse_error: _Error
    bias: float
    coverage: Share | None = None


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """What the model was trained on.

    Attributes:
        file: Its name.
        digest: SHA-256 of it.
        rows: How many houses with a price.
        rows_left_out: How many without one.
        rows_with_blanks: How many with a value missing.
        unit: Of the prices.
        accepted: What is in doubt of its columns, and was accepted by `--accept`.
    """

    file: Text
    digest: Sha256
    rows: Count
    rows_left_out: Count
    rows_with_blanks: Count
    unit: Text
    accepted: Annotated[list[Prose], _FEW]


class Retrained(msgspec.Struct, frozen=True, kw_only=True):
    """What a model learned from that was sold after an earlier one had been trained.

    Attributes:
        parent: Digest of the bundle whose recipe it has.
        base_digest: SHA-256 of the file that what was sold was added to.
        rows: How many houses that were sold it was trained on.
        first: When the first of them was recorded, ISO 8601 in UTC.
        last: When the last of them was.
        quarantined: How many were left out as outliers.
    """

    parent: Sha256
    base_digest: Sha256
    rows: Count
    first: Text
    last: Text
    quarantined: Count


class Lineage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the bundle comes from.

    Attributes:
        data_digest: SHA-256 of the training data file.
        code_version: Version of the code that trained.
        run_id: MLflow run that trained, or "" for none.
        parent: Digest of the bundle that it was made of, if it was trained to have the same prices.
        retrained: What was sold since an earlier model, if it learned from that.
    """

    data_digest: Sha256
    code_version: Text
    run_id: Text
    parent: Sha256 | None = None
    retrained: Retrained | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a card says.

    Attributes:
        name: Registered model name.
        use: What the model may be used for.
        recipe: How it is trained.
        scores: On houses held out.
        slices: The same for parts of the houses.
        data: What it was trained on.
        lineage: Where it comes from.
        interval: How the bounds of prices did; None without any.
    """

    name: Text
    use: Use
    recipe: Recipe
    scores: Annotated[list[Score], _FEW]
    slices: Annotated[list[Slice], _FEW]
    data: Data
    lineage: Lineage
    interval: IntervalFacts | None = None


_CARD = msgspec.json.Decoder(Card)


def encode(card: Card) -> bytes:
    """Returns the bytes of `card.json`."""
    return msgspec.json.format(msgspec.json.encode(card), indent=1)


def decode(data: bytes) -> Card:
    """Reads `card.json`.

    Raises:
        BundleFormatError: It is not JSON, or a key is wrong.
    """
    found = document.decode(CARD_FILE, data, _CARD)
    document.check_params(CARD_FILE, found.recipe.params)
    return found
