"""The decision report as one page: verdict, routes, things to do, law and facts, for one spec or several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vatspolicy.errors import Problem
from vatspolicy.i18n.words import STATES, VERDICTS, word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision import doubt
from vatspolicy.reports.decision.digest import open_facts
from vatspolicy.reports.decision.html_basis import (
    article_text,
    facts_table,
    law_list,
    remark_list,
    steps,
    title,
    value_in_words,
    waived_list,
)
from vatspolicy.reports.decision.html_todo import by_authority, calendar, items
from vatspolicy.reports.decision.opinions import WORDS as OPINIONS
from vatspolicy.reports.decision.opinions import say_matter, say_opinion
from vatspolicy.reports.decision.route_diagram import picture, route_list
from vatspolicy.reports.formats.html import Content, Html, join, link, tag
from vatspolicy.reports.formats.html_page import badge, contents, page, read_asset, table
from vatspolicy.reports.formats.html_words import Sentences
from vatspolicy.reports.timeline import WORDS as AHEAD
from vatspolicy.reports.timeline import say_change, say_fact, say_law, told
from vatspolicy.reports.words import MEANINGS, VERIFICATION, phrase

Data = Mapping[str, Any]
TONES = {"allow": "good", "needs-license": "warn", "deny": "bad", "incomplete": "ask"}
_IN_FULL = 8
"""Decisions on one page up to which its contents list their sections."""


def render(
    records: Iterable[Data], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Data] = ()
) -> str:
    """Render a page of all decisions (records), then waivers, then the specs that could not be decided."""
    records, problems = list(records), sorted(set(problems))
    single = len(records) == 1 and not problems
    say = Sentences(lang)
    sections = [_Decision(data, lang, "" if single else f"d{place}-", single) for place, data in enumerate(records, 1)]
    if single:
        head = say.html("title_one", verdict=sections[0].verdict, title=sections[0].name)
        entries: list[tuple[str, str, Sequence[tuple[str, str]]]] = [(*place, ()) for place in sections[0].places()]
        body: list[Content] = [sections[0].html()]
    else:
        head = say.html("title_many", count=len(records))
        several = len(sections) > _IN_FULL
        entries = [
            (section.name, f"{section.say.prefix}top", () if several else tuple(section.places()))
            for section in sections
        ]
        body = [tag("h1", head), _overview(sections, say) if sections else None, *(s.html() for s in sections)]
        if problems:
            entries.append((phrase("undecided", lang), "undecided", ()))
            lines = [tag("li", tag("code", str(problem))) for problem in problems]
            body += [tag("h2", phrase("undecided", lang), id="undecided"), tag("ul", lines)]
    if remarks:
        title_of, listed = remark_list(remarks, lang)
        entries.append((title_of, "waivers", ()))
        body += [tag("section", tag("h2", title_of, id="waivers"), listed)]
    return page(
        head, body, lang, style=read_asset("decision.css"), toc=contents(entries), end=phrase("not_advice", lang)
    )


def fragment(data: Data, lang: Language, prefix: str) -> Html:
    """Render a decision for another page, which adds decision.css. `prefix` begins every id."""
    return _Decision(data, lang, prefix, False).html()


def _overview(sections: Sequence[_Decision], say: Sentences) -> Html:
    rows: list[list[Content]] = [
        [
            link(section.name, f"#{section.say.prefix}top"),
            badge(section.verdict, TONES[section.data["decision"]]),
            section.data["as_of"],
            tag("code", section.data["file"]),
        ]
        for section in sections
    ]
    return table(say.html("overview"), [say.html(k) for k in ("product", "decision", "law_day", "spec")], rows)


class _Decision:
    def __init__(self, data: Data, lang: Language, prefix: str, single: bool) -> None:
        self.data, self.lang, self.say = data, lang, Sentences(lang, prefix)
        self.h = [f"h{level if single else level + 1}" for level in (1, 2, 3, 4)]
        self.name, self.verdict = str(data["title"]), doubt.verdict(data, lang)
        self.items = items(data, self.say)
        self.explained = False
        self.made = [(key, head, part) for key, head, part in self.sections() if part is not None]

    def places(self) -> list[tuple[str, str]]:
        """Titles of sections, and their ids."""
        return [(head, self.say.place(key)) for key, head, _ in self.made]

    def html(self) -> Html:
        return tag(
            "article",
            self.banner(),
            [
                tag("section", tag(self.h[1], head, id=self.say.place(key)), part, class_=f"part-{key}")
                for key, head, part in self.made
            ],
            class_="decision",
        )

    def sections(self) -> Iterator[tuple[str, str, Content]]:
        data, lang, say = self.data, self.lang, self.say
        if "remaining" in data:
            yield "waived", *waived_list(data, say)
        yield "because", phrase("because", lang), self.denials()
        yield "missing", phrase("missing", lang), self.missing()
        yield "opinions", word(OPINIONS, "opinions", lang), self.opinions()
        yield "services", phrase("services", lang), [self.service(service) for service in data["services"]]
        yield "met", phrase("met", lang), self.met()
        yield "to-do", say.html("to_do"), self.to_do()
        yield (
            "calendar",
            say.html("calendar"),
            calendar(data, self.items, say, self.h[2], say.place("dates")) if self.items and not self.denied else None,
        )
        yield "ahead", word(AHEAD, "ahead", lang), self.ahead()
        yield "contested", phrase("contested", lang), self.contested()
        yield "advice", phrase("advice", lang), self.advice()
        yield "undetermined", phrase("undetermined", lang), self.undetermined()
        yield "law", say.html("law"), law_list(data, say, self.h[2])
        yield "facts", say.html("facts"), facts_table(data, say)

    @property
    def denied(self) -> bool:
        return bool(self.data["decision"] == "deny")

    # --- the answer

    def banner(self) -> Html:
        data, lang, say = self.data, self.lang, self.say
        meaning = word(MEANINGS, data["decision"], lang)
        if data["decision"] == "incomplete":
            low, high = (word(VERDICTS, end, lang) for end in data["range"])
            meaning += ("" if lang == "zh" else " ") + phrase("range", lang, low=low, high=high)
        bundle = data["bundle"]
        pairs: list[tuple[str, Content]] = [
            (say.html("law_day"), tag("time", data["as_of"], datetime=data["as_of"])),
            (say.html("launch"), data["launch"] or say.html("no_launch")),
            (say.html("bundle"), bundle["version"]),
            (say.html("digest"), tag("code", bundle["digest"])),
        ]
        if data["verification"]:
            pairs.append((say.html("verified"), word(VERIFICATION, data["verification"], lang)))
        return tag(
            "header",
            tag("p", tag("code", data["product"]), " · ", tag("code", data["file"]), class_="kicker"),
            tag(self.h[0], self.name, id=say.place("top")),
            tag("p", self.verdict, class_="word"),
            tag("p", meaning),
            tag("p", doubt.hint(data, lang)) if data["contested"] else None,
            [tag("p", say.text(notice["message"]), class_="soft") for notice in data["notices"]],
            tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs], class_="key"),
            class_=f"verdict {TONES[data['decision']]}-box",
        )

    def subject(self, finding: Data) -> str:
        parts = [part for part in (finding["subject"]["service"], finding["subject"]["class"]) if part]
        return "/".join(parts) + self.say.colon if parts else ""

    def denials(self) -> Html | None:
        if not self.data["denials"]:
            return None
        return tag("ul", [self.denial(finding) for finding in self.data["denials"]], class_="findings")

    def denial(self, finding: Data) -> Html:
        reasons = finding.get("reasons", []) if finding["effect"] == "need" else []
        message = " · ".join(self.say.text(reason["title"]) for reason in reasons) or self.say.text(finding["message"])
        return tag(
            "li",
            tag(
                "p",
                tag("strong", self.subject(finding), message),
                (" ", badge(phrase("curable", self.lang), "ask")) if finding.get("curable") else None,
            ),
            [self.quotation(cited) for cited in finding["citations"]],
            self.say.check(finding),
            self.read(finding),
            self.clauses(finding),
            self.rule(finding),
        )

    def quotation(self, cited: Data) -> Html:
        place = self.say.place("law", cited["policy"], cited["key"])
        name = f"{self.say.text(cited['title'])}{self.say.comma}{self.say.text(cited['label'])}"
        return tag("blockquote", article_text(cited, self.say), tag("p", tag("cite", link(name, f"#{place}"))))

    def read(self, finding: Data) -> Html | None:
        """Render the facts that a finding depends on."""
        facts = []
        for fact in finding["facts"]:
            path = steps(fact["path"])
            value = value_in_words(path, fact["value"], self.say)
            place = f"{self.data['file']}:{fact['line']}"
            facts.append(
                tag("li", f"{title(path, self.say)}{self.say.colon}", tag("strong", value), " ", tag("code", place))
            )
        return tag("ul", facts, class_="read") if facts else None

    def clauses(self, finding: Data) -> Html | None:
        """Render the truth table of the rule's condition, folded."""
        if not finding["clauses"]:
            return None
        rows = [
            tag(
                "li",
                badge(self.say.html({True: "true", False: "false", None: "unknown"}[clause["value"]]), ""),
                " ",
                tag("code", clause["text"]),
                class_=f"deep-{min(clause['depth'], 4)}",
            )
            for clause in finding["clauses"]
        ]
        return tag("details", tag("summary", self.say.html("why")), tag("ul", rows, class_="clauses"))

    def rule(self, finding: Data) -> Html:
        return tag(
            "p", self.say.html("rule"), " ", tag("code", f"{finding['rule']} {finding['version']}"), class_="soft small"
        )

    def missing(self) -> Html | None:
        if not self.data["missing"]:
            return None
        matters = [matter for ask in self.data["missing"] for matter in ask.get("about", ())]
        facts = table(
            phrase("missing", self.lang),
            [self.say.html("question"), self.say.html("path"), self.say.html("waiting")],
            [
                [self.say.text(ask["question"]), tag("code", ask["path"]), len(ask["rules"])]
                for ask in self.data["missing"]
            ],
            titled=True,
        )
        return join(facts, tag("ul", [tag("li", say_matter(one, self.lang)) for one in matters]) if matters else None)

    def opinions(self) -> Html | None:
        """Render every opinion of the profile."""
        rows = [
            tag("li", say_opinion(opinion, self.lang), " ", tag("code", f"{self.data['file']}:{opinion['line']}"))
            for opinion in self.data["opinions"]
        ]
        return tag("ul", rows) if rows else None

    # --- services and their routes

    def service(self, service: Data) -> Html:
        by = [
            tag(
                "p",
                f"{self.say.html('class_by')}{self.say.colon}{self.say.text(rule['message'])} ",
                badge(self.say.html("contested_class"), "warn") if rule["contested"] else None,
                " ",
                tag("code", rule["rule"], class_="soft"),
            )
            for rule in service["classified_by"]
        ]
        return tag(
            "section",
            tag(
                self.h[2],
                self.say.html("service", id=service["id"]),
                self.say.colon,
                word(STATES, service["state"], self.lang),
            ),
            by,
            [
                self.activity(activity, self.say.place("routes", service["id"], activity["class"]))
                for activity in service["activities"]
            ],
        )

    def activity(self, activity: Data, id: str) -> Html:
        """Render the routes of an activity as a picture and a list; the first picture explains its signs."""
        first, self.explained = not self.explained, True
        label = self.say.html("routes_title", activity=self.say.text(activity["title"]))
        routes = activity["routes"]
        drawn = tag(
            "figure",
            tag("div", picture(activity, self.say, id), class_="scroll", role="group", aria_label=label, tabindex=0),
            tag("figcaption", self.say.html("routes_key"), class_="soft") if first else None,
        )
        return tag(
            "div",
            tag(
                self.h[3],
                self.say.text(activity["title"]),
                " ",
                badge(word(VERDICTS, activity["outcome"], self.lang), TONES[activity["outcome"]]),
                id=id,
            ),
            (drawn, route_list(activity, self.say)) if routes else tag("p", self.say.html("no_routes")),
            class_="activity-routes",
        )

    def met(self) -> Html | None:
        held = [finding for finding in self.data["met"] if "instrument" in finding]
        rows = [
            tag(
                "li",
                self.subject(finding),
                self.say.text(finding["instrument"]["title"]),
                self.say.law(finding["citations"]),
            )
            for finding in held
        ]
        return tag("ul", rows) if rows else None

    # --- what to do

    def to_do(self) -> Content:
        if not self.items:
            return None
        made = by_authority(self.items, self.say, self.h[2])
        if not self.denied:
            return made
        return tag("details", tag("summary", self.say.html("would_do", count=len(self.items))), made)

    def ahead(self) -> Html | None:
        """Render changes of the decision between today and some time after the day decided."""
        entries = [
            tag(
                "li",
                tag("p", tag("strong", word(AHEAD, entry["phase"], self.lang, day=entry["day"]))),
                tag("ul", [tag("li", say_change(change, self.lang)) for change in told(entry["changes"])]),
                tag(
                    "p",
                    self.say.semicolon.join(
                        [
                            *(say_law(one, self.lang) for one in entry["instruments"]),
                            *(say_fact(one, self.lang) for one in entry["facts"]),
                        ]
                    ),
                    class_="soft",
                ),
            )
            for entry in self.data.get("changes_ahead") or ()
        ]
        return tag("ul", entries, class_="findings") if entries else None

    def contested(self) -> Html | None:
        if not self.data["contested"]:
            return None
        rows = [
            tag(
                "li",
                tag("strong", f"{readings[0]['subject']}{self.say.colon}"),
                f"{self.say.text(readings[0]['message'])} ",
                tag("code", readings[0]["rule"], class_="soft"),
                tag("ul", [tag("li", doubt.say_other(reading, self.lang)) for reading in readings]),
                [tag("p", sentence, class_="soft") for sentence in doubt.say_basis(readings[0], self.lang)],
            )
            for readings in doubt.group_readings(self.data["contested"])
        ]
        told = doubt.say_worst(self.data, self.lang)
        return tag("ul", rows, tag("li", told) if told else None)

    def advice(self) -> Html | None:
        rows = [
            tag(
                "li",
                tag("strong", doubt.say_kind(finding, self.lang)),
                " ",
                self.say.text(finding["message"]),
                self.say.check(finding),
                self.say.law(finding["citations"]),
            )
            for finding in doubt.by_kind(self.data["advice"])
        ]
        return tag("ul", rows, class_="advice-list") if rows else None

    def undetermined(self) -> Html | None:
        if not self.data["undetermined"] or self.data["decision"] == "incomplete":
            return None
        rows: list[list[Content]] = []
        for path, (ask, count) in open_facts(self.data["undetermined"]).items():
            rows.append([self.say.text(ask["question"]), tag("code", path), count])
        rules = {finding["rule"]: finding for finding in self.data["undetermined"]}
        waiting = [tag("li", tag("code", name), " ", self.say.text(rules[name]["message"])) for name in sorted(rules)]
        return join(
            tag("p", phrase("undetermined_hint", self.lang)),
            table(
                phrase("undetermined", self.lang),
                [self.say.html("question"), self.say.html("path"), self.say.html("waiting")],
                rows,
                titled=True,
            ),
            tag("details", tag("summary", self.say.html("other_rules", count=len(waiting))), tag("ul", waiting)),
        )
