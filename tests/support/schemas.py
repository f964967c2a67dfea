"""The shipped documents of each schema, and what jsonschema says of one."""

from __future__ import annotations

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

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


def validator_of(reference: str) -> Draft202012Validator:
    schemas = [
        (f"{name}.schema.json", Resource.from_contents(SchemaSet.shipped().load(name)))
        for name in SchemaSet.shipped().names
    ]
    checker = Draft202012Validator.FORMAT_CHECKER
    return Draft202012Validator(
        {"$ref": reference}, registry=Registry().with_resources(schemas), format_checker=checker
    )
