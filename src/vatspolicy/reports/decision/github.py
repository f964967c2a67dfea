"""GitHub annotations of decisions: one for each verdict, then the results on the lines of the spec."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from vatspolicy.core.engine.result import Record
from vatspolicy.gate.judgement import EDITS, Judgement, Remark
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Table, joint, word
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, rank
from vatspolicy.reports.decision.results import results, say_failures
from vatspolicy.reports.decision.summary import find_launches, own_law, say_launches, say_totals
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.formats.github import Annotation, Annotations
from vatspolicy.reports.words import phrase

SETTINGS = "settings"
"""Kind of the remark on settings from outside the command line."""
WORDS: Table = {
    "more": Phrase("The job summary and the other reports show {count} more of this level."),
    "fails": Phrase("The gate fails: {failures}."),
}


LEAVES_OUT = {
    BY_KIND: f"{KINDS} Denial.reasons Denial.subject Need.effect Need.subject Duty.subject title",
    BY_EXPLAIN: f"launch met services undetermined {VERSIONS} {POLICY} Denial.layer Need.layer Duty.layer",
    EXPLAINED: f"Denial.curable Need.routes Need.nearest Need.authority Duty.authority {WHY}",
    "GitHub shows ten notices; the notes are in the job summary.": "Advice.rule Advice.subject Advice.message"
    " Advice.layer Advice.citations Advice.kind",
}


class Report(pieces.Report):
    """A verdict a spec, results, notes, and remarks on waivers."""

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return the annotations of a decision: its verdict, its results, and its notes."""
        lang, judgement = self.lang, self.judgement
        parts = ([_verdict(record, lang, judgement)], _results(record, lang, judgement), _notes(record, lang))
        return tuple(map(_pack, parts))

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the report. Invalid specs come first, so that no annotation of one is omitted for another."""
        lang, judgement, remarks = self.lang, self.judgement, list(run.remarks or ())
        invalid = len({problem.file for problem in run.problems})
        order = entries.sort(rank)
        settings = [remark for remark in remarks if remark.kind in (SETTINGS, EDITS)]  # first: none of them is left out
        found = Annotations()
        for one in sorted(set(run.problems)):
            text = " ".join(filter(None, (one.message, one.hint)))
            found.add(Annotation("error", text, one.path, one.file, one.line, one.column))
        for setting in settings:
            found.add(_remark(setting, lang, judgement))
        _unpack(found, (texts[0] for texts in entries.texts(order)))
        if order:
            file = entries.summaries[order[0]].file
            launches = say_launches(find_launches(run.gate, entries.summaries), lang)
            totals = [say_totals(entries.summaries, invalid, lang), *launches, own_law(entries.summaries, lang)]
            found.add(Annotation("note", " · ".join(filter(None, totals)), "specs", file))
        _unpack(found, (texts[1] for texts in entries.texts(order)))
        for remark in remarks:
            if remark not in settings:
                found.add(_remark(remark, lang, judgement))
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


def _results(record: Record, lang: Language, judgement: Judgement) -> Iterator[Annotation]:
    for result in results(record, lang, judgement):
        name = result.rule if result.finding else result.detail.partition("\0")[0]
        title = result.rule if name in ("", result.rule) else f"{result.rule}: {name}"
        yield Annotation(result.level, result.message, title, record.file, result.line, result.column)


def _remark(one: Remark, lang: Language, judgement: Judgement) -> Annotation:
    level = "error" if judgement.fails_remark(one) else one.level
    return Annotation(level, digest.say_remark(one, lang), one.kind, one.file or "", one.line or 0, one.column or 0)


def _verdict(record: Record, lang: Language, judgement: Judgement) -> Annotation:
    """Return the annotation of the decision: an error exactly if it fails the gate."""
    failures = judgement.find_failures(record)
    contested = any(reading.stricter for reading in record.contested)
    level = "error" if failures else "note" if record.judged == "allow" and not contested else "warning"
    title = f"{record.product}{joint('colon', lang)}{digest.say_verdict(record, lang)}"
    fails = [word(WORDS, "fails", lang, failures=say_failures(failures))] if failures else []
    verdict, *rest = digest.say_decision(record, lang)
    message = " ".join([verdict, *fails, *rest])
    return Annotation(level, message, title, record.file)


def _notes(record: Record, lang: Language) -> Iterator[Annotation]:
    """Yield the opinions that the spec states, and the changes in the days ahead."""
    for opinion in record.opinions:
        title = phrase("opinions", lang)
        yield Annotation("note", digest.say_opinion(opinion, lang), title, record.file, opinion.line, opinion.column)
    for _, text in digest.changes_ahead(record, lang):
        yield Annotation("note", text, f"{record.product}: {phrase('ahead', lang)}", record.file)
