"""`vatspolicy bench`: time of decisions, rule by rule."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule, write_policy
from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.authoring.timing import measure_decisions
from vatspolicy.core.policies.cost import rule_cost
from vatspolicy.core.profile.profile import load_profile

SPEC = str(fixture_file("hosting-lingang-2024"))
OTHER = str(fixture_file("company-site"))
DAY = "2026-11-26"


def test_rules_are_those_that_the_decision_evaluates() -> None:
    law = shipped_bundle()
    timing = measure_decisions(law, [(SPEC, load_profile(SPEC), DAY)])
    named = {one.name: one for one in timing.rules}
    pilot = named["vats-pilot-2024/pilot-access"]
    assert (pilot.steps, pilot.evaluations > 1) == (rule_cost(law, law.rule(pilot.name)), True)
    assert "telecom-regulations/vats-license" in named  # an instrument: what a held license covers
    assert not any(name.startswith("minors-platforms") for name in named)  # the index leaves them out
    assert 0 < sum(one.seconds for one in timing.rules) < timing.seconds < 1
    assert [one.seconds for one in timing.rules] == sorted((one.seconds for one in timing.rules), reverse=True)


def test_a_costly_rule_of_an_own_law_is_the_first(console: Console, tmp_path: Path) -> None:
    folder = tmp_path / "law"
    folder.mkdir()
    (folder / "bundle.yaml").write_text("version: 1.2.3\ncovers: {from: '2020-01-01'}\n")
    loops = "services.exists(a, services.exists(b, services.exists(c, a.id == b.id && b.id == c.id && a.id == company.name)))"
    head = """\
id: own
version: 1.0.0
title: {en: Own, zh: 自}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: secondary}
rules:
"""
    advise = "advise: {kind: verify}"
    write_policy(
        folder / "own.yaml", head + rule("fast", "product", "true", advise) + rule("slow", "product", loops, advise)
    )
    spec = tmp_path / "spec.yaml"
    services = "".join(f"  - {{id: s{index}}}\n" for index in range(18))
    spec.write_text(f"schema: 2\nproduct: {{id: p}}\ncompany: {{name: Somebody}}\nservices:\n{services}")
    ran = console("bench", str(spec), "--law", str(folder), "--as-of", "2026-01-01", "-f", "json")
    assert ran.code == 0, ran.err
    data = json.loads(ran.out)
    assert [one["rule"] for one in data["rules"]] == ["own/slow", "own/fast"]
    assert data["rules"][0]["share"] > 0.5
    assert data["rules"][0]["milliseconds"] > 20 * data["rules"][1]["milliseconds"]
    assert [(one["as_of"], one["milliseconds"] > 0) for one in data["specs"]] == [("2026-01-01", True)]


def test_the_report_shows_the_slowest_rules_and_the_rest(console: Console) -> None:
    ran = console("bench", SPEC, OTHER, "--limit", "2")
    assert ran.code == 0, ran.err
    first, _, blank, head, *rows = ran.out.splitlines()
    assert first.startswith("2 specs: a decision takes 0.")
    assert blank == ""
    assert head.split() == ["share", "ms", "evaluations", "steps", "at", "most", "rule"]
    assert len(rows) == 4
    assert "other rules" in rows[2]
    assert "choosing the rules" in rows[3]
    shares = [float(row.split("%")[0]) for row in rows]
    assert sum(shares) == pytest.approx(100, abs=1)
    assert console("bench", SPEC, "--lang", "zh").out.startswith("1份文件：")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 2, "no spec given"),
        (("nothing-*.yaml",), 5, "no spec found at 'nothing-*.yaml'"),
        (("missing.yaml",), 3, "This file does not exist."),
        ((SPEC, "--as-of", "2099-01-01"), 2, "more than five years after"),
    ],
)
def test_what_cannot_be_measured_is_said(console: Console, arguments: tuple[str, ...], code: int, message: str) -> None:
    ran = console("bench", *arguments)
    assert (ran.code, message in ran.err, ran.out) == (code, True, "")
