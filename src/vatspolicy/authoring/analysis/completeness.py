"""Completeness of a bundle: profiles without a rule, and rules that stay undecided with all facts."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from vatspolicy.authoring.analysis.bounded_search import (
    BoundedSearch,
    encode_applies,
    encode_subject,
    find_bounded_solution,
)
from vatspolicy.authoring.analysis.findings import AnalysisFinding
from vatspolicy.authoring.analysis.rule_checks import AnalysisContext
from vatspolicy.authoring.analysis.settings import OptionalObject
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Classify, Need, Route, Rule
from vatspolicy.core.policies.reads import facts_of
from vatspolicy.core.profile.operators import BASIS, ULTIMATE
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase
from vatspolicy.i18n.words import joint, say_both
from vatspolicy.proofs.change_search import SHORT
from vatspolicy.proofs.decision_encoder import encode_classes
from vatspolicy.proofs.formula import FALSE, TRUE
from vatspolicy.proofs.query import Query, Solution
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import Undecided
from vatspolicy.proofs.values import Constant, EnumSet, IndexedChoice
from vatspolicy.proofs.witness import Unconfirmed

_ACTIVITY_EFFECTS = ("deny", "need", "duty", "advise")

# --- gaps


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
    answer = context.search.solver.check([*asked, *context.search.invariants()])
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


# --- rules that may be unknown


def find_undecided(
    context: AnalysisContext, rules: Sequence[Rule], details: Sequence[OptionalObject]
) -> Iterator[AnalysisFinding]:
    """Yield rules that can be undecided although every fact that applies is given.

    Every fact applies, except those of an optional object whose condition does not hold.
    """
    objects = {detail.facts for detail in details} | {"partner"}
    asked = [rule for rule in rules if _reads_some(rule, objects)]
    if not asked:  # every fact that the rules read is given
        return
    search = BoundedSearch(context.bundle, context.period, context.budget, SHORT)
    given = search.query.space.pool.conjoin(_encode_given(search.query, search.ruleset, details))
    for rule in asked:
        if rule.name in search.applies and not _may_be_undecided(search, rule, given):
            continue
        yield from context.attempt("may-be-unknown", (rule.name,), _check_undecided, rule, details)


def _reads_some(rule: Rule, objects: Collection[str]) -> bool:
    """Return whether a rule reads a fact of the given objects, or the license status of an activity."""
    read = {path for expression in rule.expressions for path in facts_of(expression.tree)}
    return any(
        path == thing or path.startswith((f"{thing}.", "activity.licensed")) for path in read for thing in objects
    )


def _may_be_undecided(search: BoundedSearch, rule: Rule, given: int) -> bool:
    """Return whether a rule may be undecided in a profile with short lists that gives every fact."""
    truth = search.applies[rule.name]
    exists, _ = search.subject(rule.each)
    try:
        return search.is_satisfiable([*exists, search.ruleset.in_force(rule), -truth.true, -truth.false, given])
    except Undecided:
        return True


def _check_undecided(context: AnalysisContext, rule: Rule, details: Sequence[OptionalObject]) -> AnalysisFinding | None:
    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, activation = encode_subject(query, ruleset, rule.each)
        truth = encode_applies(ruleset, rule, activation)
        unknown = [*exists, ruleset.in_force(rule), -truth.true, -truth.false]
        return [FALSE] if FALSE in unknown else [*unknown, *_encode_given(query, ruleset, details)]

    # a member of a list that leaves the rule undecided does so alone: short lists show it
    solution = find_bounded_solution(context.bundle, context.period, build, context.budget)
    if solution is None:
        return None
    title = f"leaves {rule.id} undecided with all facts that apply"
    shown = make_witness(context.bundle, solution, [rule], title)
    if "unknown" not in shown.states[rule.name]:
        raise Unconfirmed(f"{rule.name} is decided")
    told = Phrase(
        "{rule} stays undecided although every applicable fact is stated: it reads a detail before checking whether"
        " the detail applies."
    )
    return context.finding("may-be-unknown", (rule,), say_both(told, rule=rule.id), shown)


def _encode_given(query: Query, ruleset: SymbolicRuleSet, details: Sequence[OptionalObject]) -> list[int]:
    """Return the formulas that the profile states each applicable fact read so far, as exactly as the law requires.

    No share is given as a direct one alone, and no address as a place of which the law treats parts differently.
    """
    space, pool = query.space, query.space.pool
    conditions: dict[str, int] = {}
    for detail in details:
        if detail.each == "product":
            conditions[detail.facts] = ruleset.encoder.truth(detail.when, ruleset.product_activation(), {}).true
        else:
            for _, service in query.services:
                activation = ruleset.service_activation(service)
                path = detail.facts.replace("services.*", service.path)
                conditions[path] = ruleset.encoder.truth(detail.when, activation, {}).true
    formulas = [-unclear for unclear in space.unclear]  # an address is given by the part that the law tells apart
    for name, flag in list(space.flags.items()):
        path = name.removesuffix("?")
        if path == name or path.rpartition(".")[2].isdigit():
            continue
        above = path.rpartition(".")[0]
        while above and f"{above}?" not in space.flags:
            above = above.rpartition(".")[0]
        owner = space.flags[f"{above}?"] if above else TRUE
        applicable = conditions.get(path, TRUE)
        formulas += [pool.disjoin((-owner, -applicable, flag))]
        if path in conditions:  # details of an object that does not exist are not given
            formulas += [pool.disjoin((applicable, -flag))]
        if path.endswith(f".{BASIS}"):  # a direct share leaves the ultimate one unknown
            formulas += [
                pool.disjoin((-flag, pool.among(path, _basis_of(query).indexes(lambda word: word == ULTIMATE))))
            ]
    return formulas


def _basis_of(query: Query) -> IndexedChoice:
    """Return the bases of a share that the profile schema allows."""
    company = query.schemas.load("profile")["properties"]["company"]["properties"]
    return IndexedChoice(BASIS, tuple(company[BASIS]["enum"]))
