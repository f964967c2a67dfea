"""The policy-diff action and the comment of the workflow, run as a runner runs them."""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.changes import BASE_OF_LAW
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.project_builder import policy, project
from tests.support.repositories import commit, git
from tests.support.runner import read_outputs
from tests.support.shipped import ROOT
from vatspolicy.reports.diff import markdown

ACTION = yaml.safe_load((ROOT / ".github/actions/policy-diff/action.yml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/policy-review.yml").read_text(encoding="utf-8"))
SCRIPT = ROOT / ".github/actions/policy-diff/diff.sh"
LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")
OWN_TO_A_RUN = ("DIFF_", "GITHUB_", "GIT_", "PYTHON", "RUNNER_", "VATSPOLICY_", "VIRTUAL_ENV")


@dataclass
class Ran:
    """What the step left behind."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


@dataclass
class Runner:
    """A runner on which the tool is installed, in the checkout of a pull request's merge commit."""

    workspace: Path
    temp: Path
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of the job."""

    def __call__(self, **given: str) -> Ran:
        defaults = {name.replace("-", "_"): str(spec["default"]) for name, spec in ACTION["inputs"].items()}
        assert given.keys() <= defaults.keys()
        inputs = defaults | {"semantic": "off"} | given
        [step] = [step for step in ACTION["runs"]["steps"] if step.get("id") == "compare"]
        names = {key: value.removeprefix("${{ inputs.").removesuffix(" }}") for key, value in step["env"].items()}
        return self.run_step(step["run"], {name: inputs[value.replace("-", "_")] for name, value in names.items()})

    def run_step(self, script: str, given: dict[str, str]) -> Ran:
        outputs, summary = self.temp / "outputs", self.temp / "summary"
        for file in (outputs, summary):
            file.write_text("", encoding="utf-8")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(OWN_TO_A_RUN)}
        environment |= given
        environment |= {
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(summary),
            "RUNNER_TEMP": str(self.temp),
            "XDG_CACHE_HOME": os.environ["VATSPOLICY_CACHE"],
            **self.variables,
        }
        environment["GITHUB_ACTION_PATH"] = str(SCRIPT.parent)
        result = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script],
            cwd=self.workspace,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return Ran(result.returncode, result.stdout, summary.read_text(encoding="utf-8"), read_outputs(outputs))


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    workspace = project(tmp_path / "work space")
    git(workspace, "init", "--quiet")
    commit(workspace)
    project(workspace, {"law": MILDER})
    commit(workspace)
    binaries = tmp_path / "temp/vatspolicy-diff-venv/bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "vatspolicy").symlink_to(Path(sysconfig.get_path("scripts")) / "vatspolicy")
    return Runner(workspace, tmp_path / "temp")


def test_a_change_is_reported_and_passes(runner: Runner) -> None:
    ran = runner()
    assert (ran.code, ran.outputs["verdict"], ran.outputs["exit-code"]) == (0, "loosened", "0"), ran.log
    assert ran.summary.startswith("## 🔻 Loosens")
    folder = Path(ran.outputs["report-folder"])
    assert {path.name for path in folder.iterdir()} == {f"comparison.{end}" for end in ("md", "html", "json", "sarif")}
    assert "::warning file=policies/law.yaml,line=" in ran.log


@pytest.mark.parametrize(("semantic", "extra"), [("auto", "[smt]"), ("z3", "[smt]"), ("", "[smt]"), ("off", "")])
def test_the_solver_is_installed_where_it_is_asked_for(tmp_path: Path, semantic: str, extra: str) -> None:
    python = tmp_path / "python"
    python.write_text(
        '#!/bin/sh\nmkdir -p "$5/bin"\nprintf \'#!/bin/sh\\necho "$7"\\n\' >"$5/bin/python"\nchmod +x "$5/bin/python"\n'
    )
    python.chmod(0o755)
    [step] = [step for step in ACTION["runs"]["steps"] if step["name"] == "Install vatspolicy"]
    environment = {"PATH": os.environ["PATH"], "RUNNER_TEMP": str(tmp_path), "GITHUB_ACTION_PATH": str(SCRIPT.parent)}
    environment |= {"DIFF_PYTHON": str(python), "DIFF_SEMANTIC": semantic}
    assert step["env"].keys() <= environment.keys()
    ran = subprocess.run(
        ["bash", "-c", step["run"]], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert ran.stdout.strip() == f"{ROOT}{extra}"


def test_reports_fit_the_summary_of_a_job() -> None:
    assert markdown.LIMIT * 4 < 2**20, "a character takes at most four bytes, and a summary holds a mebibyte"
    assert ACTION["inputs"]["semantic"]["default"] == "auto"


def test_it_fails_on_what_it_is_told_to(runner: Runner) -> None:
    ran = runner(fail_on="deny->allow")
    assert (ran.code, ran.outputs["verdict"]) == (1, "loosened")
    assert "::error title=Policy diff::A condition of fail-on holds." in ran.log


def test_what_cannot_be_compared_is_not_evaluated(runner: Runner) -> None:
    project(runner.workspace, {"law": MILDER.replace("term.is_foreign &&", "term.nothing &&")})
    commit(runner.workspace)
    ran = runner()
    assert (ran.code, ran.outputs["verdict"]) == (3, "not-evaluated")
    assert "NOT EVALUATED" in ran.summary
    assert "::error file=policies/law.yaml,line=" in ran.log


@pytest.mark.parametrize(
    "inputs",
    [
        {"base": "nosuch"},
        {"base": "--help"},
        {"base": ""},
        {"head": "HEAD; touch pwned"},
        {"fail_on": "sometimes"},
        {"fail_on": "$(touch pwned)"},
        {"semantic": "perhaps"},
        {"lang": "fr"},
        {"folder": "none"},
        {"folder": "--version"},
        {"report_folder": "a\nb"},
    ],
)
def test_wrong_inputs_are_refused_and_never_run(runner: Runner, inputs: dict[str, str]) -> None:
    ran = runner(**inputs)
    assert (ran.code, ran.outputs["verdict"]) == (2, "not-evaluated"), ran.log
    assert "NOT EVALUATED" in ran.summary
    assert not list(runner.workspace.rglob("pwned"))


def test_a_report_of_an_earlier_run_does_not_stay(runner: Runner) -> None:
    runner()
    ran = runner(fail_on="sometimes")
    assert "Loosens" not in ran.summary


def test_the_folders_of_a_stack_are_read_in_both_states(runner: Runner) -> None:
    denial = rule("more", "product", "company.foreign_percent > 10.0", "deny: {reason: SHARE-ABOVE-CAP}")
    write_layer(runner.workspace / "rules", "company", more="rules:\n" + denial)
    commit(runner.workspace)
    found = runner(law="policies", policies="rules\n\n", fail_on="any")
    assert (found.code, found.outputs["verdict"]) == (1, "tightened")
    assert runner(law="policies", policies="none\n").code == 3


def test_profiles_with_spaces_and_none(runner: Runner) -> None:
    assert runner(profiles="fixtures/p60.yaml\n\n").code == 0
    assert runner(profiles="no such file.yaml").code == 3


def test_a_tool_that_breaks_is_70(runner: Runner) -> None:
    tool = runner.temp / "vatspolicy-diff-venv/bin/vatspolicy"
    tool.unlink()
    tool.write_text("#!/bin/sh\nexit 1\n")
    tool.chmod(0o755)
    ran = runner()
    assert (ran.code, ran.outputs["verdict"]) == (70, "not-evaluated")
    assert "NOT EVALUATED" in ran.summary


def test_a_report_folder_behind_a_link_is_refused(runner: Runner) -> None:
    elsewhere = runner.temp / "elsewhere"
    elsewhere.mkdir()
    (runner.workspace / "reports").symlink_to(elsewhere)
    for folder in ("reports", "reports/new", f"{runner.workspace}/reports"):
        ran = runner(report_folder=folder)
        assert (ran.code, "is a link" in ran.summary) == (2, True)
    assert list(elsewhere.iterdir()) == []


def test_a_variable_of_the_job_is_no_input(runner: Runner) -> None:
    runner.variables = {"VATSPOLICY_POLICIES": "elsewhere"}
    ran = runner()
    assert (ran.code, "The job sets VATSPOLICY_POLICIES." in ran.summary) == (2, True)


def decoy(folder: Path) -> None:
    project(folder / "decoy")


def settings(folder: Path) -> None:
    """Another law, which is the same in both states; it has been there for long."""
    (folder / "vatspolicy.toml").write_text(f'{BASE_OF_LAW} = "decoy/policies"\n', encoding="utf-8")


def folder_named_as_the_base(folder: Path) -> None:
    shutil.copytree(folder / "policies", folder / "HEAD^1/policies")


@pytest.mark.parametrize("trick", [settings, folder_named_as_the_base])
def test_a_change_does_not_choose_what_is_compared(runner: Runner, trick: Callable[[Path], None]) -> None:
    git(runner.workspace, "reset", "--quiet", "--hard", "HEAD^1")
    decoy(runner.workspace)
    commit(runner.workspace)
    project(runner.workspace, {"law": MILDER})
    trick(runner.workspace)
    commit(runner.workspace)
    assert runner(fail_on="loosened").outputs["verdict"] == "loosened"


def test_edits_of_what_judges_stand_at_the_head_of_the_report(runner: Runner) -> None:
    (runner.workspace / ".github").mkdir()
    (runner.workspace / ".github/CODEOWNERS").write_text("* @me\n")
    (runner.workspace / "src").mkdir()
    for name in ("a.py", "[x](y)`.py"):
        (runner.workspace / "src" / name).touch()
    git(runner.workspace, "add", "--all")
    git(runner.workspace, "commit", "--quiet", "--amend", "--no-edit")
    ran = runner(judges=" src\n.github\nschemas\n".strip())
    title, _, line, *_ = ran.summary.splitlines()
    assert title.startswith("## 🔻 Loosens")
    assert "This change edits what judges it (number of files): `src` (2), `.github` (1).**" in line
    assert line in Path(ran.outputs["report-folder"], "comparison.md").read_text(encoding="utf-8")
    assert "what judges it (number of files): `.github` (1)" in runner().summary, "by default"
    assert "what judges it" not in runner(judges="").summary
    assert "what judges it" not in runner(judges="policies/none.yaml").summary


@pytest.mark.parametrize("edits_law", [True, False])
def test_the_workflow_judges_with_the_tool_of_the_base(runner: Runner, edits_law: bool) -> None:
    """A change that brings along its own judge: the script of the review passes everything."""
    folder, script = runner.workspace, Path(".github/actions/policy-diff/diff.sh")
    git(folder, "reset", "--quiet", "--hard", "HEAD^1")
    (folder / script).parent.mkdir(parents=True)
    shutil.copy(SCRIPT, folder / script)
    commit(folder)
    git(folder, "switch", "--quiet", "--create", "change")
    if edits_law:
        project(folder, {"law": MILDER})
    (folder / script).write_text("exit 0\n")
    commit(folder)
    git(folder, "switch", "--quiet", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
    steps = {step["name"]: step for step in WORKFLOW["jobs"]["review"]["steps"] if "name" in step}
    looked = runner.run_step(steps["Look for edits that concern the law"]["run"], {"BASE": "HEAD^1"})
    assert looked.outputs == {"concerned": "true"}
    given = {key: value for key, value in steps["Compare"]["env"].items() if "${{" not in value}
    given |= {"DIFF_BASE": "HEAD^1", "DIFF_SEMANTIC": "off"}
    ran = runner.run_step(steps["Compare"]["run"], given)
    assert "what judges it (number of files): `.github` (1)" in ran.summary
    assert ran.code == (1 if edits_law else 0), ran.log
    assert ran.outputs["verdict"] == ("loosened" if edits_law else "neither")


def test_a_change_that_does_not_concern_the_law_passes_at_once(runner: Runner) -> None:
    (runner.workspace / "README.md").touch()
    commit(runner.workspace)
    steps = {step.get("name"): step for step in WORKFLOW["jobs"]["review"]["steps"]}
    looked = runner.run_step(steps["Look for edits that concern the law"]["run"], {"BASE": "HEAD^1"})
    assert looked.outputs == {"concerned": "false"}
    assert {step.get("if") for step in WORKFLOW["jobs"]["review"]["steps"][2:5]} == {
        "steps.concerned.outputs.concerned == 'true'"
    }


def test_the_check_answers_every_pull_request() -> None:
    """One that is left out, by paths or in a queue, would wait for ever where the check is required."""
    text = (ROOT / ".github/workflows/policy-review.yml").read_text(encoding="utf-8")
    assert "\non:\n  pull_request:\n  merge_group:\n\n" in text


# --- the comment ------------------------------------------------------------------------------------------------------

GH = """\
#!/bin/sh
printf '%s\\n' "$*" >>calls
case "$*" in
  *--paginate*) printf '%s\\n' $FOUND ;;
  *) exit ${STATUS:-0} ;;
