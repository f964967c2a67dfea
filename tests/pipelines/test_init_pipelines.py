"""The pipelines that `init` writes, run as GitHub and GitLab run them: no change under review judges itself."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.changes import OPENING, SPEC, VATSPOLICY, plant, until, write
from tests.support.repositories import commit, git
from tests.support.specs import SHOP
from vatspolicy.authoring import project_files

SOURCE = "nothing==0"
PIPELINES = ("github", "gitlab")


@dataclass
class Pipeline:
    """A pipeline of a repository whose main branch has a denied spec and what `init` writes."""

    kind: str
    folder: Path
    temp: Path
    variables: dict[str, str] = field(default_factory=dict)

    def change(self, name: str) -> None:
        """Make a pull request of a change, and check out what its pipeline gets."""
        git(self.folder, "switch", "--quiet", "--create", "change")
        OPENING[name](self.folder)
        commit(self.folder)
        if self.kind == "github":
            git(self.folder, "switch", "--quiet", "main")
            git(self.folder, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
            self.variables = {"GITHUB_EVENT_NAME": "pull_request"}
        else:
            self.variables = {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_DEFAULT_BRANCH": "main"}

    def run(self, part: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run the lines that install, or those that check."""
        if self.kind == "github":
            workflow = yaml.safe_load((self.folder / ".github/workflows/vatspolicy.yml").read_text(encoding="utf-8"))
            title = {"install": "Install vatspolicy", "check": "Check the specs"}[part]
            steps: list[dict[str, Any]] = workflow["jobs"]["launch-gate"]["steps"]
            [step] = [step for step in steps if step.get("name") == title]
            script, given = step["run"], dict(step["env"])
            given |= {"PYTHON": sys.executable} if part == "install" else {"BASE": "HEAD^1"}
            shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", script]
        else:
            job = yaml.safe_load((self.folder / ".gitlab-ci.yml").read_text(encoding="utf-8"))["launch-gate"]
            lines = job[{"install": "before_script", "check": "script"}[part]]
            tool = [] if part == "install" else [f"tool={self.temp}/tool"]
            shell, given = ["bash", "-c", "\n".join(["set -eo pipefail", *tool, *lines])], job["variables"]
        kept = ("PATH", "HOME", "LANG", "VATSPOLICY_CACHE")
        clean = {name: value for name, value in os.environ.items() if name in kept}
        fixed = {"RUNNER_TEMP": str(self.temp), "GITHUB_STEP_SUMMARY": str(self.temp / "summary")}
        fixed |= {"TMPDIR": str(self.temp), "GIT_CONFIG_GLOBAL": os.devnull}
        environment = {**clean, **fixed, **given, **self.variables, **variables}
        return subprocess.run(
            shell, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
        )


@pytest.fixture(params=PIPELINES)
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> Pipeline:
    folder, temp = tmp_path / "work space", tmp_path / "temp"
    (temp / "tool/bin").mkdir(parents=True)
    (temp / "tool/bin/vatspolicy").symlink_to(VATSPOLICY)
    folder.mkdir()
    git(folder, "init", "--quiet")
    until(folder)
    command = [str(VATSPOLICY), "init", "product", "--ci", request.param, "--source", SOURCE]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    commit(folder)
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "origin.git")
    git(folder, "remote", "add", "origin", f"file://{tmp_path}/origin.git")
    return Pipeline(request.param, folder, temp)


@pytest.mark.parametrize("name", OPENING)
def test_a_change_does_not_open_its_own_gate(pipeline: Pipeline, name: str) -> None:
    pipeline.change(name)
    ran = pipeline.run("check")
    assert ran.returncode == 1, ran.stderr
    reports = ran.stdout + "".join(path.read_text() for path in pipeline.folder.glob("vatspolicy-report/*.xml"))
    assert "This change edits files that control the gate" in reports
    merged = {"github": {"GITHUB_EVENT_NAME": "push"}, "gitlab": {"CI_COMMIT_REF_PROTECTED": "true"}}[pipeline.kind]
    pipeline.variables = {}
    assert pipeline.run("check", **merged).returncode == 0, "the owner has agreed"


