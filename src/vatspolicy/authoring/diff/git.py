"""Revisions of a git repository, read without a checkout: no shell, fixed arguments, bounded in time and size.

Files come from `cat-file`, not from `archive`: attributes in the repository can keep files out of an archive, and a
change must not be able to hide a policy from the one who compares.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT = 120
"""Seconds that one call of git may take."""
MAX_FILES = 20_000
MAX_BYTES = 128 * 2**20
"""Most files, and most bytes of them together, that are read of one state."""
_REGULAR = ("100644", "100755")


class SourceError(Exception):
    """A revision or a folder that cannot be read; the text is a sentence and a hint."""


@dataclass(frozen=True)
class Git:
    """A repository, seen from one of its folders."""

    folder: Path
    """Where the project is: the root of the repository or below it."""

    def commit(self, revision: str) -> str:
        """The commit that a revision names, as its full id. Raises SourceError."""
        if not revision or revision.startswith("-") or re.search(r"[\s\x00-\x1f\x7f]", revision):
            raise SourceError(f"{revision!r} is no revision.")
        name = f"{revision}^{{commit}}"
        found = self._run("rev-parse", "--verify", "--quiet", "--end-of-options", name, ok=(0, 1, 128))
        id = found.decode("ascii", "replace").strip()
        if not re.fullmatch(r"[0-9a-f]{40,64}", id):
            self._run("rev-parse", "--git-dir")  # says so when there is no repository at all
            raise SourceError(f"There is no revision {revision!r} here. A shallow clone may need more history.")
        return id

    def merge_base(self, left: str, right: str) -> str:
        """The commit at which two commits parted. Raises SourceError."""
        found = self._run("merge-base", left, right, ok=(0, 1)).decode("ascii", "replace").split()
        if not found:
            raise SourceError("The two revisions have no common history. A shallow clone may need more of it.")
        return found[0]

    def files(self, commit: str, paths: Sequence[str], wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
        """Name and bytes of the regular files of a commit below paths relative to the folder. Raises SourceError."""
        prefix = self._run("rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")
        below = [f"{prefix}{path}" for path in paths]
        listing = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *below)
        entries = []
        for line in filter(None, listing.split(b"\0")):
            head, _, path = line.partition(b"\t")
            mode, _, id, size = head.decode("ascii").split()
            name = path.decode("utf-8", "surrogateescape").removeprefix(prefix)
            if mode in _REGULAR and wanted(name):
                entries.append((name, id, int(size)))
        check_size(len(entries), sum(size for _, _, size in entries))
        return list(zip((name for name, _, _ in entries), self._blobs([id for _, id, _ in entries]), strict=True))

    def _blobs(self, ids: Sequence[str]) -> list[bytes]:
        output = self._run("cat-file", "--batch", given="".join(f"{id}\n" for id in ids).encode()) if ids else b""
        blobs, at = [], 0
        for id in ids:
            end = output.index(b"\n", at)
            said = output[at:end].decode("ascii", "replace").split()  # id, blob, size; or id, missing
            if len(said) != 3 or said[1] != "blob":
                raise SourceError(f"The object {id} is missing from this clone.")
            size = int(said[2])
            blobs.append(output[end + 1 : end + 1 + size])
            at = end + 2 + size
        return blobs

    def _run(self, *arguments: str, ok: Sequence[int] = (0,), given: bytes = b"") -> bytes:
        """What git prints. Raises SourceError when it fails otherwise than with a code in `ok`."""
        command = ["git", "--no-replace-objects", "--no-pager", "--literal-pathspecs", *arguments]
        environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            result = subprocess.run(
                command,
                cwd=self.folder,
                env=environment,
                input=given,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise SourceError("git is not installed. Compare two folders instead.") from None
        except subprocess.TimeoutExpired:
            raise SourceError(f"git took more than {TIMEOUT} seconds.") from None
        except (OSError, ValueError) as error:
            raise SourceError(f"git cannot be started: {getattr(error, 'strerror', None) or error}.") from None
        if result.returncode not in ok:
            lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
            why = lines[0].removeprefix("fatal: ").rstrip(".") if lines else f"it ended with {result.returncode}"
            raise SourceError(f"git cannot read this: {why}.")
        return result.stdout


def check_size(files: int, size: int) -> None:
    """Raises SourceError for more than a comparison reads."""
    if files > MAX_FILES or size > MAX_BYTES:
        raise SourceError(
            f"There is too much to compare: at most {MAX_FILES:,} files and {MAX_BYTES // 2**20} MiB of one state."
        )
