"""Sigstore with a client that others wrote in another language: cosign signs and verifies, as it does in a workflow."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.support.console import Console
from tests.support.law_builder import bundle_of
from tests.support.layer_builder import LAW
from tests.support.programs import require_program
from tests.support.sigstore_authority import IDENTITY, ISSUER, MOMENT, Authority
from tests.support.sigstore_services import make_token, run_services

pytest.importorskip("sigstore")
PROOF = "bundle.tar.gz.sigstore.json"


@pytest.fixture(scope="module", autouse=True)
def _cosign() -> None:
    require_program("cosign")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def project(console: Console, authority: Authority) -> Console:
    """A bundle, the trust root of our Sigstore, and a policy about who signs."""
    bundle_of(console.folder / "policies", **LAW)
    assert console("bundle", "build", "--law", "policies", "--number", "7").code == 0
    console.write("trusted_root.json", authority.trusted_root())
    write_policy(console)
    return console


def write_policy(console: Console, identity: str = IDENTITY, issuer: str = ISSUER) -> None:
    data = {"trusted_root": "trusted_root.json", "issuer": issuer, "identity": identity}
    console.write("signer.json", json.dumps(data))


def cosign(console: Console, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run cosign in a home of its own, where it finds no trust root but those that it is given."""
    env = {"PATH": os.environ["PATH"], "HOME": str(console.folder), **variables}
    return subprocess.run(
        ["cosign", *arguments], cwd=console.folder, env=env, capture_output=True, text=True, check=False, timeout=60
    )


def sign(console: Console, authority: Authority, *options: str) -> None:
    """Sign the bundle with cosign, as a workflow of CI does, by services of our own."""
    for name, key in (("ct", authority.ct), ("rekor", authority.rekor)):
        public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        console.write(f"{name}.pem", public.decode())
    console.write("ca.pem", authority.root.public_bytes(Encoding.PEM).decode())
    keys = {"SIGSTORE_CT_LOG_PUBLIC_KEY_FILE": "ct.pem", "SIGSTORE_REKOR_PUBLIC_KEY": "rekor.pem"}
    with run_services(authority) as url:
        services = ("--fulcio-url", url, "--rekor-url", url, "--identity-token", make_token(IDENTITY, ISSUER))
        ran = cosign(
            console, "sign-blob", "--yes", *options, "--bundle", PROOF, *services, "bundle.tar.gz",
            SIGSTORE_ROOT_FILE="ca.pem", **keys,
        )  # fmt: skip
    assert ran.returncode == 0, ran.stderr


def takes(console: Console, identity: str = IDENTITY, issuer: str = ISSUER) -> tuple[bool, bool]:
    """Whether cosign takes the bundle as signed by an identity, and whether vatspolicy does."""
    root = ("--new-bundle-format", "--trusted-root", "trusted_root.json", "--bundle", PROOF)
    who = ("--certificate-identity", identity, "--certificate-oidc-issuer", issuer)
    theirs = cosign(console, "verify-blob", "--offline", *root, *who, "bundle.tar.gz")
    assert theirs.returncode in (0, 1)
    assert ("Verified OK" in theirs.stderr) == (theirs.returncode == 0), theirs.stderr
    write_policy(console, identity, issuer)
    ours = console("bundle", "verify", "bundle.tar.gz", "--key", "signer.json")
    assert ours.code in (0, 3), ours.err
    return theirs.returncode == 0, ours.code == 0


def test_what_cosign_signs_is_taken(project: Console, authority: Authority) -> None:
    sign(project, authority, "--new-bundle-format")
    assert takes(project) == (True, True)
    assert takes(project, identity=IDENTITY + "x") == (False, False)
    assert project("bundle", "build", "--law", "policies", "--number", "8", "-o", "bundle.tar.gz").code == 0
    assert takes(project) == (False, False), "another file"


def test_the_old_format_of_cosign_is_refused_by_name(project: Console, authority: Authority) -> None:
    sign(project, authority)
    ran = project("bundle", "verify", "bundle.tar.gz", "--key", "signer.json")
    assert (ran.code, f"{PROOF} is in the old format of cosign" in ran.err) == (3, True)
    assert "--new-bundle-format" in ran.err


def test_cosign_and_vatspolicy_take_and_refuse_alike(project: Console, authority: Authority) -> None:
    content = (project.folder / "bundle.tar.gz").read_bytes()
    good = authority.sign(content)
    material, message = good["verificationMaterial"], good["messageSignature"]
    entry, other = material["tlogEntries"][0], Authority()
    mixed = {
        name: Authority(**{**{one: getattr(authority, one) for one in ("ca", "ct", "rekor")}, name: other.ca})
        for name in ("ca", "ct", "rekor")
    }

    def changed(**fields: Any) -> dict[str, Any]:
        return {**good, "verificationMaterial": {**material, "tlogEntries": [{**entry, **fields}]}}

    proofs: dict[str, tuple[dict[str, Any], bool]] = {
        "as it was signed": (good, True),
        "another file": (authority.sign(b"another"), False),
        "the signature of another file": (
            {**good, "messageSignature": authority.sign(b"x")["messageSignature"]},
            False,
        ),
        "another signature": ({**good, "messageSignature": {**message, "signature": "AAAA"}}, False),
        "another authority": (other.sign(content), False),
        "no entry": ({**good, "verificationMaterial": {**material, "tlogEntries": []}}, False),
        "another time": (changed(integratedTime=str(int(entry["integratedTime"]) + 1)), False),
        "an entry of another file": (changed(**authority.sign(b"x")["verificationMaterial"]["tlogEntries"][0]), False),
        "after the certificate": (authority.sign(content, moment=MOMENT + datetime.timedelta(hours=1)), False),
        **{f"another {name}": (one.sign(content), False) for name, one in mixed.items()},
    }
    for name, (proof, taken) in proofs.items():
        project.write(PROOF, json.dumps(proof))
        assert takes(project) == (taken, taken), name
    project.write(PROOF, json.dumps(good))
    assert takes(project, issuer=ISSUER + "/") == (False, False)
    for kind in ("certificateAuthorities", "ctlogs", "tlogs"):
        root = json.loads(authority.trusted_root())
        for span, taken in (({"start": "2026-06-01T00:00:00Z"}, False), ({"start": "2020-01-01T00:00:00Z"}, True)):
            root[kind][0].get("publicKey", root[kind][0])["validFor"] = span
            project.write("trusted_root.json", json.dumps(root))
            assert takes(project) == (taken, taken), (kind, span)
