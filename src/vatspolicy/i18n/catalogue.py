"""The catalogue of Chinese texts: a `.po` file of GNU gettext, which Babel writes and checks.

It is read as it is: what a translator changes is in effect at once, and nothing compiled can be out of date.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import cache

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "locale", "zh", "LC_MESSAGES", "vatspolicy.po")

_STRING = r'((?:".*"\n)+)'
_ENTRY = re.compile(rf"^(?:msgctxt {_STRING})?msgid {_STRING}msgstr {_STRING}", re.MULTILINE)
_JOIN = re.compile(r'"\n"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r"}


@cache
def load_catalogue() -> Mapping[tuple[str, str], str]:
    """Return the Chinese of each text, by its context (empty for most) and its English."""
    with open(PATH, encoding="utf-8") as file:
        return read_catalogue(file.read())


def read_catalogue(text: str) -> dict[tuple[str, str], str]:
    """Return the entries of a `.po` file as Babel writes it."""
    return {
        (_read(context), _read(english)): _read(chinese) for context, english, chinese in _ENTRY.findall(f"{text}\n")
    }


def _read(written: str) -> str:
    """Return the value of strings of a `.po` file, one on each line."""
    text = _JOIN.sub("", written)[1:-2]
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text) if "\\" in text else text
