"""Proofs over all profiles of every edit and of the change as a whole: which are asked, and of which solver."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vatspolicy.authoring.diff.law_revision import LawRevision, load_side
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput, WorkerLost

if TYPE_CHECKING:
    from vatspolicy.authoring.symbolic.verdicts import RuleVerdict, Transitions

ENGINES = ("auto", "z3", "off")
"""Solvers to choose from: z3 if it is installed, z3 or no report, none.

Without z3, `auto` proves what the texts of the rules alone settle, and reports the rest as unknown.
"""


@dataclass(frozen=True)
class Proof:
    """The answers of the solver."""

    status: str
    """evaluated; not-needed (no rule differs); off; unavailable; failed."""
    engine: str | None = None
    """z3, or None if it is not installed or was not asked."""
    reason: str = ""
    """Reason for a missing evaluation: engine (not installed), schemas (the base does not fit the head's), failed."""
    broke: str = ""
    """The type of the error that stopped the solver."""
    groups: tuple[RuleVerdict, ...] = ()
    """One for each group of rules that were changed together."""
    rules: tuple[RuleVerdict, ...] = ()
    """One for each rule changed alone, if that was asked."""
    transitions: Transitions | None = None
    """Those of the change as a whole; None if nothing was evaluated."""
    base: Bundle | None = None
    """The base under the schemas of the head."""


def prove(
    base: LawRevision,
    head: LawRevision,
    differences: Differences,
    groups: Sequence[Sequence[str]],
    wanted: str,
    workers: int = 1,
    each_rule: bool = False,
) -> Proof:
    """Prove or refute the groups of rules that differ, and all together, over all profiles and all days.

    The profiles are those of the head's schemas. `wanted` is one of ENGINES. `workers` are processes that share the
    queries; the answers do not depend on it. With `each_rule`, each rule is asked alone, too.
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
    from vatspolicy.authoring.symbolic import recall_change
    from vatspolicy.authoring.symbolic.solver import FAILURES

    outside: tuple[type[Exception], ...] = (WorkerLost, *FAILURES)
    try:
        alone = [(name,) for name in names] if each_rule else []
        verdicts, transitions = recall_change(left, head.bundle, [*groups, *alone], workers=workers)
    except outside as error:  # keep the rest of the report, and mark it as incomplete
        return Proof("failed", engine, "failed", type(error).__name__)
    return Proof(
        "evaluated",
        engine,
        groups=tuple(verdicts[: len(groups)]),
        rules=tuple(verdicts[len(groups) :]),
        transitions=transitions,
        base=left,
    )
