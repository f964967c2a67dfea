"""Finds clauses and list members that never matter, and conditions that cannot fail."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vatspolicy.authoring.analysis.bounded_search import SymbolicSubject, Variants, encode_subject
from vatspolicy.authoring.analysis.findings import NOT_SHOWN, AnalysisFinding
from vatspolicy.authoring.analysis.rule_checks import AnalysisContext
from vatspolicy.authoring.testing.coverage import terms_of
from vatspolicy.authoring.testing.rule_states import reads_facts
from vatspolicy.core.cel.ast import And, Node, Not, Or, Quantifier
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.engine.explanation import quote
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NEVER, Condition, Expression, Parameter, Policy, Route, Rule, Value
from vatspolicy.i18n import LocalizedText, Phrase
from vatspolicy.i18n.words import say_both
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import FALSE
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import Model
from vatspolicy.proofs.values import DualRail, Unsupported


@dataclass(frozen=True)
class _Use:
    """An expression of a rule, with the part in question: the whole expression or a term in it."""

    rule: Rule
    expression: Expression
    tree: Node
    condition: Condition | None = None
    """Condition of a route whose check the expression is."""


@dataclass(frozen=True)
class _Question:
    """Question whether a part of expressions matters. One use that shows it is enough."""

    kind: str
    about: tuple[str, ...]
    file: str
    line: int
    message: LocalizedText
    uses: tuple[_Use, ...]
    without: Node | None = None
    """Tree without the clause; None if the question is whether the tree can be false."""
    member: tuple[Parameter, Value, Tree] | None = None
    """Parameter, its value in a period, and the omitted list member."""
    days: tuple[str, str] = ("", NEVER)

    def encode(self, ruleset: SymbolicRuleSet, subject: SymbolicSubject, use: _Use) -> list[int]:
        """Return the formulas that the clause or member matters in one use, or that the condition fails there."""
        exists, activation = subject
        pool = ruleset.space.pool
        there = ruleset.in_force(use.rule)
        if use.condition is not None and not (self.kind == "cannot-fail" and use.condition.where):
            there = ruleset.holds(use.rule, activation).true
        whole = _encode(ruleset, use, use.tree, activation)
        if self.kind == "cannot-fail":
            return [*exists, there, whole.false]
        if self.member is not None:
            less = _encode(ruleset, use, use.tree, activation, self.member)
            differs = [pool.differ(whole.true, less.true), pool.differ(whole.false, less.false)]
        else:
            assert self.without is not None
            less = _encode(ruleset, use, self.without, activation)
            # a clause that keeps a detail from being asked for matters, too
            differs = [pool.conjoin((whole.true, -less.true)), pool.conjoin((whole.false, -less.false))]
        return [*exists, there, pool.disjoin(differs)]


def _encode(
    ruleset: SymbolicRuleSet,
    use: _Use,
    tree: Node,
    activation: SymbolicActivation,
    member: tuple[Parameter, Value, Tree] | None = None,
) -> DualRail:
    """Return the truth of a tree on all days, without one member of a list if it is given."""

    def values(params: Params) -> Params:
        if member is None:
            return params
        parameter, value, left_out = member
        if params[parameter.key] != value.value:
            return params
        return {**params, parameter.key: [one for one in value.value if one != left_out]}

    encoder = ruleset.encoder
    return encoder.choose(
        (held, encoder.truth(tree, activation, values(params))) for held, params in ruleset.versions(use.expression)
    )


def find_idle(context: AnalysisContext, rules: Sequence[Rule], kinds: set[str]) -> Iterator[AnalysisFinding]:
    """Yield clauses and list members that change no rule's result, and conditions that cannot fail."""
    shown = _ShortLists(context)
    for question in _questions(context.bundle, rules, kinds):
        if not shown.show(question):
            yield from context.attempt(question.kind, question.about, _check, question)


