"""Keys of signatures, as PEM or JWK, and DSSE envelopes that they sign.

The key determines the algorithm, regardless of what a token claims. Ed25519 (EdDSA) and P-256 (ES256) sign and verify.
RSA (RS256, from 2048 bits on) and secrets (HS256, a JWK of the kind `oct` with a `kid`) only verify bundles that others
have signed. A secret is never read from PEM or plain text, so no public key can be taken for one. The libraries of the
extra `sign` do the work.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.core.documents.json_reader import make_object
from vatspolicy.core.documents.plain import Tree
from vatspolicy.i18n import Message, _, reason_of
from vatspolicy.origin import install

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey
    PublicKey = EllipticCurvePublicKey | Ed25519PublicKey | RSAPublicKey


ED25519, P256, RSA, SECRET = "EdDSA", "ES256", "RS256", "HS256"
_KINDS = _("Keys are Ed25519 or P-256, in PEM or as a JWK.")
_MIN_RSA, _MIN_SECRET = 2048, 32
"""Fewest bits of an RSA key, and bytes of a secret (RFC 7518, 3.2 and 3.3)."""
_MAX_BYTES = 64 * 1024
_EXAMPLE, _REHEARSAL = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "VATSPOLICY_BUILD_REHEARSAL"
"""Thumbprint of the key of RFC 8037, appendix A, whose private part is public, and the variable that allows it."""


@dataclass(frozen=True)
class Key:
    """Key, its id, and the one algorithm that it is used with."""

    id: str
    algorithm: str
    private: bool
    material: PrivateKey | PublicKey | bytes = field(repr=False)

    @property
    def verifier(self) -> PublicKey | bytes:
        """Return the public key, or the secret of a shared key: a signature is verified with it."""
        if self.private:
            return self.material.public_key()  # type: ignore[union-attr]
        return self.material  # type: ignore[return-value]


def read_key(path: Path, private: bool = False) -> Key:
    """Read the key in a file. Its id is the JWK's `kid`, or its thumbprint (RFC 7638). Raises BundleFileError.

    The public key of a private one will do to verify; a private one is requested where something is to be signed.
    """
    _require_libraries(str(path))
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name cannot be used")
        raise BundleFileError(str(path), _("The key cannot be read: {reason}.", reason=reason)) from None
    if len(content) > _MAX_BYTES:
        raise BundleFileError(str(path), _("This is not a key."), _KINDS)
    pem = not content.lstrip().startswith(b"{")
    try:
        jwk = None if pem else json.loads(content)
        material = _from_pem(content) if jwk is None else _from_jwk(jwk)
    except BundleFileError:
        raise
    except Exception as error:  # any error of a library; its text may quote the key
        message = (
            _("The key is locked by a password.") if pem and isinstance(error, TypeError) else _("This is not a key.")
        )
        raise BundleFileError(str(path), message, _KINDS) from None
    key = _key(path, material, jwk)
    if private and key.algorithm in (RSA, SECRET):
        raise BundleFileError(
            str(path), _("Signing does not support {algorithm} keys.", algorithm=key.algorithm), _KINDS
        )
    if private and not key.private:
        raise BundleFileError(str(path), _("This is a public key, which cannot sign."))
    return key


def _require_libraries(file: str) -> None:
    try:
        import cryptography
        import jwt
        import securesystemslib
    except ImportError:
        hint = f"Install it with: {install('sign')}"
        raise BundleFileError(file, _("Keys and signatures need the extra `sign`."), hint) from None
    del cryptography, jwt, securesystemslib


def _from_pem(content: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    if b"PRIVATE KEY" in content:
        return serialization.load_pem_private_key(content, password=None)
    return serialization.load_pem_public_key(content)


def _from_jwk(jwk: Any) -> Any:
    from jwt.algorithms import ECAlgorithm, HMACAlgorithm, OKPAlgorithm, RSAAlgorithm

    reader: Any = {"EC": ECAlgorithm, "RSA": RSAAlgorithm, "oct": HMACAlgorithm}.get(jwk["kty"], OKPAlgorithm)
    return reader.from_jwk(json.dumps(jwk))


def _key(path: Path, material: Any, jwk: Mapping[str, Any] | None) -> Key:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    private = isinstance(material, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    public = material.public_key() if private or isinstance(material, rsa.RSAPrivateKey) else material
    algorithm = _find_algorithm(path, public)
    if jwk is not None and jwk.get("alg", algorithm) != algorithm:
        raise BundleFileError(
            str(path), _("The key is for another algorithm than {algorithm}.", algorithm=algorithm), _KINDS
        )
    id = jwk.get("kid") if jwk is not None else None
    if id is not None and not isinstance(id, str):
        raise BundleFileError(str(path), _("The `kid` of a key must be text."))
    if algorithm == SECRET and not id:  # its thumbprint would reveal information about the secret
        raise BundleFileError(str(path), _("A secret needs a `kid`: locks and reports refer to it."))
    thumbprint = "" if algorithm == SECRET else _thumbprint(public)
    if thumbprint == _EXAMPLE and not os.environ.get(_REHEARSAL):
        raise BundleFileError(str(path), _("This is the example key of RFC 8037: anyone can sign with it."))
    return Key(id or thumbprint, algorithm, private, material if private else public)


def _find_algorithm(path: Path, public: Any) -> str:
    """Return the algorithm of a public key or a secret. Raises BundleFileError for another kind, or a weak one."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    weak = _("The key is too short for {algorithm}.", algorithm=SECRET if isinstance(public, bytes) else RSA)
    match public:
        case ed25519.Ed25519PublicKey():
            return ED25519
        case ec.EllipticCurvePublicKey() if isinstance(public.curve, ec.SECP256R1):
            return P256
        case rsa.RSAPublicKey() if public.key_size >= _MIN_RSA:
            return RSA
        case bytes() if len(public) >= _MIN_SECRET:
            return SECRET
        case rsa.RSAPublicKey() | bytes():
            raise BundleFileError(str(path), weak)
    raise BundleFileError(str(path), _("This kind of key is not supported."), _KINDS)


