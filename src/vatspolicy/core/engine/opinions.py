"""Legal opinions in a profile: they settle unread law, and readings that practice leaves unsettled.

A rule that rests on unverified articles alone decides nothing by itself: where it holds, it is undecided until an
opinion says that it applies. A condition of a route that rests on such articles alone does not close its route.

An opinion in a profile is a claim. Only those that are granted (`Profile.grant`) reach an activation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from vatspolicy.core.cel.interpreter import UnknownAttribute
from vatspolicy.core.policies.model import NOT_TELECOM, Classify, Condition, Rule
from vatspolicy.core.profile.vocabulary import CLASS

if TYPE_CHECKING:
    from vatspolicy.core.cel.activation import Activation
    from vatspolicy.core.policies.ruleset import Match

APPLIES = "applies"
SETTLED = ("classify", "deny", "need", "route")
"""Kinds of rules that an opinion may settle; duties and advice are shown as they are."""
OPINION = UnknownAttribute("opinions", ())
"""The missing fact if an opinion must settle a rule."""
CLAIMED, COUNTED, NOT_YET, SUPERSEDED = "not-granted", "counted", "not-yet-in-force", "superseded"
OLDER, NO_READING, READ, SILENT = "older-than-rule", "no-such-reading", "law-was-read", "no-effect"
"""States of an opinion: nobody granted it; it settled a rule; it is of a later day; another one prevails; it is older
than its rule; no reading of the rule holds its classes; the law that it is about was read, so that no opinion is asked;
its rule says nothing on these facts."""


class OpinionResult(NamedTuple):
    """An opinion of the profile and its effect."""

    place: int
    """Index in the profile's list."""
    state: str


def rank(opinion: Mapping[str, Any]) -> tuple[bool, str]:
    """Return the rank of an opinion: an authority's opinion comes first, then the later day."""
    return "authority" in opinion, str(opinion["date"])


def prevailing(activation: Activation, about: str) -> Mapping[str, Any] | None:
    """Return the opinion on a matter of this subject that prevails on the day, among those in force."""
    entries = activation.get("opinions")
    if not entries:
        return None
    service, day = activation.get("service"), activation["as_of"]
    own = (None, service and service["id"])
    opinions = [
        entry for entry in entries if entry["about"] == about and entry["date"] <= day and entry.get("service") in own
    ]
    return max(opinions, key=rank, default=None)


def held_classes(rule: Rule) -> frozenset[str] | None:
    """Return the classes in the readings of an open classify rule; None if its law is unread.

    `not-telecommunications` is among them if a reading finds no class.
    """
    if rule.is_unread:
        return None
    assert isinstance(rule.effect, Classify)
    return frozenset((*(rule.effect.classes or (NOT_TELECOM,)), *rule.other_readings))


def refusal(opinion: Mapping[str, Any], rule: Rule) -> str | None:
    """Return the state of an opinion that cannot settle a rule; None if it can."""
    if opinion["date"] < rule.since:
        return OLDER
    held = held_classes(rule) if opinion["about"] == CLASS else None
    return None if held is None or held.issuperset(opinion["classes"] or (NOT_TELECOM,)) else NO_READING


def settling(activation: Activation, rule: Rule, about: str) -> Mapping[str, Any] | None:
    """Return the opinion that settles a matter of a rule for this subject: the prevailing one, if it can."""
    opinion = prevailing(activation, about)
    return None if opinion is None or refusal(opinion, rule) else opinion


def reading_of(activation: Activation, rule: Rule, condition: Condition | None = None) -> bool | None:
    """Return whether an opinion applies a rule or its condition to this subject; None if there is no opinion."""
    opinion = settling(activation, rule, rule.name if condition is None else f"{rule.name}/{condition.id}")
    return None if opinion is None else opinion["reading"] == APPLIES


def applies(activation: Activation, rule: Rule, condition: Condition) -> bool | None:
    """Return whether a condition of a route counts for a subject; None for an unread condition without an opinion.

    A condition that cites nothing follows its route.
    """
    if not condition.is_unread:
        return True
    reading = reading_of(activation, rule, condition)
    return reading_of(activation, rule) if reading is None and not condition.cite else reading


def settle(matches: Iterable[Match], activation: Activation) -> list[Match]:
    """Return the matches after opinions: excluded rules are omitted, and unread rules are undecided.

    Classify rules stay as they are: `classification` settles them, because an opinion may name the classes.
    """
    settled: list[Match] = []
    for match in matches:
        rule, holds, _ = match
        if rule.is_open and rule.kind != "classify" and rule.kind in SETTLED:
            reading = reading_of(activation, rule)
            if reading is False:
                continue
            if reading is None and rule.is_unread and holds:
                match = (rule, False, (OPINION,))
        settled.append(match)
    return settled


def opinion_results(
    opinions: list[Mapping[str, Any]],
    granted: Collection[int],
    day: str,
    rules: Mapping[str, Rule],
    asked: Iterable[tuple[Rule, Activation]],
) -> tuple[OpinionResult, ...]:
    """Return the effect of each opinion. `rules`: those in force, by name; `asked`: rules that hold or may hold and
    that an opinion may settle, with their subjects.
    """
    answers = _states_by_opinion(asked)
    valid = [opinions[index] for index in granted if opinions[index]["date"] <= day]
    results = []
    for index, opinion in enumerate(opinions):
        if index not in granted:
            state = CLAIMED
        elif opinion["date"] > day:
            state = NOT_YET
        elif id(opinion) in answers:
            state = answers[id(opinion)]
        elif any(_replaces(newer, opinion) for newer in valid):
            state = SUPERSEDED
        else:
            state = SILENT if _may_settle(opinion["about"], rules) else READ
        results.append(OpinionResult(index, state))
    return tuple(results)


def _states_by_opinion(asked: Iterable[tuple[Rule, Activation]]) -> dict[int, str]:
    """Return the state of each opinion that prevails on some rule, by the identity of the opinion."""
    states: dict[int, str] = {}
    for opinion, state in (answer for rule, activation in asked for answer in _answers(rule, activation)):
        if states.get(id(opinion)) != COUNTED:
            states[id(opinion)] = state
    return states


def _answers(rule: Rule, activation: Activation) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Yield the opinions that prevail on a rule and its conditions for one subject, with their states."""
    abouts = [rule.name] if rule.is_open and rule.kind in SETTLED else []
    if abouts and rule.kind == "classify" and reading_of(activation, rule) is None:
        abouts.append(CLASS)
    abouts += [f"{rule.name}/{requirement.id}" for requirement in rule.requirements if requirement.is_unread]
    for about in abouts:
        opinion = prevailing(activation, about)
        if opinion is not None:
            yield opinion, refusal(opinion, rule) or COUNTED


def _replaces(other: Mapping[str, Any], opinion: Mapping[str, Any]) -> bool:
    """Return whether one opinion prevails over another on the same matter."""
    return (
        other["about"] == opinion["about"]
        and rank(other) > rank(opinion)
        and other.get("service") in (None, opinion.get("service"))
    )


def _may_settle(about: str, rules: Mapping[str, Rule]) -> bool:
    """Return whether an opinion on a matter could have an effect on the day; its rule must be in force."""
    policy, _, rest = about.partition("/")
    rule = rules.get(f"{policy}/{rest.partition('/')[0]}")
    if rule is None:
        return True
    condition = rest.partition("/")[2]
    if not condition:
        return rule.is_open
    return any(requirement.id == condition and requirement.is_unread for requirement in rule.requirements)
