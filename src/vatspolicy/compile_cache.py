"""Compiled forms on disk: plain data, keyed by a digest of its sources.

An entry is read only if it is whole, it and its folder are not links, belong to the user and cannot be written by
others, and the folder is not part of a checkout; otherwise the entry is built again.
An entry that is read counts as used. When the entries take more than `MOST` bytes, those unused for longest go.
Data is stored with marshal in a version of the format that every Python reads, never with pickle. Only an entry `code`
holds byte code, of one Python; it is as trustworthy as Python's own cache beside the source. A wheel brings the entries
of its own policies in `SHIPPED`, which belong to the installation like the code beside them. Its generated code is a
source file there, which the installer compiles as all others.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import marshal
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from typing import Any, TypeVar

from vatspolicy.clock import nanoseconds

T = TypeVar("T")
State = list[tuple[str | int, ...]]

FORMAT = 4
"""Version of marshal's format that all supported versions of Python read and write."""
LIMIT = 64 * 2**20
"""Largest entry that is read, in bytes."""
MOST = 96 * 2**20
"""Size limit of all user entries in bytes: about twenty states of the law."""
_OFTEN = 16
"""Entries that a process writes between two checks of the total size. The first check is at its first entry."""
_written = itertools.count()
_ENTRY = re.compile(r"[a-z]+-[0-9a-f]{40}\..+")
"""Names of entries and of their temporary files. Nothing else in the folder is removed."""
_DIGESTS = re.compile(r"[0-9a-f]{64} [0-9a-f]{64}")
SHIPPED = os.path.join(os.path.dirname(os.path.realpath(__file__)), "_resources", "compiled")
"""Folder of the entries in a wheel."""
SETTLED = 3 * 10**9
"""Nanoseconds after which a further edit always changes the file time, on every file system."""
_HEAD = 65
"""Length of the first line of an entry: the digest of the rest."""


def digest(parts: Iterable[bytes]) -> str:
    """Return the SHA-256 (hex) of parts, each with its length, so that no two lists of parts collide."""
    total = sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big"))
        total.update(part)
    return total.hexdigest()


@functools.lru_cache
def compiler_digest() -> str:
    """Return the digest of the compiling code, so that other versions do not read old entries."""
    package = os.path.dirname(os.path.realpath(__file__))
    folders = [os.path.join(package, "core", name) for name in ("cel", "policies")]

    def read(folder: str) -> str:
        from pathlib import Path

        return digest(path.read_bytes() for path in sorted(Path(folder).glob("*.py")))

    every = cached_digests("compiler", [(folder, ".py") for folder in folders], lambda: [*map(read, folders)])
    return digest(each.encode() for each in every)


def get_or_build(kind: str, key: str, build: Callable[[], Any], read: Callable[[Any], T]) -> T:
    """Return `read(data)` of the entry `kind`-`key`. If it is missing or damaged, `build` makes it.

    An entry holds None, booleans, numbers, texts, bytes, tuples, lists and dictionaries; an entry `code`, byte code.
    """
    kept = get(kind, key, read)
    if kept is not None:
        return kept
    data = build()
    keep(kind, key, data)
    return read(data)


def keep(kind: str, key: str, data: Any) -> None:
    """Write the entry `kind`-`key` atomically. A cache that cannot be written is not an error."""
    import tempfile

    folder, name = _folder(), _name(kind, key)
    if not folder:
        return

    shared: dict[str | bytes, str | bytes] = {}
    content = marshal.dumps(_share(data, shared), FORMAT)
    try:
        os.makedirs(folder, exist_ok=True, mode=0o700)
        if not _is_trusted(folder):
            return
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(_head(content) + content)
            os.replace(temporary, os.path.join(folder, name))
        except OSError:
            os.unlink(temporary)
        if next(_written) % _OFTEN == 0:
            _forget(folder)
    except OSError:
        return


def get(kind: str, key: str, read: Callable[[Any], T]) -> T | None:
    """Return `read(data)` of the entry `kind`-`key` of the wheel or the user; None if it is missing or `read` fails."""
    for folder, own in ((SHIPPED, True), (_folder(), False)):
        data = _load(os.path.join(folder, _name(kind, key)), own) if folder else None
        if data is not None:
            with contextlib.suppress(Exception):  # whole, but not written by this code: any error may follow
                return read(data)
    return None


def cached_digests(kind: str, places: Sequence[tuple[str, str]], work: Callable[[], list[str]]) -> list[str]:
    """Return the two digests that `work` makes of files; run it again only if a file was changed, added or removed.

    `places` are folders with the ending of the files in and below them, or files. Files are compared by size, times
    and inode. Nobody can set the time of the last status change (ctime), so that no edit is missed; on Windows, which
    has no such time, `work` always runs.
    """
    before = _state(places)
    if before is None:
        return work()
    key = digest(os.path.abspath(place).encode("utf-8", "surrogateescape") for place, _ in places)
    kept = get(kind, key, lambda data: (data["state"], _DIGESTS.fullmatch(" ".join(data["value"]))))
    if kept is not None and kept[0] == before and kept[1]:
        return kept[1][0].split()
    value = work()
    newest = max((int(time) for entry in before for time in entry[2:4]), default=0)
    if newest + SETTLED < nanoseconds() and _state(places) == before:
        keep(kind, key, {"state": before, "value": value})
    return value


