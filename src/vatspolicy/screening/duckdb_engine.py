"""DuckDB engine, within the process: rows of facts in, rows of answers out. Nothing is fetched or installed."""

from __future__ import annotations

import contextlib
import errno
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.core.cel.types import INT, TEXT, ListOf, Type
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.screening.input import quote
from vatspolicy.screening.result import RowAnswer
from vatspolicy.screening.rule_columns import MaskReader
from vatspolicy.screening.sql_decision import steps, text_of
from vatspolicy.screening.sql_expressions import ROW, SERVICE, fact_columns, sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TEXTS = ListOf(TEXT)
_write = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode


def _writer() -> Callable[[Facts], str]:
    """Return a function that writes a row as JSON, with orjson if installed, which takes half the time."""
    try:
        import orjson
    except ImportError:
        return _write

    def write(row: Facts) -> str:
        try:
            return orjson.dumps(row).decode()
        except TypeError:  # a number beyond 64 bits
            return _write(row)

    return write


USEFUL = frozenset({"column_lifetime", "filter_pushdown", "projection_pullup", "unused_columns"})
"""Optimizers of DuckDB that save more time than they take."""
SHORT = 1 << 20
"""Least buffer for a line of facts, in bytes. DuckDB holds four such buffers per thread."""


def connect(threads: int | None = None) -> DuckDBPyConnection:
    """Open a database in memory. `threads`: most threads, by default as many as DuckDB chooses."""
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "autoinstall_known_extensions": False,
        "preserve_insertion_order": True,
    }
    if threads is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("SET enable_progress_bar = false")  # it would appear in the output
    return connection


@contextlib.contextmanager
def _written() -> Iterator[None]:
    """Raise OSError if DuckDB runs out of disk or memory, without DuckDB's text, which may contain values."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise OSError(errno.EIO, f"DuckDB stopped with {type(error).__name__}") from error


def load_rows(
    connection: DuckDBPyConnection,
    table: str,
    columns: Mapping[str, Type],
    rows: Iterable[Facts],
    scratch: Path | None = None,
) -> None:
    """Create a table from rows, or replace it. A key that a row lacks is NULL.

    `scratch`: folder of the intermediate file (default: the system's).
    """
    with tempfile.NamedTemporaryFile("w", suffix=".rows", encoding="utf-8", delete=False, dir=scratch) as file:
        try:
            longest, write = 0, _writer()
            for row in rows:
                longest = max(longest, file.write(write(row) + "\n"))
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
    """Return columns in the form for `read_json`."""
    return ", ".join(f"{quote(name)}: {quote(sql_type(type).sql('duckdb'))}" for name, type in columns.items())


def law_statements(ruleset: RuleSet, day: str) -> list[str]:
    """Return the rule set of one day as statements, which replace the table `profiles` by the table `decisions`."""
    statements: list[str] = []
    for step in steps(ruleset, day):
        statements.append(f"CREATE OR REPLACE TABLE {step.name} AS {text_of(step.query, 'duckdb')}")
        statements += (f"DROP TABLE {table}" for table in step.last_reads)
    return statements


class DuckEngine:
    """Engine on DuckDB, without state between batches."""

    def __init__(
        self, laws: Sequence[tuple[Sequence[str], Sequence[str]]], scratch: Path, threads: int | None = None
    ) -> None:
        """Take the statements of each law with the rules in its masks (`reported_rules`)."""
        self._laws = [(statements, MaskReader(rules)) for statements, rules in laws]
        self._connection = connect(threads)
        plan_quickly(self._connection)
        self._connection.execute(f"SET temp_directory = {quote(str(scratch / 'duckdb'))}")
        self._scratch = scratch

    def decide(self, facts: Iterable[Facts]) -> Iterator[tuple[RowAnswer, ...]]:
        """Yield the answers, in order."""
        with _written():
            load_profiles(self._connection, facts, self._scratch)
            for number, (statements, _) in enumerate(self._laws):
                for statement in statements:
                    self._connection.execute(statement)
                self._connection.execute(f"ALTER TABLE decisions RENAME TO answers{number}")
            self._connection.execute("DROP TABLE profiles")
        tables = {f"answers{number}": reader for number, (_, reader) in enumerate(self._laws)}
        answers = (answers_in(self._connection.cursor(), table, reader) for table, reader in tables.items())
        yield from zip(*answers, strict=True)
        for table in tables:
            self._connection.execute(f"DROP TABLE {table}")


def plan_quickly(connection: DuckDBPyConnection) -> None:
    """Disable optimizers that take longer for a batch than they save."""
    optimizers = {name for (name,) in connection.execute("SELECT name FROM duckdb_optimizers()").fetchall()}
    connection.execute(f"SET disabled_optimizers = {quote(','.join(sorted(optimizers - USEFUL)))}")


def load_profiles(connection: DuckDBPyConnection, facts: Iterable[Facts], scratch: Path | None = None) -> None:
    """Create the table `profiles` from facts of profiles, numbered from 0."""
    columns = fact_columns()
    rows = ({ROW: i, **{name: profile[name] for name in columns if name in profile}} for i, profile in enumerate(facts))
    load_rows(connection, "profiles", {ROW: INT, **columns}, rows, scratch)


def answers_in(connection: DuckDBPyConnection, table: str, reader: MaskReader) -> Iterator[RowAnswer]:
    """Yield the rows of a table of decisions, in order, without their numbers. `reader`: of their masks."""
    result = connection.execute(f'SELECT * EXCLUDE "{ROW}" FROM {table} ORDER BY "{ROW}"')  # noqa: S608 - our own names
    names = [column[0] for column in result.description or ()]
    names = names[: len(names) - len(reader.columns)]
    plain = len(names)
    while rows := result.fetchmany(1000):
        for row in rows:
            answer: Tree = dict(zip(names, row, strict=False))
            answer["rules"] = reader.read(row[plain:])
            yield answer


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
