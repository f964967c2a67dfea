"""Catalog of changes of a profile: mutable facts, with the values that rules in force use in comparisons."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import TypeAlias

from vatspolicy.core.cel.ast import Fact, walk
from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.operators import SHARE, SHARE_AFTER
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.guidance.remediation.change import FOREIGN_FORMS, Change, FactEdit, Mutability, mutable_facts
from vatspolicy.guidance.remediation.obstacles import blocking_expressions, find_breakpoints
from vatspolicy.guidance.remediation.partnering import find_hosting_changes, find_partner_changes
from vatspolicy.guidance.remediation.relocation import find_relocations
from vatspolicy.i18n import LANGUAGES, LocalizedText
from vatspolicy.i18n.words import FRAMES, both, join_both

Belongings: TypeAlias = Mapping[str, Mapping[str, list[str]]]
"""The members of other facts that belong to an offer, by offer and fact."""
SUPPLIER = "cepa-supplier"
"""The certificate of a supplier of Hong Kong or Macao under CEPA."""


def find_changes(bundle: Bundle, profile: Profile, decision: Decision) -> tuple[Change, ...]:
    """Return the changes of a profile on the day of a decision, by cost. Unknown facts are not changed."""
    ruleset = bundle.on(decision.as_of)
    changes = [
        *_lower_share(ruleset, profile),
        *_raise_capital(ruleset, profile),
        *_bring_in_supplier(ruleset, profile),
        *_replace_discredited(profile),
        *_set_values(profile),
        *find_hosting_changes(profile),
        *_found_company(profile),
        *_drop_members(profile),
        *_sell_own_goods(profile),
        *_split_services(profile),
        *_keep_data_onshore(profile),
        *_admit_adults(profile),
        *_acquire_less(ruleset, profile),
        *find_partner_changes(bundle, profile, decision),
        *find_relocations(ruleset, profile, decision),
    ]
    ordered = sorted(changes, key=lambda change: (change.cost, change.kind, change.order))
    return tuple({repr(change.edits): change for change in reversed(ordered)}.values())[::-1]


def _mutability(profile: Profile, *path: str) -> Mutability:
    return mutable_facts(profile.schemas)[path]


def add_detail(phrase: LocalizedText, detail: LocalizedText) -> LocalizedText:
    """Return a phrase with a detail."""
    return both(FRAMES, "detail", text=phrase, detail=detail)


def member_label(path: Path, member: str, schemas: SchemaSet) -> LocalizedText:
    """Return the name of a member of an enumeration."""
    node = describe((*path, 0), schemas)
    names: Mapping[str, LocalizedText] = node.get("x-enum", {})
    return names[member]


def _lower_share(ruleset: RuleSet, profile: Profile) -> Iterator[Change]:
    """Yield joint ventures with a mainland investor at each lower share used in a rule."""
    company = profile.facts["company"]
    share, mutability = company.get("foreign_percent"), _mutability(profile, "company", "foreign_percent")
    for value in find_breakpoints(ruleset, "foreign_percent", lower=True) if share else ():
        if value >= share:
            continue
        edits = [FactEdit(("company", "foreign_percent"), value)]
        origin = company.get("investor_origin")
        if origin is not None and value == 0 and origin != ["CN"]:
            edits.append(FactEdit(("company", "investor_origin"), ["CN"]))
        elif origin is not None and "CN" not in origin:
            edits.append(FactEdit(("company", "investor_origin"), [*origin, "CN"]))
        touched, zero = frozenset({"company.foreign_percent"}), mutability.rest["zero"]
        if value:
            yield Change("share", (-value,), mutability.cost, tuple(edits), touched, mutability.phrase)
        else:
            yield Change("no-share", (), zero["cost"], tuple(edits), touched, zero)


def _acquire_less(ruleset: RuleSet, profile: Profile) -> Iterator[Change]:
    """Yield a smaller foreign share after the closing of a deal, at each lower share used in a rule."""
    mutability = _mutability(profile, "deals", SHARE_AFTER)
    for index, deal in enumerate(profile.facts.get("deals", ())):
        share = deal.get(SHARE_AFTER)
        if not share or deal.get("target") not in ("company", "partner"):
            continue
        for value in find_breakpoints(ruleset, SHARE, lower=True):
            if 0 < value < share:
                edit = FactEdit(("deals", index, SHARE_AFTER), value)
                touched = frozenset({"deals", f"deals.{SHARE_AFTER}"})
                yield Change("closing", (index, -value), mutability.cost, (edit,), touched, mutability.phrase)


def _admit_adults(profile: Profile) -> Iterator[Change]:
    """Yield a service for adults only, if people under 18 use it."""
    data, mutability = profile.facts.get("data", {}), _mutability(profile, "data", "minors")
    if data.get("minors"):
        names = [name for name in ("minors", "children", "minors_monthly_users") if data.get(name)]
        edits = tuple(FactEdit(("data", name), 0) for name in names)
        touched = frozenset(f"data.{name}" for name in names)
        yield Change("adults", (), mutability.cost, edits, touched, mutability.phrase)


def _bring_in_supplier(ruleset: RuleSet, profile: Profile) -> Iterator[Change]:
    """Yield a certified supplier of Hong Kong as the foreign investor, if a route reads the certificate."""
    company, mutability = profile.facts["company"], _mutability(profile, "company", "certificates")
    known = company.get("certificates")
    if not company.get("foreign_percent") or known is None or SUPPLIER in known:
        return
    expressions = blocking_expressions(ruleset, ("route",))
    names = {node.names for expression in expressions for node in walk(expression.tree) if isinstance(node, Fact)}
    if ("certificates",) not in names:
        return
    edits = (
        FactEdit(("company", "certificates"), [*known, SUPPLIER]),
        FactEdit(("company", "investor_origin"), ["HK"] if company["foreign_percent"] == 100 else ["CN", "HK"]),
        FactEdit(("company", "supplier_percent"), company["foreign_percent"]),
    )
    touched = frozenset({"operator", "company.certificates", "company.investor_origin", "company.supplier_percent"})
    yield Change("supplier", (), mutability.cost, edits, touched, mutability.phrase)


def _replace_discredited(profile: Profile) -> Iterator[Change]:
    """Yield the replacement of a manager, or of an investor, on the discredited list."""
    mutability, listed = _mutability(profile, "company", "discredited"), profile.facts["company"].get("discredited")
    for member in listed or ():
        if member not in mutability.keep:
            edits = (FactEdit(("company", "discredited"), drop=frozenset({member})),)
            phrase = add_detail(mutability.phrase, member_label(("company", "discredited"), member, profile.schemas))
            cost = mutability.rest.get("dearer", {}).get(member, mutability.cost)
            touched = frozenset({"operator", "company.discredited"})
            yield Change("discredited", (member,), cost, edits, touched, phrase)


def _found_company(profile: Profile) -> Iterator[Change]:
    """Yield the foundation of a mainland company whose registered office is not stated."""
    company, mutability = profile.facts["company"], _mutability(profile, "company", "mainland_entity")
    if company.get("mainland_entity") is not False or "registered" in company:
        return  # with an office abroad, it is founded at a place: see relocation
    edits = [FactEdit(("company", "mainland_entity"), True)]
    if company.get("legal_form") in FOREIGN_FORMS:
        edits.append(FactEdit(("company", "legal_form"), "limited-company"))
    touched = frozenset({"operator", "company.mainland_entity", "company.legal_form"})
    yield Change("founding", (), mutability.cost, tuple(edits), touched, mutability.phrase)


def _raise_capital(ruleset: RuleSet, profile: Profile) -> Iterator[Change]:
    path = ("company", "registered_capital_rmb")
    capital, mutability = profile.facts["company"].get(path[1]), _mutability(profile, *path)
    for value in find_breakpoints(ruleset, path[1], lower=False) if capital is not None else ():
        if value > capital:
            edits, touched = (FactEdit(path, int(value)),), frozenset({".".join(path)})
            yield Change("capital", (value,), mutability.cost, edits, touched, mutability.phrase)


_SINGLE = {
    ("company", "legal_form"): "legal-form",
    ("company", "lacking_means"): "means",
    ("services", "customer_contract"): "contract",
    ("services", "ai", "model"): "model",
    ("services", "through_basic_carrier"): "carrier",
    ("services", "rents_outside_region"): "nodes",
    ("services", "surveyor_entrusted"): "surveyor",
    ("services", "satellites"): "satellites",
    ("services", "through_gateway"): "gateway",
}
"""Kinds of changes by fact, for facts that change separately to a value of their mark."""


def _set_values(profile: Profile) -> Iterator[Change]:
    for names, kind in _SINGLE.items():
        mutability = _mutability(profile, *names)
        for service, path, value in _find_facts(profile, names):
            if value is None or not _is_plausible(profile, kind, service):
                continue
            touched, services = frozenset({".".join(names[:2])}), frozenset({service} if service else ())
            for to in mutability.to:
                if to != value:
                    order, edits = (service or "", str(to)), (FactEdit(path, to),)
                    yield Change(kind, order, mutability.cost, edits, touched, mutability.phrase, services)


def _find_facts(profile: Profile, names: tuple[str, ...]) -> Iterator[tuple[str | None, Path, Tree]]:
    """Yield each occurrence of a fact: service, written path, value."""
    if names[0] == "company":
        yield None, names, profile.facts["company"].get(names[1])
        return
    for index, service in enumerate(profile.facts["services"]):
        if names[1] in service:
            # a fact inherited by several services is set only for the affected service
            yield service["id"], ("services", index, *names[1:]), get_fact(service, names[1:])


def _is_plausible(profile: Profile, kind: str, service: str | None) -> bool:
    """Return False for a contract with a partner that does not run a service, or a new legal form of an overseas
    company.
    """
    if kind == "contract":
        return any(run["id"] == service and run.get("operated_by") == "partner" for run in profile.facts["services"])
    if kind == "legal-form":
        return profile.facts["company"].get("mainland_entity") is not False
    return True


def _drop_members(profile: Profile) -> Iterator[Change]:
    """Yield the removal of each offer, kind of content or function, with everything that belongs to it."""
    belongs: Belongings = _mutability(profile, "services", "offers").rest["with"]
    for index, service in enumerate(profile.facts["services"]):
        offers = service.get("offers") or []
        for offer in offers if len(offers) > 1 else ():
            edits = list(_drop_offer(service, index, offer, belongs))
            yield _make_drop(profile, "offers", service, offer, edits)
        for name in ("content", "features"):
            tied = (belongs.get(offer, {}).get(name, ()) for offer in offers)
            kept = _mutability(profile, "services", name).keep.union(*tied)
            for member in service.get(name) or ():
                if member not in kept:
                    edit = FactEdit(("services", index, name), drop=frozenset({member}))
                    yield _make_drop(profile, name, service, member, [edit])


def _drop_offer(service: Facts, index: int, offer: str, belongs: Belongings) -> Iterator[FactEdit]:
    """Yield the edits that remove an offer, with what belongs to no other offer of the service."""
    others = [belongs.get(other, {}) for other in service["offers"] if other != offer]
    yield FactEdit(("services", index, "offers"), drop=frozenset({offer}))
    for name, members in belongs.get(offer, {}).items():
        gone = frozenset(members).intersection(service.get(name) or ())
        if gone := gone.difference(*(other.get(name, ()) for other in others)):
            yield FactEdit(("services", index, name), drop=gone)
    if offer == "marketplace":
        yield from _remove_merchants(service, index)


def _make_drop(profile: Profile, name: str, service: Facts, member: str, edits: list[FactEdit]) -> Change:
    mutability = _mutability(profile, "services", name)
    touched, services = frozenset(f"services.{edit.path[2]}" for edit in edits), frozenset({service["id"]})
    phrase = add_detail(mutability.phrase, member_label(("services", 0, name), member, profile.schemas))
    order = (service["id"], member)
    return Change(f"drop-{name}", order, mutability.cost, tuple(edits), touched, phrase, services)


def _sell_own_goods(profile: Profile) -> Iterator[Change]:
    """Yield a platform that sells only its own goods: no third parties, no merchants."""
    mutability = _mutability(profile, "services", "sells")
    swap = _mutability(profile, "services", "offers").rest["swap"]
    for index, service in enumerate(profile.facts["services"]):
        sells, offers = service.get("sells"), service.get("offers") or []
        if sells is None or set(sells) <= mutability.keep:
            continue
        kept = [member for member in sells if member in mutability.keep]
        goods = "outside-goods" in sells
        own = ["own-goods"] if goods else ["own-services"]
        swapped = list(dict.fromkeys(swap.get(offer, (offer, offer))[not goods] for offer in offers))
        edits = [FactEdit(("services", index, "sells"), kept or own), *_remove_merchants(service, index)]
        if swapped != offers:
            edits.append(FactEdit(("services", index, "offers"), swapped))
        if "merchants" in (service.get("charges") or []):
            edits.append(FactEdit(("services", index, "charges"), drop=frozenset({"merchants"})))
        touched, services = frozenset({"services.sells", "services.offers"}), frozenset({service["id"]})
        yield Change("sellers", (service["id"],), mutability.cost, tuple(edits), touched, mutability.phrase, services)


def _remove_merchants(service: Facts, index: int) -> list[FactEdit]:
    return [FactEdit(("services", index, "merchants"), 0)] if service.get("merchants") else []


def _split_services(profile: Profile) -> Iterator[Change]:
    services = profile.facts["services"]
    mutability = _mutability(profile, "services")
    for count in range(1, min(len(services), 3)):
        for gone in combinations(range(len(services)), count):
            edits = tuple(FactEdit(("services", index)) for index in gone)
            ids = [services[index]["id"] for index in gone]
            phrase = add_detail(mutability.phrase, join_both([dict.fromkeys(LANGUAGES, id) for id in ids], "list"))
            cost = mutability.cost * count
            yield Change("split", (count, *gone), cost, edits, frozenset({"*"}), phrase, frozenset(ids))


def _keep_data_onshore(profile: Profile) -> Iterator[Change]:
    """Yield the change that keeps data in the mainland and removes the facts about its export."""
    mutability = _mutability(profile, "data", "leaves_mainland")
    data = profile.facts.get("data", {})
    if data.get("leaves_mainland") is True:
        edits = [FactEdit(("data", "leaves_mainland"), False)]
        edits += [FactEdit(("data", "export"))] if "export" in data else []
        touched = frozenset({"data.leaves_mainland", "data.export"})
        yield Change("onshore", (), mutability.cost, tuple(edits), touched, mutability.phrase)
