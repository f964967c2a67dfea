"""Comparison of two states of the law: what was edited, which decisions change, for whom, from when."""
