"""The validator against jsonschema, the reference, on documents that ship and on spoiled copies of them."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import weakref
from pathlib import Path
from typing import Any

import pytest

from tests.support.schemas import DOCUMENTS
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile

SHIPPED = SchemaSet.shipped()


# --- line breaks ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("profile", ("product", "id")),
        ("profile", ("services", 0, "id")),
        ("policy", ("id",)),
        ("policy", ("rules", 0, "id")),
        ("bundle", ("version",)),
    ],
)
def test_an_id_does_not_end_in_a_line_break(name: str, path: tuple[str | int, ...]) -> None:
    data = copy.deepcopy(next(data for data in map(_read, DOCUMENTS[name]) if _has(data, path)))
    target = data
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] += "\n"
    told = validate(parse_document(json.dumps(data), "x.json"), name)
    assert [problem.message for problem in told] == ["This does not have the expected form."]


def _read(path: Path) -> Any:
    return load_document(path).data


def _has(data: Any, path: tuple[str | int, ...]) -> bool:
    try:
        for step in path:
            data = data[step]
    except (KeyError, IndexError):
        return False
    return True


# --- sets of schemas --------------------------------------------------------------------------------------------------


def test_a_set_is_known_by_its_content() -> None:
    same = SchemaSet(dict(reversed([*SHIPPED.files.items()])))
    other = SchemaSet({**SHIPPED.files, "note.schema.json": b"{}"})
    assert same == SHIPPED
    assert hash(same) == hash(SHIPPED)
    assert same.digest == SHIPPED.digest
    assert other != SHIPPED
    assert other.digest != SHIPPED.digest
    assert other.compile_key != SHIPPED.compile_key


def test_a_set_pickles() -> None:
    assert pickle.loads(pickle.dumps(SchemaSet.shipped())) is SchemaSet.shipped()
    other = SchemaSet({"note.schema.json": b"{}"})
    assert pickle.loads(pickle.dumps(other)) == other


def test_what_is_derived_from_a_set_is_freed_with_it(law: Path) -> None:
    own = SchemaSet({**SHIPPED.files, "note.schema.json": b"{}"})
    bundle = load_bundle(law, own)
    load_profile({"schema": 2, "product": {"id": "p"}, "company": {}, "services": []}, schemas=own)
    gone = weakref.ref(own)
    del bundle, own
    gc.collect()
    assert gone() is None


def test_a_profile_is_read_under_the_schemas_that_are_given() -> None:
    schema = json.loads(SHIPPED.files["profile.schema.json"])
    schema["properties"]["company"]["properties"]["mascot"] = {"type": "string", "title": "Mascot"}
    own = SchemaSet({**SHIPPED.files, "profile.schema.json": json.dumps(schema).encode()})
    data = {"schema": 2, "product": {"id": "p"}, "company": {"mascot": "panda"}, "services": []}
    assert load_profile(data, schemas=own).facts["company"]["mascot"] == "panda"
    assert load_profile(data, schemas=own).schemas is own
    (problem,) = validate(parse_document(json.dumps(data), "x.json"), "profile")
    assert problem.message == "This key is unknown."
