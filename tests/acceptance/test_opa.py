"""The real OPA engine on our bundles: it checks the signature, hashes the files and reads the law.

No release of the engine's Python bindings names the older Pythons that it runs on, so that no extra can ask for it; `make
test` installs it where it can. OPA's own loader of bundles is not in the bindings: names and layout are tested by its
documentation (tests/bundles/test_bundle_file.py).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vatspolicy.bundles.bundle_file import DATA, MANIFEST, SIGNATURES, BundleFile, build_bundle_file
from vatspolicy.bundles.keys import generate_keys, read_key
from vatspolicy.bundles.signature import file_digest, sign

opa_bindings = pytest.importorskip("opa_bindings", reason="the bindings of the OPA engine are not installed")

REGO = """
package check

verified_eddsa if io.jwt.verify_eddsa(input.token, input.key)
verified_es256 if io.jwt.verify_es256(input.token, input.key)
claims := io.jwt.decode(input.token)[1]
wrong contains file.name if {
    some file in claims.files
    crypto.sha256(input.contents[file.name]) != file.hash
}
names contains file.name if some file in claims.files
pilot := data.vatspolicy.policies["vats-pilot-2024"]
versions[id] := policy.version if some id, policy in data.vatspolicy.policies
"""


@pytest.fixture
def bundle_file(law: Path) -> BundleFile:
    return build_bundle_file(law, 7)


def engine(bundle_file: BundleFile) -> Any:
    made = opa_bindings.OpaEngine()
    made.add_policy("check.rego", REGO)
    made.add_data(json.loads(bundle_file.files[DATA]), path=DATA.rpartition("/")[0])
    return made


@pytest.mark.parametrize(("algorithm", "rule"), [("EdDSA", "verified_eddsa"), ("ES256", "verified_es256")])
def test_opa_verifies_the_token_and_every_digest(
    bundle_file: BundleFile, tmp_path: Path, algorithm: str, rule: str
) -> None:
    secret, public = generate_keys(algorithm)
    (tmp_path / "key.pem").write_text(secret)
    _, stranger = generate_keys(algorithm)
    signed = sign(bundle_file, read_key(tmp_path / "key.pem", private=True))
    token = json.loads(signed.files[SIGNATURES])["signatures"][0]
    structured = {MANIFEST, DATA}
    contents = {
        name: json.dumps(json.loads(content), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if name in structured
        else content.decode()
        for name, content in signed.files.items()
        if name != SIGNATURES
    }
    head, body, tail = token.split(".")
    with engine(signed) as opa:
        given = {"token": token, "key": public, "contents": contents}
        assert opa.eval_document(f"check.{rule}", given) is True
        assert opa.eval_document("check.wrong", given) == []
        assert sorted(opa.eval_document("check.names", given)) == sorted(contents)
        for bad in ({"key": stranger}, {"token": f"{head}.{body}.{tail[:-6]}AAAAAA"}):
            with pytest.raises(opa_bindings.OpaUndefinedError):
                opa.eval_document(f"check.{rule}", {**given, **bad})
        changed = {**contents, "policies/bundle.yaml": "version: 9\n"}
        assert opa.eval_document("check.wrong", {**given, "contents": changed}) == ["policies/bundle.yaml"]


def test_opa_reads_the_law(bundle_file: BundleFile, law: Path) -> None:
    with engine(bundle_file) as opa:
        pilot = opa.eval_document("check.pilot", {})
        assert pilot == json.loads(bundle_file.files[DATA])["policies"]["vats-pilot-2024"]
        assert pilot["rules"][0]["id"] == "pilot-access"
        versions = opa.eval_document("check.versions", {})
    assert sorted(versions) == sorted(
        path.stem for path in law.iterdir() if path.name != "bundle.yaml" and ".test." not in path.name
    )


def test_opa_encodes_data_as_the_digest_does() -> None:
    """json.marshal is the encoder behind the structured digest, but for signs of HTML."""
    data = {
        "breaks": "\u2028\u2029",
        "b": [1, 1.5, None, True],
        "é": '深圳  \x01\x7f\b\f\n\t"\\/',
        "a": {"z": "α", "A": ""},
    }
    with opa_bindings.OpaEngine() as opa:
        opa.add_policy("m.rego", "package m\n\ndigest := crypto.sha256(json.marshal(input))\n")
        assert opa.eval_document("m.digest", data) == file_digest("data.json", json.dumps(data).encode())
