"""The decision over HTTP: what it answers, whom it refuses, what it survives; through the ASGI application."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.console import Console
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.specs import HOSTING, SHOP, TODAY

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("httpx", reason="needs the extra `test`")
pytest.importorskip("prometheus_client", reason="needs the extra `serve`")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of httpx, which newer releases of starlette want another one for
    from starlette.testclient import TestClient

from prometheus_client.parser import text_string_to_metric_families

from vatspolicy.bundles.bundle_file import build_bundle_file, pack
from vatspolicy.bundles.keys import generate_keys, read_key
from vatspolicy.bundles.signature import sign
from vatspolicy.clock import seconds_at_end
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import MAX_EXPLAINED
from vatspolicy.gate.gate import Gate
from vatspolicy.i18n import set_language
from vatspolicy.i18n.lint import HAN
from vatspolicy.server.api.bundle_store import BundleStore, Watch, open_store
from vatspolicy.server.api.limits import ApiLimits, BusyError, LateError, WorkerSlots
from vatspolicy.server.api.router import ApiSettings, make_api
from vatspolicy.server.guard import is_loopback
from vatspolicy.server.serve import ServeError, listen, read_token

SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
PLACE = "/v1/data/vatspolicy/decision"
FULL = f"{PLACE}?detail=full"
LOCAL = "http://127.0.0.1:8181"
TOKEN = "correct-horse-battery-staple"

Client = Callable[..., TestClient]


@pytest.fixture
def client(store: BundleStore) -> Client:
    def make(of: BundleStore = store, url: str = LOCAL, **settings: Any) -> TestClient:
        app = make_api(of, ApiSettings(today=lambda: TODAY, **settings))
        return TestClient(app, base_url=url, raise_server_exceptions=False)

    return make


def ask(client: TestClient, profile: Any, place: str = PLACE, **more: Any) -> Any:
    return client.post(place, json={"input": profile, **more})


# --- answers


def test_the_decision_is_that_of_check(client: Client, law: Path) -> None:
    answer = ask(client(), HOSTING_DATA, FULL).json()["result"]
    _, record = Gate(load_bundle(law), TODAY).decide(load_profile(HOSTING_DATA))
    assert answer["decision"] == record.decision == "needs-license"
    assert answer["bundle"]["digest"] == load_bundle(law).digest
    (need,), (told,) = answer["needs"], record.needs
    assert need["message"] == told.message
    facts = [(fact["path"], fact["value"]) for fact in need["facts"]]
    assert facts == [(fact.path, fact.value) for fact in told.why.facts]


def test_a_missing_fact_is_incomplete_and_asked_for(client: Client) -> None:
    company = {key: value for key, value in HOSTING_DATA["company"].items() if key != "foreign_percent"}
    services = [{**HOSTING_DATA["services"][0], "offers": ["domestic-ip-vpn"]}]
    result = ask(client(), {**HOSTING_DATA, "company": company, "services": services}).json()["result"]
    assert result["decision"] == "incomplete"
    assert "company.foreign_percent" in [asked["path"] for asked in result["missing"]]


def test_parts_of_the_decision_have_paths(client: Client) -> None:
    assert ask(client(), SHOP_DATA, f"{PLACE}/decision").json()["result"] == "allow"
    assert ask(client(), SHOP_DATA, f"{PLACE}/services/0/id").json()["result"] == "web"
    whole = ask(client(), SHOP_DATA, "/v1/data").json()["result"]["vatspolicy"]
    assert whole["decision"]["decision"] == "allow"
    assert whole["bundle"]["covers_from"] == "2015-01-01"


def test_detail_is_brief_or_full(client: Client) -> None:
    brief = ask(client(), HOSTING_DATA).json()
    assert ask(client(), HOSTING_DATA, f"{PLACE}?detail=brief").json() == brief
    assert "contested_rules" in brief["result"]
    assert "changes_ahead" in ask(client(), HOSTING_DATA, FULL).json()["result"]
    for value in ("", "notes"):
        refused = ask(client(), HOSTING_DATA, f"{PLACE}?detail={value}")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_parameter")


@pytest.mark.parametrize(
    "place", ["/v1/data/other", f"{PLACE}/nothing", f"{PLACE}/services/9", f"{PLACE}/services/9{'9' * 5000}"]
)
def test_what_is_not_there_is_undefined_and_no_decision(client: Client, place: str) -> None:
    answer = ask(client(), SHOP_DATA, place)
    assert answer.status_code == 200
    assert "result" not in answer.json()


def test_undefined_is_as_opa_says_it(client: Client) -> None:
    assert ask(client(), SHOP_DATA, "/v1/data/other").json() == {}
    assert client().get(PLACE).json() == {}


def test_the_same_question_has_the_same_id_and_another_another(client: Client) -> None:
    first, second = (ask(client(), SHOP_DATA).json()["decision_id"] for _ in range(2))
    assert first == second
    assert ask(client(), HOSTING_DATA).json()["decision_id"] != first
    assert ask(client(), SHOP_DATA, as_of="2027-02-01").json()["decision_id"] != first


def test_as_of_chooses_the_law(client: Client) -> None:
    result = ask(client(), HOSTING_DATA, as_of="2027-05-01").json()["result"]
    assert result["as_of"] == "2027-05-01"
    past = ask(client(), HOSTING_DATA, as_of="2020-01-01")
    assert (past.status_code, past.json()["code"]) == (400, "invalid_parameter")
    assert "is in the past" in past.json()["message"]
    assert ask(client(allow_past=True), HOSTING_DATA, as_of="2020-01-01").json()["result"]["as_of"] == "2020-01-01"
    early = ask(client(allow_past=True), HOSTING_DATA, as_of="1999-01-01")
    assert "the first day that the bundle covers" in early.json()["message"]


def test_policies_are_listed(client: Client, law: Path) -> None:
    listed = [policy["id"] for policy in client().get("/v1/policies/").json()["result"]]
    assert listed == list(load_bundle(law).policies)
    assert client().get("/v1/policies").json() == client().get("/v1/policies/").json()
    one = client().get("/v1/policies/vats-pilot-2024").json()["result"]
    assert one["title"]["zh"]
    assert one["rules"]["pilot-access"]["citations"][0] in one["articles"]
    none = client().get("/v1/policies/no-such")
    assert (none.status_code, none.json()["code"]) == (404, "resource_not_found")


# --- what is refused


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "empty"),
        ("[]", "must be an object"),
        ("{}", "must be an object whose input is"),
        ('{"input": {}, "inputs": {}}', "may contain only"),
        ('{"input": {}, "input": {}}', "not valid JSON for this server"),
        ('{"input": NaN}', "not valid JSON for this server"),
        ('{"input": {"a": 1e999}}', "not valid JSON for this server"),
        ('{"input": 12345678901234567890123}', "not valid JSON for this server"),
        ('{"input": {}, "as_of": "2027-2-1"}', "as_of must be"),
        ('{"input": {}, "as_of": 20270201}', "as_of must be"),
        ('{"input": {}, "as_of": "2027-02-30"}', "as_of must be"),
        ('{"input": {}}', "cannot be decided"),
        ('{"input": null}', "cannot be decided"),
        ('{"input": ' + "[" * 100_000, "not valid JSON for this server"),
        ('{"input": "\\ud800"}', "not valid JSON for this server"),
        ('{"input": "a\\u202eb"}', "not valid JSON for this server"),
    ],
    ids=range(16),
)
def test_a_body_that_means_nothing_is_no_decision(client: Client, body: str, told: str) -> None:
    answer = client().post(PLACE, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_parameter"
    assert told in answer.json()["message"]


def test_bytes_that_are_not_utf8(client: Client) -> None:
    answer = client().post(PLACE, content=b'{"input": "\xff"}', headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()["errors"][0]["message"]


def test_a_problem_has_the_place_in_the_body_and_no_value(client: Client) -> None:
    profile = {**SHOP_DATA, "company": {"foreign_percent": 8831}}
    body = json.dumps({"input": profile}, indent=1)
    answer = client().post(PLACE, content=body, headers={"content-type": "application/json"}).json()
    [problem] = answer["errors"]
    row = next(index for index, line in enumerate(body.splitlines(), 1) if "foreign_percent" in line)
    assert (problem["path"], problem["location"]["row"]) == ("company.foreign_percent", row)
    assert "8831" not in json.dumps(answer)


def test_an_error_is_told_in_the_language_of_the_run(client: Client) -> None:
    requests: list[tuple[str, Any, str]] = [
        (PLACE, "", "请求体为空。请求体必须是含有 input 的对象，其值为产品说明。"),
        (PLACE, {"input": SHOP_DATA, "day": "2027-01-01"}, "请求体含有 input 和 as_of 以外的键。"),
        (PLACE, {"input": SHOP_DATA, "as_of": "soon"}, "as_of 必须是日历日期，例如 2027-03-01。"),
        (f"{PLACE}?detail=notes", {"input": SHOP_DATA}, "detail 必须为 brief 或 full。"),
        ("/v1/nothing", {}, "此路径没有资源。"),
    ]
    set_language(["--lang", "zh"])
    for path, body, told in requests:
        content = body if isinstance(body, str) else json.dumps(body)
        answer = client().post(path, content=content, headers={"content-type": "application/json"})
        assert answer.json()["message"] == told
    early = ask(client(), SHOP_DATA, as_of="1990-01-01").json()
    assert early["message"].startswith("as_of 的日期早于")
    invalid = ask(client(), {**SHOP_DATA, "company": {"foreign_percent": 101}}).json()
    assert invalid["message"].startswith("无法对该输入作出判定：")
    assert all(HAN.search(problem["message"]) for problem in invalid["errors"])
    busy = client(limits=ApiLimits(pending=0, small=0)).post(PLACE, json={"input": SHOP_DATA})
    assert (busy.status_code, busy.json()["message"]) == (429, "正在处理的判定过多。")


def test_a_body_is_bounded_whatever_its_header_says(client: Client) -> None:
    small = client(limits=ApiLimits(body=1000))

    def chunks() -> Iterator[bytes]:
        for _ in range(100):
            yield b" " * 100

    assert small.post(PLACE, content=b" " * 1001).status_code == 413
    assert small.post(PLACE, content=chunks()).status_code == 413
    assert small.post(PLACE, content=b"{}", headers={"content-length": "9" * 30}).status_code == 413


def test_an_error_has_an_end(client: Client) -> None:
    answer = ask(client(limits=ApiLimits(seconds=60)), {f"key-{index}": 1 for index in range(5000)})
    errors = answer.json()["errors"]
    assert (answer.status_code, len(errors)) == (400, MAX_EXPLAINED + 1)
    assert errors[-1]["message"].startswith("Further errors are not shown.")


def test_only_json_is_read(client: Client) -> None:
    answer = client().post(PLACE, content=SHOP, headers={"content-type": "application/yaml"})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("place", ["/v1/data/vatspolicy", "/v1/policies/x", "/health"])
def test_nothing_can_be_changed(client: Client, method: str, place: str) -> None:
    answer = client().request(method, place)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "place",
    [
        "/",
        "/v1",
        "/v1/queries",
        "/etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/v1/policies/..%2f..%2fbundle.yaml",
    ],
)
def test_what_is_not_served_is_not_found(client: Client, place: str) -> None:
    answer = client().get(place)
    assert (answer.status_code, answer.json()["code"]) == (404, "resource_not_found")


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "127.0.0.1:x", "[::1"]
)
def test_a_page_that_points_its_name_here_is_refused(client: Client, host: str) -> None:
    assert client().get("/health", headers={"host": host}).status_code == 421


def test_with_a_network_any_name_of_the_server_is_right(client: Client) -> None:
    assert client(loopback=False, token=TOKEN).get("/health", headers={"host": "law.example"}).status_code == 200


@pytest.mark.parametrize(
    "header", [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
def test_a_browser_is_refused(client: Client, header: dict[str, str]) -> None:
    answer = client().post(PLACE, json={"input": SHOP_DATA}, headers=header)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_token_is_asked_for_everywhere_but_health(client: Client) -> None:
    guarded = client(token=TOKEN)
    for place in ("/v1/policies/", "/metrics", "/openapi.json", "/nowhere", PLACE):
        answer = guarded.get(place)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert guarded.get("/health").status_code == 200
    for wrong in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}"):
        assert guarded.get("/metrics", headers={"authorization": wrong}).status_code == 401
    assert guarded.get("/metrics", headers={"authorization": f"bearer {TOKEN}"}).status_code == 200


def test_answers_are_not_kept_and_not_sniffed(client: Client) -> None:
    for answer in (client().get("/health"), client().get("/nowhere"), ask(client(), {})):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_crash_is_500_and_tells_no_value(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(*_: Any) -> None:
        raise RuntimeError("foreign_percent is 8831")

    monkeypatch.setattr("vatspolicy.server.api.query.DataQuestion.answer", crash)
    answer = ask(client(), SHOP_DATA)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert "8831" not in answer.text


# --- time and concurrency


def test_a_slow_decision_is_no_decision(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr("vatspolicy.server.api.query.DataQuestion.answer", lambda *_: go.wait(20) and ({}, "allow"))
    answer = ask(client(limits=ApiLimits(seconds=0.05, small=0)), SHOP_DATA)
    go.set()
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "timeout", "1")


def test_slots_are_bounded_and_freed_when_the_work_has_ended() -> None:
    go = threading.Event()

    async def scenario() -> None:
        slots = WorkerSlots(ApiLimits(seconds=0.05, pending=2, threads=1))
        first = [asyncio.ensure_future(slots.run(go.wait)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await slots.run(go.wait)
        for waiting in first:
            with pytest.raises(LateError):
                await waiting
        assert slots.taken == 1  # the second never began; the first is still at work
        go.set()
        while slots.taken:
            await asyncio.sleep(0.001)
        assert await slots.run(lambda: 7) == 7
        slots.close()

    asyncio.run(scenario())


def test_work_that_cannot_begin_takes_no_slot() -> None:
    async def scenario() -> None:
        slots = WorkerSlots(ApiLimits())
        slots.close()
        with pytest.raises(RuntimeError, match="shutdown"):
            await slots.run(lambda: 7)
        assert slots.taken == 0

    asyncio.run(scenario())


def test_decisions_on_few_services_are_made_at_once(client: Client) -> None:
    """They take no slot, brief or full; a body with more services than a few does."""
    full = {"detail": "full"}
    assert client(limits=ApiLimits(pending=0)).post(PLACE, json={"input": SHOP_DATA}).status_code == 200
    assert client(limits=ApiLimits(pending=0)).post(PLACE, json={"input": SHOP_DATA}, params=full).status_code == 200
    many = {**SHOP_DATA, "services": [{"id": f"service-{place}"} for place in range(ApiLimits.services + 1)]}
    assert client(limits=ApiLimits(pending=0)).post(PLACE, json={"input": many}).status_code == 429


def test_too_many_at_once_are_told_to_wait(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun = threading.Event(), threading.Event()

    def wait(*_: Any) -> tuple[dict[str, Any], str]:
        begun.set()
        go.wait(20)
        return {}, "allow"

    monkeypatch.setattr("vatspolicy.server.api.query.DataQuestion.answer", wait)
    with client(limits=ApiLimits(pending=1, small=0)) as one:
        statuses: list[int] = []
        thread = threading.Thread(target=lambda: statuses.append(ask(one, SHOP_DATA).status_code))
        thread.start()
        begun.wait(20)
        busy = ask(one, SHOP_DATA)
        assert one.get("/health").status_code == 200
        go.set()
        thread.join()
    assert (busy.status_code, busy.json()["code"], busy.headers["retry-after"]) == (429, "too_many_requests", "1")
    assert statuses == [200]


def test_a_body_that_does_not_come_ends(store: BundleStore) -> None:
    """A client that sends half a request and waits holds nothing for longer than a request has."""
    app = make_api(store, ApiSettings(today=lambda: TODAY, limits=ApiLimits(seconds=0.05)))
    sent: list[Any] = []

    async def receive() -> Any:
        if not sent:
            await asyncio.sleep(0.01)
        await asyncio.sleep(5)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": PLACE,
        "raw_path": PLACE.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "root_path": "",
        "scheme": "http",
        "http_version": "1.1",
        "client": None,
        "server": None,
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 408


def test_many_at_once_are_each_answered_as_alone(client: Client) -> None:
    alone = [ask(client(), profile).json() for profile in (SHOP_DATA, HOSTING_DATA)]
    found: list[tuple[int, Any]] = []
    with client(limits=ApiLimits(threads=4)) as one:

        def work(which: int) -> None:
            found.extend((which, ask(one, (SHOP_DATA, HOSTING_DATA)[which]).json()) for _ in range(10))

        threads = [threading.Thread(target=work, args=(index % 2,)) for index in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(found) == 60
    assert all(answer == alone[which] for which, answer in found)


# --- another bundle


def test_a_changed_policy_is_taken_when_it_has_settled(copy_of_law: Path, client: Client) -> None:
    told: list[str] = []
    store = open_store(copy_of_law, notify=told.append)
    one = client(store)
    before = ask(one, SHOP_DATA).json()["result"]["bundle"]["digest"]
    policy = copy_of_law / "vats-pilot-2024.yaml"
    policy.write_text(policy.read_text() + "\n# a remark\n")
    assert not store.refresh()  # seen for the first time
    assert store.refresh()
    after = ask(one, SHOP_DATA).json()["result"]["bundle"]["digest"]
    assert after == load_bundle(copy_of_law).digest != before
    assert store.reloads == {"ok": 1, "failed": 0}
    assert not store.refresh()
    assert [line for line in told if "is in use" in line]


def test_a_served_law_has_layers_and_takes_their_changes(law: Path, tmp_path: Path, client: Client) -> None:
    closed = "rules:\n" + rule("closed", "product", "true", "deny: {reason: HOSTED-ABROAD}")
    company = write_layer(tmp_path / "company", "company", company=closed)
    store = open_store(law, layers=[company])
    one = client(store)
    found = ask(one, SHOP_DATA).json()["result"]
    assert [denial["rule"] for denial in found["denials"]] == ["company/closed"]
    assert [layer["name"] for layer in found["bundle"]["layers"]] == ["law", "company"]
    assert [denial["layer"] for denial in found["denials"]] == ["company"]
    assert {one["layer"] for service in found["services"] for one in service["classified_by"]} == {"law"}
    (company / "company.yaml").rename(company / "company.yml")
    assert not store.refresh(settled=False), "a rule that is not seen forbids nothing"
    assert ask(one, SHOP_DATA).json()["result"]["denials"] == found["denials"]
    (company / "company.yml").rename(company / "company.yaml")
    write_layer(company, "company", company=closed.replace("true", "false"))
    assert store.refresh(settled=False)
    assert ask(one, SHOP_DATA).json()["result"]["denials"] == []


@pytest.mark.parametrize("spoil", ["invalid", "gone", "empty", "unreadable"])
def test_the_last_good_bundle_decides_on(copy_of_law: Path, client: Client, spoil: str) -> None:
    told: list[str] = []
    store = open_store(copy_of_law, notify=told.append)
    one = client(store)
    good = ask(one, SHOP_DATA).json()
    policy = copy_of_law / "vats-pilot-2024.yaml"
    text = policy.read_text()
    match spoil:
        case "invalid":
            policy.write_text(text.replace("when:", "whenn:", 1))
        case "gone":
            shutil.move(copy_of_law, copy_of_law.with_name("elsewhere"))
        case "empty":
            for path in copy_of_law.rglob("*.yaml"):
                path.write_bytes(b"")
        case _:
            policy.unlink()
            policy.mkdir()
            (copy_of_law / "bundle.yaml").unlink()
    assert [store.refresh(settled=False) for _ in range(3)] == [False] * 3
    assert store.reloads == {"ok": 0, "failed": 1}  # one failure is told once
    assert len(told) == 1
    assert ask(one, SHOP_DATA).json() == good
    health = one.get("/health?bundles").json()["bundles"]["vatspolicy"]
    assert (health["state"], health["digest"]) == ("last-good", good["result"]["bundle"]["digest"])
    assert "vatspolicy_bundle_current 0" in one.get("/metrics").text
    if spoil == "invalid":
        policy.write_text(text + "# mended\n")
        assert store.refresh(settled=False)
        assert one.get("/health?bundles").json()["bundles"]["vatspolicy"]["state"] == "current"


def test_a_bundle_that_expires_decides_no_longer(
    copy_of_law: Path, client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "b.tar.gz"
    secret, public = (tmp_path / name for name in ("release.pem", "release.pub"))
    for path, text in zip((secret, public), generate_keys(), strict=True):
        path.write_text(text)
    signed = sign(build_bundle_file(copy_of_law, 1, str(file)), read_key(secret, private=True), last_day="2026-12-31")
    file.write_bytes(pack(signed.files))
    end = seconds_at_end("2026-12-31")
    monkeypatch.setattr("vatspolicy.bundles.signature.seconds", lambda: end - 1)
    store = open_store(file=file, key=public)
    one = client(store)
    assert ask(one, SHOP_DATA).status_code == 200
    monkeypatch.setattr("vatspolicy.bundles.signature.seconds", lambda: end)
    for refused in (
        ask(one, SHOP_DATA),
        one.get(PLACE),
        one.post("/v1/batch/data/vatspolicy/decision", json={"inputs": {"a": SHOP_DATA}}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (503, "bundle_expired")
        assert refused.headers["Retry-After"] == "60"
    assert one.get("/health").status_code == 200
    assert one.get("/health?bundles").json()["bundles"]["vatspolicy"]["state"] == "expired"
    assert "vatspolicy_bundle_current 0" in one.get("/metrics").text


def test_the_old_files_back_are_current_again(copy_of_law: Path) -> None:
    store = open_store(copy_of_law)
    policy = copy_of_law / "vats-pilot-2024.yaml"
    text = policy.read_text()
    policy.write_text("nonsense")
    store.refresh(settled=False)
    policy.write_text(text)
    assert store.refresh(settled=False)
    assert store.current


def test_a_first_bundle_must_be_good(copy_of_law: Path) -> None:
    from vatspolicy.errors import InvalidInput

    (copy_of_law / "vats-pilot-2024.yaml").write_text("nonsense")
    with pytest.raises(InvalidInput):
        open_store(copy_of_law)


def test_a_watch_looks_by_itself_and_when_it_is_woken(copy_of_law: Path) -> None:
    store = open_store(copy_of_law)
    policy = copy_of_law / "vats-pilot-2024.yaml"
    for seconds, wake in ((0.02, False), (600.0, True)):
        watch = Watch(store, seconds)
        before = store.loaded.bundle.digest
        policy.write_text(policy.read_text() + "# again\n")
        if wake:
            watch.wake()
        until = time.monotonic() + 30
        while store.loaded.bundle.digest == before and time.monotonic() < until:
            time.sleep(0.01)
        watch.stop()
        assert store.loaded.bundle.digest != before


def test_requests_during_a_swap_are_of_one_bundle(copy_of_law: Path, client: Client) -> None:
    """Every answer names the bundle it was made with, and each is one of the two."""
    store = open_store(copy_of_law)
    digests = {store.loaded.bundle.digest}
    policy = copy_of_law / "vats-pilot-2024.yaml"
    seen: list[str] = []
    stop = threading.Event()
    with client(store) as one:

        def work() -> None:
            while not stop.is_set():
                answer = ask(one, HOSTING_DATA)
                assert answer.status_code == 200
                seen.append(answer.json()["result"]["bundle"]["digest"])

        thread = threading.Thread(target=work)
        thread.start()
        until = time.monotonic() + 30
        while not seen and thread.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        for turn in range(3):
            policy.write_text(policy.read_text() + f"# {turn}\n")
            assert store.refresh(settled=False)
            digests.add(store.loaded.bundle.digest)
        stop.set()
        thread.join()
    assert seen
    assert set(seen) <= digests


# --- metrics and description


def test_metrics_count_and_hold_no_value(client: Client) -> None:
    one = client()
    ask(one, {**SHOP_DATA, "product": {"id": "secret-name", "launch": "2027-01-31"}})
    ask(one, {"secret-name": 1})
    one.get("/secret-name")
    answer = one.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert "secret-name" not in answer.text
    values = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert values["vatspolicy_decisions_total", "allow"] == 1
    assert values["vatspolicy_requests_total", "400", "data"] == 1
    assert values["vatspolicy_requests_total", "404", "none"] == 1
    assert values["vatspolicy_refused_total", "resource_not_found"] == 1
    assert values["vatspolicy_decision_seconds_count",] == 1
    assert values["vatspolicy_bundle_reloads_total", "ok"] == 0


def test_metrics_have_the_same_names_and_labels_as_ever(client: Client) -> None:
    one = client()
    ask(one, SHOP_DATA)
    one.get("/nowhere")
    families = text_string_to_metric_families(one.get("/metrics").text)
    labels = {sample.name: frozenset(sample.labels) for family in families for sample in family.samples}
    assert labels == {
        "vatspolicy_requests_total": {"route", "code"},
        "vatspolicy_decisions_total": {"decision"},
        "vatspolicy_refused_total": {"code"},
        "vatspolicy_decision_seconds_bucket": {"le"},
        "vatspolicy_decision_seconds_sum": set(),
        "vatspolicy_decision_seconds_count": set(),
        "vatspolicy_decisions_pending": set(),
        "vatspolicy_bundle_info": {"version", "digest"},
        "vatspolicy_bundle_current": set(),
        "vatspolicy_bundle_reloads_total": {"result"},
    }


def test_two_applications_count_apart(client: Client) -> None:
    one, other = client(), client()
    ask(one, SHOP_DATA)
    assert "vatspolicy_decision_seconds_count 1" in one.get("/metrics").text
    assert "vatspolicy_decision_seconds_count 0" in other.get("/metrics").text


def test_metrics_are_read_by_prometheus(client: Client) -> None:
    one = client()
    ask(one, SHOP_DATA)
    found = {family.name: family for family in text_string_to_metric_families(one.get("/metrics").text)}
    assert found["vatspolicy_decision_seconds"].type == "histogram"
    buckets = [
        sample.value for sample in found["vatspolicy_decision_seconds"].samples if sample.name.endswith("_bucket")
    ]
    assert buckets == sorted(buckets)
    assert buckets[-1] == 1


def test_the_description_refers_to_nothing_outside_itself(client: Client) -> None:
    text = client().get("/openapi.json").text
    data = json.loads(text)
    assert (
        data["components"]["schemas"]["profile"]["properties"].keys()
        == SchemaSet.shipped().load("profile")["properties"].keys()
    )

    def walk(node: Any) -> Iterator[str]:
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for child in node.values():
                yield from walk(child)
        elif isinstance(node, list):
            for child in node:
                yield from walk(child)

    refs = list(walk(data))
    assert refs
    for ref in refs:
        target = data
        for step in ref.removeprefix("#/").split("/"):
            target = target[step]


# --- the address and the token


def test_another_machine_needs_a_token(console: Console, law: Path) -> None:
    with pytest.raises(ServeError, match="needs a token"):
        listen("0.0.0.0", 0, None)
    listen("0.0.0.0", 0, TOKEN).close()
    listen("127.0.0.1", 0, None).close()
    ran = console("serve", "--api", "--host", "0.0.0.0", "--law", law)
    assert (ran.code, ran.out, "needs a token" in ran.err) == (2, "", True)


def test_an_address_that_is_none() -> None:
    with pytest.raises(ServeError, match="cannot listen"):
        listen("not an address", 0, TOKEN)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("", False),
        ("localhost.evil.example", False),
        ("127.1.evil", False),
    ],
)
def test_what_is_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_token_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert read_token(None) is None
    assert read_token(file) == TOKEN
    monkeypatch.setenv("VATSPOLICY_TOKEN", "another-token-of-some-length")
    assert read_token(None) == "another-token-of-some-length"
    assert read_token(file) == TOKEN


@pytest.mark.parametrize(
    "text", ["", " \n", "short", "two words that are long enough", "密码密码密码密码密码密码密码密码"]
)
def test_a_token_that_is_none_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text)
    with pytest.raises(ServeError, match="a token must be one word"):
        read_token(file)
    with pytest.raises(ServeError, match="cannot be read"):
        read_token(tmp_path / "nowhere")
