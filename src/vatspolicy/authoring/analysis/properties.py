"""Properties of the law, proved for all profiles and days or refuted by profiles that the evaluator confirms."""

from __future__ import annotations

import copy
import fnmatch
import functools
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from vatspolicy.authoring.analysis.findings import PropertyResult
from vatspolicy.authoring.analysis.search import (
    Build,
    RelaxedSearch,
    all_days,
    encode_applies,
    encode_subject,
    find_solution,
    names_of,
)
from vatspolicy.authoring.analysis.self_composition import (
    SAID,
    Directions,
    FreeEncoder,
    ProfilePair,
    encode_hidden,
    encode_monotone,
    encode_more_licenses,
    encode_more_words,
)
from vatspolicy.authoring.analysis.settings import LawProperty
from vatspolicy.authoring.analysis.witness import states_of
from vatspolicy.authoring.testing.cases import Case, cases_of
from vatspolicy.core.cel.interpreter import compile_interpreter
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.decision import WORDS, Decision
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Route, Rule
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import say_both
from vatspolicy.proofs.change_search import SHORT
from vatspolicy.proofs.decision_encoder import (
    encode_activities,
    encode_classes,
    encode_decision,
    encode_rules,
    encode_service,
)
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import FALSE, TRUE, Flag, Part
from vatspolicy.proofs.query import Query, Solution, assume_invariants
from vatspolicy.proofs.ruleset_encoder import SymbolicRuleSet
from vatspolicy.proofs.solver import BUDGET, Solver, Undecided, open_solver, reason_of
from vatspolicy.proofs.timeline import Period, values_of
from vatspolicy.proofs.values import Constant, Unsupported
from vatspolicy.proofs.witness import Place, Unconfirmed, is_valid_and_holds, places, without

# --- pairs of profiles to try a property with: those of the tests, each with a fact less or a word more


TRIALS = 500
"""Number of profile pairs to decide, spread over the tests of all policies."""

MOST_CHANGES = 12
"""Number of changes to try for each test."""

T = TypeVar("T")
Pair = tuple[dict[str, Tree], dict[str, Tree], str]
"""Two profiles and a day."""


