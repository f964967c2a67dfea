"""Ways forward: every route there is, the smallest differences that would lead on, and how near the thresholds are."""

from __future__ import annotations

from vatspolicy.guidance.remediation.search import GOALS, Proposal, Ways, find_ways
from vatspolicy.guidance.remediation.thresholds import Margin, margins

__all__ = ["GOALS", "Margin", "Proposal", "Ways", "find_ways", "margins"]
