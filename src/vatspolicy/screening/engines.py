"""Engines: what decides a batch of profiles. All give the same answers; `answer.decide` says what is in one."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.screening.answers import decide

Facts = Mapping[str, Any]
Answer = dict[str, Any]


class Engine(Protocol):
    """Decides batches under one or more laws of one day."""

    def decide(self, facts: Iterable[Facts]) -> Iterator[tuple[Answer, ...]]:
        """The answers, in the order of the profiles; of each profile one answer a law. `facts` is read once."""


class MissingExtra(RuntimeError):
    """An engine's library is not installed. `extra`: what to install."""

    def __init__(self, engine: str, extra: str) -> None:
        super().__init__(f"the engine {engine} is not installed")
        self.extra = extra


class PythonEngine:
    """The evaluator itself, one profile after another."""

    def __init__(self, laws: Sequence[RuleSet], day: str) -> None:
        self._laws, self._day = laws, day

    def decide(self, facts: Iterable[Facts]) -> Iterator[tuple[Answer, ...]]:
        """The answers, in order."""
        for one in facts:
            yield tuple(decide(law, one, self._day) for law in self._laws)


def require(name: str) -> None:
    """Raises MissingExtra for an engine whose libraries are not installed."""
    needed = {"duckdb": ("duckdb", "sqlglot"), "spark": ("pyspark", "sqlglot")}.get(name, ())
    if not all(importlib.util.find_spec(library) for library in needed):
        raise MissingExtra(name, "portfolio" if name == "duckdb" else "spark")


Begin = Callable[[int | None], Engine]
"""Starts an engine; takes how many threads DuckDB may use, None for all there are."""


def prepare(name: str, laws: Sequence[RuleSet], day: str, scratch: Path) -> Begin:
    """What every process that decides has in common of the engine of that name: python, duckdb or spark.

    `scratch`: a folder for what does not fit in memory. Raises MissingExtra.
    """
    require(name)
    match name:
        case "duckdb":
            from vatspolicy.screening.duckdb_engine import DuckEngine, statements

            return partial(DuckEngine, [statements(law, day) for law in laws], scratch)
        case "spark":
            from vatspolicy.screening.spark_engine import SparkEngine, session

            return lambda _: SparkEngine(session(), laws, day, scratch)
    return lambda _: PythonEngine(laws, day)
