"""Days between two versions of a rule whose conditions differ, on which neither is in force."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Sequence

from vatspolicy.authoring.analysis.bounded_search import encode_applies, encode_subject
from vatspolicy.authoring.analysis.context import AnalysisContext
from vatspolicy.authoring.analysis.findings import AnalysisFinding
from vatspolicy.authoring.analysis.rule_checks import effect_key
from vatspolicy.authoring.analysis.structural import same_text
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.authoring.symbolic.domain import iso, ordinal
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.core.policies.model import Rule
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import say_both


def find_version_gaps(context: AnalysisContext, rules: Sequence[Rule]) -> Iterator[AnalysisFinding]:
    """Yield pairs of rules of one file with the same effect: the first ends days before the second begins.

    Both conditions hold of some profile on the first day between, and no other rule of the file has the effect there.
    """
    alike: dict[str, list[Rule]] = {}
    for rule in rules:
        alike.setdefault(repr((rule.policy, rule.each, effect_key(rule))), []).append(rule)
    for found in alike.values():
        for first, second in itertools.permutations(found, 2):
            apart = context.bundle.covers_from < first.until < second.since and context.concerns(first, second)
            if apart and not same_text(first, second):
                others = [rule for rule in found if rule.in_force(first.until)]
                check = functools.partial(_check_gap, context, first, second, others)
                yield from context.attempt("dates-missing", (first.name, second.name), check)


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
