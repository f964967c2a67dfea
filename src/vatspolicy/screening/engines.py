"""Engines that decide batches of profiles, including the evaluator itself, and the source of their law.

All engines give the same answers; `decide` defines them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.sources import read_pair
from vatspolicy.bundles.select import LawStack, choose_law
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.decision import word_of
from vatspolicy.core.engine.evaluator import evaluate_parts, possible_outcomes
from vatspolicy.core.engine.parts import merge_parts
from vatspolicy.core.policies.bundle import Bundle, Origin
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, trust_profile
from vatspolicy.i18n import _
from vatspolicy.screening.result import AnsweredService, RowAnswer

_NOWHERE = parse_document("{}", "<row>.json")


class Engine(Protocol):
    """Decides batches of profiles under one or more rule sets of one day.

    Of the opinions in the facts of a profile, those that are granted are left alone.
    """

    def decide(self, facts: Iterable[Facts]) -> Iterator[tuple[RowAnswer, ...]]:
        """Yield one answer per rule set for each profile, in order. `facts` is read once."""


Begin = Callable[[int | None], Engine]
"""Starts an engine with a number of threads for DuckDB; None for all."""


class MissingExtra(RuntimeError):
    """A library required by an engine is not installed. `extra`: the extra that installs it."""

    def __init__(self, engine: str, extra: str) -> None:
        super().__init__(_("the engine {engine} is not installed", engine=engine))
        self.extra = extra


@dataclass(frozen=True)
class LawSource:
    """Source of the law for each process of a run: the shipped bundle, a folder, a bundle file, or a comparison."""

    law: Path | None = None
    """A folder of policies; None for a bundle file and for the shipped policies."""
    layers: tuple[Path, ...] = ()
    """The layers above it, the lowest first."""
    bundle: Path | None = None
    key: Path | None = None
    """Public key that signed the bundle."""
    skip_verify: bool = False
    diff: tuple[str, str] | None = None
    """States before and after a change: git revisions, folders or bundles."""
    folder: Path = Path()
    """Folder for resolving the names of `diff`."""

    def load(self) -> tuple[Bundle, Bundle | None]:
        """Return the law to decide under, and the law before the change or None. Raises InvalidInput, SourceError."""
        if self.diff is None:
            chosen = choose_law(self.law, self.bundle, self.key, self.skip_verify, layers=self.layers)
            return chosen.load().bundle, None
        sides = load_pair(*read_pair(*self.diff, self.folder, LawStack(self.law, layers=self.layers)))
        base, head = (replace(side.bundle, origin=Origin("folder", side.source.title)) for side in sides)
        return head, base


def require(name: str) -> None:
    """Raise MissingExtra for an engine whose libraries are not installed."""
    needed = {"duckdb": ("duckdb", "sqlglot"), "spark": ("pyspark", "sqlglot")}.get(name, ())
    if not all(importlib.util.find_spec(library) for library in needed):
        raise MissingExtra(name, "portfolio" if name == "duckdb" else "spark")


def prepare_engine(name: str, rulesets: Sequence[RuleSet], day: str, scratch: Path) -> Begin:
    """Return the start of an engine (python, duckdb or spark), for each process that decides.

    `scratch`: folder for data that does not fit in memory.

    Raises: MissingExtra.
    """
    require(name)
    match name:
        case "duckdb":
            from vatspolicy.screening.duckdb_engine import DuckEngine, law_statements
            from vatspolicy.screening.sql_decision import reported_rules

            laws = [(law_statements(ruleset, day), reported_rules(ruleset)) for ruleset in rulesets]
            return partial(DuckEngine, laws, scratch)
        case "spark":
            from vatspolicy.screening.spark_engine import SparkEngine, open_session

            return lambda _: SparkEngine(open_session(), rulesets, day, scratch)
    return lambda _: PythonEngine(rulesets, day)


class PythonEngine:
    """The evaluator as an engine, one profile after another."""

    def __init__(self, rulesets: Sequence[RuleSet], day: str) -> None:
        self._rulesets, self._day = rulesets, day

    def decide(self, facts: Iterable[Facts]) -> Iterator[tuple[RowAnswer, ...]]:
        """Yield the answers, in order."""
        for fact in facts:
            yield tuple(decide(ruleset, fact, self._day) for ruleset in self._rulesets)


def decide(ruleset: RuleSet, facts: Facts, day: str) -> RowAnswer:
    """Return the answer about one profile."""
    parts = evaluate_parts(ruleset, Profile(facts, _NOWHERE, {}).grant_all(), day)
    whole = merge_parts(parts)
    services: list[AnsweredService] = [
        {
            "id": service.id,
            "state": service.state,
            "decision": word_of(parts[index + 1].low, parts[index + 1].high),
            "activities": [
                {"class": cls, "decision": word}
                for cls, word in sorted((activity.cls, activity.outcome) for activity in service.activities)
            ],
        }
        for index, service in enumerate(whole.services)
    ]
    fired = {finding.rule.name for finding in whole.findings if finding.holds}
    fired |= {finding.rule.name for service in whole.services for finding in service.classified_by}
    return {
        "id": facts["product"]["id"],
        "decision": word_of(whole.low, whole.high),
        "mildest": whole.low.word,
        "strictest": whole.high.word,
        "services": services,
        "rules": sorted(fired),
    }


def missing_facts(ruleset: RuleSet, data: Facts, day: str) -> list[str]:
    """Return dotted paths of the missing facts to ask for next, the most decisive first.

    `data`: a valid profile as it was written, with the opinions that are granted alone.
    """
    profile = trust_profile(Document("<row>", data, "", _NOWHERE.root), ruleset.schemas).grant_all()
    outcomes = possible_outcomes(ruleset, profile, day)
    return [".".join(map(str, ask.path)) for ask in outcomes.missing]
