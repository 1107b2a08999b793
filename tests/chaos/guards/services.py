"""Guards of `housing_grpc/services`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "the deadline of a long batch",
        "",
        "calls/test_deadline.py::test_many_houses_end_between_two_parts_when_their_deadline_passes",
    ),
    Guard(
        "the wait for a chunk",
        "return pacer.next(left)",
        "services/test_stream_limits.py::test_a_stream_that_says_nothing_is_ended",
    ),
    Guard(
        "the wait for a reader",
        "while self._wanted.get():",
        "services/test_stream_pace.py::test_not_asking_for_long_abandons_the_stream",
    ),
    Guard(
        "explanations that a bundle has not",
        "if False:",
        "services/test_honest_answers.py::test_a_bundle_of_format_1_serves_without_and_says_so",
    ),
    Guard(
        "intervals that a bundle has not",
        "if False:",
        "services/test_honest_answers.py::test_a_bundle_of_format_1_serves_without_and_says_so",
    ),
    Guard(
        "the budget of explanations",
        "if False:",
        "services/test_explainer.py::test_one_price_is_always_explained",
    ),
    Guard(
        "workers that explanations leave to prices",
        "if False:",
        "services/test_explainer.py::test_prices_do_not_wait_for_explanations",
    ),
    Guard(
        "no receipts of a matrix",
        "pass",
        "services/test_receipts.py::test_a_matrix_has_no_receipts",
    ),
)
