"""Guards of `housing_grpc/feedback`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a host that is a part of a password",
        'if "@" in "":',
        "feedback/test_store_away.py::test_a_url_that_is_wrong_ends_the_start",
    ),
    Guard(
        "an outcome that is sent again counts once",
        "return Recorded.CORRECTED",
        "feedback/test_merging.py::test_one_outcome",
    ),
    Guard(
        "what houses sold for is its owner's",
        "os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o666))",
        "feedback/test_store.py::test_the_file_is_its_owners",
    ),
    Guard(
        "the file that is written is the one that is there",
        "if False:",
        "feedback/test_store.py::test_a_file_that_was_taken_away_is_made_anew",
    ),
    Guard(
        "features are kept where that is asked for",
        '"features": receipt.row,',
        "feedback/test_store.py::test_features_are_kept_only_where_that_is_wanted",
    ),
    Guard(
        "the tables of a newer release",
        "if False:",
        "feedback/test_store.py::test_the_tables_of_a_newer_release_are_refused",
    ),
    Guard(
        "a URL that may hold a password is not shown",
        'raise FeedbackUrlError(f"{SETTING}={text}: is no {_FORMS}")',
        "feedback/test_store_away.py::test_a_url_that_is_wrong_ends_the_start",
    ),
    Guard(
        "a receipt counts once in a request",
        "if False:",
        "feedback/test_record_outcomes.py::test_a_receipt_counts_once_in_a_request",
    ),
    *(
        Guard(
            name,
            "if False:",
            "feedback/test_record_outcomes.py::test_each_fault_is_of_its_item_alone",
        )
        for name in (
            "the age of a receipt",
            "a moment that is one",
            "an outcome in the future",
            "a price that is one",
            "a price in another unit",
            "a source that can be kept and shown",
        )
    ),
)
