"""Has a server follow an alias only where a signed statement says so, and never to an older one."""

from dataclasses import replace
from pathlib import Path

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.bundle.signature import KeyFileError, Verifier
from housing_grpc.registry.cache import BundleCache
from housing_grpc.registry.location import CHALLENGER_ALIAS, RegistryLocation
from housing_grpc.registry.registered_version import RegisteredVersion, Wanted
from housing_grpc.registry.statement import Statement, StatementError, read


def check(
    found: RegisteredVersion,
    wanted: Wanted,
    location: RegistryLocation,
    cache: BundleCache,
    key_file: str,
) -> None:
    """Refuses a version that an alias names without a statement that holds; keeps the last one.

    A version that is asked for by its number is the caller's choice, and needs no statement.

    Args:
        found: What the registry says.
        wanted: What it was asked for.
        location: The registry.
        cache: Keeps how far statements have come.
        key_file: Public keys of those who may make statements, or "" if there need be none.

    Raises:
        ServingError: BUNDLE_DOWNGRADE, or BUNDLE_SIGNATURE where the keys cannot be read.
        OSError: The cache cannot keep the statement.
    """
    if not key_file or wanted.version is not None:
        return
    where = replace(location, model_name=wanted.name, alias=wanted.alias)
    try:
        statement = read(found.statement, Verifier(Path(key_file)))
        _check(statement, found, wanted.alias, cache.last_statement(where))
    except KeyFileError as error:
        text = f"the file of public keys {error}"
        raise ServingError(Reason.BUNDLE_SIGNATURE, text) from error
    except StatementError as error:
        raise ServingError(
            Reason.BUNDLE_DOWNGRADE,
            f"no signed statement lets '{wanted.alias}' name version {found.version}: {error}; if"
            f" it is to serve: `housing-admin {_command(wanted)} {found.version}` with"
            " BUNDLE_SIGNING_KEY_FILE set",
        ) from error
    cache.keep_statement(where, statement.sequence)


def _command(wanted: Wanted) -> str:
    return "challenge" if wanted.alias == CHALLENGER_ALIAS else "promote"


def _check(statement: Statement, found: RegisteredVersion, alias: str, last: int) -> None:
    # guard: what a statement is about
    if (statement.model, statement.alias, str(statement.version), statement.digest) != (
        found.name,
        alias,
        found.version,
        found.digest_tag,
    ):
        raise StatementError("it is of another version, alias or bundle")
    # guard: no older statement
    if statement.sequence < last:
        raise StatementError(
            f"that of {statement.at} ({statement.sequence}) is older than the last one that this"
            f" server has seen ({last})"
        )
