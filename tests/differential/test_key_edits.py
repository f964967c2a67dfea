"""Edits of each key of a policy and of the schemas of specs: a record that differs is never called no change.

A long run tries all of them.
"""

from __future__ import annotations

import copy
import functools
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support.comparisons import compare_revisions, render
from tests.support.effort import LONG, SEED
from tests.support.law_edits import TODAY, Edit, base, head, law
from tests.support.records import decision_to_data
from tests.support.rule_edits import Law
from tests.support.shipped import ROOT, fixture_files
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.law_revision import LawRevision, load_pair
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.schemas import KEYS
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.authoring.diff.verdict import TITLES
from vatspolicy.core.documents import parse_document
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.errors import InvalidInput

DAYS = (TODAY, "2021-06-01")
SAYS_NOTHING = {TITLES[key]["en"] for key in ("same", "no-rule", "proved", "unseen")}
"""Titles by which no decision changes in any part."""
NOTHING = "nothing changes for any product"
"""What a card says of such an edit."""
WORDS = {"en", "zh", "text", "path", "depth"}
"""Keys of a record whose values are words, or quote the law."""
VOLATILE = {"bundle", "version", "policy_line", "policy_file"}
"""Keys of a record that tell the edition of the law, and where a rule stands in its file."""
ORDERED = {"citations", "authority"}
"""Lists of a record that are in the order of the policy."""
SPEC_SCHEMAS = ("profile", "places", "vocabulary")
Steps = tuple[str, ...]


# --- edits of policies


@functools.cache
def policy_keys() -> Mapping[Steps, Any]:
    """Every property of the schema of policies, by its names from the outside in, with its node."""
    return dict(_properties(json.loads((ROOT / "schemas/policy.schema.json").read_text(encoding="utf-8")), ()))


def _properties(node: Any, path: Steps) -> Iterator[tuple[Steps, Any]]:
    if isinstance(node, list):
        for one in node:
            yield from _properties(one, path)
    elif isinstance(node, dict):
        for name, child in node.get("properties", {}).items():
            yield (*path, name), child
            yield from _properties(child, (*path, name))
        for key, child in node.items():
            if key not in ("properties", "$defs"):
                yield from _properties(child, path)


def _owners(data: Any, keys: Steps) -> Iterator[Law]:
    """Yield the objects of a policy that have, or could have, the last of some keys."""
    if isinstance(data, list):
        for one in data:
            yield from _owners(one, keys)
    elif isinstance(data, dict):
        if len(keys) == 1:
            yield data
        elif keys[0] in data:
            inner = data[keys[0]]
            named = keys[0] in ("articles", "instruments", "parameters", "verified")
            yield from _owners(list(inner.values()) if named else inner, keys[1:])


def policy_edits(draw: random.Random, each: int) -> Iterator[tuple[Steps, Edit]]:
    """Yield edits of every key: of so many places where it stands, and of one where it does not."""
    files = list(law().items())
    for keys, node in policy_keys().items():
        places = [
            (file, place, keys[-1] in owner)
            for file, policy in files
            for place, owner in enumerate(_owners(policy, keys))
        ]
        for there in (True, False):
            some = [one for one in places if one[2] is there]
            for file, place, _ in draw.sample(some, min(each if there else 1, len(some))):
                owner = list(_owners(law()[file], keys))[place]
                values = _others(keys[-1], owner.get(keys[-1]), node, law()[file], draw)
                for value in values:
                    policy = copy.deepcopy(law()[file])
                    edited = list(_owners(policy, keys))[place]
                    if value is None:
                        del edited[keys[-1]]
                    else:
                        edited[keys[-1]] = value
                    written = json.dumps(policy, ensure_ascii=False).encode()
                    yield keys, Edit(".".join(keys), f"{law()[file]['id']}#{place}", {file: written}, {})


