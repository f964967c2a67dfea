"""SARIF of decisions: results point at the line of the spec, related locations at the line of the policy."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from vatspolicy.core.engine.result import AdviceRecord, FindingRecord, Opinion, Record, Waived, encode
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import Counts, count, joint, word
from vatspolicy.origin import page
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import BLANK, Entries, Run, Texts, View, fill_list
from vatspolicy.reports.decision.results import CONTESTED, MISSING, WORDS, Result, results
from vatspolicy.reports.decision.summary import find_launches
from vatspolicy.reports.formats import BY_KIND, EXPLAINED
from vatspolicy.reports.formats.sarif import SarifRun, location, make_result, related_location, rule_page
from vatspolicy.reports.words import cited, phrase

FINGERPRINT = "subjectAndRule/v1"
_INDENT = " " * 8
_RULE = re.compile(rf'(\n{_INDENT}  "ruleId": ("(?:[^"\\]|\\.)*"),\n{_INDENT}  "ruleIndex": )0')
"""The start of a result, whose rule has no index yet. In JSON a line break is never part of a text."""
NOTES = "notes"
"""Rule of the one result that tells the notes on a spec."""
NOTES_TITLE = Phrase("Notes on a spec, such as duties. They do not fail the gate.")
COUNTS: Counts = {NOTES: (Phrase("{n} note on this spec:"), Phrase("{n} notes on this spec:"))}
_HELP = {CONTESTED: "contested_help", MISSING: "missing_help"}


LEAVES_OUT = {
    BY_KIND: "Denial.state Denial.reasons Need.state Advice.state title",
    "Notes on a spec are one result: a line each.": "Duty.effect Duty.layer Duty.subject Duty.version Advice.effect"
    " Advice.layer Advice.subject Advice.version",
    "It is not about a line of the spec.": "launch met undetermined",
    EXPLAINED: "Denial.curable Need.routes Need.nearest Need.authority Duty.authority Explanation.clauses"
    " Explanation.facts",
}


class Report(pieces.Report):
    """One run with the results of all decisions."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._told: set[str] = set()
        """Rules already described by this process. Processes handle specs in order, so that descriptions are in time.
        """

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return results of a decision, its notes as one result, opinions, rules not described before, and a summary.

        Rules have no index until all are known.
        """
        lang = self.lang
        every = results(record, lang, self.judgement)
        made, notes = ([one for one in every if _is_note(one) is wanted] for wanted in (False, True))
        lines = [f"{one.rule}{joint('colon', lang)}{one.message}" for one in notes]
        lines += [text for _, text in digest.changes_ahead(record, lang)]
        lines += filter(None, [digest.later_law(record, lang)])
        text = "\n".join([count(COUNTS, NOTES, len(lines), lang), *(f"- {line}" for line in lines)])
        baseline = self._compare(any(one.new for one in notes))
        rules: dict[str, object] = {}
        for result in made:
            if result.rule not in self._told:
                self._told.add(result.rule)
                rules[result.rule] = [result.finding is None, _rule(result, lang)]
        parts = (
            [_result(record, result) | self._compare(result.new) for result in made],
            [_note(record, NOTES, text) | baseline] if lines else [],
            [_opinion(record, opinion, lang) for opinion in record.opinions],
        )
        said = json.dumps([" ".join(digest.say_decision(record, lang)), record.file])
        return *(self._dump(part) for part in parts), json.dumps(rules), record.bundle.version, said

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the whole document. A decision as a whole, and a spec that could not be decided, is a notification."""
        lang, judgement = self.lang, self.judgement
        made = SarifRun("vatspolicy", "0", FINGERPRINT)
        problems = sorted(set(run.problems))
        for problem in problems:
            text = " ".join(part for part in (problem.path, problem.message, problem.hint) if part)
            made.notify("error", text, location(problem.file, problem.line, problem.column))
        for texts_of_spec in entries.texts():
            said, file = json.loads(texts_of_spec[5])
            made.notify("note", said, location(file, 1))
        places = self._add_rules(made, entries)
        _add_remarks(made, run.remarks or (), lang, judgement)
        remarks = self._dump(made.results)
        made.results[:] = BLANK if remarks or any(places) else []
        launches = find_launches(run.gate, entries.summaries)
        properties = {
            "decisions": {summary.file: summary.decision for summary in entries.summaries},
            **({"launches": {launch.file: launch.decision for launch in launches}} if launches else {}),
            "failOn": judgement.fail_on,
            "noFail": judgement.no_fail,
            "specs": len(entries),
            **({"law": encode(entries.summaries[0].law)} if entries.summaries else {}),
        }
        frame = made.to_json(not problems, run.gate and int(run.gate.exit_code), properties)
        if not made.results:
            yield frame
            return
        index = {rule["id"]: position for position, rule in enumerate(made.rules)}
        texts = (texts[part] for part, positions in enumerate(places) for texts in entries.texts(positions))
        members = (_RULE.sub(lambda match: f"{match[1]}{index[json.loads(match[2])]}", text) for text in texts)
        yield from fill_list(frame, "results", _INDENT[:6], _INDENT[:2], chain(members, filter(None, [remarks])))

    def _add_rules(self, run: SarifRun, entries: Entries) -> list[list[int]]:
        """Add the rules of all results; return the positions of the decisions that have each part of their texts."""
        rules: dict[str, tuple[int, dict[str, object]]] = {}
        places: list[list[int]] = [[], [], []]
        first: dict[int, Texts] = {}
        for position, texts in enumerate(entries.texts()):
            if position == 0:
                run.version = texts[4]
            for part, positions in enumerate(places):
                if texts[part]:
                    positions.append(position)
                    first.setdefault(part, texts)
            for name, rule in json.loads(texts[3]).items():
                rules.setdefault(name, rule)
        run.rules += [rule for _, (_, rule) in sorted(rules.items(), key=lambda item: (item[1][0], item[0]))]
        if 1 in first:
            run.add_rule(NOTES, NOTES_TITLE[self.lang], address=page("reports.md", "formats"))
        if 2 in first:
            run.add_rule("opinions", phrase("opinions", self.lang), address=page("policies.md"))
        return places

    def _compare(self, is_new: bool) -> dict[str, object]:
        """Return whether the base of the spec also has a result; empty if there is no base."""
        return {} if self.judgement.known is None else {"baselineState": "new" if is_new else "unchanged"}

    def _dump(self, results: Iterable[dict[str, object]]) -> str:
        """Return results in the form used in the list of a run."""
        texts = []
        for result in results:
            if self.judgement.known is not None:  # SARIF 2.1.0, 3.27.24: on all results of a run or on none
                result.setdefault("baselineState", "unchanged")
            if self.view.waived:  # SARIF 2.1.0, 3.27.23: on all results of a run or on none
                result.setdefault("suppressions", [])
            texts.append(json.dumps(result, ensure_ascii=False, indent=2).replace("\n", f"\n{_INDENT}"))
        return f",\n{_INDENT}".join(texts)


