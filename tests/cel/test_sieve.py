"""What many rules are asked at once says what each says alone: sieves against Kleene's logic, step by step and fused."""

from __future__ import annotations

import ast
import itertools
import math
import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from support.generators import PARAMETERS, Profiles, near_days, parameter_types
from support.samples import SEED, TIMES, batch, drawn, random_env, shipped

from vatspolicy.cel import sieve as sieves
from vatspolicy.cel.activation import ACTIVITY, PRODUCT, SERVICE, level_of
from vatspolicy.cel.answers import Intervals, Words, resolve
from vatspolicy.cel.ast import Node
from vatspolicy.cel.codegen import Function, GeneratedModule
from vatspolicy.cel.conjunct import Test, conjuncts, questions, words_read
from vatspolicy.cel.fuse import write
from vatspolicy.cel.interpreter import Env, compile_interpreter, evaluate
from vatspolicy.cel.parser import TypeEnvironment, parse
from vatspolicy.cel.rows import make_row
from vatspolicy.cel.sieve import Sieve
from vatspolicy.cel.types import Bool, ListOf, Record, Type
from vatspolicy.engine.evaluator import evaluate as decide
from vatspolicy.engine.subjects import product_activation
from vatspolicy.policies import ruleset as laws
from vatspolicy.policies.compiler import variables
from vatspolicy.policies.ruleset import RuleSet

pytestmark = pytest.mark.xdist_group("differential")

EFFECTS = ("classify", "deny", "need", "route", "duty", "advise")
EMPTY: Mapping[str, Any] = {}


