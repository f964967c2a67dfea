"""Checks of single rules and of pairs: dead or conflicting rules, and days between two versions."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from vatspolicy.authoring.analysis.findings import NOT_SHOWN, AnalysisFinding, NotEvaluated
from vatspolicy.authoring.analysis.search import (
    Build,
    ShortSearch,
    encode_applies,
    encode_fires,
    encode_part,
    encode_subject,
    find_solution,
)
from vatspolicy.authoring.analysis.structural import same_text
from vatspolicy.authoring.analysis.witness import Witness, make_witness
from vatspolicy.authoring.testing.coverage import terms_of
from vatspolicy.core.cel.ast import And, Node
from vatspolicy.core.engine.explanation import quote
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Advise, Deny, Duty, Expression, Need, Route, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import Table, both, say_both
from vatspolicy.proofs.domain import iso, ordinal
from vatspolicy.proofs.query import Query, Solution
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import BUDGET, Undecided, reason_of
from vatspolicy.proofs.timeline import Period
from vatspolicy.proofs.values import Unsupported
from vatspolicy.proofs.witness import Unconfirmed


@dataclass
class AnalysisContext:
    """A bundle, the days analyzed, and the questions left unanswered."""

    bundle: Bundle
    period: Period
    budget: int = BUDGET
    touched: frozenset[str] | None = None
    """Names of the rules that a change affects; None to check all rules."""
    added: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Clauses that the change adds to them, with the texts of `clauses_of`."""
    not_evaluated: list[NotEvaluated] = field(default_factory=list)

    def concerns(self, *rules: Rule) -> bool:
        """Return whether to examine one of the rules."""
        return self.touched is None or any(rule.name in self.touched for rule in rules)

    @functools.cached_property
    def search(self) -> ShortSearch:
        """Search over all rules with short lists."""
        return ShortSearch(self.bundle, self.period, self.budget)

    def attempt(
        self, kind: str, about: tuple[str, ...], check: Callable[..., AnalysisFinding | None], *asked: object
    ) -> Iterator[AnalysisFinding]:
        """Yield the finding of a check, which takes this context and what is asked; note one without an answer."""
        try:
            found = check(self, *asked)
        except (Undecided, Unsupported) as error:
            self.not_evaluated.append(NotEvaluated(kind, about, reason_of(error)))
        except (Unconfirmed, InvalidInput) as error:
            reason = f"Internal error: a witness was not confirmed ({error})."
            self.not_evaluated.append(NotEvaluated(kind, about, reason))
        else:
            if found is not None:
                yield found

    def find_solution(self, build: Build) -> Solution | None:
        """Return facts and a day that satisfy the formulas, or None if there are provably none."""
        return find_solution(self.bundle, self.period, build, self.budget)

    def is_satisfiable(self, formulas: Sequence[int]) -> bool | None:
        """Return whether a profile with short lists satisfies the formulas, or None if that is not known."""
        try:
            return self.search.is_satisfiable(formulas)
        except Undecided:
            return None

    def finding(
        self, kind: str, rules: Sequence[Rule], message: LocalizedText, shown: Witness | None
    ) -> AnalysisFinding:
        """Return a finding about rules, placed at the first of them."""
        first = rules[0]
        since, until = max(rule.since for rule in rules), min(rule.until for rule in rules)
        return AnalysisFinding(
            kind,
            tuple(rule.name for rule in rules),
            self.bundle.policies[first.policy].file,
            first.line,
            message,
            since,
            None if until == NEVER else until,
            *((shown.profile, shown.as_of, shown.case, shown.case_for, None) if shown else NOT_SHOWN),
        )


# --- dead rules


