"""Relocation to a place listed in a route: registered office, facilities and service area, separately or together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import product

from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import within
from vatspolicy.guidance.remediation.change import FOREIGN_FORMS, Change, FactEdit, mutable_facts
from vatspolicy.guidance.remediation.targets import ANYWHERE, Target, find_targets, sites_by_place
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import both

_PARTS = ("r", "f", "a", "rf", "fa", "rfa", "p")
"""Combinations of registered office (r), facilities (f) and area (a) that make a relocation; p are the facilities of
services that the partner runs.
"""
_LICENSED = "licenses"
"""Source of the places that licenses cover."""
OWNED = 2
"""Additional cost of leaving an own data center, because an office moves more easily."""


def find_relocations(ruleset: RuleSet, profile: Profile, decision: Decision) -> Iterator[Change]:
    """Yield relocations to places already used in the profile, and to one more place of every source."""
    blocked = frozenset(finding.subject.service for finding in decision.denials if finding.subject.service)
    every = frozenset(service["id"] for service in profile.facts["services"])
    known: set[str] = set()
    ordered = sorted(find_targets(ruleset, decision), key=lambda target: not is_near(profile, target))
    for position, target in enumerate(ordered):
        here = touches(profile, target)
        if not here and target.source in known:
            continue
        known |= set() if here else {target.source}
        yield from relocate(profile, target, _PARTS, dict.fromkeys((blocked or every, every)), position)
    for code in _licensed_places(profile):
        yield from relocate(profile, Target(_LICENSED, code, (code,), schemas=profile.schemas), ("f", "p"), [every])
    yield from _anywhere(profile)
    yield from _one_province(profile)


def is_near(profile: Profile, target: Target) -> bool:
    """Return True if the target lies in the province of the company."""
    office = profile.facts["company"].get("registered")
    return office is not None and any(office["province"] in within(code, profile.schemas) for code in target.places)


def touches(profile: Profile, target: Target) -> bool:
    """Return True if an office, a facility or an area of the profile lies in the target already."""
    places = [profile.facts["company"].get("registered")]
    for service in profile.facts["services"]:
        places += [*(service.get("facilities") or ()), *(service.get("area") or ())]
    return any(target.holds(place) for place in places)


def relocate(
    profile: Profile, target: Target, parts: Iterable[str], groups: Iterable[frozenset[str]], position: int = 0
) -> Iterator[Change]:
    """Yield relocations to one place, for each combination of parts and each group of services."""
    seen: set[str] = set()
    for services, part in product(groups, parts):
        moves = [_EDITS[letter](profile, target, services) for letter in part]
        edits = tuple(edit for move in moves for edit in move)
        if all(moves) and repr(edits) not in seen:  # another group of services may give the same relocation
            seen.add(repr(edits))
            cost = sum(mutable_facts(profile.schemas)[_MUTABLE[letter]].cost for letter in part)
            cost += OWNED if "f" in part and _gives_up_own(profile, target, services) else 0
            yield _make_change(profile, target, part, cost, edits, services, position)


def _make_change(
    profile: Profile,
    target: Target,
    part: str,
    cost: int,
    edits: tuple[FactEdit, ...],
    services: frozenset[str],
    position: int,
) -> Change:
    names = {
        "r": {"company.registered", "company.mainland_entity"},
        "f": {"services.facilities", "services.hosting", "services.rents_outside_region"},
        "p": {"services.facilities", "services.hosting", "services.rents_outside_region"},
        "a": {"services.area"},
    }
    read = frozenset(name for letter in part for name in names[letter])
    return Change(
        kind="area" if part == "a" else "relocation",
        order=(not is_near(profile, target), position, part, target.source, target.key, len(services)),
        cost=cost,
        edits=edits,
        touches=read,
        phrase=_phrase(profile, target, part),
        services=services,
        target=target,
        parts=part,
    )


_PHRASES = {
    "r": Phrase("Relocate the company to {place}"),
    "founded": Phrase("Establish a company in {place}"),
    "f": Phrase("Relocate the facilities to {place}"),
    "p": Phrase("Relocate the facilities of the partner to {place}"),
    "a": Phrase("Serve only {place}"),
    "rf": Phrase("Relocate the company and its facilities to {place}"),
    "founded-f": Phrase("Establish a company with its facilities in {place}"),
    "fa": Phrase("Relocate the facilities to {place} and serve only that place"),
    "rfa": Phrase("Relocate the company and its facilities to {place} and serve only that place"),
    "founded-fa": Phrase("Establish a company with its facilities in {place} and serve only that place"),
}


def _phrase(profile: Profile, target: Target, part: str) -> LocalizedText:
    office = profile.facts["company"].get("registered")
    abroad = office is not None and office["province"] == "overseas"
    key = {"r": "founded", "rf": "founded-f", "rfa": "founded-fa"}.get(part, part) if abroad else part
    return both(_PHRASES, key, place=target.name)


def _registered(profile: Profile, target: Target, _: frozenset[str]) -> list[FactEdit]:
    company = profile.facts["company"]
    office = company.get("registered")
    if office is None or target.holds(office):
        return []
    edits = [FactEdit(("company", "registered"), target.site(office))]
    if office["province"] == "overseas":  # a company abroad founds a company instead of moving
        if "mainland_entity" in profile.document.data["company"]:
            edits.append(FactEdit(("company", "mainland_entity"), True))
        if company.get("legal_form") in FOREIGN_FORMS:
            edits.append(FactEdit(("company", "legal_form"), "limited-company"))
    return edits


def _move(profile: Profile, target: Target, services: frozenset[str], operator: str) -> list[FactEdit]:
    """Return the edits that move all facilities of an operator's services to a place, including rented facilities."""
    edits = []
    for index, service in _services_of(profile, services, operator):
        facilities = service.get("facilities")
        if not facilities or all(target.holds(facility) for facility in facilities):
            continue
        moved: list[Tree] = []
        for facility in facilities:
            written = {key: value for key, value in facility.items() if key not in ("within", "province", "at", "ftz")}
            at_target = {**target.site(facility), **written}
            moved += [at_target] if at_target not in moved else []
        edits.append(FactEdit(("services", index, "facilities"), moved))
        if service.get("hosting") == "overseas":
            edits.append(FactEdit(("services", index, "hosting"), "mainland"))
        if service.get("rents_outside_region"):
            edits.append(FactEdit(("services", index, "rents_outside_region"), False))
    return edits


