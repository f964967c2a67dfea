"""The language server: protocol messages, handling of any client input, and the schedule of file checks.

The server answers with a JSON-RPC error if parameters have another form, if a request comes before the connection is
opened or after it is closed, or if the text is not a message.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path as FilePath
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from vatspolicy import __version__
from vatspolicy.i18n import Language, _, translate
from vatspolicy.language_server import lenses
from vatspolicy.language_server.answers import Answers, file_of
from vatspolicy.language_server.editor_text import UTF_16
from vatspolicy.language_server.findings import EditorFinding
from vatspolicy.language_server.kinds import policy_file
from vatspolicy.language_server.project import Findings, Project, read_from_disk


class EditorConnection(LanguageServerProtocol):
    """The protocol of a server, with an answer to every request."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return an object of a message unchanged. The library calls this for each object, including nested objects."""
        return data

    def handle_message(self, message: Any) -> None:
        """Answer a request, or handle a notification."""
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            return self.refuse(message, JsonRpcInvalidRequest())
        method, is_request = message.get("method"), "method" in message and "id" in message
        if is_request and not (_is_id(message["id"]) and isinstance(method, str)):
            return self.refuse(message, JsonRpcInvalidRequest())
        if is_request and self._workspace is None and method != types.INITIALIZE:
            return self.refuse(message, JsonRpcServerNotInitialized())
        if is_request and (self._shutdown or (self._workspace is not None and method == types.INITIALIZE)):
            return self.refuse(message, JsonRpcInvalidRequest())
        try:
            structured = super().structure_message(message)
        except JsonRpcException as error:
            if is_request:
                return self.refuse(message, JsonRpcInvalidParams())
            raise error
        super().handle_message(structured)
        return None

    def refuse(self, message: Any, error: JsonRpcException) -> None:
        """Answer a message with an error, without an id if the message has none."""
        id = message.get("id") if isinstance(message, dict) else None
        refusal = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": id if _is_id(id) else None, "error": refusal})

    def refuse_text(self) -> None:
        """Answer a text that is not valid JSON."""
        self.refuse(None, JsonRpcParseError())


def _is_id(id: Any) -> bool:
    return isinstance(id, str | int) and not isinstance(id, bool)


# --- the language server: the messages of the protocol, and when files are looked at
#
# One thread looks at files, in the order in which it is asked, so that nothing else needs a lock. No input ends the
# server.


T = TypeVar("T")
PAUSE = 0.05
"""Seconds without a keystroke before a file is checked."""
REST = 0.6
"""Seconds between a check and its tests."""
LOADER, LINT, TESTS = "loader", "lint", "tests"
"""Sources of findings: each check replaces earlier findings of the same source in the same file."""


