"""The image: its Dockerfile names what exists; where an engine is asked for, it is built and run (`.ci/image`)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.shipped import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def instructions(name: str) -> list[str]:
    joined = DOCKERFILE.replace("\\\n", " ")
    return [line.removeprefix(f"{name} ").strip() for line in joined.splitlines() if line.startswith(f"{name} ")]


def test_it_starts_the_program_without_rights() -> None:
    assert instructions("ENTRYPOINT") == ['["vatspolicy"]']
    assert "vatspolicy" in PROJECT["project"]["scripts"]
    [user] = instructions("USER")
    assert user.split(":")[0] not in ("root", "0")


def test_it_runs_on_a_python_that_the_package_supports() -> None:
    least = tuple(map(int, PROJECT["project"]["requires-python"].removeprefix(">=").split(".")))
    versions = {match[1] for image in instructions("FROM") if (match := re.match(r"python:(\d+\.\d+)-slim", image))}
    [version] = versions
    assert len(instructions("FROM")) == 2
    assert tuple(map(int, version.split("."))) >= least
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


def test_its_extras_exist() -> None:
    named = {extra for found in re.findall(r"'[\w.]*\[([\w,]+)\]'", DOCKERFILE) for extra in found.split(",")}
    assert {"serve", "sign"} <= named <= set(PROJECT["project"]["optional-dependencies"])


def test_its_context_is_what_a_wheel_is_made_of_and_nothing_else() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "*"
    kept = {line.removeprefix("!") for line in lines if line.startswith("!")}
    for name in kept:
        assert (ROOT / name).exists(), name
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["force-include"], *(package.split("/")[0] for package in wheel["packages"])}
    needed |= {PROJECT["project"]["readme"], *PROJECT["project"]["license-files"], "pyproject.toml", "hatch_build.py"}
    assert kept == needed


def test_its_build_argument_is_read_by_the_build() -> None:
    for name in instructions("ARG"):
        assert name.split("=")[0] in (ROOT / "hatch_build.py").read_text(encoding="utf-8")


def test_an_engine_is_required(tmp_path: Path) -> None:
    bash = shutil.which("bash")
    assert bash
    ran = subprocess.run(
        [bash, str(ROOT / ".ci/image")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0


@pytest.mark.skipif(not os.environ.get("REQUIRE_IMAGE"), reason="building takes an engine and a network")
def test_it_is_built_and_decides() -> None:
    ran = subprocess.run([str(ROOT / ".ci/image")], capture_output=True, text=True, timeout=900, check=False)
    assert ran.returncode == 0, ran.stderr
