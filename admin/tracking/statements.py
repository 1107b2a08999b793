"""Signed statements of which version an alias names: made with a promotion, and checked."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from housing_grpc.bundle.signature import OwnVerifier, Sign, Verifier
from housing_grpc.registry import statement as statements
from housing_grpc.registry.location import RegistryLocation, statement_tag
from housing_grpc.registry.statement import WITHDRAWN, Statement, StatementError

from ..base.errors import UsageError
from ..base.settings import Settings
from ..base.signing import signing, trusted
from .audit.chain import Chain
from .audit.entry import Entry
from .records import Records, Version


@dataclass(frozen=True, kw_only=True)
class Signing:
    """Makes statements.

    Attributes:
        sign: With the key of whoever promotes.
        verifier: Knows whose statements count.
    """

    sign: Sign
    verifier: Verifier

    def state(self, records: Records, name: str, found: Sequence[Version], entry: Entry) -> None:
        """Keep with a version that an alias names it, by an entry of the history.

        Args:
            records: Of the registered model.
            name: Of it.
            found: All versions.
            entry: Says which alias is to name which version.
        """
        tag = statement_tag(entry.alias)
        before = [each.sequence for _, each in _valid(found, entry.alias, self.verifier)]
        said = Statement(
            model=name,
            alias=entry.alias,
            version=entry.to_version,
            digest=entry.to_digest,
            # By the clock, so that it goes on where a registry is made anew or taken from a
            # backup; and on from the last one, should that have been written by a faster clock.
            sequence=max(int(entry.moment.timestamp() * 1000), max(before, default=0) + 1),
            at=entry.at,
            action=entry.action,
        )
        records.set_version_tag(name, said.version, tag, statements.written(said, self.sign))


def withdraw(
    records: Records, name: str, found: Sequence[Version], alias: str, number: int
) -> None:
    """Take the statements back that an alias names other versions than this one."""
    tag = statement_tag(alias)
    for each in found:
        if each.number != number and is_stated(each, alias):
            records.set_version_tag(name, each.number, tag, WITHDRAWN)


def is_stated(version: Version, alias: str) -> bool:
    """Return whether a version has what looks like a statement that an alias names it."""
    return version.tags.get(statement_tag(alias), WITHDRAWN) != WITHDRAWN


def of_settings(settings: Settings) -> Signing | None:
    """Return what makes statements, or None where nothing is signed.

    Raises:
        UsageError: A key cannot be used, or servers would not follow what is made with it.
    """
    sign = signing(settings.signing_key_file)
    verifier = trusted(settings.public_key_file)
    if sign is None and verifier is not None:
        raise UsageError(
            "BUNDLE_PUBLIC_KEY_FILE is set, so servers follow signed statements only: set"
            " BUNDLE_SIGNING_KEY_FILE, too, or promote where it is"
        )
    if sign is None or settings.signing_key_file is None:
        return None
    if verifier is not None and not verifier.trusts(b"", sign(b"")):
        raise UsageError(
            f"BUNDLE_SIGNING_KEY_FILE: {settings.signing_key_file} is none of the keys of"
            f" BUNDLE_PUBLIC_KEY_FILE, {settings.public_key_file}; add its public key there"
        )
    return Signing(sign=sign, verifier=verifier or OwnVerifier(settings.signing_key_file))


def problems(
    chain: Chain, found: Sequence[Version], location: RegistryLocation, verifier: Verifier
) -> list[str]:
    """Return what is wrong with the statements of a model's aliases, one line each.

    Args:
        chain: The history.
        found: All versions.
        location: Names the registered model, and an alias that has to have a statement.
        verifier: Knows whose statements count.
    """
    aliases = {location.alias, *(each.alias for each in chain.entries)}
    return [
        text
        for alias in sorted(aliases)
        for text in _problems(chain, found, replace(location, alias=alias), verifier)
    ]


def _problems(
    chain: Chain, found: Sequence[Version], location: RegistryLocation, verifier: Verifier
) -> Iterator[str]:
    alias, last = location.alias, chain.last(location.alias)
    named = next((each for each in found if alias in each.aliases), None)
    for each, _ in _valid(found, alias, verifier):
        if each is not named:
            yield f"version {each.number} has a statement, and {alias} does not name it"
    if named is None:
        return
    try:
        said = statements.read(named.tags.get(statement_tag(alias)), verifier)
    except StatementError as error:
        yield f"no signed statement lets {alias} name version {named.number}: {error}"
        return
    about = (said.model, said.alias, said.version, said.digest)
    if about != (location.model_name, alias, named.number, named.digest):
        yield f"the statement of version {named.number} is of another version, alias or bundle"
    elif last is None or said.at > last.at:
        yield f"missing at the end of the chain: what moved {alias} at {said.at}, by its statement"
    elif (said.at, said.action) != (last.at, last.action):
        yield f"the statement of {alias} is not of entry {last.sequence}, but of {said.at}"


def _valid(
    found: Sequence[Version], alias: str, verifier: Verifier
) -> Iterator[tuple[Version, Statement]]:
    """Yield the versions that have a statement for an alias, and what it says."""
    for each in found:
        with suppress(StatementError):
            yield each, statements.read(each.tags.get(statement_tag(alias)), verifier)
