"""Generated pages: each is what the command says that docs/where-things-belong.md lists for it."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.support.console import Console
from tests.support.shipped import ROOT

PAGE = ROOT / "docs/where-things-belong.md"
ROWS = re.findall(
    r"^\| (`.*`) \| `vatspolicy (.*)` \| `test_generated_pages\.py` \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
)
"""Files and the command that writes them, of the rows that name this test."""


def test_generated_pages_are_in_step(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    stale = []
    for files, command in ROWS:
        arguments = shlex.split(command)
        if arguments[0] == "docs":  # writes files; the others print their page
            stale += console(*arguments, "--check").out.splitlines()
            continue
        ran = console(*arguments)
        page = files.strip("`")
        if (ran.code, ran.out) != (0, (ROOT / page).read_text(encoding="utf-8")):
            stale.append(f"stale {page}: vatspolicy {command}")
    assert stale == []
    assert len(ROWS) == 3, "docs/where-things-belong.md lists the pages that a command of the program writes"
