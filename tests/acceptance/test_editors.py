"""Editors that nobody here wrote, with the configuration that docs/editors.md shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="needs the extra `lsp`")

from tests.language_server.test_editor import SMALL, SPEC, TESTS, USER
from tests.support.shipped import ROOT

DRIVERS = ROOT / "tests" / "data" / "editors"
PAGE = ROOT / "docs" / "editors.md"
SECONDS = 400


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A law with one fault in a policy, and a spec with one."""
    folder = tmp_path / "project"
    law = folder / "policies"
    law.mkdir(parents=True)
    (folder / "vatspolicy.toml").write_text("", encoding="utf-8")
    (folder / ".git").mkdir()
    (law / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n", encoding="utf-8")
    (law / "small.yaml").write_text(SMALL, encoding="utf-8")
    (law / "user.yaml").write_text(USER.replace("service.offers.", "service.ofers."), encoding="utf-8")
    (law / "user.test.yaml").write_text(TESTS, encoding="utf-8")
    (folder / "spec.yaml").write_text(SPEC.replace("offers:", "ofers:"), encoding="utf-8")
    return folder


def configuration(heading: str, language: str) -> str:
    """A block of code below a heading of the page."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1].split("\n## ")[0]
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL))


def run(project: Path, *command: str) -> dict[str, Any]:
    """What an editor prints: values by their names."""
    program = project.parent / "bin" / "vatspolicy"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from vatspolicy.cli import main; main()' \"$@\"\n", encoding="utf-8"
    )
    program.chmod(0o755)
    home = project.parent / "home"
    home.mkdir()
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": str(home)}
    done = subprocess.run(
        command, cwd=project, capture_output=True, text=True, timeout=SECONDS, env=environment, check=False
    )
    lines = [line[line.index('["') :] for line in done.stdout.splitlines() if '["' in line]
    found = dict(json.loads(line) for line in lines)
    assert "findings of a spec" in found, (found, done.stdout[-2000:], done.stderr[-2000:])
    return found


def check(found: dict[str, Any]) -> None:
    [finding] = found["findings"]
    assert "service has no 'ofers'. Did you mean 'offers'?" in finding
    assert "service.offers.exists" in found["fixed"]
    assert "**term.far**" in str(found["meaning"])
    assert "foreign" in found["definition"]
    assert set(found["references"]) == {"small.yaml", "user.yaml"}
    assert "foreign_percent" in found["proposals"]
    assert found["renamed"] is True
    [finding] = found["findings of a spec"]
    assert "Did you mean 'offers'?" in finding


@pytest.mark.skipif(shutil.which("nvim") is None, reason="needs Neovim (`nvim`) on the PATH")
def test_neovim(project: Path) -> None:
    told = subprocess.run(["nvim", "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, re.findall(r"\d+", told)[:2]))
    new, old = re.findall(r"```lua\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file = project.parent / "init.lua"
    file.write_text(new if version >= (0, 11) else old, encoding="utf-8")
    found = run(
        project, "nvim", "--headless", "--clean", "-n", "-u", str(file), "-c", f"luafile {DRIVERS / 'neovim.lua'}"
    )
    check(found)
    assert found["lenses"] == ["3 tests passed"]


@pytest.mark.skipif(shutil.which("emacs") is None, reason="needs Emacs 29 or newer (`emacs`) on the PATH")
def test_emacs(project: Path) -> None:
    file = project.parent / "init.el"
    file.write_text(configuration("Emacs", "elisp"), encoding="utf-8")
    found = run(project, "emacs", "--batch", "-Q", "-l", str(file), "-l", str(DRIVERS / "emacs.el"))
    check(found)
    assert found["renamed elsewhere"] is True
