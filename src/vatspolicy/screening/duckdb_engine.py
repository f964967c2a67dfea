"""DuckDB engine, within the process: rows of facts in, rows of answers out. Nothing is fetched or installed."""

from __future__ import annotations

import contextlib
import errno
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.cel.types import INT, TEXT, ListOf, Type
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.screening.input import quote
from vatspolicy.screening.sql_decision import steps, text_of
from vatspolicy.screening.sql_expressions import ROW, SERVICE, fact_columns, sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TEXTS = ListOf(TEXT)
_write = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
SHORT = 1 << 20
"""Least buffer for a line of facts, in bytes. DuckDB holds four such buffers per thread."""


def connect(threads: int | None = None, memory: str | None = None) -> DuckDBPyConnection:
    """Open a database in memory.

    `threads`: most threads; `memory`: memory limit, such as 2GB. Both default to DuckDB's own.
    """
    import duckdb

    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "preserve_insertion_order": True}
    if threads is not None:
        settings["threads"] = threads
    if memory is not None:
        settings["memory_limit"] = memory
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")  # it would appear in the output
    return connection


@contextlib.contextmanager
def _written() -> Iterator[None]:
    """Raise OSError, without DuckDB's text, which may hold values, if DuckDB runs out of disk or memory."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise OSError(errno.EIO, f"DuckDB stopped with {type(error).__name__}") from error


def load_rows(
    connection: DuckDBPyConnection,
    table: str,
    columns: Mapping[str, Type],
    rows: Iterable[Mapping[str, Any]],
    scratch: Path | None = None,
) -> None:
    """Create a table from rows, or replace it. A key that a row lacks is NULL.

    `scratch`: folder of the intermediate file (default: the system's).
    """
    with tempfile.NamedTemporaryFile("w", suffix=".rows", encoding="utf-8", delete=False, dir=scratch) as file:
        try:
            longest = 0
            for row in rows:
                longest = max(longest, file.write(_write(row) + "\n"))
            file.close()
            load_lines(connection, table, columns, Path(file.name), 4 * longest)
        finally:
            file.close()
            Path(file.name).unlink()


def load_lines(
    connection: DuckDBPyConnection, table: str, columns: Mapping[str, Type], path: Path, longest: int = SHORT
) -> None:
    """Create a table from a file of JSON lines, or replace it. `longest`: bytes of the longest line."""
    reader = (
        f"read_json({quote(str(path))}, format = 'newline_delimited', "
        f"maximum_object_size = {max(longest, SHORT)}, columns = {{{_types(columns)}}})"
    )
    connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {reader}")  # noqa: S608 - constants


def _types(columns: Mapping[str, Type]) -> str:
    """Return columns in the form that `read_json` takes."""
    return ", ".join(f"{quote(name)}: {quote(sql_type(type).sql('duckdb'))}" for name, type in columns.items())


def statements(ruleset: RuleSet, day: str) -> list[str]:
    """Return the statements that replace the table `profiles` by the table `decisions` (see `sql_decision.steps`)."""
    found = []
    for step in steps(ruleset, day):
        found.append(f"CREATE OR REPLACE TABLE {step.name} AS {text_of(step.query, 'duckdb')}")
        found += [f"DROP TABLE {table}" for table in step.last_reads]
    return found


class DuckEngine:
    """Engine on DuckDB; it keeps no data of rows between batches. `laws`: the `statements` of each rule set."""

    def __init__(self, laws: Sequence[Sequence[str]], scratch: Path, threads: int | None = None) -> None:
        self._laws = laws
        self._connection = connect(threads)
        self._connection.execute(f"SET temp_directory = {quote(str(scratch / 'duckdb'))}")
        self._scratch = scratch

    def decide(self, facts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[dict[str, Any], ...]]:
        """Yield the answers, in order."""
        with _written():
            load_profiles(self._connection, facts, self._scratch)
            for number, law in enumerate(self._laws):
                for statement in law:
                    self._connection.execute(statement)
                self._connection.execute(f"ALTER TABLE decisions RENAME TO answers{number}")
            self._connection.execute("DROP TABLE profiles")
        tables = [f"answers{number}" for number in range(len(self._laws))]
        yield from zip(*(answers_in(self._connection.cursor(), table) for table in tables), strict=True)
        for table in tables:
            self._connection.execute(f"DROP TABLE {table}")


def load_profiles(
    connection: DuckDBPyConnection, facts: Iterable[Mapping[str, Any]], scratch: Path | None = None
) -> None:
    """Create the table `profiles` from facts of profiles, numbered from 0."""
    columns = fact_columns()
    rows = ({ROW: i, **{name: one[name] for name in columns if name in one}} for i, one in enumerate(facts))
    load_rows(connection, "profiles", {ROW: INT, **columns}, rows, scratch)


def answers_in(connection: DuckDBPyConnection, table: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a table of decisions, in order, without their numbers."""
    found = connection.execute(f'SELECT * EXCLUDE "{ROW}" FROM {table} ORDER BY "{ROW}"')  # noqa: S608 - our own names
    names = [column[0] for column in found.description or ()]
    while rows := found.fetchmany(1000):
        for row in rows:
            yield dict(zip(names, row, strict=True))


def write_parquet(parts: Iterable[Path], target: Path, compared: bool, missing: bool) -> int:
    """Write answers from files of JSON lines as one Parquet file. Return the number of rows."""
    columns: dict[str, Type] = {"row": INT, "id": TEXT, "as_of": TEXT, "decision": TEXT, "range": _TEXTS}
    columns |= {"services": ListOf(SERVICE), "rules": _TEXTS}
    if missing:
        columns["missing"] = _TEXTS
    if compared:
        columns |= {"base": TEXT, "gains": _TEXTS, "losses": _TEXTS}
    files = ", ".join(quote(str(part)) for part in parts)
    if files:
        query = f"SELECT * FROM read_json([{files}], format = 'newline_delimited', columns = {{{_types(columns)}}})"  # noqa: S608
    else:
        nothing = (f'CAST(NULL AS {sql_type(type).sql("duckdb")}) AS "{name}"' for name, type in columns.items())
        query = f"SELECT {', '.join(nothing)} WHERE false"
    with connect() as connection, _written():
        done = connection.execute(f"COPY ({query}) TO {quote(str(target))} (FORMAT parquet)").fetchall()
    return int(done[0][0])
