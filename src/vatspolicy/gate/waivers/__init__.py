"""Waivers, baselines and granted opinions: what an approver answers for, and for how long.

Evaluation knows nothing of waivers. `settle` is the one place that sets a finding aside, after everything was decided;
what is set aside stays in every report.
"""

from __future__ import annotations

from vatspolicy.gate.waivers.apply import WaivedRun, apply_waivers, remaining, waivable
from vatspolicy.gate.waivers.fingerprint import fingerprint
from vatspolicy.gate.waivers.load import (
    Approvers,
    Baseline,
    GrantedOpinion,
    Waiver,
    WaiverSet,
    last_day,
    load_approvers,
    load_baseline,
    load_waiver_set,
    load_waivers,
)

__all__ = [
    "Approvers",
    "Baseline",
    "GrantedOpinion",
    "WaivedRun",
    "Waiver",
    "WaiverSet",
    "apply_waivers",
    "fingerprint",
    "last_day",
    "load_approvers",
    "load_baseline",
    "load_waiver_set",
    "load_waivers",
    "remaining",
    "waivable",
]