def _is_note(result: Result) -> bool:
    """Return True for what neither fails, nor must be done for another decision, nor is waived."""
    return result.level == "note" and not result.waived


def _rule(result: Result, lang: Language) -> dict[str, object]:
    run = SarifRun("vatspolicy", "0", FINGERPRINT)
    _add_rule(run, result, lang)
    return run.rules[0]


def _add_rule(run: SarifRun, result: Result, lang: Language) -> None:
    finding = result.finding
    if finding is None:
        text = word(WORDS, result.rule, lang)
        said = [text, word(WORDS, _HELP[result.rule], lang)] if result.rule in _HELP else [text]
        run.add_rule(result.rule, text, paragraphs=said, address=page("gate.md", "what-fails"))
        return
    citations = finding.citations
    comma, colon = joint("comma", lang), joint("colon", lang)
    text = " ".join(  # a Chinese report does not quote English
        f"{c.title[lang]}{comma}{c.label[lang]}" + (f"{colon}{c.words(lang)}" if c.words(lang) else "")
        for c in citations
    )
    url = next((c.url for c in citations if c.url), None)
    policy, _, rule = result.rule.partition("/")
    run.add_rule(
        result.rule,
        finding.message[lang],
        full=text,
        paragraphs=_help(finding, lang),
        address=url or rule_page(policy, rule),
        properties={"version": finding.version, "effect": finding.effect, **_layer(finding)},
    )


