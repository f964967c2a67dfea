"""Bundles as files, in OPA's layout: built, signed, verified, pinned, and loaded to decide.

Little is imported here: a run without a bundle's file needs `choice` alone.
"""

from vatspolicy.bundles.select import LOCK, SelectedLaw, choose_law

__all__ = ["LOCK", "SelectedLaw", "choose_law"]
