"""Waivers, baselines and granted opinions: what an approver answers for, and for how long.

Evaluation knows nothing of waivers. `apply` is the one place that sets a finding aside, after everything was decided;
what is set aside stays in every report.
"""
