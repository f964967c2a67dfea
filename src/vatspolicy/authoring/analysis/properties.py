"""Properties of the law, proved for all profiles and days or refuted by profiles that the evaluator confirms."""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Sequence
from dataclasses import replace

from vatspolicy.authoring.analysis.bounded_search import (
    Build,
    RelaxedSearch,
    all_days,
    encode_applies,
    encode_subject,
    find_solution,
)
from vatspolicy.authoring.analysis.findings import PropertyResult
from vatspolicy.authoring.analysis.refinement import LENGTHS, RefinementProof
from vatspolicy.authoring.analysis.self_composition import (
    FreeEncoder,
    ProfilePair,
    encode_hidden,
    encode_monotone,
    encode_more_licenses,
    encode_more_words,
)
from vatspolicy.authoring.analysis.settings import LawProperty
from vatspolicy.authoring.analysis.thresholds import NotGraded, find_descent
from vatspolicy.authoring.analysis.trials import make_pairs
from vatspolicy.authoring.analysis.witness import states_of
from vatspolicy.authoring.granted_profiles import load_granted
from vatspolicy.authoring.symbolic.change_search import SHORT
from vatspolicy.authoring.symbolic.decision_encoder import encode_classes, encode_decision
from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, TooLarge
from vatspolicy.authoring.symbolic.query import Query, Solution
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, open_solver, reason_of
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.values import Constant, Unsupported
from vatspolicy.authoring.symbolic.witness import Unconfirmed
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.decision import WORDS, Decision
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Rule
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.words import say_both

EVERY = Phrase("all profiles, lists of any length")
EVERY_DAY = Phrase("all days")
SHORT_LISTS = Phrase("profiles with one service and few licenses and places")


Relaxations = dict[tuple[Period, bool], RelaxedSearch]
"""Relaxed encodings of one bundle by days, and by whether there may be opinions: properties share them."""


def prove(
    bundle: Bundle, wanted: LawProperty, budget: int = BUDGET, relaxations: Relaxations | None = None
) -> PropertyResult:
    """Return the result of one property. `relaxations`: those of the bundle that have been made."""
    stated = (wanted.id, wanted.statement, wanted.cite, "unknown", say_both(EVERY), wanted.file, wanted.line)
    empty = PropertyResult(*stated, None, None, None, (), "")
    try:
        proof = _PropertyProof(bundle, wanted, budget, {} if relaxations is None else relaxations)
        if wanted.form == "ascending":
            return proof.compare_thresholds(empty)
        if wanted.searched:
            return proof.try_pairs(empty)
        return proof.prove_never(empty) if wanted.form == "never" else proof.prove_pair(empty)
    except (Undecided, Unsupported, TooLarge) as error:
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
        """Return whether parameters ascend on each day. Asks no solver."""
        result = replace(result, scope=say_both(EVERY_DAY))
        try:
            found = find_descent(self.bundle, self.body["parameters"], self.period)
        except NotGraded as error:
            return replace(result, reason=str(error))
        if found is None:
            return replace(result, verdict="proved")
        reason = f"{found.lower} is {found.values[0]} and {found.higher} is {found.values[1]}, from {found.day} on."
        return replace(result, verdict="refuted", as_of=found.day, reason=reason)

    # --- one profile

    def prove_never(self, result: PropertyResult) -> PropertyResult:
        rules = self._rules()
        if "state" in self.body:
            if not rules:
                return replace(result, reason="No rule has such a name.")
            answer = self._first_solution([functools.partial(self._encode_state, rule) for rule in rules])
        else:
            answer = self._find_solution(self._encode_decided)
        if answer is None:
            return replace(result, verdict="proved")
        answer = answer.minimized()
        data, day = answer.profile, answer.as_of
        word = evaluate(self.bundle, load_granted(data, schemas=self.bundle.schemas), day).decision
        if "state" in self.body:
            states = states_of(self.bundle, data, day, rules)
            if not any(self.body["state"] in found for found in states.values()):
                raise Unconfirmed(f"no rule is {self.body['state']}")
        elif word != self.body["decision"]:
            raise Unconfirmed(f"the evaluator decides {word}")
        return replace(result, verdict="refuted", witness=data, as_of=day, decisions=(word,))

    def _first_solution(self, builds: Sequence[Callable[[Query, SymbolicRuleSet], list[int]]]) -> Solution | None:
        for build in builds:
            answer = self._find_solution(build)
            if answer is not None:
                return answer
        return None

    def _find_solution(self, build: Build) -> Solution | None:
        """Return a solution, or None if there is none. The proof comes first, as most properties hold."""
        key = (self.period, self.wanted.with_opinions)
        if key not in self.relaxations:
            self.relaxations[key] = RelaxedSearch(self.bundle, self.period, self.budget)
        if self.relaxations[key].excludes(build):
            return None
        return find_solution(self.bundle, self.period, build, self.budget)

    def _rules(self) -> list[Rule]:
        pattern = self.body.get("rule", "")
        found = [rule for policy in self.bundle.policies.values() for rule in policy.rules]
        kinds = {"open": ("Route",), "closed": ("Route",)}.get(self.body.get("state", ""), ())
        return [
            rule
            for rule in found
            if fnmatch.fnmatchcase(rule.name, pattern) and (not kinds or type(rule.effect).__name__ in kinds)
        ]

    def _encode_state(self, rule: Rule, query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        query.space.with_opinions = self.wanted.with_opinions
        exists, activation = encode_subject(query, ruleset, rule.each)
        return [*exists, encode_applies(ruleset, rule, activation).true, *self._applicability(ruleset, activation)]

    def _encode_decided(self, query: Query, ruleset: SymbolicRuleSet) -> list[int]:
        """Return the formulas that a product with a subject of the kind can be decided by the word."""
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
        """Return the formulas that the condition holds of an activity of a class that the rules certainly find.

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

    def _obstacle_of_proof(self) -> str | Undecided | Unsupported | TooLarge | None:
        """Return None if the property is proved with the members of lists left free, else the reason why not."""
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
        except (Undecided, Unsupported, TooLarge) as error:
            return error

    def _is_refinement(self) -> bool:
        """Return whether it is proved part by part that further facts keep the range."""
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
