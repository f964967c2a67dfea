"""Changes of the operator of a service and of the location of its servers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.operators import holders
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import within
from vatspolicy.guidance.remediation.change import Change, FactEdit, decide_changed, mutable_facts
from vatspolicy.guidance.remediation.relocation import OWNED, is_owned
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import join_both


def find_hosting_changes(profile: Profile) -> Iterator[Change]:
    """Yield the other place of hosting for each service that states one."""
    mutability = mutable_facts(profile.schemas)["services", "hosting"]
    for index, service in enumerate(profile.facts["services"]):
        match service.get("hosting"):
            case None:
                continue
            case "mainland":
                to, phrase, further = "overseas", mutability.rest["abroad"], _go_abroad(profile, index)
                cost = mutability.cost + (OWNED if any(map(is_owned, service.get("facilities") or ())) else 0)
                touched = frozenset({"services.hosting", "services.facilities"})
            case _:
                to, phrase, further = "mainland", mutability.phrase, _come_to_mainland(profile, index)
                cost, touched = mutability.cost, frozenset({"services.hosting"})
        edits = (FactEdit(("services", index, "hosting"), to), *further)
        yield Change("hosting", (service["id"], to), cost, edits, touched, phrase, frozenset({service["id"]}))


def _go_abroad(profile: Profile, index: int) -> Iterator[FactEdit]:
    """Yield the edits for hosting abroad: facilities abroad, and data of mainland users leaving the mainland."""
    facilities = profile.facts["services"][index].get("facilities")
    if facilities and any(facility["province"] != "overseas" for facility in facilities):
        yield FactEdit(("services", index, "facilities"), ["overseas"])
    if profile.facts.get("data", {}).get("leaves_mainland") is False:
        yield FactEdit(("data", "leaves_mainland"), True)


def _come_to_mainland(profile: Profile, index: int) -> Iterator[FactEdit]:
    """Yield the edit for hosting in the mainland: facilities abroad move to the office."""
    facilities = profile.facts["services"][index].get("facilities")
    office = profile.facts["company"].get("registered")
    if (
        facilities
        and office
        and office["province"] != "overseas"
        and all(facility["province"] == "overseas" for facility in facilities)
    ):
        at_office = {key: office[key] for key in ("at", "ftz") if key in office}
        yield FactEdit(("services", index, "facilities"), [at_office])


# --- changes of the operator: a partner that holds the license, or the company itself


_SOUND: Facts = {
    "foreign_percent_basis": "ultimate",
    "legal_form": "limited-company",
    "investor_origin": ["CN"],
    "lacking_means": [],
    "discredited": [],
    "certificates": [],
}
"""Facts of a suitable partner, where a rule reads them."""
_PHRASES: Mapping[str, LocalizedText] = {
    "another": Phrase("Work with another partner that holds the license"),
    "content": Phrase("License the content to a partner that holds the permit and runs the service"),
    "domestic": Phrase("Have a mainland partner without foreign investors run the service"),
    "own": Phrase("The company runs the service itself"),
}
"""Phrases for another partner, a partner with only content permits, and a partner without a license; for no partner."""
_FACILITY = ("at", "ftz", "kind", "tenure")
"""Facts of a facility that stay when the partner takes it over."""
_ROUNDS = 4
"""Maximum number of evaluations to complete the facts of a partner."""


def find_partner_changes(bundle: Bundle, profile: Profile, decision: Decision) -> Iterator[Change]:
    """Yield a licensed partner for the blocked services or for all, or the company itself instead of a partner."""
    ruleset = bundle.on(decision.as_of)
    services = profile.facts["services"]
    every = tuple(service["id"] for service in services)
    blocked = {finding.subject.service for finding in (*decision.denials, *decision.needs, *decision.would_need)}
    affected = tuple(id for id in every if id in blocked)
    for group in dict.fromkeys([*((id,) for id in affected), affected, every]):
        known = all("operated_by" in service for service in services if service["id"] in group)
        if group and known:
            yield _fit_partner(bundle, ruleset, profile, decision, group)
            yield from _fit_partner_in_mainland(bundle, profile, decision, group)
    yield from _extend_licenses(ruleset, profile, decision)
    for index, service in enumerate(services):
        if service.get("operated_by") in ("partner", "contract-controlled"):
            yield _operate_itself(profile, index, service)


def _operate_itself(profile: Profile, index: int, service: Facts) -> Change:
    mutability = mutable_facts(profile.schemas)["services", "operated_by"]
    edits = [FactEdit(("services", index, "operated_by"), "company")]
    edits += [FactEdit(("services", index, "customer_contract"))] if "customer_contract" in service else []
    touched = frozenset({"operator", "services.operated_by"})
    return Change(
        "own", (service["id"],), mutability.cost, tuple(edits), touched, _PHRASES["own"], frozenset({service["id"]})
    )


def _extend_licenses(ruleset: RuleSet, profile: Profile, decision: Decision) -> Iterator[Change]:
    """Yield the renewal or extension of the licenses that the partner holds, to what its services need on the day."""
    services = profile.facts["services"]
    ran = tuple(service["id"] for service in services if "partner" in holders(service.get("operated_by"))[:1])
    stated = (profile.document.data.get("partner") or {}).get("licenses")
    if not ran or not stated:
        return
    needed = {license["instrument"]: license for license in _make_licenses(ruleset, profile, decision, ran)}
    extended = [_extend(license, needed.get(license["instrument"], {}), decision, profile) for license in stated]
    if extended != stated:
        renewal = mutable_facts(profile.schemas)["partner",].rest["renewal"]
        edit, touched = FactEdit(("partner", "licenses"), extended), frozenset({"operator", "partner.licenses"})
        yield Change("renewal", (), renewal["cost"], (edit,), touched, renewal, frozenset(ran))


def _extend(stated: Facts, needed: Facts, decision: Decision, profile: Profile) -> dict[str, Tree]:
    """Return a license extended by the required classes, places and days."""
    day = max(decision.as_of, profile.launch or decision.as_of)
    license = {**stated}
    for name in ("classes", "area") if needed else ():
        known = stated.get(name) or []
        license[name] = [*known, *(member for member in needed[name] if member not in known)]
    if str(stated.get("valid_until", "")) < day:
        license["valid_until"] = day
    return license if stated.get("valid") is not False else {**license, "valid": True}


def _fit_partner(
    bundle: Bundle, ruleset: RuleSet, profile: Profile, decision: Decision, group: tuple[str, ...]
) -> Change:
    """Return the change to a partner with exactly the facts that the rules require."""
    partner = {
        "foreign_percent": 0,
        "mainland_entity": True,
        "licenses": _make_licenses(ruleset, profile, decision, group),
    }
    handed = {index for index in _indexes(profile, group) if _is_own_facility(profile.facts["services"][index])}
    change = _make_change(profile, group, partner, handed)
    for _ in range(_ROUNDS):
        outcome = decide_changed(bundle, profile, [change], decision.as_of)
        if outcome is None:
            break
        required = _find_required(outcome[1], profile, decision, group, partner)
        asked = _find_asked_owners(outcome[1], profile, group) - handed
        if not required and not asked:
            break
        partner, handed = {**partner, **required}, handed | asked
        change = _make_change(profile, group, partner, handed)
    return change


def _fit_partner_in_mainland(
    bundle: Bundle, profile: Profile, decision: Decision, group: tuple[str, ...]
) -> Iterator[Change]:
    """Yield a partner for services that are hosted abroad, fitted to their hosting in the mainland."""
    hosting = [change for change in find_hosting_changes(profile) if change.services <= set(group)]
    moves = [change for change in hosting if change.order[-1] == "mainland"]
    outcome = decide_changed(bundle, profile, moves, decision.as_of) if moves else None
    if outcome is None:
        return
    partner = _fit_partner(bundle, bundle.on(decision.as_of), *outcome, group)
    yield Change(
        "partner-hosting",
        partner.order,
        partner.cost + sum(move.cost for move in moves),
        (*(edit for move in moves for edit in move.edits), *partner.edits),
        partner.touches.union(*(move.touches for move in moves)),
        join_both([moves[0].phrase, partner.phrase], "plus"),
        partner.services,
    )


def _indexes(profile: Profile, group: tuple[str, ...]) -> list[int]:
    return [index for index, service in enumerate(profile.facts["services"]) if service["id"] in group]


def _is_own_facility(service: Facts) -> bool:
    """Return whether a facility of a service is stated to be the company's."""
    return any(facility.get("owner") == "company" for facility in service.get("facilities") or ())


