"""Accepted changes of the law: an edit with its effect, or an open question, and the person who accepts them.

An entry counts from the side of its owner (the base, or the file of `--accepted`), and its change spends it: while the
head holds it too, it accepts nothing. So a change brings no acceptance along, and undoing one does not renew it.

Acceptance bears on `--fail-on` alone. The title, the verdict and every part of the report stay as they are.
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from vatspolicy.authoring.diff.decisions import direction_of_all
from vatspolicy.authoring.diff.edited import QUESTION, Acceptance, Accepted, AcceptedEntry, Edit, RedLine
from vatspolicy.authoring.diff.edits import EditsOfRules
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.result import ChangedDecision, Item, Review
from vatspolicy.authoring.diff.schemas import facts_of_specs
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.authoring.diff.structure import LAW
from vatspolicy.authoring.diff.verdict import (
    NOT_ACCEPTED,
    RED_LINES,
    UNREAD_SCHEMAS,
    cites_otherwise,
    direction_of,
    failures,
    is_among,
    is_open,
    open_edits,
    settled,
    undecided,
    unsettled,
)
from vatspolicy.core.documents import Document, load_document, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.files import ACCEPTED
from vatspolicy.core.policies.layers import LONGEST
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _
from vatspolicy.i18n.words import both

FORMAT = 3
"""Version of the hashed content. A new version makes every entry stale."""


@dataclass(frozen=True)
class Entry:
    """One change that a person accepts."""

    edit: str
    """The edited entry, as policy/kind/name, or an open question, such as `open/deny->allow`."""
    fingerprint: str
    effect: str
    reason: str
    person: str
    day: str
    """First day (ISO)."""
    until: str
    """Last day (ISO); the default is the last day of the longest possible entry."""
    file: str = field(compare=False)
    line: int = field(compare=False)

    @property
    def accepts(self) -> tuple[str, str]:
        """The edit with its values. A file can accept it only once."""
        return self.edit, self.fingerprint


@dataclass(frozen=True)
class AcceptedChanges:
    """Entries of the owner's file and of the head; `file` is None if there is no file."""

    file: str | None = None
    entries: tuple[Entry, ...] = ()
    new: tuple[Entry, ...] = ()
    """Entries that come with the change."""
    held: frozenset[tuple[str, str]] = frozenset()
    """Edits that entries of the head accept."""


def read_accepted(base: Source, head: Source, path: Path | None) -> AcceptedChanges:
    """Read the accepted changes of a file (by default, in the base's policies) and of the head.

    Raises:
        InvalidInput: A file cannot be read or is not valid, with every problem.
    """
    own, own_file = _read(head)
    held = frozenset(entry.accepts for entry in own)
    if path is not None:
        document = load_document(path)
        return AcceptedChanges(document.file, _parse(document, document.file), held=held)
    entries, file = _read(base, f"{base.name}:")
    return AcceptedChanges(file or own_file, entries, tuple(one for one in own if one not in entries), held)


def _read(side: Source, shown: str = "") -> tuple[tuple[Entry, ...], str | None]:
    """Return the entries of a side and its file. Problems show the file name after `shown`."""
    found = [(file, content) for file, content in side.files if file.rpartition("/")[2] == ACCEPTED]
    if len(found) > 1:
        message = _("There is another file of accepted changes, {file}. Keep only one.", file=found[0][0])
        raise InvalidInput([Problem(shown + found[1][0], 1, 1, "", message)])
    for file, content in found:
        return _parse(parse_document(content, shown + file), file), file
    return (), None


def _last_day(day: str) -> str:
    """Return the last possible day of an entry that begins on the given day."""
    first = datetime.date.fromisoformat(day).toordinal()
    return datetime.date.fromordinal(min(first + LONGEST - 1, datetime.date.max.toordinal())).isoformat()


def _parse(document: Document, file: str) -> tuple[Entry, ...]:
    """Return the entries of a document; `file` is its name in the report."""
    if problems := validate(document, "accepted"):
        raise InvalidInput(problems)
    entries: list[Entry] = []
    seen: set[tuple[str, str]] = set()
    for index, data in enumerate(document.data["accepted"]):
        place = ("accepted", index)
        longest = _last_day(data["day"])
        entry = Entry(**{"until": longest, **data}, file=file, line=document.mark(place)[0])
        if entry.accepts in seen:
            problems.append(document.problem(place, _("Another entry of this file accepts the same change.")))
        if entry.until < entry.day:
            problems.append(document.problem((*place, "until"), _("The last day of the entry is before its first.")))
        if entry.until > longest:
            message = _("An entry lasts at most {longest} days.", longest=LONGEST)
            problems.append(document.problem((*place, "until"), message))
        seen.add(entry.accepts)
        entries.append(entry)
    if problems:
        raise InvalidInput(problems)
    return tuple(entries)


