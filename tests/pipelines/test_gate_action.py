"""The gate action's own steps, run as a runner runs them: inputs through the environment, outputs through files."""

import base64
import importlib.util
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

from tests.support.changes import OPENING, plant, until, write
from tests.support.effort import long_run
from tests.support.repositories import commit, git
from tests.support.runner import read_outputs
from tests.support.shipped import ROOT
from tests.support.specs import DENIED, SHOP

ACTION = ROOT / ".github/actions/gate/action.yml"
GATE = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
FIXTURES = ROOT / "fixtures"
needs_signatures = pytest.mark.skipif(
    importlib.util.find_spec("cryptography") is None, reason="the extra sign is missing"
)
REPORTS = ("sarif", "json", "junit", "markdown", "comment")

# Variables of the run that these tests are themselves part of.
OWN_TO_A_RUN = ("GATE_", "GIT_", "GITHUB_", "PYTHON", "RUNNER_", "VATSPOLICY_", "VIRTUAL_ENV")

# What each decision does to the gate when the inputs say nothing more.
EXIT_CODES = {"allow": 0, "needs-license": 1, "deny": 1, "incomplete": 4}

# A program in the place of `vatspolicy`: it notes how it was called and does what the test's plan says.
STAND_IN = """\
#!{python} -I
import json, pathlib, sys

here = pathlib.Path(__file__).parent
(here / "arguments.json").write_text(json.dumps([sys.argv[1:], sys.stdin.read()]))
plan = json.loads((here / "plan.json").read_text())
for option, value in zip(sys.argv, sys.argv[1:]):
    if option == "-o" and value.split("=")[0] in plan["reports"]:
        pathlib.Path(value.split("=", 1)[1]).write_text(plan["reports"][value.split("=")[0]])
sys.stdout.write(plan["stdout"])
sys.stderr.write(plan["stderr"])
sys.exit(plan["exit"])
"""


@dataclass
class Run:
    """What a run of the action left behind."""

    exit_code: int
    log: str
    summary: str
    outputs: dict[str, str]

    @property
    def commands(self) -> list[str]:
        """The workflow commands that a runner obeys: none between `stop-commands` and its token."""
        obeyed: list[str] = []
        token: str | None = None
        for line in self.log.splitlines():
            if token is not None:
                token = None if line == f"::{token}::" else token
            elif line.startswith("::stop-commands::"):
                token = line.removeprefix("::stop-commands::")
            elif line.startswith("::"):
                obeyed.append(line)
        return obeyed


@dataclass
class Runner:
    """As much of GitHub's runner as a composite action sees.

    `workspace` is the checkout of the caller; `temp` is RUNNER_TEMP, which holds the installed tool.
    """

    workspace: Path
    temp: Path
    installed: bool = True
    steps: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    """Variables of the job."""
    github: dict[str, str] = field(default_factory=dict)
    """Values of the context `github`, by their path."""

    def run(self, **given: str) -> Run:
        """Runs every step with the inputs `given` (underscores for hyphens); the first that fails is the last."""
        given = {name.replace("_", "-"): value for name, value in given.items()}
        assert given.keys() <= GATE["inputs"].keys()
        inputs = {name: str(spec.get("default", "")) for name, spec in GATE["inputs"].items()} | given
        summary = self.temp / "summary"
        summary.write_text("", encoding="utf-8")
        log, exit_code = "", 0
        for step in GATE["runs"]["steps"]:
            if "uses" in step:
                assert step["uses"].startswith("actions/setup-python@")
                if inputs["python-version"]:
                    self.steps[step["id"]] = {"python-path": sys.executable}
                continue
            if self.installed and step["run"].endswith("install"):
                continue
            written = self.temp / "outputs"
            written.write_text("", encoding="utf-8")
            environment = {name: self.expand(value, inputs) for name, value in step.get("env", {}).items()}
            exit_code, printed = self.run_step(step, environment, written, summary)
            log += printed
            self.steps[step.get("id", "")] = read_outputs(written)
            if exit_code:
                break
        outputs = {name: self.expand(spec["value"], inputs) for name, spec in GATE["outputs"].items()}
        return Run(exit_code, log, summary.read_text(encoding="utf-8"), outputs)

    def expand(self, value: str, inputs: dict[str, str]) -> str:
        expression = re.fullmatch(
            r"\$\{\{ (inputs\.([\w-]+)|steps\.(\w+)\.outputs\.([\w-]+)|github\.(\S+)) \}\}", value
        )
        assert expression, value
        if expression[5]:
            return self.github.get(expression[5], "")
        if expression[2]:
            return inputs[expression[2]]
        return self.steps.get(expression[3], {}).get(expression[4], "")

    def run_step(
        self, step: dict[str, Any], environment: dict[str, str], written: Path, summary: Path
    ) -> tuple[int, str]:
        assert step["shell"] == "bash"
        result = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.workspace,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith(OWN_TO_A_RUN)},
                "GITHUB_ACTION_PATH": str(ACTION.parent),
                "GITHUB_ACTIONS": "true",
                "GITHUB_OUTPUT": str(written),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKSPACE": str(self.workspace),
                "RUNNER_TEMP": str(self.temp),
                "XDG_CACHE_HOME": os.environ["VATSPOLICY_CACHE"],
                **self.variables,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return result.returncode, result.stdout


