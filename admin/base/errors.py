"""Errors of the admin side, each with the exit code that a script can test.

AdminError (1)
├── UsageError (2)      a flag, parameter or configuration file is wrong
├── DataError (3)       the training data cannot be used
├── RegistryError (4)   MLflow or the store of outcomes cannot be reached, or has no such thing
├── ServerError (5)     a prediction server cannot be reached, or refused
├── ExportError (6)     the bundle would not answer as the fitted pipeline does
└── GateError (7)       a version does not keep the rules for what may be promoted
"""


class AdminError(Exception):
    """Something a person can put right; its text is one line that says how."""

    exit_code = 1


class UsageError(AdminError):
    """A flag, parameter or configuration file is wrong."""

    exit_code = 2


class DataError(AdminError):
    """The training data cannot be used."""

    exit_code = 3


class RegistryError(AdminError):
    """MLflow or the store of outcomes cannot be reached, or there is no such run or version."""

    exit_code = 4


class ServerError(AdminError):
    """A prediction server cannot be reached, or refused the call."""

    exit_code = 5


class ExportError(AdminError):
    """The bundle would not answer as the fitted pipeline does."""

    exit_code = 6


class GateError(AdminError):
    """A version does not keep the rules for what may be promoted."""

    exit_code = 7
