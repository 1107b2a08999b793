"""What the tests of faults share with those of the server."""

from tests.support.serving import events

__all__ = ["events"]
