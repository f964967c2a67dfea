"""What the back ends answer, what they ask for, what the generated code looks like, and how trees are kept."""

from __future__ import annotations

import ast
import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.activations import VALUES, ask, run_generated, scope_of, spell, tree_of, unknown_attributes
from tests.support.fuzz_targets import ATTRIBUTES, NAMES
from tests.support.members import for_each
from tests.support.random_inputs import Expressions, Hints, Profiles
from vatspolicy.core.cel import ast as t
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.cel.interpreter import (
    UnknownAttribute,
    conjunction,
    disjunction,
    evaluate,
)
from vatspolicy.core.cel.parser import parse
from vatspolicy.core.cel.serialize import from_data, to_data
from vatspolicy.core.cel.types import BOOL, INT, NUMBER
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.profile.profile import Profile

# --- Kleene's logic ---------------------------------------------------------------------------------------------------

THREE = (True, False, None)
RANK = {False: 0, None: 1, True: 2}
"""Kleene's logic is that of an order: and is the least, or the greatest, not turns it round."""


@for_each(THREE, THREE, THREE)
def test_truth_tables(a: bool | None, b: bool | None, c: bool | None) -> None:
    by_rank = {rank: value for value, rank in RANK.items()}
    least = by_rank[min(RANK[a], RANK[b], RANK[c])]
    greatest = by_rank[max(RANK[a], RANK[b], RANK[c])]
    assert conjunction((a, b, c)) is least
    assert disjunction((a, b, c)) is greatest
    names = ("ciio", "important", "sensitive")
    activation: dict[str, Any] = {
        "data": {name: value for name, value in zip(names, (a, b, c), strict=True) if value is not None}
    }
    assert ask("data.ciio && data.important && data.sensitive", activation) is least
    assert ask("data.ciio || data.important || data.sensitive", activation) is greatest
    assert ask("!data.ciio", activation) is by_rank[2 - RANK[a]]
    members = [{} if value is None else {"through_basic_carrier": value} for value in (a, b, c)]
    activation = {"services": members}
    assert ask("services.all(s, s.through_basic_carrier)", activation) is least
    assert ask("services.exists(s, s.through_basic_carrier)", activation) is greatest


@pytest.mark.parametrize(
    ("text", "activation", "answer"),
    [
        ("data.persons == 1", {}, None),
        ("data.persons == 1", {"data": {}}, None),
        ("data.persons == data.persons", {"data": {}}, None),
        ("data.persons + 1 > data.persons", {"data": {}}, None),
        ("company.registered.province == 'beijing'", {"company": {}}, None),
        ("services.exists(s, data.ciio)", {"services": []}, False),
        ("services.all(s, data.ciio)", {"services": []}, True),
        ("services.exists(s, true)", {}, None),
        ("services.all(s, false)", {}, None),
        ("services.exists(s, false)", {}, None),
        ("services.all(s, service.facilities.exists(f, true))", {"services": [{}], "service": {}}, None),
        ("services.all(s, service.facilities.exists(f, true))", {"services": [], "service": {}}, True),
        ("service.hosting in param.nothing", {"service": {}}, None),
        ("service.hosting in param.nothing", {"service": {"hosting": "mainland"}}, False),
        ("'news' in service.offers", {"service": {}}, None),
        ("'news' in service.offers", {"service": {"offers": []}}, False),
        ("service.offers.size() == 0", {"service": {}}, None),
        ("company.name.contains('')", {"company": {}}, None),
        ("company.name.contains('')", {"company": {"name": ""}}, True),
        ("company.name.matches('B|C')", {"company": {"name": "ABC"}}, True),
        ("company.name.matches('^B')", {"company": {"name": "ABC"}}, False),
        ("company.name.endsWith('C') && company.name.startsWith('A')", {"company": {"name": "ABC"}}, True),
        ("company.foreign_percent in param.shares", {"company": {"foreign_percent": 49.99}}, True),
        ("as_of in param.days", {"as_of": "2024-10-23"}, True),
        ("as_of < product.launch", {"as_of": "2024-10-23", "product": {"launch": "2024-10-24"}}, True),
        ("5 - 2 * data.persons", {"data": {"persons": 7}}, -9),
        ("param.regions.exists(r, r.open && 'hainan' in r.places)", {}, True),
    ],
)
def test_answers(text: str, activation: Mapping[str, Any], answer: Any) -> None:
    assert ask(text, activation) == answer
    assert type(ask(text, activation)) is type(answer)


# --- what is asked for ------------------------------------------------------------------------------------------------


