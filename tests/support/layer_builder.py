"""Small invented layers above a small invented law."""

from __future__ import annotations

import textwrap
from pathlib import Path

from tests.support.law_builder import CLASSES, HEAD, LICENSE, bundle_of, route, rule
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.files import read_layer

RELAY = rule("relay", "service", 'service.audience == "public"', "deny: {reason: SECTOR-NOT-OPEN}")
LAW = {
    "classes": CLASSES,
    "license": LICENSE
    + route("general", 'activity.class == "B11"', "local|false|NO-LOCAL-ENTITY|operator.mainland_entity"),
    "limits": "rules:\n" + RELAY,
}
"""A law with classifications, a license with one route, and one denial: limits/relay."""


DENIAL = "deny: {reason: SECTOR-NOT-OPEN}"
PUBLIC, GROUP = 'service.audience == "public"', 'service.audience == "own-group"'
PROPERTY = """\
properties:
  - id: {id}
    statement: {{en: Public services are denied., zh: 面向公众的服务被拒绝。}}
    each: service
    when: service.audience == "public"
    never: {{decision: allow}}
"""
"""Text of properties.yaml with one property, whose id is left open."""


def write_layer(folder: Path, name: str, may_loosen: tuple[str, ...] = (), /, **files: str) -> Path:
    """Write a layer: by file name, the text of each policy after the head."""
    folder.mkdir(parents=True, exist_ok=True)
    head = f"name: {name}\ntitle: {{en: Layer {name}, zh: 层次甲}}\nowner: {name} office\n"
    if may_loosen:
        head += "may_loosen: [" + ", ".join(may_loosen) + "]\n"
    (folder / "layer.yaml").write_text(head, encoding="utf-8")
    for file, text in files.items():
        id = file.replace("_", "-")
        (folder / f"{id}.yaml").write_text(HEAD.format(id=id) + textwrap.dedent(text), encoding="utf-8")
    return folder


def write_law(folder: Path) -> Path:
    """Write the invented law."""
    bundle_of(folder, **LAW)
    return folder


def stack(base: Path, *layers: Path) -> Bundle:
    """The bundle of a base and the layers above it. Raises InvalidInput."""
    return load_bundle(base, layers=[read_layer(one, str(one)) for one in layers])


def overriding(target: str, line: str) -> str:
    """A rule as `law_builder.rule` writes it, with an override."""
    return line.replace(", message:", f", overrides: {{rule: {target}, reason: Reviewed., owner: unit}}, message:", 1)
