"""Untrusted archives (.tar, .tar.gz, .tgz), read into memory within limits; regular files only."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from pathlib import Path
from typing import BinaryIO

from vatspolicy.i18n import _, reason_of

ENDINGS = (".tar.gz", ".tgz", ".tar")
MAX_FILES = 20_000
MAX_BYTES = 128 * 2**20
"""Maximum number of members and of decompressed bytes of one archive."""
_GZIP = b"\x1f\x8b"
_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
"""Characters not allowed in file names of an archive: controls, backslashes, drives."""


class ArchiveError(Exception):
    """Error for a rejected archive; the text is one sentence."""


def is_archive(name: str) -> bool:
    """Return True if the file name is that of an archive."""
    return name.lower().endswith(ENDINGS)


def read_archive(path: Path, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES) -> list[tuple[str, bytes]]:
    """Return the name (relative, with slashes) and bytes of each file of an archive, in its order.

    The whole archive is examined, and refused for one member that is a link, a device or sparse, whose name
    leads upwards or comes twice, or that goes beyond the limits. Raises ArchiveError, with the name of the
    file at fault.
    """
    try:
        with path.open("rb") as file:
            return _read(path.name, file, max_bytes, max_files)
    except ValueError:  # not a valid file name
        raise ArchiveError(_("{name!r} is not a complete tar archive.", name=path.name)) from None
    except OSError as error:
        reason = reason_of(error) if error.strerror else _("it is not a file")
        raise ArchiveError(_("{name!r} cannot be read: {reason}.", name=path.name, reason=reason)) from None


def read_archive_bytes(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return the files of an archive that is in memory, as `read_archive` does. Raises ArchiveError."""
    return _read(name, io.BytesIO(content), MAX_BYTES, MAX_FILES)


def _read(name: str, file: BinaryIO, max_bytes: int, max_files: int) -> list[tuple[str, bytes]]:
    contents: dict[str, bytes] = {}
    try:
        packed = file.read(2) == _GZIP
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        data = stream.read(max_bytes + 1)  # of everything, headers included
        if len(data) > max_bytes:
            raise ArchiveError(_("{name!r} contains more than {value:g} MiB.", name=name, value=max_bytes / 2**20))
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", errorlevel=2, encoding="utf-8") as archive:
            for count, member in enumerate(archive, 1):
                if count > max_files:
                    message = _("{name!r} contains more than {max_files:,} members.", name=name, max_files=max_files)
                    raise ArchiveError(message)
                own = _file_name(name, member)
                if own in contents:
                    raise ArchiveError(_("{name!r} contains {member!r} twice.", name=name, member=own))
                if own is not None:
                    contents[own] = _content(archive, member)
            rest = data[archive.offset :]  # tarfile also ends silently at a broken header
        if not rest or rest.strip(b"\0"):
            raise EOFError
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, UnicodeError, ValueError):
        raise ArchiveError(_("{name!r} is not a complete tar archive.", name=name)) from None
    return list(contents.items())


def _file_name(archive: str, member: tarfile.TarInfo) -> str | None:
    """Return the name of a file, or None for a folder. OPA writes a leading slash, which is removed."""
    name = member.name.removeprefix("/")
    steps = [step for step in name.split("/") if step not in ("", ".")]
    if name.startswith("/") or ".." in steps or _ODD.search(name):
        message = _("{name!r} contains {member!r}, a path outside the archive.", name=archive, member=member.name)
        raise ArchiveError(message)
    if member.isdir():
        return None
    if not member.isreg() or member.issparse():
        message = _("{name!r} contains {member!r}, which is not a regular file.", name=archive, member=member.name)
        raise ArchiveError(message)
    if not steps:
        raise ArchiveError(_("{name!r} contains a file without a name.", name=archive))
    return "/".join(steps)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None  # a regular file
    content = file.read()
    if len(content) != member.size:
        raise EOFError
    return content
