"""Keys that sign bundles: Ed25519 (EdDSA) and P-256 (ES256), as PEM or JWK. The key determines the algorithm.

PyJWT and cryptography (extra `sign`) do the work.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.i18n import _, reason_of
from vatspolicy.origin import install

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

    AnyKey = EllipticCurvePrivateKey | EllipticCurvePublicKey | Ed25519PrivateKey | Ed25519PublicKey

ED25519, P256 = "EdDSA", "ES256"
_KINDS = _("Keys are Ed25519 or P-256, in PEM or as a JWK.")
_MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class Key:
    """Key, its id, and the one algorithm that it is used with."""

    id: str
    algorithm: str
    private: bool
    material: AnyKey = field(repr=False)


def read_key(path: Path, private: bool = False) -> Key:
    """Read the key in a file. Its id is the JWK's `kid`, or its thumbprint (RFC 7638). Raises BundleFileError.

    The public key of a private one will do to verify; a private one is asked for where something is to be signed.
    """
    _require_libraries(str(path))
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        reason = reason_of(error) if isinstance(error, OSError) else _("its name is not usable")
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
    if private and not key.private:
        raise BundleFileError(str(path), _("This is a public key, which cannot sign."))
    return key


def _require_libraries(file: str) -> None:
    try:
        import cryptography
        import jwt
    except ImportError:
        hint = f"Install it with: {install('sign')}"
        raise BundleFileError(file, _("Keys and signatures need the extra `sign`."), hint) from None
    del cryptography, jwt


def _from_pem(content: bytes) -> Any:
    from cryptography.hazmat.primitives import serialization

    if b"PRIVATE KEY" in content:
        return serialization.load_pem_private_key(content, password=None)
    return serialization.load_pem_public_key(content)


def _from_jwk(jwk: Any) -> Any:
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm

    if jwk["kty"] == "EC":
        return ECAlgorithm.from_jwk(json.dumps(jwk))
    return OKPAlgorithm.from_jwk(json.dumps(jwk))


def _key(path: Path, material: Any, jwk: Mapping[str, Any] | None) -> Key:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519

    private = isinstance(material, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    public = material.public_key() if private else material
    if isinstance(public, ed25519.Ed25519PublicKey):
        algorithm = ED25519
    elif isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP256R1):
        algorithm = P256
    else:
        raise BundleFileError(str(path), _("This kind of key is not used."), _KINDS)
    if jwk is not None and jwk.get("alg", algorithm) != algorithm:
        raise BundleFileError(
            str(path), _("The key is for another algorithm than {algorithm}.", algorithm=algorithm), _KINDS
        )
    id = jwk.get("kid") if jwk is not None else None
    if id is not None and not isinstance(id, str):
        raise BundleFileError(str(path), _("The `kid` of a key is a text."))
    return Key(id or _thumbprint(public), algorithm, private, material)


def _thumbprint(public: Any) -> str:
    """Return the thumbprint of RFC 7638: SHA-256 over the required members, in order."""
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm

    algorithm_class = ECAlgorithm if hasattr(public, "curve") else OKPAlgorithm
    jwk = json.loads(algorithm_class.to_jwk(public))
    needed = {name: jwk[name] for name in ("crv", "kty", "x", "y") if name in jwk}
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
