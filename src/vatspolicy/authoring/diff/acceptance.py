"""Accepted changes of the law: an edit and its effect, which somebody answers for.

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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vatspolicy.authoring.diff.decisions import direction_of_all
from vatspolicy.authoring.diff.edits import EditsOfRules
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.authoring.diff.structure import LAW, Change
from vatspolicy.authoring.diff.verdict import RED_LINES, cites_otherwise, direction_of, failures, is_among, settled
from vatspolicy.authoring.diff.words import NOT_ACCEPTED, UNREAD_SCHEMAS
from vatspolicy.documents import Document, load_document, parse_document
from vatspolicy.documents.validation import validate
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _
from vatspolicy.i18n.words import both
from vatspolicy.policies.files import ACCEPTED
from vatspolicy.policies.layers import LONGEST

Data = dict[str, Any]

FORMAT = 1
"""Version of the hashed content; another version makes every entry stale."""
_UNSETTLED = ("unknown", "unsupported")


@dataclass(frozen=True)
class Entry:
    """One change that a person accepts."""

    edit: str
    """The edited entry, as policy/kind/name."""
    fingerprint: str
    effect: str
    reason: str
    person: str
    day: str
    """First day (ISO)."""
    until: str
    """Last day (ISO); without one in the file, that of the longest entry."""
    file: str = field(compare=False)
    line: int = field(compare=False)

    @property
    def accepts(self) -> tuple[str, str]:
        """The edit with its values: what one file accepts once."""
        return self.edit, self.fingerprint


@dataclass(frozen=True)
class AcceptedChanges:
    """The entries of the owner's file, and those of the head; `file` is None if there is no file."""

    file: str | None = None
    entries: tuple[Entry, ...] = ()
    new: tuple[Entry, ...] = ()
    """Entries that come with the change."""
    held: frozenset[tuple[str, str]] = frozenset()
    """What the entries of the head accept."""


