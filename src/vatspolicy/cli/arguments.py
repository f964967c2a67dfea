"""Names that the commands of the server still import from here."""

from __future__ import annotations

from vatspolicy.cli.parameters import Lang

__all__ = ["Lang"]
