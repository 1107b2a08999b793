"""A source that names no challenger."""

from housing_grpc.model.challenge import NO_CHALLENGE, Challenge


class Unchallenged:
    """Base of sources that tests write."""

    def challenge(self) -> Challenge:
        """Returns that nothing is to be compared."""
        return NO_CHALLENGE
