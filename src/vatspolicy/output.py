"""Writing results: complete files or none, and a standard output that may close early or lack Chinese."""

from __future__ import annotations

import errno
import io
import os
import re
import stat
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from typing import TextIO, TypeAlias

    Text: TypeAlias = str | Iterable[str]
    """A text, or its parts in their order."""

_STYLES = {"green": "32", "red": "31", "yellow": "33", "blue": "34", "cyan": "36", "bold": "1", "dim": "2"}
HEADING = ("bold", "cyan")
"""Styles of a heading."""
_SIGNS = {"✔": "+", "✘": "x", "☐": "[ ]", "☑": "[x]", "→": "->", "§": "#", "≠": "!=", "·": "-", "–": "-", "…": "..."}
_PLAIN = str.maketrans(_SIGNS)
"""Replacements for signs that a terminal cannot show. Unknown (?) must differ from open and closed."""


class Style:
    """Terminal styles, or none where the output has no color."""

    def __init__(self, color: bool) -> None:
        self.color = color

    def __call__(self, text: str, *styles: str) -> str:
        """Return the text in the given styles: green, red, yellow, blue, cyan, bold, dim."""
        if not self.color or not styles:
            return text
        return f"\x1b[{';'.join(_STYLES[style] for style in styles)}m{text}\x1b[0m"


_status: list[Callable[[], AbstractContextManager[None]]] = []
"""Context without a long command's status line on the terminal, if any."""


def without_status() -> AbstractContextManager[None]:
    """Return a context without the status line, so that other output has its own line."""
    return _status[0]() if _status else nullcontext()


def keep_status(pause: Callable[[], AbstractContextManager[None]] | None) -> None:
    """Announce a status line and the context in which it is not drawn; None for its end."""
    _status[:] = [] if pause is None else [pause]


def find_link(path: Path) -> str:
    """Return the first part of a path below the working directory that is a link, or an empty string."""
    here = path.cwd()
    ancestor = here / path
    while ancestor != here and ancestor.is_relative_to(here):
        if ancestor.is_symlink():
            return str(ancestor.relative_to(here))
        ancestor = ancestor.parent
    return ""


_DESCRIPTOR = re.compile(r"/dev/std(?P<name>out|err)|(?:/dev/fd|/proc/self/fd)/(?P<number>[0-9]{1,6})")


def _find_descriptor(path: Path) -> int | None:
    """Return the open file of this process that a path such as `/dev/stdout` or `/dev/fd/63` names, if it is one."""
    match = _DESCRIPTOR.fullmatch(os.path.abspath(path)) if os.name == "posix" else None
    if match is None:
        return None
    return int(match["number"]) if match["number"] else {"out": 1, "err": 2}[match["name"]]


def is_special(path: Path) -> bool:
    """Return True for a pipe or a device, and for an open file of this process (`/dev/stdout`, `>(program)`)."""
    if _find_descriptor(path) is not None:
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def open_special(path: Path) -> int:
    """Open a pipe or a device for writing. Raises OSError, at once for a pipe without a reader.

    An open file of this process goes on where it stands: to open it again would begin at its start.
    """
    descriptor = _find_descriptor(path)
    if descriptor is not None:
        if descriptor == 1 and sys.stdout is not None:
            sys.stdout.flush()
        return os.dup(descriptor)
    handle = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | _BINARY)
    if hasattr(os, "O_NONBLOCK"):
        os.set_blocking(handle, True)  # wait only for an existing reader
    return handle


_BINARY: int = getattr(os, "O_BINARY", 0)


def write_file(path: Path, text: Text) -> None:
    """Replace a file atomically. Links are followed; pipes and devices are written to. Raises OSError."""
    write_bytes(path, (part.encode("utf-8", "replace") for part in _parts(text)))


def _parts(text: Text) -> Iterable[str]:
    return (text,) if isinstance(text, str) else text


def write_bytes(path: Path, content: bytes | Iterable[bytes]) -> None:
    """Write bytes, or their parts, in the same way. Raises OSError."""
    from pathlib import Path

    parts = (content,) if isinstance(content, bytes) else content
    if is_special(path):
        with os.fdopen(open_special(path), "wb") as file:
            file.writelines(parts)
        return
    target = Path(os.path.realpath(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(target))
    temporary = target.with_name(f".vatspolicy-{os.urandom(8).hex()}")
    # The system applies the process mask to a new file. Reading the mask would set it for all threads.
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o666 if mode is None else 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(parts)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            temporary.chmod(stat.S_IMODE(mode))
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def disarm(text: str, format: str = "text") -> str:
    """Return a text without pipeline commands of the older form (`##[error]`).

    GitHub's runner looks for one anywhere in a line of a log. In JSON and in markup the text keeps its meaning; plain
    text gets a space.
    """
    return text.replace("##[", _DISARMED.get(format, "## ["))


_DISARMED = {
    **dict.fromkeys(("json", "sarif"), "#\\u0023["),
    **dict.fromkeys(("markdown", "html", "junit", "dot"), "#&#35;["),
    "github": "##[",
}
"""Replacements by format; a space for other formats, which are plain text. Annotations escape it themselves."""


def write_stdout(text: Text | bytes, machine: bool = False) -> None:
    """Write to standard output. A closed pipe is not an error. Raises OSError for anything else.

    Bytes stay as they are. Text for programs (`machine`) is UTF-8. Text for people is in the terminal's encoding, with
    plain signs where that has no others.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    try:
        encoding = "utf-8" if machine else sys.stdout.encoding
        with without_status():
            sys.stdout.flush()
            for part in (text,) if isinstance(text, bytes) else _parts(text):
                if isinstance(part, str):
                    part = _encode(part if machine else disarm(part), encoding)
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
    except OSError as error:
        _discard(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            raise


def _encode(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
            text = text.translate(_PLAIN)
        return text.encode(encoding, "backslashreplace")


def _discard(stream: TextIO) -> None:
    """Discard the rest of the buffer, so that the interpreter does not fail to flush it at exit."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


def write_stderr(text: str) -> None:
    """Write to standard error; a closed stream must not affect the exit code."""
    if sys.stderr is None:
        return
    try:
        with without_status():
            sys.stderr.write(disarm(text))
            sys.stderr.flush()
    except (OSError, ValueError):
        _discard(sys.stderr)


def accept_any_text() -> None:
    """Help pages contain signs that an ASCII terminal cannot show; they must not cause an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def wants_color(errors: bool = False) -> bool:
    """Return True if standard output (`errors`: standard error) shows color.

    NO_COLOR and pipes turn color off, FORCE_COLOR turns it on.
    """
    stream = sys.stderr if errors else sys.stdout
    if os.environ.get("NO_COLOR") or stream is None:
        return False
    return bool(os.environ.get("FORCE_COLOR")) or is_terminal(stream)


def is_terminal(stream: TextIO | None) -> bool:
    """Return True for a terminal that understands control sequences."""
    try:
        return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # a closed stream
        return False
