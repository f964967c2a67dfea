"""Proofs and witnesses over all profiles at once.

The parts that take time to load are loaded when they are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vatspolicy.authoring.symbolic.verdicts import RuleVerdict, Transition, Transitions

if TYPE_CHECKING:
    from vatspolicy.policies.bundle import Bundle

__all__ = ["RuleVerdict", "Transition", "Transitions", "compare_change", "compare_decisions", "compare_rules"]


def compare_rules(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int | None = None,
    workers: int = 1,
) -> list[RuleVerdict]:
    """Verdicts on the rules (policy/rule) that differ between two bundles, in the order of `names`.

    `as_of` asks of one day only (ISO text). `budget` is the work that one question may cost (z3's resource units).
    `workers` processes share the rules; the verdicts are the same for every number of them.
    """
    from vatspolicy.authoring.symbolic.rule_equivalence import compare_rules as compare
    from vatspolicy.authoring.symbolic.solver import BUDGET

    return compare(base, head, names, as_of=as_of, budget=BUDGET if budget is None else budget, workers=workers)


def compare_decisions(
    base: Bundle, head: Bundle, *, as_of: str | None = None, budget: int | None = None
) -> Transitions:
    """For all twelve changes of the decision word, whether replacing `base` by `head` can make them.

    Each comes with a confirm_decisions minimal witness and the days on which it is decided differently, or is proved
    impossible for all profiles and days, or is unknown with the reason. Where no deciding rule differs, all twelve are
    impossible at once. `as_of` asks of one day only (ISO text). `budget` is the work that one question may cost (z3's
    resource units, so that the same question always ends alike).
    """
    from vatspolicy.authoring.symbolic.solver import BUDGET
    from vatspolicy.authoring.symbolic.transitions import compare_decisions as compare

    return compare(base, head, as_of=as_of, budget=BUDGET if budget is None else budget)


def compare_change(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int | None = None,
    workers: int = 1,
) -> tuple[list[RuleVerdict], Transitions]:
    """`compare_rules` and `compare_decisions` together: what `vatspolicy diff` asks of a change.

    `workers` processes share the questions, and the answers are the same for every number of them. Where they are more
    than one, a script must guard its start with `if __name__ == "__main__"`, as `multiprocessing` asks.
    """
    from vatspolicy.authoring.symbolic.rule_equivalence import compare_change as compare
    from vatspolicy.authoring.symbolic.solver import BUDGET

    return compare(base, head, names, as_of=as_of, budget=BUDGET if budget is None else budget, workers=workers)