def plan(
    temp: Path,
    exit_code: int = 0,
    decision: str | None = "allow",
    stdout: str = "",
    stderr: str = "",
    markdown: str = "ok",
) -> None:
    reports = {"sarif": "{}", "junit": "<testsuites/>", "markdown": markdown}
    if decision is not None:
        reports["json"] = json.dumps({"format": 1, "decision": decision, "decisions": []})
    behavior = {"reports": reports, "stdout": stdout, "stderr": stderr, "exit": exit_code}
    (temp / "vatspolicy-venv/bin/plan.json").write_text(json.dumps(behavior), encoding="utf-8")


def arguments(temp: Path) -> list[str]:
    called: list[str] = json.loads((temp / "vatspolicy-venv/bin/arguments.json").read_text(encoding="utf-8"))[0]
    return called


def options_of(called: list[str]) -> list[str]:
    return called[: called.index("--")]


def specs_of(called: list[str]) -> list[str]:
    return called[called.index("--") + 1 :]


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner on which the tool of this environment is already installed."""
    workspace, temp = tmp_path / "work space", tmp_path / "temp"
    workspace.mkdir()
    binaries = temp / "vatspolicy-venv/bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    (binaries / "vatspolicy").symlink_to(Path(sysconfig.get_path("scripts")) / "vatspolicy")
    return Runner(workspace, temp)


@pytest.fixture
def stand_in(runner: Runner) -> Runner:
    """A runner on which a stand-in notes how the tool is called."""
    tool = runner.temp / "vatspolicy-venv/bin/vatspolicy"
    tool.unlink()
    tool.write_text(STAND_IN.format(python=sys.executable), encoding="utf-8")
    tool.chmod(0o755)
    plan(runner.temp)
    return runner


def find_spec(decision: str) -> tuple[Path, str]:
    """A fixture, and a day on which it is decided so without any change to it."""
    for expected in sorted(FIXTURES.rglob("*.expect.yaml")):
        for case in yaml.safe_load(expected.read_text(encoding="utf-8"))["decisions"]:
            if case["decision"] == decision and not case.keys() & {"set", "unset"}:
                return expected.with_name(expected.name.replace(".expect", "")), str(case["as_of"])
    raise AssertionError(f"no fixture is decided {decision}")


def decide(runner: Runner, decision: str, **inputs: str) -> Run:
    spec, day = find_spec(decision)
    shutil.copy(spec, runner.workspace / "product.yaml")
    return runner.run(**({"specs": "product.yaml", "as_of": day, "allow_past_as_of": "true"} | inputs))


# --- the real tool --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decision", EXIT_CODES)
def test_each_decision_ends_the_step(runner: Runner, decision: str) -> None:
    run = decide(runner, decision)
    assert run.exit_code == EXIT_CODES[decision], run.log
    assert run.outputs["decision"] == decision
    assert run.outputs["exit-code"] == str(run.exit_code)


@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_reports_are_written_even_when_the_gate_is_closed(runner: Runner, decision: str) -> None:
    run = decide(runner, decision)
    texts = {name: Path(run.outputs[name]).read_text(encoding="utf-8") for name in REPORTS}
    assert json.loads(texts["sarif"])["version"] == "2.1.0"
    assert json.loads(texts["json"])["decision"] == decision
    assert "<testsuite" in texts["junit"]
    assert texts["markdown"] in run.summary
    assert {Path(run.outputs[name]).parent for name in REPORTS} == {Path(run.outputs["report-folder"])}
    assert run.summary.strip()


def test_a_denial_is_annotated_on_the_lines_of_the_spec(runner: Runner) -> None:
    run = decide(runner, "deny")
    found = [line for line in run.commands if re.match(r"::error [^:]*\bfile=product\.yaml,line=[1-9]\d*", line)]
    assert found, run.log


def test_the_worst_decision_counts(runner: Runner) -> None:
    specs = {decision: find_spec(decision) for decision in ("allow", "deny")}
    for decision, (spec, _) in specs.items():
        shutil.copy(spec, runner.workspace / f"{decision}.yaml")
    run = runner.run(specs="allow.yaml deny.yaml", as_of=specs["deny"][1], allow_past_as_of="true")
    assert run.exit_code == 1
    assert run.outputs["decision"] == "deny"
    assert len(json.loads(Path(run.outputs["json"]).read_text(encoding="utf-8"))["decisions"]) == 2


def test_the_reports_speak_chinese(runner: Runner) -> None:
    run = decide(runner, "deny", lang="zh")
    assert re.search(r"[\u4e00-\u9fff]{4}", run.summary)


def test_an_invalid_spec_is_not_evaluated(runner: Runner) -> None:
    (runner.workspace / "bad.yaml").write_text("schema: 2\nproduct: {}\nproduct: {}\n", encoding="utf-8")
    run = runner.run(specs="bad.yaml")
    assert run.exit_code == 3
    assert run.outputs["decision"] == "not-evaluated"
    assert "Gate: INVALID INPUT" in run.summary
    assert "Not evaluated" not in run.summary, "the other specs of a run may be evaluated"
    assert len([line for line in run.commands if line.startswith("::error file=bad.yaml,line=3,")]) == 1, run.log


def test_one_invalid_spec_among_good_ones_is_not_a_pass(runner: Runner) -> None:
    (runner.workspace / "bad.yaml").write_text("nonsense\n", encoding="utf-8")
    run = decide(runner, "allow", specs="product.yaml bad.yaml")
    assert run.exit_code == 3
    assert run.outputs["decision"] == "not-evaluated"


@pytest.mark.parametrize("specs", ["", " \n\n", "specs/*.yaml", "none.yaml"])
def test_no_spec_is_not_a_pass(runner: Runner, specs: str) -> None:
    run = runner.run(specs=specs)
    assert run.exit_code in ((3, 5) if specs == "none.yaml" else (5,)), run.log
    assert run.outputs["decision"] == "not-evaluated"
    assert run.outputs["exit-code"] == str(run.exit_code)
    assert ("Gate: INVALID INPUT" if run.exit_code == 3 else "Not evaluated") in run.summary
    assert [line for line in run.commands if line.startswith("::error title=Launch gate::")]


@pytest.mark.parametrize(
    "inputs", [{"fail_on": "sometimes"}, {"as_of": "yesterday"}, {"lang": "fr"}, {"formats": "stone"}]
)
def test_wrong_inputs_are_refused(runner: Runner, inputs: dict[str, str]) -> None:
    run = decide(runner, "allow", **inputs)
    assert run.exit_code == 2, run.log
    assert run.outputs["decision"] == "not-evaluated"


def keygen(folder: Path) -> Path:
    """A private key; the public one stands beside it."""
    command: list[str | Path] = [Path(sysconfig.get_path("scripts")) / "vatspolicy", "bundle", "keygen", "pipeline"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "pipeline.pem"


@needs_signatures
@pytest.mark.parametrize("decision", ["allow", "deny"])
def test_decisions_are_attested(runner: Runner, decision: str) -> None:
    key = keygen(runner.temp)
    written = runner.temp / "decision.intoto.jsonl"
    run = decide(runner, decision, attest=str(written), sign_key=str(key))
    assert run.exit_code == EXIT_CODES[decision], run.log
    [envelope] = [json.loads(line) for line in written.read_text(encoding="utf-8").splitlines()]
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert statement["predicate"]["verificationResult"] == ("PASSED" if decision == "allow" else "FAILED")
    program = Path(sysconfig.get_path("scripts")) / "vatspolicy"
    command: list[str | Path] = [program, "verify-attestation", written, "--spec", "product.yaml"]
    command += ["--key", key.with_suffix(".pub")]
    command += ["--as-of", find_spec(decision)[1]]
    ran = subprocess.run(command, cwd=runner.workspace, capture_output=True, text=True, check=False)
    assert ran.returncode == (0 if decision == "allow" else 1), ran.stdout + ran.stderr


@needs_signatures
def test_an_attestation_without_a_key_is_refused(runner: Runner) -> None:
    run = decide(runner, "allow", attest="decision.intoto.jsonl")
    assert (run.exit_code, run.outputs["decision"]) == (2, "not-evaluated")
    assert not (runner.workspace / "decision.intoto.jsonl").exists()


@pytest.mark.parametrize(
    ("inputs", "extra"),
    [
        ({}, ""),
        ({"sign_key": "a.pem"}, "[sign]"),
        ({"bundle": "law.tar.gz", "key": "law.pub"}, "[sign]"),
        ({"bundle": "law.tar.gz", "key": "a signer.json"}, "[sigstore]"),
        ({"bundle": "law.tar.gz", "key": "a signer.json", "sign_key": "a.pem"}, "[sign,sigstore]"),
        ({"config": "true"}, "[sigstore]"),
        ({"config": "true", "key": "law.pub"}, "[sign]"),
    ],
)
def test_signatures_are_installed_where_they_are_used(tmp_path: Path, inputs: dict[str, str], extra: str) -> None:
    """The install step, on a Python that writes down how it is called."""
    temp = tmp_path / "temp"
    (temp / "vatspolicy-venv/bin").mkdir(parents=True)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{temp}/called\n')
    python.chmod(0o755)
    (temp / "vatspolicy-venv/bin/python").symlink_to(python)
    step = next(step for step in GATE["runs"]["steps"] if step.get("run", "").endswith("install"))
    (tmp_path / "a signer.json").write_text('{"trusted_root": "root.json"}', encoding="utf-8")
    (tmp_path / "vatspolicy.toml").write_text("bundle = 'law.tar.gz'\nkey = 'a signer.json' # who\n", encoding="utf-8")
    runner = Runner(tmp_path, temp, installed=False)
    given = {name: str(spec.get("default", "")) for name, spec in GATE["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    environment = {name: runner.expand(value, given) for name, value in step["env"].items()}
    environment["GATE_PYTHON"] = str(python)
    code, log = runner.run_step(step, environment, temp / "outputs", temp / "summary")
    assert code == 0, log
    assert (temp / "called").read_text(encoding="utf-8").split("\n")[-2] == f"{ROOT}{extra}"


def test_files_and_globs_with_spaces(runner: Runner) -> None:
    spec, day = find_spec("allow")
    for name in ("my specs/cloud one.yaml", "more/two.yaml", "more/three.yaml"):
        (runner.workspace / name).parent.mkdir(exist_ok=True)
        shutil.copy(spec, runner.workspace / name)
    run = runner.run(specs="my specs/*.yaml\nmore/two.yaml more/three.yaml\n", as_of=day, allow_past_as_of="true")
    assert run.exit_code == 0, run.log
    assert len(json.loads(Path(run.outputs["json"]).read_text(encoding="utf-8"))["decisions"]) == 3


HOSTILE = [
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "x\ny; touch pwned",
    "--no-fail",
]


@pytest.mark.parametrize("name", [name for name in GATE["inputs"] if name != "python-version"])
def test_no_input_is_run_or_opens_the_gate(runner: Runner, name: str) -> None:
    run = decide(runner, "deny", **{name.replace("-", "_"): "".join(HOSTILE[:-1])})
    assert not list(runner.workspace.rglob("pwned"))
    assert not (ROOT / "pwned").exists()
    assert run.exit_code in {1, 2, 3, 5}, run.log
    assert run.outputs.keys() == GATE["outputs"].keys()
    assert run.outputs["exit-code"] == str(run.exit_code)
    assert run.outputs["decision"] == ("deny" if run.exit_code == 1 else "not-evaluated")


@long_run
def test_the_install_step_installs_the_tool(tmp_path: Path) -> None:
    """The whole action, from nothing, with no more than the core dependencies."""
    workspace, temp = tmp_path / "workspace", tmp_path / "temp"
    workspace.mkdir()
    temp.mkdir()
    run = decide(Runner(workspace, temp, installed=False), "deny")
    assert run.exit_code == 1, run.log
    assert run.outputs["decision"] == "deny"
    assert (temp / "vatspolicy-venv/bin/vatspolicy").is_file()


# --- code of the checkout ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["", ".", "planted"])
def test_no_python_of_the_checkout_is_run(runner: Runner, path: str) -> None:
    mark = runner.temp / "mark"
    plant(runner.workspace, mark)
    (runner.workspace / "planted").mkdir()
    plant(runner.workspace / "planted", mark)
    runner.variables = {"PYTHONPATH": path} if path else {}
    run = decide(runner, "deny")
    assert (run.exit_code, run.outputs["decision"]) == (1, "deny"), run.log
    assert not mark.exists(), mark.read_text(encoding="utf-8")


def test_installing_runs_no_python_of_the_checkout(tmp_path: Path) -> None:
    """The calls that install, with a stand-in for pip's work: what they import is what counts."""
    workspace, temp = tmp_path / "workspace", tmp_path / "temp"
    workspace.mkdir()
    temp.mkdir()
    mark = temp / "mark"
    plant(workspace, mark)
    runner = Runner(workspace, temp, installed=False)
    runner.variables = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull, "PYTHONPATH": "."}
    run = runner.run(specs="product.yaml")
    assert run.exit_code != 0, "nothing can be installed without an index"
    assert not mark.exists(), mark.read_text(encoding="utf-8")
    assert (temp / "vatspolicy-venv/bin/python").exists()


