"""A small part of the law, one fixed day, and the command line in this process."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.parts import ALONE, SHARED
from tests.support.shipped import EDITED, GOLDEN, PARTS, policy_file
from tests.support.specs import TODAY
from vatspolicy import clock
from vatspolicy import i18n as language
from vatspolicy.core.policies.bundle import SHIPPED, Bundle, load_bundle


def pytest_configure(config: pytest.Config) -> None:
    """One cache of compiled forms for the run, which all its processes share; a pytest that a test starts has its plugins."""
    for name in ALONE:
        os.environ.pop(name, None)
    if SHARED not in os.environ:
        folder = tempfile.mkdtemp(prefix="vatspolicy-")
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ[SHARED] = folder
    os.environ["VATSPOLICY_CACHE"] = os.environ[SHARED]


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """What is left has been searched for garbage once: neither pytest nor the interpreter searches it again."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collection makes stays for the whole run: no search for garbage walks it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        gc.set_threshold(1_000_000, 50, 100)


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """No colors or widths of the terminal that the run was started from; a command leaves garbage collection as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "set_threshold", lambda *_: None)
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


@pytest.fixture(scope="session")
def wider_law(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the policies of `EDITED`, which use each key of the law. Tests do not change it."""
    return _copy(tmp_path_factory.mktemp("wider") / "law", EDITED)


@pytest.fixture
def copy_of_law(tmp_path: Path) -> Path:
    return _copy(tmp_path / "law")


def _copy(folder: Path, names: Sequence[str] = PARTS) -> Path:
    folder.mkdir()
    for name in names:
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
    """The same law as if it were the shipped one, so that no report names a temporary folder."""
    return replace(load_bundle(rich_law), origin=SHIPPED)


@pytest.fixture
def console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Console:
    monkeypatch.setattr(clock, "today", lambda: TODAY)
    monkeypatch.chdir(tmp_path)
    return Console(tmp_path, monkeypatch, capfd)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A real browser, of its own for each module: while it runs, asyncio is taken."""
    from tests.support.chromium import launch

    yield from launch()
