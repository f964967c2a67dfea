"""The record of a decision: its data says all that it holds."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest

from tests.support.effort import part
from tests.support.records import decode
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine import result
from vatspolicy.core.engine.result import Record, encode
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate

RECORDS = [kind for kind in vars(result).values() if isinstance(kind, type) and is_dataclass(kind)]


def test_data_hold_all_of_a_record() -> None:
    """What is read back from the data of a fixture is the record: of each in the long run."""
    gate = Gate(shipped_bundle(), TODAY, allow_past=True)
    for path in part(fixture_files(), 8):
        _, record = gate.decide(load_profile(path))
        assert decode(Record, encode(record)) == record, path.name


def refuse(record: Record) -> None:
    """Hold an assignment that mypy refuses. Were it allowed, mypy would report the comment as unused."""
    record.decision = "allow"  # type: ignore[misc]


def test_a_record_has_no_field_beside_its_own() -> None:
    _, record = Gate(shipped_bundle(), TODAY, allow_past=True).decide(load_profile(fixture_files()[0]))
    with pytest.raises(AttributeError):
        record.verdict = "allow"  # type: ignore[attr-defined]
    assert not any(hasattr(kind, "__dict__") and "__dict__" in vars(kind) for kind in RECORDS)
