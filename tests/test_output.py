"""Files are written whole, with the permissions that the process gives a new file."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.support.console import needs_posix
from vatspolicy.output import write_bytes

pytestmark = needs_posix


def permissions(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_the_mask_of_the_process_holds_while_a_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mask: int, mode: int
) -> None:
    """Another thread that writes a file in the meantime must get the mask, too."""
    usual = os.umask(mask)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(os, "umask", lambda _: pytest.fail("the mask was changed"))
            write_bytes(tmp_path / "new", b"text")
    finally:
        os.umask(usual)
    assert permissions(tmp_path / "new") == mode
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "old"
    path.write_bytes(b"before")
    path.chmod(0o640)
    write_bytes(path, b"after")
    assert (path.read_bytes(), permissions(path)) == (b"after", 0o640)
