"""What every schema of the project keeps to, so that each fact can be asked for, explained and decided on."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from tests.support.members import for_each
from vatspolicy.core.documents import Path, format_path, load_document, parse_document
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder
from vatspolicy.core.documents.validation import validate

Node = Mapping[str, Any]

NAMES = SchemaSet.shipped().names
NAMED = ("places", "profile", "vocabulary")
"""The schemas whose words people read."""
OPEN = {"set", "base"}
"""Objects that hold facts of a profile, which a profile's own schema checks."""


def nodes(name: str) -> Iterator[tuple[Path, Node]]:
    """Every schema within a schema, each with its path in the file."""

    def visit(node: Any, path: Path) -> Iterator[tuple[Path, Node]]:
        if not isinstance(node, dict):
            return
        yield path, node
        for key in ("properties", "patternProperties", "$defs", "x-derived", "dependentSchemas"):
            for name, child in node.get(key, {}).items():
                yield from visit(child, (*path, key, name))
        for key in ("items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
            yield from visit(node.get(key), (*path, key))
        for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            for index, child in enumerate(node.get(key, ())):
                yield from visit(child, (*path, key, index))

    yield from visit(SchemaSet.shipped().load(name), ())


def behind(name: str, node: Node) -> Node:
    """A schema with what its reference leads to; what stands beside the reference speaks first."""
    reference = node.get("$ref")
    if reference is None:
        return node
    file, _, pointer = reference.partition("#")
    home = file.removesuffix(".schema.json") or name
    target: Any = SchemaSet.shipped().load(home)
    for step in filter(None, pointer.split("/")):
        target = target[step]
    return {**behind(home, target), **{key: value for key, value in node.items() if key != "$ref"}}


def types(node: Node) -> set[str]:
    kind = node.get("type", [])
    return {kind} if isinstance(kind, str) else set(kind)


def is_property(path: Path) -> bool:
    return len(path) > 1 and path[-2] in ("properties", "x-derived")


def in_two_languages(text: Any) -> bool:
    return isinstance(text, dict) and text.keys() == {"en", "zh"} and all(text.values()) and text["en"] != text["zh"]


def names_of(path: Path, node: Node, words: list[str]) -> Node:
    """The names of the members of an enumeration: its own, or those of the gazetteer or of the policies."""
    if "x-enum" in node:
        names: Node = node["x-enum"]
        return names
    elsewhere = instruments() if path[-1:] == ("instrument",) else SchemaSet.shipped().load("places")["x-gazetteer"]
    known = {word: elsewhere[word] for word in words if word in elsewhere}
    return {word: {"en": entry["en"], "zh": entry["zh"]} for word, entry in known.items()}


@cache
def instruments() -> dict[str, Node]:
    """The titles of the instruments that the policies establish."""
    titles: dict[str, Node] = {}
    for file in resource_folder("policies").rglob("*.yaml"):
        established = load_document(file).data.get("instruments", {})
        titles |= {name: entry["title"] for name, entry in established.items()}
    return titles


@for_each(NAMES)
def test_each_schema_is_valid(name: str) -> None:
    schema = SchemaSet.shipped().load(name)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in schema, "it is known by its file, so that its references lead to the files beside it"
    assert schema["title"]
    assert schema["description"]
    Draft202012Validator.check_schema(schema)


@for_each(NAMES)
def test_each_reference_leads_somewhere(name: str) -> None:
    for _, node in nodes(name):
        assert behind(name, node)


@for_each(NAMES)
def test_each_property_has_a_title_and_a_description(name: str) -> None:
    wanting = []
    for path, node in nodes(name):
        described = behind(name, node)
        if is_property(path) and not (described.get("title") and described.get("description")):
            wanting.append(format_path(path))
    assert wanting == []


@for_each(NAMES)
def test_each_number_has_a_unit(name: str) -> None:
    numbers = [(path, node) for path, node in nodes(name) if types(node) & {"integer", "number"}]
    assert [format_path(path) for path, node in numbers if not node.get("x-unit")] == []


@for_each(NAMES)
def test_each_day_is_a_day_of_the_calendar(name: str) -> None:
    days = [(path, node) for path, node in nodes(name) if "day" in str(node.get("x-unit", "")).split(",")[0].split()]
    wrong = [format_path(path) for path, node in days if types(node) == {"string"} and node.get("format") != "date"]
    assert wrong == []


def test_each_list_of_a_profile_has_an_end() -> None:
    lists = [(path, node) for path, node in nodes("profile") if "array" in types(node)]
    assert len(lists) > 10
    assert [format_path(path) for path, node in lists if not 1 <= node.get("maxItems", 0) <= 32] == []


@for_each(NAMES)
def test_each_object_is_closed(name: str) -> None:
    """No key is taken that nothing reads: the keys are listed, or all of them have one schema."""
    still_open = []
    for path, node in nodes(name):
        rest = node.get("additionalProperties", True)
        if "object" in types(node) and rest is True and node.get("unevaluatedProperties") is not False:
            still_open += [] if path[-1] in OPEN else [format_path(path)]
        assert name != "profile" or not isinstance(rest, dict)
    assert still_open == []


@for_each(NAMED)
def test_each_word_has_a_name_in_both_languages(name: str) -> None:
    wanting = []
    for path, node in nodes(name):
        words = [word for word in node.get("enum", []) if isinstance(word, str)]
        names = names_of(path, node, words)
        if set(words) != set(names) or not all(map(in_two_languages, names.values())):
            wanting.append(format_path(path))
    assert wanting == []


@for_each(NAMES)
def test_no_word_is_listed_twice(name: str) -> None:
    for _, node in nodes(name):
        words = node.get("enum", [])
        assert len(words) == len({str(word) for word in words})


def test_every_yes_or_no_and_every_number_has_a_question() -> None:
    plain = [(path, node) for path, node in nodes("profile") if node.get("type") in ("boolean", "integer", "number")]
    assert len(plain) > 30
    assert [format_path(path) for path, node in plain if "x-question" not in node] == ["properties.schema"]


def test_a_question_ends_with_a_question_mark() -> None:
    asked = [(path, node["x-question"]) for path, node in nodes("profile") if "x-question" in node]
    assert [format_path(path) for path, question in asked if "?" not in question["en"]] == []
    assert [format_path(path) for path, question in asked if "？" not in question["zh"]] == []


def test_no_message_about_a_profile_holds_one_of_its_values() -> None:
    private = "Geheim"

    def fill(name: str, node: Node) -> Any:
        node = behind(name, node)
        if "properties" in node:
            return {key: fill(name, child) for key, child in node["properties"].items()}
        return [fill(name, node["items"]), private] if "items" in node else private

    whole = fill("profile", SchemaSet.shipped().load("profile"))
    problems = validate(parse_document(json.dumps(whole), "x.json"), "profile")
    assert len(problems) > 100
    assert [problem for problem in problems if private in str(problem)] == []


# --- places -----------------------------------------------------------------------------------------------------------

GAZETTEER: Mapping[str, Mapping[str, str]] = SchemaSet.shipped().load("places")["x-gazetteer"]
PLACES = SchemaSet.shipped().load("places")["$defs"]


def around(code: str) -> list[str]:
    """The places that a place lies in, innermost first; ends with the place itself when they go round in a circle."""
    found: list[str] = []
    while (parent := GAZETTEER[found[-1] if found else code].get("within")) and parent not in found:
        found.append(parent)
    return found


def test_the_gazetteer_holds_exactly_the_places() -> None:
    assert set(GAZETTEER) == set(PLACES["place"]["enum"])
    assert set(PLACES["site"]["enum"]) < set(GAZETTEER)


def test_each_place_lies_in_places_that_exist_and_in_no_circle() -> None:
    for code, entry in GAZETTEER.items():
        assert entry.get("within", "china") in GAZETTEER
        assert code not in around(code)
        assert "within" in entry or code in ("china", "overseas")


def test_each_place_lies_in_its_province() -> None:
    for code, entry in GAZETTEER.items():
        province = entry["province"]
        assert GAZETTEER[province]["province"] == province
        assert province in (code, *around(code))
        assert GAZETTEER[province].get("within", "china") == "china"


def test_there_are_31_provinces() -> None:
    provinces = {entry["province"] for entry in GAZETTEER.values()} - {"china", "overseas"}
    assert len(provinces) == 31
    assert {code for code, entry in GAZETTEER.items() if entry.get("within") == "china"} == provinces


def test_no_place_that_the_law_divides_tells_an_address() -> None:
    """A site that is a province too (Hainan, Beijing) holds others only where the law treats all of it alike."""
    sites = {code for code in PLACES["site"]["enum"] if not GAZETTEER[code].get("divided")}
    for code, entry in GAZETTEER.items():
        for outer in around(code):
            if outer in sites:
                assert GAZETTEER[outer]["province"] == outer
                assert entry.get("zone") in (None, GAZETTEER[outer].get("zone"))


def test_the_divided_places_are_those_that_hold_addresses_in_several_zones() -> None:
    divided = {code for code, entry in GAZETTEER.items() if entry.get("divided")}
    assert divided == {"shanghai"} <= set(PLACES["site"]["enum"])
    parts = [code for code in PLACES["site"]["enum"] if "shanghai" in around(code)]
    assert len(parts) == 17
    assert len({GAZETTEER[code].get("zone") for code in parts}) > 1


def test_every_corner_of_the_mainland_is_a_site_or_holds_one() -> None:
    sites = set(PLACES["site"]["enum"])
    held = {outer for site in sites for outer in around(site)}
    assert set(GAZETTEER) == sites | held


def test_zones_of_places_exist() -> None:
    zones = {entry["zone"] for entry in GAZETTEER.values() if "zone" in entry}
    assert zones <= set(PLACES["zone"]["enum"])


def test_names_of_places_tell_them_apart() -> None:
    for language in ("en", "zh"):
        assert len({entry[language] for entry in GAZETTEER.values()}) == len(GAZETTEER)
