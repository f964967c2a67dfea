"""`analyze` without its solver: the sentence, and an exit code that no finding shares."""

from __future__ import annotations

import pytest

from tests.support.console import Console
from vatspolicy.gate.gate import ExitCode
from vatspolicy.proofs import solver


@pytest.mark.parametrize("words", [(), ("--properties",), ("--kind", "unread-fact")])
def test_without_the_solver_analyze_says_how_to_install_it(
    console: Console, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(solver, "z3", None)
    ran = console("analyze", *words)
    assert (ran.code, ran.out) == (ExitCode.UNAVAILABLE, "")
    assert ran.err == "vatspolicy: analyze needs the solver z3: pip install '.[smt]'.\n"
