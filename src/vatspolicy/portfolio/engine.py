"""Engines: what decides a batch of profiles. All give the same answers; `answer.decide` says what is in one."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from vatspolicy.law import Law
from vatspolicy.portfolio.answer import decide

Facts = Mapping[str, Any]
Answer = dict[str, Any]


class Engine(Protocol):
    """Decides batches under the law of one day."""

    def decide(self, facts: Sequence[Facts]) -> list[Answer]:
        """The answers, in the order of the profiles."""


class MissingExtra(RuntimeError):
    """An engine's library is not installed. `extra`: what to install."""

    def __init__(self, engine: str, extra: str) -> None:
        super().__init__(f"the engine {engine} is not installed")
        self.extra = extra


class PythonEngine:
    """The evaluator itself, one profile after another."""

    def __init__(self, law: Law, day: str) -> None:
        self._law, self._day = law, day

    def decide(self, facts: Sequence[Facts]) -> list[Answer]:
        """The answers, in order."""
        return [decide(self._law, one, self._day) for one in facts]


def start(name: str, law: Law, day: str) -> Engine:
    """The engine of that name: python, duckdb or spark. Raises MissingExtra."""
    needed = {"duckdb": ("duckdb", "sqlglot"), "spark": ("pyspark", "sqlglot")}.get(name, ())
    if not all(importlib.util.find_spec(library) for library in needed):
        raise MissingExtra(name, "portfolio" if name == "duckdb" else "spark")
    match name:
        case "duckdb":
            from vatspolicy.portfolio.duck import Decider, connect

            return Decider(connect(), law, day)
        case "spark":
            from vatspolicy.portfolio.spark import SparkDecider, session

            return SparkDecider(session(), law, day)
    return PythonEngine(law, day)
