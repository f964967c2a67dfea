"""A later day on the clock of a process and of all that it starts: libfaketime, a package of Debian and Ubuntu."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def fake_clock(day: str) -> dict[str, str]:
    """Return this environment with a clock that begins at noon of a day. Without libfaketime the test skips.

    With REQUIRE_FAKETIME set it fails. Waiting takes as long as ever, and files keep their times.
    """
    library = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
    if library is None:
        (pytest.fail if os.environ.get("REQUIRE_FAKETIME") else pytest.skip)("needs libfaketime (Debian's package)")
    return {
        **os.environ,
        "LD_PRELOAD": str(library),
        "FAKETIME": f"@{day} 12:00:00",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_RESET": "1",
        "NO_FAKE_STAT": "1",
        "TZ": "UTC",
    }
