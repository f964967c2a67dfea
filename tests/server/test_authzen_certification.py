"""The certification scenario of the OpenID Foundation for AuthZEN 1.0, as far as it is about the protocol.

https://github.com/openid/authzen/blob/main/certification/authorization-api-1_0-scenario.md, of 2026. Names of tests are
its numbers. A user, a record and an action of its fixture become a pipeline, a product and `launch`: this decision point
decides about products alone, so that its rules about records (c-1-4) and its search do not apply.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("httpx", reason="needs the extra `test`")

from starlette.testclient import TestClient

from tests.server.test_authzen import (
    ACTION,
    HOSTING_DATA,
    METADATA,
    ONE,
    SEVERAL,
    SHOP_DATA,
    SUBJECT,
    client,
    make_client,
    product,
    question,
)
from vatspolicy.server.api.bundle_store import BundleStore

__all__ = ["client"]
ALICE, BOB = {"type": "user", "id": "alice"}, {"type": "user", "id": "bob"}
SHOP, HOSTING = product(SHOP_DATA), product(HOSTING_DATA)
JSON = {"Content-Type": "application/json"}


def decide(client: TestClient, body: Any, place: str = ONE) -> Any:
    answer = client.post(place, json=body)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    return answer.json()


def test_c_2_2_a_request_is_accepted(client: TestClient) -> None:
    plain = question(SHOP_DATA, subject=ALICE)
    further = {
        "subject": {**ALICE, "properties": {"department": "Sales"}},
        "action": {**ACTION, "properties": {"method": "GET"}},
    }
    for body, permitted in (
        (plain, True),
        (question(HOSTING_DATA, subject=BOB), False),
        ({**plain, "context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}}, True),
        ({**plain, **further}, True),
        ({**plain, "foo": "bar", "futureField": {"nested": True}}, True),
    ):
        found = decide(client, body)
        assert found["decision"] is permitted
        assert isinstance(found["context"], dict)


@pytest.mark.parametrize("changes", [
    {"subject": None}, {"action": None}, {"resource": None},
    {"subject": {"id": "alice"}}, {"subject": {"type": "user"}}, {"action": {}},
    {"resource": {"id": "shop"}}, {"resource": {"type": "product"}},
    {"subject": "alice"}, {"action": {"name": 123}}, {"subject": {"type": 1, "id": "alice"}},
    {"resource": {"type": "record"}}, {"resource": {"id": "record-1"}}, {"resource": []},
    {"subject": {**SUBJECT, "properties": "none"}}, {"action": {**ACTION, "properties": []}},
    {"subject": {**SUBJECT, "properties": None}},
], ids=str)  # fmt: skip
def test_c_2_4_a_field_that_is_missing_or_of_another_type_is_400(client: TestClient, changes: dict[str, Any]) -> None:
    body = {key: value for key, value in {**question(SHOP_DATA), **changes}.items() if value is not None}
    assert client.post(ONE, json=body).status_code == 400


@pytest.mark.parametrize(("content", "type"), [
    (json.dumps(question(SHOP_DATA)), "text/plain"),
    (json.dumps(question(SHOP_DATA)), "application/x-www-form-urlencoded"),
    ("{not json", "application/json"),
    ("", "application/json"),
])  # fmt: skip
@pytest.mark.parametrize("place", [ONE, SEVERAL])
def test_c_2_4_3_another_content_type_no_json_and_no_body_are_400(
    client: TestClient, place: str, content: str, type: str
) -> None:
    answer = client.post(place, content=content, headers={"Content-Type": type, "X-Request-ID": "r-1"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (400, "r-1")


@pytest.mark.parametrize("type", ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON"])
def test_c_5_json_is_accepted(client: TestClient, type: str) -> None:
    answer = client.post(ONE, content=json.dumps(question(SHOP_DATA)), headers={"Content-Type": type})
    assert answer.status_code == 200


def test_c_2_5_a_request_id_is_echoed(client: TestClient) -> None:
    for place, body in ((ONE, question(SHOP_DATA)), (SEVERAL, question(SHOP_DATA)), (ONE, {})):
        assert client.post(place, json=body, headers={"X-Request-ID": "bfe9eb29"}).headers["X-Request-ID"] == "bfe9eb29"


def test_c_2_6_the_same_request_has_the_same_decision(client: TestClient) -> None:
    assert {decide(client, question(HOSTING_DATA))["decision"] for _ in range(5)} == {False}


@pytest.mark.parametrize(("body", "decisions"), [
    ({"subject": ALICE, "action": ACTION, "evaluations": [{"resource": SHOP}, {"resource": HOSTING}]}, [True, False]),
    ({"subject": BOB, "resource": SHOP, "evaluations": [{"action": ACTION}, {"action": {"name": "write"}}]}, [True, False]),
    ({"action": ACTION, "resource": HOSTING, "evaluations": [{"subject": ALICE}, {"subject": BOB}]}, [False, False]),
    ({"evaluations": [question(SHOP_DATA), question(HOSTING_DATA, subject=BOB)]}, [True, False]),
    ({"subject": ALICE, "action": ACTION, "context": {"time": "2025-06-27T18:03-07:00"},
      "evaluations": [{"resource": SHOP}, {"resource": HOSTING, "context": {"source": "batch-override"}}]}, [True, False]),
    (question(SHOP_DATA, evaluations=[{}, {"resource": HOSTING}]), [True, False]),
    ({"subject": ALICE, "action": ACTION, "options": {"evaluations_semantic": "execute_all"},
      "evaluations": [{"resource": SHOP}, {}]}, [True, False]),
], ids=["c-3-2-1", "c-3-2-2", "c-3-2-4", "c-3-2-5", "c-3-2-6", "c-3-2-7", "c-3-4-1"])  # fmt: skip
def test_c_3_each_evaluation_has_its_decision_in_its_place(
    client: TestClient, body: dict[str, Any], decisions: list[bool]
) -> None:
    found = decide(client, body, SEVERAL)
    assert [one["decision"] for one in found["evaluations"]] == decisions
    assert "decision" not in found


def test_c_3_4_without_evaluations_the_answer_is_a_single_one(client: TestClient) -> None:
    for body in (question(SHOP_DATA), question(SHOP_DATA, evaluations=[])):
        found = decide(client, body, SEVERAL)
        assert (found["decision"], "evaluations" in found) == (True, False)
    assert client.post(SEVERAL, json={"subject": ALICE, "action": ACTION, "evaluations": []}).status_code == 400


def test_c_6_the_metadata_name_the_endpoints(store: BundleStore) -> None:
    answer = make_client(store).get(METADATA)
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    found = answer.json()
    base = found["policy_decision_point"]
    assert found["access_evaluation_endpoint"] == base + ONE
    assert found["access_evaluations_endpoint"] == base + SEVERAL
    assert not [key for key in found if key.startswith("search_")]
