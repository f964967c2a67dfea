"""Builds the compiled form of the law into the wheel, so that a first start is as quick as the rest.

Entries are made by the code that is being shipped, as any start would make them, under the Python that builds. Another
version of Python does not find them and makes its own (see vatspolicy/cache.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ENTRIES = """
from vatspolicy.policies.bundle import load_bundle
from vatspolicy.profile.profile import invariants
load_bundle()
invariants()
"""
SHIPPED = "vatspolicy/_resources/compiled"
KINDS = ("bundle-", "invariants-")


class CompiledLaw(BuildHookInterface[Any]):
    """Adds the entries to what is packed."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the entries. Raises CalledProcessError when the law does not compile."""
        if version == "editable":
            return
        self._folder = tempfile.TemporaryDirectory()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("VATSPOLICY")}
        # What an isolated build has installed is on its path, and nowhere else.
        environment |= {
            "VATSPOLICY_CACHE": self._folder.name,
            "PYTHONPATH": os.pathsep.join((str(Path(self.root) / "src"), *filter(None, sys.path))),
            "PYTHONHASHSEED": "0",
        }
        subprocess.run([sys.executable, "-c", ENTRIES], env=environment, check=True)
        for path in sorted(Path(self._folder.name).iterdir()):
            if path.name.startswith(KINDS):
                build_data["force_include"][str(path)] = f"{SHIPPED}/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Forget the entries."""
        if version != "editable":
            self._folder.cleanup()
