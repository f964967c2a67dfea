"""Changes of the decision word: witnesses are decided again, impossibility is attacked, both over invented and real law."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.solver import needs_solver
from tests.support.transitions import checked, names
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.proofs import (
    compare_change,
    compare_decisions,
    compare_rules,
    rule_comparison,
    solver,
    transitions,
)
from vatspolicy.proofs.change_search import TransitionProof
from vatspolicy.proofs.ruleset_encoder import Exact
from vatspolicy.proofs.timeline import END, Period, mix
from vatspolicy.proofs.transitions import all_transitions
from vatspolicy.proofs.two_rulesets import differing_rules
from vatspolicy.proofs.verdicts import ChangePeriod
from vatspolicy.proofs.witness import Unconfirmed, minimize_profile

DENY = "deny: {reason: CAPITAL-TOO-LOW}"


def law(folder: Path, when: str, each: str = "product", effect: str = DENY, more: str = "", days: str = "") -> Bundle:
    """A license duty with a route for everybody, beside one rule."""
    text = "rules:\n" + route("open", "true") + more + (rule("r", each, when, effect, days) if when else "")
    return bundle_of(folder, classes=CLASSES, license=LICENSE, changed=text)


LOOSER = [  # nothing becomes stricter
    ("data.persons > 10", "data.persons > 20", {"deny->allow", "deny->needs-license", "deny->incomplete",
                                               "incomplete->allow", "incomplete->needs-license"}),
    ("services.size() > 2", "services.size() > 3", {"deny->allow", "deny->needs-license", "deny->incomplete"}),
]  # fmt: skip


@needs_solver
@pytest.mark.parametrize(("before", "after", "most"), LOOSER)
def test_what_is_loosened(tmp_path: Path, before: str, after: str, most: set[str]) -> None:
    base, head = law(tmp_path / "base", before), law(tmp_path / "head", after)
    found = checked(base, head, compare_decisions(base, head))
    assert names(found) <= most
    assert not {"allow->deny", "allow->needs-license", "needs-license->deny"} - {t.name for t in found.impossible}
    back = checked(head, base, compare_decisions(head, base))
    assert names(back) == {"->".join(reversed(name.split("->"))) for name in names(found)}


def test_rules_that_are_all_the_same_leave_nothing_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the question about whole decisions has for an answer: where no rule differs, no decision does."""
    monkeypatch.setattr(rule_comparison, "compare_decisions", lambda *_: all_transitions("unknown", "No answer."))
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 10 && true")
    _, found = compare_change(base, head, [("changed/r",)])
    assert len(found.impossible) == 12
    _, found = compare_change(base, head, [])  # nobody looked at the rule
    assert len(found.undecided) == 12


