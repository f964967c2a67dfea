"""DSSE envelopes: a payload signed together with its type (https://github.com/secure-systems-lab/dsse, version 1)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from vatspolicy.bundles.keys import ED25519, P256, Key


class EnvelopeError(ValueError):
    """Error for data that are not an envelope, or that the key did not sign."""


def encode_for_signing(payload_type: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding (PAE): type and payload with their lengths in bytes."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, payload_type: str, key: Key) -> dict[str, Any]:
    """Return an envelope signed by a private key: Ed25519, or ECDSA on P-256 with SHA-256 in DER."""
    signature = _sign(encode_for_signing(payload_type, payload), key)
    return {
        "payload": base64.b64encode(payload).decode(),
        "payloadType": payload_type,
        "signatures": [{"keyid": key.id, "sig": base64.b64encode(signature).decode()}],
    }


def open_envelope(envelope: Any, payload_type: str, key: Key) -> bytes:
    """Return the payload of an envelope with a signature by a key. A key id chooses nothing. Raises EnvelopeError."""
    match envelope:
        case {"payload": str(text), "payloadType": str(found), "signatures": list(entries)}:
            payload = _decode(text)
            signatures = [_decode(one.get("sig")) for one in entries if isinstance(one, dict)]
        case _:
            raise EnvelopeError("not an envelope")
    if found != payload_type:
        raise EnvelopeError("another type of payload")
    content = encode_for_signing(found, payload)
    if not any(_is_signed(content, signature, key) for signature in signatures):
        raise EnvelopeError("not signed by the key")
    return payload


def _decode(text: Any) -> bytes:
    """Return the bytes of a text in the standard or the URL-safe alphabet of Base64; a verifier reads both."""
    if not isinstance(text, str):
        raise EnvelopeError("not an envelope")
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        raise EnvelopeError("not an envelope") from None


def _sign(content: bytes, key: Key) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    material: Any = key.material  # a private one, which read_key made sure of
    signed: bytes = (
        material.sign(content) if key.algorithm == ED25519 else material.sign(content, ec.ECDSA(hashes.SHA256()))
    )
    return signed


def _is_signed(content: bytes, signature: bytes, key: Key) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    material: Any = key.verifier
    try:
        if key.algorithm == ED25519:
            material.verify(signature, content)
        elif key.algorithm == P256:
            material.verify(signature, content, ec.ECDSA(hashes.SHA256()))
        else:
            return False
    except InvalidSignature:
        return False
    return True
