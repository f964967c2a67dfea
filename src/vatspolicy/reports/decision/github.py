"""GitHub annotations of decisions: one for each verdict, then the results on the lines of the spec."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.gate.judgement import EDITS, Judgement
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Table, aside, end, joint, word
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import later_law, say_remark, some_waived
from vatspolicy.reports.decision.gate_line import own_law, say_totals
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_opinion, say_standing
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, View, rank
from vatspolicy.reports.decision.results import decided, results, say_failures
from vatspolicy.reports.formats.github import Annotation, Annotations

Data = Mapping[str, Any]

SETTINGS = "settings"
"""Kind of the remark on settings from outside the command line."""
WORDS: Table = {
    "more": Phrase("{count} more of this level are in the job summary and in the other reports."),
    "fails": Phrase("The gate fails: {failures}."),
}


class Report:
    """A report under construction (see `pieces.Report`): a verdict a spec, results, notes, and remarks on waivers."""

    def __init__(self, view: View) -> None:
        self._view = view

    def take(self, data: Data, seconds: float = 0.0) -> Texts:
        """Return the annotations of a decision: its verdict, its results, and its notes."""
        lang, judgement = self._view.lang, self._view.judgement
        parts = ([_verdict(data, lang, judgement)], _results(data, lang, judgement), _notes(data, lang))
        return tuple(map(_pack, parts))

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the report. The problems stand on standard error."""
        lang, judgement, remarks = self._view.lang, self._view.judgement, list(run.remarks or ())
        invalid = len({problem.file for problem in run.problems})
        order = entries.sort(rank)
        settings = [one for one in remarks if one["kind"] in (SETTINGS, EDITS)]  # first: none of them is left out
        found = Annotations()
        for one in settings:
            found.add(_remark(one, lang, judgement))
        _unpack(found, (texts[0] for texts in entries.texts(order)))
        if order:
            file = entries.summaries[order[0]].file
            totals = [say_totals(entries.summaries, invalid, lang), own_law(entries.summaries, lang)]
            found.add(Annotation("note", " · ".join(filter(None, totals)), "specs", file))
        _unpack(found, (texts[1] for texts in entries.texts(order)))
        for one in remarks:
            if one not in settings:
                found.add(_remark(one, lang, judgement))
        _unpack(found, (texts[2] for texts in entries.texts(order)))
        yield found.write(word(WORDS, "more", lang))


def _pack(annotations: Iterable[Annotation]) -> str:
    """Return annotations as a text: of each level the number and the first commands."""
    found = Annotations()
    for annotation in annotations:
        found.add(annotation)
    return json.dumps([[level, count, found.lines[level]] for level, count in found.counts.items() if count])


def _unpack(found: Annotations, texts: Iterable[str]) -> None:
    for text in texts:
        for level, count, lines in json.loads(text):
            found.add_many(level, count, lines)


def _results(data: Data, lang: Language, judgement: Judgement) -> Iterator[Annotation]:
    for result in results(data, lang, judgement):
        name = result.rule if result.finding else result.detail.partition("\0")[0]
        title = result.rule if name in ("", result.rule) else f"{result.rule}: {name}"
        yield Annotation(result.level, result.message, title, data["file"], result.line, result.column)


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
        *say_standing(data["opinions"], lang),
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
