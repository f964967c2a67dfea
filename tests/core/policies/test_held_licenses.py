"""A license that is held counts for the classes that some route of it admits on some day, and for no other."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.shipped import shipped_bundle
from vatspolicy import evaluate, load_profile
from vatspolicy.core.engine.licensing import holds_instrument
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Route
from vatspolicy.core.profile.vocabulary import words

DAY = "2026-11-26"
ALL = sorted(words("class"))
MESSAGING = {
    "schema": 2, "product": {"id": "chat"},
    "company": {
        "foreign_percent": 50, "foreign_percent_basis": "ultimate", "mainland_entity": True, "legal_form": "limited-company",
        "investor_origin": ["US", "CN"], "registered": {"at": "beijing", "ftz": "none"}, "registered_capital_rmb": 1,
        "lacking_means": [], "discredited": ["company"], "certificates": [],
    },
    "services": [{
        "id": "s", "offers": ["messaging"], "operated_by": "company", "audience": "public", "channels": ["app"],
        "hosting": "mainland", "charges": ["users"], "content": [], "features": [], "sells": [], "area": ["china"],
        "facilities": ["beijing"], "rents_outside_region": False,
    }],
}  # fmt: skip


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


def admitted(law: Bundle, instrument: str) -> set[str]:
    """The classes of which no day of the law says that every route by this instrument is about others."""
    found = set()
    for day, cls in itertools.product(law.boundaries, ALL):
        ruleset = law.on(day)
        activation: dict[str, Any] = {"as_of": day, "activity": {"class": cls}, "operator": {}, "service": {}}
        routes = (rule for rule in ruleset.rules_for("activity", "route") if isinstance(rule.effect, Route))
        whens = [rule.when for rule in routes if rule.effect.instrument == instrument]  # type: ignore[union-attr]
        if any(ruleset.evaluate(when, activation) is not False for when in whens):
            found.add(cls)
    return found


def held(law: Bundle, instrument: str) -> set[str]:
    """The classes for which a license of all classes may count today."""
    license = {"instrument": instrument, "classes": [*ALL, "B21", "B25"], "kinds": ALL, "valid": True}
    operator = {"licenses": [{**license, "area": [{"at": "china", "within": ["china"]}]}]}

    def counts(cls: str) -> bool:
        activation: dict[str, Any] = {"as_of": DAY, "activity": {"class": cls}, "operator": operator, "service": {}}
        return holds_instrument(law.on(DAY), activation, instrument) is not False

    return set(filter(counts, ALL))


def test_a_license_counts_for_the_classes_that_its_routes_admit(law: Bundle) -> None:
    instruments = {
        rule.effect.instrument
        for policy in law.policies.values()
        for rule in policy.rules
        if isinstance(rule.effect, Route) and rule.each == "activity"
    }
    assert instruments == {"vats-license", "basic-license", "pilot-approval", "shanghai-ftz-approval"}
    for instrument in instruments:
        assert held(law, instrument) == admitted(law, instrument), instrument
    assert admitted(law, "pilot-approval") < admitted(law, "vats-license")
    assert "B21-transaction" in held(law, "shanghai-ftz-approval")  # its route ended in 2015


@pytest.mark.parametrize("instrument", ["pilot-approval", "shanghai-ftz-approval", "basic-license"])
def test_an_approval_of_a_class_that_it_cannot_have_lifts_no_denial(law: Bundle, instrument: str) -> None:
    license = {"instrument": instrument, "classes": ["B25-messaging"], "area": ["china"], "valid": True}
    company = MESSAGING["company"]
    assert isinstance(company, dict)
    without = evaluate(law, load_profile(MESSAGING), DAY)
    named = evaluate(law, load_profile({**MESSAGING, "company": {**company, "licenses": [license]}}), DAY)
    assert without.decision == named.decision == "deny"
    assert {one.rule.name for one in named.denials} == {one.rule.name for one in without.denials}


def test_a_license_of_a_class_that_it_can_have_lifts_them(law: Bundle) -> None:
    license = {"instrument": "vats-license", "classes": ["B25-messaging"], "area": ["china"], "valid": True}
    company = MESSAGING["company"]
    assert isinstance(company, dict)
    assert evaluate(law, load_profile({**MESSAGING, "company": {**company, "licenses": [license]}}), DAY).denials == ()
