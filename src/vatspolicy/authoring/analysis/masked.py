"""Denials and needs that apply, and without which every decision would be the same: others always speak as well."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from vatspolicy.authoring.analysis.bounded_search import Scene, scene
from vatspolicy.authoring.analysis.findings import Finding
from vatspolicy.authoring.analysis.rule_checks import Audit, holds
from vatspolicy.authoring.analysis.witness import make_witness
from vatspolicy.authoring.symbolic.decision_encoder import SymbolicOutcome, decision_words, encode_rules
from vatspolicy.authoring.symbolic.formula import FALSE
from vatspolicy.authoring.symbolic.query import Query
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import Undecided
from vatspolicy.policies.model import Classify, Deny, Need, Route, Rule


def never_decides(audit: Audit, rules: Sequence[Rule]) -> Iterator[Finding]:
    """Rules that apply, and whose absence would change no decision on any day."""
    deciding = [rule for rule in rules if isinstance(rule.effect, Deny | Need | Route | Classify)]
    for rule in hushed(audit, deciding):
        yield from audit.tried("never-decides", (rule.name,), lambda rule=rule: _masked(audit, rule))  # type: ignore[misc]


def hushed(audit: Audit, rules: Sequence[Rule]) -> Iterator[Rule]:
    """Rules without which no product with one service and short lists is decided otherwise."""
    ground = audit.ground
    if ground.unsupported:
        for name, why in ground.unsupported.items():
            audit.skipped("never-decides", (name,), why)
        return
    pool = ground.query.space.pool
    before = decision_words(pool, ground.levels())
    questions: dict[str, int] = {}
    for rule in rules:
        after = decision_words(pool, ground.levels(rule.name))
        questions[rule.name] = pool.disjoin(pool.conjoin((before[name], -after[name])) for name in before)
    ground.prepare(questions.values())
    for rule in rules:
        if questions[rule.name] == FALSE or not audit.find([questions[rule.name]]):
            yield rule


def _masked(audit: Audit, rule: Rule) -> Finding | None:
    answer = audit.ask(lambda query, ruleset: holds(query, ruleset, rule, certain=True))
    if answer is None:  # it is dead, which is another finding
        return None
    if not isinstance(rule.effect, Deny | Need):
        raise Undecided("only of denials and needs is it proved that they decide nothing")
    masks = _masks(audit, rule)
    if masks is None or audit.ask(lambda query, ruleset: _bare(query, ruleset, rule, masks)) is not None:
        raise Undecided("whether other rules always decide the same was not found out")
    names = ", ".join(other.name for other in masks)
    shown = make_witness(audit.bundle, answer, [rule], f"lets {rule.id} apply beside others that decide the same")
    en = f"Wherever {rule.id} applies, the decision is the same without it, because of {names}."
    zh = f"凡{rule.id}适用之处，删去该规则决定不变，因另有{names.replace(', ', '、')}。"
    return audit.finding("never-decides", (rule,), en, zh, shown)


def _masks(audit: Audit, rule: Rule) -> list[Rule] | None:
    """Rules of which one is as strict wherever the rule is, as far as short lists tell; None where there are none."""
    ground = audit.ground
    own, where = _levels(ground.query, ground.ruleset, rule)
    rules = ground.history.rules
    others = [r for key, found in rules.items() if key.split("/")[1] in ("deny", "need") for r in found]
    others = [other for other in others if other is not rule and _reaches(other, rule)]
    levels = {other.name: _levels(ground.query, ground.ruleset, other)[0] for other in others}
    found: dict[str, Rule] = {}
    for pick, formula in enumerate((*own.low, *own.high)):
        if formula == FALSE:
            continue
        negated = {-(*levels[r.name].low, *levels[r.name].high)[pick]: r for r in others}
        negated.pop(-FALSE, None)
        answer = ground.solver.check([*where[0], *ground.real(), formula, *negated])
        if not isinstance(answer, list):
            return None
        found |= {negated[f].name: negated[f] for f in answer if f in negated}
    return [found[name] for name in sorted(found)]


def _bare(query: Query, ruleset: SymbolicRuleSet, rule: Rule, masks: Sequence[Rule]) -> list[int]:
    """Formulas that the rule is stricter than every one of the masks."""
    pool = query.space.pool
    own, where = _levels(query, ruleset, rule)
    others = [_levels(query, ruleset, mask)[0] for mask in masks]
    low = [pool.conjoin((own.low[i], *(-other.low[i] for other in others))) for i in (0, 1)]
    high = [pool.conjoin((own.high[i], *(-other.high[i] for other in others))) for i in (0, 1)]
    return [*where[0], pool.disjoin((*low, *high))]


def _levels(query: Query, ruleset: SymbolicRuleSet, rule: Rule) -> tuple[SymbolicOutcome, Scene]:
    """How strict one rule alone is on its subject, with any class that is possible."""
    where = scene(query, ruleset, rule.each, certain=False)
    routes = {name: found for name, found in ruleset.history.rules.items() if name == "activity/route"}
    alone = dataclasses.replace(
        ruleset, history=dataclasses.replace(ruleset.history, rules={**routes, rule.group: (rule,)})
    )
    return encode_rules(alone, rule.each, where[1]), where


def _reaches(other: Rule, rule: Rule) -> bool:
    """Whether the other is asked of the same subject, or of one that it stands in."""
    order = ("product", "service", "activity")
    return order.index(other.each) <= order.index(rule.each)
