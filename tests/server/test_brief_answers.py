"""The brief and the explained decision of the API: the same data, and no more work than a path asks for."""

from __future__ import annotations

import datetime
import json
import statistics
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from orjson import dumps as encode

pytest.importorskip("starlette", reason="needs the extra `serve`")

from tests.support import effort
from tests.support.members import for_each
from tests.support.shipped import FIXTURES, fixture_files, shipped_bundle
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


def ask(name: str, *steps: str, explained: bool = False) -> dict[str, Any]:
    query = api.read_query(cases()[name])
    found, _ = api.DataQuestion(shipped_bundle(), (*PLACE, *steps), explained, TODAY, allow_past=True).answer(query)
    return found


def pick(brief: Any, full: Any) -> Any:
    """Return the part of an explained decision that has the keys of the brief one."""
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


class Reader:
    """A reader of an explained decision, which follows its references."""

    def __init__(self, explained: dict[str, Any]) -> None:
        self.facts, self.questions, self.deadlines = (explained[key] for key in ("facts", "questions", "deadlines"))
        self.titles, self.policies = explained["titles"], explained["policies"]

    def message(self, name: str) -> Any:
        policy, _, rule = name.partition("/")
        return self.policies[policy]["rules"][rule]

    def common(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return the facts and the law of a finding or a condition."""
        law = [(self.policies[one["policy"]], one["key"]) for one in entry["citations"]]
        return {
            "facts": [self.facts[place] for place in entry["facts"]],
            "law": [(policy["title"], policy["number"], policy["articles"][key]) for policy, key in law],
        }

    def finding(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Return a finding as `recorded` does."""
        names = {"authority": "authorities", "reasons": "reasons", "instrument": "instruments"}
        found: dict[str, Any] = {
            key: entry[key] for key in ("effect", "state", "subject", "deadline", "bearer") if key in entry
        }
        for key in names.keys() & entry.keys():
            ids = entry[key] if isinstance(entry[key], list) else [entry[key]]
            found[key] = [self.titles[names[key]][one.get("code") or one["id"]] for one in ids]
        if "deadline" in entry:
            found["deadline"] = {**entry["deadline"], "text": self.deadlines[entry["deadline"]["text"]]}
        asks = {path: self.questions[path] for path in entry.get("asks", [])}
        about = [self.message(name) for name in entry.get("about", [])]
        return {**found, **self.common(entry), "message": self.message(entry["rule"]), "asks": asks, "about": about}


def of_record(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the facts and the law of a finding or a condition of a record."""
    return {
        "facts": [{"path": fact["path"], "value": fact["value"]} for fact in entry["facts"]],
        "law": [(one["title"], one["number"], one["label"]) for one in entry["citations"]],
    }


def recorded(entry: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Return what these keys of a finding of a record say, texts included."""
    found = {key: entry[key] for key in ("effect", "state", "subject", "deadline", "bearer") if key in keys}
    for key in {"authority", "reasons", "instrument"} & set(keys):
        found[key] = [one["title"] for one in (entry[key] if isinstance(entry[key], list) else [entry[key]])]
    asks = {ask["path"]: ask["question"] for ask in entry.get("asks", [])}
    about = [matter["message"] for ask in entry.get("asks", []) for matter in ask.get("about", [])]
    return {**found, **of_record(entry), "message": entry["message"], "asks": asks, "about": about}


def compare_findings(explained: dict[str, Any], record: dict[str, Any]) -> None:
    reader, places = Reader(explained), {"location", "line", "column"}
    for part in ("denials", "needs", "would_need", "met", "duties", "advice", "undetermined"):
        for ours, full in zip(explained[part], record[part], strict=True):
            assert reader.finding(ours) == recorded(full, ours)
            assert {one["instrument"]["id"] for one in ours.get("any_of", ())} <= reader.titles["instruments"].keys()
    assert [reader.questions[one["path"]] for one in explained["missing"]] == [
        one["question"] for one in record["missing"]
    ]
    for part in ("contested", "opinions"):
        told = [{key: value for key, value in one.items() if key not in places} for one in record[part]]
        assert explained[part] == told
    for part in ("notices", "worst_reading", "changes_ahead"):
        assert explained[part] == record[part]


def compare_routes(explained: dict[str, Any], record: dict[str, Any]) -> None:
    reader = Reader(explained)
    for service, told in zip(explained["services"], record["services"], strict=True):
        assert [reader.message(one["rule"]) for one in service["classified_by"]] == [
            one["message"] for one in told["classified_by"]
        ]
        for activity, other in zip(service["activities"], told["activities"], strict=True):
            assert reader.titles["classes"][activity["class"]] == other["title"]
            for route, full in zip(activity["routes"], other["routes"], strict=True):
                assert (route["rule"], route["unread"]) == (full["rule"], full["unread"])
                assert reader.titles["instruments"][route["instrument"]["id"]] == full["instrument"]["title"]
                for one, its in zip(route["conditions"], full["conditions"], strict=True):
                    assert reader.message(f"{route['rule']}/{one['id']}") == its["message"]
                    assert [one[key] for key in CONDITION] == [its[key] for key in CONDITION]
                    assert reader.common(one) == of_record(its)


CONDITION = ("id", "value", "applies", "reason")


def test_an_explained_decision_says_what_the_brief_one_and_the_record_say() -> None:
    """It repeats no fact, and is a quarter of the record."""
    sizes: dict[str, tuple[int, int]] = {}

    @for_each(lambda: effort.part(cases(), 5))
    def compare(name: str) -> None:
        brief, full, record = ask(name), ask(name, explained=True), record_of(name)
        explained, contested = full["result"], brief["result"]["contested_rules"]
        assert brief["decision_id"] == full["decision_id"]
        assert brief["result"] == pick(brief["result"], explained)
        assert {reading["rule"] for reading in explained["contested"]} <= {one["rule"] for one in contested}
        compare_findings(explained, record)
        compare_routes(explained, record)
        if not name.endswith(WITHOUT):
            paths = [fact["path"] for fact in explained["facts"]]
            assert len(set(paths)) == len(paths)
            sizes[name] = (len(encode(explained)), len(encode(record)))

    compare()
    public = {path.stem for path in FIXTURES.glob("products/*.yaml")}  # which state few facts, so that much stays open
    plain = [name for name in cases() if not name.endswith(WITHOUT) and name not in public]
    assert statistics.median(len(encode(ask(name, explained=True)["result"])) for name in plain) <= 40 * 1024
    assert sum(ours for ours, _ in sizes.values()) < sum(whole for _, whole in sizes.values()) / 3.5


@for_each(lambda: effort.part(cases(), 25))
def test_a_path_leads_to_a_part_of_the_whole(name: str) -> None:
    brief, full = ask(name)["result"], ask(name, explained=True)["result"]
    for key, value in full.items():
        assert ask(name, key, explained=True)["result"] == value
        assert ask(name, key)["result"] == brief.get(key, value)
    assert ask(name, "services", "0", "id")["result"] == full["services"][0]["id"]
    assert "result" not in ask(name, "nothing")


def test_the_word_costs_no_explanation(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("more was done than the path asks for")

    name = next(iter(cases()))
    word, services = ask(name, "decision"), ask(name, "services")
    for function in ("explained_parts", "brief_parts", "evaluate"):
        monkeypatch.setattr(api, function, refuse)
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
        answer = ask(name, explained=full)
        assert json.loads(encode(answer)) == json.loads(json.dumps(answer))
    for value in (
        [0.1, 1e-7, 1e300, 2**53 - 1, -0.0, 49.0],
        {"a": None, "b": [True, False], "中文": "\u2028\n\t\"\\'/"},
    ):
        assert json.loads(encode(value)) == value
