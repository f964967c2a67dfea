"""The sentence for a lawyer to sign: the subject of the edit, then its consequences, in at most 30 words."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from vatspolicy.authoring.diff.edited import Edit, EditedRule, Field
from vatspolicy.authoring.diff.result import Item, Review
from vatspolicy.authoring.diff.structure import entry, is_reordered, new_parts, parts_of_list
from vatspolicy.authoring.diff.verdict import (
    MILDER,
    STRICTER,
    impossible,
    is_open,
    lists_otherwise,
    names_alone,
    nearest_first,
    only_asks,
    read_otherwise,
)
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.i18n.words import count, joint, word
from vatspolicy.reports.diff import law, wording
from vatspolicy.reports.diff.words import COUNTS, EFFECTS, ITEMS, KINDS, NAMED, PREDICATES, phrase

WORDS = 30
"""Maximum number of words in the sentence. Three Chinese characters count as a word."""
_CHARACTERS = 3
_WORD = re.compile(r"(?:[\u3000-\u9fff\uff00-\uffef]|[\w%](?:[\w%.,'-]*[\w%])?|\S)\s*", re.ASCII)
"""A word or a sign with the space after it; a Chinese character is a word."""
_JOINT = re.compile(r"^(?:or|and) ")
_CONTEXT: Mapping[Language, tuple[int, int]] = {"en": (1, 2), "zh": (4, 5)}
"""Words before and after what differs between two texts."""
_SENTENCE = re.compile(r"\. |[。；]")
_HAN = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
_PAIRS = (("“", "”"), ("(", ")"), ("（", "）"))
_BRIEFER = {
    "only-if": "one-more",
    "without": "one-fewer",
    "rule-changed": "changed-on",
    "rule-changed-to": "changed-on",
}
"""Predicates in place of those whose texts have too many words."""
_DECIDING = {"deny": "denial", "need": "need", "route": "route", "classify": "service"}
_EFFECTS = {**_DECIDING, "duty": "duty", "advise": "advice"}
"""Names of effects (ITEMS) by the key of a rule. Only the first four decide."""
_CONDITIONS = frozenset({"when", "check", "covers"}), frozenset({""})
"""Fields of rules and instruments, and of terms, that are conditions."""
_EDGES = " ,;:()，；：（）"


def signed(data: Review, item: Item | None, edits: Sequence[Edit], lang: Language) -> str:
    """Return the sentence about the only edit that affects rules (`item`), or else about the worst edit.

    `edits`: those of the law. The first one is the default for a review without an item for an edit.
    """
    more = len(data.edits) - 1 if item is None and data.edits else 0
    item = item or next(iter(data.edits), None)
    changes = data.changes_of(item) if item is not None and item.changes else [edits[0]]
    follows = joint("semicolon", lang).join(_effects(data, lang))
    key, parts = _predicate(data, item, changes, lang)
    room = WORDS
    while True:
        short = {name: cut(text, room, lang) for name, text in parts.items()}
        if key in _BRIEFER and any(short[name] != text for name, text in parts.items() if name != "subject"):
            key, room = _BRIEFER[key], WORDS  # half a condition says nothing that a lawyer can sign
            continue
        edit = word(PREDICATES, key, lang, **short)
        edit = count(COUNTS, "more_edits", more, lang, edit=edit) if more else edit
        text = phrase("signed", lang, edit=edit, effect=follows)
        if count_words(text, lang) <= WORDS or room == 1:
            return text
        room -= 1


def count_words(text: str, lang: Language) -> int:
    """Return the number of words of a text."""
    if lang == "zh":
        return -(-len(text) // _CHARACTERS)
    return len(_HAN.sub("", text).split()) + -(-len(_HAN.findall(text)) // _CHARACTERS)


def cut(text: str, size: int, lang: Language) -> str:
    """Return a text shortened to a number of words, without its final punctuation."""
    text = " ".join(text.split()).rstrip(".。")
    if count_words(text, lang) <= size:
        return text
    kept = " ".join(text.split()[:size]) if lang == "en" else text[: size * _CHARACTERS]
    return _balanced(kept).rstrip(" ,;:，；：") + "…"


def _predicate(data: Review, item: Item | None, changes: list[Edit], lang: Language) -> tuple[str, Mapping[str, str]]:
    """Return the key of the predicate for an edited entry (PREDICATES), and its texts."""
    first = wording.main_edit(changes)
    name = first.name.replace("_", " ") if first.kind == "term" else first.name  # a term has no title
    subject = first.title[lang] if first.title else f"{word(KINDS, first.kind, lang)} {name}".rstrip()
    if not first.title and first.regulation:
        subject = first.regulation[lang] + joint("colon", lang) + subject
    day = first.since or ""
    if twin := wording.twin_of(first, changes):
        key, sides = wording.sides_of_move(first, twin, lang)
        if key == "renamed" and first.policy == twin.policy:
            sides = {"before": twin.name, "after": first.name}
        return key, {"subject": subject, **sides}
    if [field.name for field in first.fields] == ["file"] and first.regulation:
        return "moved", {"subject": first.regulation[lang], "after": str(first.fields[0].after)}
    if renamed := next((field for field in first.fields if field.name == "renamed"), None):
        return "renamed", {"subject": subject, "before": str(renamed.before), "after": str(renamed.after)}
    if key := _same(item, first):
        return key, {"subject": subject}
    if first.kind == "rule":
        return _rule(data, item, first, _SENTENCE.split(subject)[0], lang)
    if first.kind == "dates":
        title = first.regulation[lang] if first.regulation else first.policy
        start = first.fields[0] if [one.name for one in first.fields] == ["from"] else None
        if start and start.before and start.after:
            return "rule-starts", {"subject": title, "before": str(start.before), "after": str(start.after)}
        return ("ends" if first.ends_on else "dates"), {"subject": title, "day": first.ends_on or day}
    if item is not None and first.kind == "parameter" and (value := _value(item, first, day, lang)) is not None:
        return value[0], {"subject": subject, **value[1]}
    if first.kind == "article" and first.title and first.regulation:
        subject = first.regulation[lang] + joint("comma", lang) + subject
    verified = next((field for field in first.fields if field.name == "verification"), None)
    if verified and verified.before and verified.after:
        return "verified", {"subject": subject, "before": str(verified.before), "after": str(verified.after)}
    if first.change == "changed" and item is not None and (text := _texts(item, lang)):
        return "rule-changed" if day else "changed-to", {"subject": subject, "day": day, "text": text}
    key = "policy-added" if (first.kind, first.change) == ("policy", "added") else first.change
    return (f"{key}-on" if day and key != "policy-added" else key), {"subject": subject, "day": day}


def _same(item: Item | None, change: Edit) -> str:
    """Return the predicate of an edit that leaves the meaning of an entry as it is, or else an empty text."""
    told = {field.name.rpartition(".")[2] for field in change.fields}
    proved = item is not None and item.proof.verdict in ("proved-equivalent", "no-rule")
    if proved and change.change == "changed" and told <= _CONDITIONS[change.kind == "term"]:
        return "rewritten"
    if change.kind == "parameter" and change.change == "added" and not change.since:
        return "restated"
    return "same-members" if change.fields and all(map(is_reordered, change.fields)) else ""


def _texts(item: Item, lang: Language) -> str:
    """Return the first values of an edit: old → new, or the added and removed members."""
    found = []
    for line in item.words[:2]:
        what = line.what[lang] + joint("colon", lang) if line.what else ""
        old, new = (text[lang] if text else "" for text in (line.before, line.after))
        if len(old) + len(new) > wording.LINE and (told := _difference(old, new, lang)):
            found.append(what + (" → ".join(text for _, text in told) if len(told) == 2 else " ".join(told[0])))
        else:
            found += [f"{what}{old} → {new}"] if old and new else []
        gained = [
            ("+", line.added or (line.after if not old else None)),
            ("-", line.removed or (line.before if not new else None)),
        ]
        found += [f"{what}{sign} {text[lang]}" for sign, text in gained if text]
    return joint("semicolon", lang).join(found)


def _rule(data: Review, item: Item | None, change: Edit, subject: str, lang: Language) -> tuple[str, dict[str, str]]:
    """Return the predicate for a rule: it begins, ends, is reworded, or differs in a part."""
    texts = {field.name.partition(".")[0]: field for field in change.fields}
    parts = {"subject": subject, "day": change.since or ""}
    if change.change == "added":
        return ("rule-added" if texts.keys() & _DECIDING.keys() else "policy-added"), parts
    if change.change == "removed":
        return "rule-removed", parts
    if texts.keys() == {"readings"}:
        one = texts["readings"]
        return ("contested" if one.before is None else "settled" if one.after is None else "rule-reworded"), parts
    if len(kinds := [key for key in _EFFECTS if key in texts]) == 2 and texts.keys() == {*kinds}:
        kinds.sort(key=lambda key: texts[key].before is None)
        sides = zip(("before", "after"), (word(ITEMS, _EFFECTS[key], lang) for key in kinds), strict=True)
        return "becomes", {**parts, **dict(sides)}
    if texts.keys() == {"unwaivable"}:
        return "rule-changed", {
            **parts,
            "text": phrase("not_waivable" if texts["unwaivable"].after else "may_be_waived", lang),
        }
    found = [card for card in law.of_item(data, item) if card.rule == entry(change)] if item else []
    if texts.keys() <= {"when", "from", "until"} and found and (told := _clause_or_day(found[0], lang)):
        return told[0], {**parts, **told[1]}
    lines = [(sign, text) for card in found for sign, text in law.lines(card, lang, brief=True) if sign in "-+"]
    if not lines and item and "message" not in texts and (text := _texts(item, lang)):
        return "rule-changed" if change.since else "changed-to", {**parts, "text": text}
    if not change.since or not lines:
        return "rule-reworded", parts
    if [sign for sign, _ in lines] == ["-", "+"]:
        lines = _difference(lines[0][1], lines[1][1], lang)
        if len(lines) == 2:
            return "rule-changed-to", {**parts, "before": lines[0][1], "after": lines[1][1]}
    marks = law.marks({sign for sign, _ in lines}, whole=False)
    text = joint("semicolon", lang).join(phrase(marks[sign], lang, text=text) for sign, text in lines[:2])
    return "rule-changed", {**parts, "text": text}


def _clause_or_day(card: EditedRule, lang: Language) -> tuple[str, Mapping[str, str]] | None:
    """Return the predicate for a rule with one clause more or less, another first day, or another end."""
    before, after = card.before, card.after
    if before is None or after is None:
        return None
    gone, new, stay = law.clauses(card, lang)
    first, last = before.since != after.since, before.until != after.until
    if before.when != after.when:
        is_one = stay and len(gone) + len(new) == 1 and not first and not last
        return ("only-if" if new else "without", {"text": (new or gone)[0]}) if is_one else None
    if first == last:
        return None
    if first:
        return ("rule-starts", {"before": before.since, "after": after.since}) if before.since and after.since else None
    return ("rule-ends", {"day": after.until}) if after.until else ("rule-stays", {"day": str(before.until)})


def _difference(before: str, after: str, lang: Language) -> list[tuple[str, str]]:
    """Return (sign, text) of what differs between two texts, with a word before it and two after it, except a verb."""
    old, new = (_WORD.findall(text) for text in (before, after))
    bare = [[one.strip() for one in words] for words in (old, new)]
    ahead, behind = _CONTEXT[lang]
    start = _shared(*bare)
    end = _shared(*(words[start:][::-1] for words in bare))
    sides = [("-", old[start : len(old) - end]), ("+", new[start : len(new) - end])]
    if all(words for _, words in sides):
        after_it = old[len(old) - end :][:behind]
        ahead += bare[0][start - 1 : start] in (["most"], ["least"])  # "at most" is one word
        shared = old[max(start - ahead, 0) : start], [] if after_it[:1] in (["is "], ["are "]) else after_it
        sides = [(sign, [*shared[0], *words, *shared[1]]) for sign, words in sides]
    told = ((sign, _JOINT.sub("", "".join(words).strip(_EDGES))) for sign, words in sides)
    return [(sign, _balanced(text)) for sign, text in told if text]


def _balanced(text: str) -> str:
    """Return a part of a text without quotation marks and parentheses that have no counterpart."""
    for first, last in _PAIRS:
        lacking = text.count(first) - text.count(last)
        text = "".join(text.rsplit(first, lacking)) if lacking > 0 else text.replace(last, "", -lacking)
    return text


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    """Return how many words two texts have in common before the first that differs."""
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _value(item: Item, change: Edit, day: str, lang: Language) -> tuple[str, dict[str, str]] | None:
    """Return the predicate for a value: a number rises or falls, or a list gains or loses members."""
    line = next((one for one in item.words if one.what is None), None)
    if line is None:
        moved = next((one for one in item.words if one.what and one.before and one.after), None)
        if moved is None or "from" not in {field.name for field in change.fields}:
            return None
        texts = {"what": moved.what, "before": moved.before, "after": moved.after}
        return "starts", {key: text[lang] for key, text in texts.items() if text}
    if line.added or line.removed:
        sides = {"added": line.added, "removed": line.removed}
        counts = dict(zip(("removed", "added"), _numbers(change), strict=True))
        members = {
            key: count(COUNTS, "members", counts[key], lang) if counts[key] > NAMED else text[lang]
            for key, text in sides.items()
            if text
        }
        key = "added-and-removed" if len(members) == 2 else "gains" if line.added else "loses"
        return key, {**members, "day": day}
    if not (line.before and line.after and day):
        return None
    field = next((one for one in change.fields if one.name == "value"), Field("", None, None))
    numbers = [one for one in (field.before, field.after) if isinstance(one, int | float) and not isinstance(one, bool)]
    key = "becomes" if len(numbers) < 2 else "rises" if numbers[0] < numbers[1] else "falls"
    return key, {"before": line.before[lang], "after": line.after[lang], "day": day}


def _numbers(change: Edit) -> tuple[int, int]:
    """Return how many members a list loses and gains."""
    field = next((one for one in change.fields if one.name == "value"), None)
    if field is None or not isinstance(field.before, list) or not isinstance(field.after, list):
        return 0, 0
    sides = parts_of_list(field.before), parts_of_list(field.after)
    return len(new_parts(*reversed(sides))), len(new_parts(*sides))


def _effects(data: Review, lang: Language) -> Iterator[str]:
    """Yield the consequences for products: the closest product for each direction."""
    plain, granted = nearest_first(data)
    reached = [name for name in plain if "incomplete" not in name]
    told = [next((name for name in reached if name in side), None) for side in (STRICTER, MILDER)]
    found = [name for name in told if name is not None] or plain[:1]
    if only_asks(data) and not any(name.endswith("->incomplete") for name in found):
        found.append("asks")
    if not found and granted:
        found = ["granted"]
    if not found and data.rows:
        found = ["range"]
    if not found:
        shown = bool(data.details) or any(lists_otherwise(edit) for edit in data.edits)
        every = bool(data.transitions) and len(impossible(data)) == len(data.transitions)
        alike = not read_otherwise(data)
        proved = every or (data.semantic is not None and data.semantic.status == "not-needed" and alike)
        key = "nothing" if proved and not data.why else "unsettled" if is_open(data) or data.why else "unseen"
        listed = "names" if names_alone(data) else "listed"
        found = [listed if key == "nothing" and shown else key]
    yield from (word(EFFECTS, name, lang) for name in found)
