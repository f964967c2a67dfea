"""Wording of facts, changes and threshold distances, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Deny, Duty, Need, Route
from vatspolicy.core.profile.vocabulary import label
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase
from vatspolicy.i18n.words import FRAMES, Table, both, join_both, say_both

_VALUES: Table = {
    "unsaid": Phrase("not stated", "value of a fact"),
    "nothing": Phrase("none"),
    "gone": Phrase("left out"),
    "offered": Phrase("part of the launch"),
    "split": Phrase("not part of the launch"),
    "stated": Phrase("as stated"),
    "some_partner": Phrase("another company"),
}
_DISTANCES: Mapping[str, tuple[LocalizedText, LocalizedText]] = {
    "percent": (Phrase("{figure} point"), Phrase("{figure} points")),
    "persons": (Phrase("{figure} person"), Phrase("{figure} persons")),
    "users": (Phrase("{figure} user"), Phrase("{figure} users")),
    "merchants": (Phrase("{figure} merchant"), Phrase("{figure} merchants")),
}
"""Differences between two numbers by unit: one, and several."""
_SIDES: Table = {
    "under": Phrase("{title}: {distance} under {threshold}"),
    "above": Phrase("{title}: {distance} above {threshold}"),
    "at": Phrase("{title}: exactly at {threshold}"),
}
_TURNS: Table = {
    "route": FRAMES["aside"],
    "now": Phrase("{text}; consequence: {remark}"),
    "beyond": Phrase("{text}; above it: {remark}"),
    "below": Phrase("{text}; below it: {remark}"),
}
"""Consequence of a threshold: of a route, of the present side, of the other side."""
_CAP = Phrase("the cap of {threshold}")
_SERVICE = Phrase("Service", "owner of a fact")
_PARTNERS: Table = {
    "any": Phrase("a mainland company without foreign investors"),
    "licensed": Phrase("a mainland company without foreign investors that holds: {licenses}"),
}
_LICENSES: Table = {
    "plain": Phrase("{name}, valid on {day}"),
    "classes": Phrase("{name} for {classes}, valid on {day}"),
    "area": Phrase("{name}, covering {area}, valid on {day}"),
    "classes_area": Phrase("{name} for {classes}, covering {area}, valid on {day}"),
}
"""Licenses of a partner, with the classes and the area that they must cover."""


def title(path: Path, ids: Iterable[str], schemas: SchemaSet) -> LocalizedText:
    """Return the title of a fact, with the id of its service."""
    name = FactWording(schemas).name(path)
    if path[0] != "services" or len(path) == 1:
        return name
    service = tuple(ids)[int(path[1])]
    return both(FRAMES, "aside", text=_SERVICE if len(path) == 2 else name, remark=service)


def value_text(bundle: Bundle, path: Path, value: Tree, after: bool) -> LocalizedText:
    """Return a fact in words. With `after`, None means that the change leaves the fact out."""
    match path:
        case ("services", _):
            key = "split" if after else "offered"
        case ("partner",) if not after:
            key = "nothing" if value is None else "some_partner"
        case _ if value is None:
            key = "gone" if after else "unsaid"
        case ("partner",):
            return partner_text(bundle, value)
        case (*_, "export"):
            key = "stated"
        case _ if isinstance(value, int | float) and not isinstance(value, bool):
            return FactWording(bundle.schemas).quantity(value, path)
        case _:
            return FactWording(bundle.schemas).value(_without_absent_zone(value), path)
    return both(_VALUES, key)


def _without_absent_zone(value: Tree) -> Tree:
    """Return places without `ftz: none`, which a change of place does not need to repeat."""
    if isinstance(value, list):
        return [_without_absent_zone(member) for member in value]
    if isinstance(value, Mapping) and value.get("ftz") == "none":
        return {key: inner for key, inner in value.items() if key != "ftz"}
    return value


def partner_text(bundle: Bundle, partner: Facts) -> LocalizedText:
    """Return the description of the required partner."""
    held, facts = [], FactWording(bundle.schemas)
    for license in partner.get("licenses", ()):
        name = bundle.instruments[license["instrument"]].title
        classes = [label("license-class", cls, bundle.schemas) for cls in license.get("classes", ())]
        area = [facts.value(place, ("services", 0, "area", 0)) for place in license.get("area", ())]
        key = "_".join(part for part, limits in (("classes", classes), ("area", area)) if limits) or "plain"
        values = {"classes": join_both(classes, "list"), "area": join_both(area, "list")}
        held.append(both(_LICENSES, key, name=name, day=license["valid_until"], **values))
    if not held:
        return both(_PARTNERS, "any")
    return both(_PARTNERS, "licensed", licenses=join_both(held, "semicolon"))


def threshold_text(bundle: Bundle, threshold_distance: ThresholdDistance, ids: Iterable[str]) -> LocalizedText:
    """Return one threshold distance as a sentence."""
    side = "under" if threshold_distance.value < threshold_distance.threshold else "above"
    side = "at" if threshold_distance.distance == 0 else side
    facts = FactWording(bundle.schemas)
    name, about = title(threshold_distance.path, ids, bundle.schemas), consequence(bundle, threshold_distance)
    threshold = facts.quantity(threshold_distance.threshold, threshold_distance.path)
    quantity = facts.unit(threshold_distance.path)
    if quantity not in ("percent", "RMB yuan"):  # the distance includes the unit
        threshold = dict.fromkeys(LANGUAGES, f"{threshold_distance.threshold:,.0f}")
    if quantity == "RMB yuan":
        distance = facts.quantity(threshold_distance.distance, threshold_distance.path)
    else:
        distance = _distance_text(f"{round(threshold_distance.distance, 4):,.10g}", quantity)
    if isinstance(threshold_distance.rule.effect, Route):
        threshold = say_both(_CAP, threshold=threshold)
    turn = "now" if not threshold_distance.safe else "beyond" if threshold_distance.high else "below"
    turn = "route" if isinstance(threshold_distance.rule.effect, Route) else turn
    text = both(_SIDES, side, title=name, distance=distance, threshold=threshold)
    return both(_TURNS, turn, text=text, remark=about)


def _distance_text(figure: str, unit: str) -> LocalizedText:
    """Return a difference with its unit; units from a user's schema are English."""
    several = figure != "1"
    if unit in _DISTANCES:
        return say_both(_DISTANCES[unit][several], figure=figure)
    return {"en": f"{figure} {unit if several else unit.removesuffix('s')}".rstrip(), "zh": figure}


def consequence(bundle: Bundle, threshold_distance: ThresholdDistance) -> LocalizedText:
    """Return the consequence of crossing the threshold."""
    match threshold_distance.rule.effect:
        case Deny(reason=reason):
            return label("reason", reason, bundle.schemas)
        case Route(title=name):
            return name
        case Need(instrument=str(instrument)) | Duty(instrument=instrument):
            return bundle.instruments[instrument].title
    return threshold_distance.rule.message