def mark_accepted(
    review: Review,
    changes: Sequence[Edit],
    edits: EditsOfRules,
    sides: tuple[LawRevision, LawRevision],
    accepted: AcceptedChanges,
    conditions: Sequence[str] = (),
) -> Review:
    """Return a comparison with fingerprints of edits, states of entries, and marks on accepted items.

    Edits that cause one of the conditions are marked as failing.
    """
    marker = _Marker(review, changes, edits, sides)
    entries = marker.match(accepted)
    return marker.mark(replace(review.accepted, file=accepted.file, entries=entries), conditions)


class _Marker:
    """The edits of a comparison with their effects and acceptances."""

    def __init__(
        self, review: Review, changes: Sequence[Edit], edits: EditsOfRules, sides: tuple[LawRevision, LawRevision]
    ) -> None:
        self.review, self.changes, self.edits = review, changes, edits
        self._facts = [_digest(facts_of_specs(side)) for side in sides]
        self._behind: dict[str, frozenset[int]] = {}
        self._places: dict[tuple[str, str, str], list[int]] = {}
        for place, change in enumerate(changes):
            self._places.setdefault((change.kind, change.policy, change.name), []).append(place)
        reviewed = {place for item in review.edits for place in item.changes}
        self.law: dict[int | str, Acceptance] = {
            place: self.describe(place, change, sides)
            for place, change in enumerate(changes)
            if change.kind in LAW or place in reviewed
        }
        """Acceptance of each acceptable edit by its place, and of each open question by its name."""
        self.whole = _digest([FORMAT, *sorted(one.fingerprint for one in self.law.values())])
        """Digest of all edits together."""
        effects = sorted(one.effect for one in self.law.values())
        for name in unsettled(review):
            effect = _digest([FORMAT, name, effects])
            self.law[name] = Acceptance(QUESTION + name, self.whole, effect, (name,), direction_of(name), "open", False)

    def describe(self, place: int, change: Edit, sides: tuple[LawRevision, LawRevision]) -> Acceptance:
        """Return the fingerprints of an edit and of its effect."""
        rows = self.moved.get(place, [])
        items = [item for item in self.review.edits if place in item.changes]
        moves = {(row.before.decision, row.after.decision, row.direction) for row in rows}
        alone = {name for item in items for name in item.proof.transitions}
        details = [one for one in self.review.details if one.rule is not None and place in self.behind(one.rule)]
        below = {(one.rule, one.kind, one.name) for one in details}
        effect = [
            FORMAT,
            sorted(moves),
            [
                [sorted(rule.rule for rule in item.rules), item.proof.verdict, sorted(_directions(item))]
                for item in items
            ],
            sorted(below),
            sorted(_line(red_line) for red_line in self.review.red_lines if place in red_line.changes),
            change.retroactive,
            self.read_by({rule.rule for item in items for rule in item.rules}),
        ]
        directions = [direction for *_, direction in moves]
        directions += [direction for item in items for direction in _directions(item)]
        words = {f"{before}->{after}" for before, after, _ in moves if before != after} | alone
        return Acceptance(
            edit="/".join(filter(None, (change.policy, change.kind, change.name))),
            fingerprint=_digest([FORMAT, *_content(change, sides)]),
            effect=_digest(effect),
            transitions=tuple(sorted(words)),
            direction=direction_of_all(directions),
            state="open",
            fails=False,
        )

    def read_by(self, rules: Iterable[str]) -> Tree:
        """Return what rules say and read on both sides: conditions with their terms, values, instruments, and facts.

        If another change edits any of these, the edit has another effect.
        """
        sides = self.edits.sides
        names = sorted(rules)
        found = [[side.full_signature(name) if name in side.by_name else None for name in names] for side in sides]
        return [found, self._facts if names else []]

    @functools.cached_property
    def moved(self) -> Mapping[int, list[ChangedDecision]]:
        """Products with changed decisions, by the places of the responsible edits."""
        found: dict[int, list[ChangedDecision]] = {}
        for row in self.review.rows:
            for place in frozenset[int]().union(*(self.behind(cause.rule) for cause in row.because)):
                found.setdefault(place, []).append(row)
        return found

    def behind(self, rule: str) -> frozenset[int]:
        """Return the places of the edits that affect a rule."""
        if rule not in self._behind:
            found = (
                (edit, place)
                for edit in self.edits.of(rule)
                for place in self._places.get((edit.kind, edit.policy, edit.name), ())
            )
            self._behind[rule] = frozenset(place for edit, place in found if self.changes[place] == edit)
        return self._behind[rule]

    def match(self, accepted: AcceptedChanges) -> tuple[AcceptedEntry, ...]:
        """Return the entries with their states, after setting the states of the edits."""
        entries = (*accepted.entries, *accepted.new)
        taken = {entry.accepts for entry in entries}  # these edits have an entry of their own
        return tuple(self.match_entry(entry, taken, accepted) for entry in entries)

    def match_entry(self, entry: Entry, taken: Collection[tuple[str, str]], accepted: AcceptedChanges) -> AcceptedEntry:
        """Return an entry with its state, after setting the state of its possible edits."""
        same = [at for at, one in self.law.items() if one.edit == entry.edit]
        mine = next((at for at in same if self.law[at].fingerprint == entry.fingerprint), None)
        others = [at for at in same if (entry.edit, self.law[at].fingerprint) not in taken]
        if entry in accepted.new:
            why = "new"
        elif mine is not None:
            why = self.refuse(entry, self.law[mine], accepted)
        elif entry.edit.startswith(QUESTION) and entry.fingerprint == self.whole:
            why = "settled"
        else:
            may_come = entry.accepts in accepted.held or self.review.accepted.given
            ended = self.review.today > entry.until
            why = "edit" if others else "over" if ended else "waits" if may_come else "dropped"
        self.set_state(others if mine is None else [mine], "stale" if why else "accepted")
        return AcceptedEntry(
            edit=entry.edit,
            state={"": "accepted", "new": "new", "waits": "waiting"}.get(why, "stale"),
            why=both(NOT_ACCEPTED, why, day=entry.day, until=entry.until) if why else None,
            reason=entry.reason,
            person=entry.person,
            day=entry.day,
            until=entry.until,
            file=entry.file,
            line=entry.line,
        )

    def refuse(self, entry: Entry, mine: Acceptance, accepted: AcceptedChanges) -> str:
        """Return the reason why an entry for an edit does not apply (verdict.NOT_ACCEPTED); empty if it does."""
        today = self.review.today
        if mine.effect != entry.effect:
            return "effect"
        if today < entry.day:
            return "early"
        return "ended" if today > entry.until else "held" if entry.accepts in accepted.held else ""

    def set_state(self, places: Iterable[int | str], state: str) -> None:
        for place in places:
            self.law[place] = replace(self.law[place], state=state)

    def mark(self, accepted: Accepted, conditions: Sequence[str]) -> Review:
        """Return the comparison with the accepted edits of each item, and with the failing edits."""
        marked = replace(self.review, accepted=accepted, structure=self.structure())
        marked = self.mark_items(marked)
        self.mark_failing(remainder(marked), conditions)
        questions = tuple(self.law[name] for name in unsettled(self.review))
        return replace(marked, accepted=replace(accepted, questions=questions), structure=self.structure())

    def structure(self) -> tuple[Edit, ...]:
        """Return the edits with their acceptance."""
        return tuple(replace(edit, acceptance=self.law.get(place)) for place, edit in enumerate(self.review.structure))

    def mark_items(self, review: Review) -> Review:
        """List the accepted edits of each item whose edits are all accepted."""
        assert review.decisions is not None and review.semantic is not None
        everything = self.of_all(place for place in self.law if isinstance(place, int))
        deciding = [place for item in review.edits if _may_decide(item) for place in item.changes or [None]]
        decisive = self.of_all(deciding)
        shown = {row.move for row in review.rows}
        rows = [
            replace(row, accepted=self.of_rules(one.rule for one in row.because) or decisive) for row in review.rows
        ]
        details = [
            replace(detail, accepted=self.of_rules([detail.rule]) if detail.rule else everything)
            for detail in review.details
        ]
        rules = [
            replace(proved_rule, accepted=() if proved_rule.proof.is_open else self.of_rules([proved_rule.rule]))
            for proved_rule in review.proved_rules
        ]
        found = {
            one.name
            for one in review.transitions
            if one.witness is not None or one.name in shown or one.reason == UNREAD_SCHEMAS
        }
        transitions = [
            replace(one, accepted=(decisive if one.name in found else ()) or self.of_all([one.name]))
            for one in review.transitions
        ]
        return replace(
            review,
            decisions=replace(review.decisions, rows=tuple(rows), details=tuple(details)),
            semantic=replace(review.semantic, transitions=tuple(transitions), rules=tuple(rules)),
            edits=tuple(replace(edit, accepted=self.of_all(edit.changes)) for edit in review.edits),
            red_lines=tuple(replace(red_line, accepted=self.of_all(red_line.changes)) for red_line in review.red_lines),
        )

    def mark_failing(self, left: Review, conditions: Sequence[str]) -> None:
        """Mark the edits that cause a condition, except accepted changes."""
        for condition in failures(left, conditions):
            rules = set(_causes(left, condition))
            lines = [red_line for red_line in left.red_lines if red_line.code == condition]
            edits = {place for item in _failing(left, condition) for place in item.changes}
            edits |= {place for line in lines for place in line.changes}
            edits |= {place for rule in rules for place in self.behind(rule)}
            if condition == "retroactive":
                edits = {place for place, change in enumerate(self.changes) if change.retroactive}
            self.set_failing(edits)
        if is_open(left) and ("unknown" in (left.verdict, *conditions) or undecided(left, conditions)):
            self.set_failing([*unsettled(left), *(place for item in open_edits(left) for place in item.changes)])

    def set_failing(self, places: Iterable[int | str]) -> None:
        """Mark edits and open questions as failing, except accepted ones."""
        for place in places:
            one = self.law.get(place)
            if one is not None and one.state != "accepted":
                self.law[place] = replace(one, fails=True)

    def of_rules(self, rules: Iterable[str]) -> tuple[str, ...]:
        """Return the edits behind rules; empty if a rule has no edit or an unaccepted edit."""
        found: list[str] = []
        for rule in dict.fromkeys(rules):
            names = self.of_all(sorted(self.behind(rule)))
            if not names:
                return ()
            found += names
        return tuple(dict.fromkeys(found))

    def of_all(self, places: Iterable[int | str | None]) -> tuple[str, ...]:
        """Return the names of edits, or of open questions, if all are accepted, or else nothing."""
        edits = [None if place is None else self.law.get(place) for place in places]
        names = [edit.edit for edit in edits if edit is not None and edit.state == "accepted"]
        return tuple(dict.fromkeys(names)) if len(names) == len(edits) else ()


