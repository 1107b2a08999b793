"""What the tests of faults share with those of the server."""

from tests.server.conftest import events

__all__ = ["events"]
