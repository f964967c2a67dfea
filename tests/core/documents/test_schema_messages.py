import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import BAD
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.documents import schemas as schemas_module
from vatspolicy.core.documents.schemas import SchemaSet, _shipped, resource_folder, resource_place
from vatspolicy.core.documents.validation import validate

TEXT = {"type": "string"}
PLACES: dict[str, Any] = {
    "$id": "places.schema.json",
    "$defs": {
        "site": {"type": "string", "enum": ["beijing", "shanghai", "shenzhen"]},
        "region": {"type": "object", "properties": {"site": {"$ref": "#/$defs/site"}}},
    },
}
BUSINESS: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "business.schema.json",
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 8},
        "site": {"$ref": "places.schema.json#/$defs/site"},
        "region": {"$ref": "places.schema.json#/$defs/region"},
        "founded": {"type": "string", "format": "date"},
        "users": {"type": "integer", "minimum": 0, "maximum": 100},
        "share": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 50},
        "mobile": {"type": ["boolean", "null"]},
        "code": {
            "type": "string",
            "pattern": "^[A-Z][0-9]$",
            "x-pattern-hint": {"en": "Write a letter and a digit, as B2.", "zh": "请写字母和数字，例如 B2。"},
        },
        "plain_code": {"type": "string", "pattern": "^[0-9]+$"},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2, "uniqueItems": True},
        "many": {"enum": [f"word-{letter}" for letter in "abcdefghi"]},
        "schema": {"const": 1},
        "owner": {"type": "string"},
        "owner_share": {"type": "number"},
        "words": {"type": "object", "propertyNames": {"pattern": "^[a-z]+$"}, "minProperties": 1},
        "due": {
            "oneOf": [
                {
                    "type": "object",
                    "required": ["before"],
                    "properties": {"before": {"const": "launch"}},
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "required": ["within", "unit"],
                    "properties": {"within": {"type": "integer"}, "unit": {"enum": ["day", "working-day"]}},
                    "additionalProperties": False,
                },
            ]
        },
        "effect": {"type": "object", "oneOf": [{"required": ["deny"]}, {"required": ["need"]}, {"required": ["duty"]}]},
        "some": {"anyOf": [{"required": ["left"]}, {"required": ["right"]}]},
        "service": {
            "anyOf": [
                {"type": "string"},
                {"required": ["kind", "goods"], "properties": {"kind": {"const": "shop"}, "goods": TEXT}},
                {"required": ["kind", "model"], "properties": {"kind": {"const": "cloud"}, "model": TEXT}},
            ]
        },
        "unclear": {"oneOf": [{"type": "object"}, {"properties": {"left": TEXT}}]},
        "either": {"anyOf": [{"type": "string"}, {"type": "array"}]},
        "guarded": {
            "type": "object",
            "properties": {"kind": {"type": "string"}, "extra": {"type": "string"}},
            "if": {"properties": {"kind": {"const": "plain"}}, "required": ["kind"]},
            "then": {"properties": {"extra": False}},
            "else": {"required": ["extra"]},
        },
        "open": {"type": "object", "not": {"required": ["left", "right"]}},
        "merged": {
            "allOf": [{"properties": {"first": {"type": "string"}}}],
            "properties": {"it's": {"type": "string"}},
            "unevaluatedProperties": False,
        },
    },
    "dependentRequired": {"owner": ["owner_share"]},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for schema in (PLACES, BUSINESS):
        (tmp_path / str(schema["$id"])).write_text(json.dumps(schema), encoding="utf-8")
    return tmp_path


def told(text: str, folder: Path, file: str = "x.yaml") -> list[str]:
    return [str(problem) for problem in validate(parse_document(text, file), "business", SchemaSet.from_folder(folder))]


