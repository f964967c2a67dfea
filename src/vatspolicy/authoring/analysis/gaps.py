"""Gaps of a bundle: offers and classes without a rule."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from vatspolicy.authoring.analysis.findings import AnalysisFinding
from vatspolicy.authoring.analysis.rule_checks import AnalysisContext
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Classify, Need, Route, Rule
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase
from vatspolicy.i18n.words import joint, say_both
from vatspolicy.proofs.decision_encoder import encode_classes
from vatspolicy.proofs.formula import FALSE, TRUE
from vatspolicy.proofs.query import Query, Solution
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.values import Constant, EnumSet

_ACTIVITY_EFFECTS = ("deny", "need", "duty", "advise")


def find_gaps(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield offers that no rule classifies, and classes without any need, denial, duty or advice."""
    found = [rule.effect for rule in rules if isinstance(rule.effect, Classify)]
    if not found:
        return
    known: list[str] = []
    while True:  # one offer after the other, until it is proved that there are no others
        more = list(context.attempt("gap", ("offers",), _check_unclassified, known))
        if not more:
            break
        yield from more
        known.append(more[0].about[0].partition("=")[2])
    for cls in sorted({cls for effect in found for cls in effect.classes}):
        silent = list(context.attempt("gap", (f"class={cls}",), _check_class, cls))
        yield from silent or context.attempt("gap", (f"class={cls}",), _check_licensed, rules, cls)


def _check_unclassified(context: AnalysisContext, known: Sequence[str]) -> AnalysisFinding | None:
    """Return a gap for a service with a new offer that certainly no classify rule applies to."""

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, service = query.services[0]
        pool = query.space.pool
        some = [
            pool.conjoin((held, pool.disjoin(map(base.has, _offers(query))), *(-base.has(word) for word in known)))
            for held, base in service.cases("offers")
            if isinstance(base, EnumSet)
        ]
        activation = ruleset.service_activation(service)
        silent = [ruleset.holds(rule, activation).false for rule in ruleset.history.rules_for("service", "classify")]
        return [exists, pool.disjoin(some), *silent]

    solution = context.find_solution(build)
    if solution is None:
        return None
    offer = solution.minimized().profile["services"][0]["offers"][0]
    message = say_both(Phrase("No rule classifies a service that offers {offer}."), offer=offer)
    return _gap(context.bundle, f"offers={offer}", message, solution)


def _check_class(context: AnalysisContext, cls: str) -> AnalysisFinding | None:
    """Return a gap for an activity of the class that certainly no rule applies to."""

    def build(names: frozenset[str] | None, query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, service = query.services[0]
        activation = ruleset.activity_activation(service, ((TRUE, Constant(cls)),), cls)
        silent: dict[str, int] = {}
        for rule in _activity_rules(ruleset):
            if names is None or rule.name in names:
                silent[rule.name] = ruleset.holds(rule, activation).false
                if silent[rule.name] == FALSE:  # the rule applies to every activity
                    return [FALSE]
        certain = encode_classes(ruleset, ruleset.service_activation(service)).certain
        return [exists, certain.get(cls, FALSE), *silent.values()]

    solution = context.find_solution(functools.partial(build, _speaking(context, cls)))
    if solution is not None:  # no profile with short lists: longer ones need all rules
        solution = context.find_solution(functools.partial(build, None))
    if solution is None:
        return None
    message = say_both(Phrase("No rule covers an activity of class {cls}."), cls=cls)
    return _gap(context.bundle, f"class={cls}", message, solution)


def _speaking(context: AnalysisContext, cls: str) -> frozenset[str] | None:
    """Return rules that together cover all activities of the class on short lists, or None."""
    query, ruleset = context.search.query, context.search.ruleset
    exists, service = query.services[0]
    activation = ruleset.activity_activation(service, ((TRUE, Constant(cls)),), cls)
    names = {ruleset.holds(rule, activation).false: rule.name for rule in _activity_rules(ruleset)}
    certain = encode_classes(ruleset, ruleset.service_activation(service)).certain
    asked = [exists, certain.get(cls, FALSE), *names]
    if FALSE in asked:
        return frozenset(name for formula, name in names.items() if formula == FALSE)
    answer = context.search.solver.check([*asked, *context.search.query.invariant_formulas])
    return frozenset(names[formula] for formula in answer if formula in names) if isinstance(answer, list) else None


def _check_licensed(context: AnalysisContext, rules: Sequence[Rule], cls: str) -> AnalysisFinding | None:
    """Return a gap for a class with a route to a license that its activities never need."""
    needs = [rule for rule in rules if isinstance(rule.effect, Need) and rule.effect.through is not None]
    routes = [rule for rule in rules if isinstance(rule.effect, Route)]
    if not needs or not routes:
        return None

    def ask(asked: Sequence[Rule], query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, service = query.services[0]
        activation = ruleset.activity_activation(service, ((TRUE, Constant(cls)),), cls)
        certain = encode_classes(ruleset, ruleset.service_activation(service)).certain
        applies = (ruleset.holds(rule, activation).true for rule in asked)
        return [exists, certain.get(cls, FALSE), query.space.pool.disjoin(applies)]

    search = context.search
    if context.is_satisfiable(ask(needs, search.query, search.ruleset)):
        return None
    if context.find_solution(functools.partial(ask, needs)) is not None:
        return None
    solution = context.find_solution(functools.partial(ask, routes))
    if solution is None:
        return None
    names = {lang: joint("list", lang).join(sorted(rule.name for rule in needs)) for lang in LANGUAGES}
    told = Phrase("An activity of class {cls} never needs a license, though a route leads to one. Needs: {needs}.")
    finding = _gap(context.bundle, f"class={cls}", say_both(told, cls=cls, needs=names), solution)
    first = min(needs, key=lambda rule: (cls not in rule.when.text, rule.line))
    return replace(finding, file=context.bundle.policies[first.policy].file, line=first.line)


def _activity_rules(ruleset: SymbolicRuleSet) -> list[Rule]:
    """Return the rules on activities, the shortest first. Short rules settle most questions."""
    rules = [rule for effect in _ACTIVITY_EFFECTS for rule in ruleset.history.rules_for("activity", effect)]
    return sorted(rules, key=lambda rule: len(rule.when.text))


def _gap(bundle: Bundle, about: str, message: LocalizedText, solution: Solution) -> AnalysisFinding:
    """Return the finding, placed at the first classify rule."""
    shown = make_witness(bundle, solution, (), "")
    rules = [(p.file, r.line) for p in bundle.policies.values() for r in p.rules if isinstance(r.effect, Classify)]
    return AnalysisFinding(
        "gap", (about,), *rules[0], message, None, None, shown.profile, shown.as_of, shown.case, shown.case_for, None
    )


def _offers(query: Query) -> Iterable[str]:
    """Return the offers of a service that the profile schema allows."""
    service = query.schemas.load("profile")["properties"]["services"]["items"]["properties"]
    return tuple(service["offers"]["items"]["enum"])
