"""Text in HTML: no markup, no control characters, no address that runs something. Templates escape every value so."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from markupsafe import Markup

from vatspolicy.i18n.text import clean

_SAFE_ADDRESS = re.compile(r"https?://[^\s\\]*|#[^\s]*|(?!/)[^:\s\\]*", re.IGNORECASE)
"""The web, a place on this page, or a page beside it; no `javascript:`, no `//host`, no `data:`."""
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;", "\n": "&#10;"})
"""A line break stays one, but no text begins a line of the page's source: runners read lines of logs as commands."""
_JSON_ESCAPES = str.maketrans({sign: f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})


def escape(text: str) -> str:
    """Text as HTML: no markup, no control or direction characters, for contents and quoted values alike."""
    return clean(text).translate(_ESCAPES)


def is_address(text: str | None) -> bool:
    """Return True for an address that a link may have: http(s), relative, or a place on the page."""
    return bool(text) and _SAFE_ADDRESS.fullmatch(str(text)) is not None


def trust(text: str) -> Markup:
    """Return text as markup that no template escapes. The caller answers for every character of it."""
    return Markup(text)  # noqa: S704


def escape_json(value: object) -> Markup:
    """Return a value as JSON that cannot end its element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return trust(clean(text.translate(_JSON_ESCAPES)))


def digest(text: str) -> str:
    """Return the digest of a style or a script, by which the policy of a page allows it."""
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
