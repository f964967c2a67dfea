"""Wording of facts, changes and threshold distances, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance
from vatspolicy.i18n import LocalizedText
from vatspolicy.i18n.words import Table, both
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Deny, Duty, Need, Route
from vatspolicy.profile.vocabulary import label
from vatspolicy.profile.wording import FactWording

_VALUES: Table = {
    "unsaid": {"en": "not stated", "zh": "未填"},
    "nothing": {"en": "none", "zh": "无"},
    "gone": {"en": "left out", "zh": "不再列入"},
    "offered": {"en": "part of the launch", "zh": "一并上线"},
    "split": {"en": "not part of the launch", "zh": "不一并上线"},
    "stated": {"en": "as stated", "zh": "如所填"},
    "some_partner": {"en": "another company", "zh": "其他公司"},
}
_UNITS: Table = {
    "percent": {"en": "points", "zh": "个百分点"},
    "persons": {"en": "persons", "zh": "人"},
    "users": {"en": "users", "zh": "名用户"},
    "merchants": {"en": "merchants", "zh": "家商户"},
}
"""Units of a difference between two numbers."""
_SIDES: Table = {
    "under": {"en": "{title}: {distance} under {threshold}", "zh": "{title}：低于{threshold}，相差{distance}"},
    "above": {"en": "{title}: {distance} above {threshold}", "zh": "{title}：高于{threshold}，相差{distance}"},
    "at": {"en": "{title}: exactly at {threshold}", "zh": "{title}：恰为{threshold}"},
}
_TURNS: Table = {
    "route": {"en": " ({about})", "zh": "（{about}）"},
    "now": {"en": "; hence: {about}", "zh": "；因此：{about}"},
    "beyond": {"en": "; beyond it: {about}", "zh": "；再高则：{about}"},
    "below": {"en": "; below it: {about}", "zh": "；再低则：{about}"},
}
"""Consequence of a threshold: of a route, of the present side, of the other side."""


def title(path: Path, ids: Iterable[str], schemas: SchemaSet) -> LocalizedText:
    """Return the title of a fact, with the id of its service."""
    name = FactWording(schemas).name(path)
    if path[0] != "services" or len(path) == 1:
        return name
    service = tuple(ids)[int(path[1])]
    name = {"en": "Service", "zh": "服务"} if len(path) == 2 else name
    return {"en": f"{name['en']} ({service})", "zh": f"{name['zh']}（{service}）"}


def value_text(bundle: Bundle, path: Path, value: Any, after: bool) -> LocalizedText:
    """Return a fact in words. With `after`, None means that the change leaves the fact out."""
    facts = FactWording(bundle.schemas)
    if len(path) == 2 and path[0] == "services":
        return both(_VALUES, "split" if after else "offered")
    if value is None:
        return both(_VALUES, "gone" if after else "nothing" if path == ("partner",) else "unsaid")
    if path == ("partner",):
        return partner_text(bundle, value) if after else both(_VALUES, "some_partner")
    if path[-1] == "export":
        return both(_VALUES, "stated")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return facts.quantity(value, path)
    return facts.value(_without_absent_zone(value), path)


def _without_absent_zone(value: Any) -> Any:
    """Return places without `ftz: none`, which a change of place does not need to repeat."""
    if isinstance(value, list):
        return [_without_absent_zone(member) for member in value]
    if isinstance(value, Mapping) and value.get("ftz") == "none":
        return {key: inner for key, inner in value.items() if key != "ftz"}
    return value


def partner_text(bundle: Bundle, partner: Mapping[str, Any]) -> LocalizedText:
    """Return the description of the required partner."""
    held, facts = [], FactWording(bundle.schemas)
    for license in partner.get("licenses", ()):
        name = bundle.instruments[license["instrument"]].title
        classes = [label("license-class", cls, bundle.schemas) for cls in license.get("classes", ())]
        area = [facts.value(place, ("services", 0, "area", 0)) for place in license.get("area", ())]
        held.append(
            {
                "en": name["en"]
                + (f" for {', '.join(text['en'] for text in classes)}" if classes else "")
                + (f", covering {', '.join(text['en'] for text in area)}" if area else "")
                + f", valid on {license['valid_until']}",
                "zh": name["zh"]
                + (f"（{'、'.join(text['zh'] for text in classes)}）" if classes else "")
                + (f"，覆盖{'、'.join(text['zh'] for text in area)}" if area else "")
                + f"，于{license['valid_until']}有效",
            }
        )
    return {
        "en": "a mainland company without foreign share"
        + "".join(f" that holds: {one['en']}" if not index else f"; {one['en']}" for index, one in enumerate(held)),
        "zh": "无外资的境内企业" + (f"，持有：{'；'.join(one['zh'] for one in held)}" if held else ""),
    }


def threshold_text(bundle: Bundle, threshold_distance: ThresholdDistance, ids: Iterable[str]) -> LocalizedText:
    """Return one threshold distance as a sentence."""
    side = (
        "at"
        if threshold_distance.distance == 0
        else "under"
        if threshold_distance.value < threshold_distance.threshold
        else "above"
    )
    facts = FactWording(bundle.schemas)
    name, about = title(threshold_distance.path, ids, bundle.schemas), consequence(bundle, threshold_distance)
    threshold = facts.quantity(threshold_distance.threshold, threshold_distance.path)
    quantity = facts.unit(threshold_distance.path)
    unit = _UNITS.get(quantity, {"en": quantity, "zh": ""})
    if quantity not in ("percent", "RMB yuan"):  # the unit stands with the distance
        threshold = dict.fromkeys(("en", "zh"), f"{threshold_distance.threshold:,.0f}")
    figure = f"{round(threshold_distance.distance, 4):,.10g}"
    distance = {
        "en": f"{figure} {unit['en'] if figure != '1' else unit['en'].removesuffix('s')}",
        "zh": f"{figure}{unit['zh']}",
    }
    if quantity == "RMB yuan":
        distance = dict(facts.quantity(threshold_distance.distance, threshold_distance.path))
    if isinstance(threshold_distance.rule.effect, Route):
        threshold = {"en": f"the cap of {threshold['en']}", "zh": f"上限{threshold['zh']}"}
    turn = "now" if not threshold_distance.safe else "beyond" if threshold_distance.high else "below"
    turn = "route" if isinstance(threshold_distance.rule.effect, Route) else turn
    return {
        lang: _SIDES[side][lang].format(title=name[lang], distance=distance[lang], threshold=threshold[lang])
        + _TURNS[turn][lang].format(about=about[lang])
        for lang in ("en", "zh")
    }


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
