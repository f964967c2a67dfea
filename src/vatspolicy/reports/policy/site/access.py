"""The matrix of access as pages of the site: services by regime and by place, on one day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.reports.formats.html_page import place_entries
from vatspolicy.reports.policy.site.site import Site

if TYPE_CHECKING:
    from vatspolicy.guidance.access_matrix import Matrix

KINDS = ("regimes", "places")


def access_tables(bundle: Bundle, day: str) -> list[Matrix]:
    """Return the tables of a day, the same for both languages."""
    from vatspolicy.guidance.access_matrix import build_matrix

    return [build_matrix(bundle, day, by=kind) for kind in KINDS]


def matrix_page(site: Site, tables: Sequence[Matrix]) -> str:
    """Render all tables on one page."""
    from vatspolicy.reports.access_matrix.document import fragment, read_style
    from vatspolicy.reports.access_matrix.words import heading

    parts = [
        (heading(one, site.lang), f"table-{one.by}", fragment(one, site.lang, f"matrix-{one.by}")) for one in tables
    ]
    return site.page(
        "site/matrix.html.j2",
        "matrix",
        site.say("matrix"),
        place_entries((title, id) for title, id, _ in parts),
        day=tables[0].as_of,
        style=read_style(),
        tables=parts,
        wide=True,
    )
