"""Ways forward as text, Markdown and HTML, and their words in both languages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from vatspolicy.core.engine.result import Citation, encode
from vatspolicy.guidance.remediation.result import Extent, RankedRoute, Remedy, Service, Ways
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean, wrap
from vatspolicy.i18n.words import STATES, VERDICTS, Table, aside, gap, joint, number, word
from vatspolicy.output import Style
from vatspolicy.reports.decision.digest import group_readings, say_hint, say_matter, say_other, say_verdict
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.words import COLORS, MEANINGS, ROUTE_MARKS, ROUTE_TONES, TONES, phrase, say_deciding

if TYPE_CHECKING:
    from markupsafe import Markup

WORDS: Table = {
    "routes": Phrase("Routes"),
    "no_routes": Phrase("no route exists on this day"),
    "not_telecom": Phrase("No telecom license is needed, so there is no route to check."),
    "share": Phrase("Foreign share at most {percent} %."),
    "leads_to": Phrase("leads to: {instrument}"),
    "besides": Phrase("Obstacles on every route"),
    "differences": Phrase("Changes that would lead to {word}"),
    "or_better": Phrase("{word} or better"),
    "differences_open": Phrase("Changes that would remove every denial, with facts still missing"),
    "cost": Phrase("effort {cost}"),
    "get": Phrase("to get: {licenses}"),
    "missing": Phrase("facts still missing: {facts}"),
    "missing_many": Phrase("{count} facts still missing, the most decisive: {facts}"),
    "also": Phrase("equally good: {places}"),
    "apart": Phrase("{service} alone, before the changes: {word}"),
    "contested": Phrase("under another reading of the law the result differs"),
    "day": Phrase("under the law of {day}, as contained in the bundle"),
    "none": Phrase("No combination of up to {most} known changes leads to this decision."),
    "none_checked": Phrase("None of the checked combinations leads to this decision."),
    "none_while": Phrase("None found. These facts are not stated: {facts}."),
    "none_while_many": Phrase("None found. {count} facts are not stated. The most decisive: {facts}."),
    "settled_by": Phrase("{word} if {fact} is: {values}"),
    "nothing_better": Phrase("No obstacles: a change is not needed."),
    "looked": Phrase("Checked {looked} combinations of up to {most} changes. The same rules decided every proposal."),
    "looked_one": Phrase("Checked 1 combination of up to {most} changes. The same rules decided every proposal."),
    "bounded": Phrase("The search reached its limit: combinations with more effort were not checked."),
    "effort": Phrase("Effort is a rank, not a price: 1 is a contract, 5 a change of owners; efforts add up."),
    "unstated": Phrase("Facts that are not stated and whose changes were not considered: {facts}"),
    "nothing_but_contest": Phrase(
        "Under the first reading of the law, a change is not needed. Another reading leads to a different result: "
        "see above."
    ),
    "margins": Phrase("Margins"),
    "facts_missing": Phrase("Missing facts; items that depend on them are marked ?"),
    "not_advice": Phrase(
        "These are hypothetical changes, not legal advice. Change the spec only once the change has happened."
    ),
    "and_more": Phrase(" and {count} more"),
}


def name_goal(goal: str, lang: Language, reached: Iterable[str] = ()) -> str:
    """Return the decision of the proposals, or the goal with "or better" if they differ."""
    verdicts = set(reached)
    if len(verdicts) == 1:
        return word(VERDICTS, verdicts.pop(), lang)
    name = word(VERDICTS, goal, lang)
    return name if goal == "allow" else say("or_better", lang, word=name)


say = partial(word, WORDS)
"""Return a phrase in one language, with values filled in."""


# --- text


_VALUES = {True: "open", False: "closed", None: "unknown"}
_NAMED = 3
"""Maximum number of missing facts in a sentence."""
ALSO = 6
"""Maximum number of equally good places listed; the rest is counted."""


def render(format: str, ways: Ways, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render ways forward in a format. `color` and `room` (columns) apply to text only."""
    match format:
        case "json":
            return json.dumps(encode(ways), ensure_ascii=False, indent=2) + "\n"
        case "html":
            return render_page(ways, lang)
        case "markdown":
            return render_markdown(ways, lang)
    return "\n".join(_WaysReport(ways, lang, Style(color), room).lines()) + "\n"


