"""Effects of an edit of specs on their decisions, compared with the specs of the base.

Both sides are decided under one law, that of the gate, so that the spec alone makes the difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from vatspolicy.core.documents import Path, format_path
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.result import FactQuestion, ItemChange, NeedRecord, Record
from vatspolicy.gate.judgement import find_open, identify, name_fact
from vatspolicy.i18n import LocalizedText
from vatspolicy.i18n.words import join_both

SpecState: TypeAlias = Literal["new", "gone", "renamed", "kept"]
KINDS: Mapping[str, str] = {
    "denials": "denial",
    "needs": "license",
    "would_need": "license",
    "missing": "fact",
    "contested": "reading",
    "duties": "duty",
}
"""Kinds of changed items by the list of the record that holds them, in the order of reports."""


@dataclass(frozen=True, slots=True)
class ShortDecision:
    """A decision in short."""

    decision: str
    range: tuple[str, str]


@dataclass(frozen=True, slots=True)
class FactChange:
    """A stated fact that differs."""

    path: str
    before: Tree
    """Its value; None if it was not stated."""
    after: Tree


@dataclass(frozen=True, slots=True)
class SpecChange:
    """Effects of an edit on one spec."""

    spec: str
    was: str | None
    """File in the base; None for a spec that is new."""
    product: str
    state: SpecState
    before: ShortDecision | None
    """None for a spec that is new, or that could not be decided."""
    after: ShortDecision | None
    """None for a spec that is gone, or that cannot be decided."""
    direction: str
    """same, tightened, loosened or, if neither is certain, unknown."""
    items: tuple[ItemChange, ...]
    """Reasons, licenses, facts, readings and duties that are new, gone or changed."""
    contested: bool = False
    """True if other readings contest the decision on the spec."""
    facts: tuple[FactChange, ...] = ()
    """Facts that the spec states otherwise."""

    @property
    def changed(self) -> bool:
        """True if there is a change to report."""
        return self.state != "kept" or self.direction != "same" or bool(self.items or self.facts)


@dataclass(frozen=True, slots=True)
class SpecChanges:
    """Effects of an edit on the specs of a run."""

    base: str
    """Commit that the specs are compared with; empty for another law in place of another spec."""
    specs: tuple[SpecChange, ...]


@dataclass(frozen=True, slots=True)
class BaseRun:
    """The specs of the base."""

    commit: str
    records: Mapping[str, Record]
    """Decisions by file."""
    invalid: frozenset[str]
    """Files that could not be decided."""
    names: Mapping[str, str]
    """File in the base of each file here that has one."""
    stated: Mapping[str, Tree]
    """Each decided spec as it was written, by file."""


def compare_with_base(
    records: Iterable[Record], invalid: Iterable[str], base: BaseRun, stated: Mapping[str, Tree]
) -> SpecChanges:
    """Return the changes of each spec, in the order of the run; removed specs come last.

    `stated` are the specs as they are written, by file.
    """
    here = {record.file: record for record in records}
    files = dict.fromkeys([*here, *invalid])
    changes = [
        replace(
            _compare(file, was := base.names.get(file), here.get(file), base),
            facts=tuple(_compare_facts(base.stated.get(was or ""), stated.get(file))),
        )
        for file in files
    ]
    kept = {base.names.get(file) for file in files}
    for file, record in base.records.items():
        if file not in kept:
            changes.append(SpecChange(file, file, record.product, "gone", shorten(record), None, "unknown", ()))
    return SpecChanges(base.commit, tuple(changes))


def compare_records(before: Iterable[Record], after: Iterable[Record]) -> SpecChanges:
    """Return the changes of unchanged specs under another law, of those that both runs decided."""
    old = {record.file: record for record in before}
    new = {record.file: record for record in after if record.file in old}
    base = BaseRun("", {file: old[file] for file in new}, frozenset(), {file: file for file in new}, {})
    return compare_with_base(new.values(), (), base, {})


def shorten(record: Record) -> ShortDecision:
    """Return a decision in short."""
    return ShortDecision(record.decision, record.range)


def compare_verdicts(before: Record, after: Record) -> str:
    """Return same, tightened, loosened or, if neither is certain, unknown."""
    low, high = (WORDS.index(after.range[end]) - WORDS.index(before.range[end]) for end in (0, 1))
    if not low and not high:
        return "same" if before.decision == after.decision else "unknown"
    return "tightened" if min(low, high) >= 0 else "loosened" if max(low, high) <= 0 else "unknown"


def _compare(file: str, was: str | None, after: Record | None, base: BaseRun) -> SpecChange:
    before = base.records.get(was) if was is not None else None
    is_known = before is not None or was in base.invalid
    state: SpecState = "new" if not is_known else "kept" if was == file else "renamed"
    record = after or before
    change = SpecChange(
        spec=file,
        was=was if is_known else None,
        product=record.product if record else file,
        state=state,
        before=shorten(before) if before else None,
        after=shorten(after) if after else None,
        direction="unknown",
        items=(),
        contested=after is not None and bool(after.contested),
    )
    if before is None or after is None:
        return change
    return replace(change, direction=compare_verdicts(before, after), items=tuple(_compare_items(before, after)))


def _compare_facts(before: Tree, after: Tree) -> Iterator[FactChange]:
    """Yield the facts that differ, where both sides state some."""
    old, new = dict(_facts(before, ())), dict(_facts(after, ()))
    for path in dict.fromkeys((*old, *new)) if old and new else ():
        if old.get(path) != new.get(path):
            yield FactChange(path, old.get(path), new.get(path))


def _facts(value: Tree, path: Path) -> Iterator[tuple[str, Tree]]:
    """Yield each fact by its path. A list without objects is one fact."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from _facts(part, (*path, key))
    elif isinstance(value, list) and any(isinstance(part, dict) for part in value):
        for place, part in enumerate(value):
            yield from _facts(part, (*path, place))
    elif path:
        yield format_path(path), value


