"""Proofs and witnesses over all profiles.

The implementation is imported on first use: it needs the solver.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vatspolicy.proofs.verdicts import RuleVerdict, Transition, Transitions

if TYPE_CHECKING:
    from vatspolicy.core.policies.bundle import Bundle

__all__ = [
    "RuleVerdict",
    "Transition",
    "Transitions",
    "compare_change",
    "compare_decisions",
    "compare_rules",
    "recall_change",
    "recall_rule",
]


def compare_rules(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int | None = None,
    workers: int = 1,
) -> list[RuleVerdict]:
    """Return verdicts on the rules (policy/rule) that differ between two bundles, in the order of `names`.

    `as_of` limits the question to one day (ISO text). `budget` is the resource limit of one question (z3's units).
    `workers` processes share the rules; the verdicts are the same for every number of them.
    """
    from vatspolicy.proofs.rule_comparison import compare_rules as compare
    from vatspolicy.proofs.solver import BUDGET

    return compare(base, head, names, as_of=as_of, budget=BUDGET if budget is None else budget, workers=workers)


def compare_decisions(
    base: Bundle, head: Bundle, *, as_of: str | None = None, budget: int | None = None
) -> Transitions:
    """Return for all twelve changes of the decision word whether replacing `base` by `head` can cause them.

    Each is shown by a confirmed minimal witness with the days on which it is decided differently, or proved impossible
    for all profiles and days, or unknown with the reason. If no deciding rule differs, all twelve are impossible.
    `as_of` limits the question to one day (ISO text). `budget` is the resource limit of one question (z3's units), so
    that the same question always has the same answer.
    """
    from vatspolicy.proofs.solver import BUDGET
    from vatspolicy.proofs.transitions import compare_decisions as compare

    return compare(base, head, as_of=as_of, budget=BUDGET if budget is None else budget)


def compare_change(
    base: Bundle,
    head: Bundle,
    groups: Sequence[Sequence[str]],
    *,
    as_of: str | None = None,
    budget: int | None = None,
    workers: int = 1,
) -> tuple[list[RuleVerdict], Transitions]:
    """Return a verdict on each group of rules (policy/rule), changed together, and the results of `compare_decisions`.

    `workers` processes share the questions; the answers are the same for every number of them. With more than one, a
    script must guard its start with `if __name__ == "__main__"`, as `multiprocessing` requires.
    """
    from vatspolicy.proofs.rule_comparison import compare_change as compare
    from vatspolicy.proofs.solver import BUDGET

    return compare(base, head, groups, as_of=as_of, budget=BUDGET if budget is None else budget, workers=workers)


def recall_change(
    base: Bundle, head: Bundle, groups: Sequence[Sequence[str]], *, workers: int = 1
) -> tuple[list[RuleVerdict], Transitions]:
    """Return the results of `compare_change`, those of an earlier run if everything that they depend on is the same."""
    from vatspolicy.proofs.kept_answers import recall, remember

    asked = [tuple(group) for group in groups]
    verdicts, transitions = recall(base, head, asked, True) or ([], None)
    if transitions is None:
        verdicts, transitions = compare_change(base, head, asked, workers=workers)
        remember(base, head, asked, (verdicts, transitions))
    return verdicts, transitions


def recall_rule(base: Bundle, head: Bundle, name: str) -> RuleVerdict:
    """Return the verdict of `compare_rules` on a rule, that of an earlier run if all that it depends on is the same."""
    from vatspolicy.proofs.kept_answers import recall, remember

    asked = [(name,)]
    verdicts, _ = recall(base, head, asked, False) or ([], None)
    if not verdicts:
        verdicts = compare_rules(base, head, [name])
        remember(base, head, asked, (verdicts, None))
    return verdicts[0]
