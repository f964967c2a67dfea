"""The versions of Python that the package supports, as this machine has them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

from release.addresses import ROOT


def supported() -> Iterator[str]:
    """Yield the versions that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for classifier in project["classifiers"]:
        if found := re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", classifier):
            yield found[1]


def find_python(version: str) -> str:
    """Return the program of a version, on the path or among those of pyenv; an empty text if there is none."""
    home = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    kept = sorted(map(str, home.glob(f"versions/{version}.*/bin/python")))
    return next(filter(None, map(_program, [f"python{version}", *kept])), "")


def _program(name: str) -> str:
    """Return the program behind a name, if it runs and can make environments."""
    found = shutil.which(name)
    if found is None:
        return ""
    code = "import sys, ensurepip; print(sys.executable)"
    ran = subprocess.run([found, "-c", code], capture_output=True, text=True, check=False)
    return "" if ran.returncode else ran.stdout.strip()
