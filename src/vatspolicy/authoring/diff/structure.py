"""Edits of the law, by policy and entry, ignoring formatting, comments and key order."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from vatspolicy.authoring.diff.edited import Edit, Field
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.core.documents import Document, Path, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.changing_lists import stated_values
from vatspolicy.core.policies.model import ALWAYS, NEVER
from vatspolicy.errors import InvalidInput

Difference: TypeAlias = tuple[str, Tree, Tree]
"""Place in an entry, such as `route.conditions[region].check`, and the values before and after."""
_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def first_edited_line(document: Document, path: Path, fields: Iterable[Difference]) -> int:
    """Return the first differing line of an entry in the document, or the first line of the entry."""
    entry = document.mark(path)[0]
    lines = [
        _edited_line(document, (*path, *_steps(_value_at(document, path), name)), before, after)
        for name, before, after in fields
    ]
    return min((line for line in lines if line > entry), default=entry)


def _steps(entry: Tree, name: str) -> Iterator[str | int]:
    """Yield the steps to a place such as `route.conditions[region].check`, as far as they exist in the entry."""
    for key, id in _STEP.findall(name):
        if isinstance(entry, Mapping) and key in entry:
            yield key
            entry = entry[key]
        elif isinstance(entry, list):
            found = [index for index, item in enumerate(entry) if isinstance(item, Mapping) and item.get("id") == id]
            if not found:
                return
            yield found[0]
            entry = entry[found[0]]
        else:
            return


def _value_at(document: Document, path: Path) -> Tree:
    """Return the value at a path; None if it does not exist, as for a removed field."""
    value = document.data
    for step in path:
        if isinstance(value, Mapping) and step not in value:
            return None
        value = value[step]
    return value


def _edited_line(document: Document, path: Path, before: Tree, after: Tree) -> int:
    """Return the line of the first differing member or character of a value."""
    if isinstance(before, list) and isinstance(after, list) and _value_at(document, path) == after:
        new = (index for index, item in enumerate(after) if item not in before)
        return document.mark((*path, next(new, 0)))[0]
    if isinstance(before, str) and isinstance(after, str) and _value_at(document, path) == after:
        first = _first_difference(before, after)
        return document.locate(path, first)[0]
    return document.mark(path, key=True)[0]


def _first_difference(before: str, after: str) -> int:
    """Return the index in `after` of the first differing character, ignoring whitespace."""
    old = [char for char in before if not char.isspace()]
    new = [(index, char) for index, char in enumerate(after) if not char.isspace()]
    for (index, char), other in zip(new, old, strict=False):
        if char != other:
            return index
    return new[len(old)][0] if len(new) > len(old) else len(after)


# --- edits by entry

_EXPRESSIONS = {"when", "check", "covers", "max_foreign_percent"}
_WORDS_OR_LISTS = {"cite", "is"}
"""Keys whose value is a name, or a list of names that decisions show in that order."""
_EMPTY: Mapping[str, Tree] = {}
_NOTHING: tuple[Tree, ...] = (None, [], {})
"""Values with the same meaning as a missing key."""
OF_LAYERS = ("layer", "may_loosen", "enforce")
"""Kinds of changes of a layer.yaml."""
LAYER_PREFIX = "layer:"
"""Prefix of a layer name in the policy field of an edit."""
LAW = ("policy", "dates", "edition", "instrument", "parameter", "term", "rule", "schema", *OF_LAYERS)
"""Kinds of changes that can affect a decision or the gate's result on it."""


def entry(change: Edit) -> str:
    """Return the name of an edited entry: policy/name, or the rule or layer of an entry in a layer.yaml."""
    if change.kind in OF_LAYERS:
        return str(change.name or change.layer)
    if change.kind == "schema":
        return str(change.name)
    return "/".join(filter(None, (change.policy, change.name)))


def new_edit(
    policy: str,
    kind: str,
    name: str,
    change: str,
    file: str,
    line: int,
    fields: tuple[Field, ...] = (),
    since: str | None = None,
) -> Edit:
    """Return an edit with titles, twin and acceptance still empty."""
    return Edit(policy, kind, name, change, file, line, fields, since, False, None, None, None, None, None)


