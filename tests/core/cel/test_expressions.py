"""The expression language: what it takes, what it refuses and with which words, its types, and the page about it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.support.activations import ask, run_generated, scope_of, spell, tree_of, unknown_attributes
from tests.support.shipped import BAD, ROOT
from vatspolicy.core.cel import ast as t
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.cel.parser import MAX_DEPTH, ExpressionError, TypeEnvironment, parse
from vatspolicy.core.cel.types import (
    BOOL,
    DAY,
    INT,
    NUMBER,
    Enum,
    ListOf,
    ObjectOf,
    Type,
    join,
    type_of_schema,
    type_of_value,
)
from vatspolicy.core.cel.types import TEXT as FREE_TEXT
from vatspolicy.core.policies.compiler import variables

DOCS = ROOT / "docs" / "expressions.md"


def mistake(text: str, /, *, expect: Type | None = None, terms: Mapping[str, str] | None = None) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, scope_of(terms or {}), expect)
    return caught.value


# --- what it takes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("data.ciio || data.ciio && data.important", "or(data.ciio and(data.ciio data.important))"),
        ("(data.ciio || data.ciio) && data.important", "and(or(data.ciio data.ciio) data.important)"),
        ("data.ciio || data.important || data.sensitive", "or(data.ciio data.important data.sensitive)"),
        ("data.ciio || (data.important || true)", "or(data.ciio or(data.important True))"),
        ("(data.ciio && data.ciio) && data.ciio && true", "and(and(data.ciio data.ciio) data.ciio True)"),
        ("true || false", "or(True False)"),
        ("!!data.ciio", "not(not(data.ciio))"),
        ("!data.ciio == true", "(not(data.ciio) == True)"),
        ("1 + 2 * 3 - -4 == 11", "(((1 + (2 * 3)) - -4) == 11)"),
        ("data.persons -3 < 0", "((data.persons - 3) < 0)"),
        ("1 - 2 - 3 == -4", "(((1 - 2) - 3) == -4)"),
        ("- -3 == 3", "(3 == 3)"),
        ("company.foreign_percent >= .5e1", "(company.foreign_percent >= 5.0)"),
        ("data.persons > 1 == data.ciio", "((data.persons > 1) == data.ciio)"),
        ("service.hosting in ['mainland'] == false", "((service.hosting in ['mainland']) == False)"),
        ("size(services) == services.size()", "(size(services) == size(services))"),
        ("services.all(s, s.offers.exists(o, o in param.offers))", "all(s services exists(o s.offers (o in $offers)))"),
        ("sets.intersects(service.offers, param.offers)", "intersects(service.offers $offers)"),
        ("sets.contains(['news'], service.offers)", "contains(['news'] service.offers)"),
        ("sets.equivalent(param.nothing, service.offers)", "equivalent($nothing service.offers)"),
        ("[1, 2].exists((x), x == data.persons)", "exists(x [1, 2] (x == data.persons))"),
        ("company.name.startsWith(r'a\\b')", "startsWith(company.name a\\b)"),
        (r"""company.name == "\"no\"\n\t\\" """, r"""(company.name == '"no"\n\t\\')"""),
        (r"company.name == 'C\'est'", """(company.name == "C'est")"""),
        ("company.name == '北京' && company.name != 'a//b'", "and((company.name == '北京') (company.name != 'a//b'))"),
        (f"company.name == '{'(' * 99}'", f"(company.name == '{'(' * 99}')"),
        ("as_of < param.begins", "(as_of < $begins)"),
        ("as_of in param.days || as_of in ['2024-01-01']", "or((as_of in $days) (as_of in ['2024-01-01']))"),
        ("data.persons in param.nothing", "(data.persons in $nothing)"),
        ("[1, 2]\n.size()\n==\n2", "(size([1, 2]) == 2)"),
        ("term.one && data.ciio", "and(one=or(True data.ciio) data.ciio)"),
    ],
)
def test_shape(text: str, shape: str) -> None:
    assert spell(tree_of(text, one="true || data.ciio")) == shape


@pytest.mark.parametrize(
    ("text", "type"),
    [
        ("company.foreign_percent", NUMBER),
        ("data.persons + 1", INT),
        ("as_of", DAY),
        ("company.name", FREE_TEXT),
        ("data.ciio == true", BOOL),
        ("company.registered.within.size()", INT),
    ],
)
def test_the_whole_has_a_type(text: str, type: Type) -> None:
    assert tree_of(text).type == type
    assert parse(text, scope_of({}), type).type == type


def test_spans_are_places_in_the_text() -> None:
    text = "true || service.facilities.all(f, f.province != 'overseas')"
    found = [text[slice(*node.span)] for node in t.walk(tree_of(text))]
    assert found == [
        text,
        "true",
        "service.facilities.all(f, f.province != 'overseas')",
        "service.facilities",
        "f.province != 'overseas'",
        "f.province",
        "'overseas'",
    ]


def test_a_chain_is_as_long_as_it_likes() -> None:
    tree = tree_of(" || ".join(["data.ciio", "service.hosting == 'mainland'"] * 300))
    assert isinstance(tree, t.Or)
    assert len(tree.parts) == 600
    assert (
        run_generated(GeneratedModule.generate({"x": tree}).load({})["x"], tree, {"data": {"ciio": True}}, {}) is True
    )


# --- what it refuses --------------------------------------------------------------------------------------------------

NUMBERS = "A whole number cannot be compared with a decimal number."
DEEP = f"This is nested deeper than {MAX_DEPTH} levels."
LARGE = "This can become larger than the whole numbers of CEL (64 bits)."

REFUSED = [
    # the language has not: message, hint, culprit
    ("has(company.name)", "The language does not support has().", "It would turn", "has(company.name)"),
    ("company.has(name)", "The language does not support has().", "It would turn", "company.has(name)"),
    ("services.map(s, s.id)", "The language does not support map().", "Write exists", "services.map(s, s.id)"),
    ("services.filter(s, true)", "The language does not support filter().", "Write exists", "services.filter(s, true)"),
    ("true && a.exists_one(x, x)", "The language does not support exists_one().", "Write exists", "a.exists_one(x, x)"),
    ("true ? true : false", "The language does not support '?:'.", "Write a disj", "true ? true : false"),
    ("1 / 2 == 1", "The language does not support division.", "", "1 / 2"),
    ("1 % 2 == 1", "The language does not support division.", "", "1 % 2"),
    ("data.ciio == null", "The language does not support null.", "A fact that", "null"),
    ("services[0].hosting == 'x'", "The language does not support indexing.", "Write exists", "services[0]"),
    ("{1: 2}.size() == 1", "The language does not support maps.", "", "{1: 2}"),
    ("Company{name: 'A'} == company", "The language does not support objects.", "", "Company{name: 'A'}"),
    (".company.name == 'A'", "The language does not support names that begin with a dot.", "Leave out", ".company"),
    ("true // so", "An expression cannot contain comments.", "Write a YAML", "//"),
    ("-data.persons < 0", "Only a constant can be negated.", "", "-data.persons"),
    # functions
    ("dyn(1) == 1", "There is no function 'dyn'.", "", "dyn(1)"),
    ("company.name.endWith('A')", "There is no function 'endWith'.", "Did you mean 'endsWith'?", "company.name.endWith('A')"),
    ("services.size(1) == 1", "size of a list takes no argument.", "Write list.size().", "services.size(1)"),
    ("size() == 1", "size takes one list.", "Write size(list).", "size()"),
    ("startsWith(company.name, 'A')", "startsWith must follow a dot.", "Write fact.", "startsWith(company.name, 'A')"),
    ("company.name.size() == 1", "size needs a list, but this is a text.", "", "company.name"),
    ("company.name.contains(company.name)", "contains takes one constant string.", "", "company.name.contains(company.name)"),
    ("company.name.contains()", "contains takes one constant string.", "", "company.name.contains()"),
    ("data.persons.contains('1')", "contains needs text, but this is a whole number.", "", "data.persons"),
    ("company.name.matches('(')", "This is not an RE2 pattern.", "", "'('"),
    ("company.name.matches(r'(?=a)')", "This is not an RE2 pattern.", "", "r'(?=a)'"),
    # quantifiers
    ("services.exists(s)", "exists takes a variable and a condition.", "Write list.", "services.exists(s)"),
    ("services.all(s, true, true)", "all takes a variable and a condition.", "Write list.", "services.all(s, true, true)"),
    ("services.exists(s.id, true)", "The first argument of exists must be a name.", "", "s.id"),
    ("services.exists(company, true)", "The name 'company' is already in use.", "Choose", "company"),
    ("services.exists(param, true)", "The name 'param' is already in use.", "Choose", "param"),
    ("services.exists(s, services.all(s, true))", "The name 's' is already in use.", "Choose", "s"),
    ("services.exists(if, true)", "'if' is a reserved word of CEL.", "Choose", "if"),
    ("services.exists(true, true)", "'true' is a reserved word of CEL.", "Choose", "true"),
    ("services.exists(s, s.id)", "This must be true or false, but it is a text.", "", "s.id"),
    ("company.exists(c, true)", "exists needs a list, but this is an object (company).", "", "company"),
    ("param.nothing.exists(x, true)", "This list is always empty.", "", "param.nothing"),
    ("services.exists(sets, true)", "The name 'sets' is already in use.", "Choose", "sets"),
    # sets
    ("sets.union([1], [2])", "There is no function 'sets.union'.", "", "sets.union([1], [2])"),
    ("sets.contain([1], [2])", "There is no function 'sets.contain'.", "Did you mean 'contains'?", "sets.contain([1], [2])"),
    ("sets.contains([1])", "sets.contains takes two lists.", "Write sets.contains(list, list).", "sets.contains([1])"),
    ("sets.contains([1], 2)", "sets.contains needs two lists, but this is a whole number.", "", "2"),
    (
        "sets.intersects(service.area, service.facilities)",
        "sets.intersects compares words or numbers, but this is a list of objects.",
        "Write exists or all.",
        "service.area",
    ),
    ("sets.intersects([1], [1.0])", NUMBERS, "", "[1]"),
    ("sets.intersects(['newz'], service.offers)", "'newz' is not one of the offers values.", "Did you mean 'news'?", "['newz']"),
    ("sets", "The name 'sets' does not exist here.", "", "sets"),
    # names
    ("compny.name == 'A'", "The name 'compny' does not exist here.", "Did you mean 'company'?", "compny"),
    ("company.nmae == 'A'", "company has no 'nmae'.", "Did you mean 'name'?", "nmae"),
    ("company.registered.provnce == 'x'", "company.registered has no 'provnce'.", "Did you mean 'province'?", "provnce"),
    ("services.exists(s, s.hostin == 'x')", "s has no 'hostin'.", "Did you mean 'hosting'?", "hostin"),
    ("company.name.length == 1", "Only an object has fields, but this is a text.", "", "company.name"),
    ("services.size == 1", "Only an object has fields, but this is a list.", "", "services"),
    ("param.perons == 1", "There is no parameter 'perons'.", "Did you mean 'persons'?", "param.perons"),
    ("param == 1", "'param' must be followed by a dot.", "Write param.name.", "param"),
    ("term.on", "There is no term 'on'.", "Did you mean 'one'?", "term.on"),
    ("term", "'term' must be followed by a dot.", "Write term.name.", "term"),
    ("param.in == 1", "'in' is a reserved word of CEL.", "Choose", "in"),
    ("term.null", "'null' is a reserved word of CEL.", "Choose", "null"),
    ("term.who.name == 'A'", "Only facts have fields. Parameters and terms do not.", "", "term.who"),
    ("term.wrong", "company has no 'nam'.", "Did you mean 'name'?", "term.wrong"),
    # types
    ("company.foreign_percent > 50", NUMBERS, "Write 50.0.", "50"),
    ("50 < company.foreign_percent", NUMBERS, "Write 50.0.", "50"),
    ("data.persons > 0.5", NUMBERS, "", "data.persons"),
    ("data.persons in param.shares", NUMBERS, "", "data.persons"),
    ("company.foreign_percent in [1]", NUMBERS, "", "[1]"),
    ("true == 1", "True or false cannot be compared with a whole number.", "", "1"),
    ("true < false", "True or false cannot be ordered against true or false.", "", "false"),
    ("company.name < 'M'", "A text cannot be ordered against a text.", "", "'M'"),
    ("services == services", "A list cannot be compared with a list.", "", "services"),
    ("company == partner", "An object (company) cannot be compared with an object (partner).", "", "partner"),
    ("company in services", "'in' looks for one value, but this is an object (company).", "Write exists.", "company"),
    ("'a' in services", "A text cannot be compared with an object (services).", "", "services"),
    ("1 in 2", "'in' needs a list, but this is a whole number.", "", "2"),
    ("1 in ['a']", "A whole number cannot be compared with a text.", "", "['a']"),
    ("data.ciio && data.persons", "This must be true or false, but it is a whole number.", "", "data.persons"),
    ("!data.persons", "This must be true or false, but it is a whole number.", "", "data.persons"),
    ("1 + 1.0 == 2", "Arithmetic needs whole numbers, but this is a number.", "", "1.0"),
    ("'a' + 'b' == 'ab'", "Arithmetic needs whole numbers, but this is a text.", "", "'a'"),
    # words of enumerations
    ("service.audience == 'publc'", "'publc' is not one of the audience values.", "Did you mean 'public'?", "'publc'"),
    ("'publc' != service.audience", "'publc' is not one of the audience values.", "Did you mean 'public'?", "'publc'"),
    ("'newz' in service.offers", "'newz' is not one of the offers values.", "Did you mean 'news'?", "'newz'"),
    ("service.offers.all(o, o == 'newz')", "'newz' is not one of the offers values.", "Did you mean 'news'?", "'newz'"),
    ("service.audience in param.offers", "'cdn' is not one of the audience values.", "", "param.offers"),
    ("service.audience == service.hosting", "audience and hosting have no value in common.", "", "service.hosting"),
    # days
    ("as_of < '2024-02-30'", "This is not a calendar date.", "Write YYYY-MM-DD.", "'2024-02-30'"),
    ("'20240201' < as_of", "This is not a calendar date.", "Write YYYY-MM-DD.", "'20240201'"),
    ("as_of in ['2024-01-01', 'x']", "This is not a calendar date.", "Write YYYY-MM-DD.", "['2024-01-01', 'x']"),
    ("as_of > param.title", "This is not a calendar date.", "Write YYYY-MM-DD.", "param.title"),
    ("as_of > company.name", "A day can be compared only with a day, but this is a text.", "", "company.name"),
    # constants
    ("[data.persons].size() == 1", "A list can contain constants only.", "Write a disjunction.", "data.persons"),
    ("[[1]].size() == 1", "A list can contain constants only.", "Write a disjunction.", "[1]"),
    ("1 in [1, 1.0]", "All members of a list must have the same type.", "", "1.0"),
    ("[].size() == 0", "A list needs at least one member.", "", "[]"),
    ("0x1F == 31", "Write a text, a number in decimals, or true or false.", "", "0x1F"),
    ("1u == 1", "Write a text, a number in decimals, or true or false.", "", "1u"),
    ("b'a' == b'a'", "Write a text, a number in decimals, or true or false.", "", "b'a'"),
    ("1. == 1.0", "A decimal number needs digits after its point.", "", "1."),
    ("1e999 == 1.0", "This number is too large.", "", "1e999"),
    ("9223372036854775808 == 1", "This number is too large.", "", "9223372036854775808"),
    ("9" * 5000 + " == 1", "This number is too large.", "", "9" * 5000),
    ("-(-9223372036854775808) == 1", "This number is too large.", "", "-(-9223372036854775808)"),
    ("- -9223372036854775808 == 1", "This number is too large.", "", "- -9223372036854775808"),
    ("1e-400 == 0.0", "The number is too small and would be read as 0.", "", "1e-400"),
    ("-0.001e-400 == 0.0", "The number is too small and would be read as 0.", "", "-0.001e-400"),
    (r"company.name == '\d'", r"The escape \d is not supported.", "Write the character", r"'\d'"),
    (r"company.name == '\u5317'", r"The escape \u is not supported.", "Write the character", r"'\u5317'"),
    ("company.name == '''A'''", "Write the text in one pair of quotes.", "", "'''A'''"),
    (r"company.name == r'a\'b'", "A raw text cannot contain its own quote.", "Use the other", r"r'a\'b'"),
    # syntax
    ("", "The expression ends too early.", "", ""),
    ("data.ciio &&  ", "The expression ends too early.", "", "&"),
    ("(data.ciio", "The expression ends too early.", "", "o"),
    ("data.ciio)", "This is not CEL.", "", ")"),
    ("true false", "This is not CEL.", "", "false"),
    ("data.ciio and true", "This is not CEL.", "Write &&.", "and"),
    ("not data.ciio", "This is not CEL.", "Write !.", "data"),
    ("data.persons = 1", "This is not CEL.", "Write ==.", "="),
    ("data.ciio | true", "This is not CEL.", "Write ||.", "|"),
    ("data.ciio ||\n  && true", "This is not CEL.", "", "&&"),
    ("data.ciio\n  || $", "This is not CEL.", "", "$"),
    ("company.name == 'A", "The closing quote is missing on this line.", "", "'"),
    ("company.name == 'A\n'", "The closing quote is missing on this line.", "", "'"),
    (r"company.name == 'A\'", "The closing quote is missing on this line.", "", "'"),
    (r"company.name == r'A\'", "The closing quote is missing on this line.", "", "'"),
    (r"company.name == 'A\\\'", "The closing quote is missing on this line.", "", "'"),
    # size
    ("data.persons * data.minors == 1", LARGE, "One side", "data.persons * data.minors"),
    ("2000 * data.minors == 1", LARGE, "One side", "2000 * data.minors"),
    ("9223372036854775807 + 1 == 1", LARGE, "", "9223372036854775807 + 1"),
    ("-9223372036854775808 - 1 == 1", LARGE, "", "-9223372036854775808 - 1"),
    ("-9223372036854775808 * -1 == 1", LARGE, "One side", "-9223372036854775808 * -1"),
    ("term.whole + term.whole == 1", LARGE, "", "term.whole + term.whole"),
    ("2000 * term.whole == 1", LARGE, "One side", "2000 * term.whole"),
    ("[9223372036854775807].exists(x, x + x == 1)", "This number is too large.", "", "[9223372036854775807]"),
    ("term.list.all(x, x - 1 == 1)", "This number is too large.", "", "term.list"),
    ("!" * 99 + "true", DEEP, "Define its parts", "!" * 38 + "true"),
    ("(" * 99 + "true" + ")" * 99, DEEP, "Define its parts", "(" * 38 + "true" + ")" * 38),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message", "hint", "culprit"), REFUSED, ids=[row[0][:40] for row in REFUSED])
def test_refused(text: str, message: str, hint: str, culprit: str) -> None:
    error = mistake(
        text,
        terms={
            "one": "true",
            "who": "company",
            "wrong": "company.nam == 'A'",
            "whole": "9223372036854775807",
            "list": "[1, -9223372036854775807]",
        },
    )
    assert error.message == message
    assert error.hint.startswith(hint)
    assert bool(error.hint) == bool(hint)
    assert text[slice(*error.span)] == culprit


def test_no_field_has_a_name_that_cel_keeps() -> None:
    """cel-python reads `r.in`, but no other engine does."""
    scope = scope_of({}, params={"odd": [{"in": 1, "on": 1}]})
    parse("param.odd.exists(r, r.on == 1)", scope)
    with pytest.raises(ExpressionError, match="'in' is a reserved word of CEL"):
        parse("param.odd.exists(r, r.in == 1)", scope)


def test_the_whole_must_have_the_type_that_is_expected() -> None:
    assert mistake("data.persons", expect=BOOL).message == "This must be true or false, but it is a whole number."
    assert mistake("50", expect=NUMBER).message == "This must be a number, but it is a whole number."


@pytest.mark.parametrize("quote", ["'", '"', "r'", 'b"', "'''", 'r"""'])
def test_a_text_that_does_not_end_is_refused_at_once(quote: str) -> None:
    for count in (35, 20_001):
        begun = time.process_time()
        assert "closing quote is missing" in mistake("company.name == " + quote + "\\" * count).message
        assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "text", ["!" * 4000 + "true", "(" * 4000, "1" + "+1" * 2000 + "==1", "true" + "==true" * 500, "a" + ".a" * 2000]
)
def test_no_text_of_any_depth_is_a_crash(text: str) -> None:
    assert mistake(text).message in (DEEP, "The expression ends too early.")


