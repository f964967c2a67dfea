"""Mutants of a bundle: one small mistake in one rule, term, parameter, instrument or day."""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from vatspolicy.authoring.testing.coverage import used_terms
from vatspolicy.core.cel.ast import (
    And,
    Compare,
    Fact,
    In,
    Literal,
    Node,
    Not,
    Or,
    Quantifier,
    SetTest,
    Term,
    TextTest,
    children,
    walk,
)
from vatspolicy.core.cel.scopes import unbound_facts
from vatspolicy.core.cel.types import BOOL, Bool, Int, Number
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Tree, value_at
from vatspolicy.core.engine.explanation import quote
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import NEVER, Deny, Expression, Need, Policy, Route, Rule, Value
from vatspolicy.core.policies.reads import facts_of
from vatspolicy.core.profile.vocabulary import gazetteer, within
from vatspolicy.core.profile.word_lists import word_lists
from vatspolicy.i18n import _

Steps = tuple[int, ...]
"""The path from the root of a tree to a node: the index of a child at each level."""

LEAST = 0.01
"""Lowest share that a mutation uses in place of 0."""
_BOUNDARY = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_SETS = {"intersects": "contains", "contains": "intersects", "equivalent": "contains"}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}


@dataclass(frozen=True)
class Mutation:
    """One mistake: the node at `steps` becomes `node`."""

    kind: str
    """boundary, opposite, junction, dropped, added, quantifier, member, value or constant."""
    steps: Steps
    node: Node
    span: tuple[int, int]
    """The span in the text of the expression."""
    words: str
    """A phrase for the mistake."""


def mutate_expression(tree: Node, text: str) -> Iterator[Mutation]:
    """Yield every mistake in an expression with this text; the bodies of its terms are their own expressions."""
    yield from _edits(tree, (), text)


def make_constant(tree: Node, value: bool, words: str) -> Mutation:
    """Return the mistake that replaces a whole expression by true or false."""
    return Mutation("constant", (), Literal(BOOL, tree.span, value), tree.span, words)


def replace(tree: Node, steps: Steps, node: Node) -> Node:
    """Return the tree with another node at `steps`."""
    if not steps:
        return node
    first, *rest = steps
    parts = list(children(tree))
    parts[first] = replace(parts[first], tuple(rest), node)
    own = [name for name, value in vars(tree).items() if isinstance(value, Node)]
    changes = {"parts": tuple(parts)} if isinstance(tree, And | Or) else dict(zip(own, parts, strict=True))
    return dataclasses.replace(tree, **changes)


def _edits(node: Node, steps: Steps, text: str, negated: bool = False) -> Iterator[Mutation]:
    """Yield the mistakes below a node. If it is `negated`, dropping the ! is the same mistake as negating the node."""
    yield from (
        edit for edit in _own(node, steps, text) if not (negated and edit.steps == steps and edit.kind == "opposite")
    )
    match node:
        case And() | Or() | Not() | Quantifier():
            for index, child in enumerate(children(node)):
                yield from _edits(child, (*steps, index), text, isinstance(node, Not))
        case In(list=Literal() as members):
            yield from _own(members, (*steps, 1), text)
        case SetTest(left=left, right=right) | Compare(left=left, right=right):
            for index, child in enumerate((left, right)):
                if isinstance(child, Literal):
                    yield from _own(child, (*steps, index), text)


