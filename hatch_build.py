"""Build hook that adds the compiled law to the wheel, so that the first start needs no compilation.

The shipped code compiles the law under the Python that builds. Another version of Python ignores these cache entries
and compiles its own (see vatspolicy/compile_cache.py).
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
        # An isolated build has its dependencies on its path only.
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
        """Remove the temporary cache."""
        if version != "editable":
            self._folder.cleanup()