def _state(places: Iterable[tuple[str, str]]) -> State | None:
    """Return name, size, times and inode of every file; None if they do not show whether a file was changed."""
    if os.name == "nt":
        return None
    try:
        return sorted(entry for place, ending in places for entry in _walk(place, ending))
    except (OSError, ValueError):
        return None


def _walk(place: str, ending: str) -> Iterator[tuple[str | int, ...]]:
    if place.endswith(ending):
        yield _describe(place, os.stat(place))
        return
    with os.scandir(place) as entries:
        for entry in entries:
            if entry.is_dir():
                if entry.is_symlink():
                    raise ValueError("whether links are followed differs between versions of Python")
                yield from _walk(entry.path, ending)
            elif entry.name.endswith(ending):
                yield _describe(entry.path, entry.stat())


def _describe(path: str, status: os.stat_result) -> tuple[str | int, ...]:
    return (path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)


def _name(kind: str, key: str) -> str:
    return f"{kind}-{key[:40]}.data"


def _folder() -> str:
    """Return the folder of the user's entries; empty if none may be trusted.

    A relative path, a place below the working directory or below the repository that holds it: all of those may come
    with a checkout, and an entry is code.
    """
    chosen = os.environ.get("VATSPOLICY_CACHE")
    folder = chosen or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "vatspolicy")
    return folder if os.path.isabs(folder) and not _is_in_checkout(folder) else ""


def _is_in_checkout(folder: str) -> bool:
    try:
        root = os.path.realpath(os.curdir)
    except OSError:  # it was removed, so the comparison would not be safe
        return True
    above = root
    while above != (parent := os.path.dirname(above)):
        if os.path.lexists(os.path.join(above, ".git")):
            root = above
        above = parent
    real = os.path.realpath(folder)
    return any(path == root or path.startswith(os.path.join(root, "")) for path in (real, os.path.abspath(folder)))


def _is_trusted(folder: str) -> bool:
    """Return True for a folder owned by the user that is not a link and not writable by others."""
    status = os.lstat(folder)
    if not stat.S_ISDIR(status.st_mode):
        return False
    foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
    return os.name == "nt" or not (foreign or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _load(path: str, own: bool) -> Any:
    """Return the data of an intact entry, else None. `own`: the entry is part of the installed program."""
    try:
        if not own and not _is_trusted(os.path.dirname(path)):
            return None
        with open(path, "rb", buffering=0, opener=None if own else _open_no_link) as file:
            status = os.fstat(file.fileno())
            foreign = hasattr(os, "getuid") and status.st_uid != os.getuid()
            shared = foreign or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if (shared and not own) or not stat.S_ISREG(status.st_mode) or status.st_size > LIMIT:
                return None
            head, content = file.read(_HEAD), file.readall()
    except OSError:
        return None
    if head != _head(content):
        return None
    if not own:
        with contextlib.suppress(OSError):
            os.utime(path)
    with contextlib.suppress(Exception):  # not written by this code
        return marshal.loads(content)  # noqa: S302 - whole, and our own
    return None


def _share(data: Any, shared: dict[str | bytes, str | bytes]) -> Any:
    """Return data in which equal texts, and equal bytes, are one object, so that an entry holds each once."""
    match data:
        case str() | bytes():
            return shared.setdefault(data, data)
        case dict():
            return {_share(key, shared): _share(value, shared) for key, value in data.items()}
        case list():
            return [_share(member, shared) for member in data]
        case tuple():
            return tuple([_share(member, shared) for member in data])
    return data


def _open_no_link(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _head(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode() + b"\n"


def _forget(folder: str) -> None:
    """Remove the entries unused for longest until the rest takes no more than `MOST` bytes.

    Another process may remove them, too. One that reads an entry has opened it, and reads it to its end.
    """
    entries: list[tuple[int, int, str]] = []
    with os.scandir(folder) as scanned:
        for entry in scanned:
            with contextlib.suppress(OSError):
                if _ENTRY.fullmatch(entry.name):
                    status = entry.stat(follow_symlinks=False)
                    entries.append((status.st_mtime_ns, status.st_size, entry.path))
    surplus = sum(size for _, size, _ in entries) - MOST
    for _, size, path in sorted(entries):
        if surplus <= 0:
            return
        with contextlib.suppress(OSError):
            os.unlink(path)
        surplus -= size