def test_a_right_document_has_no_problems(folder: Path) -> None:
    text = """\
name: 公司
site: shanghai
founded: 2024-02-29
users: 5.0
share: 49.99
mobile: null
code: B2
tags: [a, b]
schema: 1
due: {within: 10, unit: day}
effect: {need: x}
service: {kind: shop, goods: x}
words: {a: 1}
merged: {first: x, "it's": x}
guarded: {kind: plain}
"""
    assert told(text, folder) == []


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("zzz: x", f"2:1: zzz: This key is unknown. Known keys: {', '.join(sorted(BUSINESS['properties']))}."),
        ("ownr: x", "2:1: ownr: This key is unknown. Did you mean 'owner'?"),
        ("site: shanghia", "2:7: site: This is not one of the allowed values. Did you mean 'shanghai'? Allowed: beijing, shanghai, shenzhen."),
        ("region: {site: secret}", "2:16: region.site: This is not one of the allowed values. Allowed: beijing, shanghai, shenzhen."),
        ("many: 5", "2:7: many: This expects text, not a number. Put it in quotes."),
        ("many: word_b", "2:7: many: This is not one of the allowed values. Did you mean 'word-b'?"),
        ("site: 5", "2:7: site: This expects text, not a number. Put it in quotes."),
        ("founded: 2023-02-29", "2:10: founded: This day does not exist in the calendar. Check the month and the day."),
        ("founded: '20240101'", "2:10: founded: This is not a date. Write the year, the month and the day, such as 2027-06-01."),
        ("founded: 2024-W01-1", "2:10: founded: This is not a date. Write the year, the month and the day, such as 2027-06-01."),
        ("users: '5'", "2:8: users: This expects a whole number, not text. Remove the quotes."),
        ("share: 49%", "2:8: share: This expects a number, not text. Write the number without the percent sign."),
        ("users: 1,000", "2:8: users: This expects a whole number, not text. Write digits only, without separators and units, such as 10000000."),
        ("users: 'five'", "2:8: users: This expects a whole number, not text."),
        ("mobile: 'true'", "2:9: mobile: This expects true or false or null, not text. Remove the quotes."),
        ("users: 5.5", "2:8: users: This expects a whole number, not a number with decimals."),
        ("users: -1", "2:8: users: This must be at least 0."),
        ("users: 101", "2:8: users: This must be at most 100."),
        ("share: 0", "2:8: share: This must be more than 0."),
        ("share: 50", "2:8: share: This must be less than 50."),
        ("share: true", "2:8: share: This expects a number, not true or false."),
        ("mobile: 'yes'", "2:9: mobile: This expects true or false or null, not text. Write true without quotes."),
        ("code: b2", "2:7: code: This does not have the expected form. Write a letter and a digit, as B2."),
        ("plain_code: b", "2:13: plain_code: This does not have the expected form. It must match ^[0-9]+$"),
        ("tags: []", "2:7: tags: This is empty."),
        ("tags: [a, b, c]", "2:7: tags: The list must have at most 2 items."),
        ("tags: [a, a]", "2:11: tags[1]: The list holds this item twice. Remove one of the two."),
        ("tags: [1]", "2:8: tags[0]: This expects text, not a number. Put it in quotes."),
        ("tags: a", "2:7: tags: This expects a list, not text. Write a list, even for one item."),
        ("tags: {a: b}", "2:7: tags: This expects a list, not keys with values. Write a list, even for one item."),
        ("schema: 2", "2:9: schema: This must be 1."),
        ("owner: x", "2:1: owner: The key 'owner_share' is missing: it belongs to 'owner'."),
        ("words: {a: 1, B: 2}", "2:15: words.B: This key does not have the expected form. It must match ^[a-z]+$"),
        ("words: {}", "2:1: words: This is empty."),
        ("effect: {}", "2:1: effect: Write exactly one of these keys: deny, need, duty."),
        ("effect: {need: z, deny: x}", "2:19: effect.deny: Write exactly one of these keys: deny, need, duty. Keep one of: need, deny."),
        ("some: {}", "2:1: some: Write at least one of these keys: left, right."),
        ("due: {within: 10}", "2:1: due: The key 'unit' is missing."),
        ("due: {within: 10, unit: days}", "2:25: due.unit: This is not one of the allowed values. Did you mean 'day'? Allowed: day, working-day."),
        ("due: {befor: launch}", "2:1: due: The key 'before' is missing."),
        ("due: {before: lunch}", "2:15: due.before: This must be 'launch'."),
        ("due: soon", "2:6: due: This expects keys with values, not text."),
        ("service: {kind: shpo, goods: x}", "2:17: service.kind: This is not one of the allowed values. Did you mean 'shop'? Allowed: shop, cloud."),
        ("service: {kind: cloud}", "2:1: service: The key 'model' is missing."),
        ("service: {kind: cloud, model: 5}", "2:31: service.model: This expects text, not a number. Put it in quotes."),
        ("unclear: {left: x}", "2:1: unclear: This has more than one possible meaning. Keep one of the alternatives."),
        ("either: 5", "2:9: either: This expects text or a list, not a number. Put it in quotes."),
        ("guarded: {kind: plain, extra: x}", "2:24: guarded.extra: This key is not allowed here."),
        ("guarded: {kind: other}", "2:1: guarded: The key 'extra' is missing."),
        ("open: {left: 1, right: 2}", "2:1: open: These keys cannot be combined: 'left' and 'right'."),
        ("merged: {frist: x}", "2:10: merged.frist: This key is unknown. Did you mean 'first'?"),
        ('merged: {"its\'": x}', '2:10: merged["its\'"]: This key is unknown. Did you mean "it\'s"?'),
    ],
)  # fmt: skip
def test_each_mistake_is_a_sentence_at_its_place(line: str, problem: str, folder: Path) -> None:
    assert f"x.yaml:{problem}" in told(f"name: x\n{line}\n", folder)


