"""Survivors: each gets a test that kills it or a proof, and the tests are written below those of the policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule, write_policy
from tests.support.layer_builder import overriding, stack, write_layer
from tests.support.shipped import ROOT
from vatspolicy.authoring.mutation.report import MutationReport, mutate
from vatspolicy.authoring.mutation.run import MutantSelection, MutationTrial, select_mutants
from vatspolicy.authoring.mutation.suggestions import PROPOSED, SuggestedTest, SuggestionMaker, arrange
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.core.documents import load_document
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.reports.mutation import render

LAW = """\
id: small
version: 1.0.0
title: {en: Small, zh: 小}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 〔2020〕1号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Words., verification: primary}
parameters:
  games:
    values:
      - {from: '2020-01-01', cite: art-1, value: [online-game, app-store, saas]}
terms:
  closed_group: service.audience == "own-group"
instruments:
  vats-license:
    title: {en: Permit, zh: 许可}
    authority:
      - {when: service.audience == "business", is: provincial-ca}
      - {when: 'true', is: miit}
    covers: activity.class in license.classes || term.closed_group
rules:
  - id: information
    cite: [art-1]
    each: service
    when: service.offers.exists(o, o in param.games)
    classify: {classes: [B25-publishing]}
    message: {en: Information., zh: 信息。}
  - id: permit-needed
    cite: [art-1]
    each: activity
    when: 'true'
    need: {instrument: vats-license}
    message: {en: Needed., zh: 需要。}
  - id: foreign
    cite: [art-1]
    each: service
    when: operator.foreign_percent > 50.0 && operator.foreign_percent > 10.0
    deny: {reason: PROHIBITED-SECTOR}
    message: {en: Refused., zh: 拒绝。}
tests:
  base:
    company: {foreign_percent: 60, foreign_percent_basis: ultimate, licenses: []}
    services: [{id: s, offers: [saas], audience: public, operated_by: company}]
  cases:
    - {it: refuses, as_of: '2026-01-01', expect: {foreign: fires, permit-needed: unmet}}
