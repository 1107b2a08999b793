"""What a model may be used for, by the data that it was trained on."""

from housing_grpc.bundle.card import Use

SHIPPED_DIGEST = "62dd418543c243be3634afa228fab0eddcdc97803d85348361c5dad00e22f740"
"""SHA-256 of `data/HousingData.csv`, whose data card is `data/README.md`."""

# Of the columns, whatever file they are from.
_COLUMNS = (
    (
        "B is 1000 (Bk - 0.63)^2 with Bk the share of Black residents of a town: race is an input"
        " of the model. What B assumes was never shown to hold, and leaving it out does not put"
        " this right, as other columns carry some of the same."
    ),
    (
        'LSTAT is the share of the population that the study called "of lower status": a judgement'
        " of people in the form of a measurement."
    ),
)
_DECISIONS = (
    "Lending, insurance, letting, selling, zoning or any other decision about housing or about"
    " people: race is an input of the model."
)
_CAUSES = (
    "Causal claims, such as what clean air, a school or a neighbour is worth. Contributions and"
    " importances say what the model does, not what makes prices."
)
_SHIPPED = Use(
    intended="To show how this software works, to test it, and to teach what is wrong with such"
    " data. It is not fit for deciding anything about homes or people.",
    banned=[
        "Any real valuation: not in Boston, not for any year, not as a starting point.",
        _DECISIONS,
        _CAUSES,
        "Comparing the quality of models: the data is small and worn out by use.",
    ],
    remarks=[
        *_COLUMNS,
        (
            "A row is a census tract of about 1970, not a house. Prices are capped at 50, so errors"
            " at the top look better than they are."
        ),
        (
            "Tracts of one town are alike, so that houses of a town that is not in the data are"
            " priced worse than houses held out at random."
        ),
    ],
)
_OWN = Use(
    intended="To predict prices of houses like those of its data, for which its owner answers:"
    " nothing else is known of the file.",
    banned=[_DECISIONS, _CAUSES, "Houses of another place or time than those of the data."],
    remarks=[*_COLUMNS],
)


def use_of(digest: str) -> Use:
    """Return what a model may be used for.

    Args:
        digest: SHA-256 of the file that it was trained on.
    """
    return _SHIPPED if digest == SHIPPED_DIGEST else _OWN
