"""Lengths of lists of objects with which a search looks for a witness."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.rule_state import encode_subject_pair
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.core.cel.types import Bool
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule

SHORT = {"services": 1, "company.licenses": 2, "partner.licenses": 2, "services.*.area": 2, "services.*.facilities": 2}
"""Lengths of lists to search for a witness, where one member of each is not enough."""

LONG = 4
"""Largest length of a list to search for a witness, where a rule needs longer lists."""


def search_lengths(members: Mapping[str, int]) -> dict[str, int]:
    """Return the lengths of lists to search for a rule that needs this many members."""
    return SHORT | {path: min(max(count, SHORT.get(path, 1)), LONG) for path, count in members.items()}


def lengths_for(sides: tuple[Bundle, Bundle], rules: Iterable[Rule], period: Period) -> dict[str, int]:
    """Return the lengths of lists that versions of rules, of either side, can tell apart; `LONG` at most.

    Raises:
        Unsupported
    """
    query = Query(period, {}, schemas=sides[0].schemas)
    one, two = (query.encode(side) for side in sides)
    for rule in rules:
        _, _, activations = encode_subject_pair(query, rule.each, (one, two), reachable=False)
        conditions = [one for one in rule.compiled if isinstance(one.tree.type, Bool)]
        for ruleset, activation in zip((one, two), activations, strict=True):
            for condition in conditions:
                if id(condition) in ruleset.history.limits:  # those of its own side
                    ruleset.evaluate(condition, activation)
    return {path: min(count, LONG) for path, count in query.space.missing_bounds().items()}
