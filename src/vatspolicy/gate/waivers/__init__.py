"""Waivers, baselines and granted opinions, with their approvers and periods.

Evaluation knows nothing of waivers. `apply` is the one place that sets a finding aside, after everything was decided;
what is set aside stays in every report.
"""