def compare_structure(base: LawRevision, head: LawRevision, today: str) -> list[Edit]:
    """Return every change, ordered by policy and position in the file."""
    found: list[Edit] = []
    if base.release.data["covers"] != head.release.data["covers"]:
        old, new = base.release.data["covers"], head.release.data["covers"]
        before, after = old["from"], new["from"]
        fields = [Field(key, old.get(key), new.get(key)) for key in ("from", "known_until")]
        line = head.release.mark(("covers",))[0]
        changed = tuple(field for field in fields if field.before != field.after)
        since = min(before, after) if before != after else None
        edit = new_edit("bundle", "dates", "covers", "changed", head.release.file, line, changed, since)
        found.append(date_change(edit, today))
    for id in sorted(base.documents.keys() | head.documents.keys()):
        before_file, after_file = base.documents.get(id), head.documents.get(id)
        changes = _PolicyDiff(id, before_file, after_file).changes()
        found += (date_change(change, today) for change in changes)
        places = [_place(side, id) for side in (base, head) if id in side.documents]
        if after_file is not None and len({*places}) > 1:
            found.append(new_edit(id, "source", "", "changed", after_file.file, 1, (Field("file", *places),)))
    return [*_with_twins(found, base, head), *_tests(base, head), *_fixtures(base, head)]


def _place(side: LawRevision, id: str) -> str:
    """Return the path of a policy file in the folder of its law or layer."""
    layer = side.bundle.layer_of(id)
    folder = posixpath.dirname(side.release.file) if layer is None else layer.folder
    return posixpath.relpath(side.documents[id].file, folder or ".")


def date_change(change: Edit, today: str) -> Edit:
    """Return an edit with a mark if it affects a past day."""
    return replace(change, retroactive=change.since is not None and change.since < today)


def compare_names(base: LawRevision, head: LawRevision) -> list[Edit]:
    """Return the renamed words of schemas and the renamed instruments of policies."""
    edits = []
    for one in base.renames:
        home, _, name = one.list.partition("/")
        if name:
            file, content = f"schemas/{one.file}", head.schemas.files[one.file]
            path: Path = ("$defs", name, "x-enum", one.new)
            named = ("schemas", "schema", f"{one.list}/{one.new}")
        else:
            file = head.bundle.policies[home].file
            content, path = dict(head.source.files)[file], ("instruments", one.new)
            named = home, "instrument", one.new
        line = parse_document(content, file).mark(path, key=True)[0]
        edits.append(new_edit(*named, "changed", file, line, (Field("renamed", one.old, one.new),)))
    return edits


def _tests(base: LawRevision, head: LawRevision) -> Iterator[Edit]:
    """Yield a change for each policy with different tests on both sides."""
    for id in sorted(base.tests.keys() | head.tests.keys()):
        (old_file, before), (file, after) = (side.tests.get(id, ("", None)) for side in (base, head))
        if before != after and id in base.bundle.policies and id in head.bundle.policies:
            yield new_edit(id, "tests", "", "changed", file or old_file, 1)


# --- one policy ------------------------------------------------------------------------------------------------------


