"""The comparison for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vatspolicy.authoring.diff.result import Review, Witness
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.text import clean, shorten, width, wrap
from vatspolicy.i18n.words import word
from vatspolicy.output import Style
from vatspolicy.reports.diff import acceptance, law, wording
from vatspolicy.reports.diff.cards import Card, cards
from vatspolicy.reports.diff.overview import overview, questions
from vatspolicy.reports.diff.summary import evidence, release, sides, status
from vatspolicy.reports.diff.words import VERDICTS, phrase

_COLORS = {"tightened": "red", "loosened": "yellow", "both": "red", "neither": "green", "unknown": "red"}
_LAWS = 3
"""Maximum number of a policy's rules on its card. The JSON report has all."""
CARD = 12
"""Maximum number of lines on a card. Longer content follows below."""
_ROOMS = (2, 4, 2, 3, 1)
"""Minimum lines of each part of a card: heading, differences, articles, consequences, and places."""
_LIMIT = 40
"""Maximum number of details. The JSON report has all."""


def render(data: Review, lang: Language, color: bool = False, room: int = 100) -> str:
    """Render the report in lines of at most `room` columns."""
    return "\n".join(_Report(data, lang, Style(color), room).lines()) + "\n"


class _Report:
    def __init__(self, data: Review, lang: Language, style: Style, room: int) -> None:
        self.data, self.lang, self.style, self.room = data, lang, style, room

    def lines(self) -> Iterator[str]:
        data = self.data
        color = "red" if data.why else _COLORS[str(data.verdict)]
        yield self.style(f" {clean(data.title[self.lang], one_line=True)} ", color, "bold")
        yield from self.flow(sides(data, self.lang))
        for red_line in data.red_lines:
            yield from (self.style(line, "red", "bold") for line in self.flow(wording.red_line(red_line, self.lang)))
        for sentence in (*overview(data, self.lang), *status(data, self.lang)):
            yield from self.flow(sentence)
        asked = list(questions(data, self.lang))
        yield from self.heading("to_decide", asked)
        for question in asked:
            yield from self.flow(question, 2, "? ")
        parts = (
            *(self.problems, self.edits, self.accepted, self.evidence, self.in_full),
            *(self.decisions, self.details, self.transitions, self.semantic, self.structure, self.release),
        )
        for part in parts:
            yield from part()

    def flow(self, text: str, indent: int = 0, first: str = "") -> Iterator[str]:
        pad = " " * indent
        yield from wrap(clean(text), self.room, pad + " " * len(first), pad + first)

    def heading(self, key: str, shown: object = True) -> Iterator[str]:
        if shown:
            yield ""
            yield self.style(phrase(key, self.lang), "bold")

    def problems(self) -> Iterator[str]:
        yield from self.heading("problems", self.data.problems)
        for problem in self.data.problems:
            where = f"{problem.file}:{problem.line}:{problem.column}: "
            path = f"{problem.path}: " if problem.path else ""
            yield from self.flow(f"{where}{path}{problem.message} {problem.hint}".rstrip(), 2)

    def accepted(self) -> Iterator[str]:
        yield from self.heading("accepted", acceptance.has_something(self.data))
        for entry in self.data.accepted.entries:
            sign = acceptance.SIGNS[entry.state]
            yield from self.flow(f"{acceptance.sentence(entry, self.lang)} ({wording.place(entry)})", 2, f"{sign} ")
        if entries := acceptance.to_paste(self.data):
            yield from self.flow(acceptance.invitation(self.data, self.lang), 2)
            yield from (clean(line, one_line=True) for line in entries.splitlines())

    def structure(self) -> Iterator[str]:
        if not self.data.structure and not self.data.schemas:
            return
        yield from self.heading("structure")
        file = ""
        for change in self.data.structure:
            if change.policy != file:
                file = change.policy
                yield f"  {clean(wording.file_of(change, self.lang), one_line=True)}"
            back = f" ⏪ {phrase('back', self.lang)}" if change.retroactive else ""
            by = acceptance.edit_accepted_by(self.data, change, self.lang)
            back += f" ✓ {by}" if by else ""
            yield from self.flow(wording.edit(change, self.lang) + back, 4, f"{wording.SIGNS[change.change]} ")
            for name, sign, value in wording.values(change, self.lang):
                lead = f"{name}: " if name else ""
                yield from self.flow(f"{lead}{value}", 8, "" if sign == "~" else f"{sign} ")
        for other_schema_edit in wording.other_schema_edits(self.data):
            yield from self.flow(
                f"{other_schema_edit.file} {wording.schema_edit(other_schema_edit, self.lang)}", 4, "~ "
            )

    def edits(self) -> Iterator[str]:
        found = cards(self.data, self.lang)
        yield from self.heading("edits", found)
        for number, card in enumerate(found, 1):
            yield from self.brief(self.card(number, card))

    def card(self, number: int, card: Card) -> list[list[str]]:
        """Return the lines of a card: heading, differences with articles, consequences, and place."""
        back = f" ⏪ {phrase('back', self.lang)}" if card.back else ""
        back += f" ✓ {card.accepted}" if card.accepted else ""
        told = [line for sign, text in card.lines for line in self.flow(text, 6, "" if sign == "~" else f"{sign} ")]
        quoted = [line for article in card.articles for line in self.flow(article, 6, "§ ")]
        follows = [line for text in filter(None, (*card.effect, card.moved)) for line in self.flow(text, 5)]
        if card.witness is not None:
            follows += self.flow(wording.facts(card.witness, self.lang), 8)
        places = [*self.flow(wording.names(card.places, 1), 5)] if card.places else []
        return [[*self.flow(card.title + back, 2, f"{number}. ")], told, quoted, follows, places]

    def brief(self, parts: Sequence[Sequence[str]]) -> list[str]:
        """Return the first lines of each part of a card, at most `CARD` lines in total."""
        shown = [min(len(part), room) for part, room in zip(parts, _ROOMS, strict=True)]
        for place, part in enumerate(parts):
            shown[place] = min(len(part), shown[place] + CARD - sum(shown))
        return [line for part, number in zip(parts, shown, strict=True) for line in self.cut(part, number)]

    def cut(self, part: Sequence[str], number: int) -> list[str]:
        """Return the first lines of a part. The last one ends with a sign if more follow."""
        if number == 0 or len(part) <= number:
            return [*part[:number]]
        mark = phrase("in_full_below", self.lang)
        last = part[number - 1]
        pad = " " * (len(last) - len(last.lstrip()))
        kept = shorten(last.strip(), max(self.room - len(pad) - width(mark) - 1, 1))
        return [*part[: number - 1], f"{pad}{kept.removesuffix('…').rstrip()} {mark}"]

    def in_full(self) -> Iterator[str]:
        """Yield the cards that do not fit, and the rules of whole policies."""
        every = [(card, self.card(number, card)) for number, card in enumerate(cards(self.data, self.lang), 1)]
        longer = [(card, parts) for card, parts in every if card.laws or sum(map(len, parts)) > CARD]
        yield from self.heading("in_full", longer)
        for card, parts in longer:
            yield from (line for part in parts for line in part)
            for one in card.laws[:_LAWS]:
                yield from self.flow(law.edit(one, self.lang), 6)
                for sign, text in law.lines(one, self.lang):
                    yield from self.flow(text, 10, f"{sign} ")
                for one_article in one.articles:
                    yield from self.flow(law.article(one_article, self.lang), 10, "§ ")
            if len(card.laws) > _LAWS:
                yield f"      {phrase('more', self.lang, count=len(card.laws) - _LAWS)}"

    def evidence(self) -> Iterator[str]:
        found = list(evidence(self.data, self.lang))
        yield from self.heading("evidence", found)
        for sentence in found:
            yield from self.flow(sentence, 2)

    def decisions(self) -> Iterator[str]:
        rows = self.data.rows
        yield from self.heading("decisions", rows)
        for row in rows:
            services = f" · {', '.join(row.services)}" if row.services else ""
            yield from self.flow(f"{wording.subject(row)}{services}", 2)
            before, after = (wording.answer(side, self.lang) for side in (row.before, row.after))
            yield from self.flow(f"{wording.days(row.days)}: {before} → {after}", 6)
            for cause in row.because:
                yield from self.flow(f"{cause.rule} [{wording.law(cause, self.lang)}]", 6, "← ")

    def details(self) -> Iterator[str]:
        details = self.data.details
        yield from self.heading("details", details)
        for detail in details[:_LIMIT]:
            who = f"{wording.names(detail.products)}; {wording.days(detail.days)}"
            yield from self.flow(wording.detail(detail, self.lang), 2)
            yield from self.flow(who, 6)
        if len(details) > _LIMIT:
            yield f"  {phrase('more', self.lang, count=len(details) - _LIMIT)}"

    def transitions(self) -> Iterator[str]:
        found = self.data.transitions
        if not found:
            return
        yield from self.heading("transitions")
        for entry in found:
            if entry.witness is not None:
                yield from self.witness(entry.witness)
        for sentence in wording.excluded(self.data, self.lang):
            yield from self.flow(sentence, 2)

    def semantic(self) -> Iterator[str]:
        rules = self.data.proved_rules
        if not rules:
            return
        yield from self.heading("each_rule")
        listed = [rule for rule in rules if rule.proof.only_lists]
        for rule in [rule for rule in rules if not rule.proof.only_lists]:
            yield from self.flow(f"{rule.rule} [{wording.law(rule, self.lang)}]", 2)
            yield from self.flow(wording.verdict(rule, self.lang), 6)
            if rule.proof.witness is not None:
                yield from self.witness(rule.proof.witness, 6)
        if listed:
            yield from self.flow(word(VERDICTS, "listed", self.lang), 2)
        for rule in listed:
            seen = f" ({wording.names(rule.seen_in)})" if rule.seen_in else ""
            yield from self.flow(f"{rule.rule}: {wording.dated(rule, self.lang)}{seen}", 6)

    def witness(self, witness: Witness, indent: int = 2) -> Iterator[str]:
        yield from self.flow(wording.shown(witness, self.lang), indent)
        yield from self.flow(wording.facts(witness, self.lang), indent + 4)

    def release(self) -> Iterator[str]:
        if not self.data.release:
            return
        yield from self.heading("release")
        yield from self.flow(release(self.data.release, self.lang), 2)
        for fault in self.data.release.faults:
            yield from self.flow(f"{fault.file}:{fault.line}: {fault.text[self.lang]}", 2, "! ")
