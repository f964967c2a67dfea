"""Rows of a portfolio, one at a time: JSON lines, Parquet, or CSV with a mapping.

A valid row gives the completed facts of its profile, another one the reasons why it has none.
"""

from __future__ import annotations

import contextlib
import csv
import hashlib
import importlib.util
import itertools
import json
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from vatspolicy.core.documents import parse_document, split_path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.reader import LIMITS
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.core.profile.invariants import broken_invariants
from vatspolicy.core.profile.profile import Profile, facts_of, read_profile
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.errors import InvalidInput, in_language
from vatspolicy.i18n import ForeignText, Phrase, _, current_language, translate
from vatspolicy.i18n.words import Counts, count
from vatspolicy.origin import install

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile


class Rejected(Exception):
    """A row without a valid profile. `reasons`: one sentence each, with the path of the fact but never its value.

    They are in the language of the run.
    """

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


MAX_REASONS = 20
"""Maximum number of reasons for one row."""
_COUNTS: Counts = {"further": (Phrase("{n} more problem."), Phrase("{n} more problems."))}


def read_facts(
    row: PortfolioRow, schemas: SchemaSet | None = None, admit: Callable[[Profile], Profile] | None = None
) -> Facts:
    """Return the completed facts of a parsed row, with only the granted opinions.

    `schemas` defaults to the shipped ones. `admit` checks opinions and grants some, as `admit_opinions` does.

    Raises: Rejected.
    """
    if row.fault is not None:
        raise Rejected([translate(row.fault)])
    if is_valid(row.data, "profile", schemas, nulls=False):  # `parse_row` has removed them
        facts = facts_of(row.data, schemas)
        names = [service["id"] for service in facts["services"]]
        plain = len(set(names)) == len(names) and not facts["opinions"]
        if plain and not broken_invariants(facts, schemas):
            return facts
    try:  # the slow path reports the problems and their places
        profile = read_profile(parse_document(json.dumps(row.data), "row.json"), schemas)
        profile = profile if admit is None else admit(profile)
        return {**profile.facts, "opinions": profile.granted_opinions}
    except InvalidInput as error:
        problems = map(in_language, error.problems)
        reasons = list(dict.fromkeys(f"{problem.path}: {problem.message}".removeprefix(": ") for problem in problems))
        rest = len(reasons) - MAX_REASONS
        further = [count(_COUNTS, "further", rest, current_language())] if rest > 0 else []
        raise Rejected(reasons[:MAX_REASONS] + further) from None


LINES, PARQUET, CSV = "lines", "parquet", "csv"
_KINDS = {".jsonl": LINES, ".ndjson": LINES, ".parquet": PARQUET, ".csv": CSV}
DOCUMENT = "profile"
"""Name of the only column of a Parquet file that holds one profile as JSON text in each row."""

LONGEST = 16 << 20
"""Maximum bytes of a line, so that a file without line breaks does not fill the memory."""


class InputError(ValueError):
    """An unreadable input; the reason in one sentence."""


class NotJson(ValueError):
    """Text that Python's reader accepts and standard JSON does not."""


@dataclass(frozen=True, slots=True)
class PortfolioRow:
    """One row, numbered from 1 (a line of JSON lines, a record of a table)."""

    number: int
    text: str
    """Text of the row: JSON, or for the reject file only."""
    data: Tree = None
    """The profile as written; None before `parse_row`."""
    fault: str | None = None
    """Reason why the row holds no profile, as a sentence that can be translated."""
    raw: bytes | None = None
    """Bytes of a row that is not text."""
    place: tuple[int, int] | None = None
    """Offset and length, in bytes, of a line that is too long to read."""


Rows = Generator[PortfolioRow, None, None]


