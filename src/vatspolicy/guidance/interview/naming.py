"""Ids of products, made from their titles."""

from __future__ import annotations

import re
import unicodedata

UNNAMED = "product"
"""Id of a product without a name, or with a name that has no Latin letter or digit."""
_LONGEST = 60


def make_slug(title: str) -> str:
    """Return the id of a product with this title: `Acme SaaS` becomes `acme-saas`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:_LONGEST].strip("-") or UNNAMED