def test_terms_that_use_terms_stay_within_bounds() -> None:
    chain = {"t0": "data.ciio", **{f"t{i}": f"!(!(!(term.t{i - 1})))" for i in range(1, 40)}}
    assert "including its terms" in mistake("term.t39", terms=chain).message
    double = {"t0": "data.ciio", **{f"t{i}": f"term.t{i - 1} && term.t{i - 1}" for i in range(1, 30)}}
    assert "parts, including the parts of its terms" in mistake("term.t29", terms=double).message
    inner = {"t0": "services.exists(s, services.exists(q, true))"}
    tree_of("services.exists(x, services.exists(y, term.t0))", **inner)
    loops = mistake("services.exists(x, services.exists(y, services.exists(z, term.t0)))", terms=inner)
    assert loops.message == "There are more than 4 nested quantifiers, including those of terms."


def test_the_deepest_tree_compiles_and_runs() -> None:
    """Python refuses 200 nested brackets, and its stack has an end: the limits keep clear of both."""
    terms = {"t0": "!(" * 15 + "services.exists(a, services.exists(b, a.id == b.id))" + ")" * 15}
    text = "services.exists(c, services.exists(d, " + "!(" * 20 + "term.t0" + ")" * 20 + "))"
    activation = {"services": [{"id": "one"}, {}]}
    assert ask(text, activation, **terms) is False
    assert unknown_attributes(tree_of(text, **terms), {"services": [{}]}, {})


