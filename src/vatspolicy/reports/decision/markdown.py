"""Markdown for job summaries and pull requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Judgement
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import STATES, VERDICTS, Table, aside, joint, number, word
from vatspolicy.output import Style
from vatspolicy.policies.deadlines import GROUPS as GROUP_ORDER
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import (
    WAIVER_WORDS,
    merge_duties,
    remark_place,
    say_finding,
    say_remark,
    say_waived,
    some_waived,
    subject_of,
    waived_findings,
    waived_mark,
)
from vatspolicy.reports.decision.gate_line import say_gate
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_matter, say_opinion
from vatspolicy.reports.decision.results import say_failures, worst_first
from vatspolicy.reports.formats.markdown import escape, section, table
from vatspolicy.reports.words import GROUPS, MEANINGS, VERIFICATION, cited, law_of, phrase, way_of

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult

_ICONS = {"allow": "✅", "needs-license": "📄", "deny": "⛔", "incomplete": "❔"}
WORDS: Table = {
    "decision": Phrase("Decision"),
    "spec": Phrase("Spec", "decision markdown"),
    "gate": Phrase("Gate"),
    "fails": Phrase("FAILS: {failures}"),
    "ok": Phrase("passes"),
    "invalid": Phrase("FAILS: invalid"),
    "gate_fails": Phrase("The gate fails (--fail-on {fail_on}): {failures}."),
}
_MARKS = {"open": "✔", "closed": "✘", "unknown": "?"}

Data = Mapping[str, Any]


def render(
    records: Iterable[Data],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Data] = (),
    gate: GateResult | None = None,
) -> str:
    """Render the result of the gate, a section per decision, then waivers, then the specs that could not be decided.

    Several specs begin with a table, and everywhere the worst is first.
    """
    judgement = gate.judgement if gate else Judgement()
    records = worst_first(records, judgement)
    problems = sorted(set(problems))
    pages = [f"**{escape(line)}**" for line in (say_gate(gate, lang, Style(False), 0, one_line=True) if gate else ())]
    pages.append("\n".join(_overview(records, problems, lang, judgement)))
    pages += ["\n".join(_Page(data, lang, judgement).lines()) for data in records]
    if remarks:
        told = [f"- {escape(remark_place(one))}: {escape(say_remark(one, lang))}" for one in remarks]
        pages.append("\n".join([f"## {word(WAIVER_WORDS, 'remarks', lang)}", "", *told]))
    if problems:
        lines = [f"- {escape(str(problem))}" for problem in problems]
        pages.append("\n".join([f"## {_ICONS['incomplete']} {phrase('undecided', lang)}", "", *lines]))
    return "\n\n".join(page for page in pages if page) + "\n"


def _overview(
    records: Sequence[Data], problems: Sequence[Problem], lang: Language, judgement: Judgement
) -> Iterator[str]:
    """Yield a table of several specs, the worst first: the specs, their decisions, and why the gate fails."""
    files = list(dict.fromkeys(problem.file for problem in problems))
    if len(records) + len(files) < 2:
        return
    rows = [
        [f"{_ICONS['incomplete']} {phrase('undecided', lang)}", escape(file), word(WORDS, "invalid", lang)]
        for file in files
    ]
    for data in records:
        failures = judgement.find_failures(data)
        outcome = word(WORDS, "fails", lang, failures=say_failures(failures)) if failures else word(WORDS, "ok", lang)
        name = f"{escape(str(data['title']))}{aside(escape(data['file']), lang)}"
        rows.append([f"{_ICONS[data['decision']]} {doubt.verdict(data, lang)}", name, outcome])
    yield from table([word(WORDS, key, lang) for key in ("decision", "spec", "gate")], rows)


class _Page:
    def __init__(self, data: Data, lang: Language, judgement: Judgement) -> None:
        self.data, self.lang, self.judgement = data, lang, judgement
        self.comma, self.colon = joint("comma", lang), joint("colon", lang)

    def say(self, text: Data) -> str:
        return escape(text[self.lang])

    def lines(self) -> Iterator[str]:
        data, lang = self.data, self.lang
        verdict = doubt.verdict(data, lang)
        yield f"## {_ICONS[data['decision']]} {verdict}{self.colon}{escape(str(data['title']))}"
        yield ""
        law = (
            f"{phrase('as_of', lang, day=data['as_of'])} · {phrase('bundle', lang, version=data['bundle']['version'])}"
        )
        if told := doubt.hint(data, lang):
            yield f"**{escape(told)}**"
            yield ""
        yield f"{word(MEANINGS, data['decision'], lang)} *{law}*"
        if failures := self.judgement.find_failures(data):
            yield ""
            fails, fail_on = say_failures(failures), self.judgement.fail_on
            yield f"**{word(WORDS, 'gate_fails', lang, failures=fails, fail_on=fail_on)}**"
        yield from self.waived()
        yield from self.denials()
        yield from self.missing()
        yield from self.opinions()
        yield from self.licenses("needs", "get")
        yield from self.services()
        yield from self.licenses("would_need", "would_get")
        yield from self.duties()
        yield from self.notes()
        yield ""
        yield from (f"<sub>{self.say(notice['message'])}</sub>\n" for notice in data["notices"])
        known = f"{word(VERIFICATION, data['verification'], lang)} " if data["verification"] else ""
        yield f"<sub>{known}{phrase('not_advice', lang)}</sub>"

    def heading(self, key: str) -> Iterator[str]:
        yield from section(phrase(key, self.lang))

    def law(self, finding: Data) -> str:
        return escape(law_of(finding, self.lang))

    def check(self, checked: Data) -> str:
        """Return what a rule or a condition checks."""
        return escape(phrase("checks", self.lang, check=checked["check"][self.lang]))

    def bodies(self, authority: Iterable[Data]) -> str:
        return joint("list", self.lang).join(self.say(body["title"]) for body in authority)

    def waived(self) -> Iterator[str]:
        if "remaining" not in self.data:
            return
        if told := some_waived(self.data, self.lang):
            yield ""
            yield f"**{escape(told)}**"
            yield from section(word(WAIVER_WORDS, "waived", self.lang))
        for finding in waived_findings(self.data):
            said = escape(say_waived(finding["waived"], self.lang))
            yield f"- ~~{escape(say_finding(finding, self.lang))}~~ {said}"

    def denials(self) -> Iterator[str]:
        if not self.data["denials"]:
            return
        yield from self.heading("because")
        for finding in self.data["denials"]:
            subject = subject_of(finding)
            reasons = finding.get("reasons", []) if finding["effect"] == "need" else []
            message = " · ".join(self.say(r["title"]) for r in reasons) or self.say(finding["message"])
            mend = f" *{aside(phrase('curable', self.lang), self.lang).strip()}*" if finding.get("curable") else ""
            mend += waived_mark(finding, self.lang)
            yield f"- **{escape(subject)}** {message}{mend}" if subject else f"- {message}{mend}"
            yield f"  - {self.check(finding)}"
            for citation in finding["citations"]:
                words = citation[self.lang] or ""
                cite = escape(cited(citation, self.lang))
                yield f"  > {cite}{self.colon}{escape(words)}"
            for fact in finding["facts"]:
                yield f"  - {escape(fact['path'])} ({escape(self.data['file'])}:{fact['line']})"

    def missing(self) -> Iterator[str]:
        if self.data["missing"]:
            yield from self.heading("missing")
        for ask in self.data["missing"]:
            yield f"- **{escape(ask['path'])}** {self.say(ask['question'])}"
            yield from (f"  - {escape(say_matter(matter, self.lang))}" for matter in ask.get("about", ()))

    def opinions(self) -> Iterator[str]:
        if self.data["opinions"]:
            yield from section(word(OPINIONS, "opinions", self.lang))
        for opinion in self.data["opinions"]:
            place = f"{self.data['file']}:{opinion['line']}"
            yield f"- {escape(say_opinion(opinion, self.lang))} ({escape(place)})"

    def licenses(self, key: str, title: str) -> Iterator[str]:
        if not self.data[key]:
            return
        yield from self.heading(title)
        for finding in self.data[key]:
            offers = finding.get("any_of") or [{"instrument": finding["instrument"], "authority": finding["authority"]}]
            texts = []
            for offer in offers:
                source = phrase("from", self.lang, authority=self.bodies(offer["authority"]))
                text = f"**{self.say(offer['instrument']['title'])}**{self.comma}{source}"
                if "route" in offer:
                    title_of = next(self.say(r["title"]) for r in finding["routes"] if r["name"] == offer["route"])
                    way = phrase("route", self.lang, route=title_of)
                    text += aside(f"{offer['class']}{self.comma}{way}", self.lang)
                texts.append(text)
            service = f"{escape(finding['subject']['service'])}: " if finding["subject"]["service"] else ""
            joined = f" *{phrase('or', self.lang)}* ".join(texts)
            yield f"- {service}{joined} [{self.law(finding)}]{waived_mark(finding, self.lang)}"

    def services(self) -> Iterator[str]:
        yield from self.heading("services")
        for service in self.data["services"]:
            yield f"- **{escape(service['id'])}**: {word(STATES, service['state'], self.lang)}"
            for activity in service["activities"]:
                outcome = word(VERDICTS, activity["outcome"], self.lang)
                yield f"  - {self.say(activity['title'])}{self.colon}{outcome}"
                for route in activity["routes"]:
                    way = way_of(route, activity["routes"], self.lang)
                    yield f"    - {_MARKS[route['state']]} {self.route(route, way)}"

    def route(self, route: Data, way: str) -> str:
        text = f"{self.say(route['title'])}{self.colon}{way}"
        points = []
        if route["share_too_high"]:
            points.append(phrase("share_too_high", self.lang, percent=number(route["max_foreign_percent"])))
        for condition in route["conditions"]:
            if not condition["applies"]:
                continue
            if condition["value"] is False and route["state"] == "closed":
                points.append(self.point("fails", condition))
            if condition["value"] is None and route["state"] == "unknown":
                points.append(self.point("open_point", condition))
        if route["state"] == "unknown":
            points += [phrase("unread", self.lang, name=escape(name)) for name in route["unread"]]
        return text + aside(joint("semicolon", self.lang).join(points), self.lang) if points else text

    def point(self, key: str, condition: Data) -> str:
        """Return a condition with its check and its law."""
        text = phrase(key, self.lang, message=self.say(condition["message"]))
        return text + aside(f"{self.check(condition)}{joint('semicolon', self.lang)}{self.law(condition)}", self.lang)

    def duties(self) -> Iterator[str]:
        if not self.data["duties"]:
            return
        yield from self.heading("duties")
        for group in GROUP_ORDER:
            found = merge_duties(duty for duty in self.data["duties"] if duty["deadline"]["group"] == group)
            if not found:
                continue
            yield f"**{word(GROUPS, group, self.lang)}**"
            yield ""
            for duty in sorted(found, key=lambda duty: [body["id"] for body in duty["authority"]]):
                deadline = duty["deadline"]
                when = self.say(deadline["text"])
                if deadline["date"] and group != "before-launch":
                    when += aside(phrase("by", self.lang, day=deadline["date"]), self.lang)
                box = "x" if duty["state"] == "done" else " "
                title = self.say(duty["instrument"]["title"])
                bodies = self.bodies(duty["authority"])
                yield f"- [{box}] {title}{self.colon}{bodies}{self.comma}{when} [{self.law(duty)}]"
            yield ""

    def notes(self) -> Iterator[str]:
        if self.data["contested"]:
            yield from self.heading("contested")
            for readings in doubt.group_readings(self.data["contested"]):
                yield f"- {escape(readings[0]['subject'])}{self.colon}{self.say(readings[0]['message'])}"
                sentences = [doubt.say_other(reading, self.lang) for reading in readings]
                yield from (f"  - {escape(one)}" for one in (*sentences, *doubt.say_basis(readings[0], self.lang)))
            if told := doubt.say_worst(self.data, self.lang):
                yield f"- {escape(told)}"
        for key in ("advice", "undetermined"):
            found = doubt.by_kind(self.data[key]) if key == "advice" else self.data[key]
            findings = {finding["rule"]: finding for finding in reversed(found)}
            if findings and not (key == "undetermined" and self.data["decision"] == "incomplete"):
                yield from self.heading(key)
                for finding in reversed(findings.values()):
                    asks = ", ".join(dict.fromkeys(escape(ask["path"]) for ask in finding.get("asks", [])))
                    kind = f"**{escape(doubt.say_kind(finding, self.lang))}** " if key == "advice" else ""
                    yield f"- {kind}{self.say(finding['message'])} [{self.law(finding)}]" + (
                        f" ({asks})" if asks else ""
                    )
                    yield f"  - {self.check(finding)}"
        if self.data.get("changes_ahead"):
            from vatspolicy.reports.timeline import WORDS, say_ahead

            yield from section(word(WORDS, "ahead", self.lang))
            yield from (f"- {escape(say_ahead(entry, self.lang))}" for entry in self.data["changes_ahead"])
