"""A decision as a flat set of items that compare: what it finds and asks for, without its explanations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vatspolicy.documents import format_path
from vatspolicy.engine.decision import Decision, Finding
from vatspolicy.policies.model import Classify, Duty, Need, Route

KINDS = (
    "class",
    "service",
    "denial",
    "reason",
    "route",
    "need",
    "met",
    "missing",
    "duty",
    "authority",
    "advice",
    "undetermined",
    "contested",
    "verification",
)
"""Kinds of items, in the order in which a reviewer reads them."""
DECISIVE = ("denial", "route", "class", "need", "met", "undetermined")
"""Kinds whose rules can change the decision word, the likeliest cause first."""

_ONLY_BESIDE_OTHERS = ("authority", "verification")
"""Kinds that tell nothing by appearing: what they belong to appears."""


@dataclass(frozen=True, order=True)
class Key:
    """What an item is about."""

    kind: str
    name: str
    """A rule, an instrument with class and route, a reason code, a class, or the path of a fact."""
    service: str
    cls: str


@dataclass(frozen=True)
class Item:
    """What a decision says of it."""

    value: str
    """A state, a word, a list of authorities."""
    rule: str | None
    """The rule that says it."""


def items(decision: Decision) -> dict[Key, Item]:
    """The items of a decision by what they are about."""
    return dict(_items(decision))


def _items(decision: Decision) -> Iterator[tuple[Key, Item]]:
    for service in decision.services:
        yield Key("service", "", service.id, ""), Item(service.state, None)
        for finding in service.classified_by:
            yield _of("class", finding)
        for activity in service.activities:
            yield Key("class", activity.cls, service.id, activity.cls), Item(activity.outcome, None)
            for state in activity.routes:
                assert isinstance(state.rule.effect, Route)
                yield Key("route", state.rule.effect.name, service.id, activity.cls), Item(state.state, state.rule.name)
    for finding in decision.denials:
        yield _of("denial", finding)
        for code in finding.reasons:
            yield _key("reason", code, finding), Item("given", finding.rule.name)
    for finding in decision.needs:
        yield from _needs(finding)
    for kind, findings in (
        ("met", decision.met),
        ("duty", decision.duties),
        ("advice", decision.advice),
        ("undetermined", decision.undetermined),
    ):
        for finding in findings:
            yield _of(kind, finding)
            if finding.authority and isinstance(finding.rule.effect, Duty):
                yield _authority(finding.rule.effect.instrument, finding, finding.authority)
    for ask in decision.missing:
        yield Key("missing", format_path(ask.path), "", ""), Item("asked", None)
    for reading in decision.readings:
        other, about = f"{reading.rule.name}: {reading.reading}", reading.subject
        yield Key("contested", other, about.service or "", about.cls or ""), Item(reading.decision, reading.rule.name)
    if decision.verification is not None:
        yield Key("verification", "", "", ""), Item(decision.verification, None)


def _needs(finding: Finding) -> Iterator[tuple[Key, Item]]:
    effect = finding.rule.effect
    assert isinstance(effect, Need)
    for offer in finding.any_of:
        yield _key("need", f"{offer.instrument} {offer.cls} {offer.route}", finding), Item("asked", finding.rule.name)
        yield _authority(f"{offer.instrument} {offer.route}", finding, offer.authority)
    if effect.instrument is not None:
        yield _key("need", effect.instrument, finding), Item("asked", finding.rule.name)
        yield _authority(effect.instrument, finding, finding.authority)


def _authority(name: str, finding: Finding, bodies: tuple[str, ...]) -> tuple[Key, Item]:
    return _key("authority", name, finding), Item(", ".join(bodies), finding.rule.name)


def _of(kind: str, finding: Finding) -> tuple[Key, Item]:
    effect = finding.rule.effect
    state = ", ".join(effect.classes) or "none" if isinstance(effect, Classify) else finding.state
    return _key(kind, finding.rule.name, finding), Item(state, finding.rule.name)


def _key(kind: str, name: str, finding: Finding) -> Key:
    return Key(kind, name, finding.subject.service or "", finding.subject.cls or "")


def differing(before: dict[Key, Item], after: dict[Key, Item]) -> dict[Key, tuple[Item | None, Item | None]]:
    """The items that differ, with what each side says."""
    found: dict[Key, tuple[Item | None, Item | None]] = {}
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            if key.kind not in _ONLY_BESIDE_OTHERS:
                found[key] = (old, new)
        elif old.value != new.value:
            found[key] = (old, new)
    return found