# --- terms ------------------------------------------------------------------------------------------------------------


def test_a_term_does_not_see_the_variables_around_it() -> None:
    error = mistake("service.facilities.exists(f, term.here)", terms={"here": "f.province == 'beijing'"})
    assert error.message == "The name 'f' does not exist here."


def test_a_term_may_use_the_name_of_a_variable_around_it() -> None:
    """Each of the two loops has its own `r`, in both back ends."""
    here = "param.regions.exists(r, r.places.exists(p, r.open && p in operator.registered.within))"
    text = "services.exists(r, r.hosting == 'overseas' && term.here && r.hosting == 'overseas')"
    activation = {
        "services": [{"hosting": "mainland"}, {"hosting": "overseas"}],
        "operator": {"registered": {"within": ["sanya", "hainan", "china"]}},
    }
    assert ask(text, activation, here=here) is True
    assert ask(text, {**activation, "operator": {"registered": {"within": ["beijing", "china"]}}}, here=here) is False


def test_a_term_is_typed_in_the_scope_of_the_rule_that_uses_it() -> None:
    terms = {"hosted": "service.hosting == 'mainland'"}
    assert parse("term.hosted", scope_of(terms, "service")).type == BOOL
    with pytest.raises(ExpressionError, match="The name 'service' does not exist here"):
        parse("term.hosted", scope_of(terms, "product"))


