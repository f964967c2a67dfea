"""Records of which few parts are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Outline(dict[str, Any]):
    """The record of a decision whose parts are made when they are first asked for."""

    def __init__(self, parts: Mapping[str, Callable[[], Any]]) -> None:
        super().__init__()
        self._parts = parts

    def __missing__(self, key: str) -> Any:
        self[key] = self._parts[key]()
        return self[key]
