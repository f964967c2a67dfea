"""Lists of any length and free texts: what a proof says of them, and that its witnesses are real."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.solver import needs_solver
from tests.support.transitions import checked, names
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.proofs import compare_decisions, formula
from vatspolicy.proofs.domain import ProfileSpace
from vatspolicy.proofs.free_text import find_text, test_text
from vatspolicy.proofs.solver import open_solver
from vatspolicy.proofs.values import FreeText

test_text.__test__ = False  # type: ignore[attr-defined]  # a formula, not a test

DENIED_BECOMES_MILDER = {"deny->allow", "deny->needs-license", "deny->incomplete"}


def law(folder: Path, when: str, each: str = "service") -> Bundle:
    text = "rules:\n" + route("open", "true") + rule("r", each, when, "deny: {reason: CAPITAL-TOO-LOW}")
    return bundle_of(folder, classes=CLASSES, license=LICENSE, changed=text)


LISTS = [
    ("services.size() > 19", "services.size() > 20", "services"),
    ("services.size() < 20", "services.size() < 31", "services"),
    ("company.licenses.size() > 28", "company.licenses.size() > 29", "licenses"),
]


@needs_solver
@pytest.mark.parametrize(("before", "after", "fact"), LISTS)
def test_long_lists_cost_as_much_as_short_ones(
    tmp_path: Path, before: str, after: str, fact: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formula, "LARGEST", 20_000)  # twenty services with all that rules read take more
    base, head = law(tmp_path / "base", before, "product"), law(tmp_path / "head", after, "product")
    found = compare_decisions(base, head)
    assert not found.undecided
    assert names(found), fact
    for shown in found.possible:
        assert shown.witness is not None
        listed = shown.witness[fact] if fact == "services" else shown.witness["company"][fact]
        assert len(listed) in (19, 20, 29, 30)
