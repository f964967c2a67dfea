"""Loading of waivers, granted opinions, approvers and baselines."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TypeVar

from vatspolicy.core.documents import Document, load_document
from vatspolicy.core.documents.plain import Fields
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.profile.opinions import stated
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _

T = TypeVar("T")

LONGEST = 365
"""Maximum duration of a waiver or a baseline in days, unless the approvers file sets a lower one."""


def last_day(first: str) -> str:
    """Return the last day (ISO) of the longest waiver or baseline that begins on a day."""
    day = datetime.date.fromisoformat(first)
    return (day + min(datetime.timedelta(days=LONGEST), datetime.date.max - day)).isoformat()


@dataclass(frozen=True)
class Approval:
    """An approval: one matter of one product, until a day."""

    product: str
    fingerprint: str
    reason: str
    approver: str
    ticket: str
    granted: str
    """First day in force (ISO)."""
    expiry: str
    """Last day in force (ISO)."""
    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Waiver(Approval):
    """One finding of one product, set aside by an approver until a day."""

    rule: str

    @property
    def matter(self) -> str:
        """Its subject."""
        return self.rule

    def is_allowed_by(self, approvers: Approvers) -> bool:
        """Return True if its approver may approve it."""
        return approvers.allow(self.approver, self.rule)


@dataclass(frozen=True)
class GrantedOpinion(Approval):
    """One opinion claimed by the spec of one product, granted by an approver until a day."""

    opinion: Fields
    """Its content, as returned by `stated`."""

    @property
    def matter(self) -> str:
        """Its subject."""
        return str(self.opinion["about"])

    def is_allowed_by(self, approvers: Approvers) -> bool:
        """Return True if its approver may approve it."""
        return approvers.allow_opinion(self.approver, self.matter)


Globs = tuple[tuple[str, tuple[str, ...]], ...]
"""Names of approvers, each with patterns."""


@dataclass(frozen=True)
class Approvers:
    """Approvers, the rules that they may waive, and the matters on which they may grant opinions."""

    rules: Globs
    max_days: int
    opinions: Globs = ()
    """Patterns of policy/rule, policy/rule/condition, or class."""

    def allow(self, approver: str, rule: str) -> bool:
        """Return True if the approver may waive the rule."""
        return _stands_beside(approver, rule, self.rules)

    def allow_opinion(self, approver: str, about: str) -> bool:
        """Return True if the approver may grant an opinion on the matter."""
        return _stands_beside(approver, about, self.opinions)

    def allow_period(self, first: str, last: str) -> bool:
        """Return True if an approval may last from one day to another."""
        return (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days <= self.max_days


def _stands_beside(approver: str, matter: str, table: Globs) -> bool:
    return any(name == approver and any(fnmatchcase(matter, glob) for glob in globs) for name, globs in table)


@dataclass(frozen=True)
class BaselineEntry:
    """Finding that existed when the gate was adopted."""

    product: str
    rule: str
    fingerprint: str
    since: str
    """Day on which it was first recorded."""
    line: int
    column: int


@dataclass(frozen=True)
class GateBaseline:
    """Findings of a portfolio on the day the gate was adopted."""

    file: str
    written: str
    until: str
    """Last day in force."""
    entries: tuple[BaselineEntry, ...]
    line: int
    column: int
    """Position of `until` in the file."""


@dataclass(frozen=True)
class WaiverSet:
    """Waivers, granted opinions, approvers and baseline of one run."""

    waivers: tuple[Waiver, ...] = ()
    approvers: Approvers | None = None
    """Approvers; None if approvals are impossible."""
    baseline: GateBaseline | None = None
    strict: bool = False
    """True if the gate also fails on an unused waiver."""
    opinions: tuple[GrantedOpinion, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Problems of unreadable files, whose entries do not apply."""


