"""The shipped documents of each schema, and a library that validates data, other than the program's own."""

from __future__ import annotations

import functools

from jsonschema_rs import Draft202012Validator, Registry

from tests.support.shipped import ROOT, fixture_files
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.files import is_law

DOCUMENTS = {
    "profile": fixture_files(),
    "fixture": sorted((ROOT / "fixtures").rglob("*.expect.yaml")),
    "policy": [
        path for path in sorted((ROOT / "policies").rglob("*.yaml")) if path.name != "bundle.yaml" and is_law(path.name)
    ],
    "bundle": [ROOT / "policies" / "bundle.yaml"],
}


@functools.cache
def validator_of(reference: str) -> Draft202012Validator:
    """Return a validator whose `validate` raises ValidationError; its library takes a tenth of the time of jsonschema."""
    names = SchemaSet.shipped().names
    registry = Registry([(f"json-schema:///{name}.schema.json", SchemaSet.shipped().load(name)) for name in names])
    return Draft202012Validator({"$ref": reference}, registry=registry)
