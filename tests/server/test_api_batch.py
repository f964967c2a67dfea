"""The batch API: many inputs in one request, each with its own answer or its own error."""

from __future__ import annotations

import json
import warnings
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.support.specs import HOSTING, SHOP, TODAY

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("httpx", reason="needs the extra `test`")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of httpx, which newer releases of starlette want another one for
    from starlette.testclient import TestClient

from vatspolicy.server.api.bundle_store import BundleStore
from vatspolicy.server.api.limits import ApiLimits
from vatspolicy.server.api.query import DataQuery, DataQuestion
from vatspolicy.server.api.router import ApiSettings, make_api

SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
PLACE, BATCH = "/v1/data/vatspolicy/decision", "/v1/batch/data/vatspolicy/decision"


def client(store: BundleStore, **limits: Any) -> TestClient:
    app = make_api(store, ApiSettings(today=lambda: TODAY, limits=ApiLimits(**limits)))
    return TestClient(app, base_url="http://127.0.0.1:8181", raise_server_exceptions=False)


def without_ids(answer: Any) -> Any:
    return {key: value for key, value in answer.items() if key != "decision_id"}


@pytest.mark.parametrize("query", ["", "?detail=full"])
def test_a_batch_answers_each_input_as_a_request_alone(store: BundleStore, query: str) -> None:
    one = client(store)
    inputs = {"shop": SHOP_DATA, "hosting": HOSTING_DATA, "": SHOP_DATA}
    answer = one.post(BATCH + query, json={"inputs": inputs, "as_of": "2027-02-01"})
    assert answer.status_code == 200
    found = answer.json()["responses"]
    assert list(found) == list(inputs)
    for id, profile in inputs.items():
        alone = one.post(PLACE + query, json={"input": profile, "as_of": "2027-02-01"}).json()
        if query:  # lines and columns are those of each body
            assert found[id]["result"].keys() == alone["result"].keys()
            assert found[id]["result"]["needs"][:1] or alone["result"]["needs"] == []
        else:
            assert without_ids(found[id]) == without_ids(alone)
    assert len({response["decision_id"] for response in found.values()}) == 3
    assert 'vatspolicy_decisions_total{decision="allow"} 4.0' in one.get("/metrics").text


def test_a_path_below_the_batch_is_that_of_the_decision(store: BundleStore) -> None:
    answer = client(store).post(f"{BATCH}/decision", json={"inputs": {"a": SHOP_DATA, "b": HOSTING_DATA}}).json()
    assert {id: one["result"] for id, one in answer["responses"].items()} == {"a": "allow", "b": "needs-license"}


def test_an_input_that_cannot_be_decided_has_its_own_error(store: BundleStore) -> None:
    past = {**SHOP_DATA, "product": {"id": "old", "launch": "2026-01-31"}}
    inputs = {"good": SHOP_DATA, "bad": {"company": 1}, "none": None, "past": past}
    answer = client(store).post(BATCH, content=json.dumps({"inputs": inputs}, indent=1))
    assert answer.status_code == 207
    found = answer.json()["responses"]
    codes = {id: (one["http_status_code"], one.get("code")) for id, one in found.items()}
    refused = ("400", "invalid_parameter")
    assert codes == {"good": ("200", None), "bad": refused, "none": refused, "past": refused}
    assert found["good"]["result"]["decision"] == "allow"
    rows = [problem["location"]["row"] for problem in found["bad"]["errors"] if problem["path"] == "company"]
    assert rows == [1 + answer.request.content.decode().splitlines().index('   "company": 1')]
    assert "result" not in found["bad"]


def test_a_defect_in_one_input_fails_that_input(store: BundleStore, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = DataQuestion.answer

    def crash(self: DataQuestion, query: DataQuery | None) -> Any:
        assert query is not None
        if query.profile.data["product"]["id"] == "hosting":
            raise RuntimeError("foreign_percent is 8831")
        return whole(self, query)

    monkeypatch.setattr(DataQuestion, "answer", crash)
    answer = client(store).post(BATCH, json={"inputs": {"a": SHOP_DATA, "b": HOSTING_DATA}})
    assert answer.status_code == 207
    assert answer.json()["responses"]["b"]["code"] == "internal_error"
    assert answer.json()["responses"]["a"]["result"]["decision"] == "allow"
    assert "8831" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "told"),
    [
        ({"inputs": {}}, 400, "a profile for every id"),
        ({"inputs": []}, 400, "a profile for every id"),
        ({"input": SHOP_DATA}, 400, "must be an object whose inputs are"),
        ({"inputs": {"a": SHOP_DATA}, "common_input": {}}, 400, "may contain only inputs and as_of"),
        ({"inputs": {"a": SHOP_DATA}, "as_of": "2027-2-1"}, 400, "as_of must be"),
        ({"inputs": {str(index): 0 for index in range(4)}}, 400, "at most 3 inputs"),
    ],
)
def test_a_batch_that_means_nothing_is_refused_whole(store: BundleStore, body: Any, status: int, told: str) -> None:
    answer = client(store, batch=3).post(BATCH, json=body)
    assert (answer.status_code, told in answer.json()["message"]) == (status, True)


def test_a_batch_ends_with_its_time(store: BundleStore) -> None:
    inputs = {str(index): HOSTING_DATA for index in range(100)}
    answer = client(store, seconds=0.02).post(BATCH, json={"inputs": inputs})
    assert (answer.status_code, answer.json()["code"]) == (503, "timeout")


@pytest.mark.parametrize("place", [PLACE, BATCH])
def test_an_answer_that_is_too_large_is_an_error(store: BundleStore, place: str) -> None:
    body = {"inputs": {"a": HOSTING_DATA, "b": SHOP_DATA}} if place == BATCH else {"input": HOSTING_DATA}
    small = client(store, answer=1000)
    answer = small.post(place, json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "answer_too_large")
    assert small.post(f"{place}/decision", json=body).status_code == 200


def test_the_answers_follow_the_description(store: BundleStore) -> None:
    one = client(store)
    description = one.get("/openapi.json").json()
    validator = jsonschema_rs.Draft202012Validator({**description, "$ref": "#/components/schemas/BriefDecision"})
    batch = jsonschema_rs.Draft202012Validator({**description, "$ref": "#/components/schemas/Batch"})
    denied = {**HOSTING_DATA, "services": [{**HOSTING_DATA["services"][0], "facilities": ["chengdu"]}]}
    profiles = {"shop": SHOP_DATA, "hosting": HOSTING_DATA, "denied": denied, "open": {**SHOP_DATA, "company": {}}}
    full = jsonschema_rs.Draft202012Validator({**description, "$ref": "#/components/schemas/decision/$defs/decision"})
    for profile in profiles.values():
        validator.validate(one.post(PLACE, json={"input": profile}).json()["result"])
        full.validate(one.post(f"{PLACE}?detail=full", json={"input": profile}).json()["result"])
    batch.validate(one.post(BATCH, json={"inputs": profiles}).json())
    batch.validate(one.post(BATCH, json={"inputs": {**profiles, "bad": 1}}).json())
    policy = jsonschema_rs.Draft202012Validator({**description, "$ref": "#/components/schemas/Policy"})
    policy.validate(one.get("/v1/policies/vats-pilot-2024").json()["result"])
    assert one.get("/v1/policies/vats-pilot-2024?as_of=2027-02-30").status_code == 400
