"""The provenance as a DSSE envelope, and its signature with a key of the user's own (Ed25519, in a PEM file).

The format is in-toto's: https://github.com/secure-systems-lab/dsse/blob/master/envelope.md. An envelope that nobody
signed has no signatures. Keys are read by ``cryptography``, the extra ``sign``.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from pathlib import Path

from reenact.errors import RecordError, UnsupportedError, UsageError
from reenact.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

TYPE = "application/vnd.in-toto+json"


def seal_statement(statement: bytes, key: Path | None) -> bytes:
    """The member ``provenance.intoto.jsonl``: one envelope on one line.

    Raises:
        UsageError: the key cannot be read, or is of another kind.
        UnsupportedError: the package for keys is not installed.
    """
    signatures = []
    if key is not None:
        private = _read_private(key)
        signature = private.sign(_encode(TYPE, statement))
        signatures.append({"keyid": name_key(private.public_key()), "sig": b64encode(signature).decode()})
    envelope = {"payload": b64encode(statement).decode(), "payloadType": TYPE, "signatures": signatures}
    return json.dumps(envelope, sort_keys=True).encode() + b"\n"


def check_key(key: Path) -> None:
    """See that a key can be used to sign, before there is something to be signed.

    Raises:
        UsageError: it cannot be read, or is of another kind.
        UnsupportedError: the package for keys is not installed.
    """
    _read_private(key)


def open_statement(envelope: bytes) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The statement inside, and the names of the keys that it says it is signed with: nothing is verified.

    Raises:
        RecordError: it is no envelope, or holds no statement.
    """
    payload, signatures = _parse(envelope)
    try:
        statement = json.loads(payload)
    except (ValueError, RecursionError) as problem:
        raise _damaged(f"no statement is in it: {problem}") from problem
    if not isinstance(statement, dict):
        raise _damaged("no statement is in it")
    return statement, tuple(str(each.get("keyid", "")) for each in signatures)


def verify(envelope: bytes, key: Path) -> str:
    """See that the envelope is signed with the private half of ``key``; the name of the key.

    Raises:
        RecordError: it is not signed, or by somebody else.
        UsageError: the key cannot be read, or is of another kind.
        UnsupportedError: the package for keys is not installed.
    """
    public = _read_public(key)
    from cryptography.exceptions import InvalidSignature

    payload, signatures = _parse(envelope)
    if not signatures:
        raise RecordError("the bundle is refused: it is not signed", hint="who made it signs it with --sign")
    for each in signatures:
        try:
            public.verify(_decode(each.get("sig")), _encode(TYPE, payload))
            return name_key(public)
        except InvalidSignature:
            continue
    raise RecordError(f"the bundle is refused: it is not signed with {key.name}")


def name_key(public: Ed25519PublicKey) -> str:
    """SHA-256 of the key as it is written, 64 hexadecimal digits."""
    from hashlib import sha256

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _encode(kind: str, payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def _parse(envelope: bytes) -> tuple[bytes, list[dict[str, Any]]]:
    try:
        plain = json.loads(envelope)
    except (ValueError, RecursionError) as problem:
        raise _damaged(str(problem)) from problem
    if not isinstance(plain, dict) or plain.get("payloadType") != TYPE:
        raise _damaged("it is no envelope of a statement")
    signatures = plain.get("signatures")
    if not isinstance(signatures, list) or not all(isinstance(each, dict) for each in signatures):
        raise _damaged("its signatures are no list")
    return _decode(plain.get("payload")), signatures


def _decode(text: object) -> bytes:
    try:
        return b64decode(text if isinstance(text, str) else "", validate=True)
    except ValueError as problem:
        raise _damaged(str(problem)) from problem


def _damaged(why: str) -> RecordError:
    return RecordError(f"the bundle is refused: its provenance is damaged: {why}")


def _read_private(path: Path) -> Ed25519PrivateKey:
    from_pem = _load_keys()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        key = from_pem.load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError) as problem:
        hint = "make one with: openssl genpkey -algorithm ed25519 -out key.pem"
        raise UsageError(f"{path} holds no private key that can be used: {problem}", hint=hint) from problem
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError(f"{path} holds a key of another kind than Ed25519")
    return key


def _read_public(path: Path) -> Ed25519PublicKey:
    from_pem = _load_keys()
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = from_pem.load_pem_public_key(_read(path))
    except (ValueError, TypeError) as problem:
        hint = "its maker writes one with: openssl pkey -in key.pem -pubout"
        raise UsageError(f"{path} holds no public key: {problem}", hint=hint) from problem
    if not isinstance(key, Ed25519PublicKey):
        raise UsageError(f"{path} holds a key of another kind than Ed25519")
    return key


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as problem:
        raise UsageError(f"cannot read the key {path}: {problem.strerror or problem}") from problem


def _load_keys() -> Any:
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError as problem:
        raise UnsupportedError(
            "signatures need a package that is not installed", hint="python -m pip install 'reenact[sign]'"
        ) from problem
    return serialization
