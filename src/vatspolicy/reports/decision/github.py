"""GitHub annotations of decisions: one for each verdict, then the results on the lines of the spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Judgement
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Table, aside, end, joint, word
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import later_law, say_remark, some_waived
from vatspolicy.reports.decision.gate_line import say_totals
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_opinion
from vatspolicy.reports.decision.results import decided, results, say_failures, worst_first
from vatspolicy.reports.formats.github import Annotation, write

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

Data = Mapping[str, Any]

SETTINGS = "settings"
"""Kind of the remark on settings from outside the command line."""
WORDS: Table = {
    "more": Phrase("{count} more of this level are in the job summary and in the other reports."),
    "fails": Phrase("The gate fails: {failures}."),
}


def render(
    records: Iterable[Data],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Data] = (),
    gate: GateResult | None = None,
) -> str:
    """Return annotations of the decisions, their number and the remarks about waivers.

    The `problems` stand on standard error.
    """
    invalid = len({problem.file for problem in problems})
    judgement = gate.judgement if gate else Judgement()
    records = worst_first(records, judgement)
    remarks = list(remarks)
    settings = [one for one in remarks if one["kind"] == SETTINGS]  # first: none of them is left out
    found = [_remark(one, lang, judgement) for one in settings]
    found += [_verdict(data, lang, judgement) for data in records]
    found += [Annotation("note", say_totals(records, invalid, lang), "specs", data["file"]) for data in records[:1]]
    for data in records:
        for result in results(data, lang, judgement):
            name = result.rule if result.finding else result.detail.partition("\0")[0]
            title = result.rule if name in ("", result.rule) else f"{result.rule}: {name}"
            found.append(Annotation(result.level, result.message, title, data["file"], result.line, result.column))
    found += [_remark(one, lang, judgement) for one in remarks if one not in settings]
    for data in records:
        found += _notes(data, lang)
    return write(found, word(WORDS, "more", lang))


def _remark(one: Data, lang: Language, judgement: Judgement) -> Annotation:
    level = "error" if judgement.fails_remark(one) else one["level"]
    return Annotation(level, say_remark(one, lang), one["kind"], one["file"] or "", one["line"], one["column"])


def _verdict(data: Data, lang: Language, judgement: Judgement) -> Annotation:
    """Return the annotation of the decision: an error exactly if it fails the gate."""
    failures = judgement.find_failures(data)
    contested = any(reading["stricter"] for reading in data["contested"])
    level = "error" if failures else "note" if decided(data) == "allow" and not contested else "warning"
    title = f"{data['product']}{joint('colon', lang)}{doubt.verdict(data, lang)}"
    told = [
        end(hint, lang) if (hint := doubt.hint(data, lang)) else "",
        word(WORDS, "fails", lang, failures=say_failures(failures)) if failures else "",
        (some_waived(data, lang) or "") if "remaining" in data else "",
        later_law(data, lang),
    ]
    message = " ".join([f"{title}{aside(data['as_of'], lang)}", *(text for text in told if text)])
    return Annotation(level, message, title, data["file"])


def _notes(data: Data, lang: Language) -> Iterator[Annotation]:
    """Yield the opinions that the spec states, and the changes in the days ahead."""
    for opinion in data["opinions"]:
        title = word(OPINIONS, "opinions", lang)
        yield Annotation("note", say_opinion(opinion, lang), title, data["file"], opinion["line"], opinion["column"])
    if data.get("changes_ahead"):
        from vatspolicy.reports.timeline.words import WORDS as TIMELINE
        from vatspolicy.reports.timeline.words import say_ahead

        title = f"{data['product']}: {word(TIMELINE, 'ahead', lang)}"
        for entry in data["changes_ahead"]:
            yield Annotation("note", say_ahead(entry, lang), title, data["file"])
