"""Inputs that fuzzers begin with, and the law and the decision that they are about."""

from __future__ import annotations

import functools
import gzip
import json
from pathlib import Path
from typing import Any

import yaml

from tests.support.fuzz_archives import describe, pack_tar, signing_key
from tests.support.law_builder import rule
from tests.support.layer_builder import DENIAL, write_layer
from tests.support.shipped import BAD, policy_file
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.bundles.bundle_file import build_bundle_file
from vatspolicy.bundles.signature import sign
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.result import Record
from vatspolicy.core.policies.bundle import Bundle, build_bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.waivers.fingerprint import fingerprint

BASE = BAD / "base"
PARTS = ("bundle", "definitions", "telecom-regulations", "telecom-catalog", "catalog-readings", "vats-pilot-2024")
MENDED = b"mended\n"
"""Beginning of an archive whose headers get right checksums before it is read."""


@functools.cache
def small_law() -> Bundle:
    """A part of the law."""
    return build_bundle([(f"{name}.yaml", policy_file(name).read_bytes()) for name in PARTS])


@functools.cache
def decided() -> tuple[Profile, Decision, Record]:
    """A product with findings, which waivers and a baseline may set aside."""
    profile = load_profile(yaml.safe_load(HOSTING))
    decision, record = Gate(small_law(), TODAY, None, True).decide(profile)
    return profile, decision, record


def make_archives() -> list[bytes]:
    small = pack_tar([("policies/a.yaml", b"id: a\n"), ("b", b""), ("long/" * 30 + "name", b"")])
    return [small, MENDED + small, gzip.compress(small, mtime=0)]


def make_bundles(folder: Path) -> list[bytes]:
    """A bundle, one with two layers, and one that is signed."""
    group = "rules:\n" + rule("group", "service", 'service.audience == "own-group"', DENIAL)
    layers = [write_layer(folder / name, name, **{name: group}) for name in ("company", "unit")]
    plain, layered = build_bundle_file(BASE, 1), build_bundle_file(BASE, 1, layers=layers)
    return [describe(one.files) for one in (plain, layered, sign(plain, signing_key()))]


def make_requests() -> list[bytes]:
    """A request to each address."""
    profile = yaml.safe_load(SHOP)
    day = {"as_of": "2027-05-01"}
    bodies: dict[str, Any] = {
        "v1/data/vatspolicy/decision": {"input": profile, **day},
        "v1/data/vatspolicy/decision?detail=full": {"input": profile},
        "v1/batch/data/vatspolicy/decision": {"inputs": {"a": profile, "b": {}}, **day},
        "v1/compile": {},
    }  # fmt: skip
    pages = (
        "health?bundles", "v1/policies", "v1/policies/regulations?as_of=2027-05-01", "v1/status", "v1/config", "v1/data",
        "metrics",
    )  # fmt: skip
    posts = [f"POST /{path}\ncontent-type: application/json\n\n{json.dumps(body)}" for path, body in bodies.items()]
    return [one.encode() for one in [*posts, *(f"GET /{path}\nauthorization: Bearer x\n\n" for path in pages)]]


APPROVERS = "schema: 1\nmax_days: 300\napprovers: [{name: a@example.com, rules: ['*/*']}]\n"


def make_waivers() -> list[bytes]:
    """A waiver and a baseline of every finding, approvers, and an opinion that is granted."""
    profile, decision, _ = decided()
    days = {"granted": TODAY, "expiry": "2027-02-01"}
    common = {"reason": "A pilot.", "approver": "a@example.com", "ticket": "T-1", **days}
    waivers, entries = [], []
    for finding in (*decision.denials, *decision.needs):
        name, print_ = finding.rule.name, fingerprint(small_law(), profile, decision.as_of, finding)
        scope = {"product": "hosting", "fingerprint": print_}
        waivers.append({"rule": name, "scope": scope, **common})
        entries.append({**scope, "rule": name, "since": TODAY})
    baseline = {"schema": 1, "written": TODAY, "until": "2027-02-01", "findings": entries}
    opinion = {"about": "class", "service": "hosting", "classes": [], "by": "counsel", "date": TODAY}
    opinions = [{"opinion": opinion, "scope": waivers[-1]["scope"], **common}]
    files = ({"schema": 1, "waivers": waivers}, baseline, {"schema": 1, "opinions": opinions})
    found = [yaml.safe_dump(one).encode() for one in files]
    return [*found, APPROVERS.encode()]


EXPRESSIONS = (
    'data.ciio == true && services.exists(s, "data-center" in s.offers)',
    "company.foreign_percent > 50.0 || !term.t",
    'sets.intersects(service.offers, ["saas", "cdn"]) && !sets.contains(["news"], service.offers)',
    "services.all(s, s.id.matches('^a{1,9}b*$')) && size(services) >= 2",
    "company.name.startsWith(\"'); __import__('os') #\")",
)