def test_a_mistake_is_told_once(folder: Path) -> None:
    for line in ("site: 5", "due: {within: 10}", "service: {kind: shpo, goods: x}", "effect: {}", "schema: 2"):
        assert len(told(f"name: x\n{line}\n", folder)) == 1


def test_a_list_that_repeats_a_number_in_another_spelling_is_still_told(tmp_path: Path) -> None:
    schema: dict[str, Any] = {"$id": "business.schema.json", "uniqueItems": True}
    (tmp_path / "business.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    assert told("[1, 1.0]", tmp_path) == ["x.yaml:1:1: This is not allowed here."]


def test_all_mistakes_are_told_by_line_and_column(folder: Path) -> None:
    lines = told("users: x\nnmae: x\ntags: [1, 2]\n", folder)
    places = [line.split(": ")[0].removeprefix("x.yaml:") for line in lines]
    assert places == ["1:1", "1:8", "2:1", "3:8", "3:11"]
    assert lines[0] == "x.yaml:1:1: The key 'name' is missing."
    assert lines[2] == "x.yaml:2:1: nmae: This key is unknown. Did you mean 'name'?"


def test_known_keys_are_listed_when_few_and_none_is_near(tmp_path: Path) -> None:
    schema: dict[str, Any] = {"properties": {"b": True, "a": True, "c": False}, "additionalProperties": False}
    (tmp_path / "business.schema.json").write_text(json.dumps(schema), encoding="utf-8")
    assert told("zzz: 1", tmp_path) == ["x.yaml:1:1: zzz: This key is unknown. Known keys: a, b."]


def test_no_value_of_the_document_is_repeated(folder: Path) -> None:
    secret = "geheim"
    text = "\n".join(f"{key}: {secret}" for key in BUSINESS["properties"])
    lines = told(f"{text}\n", folder)
    assert len(lines) > 10
    assert secret not in "\n".join(lines)


def test_places_in_json_are_as_exact(folder: Path) -> None:
    lines = told('{\n  "name": "x",\n  "site": "shanghia"\n}', folder, "x.json")
    assert lines[0].startswith("x.json:3:11: site: ")


def test_schemas_refer_to_one_another_whatever_address_they_give_themselves(tmp_path: Path) -> None:
    for schema in (PLACES, BUSINESS):
        addressed = {**schema, "$id": f"https://schemas.example/v1/{schema['$id']}"}
        (tmp_path / str(schema["$id"])).write_text(json.dumps(addressed), encoding="utf-8")
    assert len(told("name: x\nsite: nowhere\nregion: {site: nowhere}\n", tmp_path)) == 2


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the package believes to be."""
    module = tmp_path / "src" / "vatspolicy" / "core" / "documents" / "schemas.py"
    monkeypatch.setattr(schemas_module, "__file__", str(module))
    resource_place.cache_clear()
    _shipped.cache_clear()
    yield module
    resource_place.cache_clear()
    _shipped.cache_clear()


def test_the_repository_folder_is_used_until_the_package_has_its_own(tmp_path: Path, elsewhere: Path) -> None:
    assert resource_folder("schemas") == tmp_path / "schemas"
    assert resource_folder("policies") == tmp_path / "policies"
    installed = elsewhere.parents[2] / "_resources" / "schemas"
    installed.mkdir(parents=True)
    resource_place.cache_clear()
    _shipped.cache_clear()
    (installed / "own.schema.json").write_text('{"title": "Own"}', encoding="utf-8")
    assert resource_folder("schemas") == installed
    assert SchemaSet.shipped().load("own") == {"title": "Own"}
    assert SchemaSet.shipped().load("own") is SchemaSet.shipped().load("own")
    assert SchemaSet.shipped().names == ("own",)


def test_schemas_are_known_by_name_and_a_name_is_no_path(folder: Path) -> None:
    schemas = SchemaSet.from_folder(folder)
    assert schemas.names == ("business", "places")
    for name, told in (
        ("busines", "There is no schema 'busines'. Did you mean 'business'?"),
        ("none", "There is no schema 'none'. Known: business, places."),
        (f"../{folder.name}/business", f"There is no schema '../{folder.name}/business'. Known: business, places."),
    ):
        with pytest.raises(FileNotFoundError) as caught:
            schemas.load(name)
        assert str(caught.value) == told


# --- the schemas of this project ------------------------------------------------------------------------------------


@pytest.mark.parametrize("spec", sorted(BAD.glob("profile-*.yaml")), ids=lambda spec: spec.stem)
def test_bad_profiles_say_exactly_what_is_wrong(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BAD)
    told = "".join(f"{problem}\n" for problem in validate(load_document(spec.name), "profile"))
    assert told == spec.with_suffix(".expected").read_text(encoding="utf-8")


def test_there_are_bad_profiles_and_none_is_forgotten() -> None:
    specs = {spec.stem for spec in BAD.glob("profile-*.yaml")}
    assert len(specs) >= 15
    assert specs == {expected.stem for expected in BAD.glob("profile-*.expected")}


PROFILE = """\
schema: 2
product: {id: demo, launch: null}
company: {name: null, foreign_percent: null, registered: null}
partner: null
services:
  - {id: shop, offers: [own-shop], area: null}
"""


def test_null_in_a_profile_says_nothing_and_hides_nothing() -> None:
    assert validate(parse_document(PROFILE, "x.yaml"), "profile") == []
    for before, after, place in (
        ("id: demo", "id: null", "2:15: product.id: This must have a value."),
        ("services:\n  - {", "services: null\nother: {", "5:11: services: This must have a value."),
        ("name: null", "naem: null", "3:11: company.naem: This key is unknown. Did you mean 'name'?"),
        ("[own-shop]", "[null]", "6:25: services[0].offers[0]: This expects text, not null."),
        ("registered: null", "registered: {at: null}", "3:63: company.registered.at: This must have a value."),
    ):
        told = [str(one) for one in validate(parse_document(PROFILE.replace(before, after), "x.yaml"), "profile")]
        assert f"x.yaml:{place}" in told


def test_null_is_unknown_in_profiles_only() -> None:
    (problem, *_) = validate(parse_document("version: null\ncovers: {from: 2020-01-01}\n", "x.yaml"), "bundle")
    assert str(problem) == "x.yaml:1:10: version: This expects text, not null."


POLICY = """\
id: demo
version: 1.0.0
title: {en: Demo, zh: 示例}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}}
effective: {from: 2020-01-01}
articles:
  art-1: {en: Words., verification: primary}
