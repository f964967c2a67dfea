"""The content of a comparison for both formats: parts, articles of rules, and places in files."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from vatspolicy.authoring.diff.result import Review
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.reports.diff import acceptance, law, wording
from vatspolicy.reports.diff.cards import cards
from vatspolicy.reports.diff.overview import overview, questions
from vatspolicy.reports.diff.summary import evidence, release, sides, status
from vatspolicy.reports.diff.words import phrase


def parts(data: Review) -> Iterator[str]:
    """Yield the keys of the nonempty parts, in report order."""
    shown = {
        "problems": data.problems,
        "edits": data.edits,
        "accepted": acceptance.has_something(data),
        "evidence": list(evidence(data, "en")),
        "decisions": data.rows,
        "details": data.details,
        "transitions": data.transitions,
        "semantic": data.proved_rules,
        "structure": data.structure or data.schemas,
        "release": data.release,
    }
    return (key for key, content in shown.items() if content)


def values(data: Review, lang: Language) -> dict[str, object]:
    """Return the values for the templates of both formats."""
    rules = data.proved_rules
    return {
        "acceptance": acceptance,
        "accepted_by": partial(acceptance.edit_accepted_by, data, lang=lang),
        "data": data,
        "dump_yaml": dump_yaml,
        "cards": partial(cards, data, lang),
        "edited": law,
        "evidence": list(evidence(data, lang)),
        "listed": [rule for rule in rules if rule.proof.only_lists],
        "overview": list(overview(data, lang)),
        "place": wording.place,
        "proved": [rule for rule in rules if not rule.proof.only_lists],
        "release": release(data.release, lang) if data.release else "",
        "questions": list(questions(data, lang)),
        "say": partial(phrase, lang=lang),
        "status": list(status(data, lang)),
        "sides": sides(data, lang),
        "wording": wording,
    }
