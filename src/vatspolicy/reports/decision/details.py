"""Everything about one decision as text: conditions, articles and their words, every duty, notes for review."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import STATES, VERDICTS, aside, count, gap, joint, number, word
from vatspolicy.output import HEADING, Style
from vatspolicy.policies.deadlines import GROUPS as GROUP_ORDER
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import (
    WAIVER_WORDS,
    layer_mark,
    merge_citations,
    merge_duties,
    open_facts,
    say_finding,
    say_layer,
    say_waived,
    some_waived,
    subject_of,
    waived_findings,
    waived_mark,
)
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_matter, say_opinion
from vatspolicy.reports.lists import cut_lists
from vatspolicy.reports.words import COLORS, COUNTS, GROUPS, MEANINGS, VERIFICATION, cited, phrase, say_bundle, way_of

_MARKS = {"open": ("✔", "green"), "closed": ("✘", "red"), "unknown": ("?", "blue")}

_STATE_COLORS = {"classified": "yellow", "not-telecom": "green", "partly-classified": "blue", "unclassified": "blue"}
_SAID_ABOVE = ("before-launch", "continuing")
"""Groups of duties whose heading says when they are due."""

Data = Mapping[str, Any]


def detail_lines(data: Data, lang: Language, style: Style, room: int) -> list[str]:
    """Return everything about a decision (a record)."""
    return list(_Details(data, lang, style, room).lines())


class _Details:
    def __init__(self, data: Data, lang: Language, style: Style, room: int) -> None:
        self.data, self.lang, self.style, self.room = data, lang, style, room
        self.comma, self.colon = joint("comma", lang), joint("colon", lang)
        self.quoted: set[tuple[str, str]] = set()

    def lines(self) -> Iterator[str]:
        yield from self.verdict()
        yield from self.waived()
        yield from self.denials()
        yield from self.missing()
        yield from self.opinions()
        yield from self.licenses("needs", "get")
        yield from self.services()
        yield from self.met()
        yield from self.licenses("would_need", "would_get")
        yield from self.duties()
        yield from self.notes()
        yield from self.undetermined()
        yield from self.ahead()
        yield ""
        for notice in self.data["notices"]:
            yield from self.flow(self.say(notice["message"]), "", "dim")
        known = self.data["verification"]
        closing = [word(VERIFICATION, known, self.lang)] if known else []
        yield from self.flow(" ".join([*closing, phrase("not_advice", self.lang)]), "", "dim")

    # --- building blocks

    def say(self, text: Data | str) -> str:
        return clean(text if isinstance(text, str) else str(text[self.lang]))

    def flow(self, text: str, indent: str, *styles: str, first: str | None = None) -> Iterator[str]:
        for line in wrap(text, self.room, indent, first):
            yield self.style(line, *styles)

    def heading(self, key: str) -> Iterator[str]:
        yield ""
        yield from self.flow(phrase(key, self.lang), "", *HEADING)

    def law(self, finding: Data, indent: str, quote: bool = False) -> Iterator[str]:
        """Render the citations of a finding; `quote` adds the words of an article at its first use."""
        texts: list[str] = []
        plain: list[Data] = []
        for citation in finding["citations"]:
            name = (citation["policy"], citation["key"])
            words = citation[self.lang]  # a Chinese report quotes no English words
            if quote and words and name not in self.quoted:
                self.quoted.add(name)
                texts += [*merge_citations(plain, self.lang), f"{cited(citation, self.lang)}{self.colon}{words}"]
                plain = []
            else:
                plain.append(citation)
        for text in [*texts, *merge_citations(plain, self.lang)]:
            yield from self.flow(clean(text), indent + "  ", "dim", first=indent + "§ ")
        if told := say_layer(finding, self.lang):
            yield from self.flow(told, indent + "  ", "dim", first=indent + "· ")

    def bodies(self, authority: Iterable[Data]) -> str:
        return joint("bodies", self.lang).join(self.say(body["title"]) for body in authority)

    # --- sections

    def verdict(self) -> Iterator[str]:
        decision = self.data["decision"]
        day = phrase("as_of", self.lang, day=self.data["as_of"])
        version = say_bundle(self.data["bundle"], self.lang)
        verdict = self.style(f" {doubt.verdict(self.data, self.lang)} ", "bold", COLORS[decision])
        title = clean(str(self.data["title"]))
        if contested := doubt.hint(self.data, self.lang):
            title = f"{title} · {self.style(contested, 'yellow')}"
        yield from self.flow(f"{title} · {self.style(f'{day} · {version}', 'dim')}", " ", first=f"{verdict} ")
        meaning = word(MEANINGS, decision, self.lang)
        if decision == "incomplete":
            low, high = (word(VERDICTS, end, self.lang) for end in self.data["range"])
            meaning += gap(self.lang) + phrase("range", self.lang, low=low, high=high)
        yield from self.flow(meaning, " ")
        if "remaining" in self.data and (told := some_waived(self.data, self.lang)):
            yield from self.flow(told, " ", "yellow")

    def waived(self) -> Iterator[str]:
        findings = waived_findings(self.data) if "remaining" in self.data else []
        if findings:
            yield ""
            yield self.style(word(WAIVER_WORDS, "waived", self.lang), *HEADING)
        for finding in findings:
            yield from self.flow(say_finding(finding, self.lang), "    ", first="  ~ ")
            waived = finding["waived"]
            said = f"{say_waived(waived, self.lang)} ({clean(waived['file'])}:{waived['line']})"
            yield from self.flow(said, "      ", "dim", first="    · ")

    def denials(self) -> Iterator[str]:
        if not self.data["denials"]:
            return
        yield from self.heading("because")
        for finding in self.data["denials"]:
            subject = self.subject(finding)
            mend = aside(phrase("curable", self.lang), self.lang) if finding.get("curable") else ""
            reasons = finding.get("reasons", []) if finding["effect"] == "need" else []
            message = self.say(finding["message"])
            if reasons:
                message = " · ".join(self.say(reason["title"]) for reason in reasons)
            mend += waived_mark(finding, self.lang)
            yield from self.flow(f"{subject}{message}{mend}", "    ", first=f"  {self.style('✘', 'red')} ")
            yield from self.check(finding, "    ")
            yield from self.law(finding, "    ", quote=True)
            yield from self.facts(finding, "    ")

    def check(self, checked: Data, indent: str) -> Iterator[str]:
        """Render what a rule or a condition checks; long lists are cut."""
        text = phrase("checks", self.lang, check=clean(cut_lists(checked["check"][self.lang], self.lang)))
        yield from self.flow(text, indent + "  ", "dim", first=indent + "· ")

    def subject(self, finding: Data) -> str:
        subject = subject_of(finding)
        return f"{clean(subject)}: " if subject else ""

    def facts(self, finding: Data, indent: str) -> Iterator[str]:
        for fact in finding["facts"]:
            value = phrase("missing_fact", self.lang) if fact["value"] is None else _short(fact["value"])
            where = f"{self.data['file']}:{fact['line']}:{fact['column']}"
            yield from self.flow(
                clean(f"{fact['path']} = {value}  ({where})"), indent + "  ", "dim", first=indent + "· "
            )

    def missing(self) -> Iterator[str]:
        if not self.data["missing"]:
            return
        yield from self.heading("missing")
        for ask in self.data["missing"]:
            yield from self.flow(
                f"{self.style(ask['path'], 'bold')}: {self.say(ask['question'])}", "      ", first="  ? "
            )
            for matter in ask.get("about", ()):
                yield from self.flow(say_matter(matter, self.lang), "      ", first="    - ")

    def opinions(self) -> Iterator[str]:
        """Render every opinion of the profile."""
        if self.data["opinions"]:
            yield ""
            yield self.style(word(OPINIONS, "opinions", self.lang), *HEADING)
        for opinion in self.data["opinions"]:
            mark = "§" if opinion["state"] == "counted" else "!"
            place = f"{self.data['file']}:{opinion['line']}:{opinion['column']}"
            yield from self.flow(say_opinion(opinion, self.lang), "    ", first=f"  {mark} ")
            yield from self.flow(clean(f"({place})"), "    ", "dim", first="    ")

    def licenses(self, key: str, title: str) -> Iterator[str]:
        if not self.data[key]:
            return
        yield from self.heading(title)
        for finding in self.data[key]:
            offers = finding.get("any_of") or [{"instrument": finding["instrument"], "authority": finding["authority"]}]
            for position, offer in enumerate(offers):
                lead = f"  {phrase('or', self.lang)} " if position else "  → "
                source = phrase("from", self.lang, authority=self.bodies(offer["authority"]))
                text = f"{self.style(self.say(offer['instrument']['title']), 'bold')}{self.comma}{source}"
                if "route" in offer:
                    way = phrase("route", self.lang, route=self.route_title(finding, offer["route"]))
                    text += aside(f"{offer['class']}{self.comma}{way}", self.lang)
                text += waived_mark(finding, self.lang)
                yield from self.flow(self.subject_of_service(finding) + text, "    ", first=lead)
            yield from self.check(finding, "    ")
            yield from self.law(finding, "    ", quote=True)

    def subject_of_service(self, finding: Data) -> str:
        return f"{clean(finding['subject']['service'])}: " if finding["subject"]["service"] else ""

    def route_title(self, finding: Data, name: str) -> str:
        return next(self.say(route["title"]) for route in finding["routes"] if route["name"] == name)

    def met(self) -> Iterator[str]:
        """Render the permits that are held. Licenses are listed with their routes."""
        held = [finding for finding in self.data["met"] if "instrument" in finding]
        if held:
            yield from self.heading("met")
        for finding in held:
            text = self.subject_of_service(finding) + self.say(finding["instrument"]["title"])
            text += layer_mark(finding, self.lang)
            yield from self.flow(text, "    ", first=f"  {self.style('✔', 'green')} ")

    def services(self) -> Iterator[str]:
        yield from self.heading("services")
        for service in self.data["services"]:
            state = self.style(word(STATES, service["state"], self.lang), _STATE_COLORS[service["state"]])
            text = f"{self.style(clean(service['id']), 'bold')}: {state}"
            yield from self.flow(text, "    ", first="  ")
            if not service["activities"]:
                for classified in service["classified_by"]:
                    yield from self.flow(self.say(classified["message"]), "    ", "dim")
            for activity in service["activities"]:
                outcome = self.style(word(VERDICTS, activity["outcome"], self.lang), COLORS[activity["outcome"]])
                yield from self.flow(f"{self.say(activity['title'])}{self.colon}{outcome}", "      ", first="    ")
                for route in activity["routes"]:
                    way = way_of(route, activity["routes"], self.lang)
                    yield from self.route(route, way, cite=activity["outcome"] == "deny")

    def route(self, route: Data, way: str, cite: bool) -> Iterator[str]:
        """Render a route; `cite` adds the law of a closed route."""
        mark, color = _MARKS[route["state"]]
        cap = route["max_foreign_percent"]
        text = f"{self.say(route['title'])}{self.colon}{self.style(way, color)}"
        if route["state"] == "open" and cap is not None:
            text += aside(phrase("up_to", self.lang, percent=number(cap)), self.lang)
        if route["state"] == "open" and route["held"]:
            text += aside(phrase("held", self.lang, title=self.say(route["instrument"]["title"])), self.lang)
        yield from self.flow(text, "        ", first=f"      {self.style(mark, color)} ")
        if route["share_too_high"]:
            yield from self.flow(
                phrase("share_too_high", self.lang, percent=number(cap)), "          ", "dim", first="        - "
            )
        if route["state"] == "closed":
            yield from self.conditions(route, False, "fails")
        if route["state"] == "unknown":
            yield from self.conditions(route, None, "open_point")
            for name in route["unread"]:
                yield from self.flow(phrase("unread", self.lang, name=name), "          ", "dim", first="        - ")
        if cite or route["state"] != "closed":
            yield from self.law(route, "        ", quote=route["state"] == "open")

    def conditions(self, route: Data, value: bool | None, key: str) -> Iterator[str]:
        for condition in route["conditions"]:
            if condition["value"] is value and condition["applies"]:
                yield from self.flow(
                    phrase(key, self.lang, message=self.say(condition["message"])),
                    "          ",
                    "dim",
                    first="        - ",
                )
                yield from self.check(condition, "          ")
                yield from self.law(condition, "          ")

    def duties(self) -> Iterator[str]:
        if not self.data["duties"]:
            return
        yield from self.heading("duties")
        for group in GROUP_ORDER:
            found = [duty for duty in self.data["duties"] if duty["deadline"]["group"] == group]
            if found:
                yield from self.flow(word(GROUPS, group, self.lang), "  ")
            if found and self.data["decision"] == "deny":  # what follows a denial is only named
                titles = [self.say(duty["instrument"]["title"]) for duty in merge_duties(found)]
                yield from self.flow(joint("semicolon", self.lang).join(titles), "    ", "dim")
                continue
            for bodies, duties in _by_authority(found, self.bodies):
                yield from self.flow(bodies, "    ", "dim")
                for duty in duties:
                    yield from self.duty(duty)

    def duty(self, duty: Data) -> Iterator[str]:
        deadline = duty["deadline"]
        when = "" if deadline["group"] in _SAID_ABOVE else self.say(deadline["text"])
        if deadline["date"] and when:
            when += aside(phrase("by", self.lang, day=deadline["date"]), self.lang)
        if duty["state"] == "done":
            when = phrase("done", self.lang, day=duty["done_on"])
        bearer = self.comma + phrase("bearer", self.lang) if duty["bearer"] == "partner" else ""
        mark = "☑" if duty["state"] == "done" else "☐"
        law = joint("semicolon", self.lang).join(clean(text) for text in merge_citations(duty["citations"], self.lang))
        title = self.say(duty["instrument"]["title"]) + (f"{self.colon}{when}" if when else "")
        yield from self.flow(f"{title}{bearer}", "        ", first=f"      {mark} ")
        yield from self.flow(f"{self.say(duty['message'])} [{law}]{layer_mark(duty, self.lang)}", "        ", "dim")

    def notes(self) -> Iterator[str]:
        if self.data["contested"]:
            yield from self.heading("contested")
            for readings in doubt.group_readings(self.data["contested"]):
                about = f"{clean(readings[0]['subject'])}{self.colon}{self.say(readings[0]['message'])}"
                yield from self.flow(about, "    ", first="  ≠ ")
                for reading in readings:
                    yield from self.flow(clean(doubt.say_other(reading, self.lang)), "      ", first="    - ")
                for sentence in doubt.say_basis(readings[0], self.lang):
                    yield from self.flow(clean(sentence), "    ", "dim")
            if told := doubt.say_worst(self.data, self.lang):
                yield from self.flow(clean(told), "    ", first="  ≠ ")
        if self.data["advice"]:
            yield from self.heading("advice")
            for finding in doubt.by_kind(self.data["advice"]):
                text = self.style(doubt.say_kind(finding, self.lang), "bold") + self.say(finding["message"])
                yield from self.flow(text, "    ", first="  ! ")
                yield from self.law(finding, "    ")

    def undetermined(self) -> Iterator[str]:
        if not self.data["undetermined"] or self.data["decision"] == "incomplete":
            return
        yield from self.heading("undetermined")
        yield from self.flow(phrase("undetermined_hint", self.lang), "  ", "dim")
        for path, (ask, rules) in open_facts(self.data["undetermined"]).items():
            waiting = aside(count(COUNTS, "dependent_rules", rules, self.lang), self.lang)
            text = f"{self.style(path, 'bold')}: {self.say(ask['question'])}{waiting}"
            yield from self.flow(text, "      ", first="  ? ")

    def ahead(self) -> Iterator[str]:
        if self.data.get("changes_ahead"):
            from vatspolicy.reports.timeline.text import ahead_lines

            yield from ahead_lines(self.data, self.lang, self.style, self.room)


def _by_authority(duties: Iterable[Data], bodies: Any) -> Iterator[tuple[str, list[Data]]]:
    """Group duties by authority in charge; records to keep on file come last."""
    groups: dict[str, list[Data]] = {}
    own = [{"id": "self"}]
    for duty in sorted(
        merge_duties(duties), key=lambda duty: [{"id": body["id"]} for body in duty["authority"]] == own
    ):
        groups.setdefault(bodies(duty["authority"]), []).append(duty)
    yield from groups.items()


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
