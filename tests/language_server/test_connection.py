"""Every request gets an answer, and no message ends the server."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="needs the extra `lsp`")

from tests.support.editor import PATIENCE, Editor
from tests.support.effort import SEED, trials

PARSE, REQUEST, METHOD, PARAMS, BEFORE = -32700, -32600, -32601, -32602, -32002
"""Codes of JSON-RPC and of the protocol."""
PLACED = ("hover", "completion", "definition", "references", "prepareRename", "rename")
METHODS = tuple(f"textDocument/{name}" for name in (*PLACED, "codeAction", "codeLens", "documentSymbol", "formatting"))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Editor]:
    editor = Editor(tmp_path_factory.mktemp("project"))
    editor.begin()
    yield editor
    assert editor.end() == 0, editor.log.read_text()


def answer(editor: Editor, message: Any) -> dict[str, Any]:
    """The answer to a message that a client wrote itself."""
    editor.write(message if isinstance(message, bytes) else json.dumps(message).encode())
    while True:
        found = editor.inbox.get(timeout=PATIENCE)
        assert found is not None, editor.log.read_text()
        if "method" not in found:
            return found


def request(method: Any, params: Any, id: Any = 7) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


@pytest.mark.parametrize("params", [
    None, [], {}, "x", 3, {"textDocument": None}, {"textDocument": {"uri": "file:///x.yaml"}, "position": None},
    {"textDocument": {"uri": "file:///x.yaml"}, "position": {"line": "first", "character": 0}},
    {"textDocument": {}, "position": {"line": 0, "character": 0}},
], ids=str)  # fmt: skip
@pytest.mark.parametrize("method", PLACED)
def test_parameters_of_another_form_are_invalid(running: Editor, method: str, params: Any) -> None:
    found = answer(running, request(f"textDocument/{method}", params))
    assert (found["id"], found["error"]["code"]) == (7, PARAMS)


@pytest.mark.parametrize(("message", "id", "code"), [
    (b"{not json", None, PARSE),
    (b"\xff\xfe", None, PARSE),
    (b"[" * 200_000, None, PARSE),
    ([request("textDocument/hover", {})], None, REQUEST),
    (7, None, REQUEST),
    ({"id": 4, "method": "textDocument/hover"}, 4, REQUEST),
    ({"jsonrpc": "1.0", "id": 4, "method": "textDocument/hover"}, 4, REQUEST),
    (request("textDocument/hover", {}, id={}), None, REQUEST),
    (request("textDocument/hover", {}, id=None), None, REQUEST),
    (request("textDocument/none", {}), 7, METHOD),
    (request("initialize", {"processId": None, "rootUri": None, "capabilities": {}}), 7, REQUEST),
    (request("workspace/executeCommand", {"command": "none"}), 7, PARAMS),
    (request("workspace/executeCommand", {"command": "vatspolicy.runCase", "arguments": [{}]}), 7, PARAMS),
    (request(7, {}), 7, REQUEST),
], ids=lambda value: repr(value)[:40])  # fmt: skip
def test_what_is_no_request_is_answered_by_an_error(running: Editor, message: Any, id: Any, code: int) -> None:
    found = answer(running, message)
    assert (found["id"], found["error"]["code"]) == (id, code)


def test_an_object_of_a_message_that_looks_like_a_message_is_none(running: Editor) -> None:
    inner = request("shutdown", None, id=8)
    place = {"textDocument": {"uri": "file:///none.yaml"}, "position": {"line": 0, "character": 0}, "more": inner}
    assert answer(running, request("textDocument/hover", place)) == {"id": 7, "jsonrpc": "2.0", "result": None}
    assert "result" in answer(running, request("textDocument/hover", place))


def test_a_request_before_the_beginning_and_after_the_end_is_refused(tmp_path: Path) -> None:
    editor = Editor(tmp_path)
    try:
        assert answer(editor, request("textDocument/hover", {}))["error"]["code"] == BEFORE
        editor.begin()
        assert editor.request("shutdown", None) is None
        assert answer(editor, request("textDocument/hover", {}))["error"]["code"] == REQUEST
        editor.send("exit", None)
        assert editor.process.wait(PATIENCE) == 0
    finally:
        editor.process.kill()
        editor.process.wait()
        editor.end()


def test_any_message_is_answered(running: Editor) -> None:
    """Requests with parameters put together at random: each has its answer."""
    draw = random.Random(SEED)
    uris = [(running.folder / name).as_uri() for name in ("a.yaml", "b.test.yaml")] + ["", "x", "file://", "untitled:1"]

    def value(depth: int) -> Any:
        kinds = ["none", "number", "text", "list"] + ["place"] * 3 * (depth < 3)
        match draw.choice(kinds):
            case "number":
                return draw.choice([0, -1, 1.5, 2**40, True])
            case "text":
                return draw.choice([*uris, "甲", "\ud800"])
            case "list":
                return [value(depth + 1) for _ in range(draw.randrange(3))] if depth < 3 else []
            case "place":
                keys = (
                    "textDocument",
                    "position",
                    "uri",
                    "line",
                    "character",
                    "range",
                    "start",
                    "end",
                    "context",
                    "newName",
                )
                return {key: value(depth + 1) for key in draw.sample(keys, 4)}
        return None

    for number in range(trials(1000)):
        found = answer(running, request(draw.choice(METHODS), value(0), id=1000 + number))
        assert found["id"] == 1000 + number
        assert "result" in found or found["error"]["code"] == PARAMS, found
