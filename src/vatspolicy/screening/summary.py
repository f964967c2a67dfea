"""Summary of a portfolio: decisions by region, class and rule, and the effect of a change of the law."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.answer import Answer
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.policies.bundle import LawIdentity
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import width
from vatspolicy.i18n.words import Counts as CountedWords
from vatspolicy.i18n.words import Table, count, word
from vatspolicy.reports.words import say_deciding
from vatspolicy.screening.result import Counts, Totals

ALL_WORDS = (*WORDS, "incomplete")
BY = ("region", "class", "rule")
UNKNOWN = "unknown"

_WORDS: Table = {
    "decision": Phrase("Decisions"),
    "region": Phrase("By region of the company's registered office"),
    "class": Phrase("By class, each activity counted"),
    "rule": Phrase("By applicable rule, each profile counted once"),
    "moved": Phrase("Affected by the change of law: {moved} of {rows}"),
    "gains": Phrase("Rules that begin to apply"),
    "losses": Phrase("Rules that cease to apply"),
    "none": Phrase("none"),
}
_COUNTS: CountedWords = {"rows": (Phrase("{n} row, {rejected} rejected"), Phrase("{n} rows, {rejected} rejected"))}


def region_of(facts: Facts) -> str:
    """Return the province of the company's registered office."""
    region: str = facts["company"].get("registered", {}).get("province", UNKNOWN)
    return region


def compare_rules(before: Answer, after: Answer) -> dict[str, list[str]]:
    """Return the rules that begin to hold and the rules that cease to hold, between two answers."""
    old, new = set(before["rules"]), set(after["rules"])
    return {"gains": sorted(new - old), "losses": sorted(old - new)}


Tally = defaultdict[str, Counter[str]]
"""Counts of outcomes by key."""


@dataclass
class PortfolioSummary:
    """Counts of a run, summed over batches."""

    rows: int = 0
    rejected: int = 0
    claimed: int = 0
    """Rows with an opinion that was not granted and does not count."""
    decision: Counter[str] = field(default_factory=Counter)
    region: Tally = field(default_factory=lambda: defaultdict(Counter))
    cls: Tally = field(default_factory=lambda: defaultdict(Counter))
    rule: Tally = field(default_factory=lambda: defaultdict(Counter))
    moves: Counter[str] = field(default_factory=Counter)
    """Counts by outcome before and after a change of the law, such as `deny->allow`."""
    gains: Counter[str] = field(default_factory=Counter)
    losses: Counter[str] = field(default_factory=Counter)

    def count(self, region: str, answer: Answer) -> None:
        """Add one decided profile of a company registered in a region."""
        word = answer["decision"]
        self.rows += 1
        self.decision[word] += 1
        self.region[region][word] += 1
        for service in answer["services"]:
            for activity in service["activities"]:
                self.cls[activity["class"]][activity["decision"]] += 1
        for rule in answer["rules"]:
            self.rule[rule][word] += 1

    def count_move(self, before: Answer, after: Answer) -> None:
        """Add the effect of a change of the law on one profile."""
        if before["decision"] != after["decision"]:
            self.moves[f"{before['decision']}->{after['decision']}"] += 1
        rules = compare_rules(before, after)
        self.gains.update(rules["gains"])
        self.losses.update(rules["losses"])

    def reject(self) -> None:
        """Add one rejected row."""
        self.rows += 1
        self.rejected += 1

    def add(self, part: Totals) -> None:
        """Add the counts of another summary."""
        self.rows += part.rows
        self.rejected += part.rejected
        self.claimed += part.claimed
        self.decision.update(part.decision)
        self.moves.update(part.moves)
        self.gains.update(part.gains)
        self.losses.update(part.losses)
        for name, table in self._tables().items():
            for key, counts in part.tables[name].items():
                table[key].update(counts)

    def totals(self, by: Iterable[str] = BY) -> Totals:
        """Return the counts in a fixed order, with the given tables."""
        tables = self._tables()
        chosen = {name: {key: _ordered(tables[name][key]) for key in sorted(tables[name])} for name in by}
        changes = (dict(sorted(counts.items())) for counts in (self.moves, self.gains, self.losses))
        return Totals(self.rows, self.rejected, self.claimed, _ordered(self.decision), chosen, *changes)

    def _tables(self) -> Mapping[str, Tally]:
        return {"region": self.region, "class": self.cls, "rule": self.rule}


def render(summary: PortfolioSummary, by: Iterable[str], lang: Language, laws: Sequence[LawIdentity]) -> str:
    """Return the summary as text, in English or Chinese. `laws` decided; the first of two is older."""
    say = partial(word, _WORDS, lang=lang)
    totals = summary.totals()
    lines = [
        *(say_deciding(law, lang) for law in laws),
        count(_COUNTS, "rows", summary.rows, lang, rejected=summary.rejected),
        "",
        say("decision"),
    ]
    lines += _table({"": totals.decision})
    for name in by:
        lines += ["", say(name), *_table({_name(name, key, lang): row for key, row in totals.tables[name].items()})]
    if len(laws) > 1:
        moved = sum(summary.moves.values())
        lines += ["", say("moved", moved=moved, rows=summary.rows - summary.rejected)]
        lines += _counts(totals.moves, say("none"))
        for name, counts in (("gains", totals.gains), ("losses", totals.losses)):
            lines += ["", say(name), *_counts(counts, say("none"))]
    return "\n".join(lines) + "\n"


def _table(rows: Mapping[str, Counts]) -> list[str]:
    wide = max([24, *(width(name) for name in rows)])
    head = "  " + " " * wide + "".join(f"{word:>15}" for word in ALL_WORDS)
    lines = [head]
    for name, row in rows.items():
        cells = "".join(f"{row.get(word, 0):>15}" for word in ALL_WORDS)
        lines.append("  " + name + " " * (wide - width(name)) + cells)
    return lines


def _counts(counts: Counts, none: str) -> list[str]:
    return [f"  {count:>10}  {name}" for name, count in counts.items()] or [f"  {none}"]


def _name(kind: str, key: str, lang: Language) -> str:
    if kind == "region" and key != UNKNOWN:
        return f"{label('place', key)[lang]} ({key})"
    return f"{label('class', key)[lang]} ({key})" if kind == "class" else key


def _ordered(counts: Counts) -> dict[str, int]:
    return {word: counts[word] for word in ALL_WORDS if counts.get(word)}
