"""Compiled forms kept on disk, so that cel-python need not be imported to decide.

An entry is plain data in Python's own format for byte code (marshal, which loads five times as fast as JSON), under a
name that contains the digest of everything it was made from. It is read only when it is whole, the user's own and not
writable by others; anything else is built anew. Nothing is unpickled. The entry of a bundle holds the byte code that
was generated from its typed trees: it is as trustworthy as Python's own cache beside the source, and no more portable.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")

LIMIT = 64 * 2**20
"""Largest entry that is read, in bytes."""


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 (hex) over parts, each with its length, so that no two lists of parts collide."""
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def language_digest() -> str:
    """Digest of the code that turns expressions into trees: another version of it must not read old entries."""
    folder = Path(__file__).parent
    sources = [
        *sorted((folder / "expression").glob("*.py")),
        folder / "policy.py",
        folder / "link.py",
        folder / "bundle.py",
    ]
    return digest(source.read_bytes() for source in sources)


def remember(kind: str, key: str, build: Callable[[], Any], read: Callable[[Any], T]) -> T:
    """What `read` makes of the entry `kind`-`key`; `build` makes the entry where there is no sound one.

    An entry is made of None, truths, numbers, texts, bytes, byte code, tuples, lists and dictionaries.
    """
    path = _folder() / f"{kind}-{key[:40]}.{sys.implementation.cache_tag}"
    data = _load(path)
    if data is not None:
        try:
            return read(data)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError):
            pass  # whole, but not what we would have written: build it anew
    data = build()
    _save(path, data)
    return read(data)


def _folder() -> Path:
    chosen = os.environ.get("VATSPOLICY_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vatspolicy"


def _load(path: Path) -> Any:
    """The data of a sound entry, else None."""
    try:
        with open(path, "rb") as file:
            status = os.fstat(file.fileno())
            foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
            if foreign or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or status.st_size > LIMIT:
                return None
            head, _, body = file.read().partition(b"\n")
    except OSError:
        return None
    if head.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        return None
    try:
        return marshal.loads(body)  # noqa: S302 - whole, and our own
    except (EOFError, ValueError, TypeError):  # written by another version of Python
        return None


def _save(path: Path, data: Any) -> None:
    """Write the entry whole or not at all; a cache that cannot be written is no error."""
    import tempfile

    body = marshal.dumps(data)
    head = hashlib.sha256(body).hexdigest().encode()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(head + b"\n" + body)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
    except OSError:
        return
