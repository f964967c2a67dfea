"""Edits, decisions and causes in words, for both text and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from vatspolicy.authoring.diff.edit_wording import plain_words
from vatspolicy.authoring.diff.edited import Cause, Citation, CitedArticle, Edit, RedLine, ReviewedRedLine, SchemaChange
from vatspolicy.authoring.diff.result import (
    Answer,
    ChangedDecision,
    ChangedDetail,
    Item,
    ListedItem,
    ProvedRule,
    Review,
    Witness,
)
from vatspolicy.authoring.diff.structure import LAYER_PREFIX, entry
from vatspolicy.authoring.diff.verdict import impossible, unsettled
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.profile.vocabulary import Language, LocalizedText
from vatspolicy.errors import Problem
from vatspolicy.i18n.words import VERDICTS, aside, gap, joint, word
from vatspolicy.reports.diff.words import CHANGES, ITEMS, KINDS, VALUES, phrase
from vatspolicy.reports.diff.words import VERDICTS as VERDICTS_OF_PROOFS

LINE = 90
"""Maximum length of two values on one line, in characters."""
ABSENT = "–"
"""Sign for a missing value."""
SIGNS = {"added": "+", "removed": "-", "changed": "~"}


class Placed(Protocol):
    """An object with a file and a line."""

    @property
    def file(self) -> str:
        """The file."""

    @property
    def line(self) -> int:
        """The line."""


def place(one: Placed) -> str:
    """Return the file, the line and the column, if it is known."""
    found = f"{one.file}:{one.line}"
    return f"{found}:{one.column}" if isinstance(one, Problem) else found


def edit(change: Edit, lang: Language) -> str:
    """Describe an edit in one line: `parameter launched (Whether …), from 2024-10-23`."""
    name = f" {change.name}" if change.name else ""
    title = aside(change.title[lang], lang) if change.title else ""
    subject = f"{word(KINDS, change.kind, lang)}{name}{title}"
    return subject + joint("colon", lang) + became(change, lang)


def became(change: Edit, lang: Language) -> str:
    """Return the change of an entry and its first day: `added, from 2024-10-23`."""
    text = word(CHANGES, change.change, lang)
    if change.since and not (change.change == "removed" and change.kind in ("rule", "policy")):
        text += joint("comma", lang) + phrase("since", lang, day=change.since)
    if change.twin:
        text += joint("semicolon", lang) + phrase("twin", lang, name=change.twin)
    return text


def item_title(data: Review, one: Item, lang: Language) -> str:
    """Return the heading of a review item: the title of its main edit, with its regulation."""
    if not one.changes:
        return names([rule.rule for rule in one.rules])
    first = main_edit(data.changes_of(one))
    text = item(data, one, lang)
    if first.regulation and first.regulation != first.title:
        return first.regulation[lang] + of_layer(first, lang) + joint("colon", lang) + text
    return text


def main_edit(changes: Sequence[Edit]) -> Edit:
    """Return the main edit: a moved or renamed entry, or else a policy or rule, or else the first edit."""
    kinds = ("policy", "rule")

    def weight(change: Edit) -> tuple[bool, bool, int]:
        place = kinds.index(change.kind) if change.kind in kinds else len(kinds)
        return change.twin is None, change.change == "removed", place

    return min(changes, key=weight)


def twin_of(change: Edit, changes: Iterable[Edit]) -> Edit | None:
    """Return the removed entry with the same body as an added entry, or None."""
    gone = (one for one in changes if (one.kind, one.change) == (change.kind, "removed"))
    return next((one for one in gone if change.change == "added" and change.twin == entry(one)), None)


def sides_of_move(change: Edit, twin: Edit, lang: Language) -> tuple[str, dict[str, str]]:
    """Return `moved` with the regulations, or `renamed` with the names, of an entry before and after."""
    stays = change.name == twin.name != "" and change.regulation and twin.regulation
    sides = [one.regulation[lang] if stays and one.regulation else entry(one) for one in (twin, change)]
    return "moved" if stays else "renamed", {"before": sides[0], "after": sides[1]}


def moved(change: Edit, twin: Edit, lang: Language) -> str:
    """Return the old and new place of a moved entry, or the old and new name."""
    key, sides = sides_of_move(change, twin, lang)
    return phrase(key, lang, **sides)


def rule_name(message: LocalizedText | None, code: str, lang: Language) -> str:
    """Return the message of a rule, or its code if it has no message."""
    return phrase("quoted", lang, text=cut(message[lang].rstrip(".。"), LINE - 2)) if message else code


def of_layer(one: Edit | Cause, lang: Language) -> str:
    """Return the layer of an entry in parentheses; empty for the law itself."""
    return aside(phrase("of_layer", lang, name=one.layer), lang) if one.layer else ""


def file_of(change: Edit, lang: Language) -> str:
    """Return the policy id or the layer of an edit."""
    is_head = change.policy == f"{LAYER_PREFIX}{change.layer}"
    return phrase("of_layer", lang, name=change.layer) if is_head else str(change.policy)


def next_day(days: Sequence[str], today: str) -> str:
    """Return the first day from today, or the last day if all are past."""
    return min((day for day in days if day >= today), default=max(days))


def item(data: Review, one: Item, lang: Language) -> str:
    """Return the title or code of a review item's main edit, or its rules if it has no edit."""
    if not one.changes:
        return names([rule.rule for rule in one.rules])
    changes = data.changes_of(one)
    first = main_edit(changes)
    title = first.title[lang].rstrip(".。") if first.title else ""
    text = title or f"{word(KINDS, first.kind, lang)} {entry(first)}"
    more = sum(other not in (first, twin_of(first, changes)) for other in changes)
    return phrase("and_more", lang, names=text, n=more) if more else text


