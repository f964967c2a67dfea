"""Decisions about rows: a row in, a line of JSON out, which is an answer or the reasons why there is none."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.sources import read_pair
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.engine.answer import INDEXED, answer, missing_facts
from vatspolicy.core.policies.bundle import Bundle, Origin
from vatspolicy.core.profile.profile import Profile
from vatspolicy.gate.opinions import admit_opinions
from vatspolicy.gate.waivers.load import WaiverSet
from vatspolicy.screening.input import PortfolioRow, Rejected, parse_row, read_facts
from vatspolicy.screening.summary import PortfolioSummary, compare_rules, region_of

_write = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def load_two(diff: tuple[str, str], folder: Path, law: Path | None, layers: Sequence[Path]) -> tuple[Bundle, Bundle]:
    """Return the law after a change and before it. `diff` names both: revisions, folders or bundles, from a folder.

    Raises: InvalidInput, SourceError.
    """
    sides = load_pair(*read_pair(*diff, folder, LawStack(law, layers=tuple(layers))))
    base, head = (replace(side.bundle, origin=Origin("folder", side.source.title)) for side in sides)
    return head, base


@dataclass(frozen=True)
class Decider:
    """Decides rows under the law of one day."""

    bundle: Bundle
    base: Bundle | None
    """Law before a change, to compare with."""
    day: str
    missing: bool
    """True to list the missing facts of incomplete decisions."""
    today: str
    """Today: later opinions are refused."""
    waiver_set: WaiverSet | None = None
    """Granted opinions and approvers, or None. Waivers do not affect answers."""

    @property
    def laws(self) -> tuple[Bundle, ...]:
        """The law that decides, and the law before a change if there is one."""
        return (self.bundle,) if self.base is None else (self.bundle, self.base)

    def prepare(self) -> None:
        """Build what all rows share, before processes are forked. Raises ValueError for a day before the law."""
        for bundle in self.laws:
            bundle.on(self.day).build_indexes(INDEXED)

    def decide(self, row: PortfolioRow, summary: PortfolioSummary) -> tuple[str, bool]:
        """Return the line about a row, and whether it is an answer. The row is counted in the summary."""
        row = parse_row(row)
        ruleset = self.bundle.on(self.day)
        try:
            facts = read_facts(row, ruleset.schemas, self._admit)
        except Rejected as error:
            summary.reject()
            return _write(_reject(row, error.reasons)) + "\n", False
        summary.claimed += len(row.data.get("opinions") or ()) > len(facts["opinions"])
        found = answer(ruleset, facts, self.day)
        summary.count(region_of(facts), found)
        record: dict[str, object] = {"row": row.number, "id": found["id"], "as_of": self.day, **found}
        if self.missing:
            written = {**row.data, "opinions": facts["opinions"]}
            is_open = found["decision"] == "incomplete"
            record["missing"] = missing_facts(ruleset, written, self.day) if is_open else []
        if self.base is not None:
            old = answer(self.base.on(self.day), facts, self.day)
            record |= {"base": old["decision"], **compare_rules(old, found)}
            summary.count_move(old, found)
        return _write(record) + "\n", True

    def _admit(self, profile: Profile) -> Profile:
        return admit_opinions(self.bundle, profile, self.day, self.waiver_set, self.today)


def _reject(row: PortfolioRow, reasons: Sequence[str]) -> Mapping[str, object]:
    """Return the record of a rejected row. One that is not text appears in base64 or by its place in the input."""
    if row.place is not None:
        written: dict[str, object] = {"offset": row.place[0], "bytes": row.place[1]}
    elif row.raw is not None:
        written = {"base64": base64.b64encode(row.raw).decode()}
    else:
        written = {"input": row.text}
    return {"row": row.number, "reasons": reasons, **written}
