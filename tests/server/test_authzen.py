"""The Authorization API 1.0 of AuthZEN: single and several evaluations, defaults, semantics, errors, metadata.

Sections are those of https://openid.net/specs/authorization-api-1_0.html.
"""

from __future__ import annotations

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
from vatspolicy.server.api.router import ApiSettings, make_api

ONE, SEVERAL, METADATA = "/access/v1/evaluation", "/access/v1/evaluations", "/.well-known/authzen-configuration"
SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
OPEN = {
    **HOSTING_DATA,
    "company": {key: value for key, value in HOSTING_DATA["company"].items() if key != "foreign_percent"},
    "services": [{**HOSTING_DATA["services"][0], "offers": ["domestic-ip-vpn"]}],
}
"""A product of which the foreign share is not known, in a class that no route opens to foreign capital."""
SUBJECT, ACTION = {"type": "pipeline", "id": "release"}, {"name": "launch"}


@pytest.fixture
def client(store: BundleStore) -> TestClient:
    return make_client(store)


def make_client(store: BundleStore, token: str | None = None, **limits: Any) -> TestClient:
    app = make_api(store, ApiSettings(token=token, today=lambda: TODAY, limits=ApiLimits(**limits)))
    return TestClient(app, base_url="http://127.0.0.1:8181", raise_server_exceptions=False)


def product(profile: dict[str, Any]) -> dict[str, Any]:
    return {"type": "product", "id": profile["product"]["id"], "properties": profile}


def question(profile: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {"subject": SUBJECT, "action": ACTION, "resource": product(profile), **changes}


def test_only_a_product_that_may_launch_is_permitted(client: TestClient) -> None:
    """Section 6: the decision is a boolean; deny, needs-license and incomplete are false."""
    denied = {**HOSTING_DATA, "services": [{**HOSTING_DATA["services"][0], "facilities": ["chengdu"]}]}
    found = {}
    for profile in (SHOP_DATA, HOSTING_DATA, denied, OPEN):
        answer = client.post(ONE, json=question(profile)).json()
        found[answer["context"]["verdict"]] = answer["decision"]
        alone = client.post("/v1/data/vatspolicy/decision", json={"input": profile}).json()["result"]
        assert answer["context"]["verdict"] == alone["decision"]
        assert answer["context"]["as_of"] == alone["as_of"]
    assert found == {"allow": True, "needs-license": False, "deny": False, "incomplete": False}


def test_the_context_says_why(client: TestClient) -> None:
    reasons = client.post(ONE, json=question(HOSTING_DATA)).json()["context"]["reasons"]
    assert {"needs-license"} == {reason["code"] for reason in reasons if reason["code"] != "contested"}
    missing = client.post(ONE, json=question(OPEN)).json()["context"]["reasons"]
    assert "company.foreign_percent" in [reason["path"] for reason in missing if reason["code"] == "missing-fact"]


def test_the_context_of_the_request_chooses_the_day(client: TestClient) -> None:
    answer = client.post(ONE, json=question(SHOP_DATA, context={"as_of": "2028-05-01", "time": "noon"}))
    assert answer.json()["context"]["as_of"] == "2028-05-01"
    assert client.post(ONE, json=question(SHOP_DATA, context={"as_of": "soon"})).status_code == 400


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"action": {"name": "delete"}}, "unknown-action"),
        ({"resource": {"type": "account", "id": "1"}}, "unknown-resource"),
    ],
)
def test_what_nobody_knows_is_denied(client: TestClient, changes: dict[str, Any], code: str) -> None:
    answer = client.post(ONE, json=question(SHOP_DATA, **changes)).json()
    assert answer == {"decision": False, "context": {"reasons": [{"code": code}]}}


