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

BASH = """
source <(vatspolicy --show-completion)
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vatspolicy_completion vatspolicy; echo "${COMPREPLY[@]}"; }
ask vatspolicy ch
ask vatspolicy check --lang ''
ask vatspolicy check --as
ask vatspolicy new po
vatspolicy --install-completion
"""


def test_help_offers_completion(console: Console) -> None:
    out = console("--help").out
    assert "--install-completion" in out
    assert "--show-completion" in out


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_bash_completes_commands_options_and_values(tmp_path: Path) -> None:
    program = tmp_path / "vatspolicy"
    program.write_text(f"#!{sys.executable}\nfrom vatspolicy.cli import main\nmain()\n", encoding="utf-8")
    program.chmod(0o755)
    environment = {
        **os.environ,
        "HOME": str(tmp_path),
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "src"),
    }
    ran = subprocess.run(
        ["bash", "-c", BASH], env=environment, capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path
    )
    *completed, installed, how = ran.stdout.splitlines()
    assert completed == ["check", "en zh", "--as-of", "policy"]
    assert (installed.startswith("bash completion installed in "), "restart the terminal" in how) == (True, True)
    assert "vatspolicy.sh" in (tmp_path / ".bashrc").read_text(encoding="utf-8")