def asked(text: str, activation: Mapping[str, Any]) -> list[str]:
    return [".".join((fact.root, *fact.names)) for fact in unknown_attributes(tree_of(text), activation, VALUES)]


@pytest.mark.parametrize(
    ("text", "activation", "facts"),
    [
        ("data.ciio", {}, ["data.ciio"]),
        ("data.ciio && data.important", {"data": {}}, ["data.ciio"]),
        ("data.ciio && data.important", {"data": {"ciio": True}}, ["data.important"]),
        ("data.ciio || data.important", {"data": {}}, ["data.ciio", "data.important"]),
        ("data.ciio || data.important && data.sensitive", {"data": {}}, ["data.ciio", "data.important"]),
        ("data.ciio && data.important", {"data": {"important": False}}, []),
        ("data.ciio && data.important", {"data": {"important": True}}, ["data.ciio"]),
        ("data.ciio || (data.important && data.sensitive)", {"data": {"important": False}}, ["data.ciio"]),
        ("!data.ciio || data.persons > data.minors", {"data": {"persons": 1}}, ["data.ciio", "data.minors"]),
        ("data.persons + data.minors > 2 * data.children", {"data": {"minors": 1}}, ["data.persons", "data.children"]),
        ("service.hosting in ['mainland']", {}, ["service.hosting"]),
        ("service.audience in ['public'] && 'news' in service.offers", {}, ["service.audience"]),
        ("service.offers.size() > 1", {"service": {}}, ["service.offers"]),
        ("company.registered.province == 'beijing'", {"company": {}}, ["company.registered.province"]),
        ("company.name.startsWith('A')", {}, ["company.name"]),
        ("services.exists(s, s.hosting == 'mainland')", {}, ["services"]),
        ("services.exists(s, s.hosting == 'mainland')", {"services": [{"hosting": "overseas"}, {}]}, ["s.hosting"]),
        ("services.exists(s, s.hosting == 'mainland')", {"services": [{"hosting": "mainland"}, {}]}, []),
        ("services.all(s, data.ciio || s.hosting == 'mainland')", {"services": [{}]}, ["data.ciio", "s.hosting"]),
    ],
)
def test_only_facts_that_matter_are_asked_for(text: str, activation: Mapping[str, Any], facts: list[str]) -> None:
    assert asked(text, activation) == facts


def test_a_missing_fact_of_a_member_comes_with_the_member() -> None:
    first, second = {"hosting": "overseas"}, {"id": "two"}
    found = unknown_attributes(
        tree_of("services.exists(s, s.hosting == 'mainland')"), {"services": [first, second]}, {}
    )
    assert found == [UnknownAttribute("s", ("hosting",), second)]
    assert found[0].member is second


def test_telling_every_fact_that_is_asked_for_decides() -> None:
    """Random expressions: unknown ones ask for something; decided ones for nothing."""
    unknown = 0
    for tree, activation in random_cases(random.Random(5), 40):
        facts = unknown_attributes(tree, activation, VALUES)
        assert bool(facts) == (evaluate(tree, activation, VALUES) is None)
        unknown += bool(facts)
        for fact in facts:
            owner = activation.get(fact.root) if fact.member is None else fact.member
            for name in fact.names[:-1]:
                owner = (owner or {}).get(name)
            assert not fact.names or (owner or {}).get(fact.names[-1]) is None
    assert unknown > 100


# --- generated Python -------------------------------------------------------------------------------------------------


def random_cases(draw: random.Random, count: int) -> list[tuple[t.Node, Mapping[str, Any]]]:
    """Random expressions, each with variables in which facts are missing."""
    found: list[tuple[t.Node, Mapping[str, Any]]] = []
    profiles = Profiles(draw)
    for _ in range(count):
        activation = activity(profiles.profile(), "2024-06-01", draw)
        expressions = Expressions(draw, variables("activity"))
        found += [(tree_of(expressions.text(BOOL, 3)), activation) for _ in range(10)]
    return found


def activity(profile: Profile, day: str, draw: random.Random) -> dict[str, Any]:
    activation = service_activation(product_activation(profile, day), draw.choice(profile.facts["services"]))
    return {**activation, "activity": {"class": "B11", "licensed": False}}


def test_generated_source_holds_no_text_but_constants() -> None:
    nasty = "'); __import__('os').system('true') #\\"
    text = f"company.name == {json.dumps(nasty)} && company.name.startsWith({json.dumps(nasty)})"
    module = GeneratedModule.generate({nasty: tree_of(text)})
    source = ast.parse(module.source)
    constants = {node.value for node in ast.walk(source) if isinstance(node, ast.Constant)}
    assert constants == {"company", "name", nasty, None, True, False}
    names = {node.id for node in ast.walk(source) if isinstance(node, ast.Name)}
    assert names == {"v", "u", "t1", "t2", "k0", "nothing"}
    function = module.load({})[nasty]
    assert function({"company": {"name": nasty}}) is True
    assert function({"company": {"name": "A"}}) is False


