"""Files of a git revision, read without trusting the repository.

They come from `git cat-file`, not from `git archive`: attributes in the repository can keep files out of an archive,
and a change must not be able to hide a policy from the person who compares. git runs without a shell, with fixed
arguments, bounded in time and size.
"""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from vatspolicy.i18n import Sentences, _, reason_of

TIMEOUT = 120
"""Time limit of a git call in seconds."""
MAX_FILES = 20_000
MAX_BYTES = 128 * 2**20
"""Maximum number of files of one state, and of their bytes in total."""
_REGULAR = ("100644", "100755")
_LINK = "120000"
"""Modes of regular files, and of a symbolic link, in a tree of git."""


class SourceError(Exception):
    """A revision or folder cannot be read; the text is a sentence and a hint."""


class _TreeEntry(NamedTuple):
    """One file of a commit."""

    name: str
    kind: str
    """file, link or other (a submodule)."""
    id: str
    size: int


@dataclass(frozen=True)
class Git:
    """A git repository, from one of its folders."""

    folder: Path
    """The folder of the project: the root of the repository or below it."""

    def commit(self, revision: str) -> str:
        """Return the full id of the commit that a revision names. Raises SourceError."""
        if not revision or revision.startswith("-") or re.search(r"[\s\x00-\x1f\x7f]", revision):
            raise SourceError(_("{revision!r} is not a revision.", revision=revision))
        settings = ("-c", "core.warnAmbiguousRefs=true")
        process = self._start(*settings, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        if b" is ambiguous" in process.stderr:  # git prefers the tag, which others may write
            hint = _("Write refs/heads/NAME, refs/remotes/NAME or refs/tags/NAME.")
            raise SourceError(Sentences(_("{revision!r} is ambiguous.", revision=revision), hint))
        id = process.stdout.decode("ascii", "replace").strip()
        if not re.fullmatch(r"[0-9a-f]{40,64}", id):
            self._run("rev-parse", "--git-dir")  # fails with a message if there is no repository
            raise SourceError(
                _("There is no revision {revision!r} here. A shallow clone may need more history.", revision=revision)
            )
        return id

    def merge_base(self, left: str, right: str) -> str:
        """Return the common ancestor of two commits. Raises SourceError."""
        ids = self._run("merge-base", left, right, ok=(0, 1)).decode("ascii", "replace").split()
        if not ids:
            raise SourceError(_("The two revisions have no common history. A shallow clone may need more of it."))
        return ids[0]

    def renames(self, before: str, after: str) -> dict[str, str]:
        """Return the renamed files of a commit, with their earlier names.

        Names are from the root of the repository. Raises SourceError.
        """
        output = self._run("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", before, after)
        words = output.decode("utf-8", "surrogateescape").split("\0")
        return {words[index + 2]: words[index + 1] for index in range(0, len(words) - 2, 3)}

    def _prefix(self) -> str:
        """Return the folder from the root of the repository, with a slash at its end. Raises SourceError."""
        return self._run("rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")

    def place(self, path: str) -> str:
        """Return a path from the root of the repository; a path with a leading `.` is relative to the folder.

        Raises:
            SourceError: The path leads out of the repository.
        """
        return from_root(self._prefix() + path if path.split("/")[0] in (".", "..") else path)

    def files(self, commit: str, places: Collection[str], wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
        """Return name and bytes of the regular files of a commit at or below places. Raises SourceError.

        Places and names are from the root of the repository.
        """
        entries = [entry for entry in self._entries(commit, places) if entry.kind == "file" and wanted(entry.name)]
        return list(zip((entry.name for entry in entries), self._contents(entries), strict=True))

    def has(self, commit: str, path: str) -> bool:
        """Return whether a commit has a file or a folder at a place, from the root. Raises SourceError."""
        return not path or bool(self._run("ls-tree", "-z", "--full-tree", commit, "--", path))

    def has_submodule(self, name: str) -> bool:
        """Return whether an entry of the folder is a submodule by the index. Raises SourceError."""
        return self._run("ls-files", "--stage", "-z", "--", name).startswith(b"160000 ")

    def everything(self, commit: str, folder: str) -> list[tuple[str, str, bytes]]:
        """Return name, kind (file, link or other) and bytes of all that is below a place, from the root.

        Names are from the place. Bytes are those of the .yaml files. Raises SourceError.
        """
        below = f"{folder}/" if folder else ""
        entries = [entry._replace(name=entry.name.removeprefix(below)) for entry in self._entries(commit, [folder])]
        read = [entry for entry in entries if entry.kind == "file" and entry.name.endswith(".yaml")]
        texts = dict(zip((entry.name for entry in read), self._contents(read), strict=True))
        return [(entry.name, entry.kind, texts.get(entry.name, b"")) for entry in entries]

    def check_out(self, commit: str, folder: Path) -> None:
        """Write the files of a commit to an empty folder, like a checkout. Raises SourceError.

        The working tree is not looked at. The index is in the folder as `.git`, which makes the folder a root.
        """
        own = {"GIT_INDEX_FILE": str(folder / ".git"), "GIT_WORK_TREE": str(folder)}
        # Programs in the working tree do not run, and every part of the commit is included.
        settings = ("core.hooksPath=/dev/null", "core.fsmonitor=false", "core.sparseCheckout=false")
        options = [word for setting in settings for word in ("-c", setting)]
        self._run(*options, "read-tree", commit, environment=own)
        self._run(*options, "checkout-index", "--all", environment=own)

    def _entries(self, commit: str, places: Collection[str]) -> Iterator[_TreeEntry]:
        below = [] if "" in places else places
        listing = self._run("ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", *below)
        for line in filter(None, listing.split(b"\0")):
            head, _, path = line.partition(b"\t")
            mode, _, id, size = head.decode("ascii").split()
            name = path.decode("utf-8", "surrogateescape")
            kind = "file" if mode in _REGULAR else "link" if mode == _LINK else "other"
            yield _TreeEntry(name, kind, id, int(size) if kind == "file" else 0)

    def _contents(self, entries: Sequence[_TreeEntry]) -> list[bytes]:
        check_size(len(entries), sum(entry.size for entry in entries))
        return self._blobs([entry.id for entry in entries])

    def _blobs(self, ids: Sequence[str]) -> list[bytes]:
        output = self._run("cat-file", "--batch", given="".join(f"{id}\n" for id in ids).encode()) if ids else b""
        blobs, at = [], 0
        for id in ids:
            end = output.index(b"\n", at)
            said = output[at:end].decode("ascii", "replace").split()  # id, blob, size; or id, missing
            if len(said) != 3 or said[1] != "blob":
                raise SourceError(_("The object {id} is missing from this clone.", id=id))
            size = int(said[2])
            blobs.append(output[end + 1 : end + 1 + size])
            at = end + 2 + size
        return blobs

    def _run(
        self,
        *arguments: str,
        ok: Sequence[int] = (0,),
        given: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run git and return its output. Raises SourceError for an exit code that is not in `ok`."""
        result = self._start(*arguments, given=given, environment=environment)
        if result.returncode not in ok:
            lines = result.stderr.decode("utf-8", "replace").strip().splitlines()
            why = (
                lines[0].removeprefix("fatal: ").rstrip(".")
                if lines
                else _("it ended with {returncode}", returncode=result.returncode)
            )
            raise SourceError(_("git cannot read this: {why}.", why=why))
        return result.stdout

    def _start(
        self, *arguments: str, given: bytes = b"", environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run git to its end, regardless of its exit code. Raises SourceError."""
        command = ["git", "--no-replace-objects", "--no-pager", "--literal-pathspecs", *arguments]
        fixed = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        try:
            return subprocess.run(
                command,
                cwd=self.folder,
                env={**os.environ, **fixed, **(environment or {})},
                input=given,
                capture_output=True,
                timeout=TIMEOUT,
                check=False,
            )
        except FileNotFoundError:
            raise SourceError(_("git is not installed. Compare two folders instead.")) from None
        except subprocess.TimeoutExpired:
            raise SourceError(_("git took more than {timeout} seconds.", timeout=TIMEOUT)) from None
        except (OSError, ValueError) as error:
            raise SourceError(_("git cannot be started: {reason}.", reason=reason_of(error))) from None


def from_root(path: str) -> str:
    """Return a path from the root of a state in its shortest form, "" for the root itself.

    Raises:
        SourceError: It leads out of the state.
    """
    normal = posixpath.normpath(path)
    if normal.startswith("/") or normal.split("/")[0] == "..":
        raise SourceError(_("{path!r} is outside the repository.", path=path))
    return "" if normal == "." else normal


def check_size(files: int, size: int) -> None:
    """Raise SourceError if the state is too large to compare."""
    if files > MAX_FILES or size > MAX_BYTES:
        raise SourceError(
            _(
                "This is too large to compare. The limit for each state is {count:,} files and {size} MiB.",
                count=MAX_FILES,
                size=MAX_BYTES // 2**20,
            )
        )
