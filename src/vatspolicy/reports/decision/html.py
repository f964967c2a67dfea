"""Pages to read in a browser. `element` makes markup that is safe by construction, `frame` what every page shares;
both are for all pages of the product. `decision` is the report of `vatspolicy check -f html`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vatspolicy.errors import Problem
from vatspolicy.profile.vocabulary import Language


def render(
    records: Iterable[Mapping[str, Any]],
    lang: Language,
    problems: Iterable[Problem] = (),
    remarks: Iterable[Mapping[str, Any]] = (),
) -> str:
    """The report of one run as a page."""
    from vatspolicy.reports.decision.html_decision import render as render_decisions

    return render_decisions(records, lang, problems, remarks)
