"""Envelopes: signed with a key of one's own, and refused for everything else."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from reenact.errors import RecordError, UsageError
from reenact.reproduce.bundle.signature import TYPE, open_statement, seal_statement, verify

STATEMENT = json.dumps({"_type": "x", "subject": []}).encode()


def write_keys(folder: Path, name: str) -> tuple[Path, Path]:
    """A private key and its public half, as openssl writes them."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / f"{name}.pem", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return write_keys(tmp_path, "mine")


def test_what_was_signed_is_verified(keys: tuple[Path, Path]) -> None:
    envelope = seal_statement(STATEMENT, keys[0])
    name = verify(envelope, keys[1])
    statement, named = open_statement(envelope)
    assert statement == json.loads(STATEMENT)
    assert named == (name,)
    assert seal_statement(STATEMENT, keys[0]) == envelope
    assert envelope.count(b"\n") == 1


def test_it_is_what_the_format_says(keys: tuple[Path, Path]) -> None:
    """https://github.com/secure-systems-lab/dsse/blob/master/protocol.md"""
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    envelope = json.loads(seal_statement(STATEMENT, keys[0]))
    public = load_pem_public_key(keys[1].read_bytes())
    signed = f"DSSEv1 28 application/vnd.in-toto+json {len(STATEMENT)} ".encode() + STATEMENT
    public.verify(b64decode(envelope["signatures"][0]["sig"]), signed)  # type: ignore[union-attr, call-arg]
    assert b64decode(envelope["payload"]) == STATEMENT


def test_unsigned_and_wrongly_signed_are_refused(keys: tuple[Path, Path], tmp_path: Path) -> None:
    other, _ = write_keys(tmp_path, "other")
    with pytest.raises(RecordError, match=r"not signed$"):
        verify(seal_statement(STATEMENT, None), keys[1])
    with pytest.raises(RecordError, match=r"not signed with mine\.pub"):
        verify(seal_statement(STATEMENT, other), keys[1])


@given(data=st.data())
def test_no_other_payload_can_be_put_in(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    private, public = write_keys(tmp_path_factory.mktemp("keys"), "mine")
    envelope = json.loads(seal_statement(STATEMENT, private))
    payload = data.draw(st.binary(max_size=100).filter(lambda text: text != STATEMENT))
    with pytest.raises(RecordError, match="refused"):
        verify(json.dumps({**envelope, "payload": b64encode(payload).decode()}).encode(), public)


@pytest.mark.parametrize(
    "envelope",
    [b"", b"{}", b"[]", b"7", b"\xff", b"[" * 100_000, json.dumps({"payloadType": TYPE}).encode(),
     json.dumps({"payloadType": TYPE, "payload": "e30=", "signatures": [7]}).encode(),
     json.dumps({"payloadType": TYPE, "payload": "***", "signatures": []}).encode(),
     json.dumps({"payloadType": TYPE, "payload": 7, "signatures": [{"sig": 7}]}).encode(),
     json.dumps({"payloadType": "text/plain", "payload": "e30=", "signatures": []}).encode()],
)  # fmt: skip
def test_what_is_no_envelope_is_refused(envelope: bytes, keys: tuple[Path, Path]) -> None:
    with pytest.raises(RecordError, match="refused"):
        verify(envelope, keys[1])
    with pytest.raises(RecordError, match="refused"):
        statement, _ = open_statement(envelope)
        raise RecordError(f"refused later: {statement}")


def test_keys_of_another_kind_are_refused(keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    rsa = tmp_path / "rsa.pem"
    key = generate_private_key(65537, 2048)
    rsa.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    for wrong in (rsa, public, tmp_path / "none", tmp_path):
        with pytest.raises(UsageError):
            seal_statement(STATEMENT, wrong)
    for wrong in (rsa, private, tmp_path / "none"):
        with pytest.raises(UsageError):
            verify(seal_statement(STATEMENT, private), wrong)
