"""One card for each edit: its change of the law, articles, consequences, and affected products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from vatspolicy.authoring.diff.edited import CitedArticle, Edit, EditedRule, MovedRule
from vatspolicy.authoring.diff.result import ChangedDecision, Item, Review, Witness
from vatspolicy.authoring.diff.structure import entry
from vatspolicy.authoring.diff.verdict import nearest_first
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import VERDICTS, count, gap, joint, word
from vatspolicy.reports.diff import acceptance, law, wording
from vatspolicy.reports.diff.words import COUNTS, NAMED, SAID, phrase
from vatspolicy.reports.diff.words import EDIT_VERDICTS as PROVED

LONGEST = 400
"""Maximum length of a condition or article on a card, in characters."""
_LONG_NAME = 80
"""Maximum length of a product name, in characters."""
_LINES, _ARTICLES, _SENTENCES = 5, 2, 3
"""Maximum lines, articles and sentences of an unfolded card. Heading, profile and place complete its 12 lines."""
_OWN_RULES = 3
"""Maximum number of edited rules in words on a card. Those of a whole policy are folded."""


class Told(NamedTuple):
    """Lines with signs, articles, and sentences on consequences."""

    lines: tuple[tuple[str, str], ...]
    articles: tuple[str, ...]
    effect: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One review item in words."""

    item: Item
    title: str
    places: tuple[str, ...]
    """File and line of each edit."""
    back: bool
    """True if an edit is about a past day."""
    accepted: str
    """Owner and reason of its acceptance; empty if it is not accepted."""
    lines: tuple[tuple[str, str], ...]
    """(sign, text): `-` and `+` for old and new text, `~` for a summary, or else a space."""
    marks: Mapping[str, str]
    """Phrase that replaces a sign where signs are not shown; none for an added or removed entry."""
    articles: tuple[str, ...]
    effect: tuple[str, ...]
    """Sentences on consequences."""
    witness: Witness | None
    """An example profile, if no compared product is an example."""
    rules: tuple[MovedRule, ...]
    """The rules that it affects."""
    moved: str
    """The affected rules in a sentence; empty for fewer than two rules."""
    laws: tuple[EditedRule, ...]
    """Edited rules in words that do not fit into the lines."""

    @property
    def shown(self) -> Told:
        """Lines, articles and sentences on the card."""
        return Told(self.lines[:_LINES], self.articles[:_ARTICLES], self._sentences[:_SENTENCES])

    @property
    def folded(self) -> Told:
        """Folded lines, articles and sentences."""
        return Told(self.lines[_LINES:], self.articles[_ARTICLES:], self._sentences[_SENTENCES:])

    @property
    def is_long(self) -> bool:
        """True if the card has folded parts."""
        return any(self.folded)

    @property
    def _sentences(self) -> tuple[str, ...]:
        return (*self.effect, self.moved) if self.moved and len(self.rules) <= _OWN_RULES else self.effect


def cards(data: Review, lang: Language) -> list[Card]:
    """Return a card for each edit of the law, the worst first, with the first compared product that it moves."""
    first: dict[str, int] = {}
    for place, row in enumerate(data.rows):
        for cause in row.because:
            first.setdefault(cause.rule, place)
    nearest = [min((first[one.rule] for one in item.rules if one.rule in first), default=None) for item in data.edits]
    rows = (None if place is None else data.rows[place] for place in nearest)
    return [_card(data, item, row, lang) for item, row in zip(data.edits, rows, strict=True)]


