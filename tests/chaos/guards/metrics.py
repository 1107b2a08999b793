"""Guards of `housing_grpc/metrics`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "an answer of a collector without end",
        "content = response.raw.read()",
        "metrics/test_tracing.py::test_an_answer_without_end_is_not_held",
    ),
    Guard(
        "the head of a scrape",
        "if False:",
        "metrics/test_metrics_exposition.py::test_a_head_has_16_kib",
    ),
)
