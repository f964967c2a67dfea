"""Small invented projects, and what a comparison of two of them says."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support.comparisons import compare_revisions
from tests.support.law_builder import HEAD, split
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import read_source
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.documents.validation import validate

TODAY = "2026-06-01"

RULES = """\
parameters:
  cap:
    title: {en: Cap, zh: 上限}
    values:
      - {from: '2020-01-01', cite: art-1, value: 50.0}
terms:
  is_foreign: company.foreign_percent > 0.0
rules:
  - id: center
    cite: [art-1]
    each: service
    when: '"data-center" in service.offers'
    classify: {classes: [B11]}
    message: {en: Center., zh: 中心。}
  - id: too-foreign
    cite: [art-1]
    each: product
    when: term.is_foreign && company.foreign_percent > param.cap
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: Too foreign., zh: 外资过高。}
  - id: tell
    cite: [art-1]
    each: product
    when: term.is_foreign
    advise: {kind: verify}
    message: {en: Tell., zh: 请核实。}
"""
"""A share above the cap is denied; everything else is allowed."""

ROUTE_RULES = """\
instruments:
  vats-license:
    title: {en: License, zh: 许可证}
    authority: [{when: 'true', is: miit}]
parameters:
  cap:
    title: {en: Cap, zh: 上限}
    values:
      - {from: '2020-01-01', cite: art-1, value: 50.0}
  regions:
    title: {en: Regions, zh: 地区}
    values:
      - {from: '2020-01-01', cite: art-1, value: [beijing]}
rules:
  - {id: center, cite: [art-1], each: service, when: '"data-center" in service.offers', classify: {classes: [B11]}, message: {en: Center., zh: 中心。}}
  - {id: duty, cite: [art-1], each: activity, when: 'true', need: {through: vats-license}, message: {en: Need., zh: 须许可。}}
  - id: general
    cite: [art-1]
    each: activity
    when: activity.class == "B11"
    route:
      to: vats-license
      name: general
      title: {en: General list, zh: 一般清单}
      instrument: vats-license
      max_foreign_percent: param.cap
      conditions:
        - {id: region, where: true, reason: SECTOR-NOT-OPEN, check: operator.registered.at in param.regions, message: {en: In a region., zh: 在地区内。}}
    message: {en: Route., zh: 途径。}
"""
"""One class with one route to its license, in one place and up to a cap."""

PROFILE = {
    "schema": 2,
    "product": {"id": "p60"},
    "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate"},
    "services": [{"id": "s", "offers": ["data-center"]}],
}


def product(id: str, percent: float, **more: Any) -> dict[str, Any]:
    """The profile as another product, of a company with that foreign share; `more`: further groups of facts."""
    company = {"foreign_percent": percent, "foreign_percent_basis": "ultimate"}
    return {**PROFILE, "product": {"id": id}, "company": company, **more}


def policy(id: str, text: str = RULES, **replaced: str) -> str:
    """The text of a policy; `replaced`: keys of its head with other values."""
    head = HEAD.format(id=id)
    for key, value in replaced.items():
        [old] = [line for line in head.splitlines() if line.startswith(f"{key}:")]
        head = head.replace(old, f"{key}: {value}")
    return head + textwrap.dedent(text)


def project(
    folder: Path,
    policies: Mapping[str, str] | None = None,
    fixtures: Mapping[str, Any] | None = None,
    version: str = "1.2.3",
    changelog: str | None = None,
    schemas: Mapping[str, Any] | None = None,
) -> Path:
    """A project on disk: policies by id (whole texts), fixtures by name (data or text), schemas that differ by name."""
    files: dict[str, str] = {"policies/bundle.yaml": f"version: {version}\ncovers: {{from: '2020-01-01'}}\n"}
    for id, whole in (policies or {"law": policy("law")}).items():
        text, tests = split(whole)
        files |= {f"policies/{id}.yaml": text} | ({f"policies/{id}.test.yaml": tests} if tests else {})
    for name, content in ({"p60": PROFILE} if fixtures is None else fixtures).items():
        files[f"fixtures/{name}.yaml"] = content if isinstance(content, str) else json.dumps(content)
    if changelog is not None:
        files["CHANGELOG.md"] = changelog
    if schemas is not None:
        files |= {
            f"schemas/{path.name}": path.read_text(encoding="utf-8")
            for path in resource_folder("schemas").glob("*.json")
        }
        files |= {f"schemas/{name}.schema.json": json.dumps(schema) for name, schema in schemas.items()}
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def compare(base: Path, head: Path, **settings: Any) -> dict[str, Any]:
    """The comparison of two folders, on a fixed day and without proofs; its data keeps to its schema."""
    left, right = (read_source(str(folder), folder.parent) for folder in (base, head))
    data = compare_revisions(left, right, ComparisonSettings(**{"today": TODAY, "semantic": "off", **settings}))
    assert validate(parse_document(json.dumps(data), "comparison.json"), "comparison") == []
    return data


def compare_policies(folder: Path, before: str, after: str, **more: Any) -> dict[str, Any]:
    """The comparison of two projects with one policy each."""
    base = project(folder / "base", {"law": before}, **more)
    return compare(base, project(folder / "head", {"law": after}, **more))


def edits(data: Mapping[str, Any]) -> list[str]:
    """Edits in short: `~ rule too-foreign`."""
    sign = {"added": "+", "removed": "-", "changed": "~"}
    return [f"{sign[c['change']]} {c['kind']} {c['name']}".rstrip() for c in data["structure"]]