def values(change: Edit, lang: Language) -> Iterator[tuple[str, str, str]]:
    """Yield (place, sign, values) for each difference in an entry of both sides. The sign is `-`, `+` or `~`."""
    if change.change != "changed" and change.kind not in ("parameter", "policy"):
        return
    for field in change.fields:
        before, after = field.before, field.after
        if _is_list(before) and _is_list(after):
            yield from ((field.name, "-", _shown(item, lang)) for item in before if item not in after)
            yield from ((field.name, "+", _shown(item, lang)) for item in after if item not in before)
            continue
        old, new = (_shown(value, lang) for value in (before, after))
        if len(old) + len(new) <= 60 and "\n" not in old + new:
            yield field.name, "~", f"{old} → {new}"
        else:
            yield from ((field.name, sign, text) for sign, text in (("-", old), ("+", new)) if text != ABSENT)


def other_schema_edits(data: Review) -> list[SchemaChange]:
    """Return the schema differences that are not separate edits, and those that break readers."""
    return [schema for schema in data.schemas if schema.effect == "nothing" or schema.breaking]


def schema_edit(change: SchemaChange, lang: Language) -> str:
    """Describe a difference of a schema in one line."""
    place = change.path or word(KINDS, "schema", lang)
    text = place + joint("colon", lang) + word(CHANGES, change.change, lang)
    return text + aside(phrase("breaking", lang), lang) if change.breaking else text


def answer(data: Answer, lang: Language) -> str:
    """Return a decision word, with the range of an incomplete decision."""
    text = word(VERDICTS, data.decision, lang)
    if data.decision != "incomplete":
        return text
    low, high = (word(VERDICTS, part, lang) for part in data.range)
    return text + aside(phrase("left_open", lang, low=low, high=high), lang)


def subject(row: ChangedDecision) -> str:
    """Return the name of a product with its variant."""
    return named(row.product, row.variant)


def named(product: str, variant: str | None) -> str:
    """Return a product with its variant."""
    return f"{product} ({variant})" if variant else product


def law(cause: Cause, lang: Language) -> str:
    """Return the articles that a rule cites, grouped by regulation, and its layer."""
    return cited(cause.citations, lang) + of_layer(cause, lang)


def cited(citations: Iterable[Citation | CitedArticle], lang: Language) -> str:
    """Return articles, grouped by regulation."""
    labels: dict[str, list[str]] = {}
    for citation in citations:
        title = citation.title if isinstance(citation, Citation) else citation.regulation
        labels.setdefault(title[lang], []).append(citation.label[lang])
    comma = joint("comma", lang)
    return joint("semicolon", lang).join(comma.join([title, *found]) for title, found in labels.items())


def detail(data: ChangedDetail, lang: Language) -> str:
    """Return a detail below the decision in one line."""
    title = data.title[lang] if data.title and data.kind not in ("class", "missing", "authority") else ""
    name = data.name + (aside(title, lang) if title else "")
    values = _moved(data, lang)
    rests = f" [{cited(data.citations, lang)}]" if title and data.citations else ""
    return f"{word(ITEMS, data.kind, lang)} {name}".rstrip() + joint("colon", lang) + values + rests


def _moved(item: ListedItem | ChangedDetail, lang: Language) -> str:
    """Return the values of an item on both sides: `fires → –`."""
    sides = (item.before, item.before_text), (item.after, item.after_text)
    return " → ".join(_value(item.kind, value, text, lang) for value, text in sides)


def _value(kind: str, value: str | None, text: LocalizedText | None, lang: Language) -> str:
    if value is None:
        return ABSENT
    known = VALUES.get(kind, {})
    return text[lang] if text else known[value][lang] if value in known else value


def red_line(one: RedLine, lang: Language) -> str:
    """Describe an edit that needs attention."""
    rule = rule_name(one.message, one.rule, lang) if isinstance(one, ReviewedRedLine) else one.rule
    if one.code == "unenforced":
        days = period(str(one.since), one.until, lang)
        return phrase(f"unenforced_{one.level}", lang, rule=rule, days=days, name=one.layer)
    return phrase(one.code, lang, rule=rule, name=one.layer)


