"""The API as a process: OPA's own Python client, signals, a token, and every request that its description allows."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.api_server import Server, Start, start
from tests.support.console import needs_posix
from tests.support.effort import LONG
from tests.support.specs import HOSTING, SHOP, TODAY

pytest.importorskip("uvicorn", reason="needs the extra `serve`")
httpx = pytest.importorskip("httpx", reason="needs the extra `test`")

from vatspolicy.server.api.bundle_store import open_store  # noqa: E402
from vatspolicy.server.api.router import ApiSettings, make_api  # noqa: E402

__all__ = ["start"]
pytestmark = needs_posix
SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
PLACE = "v1/data/vatspolicy/decision"
TOKEN = "correct-horse-battery-staple"
WAIT = 60
"""Seconds for an answer, which a busy machine takes."""


@contextlib.contextmanager
def client_of(opa: Any, server: Server, **options: Any) -> Iterator[Any]:
    client = opa.create_opa_client(host="127.0.0.1", port=server.port, timeout=WAIT, **options)
    yield client
    client.close_connection()


def test_the_client_of_opa(start: Start) -> None:
    """Everything of opa-python-client that does not change a server."""
    opa = pytest.importorskip("opa_client", reason="needs the extra `test`")
    errors, requests = pytest.importorskip("opa_client.errors"), pytest.importorskip("requests")
    server = start()
    with client_of(opa, server) as client:
        assert client.check_connection()
        assert client.check_health()
        assert "vats-pilot-2024" in client.get_policies_list()
        assert "vatspolicy_requests_total" in str(client.get_metrics())
        decided = client.query_rule(input_data=HOSTING_DATA, package_path="vatspolicy", rule_name="decision")
        assert decided["result"]["decision"] == "needs-license"
        word = client.query_rule(input_data=SHOP_DATA, package_path="vatspolicy.decision", rule_name="decision")
        assert word["result"] == "allow"
        assert client.query_rule(input_data=SHOP_DATA, package_path="vatspolicy", rule_name="nothing") == {}
        assert client.get_data("vatspolicy/bundle")["result"]["covers_from"] == "2015-01-01"
        assert client.get_config()["result"]["default_decision"] == "/vatspolicy/decision"
        state = client.get_status()["result"]["bundles"]["vatspolicy"]
        assert (state["state"], state["covers_from"]) == ("current", "2015-01-01")
        for path in ("compile", "query"):
            honest = requests.post(f"{server.base}/v1/{path}", json={"query": "data.a == 1"}, timeout=WAIT)
            assert (honest.status_code, honest.json()["code"]) == (404, "resource_not_found")
            assert "/range" in honest.json()["message"]
        with pytest.raises(requests.HTTPError) as refused:
            client.query_rule(input_data={"company": 1}, package_path="vatspolicy", rule_name="decision")
        assert refused.value.response.json()["code"] == "invalid_parameter"
        with pytest.raises(errors.RegoParseError):
            client.update_policy_from_string("package a", "a")
    assert server.end() == (0, "vatspolicy: stopped.\n")


def test_the_client_of_opa_brings_a_token(start: Start, tmp_path: Path) -> None:
    opa = pytest.importorskip("opa_client", reason="needs the extra `test`")
    (tmp_path / "token").write_text(TOKEN)
    server = start("--token-file", str(tmp_path / "token"))
    with client_of(opa, server, token=TOKEN) as client:
        assert client.query_rule(input_data=SHOP_DATA, package_path="vatspolicy", rule_name="decision")["result"]
    assert httpx.post(f"{server.base}/{PLACE}", json={"input": SHOP_DATA}, timeout=WAIT).status_code == 401
    assert httpx.get(f"{server.base}/health", timeout=WAIT).status_code == 200
    code, told = server.end()
    assert (code, TOKEN in told) == (0, False)


def test_a_signed_bundle_is_verified_before_each_use(law: Path, tmp_path: Path) -> None:
    pytest.importorskip("cryptography", reason="needs the extra `sign`")
    from vatspolicy.bundles.bundle_file import build_bundle_file, pack
    from vatspolicy.bundles.keys import generate_keys, read_key
    from vatspolicy.bundles.signature import sign

    private, public = generate_keys()
    (tmp_path / "key").write_text(private)
    (tmp_path / "key.pub").write_text(public)
    key = read_key(tmp_path / "key", private=True)
    file = tmp_path / "bundle.tar.gz"

    def release(number: int, signed: bool = True) -> None:
        built = build_bundle_file(law, number)
        made = sign(built, key) if signed else built
        temporary = tmp_path / "next"
        temporary.write_bytes(pack(made.files))
        temporary.replace(file)

    def open_it() -> Any:
        return open_store(None, file, tmp_path / "key.pub")

    release(5)
    store = open_it()
    assert store.loaded.number == 5
    release(6)
    assert store.refresh(settled=False)
    for spoil in (
        lambda: release(7, signed=False),
        lambda: release(4),
        lambda: file.write_bytes(file.read_bytes()[:-700]),
        file.unlink,
    ):
        spoil()
        assert not store.refresh(settled=False)
        assert (store.loaded.number, store.current) == (6, False)
    release(8)
    assert store.refresh(settled=False)
    assert (store.loaded.number, store.current) == (8, True)


def test_only_this_machine_is_listened_to(server_of_module: Server) -> None:
    table = Path("/proc/net/tcp")
    if table.exists():
        port = f":{server_of_module.port:04X}"
        listening = [line.split()[1] for line in table.read_text().splitlines()[1:] if line.split()[3] == "0A"]
        assert [address for address in listening if address.endswith(port)] == [f"0100007F{port}"]


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/data HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/data HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: localhost\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"A: b\r\n" * 400_000 + b"\r\n",
        bytes(range(256)) * 40,
    ],
    ids=["nothing", "tls", "version", "length", "smuggling", "two-hosts", "long-path", "many-headers", "noise"],
)
def test_bytes_that_are_no_request(server_of_module: Server, raw: bytes) -> None:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server_of_module.port)) as connection:
        connection.settimeout(10)
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(100)
        assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
    assert httpx.get(f"{server_of_module.base}/health", timeout=WAIT).status_code == 200


@pytest.fixture(scope="module")
def server_of_module(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server("--api", "--law", str(law), folder=tmp_path_factory.mktemp("server"))
    yield server
    assert server.end() == (0, "vatspolicy: stopped.\n")  # no traceback in all of it


BEYOND = re.compile(r"as_of .*|The response exceeds .*|The input cannot be decided: .*")
"""Refusals of requests that the description allows: the days of the bundle, and facts that contradict one another."""


def test_every_request_of_the_description(law: Path) -> None:
    """Requests that the OpenAPI document allows and forbids, by schemathesis; answers must be those it describes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        schemathesis = pytest.importorskip("schemathesis", reason="needs the extra `test`")
        from hypothesis import HealthCheck, given, settings
        from schemathesis.checks import CHECKS

        store = open_store(law)
        app = make_api(store, ApiSettings(loopback=False, today=lambda: TODAY))
        described = schemathesis.openapi.from_asgi("/openapi.json", app)
        examples = int(os.environ.get("VATSPOLICY_EXAMPLES", "12" if LONG else "5"))
        asked: dict[str, int] = {}
        excluded = [check for check in CHECKS.get_all() if check.__name__ == "positive_data_acceptance"]

        for result in described.get_all_operations():
            operation = result.ok()

            @settings(
                max_examples=examples,
                deadline=None,
                derandomize=True,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy())
            def every(case: Any) -> None:
                asked[case.operation.path] = asked.get(case.operation.path, 0) + 1
                answer = case.call_and_validate(excluded_checks=excluded)
                if case.meta.generation.mode.is_positive and answer.status_code == 400:
                    assert BEYOND.fullmatch(answer.json()["message"])

            every()
    assert set(asked) == set(described.raw_schema["paths"])
