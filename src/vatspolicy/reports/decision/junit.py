"""JUnit XML of decisions: one suite per spec, one case per service; a service that fails the gate is a failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from vatspolicy.core.engine.result import Record
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import VERDICTS, word
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts
from vatspolicy.reports.decision.results import Result, results
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.formats.junit import Suite, join_suites
from vatspolicy.reports.words import phrase, say_deciding

NAME = "vatspolicy"
PROPERTIES = ("specs", "law")
"""Properties of the run that each suite repeats."""


LEAVES_OUT = {
    BY_KIND: f"{KINDS} Denial.reasons Need.effect title",
    BY_EXPLAIN: f"launch met undetermined {VERSIONS} {POLICY} Denial.layer Need.layer Duty.layer Advice.layer",
    EXPLAINED: f"Denial.curable Need.routes Need.nearest Need.authority Duty.authority {WHY} Explanation.location",
}


class Report(pieces.Report):
    """An undecided spec is an error, an unused waiver is skipped.
    with another exit code than 0.
    """

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return a decision as a test suite."""
        suite = Suite(record.product, record.file, seconds)
        _add_decision(suite, record, self.lang, self.judgement)
        return (suite.to_text(NAME, PROPERTIES),)

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the whole document."""
        lang, suites = self.lang, list[Suite]()
        undecided: dict[str, list[str]] = {}
        for problem in sorted(set(run.problems)):
            undecided.setdefault(problem.file, []).append(str(problem))
        for file, lines in undecided.items():
            suites.append(Suite(file, file))
            suites[-1].add_error(file, file, phrase("undecided", lang), "invalid", "\n".join(lines))
        if run.remarks:
            suites.append(Suite(digest.WAIVER_WORDS["remarks"][lang]))
            _add_remarks(suites[-1], run.remarks, lang, self.judgement)
        others = [suite.to_text(NAME, PROPERTIES) for suite in suites]
        texts = chain((text for (text,) in entries.texts()), others)
        law = next((say_deciding(summary.law, lang) for summary in entries.summaries), "")
        return join_suites(texts, run.gate.started if run.gate else "", {"specs": str(len(entries)), "law": law})


def _add_decision(suite: Suite, record: Record, lang: Language, judgement: Judgement) -> None:
    subjects: dict[str, list[Result]] = {id: [] for id in ("", *(service.id for service in record.services))}
    for result in results(record, lang, judgement):
        subjects[result.service if result.service in subjects else ""].append(result)
    for name, on_subject in subjects.items():
        case, text = (name or record.product, record.product), "\n".join(_line(result) for result in on_subject)
        failing = list(dict.fromkeys(result.failing for result in on_subject if result.failing))
        waived = [f"{result.rule}: {result.waived}" for result in on_subject if result.waived]
        if failing:
            said = word(VERDICTS, record.judged, lang)
            suite.add_failure(*case, f"{said}: {', '.join(failing)} ≥ --fail-on {judgement.fail_on}", failing[0], text)
        elif waived:
            suite.add_skipped(*case, "; ".join(waived), text)
        else:
            suite.add_case(*case, text)
    if output := _output(record, lang):
        suite.add_output("\n".join(output))


def _line(result: Result) -> str:
    return f"{result.level}: {result.rule}: {result.message}"


def _output(record: Record, lang: Language) -> list[str]:
    """Return the output of the whole suite: the verdict, limits, opinions, and upcoming changes."""
    lines = digest.say_decision(record, lang)
    if record.opinions:
        lines += [phrase("opinions", lang), *(digest.say_opinion(opinion, lang) for opinion in record.opinions)]
    if ahead := digest.changes_ahead(record, lang):
        lines += [phrase("ahead", lang), *(text for _, text in ahead)]
    return lines


def _add_remarks(suite: Suite, remarks: Iterable[Remark], lang: Language, judgement: Judgement) -> None:
    """Add remarks about waivers as skipped cases, or as failures where the gate is strict about them."""
    for remark in remarks:
        case, said = (digest.remark_place(remark), remark.kind), digest.say_remark(remark, lang)
        if judgement.fails_remark(remark):
            suite.add_failure(*case, said, remark.kind, said)
        else:
            suite.add_skipped(*case, said)