def find_dead(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield rules that never apply to any subject, and routes that are never open."""
    search = context.search  # most rules apply on short lists already
    for rule in rules:
        if _switches_off(context, rule):
            continue
        if rule.name not in search.applies or not context.is_satisfiable(search.fires(rule)):
            yield from context.attempt("dead", (rule.name,), _check_dead, rule)


def _switches_off(context: AnalysisContext, rule: Rule) -> bool:
    """Return whether the only purpose of a rule is to switch off the rule that it replaces."""
    return context.bundle.replaces(rule) and rule.when.text.strip() == "false"


def _check_dead(context: AnalysisContext, rule: Rule) -> AnalysisFinding | None:
    if context.find_solution(lambda query, ruleset: encode_fires(query, ruleset, rule)) is not None:
        return None
    clause, is_added, shown = _failing_clause(context, rule)
    told = Phrase("{rule} never applies to any profile.")
    if clause:
        told = Phrase("{rule} never applies to any profile. If its other clauses hold, this clause does not: {clause}.")
    if is_added:
        told = Phrase(
            "{rule} never applies to any profile because of the added clause {clause}. Its other clauses can hold."
        )
    return context.finding("dead", (rule,), say_both(told, rule=rule.id, clause=clause), shown)


def clauses_of(bundle: Bundle, rule: Rule) -> Iterator[tuple[str, Expression, Node]]:
    """Yield each clause that a rule requires: its text with its terms, its expression, and the clause."""
    conditions = [*rule.effect.conditions, rule.effect.share_cap] if isinstance(rule.effect, Route) else []
    for expression in (rule.when, *(one.check for one in conditions if one is not None)):
        tree = expression.tree
        for part in tree.parts if isinstance(tree, And) else (tree,):
            used = terms_of(bundle, bundle.policies[rule.policy], part)
            texts = [quote(expression.text, part), *(owner.terms[name] for name, owner, _ in used)]
            yield "\n".join(texts), expression, part


def _failing_clause(context: AnalysisContext, rule: Rule) -> tuple[str, bool, Witness | None]:
    """Return the clause of a dead rule that alone fails, with a witness, or else any profile.

    A clause that the change added comes first.
    """
    clauses, added = list(clauses_of(context.bundle, rule)), context.added.get(rule.name, frozenset())
    clauses.reverse()
    title = f"never lets {rule.id} apply"
    for key, expression, part in sorted(clauses, key=lambda one: one[0] not in added):
        rest = [(holder, other) for _, holder, other in clauses if other is not part]

        def build(query: Query, ruleset: SymbolicRuleSet, rest: Sequence[tuple[Expression, Node]] = rest) -> list[int]:
            exists, activation = encode_subject(query, ruleset, rule.each)
            held = (encode_part(ruleset, holder, other, activation).true for holder, other in rest)
            return [*exists, ruleset.in_force(rule), *held]

        solution = context.find_solution(build) if rest else None
        if solution is not None:
            shown = make_witness(context.bundle, solution, [rule], title)
            return quote(expression.text, part), key in added, shown
    solution = context.find_solution(
        lambda query, ruleset: [ruleset.in_force(rule), *encode_subject(query, ruleset, rule.each)[0]]
    )
    return "", False, make_witness(context.bundle, solution, [rule], title) if solution is not None else None


def _alike(rules: Sequence[Rule]) -> Iterable[list[Rule]]:
    """Return the rules of one file and subject with the same effect."""
    alike: dict[str, list[Rule]] = {}
    for rule in rules:
        alike.setdefault(repr((rule.policy, rule.each, effect_key(rule))), []).append(rule)
    return alike.values()


def rules_below(context: AnalysisContext) -> list[Rule]:
    """Return the rules of the layers below the top one; none for a law without layers."""
    bundle = context.bundle
    below = {id for layer in bundle.layers[:-1] for id in layer.policies}
    return [rule for id in bundle.policies if id in below for rule in bundle.policies[id].rules]


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
    """Return a witness in which both rules apply to one subject."""

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


# --- conflicts inside one file, and with the layers below


def find_conflicts(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield rules of one file that contradict each other about one subject.

    A rule of a layer contradicts one below it where that one prohibits permanently. That a layer prohibits what the law
    allows, or asks for something sooner, is what layers are for.
    """
    by_policy: dict[str, list[Rule]] = {}
    for rule in rules:
        by_policy.setdefault(rule.policy, []).append(rule)
    pairs = [pair for found in by_policy.values() for pair in itertools.permutations(found, 2)]
    denials = [rule for rule in rules_below(context) if isinstance(rule.effect, Deny)]
    for one, two in (*pairs, *itertools.product(rules, denials)):
        conflict = _conflict_of_effects(one, two)
        concerned = context.concerns(one, two) if one.policy == two.policy else context.concerns(one)
        if conflict and _overlap(one, two) and concerned:
            yield from context.attempt("conflict", (one.name, two.name), _check_conflict, one, two, conflict)


def _check_conflict(context: AnalysisContext, one: Rule, two: Rule, conflict: str) -> AnalysisFinding | None:
    if conflict in ("need", "due") and not _implies(context, one, two):
        return None
    shown = _witness_of_both(context, one, two, f"lets {one.id} and {two.id} contradict each other")
    if shown is None:
        return None
    return context.finding("conflict", (one, two), both(_CONFLICTS, conflict, one=one.id, two=two.id), shown)


_CONFLICTS: Table = {
    "route": Phrase("The route {one} is open to an activity that {two} prohibits permanently."),
    "need": Phrase("{one} requires an instrument only where {two} permanently prohibits the activity."),
    "due": Phrase("Where {one} applies, {two} requires the same instrument by another day."),
    "curable": Phrase("{one} and {two} deny for the same reason, but only one of them is curable."),
}


def _conflict_of_effects(one: Rule, two: Rule) -> str:
    """Return how the effects of two rules conflict on one subject, in this order, or an empty text."""
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
    """Return whether two deadlines of one filing contradict each other: they share a kind or an event.

    A filing within ten days goes together with one every year, and one before the launch with one after a change.
    """
    if one == two:
        return False
    events = [due.get("before") or due.get("after") for due in (one, two)]
    return one.keys() == two.keys() or (events[0] is not None and events[0] == events[1])


# --- days between two versions of a rule whose conditions differ, on which neither is in force


def find_version_gaps(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield pairs of rules in one file with the same effect, where the second begins days after the first ends.

    Both conditions hold of some profile on the first day between, and no other rule of the file has the effect there.
    """
    for found in _alike(rules):
        for first, second in itertools.permutations(found, 2):
            apart = context.bundle.covers_from < first.until < second.since and context.concerns(first, second)
            if apart and not same_text(first, second):
                others = [rule for rule in found if rule.in_force(first.until)]
                yield from context.attempt(
                    "dates-missing", (first.name, second.name), _check_gap, first, second, others
                )


def _check_gap(context: AnalysisContext, first: Rule, second: Rule, others: Sequence[Rule]) -> AnalysisFinding | None:
    day = first.until
    params = context.bundle.on(day).params
    if not all(key in params for rule in (first, second) for key in rule.when.parameters):
        return None

    def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        exists, activation = encode_subject(query, ruleset, first.each)
        both = [ruleset.encoder.truth(rule.when.tree, activation, params).true for rule in (first, second)]
        silent = [encode_applies(ruleset, rule, activation).false for rule in others]
        return [*exists, *both, *silent]

    one_day = dataclasses.replace(context, period=Period(day, iso(ordinal(day) + 1)))
    solution = one_day.find_solution(build)
    if solution is None:
        return None
    shown = make_witness(context.bundle, solution, [first, second], f"has neither {first.id} nor {second.id}")
    told = Phrase(
        "{first} ends on {end}; {second}, with the same effect, begins on {start}. Between them neither applies."
    )
    message = say_both(told, first=first.id, end=first.until, second=second.id, start=second.since)
    found = context.finding("dates-missing", (first, second), message, shown)
    return dataclasses.replace(found, since=first.until, until=second.since)
