"""Rules that apply but decide nothing, because other rules always decide the same."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence

from vatspolicy.authoring.analysis.bounded_search import SymbolicSubject, encode_fires, encode_subject
from vatspolicy.authoring.analysis.context import AnalysisContext
from vatspolicy.authoring.analysis.findings import AnalysisFinding, NotEvaluated
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.authoring.symbolic.decision_encoder import SymbolicOutcome, decision_words, encode_rules
from vatspolicy.authoring.symbolic.formula import FALSE
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Undecided, reason_of
from vatspolicy.authoring.symbolic.values import Unsupported
from vatspolicy.i18n import LANGUAGES, Phrase
from vatspolicy.i18n.words import joint, say_both
from vatspolicy.policies.model import Classify, Deny, Need, Route, Rule


def find_shadowed(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield rules that apply, and without which no decision would differ on any day."""
    deciding = [rule for rule in rules if isinstance(rule.effect, Deny | Need | Route | Classify)]
    for rule in _shadowed_on_short_lists(context, deciding):
        yield from context.attempt("never-decides", (rule.name,), functools.partial(_check_shadowed, context, rule))


def _shadowed_on_short_lists(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[Rule]:
    """Yield rules without which no product with one service and short lists is decided differently."""
    search = context.search
    if search.unsupported:
        for name, reason in search.unsupported.items():
            context.not_evaluated.append(NotEvaluated("never-decides", (name,), reason_of(Unsupported(reason))))
        return
    pool = search.query.space.pool
    before = decision_words(pool, search.outcome())
    differs: dict[str, int] = {}
    for rule in rules:
        after = decision_words(pool, search.outcome(without_rule=rule.name))
        differs[rule.name] = pool.disjoin(pool.conjoin((before[word], -after[word])) for word in before)
    search.prepare(differs.values())
    for rule in rules:
        if differs[rule.name] == FALSE or not search.may_be_satisfiable([differs[rule.name]]):
            yield rule  # at the limit, too: the check of the rule alone settles it, or says that it was not evaluated


def _check_shadowed(context: AnalysisContext, rule: Rule) -> AnalysisFinding | None:
    solution = context.find_solution(lambda query, ruleset: encode_fires(query, ruleset, rule, certain=True))
    if solution is None:  # the rule is dead, which is another finding
        return None
    if not isinstance(rule.effect, Deny | Need):
        raise Undecided("only of denials and needs is it proved that they decide nothing")
    shadows = _find_shadows(context, rule)
    if shadows is None or _decides_somewhere(context, rule, shadows):
        raise Undecided("whether other rules always decide the same was not found out")
    title = f"lets {rule.id} apply beside others that decide the same"
    shown = make_witness(context.bundle, solution, [rule], title)
    told = Phrase("Wherever {rule} applies, the decision is the same without it, because of {others}.")
    others = {lang: joint("list", lang).join(other.name for other in shadows) for lang in LANGUAGES}
    return context.finding("never-decides", (rule,), say_both(told, rule=rule.id, others=others), shown)


def _find_shadows(context: AnalysisContext, rule: Rule) -> list[Rule] | None:
    """Return rules of which one is as strict wherever the rule applies, on short lists; None if there are none."""
    search = context.search
    own, subject = _encode_alone(search.query, search.ruleset, rule)
    rules = search.history.rules
    others = [r for key, found in rules.items() if key.split("/")[1] in ("deny", "need") for r in found]
    others = [other for other in others if other is not rule and _covers_subject(other, rule)]
    outcomes = {other.name: _encode_alone(search.query, search.ruleset, other)[0] for other in others}
    found: dict[str, Rule] = {}
    for index, formula in enumerate((*own.low, *own.high)):
        if formula == FALSE:
            continue
        negated = {-(*outcomes[r.name].low, *outcomes[r.name].high)[index]: r for r in others}
        negated.pop(-FALSE, None)
        answer = search.solver.check([*subject[0], *search.invariants(), formula, *negated])
        if not isinstance(answer, list):
            return None
        found |= {negated[f].name: negated[f] for f in answer if f in negated}
    return [found[name] for name in sorted(found)]


def _decides_somewhere(context: AnalysisContext, rule: Rule, shadows: Sequence[Rule]) -> bool:
    """Return whether the rule is stricter than every shadow in some profile."""

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        pool = query.space.pool
        own, subject = _encode_alone(query, ruleset, rule)
        others = [_encode_alone(query, ruleset, shadow)[0] for shadow in shadows]
        low = [pool.conjoin((own.low[i], *(-other.low[i] for other in others))) for i in (0, 1)]
        high = [pool.conjoin((own.high[i], *(-other.high[i] for other in others))) for i in (0, 1)]
        return [*subject[0], pool.disjoin((*low, *high))]

    return context.find_solution(build) is not None


def _encode_alone(query: Query, ruleset: SymbolicRuleSet, rule: Rule) -> tuple[SymbolicOutcome, SymbolicSubject]:
    """Return the outcome of one rule alone, beside the routes, on its subject with any possible class."""
    subject = encode_subject(query, ruleset, rule.each, certain=False)
    rules = {name: found for name, found in ruleset.history.rules.items() if name == "activity/route"}
    history = dataclasses.replace(ruleset.history, rules={**rules, rule.group: (rule,)})
    alone = dataclasses.replace(ruleset, history=history)
    return encode_rules(alone, rule.each, subject[1]), subject


def _covers_subject(other: Rule, rule: Rule) -> bool:
    """Return whether the other rule is evaluated on the same subject, or on one that contains it."""
    order = ("product", "service", "activity")
    return order.index(other.each) <= order.index(rule.each)