def load_waiver_set(
    waivers: Path | None = None,
    approvers: Path | None = None,
    baseline: Path | None = None,
    strict: bool = False,
    opinions: Path | None = None,
) -> WaiverSet:
    """Load the files of a run. A file with a problem counts as empty, and every problem is reported."""
    problems: list[Problem] = []

    def read(path: Path | None, load: Callable[[Path], T], nothing: T) -> T:
        try:
            return load(path) if path is not None else nothing
        except InvalidInput as error:
            problems.extend(error.problems)
            return nothing

    no_approvers: Approvers | None = None
    no_baseline: GateBaseline | None = None
    return WaiverSet(
        read(waivers, load_waivers, ()),
        read(approvers, load_approvers, no_approvers),
        read(baseline, load_baseline, no_baseline),
        strict,
        read(opinions, load_opinions, ()),
        tuple(problems),
    )


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Load the waivers of a file (waivers.schema.json). Raises InvalidInput with every problem."""
    message = _("Another waiver in this file covers the same finding.")
    return _load_approvals(path, "waivers", lambda entry, common: Waiver(**common, rule=entry["rule"]), message)


def load_opinions(path: Path) -> tuple[GrantedOpinion, ...]:
    """Load the granted opinions of a file (opinions.schema.json). Raises InvalidInput with every problem."""
    message = _("Another entry in this file grants the same opinion.")

    def make(entry: Fields, common: Fields) -> GrantedOpinion:
        return GrantedOpinion(**common, opinion=stated(entry["opinion"]))

    return _load_approvals(path, "opinions", make, message)


A = TypeVar("A", Waiver, GrantedOpinion)


def _load_approvals(path: Path, kind: str, make: Callable[[Fields, Fields], A], again: str) -> tuple[A, ...]:
    """Load the entries of a file. Its list and its schema have the same name."""
    document = _read(path, kind)
    approvals: list[A] = []
    problems: list[Problem] = []
    seen: set[tuple[str, ...]] = set()
    for index, entry in enumerate(document.data[kind]):
        line, column = document.mark((kind, index))
        common = {key: entry[key] for key in ("reason", "approver", "ticket", "granted", "expiry")}
        approval = make(entry, {**common, **entry["scope"], "file": document.file, "line": line, "column": column})
        identity = (approval.matter, approval.product, approval.fingerprint)
        if identity in seen:
            problems.append(document.problem((kind, index), again))
        if approval.expiry < approval.granted:
            problems.append(document.problem((kind, index, "expiry"), _("Its last day is before its first.")))
        seen.add(identity)
        approvals.append(approval)
    if problems:
        raise InvalidInput(problems)
    return tuple(approvals)


def load_approvers(path: Path) -> Approvers:
    """Load the approvers of a file (approvers.schema.json). Raises InvalidInput with every problem."""
    data = _read(path, "approvers").data

    def table(key: str) -> Globs:
        return tuple((entry["name"], tuple(entry.get(key, ()))) for entry in data["approvers"])

    return Approvers(table("rules"), data.get("max_days", LONGEST), table("opinions"))


def load_baseline(path: Path) -> GateBaseline:
    """Load a baseline (baseline.schema.json). Raises InvalidInput with every problem."""
    document = _read(path, "baseline")
    return GateBaseline(
        document.file,
        document.data["written"],
        document.data["until"],
        tuple(_entries(document)),
        *document.mark(("until",)),
    )


def _entries(document: Document) -> Iterator[BaselineEntry]:
    entry: Fields
    for index, entry in enumerate(document.data["findings"]):
        names = (entry["product"], entry["rule"], entry["fingerprint"], entry["since"])
        yield BaselineEntry(*names, *document.mark(("findings", index)))


_EMPTY = {
    "baseline": _("vatspolicy check --write-baseline writes a baseline."),
    **{kind: _("Begin with schema: 1 and {kind}: [].", kind=kind) for kind in ("waivers", "opinions", "approvers")},
}
"""Hints for an empty file, by its kind."""


def _read(path: Path, schema: str) -> Document:
    document = load_document(path, empty=_EMPTY[schema])
    if problems := validate(document, schema):
        raise InvalidInput(problems)
    return document
