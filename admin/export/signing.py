"""Signs bundles, where a key is configured."""

from pathlib import Path

from housing_grpc.bundle.signature import KeyFileError, Sign, signer

from ..base.errors import UsageError


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