def _help(finding: FindingRecord, lang: Language) -> list[str]:
    """Return the paragraphs of the help of a rule, as Markdown."""
    from vatspolicy.reports.formats.templating import render_markdown

    text = render_markdown(
        "decision/rule-help.md.j2",
        articles=[(cited(citation, lang), citation.words(lang)) for citation in finding.citations],
        check=phrase("checks", lang, check=finding.why.check[lang]),
        colon=joint("colon", lang),
        command=f"vatspolicy explain {finding.rule}",
        finding=finding,
        lang=lang,
    )
    return text.strip().split("\n\n")


def _result(record: Record, result: Result) -> dict[str, object]:
    finding = result.finding
    identity = "\0".join([record.product, result.subject, result.rule, *([result.detail] if result.detail else [])])
    made = make_result(
        FINGERPRINT,
        result.rule,
        result.level,
        result.message,
        location(record.file, result.line, result.column),
        identity,
        related=finding and related_location(finding.why.policy_file, finding.why.policy_line),
    )
    properties = {"fails": result.failing} if result.failing else {}
    if finding is not None:
        properties |= {"kind": finding.kind} if isinstance(finding, AdviceRecord) else {}
        properties |= _layer(finding)
    if properties:
        made["properties"] = properties
    if finding is not None and finding.waived is not None:
        made["suppressions"] = [_suppression(finding.waived, result.waived)]
    return made


def _layer(finding: FindingRecord) -> dict[str, str]:
    return {"layer": finding.layer} if finding.layer else {}


def _suppression(waived: Waived, said: str) -> dict[str, object]:
    """Return a waiver or a baseline as a SARIF suppression: external and accepted."""
    return {
        "kind": "external",
        "status": "accepted",
        "justification": said,
        "location": location(waived.file, waived.line),
        "properties": {key: value for key, value in encode(waived).items() if key not in ("file", "line")},
    }


def _opinion(record: Record, opinion: Opinion, lang: Language) -> dict[str, object]:
    marks, at = (opinion.about, opinion.service, opinion.date), (opinion.line, opinion.column)
    made = _note(record, "opinions", digest.say_opinion(opinion, lang), *marks, at=at)
    kept = ("about", "service", "reading", "classes", "by", "authority", "date", "state", "granted")
    return made | {"properties": {key: value for key, value in encode(opinion).items() if key in kept}}


def _note(record: Record, rule: str, text: str, *marks: str | None, at: tuple[int, int] = (1, 1)) -> dict[str, object]:
    """Return a note about a spec, at a line and a column; `marks` distinguish notes of one rule."""
    identity = "\0".join(map(str, (record.product, rule, *marks)))
    return make_result(FINGERPRINT, rule, "note", text, location(record.file, *at), identity)


def _place(remark: Remark) -> dict[str, object]:
    return location(remark.file or "", remark.line or 1, remark.column or 1)


def _add_remarks(run: SarifRun, remarks: Iterable[Remark], lang: Language, judgement: Judgement) -> None:
    """Add remarks about waivers, each kind under its own rule; settings in use are a notification of the tool."""
    remarks = list(remarks)
    for remark in remarks:
        if remark.kind == "settings":
            position = _place(remark) if remark.file else None
            run.notify("note", digest.say_remark(remark, lang), position)
    remarks = [remark for remark in remarks if remark.kind != "settings"]
    for kind in sorted({remark.kind for remark in remarks}):
        text = f"{digest.WAIVER_WORDS['remarks'][lang]}{joint('colon', lang)}{kind}"
        run.add_rule(f"waivers/{kind}", text, address=page("waivers.md"))
    for remark in remarks:
        level = "error" if judgement.fails_remark(remark) else remark.level
        position = _place(remark)
        identity = f"{remark.product}\0{remark.kind}\0{remark.rule}\0{remark.message['en']}"
        run.add_result(f"waivers/{remark.kind}", level, digest.say_remark(remark, lang), position, identity)