def test_terms_have_types_of_their_own() -> None:
    terms = {"count": "services.size()", "list": "service.offers"}
    activation = {"services": [{}, {}], "service": {"offers": ["news"]}}
    assert (
        ask("term.count + 1 == 3 && 'news' in term.list && term.list.all(o, o != 'cdn')", activation, **terms) is True
    )
    assert ask("term.list.exists(o, o == 'news')", {"service": {}}, **terms) is None


# --- types ------------------------------------------------------------------------------------------------------------


def test_types_of_schemas() -> None:
    schemas: dict[str, Any] = {
        "#/$defs/place": {
            "type": "object",
            "properties": {"at": {"enum": ["x", "y"]}},
            "x-derived": {"deep": {"type": "boolean"}},
        },
        "#/$defs/short": {"x-shorthand": "at", "anyOf": [{"enum": ["x"]}, {"$ref": "#/$defs/place", "type": "object"}]},
    }
    node = {
        "type": "object",
        "properties": {
            "share": {"type": "number"},
            "count": {"type": "integer"},
            "day": {"type": "string", "format": "date"},
            "name": {"type": "string"},
            "kinds": {"type": "array", "items": {"enum": ["a", "b"]}},
            "place": {"$ref": "#/$defs/place"},
        },
    }
    place = ObjectOf("place", {"at": Enum("at", frozenset("xy")), "deep": BOOL})
    found = type_of_schema(node, "thing", schemas.__getitem__)
    assert isinstance(found, ObjectOf)
    assert found.fields == {
        "share": NUMBER,
        "count": INT,
        "day": DAY,
        "name": FREE_TEXT,
        "kinds": ListOf(Enum("kinds", frozenset("ab"))),
        "place": place,
    }
    site = variables("product")["company"]
    assert isinstance(site, ObjectOf)
    assert isinstance(site.fields["registered"], ObjectOf)
    assert set(site.fields["registered"].fields) == {"at", "ftz", "within", "province"}