def _card(data: Review, item: Item, row: ChangedDecision | None, lang: Language) -> Card:
    changes = data.changes_of(item)
    told = law.of_item(data, item)
    short = told if len(told) <= _OWN_RULES else []
    regulation = changes[0].regulation[lang] if changes and changes[0].regulation else ""
    by = dict.fromkeys(text for change in changes if (text := acceptance.edit_accepted_by(data, change, lang)))
    lines = tuple(_lines(changes, item, short, lang))
    return Card(
        item,
        wording.item_title(data, item, lang),
        tuple(wording.place(change) for change in changes),
        any(change.retroactive for change in changes),
        joint("semicolon", lang).join(by),
        lines,
        law.marks({sign for sign, _ in lines}, {change.change for change in changes} in ({"added"}, {"removed"})),
        tuple(_article(article, regulation, lang) for article in item.articles),
        tuple(_effect(data, item, row, lang)),
        item.proof.witness if row is None else None,
        tuple(item.rules),
        _moved(item, lang),
        tuple(card for card in told if not short),
    )


def _lines(
    changes: Sequence[Edit], item: Item, laws: Sequence[EditedRule], lang: Language
) -> Iterator[tuple[str, str]]:
    """Yield the edited entries before and after, in words."""
    replaced = {name for card in laws if card.predecessor for name in (card.rule, card.predecessor)}
    twins = [(change, twin) for change in changes if (twin := wording.twin_of(change, changes)) is not None]
    renamed = {entry(change) for change, _ in twins}
    for change, twin in twins:
        yield "~", wording.moved(change, twin, lang)
        for card in (card for card in laws if card.rule == entry(change)):
            yield from ((sign, wording.cut(text, LONGEST)) for sign, text in law.lines(card, lang) if sign != " ")
    for change in changes:
        if any(change in pair for pair in twins):
            continue
        if change.kind == "rule" and f"{change.policy}/{change.name}" in replaced:
            continue  # the rule says whose place it takes
        if len(changes) > 1:
            yield "~", wording.edit(change, lang)
        elif not change.ends_on and (change.change != "changed" or change.since):
            yield "~", wording.became(change, lang)
    for line in item.words:
        what = line.what[lang] + joint("colon", lang) if line.what else ""
        if line.before and line.after and len(line.before[lang]) + len(line.after[lang]) <= wording.LINE:
            yield "~", f"{what}{line.before[lang]} → {line.after[lang]}"
            continue
        came = "~" if any(change.is_repeal for change in changes) else "+"
        for sign, told in (("-", (line.before, line.removed)), (came, (line.after, line.added))):
            yield from ((sign, what + wording.cut(text[lang], LONGEST)) for text in told if text)
    for card in (card for card in laws if card.rule not in renamed):
        if card.predecessor:
            yield " ", law.what(card, lang)
        elif len(laws) > 1:
            yield " ", law.edit(card, lang)
        yield from ((sign, wording.cut(text, LONGEST)) for sign, text in law.lines(card, lang))


def _article(one: CitedArticle, known: str, lang: Language) -> str:
    """Quote an article, with its regulation if that differs from the known one."""
    text, regulation = law.article(one, lang), one.regulation[lang]
    return wording.cut(text if regulation == known else f"{regulation}{joint('comma', lang)}{text}", LONGEST)


def _effect(data: Review, item: Item, row: ChangedDecision | None, lang: Language) -> Iterator[str]:
    """Yield sentences on the effect of an edit on decisions, its days, and an example product."""
    yield verdict(data, item, lang)
    if days := _days(data, item, lang):
        yield days
    if item.excluded:
        yield phrase("excluded", lang, moves=wording.moves(item.excluded, lang))
    only_names = item.changes and all(change.twin for change in data.changes_of(item))
    if (example := _example(data, item, row, lang)) and (item.proof.transitions or not only_names):
        yield example
    shared = _shared(data, item, lang)
    if shared:
        yield phrase("shared_with", lang, names=shared)


def _moved(item: Item, lang: Language) -> str:
    if len(item.rules) < 2:
        return ""
    messages = (rule.message[lang].rstrip(".。") for rule in item.rules)
    names = wording.few(messages, lang, "semicolon", _LONG_NAME)
    return count(COUNTS, "moves_rules", len(item.rules), lang, names=names)


