"""Mistakes that leave a law consistent: no analysis can see them, while a test of the policy and `diff` do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.authoring.analysis.test_findings import Fault, X, Y, names, service, write
from tests.support.effort import part
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.testing.cases import cases_of
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.policies.bundle import Bundle, load_bundle

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
  company: {foreign_percent: 20, foreign_percent_basis: ultimate, mainland_entity: true}
  services: [{id: s, offers: [own-shop], features: [accounts], operated_by: company, audience: public}]
cases:
"""


@dataclass(frozen=True)
class Mistake:
    """Texts of the sound law that are replaced, and a test case that passes in the sound law."""

    changes: tuple[tuple[str, str], ...]
    case: str


MISSED = {
    "a threshold with the wrong number": Mistake((("value: 30.0", "value: 20.0"),), "{approval: silent}"),
    "another comparison": Mistake(
        ((">= param.filing_percent", "> param.filing_percent"),), "{filing: fires}, set: {company.foreign_percent: 10}"
    ),
    "a wrong word in a list": Mistake((("[comments, user-posts]", "[comments, accounts]"),), "{posts: silent}"),
    "a wrong first day": Mistake((("from: '2021-01-01'", "from: '2027-01-01'"),), "{approval: fires}, set: {company.foreign_percent: 40}"),
    "another authority": Mistake(
        (("Permit, zh: 许可}, authority: [{when: 'true', is: miit", "Permit, zh: 许可}, authority: [{when: 'true', is: provincial-ca"),),
        "{permit: unmet}, authority: {permit: [miit]}",
    ),
    "a rule left out": Mistake(
        ((service("report", Y, "duty: {instrument: report, due: {within: 10, unit: calendar-day, after: launch}}"), ""),),
        "{report: fires}, set: {services.0.features: [comments]}",
    ),
}  # fmt: skip

SWAP = Mistake(
    (("value: 10.0", "value: 29.0"), ("value: 30.0", "value: 10.0"), ("value: 29.0", "value: 30.0")),
    "{filing: fires, approval: silent}",
)
"""Thresholds swapped between two rules that have nothing to do with each other."""
GRADE = """\
properties:
  - id: a-filing-comes-first
    statement: {en: A filing is due at a lower share than an approval., zh: 备案的股比低于批准的股比。}
    cite: [law/art-1]
    ascending: {parameters: [law/filing_percent, law/approval_percent]}
"""


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
    """Findings of all kinds: facts that so small a law does not read."""
    report = run_analysis(
        AnalysisRequest(LawStack(write(tmp_path_factory.mktemp("sound") / "law", SOUND)), properties=False)
    )
    assert {finding.kind for finding in report.findings} == {"unread-fact"}
    return set(names(report.findings))


@needs_solver
@pytest.mark.parametrize("name", part(MISSED, 3))
def test_a_mistake_that_leaves_the_law_consistent_is_missed_and_a_test_notices_it(
    name: str, tmp_path: Path, found_in_sound_law: set[tuple[str, tuple[str, ...]]]
) -> None:
    mistake = MISSED[name]
    sound, faulty = (
        law_with(tmp_path / side, mistake, changes) for side, changes in (("a", ()), ("b", mistake.changes))
    )
    report = run_analysis(AnalysisRequest(LawStack(tmp_path / "b"), properties=False))
    assert set(names(report.findings)) == found_in_sound_law
    assert report.not_evaluated == ()
    [before], [after] = (cases_of(one, one.policies["law"]) for one in (sound, faulty))
    assert before.run() == []
    assert after.run() != []
    assert Differences(RuleSignatures(sound), RuleSignatures(faulty)).names


def test_swapped_thresholds_are_found_where_a_property_grades_them(tmp_path: Path) -> None:
    for side, changes in (("sound", ()), ("swapped", SWAP.changes)):
        law_with(tmp_path / side, SWAP, changes)
        (tmp_path / side / "properties.yaml").write_text(GRADE, encoding="utf-8")
    sound, faulty = (
        run_analysis(AnalysisRequest(LawStack(tmp_path / side), findings=False)) for side in ("sound", "swapped")
    )
    assert [(result.verdict, result.scope["en"]) for result in sound.properties] == [("proved", "all days")]
    assert [(result.verdict, result.as_of) for result in faulty.properties] == [("refuted", "2020-01-01")]
    assert (sound.exit_code, faulty.exit_code) == (0, 1)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("law/filing_share", "There is no parameter law/filing_share."),
        ("law/posts", "The parameter law/posts is not a number."),
    ],
)
def test_a_grade_of_no_number_is_unknown(name: str, reason: str, tmp_path: Path) -> None:
    law_with(tmp_path / "law", SWAP, ())
    (tmp_path / "law/properties.yaml").write_text(GRADE.replace("law/filing_percent", name), encoding="utf-8")
    report = run_analysis(AnalysisRequest(LawStack(tmp_path / "law"), findings=False))
    assert [(result.verdict, result.reason) for result in report.properties] == [("unknown", reason)]
    assert report.exit_code == 4


def test_a_grade_holds_on_each_day(tmp_path: Path) -> None:
    """The lower number rises above the higher one on a later day alone, and before the first value there is none."""
    later = "value: 10.0}, {from: '2022-05-01', cite: art-1, value: 40.0}"
    law_with(
        tmp_path / "law",
        SWAP,
        (
            ("value: 10.0}", later),
            ("from: '2020-01-01', cite: art-1, value: 30.0", "from: '2021-01-01', cite: art-1, value: 30.0"),
        ),
    )
    (tmp_path / "law/properties.yaml").write_text(GRADE, encoding="utf-8")
    [result] = run_analysis(AnalysisRequest(LawStack(tmp_path / "law"), findings=False)).properties
    assert (result.verdict, result.as_of) == ("refuted", "2022-05-01")
    assert result.reason == "law/filing_percent is 40.0 and law/approval_percent is 30.0, from 2022-05-01 on."
