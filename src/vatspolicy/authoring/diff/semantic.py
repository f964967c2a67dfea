"""The proof of every changed rule, and of the change as a whole, over all profiles: asked of the engine for proofs."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vatspolicy.authoring.diff.revision import LawRevision, load_side
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle

ENGINES = ("auto", "z3", "cells", "off")
"""What may be asked for: the best that is installed, the solver z3, the search by cells without a solver, nothing."""


@dataclass(frozen=True)
class Proof:
    """What the engine said."""

    status: str
    """evaluated; not-needed (no rule differs); off; unavailable; failed."""
    engine: str | None = None
    """z3 or cells."""
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
    engine = "z3" if solver and wanted != "cells" else "cells"
    try:
        left = (base if base.schemas == head.schemas else load_side(base.source, head.schemas)).bundle
    except InvalidInput:  # an old state that does not fit the new schemas
        return Proof("unavailable", engine, "schemas")
    try:
        with _only(engine):
            analysis = importlib.import_module("vatspolicy.authoring.symbolic")
            share = workers if engine == "z3" else 1  # the solver is hidden from this process alone
            rules, transitions = analysis.compare_change(left, head.bundle, names, workers=share)
    except Exception as error:  # whatever breaks, the rest of the report stands, marked as not whole
        return Proof("failed", engine, "failed", type(error).__name__)
    return Proof("evaluated", engine, rules=tuple(rules), transitions=transitions, base=left)


@contextlib.contextmanager
def _only(engine: str) -> Iterator[None]:
    """Hide the solver from the engine where the search without one is asked for."""
    if engine == "z3" or importlib.util.find_spec("z3") is None:
        yield
        return
    missing = object()
    kept = sys.modules.get("z3", missing)
    sys.modules["z3"] = None  # type: ignore[assignment]  # Python's own way to say that a module is not there
    try:
        yield
    finally:
        del sys.modules["z3"]
        if kept is not missing:
            sys.modules["z3"] = kept  # type: ignore[assignment]
