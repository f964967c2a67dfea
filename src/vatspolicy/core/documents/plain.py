"""Untyped data of a YAML or JSON file; only a schema describes its content."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Tree: TypeAlias = Any
"""A value of a file: dictionaries, lists and scalars. The value of a fact or of a parameter is one, too."""
Fields: TypeAlias = Mapping[str, Tree]
"""The fields of an object of a file, such as a test or an entry of settings."""
Facts: TypeAlias = Fields
"""The facts of a profile by name, as `profile.schema.json` describes them."""


def value_at(data: Tree, path: Iterable[str | int]) -> Tree:
    """Return the part of some data at a path. Raises LookupError."""
    for step in path:
        data = data[step]
    return data
