"""Rules that apply but decide nothing, because other rules always decide the same."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence

from vatspolicy.authoring.analysis.bounded_search import encode_fires
from vatspolicy.authoring.analysis.context import AnalysisContext
from vatspolicy.authoring.analysis.findings import AnalysisFinding, NotEvaluated
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.authoring.symbolic.change_search import SHORT
from vatspolicy.authoring.symbolic.decision_encoder import decision_words, encode_decision
from vatspolicy.authoring.symbolic.formula import FALSE, FormulaPool
from vatspolicy.authoring.symbolic.query import Query, Solution, solve
from vatspolicy.authoring.symbolic.ruleset_encoder import RelaxedEncoder, RelaxedRuleSet, RuleSwitches, SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Undecided, open_solver, reason_of
from vatspolicy.authoring.symbolic.timeline import RuleSetHistory
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.core.policies.model import Classify, Deny, Need, Route, Rule
from vatspolicy.i18n import LANGUAGES, Phrase
from vatspolicy.i18n.words import joint, say_both


def find_shadowed(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield rules that apply, and without which no decision would differ on any day."""
    deciding = [rule for rule in rules if isinstance(rule.effect, Deny | Need | Route | Classify)]
    candidates = list(_shadowed_on_short_lists(context, deciding))
    proof = _ShadowProof(context, candidates)
    for rule in candidates:
        yield from context.attempt(
            "never-decides", (rule.name,), functools.partial(_check_shadowed, context, rule, proof)
        )


