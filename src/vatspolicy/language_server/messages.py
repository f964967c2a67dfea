"""Findings, proposals, parts and lenses in the form of the protocol."""

from __future__ import annotations

from lsprotocol import types

from vatspolicy.i18n import Language, _, translate
from vatspolicy.language_server import completion, findings, lenses, outline
from vatspolicy.language_server.editor_text import EditorText, Span
from vatspolicy.language_server.findings import EditorFinding

RUN_CASE, RUN_RULE = "vatspolicy.runCase", "vatspolicy.runRule"
"""Commands: run one test, or all tests of a rule."""
_LEVELS = {
    findings.ERROR: types.DiagnosticSeverity.Error,
    findings.WARNING: types.DiagnosticSeverity.Warning,
    findings.HINT: types.DiagnosticSeverity.Hint,
}
_KINDS = {
    completion.KEY: types.CompletionItemKind.Property,
    completion.VALUE: types.CompletionItemKind.EnumMember,
    completion.FACT: types.CompletionItemKind.Field,
    completion.NAME: types.CompletionItemKind.Variable,
    completion.FUNCTION: types.CompletionItemKind.Function,
}
_PARTS = {"object": types.SymbolKind.Object, "list": types.SymbolKind.Array, "value": types.SymbolKind.String}


def range_of(span: Span, text: EditorText) -> types.Range:
    """Return a part of a text as the editor counts."""
    return types.Range(*(types.Position(*text.place(index)) for index in (span.start, span.end)))


def diagnostic_of(finding: EditorFinding, text: EditorText) -> types.Diagnostic:
    """Return a finding."""
    return types.Diagnostic(
        range_of(finding.span, text),
        finding.message,
        severity=_LEVELS[finding.level],
        code=finding.code,
        source="vatspolicy",
    )


def item_of(proposal: completion.Completion, text: EditorText) -> types.CompletionItem:
    """Return a proposal."""
    return types.CompletionItem(
        proposal.label,
        kind=_KINDS[proposal.kind],
        detail=proposal.detail or None,
        sort_text=f"{'0' if proposal.first else '1'}{proposal.label}",
        filter_text=f"{proposal.label} {proposal.filter}".strip(),
        text_edit=types.TextEdit(range_of(proposal.span, text), proposal.text),
    )


def fix_of(uri: str, finding: EditorFinding, word: str, text: EditorText, lang: Language) -> types.CodeAction:
    """Return the quick fix that replaces a word."""
    assert finding.replaced is not None
    edit = types.TextEdit(range_of(finding.replaced, text), word)
    title = translate(_("Replace with {word!r}", word=word), lang)
    return types.CodeAction(
        title,
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[diagnostic_of(finding, text)],
        is_preferred=len(finding.words) == 1,
        edit=types.WorkspaceEdit(changes={uri: [edit]}),
    )


def symbol_of(part: outline.OutlinePart, text: EditorText) -> types.DocumentSymbol:
    """Return a part of a file with the parts in it."""
    return types.DocumentSymbol(
        part.name or "-",
        _PARTS[part.kind],
        range_of(part.span, text),
        range_of(part.name_span, text),
        detail=part.detail or None,
        children=[symbol_of(member, text) for member in part.parts],
    )


def lens_of(uri: str, lens: lenses.Lens, text: EditorText) -> types.CodeLens:
    """Return a lens with the command that it runs."""
    if lens.place is not None:
        command = types.Command(lens.title, RUN_CASE, arguments=[uri, list(lens.place)])
    elif lens.rule:
        command = types.Command(lens.title, RUN_RULE, arguments=[uri, lens.rule])
    else:
        command = types.Command(lens.title, "")
    return types.CodeLens(range_of(lens.span, text), command)
