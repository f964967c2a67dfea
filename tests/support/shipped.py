"""Files of the repository: the shipped policies and fixtures by name, in whatever folder they lie, and the data of tests."""

from __future__ import annotations

import functools
from pathlib import Path

from vatspolicy.core.policies.bundle import Bundle, load_bundle

ROOT = Path(__file__).resolve().parents[2]
POLICIES = ROOT / "policies"
FIXTURES = ROOT / "fixtures"
BAD = ROOT / "tests" / "data" / "bad"
GOLDEN = ROOT / "tests" / "data" / "golden"
PARTS = (
    "bundle", "definitions", "telecom-regulations", "telecom-catalog", "catalog-readings", "vats-pilot-2024",
    "unlisted-services",
)  # fmt: skip
"""Policies that decide what is shown here, so that no change of another one disturbs these tests."""
EDITED = (
    *PARTS, "commerce-definitions", "e-commerce-law", "foreign-financial-information", "foreign-investment-law",
    "foreign-surveying-measures", "internet-definitions", "merger-control", "negative-list-ftz",
    "public-security-inspections-2018", "public-security-inspections-2026", "security-review-2021",
    "shanghai-ftz-telecom-2014", "tax-data-reporting-2025",
)  # fmt: skip
"""Policies that together use each key that the shipped law uses, with those that they refer to. Edits are tried on them;
a long run tries edits of the whole law.
"""


def policy_file(id: str) -> Path:
    """The policy of an id, or bundle.yaml by the name `bundle`. Raises StopIteration."""
    return next(POLICIES.rglob(f"{id}.yaml"))


def policy_files() -> list[Path]:
    """Every policy, in order."""
    others = ("bundle.yaml", "properties.yaml")
    return sorted(path for path in POLICIES.rglob("*.yaml") if path.name not in others and ".test." not in path.name)


def fixture_file(name: str) -> Path:
    """The profile of a fixture. Raises StopIteration."""
    return next(FIXTURES.rglob(f"{name}.yaml"))


def launch_files() -> list[Path]:
    """The fixtures that are launches of several companies."""
    return sorted(path for path in (FIXTURES / "launches").glob("*.yaml") if ".expect" not in path.name)


def fixture_files() -> list[Path]:
    """The profile of every fixture, in the order of their names; launches of several companies are no profiles."""
    return sorted(
        (path for path in FIXTURES.rglob("*.yaml") if ".expect" not in path.name and path.parent.name != "launches"),
        key=lambda path: path.name,
    )


@functools.cache
def shipped_bundle() -> Bundle:
    """The shipped law, loaded once for all tests of a process. Tests do not change it."""
    return load_bundle(POLICIES)
