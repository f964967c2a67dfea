"""The canonical layout of policy files, fixtures and profiles."""

from __future__ import annotations

from vatspolicy.core.documents import Document, parse_document
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _

__all__ = ["format_again", "format_text"]


def format_text(document: Document) -> str:
    """Return the canonical text of a document: the same data, the same comments.

    The result is read again, and must hold equal data and the same comments, and must be its own canonical text.

    Raises:
        InvalidInput: It does not.
    """
    text = _write(document)
    again = parse_document(text, document.file)
    if again.data != document.data:
        raise _refusal(document, _("The canonical text would change the data."))
    if _comments(text) != _comments(document.text):
        hint = _("Put it on a separate line, above an entry.")
        raise _refusal(document, _("The canonical text would lose a comment."), hint)
    if _write(again) != text:
        raise _refusal(document, _("The canonical text is not stable."))
    return text


def format_again(before: Document, text: str) -> str:
    """Return a changed text of a document, in the canonical layout if the document had that layout.

    Raises:
        InvalidInput: See `format_text`.
    """
    try:
        canonical = format_text(before) == before.text
    except InvalidInput:
        return text
    return format_text(parse_document(text, before.file)) if canonical else text


def _write(document: Document) -> str:
    from vatspolicy.authoring.formatter.key_order import find_order
    from vatspolicy.core.documents.yaml_tree import parse_tree
    from vatspolicy.core.documents.yaml_writer import KeyOrder, write_tree

    aliased = any(mark in document.text for mark in ("&", "*")) and _has_anchors(document.text)
    order = KeyOrder() if aliased else find_order(document.data)  # an alias must stay below its anchor
    return write_tree(parse_tree(document.text), order)


def _has_anchors(text: str) -> bool:
    import yaml

    from vatspolicy.core.documents.yaml_reader import yaml_loader

    return any(getattr(event, "anchor", None) for event in yaml.parse(text, Loader=yaml_loader()))


def _comments(text: str) -> list[str]:
    from vatspolicy.core.documents.yaml_tree import list_comments

    return sorted(comment for _, comment in list_comments(text))


def _refusal(document: Document, message: str, hint: str = "") -> InvalidInput:
    return InvalidInput([Problem(document.file, 1, 1, "", message, hint)])
