"""Times of decisions and rules as text or JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator

from vatspolicy.authoring.timing import Timing
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean, width
from vatspolicy.i18n.words import Counts, Table, count, joint, word

_WORDS: Table = {
    "decision": Phrase("a decision takes {median} ms, the slowest {slowest} ms ({spec})"),
    "measured": Phrase("processor time without reading the spec and writing the report"),
    "share": Phrase("share"),
    "time": Phrase("ms"),
    "evaluations": Phrase("evaluations"),
    "steps": Phrase("steps at most"),
    "rule": Phrase("rule"),
    "rest": Phrase("choosing the rules, findings, missing facts"),
}
_COUNTS: Counts = {
    "specs": (Phrase("{n} spec"), Phrase("{n} specs")),
    "others": (Phrase("{n} other rule"), Phrase("{n} other rules")),
}
_COLUMNS = ("share", "time", "evaluations", "steps")


def render(form: str, timing: Timing, limit: int, lang: Language) -> str:
    """Render the times with the slowest rules: `limit` of them as text, all as JSON."""
    if form == "json":
        return json.dumps(_data(timing), ensure_ascii=False, indent=2) + "\n"
    return "".join(f"{line}\n" for line in _lines(timing, limit, lang))


def _data(timing: Timing) -> dict[str, object]:
    return {
        "specs": [
            {"file": spec.name, "as_of": spec.day, "milliseconds": _milliseconds(spec.seconds)} for spec in timing.specs
        ],
        "rules": [
            {
                "rule": rule.name,
                "milliseconds": _milliseconds(rule.seconds),
                "share": round(rule.seconds / timing.seconds, 4),
                "evaluations": rule.evaluations,
                "steps": rule.steps,
            }
            for rule in timing.rules
        ],
    }


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 4)


def _lines(timing: Timing, limit: int, lang: Language) -> Iterator[str]:
    slowest = max(timing.specs, key=lambda spec: spec.seconds)
    median = statistics.median(spec.seconds for spec in timing.specs)
    said = {"median": _say(median), "slowest": _say(slowest.seconds), "spec": clean(slowest.name, one_line=True)}
    specs = count(_COUNTS, "specs", len(timing.specs), lang)
    yield specs + joint("colon", lang) + word(_WORDS, "decision", lang, **said)
    yield word(_WORDS, "measured", lang)
    yield ""
    shown, others = timing.rules[:limit], timing.rules[limit:]
    rows = [[word(_WORDS, key, lang) for key in (*_COLUMNS, "rule")]]
    rows += [[*_cells(timing, rule.seconds), f"{rule.evaluations:,}", f"{rule.steps:,}", rule.name] for rule in shown]
    if others:
        name = count(_COUNTS, "others", len(others), lang)
        evaluations = sum(timed.evaluations for timed in others)
        rows.append([*_cells(timing, sum(timed.seconds for timed in others)), f"{evaluations:,}", "", name])
    rest = max(timing.seconds - sum(rule.seconds for rule in timing.rules), 0.0)
    rows.append([*_cells(timing, rest), "", "", word(_WORDS, "rest", lang)])
    room = [max(width(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for *cells, name in rows:
        aligned = (" " * (most - width(cell)) + cell for most, cell in zip(room, cells, strict=True))
        yield "  ".join((*aligned, name))


def _cells(timing: Timing, seconds: float) -> tuple[str, str]:
    return f"{seconds / timing.seconds:.1%}", _say(seconds)


def _say(seconds: float) -> str:
    return f"{seconds * 1000:.3f}"
