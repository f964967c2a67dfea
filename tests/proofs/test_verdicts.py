"""Verdicts on changed rules: proofs are attacked, witnesses are decided again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.solver import needs_solver
from tests.support.transitions import confirm
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.proofs import RuleVerdict, compare_change, compare_rules, solver
from vatspolicy.proofs.domain import AS_OF
from vatspolicy.proofs.query import Solution
from vatspolicy.proofs.verdicts import MILDER_PAIRS, STRICTER_PAIRS

# --- verdicts on invented laws ---------------------------------------------------------------------------------------

SHARE = "operator.foreign_percent"


def two(tmp_path: Path, before: str, after: str, each: str = "activity", effect: str = "deny: {reason: CAPITAL-TOO-LOW}",
        more: str = "", late: str = "", budget: int = solver.BUDGET) -> RuleVerdict:  # fmt: skip
    """The verdict on one rule with two versions of its condition, beside a license duty with two routes."""
    found = []
    for name, when in (("base", before), ("head", after)):
        law = (
            "rules:\n"
            + route("open", "true", cap="50.0")
            + more
            + (rule("r", each, when, effect, late) if when else "")
        )
        found.append(bundle_of(tmp_path / name, classes=CLASSES, license=LICENSE, changed=law))
    [verdict] = compare_rules(found[0], found[1], ["changed/r"], budget=budget)
    confirm(found[0], found[1], verdict)
    return verdict


EQUIVALENT = [
    (f"!({SHARE} > 50.0 && company.mainland_entity)", f"{SHARE} <= 50.0 || !company.mainland_entity"),
    ('service.features.all(f, f != "accounts")', '!service.features.exists(f, f == "accounts")'),
    ('service.operated_by in ["partner", "contract-controlled"]', 'service.operated_by != "company"'),
    ('service.features.exists(f, f == "groups" || f == "comments")',
     'service.features.exists(f, f == "groups") || "comments" in service.features'),
    ("data.persons >= 100", "data.persons > 99"),
    ("data.children > data.minors", "data.children > data.minors && data.minors >= data.children"),
    ('company.registered.province == "overseas" && company.mainland_entity',
     'company.registered.province == "overseas" && company.mainland_entity && company.registered.province != "overseas"'),
    ('service.area.all(a, "shanghai" in a.within)', 'service.area.all(a, a.province == "shanghai")'),
    ('service.area.size() > 1', '!(service.area.size() <= 1)'),
    ('service.area.exists(a, a.at == "beijing") && service.area.exists(a, a.at == "tianjin")',
     'service.area.size() > 1 && service.area.exists(a, a.at == "tianjin") && service.area.exists(a, a.at == "beijing")'),
    ('services.exists(s, s.hosting == "overseas")', '!services.all(s, s.hosting == "mainland")'),
    ('"B11" == activity.class', 'activity.class in ["B11", "B22"] && activity.class != "B22"'),
    ('as_of >= "2010-01-01"', "true"),
    ('operator.licenses.exists(l, l.instrument == "vats-license" && l.valid_until > as_of)',
     '!operator.licenses.all(l, l.valid_until <= as_of || l.instrument != "vats-license")'),
]  # fmt: skip

DIFFERENT = [
    (f"{SHARE} > 50.0", f"{SHARE} >= 50.0", "stricter"),
    (f"{SHARE} > 0.0", f"{SHARE} > 0.01", "milder"),
    ("data.persons > 100", "data.persons > 101", "milder"),
    ("data.persons > data.registered_users", "data.persons > data.registered_users + 1", "milder"),
    ("service.area.size() > 2", "service.area.size() > 3", "milder"),
    ("services.size() > 1", "services.size() > 2", ""),
    ('service.area.exists(a, a.at == "beijing") && service.area.exists(a, a.at == "tianjin")',
     'service.area.exists(a, a.at == "beijing" && a.province == "tianjin")', "milder"),
    ('service.area.exists(a, a.ftz == "hainan")', 'service.area.exists(a, a.province == "hainan")', "both"),
    ("activity.licensed == false && company.mainland_entity", "company.mainland_entity", "stricter"),
    ('as_of < "2025-06-01"', 'as_of <= "2025-06-01"', "stricter"),
    ("", "data.important", "stricter"),
    ("data.important", "", "milder"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), EQUIVALENT)
def test_two_ways_to_say_the_same(tmp_path: Path, before: str, after: str) -> None:
    verdict = two(tmp_path, before, after)
    assert verdict.verdict == "proved-equivalent", verdict


@pytest.mark.parametrize(("fact", "word", "proved"), [("offers", "cdn", True), ("features", "accounts", False)])
def test_a_list_that_names_at_least_one_is_never_empty(tmp_path: Path, fact: str, word: str, proved: bool) -> None:
    stated = f'"{word}" in service.{fact} || !("{word}" in service.{fact})'
    verdict = two(tmp_path, f"service.{fact}.size() > 0", stated, "service")
    assert (verdict.verdict == "proved-equivalent") is proved, verdict


@needs_solver
@pytest.mark.parametrize(("before", "after", "turn"), DIFFERENT)
def test_two_ways_that_differ(tmp_path: Path, before: str, after: str, turn: str) -> None:
    """A denial that widens only tightens: one change in each direction is shown, between words that are reached."""
    verdict = two(tmp_path, before, after)
    assert verdict.verdict == "witness" if turn else verdict.verdict in ("witness", "unknown"), verdict
    pairs = [tuple(name.split("->")) for name in verdict.transitions]
    directions = {"stricter": [STRICTER_PAIRS], "milder": [MILDER_PAIRS], "both": [STRICTER_PAIRS, MILDER_PAIRS]}
    for found in directions.get(turn, []):
        assert found & set(pairs)
    assert len(pairs) == len(directions.get(turn, pairs))
    assert not any("incomplete" in pair for pair in pairs)


@needs_solver
def test_a_denial_that_moves_is_shown_in_both_directions(tmp_path: Path) -> None:
    verdict = two(tmp_path, "data.persons > 100", "data.persons < 50")
    assert set(verdict.transitions) & {"->".join(pair) for pair in STRICTER_PAIRS}
    assert set(verdict.transitions) & {"->".join(pair) for pair in MILDER_PAIRS}


def test_a_day_of_change_is_found(tmp_path: Path) -> None:
    assert two(tmp_path, 'as_of < "2025-06-01"', 'as_of <= "2025-06-01"').as_of == "2025-06-01"


def test_a_witness_is_small(tmp_path: Path) -> None:
    verdict = two(tmp_path, "data.persons > 1000", "data.persons > 1000 && data.important", "product")
    assert verdict.witness is not None
    assert set(verdict.witness) == {"schema", "product", "company", "services", "data"}
    assert verdict.witness["data"] == {"persons": 1001, "important": False}


@needs_solver
def test_equal_questions_have_equal_witnesses(tmp_path: Path) -> None:
    first = two(tmp_path / "1", "data.persons > 7", "data.persons > 9")
    assert first == two(tmp_path / "2", "data.persons > 7", "data.persons > 9")


@needs_solver
def test_a_denial_beside_a_wider_one_is_masked(tmp_path: Path) -> None:
    wider = rule("wider", "activity", "data.persons > 5", "deny: {reason: CAPITAL-TOO-LOW}")
    verdict = two(tmp_path, "data.persons > 10", "data.persons > 20", more=wider)
    assert verdict.verdict == "masked"
    assert verdict.witness is not None
    assert verdict.witness["data"]["persons"] in range(11, 21)


def test_a_duty_never_changes_the_word(tmp_path: Path) -> None:
    duty = "duty: {instrument: vats-license, due: {always: true}}"
    verdict = two(tmp_path, "data.persons > 1", "data.persons > 2", "product", duty)
    assert (verdict.verdict, verdict.transitions, verdict.before == verdict.after) == ("witness", (), True)


def test_another_effect_is_a_difference(tmp_path: Path) -> None:
    bundles = []
    for name, reason in (("base", "CAPITAL-TOO-LOW"), ("head", "SECTOR-NOT-OPEN")):
        law = "rules:\n" + rule("r", "product", "data.important", f"deny: {{reason: {reason}}}")
        bundles.append(bundle_of(tmp_path / name, law=law))
    [verdict] = compare_rules(bundles[0], bundles[1], ["law/r"])
    assert verdict.verdict == "masked"  # the reason differs, the word does not
    assert verdict.witness is not None


def test_words_alone_are_no_difference(tmp_path: Path) -> None:
    bundles = []
    for name in ("base", "head"):
        text = rule("r", "product", "data.important", "deny: {reason: CAPITAL-TOO-LOW}")
        bundles.append(bundle_of(tmp_path / name, law="rules:\n" + text.replace("Rule r.", f"Rule of {name}.")))
    assert compare_rules(bundles[0], bundles[1], ["law/r"])[0].verdict == "proved-equivalent"


def test_pattern_is_unsupported(tmp_path: Path) -> None:
    verdict = two(tmp_path, 'company.name.matches("^A")', 'company.name == "A"')
    assert verdict.verdict == "unsupported"
    assert 'company.name) in company.name.matches("^A").' in verdict.reason


def test_the_limit_gives_unknown(tmp_path: Path) -> None:
    bundles = [bundle_of(tmp_path / n, law="rules:\n" + rule("r", "product", w, "deny: {reason: CAPITAL-TOO-LOW}"))
               for n, w in (("base", "data.persons > 1"), ("head", "data.persons > 2"))]  # fmt: skip
    [verdict] = compare_rules(bundles[0], bundles[1], ["law/r"], budget=1)
    assert verdict.verdict == "unknown"
    assert verdict.witness is None


def test_one_day_only(tmp_path: Path) -> None:
    bundles = []
    for name, since in (("base", "2024-01-01"), ("head", "2025-01-01")):
        text = rule("r", "product", "data.important", "deny: {reason: CAPITAL-TOO-LOW}", f"from: '{since}'")
        bundles.append(bundle_of(tmp_path / name, law="rules:\n" + text))
    verdicts = {
        day: compare_rules(bundles[0], bundles[1], ["law/r"], as_of=day)[0].verdict
        for day in ("2023-06-01", "2024-06-01", "2026-06-01")
    }
    assert verdicts == {"2023-06-01": "proved-equivalent", "2024-06-01": "witness", "2026-06-01": "proved-equivalent"}


def test_without_a_solver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What folding formulas shows is proved; the rest is unknown, and the reason says what to install."""
    monkeypatch.setattr(solver, "z3", None)
    same = "data.persons >= 100 && data.important"
    assert two(tmp_path / "a", same, f"({same}) && true", "product").verdict == "proved-equivalent"
    changed = two(tmp_path / "b", "data.persons >= 100", "data.persons > 100", "product")
    assert (changed.verdict, changed.witness) == ("unknown", None)
    assert changed.reason == "Proofs need a solver: pip install '.[smt]'."


