"""Untrusted archives (.tar, .tar.gz, .tgz), read into memory within limits; regular files only."""

from __future__ import annotations

import gzip
import io
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from vatspolicy.i18n import _, reason_of

ENDINGS = (".tar.gz", ".tgz", ".tar")
MAX_FILES = 20_000
MAX_BYTES = 128 * 2**20
"""Maximum number of members and of decompressed bytes of one archive."""
_GZIP = b"\x1f\x8b"
_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
"""Characters that no file name in an archive needs: controls, backslashes, drives."""


class ArchiveError(Exception):
    """Error for a rejected archive; the text is one sentence."""


def is_archive(name: str) -> bool:
    """Return True if the file name is that of an archive."""
    return name.lower().endswith(ENDINGS)


def read_archive(
    path: Path, wanted: Callable[[str], bool] = lambda _: True, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES
) -> list[tuple[str, bytes]]:
    """Return the name (relative, with slashes) and bytes of each wanted file of an archive, in its order.

    The whole archive is examined, and refused for one member that is a link, a device or sparse, whose name
    leads upwards or comes twice, or that goes beyond the limits. Raises ArchiveError, with the name of the
    file at fault.
    """
    try:
        with path.open("rb") as file:
            return _read(path.name, file, wanted, max_bytes, max_files)
    except ValueError:  # no file can have such a name
        raise ArchiveError(_("{name!r} is not a complete tar archive.", name=path.name)) from None
    except OSError as error:
        raise ArchiveError(
            _(
                "{name!r} cannot be read: {reason}.",
                name=path.name,
                reason=reason_of(error) if error.strerror else _("it is not a file"),
            )
        ) from None


def read_archive_bytes(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return the files of an archive that is in memory, as `read_archive` does. Raises ArchiveError."""
    return _read(name, io.BytesIO(content), lambda _: True, MAX_BYTES, MAX_FILES)


def _read(
    name: str, file: BinaryIO, wanted: Callable[[str], bool], max_bytes: int, max_files: int
) -> list[tuple[str, bytes]]:
    try:
        return _ArchiveReader(name, wanted, max_bytes, max_files).read(file)
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error, UnicodeError, ValueError):
        raise ArchiveError(_("{name!r} is not a complete tar archive.", name=name)) from None


class _ArchiveReader:
    def __init__(self, name: str, wanted: Callable[[str], bool], max_bytes: int, max_files: int) -> None:
        self.name, self.wanted = name, wanted
        self.max_bytes, self.max_files = max_bytes, max_files

    def read(self, file: BinaryIO) -> list[tuple[str, bytes]]:
        packed = file.read(2) == _GZIP
        file.seek(0)
        stream = gzip.GzipFile(fileobj=file) if packed else file
        data = stream.read(self.max_bytes + 1)  # of everything: headers and unwanted files included
        if len(data) > self.max_bytes:
            raise ArchiveError(
                _("{name!r} contains more than {value:g} MiB.", name=self.name, value=self.max_bytes / 2**20)
            )
        found: dict[str, bytes | None] = {}
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", errorlevel=2, encoding="utf-8") as archive:
            for count, member in enumerate(archive, 1):
                if count > self.max_files:
                    raise ArchiveError(
                        _(
                            "{name!r} contains more than {max_files:,} members.",
                            name=self.name,
                            max_files=self.max_files,
                        )
                    )
                name = self.check(member)
                if name is None:
                    continue
                if name in found:
                    raise ArchiveError(_("{name!r} contains {member!r} twice.", name=self.name, member=name))
                found[name] = self.content(archive, member) if self.wanted(name) else None
            rest = data[archive.offset :]  # tarfile ends in silence at a broken header, too
        if not rest or rest.strip(b"\0"):
            raise EOFError
        return [(name, content) for name, content in found.items() if content is not None]

    def check(self, member: tarfile.TarInfo) -> str | None:
        """Return the name of a file, or None for a folder. OPA writes a leading slash, which is removed."""
        name = member.name.removeprefix("/")
        steps = [step for step in name.split("/") if step not in ("", ".")]
        if name.startswith("/") or ".." in steps or _ODD.search(name):
            raise ArchiveError(
                _("{name!r} contains {member!r}, a path outside the archive.", name=self.name, member=member.name)
            )
        if member.isdir():
            return None
        if not member.isreg() or member.issparse():
            raise ArchiveError(
                _("{name!r} contains {member!r}, which is not a regular file.", name=self.name, member=member.name)
            )
        if not steps:
            raise ArchiveError(_("{name!r} contains a file without a name.", name=self.name))
        return "/".join(steps)

    def content(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
        file = archive.extractfile(member)
        assert file is not None  # it is a plain file
        content = file.read()
        if len(content) != member.size:
            raise EOFError
        return content
