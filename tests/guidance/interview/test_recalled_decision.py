"""An interview that takes the decision of its caller tells what it would tell by itself."""

from __future__ import annotations

from tests.support.shipped import fixture_files
from vatspolicy.core.documents import load_document
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import is_launch
from vatspolicy.guidance.interview import describe_step, start

DAY = "2026-12-01"


def test_a_recalled_decision_changes_no_step(bundle: Bundle) -> None:
    differing, compared = [], 0
    for path in fixture_files()[::3]:
        document = load_document(path)
        if is_launch(document) or document.data.get("opinions"):
            continue
        alone, told = (start(bundle, DAY, document, as_of=DAY, allow_past=True) for _ in range(2))
        told.recall(evaluate(bundle, told.profile, DAY))
        compared += 1
        if describe_step(alone) != describe_step(told) or alone.possible_outcomes != told.possible_outcomes:
            differing.append(path.name)
    assert compared > 20
    assert differing == []
