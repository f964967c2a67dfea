"""One side of a comparison: a state of the law, loaded under its own schemas."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.diff.sources import Source
from vatspolicy.documents import Document, parse_document
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.bundle import TESTS_ENDING, Bundle, build_bundle, is_law

RELEASE = "bundle.yaml"


@dataclass(frozen=True)
class LawRevision:
    """A state of the law, ready to be asked."""

    source: Source
    bundle: Bundle
    documents: Mapping[str, Document] = field(repr=False)
    """Policy files by id: those that are not the same, byte for byte, on the other side."""
    tests: Mapping[str, tuple[str, Any]] = field(repr=False)
    """Tests by the id of their policy, as (file, data), of files that are not the same on the other side."""
    release: Document = field(repr=False)
    """bundle.yaml."""

    @property
    def schemas(self) -> SchemaSet:
        """Schemas that this side reads profiles under."""
        return self.bundle.schemas

    def schema(self, name: str) -> Any:
        """Return the schema in a file of this side as data; None if it has no such file."""
        content = self.schemas.files.get(name)
        return None if content is None else json.loads(content)


def load_pair(base: Source, head: Source) -> tuple[LawRevision, LawRevision]:
    """Load both sides. Raises InvalidInput; files of the base are named `base:path`.

    A state without schemas of its own, such as a folder of policies alone, is read under those of the other side.
    """
    base_schemas, head_schemas = (_schemas(own.schemas or other.schemas) for own, other in ((base, head), (head, base)))
    if base_schemas == head_schemas:
        base_schemas = head_schemas
    problems: list[Problem] = []
    sides = []
    same = frozenset(base.policies) & frozenset(head.policies)
    for source, schemas in ((base, base_schemas), (head, head_schemas)):
        try:
            sides.append(load_side(source, schemas, same))
        except InvalidInput as error:
            problems += named_after(source, error.problems) if source is base else error.problems
    if problems:
        raise InvalidInput(problems)
    return sides[0], sides[1]


def load_side(source: Source, schemas: SchemaSet, same: frozenset[tuple[str, bytes]] = frozenset()) -> LawRevision:
    """Load a state under these schemas; `same`: files that need no comparison. Raises InvalidInput."""
    try:
        bundle = build_bundle(list(source.policies), schemas)
    except (FileNotFoundError, KeyError, TypeError, ValueError) as error:  # schemas that this program cannot use
        if isinstance(error, InvalidInput):
            raise
        message = "The schemas of this state cannot be used by this version of the program."
        raise InvalidInput([Problem("schemas", 1, 1, "", message)]) from None
    named = {name: content for name, content in source.policies if name.rpartition("/")[2] == RELEASE}
    release = [parse_document(content, name) for name, content in named.items()][-1]
    rest = [file for file in source.policies if file not in same and file[0] not in named]
    documents = [parse_document(content, name) for name, content in rest if is_law(name)]
    tests = {document.data["id"]: (document.file, document.data.pop("tests", None)) for document in documents}
    for name, content in rest:
        if name.endswith(TESTS_ENDING):
            id = name.rpartition("/")[2].removesuffix(TESTS_ENDING)
            tests[id] = (name, parse_document(content, name).data)
    return LawRevision(
        source=source,
        bundle=bundle,
        documents={document.data["id"]: document for document in documents},
        tests=tests,
        release=release,
    )


def named_after(source: Source, problems: Iterable[Problem]) -> list[Problem]:
    """Problems of the base, whose files say so as git says it: `main:policies/a.yaml`."""
    return [dataclasses.replace(problem, file=f"{source.name}:{problem.file}") for problem in problems]


def _schemas(files: Mapping[str, bytes]) -> SchemaSet:
    """Return the set of these files; the shipped set if they are the same, or if there are none."""
    shipped = SchemaSet.shipped()
    own = SchemaSet(files)
    return shipped if not files or own == shipped else own
