"""A server whose first clients ask at once answers as one that is asked one by one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.api_server import PROGRAM, Server
from tests.support.console import needs_posix
from tests.support.effort import part
from tests.support.shipped import fixture_files
from vatspolicy.core.documents import load_document

pytest.importorskip("uvicorn", reason="needs the extra `serve`")
httpx = pytest.importorskip("httpx", reason="needs the extra `test`")

pytestmark = needs_posix
CLIENTS = 8
EAGER = f"import sys; sys.setswitchinterval(1e-6); {PROGRAM}"
"""The program, whose threads take turns as often as they can."""
API = ("--api", "--workers", "1", "--timeout", "120", "--pending", "1000")
WAIT = 120


def ask(server: Server, path: str, bodies: list[bytes], clients: int) -> list[bytes]:
    """The answers of a server to requests that so many clients make at once."""
    headers = {"Content-Type": "application/json"}
    with httpx.Client(base_url=server.base, trust_env=False, timeout=WAIT, headers=headers) as http:

        def post(body: bytes) -> bytes:
            answer = http.post(path, content=body)
            assert answer.status_code == 200, answer.text
            content: bytes = answer.content
            return content

        with ThreadPoolExecutor(clients) as pool:
            return list(pool.map(post, bodies))


@contextlib.contextmanager
def serving(*options: str, folder: Path, program: str = PROGRAM) -> Iterator[Server]:
    folder.mkdir()
    server = Server("--allow-past-as-of", *options, folder=folder, program=program)
    try:
        yield server
    finally:
        code, log = server.end()
        assert code == 0, log


@pytest.mark.parametrize(
    ("options", "path"), [(("--no-open",), "/decide"), (API, "/v1/data/vatspolicy/decision?detail=full")]
)
def test_clients_that_ask_at_once_are_answered_as_one_client(
    tmp_path: Path, options: tuple[str, ...], path: str
) -> None:
    files = part(fixture_files(), 24)
    if path == "/decide":
        bodies = [json.dumps({"text": file.read_text(), "complete": True}).encode() for file in files]
    else:
        bodies = [json.dumps({"input": load_document(file).data}).encode() for file in files]
    with (
        serving(*options, folder=tmp_path / "one") as one,
        serving(*options, folder=tmp_path / "many", program=EAGER) as many,
    ):
        expected, found = ask(one, path, bodies, 1), ask(many, path, bodies, CLIENTS)
        assert len(set(expected)) == len(files)
        assert [file.stem for file, answer, right in zip(files, found, expected, strict=True) if answer != right] == []
        assert ask(many, path, bodies[:8], 1) == expected[:8]  # nor has anything stayed confused
