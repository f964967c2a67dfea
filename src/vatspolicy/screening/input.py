"""Rows of a portfolio: JSON lines, Parquet, CSV with a mapping, or a table of a DuckDB database, one row at a time."""

from __future__ import annotations

import contextlib
import csv
import itertools
import json
import re
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vatspolicy.documents.reader import LIMITS
from vatspolicy.profile.vocabulary import describe

LINES, PARQUET, CSV, TABLE = "lines", "parquet", "csv", "table"
_KINDS = {".jsonl": LINES, ".ndjson": LINES, ".parquet": PARQUET, ".csv": CSV}
DOCUMENT = "profile"
"""A table whose only column has this name holds one profile as JSON text in each row."""

LONGEST = 16 << 20
"""Bytes of the longest line that is read: a file without line breaks must not fill the memory."""


class InputError(ValueError):
    """Why an input cannot be read at all, in one sentence."""


class NotJson(ValueError):
    """What standard JSON has not, but Python's reader would take."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row, numbered from 1 (a line of JSON lines, a record of a table)."""

    number: int
    text: str
    """The row as it came: JSON, or for the reject file alone."""
    data: Any = None
    """The profile as it would be written; None before `parsed`."""
    fault: str | None = None
    """Why there is no profile in it."""
    raw: bytes | None = None
    """The row as it came where it is no text."""
    place: tuple[int, int] | None = None
    """Offset in the file and length, in bytes, of a line that is too long to be read."""


Rows = Generator[Row, None, None]


def parsed(row: Row) -> Row:
    """The row with the profile in it, or with the fault: keys that stand twice, NaN, no JSON at all, too large."""
    if row.fault is not None or row.data is not None:
        return row
    if 4 * len(row.text) > LIMITS.size < len(row.text.encode("utf-8", "surrogatepass")):
        return replace(row, fault=f"The row is larger than {LIMITS.size:,} bytes.")
    try:
        data = _load(row.text)
    except (ValueError, RecursionError) as error:
        return replace(row, fault=_json_fault(error))
    return Row(row.number, row.text, without_nulls(data) if "null" in row.text else data)


def _load(text: str) -> Any:
    """JSON whose keys stand once. Objects are checked one by one only where the text may have a key twice."""
    data = json.loads(text, parse_constant=_refuse)
    if _SPACED_KEY.search(text) or text.count('":') != _keys(data):
        return json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    return data


_SPACED_KEY = re.compile(r'"\s+:')


def _keys(value: Any) -> int:
    """How many keys a value has: as many as its text has `":`, unless one stands twice or a text has one in it."""
    if isinstance(value, dict):
        return len(value) + sum(_keys(child) for child in value.values() if isinstance(child, dict | list))
    if isinstance(value, list):
        return sum(_keys(child) for child in value if isinstance(child, dict | list))
    return 0


@dataclass(frozen=True)
class Source:
    """Where rows come from."""

    kind: str
    path: Path
    table: str | None = None
    mapping: Mapping[str, str] | None = None
    """Of a CSV file: the dotted path of a fact to the column that holds it."""

    def rows(self) -> Rows:
        """Every row, in order; the file is never held as a whole, and open until they are closed. Raises InputError."""
        match self.kind:
            case "lines":
                return _lines(self.path)
            case "csv":
                return _cells(self.path, self.mapping or {})
        return _records(self)

    def expected(self) -> int:
        """About how many rows there are. Raises InputError."""
        if self.kind in (LINES, CSV):
            with self.path.open("rb") as file:
                lines = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))
            return lines - (self.kind == CSV)
        with _relation(self) as (connection, relation):
            return int(connection.execute(f"SELECT count(*) FROM {relation}").fetchall()[0][0])  # noqa: S608


def open_source(text: str, mapping: Mapping[str, str] | None = None) -> Source:
    """The source that a person names: a file by its ending, or FILE.duckdb:TABLE. Raises InputError."""
    name, colon, table = text.rpartition(":")
    if colon and name.endswith((".duckdb", ".db")):
        source = Source(TABLE, Path(name), table)
    else:
        kind = _KINDS.get(Path(text).suffix.lower())
        if kind is None:
            raise InputError("The input ends in .jsonl, .ndjson, .parquet or .csv, or is FILE.duckdb:TABLE")
        source = Source(kind, Path(text), mapping=mapping)
    if not source.path.is_file():
        raise InputError(f"There is no file {str(source.path)!r}")
    if (source.kind == CSV) != (mapping is not None):
        raise InputError("A CSV file, and nothing else, needs --mapping: which fact is in which column")
    return source


