"""Layers on the command line: which folders they are, what the reports say of them, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule, write_policy
from tests.support.layer_builder import overriding, write_layer
from tests.support.members import for_each
from tests.support.specs import HOSTING
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.reports.formats import FORMATS

DENIAL = "deny: {reason: HOSTED-ABROAD}"
CLOSED = "rules:\n" + rule("closed", "product", "true", DENIAL)
OPENED = "rules:\n" + overriding("company/closed", rule("opened", "product", "false", DENIAL))
ALLOWED = ("company/closed",)


@pytest.fixture
def stacked(console: Console, law: Path) -> Console:
    """A spec, a layer that denies everything and allows it to be loosened, and a layer that does so."""
    console.write("spec.yaml", HOSTING)
    (console.folder / "law").symlink_to(law)
    write_layer(console.folder / "company", "company", ALLOWED, company=CLOSED)
    write_layer(console.folder / "unit", "unit", unit=OPENED)
    return console


def denials(console: Console, *words: str) -> list[tuple[str, str | None]]:
    report = json.loads(console("check", "spec.yaml", *words, "-f", "json").out)
    return [(one["rule"], one.get("layer")) for one in report["decisions"][0]["denials"]]


def test_the_first_folder_is_the_base_and_the_others_are_layers(stacked: Console) -> None:
    assert denials(stacked, "--law", "law") == []
    assert denials(stacked, "--law", "law", "-p", "company") == [("company/closed", "company")]
    assert denials(stacked, "--law", "law", "-p", "company", "-p", "unit") == []
    assert stacked("check", "spec.yaml", "--law", "law", "-p", "company").code == 1
    assert stacked("check", "spec.yaml", "--law", "law", "-p", "unit").code == 3, "its rule overrides nothing below"


def test_a_layer_alone_stands_above_the_shipped_law(stacked: Console) -> None:
    listed = json.loads(stacked("check", "spec.yaml", "-p", "company", "-f", "json").out)
    [shipped, company] = listed["decisions"][0]["bundle"]["layers"]
    assert (shipped["name"], shipped["digest"]) == ("law", load_bundle().digest)
    assert (company["name"], company["title"], company["owner"]) == ("company", "Layer company", "company office")


def test_the_file_of_settings_and_a_variable_name_layers(stacked: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    stacked.write("vatspolicy.toml", 'law = "law"\npolicies = ["company"]\n')
    assert denials(stacked) == [("company/closed", "company")]
    shown = json.loads(stacked("check", "--show-config", "-f", "json").out)["settings"]
    assert [one["value"] for one in shown if one["key"] in ("law", "policies")] == ["law", ["company"]]
    stacked.write("vatspolicy.toml", "")
    (stacked.folder / "of the company").symlink_to(stacked.folder / "company")
    monkeypatch.setenv("VATSPOLICY_LAW", "law")
    monkeypatch.setenv("VATSPOLICY_POLICIES", "of the company")
    assert denials(stacked) == [("company/closed", "company")]


@pytest.mark.parametrize(
    ("folders", "code", "message"),
    [
        (("company", "company"), 2, "A folder appears twice."),
        (("company", "law"), 3, "The layer has no layer.yaml. With --law, choose a folder that contains bundle.yaml."),
        (("law",), 3, "The layer has no layer.yaml. With --law, choose a folder that contains bundle.yaml."),
        (("nowhere",), 3, "This layer does not exist."),
        (("empty",), 3, "The layer has no layer.yaml."),
        (("company", "bare"), 3, "layer.yaml:1:1"),
        (("company", "twin"), 3, "Another layer has the same name."),
        (
            ("both",),
            3,
            "both/bundle.yaml:1:1: This folder contains both layer.yaml and bundle.yaml, so it is not a layer.",
        ),
    ],
)
def test_what_is_no_stack_is_refused(stacked: Console, folders: tuple[str, ...], code: int, message: str) -> None:
    (stacked.folder / "empty").mkdir()
    write_layer(stacked.folder / "twin", "company", twin=OPENED)
    write_layer(stacked.folder / "both", "both", both=OPENED)
    shutil.copy(stacked.folder / "law/bundle.yaml", stacked.folder / "both")
    stacked.write("bare/layer.yaml", "")
    ran = stacked("check", "spec.yaml", "--law", "law", *(word for folder in folders for word in ("-p", folder)))
    assert (ran.code, ran.out) == (code, "")
    assert message in ran.err


# --- reports ----------------------------------------------------------------------------------------------------------


def report(console: Console, format: str, *words: str) -> str:
    return console("check", "spec.yaml", *words, "-f", format, "--details").out


@for_each(FORMATS)
def test_with_the_base_alone_no_report_speaks_of_layers(format: str, stacked: Console) -> None:
    text = report(stacked, format, "--law", "law").lower()
    assert "layer" not in text.replace("layer-", "")
    assert "rules above the law" not in text


@for_each(FORMATS)
def test_every_report_tells_what_is_replaced_and_who_answers(format: str, stacked: Console) -> None:
    words = " ".join(report(stacked, format, "--law", "law", "-p", "company", "-p", "unit").replace("\\", "").split())
    if format not in ("sarif", "github"):  # which have results alone
        assert "company/closed is replaced by unit/opened (layer unit). Reason: Reviewed. Owner: unit." in words
    assert "company/closed is replaced" not in report(stacked, format, "--law", "law", "-p", "company")


def test_every_finding_names_its_layer(stacked: Console) -> None:
    words = ("--law", "law", "-p", "company")
    record = json.loads(report(stacked, "json", *words))
    assert is_valid(record, "decision")
    [decision] = record["decisions"]
    lists = ("denials", "needs", "would_need", "met", "duties", "advice", "undetermined")
    found = [one for name in lists for one in decision[name]]
    assert {one["rule"].split("/")[0]: one["layer"] for one in found}["company"] == "company"
    assert {one["layer"] for one in found} == {"law", "company"}
    routes = [route for service in decision["services"] for one in service["activities"] for route in one["routes"]]
    assert {route["layer"] for route in routes} == {"law"}
    in_json = json.loads(stacked("check", "spec.yaml", *words, "-f", "json").out)
    assert is_valid(in_json, "report")
    text = report(stacked, "text", *words)
    assert "    · layer company\n" in text
    assert "\\(layer company\\)" in report(stacked, "markdown", *words)
    run: dict[str, Any] = json.loads(report(stacked, "sarif", *words))["runs"][0]
    result = next(one for one in run["results"] if one["ruleId"] == "company/closed")
    assert result["properties"]["layer"] == "company"
    assert "层次 company" in stacked("check", "spec.yaml", *words, "--details", "--lang", "zh").out


def test_the_next_command_repeats_the_layers(stacked: Console) -> None:
    ran = stacked("check", "spec.yaml", "--law", "law", "-p", "company", "--quiet")
    assert ran.out.rstrip().endswith("vatspolicy routes spec.yaml --law law -p company")


# --- authors ----------------------------------------------------------------------------------------------------------


def test_lint_looks_at_the_top_layer_and_warns_of_an_override_that_adds(stacked: Console) -> None:
    write_layer(stacked.folder / "company", "company", company=CLOSED)
    found = json.loads(stacked("lint", "--law", "law", "-p", "company", "-p", "unit", "-f", "json").out)["findings"]
    assert {one["file"] for one in found} == {"unit/unit.yaml"}
    [told] = [one for one in found if one["rule"] == "override-adds"]
    assert told["level"] == "warning"
    assert told["message"].startswith("company/closed stays in force too")
    write_layer(stacked.folder / "company", "company", ALLOWED, company=CLOSED)
    found = json.loads(stacked("lint", "--law", "law", "-p", "company", "-p", "unit", "-f", "json").out)["findings"]
    assert "override-adds" not in {one["rule"] for one in found}


def test_the_tests_of_the_top_layer_are_run_under_all_layers(stacked: Console) -> None:
    policy = stacked.folder / "unit" / "unit.yaml"
    tests = "base: {}\ncases:\n  - {it: is silent, as_of: '2026-01-01', expect: {opened: silent}}\n"
    write_policy(policy, policy.read_text())
    policy.with_suffix(".test.yaml").write_text(tests)
    ran = json.loads(stacked("test", "--law", "law", "-p", "company", "-p", "unit", "-f", "json").out)
    assert [one["name"] for one in ran["tests"]] == ["unit: it is silent"]


def test_explain_shows_what_a_rule_overrides(stacked: Console) -> None:
    words = ("explain", "unit/opened", "--law", "law", "-p", "company", "-p", "unit")
    shown = " ".join(stacked(*words).out.split())
    assert "layer: unit replaces company/closed. Reason: Reviewed. Owner: unit." in shown
    write_layer(stacked.folder / "company", "company", company=CLOSED)
    assert "overrides company/closed, which stays in force too. Reason:" in " ".join(stacked(*words).out.split())


# --- bundles and attestations -----------------------------------------------------------------------------------------


def test_a_bundle_decides_with_its_layers_and_those_above(stacked: Console) -> None:
    built = stacked("bundle", "build", "--law", "law", "-p", "company", "--number", "1", "-o", "b.tar.gz")
    assert built.code == 0, built.err
    assert stacked("bundle", "verify", "b.tar.gz", "--skip-verify").code == 0
    assert denials(stacked, "--bundle", "b.tar.gz") == [("company/closed", "company")]
    assert denials(stacked, "--bundle", "b.tar.gz", "-p", "unit") == []
    ran = stacked("check", "spec.yaml", "--bundle", "b.tar.gz", "--law", "law")
    assert (ran.code, "--law and --bundle cannot be combined." in ran.err) == (2, True)
    stacked("bundle", "build", "--law", "law", "-p", "company", "--number", "1", "-o", "again.tar.gz")
    assert (stacked.folder / "b.tar.gz").read_bytes() == (stacked.folder / "again.tar.gz").read_bytes()
    words = ("--profiles", "spec.yaml", "--semantic", "off", "-f", "json")
    compared = json.loads(stacked("diff", "b.tar.gz", "law", *words).out)
    assert [one["layers"] for one in (compared["base"], compared["head"])] == [["company"], []]
    assert compared["verdict"] == "loosened"


def test_layers_and_a_bundle_of_different_sources_go_together(stacked: Console) -> None:
    """Neither drops the other: the law would be another one, or the rules of the company would be gone."""
    stacked("bundle", "build", "--law", "law", "--number", "1", "-o", "b.tar.gz")
    base = json.loads(stacked("check", "spec.yaml", "--law", "law", "-f", "json").out)["decisions"][0]["bundle"][
        "digest"
    ]
    for settings, words in (
        ('bundle = "b.tar.gz"', ("-p", "company")),
        ('policies = ["company"]', ("--bundle", "b.tar.gz")),
        ('policies = "company"\nbundle = "b.tar.gz"', ()),
    ):
        stacked.write("vatspolicy.toml", f"{settings}\n")
        ran = json.loads(stacked("check", "spec.yaml", *words, "-f", "json").out)
        names = [(one["name"], one["digest"]) for one in ran["decisions"][0]["bundle"]["layers"]]
        assert [name for name, _ in names] == ["law", "company"], settings
        assert names[0][1] == base
    stacked.write("vatspolicy.toml", 'policies = ["company"]\n')
    assert denials(stacked, "--law", "law") == [("company/closed", "company")], "the layer stands above each law"


@pytest.mark.parametrize("bundled", [False, True], ids=["folders", "bundle"])
def test_an_attestation_names_every_layer_and_is_decided_again_under_them(stacked: Console, bundled: bool) -> None:
    pytest.importorskip("cryptography")
    words = ["--law", "law", "-p", "company"]
    if bundled:
        stacked("bundle", "build", *words, "--number", "1", "-o", "b.tar.gz")
        words = ["--bundle", "b.tar.gz"]
    words += ["-p", "unit"]
    assert stacked("bundle", "keygen", "k").code == 0
    assert stacked("check", "spec.yaml", *words, "--no-fail", "--attest", "a.jsonl", "--sign-key", "k.pem").code == 0
    verify = ("verify-attestation", "a.jsonl", "--spec", "spec.yaml", "--key", "k.pub", *words, "-f", "json")
    told = json.loads(stacked(*verify).out)["specs"][0]
    named = told["statements"][0]["predicate"]["law"]["layers"]
    assert [one["name"] for one in named] == ["law", "company", "unit"]
    assert len({one["digest"] for one in named}) == 3
    assert told["differences"] == []
    policy = stacked.folder / "unit" / "unit.yaml"
    policy.write_text(policy.read_text().replace("false", "true"))
    ran = stacked(*verify)
    assert (ran.code, "It was decided under a different law" in ran.out) == (1, True)
    (stacked.folder / "unit").rename(stacked.folder / "gone")
    assert stacked(*verify).code == 3
