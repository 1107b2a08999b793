"""Guards of `housing_grpc/registry`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "a password that holds what begins a query",
        "if False:",
        "registry/test_location.py::test_a_password_is_not_shown",
    ),
    Guard(
        "the length of a statement",
        "if False:",
        "registry/test_statement_check.py::test_what_is_no_statement",
    ),
    Guard(
        "the signature of a statement",
        "if False:",
        "registry/test_statement_check.py::test_a_bundles_signature_is_no_statements",
    ),
    Guard(
        "what a statement is about",
        "if False:",
        "registry/test_statement_check.py::test_a_statement_of_something_else_is_none",
        lines=6,
    ),
    Guard(
        "no older statement",
        "if False:",
        "registry/test_statement_check.py::test_an_older_statement_counts_where_no_later_one_was_seen",
    ),
    Guard(
        "the time of a fetch",
        "signal.setitimer(signal.ITIMER_REAL, 0)",
        "registry/test_registry_times.py::test_what_is_fetched_has_its_time",
    ),
    Guard(
        "the time of a whole answer",
        "pass",
        "registry/test_registry_times.py::test_an_answer_that_drips_ends_in_time",
    ),
    Guard(
        "versions without end, none of which is ever served",
        "pass",
        "registry/test_cache.py::test_versions_that_never_serve_do_not_fill_the_disk",
    ),
    Guard(
        "a share is a number",
        "if False:",
        "challenger/test_challenge_tags.py::test_what_is_no_share_is_a_fault_and_nothing_is_compared",
    ),
    Guard(
        "a challenger is a version",
        "if False:",
        "challenger/test_challenge_tags.py::test_what_is_no_version_is_a_fault",
    ),
    Guard(
        "the bundle that a server may go back to",
        "return {noted.digest for noted in notes if noted}",
        "registry/test_cache.py::test_the_bundle_that_a_server_may_go_back_to_is_kept",
    ),
)