class PolicyServer(LanguageServer):
    """The server with the files that an editor has open."""

    def __init__(self, project: Project) -> None:
        sync = types.TextDocumentSyncKind.Full
        super().__init__("vatspolicy", __version__, text_document_sync_kind=sync, protocol_cls=EditorConnection)
        assert isinstance(self.protocol, EditorConnection)
        self.connection = self.protocol
        self.project = project
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="law")
        self.answers = Answers(project, self.findings_of)
        self.found: dict[tuple[str, str], Findings] = {}
        """Findings by the file that was examined and their source."""
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.looks: dict[str, int] = {}
        """Number of changes of each file, so that outdated checks end."""
        self._register()

    def _register(self) -> None:
        answers = self.answers
        features: dict[str, Callable[..., Any]] = {
            types.INITIALIZED: self.begin,
            types.TEXT_DOCUMENT_DID_OPEN: self.take,
            types.TEXT_DOCUMENT_DID_CHANGE: self.take,
            types.TEXT_DOCUMENT_DID_CLOSE: self.close,
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES: self.read_again,
            types.TEXT_DOCUMENT_HOVER: self.answer(answers.tell_meaning),
            types.TEXT_DOCUMENT_DEFINITION: self.answer(answers.define),
            types.TEXT_DOCUMENT_REFERENCES: self.answer(answers.refer),
            types.TEXT_DOCUMENT_PREPARE_RENAME: self.answer(answers.find_name),
            types.TEXT_DOCUMENT_RENAME: self.answer(answers.rename),
            types.TEXT_DOCUMENT_CODE_LENS: self.show_lenses,
            types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: self.answer(answers.show_parts),
            types.TEXT_DOCUMENT_FORMATTING: self.answer(answers.lay_out),
        }
        for name, function in features.items():  # the library writes attributes to a function
            self.feature(name)(partial(function))
        triggers = types.CompletionOptions(trigger_characters=[".", '"', " ", "["])
        self.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(self.answer(answers.propose))
        kinds = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
        self.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(self.answer(answers.fix))
        self.command(lenses.RUN_CASE)(partial(self.run_case))
        self.command(lenses.RUN_RULE)(partial(self.run_rule))

    # --- files

    def begin(self, _params: types.InitializedParams) -> None:
        """Set the encoding of places, and register for changes of files on disk."""
        encoding = self.server_capabilities.position_encoding
        self.project.encoding = str(getattr(encoding, "value", encoding) or UTF_16)
        workspace = self.client_capabilities.workspace
        edits = workspace and workspace.workspace_edit
        self.answers.with_versions = bool(edits and edits.document_changes)
        watched = workspace and workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            watchers = [types.FileSystemWatcher("**/*.yaml"), types.FileSystemWatcher("**/schemas/*.json")]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            self.client_register_capability(types.RegistrationParams([registration]))

    def take(self, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        """Store the text of an opened or changed file, and check it after a pause.

        A change that is older than one that has come is omitted: an editor may send them out of order (Helix does),
        and each holds the whole text.
        """
        uri = params.text_document.uri
        file, version = file_of(uri), params.text_document.version
        changed = isinstance(params, types.DidChangeTextDocumentParams)
        if changed and version < self.answers.newest.get(file, version):
            return
        content = self.workspace.get_text_document(uri).source
        self.answers.uris[file], self.answers.newest[file] = uri, version
        self.looks[file] = self.looks.get(file, 0) + 1
        self.worker.submit(self._take, file, content, version)
        self.look_later(file)

    def _take(self, file: str, content: str, version: int) -> None:
        self.project.texts[file], self.answers.versions[file] = content, version

    def close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget a file and its findings; the law uses the file on disk again."""
        file = file_of(params.text_document.uri)
        self.answers.newest.pop(file, None)
        self.looks.pop(file, None)
        self.worker.submit(self._drop, file)
        self.publish(file, {LOADER: {}, LINT: {}, TESTS: {}})

    def _drop(self, file: str) -> None:
        self.project.texts.pop(file, None)
        self.answers.versions.pop(file, None)
        self.project.forget()

    def read_again(self, params: types.DidChangeWatchedFilesParams) -> None:
        """Read the law again if files changed on disk that differ from the open texts."""
        files = [file_of(change.uri) for change in params.changes]
        texts = self.project.texts
        if any(file not in texts or read_from_disk(file) != texts[file] for file in files):
            self.worker.submit(self.project.forget)
            for file in [*self.looks]:
                self.look_later(file)

    # --- findings

    def look_later(self, file: str) -> None:
        """Check a file after a pause in typing."""
        if (timer := self.timers.pop(file, None)) is not None:
            timer.cancel()
        self.timers[file] = asyncio.get_running_loop().call_later(PAUSE, self._start_look, file)

    def _start_look(self, file: str) -> None:
        task = asyncio.ensure_future(self._look(file, self.looks.get(file, 0)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _look(self, file: str, look: int) -> None:
        """Publish findings of the loader, then of lint, then failing tests, and ask the editor to refresh lenses."""
        findings = await self.ask(lambda: self.project.check(file)) or {}
        if self.looks.get(file) != look:
            return
        for former, source in [*self.found]:
            if source == LOADER and former != file and any(self.found.get((former, source), {}).values()):
                again = await self.ask(partial(self.project.check, former)) or {}
                self.publish(former, {LOADER: again})
                if not any(again.values()) and former in self.looks:
                    self.look_later(former)  # it is valid now: lint and tests come next
        if any(findings.values()):
            self.publish(file, {LOADER: findings, LINT: {}})
            return
        self.publish(file, {LOADER: findings})
        linted = await self.ask(lambda: self.project.lint(file)) or {}
        if self.looks.get(file) != look:
            return
        self.publish(file, {LINT: linted})
        await asyncio.sleep(REST)
        if self.looks.get(file) != look:
            return
        self.publish(policy_file(file), {TESTS: await self.ask(lambda: lenses.find_failures(self.project, file)) or {}})
        lens = self.client_capabilities.workspace and self.client_capabilities.workspace.code_lens
        if lens and lens.refresh_support and self.looks.get(file) == look:
            self.workspace_code_lens_refresh(None)

    def publish(self, file: str, by_source: Mapping[str, Findings]) -> None:
        """Replace the findings of some sources in a file, and publish the changes."""
        changed: set[str] = set()
        for source, new in by_source.items():
            before = self.found.pop((file, source), {})
            if new:
                self.found[file, source] = new
            changed |= {*before, *new}
        for name in sorted(changed):
            self._show(name)

    def _show(self, file: str) -> None:
        text = self.project.text(file)
        diagnostics = [finding.diagnostic(text) for finding in self.findings_of(file)]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.answers.uri(file), diagnostics))

    def findings_of(self, file: str) -> list[EditorFinding]:
        """Return the findings in a file, each once."""
        findings = (finding for by_file in self.found.values() for finding in by_file.get(file, ()))
        return list(dict.fromkeys(findings))

    # --- answers

    def answer(self, find: Callable[[Any], T | None]) -> Callable[[Any], Awaitable[T | None]]:
        """Return a function that answers a request with the worker's result."""

        async def wait(params: Any) -> T | None:
            return await self.ask(partial(find, params))

        return wait

    async def ask(self, work: Callable[[], T]) -> T | None:
        """Return the worker's result; None after an unexpected error, which is reported to the editor."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.worker, work)
        except JsonRpcException:
            raise
        except Exception as error:  # the boundary: no input ends the server
            if os.environ.get("VATSPOLICY_DEBUG"):
                import traceback

                traceback.print_exc()
            name = type(error).__name__
            message = translate(
                _("internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.", name=name), self.project.lang
            )
            self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))
            return None

    # --- tests

    async def show_lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """Show the results of tests above rules and above tests."""
        uri = params.text_document.uri
        file = file_of(uri)

        def work() -> tuple[list[types.CodeLens], Findings]:
            return lenses.find_lenses(self.project, file, uri), lenses.find_failures(self.project, file)

        shown, failures = await self.ask(work) or ([], {})
        self.publish(policy_file(file), {TESTS: failures})
        return shown

    async def run_case(self, *arguments: Any) -> None:
        """Run one test, and report its result. Raises JsonRpcInvalidParams unless an address and a place are given."""
        match arguments:
            case (str(uri), [*path]) if all(isinstance(step, str | int) for step in path):
                file, steps = file_of(uri), tuple(path)
            case _:
                raise JsonRpcInvalidParams
        result = await self.ask(lambda: self.project.run_case(file, steps))
        if result is not None:
            self._tell(lenses.describe_result(result, self.project.lang), bool(result.problems))

    async def run_rule(self, *arguments: Any) -> None:
        """Run the tests of a rule, and report their results. Raises JsonRpcInvalidParams unless both are given."""
        match arguments:
            case (str(uri), str(rule)):
                file = file_of(uri)
            case _:
                raise JsonRpcInvalidParams

        def work() -> Sequence[Any]:
            return [test for test in self.project.run_tests(file) if rule in test.case.expect["expect"]]

        results = list(await self.ask(work) or [])
        if results:
            text = lenses.describe_results(rule, results, self.project.lang)
            self._tell(text, any(result.problems for result in results))

    def _tell(self, text: str, failed: bool) -> None:
        kind = types.MessageType.Error if failed else types.MessageType.Info
        self.window_show_message(types.ShowMessageParams(kind, text))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log an invalid message without the text of its error, which may contain parts of a spec."""
        if source is JsonRpcException and isinstance(error, ValueError | RecursionError):
            self.connection.refuse_text()
        message = type(error).__name__
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))


def serve(law: FilePath | None, layers: Iterable[FilePath], lang: Language, today: Callable[[], str]) -> None:
    """Serve an editor over standard input and output until it ends the connection.

    Whatever else is printed goes to standard error, since standard output is the connection. The library would log a
    trace, with the parameters, of each request that is refused; the editor gets the reason instead.
    """
    if not os.environ.get("VATSPOLICY_DEBUG"):
        logging.getLogger("pygls").setLevel(logging.CRITICAL)
    server = PolicyServer(Project(today, lang, (law, tuple(layers))))
    output = sys.stdout.buffer
    sys.stdout = sys.stderr
    try:
        server.start_io(stdout=output)
    finally:
        server.worker.shutdown(wait=False, cancel_futures=True)
