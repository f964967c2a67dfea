"""Changes of decisions by an edit of specs, in words: one head for each spec that changes, and its items below."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.result import ItemChange
from vatspolicy.gate.spec_change import FactChange, ShortDecision, SpecChange, SpecChanges
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, end, joint, word
from vatspolicy.reports.words import COUNTS as MORE

WORDS: Table = {
    "base": Phrase("What this change does to the specs, under the law of this run (base {commit})"),
    "law": Phrase("What the law and the settings of this change would do to the specs"),
    "none": Phrase("No change in decisions for {n}."),
    "facts": Phrase("Stated: {facts}"),
    "not stated": Phrase("not stated"),
    "worse": Phrase("Worse: {n}"),
    "unclear": Phrase("Unclear: {n}"),
    "better": Phrase("Better: {n}"),
    "added": Phrase("New: {n}"),
    "removed": Phrase("Removed: {n}"),
    "equal": Phrase("Same: {n}"),
    "new": Phrase("new spec: {verdict}"),
    "gone": Phrase("spec removed: {verdict} before"),
    "renamed": Phrase("renamed from {name}"),
    "undecided": Phrase("not decided", "spec change"),
    "contested": Phrase("CONTESTED"),
    "same": Phrase("decision unchanged"),
    "tightened": Phrase("stricter", "update"),
    "loosened": Phrase("milder", "update"),
    "denial new": Phrase("New reason to deny: {title}"),
    "denial gone": Phrase("No longer denied for: {title}"),
    "license new": Phrase("New license to get: {title}"),
    "license gone": Phrase("License no longer to get: {title}"),
    "license changed": Phrase("Other license to get: {title}"),
    "fact new": Phrase("New fact asked for: {id}. {title}"),
    "fact gone": Phrase("No longer asked for: {id}"),
    "fact changed": Phrase("Other findings wait for: {id}. {title}"),
    "reading new": Phrase("Newly contested: {title}"),
    "reading gone": Phrase("No longer contested: {title}"),
    "reading changed": Phrase("The other reading changed: {title}"),
    "duty new": Phrase("New duty: {title}"),
    "duty gone": Phrase("Duty gone: {title}"),
    "duty changed": Phrase("Duty changed: {title}"),
    "open": Phrase("Facts are missing: what is gone may return once they are stated."),
}
COUNTS: Counts = {
    "specs": (Phrase("{n} spec"), Phrase("{n} specs")),
    "duty new": (Phrase("{n} new duty"), Phrase("{n} new duties")),
    "duty gone": (Phrase("{n} duty gone"), Phrase("{n} duties gone")),
    "duty changed": (Phrase("{n} duty changed"), Phrase("{n} duties changed")),
    "equal": (Phrase("{n} finding", "spec change"), Phrase("{n} findings", "spec change")),
}
FACTS = 5
"""Maximum number of listed facts of a spec; the rest is counted."""
_BEFORE, _AFTER = attrgetter("before"), attrgetter("after")
DUTIES = 2
"""Maximum number of listed duties per kind of change; the rest is counted, as duties do not change decisions."""


class ToldChange(NamedTuple):
    """A spec that changes, in words."""

    file: str
    head: str
    lines: tuple[str, ...]


def say_heading(changes: SpecChanges, lang: Language) -> str:
    """Return the heading of the changes, with the base or the law."""
    return word(WORDS, "base" if changes.base else "law", lang, commit=changes.base[:10])


def say_effect(changes: SpecChanges, lang: Language) -> str:
    """Return how many specs are decided worse, unclearly, better, or the same, in this order, without those of none."""
    ways = Counter(
        {"new": "added", "gone": "removed"}.get(change.state) or _WAYS[change.direction] for change in changes.specs
    )
    told = [word(WORDS, way, lang, n=count(COUNTS, "specs", ways[way], lang)) for way in _ORDER if ways[way]]
    return end(joint("semicolon", lang).join(text if not at else _lower(text) for at, text in enumerate(told)), lang)


_WAYS = {"tightened": "worse", "unknown": "unclear", "loosened": "better", "same": "equal"}
_ORDER = ("worse", "unclear", "better", "added", "removed", "equal")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def say_changes(changes: SpecChanges, lang: Language) -> Iterator[ToldChange]:
    """Yield each spec that changes: its facts, its file or its decision."""
    for change in changes.specs:
        if change.changed:
            lines = [*_say_facts(change.facts, lang), *_say_items(change.items, lang)]
            open_now = change.after is not None and change.after.decision == "incomplete"
            if open_now and any(item.after is None for item in change.items):
                lines.insert(0, word(WORDS, "open", lang))
            yield ToldChange(change.spec, _say_head(change, lang), tuple(lines))


def say_rest(changes: SpecChanges, lang: Language) -> str:
    """Return the sentence about unchanged specs; empty if there are no such specs."""
    rest = sum(not change.changed for change in changes.specs)
    return word(WORDS, "none", lang, n=count(COUNTS, "specs", rest, lang)) if rest else ""


def _say_facts(facts: Sequence[FactChange], lang: Language) -> Iterator[str]:
    """Yield one line with the facts that are stated otherwise."""
    told = []
    for fact in facts[:FACTS]:
        sides = (clean(_say_value(side, lang), one_line=True) for side in (fact.before, fact.after))
        told.append(joint("colon", lang).join([fact.path, " → ".join(sides)]))
    if more := len(facts) - FACTS:
        told += [count(MORE, "more_facts", more, lang)] if more > 0 else []
    if told:
        yield word(WORDS, "facts", lang, facts=joint("semicolon", lang).join(told))


def _say_value(value: Tree, lang: Language) -> str:
    """Return a value as a spec writes it."""
    if value is None:
        return word(WORDS, "not stated", lang)
    if isinstance(value, list):
        return f"[{', '.join(str(one) for one in value)}]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _say_head(spec: SpecChange, lang: Language) -> str:
    before, after = (_say_decision(side, lang) for side in (spec.before, spec.after))
    if spec.contested:
        after += f" · {word(WORDS, 'contested', lang)}"
    if spec.state in ("new", "gone"):
        return word(WORDS, spec.state, lang, verdict=after if spec.state == "new" else before)
    parts = [after if spec.before == spec.after else f"{before} → {after}"]
    if spec.direction == "same" or all(side and side.decision != "incomplete" for side in (spec.before, spec.after)):
        parts.append(word(WORDS, spec.direction, lang))  # the direction of an open decision is unknown
    if spec.state == "renamed":
        parts.append(word(WORDS, "renamed", lang, name=clean(str(spec.was), one_line=True)))
    return joint("comma", lang).join(parts)


def _say_decision(side: ShortDecision | None, lang: Language) -> str:
    if side is None:
        return word(WORDS, "undecided", lang)
    low, high = (word(VERDICTS, outcome, lang) for outcome in side.range)
    return word(VERDICTS, side.decision, lang) + (aside(f"{low} – {high}", lang) if low != high else "")


def _say_items(items: Sequence[ItemChange], lang: Language) -> Iterator[str]:
    """Yield a line for each item: first what is new, last the duties.

    Many duties of one kind of change are one line, and so are items with equal words.
    """
    groups: dict[str, list[ItemChange]] = {}
    gone, new = ({(one.kind, one.subject, one.id) for one in items if side(one) is None} for side in (_AFTER, _BEFORE))
    for item in items:
        way = "new" if item.before is None else "gone" if item.after is None else "changed"
        if item.kind == "reading" and (item.kind, item.subject, item.id) in gone & new:  # one of several readings
            if way == "gone":
                continue
            way = "changed"
        groups.setdefault(f"{item.kind} {way}", []).append(item)
    for key, same in sorted(groups.items(), key=lambda one: (one[0].startswith("duty"), one[0].endswith("gone"))):
        if key in COUNTS and len(same) > DUTIES:
            yield count(COUNTS, key, len(same), lang)
            continue
        told = Counter(
            clean(word(WORDS, key, lang, title=item.title[lang], id=item.id), one_line=True)
            + (aside(item.subject, lang) if item.subject else "")
            for item in same
        )
        yield from (text + (aside(count(COUNTS, "equal", n, lang), lang) if n > 1 else "") for text, n in told.items())
