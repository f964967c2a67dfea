"""Changes of the decision word: witnesses are decided again, impossibility is attacked, both over invented and real law."""

from __future__ import annotations

import copy
import gc
import importlib.util
import itertools
import pickle
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, assign
from tests.support.law_builder import CLASSES, LICENCE, bundle_of, route, rule
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.shipped import FIXTURES
from vatspolicy.authoring.symbolic import Transitions, compare_change, compare_decisions, compare_rules, solver
from vatspolicy.authoring.symbolic import workers as parallel
from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.minimize import places, without
from vatspolicy.authoring.symbolic.timeline import END, Period
from vatspolicy.authoring.symbolic.two_rulesets import TwoRuleSetSearch, differing_period
from vatspolicy.authoring.symbolic.verdicts import PAIRS
from vatspolicy.authoring.symbolic.witness import decision_of
from vatspolicy.authoring.testing.cases import fixture_cases
from vatspolicy.documents.schemas import SchemaSet, resource_folder
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle, build_bundle, load_bundle, read_sources
from vatspolicy.profile.profile import load_profile

needs_solver = pytest.mark.skipif(
    importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt): there is no solver to test"
)
pytestmark = pytest.mark.xdist_group("analysis")

DENY = "deny: {reason: CAPITAL-TOO-LOW}"


def law(folder: Path, when: str, each: str = "product", effect: str = DENY, more: str = "", days: str = "") -> Bundle:
    """A license duty with a route for everybody, beside one rule."""
    text = "rules:\n" + route("open", "true") + more + (rule("r", each, when, effect, days) if when else "")
    return bundle_of(folder, classes=CLASSES, licence=LICENCE, changed=text)


def checked(base: Bundle, head: Bundle, found: Transitions, attackers: int = 40) -> Transitions:
    """Every witness is decided as it says and cannot be made smaller; no random profile shows what is impossible."""
    assert [(t.before, t.after) for t in found.found] == list(PAIRS)
    for transition in found.possible:
        assert transition.witness is not None
        assert transition.as_of is not None
        assert transition.first_day is not None
        profile = load_profile(dict(transition.witness))
        words = tuple(evaluate(bundle, profile, transition.as_of).decision for bundle in (base, head))
        assert words == (transition.before, transition.after)
        assert transition.first_day <= transition.as_of <= (transition.last_day or END)
        days = [transition.first_day, *([transition.last_day] if transition.last_day else [])]
        assert all(decision_of(base, profile, day) != decision_of(head, profile, day) for day in days)
        outside = [iso(ordinal(transition.first_day) - 1)] if transition.first_day > base.covers_from else []
        outside += [iso(ordinal(transition.last_day) + 1)] if transition.last_day else []
        assert all(decision_of(base, profile, day) == decision_of(head, profile, day) for day in outside)
        for place in places(dict(transition.witness)):
            assert not still(base, head, without(transition.witness, place), transition.as_of, words), place
    draw = random.Random(5)
    made = Profiles(draw, hints_of(head))
    impossible = {transition.name for transition in found.impossible}
    for _ in range(attackers):
        profile, day = made.profile(), max(near_days(draw, head.boundaries), base.covers_from, head.covers_from)
        assert f"{decision_of(base, profile, day)}->{decision_of(head, profile, day)}" not in impossible
    return found


def still(base: Bundle, head: Bundle, data: dict[str, Any] | None, day: str, words: tuple[str, ...]) -> bool:
    if data is None:
        return False
    try:
        profile = load_profile(data)
    except InvalidInput:
        return False
    return tuple(evaluate(bundle, profile, day).decision for bundle in (base, head)) == words


def names(found: Transitions) -> set[str]:
    return {transition.name for transition in found.possible}


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
def test_two_ways_to_say_the_same_change_nothing(tmp_path: Path) -> None:
    base = law(tmp_path / "base", "data.persons > 10 && company.mainland_entity")
    head = law(tmp_path / "head", "!(data.persons <= 10 || !company.mainland_entity)")
    found = checked(base, head, compare_decisions(base, head))
    assert len(found.impossible) == 12


def test_other_words_are_no_change(tmp_path: Path) -> None:
    base = law(tmp_path / "base", "data.persons > 10")
    head = law(tmp_path / "head", "data.persons   >  10")
    assert differing_period(base, head, Period(base.covers_from, END)) is None
    found = compare_decisions(base, head)
    assert len(found.impossible) == 12
    assert {transition.reason for transition in found.found} == {"No rule that decides differs."}


def test_a_duty_decides_nothing(tmp_path: Path) -> None:
    duty = "duty: {instrument: vats-licence, due: {always: true}}"
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


