"""What a run has done so far, on disk: the parts of whole batches, and the files that they become at the end.

Each batch becomes up to three files in OUTPUT.parts, of which the last, its summary, says that the batch is whole.
Batches may become whole in any order. A folder without settings is no run: a run that ended removes them first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from vatspolicy.output import write_file

SETTINGS = "settings.json"
ANSWERS, REJECTS, SUMMARY = "answers.jsonl", "rejects.jsonl", "summary.json"


class Batch:
    """The files of one batch at work. `counts`: its summary, to be set before it ends."""

    def __init__(self, files: contextlib.ExitStack, answers: Path, rejects: Path) -> None:
        self._files, self._rejects = files, rejects
        rejects.unlink(missing_ok=True)  # of a run that was stopped in this batch
        self.opened = [files.enter_context(answers.open("w", encoding="utf-8", errors="replace", newline=""))]
        self.counts: dict[str, Any] = {}

    def answer(self, line: str) -> None:
        """Keep an answer. Raises OSError."""
        self.opened[0].write(line)

    def reject(self, line: str) -> None:
        """Keep a rejected row. Raises OSError."""
        if len(self.opened) == 1:
            file = self._rejects.open("w", encoding="utf-8", errors="replace", newline="")
            self.opened.append(self._files.enter_context(file))
        self.opened[1].write(line)


class Checkpoints:
    """The folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, identity: Mapping[str, Any], resume: bool) -> str | None:
        """Make the folder ready. Why that cannot be, in one sentence; None where it can. Raises OSError."""
        settings = self.folder / SETTINGS
        if settings.exists():
            if not resume:
                return f"There is an unfinished run in {self.folder}: use --resume, or remove the folder"
            if json.loads(settings.read_bytes()) != identity:
                return "The input, the law or the settings are not those of the unfinished run"
            return None
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        write_file(settings, json.dumps(identity))
        return None

    def done(self) -> dict[int, dict[str, Any]]:
        """The counts of every batch that is whole, by its number."""
        return {int(path.name.split(".")[0]): json.loads(path.read_bytes()) for path in self.files(SUMMARY)}

    @contextlib.contextmanager
    def batch(self, index: int) -> Iterator[Batch]:
        """Where the lines of a batch go, as they come. It is whole once its summary is kept. Raises OSError."""
        with contextlib.ExitStack() as files:
            batch = Batch(files, self._path(index, ANSWERS), self._path(index, REJECTS))
            yield batch
            for file in batch.opened:
                file.flush()
                os.fsync(file.fileno())
        write_file(self._path(index, SUMMARY), json.dumps(batch.counts))

    def files(self, kind: str) -> list[Path]:
        """The parts of one kind, in the order of the input."""
        return sorted(self.folder.glob(f"*.{kind}"))

    def remove(self) -> None:
        """The run has ended. Raises OSError."""
        (self.folder / SETTINGS).unlink()
        shutil.rmtree(self.folder)

    def _path(self, index: int, name: str) -> Path:
        return self.folder / f"{index:08}.{name}"


def join(parts: Iterable[Path], target: Path) -> None:
    """One file of all parts, whole or not at all. Raises OSError."""
    with whole_file(target) as whole, whole.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A file beside the target, which it replaces when all went well."""
    whole = target.with_name(target.name + ".whole")
    try:
        yield whole
        whole.replace(target)
    finally:
        whole.unlink(missing_ok=True)
