"""Edits of the JSON Schemas, and whether they break a reader: a spec, a policy, or a program."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.diff.edited import Edit, Field, SchemaChange
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.structure import new_edit
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.profile.vocabulary import words_of

_WRITTEN_BY_US = {
    f"{name}.schema.json"
    for name in (
        *("analysis", "attestation", "comparison", "decision", "lint", "matrix"),
        *("question", "report", "routes", "test-run", "timeline", "vectors"),
    )
}
"""Schemas of the program's output. A reader breaks on missing or unknown parts."""
_OF_OTHER_FILES = {
    f"{name}.schema.json"
    for name in (
        *("accepted", "approvers", "baseline", "bundle", "fixture", "layer"),
        *("policy", "policy-tests", "properties", "waivers"),
    )
}
"""Schemas of other files that people write. The rest define how the program reads and words specs."""

READING, VALIDITY, WORDS, NOTHING = "reading", "validity", "words", "nothing"
"""Possible effects of an edit in spec schemas: on the facts of a valid spec, on validity, on the words of decisions, or
none. The first effect is one of law.
"""
KEYS: Mapping[str, frozenset[str]] = {
    VALIDITY: frozenset(
        {
            *("additionalProperties", "const", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
            *("minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "pattern"),
            *("required", "dependentRequired", "uniqueItems", "x-invariants"),
        }
    ),
    WORDS: frozenset({"title", "x-title-zh", "x-question", "x-enum", "x-unit", "x-clause", "x-item"}),
    NOTHING: frozenset(
        {
            *(
                "$id",
                "$schema",
                "$comment",
                "description",
                "examples",
                "x-elsewhere",
                "x-empty-hint",
                "x-example",
                "x-examples",
            ),
            *("x-groups", "x-key-synonyms", "x-language", "x-list", "x-mutable", "x-pattern-hint", "x-synonyms"),
            *("x-screen", "x-together"),
        }
    ),
    READING: frozenset({"x-derived", "x-empty-behind", "x-gazetteer", "x-shorthand"}),
}
"""Keys of spec schemas by their possible effect. Any other key may change the reading."""
_NAMED = ("properties", "$defs", "x-enum", "x-gazetteer", "x-derived", "x-empty-behind")
"""Keys whose members have their own names, which are not schema keys."""
_NODES = ("properties", "$defs", "x-gazetteer")
"""Keys with separate reviews for each member."""
_TEXTS = KEYS[WORDS] | KEYS[NOTHING]
_SETS = ("enum", "required", "type")
_LOWER, _UPPER = ("minimum", "minItems", "minLength"), ("maximum", "maxItems", "maxLength")


@dataclass(frozen=True)
class SchemaEdits:
    """The edits of schemas."""

    changes: tuple[SchemaChange, ...] = ()
    """All differences that affect validation or reading, by file and path."""
    of_specs: tuple[Edit, ...] = ()
    """Edits of the spec schemas by fact and place, including words."""
    reading: frozenset[str] = frozenset()
    """Names of edits that may change the facts of a valid spec."""
    worded: frozenset[str] = frozenset()
    """Names of edits that may change the words of decisions."""


def facts_of_specs(side: LawRevision) -> Tree:
    """Return the schemas of specs by file, without the keys that only word facts."""
    files = sorted(name for name in side.schemas.files if name not in _WRITTEN_BY_US | _OF_OTHER_FILES)
    return {name: _without_texts(side.schema(name)) for name in files}


def _without_texts(node: Tree, named: bool = False) -> Tree:
    """Return a part of a schema without texts. `named`: its keys are names."""
    if isinstance(node, list):
        return [_without_texts(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {key: _without_texts(one, key in _NAMED) for key, one in node.items() if named or key not in _TEXTS}


def compare_schemas(base: LawRevision, head: LawRevision) -> SchemaEdits:
    """Return every schema difference that affects readers of specs, policies or reports."""
    changes = [
        SchemaChange(one.file, f"$defs/{one.definition}/enum", "changed", one.old, one.new, True, VALIDITY)
        for one in base.renames
    ]
    if base.schemas == head.schemas:
        return SchemaEdits(tuple(changes))
    nodes: dict[str, list[tuple[Steps, _Difference, str]]] = {}
    files: dict[str, str] = {}
    for file in sorted({*base.schemas.files, *head.schemas.files}):
        of_specs = file not in _WRITTEN_BY_US | _OF_OTHER_FILES
        old, new = base.schema(file), head.schema(file)
        found: Iterable[_Difference] = [((), old, new)]
        if old is not None and new is not None:
            found = _differences(old, new, (), KEYS[NOTHING] if of_specs else _TEXTS)
        for path, before, after in found:
            effect = _effect(base, head, path, before, after) if of_specs else NOTHING
            if effect in (READING, VALIDITY) or not of_specs:
                changes.append(_change(file, path, before, after, effect))
            if effect != NOTHING:
                node = _node(path)
                name = "/".join((file.removesuffix(".schema.json"), *_names(path[:node])))
                nodes.setdefault(name, []).append((path[node:], (path, before, after), effect))
                files[name] = file
    edits = [_edit(base, head, name, files[name], found) for name, found in nodes.items()]
    effects = {name: {effect for *_, effect in found} for name, found in nodes.items()}
    reading, worded = ([name for name, of in effects.items() if one in of] for one in (READING, WORDS))
    return SchemaEdits(tuple(changes), tuple(edits), frozenset(reading), frozenset(worded))


Steps = tuple[str, ...]
_Difference = tuple[Steps, Tree, Tree]
"""Path, and the values of base and head."""


def _differences(old: Tree, new: Tree, path: Steps, silent: frozenset[str]) -> Iterator[_Difference]:
    """Yield the differing values, except those of ignored schema keys."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        named = path[-1:] and path[-1] in _NAMED
        for key in dict.fromkeys((*new, *old)):
            if named or key not in silent:
                yield from _differences(old.get(key), new.get(key), (*path, key), silent)
    elif _are_branches(old) and _are_branches(new) and len(old) == len(new) and path[-1] != "x-invariants":
        for place, (before, after) in enumerate(zip(old, new, strict=True)):
            yield from _differences(before, after, (*path, str(place)), silent)
    elif _normal(old, path) != _normal(new, path):
        yield path, old, new


def _are_branches(value: Tree) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _effect(base: LawRevision, head: LawRevision, path: Steps, old: Tree, new: Tree) -> str:
    """Return the possible effect of a difference in a spec schema."""
    named = False
    for place, key in enumerate(path):
        last = place == len(path) - 1
        if named:
            named = False
            if last and path[place - 1] in _NODES:  # nobody could state what one side does not know
                return VALIDITY
            if last and path[place - 1] == "x-enum":
                return WORDS if old is not None and new is not None else NOTHING
            continue
        named = key in _NAMED
        if key in KEYS[WORDS] and (key != "x-enum" or last or len(path) > place + 2):
            return WORDS
        if key == "x-gazetteer" and path[-1] in ("en", "zh") and len(path) == place + 3:
            return WORDS
        if key == "x-empty-behind" and len(path) == place + 2:
            fact = ("services", 0, path[-1])
            known = [{word.value for word in words_of(fact, side.schemas)} for side in (base, head)]
            return READING if ({*_list(old)} ^ {*_list(new)}) & known[0] & known[1] else VALIDITY
        if last:
            return VALIDITY if key in KEYS[VALIDITY] else READING
    return READING


def _node(path: Steps) -> int:
    """Return the number of steps to the innermost fact, definition or place with a difference."""
    return max((place + 2 for place, key in enumerate(path[:-1]) if key in _NODES), default=0)


def _names(path: Steps) -> Iterator[str]:
    yield from (path[place + 1] for place, key in enumerate(path[:-1]) if key in _NODES)


def _edit(
    base: LawRevision, head: LawRevision, name: str, file: str, found: Sequence[tuple[Steps, _Difference, str]]
) -> Edit:
    """Return the edit of one fact, definition or place."""
    whole = [one for rest, one, _ in found if not rest]
    change = "changed" if not whole else "added" if whole[0][1] is None else "removed"
    side = base if change == "removed" else head
    line = parse_document(side.schemas.files[file], file).mark(found[0][1][0], key=True)[0]
    fields = [Field("/".join(rest), old, new) for rest, (_, old, new), _ in found if rest]
    return new_edit("schemas", "schema", name, change, f"schemas/{file}", line, tuple(fields))


def _normal(value: Tree, path: Steps) -> Tree:
    if path and path[-1] in _SETS and isinstance(value, list):
        return sorted(value, key=repr)
    if isinstance(value, list):
        return [_without_words(item) for item in value]
    return _without_words(value)


def _without_words(value: Tree) -> Tree:
    if isinstance(value, Mapping):
        return {k: _without_words(v) for k, v in value.items() if k not in _TEXTS and k not in ("message", "hint")}
    return value


def _change(file: str, path: Steps, old: Tree, new: Tree, effect: str) -> SchemaChange:
    word = "added" if old is None else "removed" if new is None else "changed"
    if not path:
        return SchemaChange(file, "", word, None, None, new is None, effect)
    breaking = _breaks_reader(path, old, new) if file in _WRITTEN_BY_US else _breaks_writer(path, old, new)
    own = next((step for step in path if step.startswith("x-")), "x-invariants")
    breaking &= own in ("x-invariants", "x-gazetteer")  # no other key of our own refuses a document
    return SchemaChange(file, "/".join(path), word, _shown(old), _shown(new), breaking, effect)


def _breaks_writer(path: Steps, old: Tree, new: Tree) -> bool:
    """Return True if a valid file may become invalid. A difference with an unknown effect counts as breaking."""
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if parent in ("properties", "$defs", "x-gazetteer"):
        return new is None
    if "x-gazetteer" in path:  # where a place lies: decisions show it
        return False
    if key in ("enum", "type"):
        return new is not None and (old is None or not set(_list(old)) <= set(_list(new)))
    if key == "required":
        return not set(_list(new)) <= set(_list(old))
    if key in _LOWER:
        return new is not None and (old is None or new > old)
    if key in _UPPER:
        return new is not None and (old is None or new < old)
    if new is None:  # one check less
        return False
    return not (key == "additionalProperties" and new is True)


def _breaks_reader(path: Steps, old: Tree, new: Tree) -> bool:
    """Return True if a program that understood every output may receive an unknown one."""
    key, parent = path[-1], path[-2] if len(path) > 1 else ""
    if parent == "properties":
        return new is None
    if parent == "$defs":
        return False  # where one is used, a reference differs too
    if key in ("enum", "type"):
        return new is None or not set(_list(new)) <= set(_list(old))
    if key == "required":
        return not set(_list(old)) <= set(_list(new))
    if key in _LOWER:
        return new is None or (old is not None and new < old)
    if key in _UPPER:
        return new is None or (old is not None and new > old)
    return True


def _list(value: Tree) -> list[Tree]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _shown(value: Tree) -> Tree:
    """Return a scalar or a list of scalars unchanged, and an ellipsis for any larger value."""
    if isinstance(value, Mapping) or (isinstance(value, list) and any(isinstance(v, Mapping | list) for v in value)):
        return "…"
    return value