class _PolicyDiff:
    """The changes of one policy file."""

    def __init__(self, id: str, before: Document | None, after: Document | None) -> None:
        self.id, self.before, self.after = id, before, after
        self.old: Mapping[str, Tree] = before.data if before else _EMPTY
        self.new: Mapping[str, Tree] = after.data if after else _EMPTY

    def changes(self) -> Iterator[Edit]:
        if self.before is None or self.after is None:
            yield self.whole()
            return
        for kind, keys in (("source", ("title", "topics", "source")), ("uses", ("supersedes", "uses"))):
            fields = tuple(compare_fields({k: self.old.get(k) for k in keys}, {k: self.new.get(k) for k in keys}))
            if fields:
                yield self.change(kind, "", "changed", (fields[0].name.partition(".")[0],), fields)
        order = [[rule["id"] for rule in data.get("rules", ())] for data in (self.old, self.new)]
        if len({*map(tuple, ([id for id in ids if id in order[0] and id in order[1]] for ids in order))}) > 1:
            yield self.change("source", "", "changed", ("rules",), (Field("rules", *order),))
        yield from self.dates()
        yield from self.entries("review", "review", {"": self.old.get("review")}, {"": self.new.get("review")})
        yield from self.editions()
        for kind in ("article", "instrument"):
            old, new = self.old.get(f"{kind}s", _EMPTY), self.new.get(f"{kind}s", _EMPTY)
            yield from self.entries(kind, f"{kind}s", old, new, self.since() if kind == "instrument" else None)
        yield from self.parameters()
        old, new = ({k: {"": v} for k, v in data.get("terms", _EMPTY).items()} for data in (self.old, self.new))
        yield from self.entries("term", "terms", old, new, self.since(), expressions=True)
        yield from self.rules()

    def since(self) -> str:
        """Return the first day of the policy, on either side."""
        return min(str(data["effective"]["from"]) for data in (self.old, self.new) if data)

    def change(
        self, kind: str, name: str, change: str, path: Path, fields: Iterable[Field], since: str | None = None
    ) -> Edit:
        document = self.before if change == "removed" or self.after is None else self.after
        assert document is not None
        fields = tuple(fields)
        differences = [(field.name, field.before, field.after) for field in fields]
        line = first_edited_line(document, path, differences) if change == "changed" else document.mark(path)[0]
        return new_edit(self.id, kind, name, change, document.file, line, fields, since)

    def whole(self) -> Edit:
        data = self.new or self.old
        counts = [(key, len(data.get(key, ()))) for key in ("rules", "parameters", "instruments", "editions")]
        added = self.before is None
        fields = tuple(Field(key, None if added else n, n if added else None) for key, n in counts if n)
        return self.change("policy", "", "added" if added else "removed", ("id",), fields, self.since())

    def dates(self) -> Iterator[Edit]:
        old, new = self.old["effective"], self.new["effective"]
        fields = tuple(compare_fields(old, new))
        if fields:
            days = [day or NEVER for field in fields for day in (field.before, field.after)]
            yield self.change("dates", "effective", "changed", ("effective",), fields, min(days))

    def editions(self) -> Iterator[Edit]:
        old, new = ({entry["from"]: entry for entry in data.get("editions", ())} for data in (self.old, self.new))
        sides = (data.get("editions", ()) for data in (self.old, self.new))
        places = {entry["from"]: ("editions", i) for entries in sides for i, entry in enumerate(entries)}
        for day in sorted(old.keys() | new.keys()):
            yield from self.entry("edition", day, places[day], old.get(day), new.get(day), day)

    def entries(
        self,
        kind: str,
        key: str,
        old: Mapping[str, Tree],
        new: Mapping[str, Tree],
        since: str | None = None,
        expressions: bool = False,
    ) -> Iterator[Edit]:
        for name in dict.fromkeys((*new, *old)):
            path: Path = (key, name) if name else (key,)
            yield from self.entry(kind, name, path, old.get(name), new.get(name), since, expressions)

    def entry(
        self, kind: str, name: str, path: Path, old: Tree, new: Tree, since: str | None, expressions: bool = False
    ) -> Iterator[Edit]:
        if old is None and new is None:
            return
        change = "added" if old is None else "removed" if new is None else "changed"
        fields = tuple(compare_fields(old or _EMPTY, new or _EMPTY, expressions=expressions))
        if fields:
            yield self.change(kind, name, change, path, fields, since)

    def parameters(self) -> Iterator[Edit]:
        """Yield the changes of values, each with its first day and the previous value."""
        old, new = (data.get("parameters", _EMPTY) for data in (self.old, self.new))
        for name in dict.fromkeys((*new, *old)):
            titles = [Field("title", old.get(name, _EMPTY).get("title"), new.get(name, _EMPTY).get("title"))]
            if name in old and name in new and titles[0].before != titles[0].after:
                yield self.change("parameter", name, "changed", ("parameters", name), titles)
            was, now = (_whole(data.get(name, _EMPTY).get("values", ())) for data in (old, new))
            moved = list(_moved(was, now))
            for before, after in moved:
                yield self.moved(name, before, after, now)
            rest = {entry["from"] for entry in (*was, *now)} - {entry["from"] for pair in moved for entry in pair}
            for day in sorted(rest):
                yield from self.value(name, day, was, now)

    def moved(self, name: str, before: Tree, after: Tree, now: Tree) -> Edit:
        """Return the change of the first day of a value."""
        path = ("parameters", name, "values", [entry["from"] for entry in now].index(after["from"]))
        days = before["from"], after["from"]
        fields = [Field("from", *days), *(f for f in compare_fields(before, after) if f.name != "from")]
        return self.change("parameter", name, "changed", path, fields, min(days))

    def value(self, name: str, day: str, was: Tree, now: Tree) -> Iterator[Edit]:
        before, after = ({e["from"]: e for e in entries}.get(day) for entries in (was, now))
        change = "added" if before is None else "removed" if after is None else "changed"
        entries = now if after is not None else was
        path = ("parameters", name, "values", [e["from"] for e in entries].index(day))
        in_force = [_in_force(entries, day) for entries in (was, now)]
        fields = list(compare_fields(in_force[0] or _EMPTY, in_force[1] or _EMPTY))
        fields = [field for field in fields if field.name != "from"]
        values = [entry["value"] if entry else None for entry in in_force]
        law = _normal(values[0]) != _normal(values[1])
        if law or values[0] != values[1]:  # records list the members in the order of the policy
            fields = [
                Field("value", *values),
                *(f for f in fields if f.name.partition(".")[0].partition("[")[0] != "value"),
            ]
        if law or fields or change != "changed":
            yield self.change("parameter", name, change, path, fields, day if law else None)

    def rules(self) -> Iterator[Edit]:
        old, new = ({rule["id"]: rule for rule in data.get("rules", ())} for data in (self.old, self.new))
        places = {
            rule["id"]: ("rules", i) for data in (self.old, self.new) for i, rule in enumerate(data.get("rules", ()))
        }
        for id in dict.fromkeys((*new, *old)):
            before, after = old.get(id), new.get(id)
            since = self.rule_since(before, after)
            yield from self.entry("rule", id, places[id], before, after, since)

    def rule_since(self, before: Tree, after: Tree) -> str | None:
        """Return the first day affected by a rule change, or None if only texts changed."""
        spans = [
            (
                max(rule.get("from", ALWAYS), data["effective"]["from"]),
                min(rule.get("until", NEVER), data["effective"].get("until", NEVER)),
            )
            for rule, data in ((before, self.old), (after, self.new))
            if rule is not None
        ]
        if len(spans) == 1:
            return str(spans[0][0])
        fields = (field for field in compare_fields(before, after) if not is_reordered(field))
        names = {field.name.partition(".")[0].partition("[")[0] for field in fields}
        days = [min(spans[0][0], spans[1][0])] if names - {"from", "until", "message", "cite"} else []
        days += [min(pair) for pair in zip(*spans, strict=True) if pair[0] != pair[1]]
        return min(days, default=None)