def _thumbprint(public: Any) -> str:
    """Return the thumbprint of RFC 7638: SHA-256 over the required members, in order."""
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

    kinds = ((ECAlgorithm, "curve"), (RSAAlgorithm, "key_size"))
    algorithm_class = next((algorithm for algorithm, mark in kinds if hasattr(public, mark)), OKPAlgorithm)
    jwk = json.loads(algorithm_class.to_jwk(public))
    needed = {name: jwk[name] for name in ("crv", "e", "kty", "n", "x", "y") if name in jwk}
    text = json.dumps(needed, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(text).digest()).rstrip(b"=").decode()


def generate_keys(algorithm: str = ED25519) -> tuple[str, str]:
    """Generate a private key and its public key, as PEM. Raises BundleFileError without the extra."""
    _require_libraries("key")
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    private: EllipticCurvePrivateKey | Ed25519PrivateKey
    private = ec.generate_private_key(ec.SECP256R1()) if algorithm == P256 else ed25519.Ed25519PrivateKey.generate()
    pem = serialization.Encoding.PEM
    secret = private.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = private.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    return secret.decode(), public.decode()


# --- envelopes: a payload signed together with its type (DSSE version 1), which no other type may pass for


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
            message = _("The key {id} ({algorithm}) did not make its signature.", id=key.id, algorithm=key.algorithm)
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
    """Return an envelope whose payload is of this type; it is not verified yet. Raises EnvelopeError."""
    match data:
        case {"payload": str(payload), "payloadType": str(kind), "signatures": list(entries)} if kind == payload_type:
            signatures = (_decode(entry.get("sig")) for entry in entries if isinstance(entry, dict))
            return Envelope(_decode(payload), kind, tuple(signatures))
    raise EnvelopeError("not an envelope of this type")


def _decode(text: Tree) -> bytes:
    """Return the bytes of a text in the standard or the URL-safe alphabet of Base64; a verifier reads both."""
    try:
        return base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except (AttributeError, binascii.Error, ValueError):
        raise EnvelopeError("not an envelope") from None
