"""The outline of a decision, from which the reports of many specs count."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.effort import part
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine import record_builder, result
from vatspolicy.core.engine.decision import Finding
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.judgement import LEVELS, Judgement
from vatspolicy.reports.decision import digest
from vatspolicy.reports.decision.summary import summarize

GATE = Gate(shipped_bundle(), TODAY, allow_past=True)


def test_an_outline_counts_what_a_whole_record_tells() -> None:
    counted = [0, 0]
    for path in part(fixture_files(), 4):
        decided = [
            replace(GATE, explain=explain).decide(load_profile(path), ahead=explain)[1] for explain in (False, True)
        ]
        whole = replace(decided[1])
        for level in LEVELS:
            judgement = Judgement(level)
            assert summarize(decided[0], "en", judgement) == summarize(whole, "en", judgement), path.name
        merged = [len(duties) for duties in digest.split_duties(whole)]
        outline = summarize(decided[0], "en", Judgement())
        assert [outline.filings, outline.own] == merged, path.name
        counted = [all_of + one for all_of, one in zip(counted, merged, strict=True)]
    assert min(counted) > 10


def test_an_outline_needs_neither_notes_nor_undetermined_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: record_builder._Maker, finding: Finding) -> result.FindingRecord:
        raise AssertionError(finding.rule.name)

    monkeypatch.setattr(record_builder._Maker, "advice", refuse)
    monkeypatch.setattr(record_builder._Maker, "finding", refuse)
    unread = 0
    for path in part(fixture_files(), 4):
        decision, record = replace(GATE, explain=False).decide(load_profile(path), ahead=False)
        summarize(record, "en", Judgement())
        unread += len(decision.advice) + len(decision.undetermined)
    assert unread > 100
