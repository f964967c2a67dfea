"""Parts of a product that a change of rules can touch: the product itself, its services, their activities.

A decision is the strictest of its parts, so each decision word is that of one part alone. Suppose a profile is decided
`a` before a change and `b` after it. Then one part has `a` before, and after it is no stricter than `b` allows; and one
part has `b` after, and was no stricter than `a` allows. Parts of a kind that the change does not touch stay as they
are. So it is enough to look at one part of each other kind, and at one class of an activity, which may be any.
"""

from __future__ import annotations

from collections.abc import Iterable

from vatspolicy.authoring.symbolic.decision_encoder import encode_classes, encode_rules, encode_service, guard_outcome
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE
from vatspolicy.authoring.symbolic.query import Query, Solution
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicOutcome, SymbolicRuleSet
from vatspolicy.authoring.symbolic.timeline import RuleSetHistory
from vatspolicy.authoring.symbolic.values import IndexedChoice
from vatspolicy.core.policies.model import Need, Rule
from vatspolicy.core.profile.vocabulary import words

Kinds = frozenset[str]
"""Kinds of parts: product, service, activity."""

ALL_KINDS: Kinds = frozenset({"product", "service", "activity"})

CLASS = "activity.class"
"""Variable of the class of an activity that may have any."""


def class_choice(query: Query) -> IndexedChoice:
    """Return the class of an activity that may have any."""
    return query.space.choice(CLASS, tuple(sorted(words("class", query.schemas))))


def class_of(solution: Solution) -> str | None:
    """Return the class of the activity that a solution is about; None for a question about no activity."""
    space = solution.query.space
    if CLASS not in space.pool.ranges:
        return None
    return str(class_choice(solution.query).values[int(space.pool.number_of(CLASS, solution.model))])


def touched_kinds(histories: Iterable[RuleSetHistory], rules: Iterable[Rule]) -> Kinds:
    """Return the kinds of parts whose outcome can depend on some deciding rules. The licensing must be the same."""
    found: set[str] = set()
    for rule in rules:
        found.add(rule.each)
        if rule.kind == "classify":  # a service is of other classes
            found.add("activity")
        if rule.kind == "route":
            for history in histories:
                found |= {
                    each for each in ALL_KINDS for need in history.rules_for(each, "need") if _goes_through_routes(need)
                }
    return frozenset(found)


def _goes_through_routes(rule: Rule) -> bool:
    return isinstance(rule.effect, Need) and rule.effect.through is not None


def need_service(query: Query) -> None:
    """Note that a question is about one service."""
    query.space.need_members("services", "the service that a word is about")


def encode_part(ruleset: SymbolicRuleSet, kind: str, query: Query) -> SymbolicOutcome:
    """Return the outcome for one part of a kind: of the first service, and of one activity of any class."""
    if kind == "product":
        return encode_rules(ruleset, "product", ruleset.product_activation())
    pool = ruleset.space.pool
    need_service(query)
    exists, service = query.services[0]
    if kind == "service":
        return guard_outcome(pool, exists, encode_service(ruleset, service))
    found = encode_classes(ruleset, ruleset.service_activation(service))
    choice = class_choice(query)
    named = {cls: query.encoder.one_of(choice, "==", cls) for cls in {**found.certain, **found.possible}}
    certain = pool.disjoin(pool.conjoin((exists, named[cls], held)) for cls, held in found.certain.items())
    possible = pool.disjoin(pool.conjoin((exists, named[cls], held)) for cls, held in found.possible.items())
    possible = pool.disjoin((certain, possible))
    if possible == FALSE:
        return SymbolicOutcome()
    activation = ruleset.activity_activation(service, ((TRUE, choice),), "any")
    return guard_outcome(pool, certain, encode_rules(ruleset, "activity", activation), possible)


_STAYS = {
    "allow": ("needs-license", "incomplete", "deny"),
    "needs-license": ("incomplete", "deny"),
    "incomplete": ("needs-license", "deny"),
}


def can_stay(word: str, other: str) -> bool:
    """Return whether a part with one word, which stays as it is, can be a part of a decision with another word."""
    return other in _STAYS.get(word, ())
