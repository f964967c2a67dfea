"""Legal opinions in a profile: they settle law that nobody here has read, and readings that practice leaves unsettled.

A rule that rests on unverified articles alone decides nothing by itself: where it holds, it is undecided until an
opinion says that it applies. A condition of a route that rests on such articles alone does not close its route.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from vatspolicy.cel.interpreter import UnknownAttribute
from vatspolicy.policies.model import Condition, Route, Rule
from vatspolicy.profile.vocabulary import CLASS

if TYPE_CHECKING:
    from vatspolicy.cel.activation import Activation
    from vatspolicy.policies.ruleset import Match

APPLIES = "applies"
SETTLED = ("classify", "deny", "need", "route")
"""Kinds of rules that an opinion may settle; duties and advice are shown as they are."""
OPINION = UnknownAttribute("opinions", ())
"""The fact that is missing where an opinion has to settle a rule."""
COUNTED, NOT_YET, SUPERSEDED, READ, SILENT = "counted", "not-yet-in-force", "superseded", "law-was-read", "no-effect"
"""States of an opinion: it settled a rule; it is of a later day; a later one replaces it; the law that it is about was
read, so that no opinion is asked; its rule says nothing on these facts."""


class OpinionResult(NamedTuple):
    """An opinion of the profile and what it did."""

    place: int
    """Index in the profile's list."""
    state: str


def prevailing(activation: Activation, about: str) -> Mapping[str, Any] | None:
    """Return the opinion on a matter of this subject that prevails on the day: the latest one in force."""
    entries = activation.get("opinions")
    if not entries:
        return None
    service, day = activation.get("service"), activation["as_of"]
    own = (None, service and service["id"])
    found = [one for one in entries if one["about"] == about and one["date"] <= day and one.get("service") in own]
    return max(found, key=lambda one: str(one["date"]), default=None)


def reading_of(activation: Activation, about: str) -> bool | None:
    """Return whether a rule or condition applies to this subject by the opinion in force; None without one."""
    found = prevailing(activation, about)
    return None if found is None else found["reading"] == APPLIES


def condition_reading(activation: Activation, rule: Rule, condition: Condition) -> bool | None:
    """Return whether an unread condition of a route applies; one that cites nothing follows its route."""
    found = reading_of(activation, f"{rule.name}/{condition.id}")
    return reading_of(activation, rule.name) if found is None and not condition.cite else found


def applies(activation: Activation, rule: Rule, condition: Condition) -> bool | None:
    """Return whether a condition of a route counts for a subject; None for an unread one without an opinion."""
    return condition_reading(activation, rule, condition) if condition.is_unread else True


def settle(matches: Iterable[Match], activation: Activation) -> list[Match]:
    """Return the matches after opinions: a rule that does not apply is left out, an unread one is undecided.

    Classify rules stay as they are: `classification` settles them, because an opinion may name the classes.
    """
    found: list[Match] = []
    for match in matches:
        rule, holds, _ = match
        if rule.is_open and rule.kind in SETTLED and rule.kind != "classify":
            reading = reading_of(activation, rule.name)
            if reading is False:
                continue
            if reading is None and rule.is_unread and holds:
                match = (rule, False, (OPINION,))
        found.append(match)
    return found


def opinion_results(
    opinions: list[Mapping[str, Any]],
    day: str,
    rules: Mapping[str, Rule],
    asked: Iterable[tuple[Rule, Activation]],
) -> tuple[OpinionResult, ...]:
    """Return what each opinion did. `rules` are those in force by name; `asked`: rules an opinion may settle that hold
    or may hold, with their subjects.
    """
    used = [id(one) for rule, activation in asked for one in _used(rule, activation)]
    found = []
    for index, opinion in enumerate(opinions):
        if opinion["date"] > day:
            state = NOT_YET
        elif id(opinion) in used:
            state = COUNTED
        elif any(_replaces(other, opinion) and other["date"] <= day for other in opinions):
            state = SUPERSEDED
        else:
            state = SILENT if _may_settle(opinion["about"], rules) else READ
        found.append(OpinionResult(index, state))
    return tuple(found)


def _used(rule: Rule, activation: Activation) -> Iterator[Mapping[str, Any]]:
    """Yield the opinions that settle a rule and its conditions for one subject."""
    abouts = [rule.name] if rule.is_open and rule.kind in SETTLED else []
    if rule.kind == "classify" and prevailing(activation, rule.name) is None:
        abouts.append(CLASS)
    if isinstance(rule.effect, Route):
        abouts += [f"{rule.name}/{one.id}" for one in rule.effect.requirements if one.is_unread]
    for about in abouts:
        opinion = prevailing(activation, about)
        if opinion is not None:
            yield opinion


def _replaces(other: Mapping[str, Any], opinion: Mapping[str, Any]) -> bool:
    """Return whether one opinion is a later one on the same matter."""
    return (
        other["about"] == opinion["about"]
        and other["date"] > opinion["date"]
        and other.get("service") in (None, opinion.get("service"))
    )


def _may_settle(about: str, rules: Mapping[str, Rule]) -> bool:
    """Return whether an opinion on a matter could settle anything on the day; a rule not in force says nothing."""
    policy, _, rest = about.partition("/")
    rule = rules.get(f"{policy}/{rest.partition('/')[0]}")
    if rule is None:
        return True
    condition = rest.partition("/")[2]
    if not condition:
        return rule.is_open
    route = rule.effect
    return isinstance(route, Route) and any(one.id == condition and one.is_unread for one in route.requirements)
