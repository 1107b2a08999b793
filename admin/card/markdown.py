"""Writes a card in Markdown, for MLflow's pages and terminals."""

from collections.abc import Sequence

from housing_grpc.bundle.card import Card, Score, Slice

LONGEST_DESCRIPTION = 4500
"""Most characters of a card: descriptions have 5,000 on PostgreSQL, and say who registered, too."""

_FULL_CARD = (
    "This is a summary. The whole card is the file `data/bundle/card.json` of the model, and"
    " `housing-admin card VERSION` shows it."
)
_DIGITS = 12
# What begins a link, a picture, code or a cell: nobody who reads a card asks another's server.
_ESCAPED = str.maketrans(
    {"<": "&lt;", ">": "&gt;", **{sign: f"\\{sign}" for sign in ("\\", "[", "]", "`", "|", "*")}}
)


def whole(card: Card) -> str:
    """Return all that a card says."""
    return "\n\n".join(
        (*_summary(card), *_scores(card), *_slices(card), *_data(card), *_lineage(card))
    )


def brief(card: Card) -> str:
    """Return a card as a description: whole, or else what comes first and where the whole is.

    Args:
        card: The card.

    Returns:
        At most `LONGEST_DESCRIPTION` characters.
    """
    text = whole(card)
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    room = LONGEST_DESCRIPTION - len(_FULL_CARD)
    kept = ""
    for section in (*_summary(card), *_scores(card)):
        if len(kept) + len(section) + 4 > room:
            break
        kept = _joined(kept, section)
    return _joined(kept, _FULL_CARD)


def _joined(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


def _summary(card: Card) -> tuple[str, ...]:
    recipe, use = card.recipe, card.use
    banned = "\n".join(f"- {_text(each)}" for each in use.banned)
    remarks = "\n".join(f"- {_text(each)}" for each in use.remarks)
    heading = f"# {_text(recipe.model)} x {_text(recipe.preprocessing)}"
    return (
        heading,
        f"**Intended use.** {_text(use.intended)}",
        *([f"**Must not be used for**\n\n{banned}"] if banned else []),
        *([f"**To know about the data**\n\n{remarks}"] if remarks else []),
    )


def _scores(card: Card) -> tuple[str, ...]:
    rows = [(_text(each.name), _text(each.houses), _value(each)) for each in card.scores]
    shown = _table(("score", "houses", "value"), rows)
    return (f"## Scores\n\nErrors in {_text(card.data.unit)}.\n\n{shown}", *_interval(card))


def _interval(card: Card) -> tuple[str, ...]:
    found = card.interval
    if found is None:
        return ()
    towns = ""
    if found.town_coverage is not None:
        towns = f" Where whole towns are held out, they hold for {_percent(found.town_coverage)}."
    return (
        (
            f"Bounds of prices at the level of 90 % hold for {_percent(found.coverage)} ± "
            f"{_percent(found.coverage_error)} of the houses held out, {found.folds} folds; they"
            f" are {found.width:.3g} wide in the mean.{towns}"
        ),
    )


def _slices(card: Card) -> tuple[str, ...]:
    if not card.slices:
        return ()
    columns = ("houses", "rows", "rmse ± standard error", "bias", "within bounds")
    shown = _table(columns, [_cells(each) for each in card.slices])
    return (f"## Parts of the houses, each house held out\n\n{shown}",)


def _data(card: Card) -> tuple[str, ...]:
    data = card.data
    left_out = f"; {data.rows_left_out} without a price are left out" if data.rows_left_out else ""
    lines = [
        (
            f"{_code(data.file)}, SHA-256 {_code(data.digest[:_DIGITS])}: {data.rows} houses,"
            f" {data.rows_with_blanks} of them with a value missing{left_out}."
        ),
        *(f"Trained although {_text(each)}" for each in data.accepted),
    ]
    return ("## Data\n\n" + "\n\n".join(lines),)


def _lineage(card: Card) -> tuple[str, ...]:
    recipe, lineage = card.recipe, card.lineage
    lines = [f"- code {_code(lineage.code_version)}, run {_code(lineage.run_id or 'none')}"]
    if lineage.parent:
        lines.append(f"- made of the bundle {_code(lineage.parent[:_DIGITS])}, with its prices")
    if lineage.retrained:
        found = lineage.retrained
        lines.append(
            f"- retrained: the recipe of the bundle {_code(found.parent[:_DIGITS])}, on the"
            f" data {_code(found.base_digest[:_DIGITS])} and {found.rows} houses that were sold,"
            f" recorded from {_text(found.first)} to {_text(found.last)}; {found.quarantined}"
            " were left out as outliers"
        )
    lines.append(f"- to train it again: {_code(recipe.command)}")
    return ("## How it was made\n\n" + "\n".join(lines),)


def _value(score: Score) -> str:
    spread = "" if score.deviation is None else f" ± {score.deviation:.4g}"
    return f"{score.value:.4g}{spread}"


def _cells(found: Slice) -> tuple[str, ...]:
    coverage = "-" if found.coverage is None else _percent(found.coverage)
    rmse = f"{found.rmse:.3g} ± {found.rmse_error:.2g}"
    return (_text(found.described), str(found.rows), rmse, f"{found.bias:+.2g}", coverage)


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = (columns, ["---"] * len(columns), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _text(words: str) -> str:
    """Return words of a card, of which nothing is taken for Markdown's own."""
    return words.translate(_ESCAPED)


def _code(words: str) -> str:
    plain = words.replace("`", "'")
    return f"`{plain}`"
