"""The language server: the messages of the protocol, and when files are looked at.

One thread looks at files, in the order in which it is asked, so that nothing else needs a lock. No input ends the
server.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path as FilePath
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from vatspolicy import __version__
from vatspolicy.i18n import Language, _, translate
from vatspolicy.language_server import completion, hover, lenses, navigation, outline
from vatspolicy.language_server.findings import Finding
from vatspolicy.language_server.law import absolute
from vatspolicy.language_server.messages import (
    RUN_CASE,
    RUN_RULE,
    diagnostic_of,
    fix_of,
    item_of,
    lens_of,
    range_of,
    symbol_of,
)
from vatspolicy.language_server.project import Findings, Project, read_from_disk
from vatspolicy.language_server.text import UTF_16
from vatspolicy.policies.files import TESTS_ENDING

T = TypeVar("T")
PAUSE = 0.05
"""Seconds without a keystroke after which a file is looked at."""
REST = 0.6
"""Seconds after a look before tests are run."""
LARGEST = 2**20
"""Characters of a file in which places are looked for; its findings say that it is too large."""
REFUSED = -32803
"""Code of an answer that refuses a request (RequestFailed)."""
LOADER, LINT, TESTS = "loader", "lint", "tests"
"""Sources of findings: each look replaces what the same source has found in the same file."""


class PolicyServer(LanguageServer):
    """The server with the files that an editor has open."""

    def __init__(self, project: Project) -> None:
        super().__init__("vatspolicy", __version__, text_document_sync_kind=types.TextDocumentSyncKind.Full)
        self.project = project
        self.worker = ThreadPoolExecutor(1, thread_name_prefix="law")
        self.uris: dict[str, str] = {}
        """Addresses of files as the editor writes them."""
        self.found: dict[tuple[str, str], Findings] = {}
        """Findings by the file that was looked at and their source."""
        self.timers: dict[str, asyncio.TimerHandle] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.looks: dict[str, int] = {}
        """Number of changes of each file, so that a look that is out of date ends."""
        self._register()

    def _register(self) -> None:
        features: dict[str, Callable[..., Any]] = {
            types.INITIALIZED: self.begin,
            types.TEXT_DOCUMENT_DID_OPEN: self.take,
            types.TEXT_DOCUMENT_DID_CHANGE: self.take,
            types.TEXT_DOCUMENT_DID_CLOSE: self.close,
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES: self.read_again,
            types.TEXT_DOCUMENT_HOVER: self.show_meaning,
            types.TEXT_DOCUMENT_DEFINITION: self.define,
            types.TEXT_DOCUMENT_REFERENCES: self.refer,
            types.TEXT_DOCUMENT_PREPARE_RENAME: self.prepare_rename,
            types.TEXT_DOCUMENT_RENAME: self.rename,
            types.TEXT_DOCUMENT_CODE_LENS: self.show_lenses,
            types.TEXT_DOCUMENT_DOCUMENT_SYMBOL: self.show_outline,
        }
        for name, function in features.items():
            self.feature(name)(_plain(function))
        triggers = types.CompletionOptions(trigger_characters=[".", '"', " ", "["])
        self.feature(types.TEXT_DOCUMENT_COMPLETION, triggers)(_plain(self.complete))
        kinds = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
        self.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(_plain(self.act))
        self.command(RUN_CASE)(_plain(self.run_case))
        self.command(RUN_RULE)(_plain(self.run_rule))

    # --- files

    def begin(self, _params: types.InitializedParams) -> None:
        """Take the encoding of places, and ask to be told of files that change on disk."""
        encoding = self.server_capabilities.position_encoding
        self.project.encoding = str(getattr(encoding, "value", encoding) or UTF_16)
        watched = self.client_capabilities.workspace and self.client_capabilities.workspace.did_change_watched_files
        if watched and watched.dynamic_registration:
            watchers = [types.FileSystemWatcher("**/*.yaml"), types.FileSystemWatcher("**/schemas/*.json")]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            self.client_register_capability(types.RegistrationParams([registration]))

    def take(self, params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams) -> None:
        """Take the text of a file that was opened or changed, and look at it after a pause."""
        uri = params.text_document.uri
        file = self.file(uri)
        content = self.workspace.get_text_document(uri).source
        self.uris[file] = uri
        self.looks[file] = self.looks.get(file, 0) + 1
        self.worker.submit(self.project.texts.__setitem__, file, content)
        self.look_later(file)

    def close(self, params: types.DidCloseTextDocumentParams) -> None:
        """Forget a file; its findings go, and the law has it as it stands on disk."""
        file = self.file(params.text_document.uri)
        self.worker.submit(self.project.texts.pop, file, None)
        self.worker.submit(self.project.forget)
        self.looks.pop(file, None)
        self.publish(file, {LOADER: {}, LINT: {}, TESTS: {}})

    def read_again(self, params: types.DidChangeWatchedFilesParams) -> None:
        """Read the law again if files changed on disk that are not open as they stand there."""
        files = [self.file(change.uri) for change in params.changes]
        if any(_differs_on_disk(file, self.project.texts.get(file)) for file in files):
            self.worker.submit(self.project.forget)
            for file in [*self.looks]:
                self.look_later(file)

    @staticmethod
    def file(uri: str) -> str:
        """Return the absolute path of an address; the address itself if it is that of no file."""
        path = to_fs_path(uri)
        return absolute(path) if path else uri

    # --- findings

    def look_later(self, file: str) -> None:
        """Look at a file once nothing has been typed for a moment."""
        if (timer := self.timers.pop(file, None)) is not None:
            timer.cancel()
        self.timers[file] = asyncio.get_running_loop().call_later(PAUSE, self._start_look, file)

    def _start_look(self, file: str) -> None:
        task = asyncio.ensure_future(self._look(file, self.looks.get(file, 0)))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _look(self, file: str, look: int) -> None:
        """Publish the findings of the loader, then those of lint, then tests that fail, and have lenses asked for."""
        told = await self.ask(lambda: self.project.check(file)) or {}
        if self.looks.get(file) != look:
            return
        for other, source in [*self.found]:
            if source == LOADER and other != file and self.found[other, source].get(file):
                self.publish(other, {LOADER: await self.ask(partial(self.project.check, other)) or {}})
        if any(told.values()):
            self.publish(file, {LOADER: told, LINT: {}})
            return
        self.publish(file, {LOADER: told})
        linted = await self.ask(lambda: self.project.lint(file)) or {}
        if self.looks.get(file) != look:
            return
        self.publish(file, {LINT: linted})
        await asyncio.sleep(REST)
        if self.looks.get(file) != look:
            return
        self.publish(
            _policy_file(file), {TESTS: await self.ask(lambda: lenses.find_failures(self.project, file)) or {}}
        )
        lens = self.client_capabilities.workspace and self.client_capabilities.workspace.code_lens
        if lens and lens.refresh_support and self.looks.get(file) == look:
            self.workspace_code_lens_refresh(None)

    def publish(self, file: str, told: Mapping[str, Findings]) -> None:
        """Replace what some sources have found by looking at a file, and show what has changed by it."""
        changed: set[str] = set()
        for source, new in told.items():
            before = self.found.pop((file, source), {})
            if new:
                self.found[file, source] = new
            changed |= {*before, *new}
        for one in sorted(changed):
            self._show(one)

    def _show(self, file: str) -> None:
        text = self.project.text(file)
        diagnostics = [diagnostic_of(one, text) for one in self.findings_of(file)]
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(self.uri(file), diagnostics))

    def findings_of(self, file: str) -> list[Finding]:
        """Return the findings in a file, each once."""
        found = (one for told in self.found.values() for one in told.get(file, ()))
        return list(dict.fromkeys(found))

    # --- answers

    async def ask(self, work: Callable[[], T]) -> T | None:
        """Return what the worker finds; None after an unexpected error, of which the editor is told."""
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

    def place(self, params: types.TextDocumentPositionParams | Any) -> tuple[str, Callable[[], int]]:
        """Return the file of a request, and a function that finds the index of its place; for the worker."""
        file, position = self.file(params.text_document.uri), params.position
        return file, lambda: self.project.text(file).index(position.line, position.character)

    def uri(self, file: str) -> str:
        """Return the address of a file."""
        return self.uris.get(file) or (FilePath(file).as_uri() if os.path.isabs(file) else file)

    def location(self, place: navigation.Place) -> types.Location:
        """Return a place as the protocol writes it."""
        return types.Location(self.uri(place.file), range_of(place.span, self.project.text(place.file)))

    async def show_meaning(self, params: types.HoverParams) -> types.Hover | None:
        """Show the meaning of what stands at a place."""
        file, index = self.place(params)
        text = await self.ask(lambda: hover.hover(self.project, file, index()) if self.fits(file) else None)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    async def complete(self, params: types.CompletionParams) -> types.CompletionList:
        """Propose what may be written at a place."""
        file, index = self.place(params)

        def work() -> list[types.CompletionItem]:
            if not self.fits(file):
                return []
            text = self.project.text(file)
            return [item_of(one, text) for one in completion.complete(self.project, file, index())]

        return types.CompletionList(is_incomplete=False, items=await self.ask(work) or [])

    def fits(self, file: str) -> bool:
        """Return whether a file is small enough for places to be looked for in it."""
        return len(self.project.text(file).content) <= LARGEST

    async def define(self, params: types.DefinitionParams) -> list[types.Location]:
        """Go to the definition of what stands at a place."""
        file, index = self.place(params)

        def work() -> list[types.Location]:
            symbols = navigation.symbols_at(self.project, file, index())
            return list(map(self.location, navigation.find_definitions(self.project, file, symbols)))

        return await self.ask(work) or []

    async def refer(self, params: types.ReferenceParams) -> list[types.Location]:
        """Find every place that names what stands at a place."""
        file, index = self.place(params)
        defining = params.context.include_declaration

        def work() -> list[types.Location]:
            symbols = navigation.symbols_at(self.project, file, index())
            return list(map(self.location, navigation.find_references(self.project, file, symbols, defining)))

        return await self.ask(work) or []

    async def prepare_rename(self, params: types.PrepareRenameParams) -> types.Range | None:
        """Return the name that would be replaced."""
        file, index = self.place(params)

        def work() -> types.Range:
            _symbol, span = navigation.check_rename(self.project, file, index())
            return range_of(span, self.project.text(file))

        return await self.ask(lambda: self._or_refuse(work))

    async def rename(self, params: types.RenameParams) -> types.WorkspaceEdit | None:
        """Rename a term in every policy."""
        file, index = self.place(params)

        def work() -> types.WorkspaceEdit:
            places = navigation.rename_term(self.project, file, index(), params.new_name)
            edits: dict[str, list[types.TextEdit]] = {}
            for place in places:
                location = self.location(place)
                edits.setdefault(location.uri, []).append(types.TextEdit(location.range, params.new_name))
            return types.WorkspaceEdit(changes=edits)

        return await self.ask(lambda: self._or_refuse(work))

    def _or_refuse(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except navigation.RenameRefused as error:
            raise JsonRpcException(translate(error.args[0], self.project.lang), REFUSED) from None

    async def act(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Offer to replace a word by those that a hint proposes."""
        file = self.file(params.text_document.uri)

        def work() -> list[types.CodeAction]:
            text = self.project.text(file)
            start, end = (text.index(one.line, one.character) for one in (params.range.start, params.range.end))
            return [
                fix_of(self.uri(file), one, word, text, self.project.lang)
                for one in self.findings_of(file)
                if one.replaced is not None and one.span.start <= end and start <= one.span.end
                for word in one.words
            ]

        return await self.ask(work) or []

    async def show_outline(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """Show the parts of a file."""
        file = self.file(params.text_document.uri)

        def work() -> list[types.DocumentSymbol]:
            text, document = self.project.text(file), self.project.document(file)
            parts = [] if document is None or self.project.kind_of(file) is None else outline.find_parts(document, text)
            return [symbol_of(part, text) for part in parts]

        return await self.ask(work) or []

    # --- tests

    async def show_lenses(self, params: types.CodeLensParams) -> list[types.CodeLens]:
        """Show the results of tests above rules and above tests."""
        uri = params.text_document.uri
        file = self.file(uri)

        def work() -> tuple[list[types.CodeLens], Findings]:
            text = self.project.text(file)
            shown = [lens_of(uri, one, text) for one in lenses.find_lenses(self.project, file)]
            return shown, lenses.find_failures(self.project, file)

        shown, failures = await self.ask(work) or ([], {})
        self.publish(_policy_file(file), {TESTS: failures})
        return shown

    async def run_case(self, uri: str, place: list[Any]) -> None:
        """Run one test, and tell its result."""
        file, steps = self.file(uri), tuple(place)
        result = await self.ask(lambda: self.project.run_case(file, steps))
        if result is not None:
            self._tell(lenses.describe_result(result, self.project.lang), bool(result.problems))

    async def run_rule(self, uri: str, rule: str) -> None:
        """Run the tests of a rule, and tell their results."""
        file = self.file(uri)

        def work() -> Sequence[Any]:
            return [one for one in self.project.run_tests(file) if rule in one.case.expect["expect"]]

        results = list(await self.ask(work) or [])
        if results:
            text = lenses.describe_results(rule, results, self.project.lang)
            self._tell(text, any(one.problems for one in results))

    def _tell(self, text: str, failed: bool) -> None:
        kind = types.MessageType.Error if failed else types.MessageType.Info
        self.window_show_message(types.ShowMessageParams(kind, text))

    def report_server_error(self, error: Exception, source: Any) -> None:
        """Log a message that is not of the protocol. The text of an error may hold a part of a spec: it is not told."""
        message = type(error).__name__
        self.window_log_message(types.LogMessageParams(types.MessageType.Error, message))


def _plain(method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method as a function: the library writes attributes to it."""
    if asyncio.iscoroutinefunction(method):

        async def wait(*arguments: Any) -> Any:
            return await method(*arguments)

        return wait

    def run(*arguments: Any) -> Any:
        return method(*arguments)

    return run


def _policy_file(file: str) -> str:
    return file.removesuffix(TESTS_ENDING) + ".yaml" if file.endswith(TESTS_ENDING) else file


def _differs_on_disk(file: str, text: str | None) -> bool:
    """Return whether a file stands otherwise on disk than it is open; True for one that is not open."""
    return text is None or read_from_disk(file) != text


def serve(policies: Iterable[FilePath], lang: Language, today: Callable[[], str]) -> None:
    """Serve an editor over standard input and output until it ends the connection.

    Whatever else is printed goes to standard error, since standard output is the connection.
    """
    server = PolicyServer(Project(today, lang, tuple(policies)))
    output = sys.stdout.buffer
    sys.stdout = sys.stderr
    try:
        server.start_io(stdout=output)
    finally:
        server.worker.shutdown(wait=False, cancel_futures=True)
