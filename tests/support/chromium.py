"""A real Chromium for tests of pages, and what every page must be: offline, without complaints, and accessible.

`chromium` is a fixture of conftest. Tests that ask for it skip where no Chromium is installed; with REQUIRE_CHROMIUM set
they fail instead, so that a machine that should have one cannot pass by skipping.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from tests.support.effort import LONG

PLACES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
ARGUMENTS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]


def find_chromium() -> str | None:
    """The Chromium to test with: CHROMIUM of the environment, else the usual names on the path."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for name in PLACES if (path := shutil.which(name))), None)


def launch() -> Iterator[Any]:
    """A running browser; skips, or fails where one is required, when there is none."""
    path = find_chromium()
    if path is None or importlib.util.find_spec("playwright") is None:
        reason = "needs Chromium (CHROMIUM, or chromium on the path) and the extra `browser`"
        if os.environ.get("REQUIRE_CHROMIUM"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


_KEPT: WeakKeyDictionary[Any, dict[str, Any]] = WeakKeyDictionary()
"""Pages of a browser that wait to be used again, by the options of their context."""


@contextmanager
def new_page(browser: Any, leaves: Callable[[str], bool], **options: Any) -> Iterator[tuple[Any, list[str]]]:
    """A page as new, and its complaints, to which requests are added that leave the place where the page may ask.

    To make a context takes a second of processor time, so that one is used again, unless the test fails. What a page keeps
    for its tab, and the view that it remembers, is cleared; nothing that is tested here stores anything else.
    """
    pages, key = _KEPT.setdefault(browser, {}), repr(sorted(options.items()))
    page = pages.pop(key, None) or browser.new_context(**options).new_page()
    size, complaints = page.viewport_size, list[str]()

    def answer(dialog: Any) -> None:
        if dialog.type != "beforeunload":
            complaints.append(f"dialog: {dialog.message}")
        dialog.accept()

    listeners = {
        "console": lambda message: complaints.append(f"console: {message.text}"),
        "pageerror": lambda error: complaints.append(f"error: {error}"),
        "dialog": answer,
        "request": lambda request: complaints.append(request.url) if leaves(request.url) else None,
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield page, complaints
        page.evaluate(
            "() => { try { sessionStorage.clear(); localStorage.clear() } catch { /* of a file: there is none */ } }"
        )
        page.goto("about:blank")
    except BaseException:
        page.context.close()
        raise
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    page.emulate_media(media="null", color_scheme=options.get("color_scheme", "null"))
    page.set_viewport_size(size)
    pages[key] = page


@contextmanager
def opened(browser: Any, file: Path, **options: Any) -> Iterator[Any]:
    """A page from the disk. Leaving it fails the test if the page asked the network for anything or complained.

    options: of a browser context, such as color_scheme, viewport, java_script_enabled.
    """
    with new_page(browser, _leaves, offline=True, **options) as (page, complaints):
        page.goto(file.as_uri())
        yield page
    assert not complaints, "; ".join(complaints)


def _leaves(address: str) -> bool:
    return not address.startswith(("file:", "data:"))


def violations(page: Any, part: str | None = None) -> list[str]:
    """What axe finds wrong with a page, by every rule it has: WCAG and best practices.

    part: a selector of the elements to look at; the long run looks at the whole page all the same.
    """
    from axe_playwright_python.sync_playwright import Axe

    context = None if LONG else part
    found = Axe().run(page, context=context, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{one['id']}: {node['html'][:200]}" for one in found for node in one["nodes"]]


def sideways(page: Any) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))