rules:
  - id: first
    cite: [art-1]
    each: product
    when: 'true'
    deny: {reason: NOT-READY}
    message: {en: No., zh: 否。}
"""
EFFECTS = "Write exactly one of these keys: classify, deny, need, route, duty, advise."


def told_of_policy(text: str) -> list[str]:
    return [str(problem) for problem in validate(parse_document(text, "x.yaml"), "policy")]


def test_a_rule_has_exactly_one_of_six_effects() -> None:
    assert told_of_policy(POLICY) == []
    none = POLICY.replace("    deny: {reason: NOT-READY}\n", "")
    assert told_of_policy(none) == [f"x.yaml:10:5: rules[0]: {EFFECTS}"]
    two = POLICY.replace("    message:", "    need: {instrument: vats-license}\n    message:")
    assert told_of_policy(two) == [f"x.yaml:15:5: rules[0].need: {EFFECTS} Keep one of: deny, need."]
    three = two.replace("    when:", "    advise: {kind: note}\n    when:")
    assert told_of_policy(three) == [f"x.yaml:15:5: rules[0].deny: {EFFECTS} Keep one of: advise, deny, need."]


def test_a_misspelt_effect_is_told_with_the_effects() -> None:
    assert told_of_policy(POLICY.replace("deny:", "denny:")) == [
        f"x.yaml:10:5: rules[0]: {EFFECTS}",
        "x.yaml:14:5: rules[0].denny: This key is unknown. Did you mean 'deny'?",
    ]


def test_a_duty_falls_due_in_one_of_four_ways() -> None:
    def told_of_due(due: str) -> list[str]:
        duty = f"duty: {{instrument: filing, due: {due}}}"
        return told_of_policy(POLICY.replace("deny: {reason: NOT-READY}", duty))

    place = "x.yaml:14:"
    assert told_of_due("{before: launch}") == []
    assert told_of_due("{within: 30, unit: working-day}") == [
        f"{place}32: rules[0].duty.due: The key 'after' is missing."
    ]
    (word,) = told_of_due("{within: 30, unit: working-days, after: launch}")
    assert word.startswith(f"{place}56: rules[0].duty.due.unit: This is not one of the allowed values. Did you mean")
    assert told_of_due("P30D") == [f"{place}37: rules[0].duty.due: This expects keys with values, not text."]


def test_the_order_of_keys_is_no_matter_of_the_schema() -> None:
    fixture = "decisions:\n  - {decision: deny, as_of: 2024-12-01}\nwhy: {zh: 原因, en: Reason}\n"
    assert validate(parse_document(fixture, "x.yaml"), "fixture") == []
    data = parse_document(POLICY, "x.yaml").data
    data["rules"] = [dict(reversed(rule.items())) for rule in data["rules"]]
    text = json.dumps(dict(reversed(data.items())), ensure_ascii=False)
    assert validate(parse_document(text, "x.json"), "policy") == []


def test_a_fixture_says_what_is_wrong() -> None:
    text = "why: Reason\ndecisions:\n  - {as_of: 2023-02-29, decision: denied, duties: [Bad one], clases: {}}\n"
    assert [str(problem) for problem in validate(parse_document(text, "x.yaml"), "fixture")] == [
        "x.yaml:1:6: why: This expects keys with values, not text.",
        "x.yaml:3:13: decisions[0].as_of: This day does not exist in the calendar. Check the month and the day.",
        (
            "x.yaml:3:35: decisions[0].decision: This is not one of the allowed values. Did you mean 'deny'? "
            "Allowed: allow, deny, needs-license, incomplete."
        ),
        (
            "x.yaml:3:52: decisions[0].duties[0]: This does not have the expected form. "
            "Use lower-case words joined by hyphens."
        ),
        "x.yaml:3:62: decisions[0].clases: This key is unknown. Did you mean 'classes'?",
    ]
