"""Ids of products, made from their titles."""

from __future__ import annotations

import re
import unicodedata

from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.profile.edits import set_fact

UNNAMED = "product"
"""Id of a product without a name, or with a name that has no Latin letter or digit."""
_LONGEST = 60


def name_product(data: Tree, title: str) -> Tree:
    """Return a profile with the id derived from a title, and with the title unless it equals the id."""
    named = set_fact(data, ("product", "id"), make_slug(title))
    return named if make_slug(title) == title else set_fact(named, ("product", "title"), title)


def make_slug(title: str) -> str:
    """Return the id of a product with this title: `Acme SaaS` becomes `acme-saas`."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return "-".join(re.findall("[a-z0-9]+", plain))[:_LONGEST].strip("-") or UNNAMED
