"""Digests of files as OPA takes them, so that its engine and this program agree on every signature."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, NoReturn

ALGORITHMS = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-224": "sha224",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
    "SHA-512-224": "sha512_224",
    "SHA-512-256": "sha512_256",
}
"""OPA's names, and those of hashlib."""
STRONG = ("SHA-256", "SHA-384", "SHA-512", "SHA-512-256")
"""Those in which nobody finds two files with one digest."""
STRUCTURED = ("data.json", ".manifest", "signatures.json")
"""Base names of files whose data are hashed, and not their bytes."""

_ESCAPED = re.compile('["\\\\\x00-\x1f\u2028\u2029]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


class _Number(str):
    """A number as it was written: 1.0 is not 1."""


def file_digest(name: str, content: bytes, algorithm: str = "SHA-256") -> str:
    """Hex digest of a file of a bundle. Raises ValueError for an unknown algorithm, or for data that are no JSON."""
    if algorithm not in ALGORITHMS:
        raise ValueError(f"there is no digest {algorithm!r}")
    if name.rpartition("/")[2] in STRUCTURED:
        content = canonical(content)
    return hashlib.new(ALGORITHMS[algorithm], content, usedforsecurity=False).hexdigest()


def canonical(content: bytes) -> bytes:
    """JSON as Go's encoder writes it in OPA: no space, keys in order, numbers as they were written.

    Raises ValueError for what is no JSON in UTF-8, and for one nested too deep to be read.
    """
    try:
        data = json.loads(
            content.decode("utf-8"), parse_int=_Number, parse_float=_Number, parse_constant=_refuse_constant
        )
        return _encode(data).encode("utf-8")
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON")


def _encode(value: Any) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{_text(key)}:{_encode(value[key])}" for key in sorted(value)) + "}"
        case list():
            return "[" + ",".join(map(_encode, value)) + "]"
        case _Number():
            return str(value)
        case str():
            return _text(value)
        case bool():
            return "true" if value else "false"
        case _:
            return "null"


def _text(text: str) -> str:
    """A string; halves of surrogate pairs become what Go makes of them, the sign for no character."""
    if not text.isascii():
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return '"' + _ESCAPED.sub(lambda found: _SHORT.get(found[0]) or f"\\u{ord(found[0]):04x}", text) + '"'
