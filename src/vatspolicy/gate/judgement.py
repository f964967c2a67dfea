"""The only place that decides which part of a decision fails the gate, for the exit code and every report."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import NamedTuple

from vatspolicy.core.engine.result import DutyRecord, FactQuestion, FindingRecord, NeedRecord, ReadingRecord, Record
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.i18n import LocalizedText

LEVELS = ("deny", "needs-license", "contested", "duty", "advice")
"""Levels that the gate may fail on; each includes those before it."""
NEW = "new:"
"""Prefix of a level on which only findings missing from the base fail."""
INCOMPLETE = "incomplete"
"""Level of open facts. They fail the gate on every level, with their own exit code."""
ITSELF = "decision"
"""Part of a failure without a finding: the decision as a whole."""
EDITS = "edits-gate"
"""Kind of the remark on a change that edits the files of its gate. It does not fail, as those edits do not count yet.
"""


class Failure(NamedTuple):
    """A part of a decision that fails the gate."""

    level: str
    """One of LEVELS, or INCOMPLETE."""
    part: str
    """List of the record (such as `denials`) that holds the part; ITSELF for the decision as a whole."""
    position: int
    """Position in that list."""


@frozen(slots=True)
class UsedSetting(ValueObject):
    """A setting from outside the command line."""

    key: str
    value: tuple[str, ...]
    source: str


@frozen(slots=True)
class Remark(ValueObject):
    """A remark about a waiver, a baseline, or the settings of a run."""

    kind: str
    level: str
    """warning or note."""
    rule: str | None
    product: str | None
    message: LocalizedText
    file: str | None
    line: int | None
    column: int | None
    settings: tuple[UsedSetting, ...] = ()


@frozen()
class Judgement(ValueObject):
    """The settings by which the gate judges the records of a run."""

    fail_on: str = "needs-license"
    no_fail: bool = False
    strict: bool = False
    """True if a remark about a waiver fails the gate, unless it is a note."""
    known: Mapping[str, frozenset[str]] | None = field(default=None, compare=False, repr=False)
    """Results of the base by spec (see `identify_all`); None if there is no base."""

    def find_failures(self, record: Record) -> list[Failure]:
        """Return the parts of a decision (a record) that fail the gate; none with `no_fail`."""
        return [] if self.no_fail else self.find_all_failures(record)

    def find_all_failures(self, record: Record) -> list[Failure]:
        """Return the parts of a decision (a record) that fail the gate, or would without `no_fail`."""
        failures = find_failures(record, self.fail_on.removeprefix(NEW))
        if not self.fail_on.startswith(NEW):
            return failures
        return [failure for failure in failures if self.is_new(record, failure.part, failure.position)]

    def is_new(self, record: Record, part: str, position: int) -> bool:
        """Return True unless the base of the spec also has this part of its decision.

        A missing fact is new, too, if anything waits for facts that did not wait in the base.
        """
        known = (self.known or {}).get(record.file, frozenset())
        if part == "missing" or (part == ITSELF and record.judged == INCOMPLETE):
            known = known if known.issuperset(_identify_open(record)) else frozenset()
        return identify(record, part, position) not in known

    def fails_remark(self, remark: Remark) -> bool:
        """Return True if a remark about a waiver fails the gate."""
        return self.strict and not self.no_fail and remark.level == "warning" and remark.kind != EDITS


def find_failures(record: Record, fail_on: str) -> list[Failure]:
    """Return the parts of a decision (a record) that fail the gate on a level, the gravest first.

    A finding that is set aside does not fail. A decision that fails, and of which no part is seen to, fails as a whole.
    """
    word = record.judged
    level = LEVELS.index(fail_on)
    failures = _open(record) if word == INCOMPLETE else []
    failures += _kept("deny", "denials", record.denials)
    if word == "deny" and not failures:
        failures.append(Failure("deny", ITSELF, 0))
    if level >= 1:
        failures += _kept("needs-license", "needs", record.needs)
        failures += _kept("needs-license", "would_need", record.would_need)
        if word == "needs-license" and not failures:
            failures.append(Failure("needs-license", ITSELF, 0))
    if level >= 2:
        failures += [*_contested(record), *_advise("contested", record, contested=True)]
    if level >= 3:
        failures += [*_due("duties", record.duties), *_due("undetermined", record.undetermined)]
    if level >= 4:
        failures += _advise("advice", record, contested=False)
        failures += [
            Failure("advice", "contested", index)
            for index, reading in enumerate(record.contested)
            if not reading.stricter
        ]
    return failures


_GROUPS = {"denials": "deny", "needs": "license", "would_need": "license", "undetermined": "duties"}
"""Lists treated as equal in a comparison with a base: a license remains a license under a denial."""
COMPARED = ("denials", "needs", "would_need", "missing", "contested", "duties", "undetermined", "advice")
"""Lists of a record whose parts are compared with a base."""


def identify(record: Record, part: str, position: int) -> str:
    """Return the key of a part, equal for the same part of another decision on the spec."""
    if part == ITSELF:
        return f"{ITSELF}\0{record.judged}"
    item = getattr(record, part)[position]
    group = _GROUPS.get(part, part)
    if isinstance(item, FactQuestion):
        return f"{group}\0{name_fact(record, item.path)}"
    reading = f"\0{item.reading}\0{item.decision}" if isinstance(item, ReadingRecord) else ""
    return f"{group}\0{item.rule}\0{item.subject}{reading}"


def identify_all(record: Record) -> frozenset[str]:
    """Return the keys of all parts of a decision, of the decision itself, and of what waits for facts."""
    identities = [identify(record, part, index) for part in COMPARED for index in range(len(getattr(record, part)))]
    return frozenset([*identities, identify(record, ITSELF, 0), *_identify_open(record)])


def find_open(record: Record) -> Iterator[FindingRecord]:
    """Yield the findings that wait for facts and could affect the decision."""
    yield from (finding for finding in record.undetermined if finding.effect not in ("duty", "advise"))


def _identify_open(record: Record) -> Iterator[str]:
    """Yield the key of each finding that waits for facts, and of each route closed to it."""
    for finding in find_open(record):
        key = f"open\0{finding.rule}\0{finding.subject}"
        yield key
        for route in finding.routes or () if isinstance(finding, NeedRecord) else ():
            if route.state == "closed":
                yield f"{key}\0{route.rule}"


def name_fact(record: Record, path: str) -> str:
    """Return the path of a fact with the id of its service, independent of the order of services."""
    match = re.match(r"services\[(\d+)\]", path)
    if match is None or int(match[1]) >= len(record.services):
        return path
    return f"services[{record.services[int(match[1])].id}]{path[match.end() :]}"


def find_worst_level(failures: Iterable[Failure]) -> str | None:
    """Return the gravest level of some failures; None if there are none."""
    order = ("deny", INCOMPLETE, *LEVELS[1:])
    return min((failure.level for failure in failures), key=order.index, default=None)


def _kept(level: str, part: str, findings: Iterable[FindingRecord]) -> list[Failure]:
    return [Failure(level, part, index) for index, finding in enumerate(findings) if finding.waived is None]


def _advise(level: str, record: Record, contested: bool) -> list[Failure]:
    """Return the notes for review that call the law contested, or the others."""
    kinds = {index: finding.kind for index, finding in enumerate(record.advice)}
    failures = _kept(level, "advice", record.advice)
    return [failure for failure in failures if (kinds[failure.position] == "contested") == contested]


def _open(record: Record) -> list[Failure]:
    """Return the missing facts that keep a decision open; the decision itself if it names none."""
    missing = [Failure(INCOMPLETE, "missing", index) for index in range(len(record.missing))]
    return missing or [Failure(INCOMPLETE, ITSELF, 0)]


def _contested(record: Record) -> list[Failure]:
    """Return the stricter readings; the decision itself if only several readings together are stricter."""
    failures = [
        Failure("contested", "contested", index) for index, reading in enumerate(record.contested) if reading.stricter
    ]
    worst = record.worst_reading
    return failures or ([Failure("contested", ITSELF, 0)] if worst and worst.stricter else [])


def _due(part: str, findings: Iterable[FindingRecord]) -> list[Failure]:
    """Return the duties before the launch that are not done, undetermined ones included."""
    return [
        Failure("duty", part, index)
        for index, duty in enumerate(findings)
        if isinstance(duty, DutyRecord) and duty.is_due_before_launch and duty.waived is None
    ]