def parse_row(row: PortfolioRow) -> PortfolioRow:
    """Return the row with its profile, or with its fault: too large, not JSON, a duplicate key, or NaN."""
    if row.fault is not None or row.data is not None:
        return row
    if 4 * len(row.text) > LIMITS.size < len(row.text.encode("utf-8", "surrogatepass")):
        return replace(row, fault=_("The row exceeds {most:,} bytes.", most=LIMITS.size))
    try:
        data = json.loads(row.text, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return replace(row, fault=_json_fault(error))
    return PortfolioRow(row.number, row.text, without_nulls(data) if "null" in row.text else data)


@dataclass(frozen=True)
class RowSource:
    """A file of rows."""

    kind: str
    path: Path
    mapping: Mapping[str, str] | None = None
    """Columns of a CSV file by the dotted path of the fact that each holds."""

    def rows(self) -> Rows:
        """Yield every row, in order. The file stays open until the generator is closed.

        Raises: InputError.
        """
        match self.kind:
            case "lines":
                return _lines(self.path)
            case "csv":
                return _cells(self.path, self.mapping or {})
        return _records(self.path)

    def digest(self) -> str:
        """Return a digest of the content."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def state(self) -> tuple[int, ...]:
        """Return the state of the file, to detect changes during reading."""
        status = self.path.stat()
        return (status.st_ino, status.st_size, status.st_mtime_ns)

    def expected(self) -> int:
        """Return the approximate number of rows.

        Raises: InputError.
        """
        if self.kind in (LINES, CSV):
            with self.path.open("rb") as file:
                lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
            return lines - (self.kind == CSV)
        with _open_parquet(self.path) as file:
            return int(file.metadata.num_rows)


def open_source(text: str, mapping: Mapping[str, str] | None = None) -> RowSource:
    """Return the source in a file, by its extension.

    Raises: InputError.
    """
    if Path(text.partition(":")[0]).suffix.lower() in (".duckdb", ".db"):
        raise InputError(_("screen does not read databases. Export the table to Parquet or JSON lines"))
    kind = _KINDS.get(Path(text).suffix.lower())
    if kind is None:
        raise InputError(_("The input must end in .jsonl, .ndjson, .parquet or .csv"))
    source = RowSource(kind, Path(text), mapping)
    if not source.path.is_file():
        raise InputError(_("There is no file {path!r}", path=str(source.path)))
    if (source.kind == CSV) != (mapping is not None):
        raise InputError(
            _("--mapping, the columns of facts, is required for a CSV file and not allowed for other input")
        )
    return source


def read_mapping(path: Path) -> dict[str, str]:
    """Read a mapping file (YAML) from the dotted paths of facts to columns.

    Raises: InputError, InvalidInput.
    """
    from vatspolicy.core.documents import load_document

    data = load_document(path).data
    if not isinstance(data, dict) or not data or not all(isinstance(column, str) for column in data.values()):
        raise InputError(
            _("{path} is not a mapping from facts to columns, such as 'company.foreign_percent: share'", path=path)
        )
    for fact in data:
        if not describe(split_path(str(fact))):
            raise InputError(_("{path}: a profile has no fact {fact!r}", path=path, fact=fact))
    return {str(fact): column for fact, column in data.items()}


def _lines(path: Path) -> Rows:
    offset = 0
    with path.open("rb") as file:
        for number in itertools.count(1):
            raw = file.readline(LONGEST)
            length = len(raw)
            if not raw:
                return
            if length == LONGEST and not raw.endswith(b"\n"):
                while not raw.endswith(b"\n") and (raw := file.readline(LONGEST)):
                    length += len(raw)
                fault = _(
                    "The line at byte {offset} of the input is longer than {most} MB.",
                    most=LONGEST >> 20,
                    offset=offset,
                )
                yield PortfolioRow(number, "", fault=fault, place=(offset, length))
            elif stripped := raw.strip():
                try:
                    yield PortfolioRow(number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n"))
                except UnicodeDecodeError:
                    yield PortfolioRow(number, "", fault=_("The line is not UTF-8."), raw=stripped)
            offset += length


def require_parquet() -> None:
    """Raise InputError unless the library for Parquet is installed."""
    if importlib.util.find_spec("pyarrow") is None:
        raise InputError(_("Parquet files need an extra: {command}", command=install("portfolio")))


@contextlib.contextmanager
def _open_parquet(path: Path) -> Iterator[ParquetFile]:
    """Open a Parquet file. An error becomes an InputError without its text, which may hold values."""
    require_parquet()
    from pyarrow import ArrowException
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            yield file
    except (ArrowException, OSError) as error:
        raise InputError(
            _("{path!r} is not a Parquet file: {error}", path=str(path), error=type(error).__name__)
        ) from None


def _records(path: Path) -> Rows:
    """Yield the rows of a Parquet file: a column a fact, or one column of JSON text."""
    number = 0
    with _open_parquet(path) as file:
        for batch in file.iter_batches(1000, use_threads=False):
            for number, record in enumerate(batch.to_pylist(), number + 1):  # noqa: B020 - it goes on after the last
                text = (
                    record[DOCUMENT]
                    if list(record) == [DOCUMENT]
                    else json.dumps(record, ensure_ascii=False, default=_cell)
                )
                yield PortfolioRow(number, text or "")


def _cell(value: object) -> object:
    """Return a value of Parquet that JSON lacks, such as a day."""
    return float(value) if isinstance(value, Decimal) else str(value)


def _cells(path: Path, mapping: Mapping[str, str]) -> Rows:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.DictReader(file)
        missing = [column for column in mapping.values() if column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(_("{path!r} has no column {column!r}", path=str(path), column=missing[0]))
        try:
            for number, record in enumerate(reader, 1):
                text = json.dumps(record, ensure_ascii=False)
                if None in record or None in record.values():
                    yield PortfolioRow(number, text, fault=_("The record has more or fewer cells than the header."))
                    continue
                try:
                    yield PortfolioRow(number, text, _profile_of(record, mapping))
                except ValueError as error:
                    yield PortfolioRow(number, text, fault=str(error))
        except csv.Error as error:
            raise InputError(_("{path!r} is not a CSV file: {error}", path=str(path), error=error)) from None


def _profile_of(record: Mapping[str, str], mapping: Mapping[str, str]) -> Facts:
    """Return the profile of a record. An empty cell is a missing fact.

    Raises: ValueError for a cell of the wrong type.
    """
    data: dict[str, Tree] = {"schema": 2, "company": {}, "services": []}
    for fact, column in mapping.items():
        cell = record[column].strip()
        if cell:
            path = split_path(fact)
            _put(data, path, _value(cell, describe(path), fact))
    return data


def _value(cell: str, schema: Tree, fact: str) -> Tree:
    match schema.get("type"):
        case "boolean":
            if cell.lower() not in ("true", "false"):
                raise ValueError(_("{fact}: Write true or false.", fact=fact))
            return cell.lower() == "true"
        case "integer":
            try:
                return int(cell)
            except ValueError:
                raise ValueError(_("{fact}: Write a whole number.", fact=fact)) from None
        case "number":
            try:
                return float(cell)
            except ValueError:
                raise ValueError(_("{fact}: Write a number.", fact=fact)) from None
        case "array":
            return [part.strip() for part in cell.split(";") if part.strip()]
    return cell


def _put(data: Tree, steps: tuple[str | int, ...], value: Tree) -> None:
    for step, following in itertools.pairwise(steps):
        empty: Tree = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            data.extend({} for _ in range(step + 1 - len(data)))
            data = data[step]
        else:
            data = data.setdefault(step, empty)
    data[steps[-1]] = value


def without_nulls(value: Tree) -> Tree:
    """Return the value without keys whose value is null: such a fact is missing."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    return [without_nulls(member) for member in value] if isinstance(value, list) else value


def _once(pairs: list[tuple[str, Tree]]) -> dict[str, Tree]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise NotJson(_("a key is repeated"))
    return record


def _refuse(__: str) -> NoReturn:
    raise NotJson(_("not a number"))


def _json_fault(error: Exception) -> str:
    match error:
        case json.JSONDecodeError(msg=message, colno=column):
            reason = ForeignText(message.lower())
            return _("This is not valid JSON: {reason} at column {column}.", reason=reason, column=column)
        case NotJson():
            return _("This is not valid JSON: {reason}.", reason=str(error))
        case RecursionError():
            return _("This is not valid JSON: it is nested too deeply.")
    return _("This is not valid JSON: a number in it is too long.")
