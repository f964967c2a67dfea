"""A real Chromium for tests of pages, and what every page must be: offline, without complaints, and accessible.

`chromium` is a fixture of conftest. Tests that ask for it skip where no Chromium is installed; with REQUIRE_CHROMIUM set
they fail instead, so that a machine that should have one cannot pass by skipping.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


@contextmanager
def opened(browser: Any, file: Path, **options: Any) -> Iterator[Any]:
    """A page from the disk. Leaving it fails the test if the page asked the network for anything or complained.

    options: of a browser context, such as color_scheme, viewport, java_script_enabled.
    """
    context = browser.new_context(offline=True, **options)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: complaints.append(f"error: {error}"))
    page.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    page.on("request", lambda request: complaints.append(request.url) if _leaves(request.url) else None)
    page.goto(file.as_uri())
    try:
        yield page
    finally:
        context.close()
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
