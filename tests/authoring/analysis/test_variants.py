"""Variants of profiles that a search has found are profiles, and of each the evaluator says what the search says."""

from __future__ import annotations

import functools
from pathlib import Path

import pytest

from tests.authoring.analysis.test_findings import write
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis.bounded_search import BoundedSearch, Variants, all_days
from vatspolicy.authoring.analysis.witness import states_of
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.proofs.solver import Solver
from vatspolicy.proofs.witness import day_of, drop_irrelevant, profile_of

pytestmark = needs_solver


@pytest.fixture
def search(tmp_path: Path) -> BoundedSearch:
    bundle = load_bundle(write(tmp_path / "law", None))
    return BoundedSearch(bundle, all_days(bundle))


def test_a_fact_turned_round_gives_a_profile_to_which_the_rule_does_not_apply(
    search: BoundedSearch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = load_bundle(tmp_path / "law")
    rules = [bundle.rule(f"law/{id}") for id in ("permit", "report", "capital")]
    for rule in rules:
        assert search.is_satisfiable(search.fires(rule))
    monkeypatch.setattr(Solver, "check", None)  # from here on, no solver is asked
    variants = Variants(search)
    for rule in rules:
        truth = search.applies[rule.name]
        base = search.models.find(search.fires(rule))
        assert base is not None
        asked = [*search.subject(rule.each)[0], truth.false]
        assert variants.find(asked, [base], functools.partial(variants.flips, [truth.true]))
        model = drop_irrelevant(search.query.space, [*asked, *search.invariants()], search.models.last)
        data, day = profile_of(search.query.space, model), day_of(search.query.space, model)
        assert states_of(bundle, data, day, [rule])[rule.name] == {"silent"}


def test_a_variant_that_breaks_what_the_schema_says_is_none(search: BoundedSearch) -> None:
    space = search.query.space
    space.flag("company.registered?")
    inner = space.flag("company.registered.at?", space.flags["company.registered?"])
    variants = Variants(search)
    alone = {"company.registered.at?": True}
    assert not variants.find([inner], [{}], lambda model: [alone])
    assert variants.find([inner], [{}], lambda model: [{**alone, "company.registered?": True}])
