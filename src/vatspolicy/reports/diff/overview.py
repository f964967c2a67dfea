"""The first screen of a comparison: one sentence, who is worse off, known products, and the reviewer's decisions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from vatspolicy.authoring.diff.result import CitedArticle, Concerned, EditedRule, Item, QuotedArticle, Review
from vatspolicy.authoring.diff.structure import LAW
from vatspolicy.authoring.diff.verdict import MILDER, STRICTER, impossible, open_edits, possible, seen, unsettled
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import VERDICTS, aside, count, gap, joint, word
from vatspolicy.proofs.verdicts import STRICTER_PAIRS
from vatspolicy.reports.diff import law, wording
from vatspolicy.reports.diff.words import COUNTS, ITEMS, phrase

_WORST = ("allow->deny", "needs-license->deny", "allow->needs-license")
"""The stricter changes of the decision word, the worst first."""
_NAMED = 3
"""Names that a sentence lists."""
_VALUES = 2
"""Values of an edit that its sentence tells."""
_LONGEST = 90
"""Characters of a name in a sentence."""
_LONG_PRODUCT = 60
"""Characters of the name of a product in a sentence."""
_LONG_VALUE = 240
"""Characters of a value or a condition in the first sentence."""


def overview(data: Review, lang: Language) -> Iterator[str]:
    """Yield the sentences that a reviewer reads first."""
    if data.decisions is None:
        return
    subject = _subject(data, lang)
    if subject:
        yield from [subject, *_effect(data, lang), *_below(data, lang)]
        yield from _worse_off(data, lang)
        yield from _known_products(data, lang)


def _subject(data: Review, lang: Language) -> str:
    """Return the edit, or the number of edits and the regulations that they are about; empty if no law is edited."""
    reviewed = {place for item in data.edits for place in item.changes}
    edits = [one for place, one in enumerate(data.structure) if place in reviewed or one.kind in LAW]
    if not edits:
        return ""
    item = _only_item(data)
    if item is None:
        about = _few(dict.fromkeys(edit.regulation[lang] for edit in edits if edit.regulation), lang)
        return count(COUNTS, "edits_of", len(data.edits) or len(edits), lang, names=about or edits[0].policy)
    first = data.structure[item.changes[0]] if item.changes else edits[0]
    cards = law.of_item(data, item)
    values = _new_values(data, item, cards, lang)
    if len(cards) == 1 and cards[0].predecessor:
        values = [law.what(cards[0], lang), *values]
    elif first.kind != "parameter" or not values:
        values = [wording.became(first, lang), *values]
    elif first.since and not any(field.name == "from" for field in first.fields):
        values = [*values, phrase("since", lang, day=first.since)]
    title = wording.item_title(data, item, lang)
    edit, more = joint("semicolon", lang).join(values).rstrip(".。"), len(data.edits) - 1
    text = phrase("edit_of", lang, name=title, edit=edit)
    return _end(text) + (gap(lang) + count(COUNTS, "edits_beside", more, lang) if more else "")


def _only_item(data: Review) -> Item | None:
    """Return the only edit, or the only one of several that moves rules; None if there is no such edit."""
    moving = data.edits if len(data.edits) == 1 else [edit for edit in data.edits if edit.rules]
    return moving[0] if len(moving) == 1 else None


def _new_values(data: Review, item: Item, cards: Sequence[EditedRule], lang: Language) -> list[str]:
    """Return the first values of an edit in words: old → new, or the members that come and go."""
    found = list(_law_values(data, item, cards[0], lang)) if len(cards) == 1 else []
    for line in item.words:
        what = line.what[lang] + joint("colon", lang) if line.what else ""
        if line.before and line.after:
            found.append(f"{what}{line.before[lang]} → {line.after[lang]}")
        found += [f"{what}+ {_cut(line.added[lang])}"] if line.added else []
        found += [f"{what}- {_cut(line.removed[lang])}"] if line.removed else []
        if line.after and not line.before:  # a value, such as a last day, that was not there
            found.append(f"+ {what}{line.after[lang]}")
        if line.before and not line.after:
            found.append(f"- {what}{line.before[lang]}")
    return [_cut(one, _LONG_VALUE) for one in found[:_VALUES]]


def _law_values(data: Review, item: Item, card: EditedRule, lang: Language) -> Iterator[str]:
    """Yield the parts that tell an edited rule: its effect if it is new or gone, else what differs."""
    whole = card.after if card.before is None else card.before if card.after is None else None
    if whole is not None:
        if data.structure[item.changes[0]].kind == "policy":
            yield phrase("quoted", lang, text=card.message[lang].rstrip(".。"))
        effect = whole.effect[lang]
        yield phrase("was", lang, text=effect) if card.after is None else effect
        return
    told = [(sign, text) for sign, text in law.lines(card, lang, brief=True) if sign in "-+"]
    marks = law.marks({sign for sign, _ in told}, whole=False)
    yield from (phrase(marks[sign], lang, text=text) for sign, text in told)


def _cut(text: str, longest: int = _LONGEST) -> str:
    """Return a text cut between words to a maximum length."""
    if len(text) <= longest:
        return text
    kept = text[:longest]
    return (kept.rpartition(" ")[0] if " " in kept[longest // 2 :] else kept).rstrip(" ,;:") + "…"


def _end(text: str) -> str:
    """Return a sentence that ends once: with its period, or with the mark that something is left out."""
    return text.replace("….", "…").replace("…。", "…")


def _effect(data: Review, lang: Language) -> Iterator[str]:
    """Yield the changes of decisions: of the word, the days, the products that show them, and the article."""
    found = dict.fromkeys([*possible(data), *sorted(seen(data))])
    moves = [name for name in found if "incomplete" not in name] or list(found)
    if not moves:
        return
    text = _moves(str(data.verdict), moves, lang)
    days = _days(data, lang)
    concerned = data.concerned
    who = joint("semicolon", lang).join(_who(concerned, lang)) if concerned else ""
    law = _law(data, lang)
    told = phrase("moves_on", lang, moves=text, days=days) if days else text
    if concerned and who:
        told = phrase("shown_for" if concerned.products else "example_for", lang, moves=told, who=who)
    yield phrase("end", lang, text=f"{told} [{law}]" if law else told)


def _moves(verdict: str, moves: Sequence[str], lang: Language) -> str:
    """Return changes of the decision word, the worst first; in both directions, the stricter apart from the milder."""
    stricter = [name for name in _WORST if name in moves]
    milder = [name for name in moves if name in MILDER]
    if verdict != "both" or not (stricter and milder):
        return wording.moves([*stricter, *(name for name in moves if name not in stricter)], lang)
    told = {"stricter": stricter, "milder": milder}
    return phrase("both_ways", lang, **{key: wording.moves(names, lang) for key, names in told.items()})


def _below(data: Review, lang: Language) -> Iterator[str]:
    """Yield what changes below the decision for known products, where no decision does."""
    details = data.details
    if data.decisions is None or data.rows or not details:
        return
    some = {product for detail in details for product in detail.products}
    kinds = [detail.kind for detail in details]
    names = joint("semicolon", lang).join(
        word(ITEMS, kind, lang) + aside(str(kinds.count(kind)), lang) for kind in dict.fromkeys(kinds)
    )
    every = data.decisions.products
    since = phrase("since", lang, day=min(day for detail in details for day in detail.days))
    yield phrase("below_change", lang, some=len(some), all=every, days=since, names=names)


def _days(data: Review, lang: Language) -> str:
    """Return the days on which decisions change: those proved, else those of the compared products."""
    days = data.semantic.period if data.semantic else None
    if days:
        return wording.period(days.first, days.last, lang)
    found = [day for row in data.rows for day in row.days]
    return phrase("since", lang, day=min(found)) if found else ""


def _who(concerned: Concerned, lang: Language) -> Iterator[str]:
    shares = concerned.foreign_percent
    if shares:
        low, high = (f"{share:g}%" for share in shares)
        yield phrase("share", lang, low=low) if low == high else phrase("shares", lang, low=low, high=high)
    if concerned.registered:
        yield phrase("registered", lang, names=_few((one[lang] for one in concerned.registered), lang))
    if concerned.services:
        yield phrase("services", lang, names=_few((service[lang] for service in concerned.services), lang))


def _law(data: Review, lang: Language) -> str:
    """Return the articles of the only edit, else those of the first changed rule that changes a decision."""
    item = _only_item(data)
    if item is not None and item.articles:
        return wording.cited(item.articles, lang)
    causes = [cause for row in data.rows for cause in row.because if cause.change]
    causes += [rule for item in data.edits if item.proof.transitions for rule in item.rules[:1]]
    if not data.rows and any(len(item.rules) > _NAMED for item in data.edits):
        return ""
    return wording.law(causes[0], lang) if causes else ""


def _worse_off(data: Review, lang: Language) -> Iterator[str]:
    """Yield whether anybody is worse off, and how far that is proved."""
    tighter = _tighter(data)
    moved = dict.fromkeys("->".join(pair) for pair in tighter if pair[0] != pair[1])
    excluded = set(impossible(data))
    if _only_unknown(data, moved):
        yield phrase("only_unknown", lang, moves=wording.moves(list(moved), lang))
    elif moved:
        told = [name for name in moved if "incomplete" not in name] or list(moved)
        yield phrase("worse", lang, moves=wording.moves(told, lang))
    elif tighter:
        yield phrase("worse_range", lang)
    elif excluded >= {"->".join(pair) for pair in STRICTER_PAIRS}:
        yield phrase("nobody_worse", lang)
    elif excluded.issuperset(STRICTER):
        yield phrase("nobody_decided_worse", lang)
    elif data.semantic is not None and data.semantic.status != "not-needed":
        yield phrase("worse_open", lang)


def _tighter(data: Review) -> list[tuple[str, str]]:
    """Return the decision words before and after of every shown change to a stricter decision."""
    shown = [(row.before.decision, row.after.decision, row.direction) for row in data.rows]
    found = [transition for transition in data.transitions if transition.witness]
    shown += [(one.before, one.after, one.direction) for one in found]
    return [(before, after) for before, after, direction in shown if direction == "tightened"]


def _only_unknown(data: Review, moved: Collection[str]) -> bool:
    """Return True if every stricter decision is incomplete, and it is proved that there is no other."""
    proved = {*impossible(data)} >= {*STRICTER}
    return bool(moved) and proved and all(name.endswith("->incomplete") for name in moved)


def _known_products(data: Review, lang: Language) -> Iterator[str]:
    rows = data.rows
    told: dict[str, str] = {}
    for row in rows:
        before, after = (word(VERDICTS, side.decision, lang) for side in (row.before, row.after))
        name = wording.subject(row)
        told.setdefault(name, f"{_cut(name, _LONG_PRODUCT)}{joint('colon', lang)}{before} → {after}")
    if told and data.decisions is not None:
        names = _few(told.values(), lang, "semicolon")
        yield phrase("known_change", lang, some=len(told), all=data.decisions.products, names=names)


def questions(data: Review, lang: Language) -> Iterator[str]:
    """Yield the decisions that a reviewer must take."""
    if data.decisions is None:
        return
    yield from (
        phrase(f"ask_{red_line.code}", lang, rule=red_line.rule, name=red_line.layer) for red_line in data.red_lines
    )
    yield from _ask_of_directions(data, lang)
    yield from _ask_of_edits(data, lang)
    yield from _ask_of_unread(data, lang)
    for key, uncited in _uncited(data, lang).items():
        yield _end(phrase(key, lang, names=_few(uncited, lang)))
    left = [
        *(wording.move(name, lang) for name in unsettled(data)),
        *(wording.item(data, edit, lang) for edit in open_edits(data)),
    ]
    if left:
        yield phrase("ask_open", lang, names=_few(left, lang))
    if data.release and data.release.faults:
        yield phrase("ask_version", lang, text=data.release.faults[0].text[lang])


def _ask_of_directions(data: Review, lang: Language) -> Iterator[str]:
    """Yield whether the law says that decisions become milder, and stricter."""
    if not possible(data) and not seen(data):
        return
    if data.verdict in ("loosened", "both"):
        yield phrase("ask_milder", lang)
    if data.verdict in ("tightened", "both"):
        unknown = _only_unknown(data, ["->".join(pair) for pair in _tighter(data)])
        yield phrase("ask_unknown" if unknown else "ask_stricter", lang)


def _ask_of_edits(data: Review, lang: Language) -> Iterator[str]:
    """Yield questions on edits of the law of past days, and on entries that look renamed."""
    back = [change for change in data.structure if change.retroactive]
    if back:
        yield count(COUNTS, "ask_past", len(back), lang, places=_few((f"{c.file}:{c.line}" for c in back), lang))
    twins = [change for change in data.structure if change.twin and change.change == "added"]
    if twins:
        yield phrase("ask_renamed", lang, names=_few((f"{c.twin} → {c.policy}/{c.name}" for c in twins), lang))


def _ask_of_unread(data: Review, lang: Language) -> Iterator[str]:
    """Yield who compares the articles that nobody has read, and which decisions wait for that."""
    unread = [card.rule for card in data.law if _is_unread(card.articles)]
    unread += [wording.item(data, edit, lang) for edit in data.edits if edit.words and _is_unread(edit.articles)]
    if unread:
        question = phrase("ask_unread", lang, names=_few(unread, lang))
        waiting = [card.rule for card in data.law if card.waits]
        yield question + (gap(lang) + phrase("unread_waits", lang, names=_few(waiting, lang)) if waiting else "")


def _is_unread(articles: Iterable[QuotedArticle | CitedArticle]) -> bool:
    """Return True if nobody has compared one of these articles with its text."""
    return any(article.verification == "unverified" for article in articles)


def _uncited(data: Review, lang: Language) -> dict[str, list[str]]:
    """Return by question the edits that change what the law says and bring no article with them."""
    articles = {change.policy for change in data.structure if change.kind == "article"}
    found: dict[str, list[str]] = {}
    for item in data.edits:
        changes = data.changes_of(item)
        said = [change for change in changes if change.since and change.kind in ("parameter", "rule", "term")]
        told = all(one.change == "changed" or one.kind == "parameter" for one in said)
        fields = {field.name.rpartition(".")[2] for one in said for field in one.fields}
        only_days = fields <= {"from", "until"}
        silent = item.proof.verdict in ("proved-equivalent", "no-rule") or articles & {one.policy for one in said}
        if said and told and not only_days and not silent:
            key = "ask_known_source" if "cite" in fields else "ask_cited"
            key = "ask_source" if {one.kind for one in said} == {"term"} else key
            found.setdefault(key, []).append(wording.item(data, item, lang))
    return found


def _few(names: Iterable[str], lang: Language, mark: str = "list") -> str:
    """Return the first few of some names, and the number of the others."""
    every = list(dict.fromkeys(map(_cut, names)))
    text = joint(mark, lang).join(every[:_NAMED])
    return text if len(every) <= _NAMED else phrase("and_more", lang, names=text, n=len(every) - _NAMED)
