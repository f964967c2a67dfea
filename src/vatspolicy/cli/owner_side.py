"""The side of the gate's owner: the files of a revision, in place of those in the working tree.

What decides whether the gate opens is read from the side of its owner; what the judged change brings along is data
(docs/security.md). So a run loads settings, law, locks and approvals while it stands in a copy of the revision, and
then decides the specs of the working tree. Every path that a setting can name is read there, whatever it is for.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.gate.judgement import EDITS, ITSELF, Remark
from vatspolicy.git import Git, SourceError
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase, _, reason_of
from vatspolicy.i18n.words import joint

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.gate.gate import GateResult

SHOWN = 5
"""Maximum number of findings and files listed in the remark; the rest is counted."""
_REMARK = Phrase("This change edits files that control the gate: {files}. The gate reads them from {revision} instead.")
_OPENS: Mapping[str, tuple[Phrase, Phrase]] = {
    "passes": (
        Phrase("With the files of the change, the gate would pass {n} finding that fails here: {names}."),
        Phrase("With the files of the change, the gate would pass {n} findings that fail here: {names}."),
    ),
    "unseen": (
        Phrase("With the files of the change, the gate would not look at {n} spec: {names}."),
        Phrase("With the files of the change, the gate would not look at {n} specs: {names}."),
    ),
}
_PASSES = Phrase("With the files of the change, the gate would pass, but here it fails.")
_MORE = Phrase("{names} and {n} more")
_NOTHING = Phrase("With the files of the change, the gate would pass nothing that fails here.")


@dataclass(frozen=True)
class OwnerSide:
    """A copy of a revision, separate from the working tree."""

    revision: str
    root: str
    """Root of the repository in the working tree."""
    copy: str
    """Root of the copy."""
    here: str
    """The working directory."""

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Provide the block in which relative paths refer to the revision."""
        folder = os.path.join(self.copy, os.path.relpath(self.here, self.root))
        try:
            os.makedirs(folder, exist_ok=True)
            if os.path.realpath(folder) != os.path.normpath(folder):
                raise SourceError(_("{path!r} is outside the repository.", path=os.path.relpath(self.here, self.root)))
            os.chdir(folder)
        except OSError as error:
            raise SourceError(_("This folder cannot be used: {reason}.", reason=reason_of(error))) from None
        try:
            yield
        finally:
            os.chdir(self.here)

    def name(self, path: str | Path) -> Path:
        """Return the common path of a file on both sides; a file outside the repository is not part of the change.

        Raises:
            SourceError: A relative path leads out of the repository.
        """
        full = os.path.normpath(os.path.join(self.here, path))
        for candidate in (full, os.path.realpath(full)):
            if os.path.commonpath([candidate, self.root]) == self.root:
                return Path(os.path.relpath(candidate, self.here))
        if not os.path.isabs(path):
            raise SourceError(_("{path!r} is outside the repository.", path=str(path)))
        return Path(path)

    def find_edited(self, paths: Iterable[Path], specs: Iterable[str], around: Sequence[str]) -> list[str]:
        """Return the paths that differ in the working tree, and files of a name `around` the specs."""
        named = {self.name(Path(self.here, path)) for path in paths}
        named |= {path.with_name("schemas") for path in named if path.name == "policies"}  # included in the law
        for start in (Path(self.here), *(Path(self.here, spec).parent for spec in specs)):
            above = [parent for parent in (start, *start.parents) if parent.is_relative_to(self.root)]
            named |= {self.name(folder / file) for folder in above for file in around}
        inside = sorted(str(path) for path in named if not path.is_absolute())
        with self.entered():
            before = [_read_state(path) for path in inside]
        return [path for path, state in zip(inside, before, strict=True) if _read_state(path) != state]


class Trust(NamedTuple):
    """The side of the owner, and its differences from the working tree."""

    side: OwnerSide
    here: Mapping[str, Any]
    """The values that the parameters would have under the settings of the working tree."""
    paths: tuple[Path, ...]
    """The paths that settings name on either side."""


def trust(
    revision: str,
    settings: Iterable[str],
    complete: Callable[[], dict[str, Any]],
    find_file: Callable[[], str | None],
) -> tuple[dict[str, Any], Trust]:
    """Return the values of parameters on the side of a revision, with paths as it names them.

    `complete` finds the values under the files of the working directory, and `find_file` its settings. `settings` are
    the parameters that decide whether the gate opens. Raises SourceError, and what `complete` raises.
    """
    side, here = take_owner_side(revision), complete()
    with side.entered():
        options, is_first = complete(), find_file() is None
    if is_first and not options.get("specs"):  # the change brings the first settings
        options["specs"] = here.get("specs", ())
    paths = []
    for name in settings:
        paths += [*_paths(here.get(name)), *_paths(options.get(name))]
        if _paths(options.get(name)):
            value = options[name]
            options[name] = side.name(value) if isinstance(value, Path) else [side.name(path) for path in value]
    return options, Trust(side, here, tuple(paths))


