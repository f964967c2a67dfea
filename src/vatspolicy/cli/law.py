"""The law that the options of a command name."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from vatspolicy.cli.console import abort, enter, warn

if TYPE_CHECKING:
    from pathlib import Path

    from vatspolicy.bundles.select import SelectedLaw
    from vatspolicy.policies.bundle import Bundle


def choose_law(
    policies: Path | None,
    bundle: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    specs: Iterable[str] = (),
    locks: bool = True,
) -> SelectedLaw:
    """The law that the options name, for as long as the command runs; `locks` are here and beside the specs.

    Raises InvalidInput for a bundle that may not be used.
    """
    from vatspolicy.bundles.select import LOCK, select_law

    if bundle is None:
        if key is not None or skip_verify:
            abort("--key and --skip-verify belong to --bundle.")
        if locks and os.path.exists(LOCK):
            warn(f"{LOCK} pins a bundle, and none was given with --bundle.")
        return enter(select_law(policies))
    if policies is not None:
        abort("--policies and --bundle are two laws; name one.")
    if skip_verify and key is not None:
        abort("--key and --skip-verify contradict each other.")
    if skip_verify:
        warn("the signature of the bundle is not verified (--skip-verify).")
    from pathlib import Path

    places = [Path(), *(Path(spec) if Path(spec).is_dir() else Path(spec).parent for spec in specs)]
    return enter(select_law(None, bundle, key, skip_verify, places if locks else ()))


def choose_bundle(
    policies: Path | None, bundle: Path | None = None, key: Path | None = None, skip_verify: bool = False
) -> Bundle:
    """The same, for a command that asks for nothing but the law."""
    return choose_law(policies, bundle, key, skip_verify).bundle
