"""An editor: a client of the Language Server Protocol that shares no code with the server.

It writes and reads the messages itself. Every message of the server is checked against the types of the protocol.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import converters, types

CONVERTER = converters.get_converter()
PATIENCE = 60.0
"""Seconds in which an answer must come: other processes may take the machine."""
METHODS: dict[str, tuple[Any, ...]] = dict(types.METHOD_TO_TYPES)


def units(text: str) -> int:
    """Units of UTF-16, in which editors count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Editor:
    """An editor with one server."""

    def __init__(self, folder: Path, *options: str, **environment: str) -> None:
        self.folder = folder
        self.log = folder / "server.log"
        program = [sys.executable, "-c", "from vatspolicy.cli import main; main()"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*program, "lsp", *options],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=folder,
                env={**os.environ, "VATSPOLICY_DEBUG": "1", **environment},
            )
        self.inbox: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self.texts: dict[Path, str] = {}
        self.versions: dict[Path, int] = {}
        self.diagnostics: dict[str, list[dict[str, Any]]] = {}
        self.messages: list[dict[str, Any]] = []
        """Notifications and requests of the server that are not diagnostics."""
        self.count = 0
        self.asked: dict[int, str] = {}
        threading.Thread(target=self._read, daemon=True).start()

    # --- messages

    def send(self, method: str, params: Any, id: int | None = None) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.write(json.dumps(message if id is None else {**message, "id": id}).encode())

    def write(self, body: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        self.process.stdin.flush()

    def _read(self) -> None:
        stream = self.process.stdout
        assert stream is not None
        while True:
            length = 0
            while (line := stream.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode("ascii").partition(":")
                if name.lower() == "content-length":
                    length = int(value)
            if not length:
                self.inbox.put(None)
                return
            self.inbox.put(json.loads(stream.read(length)))

    def _next(self, until: float) -> dict[str, Any]:
        message = self.inbox.get(timeout=max(0.01, until - time.monotonic()))
        assert message is not None, f"the server has ended: {self.log.read_text()}"
        if "method" in message:
            CONVERTER.structure(message, METHODS[message["method"]][0])
            if message["method"] == types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS:
                self.diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            else:
                self.messages.append(message)
            if "id" in message:
                self.write(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": None}).encode())
        return message

    def request(self, method: str, params: Any) -> Any:
        """The result of a request, or its error."""
        self.count += 1
        own = self.count
        self.send(method, params, own)
        until = time.monotonic() + PATIENCE
        while True:
            message = self._next(until)
            if message.get("id") == own and "method" not in message:
                if "error" in message:
                    return {"error": message["error"]}
                CONVERTER.structure(message, METHODS[method][1])
                return message["result"]

    def wait_for(self, what: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Read messages until something is so."""
        until = time.monotonic() + seconds
        while not what():
            self._next(until)

    # --- what an editor does

    def begin(self, **capabilities: Any) -> dict[str, Any]:
        params = {
            "processId": os.getpid(),
            "rootUri": self.folder.as_uri(),
            "capabilities": {
                "textDocument": {"rename": {"prepareSupport": True}, "publishDiagnostics": {}},
                "workspace": {
                    "codeLens": {"refreshSupport": True},
                    "didChangeWatchedFiles": {"dynamicRegistration": True},
                },
                **capabilities,
            },
        }
        found: dict[str, Any] = self.request("initialize", params)
        self.send("initialized", {})
        return found

    def end(self) -> int:
        if self.process.poll() is None:
            self.request("shutdown", None)
            self.send("exit", None)
        code = self.process.wait(30)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()
        return code

    def open(self, path: Path, text: str | None = None) -> None:
        self.texts[path] = path.read_text(encoding="utf-8") if text is None else text
        self.versions[path] = 1
        document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": self.texts[path]}
        self.send("textDocument/didOpen", {"textDocument": document})

    def change(self, path: Path, text: str) -> None:
        self.texts[path] = text
        self.versions[path] += 1
        document = {"uri": path.as_uri(), "version": self.versions[path]}
        self.send("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})

    def replace(self, path: Path, old: str, new: str) -> None:
        assert self.texts[path].count(old) == 1, (old, self.texts[path].count(old))
        self.change(path, self.texts[path].replace(old, new))

    def place(self, path: Path, mark: str, nth: int = 0) -> dict[str, Any]:
        """The place of `|` in a piece of the text, which is told by what is around it."""
        before, _, behind = mark.partition("|")
        start = -1
        for _ in range(nth + 1):
            start = self.texts[path].index(before + behind, start + 1)
        index = start + len(before)
        line = self.texts[path].count("\n", 0, index)
        column = units(self.texts[path][self.texts[path].rfind("\n", 0, index) + 1 : index])
        return {"line": line, "character": column}

    def at(self, path: Path, mark: str, **more: Any) -> dict[str, Any]:
        return {"textDocument": {"uri": path.as_uri()}, "position": self.place(path, mark), **more}

    def ask(self, what: str, path: Path, mark: str, **more: Any) -> Any:
        return self.request(f"textDocument/{what}", self.at(path, mark, **more))

    def findings(self, path: Path) -> list[dict[str, Any]]:
        return self.diagnostics.get(path.as_uri(), [])

    def covered(self, path: Path, place: dict[str, Any]) -> str:
        """The text at a range of a file, which lies in one line."""
        text = self.texts.get(path) or path.read_text(encoding="utf-8")
        start, end = place["start"], place["end"]
        assert start["line"] == end["line"]
        line = text.split("\n")[start["line"]].encode("utf-16-le")
        return str(line[2 * start["character"] : 2 * end["character"]], "utf-16-le")

    def labels(self, path: Path, mark: str) -> list[str]:
        """The labels that are proposed at a place, in the order in which an editor shows them."""
        items = self.ask("completion", path, mark)["items"]
        return [item["label"] for item in sorted(items, key=lambda item: item["sortText"])]


def edited(editor: Editor, path: Path, edits: list[dict[str, Any]]) -> str:
    """The text of a file after edits."""
    text = editor.texts.get(path) or path.read_text(encoding="utf-8")
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda one: (one["range"]["start"]["line"], one["range"]["start"]["character"]))[
        ::-1
    ]:
        start, end = edit["range"]["start"], edit["range"]["end"]
        assert start["line"] == end["line"]
        line = lines[start["line"]].encode("utf-16-le")
        new = edit["newText"].encode("utf-16-le")
        lines[start["line"]] = (line[: 2 * start["character"]] + new + line[2 * end["character"] :]).decode("utf-16-le")
    return "\n".join(lines)
