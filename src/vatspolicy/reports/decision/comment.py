"""Short Markdown for a comment on a pull request and for a job summary: changes, verdicts, causes, next steps.

The first line is MARKER, by which a pipeline finds its comment again and writes it anew.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping
from itertools import islice

from vatspolicy.core.engine.result import FindingRecord, Record
from vatspolicy.gate.spec_change import SpecChanges
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, gap, joint, word
from vatspolicy.output import Style
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.markdown import ICONS, make_row, say_heads, table_rows
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, rank
from vatspolicy.reports.decision.summary import find_weakest_grade, next_command, say_gate
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.printers.escapes import code, escape_line_of_html, escape_markdown
from vatspolicy.reports.spec_change import say_changes, say_effect, say_heading, say_rest
from vatspolicy.reports.words import phrase

MARKER = "<!-- vatspolicy gate -->"
SHOWN = 3
"""Maximum number of causes of a decision that are not folded."""
SECTIONS = 10
"""Maximum number of specs with causes; the table includes the others."""
ROWS = 50
"""Maximum number of specs in the table, and in the list of changes. GitHub limits comments to 65,536 characters."""
WORDS: Table = {
    "next": Phrase("Next: {command}", "comment"),
    "get": Phrase("License to get: {title}"),
    "state": Phrase("Fact to add: {path}. {question}"),
}
COUNTS: Counts = {
    "causes": (Phrase("{n} more"), Phrase("{n} more")),
    "untouched": (Phrase("{n} untouched spec"), Phrase("{n} untouched specs")),
    "specs": (
        Phrase("{n} more spec: see the full report."),
        Phrase("{n} more specs: see the full report."),
    ),
}
LEAVES_OUT = {
    BY_KIND: f"{KINDS} Denial.reasons Need.message Explanation.location",
    BY_EXPLAIN: f"launch met services {VERSIONS} {POLICY} Denial.layer Need.layer",
    EXPLAINED: f"Need.routes Need.nearest Need.authority {WHY}",
    "The whole report has duties and notes; the first line counts duties before the launch.": "duties"
    " Advice.rule Advice.subject Advice.message Advice.layer Advice.citations Advice.kind Duty.rule"
    " Duty.subject Duty.message Duty.layer Duty.citations Duty.instrument Duty.bearer Duty.bearer_name",
    "What several services are denied for, or need, is one line.": "Need.rule Need.subject",
    "The title stands for it.": "product",
}


class Report(pieces.Report):
    """The verdict of the gate, the effects of the change, a table of several specs, and causes with next steps."""

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return the causes of a decision, its row of the table, and its notices."""
        lang = self.lang
        notices = [clean(notice.message[lang], one_line=True) for notice in record.notices]
        section = "" if self._is_plain(record) else _section(record, lang)
        row = make_row(record, lang, self.judgement)
        return section, json.dumps(row), json.dumps(notices), digest.say_open_duties(record, lang)

    def _is_plain(self, record: Record) -> bool:
        """Return True for an allowed and uncontested spec without waivers or opinions that passes the gate."""
        resting = record.contested or record.waived or digest.say_standing(record.opinions, self.lang)
        return record.decision == "allow" and not resting and not self.judgement.find_failures(record)

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the comment."""
        lang, gate, order = self.lang, run.gate, entries.sort(rank)
        edited = gate.changes if gate else None
        changed = {one.spec for one in edited.specs if one.changed} if edited else set[str]()
        yield f"{MARKER}\n"
        if gate is not None:
            [line] = say_gate(
                gate, entries.summaries, lang, Style(False), 0, one_line=True, changed=changed if edited else None
            )
            effect = [say_effect(edited, lang)] if edited else []
            yield f"**{escape_markdown(gap(lang).join([*effect, line]))}**\n"
            if edited:
                outcomes = {
                    one.file: (json.loads(texts[1])[4], texts[3])
                    for one, texts in zip(entries.summaries, entries.texts(), strict=True)
                    if one.file in changed
                }
                yield from _changes(edited, lang, outcomes)
            if gate.by_law is not None:
                yield from _changes(gate.by_law, lang, {})
        for remark in run.remarks or ():
            yield f"\n> {escape_markdown(digest.say_remark(remark, lang))}\n"
        files = list(dict.fromkeys(problem.file for problem in sorted(set(run.problems))))
        if edited:
            yield from _untouched(entries, order, changed, lang)
            new = {one.spec for one in edited.specs if one.before is None}
            files, order = [], [at for at in order if entries.summaries[at].file in new]
        rows = table_rows(files, (json.loads(texts[1]) for texts in entries.texts(order)), lang)
        if len(rows) > 1 and not edited:
            yield "\n" + "".join(f"{line}\n" for line in _table(rows[:ROWS], lang))
        for problem in sorted(set(run.problems))[:SECTIONS]:
            yield f"\n- {ICONS['incomplete']} {escape_markdown(str(problem))}\n"
        sections = (texts[0] for texts in entries.texts(order) if texts[0])
        yield from islice(sections, SECTIONS)
        if (rest := max(len(rows) - ROWS, sum(1 for _ in sections))) > 0:
            yield f"\n{count(COUNTS, 'specs', rest, lang)}\n"
        if edited:
            about = [at for at, summary in enumerate(entries.summaries) if summary.file in changed]
            order = about or list(range(len(entries)))[:1]
        notices = [json.loads(texts[2]) for texts in entries.texts(order)]
        if notices:
            told = dict.fromkeys([*(text for one in notices for text in one[:-1]), *(one[-1] for one in notices)])
            limits = digest.add_grade(list(told), find_weakest_grade(entries.summaries), lang)
            yield f"\n<sub>{escape_line_of_html(' '.join(limits))}</sub>\n"


def _untouched(entries: Entries, order: Iterable[int], changed: Container[str], lang: Language) -> Iterator[str]:
    """Yield the specs that the change does not concern, folded in one line."""
    names: dict[str, list[str]] = {}
    for summary in (entries.summaries[at] for at in order):
        if summary.file not in changed:
            names.setdefault(summary.decision, []).append(clean(summary.file, one_line=True))
    if names:
        lines = []
        for decision, files in names.items():
            told = [*files[:ROWS], *([count(COUNTS, "causes", len(files) - ROWS, lang)] if len(files) > ROWS else [])]
            lead = f"{ICONS[decision]} {word(VERDICTS, decision, lang)}{joint('colon', lang)}"
            lines.append(escape_line_of_html(lead + joint("list", lang).join(told)))
        summary_line = escape_line_of_html(count(COUNTS, "untouched", sum(map(len, names.values())), lang))
        yield f"\n<details><summary>{summary_line}</summary>{'<br>'.join(lines)}</details>\n"


def _changes(changes: SpecChanges, lang: Language, outcomes: Mapping[str, tuple[str, str]]) -> Iterator[str]:
    """Yield the specs that change; `outcomes` are what the gate says of each, and which duties are open, by file."""
    specs = list(say_changes(changes, lang))
    if not specs and changes.base:
        return
    yield f"\n**{escape_markdown(say_heading(changes, lang))}**\n\n"
    for spec in specs[:ROWS]:
        outcome, open_duties = outcomes.get(spec.file, ("", ""))
        head = joint("semicolon", lang).join(filter(None, [spec.head, outcome]))
        yield f"- {code(spec.file)}: {escape_markdown(head)}\n"
        yield from (f"  - {escape_markdown(line)}\n" for line in spec.lines[: SHOWN + 1])
        if more := spec.lines[SHOWN + 1 :]:
            yield f"{_fold([escape_line_of_html(line) for line in more], lang, '  - ')}"
        if open_duties:
            yield f"  - {escape_markdown(open_duties)}\n"
    if len(specs) > ROWS:
        yield f"- {count(COUNTS, 'specs', len(specs) - ROWS, lang)}\n"
    if not changes.base and (rest := say_rest(changes, lang)):
        yield f"- {escape_markdown(rest)}\n"


def _table(rows: list[tuple[str, str, str, str, str]], lang: Language) -> Iterator[str]:
    heads = say_heads(lang)
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for icon, verdict, title, file, outcome in rows:
        named = escape_markdown(title) + aside(code(file), lang) if title else code(file)
        yield f"| {icon} {escape_markdown(verdict)} | {named} | {escape_markdown(outcome)} |"


def _fold(lines: list[str], lang: Language, before: str = "") -> str:
    """Return foldable lines of HTML, in one line of Markdown."""
    items = "".join(f"<li>{line}</li>" for line in lines)
    summary = escape_line_of_html(count(COUNTS, "causes", len(lines), lang))
    return f"{before}<details><summary>{summary}</summary><ul>{items}</ul></details>\n"


def _section(record: Record, lang: Language) -> str:
    """Return the decisive points, those that cannot be fixed first, and the next command."""
    verdict = f"{ICONS[record.decision]} {digest.say_verdict(record, lang)}{joint('colon', lang)}{record.title}"
    low, high = (word(VERDICTS, outcome, lang) for outcome in record.range)
    details = [record.as_of, f"{low} – {high}" if low != high else "", digest.say_hint(record, lang)]
    verdict += aside(joint("semicolon", lang).join(filter(None, details)), lang)
    causes = list(dict.fromkeys(clean(text, one_line=True) for text in _causes(record, lang)))
    lines = [f"\n**{escape_markdown(verdict)}**\n"]
    lines += [f"- {escape_markdown(cause)}" for cause in causes[:SHOWN]]
    if more := causes[SHOWN:]:
        lines.append(_fold([escape_line_of_html(cause) for cause in more], lang, "- ").rstrip("\n"))
    if more_duties := digest.say_open_duties(record, lang):
        lines.append(f"- {escape_markdown(more_duties)}")
    if command := next_command(record.decision, record.file):
        lines.append(f"- {word(WORDS, 'next', lang, command=code(command))}")
    return "\n".join(lines) + "\n"


def _causes(record: Record, lang: Language) -> Iterator[str]:
    """Yield the key points: waivers, reasons to deny, licenses to get, facts to add, and other readings."""
    if waived := digest.some_waived(record, lang):
        yield waived
    for finding in record.waived:
        if finding.waived is not None:
            yield joint("colon", lang).join(
                [digest.say_finding(finding, lang), digest.say_waived(finding.waived, lang)]
            )
    yield from digest.say_standing(record.opinions, lang)
    for finding in record.denials:
        mark = aside(phrase("curable", lang), lang) if finding.is_curable else ""
        text = joint("semicolon", lang).join(digest.say_reasons(finding, lang)) or finding.message[lang]
        yield f"{text}{mark} [{_law(finding, lang)}]{digest.waived_mark(finding, lang)}"
    for need in record.licenses:
        titles = dict.fromkeys(offer.instrument.title[lang] for offer in need.offers)
        title = joint("list", lang).join(titles) or need.message[lang]
        title = joint("comma", lang).join([title, digest.say_holder(need, lang)])
        yield f"{word(WORDS, 'get', lang, title=title)} [{_law(need, lang)}]{digest.waived_mark(need, lang)}"
    for ask in record.missing:
        yield word(WORDS, "state", lang, path=ask.path, question=ask.question[lang])
    if conditional := digest.say_conditional(record, lang):
        yield conditional
    contested = word(digest.READING_WORDS, "contested", lang) + joint("colon", lang)
    yield from (contested + digest.say_contested(reading, lang) for reading in record.contested)
    yield from (text for _, text in digest.changes_ahead(record, lang))


def _law(finding: FindingRecord, lang: Language) -> str:
    return joint("semicolon", lang).join(digest.merge_citations(finding.citations, lang, graded=False))
