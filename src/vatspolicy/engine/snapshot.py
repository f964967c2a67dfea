"""What a decision says, as a set of items that can be compared from one day to another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vatspolicy.engine.decision import Decision, Finding, nearest_routes
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Duty, Need, Route, Rule
from vatspolicy.profile.vocabulary import LocalizedText, label

KINDS = ("decision", "service", "denial", "licence", "route", "duty")
"""Kinds of items, in the order in which they are shown."""

Key: TypeAlias = tuple[int, str, str]
"""Place of the kind in KINDS, subject, id."""


@dataclass(frozen=True)
class Item:
    """One thing that a decision says of one subject."""

    kind: str
    subject: str
    """The service, or the service and its class; empty for the product."""
    id: str
    """A class, a reason code, an instrument or a route, by the kind."""
    value: str
    """The decision word; `denied`, `needed`, `due`; for a route `open` or the highest foreign share in percent."""
    title: LocalizedText = field(compare=False)
    rules: frozenset[Rule] = field(compare=False, repr=False)
    """The rules that it comes from."""

    def data(self) -> dict[str, Any]:
        """The item as data."""
        title = {"en": self.title["en"], "zh": self.title["zh"]}
        return {"kind": self.kind, "subject": self.subject, "id": self.id, "title": title, "value": self.value}


def state_of(bundle: Bundle, decision: Decision) -> Mapping[Key, Item]:
    """The items of a decision: its word, the words of its services, why it is denied, what it needs, which routes are
    open and what must be done before the launch.
    """
    found: dict[Key, Item] = {}
    for item in _items(bundle, decision):
        key = (KINDS.index(item.kind), item.subject, item.id)
        same = found.get(key)
        if same is not None:  # several rules say it: the strictest stands, all are answerable
            item = Item(item.kind, item.subject, item.id, same.value, same.title, same.rules | item.rules)
        found[key] = item
    return dict(sorted(found.items()))


def _items(bundle: Bundle, decision: Decision) -> Iterator[Item]:
    low, high = decision.range
    word = decision.decision if low == high else f"{decision.decision} ({low} – {high})"
    yield Item("decision", "", "decision", word, {"en": "Decision", "zh": "结论"}, frozenset())
    for service in decision.services:
        rules = frozenset(finding.rule for finding in service.classified_by)
        if not service.activities:
            yield Item("service", service.id, "", service.state, {"en": service.id, "zh": service.id}, rules)
        for activity in service.activities:
            yield Item("service", service.id, activity.cls, activity.outcome, label("class", activity.cls), rules)
            for state in activity.routes:
                effect = state.rule.effect
                if state.state == "open" and isinstance(effect, Route):
                    cap = state.max_foreign_percent
                    value = "open" if cap is None else f"{cap:g}"
                    subject = f"{service.id}/{activity.cls}"
                    yield Item("route", subject, effect.name, value, effect.title, frozenset([state.rule]))
    for finding in decision.denials:
        for code in finding.reasons:
            yield Item("denial", str(finding.subject), code, "denied", label("reason", code), rules_of(finding))
    for finding in (*decision.needs, *decision.would_need):
        for instrument, rules in _instruments(finding):
            title = bundle.instruments[instrument].title
            yield Item("licence", str(finding.subject), instrument, "needed", title, rules)
    for finding in decision.outstanding:
        assert isinstance(finding.rule.effect, Duty)
        instrument = finding.rule.effect.instrument
        value = "due" if finding.state == "fires" else "undetermined"
        yield Item("duty", "", instrument, value, bundle.instruments[instrument].title, frozenset([finding.rule]))


def rules_of(finding: Finding) -> frozenset[Rule]:
    """The rule of a finding and, where a need is closed, the rules of the nearest routes."""
    nearest: Iterable[Any] = nearest_routes(finding.routes) if finding.state == "closed" else ()
    return frozenset([finding.rule, *(state.rule for state in nearest)])


def _instruments(finding: Finding) -> Iterator[tuple[str, frozenset[Rule]]]:
    effect = finding.rule.effect
    assert isinstance(effect, Need)
    if effect.instrument is not None:
        yield effect.instrument, frozenset([finding.rule])
    for offer in finding.any_of:
        routes = (
            s.rule for s in finding.routes if isinstance(s.rule.effect, Route) and s.rule.effect.name == offer.route
        )
        yield offer.instrument, frozenset([finding.rule, *routes])
