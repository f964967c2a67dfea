"""The document of the ways forward: routes, proposals of changes, and margins."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from vatspolicy.core.engine.result import Citation, encode
from vatspolicy.guidance.remediation.result import RankedRoute, Remedy, Service, Ways
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.words import STATES, VERDICTS, Table, aside, gap, joint, number, word
from vatspolicy.reports.decision.digest import group_readings, say_hint, say_matter, say_other, say_verdict
from vatspolicy.reports.document import PROOF, Article, Block, Document, Mark, Paragraph, Row, Rows, Section, Span, Text
from vatspolicy.reports.printers import print_document
from vatspolicy.reports.words import MEANINGS, TONES, phrase, say_deciding

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

say = partial(word, WORDS)
"""Return a phrase in one language, with values filled in."""
_NAMED = 3
"""Maximum number of missing facts in a sentence."""
_ALSO = 6
"""Maximum number of equally good places listed; the rest is counted."""
_STATE_MARKS: Mapping[str, Mark] = {"open": "good", "closed": "bad", "unknown": "ask"}
_VALUE_MARKS: Mapping[bool | None, Mark] = {True: "good", False: "bad", None: "ask"}


def render(format: str, ways: Ways, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render ways forward in a format. `color` and `room` (columns) apply to text only."""
    if format == "json":
        return json.dumps(encode(ways), ensure_ascii=False, indent=2) + "\n"
    return print_document(format, make_document(ways, lang), color, room)


def make_document(ways: Ways, lang: Language) -> Document:
    """Build the document of ways forward: the decision, what it waits for, routes, changes and margins."""
    return _Builder(ways, lang).build()


def name_goal(goal: str, lang: Language, reached: Iterable[str] = ()) -> str:
    """Return the decision of the proposals, or the goal with "or better" if they differ."""
    verdicts = set(reached)
    if len(verdicts) == 1:
        return word(VERDICTS, verdicts.pop(), lang)
    name = word(VERDICTS, goal, lang)
    return name if goal == "allow" else say("or_better", lang, word=name)


def cite(citations: Iterable[Citation], lang: Language) -> list[Article]:
    """Return one article for each regulation, with the labels of all its articles."""
    labels: dict[str, dict[str, None]] = {}
    for cited in citations:
        labels.setdefault(cited.title[lang], {})[cited.label[lang]] = None
    return [Article(title, joint("comma", lang).join(named), "") for title, named in labels.items()]


