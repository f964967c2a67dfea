"""The sides of a comparison: states of the law, each loaded under its own schemas."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from vatspolicy.authoring.diff.renames import Rename, find_renames, with_new_names
from vatspolicy.authoring.diff.sources import Source
from vatspolicy.core.documents import Document, recall_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.schemas import UNUSABLE, SchemaSet
from vatspolicy.core.policies.bundle import Bundle, build_bundle
from vatspolicy.core.policies.files import HEAD, RELEASE, TESTS_ENDING, is_law
from vatspolicy.core.policies.layers import read_head
from vatspolicy.core.profile.invariants import require_usable
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _


@dataclass(frozen=True)
class LawRevision:
    """One side of a comparison: a state of the law, loaded under its own schemas."""

    source: Source
    bundle: Bundle
    documents: Mapping[str, Document] = field(repr=False)
    """Policy files by id, except files that are identical on both sides."""
    tests: Mapping[str, tuple[str, Tree]] = field(repr=False)
    """Tests by policy id, as (file, data), except files that are identical on both sides."""
    release: Document = field(repr=False)
    """bundle.yaml."""
    heads: Mapping[str, Document] = field(default_factory=dict, repr=False)
    """The layer.yaml of each layer by layer name, starting with the base if it has one."""

    renames: tuple[Rename, ...] = ()
    """Words of the base that the head renames. This side uses the head's names."""

    @property
    def layers(self) -> dict[str, Tree]:
        """Contents of each layer.yaml by the name of the layer, the lowest layer first."""
        return {name: document.data for name, document in self.heads.items()}

    @property
    def schemas(self) -> SchemaSet:
        """The schemas for profiles on this side."""
        return self.bundle.schemas

    @property
    def law_schemas(self) -> SchemaSet:
        """The schemas without instruments from layers."""
        own = (name for name, one in self.bundle.instruments.items() if self.bundle.is_base(one.policy))
        return schemas_from(self.source.schemas).with_instruments(own)

    def schema(self, name: str) -> Tree:
        """Return a schema file of this side as data, or None if it does not exist."""
        content = self.schemas.files.get(name)
        return None if content is None else json.loads(content)


def load_pair(base: Source, head: Source) -> tuple[LawRevision, LawRevision]:
    """Load both sides. A state without schemas, such as a folder of policies, uses those of the other side.

    Raises:
        InvalidInput: A side cannot be loaded; files of the base are named `base:path`.
    """
    renames = find_renames(base, head)
    base = with_new_names(base, renames) if renames else base
    base_schemas, head_schemas = (
        schemas_from(own.schemas or other.schemas) for own, other in ((base, head), (head, base))
    )
    if base_schemas == head_schemas:
        base_schemas = head_schemas
    problems: list[Problem] = []
    sides = []
    same = frozenset(base.files) & frozenset(head.files)
    for source, schemas in ((base, base_schemas), (head, head_schemas)):
        try:
            sides.append(load_side(source, schemas, same))
        except InvalidInput as error:
            problems += named_after(source, error.problems) if source is base else error.problems
    if problems:
        raise InvalidInput(problems)
    return replace(sides[0], renames=renames), sides[1]


def load_side(source: Source, schemas: SchemaSet, same: frozenset[tuple[str, bytes]] = frozenset()) -> LawRevision:
    """Load a state with the given schemas, without the files in `same`. Raises InvalidInput."""
    try:
        bundle = build_bundle(list(source.policies), schemas, source.layers)
        require_usable(bundle.schemas)
    except UNUSABLE:
        message = _("The schemas of this state cannot be used by this version of the program.")
        raise InvalidInput([Problem("schemas", 1, 1, "", message)]) from None
    named = {name: content for name, content in source.policies if name.rpartition("/")[2] == RELEASE}
    release = [recall_document(content, name) for name, content in named.items()][-1]
    folder = release.file.rpartition("/")[0]
    heads = [file for file in source.policies if file[0] == f"{folder}/{HEAD}".lstrip("/")]
    read = [read_head(*file) for file in (*heads, *(layer.head for layer in source.layers))]
    rest = [file for file in source.files if file not in same and file[0] not in named]
    documents = [recall_document(content, name) for name, content in rest if is_law(name)]
    tests = {document.data["id"]: (document.file, document.data.pop("tests", None)) for document in documents}
    for name, content in rest:
        if name.endswith(TESTS_ENDING):
            id = name.rpartition("/")[2].removesuffix(TESTS_ENDING)
            tests[id] = (name, recall_document(content, name).data)
    return LawRevision(
        source=source,
        bundle=bundle,
        documents={document.data["id"]: document for document in documents},
        tests=tests,
        release=release,
        heads={head.data["name"]: head for head in read},
    )


def named_after(source: Source, problems: Iterable[Problem]) -> list[Problem]:
    """Return problems of the base with file names in git notation, such as `main:policies/a.yaml`."""
    return [problem._replace(file=f"{source.name}:{problem.file}") for problem in problems]


def schemas_from(files: Mapping[str, bytes]) -> SchemaSet:
    """Return the schema set of the files, or the shipped set if they match it or are empty."""
    shipped = SchemaSet.shipped()
    own = SchemaSet(files)
    return shipped if not files or own == shipped else own
