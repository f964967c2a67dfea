"""Write the list of instruments in the schema of profiles from the policies: `python -m tests.support.instruments`."""

from __future__ import annotations

import json
import re

from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.schemas import resource_folder

FILE = resource_folder("schemas") / "profile.schema.json"


def make() -> str:
    """Return the schema of profiles with the instruments that the policies establish."""
    names: set[str] = set()
    for file in resource_folder("policies").rglob("*.yaml"):
        names.update(load_document(file).data.get("instruments", {}))
    listed = json.dumps(sorted(names))
    text, places = re.subn(
        r'(?<="x-list": "instruments",\n)( *"enum": )\[.*\]',
        lambda found: found[1] + listed,
        FILE.read_text(encoding="utf-8"),
    )
    assert places == 1
    return text


if __name__ == "__main__":
    FILE.write_text(make(), encoding="utf-8")
