"""Random laws with every key of the schema: the evaluator, formulas, a database, tests and mutation decide alike.

Other tests draw profiles and edits of the shipped law; a key that no shipped rule has would stay untried there.
Sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.assignments import BOUNDS, Truths, assign
from tests.support.effort import SEED, trials
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.random_laws import INSTRUMENTS, LawGenerator, keys_of
from tests.support.solver import periods
from vatspolicy.authoring.mutation.distinction import encode_states
from vatspolicy.authoring.testing.rule_states import state_of, subjects
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import Decision, Subject
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.builder import build_policies
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import EFFECTS, Condition, Reading, Readings, Rule
from vatspolicy.core.policies.modelled import COMPARED, WORDING, effect_constants
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.proofs.decision_encoder import decision_words, encode_decision
from vatspolicy.proofs.formula import TRUE
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.values import Constant
from vatspolicy.screening.engines import decide

SCHEMA = SchemaSet.shipped().load("policy")
RULE = SCHEMA["properties"]["rules"]["items"]


def cases(folder: Path, seed: int, opinions: bool) -> Iterator[tuple[Bundle, str, list[Profile]]]:
    """Random laws, each with a day beside a change and random profiles that hold its instruments."""
    for turn in range(trials(60)):
        draw = random.Random(f"{turn} of {seed}")
        bundle = LawGenerator(draw).bundle(folder / f"{turn}")
        hints = hints_of(bundle)
        profiles = Profiles(draw, dataclasses.replace(hints, hot=hints.hot | set(INSTRUMENTS)))
        day = max(near_days(draw, ["2020-01-01", "2023-05-01", "2026-07-01"]), bundle.covers_from)
        found = [profiles.profile(draw.choice((0.0, 0.0, 0.2))) for _ in range(25)]
        if not opinions:
            data = [{k: v for k, v in one.document.data.items() if k != "opinions"} for one in found]
            found = [load_profile(one) for one in data]
        yield bundle, day, found


# --- the generator


def test_every_key_of_the_schema_is_in_some_law() -> None:
    generator = LawGenerator(random.Random(SEED))
    for _ in range(40):
        generator.files()
    assert set(keys_of(SCHEMA)) - generator.seen == set()


def test_a_key_that_the_schema_gains_is_drawn_or_fails() -> None:
    schema = copy.deepcopy(SCHEMA)
    need = schema["properties"]["rules"]["items"]["properties"]["need"]["properties"]
    need["grace"] = {"type": "integer", "minimum": 1, "maximum": 90}
    generator = LawGenerator(random.Random(SEED), schema)
    assert {rule["need"].get("grace") is None for rule in generator.rules() if "need" in rule} == {True, False}
    need["unless"] = {"type": "string", "pattern": "^[a-z]+$"}
    with pytest.raises(LookupError, match=r"does not know rules\.need\.unless"):
        list(LawGenerator(random.Random(SEED), schema).rules())


# --- back ends


@pytest.mark.parametrize("opinions", [False, True])
def test_formulas_decide_as_the_evaluator_does(tmp_path: Path, opinions: bool) -> None:
    words = Counter[str]()
    for bundle, day, profiles in cases(tmp_path, SEED, opinions):
        period = next(one for one in periods([bundle]) if one.start <= day < one.end)
        query = Query(period, BOUNDS)
        ruleset = query.encode(bundle)
        formulas = decision_words(ruleset.space.pool, encode_decision(ruleset, query.services))
        expected = [evaluate(bundle, profile, day).decision for profile in profiles]
        found = Truths(query, [assign(query, profile.facts, day) for profile in profiles]).words(formulas)
        assert found == [[word] for word in expected], (bundle.folder, day)
        words.update(expected)
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


@pytest.mark.parametrize("opinions", [False, True])
def test_a_database_decides_as_the_evaluator_does(tmp_path: Path, opinions: bool) -> None:
    pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
    from tests.support.portfolios import DuckDecider
    from vatspolicy.screening.duckdb_engine import connect

    words = Counter[str]()
    with connect(threads=1) as database:
        for bundle, day, profiles in cases(tmp_path, SEED + 1, opinions):
            law = bundle.on(day)
            found = DuckDecider(database, law, day).decide([profile.facts for profile in profiles])
            assert found == [decide(law, profile.facts, day) for profile in profiles], (bundle.folder, day)
            words.update(answer["decision"] for answer in found)
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


def test_tests_and_mutation_see_the_states_of_the_evaluator(tmp_path: Path) -> None:
    """The state of every rule for every subject; the evaluator alone takes opinions that nobody gave into account."""
    seen = Counter[tuple[str, str]]()
    for bundle, day, profiles in cases(tmp_path, SEED + 5, opinions=False):
        period = next(one for one in periods([bundle]) if one.start <= day < one.end)
        law, query = bundle.on(day), Query(period, BOUNDS)
        ruleset = query.encode(bundle)
        for profile in profiles:
            asked: list[tuple[Rule, str, Mapping[str, int]]] = []
            listed = states_in(evaluate(bundle, profile, day))
            for each, name, activation in subjects(law, profile, day):
                service, _, cls = name.partition("/")
                scope = ruleset.product_activation()
                if service:
                    place = [one["id"] for one in profile.facts["services"]].index(service)
                    record = query.services[place][1]
                    scope = ruleset.service_activation(record)
                    if cls:
                        scope = ruleset.activity_activation(record, ((TRUE, Constant(cls)),), cls)
                for rule in (rule for kind in EFFECTS for rule in law.rules_for(each, kind)):
                    state = state_of(law, rule, activation)
                    asked.append((rule, state, encode_states(ruleset, rule, scope)))
                    told = listed.get((rule, name), None if rule.kind == "route" else ("silent",))
                    if rule.kind != "classify" and not rule.is_unread and told is not None:
                        assert state in told, (bundle.folder, rule.name, day)
                        seen[rule.kind, state] += 1
            truths = Truths(query, [assign(query, profile.facts, day)])
            for rule, state, formulas in asked:
                assert truths.words(formulas) == [[state]], (bundle.folder, rule.name, day)
    assert {state for kind, state in seen if kind == "need"} == {"silent", "unknown", "met", "unmet", "closed"}
    assert {state for kind, state in seen if kind == "route"} == {"unknown", "open", "closed"}
    assert {state for kind, state in seen if kind == "deny"} == {"silent", "unknown", "fires"}


def states_in(decision: Decision) -> Mapping[tuple[Rule, str], tuple[str, ...]]:
    """The states of rules that a decision lists, by the rule and its subject, in the words of tests."""
    same = {"done": ("fires", "unknown"), "unread": ("unknown",)}

    def name(subject: Subject) -> str:
        return "/".join(filter(None, (subject.service, subject.cls)))

    groups = (decision.denials, decision.needs, decision.would_need, decision.met, decision.duties, decision.advice)
    found = {
        (one.rule, name(one.subject)): same.get(one.state, (one.state,))
        for group in (*groups, decision.undetermined)
        for one in group
    }
    routes = (route for service in decision.services for activity in service.activities for route in activity.routes)
    return found | {(one.rule, name(one.subject)): (one.state,) for one in routes}


# --- constants of effects


def leaves(value: Any, node: Mapping[str, Any], path: tuple[str | int, ...]) -> Iterator[tuple[Any, ...]]:
    """Every value of a drawn effect that is no object, with its schema and its place."""
    if isinstance(value, dict) and "$ref" not in node:
        branches = [node, *node.get("anyOf", ())]
        known = {key: child for one in branches for key, child in one.get("properties", {}).items()}
        for key, inner in value.items():
            yield from leaves(inner, known[key], (*path, key))
    elif isinstance(value, list) and node.get("items", {}).get("type") == "object":
        for index, inner in enumerate(value):
            yield from leaves(inner, node["items"], (*path, index))
    else:
        yield value, node, path


def with_value(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(data)
    holder = changed
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = value
    return changed


def constants_of(entry: Mapping[str, Any]) -> str:
    """The constants of a rule as it would be built, whatever else its file says."""
    articles = {f"art-{number}": {"en": "Words.", "verification": "primary"} for number in (1, 2, 3)}
    data = {
        "id": "law",
        "version": "1.0.0",
        "title": {"en": "", "zh": ""},
        "topics": [],
        "source": {},
        "effective": {"from": "2020-01-01"},
    }
    positions: Any = defaultdict(lambda: (1, 1))
    trees: Any = defaultdict(bytes)
    [policy] = build_policies(
        [({**data, "articles": articles, "rules": [entry]}, "", positions, trees)], SchemaSet.shipped()
    )
    return repr(effect_constants(policy.rules[0]))


OWNERS: Mapping[str, type] = {
    **EFFECTS,
    "route.conditions": Condition,
    "readings": Readings,
    "readings.others": Reading,
}
"""Classes of the model by the path of the object of the schema that they are made of."""


@pytest.mark.parametrize("kind", EFFECTS)
def test_every_key_of_an_effect_is_a_constant_or_named_as_wording(kind: str) -> None:
    """A key of the schema that changes no constant would make proofs say that nothing changes."""
    draw, tried = random.Random(SEED), set[str]()
    generator = LawGenerator(draw)
    for _ in range(60):
        entry = generator.rule(kind, through=draw.random() < 0.5 if kind == "need" else False)
        found = leaves(entry[kind], RULE["properties"][kind], (kind,))
        if "readings" in entry:
            found = iter([*found, *leaves(entry["readings"], RULE["properties"]["readings"], ("readings",))])
        for value, node, path in found:
            *inside, last = (step for step in path if isinstance(step, str))
            key, owner = ".".join((*inside, last)), OWNERS.get(".".join(inside))
            apart = {name for table in (WORDING, COMPARED) if owner is not None for name in table.get(owner, ())}
            if node.get("x-language") == "cel" or last in apart:
                tried.add(key)
                continue
            others = (change(generator, key, node, value) for _ in range(20))
            other = next((one for one in others if json.dumps(one) != json.dumps(value)), None)
            if other is not None:
                tried.add(key)
                assert constants_of(entry) != constants_of(with_value(entry, path, other)), key
    expected = {f"{kind}.{key}" for key in keys_of(RULE["properties"][kind])} - {"duty.due", "route.conditions"}
    assert expected - {"duty.due.always"} <= tried  # which can only be true


def change(generator: LawGenerator, key: str, node: Mapping[str, Any], value: Any) -> Any:
    """Another value of a key; another name for one that is a name."""
    if isinstance(value, str) and "pattern" in node and key != "duty.due.by":
        return f"{value}-other"
    if key == "duty.due.by":
        return "04-30"
    return generator.value(node, f"rules.{key}")
