"""Published schemas stand alone: any validator can use one, from anywhere, without the other files."""

from __future__ import annotations

import json
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


def test_check_jsonschema_reads_the_printed_schema_and_the_file(
    console: Console, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = pytest.importorskip("check_jsonschema")
    printed = tmp_path / "p.json"
    printed.write_text(console("schema", "profile").out, encoding="utf-8")
    good, bad = DOCUMENTS["profile"][0], BAD / "profile-unknown-word.yaml"
    for schema in (printed, resource_folder("schemas") / "profile.schema.json"):
        with pytest.raises(SystemExit) as ended:
            program.main(["--schemafile", str(schema), str(good), str(bad)])
        told = capfd.readouterr().out
        assert (ended.value.code, str(good) in told, str(bad) in told) == (1, False, True)
        assert "services[0].offers[0]" in told


def test_a_published_schema_names_no_other_file(console: Console) -> None:
    text = console("schema", "decision").out
    assert json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert '"$ref": "vocabulary' not in text
