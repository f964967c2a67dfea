"""The classes of the Catalog, each with the number of rules that can concern it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import KINDS, Classify, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.vocabulary import label, words
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import width, wrap
from vatspolicy.i18n.words import word
from vatspolicy.reports.policy.words import WORDS
from vatspolicy.reports.words import say_deciding

_ABOUT = Phrase(
    "Law of {day}. The table counts the rules that assign the class, and the activity rules that do not exclude it."
)


@dataclass(frozen=True)
class ClassRules:
    """A class with its title, and the number of rules of each effect that can concern it."""

    id: str
    title: LocalizedText
    rules: Mapping[str, int]


def count_rules(bundle: Bundle, day: str) -> tuple[ClassRules, ...]:
    """Return every class with its rules in force on a day."""
    ruleset, rules = bundle.on(day), []
    for id in sorted(words("class", bundle.schemas)):
        kinds = Counter(rule.kind for rule in find_rules(ruleset, id))
        rules.append(ClassRules(id, label("class", id, bundle.schemas), {kind: kinds[kind] for kind in KINDS}))
    return tuple(rules)


def find_rules(ruleset: RuleSet, id: str) -> list[Rule]:
    """Return the rules that classify as a class, and those about an activity that the class alone does not exclude."""
    classifying = ruleset.rules_for("service", "classify")
    found = [rule for rule in classifying if isinstance(rule.effect, Classify) and id in rule.effect.classes]
    return found + [rule for rule, *_ in ruleset.match("activity", {"activity": {"class": id}})]


def render_json(bundle: Bundle, day: str, classes: Sequence[ClassRules]) -> str:
    """Return the classes as JSON, with titles in both languages."""
    data = {"as_of": day, "law": encode(bundle.identity), "classes": encode(tuple(classes))}
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"


def render_text(bundle: Bundle, day: str, classes: Sequence[ClassRules], lang: Language, room: int) -> str:
    """Return a table with a row for each class, then what is counted, and the law."""
    heads = [word(WORDS, kind, lang) for kind in KINDS]
    first = max(len(one.id) for one in classes)
    lines = [f"{' ' * first}  {'  '.join(heads)}"]
    for one in classes:
        counts = [" " * (width(head) - len(str(n))) + str(n) for head, n in zip(heads, one.rules.values(), strict=True)]
        lead = f"{one.id:{first}}  {'  '.join(counts)}  "
        lines += wrap(one.title[lang], max(room, len(lead) + 20), " " * len(lead), lead)
    return "\n".join([*lines, "", _ABOUT.fill(day=day)[lang], say_deciding(bundle.identity, lang)]) + "\n"
