"""The memo on a decision in words: tasks, reason, licenses, obstacles, other readings, sources, changes ahead."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vatspolicy.core.engine.result import (
    Citation,
    DutyRecord,
    FactRecord,
    FindingRecord,
    NeedRecord,
    Record,
    RouteRecord,
)
from vatspolicy.core.policies.deadlines import GROUPS
from vatspolicy.core.policies.model import VERIFICATIONS
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.i18n.words import count, join_two, number, word
from vatspolicy.reports.decision import digest, summary
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, EXPLAINED, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.formats.templating import render_markdown
from vatspolicy.reports.words import VERIFICATION

# --- tasks: licenses to get and duties, each once, in the order of their deadlines


_OWN = ("self",)
"""Authority for records that a company keeps on file, which come last."""


@dataclass
class MemoTask:
    """A task."""

    title: str
    bodies: tuple[str, ...]
    body_names: str
    bearer: str
    """The party that must hold the license or perform the duty."""
    when: str
    """The deadline with its last day, or the day of completion."""
    rule: str
    """The deadline in the words of the law."""
    group: str
    day: str | None
    done: bool = False
    message: str = ""
    ways: list[str] = field(default_factory=list)
    """Titles of alternative licenses for a need."""
    citations: Sequence[Citation] = ()
    license: bool = False


def items(record: Record, say: PageWords) -> list[MemoTask]:
    """Return licenses to get, then duties, each once for each group of deadlines, in their order."""
    tasks = [_license(finding, record, say) for finding in record.licenses]
    for group in GROUPS:
        duties = digest.merge_duties(duty for duty in record.duties if duty.deadline.group == group)
        tasks += [_duty(duty, say) for duty in duties]
    return tasks


def _license(finding: NeedRecord, record: Record, say: PageWords) -> MemoTask:
    offers = finding.offers
    ways = []
    for offer in offers:
        text = say.text(offer.instrument.title)
        if offer.route is not None:
            way = say.phrase("route", route=say.text(finding.route(offer.route).title))
            text += say.aside(f"{offer.class_}{say.comma}{way}")
        ways.append(text)
    service = finding.subject.service
    return MemoTask(
        title=(f"{service}{say.colon}" if service else "")
        + (ways[0] if len(ways) == 1 else say.text(finding.message))
        + digest.waived_mark(finding, say.lang),
        bodies=tuple(body.id for body in offers[0].authority),
        body_names=say.bodies(offers[0].authority),
        bearer=digest.say_bearer(finding, say.lang),
        when=say.html("to_get"),
        rule=say.html("to_get"),
        group="before-launch",
        day=record.launch,
        message=say.text(finding.message) if len(ways) == 1 else say.html("one_of", count=len(ways)),
        ways=[f"{way}{say.comma}{say.bodies(offer.authority)}" for way, offer in zip(ways, offers, strict=True)]
        if len(ways) > 1
        else [],
        citations=finding.citations,
        license=True,
    )


def _duty(duty: DutyRecord, say: PageWords) -> MemoTask:
    deadline, done = duty.deadline, duty.state == "done"
    when = say.text(deadline.text)
    if deadline.date:
        when += say.aside(say.phrase("by", day=deadline.date))
    return MemoTask(
        title=say.text(duty.instrument.title),
        bodies=tuple(body.id for body in duty.authority),
        body_names=say.bodies(duty.authority),
        bearer=digest.say_bearer(duty, say.lang),
        when=say.phrase("done", day=duty.done_on) if done else when,
        rule=say.text(deadline.text),
        group=deadline.group,
        day=deadline.date,
        done=done,
        message=say.text(duty.message),
        citations=duty.citations,
    )


def checklist(record: Record, say: PageWords) -> str:
    """Return licenses and duties before the launch as a task list in Markdown, or an empty text."""
    tasks = [item for item in items(record, say) if item.group == "before-launch"]
    if not tasks:
        return ""
    head = say.html("before_launch_by", day=record.launch) if record.launch else say.html("before_launch")
    text = render_markdown(
        "decision/checklist.md.j2", record=record, facts=lambda item: _facts(item, say), head=head, items=tasks, say=say
    )
    return text.replace("\\(", "(").replace(
        "\\)", ")"
    )  # readable unrendered; behind an escaped bracket they link nothing


def _facts(item: MemoTask, say: PageWords) -> list[str]:
    """Return the authority of a task, the day of its completion, and its law."""
    law = digest.merge_citations(item.citations, say.lang, False)
    return [item.body_names, item.bearer, *([item.when] if item.done else []), *law]


def by_authority(tasks: Iterable[MemoTask]) -> list[list[MemoTask]]:
    """Return tasks by authority; records that the company keeps on file come last."""
    groups: dict[tuple[str, ...], list[MemoTask]] = {}
    for item in tasks:
        groups.setdefault(item.bodies, []).append(item)
    return [groups[bodies] for bodies in sorted(groups, key=lambda bodies: bodies == _OWN)]


def by_day(tasks: Iterable[MemoTask]) -> dict[str, list[MemoTask]]:
    """Return open tasks with a day, by day."""
    days: dict[str, list[MemoTask]] = {}
    for item in tasks:
        if item.day and not item.done:
            days.setdefault(item.day, []).append(item)
    return dict(sorted(days.items()))


def without_day(tasks: Iterable[MemoTask]) -> dict[str, dict[str, list[MemoTask]]]:
    """Return open tasks without a day, by group and wording of the deadline."""
    groups: dict[str, dict[str, list[MemoTask]]] = {}
    for item in tasks:
        if not item.day and not item.done:
            groups.setdefault(item.group, {}).setdefault(item.when, []).append(item)
    return {group: groups[group] for group in GROUPS if group in groups}


# --- the memo


_REGULATIONS = 5
"""Maximum number of regulations listed for each grade of sources."""


LEAVES_OUT = {
    BY_EXPLAIN: f"product met undetermined Denial.rule Need.rule Duty.rule Advice.rule {VERSIONS} {POLICY}"
    " Denial.layer Need.layer Advice.layer Advice.kind Advice.message Advice.subject",
    BY_KIND: f"{KINDS} Denial.reasons Need.message Duty.subject Duty.message",
    EXPLAINED: f"Denial.citations {WHY}",
    "Whoever reads this looks at no file of the spec or the law.": "Explanation.location",
}


@dataclass(frozen=True)
class LicenseToGet:
    """A license to get; `alternative` marks a license that may replace the preceding one."""

    title: str
    service: str
    authority: str
    bearer: str
    """The required holder."""
    activity: str
    route: str
    citations: Sequence[Citation]
    alternative: bool


@dataclass(frozen=True)
class Block:
    """An obstacle, and the nearest way around it."""

    text: str
    way: str


@dataclass(frozen=True)
class Memo:
    """Head of a memo, which counsel reads first."""

    verdict: str
    reason: str
    remarks: list[str]
    """Opinions, other readings and waivers, each in a sentence."""
    notices: Sequence[str]
    """The day of the last check of the law, facts read as none, quality of the sources, and the disclaimer."""
    open_duties: str
    """The sentence that further duties may apply, with the facts that settle them; empty if there are none."""
    opinions: list[str]
    licenses: list[LicenseToGet]
    tasks: list[MemoTask]
    blocks: list[Block]
    contested: list[tuple[str, list[str]]]
    """The subject and message of a rule with other readings, and the readings."""
    sources: str
    weak: list[tuple[str, str]]
    """Grades below primary with their articles, the weakest first."""
    ahead: list[str]

    @property
    def filings(self) -> list[MemoTask]:
        """Open filings and duties, without licenses."""
        return [item for item in self.tasks if not item.license and not item.done]

    @property
    def before_launch(self) -> list[MemoTask]:
        """Open filings and duties before the launch."""
        return [item for item in self.filings if item.group == "before-launch"]

    @property
    def dated(self) -> list[MemoTask]:
        """Open filings and duties with a day, other than those before the launch, the first day first."""
        tasks = [item for item in self.filings if item.day and item.group != "before-launch"]
        return sorted(tasks, key=lambda item: str(item.day))

    @property
    def undated(self) -> list[MemoTask]:
        """Open filings and duties without a day, other than those before the launch."""
        return [item for item in self.filings if not item.day and item.group != "before-launch"]


def make_memo(record: Record, say: PageWords) -> Memo:
    """Build the memo on a decision (a record)."""
    lang = say.lang
    contest = digest.say_hint(record, lang)
    remarks = [
        *digest.say_standing(record.opinions, lang),
        say.phrase("contested") + say.colon + contest + say.stop if contest else None,
        digest.some_waived(record, lang),
    ]
    sources, weak = _sources(record, say)
    return Memo(
        verdict=digest.say_verdict(record, lang),
        reason=say_reason(record, say),
        remarks=[remark for remark in remarks if remark],
        notices=digest.say_limits(record, lang),
        open_duties=digest.say_open_duties(record, lang),
        opinions=[digest.say_opinion(opinion, lang) for opinion in record.opinions],
        licenses=list(_licenses(record, say)),
        tasks=items(record, say),
        blocks=[*_blocks(record, say)],
        contested=[
            (
                f"{readings[0].subject}{say.colon}{say.text(readings[0].message)}",
                [digest.say_other(reading, lang, folded=True) for reading in readings],
            )
            for readings in digest.group_readings(record.contested)
        ],
        sources=sources,
        weak=weak,
        ahead=[text for _, text in digest.changes_ahead(record, lang)],
    )


def say_reason(record: Record, say: PageWords) -> str:
    """Return the meaning of the decision, with the open range or the first reasons of a denial."""
    text = digest.say_meaning(record, say.lang)
    if record.denials:
        first, more = record.denials[0], len(record.denials) - 1
        text += say.gap + say.subject(first) + say_denial(first, say).rstrip(".。")
        text += (say.aside(say.html("and_more", count=more)) if more else "") + say.stop
    return text


def say_filings(made: Memo, record: Record, say: PageWords) -> str:
    """Return the number of filings and duties as a heading."""
    parts = zip(("filings", "own"), digest.split_duties(record), strict=True)
    counts = [count(summary.COUNTS, key, len(duties), say.lang) for key, duties in parts if duties]
    before = word(summary.WORDS, "before", say.lang, todo=join_two(counts, say.lang)) if counts else ""
    later = len(made.filings) - len(made.before_launch)
    parts_told = [before, say.html("later_count", count=later) if later else ""]
    heading = say.html("filings_denied" if record.decision == "deny" else "filings")
    return heading + say.colon + say.comma.join(filter(None, parts_told)) if any(parts_told) else heading


def say_denial(finding: FindingRecord, say: PageWords) -> str:
    """Return the reason of a denial."""
    return " · ".join(digest.say_reasons(finding, say.lang)) or say.text(finding.message)


def no_license(record: Record, say: PageWords) -> str:
    """Return the sentence for a decision without a license to get."""
    return say.html({"allow": "no_license", "deny": "no_license_helps"}.get(record.decision, "no_license_yet"))


def _licenses(record: Record, say: PageWords) -> Iterator[LicenseToGet]:
    activities = {
        (service.id, activity.class_): say.text(activity.title)
        for service in record.services
        for activity in service.activities
    }
    for finding in record.licenses:
        service = finding.subject.service
        for position, offer in enumerate(finding.offers):
            name = offer.class_ or finding.subject.class_
            yield LicenseToGet(
                title=say.text(offer.instrument.title) + digest.waived_mark(finding, say.lang),
                service=service or "",
                authority=say.bodies(offer.authority),
                bearer=digest.say_bearer(finding, say.lang),
                activity=activities.get((service or "", name or ""), name or ""),
                route=say.text(finding.route(offer.route).title) if offer.route else "",
                citations=finding.citations,
                alternative=position > 0,
            )


def _blocks(record: Record, say: PageWords) -> Iterator[Block]:
    for finding in record.denials:
        text = f"{say.subject(finding)}{say_denial(finding, say)}{digest.waived_mark(finding, say.lang)}"
        way = nearest_route(finding, say)
        yield Block(text, way or (say.html("fixable") if finding.is_curable else ""))
    for ask in record.missing:
        yield Block(say.text(ask.question), say.html("add_fact", path=ask.path))


def nearest_route(finding: FindingRecord, say: PageWords) -> str:
    """Return the nearest closed route and its failing conditions; empty if there are no routes."""
    route = finding.nearest_route
    if route is None:
        return ""
    cap = route.max_foreign_percent
    unmet = [say.html("share_cap", percent=number(cap))] if cap is not None and route.share_too_high else []
    unmet += [say.text(condition.message).rstrip(".。") for condition in route.failing]
    return say.html("nearest", route=say.text(route.title), conditions=say.semicolon.join(unmet))


def _sources(record: Record, say: PageWords) -> tuple[str, list[tuple[str, str]]]:
    """Return the number of checked articles, and the other cited articles by grade."""
    articles = {(cited.policy, cited.key): cited for cited in cited_articles(record)}
    by_grade = {
        grade: [article for article in articles.values() if article.verification == grade] for grade in VERIFICATIONS
    }
    counts = {grade: len(by_grade[grade]) for grade in VERIFICATIONS}
    if not articles:
        return say.html("sources_none"), []
    sentence = say.html("sources_count", count=len(articles), primary=counts["primary"])
    if record.verification:
        sentence = say.word(VERIFICATION, record.verification) + say.gap + sentence
    weak = [
        (say.html(f"sources_{grade}", count=counts[grade]), _names(by_grade[grade], say))
        for grade in reversed(VERIFICATIONS[1:])
        if counts[grade]
    ]
    return sentence, weak


def _names(articles: Sequence[Citation], say: PageWords) -> str:
    """Return the regulations of articles in one line, each with the number of its articles; the first few."""
    regulations = say.by_policy(articles)
    names = [
        say.text(cited[0].title) + (say.aside(str(len(cited))) if len(cited) > 1 else "")
        for cited in regulations[:_REGULATIONS]
    ]
    if len(regulations) > _REGULATIONS:
        names.append(say.html("and_more", count=len(regulations) - _REGULATIONS))
    return say.semicolon.join(names)


Steps = tuple[str | int, ...]

_STEP = re.compile(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|\.?([\w-]+)')


def cited_articles(record: Record) -> Iterator[Citation]:
    """Yield every citation of findings, routes and conditions."""
    return (cited for citations, _ in _grounds(record) for cited in citations)


def facts_read(record: Record) -> list[FactRecord]:
    """Return every stated fact that a finding or a condition of a route read, in the order of the spec."""
    facts = {fact.path: fact for _, read in _grounds(record) for fact in read if fact.value is not None}
    return sorted(facts.values(), key=lambda fact: (fact.line, fact.column, fact.path))


def _grounds(record: Record) -> Iterator[tuple[Sequence[Citation], Sequence[FactRecord]]]:
    """Yield the citations and the facts of each finding, and of the routes of findings and services."""
    for finding in (*record.denials, *record.licenses, *record.met, *record.duties, *record.advice):
        yield finding.citations, finding.why.facts
        yield from _of_routes(finding.routes or () if isinstance(finding, NeedRecord) else ())
    for service in record.services:
        for activity in service.activities:
            yield from _of_routes(activity.routes)


def _of_routes(routes: Iterable[RouteRecord]) -> Iterator[tuple[Sequence[Citation], Sequence[FactRecord]]]:
    for route in routes:
        yield route.citations, ()
        yield from ((condition.why.citations, condition.why.facts) for condition in route.conditions)


def steps(path: str) -> Steps:
    """Split a path as a report writes it (`services[0].offers`) into its steps."""
    return tuple(
        int(index) if index else json.loads(f'"{quoted}"') if quoted else name
        for index, quoted, name in _STEP.findall(path)
    )


def value_in_words(path: Steps, value: object, say: PageWords) -> str:
    """Return a value in words, in the language of the page."""
    return say.text(FactWording().value(value, path))


def fact_in_words(fact: FactRecord, say: PageWords) -> tuple[str, str]:
    """Return the title of a fact that a finding read, as in its schema, and its value."""
    path = steps(fact.path)
    return say.text(FactWording().name(path)), value_in_words(path, fact.value, say)
