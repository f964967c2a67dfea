"""Checks of single rules and of pairs: dead, duplicate, subsumed and conflicting rules."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Hashable, Iterator, Mapping, Sequence

from vatspolicy.authoring.analysis.bounded_search import encode_applies, encode_fires, encode_part, encode_subject
from vatspolicy.authoring.analysis.context import AnalysisContext
from vatspolicy.authoring.analysis.findings import AnalysisFinding
from vatspolicy.authoring.analysis.witness import Witness, make_witness
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.core.cel.ast import And, Node, Term
from vatspolicy.core.policies.model import Advise, Deny, Duty, Need, Route, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import Table, both, say_both

# --- dead rules


def find_dead(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield rules that apply to no subject on any day; routes that are never open."""
    search = context.search  # most rules apply on short lists already
    search.explore(search.fires(rule) for rule in rules if rule.name in search.applies)
    for rule in rules:
        if _switches_off(context, rule):
            continue
        if rule.name not in search.applies or not context.is_satisfiable(search.fires(rule)):
            yield from context.attempt("dead", (rule.name,), functools.partial(_check_dead, context, rule))


def _switches_off(context: AnalysisContext, rule: Rule) -> bool:
    """Return whether a rule is written to switch off the one that it replaces: it never applies, as it says."""
    return context.bundle.replaces(rule) and rule.when.text.strip() == "false"


def _check_dead(context: AnalysisContext, rule: Rule) -> AnalysisFinding | None:
    if context.find_solution(lambda query, ruleset: encode_fires(query, ruleset, rule)) is not None:
        return None
    clause, shown = _failing_clause(context, rule)
    told = (
        Phrase("{rule} never applies to any profile. Where all else of it holds, this does not: {clause}.")
        if clause
        else Phrase("{rule} never applies to any profile.")
    )
    return context.finding("dead", (rule,), say_both(told, rule=rule.id, clause=clause), shown)


def _failing_clause(context: AnalysisContext, rule: Rule) -> tuple[str, Witness | None]:
    """Return the clause of a dead rule that fails where all others hold, with a witness; else any profile."""
    node: Node = rule.when.tree
    parts = node.parts if isinstance(node, And) else ()
    text = rule.when.text
    title = f"never lets {rule.id} apply"
    for part in reversed(parts):
        rest = [other for other in parts if other is not part]

        def build(query: Query, ruleset: SymbolicRuleSet, rest: Sequence[Node] = rest) -> list[int]:
            exists, activation = encode_subject(query, ruleset, rule.each)
            clauses = (encode_part(ruleset, rule.when, other, activation).true for other in rest)
            return [*exists, ruleset.in_force(rule), *clauses]

        solution = context.find_solution(build)
        if solution is not None:
            start, end = part.span
            name = f"term.{part.name}" if isinstance(part, Term) else " ".join(text[start:end].split())
            return name, make_witness(context.bundle, solution, [rule], title)
    solution = context.find_solution(
        lambda query, ruleset: [ruleset.in_force(rule), *encode_subject(query, ruleset, rule.each)[0]]
    )
    return "", make_witness(context.bundle, solution, [rule], title) if solution is not None else None


# --- duplicate and subsumed rules of one file


def find_redundant(context: AnalysisContext, rules: Sequence[Rule], kinds: set[str]) -> Iterator[AnalysisFinding]:
    """Yield pairs of rules of one file with the same effect: in the same cases, or in fewer.

    A duty that rests on an article of its own is told beside the other one, and is not redundant.
    """
    alike: dict[str, list[Rule]] = {}
    for rule in rules:
        alike.setdefault(repr((rule.policy, rule.each, effect_key(rule))), []).append(rule)
    for found in alike.values():
        for one, two in itertools.combinations(found, 2):
            if _overlap(one, two) and context.concerns(one, two):
                check = functools.partial(_check_pair, context, one, two, kinds)
                yield from context.attempt("subsumed", (one.name, two.name), check)
    below = rules_below(context)
    for one, two in itertools.product(rules if below else (), below):
        same = (one.each, effect_key(one)) == (two.each, effect_key(two))
        if same and "subsumed" in kinds and _overlap(one, two) and context.concerns(one):
            check = functools.partial(_check_repeated, context, one, two)
            yield from context.attempt("subsumed", (one.name, two.name), check)


def rules_below(context: AnalysisContext) -> list[Rule]:
    """Return the rules of the layers below the top one; none for a law without layers."""
    bundle = context.bundle
    below = {id for layer in bundle.layers[:-1] for id in layer.policies}
    return [rule for id in bundle.policies if id in below for rule in bundle.policies[id].rules]


def _check_repeated(context: AnalysisContext, one: Rule, two: Rule) -> AnalysisFinding | None:
    """Return the finding that a rule of the top layer says what one of a layer below says as well."""
    if not _may_repeat(context, one, two) or not _implies(context, one, two):
        return None
    shown = _witness_of_both(context, one, two, f"lets {one.id} and {two.id} apply together")
    if shown is None:
        return None
    told = Phrase("Wherever {inner} applies, {outer} applies with the same effect.")
    return context.finding("subsumed", (one, two), say_both(told, inner=one.id, outer=two.name), shown)