def test_a_report_folder_behind_a_link_is_refused(runner: Runner) -> None:
    elsewhere = runner.temp / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "decision.json").write_text("mine")
    (runner.workspace / "reports").symlink_to(elsewhere)
    for folder in ("reports", "reports/new", "./reports", f"{runner.workspace}/reports"):
        run = decide(runner, "allow", report_folder=folder)
        assert (run.exit_code, run.outputs["decision"]) == (2, "not-evaluated")
        assert "is a link" in run.summary
    assert [path.name for path in elsewhere.iterdir()] == ["decision.json"]
    assert (elsewhere / "decision.json").read_text() == "mine"


def test_a_file_of_the_change_weakens_the_gate_only_where_the_workflow_reads_it(runner: Runner) -> None:
    (runner.workspace / "vatspolicy.toml").write_text('fail-on = "deny"\n', encoding="utf-8")
    assert decide(runner, "needs-license").exit_code == 1
    read = decide(runner, "needs-license", config="true")
    assert read.exit_code == 0
    assert "fail-on = deny" in read.summary.replace("\\", "")
    assert "fail-on = deny" in read.log


def test_a_log_does_not_replace_a_spec(runner: Runner) -> None:
    run = decide(runner, "allow", log="product.yaml")
    assert (run.exit_code, run.outputs["decision"]) == (2, "not-evaluated")
    assert (runner.workspace / "product.yaml").read_bytes() == find_spec("allow")[0].read_bytes()