"""


def write_small(folder: Path, text: str = LAW) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "bundle.yaml").write_text("version: 0.1.0\ncovers: {from: '2015-01-01'}\n")
    write_policy(folder / "small.yaml", text)
    return folder


@pytest.fixture
def folder(console: Console) -> Path:
    return write_small(console.folder / "law")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(write_small(tmp_path_factory.mktemp("small") / "law"))


def run(bundle: Bundle) -> MutationReport:
    return mutate(bundle, policy_cases(bundle), MutantSelection())


def suggest(bundle: Bundle, words: str) -> SuggestedTest:
    [mutant] = [one for one in select_mutants(bundle, MutantSelection())[0] if one.words == words]
    found = SuggestionMaker(MutationTrial(bundle, list(policy_cases(bundle)))).suggest(mutant)
    assert found is not None
    return found


@pytest.mark.usefixtures("folder")
def test_each_survivor_has_a_test_or_a_proof_in_one_process_and_in_two(console: Console) -> None:
    report = run(load_bundle(Path("law")))
    assert len(report.survivors) > 10
    for one in report.survivors:
        assert (one.state == "survived") is bool(one.test), one.mutant.words
    assert [one.mutant.words for one in report.survivors if one.state == "equivalent"] == [
        "the clause operator.foreign_percent > 10.0 is dropped",
        "> becomes >= in operator.foreign_percent > 10.0",
        "10.0 becomes 11.0",
        "10.0 becomes 9.0",
    ]
    assert console("test", "--law", "law", "--mutation", "-f", "json", "-j", "2").out == render("json", report, "en")


def test_a_suggestion_changes_as_little_as_it_can(small: Bundle) -> None:
    found = suggest(small, "> becomes >= in operator.foreign_percent > 50.0")
    assert found.text == (
        "- {it: 'foreign on 2026-01-01: Foreign share: 50%', as_of: '2026-01-01', "
        "set: {company.foreign_percent: 50}, expect: {foreign: silent}}"
    )


def test_a_license_that_counts_no_more_is_shown_by_the_need(small: Bundle) -> None:
    found = suggest(small, "the clause term.closed_group is dropped")
    assert found.entry["expect"] == {"permit-needed": "met"}
    assert found.entry["set"]["services.0.audience"] == "own-group"
    [held] = found.entry["set"]["company.licenses"]
    assert held["instrument"] == "vats-license"


def test_a_rule_on_unread_law_is_shown_with_an_opinion(folder: Path) -> None:
    write_policy(folder / "small.yaml", LAW.replace("primary", "unverified"))
    found = suggest(load_bundle(folder), "the rule never applies: need vats-license is dropped")
    assert found.entry["expect"] == {"permit-needed": "unmet"}
    assert {one["service"] for one in found.entry["set"]["opinions"]} == {"s"}


def test_the_authority_in_charge_is_expected(small: Bundle) -> None:
    found = suggest(small, '== becomes != in service.audience == "business"')
    assert found.entry["authority"] == {"vats-license": ["miit"]}


def test_members_of_a_list_are_rows_of_a_table(small: Bundle) -> None:
    tests = [suggest(small, f"{name} is dropped from the list") for name in ("online-game", "app-store")]
    [table] = arrange(tests)
    assert table == {
        "it": "information: each of the games",
        "as_of": "2026-01-01",
        "rows": [
            {"set": {"services.0.offers": ["online-game"]}, "expect": {"information": "fires"}},
            {"set": {"services.0.offers": ["app-store"]}, "expect": {"information": "fires"}},
        ],
    }


@pytest.fixture
def layered(folder: Path) -> Bundle:
    """A layer that replaces a rule of the law, which has a license of its own, and a test."""
    (folder / "layer.yaml").write_text(
        "name: law\ntitle: {en: Law, zh: 法}\nowner: us\nmay_loosen: [small/foreign]\n", encoding="utf-8"
    )
    condition = "operator.foreign_percent > 30.0 && operator.foreign_percent > 5.0"
    text = (
        "instruments:\n  basic-license: {title: {en: Pass, zh: 证}, authority: [{when: 'true', is: miit}], "
        "covers: 'activity.class in license.classes || service.audience == \"public\"'}\nrules:\n"
        + overriding("small/foreign", rule("stricter", "service", condition, "deny: {reason: PROHIBITED-SECTOR}"))
        + rule("pass", "activity", "true", "need: {instrument: basic-license}")
    )
    layer = write_layer(folder.parent / "company", "company", company=text)
    (layer / "company.test.yaml").write_text(
        "base:\n  company: {foreign_percent: 60, foreign_percent_basis: ultimate, licenses: []}\n"
        "  services: [{id: s, offers: [saas], audience: public, operated_by: company}]\n"
        "cases:\n  - {it: refuses, as_of: '2026-01-01', expect: {stricter: fires, pass: unmet}}\n",
        encoding="utf-8",
    )
    return stack(folder, layer)


def test_each_survivor_in_a_layer_has_a_test_of_the_layer_or_a_proof(layered: Bundle) -> None:
    report = mutate(layered, policy_cases(layered), MutantSelection())
    assert len(report.survivors) > 3
    for one in report.survivors:
        assert (one.state == "survived") is bool(one.test), one.mutant.words
        assert one.mutant.policy == "company"
        assert not one.test or any(name in one.test for name in ("stricter:", "pass:"))
    assert [one.mutant.words for one in report.survivors if one.state == "equivalent"] == [
        "the clause operator.foreign_percent > 5.0 is dropped",
        "> becomes >= in operator.foreign_percent > 5.0",
        "5.0 becomes 6.0",
        "5.0 becomes 4.0",
    ]
    found = suggest(layered, "> becomes >= in operator.foreign_percent > 30.0")
    assert (found.entry["set"], found.entry["expect"]) == ({"company.foreign_percent": 30}, {"stricter": "silent"})


def test_written_tests_of_a_layer_kill_all(console: Console, layered: Bundle) -> None:
    words = ("test", "--law", "law", "-p", "company", "--mutation")
    before = (console.folder / "law/small.test.yaml").read_bytes()
    assert console(*words, "--write-tests", "--yes").code == 0
    assert "100" in console(*words).out
    assert (console.folder / "law/small.test.yaml").read_bytes() == before, layered.version


def test_written_tests_kill_all(console: Console, folder: Path) -> None:
    ran = console("test", "--law", "law", "--mutation", "--write-tests", "--yes")
    assert ran.code == 0
    first = ran.out.index("+  # Proposed by `vatspolicy test --write-tests` from here on.")
    assert first < ran.out.index("+  - {it: 'foreign on 2026-01-01: Foreign share: 50%'")
    written = load_document(folder / "small.test.yaml")
    names = [case["it"] for case in written.data["cases"][1:]]
    clauses = ("operator.", "service.", "param.", "term.", "&&")
    assert [name for name in names if any(clause in name for clause in clauses)] == []
    again = run(load_bundle(folder))
    assert {one.state for one in again.survivors} == {"equivalent"}
    assert again.whole.percent == 100
    assert console("fmt", "--check", "law/small.test.yaml").code == 0


def test_nothing_is_written_without_a_terminal(console: Console, folder: Path) -> None:
    before = load_document(folder / "small.test.yaml").text
    ran = console("test", "--law", "law", "--mutation", "--write-tests")
    assert ran.code == 2
    assert "Add --yes" in ran.err
    assert load_document(folder / "small.test.yaml").text == before


def test_no_name_of_a_proposed_test_quotes_a_clause() -> None:
    """An edit of a clause would leave the name behind; what counsel wrote stands above the line."""
    clause = re.compile(r"\b(param|term|operator|service|company|data|product|as_of)\.|[&|=<>!]{2}|\bdepend on\b")
    proposed, wrong = 0, []
    for file in sorted((ROOT / "policies").rglob("*.test.yaml")):
        document = load_document(file)
        line = document.text.partition(PROPOSED)[0].count("\n") + 1
        for index, case in enumerate(document.data["cases"]):
            if PROPOSED in document.text and document.mark(("cases", index))[0] > line:
                proposed += 1
                wrong += [f"{file.name}: {case['it']}"] if clause.search(case["it"]) else []
    assert wrong == []
    assert proposed > 500
