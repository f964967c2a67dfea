"""Past decisions to decide again: decision logs.

A record that cannot be decided again as it was is counted as not evaluated, with the reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vatspolicy.authoring.diff.decisions import Product, Row
from vatspolicy.authoring.diff.law_revision import LawRevision
from vatspolicy.authoring.diff.result import ChangedDecision, ChangedRecords, PastDecisions, UnreadRecord
from vatspolicy.authoring.diff.verdict import UNREAD
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.decision_log import hides_facts, is_event
from vatspolicy.i18n.words import both

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass
class Recorded:
    """The past decisions of a comparison."""

    base: LawRevision
    head: LawRevision
    times: dict[Product, int] = field(default_factory=dict)
    """The number of records by the decision that they record."""
    unread: list[UnreadRecord] = field(default_factory=list)
    records: int = 0
    _known: dict[tuple[str, str], Product] = field(default_factory=dict)

    def read(self, file: str) -> bool:
        """Read the records of a decision log. Return False for other files."""
        try:
            content = Path(file).read_bytes()
        except (OSError, ValueError):
            return False  # the reader of specs tells the problem
        lines = [(number, line) for number, line in enumerate(content.splitlines(), 1) if line.strip()]
        if not any(is_event(_parse(line)) for _, line in lines[:1]):
            return False
        for number, line in lines:
            self.records += 1
            self._add_event(file, number, _parse(line))
        return True

    def _add_event(self, file: str, line: int, event: Tree) -> None:
        if not is_event(event):
            self._skip(file, line, "torn")
            return
        facts, result = event.get("input"), event.get("result")
        day = result.get("as_of") if isinstance(result, Mapping) else None
        if hides_facts(event):
            self._skip(file, line, "masked")
        elif not isinstance(facts, dict) or not facts:
            self._skip(file, line, "no-profile")
        elif not isinstance(day, str) or not _DAY.fullmatch(day):
            self._skip(file, line, "no-day")
        else:
            self._add(file, line, parse_document(json.dumps(facts, ensure_ascii=False), file), day)

    def _add(self, file: str, line: int, document: Document, day: str) -> None:
        if day < max(self.base.bundle.covers_from, self.head.bundle.covers_from):
            self._skip(file, line, "uncovered")
            return
        key = (json.dumps(document.data, sort_keys=True, ensure_ascii=False), day)
        product = self._known.get(key)
        if product is None:
            try:
                read_profile(document, self.head.schemas)
            except InvalidInput:
                self._skip(file, line, "invalid")
                return
            product = self._known[key] = Product(document, f"{Path(file).name}:{line}", day)
        self.times[product] = self.times.get(product, 0) + 1

    def _skip(self, file: str, line: int, code: str) -> None:
        self.unread.append(UnreadRecord(file, line, code, both(UNREAD, code)))

    def summarize(self, rows: Iterable[Row], describe: Callable[[Row], ChangedDecision]) -> PastDecisions | None:
        """Return the number of past decisions and the changed ones, or None without past decisions.

        `rows` are those of all products; `describe` returns one with its causes.
        """
        if not self.records:
            return None
        rows = [row for row in rows if row.product in self.times]
        changed = {row.product for row in rows}
        return PastDecisions(
            records=self.records,
            evaluated=sum(self.times.values()),
            changed=sum(times for product, times in self.times.items() if product in changed),
            changes=self._changes(rows, describe),
            unread=tuple(self.unread),
        )

    def _changes(self, rows: Iterable[Row], describe: Callable[[Row], ChangedDecision]) -> tuple[ChangedRecords, ...]:
        """Return the products with a changed outcome and their record counts, the highest count first."""
        found: dict[Hashable, ChangedRecords] = {}
        for row in rows:
            told = describe(row)
            key = told.product, told.before, told.after, row.because
            new = ChangedRecords(told.product, told.before, told.after, told.direction, 0, (), told.because)
            entry = found.get(key, new)
            days = tuple(sorted({*entry.days, *row.days}))
            found[key] = replace(entry, records=entry.records + self.times[row.product], days=days)
        return tuple(sorted(found.values(), key=lambda one: (-one.records, one.product)))


def _parse(text: bytes) -> Tree:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
