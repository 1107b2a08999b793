"""Makes keys: a pair that bundles are signed and verified with, or one that seals receipts."""

import os
from pathlib import Path

from ..base import options
from ..base.errors import UsageError
from ..base.options import Text
from ..base.settings import Settings
from ..terminal.console import Console


def run(
    console: Console,
    settings: Settings,  # noqa: ARG001 (all commands alike)
    *,
    file: str,
    receipt: Text = None,
) -> None:
    """Write a key to a file, never over another.

    Args:
        console: Shows what to do with it.
        settings: Not used.
        file: Of the key.
        receipt: Whether it is to seal receipts, rather than to sign bundles.
    """
    # Whole, as the settings that are shown are for processes that run elsewhere.
    path = Path(options.given(file, "FILE") or "").expanduser().absolute()
    if options.flag(receipt, "--receipt"):
        _receipt_key(console, path)
    else:
        _pair(console, path)


def _receipt_key(console: Console, path: Path) -> None:
    from ..receipts import keys

    _write(path, f"{keys.new_key()}\n".encode(), mode=0o600)
    console.show(f"{path} seals receipts: give it to every server, and set")
    console.show(f"  {keys.SETTING}={path}")
    console.show(
        "To change keys, add a new last line everywhere first, then move it to the first: that one"
        " seals, and all of them open."
    )
    console.give({"receipt_key": str(path)})


def _pair(console: Console, private: Path) -> None:
    """Write an Ed25519 private key, and its public key beside it."""
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = private.with_name(private.name + ".pub")
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public_pem = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    if public.exists():
        raise UsageError(f"{public} is there already; name another file")
    _write(private, pem, mode=0o600)
    _write(public, public_pem, mode=0o644)
    console.show(f"{private} signs bundles: keep it to those who train, and set")
    console.show(f"  BUNDLE_SIGNING_KEY_FILE={private}")
    console.show(f"{public} verifies them: give it to every server, and set")
    console.show(f"  BUNDLE_PUBLIC_KEY_FILE={public}")
    console.give({"private_key": str(private), "public_key": str(public)})


def _write(file: Path, data: bytes, *, mode: int) -> None:
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise UsageError(f"{file} is there already; name another file") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}; name another file") from None
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