def _check_pair(context: AnalysisContext, one: Rule, two: Rule, kinds: set[str]) -> AnalysisFinding | None:
    first = _may_repeat(context, one, two) and _implies(context, one, two)
    second = _may_repeat(context, two, one) and _implies(context, two, one)
    if not first and not second:
        return None
    kind = "duplicate" if first and second else "subsumed"
    if kind not in kinds:
        return None
    inner, outer = (one, two) if first else (two, one)
    shown = _witness_of_both(context, inner, outer, f"lets {inner.id} and {outer.id} apply together")
    if shown is None:  # the inner rule is dead, which is another finding
        return None
    if kind == "duplicate":
        told = Phrase("{inner} and {outer} have the same effect in exactly the same cases.")
    else:
        told = Phrase("Wherever {inner} applies, {outer} applies with the same effect.")
    return context.finding(kind, (inner, outer), say_both(told, inner=inner.id, outer=outer.id), shown)


def _implies(context: AnalysisContext, one: Rule, two: Rule) -> bool:
    """Return whether the second rule applies wherever the first does."""
    search = context.search  # most pairs differ on short lists already
    if one.name in search.applies and two.name in search.applies:
        inside = search.ruleset.in_force(two)  # days on which only the first is in force say nothing
        if context.is_satisfiable([*search.fires(one), inside, -search.applies[two.name].true]):
            return False

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, activation = encode_subject(query, ruleset, one.each, certain=False)
        apart = [encode_applies(ruleset, one, activation).true, -encode_applies(ruleset, two, activation).true]
        return [*exists, ruleset.in_force(two), *apart]

    return context.find_solution(build) is None


def _witness_of_both(context: AnalysisContext, one: Rule, two: Rule, title: str) -> Witness | None:
    """Return a witness on which both rules apply to one subject."""

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, activation = encode_subject(query, ruleset, one.each)
        both = [encode_applies(ruleset, rule, activation).true for rule in (one, two)]
        return [*exists, *both]

    solution = context.find_solution(build)
    return make_witness(context.bundle, solution, [one, two], title) if solution is not None else None


def effect_key(rule: Rule) -> Hashable:
    """Return a key of a rule's effect; advice is distinguished by its wording."""
    constants = effect_constants(rule)
    return (constants, rule.message["en"]) if isinstance(rule.effect, Advise) else constants


def _overlap(one: Rule, two: Rule) -> bool:
    """Return whether two rules are in force together on some day."""
    return max(one.since, two.since) < min(one.until, two.until)


def _may_repeat(context: AnalysisContext, one: Rule, two: Rule) -> bool:
    """Return whether the second rule is in force whenever the first is, and states all articles of a duty."""
    own_article = isinstance(one.effect, Duty) and (one.policy != two.policy or not set(one.cite) <= set(two.cite))
    replaced = any(_overlap(one, rule) for rule in context.bundle.replacing(two.name))
    return two.since <= one.since and one.until <= two.until and not own_article and not replaced


# --- conflicts inside one file, and with the layers below


def find_conflicts(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield rules of one file that contradict each other about one subject.

    A rule of a layer contradicts one below it where that one prohibits for good. That a layer prohibits what the law
    allows, or asks for something sooner, is what layers are for.
    """
    by_policy: dict[str, list[Rule]] = {}
    for rule in rules:
        by_policy.setdefault(rule.policy, []).append(rule)
    for found in by_policy.values():
        for one, two in itertools.permutations(found, 2):
            conflict = _conflict_of_effects(one, two)
            if conflict and _overlap(one, two) and context.concerns(one, two):
                check = functools.partial(_check_conflict, context, one, two, conflict)
                yield from context.attempt("conflict", (one.name, two.name), check)
    for one, two in itertools.product(rules, rules_below(context)):
        conflict = _conflict_of_effects(one, two) if isinstance(two.effect, Deny) else ""
        if conflict and _overlap(one, two) and context.concerns(one):
            check = functools.partial(_check_conflict, context, one, two, conflict)
            yield from context.attempt("conflict", (one.name, two.name), check)


def _check_conflict(context: AnalysisContext, one: Rule, two: Rule, conflict: str) -> AnalysisFinding | None:
    if conflict in ("need", "due") and not _implies(context, one, two):
        return None
    shown = _witness_of_both(context, one, two, f"lets {one.id} and {two.id} contradict each other")
    if shown is None:
        return None
    return context.finding("conflict", (one, two), both(_CONFLICTS, conflict, one=one.id, two=two.id), shown)


_CONFLICTS: Table = {
    "route": Phrase("The route {one} is open to an activity that {two} prohibits for good."),
    "need": Phrase("{one} asks for an instrument only where {two} prohibits for good."),
    "due": Phrase("Where {one} applies, {two} asks for the same instrument by another day."),
    "curable": Phrase("{one} and {two} deny for one reason, the one curable and the other not."),
}


def _conflict_of_effects(one: Rule, two: Rule) -> str:
    """Return how the effects of two rules conflict if both apply to one subject, in this order, or an empty text."""
    if one.each != two.each:
        return ""
    match one.effect, two.effect:
        case Route(), Deny(curable=False):
            return "route"
        case Need(), Deny(curable=False):
            return "need"
        case Duty(instrument=a), Duty(instrument=b) if a == b:
            return "due" if _contradict(one.effect.due, two.effect.due) else ""
        case Deny(reason=a, curable=True), Deny(reason=b, curable=False) if a == b:
            return "curable"
    return ""


def _contradict(one: Mapping[str, object], two: Mapping[str, object]) -> bool:
    """Return whether two deadlines of one filing contradict each other: of one kind, or of one event.

    A filing within ten days goes together with one every year, and one before the launch with one after a change.
    """
    if one == two:
        return False
    events = [due.get("before") or due.get("after") for due in (one, two)]
    return one.keys() == two.keys() or (events[0] is not None and events[0] == events[1])
