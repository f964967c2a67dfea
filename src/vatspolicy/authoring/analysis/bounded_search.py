"""Searches over all rules of a bundle and days of a period, with many models at once, and variants of results."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from vatspolicy.core.cel.ast import Node
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Expression, Route, Rule
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.proofs.change_search import SHORT
from vatspolicy.proofs.decision_encoder import (
    ACTIVITY_CLASS,
    encode_classes,
    encode_decision,
    encode_subject_pair,
)
from vatspolicy.proofs.domain import AS_OF, ordinal
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import FALSE, TRUE, Amount, Assignment, Bound, Flag, FormulaPool, Part
from vatspolicy.proofs.query import NoSolution, Query, Solution, solve
from vatspolicy.proofs.ruleset_encoder import (
    RelaxedEncoder,
    RelaxedRuleSet,
    SymbolicOutcome,
    SymbolicRuleSet,
)
from vatspolicy.proofs.solver import BUDGET, Model, Undecided, open_solver
from vatspolicy.proofs.timeline import END, Period, RuleSetHistory
from vatspolicy.proofs.values import DualRail, Unsupported

LEAST, MOST = 16, 512
"""Sizes of a new block and of a joined block, in models. Smaller blocks cost just as much to ask."""


def names_of(part: Part) -> list[str]:
    """Return the variables of an atom; none of another formula."""
    if isinstance(part, Flag):
        return [part.name]
    return [name for name, _ in part.terms] if isinstance(part, Bound) else []


class ModelBlock:
    """Some models of one pool: a base, and for each model the variables in which it differs from it."""

    def __init__(self, pool: FormulaPool, base: Assignment, changes: Sequence[Assignment]) -> None:
        self.pool, self.base, self.changes = pool, base, changes
        self.whole = (1 << len(changes)) - 1
        self._masks = {TRUE: self.whole}
        self._places: dict[str, list[int]] = {}
        """Places of the models that differ from the base in a variable."""
        for place, change in enumerate(changes):
            for name in change:
                self._places.setdefault(name, []).append(place)

    def all_of(self, formulas: Iterable[int]) -> Iterator[int]:
        """Yield the places of the models that satisfy all formulas, in order."""
        found = self.whole
        for formula in formulas:
            found &= self._mask(formula)
            if not found:
                return
        while found:
            lowest = found & -found
            yield lowest.bit_length() - 1
            found ^= lowest

    def _mask(self, formula: int) -> int:
        """Return the models that satisfy a formula, as bits."""
        masks, pending = self._masks, [abs(formula)]
        while pending:
            number = pending[-1]
            if number in masks:
                pending.pop()
                continue
            part = self.pool.parts[number]
            if not isinstance(part, tuple):
                masks[number] = self._mask_of_atom(part)
                continue
            missing = [abs(operand) for operand in part if abs(operand) not in masks]
            if missing:
                pending += missing
                continue
            found = self.whole
            for operand in part:
                found &= masks[operand] if operand > 0 else ~masks[-operand]
            masks[number] = found
        return masks[formula] if formula > 0 else self.whole & ~masks[-formula]

    def _mask_of_atom(self, atom: Flag | Bound) -> int:
        names = names_of(atom)
        places = {place for name in names for place in self._places.get(name, ())}
        mask = self.whole if self.pool.holds(atom, self.base) else 0
        for place in places:
            change = self.changes[place]
            values = (
                {**{name: self.base[name] for name in names if name in self.base}, **change} if self.base else change
            )
            mask = mask | 1 << place if self.pool.holds(atom, values) else mask & ~(1 << place)
        return mask


class ModelStore:
    """Models of a search, the oldest first."""

    def __init__(self, pool: FormulaPool) -> None:
        self.pool, self.last = pool, Model()
        self._blocks: list[tuple[ModelBlock, list[Model]]] = []
        self._open: list[tuple[Model, dict[int, bool]]] = []
        """Models that are not in a block yet, with the truths of formulas."""

    def add(self, model: Model) -> None:
        """Add a model."""
        self.last = model
        self._open.append((model, {}))
        if len(self._open) < LEAST:
            return
        found = [model for model, _ in self._open]
        self._open = []
        while self._blocks and len(self._blocks[-1][1]) == len(found) < MOST:
            found = [*self._blocks.pop()[1], *found]
        self._blocks.append((ModelBlock(self.pool, {}, found), found))

    def find(self, formulas: Sequence[int]) -> Model | None:
        """Return the first model that satisfies all formulas, if any."""
        for block, models in self._blocks:
            for place in block.all_of(formulas):
                return models[place]
        for model, memo in self._open:
            if all(self.pool.evaluate(formula, model, memo) for formula in formulas):
                return model
        return None


# --- searches over all rules of a bundle on the days of a period
#
# `BoundedSearch` shares one solver between many questions over short lists: what it finds is certain, what it does not
# find is not proved. `find_solution` answers one question for lists of any length.


Build = Callable[[Query, SymbolicRuleSet], Sequence[int]]
"""Builds the formulas of a question about the rule sets of a query."""

SymbolicSubject = tuple[list[int], SymbolicActivation]
"""Formulas that a subject exists, and its activation."""


def all_days(bundle: Bundle) -> Period:
    """Return the period that a bundle covers."""
    return Period(bundle.covers_from, END)


def encode_subject(query: Query, ruleset: SymbolicRuleSet, each: str, certain: bool = True) -> SymbolicSubject:
    """Return a subject of a kind. `certain`: an activity of a class that the rules certainly find."""
    if each != "activity" or not certain:
        formulas, _, (activation, _) = encode_subject_pair(query, each, (ruleset, ruleset), each == "activity")
        return formulas, activation
    exists, service = query.services[0]
    choice = query.space.choice(ACTIVITY_CLASS, tuple(sorted(words("class", query.schemas))))
    found = encode_classes(ruleset, ruleset.service_activation(service)).certain
    pool = query.space.pool
    classed = pool.disjoin(pool.conjoin((query.encoder.one_of(choice, "==", cls), held)) for cls, held in found.items())
    return [exists, classed], ruleset.activity_activation(service, ((TRUE, choice),), "any")


def encode_applies(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> DualRail:
    """Return whether a rule applies to a subject on the day; for a route, whether it is open."""
    if isinstance(rule.effect, Route):
        route = ruleset.route(activation, rule)
        return DualRail(route.opened, -route.usable)
    return ruleset.holds(rule, activation)


def encode_fires(query: Query, ruleset: SymbolicRuleSet, rule: Rule, certain: bool = False) -> list[int]:
    """Return the formulas that a rule applies to some subject."""
    exists, activation = encode_subject(query, ruleset, rule.each, certain)
    return [*exists, encode_applies(ruleset, rule, activation).true]


def encode_part(
    ruleset: SymbolicRuleSet, expression: Expression, part: Node, activation: SymbolicActivation
) -> DualRail:
    """Return the truth of a part of an expression."""
    return ruleset.encoder.choose(
        (held, ruleset.encoder.truth(part, activation, params)) for held, params in ruleset.versions(expression)
    )


TOGETHER = 24
"""Maximum number of questions for one profile."""


class BoundedSearch:
    """Search for profiles with short lists, over all rules of a bundle at once."""

    def __init__(
        self, bundle: Bundle, period: Period, budget: int = BUDGET, lengths: Mapping[str, int] | None = None
    ) -> None:
        self.query = Query(period, lengths or {}, schemas=bundle.schemas)
        self.ruleset = self.query.encode(bundle)
        self.history: RuleSetHistory = self.ruleset.history
        self.subjects: dict[str, SymbolicSubject] = {}
        self.applies: dict[str, DualRail] = {}
        """Truth of each rule for the subject of its kind, by rule name."""
        self.unsupported: dict[str, str] = {}
        """Names of the rules that cannot be encoded, with the reason."""
        for rules in self.history.rules.values():
            for rule in rules:
                try:
                    self.applies[rule.name] = encode_applies(self.ruleset, rule, self.subject(rule.each)[1])
                except Unsupported as error:
                    self.unsupported[rule.name] = str(error)
        self.solver = open_solver(self.query.space, budget)
        self.models = ModelStore(self.query.space.pool)

    def subject(self, each: str) -> SymbolicSubject:
        """Return the subject of a kind."""
        if each not in self.subjects:
            self.subjects[each] = encode_subject(self.query, self.ruleset, each)
        return self.subjects[each]

    def fires(self, rule: Rule) -> list[int]:
        """Return the formulas that a rule applies to a subject that exists."""
        return [*self.subject(rule.each)[0], self.applies[rule.name].true]

    def is_satisfiable(self, formulas: Sequence[int]) -> bool:
        """Return whether a profile satisfies all formulas. Tries earlier models first. Raises Undecided."""
        if self.models.find(formulas) is not None:
            return True
        model_found = self.solver.find([*formulas, *self.invariants()])
        if model_found is None:
            return False
        self.models.add(model_found)
        return True

    def may_be_satisfiable(self, formulas: Sequence[int]) -> bool | None:
        """Return False only if no profile satisfies all formulas, and None at the limit. Ignores sums of numbers.

        No model is made, which takes most of the time of `is_satisfiable`.
        """
        if self.models.find(formulas) is not None:
            return True
        return self.solver.may_hold([*formulas, *self.invariants()])

    def explore(self, questions: Iterable[Sequence[int]]) -> None:
        """Find profiles that each satisfy many questions, so that few questions need their own search."""
        pool = self.query.space.pool
        left = [whole for whole in dict.fromkeys(map(pool.conjoin, questions)) if whole != FALSE]
        left = [whole for whole in left if self.models.find([whole]) is None]
        self.prepare(left)
        assumed = self.invariants()
        while left:
            together = left[:TOGETHER]
            while together:
                try:
                    answer = self.solver.check([*together, *assumed])
                except Undecided:
                    answer = []
                if not isinstance(answer, list):
                    self.models.add(answer)
                    memo: dict[int, bool] = {}
                    left = [whole for whole in left if not pool.evaluate(whole, answer, memo)]
                    break
                clash = {*answer}
                dropped = next((whole for whole in reversed(together) if whole in clash), together[-1])
                together.remove(dropped)
                if not together:  # no short profile satisfies it, or the solver gave up: it is asked alone
                    left.remove(dropped)

    def invariants(self) -> list[int]:
        """Return the formulas of the invariants on the facts read so far."""
        return self.query.invariant_formulas

    def prepare(self, formulas: Iterable[int]) -> None:
        """Pass formulas to the solver that later questions use."""
        self.solver.prepare([*formulas, *self.invariants()])

    def outcome(self, without_rule: str = "") -> SymbolicOutcome:
        """Return the outcome for the product and one service, without the given rule, if any."""
        ruleset = self.ruleset
        if without_rule:
            ruleset = dataclasses.replace(ruleset, history=self.history.without(without_rule))
        return encode_decision(ruleset, self.query.services[:1])


def find_bounded_solution(bundle: Bundle, period: Period, build: Build, budget: int = BUDGET) -> Solution | None:
    """Return a solution with short lists; None proves nothing about longer ones. Raises Unsupported, Undecided."""
    answer = solve(period, lambda query: build(query, query.encode(bundle)), budget, SHORT, schemas=bundle.schemas)
    return answer if isinstance(answer, Solution) else None


def find_solution(bundle: Bundle, period: Period, build: Build, budget: int = BUDGET) -> Solution | None:
    """Return a solution, or None if there is provably none. Raises Unsupported and Undecided.

    Short lists come first, since most solutions have them; then the relaxation, which proves most questions that have
    no solution; then lists that grow.
    """

    def exact(query: Query) -> Sequence[int]:
        return build(query, query.encode(bundle))

    answer = solve(period, exact, budget, SHORT, schemas=bundle.schemas)
    if isinstance(answer, Solution):
        return answer
    if not _may_hold_relaxed(bundle, period, build, budget):
        return None
    answer = solve(period, exact, budget, schemas=bundle.schemas)
    return None if isinstance(answer, NoSolution) else answer


def _may_hold_relaxed(bundle: Bundle, period: Period, build: Build, budget: int) -> bool:
    """Return False only if no profile satisfies the formulas for any members of lists."""
    bounds: dict[str, int] = {}
    while True:
        question = RelaxedSearch(bundle, period, budget, bounds)
        if question.may_hold(build):
            return True
        missing = question.query.space.missing_bounds()  # the length of a list is compared with a number
        if not missing:
            return False
        bounds |= missing


class RelaxedSearch:
    """Relaxed encoding of a bundle, which may serve several questions."""

    def __init__(self, bundle: Bundle, period: Period, budget: int, bounds: Mapping[str, int] | None = None) -> None:
        self.query = Query(period, dict(bounds or {}), RelaxedEncoder, bundle.schemas)
        self.ruleset = self.query.encode(bundle, RelaxedRuleSet)
        self.solver = open_solver(self.query.space, budget)

    def may_hold(self, build: Build) -> bool:
        """Return False only if no profile satisfies the formulas; lists may need longer bounds for a proof."""
        formulas = [*build(self.query, self.ruleset), *self.query.invariant_formulas]
        return FALSE not in formulas and self.solver.find(formulas) is not None

    def excludes(self, build: Build) -> bool:
        """Return True only if it is proved that no profile satisfies the formulas."""
        try:
            return not self.may_hold(build) and not self.query.space.missing_bounds()
        except Undecided:
            return False


# --- variants of profiles that a search has found: a word or a place exchanged, or one fact turned round
#
# A variant that satisfies a question spares the solver. Each is checked against the axioms and invariants that speak
# about what changed, so that it is a profile like any other.


Change = Mapping[str, bool | Amount]
"""Variables with their new values."""

Changes = Callable[[Model], Iterable[Change]]
"""Returns the changes to try in a model."""

MOST_ATOMS = 12
"""Maximum number of facts of a clause to invert, one at a time."""


class Variants:
    """Variants of the models of a search."""

    def __init__(self, search: BoundedSearch) -> None:
        self.search, self.pool, self.space = search, search.query.space.pool, search.query.space
        self._conditions: dict[str, list[int]] = {}
        """Axioms and invariants by the variables that they read."""
        self._indexed: set[int] = set()

    def find(
        self, formulas: Sequence[int], bases: Iterable[Model], changes_of: Callable[[Model], Iterable[Change]]
    ) -> bool:
        """Return whether a variant of a model satisfies all formulas. Adds that variant to the models of the search."""
        ordered = formulas[::-1]  # the last one is the question itself, the others say that its subject exists
        for base in bases:
            changes = list(changes_of(base))
            for place in ModelBlock(self.pool, base, changes).all_of(ordered):
                model = {**base, **changes[place]}
                if self._exists(model, changes[place]):
                    self.search.models.add(model)
                    return True
        return False

    def exchanges(self, old: Tree, new: Tree, day: str, model: Model) -> Iterator[Change]:
        """Yield changes that replace one word, place or entry of a model, on its day or from a day on."""
        changes: list[dict[str, bool | Amount]] = [{}] if old == new else []
        for one, other in _words(old, new):
            changes += self._exchange(one, other, model)
        yield from changes
        days = self.pool.ranges[AS_OF]
        first = max(ordinal(day), int(days.low))
        if first <= days.high:
            yield from ({**change, AS_OF: first} for change in changes)

    def _exchange(self, old: Tree, new: Tree, model: Model) -> Iterator[dict[str, bool | Amount]]:
        for name, value in model.items():
            if value is True and name.endswith(f"={old}"):
                other = f"{name.removesuffix(str(old))}{new}"
                if other in self.space.flags:
                    yield {name: False, other: True}
                    yield {other: True}
        for name, tables in self.space.tables.items():
            index = int(self.pool.number_of(name, model))
            if not any(_is(values[index], old) for values in tables.values()):
                continue
            owner, _, fact = name.rpartition(".")
            code = f"{owner}.at"
            for values in tables.values():
                place = _place_of(values, new)
                if place is not None:
                    yield {name: place}
            for values in self.space.tables.get(code, {}).values() if fact == "ftz" else ():
                place = _place_of(values, new)
                if place is not None:  # the zone follows from the code of the place
                    yield {code: place, f"{name}?": False}

    def flips(self, clause: Iterable[int], model: Model) -> Iterator[Change]:
        """Yield changes that each invert one fact of a clause."""
        for number in self.pool.cone(clause)[: -MOST_ATOMS - 1 : -1]:  # the facts that few other rules read come last
            atom = self.pool.parts[number]
            if isinstance(atom, Flag):
                yield {atom.name: not model.get(atom.name, False)}
            elif isinstance(atom, Bound) and len(atom.terms) == 1:
                [(name, _)] = atom.terms
                known = self.pool.ranges[name]
                inside = self.pool.evaluate(number, model)
                value = atom.limit + 1 if inside else atom.limit
                if known.low <= value <= known.high:
                    yield {name: value}

    def _exists(self, model: Model, change: Change) -> bool:
        """Return whether the axioms and invariants about the change hold."""
        for condition in (*self.space.axioms, *self.search.invariants()):
            if condition not in self._indexed:
                self._indexed.add(condition)
                for number in self.pool.cone([condition]):
                    for name in names_of(self.pool.parts[number]):
                        self._conditions.setdefault(name, []).append(condition)
        conditions = {one for name in change for one in self._conditions.get(name, ())}
        memo: dict[int, bool] = {}
        return all(self.pool.evaluate(condition, model, memo) for condition in conditions)


def _words(old: Tree, new: Tree) -> Iterator[tuple[Tree, Tree]]:
    """Yield pairs of words to exchange: the two members themselves, or the words of two entries."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        yield old, new
        return
    words = [word for listed in old.values() if isinstance(listed, list) for word in listed]
    others = [listed[0] for listed in new.values() if isinstance(listed, list) and listed]
    yield from itertools.product(words, others)


def _is(value: Tree, word: Tree) -> bool:
    return bool(word in value if isinstance(value, tuple) else value == word)


def _place_of(values: Sequence[Tree], word: Tree) -> int | None:
    return next((place for place, value in enumerate(values) if _is(value, word)), None)
