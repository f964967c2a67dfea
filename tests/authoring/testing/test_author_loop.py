"""What an author gets from a test run: why a test fails, a matrix of cases, and expectations that update themselves."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.support.console import Console, Ran
from tests.support.law_builder import SMALL
from vatspolicy.authoring import scaffold
from vatspolicy.authoring.lint.run import run_lint
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.authoring.testing.updates import find_changes
from vatspolicy.cli import console as console_module
from vatspolicy.core.documents import load_document
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.errors import InvalidInput

MARK = "# Check the name and the comments of this test: an update changed"
POLICY = (
    SMALL
    + """\
      max_foreign_percent: param.cap
      conditions:
        - {id: in-china, check: 'operator.mainland_entity == true', message: {en: Here., zh: 境内。}}
    message: {en: Open., zh: 开放。}
  - id: tell
    cite: [art-1]
    each: product
    when: term.foreign && company.mainland_entity == true
    advise: {kind: verify}
    message: {en: Tell., zh: 请核实。}
"""
)
TESTS = """\
base: # a data center
  company: {foreign_percent: 60, foreign_percent_basis: ultimate, mainland_entity: true}
  services: [{id: s, operated_by: company, offers: [data-center]}]
cases:
  # Above the cap.
  - it: opens nothing above half
    as_of: '2026-01-01'
    expect: {open: closed, tell: fires} # both
  - {it: asks, as_of: '2026-01-01', unset: [company.mainland_entity], expect: {tell: unknown}}
  - it: depends on the share
    as_of: '2026-01-01'
    rows:
      - {set: {company.foreign_percent: 50}, expect: {open: open, tell: fires}}
      - {set: {company.foreign_percent: 0}, expect: {open: open, tell: silent}} # domestic
      - {as_of: '2019-12-31', unset: [company.foreign_percent], expect: {tell: silent}}
"""
PROFILE = """\
schema: 2
product: {id: p}
company: {foreign_percent: 60, foreign_percent_basis: ultimate, mainland_entity: true}
services: [{id: s, operated_by: company, offers: [data-center]}]
"""
EXPECTED = """\
why: {en: A center., zh: 中心。}
decisions:
  - as_of: '2026-01-01'
    decision: deny # above the cap
    routes: {s/B11: {general: closed}}
    rules: [small/center, small/licensed]
  - it: asks for the share
    as_of: '2026-01-01'
    unset: [company.foreign_percent]
    decision: incomplete
    range: [needs-license, deny]
    missing: [company.foreign_percent]