def read_accepted(base: Source, head: Source, path: Path | None) -> AcceptedChanges:
    """Read the accepted changes in a file, or in the policies of the base if `path` is None, and those of the head.

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
    """Return the entries of a side, and its file; `shown` stands before the name of the file in problems."""
    found = [(file, content) for file, content in side.files if file.rpartition("/")[2] == ACCEPTED]
    if len(found) > 1:
        message = _("There is another file of accepted changes, {file}. Keep one.", file=found[0][0])
        raise InvalidInput([Problem(shown + found[1][0], 1, 1, "", message)])
    for file, content in found:
        return _parse(parse_document(content, shown + file), file), file
    return (), None


def _last_day(day: str) -> str:
    """Return the last day of the longest entry that begins on a day."""
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
            problems.append(document.problem((*place, "until"), _("The entry ends before it begins.")))
        if entry.until > longest:
            message = _("An entry lasts {longest} days at most.", longest=LONGEST)
            problems.append(document.problem((*place, "until"), message))
        seen.add(entry.accepts)
        entries.append(entry)
    if problems:
        raise InvalidInput(problems)
    return tuple(entries)


def mark_accepted(
    data: Data,
    changes: Sequence[Change],
    edits: EditsOfRules,
    sides: tuple[LawRevision, LawRevision],
    accepted: AcceptedChanges,
    conditions: Sequence[str] = (),
) -> None:
    """Add to a comparison the fingerprints of its edits and the state of each entry, and mark accepted items.

    Edits because of which one of the conditions holds are marked as failing. Of edits that could not be compared,
    none is accepted.
    """
    marker = _Marker(data, changes, edits, sides)
    whole = len(data["structure"]) == len(changes) and all(why["part"] != "structure" for why in data["why"])
    data["accepted"] |= {"file": accepted.file, "entries": marker.match(accepted) if whole else []}
    marker.mark_items()
    marker.mark_failing(conditions)


class _Marker:
    """The edits of a comparison with their effects, and who accepts them."""

    def __init__(
        self, data: Data, changes: Sequence[Change], edits: EditsOfRules, sides: tuple[LawRevision, LawRevision]
    ) -> None:
        self.data, self.edits = data, edits
        self.rows = data["decisions"]["rows"]
        self.details = data["decisions"]["details"]
        self.items = data["edits"]
        self.pairs = list(zip(changes, data["structure"], strict=False))
        self._behind: dict[str, frozenset[int]] = {}
        self._places: dict[tuple[str, str, str], list[int]] = {}
        for place, pair in enumerate(self.pairs):
            self._places.setdefault((pair[0].kind, pair[0].policy, pair[0].name), []).append(place)
        reviewed = {place for item in self.items for place in item["changes"]}
        for place, (change, shown) in enumerate(self.pairs):
            counts = change.kind in LAW or place in reviewed
            shown["acceptance"] = self.describe(place, change, sides) if counts else None
        self.law = [shown["acceptance"] for _, shown in self.pairs if shown["acceptance"]]

    def describe(self, place: int, change: Change, sides: tuple[LawRevision, LawRevision]) -> Data:
        """Return the fingerprints of an edit and of its effect."""
        rows = self.moved.get(place, [])
        items = [item for item in self.items if place in item["changes"]]
        moves = {(row["before"]["decision"], row["after"]["decision"], row["direction"]) for row in rows}
        alone = {name for item in items for name in item["transitions"]}
        below = {(one["rule"], one["kind"], one["name"]) for one in self.details if self.reads(place, one["rule"])}
        effect = [
            FORMAT,
            sorted(moves),
            [
                [sorted(rule["rule"] for rule in item["rules"]), item["verdict"], sorted(_directions(item))]
                for item in items
            ],
            sorted(below),
            sorted(_line(one) for one in self.data["red_lines"] if place in one["changes"]),
            change.retroactive,
        ]
        directions = [direction for *_, direction in moves]
        directions += [direction for item in items for direction in _directions(item)]
        words = {f"{before}->{after}" for before, after, _ in moves if before != after} | alone
        return {
            "edit": "/".join(filter(None, (change.policy, change.kind, change.name))),
            "fingerprint": _digest([FORMAT, *_content(change, sides)]),
            "effect": _digest(effect),
            "transitions": sorted(words),
            "direction": direction_of_all(directions),
            "state": "open",
            "fails": False,
        }

    @functools.cached_property
    def moved(self) -> Mapping[int, list[Data]]:
        """Products whose decisions change, by the places of the edits that move them."""
        found: dict[int, list[Data]] = {}
        for row in self.rows:
            for place in frozenset[int]().union(*(self.behind(cause["rule"]) for cause in row["because"])):
                found.setdefault(place, []).append(row)
        return found

    def reads(self, place: int, rule: str | None) -> bool:
        return rule is not None and place in self.behind(rule)

    def is_behind(self, place: int, rules: Iterable[str]) -> bool:
        """Return True if the edit at a place moves one of the rules."""
        return any(place in self.behind(rule) for rule in rules)

    def behind(self, rule: str) -> frozenset[int]:
        """Return the places of the edits that move a rule."""
        if rule not in self._behind:
            found = (
                (edit, place)
                for edit in self.edits.of(rule)
                for place in self._places.get((edit.kind, edit.policy, edit.name), ())
            )
            self._behind[rule] = frozenset(place for edit, place in found if self.pairs[place][0] == edit)
        return self._behind[rule]

    def match(self, accepted: AcceptedChanges) -> list[Data]:
        """Return the entries with their states, after setting those of the edits."""
        entries = (*accepted.entries, *accepted.new)
        taken = {entry.accepts for entry in entries}  # these edits have an entry of their own
        return [self.match_entry(entry, taken, accepted) for entry in entries]

    def match_entry(self, entry: Entry, taken: Collection[tuple[str, str]], accepted: AcceptedChanges) -> Data:
        same = [one for one in self.law if one["edit"] == entry.edit]
        mine = next((one for one in same if one["fingerprint"] == entry.fingerprint), None)
        others = [mine] if mine else [one for one in same if (entry.edit, one["fingerprint"]) not in taken]
        today = self.data["today"]
        if entry in accepted.new:
            why = "new"
        elif mine is None:
            may_come = entry.accepts in accepted.held or self.data["accepted"]["given"]
            why = "edit" if others else "over" if today > entry.until else "waits" if may_come else "dropped"
        elif mine["effect"] != entry.effect:
            why = "effect"
        elif today < entry.day:
            why = "early"
        elif today > entry.until:
            why = "ended"
        elif entry.accepts in accepted.held:
            why = "held"
        else:
            why, others = "", []
            mine["state"] = "accepted"
        for one in others:
            one["state"] = "stale"
        return {
            "edit": entry.edit,
            "state": {"": "accepted", "new": "new", "waits": "waiting"}.get(why, "stale"),
            "why": both(NOT_ACCEPTED, why, day=entry.day, until=entry.until) if why else None,
            "reason": entry.reason,
            "person": entry.person,
            "day": entry.day,
            "until": entry.until,
            "file": entry.file,
            "line": entry.line,
        }

    def mark_items(self) -> None:
        """Name the accepted edits behind each item whose edits are all accepted."""
        everything = self.of_all(self.law)
        deciding = [place for item in self.items if _may_decide(item) for place in item["changes"] or [None]]
        decisive = self.of_all([None if place is None else self.pairs[place][1]["acceptance"] for place in deciding])
        shown = {(row["before"]["decision"], row["after"]["decision"]) for row in self.rows}
        for row in self.rows:
            row["accepted"] = self.of_rules(cause["rule"] for cause in row["because"]) or decisive
        for detail in self.details:
            detail["accepted"] = self.of_rules([detail["rule"]]) if detail["rule"] else everything
        for item in self.items:
            found = self.of_all([self.pairs[place][1]["acceptance"] for place in item["changes"]])
            item["accepted"] = [] if item["verdict"] in _UNSETTLED and item["rules"] else found
        for rule in self.data["semantic"]["rules"]:
            rule["accepted"] = [] if rule["verdict"] in _UNSETTLED else self.of_rules([rule["rule"]])
        for entry in self.data["semantic"]["transitions"]:
            seen = entry["witness"] is not None or (entry["before"], entry["after"]) in shown
            entry["accepted"] = decisive if seen or entry["reason"] == UNREAD_SCHEMAS else []
        for one in self.data["red_lines"]:
            one["accepted"] = self.of_all([self.pairs[place][1]["acceptance"] for place in one["changes"]])

    def mark_failing(self, conditions: Sequence[str]) -> None:
        """Mark the edits because of which a condition holds."""
        left = remainder(self.data)
        for condition in failures(left, conditions):
            rules = set(_causes(left, condition))
            lines = [one for one in left["red_lines"] if one["code"] == condition]
            edits = {place for item in (*_failing(left, condition), *lines) for place in item["changes"]}
            for place, (change, shown) in enumerate(self.pairs):
                causes = place in edits or self.is_behind(place, rules)
                causes = change.retroactive if condition == "retroactive" else causes
                if shown["acceptance"] and shown["acceptance"]["state"] != "accepted" and causes:
                    shown["acceptance"]["fails"] = True

    def of_rules(self, rules: Iterable[str]) -> list[str]:
        """Return the edits behind rules; none if a rule has no edit, or one that is not accepted."""
        found: list[str] = []
        for rule in dict.fromkeys(rules):
            names = self.of_all([self.pairs[place][1]["acceptance"] for place in sorted(self.behind(rule))])
            if not names:
                return []
            found += names
        return list(dict.fromkeys(found))

    @staticmethod
    def of_all(edits: Sequence[Data | None]) -> list[str]:
        """Return the names of edits if all of them are accepted, else none."""
        names = [one["edit"] for one in edits if one is not None and one["state"] == "accepted"]
        return list(dict.fromkeys(names)) if len(names) == len(edits) else []


def _line(red_line: Data) -> str:
    """Return the effect of a red line; that of a rule that can be waived is its name, as it always was."""
    keys = ("code", "rule", "level", "since", "until")
    return str(red_line["rule"] if red_line["code"] == "waivable" else [red_line[key] for key in keys])


def _may_decide(item: Data) -> bool:
    """Return True if an edit may change a decision, alone or together with others."""
    lists = item["verdict"] == "witness" and not item["transitions"]
    return not lists and item["verdict"] not in ("proved-equivalent", "no-rule")


def _directions(item: Data) -> set[str]:
    """Return the directions in which an edit moves decisions that were reached."""
    return {direction for name in item["transitions"] if (direction := direction_of(name)) != "neither"}


def _content(change: Change, sides: tuple[LawRevision, LawRevision]) -> Iterator[Any]:
    """Yield the content of an edit; for a whole policy its file, since its fields hold numbers of entries only."""
    yield from (change.policy, change.kind, change.name, change.change, change.since)
    yield [[field.name, field.before, field.after] for field in change.fields]
    if change.kind == "policy":
        yield [side.documents[change.policy].data for side in sides if change.policy in side.documents]


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def remainder(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a comparison without its accepted changes: what conditions to fail on look at."""
    decisions, semantic = data["decisions"], data["semantic"]
    if decisions is None or semantic is None or not data["accepted"]["entries"]:
        return dict(data)
    left = {
        "why": data["why"],
        "structure": [one for one in data["structure"] if not _is_accepted(one)],
        "red_lines": _counting(data["red_lines"]),
        "edits": _counting(data["edits"]),
        "decisions": {**decisions, **{key: _counting(decisions[key]) for key in ("rows", "details")}},
        "semantic": {**semantic, "transitions": _counting(semantic["transitions"])},
    }
    shown = [one["direction"] for one in left["semantic"]["transitions"] if one["witness"] is not None]
    direction = direction_of_all([*(row["direction"] for row in left["decisions"]["rows"]), *shown])
    return {**data, **left, "verdict": data["verdict"] and settled(left, direction)}


