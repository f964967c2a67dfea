"""Comparison of rules in two bundles: a proof of no change, or a profile that shows a change."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.change_search import (
    BOTH_DIRECTIONS,
    SHORT,
    ChangeSearch,
    DecisionChanges,
    SharedSearch,
)
from vatspolicy.proofs.decision_encoder import (
    ALL_KINDS,
    Kinds,
    class_of,
    encode_difference,
    encode_directions,
    encode_subject_pair,
    rule_states,
    touched_kinds,
)
from vatspolicy.proofs.formula import FALSE
from vatspolicy.proofs.query import NoSolution, Query, Solution, describe_invariants, solve
from vatspolicy.proofs.ruleset_encoder import RelaxedRuleSet, SymbolicRuleSet
from vatspolicy.proofs.solver import BUDGET, FORMULA, QUESTIONS, Budget, Undecided, reason_of
from vatspolicy.proofs.timeline import Period, find_rule, hull, mix, named_by
from vatspolicy.proofs.transitions import add_shown, all_transitions, compare_decisions
from vatspolicy.proofs.two_rulesets import ListedItems, Shown, comparison_period, differing_rules, licenses_alike
from vatspolicy.proofs.values import Unsupported
from vatspolicy.proofs.verdicts import (
    EQUIVALENT,
    IMPOSSIBLE,
    MASKED,
    MOST_TELLING_FIRST,
    PAIRS,
    UNKNOWN,
    UNSUPPORTED,
    WITNESS,
    Pair,
    RuleVerdict,
    Transitions,
)
from vatspolicy.proofs.witness import (
    Unconfirmed,
    confirm_decisions,
    decision_of,
    is_valid_and_holds,
    minimize_profile,
)
from vatspolicy.workers import run_shared

Group = tuple[str, ...]
"""Names of rules (policy/rule) that change together."""


class RuleComparison:
    """Comparison of rules in two bundles that change together."""

    def __init__(self, base: Bundle, head: Bundle, names: Group, period: Period, budget: Budget) -> None:
        self.base, self.head, self.names, self.period, self.budget = base, head, names, period, budget
        self.name = names[0]
        self.versions = [(find_rule(base, name), find_rule(head, name)) for name in names]
        self.rules = [rule for pair in self.versions for rule in pair if rule is not None]
        spans = [Period(max(rule.since, period.start), min(rule.until, period.end)) for rule in self.rules]
        self.span = hull([span for span in spans if span.start < span.end])
        """Days on which a version of a rule is in force."""
        self.difference: Solution | None = None
        """Facts with different results of the two versions of a rule."""
        self.directions: Sequence[frozenset[Pair]] = BOTH_DIRECTIONS
        """Changes of the decision word that the rules alone can cause, by direction, for use in searches."""
        self.certain: Solution | None = None
        """Facts with certainly different results, if any were found."""
        self._certain = FALSE
        """Formula over the last query that they certainly differ."""
        self.parts: Kinds = ALL_KINDS
        """Kinds of product parts that the rules can affect."""
        self._directions: tuple[int, int] | None = None
        """Formulas over the last query that a decision can become stricter, and milder; None for other effects."""
        self.invariants: set[str] = set()
        self.failure: RuleVerdict | None = None

    @property
    def may_differ(self) -> bool:
        """True unless both versions of every rule are provably equivalent."""
        return self.difference is not None or self.failure is not None

    @property
    def can_decide(self) -> bool:
        """True if the decision can depend on one of the rules."""
        return not all(isinstance(rule.effect, Duty | Advise) for rule in self.rules)

    # --- the rule itself

    def find_difference(self) -> None:
        """Find facts with different results of a rule's versions, or prove that there are none."""
        try:
            self.budget.renew()
            self.difference = self._find_difference() if self.span is not None else None
        except Unsupported as error:
            self.failure = RuleVerdict(self.name, UNSUPPORTED, reason=reason_of(error))
        except Undecided as error:
            self.failure = RuleVerdict(self.name, UNKNOWN, reason=reason_of(error))

    def _find_difference(self) -> Solution | None:
        assert self.span is not None
        schemas = self.base.schemas
        solve_within = functools.partial(solve, self.span, budget=self.budget, schemas=schemas)
        query = Query(self.span, {}, schemas=schemas)
        if FALSE in self._encode(query, False, RelaxedRuleSet) and not query.space.missing_bounds():
            self.budget.left -= FORMULA * len(query.space.pool.parts)
            return None  # equal whatever the facts; longer lists would add nothing
        reachable = any(rule.each == "activity" for rule in self.rules)

        def find(fixed: Mapping[str, int] | None) -> Solution | NoSolution:
            build = functools.partial(self._encode, reachable=reachable)
            return solve_within(build, fixed=fixed, wish=lambda: self._certain)

        failure: Undecided | Unsupported | None = None
        try:
            answer = find(SHORT)  # a witness has few members; only a proof needs longer lists
            if isinstance(answer, Solution):
                return self._found(answer)
        except (Undecided, Unsupported) as error:
            failure = error
        relaxed = solve_within(lambda query: self._encode(query, False, RelaxedRuleSet))
        if isinstance(relaxed, NoSolution):
            self.invariants |= set(relaxed.invariants)
            return None
        if failure is not None:
            raise failure
        answer = find(None)
        if isinstance(answer, Solution):
            return self._found(answer)
        self.invariants |= set(answer.invariants)
        return None

    def _found(self, difference: Solution) -> Solution:
        """Return a difference after recording further results from the current query."""
        self.directions = self._possible_directions(difference)
        if self._certain != FALSE and difference.holds(self._certain):
            self.certain = replace(difference, formulas=[self._certain, *difference.query.invariant_formulas])
        difference.solver.close()  # a chunk keeps the solutions of its rules
        return difference

    def _possible_directions(self, difference: Solution) -> Sequence[frozenset[Pair]]:
        """Return the directions in which the versions differ. A narrower denial, for example, tightens nothing."""
        if not self.can_decide:
            return []
        if self._directions is None:
            return [frozenset(PAIRS)]
        query, solver = difference.query, difference.solver
        return [
            pairs
            for pairs, formula in zip(BOTH_DIRECTIONS, self._directions, strict=True)
            if formula != FALSE and solver.may_hold([formula, *query.invariant_formulas]) is not False
        ]

    def _encode(self, query: Query, reachable: bool, kind: type[SymbolicRuleSet] = SymbolicRuleSet) -> list[int]:
        """Return the formula that a rule's versions differ on some subject. `reachable`: one that the rules find."""
        one, two = query.encode(self.base, kind), query.encode(self.head, kind)
        pool, found = query.space.pool, []
        certain: list[int] = []
        stricter: list[int] = []
        milder: list[int] = []
        comparable = True
        for each in sorted({rule.each for rule in self.rules}):
            exists, surely, activations = encode_subject_pair(query, each, (one, two), reachable)
            for versions in self.versions:
                before, after = (rule if rule is not None and rule.each == each else None for rule in versions)
                if before is None and after is None:
                    continue
                differs, for_certain = encode_difference(one, before, two, after, activations)
                found.append(pool.conjoin((*exists, differs)))
                certain.append(pool.conjoin((*surely, for_certain)))
                directions = encode_directions(one, before, two, after, activations)
                comparable = comparable and directions is not None
                for formulas, formula in zip((stricter, milder), directions or (), strict=False):
                    formulas.append(pool.conjoin((*exists, formula)))
        self.parts = self._parts(one, two)
        self._certain = pool.disjoin(certain)
        self._directions = (pool.disjoin(stricter), pool.disjoin(milder)) if comparable else None
        return [pool.disjoin(found)]

    def _parts(self, one: SymbolicRuleSet, two: SymbolicRuleSet) -> Kinds:
        """Return the kinds of parts that the rules can affect. Other parts may have one of their instruments."""
        sides = [ruleset.history.instruments for ruleset in (one, two)]
        for name in {name for rule in self.rules for name in named_by(rule)}:
            if any(name not in side for side in sides) or one.instrument_key(name) != two.instrument_key(name):
                return ALL_KINDS
        return touched_kinds((one.history, two.history), self.rules)

    def _classes(self) -> frozenset[str]:
        """Return the classes of the activities with differences between versions of a rule."""
        found = [solution for solution in (self.certain, self.difference) if solution is not None]
        return frozenset(cls for cls in map(class_of, found) if cls is not None)

    # --- effect of the rule

    def verdict(self, shared: SharedSearch) -> RuleVerdict:
        """Return the verdict on the rules, after `find_difference`."""
        mixed = mix(self.base, self.head, self.names)
        return self._verdict(mixed, lambda: self._find_changes(mixed, shared))

    def verdict_of_whole(self, transitions: Transitions) -> RuleVerdict:
        """Return the verdict on rules that make up the whole change, from its transitions."""
        shown = {(one.before, one.after): one for one in transitions.possible}
        if shown:
            telling = [pair for pair in MOST_TELLING_FIRST if pair in shown]
            first = [next((pair for pair in telling if pair in pairs), None) for pairs in BOTH_DIRECTIONS]
            names = [pair for pair in telling if pair in first]
            found = shown[names[0]]
            return RuleVerdict(
                self.name,
                WITNESS,
                tuple("->".join(pair) for pair in names),
                found.witness,
                found.as_of,
                *names[0],
                "The change of these rules is the whole change.",
                transitions.assumptions,
            )
        self.find_difference()
        none = len(transitions.impossible) == len(PAIRS)
        reason = "" if none else transitions.undecided[0].reason
        return self._verdict(self.head, lambda: DecisionChanges({}, none, reason))

    def _verdict(self, mixed: Bundle, find_changes: Callable[[], DecisionChanges]) -> RuleVerdict:
        """Return the verdict after `find_difference`. `mixed` is the base with the rules of the head."""
        if not self.rules:
            return RuleVerdict(self.name, UNKNOWN, reason="Neither bundle has this rule.")
        if not self.may_differ:
            reason = "The rule says the same of every profile."
            return RuleVerdict(self.name, EQUIVALENT, reason=reason, assumptions=describe_invariants(self.invariants))
        try:
            return self._verdict_on_difference(mixed, find_changes)
        except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
            reason = f"Internal error: a witness was not confirmed ({error})."
            return RuleVerdict(self.name, UNKNOWN, reason=reason)

    def _verdict_on_difference(self, mixed: Bundle, find_changes: Callable[[], DecisionChanges]) -> RuleVerdict:
        if not self.can_decide:
            if self.difference is None:
                assert self.failure is not None
                return self.failure
            return self._show_rule(self.difference, WITNESS, "What is listed changes; the decision word never does.")
        changes = find_changes()
        if changes.solutions:
            return self._show_decision(changes.solutions, mixed)
        if self.difference is None:
            assert self.failure is not None
            return self.failure
        if changes.proved_none:
            reason = "The rule says something else, and this alone never changes a decision word."
            return self._show_rule(self.difference, MASKED, reason, mixed)
        reason = f"The rule says something else; whether a decision word can change is not known. {changes.reason}"
        return self._show_rule(self.difference, UNKNOWN, reason, mixed)

    def _find_changes(self, mixed: Bundle, shared: SharedSearch) -> DecisionChanges:
        """Return the changes of the decision word that the rules alone cause."""
        try:
            self.budget.renew()
        except Undecided as error:
            return DecisionChanges(reason=reason_of(error))
        members = {} if self.difference is None else self.difference.query.space.limits
        search = ChangeSearch(mixed, shared, self.rules, self.parts, self.directions, self._classes(), members)
        changes = search.run()
        self.invariants |= changes.invariants
        return changes

    # --- witnesses

    def _show_decision(self, solutions: Mapping[Pair, Solution], mixed: Bundle) -> RuleVerdict:
        """Return the verdict with a witness for the most informative change of the decision word."""
        found = [pair for pair in MOST_TELLING_FIRST if pair in solutions]
        solution = solutions[found[0]].reduced()
        before, after = found[0]
        day = solution.as_of
        data = confirm_decisions(solution.profile, [(self.base, before), (mixed, after)], day)
        names = tuple("->".join(pair) for pair in found)
        reason = f"Changing this rule alone changes the decision ({', '.join(names)})."
        reason += self._with_all_changes(load_granted(data, schemas=self.base.schemas), day, after)
        return self._witness_verdict(solution, day, WITNESS, names, data, before, after, reason)

    def _show_rule(self, difference: Solution, verdict: str, reason: str, mixed: Bundle | None = None) -> RuleVerdict:
        """Return the verdict with a witness in which the two versions have different items.

        Without such a witness, a rule that decides nothing changes no decision: its items are unreachable.
        """
        day = difference.as_of
        if not self._differs(load_granted(difference.reduced().profile, schemas=self.base.schemas), day):
            raise Unconfirmed(f"{self.name}: the evaluator sees no difference on {day}")
        found = self._find_shown(difference)
        if found is not None:
            solution, day, data = found
            profile = load_granted(data, schemas=self.base.schemas)
            before = decision_of(self.base, profile, day)
            after = before if mixed is None else decision_of(mixed, profile, day)
            names: tuple[str, ...] = ()
            if before != after:  # no search found this change, and a profile shows it all the same
                verdict, names = WITNESS, (f"{before}->{after}",)
                reason = f"Changing this rule alone changes the decision ({names[0]})."
            reason += self._with_all_changes(profile, day, after)
            return self._witness_verdict(solution, day, verdict, names, data, before, after, reason)
        self.invariants |= set(difference.invariants)
        for name in self.names if len(self.names) > 1 else ():  # another of the rules may be listed
            one = RuleComparison(self.base, self.head, (name,), self.period, self.budget)
            one.find_difference()
            own = one._show_rule(one.difference, verdict, reason, mixed) if one.difference is not None else None
            if own is not None and own.witness is not None:
                return replace(own, rule=self.name)
        verdict = MASKED if verdict == WITNESS else verdict
        reason += " No decision was found that lists it."
        return RuleVerdict(self.name, verdict, reason=reason, assumptions=describe_invariants(self.invariants))

    def _differs(self, profile: Profile, day: str) -> bool:
        return any(
            rule_states(self.base, before, profile, day) != rule_states(self.head, after, profile, day)
            for before, after in self.versions
        )

    def _find_shown(self, difference: Solution) -> tuple[Solution, str, dict[str, Tree]] | None:
        """Return a solution, a day, and the smallest part of its profile in which the rule's items differ.

        None if no decision lists other items. Facts that leave nothing open are preferred.
        """
        for solution in filter(None, (self.certain, difference)):
            small = solution.reduced()
            days = dict.fromkeys((small.as_of, solution.as_of))  # a value that was dropped may be the day
            tried = [(small, day) for day in days]
            if solution is self.certain:  # a value that was dropped may have settled another of the rules
                tried.append((solution, solution.as_of))
            found = []
            for one, day in tried:
                if one is solution and not is_valid_and_holds(one.profile, lambda _: True, self.base.schemas):
                    continue  # the solver may have filled a list beyond its longest
                items = ListedItems(self.base, self.head, self.names, day)
                shown = items.find_shown(load_granted(one.profile, schemas=self.base.schemas))
                if shown is not None:
                    found.append((one, day, items, shown))
                    if shown.settled or solution is not self.certain:
                        break
            if found:
                one, day, items, shown = next((tried for tried in found if tried[-1].settled), found[0])
                return one, day, self._minimize_shown(one, items, shown)
        return None

    def _minimize_shown(self, solution: Solution, items: ListedItems, shown: Shown) -> dict[str, Tree]:
        """Return the smallest part of a profile in which the rule's items of a kind differ."""
        return minimize_profile(
            solution.profile, lambda profile: bool(items.differing(profile, shown)), self.base.schemas
        )

    def _witness_verdict(
        self,
        solution: Solution,
        day: str,
        verdict: str,
        names: tuple[str, ...],
        data: Facts,
        before: str,
        after: str,
        reason: str,
    ) -> RuleVerdict:
        self.invariants |= set(solution.invariants)
        assumptions = describe_invariants(self.invariants)
        return RuleVerdict(self.name, verdict, names, data, day, before, after, reason, assumptions)

    def _with_all_changes(self, profile: Profile, day: str, after: str) -> str:
        """Return a remark if the witness's decision under all changes differs from that under this one alone."""
        decision = decision_of(self.head, profile, day)
        return "" if decision == after else f" With all changes together the decision is {decision}."


