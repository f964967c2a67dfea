"""Screening of portfolios: many profiles decided at once, by a database or by processes, as `evaluate` decides one."""
