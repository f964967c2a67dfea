"""Each verdict carries where it stands: contested, the day of the law, the quality of the sources, and no advice."""

from __future__ import annotations

import html
import re

import pytest

from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.engine.result import Record
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.i18n import Language
from vatspolicy.reports.decision import render
from vatspolicy.reports.decision.digest import READING_WORDS, add_grade

LANGUAGES: tuple[Language, ...] = ("en", "zh")


def contested() -> Record:
    return Gate(shipped_bundle(), "2026-11-24", None, allow_past=True).decide(
        load_profile(fixture_file("iot-suzhou"), [("product.launch", "2027-03-01")])
    )[1]


def first_page(record: Record, format: str, lang: Language) -> str:
    """Return what a reader sees first: of a page its head."""
    if format == "html":
        head = render("html", [record], lang).partition('<header class="verdict')[2].partition("</header>")[0]
        return html.unescape(re.sub("<[^>]*>", "", head))
    gate = GateResult((record,), (), (), Gate(shipped_bundle(), "2026-11-24").code(record))
    extent = {"summary": "summary", "json": "screen"}.get(format, "screen")
    return render("json" if format == "json" else "text", [record], lang, room=400, extent=extent, gate=gate)


@pytest.mark.parametrize("format", ["html", "screen", "summary", "json"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_limits_stand_with_the_verdict(format: str, lang: Language) -> None:
    record = contested()
    shown = re.sub(r"\s+", "", first_page(record, format, lang))
    notices = [one.message[lang] for one in record.notices if one.kind in ("later-law", "not-advice")]
    limits = add_grade(notices, record.verification, lang)
    assert len(limits) == 3
    if format == "json":
        assert f'"verification":"{record.verification}"' in shown
        assert '"stricter":' in shown
        limits = tuple(one.message[lang] for one in record.notices)
    else:
        assert READING_WORDS["contested"][lang] in shown
    assert [limit for limit in limits if re.sub(r"\s+", "", limit) not in shown] == []
