"""Signatures of receipts: a JWT over the SHA-256 of the canonical receipt, in the receipt itself (`signature`)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from vatspolicy.bundles.bundle_file import BundleFileError
from vatspolicy.bundles.keys import Key
from vatspolicy.bundles.token import TokenError, make_token, read_token
from vatspolicy.gate.receipt import canonical
from vatspolicy.i18n import _

SIGNATURE = "signature"
"""Key of a receipt that holds its signature; the signature covers everything else."""
_CLAIM = "receipt"
"""Claim with the digest. The token of a bundle has another one (`files`), so neither signs for the other."""


def sign_receipt(receipt: Mapping[str, Any], key: Key) -> dict[str, Any]:
    """Return a receipt signed by a private key."""
    return {**receipt, SIGNATURE: make_token({_CLAIM: _digest(receipt), "keyid": key.id}, key)}


def verify_receipt(receipt: Mapping[str, Any], key: Key, file: str) -> None:
    """Raise InvalidInput unless a key has signed a receipt as it is; `file` is the name of the receipt."""
    if SIGNATURE not in receipt:
        raise BundleFileError(file, _("The receipt is not signed, and a key was given to verify it."))
    try:
        claims = read_token(str(receipt[SIGNATURE]), key)
    except TokenError:
        claims = None
    if not isinstance(claims, dict) or claims.get(_CLAIM) != _digest(receipt):
        message = _("Its signature is not by the key {id} ({algorithm}).", id=key.id, algorithm=key.algorithm)
        raise BundleFileError(file, message, _("The receipt was changed, or somebody else signed it."))


def _digest(receipt: Mapping[str, Any]) -> str:
    content = canonical({name: value for name, value in receipt.items() if name != SIGNATURE})
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
