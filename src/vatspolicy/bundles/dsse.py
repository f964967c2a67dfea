"""DSSE envelopes: a payload signed together with its type (https://github.com/secure-systems-lab/dsse, version 1).

`securesystemslib` (extra `sign`) encodes, signs and verifies. This module asks for one type of payload, which keeps an
envelope of one kind from passing for another, and lets no key id choose a key. Reading needs no extra.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.keys import ED25519, P256, Key
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.documents.plain import Tree
from vatspolicy.i18n import Message, _

if TYPE_CHECKING:
    from vatspolicy.bundles.keys import PrivateKey, PublicKey


class EnvelopeError(ValueError):
    """Error for data that are not an envelope of the type asked for, or whose payload is not JSON."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload, its type, and the signatures over both."""

    payload: bytes
    payload_type: str
    signatures: tuple[bytes, ...]

    @property
    def data(self) -> Tree:
        """The payload as JSON. Raises EnvelopeError."""
        try:
            return json.loads(self.payload, object_pairs_hook=make_object)
        except (ValueError, RecursionError):
            raise EnvelopeError("not JSON") from None

    def verify(self, file: str, key: Key, hint: Message) -> None:
        """Raise BundleFileError unless one of the signatures is by the key."""
        if not self.is_signed_by(key):
            message = _("Its signature is not by the key {id} ({algorithm}).", id=key.id, algorithm=key.algorithm)
            raise BundleFileError(file, message, hint)

    def is_signed_by(self, key: Key) -> bool:
        """Return True if one of the signatures is by the key: Ed25519, or ECDSA on P-256 with SHA-256."""
        if key.algorithm not in (ED25519, P256):
            return False
        from securesystemslib import dsse
        from securesystemslib.exceptions import VerificationError
        from securesystemslib.signer import Signature, SSlibKey

        public = SSlibKey.from_crypto(cast("PublicKey", key.verifier), key.id)
        for signature in self.signatures:
            signed = Signature(public.keyid, signature.hex())
            try:
                dsse.Envelope(self.payload, self.payload_type, {public.keyid: signed}).verify([public], 1)
            except VerificationError:
                continue
            return True
        return False


def seal(payload: bytes, payload_type: str, key: Key) -> str:
    """Return an envelope as JSON, signed by a private key. Ed25519 gives equal bytes each time."""
    from securesystemslib import dsse
    from securesystemslib.signer import CryptoSigner, SSlibKey

    envelope = dsse.Envelope(payload, payload_type, {})
    public = SSlibKey.from_crypto(cast("PublicKey", key.verifier), key.id)
    envelope.sign(CryptoSigner(cast("PrivateKey", key.material), public))
    return json.dumps(envelope.to_dict(), separators=(",", ":"))


def read_envelope(data: Tree, payload_type: str) -> Envelope:
    """Return an envelope whose payload is of this type; nobody has verified it yet. Raises EnvelopeError."""
    match data:
        case {"payload": str(payload), "payloadType": str(found), "signatures": list(entries)} if found == payload_type:
            signatures = (_decode(one.get("sig")) for one in entries if isinstance(one, dict))
            return Envelope(_decode(payload), found, tuple(signatures))
    raise EnvelopeError("not an envelope of this type")


def _decode(text: Tree) -> bytes:
    """Return the bytes of a text in the standard or the URL-safe alphabet of Base64; a verifier reads both."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        raise EnvelopeError("not an envelope") from None
