"""Everything about one decision as text: conditions, articles and their words, every duty, notes for review."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from vatspolicy.core.engine.result import (
    Authority,
    Citation,
    ConditionExplanation,
    DutyRecord,
    Explanation,
    FindingRecord,
    NeedRecord,
    Record,
    RouteRecord,
)
from vatspolicy.core.policies.deadlines import GROUPS as GROUP_ORDER
from vatspolicy.i18n import Language, LocalizedText
from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import STATES, VERDICTS, aside, count, joint, number, word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision import digest
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, BY_LICENSE, BY_NAME, KINDS, POLICY, VERSIONS
from vatspolicy.reports.words import COLORS, COUNTS, GROUPS, ROUTE_MARKS, cited, phrase, say_check, say_deciding, way_of

_STATE_COLORS = {"classified": "yellow", "not-telecom": "green", "partly-classified": "blue", "unclassified": "blue"}
_SAID_ABOVE = ("before-launch", "continuing")
"""Groups of duties whose heading states the deadline."""


LEAVES_OUT = {
    BY_EXPLAIN: f"product launch {VERSIONS} {POLICY} Explanation.clauses Explanation.location",
    BY_KIND: f"{KINDS} Denial.reasons Need.message",
    BY_NAME: "Need.rule Duty.rule Duty.subject Advice.rule Advice.subject",
    BY_LICENSE: "Need.routes Need.nearest",
}


def detail_lines(record: Record, lang: Language, style: Style, room: int) -> list[str]:
    """Return everything about a decision (a record)."""
    return list(_Details(record, lang, style, room).lines())


class _Details:
    def __init__(self, record: Record, lang: Language, style: Style, room: int) -> None:
        self.record, self.lang, self.style, self.room = record, lang, style, room
        self.comma, self.colon = joint("comma", lang), joint("colon", lang)
        self.quoted: set[tuple[str, str]] = set()

    def lines(self) -> Iterator[str]:
        yield from self.verdict()
        yield from self.waived()
        yield from self.denials()
        yield from self.missing()
        yield from self.opinions()
        yield from self.licenses(self.record.needs, "get")
        yield from self.services()
        yield from self.met()
        yield from self.licenses(self.record.would_need, "would_get")
        yield from self.duties()
        yield from self.notes()
        yield from self.undetermined()
        yield from self.ahead()
        yield ""
        for sentence in digest.say_limits(self.record, self.lang):
            yield from self.flow(clean(sentence), "", "dim")

    # --- building blocks

    def say(self, text: LocalizedText | str) -> str:
        return clean(text if isinstance(text, str) else str(text[self.lang]))

    def flow(self, text: str, indent: str, *styles: str, first: str | None = None) -> Iterator[str]:
        for line in wrap(text, self.room, indent, first):
            yield self.style(line, *styles)

    def heading(self, key: str, shown: object = True) -> Iterator[str]:
        if shown:
            yield ""
            yield from self.flow(phrase(key, self.lang), "", *HEADING)

    def law(self, citations: Iterable[Citation], indent: str, quote: bool = False, layer: str = "") -> Iterator[str]:
        """Render citations, and the layer of a rule; `quote` adds the words of an article at its first use."""
        texts: list[str] = []
        plain: list[Citation] = []
        for citation in citations:
            name = (citation.policy, citation.key)
            words = citation.words(self.lang)  # a Chinese report does not quote English
            if quote and words and name not in self.quoted:
                self.quoted.add(name)
                texts += [*digest.merge_citations(plain, self.lang), f"{cited(citation, self.lang)}{self.colon}{words}"]
                plain = []
            else:
                plain.append(citation)
        for text in [*texts, *digest.merge_citations(plain, self.lang)]:
            yield from self.flow(clean(text), indent + "  ", "dim", first=indent + "§ ")
        if layer:
            yield from self.flow(layer, indent + "  ", "dim", first=indent + "· ")

    def bodies(self, authority: Iterable[Authority]) -> str:
        return joint("bodies", self.lang).join(self.say(body.title) for body in authority)

    # --- sections

    def verdict(self) -> Iterator[str]:
        decision = self.record.decision
        day = phrase("as_of", self.lang, day=self.record.as_of)
        version = say_deciding(self.record.bundle, self.lang)
        verdict = self.style(f" {digest.say_verdict(self.record, self.lang)} ", "bold", COLORS[decision])
        title = clean(self.record.title)
        if contested := digest.say_hint(self.record, self.lang):
            title = f"{title} · {self.style(contested, 'yellow')}"
        yield from self.flow(f"{title} · {self.style(f'{day} · {version}', 'dim')}", " ", first=f"{verdict} ")
        yield from self.flow(digest.say_meaning(self.record, self.lang), " ")
        if waived := digest.some_waived(self.record, self.lang):
            yield from self.flow(waived, " ", "yellow")

    def waived(self) -> Iterator[str]:
        if self.record.waived:
            yield ""
            yield self.style(word(digest.WAIVER_WORDS, "waived", self.lang), *HEADING)
        for finding in self.record.waived:
            yield from self.flow(digest.say_finding(finding, self.lang), "    ", first="  ~ ")
            waived = finding.waived
            assert waived is not None
            said = f"{digest.say_waived(waived, self.lang)} ({clean(waived.file)}:{waived.line})"
            yield from self.flow(said, "      ", "dim", first="    · ")

    def denials(self) -> Iterator[str]:
        yield from self.heading("because", self.record.denials)
        for finding in self.record.denials:
            subject = self.subject(finding)
            mend = aside(phrase("curable", self.lang), self.lang) if finding.is_curable else ""
            message = self.say(" · ".join(digest.say_reasons(finding, self.lang)) or finding.message)
            mend += digest.waived_mark(finding, self.lang)
            yield from self.flow(f"{subject}{message}{mend}", "    ", first=f"  {self.style('✘', 'red')} ")
            yield from self.check(finding.why, "    ")
            yield from self.law(finding.citations, "    ", quote=True, layer=digest.say_layer(finding, self.lang))
            yield from self.facts(finding, "    ")

    def check(self, checked: Explanation | ConditionExplanation, indent: str) -> Iterator[str]:
        """Render the check of a rule or a condition; the end of a long check is folded."""
        text = clean(say_check(checked.check, self.lang))
        yield from self.flow(text, indent + "  ", "dim", first=indent + "· ")

    def subject(self, finding: FindingRecord) -> str:
        subject = str(finding.subject)
        return f"{clean(subject)}: " if subject else ""

    def facts(self, finding: FindingRecord, indent: str) -> Iterator[str]:
        for fact in finding.why.facts:
            value = phrase("missing_fact", self.lang) if fact.value is None else _short(fact.value)
            where = f"{self.record.file}:{fact.line}:{fact.column}"
            yield from self.flow(clean(f"{fact.path} = {value}  ({where})"), indent + "  ", "dim", first=indent + "· ")

    def missing(self) -> Iterator[str]:
        yield from self.heading("missing", self.record.missing)
        for ask in self.record.missing:
            yield from self.flow(f"{self.style(ask.path, 'bold')}: {self.say(ask.question)}", "      ", first="  ? ")
            for matter in ask.about:
                yield from self.flow(digest.say_matter(matter, self.lang), "      ", first="    - ")

    def opinions(self) -> Iterator[str]:
        """Render every opinion of the profile."""
        if self.record.opinions:
            yield ""
            yield self.style(phrase("opinions", self.lang), *HEADING)
        for opinion in self.record.opinions:
            mark = "§" if opinion.state == "counted" else "!"
            position = f"{self.record.file}:{opinion.line}:{opinion.column}"
            yield from self.flow(digest.say_opinion(opinion, self.lang), "    ", first=f"  {mark} ")
            yield from self.flow(clean(f"({position})"), "    ", "dim", first="    ")

    def licenses(self, needs: Sequence[NeedRecord], title: str) -> Iterator[str]:
        yield from self.heading(title, needs)
        for finding in needs:
            for position, offer in enumerate(finding.offers):
                lead = f"  {phrase('or', self.lang)} " if position else "  → "
                source = phrase("from", self.lang, authority=self.bodies(offer.authority))
                holder = digest.say_holder(finding, self.lang)
                text = f"{self.style(self.say(offer.instrument.title), 'bold')}{self.comma}{source}{self.comma}{holder}"
                if offer.route is not None:
                    way = phrase("route", self.lang, route=self.say(finding.route(offer.route).title))
                    text += aside(f"{offer.class_}{self.comma}{way}", self.lang)
                text += digest.waived_mark(finding, self.lang)
                yield from self.flow(self.subject_of_service(finding) + text, "    ", first=lead)
            yield from self.check(finding.why, "    ")
            yield from self.law(finding.citations, "    ", quote=True, layer=digest.say_layer(finding, self.lang))

    def subject_of_service(self, finding: FindingRecord) -> str:
        return f"{clean(finding.subject.service)}: " if finding.subject.service else ""

    def met(self) -> Iterator[str]:
        """Render the held permits. Licenses appear with their routes."""
        yield from self.heading("met", self.record.held)
        for finding in self.record.held:
            assert finding.instrument is not None
            text = f"{self.subject_of_service(finding)}{self.say(finding.instrument.title)}"
            text += aside(digest.say_bearer(finding, self.lang), self.lang)
            text += digest.layer_mark(finding, self.lang)
            yield from self.flow(text, "    ", first=f"  {self.style('✔', 'green')} ")

    def services(self) -> Iterator[str]:
        yield from self.heading("services")
        for service in self.record.services:
            state = self.style(word(STATES, service.state, self.lang), _STATE_COLORS[service.state])
            text = f"{self.style(clean(service.id), 'bold')}: {state}"
            yield from self.flow(text, "    ", first="  ")
            if not service.activities:
                for classified in service.classified_by:
                    yield from self.flow(self.say(classified.message), "    ", "dim")
            for activity in service.activities:
                outcome = self.style(word(VERDICTS, activity.outcome, self.lang), COLORS[activity.outcome])
                yield from self.flow(f"{self.say(activity.title)}{self.colon}{outcome}", "      ", first="    ")
                for route in activity.routes:
                    way = way_of(route, activity.routes, self.lang)
                    yield from self.route(route, way, cite=activity.outcome == "deny")

    def route(self, route: RouteRecord, way: str, cite: bool) -> Iterator[str]:
        """Render a route; `cite` adds the law of a closed route."""
        mark, color = ROUTE_MARKS[route.state]
        cap = route.max_foreign_percent
        text = f"{self.say(route.title)}{self.colon}{self.style(way, color)}"
        if route.state == "open" and cap is not None:
            text += aside(phrase("up_to", self.lang, percent=number(cap)), self.lang)
        if route.state == "open" and route.held:
            text += aside(phrase("held", self.lang, title=self.say(route.instrument.title)), self.lang)
        yield from self.flow(text, "        ", first=f"      {self.style(mark, color)} ")
        if route.share_too_high and cap is not None:
            yield from self.flow(
                phrase("share_too_high", self.lang, percent=number(cap)), "          ", "dim", first="        - "
            )
        if route.state == "closed":
            yield from self.conditions(route, False, "fails")
        if route.state == "unknown":
            yield from self.conditions(route, None, "open_point")
            for name in route.unread:
                yield from self.flow(phrase("unread", self.lang, name=name), "          ", "dim", first="        - ")
        if cite or route.state != "closed":
            layer = digest.say_layer(route, self.lang)
            yield from self.law(route.citations, "        ", quote=route.state == "open", layer=layer)

    def conditions(self, route: RouteRecord, value: bool | None, key: str) -> Iterator[str]:
        for condition in route.conditions:
            if condition.value is value and condition.applies:
                yield from self.flow(
                    phrase(key, self.lang, message=self.say(condition.message)),
                    "          ",
                    "dim",
                    first="        - ",
                )
                yield from self.check(condition.why, "          ")
                yield from self.law(condition.why.citations, "          ")

    def duties(self) -> Iterator[str]:
        if not self.record.duties:
            return
        yield from self.heading("duties")
        for group in GROUP_ORDER:
            grouped = [duty for duty in self.record.duties if duty.deadline.group == group]
            if grouped:
                yield from self.flow(word(GROUPS, group, self.lang), "  ")
            if grouped and self.record.decision == "deny":  # consequences of a denial are only listed
                titles = [self.say(duty.instrument.title) for duty in digest.merge_duties(grouped)]
                yield from self.flow(joint("semicolon", self.lang).join(titles), "    ", "dim")
                continue
            for bodies, duties in _by_authority(grouped, self.bodies):
                yield from self.flow(bodies, "    ", "dim")
                for duty in duties:
                    yield from self.duty(duty)

    def duty(self, duty: DutyRecord) -> Iterator[str]:
        deadline = duty.deadline
        when = "" if deadline.group in _SAID_ABOVE else self.say(deadline.text)
        if deadline.date and when:
            when += aside(phrase("by", self.lang, day=deadline.date), self.lang)
        if duty.state == "done":
            when = phrase("done", self.lang, day=duty.done_on)
        bearer = self.comma + digest.say_doer(duty, self.lang)
        mark = "☑" if duty.state == "done" else "☐"
        law = joint("semicolon", self.lang).join(
            clean(text) for text in digest.merge_citations(duty.citations, self.lang)
        )
        title = self.say(duty.instrument.title) + (f"{self.colon}{when}" if when else "")
        yield from self.flow(f"{title}{bearer}", "        ", first=f"      {mark} ")
        yield from self.flow(f"{self.say(duty.message)} [{law}]{digest.layer_mark(duty, self.lang)}", "        ", "dim")

    def notes(self) -> Iterator[str]:
        if self.record.contested:
            yield from self.heading("contested")
            for readings in digest.group_readings(self.record.contested):
                about = f"{clean(readings[0].subject)}{self.colon}{self.say(readings[0].message)}"
                yield from self.flow(about, "    ", first="  ≠ ")
                for reading in readings:
                    yield from self.flow(clean(digest.say_other(reading, self.lang)), "      ", first="    - ")
                for sentence in digest.say_basis(readings[0], self.lang):
                    yield from self.flow(clean(sentence), "    ", "dim")
            if worst := digest.say_worst(self.record.worst_reading, self.lang):
                yield from self.flow(clean(worst), "    ", first="  ≠ ")
        if self.record.advice:
            yield from self.heading("advice")
            for finding in digest.by_kind(self.record.advice):
                text = self.style(digest.say_kind(finding, self.lang), "bold") + self.say(finding.message)
                yield from self.flow(text, "    ", first="  ! ")
                yield from self.law(finding.citations, "    ", layer=digest.say_layer(finding, self.lang))

    def undetermined(self) -> Iterator[str]:
        if not self.record.undetermined or self.record.decision == "incomplete":
            return
        yield from self.heading("undetermined")
        yield from self.flow(phrase("undetermined_hint", self.lang), "  ", "dim")
        for path, (ask, rules) in digest.open_facts(self.record.undetermined).items():
            waiting = aside(count(COUNTS, "dependent_rules", rules, self.lang), self.lang)
            text = f"{self.style(path, 'bold')}: {self.say(ask.question)}{waiting}"
            yield from self.flow(text, "      ", first="  ? ")

    def ahead(self) -> Iterator[str]:
        if self.record.changes_ahead:
            from vatspolicy.reports.timeline import ahead_lines

            yield from ahead_lines(self.record.changes_ahead, self.lang, self.style, self.room)


def _by_authority(
    duties: Iterable[DutyRecord], bodies: Callable[[Iterable[Authority]], str]
) -> Iterator[tuple[str, list[DutyRecord]]]:
    """Group duties by authority in charge; records to keep on file come last."""
    groups: dict[str, list[DutyRecord]] = {}
    for duty in sorted(digest.merge_duties(duties), key=lambda duty: [body.id for body in duty.authority] == ["self"]):
        groups.setdefault(bodies(duty.authority), []).append(duty)
    yield from groups.items()


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
