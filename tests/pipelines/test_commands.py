"""Each command of the workflows, the actions and the templates is run by a test, or named with the reason why none can."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
import yaml

from tests.support.shipped import ROOT
from tests.support.solver import needs_solver

SCRIPTS = Path(sysconfig.get_path("scripts"))
TESTED = {
    "actions/gate: * vatspolicy": "test_gate_action.py::test_the_install_step_installs_the_tool",
    "actions/gate: Check the specs": "test_gate_action.py::test_each_decision_ends_the_step",
    "actions/policy-diff: Install vatspolicy": "test_diff_action.py::test_the_solver_is_installed_where_it_is_asked_for",
    "actions/policy-diff: Compare": "test_diff_action.py::test_a_change_does_not_choose_what_is_compared",
    "ci.yml: .ci/image": "test_image.py::test_it_is_built_and_decides",
    "nightly.yml: python -m tests.support.fuzz_coverage 600": "test_fuzz_coverage.py::*",
    "policy-review.yml: Install the tool of the base": "test_diff_action.py::test_the_solver_is_installed_where_it_is_asked_for",
    "policy-review.yml: Compare": "test_diff_action.py::test_a_change_does_not_choose_what_is_compared",
    "policy-review.yml: Write the comment, or renew it": "test_diff_action.py::test_the_first_comment_is_posted",
    "release.yml: *": "test_release_rehearsal.py::test_a_state_without_a_tag_is_rehearsed_without_a_secret",
    "templates/policy-review.yml: *": "test_policy_review_template.py::test_each_layer_is_reviewed_with_what_is_below_it",
    "gitlab-ci.yml: before_script": "test_workflows.py::test_gitlab_job_installs_from_the_project_that_holds_it",
    "gitlab-ci.yml: script": "test_workflows.py::test_gitlab_job_reports",
}
"""Which test runs a command, of those in this folder. A release is rehearsed; its secrets are those of the platform."""
NOT_HERE = {
    "ci.yml: make lint": "it runs beside the tests of `make test`",
    "*.yml: .ci/run*": "it is what runs these tests",
    "ci.yml: docker run *": "it takes an engine, and runs .ci/run in a container",
    "*.yml: sudo apt-get *": "it takes a network and changes the machine",
    "*.yml: python -m pip install *": "it takes a network; test_packaging.py installs the wheel",
    "pages.yml: npm install *": "it takes a network",
    "pages.yml: vatspolicy docs build *": "it takes Pyodide; tests/browser/test_site_page.py does the same where it is there",
    "ci.yml: Validate": "it takes a network; its validator is Microsoft's",
    "ci.yml: make release TESTS=": "it takes a clean clone; test_release_rehearsal.py tests its parts",
    "ci.yml: make audit": "it takes a network",
    "ci.yml: The gate evaluated the spec": "it reads outputs of the action, which test_gate_action.py checks",
    "nightly.yml: make test-long": "it is what runs these tests",
    "nightly.yml: python -m tests.law_mistakes *": "it takes an hour; tests/test_law_mistakes.py runs a part",
    "policy-review.yml: Look for edits that concern the law": "it takes a pull request, whose base it checks out",
    "policy-review.yml: Analyze": "it takes a pull request; templates/policy-review.yml has the same step",
    "templates/update-law.yml: *": "it takes a token and a release",
    "gitlab-ci.yml: after_script": "it takes a token of GitLab",
}
HERE = {
    "ci.yml: make docs": "vatspolicy docs build --check",
    "ci.yml: vatspolicy check *": "",
    "ci.yml: vatspolicy analyze *": "",
}
"""What this file runs: as it stands, or in this form."""


def commands() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each command: `FILE: NAME`, where a step without a name is its command."""
    github = ROOT / ".github"
    for path in sorted(
        [*github.glob("workflows/*.yml"), *github.glob("actions/*/action.yml"), *ROOT.glob("templates/*.yml")]
    ):
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        where = {"workflows": path.name, "templates": f"templates/{path.name}"}.get(path.parent.name)
        where = where or f"actions/{path.parent.name}"
        if path.name == "gitlab-ci.yml":
            for part in ("before_script", "script", "after_script"):
                yield f"{path.name}: {part}", "\n".join(data["vatspolicy"][part])
            continue
        for job in data["jobs"].values() if "jobs" in data else [data["runs"]]:
            for step in job["steps"]:
                if "run" in step:
                    yield f"{where}: {step.get('name') or step['run']}", step["run"]


def entries(name: str) -> list[str]:
    """Return the entries of the three tables that are about a command."""
    return [pattern for table in (TESTED, NOT_HERE, HERE) for pattern in table if fnmatchcase(name, pattern)]


def test_each_command_is_run_or_says_why_not() -> None:
    names = [name for name, _ in commands()]
    assert len(names) > 40
    assert [(name, entries(name)) for name in names if len(entries(name)) != 1] == []
    known = {pattern for name in names for pattern in entries(name)}
    assert {*TESTED, *NOT_HERE, *HERE} - known == set(), "no command has this name"


def test_a_new_command_has_no_entry() -> None:
    assert entries("ci.yml: vatspolicy lint") == entries("nightly.yml: make bench") == []


def test_the_tests_that_run_commands_exist() -> None:
    for place in TESTED.values():
        file, name = place.split("::")
        tree = ast.parse((Path(__file__).parent / file).read_text(encoding="utf-8"))
        found = [one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and fnmatchcase(one.name, name)]
        assert [one for one in found if one.startswith("test_")], place


@needs_solver
@pytest.mark.parametrize("pattern", HERE)
def test_a_command_passes(pattern: str, tmp_path: Path) -> None:
    """In a folder that has the law and the fixtures, so that what a command writes is not left in the project."""
    [text] = [text for name, text in commands() if fnmatchcase(name, pattern)]
    for folder in ("policies", "fixtures", "schemas", "docs"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", HERE[pattern] or re.sub(r" #.*", "", text)],
        cwd=tmp_path,
        env={**os.environ, "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
