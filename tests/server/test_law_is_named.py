"""Whoever asks over HTTP, through an assistant or on the local page hears which law decided."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.layer_builder import RELAY, write_layer
from tests.support.specs import HOSTING, TODAY

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("httpx", reason="needs the extra `test`")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of httpx, which newer releases of starlette want another one for
    from starlette.testclient import TestClient

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.server.api.bundle_store import BundleStore, open_store
from vatspolicy.server.api.router import ApiSettings, make_api
from vatspolicy.server.web.router import make_page
from vatspolicy.server.web.session import WebContext

PROFILE = yaml.safe_load(HOSTING)


@pytest.fixture(params=["shipped", "folder", "layer"])
def served(request: pytest.FixtureRequest, law: Path, tmp_path: Path) -> BundleStore:
    if request.param == "shipped":
        return open_store()
    return open_store(
        law,
        layers=[write_layer(tmp_path / "house", "house", house_rules="rules:\n" + RELAY)]
        if request.param == "layer"
        else [],
    )


@pytest.fixture
def api(served: BundleStore) -> TestClient:
    app = make_api(served, ApiSettings(token=None, today=lambda: TODAY))
    return TestClient(app, base_url="http://127.0.0.1:8181")


def assert_names(found: dict[str, Any], bundle: Bundle) -> None:
    """The name, the version, and the digest with all layers."""
    expected = {**bundle.origin._asdict(), "version": bundle.version, "digest": bundle.digest}
    assert {key: found[key] for key in expected} == expected


@pytest.mark.parametrize("path", ["/v1/status", "/health?bundles"])
def test_the_status_names_the_law(api: TestClient, served: BundleStore, path: str) -> None:
    answer = api.get(path).json()
    assert_names(answer.get("result", answer)["bundles"]["vatspolicy"], served.loaded.bundle)


def test_an_answer_of_the_api_names_the_law(api: TestClient, served: BundleStore) -> None:
    for path in ("", "/decision", "/bundle"):
        result = api.post(f"/v1/data/vatspolicy{path}", json={"input": PROFILE}).json()["result"]
        assert_names(result if path == "/bundle" else result["bundle"], served.loaded.bundle)


def test_the_local_page_names_the_law(served: BundleStore) -> None:
    bundle = served.loaded.bundle
    page = TestClient(make_page(WebContext(bundle, today=lambda: TODAY)), base_url="http://127.0.0.1:8760")
    reply = page.post("/decide", json={"text": HOSTING, "named": True, "file": "spec.yaml", "details": True}).json()
    assert_names(reply["record"]["bundle"], bundle)
    assert reply["headline"]["rules"] == PageWords("en").deciding(bundle.identity)