def _is_accepted(change: Data) -> bool:
    return change["acceptance"] is not None and change["acceptance"]["state"] == "accepted"


def _counting(items: Iterable[Data]) -> list[Data]:
    return [one for one in items if not one["accepted"]]


def _causes(left: Mapping[str, Any], condition: str) -> Iterator[str]:
    """Yield the rules because of which a condition holds, accepted changes left out."""
    if condition in (*RED_LINES, "retroactive", "unknown", "version"):
        return
    for row in left["decisions"]["rows"]:
        move = f"{row['before']['decision']}->{row['after']['decision']}"
        if _meets(condition, move, row["direction"]):
            yield from (cause["rule"] for cause in row["because"])
    if condition == "any":
        yield from (one["rule"] for one in left["decisions"]["details"] if one["rule"])


def _failing(left: Mapping[str, Any], condition: str) -> Iterator[Data]:
    """Yield the items of review because of which a condition holds, accepted changes left out."""
    if condition == "unknown":
        yield from (item for item in left["edits"] if item["verdict"] in _UNSETTLED and not item["rules"])
    if condition in (*RED_LINES, "retroactive", "unknown", "version"):
        return
    shown = any(
        _meets(condition, f"{one['before']}->{one['after']}", one["direction"])
        for one in left["semantic"]["transitions"]
        if one["witness"] is not None
    )
    for item in left["edits"]:
        if (shown and _may_decide(item)) or (
            condition == "any" and (item["witness"] is not None or cites_otherwise(item))
        ):
            yield item


def _meets(condition: str, move: str, direction: str) -> bool:
    if condition in ("loosened", "tightened"):
        return direction in (condition, "both")
    return condition == "any" or is_among(condition, [move])
