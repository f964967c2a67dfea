"""Signed claims: a JWT by one key, whose algorithm the key alone determines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vatspolicy.bundles.keys import Key


class TokenError(ValueError):
    """Error for a token that the key did not sign, or whose claims cannot be read."""


def make_token(claims: Mapping[str, Any], key: Key) -> str:
    """Return claims signed by a private key. Ed25519 gives equal bytes each time."""
    import jwt

    material: Any = key.material  # a private one, which read_key made sure of
    payload = json.dumps(claims, sort_keys=True, separators=(",", ":")).encode()
    return jwt.api_jws.encode(payload, material, algorithm=key.algorithm, headers={"kid": key.id})


def read_token(token: str, key: Key) -> Any:
    """Return the claims of a token that a key, or the private key of a public one, has signed.

    The header chooses nothing: neither key nor algorithm. Raises TokenError.
    """
    import jwt

    try:
        return json.loads(jwt.api_jws.decode(token, key.verifier, algorithms=[key.algorithm]))
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise TokenError("not signed by the key") from None
