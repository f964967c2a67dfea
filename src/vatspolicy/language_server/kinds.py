"""Kinds of files by schema, recognized from name and text."""

from __future__ import annotations

import re
from pathlib import Path

from vatspolicy.core.documents.schemas import SchemaSet, schema_named
from vatspolicy.core.policies.files import ACCEPTED, HEAD, PROPERTIES, RELEASE, TESTS_ENDING

POLICY, TESTS, PROFILE, FIXTURE, BUNDLE, LAYER = "policy", "policy-tests", "profile", "fixture", "bundle", "layer"
"""Names of the schemas of policies, tests, specs, expectations, and files that describe a folder."""
SETTINGS = "properties"
"""Name of the schema of properties.yaml: properties of the law, accepted findings and optional objects."""
_BY_NAME = {RELEASE: BUNDLE, HEAD: LAYER, ACCEPTED: "accepted", PROPERTIES: SETTINGS}
_MODELINE = re.compile(r"^# yaml-language-server: \$schema=(\S+)", re.MULTILINE)
_BEGINNING = 2000
"""Number of initial characters searched for the schema line."""
_SPEC = re.compile(r"^(?:\{\s*)?[\"']?(?:product|services)[\"']?\s*:", re.MULTILINE)


def find_kind(file: str, text: str, schemas: SchemaSet) -> str | None:
    """Return the name of the schema of a file; None for a file that vatspolicy does not read.

    A line `# yaml-language-server: $schema=…` counts first, then the name and the folder, then the keys of a spec.
    """
    if modeline := _MODELINE.search(text, 0, _BEGINNING):
        name = schema_named(modeline.group(1))
        return name if name in schemas.names else None
    path = Path(file)
    if path.name.endswith(".expect.yaml"):
        return FIXTURE
    in_law = find_law_folder(file) is not None
    if in_law and path.suffix == ".yaml":
        return TESTS if path.name.endswith(TESTS_ENDING) else _BY_NAME.get(path.name, POLICY)
    return PROFILE if _SPEC.search(text) else None


def find_law_folder(file: str) -> Path | None:
    """Return the nearest folder above a file that is a base or a layer, or None."""
    for folder in Path(file).parents:
        if any((folder / head).is_file() for head in (RELEASE, HEAD)):
            return folder
    return None


def policy_file(file: str) -> str:
    """Return the file of the policy that a file holds, or whose tests it holds."""
    return file.removesuffix(TESTS_ENDING) + ".yaml" if file.endswith(TESTS_ENDING) else file


def tests_file(file: str) -> str:
    """Return the file of the tests of a policy, or the file itself if it holds tests."""
    return policy_file(file).removesuffix(".yaml") + TESTS_ENDING