def _others(key: str, value: Any, node: Any, policy: Law, draw: random.Random) -> list[Any]:
    """Return other values of a key; None takes it out."""
    found: list[Any] = [] if value is None else [None]
    words = [one for one in _words(node) if one != value]
    if words:
        return [*found, draw.choice(words)]
    match value:
        case None:
            return [*found, True] if node.get("type") == "boolean" else found
        case bool():
            return [*found, not value]
        case int() | float():
            return [*found, value + 1]
        case {"en": str(), "zh": str()}:
            return [*found, value | {"en": value["en"] + " Edited."}]
        case list() if len(value) > 1:
            return [*found, value[1:], value[::-1]]
        case str() if key == "cite":
            return [*found, [value, draw.choice([*policy["articles"]])]]
        case str() if value[:4].isdigit() and len(value) == 10:
            return [*found, f"{int(value[:4]) + 1}{value[4:]}"]
        case str():
            instruments = [name for name in policy.get("instruments", {}) if name != value]
            others = instruments if key in ("instrument", "through") else []
            return [*found, f"({value}) && data.persons >= 3", f"{value}-edited", value + "。", *others[:1]]
    return found


def _words(node: Mapping[str, Any]) -> list[Any]:
    """Return the members of the enumeration of a node."""
    if "enum" in node:
        return list(node["enum"])
    if "$ref" in node and "vocabulary" in node["$ref"]:
        kind = node["$ref"].rpartition("/")[2]
        vocabulary = json.loads((ROOT / "schemas/vocabulary.schema.json").read_text(encoding="utf-8"))
        return list(vocabulary["$defs"][kind].get("enum", ()))
    return []


# --- edits of the schemas of specs