def places(also: Iterable[LocalizedText], lang: Language) -> str:
    """List the first few equally good places and count the rest."""
    names = [str(name[lang]) for name in also]
    shown = joint("list", lang).join(names[:ALSO])
    return shown + (say("and_more", lang, count=len(names) - ALSO) if len(names) > ALSO else "")


def licenses(proposal: Remedy, lang: Language) -> str:
    """Return the licenses to obtain, with their routes."""
    needs = []
    for need in proposal.needs:
        offers = []
        for offer in need.any_of:
            way = aside(offer.route.title[lang], lang) if offer.route else ""
            offers.append(offer.instrument.title[lang] + way)
        needs.append(f" {phrase('or', lang)} ".join(dict.fromkeys(offers)))
    return joint("semicolon", lang).join(dict.fromkeys(needs))


def law_of(citations: Iterable[Citation], lang: Language) -> str:
    """Return the regulations and articles of citations."""
    comma = joint("comma", lang)
    articles: dict[str, dict[str, None]] = {}
    for cited in citations:
        articles.setdefault(cited.title[lang], {})[cited.label[lang]] = None
    return joint("semicolon", lang).join(comma.join([title, *labels]) for title, labels in articles.items())


def bound(search: Extent, lang: Language) -> str:
    """Return the bound of the search and the meaning of the order of proposals."""
    key = "looked_one" if search.looked == 1 else "looked"
    parts = [say(key, lang, looked=search.looked, most=search.most)]
    parts += [] if search.exhausted else [say("bounded", lang)]
    return gap(lang).join([*parts, say("effort", lang)])


def contests(ways: Ways, lang: Language) -> Iterator[tuple[str, list[str]]]:
    """Yield each contested rule and its other readings, in words."""
    for readings in group_readings(ways.contested):
        about = f"{readings[0].subject}{joint('colon', lang)}{readings[0].message[lang]}"
        yield about, [say_other(reading, lang) for reading in readings]


def nothing_better(ways: Ways) -> str:
    """Return the key of the phrase for a decision without improvements."""
    return "nothing_but_contest" if ways.contested else "nothing_better"


def reached(ways: Ways, lang: Language) -> str:
    """Return the decision of the proposals; empty if there is no goal."""
    return "" if ways.goal is None else name_goal(ways.goal, lang, (proposal.decision for proposal in ways.proposals))


def unstated(ways: Ways, lang: Language) -> str:
    """Return the sentence about unstated facts whose changes were not considered; empty if there are no such facts."""
    facts = [f"{fact.title[lang]}{joint('colon', lang)}{fact.path}" for fact in ways.unstated]
    return say("unstated", lang, facts=joint("semicolon", lang).join(facts)) if facts else ""


def none_found(ways: Ways, lang: Language) -> str:
    """Return the sentence that no proposal was found, with unstated facts that the search could not change."""
    facts = {fact.path: fact.question for fact in (*ways.missing, *(f for p in ways.undecided for f in p.missing))}
    for fact in ways.unstated:
        facts.setdefault(fact.path, fact.title)
    if facts:
        return _say_missing("none_while", facts, lang)
    return say("none" if ways.search.exhausted else "none_checked", lang, most=ways.search.most)


def _say_missing(key: str, facts: Mapping[str, LocalizedText], lang: Language) -> str:
    """Return a sentence with the questions of missing facts by path; of many facts, the most decisive ones."""
    named = [f"{path}{aside(text[lang], lang)}" for path, text in facts.items()][:_NAMED]
    found = joint("semicolon", lang).join(named)
    return say(key if len(facts) <= _NAMED else f"{key}_many", lang, facts=found, count=len(facts))


