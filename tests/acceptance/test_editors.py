"""Editors that nobody here wrote, with the configuration that docs/editors.md shows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="needs the extra `lsp`")

from tests.language_server.test_editor import SMALL, SPEC, TESTS, USER
from tests.support.shipped import ROOT
from tests.support.terminal import Terminal, run_in_terminal

DRIVERS = ROOT / "tests" / "data" / "editors"
PAGE = ROOT / "docs" / "editors.md"
ALE = Path("/usr/share/vim/vimfiles/pack/dist-bundle/start/ale")
"""The plugin, where Debian's package lays it."""
HELIX = shutil.which("hx") or shutil.which("helix")
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


def need(there: object, what: str) -> None:
    """Skip a test of an editor that is not there; with REQUIRE_EDITORS set it fails."""
    if not there:
        (pytest.fail if os.environ.get("REQUIRE_EDITORS") else pytest.skip)(f"needs {what}")


def section(heading: str) -> str:
    """The text below a heading of the page."""
    return PAGE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]


def configuration(heading: str, language: str) -> str:
    """A block of code below a heading of the page."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", section(heading), re.DOTALL))


@pytest.fixture
def environment(project: Path) -> dict[str, str]:
    """A home of its own, and `vatspolicy` on the PATH."""
    program = project.parent / "bin" / "vatspolicy"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from vatspolicy.cli import main; main()' \"$@\"\n", encoding="utf-8"
    )
    program.chmod(0o755)
    home = project.parent / "home"
    home.mkdir()
    found = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return found | {
        "PATH": f"{program.parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "RESULTS": str(home / "results"),
    }


def run(project: Path, environment: dict[str, str], *command: str) -> dict[str, Any]:
    """What an editor prints, or writes to the file `RESULTS`: values by their names."""
    done = subprocess.run(
        command,
        cwd=project,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env=environment,
        check=False,
    )
    results = Path(environment["RESULTS"])
    told = results.read_text(encoding="utf-8") if results.exists() else done.stdout
    lines = [line[line.index('["') :] for line in told.splitlines() if '["' in line]
    found = dict(json.loads(line) for line in lines)
    assert "findings of a spec" in found, (found, done.stdout[-2000:], done.stderr[-2000:])
    return found


def check(found: dict[str, Any], references: Collection[str] = ("small.yaml", "user.yaml")) -> None:
    [finding] = found["findings"]
    assert "service has no 'ofers'. Did you mean 'offers'?" in finding
    assert "service.offers.exists" in found["fixed"]
    assert "term.far" in str(found["meaning"])
    assert "company.foreign_percent > param.cap" in str(found["meaning"])
    assert "foreign" in found["definition"]
    assert set(found["references"]) == set(references)
    assert "foreign_percent" in found["proposals"]
    assert found["renamed"] is True
    [finding] = found["findings of a spec"]
    assert "Did you mean 'offers'?" in finding


def test_neovim(project: Path, environment: dict[str, str]) -> None:
    need(shutil.which("nvim"), "Neovim (`nvim`) on the PATH")
    told = subprocess.run(["nvim", "--version"], capture_output=True, text=True, check=True).stdout
    version = tuple(map(int, re.findall(r"\d+", told)[:2]))
    new, old = re.findall(r"```lua\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    file = project.parent / "init.lua"
    file.write_text(new if version >= (0, 11) else old, encoding="utf-8")
    command = ["nvim", "--headless", "--clean", "-n", "-u", str(file), "-c", f"luafile {DRIVERS / 'neovim.lua'}"]
    found = run(project, environment, *command)
    check(found)
    assert found["lenses"] == ["3 tests passed"]


def test_emacs(project: Path, environment: dict[str, str]) -> None:
    need(shutil.which("emacs"), "Emacs 29 or newer (`emacs`) on the PATH")
    file = project.parent / "init.el"
    file.write_text(configuration("Emacs", "elisp"), encoding="utf-8")
    found = run(project, environment, "emacs", "--batch", "-Q", "-l", str(file), "-l", str(DRIVERS / "emacs.el"))
    check(found)
    assert found["renamed elsewhere"] is True


def test_vim(project: Path, environment: dict[str, str]) -> None:
    """ALE asks for the uses of a name, and not for its definition."""
    need(shutil.which("vim") and ALE.is_dir(), "Vim with the plugin ALE (Debian's vim-ale)")
    linter, settings = re.findall(r"```vim\n(.*?)```", section("Vim"), re.DOTALL)
    home = Path(environment["HOME"])
    file = home / ".vim" / "ale_linters" / "yaml" / "vatspolicy.vim"
    file.parent.mkdir(parents=True)
    file.write_text(linter, encoding="utf-8")
    (home / ".vimrc").write_text(settings, encoding="utf-8")
    found = run(project, environment, "vim", "-N", "-T", "dumb", "--not-a-term", "-n", "-S", str(DRIVERS / "vim.vim"))
    check(found, references=["user.yaml"])


def test_helix(project: Path, environment: dict[str, str]) -> None:
    need(HELIX and shutil.which("tmux"), "Helix (`hx`) and `tmux` on the PATH")
    assert HELIX is not None
    settings = Path(environment["HOME"]) / ".config" / "helix" / "languages.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(configuration("Helix", "toml"), encoding="utf-8")
    with run_in_terminal(project, environment | {"TERM": "screen"}, HELIX, "policies/user.yaml") as terminal:
        check(use_helix(terminal))


def use_helix(terminal: Terminal) -> dict[str, Any]:
    """What a user of Helix does, and sees on the screen."""
    found: dict[str, Any] = {}

    def read(name: str, pattern: str) -> list[str]:
        screen = terminal.wait_for(lambda screen: re.search(pattern, screen))
        told: list[str] = re.findall(pattern, screen)
        found[name] = told
        return told

    def leave(pattern: str) -> None:
        """Press Escape until there is no such thing on the screen: with a key that follows at once it would be Alt."""
        while re.search(pattern, terminal.screen()):
            terminal.press("Escape")
            time.sleep(0.1)

    def go(pattern: str) -> None:
        terminal.write(f"/{pattern}")
        terminal.press("Enter")

    terminal.wait_for(lambda screen: "● 1" in screen)
    terminal.press("]", "d")
    read("findings", r"service has no .*")
    terminal.press("Space", "a")
    read("actions", r"Replace with .*")
    terminal.press("Enter")
    found["fixed"] = read("fixed", r"when: term\.far .*offers.*")[0]
    go(r"term\.far")
    terminal.press("Space", "k")
    read("meaning", r"term\.far · user[\s~]+term\.foreign && .*")
    leave(r"term\.far · user")
    go(r"term\.foreign")
    terminal.press("g", "r")
    read("references", r"policies/(\w+\.yaml):\d+")
    leave("policies/small")
    terminal.press("g", "d")
    found["definition"] = read("definition", r"14 +foreign: [\s\S]*NOR +policies/small\.yaml")[0]
    terminal.press("Space", "r")
    read("prompt", r"rename-to:")
    terminal.press("C-u")
    terminal.write("outside")
    terminal.press("Enter")
    read("renamed here", r"14 +outside: ")
    terminal.write(":open policies/user.yaml")
    terminal.press("Enter")
    found["renamed"] = read("renamed", r"far: term\.outside") != []
    go(r"when: term\.far")
    terminal.press("A")
    terminal.write(" && company.fore")
    read("proposals", r"(foreign_percent) +field")
    leave("INS")
    terminal.write(":open spec.yaml")
    terminal.press("Enter")
    terminal.wait_for(lambda screen: "spec.yaml" in screen and "● 1" in screen)
    terminal.press("]", "d")
    read("findings of a spec", r"This key is unknown\. .*")
    return found
