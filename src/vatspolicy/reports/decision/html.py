"""The decision report as one page: a summary of one printed page, then the details, for one spec or several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from markupsafe import Markup

from vatspolicy.errors import Problem
from vatspolicy.i18n.words import STATES, VERDICTS
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision import (
    basis,
    brief,
    calendar_picture,
    digest,
    doubt,
    opinions,
    route_diagram,
    summary,
    tasks,
)
from vatspolicy.reports.formats.html_page import Entry, Frame, place_entries, read_asset, render_page
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.formats.templating import render_html
from vatspolicy.reports.timeline.words import WORDS as AHEAD
from vatspolicy.reports.timeline.words import say_change, say_fact, say_law, told
from vatspolicy.reports.words import GROUPS, ROUTE_TONES, TONES, value_of, way_of

Data = Mapping[str, Any]
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
    "fact_in_words": basis.fact_in_words,
    "group_readings": doubt.group_readings,
    "no_license": brief.no_license,
    "make_calendar": calendar_picture.make_calendar,
    "make_picture": route_diagram.make_picture,
    "offset": calendar_picture.offset,
    "open_facts": digest.open_facts,
    "route_points": route_diagram.route_points,
    "rules_of": lambda findings: [rule for _, rule in sorted({one["rule"]: one for one in findings}.items())],
    "say_basis": doubt.say_basis,
    "say_change": say_change,
    "say_denial": brief.say_denial,
    "say_fact": say_fact,
    "say_finding": digest.say_finding,
    "say_kind": doubt.say_kind,
    "say_law": say_law,
    "say_opinion": opinions.say_opinion,
    "say_other": doubt.say_other,
    "say_waived": digest.say_waived,
    "say_worst": doubt.say_worst,
    "some_waived": digest.some_waived,
    "told": told,
    "value_of": value_of,
    "waived_findings": digest.waived_findings,
    "way_of": way_of,
    "without_day": tasks.without_day,
}
"""Tables and functions that templates use."""


def render(
    records: Iterable[Data], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Data] = ()
) -> str:
    """Render a page of all decisions (records), the worst first, then specs not decided, then waivers."""
    records, problems, remarks = list(records), sorted(set(problems)), list(remarks)
    single, say = len(records) == 1 and not problems, Sentences(lang)
    order = summary.worst_first(records)
    made = [_Decision(data, lang, "" if single else f"d{place}-", single) for place, data in enumerate(order, 1)]
    entries: list[Entry]
    if single:
        head = f"{made[0].brief.verdict}{say.colon}{made[0].name}"
        entries = place_entries(made[0].places())
    else:
        head = say.html("title_many", count=len(made))
        entries = [(one.name, one.say.place("top"), () if len(made) > _IN_FULL else one.places()) for one in made]
    remarks_head = say.word(digest.WAIVER_WORDS, "remarks")
    if problems:
        entries.append((say.phrase("undecided"), "undecided", ()))
    if remarks:
        entries.append((remarks_head, "waivers", ()))
    rules = dict.fromkeys(say.deciding(data["bundle"]) for data in records)
    end = say.gap.join([say.phrase("not_advice"), *rules])
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


def fragment(data: Data, lang: Language, prefix: str) -> Markup:
    """Render a decision for another page, which adds decision.css. `prefix` begins every id."""
    return _Decision(data, lang, prefix, False).html()


def _heads(say: Sentences) -> Any:
    return lambda *keys: [say.html(key) for key in keys]


class _Decision:
    """A decision of the page."""

    def __init__(self, data: Data, lang: Language, prefix: str, single: bool) -> None:
        self.data, self.say = data, Sentences(lang, prefix)
        self.h = [f"h{level if single else level + 1}" for level in (1, 2, 3, 4)]
        self.name = str(data["title"])
        self.decided, self.tone = self.say.word(VERDICTS, data["decision"]), TONES[data["decision"]]
        self.brief = brief.make_brief(data, self.say)
        self.held = [one for one in data["met"] if "instrument" in one]
        self.regulations = sorted(self.say.by_policy(basis.cited_articles(data)), key=lambda found: found[0]["policy"])
        self.facts = basis.facts_read(data)
        self.sections = [(key, title) for key, title, shown in self._parts() if shown]

    @property
    def licenses_count(self) -> int:
        """The number of licenses to get; alternatives count once."""
        return sum(not one.alternative for one in self.brief.licenses)

    def places(self) -> list[tuple[str, str]]:
        """Return the titles of the sections, with their ids."""
        say = self.say
        return [(say.html("licenses"), say.place("licenses")), *((head, say.place(key)) for key, head in self.sections)]

    def _parts(self) -> Iterator[tuple[str, str, object]]:
        """Yield key, title, and whether there is anything to show, of each section."""
        data, say = self.data, self.say
        yield "waived", say.word(digest.WAIVER_WORDS, "waived"), "remaining" in data and digest.waived_findings(data)
        yield "because", say.html("because"), data["denials"]
        yield "missing", say.phrase("missing"), data["missing"]
        yield "opinions", say.word(opinions.WORDS, "opinions"), data["opinions"]
        yield "services", say.html("services"), data["services"]
        yield "met", say.phrase("met"), self.held
        yield "to-do", say.html("to_do"), self.brief.tasks
        yield "calendar", say.html("calendar"), self.brief.tasks and data["decision"] != "deny"
        yield "ahead", say.word(AHEAD, "ahead"), self.brief.ahead
        yield "contested", say.phrase("contested"), data["contested"]
        yield "advice", say.phrase("advice"), data["advice"]
        yield "undetermined", say.html("undetermined"), data["undetermined"] and data["decision"] != "incomplete"
        yield "law", say.html("law"), self.regulations
        yield "facts", say.html("facts"), self.facts

    def html(self) -> Markup:
        """Render the decision."""
        data, say, made = self.data, self.say, self.brief
        return render_html(
            "decision/decision.html.j2",
            **_NAMES,
            ahead_head=say.word(AHEAD, "ahead"),
            brief=made,
            checklist="" if data["decision"] == "deny" else tasks.checklist(data, say),
            data=data,
            facts=self.facts,
            filings_head=brief.say_filings(made, data, say),
            h=self.h,
            heads=_heads(say),
            held=[say.text(one["instrument"]["title"]) for one in self.held],
            matters=[opinions.say_matter(one, say.lang) for ask in data["missing"] for one in ask.get("about", ())],
            regulations=self.regulations,
            say=say,
            sections=self.sections,
            several_services=len(data["services"]) > 1,
            tone=self.tone,
        )
