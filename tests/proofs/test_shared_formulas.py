"""Rule sets that share rules share formulas: exactly those that each has alone."""

from __future__ import annotations

import functools

import pytest

from tests.authoring.diff.test_pairs import KINDS
from tests.support.law_edits import base, head, many_rules
from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.proofs.decision_encoder import ALL_KINDS, encode_decision, encode_part, need_service
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.rule_comparison import CHUNK, LARGE_CHUNK, _chunks
from vatspolicy.proofs.ruleset_encoder import RelaxedEncoder, RelaxedRuleSet
from vatspolicy.proofs.timeline import END, Period, mix


@pytest.mark.parametrize("effects", ["deny", "need", "route", "classify"])
def test_the_formulas_of_a_mixed_law_are_those_without_sharing(effects: str) -> None:
    left, right = load_pair(base(), head(many_rules(4, 3, effects=(effects,), kinds=KINDS)))
    names = sorted(Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle)).names)
    query = Query(Period(left.bundle.covers_from, END), {}, functools.partial(RelaxedEncoder), left.bundle.schemas)
    need_service(query)
    whole = query.encode(left.bundle, RelaxedRuleSet)
    before = (
        encode_decision(whole, query.services[:1]),
        *(encode_part(whole, kind, query) for kind in sorted(ALL_KINDS)),
    )
    others = 0
    for name in names:
        mixed = mix(left.bundle, right.bundle, [name])
        found = []
        for ruleset in (query.encode(mixed, RelaxedRuleSet, like=whole), query.encode(mixed, RelaxedRuleSet)):
            parts = (encode_part(ruleset, kind, query) for kind in sorted(ALL_KINDS))
            found.append((encode_decision(ruleset, query.services[:1]), *parts))
        assert found[0] == found[1], name
        others += found[0] != before
    assert others  # else the comparison would show nothing


def test_a_rule_set_is_shared_where_no_rule_differs() -> None:
    left, right = load_pair(base(), head(many_rules(1, 3, effects=("deny",), kinds=KINDS)))
    (name,) = Differences(RuleSignatures(left.bundle), RuleSignatures(right.bundle)).names
    query = Query(Period(left.bundle.covers_from, END), {}, schemas=left.bundle.schemas)
    whole = query.encode(left.bundle)
    mixed = query.encode(mix(left.bundle, right.bundle, [name]), like=whole)
    own = left.bundle.rule(name).each
    for each in ALL_KINDS:
        assert mixed.shared(each, "deny") is (None if each == own else whole)
    assert mixed.shared("activity", "route") is whole
    assert whole.shared("activity", "route") is None


def test_a_large_review_has_larger_chunks() -> None:
    groups = [(f"p/r{number}",) for number in range(400)]
    assert [len(chunk) for chunk in _chunks(groups[:15])] == [CHUNK, 15 - CHUNK]
    assert {len(chunk) for chunk in _chunks(groups)[:-1]} == {LARGE_CHUNK}
    assert [group for chunk in _chunks(groups) for group in chunk] == groups
