"""A license that covers something else from a day on: what differs, from when, and what that proves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.solver import needs_solver
from tests.support.transitions import checked
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.proofs import compare_change
from vatspolicy.proofs.domain import ordinal
from vatspolicy.proofs.timeline import END, Period
from vatspolicy.proofs.two_rulesets import differing_rules

OLD, NEW = "{from: '2020-01-01', cite: art-1, value: 10}", "{from: '2027-03-01', cite: art-1, value: 20}"
AGAIN = "{from: '2028-01-01', cite: art-1, value: 10}"
COVERS = LICENSE.index("    covers:"), LICENSE.index("\nrules:")
OTHERS = (
    rule("steady", "service", "data.important", "deny: {reason: CAPITAL-TOO-LOW}")
    + rule("reader", "activity", "!activity.licensed && data.persons > 5", "need: {instrument: vats-license}")
    + rule("by-day", "product", 'as_of >= "2021-01-01" && data.persons > 90', "deny: {reason: CAPITAL-TOO-LOW}")
)


def law(folder: Path, *values: str) -> Bundle:
    """A law whose license covers products with few persons, with the values of the limit."""
    limit = f"parameters:\n  limit:\n    title: {{en: Limit, zh: 上限}}\n    values: [{', '.join(values)}]\n"
    covers = "    covers: activity.class in license.classes && data.persons <= param.limit"
    license = limit + LICENSE[: COVERS[0]] + covers + LICENSE[COVERS[1] :]
    changed = "rules:\n" + route("open", "company.mainland_entity") + OTHERS
    return bundle_of(folder, classes=CLASSES, license=license, changed=changed)


@needs_solver
@pytest.mark.parametrize(
    ("values", "first", "last"),
    [((OLD, NEW), "2027-03-01", ""), ((OLD, NEW, AGAIN), "2027-03-01", "2027-12-31")],
    ids=["from a day on", "for some months"],
)
def test_only_rules_and_days_that_the_license_touches_are_asked_about(
    tmp_path: Path, values: tuple[str, ...], first: str, last: str
) -> None:
    base, head = law(tmp_path / "base", OLD), law(tmp_path / "head", *values)
    days = ordinal(first), ordinal(last) if last else ordinal(END) - 1
    for sides in ((base, head), (head, base)):
        assert differing_rules(*sides, Period(base.covers_from, END)) == {
            "changed/open": [days],
            "changed/reader": [days],
        }


@needs_solver
def test_a_wider_license_is_settled_with_its_days(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", OLD), law(tmp_path / "head", OLD, NEW)
    assert differing_rules(base, base, Period(base.covers_from, END)) == {}
    [verdict], transitions = compare_change(base, head, [("changed/open",)])
    assert not transitions.undecided
    checked(base, head, transitions, attackers=150)
    assert transitions.period is not None
    assert (transitions.period.first, transitions.period.last, transitions.period.proved) == ("2027-03-01", None, True)
    assert "needs-license->allow" in {one.name for one in transitions.possible}
    assert verdict.reason == "The change of these rules is the whole change."


@needs_solver
def test_rules_that_name_no_license_are_not_the_whole_change(tmp_path: Path) -> None:
    base, head = law(tmp_path / "base", OLD), law(tmp_path / "head", OLD, NEW)
    [verdict], transitions = compare_change(base, head, [("changed/steady",)])
    assert verdict.verdict == "proved-equivalent"
    assert transitions.possible
