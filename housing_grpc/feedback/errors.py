"""What can be wrong with a store of outcomes."""


class FeedbackUrlError(Exception):
    """FEEDBACK_URL cannot be used; the text shows no password."""


class StoreUnavailableError(Exception):
    """The store does not answer, or refuses to write; the text holds no value of an outcome."""


class NewerStoreError(StoreUnavailableError):
    """A newer release has made the store what it is."""
