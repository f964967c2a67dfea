"""Writes answers into the text of a profile, each below its question."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from yaml import YAMLError

from vatspolicy.core.documents import Document, Path, parse_document
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.yaml_edit import find_text, set_value
from vatspolicy.core.documents.yaml_writer import Comment, dump_yaml
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import Language, Phrase

_HEAD = Phrase("# An omitted fact is unknown: vatspolicy never guesses it. A list is complete once it is present.")


def comments(lang: Language, schemas: SchemaSet | None = None) -> Comment:
    """Return the comments above facts: the question of a fact, or its title if the schema has no question."""

    def comment(path: Path, owner: Facts) -> str:
        if "at" in owner or (path[-1] == "id" and isinstance(path[-2], int)):  # a site is one fact, on one line
            return ""
        node = describe(path, schemas)
        if "x-question" in node:
            return str(node["x-question"][lang])
        is_fact = len(path) > 1 and node.get("type") != "object"
        return str(node.get("x-title-zh" if lang == "zh" else "title", "")) if is_fact else ""

    return comment


def render(data: Facts, lang: Language, schemas: SchemaSet | None = None) -> str:
    """Return the text of a whole profile."""
    return dump_yaml(data, [_HEAD[lang]], comments(lang, schemas))


def write_answer(
    document: Document,
    path: Path,
    value: Tree,
    expected: Facts,
    lang: Language,
    schemas: SchemaSet,
    parse: Callable[[str, str], Document] = parse_document,
) -> tuple[Document, bool]:
    """Return the profile with a fact, and True if its text could not be edited and was rendered again.

    `expected` are the facts with the answer. Raises InvalidInput, and the errors of a fact without a place.
    """
    with suppress(InvalidInput, ValueError, YAMLError):
        written = parse(write_fact(document.text, path, value, comments(lang, schemas)), document.file)
        if written.data == expected:
            return written, False
    return parse(render(expected, lang, schemas), document.file), True


def write_fact(text: str, path: Path, value: Tree, comment: Comment) -> str:
    """Return the text of a profile with a fact, below its question; comments and order stay.

    The caller must read the text again and compare: an alias, for one, is written twice.

    Raises:
        ValueError: The fact has no place in this text.
    """
    place = find_text(text, path[:-1])
    if place is not None:  # `beijing` is short for `{at: beijing}`
        return set_value(text, path[:-1], {"at": place, path[-1]: value}, comment)
    return set_value(text, path, value, comment)
