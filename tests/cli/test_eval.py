"""`vatspolicy eval`: values of expressions under three-valued logic."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.expression_value import evaluate_expression, type_expression
from vatspolicy.core.profile.profile import load_profile

SPEC = str(fixture_file("cloud-hosting-beijing"))
DAY = "2027-03-01"


def values(console: Console, expression: str, *options: str) -> list[dict[str, Any]]:
    ran = console("eval", expression, "--spec", SPEC, "-f", "json", *options)
    assert ran.code == 0, ran.err
    found: list[dict[str, Any]] = json.loads(ran.out)["values"]
    return found


def test_a_value_stands_above_its_clauses(console: Console) -> None:
    ran = console("eval", "company.foreign_percent > 50.0 && service.hosting == 'overseas'", "--spec", SPEC)
    assert ran.code == 0
    assert ran.out == (
        "hosting: false\n  true     company.foreign_percent > 50.0\n  false    service.hosting == 'overseas'\n"
    )


def test_a_missing_fact_leaves_it_unknown_and_is_named(console: Console) -> None:
    (one,) = values(console, "company.foreign_percent > 50.0", "--set", "company.foreign_percent=")
    assert one["value"] is None
    assert one["missing"] == ["company.foreign_percent"]
    (other,) = values(console, "company.foreign_percent > 50.0 || true", "--set", "company.foreign_percent=")
    assert (other["value"], other["missing"]) == (True, [])


def test_the_subject_is_the_first_that_fits_or_the_one_named(console: Console) -> None:
    assert values(console, "company.registered_capital_rmb")[0]["subject"] == {"service": None, "class": None}
    assert values(console, "service.hosting")[0]["subject"] == {"service": "hosting", "class": None}
    assert values(console, "activity.class")[0] == {
        "subject": {"service": "hosting", "class": "B11"},
        "value": "B11",
        "clauses": [{"text": "activity.class", "value": "B11", "depth": 0}],
        "missing": [],
    }
    assert values(console, "true", "--each", "service")[0]["subject"]["service"] == "hosting"


def test_terms_and_parameters_of_a_policy(console: Console) -> None:
    (one,) = values(console, "term.in_region && activity.class in param.opened_classes", "--policy", "vats-pilot-2024")
    assert one["value"] is True
    assert {clause["depth"] for clause in one["clauses"]} == {0}
    (day,) = values(console, "activity.class in param.opened_classes", "--policy", "vats-pilot-2024", "--as-of", DAY)
    assert day["value"] is True


@pytest.mark.parametrize(
    ("expression", "options", "message"),
    [
        ("company.foreign_percnt > 50.0", (), "expression:1:9: company has no 'foreign_percnt'. Did you mean"),
        ("company.foreign_percent >", (), "expression:1:"),
        ("service.hosting == 'mainland'", ("--each", "product"), "expression:1:1: "),
        ("term.in_regio", ("--policy", "vats-pilot-2024"), "expression:1:"),
    ],
)
def test_a_mistake_has_its_place(console: Console, expression: str, options: tuple[str, ...], message: str) -> None:
    ran = console("eval", expression, "--spec", SPEC, *options)
    assert (ran.code, ran.out) == (3, "")
    assert ran.err.startswith(message)


def test_an_unknown_policy_is_a_mistake_on_the_command_line(console: Console) -> None:
    ran = console("eval", "true", "--spec", SPEC, "--policy", "vats-pilot")
    assert ran.code == 2
    assert "vats-pilot-2024" in ran.err


@pytest.mark.parametrize("fixture", ["cloud-hosting-beijing", "marketplace-hangzhou", "saas-rented-cloud"])
def test_conditions_of_rules_have_the_values_that_the_decision_has(fixture: str) -> None:
    """Each rule that fired for a subject has a true condition there, by the same words."""
    bundle, profile = shipped_bundle(), load_profile(Path(fixture_file(fixture)))
    day = profile.launch or DAY
    decision = evaluate(bundle, profile, day)
    checked = 0
    for finding in (*decision.denials, *decision.needs, *decision.duties):
        if finding.state != "fires":
            continue
        policy = bundle.policies[finding.rule.policy]
        each, tree = type_expression(bundle, finding.rule.when.text, finding.rule.each, policy)
        found = {
            one.subject: one.value
            for one in evaluate_expression(bundle, profile, day, each, finding.rule.when.text, tree, policy)
        }
        assert found[finding.subject] is True, finding.rule.name
        checked += 1
    assert checked > 3
