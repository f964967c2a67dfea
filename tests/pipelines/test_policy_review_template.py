"""The workflow that a repository of policies copies: its scripts find what a change of the policies breaks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from tests.authoring.analysis.test_findings import FAULTS, write
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.shipped import ROOT
from tests.support.solver import needs_solver

TEMPLATE = yaml.safe_load((ROOT / "templates/policy-review.yml").read_text(encoding="utf-8"))
STEPS = {step.get("name"): step for step in TEMPLATE["jobs"]["review"]["steps"]}
CASES = """\
base:
  company: {foreign_percent: 0, foreign_percent_basis: ultimate, mainland_entity: true}
  services: [{id: s, offers: [own-shop], features: [accounts], operated_by: company, audience: public}]
cases:
  - {it: asks for a permit, as_of: '2026-01-01', expect: {permit: unmet}}
"""


def git(project: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *who, *arguments], cwd=project, check=True, capture_output=True)


SHOP = """\
schema: 2
product: {id: shop}
company: {foreign_percent: 0, foreign_percent_basis: ultimate, mainland_entity: true}
services: [{id: s, offers: [own-shop], features: [accounts], operated_by: company, audience: public}]
"""
EXPECTED = "why: {en: A shop., zh: 商店。}\ndecisions:\n  - {as_of: '2026-01-01', decision: needs-license}\n"
COMPARE = "Compare the decisions"
BASE = "Put the base beside it, and leave out settings that the change brings along"


def run_step(name: str, project: Path, temp: Path, **environment_of_job: str) -> tuple[int, str]:
    if name != BASE:
        shutil.rmtree(temp / "base", ignore_errors=True)
        git(project, "worktree", "prune")
        assert run_step(BASE, project, temp, BASE="HEAD^1")[0] == 0
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS[name]["run"]]
    environment = {**os.environ, **TEMPLATE["env"], "RUNNER_TEMP": str(temp), **environment_of_job}
    environment["GITHUB_STEP_SUMMARY"] = str(temp / "summary.md")
    ran = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


@needs_solver
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_the_review_of_a_change_analyzes_what_it_touches(tmp_path: Path) -> None:
    project, binaries = tmp_path / "project", tmp_path / "tool/bin"
    project.mkdir()
    binaries.mkdir(parents=True)
    (binaries / "vatspolicy").symlink_to(Path(sysconfig.get_path("scripts")) / "vatspolicy")
    git(project, "init", "-q")
    law = write(project / "policies", None) / "law.yaml"
    (project / "policies/law.test.yaml").write_text(CASES, encoding="utf-8")
    (project / "fixtures").mkdir()
    (project / "fixtures/shop.yaml").write_text(SHOP, encoding="utf-8")
    (project / "fixtures/shop.expect.yaml").write_text(EXPECTED, encoding="utf-8")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    sound = law.read_text(encoding="utf-8")
    changes = {
        "sound": sound.replace("Rule capital.", "Rule on capital."),
        "dead": sound + FAULTS["a word and its opposite"].more[0],
        "milder": sound.replace('"accounts" in service.features', '"comments" in service.features'),
    }
    codes = {}
    for branch, text in changes.items():
        git(project, "switch", "-qc", branch, "main")
        law.write_text(text, encoding="utf-8")
        git(project, "commit", "-qam", branch)
        git(project, "switch", "-q", "--detach", "main")
        git(project, "merge", "-q", "--no-ff", "-m", "merge", branch)
        codes[branch] = {
            name: run_step(name, project, tmp_path) for name in ("Test", "Analyze what the change touches", COMPARE)
        }
    tested = {branch: found["Test"][0] for branch, found in codes.items()}
    analyzed = {branch: found["Analyze what the change touches"] for branch, found in codes.items()}
    assert tested == {"sound": 0, "dead": 0, "milder": 1}, codes
    assert {branch: code for branch, (code, _) in analyzed.items()} == {"sound": 0, "dead": 1, "milder": 0}, codes
    assert "::error file=policies/law.yaml,line=" in analyzed["dead"][1]
    compared = {branch: found[COMPARE][0] for branch, found in codes.items()}
    assert compared == {"sound": 0, "dead": 1, "milder": 1}, codes  # the dead rule is law of past days
    assert "Tightens and loosens" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    git(project, "switch", "-q", "dead")
    shutil.copytree(project / "policies", project / "HEAD^1/policies")
    (project / "vatspolicy.toml").write_text('policies = "HEAD^1/policies"\n', encoding="utf-8")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "a folder that is named as the base is, and settings")
    git(project, "switch", "-q", "--detach", "main")
    git(project, "merge", "-q", "--no-ff", "-m", "merge", "dead")
    assert run_step("Analyze what the change touches", project, tmp_path)[0] == 1
    assert "x never applies" in analyzed["dead"][1]


@needs_solver
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_each_layer_is_reviewed_with_what_is_below_it(tmp_path: Path) -> None:
    project, binaries = tmp_path / "project", tmp_path / "tool/bin"
    binaries.mkdir(parents=True)
    (binaries / "vatspolicy").symlink_to(Path(sysconfig.get_path("scripts")) / "vatspolicy")
    project.mkdir()
    write(project / "policies", None)
    denial = "deny: {reason: SECTOR-NOT-OPEN}"
    write_layer(project / "a", "a", a="rules:\n" + rule("low", "service", 'service.audience == "public"', denial))
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    dead = rule("high", "service", 'service.audience == "public" && service.audience == "own-group"', denial)
    write_layer(project / "b", "b", b="rules:\n" + dead)
    git(project, "add", "-A")
    git(project, "switch", "-qc", "change")
    git(project, "commit", "-qm", "a layer")
    git(project, "switch", "-q", "--detach", "main")
    git(project, "merge", "-q", "--no-ff", "-m", "merge", "change")
    step = "Analyze what the change touches"
    code, said = run_step(step, project, tmp_path, LAYERS="a b")
    assert code == 1
    assert "::error file=b/b.yaml,line=" in said
    assert run_step(step, project, tmp_path, LAYERS="a")[0] == 0
    assert run_step(step, project, tmp_path, LAYERS="none")[0] == 3


def test_the_base_of_the_change_is_fetched_and_nothing_may_be_written() -> None:
    assert TEMPLATE["permissions"] == {"contents": "read"}
    assert TEMPLATE["jobs"]["review"]["steps"][0]["with"] == {"fetch-depth": 0, "persist-credentials": False}
    assert {"pull_request": None, "merge_group": None} in TEMPLATE.values(), "a required check answers every change"
    assert "[smt]" in TEMPLATE["env"]["PACKAGE"]
