"""Completion in a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.shipped import ROOT

SHELLS = ("bash", "zsh", "fish", "powershell")
BASH = """
source <(vatspolicy completion bash)
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vatspolicy_completion vatspolicy; echo "${COMPREPLY[@]}"; }
ask vatspolicy ch
ask vatspolicy check --lang ''
ask vatspolicy check --as
ask vatspolicy new po
"""


@pytest.mark.parametrize("shell", SHELLS)
def test_there_is_a_script_for_every_shell(console: Console, shell: str) -> None:
    ran = console("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert f"complete_{shell}" in ran.out
    assert "vatspolicy" in ran.out


def test_another_shell_is_a_mistake(console: Console) -> None:
    assert console("completion", "tcsh").code == 2


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_and_values(tmp_path: Path) -> None:
    program = tmp_path / "vatspolicy"
    program.write_text(f"#!{sys.executable}\nfrom vatspolicy.cli import main\nmain()\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    ran = subprocess.run(
        ["bash", "-c", BASH], env=environment, capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path
    )
    assert ran.stdout.splitlines() == ["check", "en zh", "--as-of", "policy"]
