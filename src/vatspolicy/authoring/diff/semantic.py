"""The proof of every changed rule, and of the change as a whole, over all profiles: asked of the engine for proofs."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.diff.revision import LawRevision, load_side
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle

ENGINES = ("auto", "z3", "off")
"""Engines to choose from: the solver z3 if it is installed, z3 or no report, none.

Without z3, `auto` proves what the texts of the rules alone settle, and reports the rest as unknown.
"""


@dataclass(frozen=True)
class Proof:
    """What the engine said."""

    status: str
    """evaluated; not-needed (no rule differs); off; unavailable; failed."""
    engine: str | None = None
    """z3, or None where it is not installed or was not asked."""
    reason: str = ""
    """Why it is not evaluated: engine (not installed), schemas (the base does not fit those of the head), failed."""
    broke: str = ""
    """What broke off in the engine, by its type."""
    rules: tuple[Any, ...] = ()
    """A vatspolicy.authoring.symbolic.RuleVerdict a rule."""
    transitions: Any = None
    """vatspolicy.authoring.symbolic.Transitions of the change as a whole."""
    base: Bundle | None = None
    """The base as it was asked: under the schemas of the head."""


def prove(base: LawRevision, head: LawRevision, differences: Differences, wanted: str, workers: int = 1) -> Proof:
    """Ask about every rule that differs, and about all of them together: all profiles of the head's schemas, all days.

    wanted: one of ENGINES. workers: processes that share the questions of the solver; the answers do not depend on it.
    """
    names = sorted(differences.names)
    if not names:
        return Proof("not-needed")
    if wanted == "off":
        return Proof("off")
    solver = importlib.util.find_spec("z3") is not None
    if wanted == "z3" and not solver:
        return Proof("unavailable", reason="engine")
    engine = "z3" if solver else None
    try:
        left = (base if base.schemas == head.schemas else load_side(base.source, head.schemas)).bundle
    except InvalidInput:  # an old state that does not fit the new schemas
        return Proof("unavailable", engine, "schemas")
    try:
        analysis = importlib.import_module("vatspolicy.authoring.symbolic")
        rules, transitions = analysis.compare_change(left, head.bundle, names, workers=workers)
    except Exception as error:  # whatever breaks, the rest of the report stands, marked as not whole
        return Proof("failed", engine, "failed", type(error).__name__)
    return Proof("evaluated", engine, rules=tuple(rules), transitions=transitions, base=left)
