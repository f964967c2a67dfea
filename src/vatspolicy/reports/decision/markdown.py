"""Markdown for job summaries and pull requests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from vatspolicy.core.engine.result import ConditionRecord, DutyRecord, FindingRecord, Record, RouteRecord
from vatspolicy.core.policies.deadlines import GROUPS as GROUP_ORDER
from vatspolicy.gate.judgement import Judgement
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.words import STATES, VERDICTS, Table, aside, joint, number, word
from vatspolicy.output import Style
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, rank
from vatspolicy.reports.decision.results import say_failures
from vatspolicy.reports.decision.summary import say_gate
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, BY_LICENSE, BY_NAME, KINDS, POLICY, VERSIONS
from vatspolicy.reports.formats.templating import render_markdown, trust
from vatspolicy.reports.words import GROUPS, ROUTE_MARKS, cited, law_of, phrase, say_check, say_deciding, way_of

ICONS = {"allow": "✅", "needs-license": "📄", "deny": "⛔", "incomplete": "❔"}
WORDS: Table = {
    "decision": Phrase("Decision"),
    "spec": Phrase("Spec", "decision markdown"),
    "gate": Phrase("Gate"),
    "fails": Phrase("FAILS: {failures}"),
    "ok": Phrase("passes"),
    "invalid": Phrase("FAILS: invalid"),
    "gate_fails": Phrase("The gate fails (--fail-on {fail_on}): {failures}."),
}
_SECTIONS = trust("\0")
"""Placeholder for the decisions in the report."""


LEAVES_OUT = {
    BY_EXPLAIN: f"product launch {VERSIONS} {POLICY} Explanation.clauses Explanation.location",
    BY_KIND: f"{KINDS} Denial.reasons Need.message Duty.message",
    BY_NAME: "Need.rule Duty.rule Duty.subject Advice.rule Advice.subject",
    BY_LICENSE: "met Need.routes Need.nearest",
}


class Report(pieces.Report):
    """The result of the gate, a section per decision, then waivers, then the specs that could not be decided. Several
    specs begin with a table, and everywhere the worst is first.
    """

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return the section of a decision, and its row of the table as JSON."""
        lang, judgement = self.lang, self.judgement
        return _render(record, lang, judgement), json.dumps(make_row(record, lang, judgement))

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the report."""
        lang, gate, problems = self.lang, run.gate, sorted(set(run.problems))
        order, files = entries.sort(rank), dict.fromkeys(problem.file for problem in problems)
        rows = table_rows(files, (json.loads(row) for _, row in entries.texts(order)), lang)
        frame = render_markdown(
            "decision/run.md.j2",
            **_words(lang),
            decisions=[_SECTIONS] if order else [],
            gate=say_gate(gate, entries.summaries, lang, Style(False), 0, one_line=True) if gate else (),
            heads=say_heads(lang),
            icons=ICONS,
            overview=rows if len(rows) > 1 else [],
            problems=problems,
            remarks=list(run.remarks or ()),
        )
        before, _, after = frame.partition(_SECTIONS)
        yield before
        between = ""
        for text, _ in entries.texts(order):
            yield between + text.strip("\n")
            between = "\n\n"
        yield after


Row: TypeAlias = tuple[str, str, str, str, str]
"""A row of the table of specs: icon, decision, title, file, and the outcome for the gate."""


def say_heads(lang: Language) -> list[str]:
    """Return the heads of the table of specs."""
    return [word(WORDS, key, lang) for key in ("decision", "spec", "gate")]


def table_rows(invalid: Iterable[str], decided: Iterable[Row], lang: Language) -> list[Row]:
    """Return a row for each spec: first files that could not be decided, then the decisions, whose worst is first."""
    outcome = word(WORDS, "invalid", lang)
    return [*((ICONS["incomplete"], phrase("undecided", lang), "", file, outcome) for file in invalid), *decided]


def make_row(record: Record, lang: Language, judgement: Judgement) -> Row:
    """Return the row of a decision."""
    failures = judgement.find_failures(record)
    outcome = word(WORDS, "fails", lang, failures=say_failures(failures)) if failures else word(WORDS, "ok", lang)
    return ICONS[record.decision], digest.say_verdict(record, lang), record.title, record.file, outcome


def _words(lang: Language) -> dict[str, object]:
    """Return the functions that templates use for phrases, and the tables of phrases."""
    return {
        "GROUPS": GROUPS,
        "STATES": STATES,
        "VERDICTS": VERDICTS,
        "digest": digest,
        "WORDS": WORDS,
        "lang": lang,
        "phrase": partial(phrase, lang=lang),
        "say_law": partial(say_deciding, lang=lang),
        "word": partial(word, lang=lang),
    }


def _render(record: Record, lang: Language, judgement: Judgement) -> str:
    """Render one decision."""
    failures = judgement.find_failures(record)
    return render_markdown(
        "decision/decision.md.j2",
        **_words(lang),
        ahead=digest.changes_ahead(record, lang),
        asks=lambda finding: dict.fromkeys(ask.path for ask in finding.asks),
        bodies=lambda authority: joint("list", lang).join(body.title[lang] for body in authority),
        colon=joint("colon", lang),
        comma=joint("comma", lang),
        record=record,
        duties=_duties(record),
        open_duties=digest.say_open_duties(record, lang),
        fail_on=judgement.fail_on,
        failures=say_failures(failures) if failures else "",
        hint=digest.say_hint(record, lang),
        icon=ICONS[record.decision],
        law_of=law_of,
        say_check=say_check,
        limits=digest.say_limits(record, lang),
        marks={state: mark for state, (mark, _) in ROUTE_MARKS.items()},
        meaning=digest.say_meaning(record, lang),
        name_article=cited,
        notes=list(_notes(record)),
        reasons=partial(digest.say_reasons, lang=lang),
        route_points=partial(_route_points, lang=lang),
        semicolon=joint("semicolon", lang),
        subject_of=lambda finding: str(finding.subject),
        verdict=digest.say_verdict(record, lang),
        waived=digest.some_waived(record, lang),
        way_of=way_of,
        worst=digest.say_worst(record.worst_reading, lang),
    )


def _route_points(route: RouteRecord, lang: Language) -> list[str]:
    """Return the reasons why a route is not open: the share, failing or unknown conditions, and unread articles."""
    points = []
    if route.share_too_high and route.max_foreign_percent is not None:
        points.append(phrase("share_too_high", lang, percent=number(route.max_foreign_percent)))
    for condition in route.conditions:
        if not condition.applies:
            continue
        if condition.value is False and route.state == "closed":
            points.append(_point("fails", condition, lang))
        if condition.value is None and route.state == "unknown":
            points.append(_point("open_point", condition, lang))
    if route.state == "unknown":
        points += [phrase("unread", lang, name=name) for name in route.unread]
    return points


def _point(key: str, condition: ConditionRecord, lang: Language) -> str:
    """Return a condition with its check and its law."""
    check = say_check(condition.why.check, lang)
    basis = f"{check}{joint('semicolon', lang)}{law_of(condition.why.citations, lang)}"
    return phrase(key, lang, message=condition.message[lang]) + aside(basis, lang)


def _duties(record: Record) -> dict[str, list[DutyRecord]]:
    """Return the duties by group of deadlines, in order, those of one authority together."""
    groups = {
        group: digest.merge_duties(duty for duty in record.duties if duty.deadline.group == group)
        for group in GROUP_ORDER
    }
    return {
        group: sorted(duties, key=lambda duty: [body.id for body in duty.authority])
        for group, duties in groups.items()
        if duties
    }


def _notes(record: Record) -> Iterator[tuple[str, Sequence[FindingRecord]]]:
    """Yield advice and undetermined rules, each once. An incomplete decision shows questions instead."""
    if record.advice:
        yield "advice", digest.by_kind(record.advice)
    if record.undetermined and record.decision != "incomplete":
        once = {finding.rule: finding for finding in reversed(record.undetermined)}
        yield "undetermined", [*reversed(once.values())]
