"""The products whose decisions are compared: fixtures of both sides, with their variants, and specs of the user."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.diff.revision import LawRevision, named_after
from vatspolicy.documents import Document, load_document, parse_document
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import find_specs
from vatspolicy.profile.profile import change

EXPECTED = ".expect.yaml"


@dataclass(frozen=True, eq=False)
class Product:
    """A profile as it was written, and the variant of it that a fixture decides too."""

    document: Document = field(repr=False)
    variant: str = ""
    """What the fixture says of the variant; empty for the profile as it is."""

    @property
    def name(self) -> str:
        """The id, with the variant."""
        return f"{self.id} ({self.variant})" if self.variant else self.id

    @property
    def id(self) -> str:
        """The product's id; the file's name where the profile does not state one."""
        product = self.document.data.get("product") if isinstance(self.document.data, dict) else None
        id = product.get("id") if isinstance(product, dict) else None
        return id if isinstance(id, str) else self.document.file


def products(base: LawRevision, head: LawRevision, arguments: Iterable[str]) -> tuple[list[Product], list[Problem]]:
    """Every product to decide, each text once, and why others cannot be read.

    A fixture that a change edits or deletes is decided as it was, too: no product leaves the comparison unseen.
    """
    found: dict[str, Product] = {}
    problems: list[Problem] = []

    def add(product: Product) -> None:
        key = json.dumps(product.document.data, sort_keys=True, ensure_ascii=False)
        found.setdefault(key, product)

    for side in (head, base):
        for file, content in side.source.fixtures:
            if not file.endswith(EXPECTED):
                try:
                    for product in _variants(side, file, content):
                        add(product)
                except InvalidInput as error:
                    problems += named_after(base.source, error.problems) if side is base else error.problems
    for argument in arguments:
        specs = find_specs(argument)
        if not specs:
            problems.append(Problem(argument, 1, 1, "", "There is no profile here."))
        for spec in specs:
            try:
                add(Product(load_document(spec)))
            except InvalidInput as error:
                problems += error.problems
    return list(found.values()), sorted(set(problems))


def _variants(side: LawRevision, file: str, content: bytes) -> Iterator[Product]:
    """A fixture's profile, and what its expectations make of it."""
    document = parse_document(content, file)
    yield Product(document)
    beside = file.removesuffix(".yaml") + EXPECTED
    expected = dict(side.source.fixtures).get(beside)
    entries = parse_document(expected, beside).data if expected is not None else {}
    for entry in entries.get("decisions", []) if isinstance(entries, dict) else []:
        if isinstance(entry, dict) and (edits := list(_edits(entry))):
            yield Product(change(document, edits), str(entry.get("it", "")) or "variant")


def _edits(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    set_, unset = entry.get("set"), entry.get("unset")
    yield from set_.items() if isinstance(set_, dict) else ()
    yield from ((path, None) for path in unset if isinstance(path, str)) if isinstance(unset, list) else ()
