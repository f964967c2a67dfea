"""Small invented laws, to test semantics apart from the real ones."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile

Facts = Mapping[str, object]

HEAD = """\
id: {id}
version: 1.0.0
title: {{en: Invented law, zh: 虚构法规}}
topics: [telecom]
source: {{issuer: {{en: Nobody, zh: 无}}, number: 零号}}
effective: {{from: '2020-01-01'}}
articles:
  art-1: {{en: Something., zh: 某事。, verification: primary}}
"""

SMALL = """\
id: small
version: 1.0.0
title: {en: Small, zh: 小}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: secondary}
instruments:
  permit: {title: {en: Permit, zh: 许可证}, authority: [{when: 'true', is: miit}]}
parameters:
  cap: {title: {en: Cap, zh: 上限}, values: [{from: '2020-01-01', cite: art-1, value: 50.0}]}
terms:
  foreign: company.foreign_percent > 0.0
rules:
  - id: center
    cite: [art-1]
    each: service
    when: '"data-center" in service.offers'
    classify: {classes: [B11]}
    message: {en: Center., zh: 中心。}
  - id: licensed
    cite: [art-1]
    each: activity
    when: 'true'
    need: {through: permit}
    message: {en: A permit., zh: 许可。}
  - id: open
    cite: [art-1]
    each: activity
    when: operator.foreign_percent >= 0.0
    route:
      to: permit
      name: general
      title: {en: General, zh: 一般}
      instrument: permit
"""
"""A policy that classifies one service, asks for a permit, and begins a route to it, whose conditions follow."""

CLASSES = """\
rules:
  - {id: center, cite: [art-1], each: service, when: '"data-center" in service.offers', classify: {classes: [B11]}, message: {en: Center., zh: 中心。}}
  - {id: shop, cite: [art-1], each: service, when: '"own-shop" in service.offers', classify: {classes: not-telecommunications}, message: {en: Shop., zh: 商店。}}
  - id: software
    cite: [art-1]
    each: service
    when: '"saas" in service.offers'
    classify: {classes: not-telecommunications}
    readings:
      why: {en: Nobody rules it out., zh: 无人反对。}
      settled_by: {en: An answer., zh: 主管机关的答复。}
      others:
        - {class: B25-publishing, held_by: {en: some, zh: 有人}}
        - {class: B22, held_by: {en: others, zh: 另有人}}
    message: {en: Software., zh: 软件。}
"""

LICENSE = """\
instruments:
  vats-license:
    title: {en: License, zh: 许可证}
    authority:
      - {when: 'service.area.exists(a, a.province == "beijing")', is: provincial-ca}
      - {when: 'true', is: miit}
    covers: activity.class in license.classes && service.area.all(a, license.area.exists(l, l.at in a.within))
rules:
  - {id: duty, cite: [art-1], each: activity, when: 'true', need: {through: vats-license}, message: {en: Need., zh: 须许可。}}
"""


CLOSED_TOO = """\
    readings:
      why: {en: Nobody rules it out., zh: 无人反对。}
      settled_by: {en: An answer., zh: 主管机关的答复。}
      others: [{route: closed, held_by: {en: some, zh: 有人}}]"""
"""Lines by which a route is contested."""


def route(
    name: str, when: str, *conditions: str, cap: str = "", instrument: str = "vats-license", contested: bool = False
) -> str:
    """A route to the license; conditions as `id|where|reason|check`."""
    lines = [
        f"  - id: {name}", "    cite: [art-1]", "    each: activity", f"    when: '{when}'", "    route:",
        f"      to: vats-license\n      name: {name}\n      title: {{en: Route {name}, zh: 途径{name}甲}}\n      instrument: {instrument}",
        *([f"      max_foreign_percent: '{cap}'"] if cap else []), *(["      conditions:"] if conditions else []),
    ]  # fmt: skip
    for condition in conditions:
        id, where, reason, check = condition.split("|")
        message = "{en: Condition., zh: 条件。}"
        lines.append(f"        - {{id: {id}, where: {where}, reason: {reason}, check: '{check}', message: {message}}}")
    return "\n".join([*lines, *([CLOSED_TOO] if contested else []), "    message: {en: Route., zh: 途径。}"]) + "\n"


def rule(id: str, each: str, when: str, effect: str, extra: str = "") -> str:
    """A rule with one effect in flow style."""
    more = f", {extra}" if extra else ""
    return f"  - {{id: {id}, cite: [art-1], each: {each}, when: '{when}', {effect}, message: {{en: Rule {id}., zh: 规则。}}{more}}}\n"


def split(text: str) -> tuple[str, str | None]:
    """A policy whose tests stand below it, as the two files that they are."""
    policy, found, tests = text.partition("\ntests:\n")
    return (policy + "\n", textwrap.dedent(tests)) if found else (text, None)


def write_policy(path: Path, text: str) -> None:
    """Write a policy, and the tests that stand below it, if any, beside it."""
    policy, tests = split(text)
    path.write_text(policy, encoding="utf-8")
    if tests is not None:
        path.with_suffix(".test.yaml").write_text(tests, encoding="utf-8")


def bundle_of(folder: Path, **files: str) -> Bundle:
    """A bundle of invented policies: by file name, the text after the head."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "bundle.yaml").write_text("version: 1.2.3\ncovers: {from: '2020-01-01'}\n")
    for name, text in files.items():
        id = name.replace("_", "-")
        (folder / f"{id}.yaml").write_text(HEAD.format(id=id) + textwrap.dedent(text))
    return load_bundle(folder)


def decide(bundle: Bundle, company: Facts, *services: Facts, as_of: str = "2026-01-01", **rest: object) -> Decision:
    """The decision for a profile given in parts, its opinions granted. Services are named s0, s1, …"""
    named = [{"id": f"s{index}", **service} for index, service in enumerate(services)]
    profile = {"schema": 2, "product": {"id": "p"}, "company": company, "services": named, **rest}
    return evaluate(bundle, load_profile(profile).grant_all(), as_of)
