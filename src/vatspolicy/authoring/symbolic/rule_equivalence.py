"""Equivalence of changed rules, alone or together: a proof that nothing changes, or a profile that shows what does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from vatspolicy.authoring.symbolic.mixed_bundle import find_rule
from vatspolicy.authoring.symbolic.rule_comparison import Group, RuleComparison
from vatspolicy.authoring.symbolic.shared_search import SharedSearch
from vatspolicy.authoring.symbolic.solver import BUDGET
from vatspolicy.authoring.symbolic.timeline import hull
from vatspolicy.authoring.symbolic.transitions import add_shown, all_transitions, compare_decisions
from vatspolicy.authoring.symbolic.two_rulesets import comparison_period, differing_rules
from vatspolicy.authoring.symbolic.verdicts import EQUIVALENT, IMPOSSIBLE, UNKNOWN, RuleVerdict, Transitions
from vatspolicy.authoring.symbolic.workers import Task, run_tasks
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty

CHUNK, LARGE_CHUNK = 8, 24
"""Least and most groups of rules that share one encoding of the base. Verdicts do not depend on the workers."""
CHUNKS = 8
"""Number of chunks from which on they become larger, which takes fewer encodings and still occupies all workers."""


def compare_rules(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int = BUDGET,
    workers: int = 1,
) -> list[RuleVerdict]:
    """Return verdicts on the rules (policy/rule) that differ between two bundles, each changed alone, in their order.

    `as_of` limits the question to one day. `budget` is the resource limit of one question (z3's units).
    """
    chunks = _chunks([(name,) for name in names])
    found = run_tasks((base, head), [(_compare_chunk, (chunk, as_of, budget)) for chunk in chunks], workers)
    return [verdict for chunk in found for verdict in chunk]


def compare_change(
    base: Bundle,
    head: Bundle,
    groups: Sequence[Sequence[str]],
    *,
    as_of: str | None = None,
    budget: int = BUDGET,
    workers: int = 1,
) -> tuple[list[RuleVerdict], Transitions]:
    """Return verdicts on groups of rules, and the result of `compare_decisions`. The workers share the work.

    A group with every deciding rule that differs changes decisions as the whole change does, so nothing is asked twice.
    """
    wanted = [tuple(group) for group in groups]
    whole = _whole(base, head, as_of, wanted)
    apart = [group for group in dict.fromkeys(wanted) if group not in whole]
    deciding = [group for group in apart if _can_decide(base, head, group)]
    chunks = [*_chunks(deciding), *_chunks([group for group in apart if group not in set(deciding)])]
    alone = workers > 1 and not chunks
    tasks: list[Task[Transitions | list[RuleVerdict]]] = [(compare_decisions, (as_of, budget, alone))]
    tasks += [(_compare_chunk, (chunk, as_of, budget)) for chunk in chunks]
    transitions, *found = run_tasks((base, head), tasks, workers)
    assert isinstance(transitions, Transitions)
    pairs = zip(chunks, (one for one in found if isinstance(one, list)), strict=True)
    verdicts = {group: verdict for chunk, own in pairs for group, verdict in zip(chunk, own, strict=True)}
    verdicts |= {group: _compare_whole(base, head, group, as_of, budget, transitions) for group in whole}
    answers = [verdicts[group] for group in wanted]
    if transitions.undecided and _all_the_same(base, head, as_of, zip(wanted, answers, strict=True)):
        transitions = all_transitions(IMPOSSIBLE, "Every deciding rule that differs is proved to say the same.")
    return answers, add_shown(base, head, transitions, answers)


def _whole(base: Bundle, head: Bundle, as_of: str | None, groups: Sequence[Group]) -> set[Group]:
    """Return the groups with every rule because of which decisions can differ."""
    period = comparison_period(base, head, as_of)
    differing = None if period is None else differing_rules(base, head, period)
    return {group for group in groups if differing and differing.keys() <= set(group)}


def _all_the_same(base: Bundle, head: Bundle, as_of: str | None, verdicts: Iterable[tuple[Group, RuleVerdict]]) -> bool:
    """Return whether every rule that can change a decision is proved to state the same of every profile."""
    period = comparison_period(base, head, as_of)
    differing = None if period is None else differing_rules(base, head, period)
    same = {name for group, verdict in verdicts if verdict.verdict == EQUIVALENT for name in group}
    return differing is not None and differing.keys() <= same


def _can_decide(base: Bundle, head: Bundle, group: Group) -> bool:
    """Return True if the decision can depend on one of the rules; only such groups need an encoding of the base."""
    rules = (find_rule(bundle, name) for name in group for bundle in (base, head))
    return any(rule is not None and not isinstance(rule.effect, Duty | Advise) for rule in rules)


def _chunks(groups: Sequence[Group]) -> list[tuple[Group, ...]]:
    size = max(CHUNK, min(LARGE_CHUNK, math.ceil(len(groups) / CHUNKS)))
    return [tuple(groups[start : start + size]) for start in range(0, len(groups), size)]


def _compare_chunk(
    base: Bundle, head: Bundle, groups: Sequence[Group], as_of: str | None, budget: int
) -> list[RuleVerdict]:
    """Return verdicts on a few groups of rules, over one encoding of the base."""
    period = comparison_period(base, head, as_of)
    if period is None:
        return [_not_covered(group) for group in groups]
    comparisons = [RuleComparison(base, head, group, period, budget) for group in groups]
    for comparison in comparisons:
        comparison.find_difference()
    spans = [found.span for found in comparisons if found.can_decide and found.may_differ]
    shared = SharedSearch(base, hull([span for span in spans if span is not None]) or period, budget)
    return [comparison.verdict(shared) for comparison in comparisons]


def _compare_whole(
    base: Bundle, head: Bundle, group: Group, as_of: str | None, budget: int, transitions: Transitions
) -> RuleVerdict:
    """Return the verdict on a group that changes decisions as the whole change does."""
    period = comparison_period(base, head, as_of)
    assert period is not None
    return RuleComparison(base, head, group, period, budget).verdict_of_whole(transitions)


def _not_covered(group: Group) -> RuleVerdict:
    return RuleVerdict(group[0], UNKNOWN, reason="One of the bundles does not cover that day.")
