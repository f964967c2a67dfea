"""Mistakes that leave a law consistent: no analysis can see them, while a test of the policy and `diff` do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.authoring.analysis.test_findings import Fault, X, Y, names, service, write
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.testing.cases import cases_of
from vatspolicy.policies.bundle import Bundle, load_bundle

PARAMETERS = """\
parameters:
  filing_percent: {values: [{from: '2020-01-01', cite: art-1, value: 10.0}]}
  approval_percent: {values: [{from: '2020-01-01', cite: art-1, value: 30.0}]}
  posts: {values: [{from: '2020-01-01', cite: art-1, value: [comments, user-posts]}]}
"""
SOUND = Fault(
    "none",
    (),
    (
        service("filing", f"{X} && operator.foreign_percent >= param.filing_percent", "advise: {kind: verify}"),
        service(
            "approval",
            '"own-shop" in service.offers && operator.foreign_percent >= param.approval_percent',
            "deny: {reason: SECTOR-NOT-OPEN}",
            "from: '2021-01-01'",
        ),
        service("posts", "service.features.exists(f, f in param.posts)", "advise: {kind: note}"),
    ),
    head=("parameters:\n", PARAMETERS),
)
"""A law without a mistake: two thresholds, a date and a list besides those of the other tests."""
BASE = """\
base:
  company: {foreign_percent: 20, mainland_entity: true}
  services: [{id: s, offers: [own-shop], features: [accounts], operated_by: company, audience: public}]
cases:
"""


@dataclass(frozen=True)
class Mistake:
    """Texts of the sound law that are replaced, and a test case that passes in the sound law."""

    changes: tuple[tuple[str, str], ...]
    case: str


MISSED = {
    "thresholds swapped between two rules": Mistake(
        (("value: 10.0", "value: 29.0"), ("value: 30.0", "value: 10.0"), ("value: 29.0", "value: 30.0")),
        "{filing: fires, approval: silent}",
    ),
    "a threshold with the wrong number": Mistake((("value: 30.0", "value: 20.0"),), "{approval: silent}"),
    "another comparison": Mistake(
        ((">= param.filing_percent", "> param.filing_percent"),), "{filing: fires}, set: {company.foreign_percent: 10}"
    ),
    "a wrong word in a list": Mistake(
        (("[comments, user-posts]", "[comments, accounts]"),), "{posts: silent}"
    ),
    "a wrong first day": Mistake(
        (("from: '2021-01-01'", "from: '2027-01-01'"),), "{approval: fires}, set: {company.foreign_percent: 40}"
    ),
    "another authority": Mistake(
        (("Permit, zh: 许可}, authority: [{when: 'true', is: miit", "Permit, zh: 许可}, authority: [{when: 'true', is: provincial-ca"),),
        "{permit: unmet}, authority: {permit: [miit]}",
    ),
    "a rule left out": Mistake(
        ((service("report", Y, "duty: {instrument: report, due: {within: 10, unit: calendar-day, after: launch}}"), ""),),
        "{report: fires}, set: {services.0.features: [comments]}",
    ),
}  # fmt: skip


def law_with(folder: Path, mistake: Mistake, changes: tuple[tuple[str, str], ...]) -> Bundle:
    path = write(folder, SOUND) / "law.yaml"
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")
    case = f"  - {{it: holds, as_of: '2026-01-01', expect: {mistake.case}}}\n"
    path.with_suffix(".test.yaml").write_text(BASE + case, encoding="utf-8")
    return load_bundle(folder)


@pytest.fixture(scope="module")
def found_in_sound_law(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, tuple[str, ...]]]:
    """Findings of all kinds: services of which so small a law does not speak, and facts that it does not read."""
    report = run_analysis(AnalysisRequest(write(tmp_path_factory.mktemp("sound") / "law", SOUND), properties=False))
    assert {finding.kind for finding in report.findings} == {"gap", "unread-fact"}
    return set(names(report.findings))


@needs_solver
@pytest.mark.parametrize("name", MISSED)
def test_a_mistake_that_leaves_the_law_consistent_is_missed_and_a_test_notices_it(
    name: str, tmp_path: Path, found_in_sound_law: set[tuple[str, tuple[str, ...]]]
) -> None:
    mistake = MISSED[name]
    sound, faulty = (
        law_with(tmp_path / side, mistake, changes) for side, changes in (("a", ()), ("b", mistake.changes))
    )
    report = run_analysis(AnalysisRequest(tmp_path / "b", properties=False))
    assert set(names(report.findings)) == found_in_sound_law
    assert report.not_evaluated == ()
    [before], [after] = (cases_of(one, one.policies["law"]) for one in (sound, faulty))
    assert before.run() == []
    assert after.run() != []
    assert Differences(RuleSignatures(sound), RuleSignatures(faulty)).names
