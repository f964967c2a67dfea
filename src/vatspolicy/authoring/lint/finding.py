"""A finding of lint: the rule that it breaks, the problem, and the reason for which the file ignores it."""

from __future__ import annotations

from typing import NamedTuple

from vatspolicy.authoring.lint.catalogue import RULES
from vatspolicy.errors import Problem


class LintFinding(NamedTuple):
    """A finding. Findings sort by file and line."""

    problem: Problem
    rule: str
    """Id of the rule in the catalogue."""
    ignored: str | None = None
    """The reason that an ignore comment gives, or None."""

    @property
    def level(self) -> str:
        """Level of the rule: error or warning."""
        return RULES[self.rule].level

    @property
    def fails(self) -> bool:
        """True if the finding fails the run."""
        return self.ignored is None and self.level == "error"
