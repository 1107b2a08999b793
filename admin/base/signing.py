"""The keys that sign bundles and statements, and those that are trusted."""

from pathlib import Path

from housing_grpc.bundle.signature import KeyFileError, Sign, Verifier, signer

from .errors import UsageError


def signing(file: Path | None) -> Sign | None:
    """Return what signs a bundle, or None where none is to be signed.

    Args:
        file: An Ed25519 private key in PEM, as `housing-admin keygen` makes one.

    Raises:
        UsageError: It cannot be used.
    """
    if file is None:
        return None
    try:
        return signer(file)
    except KeyFileError as error:
        raise UsageError(
            f"BUNDLE_SIGNING_KEY_FILE: {file} {error}; `housing-admin keygen` makes a key"
        ) from error


def trusted(file: Path | None) -> Verifier | None:
    """Return what knows whose signatures servers take, or None where they take all.

    Args:
        file: Ed25519 public keys in PEM.

    Raises:
        UsageError: It cannot be used.
    """
    if file is None:
        return None
    verifier = Verifier(file)
    try:
        verifier.keys()
    except KeyFileError as error:
        raise UsageError(
            f"BUNDLE_PUBLIC_KEY_FILE: {file} {error}; give it the public keys that servers have"
        ) from error
    return verifier
