"""The report for a terminal: the verdict first, then why, what to get, what to do, and the law."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.deadline import GROUPS as GROUP_ORDER
from vatspolicy.report.terminal import Style, clean, wrap
from vatspolicy.report.words import GROUPS, MEANINGS, STATES, VERDICTS, VERIFICATION, number, phrase, word
from vatspolicy.vocabulary import Language

_COLOURS = {"allow": "green", "needs-license": "yellow", "deny": "red", "incomplete": "blue"}
_MARKS = {"open": ("✔", "green"), "closed": ("✘", "red"), "unknown": ("?", "blue")}

Data = Mapping[str, Any]


def render(records: Iterable[Data], lang: Language, colour: bool = False, room: int = 100) -> str:
    """The report of one or several decisions (records) as text."""
    records = list(records)
    blocks = ["\n".join(_Report(data, lang, Style(colour), room).lines()) for data in records]
    if len(records) > 1:
        found: dict[str, int] = {}
        for data in records:
            found[data["decision"]] = found.get(data["decision"], 0) + 1
        words = ", ".join(f"{count} {word(VERDICTS, key, lang)}" for key, count in found.items())
        blocks.append(phrase("decided", lang, count=len(records), words=words))
    return "\n\n".join(blocks) + "\n"


class _Report:
    def __init__(self, data: Data, lang: Language, style: Style, room: int) -> None:
        self.data, self.lang, self.style, self.room = data, lang, style, room

    def lines(self) -> Iterator[str]:
        yield from self.verdict()
        yield from self.denials()
        yield from self.missing()
        yield from self.licences("needs", "get")
        yield from self.services()
        yield from self.licences("would_need", "would_get")
        yield from self.duties()
        yield from self.notes()
        yield from self.undetermined()
        yield ""
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
        yield self.style(phrase(key, self.lang), "bold")

    def law(self, finding: Data, indent: str, quote: bool = False) -> Iterator[str]:
        for citation in finding["citations"]:
            words = (citation["zh"] if self.lang == "zh" and citation["zh"] else citation["en"]) if quote else ""
            text = f"{self.say(citation['title'])}{'，' if self.lang == 'zh' else ', '}{self.say(citation['label'])}"
            yield from self.flow(
                clean(f"{text}: {words}" if words else text), indent + "  ", "dim", first=indent + "§ "
            )

    def bodies(self, authority: Iterable[Data]) -> str:
        return (" / " if self.lang == "en" else "、").join(self.say(body["title"]) for body in authority)

    # --- sections

    def verdict(self) -> Iterator[str]:
        decision = self.data["decision"]
        day = phrase("as_of", self.lang, day=self.data["as_of"])
        version = phrase("bundle", self.lang, version=self.data["bundle"]["version"])
        verdict = self.style(f" {word(VERDICTS, decision, self.lang)} ", "bold", _COLOURS[decision])
        yield f"{verdict} {clean(str(self.data['title']))} · {self.style(f'{day} · {version}', 'dim')}"
        meaning = word(MEANINGS, decision, self.lang)
        if decision == "incomplete":
            low, high = (word(VERDICTS, end, self.lang) for end in self.data["range"])
            meaning += " " + phrase("range", self.lang, low=low, high=high)
        yield from self.flow(meaning, " ")

    def denials(self) -> Iterator[str]:
        if not self.data["denials"]:
            return
        yield from self.heading("because")
        for finding in self.data["denials"]:
            subject = self.subject(finding)
            mend = f" ({phrase('curable', self.lang)})" if finding.get("curable") else ""
            reasons = finding.get("reasons", []) if finding["effect"] == "need" else []
            message = self.say(finding["message"])
            if reasons:
                message = " · ".join(self.say(reason["title"]) for reason in reasons)
            yield from self.flow(f"{subject}{message}{mend}", "    ", first=f"  {self.style('✘', 'red')} ")
            yield from self.law(finding, "    ", quote=True)
            yield from self.facts(finding, "    ")

    def subject(self, finding: Data) -> str:
        parts = [part for part in (finding["subject"]["service"], finding["subject"]["class"]) if part]
        return clean("/".join(parts)) + ": " if parts else ""

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
                f"{self.style(ask['path'], 'bold')}  {self.say(ask['question'])}", "      ", first="  ? "
            )

    def licences(self, key: str, title: str) -> Iterator[str]:
        if not self.data[key]:
            return
        yield from self.heading(title)
        for finding in self.data[key]:
            offers = finding.get("any_of") or [{"instrument": finding["instrument"], "authority": finding["authority"]}]
            for position, offer in enumerate(offers):
                lead = f"  {phrase('or', self.lang)} " if position else "  → "
                source = phrase("from", self.lang, authority=self.bodies(offer["authority"]))
                text = f"{self.style(self.say(offer['instrument']['title']), 'bold')}, {source}"
                if "route" in offer:
                    way = phrase("route", self.lang, route=self.route_title(finding, offer["route"]))
                    text += f" ({offer['class']}, {way})"
                yield from self.flow(self.subject_of_service(finding) + text, "    ", first=lead)
            yield from self.law(finding, "    ", quote=not finding.get("any_of"))

    def subject_of_service(self, finding: Data) -> str:
        return f"{clean(finding['subject']['service'])}: " if finding["subject"]["service"] else ""

    def route_title(self, finding: Data, name: str) -> str:
        return next(self.say(route["title"]) for route in finding["routes"] if route["name"] == name)

    def services(self) -> Iterator[str]:
        yield from self.heading("services")
        for service in self.data["services"]:
            yield f"  {self.style(clean(service['id']), 'bold')}: {word(STATES, service['state'], self.lang)}"
            if not service["activities"]:
                for classified in service["classified_by"]:
                    yield from self.flow(self.say(classified["message"]), "    ", "dim")
            for activity in service["activities"]:
                outcome = self.style(word(VERDICTS, activity["outcome"], self.lang), _COLOURS[activity["outcome"]])
                yield from self.flow(f"{self.say(activity['title'])}: {outcome}", "      ", first="    ")
                for route in activity["routes"]:
                    yield from self.route(route)

    def route(self, route: Data) -> Iterator[str]:
        mark, colour = _MARKS[route["state"]]
        cap = route["max_foreign_percent"]
        text = f"{self.say(route['title'])}: {word(STATES, route['state'], self.lang)}"
        if route["state"] == "open" and cap is not None:
            text += f" ({phrase('up_to', self.lang, percent=number(cap))})"
        yield from self.flow(text, "        ", first=f"      {self.style(mark, colour)} ")
        if route["share_too_high"]:
            yield from self.flow(
                phrase("share_too_high", self.lang, percent=number(cap)), "          ", "dim", first="        - "
            )
        if route["state"] == "closed":
            yield from self.conditions(route, False, "fails")
        if route["state"] == "unknown":
            yield from self.conditions(route, None, "open_point")
        if route["state"] != "closed":
            yield from self.law(route, "        ")

    def conditions(self, route: Data, value: bool | None, key: str) -> Iterator[str]:
        for condition in route["conditions"]:
            if condition["value"] is value:
                yield from self.flow(
                    phrase(key, self.lang, message=self.say(condition["message"])),
                    "          ",
                    "dim",
                    first="        - ",
                )

    def duties(self) -> Iterator[str]:
        if not self.data["duties"]:
            return
        yield from self.heading("duties")
        for group in GROUP_ORDER:
            found = [duty for duty in self.data["duties"] if duty["deadline"]["group"] == group]
            if found:
                yield f"  {word(GROUPS, group, self.lang)}"
            for bodies, duties in _by_authority(found, self.bodies):
                yield from self.flow(bodies, "    ", "dim")
                for duty in duties:
                    yield from self.duty(duty)

    def duty(self, duty: Data) -> Iterator[str]:
        deadline = duty["deadline"]
        when = self.say(deadline["text"])
        if deadline["date"] and deadline["group"] != "before-launch":
            when += f" ({phrase('by', self.lang, day=deadline['date'])})"
        if duty["state"] == "done":
            when = phrase("done", self.lang, day=duty["done_on"])
        bearer = f", {phrase('bearer', self.lang)}" if duty["bearer"] == "partner" else ""
        mark = "☑" if duty["state"] == "done" else "☐"
        law = "; ".join(f"{self.say(c['title'])} {self.say(c['label'])}" for c in duty["citations"])
        yield from self.flow(
            f"{self.say(duty['instrument']['title'])}: {when}{bearer}", "        ", first=f"      {mark} "
        )
        yield from self.flow(f"{self.say(duty['message'])} [{law}]", "        ", "dim")

    def notes(self) -> Iterator[str]:
        if self.data["contested"]:
            yield from self.heading("contested")
            for reading in self.data["contested"]:
                name = reading["reading"]
                shown = (
                    phrase("none", self.lang)
                    if name == "none"
                    else phrase("route_closed", self.lang)
                    if name == "closed"
                    else name
                )
                verdict = word(VERDICTS, reading["decision"], self.lang)
                text = phrase("reading", self.lang, reading=shown, decision=verdict)
                yield from self.flow(
                    f"{clean(reading['subject'])}: {self.say(reading['message'])} {text}", "    ", first="  ≠ "
                )
        if self.data["advice"]:
            yield from self.heading("advice")
            for finding in _once(self.data["advice"]):
                yield from self.flow(self.say(finding["message"]), "    ", first="  ! ")
                yield from self.law(finding, "    ")

    def undetermined(self) -> Iterator[str]:
        if not self.data["undetermined"] or self.data["decision"] == "incomplete":
            return
        yield from self.heading("undetermined")
        yield from self.flow(phrase("undetermined_hint", self.lang), "  ", "dim")
        for finding in _once(self.data["undetermined"]):
            paths = ", ".join(dict.fromkeys(ask["path"] for ask in finding.get("asks", [])))
            yield from self.flow(f"{self.say(finding['message'])} ({paths})", "    ", first="  ? ")


def _once(findings: Iterable[Data]) -> Iterator[Data]:
    """Findings of the same rule on several subjects, shown once."""
    seen: set[str] = set()
    for finding in findings:
        if finding["rule"] not in seen:
            seen.add(finding["rule"])
            yield finding


def _by_authority(duties: Iterable[Data], bodies: Any) -> Iterator[tuple[str, list[Data]]]:
    """Duties by the authorities in charge, each duty once."""
    groups: dict[str, list[Data]] = {}
    for duty in _once(duties):
        groups.setdefault(bodies(duty["authority"]), []).append(duty)
    yield from groups.items()


def _short(value: Any) -> str:
    import json

    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else text[:77] + "…"
