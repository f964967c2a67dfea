"""Parts of an output on disk: each holds the answers and rejects of some rows, and a resumed run keeps whole ones.

A part has three files in OUTPUT.parts. The last, its counts, marks it as whole. Parts may be finished in any order. A
folder without settings is not a run: at its end, a run removes them first.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from vatspolicy.output import write_file
from vatspolicy.screening.result import Totals

if TYPE_CHECKING:
    from pyarrow import Schema

SETTINGS = "settings.json"
ANSWERS, REJECTS, COUNTS = "answers.jsonl", "rejects.jsonl", "counts.json"


class Parts:
    """Folder of the parts of one run."""

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
        """Return the counts of every whole part by its number."""
        return {int(path.name.split(".")[0]): Totals(**json.loads(path.read_bytes())) for path in self.files(COUNTS)}

    @contextlib.contextmanager
    def open(self, index: int) -> Iterator[tuple[TextIO, TextIO]]:
        """Provide the files of answers and of rejects of a part, which are on disk after the block. Raises OSError."""
        with _written(self._path(index, ANSWERS)) as answers, _written(self._path(index, REJECTS)) as rejects:
            yield answers, rejects

    def finish(self, index: int, totals: Totals) -> None:
        """Mark a part as whole. Raises OSError."""
        write_file(self._path(index, COUNTS), json.dumps(asdict(totals)))

    def files(self, kind: str) -> list[Path]:
        """Return the files of one kind, in the order of the input."""
        return sorted(self.folder.glob(f"*.{kind}"))

    def remove(self) -> None:
        """Remove the folder of a run that has ended. Raises OSError."""
        (self.folder / SETTINGS).unlink()
        shutil.rmtree(self.folder)

    def _path(self, index: int, kind: str) -> Path:
        return self.folder / f"{index:08}.{kind}"


@contextlib.contextmanager
def _written(path: Path) -> Iterator[TextIO]:
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Provide a temporary file that replaces the target if the block succeeds."""
    whole = target.with_name(target.name + ".whole")
    try:
        yield whole
        whole.replace(target)
    finally:
        whole.unlink(missing_ok=True)


def join(parts: Iterable[Path], target: Path) -> int:
    """Concatenate files into one, on disk. Return the number of lines. Raises OSError."""
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


def write_parquet(parts: Iterable[Path], target: Path, missing: bool, compared: bool) -> int:
    """Write files of answers as one Parquet file, on disk. Return the number of rows. Raises OSError."""
    from pyarrow import json as lines
    from pyarrow.parquet import ParquetWriter

    schema, rows = answer_columns(missing, compared), 0
    given = lines.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error")
    with target.open("wb") as file:
        with ParquetWriter(file, schema) as writer:
            for part in parts:
                if size := part.stat().st_size:
                    blocks = lines.ReadOptions(use_threads=False, block_size=size)
                    table = lines.read_json(part, read_options=blocks, parse_options=given)
                    writer.write_table(table)
                    rows += table.num_rows
        file.flush()
        os.fsync(file.fileno())
    return rows


def answer_columns(missing: bool, compared: bool) -> Schema:
    """Return the columns of answers in Parquet."""
    import pyarrow as pa

    text, texts = pa.string(), pa.list_(pa.string())
    activity = pa.struct({"class": text, "decision": text})
    service = pa.struct({"id": text, "state": text, "decision": text, "activities": pa.list_(activity)})
    columns = {"row": pa.int64(), "id": text, "as_of": text, "decision": text, "range": texts}
    columns |= {"services": pa.list_(service), "rules": texts}
    columns |= {"missing": texts} if missing else {}
    columns |= {"base": text, "gains": texts, "losses": texts} if compared else {}
    return pa.schema(columns)
