"""Skeletons of policies, profiles and fixtures, which load and pass lint before anybody fills them in."""

from __future__ import annotations

import json
from collections.abc import Iterator

from vatspolicy.profile.vocabulary import describe, question

_ASKED = (
    ("product", "launch"),
    ("company", "foreign_percent"),
    ("company", "mainland_entity"),
    ("company", "legal_form"),
    ("company", "registered"),
    ("company", "registered_capital_rmb"),
    ("company", "lacking_means"),
    ("company", "discredited"),
    ("services", 0, "offers"),
    ("services", 0, "operated_by"),
    ("services", 0, "audience"),
    ("services", 0, "channels"),
    ("services", 0, "hosting"),
    ("services", 0, "area"),
    ("services", 0, "facilities"),
    ("services", 0, "charges"),
    ("services", 0, "features"),
    ("data", "persons"),
    ("data", "leaves_mainland"),
)
"""Facts that most products need, in the order of the skeleton."""


def profile(id: str) -> str:
    """Return a profile in which every fact is still a question."""
    lines = [
        "# Remove the # before a fact and fill it in. A fact that is left out is unknown: it is never guessed.",
        "schema: 2",
        "product:",
        f"  id: {id}",
        *_facts("product", "  "),
        "company:",
        "  name: The company",
        *_facts("company", "  "),
        "services:",
        "  - id: main",
        *_facts("services", "    "),
        "# data:",
        *_facts("data", "  "),
    ]
    return "\n".join(lines) + "\n"


def _facts(section: str, indent: str) -> Iterator[str]:
    for path in _ASKED:
        if path[0] == section:
            ask = question(path)
            yield f"{indent}# {ask['en']} {ask['zh']}"
            yield f"{indent}# {path[-1]}: {_example(path)}"


def _example(path: tuple[str | int, ...]) -> str:
    """Return a value of the right kind, to be replaced."""
    node = describe(path)
    if "enum" in node:
        return str(node["enum"][0])
    match node.get("type"):
        case "boolean":
            return "true"
        case "integer" | "number":
            return "0"
        case "array":
            item = describe((*path, 0))
            return json.dumps([item["enum"][0]]) if "enum" in item else "[{at: beijing, ftz: none}]"
        case "object":
            return "{at: beijing, ftz: none}"
        case _:
            return "'2027-01-01'"


def expectation() -> str:
    """Return the expectations of a profile without facts: no decision yet."""
    return """\
why:
  en: Say here why the case matters.
  zh: 在此说明该案例的意义。
decisions:
  - as_of: '2027-01-01'
    decision: incomplete
    range: [allow, deny]
    missing: [services.0.offers]
"""


def bundle() -> str:
    """Return the description of a folder of policies."""
    return """\
version: 0.1.0
covers: {from: '2015-01-01'}
"""


def policy(id: str) -> str:
    """Return a policy with one rule, a note for review."""
    return f"""\
id: {id}
version: 0.1.0
title: {{en: Name of the regulation, zh: 法规名称}}
topics: [telecom]
source:
  issuer: {{en: Issuing body, zh: 制定机关}}
  note: Write the document number here, as number, and remove this note.
effective: {{from: '2027-01-01'}}
articles:
  art-1:
    en: The operative phrase of the article.
    verification: unverified
rules:
  - id: first-rule
    cite: [art-1]
    each: service
    when: service.audience == "public"
    advise: {{kind: note}}
    message: {{en: What the rule says when it applies., zh: 规则适用时的提示。}}
"""


def policy_tests() -> str:
    """Return the tests of that policy."""
    return """\
base:
  services: [{id: s, offers: [other], audience: public}]
cases:
  - {it: applies to a service for the public, as_of: '2027-01-01', expect: {first-rule: fires}}
  - {it: was not law the day before, as_of: '2026-12-31', expect: {first-rule: silent}}
  - it: leaves other services alone
    as_of: '2027-01-01'
    set: {services.0.audience: business}
    expect: {first-rule: silent}
  - it: asks whom the service is for
    as_of: '2027-01-01'
    unset: [services.0.audience]
    expect: {first-rule: unknown}
"""