@needs_solver
def test_a_witness_without_a_day_is_shown_on_one_that_lists_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a smaller solution does without may be the day; the verdict then names the day that was looked at."""
    reduced = Solution.reduced

    def without_day(solution: Solution) -> Solution:
        small = reduced(solution)
        return replace(small, model={name: value for name, value in small.model.items() if name != AS_OF})

    monkeypatch.setattr(Solution, "reduced", without_day)
    late = rule("late", "product", "data.persons > 10", "deny: {reason: CAPITAL-TOO-LOW}", "from: '2022-01-01'")
    same = "data.persons > 10"
    verdict = two(tmp_path, same, f'{same} && as_of < "2023-01-01"', "product", "advise: {kind: verify}", more=late)
    assert verdict.verdict == "witness"
    assert verdict.as_of is not None
    assert verdict.as_of >= "2023-01-01"
    assert verdict.before == "deny"


def together(tmp_path: Path, each: str, condition: str) -> tuple[Bundle, Bundle, RuleVerdict]:
    """Both sides of a change of two duties with a condition in common, and the verdict on both together."""
    duty = "duty: {instrument: vats-license, due: {always: true}}"
    base, head = (
        bundle_of(
            tmp_path / name,
            classes=CLASSES,
            license=LICENSE,
            changed="rules:\n"
            + route("open", "true")
            + rule("one", each, f"{condition} && data.persons > {number}", duty)
            + rule("two", each, f"{condition} && company.registered_capital_rmb > {number}", duty),
        )
        for name, number in (("base", 1), ("head", 2))
    )
    [verdict], _ = compare_change(base, head, [("changed/one", "changed/two")])
    return base, head, verdict


@needs_solver
def test_rules_changed_together_are_shown_by_facts_that_settle_all_of_them(tmp_path: Path) -> None:
    """Facts on which one rule alone rests would leave the other undetermined, which tells less than a duty."""
    base, head, verdict = together(tmp_path, "product", "true")
    assert (verdict.verdict, verdict.witness is not None) == ("witness", True)
    profile = load_profile(dict(verdict.witness or {}))
    decided = [evaluate(bundle, profile, str(verdict.as_of)) for bundle in (base, head)]
    assert not {found.rule.name for one in decided for found in one.undetermined} & {"changed/one", "changed/two"}


@needs_solver
def test_a_solution_with_more_members_than_a_list_may_have_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The solver knows no longest list of words; the facts on which the change rests show it all the same."""
    begin = solver.Solver.__init__

    def begin_with_every_fact(self: solver.Solver, *given: Any) -> None:
        begin(self, *given)
        self.solver.set("phase", "always_true")

    monkeypatch.setattr(solver.Solver, "__init__", begin_with_every_fact)
    assert together(tmp_path, "service", 'service.offers.exists(o, o != "other")')[2].verdict == "witness"
