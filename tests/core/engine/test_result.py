"""The record of a decision: its data says all that it holds."""

from __future__ import annotations

import pickle
from dataclasses import is_dataclass

import pytest

from tests.support.effort import part
from tests.support.records import decode
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine import record_builder, result
from vatspolicy.core.engine.decision import Finding
from vatspolicy.core.engine.result import Record, encode
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate

EXAMPLE = fixture_files()[0]
RECORDS = [kind for kind in vars(result).values() if isinstance(kind, type) and is_dataclass(kind)]


def test_data_hold_all_of_a_record() -> None:
    """What is read back from the data of a fixture is the record: of each in the long run."""
    gate = Gate(shipped_bundle(), TODAY, allow_past=True)
    for path in part(fixture_files(), 8):
        _, record = gate.decide(load_profile(path))
        assert decode(Record, encode(record)) == record, path.name


def test_a_part_is_made_once_and_only_when_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Finding] = []
    duty = record_builder._Maker.duty

    def tell(maker: record_builder._Maker, finding: Finding) -> result.DutyRecord:
        made.append(finding)
        return duty(maker, finding)

    monkeypatch.setattr(record_builder._Maker, "duty", tell)
    gate = Gate(shipped_bundle(), TODAY, allow_past=True)
    decision, record = gate.decide(load_profile(EXAMPLE), ahead=False)
    assert record.decision == decision.decision
    assert made == []
    duties = record.duties
    assert made == list(decision.duties) != []
    assert record.duties is duties
    assert len(made) == len(duties)


def test_a_record_passes_whole_between_processes() -> None:
    gate = Gate(shipped_bundle(), TODAY, allow_past=True)
    passed, record = (gate.decide(load_profile(EXAMPLE))[1] for _ in range(2))
    assert pickle.loads(pickle.dumps(passed)) == record


def refuse(record: Record) -> None:
    """Hold an assignment that mypy refuses. Were it allowed, mypy would report the comment as unused."""
    record.decision = "allow"  # type: ignore[misc]


def test_a_record_has_no_field_beside_its_own() -> None:
    _, record = Gate(shipped_bundle(), TODAY, allow_past=True).decide(load_profile(EXAMPLE))
    with pytest.raises(AttributeError):
        record.verdict = "allow"  # type: ignore[attr-defined]
    assert not any(hasattr(kind, "__dict__") and "__dict__" in vars(kind) for kind in RECORDS)