def _own(node: Node, steps: Steps, text: str) -> Iterator[Mutation]:
    match node:
        case And(parts=parts) | Or(parts=parts):
            yield from _of_junction(node, parts, steps, text)
        case Not(body=body):
            told = _("the ! before {value} is dropped", value=quote(text, body))
            yield Mutation("opposite", steps, body, node.span, told)
        case Compare(op=op):
            yield from _of_comparison(node, op, steps, text)
        case Quantifier(kind=kind):
            other = "all" if kind == "exists" else "exists"
            changed = dataclasses.replace(node, kind=other)
            yield Mutation(
                "quantifier",
                steps,
                changed,
                node.span,
                _("{old} becomes {new} in {expression}", old=kind, new=other, expression=quote(text, node)),
            )
        case SetTest(kind=kind, left=left, right=right):
            yield _opposite(node, steps, text)
            other = _SETS[kind]  # with the lists exchanged, `exists` becomes `all` over the same list
            new = f"sets.{other}({quote(text, right)}, {quote(text, left)})"
            yield Mutation(
                "quantifier",
                steps,
                dataclasses.replace(node, kind=other, left=right, right=left),
                node.span,
                _("{old} becomes {new}", old=quote(text, node), new=new),
            )
        case Literal(value=tuple() as members) if len(members) > 1:
            for index, member in enumerate(members):
                shorter = dataclasses.replace(node, value=(*members[:index], *members[index + 1 :]))
                yield Mutation(
                    "member",
                    steps,
                    shorter,
                    node.span,
                    _("{member!r} is dropped from {list}", member=member, list=quote(text, node)),
                )
        case Literal(type=Int() | Number(), value=number) if number not in (0, 1):
            for __, value, phrase in mutate_value(number):
                yield Mutation("value", steps, dataclasses.replace(node, value=value), node.span, phrase)
        case Literal(type=Number(), value=0):
            told = _("{old} becomes {new}", old=_plain(node.value), new=_plain(LEAST))
            yield Mutation("value", steps, dataclasses.replace(node, value=LEAST), node.span, told)
        case In() | TextTest() | Term():
            yield _opposite(node, steps, text)
        case Fact(type=Bool()):
            yield _opposite(node, steps, text)


def _of_junction(node: And | Or, parts: tuple[Node, ...], steps: Steps, text: str) -> Iterator[Mutation]:
    is_and = isinstance(node, And)
    other = (Or if is_and else And)(node.type, node.span, parts)
    signs = ("&&", "||") if is_and else ("||", "&&")
    yield Mutation(
        "junction",
        steps,
        other,
        node.span,
        _("{old} becomes {new} in {expression}", old=signs[0], new=signs[1], expression=quote(text, node)),
    )
    for index, part in enumerate(parts):
        rest = (*parts[:index], *parts[index + 1 :])
        shorter = rest[0] if len(rest) == 1 else dataclasses.replace(node, parts=rest)
        told = _("the clause {clause} is dropped", clause=quote(text, part))
        yield Mutation("dropped", steps, shorter, part.span, told)


def _of_comparison(node: Compare, op: str, steps: Steps, text: str) -> Iterator[Mutation]:
    for kind, others in (("boundary", _BOUNDARY), ("opposite", _OPPOSITE)):
        if op in others:
            changed = dataclasses.replace(node, op=others[op])
            told = _("{old} becomes {new} in {expression}", old=op, new=others[op], expression=quote(text, node))
            yield Mutation(kind, steps, changed, node.span, told)


def _opposite(node: Node, steps: Steps, text: str) -> Mutation:
    told = _("{clause} is negated", clause=quote(text, node))
    return Mutation("opposite", steps, Not(BOOL, node.span, node), node.span, told)


# --- mutants of a bundle: one small mistake in one rule, term, parameter, instrument or date


@dataclass(frozen=True, eq=False)
class Mutant:
    """A bundle with one mistake in it."""

    policy: str
    subject: str
    """The mutated element: policy/rule, or the policy with its term, parameter, instrument or dates."""
    kind: str
    words: str
    path: Path
    """The path of the mistake in the file of the policy."""
    offset: int | None = None
    """Offset in the text at `path`, for an expression."""
    trees: Mapping[int, Node] = field(default_factory=dict)
    """Trees in place of those of the bundle, by the index of the expression."""
    params: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """Dated values in place of those of the bundle."""
    reads: tuple[Expression, ...] = ()
    """The expressions that read a changed parameter."""
    dates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """First day and end of rules in place of those of the bundle, by the name of the rule."""
    rules: tuple[Rule, ...] = ()
    """The rules that the mistake affects."""
    table: str = ""
    """Name of the table that a test of it can be a row of, beside tests of other members; empty if it stands alone."""