@pytest.mark.parametrize(
    "body",
    [
        question(SHOP_DATA, resource={"type": "product", "id": "shop"}),
        question(SHOP_DATA, resource={**product(SHOP_DATA), "id": "another"}),
        question(SHOP_DATA, context=[]),
        question(SHOP_DATA, subject={"type": "", "id": ""}),
        question(SHOP_DATA, subject={"type": "pipeline", "id": ""}),
        question(SHOP_DATA, action={"name": ""}),
        question(SHOP_DATA, resource={"type": "", "id": "shop"}),
        question(SHOP_DATA, resource={"type": "account", "id": "1", "properties": []}),
        question(SHOP_DATA, action={"name": "delete"}, context={"as_of": "soon"}),
        question({**SHOP_DATA, "services": [{"id": "web", "offers": ["nothing-known"]}]}),
        [],
    ],
)
def test_a_request_that_is_not_one_is_refused(client: TestClient, body: Any) -> None:
    """Section 6.1 and 10.1.2: subject, action and resource are required; a bad request is 400."""
    answer = client.post(ONE, json=body)
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_an_error_in_a_profile_has_its_place_in_the_body(client: TestClient) -> None:
    wrong = {**SHOP_DATA, "services": [{"id": "web", "offers": ["nothing-known"]}]}
    (problem,) = client.post(ONE, json=question(wrong)).json()["errors"]
    assert problem["path"] == "services[0].offers[0]"
    text = client.post(ONE, json=question(wrong)).request.content.decode()
    assert text[problem["location"]["col"] - 1 :].startswith('"nothing-known"')


def test_several_evaluations_share_what_the_body_states(client: TestClient) -> None:
    """Section 7.1: members of the body are defaults, and an evaluation replaces them."""
    body = {
        "subject": SUBJECT,
        "action": ACTION,
        "context": {"as_of": "2027-03-01"},
        "evaluations": [
            {"resource": product(SHOP_DATA)},
            {"resource": product(HOSTING_DATA), "context": {"as_of": "2027-04-01"}},
            {"resource": product(SHOP_DATA), "action": {"name": "delete"}},
            {},
        ],
    }
    found = client.post(SEVERAL, json=body).json()["evaluations"]
    assert [one["decision"] for one in found] == [True, False, False, False]
    assert [one["context"].get("as_of") for one in found] == ["2027-03-01", "2027-04-01", None, None]
    assert found[3]["context"]["error"]["status"] == 400
    assert found[0]["context"]["id"] != found[1]["context"]["id"]


@pytest.mark.parametrize(
    ("semantic", "decisions"),
    [
        ("execute_all", [True, False, True]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ],
)
def test_a_semantic_says_when_to_stop(client: TestClient, semantic: str, decisions: list[bool]) -> None:
    body = {
        "subject": SUBJECT,
        "action": ACTION,
        "options": {"evaluations_semantic": semantic},
        "evaluations": [{"resource": product(one)} for one in (SHOP_DATA, HOSTING_DATA, SHOP_DATA)],
    }
    assert [one["decision"] for one in client.post(SEVERAL, json=body).json()["evaluations"]] == decisions


def test_an_unknown_semantic_and_too_many_evaluations_are_refused(store: BundleStore) -> None:
    client = make_client(store, batch=2)
    many = {"subject": SUBJECT, "action": ACTION, "evaluations": [{"resource": product(SHOP_DATA)}] * 3}
    assert client.post(SEVERAL, json=many).status_code == 400
    wrong: list[Any] = [{"evaluations_semantic": "any"}, {"evaluations_semantic": 1}, []]
    for options in wrong:
        assert client.post(SEVERAL, json={**many, "options": options, "evaluations": [{}]}).status_code == 400
    assert client.post(SEVERAL, json={**many, "evaluations": {}}).status_code == 400


def test_the_metadata_lead_to_the_endpoints_without_a_token(store: BundleStore) -> None:
    """Section 9."""
    client = make_client(store, token="secret")
    found = client.get(METADATA).json()
    assert found == {
        "policy_decision_point": "http://127.0.0.1:8181",
        "access_evaluation_endpoint": f"http://127.0.0.1:8181{ONE}",
        "access_evaluations_endpoint": f"http://127.0.0.1:8181{SEVERAL}",
    }
    assert client.post(found["access_evaluation_endpoint"], json=question(SHOP_DATA)).status_code == 401


def test_the_openapi_document_describes_the_answers(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schema = {"$ref": "#/components/schemas/AccessDecision", "components": document["components"]}
    validator = jsonschema_rs.Draft202012Validator(schema)
    for profile in (SHOP_DATA, HOSTING_DATA, OPEN):
        validator.validate(client.post(ONE, json=question(profile)).json())
    listed = {"subject": SUBJECT, "action": ACTION, "evaluations": [{}, {"resource": product(SHOP_DATA)}]}
    for one in client.post(SEVERAL, json=listed).json()["evaluations"]:
        validator.validate(one)
