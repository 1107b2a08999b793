"""Guards of `housing_grpc/settings.py`."""

from tests.chaos.guard import Guard

GUARDS = (
    Guard(
        "loopback without a key",
        "if False:",
        "server/test_server_settings.py::test_other_machines_are_served_with_a_key_or_if_told_so",
    ),
)
