"""Build hook that adds the compiled law to the wheel, so that the first start needs no compilation, and its origin.

The shipped code compiles the law to plain data, which every Python reads (see vatspolicy/compile_cache.py), and to the
source of a module, which an installer compiles as all others (see vatspolicy/core/cel/codegen.py).

A package records where it comes from (see vatspolicy/origin.py). The address of its repository is that of
pyproject.toml; while none is set there, that of the remote `origin` of git. VATSPOLICY_BUILD_REPOSITORY names another.
VATSPOLICY_BUILD_PUBLISHED=1 says that pip finds the package by its name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

COMPILE = """
import runpy, sys
sys.path[:] = sys.argv[1:]
runpy.run_module("vatspolicy.core.policies.shipping", run_name="__main__")
"""
SHIPPED = "vatspolicy/_resources/compiled"
ORIGIN = "vatspolicy/_resources/origin.json"
CATALOG = "vatspolicy/i18n/locale/zh/LC_MESSAGES/vatspolicy.po"
UNSET = "/OWNER/"
"""What the address in pyproject.toml holds until somebody sets it (release/addresses.py)."""


def find_origin(root: str, environment: Mapping[str, str]) -> dict[str, object]:
    """Return what is known of the origin of the package: its repository, and whether it is published."""
    sys.path.insert(0, str(Path(root) / "src"))
    try:
        from vatspolicy.origin import repository, web_address
    finally:
        del sys.path[0]
    project = tomllib.loads((Path(root) / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated: str = project["urls"]["Repository"]
    named = environment.get("VATSPOLICY_BUILD_REPOSITORY") or ("" if UNSET in stated else stated)
    address = web_address(named) if named else repository()
    if named and address is None:
        raise ValueError(f"VATSPOLICY_BUILD_REPOSITORY is no address of a repository: {named}")
    published = environment.get("VATSPOLICY_BUILD_PUBLISHED") == "1"
    return {**({"repository": address} if address else {}), **({"published": True} if published else {})}


def strip_catalog(content: bytes) -> bytes:
    """Return the Chinese texts without what only translators read: the header, comments, and breaks of lines."""
    _, _, entries = content.partition(b"\n\n")
    lines = [line for line in entries.split(b"\n") if line and not line.startswith(b"#")]
    return b"\n" + b"\n".join(lines).replace(b'"\n"', b"") + b"\n"


class CompiledLaw(BuildHookInterface[Any]):
    """Hook that adds cache entries to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile the law.

        Raises: CalledProcessError if it does not compile.
        """
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VATSPOLICY")}
        environment |= {"VATSPOLICY_CACHE": self._folder.name, "PYTHONHASHSEED": "0"}
        # An isolated build has its dependencies on its path only, and pip drops from PYTHONPATH what .venv installed
        # in editable form: this very `src`.
        path = [str(Path(self.root) / "src"), *filter(None, sys.path)]
        subprocess.run([sys.executable, "-c", COMPILE, *path], env=environment, check=True)
        for path in sorted(Path(self._folder.name).iterdir()):
            build_data["force_include"][str(path)] = f"{SHIPPED}/{path.name}"
        path = Path(self._folder.name) / "catalog.po"
        path.write_bytes(strip_catalog((Path(self.root) / "src" / CATALOG).read_bytes()))
        build_data["force_include"][str(path)] = CATALOG
        if record := find_origin(self.root, os.environ):
            path = Path(self._folder.name) / "origin.json"
            path.write_text(json.dumps(record, sort_keys=True) + "\n", encoding="utf-8")
            build_data["force_include"][str(path)] = ORIGIN

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary cache."""
        if version != "editable":
            self._folder.cleanup()
