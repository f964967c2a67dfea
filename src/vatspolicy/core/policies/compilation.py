"""Compilation of policy files, of one folder or of several layers, to the plain data of a bundle."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Any

from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.documents import Document, recall_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.builder import build_policies
from vatspolicy.core.policies.compiler import compile_policies
from vatspolicy.core.policies.files import HEAD, RELEASE, LayerFiles, law_files
from vatspolicy.core.policies.layers import LONGEST, LayerDocuments, check_layers, read_head, refuse_overrides
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.policies.serialize import policy_to_data
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import _


def compile_law(
    sources: list[tuple[str, bytes]],
    prefix: str,
    schemas: SchemaSet,
    layers: Sequence[LayerFiles] = (),
    base_digest: str = "",
) -> dict[str, Any]:
    """Compile policy files to plain data, from which a bundle is made. Files are named below a prefix.

    `layers` stand above them; `base_digest` is the digest of the base.

    Raises:
        InvalidInput: With every problem found.
    """
    names = {os.path.join(prefix, name): name for name, __ in sources}
    release, documents, problems = _read(sources, prefix, schemas)
    if release is None and not problems:
        law_folder = os.path.dirname(os.path.join(prefix, law_files(sources)[0][0])) or os.curdir
        is_layer = any(os.path.basename(name) == HEAD for name, __ in sources)
        hint = _("Choose a layer with --policies.") if is_layer else _("This file must state version and covers.")
        problems.append(Problem(law_folder, 1, 1, "", _("The folder has no bundle.yaml."), hint))
    stack: list[LayerDocuments] = []
    if layers and release is not None:
        heads = [file for file in sources if os.path.basename(file[0]) == HEAD]
        folder = os.path.dirname(release.file)
        base = next((head for head in heads if os.path.dirname(head[0]) == folder), None)
        stack, wrong = _read_stack(LayerDocuments(None, documents, folder, base_digest), base, layers, schemas)
        problems += wrong
        names |= {document.file: document.file for layer_documents in stack for document in layer_documents.policies}
    if problems:
        raise InvalidInput(problems)
    assert release is not None
    checked, replacing, problems = check_layers(stack, release.data.get("longest_enforcement", LONGEST))
    if stack:
        documents = [document for layer_documents in stack for document in layer_documents.policies]
    else:
        problems += [problem for document in documents for problem in refuse_overrides(document)]
    if problems:
        raise InvalidInput(problems)
    instruments = sorted({name for document in documents for name in document.data.get("instruments", {})})
    wider = schemas.with_instruments(instruments)

    def build(recall: bool) -> tuple[list[Policy], GeneratedModule[int]]:
        rows = (
            (document.data, names[document.file], positions, trees)
            for document, positions, trees in compile_policies(documents, wider, recall)
        )
        policies = build_policies(rows, wider)
        return policies, generate(policies)

    try:
        policies, module = build(recall=True)
    except InvalidInput:
        raise
    except Exception:  # a policy in the cache is whole, but was not written by this code
        policies, module = build(recall=False)
    return {
        "version": release.data["version"],
        "covers_from": release.data["covers"]["from"],
        "known_until": release.data["covers"].get("known_until"),
        "layers": [(*layer[:-1], [tuple(entry) for entry in layer.enforce]) for layer in checked],
        "replacing": replacing,
        "instruments": [] if wider is schemas else instruments,
        "policies": [policy_to_data(policy) for policy in policies],
        "module": module.parts,
    }


def _read(
    sources: Iterable[tuple[str, bytes]], prefix: str, schemas: SchemaSet
) -> tuple[Document | None, list[Document], list[Problem]]:
    """Return bundle.yaml, the schema-valid policies, and the problems of the others."""
    release: Document | None = None
    documents: list[Document] = []
    problems: list[Problem] = []
    for name, text in law_files(sources):
        try:
            document = recall_document(text, os.path.join(prefix, name))
        except InvalidInput as error:
            problems += error.problems
            continue
        if os.path.basename(name) == RELEASE:
            if release is not None:
                problems.append(
                    document.problem((), _("The base has a different bundle.yaml, {file}.", file=release.file))
                )
            release = document
            problems += validate(document, "bundle", schemas)
        else:
            faults = validate(document, "policy", schemas) or _find_unread(document, schemas)
            problems += faults
            documents += [] if faults else [document]
    return release, documents, problems


def _find_unread(document: Document, schemas: SchemaSet) -> list[Problem]:
    """Return the problems of keys that only the schemas of a project allow and this program would ignore."""
    name, shipped = "policy.schema.json", SchemaSet.shipped()
    if schemas.files.get(name) == shipped.files[name]:
        return []
    known = schemas.derived(_find_unread, lambda: SchemaSet({**schemas.files, name: shipped.files[name]}))
    hint = _("The schemas beside the policies allow this, but this version of the program does not read it.")
    return [problem._replace(hint=hint) for problem in validate(document, "policy", known)]


def _read_stack(
    base: LayerDocuments, base_head: tuple[str, bytes] | None, layers: Sequence[LayerFiles], schemas: SchemaSet
) -> tuple[list[LayerDocuments], list[Problem]]:
    """Return the documents of the base and the layers above it, and their problems."""
    stack = [base]
    problems: list[Problem] = []
    for layer in layers:
        __, policies, wrong = _read(layer.sources, "", schemas)
        problems += wrong
        stack.append(LayerDocuments(None, policies, os.path.dirname(layer.head[0]), layer.digest))
    for height, head in enumerate([base_head, *(layer.head for layer in layers)]):
        if head is not None:
            try:
                stack[height] = stack[height]._replace(head=read_head(*head))
            except InvalidInput as error:
                problems += error.problems
    return stack, problems


def generate(policies: Iterable[Policy]) -> GeneratedModule[int]:
    """Return generated code for every expression of the policies, by its index."""
    expressions = (expression for policy in policies for expression in policy.compiled)
    return GeneratedModule.generate({expression.index: expression.tree for expression in expressions})
