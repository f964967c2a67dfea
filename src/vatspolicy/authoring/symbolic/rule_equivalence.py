"""compare_rules(base, head, names): for every changed rule a proof that nothing changes, or a profile that shows it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.symbolic.isolate import find_rule, mix
from vatspolicy.authoring.symbolic.minimize import minimize_profile
from vatspolicy.authoring.symbolic.query import NoSolution, Query, Solution, describe_invariants, solve
from vatspolicy.authoring.symbolic.relaxation import RelaxedRuleSet
from vatspolicy.authoring.symbolic.rule_state import difference, encode_subject_pair, says
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, reason_of
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.transitions import compare_decisions
from vatspolicy.authoring.symbolic.two_rulesets import (
    SHORT,
    TransitionProof,
    TwoRuleSetSearch,
    comparison_period,
    lengths,
)
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.authoring.symbolic.verdicts import (
    EQUIVALENT,
    MASKED,
    MOST_TELLING_FIRST,
    PAIRS,
    UNKNOWN,
    UNSETTLED,
    UNSUPPORTED,
    WITNESS,
    Pair,
    RuleVerdict,
    Transitions,
)
from vatspolicy.authoring.symbolic.witness import Unconfirmed, confirm_decisions
from vatspolicy.authoring.symbolic.workers import answers
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Advise, Duty
from vatspolicy.profile.profile import Profile, load_profile

CHUNK = 8
"""Rules that share one encoding of the law; fixed, so that verdicts do not depend on the number of workers."""


def compare_rules(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int = BUDGET,
    workers: int = 1,
) -> list[RuleVerdict]:
    """Verdicts on the rules (policy/rule) that differ between two bundles, in the order of `names`.

    `as_of` asks of one day only. `budget` is the work that one question may cost (z3's resource units).
    """
    found = answers((base, head), [(judge, (chunk, as_of, budget)) for chunk in chunks(names)], workers)
    return [verdict for chunk in found for verdict in chunk]


def compare_change(
    base: Bundle,
    head: Bundle,
    names: Sequence[str],
    *,
    as_of: str | None = None,
    budget: int = BUDGET,
    workers: int = 1,
) -> tuple[list[RuleVerdict], Transitions]:
    """`compare_rules` and `compare_decisions` at once, so that workers have something to do all the time."""
    tasks: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [(compare_decisions, (as_of, budget))]
    tasks += [(judge, (chunk, as_of, budget)) for chunk in chunks(names)]
    transitions, *found = answers((base, head), tasks, workers)
    return [verdict for chunk in found for verdict in chunk], transitions


def chunks(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The rules in groups that are judged together."""
    return [tuple(names[start : start + CHUNK]) for start in range(0, len(names), CHUNK)]


def judge(base: Bundle, head: Bundle, names: Sequence[str], as_of: str | None, budget: int) -> list[RuleVerdict]:
    """Verdicts on a few rules, over one encoding of the law."""
    period = comparison_period(base, head, as_of)
    if period is None:
        return [RuleVerdict(name, UNKNOWN, reason="One of the bundles does not cover that day.") for name in names]
    questions = [_RuleComparison(base, head, name, period, budget) for name in names]
    for question in questions:
        question.differ()
    spans = [question.span for question in questions if question.decides and question.shown is not None]
    shared = _SharedSearch(base, _hull([span for span in spans if span is not None]) or period, budget)
    return [question.verdict(shared) for question in questions]


def _hull(periods: Sequence[Period]) -> Period | None:
    """The stretch from the first to the last day of some periods."""
    return Period(min(p.start for p in periods), max(p.end for p in periods)) if periods else None


class _SharedSearch:
    """The decision words of the base, encoded once for all rules."""

    def __init__(self, base: Bundle, period: Period, budget: int) -> None:
        self.base, self.period, self.budget = base, period, budget
        self.proof = TransitionProof(period, base, budget)
        self._ground: TwoRuleSetSearch | None = None

    @property
    def ground(self) -> TwoRuleSetSearch:
        """The search with one member of each list."""
        self._ground = self._ground or TwoRuleSetSearch(self.period, self.base, self.budget, {})
        return self._ground

    def longer(self, members: Mapping[str, int]) -> TwoRuleSetSearch:
        """The search with longer lists."""
        return TwoRuleSetSearch(self.period, self.base, self.budget, members)


@dataclass
class _DecisionChanges:
    """What is known of the decision words: profiles by change, whether there are no others, and why it is not known."""

    answers: dict[Pair, Solution] = field(default_factory=dict)
    proved: bool = False
    reason: str = ""


class _RuleComparison:
    """One rule in two bundles."""

    def __init__(self, base: Bundle, head: Bundle, name: str, period: Period, budget: int) -> None:
        self.base, self.head, self.name, self.budget = base, head, name, budget
        self.before, self.after = find_rule(base, name), find_rule(head, name)
        self.rules = [rule for rule in (self.before, self.after) if rule is not None]
        self.span = self.days(period)
        self.shown: Solution | None = None
        self.invariants: set[str] = set()
        self.failure: RuleVerdict | None = None

    def days(self, period: Period) -> Period | None:
        """The days on which a version of the rule is in force."""
        spans = [Period(max(rule.since, period.start), min(rule.until, period.end)) for rule in self.rules]
        return _hull([span for span in spans if span.start < span.end])

    @property
    def decides(self) -> bool:
        """Whether the decision word can depend on the rule."""
        return not all(isinstance(rule.effect, Duty | Advise) for rule in self.rules)

    # --- the rule itself

    def differ(self) -> None:
        """Find facts of which the two versions say something different, or prove that there are none."""
        try:
            self.shown = self.difference() if self.span is not None else None
        except Unsupported as error:
            self.failure = RuleVerdict(self.name, UNSUPPORTED, reason=reason_of(error))
        except Undecided as error:
            self.failure = RuleVerdict(self.name, UNKNOWN, reason=reason_of(error))

    def difference(self) -> Solution | None:
        assert self.span is not None
        loose = solve(
            self.span, lambda query: self.build(query, False, RelaxedRuleSet), self.budget, schemas=self.base.schemas
        )
        if isinstance(loose, NoSolution):
            self.invariants |= set(loose.invariants)
            return None
        reach = any(rule.each == "activity" for rule in self.rules)
        for fixed in (SHORT, None):  # a witness has few members; only a proof needs to look at more
            answer = solve(
                self.span, lambda query: self.build(query, reach), self.budget, fixed, schemas=self.base.schemas
            )
            if isinstance(answer, Solution):
                return answer
            self.invariants |= set(answer.invariants)
        return None

    def build(self, query: Query, reach: bool, kind: type[SymbolicRuleSet] = SymbolicRuleSet) -> list[int]:
        one, two = query.encode(self.base, kind), query.encode(self.head, kind)
        found = []
        for each in sorted({rule.each for rule in self.rules}):
            there, activations = encode_subject_pair(query, each, (one, two), reach)
            before, after = (
                rule if rule is not None and rule.each == each else None for rule in (self.before, self.after)
            )
            differs = difference(one, before, two, after, activations)
            found.append(query.space.pool.conjoin((*there, differs)))
        return [query.space.pool.disjoin(found)]

    # --- what it changes

    def verdict(self, shared: _SharedSearch) -> RuleVerdict:
        """What the rule's change comes to."""
        if not self.rules:
            return RuleVerdict(self.name, UNKNOWN, reason="Neither bundle has this rule.")
        if self.failure is not None:
            return self.failure
        if self.shown is None:
            reason = "The rule says the same of every profile."
            return RuleVerdict(self.name, EQUIVALENT, reason=reason, assumptions=self.assumptions())
        try:
            return self.consequences(self.shown, shared)
        except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
            reason = f"Internal error: a witness was not confirmed ({error})."
            return RuleVerdict(self.name, UNKNOWN, reason=reason)

    def consequences(self, shown: Solution, shared: _SharedSearch) -> RuleVerdict:
        if not self.decides:
            return self.status(shown, WITNESS, "What is listed changes; the decision word never does.")
        mixed = mix(self.base, self.head, self.name)
        outcome = self.words(mixed, shown, shared)
        if outcome.answers:
            return self.change(outcome.answers, mixed)
        if outcome.proved:
            return self.status(
                shown, MASKED, "The rule says something else, and this alone never changes a decision word.", mixed
            )
        reason = f"The rule says something else; whether a decision word can change is not known. {outcome.reason}"
        return self.status(shown, UNKNOWN, reason, mixed)

    def words(self, mixed: Bundle, shown: Solution, shared: _SharedSearch) -> _DecisionChanges:
        """Which changes of the decision word this rule alone makes."""
        outcome = _DecisionChanges(reason=UNSETTLED)
        steps: tuple[Callable[[], None], ...] = (
            lambda: shared.ground.pairs(mixed, MOST_TELLING_FIRST, outcome.answers),
            lambda: self.prove(outcome, shared.proof, mixed, False),
            lambda: shared.longer(lengths(shown.query.space.limits)).pairs(mixed, MOST_TELLING_FIRST, outcome.answers),
            lambda: self.prove(outcome, shared.proof, mixed, True),
        )
        for step in steps:
            try:
                step()
            except Unsupported as error:
                outcome.reason = reason_of(error)
                break
            except Undecided as error:
                outcome.reason = reason_of(error)
            if outcome.answers or outcome.proved:
                break
        return outcome

    def prove(self, outcome: _DecisionChanges, proof: TransitionProof, mixed: Bundle, lists: bool) -> None:
        excluded = proof.exclude(mixed, PAIRS, lists)
        self.invariants |= set(excluded.invariants)
        outcome.proved = len(excluded.pairs) == len(PAIRS)

    # --- witnesses

    def change(self, answers: Mapping[Pair, Solution], mixed: Bundle) -> RuleVerdict:
        """The verdict with a profile of the most telling change of the decision word."""
        found = [pair for pair in MOST_TELLING_FIRST if pair in answers]
        answer = answers[found[0]].reduced()
        before, after = found[0]
        day = answer.as_of
        data = confirm_decisions(answer.profile, [(self.base, before), (mixed, after)], day)
        names = tuple("->".join(pair) for pair in found)
        reason = f"Changing this rule alone changes the decision ({', '.join(names)})."
        reason += self.together(load_profile(data, schemas=self.base.schemas), day, after)
        self.invariants |= set(answer.invariants)
        return RuleVerdict(self.name, WITNESS, names, data, day, before, after, reason, self.assumptions())

    def status(self, shown: Solution, verdict: str, reason: str, mixed: Bundle | None = None) -> RuleVerdict:
        """The verdict with a profile of which the two versions say something different."""
        answer = shown.reduced()
        day = answer.as_of

        def told(profile: Profile) -> bool:
            return says(self.base, self.before, profile, day) != says(self.head, self.after, profile, day)

        if not told(load_profile(answer.profile, schemas=self.base.schemas)):
            raise Unconfirmed(f"{self.name}: the evaluator sees no difference on {day}")
        data = minimize_profile(answer.profile, told, self.base.schemas)
        profile = load_profile(data, schemas=self.base.schemas)
        before = evaluate(self.base, profile, day).decision
        after = before if mixed is None else evaluate(mixed, profile, day).decision
        reason += self.together(profile, day, after)
        self.invariants |= set(answer.invariants)
        return RuleVerdict(self.name, verdict, (), data, day, before, after, reason, self.assumptions())

    def together(self, profile: Profile, day: str, after: str) -> str:
        whole = evaluate(self.head, profile, day).decision
        return "" if whole == after else f" With all changes together the decision is {whole}."

    def assumptions(self) -> tuple[str, ...]:
        return describe_invariants(self.invariants)