@pytest.fixture(params=["step by step", "fused"])
def warm(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sieves that are never fused, or from the first question on."""
    monkeypatch.setattr(sieves, "WARM", {"step by step": 10**9, "fused": 0}[request.param])


@pytest.fixture(autouse=True)
def _sieves_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A law makes a sieve when it is first asked; otherwise it does so when it has been asked some times."""
    monkeypatch.setattr(laws, "COLD", 0)


def tree(text: str) -> Node:
    return parse(text, TypeEnvironment(variables("activity"), parameter_types(), lambda name, scope: None), None)


def sieve_of(trees: list[Node], params: Mapping[str, Any]) -> Sieve:
    """With generated code, and closures where that lacks a fact."""
    nodes = {
        key: question.node
        for place, node in enumerate(trees)
        for key, question in questions(conjuncts(node), str(place))
    }
    code = GeneratedModule(nodes).load(params)

    def functions(key: str) -> tuple[Function, Function]:
        return code[key], compile_interpreter(nodes[key], params)

    return Sieve(
        make_row([part.dump() for part in conjuncts(node)], str(place), params, functions)
        for place, node in enumerate(trees)
    )


def answers(sieve: Sieve, env: Env, count: int) -> list[bool | None]:
    left, unknown = sieve.find(env)
    return [False if not left >> place & 1 else None if unknown >> place & 1 else True for place in range(count)]


REGIONS = "param.regions.exists(r,"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('activity.class == "B11"', ["value activity.class"]),
        ('!(activity.class in ["B11", "B12"])', ["value activity.class"]),
        ('activity.class == "B11" || activity.class == "B12"', ["value activity.class"]),
        ("operator.mainland_entity", ["value operator.mainland_entity"]),
        ('"food-sale" in service.offers', ["some service.offers"]),
        ('!("food-sale" in service.offers)', ["every service.offers"]),
        ('service.offers.exists(o, o == "food-sale" || o == "saas")', ["some service.offers"]),
        ('service.offers.exists(o, o == "food-sale") || "saas" in service.offers', ["some service.offers"]),
        ('!(service.offers.exists(o, o == "food-sale") || "saas" in service.offers)', ["every service.offers"] * 2),
        ('service.offers.all(o, o == "food-sale")', ["every service.offers"]),
        ('!service.offers.all(o, o == "food-sale")', ["some service.offers"]),
        ('service.offers.exists(o, activity.class == "B11")', ["whole"]),
        ('activity.class == "B11" || "B11" in param.opened', ["whole"]),
        ('service.area.exists(a, a.province == "beijing")', ["one service.area"]),
        ('!service.area.exists(a, a.province == "beijing")', ["none service.area"]),
        ('service.area.all(a, a.province == "beijing")', ["none service.area"]),
        ("operator.foreign_percent > 0.0", ["number operator.foreign_percent"]),
        ("!(0.0 < operator.foreign_percent)", ["number operator.foreign_percent"]),
        ("operator.foreign_percent > 0.0 && operator.foreign_percent <= 50.0", ["number operator.foreign_percent"] * 2),
        ("data.persons + data.minors > 0", ["whole"]),
        ("size(service.area) > 1", ["size service.area"]),
        (
            'operator.mainland_entity && "saas" in service.offers && "food-sale" in service.offers',
            ["value operator.mainland_entity", "some service.offers", "some service.offers"],
        ),
        (
            '"saas" in service.offers || operator.mainland_entity',
            ["some service.offers | value operator.mainland_entity"],
        ),
        (
            '"saas" in service.offers || (operator.mainland_entity && data.persons > 0)',
            [
                "some service.offers | value operator.mainland_entity",
                "some service.offers | number data.persons",
            ],
        ),
        (
            '!("saas" in service.offers && operator.mainland_entity)',
            ["every service.offers | value operator.mainland_entity"],
        ),
        ('"saas" in service.offers || data.persons > data.minors', ["whole"]),
        (f"{REGIONS} r.places.exists(p, p in company.registered.within))", ["some company.registered.within"]),
        (f"!{REGIONS} r.places.exists(p, p in company.registered.within))", ["every company.registered.within"]),
        (
            f"{REGIONS} r.open == data.ciio || r.places.exists(p, p in company.registered.within))",
            ["value data.ciio | some company.registered.within"],
        ),
        (
            f"!{REGIONS} r.open == data.ciio || r.places.exists(p, p in company.registered.within))",
            ["value data.ciio", "every company.registered.within"],
        ),
        (f"{REGIONS} r.open && r.places.exists(p, p in company.registered.within))", ["whole"]),
        (f"{REGIONS} r.places.exists(p, r.open))", ["whole"]),
        (f"{REGIONS} r.places.exists(p, p == r.id))", ["whole"]),
        (f"{REGIONS} r.id == company.name)", ["whole"]),
        ("param.regions.all(r, r.open == data.ciio)", ["whole"]),
    ],
)
def test_what_is_asked_of_single_facts(text: str, expected: list[str]) -> None:
    found = [[f"{one.way} {'.'.join(one.path)}".strip() for one in part.alternatives] for part in conjuncts(tree(text))]
    assert [" | ".join(part) for part in found] == expected


def test_a_disjunction_that_would_become_too_much_is_asked_whole() -> None:
    offers = ("saas", "food-sale", "data-centre")
    pairs = [f'(data.persons > {place} && "{offer}" in service.offers)' for place, offer in enumerate(offers)]
    assert [len(part.alternatives) for part in conjuncts(tree(" || ".join(pairs[:2])))] == [1, 2, 2, 1]
    assert [part.alternatives[0].way for part in conjuncts(tree(" || ".join(pairs)))] == ["whole"]


def test_what_another_part_says_is_said_once() -> None:
    """Both sides of a disjunction may share what guards them, and then that is a part of its own."""
    shared = 'operator.mainland_entity && "saas" in service.offers'
    text = f"({shared} && data.persons > 0) || ({shared} && data.minors > 0)"
    found = [[f"{one.way} {'.'.join(one.path)}" for one in part.alternatives] for part in conjuncts(tree(text))]
    assert found == [
        ["value operator.mainland_entity"],
        ["some service.offers"],
        ["number data.persons", "number data.minors"],
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"saas" in service.offers', {("service", "offers"): ()}),
        ('service.audience == "public" || data.ciio', {("service", "audience"): None, ("data", "ciio"): None}),
        ('service.area.exists(a, a.province == "beijing")', {("service", "area"): ("", "province")}),
        ("size(service.area) > 1", {}),
        ("data.persons > 1", {}),
        ('service.area.exists(a, "beijing" in a.within)', {}),
    ],
)
def test_the_words_that_an_expression_reads(text: str, expected: dict[Any, Any]) -> None:
    assert dict(words_read(tree(text))) == expected