def joined(proposal: Remedy, lang: Language) -> str:
    """Describe a proposal in one line."""
    return joint("plus", lang).join(text[lang] for text in proposal.phrases)


def then(proposal: Remedy, lang: Language, decided: str, goal: str | None) -> Iterator[str]:
    """Yield the consequences of a proposal, one per line; `goal` is the goal of the proposals."""
    line = decided
    if "launch" in proposal.kinds:
        line += aside(say("day", lang, day=proposal.as_of), lang)
    if proposal.needs:
        line += joint("semicolon", lang) + say("get", lang, licenses=licenses(proposal, lang))
    yield line
    if proposal.missing:
        yield _say_missing("missing", {ask.path: ask.question for ask in proposal.missing}, lang)
        yield from (say_matter(matter, lang) for ask in proposal.missing for matter in ask.about)
    for fact in proposal.settled_by:
        values = f" {phrase('or', lang)} ".join(value[lang] for value in fact.values)
        yield say(
            "settled_by", lang, word=name_goal(goal or proposal.decision, lang), fact=fact.title[lang], values=values
        )
    if proposal.also:
        yield say("also", lang, places=places(proposal.also, lang))
    for apart in proposal.split_off:
        yield say("apart", lang, service=apart.service, word=word(VERDICTS, apart.decision, lang))
    if proposal.contested:
        yield say("contested", lang)


