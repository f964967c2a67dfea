"""The settings of the linters: the list of what still passes `Any` on shrinks with the packages."""

from __future__ import annotations

import re
import tomllib

from tests.support.shipped import ROOT


def test_only_what_names_any_may_do_so() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    ignores = settings["tool"]["ruff"]["lint"]["per-file-ignores"]
    listed = [pattern for pattern, rules in ignores.items() if "ANN401" in rules and pattern.startswith("src/")]
    clean = [
        pattern
        for pattern in listed
        if not any(
            re.search(r"^ *from typing import .*\bAny\b", path.read_text("utf-8"), re.MULTILINE)
            for path in ROOT.glob(f"{pattern}/*.py" if pattern.endswith("**") else pattern)
        )
    ]
    assert clean == [], "these name no Any: remove their entries"
