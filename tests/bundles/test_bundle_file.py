"""Bundles as files: equal bytes, who signed them, which one is pinned, and that they decide as their folder does."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import hmac
import io
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
import yaml

from tests.support.console import Console, needs_posix
from tests.support.effort import LONG
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING, SHOP
from vatspolicy.bundles.archive import read_archive
from vatspolicy.bundles.bundle_file import (
    DATA,
    MANIFEST,
    SIGNATURES,
    BundleFile,
    build_bundle_file,
    pack,
    read_bundle_file,
)
from vatspolicy.bundles.bundle_file import ROOT as OPA_ROOT
from vatspolicy.bundles.keys import Key, generate_keys, read_key
from vatspolicy.bundles.lockfile import pin, read_lock
from vatspolicy.bundles.select import find_locks
from vatspolicy.bundles.signature import ALGORITHMS, Signature, canonical, file_digest, read_claims, sign, verify
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder
from vatspolicy.errors import InvalidInput

# --- digests, by OPA's own vectors ------------------------------------------------------------------------------------


def test_the_digest_of_a_manifest_is_that_of_opas_test() -> None:
    """v1/bundle/verify_test.go, `bad_digest`."""
    assert file_digest(".manifest", b'{"revision": "quickbrownfaux"}', "MD5") == "a005c38a509dc2d5a7407b9494efb2ad"


def test_structure_and_not_layout_is_hashed() -> None:
    """v1/bundle/hash_test.go: the digest of data is that of Go's compact JSON, with numbers as they were written."""
    data = b'{ "key2": {"c": 123.45678911111111111111111111111111111111111111111111111, "b": 1, "a": 0},\n "key1": ["element1", "element2"] }'
    text = '{"key1":["element1","element2"],"key2":{"a":0,"b":1,"c":123.45678911111111111111111111111111111111111111111111111}}'
    for name, algorithm in ALGORITHMS.items():
        assert file_digest("a/data.json", data, name) == hashlib.new(algorithm, text.encode()).hexdigest()
        assert file_digest("a/b.json", data, name) == hashlib.new(algorithm, data).hexdigest()
    array = '[["foo","bar"],"package example",["$","α","©","™"]]'
    assert file_digest("data.json", array.encode(), "MD5") == hashlib.md5(array.encode()).hexdigest()
    assert canonical(b'"<foo></foo> & \\u2028 \\u0001 \\u007f \\/ \\ud800"') == (
        '"<foo></foo> & \\u2028 \\u0001 \x7f / �"'.encode()
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"{", "Expecting"), (b"NaN", "not JSON"), (b"\xff", "utf-8"), (b"[" * 100_000, "nested too deep")],
)
def test_data_that_are_no_json_have_no_digest(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        file_digest("data.json", content)
    with pytest.raises(ValueError, match="no digest"):
        file_digest("data.json", b"{}", "MD6")


# --- building -----------------------------------------------------------------------------------------------------------


def files_of(path: Path) -> dict[str, bytes]:
    return dict(read_archive(path))


@pytest.fixture(scope="module")
def bundle_file(law: Path) -> BundleFile:
    return build_bundle_file(law, 7)


def test_equal_sources_give_equal_bytes(law: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "policies"
    other.mkdir(parents=True)
    for path in sorted(law.iterdir(), reverse=True):
        (other / path.name).write_bytes(path.read_bytes())
        os.utime(other / path.name, (1, 1))
        (other / path.name).chmod(0o600)
    first, second = pack(build_bundle_file(law, 7).files), pack(build_bundle_file(other, 7).files)
    assert first == second
    assert pack(build_bundle_file(law, 8).files) != first


@needs_posix
def test_bytes_do_not_depend_on_the_machine(law: Path, tmp_path: Path) -> None:
    """Another process, folder, hash seed, locale, time zone and umask."""
    code = f"import os; os.umask(0o077); from pathlib import Path; from vatspolicy.bundles.bundle_file import build_bundle_file, pack; print(__import__('hashlib').sha256(pack(build_bundle_file(Path({str(law)!r}), 7).files)).hexdigest())"
    digests = set()
    for seed, zone in (("1", "UTC"), ("77", "Asia/Shanghai")):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C", "PYTHONPATH": str(ROOT / "src")}
        ran = subprocess.run(
            [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, check=True
        )
        digests.add(ran.stdout.decode().strip())
    assert digests == {hashlib.sha256(pack(build_bundle_file(law, 7).files)).hexdigest()}


def test_the_archive_says_nothing_of_who_made_it(bundle_file: BundleFile) -> None:
    content = pack(bundle_file.files)
    assert content[4:10] == b"\0\0\0\0\0\xff"  # no time, unknown system
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(content))) as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == sorted(bundle_file.files)
    assert {(m.mtime, m.uid, m.gid, m.mode, m.uname, m.gname, m.type) for m in members} == {
        (0, 0, 0, 0o644, "", "", tarfile.REGTYPE)
    }
    assert gzip.decompress(pack(bundle_file.files, compress=True)) == gzip.decompress(content)
    assert len(pack(bundle_file.files, compress=True)) < len(content) / 3


def test_what_is_in_it(bundle_file: BundleFile, law: Path) -> None:
    assert {name.partition("/")[0] for name in bundle_file.files} == {".manifest", "policies", "schemas", "vatspolicy"}
    assert dict(bundle_file.policies) == {f"policies/{path.name}": path.read_bytes() for path in law.iterdir()}
    assert bundle_file.schemas.files == {
        path.name: path.read_bytes() for path in resource_folder("schemas").glob("*.json")
    }
    manifest = json.loads(bundle_file.files[MANIFEST])
    assert manifest["roots"] == ["vatspolicy"]
    assert manifest["revision"] == bundle_file.revision == f"0.1.0+7.{bundle_file.digest[7:19]}"
    data = json.loads(bundle_file.files[DATA])
    assert sorted(data["policies"]) == sorted(
        path.stem for path in law.iterdir() if path.name != "bundle.yaml" and ".test." not in path.name
    )
    assert "tests" not in data["policies"]["vats-pilot-2024"]
    assert data["release"]["version"] == "0.1.0"


def test_policies_that_do_not_load_make_no_bundle(copy_of_law: Path) -> None:
    (copy_of_law / "vats-pilot-2024.yaml").write_text("id: x\n", encoding="utf-8")
    with pytest.raises(InvalidInput):
        build_bundle_file(copy_of_law, 1)


# --- reading --------------------------------------------------------------------------------------------------------------


def save(path: Path, files: Mapping[str, bytes]) -> Path:
    path.write_bytes(pack(files))
    return path


def refused(path: Path) -> str:
    with pytest.raises(InvalidInput) as error:
        read_bundle_file(path)
    return error.value.problems[0].message


def test_what_is_not_as_the_manifest_says_is_refused(bundle_file: BundleFile, tmp_path: Path) -> None:
    files, path = dict(bundle_file.files), tmp_path / "b.tar.gz"
    name = "policies/vats-pilot-2024.yaml"
    assert read_bundle_file(save(path, files)).files == files
    changed = "Its files do not match its manifest."
    assert refused(save(path, {**files, name: files[name] + b"\n"})) == changed
    assert refused(save(path, {key: files[key] for key in files if key != name})) == changed
    assert refused(save(path, {**files, "policies/extra.yaml": b"id: x\n"})) == changed
    assert refused(save(path, {**files, "notes.txt": b"x"})) == changed
    assert refused(save(path, {**files, "x/patch.json": b"{}"})).startswith("It contains 'x/patch.json'")
    assert refused(save(path, {key: files[key] for key in files if key != MANIFEST})) == "It has no .manifest."
    assert "complete tar archive" in refused_bytes(path, pack(files)[:-3])
    bare = {MANIFEST: files[MANIFEST]}
    assert refused(save(path, bare)) == changed


def test_layers_of_a_bundle_are_those_of_its_manifest(law: Path, tmp_path: Path) -> None:
    """Their order is in the names of their folders, so that the digest, a lock and a signature cover it."""
    nothing = "rules:\n" + rule("nothing", "product", "false", "deny: {reason: HOSTED-ABROAD}")
    folders = [write_layer(tmp_path / one, one, **{one: nothing}) for one in ("company", "unit")]
    files = dict(build_bundle_file(law, 7, layers=folders).files)
    path = tmp_path / "b.tar.gz"
    assert [layer.name for layer in read_bundle_file(save(path, files)).load().layers] == ["law", "company", "unit"]
    manifest = json.loads(files[MANIFEST])
    assert [one["folder"] for one in manifest["metadata"][OPA_ROOT]["layers"]] == ["layers/1-company", "layers/2-unit"]
    wrong, changed = "Its layers do not match its manifest.", "Its files do not match its manifest."

    def told(layers: Any, **ours: Any) -> str:
        told = {**manifest, "metadata": {OPA_ROOT: {**manifest["metadata"][OPA_ROOT], "layers": layers, **ours}}}
        return refused(save(path, {**files, MANIFEST: json.dumps(told).encode()}))

    company, unit = manifest["metadata"][OPA_ROOT]["layers"]
    for layers in ([unit, company], [company], [company, unit, unit], [company, {**unit, "digest": company["digest"]}]):
        assert told(layers) == wrong
    assert told([company, unit], format=1) == told([]) == "Its .manifest was not written by vatspolicy bundle build."
    assert told([], format=1) == wrong, "an older manifest does not hide them"
    left_out = {name: content for name, content in files.items() if not name.startswith("layers/2")}
    assert refused(save(path, left_out)) == wrong
    moved = {name.replace("layers/2-unit", "layers/3-unit"): content for name, content in files.items()}
    assert refused(save(path, moved)) == wrong
    swapped = {
        name.replace("1-", "x-").replace("2-", "1-").replace("x-", "2-"): content for name, content in files.items()
    }
    assert refused(save(path, swapped)) == wrong
    assert refused(save(path, {**files, "layers/stray.yaml": b"x: 1"})).startswith("It contains 'layers/stray.yaml'")
    edited = {**files, "layers/1-company/company.test.yaml": b"base: {}"}
    assert refused(save(path, edited)) == changed


def refused_bytes(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return refused(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("number", -1, "was not written by vatspolicy bundle build"),
        ("number", True, "was not written by vatspolicy bundle build"),
        ("number", "7", "was not written by vatspolicy bundle build"),
        ("version", None, "was not written by vatspolicy bundle build"),
        ("format", 3, "does not know its format"),
        ("format", 2, "was not written by vatspolicy bundle build"),
        ("layers", [{"folder": "layers/1-x", "digest": "0"}], "was not written by vatspolicy bundle build"),
        ("number", 8, "The revision in its manifest"),
    ],
)
def test_a_manifest_that_says_otherwise(
    bundle_file: BundleFile, tmp_path: Path, key: str, value: Any, message: str
) -> None:
    manifest = json.loads(bundle_file.files[MANIFEST])
    manifest["metadata"]["vatspolicy"][key] = value
    assert message in refused(save(tmp_path / "b.tgz", {**bundle_file.files, MANIFEST: json.dumps(manifest).encode()}))


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{}", b'{"roots": [""], "revision": "x"}', b"[" * 100_000])
def test_manifests_of_others(bundle_file: BundleFile, tmp_path: Path, text: bytes) -> None:
    message = refused(save(tmp_path / "b.tgz", {**bundle_file.files, MANIFEST: text}))
    assert message == "Its .manifest was not written by vatspolicy bundle build."


def test_names_as_opa_writes_them(bundle_file: BundleFile, tmp_path: Path) -> None:
    path = save(tmp_path / "b.tgz", {f"/{name}": content for name, content in bundle_file.files.items()})
    assert read_bundle_file(path).files == bundle_file.files


# --- signatures -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, Path]]:
    """Private and public keys by algorithm; `other` is a second Ed25519 key."""
    folder = tmp_path_factory.mktemp("keys")
    found = {}
    for name, algorithm in (("EdDSA", "EdDSA"), ("ES256", "ES256"), ("other", "EdDSA")):
        secret, public = generate_keys(algorithm)
        (folder / f"{name}.pem").write_text(secret)
        (folder / f"{name}.pub").write_text(public)
        found[name] = (folder / f"{name}.pem", folder / f"{name}.pub")
    return found


def both(keys: dict[str, tuple[Path, Path]], name: str) -> tuple[Key, Key]:
    return read_key(keys[name][0], private=True), read_key(keys[name][1])


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_signed_and_verified(
    bundle_file: BundleFile, keys: dict[str, tuple[Path, Path]], tmp_path: Path, algorithm: str
) -> None:
    secret, public = both(keys, algorithm)
    assert (secret.id, secret.algorithm) == (public.id, algorithm)
    signed = sign(bundle_file, secret)
    again = read_bundle_file(save(tmp_path / "b.tgz", signed.files))
    found = verify(again, public)
    assert found is not None
    assert (found.key, found.algorithm, found.scope) == (secret.id, algorithm, "")
    assert read_claims(again) == found
    assert again.digest == bundle_file.digest  # a signature changes nothing that decides
    equal = pack(sign(again, secret).files) == pack(signed.files)
    assert equal == (algorithm == "EdDSA")  # ECDSA draws a number for each signature


def forged(
    bundle_file: BundleFile, key: Key, algorithm: str = "", head: Mapping[str, Any] | None = None, **claims: Any
) -> BundleFile:
    """The package with a signature of these claims in place of those that `sign` writes; None leaves one out."""
    token = json.loads(sign(bundle_file, key).files[SIGNATURES])["signatures"][0]
    said = jwt.decode(token, options={"verify_signature": False}) | claims
    payload = json.dumps({name: value for name, value in said.items() if value is not None}).encode()
    material: Any = key.material
    made = jwt.api_jws.encode(payload, material, algorithm=algorithm or key.algorithm, headers=dict(head or {}))
    return with_signatures(bundle_file, {"signatures": [made]})


def with_signatures(bundle_file: BundleFile, data: Any) -> BundleFile:
    return replace(bundle_file, files={**bundle_file.files, SIGNATURES: json.dumps(data).encode()})


def entries(bundle_file: BundleFile) -> list[dict[str, str]]:
    return [
        {"name": name, "hash": file_digest(name, content), "algorithm": "SHA-256"}
        for name, content in bundle_file.files.items()
        if name != SIGNATURES
    ]


def test_the_matrix_of_tampering(bundle_file: BundleFile, keys: dict[str, tuple[Path, Path]]) -> None:
    """Everything that could be wrong with a signature, and that each is refused for its own reason."""
    secret, public = both(keys, "EdDSA")
    _, other = both(keys, "other")
    p256, p256_public = both(keys, "ES256")
    good, signed = entries(bundle_file), sign(bundle_file, secret)
    token = json.loads(signed.files[SIGNATURES])["signatures"][0]
    head, body, tail = token.split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    pem = keys["EdDSA"][1].read_bytes()
    hs256 = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    mac = base64.urlsafe_b64encode(hmac.digest(pem, f"{hs256}.{body}".encode(), "sha256")).rstrip(b"=")
    name = "policies/vats-pilot-2024.yaml"
    assert verify(forged(bundle_file, secret, files=good), public)
    not_by = "did not make its signature"
    table: list[tuple[BundleFile, Key | None, str, str]] = [
        (bundle_file, public, "", "It is not signed, so the key"),
        (signed, None, "", "It is signed, but --key is missing"),
        (signed, other, "", not_by),
        (signed, p256_public, "", not_by),
        (sign(bundle_file, p256), public, "", not_by),
        (with_signatures(bundle_file, {"signatures": [f"{none}.{body}."]}), public, "", not_by),
        (with_signatures(bundle_file, {"signatures": [f"{hs256}.{body}.{mac.decode()}"]}), public, "", not_by),
        (with_signatures(bundle_file, {"signatures": [f"{head}.{body}.{tail[:-8]}AAAAAAAA"]}), public, "", not_by),
        (with_signatures(bundle_file, {"signatures": [f"{head}.{body[:-4]}AAAA.{tail}"]}), public, "", not_by),
        (with_signatures(bundle_file, {"signatures": [""]}), public, "", not_by),
        (with_signatures(bundle_file, {"signatures": []}), public, "", "does not contain exactly one signature"),
        (with_signatures(bundle_file, {"signatures": [token, token]}), public, "", "does not contain exactly one signature"),
        (with_signatures(bundle_file, {"signatures": [7]}), public, "", "has an unknown type"),
        (with_signatures(bundle_file, [token]), public, "", "does not contain exactly one signature"),
        (with_signatures(bundle_file, {"signatures": [token], "plugin": "theirs"}), public, "", "has an unknown type"),
        (signed, public, "production", "Its signature has no scope."),
        (sign(bundle_file, secret, "test"), public, "production", "Its signature has another scope."),
        (sign(bundle_file, secret, "production"), public, "", "a scope that was not asked for"),
        (forged(bundle_file, secret, files=good[1:]), public, "", f"does not list {good[0]['name']!r}"),
        (forged(bundle_file, secret, files=[*good, good[3]]), public, "", f"lists {good[3]['name']!r} twice"),
        (forged(bundle_file, secret, files=[*good, {**good[0], "name": "x"}]), public, "", "lists 'x', which is missing"),
        (forged(bundle_file, secret, files=[{**good[0], "hash": "0" * 64}, *good[1:]]), public, "", "differs from the signed file"),
        (forged(bundle_file, secret, files=[{**good[0], "algorithm": "MD5"}, *good[1:]]), public, "", "too weak or unknown"),
        (forged(bundle_file, secret, files=[{**good[0], "algorithm": "MD6"}, *good[1:]]), public, "", "too weak or unknown"),
        (forged(bundle_file, secret, files=[{**good[0], "hash": 7}, *good[1:]]), public, "", "has no valid list of files"),
        (forged(bundle_file, secret, files=None), public, "", "has no valid list of files"),
        (replace(signed, files={**signed.files, name: signed.files[name] + b" "}), public, "", f"{name!r} differs from the signed file"),
        (replace(signed, files={**signed.files, DATA: b"{"}), public, "", "is not JSON"),
        (replace(signed, files={**signed.files, "x": b""}), public, "", "does not list 'x'"),
        (replace(signed, files={n: c for n, c in signed.files.items() if n != name}), public, "", "which is missing"),
    ]  # fmt: skip
    for case, key, scope, message in table:
        with pytest.raises(InvalidInput) as error:
            verify(case, key, scope)
        assert message in error.value.problems[0].message, message
    assert verify(sign(bundle_file, secret, "production"), public, "production")
    assert verify(bundle_file, None) is None


def test_a_signature_may_expire(
    bundle_file: BundleFile, keys: dict[str, tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret, public = both(keys, "EdDSA")
    signed = sign(bundle_file, secret, last_day="2026-12-31")
    midnight = 1_798_732_800  # 2027-01-01 00:00 in China
    expired = r"expired at 2027-01-01T00:00:00\+08:00\. Take a newer bundle into use\.$"
    for moment, message in (
        (0, ""),
        (midnight - 0.001, ""),
        (midnight, expired),
        (midnight + 1e8, expired),
    ):
        monkeypatch.setattr("vatspolicy.bundles.signature.seconds", lambda moment=moment: moment)
        with pytest.raises(InvalidInput, match=message) if message else contextlib.nullcontext():
            assert verify(signed, public) == Signature(public.id, "EdDSA", "", expires=midnight)
    monkeypatch.setattr("vatspolicy.bundles.signature.seconds", lambda: midnight)
    table: list[tuple[dict[str, Any], str]] = [
        ({"exp": midnight + 0.5}, ""),
        ({"exp": 10**400}, ""),
        ({"exp": midnight}, expired),
        ({"exp": midnight - 3600}, r"expired at 2026-12-31T23:00:00\+08:00\."),
        ({"exp": -1e300}, r"expired at"),
        ({"nbf": midnight}, ""),
        ({"nbf": midnight + 1}, r"not valid before 2027-01-01T00:00:01\+08:00\."),
        ({"nbf": 10**400}, r"not valid before 9999-12-31T"),
        ({"nbf": midnight - 60, "exp": midnight + 60}, ""),
        ({"nbf": midnight + 60, "exp": midnight + 90}, "not valid before"),
        ({"exp": "2027"}, "is not a number"),
        ({"exp": True}, "is not a number"),
        ({"exp": math.nan}, "is not a number"),
        ({"exp": math.inf}, "is not a number"),
        ({"nbf": -math.inf}, "is not a number"),
        ({"nbf": [1]}, "is not a number"),
    ]
    for claims, message in table:
        with pytest.raises(InvalidInput, match=message) if message else contextlib.nullcontext():
            assert verify(forged(bundle_file, secret, **claims), public)


def test_the_id_in_a_header_chooses_nothing(bundle_file: BundleFile, keys: dict[str, tuple[Path, Path]]) -> None:
    secret, public = both(keys, "EdDSA")
    found = verify(forged(bundle_file, secret, head={"kid": "somebody"}), public)
    assert found is not None
    assert found.key == public.id


def test_no_byte_of_a_signed_bundle_can_be_changed(
    bundle_file: BundleFile, keys: dict[str, tuple[Path, Path]], tmp_path: Path
) -> None:
    """Each change is refused, or leaves every file as it was (a bit of a time stamp decides nothing)."""
    secret, public = both(keys, "EdDSA")
    signed = sign(bundle_file, secret)
    content = pack(signed.files)
    plain = gzip.decompress(content)
    refusals = 0
    step = 1499 if LONG else 4999
    for place in range(0, len(plain), step):
        changed = plain[:place] + bytes([plain[place] ^ 0x01]) + plain[place + 1 :]
        path = tmp_path / "b.tar"
        path.write_bytes(changed)
        try:
            read = read_bundle_file(path)
            verify(read, public)
        except InvalidInput:
            refusals += 1
        else:
            assert read.files == signed.files, place
    assert refusals > len(plain) / step * 0.9


@pytest.mark.parametrize("form", ["jwk", "public jwk", "pem"])
def test_the_key_of_a_rehearsal_signs_nothing_else(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody has its private part."""
    from cryptography.hazmat.primitives import serialization

    jwk, key = json.loads((ROOT / "release/rehearsal.jwk").read_text(encoding="utf-8")), tmp_path / "key"
    key.write_text(json.dumps(jwk if form == "jwk" else {"kty": "OKP", "crv": "Ed25519", "x": jwk["x"], "kid": "mine"}))
    monkeypatch.setenv("VATSPOLICY_BUILD_REHEARSAL", "1")
    material = read_key(key).verifier
    if form == "pem":
        pem, info = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        key.write_bytes(material.public_bytes(pem, info))  # type: ignore[union-attr]
    assert read_key(key).algorithm == "EdDSA"
    monkeypatch.delenv("VATSPOLICY_BUILD_REHEARSAL")
    with pytest.raises(InvalidInput, match="the example key of RFC 8037"):
        read_key(key)


def test_keys(keys: dict[str, tuple[Path, Path]], tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    secret, public = both(keys, "EdDSA")
    jwk = json.loads(jwt.algorithms.OKPAlgorithm.to_jwk(public.material))  # type: ignore[arg-type]
    named = tmp_path / "named.jwk"
    named.write_text(json.dumps({**jwk, "kid": "release-2026"}))
    assert (read_key(named).id, read_key(named).algorithm) == ("release-2026", "EdDSA")
    plain = tmp_path / "plain.jwk"
    plain.write_text(json.dumps(jwk))
    assert read_key(plain).id == secret.id
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    locked = serialization.BestAvailableEncryption(b"x")
    bad = {
        "rsa": rsa.generate_private_key(65537, 1024).private_bytes(pem, pkcs8, serialization.NoEncryption()),
        "p384": ec.generate_private_key(ec.SECP384R1()).private_bytes(pem, pkcs8, serialization.NoEncryption()),
        "locked": ed25519.Ed25519PrivateKey.generate().private_bytes(pem, pkcs8, locked),
        "text": b"hello",
        "oct": b'{"kty": "oct", "k": "c2VjcmV0", "kid": "x"}',
        "unnamed": json.dumps({"kty": "oct", "k": "c2VjcmV0" * 8}).encode(),
        "hs512": json.dumps({"kty": "oct", "k": "c2VjcmV0" * 8, "kid": "x", "alg": "HS512"}).encode(),
        "alg": json.dumps({**jwk, "alg": "HS256"}).encode(),
        "long": b"x" * 100_000,
        "json": b"{",
    }
    told = {}
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InvalidInput) as error:
            read_key(tmp_path / name)
        told[name] = error.value.problems[0].message
    assert told == {
        "rsa": "The key is too short for RS256.",
        "p384": "This kind of key is not supported.",
        "locked": "The key is locked by a password.",
        "text": "This is not a key.",
        "oct": "The key is too short for HS256.",
        "unnamed": "A secret needs a `kid`: locks and reports refer to it.",
        "hs512": "The key is for another algorithm than HS256.",
        "alg": "The key is for another algorithm than EdDSA.",
        "long": "This is not a key.",
        "json": "This is not a key.",
    }
    with pytest.raises(InvalidInput, match="cannot sign"):
        read_key(keys["EdDSA"][1], private=True)
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_key(tmp_path / "none")


# --- the lock -------------------------------------------------------------------------------------------------------------


def test_the_lock_refuses_older_and_other_bundles(law: Path, copy_of_law: Path, tmp_path: Path) -> None:
    path = tmp_path / "vatspolicy.lock"
    pilot = copy_of_law / "vats-pilot-2024.yaml"
    pilot.write_text(pilot.read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    seven, six, other = build_bundle_file(law, 7), build_bundle_file(law, 6), build_bundle_file(copy_of_law, 7)
    eight = build_bundle_file(copy_of_law, 8)
    lock = pin(path, seven, None)
    assert read_lock(path) == lock
    lock.check(seven)
    for bundle_file, message in (
        (six, "It is older than .* --allow-rollback"),
        (other, "It differs from the bundle"),
        (eight, "It differs from the bundle"),
    ):
        with pytest.raises(InvalidInput, match=message):
            lock.check(bundle_file)
    before = path.read_bytes()
    for bundle_file, message in ((six, "It is older than"), (other, "a different bundle")):
        with pytest.raises(InvalidInput, match=message):
            pin(path, bundle_file, None)
    assert path.read_bytes() == before
    assert pin(path, seven, None) == lock  # again is no change
    assert pin(path, eight, None).number == 8
    assert pin(path, six, None, allow_rollback=True).number == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "A lock must have the keys"),
        ("version: '1'\nnumber: 1\n", "The lock has no 'digest'."),
        ("version: '1'\nnumber: 1\ndigest: sha256:zz\n", "A digest is"),
        ("version: '1'\nnumber: true\ndigest: x\n", "This value is not allowed here."),
        ("version: '1'\nnumber: 1\ndigest: x\nkeys: k\n", "A lock has no key 'keys'."),
    ],
)
def test_a_lock_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "vatspolicy.lock"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput) as error:
        read_lock(path)
    assert error.value.problems[0].message.startswith(message)


# --- on the command line --------------------------------------------------------------------------------------------------


def test_a_bundle_decides_as_its_folder_does(console: Console, law: Path) -> None:
    spec = console.write("spec.yaml", HOSTING)
    (console.folder / "fixtures").mkdir()
    shutil.copytree(law, console.folder / "policies")
    assert console("bundle", "build", "--law", "policies", "--number", "1").code == 0
    commands: list[tuple[str | Path, ...]] = [
        ("check", spec, "-f", "json"),
        ("check", spec, "-f", "sarif"),
        ("routes", spec, "-f", "json"),
        ("timeline", spec, "-f", "json"),
        ("explain", "vats-pilot-2024/pilot-access"),
        ("test", "-r", "pilot"),
        ("matrix", "-f", "json"),
        ("lint",),
        ("ask", spec, "--next", "--json"),
        ("docs", "build", "--check"),
        tuple(f"waive {spec} vats-pilot-2024/x --reason r --approver a --ticket t --until 2026-12-31".split()),
        ("docs", "build", "--check", "--format", "html", "--as-of", "2026-11-24"),
    ]
    folder = [console(*command, "--law", "policies") for command in commands]
    for path in law.iterdir():  # what a bundle says is read out of it, and not from files of the same name
        (console.folder / "policies" / path.name).write_text("nonsense: true\n", encoding="utf-8")
    for command, expected in zip(commands, folder, strict=True):
        ran = console(*command, "--bundle", "bundle.tar.gz")
        named = re.sub(
            '"origin":( ?)"bundle",([^"]*)"name":( ?)"bundle.tar.gz"',
            r'"origin":\1"folder",\2"name":\3"policies"',
            ran.out,
        )
        named = named.replace("bundle bundle.tar.gz", "folder policies")
        assert (ran.code, named, ran.err) == (expected.code, expected.out, expected.err), command
    (console.folder / "rows.jsonl").write_text("{}\n", encoding="utf-8")
    ran = console("screen", "rows.jsonl", "-o", "answers.jsonl", "--bundle", "bundle.tar.gz")
    assert (ran.code, "1 row was rejected" in ran.err) == (3, True), "the law was read, and the row was not accepted"


def test_a_bundle_decides_under_its_own_schemas(console: Console, law: Path, tmp_path: Path) -> None:
    """A service that only the bundle's vocabulary knows."""
    files = dict(SchemaSet.shipped().files)
    data = json.loads(files["profile.schema.json"])
    data["properties"]["product"]["properties"]["color"] = {"type": "string", "title": "Color"}
    files["profile.schema.json"] = json.dumps(data, ensure_ascii=False).encode()
    bundle_file = build_bundle_file(law, 1, schemas=SchemaSet(files))
    save(tmp_path / "bundle.tar.gz", bundle_file.files)
    spec = console.write("spec.yaml", SHOP.replace("title: A shop,", "title: A shop, color: red,"))
    plain = console("check", spec, "--law", law)
    assert (plain.code, "color" in plain.err) == (3, True)
    bundled = console("check", spec, "--bundle", "bundle.tar.gz")
    assert (bundled.code, bundled.err) == (0, "")
    assert console("check", spec, "--law", law).code == 3  # and only for as long as the command runs


def test_the_life_of_a_bundle(console: Console, law: Path) -> None:
    spec = console.write("specs/spec.yaml", SHOP)
    assert console("bundle", "keygen", "release").code == 0
    assert console("bundle", "keygen", "release").code == 2  # never over a key
    assert console("bundle", "build", "--law", law, "--number", "2").code == 0
    unsigned = (console.folder / "bundle.tar.gz").read_bytes()
    assert console("bundle", "verify", "bundle.tar.gz").code == 2
    assert console("bundle", "verify", "bundle.tar.gz", "--key", "release.pub").code == 3
    signed = console("bundle", "sign", "bundle.tar.gz", "--key", "release.pem")
    assert (signed.code, "(EdDSA)" in signed.out) == (0, True)
    assert console("bundle", "sign", "bundle.tar.gz", "--key", "release.pub").code == 3
    verified = console("bundle", "verify", "bundle.tar.gz", "--key", "release.pub")
    assert (verified.code, "signed by" in verified.out, verified.err) == (0, True, "")
    shown = json.loads(console("bundle", "inspect", "bundle.tar.gz", "-f", "json").out)
    assert (shown["signed"], shown["signature"]["verified"], shown["number"]) == (True, False, 2)
    [policy, *_] = shown["policies"]
    written = yaml.safe_load((law / f"{policy['id']}.yaml").read_text("utf-8"))
    assert [rule["id"] for rule in policy["rules"]] == [rule["id"] for rule in written["rules"]]
    assert (policy["since"], policy["version"]) == (str(written["effective"]["from"]), written["version"])
    assert {one["key"]: one["verification"] for one in policy["articles"]} == {
        key: article["verification"] for key, article in written["articles"].items()
    }
    assert all(rule["cite"] and rule["since"] for rule in policy["rules"])
    assert "company.mainland_entity" in {path for rule in policy["rules"] for path in rule["facts"]}
    text = console("bundle", "inspect", "bundle.tar.gz").out
    assert f"rules: {sum(len(one['rules']) for one in shown['policies'])}\n" in text
    assert f"\n{policy['id']} {policy['version']}: {policy['since']} –, {len(policy['rules'])} rules, " in text
    assert "自称，未经验证" in console("bundle", "inspect", "bundle.tar.gz", "--lang", "zh").out
    dated = ("bundle", "sign", "bundle.tar.gz", "--key", "release.pem", "-o", "dated.tar.gz", "--expires")
    assert console(*dated, "9000-12-31").code == 0
    assert ", expires 9001-01-01T00:00:00+08:00" in console("bundle", "inspect", "dated.tar.gz").out
    assert ", expires 9001-" in console("bundle", "verify", "dated.tar.gz", "--key", "release.pub").out
    assert console(*dated, "2020-12-31").code == 0
    old = console("check", spec, "--bundle", "dated.tar.gz", "--key", "release.pub")
    assert (old.code, old.out) == (3, "")
    assert "Its signature expired at 2021-01-01T00:00:00+08:00. Take a newer bundle into use." in old.err
    given = ("check", spec, "--bundle", "bundle.tar.gz")
    assert console(*given).code == 3
    skipped = console(*given, "--skip-verify")
    assert (skipped.code, "not verified" in skipped.err) == (0, True)
    assert console(*given, "--key", "release.pub").code == 0
    assert console(*given, "--key", "release.pub", "--skip-verify").code == 2
    assert console("check", spec, "--law", law, "--bundle", "bundle.tar.gz").code == 2
    assert console("check", spec, "--law", law, "--key", "release.pub").code == 2

    lock = console.folder / "specs" / "vatspolicy.lock"  # beside the spec
    assert console("bundle", "pin", "bundle.tar.gz", "--key", "release.pub", "--lock", lock).code == 0
    assert console(*given, "--key", "release.pub").code == 0
    assert console("bundle", "verify", "bundle.tar.gz", "--lock", lock, "--key", "release.pub").code == 0
    assert console("bundle", "build", "--law", law, "--number", "1", "-o", "old.tar.gz").code == 0
    assert console("bundle", "sign", "old.tar.gz", "--key", "release.pem").code == 0
    old = console("check", spec, "--bundle", "old.tar.gz", "--key", "release.pub")
    assert (old.code, "older than the bundle" in old.err, old.out) == (3, True, "")
    pinned = console("bundle", "pin", "old.tar.gz", "--key", "release.pub", "--lock", lock)
    assert (pinned.code, "--allow-rollback" in pinned.err) == (3, True)
    (console.folder / "bundle.tar.gz").write_bytes(unsigned)  # the pinned law, but no longer signed
    assert console(*given).code == 3

    lock.rename(console.folder / "vatspolicy.lock")  # here
    without = console("check", spec, "--law", law)
    assert (without.code, "but --bundle is missing" in without.err, without.out) == (3, True, "")
    assert console("check", spec, "--bundle", "old.tar.gz", "--key", "release.pub").code == 3


def test_locks_are_found_beside_and_above_every_spec(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    (console.folder / "specs/team/deep").mkdir(parents=True)
    monkeypatch.chdir(console.folder / "specs")
    monkeypatch.chdir(console.folder)
    specs = ["specs/team/deep/a.yaml", "specs/b.yaml", "-"]
    assert find_locks(specs) == []
    for place in (Path(), Path("specs"), Path("specs/team")):
        lock = console.folder / place / "vatspolicy.lock"
        lock.symlink_to("nowhere")  # a link that leads nowhere is a lock that cannot be read
        assert find_locks(specs) == [place / "vatspolicy.lock"]
        assert find_locks([str(console.folder / specs[0]), specs[1]]) == [place / "vatspolicy.lock"]
        lock.unlink()
    (console.folder / "specs/team/deep/vatspolicy.lock").write_text("")
    assert find_locks(["specs/b.yaml"]) == []
    monkeypatch.chdir(console.folder / "specs/team")
    (console.folder / "vatspolicy.lock").write_text("")
    assert find_locks(["deep/a.yaml"]) == [Path("deep/vatspolicy.lock")], "others may write above, outside a repository"
    assert find_locks(["../b.yaml"]) == [console.folder / "vatspolicy.lock"], "unless the spec is outside"


def test_locks_are_found_up_to_the_root_of_the_repository(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """As vatspolicy.toml is; a folder that a commit may hold does not end the search."""
    for place in (".git", "repository/.git", "repository/sub/deep/.hg"):
        (console.folder / place).mkdir(parents=True)
    for place in ("", "repository", "repository/sub"):
        (console.folder / place / "vatspolicy.lock").write_text("")
    monkeypatch.chdir(console.folder / "repository/sub/deep")
    assert find_locks() == [Path("../vatspolicy.lock"), Path("../../vatspolicy.lock")]
    console.write("repository/sub/deep/d.yaml", SHOP)
    for words in (("check", "d.yaml"), ("check", "d.yaml", "--law", "../law")):
        ran = console(*words)
        assert (ran.code, ran.out, "It pins a bundle" in ran.err) == (3, "", True)


DECIDES: tuple[tuple[str, ...], ...] = (
    ("check", "s/a.yaml"),
    ("routes", "s/a.yaml"),
    ("timeline", "s/a.yaml"),
    ("ask", "s/new.yaml", "--next"),
    ("eval", "true", "--spec", "s/a.yaml"),
    ("screen", "s/rows.jsonl", "-o", "out.jsonl"),
    ("matrix",),
    ("mcp",),
    ("serve", "--no-open"),
    ("serve", "--api"),
    ("explain", "company.foreign_percent"),
    ("list", "offers"),
    ("waive", "s/a.yaml", "limits/relay", "--reason", "R", "--until", "2099-01-01", "--approver", "a", "--ticket", "t"),
)


@pytest.mark.parametrize("place", ["", "s/"])
def test_every_command_that_decides_obeys_a_lock(console: Console, law: Path, place: str) -> None:
    console.write("s/a.yaml", SHOP)
    console.write("s/rows.jsonl", "")
    console.write(f"{place}vatspolicy.lock", "version: 1.0.0\n")
    for words in DECIDES:
        if not place or any(word.startswith("s/") for word in words):
            ran = console(*words, "--law", law)
            assert (ran.code, ran.out) == (3, ""), (words, ran.err)
            assert "vatspolicy.lock:1:1: It pins a bundle, but --bundle is missing." in ran.err, words


def test_work_on_policies_obeys_no_lock(console: Console, law: Path) -> None:
    console.write("vatspolicy.lock", "version: 1.0.0\n")
    assert console("lint", "--law", law).code in (0, 1), "it decides nothing"


@pytest.mark.parametrize("argument", ["specs", "specs/*/*.yaml", "specs/**/*.yaml", "specs/team/a.yaml"])
@pytest.mark.parametrize("place", ["", "specs", "specs/team"])
def test_a_lock_without_its_bundle_fails(console: Console, law: Path, argument: str, place: str) -> None:
    console.write("specs/team/a.yaml", SHOP)
    assert console("check", argument, "--law", law).code in (0, 1)
    (console.folder / place / "vatspolicy.lock").symlink_to("nowhere")
    ran = console("check", argument, "--law", law)
    assert (ran.code, ran.out, "but --bundle is missing" in ran.err) == (3, "", True)


@pytest.mark.parametrize("command", ["build", "sign", "verify", "inspect", "pin", "keygen"])
def test_mistakes_are_told_plainly(console: Console, command: str) -> None:
    console.write("hello.tar.gz", "hello")
    arguments = {
        "build": ["--law", "none", "--number", "1"],
        "sign": ["hello.tar.gz", "--key", "none.pem"],
        "verify": ["none.tar.gz", "--skip-verify"],
        "inspect": ["hello.tar.gz"],
        "pin": ["hello.tar.gz"],
        "keygen": ["none/key"],
    }
    ran = console("bundle", command, *arguments[command])
    assert ran.code in (3, 70)
    assert ran.out == ""
    assert ran.err
    assert "Traceback" not in ran.err


def test_without_the_extra_it_says_what_to_install(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console("bundle", "build", "--law", law, "--number", "1")
    console.write("key.pub", "x")
    monkeypatch.setitem(sys.modules, "jwt", None)
    ran = console("bundle", "verify", "bundle.tar.gz", "--key", "key.pub")
    assert ran.code == 3
    assert "pip install '.[sign]'" in ran.err
    ran = console("bundle", "sign", "bundle.tar.gz", "--key", "key.pub")
    assert (ran.code, "pip install '.[sign]'" in ran.err) == (3, True)
    assert (
        console("check", console.write("spec.yaml", SHOP), "--bundle", "bundle.tar.gz").code == 0
    )  # unsigned needs none
