"""The unit of review: edits, with the rules that they affect."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.diff.edited import Edit, Field, RedLine
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.rules import RuleSignatures, cited_by, name_layer
from vatspolicy.authoring.diff.structure import LAW, LAYER_PREFIX, compare_fields, new_edit, tokens
from vatspolicy.core.cel.ast import Term, walk
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.layers import last_day
from vatspolicy.core.policies.model import Article, Enforcement, Expression, Instrument, Parameter, Policy, Rule, Value

_LEVELS = ("deny", "warn", "off")
"""Levels of enforcement, the strictest first."""
_TEXTS = ("title", "owner")
"""Keys of a layer.yaml that do not affect decisions."""


def policy_of(layer: str) -> str:
    """Return the layer name for the policy field of an edit. No policy id has this form."""
    return LAYER_PREFIX + layer


def compare_layers(base: LawRevision, head: LawRevision) -> Iterator[Edit]:
    """Yield the edits of each layer.yaml, those of the base first, and policies that moved to another layer."""
    places = [_places(side) for side in (base, head)]
    for name in dict.fromkeys((*head.heads, *base.heads)):
        before, after = base.heads.get(name), head.heads.get(name)
        yield from _LayerDiff(before, after).changes([side.get(name) for side in places])
    for id, policy in head.bundle.policies.items():
        if id in base.bundle.policies:
            names = [name_layer(side.bundle, id) for side in (base, head)]
            if names[0] != names[1]:
                yield new_edit(id, "layer", "", "changed", policy.file, 1, (Field("layer", names[0], names[1]),))


def _places(side: LawRevision) -> dict[str, int]:
    """Return the position of each layer above the base, from the lowest, by its name in `heads`."""
    return {layer.name: place for place, layer in enumerate(side.bundle.layers) if place}


@dataclass(frozen=True)
class _LayerDiff:
    before: Document | None
    after: Document | None

    def changes(self, places: Sequence[int | None]) -> Iterator[Edit]:
        old, new = (dict(document.data) if document else {} for document in (self.before, self.after))
        texts = [
            {key: data.get(key) for key in _TEXTS} | {"place": at} for data, at in zip((old, new), places, strict=True)
        ]
        change = "added" if self.before is None else "removed" if self.after is None else "changed"
        if change != "changed" or places[0] != places[1]:
            yield self.change("layer", "", change, ("name",), compare_fields(texts[0], texts[1]))
        elif texts[0] != texts[1]:
            yield self.change("source", "", change, ("name",), compare_fields(texts[0], texts[1]))
        allowed = [set(data.get("may_loosen", ())) for data in (old, new)]
        for rule in sorted(allowed[0] ^ allowed[1]):
            change = "removed" if rule in allowed[0] else "added"
            yield self.change(
                "may_loosen", rule, change, ("may_loosen", (old, new)[change == "added"]["may_loosen"].index(rule))
            )
        entries = [data.get("enforce", {}) for data in (old, new)]
        for rule in dict.fromkeys((*entries[1], *entries[0])):
            was, now = (side.get(rule) for side in entries)
            if was != now:
                change = "added" if was is None else "removed" if now is None else "changed"
                fields = compare_fields(was or {}, now or {})
                yield self.change("enforce", rule, change, ("enforce", rule), fields, _since(was, now))

    def change(
        self, kind: str, name: str, change: str, path: Path, fields: Iterable[Field] = (), since: str | None = None
    ) -> Edit:
        document = self.before if change == "removed" or self.after is None else self.after
        assert document is not None
        policy = policy_of(document.data["name"])
        line = document.mark(path, key=True)[0]
        return new_edit(policy, kind, name, change, document.file, line, tuple(fields), since)


def _since(was: Mapping[str, Tree] | None, now: Mapping[str, Tree] | None) -> str | None:
    """Return the first day on which an edit of an entry of `enforce` counts; None if only its texts changed."""
    both = [entry for entry in (was, now) if entry is not None]
    if len(both) == 2 and all(was[key] == now[key] for key in ("level", "from")):  # type: ignore[index]
        ends = sorted(entry["until"] for entry in both)
        return last_day(ends[0], 2) if ends[0] != ends[1] else None
    return min(str(entry["from"]) for entry in both)


# --- weakened -------------------------------------------------------------------------------------------------------


def find_red_lines(base: RuleSignatures, head: RuleSignatures, changes: Iterable[Edit]) -> list[RedLine]:
    """Return the base rules whose findings now pass the gate, and those that layers may now loosen."""
    loosenable = [
        RedLine("loosenable", change.name, change.policy.partition(":")[2], change.file, change.line, None, None, None)
        for change in changes
        if (change.kind, change.change) == ("may_loosen", "added") and change.name in base.by_name
    ]
    return [*find_unenforced(base, head), *loosenable]


def find_unenforced(base: RuleSignatures, head: RuleSignatures) -> list[RedLine]:
    """Return the base rules whose findings now pass the gate."""
    found = (_unenforced(base.bundle, head.bundle, name) for name in base.by_name if name in head.by_name)
    return [one for one in found if one is not None]


def _unenforced(base: Bundle, head: Bundle, rule: str) -> RedLine | None:
    """Return the loosening of a rule whose enforcement is weaker on some day."""
    entries = [[entry for entry in side.enforcements if entry.rule == rule] for side in (base, head)]
    if not entries[1]:
        return None
    starts = {day for side in entries for entry in side for day in (entry.since, last_day(entry.until, 2))}
    milder: list[tuple[str, Enforcement]] = []
    for day in sorted(starts):
        before, after = (_entry_on(side, day) for side in entries)
        if after is not None and _rank(after) > _rank(before):
            milder.append((day, after))
    if not milder:
        return None
    entry = max((entry for _, entry in milder), key=_rank)
    ends = [day for day in sorted(starts) if day > milder[-1][0]]
    until = last_day(ends[0], 0) if ends else milder[-1][1].until
    return RedLine("unenforced", rule, entry.layer, entry.file, entry.line, entry.level, milder[0][0], until)


def _entry_on(entries: Iterable[Enforcement], day: str) -> Enforcement | None:
    """Return the effective entry of a day, which comes from the highest layer."""
    return next((entry for entry in reversed(list(entries)) if entry.since <= day <= entry.until), None)


def _rank(entry: Enforcement | None) -> int:
    return 0 if entry is None else _LEVELS.index(entry.level)


# --- entries of the law that stand in the record of a decision, compared field by field
#
# A field counts unless it is known to be in no record. So a new key of a policy weakens what a comparison claims.


Entry = tuple[str, str, str]
"""Kind, policy and name of an edited entry, as in `structure.Edit`."""

CITATIONS, VERIFICATION, AUTHORITY, OTHER = "citations", "verification", "authority", "other"
WORDING, ASKS, FILE, ORDER = "wording", "asks", "file", "order"
"""Parts of a record. `other`: any other field, which the proofs may or may not compare. `asks`: the wording
of a condition, on whose form it depends which missing facts are asked for. `file`: the path of the policy. `order`:
that of its rules.
"""

_PARTS = {
    "cite": CITATIONS,
    "verification": VERIFICATION,
    "is_unread": VERIFICATION,
    "authority": AUTHORITY,
    "expression": ASKS,
    **dict.fromkeys(("message", "template", "title", "why", "settled_by", "held_by", "text", "overrides"), WORDING),
}
"""Parts of a record by the names of the fields of rules and instruments."""
_OF_KIND = {"article": CITATIONS, "source": CITATIONS, "edition": CITATIONS, "parameter": WORDING, "term": ASKS}
"""Parts of the fields of an entry, except verification, by its kind."""
_SILENT: Mapping[type, frozenset[str]] = {
    Rule: frozenset({"policy", "id", "since", "until", "line"}),
    Article: frozenset({"key", "note", "verified"}),
    Instrument: frozenset({"id", "policy"}),
    Parameter: frozenset({"key"}),
    Value: frozenset({"cite"}),
    Policy: frozenset(
        {
            *("id", "version", "topics", "since", "until", "supersedes", "uses", "file", "editions"),
            *("articles", "instruments", "parameters", "terms", "term_lines", "rules"),
        }
    ),
}
"""Fields that are not in records, identify an entry, or are compared elsewhere as entries or days."""
_SILENT_SOURCE = frozenset({"issuer", "promulgated", "note"})


def compare_entries(base: RuleSignatures, head: RuleSignatures, names: Iterable[str]) -> dict[Entry, frozenset[str]]:
    """Return the differing parts of records by entry, for the entries that the given rules show."""
    shown = [name for name in names if name in base.by_name and name in head.by_name]
    old, new = ({entry for name in shown for entry in _entries_of(side, side.by_name[name])} for side in (base, head))
    one_sided = (entry for entry in old ^ new if entry[0] in ("edition", "parameter", "term"))
    entries = {entry: frozenset({_OF_KIND[entry[0]]}) for entry in one_sided}
    for entry in old & new:
        before, after = (dict(_leaves(_content(side, entry), ())) for side in (base, head))
        differing = (path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        if parts := frozenset(_part(entry[0], path) for path in differing):
            entries[entry] = parts
    return entries


def parts_of(change: Edit, compared: Mapping[Entry, frozenset[str]]) -> frozenset[str]:
    """Return the parts of records that an edit changes."""
    notices = change.policy.startswith(LAYER_PREFIX) and change.kind != "may_loosen"
    if notices or (change.policy, change.kind) == ("bundle", "dates"):
        return frozenset({WORDING})
    moved = {"file": frozenset({FILE, ORDER}), "rules": frozenset({ORDER})}  # records list rules in the order of files
    if change.kind == "source" and change.fields[0].name in moved:
        return moved[change.fields[0].name]
    return compared.get((change.kind, change.policy, change.name), frozenset())


def _entries_of(side: RuleSignatures, rule: Rule) -> Iterator[Entry]:
    """Yield the entries that a record shows with a rule."""
    policy = side.bundle.policies[rule.policy]
    yield "rule", rule.policy, rule.id
    yield "source", rule.policy, ""
    yield from (("article", rule.policy, key) for key in cited_by(rule))
    yield from (("edition", rule.policy, edition.since) for edition in policy.editions)
    instruments = [side.bundle.instruments[name] for name in rule.instruments]
    yield from (("instrument", instrument.policy, instrument.id) for instrument in instruments)
    for key in rule.parameters:
        owner, _, name = key.partition("/")
        yield "parameter", owner, name
    sources = side.sources(rule.name)
    for expression in rule.expressions:
        terms = (node.name for node in walk(expression.tree) if isinstance(node, Term))
        yield from (("term", id, name) for name in terms for id in sources if name in side.bundle.policies[id].terms)


def _content(side: RuleSignatures, entry: Entry) -> object:
    kind, id, name = entry
    policy = side.bundle.policies[id]
    match kind:
        case "rule":
            return policy.rule(name)
        case "article":
            return policy.articles[name]
        case "edition":
            return next(edition for edition in policy.editions if edition.since == name)
        case "instrument":
            return policy.instruments[name]
        case "parameter":
            return policy.parameters[name]
        case "term":
            return tokens(policy.terms[name])
    return policy


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every field of an entry that records have, with its place."""
    match value:
        case Expression():
            yield (*path, "expression"), tokens(value.text)
            return
        case Mapping():
            silent = _SILENT_SOURCE if path == ("source",) else frozenset()
            fields = {str(key): child for key, child in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            silent, fields = _SILENT.get(type(value), frozenset()), value._asdict()
        case _ if dataclasses.is_dataclass(value):
            silent = _SILENT.get(type(value), frozenset())
            fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        case list() | tuple():
            silent, fields = frozenset(), {str(place): child for place, child in enumerate(value)}
            yield path, len(value)
        case _:
            yield path, value
            return
    for name, child in fields.items():
        if name not in silent:
            yield from _leaves(child, (*path, name))


def _part(kind: str, path: tuple[str, ...]) -> str:
    if kind in _OF_KIND:
        return VERIFICATION if "verification" in path else _OF_KIND[kind]
    return next((_PARTS[name] for name in path if name in _PARTS), OTHER)


# --- edits behind a rule that differs, and the rules that an edit moves: the unit of review


_ORDER = ("rule", "parameter", "term", "instrument", "dates", "policy", "may_loosen", "layer")
"""Kinds of edits that can change a rule, the most direct first."""
_OWN = ("rule", "policy", "dates")
"""Kinds of direct edits of rules, as opposed to edits of what they read."""


@dataclass(frozen=True)
class ReviewItem:
    """An edit, or several inseparable ones, with the affected rules, for one review."""

    changes: tuple[int, ...]
    """Indexes of the edits in the list of all changes; empty for rules without an edit."""
    rules: tuple[str, ...]
    """Names of the rules that differ because of these edits."""
    said: tuple[str, ...] = ()
    """Parts of decision records that the edits may change (`compare_entries`)."""


class EditsOfRules:
    """The edits of a change, by the rules that they affect."""

    def __init__(
        self,
        changes: Iterable[Edit],
        base: RuleSignatures,
        head: RuleSignatures,
        compared: Mapping[Entry, frozenset[str]],
    ) -> None:
        """Initialize from the differing parts of records by entry (`compare_entries`)."""
        self.sides = base, head
        self.compared = compared
        self.all = list(changes)
        self.changes = sorted((one for one in self.all if one.kind in _ORDER), key=lambda one: _ORDER.index(one.kind))
        self._of: dict[str, list[Edit]] = {}

    def of(self, name: str) -> list[Edit]:
        """Return the edits that affect a rule (policy/rule), the most direct first."""
        if name not in self._of:
            self._of[name] = self._find_behind(name)
        return self._of[name]

    def _find_behind(self, name: str) -> list[Edit]:
        read = {key for side in self.sides if name in side.by_name for key in _read(side, side.by_name[name])}
        found = [change for change in self.changes if (change.kind, change.policy, change.name) in read]
        return [one for one in found if not _is_of_text(one)] or found

    def group(self, names: Iterable[str], followers: Mapping[str, str]) -> list[ReviewItem]:
        """Return every edit of the law once, with the differing rules in `names` that it affects.

        Edits of one entry, a rename, an amendment and its predecessor, an entry that only edited rules read, and edits
        of the same rules are one item. `followers`: the rule before, by the name of the rule that takes its place.
        An edit of a text that records of decisions show is an item, too.
        """
        names = list(names)
        law = [place for place, change in enumerate(self.all) if change.kind in LAW]
        behind = {name: self._places(name) for name in names}
        moved = {place: [name for name in names if place in behind[name]] for place in range(len(self.all))}
        sets = _DisjointSets([*law, *sorted({place for found in behind.values() for place in found} - {*law})])
        for one, other in self._pairs(sets.members, behind, moved, followers):
            sets.join(one, other)
        said = [parts_of(change, self.compared) for change in self.all]
        shown = [[place] for place, parts in enumerate(said) if parts and place not in sets.members]
        items = [
            ReviewItem(
                tuple(found),
                tuple(name for name in names if not behind[name].isdisjoint(found)),
                tuple(sorted(frozenset[str]().union(*(said[place] for place in found)))),
            )
            for found in (*sets.groups(), *shown)
        ]
        left = tuple(name for name in names if not behind[name])
        return [*items, *([ReviewItem((), left, (OTHER,))] if left else [])]

    def _places(self, name: str) -> frozenset[int]:
        """Return the indexes of the edits that affect a rule, or else of the edits of its cited articles."""
        found = self.of(name) or [one for one in self.all if one.kind == "article" and self._cites(name, one)]
        return frozenset(place for place, change in enumerate(self.all) if change in found)

    def _cites(self, name: str, article: Edit) -> bool:
        rules = [side.by_name[name] for side in self.sides if name in side.by_name]
        return any(rule.policy == article.policy and article.name in cited_by(rule) for rule in rules)

    def _pairs(
        self,
        places: Iterable[int],
        behind: Mapping[str, frozenset[int]],
        moved: Mapping[int, list[str]],
        followers: Mapping[str, str],
    ) -> Iterator[tuple[int, int]]:
        """Yield pairs of edits that belong to one review."""
        first: dict[Hashable, int] = {}
        for place in places:
            change = self.all[place]
            yield place, first.setdefault((change.kind, change.policy, change.name), place)
            if moved[place]:
                yield place, first.setdefault(tuple(moved[place]), place)
            if change.twin is not None:
                yield place, first.setdefault((change.kind, *sorted((_full_name(change), change.twin))), place)
            edited = [_own_edit(self.all, behind[name]) for name in moved[place]]
            if self._is_new_or_gone(change) and None not in edited:
                yield from ((place, own) for own in edited if own is not None)
        for new, old in followers.items():
            pair = [_own_edit(self.all, behind.get(name, frozenset())) for name in (new, old)]
            if pair[0] is not None and pair[1] is not None:
                yield pair[0], pair[1]

    def _is_new_or_gone(self, change: Edit) -> bool:
        """Return True for a parameter, term or instrument of only one side."""
        sides = [side.bundle.policies.get(change.policy) for side in self.sides]
        match change.kind:
            case "parameter":
                return [side is not None and change.name in side.parameters for side in sides].count(True) == 1
            case "term" | "instrument":
                return change.change != "changed"
        return False

    def place(self, name: str) -> tuple[str, int]:
        """Return the edited file and line of the head, or those of the rule if the edit left no line."""
        base, head = self.sides
        side = head if name in head.by_name else base
        rule = side.by_name[name]
        lines = [(one.file, one.line) for one in self.of(name) if one.change != "removed" and side is head]
        return lines[0] if lines else (side.bundle.policies[rule.policy].file, rule.line)


def _read(side: RuleSignatures, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield the kind, policy and name of every entry whose edit can change a rule."""
    replacing = side.bundle.replacing(rule.name)
    for one in (rule, *replacing):
        yield "rule", one.policy, one.id
        yield "dates", one.policy, "effective"
        yield "policy", one.policy, ""
        yield "layer", one.policy, ""
        yield from (("may_loosen", policy_of(layer.name), one.name) for layer in side.bundle.layers)
        layer = side.bundle.layer_of(one.policy)
        yield from (("layer", policy_of(found.name), "") for found in (layer,) if found is not None)
    named = [side.bundle.instruments[instrument] for instrument in rule.instruments]
    yield from (("instrument", one.policy, one.id) for one in named)
    for expression in (*rule.expressions, *(e for one in named for e in one.expressions)):
        for key in expression.parameters:
            policy, _, parameter = key.partition("/")
            yield "parameter", policy, parameter
        for node in walk(expression.tree):
            if isinstance(node, Term):
                yield from (("term", policy, node.name) for policy in side.sources(rule.name))


def _is_of_text(change: Edit) -> bool:
    """Return True if an edit of a rule changes only its citations and texts."""
    names = {field.name.partition(".")[0] for field in change.fields}
    return change.kind == "rule" and change.change == "changed" and names <= {"cite", "message", "title"}


def _full_name(change: Edit) -> str:
    return f"{change.policy}/{change.name}" if change.name else change.policy


def _own_edit(changes: Sequence[Edit], places: Iterable[int]) -> int | None:
    """Return the edit of a rule, or of its whole policy."""
    own = [place for place in places if changes[place].kind in _OWN]
    return min(own, key=lambda place: (_OWN.index(changes[place].kind), place), default=None)


class _DisjointSets:
    """Disjoint sets of numbers that pairs can join."""

    def __init__(self, members: Iterable[int]) -> None:
        self.members = list(members)
        self._parents = {member: member for member in self.members}

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self._root(one), self._root(other)))
        self._parents[high] = low

    def groups(self) -> list[list[int]]:
        found: dict[int, list[int]] = {}
        for member in sorted(self.members):
            found.setdefault(self._root(member), []).append(member)
        return list(found.values())

    def _root(self, member: int) -> int:
        while self._parents[member] != member:
            member = self._parents[member]
        return member
