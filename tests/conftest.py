"""A small part of the law, one fixed day, and the command line in this process."""

from __future__ import annotations

import io
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.shipped import policy_file

from vatspolicy import cli, clock
from vatspolicy import i18n as language
from vatspolicy.policies.bundle import Bundle, load_bundle

ROOT = Path(__file__).resolve().parents[1]
GOLDEN = Path(__file__).parent / "data" / "golden"
TODAY = "2026-06-01"
PARTS = ("bundle", "definitions", "telecom-regulations", "telecom-catalogue", "vats-pilot-2024")
"""Policies that decide what is shown here, so that no change of another one disturbs these tests."""

SHOP = """\
schema: 1
product: {id: shop, title: A shop, launch: '2027-01-31'}
company: {foreign_percent: 0, mainland_entity: true, discredited: []}
services:
  - id: web
    offers: [own-shop]
    sells: [own-goods]
    features: []
    charges: []
    content: []
    audience: public
    operated_by: company
"""
"""Allowed."""

HOSTING = """\
schema: 1
product:
  id: hosting
  title: Hosting in Lin-gang
  launch: '2027-01-31'
company:
  foreign_percent: 100
  mainland_entity: true
  registered: shanghai-lingang
  discredited: []
services:
  - id: cloud
    offers: [data-centre]
    audience: business
    operated_by: company
    area: [china]
    facilities: [shanghai-lingang]
"""
"""Needs a license; `services.0.facilities=[chengdu]` makes it a denial, `company.foreign_percent=` incomplete."""


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this run, and no colors or widths of the terminal that it was started from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VATSPOLICY_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("COLUMNS", "100")
        for name in ("NO_COLOR", "FORCE_COLOR", "VATSPOLICY_DEBUG", "VATSPOLICY_LANG"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(autouse=True)
def _english() -> None:
    """A command that ran in Chinese leaves no Chinese to the next test."""
    language.set_language(())


@pytest.fixture(scope="session")
def law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a few policies. Tests do not change it; `copy_of_law` is for that."""
    return _copy(tmp_path_factory.mktemp("part") / "law")


@pytest.fixture(scope="session")
def rich_law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with invented duties, so that every section of a report has something to say."""
    folder = _copy(tmp_path_factory.mktemp("rich") / "law")
    shutil.copy(GOLDEN / "invented-duties.yaml", folder)
    return folder


@pytest.fixture
def copy_of_law(tmp_path: Path) -> Path:
    return _copy(tmp_path / "law")


def _copy(folder: Path) -> Path:
    folder.mkdir()
    for name in PARTS:
        path = policy_file(name)
        shutil.copy(path, folder)
        if (tests := path.with_suffix(".test.yaml")).exists():
            shutil.copy(tests, folder)
    return folder


@pytest.fixture(scope="session")
def bundle(law: Path) -> Bundle:
    return load_bundle(law)


@pytest.fixture(scope="session")
def rich_bundle(rich_law: Path) -> Bundle:
    return load_bundle(rich_law)


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it wrote."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Console:
    """The command line in this process, in a folder of its own."""

    folder: Path
    monkeypatch: pytest.MonkeyPatch
    capfd: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str | Path, stdin: str = "") -> Ran:
        self.monkeypatch.setattr(sys, "argv", ["vatspolicy", *map(str, arguments)])
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8"))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = self.capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, out, err)

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        return path


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Console:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.chdir(tmp_path)
    return Console(tmp_path, monkeypatch, capfd)


needs_posix = pytest.mark.skipif(os.name != "posix", reason="devices and signals of POSIX")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser, of its own for each module: while it runs, asyncio is taken."""
    from support.browser import launch

    yield from launch()
