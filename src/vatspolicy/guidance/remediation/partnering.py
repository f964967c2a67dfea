"""Who runs the service: a partner that holds the license, or the company itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.remediation.change import Change, Edit, apply, marks
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Need, Route
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import LocalizedText, within

_SOUND: Mapping[str, Any] = {
    "foreign_percent_basis": "ultimate",
    "legal_form": "limited-company",
    "investor_origin": ["CN"],
    "operating_means_ready": True,
    "discredited": [],
    "certificates": [],
}
"""What a partner must be like where a rule asks."""
_ROUNDS = 4
"""How often the rules are asked what else they want of the partner."""


def partner_moves(bundle: Bundle, profile: Profile, decision: Decision, goal: Iterable[str]) -> Iterator[Change]:
    """A licensed partner for the blocked services, or for all; or the company itself in place of a partner."""
    law = bundle.on(decision.as_of)
    services = profile.facts["services"]
    every = tuple(service["id"] for service in services)
    blocked = {finding.subject.service for finding in (*decision.denials, *decision.needs, *decision.would_need)}
    groups = dict.fromkeys(
        [*((one,) for one in every if one in blocked), tuple(one for one in every if one in blocked), every]
    )
    for group in groups:
        known = all("operated_by" in service for service in services if service["id"] in group)
        if group and known:
            yield _fitted(bundle, law, profile, decision, group, tuple(goal))
    for index, service in enumerate(services):
        if service.get("operated_by") in ("partner", "contract-controlled"):
            yield _own(profile, index, service)


def _own(profile: Profile, index: int, service: Mapping[str, Any]) -> Change:
    mark = marks(profile.schemas)["services", "operated_by"]
    edits = [Edit(("services", index, "operated_by"), "company")]
    edits += [Edit(("services", index, "customer_contract"))] if "customer_contract" in service else []
    phrase: LocalizedText = {"en": "The company runs the service itself", "zh": "由本公司自行经营"}
    touched = frozenset({"operator", "services.operated_by"})
    return Change("own", (service["id"],), mark.cost, tuple(edits), touched, phrase, frozenset({service["id"]}))


def _fitted(
    bundle: Bundle, law: RuleSet, profile: Profile, decision: Decision, group: tuple[str, ...], goal: tuple[str, ...]
) -> Change:
    """The move with everything that the rules ask of such a partner, and no more."""
    partner = {"foreign_percent": 0, "mainland_entity": True, "licences": _licences(law, profile, decision, group)}
    move = _move(profile, group, partner)
    for _ in range(_ROUNDS):
        try:
            result = evaluate(bundle, apply(profile, [move]), decision.as_of)
        except InvalidInput:
            break
        wanted = _wanted(result, profile, decision, group, goal, partner)
        if not wanted:
            break
        partner = {**partner, **wanted}
        move = _move(profile, group, partner)
    return move


def _wanted(
    result: Decision,
    profile: Profile,
    decision: Decision,
    group: tuple[str, ...],
    goal: tuple[str, ...],
    partner: Mapping[str, Any],
) -> dict[str, Any]:
    """Further facts that rules ask of the partner: those not known, and permits where the goal is to hold them all."""
    wanted = {
        str(ask.path[1]): _SOUND[str(ask.path[1])]
        for ask in result.missing
        if ask.path[0] == "partner" and len(ask.path) > 1 and ask.path[1] in _SOUND
    }
    if "needs-license" in goal:
        return wanted
    held = {licence["instrument"] for licence in partner["licences"]}
    more = [
        _licence(finding.rule.effect.instrument, profile, decision, ())
        for finding in result.needs
        if isinstance(finding.rule.effect, Need)
        and finding.rule.effect.instrument
        and finding.rule.effect.bearer == "operator"
        and finding.subject.service in group
        and finding.rule.effect.instrument not in held
    ]
    return {**wanted, "licences": [*partner["licences"], *more]} if more else wanted


def _move(profile: Profile, group: tuple[str, ...], partner: Mapping[str, Any]) -> Change:
    mark = marks(profile.schemas)["partner",]
    edits = [Edit(("partner",), dict(partner))]
    for index, service in enumerate(profile.facts["services"]):
        if service["id"] in group:
            edits += [
                Edit(("services", index, "operated_by"), "partner"),
                Edit(("services", index, "customer_contract"), "partner"),
            ]
    known = "partner" in profile.facts and any(s.get("operated_by") == "partner" for s in profile.facts["services"])
    phrase = (
        {"en": "Work with another partner, one that holds the license", "zh": "更换为持证的合作方"}
        if known
        else mark.phrase
    )
    return Change(
        "partner",
        (len(group), group),
        mark.cost,
        tuple(edits),
        frozenset({"operator", "services.operated_by"}),
        phrase,
        frozenset(group),
    )


def _licences(law: RuleSet, profile: Profile, decision: Decision, group: tuple[str, ...]) -> list[dict[str, Any]]:
    """What a company without foreign share would have to hold for every activity of the services it would run."""
    classes: dict[str, dict[str, None]] = {}
    ran = {s["id"] for s in profile.facts["services"] if s.get("operated_by") == "partner"} | set(group)
    for service in decision.services:
        for activity in service.activities if service.id in ran else ():
            for instrument in _instruments(law, activity.cls):
                classes.setdefault(instrument, {})[activity.cls] = None
    places = _places(profile, ran)
    return [_licence(instrument, profile, decision, tuple(found), places) for instrument, found in classes.items()]


def _instruments(law: RuleSet, cls: str) -> Iterator[str]:
    """Where the routes of a class lead a company without foreign share, conditions apart."""
    env = {"operator": {"foreign_percent": 0.0, "licences": []}, "activity": {"class": cls, "licensed": False}}
    for rule in law.rules_for("activity", "route"):
        if isinstance(rule.effect, Route) and law.evaluate(rule.when, env) is True:
            yield rule.effect.instrument
            return


def _licence(
    instrument: str, profile: Profile, decision: Decision, classes: tuple[str, ...], places: tuple[str, ...] = ()
) -> dict[str, Any]:
    valid = max(decision.as_of, profile.launch or decision.as_of)
    licence: dict[str, Any] = {"instrument": instrument}
    if classes:
        licence |= {"classes": list(classes), "area": list(places)}
    return {**licence, "valid_until": valid}


def _places(profile: Profile, services: Iterable[str]) -> tuple[str, ...]:
    """What a license must cover: the places served and those where facilities stand."""
    codes: dict[str, None] = {}
    for service in profile.facts["services"]:
        if service["id"] in services:
            served = [*(service.get("area") or ()), *(service.get("facilities") or ())]
            codes |= {place["at"]: None for place in served if place["province"] != "overseas"}
    return tuple(code for code in codes if not set(within(code, profile.schemas)[1:]) & set(codes))