def random_test(draw: random.Random, constants: list[Any], depth: int = 3) -> Test:
    """A test of words, or of numbers."""
    match draw.randrange(4 if depth else 1):
        case 1:
            return ("not", random_test(draw, constants, depth - 1))
        case 2 | 3 as turn:
            parts = (random_test(draw, constants, depth - 1) for _ in range(draw.randint(2, 3)))
            return (("and", "or")[turn - 2], *parts)
    if isinstance(constants[0], str) or draw.random() < 0.3:
        return ("in", *draw.sample(constants, draw.randint(0, 3)))
    return (draw.choice(["<", "<=", ">", ">="]), draw.choice(constants))


def passes(test: Test, value: Any) -> bool:
    """What a resolved test says, spelled out."""
    op, *rest = test
    compare = (
        {"<": value < rest[0], "<=": value <= rest[0], ">": value > rest[0], ">=": value >= rest[0]}
        if op in "<=>="
        else {}
    )
    match op:
        case "in":
            return value in rest
        case "not":
            return not passes(rest[0], value)
        case "and":
            return all(passes(part, value) for part in rest)
        case "or":
            return any(passes(part, value) for part in rest)
    return bool(compare[op])


@pytest.mark.parametrize("constants", [list("abcdef"), [0, 1, 2, 10, 2**53], [0.0, 0.1, 49.9, 50.0, 1e9]])
def test_tables_tell_what_tests_say(constants: list[Any]) -> None:
    draw = random.Random(SEED)
    is_number = not isinstance(constants[0], str)
    near = [one + step for one in constants for step in (-1, 0, 1)] if is_number else [*constants, "z", "y"]
    near += (
        [math.nextafter(one, end) for one in constants for end in (-math.inf, math.inf)]
        if isinstance(constants[0], float)
        else []
    )
    for _ in range(60 * TIMES):
        table: Any = Intervals() if is_number else Words()
        asked = [(random_test(draw, constants), draw.random() < 0.5) for _ in range(8)]
        for place, (test, hit) in enumerate(asked):
            table.note(test, hit, 1 << place)
        for value in near:
            found = table[bisect_right(table.cuts, value)] if is_number else table[value]
            assert [bool(found >> place & 1) for place in range(8)] == [
                passes(test, value) is hit for test, hit in asked
            ]


def test_constants_of_parameters_are_put_in_their_place() -> None:
    test = ("and", ("in", (True, "p/list"), (False, "c")), ("not", ("<", (True, "p/number"))))
    assert resolve(test, {"p/list": ["a", "b"], "p/number": 3}) == ("and", ("in", "a", "b", "c"), ("not", ("<", 3)))
    places = ("in", (True, "p/regions", "places"))
    regions = [{"id": "a", "places": ["b", "c"]}, {"id": "d", "places": []}]
    assert resolve(places, {"p/regions": regions}) == ("in", "b", "c")
    assert resolve(("in", (True, "p/regions", "id")), {"p/regions": regions}) == ("in", "a", "d")
    for few in ([], regions[1:], [{"id": "a"}]):
        with pytest.raises(LookupError):
            resolve(places, {"p/regions": few})


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    "zones",
    [
        None,
        [],
        [{"id": "one", "places": [], "ftz": []}],
        [{"id": "one", "places": ["beijing"], "ftz": []}],
        [{"id": "one", "places": ["beijing"], "ftz": ["beijing"]}, {"id": "two", "places": ["hainan"]}],
    ],
    ids=["as they are", "none", "empty", "of one field", "a field is missing"],
)
def test_what_is_asked_of_constants_is_what_a_loop_finds(zones: Any) -> None:
    """Where none is there, the answer is no, whatever the fact, and also where it is missing."""
    bundle, _ = shipped()
    law = bundle.on(bundle.boundaries[-1])
    if zones is not None:
        law = replace(law, params={**law.params, "ftz-data-lists/listed_zones": zones})
    draw, seen = random.Random(SEED + 9), Counter[bool | None]()
    rules = [rule for effect in EFFECTS for rule in law.of("product", effect) if rule.policy == "ftz-data-lists"]
    data = {"persons": 50_000, "important": False, "leaves_mainland": True}
    for _ in range(200):
        within = draw.sample(["beijing", "hainan", "gansu"], draw.randint(0, 2))
        place = {"within": within, "ftz": draw.choice(["beijing", "fujian"])}
        registered = {name: fact for name, fact in place.items() if draw.random() > 0.2}
        export = {"grounds": draw.choice([["off-zone-list"], []])}
        env = {"company": {"registered": registered}, "data": {**data, "export": export}}
        spoken = law.match("product", EFFECTS, env)
        found = {rule: holds or None for place in range(len(EFFECTS)) for rule, holds in spoken.rules(place)}
        for rule in rules:
            expected = evaluate(rule.when.tree, env, law.params)
            assert found.get(rule, False) is expected, (rule.name, env)
            seen[expected] += 1
    assert seen[True] > 20
    assert seen[None] > 20 or zones is not None


