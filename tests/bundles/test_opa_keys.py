"""Signatures of bundles by keys that only verify: RSA and secrets, as `opa sign` uses them."""

from __future__ import annotations

import base64
import hmac
import json
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.bundles.test_bundle_file import entries, with_signatures
from tests.support.console import Console
from vatspolicy.bundles.bundle_file import BundleFile, build_bundle_file
from vatspolicy.bundles.keys import generate_keys, read_key
from vatspolicy.bundles.signature import sign, verify
from vatspolicy.errors import InvalidInput


@pytest.fixture(scope="module")
def bundle_file(law: Path) -> BundleFile:
    return build_bundle_file(law, 7)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """An Ed25519 key."""
    folder = tmp_path_factory.mktemp("keys")
    for name, text in zip(("own.pem", "own.pub"), generate_keys(), strict=True):
        (folder / name).write_text(text)
    return {"EdDSA": (folder / "own.pem", folder / "own.pub")}


@pytest.fixture(scope="module")
def opa_keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An RSA key (rsa.pem, rsa.pub, rsa.jwk), another one, and two secrets."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    folder = tmp_path_factory.mktemp("opa-keys")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    found = {}
    for name in ("rsa", "other"):
        key = rsa.generate_private_key(65537, 2048)
        contents = {
            f"{name}.pem": key.private_bytes(pem, pkcs8, serialization.NoEncryption()),
            f"{name}.pub": key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo),
            f"{name}.jwk": jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()).encode(),
        }
        for file, content in contents.items():
            found[file] = folder / file
            found[file].write_bytes(content)
    for name, byte in (("secret", b"s"), ("secret2", b"t")):
        k = base64.urlsafe_b64encode(byte * 32).rstrip(b"=").decode()
        found[name] = folder / f"{name}.jwk"
        found[name].write_text(json.dumps({"kty": "oct", "k": k, "kid": name, "alg": "HS256"}))
    return found


def opa_signed(bundle_file: BundleFile, material: Any, algorithm: str, kid: str = "x") -> BundleFile:
    """The bundle as `opa sign` signs it."""
    payload = json.dumps({"files": entries(bundle_file), "iat": 1, "iss": "opa"}).encode()
    token = jwt.api_jws.encode(payload, material, algorithm=algorithm, headers={"kid": kid})
    return with_signatures(bundle_file, {"signatures": [token]})


def test_bundles_that_opa_signed_are_verified(bundle_file: BundleFile, opa_keys: dict[str, Path]) -> None:
    rs256 = opa_signed(bundle_file, opa_keys["rsa.pem"].read_bytes(), "RS256")
    ids = set()
    for name in ("rsa.pub", "rsa.jwk", "rsa.pem"):
        found = verify(rs256, read_key(opa_keys[name]))
        assert found is not None
        assert found.algorithm == "RS256"
        ids.add(found.key)
    assert len(ids) == 1
    found = verify(opa_signed(bundle_file, b"s" * 32, "HS256"), read_key(opa_keys["secret"]))
    assert found is not None
    assert (found.key, found.algorithm) == ("secret", "HS256")


def test_the_key_and_not_the_header_chooses_the_algorithm(
    bundle_file: BundleFile, opa_keys: dict[str, Path], keys: dict[str, tuple[Path, Path]]
) -> None:
    """Confusion of keys: what signs under one algorithm verifies under no other, whatever the header says."""
    pem, public = opa_keys["rsa.pem"].read_bytes(), opa_keys["rsa.pub"].read_bytes()
    body = base64.urlsafe_b64encode(json.dumps({"files": entries(bundle_file)}).encode()).rstrip(b"=").decode()

    def by_hand(header: dict[str, str], secret: bytes | None) -> BundleFile:
        head = base64.urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        mac = (
            b""
            if secret is None
            else base64.urlsafe_b64encode(hmac.digest(secret, f"{head}.{body}".encode(), "sha256"))
        )
        return with_signatures(bundle_file, {"signatures": [f"{head}.{body}.{mac.rstrip(b'=').decode()}"]})

    attacks = [
        *(by_hand({"alg": word}, None) for word in ("none", "None", "NONE", "nOnE", "")),
        *(by_hand({"alg": "HS256"}, secret) for secret in (public, public.strip(), b"", pem, opa_keys["rsa.jwk"].read_bytes())),
        by_hand({"alg": "RS256"}, public),
        by_hand({"alg": "RS256"}, b"s" * 31),
        opa_signed(bundle_file, pem, "RS512"),
        opa_signed(bundle_file, pem, "PS256"),
        by_hand({"alg": "HS512"}, b"s" * 32),
        by_hand({"alg": "HS256"}, b"t" * 32),
        opa_signed(bundle_file, opa_keys["other.pem"].read_bytes(), "RS256"),
        opa_signed(bundle_file, b"t" * 32, "HS256", "secret"),
        sign(bundle_file, read_key(keys["EdDSA"][0], private=True)),
    ]  # fmt: skip
    for attack in attacks:
        for name in ("rsa.pub", "rsa.jwk", "secret"):
            with pytest.raises(InvalidInput, match="did not make its signature"):
                verify(attack, read_key(opa_keys[name]))
    for right, wrong in (((pem, "RS256"), "secret"), ((b"s" * 32, "HS256"), "rsa.pub")):
        with pytest.raises(InvalidInput, match="did not make its signature"):
            verify(opa_signed(bundle_file, *right), read_key(opa_keys[wrong]))
    for right in ((pem, "RS256"), (b"s" * 32, "HS256")):
        with pytest.raises(InvalidInput, match="did not make its signature"):
            verify(opa_signed(bundle_file, *right), read_key(keys["EdDSA"][1]))


def test_keys_that_only_verify_do_not_sign(console: Console, law: Path, opa_keys: dict[str, Path]) -> None:
    console("bundle", "build", "--law", law, "--number", "1")
    for name in ("rsa.pem", "secret"):
        ran = console("bundle", "sign", "bundle.tar.gz", "--key", opa_keys[name])
        assert (ran.code, "Signing does not support" in ran.err) == (3, True)
