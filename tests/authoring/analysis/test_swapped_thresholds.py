"""Every swap of two thresholds of one fact within a policy of the shipped law: the properties of grades find them."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.law_properties import SHIPPED
from tests.support.members import for_each
from tests.support.shipped import shipped_bundle
from vatspolicy.authoring.analysis.properties import prove
from vatspolicy.authoring.analysis.run import AnalysisRequest, Touched, run_analysis
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.cel.ast import Compare, Fact, Param, walk
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Parameter, Policy

GRADES = [item for item in SHIPPED.values() if item.form == "ascending"]
UNGRADED = {"negative-list-ftz/private_network_cap and negative-list-ftz/social_survey_cap"}
"""Swaps of which no law says that the one number is below the other: the caps of two sectors of a list."""


def compared_facts(policy: Policy) -> Mapping[str, set[tuple[str, ...]]]:
    """The facts that a policy compares with each of its numbers."""
    found: dict[str, set[tuple[str, ...]]] = {}
    for expression in policy.compiled:
        for node in walk(expression.tree):
            if isinstance(node, Compare):
                for fact, number in ((node.left, node.right), (node.right, node.left)):
                    if isinstance(fact, Fact) and isinstance(number, Param):
                        found.setdefault(number.key, set()).add((fact.root, *fact.names))
    return found


def is_number(parameter: Parameter) -> bool:
    return all(isinstance(value.value, int | float) and value.value is not True for value in parameter.values)


@functools.cache
def swaps() -> Mapping[str, tuple[Policy, Parameter, Parameter]]:
    """Pairs of numbers of one policy that differ and are compared with one fact."""
    found = {}
    for policy in shipped_bundle().policies.values():
        facts = compared_facts(policy)
        numbers = [one for one in policy.parameters.values() if is_number(one) and one.key in facts]
        for one, two in itertools.combinations(numbers, 2):
            differ = [value.value for value in one.values] != [value.value for value in two.values]
            if differ and facts[one.key] & facts[two.key]:
                found[f"{one.key} and {two.key}"] = (policy, one, two)
    return found


def swapped(bundle: Bundle, policy: Policy, one: Parameter, two: Parameter) -> Bundle:
    """The bundle with the values of two parameters exchanged."""
    values = {one.key: two.values, two.key: one.values}
    parameters = {
        name: item._replace(values=values.get(item.key, item.values)) for name, item in policy.parameters.items()
    }
    changed = dataclasses.replace(policy, parameters=parameters)
    return dataclasses.replace(bundle, policies={**bundle.policies, policy.id: changed})


def refuted(name: str) -> list[str]:
    """The properties that a swap breaks."""
    bundle = swapped(shipped_bundle(), *swaps()[name])
    return [item.id for item in GRADES if prove(bundle, item).verdict == "refuted"]


def test_the_shipped_law_has_many_thresholds_to_swap() -> None:
    assert len(swaps()) >= 20
    assert set(swaps()) > UNGRADED


@for_each(swaps)
def test_a_swap_of_two_thresholds_breaks_a_property(name: str) -> None:
    assert bool(refuted(name)) is (name not in UNGRADED)


def test_a_swap_in_a_file_fails_the_run_even_if_no_decision_depends_on_it(tmp_path: Path) -> None:
    folder = tmp_path / "law"
    shutil.copytree(resource_folder("policies"), folder, ignore=shutil.ignore_patterns("*.test.yaml"))
    path = next(folder.rglob("mlps-measures.yaml"))
    text = path.read_text(encoding="utf-8")
    for before, after in (
        ("cite: art-15, value: 2}", "cite: art-15, value: 9}"),
        ("cite: art-14, value: 3}", "cite: art-14, value: 2}"),
        ("value: 9}", "value: 3}"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    touched = Touched(frozenset({"mlps-measures/filing"}), decides=False)
    report = run_analysis(AnalysisRequest(LawStack(folder), findings=False, touched=touched))
    assert report.exit_code == 1
    assert {result.id for result in report.properties} == {item.id for item in GRADES}
    [found] = [result for result in report.properties if result.verdict != "proved"]
    assert (found.id, found.verdict, found.as_of) == ("levels-of-protection", "refuted", "2015-01-01")
    assert found.reason == ("mlps-measures/filing_level is 3 and mlps-measures/test_level is 2, from 2015-01-01 on.")