@pytest.mark.parametrize("name", ["POLICIES", "BASELINE", "FAIL_ON", "CACHE", "NO_SUCH"])
def test_a_variable_of_the_job_is_no_input(runner: Runner, name: str) -> None:
    runner.variables = {f"VATSPOLICY_{name}": "deny"}
    run = decide(runner, "needs-license")
    assert (run.exit_code, run.outputs["decision"]) == (2, "not-evaluated")
    assert f"The job sets VATSPOLICY_{name}." in run.summary


# --- a pull request ---------------------------------------------------------------------------------------------------


@pytest.fixture
def pull_request(runner: Runner) -> Callable[[str], None]:
    """The checkout of the merge of a pull request, which brings along what one of OPENING writes."""
    folder = runner.workspace
    git(folder, "init", "--quiet")
    write(folder, {"vatspolicy.toml": 'specs = ["specs"]\n'})
    until(folder)
    commit(folder)

    def merge(name: str) -> None:
        git(folder, "switch", "--quiet", "--create", "change")
        OPENING[name](folder)
        commit(folder)
        git(folder, "switch", "--quiet", "main")
        git(folder, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
        runner.variables = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_SHA": git(folder, "rev-parse", "HEAD").strip()}

    return merge


GIVEN: dict[str, dict[str, str]] = {
    "specs": {"config": "true"},
    "law": {"config": "true"},
    "baseline": {"config": "true", "baseline": "base.yaml"},
    "waivers": {"config": "true", "waivers": "w/waivers.yaml", "approvers": "w/approvers.yaml"},
}


@pytest.mark.parametrize("name", OPENING)
def test_a_pull_request_does_not_judge_itself(runner: Runner, pull_request: Callable[[str], None], name: str) -> None:
    pull_request(name)
    run = runner.run(specs="specs", config="true")
    assert (run.exit_code, run.outputs["decision"]) == (1, "deny"), run.log
    assert "This change edits files that control the gate" in run.log
    assert "edits files that control the gate" in run.summary
    assert runner.run(specs="specs", **GIVEN[name]).exit_code in ((1,) if name in ("specs", "law") else (3,))
    # What the owner has agreed to counts: the same change, once it is merged.
    opened = {} if name == "specs" else {"config": "true"}
    runner.variables["GITHUB_EVENT_NAME"] = "push"
    assert runner.run(specs="ok" if name == "specs" else "specs", **opened).exit_code == 0
    runner.variables["GITHUB_EVENT_NAME"] = "pull_request"
    assert runner.run(specs="specs", config="true", trust="HEAD").exit_code == (1 if name == "specs" else 0)


def test_a_merge_group_is_judged_by_its_base(runner: Runner, pull_request: Callable[[str], None]) -> None:
    pull_request("baseline")
    runner.variables["GITHUB_EVENT_NAME"] = "merge_group"
    assert runner.run(specs="specs", config="true").exit_code == 2, "there is no base"
    runner.github["event.merge_group.base_sha"] = git(runner.workspace, "rev-parse", "HEAD^1").strip()
    assert runner.run(specs="specs", config="true").exit_code == 1


def test_settings_name_the_specs_of_the_action(runner: Runner, pull_request: Callable[[str], None]) -> None:
    pull_request("baseline")
    assert runner.run(specs="").exit_code == 5, "without the settings, the input names them"
    write(runner.workspace, {"vatspolicy.toml": 'specs = ["specs"]\n'})
    commit(runner.workspace)
    runner.variables = {"GITHUB_EVENT_NAME": "push"}
    assert runner.run(specs="", config="true").exit_code == 1


def test_a_push_is_compared_with_the_commit_before_it(runner: Runner, pull_request: Callable[[str], None]) -> None:
    """Of a push of three commits, the first brings a denied spec."""
    pull_request("baseline")
    before = git(runner.workspace, "rev-parse", "HEAD").strip()
    for name in ("a", "b"):
        write(runner.workspace, {f"specs/{name}.yaml": DENIED if name == "a" else SHOP})
        commit(runner.workspace)
    given = {"specs": "specs", "fail-on": "new:deny"}
    runner.variables = {"GITHUB_EVENT_NAME": "push"}
    runner.github["event.before"] = before
    assert runner.run(**given).exit_code == 1
    runner.github["event.before"] = "0" * 40
    assert runner.run(**given).exit_code == 2, "a new branch adds to nothing"
    for event in ("schedule", "workflow_dispatch"):
        runner.variables = {"GITHUB_EVENT_NAME": event}
        run = runner.run(**given)
        assert (run.exit_code, "of an event without a change, name another level" in run.summary) == (2, True)


def test_a_base_that_cannot_be_had_is_refused(runner: Runner, pull_request: Callable[[str], None]) -> None:
    pull_request("baseline")
    for event in ("pull_request_target", "workflow_run", "issue_comment"):
        runner.variables["GITHUB_EVENT_NAME"] = event
        assert runner.run(specs="specs", config="true").exit_code == 2
        assert runner.run(specs="specs", baseline="base.yaml").exit_code == 2
        assert runner.run(specs="specs").exit_code == 1, "nothing of the checkout could open the gate"
    runner.variables["GITHUB_EVENT_NAME"] = "pull_request"
    git(runner.workspace, "switch", "--quiet", "change")
    own = runner.run(specs="specs", config="true")
    assert (own.exit_code, "not the merge of the pull request" in own.summary) == (2, True)
    git(runner.workspace, "switch", "--quiet", "main")
    source = f"file://{runner.workspace}"
    runner.workspace = runner.temp / "shallow"
    git(runner.temp, "clone", "--quiet", "--depth=1", source, "shallow")
    shallow = runner.run(specs="specs", config="true")
    assert (shallow.exit_code, "Check out with fetch-depth: 2." in shallow.summary) == (2, True)


def test_variables_do_not_lead_git_to_another_repository(runner: Runner, pull_request: Callable[[str], None]) -> None:
    pull_request("baseline")
    git(runner.temp, "clone", "--quiet", str(runner.workspace), "other")
    commit_of_other = git(runner.temp / "other", "commit", "--allow-empty", "--quiet", "-m", "x")
    assert not commit_of_other
    runner.variables |= {"GIT_DIR": str(runner.temp / "other/.git")}
    assert runner.run(specs="specs", config="true").exit_code == 1


def test_the_input_config_is_true_or_false(stand_in: Runner) -> None:
    assert stand_in.run(specs="a.yaml", config="yes").outputs["exit-code"] == "2"
    stand_in.run(specs="a.yaml", config="true")
    assert "--no-config" not in arguments(stand_in.temp)


# --- how the tool is called -----------------------------------------------------------------------------------------


def test_the_tool_runs_once_with_every_report(stand_in: Runner) -> None:
    run = stand_in.run(specs="a.yaml b.yaml")
    folder = stand_in.temp / "vatspolicy-report"
    called = arguments(stand_in.temp)
    assert called[:3] == ["check", "-f", "github"]
    assert options_of(called)[3:] == [
        *("-o", f"sarif={folder}/decision.sarif", "-o", f"json={folder}/decision.json"),
        *("-o", f"junit={folder}/decision.junit.xml", "-o", f"markdown={folder}/decision.md"),
        *("-o", f"comment={folder}/comment.md"),
        *("--no-config", "--lang=en"),
    ]
    assert specs_of(called) == ["a.yaml", "b.yaml"]
    assert run.exit_code == 0
    assert run.outputs["sarif"] == f"{folder}/decision.sarif"


def test_inputs_become_options(stand_in: Runner) -> None:
    stand_in.run(
        specs="a.yaml",
        as_of="2026-03-01",
        fail_on="needs-license",
        law="own law",
        policies="rules/company\nrules of the lab\n",
        waivers="waivers.yaml",
        approvers="approvers.yaml",
        opinions="opinions.yaml",
        baseline="baseline.yaml",
        strict_waivers="true",
        bundle="law.tar.gz",
        key="law.pub",
        attest="out/decision.intoto.jsonl",
        sign_key="pipeline.pem",
        trust="main",
        log="out/log.jsonl",
        expect="1",
        lang="zh",
        allow_past_as_of="true",
        formats="html, text\nsarif",
        report_folder="out/here",
    )
    options = options_of(arguments(stand_in.temp))
    assert {"--as-of=2026-03-01", "--fail-on=needs-license", "--law=own law"} <= set(options)
    assert [one for one in options if one.startswith("--policies")] == [
        "--policies=rules/company",
        "--policies=rules of the lab",
    ]
    assert {"--waivers=waivers.yaml", "--approvers=approvers.yaml", "--baseline=baseline.yaml"} <= set(options)
    assert "--opinions=opinions.yaml" in options
    assert {"--bundle=law.tar.gz", "--key=law.pub", "--log=out/log.jsonl"} <= set(options)
    assert {"--attest=out/decision.intoto.jsonl", "--sign-key=pipeline.pem"} <= set(options)
    assert {"--strict-waivers", "--no-config", "--trust=main", "--expect=1"} <= set(options)
    assert {"--lang=zh", "--allow-past-as-of", "html=out/here/decision.html"} <= set(options)
    assert "text=out/here/decision.txt" in options
    assert len([option for option in options if option.startswith("sarif=")]) == 1
    assert (stand_in.workspace / "out/here/decision.sarif").is_file()


@pytest.mark.parametrize("value", HOSTILE)
def test_an_input_is_one_argument(stand_in: Runner, value: str) -> None:
    names = GATE["inputs"].keys() - {"specs", "policies", "formats", "report-folder", "python-version"}
    names -= {name for name in names if GATE["inputs"][name].get("default") == "false"}
    stand_in.run(specs="a.yaml", **{name.replace("-", "_"): value for name in names})
    options = options_of(arguments(stand_in.temp))
    assert {f"--{name}={value}" for name in names} <= set(options)
    assert value not in options


@pytest.mark.parametrize(
    ("specs", "expected"),
    [
        ("a.yaml", ["a.yaml"]),
        ("  a.yaml\tb.yaml \r\n\n c.yaml", ["a.yaml", "b.yaml", "c.yaml"]),
        ("one file.yaml", ["one file.yaml"]),
        ("one f*.yaml", ["one f*.yaml"]),
        ("no file.yaml", ["no", "file.yaml"]),
        ("**/*.yaml", ["**/*.yaml"]),
        ("--no-fail -", ["--no-fail", "-"]),
        ("$HOME/*.yaml", ["$HOME/*.yaml"]),
        ("文件.yaml", ["文件.yaml"]),
    ],
)
def test_specs_are_passed_on_unexpanded(stand_in: Runner, specs: str, expected: list[str]) -> None:
    (stand_in.workspace / "one file.yaml").touch()
    stand_in.run(specs=specs)
    assert specs_of(arguments(stand_in.temp)) == expected


def test_a_line_that_is_one_name_and_several_is_refused(stand_in: Runner) -> None:
    (stand_in.workspace / "specs/a.yaml specs").mkdir(parents=True)
    (stand_in.workspace / "specs/a.yaml specs/b.yaml").touch()
    line = "specs/a.yaml specs/b.yaml"
    stand_in.run(specs=line)
    assert specs_of(arguments(stand_in.temp)) == [line], "nothing but the whole is there"
    (stand_in.workspace / "specs/b.yaml").touch()
    run = stand_in.run(specs=line)
    assert (run.exit_code, run.outputs["decision"]) == (2, "not-evaluated")
    assert "Write one a line." in run.summary
    for name in ("specs/b.yaml", "specs/*.yaml"):
        assert stand_in.run(specs=f"{line}\n{name}").exit_code == 2


@pytest.mark.parametrize("switch", ["allow_past_as_of", "strict_waivers"])
@pytest.mark.parametrize("value", ["yes", "TRUE", "true false", ""])
def test_a_switch_is_true_or_false(stand_in: Runner, switch: str, value: str) -> None:
    run = stand_in.run(specs="a.yaml", **{switch: value})
    assert run.exit_code == (0 if not value else 2)
    if value:
        assert not (stand_in.temp / "vatspolicy-venv/bin/arguments.json").exists()


def test_a_report_folder_cannot_write_outputs(stand_in: Runner) -> None:
    run = stand_in.run(specs="a.yaml", report_folder="x\ndecision=allow\nexit-code=0")
    assert run.exit_code == 2
    assert run.outputs["decision"] == "not-evaluated"
    assert run.outputs["exit-code"] == "2"


def test_a_report_folder_that_cannot_be_made(stand_in: Runner) -> None:
    (stand_in.workspace / "file").touch()
    run = stand_in.run(specs="a.yaml", report_folder="file/reports")
    assert run.exit_code == 2
    assert run.outputs["decision"] == "not-evaluated"


def test_reports_of_an_earlier_run_do_not_pass_for_new_ones(stand_in: Runner) -> None:
    assert stand_in.run(specs="a.yaml", report_folder="out").outputs["decision"] == "allow"
    plan(stand_in.temp, exit_code=0, decision=None)
    run = stand_in.run(specs="a.yaml", report_folder="out")
    assert run.exit_code == 70
    assert run.outputs["decision"] == "not-evaluated"
    assert run.outputs["json"] == ""


@pytest.mark.parametrize("exit_code", [2, 3, 5, 70, 127])
def test_a_report_of_a_failed_run_is_not_believed(stand_in: Runner, exit_code: int) -> None:
    plan(stand_in.temp, exit_code=exit_code, decision="allow")
    run = stand_in.run(specs="a.yaml")
    assert run.exit_code == exit_code
    assert run.outputs["decision"] == "not-evaluated"
    assert run.outputs["exit-code"] == str(exit_code)
    assert run.summary.startswith("### Not evaluated")


@pytest.mark.parametrize("decision", ["maybe", "allow\ndecision=allow", ""])
def test_an_unknown_decision_is_not_believed(stand_in: Runner, decision: str) -> None:
    plan(stand_in.temp, decision=decision)
    run = stand_in.run(specs="a.yaml")
    assert run.exit_code == 70
    assert run.outputs["decision"] == "not-evaluated"


def test_what_the_tool_prints_to_stderr_is_no_command(stand_in: Runner) -> None:
    plan(stand_in.temp, stderr="::set-env name=PATH::/evil\n::add-mask::secret\nplain\n")
    run = stand_in.run(specs="a.yaml")
    assert "plain" in run.log
    assert run.commands == []


def test_errors_on_stderr_are_annotated(stand_in: Runner) -> None:
    message = "specs/a,b.yaml:12:5: company: 100% is no: number.\nno place here\n"
    plan(stand_in.temp, exit_code=3, decision=None, stderr=message)
    run = stand_in.run(specs="a.yaml")
    assert run.commands[0] == "::error file=specs/a%2Cb.yaml,line=12,col=5::company: 100%25 is no: number."
    assert len(run.commands) == 2


def test_annotations_of_the_tool_reach_the_runner(stand_in: Runner) -> None:
    plan(stand_in.temp, exit_code=1, decision="deny", stdout="::error file=a.yaml,line=3::No.\n")
    run = stand_in.run(specs="a.yaml")
    assert run.commands[0] == "::error file=a.yaml,line=3::No."
    assert run.commands[1] == (
        "::error title=Launch gate::The gate fails on needs-license; the worst decision is deny."
        " The summary names what fails. (exit code 1)"
    )


def test_a_long_summary_is_cut(stand_in: Runner) -> None:
    """A runner refuses a summary of more than a megabyte as a whole."""
    plan(stand_in.temp, markdown="很长 " * 200_000)
    run = stand_in.run(specs="a.yaml")
    assert run.exit_code == 0
    assert len(run.summary.encode()) < 1_000_000
    assert "cut here" in run.summary


def test_standard_input_is_empty(stand_in: Runner) -> None:
    stand_in.run(specs="-")
    assert json.loads((stand_in.temp / "vatspolicy-venv/bin/arguments.json").read_text(encoding="utf-8"))[1] == ""


def test_without_a_python_version_the_runner_s_own_is_used(stand_in: Runner) -> None:
    assert stand_in.run(specs="a.yaml", python_version="").exit_code == 0
    [step] = [step for step in GATE["runs"]["steps"] if "uses" in step]
    assert step["if"] == "${{ inputs.python-version != '' }}"
    assert stand_in.steps.get("python") is None
