"""Findings that are set aside, and waivers themselves, on a page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.i18n.words import word
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.decision.waived import (
    WORDS,
    remark_place,
    say_finding,
    say_remark,
    say_waived,
    some_waived,
    waived_findings,
)
from vatspolicy.reports.formats.html import Html, join, tag
from vatspolicy.reports.formats.html_words import Sentences

Data = Mapping[str, Any]


def waived_list(data: Data, say: Sentences) -> tuple[str, Html | None]:
    """The title of the section and its content; None where nothing is set aside."""
    rows = [
        tag(
            "li",
            tag("p", tag("strong", say_finding(finding, say.lang))),
            tag("p", say_waived(finding["waived"], say.lang)),
            tag("p", tag("code", f"{finding['waived']['file']}:{finding['waived']['line']}"), class_="soft small"),
        )
        for finding in waived_findings(data)
    ]
    title = word(WORDS, "waived", say.lang)
    return title, join(tag("p", some_waived(data, say.lang)), tag("ul", rows, class_="findings")) if rows else None


def remark_list(remarks: Iterable[Data], lang: Language) -> tuple[str, Html]:
    """The title and the list of what there is to say about waivers and the baseline."""
    rows = [tag("li", tag("code", remark_place(remark)), " ", say_remark(remark, lang)) for remark in remarks]
    return word(WORDS, "remarks", lang), tag("ul", rows)