esac
"""


def comment(
    folder: Path, report: str | None, found: str = "", status: int = 0, verdict: str = "loosened", code: str = "0"
) -> tuple[list[str], str, str]:
    """Calls of `gh`, the text of the comment, and the log of the step that writes it."""
    [step] = [step for step in WORKFLOW["jobs"]["comment"]["steps"] if "run" in step]
    (folder / "bin").mkdir()
    (folder / "bin/gh").write_text(GH)
    (folder / "bin/gh").chmod(0o755)
    if report is not None:
        (folder / "report").mkdir()
        (folder / "report/comparison.md").write_text(report, encoding="utf-8")
    variables = {
        "REPOSITORY": "o/r",
        "NUMBER": "7",
        "COMMIT": "c0ffee",
        "GH_TOKEN": "",
        "FOUND": found,
        "STATUS": str(status),
        "VERDICT": verdict,
        "EXIT_CODE": code,
    }
    assert step["env"].keys() <= variables.keys()
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
        cwd=folder,
        env={**variables, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    calls = (folder / "calls").read_text(encoding="utf-8").splitlines()
    return calls, (folder / "comment.md").read_text(encoding="utf-8"), result.stdout


def test_the_first_comment_is_posted(tmp_path: Path) -> None:
    calls, text, _ = comment(tmp_path, "## Loosens\n")
    assert "--method POST repos/o/r/issues/7/comments" in calls[-1]
    assert text.startswith("<!-- vatspolicy diff -->\n## Loosens\n")
    assert "Commit c0ffee" in text


def test_the_next_ones_renew_it(tmp_path: Path) -> None:
    calls, _, _ = comment(tmp_path, "## Loosens\n", found="123\n456")
    assert "--method PATCH repos/o/r/issues/comments/123" in calls[-1]
    assert "github-actions[bot]" in calls[0]


FIRST_SCREEN = """\
## 🟰 Changes below the decision

