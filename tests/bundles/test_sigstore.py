"""Keyless signatures: a Sigstore bundle proves who signed, by a trust root that is given, without a network."""

from __future__ import annotations

import datetime
import json
import shutil
import socket
import sys
from typing import Any, NoReturn

import pytest

from tests.support.console import Console
from tests.support.law_builder import bundle_of
from tests.support.layer_builder import LAW
from tests.support.sigstore_authority import IDENTITY, ISSUER, MOMENT, REPOSITORY, Authority
from tests.support.specs import SHOP
from vatspolicy.bundles.lockfile import read_lock

pytest.importorskip("sigstore")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def project(console: Console, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A bundle with its Sigstore bundle, a trust root, and policies by identity and by repository; no network."""

    def refuse(*_: Any) -> NoReturn:
        raise AssertionError("nothing is fetched")

    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    console.write("shop.yaml", SHOP)
    bundle_of(console.folder / "policies", **LAW)
    assert console("bundle", "build", "--law", "policies", "--number", "7").code == 0
    sign(console, authority)
    console.write("trust/trusted_root.json", authority.trusted_root())
    write_policy(console, "signer.json", identity=IDENTITY)
    write_policy(console, "repository.json", repository=REPOSITORY)
    return console


def write_policy(console: Console, name: str, **fields: Any) -> None:
    data = {"trusted_root": "trust/trusted_root.json", "issuer": ISSUER, **fields}
    console.write(name, json.dumps({key: value for key, value in data.items() if value is not None}))


def sign(console: Console, authority: Authority, **more: Any) -> dict[str, Any]:
    made = authority.sign((console.folder / "bundle.tar.gz").read_bytes(), **more)
    console.write("bundle.tar.gz.sigstore.json", json.dumps(made))
    return made


def refused(console: Console, key: str = "signer.json") -> str:
    ran = console("bundle", "verify", "bundle.tar.gz", "--key", key)
    assert (ran.code, ran.out) == (3, ""), ran.out
    return ran.err


@pytest.mark.parametrize("policy", ["signer.json", "repository.json"])
def test_a_bundle_is_used_by_whom_the_policy_names(project: Console, policy: str) -> None:
    ran = project("bundle", "verify", "bundle.tar.gz", "--key", policy)
    assert (ran.code, ran.err, "(sigstore)" in ran.out) == (0, "", True)
    assert project("check", "shop.yaml", "--bundle", "bundle.tar.gz", "--key", policy, "--no-fail").code == 0
    assert project("bundle", "pin", "bundle.tar.gz", "--key", policy).code == 0
    assert read_lock(project.folder / "vatspolicy.lock").key == (IDENTITY if policy == "signer.json" else REPOSITORY)
    assert project("check", "shop.yaml", "--bundle", "bundle.tar.gz", "--key", policy, "--no-fail").code == 0


def test_the_lock_pins_the_signer(project: Console) -> None:
    assert project("bundle", "pin", "bundle.tar.gz", "--key", "signer.json").code == 0
    ran = project("check", "shop.yaml", "--bundle", "bundle.tar.gz", "--key", "repository.json", "--no-fail")
    assert (ran.code, "pins a bundle signed by" in ran.err) == (3, True)


def test_what_does_not_prove_it_is_refused(project: Console, authority: Authority) -> None:
    good = sign(project, authority)
    not_proved = "does not prove"
    for fields in ({"identity": IDENTITY + "x"}, {"issuer": "https://other.example.org", "identity": IDENTITY},
                   {"repository": REPOSITORY + "x"}, {"issuer": ISSUER + "/", "repository": REPOSITORY}):  # fmt: skip
        write_policy(project, "other.json", **fields)
        assert not_proved in refused(project, "other.json"), fields
    sign(project, Authority())
    assert not_proved in refused(project), "another authority"
    sign(project, authority, moment=MOMENT + datetime.timedelta(hours=1))
    assert not_proved in refused(project), "signed after the certificate ended"
    for name in ("ca", "ct", "rekor"):
        mixed = Authority(**{**{one: getattr(authority, one) for one in ("ca", "ct", "rekor")}, name: Authority().ca})
        sign(project, mixed)
        assert not_proved in refused(project), name
    entry = good["verificationMaterial"]["tlogEntries"][0]
    changes: list[Any] = [
        {**good, "messageSignature": {**good["messageSignature"], "signature": "AAAA"}},
        {**good, "verificationMaterial": {**good["verificationMaterial"], "tlogEntries": []}},
        {**good, "verificationMaterial": {**good["verificationMaterial"], "tlogEntries": [{**entry, "integratedTime": "1"}]}},
        {**good, "verificationMaterial": {**good["verificationMaterial"], "tlogEntries": [{**entry, "inclusionProof": None}]}},
        {},
        [],
    ]  # fmt: skip
    for changed in changes:
        project.write("bundle.tar.gz.sigstore.json", json.dumps(changed))
        assert not_proved in refused(project)
    project.write("bundle.tar.gz.sigstore.json", "hello")
    assert not_proved in refused(project)
    (project.folder / "bundle.tar.gz.sigstore.json").unlink()
    assert "bundle.tar.gz.sigstore.json cannot be read" in refused(project)


@pytest.mark.parametrize("name", ["certificateAuthorities", "ctlogs", "tlogs"])
def test_an_authority_or_log_counts_in_its_time(project: Console, authority: Authority, name: str) -> None:
    start = "2020-01-01T00:00:00Z"
    for span, counts in (
        ({"start": start, "end": "2026-06-01T00:00:00Z"}, True),
        ({"start": start, "end": "2026-01-01T00:00:00Z"}, False),
        ({"start": "2026-06-01T00:00:00Z"}, False),
    ):
        root = json.loads(authority.trusted_root())
        root[name][0].get("publicKey", root[name][0])["validFor"] = span
        project.write("trust/trusted_root.json", json.dumps(root))
        assert (project("bundle", "verify", "bundle.tar.gz", "--key", "signer.json").code == 0) is counts, span


def test_a_bundle_that_was_changed_is_refused(project: Console) -> None:
    assert project("bundle", "build", "--law", "policies", "--number", "8", "-o", "bundle.tar.gz").code == 0
    assert "does not prove" in refused(project)
    assert project("check", "shop.yaml", "--bundle", "bundle.tar.gz", "--key", "signer.json").code == 3


def test_policies_and_roots_that_cannot_be_used(project: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    for fields in ({}, {"identity": IDENTITY, "repository": REPOSITORY}, {"identity": 7}, {"identity": ""},
                   {"identity": IDENTITY, "more": "x"}, {"identity": IDENTITY, "issuer": None}):  # fmt: skip
        write_policy(project, "wrong.json", **fields)
        assert "not a signer policy" in refused(project, "wrong.json")
    for text in ("{}", "hello", '{"tlogs": []}'):
        project.write("trust/trusted_root.json", text)
        assert "trust root cannot be used" in refused(project)
    shutil.rmtree(project.folder / "trust")
    assert "trusted_root.json cannot be read" in refused(project)
    ran = project("bundle", "verify", "bundle.tar.gz", "--key", "signer.json", "--scope", "x")
    assert (ran.code, "no scope" in ran.err) == (3, True)
    project.write("trust/trusted_root.json", "{}")
    monkeypatch.setitem(sys.modules, "sigstore.models", None)
    assert "pip install '.[sigstore]'" in refused(project)