def test_generated_source_has_only_names_of_its_own() -> None:
    """For anything that the language can say: loop variables, parameters and terms are numbered, facts are keys."""
    for seed in range(5):
        draw = random.Random(seed)
        expressions = Expressions(draw, variables("activity"))
        trees = {str(index): tree_of(expressions.text(BOOL)) for index in range(60)}
        module = GeneratedModule.generate(trees)
        source = ast.parse(module.source)
        names = {node.id for node in ast.walk(source) if isinstance(node, ast.Name)}
        assert [name for name in names if not NAMES.fullmatch(name)] == []
        attributes = {node.attr for node in ast.walk(source) if isinstance(node, ast.Attribute)}
        assert attributes <= ATTRIBUTES
        loops = ("x", "y", "z")
        assert not set(loops) & names


def test_names_of_a_policy_do_not_reach_the_source() -> None:
    params = {"__import__": 1, "eval": ["a"]}
    trees = {
        "import os": parse("param.__import__ == data.persons", scope_of({}, params=params)),
        "x): pass": parse("services.exists(exec, exec.id in param.eval)", scope_of({}, params=params)),
        "term": parse("term.globals", scope_of({"globals": "data.ciio"}, params=params)),
    }
    module = GeneratedModule.generate(trees)
    for word in ("import", "eval", "exec", "globals", "pass", "random"):
        assert word not in module.source
    functions = module.load({"random/__import__": 1, "random/eval": ["a"]})
    assert functions["x): pass"]({"services": [{"id": "a"}]}) is True


def test_generated_code_has_no_builtins() -> None:
    function = GeneratedModule.generate({"x": tree_of("data.ciio")}).load({})["x"]
    assert function.__globals__["__builtins__"] == {}
    own = {"nothing", "join", "combine", "named", "k0", function.__name__}
    assert set(function.__globals__) == {"__builtins__", "len", *own}


@pytest.mark.parametrize(
    "text",
    [
        "services.exists(s, s.hosting == 'mainland' || s.hosting == service.hosting)",
        "services.all(s, s.hosting == service.hosting && s.audience in ['public'])",
        "services.exists(s, s.area.exists(a, a.province == s.hosting || a.province == company.name))",
        "!(services.exists(s, s.hosting == 'mainland') && !data.ciio) || data.important",
        "(data.ciio || data.important) == services.exists(s, s.hosting == 'mainland')",
        "services.all(s, term.t) || services.exists(s, !term.t && s.hosting == 'mainland')",
    ],
)
def test_generated_code_asks_for_the_same_facts_of_the_same_members(text: str) -> None:
    tree = tree_of(text, t="data.ciio || !data.important")
    function = GeneratedModule.generate({"x": tree}).load(VALUES)["x"]
    found = Counter[Any]()
    words = ("mainland", "overseas", None)
    for first, second, ciio, own in itertools.product(words, words, (True, False, None), words):
        services = [
            {"id": "s", "area": [{}, {"province": "mainland"}]} | ({} if one is None else {"hosting": one})
            for one in (first, second)
        ]
        facts: dict[str, Any] = {"services": services}
        facts |= {} if ciio is None else {"data": {"ciio": ciio}}
        facts |= {} if own is None else {"service": {"hosting": own}}
        found[run_generated(function, tree, facts, VALUES)] += 1
    assert len(found) > 1


AMONG_CONSTANTS = (
    "param.zones.exists(z, z.province == company.registered.province)",
    "param.zones.exists(z, z.province == company.registered.province && z.open)",
    "param.zones.exists(z, z.open && z.province == company.registered.province && company.registered.ftz in z.zones)",
    "param.zones.exists(z, z.province == company.registered.province && service.facilities.all(f, f.ftz in z.zones))",
    "param.zones.exists(z, z.zones.exists(f, f == company.registered.ftz))",
    "param.zones.exists(z, z.zones.exists(f, f in company.registered.within))",
    "param.zones.exists(z, z.zones.all(f, f in company.registered.within))",
    "param.places.exists(p, p in company.registered.within && service.facilities.all(f, p in f.within))",
    "param.places.exists(p, p in company.registered.within && p != company.registered.province)",
    "company.registered.within.exists(p, p == company.registered.province)",
    "param.places.exists(p, service.facilities.all(f, f.province == p || f.ftz == 'fujian'))",
    "param.places.exists(p, service.facilities.all(f, f.province == p || p in f.within))",
    "param.places.exists(p, service.facilities.all(f, f.province == p || f.ftz == 'fujian' || p == f.province))",
)
"""Quantifiers over constants and by membership, which generated code answers without a loop."""