@needs_solver
def test_a_change_of_the_word_that_a_rule_shows_is_not_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile on which a rule differs may be decided otherwise, though no search for that has an answer."""
    monkeypatch.setattr(rule_comparison, "compare_decisions", lambda *_: all_transitions("unknown", "No answer."))
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 20")
    [verdict], found = compare_change(base, head, [("changed/r",)])
    [shown] = found.possible
    assert (verdict.verdict, verdict.transitions) == ("witness", (shown.name,))
    assert (verdict.before, verdict.after) == (shown.before, shown.after)
    assert shown.name.startswith("deny->")
    assert len(found.undecided) == 11
    assert found.period == ChangePeriod(base.covers_from, None, proved=False)
    checked(base, head, found)


@needs_solver
def test_days_are_not_proved_while_a_transition_is_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 20")
    period = compare_decisions(base, head).period
    assert period is not None
    assert period.proved
    exclude = TransitionProof.exclude

    def exclude_less(proof: TransitionProof, head: Bundle, wanted: Any, exact: Exact, **more: Any) -> Any:
        found = exclude(proof, head, wanted, exact, **more)
        left = ("allow", "deny") if more.get("outside") is None else None
        return replace(found, pairs=tuple(pair for pair in found.pairs if pair != left))

    monkeypatch.setattr(TransitionProof, "exclude", exclude_less)
    found = compare_decisions(base, head)
    assert [one.name for one in found.undecided] == ["allow->deny"]
    assert found.period == replace(period, proved=False)


@needs_solver
def test_rules_that_repeat_each_other_change_decisions_together(tmp_path: Path) -> None:
    """Changed alone, each of two equal denials changes nothing; one edit that moves both does."""
    groups = [("changed/r",), ("changed/s",), ("changed/r", "changed/s"), ("changed/r", "changed/s", "changed/t")]

    def law_with(folder: str, number: int, opened: str = "true") -> Bundle:
        denials = [rule(id, "product", f"data.persons > {number}", DENY) for id in ("r", "s")]
        told = rule("t", "product", f"data.persons > {number}", "advise: {kind: verify}")
        text = "rules:\n" + route("open", opened) + "".join([*denials, told])
        return bundle_of(tmp_path / folder, classes=CLASSES, license=LICENSE, changed=text)

    base, head = law_with("base", 10), law_with("head", 20)
    verdicts, transitions = compare_change(base, head, groups)
    assert [one.verdict for one in verdicts] == ["masked", "masked", "witness", "witness"]
    assert verdicts[2].transitions == verdicts[3].transitions == ("deny->allow",)
    assert (verdicts[3].witness, verdicts[3].as_of) == next(
        (one.witness, one.as_of) for one in transitions.possible if one.name == "deny->allow"
    )
    # beside another edit, the same group is no longer the whole change: it is asked apart
    [pair, other], _ = compare_change(base, law_with("more", 20, "data.persons > 0"), [groups[2], ("changed/open",)])
    assert (pair.verdict, pair.transitions) == ("witness", ("deny->allow",))
    assert other.verdict == "witness"
    for verdict, names_of_rules in ((pair, groups[2]), (verdicts[2], groups[2])):
        assert verdict.witness is not None
        assert verdict.as_of is not None
        profile = load_profile(verdict.witness)
        mixed = mix(base, head, names_of_rules)
        assert evaluate(base, profile, verdict.as_of).decision == verdict.before
        assert evaluate(mixed, profile, verdict.as_of).decision == verdict.after


@needs_solver
def test_all_of_a_whole_denial(tmp_path: Path) -> None:
    """Whatever was decided is denied now where the fact holds, and is open now where it is not known."""
    base, head = law(tmp_path / "base", ""), law(tmp_path / "head", "data.important")
    found = checked(base, head, compare_decisions(base, head))
    assert names(found) == {
        "allow->deny", "needs-license->deny", "incomplete->deny", "allow->incomplete", "needs-license->incomplete",
    }  # fmt: skip
    assert len(found.impossible) == 7
    assert not found.undecided


@needs_solver
def test_witnesses_are_confirmed_in_another_process_or_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base, head = law(tmp_path / "base", ""), law(tmp_path / "head", "data.important")
    here = transitions.compare_decisions(base, head)
    assert len(here.possible) == 5
    assert transitions.compare_decisions(base, head, apart=True) == here
    monkeypatch.setattr(transitions, "confirm_decisions", refuse)
    for apart in (False, True):
        found = transitions.compare_decisions(base, head, apart=apart)
        assert found.possible == ()
        assert {one.reason for one in found.undecided} == {"Internal error: a witness was not confirmed (refused)."}
        assert found.impossible == here.impossible


def refuse(*_: Any) -> dict[str, Any]:
    raise Unconfirmed("refused")


@needs_solver
def test_two_ways_to_say_the_same_change_nothing(tmp_path: Path) -> None:
    base = law(tmp_path / "base", "data.persons > 10 && company.mainland_entity")
    head = law(tmp_path / "head", "!(data.persons <= 10 || !company.mainland_entity)")
    found = checked(base, head, compare_decisions(base, head))
    assert len(found.impossible) == 12


def test_other_words_are_no_change(tmp_path: Path) -> None:
    base = law(tmp_path / "base", "data.persons > 10")
    head = law(tmp_path / "head", "data.persons   >  10")
    assert differing_rules(base, head, Period(base.covers_from, END)) == {}
    found = compare_decisions(base, head)
    assert len(found.impossible) == 12
    assert {transition.reason for transition in found.found} == {"No rule that decides differs."}


def test_a_duty_decides_nothing(tmp_path: Path) -> None:
    duty = "duty: {instrument: vats-license, due: {always: true}}"
    base = law(tmp_path / "base", "data.persons > 1", effect=duty)
    head = law(tmp_path / "head", "data.persons > 2", effect=duty)
    assert len(compare_decisions(base, head).impossible) == 12


@needs_solver
def test_the_days_of_a_change(tmp_path: Path) -> None:
    base = law(tmp_path / "base", "")
    head = law(tmp_path / "head", "data.important", days="from: '2024-03-01', until: '2025-07-01'")
    found = checked(base, head, compare_decisions(base, head))
    days = {(t.first_day, t.last_day) for t in found.possible if t.before != "incomplete"}
    assert days == {("2024-03-01", "2025-06-30")}
    for day, expected in (("2024-02-29", 0), ("2024-03-01", 5), ("2025-06-30", 5), ("2025-07-01", 0)):
        assert len(compare_decisions(base, head, as_of=day).possible) == expected, day
    before = compare_decisions(base, head, as_of="2019-01-01")
    assert len(before.undecided) == 12  # what is not covered is not proved


@needs_solver
def test_two_services_can_hide_a_change(tmp_path: Path) -> None:
    """A denial by another rule hides a change unless it can be avoided: what is masked is proved to be."""
    wider = rule("wider", "product", "data.persons > 5", DENY)
    base = law(tmp_path / "base", "data.persons > 10", more=wider)
    head = law(tmp_path / "head", "data.persons > 20", more=wider)
    assert len(checked(base, head, compare_decisions(base, head)).impossible) == 12


LONGER = {  # changes that only a profile with several members of a list shows
    "licenses": ("data.persons > 10", "data.persons > 10 || company.licenses.size() > 2", "allow->deny"),
    "deals": ('deals.exists(d, "defense" in d.sectors)', 'deals.all(d, "defense" in d.sectors) && deals.exists(d, "defense" in d.sectors)', "deny->allow"),
}  # fmt: skip


@needs_solver
@pytest.mark.parametrize("name", LONGER)
def test_lists_are_searched_as_long_as_the_rules_need(tmp_path: Path, name: str) -> None:
    """The first search, with one member of each list, finds some of the changes; the others are not left open."""
    before, after, shown = LONGER[name]
    base, head = law(tmp_path / "base", before), law(tmp_path / "head", after)
    found = checked(base, head, compare_decisions(base, head))
    assert shown in names(found)
    assert not found.undecided


@needs_solver
@pytest.mark.parametrize(("cls", "opinions"), [("B11", False), ("B22", True)])
def test_a_witness_has_no_opinion_that_it_can_do_without(tmp_path: Path, cls: str, opinions: bool) -> None:
    """An offer makes a service B11; only an opinion makes one B22."""
    base = law(tmp_path / "base", "")
    head = law(tmp_path / "head", f'activity.class == "{cls}" && data.persons > 10', each="activity")
    verdicts, found = compare_change(base, head, [("changed/r",)])
    assert len(found.possible) == 5
    verdicts += compare_rules(base, head, ["changed/r"])
    shown = [*(one.witness or {} for one in found.possible), *(one.witness or {} for one in verdicts)]
    assert {"opinions" in witness for witness in shown} == {opinions}


@needs_solver
def test_the_limit_is_unknown_each_time(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 20")
    first = compare_decisions(base, head, budget=1)
    assert first == compare_decisions(base, head, budget=1)
    assert not first.possible
    assert {t.verdict for t in first.undecided} == {"unknown"}
    assert all("limit" in t.reason for t in first.undecided)


def test_pattern_is_unsupported(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", "data.ciio"), law(tmp_path / "head", 'data.ciio && company.name.matches("^A")')
    found = compare_decisions(base, head)
    assert {t.verdict for t in found.found} == {"unsupported"}
    assert all('company.name) in company.name.matches("^A").' in t.reason for t in found.found)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("data.important", "data.important && company.mainland_entity"),
        ("data.persons > 10", "data.persons > 20"),
    ],
)
def test_without_a_solver(before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts alone prove what the solver proves, or nothing; a reason says what to install."""
    base, head = law(tmp_path / "base", before), law(tmp_path / "head", after)
    with_solver = {t.name: t.verdict for t in compare_decisions(base, head).found}
    monkeypatch.setattr(solver, "z3", None)
    found = checked(base, head, compare_decisions(base, head, budget=5_000_000), attackers=5)
    rules = compare_rules(base, head, ["changed/r"], budget=5_000_000)
    assert all(t.verdict in ("unknown", with_solver[t.name]) for t in found.found)
    assert (rules[0].verdict, rules[0].reason) == ("unknown", "Proofs need a solver: pip install '.[smt]'.")
    assert {t.reason for t in found.undecided} == {rules[0].reason}


@pytest.mark.parametrize(
    ("stated", "low", "high", "shown"),
    [(149 / 3, 40, 60, 50), (149 / 3, 49.66, 49.69, 49.67), (49.25, 49, 49.25, 49.2)],
)
def test_a_witness_shows_numbers_with_few_decimals(stated: float, low: float, high: float, shown: float) -> None:
    company = {"foreign_percent": stated, "foreign_percent_basis": "ultimate"}

    def holds(profile: Profile) -> bool:
        return bool(low < profile.facts["company"].get("foreign_percent", 0) <= high)

    smaller = minimize_profile({"schema": 2, "product": {"id": "p"}, "company": company, "services": []}, holds)
    assert smaller["company"]["foreign_percent"] == shown
