"""`explain FACT`: the clauses that read a fact, as text, data and a graph."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.console import Console
from tests.support.law_builder import HEAD
from tests.support.shipped import shipped_bundle
from vatspolicy.authoring.fact_readers import find_fact, find_readers
from vatspolicy.core.cel.ast import Fact, walk

LAW = (
    HEAD.format(id="small")
    + """\
instruments:
  permit:
    title: {en: Permit, zh: 许可证}
    authority:
      - {when: 'service.area.exists(a, a.province == "beijing")', is: provincial-ca}
      - {when: 'true', is: miit}
parameters:
  cap: {title: {en: Cap, zh: 上限}, values: [{from: '2020-01-01', cite: art-1, value: 50.0}]}
terms:
  foreign: company.foreign_percent > 0.0
rules:
  - id: too-foreign
    cite: [art-1]
    each: product
    when: term.foreign && company.mainland_entity == true
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: Too foreign., zh: 外资过高。}
  - id: licensed
    cite: [art-1]
    each: activity
    when: 'true'
    need: {through: permit}
    message: {en: A permit., zh: 许可。}
  - id: open
    cite: [art-1]
    each: activity
    when: '!(operator.mainland_entity == true)'
    route:
      to: permit
      name: general
      title: {en: General, zh: 一般}
      instrument: permit
      max_foreign_percent: param.cap
    message: {en: Open., zh: 开放。}
"""
)


@pytest.fixture
def law(console: Console) -> Console:
    console.write("law/bundle.yaml", "version: 1.0.0\ncovers: {from: '2020-01-01'}\n")
    console.write("law/small.yaml", LAW)
    return console


def explain(console: Console, name: str, *options: str) -> str:
    ran = console("explain", name, "--law", "law", *options)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


def test_the_clauses_that_read_a_fact(law: Console) -> None:
    out = explain(law, "company.foreign_percent")
    assert out.splitlines() == [
        "company.foreign_percent (Foreign share)",
        "3 clauses in 1 policy read it",
        "",
        "Invented law (small)",
        "  term foreign (law/small.yaml:18)",
        "    CEL: company.foreign_percent > 0.0",
        "  rule too-foreign (law/small.yaml:23)",
        "    CEL: term.foreign",
        "  rule open/max-foreign-percent (law/small.yaml:41)",
        "    CEL: operator.foreign_percent <= param.cap",
        "    parameters: small/cap",
    ]
    assert "1 份政策" in explain(law, "company.foreign_percent", "--lang", "zh")


def test_indexes_variables_and_what_lies_below_a_fact(law: Console) -> None:
    whole = explain(law, "services.area")
    assert "instrument permit (law/small.yaml:13)" in whole
    assert explain(law, "services.0.area") == explain(law, "services.*.area") == explain(law, "service.area") == whole
    both = explain(law, "operator.mainland_entity")
    assert both.startswith("company.mainland_entity")
    assert "\npartner.mainland_entity" in both
    assert "CEL: operator.mainland_entity == true" in both
    assert explain(law, "data.persons").splitlines()[1] == "No policy reads this fact."


def test_as_data(law: Console) -> None:
    told = json.loads(explain(law, "company.foreign_percent", "-f", "json"))
    assert [one["path"] for one in told["facts"]] == ["company.foreign_percent"]
    assert [(one["kind"], one["name"], one["line"], one["term"]) for one in told["readers"]] == [
        ("term", "foreign", 18, None),
        ("rule", "too-foreign", 23, "small/foreign"),
        ("rule", "open/max-foreign-percent", 41, None),
    ]
    assert told["readers"][2]["parameters"] == ["small/cap"]


def test_as_a_graph(law: Console) -> None:
    graph = explain(law, "company.foreign_percent", "-f", "dot")
    assert set(re.findall(r'"([^"]*)" -> "([^"]*)"', graph)) == {
        ("company.foreign_percent", "term small/foreign"),
        ("term small/foreign", "rule small/too-foreign"),
        ("company.foreign_percent", "rule small/open"),
        ("param small/cap", "rule small/open"),
    }
    assert graph.count("{") == graph.count("}") == 2
    explain(law, "company.foreign_percent", "-o", "readers.dot")
    assert (law.folder / "readers.dot").read_text(encoding="utf-8") == graph


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["company.foriegn_percent"], "Did you mean 'company.foreign_percent'?"),
        (["company.foreign_percent", "-f", "html"], "A fact has no page."),
        (["small", "-f", "dot"], "-f dot needs a fact"),
        (["smal"], "there is no policy 'smal'. Did you mean 'small'?"),
    ],
)
def test_what_cannot_be_shown(law: Console, arguments: list[str], told: str) -> None:
    ran = law("explain", *arguments, "--law", "law")
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_no_rule_that_names_a_fact_is_left_out() -> None:
    """The shipped law, compared with a plain search of the trees."""
    bundle = shipped_bundle()
    for field in ("foreign_percent", "mainland_entity", "registered"):
        named = {
            rule.name
            for policy in bundle.policies.values()
            for rule in policy.rules
            for expression in rule.compiled
            for node in walk(expression.tree)
            if isinstance(node, Fact) and node.root in ("company", "operator") and node.names[:1] == (field,)
        }
        readers = find_readers(bundle, find_fact(bundle, f"company.{field}"))
        assert {f"{one.policy.id}/{one.name.partition('/')[0]}" for one in readers if one.kind == "rule"} == named
        assert len(named) > 5


def test_a_rule_and_a_list_are_found_by_their_short_names(console: Console) -> None:
    whole = console("explain", "vats-pilot-2024/pilot-access").out
    assert console("explain", "pilot-access").out == whole
    assert console("explain", "offers").out == console("explain", "services.offers").out
    several = console("explain", "annual-report")
    assert several.code == 2
    assert "'annual-report' is the name of several rules. Known: " in several.err
    assert "foreign-investment-law/annual-report" in several.err
    assert "there is no policy 'nothing'" in console("explain", "nothing").err
