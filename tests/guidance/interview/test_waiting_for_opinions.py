"""The interview never asks a product team for legal opinions; it says at the end which ones the decision waits for."""

from __future__ import annotations

from pathlib import Path

from tests.core.engine.test_opinions import bar, file, law
from vatspolicy.core.documents import parse_document
from vatspolicy.guidance.interview.session import Interview, describe_step, start
from vatspolicy.guidance.interview.terminal import closing

SPEC = """\
schema: 2
product: {id: p, launch: '2026-01-01'}
company: {foreign_percent: 100, licenses: []}
services:
  - {id: s, offers: [own-shop], operated_by: company}
deals: []
"""


def begin(folder: Path, text: str = SPEC) -> Interview:
    bundle = law(folder, barred=file(bar()))
    return start(bundle, "2025-06-01", parse_document(text, "p.yaml"))


def test_it_ends_with_the_rules_that_wait(tmp_path: Path) -> None:
    state = begin(tmp_path)
    assert state.question is None
    assert not state.settled
    assert state.opinions == ("barred/bar",)
    assert describe_step(state).opinions == ("barred/bar",)
    told = "\n".join(closing(state, early=False, file="p.yaml", lang="en"))
    assert "needs a legal opinion" in told
    assert "barred/bar" in told
    assert "Missing answers" not in told


def test_facts_are_asked_for_before(tmp_path: Path) -> None:
    state = begin(tmp_path, SPEC.replace("foreign_percent: 100, ", ""))
    assert state.question is not None
    assert state.question.path == ("company", "foreign_percent")
    assert state.opinions == ()


def test_a_claimed_opinion_settles_nothing(tmp_path: Path) -> None:
    opinion = "opinions:\n  - {about: barred/bar, reading: does-not-apply, by: Counsel, date: '2025-01-01'}\n"
    state = begin(tmp_path, SPEC + opinion)
    assert not state.settled
    assert state.opinions == ("barred/bar",)
    assert "granted by an approver" in "\n".join(closing(state, early=False, file="p.yaml", lang="en"))