class _ShortLists:
    """Profiles with short lists that show that a part matters: earlier profiles, their variants, and new ones."""

    def __init__(self, context: AnalysisContext) -> None:
        self.context, self.search = context, context.search
        self.variants = Variants(self.search)
        self.beside: dict[str, list[tuple[Model, Tree]]] = {}
        """Profiles that show that a list member matters, with the member, by the key of its parameter."""
        self.firing: dict[str, list[Model]] = {}
        """A profile to which a rule applies, by its name."""

    def show(self, question: _Question) -> bool:
        """Return whether a profile shows that the part matters."""
        for use in question.uses:
            try:
                formulas = question.encode(self.search.ruleset, self.search.subject(use.rule.each), use)
            except Unsupported:
                continue
            if FALSE in formulas:
                continue
            if question.member is not None:
                member = self._show_member(question.member, formulas)
            else:
                member = self._show_clause(question, use, formulas)
            if member:
                return True
        return False

    def _show_member(self, asked: tuple[Parameter, Value, Tree], formulas: Sequence[int]) -> bool:
        parameter, value, member = asked
        beside = self.beside.setdefault(parameter.key, [])
        known = self.search.models.find(formulas)
        if known is None:
            bases = {id(model): (model, other) for model, other in (*beside[-3:], *beside[:1])}
            for model, other in bases.values():
                changes = functools.partial(self.variants.exchanges, other, member, value.since)
                if self.variants.find(formulas, [model], changes):
                    break
            else:
                if not self.context.is_satisfiable(formulas):
                    return False
            known = self.search.models.last
        beside.append((known, member))
        return True

    def _show_clause(self, question: _Question, use: _Use, formulas: Sequence[int]) -> bool:
        if self.search.models.find(formulas) is not None:
            return True
        if use.rule.name not in self.firing:
            applies = use.rule.name in self.search.applies
            model = self.search.models.find(self.search.fires(use.rule)) if applies else None
            self.firing[use.rule.name] = [] if model is None else [model]
        changes = functools.partial(self.variants.flips, formulas[-1:])
        return self.variants.find(formulas, self.firing[use.rule.name], changes) or bool(
            self.context.is_satisfiable(formulas)
        )


def _check(context: AnalysisContext, question: _Question) -> AnalysisFinding | None:
    """Return the finding if it is proved for lists of any length."""
    for use in question.uses:

        def build(query: Query, ruleset: SymbolicRuleSet, use: _Use = use) -> list[int]:
            subject = encode_subject(query, ruleset, use.rule.each, certain=False)
            return question.encode(ruleset, subject, use)

        if context.find_solution(build) is not None:
            return None
    since = max(context.period.start, min(use.rule.since for use in question.uses), question.days[0])
    until = min(max(use.rule.until for use in question.uses), question.days[1])
    return AnalysisFinding(
        question.kind,
        question.about,
        question.file,
        question.line,
        question.message,
        since,
        None if until == NEVER else until,
        *NOT_SHOWN,
    )


# --- questions


def _questions(bundle: Bundle, rules: Sequence[Rule], kinds: set[str]) -> Iterator[_Question]:
    uses = [use for rule in rules for use in _uses(rule)]
    days = bundle.covers_from
    every = [use for policy in bundle.policies.values() for r in policy.rules if r.until > days for use in _uses(r)]
    if "cannot-fail" in kinds:
        yield from (_ask_whether_it_fails(bundle, use) for use in uses if reads_facts(use.tree))
    if "idle-clause" in kinds:
        for use in uses:
            policy, text = bundle.policies[use.rule.policy], use.expression.text
            told = Phrase("{where} has the same effect without the clause {clause}.")
            where = use.rule.id if use.condition is None else f"{use.rule.id}/{use.condition.id}"
            for clause, tree in _without_each_clause(use.tree):
                shown = quote(text, clause)
                line = use.expression.line + text.count("\n", 0, clause.span[0])
                message = say_both(told, where=where, clause=shown)
                about = (use.rule.name, *([use.condition.id] if use.condition else []), shown)
                yield _Question("idle-clause", about, policy.file, line, message, (use,), tree)
        yield from _ask_of_terms(bundle, uses, every)
    if "idle-member" in kinds:
        yield from _ask_of_members(bundle, uses, every)


def _uses(rule: Rule) -> Iterator[_Use]:
    """Yield the condition of a rule, and the checks of a route."""
    yield _Use(rule, rule.when, rule.when.tree)
    if isinstance(rule.effect, Route):
        caps = [] if rule.effect.share_cap is None else [rule.effect.share_cap]
        for condition in (*rule.effect.conditions, *caps):
            yield _Use(rule, condition.check, condition.check.tree, condition)


