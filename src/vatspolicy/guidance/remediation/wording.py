"""Words for facts, differences and margins, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.documents import Path
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance, unit_of
from vatspolicy.i18n import LocalizedText
from vatspolicy.i18n.words import Table, both, number
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Deny, Duty, Need, Route
from vatspolicy.profile.vocabulary import describe, gazetteer, label

_VALUES: Table = {
    "unsaid": {"en": "not stated", "zh": "未填"},
    "nothing": {"en": "none", "zh": "无"},
    "gone": {"en": "left out", "zh": "不再列入"},
    "yes": {"en": "yes", "zh": "是"},
    "no": {"en": "no", "zh": "否"},
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
    "RMB yuan": {"en": "RMB", "zh": "元"},
}
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
    """What a fact is called, with its service."""
    ids = tuple(ids)
    node = describe(path, schemas)
    name = {"en": str(node.get("title", path[-1])), "zh": str(node.get("x-title-zh", node.get("title", path[-1])))}
    if len(path) == 2 and path[0] == "services":
        name = {"en": "Service", "zh": "服务"}
    if path[0] == "services" and len(path) > 1:
        return {"en": f"{name['en']} ({ids[int(path[1])]})", "zh": f"{name['zh']}（{ids[int(path[1])]}）"}
    return name


def value_text(bundle: Bundle, path: Path, value: Any, after: bool) -> LocalizedText:
    """A fact in words; `after`: as it would be, so that nothing means that it is left out."""
    if len(path) == 2 and path[0] == "services":
        return both(_VALUES, "split" if after else "offered")
    if value is None:
        return both(_VALUES, "gone" if after else "nothing" if path == ("partner",) else "unsaid")
    if path == ("partner",):
        return partner_text(bundle, value) if after else both(_VALUES, "some_partner")
    if path[-1] == "export":
        return both(_VALUES, "stated")
    if isinstance(value, list):
        if not value:
            return both(_VALUES, "nothing")
        texts = list(
            {repr(text): text for text in (_scalar(path, member, bundle.schemas) for member in value)}.values()
        )
        return {"en": ", ".join(text["en"] for text in texts), "zh": "、".join(text["zh"] for text in texts)}
    return _scalar(path, value, bundle.schemas)


def _scalar(path: Path, value: Any, schemas: SchemaSet) -> LocalizedText:
    if path[-1] in ("registered", "facilities", "area"):
        return place_text(value, schemas)
    if isinstance(value, bool):
        return both(_VALUES, "yes" if value else "no")
    if isinstance(value, int | float):
        return amount(path, value, schemas)
    node = describe(path, schemas)
    names = node.get("x-enum") or describe((*path, 0), schemas).get("x-enum") or {}
    if value in names:
        return names[value]  # type: ignore[no-any-return]
    if path[-1] == "investor_origin":
        return label("country", value, schemas)
    return {"en": str(value), "zh": str(value)}


def place_text(place: Any, schemas: SchemaSet) -> LocalizedText:
    """A place, with its free-trade zone where it lies in one."""
    written = {"at": place} if isinstance(place, str) else place
    name = label("place", written["at"], schemas)
    zone = written.get("ftz", "none")
    if zone == "none" or "zone" in gazetteer(schemas)[written["at"]]:
        return {"en": name["en"], "zh": name["zh"]}
    inside = label("zone", zone, schemas)
    return {"en": f"{name['en']}, in the {inside['en']}", "zh": f"{name['zh']}（{inside['zh']}）"}


def partner_text(bundle: Bundle, partner: Mapping[str, Any]) -> LocalizedText:
    """What the partner would have to be like."""
    held = []
    for licence in partner["licences"]:
        name = bundle.instruments[licence["instrument"]].title
        classes = [label("class", cls, bundle.schemas) for cls in licence.get("classes", ())]
        area = [place_text(place, bundle.schemas) for place in licence.get("area", ())]
        held.append(
            {
                "en": name["en"]
                + (f" for {', '.join(text['en'] for text in classes)}" if classes else "")
                + (f", covering {', '.join(text['en'] for text in area)}" if area else "")
                + f", valid on {licence['valid_until']}",
                "zh": name["zh"]
                + (f"（{'、'.join(text['zh'] for text in classes)}）" if classes else "")
                + (f"，覆盖{'、'.join(text['zh'] for text in area)}" if area else "")
                + f"，于{licence['valid_until']}有效",
            }
        )
    return {
        "en": "a mainland company without foreign share"
        + "".join(f" that holds: {one['en']}" if not index else f"; {one['en']}" for index, one in enumerate(held)),
        "zh": "无外资的境内企业" + (f"，持有：{'；'.join(one['zh'] for one in held)}" if held else ""),
    }


def amount(path: Path, value: float, schemas: SchemaSet) -> LocalizedText:
    """A number with its unit."""
    unit = unit_of(path, schemas)
    if unit == "percent":
        return {"en": f"{number(value)} %", "zh": f"{number(value)}%"}
    if unit == "RMB yuan":
        return {"en": f"RMB {value:,.0f}", "zh": f"{value:,.0f}元"}
    known = _UNITS.get(unit, {"en": unit, "zh": ""})
    return {"en": f"{value:,.0f} {known['en']}".strip(), "zh": f"{value:,.0f}{known['zh']}"}


def margin_text(bundle: Bundle, margin: ThresholdDistance, ids: Iterable[str]) -> LocalizedText:
    """One margin as a sentence."""
    side = "at" if margin.distance == 0 else "under" if margin.value < margin.threshold else "above"
    name, threshold, about = (
        title(margin.path, ids, bundle.schemas),
        amount(margin.path, margin.threshold, bundle.schemas),
        consequence(bundle, margin),
    )
    quantity = unit_of(margin.path, bundle.schemas)
    unit = _UNITS.get(quantity, {"en": quantity, "zh": ""})
    if quantity not in ("percent", "RMB yuan"):  # the unit stands with the distance
        threshold = dict.fromkeys(("en", "zh"), f"{margin.threshold:,.0f}")
    figure = f"{round(margin.distance, 4):,.10g}"
    distance = {
        "en": f"{figure} {unit['en'] if figure != '1' else unit['en'].removesuffix('s')}",
        "zh": f"{figure}{unit['zh']}",
    }
    if quantity == "RMB yuan":
        distance = {"en": f"RMB {margin.distance:,.0f}", "zh": f"{margin.distance:,.0f}元"}
    if isinstance(margin.rule.effect, Route):
        threshold = {"en": f"the cap of {threshold['en']}", "zh": f"上限{threshold['zh']}"}
    turn = "now" if not margin.safe else "beyond" if margin.high else "below"
    turn = "route" if isinstance(margin.rule.effect, Route) else turn
    return {
        lang: _SIDES[side][lang].format(title=name[lang], distance=distance[lang], threshold=threshold[lang])
        + _TURNS[turn][lang].format(about=about[lang])
        for lang in ("en", "zh")
    }


def consequence(bundle: Bundle, margin: ThresholdDistance) -> LocalizedText:
    """What turns at the threshold."""
    match margin.rule.effect:
        case Deny(reason=reason):
            return label("reason", reason, bundle.schemas)
        case Route(title=name):
            return name
        case Need(instrument=str(instrument)) | Duty(instrument=instrument):
            return bundle.instruments[instrument].title
    return margin.rule.message
