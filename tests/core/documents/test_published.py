"""Published schemas stand alone: any validator can use one, from anywhere, without the other files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.support.console import Console
from tests.support.members import for_each
from tests.support.schemas import DOCUMENTS
from tests.support.shipped import BAD
from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.published import publish_schema
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder

NAMES = SchemaSet.shipped().names


def references(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, child in node.items():
            if key == "$ref" and isinstance(child, str):
                yield child
            elif not key.startswith("x-"):
                yield from references(child)


@for_each(NAMES)
def test_each_reference_stays_within_the_schema(name: str) -> None:
    schema = publish_schema(name, SchemaSet.shipped())
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:vatspolicy:schema:{name}"
    for reference in references(schema):
        assert reference.startswith("#")
        node = schema
        for step in filter(None, reference[1:].split("/")):
            node = node[step]


@for_each(sorted(DOCUMENTS))
def test_jsonschema_accepts_the_shipped_documents(name: str) -> None:
    validator = Draft202012Validator(publish_schema(name, SchemaSet.shipped()))
    for document in DOCUMENTS[name][::10]:
        assert list(validator.iter_errors(load_document(document).data)) == []


@pytest.mark.parametrize("spec", ["profile-unknown-word", "profile-place-by-name", "profile-key-elsewhere"])
def test_jsonschema_refuses_a_bad_spec(spec: str) -> None:
    validator = Draft202012Validator(publish_schema("profile", SchemaSet.shipped()))
    assert not validator.is_valid(load_document(BAD / f"{spec}.yaml").data)


@pytest.mark.parametrize("printed", [True, False])
def test_check_jsonschema_reads_the_printed_schema_and_the_file(
    console: Console, tmp_path: Path, printed: bool
) -> None:
    pytest.importorskip("check_jsonschema")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    schema = resource_folder("schemas") / "profile.schema.json"
    if printed:
        schema = tmp_path / "p.json"
        schema.write_text(console("schema", "profile").out, encoding="utf-8")
    good, bad = DOCUMENTS["profile"][0], BAD / "profile-unknown-word.yaml"

    def check(*documents: Path) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), *map(str, documents)]
        return subprocess.run(words, cwd=elsewhere, capture_output=True, text=True, timeout=120, check=False)

    assert check(good).returncode == 0, check(good).stdout
    refused = check(bad)
    assert refused.returncode == 1
    assert "services[0].offers[0]" in refused.stdout


def test_a_published_schema_names_no_other_file(console: Console) -> None:
    text = console("schema", "decision").out
    assert json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"$ref": "vocabulary' not in text