def make_pairs(bundle: Bundle, wanted: LawProperty) -> Iterator[Pair]:
    """Yield at most `TRIALS` pairs of valid profiles for a property, the same pairs in each run."""
    cases = [case for policy in bundle.policies.values() for case in cases_of(bundle, policy)]
    chosen = cases[:: max(1, len(cases) // TRIALS)]
    # one change of each test after the other, and then a second one of each
    turns = itertools.zip_longest(*(_pairs(bundle, wanted, case, number) for number, case in enumerate(chosen)))
    yield from itertools.islice((pair for turn in turns for pair in turn if pair is not None), TRIALS)


def _pairs(bundle: Bundle, wanted: LawProperty, case: Case, number: int) -> Iterator[Pair]:
    data = dict(case.profile.document.data)
    if not wanted.with_opinions and data.get("opinions"):
        return
    for one, two in itertools.islice(_change(bundle, wanted, data, number), MOST_CHANGES):
        meant = _is_meant(bundle, wanted, one, case.as_of)
        if meant and is_valid_and_holds(two, lambda profile: True, bundle.schemas):
            yield one, two, case.as_of


def _change(
    bundle: Bundle, wanted: LawProperty, data: dict[str, Tree], number: int
) -> Iterator[tuple[dict[str, Tree], dict[str, Tree]]]:
    """Yield changed versions of the profile; `number` selects the first one."""
    if wanted.form == "more_facts":
        kept = frozenset(wanted.body.get("except", ()))
        for place in _turned([place for place in places(data) if _may_be_hidden(place, kept)], number):
            less = without(data, place)
            if less is not None:
                yield less, data
        return
    name = str(wanted.body["fact"]).removeprefix("services.*.")
    item = bundle.schemas.load("profile")["properties"]["services"]["items"]["properties"][name]["items"]
    services = data["services"]
    for word in _turned(item["enum"], number * 7):
        if services and word not in services[0].get(name, [word]):
            more = copy.deepcopy(data)
            more["services"][0][name].append(word)
            yield data, more


def _turned(things: Sequence[T], number: int) -> Sequence[T]:
    start = number % len(things) if things else 0
    return [*things[start:], *things[:start]]


def _may_be_hidden(place: Place, kept: frozenset[str]) -> bool:
    """Return whether the profile may omit a fact: not a list member, a name, or a kept or inherited fact."""
    path = ".".join("*" if isinstance(step, int) else step for step in place)
    own = place[-1]
    steps = {step for step in place if isinstance(step, str)}
    return (
        isinstance(own, str)
        and own not in ("id", "at", "instrument", "date")
        and not (own in kept or path in kept or steps & kept or place[0] in ("schema", "product"))
    )


def _is_meant(bundle: Bundle, wanted: LawProperty, data: Facts, day: str) -> bool:
    """Return whether a profile is valid, has one service, and satisfies the condition of the property."""

    def holds(profile: Profile) -> bool:
        if wanted.when is None:
            return True
        product = product_activation(profile, day)
        activation = product
        if wanted.body["each"] == "service":
            activation = service_activation(product, product["services"][0])
        return compile_interpreter(wanted.when, {})(activation) is True

    return len(data["services"]) == 1 and is_valid_and_holds(data, holds, bundle.schemas)


# --- proof that a profile that says more never leaves the range of decisions that it had
#
# The range is that of the strictest part of a product: of the rules on the product and on each service, and of those
# on each activity. It stays in itself if each part does, if a class that is certain stays certain, and if one that is
# impossible stays impossible. Each part is a formula over what is said, so that its direction mostly follows from how
# it is built (`Directions`): Kleene's logic, comparisons, and lists of any length only ever refine an answer. What
# does not follow in this way is a fact that is derived from others: whether a company without a word on it is a
# mainland entity, and the foreign share of an operator. Of these the solver proves it.


LENGTHS = {"deals": 2}
"""Lengths of lists. The foreign share of an operator is that of one source, and another deal can only make it unknown
or replace it: so two deals show whatever any number can. Of other lists each member adds the same formulas again."""

MOST_ATOMS = 60
"""Atoms of a formula that the solver receives."""

_MEMBER = re.compile(r"(?<!^services)(?<!^deals)\.\d+\b")
"""A list member other than the service and the deals."""


class RefinementProof:
    """Proof about two profiles, where the first has fewer facts."""

    def __init__(self, pair: ProfilePair, budget: int) -> None:
        self.pair, self.budget = pair, budget
        self.pool = pair.query.space.pool
        self.parts = list(self._find_parts())
        said = {number for number, part in enumerate(self.pool.parts) if _is_said(part)}
        self.directions = Directions(self.pool, rising=said)
        self._in_second: dict[int, int] = {TRUE: TRUE}

    def is_proved(self) -> bool:
        """Return whether every part stays in its range. Raises SolverMissing."""
        open_parts = [formula for formula in self.parts if not self.directions.rises(formula)]
        if open_parts:
            self._ask_solver(open_parts)
        return all(self.directions.rises(formula) for formula in open_parts)

    def _find_parts(self) -> Iterator[int]:
        """Yield the formulas that must rise: certain consequences, and the negations of possible ones."""
        ruleset = self.pair.first
        _, service = ruleset.space.services[0]
        outcomes = [encode_rules(ruleset, "product", ruleset.product_activation()), encode_service(ruleset, service)]
        for certain, possible, outcome in encode_activities(ruleset, service):
            yield from (certain, -possible)
            outcomes.append(outcome)
        for outcome in outcomes:
            yield from outcome.low
            yield from (-high for high in outcome.high)

    def _ask_solver(self, formulas: list[int]) -> None:
        """Find the directions of small formulas below some, from the smallest on."""
        asked = sorted(self._find_open(formulas), key=abs)
        solver = open_solver(self.pair.query.space, self.budget)
        for formula in asked:
            self.directions.renew(abs(formula))
            if not self.directions.rises(formula) and self._is_small(formula) and self._rises(solver, formula):
                self.directions.settle(formula)

    def _find_open(self, formulas: list[int]) -> set[int]:
        """Return the formulas that must still rise so that the given ones rise, with their operands."""
        found: set[int] = set()
        pending = list(formulas)
        while pending:
            formula = pending.pop()
            part = self.pool.parts[abs(formula)]
            if formula not in found and not self.directions.rises(formula):
                found.add(formula)
                if isinstance(part, tuple):
                    pending += part if formula > 0 else [-operand for operand in part]
        return found

    def _is_small(self, formula: int) -> bool:
        """Return whether a formula has few atoms, and only deals as list members."""
        atoms = [self.pool.parts[number] for number in self.pool.cone([formula])]
        names = [name for atom in atoms for name in names_of(atom)]
        return len(atoms) <= MOST_ATOMS and not any(_MEMBER.search(name.removeprefix(SAID)) for name in names)

    def _rises(self, solver: Solver, formula: int) -> bool:
        """Return whether a formula provably holds for the second profile wherever it holds for the first."""
        asked = [formula, -self._second(formula), *self._invariants]
        return FALSE in asked or solver.find(asked) is None

    @functools.cached_property
    def _invariants(self) -> list[int]:
        """Invariants of both profiles."""
        first, _ = assume_invariants(self.pair.first.space, self.pair.first.encoder)
        return [*first, *map(self._second, first)]

    def _second(self, formula: int) -> int:
        """Return a formula for the second profile, where every fact is stated."""
        found, pending = self._in_second, [abs(formula)]
        while pending:
            part = self.pool.parts[pending[-1]]
            below = [abs(operand) for operand in part] if isinstance(part, tuple) else []
            missing = [one for one in below if one not in found]
            if missing:
                pending += missing
                continue
            one = pending.pop()
            if isinstance(part, tuple):
                found[one] = self.pool.conjoin([found[p] if p > 0 else -found[-p] for p in part])
            else:
                found[one] = TRUE if _is_said(part) else one
        return found[abs(formula)] if formula > 0 else -found[-formula]


def _is_said(part: Part) -> bool:
    return isinstance(part, Flag) and part.name.startswith(SAID)


# --- properties of the law, proved for all profiles and days or refuted by profiles that the evaluator confirms


EVERY = Phrase("all profiles, lists of any length")
EVERY_DAY = Phrase("all days")
SHORT_LISTS = Phrase("profiles with one service and few licenses and places")


Relaxations = dict[tuple[Period, bool], RelaxedSearch]
"""Relaxed encodings of one bundle that properties share, by days and by whether opinions are possible."""


def prove(
    bundle: Bundle, wanted: LawProperty, budget: int = BUDGET, relaxations: Relaxations | None = None
) -> PropertyResult:
    """Return the result of one property. `relaxations`: the bundle's existing relaxed encodings."""
    stated = (wanted.id, wanted.statement, wanted.cite, "unknown", say_both(EVERY), wanted.file, wanted.line)
    empty = PropertyResult(*stated, None, None, None, (), "")
    try:
        proof = _PropertyProof(bundle, wanted, budget, {} if relaxations is None else relaxations)
        if wanted.form == "ascending":
            return proof.compare_thresholds(empty)
        if wanted.searched:
            return proof.try_pairs(empty)
        return proof.prove_never(empty) if wanted.form == "never" else proof.prove_pair(empty)
    except (Undecided, Unsupported) as error:
        return replace(empty, reason=reason_of(error))
    except (Unconfirmed, InvalidInput) as error:
        return replace(empty, reason=f"Internal error: a witness was not confirmed ({error}).")


class _PropertyProof:
    def __init__(self, bundle: Bundle, wanted: LawProperty, budget: int, relaxations: Relaxations) -> None:
        self.bundle, self.wanted, self.budget, self.relaxations = bundle, wanted, budget, relaxations
        self.body = wanted.body
        self.lengths = dict(SHORT)
        """Lengths of lists to search: longer where a rule compares the length with a number."""
        whole = all_days(bundle)
        self.period = Period(max(wanted.since or whole.start, whole.start), wanted.until or whole.end)

    def _applicability(self, ruleset: SymbolicRuleSet, activation: SymbolicActivation) -> list[int]:
        """Return the formulas that the property applies to the profile."""
        return [] if self.wanted.when is None else [ruleset.encoder.truth(self.wanted.when, activation, {}).true]

    # --- thresholds

    def compare_thresholds(self, result: PropertyResult) -> PropertyResult:
        """Return whether neighboring parameters (policy/name) ascend on each day, without a solver.

        A number changes only on the first day of one of its values, so these days stand for all others.
        """
        result = replace(result, scope=say_both(EVERY_DAY))
        dated, names = values_of(self.bundle).dated, self.body["parameters"]
        for name in names:
            if name not in dated:
                return replace(result, reason=f"There is no parameter {name}.")
            values = [entry.value for entry in dated[name].values]
            if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
                return replace(result, reason=f"The parameter {name} is not a number.")
        for lower, higher in itertools.pairwise(names):
            starts = {entry.since for name in (lower, higher) for entry in dated[name].values}
            for day in sorted({max(day, self.period.start) for day in starts if day < self.period.end}):
                low, high = dated[lower].on(day), dated[higher].on(day)
                if low is not None and high is not None and low.value >= high.value:
                    reason = f"{lower} is {low.value} and {higher} is {high.value}, from {day} on."
                    return replace(result, verdict="refuted", as_of=day, reason=reason)
        return replace(result, verdict="proved")

    # --- one profile

    def prove_never(self, result: PropertyResult) -> PropertyResult:
        rules = self._rules()
        if "state" in self.body:
            if not rules:
                return replace(result, reason="No rule has such a name.")
            answers = (self._find_solution(functools.partial(self._encode_state, rule)) for rule in rules)
            answer = next((found for found in answers if found is not None), None)
        else:
            answer = self._find_solution(self._encode_decided)
        if answer is None:
            return replace(result, verdict="proved")
        answer = answer.minimized()
        data, day = answer.profile, answer.as_of
        word = evaluate(self.bundle, load_granted(data, schemas=self.bundle.schemas), day).decision
        if "state" in self.body:
            states = states_of(self.bundle, data, day, rules)
            if not any(self.body["state"] in state for state in states.values()):
                raise Unconfirmed(f"no rule is {self.body['state']}")
        elif word != self.body["decision"]:
            raise Unconfirmed(f"the evaluator decides {word}")
        return replace(result, verdict="refuted", witness=data, as_of=day, decisions=(word,))

    def _find_solution(self, build: Build) -> Solution | None:
        """Return a solution, or None. Tries the proof first, because most properties hold."""
        key = (self.period, self.wanted.with_opinions)
        if key not in self.relaxations:
            self.relaxations[key] = RelaxedSearch(self.bundle, self.period, self.budget)
        if self.relaxations[key].excludes(build):
            return None
        return find_solution(self.bundle, self.period, build, self.budget)

    def _rules(self) -> list[Rule]:
        every = (rule for policy in self.bundle.policies.values() for rule in policy.rules)
        named = [rule for rule in every if fnmatch.fnmatchcase(rule.name, self.body.get("rule", ""))]
        of_routes = self.body.get("state") in ("open", "closed")
        return [rule for rule in named if isinstance(rule.effect, Route) or not of_routes]

    def _encode_state(self, rule: Rule, query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        query.space.with_opinions = self.wanted.with_opinions
        exists, activation = encode_subject(query, ruleset, rule.each)
        return [*exists, encode_applies(ruleset, rule, activation).true, *self._applicability(ruleset, activation)]

    def _encode_decided(self, query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        """Return the formulas that a product with a subject of the kind can have this decision."""
        query.space.with_opinions = self.wanted.with_opinions
        if self.body["each"] == "activity":
            subject = self._encode_some_activity(query, ruleset)
        else:
            exists, activation = encode_subject(query, ruleset, self.body["each"])
            subject = [*exists, *self._applicability(ruleset, activation)]
        levels = encode_decision(ruleset, query.services[:1])
        top = 0 if self.body["decision"] == "allow" else 1
        least = [levels.low[0]] if self.body["decision"] == "needs-license" and len(query.services) == 1 else []
        return [*subject, -levels.high[top], *least]

    def _encode_some_activity(self, query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        """Return the formulas that the condition holds for an activity of a class that rules certainly assign.

        Each class has the activation that its rules have, so that a condition on its license means the same there.
        """
        pool = query.space.pool
        exists, service = query.services[0]
        found = encode_classes(ruleset, ruleset.service_activation(service)).certain
        cases = []
        for cls, held in found.items():
            activation = ruleset.activity_activation(service, ((TRUE, Constant(cls)),), cls)
            cases.append(pool.conjoin((held, *self._applicability(ruleset, activation))))
        return [exists, pool.disjoin(cases)]

    # --- two profiles

    def _encode_pair(self, query: Query, relaxed: bool) -> ProfilePair:
        query.space.with_opinions = self.wanted.with_opinions
        match self.wanted.form:
            case "monotone":
                return encode_monotone(query, self.bundle, self.body["fact"], relaxed)
            case "more_licenses":
                return encode_more_licenses(query, self.bundle, relaxed, self.body.get("holder", "company"))
            case "more_words":
                return encode_more_words(query, self.bundle, self.body["fact"], relaxed)
        return encode_hidden(query, self.bundle, self.body.get("except", ()), relaxed)

    def _encode_broken(self, pair: ProfilePair) -> list[int]:
        """Return the formulas that the two profiles break the property."""
        pool = pair.query.space.pool
        before, after = pair.outcomes()
        of_service = self.body["each"] == "service"
        service = pair.query.services[0][1]
        activation = pair.first.service_activation(service) if of_service else pair.first.product_activation()
        given = self._applicability(pair.first, activation)
        changes = self.body.get("never")
        if self.wanted.form == "more_facts":
            broken = [pool.conjoin((before.low[i], -after.low[i])) for i in (0, 1)]
            broken += [pool.conjoin((after.high[i], -before.high[i])) for i in (0, 1)]
        elif changes:
            # at least as strict as the first word, at most as strict as the second
            low: tuple[int, ...] = before.low
            if pair.directions is not None:  # what holds of the second profile, too, keeps it as strict
                low = tuple(map(pair.directions.without_rising, low))
            broken = [
                pool.conjoin((low[WORDS.index(a) - 1], -after.high[WORDS.index(b)]))
                for a, _, b in (change.partition("->") for change in changes)
            ]
        else:
            broken = [pool.conjoin((after.low[i], -before.low[i])) for i in (0, 1)]
            broken += [pool.conjoin((after.high[i], -before.high[i])) for i in (0, 1)]
        exists = pair.query.services[0][0]
        return [exists, pool.disjoin(broken), *pair.relation, *given, *pair.invariants()]

    def prove_pair(self, result: PropertyResult) -> PropertyResult:
        # the proof comes first: most properties hold, and it costs less than a search over short lists
        obstacle = self._obstacle_of_proof()
        if obstacle is None:
            return replace(result, verdict="proved")
        query = Query(self.period, self.lengths, schemas=self.bundle.schemas)
        pair = self._encode_pair(query, relaxed=False)
        formulas = self._encode_broken(pair)
        search = open_solver(query.space, self.budget)
        found = None if FALSE in formulas else search.find(formulas)
        if found is not None:
            answer = Solution(query, search, formulas, found, ()).minimized()
            return self._refute(result, pair, answer)
        if isinstance(obstacle, Exception):
            raise obstacle
        return replace(result, verdict="tested", scope=say_both(SHORT_LISTS), reason=obstacle)

    def _obstacle_of_proof(self) -> str | Undecided | Unsupported | None:
        """Return None if the property is proved with free list members, or else the reason for no proof."""
        bounds: dict[str, int] = {}
        try:
            if self.wanted.form == "more_facts" and self._is_refinement():
                return None
            while True:
                free = Query(self.period, dict(bounds), FreeEncoder, self.bundle.schemas)
                formulas = self._encode_broken(self._encode_pair(free, relaxed=True))
                if FALSE not in formulas and open_solver(free.space, self.budget).find(formulas) is not None:
                    return "Proved of short lists only; with lists left free the question could not be settled."
                missing = free.space.missing_bounds()  # the length of a list is compared with a number
                if not missing:
                    return None
                bounds |= missing
                self.lengths |= {path: max(count, self.lengths.get(path, 1)) for path, count in missing.items()}
        except (Undecided, Unsupported) as error:
            return error

    def _is_refinement(self) -> bool:
        """Return whether a proof by parts shows that further facts keep the range."""
        query = Query(self.period, dict(LENGTHS), schemas=self.bundle.schemas)
        pair = self._encode_pair(query, relaxed=False)
        return RefinementProof(pair, self.budget).is_proved()

    # --- trials

    def try_pairs(self, result: PropertyResult) -> PropertyResult:
        """Return the result of trials: refuted, or tested; unknown if there was nothing to try."""
        tried = 0
        for one, two, day in make_pairs(self.bundle, self.wanted):
            if self.period.start <= day < self.period.end:
                tried += 1
                ranges = [self._range(data, day) for data in (one, two)]
                if self._breaks(*ranges):
                    words = [_word(self._decide(data, day)) for data in (one, two)]
                    return replace(result, verdict="refuted", witness=one, other=two, as_of=day, decisions=tuple(words))
        if not tried:
            return replace(result, reason="No test of a policy has a profile to try.")
        told = Phrase("{n} pairs of profiles, made of the tests of the policies")
        return replace(result, verdict="tested", scope=say_both(told, n=tried))

    def _decide(self, data: Facts, day: str) -> Decision:
        return evaluate(self.bundle, load_granted(data, schemas=self.bundle.schemas), day)

    def _range(self, data: Facts, day: str) -> tuple[str, str]:
        """Return the range of a decision, without its findings."""
        profile = load_granted(data, schemas=self.bundle.schemas)
        return possible_outcomes(self.bundle.on(day), profile, day, asking=False).range

    def _refute(self, result: PropertyResult, pair: ProfilePair, answer: Solution) -> PropertyResult:
        """Return the refutation, confirmed by the evaluator."""
        day = answer.as_of
        one, two = pair.profiles(answer.model)
        before, after = (self._decide(data, day) for data in (one, two))
        if not self._breaks(before.range, after.range):
            raise Unconfirmed(f"the evaluator decides {before.decision} and {after.decision}")
        return replace(
            result, verdict="refuted", witness=one, other=two, as_of=day, decisions=(_word(before), _word(after))
        )

    def _breaks(self, before: tuple[str, str], after: tuple[str, str]) -> bool:
        """Return whether two ranges of the evaluator break the property."""
        (low, high), (lower, higher) = (tuple(map(WORDS.index, words)) for words in (before, after))
        if self.wanted.form == "more_facts":
            return lower < low or higher > high
        if changes := self.body.get("never"):
            pairs = (change.partition("->") for change in changes)
            return any(low >= WORDS.index(a) and higher <= WORDS.index(b) for a, _, b in pairs)
        return lower > low or higher > high


def _word(decision: Decision) -> str:
    return decision.decision if decision.decision != "incomplete" else " to ".join(decision.range)