# --- equivalence of changed rules, alone or together: a proof that nothing changes, or a profile that shows what does


CHUNK, LARGE_CHUNK = 16, 48
"""Minimum and maximum number of groups per encoding of the base. Verdicts do not depend on the workers."""
CHUNKS = 4
"""Number of chunks before they grow, which needs fewer encodings and still occupies all workers."""


def compare_rules(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int = BUDGET,
    workers: int = 1,
) -> list[RuleVerdict]:
    """Return ordered verdicts on the differing rules (policy/rule) of two bundles, each as a separate change.

    `as_of` limits the question to one day. `budget` is the resource limit of one question (z3's units).
    """
    chunks = _chunks([(name,) for name in names])
    tasks = [functools.partial(_compare_chunk, base, head, chunk, Budget(budget), as_of) for chunk in chunks]
    found = run_shared(tasks, workers)
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
    kinds = deciding, [group for group in apart if group not in set(deciding)]
    parts = [
        (chunk, Budget(budget, QUESTIONS * budget * len(chunk) // len(kind)))  # no chunk takes from another
        for kind in kinds
        for chunk in _chunks(kind)
    ]
    alone = workers > 1 and not parts
    tasks: list[Callable[[], Transitions | list[RuleVerdict]]] = [
        functools.partial(compare_decisions, base, head, as_of, budget, alone),
        *(functools.partial(_compare_chunk, base, head, chunk, own, as_of) for chunk, own in parts),
    ]
    transitions, *found = run_shared(tasks, workers)
    assert isinstance(transitions, Transitions)
    pairs = zip(parts, (one for one in found if isinstance(one, list)), strict=True)
    verdicts = {group: verdict for (chunk, _), own in pairs for group, verdict in zip(chunk, own, strict=True)}
    verdicts |= {group: _compare_whole(base, head, group, as_of, budget, transitions) for group in whole}
    answers = [verdicts[group] for group in wanted]
    if transitions.undecided and _all_the_same(base, head, as_of, zip(wanted, answers, strict=True)):
        transitions = all_transitions(IMPOSSIBLE, "Every deciding rule that differs is proved to say the same.")
    return answers, add_shown(base, head, transitions, answers)


def _whole(base: Bundle, head: Bundle, as_of: str | None, groups: Sequence[Group]) -> set[Group]:
    """Return the groups with every rule that can change decisions.

    If the instruments that license an activity differ, a group changes them, too, if its rules name these instruments.
    """
    period = comparison_period(base, head, as_of)
    differing = None if period is None else differing_rules(base, head, period)
    if period is None or not differing:
        return set()
    if licenses_alike(base, head, period):
        return {group for group in groups if differing.keys() <= set(group)}
    naming = {name for name in differing if any(named_by(find_rule(side, name)) for side in (base, head))}
    likely = [group for group in groups if naming & set(group)]
    return {group for group in likely[:1] if differing_rules(mix(base, head, group), head, period) == {}}


def _all_the_same(base: Bundle, head: Bundle, as_of: str | None, verdicts: Iterable[tuple[Group, RuleVerdict]]) -> bool:
    """Return whether every rule that can change a decision is provably equivalent for every profile."""
    period = comparison_period(base, head, as_of)
    differing = None if period is None else differing_rules(base, head, period)
    if period is None or differing is None or not licenses_alike(base, head, period):
        return False
    same = {name for group, verdict in verdicts if verdict.verdict == EQUIVALENT for name in group}
    return differing.keys() <= same


def _can_decide(base: Bundle, head: Bundle, group: Group) -> bool:
    """Return True if the decision can depend on one of the rules; only such groups need an encoding of the base."""
    rules = (find_rule(bundle, name) for name in group for bundle in (base, head))
    return any(rule is not None and not isinstance(rule.effect, Duty | Advise) for rule in rules)


def _chunks(groups: Sequence[Group]) -> list[tuple[Group, ...]]:
    size = max(CHUNK, min(LARGE_CHUNK, math.ceil(len(groups) / CHUNKS)))
    return [tuple(groups[start : start + size]) for start in range(0, len(groups), size)]


def _compare_chunk(
    base: Bundle, head: Bundle, groups: Sequence[Group], budget: Budget, as_of: str | None
) -> list[RuleVerdict]:
    """Return verdicts on a few groups of rules, over one encoding of the base."""
    period = comparison_period(base, head, as_of)
    if period is None:
        return [_not_covered(group) for group in groups]
    comparisons = [RuleComparison(base, head, group, period, budget) for group in groups]
    for comparison in comparisons:
        comparison.find_difference()
    spans = [comparison.span for comparison in comparisons if comparison.can_decide and comparison.may_differ]
    shared = SharedSearch(base, hull([span for span in spans if span is not None]) or period, budget)
    return [comparison.verdict(shared) for comparison in comparisons]


def _compare_whole(
    base: Bundle, head: Bundle, group: Group, as_of: str | None, budget: int, transitions: Transitions
) -> RuleVerdict:
    """Return the verdict on a group with the same effect on decisions as the whole change."""
    period = comparison_period(base, head, as_of)
    assert period is not None
    return RuleComparison(base, head, group, period, Budget(budget)).verdict_of_whole(transitions)


def _not_covered(group: Group) -> RuleVerdict:
    return RuleVerdict(group[0], UNKNOWN, reason="One of the bundles does not cover that day.")
