"""Loading of waivers, approvers and baselines."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeVar

from vatspolicy.documents import Document, load_document
from vatspolicy.documents.validation import validate
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
class Waiver:
    """One finding of one product, set aside by an approver until a day."""

    rule: str
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
class Approvers:
    """Approvers and the rules that they may waive."""

    rules: tuple[tuple[str, tuple[str, ...]], ...]
    """Names, each with globs of rules (policy/rule)."""
    max_days: int

    def allow(self, approver: str, rule: str) -> bool:
        """Return True if the approver may waive the rule."""
        return any(name == approver and any(fnmatchcase(rule, glob) for glob in globs) for name, globs in self.rules)


@dataclass(frozen=True)
class Entry:
    """Finding that existed when the gate was adopted."""

    product: str
    rule: str
    fingerprint: str
    since: str
    """Day on which it was first recorded."""
    line: int
    column: int


@dataclass(frozen=True)
class Baseline:
    """Findings of a portfolio on the day the gate was adopted."""

    file: str
    written: str
    until: str
    """Last day in force."""
    entries: tuple[Entry, ...]
    line: int
    column: int
    """Position of `until` in the file."""


@dataclass(frozen=True)
class WaiverSet:
    """Waivers, approvers and baseline of one run."""

    waivers: tuple[Waiver, ...] = ()
    approvers: Approvers | None = None
    """Approvers; None if nobody may approve anything."""
    baseline: Baseline | None = None
    strict: bool = False
    """True if the gate also fails on an unused waiver."""
    problems: tuple[Problem, ...] = ()
    """Problems of files that could not be read; nothing in such a file applies."""


def load_waiver_set(
    waivers: Path | None = None, approvers: Path | None = None, baseline: Path | None = None, strict: bool = False
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
    no_baseline: Baseline | None = None
    return WaiverSet(
        read(waivers, load_waivers, ()),
        read(approvers, load_approvers, no_approvers),
        read(baseline, load_baseline, no_baseline),
        strict,
        tuple(problems),
    )


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Load the waivers of a file (waivers.schema.json). Raises InvalidInput with every problem."""
    document = _read(path, "waivers")
    found, problems = [], []
    seen: set[tuple[str, ...]] = set()
    for index, entry in enumerate(document.data["waivers"]):
        place = ("waivers", index)
        waiver = Waiver(
            entry["rule"],
            entry["scope"]["product"],
            entry["scope"]["fingerprint"],
            entry["reason"],
            entry["approver"],
            entry["ticket"],
            entry["granted"],
            entry["expiry"],
            document.file,
            *document.mark(place),
        )
        identity = (waiver.rule, waiver.product, waiver.fingerprint)
        if identity in seen:
            problems.append(document.problem(place, _("Another waiver of this file is about the same finding.")))
        if waiver.expiry < waiver.granted:
            problems.append(document.problem((*place, "expiry"), _("The waiver ends before it begins.")))
        seen.add(identity)
        found.append(waiver)
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def load_approvers(path: Path) -> Approvers:
    """Load the approvers of a file (approvers.schema.json). Raises InvalidInput with every problem."""
    data = _read(path, "approvers").data
    rules = tuple((entry["name"], tuple(entry["rules"])) for entry in data["approvers"])
    return Approvers(rules, data.get("max_days", LONGEST))


def load_baseline(path: Path) -> Baseline:
    """Load a baseline (baseline.schema.json). Raises InvalidInput with every problem."""
    document = _read(path, "baseline")
    return Baseline(
        document.file,
        document.data["written"],
        document.data["until"],
        tuple(_entries(document)),
        *document.mark(("until",)),
    )


def _entries(document: Document) -> Iterator[Entry]:
    entry: dict[str, Any]
    for index, entry in enumerate(document.data["findings"]):
        names = (entry["product"], entry["rule"], entry["fingerprint"], entry["since"])
        yield Entry(*names, *document.mark(("findings", index)))


def _read(path: Path, schema: str) -> Document:
    document = load_document(path)
    if problems := validate(document, schema):
        raise InvalidInput(problems)
    return document
