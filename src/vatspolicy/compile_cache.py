"""Compiled forms kept on disk, so that cel-python need not be imported to decide.

An entry is plain data in Python's own format for byte code (marshal, which loads five times as fast as JSON), under a
name that contains the digest of everything it was made from. It is read only when it is whole, the user's own and not
writable by others; anything else is built anew. Nothing is unpickled. The entry of a bundle holds the byte code that
was generated from its typed trees: it is as trustworthy as Python's own cache beside the source, and no more portable.

A wheel brings the entries of its own law (`SHIPPED`), under the same names. They are whole or not used, and as much the
installation's as the code beside them, so that nobody asks whose they are.
"""

from __future__ import annotations

import functools
import marshal
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING

from vatspolicy.clock import nanoseconds

try:  # hashlib loads OpenSSL first, which takes longer than all that a start has to hash
    from _blake2 import blake2b
except ImportError:  # an interpreter that is built in another way
    from hashlib import blake2b

if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

PIECES = "pieces"
"""The key of what is kept aside in an entry."""
LIMIT = 64 * 2**20
"""Largest entry that is read, in bytes."""
SHIPPED = os.path.join(os.path.dirname(os.path.realpath(__file__)), "_resources", "compiled")
"""Where a wheel has its entries."""
SETTLED = 3 * 10**9
"""Nanoseconds after which a file that is edited again has another time, on every file system."""


def digest(parts: Iterable[bytes]) -> str:
    """SHA-256 (hex) over parts, each with its length, so that no two lists of parts collide: for others to compare."""
    from hashlib import sha256

    total = sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def key_of(parts: Iterable[bytes]) -> str:
    """BLAKE2b (hex) over parts in the same way: for keys of entries, which no one else computes."""
    total = _hash()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


def _hash(content: bytes = b"") -> blake2b:
    return blake2b(content, digest_size=32)


def language_sources() -> list[str]:
    """The code that turns policies into compiled forms: the folders of it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    names = ("cel", "policies")
    return [os.path.join(folder, name) for name in names]


@functools.lru_cache
def language_digest() -> str:
    """Digest of that code: another version of it must not read old entries."""
    from pathlib import Path

    return key_of(
        source.read_bytes() for folder in map(Path, language_sources()) for source in sorted(folder.glob("*.py"))
    )


def get_or_build(kind: str, key: str, build: Callable[[], Any], read: Callable[[Any], T]) -> T:
    """What `read` makes of the entry `kind`-`key`; `build` makes the entry where there is no sound one.

    An entry is made of None, truths, numbers, texts, bytes, byte code, tuples, lists and dictionaries. What a
    dictionary has as `PIECES`, a list of bytes, is given to `read` as views: it costs nothing until it is looked at.
    """
    found = get(kind, key, read)
    if found is not None:
        return found
    data = build()
    _save(os.path.join(_folder(), _name(kind, key)), data)
    return read(data)


def get(kind: str, key: str, read: Callable[[Any], T]) -> T | None:
    """What `read` makes of the entry `kind`-`key`, the wheel's or the user's; None where there is no sound one."""
    for folder, ours in ((SHIPPED, True), (_folder(), False)):
        data = _load(os.path.join(folder, _name(kind, key)), ours)
        if data is not None:
            try:
                return read(data)
            except (KeyError, TypeError, ValueError, IndexError, AttributeError):
                pass  # whole, but not what we would have written
    return None


def cached_while_unchanged(kind: str, folders: Sequence[tuple[str, str]], work: Callable[[], T]) -> T:
    """Plain data that `work` makes of files; made anew only when one has been touched, added or taken away.

    `folders` are folders with the ending of the files in and below them, or files. That a file is as it was is told by
    its size, times, and place on the disk. Nobody can set the time of a file's last change (ctime), so that an edit
    which keeps size and date is not missed; where there is no such time (Windows), files are read at each start.
    """
    before = _state(folders)
    key = key_of(os.path.abspath(part).encode("utf-8", "surrogateescape") for part, _ in folders)
    if before is not None:
        kept = get(kind, key, lambda data: (data["state"], data["value"]))
        if kept is not None and kept[0] == before:
            return kept[1]  # type: ignore[no-any-return]
    value = work()
    if before is not None and _state(folders) == before and _is_settled(before):
        _save(os.path.join(_folder(), _name(kind, key)), {"state": before, "value": value})
    return value


def _state(folders: Iterable[tuple[str, str]]) -> list[tuple[str | int, ...]] | None:
    """Name, size, times and place on the disk of every file; None where that does not tell whether it is as it was."""
    if os.name == "nt":
        return None
    try:
        return sorted(entry for folder, ending in folders for entry in _walk(folder, ending))
    except (OSError, ValueError):
        return None


def _walk(folder: str, ending: str) -> Iterator[tuple[str | int, ...]]:
    if folder.endswith(ending):
        yield _seen(folder, os.stat(folder))
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.is_symlink():
                    raise ValueError("whether links are followed differs between versions of Python")
                yield from _walk(entry.path, ending)
            elif entry.name.endswith(ending):
                yield _seen(entry.path, entry.stat())


def _seen(path: str, found: os.stat_result) -> tuple[str | int, ...]:
    return (path, found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino, found.st_dev)


def _is_settled(state: list[tuple[str | int, ...]]) -> bool:
    """Whether all files are old enough for their times to tell of the next edit: one just written has no other yet."""
    newest = max((int(time) for entry in state for time in entry[2:4]), default=0)
    return newest + SETTLED < nanoseconds()


def _name(kind: str, key: str) -> str:
    return f"{kind}-{key[:40]}.{sys.implementation.cache_tag}"


def _folder() -> str:
    chosen = os.environ.get("VATSPOLICY_CACHE")
    if chosen:
        return chosen
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vatspolicy")


def _load(path: str, ours: bool) -> Any:
    """The data of a sound entry, else None. `ours`: it came with the program, whoever installed that."""
    try:
        with open(path, "rb", buffering=0) as file:  # a buffer would be one copy more
            status = os.fstat(file.fileno())
            foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
            shared = foreign or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if (shared and not ours) or status.st_size > LIMIT:
                return None
            head, content = file.read(_HEAD), file.readall()
    except OSError:
        return None
    if head != _head(content):
        return None
    try:
        data, sizes = marshal.loads(content)  # noqa: S302 - whole, and our own
        if sizes:
            ends = list(accumulate(sizes, initial=len(content) - sum(sizes)))
            data[PIECES] = [memoryview(content)[start:end] for start, end in pairwise(ends)]
    except (EOFError, ValueError, TypeError):  # written by another version of Python
        return None
    return data


def _head(content: bytes) -> bytes:
    """The first line of an entry."""
    return _hash(content).hexdigest().encode() + b"\n"


_HEAD = 65
"""Characters of it."""


def _save(path: str, data: Any) -> None:
    """Write the entry whole or not at all; a cache that cannot be written is no error."""
    import tempfile

    pieces: list[bytes] = data.get(PIECES, []) if isinstance(data, dict) else []
    kept = {key: value for key, value in data.items() if key != PIECES} if pieces else data
    content = b"".join([marshal.dumps((kept, [len(piece) for piece in pieces])), *pieces])
    folder, name = os.path.split(path)
    try:
        os.makedirs(folder, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(content) + content)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
    except OSError:
        return