@needs_solver
def test_the_limit_is_unknown_each_time(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 20")
    first = compare_decisions(base, head, budget=1)
    assert first == compare_decisions(base, head, budget=1)
    assert not first.possible
    assert {t.verdict for t in first.undecided} == {"unknown"}
    assert all("limit" in t.reason for t in first.undecided)


def test_free_text_is_unsupported(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", 'company.name == "A"'), law(tmp_path / "head", 'company.name == "B"')
    found = compare_decisions(base, head)
    assert {t.verdict for t in found.found} == {"unsupported"}
    assert all("company.name" in t.reason for t in found.found)


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
    assert (rules[0].verdict, rules[0].reason) == ("unknown", "Proofs need a solver: install vatspolicy[smt].")
    assert {t.reason for t in found.undecided} == {rules[0].reason}


@needs_solver
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_change_no_answer(method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "_start_method", lambda: method)
    base, head = law(tmp_path / "base", "data.persons > 10"), law(tmp_path / "head", "data.persons > 20")
    alone = compare_change(base, head, ["changed/r"])
    assert compare_change(base, head, ["changed/r"], workers=2) == alone
    assert alone == ([*compare_rules(base, head, ["changed/r"])], compare_decisions(base, head))


def test_a_bundle_survives_the_way_to_a_worker(tmp_path: Path) -> None:
    bundle = law(tmp_path, "data.persons > 10")
    again = pickle.loads(pickle.dumps(bundle))
    made = Profiles(random.Random(3), hints_of(bundle))
    for _ in range(10):
        profile = made.profile()
        one, two = (evaluate(side, profile, "2025-01-01") for side in (bundle, again))
        assert (one.decision, one.range) == (two.decision, two.range)
        assert [f.rule.name for f in one.undetermined] == [f.rule.name for f in two.undetermined]


# --- the shipped law -------------------------------------------------------------------------------------------------


def edited(policy: str, old: str, new: str) -> Bundle:
    sources = []
    for name, data in read_sources(resource_folder("policies")):
        text = data.decode()
        if name.endswith(f"/{policy}.yaml"):
            assert old in text
            text = text.replace(old, new, 1)
        sources.append((name, text.encode()))
    return build_bundle(sources)


@needs_solver
def test_a_change_of_the_shipped_law() -> None:
    """Capital beyond a province: what had enough by a hair has not. All twelve changes are settled."""
    base = load_bundle()
    head = edited(
        "fite-provisions",
        "operator.registered_capital_rmb < param.least_capital_beyond_province",
        "operator.registered_capital_rmb <= param.least_capital_beyond_province",
    )
    found = checked(base, head, compare_decisions(base, head), attackers=15)
    assert names(found) == {"needs-license->deny", "needs-license->incomplete", "incomplete->deny"}
    assert len(found.impossible) == 9


@needs_solver
def test_fixtures_are_decided_by_the_encoding_as_by_the_evaluator() -> None:
    """The whole decision, over the law of all days, of the profiles that people wrote."""
    bundle = load_bundle()
    ground = TwoRuleSetSearch(Period(bundle.covers_from, END), bundle, 1_000_000, dict.fromkeys(BOUNDS, 2))
    pool, longest = ground.query.space.pool, 0
    compared = 0
    for case in itertools.islice(fixture_cases(bundle, FIXTURES), 0, None, 2):
        profile, day = case.profile, case.as_of
        facts = copy.deepcopy(dict(profile.facts))
        if too_long(facts):
            longest += 1
            continue
        values = assign(ground.query, facts, day)
        truths = pool.truths(values)
        found = [word for word, formula in ground.before.items() if truths[abs(formula)] is (formula > 0)]
        assert found == [decision_of(bundle, profile, day)], case.name
        compared += 1
    assert compared > 60
    assert longest < compared


def too_long(data: Any) -> bool:
    """Whether some list of objects has more members than are told apart here."""
    if isinstance(data, dict):
        return any(map(too_long, data.values()))
    if isinstance(data, list):
        return (len(data) > 2 and isinstance(data[0], dict)) or any(map(too_long, data))
    return False


def test_workers_read_the_schemas_of_the_bundles() -> None:
    own = SchemaSet({**SchemaSet.shipped().files, "note.schema.json": b"{}"})
    sides = (load_bundle(schemas=own), load_bundle(schemas=own))
    told = parallel.run_tasks(sides, [(_schema_names, ()), (_schema_names, ())], 2)
    assert told == [own.names, own.names]
    assert "note" in own.names


def _schema_names(base: Bundle, _: Bundle) -> tuple[str, ...]:
    gc.collect()
    return base.schemas.names
