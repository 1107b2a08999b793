"""Guards of `housing_grpc/workers`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "one warning of all workers",
        "if fallback:",
        "calls/test_grpcio_self_test.py::test_of_several_processes_there_is_one_warning",
    ),
)
