"""Patterns that are compiled when they are first used: few of those that a start imports are."""

from __future__ import annotations

import re

__all__ = ["LatePattern", "pattern"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class LatePattern:
    """What `re.compile` makes, made as late as can be."""

    def __init__(self, text: str, flags: int = 0) -> None:
        self._told = (text, flags)

    def __getattr__(self, name: str) -> Any:
        found = vars(self)[name] = getattr(re.compile(*self._told), name)
        return found


if TYPE_CHECKING:
    from re import compile as pattern
else:
    pattern = LatePattern
