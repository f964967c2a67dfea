"""A field of the law that only the evaluator knows: proofs are unknown, and the tests of policies refuse it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import SMALL, write_policy
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis import run as analysis
from vatspolicy.authoring.analysis.findings import KINDS
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.model import Condition, Need, Route, Rule
from vatspolicy.core.policies.modelled import KNOWN, PROOFS, Reader, UnknownField, effect_constants, parts_of
from vatspolicy.errors import InvalidInput
from vatspolicy.frozen import frozen
from vatspolicy.proofs import compare_change, compare_decisions, compare_rules
from vatspolicy.proofs.verdicts import EQUIVALENT, IMPOSSIBLE, UNSUPPORTED

LAW = (
    SMALL
    + """\
      conditions:
        - {id: here, check: operator.mainland_entity, message: {en: Here., zh: 在此。}}
    message: {en: Way., zh: 途径。}
tests:
  base: {company: {mainland_entity: true, foreign_percent: 0, foreign_percent_basis: ultimate}, services: [{id: s, offers: [data-center], operated_by: company}]}
  cases:
    - {it: asks, as_of: '2026-01-01', expect: {licensed: unmet}}
"""
)
"""A need and a route to it, which any share opens."""
SPEC = '{"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": "s", "offers": ["data-center"]}]}\n'
DAY = "2026-01-01"


def with_field(kind: Any, value: Any, grace: int) -> Any:
    """An object of the model as it would be if its class had one field more."""
    more = {"_fields": (*kind._fields, "grace"), "_field_defaults": {**kind._field_defaults, "grace": 0}}
    return type(kind.__name__, (kind,), {**more, "grace": grace})(*value)


@frozen()
class GracedRule(Rule):
    """A rule as it would be with one field more."""

    grace: int = 0


def with_need(rule: Rule, grace: int) -> Rule:
    return dataclasses.replace(rule, effect=with_field(Need, rule.effect, grace))


def with_condition(rule: Rule, grace: int) -> Rule:
    assert isinstance(rule.effect, Route)
    condition = with_field(Condition, rule.effect.conditions[0], grace)
    return dataclasses.replace(rule, effect=rule.effect._replace(conditions=(condition,)))


def with_rule(rule: Rule, grace: int) -> Rule:
    fields = {one.name: getattr(rule, one.name) for one in dataclasses.fields(Rule)}
    return GracedRule(**fields, grace=grace)


FIELDS: dict[str, tuple[str, Callable[[Rule, int], Rule]]] = {
    "need.grace": ("licensed", with_need),
    "route.conditions.grace": ("open", with_condition),
    "grace": ("center", with_rule),
}
"""Paths of fields that the model does not have, with the rule that has one, and how it gets it."""


@pytest.fixture
def law(tmp_path: Path) -> Bundle:
    folder = tmp_path / "law"
    folder.mkdir()
    (folder / "bundle.yaml").write_text("version: 1.2.3\ncovers: {from: '2020-01-01'}\n")
    write_policy(folder / "small.yaml", LAW)
    return load_bundle(folder)


def graced(law: Bundle, field: str, grace: int = 60) -> Bundle:
    """The law with a field that only the evaluator would know."""
    id, change = FIELDS[field]
    policy = law.policies["small"]
    rules = tuple(change(rule, grace) if rule.id == id else rule for rule in policy.rules)
    return law.edit({"small": dataclasses.replace(policy, rules=rules)}, {})


def name_of(field: str) -> str:
    return f"small/{FIELDS[field][0]}"


def sentence(field: str, reader: str) -> str:
    return f"{name_of(field)} has {field}, which {reader} cannot read"


@needs_solver
@pytest.mark.parametrize("field", FIELDS)
def test_no_proof_is_about_a_field_that_it_does_not_know(law: Bundle, field: str) -> None:
    head, reason = graced(law, field), f"This cannot be analyzed exactly: {sentence(field, 'a proof')}."
    for base, other in ((law, head), (head, law), (head, graced(law, field, 30)), (head, head)):
        [verdict] = compare_rules(base, other, [name_of(field)])
        assert (verdict.verdict, verdict.reason) == (UNSUPPORTED, reason)
        verdicts, whole = compare_change(base, other, [[name_of(field)], ["small/center"]])
        assert {one.verdict for one in verdicts} == {UNSUPPORTED}
        for transitions in (whole, compare_decisions(base, other), compare_decisions(base, other, as_of=DAY)):
            assert {(one.verdict, one.reason) for one in transitions.found} == {(UNSUPPORTED, reason)}


@needs_solver
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_with_its_default_says_nothing(law: Bundle, field: str) -> None:
    silent = graced(law, field, 0)
    [verdict] = compare_rules(silent, graced(law, field, 0), [name_of(field)])
    assert verdict.verdict == EQUIVALENT
    assert {one.verdict for one in compare_decisions(silent, silent).found} == {IMPOSSIBLE}
    assert [case.run() for case in policy_cases(silent)] == [[]]


@pytest.mark.parametrize("field", FIELDS)
def test_the_field_is_a_difference(law: Bundle, field: str) -> None:
    rules = [side.rule(name_of(field)) for side in (law, graced(law, field, 30), graced(law, field, 60))]
    assert len({repr(effect_constants(rule)) for rule in rules}) == 3
    before, after = (RuleSignatures(graced(law, field, grace)) for grace in (30, 60))
    assert dict(Differences(before, after).names) == {name_of(field): "changed"}


@needs_solver
@pytest.mark.parametrize("field", FIELDS)
def test_an_analysis_evaluates_nothing(law: Bundle, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _, settings = analysis.AnalysisRequest().load()
    monkeypatch.setattr(analysis.AnalysisRequest, "load", lambda _: (graced(law, field), settings))
    report = analysis.run_analysis(analysis.AnalysisRequest())
    reason = f"This cannot be analyzed exactly: {sentence(field, 'a proof')}."
    asked = {kind for kind in analysis.AnalysisRequest().kinds if KINDS[kind].solver}
    assert {one.kind for one in report.not_evaluated} == asked
    assert {one.reason for one in report.not_evaluated} == {reason}
    assert report.properties
    assert not {"proved", "refuted"} & {one.verdict for one in report.properties}


@pytest.mark.parametrize("field", FIELDS)
def test_the_test_runner_refuses_it_at_its_line(law: Bundle, field: str) -> None:
    head = graced(law, field)
    line = head.rule(name_of(field)).line
    with pytest.raises(InvalidInput) as caught:
        list(policy_cases(head))
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == (head.policies["small"].file, line)
    assert problem.message == sentence(field, "the test runner") + "."


def test_a_reader_that_is_taught_a_field_takes_it(law: Bundle) -> None:
    head = graced(law, "need.grace")
    with pytest.raises(UnknownField):
        PROOFS.check(parts_of(head.on(DAY)))
    Reader("taught", {**KNOWN, Need: KNOWN[Need] | {"grace"}}).check(parts_of(head))


def test_an_effect_of_an_unknown_kind_is_refused(law: Bundle) -> None:
    class Permit(tuple[Any, ...]):
        _fields = ("until",)
        until = "2030-01-01"

    policy = law.policies["small"]
    rules = tuple(dataclasses.replace(rule, kind="permit", effect=Permit()) for rule in policy.rules[:1])  # type: ignore[arg-type]
    with pytest.raises(UnknownField, match="small/center has permit, which a proof cannot read"):
        PROOFS.check(rules)
