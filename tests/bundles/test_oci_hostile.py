"""A registry that means harm: what is tried ends in time, in little memory, with exit code 3, and writes nothing."""

from __future__ import annotations

import contextlib
import hashlib
import json
import socket
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.bundles.test_oci import project, pull, push, refused, registry
from tests.support.console import Console
from tests.support.oci_registry import Registry
from vatspolicy.bundles import oci_client

__all__ = ["project", "registry"]

MANY = 1_000_000


def endless(begin: bytes, part: bytes) -> Iterator[bytes]:
    yield begin
    while True:
        yield part


def chunk(part: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(part), part)


def whole(body: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    yield body


HEAD = b"HTTP/1.1 200 OK\r\n"
LAYERS = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","layers":[%s]}'
ANSWERS: dict[str, tuple[Callable[[], Iterator[bytes]], str]] = {
    "a body without end": (lambda: endless(HEAD + b"\r\n", b"x" * 65536), "more data than it announced"),
    "chunks without end": (
        lambda: endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", chunk(b"x" * 65536)),
        "more data than it announced",
    ),
    "an error without end": (lambda: endless(b"HTTP/1.1 500 x\r\n\r\n", b"x" * 65536), "more data than it announced"),
    "a header of 10 MB": (lambda: endless(HEAD + b"X: ", b"x" * 65536), "unreadable response"),
    "headers without end": (lambda: endless(HEAD, b"X: x\r\n" * 10_000), "unreadable response"),
    "a status line without end": (lambda: endless(b"HTTP/1.1 200 ", b"x" * 65536), "unreadable response"),
    "a chunk size without end": (
        lambda: endless(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1" * 65536),
        "unreadable response",
    ),
    "interim answers without end": (lambda: endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000), "takes longer"),
    "a length that is none": (lambda: iter([HEAD + b"Content-Length: -1\r\n\r\n"]), "not a vatspolicy bundle"),
    "a length of 2^80": (lambda: iter([HEAD + b"Content-Length: %d\r\n\r\n{}" % 2**80]), "not a vatspolicy bundle"),
    "a million layers": (lambda: whole(LAYERS % b",".join([b"{}"] * MANY)), "not a vatspolicy bundle"),
    "a million layers of some size": (
        lambda: whole(LAYERS % b",".join([b'{"size":1}'] * MANY)),
        "more data than it announced",
    ),
    "no HTTP": (lambda: iter([b"SSH-2.0-OpenSSH\r\n"]), "unreadable response"),
    "nothing": (lambda: iter([b""]), "unreadable response"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_means_harm_ends(project: Console, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    make, message = ANSWERS[name]
    monkeypatch.setattr(oci_client, "DEADLINE", 2 if message == "takes longer" else 8)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    for part in make():
                        connection.sendall(part)
                    connection.shutdown(socket.SHUT_WR)
                    connection.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        began = time.monotonic()
        tracemalloc.start()
        ran = project(
            "bundle",
            "pull",
            f"oci://127.0.0.1:{server.getsockname()[1]}/law/bundle:v7",
            *("--key", "release.pub", "-o", "pulled.tar.gz"),
        )
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (ran.code, ran.out, message in ran.err) == (3, "", True), ran.err
        assert time.monotonic() - began < 60
        assert peak < 200 * 2**20
        assert len(ran.err) < 1000
    assert not (project.folder / "pulled.tar.gz").exists()


@pytest.mark.parametrize("by", ["tag", "digest"])
def test_a_tag_that_moves_meanwhile(project: Console, registry: Registry, by: str) -> None:
    """The tag leads to another bundle once its manifest was read: what is pulled is of the first one, or nothing."""
    pinned = push(project, registry).out.strip()
    first = (project.folder / "bundle.tar.gz").read_bytes()
    assert project("bundle", "build", "--law", "policies", "--number", "8").code == 0
    assert project("bundle", "sign", "bundle.tar.gz", "--key", "release.pem").code == 0
    assert push(project, registry, "other").code == 0
    name = ":v7" if by == "tag" else f"@{pinned.rpartition('@')[2]}"
    seen = registry.seen = Moving(registry)
    assert pull(project, registry, name).code == 0
    assert seen.moved
    assert (project.folder / "pulled.tar.gz").read_bytes() == first
    (project.folder / "pulled.tar.gz").unlink()
    registry.seen = Moving(registry, blobs=True)
    registry.manifests["v7"] = registry.manifests[pinned.rpartition("@")[2]]
    assert "The bundle does not match its digest" in refused(project, registry, name)


class Moving(list[tuple[str, str, str | None]]):
    """Requests seen; with that for a blob, the tag is moved, or the blobs exchange their contents."""

    def __init__(self, registry: Registry, blobs: bool = False) -> None:
        super().__init__()
        self.registry, self.blobs, self.moved = registry, blobs, False

    def append(self, seen: tuple[str, str, str | None]) -> None:
        super().append(seen)
        if "/blobs/" in seen[1] and not self.moved:
            self.moved = True
            registry = self.registry
            registry.manifests["v7"] = registry.manifests["other"]
            if self.blobs:
                layers = {json.loads(one)["layers"][0]["digest"] for one in registry.manifests.values()}
                one, other = sorted(layers)
                registry.blobs[one], registry.blobs[other] = registry.blobs[other], registry.blobs[one]


@pytest.mark.parametrize("length", [1, 2, 6])
def test_redirects_that_lead_nowhere(project: Console, registry: Registry, length: int) -> None:
    push(project, registry)
    registry.blobs_at = f"http://{registry.host}/v2" + "/x" * length
    registry.seen.clear()
    assert "in a circle" in refused(project, registry)
    assert len(registry.seen) < 10


def test_digests_of_other_kinds_and_sizes(project: Console, registry: Registry) -> None:
    push(project, registry)
    data: dict[str, Any] = json.loads(registry.manifests["v7"])
    layer = data["layers"][0]
    content = registry.blobs[layer["digest"]]
    weak = [f"md5:{hashlib.md5(content, usedforsecurity=False).hexdigest()}", f"sha256:{'A' * 64}", "sha256:", 7, None]
    changes: list[dict[str, Any]] = [{"size": 0}, {"size": True}, {"size": "9"}, {"size": 1e3}]
    for change in (*({"digest": one} for one in weak), *changes):
        registry.manifests["v7"] = json.dumps({**data, "layers": [{**layer, **change}]}).encode()
        assert "not a vatspolicy bundle" in refused(project, registry)
    for size in (1, layer["size"] - 1):
        registry.manifests["v7"] = json.dumps({**data, "layers": [{**layer, "size": size}]}).encode()
        assert "more data than it announced" in refused(project, registry)
    registry.manifests["v7"] = json.dumps({**data, "layers": [{**layer, "size": layer["size"] + 1}]}).encode()
    assert "The bundle does not match its digest" in refused(project, registry)
