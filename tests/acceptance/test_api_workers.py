"""The API on several processes: each takes a newer law, none takes a broken one, and none is missed for long."""

from __future__ import annotations

import http.client
import json
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.api_server import Server, Start, start
from tests.support.console import needs_posix
from tests.support.specs import HOSTING, SHOP

pytest.importorskip("uvicorn", reason="needs the extra `serve`")
httpx = pytest.importorskip("httpx", reason="needs the extra `test`")

__all__ = ["start"]
pytestmark = needs_posix
SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
PLACE = "v1/data/vatspolicy/decision"


def decide(server: Server, profile: Any = SHOP_DATA) -> dict[str, Any]:
    answer = httpx.post(f"{server.base}/{PLACE}", json={"input": profile}, timeout=30)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def state(server: Server) -> Any:
    return httpx.get(f"{server.base}/health?bundles", timeout=30).json()["bundles"]["vatspolicy"]


def metric(server: Server, name: str) -> float:
    lines = httpx.get(f"{server.base}/metrics", timeout=30).text.splitlines()
    return float(next(line.split()[-1] for line in lines if line.startswith(name)))


def test_workers_share_the_work_and_one_that_is_killed_is_replaced_and_its_count_stays(start: Start) -> None:
    server = start("--workers", "2")
    server.wait_for(lambda: len(server.workers()) == 2)
    with ThreadPoolExecutor(8) as pool:
        words = list(pool.map(lambda _: decide(server)["result"]["decision"], range(60)))
    assert set(words) == {"allow"}
    assert metric(server, "vatspolicy_decisions_total") == 60
    assert metric(server, "vatspolicy_decision_seconds_count") == 60
    used = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in server.workers()]
    assert all(int(fields[11]) + int(fields[12]) > 0 for fields in used)  # each has decided something
    before = server.workers()
    os.kill(before[0], signal.SIGKILL)
    server.wait_for(lambda: len(server.workers()) == 2 and before[0] not in server.workers())
    assert before[1] in server.workers()
    assert [decide(server)["result"]["decision"] for _ in range(6)] == ["allow"] * 6
    assert metric(server, "vatspolicy_decisions_total") == 66
    assert server.end()[0] == 0


def test_a_worker_that_is_killed_before_it_answers_its_supervisor_is_replaced_at_once(start: Start) -> None:
    server = start("--workers", "2")
    server.wait_for(lambda: len(server.workers()) == 2)
    first = server.workers()[0]
    os.kill(first, signal.SIGSTOP)
    time.sleep(1.2)  # the supervisor asks twice a second
    os.kill(first, signal.SIGKILL)
    server.wait_for(lambda: len(server.workers()) == 2 and first not in server.workers())
    assert decide(server)["result"]["decision"] == "allow"
    assert server.end()[0] == 0


def digests(server: Server) -> set[str]:
    """The laws that decide, over enough requests for every worker."""
    return {decide(server)["result"]["bundle"]["digest"] for _ in range(12)}


def test_each_worker_takes_another_bundle_and_none_takes_a_broken_one(start: Start, copy_of_law: Path) -> None:
    server = start("--workers", "2", "--reload", "0.2", policies=copy_of_law)
    first = digests(server)
    policy = copy_of_law / "vats-pilot-2024.yaml"
    policy.write_text(policy.read_text() + "# a remark\n")
    server.wait_for(lambda: not first & digests(server))
    second, workers = digests(server), server.workers()
    assert (len(second), len(workers)) == (1, 2)
    policy.write_text("nonsense: [")
    server.wait_for(lambda: state(server)["state"] == "last-good")
    assert metric(server, "vatspolicy_bundle_current") in (0, 1)  # of the worker that answers
    assert digests(server) == second
    server.process.send_signal(signal.SIGHUP)  # a worker that does not start leaves the others as they are
    server.wait_for(lambda: "keeping worker" in server.log.read_text())
    assert (digests(server), server.workers()) == (second, workers)
    assert server.end()[0] == 0


def test_a_client_that_keeps_its_connection_misses_no_answer_when_workers_change(
    start: Start, copy_of_law: Path
) -> None:
    """The old worker answers the request that comes while it ends, and states that it was the connection's last."""
    server = start("--workers", "2", "--reload", "3600", policies=copy_of_law)
    policy = copy_of_law / "vats-pilot-2024.yaml"
    text, done = policy.read_text(), threading.Event()
    server.wait_for(lambda: len(server.workers()) == 2)

    def ask() -> tuple[int, int]:
        """Ask on one connection, and on another one only when an answer said so; count answers and connections."""
        connection, answers, used = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30), 0, 1
        while not done.is_set():
            connection.request("GET", "/health")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"{}")
            answers += 1
            time.sleep(0.002)
            if answer.will_close:
                connection.close()
                used += 1
        connection.close()
        return answers, used

    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ask) for _ in range(3)]
        for number in range(2):
            old = set(server.workers())
            assert len(old) == 2
            policy.write_text(f"{text}# remark {number}\n")
            server.process.send_signal(signal.SIGHUP)
            server.wait_for(partial(lambda gone: gone.isdisjoint(server.workers()), old))
        done.set()
        told = [one.result() for one in asked]
    assert all(answers > 30 for answers, _ in told), told
    assert sum(used for _, used in told) > 3, "some connections were to a worker that ended"
    assert server.end()[0] == 0


def test_workers_do_not_outlive_their_supervisor(start: Start) -> None:
    server = start("--workers", "2")
    decide(server)
    server.wait_for(lambda: len(server.workers()) == 2)
    workers = server.workers()
    assert server.end(signal.SIGKILL)[0] == -signal.SIGKILL
    server.wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


@pytest.mark.parametrize(("workers", "number", "code"), [("1", signal.SIGINT, 130), ("2", signal.SIGTERM, 0)])
def test_what_is_under_way_ends_before_the_server(start: Start, workers: str, number: int, code: int) -> None:
    """A request that has begun is answered though a signal comes in between; one worker is the process itself."""
    server = start("--workers", workers)
    server.wait_for(lambda: len(server.workers()) == (2 if workers == "2" else 0))
    decide(server)
    body = json.dumps({"input": HOSTING_DATA}).encode()
    head = f"POST /{PLACE} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    with server.connect() as connection:
        connection.sendall(head.encode() + body[:40])
        time.sleep(0.3)
        server.process.send_signal(number)
        time.sleep(0.3)
        connection.sendall(body[40:])
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
    server.process.wait(30)  # a second signal would end it at once
    assert server.end() == (code, "vatspolicy: stopped.\n")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_connection_that_was_just_taken_is_answered_before_the_end(start: Start, workers: str) -> None:
    """Its request is on the way. A reload ends workers, too, and loses no request."""
    server = start("--workers", workers)
    decide(server)
    with server.connect() as connection, server.connect() as silent:
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200")
        assert workers == "2" or b"connection: close" in answer.lower()  # uvicorn tells workers half a second later
        silent.settimeout(10)
        assert silent.recv(1) == b"", "nobody waits for a client that says nothing"
    assert server.end()[0] == 0
