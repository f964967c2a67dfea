"""Activation: the variables of a subject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class Activation(dict[str, Any]):
    """Variables by name: those of the subject around this one, and its own. Nobody changes them once made."""

    __slots__ = ()

    def __init__(self, outer: Mapping[str, Any], /, **own: Any) -> None:
        """Take the variables of the outer subject, and those that are added."""
        dict.__init__(self, outer, **own)
