"""Locks on open files, for one process at a time. A lock ends with its process in every case."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

PATIENCE = 2.0
"""Seconds to wait for a lock: a killed run and its workers end one after another."""
_STEP = 0.05


class Locked(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def locked(handle: int) -> Iterator[None]:
    """Hold the lock on an open file within the block, and wait for it as long as it takes."""
    while not _try(handle, wait=True):
        pass
    try:
        yield
    finally:
        _release(handle)


@contextlib.contextmanager
def lock_file(path: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the lock on a file within the block. The file is created for it, and removed afterwards.

    Forks of this process hold it too: it is free when the last of them has ended.

    Raises:
        Locked: Another process holds it for longer than `patience` seconds.
        OSError: The file cannot be created.
    """
    end = time.monotonic() + patience
    while (handle := _open_locked(path)) is None:
        if time.monotonic() >= end:
            raise Locked(path)
        time.sleep(_STEP)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):  # Windows cannot remove an open file
            path.unlink()
        _release(handle)
        os.close(handle)


def _open_locked(path: Path) -> int | None:
    """Return the locked file; None if another process holds it, or has just removed it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    try:
        if _try(handle) and os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    except FileNotFoundError:
        pass
    os.close(handle)
    return None


def _try(handle: int, wait: bool = False) -> bool:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt  # type: ignore[import-not-found,unused-ignore]

        os.lseek(handle, 0, os.SEEK_SET)
        try:
            msvcrt.locking(handle, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _release(handle: int) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt  # type: ignore[import-not-found,unused-ignore]

        os.lseek(handle, 0, os.SEEK_SET)
        with contextlib.suppress(OSError):
            msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        return
    fcntl.flock(handle, fcntl.LOCK_UN)