def verdict(data: Review, item: Item, lang: Language) -> str:
    """State the verdict on an edit in one sentence, with the reason for an open one."""
    witness, key = item.proof.witness, item.proof.verdict
    if key == "witness" and not item.proof.transitions:
        key = "listed"
    elif key == "proved-equivalent" and (item.said or item.seen_in):
        key = "beside" if item.seen_in else "applies"
    elif key is None:
        key = "not-asked" if item.rules else "no-rule"
    kinds = {data.structure[place].kind for place in item.changes}
    if key == "no-rule" and "enforce" in kinds:
        key = "enforcement"
    elif "schema" in kinds and not item.rules:
        key = "reading" if key == "unknown" else "schema"
    whole = is_whole(data, item)
    plain, granted = nearest_first(data)
    every = plain if whole and plain else item.proof.transitions
    told = [name for name in every if "incomplete" not in name] or every
    key = "witness-of-all" if whole and key == "witness" else key
    text = word(PROVED, key, lang, moves=wording.moves(told, lang))
    needing = [name for name in granted if "incomplete" not in name] or granted
    if whole and needing and item.proof.verdict == "witness":
        remark = phrase("granted", lang, moves=wording.moves(needing, lang))
        text = text + gap(lang) + remark if plain else remark
    if key in ("beside", "applies", "no-rule", "schema") and item.said:
        names = joint("list", lang).join(word(SAID, part, lang) for part in item.said)
        text += gap(lang) + phrase("may_say", lang, names=names)
    if key in ("unknown", "unsupported") and item.proof.reason:
        text += gap(lang) + item.proof.reason
    if witness is not None and item.proof.transitions and witness.after.decision != item.proof.after:
        pair = (wording.answer(side, lang) for side in (witness.before, witness.after))
        text += gap(lang) + phrase("together", lang, moves=" → ".join(pair))
    return text


def is_whole(data: Review, item: Item) -> bool:
    """Return True if no other edit affects a rule, so that proofs about all edits apply to this one."""
    return bool(item.rules) and not any(edit.rules for edit in data.edits if edit is not item)


def _days(data: Review, item: Item, lang: Language) -> str:
    """Return the days of changed decisions if this edit alone changes them, or else the days of its rules."""
    if item.since is None:
        return ""
    period = data.semantic.period if data.semantic else None
    if period and is_whole(data, item):
        key = "period_proved" if period.proved else "period"
        text = phrase(key, lang, days=wording.period(period.first, period.last, lang, period.proved))
        later = period.last is not None and (item.until is None or item.until > period.last)
        if period.proved and later:
            text += gap(lang) + phrase("differ_later", lang, days=wording.period(item.since, item.until, lang))
        return text
    return phrase("differ", lang, days=wording.period(item.since, item.until, lang))


def _example(data: Review, item: Item, row: ChangedDecision | None, lang: Language) -> str:
    """Return the closest real product (`row`) that shows the change, or else the witness."""
    if row is not None:
        before, after = (word(VERDICTS, side.decision, lang) for side in (row.before, row.after))
        day = wording.next_day(row.days, data.today)
        name = wording.cut(wording.subject(row), _LONG_NAME)
        return phrase("shows_it_on", lang, name=name, moved=f"{before} → {after}", day=day)
    if item.proof.witness is None:
        return ""
    titles = {rule.rule: rule.message[lang] for rule in item.rules}
    moved = wording.shown(item.proof.witness, lang, titles).rstrip(".。")
    return phrase("shows_it", lang, name=phrase("made_up", lang), moved=moved)


def _shared(data: Review, item: Item, lang: Language) -> str:
    """List the other edits that affect one of the rules."""
    names = {rule.rule for rule in item.rules}
    others = [
        wording.item(data, edit, lang)
        for edit in data.edits
        if edit is not item and names & {rule.rule for rule in edit.rules}
    ]
    return joint("semicolon", lang).join(others[:NAMED])
