"""Proofs of every edit and of the whole change, and the decisions on their witnesses."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from vatspolicy.authoring.diff.decisions import Product, direction
from vatspolicy.authoring.diff.edited import Cause, MovedRule
from vatspolicy.authoring.diff.law_revision import LawRevision, load_side
from vatspolicy.authoring.diff.open_changes import settle_open
from vatspolicy.authoring.diff.result import (
    Answer,
    DaysOfChange,
    ListedItem,
    ProvedRule,
    Semantic,
    StatedFact,
    Transition,
    Verdict,
    Witness,
    extend,
)
from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.engine.decision import WORDS, Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.snapshot import say_value
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_granted
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.errors import InvalidInput, WorkerLost
from vatspolicy.i18n.words import say_both
from vatspolicy.proofs import compare_change
from vatspolicy.proofs import verdicts as proved
from vatspolicy.proofs.solver import BUDGET, FAILURES, has_solver
from vatspolicy.proofs.transitions import DecidingRules, RelevantRules, days_around, days_in
from vatspolicy.proofs.two_rulesets import ListedItems
from vatspolicy.proofs.verdicts import RuleVerdict, Transitions
from vatspolicy.workers import run_shared

ENGINES = ("auto", "z3", "off")
"""Solvers to choose from: z3 if it is installed, z3 or no report, none.