"""


@pytest.fixture
def law(console: Console) -> Path:
    folder = console.folder / "policies"
    folder.mkdir()
    (folder / "bundle.yaml").write_text(scaffold.bundle().replace("2026-01-01", "2019-01-01"))
    (folder / "small.yaml").write_text(POLICY)
    (folder / "small.test.yaml").write_text(TESTS)
    console.write("fixtures/p.yaml", PROFILE)
    console.write("fixtures/p.expect.yaml", EXPECTED)
    return folder


def run(console: Console, *options: str) -> tuple[int, str]:
    ran = console("test", "--law", "policies", *options)
    assert ran.err == ""
    return ran.code, ran.out


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


# --- a matrix of cases


def test_each_row_of_a_matrix_is_a_case(console: Console, law: Path) -> None:
    assert run(console) == (0, "7 passed, 0 failed\n")
    names = [case.name for case in policy_cases(load_bundle(law))]
    assert names[2:] == [
        "small: it depends on the share (company.foreign_percent: 50)",
        "small: it depends on the share (company.foreign_percent: 0)",
        "small: it depends on the share (2019-12-31, company.foreign_percent: null)",
    ]
    replace(law / "small.test.yaml", "{open: open, tell: silent}", "{open: open, tell: fires}")
    code, out = run(console)
    assert code == 1
    assert out.splitlines()[0] == f"policies/small.test.yaml:14: {names[3]}"


def test_a_case_has_an_expectation_or_rows(law: Path) -> None:
    replace(law / "small.test.yaml", "    rows:\n", "    expect: {open: open}\n    rows:\n")
    with pytest.raises(InvalidInput, match=r"cases\[2\]"):
        list(policy_cases(load_bundle(law)))
    replace(law / "small.test.yaml", ", expect: {tell: unknown}}", "}")
    with pytest.raises(InvalidInput, match=r"cases\[1\]"):
        list(policy_cases(load_bundle(law)))


def test_lint_sees_the_names_in_rows(console: Console, law: Path) -> None:
    replace(law / "small.test.yaml", "{open: open, tell: silent}", "{opne: open, tell: silent}")
    ran = console("lint", "policies/small.test.yaml")
    assert "small.test.yaml:14:54: cases[2].rows[1].expect.opne: There is no rule 'opne'" in ran.out


# --- why a test fails

CAP = (
    "open/max-foreign-percent: `operator.foreign_percent <= param.cap` is false, "
    "as operator.foreign_percent is 60.0 and param.cap is 50.0"
)
ENTITY = "tell: `company.mainland_entity == true` is unknown, as company.mainland_entity is not stated"


def test_a_failing_test_names_the_condition_and_the_facts(console: Console, law: Path) -> None:
    replace(law / "small.test.yaml", "{open: closed, tell: fires} # both", "{open: open, tell: silent}")
    code, out = run(console)
    assert code == 1
    assert out.splitlines()[1:5] == [
        "    open is closed, not open.",
        "    tell is fires, not silent.",
        f"        {CAP} (policies/small.yaml:37).",
        "        tell: `company.foreign_percent > 0.0` is true, as company.foreign_percent is 60.0 (policies/small.yaml:14).",
    ]
    told = json.loads(run(console, "-f", "json")[1])
    assert [one["reasons"] for one in told["tests"] if one["problems"]] == [
        [line.strip() for line in out.splitlines()[3:6]]
    ]
    assert "operator.foreign_percent is 60.0" in run(console, "-f", "junit")[1]


def test_only_the_clauses_that_decide_are_named(console: Console, law: Path) -> None:
    replace(law / "small.test.yaml", "expect: {tell: unknown}", "expect: {tell: fires}")
    out = run(console)[1].splitlines()
    assert out[2:-1] == [f"        {ENTITY} (policies/small.yaml:44)."]
    replace(
        law / "small.test.yaml",
        "tell: fires}}\n      - {set: {company.foreign_percent: 0}",
        "tell: fires}}\n      - {set: {company.foreign_percent: 0, company.mainland_entity: false}",
    )
    replace(law / "small.test.yaml", "{open: open, tell: silent}}", "{open: open, tell: fires}}")
    out = run(console)[1].splitlines()
    assert [line.split("`")[1] for line in out if "tell: `" in line] == [
        "company.mainland_entity == true",
        "company.foreign_percent > 0.0",
        "company.mainland_entity == true",
    ]


def test_a_rule_that_is_not_in_force(console: Console, law: Path) -> None:
    replace(
        law / "small.test.yaml",
        "company.foreign_percent], expect: {tell: silent}",
        "company.foreign_percent], expect: {tell: fires}",
    )
    assert run(console)[1].splitlines()[2] == "        tell is not in force on this day."


def test_a_fixture_names_the_conditions_behind_its_decision(console: Console, law: Path) -> None:
    expected = console.folder / "fixtures/p.expect.yaml"
    replace(expected, "decision: deny # above the cap", "decision: needs-license")
    replace(expected, "rules: [small/center, small/licensed]", "rules: [small/tell]")
    replace(
        law / "small.yaml",
        "company.mainland_entity == true\n    advise",
        "company.mainland_entity == false\n    advise",
    )
    out = run(console, "-r", "^p:")[1].splitlines()
    assert [line.split(":")[0].strip() for line in out if "`" in line] == ["open/max-foreign-percent", "tell"]
    assert "operator.foreign_percent is 60.0 and param.cap is 50.0" in out[3]


# --- expectations that update themselves


def test_update_rewrites_what_changed_and_keeps_the_rest(console: Console, law: Path) -> None:
    replace(law / "small.yaml", "value: 50.0", "value: 60.0")
    code, out = run(console, "--update", "--yes")
    assert code == 0
    marked = f"  {MARK} open.\n  - it: opens nothing"
    assert (law / "small.test.yaml").read_text(encoding="utf-8") == TESTS.replace(
        "open: closed, tell: fires", "open: open, tell: fires"
    ).replace("  - it: opens nothing", marked)
    expected = EXPECTED.replace("decision: deny # above", "decision: needs-license # above").replace(
        "general: closed", "general: open"
    )
    [first] = re.findall(r"^  - .*$", expected, re.MULTILINE)[:1]
    expected = expected.replace(first, f"  {MARK} decision, routes s/B11 general.\n{first}", 1)
    assert (console.folder / "fixtures/p.expect.yaml").read_text(encoding="utf-8") == expected
    shown = [line for line in out.splitlines() if line[:1] in "+-"]
    assert shown == [
        "--- policies/small.test.yaml",
        "+++ policies/small.test.yaml updated",
        f"+  {MARK} open.",
        "-    expect: {open: closed, tell: fires} # both",
        "+    expect: {open: open, tell: fires} # both",
        "--- fixtures/p.expect.yaml",
        "+++ fixtures/p.expect.yaml updated",
        f"+  {MARK} decision, routes s/B11 general.",
        "-    decision: deny # above the cap",
        "-    routes: {s/B11: {general: closed}}",
        "+    decision: needs-license # above the cap",
        "+    routes: {s/B11: {general: open}}",
    ]
    assert out.endswith("7 passed, 0 failed\n")


def test_update_of_a_row(console: Console, law: Path) -> None:
    replace(law / "small.yaml", "value: 50.0", "value: 49.0")
    assert run(console, "--update", "--yes", "-r", "small")[0] == 0
    assert (law / "small.test.yaml").read_text(encoding="utf-8") == TESTS.replace(
        "50}, expect: {open: open", "50}, expect: {open: closed"
    ).replace("  - it: depends on", f"  {MARK} open.\n  - it: depends on")


def test_a_name_that_states_facts_alone_fits_whatever_the_result(console: Console, law: Path) -> None:
    name = "open on 2026-01-01: Foreign share: 50%"
    case = f"  - {{it: '{name}', as_of: '2026-01-01', set: {{company.foreign_percent: 50}}, expect: {{open: open}}}}\n"
    (law / "small.test.yaml").write_text(TESTS + case, encoding="utf-8")
    replace(law / "small.yaml", "value: 50.0", "value: 49.0")
    assert run(console, "--update", "--yes", "-r", "small")[0] == 0
    assert (
        (law / "small.test.yaml")
        .read_text(encoding="utf-8")
        .endswith(
            "# domestic\n      - {as_of: '2019-12-31', unset: [company.foreign_percent], expect: {tell: silent}}\n"
            + case.replace("open: open", "open: closed")
        )
    )


def test_lint_asks_for_the_words_until_the_mark_is_gone(console: Console, law: Path) -> None:
    replace(law / "small.yaml", "value: 50.0", "value: 60.0")
    assert run(console, "--update", "--yes")[0] == 0
    found = [f for f in run_lint(load_bundle(law), console.folder / "fixtures").findings if f.rule == "words-to-check"]
    assert [Path(f.problem.file).name for f in found] == ["p.expect.yaml", "small.test.yaml"]
    assert "Correct its name and comments" in str(found[1].problem)
    path = law / "small.test.yaml"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert lines[found[1].problem.line - 1].strip().startswith(MARK)
    del lines[found[1].problem.line - 1]
    path.write_text("".join(lines), encoding="utf-8")
    rules = [f.rule for f in run_lint(load_bundle(law)).findings]
    assert "words-to-check" not in rules


def test_a_second_update_keeps_the_first_mark(console: Console, law: Path) -> None:
    for value in ("60.0", "50.0"):
        text = (law / "small.yaml").read_text(encoding="utf-8")
        old = "50.0" if value == "60.0" else "60.0"
        (law / "small.yaml").write_text(text.replace(f"value: {old}", f"value: {value}"), encoding="utf-8")
        assert run(console, "--update", "--yes", "-r", "small")[0] == 0
    text = (law / "small.test.yaml").read_text(encoding="utf-8")
    assert text.count(MARK) == 1
    assert f"{MARK} open." in text


def test_lists_of_a_fixture_lose_what_no_longer_holds(console: Console, law: Path) -> None:
    expected = console.folder / "fixtures/p.expect.yaml"
    replace(
        expected,
        "rules: [small/center, small/licensed]",
        "rules: [small/center, small/tell, small/nothing]\n    needs: []",
    )
    replace(law / "small.yaml", "value: 50.0", "value: 60.0")
    assert run(console, "--update", "--yes")[0] == 0
    [first, _] = load_document(expected).data["decisions"]
    assert (first["rules"], first["needs"]) == (["small/center", "small/tell"], ["permit B11 general"])


def test_a_file_of_which_nothing_changes_is_not_touched(console: Console, law: Path) -> None:
    files = [law / "small.test.yaml", console.folder / "fixtures/p.expect.yaml"]
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in files]
    assert run(console, "--update", "--yes") == (0, "7 passed, 0 failed\n")
    assert [(path.stat().st_ino, path.stat().st_mtime_ns) for path in files] == before
    replace(law / "small.test.yaml", "expect: {tell: unknown}", "expect: {tell: fires}")
    run(console, "--update", "--yes")
    assert (files[1].stat().st_ino, files[1].stat().st_mtime_ns) == before[1]


def test_what_an_expectation_cannot_say_stays_a_failure(console: Console, law: Path) -> None:
    replace(law / "small.test.yaml", "expect: {tell: unknown}", "expect: {tlel: unknown}")
    text = (law / "small.test.yaml").read_text(encoding="utf-8")
    code, out = run(console, "--update", "--yes")
    assert (code, (law / "small.test.yaml").read_text(encoding="utf-8")) == (1, text)
    assert "There is no rule 'tlel' in this file." in out


def test_an_alias_is_left_alone(console: Console, law: Path) -> None:
    """An edit at an anchor would change a second place too."""
    text = TESTS.replace("expect: {tell: unknown}", "expect: &same {tell: fires}").replace(
        "expect: {tell: silent}}", "expect: *same}"
    )
    (law / "small.test.yaml").write_text(text)
    assert [path for case in policy_cases(load_bundle(law)) for path, _ in find_changes(case)]
    assert run(console, "--update", "--yes")[0] == 1
    assert (law / "small.test.yaml").read_text(encoding="utf-8") == text


@pytest.mark.usefixtures("law")
def test_update_asks_for_yes_where_nobody_sees_the_changes(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = console("test", "--law", "policies", "--update")
    assert (ran.code, ran.out) == (2, "")
    assert "Add --yes" in ran.err
    for name in ("stdin", "stdout"):
        monkeypatch.setattr(getattr(sys, name), "isatty", lambda: True, raising=False)
    monkeypatch.delenv("CI", raising=False)
    assert console_module.is_interactive()
    monkeypatch.setenv("CI", "true")
    assert not console_module.is_interactive()


@pytest.mark.usefixtures("law")
def test_options_that_do_not_go_together(console: Console) -> None:
    assert console("test", "--yes").code == 2
    fixtures = console.folder / "fixtures/p.expect.yaml"
    replace(fixtures, "decision: deny", "decision: allow")
    ran = console("test", "--law", "policies", "--update", "--yes", "-f", "json")
    assert "+    decision: deny" in ran.err
    assert json.loads(ran.out)["counts"] == {"passed": 7, "failed": 0, "skipped": 0}


@pytest.mark.parametrize("outside", [False, True])
def test_the_law_in_a_bundle_rewrites_no_tests_of_the_working_tree(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch, outside: bool
) -> None:
    replace(law / "small.yaml", "value: 50", "value: 70")
    assert console("bundle", "build", "--number", "1", "--law", "policies", "-o", "other.tar.gz").code == 0
    replace(law / "small.yaml", "value: 70", "value: 50")
    before = (law / "small.test.yaml").read_bytes()
    if outside:
        (console.folder / "elsewhere").mkdir()
        monkeypatch.chdir(console.folder / "elsewhere")
    ran = console("test", "--update", "--yes", "--bundle", console.folder / "other.tar.gz", "--skip-verify")
    assert ran == Ran(2, "", "vatspolicy: --update needs a folder of policies, not a bundle.\n")
    assert (law / "small.test.yaml").read_bytes() == before
