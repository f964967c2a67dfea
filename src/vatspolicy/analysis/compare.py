"""compare_rules(base, head, names): for every changed rule a proof that nothing changes, or a profile that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vatspolicy.analysis.effect import SHORT, Decisions, Loose, decisions
from vatspolicy.analysis.isolate import expressions_of, find_rule, mix
from vatspolicy.analysis.outcome import Reading
from vatspolicy.analysis.reality import named
from vatspolicy.analysis.recheck import Unconfirmed, load_profile, says
from vatspolicy.analysis.search import BUDGET, Undecided, has_solver
from vatspolicy.analysis.setting import Answer, Nothing, Setting, settle
from vatspolicy.analysis.status import difference, subject
from vatspolicy.analysis.times import Period, periods, together, values
from vatspolicy.analysis.values import Unsupported
from vatspolicy.analysis.verdict import (
    EQUIVALENT,
    MASKED,
    UNKNOWN,
    UNSUPPORTED,
    WITNESS,
    RuleVerdict,
)
from vatspolicy.bundle import Bundle
from vatspolicy.errors import InvalidInput
from vatspolicy.evaluate import evaluate
from vatspolicy.policy import Advise, Duty, Expression, Rule


def compare_rules(
    base: Bundle, head: Bundle, names: Sequence[str], *, as_of: str | None = None, budget: int = BUDGET
) -> list[RuleVerdict]:
    """Verdicts on the rules (policy/rule) that differ between two bundles, in the order of `names`.

    `as_of` asks of one day only. `budget` is the work that one question may cost (z3's resource units).
    """
    return [_verdict(base, head, name, as_of, budget) for name in names]


def _verdict(base: Bundle, head: Bundle, name: str, as_of: str | None, budget: int) -> RuleVerdict:
    question = _Question(base, head, name, as_of, budget)
    try:
        return question.answer()
    except Unsupported as error:
        return RuleVerdict(name, UNSUPPORTED, reason=f"This cannot be analysed exactly: {error}.")
    except Undecided as error:
        return RuleVerdict(name, UNKNOWN, reason=f"No answer within the limit: {error}.")
    except (Unconfirmed, InvalidInput) as error:  # never shown as a finding
        return RuleVerdict(name, UNKNOWN, reason=f"Internal error: a witness was not confirmed ({error}).")


class _Question:
    """One rule in two bundles."""

    def __init__(self, base: Bundle, head: Bundle, name: str, as_of: str | None, budget: int) -> None:
        self.base, self.head, self.name, self.budget = base, head, name, budget
        self.before, self.after = find_rule(base, name), find_rule(head, name)
        self.periods = periods((base, head), as_of)
        self.mixed = mix(base, head, name)
        self.invariants: set[str] = set()

    def answer(self) -> RuleVerdict:
        if self.before is None and self.after is None:
            return RuleVerdict(self.name, UNKNOWN, reason="Neither bundle has this rule.")
        shown: Answer | None = None
        differing: list[Period] = []
        for period, _ in together(self.periods, self.signature):
            answer = self.differ(period)
            if answer is not None:
                differing.append(period)
                shown = shown or answer
        if shown is None:
            return RuleVerdict(
                self.name, EQUIVALENT, reason="The rule says the same of every profile.", assumptions=self.assumptions()
            )
        return self.consequences(shown, differing)

    # --- the rule itself

    def signature(self, period: Period) -> Any:
        """What the rule depends on by day; None where neither version is in force."""
        found: list[Any] = []
        for bundle, rule in ((self.base, self.before), (self.head, self.after)):
            if rule is not None and rule.in_force(period.start):
                law = bundle.on(period.start)
                found.append(values(law, [*expressions_of(rule), *_access(bundle, rule, period.start)]))
            else:
                found.append(None)
        return None if found == [None, None] else tuple(found)

    def differ(self, period: Period) -> Answer | None:
        """Facts of which the two versions say something different; None when there are none."""
        loose = settle(period, lambda setting: self.build(setting, False, Loose), self.budget)
        if isinstance(loose, Nothing):
            self.invariants |= set(loose.invariants)
            return None
        reach = self.each() == "activity"
        inner = [p for p, _ in together(self.within(period), self.classes)] if reach else [period]
        for fixed in (SHORT, None):  # a witness has few members; only a proof needs to look at more
            for part in inner:
                answer = settle(part, lambda setting: self.build(setting, reach), self.budget, fixed)
                if isinstance(answer, Answer):
                    return answer
                self.invariants |= set(answer.invariants)
        return None

    def build(self, setting: Setting, reach: bool, kind: type[Reading] = Reading) -> list[int]:
        day = setting.period.start
        one = setting.reading(self.base.on(day), kind)
        two = setting.reading(self.head.on(day), kind)
        before = self.before if self.before is not None and self.before.in_force(day) else None
        after = self.after if self.after is not None and self.after.in_force(day) else None
        found = []
        for each in sorted({rule.each for rule in (before, after) if rule is not None}):
            there, scopes = subject(setting, each, (one, two), reach)
            sides = [rule if rule is not None and rule.each == each else None for rule in (before, after)]
            differs = difference(one, sides[0], two, sides[1], scopes)
            found.append(setting.space.pool.conjoin((*there, differs)))
        return [setting.space.pool.disjoin(found)]

    def each(self) -> str:
        kinds = {rule.each for rule in (self.before, self.after) if rule is not None}
        return "activity" if "activity" in kinds else kinds.pop()

    def within(self, period: Period) -> list[Period]:
        return [p for p in self.periods if period.start <= p.start < period.end]

    def classes(self, period: Period) -> Any:
        """What the classification depends on by day."""
        found = []
        for bundle in (self.base, self.head):
            law = bundle.on(period.start)
            rules = law.of("service", "classify")
            found.append((tuple(rule.name for rule in rules), values(law, [rule.when for rule in rules])))
        return found

    # --- what it changes

    def consequences(self, shown: Answer, differing: Sequence[Period]) -> RuleVerdict:
        rule = self.after or self.before
        assert rule is not None
        if all(isinstance(r.effect, Duty | Advise) for r in (self.before, self.after) if r is not None):
            return self.witness(
                shown.simplified(), WITNESS, (), "What is listed changes; the decision word never does."
            )
        inner = [p for period in differing for p in self.within(period)]
        try:
            result = decisions(self.base, self.mixed, inner, self.budget, shown.setting.space.limits)
        except (Unsupported, Undecided) as error:
            return self.witness(shown.simplified(), UNKNOWN, (), f"Whether a decision changes is not known: {error}.")
        if result.answer is not None:
            return self.witness(result.answer.simplified(), WITNESS, result.transitions, self.story(result))
        reason = "The rule says something else, and this alone never changes a decision word."
        if not result.proved:
            reason = f"The rule says something else; whether a decision word can change is not known: {result.reason}."
        return self.witness(shown.simplified(), MASKED if result.proved else UNKNOWN, (), reason)

    def story(self, result: Decisions) -> str:
        return f"Changing this rule alone changes the decision ({', '.join(result.transitions)})."

    def witness(self, answer: Answer, verdict: str, transitions: tuple[str, ...], reason: str) -> RuleVerdict:
        """The verdict with its profile, which the evaluator has decided under both bundles."""
        data, day = answer.profile, answer.as_of
        profile = load_profile(data)
        before, after = evaluate(self.base, profile, day).decision, evaluate(self.mixed, profile, day).decision
        self.invariants |= set(answer.invariants)
        if transitions and f"{before}->{after}" not in transitions:
            raise Unconfirmed(f"{self.name}: the evaluator decides {before} and {after}, not {transitions[0]}")
        told = says(self.base, self.before, profile, day), says(self.head, self.after, profile, day)
        if not transitions and told[0] == told[1]:
            raise Unconfirmed(f"{self.name}: the evaluator sees no difference on {day}")
        whole = evaluate(self.head, profile, day).decision
        if whole != after:
            reason += f" With all changes together the decision is {whole}."
        return RuleVerdict(
            self.name, verdict, transitions, data, day, before, after, reason, self.assumptions(verdict == MASKED)
        )

    def assumptions(self, all_lists: bool = True) -> tuple[str, ...]:
        found = [named(self.invariants)] if self.invariants else []
        if not has_solver():
            found.append("searched by cells, without a solver")
        return tuple(found)


def _access(bundle: Bundle, rule: Rule, day: str) -> list[Expression]:
    """Expressions behind `activity.licensed` and behind the rule's own instrument."""
    if rule.each != "activity" and getattr(rule.effect, "instrument", None) is None:
        return []
    law = bundle.on(day)
    names = {*law.access, *filter(None, [getattr(rule.effect, "instrument", None)])}
    return [covers for name in sorted(names) if (covers := law.instruments[name].covers) is not None]
