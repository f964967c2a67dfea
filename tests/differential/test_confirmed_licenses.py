"""What a profile states in part, evaluator, formulas and SQL read alike: the validity of a license, its kinds, a district.

A license that the profile calls valid, or not valid, is one with a last day that says so. Rules read the last day;
whoever states `valid` need not know it.
"""

from __future__ import annotations

import copy
import functools
import itertools
from typing import Any

import pytest

from tests.support.assignments import Truths, assign, encode_shipped, period_of
from tests.support.partly_stated import LICENSED, LOCATED
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.screening.engines import decide

DAY = "2026-11-24"
LICENSES: tuple[dict[str, Any], ...] = tuple(
    {
        **({} if valid is None else {"valid": valid}),
        **({} if last is None else {"valid_until": last}),
    }
    for valid, last in itertools.product((None, True, False), (None, "2026-11-23", DAY))
)
"""What a profile may say of the validity of a license."""
SAME_AS = {"true": {"valid_until": "9999-12-31"}, "false": {"valid_until": "0001-01-01"}}
"""The last day that says the same as a word."""
SERVICES = {
    "payment": "payment-permit",
    "travel-packages": "travel-agency-permit",
    "video-sharing": "audiovisual-permit",
    "recruitment": "hr-service-permit",
}
"""Offers with the license that rules look for by its last day, or by what it covers."""


def profile(offer: str, stated: dict[str, Any], operated_by: str) -> dict[str, Any]:
    """A domestic product that holds the license of its offer, of which the validity is stated so."""
    holder = {
        "foreign_percent": 0, "foreign_percent_basis": "ultimate", "mainland_entity": True,
        "legal_form": "limited-company", "investor_origin": ["CN"], "registered": {"at": "hangzhou", "ftz": "none"},
        "registered_capital_rmb": 200_000_000, "state_percent": 100, "lacking_means": [], "discredited": [],
        "certificates": [], "licenses": [{"instrument": SERVICES[offer], **stated}],
    }  # fmt: skip
    return {
        "schema": 2,
        "product": {"id": "p"},
        "company": holder if operated_by == "company" else {**holder, "licenses": []},
        **({"partner": holder} if operated_by == "partner" else {}),
        "services": [
            {
                "id": "s",
                "offers": [offer],
                "operated_by": operated_by,
                "customer_contract": operated_by,
                "audience": "public",
                "channels": ["website"],
                "hosting": "mainland",
                "area": ["china"],
                "facilities": [{"at": "hangzhou", "ftz": "none", "kind": "servers", "tenure": "lease"}],
                "charges": ["users"],
                "sells": [],
                "content": [],
                "features": [],
            }
        ],
        "data": {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False},
    }


CASES = [
    (offer, stated, operated_by) for offer in SERVICES for stated in LICENSES for operated_by in ("company", "partner")
]


def decisions(*cases: tuple[str, dict[str, Any], str]) -> list[Any]:
    bundle = shipped_bundle()
    return [evaluate(bundle, load_profile(profile(*case)), DAY) for case in cases]


def told(decision: Any) -> Any:
    """What a decision finds, apart from the words."""
    found = (*decision.denials, *decision.needs, *decision.duties, *decision.advice)
    return decision.range, {(one.rule.name, one.subject, one.state) for one in found}


@pytest.mark.parametrize("operated_by", ["company", "partner"])
@pytest.mark.parametrize("offer", SERVICES)
def test_a_word_says_what_a_last_day_says(offer: str, operated_by: str) -> None:
    for valid, same in ((True, SAME_AS["true"]), (False, SAME_AS["false"])):
        by_word, by_day = decisions((offer, {"valid": valid}, operated_by), (offer, same, operated_by))
        assert told(by_word) == told(by_day)
    ended, denied, unsaid = (
        told(one)
        for one in decisions(
            (offer, {"valid": True, "valid_until": "2026-11-23"}, operated_by),
            (offer, {"valid": False, "valid_until": DAY}, operated_by),
            (offer, {}, operated_by),
        )
    )
    assert ended == denied == told(decisions((offer, SAME_AS["false"], operated_by))[0])
    assert operated_by == "partner" or unsaid != ended


@functools.cache
def profiles() -> list[Profile]:
    """Those of the licenses, and those that leave out the kinds of a license or the district of an address."""
    return [
        load_profile(data) for data in (*(profile(*case) for case in CASES), *(data for data, _ in LICENSED), *LOCATED)
    ]


def test_formulas_read_what_is_written() -> None:
    """The facts are those that the profile states, without the last days that the reader adds."""
    every = copy.deepcopy([one.facts for one in profiles()])
    for facts, (_, stated, _) in zip(every, CASES, strict=False):
        for license in (one for holder in ("company", "partner") for one in facts.get(holder, {}).get("licenses", ())):
            license.pop("valid_until", None)
            license |= stated
    expected = [evaluate(shipped_bundle(), one, DAY).decision for one in profiles()]
    query, formulas = encode_shipped(period_of(shipped_bundle(), DAY))
    found = Truths(query, [assign(query, facts, DAY) for facts in every]).words(formulas)
    assert found == [[word] for word in expected]
    assert len(set(expected[: len(CASES)])) > 2


def test_sql_reads_it_alike() -> None:
    pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
    pytest.importorskip("sqlglot", reason="the extra `portfolio` is not installed")
    from tests.support.portfolios import DuckDecider
    from vatspolicy.screening.duckdb_engine import connect

    law = shipped_bundle().on(DAY)
    expected = [decide(law, one.facts, DAY) for one in profiles()]
    with connect(threads=2) as connection:
        assert DuckDecider(connection, law, DAY).decide(one.facts for one in profiles()) == expected
    for one, answer in zip(profiles(), expected, strict=True):
        full = evaluate(shipped_bundle(), one, DAY)
        assert (answer["decision"], (answer["mildest"], answer["strictest"])) == (full.decision, full.range)