def _whole(entries: Tree) -> list[Mapping[str, Tree]]:
    """Return entries with complete values instead of additions to and removals from the previous list."""
    return [
        {**{key: entry[key] for key in entry if key not in ("add", "remove")}, "value": value}
        for entry, value in zip(entries, stated_values(entries), strict=True)
    ]


def _moved(was: Tree, now: Tree) -> Iterator[tuple[Tree, Tree]]:
    """Yield the entries of a value whose only change is its first day."""
    old, new = ({entry["from"]: entry for entry in entries} for entries in (was, now))
    gone, come = ([entry for day, entry in a.items() if day not in b] for a, b in ((old, new), (new, old)))
    for before in gone:
        after = next((entry for entry in come if _normal(entry["value"]) == _normal(before["value"])), None)
        if after is not None:
            come.remove(after)
            yield before, after


def _in_force(entries: Tree, day: str) -> Mapping[str, Tree] | None:
    return max((entry for entry in entries if entry["from"] <= day), key=lambda entry: str(entry["from"]), default=None)


# --- values ----------------------------------------------------------------------------------------------------------


def compare_fields(old: Tree, new: Tree, prefix: str = "", expressions: bool = False) -> Iterator[Field]:
    """Yield the differing values by place. Lists of entries with ids are compared by entry."""
    if old in _NOTHING and new in _NOTHING:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping) and not _is_text(old) and not _is_text(new):
        for key in dict.fromkeys((*new, *old)):
            if key != "id":
                name = f"{prefix}.{key}" if prefix and key else prefix or key
                yield from compare_fields(old.get(key), new.get(key), name, expressions or key in _EXPRESSIONS)
    elif _by_id(old) is not None and _by_id(new) is not None:
        was, now = _by_id(old) or {}, _by_id(new) or {}
        for id in dict.fromkeys((*now, *was)):
            name = f"{prefix}[{id}]"
            if id in was and id in now:
                yield from compare_fields(was[id], now[id], name)
            else:
                yield Field(name, was.get(id), now.get(id))
        order = [[id for id in side if id in was and id in now] for side in (was, now)]
        if order[0] != order[1]:
            yield Field(prefix, *order)
    elif _normal(old, prefix, expressions) != _normal(new, prefix, expressions):
        yield Field(prefix, old, new)


def _is_text(value: Mapping[str, Tree]) -> bool:
    """Return True for a text in two languages, which changes as a whole."""
    return value.keys() == {"en", "zh"}


def _by_id(value: Tree) -> dict[str, Tree] | None:
    if isinstance(value, list) and value and all(isinstance(item, Mapping) and "id" in item for item in value):
        return {item["id"]: item for item in value}
    return None


