"""Proofs and witnesses over all profiles at once.

The parts that take time to load are loaded when they are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vatspolicy.analysis.verdict import RuleVerdict

if TYPE_CHECKING:
    from vatspolicy.bundle import Bundle

__all__ = ["RuleVerdict", "compare_rules"]


def compare_rules(
    base: Bundle, head: Bundle, names: Sequence[str], *, as_of: str | None = None, budget: int | None = None
) -> list[RuleVerdict]:
    """Verdicts on the rules (policy/rule) that differ between two bundles, in the order of `names`.

    `as_of` asks of one day only (ISO text). `budget` is the work that one question may cost (z3's resource units).
    """
    from vatspolicy.analysis.compare import compare_rules as compare
    from vatspolicy.analysis.search import BUDGET

    return compare(base, head, names, as_of=as_of, budget=BUDGET if budget is None else budget)
