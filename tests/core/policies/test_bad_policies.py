"""Broken policies and exactly what is said about each: one mistake a file, its `.expected` beside it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.shipped import BAD
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.errors import InvalidInput, Problem, in_language, render
from vatspolicy.i18n.lint import HAN

POLICIES = sorted(BAD.glob("policy-*.yaml"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle that is sound: one file of definitions, one with a need and a route."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(BAD / "base", tmp_path / "policies")
    return tmp_path / "policies"


def told(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        load_bundle(folder)
    return caught.value.problems


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.stem)
def test_a_bad_policy_is_told_exactly_what_is_wrong(policy: Path, folder: Path) -> None:
    shutil.copy(policy, folder)
    problems = told(folder)
    assert "".join(f"{render(problem)}\n" for problem in problems) == policy.with_suffix(".expected").read_text("utf-8")
    assert [problem for problem in problems if not HAN.search(in_language(problem, "zh").message)] == []


def test_there_are_bad_policies_and_none_is_forgotten() -> None:
    assert len(POLICIES) >= 80
    assert {policy.stem for policy in POLICIES} == {expected.stem for expected in BAD.glob("policy-*.expected")}


def test_the_rest_of_the_folder_is_sound(folder: Path) -> None:
    assert set(load_bundle(folder).policies) == {"definitions", "regulations"}


def test_two_files_of_one_id(folder: Path) -> None:
    (folder / "more").mkdir()
    shutil.copy(folder / "definitions.yaml", folder / "more")
    (problem,) = told(folder)
    assert str(problem) == (
        "policies/more/definitions.yaml:1:5: id: Another file has the same id (policies/definitions.yaml)."
    )


def test_a_folder_without_bundle_yaml(folder: Path) -> None:
    (folder / "bundle.yaml").unlink()
    (problem,) = told(folder)
    assert str(problem) == "policies:1:1: The folder has no bundle.yaml. This file must state version and covers."


def test_a_folder_without_policies(tmp_path: Path) -> None:
    (problem,) = told(tmp_path)
    assert problem.message == "There are no policies in this folder."


def test_no_folder(tmp_path: Path) -> None:
    (problem,) = told(tmp_path / "nowhere")
    assert problem.message == "This policy folder does not exist."


def test_a_mistake_in_a_bundle_file_is_told_with_those_of_policies(folder: Path) -> None:
    (folder / "bundle.yaml").write_text("version: '1.0'\ncovers: {from: 2015}\n", encoding="utf-8")
    shutil.copy(BAD / "policy-no-effect.yaml", folder)
    assert {problem.file for problem in told(folder)} == {"policies/bundle.yaml", "policies/policy-no-effect.yaml"}
