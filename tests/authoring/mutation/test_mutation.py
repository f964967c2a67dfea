"""Mutants: which mistakes are made, which of them tests notice, and what is suggested for the others."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.effort import LONG
from tests.support.law_builder import write_policy
from vatspolicy.authoring.mutation.mutants import (
    Mutant,
    MutantGenerator,
    locate_mutant,
    mutate_days,
    mutate_expression,
    mutate_value,
    replace,
)
from vatspolicy.authoring.mutation.report import mutate
from vatspolicy.authoring.mutation.ruleset import apply_mutant, rewrite_bundle
from vatspolicy.authoring.mutation.run import MutantSelection, MutationTrial, select_mutants
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.core.cel.interpreter import evaluate
from vatspolicy.core.cel.parser import TypeEnvironment, parse
from vatspolicy.core.cel.types import BOOL, INT, ListOf, ObjectOf, Text
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.model import Value
from vatspolicy.reports.mutation import text

POLICY = """\
id: two
version: 1.0.0
title: {en: Two, zh: 二}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 〔2020〕1号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Words., verification: unverified}
parameters:
  cap:
    values:
      - {from: '2020-01-01', cite: art-1, value: 50.0}
      - {from: '2022-07-01', cite: art-1, value: 30.0}
terms:
  foreign: operator.foreign_percent > param.cap
rules:
  - id: seen
    cite: [art-1]
    each: service
    when: term.foreign && service.audience == "public"
    deny: {reason: PROHIBITED-SECTOR}
    message: {en: Refused., zh: 拒绝。}
tests:
  base:
    company: {foreign_percent: 60, foreign_percent_basis: ultimate}
    services: [{id: s, offers: [saas], audience: public, operated_by: company}]
  cases:
    - {it: refuses, as_of: '2026-01-01', expect: {seen: fires}}
"""
KILLING = """\
    - {it: spares others, as_of: '2026-01-01', set: {services.0.audience: business}, expect: {seen: silent}}
    - {it: spares exactly the cap, as_of: '2026-01-01', set: {company.foreign_percent: 30}, expect: {seen: silent}}
    - {it: refuses one above it, as_of: '2026-01-01', set: {company.foreign_percent: 31}, expect: {seen: fires}}
    - {it: refuses just above it, as_of: '2026-01-01', set: {company.foreign_percent: 30.5}, expect: {seen: fires}}
    - {it: spares just below it, as_of: '2026-01-01', set: {company.foreign_percent: 29.5}, expect: {seen: silent}}
    - {it: has the new cap on its day, as_of: '2022-07-01', set: {company.foreign_percent: 40}, expect: {seen: fires}}
    - {it: has the old one before, as_of: '2022-06-30', set: {company.foreign_percent: 40}, expect: {seen: silent}}
    - {it: has the old cap, as_of: '2022-06-30', set: {company.foreign_percent: 50}, expect: {seen: silent}}
    - {it: has it to the point, as_of: '2022-06-30', set: {company.foreign_percent: 50.5}, expect: {seen: fires}}
    - {it: has it from below, as_of: '2022-06-30', set: {company.foreign_percent: 49.5}, expect: {seen: silent}}
    - {it: begins, as_of: '2020-01-01', expect: {seen: fires}}
    - {it: is not there before, as_of: '2019-12-31', expect: {seen: silent}}