def _compare_items(before: Record, after: Record) -> Iterator[ItemChange]:
    old, new = _items(before), _items(after)
    every, order = {**old, **new}, list(KINDS.values())
    denied = {(item.id, item.subject) for key, item in new.items() if item.kind == "denial" and key not in old}
    for key, item in sorted(every.items(), key=lambda pair: order.index(pair[1].kind)):
        values = [side[key].after if key in side else None for side in (old, new)]
        closed = item.kind == "license" and values[1] is None and (item.id, item.subject) in denied
        if values[0] != values[1] and not closed:  # a license that is no longer available is a reason to deny
            yield ItemChange(item.kind, item.subject, item.id, item.title, *values)


def _items(record: Record) -> dict[str, ItemChange]:
    """Return the compared parts of a decision by key, with their values as `after`."""
    items: dict[str, ItemChange] = {}

    def add(part: str, position: int, subject: object, name: str, title: LocalizedText, value: str) -> None:
        items[identify(record, part, position)] = ItemChange(KINDS[part], str(subject), name, title, None, value)

    for index, denial in enumerate(record.denials):
        reasons = [reason.title for reason in denial.reasons] if denial.effect == "need" else []
        title = join_both(reasons, "semicolon") if reasons else denial.message
        add("denials", index, denial.subject, denial.rule, title, "denied")
    for part, needs in (("needs", record.needs), ("would_need", record.would_need)):
        for index, need in enumerate(needs):
            offers = {offer.instrument.id: offer.instrument.title for offer in need.offers}
            title = join_both(list(offers.values()), "list") if offers else need.message
            add(part, index, need.subject, need.rule, title, ", ".join(offers))
    for index, ask in enumerate(record.missing):
        waiting = sorted(f"{rule} {subject}" for rule, subject in _find_waiting(record, ask))
        add("missing", index, "", name_fact(record, ask.path), ask.question, ", ".join(waiting) or "missing")
    for index, reading in enumerate(record.contested):
        add("contested", index, reading.subject, reading.rule, reading.message, reading.decision)
    for index, duty in enumerate(record.duties):
        value = " ".join(filter(None, (duty.state, duty.deadline.group, duty.deadline.date)))
        add("duties", index, duty.subject, duty.rule, duty.instrument.title, value)
    return items


def _find_waiting(record: Record, ask: FactQuestion) -> Iterator[tuple[str, str]]:
    """Yield rule and subject of each finding that waits for a missing fact and could affect the decision."""
    for finding in find_open(record):
        routes = [route.rule for route in (finding.routes or ())] if isinstance(finding, NeedRecord) else []
        if not set(ask.rules).isdisjoint((finding.rule, *routes)) or ask.path in {one.path for one in finding.asks}:
            yield finding.rule, str(finding.subject)