def _shadowed_on_short_lists(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[Rule]:
    """Yield rules without which no product with one service and short lists is decided differently."""
    search = context.search
    if search.unsupported:
        for name, reason in search.unsupported.items():
            context.not_evaluated.append(NotEvaluated("never-decides", (name,), reason_of(Unsupported(reason))))
        return
    pool = search.query.space.pool
    before = decision_words(pool, search.outcome())
    switches = RuleSwitches(search.ruleset, [rule for rule in rules if _keeps_licenses(search.history, rule)])
    after = decision_words(pool, encode_decision(switches.ruleset, search.query.services[:1]))
    one_off = [_differ(pool, before, after), switches.at_most_one_off]
    search.prepare(one_off)
    for rule in rules:
        if rule.name in switches.off:
            asked = [*one_off, switches.off[rule.name]]
        else:
            asked = [_differ(pool, before, decision_words(pool, search.outcome(without_rule=rule.name)))]
        if FALSE in asked or not search.may_be_satisfiable(asked):
            yield rule  # at the limit, too: the check of the rule alone settles it, or says that it was not evaluated


def _differ(pool: FormulaPool, before: Mapping[str, int], after: Mapping[str, int]) -> int:
    return pool.disjoin(pool.conjoin((before[word], -after[word])) for word in before)


def _keeps_licenses(history: RuleSetHistory, rule: Rule) -> bool:
    """Return whether the same instruments license an activity without the rule: other routes lead to its own."""
    return not isinstance(rule.effect, Route) or history.without(rule.name).access == history.access


def _check_shadowed(context: AnalysisContext, rule: Rule, proof: _ShadowProof) -> AnalysisFinding | None:
    solution = context.find_solution(lambda query, ruleset: encode_fires(query, ruleset, rule, certain=True))
    if solution is None:  # the rule is dead, which is another finding
        return None
    shadows = proof.find_shadows(rule)
    if shadows is None:
        return None
    title = f"lets {rule.id} apply beside others that decide the same"
    shown = make_witness(context.bundle, solution, [rule], title)
    told = Phrase("Wherever {rule} applies, the decision is the same without it, because of {others}.")
    others = {lang: joint("list", lang).join(other.name for other in shadows) for lang in LANGUAGES}
    return context.finding("never-decides", (rule,), say_both(told, rule=rule.id, others=others), shown)


class _ShadowProof:
    """Proofs for lists of any length that the bounds of no decision differ without a rule.

    Equal bounds of the product with each service are equal bounds of the whole, whatever the number of services.
    """

    def __init__(self, context: AnalysisContext, candidates: Sequence[Rule]) -> None:
        self.context, self.candidates = context, candidates

    @functools.cached_property
    def _encoded(self) -> _TwoOutcomes:
        bounds: dict[str, int] = {}
        while True:
            query = Query(self.context.period, dict(bounds), RelaxedEncoder, self.context.bundle.schemas)
            found = _TwoOutcomes(
                query, query.encode(self.context.bundle, RelaxedRuleSet), self.candidates, self.context.budget
            )
            missing = query.space.missing_bounds()
            if not missing:
                return found
            bounds |= missing

    def find_shadows(self, rule: Rule) -> list[Rule] | None:
        """Return denials and needs because of which a rule decides nothing, or None if it decides some profile.

        Raises:
            Undecided: Neither was found.
        """
        found = self._encoded.find_shadows(rule)
        if found is None and not _decides(self.context, rule):
            raise Undecided("whether other rules always decide the same was not found out")
        return found


MANY = {**SHORT, "company.licenses": 6, "partner.licenses": 6}
"""Lengths of lists for a rule that decides only beside several licenses that are held."""


def _decides(context: AnalysisContext, rule: Rule) -> bool:
    """Return whether a profile with many licenses is decided differently without the rule."""

    def build(query: Query) -> Sequence[int]:
        ruleset = query.encode(context.bundle)
        less = dataclasses.replace(ruleset, history=ruleset.history.without(rule.name))
        pool, services = query.space.pool, query.services[:1]
        words = [decision_words(pool, encode_decision(side, services)) for side in (ruleset, less)]
        return [_differ(pool, *words)]

    found = solve(context.period, build, context.budget, MANY, schemas=context.bundle.schemas)
    return isinstance(found, Solution)


class _TwoOutcomes:
    """Outcomes with and without candidates. Any other rule can be switched off in both, so that proofs name it."""

    def __init__(self, query: Query, ruleset: SymbolicRuleSet, candidates: Sequence[Rule], budget: int) -> None:
        self.query, pool = query, query.space.pool
        others = [rule for rule in itertools.chain(*ruleset.history.rules.values()) if _can_shadow(rule)]
        self.rules = {rule.name: rule for rule in others}
        self.whole = RuleSwitches(ruleset, others)
        self.less = RuleSwitches(self.whole.ruleset, candidates, "further ")
        one, two = (encode_decision(side.ruleset, query.services[:1]) for side in (self.whole, self.less))
        pairs = zip((*one.low, *one.high), (*two.low, *two.high), strict=True)
        self.differs = pool.disjoin(itertools.starmap(pool.differ, pairs))
        self.solver = open_solver(query.space, budget)

    def find_shadows(self, rule: Rule) -> list[Rule] | None:
        """Return the denials and needs that a proof for the rule needs, or None if there is no proof."""
        asked = [self.differs, self.less.at_most_one_off, self.less.off[rule.name], *self.query.invariant_formulas]
        on = {-off: self.rules[name] for name, off in self.whole.off.items()}
        asked += [formula for formula, other in on.items() if not _covers_subject(other, rule) or other is rule]
        needed = [formula for formula in on if formula not in asked]
        core = self.solver.core([*asked, *needed])
        if core is None:
            return None
        needed = [formula for formula in needed if formula in core]
        for formula in list(needed):  # a core may name more than the proof needs
            fewer = [other for other in needed if other != formula]
            core = self.solver.core([*asked, *fewer]) if formula in needed else None
            if core is not None:
                needed = [other for other in fewer if other in core]
        return sorted((on[formula] for formula in needed), key=lambda other: other.name)


def _can_shadow(rule: Rule) -> bool:
    return isinstance(rule.effect, Deny | Need)


def _covers_subject(other: Rule, rule: Rule) -> bool:
    """Return whether the other rule is evaluated on the same subject, or on one that contains it."""
    order = ("product", "service", "activity")
    return order.index(other.each) <= order.index(rule.each)
