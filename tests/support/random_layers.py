"""Random layers above the invented law of `layer_builder`, and random products that its rules speak of."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

from tests.support.law_builder import bundle_of, route, rule
from tests.support.layer_builder import LAW, overriding, stack, write_layer
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile

DAYS = ("2021-01-01", "2022-03-01", "2023-05-01", "2024-07-01", "2025-09-01")
"""Days on which rules of layers begin and end."""
BASE = {
    **LAW,
    "license": LAW["license"]
    + route("foreign", "operator.foreign_percent > 0.0", cap="49.0", instrument="basic-license"),
    "limits": LAW["limits"]
    + "instruments:\n  basic-license: {title: {en: Pass, zh: 通行}, authority: [{when: 'true', is: miit}]}\n",
    "others": "rules:\n"
    + rule("unlicensed", "activity", "!activity.licensed", "deny: {reason: SECTOR-NOT-OPEN}")
    + rule("pass", "product", "company.foreign_percent > 30.0", "need: {instrument: basic-license}"),
}
"""The invented law with a second route, and rules on a license and on the share of a company."""
_CONDITIONS = {
    "product": ("true", "false", "company.foreign_percent > 10.0", "company.mainland_entity"),
    "service": ('service.audience == "public"', 'service.audience == "own-group"', "true", '"saas" in service.offers'),
    "activity": ("true", 'activity.class == "B11"', "operator.mainland_entity", "activity.licensed"),
}
_EFFECTS = ("deny: {reason: SECTOR-NOT-OPEN}", "need: {instrument: basic-license}")


def random_stack(draw: random.Random, folder: Path, most: int = 3) -> Bundle:
    """A stack of layers, each of which replaces rules below it for some time, or adds rules."""
    law = folder / "law"
    base = bundle_of(law, **BASE)
    allowed = {rule.name: rule.kind for policy in base.policies.values() for rule in policy.rules}
    each = {rule.name: rule.each for policy in base.policies.values() for rule in policy.rules}
    (law / "layer.yaml").write_text(
        f"name: law\ntitle: {{en: Law, zh: 法}}\nowner: us\nmay_loosen: [{', '.join(allowed)}]\n", encoding="utf-8"
    )
    layers = []
    for place in range(draw.randint(1, most)):
        name = f"layer{place}"
        lines = []
        for number, target in enumerate(draw.sample(sorted(allowed), draw.randint(1, 4))):
            lines.append(_dated(draw, _rule(draw, f"r{number}", target, allowed[target], each[target])))
        own = {f"{name}/r{number}": target for number, target in enumerate(_targets(lines))}
        allowed |= {rule: allowed[target] for rule, target in own.items()}
        each |= {rule: each[target] for rule, target in own.items()}
        layers.append(write_layer(folder / name, name, tuple(allowed), **{name: "rules:\n" + "".join(lines)}))
    return stack(law, *layers)


def _targets(lines: list[str]) -> list[str]:
    return [line.partition("overrides: {rule: ")[2].partition(",")[0] for line in lines]


def _rule(draw: random.Random, id: str, target: str, kind: str, each: str) -> str:
    when = draw.choice(_CONDITIONS[each])
    if kind == "route":
        text = route(id, when, cap=draw.choice(("", "20.0")), instrument=draw.choice(("vats-license", "basic-license")))
        return text.replace("    route:", f"    overrides: {{rule: {target}, reason: R., owner: O}}\n    route:")
    if kind == "classify":
        return overriding(
            target,
            rule(
                id,
                each,
                when,
                f"classify: {{classes: {draw.choice(('[B11]', '[B25-publishing]', 'not-telecommunications'))}}}",
            ),
        )
    return overriding(target, rule(id, each, when, draw.choice(_EFFECTS)))


def _dated(draw: random.Random, text: str) -> str:
    """The rule with a first and a last day, or with one of them, or with none."""
    since, until = sorted(draw.sample(DAYS, 2))
    dates = (f"from: '{since}'", f"until: '{until}'")
    chosen = [date for date in dates if draw.random() < 0.7]
    if "{id:" in text:
        return text.replace("each:", "".join(f"{date}, " for date in chosen) + "each:", 1)
    return text.replace("    each:", "".join(f"    {date}\n" for date in chosen) + "    each:", 1)


def random_product(draw: random.Random) -> Profile:
    """A product of one or two services, of which some facts may be missing."""

    def some(facts: Mapping[str, object], missing: float) -> dict[str, object]:
        return {name: value for name, value in facts.items() if draw.random() >= missing}

    missing = draw.choice((0.0, 0.0, 0.2))
    licenses = [
        {"instrument": name, "classes": ["B11", "B25-publishing"], "valid": True, "area": [{"at": "china"}]}
        for name in ("vats-license", "basic-license")
        if draw.random() < 0.4
    ]
    company = some(
        {
            "foreign_percent": draw.choice((0, 15, 25, 45, 60)),
            "foreign_percent_basis": "ultimate",
            "mainland_entity": draw.random() < 0.8,
            "licenses": licenses,
        },
        missing,
    )
    services = [
        {
            "id": f"s{place}",
            **some(
                {
                    "offers": [draw.choice(("data-center", "own-shop", "saas"))],
                    "audience": draw.choice(("public", "own-group")),
                    "operated_by": "company",
                    "area": [{"at": "china"}],
                },
                missing,
            ),
        }
        for place in range(draw.randint(1, 2))
    ]
    return load_profile({"schema": 2, "product": {"id": "p"}, "company": company, "services": services})