class _WaysReport:
    def __init__(self, ways: Ways, lang: Language, style: Style, room: int) -> None:
        self.ways, self.lang, self.style, self.room = ways, lang, style, room
        self.colon = joint("colon", lang)

    def lines(self) -> Iterator[str]:
        yield from self.verdict()
        yield from self.contest()
        yield from self.missing()
        yield from self.routes()
        yield from self.besides()
        yield from self.differences()
        yield from self.margins()
        yield ""
        yield from self.flow(say("not_advice", self.lang), "", "dim")

    def flow(self, text: str, indent: str, *styles: str, first: str | None = None) -> Iterator[str]:
        for line in wrap(clean(text), self.room, indent, first):
            yield self.style(line, *styles)

    def heading(self, text: str, shown: object = True) -> Iterator[str]:
        if shown:
            yield ""
            yield from self.flow(text, "", "bold")

    def verdict(self) -> Iterator[str]:
        ways = self.ways
        verdict = self.style(f" {say_verdict(ways, self.lang)} ", "bold", COLORS[ways.decision])
        day = phrase("as_of", self.lang, day=ways.as_of)
        version = say_deciding(ways.bundle, self.lang)
        contested = say_hint(ways, self.lang)
        title = " · ".join([str(ways.title), *([contested] if contested else []), day, version])
        yield from self.flow(title, " ", first=f"{verdict} ")
        meaning = word(MEANINGS, ways.decision, self.lang)
        if ways.decision == "incomplete":
            low, high = (word(VERDICTS, end, self.lang) for end in ways.range)
            meaning += gap(self.lang) + phrase("range", self.lang, low=low, high=high)
        yield from self.flow(meaning, " ")

    def contest(self) -> Iterator[str]:
        yield from self.heading(phrase("contested", self.lang), self.ways.contested)
        for about, others in contests(self.ways, self.lang):
            yield from self.flow(about, "    ", first="  ≠ ")
            for text in others:
                yield from self.flow(text, "      ", first="    - ")

    def missing(self) -> Iterator[str]:
        yield from self.heading(say("facts_missing", self.lang), self.ways.missing)
        for ask in self.ways.missing:
            yield from self.flow(f"{ask.path}: {ask.question[self.lang]}", "      ", first="  ? ")
            for matter in ask.about:
                yield from self.flow(say_matter(matter, self.lang), "      ", first="    - ")

    def routes(self) -> Iterator[str]:
        yield from self.heading(say("routes", self.lang))
        for service in self.ways.services:
            if not service.activities:
                yield from self.flow(f"{service.id}{self.colon}{_state_of(service, self.lang)}", "    ", first="  ")
            for activity in service.activities:
                outcome = self.style(word(VERDICTS, activity.outcome, self.lang), COLORS[activity.outcome])
                text = f"{clean(service.id)}{self.colon}{activity.title[self.lang]}{self.colon}"
                yield from wrap(text + outcome, self.room, "    ", "  ")
                if not activity.routes:
                    yield from self.flow(say("no_routes", self.lang), "    ", "dim")
                for route in activity.routes:
                    yield from self.route(route)

    def route(self, route: RankedRoute) -> Iterator[str]:
        mark, color = ROUTE_MARKS[route.state]
        goal = say("leads_to", self.lang, instrument=route.instrument.title[self.lang])
        text = f"{route.title[self.lang]}{self.colon}{word(STATES, route.state, self.lang)} · {goal}"
        if route.held:
            text += f" · {phrase('held', self.lang, title=route.instrument.title[self.lang])}"
        yield from self.flow(text, "      ", first=f"    {self.style(mark, color)} ")
        for value, condition in _checks(route, self.lang):
            mark, color = ROUTE_MARKS[_VALUES[value]]
            yield from self.flow(condition, "          ", first=f"        {self.style(mark, color)} ")
        yield from self.flow(law_of(route.citations, self.lang), "        ", "dim", first="      § ")

    def besides(self) -> Iterator[str]:
        yield from self.heading(say("besides", self.lang), self.ways.denials)
        for denial in self.ways.denials:
            yield from self.flow(denial.message[self.lang], "    ", first=f"  {self.style('✘', 'red')} ")
            yield from self.flow(law_of(denial.citations, self.lang), "      ", "dim", first="    § ")

    def differences(self) -> Iterator[str]:
        goal, search = self.ways.goal, self.ways.search
        if goal is None:
            yield from self.heading(say(nothing_better(self.ways), self.lang))
            return
        yield from self.heading(say("differences", self.lang, word=reached(self.ways, self.lang)))
        if not self.ways.proposals:
            yield from self.flow(none_found(self.ways, self.lang), "  ")
        for position, proposal in enumerate(self.ways.proposals, start=1):
            yield from self.proposal(str(position), proposal)
        yield from self.heading(say("differences_open", self.lang), self.ways.undecided)
        for proposal in self.ways.undecided:
            yield from self.proposal("?", proposal)
        yield ""
        if facts := unstated(self.ways, self.lang):
            yield from self.flow(facts, "  ", first="? ")
        yield from self.flow(bound(search, self.lang), "  ", "dim")

    def proposal(self, sign: str, proposal: Remedy) -> Iterator[str]:
        title = self.style(clean(joined(proposal, self.lang)), "bold")
        cost = self.style(say("cost", self.lang, cost=proposal.cost), "dim")
        yield from wrap(f"{title} · {cost}", self.room, "     ", f"  {sign}  ")
        for difference in proposal.differences:
            text = (
                f"{difference.title[self.lang]}{self.colon}{difference.from_[self.lang]} → {difference.to[self.lang]}"
            )
            yield from self.flow(text, "         ", first="       ")
        decided = self.style(word(VERDICTS, proposal.decision, self.lang), COLORS[proposal.decision])
        for position, line in enumerate(then(proposal, self.lang, decided, self.ways.goal)):
            yield from wrap(line, self.room, "         ", "       = " if not position else "         ")

    def margins(self) -> Iterator[str]:
        yield from self.heading(say("margins", self.lang), self.ways.margins)
        for margin in self.ways.margins:
            mark, color = ROUTE_MARKS["open" if margin.safe else "closed"]
            yield from self.flow(margin.text[self.lang], "    ", first=f"  {self.style(mark, color)} ")
            yield from self.flow(margin.law[self.lang], "      ", "dim", first="    § ")


# --- Markdown and HTML: one set of values for both