def is_owned(facility: Facts) -> bool:
    """Return True for a data center that the company owns."""
    return bool(facility.get("kind") == "data-center" and facility.get("tenure") == "own")


def _gives_up_own(profile: Profile, target: Target, services: frozenset[str]) -> bool:
    """Return True if a data center that the company owns lies outside the target."""
    return any(
        is_owned(facility) and not target.holds(facility)
        for _, service in _services_of(profile, services, "company")
        for facility in service.get("facilities") or ()
    )


def _area(profile: Profile, target: Target, services: frozenset[str]) -> list[FactEdit]:
    edits = []
    for index, service in _services_of(profile, services, "company"):
        area = service.get("area")
        if not area or all(target.holds(place) for place in area):
            continue
        abroad = [
            place["at"]
            for place in area
            if place["province"] == "overseas" and target.source.count("/") and target.zone is None
        ]
        inside = [_written(place) for place in area if target.holds(place)]
        narrowed = [*(inside or target.area()), *abroad]
        if narrowed != [_written(place) for place in area]:
            edits.append(FactEdit(("services", index, "area"), narrowed))
    return edits


def _written(place: Facts) -> Tree:
    """Return a place of an area as a spec states it."""
    return {"at": place["at"], "ftz": place["ftz"]} if place.get("ftz", "none") != "none" else place["at"]


_EDITS: Mapping[str, Callable[[Profile, Target, frozenset[str]], list[FactEdit]]] = {
    "r": _registered,
    "f": partial(_move, operator="company"),
    "a": _area,
    "p": partial(_move, operator="partner"),
}
_MUTABLE = {
    "r": ("company", "registered"),
    "f": ("services", "facilities"),
    "a": ("services", "area"),
    "p": ("services", "facilities"),
}


def _licensed_places(profile: Profile) -> Iterator[str]:
    """Yield each place within the mainland that a license of the company or of the partner covers."""
    holders = (profile.facts["company"], profile.facts.get("partner") or {})
    licenses = (license for holder in holders for license in holder.get("licenses") or ())
    places = (place for license in licenses for place in license.get("area") or ())
    yield from dict.fromkeys(place["at"] for place in places if place["province"] not in ("overseas", "china"))


def _services_of(profile: Profile, services: frozenset[str], operator: str) -> list[tuple[int, Facts]]:
    """Return the services among these that the company, or the partner, runs."""
    return [
        (index, service)
        for index, service in enumerate(profile.facts["services"])
        if service["id"] in services and service.get("operated_by") == operator
    ]


def _anywhere(profile: Profile) -> Iterator[Change]:
    """Yield the foundation of a mainland company by an overseas company, at a place with its facilities or users."""
    office = profile.facts["company"].get("registered")
    if office is None or office["province"] != "overseas":
        return
    every = frozenset(service["id"] for service in profile.facts["services"])
    places = [
        place
        for service in profile.facts["services"]
        for place in (*(service.get("facilities") or ()), *(service.get("area") or ()))
    ]
    inside = [place["at"] for place in places if place["province"] != "overseas"]
    # an address, not a whole province
    known = [code for code in inside if code in sites_by_place(profile.schemas).get(code, ())]
    target = Target(ANYWHERE, ANYWHERE, ((known or ["beijing"])[0],), schemas=profile.schemas)
    yield from relocate(profile, target, ("r", "rf"), [every])


def _one_province(profile: Profile) -> Iterator[Change]:
    """Yield a service area within one province: the company's province, or one already served."""
    office = profile.facts["company"].get("registered")
    places = [office] if office is not None else []
    places += [place for service in profile.facts["services"] for place in service.get("area") or ()]
    codes = dict.fromkeys(place["province"] for place in places if place["province"] not in ("overseas", "china"))
    every = frozenset(service["id"] for service in profile.facts["services"])
    for position, code in enumerate(list(codes)[:4]):
        yield from relocate(
            profile, Target("province", code, (code,), schemas=profile.schemas), ("a",), [every], position
        )
