"""Screening of portfolios: decides many profiles at once, with a database or processes, like `evaluate` for one."""
