"""Proofs and witnesses over all profiles at once."""

from vatspolicy.analysis.compare import RuleVerdict, compare_rules

__all__ = ["RuleVerdict", "compare_rules"]