@pytest.mark.parametrize("bare", [False, True], ids=["", "a field is missing of a constant"])
@pytest.mark.parametrize("text", AMONG_CONSTANTS)
def test_what_is_looked_up_among_constants_is_what_a_loop_finds(text: str, bare: bool) -> None:
    places, zones = ["beijing", "shanghai-pudong", "hainan"], ["beijing", "hainan"]
    params = {
        "places": places,
        "zones": [{"province": one, "open": one == "hainan", "zones": [one]} for one in (*zones, "hainan")],
    }
    tree = parse(text, scope_of({}, params=params), None)
    values: dict[str, Any] = {f"random/{name}": value for name, value in params.items()}
    if bare:
        del values["random/zones"][0]["province"]
    function = GeneratedModule.generate({"x": tree}).load(values)["x"]
    draw, found = random.Random(text), Counter[Any]()

    def some(full: Mapping[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in full.items() if draw.random() > 0.15}

    def place() -> dict[str, Any]:
        within = draw.sample(places, draw.randint(0, 3))
        return some(
            {"province": draw.choice((*zones, "gansu")), "ftz": draw.choice((*zones, "fujian")), "within": within}
        )

    for _ in range(300):
        service = some({"facilities": [place() for _ in range(draw.randint(0, 2))]})
        activation = some({"company": some({"registered": place()}), "service": service})
        expected = evaluate(tree, activation, values)
        found[expected] += 1
        assert run_generated(function, tree, activation, values) is expected, activation
    assert len(found) == 3 or bare, found


# --- kept on disk -----------------------------------------------------------------------------------------------------


def test_trees_survive_being_stored() -> None:
    for tree, activation in random_cases(random.Random(7), 20):
        written = json.dumps(to_data(tree))
        again = from_data(json.loads(written))
        assert json.dumps(to_data(again)) == written
        assert spell(again) == spell(tree)
        assert [node.span for node in t.walk(again)] == [node.span for node in t.walk(tree)]
        assert evaluate(again, activation, VALUES) is evaluate(tree, activation, VALUES)
        assert GeneratedModule.generate({"x": again}).source == GeneratedModule.generate({"x": tree}).source


@pytest.mark.parametrize(
    ("text", "value"),
    [("50.0", 50.0), ("50", 50), ("true", True), ("'1'", "1"), ("[1.0, 2.0]", (1.0, 2.0)), ("['a']", ("a",))],
)
def test_constants_keep_their_type(text: str, value: Any) -> None:
    again = from_data(json.loads(json.dumps(to_data(tree_of(text)))))
    assert isinstance(again, t.Literal)
    assert again.value == value
    assert repr(again.value) == repr(value)


@pytest.mark.parametrize(
    "data",
    [[], ["Fact"], ["Exec", "bool", [0, 1], "x"], ["Not", "bool", [0, 1]], ["Fact", "?", [0, 1], "x", {"t": []}]],
)
def test_what_is_not_a_stored_tree_is_an_ordinary_error(data: list[Any]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError, IndexError)):
        from_data(data)


# --- the generators themselves ----------------------------------------------------------------------------------------


def test_random_profiles_are_valid_reproducible_and_various() -> None:
    one = [Profiles(random.Random(8), Hints()).profile(rate).document for rate in (0.0, 0.1, 0.5)]
    two = [Profiles(random.Random(8), Hints()).profile(rate).document for rate in (0.0, 0.1, 0.5)]
    assert [document.data for document in one] == [document.data for document in two]
    draw = Profiles(random.Random(9), Hints())
    profiles = [draw.profile() for _ in range(40)]
    assert all(not validate(profile.document, "profile") for profile in profiles)
    for name in ("partner", "data", "deals"):
        assert {name in profile.document.data for profile in profiles} == {True, False}
    whole = Profiles(random.Random(10), Hints()).profile(0.0).document.data
    assert set(whole) == set(SchemaSet.shipped().load("profile")["properties"])
    assert set(whole["company"]) == set(SchemaSet.shipped().load("profile")["properties"]["company"]["properties"])


def test_random_expressions_are_inside_the_language_and_have_their_type() -> None:
    draw = random.Random(11)
    for type in (BOOL, INT, NUMBER):
        expressions = Expressions(draw, variables("license"))
        for _ in range(60):
            assert parse(expressions.text(type, 4), scope_of({}, "license"), type).type == type