_SIGNS = {True: "✔", False: "✘", None: "?"}


def render_markdown(ways: Ways, lang: Language) -> str:
    """Render ways forward as Markdown."""
    from vatspolicy.reports.formats import templating

    return templating.render_markdown(
        "routes/routes.md.j2",
        lang=lang,
        marks={state: mark for state, (mark, _) in ROUTE_MARKS.items()},
        **_values(ways, lang),
    )


def render_page(ways: Ways, lang: Language) -> str:
    """Render ways forward as a page."""
    from vatspolicy.reports.formats import templating

    words = PageWords(lang)
    places = [
        (phrase("contested", lang), "contested", ways.contested),
        (say("facts_missing", lang), "facts-missing", ways.missing),
        (say("routes", lang), "routes", True),
        (say("besides", lang), "besides", ways.denials),
        (say("differences", lang, word=reached(ways, lang)) if ways.goal else "", "differences", ways.goal),
        (say("margins", lang), "margins", ways.margins),
    ]
    frame = templating.Frame(
        f"{say_verdict(ways, lang)}{words.colon}{ways.title}",
        lang,
        style=templating.read_asset("decision.css"),
        toc=templating.place_entries((title, id) for title, id, shown in places if shown),
        end=words.gap.join([phrase("not_advice", lang), words.deciding(ways.bundle)]),
    )
    return templating.render_page(
        "routes/routes.html.j2",
        frame,
        **{**_values(ways, lang), "h": "h2", "h_inner": "h3", "places": True},
        hint=say_hint(ways, lang),
        tone=TONES[ways.decision],
    )


def fragment(ways: Ways, lang: Language) -> Markup:
    """Render the plan for another page, below a heading of the second level."""
    from vatspolicy.reports.formats import templating

    return templating.render_html("routes/fragment.html.j2", lang=lang, **_values(ways, lang))


def _values(ways: Ways, lang: Language) -> dict[str, object]:
    """Return the values of the templates, in one language."""
    return {
        "ROUTE_TONES": ROUTE_TONES,
        "STATES": STATES,
        "as_of": phrase("as_of", lang, day=ways.as_of),
        "bound": bound(ways.search, lang) if ways.goal else "",
        "bundle": say_deciding(ways.bundle, lang),
        "checks": partial(_checks, lang=lang),
        "colon": joint("colon", lang),
        "contests": contests(ways, lang),
        "ways": ways,
        "h": "h3",
        "h_inner": "h4",
        "joined": partial(joined, lang=lang),
        "law_of": partial(law_of, lang=lang),
        "matters": lambda ask: [say_matter(matter, lang) for matter in ask.about],
        "meaning": word(MEANINGS, ways.decision, lang),
        "none_found": none_found(ways, lang),
        "nothing_better": nothing_better(ways),
        "phrase": partial(phrase, lang=lang),
        "places": False,
        "reached": reached(ways, lang),
        "say": partial(say, lang=lang),
        "signs": _SIGNS,
        "state_of": partial(_state_of, lang=lang),
        "then": lambda proposal: then(proposal, lang, word(VERDICTS, proposal.decision, lang), ways.goal),
        "tones": TONES,
        "unstated": unstated(ways, lang),
        "verdict": say_verdict(ways, lang),
        "verdict_of": lambda decision: word(VERDICTS, decision, lang),
        "words": PageWords(lang),
    }


def _state_of(service: Service, lang: Language) -> str:
    """Return the state of a service without activities."""
    is_free = service.state == "not-telecom"
    return say("not_telecom", lang) if is_free else word(STATES, service.state, lang)


def _checks(route: RankedRoute, lang: Language) -> Iterator[tuple[bool | None, str]]:
    """Yield the foreign share and the conditions of a route: whether each is met, and its text."""
    if route.max_foreign_percent is not None:
        yield route.share_met, say("share", lang, percent=number(route.max_foreign_percent))
    yield from ((condition.value, condition.message[lang]) for condition in route.conditions)
