"""A small part of the law, one fixed day, and the command line in this process."""

from __future__ import annotations

import ctypes
import functools
import gc
import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.shipped import GOLDEN, PARTS, POLICIES, policy_file
from tests.support.specs import TODAY
from vatspolicy import clock
from vatspolicy import i18n as language
from vatspolicy.core.policies.bundle import SHIPPED, Bundle, load_bundle


def pytest_configure(config: pytest.Config) -> None:
    """A cache of this run, which its workers share. The law is compiled before they start, and not by each of them."""
    if hasattr(config, "workerinput"):
        return  # a worker has the environment of the process that started it
    folder = tempfile.mkdtemp(prefix="vatspolicy-")
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
    os.environ["VATSPOLICY_CACHE"] = folder
    if config.getoption("numprocesses", None):
        load_bundle(POLICIES)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """What collection makes stays for the whole run: no search for garbage walks it, now or later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _environment() -> Iterator[None]:
    """No colors or widths of the terminal that the run was started from."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        for name in ("NO_COLOR", "FORCE_COLOR", "VATSPOLICY_DEBUG", "VATSPOLICY_LANG"):
            patch.delenv(name, raising=False)
        yield


MOST, ROOM, WHOLE = 700, 50, 750
"""Megabytes above which a worker empties its caches, that it may take anew before the next time, and above which it does
so after each module: a module takes up to 400 more while it runs."""


def _megabytes() -> int:
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") // 2**20 if pages.exists() else 0


def _clear_caches() -> None:
    """Empty the caches of all modules, and give memory back to the system: what is not given back counts as taken."""
    modules = [module for name, module in sys.modules.items() if name.startswith("vatspolicy.")]
    for value in [value for module in modules for value in vars(module).values()]:
        if isinstance(value, functools._lru_cache_wrapper) and value.cache_parameters()["maxsize"]:
            value.cache_clear()
    gc.unfreeze()
    gc.collect()
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


@pytest.fixture(scope="session")
def _room() -> list[int]:
    """The megabytes above which caches are emptied: more after a time that left more."""
    return [MOST]


@pytest.fixture(scope="module", autouse=True)
def _small_heap(_room: list[int]) -> Iterator[None]:
    """The law and the proofs that a module leaves in memory are not walked by each later garbage collection."""
    yield
    if _megabytes() > _room[0]:
        _clear_caches()
        _room[0] = min(max(MOST, _megabytes() + ROOM), WHOLE)
    else:
        gc.collect()
    gc.freeze()


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