def move(name: str, lang: Language) -> str:
    """Format a change of the decision word: `DENY → ALLOW`."""
    return " → ".join(word(VERDICTS, part, lang) for part in name.split("->"))


def moves(names: Sequence[str], lang: Language) -> str:
    """Several of them in one line."""
    return joint("semicolon", lang).join(move(name, lang) for name in names)


def verdict(rule: ProvedRule, lang: Language) -> str:
    """State the verdict on a rule in one sentence, with at most two sentences of details."""
    proof, witness = rule.proof, rule.proof.witness
    key = "listed" if proof.only_lists else str(proof.verdict)
    if key == "proved-equivalent" and rule.seen_in:
        key = "beside"
    parts = [word(VERDICTS_OF_PROOFS, key, lang, moves=moves(proof.transitions, lang))]
    if rule.since is not None:
        parts.append(phrase("differ", lang, days=period(rule.since, rule.until, lang)))
    if witness is not None and proof.transitions and witness.after.decision != proof.after:
        pair = (answer(side, lang) for side in (witness.before, witness.after))
        parts.append(phrase("together", lang, moves=" → ".join(pair)))
    if rule.excluded:
        parts.append(phrase("excluded", lang, moves=moves(rule.excluded, lang)))
    if rule.seen_in:
        parts.append(phrase("seen_in", lang, names=names(rule.seen_in)))
    if proof.is_open and proof.reason:
        parts.append(proof.reason)
    return gap(lang).join(parts)


def excluded(data: Review, lang: Language) -> Iterator[str]:
    """Yield the impossible transitions, and the open ones."""
    never, left = impossible(data), unsettled(data)
    if never and len(never) == len(data.transitions):
        yield phrase("no_change", lang)
    elif never:
        yield phrase("impossible", lang, names=moves(never, lang))
    if left:
        yield phrase("unsettled", lang, names=moves(left, lang))


def dated(rule: ProvedRule, lang: Language) -> str:
    """Describe the change of a rule and the days on which it differs: `added, from 2024-03-22`."""
    since = period(str(rule.since), rule.until, lang)
    return joint("comma", lang).join([word(CHANGES, str(rule.change), lang), since])


def shown(witness: Witness, lang: Language, titles: Mapping[str, str] | None = None) -> str:
    """Describe the effect in a witness and its days: the change of the decision or of a listing.

    `titles` are those of rules, by their names.
    """
    before, after = (answer(side, lang) for side in (witness.before, witness.after))
    days = period(witness.since, witness.until, lang)
    if witness.before != witness.after:
        return phrase("from", lang, moves=f"{before} → {after}", days=days)
    if not witness.listed:
        return phrase("stays", lang, name=after, days=days)
    found = [
        f"{word(ITEMS, item.kind, lang)} {(titles or {}).get(item.name, item.name).rstrip('.。')}".rstrip()
        + joint("colon", lang)
        + _moved(item, lang)
        for item in witness.listed
    ]
    return phrase("lists", lang, names=joint("semicolon", lang).join(found), days=days)


def period(since: str, until: str | None, lang: Language, proved: bool = True) -> str:
    """Return the first and the last day of a period: `from 2019-07-30 to 2019-08-01`.

    `proved`: a period of one day is called the only one.
    """
    if until is None:
        return phrase("since", lang, day=since)
    return phrase(("only_on" if proved else "on_day") if since == until else "between", lang, day=since, last=until)


def facts(witness: Witness, lang: Language) -> str:
    """Return the facts of a witness in one line."""
    found = [fact.title[lang] + joint("colon", lang) + fact.value[lang] for fact in witness.facts]
    return joint("semicolon", lang).join(found) or phrase("any_product", lang)


def days(found: Sequence[str]) -> str:
    """Return days in one line, without the middle of a long list."""
    return ", ".join(found) if len(found) <= 4 else f"{', '.join(found[:2])}, …, {found[-1]}"


def names(found: Sequence[str], limit: int = 3) -> str:
    """Return names in one line, with the number of omitted ones."""
    return ", ".join(found[:limit]) + (f" … +{len(found) - limit}" if len(found) > limit else "")


def few(found: Iterable[str], lang: Language, mark: str = "list", longest: int = LINE) -> str:
    """Return the first three names, and the number of the others."""
    every = list(dict.fromkeys(cut(name, longest) for name in found))
    text = joint(mark, lang).join(every[:3])
    return text if len(every) <= 3 else phrase("and_more", lang, names=text, n=len(every) - 3)


def cut(text: str, longest: int = LINE) -> str:
    """Return a text shortened between words to a maximum length."""
    if len(text) <= longest:
        return text
    kept = text[:longest]
    return (kept.rpartition(" ")[0] if " " in kept[longest // 2 :] else kept).rstrip(" ,;:") + "…"


def _is_list(value: object) -> bool:
    return isinstance(value, list) and not any(isinstance(item, list) for item in value)


def _shown(value: Tree, lang: Language) -> str:
    return ABSENT if value is None else " ".join(plain_words(value, lang).split())