def _line(one: RedLine) -> str:
    """Return the effect of a rule that becomes waivable, or the name of a rule that already was."""
    return one.rule if one.code == "waivable" else str([one.code, one.rule, one.level, one.since, one.until])


def _may_decide(item: Item) -> bool:
    """Return True if an edit may change a decision, alone or together with others."""
    return not item.proof.only_lists and item.proof.verdict not in ("proved-equivalent", "no-rule")


def _directions(item: Item) -> set[str]:
    """Return the directions in which an edit changes complete decisions."""
    return {direction for name in item.proof.transitions if (direction := direction_of(name)) != "neither"}


def _content(change: Edit, sides: tuple[LawRevision, LawRevision]) -> Iterator[Tree]:
    """Yield the content of an edit, or the file of a whole policy, whose fields contain only entry numbers."""
    yield from (change.policy, change.kind, change.name, change.change, change.since)
    yield [[field.name, field.before, field.after] for field in change.fields]
    if change.kind == "policy":
        yield [side.documents[change.policy].data for side in sides if change.policy in side.documents]


def _digest(content: Tree) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def remainder(review: Review) -> Review:
    """Return a comparison without its accepted changes, to evaluate the failure conditions."""
    decisions, semantic = review.decisions, review.semantic
    if decisions is None or semantic is None or not review.accepted.entries:
        return review
    rows = tuple(row for row in decisions.rows if not row.accepted)
    details = tuple(detail for detail in decisions.details if not detail.accepted)
    transitions = tuple(transition for transition in semantic.transitions if not transition.accepted)
    left = replace(
        review,
        structure=tuple(one for one in review.structure if not one.accepted),
        red_lines=tuple(red_line for red_line in review.red_lines if not red_line.accepted),
        edits=tuple(edit for edit in review.edits if not edit.accepted),
        decisions=replace(decisions, rows=rows, details=details),
        semantic=replace(semantic, transitions=transitions),
    )
    shown = [transition.direction for transition in transitions if transition.witness is not None]
    direction = direction_of_all([*(row.direction for row in rows), *shown])
    return replace(left, verdict=review.verdict and settled(left, direction))


def _causes(left: Review, condition: str) -> Iterator[str]:
    """Yield the rules that cause a condition, except accepted changes."""
    if condition in (*RED_LINES, "retroactive", "unknown", "version"):
        return
    for row in left.rows:
        if _meets(condition, row.move, row.direction):
            yield from (cause.rule for cause in row.because)
    if condition == "any":
        yield from (detail.rule for detail in left.details if detail.rule)


def _failing(left: Review, condition: str) -> Iterator[Item]:
    """Yield the review items that cause a condition, except accepted changes."""
    if condition in (*RED_LINES, "retroactive", "unknown", "version"):
        return
    witnessed = [transition for transition in left.transitions if transition.witness is not None]
    shown = any(_meets(condition, one.name, one.direction) for one in witnessed)
    for item in left.edits:
        listed = item.proof.witness is not None or cites_otherwise(item)
        if (shown and _may_decide(item)) or (condition == "any" and listed):
            yield item


def _meets(condition: str, move: str, direction: str) -> bool:
    if condition in ("loosened", "tightened"):
        return direction in (condition, "both")
    return condition == "any" or is_among(condition, [move])
