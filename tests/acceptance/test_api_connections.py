"""Connections of the API have bounds: slow heads, idle clients and slow readers are dropped, two lengths are refused."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.api_server import Server
from tests.support.console import needs_posix

pytest.importorskip("uvicorn", reason="needs the extra `serve`")
httpx = pytest.importorskip("httpx", reason="needs the extra `test`")

pytestmark = needs_posix
PLACE = "v1/data/vatspolicy/decision"
SECONDS = 1.5
LARGE = {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": f"s{index}"} for index in range(32)]}
"""A question with a large answer."""
ENOUGH = 2**23
"""Bytes that no pair of buffers of sockets holds."""


@pytest.fixture(scope="module")
def server(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    made = Server("--api", "--law", str(law), "--workers", "1", "--timeout", str(SECONDS), folder=folder)
    yield made
    assert made.end() == (0, "vatspolicy: stopped.\n")


def seconds_until_closed(connection: socket.socket, trickle: bytes = b"") -> float:
    """The time until the server ends a connection, which sends a byte now and then."""
    begun = time.monotonic()
    connection.settimeout(0.2)
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - begun < 20:
            with contextlib.suppress(TimeoutError):
                if connection.recv(65536) == b"":
                    break
            if trickle:
                connection.sendall(trickle)
    return time.monotonic() - begun


@pytest.mark.parametrize("begun", [b"", b"POST /v1/data HTTP/1.1\r\nHost: localhost\r\nX-A: "])
def test_a_slow_head_is_dropped(server: Server, begun: bytes) -> None:
    """Bytes that come now and then do not prolong the time."""
    with server.connect() as connection:
        connection.sendall(begun)
        assert SECONDS * 0.8 < seconds_until_closed(connection, b"a" if begun else b"") < SECONDS + 8


def test_the_second_head_of_a_connection_has_no_more_time(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /hea")
        assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        connection.sendall(b"l")  # the time begins once the first request is answered
        assert seconds_until_closed(connection, b"a") < SECONDS + 8


def test_a_connection_serves_many_requests(server: Server) -> None:
    with server.connect() as connection:
        for _ in range(3):
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            received = b""
            while not received.endswith(b"{}"):
                received += connection.recv(1000)
            assert received.startswith(b"HTTP/1.1 200")
            time.sleep(SECONDS * 0.7)  # idle for longer, in all, than a head may take


def test_a_slow_reader_is_dropped_and_its_answer_with_it(server: Server) -> None:
    body = json.dumps({"input": LARGE}).encode()
    head = f"POST /{PLACE}?detail=full HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    whole = len(httpx.post(f"{server.base}/{PLACE}?detail=full", json={"input": LARGE}, timeout=30).content)
    times = ENOUGH // whole + 1
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", server.port))
        with contextlib.suppress(ConnectionError):  # of a server that drops it already
            connection.sendall((head + body) * times)
        time.sleep(SECONDS + 6)
        connection.settimeout(20)
        received = 0
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(1 << 20):
                received += len(chunk)
    assert received < times * whole


@pytest.mark.parametrize("fill", [0, 400])
def test_many_slow_heads_leave_room_for_others(server: Server, fill: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(fill):
            stack.enter_context(server.connect()).sendall(b"GET /health HTT")
        time.sleep(SECONDS + 1)
        assert httpx.get(f"{server.base}/health", timeout=30).status_code == 200


@pytest.mark.parametrize("order", [False, True])
def test_a_request_with_two_lengths_is_refused_and_the_connection_ends(server: Server, order: bool) -> None:
    lengths = ["Content-Length: 5", "Transfer-Encoding: chunked"][:: -1 if order else 1]
    head = "\r\n".join([f"POST /{PLACE} HTTP/1.1", "Host: localhost", *lengths, "", ""]).encode()
    with server.connect() as connection:
        connection.sendall(head + b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
    assert received.startswith(b"HTTP/1.1 400")
    assert received.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("rest", [b"", b"X-B: " + b"b" * 20_000 + b"\r\n\r\n"])
def test_a_large_head_is_refused(server: Server, rest: bytes) -> None:
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 20_000 + b"\r\n")
        connection.sendall(rest or b"X-B: " + b"b" * 20_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_two_hosts_are_refused(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: example.org\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "target", ["http://example.org/health", "http://localhost/health", "//", "*", "example.org:80"]
)
def test_a_target_that_names_a_host_is_refused(server: Server, target: str) -> None:
    """The host of the target would be the one that is asked, whatever the Host header says."""
    for method in ("GET", "OPTIONS", "CONNECT"):
        with server.connect() as connection:
            connection.sendall(f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            assert connection.recv(100).startswith(b"HTTP/1.1 4")


def test_a_response_comes_in_one_piece_and_a_head_alone_has_no_body(server: Server) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100_000).endswith(b"\r\n\r\n{}")
        connection.sendall(b"HEAD /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100_000).endswith(b"\r\n\r\n")


def test_a_head_without_an_end_is_refused(server: Server) -> None:
    with server.connect() as connection, contextlib.suppress(ConnectionError):
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-A: " + b"a" * 40_000)
        assert connection.recv(100).startswith(b"HTTP/1.1 4")


BODY = json.dumps({"input": LARGE}).encode()
HALF = f"POST /{PLACE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY[:20]


@pytest.fixture(scope="module")
def patient(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that does not end connections for their age."""
    made = Server("--api", "--law", str(law), "--workers", "1", folder=tmp_path_factory.mktemp("patient"))
    yield made
    assert made.end() == (0, "vatspolicy: stopped.\n")


@pytest.mark.parametrize("begun", [b"", b"GET /health HTT"], ids=["nothing", "half-a-head"])
def test_idle_connections_starve_nobody(patient: Server, begun: bytes) -> None:
    """One more than there is room for closes the one that was idle for longest, and none with a request under way."""
    server = patient
    with contextlib.ExitStack() as stack:
        busy = stack.enter_context(server.connect())
        busy.sendall(HALF)
        idle = [stack.enter_context(server.connect()) for _ in range(600)]
        for one in idle:
            with contextlib.suppress(ConnectionError):
                one.sendall(begun)
        for _ in range(5):
            assert httpx.get(f"{server.base}/health", timeout=30).status_code == 200
        busy.sendall(BODY[20:])
        assert busy.recv(100).startswith(b"HTTP/1.1 200")
        with contextlib.suppress(ConnectionError):
            assert idle[0].recv(100) == b"", "the oldest one is closed"
        idle[-1].sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"[len(begun) :])
        assert idle[-1].recv(100).startswith(b"HTTP/1.1 200")


def test_a_flood_of_connections_starves_nobody(patient: Server) -> None:
    """They come faster than idle ones are closed, and others are answered in the midst of them."""
    done, told = threading.Event(), []

    def ask() -> None:
        while not done.is_set():
            with urllib.request.urlopen(f"{patient.base}/health", timeout=30) as answer:
                told.append(answer.status)
            done.wait(0.02)

    with ThreadPoolExecutor(1) as pool, contextlib.ExitStack() as stack:
        asking = pool.submit(ask)
        for _ in range(1500):
            stack.enter_context(patient.connect())
        done.set()
        asking.result(30)
    assert set(told) == {200}
    assert len(told) > 1
