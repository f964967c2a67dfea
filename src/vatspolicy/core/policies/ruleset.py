"""The rule set of each day: the rules in force, the values of parameters, and the rules that match a subject."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import chain
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.interpreter import Evaluator, Unknown, UnknownAttribute, compile_interpreter
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bitmap import find_places
from vatspolicy.core.policies.expression_evaluator import CompiledEvaluator, ExpressionEvaluator
from vatspolicy.core.policies.model import KINDS, Expression, Instrument, Policy, Route, Rule
from vatspolicy.frozen import frozen

if TYPE_CHECKING:
    from vatspolicy.core.cel.codegen import GeneratedModule
    from vatspolicy.core.policies.case_split import Case
    from vatspolicy.core.policies.rule_index import RuleIndex

INDEX_AFTER = 24
"""Number of matches on one kind of subject before an index is built, which takes as long as some decisions."""

Match: TypeAlias = tuple[Rule, bool, tuple[UnknownAttribute, ...]]
"""A rule, whether it holds (False if a missing fact leaves it undecided), and the facts to ask for."""


@frozen()
class RuleSet:
    """A bundle as of one day."""

    rules: Mapping[str, tuple[Rule, ...]]
    """Rules in force by subject and kind, such as activity/deny, in a fixed order."""
    params: Mapping[str, Any]
    """Parameter values by key (policy/name)."""
    instruments: Mapping[str, Instrument]
    access: tuple[str, ...]
    """Instruments with routes in force. An activity is licensed if the operator holds one of them."""
    evaluator: ExpressionEvaluator = field(repr=False)
    indexed: bool = True
    """False if the evaluator may deviate from the trees of the rules, from which an index is built."""
    whole: RuleSet | None = field(default=None, repr=False)
    """The rule set of which this one has some rules, if it does. It knows the cases, also of rules left out."""
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped, repr=False)
    """Schemas of the bundle."""
    _fixed_authorities: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)
    """Authorities of the instruments requested so far, if they do not depend on facts."""
    _groups: dict[tuple[str, tuple[str, ...]], _RuleGroup] = field(default_factory=dict, init=False, repr=False)
    """Groups of rules that are matched together, by subject and kinds. Threads share them; the first one stays."""
    _unguarded: dict[Expression, Evaluator] = field(default_factory=dict, init=False, repr=False)
    """Functions that collect every missing fact of an expression, for the expressions requested so far."""
    _cases: dict[str, Mapping[str, tuple[Case, ...]]] = field(default_factory=dict, init=False, repr=False)
    """Cases of the rules of a group, such as activity/route, by rule."""
    _tests_of_cases: dict[str, _CaseTests] = field(default_factory=dict, init=False, repr=False)
    """Cases of the rules requested so far, each with the functions that its rest needs."""

    def rules_for(self, each: str, kind: str) -> tuple[Rule, ...]:
        """Return the rules in force about one kind of subject and of one kind."""
        return self.rules.get(f"{each}/{kind}", ())

    def match(self, each: str, activation: Activation, kinds: tuple[str, ...] = KINDS) -> list[Match]:
        """Return the rules about a subject that apply or may apply, in the order of `kinds`."""
        matches: list[Match] = []
        for rule, evaluate in self._candidates(each, activation, kinds):
            value = evaluate(activation)
            if value is True:
                matches.append((rule, True, ()))
            elif value is not False:
                matches.append((rule, False, value.facts))
        return matches

    def match_lazily(
        self, each: str, activation: Activation, kinds: tuple[str, ...], open_kinds: tuple[str, ...]
    ) -> tuple[list[Match], Iterator[Match]]:
        """Return the rules that hold, and those of `open_kinds` that missing facts leave undecided, found on demand.

        `open_kinds` are the first of `kinds`.
        """
        tests, likely, others, early = self._split(each, activation, kinds, open_kinds)
        holding: list[Match] = []
        undecided: list[Match] = []
        for place in find_places(likely):
            rule, evaluate = tests[place]
            value = evaluate(activation)
            if value is True:
                holding.append((rule, True, ()))
            elif value is not False and early >> place & 1:
                undecided.append((rule, False, value.facts))
        return holding, chain(undecided, _find_undecided(tests, others & early, activation))

    def match_first(
        self, each: str, activation: Activation, kinds: tuple[str, ...], first: tuple[str, ...]
    ) -> tuple[list[Match], Callable[[], list[Match]]]:
        """Return what `match` does without the undecided rules of kinds after `first`, and what finds these."""
        tests, likely, others, early = self._split(each, activation, kinds, first)
        waiting = others & ~early
        matches: list[Match] = []
        for place in find_places(likely | others & early):
            rule, evaluate = tests[place]
            value = evaluate(activation)
            if value is True:
                matches.append((rule, True, ()))
            elif value is not False:
                if early >> place & 1:
                    matches.append((rule, False, value.facts))
                else:
                    waiting |= 1 << place
        return matches, lambda: list(_find_undecided(tests, waiting, activation))

    def _split(
        self, each: str, activation: Activation, kinds: tuple[str, ...], first: tuple[str, ...]
    ) -> tuple[Sequence[_Test], int, int, int]:
        """Return the tests of rules, and bitmaps: the rules that may hold, those others that may be undecided, and
        those of the kinds `first`.
        """
        index, tests = self._find_index(each, kinds), self._group(each, kinds).tests
        early = (1 << sum(len(self.rules_for(each, kind)) for kind in first)) - 1
        if index is None:
            return tests, (1 << len(tests)) - 1, 0, early
        return tests, *index.split(activation), early

    def evaluate(self, expression: Expression, activation: Activation) -> Any:
        """Return the value of an expression: True, False, a scalar, or None if it is unknown."""
        value = self.evaluator.function(expression)(activation)
        return None if type(value) is Unknown else value

    def missing_facts(self, expression: Expression, activation: Activation) -> tuple[UnknownAttribute, ...]:
        """Return the next facts to ask for while an expression is unknown; none if it is decided."""
        value = self.evaluator.function(expression)(activation)
        return value.facts if type(value) is Unknown else ()

    def facts_behind(self, expression: Expression, activation: Activation) -> tuple[UnknownAttribute, ...]:
        """Return every missing fact that may decide an unknown expression, also behind one to ask for first."""
        run = self._unguarded.get(expression)
        if run is None:
            if isinstance(self.evaluator, CompiledEvaluator):  # whose functions other rule sets share
                made = self.evaluator.unguarded(expression)
            else:
                tree, params = self.evaluator.source(expression)
                made = compile_interpreter(tree, params, guards=False)
            run = self._unguarded.setdefault(expression, made)
        value = run(activation)
        return value.facts if type(value) is Unknown else ()

    def possible_cases(self, rule: Rule, activation: Activation) -> list[tuple[Hashable, bool]]:
        """Return the clauses that an undecided rule depends on alone, each with the required truth value.

        Only clauses that another rule of its group needs the other way (`case_split`).
        """
        if self.whole is not None:
            return self.whole.possible_cases(rule, activation)
        tests = self._tests_of_cases.get(rule.name)
        if tests is None:
            tests = self._tests_of_cases.setdefault(rule.name, self._find_cases(rule))
        return [side for side, rest in tests if all(function(activation) is wanted for function, wanted in rest)]

    def _find_cases(self, rule: Rule) -> _CaseTests:
        from vatspolicy.core.policies.case_split import find_cases

        cases = self._cases.get(rule.group)
        if cases is None:
            trees = {one.name: self.evaluator.source(one.when)[0] for one in self.rules.get(rule.group, ())}
            cases = self._cases.setdefault(rule.group, find_cases(trees))
        _, params = self.evaluator.source(rule.when)
        return [
            ((case.clause, case.truth), [(compile_interpreter(node, params), wanted) for node, wanted in case.rest])
            for case in cases.get(rule.name, ())
        ]

    def authorities(self, instrument: str, activation: Activation) -> tuple[str, ...]:
        """Return the authorities in charge of an instrument: those of the first entry that applies.

        While facts are missing, these are the authorities of all entries that may be the first.
        """
        fixed = self._fixed_authorities.get(instrument)
        if fixed is not None:
            return fixed
        entries = self.instruments[instrument].authority
        if len(entries) == 1 and entries[0][0].is_true:
            self._fixed_authorities[instrument] = entries[0][1]
            return entries[0][1]
        authorities: list[str] = []
        for when, bodies in entries:
            holds = self.evaluate(when, activation)
            if holds is not False:
                authorities += [body for body in bodies if body not in authorities]
            if holds:
                break
        return tuple(authorities)

    def _candidates(self, each: str, activation: Activation, kinds: tuple[str, ...]) -> Iterable[_Test]:
        index, tests = self._find_index(each, kinds), self._group(each, kinds).tests
        return tests if index is None else index.select(tests, activation)

    def _find_index(self, each: str, kinds: tuple[str, ...]) -> RuleIndex | None:
        """Return the index of a group; None for a group that is not matched often enough yet."""
        group = self._group(each, kinds)
        if self.indexed:
            group.matches += 1
            if group.index is None and group.matches > INDEX_AFTER:
                self._index(group)
        return group.index

    def build_indexes(self, kinds: Iterable[tuple[str, ...]]) -> None:
        """Build the indexes for these kinds of rules at once, before processes that share them are forked."""
        for some in kinds if self.indexed else ():
            for each in ("product", "service", "activity"):
                group = self._group(each, some)
                if group.index is None:
                    self._index(group)

    def _group(self, each: str, kinds: tuple[str, ...]) -> _RuleGroup:
        group = self._groups.get((each, kinds))
        if group is None:
            rules = [rule for kind in kinds for rule in self.rules_for(each, kind)]
            made = _RuleGroup([(rule, self.evaluator.function(rule.when)) for rule in rules])
            group = self._groups.setdefault((each, kinds), made)
        return group

    def _index(self, group: _RuleGroup) -> None:
        from vatspolicy.core.policies.rule_index import RuleIndex

        group.index = RuleIndex([rule.when.tree for rule, _ in group.tests], self.params)


def _find_undecided(tests: Sequence[_Test], places: int, activation: Activation) -> Iterator[Match]:
    """Yield the rules in a bitmap of places that missing facts leave undecided; none of them holds."""
    for place in find_places(places):
        rule, evaluate = tests[place]
        value = evaluate(activation)
        if value is not False:
            yield rule, False, value.facts


_CaseTests: TypeAlias = Sequence[tuple[tuple[Hashable, bool], Sequence[tuple[Evaluator, bool]]]]
"""Clauses with their truths, and the functions of all other clauses with the values that they must have."""
_Test: TypeAlias = tuple[Rule, Evaluator]
"""A rule and the function that evaluates its condition."""


class _RuleGroup:
    """Rules that are matched together."""

    def __init__(self, tests: list[_Test]) -> None:
        self.tests = tests
        self.matches = 0
        self.index: RuleIndex | None = None


# --- day by day


class DatedLaw(Protocol):
    """The parts of a bundle that its rule sets need."""

    @property
    def policies(self) -> Mapping[str, Policy]:
        """Policies by their id."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """Instruments by their id."""

    @property
    def schemas(self) -> SchemaSet:
        """Schemas of the bundle."""

    def is_base(self, policy: str) -> bool:
        """Return whether a policy is part of the base and not of a layer."""


class RuleSetsByDay:
    """The rule sets of a bundle, each made once. Days with the same values share the functions that evaluate."""

    def __init__(self, bundle: DatedLaw, module: GeneratedModule[int], interpreters: dict[Any, Any]) -> None:
        """Take a bundle, its generated code, and interpreters of expressions, which days share."""
        self._instruments, self._schemas, is_base = bundle.instruments, bundle.schemas, bundle.is_base
        self._module, self._interpreters = module, interpreters
        self._made: dict[str, RuleSet] = {}
        self._functions: dict[tuple[int, ...], Mapping[int, Evaluator]] = {}
        self._rules = [
            (rule, rule.since, rule.until, rule.group, _licensing(rule, is_base(rule.policy)))
            for policy in bundle.policies.values()
            for rule in policy.rules
        ]
        parameters = [parameter for policy in bundle.policies.values() for parameter in policy.parameters.values()]
        self._first = {parameter.key: parameter.values[0].value for parameter in parameters}
        self._changing = [parameter for parameter in parameters if len(parameter.values) > 1]

    def on(self, day: str, find_replaced: Callable[[str], Collection[str]]) -> RuleSet:
        """Return the rule set of a day (ISO text). `find_replaced` returns the names of the rules replaced on a day."""
        ruleset = self._made.get(day)
        if ruleset is None:  # tables of texts know a rule set by its identity: all threads must have the same
            ruleset = self._made.setdefault(day, self._make(day, find_replaced(day)))
        return ruleset

    def _make(self, day: str, replaced: Collection[str]) -> RuleSet:
        rules: dict[str, list[Rule]] = {}
        access: dict[str, None] = {}
        for rule, since, until, group, instrument in self._rules:
            if since <= day < until:
                if instrument is not None:
                    access[instrument] = None
                if rule.name not in replaced:
                    rules.setdefault(group, []).append(rule)
        params = self._values_on(day)
        return RuleSet(
            rules={group: tuple(members) for group, members in rules.items()},
            params=params,
            instruments=self._instruments,
            access=tuple(access),
            evaluator=CompiledEvaluator(self._functions_under(params), params, self._interpreters),
            schemas=self._schemas,
        )

    def _values_on(self, day: str) -> dict[str, Any]:
        """Return the values of the parameters on a day; before the first value, the first value."""
        values = dict(self._first)
        for parameter in self._changing:
            value = parameter.on(day)
            if value is not None:
                values[parameter.key] = value.value
        return values

    def _functions_under(self, params: Mapping[str, Any]) -> Mapping[int, Evaluator]:
        """Return the generated functions under parameter values, keyed by their identity.

        The bundle holds them.
        """
        key = tuple(map(id, params.values()))
        functions = self._functions.get(key)
        if functions is None:
            functions = self._functions.setdefault(key, self._module.load(params))
        return functions


def _licensing(rule: Rule, of_base: bool) -> str | None:
    """Return the instrument that a route of the base leads to; None for any other rule.

    What a layer admits must not count as a license for the rest of the law.
    """
    return rule.effect.instrument if of_base and isinstance(rule.effect, Route) else None
