"""What users of neighboring systems reported as failures, each as a test that this program does not share it.

The source stands above each test as `project#number` of its issue or pull request.
"""

from __future__ import annotations

import copy
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.console import Console, Ran
from tests.support.project_builder import compare, policy, project
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput

UNDECIDED = ("--set", "services.0.offers=[domestic-ip-vpn]", "--set", "company.foreign_percent=")
"""A class that no route opens to foreign capital, and a share that nobody states."""

DENIED = ("--set", "services.0.facilities=[chengdu]")
SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
OUTCAST = HOSTING.replace("discredited: []", "discredited: [company]")


def decisions(ran: Ran) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(ran.out)["decisions"]
    return found


# atlantis#5980: a syntax error in a policy was "Passed: true"
def test_a_policy_that_cannot_be_read_is_not_a_pass(console: Console, copy_of_law: Path) -> None:
    console.write("spec.yaml", SHOP)
    (copy_of_law / "vats-pilot-2024.yaml").write_text("rules: [")
    ran = console("check", "spec.yaml", "--law", copy_of_law, "-f", "json", "--details")
    assert (ran.code, ran.out) == (3, "")


# oasdiff-action#198: a comparison that failed was shown as "No changes"
def test_a_comparison_that_failed_is_not_no_change(console: Console, law: Path, copy_of_law: Path) -> None:
    (copy_of_law / "vats-pilot-2024.yaml").write_text("rules: [")
    ran = console("diff", law, copy_of_law, "-f", "markdown")
    assert ran.code == 3
    assert not re.search("no change", ran.out, re.IGNORECASE)


# conftest#108: the result of the last file won
def test_the_last_file_does_not_win(console: Console, law: Path) -> None:
    console.write("a.yaml", HOSTING.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]"))
    console.write("b.yaml", SHOP)
    for order in (("a.yaml", "b.yaml"), ("b.yaml", "a.yaml")):
        ran = console("check", *order, "--law", law, "-f", "json", "--details")
        assert (ran.code, json.loads(ran.out)["decision"]) == (1, "deny")


def without_each_fact(data: Any) -> Iterator[tuple[str, Any]]:
    """The data with one fact removed, each in turn, with its path."""

    def places(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            if isinstance(node, dict):
                yield (*path, key)
            yield from places(child, (*path, key))

    for path in places(data, ()):
        changed = copy.deepcopy(data)
        target = changed
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]
        yield ".".join(map(str, path)), changed


# cerbos#1055, cerbos#3260, cerbos#3312, agent-governance-toolkit#3297: an attribute that was missing made a DENY vanish
@pytest.mark.parametrize(
    "spec",
    [SHOP, HOSTING, OUTCAST, HOSTING.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]")],
    ids=["allow", "needs", "outcast", "deny"],
)
def test_a_missing_fact_never_makes_the_decision_milder(rich_bundle: Bundle, spec: str) -> None:
    """Whatever fact is left out: what was decided with it stays possible, and allow is never said in its stead."""
    whole = evaluate(rich_bundle, load_profile(yaml.safe_load(spec)), "2027-01-31")
    assert whole.decision != "incomplete"
    tried = 0
    for path, data in without_each_fact(yaml.safe_load(spec)):
        try:
            part = evaluate(rich_bundle, load_profile(data), "2027-01-31")
        except InvalidInput:  # a key that every profile must have
            continue
        if path.startswith("product.launch") or path == "company.licenses":
            continue
        low, high = map(WORDS.index, part.range)
        assert low <= WORDS.index(whole.decision) <= high, path
        assert part.decision in (whole.decision, "incomplete"), path
        tried += 1
    assert tried >= 8


# kubernetes#115920: only the first violation was shown
def test_every_reason_is_shown(console: Console, rich_law: Path) -> None:
    console.write("spec.yaml", OUTCAST)
    (found,) = decisions(console("check", "spec.yaml", "--law", rich_law, *DENIED, "-f", "json", "--details"))
    assert found["decision"] == "deny"
    assert {denial["rule"].partition("/")[0] for denial in found["denials"]} >= {"invented-duties"}
    assert len(found["denials"]) >= 2


# opa#1148, conftest#432: which condition failed?
def test_each_clause_is_shown_with_its_value_and_the_line_of_the_fact(console: Console, rich_law: Path) -> None:
    path = console.write("spec.yaml", OUTCAST)
    (found,) = decisions(console("check", "spec.yaml", "--law", rich_law, "-f", "json", "--details"))
    (denial,) = (each for each in found["denials"] if each["rule"] == "invented-duties/outcast")
    assert denial["clauses"]
    assert all(clause["text"] and clause["value"] in (True, False, None) for clause in denial["clauses"])
    lines = path.read_text().splitlines()
    assert any("discredited" in lines[fact["line"] - 1] for fact in denial["facts"])


