"""What holds across the shipped policies together, and what no single file can know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import instruments
from tests.support.members import for_each
from tests.support.shipped import shipped_bundle
from vatspolicy.authoring.diff.schemas import _WRITTEN_BY_US
from vatspolicy.authoring.unread import unread_warnings
from vatspolicy.core.cel.ast import Literal, walk
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Advise, Deny, Need, Policy, Route, Rule
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.vocabulary import describe, gazetteer, words

IDLE_BODIES = frozenset({"csrc", "moe", "mot", "nhc", "nmpa"})
"""Bodies of the vocabulary to which no instrument goes yet: their local offices or other bodies handle what is encoded."""

IDLE_REASONS = frozenset({"BASIC-TELECOM"})
"""Reasons that no rule gives: basic telecommunications have routes of their own."""

OPEN = {
    "access-market-cleanup-2017/cooperation-after-the-campaign": "No repeal is known; the campaign of the notice ended.",
    "cepa-services/suppliers-beside-others": "Nobody read whether suppliers and other foreign investors may stand together.",
    "internet-hospital/foreign-hospital-in-places-of-2014": "Nobody read whether the opening of 2014 still holds.",
    "internet-hospital/near-investors-elsewhere": "The later schedules on hospitals were not read.",
    "mii-notice-2006/control-by-contract": "No rule deals with control by contract in telecommunications.",
    "services-opening-pilot/freed-access/access-through-basic-carrier": "The conditions of this pilot were not read.",
    "services-opening-pilot/freed-access-elsewhere/access-through-basic-carrier": "The conditions of this pilot were not read.",
    "travel-agency-regulations/foreign-outbound-perhaps-excepted": "Nobody read the exceptions that hold today.",
    "unlisted-services/other-offer": "Whether a service that no class fits is telecommunications is decided case by case.",
}
"""Rules that no text settles, with the reason: each is left open on purpose, until an opinion settles it."""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def rules(bundle: Bundle) -> list[Rule]:
    return [rule for policy in bundle.policies.values() for rule in policy.rules]


def options(*path: str | int) -> list[str]:
    """The words that a fact may be."""
    return list(describe(path)["enum"])


# --- what is read


def test_nothing_else_rests_on_articles_that_nobody_read(bundle: Bundle, rules: list[Rule]) -> None:
    """A denial, need, route, condition or classification decides; so somebody has read its law, or commentary on it."""
    unread = set()
    for rule in rules:
        if rule.is_unread and not isinstance(rule.effect, Advise) and rule.kind != "duty":
            unread.add(rule.name)
        if isinstance(rule.effect, Route):
            unread |= {f"{rule.name}/{one.id}" for one in rule.effect.conditions if one.cite and one.is_unread}
    assert unread == set(OPEN)
    assert len(unread_warnings(bundle)) == len(OPEN)


# --- one vocabulary


def test_the_schema_lists_the_instruments_once_as_the_policies_do() -> None:
    """If it fails: python -m tests.support.instruments."""
    assert instruments.make() == instruments.FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", [("company", "licenses", 0), ("partner", "licenses", 0), ("filings", 0)])
def test_a_profile_names_exactly_the_instruments_that_policies_establish(
    bundle: Bundle, path: tuple[str | int, ...]
) -> None:
    known, declared = set(options(*path, "instrument")), set(bundle.instruments)
    assert (sorted(known - declared), sorted(declared - known)) == ([], [])


def test_every_instrument_is_asked_for_led_to_or_looked_for_by_a_rule(bundle: Bundle, rules: list[Rule]) -> None:
    used = {getattr(rule.effect, name, None) for rule in rules for name in ("instrument", "through", "to")}
    for expression in bundle.expressions():
        used |= {
            node.value for node in walk(expression.tree) if isinstance(node, Literal) and isinstance(node.value, str)
        }
    assert sorted(set(bundle.instruments) - used) == []


def test_authorities_are_those_of_the_vocabulary(bundle: Bundle) -> None:
    used = {body for item in bundle.instruments.values() for _, bodies in item.authority for body in bodies}
    assert used - words("authority") == set()
    assert words("authority") - used == IDLE_BODIES & words("authority")


def test_reasons_are_those_of_the_vocabulary(rules: list[Rule]) -> None:
    used = {rule.effect.reason for rule in rules if isinstance(rule.effect, Deny)}
    used |= {c.reason for rule in rules if isinstance(rule.effect, Route) for c in rule.effect.conditions if c.reason}
    assert used - words("reason") == set()
    assert words("reason") - used == IDLE_REASONS & words("reason")


def test_places_of_parameters_are_in_the_gazetteer(bundle: Bundle) -> None:
    codes, zones = set(gazetteer()), set(SchemaSet.shipped().load("places")["$defs"]["zone"]["enum"])
    assert codes
    wrong = []
    for policy in bundle.policies.values():
        for parameter in policy.parameters.values():
            for key, found in places(value.value for value in parameter.values):
                wrong += [
                    f"{parameter.key}: {word}" for word in found if word not in (zones if key != "places" else codes)
                ]
    assert wrong == []


def places(values: Iterator[Any]) -> Iterator[tuple[str, list[str]]]:
    """Lists of places and zones inside the members of parameters."""
    for value in values:
        for member in value if isinstance(value, list) else []:
            if isinstance(member, dict):
                yield from ((key, member[key]) for key in ("places", "zones", "ftz") if key in member)


def test_no_two_instruments_are_the_same(bundle: Bundle) -> None:
    for lang in ("en", "zh"):
        titles = Counter(instrument.title[lang] for instrument in bundle.instruments.values())
        assert [title for title, count in titles.items() if count > 1] == []


# --- one bundle of files


def test_no_two_policies_are_the_same_regulation(bundle: Bundle) -> None:
    policies = bundle.policies.values()
    names = [policy.source["number"] for policy in policies if "number" in policy.source]
    names += [policy.title[lang] for policy in policies for lang in ("en", "zh")]
    assert [name for name, count in Counter(names).items() if count > 1] == []


# --- succession


def test_succession_has_no_gap_and_no_overlap(bundle: Bundle) -> None:
    wrong = [
        f"{earlier} ends on {bundle.policies[earlier].until}, {policy.id} begins on {policy.since}"
        for policy in bundle.policies.values()
        for earlier in policy.supersedes
        if bundle.policies[earlier].until != policy.since
    ]
    assert wrong == []


def test_every_policy_has_one_successor_at_most_and_chains_end(bundle: Bundle) -> None:
    heirs = Counter(earlier for policy in bundle.policies.values() for earlier in policy.supersedes)
    assert [id for id, count in heirs.items() if count > 1] == []
    for policy in bundle.policies.values():
        seen: set[str] = set()
        line = [policy.id]
        while line:
            id = line.pop()
            assert id not in seen, f"{policy.id} supersedes itself"
            seen.add(id)
            line += bundle.policies[id].supersedes


def test_a_policy_that_ends_has_a_successor_or_says_why(bundle: Bundle) -> None:
    heirs = {earlier for policy in bundle.policies.values() for earlier in policy.supersedes}
    silent = [
        policy.id
        for policy in bundle.policies.values()
        if policy.until != NEVER and policy.id not in heirs and "note" not in policy.source
    ]
    assert silent == []


def test_editions_and_values_lie_within_the_dates_of_their_file(bundle: Bundle) -> None:
    for policy in bundle.policies.values():
        days = [edition.since for edition in policy.editions]
        days += [value.since for parameter in policy.parameters.values() for value in parameter.values]
        assert [day for day in days if day >= policy.until] == [], policy.id
        assert [edition.since for edition in policy.editions if edition.since < policy.since] == [], policy.id


# --- classification


BASE: dict[str, Any] = {
    "schema": 2,
    "product": {"id": "p"},
    "company": {"mainland_entity": True, "foreign_percent": 100, "registered": {"at": "hangzhou", "ftz": "none"}},
}


@for_each(["2015-01-01", "2020-01-01", "2026-11-24"], [[], ["users"]], ["public", "business"])
def test_every_offer_is_classified(day: str, charges: list[str], audience: str, bundle: Bundle) -> None:
    states = {}
    for offer in options("services", 0, "offers", 0):
        service = {
            "id": "s", "offers": [offer], "operated_by": "company", "audience": audience, "channels": ["website"],
            "hosting": "mainland", "charges": charges, "sells": [], "content": [], "features": [],
        }  # fmt: skip
        decision = evaluate(bundle, load_profile({**BASE, "services": [service]}), day, compare=False, explain=False)
        states[offer] = decision.services[0].state
    assert "unclassified" not in states.values()
    assert states["other"] == "partly-classified"  # an opinion says what it is


def test_classification_reads_the_offers_that_the_schema_has(bundle: Bundle) -> None:
    """No parameter names an offer that no profile can state."""
    offers = set(options("services", 0, "offers", 0))
    for policy in bundle.policies.values():
        for name, parameter in policy.parameters.items():
            if name.endswith("_offers"):
                assert {word for value in parameter.values for word in value.value} - offers == set(), parameter.key


# --- what rules say


def test_every_message_is_a_sentence(rules: list[Rule]) -> None:
    texts = [(rule.name, rule.message) for rule in rules]
    texts += [
        (f"{r.name}, {c.id}", c.message) for r in rules if isinstance(r.effect, Route) for c in r.effect.conditions
    ]
    wrong = [
        f"{name}: {text['en']}" for name, text in texts if not text["en"].endswith(".") or not text["en"][:1].isupper()
    ]
    wrong += [f"{name}: {text['zh']}" for name, text in texts if not text["zh"].endswith("。")]
    assert wrong == []


def test_a_sector_that_is_closed_can_be_waived_unless_its_article_is_primary(bundle: Bundle) -> None:
    closed = {
        rule.name: rule.unwaivable
        for policy in bundle.policies.values()
        for rule in policy.rules
        if isinstance(rule.effect, Deny) and rule.effect.reason == "PROHIBITED-SECTOR"
    }
    primary = {
        rule.name
        for policy in bundle.policies.values()
        for rule in policy.rules
        if any(policy.articles[key].verification == "primary" for key in rule.cite)
    }
    assert {name for name, unwaivable in closed.items() if unwaivable} == closed.keys() & primary
    assert len(closed) > 10


def test_a_parameter_is_read_on_all_days_or_on_none(bundle: Bundle) -> None:
    """The engine counts a parameter as read or unread on all days alike, and lets `covers` read any."""
    unread = {key for policy in bundle.policies.values() for key in policy.unread_parameters}
    mixed = [
        parameter.key
        for policy in bundle.policies.values()
        for parameter in policy.parameters.values()
        if parameter.key not in unread and any(policy.is_unread(value.cite) for value in parameter.values)
    ]
    assert mixed == []
    covers = [
        one for policy in bundle.policies.values() for one in policy.instruments.values() if one.covers is not None
    ]
    assert len(covers) > 3
    assert [one.id for one in covers if one.covers and not unread.isdisjoint(one.covers.parameters)] == []
    assert unread


def test_drafts_do_not_bind(bundle: Bundle) -> None:
    """What rests on a draft alone is advice."""
    wrong, seen = [], 0
    for policy in bundle.policies.values():
        for rule in policy.rules:
            if drafted(policy) or all(names_draft(policy.articles[key].label) for key in rule.cite):
                seen += 1
                wrong += [] if isinstance(rule.effect, Advise) else [rule.name]
    assert wrong == []
    assert seen > 5


def names_draft(text: Any) -> bool:
    return "draft" in text["en"].lower() or "征求意见稿" in text["zh"]


def drafted(policy: Policy) -> bool:
    return names_draft(policy.title)


def test_needs_through_routes_have_routes_on_every_day(bundle: Bundle, rules: list[Rule]) -> None:
    """A need that routes answer is never left without any route while it is law."""
    for need in rules:
        if isinstance(need.effect, Need) and need.effect.through:
            for day in bundle.boundaries:
                leads = [r for r in rules if isinstance(r.effect, Route) and r.effect.to == need.effect.through]
                assert any(r.in_force(day) for r in leads) or not need.in_force(day), f"{need.name} on {day}"


def test_every_schema_is_of_what_people_write_or_of_what_the_program_writes() -> None:
    """A change of a schema breaks writers or readers, by whose it is: a new schema has to be on one side."""
    by_people = {"approvers", "baseline", "bundle", "fixture", "places", "policy", "profile", "properties", "waivers"}
    by_people |= {"accepted", "layer", "opinions", "policy-tests"}
    written = {name.removesuffix(".schema.json") for name in _WRITTEN_BY_US}
    assert by_people | written | {"vocabulary"} == set(SchemaSet.shipped().names)
    assert not by_people & written
