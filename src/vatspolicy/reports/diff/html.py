"""The comparison as one HTML page: no network, no script, for screen and paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.documents.yaml_writer import dump_yaml
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.diff import wording
from vatspolicy.reports.diff.summary import release, sentences, sides
from vatspolicy.reports.diff.words import phrase
from vatspolicy.reports.formats.html import Content, Html, join, link, tag
from vatspolicy.reports.formats.html_page import badge, contents, page, table

Data = Mapping[str, Any]

_TONES = {"allow": "good", "needs-license": "warn", "deny": "bad", "incomplete": "ask"}
_STYLE = "tbody th { font-weight: 400 } td > ul { margin: 0 } h1 .badge { white-space: normal }"
_TITLES = {"tightened": "bad", "loosened": "warn", "both": "bad", "neither": "good", "unknown": "bad"}


def render(data: Data, lang: Language) -> str:
    """Render the whole report without cuts."""
    found = _Page(data, lang)
    parts = [(key, phrase(key, lang), list(part)) for key, part in found.sections()]
    parts = [part for part in parts if part[2]]
    body = join(
        tag("h1", badge(data["title"][lang], "bad" if data["why"] else _TITLES[data["verdict"]])),
        tag("p", sides(data, lang), class_="soft"),
        tag("ul", [tag("li", sentence) for sentence in sentences(data, lang)]),
        [tag("section", tag("h2", title, id=key), part, aria_labelledby=key) for key, title, part in parts],
    )
    entries = contents((title, key, ()) for key, title, _ in parts)
    title = f"{data['title'][lang]} – vatspolicy diff"
    return page(
        title, body, lang, style=_STYLE, toc=entries if parts else None, end=tag("p", phrase("disclaimer", lang))
    )


class _Page:
    def __init__(self, data: Data, lang: Language) -> None:
        self.data, self.lang = data, lang

    def sections(self) -> Iterator[tuple[str, Iterator[Html]]]:
        yield "problems", self.problems()
        yield "structure", self.structure()
        yield "decisions", self.decisions()
        yield "transitions", self.transitions()
        yield "semantic", self.rules()
        yield "release", self.release()
        yield "details", self.details()

    def say(self, key: str, **values: Any) -> str:
        return phrase(key, self.lang, **values)

    def table(self, key: str, head: Sequence[str], rows: Sequence[Sequence[Content]]) -> Html:
        return table(self.say(key), [self.say(name) for name in head], rows, titled=True)

    def problems(self) -> Iterator[Html]:
        found = [
            tag(
                "li",
                tag("span", f"{problem['file']}:{problem['line']}:{problem['column']}", class_="path"),
                f" {problem['path']} {problem['message']} {problem['hint']}",
            )
            for problem in self.data["problems"]
        ]
        yield from [tag("ul", found)] if found else []

    def answer(self, answer: Data) -> Html:
        return badge(wording.answer(answer, self.lang), _TONES[answer["decision"]])

    def change(self, before: Data, after: Data) -> Html:
        return join(self.answer(before), " → ", self.answer(after))

    def decisions(self) -> Iterator[Html]:
        rows = self.data["decisions"]["rows"] if self.data["decisions"] else []
        known: set[str] = set()
        lines: list[list[Content]] = [
            [
                wording.subject(row),
                ", ".join(row["services"]) or self.say("whole"),
                _days(row["days"]),
                self.change(row["before"], row["after"]),
                tag("ul", [tag("li", self.cause(cause, known)) for cause in row["because"]]),
            ]
            for row in rows
        ]
        if lines:
            yield self.table("decisions", ("product", "service", "as_of", "change", "because"), lines)

    def cause(self, cause: Data, known: set[str]) -> Html:
        """Render a rule with its law, once; each article links to its publication. `known`: rules shown before."""
        laws: list[Content] = []
        title = ""
        for citation in cause["citations"] if cause["rule"] not in known else ():
            label, new = citation["label"][self.lang], citation["title"][self.lang]
            laws.append(join(f"{new}, " if new != title else None, link(label, citation["url"])))
            title = new
        known.add(cause["rule"])
        return join(tag("code", cause["rule"]), " ", join(*laws, between=", "))

    def transitions(self) -> Iterator[Html]:
        found = self.data["semantic"]["transitions"] if self.data["semantic"] else []
        for entry in found:
            if entry["witness"] is not None:
                yield self.witness(wording.shown(entry["witness"], self.lang), entry["witness"])
        for sentence in wording.excluded(self.data, self.lang) if found else ():
            yield tag("p", sentence)

    def rules(self) -> Iterator[Html]:
        found = self.data["semantic"]["rules"] if self.data["semantic"] else []
        for rule in [rule for rule in found if not wording.only_lists(rule)]:
            yield tag("h3", tag("code", rule["rule"]))
            yield tag("p", rule["message"][self.lang], " ", tag("span", self.law(rule), class_="soft"))
            yield tag("p", wording.verdict(rule, self.lang))
            if rule["witness"] is not None:
                yield self.witness(wording.shown(rule["witness"], self.lang), rule["witness"])
        listed = [rule for rule in found if wording.only_lists(rule)]
        if listed:
            rows: list[list[Content]] = [
                [
                    [tag("code", rule["rule"]), tag("br"), rule["message"][self.lang], " ", self.law(rule)],
                    wording.dated(rule, self.lang),
                    wording.names(rule["seen_in"]),
                    self.witness(wording.shown(rule["witness"], self.lang), rule["witness"]),
                ]
                for rule in listed
            ]
            yield tag("h3", self.say("listed"))
            yield self.table("listed", ("rule", "change_of_rule", "seen", "witness"), rows)

    def law(self, rule: Data) -> str:
        return f"[{wording.law(rule, self.lang)}]" if rule["citations"] else ""

    def witness(self, title: str, witness: Data) -> Html:
        """Folded: the facts as a table, and the profile as it can be copied."""
        facts: list[list[Content]] = [[fact["title"][self.lang], fact["value"][self.lang]] for fact in witness["facts"]]
        text = dump_yaml(witness["profile"])
        return tag(
            "details",
            tag("summary", title),
            self.table("witness", ("fact", "value"), facts) if facts else tag("p", self.say("any_product")),
            tag("details", tag("summary", self.say("profile")), tag("pre", tag("code", text))),
        )

    def release(self) -> Iterator[Html]:
        found = self.data["release"]
        if found:
            yield tag("p", release(found, self.lang))
            faults = [
                tag("li", fault["text"][self.lang], " ", tag("span", f"{fault['file']}:{fault['line']}", class_="path"))
                for fault in found["faults"]
            ]
            yield from [tag("ul", faults)] if faults else []

    def structure(self) -> Iterator[Html]:
        lines = [self.edit(change) for change in self.data["structure"]]
        for change in self.data["schemas"]:
            path = tag("span", change["file"], class_="path")
            lines.append(tag("li", path, " ", wording.schema_edit(change, self.lang)))
        yield from [tag("ul", lines)] if lines else []

    def edit(self, change: Data) -> Html:
        values = []
        for name, sign, value in wording.values(change, self.lang):
            lead = f"{name}: " if name else ""
            values.append(tag("li", lead, value if sign == "~" else tag("ins" if sign == "+" else "del", value)))
        return tag(
            "li",
            tag("span", f"{change['file']}:{change['line']}", class_="path"),
            " ",
            wording.edit(change, self.lang),
            [" ", badge(self.say("back"), "warn")] if change["retroactive"] else None,
            tag("ul", values) if values else None,
        )

    def details(self) -> Iterator[Html]:
        found = self.data["decisions"]["details"] if self.data["decisions"] else []
        rows: list[list[Content]] = [
            [wording.detail(detail, self.lang), _days(detail["days"]), ", ".join(detail["products"])]
            for detail in found
        ]
        if rows:
            yield self.table("details", ("what", "as_of", "who"), rows)


def _days(days: Sequence[str]) -> Html:
    """Days as such, one a line; the middle of many left out."""
    shown = [*days] if len(days) <= 4 else [*days[:2], "…", days[-1]]
    return join(*(tag("time", day, datetime=day) if day != "…" else day for day in shown), between=tag("br"))