# kyverno#2303, kyverno#10497, kyverno#9804: skipped and not matching were counted as passed
def test_undecided_is_not_counted_as_passed(console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    ran = console("check", "spec.yaml", "--law", law, *UNDECIDED, "-f", "junit")
    assert ran.code == 4
    suites = ET.fromstring(ran.out).iter("testsuite")
    assert sum(int(suite.get("failures", 0)) + int(suite.get("errors", 0)) for suite in suites) >= 1
    (found,) = decisions(console("check", "spec.yaml", "--law", law, *UNDECIDED, "-f", "json", "--details"))
    states = {each["state"] for part in ("denials", "needs", "met", "duties", "undetermined") for each in found[part]}
    assert states <= {"fires", "unknown", "met", "unmet", "closed", "done"}
    assert {each["state"] for each in found["undetermined"]} == {"unknown"}


# opa#2562, opa#3844, cerbos#1654, conftest#518: a coverage figure without lines, that layout changed
def test_coverage_names_lines_and_does_not_depend_on_layout(console: Console, copy_of_law: Path) -> None:
    def covered() -> tuple[str, set[str]]:
        ran = console("test", "--law", copy_of_law, "--coverage")
        figures = re.findall(r"\d+ of \d+|\d+/\d+|\d+(?:\.\d+)? ?%", ran.out)
        return " ".join(figures), set(re.findall(r"([\w-]+\.yaml):\d+", ran.out))

    figures, files = covered()
    assert figures
    assert files
    for path in copy_of_law.rglob("*.yaml"):
        path.write_text("# a remark\n\n" + path.read_text())
    assert covered()[0] == figures


# openfisca-core#437, openfisca-core#368: a day that the law does not cover crashed, or was extrapolated in silence


RULE = """\
  - id: {id}
    cite: [art-1]
    each: product
    when: company.foreign_percent > {above}
    deny: {{reason: SHARE-ABOVE-CAP}}
    message: {{en: Too foreign., zh: 外资过高。}}
"""


# catala#208: a conflict was raised though both rules agreed
def test_two_rules_that_agree_are_no_conflict(console: Console, copy_of_law: Path) -> None:
    text = policy("agreeing", "rules:\n" + RULE.format(id="one", above="10.0") + RULE.format(id="two", above="20.0"))
    (copy_of_law / "agreeing.yaml").write_text(text)
    console.write("spec.yaml", HOSTING)
    (found,) = decisions(console("check", "spec.yaml", "--law", copy_of_law, "-f", "json", "--details"))
    assert found["decision"] == "deny"
    assert {each["rule"] for each in found["denials"]} == {"agreeing/one", "agreeing/two"}
    assert found["contested"] == []


# cedar#1799, catala#384: counterexamples that were none, or that nobody could use
def test_every_witness_is_decided_by_the_evaluator(tmp_path: Path) -> None:
    """The profile that a comparison shows is a whole spec; both states of the law decide it as the comparison says."""
    rules = "rules:\n" + RULE.replace("{id}", "one").replace("{{", "{").replace("}}", "}")
    before, after = (policy("law", rules.replace("{above}", above)) for above in ("50.0", "70.0"))
    sides = [project(tmp_path / name, {"law": text}, {}) for name, text in (("base", before), ("head", after))]
    data = compare(*sides, semantic="z3")
    witnesses = [entry["witness"] for entry in data["semantic"]["transitions"] if entry["witness"]]
    assert witnesses
    for witness in witnesses:
        profile = load_profile(witness["profile"])
        for side, folder in (("before", "base"), ("after", "head")):
            found = evaluate(load_bundle(tmp_path / folder / "policies"), profile, witness["as_of"])
            assert found.decision == witness[side]["decision"]
        assert witness["before"]["decision"] != witness["after"]["decision"]


# kie-issues#437: gap analysis refused null
def test_an_unknown_value_is_one_more_value(bundle: Bundle) -> None:
    bare = {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": "s"}]}
    decision = evaluate(bundle, load_profile(bare), "2027-01-31")
    assert decision.decision == "incomplete"
    assert decision.missing
    nulls = {**bare, "company": {"foreign_percent": None, "name": None}}
    assert evaluate(bundle, load_profile(nulls), "2027-01-31").decision == "incomplete"


# kubernetes PR#138564, kyverno#4365: the test harness skipped the schema and defaults
def test_tests_and_check_read_a_profile_alike(console: Console, law: Path) -> None:
    """A fixture that check refuses, test refuses too; one that it decides, test decides alike."""
    console.write("fixtures/shop.yaml", SHOP)
    expected = {
        "why": {"en": "A shop.", "zh": "商店。"},
        "cites": ["no article"],
        "decisions": [{"as_of": "2027-01-31", "decision": "allow"}],
    }
    console.write("fixtures/shop.expect.yaml", json.dumps(expected, ensure_ascii=False))
    ran = console("test", "--law", law, "--fixtures", "fixtures", "-r", "shop")
    assert ran.code == 0, ran.out
    console.write("fixtures/shop.yaml", SHOP.replace("audience: public", "audience: publik"))
    assert console("check", "fixtures/shop.yaml", "--law", law).code == 3
    assert console("test", "--law", law, "--fixtures", "fixtures", "-r", "shop").code == 3


# regal#1204, regal#1730: the editor and the command line read the same thing differently
def test_library_command_line_and_server_decide_alike(console: Console, law: Path, bundle: Bundle) -> None:
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    from vatspolicy.server.api.query import DataQuestion, read_query

    console.write("spec.json", json.dumps(HOSTING_DATA))
    (by_command,) = decisions(console("check", "spec.json", "--law", law, "-f", "json", "--details"))
    by_library = evaluate(bundle, load_profile(HOSTING_DATA), "2027-01-31")
    question = DataQuestion(bundle, ("vatspolicy", "decision"), False, TODAY, False)
    by_server, word = question.answer(read_query(json.dumps({"input": HOSTING_DATA}).encode()))
    assert word == by_library.decision == by_command["decision"]
    for key in ("range", "duties", "needs", "missing", "services"):
        names = [
            [each.get("rule") or each.get("id") for each in source[key] if isinstance(each, dict)]
            for source in (by_command, by_server["result"])
        ]
        assert names[0] == names[1]
