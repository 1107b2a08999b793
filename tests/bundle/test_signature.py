"""Signed bundles: who may have signed one, and what is told of the others."""

import base64
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from housing_grpc.bundle import format as bundle_format
from housing_grpc.bundle import small_file
from housing_grpc.bundle.errors import BundleChecksumError, BundleSignatureError, BundleUnsafeError
from housing_grpc.bundle.metadata import Metadata
from housing_grpc.bundle.model import load
from housing_grpc.bundle.signature import KeyFileError, Verifier, signer
from tests.support.keys import SPKI, Pair


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path, "ours")


@pytest.fixture
def signed(tmp_path: Path, pair: Pair, metadata: Metadata, blobs: dict[str, bytes]) -> Path:
    folder = tmp_path / "signed"
    bundle_format.write(folder, metadata, blobs, signer(pair.private))
    return folder


def refused(folder: Path, keys: Path, text: str) -> None:
    with pytest.raises(BundleSignatureError, match=text) as caught:
        bundle_format.read(folder, Verifier(keys))
    assert caught.value.reason == "BUNDLE_SIGNATURE"


def test_a_signed_bundle_is_served_with_and_without_the_key(signed: Path, pair: Pair) -> None:
    with_key, without = load(signed, Verifier(pair.public)), load(signed)
    assert with_key.digest == without.digest == bundle_format.digest(signed)


def test_a_signature_does_not_change_the_digest(signed: Path, folder: Path) -> None:
    assert bundle_format.digest(signed) == bundle_format.digest(folder)


def test_any_of_several_keys_will_do(signed: Path, pair: Pair, tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    other = Pair(tmp_path, "other").public.read_text()
    keys.write_text(f"the next one:\n{other}\nthe old one:\n{pair.public.read_text()}")
    assert len(Verifier(keys).keys()) == 2
    load(signed, Verifier(keys))


def test_a_key_that_is_withdrawn_counts_at_once(signed: Path, pair: Pair, tmp_path: Path) -> None:
    verifier = Verifier(pair.public)
    bundle_format.read(signed, verifier)
    pair.public.write_bytes(Pair(tmp_path, "other").public.read_bytes())
    with pytest.raises(BundleSignatureError, match="a key that is trusted here"):
        bundle_format.read(signed, verifier)


def test_one_that_nobody_signed(folder: Path, pair: Pair) -> None:
    refused(folder, pair.public, "metadata.sig: is missing, .* BUNDLE_SIGNING_KEY_FILE set")


def test_one_that_somebody_else_signed(signed: Path, tmp_path: Path) -> None:
    refused(
        signed, Pair(tmp_path, "other").public, "metadata.sig: is not the signature of this bundle"
    )


@pytest.mark.parametrize(
    "content", [b"", b"?", b"\xff" * 64, base64.b64encode(b"short"), base64.b64encode(b"0" * 64)]
)
def test_one_whose_signature_is_none(signed: Path, pair: Pair, content: bytes) -> None:
    (signed / "metadata.sig").write_bytes(content)
    refused(signed, pair.public, "metadata.sig: ")


def test_the_signature_is_checked_before_anything_is_parsed(signed: Path, pair: Pair) -> None:
    for name in ("metadata.json", "preprocessor.json", "model.onnx"):
        (signed / name).write_text('{"a": ' + "[" * 100_000)
    refused(signed, pair.public, "metadata.sig: is not the signature of this bundle")


def test_a_signed_bundle_is_still_verified_file_by_file(signed: Path, pair: Pair) -> None:
    (signed / "model.onnx").write_bytes(b"another")
    with pytest.raises(BundleChecksumError, match=r"model\.onnx: is 7 bytes long"):
        bundle_format.read(signed, Verifier(pair.public))


def test_a_signature_that_is_a_link(signed: Path, pair: Pair, tmp_path: Path) -> None:
    (signed / "metadata.sig").rename(tmp_path / "elsewhere")
    (signed / "metadata.sig").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BundleUnsafeError, match=r"metadata\.sig: is not a plain file"):
        bundle_format.read(signed, Verifier(pair.public))


def elliptic() -> bytes:
    return generate_private_key(SECP256R1()).public_key().public_bytes(*SPKI)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "holds no public key in PEM"),
        (b"no key", "holds no public key in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "that cannot be read"),
        (elliptic(), "holds a key that is not Ed25519"),
    ],
)
def test_a_file_that_holds_no_public_key(
    signed: Path, tmp_path: Path, content: bytes, text: str
) -> None:
    (tmp_path / "keys").write_bytes(content)
    with pytest.raises(KeyFileError, match=text):
        Verifier(tmp_path / "keys").keys()
    refused(signed, tmp_path / "keys", f"the file of public keys .*{text}")


@pytest.mark.parametrize(
    "line", [b"-----BEGIN PUBLIC KEY-----\n", b"-----BEGIN A-----\n", b"-----BEGIN "]
)
def test_a_key_file_that_would_take_minutes(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "keys").write_bytes(line * (small_file.LIMIT // len(line)))
    begun = time.process_time()
    with pytest.raises(KeyFileError, match=r"a key that does not end|no public key in PEM"):
        Verifier(tmp_path / "keys").keys()
    assert time.process_time() - begun < 5


def test_a_private_key_is_not_taken_for_a_public_one(pair: Pair) -> None:
    with pytest.raises(KeyFileError, match="holds a private key; give the public one"):
        Verifier(pair.private).keys()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for use in (Verifier(tmp_path / "none").keys, lambda: signer(tmp_path / "none")):
        with pytest.raises(KeyFileError, match="cannot be read: No such file or directory"):
            use()


def test_a_key_that_cannot_sign(pair: Pair, tmp_path: Path) -> None:
    encrypted = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    other = generate_private_key(SECP256R1()).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    for content, text in (
        (pair.public.read_bytes(), "holds no private key in PEM"),
        (encrypted, "holds a key with a password"),
        (other, "holds a key that is not Ed25519"),
    ):
        (tmp_path / "key").write_bytes(content)
        with pytest.raises(KeyFileError, match=text):
            signer(tmp_path / "key")
