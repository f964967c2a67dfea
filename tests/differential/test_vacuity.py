"""Proofs are about something: the invariants can hold together, none follows from the others, and every policy applies."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.members import for_each
from tests.support.shipped import shipped_bundle
from vatspolicy.authoring.analysis.search import ShortSearch, all_days
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.invariants import invariants
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.solver import open_solver
from vatspolicy.proofs.timeline import END, Period
from vatspolicy.proofs.values import DualRail
from vatspolicy.proofs.witness import profile_of

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt)"),
]

IDS = [entry["id"] for entry in SchemaSet.shipped().load("profile")["x-invariants"]]
MADE_TRUE = {"licensed-for-is-offered"}
"""Reading a profile makes these hold, where it refuses a profile against the others."""
LISTS = {"services": 2, "company.licenses": 2, "partner.licenses": 2, "services.*.area": 2, "services.*.facilities": 2}


@functools.cache
def encoded() -> tuple[Query, dict[str, DualRail]]:
    """The invariants over one space."""
    query = Query(Period("2015-01-01", END), LISTS)
    scope = SymbolicActivation(query.space.roots)
    rails = [query.encoder.truth(node, scope, {}) for node, _ in invariants()]
    return query, dict(zip(IDS, rails, strict=True))


def found(query: Query, formulas: Sequence[int]) -> dict[str, Any] | None:
    values = open_solver(query.space).find(formulas)
    return None if values is None else profile_of(query.space, values)


def test_the_invariants_hold_together_of_a_profile_that_says_what_they_ask_about() -> None:
    query, rails = encoded()
    data = found(query, [rail.true for rail in rails.values()])
    assert data is not None
    load_profile(data)


@for_each(IDS)
def test_no_invariant_follows_from_the_others(id: str) -> None:
    query, rails = encoded()
    others = [-rail.false for name, rail in rails.items() if name != id]
    data = found(query, [rails[id].false, *others])
    assert data is not None
    if id in MADE_TRUE:
        for service in data["services"]:
            service["offers"] = service["offers"][:32]  # a spec lists no more
        load_profile(data)
        return
    with pytest.raises(InvalidInput):
        load_profile(data)


def test_every_policy_can_apply() -> None:
    """Of every policy with a rule that is in force on some day, at least one applies to some real profile."""
    bundle = shipped_bundle()
    ground = ShortSearch(bundle, all_days(bundle))
    silent, asked = [], 0
    for policy in bundle.policies.values():
        rules = [rule for rule in policy.rules if rule.name in ground.applies]
        if rules:
            asked += 1
            if not any(ground.is_satisfiable([*ground.subject(r.each)[0], ground.applies[r.name].true]) for r in rules):
                silent.append(policy.id)
    assert silent == []
    assert asked > 50
