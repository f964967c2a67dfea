"""One side of a comparison: a state of the law, loaded under its own schemas."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vatspolicy.authoring.diff.sources import Source
from vatspolicy.documents import Document, parse_document
from vatspolicy.documents.schemas import schema_folder, use_schemas
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.bundle import TESTS_ENDING, Bundle, build_bundle, is_law

RELEASE = "bundle.yaml"


@dataclass(frozen=True)
class LawRevision:
    """A state of the law, ready to be asked."""

    source: Source
    bundle: Bundle
    schemas: Path
    """The folder of its schemas: that of the program where they are the same."""
    documents: Mapping[str, Document] = field(repr=False)
    """Policy files by id: those that are not the same, byte for byte, on the other side."""
    tests: Mapping[str, tuple[str, Any]] = field(repr=False)
    """Tests by the id of their policy, as (file, data), of files that are not the same on the other side."""
    release: Document = field(repr=False)
    """bundle.yaml."""

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Read profiles and decide under the schemas of this side."""
        with use_schemas(self.schemas):
            yield

    def schema(self, name: str) -> Any:
        """A schema of this side as data; None where it has none of that name."""
        path = self.schemas / name
        return json.loads(path.read_bytes()) if path.is_file() else None

    def schema_names(self) -> list[str]:
        """File names of the schemas."""
        return sorted(path.name for path in self.schemas.glob("*.json"))


@contextmanager
def load_pair(base: Source, head: Source) -> Iterator[tuple[LawRevision, LawRevision]]:
    """Both sides, for as long as the block lasts. Raises InvalidInput; files of the base are named `base:path`.

    A state without schemas of its own, such as a folder of policies alone, is read under those of the other side.
    """
    with tempfile.TemporaryDirectory(prefix="vatspolicy-") as folder:
        base_schemas, head_schemas = (
            _schemas(Path(folder) / name, own.schemas or other.schemas)
            for name, own, other in (("base", base, head), ("head", head, base))
        )
        if _same(base_schemas, head_schemas):
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
        yield sides[0], sides[1]


def load_side(source: Source, schemas: Path, same: frozenset[tuple[str, bytes]] = frozenset()) -> LawRevision:
    """A state under the schemas of a folder; `same`: files that need no comparison. Raises InvalidInput."""
    with use_schemas(schemas):
        try:
            bundle = build_bundle(list(source.policies))
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
        schemas=schemas,
        documents={document.data["id"]: document for document in documents},
        tests=tests,
        release=release,
    )


def named_after(source: Source, problems: Iterable[Problem]) -> list[Problem]:
    """Problems of the base, whose files say so as git says it: `main:policies/a.yaml`."""
    return [dataclasses.replace(problem, file=f"{source.name}:{problem.file}") for problem in problems]


def _schemas(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these schemas; the program's own where they are the same, or there are none."""
    own = schema_folder()
    if not files or files == {path.name: path.read_bytes() for path in own.glob("*.json")}:
        return own
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def _same(left: Path, right: Path) -> bool:
    def files(folder: Path) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in folder.glob("*.json")}

    return files(left) == files(right)
