"""The compiled law of an installation: run this module with an empty cache folder."""

from __future__ import annotations

import os

from vatspolicy.compile_cache import get, keep
from vatspolicy.core.cel.codegen import module_name
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.invariants import invariants

KINDS = ("bundle-", "code_", "invariants-")
"""Prefixes of the cache entries that belong to an installation."""


def write_compiled(folder: str) -> None:
    """Compile the shipped law into a folder, which is the cache of this process: to data, and to generated source."""
    module = load_bundle().module
    invariants()
    with open(os.path.join(folder, f"{module_name(module['digest'])}.py"), "w", encoding="utf-8") as file:
        file.write(module["source"])
    for name in os.listdir(folder):
        kind, _, key = name.removesuffix(".data").partition("-")
        if kind == "bundle" and (data := get(kind, key, dict)):
            keep(kind, key, {**data, "module": {**data["module"], "source": ""}})
        elif not name.startswith(KINDS):
            os.unlink(os.path.join(folder, name))


if __name__ == "__main__":
    write_compiled(os.environ["VATSPOLICY_CACHE"])