def test_which_rules_speak_together_is_remembered_and_that_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(laws, "KEPT", 2)
    bundle, hints = shipped()
    law = replace(bundle.on(bundle.boundaries[-1]))
    profiles = Profiles(random.Random(SEED), hints)
    for _ in range(20):
        env = product_activation(profiles.profile(), bundle.boundaries[-1])
        one, other = law.match("product", EFFECTS, env), law.match("product", EFFECTS, env)
        for place in range(len(EFFECTS)):
            assert one.rules(place) is other.rules(place)
            assert [rule for rule, _ in one.rules(place)] == one.match(place)
    assert {len(said) for said in law._tables["product", EFFECTS].said} <= {0, 1, 2}


def test_whose_variables_are_read() -> None:
    assert level_of(tree("data.ciio && company.licences.exists(l, l.valid)")) == PRODUCT
    assert level_of(tree("data.ciio || operator.mainland_entity")) == SERVICE
    assert level_of(tree('operator.licences.exists(l, activity.class == "B11")')) == ACTIVITY


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"service": {"offers": ["saas", "food-sale"]}}, True),
        ({"service": {"offers": ["saas"]}}, False),
        ({"service": {"offers": []}}, False),
        ({"service": {}}, None),
        ({}, None),
    ],
)
def test_two_members_of_one_list(env: Env, expected: bool | None) -> None:
    node = tree('"saas" in service.offers && "food-sale" in service.offers')
    assert evaluate(node, env, EMPTY) is expected
    assert answers(sieve_of([node], EMPTY), env, 1) == [expected]


@pytest.mark.usefixtures("warm")
def test_rules_speak_as_they_do_alone() -> None:
    draw, seen = random.Random(SEED + 7), Counter[bool | None]()
    shipped()[0]._laws.clear()
    for day, law, each, env in itertools.islice(drawn(draw), 250 * TIMES):
        if each == "licence":
            continue
        spoken = law.match(each, EFFECTS, env)
        speaking = {rule.name: holds or None for place in range(len(EFFECTS)) for rule, holds in spoken.rules(place)}
        assert {rule.name for place in range(len(EFFECTS)) for rule in spoken.undecided(place)} == {
            name for name, holds in speaking.items() if holds is None
        }
        for rule in (rule for effect in EFFECTS for rule in law.of(each, effect)):
            holds = evaluate(rule.when.tree, env, law.params)
            assert speaking.get(rule.name, False) is holds, f"{rule.name}, {day}"
            seen[holds] += 1
    shipped()[0]._laws.clear()
    assert min(seen[True], seen[None]) > 500 * TIMES
    assert seen[False] > 10_000 * TIMES


