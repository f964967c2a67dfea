"""JSON bodies of responses: by orjson where it is installed, else by the standard library, with the same data."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any


def encode_plainly(data: Any) -> bytes:
    """Return data as compact JSON in UTF-8."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _choose() -> Callable[[Any], bytes]:
    try:
        import orjson
    except ImportError:
        return encode_plainly
    return orjson.dumps


encode: Callable[[Any], bytes] = _choose()
"""Return data as compact JSON in UTF-8."""
