"""DuckDB inside the process: rows of facts in, rows of answers out. Nothing is fetched or installed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.expression.types import INT, TEXT, ListOf, Type
from vatspolicy.law import Law
from vatspolicy.portfolio.combine import ROW, steps, text_of
from vatspolicy.portfolio.pieces import SERVICE
from vatspolicy.portfolio.relation import fact_columns, sql_type

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_TEXTS = ListOf(TEXT)


def connect(threads: int | None = None, memory: str | None = None) -> DuckDBPyConnection:
    """A database in memory. `threads`: how many it may use; `memory`: how much, such as 2GB (default: DuckDB's own)."""
    import duckdb

    settings: dict[str, Any] = {"autoinstall_known_extensions": False, "preserve_insertion_order": True}
    if threads is not None:
        settings["threads"] = threads
    if memory is not None:
        settings["memory_limit"] = memory
    return duckdb.connect(config=settings)


def load_rows(
    connection: DuckDBPyConnection, table: str, columns: Mapping[str, Type], rows: Iterable[Mapping[str, Any]]
) -> None:
    """Put rows into a new table, in place of one of that name. A key that a row leaves out is NULL."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", delete=False) as file:
        try:
            for row in rows:
                file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
            file.close()
            load_lines(connection, table, columns, Path(file.name))
        finally:
            file.close()
            Path(file.name).unlink()


def load_lines(connection: DuckDBPyConnection, table: str, columns: Mapping[str, Type], path: Path) -> None:
    """The same from a file of JSON lines."""
    types = ", ".join(f"{quote(name)}: {quote(sql_type(type).sql('duckdb'))}" for name, type in columns.items())
    reader = f"read_json({quote(str(path))}, format = 'newline_delimited', columns = {{{types}}})"
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {reader}")  # noqa: S608 - constants


def quote(text: str) -> str:
    """A text as a constant of SQL."""
    return "'" + text.replace("'", "''") + "'"


class Decider:
    """The law of one day, ready to decide tables of profiles."""

    def __init__(self, connection: DuckDBPyConnection, law: Law, day: str) -> None:
        self.connection = connection
        queries = [(step.name, text_of(step.query, "duckdb")) for step in steps(law, day)]
        self.statements = [f"CREATE OR REPLACE TEMP TABLE {name} AS {query}" for name, query in queries]

    def run(self) -> None:
        """Decide the table `profiles`; the answers are in the table `decisions` (see `combine.steps`)."""
        for statement in self.statements:
            self.connection.execute(statement)

    def decide(self, facts: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers about profiles, in order, as `answer.decide` gives them."""
        columns = fact_columns()
        rows = ({ROW: i, **{name: one[name] for name in columns if name in one}} for i, one in enumerate(facts))
        load_rows(self.connection, "profiles", {ROW: INT, **columns}, rows)
        self.run()
        found = self.connection.execute(f'SELECT * EXCLUDE "{ROW}" FROM decisions ORDER BY "{ROW}"')  # noqa: S608
        names = [column[0] for column in found.description or ()]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def write_parquet(parts: Iterable[Path], target: Path, compared: bool, missing: bool) -> None:
    """One Parquet file of answers in files of JSON lines, whole or not at all."""
    columns: dict[str, Type] = {"row": INT, "id": TEXT, "as_of": TEXT, "decision": TEXT, "range": _TEXTS}
    columns |= {"services": ListOf(SERVICE), "rules": _TEXTS}
    if missing:
        columns["missing"] = _TEXTS
    if compared:
        columns |= {"base": TEXT, "gains": _TEXTS, "losses": _TEXTS}
    types = ", ".join(f"{quote(name)}: {quote(sql_type(type).sql('duckdb'))}" for name, type in columns.items())
    files = ", ".join(quote(str(part)) for part in parts)
    whole = target.with_name(target.name + ".whole")
    with connect() as connection:
        if files:
            rows = f"read_json([{files}], format = 'newline_delimited', columns = {{{types}}})"
            connection.execute(f"COPY (SELECT * FROM {rows}) TO {quote(str(whole))} (FORMAT parquet)")  # noqa: S608
        else:
            nothing = ", ".join(
                f'CAST(NULL AS {sql_type(type).sql("duckdb")}) AS "{name}"' for name, type in columns.items()
            )
            connection.execute(f"COPY (SELECT {nothing} WHERE false) TO {quote(str(whole))} (FORMAT parquet)")
    whole.replace(target)
