"""Defects that were planted, each of which an analysis must find, and laws without any, in which it must find none."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import HEAD, route, rule
from vatspolicy.authoring.analysis.findings import KINDS, AnalysisFinding
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.authoring.testing.cases import cases_of
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt)"),
]

WHOLE = tuple(kind for kind in KINDS if kind not in ("accepted-not-found", "unread-fact"))
PARAMETERS = """\
parameters:
  least:
    values:
      - {from: '2020-01-01', cite: art-1, value: 100}
      - {from: '2022-01-01', cite: art-1, value: 200}
terms:
  small: company.registered_capital_rmb < param.least
"""
DENY, NEED = "deny: {reason: CAPITAL-TOO-LOW}", "need: {instrument: permit}"
DUE = "duty: {instrument: report, due: {within: 10, unit: calendar-day, after: launch}}"
INSTRUMENTS = """\
instruments:
  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'true', is: miit}]}
  report: {title: {en: Report, zh: 报告}, authority: [{when: 'true', is: miit}]}
  vats-license: {title: {en: License, zh: 许可证}, authority: [{when: 'true', is: miit}]}
"""
BASE = [
    rule("center", "service", '"data-center" in service.offers', "classify: {classes: [B11]}"),
    rule("shop", "service", '"own-shop" in service.offers', "classify: {classes: not-telecommunications}"),
    rule("rest", "service", 'service.offers.exists(o, !(o in ["data-center", "own-shop"]))', "classify: {classes: not-telecommunications}"),
    rule("license", "activity", "true", "need: {through: vats-license}"),
    route("domestic", "operator.foreign_percent == 0.0", "local|false|NO-LOCAL-ENTITY|operator.mainland_entity"),
    route("joint", "operator.foreign_percent > 0.0", cap="50.0"),
    rule("capital", "service", '"data-center" in service.offers && term.small', DENY),
    rule("permit", "service", '"accounts" in service.features', NEED),
    rule("report", "service", '"comments" in service.features', DUE),
]  # fmt: skip
"""Rules of a law without a defect."""


@dataclass(frozen=True)
class Fault:
    """A planted defect: rules added to the sound law (or a text replaced), and what must be found of it."""

    kind: str
    about: tuple[str, ...]
    more: tuple[str, ...] = ()
    replace: tuple[str, str] | None = None
    head: tuple[str, str] | None = None


def service(id: str, when: str, effect: str, extra: str = "") -> str:
    return rule(id, "service", when, effect, extra)


X = '"accounts" in service.features'
Y = '"comments" in service.features'
AI = "service.ai.model == "
FAULTS = {
    # never applies
    "numbers that exclude each other": Fault("dead", ("law/x",), (service("x", "operator.foreign_percent >= 4.0 && operator.foreign_percent < 3.0", DENY),)),
    "against an invariant": Fault("dead", ("law/x",), (service("x", f"{X} && company.mainland_entity && company.registered.province == \"overseas\"", DENY),)),
    "two places at once": Fault("dead", ("law/x",), (service("x", 'operator.registered.at == "beijing" && operator.registered.province == "hainan"', DENY),)),
    "a class that no rule finds": Fault("dead", ("law/x",), (rule("x", "activity", 'activity.class == "B12"', DENY),)),
    "a word and its opposite": Fault("dead", ("law/x",), (service("x", f"{X} && !({X})", NEED),)),
    "a day outside its dates": Fault("dead", ("law/x",), (service("x", f'{X} && as_of < "2020-01-01"', DENY),)),
    "an advice nobody gets": Fault("dead", ("law/x",), (service("x", f'{Y} && service.features.size() == 0', "advise: {kind: verify}"),)),
    "a route that is never open": Fault("dead", ("law/x",), (route("x", "operator.foreign_percent > 60.0", cap="50.0"),)),
    # the same twice
    # contradictions
    "a route to what is prohibited": Fault("conflict", ("law/joint", "law/x"), (rule("x", "activity", 'operator.foreign_percent > 0.0 && activity.class == "B11"', "deny: {reason: SECTOR-NOT-OPEN}"),)),
    "a need in vain": Fault("conflict", ("law/permit", "law/x"), (service("x", X, "deny: {reason: PROHIBITED-SECTOR}"),)),
    "two deadlines": Fault("conflict", ("law/report", "law/x"), (service("x", Y, DUE.replace("10", "20")),)),
    "deadlines of two kinds": Fault("conflict", ("law/report", "law/x"), (service("x", Y, DUE.replace("{within: 10, unit: calendar-day, after: launch}", "{before: launch}")),)),
    "curable and not": Fault("conflict", ("law/x", "law/capital"), (service("x", '"data-center" in service.offers && term.small', DENY.replace("LOW", "LOW, curable: true")),)),
    # nobody speaks
    "an offer without a class": Fault("gap", ("offers=own-shop",), replace=('"own-shop" in', '"membership" in')),
    "a class without a license": Fault("gap", ("class=B12",), (service("cdn", '"cdn" in service.offers', "classify: {classes: [B12]}"), rule("x", "activity", "true", "advise: {kind: note}")), replace=("each: activity, when: 'true', need", "each: activity, when: 'activity.class != \"B12\"', need")),
    "a class without a rule": Fault("gap", ("class=B12",), (service("cdn", '"cdn" in service.offers', "classify: {classes: [B12]}"),), replace=("each: activity, when: 'true'", "each: activity, when: 'activity.class == \"B11\"'")),
    # undecided for no reason
    # says the same without
    # dates
    "a month between two versions that differ": Fault("dates-missing", ("law/a", "law/b"), (service("a", f"{X} && {Y}", "deny: {reason: REGION-MISMATCH}", "until: '2023-01-01'"), service("b", X, "deny: {reason: REGION-MISMATCH}", "from: '2023-02-01'"))),
    "two versions at once": Fault("dates-overlap", ("law/a", "law/b"), (service("a", f"{X} && {Y}", "deny: {reason: REGION-MISMATCH}", "until: '2024-01-01'"), service("b", f"{X} && {Y}", "deny: {reason: REGION-MISMATCH}", "from: '2023-01-01'"))),
    "a month without law": Fault("dates-missing", ("law/a", "law/b"), (service("a", f"{X} && {Y}", "deny: {reason: REGION-MISMATCH}", "until: '2023-01-01'"), service("b", f"{X} && {Y}", "deny: {reason: REGION-MISMATCH}", "from: '2023-02-01'"))),
    "an instrument before its number": Fault("dates-missing", ("law/late", "permit"), replace=("  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'true', is: miit}]}", "  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'company.registered_capital_rmb < param.late', is: miit}, {when: 'true', is: miit}]}"), head=("parameters:\n", "parameters:\n  late: {values: [{from: '2024-01-01', cite: art-1, value: 5}]}\n")),
    # nobody reads
    "a number nobody reads": Fault("unused-parameter", ("law/idle",), head=("parameters:\n", "parameters:\n  idle: {values: [{from: '2020-01-01', cite: art-1, value: 5}]}\n")),
    "a value of no day": Fault("unused-parameter", ("law/idle",), (service("x", f"{X} && company.registered_capital_rmb < param.idle", "advise: {kind: verify}", "from: '2024-01-01'"),), head=("parameters:\n", "parameters:\n  idle: {values: [{from: '2020-01-01', cite: art-1, value: 5}, {from: '2023-01-01', cite: art-1, value: 6}]}\n")),
    "a term nobody uses": Fault("unused-term", ("law/idle",), head=("terms:\n", f"terms:\n  idle: '{X}'\n")),
    # decides nothing
}  # fmt: skip


def write(folder: Path, fault: Fault | None) -> Path:
    """The sound law with a defect in it."""
    folder.mkdir()
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n")
    head, rules = HEAD.format(id="law") + INSTRUMENTS + PARAMETERS, "rules:\n" + "".join(BASE)
    if fault is not None:
        rules += "".join(fault.more)
        if fault.replace is not None:
            assert fault.replace[0] in head + rules
            head, rules = head.replace(*fault.replace), rules.replace(*fault.replace)
        if fault.head is not None:
            assert fault.head[0] in head
            head = head.replace(*fault.head)
    (folder / "law.yaml").write_text(head + rules)
    return folder


def names(findings: tuple[AnalysisFinding, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((finding.kind, finding.about) for finding in findings)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_defect_is_found(name: str, tmp_path: Path) -> None:
    fault = FAULTS[name]
    folder = write(tmp_path / "law", fault)
    report = run_analysis(AnalysisRequest(LawStack(folder), kinds=(fault.kind,), properties=False))
    found = [finding for finding in report.findings if set(finding.about) == set(fault.about)]
    assert found, f"{fault.about} is not among {list(names(report.findings))}, {report.not_evaluated}"
    assert found[0].line > 1
    assert not report.not_evaluated
    confirm(load_bundle(folder), found[0])


def confirm(bundle: Bundle, finding: AnalysisFinding) -> None:
    """A witness is a profile, and its test case passes where it belongs."""
    if finding.witness is None:
        assert not KINDS[finding.kind].solver
        return
    assert finding.as_of is not None
    evaluate(bundle, load_profile(dict(finding.witness)), finding.as_of)
    if finding.case_for == "fixture":
        assert "decisions:" in finding.case
        return
    policy = bundle.policies[finding.about[0].partition("/")[0]]
    path = Path(policy.file)
    cases = "\n".join(f"  {line}" for line in finding.case.splitlines())
    tests = f"base: {{company: {{}}, services: [{{id: s}}]}}\ncases:\n{cases}\n"
    path.with_suffix(".test.yaml").write_text(tests, encoding="utf-8")
    again = load_bundle(path.parent)
    [case] = cases_of(again, again.policies[policy.id])
    assert case.run() == []


def test_a_sound_law_has_no_finding(tmp_path: Path) -> None:
    report = run_analysis(AnalysisRequest(LawStack(write(tmp_path / "law", None)), kinds=WHOLE, properties=False))
    assert list(names(report.findings)) == []
    assert report.not_evaluated == ()
    assert report.exit_code == 0


def test_a_rule_on_long_lists_is_not_taken_for_dead(tmp_path: Path) -> None:
    many = (
        service("x", f"{X} && services.size() > 3", "advise: {kind: verify}"),
        service("z", f"{Y} && service.area.size() > 4", "advise: {kind: note}"),
    )
    kinds = ("dead", "conflict")
    report = run_analysis(
        AnalysisRequest(LawStack(write(tmp_path / "law", Fault("dead", (), many))), kinds, properties=False)
    )
    assert list(names(report.findings)) == []
    assert report.not_evaluated == ()


def test_only_what_a_change_touches_is_looked_at(console: Console, tmp_path: Path) -> None:
    old = write(tmp_path / "old", FAULTS["numbers that exclude each other"])
    same = console("analyze", "--law", old, "--since", old)
    assert (same.code, "0 rules, 0 findings failing" in same.out) == (0, True)
    both = Fault("dead", (), (*FAULTS["numbers that exclude each other"].more, service("z", f"{X} && !({X})", NEED)))
    new = write(tmp_path / "new", both)
    ran = console("analyze", "--law", new, "--since", old, "--kind", "dead", "--kind", "conflict")
    assert ran.code == 1
    assert "1 rule, 1 finding failing" in ran.out
    assert "z never applies" in ran.out
    assert console("analyze", "--law", new, "--kind", "dead").out.count("never applies") == 2
    assert console("analyze", "--law", new, "--since", "no-such-revision").code == 2


@pytest.mark.parametrize(
    ("before", "after", "clause"),
    [
        (
            service("x", f"{X} && operator.foreign_percent < 3.0", DENY),
            service("x", f"operator.foreign_percent >= 4.0 && {X} && operator.foreign_percent < 3.0", DENY),
            "operator.foreign_percent >= 4.0",
        ),
        (
            route("x", "operator.foreign_percent > 60.0", "share|false|NO-LOCAL-ENTITY|operator.mainland_entity"),
            route(
                "x", "operator.foreign_percent > 60.0", "share|false|NO-LOCAL-ENTITY|operator.foreign_percent < 50.0"
            ),
            "operator.foreign_percent < 50.0",
        ),
    ],
    ids=["rule", "route"],
)
def test_a_dead_rule_is_blamed_on_the_clause_that_was_added(
    console: Console, tmp_path: Path, before: str, after: str, clause: str
) -> None:
    old = write(tmp_path / "old", Fault("dead", (), (before,)))
    new = write(tmp_path / "new", Fault("dead", (), (after,)))
    told = console("analyze", "--law", new, "--since", old, "--kind", "dead").out
    assert f"x never applies to any profile because of the added clause {clause}." in " ".join(told.split())
    assert "because of the added clause" not in console("analyze", "--law", new, "--kind", "dead").out


def test_gaps_are_asked_only_of_a_change_that_may_open_one(console: Console, tmp_path: Path) -> None:
    old = write(tmp_path / "old", None)
    fault = FAULTS["an offer without a class"]
    new = write(tmp_path / "new", fault)
    assert "offers own-shop" in console("analyze", "--law", new, "--since", old, "--kind", "gap").out
    removed = write(tmp_path / "removed", None)
    path = removed / "law.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(BASE[1], ""), encoding="utf-8")
    assert "offers own-shop" in console("analyze", "--law", removed, "--since", old, "--kind", "gap").out
    beside = write(tmp_path / "beside", Fault("gap", (), (service("x", Y, "advise: {kind: note}"),)))
    ran = console("analyze", "--law", beside, "--since", old, "--kind", "gap")
    assert (ran.code, "1 rule, 0 findings failing" in ran.out) == (0, True)


def test_a_fact_that_nobody_reads_any_more(tmp_path: Path) -> None:
    reader = service("x", f'{X} && company.legal_form == "partnership"', "deny: {reason: REGION-MISMATCH}")
    found = []
    for name, more in (("read", (reader,)), ("unread", ())):
        folder = write(tmp_path / name, Fault("unread-fact", (), more))
        report = run_analysis(AnalysisRequest(LawStack(folder), kinds=("unread-fact",), properties=False))
        found.append({about for kind, about in names(report.findings) if kind == "unread-fact"})
    assert found[1] - found[0] == {("company.legal_form",)}
    assert found[0] < found[1]


def test_the_planted_defects_are_of_all_kinds() -> None:
    assert len(FAULTS) >= 20
    assert {fault.kind for fault in FAULTS.values()} == set(KINDS) - {"accepted-not-found", "unread-fact"}


def test_an_acceptance_names_a_finding(tmp_path: Path) -> None:
    folder = write(tmp_path / "law", FAULTS["a need in vain"])
    entry = "  - {kind: conflict, about: [%s], reason: {en: On purpose., zh: 有意为之。}}\n"
    (folder / "properties.yaml").write_text(f"accepted:\n{entry % 'law/permit, law/x'}")
    report = run_analysis(AnalysisRequest(LawStack(folder), kinds=("conflict",), properties=False))
    assert [finding.accepted for finding in report.findings] == ["On purpose."]
    assert report.exit_code == 0
    (folder / "properties.yaml").write_text(f"accepted:\n{entry % 'law/permit, law/z'}")
    report = run_analysis(AnalysisRequest(LawStack(folder), kinds=("conflict",), properties=False))
    assert sorted(finding.kind for finding in report.findings) == ["accepted-not-found", "conflict"]
    assert report.exit_code == 1
