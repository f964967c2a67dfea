"""The layout of policy files, fixtures and profiles: one way to write what may be written in many."""

from __future__ import annotations

import re

from vatspolicy.documents import Document, parse_document
from vatspolicy.errors import InvalidInput, Problem

__all__ = ["format_text", "split_tests"]


def format_text(document: Document) -> str:
    """The canonical text of a document: the same data, the same comments. Raises InvalidInput where that cannot be.

    Nothing is taken on trust: the result is read again, and must hold equal data and the same comments, and must be
    its own canonical text.
    """
    text = _written(document)
    again = parse_document(text, document.file)
    if again.data != document.data:
        _refuse(document, "The canonical text would not hold the same data.")
    if _comments(text) != _comments(document.text):
        _refuse(document, "The canonical text would lose a comment.", "Put it on a line of its own, above an entry.")
    if _written(again) != text:
        _refuse(document, "The canonical text is not stable.")
    return text


def split_tests(document: Document) -> tuple[str, str] | None:
    """Return the canonical texts of a policy and of the tests that stand in it; None where none do.

    Raises InvalidInput as `format_text` does.
    """
    if not isinstance(document.data, dict) or not {"id", "effective", "tests"} <= document.data.keys():
        return None
    text = format_text(document)
    found = re.search(r"^tests: ?(.*)\n((?:[ #].*\n|\n)*)", text, re.MULTILINE)
    assert found is not None, "the canonical text writes a key at the beginning of a line"
    inside = found[1] + "\n" if found[1] else "".join(f"{line.removeprefix('  ')}\n" for line in found[2].splitlines())
    tests = format_text(parse_document(inside, document.file))
    if parse_document(tests, document.file).data != document.data["tests"]:
        _refuse(document, "The tests cannot be moved into a file of their own.")
    return format_text(parse_document(text[: found.start()] + text[found.end() :], document.file)), tests


def _written(document: Document) -> str:
    from vatspolicy.authoring.formatter.key_order import Order, order_of
    from vatspolicy.authoring.formatter.writer import write_text
    from vatspolicy.authoring.formatter.yaml_tree import read_text

    aliased = any(mark in document.text for mark in ("&", "*")) and _has_anchors(document.text)
    order = Order("", []) if aliased else order_of(document.data)  # an alias stands below its anchor
    return write_text(read_text(document.text), order)


def _has_anchors(text: str) -> bool:
    import yaml

    from vatspolicy.documents.yaml_reader import yaml_loader

    return any(getattr(event, "anchor", None) for event in yaml.parse(text, Loader=yaml_loader()))


def _comments(text: str) -> list[str]:
    from vatspolicy.authoring.formatter.yaml_tree import comments_of

    return sorted(comments_of(text))


def _refuse(document: Document, message: str, hint: str = "") -> None:
    raise InvalidInput([Problem(document.file, 1, 1, "", message, hint)])
