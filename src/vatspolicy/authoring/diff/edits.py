"""Edits behind a rule that differs, and the rules that an edit moves: the unit of review."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.diff.layer_edits import policy_of
from vatspolicy.authoring.diff.record_entries import OTHER, Entry, parts_of
from vatspolicy.authoring.diff.rules import RuleSignatures, cited_by, instruments_of
from vatspolicy.authoring.diff.structure import LAW, Change
from vatspolicy.core.cel.ast import Term, walk
from vatspolicy.core.policies.model import Rule

_ORDER = ("rule", "parameter", "term", "instrument", "dates", "policy", "may_loosen", "layer")
"""Kinds of edits that can change a rule, the nearest to it first."""
_OWN = ("rule", "policy", "dates")
"""Kinds of edits of rules themselves, not of something that they read."""


@dataclass(frozen=True)
class ReviewItem:
    """An edit with the rules that it moves, or edits that cannot be told apart: a reviewer judges them at once."""

    changes: tuple[int, ...]
    """Places of the edits in the list of all changes; none for rules that differ without an edit of their own."""
    rules: tuple[str, ...]
    """Names of the rules that differ because of them."""
    said: tuple[str, ...] = ()
    """Parts of the records of decisions that they may change (`record_entries`)."""


class EditsOfRules:
    """The edits of a change by the rules that they move."""

    def __init__(
        self,
        changes: Iterable[Change],
        base: RuleSignatures,
        head: RuleSignatures,
        compared: Mapping[Entry, frozenset[str]],
    ) -> None:
        """Take the parts of records that differ, by entry (`compare_entries`)."""
        self.sides = base, head
        self.compared = compared
        self.all = list(changes)
        self.changes = sorted((one for one in self.all if one.kind in _ORDER), key=lambda one: _ORDER.index(one.kind))
        self._of: dict[str, list[Change]] = {}

    def of(self, name: str) -> list[Change]:
        """Return the edits behind a rule (policy/rule), the nearest first."""
        if name not in self._of:
            self._of[name] = self._find_behind(name)
        return self._of[name]

    def _find_behind(self, name: str) -> list[Change]:
        read = {key for side in self.sides if name in side.by_name for key in _read(side, side.by_name[name])}
        found = [one for one in self.changes if (one.kind, one.policy, one.name) in read]
        return [one for one in found if not _is_of_text(one)] or found

    def group(self, names: Iterable[str], followers: Mapping[str, str]) -> list[ReviewItem]:
        """Return every edit of the law once, with those of `names` (rules that differ) that it moves.

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
        """Return the places of the edits behind a rule; if there are none, of the articles that it cites."""
        found = self.of(name) or [one for one in self.all if one.kind == "article" and self._cites(name, one)]
        return frozenset(place for place, change in enumerate(self.all) if change in found)

    def _cites(self, name: str, article: Change) -> bool:
        rules = [side.by_name[name] for side in self.sides if name in side.by_name]
        return any(rule.policy == article.policy and article.name in cited_by(rule) for rule in rules)

    def _pairs(
        self,
        places: Iterable[int],
        behind: Mapping[str, frozenset[int]],
        moved: Mapping[int, list[str]],
        followers: Mapping[str, str],
    ) -> Iterator[tuple[int, int]]:
        """Yield pairs of edits that are judged at once."""
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

    def _is_new_or_gone(self, change: Change) -> bool:
        """Return True for a parameter, a term or an instrument that only one side has."""
        sides = [side.bundle.policies.get(change.policy) for side in self.sides]
        match change.kind:
            case "parameter":
                return [side is not None and change.name in side.parameters for side in sides].count(True) == 1
            case "term" | "instrument":
                return change.change != "changed"
        return False

    def place(self, name: str) -> tuple[str, int]:
        """Return file and line of the head that was edited; those of the rule if the edit left no line there."""
        base, head = self.sides
        side = head if name in head.by_name else base
        rule = side.by_name[name]
        lines = [(one.file, one.line) for one in self.of(name) if one.change != "removed" and side is head]
        return lines[0] if lines else (side.bundle.policies[rule.policy].file, rule.line)


def _read(side: RuleSignatures, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield kind, policy and name of everything whose edit changes a rule."""
    replacing = side.bundle.replacing(rule.name)
    for one in (rule, *replacing):
        yield "rule", one.policy, one.id
        yield "dates", one.policy, "effective"
        yield "policy", one.policy, ""
        yield "layer", one.policy, ""
        yield from (("may_loosen", policy_of(layer.name), one.name) for layer in side.bundle.layers)
        layer = side.bundle.layer_of(one.policy)
        yield from (("layer", policy_of(found.name), "") for found in (layer,) if found is not None)
    named = [side.bundle.instruments[one] for one in instruments_of(rule)]
    yield from (("instrument", one.policy, one.id) for one in named)
    for expression in (*rule.expressions, *(e for one in named for e in one.expressions)):
        for key in expression.parameters:
            policy, _, parameter = key.partition("/")
            yield "parameter", policy, parameter
        for node in walk(expression.tree):
            if isinstance(node, Term):
                yield from (("term", policy, node.name) for policy in side.sources(rule.name))


def _is_of_text(change: Change) -> bool:
    """Return True if an edit of a rule changes only its citations and texts."""
    names = {field.name.partition(".")[0] for field in change.fields}
    return change.kind == "rule" and change.change == "changed" and names <= {"cite", "message", "title"}


def _full_name(change: Change) -> str:
    return f"{change.policy}/{change.name}" if change.name else change.policy


def _own_edit(changes: Sequence[Change], places: Iterable[int]) -> int | None:
    """Return the edit of a rule itself, or of its policy as a whole."""
    own = [place for place in places if changes[place].kind in _OWN]
    return min(own, key=lambda place: (_OWN.index(changes[place].kind), place), default=None)


class _DisjointSets:
    """Sets of numbers that are joined pair by pair."""

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
