"""The brief and the full decision of the API: two sizes of one record, and no more work than a path asks for."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from orjson import dumps as encode

pytest.importorskip("starlette", reason="needs the extra `serve`")

from tests.support import effort
from tests.support.members import for_each
from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.documents.yaml_reader import yaml_loader
from vatspolicy.core.engine import evaluator, result
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.gate.gate import Gate
from vatspolicy.server.api import query as api

PLACE = ("vatspolicy", "decision")
WITHOUT = "without its company"


def bodies() -> Iterator[tuple[str, bytes]]:
    """Every fixture, and every third without what it says about its company."""
    for place, path in enumerate(fixture_files()):
        profile = yaml.load(path.read_bytes(), yaml_loader())
        text = json.dumps({"input": profile}, default=datetime.date.isoformat, ensure_ascii=False)
        yield path.stem, text.encode()
        if place % 3 == 0:
            text = json.dumps({"input": {**profile, "company": {}}}, default=datetime.date.isoformat)
            yield f"{path.stem} {WITHOUT}", text.encode()


@cache
def cases() -> dict[str, bytes]:
    return dict(bodies())


def ask(name: str, *steps: str, full: bool = False) -> dict[str, Any]:
    query = api.read_query(cases()[name])
    found, _ = api.DataQuestion(shipped_bundle(), (*PLACE, *steps), full, TODAY, allow_past=True).answer(query)
    return found


def pick(brief: Any, full: Any) -> Any:
    """Return the part of a full decision that has the keys of the brief one."""
    if isinstance(brief, dict):
        return {key: pick(value, full[key]) for key, value in brief.items()}
    if isinstance(brief, list):
        assert len(brief) == len(full)
        return [pick(one, other) for one, other in zip(brief, full, strict=True)]
    return full


def record_of(name: str) -> dict[str, Any]:
    """Return the record that `check` keeps of a case."""
    query = api.read_query(cases()[name])
    return dict(result.encode(Gate(shipped_bundle(), TODAY, allow_past=True).decide(read_profile(query.profile))[1]))


@for_each(lambda: effort.part(cases(), 5))
def test_the_brief_decision_is_a_part_of_the_full_one_which_is_the_record(name: str) -> None:
    """The brief one names contested rules, of which the record has the readings that change something."""
    brief, full, record = ask(name), ask(name, full=True), record_of(name)
    assert brief["decision_id"] == full["decision_id"]
    contested = brief["result"].pop("contested_rules")
    assert full["result"] == record
    assert brief["result"] == pick(brief["result"], record)
    assert {reading["rule"] for reading in record["contested"]} <= {one["rule"] for one in contested}


@for_each(lambda: effort.part(cases(), 25))
def test_a_path_leads_to_a_part_of_the_whole(name: str) -> None:
    brief, full = ask(name)["result"], ask(name, full=True)["result"]
    for key, value in full.items():
        assert ask(name, key, full=True)["result"] == value
        assert ask(name, key)["result"] == brief.get(key, value)
    assert ask(name, "services", "0", "id")["result"] == full["services"][0]["id"]
    assert "result" not in ask(name, "nothing")


def test_the_word_costs_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("more was done than the path asks for")

    name = next(iter(cases()))
    word, services = ask(name, "decision"), ask(name, "services")
    for function in ("brief_parts", "evaluate", "Gate.decide"):
        monkeypatch.setattr(f"{api.__name__}.{function}", refuse)
    assert ask(name, "decision") == word
    monkeypatch.undo()
    monkeypatch.setattr(evaluator.Evaluator, "compare_readings", refuse)
    monkeypatch.setattr("vatspolicy.core.engine.brief.BriefSerializer.finding", refuse)
    assert ask(name, "services") == services
    monkeypatch.undo()
    assert ask(name)["result"]["services"] == services["result"]


@for_each(lambda: effort.part(cases(), 25))
def test_what_a_brief_decision_names_is_in_its_policies(name: str) -> None:
    bundle, result, record = shipped_bundle(), ask(name)["result"], record_of(name)

    @cache
    def read(policy: str, day: str) -> dict[str, Any]:
        return api.policy_to_data(bundle, bundle.policies[policy], day)

    for part in ("denials", "needs", "would_need", "met", "duties", "advice"):
        for brief, full in zip(result[part], record[part], strict=True):
            policy, _, rule = brief["rule"].partition("/")
            said = read(policy, result["as_of"])["rules"][rule]
            assert (said["effect"], said["message"]) == (brief["effect"], full["message"])
            assert said["check"] == full["check"]
            for cited, whole in zip(brief["citations"], full["citations"], strict=True):
                article = read(cited["policy"], TODAY)["articles"][cited["key"]]
                assert {key: whole[key] for key in article} == article


@pytest.mark.parametrize("full", [False, True])
def test_orjson_writes_what_the_standard_library_writes(full: bool) -> None:
    pytest.importorskip("orjson", reason="a part of the extra `serve`")
    for name in effort.part(cases(), 25):
        answer = ask(name, full=full)
        assert json.loads(encode(answer)) == json.loads(json.dumps(answer))
    for value in (
        [0.1, 1e-7, 1e300, 2**53 - 1, -0.0, 49.0],
        {"a": None, "b": [True, False], "中文": "\u2028\n\t\"\\'/"},
    ):
        assert json.loads(encode(value)) == value
