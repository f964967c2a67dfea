"""Every report, record and attestation names the law that decided; a layer never becomes it."""

from __future__ import annotations

import json
import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.layer_builder import write_layer
from tests.support.members import for_each
from tests.support.specs import HOSTING
from vatspolicy.bundles.keys import read_envelope, read_key
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.reports.formats import FORMATS

PERMIT = """
instruments:
  house-permit:
    title: {en: Permit of the house, zh: 公司内部许可}
    authority: [{when: 'true', is: self}]
rules:
  - id: permit
    cite: [art-1]
    each: product
    when: 'true'
    need: {instrument: house-permit}
    message: {en: The company gives a permit., zh: 公司给予许可。}
"""
HELD = ("--set", "company.licenses=[{instrument: house-permit, valid: true}]")


@pytest.fixture
def named(console: Console, law: Path) -> Console:
    """A law in a folder, the same law in a bundle, and a key."""
    console.write("spec.yaml", HOSTING)
    shutil.copytree(law, console.folder / "own/law")
    assert console("bundle", "build", "--law", "own/law", "--number", "7", "-o", "law.tar.gz").code == 0
    console("bundle", "keygen", "gate")
    return console


def of(console: Console, kind: str) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The words that choose a law, and its name."""
    digest = load_bundle(console.folder / "own/law").digest
    name = {"folder": "own/law", "bundle": "law.tar.gz"}[kind]
    words = {"folder": ("--law", "own/law"), "bundle": ("--bundle", "law.tar.gz", "--skip-verify")}[kind]
    version = load_bundle(console.folder / "own/law").version
    return words, {"origin": kind, "name": name, "version": version, "digest": digest}


def texts(file: Path) -> str:
    """What a report says, in one line and without markup."""
    text = file.read_text(encoding="utf-8")
    return " ".join(unescape(re.sub("<[^>]+>", " ", text) if file.suffix != ".xml" else text).replace("\\", "").split())


@for_each(["folder", "bundle"], FORMATS)
def test_every_format_of_a_decision_names_the_law(kind: str, format: str, named: Console) -> None:
    words, law = of(named, kind)
    named("check", "spec.yaml", *words, "--no-fail", "-o", f"{format}=report.{'xml' if format == 'junit' else format}")
    text = texts(named.folder / f"report.{'xml' if format == 'junit' else format}")
    if format in ("json", "sarif"):
        assert all(f'"{key}":"{value}"' in text.replace('": "', '":"') for key, value in law.items()), text[:2000]
    else:
        assert f"{kind} {law['name']} {law['version']}" in text
        assert law["digest"][:12] in text


@pytest.mark.parametrize("kind", ["folder", "bundle"])
@pytest.mark.parametrize("extent", ["--quiet", "--summary", "--details"])
def test_every_extent_of_the_text_names_the_law(named: Console, kind: str, extent: str) -> None:
    words, law = of(named, kind)
    text = " ".join(named("check", "spec.yaml", *words, extent, "--no-fail").out.split())
    assert f"law: {kind} {law['name']} {law['version']} (SHA-256 {law['digest'][:12]})" in text


@pytest.mark.parametrize("kind", ["folder", "bundle"])
def test_other_commands_name_the_law(named: Console, kind: str) -> None:
    words, law = of(named, kind)
    for command in (("routes", "spec.yaml"), ("timeline", "spec.yaml"), ("matrix",)):
        for format in ("text", "markdown", "html", "json"):
            text = named(*command, *words, "-f", format).out
            text = " ".join(unescape(re.sub("<[^>]+>", " ", text)).replace("\\", "").split())
            found = f'"name": "{law["name"]}"' if format == "json" else f"{kind} {law['name']} {law['version']}"
            assert found in text, (command, format)
            assert law["digest"][:12] in text
    named.write("rows.jsonl", json.dumps({"schema": 2, "product": {"id": "p"}, "company": {}, "services": []}))
    screen = ("screen", "rows.jsonl", "-o", "out.jsonl", *words)
    assert json.loads(named(*screen, "-f", "json").out)["laws"] == [law]
    shutil.rmtree(named.folder / "out.jsonl.parts", ignore_errors=True)
    (named.folder / "out.jsonl").unlink(missing_ok=True)
    assert named(*screen).out.startswith(f"law: {kind} {law['name']}")


@pytest.mark.parametrize("kind", ["folder", "bundle"])
def test_every_record_names_the_law(named: Console, kind: str) -> None:
    words, law = of(named, kind)
    records = ("--attest", "a.jsonl", "--sign-key", "gate.pem", "--log", "d.log")
    assert named("check", "spec.yaml", *words, "--no-fail", *records).code == 0
    key = read_key(named.folder / "gate.pub")
    logged = json.loads((named.folder / "d.log").read_bytes())
    assert {key: logged["result"]["bundle"][key] for key in law} == law
    envelope = read_envelope(json.loads((named.folder / "a.jsonl").read_bytes()), "application/vnd.in-toto+json")
    assert envelope.is_signed_by(key)
    said, digest = (envelope.data["predicate"][key] for key in ("law", "policy"))
    named_law = said["origin"], said["name"], said["version"], digest["digest"]["vatspolicyPolicies"]
    assert named_law == tuple(law.values())


def test_the_shipped_law_is_named_in_a_word(named: Console) -> None:
    version = load_bundle().version
    assert f"shipped law {version}" in named("check", "spec.yaml", "--no-fail").out
    assert "law:" not in named("check", "spec.yaml", "--no-fail", "--quiet").out
    said = json.loads(named("check", "spec.yaml", "--no-fail", "-f", "json").out)["decisions"][0]["bundle"]
    assert (said["origin"], said["name"]) == ("shipped", None)


@pytest.mark.parametrize("words", [("-p", "company"), ("--bundle", "law.tar.gz", "--skip-verify", "-p", "company")])
def test_a_layer_that_gains_what_a_base_has_is_refused(named: Console, law: Path, words: tuple[str, ...]) -> None:
    write_layer(named.folder / "company", "company", company=PERMIT)
    assert named("check", "spec.yaml", *words).code in (0, 1, 4)
    shutil.copy(law / "bundle.yaml", named.folder / "company")
    ran = named("check", "spec.yaml", *words)
    assert (ran.code, ran.out) == (3, "")
    assert (
        "company/bundle.yaml:1:1: This folder contains both layer.yaml and bundle.yaml, so it is not a layer."
        in ran.err
    )
    named.write("vatspolicy.toml", 'policies = ["company"]\n')
    assert named("check", "spec.yaml").code == 3
    assert named("routes", "spec.yaml").code == 3


def test_a_base_has_one_release(named: Console) -> None:
    """A second bundle.yaml in a folder below would state what the law covers."""
    (named.folder / "own/law/deep").mkdir()
    (named.folder / "own/law/deep/bundle.yaml").write_text("version: 9.9.9\ncovers: {from: '1990-01-01'}\n")
    ran = named("check", "spec.yaml", "--law", "own/law")
    assert (ran.code, "The base has a different bundle.yaml" in ran.err) == (3, True)


@pytest.mark.parametrize("bundled", [False, True], ids=["folder", "bundle"])
def test_a_spec_holds_what_a_layer_establishes(named: Console, bundled: bool) -> None:
    """The instruments that a spec may state follow from the policies of the law, its layers included."""
    write_layer(named.folder / "company", "company", company=PERMIT)
    words: tuple[str, ...] = ("-p", "company")
    if bundled:
        assert named("bundle", "build", *words, "--number", "1", "-o", "layered.tar.gz").code == 0
        words = ("--bundle", "layered.tar.gz", "--skip-verify")

    def needs(*more: str) -> list[str]:
        ran = named("check", "spec.yaml", *words, *more, "--no-fail", "-f", "json", "--details")
        assert ran.code == 0, ran.err
        [record] = json.loads(ran.out)["decisions"]
        return [one["rule"] for one in (*record["needs"], *record["would_need"])]

    assert "company/permit" in needs()
    assert "company/permit" not in needs(*HELD)
    wrong = named("check", "spec.yaml", *words, "--set", "company.licenses=[{instrument: hous-permit, valid: true}]")
    assert (wrong.code, "Did you mean 'house-permit'?" in wrong.err) == (3, True)
    assert named("check", "spec.yaml", *HELD).code == 3, "without the layer nobody establishes it"
    assert "Permit of the house" in named("list", "instruments", "house", *words).out
