"""Comparison of two states of the law: edits, changed decisions, affected products, and days."""