@pytest.mark.parametrize("pipeline", ["gitlab"], indirect=True)
def test_a_branch_of_gitlab_is_judged_by_the_default_branch(pipeline: Pipeline) -> None:
    pipeline.change("waivers")
    pipeline.variables = {"CI_DEFAULT_BRANCH": "main", "CI_COMMIT_REF_PROTECTED": "false"}
    assert "Gate: FAILED" in pipeline.run("check").stdout
    for variables in ({}, {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "gone"}):
        pipeline.variables = variables
        ran = pipeline.run("check")
        assert (ran.returncode != 0, ran.stdout) == (True, ""), "there is no base"


def test_a_pull_request_without_its_base_is_not_judged(pipeline: Pipeline) -> None:
    pipeline.change("baseline")
    source = f"file://{pipeline.folder}"
    shallow = pipeline.temp / "shallow"
    git(pipeline.temp, "clone", "--quiet", "--depth=1", source, "shallow")
    pipeline.folder = shallow
    if pipeline.kind == "gitlab":  # whose job fetches it
        pipeline.variables["CI_MERGE_REQUEST_TARGET_BRANCH_NAME"] = "main~9"
    ran = pipeline.run("check")
    assert (ran.returncode != 0, ran.stdout) == (True, "")


def test_it_works_on_its_first_day(pipeline: Pipeline) -> None:
    """The pull request that adds the files of `init` to a repository which has none of them."""
    git(pipeline.folder, "switch", "--quiet", "--orphan", "first")
    write(pipeline.folder, {"README.md": "Specs.\n"})
    commit(pipeline.folder)
    git(pipeline.folder, "push", "--quiet", "--force", "origin", "first:main")
    git(pipeline.folder, "merge", "--quiet", "--no-ff", "--allow-unrelated-histories", "--message", "merge", "main")
    pipeline.variables = {"GITHUB_EVENT_NAME": "pull_request", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    ran = pipeline.run("check")
    assert ran.returncode == 1, ran.stderr
    assert "would pass nothing that fails here" in " ".join(ran.stdout.split())


def test_it_is_green_before_there_is_a_spec_and_closed_when_the_last_one_goes(pipeline: Pipeline) -> None:
    git(pipeline.folder, "switch", "--quiet", "--create", "change")
    git(pipeline.folder, "rm", "--quiet", "-r", "specs")
    commit(pipeline.folder)
    git(pipeline.folder, "switch", "--quiet", "main")
    git(pipeline.folder, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
    pipeline.variables = {"GITHUB_EVENT_NAME": "pull_request", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    assert pipeline.run("check").returncode == 3, "no change can take the last spec away unseen"
    git(pipeline.folder, "push", "--quiet", "origin", "main")
    git(pipeline.folder, "commit", "--quiet", "--allow-empty", "--message", "later")
    ran = pipeline.run("check")
    assert (ran.returncode, "There is no spec, and there was none before." in ran.stdout) == (0, True), ran.stderr


def merge(pipeline: Pipeline, files: dict[str, str], branch: str = "change") -> None:
    """Merge files into main, as a pull request does."""
    git(pipeline.folder, "switch", "--quiet", "--create", branch)
    write(pipeline.folder, files)
    commit(pipeline.folder)
    git(pipeline.folder, "switch", "--quiet", "main")
    git(pipeline.folder, "merge", "--quiet", "--no-ff", "--message", "merge", branch)
    pipeline.variables = {"GITHUB_EVENT_NAME": "pull_request", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}


def test_the_settings_of_the_base_name_the_specs(pipeline: Pipeline) -> None:
    """In place of `specs`, which `init` writes; neither side of the first change has a spec there."""
    denied = (pipeline.folder / SPEC).read_text(encoding="utf-8")
    git(pipeline.folder, "rm", "--quiet", "-r", "specs")
    write(pipeline.folder, {"vatspolicy.toml": 'specs = ["products"]\n', "products/ok.yaml": SHOP})
    commit(pipeline.folder)
    git(pipeline.folder, "push", "--quiet", "origin", "main")
    merge(pipeline, {"products/evil.yaml": denied})
    ran = pipeline.run("check")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    git(pipeline.folder, "rm", "--quiet", "-r", "products")
    git(pipeline.folder, "commit", "--quiet", "--amend", "--message", "empty")
    assert pipeline.run("check").returncode == 3, "the last spec is gone"


def test_a_submodule_does_not_hide_specs(pipeline: Pipeline) -> None:
    git(pipeline.folder, "rm", "--quiet", "-r", "specs")
    commit(pipeline.folder)
    git(pipeline.folder, "push", "--quiet", "origin", "main")
    git(pipeline.folder, "update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},specs/sub")
    git(pipeline.folder, "commit", "--quiet", "--message", "submodule")
    (pipeline.folder / "specs/sub").mkdir(parents=True)
    pipeline.variables = {"GITHUB_EVENT_NAME": "pull_request", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    ran = pipeline.run("check")
    assert (ran.returncode, "This submodule is not checked out." in ran.stdout + ran.stderr) == (3, True)


def test_a_push_is_compared_with_the_commit_before_it(pipeline: Pipeline) -> None:
    """Of a push of two commits, the first brings a denied spec."""
    denied = (pipeline.folder / SPEC).read_text(encoding="utf-8")
    write(pipeline.folder, {"vatspolicy.toml": 'specs = ["specs"]\nfail-on = "new:deny"\n'})
    commit(pipeline.folder)
    before = git(pipeline.folder, "rev-parse", "HEAD").strip()
    for name in ("second", "third"):
        write(pipeline.folder, {f"specs/{name}.yaml": denied if name == "second" else SHOP})
        commit(pipeline.folder)
    pipeline.variables = {"GITHUB_EVENT_NAME": "push", "CI_COMMIT_REF_PROTECTED": "true"}
    assert pipeline.run("check", BASE=before, CI_COMMIT_BEFORE_SHA=before).returncode == 1
    assert pipeline.run("check", BASE="0" * 40, CI_COMMIT_BEFORE_SHA="0" * 40).returncode == 2, "there is no base"
    text = (pipeline.folder / ".github/workflows/vatspolicy.yml") if pipeline.kind == "github" else None
    assert text is None or "github.event_name == 'push' && github.event.before" in text.read_text(encoding="utf-8")


def test_the_change_is_told(pipeline: Pipeline) -> None:
    base = git(pipeline.folder, "rev-parse", "HEAD").strip()
    git(pipeline.folder, "switch", "--quiet", "--create", "change")
    (pipeline.folder / SPEC).rename(pipeline.folder / "specs/other.yaml")
    commit(pipeline.folder)
    git(pipeline.folder, "switch", "--quiet", "main")
    git(pipeline.folder, "merge", "--quiet", "--no-ff", "--message", "merge", "change")
    pipeline.variables = {"GITHUB_EVENT_NAME": "pull_request", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    ran = pipeline.run("check", CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    [comment] = [*pipeline.temp.glob("comment.md"), *pipeline.folder.glob("vatspolicy-report/comment.md")]
    assert f"`specs/other.yaml`: DENY, decision unchanged, renamed from {SPEC}" in comment.read_text(), ran.stderr


def test_no_python_of_the_checkout_is_run(pipeline: Pipeline) -> None:
    mark = pipeline.temp / "mark"
    plant(pipeline.folder, mark)
    commit(pipeline.folder)
    pipeline.change("specs")
    checked = pipeline.run("check", PYTHONPATH="." if pipeline.kind == "gitlab" else "")
    assert checked.returncode == 1, checked.stderr
    (pipeline.temp / "tool/bin/vatspolicy").unlink()
    installed = pipeline.run("install", PIP_NO_INDEX="1", PYTHONPATH=".")
    assert installed.returncode != 0
    assert "No matching distribution" in installed.stderr
    assert not mark.exists(), mark.read_text(encoding="utf-8")


def test_the_template_for_gitlab_finds_the_owner_as_init_does() -> None:
    template = Path(__file__).parents[2] / "templates/gitlab-ci.yml"
    for part in (project_files.GITLAB_TRUST, project_files.GITLAB_COMMENT):
        assert part in template.read_text(encoding="utf-8")
    assert SPEC.startswith("specs/"), "which the pipelines name"