"""


def bundle_of(folder: Path, text: str) -> Bundle:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bundle.yaml").write_text("version: 0.1.0\ncovers: {from: '2015-01-01'}\n")
    write_policy(folder / "two.yaml", text)
    return load_bundle(folder)


@pytest.fixture
def two(tmp_path: Path) -> Bundle:
    return bundle_of(tmp_path / "law", POLICY)


def mutants(bundle: Bundle) -> list[Mutant]:
    return select_mutants(bundle, MutantSelection())[0]


def one(bundle: Bundle, words: str) -> Mutant:
    [found] = [mutant for mutant in mutants(bundle) if words in mutant.words]
    return found


# --- mistakes ---------------------------------------------------------------------------------------------------------

FACTS = ObjectOf("x", {"a": BOOL, "b": BOOL, "n": INT, "t": Text(), "l": ListOf(INT)})


def words(text: str) -> list[str]:
    tree = parse(text, TypeEnvironment({"x": FACTS}, {}, lambda *_: None))
    return [edit.words for edit in mutate_expression(tree, text)]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x.a", ["x.a is negated"]),
        ("!x.a", ["the ! before x.a is dropped"]),
        ("x.a == false", ["== becomes != in x.a == false"]),
        ("x.n <= 5", ["<= becomes < in x.n <= 5", "<= becomes > in x.n <= 5", "5 becomes 6", "5 becomes 4"]),
        ("x.n  >  5", ["> becomes >= in x.n > 5", "> becomes <= in x.n > 5", "5 becomes 6", "5 becomes 4"]),
        ("x.a && x.b", ["&& becomes || in x.a && x.b", "the clause x.a is dropped", "the clause x.b is dropped", "x.a is negated", "x.b is negated"]),
        ('x.t in ["a", "b"]', ['x.t in ["a", "b"] is negated', '\'a\' is dropped from ["a", "b"]', '\'b\' is dropped from ["a", "b"]']),
        ("x.l.exists(i, i == 1)", ["exists becomes all in x.l.exists(i, i == 1)", "== becomes != in i == 1"]),
        (
            "sets.intersects(x.l, [1, 2])",
            [
                "sets.intersects(x.l, [1, 2]) is negated",
                "sets.intersects(x.l, [1, 2]) becomes sets.contains([1, 2], x.l)",
                "1 is dropped from [1, 2]",
                "2 is dropped from [1, 2]",
            ],
        ),
    ],
)  # fmt: skip
def test_mistakes_in_expressions(text: str, wanted: list[str]) -> None:
    assert words(text) == wanted


def test_a_mistake_changes_one_place() -> None:
    text = "x.a && (x.b || !x.a) && x.n < 3 && x.l.all(i, i > 1)"
    tree = parse(text, TypeEnvironment({"x": FACTS}, {}, lambda *_: None))
    made = [replace(tree, edit.steps, edit.node) for edit in mutate_expression(tree, text)]
    assert len({repr(one) for one in made}) == len(made)
    assert tree not in made
    activation = {"x": {"a": True, "b": False, "n": 3, "l": [2]}}
    [boundary] = [
        replace(tree, edit.steps, edit.node)
        for edit in mutate_expression(tree, text.replace("(x.b", "(x.b"))
        if edit.kind == "boundary" and "< 3" in edit.words
    ]
    assert (
        evaluate(tree, activation, {}),
        evaluate(boundary, activation | {"x": activation["x"] | {"b": True}}, {}),
    ) == (False, True)


def test_mistakes_in_values() -> None:
    def told(value: Any) -> list[Any]:
        return [other for _, other, _ in mutate_value(value)]

    assert told(5) == [6, 4]
    assert told(True) == [False]
    assert told("2024-02-29") == ["2024-03-01", "2024-02-28"]
    assert told("word") == []
    assert told(["a", "b"]) == [["b"], ["a"]]
    assert told(["a"]) == []
    assert told([{"id": "a", "places": ["x", "y"]}]) == [[{"id": "a", "places": ["y"]}], [{"id": "a", "places": ["x"]}]]


def test_mistakes_in_days() -> None:
    dated = (Value("2020-01-01", (), 1), Value("2020-01-02", (), 2), Value("2021-01-01", (), 3))
    moved = [[entry.since for entry in found] for _, found, _ in mutate_days(dated)]
    assert moved == [
        ["2020-01-01", "2020-01-03", "2021-01-01"],
        ["2020-01-01", "2020-01-02", "2021-01-02"],
        ["2020-01-01", "2020-01-02", "2020-12-31"],
    ]


def test_mistakes_have_places(two: Bundle) -> None:
    documents: dict[str, Any] = {}
    places = {mutant.words: locate_mutant(two, mutant, documents) for mutant in mutants(two)}
    assert places["> becomes >= in operator.foreign_percent > param.cap"][1:] == (15, 12)
    assert places['the clause service.audience == "public" is dropped'][1:] == (20, 27)
    assert places["30.0 becomes 31.0"][1:] == (13, 50)
    assert places["from 2022-07-01 becomes 2022-07-02"][1:] == (13, 16)
    assert places["from 2020-01-01 becomes 2019-12-31"][1:] == (6, 19)


# --- who notices ------------------------------------------------------------------------------------------------------


def test_a_test_kills_what_it_would_fail_on(two: Bundle) -> None:
    trial = MutationTrial(two, list(policy_cases(two)))
    assert trial.find_killer(one(two, "never applies")) == "two: it refuses"
    assert trial.find_killer(one(two, "> becomes <=")) == "two: it refuses"
    assert trial.find_killer(one(two, "> becomes >=")) is None
    assert trial.find_killer(one(two, "always applies")) is None


def test_tests_of_every_boundary_kill_all(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "law", POLICY + KILLING)
    report = mutate(bundle, policy_cases(bundle), MutantSelection(), threshold=100)
    total = len(mutants(bundle))
    assert text(report, "en") == "".join(f"100.0 %  {total} killed, 0 survived  {name}\n" for name in ("two", "total"))
    assert report.exit_code == 0


def test_what_is_told_by_notes_is_what_a_full_run_tells(bundle: Bundle) -> None:
    """A test whose answers stay the same is not run again; running it anyway finds nothing more."""
    cases = list(policy_cases(bundle))
    trial = MutationTrial(bundle, cases)
    for mutant in select_mutants(bundle, MutantSelection(sample=40 if LONG else 6, seed=3))[0]:
        altered = apply_mutant(bundle, mutant)
        killed = any(dataclasses.replace(case, bundle=altered).run() for case in cases)
        assert (trial.find_killer(mutant) is not None) is killed, mutant.words


def test_a_rewritten_bundle_says_what_the_mutant_says(bundle: Bundle) -> None:
    cases = list(policy_cases(bundle))
    for mutant in select_mutants(bundle, MutantSelection(sample=25 if LONG else 8, seed=4))[0]:
        law, written = apply_mutant(bundle, mutant), rewrite_bundle(bundle, mutant)
        policies = written.policies
        for case in cases[::7]:
            assert case.policy is not None
            told = dataclasses.replace(case, bundle=law).run()
            assert dataclasses.replace(case, bundle=written, policy=policies[case.policy.id]).run() == told, (
                mutant.words
            )


def test_no_mutant_is_tried_while_a_test_fails(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "law", POLICY.replace("{seen: fires}", "{seen: silent}"))
    report = mutate(bundle, policy_cases(bundle), MutantSelection())
    assert (report.exit_code, text(report, "en").splitlines()[0]) == (1, "fails on the current law: two: it refuses")


def test_samples_are_repeatable(bundle: Bundle) -> None:
    def subjects(choice: MutantSelection) -> list[tuple[str, str]]:
        return [(mutant.subject, mutant.words) for mutant in select_mutants(bundle, choice)[0]]

    sample = subjects(MutantSelection(sample=20, seed=1))
    assert subjects(MutantSelection(sample=20, seed=1)) == sample
    assert subjects(MutantSelection(sample=20, seed=2)) != sample
    everything = iter(subjects(MutantSelection()))
    assert all(entry in everything for entry in sample), "a sample keeps the order"
    assert all("pilot" in subject for subject, _ in subjects(MutantSelection(re.compile("^vats-pilot"))))


def test_every_mutant_differs_from_the_law(bundle: Bundle) -> None:
    def kinds() -> Iterator[str]:
        for policy in bundle.policies.values():
            for mutant in MutantGenerator(bundle).mutants_of(policy):
                assert mutant.trees or mutant.params or mutant.dates
                yield mutant.kind

    assert set(kinds()) >= {"boundary", "opposite", "junction", "dropped", "quantifier", "constant", "value", "day"}


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_report(console: Console) -> None:
    bundle_of(console.folder / "law", POLICY)
    ran = console("test", "--law", "law", "--mutation", "--run", "two/seen")
    lines = ran.out.splitlines()
    assert ran.code == 0
    at = lines.index('law/two.yaml:20:27: survived: two/seen: the clause service.audience == "public" is dropped')
    test = re.escape("    test: in law/two.test.yaml: - {it: 'seen on 2026-01-01: Audience: ")
    assert re.match(
        test + r"(?:[^']|'')+', as_of: '2026-01-01', set: {services.0.audience: [\w-]+}, expect: {seen: silent}}$",
        lines[at + 1],
    )
    assert re.fullmatch(r" *[\d.]+ %  \d+ killed, \d+ survived  two", lines[-2])
    assert lines[-1].endswith("  total")


def test_a_threshold_mutates_by_itself(console: Console) -> None:
    bundle_of(console.folder / "law", POLICY)
    ran = console("test", "--law", "law", "--mutation-threshold", "99", "--no-suggestions")
    assert (ran.code, ran.out.splitlines()[-1]) == (1, "below the threshold of 99 %")
    assert "test:" not in ran.out


def test_a_sample_says_so(console: Console) -> None:
    bundle_of(console.folder / "law", POLICY)
    ran = console("test", "--law", "law", "--mutation", "--sample", "5", "--seed", "9")
    assert re.search(r"^sample of 5 of \d+ mutants, seed 9$", ran.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--sample", "5"], 2),
        (["--write-tests", "--yes"], 2),
        (["--mutation", "--write-tests"], 2),
        (["--mutation", "--write-tests", "--yes", "--no-suggestions"], 2),
        (["-j", "2"], 2),
        (["--mutation", "--coverage"], 2),
        (["--mutation", "--sample", "0"], 2),
        (["--mutation", "--run", "nobody"], 5),
        (["--mutation", "--no-suggestions", "--mutation-threshold", "0"], 0),
    ],
)
def test_exit_codes(console: Console, arguments: list[str], code: int) -> None:
    bundle_of(console.folder / "law", POLICY)
    assert console("test", "--law", "law", *arguments).code == code