@pytest.mark.usefixtures("warm")
def test_random_expressions_speak_as_they_do_alone() -> None:
    draw, seen, ways = random.Random(SEED + 8), Counter[bool | None](), Counter[str]()
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    params = {key: PARAMETERS[name] for name, (key, _) in parameter_types().items()}
    for _ in range(30 * TIMES):
        made = batch(draw, hints, 40)
        trees = [node for node in made.trees.values() if isinstance(node.type, Bool)]
        ways.update(one.way for node in trees for part in conjuncts(node) for one in part.alternatives)
        sieve = sieve_of(trees, params)
        for _ in range(6):
            env = random_env(draw, profiles.profile(), near_days(draw, bundle.boundaries), made.each)
            expected = [evaluate(node, env, params) for node in trees]
            assert answers(sieve, env, len(trees)) == expected
            assert answers(sieve, env, len(trees)) == expected  # what was kept with the variables says the same
            seen.update(expected)
    assert min(seen[answer] for answer in (True, False, None)) > 500 * TIMES
    assert min(ways[way] for way in ("value", "number", "size", "some", "every", "one", "none", "whole")) > 4 * TIMES


@pytest.mark.usefixtures("warm")
def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers by the words that a part reads, and what objects tell together: a long run must not keep them all."""
    monkeypatch.setattr(sieves, "KEPT", 2)
    text = (
        'company.registered.province == operator.registered.province || service.area.exists(a, a.province == "beijing")'
    )
    objects = " && ".join(f'service.area.exists(a, a.province == "{name}")' for name in ("beijing", "tianjin"))
    trees = [tree(text), tree(f"!({objects})")]
    sieve = sieve_of(trees, EMPTY)
    (whole,) = sieve.whole
    (told,) = (
        f.objects.told.kept for _, _, owners in sieve.stages for _, _, fields in owners for f in fields if f.objects
    )
    places: list[tuple[str, ...]] = [(), ("beijing",), ("tianjin",), ("beijing", "tianjin"), ("shanghai",)]
    for home, names in itertools.product(("beijing", "tianjin", "shanghai"), places):
        area = [{"province": name} for name in names]
        env = {
            "service": {"area": area},
            "company": {"registered": {"province": home}},
            "operator": {"registered": {"province": "shanghai"}},
        }
        assert answers(sieve, env, 2) == [evaluate(node, env, EMPTY) for node in trees]
        assert len(whole.kept) <= 3
        assert len(told) <= 3
    assert whole.kept
    assert told


def test_a_sieve_is_fused_once_it_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieves, "WARM", 2)
    sieve = sieve_of([tree("operator.mainland_entity")], EMPTY)
    stepwise = sieve.find
    found = [sieve.find({"operator": {"mainland_entity": True}}) for _ in range(4)]
    assert found == [(1, 0)] * 4
    assert sieve.find is not stepwise


def test_fused_code_says_nothing_but_names_of_facts() -> None:
    bundle, _ = shipped()
    law = bundle.on(bundle.boundaries[-1])
    fields = {name for each in ("product", "service", "activity") for name in _names(Record("", variables(each)))}
    for each in ("product", "service", "activity"):
        law.match(each, EFFECTS, {})
        sieve = law._tables[each, EFFECTS].sieve
        assert sieve is not None
        source, names = write(sieve, {})
        nodes = list(ast.walk(ast.parse(source)))
        texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
        assert texts
        assert texts <= {*fields, ""}
        calls = {
            node.func.attr if isinstance(node.func, ast.Attribute) else ast.unparse(node.func)
            for node in nodes
            if isinstance(node, ast.Call)
        }
        assert calls - set(names) <= {"type", "len", "cut", "dict", "tuple", "get"}


def _names(type: Type | None) -> Iterator[str]:
    match type:
        case Record(fields=fields):
            for name, inner in fields.items():
                yield name
                yield from _names(inner)
        case ListOf(item=item):
            yield from _names(item)


def test_decisions_are_the_same_without_sieves(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = random.Random(SEED + 9)
    bundle, hints = shipped()
    profiles = Profiles(draw, hints)
    cases = [
        (profiles.profile(), max(near_days(draw, bundle.boundaries), bundle.covers_from)) for _ in range(60 * TIMES)
    ]
    with_sieves = [decide(bundle, profile, day) for profile, day in cases]

    monkeypatch.setattr(RuleSet, "_sieve", lambda law, table: None)
    bundle._laws.clear()
    assert [decide(bundle, profile, day) for profile, day in cases] == with_sieves
    bundle._laws.clear()
