"""The OpenAPI document allows what is answered, and forbids what is refused, as far as a schema can say so."""

from __future__ import annotations

import re
import warnings
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.support.specs import SHOP, TODAY

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("httpx", reason="needs the extra `test`")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of httpx, which newer releases of starlette want another one for
    from starlette.testclient import TestClient

from vatspolicy.core.documents.positions import unprintable
from vatspolicy.server.api.bundle_store import BundleStore
from vatspolicy.server.api.router import ApiSettings, make_api

SHOP_DATA = yaml.safe_load(SHOP)
DATA, BATCH = "/v1/data/vatspolicy/decision", "/v1/batch/data/vatspolicy/decision"


@pytest.fixture
def client(store: BundleStore) -> TestClient:
    return TestClient(make_api(store, ApiSettings(loopback=False, today=lambda: TODAY)))


@pytest.mark.parametrize(
    ("place", "body", "status"),
    [
        (DATA, {"input": SHOP_DATA}, 200),
        (DATA, {"input": {**SHOP_DATA, "product": {**SHOP_DATA["product"], "title": "a\u000fb"}}}, 400),
        (DATA, {"input": {**SHOP_DATA, "product": {**SHOP_DATA["product"], "title": "a\u202eb"}}}, 400),
        (BATCH, {"inputs": {"a": SHOP_DATA, "b": {"x": ["\n", 1.5, None]}}}, 207),
        (BATCH, {"inputs": {"a": {"x": ["\u0096"]}}}, 400),
        (BATCH, {"inputs": {"a\u0005": {}}}, 400),
        (BATCH, {"inputs": {"a": 2**60}}, 400),
        (BATCH, {"inputs": {"a": 2**53, "b": -float(2**53)}}, 207),
        (BATCH, {"inputs": {str(number): None for number in range(257)}}, 400),
        ("/v1/data/vatspolicy/bundle", {"input": {}}, 200),
        ("/v1/data/vatspolicy/bundle", {}, 400),
    ],
)
def test_what_the_description_forbids_is_refused(client: TestClient, place: str, body: Any, status: int) -> None:
    document = client.get("/openapi.json").json()
    schema = document["paths"][place]["post"]["requestBody"]["content"]["application/json"]["schema"]
    allowed = jsonschema_rs.Draft202012Validator({**document, **schema}).is_valid(body)
    assert (client.post(place, json=body).status_code, allowed) == (status, status < 400)


def test_methods_are_those_of_the_description(client: TestClient) -> None:
    for place, operations in client.get("/openapi.json").json()["paths"].items():
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            answer = client.request(method, place.replace("{id}", "vats-pilot-2024"))
            assert (answer.status_code != 405) is (method.lower() in operations), (place, method)
            if answer.status_code == 405:
                assert {one.lower() for one in answer.headers["Allow"].split(", ")} - {"head"} == operations.keys()


def test_texts_of_the_description_are_those_that_a_document_may_hold(client: TestClient) -> None:
    pattern = re.compile(client.get("/openapi.json").json()["components"]["schemas"]["Text"]["pattern"])
    for code in [*range(0xD800), *range(0xE000, 0x10000), 0x10000, 0x10FFFF]:
        assert (pattern.fullmatch(chr(code)) is None) is (next(unprintable(chr(code)), None) is not None), hex(code)
