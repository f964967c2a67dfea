"""The decision report as one page: a summary of one printed page, then the details, for one spec or several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from markupsafe import Markup

from vatspolicy.core.engine.result import Record
from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import STATES, VERDICTS
from vatspolicy.reports.decision import (
    digest,
    doubt,
    memo,
    pictures,
    summary,
    tasks,
)
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, BY_NAME, KINDS, POLICY
from vatspolicy.reports.formats.html_page import Entry, Frame, place_entries, read_asset, render_page
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.formats.templating import render_html
from vatspolicy.reports.timeline.words import WORDS as AHEAD
from vatspolicy.reports.timeline.words import say_change, say_fact, say_law, told
from vatspolicy.reports.words import GROUPS, ROUTE_TONES, TONES, say_deciding, way_of

GRADES = {"primary": "good", "secondary": "warn", "unverified": "bad"}
_IN_FULL = 8
"""Decisions on one page up to which its contents list their sections."""
_NAMES = {
    "AHEAD": AHEAD,
    "GRADES": GRADES,
    "GROUPS": GROUPS,
    "ROUTE_TONES": ROUTE_TONES,
    "STATES": STATES,
    "TONES": TONES,
    "VERDICTS": VERDICTS,
    "by_authority": tasks.by_authority,
    "by_day": tasks.by_day,
    "by_kind": doubt.by_kind,
    "counts": lambda days: {day: len(found) for day, found in days.items()},
    "fact_in_words": memo.fact_in_words,
    "group_readings": doubt.group_readings,
    "no_license": memo.no_license,
    "make_calendar": pictures.make_calendar,
    "make_picture": pictures.make_picture,
    "offset": pictures.offset,
    "open_facts": digest.open_facts,
    "route_points": pictures.route_points,
    "rules_of": lambda findings: [rule for _, rule in sorted({one.rule: one for one in findings}.items())],
    "say_basis": doubt.say_basis,
    "say_change": say_change,
    "say_denial": memo.say_denial,
    "say_fact": say_fact,
    "say_finding": digest.say_finding,
    "say_kind": doubt.say_kind,
    "say_law": say_law,
    "say_opinion": doubt.say_opinion,
    "say_other": doubt.say_other,
    "say_waived": digest.say_waived,
    "say_worst": doubt.say_worst,
    "some_waived": digest.some_waived,
    "told": told,
    "way_of": way_of,
    "without_day": tasks.without_day,
}
"""Tables and functions that templates use."""


LEAVES_OUT = {
    BY_EXPLAIN: f"Duty.version Advice.version {POLICY} Explanation.location",
    BY_KIND: f"{KINDS} Denial.reasons",
    BY_NAME: "Duty.rule Duty.subject Advice.rule Advice.subject",
    "The law in front of the page names its layers.": "Denial.layer Need.layer Advice.layer",
}


def render(
    records: Iterable[Record], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Remark] = ()
) -> str:
    """Render a page of all decisions (records), the worst first, then specs not decided, then waivers."""
    records, problems, remarks = list(records), sorted(set(problems)), list(remarks)
    single, say = len(records) == 1 and not problems, Sentences(lang)
    order = summary.worst_first(records)
    made = [_Decision(record, lang, "" if single else f"d{place}-", single) for place, record in enumerate(order, 1)]
    entries: list[Entry]
    if single:
        head = f"{made[0].memo.verdict}{say.colon}{made[0].name}"
        entries = place_entries(made[0].places())
    else:
        head = say.html("title_many", count=len(made))
        entries = [(one.name, one.say.place("top"), () if len(made) > _IN_FULL else one.places()) for one in made]
    remarks_head = say.word(digest.WAIVER_WORDS, "remarks")
    if problems:
        entries.append((say.phrase("undecided"), "undecided", ()))
    if remarks:
        entries.append((remarks_head, "waivers", ()))
    rules = dict.fromkeys(say.deciding(one.bundle) for one in records)
    end = say.gap.join(rules)
    return render_page(
        "decision/run.html.j2",
        Frame(head, lang, style=read_asset("decision.css"), toc=entries, end=end),
        contested=say.html("contested_class"),
        decisions=made,
        heads=_heads(say),
        problems=problems,
        remark_place=digest.remark_place,
        remarks=remarks,
        remarks_head=remarks_head,
        say=say,
        say_remark=digest.say_remark,
        single=single,
    )


def fragment(record: Record, lang: Language, prefix: str) -> Markup:
    """Render a decision for another page, which adds decision.css. `prefix` begins every id."""
    return _Decision(record, lang, prefix, False).html()


def _heads(say: Sentences) -> Callable[..., list[str]]:
    return lambda *keys: [say.html(key) for key in keys]


class _Decision:
    """A decision of the page."""

    def __init__(self, record: Record, lang: Language, prefix: str, single: bool) -> None:
        self.record, self.say = record, Sentences(lang, prefix)
        self.h = [f"h{level if single else level + 1}" for level in (1, 2, 3, 4)]
        self.name = record.title
        self.decided, self.tone = self.say.word(VERDICTS, record.decision), TONES[record.decision]
        self.memo = memo.make_memo(record, self.say)
        self.regulations = sorted(self.say.by_policy(memo.cited_articles(record)), key=lambda found: found[0].policy)
        self.facts = memo.facts_read(record)
        self.sections = [(key, title) for key, title, shown in self._parts() if shown]

    @property
    def licenses_count(self) -> int:
        """The number of licenses to get; alternatives count once."""
        return sum(not one.alternative for one in self.memo.licenses)

    def places(self) -> list[tuple[str, str]]:
        """Return the titles of the sections, with their ids."""
        say = self.say
        return [(say.html("licenses"), say.place("licenses")), *((head, say.place(key)) for key, head in self.sections)]

    def _parts(self) -> Iterator[tuple[str, str, object]]:
        """Yield key, title, and whether there is anything to show, of each section."""
        record, say = self.record, self.say
        yield "waived", say.word(digest.WAIVER_WORDS, "waived"), record.waived
        yield "because", say.html("because"), record.denials
        yield "missing", say.phrase("missing"), record.missing
        yield "opinions", say.word(doubt.WORDS, "opinions"), record.opinions
        yield "services", say.html("services"), record.services
        yield "met", say.phrase("met"), record.held
        yield "to-do", say.html("to_do"), self.memo.tasks
        yield "calendar", say.html("calendar"), self.memo.tasks and record.decision != "deny"
        yield "ahead", say.word(AHEAD, "ahead"), self.memo.ahead
        yield "contested", say.phrase("contested"), record.contested
        yield "advice", say.phrase("advice"), record.advice
        yield "undetermined", say.html("undetermined"), record.undetermined and record.decision != "incomplete"
        yield "law", say.html("law"), self.regulations
        yield "facts", say.html("facts"), self.facts

    def html(self) -> Markup:
        """Render the decision."""
        record, say, made = self.record, self.say, self.memo
        return render_html(
            "decision/decision.html.j2",
            **_NAMES,
            ahead_head=say.word(AHEAD, "ahead"),
            memo=made,
            checklist="" if record.decision == "deny" else tasks.checklist(record, say),
            record=record,
            facts=self.facts,
            filings_head=memo.say_filings(made, record, say),
            h=self.h,
            heads=_heads(say),
            law=say_deciding(record.bundle, say.lang),
            held=[say.text(one.instrument.title) for one in record.held if one.instrument],
            matters=[doubt.say_matter(one, say.lang) for ask in record.missing for one in ask.about],
            regulations=self.regulations,
            say=say,
            sections=self.sections,
            several_services=len(record.services) > 1,
            tone=self.tone,
        )
