"""Names that the commands of the server still import from here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.cli.context import LawOptions
from vatspolicy.cli.parameters import (
    BundleOption,
    KeyOption,
    LangOption,
    PastOption,
    PoliciesOption,
    SkipVerifyOption,
)
from vatspolicy.cli.parameters import LaunchDayOption as AsOfOption

if TYPE_CHECKING:
    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.policies.bundle import Bundle

__all__ = [
    "AsOfOption",
    "BundleOption",
    "KeyOption",
    "LangOption",
    "PastOption",
    "PoliciesOption",
    "SkipVerifyOption",
    "choose_bundle",
    "choose_law",
]


def choose_law(policies: Path | None, bundle: Path | None, key: Path | None, skip_verify: bool) -> SelectedLaw:
    """Return the law that the options name."""
    return LawOptions(policies, bundle, key, skip_verify).select()


def choose_bundle(policies: Path | None, bundle: Path | None, key: Path | None, skip_verify: bool) -> Bundle:
    """Return the bundle that the options name."""
    return LawOptions(policies, bundle, key, skip_verify).load()
