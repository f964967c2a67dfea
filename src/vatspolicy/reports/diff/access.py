"""Changed cells of the access matrix in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.i18n.words import joint
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.access_matrix.words import value
from vatspolicy.reports.diff.words import phrase

Data = Mapping[str, Any]

ABSENT = "–"
"""Sign for places that are not told."""


def rows(data: Data, lang: Language) -> Iterator[tuple[str, str, str, str]]:
    """Yield business, regime, and its cell before and after: the changed cells, then the changed places."""
    for cell in data["cells"]:
        offers = joint("list", lang).join(offer[lang] for offer in cell["offers"])
        sides = (value(cell[side], lang) for side in ("before", "after"))
        yield cell["title"][lang] + joint("colon", lang) + offers, cell["regime"][lang], *sides
    for one in data["places"]:
        before, after = (one[side][lang] if one[side] else ABSENT for side in ("before", "after"))
        yield phrase("places", lang), one["regime"][lang], before, after
