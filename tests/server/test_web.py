"""The server behind the page: what it answers, whom it refuses, and that it decides as `vatspolicy check` does."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import random
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.specs import HOSTING, SHOP, TODAY

httpx = pytest.importorskip("httpx", reason="needs the extra `test`")
pytest.importorskip("starlette", reason="needs the extra `serve`")

from vatspolicy.core.documents.schemas import SchemaSet  # noqa: E402
from vatspolicy.core.documents.yaml_edit import compose  # noqa: E402
from vatspolicy.core.policies.bundle import Bundle, load_bundle  # noqa: E402
from vatspolicy.core.profile.vocabulary import fact_schemas  # noqa: E402
from vatspolicy.i18n import set_language  # noqa: E402
from vatspolicy.i18n.lint import faults  # noqa: E402
from vatspolicy.reports.formats import FORMATS  # noqa: E402
from vatspolicy.server.web.answers import EXPORTS  # noqa: E402
from vatspolicy.server.web.form import make_form  # noqa: E402
from vatspolicy.server.web.router import RULES, make_page  # noqa: E402
from vatspolicy.server.web.session import WebContext, read_request  # noqa: E402

HOSTILE = "</q><script>alert(1)</script><img src=x onerror=alert(1)>"


class Client:
    """Requests to the application, without a network."""

    def __init__(self, context: WebContext) -> None:
        self.app = make_page(context)

    def __call__(self, method: str, path: str, host: str = "127.0.0.1:8760", **options: Any) -> Any:
        async def ask() -> Any:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8760") as client:
                headers = {"host": host, **options.pop("headers", {})}
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(ask())

    def decide(self, text: str | None, **more: Any) -> dict[str, Any]:
        reply = self("POST", "/decide", json={"text": text, "named": text is not None, "details": True, **more})
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found


@pytest.fixture(scope="module")
def client(law: Path) -> Client:
    return Client(WebContext(load_bundle(law), today=lambda: TODAY))


# --- whom it answers


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/form", "/schema", "/nothing", "/matrix?as_of=x"])
def test_every_answer_tells_the_browser_to_trust_this_server_alone(client: Client, path: str) -> None:
    reply = client("GET", path)
    assert {name: reply.headers[name] for name in RULES.headers} == RULES.headers
    assert "set-cookie" not in reply.headers
    assert "access-control-allow-origin" not in reply.headers


def test_the_page_refers_to_nothing_but_this_server(client: Client) -> None:
    page = client("GET", "/").text
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "style=" not in page
    assert " on" not in page.split("<body>")[0].split("<title>")[0]
    for path in ("/page.css", "/page.js"):
        assert "http" not in client("GET", path).text.replace('[href^="http"]', "")


@pytest.mark.parametrize("host", ["localhost", "localhost:80", "127.0.0.1:9", "[::1]:8760", "LOCALHOST:1"])
def test_it_answers_to_names_of_this_machine(client: Client, host: str) -> None:
    assert client("GET", "/", host=host).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *(
            "example.org",
            "127.0.0.1.example.org",
            "localhost.example.org:8760",
            "a@127.0.0.1",
            "localhost:x",
            "0.0.0.0",
        ),
        *(
            "[::1].example.org",
            "[::1]example.org",
            "[::1",
            "::1",
            "localhost:99999",
            "localhost\t",
            "127.1",
            "localhost.",
        ),
    ],
)
def test_it_answers_to_no_other_name(client: Client, host: str) -> None:
    reply = client("GET", "/form", host=host)
    assert (reply.status_code, reply.headers["referrer-policy"]) == (421, "no-referrer")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://example.org"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "https://127.0.0.1:8760"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_page_of_another_origin_may_not_ask(client: Client, headers: dict[str, str]) -> None:
    assert client("POST", "/decide", json={}, headers=headers).status_code == 403


IMAGE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
FRAME = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}
VISIT = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize("path", ["/", "/form", "/schema", "/page.js", "/matrix?by=places", "/search?path=product.id"])
@pytest.mark.parametrize("headers", [IMAGE, FRAME, {"sec-fetch-site": "same-site"}, {"origin": "http://example.org"}])
def test_a_page_of_another_origin_may_not_make_it_work(client: Client, path: str, headers: dict[str, str]) -> None:
    """An image of another site at `/matrix` costs a second of processor time, whether or not it can be read."""
    assert client("GET", path, headers=headers).status_code == 403


def test_a_link_leads_to_the_page_and_nothing_else(client: Client) -> None:
    assert client("GET", "/", headers=VISIT).status_code == 200
    assert client("GET", "/", headers={"sec-fetch-site": "none"}).status_code == 200
    for path in ("/matrix?by=places", "/form"):
        assert client("GET", path, headers=VISIT).status_code == 403
    assert client("POST", "/decide", json={}, headers=VISIT).status_code == 403
    assert client("GET", "/", headers=VISIT | {"origin": "null"}).status_code == 403


def test_a_body_that_does_not_come_ends(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert RULES.body_seconds == 10
    monkeypatch.setattr("vatspolicy.server.web.router.RULES", dataclasses.replace(RULES, body_seconds=0.05))

    async def parts() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    begun = time.perf_counter()
    reply = client("POST", "/decide", content=parts(), headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (408, "request_timeout")
    assert time.perf_counter() - begun < 20


def test_its_own_page_may_ask(client: Client) -> None:
    headers = {"origin": "http://127.0.0.1:8760", "sec-fetch-site": "same-origin"}
    assert client("POST", "/decide", json={}, headers=headers).status_code == 200


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_of_another_site_could_send_is_refused(client: Client, kind: str) -> None:
    assert client("POST", "/decide", content=b"{}", headers={"content-type": kind}).status_code == 415


@pytest.mark.parametrize("told", [True, False])
def test_a_large_body_is_refused_whatever_its_header_says(client: Client, told: bool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * (RULES.max_body // 4)

    content: Any = b" " * (RULES.max_body + 1) if told else parts()
    reply = client("POST", "/decide", content=content, headers={"content-type": "application/json"})
    assert (reply.status_code, reply.json()["code"]) == (413, "request_too_large")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"\xff",
        b"[" * 5000,
        b'{"text": 1}',
        b'{"lang": "fr"}',
        b'{"skipped": "x"}',
        b'{"skipped": ["no.such.fact"]}',
        b'{"change": {"path": "company.foreign_percent"}}',
        b'{"change": {"path": "company.foreign_percent", "typed": 1}}',
        b'{"change": {"path": "company.color", "value": 1}}',
        b'{"change": {"path": "company.mainland_entity", "typed": "x"}}',
        b'{"change": {"path": "services.3.offers", "value": []}}',
        b'{"change": {"path": 5, "value": 1}}',
        b'{"changes": {"path": "company.foreign_percent", "value": 1}}',
        b'{"changes": [{"path": "company.foreign_percent"}]}',
    ],
)
def test_a_request_that_the_page_would_not_make_is_refused(client: Client, body: bytes) -> None:
    reply = client("POST", "/decide", content=body, headers={"content-type": "application/json"})
    assert reply.status_code == 400, reply.text
    assert reply.json()["code"] == "invalid_parameter"
    assert reply.json()["message"].endswith(".")
    assert list(faults(**reply.json()["error"])) == []


def test_the_page_has_every_error_in_both_languages(client: Client) -> None:
    refused = [
        client("GET", "/", host="example.com"),
        client("GET", "/nothing"),
        client("POST", "/decide", content=b"{}", headers={"content-type": "text/plain"}),
        client("GET", "/matrix?place=atlantis"),
        client("POST", "/report", json={"text": "a", "format": "html"}),
    ]
    for reply in refused:
        assert reply.json()["error"]["en"] == reply.json()["message"]
        assert list(faults(**reply.json()["error"])) == []
    set_language(["--lang", "zh"])
    assert client("GET", "/nothing").json()["message"] == "没有此路径"


def test_a_mistake_of_ours_is_an_answer_too(
    client: Client, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("vatspolicy.server.web.session.fragment", lambda *_: 1 / 0)
    reply = client("POST", "/decide", json={"text": SHOP})
    assert (reply.status_code, reply.json()["code"]) == (500, "internal_error")
    assert reply.headers["cache-control"] == "no-store"
    assert "internal error (ZeroDivisionError)" in capsys.readouterr().err


def test_methods_and_paths_are_few(client: Client) -> None:
    assert client("GET", "/decide").status_code == 405
    assert client("GET", "/../pyproject.toml").status_code == 404


# --- what it decides


@pytest.mark.parametrize("text", [SHOP, HOSTING, HOSTING.replace("foreign_percent: 100", "")])
def test_it_decides_as_check_does(client: Client, console: Console, law: Path, text: str) -> None:
    console.write("spec.yaml", text)
    told = json.loads(console("check", "spec.yaml", "--law", law, "-f", "json", "--details", "--no-fail").out)
    reply = client.decide(text, file="spec.yaml")
    assert [reply["record"]] == told["decisions"]
    assert reply["problems"] == []
    assert f"{reply['record']['title']}</h2>" in reply["html"]


def test_from_nothing_it_asks(client: Client) -> None:
    reply = client.decide(None)
    assert (reply["record"]["decision"], reply["interview"]["question"]["path"]) == ("incomplete", "product.id")
    reply = client.decide(reply["text"], named=False, change={"path": "product.id", "typed": "my-shop"})
    assert (reply["file"], reply["named"], reply["interview"]["question"]["path"]) == (
        "my-shop.yaml",
        True,
        "product.launch",
    )
    titled = client.decide(client.decide(None)["text"], named=False, change={"path": "product.id", "typed": "My Shop"})
    assert (titled["file"], titled["data"]["product"]) == ("my-shop.yaml", {"id": "my-shop", "title": "My Shop"})
    skipped = client.decide(reply["text"], skipped=["product.launch"])
    assert skipped["interview"]["question"]["path"] == "services"
    assert skipped["asked"] == ["services"]


def test_answers_to_one_question_are_taken_or_refused_together(client: Client) -> None:
    share = {"path": "company.foreign_percent", "typed": "49"}
    taken = client.decide(SHOP, changes=[share, {"path": "company.legal_form", "value": "limited-company"}])
    assert (taken["data"]["company"]["foreign_percent"], taken["data"]["company"]["legal_form"]) == (
        49,
        "limited-company",
    )
    refused = client.decide(SHOP, changes=[share, {"path": "data.persons", "typed": "-1"}])
    assert refused["refused"]["path"] == "data.persons"
    assert refused["text"] == client.decide(SHOP)["text"]
    first = client.decide(None)["interview"]["question"]
    assert (first["path"], [one["path"] for one in first["together"]]) == ("product.id", ["product.launch"])
    named = client.decide(
        None, changes=[{"path": "product.id", "typed": "Shop"}, {"path": "product.launch", "typed": "x"}]
    )
    assert (named["named"], named["refused"]["path"]) == (False, "product.launch")


@pytest.mark.parametrize(
    ("path", "typed", "en"),
    [
        ("company.foreign_percent", "150", "at most 100"),
        ("company.foreign_percent", "many", "Enter a number"),
        ("company.registered_capital_rmb", "1.5", "Enter a whole number"),
        ("product.launch", "2027-02-30", "Enter a date as YYYY-MM-DD"),
        ("product.launch", "2020-01-01", "is in the past"),
        ("product.launch", "1990-01-01", "covers the law from"),
        ("product.id", "My Shop", "lower-case"),
        ("services.0.id", "", "must have a value"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_in_both_languages(client: Client, path: str, typed: str, en: str) -> None:
    before = client.decide(SHOP)
    reply = client.decide(SHOP, change={"path": path, "typed": typed})
    assert reply["refused"]["path"] == path
    assert en in reply["refused"]["text"]["en"]
    assert any("\u4e00" <= char <= "\u9fff" for char in reply["refused"]["text"]["zh"])
    assert (reply["text"], reply["record"]) == (before["text"], before["record"])


def test_a_contradiction_is_refused(client: Client) -> None:
    reply = client.decide(HOSTING, change={"path": "company.mainland_entity", "value": False})
    assert reply["refused"] is not None
    assert reply["record"]["decision"] == "needs-license"


def test_a_change_keeps_the_rest_of_the_text(client: Client) -> None:
    text = f"# a remark\n{HOSTING}".replace("[data-center]", "[domestic-ip-vpn]")
    reply = client.decide(text, change={"path": "company.foreign_percent", "typed": "49.5 %"})
    assert reply["text"] == text.replace("foreign_percent: 100", "foreign_percent: 49.5")
    reply = client.decide(reply["text"], change={"path": "company.foreign_percent", "typed": " "})
    assert reply["data"]["company"]["foreign_percent"] is None
    assert reply["record"]["decision"] == "incomplete"
    assert "company.foreign_percent" in reply["asked"]


def test_a_server_keeps_no_text_of_an_edit(client: Client) -> None:
    compose(HOSTING)
    client.decide(HOSTING, change={"path": "company.foreign_percent", "typed": "5"})
    assert compose.cache_info().currsize == 0


def test_a_fact_that_is_entered_is_no_longer_skipped(client: Client) -> None:
    reply = client.decide(
        SHOP, skipped=["company.foreign_percent"], change={"path": "company.foreign_percent", "typed": "5"}
    )
    assert reply["skipped"] == []


def test_json_becomes_yaml(client: Client) -> None:
    as_yaml = client.decide(HOSTING)
    reply = client.decide(json.dumps(as_yaml["data"]), file="folder\\spec.json")
    assert (reply["file"], reply["data"]) == ("spec.yaml", as_yaml["data"])
    assert "\n  foreign_percent: 100\n" in reply["text"]
    assert reply["record"]["decision"] == as_yaml["record"]["decision"]


def test_what_is_wrong_with_a_file_is_told_at_its_facts(client: Client) -> None:
    text = HOSTING.replace("foreign_percent: 100", "foreign_percent: 170").replace("[data-center]", "[data-centre]")
    reply = client.decide(text)
    assert (reply["record"], reply["html"], reply["interview"]) == (None, None, None)
    assert [one["paths"][0] for one in reply["problems"]] == ["company.foreign_percent", "services.0.offers.0"]
    assert reply["data"]["company"]["foreign_percent"] == 170
    assert reply["problems"][0]["text"]["zh"] == "此处不能大于 100。"
    assert "170" not in str(reply["problems"])
    mended = client.decide(text, change={"path": "company.foreign_percent", "typed": "17"})
    assert [one["paths"][0] for one in mended["problems"]] == ["services.0.offers.0"]
    whole = client.decide(mended["text"], change={"path": "services.0.offers", "value": ["data-center"]})
    assert whole["problems"] == []
    assert whole["record"]["decision"] in ("deny", "needs-license")


@pytest.mark.parametrize("text", ["", "a: b: c", "- 1", "schema: 2\n  x: [", "\x00", "a" * 100])
def test_a_text_that_is_no_spec_is_told_so(client: Client, text: str) -> None:
    reply = client.decide(text)
    assert reply["record"] is None
    assert reply["problems"]
    assert reply["problems"][0]["line"] >= 1
    assert client("POST", "/ways", json={"text": text}).json() == {"record": None, "html": None}


def test_what_a_spec_says_is_shown_as_text(client: Client) -> None:
    text = SHOP.replace("title: A shop", f"title: '{HOSTILE} \\u202Eevil'")
    reply = client.decide(text, file=f"{HOSTILE}.yaml")
    assert reply["record"]["decision"] == "allow"
    assert "<script" not in reply["html"]
    assert "<img" not in reply["html"]
    assert "&lt;script&gt;" in reply["html"]


def test_the_law_of_a_past_day_needs_leave(law: Path) -> None:
    past = HOSTING.replace("2027-01-31", "2025-01-31")
    bundle = load_bundle(law)
    refused = Client(WebContext(bundle, today=lambda: TODAY)).decide(past)
    assert [one["paths"][0] for one in refused["problems"]] == ["product.launch"]
    assert (
        Client(WebContext(bundle, allow_past=True, today=lambda: TODAY)).decide(past)["record"]["as_of"] == "2025-01-31"
    )
    assert (
        Client(WebContext(bundle, as_of="2026-07-01", today=lambda: TODAY)).decide(past)["record"]["as_of"]
        == "2026-07-01"
    )


def test_ways_are_those_of_routes(client: Client, console: Console, law: Path) -> None:
    text = HOSTING.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]")
    console.write("spec.yaml", text)
    told = json.loads(console("routes", "spec.yaml", "--law", law, "-f", "json").out)
    reply = client("POST", "/ways", json={"text": text, "file": "spec.yaml", "details": True}).json()
    assert reply["record"] == told
    assert reply["html"].count("leads to: ") == sum(
        len(activity["routes"]) for service in told["services"] for activity in service["activities"]
    )
    for proposal in told["proposals"]:
        assert proposal["differences"][0]["title"]["en"] in reply["html"]


def test_the_timeline_is_that_of_the_command(client: Client, console: Console, law: Path) -> None:
    spec = HOSTING.replace("2027-01-31", "2024-03-01")
    console.write("spec.yaml", spec)
    told = json.loads(console("timeline", "spec.yaml", "--law", law, "-f", "json").out)
    html = client("POST", "/timeline", json={"text": spec, "file": "spec.yaml"}).json()["html"]
    assert html.count("<section>") == len(told["entries"]) > 1
    assert [entry["from"] in html for entry in told["entries"]] == [True] * len(told["entries"])
    assert client("POST", "/timeline", json={"text": "services: ["}).json() == {"html": None}


@pytest.mark.parametrize(
    ("path", "text", "first"),
    [
        ("services.0.offers", "telemtics", "connected-car"),
        ("services.0.area", "nationwide", "china"),
        ("company.licenses.0.instrument", "ICP license", "vats-license"),
        ("company.licenses.0.instrument", "MLPS", "mlps-filing"),
        ("deals.0.kind", "joint venture", "joint-venture"),
        ("services.0.facilities", "Ningxia", "yinchuan"),
        ("services.0.facilities", "宁夏", "yinchuan"),
        ("services.0.area", "Ningxia", "ningxia"),
        ("services.0.offers", "an app with paid courses", "adult-training"),
    ],
)
def test_a_list_is_searched_as_the_command_does(client: Client, path: str, text: str, first: str) -> None:
    assert client("GET", f"/search?path={path}&text={text}").json()["values"][:1] == [first]


def test_a_search_is_of_a_fact_of_the_profile(client: Client) -> None:
    assert client("GET", "/search?path=services.0.offers&text=+").json() == {"values": [], "elsewhere": []}
    told = client("GET", "/search?path=services.0.offers&text=WFOE").json()
    assert {"en": "Legal form", "zh": "组织形式"} in told["elsewhere"]
    assert client("GET", "/search?path=company.offers&text=x").status_code == 400
    assert client("GET", "/search?text=x").status_code == 400


def test_a_list_that_names_at_least_one_says_so(client: Client) -> None:
    sections = {one["name"]: one for one in client("GET", "/form").json()["sections"]}
    services = {one["name"]: one for one in sections["services"]["fields"]}
    assert {name for name, one in services.items() if one.get("least")} == {
        "offers",
        "licensed_for",
        "area",
        "facilities",
        "satellites",
    }


def test_the_matrix_is_of_any_day(client: Client) -> None:
    reply = client("GET", "/matrix?as_of=2024-10-23&lang=zh&by=places").json()
    assert reply["as_of"] == "2024-10-23"
    assert 'id="matrix-places"' in reply["html"]
    for day in ("2024-13-01", "20241023", "1990-01-01"):
        wrong = client("GET", f"/matrix?as_of={day}")
        assert wrong.status_code == 400
        assert set(wrong.json()["error"]) == {"en", "zh"}


def test_the_matrix_is_of_any_place(client: Client) -> None:
    reply = client("GET", "/matrix?as_of=2024-10-23&place=shenzhen&zone=none").json()
    assert "registered in Shenzhen" in reply["html"]
    elsewhere = client("GET", "/matrix?as_of=2024-10-23&place=beijing&zone=henan")
    assert (elsewhere.status_code, set(elsewhere.json()["error"])) == (400, {"en", "zh"})
    for query in ("place=atlantis", "place=overseas", "zone=x", "place=china"):
        assert client("GET", f"/matrix?as_of=2024-10-23&{query}").status_code == 400, query


def test_a_report_is_that_of_check(client: Client, console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    assert console("check", "spec.yaml", "--law", law, "-o", "html=report.html", "--no-fail").code == 0
    reply = client("POST", "/report", json={"text": HOSTING, "file": "spec.yaml", "format": "html"})
    assert reply.headers["content-type"].startswith("text/html")
    assert reply.text == (console.folder / "report.html").read_text(encoding="utf-8")
    for wrong in ({"text": HOSTING, "format": "exe"}, {"text": HOSTING}, {"text": "a", "format": "html"}):
        assert client("POST", "/report", json=wrong).status_code == 400


def test_a_report_for_counsel_is_that_of_check(client: Client, console: Console, law: Path) -> None:
    console.write("spec.yaml", HOSTING)
    for format in EXPORTS:
        assert console("check", "spec.yaml", "--law", law, "-o", f"{format}=report.{format}").code in (0, 1)
        reply = client("POST", "/report", json={"text": HOSTING, "file": "spec.yaml", "format": format})
        assert reply.headers["content-type"].startswith(FORMATS[format].media)
        assert reply.content == (console.folder / f"report.{format}").read_bytes()
    assert client("GET", "/form").json()["exports"] == ["csv", "html"]


def test_a_format_that_the_page_does_not_offer_is_refused(client: Client) -> None:
    reply = client("POST", "/report", json={"text": HOSTING, "format": "sarif"})
    assert (reply.status_code, reply.json()["message"]) == (400, "`format` must be one of: csv, html.")


def test_it_is_blank_until_something_is_answered(client: Client) -> None:
    first = client.decide(None)
    assert first["blank"]
    again = client.decide(first["text"], named=False)
    assert again["blank"], "a change of the language changes nothing"
    assert not client.decide(first["text"], named=True)["blank"]
    assert not client.decide(first["text"], named=False, skipped=["product.launch"])["blank"]
    changed = client.decide(first["text"], named=False, change={"path": "company.foreign_percent", "typed": "5"})
    assert not changed["blank"]


ODD: tuple[Any, ...] = (
    None,
    [],
    {},
    "x",
    "\x00\u202e",
    5,
    -1.5,
    True,
    [None],
    [[]],
    {"at": {}},
    [{"id": 1}],
    "\ud800",
    1e999,
)
"""Values that few facts take."""


def test_whatever_is_entered_is_taken_or_refused(client: Client, bundle: Bundle) -> None:
    def paths(fields: list[dict[str, Any]], above: str) -> list[str]:
        found = []
        for field in fields:
            path = f"{above}{field['name']}"
            found += [
                path,
                *paths(field.get("fields", []), f"{path}.0." if field["kind"] in ("list", "places") else f"{path}."),
            ]
        return found

    every = paths(make_form(bundle)["sections"], "")
    draw, seen = random.Random(11), set()
    for text in (SHOP, HOSTING, "schema: 2\nproduct: x\ncompany: 5\nservices: {a: 1}\n"):
        for path, value in zip(draw.sample(every, 50), draw.choices(ODD, k=50), strict=True):
            change = {"path": path, "value": value}
            body = json.dumps({"text": text, "named": True, "change": change}).encode()
            reply = client("POST", "/decide", content=body, headers={"content-type": "application/json"})
            seen.add(reply.status_code)
            assert reply.status_code in (200, 400), (path, value)
            if reply.status_code == 200 and text in (SHOP, HOSTING):
                assert reply.json()["headline"] is not None, (path, value)
    assert seen == {200, 400}


def test_the_form_has_every_fact_of_the_schema(bundle: Bundle) -> None:
    def paths(fields: list[dict[str, Any]], above: tuple[str, ...]) -> set[tuple[str, ...]]:
        found = {(*above, field["name"]) for field in fields}
        for field in fields:
            found |= paths(field.get("fields", []), (*above, field["name"]))
        return found

    made = make_form(bundle)
    wanted = {path for path, _ in fact_schemas() if path != ("schema",) and path[-1] != "at"}
    assert paths(made["sections"], ()) == wanted
    assert all(choice["label"]["zh"] for choices in made["lists"].values() for choice in choices)


def test_a_bundle_has_the_form_of_its_own_schemas(law: Path) -> None:
    shipped = SchemaSet.shipped()
    profile = json.loads(shipped.files["profile.schema.json"])
    profile["properties"]["company"]["properties"]["color"] = {"type": "boolean", "title": "Color of the company"}
    schemas = SchemaSet({**shipped.files, "profile.schema.json": json.dumps(profile).encode()})
    client = Client(WebContext(load_bundle(law, schemas), today=lambda: TODAY))
    assert "Color of the company" in client("GET", "/form").text
    assert "Color of the company" in client("GET", "/schema").text
    request = read_request({"change": {"path": "company.color", "value": True}}, schemas)
    assert request.changes == ((("company", "color"), True, False),)


# --- the command


def test_a_port_in_use_is_said_so(console: Console, law: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = console("serve", "--port", str(port), "--no-open", "--law", law)
    assert ran.code == 2
    assert f"cannot listen on port {port}" in ran.err


def test_without_its_extra_it_says_what_to_install(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    ran = console("serve", "--no-open")
    assert (ran.code, ran.err) == (2, "vatspolicy: the page needs an extra: pip install '.[serve]'.\n")


def test_a_past_day_needs_leave_on_the_command_line(console: Console, law: Path) -> None:
    assert console("serve", "--no-open", "--law", law, "--as-of", "2025-01-01").code == 2
    assert console("serve", "--no-open", "--law", law, "--as-of", "1990-01-01", "--allow-past-as-of").code == 2
