"""The law while its files are edited: the last valid bundle, with the current text of open policies.

Only the edited policy is compiled again, with those that use its terms or parameters; the others stay as they are.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path as FilePath
from typing import Any

from vatspolicy.bundles.select import read_layers
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.builder import build_policies
from vatspolicy.core.policies.bundle import Bundle, build_bundle, load_bundle, read_sources, schemas_of_project
from vatspolicy.core.policies.compiler import compile_policy, compile_some, find_name_problems
from vatspolicy.core.policies.files import TESTS_ENDING, LayerFiles
from vatspolicy.core.policies.layers import refuse_overrides
from vatspolicy.core.policies.model import NO_CODE, Policy
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.language_server.kinds import policy_file, tests_file
from vatspolicy.language_server.mentions import Owners

Problems = dict[str, list[Problem]]
"""Problems by the absolute path of their file."""
_SHARED = ("terms", "parameters", "articles")
"""Parts of a policy for use in others."""


def absolute(file: str | os.PathLike[str]) -> str:
    """Return the canonical path of a file."""
    return os.path.realpath(file)


def by_file(problems: Iterable[Problem]) -> Problems:
    """Return problems by the absolute path of their file."""
    problems_by_file: Problems = {}
    for problem in problems:
        problems_by_file.setdefault(absolute(problem.file), []).append(problem)
    return problems_by_file


class EditedLaw:
    """One law: a base, and the layers above it. `texts` are the open files by absolute path."""

    def __init__(self, base: FilePath | None, layers: tuple[FilePath, ...], texts: Mapping[str, str]) -> None:
        self.base, self.layers, self.texts = base, layers, texts
        self.bundle: Bundle | None = None
        """The last good bundle, with the edited policies; None until the law can be read once."""
        self.problems: Problems = {}
        """Problems that prevent reading the files as a bundle."""
        self.stale = False
        """True if files have changed on disk since they were read."""
        self.documents: Mapping[str, Document] = {}
        """The last good document of each policy by its id."""
        self._names: dict[str, str] = {}

    @property
    def schemas(self) -> SchemaSet:
        """The schemas of the law; the shipped ones until it can be read."""
        return SchemaSet.shipped() if self.bundle is None else self.bundle.schemas

    def load(self) -> None:
        """Read all files, with the current text of open files. If that fails, read the disk and apply valid open files.

        If that fails too, the last good bundle stays.
        """
        self.stale, self.problems = False, {}
        try:
            self.bundle = self.read(self.texts)
        except InvalidInput as error:
            self.problems = by_file(error.problems)
            try:
                self.bundle = self.read({})
            except InvalidInput:
                return
        self._names = {absolute(policy.file): policy.id for policy in self.bundle.policies.values()}
        self.documents = {policy.id: self.bundle.document(policy) for policy in self.bundle.policies.values()}
        for file in [*self.texts]:
            if file.endswith(TESTS_ENDING):
                self.edit_tests(file)
            elif self.problems and not self.bundle.layers and self.policy_of(file) is not None:
                self.edit_policy(file)

    @property
    def folders(self) -> tuple[str, ...]:
        """The absolute paths of the base and the layers."""
        return (absolute(self.base or resource_folder("policies")), *map(absolute, self.layers))

    def read(self, texts: Mapping[str, str]) -> Bundle:
        """Read all files, with the current text of those in `texts`. Raises InvalidInput."""
        if not any(file.startswith(os.path.join(folder, "")) for file in texts for folder in self.folders):
            return load_bundle(self.base, layers=read_layers(self.layers))
        root = self.base or resource_folder("policies")
        own = schemas_of_project(root)
        layers = [
            LayerFiles(_overlay(layer.head, texts), tuple(_overlay(source, texts) for source in layer.sources))
            for layer in read_layers(self.layers)
        ]
        return build_bundle([_overlay(source, texts) for source in read_sources(root)], own, layers)

    def policy_of(self, file: str) -> Policy | None:
        """Return the policy of a policy or test file, or None."""
        id = self._names.get(policy_file(file))
        return None if id is None or self.bundle is None else self.bundle.policies.get(id)

    def names_of(self, id: str, data: Any = None) -> Owners:
        """Return the names available to a policy, from its data or its last valid state; none for an unknown policy."""
        if data is None:
            data = self.documents[id].data if id in self.documents else {}
        uses = data.get("uses") if isinstance(data, dict) else None
        used = [use for use in uses if isinstance(use, str)] if isinstance(uses, list) else []
        return Owners(id, data, [(name, self.documents[name].data) for name in used if name in self.documents])

    def edit_tests(self, file: str) -> None:
        """Apply the tests of a policy from an open file."""
        policy = self.policy_of(file)
        if self.bundle is not None and policy is not None:
            self.bundle = self.bundle.edit(
                {}, {tests_file(policy.file): self.texts[file].encode("utf-8", "surrogatepass")}
            )

    def edit_policy(self, file: str) -> Problems:
        """Apply a policy from an open file if it is valid; return the faults of this policy and others."""
        policy = self.policy_of(file)
        if self.bundle is None or self.bundle.layers or policy is None:
            self.load()
            return self.problems
        try:
            self._take([self._check(file, policy)])
        except InvalidInput as error:
            others = self._edited(file)
            if not others:
                return by_file(error.problems)
        else:
            return {}
        try:  # a rename changes several files, which are valid only together
            self._take([self._check(file, policy, others), *others])
        except InvalidInput as error:
            return by_file(error.problems)
        return {}

    def _check(self, file: str, policy: Policy, others: Iterable[Document] = ()) -> Document:
        """Read and validate a policy together with other edited policies. Raises InvalidInput."""
        document = parse_document(self.texts[file], policy.file)
        problems = validate(document, "policy", self.schemas)
        if not problems:
            beside = {**self.documents, **_by_id(others)}
            beside.pop(policy.id)
            problems = [*find_name_problems(document, beside), *refuse_overrides(document)]
        if problems:
            raise InvalidInput(problems)
        return document

    def _edited(self, file: str) -> list[Document]:
        """Return the other readable open policies whose current text is not yet in the law."""
        edits = []
        for name, text in self.texts.items():
            policy = None if name == file or name.endswith(TESTS_ENDING) else self.policy_of(name)
            if policy is not None and self.documents[policy.id].text != text:
                with contextlib.suppress(InvalidInput):
                    edits.append(self._check(name, policy))
        return edits

    def _take(self, documents: Iterable[Document]) -> None:
        """Compile policies, and their users if shared parts changed, and apply all of them. Raises InvalidInput."""
        assert self.bundle is not None
        edited = _by_id(documents)
        by_id = {**self.documents, **edited}
        changed = {
            id
            for id, document in edited.items()
            if any(self.documents[id].data.get(part) != document.data.get(part) for part in _SHARED)
        }
        users = (user for id, user in by_id.items() if id not in edited and changed & set(user.data.get("uses", ())))
        compiled = compile_some(
            [*edited.values(), *users], by_id, lambda file: compile_policy(file, by_id, self.schemas)
        )
        files = {id: policy.file for id, policy in self.bundle.policies.items()}
        rows = [(file.data, files[file.data["id"]], places, trees) for file, places, trees in compiled]
        policies = build_policies(rows, self.schemas, itertools.repeat(NO_CODE), self.bundle.policies.values())
        sources = {document.file: document.text.encode() for document in edited.values()}
        self.bundle = self.bundle.edit({policy.id: policy for policy in policies}, sources)
        self.documents = by_id


def _by_id(documents: Iterable[Document]) -> dict[str, Document]:
    """Return policies by their id."""
    return {document.data["id"]: document for document in documents}


def _overlay(source: tuple[str, bytes], texts: Mapping[str, str]) -> tuple[str, bytes]:
    """Return name and content of a file, with the editor's text if it is open."""
    text = texts.get(absolute(source[0]))
    return source if text is None else (source[0], text.encode("utf-8", "surrogatepass"))
