"""Every move there is from a profile: marked facts, at the values that the rules in force compare them with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.engine.decision import Decision
from vatspolicy.guidance.remediation.change import Change, Edit, Mutability, marks
from vatspolicy.guidance.remediation.obstacles import breakpoints
from vatspolicy.guidance.remediation.partnering import partner_moves
from vatspolicy.guidance.remediation.relocation import place_moves
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import LocalizedText, describe


def moves(bundle: Bundle, profile: Profile, decision: Decision, goal: Iterable[str]) -> tuple[Change, ...]:
    """The moves of a profile on the day of a decision, in order of cost. A fact that is not known is not changed."""
    law = bundle.on(decision.as_of)
    found = [
        *_share(law, profile),
        *_capital(law, profile),
        *_values(profile),
        *_matters(profile),
        *_sellers(profile),
        *_splits(profile),
        *_onshore(profile),
        *partner_moves(bundle, profile, decision, goal),
        *place_moves(law, profile, decision),
    ]
    ordered = sorted(found, key=lambda move: (move.cost, move.kind, move.order))
    return tuple({repr(move.edits): move for move in reversed(ordered)}.values())[::-1]


def service_path(profile: Profile, index: int, name: str) -> Path | None:
    """Where a fact of a service is written: at the service, or at the product for all that leave it out."""
    return (
        profile.path_of(profile.facts["services"][index], (name,)) if name in profile.facts["services"][index] else None
    )


def _mark(profile: Profile, *path: str) -> Mutability:
    return marks(profile.schemas)[path]


def detailed(phrase: LocalizedText, detail: LocalizedText) -> LocalizedText:
    """A phrase and what it is about."""
    return {"en": f"{phrase['en']}: {detail['en']}", "zh": f"{phrase['zh']}：{detail['zh']}"}


def member_name(path: Path, member: str, schemas: SchemaSet) -> LocalizedText:
    """The name of a member of an enumeration."""
    node = describe((*path, 0), schemas)
    names: Mapping[str, LocalizedText] = node.get("x-enum", {})
    return names[member]


def _share(law: RuleSet, profile: Profile) -> Iterator[Change]:
    """A joint venture at a share that some rule compares with; a mainland investor comes in."""
    company = profile.facts["company"]
    share, mark = company.get("foreign_percent"), _mark(profile, "company", "foreign_percent")
    for value in breakpoints(law, "foreign_percent", lower=True) if share else ():
        if value >= share:
            continue
        edits = [Edit(("company", "foreign_percent"), value)]
        origin = company.get("investor_origin")
        if origin is not None and value == 0 and origin != ["CN"]:
            edits.append(Edit(("company", "investor_origin"), ["CN"]))
        elif origin is not None and "CN" not in origin:
            edits.append(Edit(("company", "investor_origin"), [*origin, "CN"]))
        touched = frozenset({"company.foreign_percent"})
        if value:
            yield Change("share", (-value,), mark.cost, tuple(edits), touched, mark.phrase)
        else:
            yield Change("no-share", (), mark.rest["zero"]["cost"], tuple(edits), touched, mark.rest["zero"])


def _capital(law: RuleSet, profile: Profile) -> Iterator[Change]:
    capital, mark = (
        profile.facts["company"].get("registered_capital_rmb"),
        _mark(profile, "company", "registered_capital_rmb"),
    )
    if capital is None:
        return
    for value in breakpoints(law, "registered_capital_rmb", lower=False):
        if value > capital:
            edit = Edit(("company", "registered_capital_rmb"), int(value))
            yield Change(
                "capital", (value,), mark.cost, (edit,), frozenset({"company.registered_capital_rmb"}), mark.phrase
            )


_SINGLE = {
    ("company", "legal_form"): "legal-form",
    ("company", "operating_means_ready"): "means",
    ("services", "customer_contract"): "contract",
    ("services", "hosting"): "hosting",
    ("services", "ai", "model"): "model",
    ("services", "through_basic_carrier"): "carrier",
    ("services", "rents_outside_region"): "nodes",
    ("services", "surveyor_entrusted"): "surveyor",
}
"""Facts that change by themselves, to a value their mark names, and the kind of move that is."""


def _values(profile: Profile) -> Iterator[Change]:
    for names, kind in _SINGLE.items():
        mark = _mark(profile, *names)
        for service, path, value in _places_of(profile, names):
            for to in mark.to:
                if value in (None, to) or not _plausible(profile, kind, service):
                    continue
                edits = (Edit(path, to), *_with_hosting(profile, kind, service))
                yield Change(
                    kind,
                    (service or "", str(to)),
                    mark.cost,
                    edits,
                    frozenset({".".join(names[:2])}),
                    mark.phrase,
                    frozenset({service} if service else ()),
                )


def _places_of(profile: Profile, names: tuple[str, ...]) -> Iterator[tuple[str | None, Path, Any]]:
    """Where a fact stands: service, written path, value."""
    if names[0] == "company":
        yield None, names, profile.facts["company"].get(names[1])
        return
    for index, service in enumerate(profile.facts["services"]):
        path = service_path(profile, index, names[1])
        value = service.get(names[1])
        if path is not None:
            rest = names[2:]
            for step in rest:
                value = value.get(step) if value is not None else None
            # what several services inherit is set for the one service that it is about
            at: Path = (*path, *rest) if path[0] == "services" else ("services", index, *names[1:])
            yield service["id"], at, value


def _plausible(profile: Profile, kind: str, service: str | None) -> bool:
    """A contract goes to a partner that runs the service; a company abroad does not change its form, it founds one."""
    if kind == "contract":
        found = next(one for one in profile.facts["services"] if one["id"] == service)
        return bool(found.get("operated_by") == "partner")
    if kind == "legal-form":
        return profile.facts["company"].get("mainland_entity") is not False
    return True


def _with_hosting(profile: Profile, kind: str, service: str | None) -> Iterator[Edit]:
    """A service that comes home needs a facility there; where one is abroad, it moves to the registered office."""
    if kind != "hosting":
        return
    index = next(i for i, one in enumerate(profile.facts["services"]) if one["id"] == service)
    facilities = profile.facts["services"][index].get("facilities")
    office = profile.facts["company"].get("registered")
    if (
        facilities
        and office
        and office["province"] != "overseas"
        and all(f["province"] == "overseas" for f in facilities)
    ):
        at = {key: office[key] for key in ("at", "ftz") if key in office}
        yield Edit(("services", index, "facilities"), [at])


def _matters(profile: Profile) -> Iterator[Change]:
    """Offers, kinds of content and functions that could be left out, each with everything that belongs to it."""
    offers_mark = _mark(profile, "services", "offers")
    belongs: Mapping[str, Mapping[str, list[str]]] = offers_mark.rest["with"]
    for index, service in enumerate(profile.facts["services"]):
        offers = service.get("offers") or []
        for offer in offers:
            if len(offers) > 1:
                others = [belongs.get(other, {}) for other in offers if other != offer]
                edits = [Edit(("services", index, "offers"), drop=frozenset({offer}))]
                for name, members in belongs.get(offer, {}).items():
                    kept = {member for other in others for member in other.get(name, ())}
                    gone = frozenset(set(members) & set(service.get(name) or ()) - kept)
                    edits += [Edit(("services", index, name), drop=gone)] if gone else []
                edits += _no_merchants(service, index) if offer == "marketplace" else []
                yield _drop(profile, "offers", service, offer, edits)
        for name in ("content", "features"):
            mark = _mark(profile, "services", name)
            tied = {member for offer in offers for member in belongs.get(offer, {}).get(name, ())}
            for member in service.get(name) or []:
                if member not in mark.keep and member not in tied:
                    edit = Edit(("services", index, name), drop=frozenset({member}))
                    yield _drop(profile, name, service, member, [edit])


def _drop(profile: Profile, name: str, service: Mapping[str, Any], member: str, edits: list[Edit]) -> Change:
    mark = _mark(profile, "services", name)
    touches = frozenset(f"services.{edit.path[2]}" for edit in edits)
    phrase = detailed(mark.phrase, member_name(("services", 0, name), member, profile.schemas))
    return Change(
        f"drop-{name}", (service["id"], member), mark.cost, tuple(edits), touches, phrase, frozenset({service["id"]})
    )


def _sellers(profile: Profile) -> Iterator[Change]:
    """A platform that sells its own goods only: no third-party goods or services, no merchants."""
    mark, swap = _mark(profile, "services", "sells"), _mark(profile, "services", "offers").rest["swap"]
    for index, service in enumerate(profile.facts["services"]):
        sells, offers = service.get("sells"), service.get("offers") or []
        if sells is None or set(sells) <= mark.keep:
            continue
        kept = [member for member in sells if member in mark.keep]
        goods = "third-party-goods" in sells
        own = ["own-goods"] if goods else ["own-services"]
        swapped = list(dict.fromkeys(swap.get(offer, (offer, offer))[not goods] for offer in offers))
        edits = [Edit(("services", index, "sells"), kept or own), *_no_merchants(service, index)]
        if swapped != offers:
            edits.append(Edit(("services", index, "offers"), swapped))
        if "merchants" in (service.get("charges") or []):
            edits.append(Edit(("services", index, "charges"), drop=frozenset({"merchants"})))
        touches = frozenset({"services.sells", "services.merchants", "services.offers"})
        yield Change(
            "sellers", (service["id"],), mark.cost, tuple(edits), touches, mark.phrase, frozenset({service["id"]})
        )


def _no_merchants(service: Mapping[str, Any], index: int) -> list[Edit]:
    return [Edit(("services", index, "merchants"), 0)] if service.get("merchants") else []


def _splits(profile: Profile) -> Iterator[Change]:
    services = profile.facts["services"]
    mark = _mark(profile, "services")
    for count in range(1, min(len(services), 3)):
        for gone in combinations(range(len(services)), count):
            edits = tuple(Edit(("services", index)) for index in gone)
            ids = [services[index]["id"] for index in gone]
            detail = {"en": ", ".join(ids), "zh": "、".join(ids)}
            yield Change(
                "split",
                (count, *gone),
                mark.cost * count,
                edits,
                frozenset({"*"}),
                detailed(mark.phrase, detail),
                frozenset(ids),
            )


def _onshore(profile: Profile) -> Iterator[Change]:
    """Data that stays in the mainland; what was said of its export goes with it."""
    mark = _mark(profile, "data", "leaves_mainland")
    data = profile.facts.get("data", {})
    if data.get("leaves_mainland") is True:
        edits = [Edit(("data", "leaves_mainland"), False)]
        edits += [Edit(("data", "export"))] if "export" in data else []
        yield Change(
            "onshore", (), mark.cost, tuple(edits), frozenset({"data.leaves_mainland", "data.export"}), mark.phrase
        )
