"""A cache entry is used only when it is whole, fresh, ours, and made by this Python; anything else is built anew."""

from __future__ import annotations

import hashlib
import marshal
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, needs_posix

from vatspolicy import cache
from vatspolicy.bundle import build_bundle, load_bundle

DATA = {"a": [1, 2.5, "三", None, True], ("b", 0): (b"x", {"c": "d"})}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Build:
    """Counts how often an entry is built."""

    def __init__(self, data: Any = DATA) -> None:
        self.data, self.times = data, 0

    def __call__(self) -> Any:
        self.times += 1
        return self.data

    def ask(self, key: str = "k" * 64) -> Any:
        return cache.remember("thing", key, self, lambda data: {"seen": data})


def entry(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


def test_an_entry_is_built_once(folder: Path) -> None:
    build = Build()
    assert build.ask() == build.ask() == {"seen": DATA}
    assert build.times == 1
    assert entry(folder).stat().st_mode & 0o077 == 0


def test_another_key_is_another_entry(folder: Path) -> None:
    build = Build()
    build.ask("a" * 64)
    build.ask("b" * 64)
    assert (build.times, len(list(folder.iterdir()))) == (2, 2)


def flip(body: bytes) -> bytes:
    return body[:-3] + bytes([body[-3] ^ 1]) + body[-2:]


def with_hash(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"",
        lambda body: body[: len(body) // 2],
        flip,
        lambda body: body + b"x",
        lambda body: b"\n" + body,
        lambda body: with_hash(b""),
        lambda body: with_hash(b"\x00garbage"),
        lambda body: with_hash(b"["),
        lambda body: with_hash(marshal.dumps({"a": 1})[:-1]),
        lambda body: "é".encode() + body,
    ],
    ids=["empty", "cut", "flipped", "longer", "no-hash", "nothing", "rubbish", "half-list", "half-dict", "no-ascii"],
)
def test_a_spoilt_entry_is_built_anew(folder: Path, change: Any) -> None:
    build = Build()
    build.ask()
    entry(folder).write_bytes(change(entry(folder).read_bytes()))
    assert build.ask() == {"seen": DATA}
    assert build.times == 2
    assert build.ask() == {"seen": DATA}
    assert build.times == 2, "the spoilt entry was replaced"


def test_whole_data_of_another_shape_is_built_anew(folder: Path, law: Path) -> None:
    load_bundle(law)
    path = next(path for path in folder.iterdir() if path.name.startswith("bundle-"))
    shapes: tuple[Any, ...] = (
        {},
        [],
        {"version": "1"},
        {"version": "1", "covers_from": "2020-01-01", "policies": [{}], "module": {}},
    )
    for shape in shapes:
        path.write_bytes(with_hash(marshal.dumps(shape)))
        assert load_bundle(law).policies
        assert path.stat().st_size > 1000


@needs_posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_may_write_is_not_read(folder: Path, mode: int) -> None:
    build = Build()
    build.ask()
    entry(folder).chmod(mode)
    build.ask()
    assert build.times == 2


@needs_posix
def test_what_belongs_to_another_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build()
    build.ask()
    monkeypatch.setattr(os, "getuid", lambda: entry(folder).stat().st_uid + 1)
    build.ask()
    assert build.times == 2


@pytest.mark.usefixtures("folder")
def test_what_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build()
    build.ask()
    monkeypatch.setattr(cache, "LIMIT", 10)
    build.ask()
    assert build.times == 2


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path / "file" / "cache"))
    build = Build()
    assert build.ask() == build.ask() == {"seen": DATA}
    assert build.times == 2


@needs_posix
def test_a_full_disk_leaves_no_half_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert Build().ask() == {"seen": DATA}
    assert list(folder.iterdir()) == []


def test_an_edited_policy_is_another_entry(folder: Path, law: Path) -> None:
    sources = [(path.name, path.read_bytes()) for path in sorted(law.glob("*.yaml"))]
    before = build_bundle(sources)
    edited = [(name, data + b"# a comment\n") for name, data in sources]
    assert build_bundle(edited).digest != before.digest
    assert len([path for path in folder.iterdir() if path.name.startswith("bundle-")]) == 2


def test_two_processes_at_once(folder: Path, law: Path) -> None:
    code = f"from vatspolicy import load_bundle; print(load_bundle({str(law)!r}).digest)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = {process.communicate(timeout=120)[0] for process in running}
    assert len(told) == 1
    assert all(process.returncode == 0 for process in running)
    assert len([path for path in folder.iterdir() if path.name.startswith("bundle-")]) == 1