class MutantGenerator:
    """The mutants of a bundle, policy by policy, in the order of its text."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self.rule_of: dict[int, Rule] = {}
        self.checks: dict[int, Expression] = {}
        """Checks that share caps were compiled to, by the index of the cap."""
        self.terms = used_terms(bundle)
        self.words = [[word.value for word in found.words] for found in word_lists(bundle.schemas).values()]
        self.words.sort(key=len)
        self.users: dict[tuple[str, str], list[tuple[Expression, Steps]]] = {}
        self.readers: dict[str, list[Expression]] = {}
        for policy in bundle.policies.values():
            for rule in policy.rules:
                self.rule_of |= {expression.index: rule for expression in rule.compiled}
                cap = rule.effect.share_cap if isinstance(rule.effect, Route) else None
                if cap is not None and cap.cap is not None:
                    self.checks[cap.cap.index] = cap.check
            for expression in policy.compiled:
                for name, steps in self._uses(policy, expression.tree, ()):
                    self.users.setdefault(name, []).append((expression, steps))
                for key in expression.parameters:
                    self.readers.setdefault(key, []).append(expression)

    def _uses(self, policy: Policy, node: Node, steps: Steps) -> Iterator[tuple[tuple[str, str], Steps]]:
        """Yield the terms that a tree uses, also inside other terms: owner and name, and the steps to the body."""
        if isinstance(node, Term):
            policy, _ = self.bundle.term(policy, node.name)
            yield (policy.id, node.name), (*steps, 0)
        for index, child in enumerate(children(node)):
            yield from self._uses(policy, child, (*steps, index))

    def mutants_of(self, policy: Policy) -> Iterator[Mutant]:
        """Yield the mutants of one policy."""
        yield from self._dates(policy)
        for name, instrument in policy.instruments.items():
            if instrument.covers is not None:
                path: Path = ("instruments", name, "covers")
                yield from self._expression(policy, f"{policy.id} ({name})", path, instrument.covers)
            if len(instrument.authority) > 1:
                for index, (when, _) in enumerate(instrument.authority):
                    path = ("instruments", name, "authority", index, "when")
                    yield from self._expression(policy, f"{policy.id} ({name})", path, when)
        for name in policy.parameters:
            yield from self._parameter(policy, name)
        for name, text in policy.terms.items():
            if (policy.id, name) in self.terms:
                yield from self._term(policy, name, text)
        for index, rule in enumerate(policy.rules):
            yield from self._rule(policy, index, rule)

    # --- what is added: a clause of the same file, or a word of the same list

    def _other_clause(
        self, policy: Policy, start: int, roots: Collection[str], own: Node, term: str = ""
    ) -> tuple[Node, str] | None:
        """Return a clause of the rules from one on, with its text, which reads only these variables, but another fact.

        A clause about the facts that an expression reads already often follows from it. `term`: no clause has it.
        """
        facts = facts_of(own)
        for rule in (*policy.rules[start:], *policy.rules[:start]):
            for __, expression in located_expressions(rule):
                for part in clauses_of(expression.tree):
                    names = {node.name for node in walk(part) if isinstance(node, Term)}
                    if (
                        term not in names
                        and facts_of(part) - facts
                        and {fact.root for fact in unbound_facts(part)} <= {*roots}
                    ):
                        return part, quote(expression.text, part)
        return None

    def _narrowed(self, policy: Policy, index: int, rule: Rule, path: Path, expression: Expression) -> Iterator[Mutant]:
        """Yield the mutation that adds a clause to an expression of a rule."""
        found = self._other_clause(policy, index + 1, variables(rule.each, self.bundle.schemas), expression.tree)
        if found is not None:
            tree, (clause, text) = expression.tree, found
            more = And(BOOL, tree.span, (*(tree.parts if isinstance(tree, And) else (tree,)), clause))
            told = _("the clause {clause} is added", clause=text)
            yield self._mutant(policy, rule.name, path, expression, Mutation("added", (), more, tree.span, told))

    def _more_words(self, value: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree, str]]:
        """Yield a value with one word more in a list: the next one of the profile schema. Of records, in the last."""
        match value:
            case [str(), *_]:
                known = next((words for words in self.words if set(value) <= {*words}), [])
                after = max((known.index(word) for word in value), default=0) if known else 0
                places = gazetteer(self.bundle.schemas)
                for word in (*known[after + 1 :], *known[:after]):
                    inside = within(word, self.bundle.schemas) if word in places else (word,)
                    if not set(inside) & {*value}:
                        yield path, [*value, word], _("{member} is added to the list", member=word)
                        break
            case [*_, dict() as last]:
                for where, other, words in self._more_words(last, (*path, len(value) - 1)):
                    yield where, [*value[:-1], other], words
            case dict():
                for key, child in value.items():
                    for where, other, words in self._more_words(child, (*path, key)):
                        yield where, {**value, key: other}, words

    # --- rules

    def _rule(self, policy: Policy, index: int, rule: Rule) -> Iterator[Mutant]:
        path: Path = ("rules", index)
        yield from self._rule_dates(policy, path, rule)
        for step, expression in located_expressions(rule):
            yield from self._expression(policy, rule.name, (*path, *step), expression)
        never = _("the rule never applies: {clause} is dropped", clause=_effect(rule))
        ends = [make_constant(rule.when.tree, False, never)]
        if rule.when.text != "true":
            always = _("the rule always applies")
            ends.append(make_constant(rule.when.tree, True, always))
        for mutation in ends:
            yield self._mutant(policy, rule.name, (*path, "when"), rule.when, mutation)
        for step, expression in located_expressions(rule):
            if isinstance(expression.tree.type, Bool):
                yield from self._narrowed(policy, index, rule, (*path, *step), expression)
        if isinstance(rule.effect, Route):
            for number, condition in enumerate(rule.effect.conditions):
                for value in (True, False):
                    words = f"the condition {condition.id} {'is dropped' if value else 'never holds'}"
                    mutation = make_constant(condition.check.tree, value, words)
                    where = (*path, "route", "conditions", number, "check")
                    yield self._mutant(policy, rule.name, where, condition.check, mutation)

    def _expression(self, policy: Policy, subject: str, path: Path, expression: Expression) -> Iterator[Mutant]:
        for mutation in mutate_expression(expression.tree, expression.text):
            yield self._mutant(policy, subject, path, expression, mutation)

    def _mutant(self, policy: Policy, subject: str, path: Path, expression: Expression, mutation: Mutation) -> Mutant:
        trees = {expression.index: replace(expression.tree, mutation.steps, mutation.node)}
        check = self.checks.get(expression.index)
        if check is not None:  # `operator.foreign_percent <= cap`
            trees[check.index] = replace(check.tree, (1, *mutation.steps), mutation.node)
        return Mutant(
            policy.id,
            subject,
            mutation.kind,
            mutation.words,
            path,
            mutation.span[0],
            trees=trees,
            rules=self._rules([expression]),
        )

    def _rules(self, expressions: list[Expression]) -> tuple[Rule, ...]:
        found = {e.index: self.rule_of[e.index] for e in expressions if e.index in self.rule_of}
        return tuple(dict.fromkeys(found.values()))

    # --- terms and parameters

    def _term(self, policy: Policy, name: str, text: str) -> Iterator[Mutant]:
        uses = self.users[policy.id, name]
        users = list({expression.index: expression for expression, _ in uses}.values())
        body = self.terms[policy.id, name]
        for mutation in (*mutate_expression(body, text), *self._widened(policy, name, body)):
            trees: dict[int, Node] = {}
            for expression, steps in uses:
                tree = trees.get(expression.index, expression.tree)
                trees[expression.index] = replace(tree, (*steps, *mutation.steps), mutation.node)
            yield Mutant(
                policy.id,
                f"{policy.id} (term {name})",
                mutation.kind,
                mutation.words,
                ("terms", name),
                mutation.span[0],
                trees=trees,
                rules=self._rules(users),
            )

    def _widened(self, policy: Policy, name: str, body: Node) -> Iterator[Mutation]:
        """Yield the mutation that adds an alternative clause to a term."""
        found = self._other_clause(policy, 0, {fact.root for fact in unbound_facts(body)}, body, name)
        if found is not None and isinstance(body.type, Bool):
            told = _("the alternative {clause} is added", clause=found[1])
            yield Mutation("added", (), Or(BOOL, body.span, (body, found[0])), body.span, told)

    def _parameter(self, policy: Policy, name: str) -> Iterator[Mutant]:
        parameter = policy.parameters[name]
        readers = self.readers.get(parameter.key, [])
        if not readers:
            return
        where: Path = ("parameters", name, "values")

        def made(kind: str, path: Path, entries: tuple[Value, ...], words: str, table: str = "") -> Mutant:
            return Mutant(
                policy.id,
                f"{policy.id} (parameter {name})",
                kind,
                words,
                path,
                params={parameter.key: entries},
                reads=tuple(readers),
                rules=self._rules(readers),
                table=table,
            )

        for index, entry in enumerate(parameter.values):
            for inner, value, words in mutate_value(entry.value):
                entries = [*parameter.values]
                entries[index] = entry._replace(value=value)
                table = f"{{rule}}: each of the {name.replace('_', ' ')}" if _is_member(entry.value, inner) else ""
                yield made("value", (*where, index, "value", *inner), tuple(entries), words, table)
            for inner, value, words in self._more_words(entry.value):
                entries = [*parameter.values]
                entries[index] = entry._replace(value=value)
                yield made("added", (*where, index, "value", *inner), tuple(entries), words)
        for index, moved, words in mutate_days(parameter.values):
            yield made("day", (*where, index, "from"), moved, words)

    # --- dates

    def _dates(self, policy: Policy) -> Iterator[Mutant]:
        """Yield mutants of the dates of the file, which apply to every rule without its own dates."""
        starting = [rule for rule in policy.rules if rule.since == policy.since]
        ending = [rule for rule in policy.rules if rule.until == policy.until]
        if starting:
            yield from self._moved(policy, f"{policy.id} (dates)", ("effective", "from"), starting, policy.since, True)
        if ending and policy.until != NEVER:
            yield from self._moved(policy, f"{policy.id} (dates)", ("effective", "until"), ending, policy.until, False)

    def _rule_dates(self, policy: Policy, path: Path, rule: Rule) -> Iterator[Mutant]:
        if rule.since != policy.since:
            yield from self._moved(policy, rule.name, (*path, "from"), [rule], rule.since, True)
        if rule.until != policy.until:
            yield from self._moved(policy, rule.name, (*path, "until"), [rule], rule.until, False)

    def _moved(
        self, policy: Policy, subject: str, path: Path, rules: list[Rule], day: str, start: bool
    ) -> Iterator[Mutant]:
        """Yield mutants with a date one day late and one day early, if the bundle covers both."""
        if day <= self.bundle.covers_from:
            return
        for step in (1, -1):
            moved = shift_day(day, step)
            dates = {rule.name: (moved, rule.until) if start else (rule.since, moved) for rule in rules}
            word = "from" if start else "until"
            words = _("{word} {day} becomes {moved}", word=word, day=day, moved=moved)
            yield Mutant(policy.id, subject, "day", words, path, dates=dates, rules=tuple(rules))


def clauses_of(tree: Node) -> tuple[Node, ...]:
    """Return the clauses that an expression requires; none for a constant."""
    return tree.parts if isinstance(tree, And) else () if isinstance(tree, Literal) else (tree,)


def located_expressions(rule: Rule) -> Iterator[tuple[Path, Expression]]:
    """Yield every expression of a rule, with its path in the rule."""
    yield ("when",), rule.when
    if isinstance(rule.effect, Route):
        if rule.effect.max_foreign_percent is not None:
            yield ("route", "max_foreign_percent"), rule.effect.max_foreign_percent
        for index, condition in enumerate(rule.effect.conditions):
            yield ("route", "conditions", index, "check"), condition.check


def locate_mutant(bundle: Bundle, mutant: Mutant, documents: dict[str, Document]) -> tuple[str, int, int]:
    """Return file, line and column of the mistake. `documents` caches the files that were read, by policy."""
    if mutant.policy not in documents:
        documents[mutant.policy] = bundle.document(bundle.policies[mutant.policy])
    document = documents[mutant.policy]
    if mutant.offset is None:
        line, column = document.mark(mutant.path)
    else:
        line, column = document.locate(mutant.path, mutant.offset)
    return document.file, line, column


def _effect(rule: Rule) -> str:
    match rule.effect:
        case Deny(reason=reason):
            return f"deny {reason}"
        case Need(instrument=instrument, through=through):
            return f"need {instrument or through}"
        case Route(name=name):
            return f"route {name}"
        case effect:
            return type(effect).__name__.lower()


_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def shift_day(day: str, mutate_days: int) -> str:
    """Return the day plus a number of days, which may be negative."""
    return (datetime.date.fromisoformat(day) + datetime.timedelta(days=mutate_days)).isoformat()


def mutate_value(value: Tree, path: Path = ()) -> Iterator[tuple[Path, Tree, str]]:
    """Yield every mistake in a value: its path in the value, the whole value with the mistake, and a phrase."""
    match value:
        case bool():
            yield path, not value, _("{old} becomes {new}", old=_plain(value), new=_plain(not value))
        case int() | float():
            for step in (1, -1):
                yield (path, value + step, _("{old} becomes {new}", old=_plain(value), new=_plain(value + step)))
        case str() if _DAY.fullmatch(value):
            for step in (1, -1):
                yield (path, shift_day(value, step), _("{old} becomes {new}", old=value, new=shift_day(value, step)))
        case list():
            for index, member in enumerate(value):
                if len(value) > 1:
                    rest = [*value[:index], *value[index + 1 :]]
                    yield (*path, index), rest, _("{member} is dropped from the list", member=_named(member))
                if isinstance(member, dict | list):
                    for where, other, words in mutate_value(member, (*path, index)):
                        yield where, [*value[:index], other, *value[index + 1 :]], f"{words} ({_named(member)})"
        case dict():
            for key, child in value.items():
                for where, other, words in mutate_value(child, (*path, key)):
                    yield where, {**value, key: other}, words


def mutate_days(entries: tuple[Value, ...]) -> Iterator[tuple[int, tuple[Value, ...], str]]:
    """Yield mutations of the days of later values: the index of the value, all values with the mistake, and a phrase.

    The first value has no day to move: before it no rule that reads the parameter is in force.
    """
    for index, entry in enumerate(entries[1:], 1):
        for step in (1, -1):
            since = shift_day(entry.since, step)
            neighbours = [entries[index - 1].since, *(later.since for later in entries[index + 1 : index + 2])]
            if since in neighbours:
                continue
            moved = Value(since, entry.cite, entry.value)
            yield (
                index,
                (*entries[:index], moved, *entries[index + 1 :]),
                _("from {old} becomes {new}", old=entry.since, new=since),
            )


def _is_member(value: Tree, path: Path) -> bool:
    """Return whether a path leads to the member of a list."""
    return bool(path) and isinstance(value_at(value, path[:-1]), list)


def _named(member: Tree) -> str:
    return str(member["id"]) if isinstance(member, dict) and "id" in member else _plain(member)


def _plain(value: Tree) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
