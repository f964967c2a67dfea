"""The first screen of a comparison: one sentence, who is worse off, known products, and the reviewer's decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vatspolicy.authoring.diff.edited import CitedArticle, Edit, QuotedArticle
from vatspolicy.authoring.diff.result import Concerned, Item, Review
from vatspolicy.authoring.diff.structure import LAW, entry
from vatspolicy.authoring.diff.verdict import (
    MILDER,
    STRICTER,
    impossible,
    names_alone,
    nearest_first,
    only_asks,
    open_edits,
    possible,
    seen,
    tighter,
    unsettled,
)
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import VERDICTS, aside, count, gap, joint, word
from vatspolicy.proofs.verdicts import STRICTER_PAIRS
from vatspolicy.reports.diff import law, wording
from vatspolicy.reports.diff.sentence import signed
from vatspolicy.reports.diff.words import COUNTS, ITEMS, NAMED, phrase

_LONG_PRODUCT = 60
"""Maximum length of a product name in a sentence, in characters."""
_LONG_EXAMPLE = 200
"""Maximum length of a known product with its differing facts, in characters."""


def overview(data: Review, lang: Language) -> Iterator[str]:
    """Yield the first sentences for a reviewer."""
    if data.decisions is None:
        return
    reviewed = {place for item in data.edits for place in item.changes}
    edits = [one for place, one in enumerate(data.structure) if place in reviewed or one.kind in LAW]
    if edits:
        item = _only_item(data)
        more = len(data.edits) - 1 if item is not None else 0
        text = signed(data, item, edits, lang)
        yield text + (gap(lang) + count(COUNTS, "edits_beside", more, lang) if more else "")
        yield from [*_effect(data, edits, lang), *_below(data, lang)]
        yield from _worse_off(data, lang)
        yield from _known_products(data, lang)


def _only_item(data: Review) -> Item | None:
    """Return the only edit, or the only edit that affects rules if it is the worst, or None."""
    moving = data.edits if len(data.edits) == 1 else [edit for edit in data.edits if edit.rules]
    return moving[0] if len(moving) == 1 and moving[0] is data.edits[0] else None


def _effect(data: Review, edits: Iterable[Edit], lang: Language) -> Iterator[str]:
    """Yield the changes of decisions: word, days, example products, and article."""
    plain, granted = nearest_first(data)
    moves = [name for name in plain if "incomplete" not in name] or plain
    law = _law(data, lang)
    if moves:
        text, days = _moves(str(data.verdict), moves, lang), _days(data, lang)
        told = phrase("moves_on", lang, moves=text, days=days) if days else text
        who = joint("semicolon", lang).join(_who(data.concerned, lang)) if data.concerned else ""
        if who:
            told = phrase("shown_for", lang, moves=told, who=who)
        yield phrase("end", lang, text=f"{told} [{law}]" if law else told)
    elif law and {change.kind for change in edits} != {"article"}:
        yield phrase("rests_on", lang, law=law)
    needing = [name for name in granted if "incomplete" not in name] or granted
    if needing:
        yield phrase("granted", lang, moves=wording.moves(needing, lang))


def _moves(verdict: str, moves: Sequence[str], lang: Language) -> str:
    """Return ordered changes of the decision word. If there are both, stricter and milder ones are separate."""
    milder = [name for name in moves if name in MILDER]
    stricter = [name for name in moves if name in STRICTER]
    if verdict != "both" or not (stricter and milder):
        return wording.moves(moves, lang)
    told = {"stricter": stricter, "milder": milder}
    return phrase("both_ways", lang, **{key: wording.moves(names, lang) for key, names in told.items()})


def _below(data: Review, lang: Language) -> Iterator[str]:
    """Yield changes below the decision for known products without changed decisions."""
    details = data.details
    if data.decisions is None or data.rows or not details:
        return
    some = {product for detail in details for product in detail.products}
    kinds: dict[str, set[str]] = {}
    for detail in details:
        kinds.setdefault(detail.kind, set()).update(detail.products)
    names = joint("semicolon", lang).join(
        word(ITEMS, kind, lang) + aside(count(COUNTS, "products", len(products), lang), lang)
        for kind, products in kinds.items()
    )
    every = data.decisions.products
    since = phrase("since", lang, day=min(day for detail in details for day in detail.days))
    key = "below_names" if names_alone(data) else "below_change"
    yield phrase(key, lang, some=len(some), all=every, days=since, names=names)


def _days(data: Review, lang: Language) -> str:
    """Return the days of changed decisions: the proved days, or else those of the compared products."""
    days = data.semantic.period if data.semantic else None
    if days:
        return wording.period(days.first, days.last, lang, days.proved)
    found = [day for row in data.rows for day in row.days]
    return phrase("since", lang, day=min(found)) if found else ""


def _who(concerned: Concerned, lang: Language) -> Iterator[str]:
    shares = concerned.foreign_percent
    if shares:
        low, high = (f"{share:g}%" for share in shares)
        yield phrase("share", lang, low=low) if low == high else phrase("shares", lang, low=low, high=high)
    for key, texts in (("registered", concerned.registered), ("services", concerned.services)):
        if len(texts) > NAMED:
            yield count(COUNTS, key, len(texts), lang)
        elif texts:
            yield phrase(key, lang, names=wording.few((text[lang] for text in texts), lang))


def _law(data: Review, lang: Language) -> str:
    """Return the articles of the only edit, or else of the first changed rule that changes a decision."""
    item = _only_item(data)
    if item is not None and item.articles:
        return wording.cited(item.articles, lang)
    causes = [cause for row in data.rows for cause in row.because if cause.change]
    causes += [rule for item in data.edits if item.proof.transitions for rule in item.rules[:1]]
    if not data.rows and any(len(item.rules) > NAMED for item in data.edits):
        return ""
    return wording.law(causes[0], lang) if causes else ""


def _worse_off(data: Review, lang: Language) -> Iterator[str]:
    """Yield whether any decision becomes stricter, and the extent of the proof."""
    stricter = tighter(data)
    plain, granted = nearest_first(data)
    worse = {"->".join(pair) for pair in stricter if pair[0] != pair[1]}
    moved, others = ([name for name in names if name in worse] for names in (plain, granted))
    excluded = set(impossible(data))
    if only_asks(data):
        yield phrase("only_unknown", lang, moves=wording.moves(moved or others, lang))
    elif moved or others:
        told = [name for name in moved or others if "incomplete" not in name] or moved or others
        yield phrase("worse" if moved else "worse_granted", lang, moves=wording.moves(told, lang))
    elif stricter:
        yield phrase("worse_range", lang)
    elif excluded >= {"->".join(pair) for pair in STRICTER_PAIRS}:
        yield phrase("nobody_stricter", lang)
    elif excluded.issuperset(STRICTER):
        yield phrase("nobody_decided_stricter", lang)
    elif data.semantic is not None and data.semantic.status != "not-needed":
        yield phrase("worse_open", lang)


def _known_products(data: Review, lang: Language) -> Iterator[str]:
    rows = data.rows
    told: dict[str, str] = {}
    for row in rows:
        before, after = (word(VERDICTS, side.decision, lang) for side in (row.before, row.after))
        name = wording.subject(row)
        told.setdefault(name, f"{wording.cut(name, _LONG_PRODUCT)}{joint('colon', lang)}{before} → {after}")
    if told and data.decisions is not None:
        names = wording.few(told.values(), lang, "semicolon")
        yield phrase("known_change", lang, some=len(told), all=data.decisions.products, names=names)


def questions(data: Review, lang: Language) -> Iterator[str]:
    """Yield the decisions that a reviewer must make."""
    if data.decisions is None:
        return
    for one in data.red_lines:
        yield phrase(f"ask_{one.code}", lang, rule=wording.rule_name(one.message, one.rule, lang), name=one.layer)
    yield from _ask_of_directions(data, lang)
    yield from _ask_of_edits(data, lang)
    yield from _ask_of_unread(data, lang)
    yield from _ask_of_citations(data, lang)
    left = [
        *(wording.move(one.name, lang) for one in data.transitions if one.name in unsettled(data) and not one.accepted),
        *(wording.item(data, edit, lang) for edit in open_edits(data) if not edit.accepted),
    ]
    if left:
        yield phrase("ask_open", lang, names=wording.few(left, lang))
    if data.release and data.release.faults:
        yield phrase("ask_version", lang, text=data.release.faults[0].text[lang])


def _ask_of_citations(data: Review, lang: Language) -> Iterator[str]:
    """Yield questions on new numbers, with the words of the article, and on edits without an article."""
    uncited: dict[str, list[str]] = {}
    for item in data.edits:
        key = _uncited(data, item)
        if number := _new_number(data, item, lang):
            article = item.articles[0]
            text = wording.cut(law.words_of(article, lang), _LONG_EXAMPLE)
            asked = phrase("ask_number", lang, article=article.label[lang], number=number, text=text)
            same = {"ask_cited": "same_citation", "ask_known_source": "known_citation"}
            yield asked + (gap(lang) + phrase(same[key], lang) if key in same else "")
        elif key:
            uncited.setdefault(key, []).append(wording.item(data, item, lang))
    for key, names in uncited.items():
        yield phrase(key, lang, names=wording.few(names, lang))


def _ask_of_directions(data: Review, lang: Language) -> Iterator[str]:
    """Yield whether the law says that decisions become milder, and stricter."""
    if not possible(data) and not seen(data):
        return
    if data.verdict in ("loosened", "both"):
        yield phrase("ask_milder", lang)
    if data.verdict in ("tightened", "both"):
        yield phrase("ask_unknown" if only_asks(data) else "ask_stricter", lang)


def _ask_of_edits(data: Review, lang: Language) -> Iterator[str]:
    """Yield questions on regulations that end, on edits of the law of past days, and on entries that look renamed."""
    for change in data.structure:
        own = f"{change.policy}/"
        others = [card for card in data.law if not card.rule.startswith(own)]
        followed = any(card.predecessor and card.predecessor.startswith(own) for card in others)
        if change.regulation and not followed and change.is_repeal:
            yield phrase("ask_repeal", lang, name=change.regulation[lang])
    back = [change for change in data.structure if change.retroactive]
    if back:
        yield count(COUNTS, "ask_past", len(back), lang, places=wording.few((f"{c.file}:{c.line}" for c in back), lang))
    renamed = [
        *(f"{c.twin} → {entry(c)}" for c in data.structure if c.twin and c.change == "added"),
        *(f"{f.before} → {f.after}" for c in data.structure for f in c.fields if f.name == "renamed"),
    ]
    if renamed:
        yield phrase("ask_renamed", lang, names=wording.few(renamed, lang))


def _ask_of_unread(data: Review, lang: Language) -> Iterator[str]:
    """Yield the reviewers of unverified articles, and the decisions that depend on them."""
    names = {card.rule: wording.rule_name(card.message, card.rule, lang) for card in data.law}
    unread = [names[card.rule] for card in data.law if _is_unread(card.articles)]
    unread += [wording.item(data, edit, lang) for edit in data.edits if edit.words and _is_unread(edit.articles)]
    if unread:
        question = phrase("ask_unread", lang, names=wording.few(unread, lang))
        waiting = [names[card.rule] for card in data.law if card.waits]
        yield question + (gap(lang) + phrase("unread_waits", lang, names=wording.few(waiting, lang)) if waiting else "")


def _is_unread(articles: Iterable[QuotedArticle | CitedArticle]) -> bool:
    """Return True if one of these articles is unverified."""
    return any(article.verification == "unverified" for article in articles)


def _new_number(data: Review, item: Item, lang: Language) -> str:
    """Return the new number of an edit in words, or an empty text without a number or an article."""
    fields = [one for change in data.changes_of(item) if change.kind == "parameter" for one in change.fields]
    values = [one.after for one in fields if one.name == "value"]
    told = [line.after[lang] for line in item.words if line.what is None and line.after]
    is_number = values and isinstance(values[0], int | float) and not isinstance(values[0], bool)
    return told[0] if told and item.articles and is_number else ""


def _uncited(data: Review, item: Item) -> str:
    """Return the question about an edit that changes the law without an article, or else an empty text."""
    articles = {change.policy for change in data.structure if change.kind == "article"}
    law = [one for one in data.changes_of(item) if one.kind in ("parameter", "rule", "term")]
    said = [one for one in law if one.since or any(field.name == "cite" for field in one.fields)]
    told = all(one.change == "changed" or one.kind == "parameter" for one in said)
    fields = {field.name.rpartition(".")[2] for one in said for field in one.fields}
    only_days = fields <= {"from", "until"}
    same = item.proof.verdict in ("proved-equivalent", "no-rule") and "cite" not in fields
    silent = same or articles & {one.policy for one in said}
    if not said or not told or only_days or silent:
        return ""
    if {one.kind for one in said} == {"term"}:
        return "ask_source"
    return "ask_known_source" if "cite" in fields else "ask_cited"