class _Builder:
    def __init__(self, ways: Ways, lang: Language) -> None:
        self.ways, self.lang = ways, lang
        self.say = partial(say, lang=lang)
        self.colon, self.semicolon = joint("colon", lang), joint("semicolon", lang)

    def build(self) -> Document:
        ways, lang = self.ways, self.lang
        meaning = word(MEANINGS, ways.decision, lang)
        if ways.decision == "incomplete":
            low, high = (word(VERDICTS, end, lang) for end in ways.range)
            meaning += gap(lang) + phrase("range", lang, low=low, high=high)
        day = phrase("as_of", lang, day=ways.as_of)
        source = (Span(ways.product, "code"), " · ", Span(ways.file, "code"), " · SHA-256 ", ways.bundle.digest)
        return Document(
            (Span(say_verdict(ways, lang), "badge", TONES[ways.decision]), " ", str(ways.title)),
            lang,
            [Paragraph(meaning), *self.sections(), Paragraph(source, rank=PROOF)],
            about=" · ".join(filter(None, (say_hint(ways, lang), day, say_deciding(ways.bundle, lang)))),
            limits=[self.say("not_advice")],
        )

    def sections(self) -> Iterator[Block]:
        ways, lang = self.ways, self.lang
        contested = [
            Row(
                [f"{readings[0].subject}{self.colon}{readings[0].message[lang]}"],
                "differs",
                below=_points(say_other(reading, lang) for reading in readings),
            )
            for readings in group_readings(ways.contested)
        ]
        missing = [
            Row(
                [(Span(ask.path, "code"), self.colon, ask.question[lang])],
                "ask",
                below=_points(say_matter(matter, lang) for matter in ask.about),
            )
            for ask in ways.missing
        ]
        denials = [Row([one.message[lang]], "note", cite(one.citations, lang)) for one in ways.denials]
        margins = [
            Row([one.text[lang]], _VALUE_MARKS[one.safe], [Article(one.law[lang], "", "")]) for one in ways.margins
        ]
        routes = [row for service in ways.services for row in self.service(service)]
        yield from _section(phrase("contested", lang), contested, "contested")
        yield from _section(self.say("facts_missing"), missing, "facts-missing")
        yield from _section(self.say("routes"), routes, "routes")
        yield from _section(self.say("besides"), denials, "besides")
        yield from self.changes()
        yield from _section(self.say("margins"), margins, "margins")

    def service(self, service: Service) -> Iterator[Row]:
        named = (Span(service.id, "code"), self.colon)
        if not service.activities:
            is_free = service.state == "not-telecom"
            yield Row([(*named, self.say("not_telecom") if is_free else word(STATES, service.state, self.lang))])
        for activity in service.activities:
            outcome = Span(word(VERDICTS, activity.outcome, self.lang), "badge", TONES[activity.outcome])
            routes = [self.route(route) for route in activity.routes] or [Row([Span(self.say("no_routes"), "soft")])]
            yield Row([(*named, activity.title[self.lang], self.colon, outcome)], below=[Rows(routes)])

    def route(self, route: RankedRoute) -> Row:
        lang, license = self.lang, route.instrument.title[self.lang]
        about = [word(STATES, route.state, lang), self.say("leads_to", instrument=license)]
        about += [phrase("held", lang, title=license)] if route.held else []
        checks = [Row([one.message[lang]], _VALUE_MARKS[one.value]) for one in route.conditions]
        if route.max_foreign_percent is not None:
            share = self.say("share", percent=number(route.max_foreign_percent))
            checks.insert(0, Row([share], _VALUE_MARKS[route.share_met]))
        title = (Span(route.title[lang], "strong"), self.colon, " · ".join(about))
        return Row([title], _STATE_MARKS[route.state], cite(route.citations, lang), [Rows(checks)] if checks else [])

    def changes(self) -> Iterator[Section]:
        ways = self.ways
        if ways.goal is None:
            yield Section(self.say("nothing_but_contest" if ways.contested else "nothing_better"), [])
            return
        reached = name_goal(ways.goal, self.lang, (one.decision for one in ways.proposals))
        blocks: list[Block] = [Rows([self.proposal(one) for one in ways.proposals], ordered=True)]
        if not ways.proposals:
            blocks = [Paragraph(self.none_found())]
        if ways.unstated:
            facts = self.semicolon.join(f"{fact.title[self.lang]}{self.colon}{fact.path}" for fact in ways.unstated)
            blocks.append(Rows([Row([self.say("unstated", facts=facts)], "ask")]))
        search = ways.search
        said = [self.say("looked_one" if search.looked == 1 else "looked", looked=search.looked, most=search.most)]
        said += [] if search.exhausted else [self.say("bounded")]
        blocks.append(Paragraph(Span(gap(self.lang).join([*said, self.say("effort")]), "soft")))
        yield Section(self.say("differences", word=reached), blocks, "differences")
        undecided = [self.proposal(one, "ask") for one in ways.undecided]
        yield from _section(self.say("differences_open"), undecided, "differences-open")

    def none_found(self) -> str:
        """Return the sentence that no proposal was found, with unstated facts that the search could not change."""
        ways = self.ways
        asked = (*ways.missing, *(ask for one in ways.undecided for ask in one.missing))
        facts = {fact.path: fact.title for fact in ways.unstated} | {ask.path: ask.question for ask in asked}
        if facts:
            return self.missing("none_while", facts)
        return self.say("none" if ways.search.exhausted else "none_checked", most=ways.search.most)

    def missing(self, key: str, facts: Mapping[str, LocalizedText]) -> str:
        """Return a sentence with the questions of missing facts by path; of many facts, the most decisive ones."""
        named = [f"{path}{aside(text[self.lang], self.lang)}" for path, text in facts.items()][:_NAMED]
        found = self.semicolon.join(named)
        return self.say(key if len(facts) <= _NAMED else f"{key}_many", facts=found, count=len(facts))

    def proposal(self, proposal: Remedy, mark: Mark = "") -> Row:
        lang = self.lang
        title = Span(joint("plus", lang).join(text[lang] for text in proposal.phrases), "strong")
        rows = [
            Row([f"{one.title[lang]}{self.colon}{one.from_[lang]} → {one.to[lang]}"], "point")
            for one in proposal.differences
        ]
        rows += [Row([self.reached(proposal)], "get"), *(Row([said]) for said in self.notes(proposal))]
        return Row([(title, " · ", Span(self.say("cost", cost=proposal.cost), "soft"))], mark, below=[Rows(rows)])

    def reached(self, proposal: Remedy) -> Text:
        """Return the decision of a proposal and the licenses to obtain, with their routes."""
        lang = self.lang
        after = aside(self.say("day", day=proposal.as_of), lang) if "launch" in proposal.kinds else ""
        needs = []
        for need in proposal.needs:
            offers = (
                offer.instrument.title[lang] + (aside(offer.route.title[lang], lang) if offer.route else "")
                for offer in need.any_of
            )
            needs.append(f" {phrase('or', lang)} ".join(dict.fromkeys(offers)))
        if needs:
            after += self.semicolon + self.say("get", licenses=self.semicolon.join(dict.fromkeys(needs)))
        return Span(word(VERDICTS, proposal.decision, lang), "badge", TONES[proposal.decision]), after

    def notes(self, proposal: Remedy) -> Iterator[str]:
        """Yield what else a proposal entails, one sentence each."""
        lang = self.lang
        if proposal.missing:
            yield self.missing("missing", {ask.path: ask.question for ask in proposal.missing})
            yield from (say_matter(matter, lang) for ask in proposal.missing for matter in ask.about)
        for fact in proposal.settled_by:
            values = f" {phrase('or', lang)} ".join(value[lang] for value in fact.values)
            goal = name_goal(self.ways.goal or proposal.decision, lang)
            yield self.say("settled_by", word=goal, fact=fact.title[lang], values=values)
        if also := [str(name[lang]) for name in proposal.also]:
            more = self.say("and_more", count=len(also) - _ALSO) if len(also) > _ALSO else ""
            yield self.say("also", places=joint("list", lang).join(also[:_ALSO]) + more)
        for apart in proposal.split_off:
            yield self.say("apart", service=apart.service, word=word(VERDICTS, apart.decision, lang))
        if proposal.contested:
            yield self.say("contested")


def _section(title: str, rows: list[Row], key: str) -> Iterator[Section]:
    """Yield a section of rows, if there are any."""
    if rows:
        yield Section(title, [Rows(rows)], key)


def _points(texts: Iterable[str]) -> list[Rows]:
    rows = [Row([text], "point") for text in texts]
    return [Rows(rows)] if rows else []