def read_mapping(path: Path) -> dict[str, str]:
    """A mapping file (YAML): the dotted path of a fact, then its column. Raises InputError, InvalidInput."""
    from vatspolicy.documents import load_document

    data = load_document(path).data
    if not isinstance(data, dict) or not data or not all(isinstance(column, str) for column in data.values()):
        raise InputError(f"{path} is no mapping of facts to columns, such as 'company.foreign_percent: share'")
    for fact in data:
        if not describe(tuple(_steps(str(fact)))):
            raise InputError(f"{path}: a profile has no fact {fact!r}")
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
                fault = f"The line is longer than {LONGEST >> 20} MB; it stands in the input at byte {offset}."
                yield Row(number, "", fault=fault, place=(offset, length))
            elif stripped := raw.strip():
                try:
                    yield Row(number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n"))
                except UnicodeDecodeError:
                    yield Row(number, "", fault="The line is not UTF-8.", raw=stripped)
            offset += length


@contextlib.contextmanager
def _relation(source: Source) -> Iterator[tuple[Any, str]]:
    """A connection, and what to select from. What DuckDB has against it is an InputError; its text may hold values."""
    try:
        import duckdb
    except ImportError:
        raise InputError("Parquet files and tables need the extra: pip install 'vatspolicy[portfolio]'") from None

    try:
        with duckdb.connect() as connection:
            connection.execute("SET enable_progress_bar = false")  # it would stand in the result
            if source.kind == TABLE:
                connection.execute(f"ATTACH {quote(str(source.path))} AS portfolio (READ_ONLY)")
                relation = 'portfolio."' + str(source.table).replace('"', '""') + '"'
            else:
                relation = f"read_parquet({quote(str(source.path))})"
            yield connection, relation
    except duckdb.Error as error:
        raise InputError(f"DuckDB cannot read {str(source.path)!r}: {type(error).__name__}") from None


def quote(text: str) -> str:
    """A text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _records(source: Source) -> Rows:
    """Rows of Parquet files and of tables, through DuckDB."""
    with _relation(source) as (connection, relation):
        columns = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()]  # noqa: S608
        what = f'"{DOCUMENT}"' if columns == [DOCUMENT] else "to_json(t)"
        found = connection.execute(f"SELECT CAST({what} AS VARCHAR) FROM {relation} AS t")  # noqa: S608
        number = 0
        while batch := found.fetchmany(1000):
            for number, (text,) in enumerate(batch, number + 1):  # noqa: B020 - it goes on where the last batch ended
                yield Row(number, text or "")


def _cells(path: Path, mapping: Mapping[str, str]) -> Rows:
    with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
        reader = csv.DictReader(file)
        missing = [column for column in mapping.values() if column not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{str(path)!r} has no column {missing[0]!r}")
        try:
            for number, record in enumerate(reader, 1):
                text = json.dumps(record, ensure_ascii=False)
                if None in record or None in record.values():
                    yield Row(number, text, fault="The record has more or fewer cells than the header.")
                    continue
                try:
                    yield Row(number, text, _profile_of(record, mapping))
                except ValueError as error:
                    yield Row(number, text, fault=str(error))
        except csv.Error as error:
            raise InputError(f"{str(path)!r} is no CSV file: {error}") from None


def _profile_of(record: Mapping[str, str], mapping: Mapping[str, str]) -> Any:
    """The profile of a record; an empty cell is a missing fact. Raises ValueError for a cell of the wrong kind."""
    data: dict[str, Any] = {"schema": 1, "company": {}, "services": []}
    for fact, column in mapping.items():
        cell = record[column].strip()
        if cell:
            steps = _steps(fact)
            _put(data, steps, _value(cell, describe(tuple(steps)), fact))
    return data


def _value(cell: str, schema: Mapping[str, Any], fact: str) -> Any:
    match schema.get("type"):
        case "boolean":
            if cell.lower() not in ("true", "false"):
                raise ValueError(f"{fact}: Write true or false.")
            return cell.lower() == "true"
        case "integer":
            try:
                return int(cell)
            except ValueError:
                raise ValueError(f"{fact}: Write a whole number.") from None
        case "number":
            try:
                return float(cell)
            except ValueError:
                raise ValueError(f"{fact}: Write a number.") from None
        case "array":
            return [part.strip() for part in cell.split(";") if part.strip()]
    return cell


def _put(data: Any, steps: list[str | int], value: Any) -> None:
    for step, following in itertools.pairwise(steps):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            data.extend({} for _ in range(step + 1 - len(data)))
            data = data[step]
        else:
            data = data.setdefault(step, empty)
    data[steps[-1]] = value


def _steps(fact: str) -> list[str | int]:
    return [int(step) if step.isdecimal() and step.isascii() else step for step in fact.split(".")]


def without_nulls(value: Any) -> Any:
    """The value without keys that say null: they say as little as keys that are left out."""
    if isinstance(value, dict):
        return {key: without_nulls(child) for key, child in value.items() if child is not None}
    return [without_nulls(member) for member in value] if isinstance(value, list) else value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("a key stands twice")
    return found


def _refuse(_: str) -> Any:
    raise NotJson("not a number")


def _json_fault(error: Exception) -> str:
    match error:
        case json.JSONDecodeError(msg=message, colno=column):
            return f"This is no JSON: {message.lower()} at column {column}."
        case NotJson():
            return f"This is no JSON: {error}."
        case RecursionError():
            return "This is no JSON: it is nested too deeply."
    return "This is no JSON: a number in it is too long."
