"""Validation of rows: the completed facts of a valid profile, or the reasons why the row has none."""

from __future__ import annotations

import json
from collections.abc import Callable

from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.profile.invariants import broken_invariants
from vatspolicy.core.profile.profile import Profile, facts_of, read_profile
from vatspolicy.errors import InvalidInput, in_language
from vatspolicy.i18n import Phrase, current_language, translate
from vatspolicy.i18n.words import Counts, count
from vatspolicy.screening.input import Row


class Rejected(Exception):
    """A row without a valid profile. `reasons`: one sentence each, with the path of the fact but never its value.

    They are in the language of the run.
    """

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


MAX_REASONS = 20
"""Most reasons to give for one row."""
_COUNTS: Counts = {"further": (Phrase("{n} more problem."), Phrase("{n} more problems."))}


def read_facts(row: Row, schemas: SchemaSet | None = None, admit: Callable[[Profile], Profile] | None = None) -> Facts:
    """Return the completed facts of a parsed row, with the opinions that are granted alone.

    `schemas` defaults to the shipped ones. `admit` checks opinions and grants some, as `admit_opinions` does.

    Raises: Rejected.
    """
    if row.fault is not None:
        raise Rejected([translate(row.fault)])
    if is_valid(row.data, "profile", schemas, nulls=False):  # `parse_row` has removed them
        facts = facts_of(row.data, schemas)
        names = [service["id"] for service in facts["services"]]
        plain = len(set(names)) == len(names) and not facts["opinions"]
        if plain and not broken_invariants(facts, schemas):
            return facts
    try:  # the slow path finds the problems and their places
        profile = read_profile(parse_document(json.dumps(row.data), "row.json"), schemas)
        profile = profile if admit is None else admit(profile)
        return {**profile.facts, "opinions": profile.granted_opinions}
    except InvalidInput as error:
        problems = map(in_language, error.problems)
        reasons = list(dict.fromkeys(f"{one.path}: {one.message}".removeprefix(": ") for one in problems))
        rest = len(reasons) - MAX_REASONS
        further = [count(_COUNTS, "further", rest, current_language())] if rest > 0 else []
        raise Rejected(reasons[:MAX_REASONS] + further) from None
