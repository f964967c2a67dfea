"""Policies of a compiled bundle are built when they are asked for, once, and are what is built at once."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from vatspolicy.policies import stored
from vatspolicy.policies.bundle import Bundle, load_bundle


def test_what_is_built_late_is_what_is_built_at_once(law: Path) -> None:
    late, whole = load_bundle(law), load_bundle(law)
    rule = late.rule("vats-pilot-2024/pilot-access")
    day = late.boundaries[-1]
    assert any(rule is one for one in late.on(day).rules["activity/route"])
    assert late.policies["vats-pilot-2024"].rules[0] is late.policies["vats-pilot-2024"].rules[0]
    at_once = {id: pickle.loads(pickle.dumps(policy)) for id, policy in whole.policies.items()}
    for id, policy in at_once.items():
        assert type(policy.rules[0]).__name__ == "Rule" if policy.rules else True
        for one, other in zip(policy.rules, late.policies[id].rules, strict=True):
            assert repr(one) == repr(other)
            assert one.when.conjuncts == other.when.conjuncts
    assert list(late.boundaries) == sorted({*stored.days_of(at_once), late.covers_from} - {"9999-12-31"} - before(late))
    assert stored.values_on(at_once, day) == stored.values_on(late.policies, day)
    assert [rule.name for rule in stored.rules_of(at_once)] == [rule.name for rule in stored.rules_of(late.policies)]
    assert list(map(stored.leads_to, late.on(day).rules["activity/route"])) == [
        getattr(rule.effect, "instrument", None)
        for rule in stored.rules_of(at_once)
        if rule.kind == "route" and rule.in_force(day)
    ]


def test_what_another_thread_has_built_meanwhile_is_there(law: Path) -> None:
    """A thread that looks for what is missing may find it only now: the other was quicker."""
    rule = load_bundle(law).rule("vats-pilot-2024/pilot-access")
    late: Any = type(rule)
    assert late.__getattr__(rule, "effect") is rule.effect
    with pytest.raises(AttributeError, match="'Rule' object has no attribute 'nothing'"):
        rule.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_expressions_have_the_places_that_they_have_in_the_whole(law: Path) -> None:
    """Whichever is built first: places lead to generated code."""
    late = load_bundle(law)
    for name in reversed(list(late.policies)):
        for rule in reversed(late.policies[name].rules):
            assert rule.message
    whole = {name: pickle.loads(pickle.dumps(policy)) for name, policy in load_bundle(law).policies.items()}
    texts = {str(place): one.text for place, (_, one) in enumerate(stored.expressions_of(whole.values()))}
    assert {late._keys[id(one)]: one.text for one in late.expressions()} == texts


def test_code_that_is_read_late_can_be_sent_to_another_process(law: Path) -> None:
    bundle = load_bundle(law)
    again = pickle.loads(pickle.dumps(bundle))
    day = bundle.boundaries[-1]
    assert again.on(day)._rules.keys() == bundle.on(day)._rules.keys()


def before(bundle: Bundle) -> set[str]:
    return {day for day in stored.days_of(bundle.policies) if day < bundle.covers_from}


def test_a_decision_builds_the_policies_that_it_speaks_of(law: Path) -> None:
    bundle = load_bundle(law)
    bundle.on(bundle.boundaries[-1])
    policies = bundle.policies
    assert isinstance(policies, stored.Policies)
    assert policies._built == {}
    assert policies["vats-pilot-2024"].id == "vats-pilot-2024"
    assert list(policies._built) == ["vats-pilot-2024"]
    first, second, *_ = policies["vats-pilot-2024"].rules
    assert first.message
    assert ("effect" in vars(first), "effect" in vars(second)) == (True, False)
    assert second.when.text
    assert "effect" in vars(second)
    with pytest.raises(KeyError):
        policies["no-such"]
    with pytest.raises(AttributeError, match="colour"):
        policies.rules[0].colour  # type: ignore[attr-defined] # noqa: B018