def _ask_whether_it_fails(bundle: Bundle, use: _Use) -> _Question:
    rule, condition = use.rule, use.condition
    if condition is None:
        told = say_both(Phrase("The condition of {rule} is never false."), rule=rule.id)
        about: tuple[str, ...] = (rule.name,)
    else:
        phrase = Phrase("The condition {condition} of the route {rule} never fails where the route applies.")
        told = say_both(phrase, condition=condition.id, rule=rule.id)
        about = (rule.name, condition.id)
    return _Question("cannot-fail", about, bundle.policies[rule.policy].file, use.expression.line, told, (use,))


def _ask_of_terms(bundle: Bundle, uses: Sequence[_Use], every: Sequence[_Use]) -> Iterator[_Question]:
    """Yield a question for each clause of a used term, whether it matters anywhere in the bundle."""
    wanted = {
        (owner.id, name)
        for use in uses
        for name, owner, _ in terms_of(bundle, bundle.policies[use.rule.policy], use.tree)
    }
    found: dict[tuple[str, str], tuple[Policy, list[_Use]]] = {}
    for use in every:
        for name, owner, body in terms_of(bundle, bundle.policies[use.rule.policy], use.tree):
            found.setdefault((owner.id, name), (owner, []))[1].append(_Use(use.rule, use.expression, body))
    told = Phrase("The term {term} has the same value without the clause {clause}.")
    for (id, name), (owner, users) in found.items():
        if (id, name) not in wanted:
            continue
        text = owner.terms[name]
        for clause, tree in _without_each_clause(users[0].tree):
            shown = quote(text, clause)
            line = owner.term_lines[name] + text.count("\n", 0, clause.span[0])
            message = say_both(told, term=name, clause=shown)
            about = (f"{owner.id}/{name}", shown)
            yield _Question("idle-clause", about, owner.file, line, message, tuple(users), tree)


def _ask_of_members(bundle: Bundle, uses: Sequence[_Use], every: Sequence[_Use]) -> Iterator[_Question]:
    """Yield a question for each member of a list that expressions read, whether the bundle needs it."""
    told = Phrase("Rules have the same effect without {member} in the list {list}.")
    wanted = {key for use in uses for key in use.expression.parameters}
    readers: dict[str, list[_Use]] = {}
    for use in every:
        for key in use.expression.parameters:
            readers.setdefault(key, []).append(use)
    for policy in bundle.policies.values():
        for name, parameter in policy.parameters.items():
            found = sorted(readers.get(parameter.key, ()), key=lambda use: len(use.expression.text))
            if parameter.key not in wanted or not found:
                continue
            ends = [value.since for value in parameter.values[1:]] + [NEVER]
            for index, (value, end) in enumerate(zip(parameter.values, ends, strict=True)):
                there = tuple(use for use in found if use.rule.since < end and value.since < use.rule.until)
                if not isinstance(value.value, list | tuple) or not there or end <= bundle.covers_from:
                    continue
                line = bundle.document(policy).mark(("parameters", name, "values", index))[0]
                for member in value.value:
                    shown = member if isinstance(member, str) else str(member.get("id", member))
                    message = say_both(told, member=shown, list=name)
                    about = (parameter.key, shown)
                    days = (value.since, end)
                    yield _Question(
                        "idle-member", about, policy.file, line, message, there, None, (parameter, value, member), days
                    )


def _without_each_clause(node: Node) -> Iterator[tuple[Node, Node]]:
    """Yield each clause of a tree with the tree without that clause. A term counts as one clause."""
    match node:
        case And(parts=parts) | Or(parts=parts):
            for index, part in enumerate(parts):
                rest = (*parts[:index], *parts[index + 1 :])
                yield part, rest[0] if len(rest) == 1 else dataclasses.replace(node, parts=rest)
                for clause, tree in _without_each_clause(part):
                    yield clause, dataclasses.replace(node, parts=(*parts[:index], tree, *parts[index + 1 :]))
        case Not(body=body) | Quantifier(body=body):
            yield from ((clause, dataclasses.replace(node, body=tree)) for clause, tree in _without_each_clause(body))