def _find_asked_owners(result: Decision, profile: Profile, group: tuple[str, ...]) -> set[int]:
    """Return the services of a group whose facilities must be the partner's, by index."""
    asked = {ask.path[:-2] for ask in result.missing if ask.path[-1] == "owner"}
    inherited = ("product", "facilities") in asked
    return {index for index in _indexes(profile, group) if inherited or ("services", index, "facilities") in asked}


def _find_required(
    result: Decision, profile: Profile, decision: Decision, group: tuple[str, ...], partner: Facts
) -> dict[str, Tree]:
    """Return further facts required of the partner: missing ones, and the permits that its services need."""
    required = {
        str(ask.path[1]): _SOUND[str(ask.path[1])]
        for ask in result.missing
        if ask.path[0] == "partner" and len(ask.path) > 1 and ask.path[1] in _SOUND
    }
    held = {license["instrument"] for license in partner.get("licenses", ())}
    more = [
        _make_license(finding.rule.effect.instrument, profile, decision, ())
        for finding in (*result.needs, *result.would_need)
        if isinstance(finding.rule.effect, Need)
        and finding.rule.effect.instrument
        and finding.rule.effect.bearer == "operator"
        and finding.subject.service in group
        and finding.rule.effect.instrument not in held
    ]
    return {**required, "licenses": [*partner.get("licenses", ()), *more]} if more else required


