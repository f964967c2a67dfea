"""Remediation: routes, the smallest changes that open one, and the distances to thresholds."""

from __future__ import annotations

from vatspolicy.guidance.remediation.search import GOALS, FoundProposal, RemediationPlan, find_remediations
from vatspolicy.guidance.remediation.thresholds import ThresholdDistance, find_threshold_distances

__all__ = [
    "GOALS",
    "FoundProposal",
    "RemediationPlan",
    "ThresholdDistance",
    "find_remediations",
    "find_threshold_distances",
]