**⚠️ This change edits what judges it (number of files): `src` (1).** Nothing below is about these edits.

main → HEAD

- 🛑 **WEAKENED: “Games” is waivable from now on**

**The annual report is due later, for 209 of 310 products.**

**To decide**

- [ ] An edit is retroactive.
"""
EVIDENCE = "### Edits (1)\n\n<details><summary>Numbers</summary>\n\nOne edit.\n\n</details>\n"


def test_a_change_of_no_decision_folds_its_evidence_alone(tmp_path: Path) -> None:
    _, text, _ = comment(tmp_path, FIRST_SCREEN + EVIDENCE, verdict="neither")
    visible, folded = text.split("<details><summary>Report</summary>", 1)
    assert FIRST_SCREEN in visible
    assert "One edit." in folded
    assert "Edits" not in visible


@pytest.mark.parametrize(("verdict", "code"), [("neither", "1"), ("neither", ""), ("loosened", "0")])
def test_nothing_is_folded_if_the_check_fails_or_a_decision_changes(tmp_path: Path, verdict: str, code: str) -> None:
    _, text, _ = comment(tmp_path, FIRST_SCREEN + EVIDENCE, verdict=verdict, code=code)
    assert FIRST_SCREEN + EVIDENCE in text


def test_the_comment_knows_whether_the_check_failed() -> None:
    outputs = WORKFLOW["jobs"]["review"]["outputs"]
    assert outputs["exit-code"] == "${{ steps.diff.outputs.exit-code }}"
    [step] = [step for step in WORKFLOW["jobs"]["comment"]["steps"] if "run" in step]
    assert step["env"]["EXIT_CODE"] == "${{ needs.review.outputs.exit-code }}"


def test_a_weakened_rule_stands_before_whatever_the_comment_folds(runner: Runner) -> None:
    """The report itself keeps each failure above its first folded part."""
    for law in (LAW.replace("    deny:", "    unwaivable: true\n    deny:"), LAW):
        project(runner.workspace, {"law": law})
        commit(runner.workspace)
    ran = runner(fail_on="waivable")
    assert (ran.code, ran.outputs["verdict"]) == (1, "neither"), ran.log
    first_screen = re.split(r"^(?:<details|### )", ran.summary, flags=re.MULTILINE)[0]
    assert ran.summary.startswith("## 🛑 ")
    assert "WEAKENED" in first_screen
    assert "waivable" in first_screen


def test_without_a_report_the_comment_says_so(tmp_path: Path) -> None:
    _, text, _ = comment(tmp_path, None)
    assert "NOT EVALUATED" in text


def test_a_token_that_may_not_write_fails_nothing(tmp_path: Path) -> None:
    _, _, log = comment(tmp_path, "x", status=1)
    assert log.startswith("::notice::")


def test_only_the_second_job_may_write_and_it_runs_no_code_of_the_change() -> None:
    jobs: dict[str, Any] = WORKFLOW["jobs"]
    assert jobs.keys() == {"review", "comment"}
    assert "permissions" not in jobs["review"]
    used = [step.get("uses", "") for step in jobs["review"]["steps"]]
    assert not any(name.startswith(("./", "$/")) for name in used), "an action of the change"
    scripts = [step["run"] for step in jobs["review"]["steps"] if "run" in step]
    assert not any(re.search(r"(?<![\w/-])(python|pip|make|bash \.|\./)", script) for script in scripts)
    assert jobs["comment"]["permissions"] == {"pull-requests": "write"}
    assert "head.repo.full_name == github.repository" in jobs["comment"]["if"]
    used = [step.get("uses", "") for step in jobs["comment"]["steps"]]
    assert not any("checkout" in name or name.startswith(("./", "$/")) for name in used)
    text = (ROOT / ".github/workflows/policy-review.yml").read_text(encoding="utf-8")
    assert "pull_request_target" not in text
    assert json.dumps(WORKFLOW["permissions"]) == '{"contents": "read"}'


@pytest.fixture
def accepting(runner: Runner) -> str:
    """A file that accepts the change: the entries that the report prints, filled in."""
    ran = runner(fail_on="loosened")
    assert ran.code == 1
    [entries] = re.findall(r"```yaml\n(.*?)```", ran.summary, re.DOTALL)
    filled = str(entries).replace("reason: ''", "reason: Meant.").replace("person: ''", "person: kim.li")
    return f"schema: 1\naccepted:\n{filled}"


def merge(runner: Runner, base: str | None, head: str | None) -> None:
    """Make the change again, above a base with a file of accepted changes; the change leaves such a file, or none."""
    git(runner.workspace, "reset", "--quiet", "--hard", "HEAD^1")
    own = runner.workspace / "policies/accepted.yaml"
    for law, text in ((LAW, base), (MILDER, head)):
        project(runner.workspace, {"law": law})
        own.unlink(missing_ok=True)
        if text is not None:
            own.write_text(text, encoding="utf-8")
        git(runner.workspace, "add", "--all")
        git(runner.workspace, "commit", "--quiet", "--allow-empty", "--message", "x")


def test_an_accepted_change_passes(runner: Runner, accepting: str) -> None:
    """The entries of the base count, or those of a file that is named outside the checkout."""
    named = runner.temp / "accepted.yaml"
    named.write_text(accepting, encoding="utf-8")
    ran = runner(fail_on="loosened", accepted=str(named))
    assert (ran.code, ran.outputs["verdict"]) == (0, "loosened"), ran.log
    merge(runner, accepting, None)
    [step] = [step for step in WORKFLOW["jobs"]["review"]["steps"] if step.get("id") == "diff"]
    for accepted in ("", "policies/accepted.yaml"):
        ran = runner(fail_on="loosened", accepted=accepted, judges=step["env"]["DIFF_JUDGES"])
        assert (ran.code, "accepted by kim.li: Meant." in ran.log) == (0, True), ran.log
        assert "what judges it" not in ran.summary, "the file of the base judges, not that of the change"


def test_a_change_does_not_bring_its_acceptance_along(runner: Runner, accepting: str) -> None:
    own = runner.workspace / "policies/accepted.yaml"
    merge(runner, None, accepting)
    ran = runner(fail_on="loosened")
    assert (ran.code, "Merge the entry first, then its change" in ran.log) == (1, True), ran.log
    assert runner(fail_on="loosened", accepted="policies/accepted.yaml").code == 3, "the base has no such file"
    (runner.temp / "outside.yaml").write_text(accepting, encoding="utf-8")
    (runner.workspace / "link.yaml").symlink_to(runner.temp / "outside.yaml")
    (runner.temp / "link").symlink_to(runner.workspace)
    for file in (own, runner.workspace / "link.yaml", runner.temp / "link/policies/accepted.yaml"):
        ran = runner(fail_on="loosened", accepted=str(file))
        assert (ran.code, "comes with the change" in ran.log) == (2, True), ran.log
    project(runner.workspace / "old")
    for path in ("policies/accepted.yaml", str(own)):
        ran = runner(fail_on="loosened", base="old", head=".", accepted=path)
        assert (ran.code, "comes with the change" in ran.log) == (2, True), ran.log
    merge(runner, accepting, accepting)
    for accepted in ("", "policies/accepted.yaml"):
        ran = runner(fail_on="loosened", accepted=accepted)
        assert (ran.code, "HEAD still contains this entry" in ran.log) == (1, True), ran.log