def _paths(value: Any) -> list[Path]:
    return [path for path in (value if isinstance(value, list | tuple) else [value]) if isinstance(path, Path)]


def _read_state(path: str) -> Mapping[str, bytes | str]:
    """Return a file, or the files of a law below a folder, with their bytes; links with the place they lead to."""
    state: dict[str, bytes | str] = {}
    waiting = [path]
    while waiting:
        entry = waiting.pop()
        try:
            if os.path.islink(entry):  # noqa: PTH114
                state[entry] = os.readlink(entry)  # noqa: PTH115
            elif os.path.isdir(entry):
                waiting += [os.path.join(entry, name) for name in os.listdir(entry) if name != ".git"]
            elif os.path.lexists(entry) and (entry == path or entry.endswith((".yaml", ".yml", ".json"))):
                state[entry] = Path(entry).read_bytes()
        except OSError as error:
            state[entry] = str(error.errno)
    return state


def take_owner_side(revision: str) -> OwnerSide:
    """Write a copy of a revision of the repository around the working directory. Raises SourceError."""
    here = os.path.realpath(os.curdir)
    git = Git(Path(here))
    commit, below = git.commit(revision), git.place("./")
    root = os.path.normpath(os.path.join(here, *[os.pardir] * len(below.split("/")))) if below else here
    copy = tempfile.mkdtemp(prefix="vatspolicy-owner-")
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    git.check_out(commit, Path(copy))
    return OwnerSide(revision, root, os.path.realpath(copy), here)


class Opened(NamedTuple):
    """Findings that fail with the owner's files and would pass with the files of the change."""

    findings: list[str]
    unseen: list[str]
    """Specs that the gate of the change does not decide."""
    passes: bool
    """True if the gate passes with the files of the change, and fails with the owner's files."""


def find_opened(result: GateResult, before: GateResult) -> Opened:
    """Compare a run under the files of the owner with one under those of the change."""
    fails, seen = _failures(result), {record.file for record in before.records} | set(before.invalid)
    still = _failures(before)
    decided = dict.fromkeys([*(record.file for record in result.records), *result.invalid])
    unseen = [file for file in decided if file not in seen]
    passes = [name for name, file in fails.items() if name not in still and file in {"", *seen}]
    return Opened(passes, unseen, bool(result.exit_code and not before.exit_code))


def _failures(result: GateResult) -> dict[str, str]:
    """Return the failures, each as `file: finding (subject)`, with its spec; empty for a notice on a waiver."""
    failures = {f"{file}: invalid": file for file in result.invalid}
    for remark in result.remarks or ():
        if result.judgement.fails_remark(remark):
            failures[f"{remark.file}: {remark.kind} {remark.rule or ''}".rstrip()] = ""
    for record in result.records:
        for failure in result.judgement.find_failures(record):
            item = None if failure.part == ITSELF else getattr(record, failure.part)[failure.position]
            what = getattr(item, "rule", None) or getattr(item, "path", failure.level)
            subject = str(getattr(item, "subject", ""))
            failures[f"{record.file}: {what}{f' ({subject})' if subject else ''}"] = record.file
    return failures


def _shorten(names: Sequence[str]) -> LocalizedText:
    """Return names as a list, with the number of further names."""
    listed: LocalizedText = {lang: joint("list", lang).join(names[:SHOWN]) for lang in LANGUAGES}
    return _MORE.fill(names=listed, n=len(names) - SHOWN) if len(names) > SHOWN else listed


def make_remark(revision: str, edited: Sequence[str], opened: Opened | None) -> Remark:
    """Return the remark on a change that edits the files of its gate; None if these files cannot be used."""
    sentences: list[LocalizedText] = [_REMARK.fill(files=_shorten(edited), revision=revision)]
    for key, names in (("passes", opened.findings), ("unseen", opened.unseen)) if opened else ():
        if names:
            sentences.append(_OPENS[key][len(names) > 1].fill(n=len(names), names=_shorten(names)))
    if opened and opened.passes and not (opened.findings or opened.unseen):
        sentences.append(_PASSES.fill())
    if opened and not any(opened):
        sentences.append(_NOTHING)
    level = "warning" if opened is None or any(opened) else "note"
    message = {lang: gap.join(sentence[lang] for sentence in sentences) for lang, gap in (("en", " "), ("zh", ""))}
    return Remark(EDITS, level, None, None, message, edited[0], 1, 1)
