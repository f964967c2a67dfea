"""Invented rules that every server can state: N denials over the share and the services, and profiles for them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cerbos
from load import request

OFFERS = ("data-center", "own-shop", "company-site", "marketplace")
HEAD = """\
id: bench-{part}
version: 1.0.0
title: {{en: Bench, zh: 测试}}
topics: [telecom]
source: {{issuer: {{en: Nobody, zh: 无}}}}
effective: {{from: '2015-01-01'}}
articles:
  art-1: {{en: Denied., verification: secondary}}
rules:
"""
CLASSIFIED = (
    "  - {id: kind, cite: [art-1], each: service, when: 'service.offers.exists(o, o != \"other\")', "
    "classify: {classes: not-telecommunications}, "
    "message: {en: No telecommunications., zh: 非电信。}}\n"
)
"""Rule that classifies the services, without which a decision is incomplete."""
PART = 40
"""Most rules of one file; a policy has at most 48."""


class Invented:
    """Rules, each denied above a share for one of the offers, and profiles with the expected decisions."""

    def __init__(self, rules: int, profiles: int = 64) -> None:
        self.rules = [(1 + place * 98.0 / rules, OFFERS[place % len(OFFERS)]) for place in range(rules)]
        self.profiles = [self._profile(place, place * 100 // (profiles - 1)) for place in range(profiles)]

    def _profile(self, place: int, share: int) -> dict[str, Any]:
        service = {"id": "web", "offers": [OFFERS[place % len(OFFERS)]], "audience": "public", "sells": []}
        service |= {"features": [], "charges": [], "content": [], "operated_by": "company"}
        return {
            "schema": 2,
            "product": {"id": f"shop-{place}", "title": "A shop"},
            "company": {
                "foreign_percent": share,
                "foreign_percent_basis": "ultimate",
                "mainland_entity": True,
                "discredited": [],
            },
            "services": [service],
        }

    @property
    def denied(self) -> list[bool]:
        """For each profile, True if a rule denies it."""
        return [
            any(
                profile["company"]["foreign_percent"] > round(share, 2) and offer in service["offers"]
                for share, offer in self.rules
                for service in profile["services"]
            )
            for profile in self.profiles
        ]

    @property
    def conditions(self) -> list[str]:
        """The rules in the CEL of vatspolicy and Cerbos, with `company` and `services` as variables."""
        return [
            f"company.foreign_percent > {share:.2f} && "
            f'services.exists(s, "{offer}" in s.offers && s.audience == "public")'
            for share, offer in self.rules
        ]

    # --- the rules in each form ---------------------------------------------------------------------------------------

    def write_policies(self, folder: Path) -> Path:
        """Write the rules as policies of this project."""
        folder.mkdir()
        (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2015-01-01'}\n", encoding="utf-8")
        lines = [
            f"  - {{id: r{index}, cite: [art-1], each: product, when: {json.dumps(rule)}, "
            "deny: {reason: SHARE-ABOVE-CAP}, message: {en: Denied., zh: 不得。}}\n"
            for index, rule in enumerate(self.conditions)
        ]
        lines.insert(0, CLASSIFIED)
        for part in range(0, len(lines), PART):
            text = HEAD.format(part=part) + "".join(lines[part : part + PART])
            (folder / f"bench-{part}.yaml").write_text(text, encoding="utf-8")
        return folder

    def write_cerbos(self, folder: Path) -> Path:
        """Write the rules as a resource policy of Cerbos."""
        entries: list[dict[str, Any]] = [{"actions": ["launch"], "effect": "EFFECT_ALLOW", "roles": ["product"]}]
        for index, rule in enumerate(self.conditions):
            text = rule.replace("company.", "R.attr.company.").replace("services.", "R.attr.services.")
            denial = {"actions": ["launch"], "effect": "EFFECT_DENY", "roles": ["product"], "name": f"r{index}"}
            entries.append({**denial, "condition": {"match": {"expr": text}}})
        policy = {"resource": "spec", "version": "default", "rules": entries}
        cerbos.write(folder, {"bench": {"apiVersion": "api.cerbos.dev/v1", "resourcePolicy": policy}})
        return folder

    def write_rego(self, folder: Path) -> Path:
        """Write the rules as a module of Rego."""
        lines = [
            "package bench",
            "import rego.v1",
            'default decision := "allow"',
            'decision := "deny" if some _ in deny',
        ]
        for index, (share, offer) in enumerate(self.rules):
            service = f'some s in input.services; "{offer}" in s.offers; s.audience == "public"'
            lines.append(f'deny contains "r{index}" if {{ input.company.foreign_percent > {share:.2f}; {service} }}')
        folder.mkdir()
        (folder / "bench.rego").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return folder

    # --- the requests -------------------------------------------------------------------------------------------------

    def messages(self, path: str) -> list[bytes]:
        """Return a request for each profile, in the form that OPA and vatspolicy take."""
        return [request(path, {"input": profile}) for profile in self.profiles]

    def cerbos_messages(self) -> list[bytes]:
        """Return the same requests for Cerbos."""
        attributes = [{key: profile[key] for key in ("company", "services")} for profile in self.profiles]
        head = {"requestId": "1", "principal": {"id": "p", "roles": ["product"]}}
        return [
            request(
                "/api/check/resources",
                {**head, "resources": [{"actions": ["launch"], "resource": {"kind": "spec", "id": "s", "attr": one}}]},
            )
            for one in attributes
        ]


def agree(server: str, said: Sequence[bool], denied: Sequence[bool]) -> None:
    """Raise RuntimeError if a server denies other profiles than expected."""
    if list(said) != list(denied):
        wrong = sum(one != other for one, other in zip(said, denied, strict=True))
        raise RuntimeError(f"{server} denies other profiles: {wrong} of {len(denied)} differ")
