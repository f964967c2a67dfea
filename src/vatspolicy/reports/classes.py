"""The classes of the Catalog, each with the number of rules that can concern it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vatspolicy.core.documents.word_search import Word
from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import KINDS, Classify, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.i18n import Language, Phrase
from vatspolicy.i18n.text import width, wrap
from vatspolicy.i18n.words import word
from vatspolicy.reports.policy.words import WORDS
from vatspolicy.reports.words import say_deciding

_ABOUT = Phrase(
    "Law of {day}. The table counts the rules that assign the class, and the activity rules that do not exclude it. "
    "A group of classes has no counts (–)."
)


def count_rules(bundle: Bundle, day: str, classes: Sequence[Word]) -> dict[str, dict[str, int]]:
    """Return for each class the number of rules of each effect that are in force on a day and can concern it.

    A group of classes, which a license may name, has no counts.
    """
    ruleset, known = bundle.on(day), words("class", bundle.schemas)
    ids = (cls.value for cls in classes if cls.value in known)
    kinds = {id: Counter(rule.kind for rule in find_rules(ruleset, id)) for id in ids}
    return {id: {kind: found[kind] for kind in KINDS} for id, found in kinds.items()}


def find_rules(ruleset: RuleSet, id: str) -> list[Rule]:
    """Return the rules that assign a class, and the activity rules that the class alone does not exclude."""
    classifying = ruleset.rules_for("service", "classify")
    rules = [rule for rule in classifying if isinstance(rule.effect, Classify) and id in rule.effect.classes]
    return rules + [rule for rule, *_ in ruleset.match("activity", {"activity": {"class": id}})]


def to_counts(bundle: Bundle, day: str, classes: Sequence[Word]) -> dict[str, object]:
    """Return the counts as JSON data, with the day and the law."""
    return {"as_of": day, "law": encode(bundle.identity), "rules": count_rules(bundle, day, classes)}


def render_counts(bundle: Bundle, day: str, classes: Sequence[Word], lang: Language, room: int) -> str:
    """Return a table with a row for each class, then the explanation of the counts, and the law."""
    heads = [word(WORDS, kind, lang) for kind in KINDS]
    first = max(len(cls.value) for cls in classes)
    lines = [f"{' ' * first}  {'  '.join(heads)}"]
    counted, none = count_rules(bundle, day, classes), dict.fromkeys(KINDS, "–")
    for cls in classes:
        counts = zip(heads, counted.get(cls.value, none).values(), strict=True)
        cells = "  ".join(" " * (width(head) - len(str(n))) + str(n) for head, n in counts)
        lead = f"{cls.value:{first}}  {cells}  "
        lines += wrap(cls.name[lang] if cls.name else "", max(room, len(lead) + 20), " " * len(lead), lead)
    return "\n".join([*lines, "", _ABOUT.fill(day=day)[lang], say_deciding(bundle.identity, lang)]) + "\n"
