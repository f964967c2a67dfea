"""Log and attestation answer for each part of the record of a run: each shows it, or a line says why not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.specs import HOSTING, TODAY
from vatspolicy.bundles.select import SelectedLaw
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.engine.result import Waived
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.attestation import make_statement
from vatspolicy.gate.decision_log import describe_run
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.gate.run_record import RunRecord, record_runs


def log(run: RunRecord) -> Any:
    return {key: value for key, value in describe_run(run).items() if key != "decision_id"}


SELECTIONS: Mapping[str, Callable[[RunRecord], Any]] = {
    "log": log,
    "attestation": lambda run: make_statement(run.profile.document.file, [run]),
}
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "log": {
        "as_of": "The result names the day.",
        "judgement": "OPA's log is of decisions.",
        "remarks": "OPA's log is of decisions.",
    },
    "attestation": {},
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunRecord:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(HOSTING, encoding="utf-8")
    bundle = load_bundle()
    result = Gate(bundle, TODAY).run(["spec.yaml"])
    (found,) = record_runs(SelectedLaw(bundle), Gate(bundle, TODAY), result, "2026-06-01T08:00:00.000000000Z")
    words: Any = {"decision": "needs-license", "range": ("needs-license", "needs-license")}
    told = replace(found.decision, needs=found.decision.would_need, would_need=(), missing=(), **words)
    return replace(found, decision=told)


def altered(run: RunRecord) -> dict[str, RunRecord]:
    """Return the record with another value of each of its fields."""
    law = copy.copy(run.selected.bundle)
    object.__setattr__(law, "version", "9.9")
    waived = Waived(by="waiver", approver="kim", until="2027-06-30", file="w.yaml", line=3)
    text = {"en": "It does not apply.", "zh": "不适用。"}
    remark = Remark("expired", "warning", None, None, text, "w.yaml", 3, 1)
    spec = HOSTING.replace("foreign_percent: 100", "foreign_percent: 49")
    assert spec != HOSTING
    Path("other.yaml").write_text(spec, encoding="utf-8")
    # a run whose gate passes without the remark and the level
    passed = replace(run, decision=replace(run.decision, needs=(), decision="allow"), judgement=Judgement(strict=True))
    return {
        "selected": replace(run, selected=replace(run.selected, bundle=law)),
        "profile": replace(run, profile=load_profile("other.yaml")),
        "decision": replace(
            run,
            decision=replace(run.decision, needs=(replace(run.decision.needs[0], waived=waived),), remaining="allow"),
        ),
        "as_of": replace(run, as_of=replace(run.as_of, why="option")),
        "judgement": replace(run, judgement=Judgement("deny")),
        "remarks": replace(passed, remarks=(remark,)),
        "moment": replace(run, moment="2026-06-01T09:00:00.000000000Z"),
    } | {"passed": passed}


@pytest.mark.parametrize("name", SELECTIONS)
def test_each_selection_answers_for_each_part(run: RunRecord, name: str) -> None:
    select, found = SELECTIONS[name], altered(run)
    passed = found.pop("passed")
    assert found.keys() == {one.name for one in fields(RunRecord)}, "a part that nobody has answered for"
    shown = {part: select(other) != select(passed if part == "remarks" else run) for part, other in found.items()}
    assert sorted(part for part, is_shown in shown.items() if not is_shown) == sorted(LEFT_OUT[name])


def test_a_selection_is_of_the_published_form(run: RunRecord) -> None:
    for part, one in {"as it is": run, **altered(run)}.items():
        assert is_valid(SELECTIONS["attestation"](one), "attestation"), part


def test_a_run_passes_whatever_no_fail_does_to_the_exit_code(run: RunRecord) -> None:
    assert not run.passed
    assert not replace(run, judgement=Judgement(no_fail=True)).passed
    assert replace(run, judgement=Judgement("deny")).passed
