"""Coverage: which rules and clauses no test has seen both ways, and the share that a threshold is held against."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import write_policy
from vatspolicy.authoring import scaffold
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.authoring.testing.coverage import Coverage
from vatspolicy.authoring.testing.runner import run_tests
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.reports.test_run import text

POLICY = """\
id: two
version: 1.0.0
title: {en: Two, zh: 二}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: primary}
terms:
  busy: service.audience == "public"
rules:
  - id: seen
    cite: [art-1]
    each: service
    when: term.busy && service.offers.exists(o, o == "cdn")
    advise: {kind: note}
    message: {en: Seen., zh: 已见。}
  - id: unseen
    cite: [art-1]
    each: service
    when: service.audience == "own-group" && "saas" in service.offers
    advise: {kind: note}
    message: {en: Unseen., zh: 未见。}
tests:
  base:
    services: [{id: s, offers: [cdn], audience: public}]
  cases:
    - {it: applies, as_of: '2026-01-01', expect: {seen: fires}}
"""
SILENT = "    - {it: is silent, as_of: '2026-01-01', set: {services.0.audience: business}, expect: {seen: silent}}\n"
OTHER = "    - {it: has no network, as_of: '2026-01-01', set: {services.0.offers: [saas]}, expect: {seen: silent}}\n"
GROUP = "    - {it: is for a group, as_of: '2026-01-01', set: {services.0.audience: own-group, services.0.offers: [saas]}, expect: {unseen: fires}}\n"


def bundle_of(folder: Path, text: str) -> Bundle:
    folder.mkdir(exist_ok=True)
    (folder / "bundle.yaml").write_text(scaffold.bundle())
    write_policy(folder / "two.yaml", text)
    return load_bundle(folder)


def coverage_of(bundle: Bundle) -> Coverage:
    coverage = Coverage(bundle)
    for case in policy_cases(bundle):
        coverage.note(case)
    return coverage


def gaps(bundle: Bundle) -> list[tuple[int, str, tuple[str, ...]]]:
    return [(gap.line, gap.name, gap.never) for gap in coverage_of(bundle).gaps()]


def test_gaps_are_named_with_their_lines(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "law", POLICY)
    assert sorted(gaps(bundle)) == [
        (10, 'service.audience == "public"', ("false",)),
        (15, 'o == "cdn"', ("false",)),
        (15, 'service.offers.exists(o, o == "cdn")', ("false",)),
        (21, '"saas" in service.offers', ("true",)),
        (21, 'service.audience == "own-group"', ("true",)),
    ]


def test_each_test_closes_its_gap(tmp_path: Path) -> None:
    def share(tests: str) -> float:
        return coverage_of(bundle_of(tmp_path / "law", POLICY + tests)).share()

    assert [share(tests) for tests in ("", SILENT, SILENT + OTHER, SILENT + OTHER + GROUP)] == [50, 60, 90, 100]
    assert gaps(load_bundle(tmp_path / "law")) == []


def test_a_clause_is_seen_as_unknown_neither_way(tmp_path: Path) -> None:
    unknown = "    - {it: asks, as_of: '2026-01-01', unset: [services.0.audience], expect: {seen: unknown}}\n"
    assert coverage_of(bundle_of(tmp_path / "law", POLICY + unknown)).share() == 50.0


def test_a_rule_that_is_not_in_force_is_not_seen(tmp_path: Path) -> None:
    text = POLICY.replace("as_of: '2026-01-01', expect: {seen: fires}", "as_of: '2019-12-31', expect: {seen: silent}")
    coverage = coverage_of(bundle_of(tmp_path / "law", text))
    assert coverage.share() == 0.0


def test_states(tmp_path: Path) -> None:
    bundle = bundle_of(tmp_path / "law", POLICY + SILENT)
    coverage = coverage_of(bundle)
    assert coverage.states(bundle.rule("two/seen")) == {"fires", "silent"}
    assert coverage.states(bundle.rule("two/unseen")) == {"silent"}


def test_a_bundle_without_clauses_is_covered(tmp_path: Path) -> None:
    text = re.sub(r"    when: .*", "    when: 'true'", POLICY).replace(
        'terms:\n  busy: service.audience == "public"\n', ""
    )
    text = text.replace("{seen: fires}", "{seen: fires, unseen: fires}")
    assert coverage_of(bundle_of(tmp_path / "law", text)).share() == 100.0


@pytest.mark.parametrize(("threshold", "code"), [(None, 0), (50.0, 0), (50.1, 1), (100.0, 1), (0.0, 0)])
def test_a_threshold(tmp_path: Path, threshold: float | None, code: int) -> None:
    report = run_tests(bundle_of(tmp_path / "law", POLICY), None, None, True, threshold)
    assert report.exit_code == code
    assert ("below the threshold" in text(report, "en")) is bool(code)


def test_the_report(console: Console) -> None:
    bundle_of(console.folder / "law", POLICY)
    ran = console("test", "--law", "law", "--coverage")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert 'law/two.yaml:10: never false: service.audience == "public"' in lines
    assert 'law/two.yaml:21: never true: "saas" in service.offers' in lines
    assert "law/two.yaml:18: never fires: two/unseen" in lines
    assert lines[-2:] == ["50.0 % of clause outcomes covered", "1 passed, 0 failed"]
    assert "covered" not in console("test", "--law", "law").out


def test_a_threshold_measures_by_itself(console: Console) -> None:
    bundle_of(console.folder / "law", POLICY)
    ran = console("test", "--law", "law", "--threshold", "99.5")
    assert (ran.code, ran.out.splitlines()[-2]) == (1, "below the threshold of 99.5 %")
    for bad in ("101", "-1", "most"):
        assert console("test", "--law", "law", "--threshold", bad).code == 2


def test_a_failed_test_fails_whatever_is_covered(console: Console) -> None:
    bundle_of(console.folder / "law", POLICY.replace("{seen: fires}", "{seen: silent}"))
    assert console("test", "--law", "law", "--threshold", "0").code == 1


def test_the_law_as_copied_covers_itself(bundle: Bundle) -> None:
    assert coverage_of(bundle).share() > 95