def schema_edits(draw: random.Random, each: int) -> Iterator[tuple[Steps, Edit]]:
    """Yield edits of the values of every keyword of the schemas of specs, at so many places of each."""
    found: dict[str, list[tuple[str, tuple[Any, ...]]]] = {}
    for name in SPEC_SCHEMAS:
        schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
        for path in _leaves(schema, ()):
            names = [str(step) for step in path if not isinstance(step, int)]
            key = next((step for step in reversed(names) if step.startswith("x-")), names[-1])
            key += f"/{names[-1]}" if key == "x-gazetteer" else ""
            found.setdefault(key, []).append((name, path))
    for key, places in found.items():
        for name, path in draw.sample(places, min(each, len(places))):
            schema = json.loads((ROOT / f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
            owner = functools.reduce(lambda node, step: node[step], path[:-1], schema)
            value = owner[path[-1]]
            owner[path[-1]] = _other_value(str(path[-1]), value, draw)
            text = json.dumps(schema, ensure_ascii=False).encode()
            yield ("schema", key), Edit(f"schema {key}", "/".join(map(str, path)), {}, {f"{name}.schema.json": text})


def _leaves(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield the place of every scalar, and of every list of scalars."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from _leaves(child, (*path, key))
    elif isinstance(node, list) and any(isinstance(one, dict) for one in node):
        for place, child in enumerate(node):
            yield from _leaves(child, (*path, place))
    else:
        yield path


def _other_value(key: str, value: Any, draw: random.Random) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case list():
            return [one for one in value if one != draw.choice(value)] if value else ["edited"]
    if key in ("within", "province"):
        return "china" if value != "china" else "beijing"
    return f"{value} edited"


def every_edit(seed: int, each: int) -> list[tuple[Steps, Edit]]:
    """Every edit, the same for the same seed."""
    draw = random.Random(seed)
    return [*policy_edits(draw, each), *schema_edits(draw, each)]


# --- records


@dataclass(frozen=True)
class Outcome:
    """What a comparison says of an edit, beside the records of known products."""

    refused: bool = False
    differs: tuple[str, ...] = ()
    """Places of records that differ."""
    silent: bool = False
    """True if "no change" is said."""
    counted: bool = False
    """True if the condition `any` holds."""


@functools.cache
def products(count: int, seed: int) -> tuple[tuple[str, bytes], ...]:
    """So many fixtures without their variants."""
    files = [file for file in sorted(fixture_files()) if ".expect." not in file.name]
    return tuple(
        (file.relative_to(ROOT).as_posix(), file.read_bytes())
        for file in random.Random(seed).sample(files, min(count, len(files)))
    )


def attempt(edit: Edit, count: int, seed: int, semantic: str = "auto") -> Outcome:
    """Compare the law with and without an edit, and the full records of some known products."""
    chosen = products(count, seed)
    sides = replace(base(), fixtures=chosen), replace(head(edit), fixtures=chosen)
    try:
        loaded = load_pair(*sides)
        before, after = _base_records(count, seed), records(loaded[1], chosen)
    except InvalidInput:
        return Outcome(refused=True)
    differs = {place for key in before for place in _differing(before[key], after.get(key), ())}
    data = compare_revisions(*sides, ComparisonSettings(TODAY, semantic=semantic, fail_on=["any"]))
    text = " ".join(render("text", data, "en").split())
    silent = data["title"]["en"] in SAYS_NOTHING or NOTHING in text
    return Outcome(False, tuple(sorted(differs)), silent, "any" in data["failed_on"])


@functools.cache
def _base_records(count: int, seed: int) -> Mapping[tuple[str, str], Any]:
    source: Source = replace(base(), fixtures=products(count, seed))
    return records(load_pair(source, source)[0], source.fixtures)


def records(side: LawRevision, files: tuple[tuple[str, bytes], ...]) -> dict[tuple[str, str], Any]:
    """The full record of each spec on each day; an error for a spec that is not valid."""
    found: dict[tuple[str, str], Any] = {}
    for file, content in files:
        try:
            profile = read_profile(parse_document(content, file), side.schemas)
        except InvalidInput:
            continue
        for day in DAYS:
            decision = evaluate(side.bundle, profile, day)
            found[file, day] = decision_to_data(side.bundle, profile, decision)
    return found


def _differing(before: Any, after: Any, path: Steps) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in before.keys() | after.keys():
            if key not in VOLATILE:
                yield from _differing(before.get(key), after.get(key), (*path, key))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        if path[-1] not in ORDERED:  # findings follow the order of the rules in a file, which means nothing
            before, after = (sorted(side, key=lambda one: json.dumps(one, sort_keys=True)) for side in (before, after))
        for one, other in zip(before, after, strict=True):
            yield from _differing(one, other, path)
    elif before != after and not (path == () and after is None):
        yield ".".join(path)


def is_wording(place: str) -> bool:
    """Return True if a place of a record holds words or quotes."""
    return place.rpartition(".")[2] in WORDS or "clauses" in place or "facts" in place or "asks" in place


def describe(edit: Edit, found: Outcome) -> str:
    """The line of an edit of which a comparison says too little; empty for any other."""
    if found.differs and found.silent:
        return f"called no change: {edit.kind}: {edit.subject}: {found.differs[:5]}"
    beyond_words = [place for place in found.differs if not is_wording(place)]
    if beyond_words and not found.counted:
        return f"not counted by any: {edit.kind}: {edit.subject}: {beyond_words[:5]}"
    return ""


UNUSED = {
    *((("review", key)) for key in ("by", "on", "version")),
    *(("rules", "overrides", *key) for key in ((), ("rule",), ("reason",), ("owner",))),
}
"""Keys that the shipped law does not use: nobody has reviewed it, and it has no layers."""


@pytest.fixture(scope="module")
def edits() -> list[tuple[tuple[str, ...], Edit]]:
    return every_edit(SEED, 2 if LONG else 1)


def test_there_are_edits_of_each_key(edits: list[tuple[tuple[str, ...], Edit]]) -> None:
    """A new key needs a value to try, and is tried with the rest."""
    tried = {keys for keys, _ in edits}
    assert policy_keys().keys() - tried == UNUSED
    own = frozenset[str]().union(*KEYS.values())
    of_schemas = {keys[1].partition("/")[0] for keys, _ in edits if keys[0] == "schema"}
    assert {key for key in of_schemas if key.startswith("x-")} <= own
    assert {"x-gazetteer", "x-empty-behind", "x-enum", "x-question", "enum", "required"} <= of_schemas


@needs_solver
def test_a_record_that_differs_is_never_called_no_change(edits: list[tuple[tuple[str, ...], Edit]]) -> None:
    """The condition `any` holds, too, where more than words differ."""
    some = edits if LONG else random.Random(SEED + 1).sample(edits, 8)
    tried = [(edit, attempt(edit, 60 if LONG else 12, SEED)) for _, edit in some]
    assert [told for edit, found in tried if (told := describe(edit, found))] == []
    assert any(found.differs for _, found in tried)
    assert sum(found.refused for _, found in tried) < len(tried)