def test_types_of_parameters() -> None:
    assert type_of_value(True, "p") == BOOL
    assert type_of_value(1, "p") == INT
    assert type_of_value(1.0, "p") == NUMBER
    assert type_of_value("a", "p") == Enum("p", frozenset("a"), written=True)
    assert type_of_value(["a", "b"], "p") == ListOf(Enum("p", frozenset("ab"), written=True))
    assert type_of_value([], "p") == ListOf(None)
    regions = type_of_value([{"id": "x", "places": []}, {"id": "y", "places": ["z"]}], "p")
    assert isinstance(regions, ListOf)
    assert isinstance(regions.item, ObjectOf)
    assert regions.item.fields["places"] == ListOf(Enum("places", frozenset("z"), written=True))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([1, 1.0], "values are sometimes a whole number and sometimes a number"),
        ([True, 1], "values are sometimes true or false and sometimes a whole number"),
        (["a", ["a"]], "values are sometimes a text and sometimes a list"),
        ([{"id": "x"}, {"id": "y", "open": True}], "objects do not all have the same keys"),
        ([{"id": "x"}, {"id": 1}], "values are sometimes a text and sometimes a whole number"),
        (None, "a parameter cannot be null"),
    ],
)
def test_values_of_one_parameter_have_one_type(value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        type_of_value(value, "p")


def test_types_of_several_days_are_joined() -> None:
    one, other = type_of_value(["a"], "p"), type_of_value([], "p")
    assert join(other, one) == join(one, other) == one
    assert join(one, type_of_value(["b"], "p")) == ListOf(Enum("p", frozenset("ab"), written=True))


# --- the page ---------------------------------------------------------------------------------------------------------


def page() -> tuple[TypeEnvironment, str]:
    text = DOCS.read_text(encoding="utf-8")
    declared = yaml.safe_load(blocks(text, "yaml")[0])
    return scope_of(declared["terms"], params=declared["parameters"]), text


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_every_example_of_the_page_is_an_expression() -> None:
    scope, text = page()
    examples = [example for block in blocks(text, "cel") for example in block.split("\n\n")]
    examples += [yaml.safe_load(block)["when"] for block in blocks(text, "yaml")[1:]]
    assert len(examples) >= 18
    for example in examples:
        parse(example, scope)


def test_everything_that_the_page_says_is_not_in_the_language_is_refused() -> None:
    scope, text = page()
    section = text.partition("## What is not in the language")[2].partition("\n## ")[0]
    rows = [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| `")]
    examples = [example for row in rows for example in re.findall(r"`([^`]+)`", row)]
    assert len(examples) >= 15
    for example in examples:
        with pytest.raises(ExpressionError):
            parse(example, scope)


def test_the_mistake_on_the_page_is_a_real_one() -> None:
    _, text = page()
    assert blocks(text, "text") == [(BAD / "policy-folded.expected").read_text(encoding="utf-8")]


def test_the_page_tells_the_names_of_each_scope() -> None:
    _, text = page()
    section = text.partition("## What an expression may name")[2].partition("\n## ")[0]
    named = set(re.findall(r"^\| (.*?) \|", section, re.MULTILINE))
    told = {word for cell in named for word in re.findall(r"`([a-z_]+)`", cell)}
    assert told == set(variables("license"))
