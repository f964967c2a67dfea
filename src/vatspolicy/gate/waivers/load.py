"""Reading what sets findings aside: waivers, who may approve them, and a baseline."""

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

T = TypeVar("T")

LONGEST = 365
"""Days that a waiver or a baseline may last, unless the file of approvers says fewer."""


def last_day(first: str) -> str:
    """The last day (ISO) of the longest waiver or baseline that begins on a day."""
    day = datetime.date.fromisoformat(first)
    return (day + min(datetime.timedelta(days=LONGEST), datetime.date.max - day)).isoformat()


@dataclass(frozen=True)
class Waiver:
    """One finding of one product, set aside by somebody until a day."""

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
    """Who may approve waivers of which rules."""

    rules: tuple[tuple[str, tuple[str, ...]], ...]
    """Names, each with the globs of the rules (policy/rule)."""
    max_days: int

    def allow(self, approver: str, rule: str) -> bool:
        """Whether somebody may approve a waiver of a rule."""
        return any(name == approver and any(fnmatchcase(rule, glob) for glob in globs) for name, globs in self.rules)


@dataclass(frozen=True)
class Entry:
    """One finding that was there when the gate was adopted."""

    product: str
    rule: str
    fingerprint: str
    since: str
    """The day it was first recorded."""
    line: int
    column: int


@dataclass(frozen=True)
class Baseline:
    """The findings of a portfolio on the day the gate was adopted."""

    file: str
    written: str
    until: str
    """Last day in force."""
    entries: tuple[Entry, ...]
    line: int
    column: int
    """Where `until` stands."""


@dataclass(frozen=True)
class WaiverSet:
    """All that may set findings aside in one run."""

    waivers: tuple[Waiver, ...] = ()
    approvers: Approvers | None = None
    """None: nobody may approve anything."""
    baseline: Baseline | None = None
    strict: bool = False
    """Whether the gate also fails on a waiver that is of no use."""
    problems: tuple[Problem, ...] = ()
    """Why a file could not be read; nothing in such a file applies."""


def load_waiver_set(
    waivers: Path | None = None, approvers: Path | None = None, baseline: Path | None = None, strict: bool = False
) -> WaiverSet:
    """The files of a run. A file with any mistake counts as if it were empty, and all mistakes are told."""
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
    """The waivers of a file (waivers.schema.json). Raises InvalidInput with every problem."""
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
            problems.append(document.problem(place, "Another waiver of this file is about the same finding."))
        if waiver.expiry < waiver.granted:
            problems.append(document.problem((*place, "expiry"), "The waiver ends before it begins."))
        seen.add(identity)
        found.append(waiver)
    if problems:
        raise InvalidInput(problems)
    return tuple(found)


def load_approvers(path: Path) -> Approvers:
    """Who may approve (approvers.schema.json). Raises InvalidInput with every problem."""
    data = _read(path, "approvers").data
    rules = tuple((entry["name"], tuple(entry["rules"])) for entry in data["approvers"])
    return Approvers(rules, data.get("max_days", LONGEST))


def load_baseline(path: Path) -> Baseline:
    """A baseline (baseline.schema.json). Raises InvalidInput with every problem."""
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
