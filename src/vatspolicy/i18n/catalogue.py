"""The catalogue of Chinese texts: a gettext `.po` file, which Babel writes and checks.

It is read as it is: what a translator changes is in effect at once, and nothing compiled can be out of date. One pass
finds its entries; a text is decoded when it is requested.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale", "zh", "LC_MESSAGES", "vatspolicy.po")

_ENTRY = re.compile(rb'\n((?:msgctxt ".*"\n)?msgid ".*")\nmsgstr "(.*)"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}
_WRITTEN = str.maketrans({"\\": "\\\\", '"': '\\"', **{sign: f"\\{letter}" for letter, sign in _ESCAPED.items()}})


@cache
def find_chinese(english: str, context: str = "") -> str:
    """Return the Chinese of a text by its context (empty for most) and its English, or an empty text."""
    head = f'msgid "{english.translate(_WRITTEN)}"'
    if context:
        head = f'msgctxt "{context.translate(_WRITTEN)}"\n{head}'
    text = _load().get(head.encode(), b"").decode()
    return _ESCAPE.sub(lambda escape: _ESCAPED.get(escape[1], escape[1]), text) if "\\" in text else text


@cache
def _load() -> Mapping[bytes, bytes]:
    """Return the Chinese of each entry by its context and English, in the form of the file."""
    with open(PATH, "rb") as file:
        return read_entries(file.read())


def read_entries(content: bytes) -> dict[bytes, bytes]:
    """Return the entries of a `.po` file as Babel writes it, with strings of several lines as one."""
    return dict(_ENTRY.findall(content.replace(b"\r\n", b"\n").replace(b'"\n"', b"")))
