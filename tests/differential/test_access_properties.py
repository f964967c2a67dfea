"""Properties of market access over random profiles: what one fact more or less can never do."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.access_profiles import days_around, draw_profiles
from tests.support.effort import SEED, trials
from tests.support.shipped import shipped_bundle
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.evaluator import possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.vocabulary import describe

COUNT = trials(5_000)
NEAR_RULES = {"travel-packages", "online-consultation", "film-television"}
"""Offers on which arrangements with Hong Kong say more than the share of its suppliers does."""
UNRELATED = {"instrument": "vats-license", "classes": ["B26"], "area": ["china"], "valid_until": "2029-01-01"}
"""A license for domain resolution, which no drawn service offers."""


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


def pairs(shipped: Bundle, change: Callable[[dict[str, Any]], bool]) -> Iterator[tuple[Any, ...]]:
    """Yield the ranges before and after a change of random profiles, where it applies, with day and profile."""
    for data, day in draw_profiles(COUNT, SEED, days_around(shipped.boundaries)):
        changed = copy.deepcopy(data)
        if change(changed):
            yield outcomes(shipped, data, day), outcomes(shipped, changed, day), day, changed


def outcomes(shipped: Bundle, data: dict[str, Any], day: str) -> tuple[int, int]:
    """Return the mildest and the strictest possible outcome as numbers."""
    low, high = possible_outcomes(shipped.on(day), load_profile(data).grant_all(), day, asking=False).range
    return WORDS.index(low), WORDS.index(high)


def _join(data: dict[str, Any], certified: bool) -> bool:
    company = data["company"]
    offers = {offer for service in data["services"] for offer in service["offers"]}
    if not company["foreign_percent"] or "HK" in company["investor_origin"] or offers & NEAR_RULES:
        return False
    company["investor_origin"] = [*company["investor_origin"], "HK"]
    if certified:
        company["certificates"] = [*{*company["certificates"], "cepa-supplier"}]
    else:
        company["supplier_percent"] = 0
    return True


@pytest.mark.parametrize("certified", [True, False])
def test_one_investor_more_of_the_freed_origin_never_harms(shipped: Bundle, certified: bool) -> None:
    seen = 0
    for before, after, day, data in pairs(shipped, lambda data: _join(data, certified)):
        assert all(new <= old for new, old in zip(after, before, strict=True)), (day, data)
        seen += 1
    assert seen > COUNT / 10


def test_an_investor_without_a_share_of_suppliers_frees_nobody(shipped: Bundle) -> None:
    seen = 0
    for before, after, day, data in pairs(shipped, lambda data: _join(data, certified=False)):
        assert all(new >= old for new, old in zip(after, before, strict=True)), (day, data)
        seen += 1
    assert seen > COUNT / 10


def test_a_missing_basis_of_the_share_is_never_milder(shipped: Bundle) -> None:
    def forget(data: dict[str, Any]) -> bool:
        del data["company"]["foreign_percent_basis"]
        return True

    for before, after, day, data in pairs(shipped, forget):
        assert after[1] >= before[1], (day, data)


def test_a_license_of_a_wrong_class_never_helps(shipped: Bundle) -> None:
    def add(data: dict[str, Any]) -> bool:
        for name in {"company", "partner"} & data.keys():
            data[name]["licenses"] = [*data[name]["licenses"], UNRELATED]
        return True

    for before, after, day, data in pairs(shipped, add):
        assert after == before, (day, data)


@pytest.mark.parametrize("content", ["news", "publishing", "audiovisual", "game"])
def test_content_counts_the_same_behind_every_offer(shipped: Bundle, content: str) -> None:
    """A license of content or technology to an operator carries none of its own, and an internal tool is not public."""
    [(data, _)] = draw_profiles(1, seed=SEED)
    data["company"] |= {"foreign_percent": 10, "supplier_percent": 0, "state_percent": 0}
    data["company"] |= {"mainland_entity": True, "legal_form": "limited-company"}
    data["company"]["registered"] = {"at": "beijing", "ftz": "none"}
    milder = []
    for offer in describe(("services", 0, "offers", 0))["enum"]:
        if offer in ("content-license", "technology-license", "internal-tool"):
            continue
        service = data["services"][0] | {"offers": [offer], "content": [content], "operated_by": "company"}
        service |= {"audience": "public", "area": ["china"], "hosting": "mainland", "customer_contract": "company"}
        service |= {"sells": ["outside-goods"] if offer == "marketplace" else []}
        if outcomes(shipped, {**data, "services": [service]}, "2026-11-26")[0] < WORDS.index("deny"):
            milder.append(offer)
    assert milder == []
