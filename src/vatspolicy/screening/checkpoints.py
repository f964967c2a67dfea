"""Checkpoints of a run on disk: the parts of complete batches, and the files that they become at the end.

A batch writes up to three files into OUTPUT.parts. The last, its summary, marks the batch as complete. Batches complete
in any order. A folder without settings is not a run: at its end, a run removes them first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from vatspolicy.output import write_file
from vatspolicy.screening.result import Totals

SETTINGS = "settings.json"
ANSWERS, REJECTS, SUMMARY = "answers.jsonl", "rejects.jsonl", "summary.json"


@dataclass
class Batch:
    """Open files of one batch, and its counts."""

    answers: TextIO
    rejects: TextIO
    totals: Totals | None = None
    """Set before the batch ends."""


class Checkpoints:
    """Folder of one run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def begin(self, identity: Mapping[str, object], resume: bool) -> str | None:
        """Prepare the folder. Return the reason if it cannot be used, in one sentence, else None.

        Raises: OSError.
        """
        settings = self.folder / SETTINGS
        if settings.exists():
            if not resume:
                return f"There is an unfinished run in {self.folder}: use --resume, or remove the folder"
            if json.loads(settings.read_bytes()) != identity:
                return "The input, the law or the settings differ from those of the unfinished run"
            return None
        if self.folder.exists():
            shutil.rmtree(self.folder)
        self.folder.mkdir(parents=True)
        write_file(settings, json.dumps(identity))
        return None

    def done(self) -> dict[int, Totals]:
        """Return the counts of every complete batch by its number."""
        return {int(path.name.split(".")[0]): Totals(**json.loads(path.read_bytes())) for path in self.files(SUMMARY)}

    @contextlib.contextmanager
    def batch(self, index: int) -> Iterator[Batch]:
        """Open the files of a batch. It is complete once its summary is written, after the block.

        Raises: OSError.
        """
        answers, rejects = self._path(index, ANSWERS), self._path(index, REJECTS)
        with _written(answers) as first, _written(rejects) as second:
            batch = Batch(first, second)
            yield batch
        assert batch.totals is not None
        if not batch.totals.rejected:
            rejects.unlink()
        write_file(self._path(index, SUMMARY), json.dumps(asdict(batch.totals)))

    def files(self, kind: str) -> list[Path]:
        """Return the parts of one kind, in the order of the input."""
        return sorted(self.folder.glob(f"*.{kind}"))

    def remove(self) -> None:
        """Remove the folder of a run that has ended.

        Raises: OSError.
        """
        (self.folder / SETTINGS).unlink()
        shutil.rmtree(self.folder)

    def _path(self, index: int, name: str) -> Path:
        return self.folder / f"{index:08}.{name}"


@contextlib.contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    """Open a file that is on disk after the block."""
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def join(parts: Iterable[Path], target: Path) -> int:
    """Concatenate the parts into one file, on disk. Return the number of lines.

    Raises: OSError.
    """
    lines = 0
    with target.open("wb") as file:
        for part in parts:
            with part.open("rb") as source:
                while content := source.read(1 << 20):
                    lines += content.count(b"\n")
                    file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return lines


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Provide a temporary file that replaces the target if the block succeeds."""
    whole = target.with_name(target.name + ".whole")
    try:
        yield whole
        whole.replace(target)
    finally:
        whole.unlink(missing_ok=True)
