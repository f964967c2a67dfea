"""Proofs and witnesses over all profiles.

The implementation is imported on first use: it needs the solver.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vatspolicy.proofs.verdicts import RuleVerdict, Transition, Transitions

if TYPE_CHECKING:
    from vatspolicy.proofs.rule_comparison import compare_change, compare_rules
    from vatspolicy.proofs.transitions import compare_decisions

__all__ = ["RuleVerdict", "Transition", "Transitions", "compare_change", "compare_decisions", "compare_rules"]


def __getattr__(name: str) -> object:
    """Return a function of the interface. Raises AttributeError for another name."""
    if name not in __all__:
        raise AttributeError(name)
    from vatspolicy.proofs import rule_comparison

    return getattr(rule_comparison, name)