def _normal(value: Tree, name: str = "", expression: bool = False) -> Tree:
    """Return a form that is equal for values with the same meaning."""
    key = name.rpartition(".")[2]
    if isinstance(value, str):
        if expression or key in _EXPRESSIONS:
            return tokens(value)
        return [value] if key in _WORDS_OR_LISTS else " ".join(value.split())
    if isinstance(value, list):
        members = [_normal(item) for item in value]
        scalars = all(isinstance(item, str | int | float | bool) for item in value)
        return sorted(members, key=repr) if scalars and key not in _WORDS_OR_LISTS else members
    if isinstance(value, Mapping):
        return {key: _normal(child, key, key in _EXPRESSIONS) for key, child in value.items()}
    return value


class Part(NamedTuple):
    """A member of a list entry: the entry's id, the key of the members, and the member."""

    id: str
    key: str
    value: Tree


def is_reordered(field: Field) -> bool:
    """Return True if two lists have the same members, all the same parts of entries, in another order."""
    if not isinstance(field.before, list) or not isinstance(field.after, list):
        return False
    sides = parts_of_list(field.before), parts_of_list(field.after)
    return not new_parts(*sides) and not new_parts(*reversed(sides))


def parts_of_list(members: Sequence[Tree]) -> list[Tree]:
    """Return the members of a list. An entry with an id becomes its id and its members by key."""
    parts: list[Tree] = []
    for member in members:
        if not isinstance(member, dict) or "id" not in member:
            parts.append(member)
            continue
        own = [
            Part(member["id"], key, one)
            for key in member
            if key != "id"
            for one in (member[key] if isinstance(member[key], list) else [member[key]])
        ]
        parts += [Part(member["id"], "", member["id"]), *own]
    return parts


def new_parts(before: Sequence[Tree], after: Sequence[Tree]) -> list[Tree]:
    """Return the parts that only the second list has. An entry without members is one part."""
    new = [part for part in after if part not in before]
    told = {part.id for part in new if isinstance(part, Part) and part.key}
    return [part for part in new if not isinstance(part, Part) or part.key or part.id not in told]


_TOKEN = re.compile(r"""\"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\w.]+|[^\s\w]""")


def tokens(text: str) -> tuple[str, ...]:
    """Return the tokens of an expression, without the spaces between them."""
    return tuple(_TOKEN.findall(text))


# --- renamed entries --------------------------------------------------------------------------------------


def _with_twins(changes: list[Edit], base: LawRevision, head: LawRevision) -> list[Edit]:
    """Return the changes, with links between removed and added entries of the same kind and body."""
    bodies: dict[tuple[str, str], dict[str, list[int]]] = {}
    for index, change in enumerate(changes):
        if change.change != "changed" and change.kind in ("policy", "rule", "term", "instrument", "article"):
            side = head if change.change == "added" else base
            body = json.dumps(_body(side, change), sort_keys=True, ensure_ascii=False)
            bodies.setdefault((change.kind, body), {}).setdefault(change.change, []).append(index)
    for found in bodies.values():
        for left, right in zip(found.get("added", ()), found.get("removed", ()), strict=False):
            names = [f"{c.policy}/{c.name}" if c.name else c.policy for c in (changes[left], changes[right])]
            changes[left] = replace(changes[left], twin=names[1])
            changes[right] = replace(changes[right], twin=names[0])
    return changes


def _body(side: LawRevision, change: Edit) -> Tree:
    data = side.documents[change.policy].data
    match change.kind:
        case "policy":
            return _normal({key: value for key, value in data.items() if key != "id"})
        case "rule":
            rule = next(rule for rule in data["rules"] if rule["id"] == change.name)
            return _normal({key: value for key, value in rule.items() if key != "id"})
        case "term":
            return tokens(data["terms"][change.name])
        case kind:
            return _normal(data[f"{kind}s"][change.name])


# --- fixtures --------------------------------------------------------------------------------------------------------


def _fixtures(base: LawRevision, head: LawRevision) -> Iterator[Edit]:
    """Yield the edited fixtures, to show reviewers the changed expectations."""
    old, new = dict(base.source.fixtures), dict(head.source.fixtures)
    if not old or not new:
        return
    for file in sorted(old.keys() | new.keys()):
        change = "added" if file not in old else "removed" if file not in new else "changed"
        same = change == "changed" and (old[file] == new[file] or _data(old[file], file) == _data(new[file], file))
        if not same:
            yield new_edit("fixtures", "fixture", file, change, file, 1)


def _data(content: bytes, file: str) -> Tree:
    try:
        return parse_document(content, file).data
    except InvalidInput:
        return content
