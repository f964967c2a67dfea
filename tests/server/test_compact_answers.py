"""The compact decision of the API: the full one without its texts, and no more work than a path asks for."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

pytest.importorskip("starlette", reason="needs the extra `serve`")

from tests.support.shipped import fixture_files, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.engine import evaluator
from vatspolicy.server.api import query as api
from vatspolicy.server.encoding import encode, encode_plainly

PLACE = ("vatspolicy", "decision")
ONLY_HERE = "contested_rules"


def bodies() -> Iterator[tuple[str, bytes]]:
    """Every fixture, and every third without what it says about its company."""
    for place, path in enumerate(fixture_files()):
        profile = yaml.safe_load(path.read_text(encoding="utf-8"))
        text = json.dumps({"input": profile}, default=datetime.date.isoformat, ensure_ascii=False)
        yield path.stem, text.encode()
        if place % 3 == 0:
            text = json.dumps({"input": {**profile, "company": {}}}, default=datetime.date.isoformat)
            yield f"{path.stem} without its company", text.encode()


CASES = dict(bodies())


def ask(name: str, *steps: str, full: bool = False) -> dict[str, Any]:
    query = api.read_query(CASES[name])
    found, _ = api.answer(shipped_bundle(), (*PLACE, *steps), query, TODAY, allow_past=True, full=full)
    return found


def pick(compact: Any, full: Any) -> Any:
    """Return the part of `full` that has the keys of `compact`."""
    if isinstance(compact, dict):
        return {key: pick(value, full[key]) for key, value in compact.items()}
    if isinstance(compact, list):
        assert len(compact) == len(full)
        return [pick(one, other) for one, other in zip(compact, full, strict=True)]
    return full


@pytest.mark.parametrize("name", CASES)
def test_the_compact_decision_is_a_part_of_the_full_one(name: str) -> None:
    compact, full = ask(name), ask(name, full=True)
    assert compact["decision_id"] == full["decision_id"]
    contested = compact["result"].pop(ONLY_HERE)
    assert compact["result"] == pick(compact["result"], full["result"])
    assert {reading["rule"] for reading in full["result"]["contested"]} <= {one["rule"] for one in contested}
    assert len(encode(compact)) < len(encode(full))


@pytest.mark.parametrize("name", list(CASES)[::9])
def test_a_path_leads_to_a_part_of_the_whole(name: str) -> None:
    compact, full = ask(name)["result"], ask(name, full=True)["result"]
    for key, value in full.items():
        assert ask(name, key, full=True)["result"] == value
        assert ask(name, key)["result"] == compact.get(key, value)
    assert ask(name, ONLY_HERE)["result"] == compact[ONLY_HERE]
    assert ask(name, "services", "0", "id")["result"] == full["services"][0]["id"]
    assert "result" not in ask(name, "nothing")


def test_the_word_costs_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("more was done than the path asks for")

    name = next(iter(CASES))
    word, services = ask(name, "decision"), ask(name, "services")
    for function in ("decision_parts", "compact_parts", "evaluate"):
        monkeypatch.setattr(api, function, refuse)
    assert ask(name, "decision") == word
    monkeypatch.undo()
    monkeypatch.setattr(evaluator._Evaluator, "compare_readings", refuse)
    monkeypatch.setattr("vatspolicy.engine.serialize._Serializer.finding", refuse)
    assert ask(name, "services") == services
    assert ask(name)["result"]["services"] == services["result"]


@pytest.mark.parametrize("name", list(CASES)[::9])
def test_what_a_compact_decision_names_is_in_its_policies(name: str) -> None:
    bundle, result = shipped_bundle(), ask(name)["result"]
    full = ask(name, full=True)["result"]
    for part in ("denials", "needs", "would_need", "met", "duties", "advice"):
        for compact, explained in zip(result[part], full[part], strict=True):
            policy, _, rule = compact["rule"].partition("/")
            said = api.policy_to_data(bundle.policies[policy])["rules"][rule]
            assert (said["effect"], said["message"]) == (compact["effect"], explained["message"])
            for cited, whole in zip(compact["citations"], explained["citations"], strict=True):
                article = api.policy_to_data(bundle.policies[cited["policy"]])["articles"][cited["key"]]
                assert {key: whole[key] for key in article} == article


@pytest.mark.parametrize("full", [False, True])
def test_orjson_writes_what_the_standard_library_writes(full: bool) -> None:
    pytest.importorskip("orjson", reason="a part of the extra `serve`")
    for name in list(CASES)[::5]:
        answer = ask(name, full=full)
        assert json.loads(encode(answer)) == json.loads(encode_plainly(answer))
    for value in (
        [0.1, 1e-7, 1e300, 2**53 - 1, -0.0, 49.0],
        {"a": None, "b": [True, False], "中文": "\u2028\n\t\"\\'/"},
    ):
        assert json.loads(encode(value)) == json.loads(encode_plainly(value)) == value
