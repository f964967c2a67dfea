"""Answers about a place in a file, in the form of the protocol. Only one thread may ask at a time."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from lsprotocol import types
from pygls.exceptions import JsonRpcContentModified, JsonRpcException
from pygls.uris import to_fs_path

from vatspolicy.authoring.formatter import format_text
from vatspolicy.core.documents import parse_document
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import _, translate
from vatspolicy.language_server import completion, hover, navigation, outline
from vatspolicy.language_server.editor_text import Span
from vatspolicy.language_server.findings import EditorFinding
from vatspolicy.language_server.law import absolute
from vatspolicy.language_server.navigation import RenameRefused, check_rename, rename_term
from vatspolicy.language_server.project import Project

LARGEST = 2**20
"""Maximum size of a file for requests about places; a finding reports a larger file."""
REFUSED = -32803
"""Code of an answer that refuses a request (RequestFailed)."""


def file_of(uri: str) -> str:
    """Return the absolute path of an address; the address itself if it is that of no file."""
    path = to_fs_path(uri)
    return absolute(path) if path and "\0" not in path else uri.replace("\0", "%00")


_Placed = (
    types.HoverParams
    | types.CompletionParams
    | types.DefinitionParams
    | types.ReferenceParams
    | types.PrepareRenameParams
    | types.RenameParams
)


@dataclass
class Answers:
    """Answers to the requests of an editor."""

    project: Project
    findings_of: Callable[[str], list[EditorFinding]]
    """Function that returns the findings in a file."""
    uris: dict[str, str] = field(default_factory=dict)
    """Addresses of files as the editor writes them."""
    versions: dict[str, int] = field(default_factory=dict)
    """Versions of the texts that are open in the project."""
    newest: dict[str, int] = field(default_factory=dict)
    """Versions of the texts last sent by the editor, which the worker may not have yet."""
    with_versions: bool = False
    """True if the editor checks that its texts have the versions that an edit is for."""

    def uri(self, file: str) -> str:
        """Return the address of a file."""
        return self.uris.get(file) or (FilePath(file).as_uri() if os.path.isabs(file) else file)

    def locations(self, places: Iterable[navigation.FilePart]) -> list[types.Location]:
        """Return places as the protocol writes them."""
        return [types.Location(self.uri(part.file), self.project.text(part.file).range(part.span)) for part in places]

    def place(self, params: _Placed) -> tuple[str, int] | None:
        """Return file and index of the place of a request; None in a file that is too large."""
        file, position = file_of(params.text_document.uri), params.position
        text = self.project.text(file)
        if self.project.law_of(file).bundle is None:  # an error may have been corrected a moment ago
            self.project.take(file)
        return (file, text.index(position.line, position.character)) if self.fits(file) else None

    def fits(self, file: str) -> bool:
        """Return whether a file is small enough for requests about places."""
        return len(self.project.text(file).content) <= LARGEST

    # --- at a place

    def tell_meaning(self, params: types.HoverParams) -> types.Hover | None:
        """Return the meaning of the element at a place."""
        position = self.place(params)
        text = None if position is None else hover.hover(self.project, *position)
        return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None

    def propose(self, params: types.CompletionParams) -> types.CompletionList:
        """Return the completions at a place."""
        items: list[types.CompletionItem] = []
        if (position := self.place(params)) is not None:
            text = self.project.text(position[0])
            items = [proposal.item(text) for proposal in completion.complete(self.project, *position)]
        return types.CompletionList(is_incomplete=False, items=items)

    def define(self, params: types.DefinitionParams) -> list[types.Location]:
        """Return the definition of the element at a place."""
        if (position := self.place(params)) is None:
            return []
        symbols = navigation.symbols_at(self.project, *position)
        return self.locations(navigation.find_definitions(self.project, position[0], symbols))

    def refer(self, params: types.ReferenceParams) -> list[types.Location]:
        """Return every reference to the element at a place."""
        if (position := self.place(params)) is None:
            return []
        symbols, defining = navigation.symbols_at(self.project, *position), params.context.include_declaration
        return self.locations(navigation.find_references(self.project, position[0], symbols, defining))

    # --- rename

    def find_name(self, params: types.PrepareRenameParams) -> types.Range | None:
        """Return the name to replace. Raises JsonRpcException with the reason if it cannot."""
        if (position := self.place(params)) is None:
            return None
        try:
            _symbol, span = check_rename(self.project, *position)
        except RenameRefused as error:
            raise self._refusal(error) from None
        return self.project.text(position[0]).range(span)

    def rename(self, params: types.RenameParams) -> types.WorkspaceEdit | None:
        """Return the edits that rename a term in every policy. Raises JsonRpcException with the reason for a refusal.

        Edits of texts that the editor has changed meanwhile are refused.
        """
        if (position := self.place(params)) is None:
            return None
        try:
            places = rename_term(self.project, *position, params.new_name)
        except RenameRefused as error:
            raise self._refusal(error) from None
        edits: dict[str, list[types.TextEdit]] = {}
        for part in places:
            edit = types.TextEdit(self.project.text(part.file).range(part.span), params.new_name)
            edits.setdefault(part.file, []).append(edit)
        if any(self.versions.get(file) != self.newest.get(file) for file in edits):
            raise JsonRpcContentModified
        return self._edit(edits)

    def _edit(self, edits: Mapping[str, list[types.TextEdit]]) -> types.WorkspaceEdit:
        """Return edits with the versions of the texts that they are for, if the editor checks them."""
        if not self.with_versions:
            return types.WorkspaceEdit(changes={self.uri(file): own for file, own in edits.items()})
        changes = [
            types.TextDocumentEdit(
                types.OptionalVersionedTextDocumentIdentifier(self.uri(file), self.versions.get(file)), list(own)
            )
            for file, own in edits.items()
        ]
        return types.WorkspaceEdit(document_changes=list(changes))

    def _refusal(self, error: RenameRefused) -> JsonRpcException:
        return JsonRpcException(translate(error.args[0], self.project.lang), REFUSED)

    # --- in a file

    def fix(self, params: types.CodeActionParams) -> list[types.CodeAction]:
        """Return the offers to replace a word by those that a hint proposes."""
        file = file_of(params.text_document.uri)
        text = self.project.text(file)
        edges = (params.range.start, params.range.end)
        start, end = (text.index(edge.line, edge.character) for edge in edges)
        return [
            types.CodeAction(
                translate(_("Replace with {word!r}", word=word), self.project.lang),
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[finding.diagnostic(text)],
                is_preferred=len(finding.words) == 1,
                edit=types.WorkspaceEdit(
                    changes={self.uri(file): [types.TextEdit(text.range(finding.replaced), word)]}
                ),
            )
            for finding in self.findings_of(file)
            if finding.replaced is not None and finding.span.start <= end and start <= finding.span.end
            for word in finding.words
        ]

    def lay_out(self, params: types.DocumentFormattingParams) -> list[types.TextEdit]:
        """Return the edit that formats a file like `vatspolicy fmt`; none for invalid YAML.

        Raises JsonRpcContentModified if the editor has changed the text meanwhile.
        """
        file = file_of(params.text_document.uri)
        if not self.fits(file) or self.project.kind_of(file) is None:
            return []
        text = self.project.text(file)
        try:
            laid_out = format_text(parse_document(text.content, file))
        except InvalidInput:
            return []  # its findings report the reason
        if self.versions.get(file) != self.newest.get(file):
            raise JsonRpcContentModified
        whole = text.range(Span(0, len(text.content)))
        return [] if laid_out == text.content else [types.TextEdit(whole, laid_out)]

    def show_parts(self, params: types.DocumentSymbolParams) -> list[types.DocumentSymbol]:
        """Return the parts of a file."""
        file = file_of(params.text_document.uri)
        if not self.fits(file) or self.project.kind_of(file) is None:
            return []
        text, document = self.project.text(file), self.project.document(file)
        return [] if document is None else outline.find_parts(document, text)
