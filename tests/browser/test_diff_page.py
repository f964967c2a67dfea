"""The page of a comparison in a real Chromium: accessible, in light and dark, on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import opened, sideways, violations
from tests.support.comparison_data import complete_comparison
from tests.support.comparisons import render


@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh", "dark")])
def test_the_page_can_be_used_by_everybody(lang: Any, scheme: str, chromium: Any, tmp_path: Path) -> None:
    file = tmp_path / "comparison.html"
    file.write_text(render("html", complete_comparison(tmp_path / "projects"), lang), encoding="utf-8")
    with opened(chromium, file, color_scheme=scheme, viewport={"width": 380, "height": 800}) as page:
        page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true })")
        assert violations(page) == []
        assert sideways(page) == 0
