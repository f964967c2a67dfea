"""The phrase of an effect shows each of its fields, or a list says what shows it instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.shipped import shipped_bundle
from vatspolicy.core.policies.model import EFFECTS, Need, Rule
from vatspolicy.core.policies.wording import describe_effect
from vatspolicy.i18n import LANGUAGES

LEFT_OUT = {
    "need.bearer": "The page of the policy has a line of its own for it.",
    "duty.bearer": "The page of the policy has a line of its own for it.",
    "route.to": "The title of the route says it.",
    "route.name": "The title of the route says it.",
    "route.conditions": "Pages list them below the phrase.",
    "route.share_cap": "Pages list it beside the conditions.",
}
"""Fields that the phrase leaves out, with where they stand."""


def other_value(field: str, value: Any, kind: str) -> Any:
    """Return a value of the field that differs; an instrument that the bundle has."""
    bundle = shipped_bundle()
    values = [
        getattr(rule.effect, field)
        for policy in bundle.policies.values()
        for rule in policy.rules
        if rule.kind == kind and getattr(rule.effect, field) not in (value, None)
    ]
    return values[0]


def a_rule(kind: str) -> Rule:
    rules = (rule for policy in shipped_bundle().policies.values() for rule in policy.rules if rule.kind == kind)
    return next(rule for rule in rules if not rule.contested)


@pytest.mark.parametrize("kind", EFFECTS)
def test_a_phrase_shows_each_field_of_an_effect(kind: str) -> None:
    rule, hidden = a_rule(kind), []
    for field in rule.effect._fields:
        other = rule.effect._replace(**{field: other_value(field, getattr(rule.effect, field), kind)})
        if field == "through" and isinstance(other, Need):
            other = other._replace(instrument=None)
        pairs = (
            (describe_effect(shipped_bundle(), each, lang) for each in (rule, replace(rule, effect=other)))
            for lang in LANGUAGES
        )
        if any(before == after for before, after in pairs):
            hidden.append(f"{kind}.{field}")
    assert hidden == [name for name in LEFT_OUT if name.startswith(f"{kind}.")]
