"""The matrix of access as pages of the site: services by regime and by place, on one day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vatspolicy.policies.bundle import Bundle
from vatspolicy.reports.formats.html_page import place_entries
from vatspolicy.reports.policy.site.site import Site

KINDS = ("regimes", "places")


def access_tables(bundle: Bundle, day: str) -> list[Mapping[str, Any]]:
    """Return the tables of a day (matrix.schema.json), the same for both languages."""
    from vatspolicy.guidance.access_matrix import build_matrix

    return [build_matrix(bundle, day, by=kind) for kind in KINDS]


def matrix_page(site: Site, tables: Sequence[Mapping[str, Any]]) -> str:
    """Render all tables on one page."""
    from vatspolicy.reports.access_matrix.document import fragment, read_style
    from vatspolicy.reports.access_matrix.words import heading

    parts = [
        (heading(data, site.lang), f"table-{data['by']}", fragment(data, site.lang, f"matrix-{data['by']}"))
        for data in tables
    ]
    return site.page(
        "site/matrix.html.j2",
        "matrix",
        site.say("matrix"),
        place_entries((title, id) for title, id, _ in parts),
        day=tables[0]["as_of"],
        style=read_style(),
        tables=parts,
        wide=True,
    )
