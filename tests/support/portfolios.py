"""A table of profiles decided by DuckDB, without a run around it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.screening.duckdb_engine import answers_in, law_statements, load_profiles, plan_quickly
from vatspolicy.screening.result import RowAnswer
from vatspolicy.screening.rule_columns import MaskReader
from vatspolicy.screening.sql_decision import reported_rules

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class DuckDecider:
    """The rule set of one day as statements on a connection, planned as a screen plans them."""

    def __init__(self, connection: DuckDBPyConnection, law: RuleSet, day: str) -> None:
        plan_quickly(connection)
        self.connection = connection
        self.statements, self.rules = law_statements(law, day), reported_rules(law)

    def run(self) -> None:
        """Decide the table `profiles`; the answers are in the table `decisions`."""
        for statement in self.statements:
            self.connection.execute(statement)

    def decide(self, facts: Iterable[Mapping[str, Any]]) -> list[RowAnswer]:
        """Return the answers about profiles, in order."""
        load_profiles(self.connection, facts)
        self.run()
        return list(answers_in(self.connection, "decisions", MaskReader(self.rules)))
