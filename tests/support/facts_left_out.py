"""Profiles with one fact left out."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from vatspolicy.core.documents import Path as FactPath

DECLARED = {("company", "licenses"), ("deals",), ("filings",), ("opinions",)}
"""Facts of which none stated means that there are none."""
REPLACING = {"ftz"}
"""Facts that take the place of an answer of the gazetteer."""


def facts_of(data: Any, path: FactPath) -> Iterator[FactPath]:
    """Yield the paths of the facts in mappings; members of lists are no facts of their own."""
    for key, value in data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ():
        here = (*path, key)
        if isinstance(data, dict) and here not in DECLARED and key not in REPLACING:
            yield here
        if here not in DECLARED:
            yield from facts_of(value, here)


def without(data: Any, path: FactPath) -> Any:
    """Return the data without a fact."""
    changed = copy.deepcopy(data)
    target = changed
    for step in path[:-1]:
        target = target[step]
    del target[path[-1]]
    return changed