Without z3, `auto` proves what the texts of the rules alone settle, and reports the rest as unknown.
"""


@dataclass(frozen=True)
class Proof:
    """The answers of the solver."""

    status: str
    """evaluated; not-needed (no rule differs); off; unavailable; failed."""
    engine: str | None = None
    """z3, or None if it is not installed or was not asked."""
    reason: str = ""
    """Reason for a missing evaluation: engine (not installed), schemas (the base does not fit the head's), failed."""
    broke: str = ""
    """The type of the error that stopped the solver."""
    groups: tuple[RuleVerdict, ...] = ()
    """A comparison for each group of rules that change together."""
    rules: tuple[RuleVerdict, ...] = ()
    """A comparison for each rule as a separate change, if requested."""
    transitions: Transitions | None = None
    """Transitions of the whole change; None if there is no evaluation."""
    base: Bundle | None = None
    """The base under the schemas of the head."""


def prove(
    base: LawRevision,
    head: LawRevision,
    differences: Differences,
    groups: Sequence[Sequence[str]],
    wanted: str,
    workers: int = 1,
    each_rule: bool = False,
    budget: int = BUDGET,
) -> Proof:
    """Prove or refute the groups of rules that differ, and all together, over all profiles and all days.

    The profiles are those of the head's schemas. `wanted` is one of ENGINES. `workers` are processes that share the
    queries; the answers do not depend on it. With `each_rule`, each rule is asked alone, too. `budget`: work that one
    question may cost (`solver.Budget`).
    """
    names = sorted(differences.names)
    if not names:
        return Proof("not-needed")
    if wanted == "off":
        return Proof("off")
    solver = has_solver()
    if wanted == "z3" and not solver:
        return Proof("unavailable", reason="engine")
    engine = "z3" if solver else None
    try:
        left = (base if base.schemas == head.schemas else load_side(base.source, head.schemas)).bundle
    except InvalidInput:  # an old state that does not fit the new schemas
        return Proof("unavailable", engine, "schemas")
    outside: tuple[type[Exception], ...] = (WorkerLost, *FAILURES)
    try:
        alone = [(name,) for name in names] if each_rule else []
        verdicts, transitions = compare_change(left, head.bundle, [*groups, *alone], budget=budget, workers=workers)
    except outside as error:  # keep the rest of the report, and mark it as incomplete
        return Proof("failed", engine, "failed", type(error).__name__)
    return Proof(
        "evaluated",
        engine,
        groups=tuple(verdicts[: len(groups)]),
        rules=tuple(verdicts[len(groups) :]),
        transitions=transitions,
        base=left,
    )


# --- a witness of a proof, decided by the evaluator under both sides


class UnconfirmedProof(Exception):
    """The evaluator contradicts the solver on a witness, so none of the solver's answers can be shown."""


class DecidedWitness:
    """A profile of a witness, decided by both sides on any day."""

    def __init__(self, sides: tuple[DecidingRules, DecidingRules], profile: Profile) -> None:
        self.base, self.head = (side.bundle for side in sides)
        self.profile, self.data = profile, dict(profile.document.data)
        self.relevant = [RelevantRules(side, profile) for side in sides]
        self.days: frozenset[str] = frozenset(days_in([profile.facts])).union(*(rules.days for rules in self.relevant))
        """Days on which an answer may change."""
        self._decided: dict[str, tuple[Decision, Decision]] = {}

    def on(self, day: str) -> tuple[Decision, Decision]:
        """Return the decisions of both sides on a day."""
        if day not in self._decided:
            self._decided[day] = evaluate(self.base, self.profile, day), evaluate(self.head, self.profile, day)
        return self._decided[day]

    def answers(self, day: str) -> tuple[Answer, Answer]:
        """Return the answers of both sides without findings, which is faster."""
        before, after = (
            Answer(low if low == high else "incomplete", (low, high))
            for low, high in (rules.range(day) for rules in self.relevant)
        )
        return before, after

    def confirmed(self, day: str) -> tuple[Answer, Answer]:
        """Return the answers of the full decisions of both sides. Raises UnconfirmedProof."""
        before, after = (Answer(decision.decision, decision.range) for decision in self.on(day))
        if (before, after) != self.answers(day):
            raise UnconfirmedProof(day)
        return before, after

    def listed(self, names: Sequence[str], day: str) -> tuple[ListedItem, ...]:
        """Return the differing items of the given rules."""
        found = ListedItems(self.base, self.head, names, day).differing(self.profile)
        return tuple(
            ListedItem(
                kind=kind,
                name=item_name,
                before=old.value if old else None,
                after=new.value if new else None,
                before_text=say_both(text) if old and (text := say_value(old, self.base)) else None,
                after_text=say_both(text) if new and (text := say_value(new, self.head)) else None,
            )
            for (kind, item_name, _, _), (old, new) in found.items()
        )


# --- proofs of every edit and of the change as a whole
#
# Each witness is decided again by the evaluator before it is shown, dated, and worded by the schemas.


_LISTED = 6
"""Maximum number of items to show for a witness."""
_SHARED = 8
"""Minimum number of witnesses to start further processes."""
FindCause = Callable[[str, str], Cause]
"""Returns a rule with its citations, by its name and a day."""


def word_proofs(
    proof: Proof,
    head: LawRevision,
    differences: Differences,
    groups: Sequence[Sequence[str]],
    cause: FindCause,
    products: Sequence[Product],
    workers: int = 1,
) -> tuple[Semantic, list[Verdict]]:
    """Return the proofs over all profiles, with the verdict on each group of rules that has a proof.

    `products` are those compared; `workers` are processes that share the work.
    Raises UnconfirmedProof.
    """
    if proof.transitions is None:
        return Semantic(proof.status, proof.engine, None, (), (), ()), []
    serializer = _ProofSerializer(proof, head.bundle, differences, cause, products)
    found = serializer.transitions
    work: list[Callable[[], Transition | ProvedRule | Verdict]] = []
    work += [functools.partial(serializer.transition, one) for one in found.found]
    work += [functools.partial(serializer.rule, rule) for rule in proof.rules]
    pairs = zip(proof.groups, groups, strict=True)
    work += [functools.partial(serializer.verdict, one, group) for one, group in pairs]
    asked: list[proved.Transition | RuleVerdict] = [*found.found, *proof.rules, *proof.groups]
    witnesses = sum(one.witness is not None for one in asked)
    if workers > 1 and witnesses >= _SHARED:
        serializer.prepare()
    done = run_shared(work, workers if witnesses >= _SHARED else 1)
    transitions = tuple(one for one in done if isinstance(one, Transition))
    rules = tuple(one for one in done if isinstance(one, ProvedRule))
    verdicts = [one for one in done if isinstance(one, Verdict)]
    period = found.period
    settled = period is not None and (period.proved or differences.are_within(period.first, period.last))
    days = None if period is None else DaysOfChange(period.first, period.last, settled)
    return Semantic(proof.status, proof.engine, days, transitions, rules, found.assumptions), verdicts


class _ProofSerializer:
    def __init__(
        self,
        proof: Proof,
        head: Bundle,
        differences: Differences,
        cause: FindCause,
        products: Sequence[Product],
    ) -> None:
        assert proof.base is not None and proof.transitions is not None
        base = proof.base
        self.proof, self.base, self.head, self.differences, self.cause = proof, base, head, differences, cause
        self.proved = proof.transitions
        self.products = products
        titles = {name: instrument.title for name, instrument in head.instruments.items()}
        self.wording = FactWording(head.schemas, titles)
        self.first = max(base.covers_from, head.covers_from)
        self.boundaries = sorted({*base.boundaries, *head.boundaries})

    @functools.cached_property
    def transitions(self) -> Transitions:
        """The transitions, including open ones that a profile close to a witness settles."""
        if not self.proved.undecided:
            return self.proved
        read = self.differences.facts_read(self.differences.names)
        return settle_open((self.base, self.head), self.proved, self.proof.groups, self.products, read)

    def prepare(self) -> None:
        """Compute shared data before forking processes."""
        _ = self.sides

    @functools.cached_property
    def sides(self) -> tuple[DecidingRules, DecidingRules]:
        """The deciding rules of both sides."""
        return DecidingRules(self.base), DecidingRules(self.head)

    def transition(self, found: proved.Transition) -> Transition:
        """Return one transition of the outcome, with the verdict on whether the whole change can cause it."""
        witness, turn = None, direction(_answer(found.before), _answer(found.after))
        if found.witness is not None and found.as_of is not None:
            words = found.before, found.after
            shown = self.decide(found.witness)
            answers = shown.confirmed(found.as_of)
            if (answers[0].decision, answers[1].decision) != words:
                raise UnconfirmedProof(found.name)
            witness = self.witness(shown, found.as_of, lambda on: shown.answers(on) == answers, shown.days, ())
            turn = direction(*answers)
        return Transition(found.before, found.after, found.verdict, turn, witness, found.reason, ())

    def rule(self, found: proved.RuleVerdict) -> ProvedRule:
        """Return the verdict on one rule as a separate change."""
        verdict = self.verdict(found, (found.rule,))
        day = verdict.witness.since if verdict.witness is not None else self.boundaries[-1]
        since, until = self.differences.period(found.rule)
        moved = extend(MovedRule, self.cause(found.rule, day), since=since, until=until)
        return extend(ProvedRule, moved, proof=verdict, excluded=(), seen_in=(), accepted=())

    def verdict(self, found: proved.RuleVerdict, names: Sequence[str]) -> Verdict:
        """Return the verdict on rules that change together, with an example profile."""
        witness = None
        if found.witness is not None and found.as_of is not None:
            shown = self.decide(found.witness)
            if found.before is not None and shown.confirmed(found.as_of)[0].decision != found.before:
                raise UnconfirmedProof(found.rule)
            witness = self.group_witness(shown, found.as_of, names)
        pair = found.before, found.after
        return Verdict(found.verdict, found.transitions, *pair, witness, found.reason, found.assumptions)

    def group_witness(self, shown: DecidedWitness, day: str, names: Sequence[str]) -> Witness:
        """Return the witness of rules, with their items on a day."""
        answers = shown.confirmed(day)
        same = answers[0] == answers[1]
        listed = shown.listed(names, day)

        def shows(on: str) -> bool:
            if self.differences.on(on).isdisjoint(names) or shown.answers(on) != answers:
                return False
            return not same or shown.listed(names, on) == listed

        days = shown.days.union(*map(self.days_of, names))
        return self.witness(shown, day, shows, days, listed[:_LISTED])

    def witness(
        self,
        shown: DecidedWitness,
        as_of: str,
        shows: Callable[[str], bool],
        days: AbstractSet[str],
        listed: tuple[ListedItem, ...],
    ) -> Witness:
        """Return the profile, its facts in words, the relevant days, and the decisions of both sides."""
        since, until = days_around(as_of, [self.first, *(day for day in days if day > self.first)], shows)
        before, after = shown.answers(since)
        return Witness(
            profile=shown.data,
            facts=tuple(StatedFact(**fact) for fact in self.wording.facts(shown.data)),
            as_of=as_of,
            since=since,
            until=until,
            before=before,
            after=after,
            listed=listed,
        )

    def decide(self, witness: Facts) -> DecidedWitness:
        """Return a witness with the decisions of both sides."""
        return DecidedWitness(self.sides, load_granted(witness, schemas=self.head.schemas))

    def days_of(self, name: str) -> set[str]:
        """Return the days on which a version of a rule begins, ends, or reads another value."""
        days: set[str] = set()
        for side in (self.differences.base, self.differences.head):
            last: object = None
            for day in self.boundaries:
                signature = side.signature_on(name, day) if day >= side.bundle.covers_from else None
                days |= set() if signature == last else {day}
                last = signature
        return days


def _answer(word: str) -> Answer:
    """Return an outcome as an answer. A bare `incomplete` leaves the full range open."""
    return Answer(word, (word, word) if word in WORDS else (WORDS[0], WORDS[-1]))