def _make_change(profile: Profile, group: tuple[str, ...], partner: Facts, handed: Collection[int]) -> Change:
    mutability = mutable_facts(profile.schemas)["partner",]
    edits = [FactEdit(("partner",), dict(partner))]
    for index, service in enumerate(profile.facts["services"]):
        if service["id"] in group:
            edits += [
                FactEdit(("services", index, "operated_by"), "partner"),
                FactEdit(("services", index, "customer_contract"), "partner"),
            ]
        if index in handed:
            kept = [{name: old[name] for name in _FACILITY if name in old} for old in service["facilities"]]
            edits.append(FactEdit(("services", index, "facilities"), [{**new, "owner": "partner"} for new in kept]))
    known = "partner" in profile.facts and any(s.get("operated_by") == "partner" for s in profile.facts["services"])
    telecom = any(license.get("classes") for license in partner.get("licenses", ()))
    key = "another" if known else "content" if not telecom and partner.get("licenses", ()) else "domestic"
    phrase = mutability.phrase if telecom and not known else _PHRASES[key]
    return Change(
        "partner",
        (len(group), group),
        mutability.cost,
        tuple(edits),
        frozenset({"operator", "services.operated_by"}),
        phrase,
        frozenset(group),
    )


def _make_licenses(
    ruleset: RuleSet, profile: Profile, decision: Decision, group: tuple[str, ...]
) -> list[dict[str, Tree]]:
    """Return the licenses that a company without foreign share needs for every activity of its services."""
    by_instrument: dict[str, dict[str, None]] = {}
    ran = {s["id"] for s in profile.facts["services"] if s.get("operated_by") == "partner"} | set(group)
    for service in decision.services:
        for activity in service.activities if service.id in ran else ():
            for instrument in _instruments_of_class(ruleset, activity.cls):
                by_instrument.setdefault(instrument, {})[activity.cls] = None
    places = _places_to_cover(profile, ran)
    return [
        _make_license(instrument, profile, decision, tuple(classes), places)
        for instrument, classes in by_instrument.items()
    ]


def _instruments_of_class(ruleset: RuleSet, cls: str) -> Iterator[str]:
    """Yield the instrument of the first route of a class for a company without foreign share, ignoring conditions."""
    activation = {"operator": {"foreign_percent": 0.0, "licenses": []}, "activity": {"class": cls, "licensed": False}}
    for rule in ruleset.rules_for("activity", "route"):
        if ruleset.evaluate(rule.when, activation) is True:
            yield rule.route.instrument
            return


def _make_license(
    instrument: str, profile: Profile, decision: Decision, classes: tuple[str, ...], places: tuple[str, ...] = ()
) -> dict[str, Tree]:
    valid = max(decision.as_of, profile.launch or decision.as_of)
    license: dict[str, Tree] = {"instrument": instrument}
    if classes:
        license |= {"classes": list(classes), "area": list(places)}
    return {**license, "valid_until": valid}


def _places_to_cover(profile: Profile, services: Iterable[str]) -> tuple[str, ...]:
    """Return the places that a license must cover: those served and those of facilities."""
    codes: dict[str, None] = {}
    for service in profile.facts["services"]:
        if service["id"] in services:
            served = [*(service.get("area") or ()), *(service.get("facilities") or ())]
            codes |= {place["at"]: None for place in served if place["province"] != "overseas"}
    return tuple(code for code in codes if not set(within(code, profile.schemas)[1:]) & set(codes))
