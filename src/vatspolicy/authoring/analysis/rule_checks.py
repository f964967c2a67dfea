"""What only a proof can show: rules that never apply, never decide, repeat or contradict one another, and gaps."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.authoring.analysis.bounded_search import BoundedSearch, applies, ask, scene
from vatspolicy.authoring.analysis.findings import Finding, Gap
from vatspolicy.authoring.analysis.witness import Witness, make_witness
from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.query import Query, Solution
from vatspolicy.authoring.symbolic.rule_state import constants
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicRuleSet
from vatspolicy.authoring.symbolic.solver import BUDGET, Undecided, reason_of
from vatspolicy.authoring.symbolic.timeline import Period
from vatspolicy.authoring.symbolic.values import DualRail, Unsupported
from vatspolicy.authoring.symbolic.witness import Unconfirmed
from vatspolicy.cel.ast import And, Node, Term
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import NEVER, Advise, Classify, Deny, Duty, Need, Route, Rule

DECIDING = (Deny, Need, Route, Classify)


@dataclass
class Audit:
    """One bundle over some days, and what could not be answered of it."""

    bundle: Bundle
    period: Period
    budget: int = BUDGET
    open: list[Gap] = field(default_factory=list)

    @functools.cached_property
    def ground(self) -> BoundedSearch:
        """All rules with short lists, made once."""
        return BoundedSearch(self.bundle, self.period, self.budget)

    def tried(self, kind: str, about: tuple[str, ...], make: Callable[[], Finding | None]) -> Iterator[Finding]:
        """What `make` finds; a question that ends without an answer is noted, never taken for none."""
        try:
            found = make()
        except Unsupported as error:
            self.skipped(kind, about, str(error))
        except Undecided as error:
            self.open.append(Gap(kind, about, reason_of(error)))
        except (Unconfirmed, InvalidInput) as error:
            self.open.append(Gap(kind, about, f"Internal error: a witness was not confirm_decisions ({error})."))
        else:
            if found is not None:
                yield found

    def skipped(self, kind: str, about: tuple[str, ...], why: str) -> None:
        """Note a question that cannot be asked."""
        self.open.append(Gap(kind, about, f"This cannot be analysed exactly: {why}."))

    def ask(self, build: Callable[[Query, SymbolicRuleSet], Sequence[int]]) -> Solution | None:
        """Facts and a day under which something holds; None is proved."""
        return ask(self.bundle, self.period, build, self.budget)

    def find(self, formulas: Sequence[int]) -> bool | None:
        """Whether there are such facts with short lists; None where that is not known."""
        try:
            return self.ground.find(formulas)
        except Undecided:
            return None

    # --- rules that never apply

    def dead(self, rules: Sequence[Rule]) -> Iterator[Finding]:
        """Rules that apply to nothing on any day; for a route, that are never open."""
        for rule in rules:
            yield from self.tried("dead", (rule.name,), lambda rule=rule: self._dead(rule))  # type: ignore[misc]

    def _dead(self, rule: Rule) -> Finding | None:
        if self.ask(lambda query, ruleset: holds(query, ruleset, rule)) is not None:
            return None
        clause, shown = self.nearest(rule)
        en, zh = f"{rule.id} never applies to any profile.", f"{rule.id}不适用于任何情形。"
        if clause:
            en += f" Where all else of it holds, this does not: {clause}."
            zh += f"其余条件均成立时，此项不成立：{clause}。"
        return self.finding("dead", (rule,), en, zh, shown)

    def nearest(self, rule: Rule) -> tuple[str, Witness | None]:
        """The clause of a dead rule that fails where all others hold, with a witness; else any profile at all."""
        node: Node = rule.when.tree
        parts = node.parts if isinstance(node, And) else ()
        text = rule.when.text
        for part in reversed(parts):
            rest = [other for other in parts if other is not part]

            def build(query: Query, ruleset: SymbolicRuleSet, rest: Sequence[Node] = rest) -> list[int]:
                there, activation = scene(query, ruleset, rule.each)
                return [
                    *there,
                    ruleset.in_force(rule),
                    *(_truth(ruleset, rule, other, activation).true for other in rest),
                ]

            answer = self.ask(build)
            if answer is not None:
                start, end = part.span
                name = f"term.{part.name}" if isinstance(part, Term) else " ".join(text[start:end].split())
                return name, make_witness(self.bundle, answer, [rule], f"never lets {rule.id} apply")
        answer = self.ask(lambda query, ruleset: [ruleset.in_force(rule), *scene(query, ruleset, rule.each)[0]])
        shown = make_witness(self.bundle, answer, [rule], f"never lets {rule.id} apply") if answer is not None else None
        return "", shown

    # --- pairs of rules of one file

    def pairs(self, rules: Sequence[Rule], chosen: set[str]) -> Iterator[Finding]:
        """Duplicate and subsumed rules of one file: the same effect in the same, or in fewer cases."""
        alike: dict[str, list[Rule]] = {}
        for rule in rules:
            alike.setdefault(repr((rule.policy, rule.each, _effect(rule))), []).append(rule)
        for found in alike.values():
            for one, two in itertools.combinations(found, 2):
                if _together(one, two):
                    look = functools.partial(self._pair, one, two, chosen)
                    yield from self.tried("subsumed", (one.name, two.name), look)

    def _pair(self, one: Rule, two: Rule, chosen: set[str]) -> Finding | None:
        first = _within(one, two) and self.implies(one, two)
        second = _within(two, one) and self.implies(two, one)
        if not first and not second:
            return None
        kind = "duplicate" if first and second else "subsumed"
        if kind not in chosen:
            return None
        inner, outer = (one, two) if first else (two, one)
        shown = self.both(inner, outer, f"lets {inner.id} and {outer.id} apply together")
        if shown is None:  # the inner rule is dead, which is another finding
            return None
        if kind == "duplicate":
            en = f"{inner.id} and {outer.id} have the same effect in exactly the same cases."
            zh = f"{inner.id}与{outer.id}在完全相同的情形下效果相同。"
        else:
            en = f"Wherever {inner.id} applies, {outer.id} applies with the same effect."
            zh = f"凡{inner.id}适用之处，{outer.id}均适用且效果相同。"
        return self.finding(kind, (inner, outer), en, zh, shown)

    def implies(self, one: Rule, two: Rule) -> bool:
        """Whether the second applies wherever the first does. Short lists first: most pairs part there."""
        ground = self.ground
        if one.name in ground.rails and two.name in ground.rails:
            inside = ground.ruleset.in_force(two)  # days on which only the first is in force say nothing
            if self.find([*ground.fires(one), inside, -ground.rails[two.name].true]):
                return False

        def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
            there, activation = scene(query, ruleset, one.each, certain=False)
            apart = [applies(ruleset, one, activation).true, -applies(ruleset, two, activation).true]
            return [*there, ruleset.in_force(two), *apart]

        return self.ask(build) is None

    def both(self, one: Rule, two: Rule, it: str) -> Witness | None:
        """A witness on which both rules apply to one subject."""

        def build(query: Query, ruleset: SymbolicRuleSet) -> list[int]:
            there, activation = scene(query, ruleset, one.each)
            return [*there, applies(ruleset, one, activation).true, applies(ruleset, two, activation).true]

        answer = self.ask(build)
        return make_witness(self.bundle, answer, [one, two], it) if answer is not None else None

    # --- contradictions inside one file

    def conflicts(self, rules: Sequence[Rule]) -> Iterator[Finding]:
        """Rules of one file that contradict each other about one subject."""
        by_policy: dict[str, list[Rule]] = {}
        for rule in rules:
            by_policy.setdefault(rule.policy, []).append(rule)
        for found in by_policy.values():
            for one, two in itertools.permutations(found, 2):
                why = _contradiction(one, two)
                if why and _together(one, two):
                    yield from self.tried(
                        "conflict",
                        (one.name, two.name),
                        lambda a=one, b=two, w=why: self._conflict(a, b, w),  # type: ignore[misc]
                    )

    def _conflict(self, one: Rule, two: Rule, why: str) -> Finding | None:
        if why in ("need", "due") and not self.implies(one, two):
            return None
        shown = self.both(one, two, f"lets {one.id} and {two.id} contradict each other")
        if shown is None:
            return None
        en, zh = (text.format(one=one.id, two=two.id) for text in _CONFLICTS[why])
        return self.finding("conflict", (one, two), en, zh, shown)

    # --- shared

    def finding(self, kind: str, rules: Sequence[Rule], en: str, zh: str, shown: Witness | None) -> Finding:
        """A finding about rules, at the first of them."""
        first = rules[0]
        since, until = max(rule.since for rule in rules), min(rule.until for rule in rules)
        return Finding(
            kind,
            tuple(rule.name for rule in rules),
            self.bundle.policies[first.policy].file,
            first.line,
            {"en": en, "zh": zh},
            since,
            None if until == NEVER else until,
            shown.profile if shown else None,
            shown.as_of if shown else None,
            shown.case if shown else "",
            shown.case_for if shown else "",
        )


_CONFLICTS = {
    "route": (
        "The route {one} is open to an activity that {two} prohibits for good.",
        "途径{one}对{two}绝对禁止的业务开放。",
    ),
    "need": (
        "{one} asks for an instrument only where {two} prohibits for good.",
        "{one}只在{two}绝对禁止之处要求许可。",
    ),
    "due": (
        "Where {one} applies, {two} asks for the same instrument by another day.",
        "凡{one}适用之处，{two}对同一事项规定了不同的期限。",
    ),
    "curable": (
        "{one} and {two} deny for one reason, the one curable and the other not.",
        "{one}与{two}以同一理由否定，一为可补正，一为不可补正。",
    ),
}


def _contradiction(one: Rule, two: Rule) -> str:
    """How the effects of two rules contradict each other if both apply to one subject, in this order; or nothing."""
    if one.each != two.each:
        return ""
    match one.effect, two.effect:
        case Route(), Deny(curable=False):
            return "route"
        case Need(), Deny(curable=False):
            return "need"
        case Duty(instrument=a), Duty(instrument=b) if a == b:
            alike = one.effect.due.keys() == two.effect.due.keys()  # one within ten days and one every year go together
            return "due" if alike and one.effect.due != two.effect.due else ""
        case Deny(reason=a, curable=True), Deny(reason=b, curable=False) if a == b:
            return "curable"
    return ""


def holds(query: Query, ruleset: SymbolicRuleSet, rule: Rule, certain: bool = False) -> list[int]:
    """Formulas that a rule applies to some subject."""
    there, activation = scene(query, ruleset, rule.each, certain)
    return [*there, applies(ruleset, rule, activation).true]


def _truth(ruleset: SymbolicRuleSet, rule: Rule, part: Node, activation: SymbolicActivation) -> DualRail:
    """The truth of a part of a rule's condition."""
    return ruleset.encoder.choose(
        (held, ruleset.encoder.truth(part, activation, params)) for held, params in ruleset.versions(rule.when)
    )


def _effect(rule: Rule) -> Any:
    """What a rule does; advice is its words."""
    return (constants(rule), rule.message["en"]) if isinstance(rule.effect, Advise) else constants(rule)


def _together(one: Rule, two: Rule) -> bool:
    return max(one.since, two.since) < min(one.until, two.until)


def _within(one: Rule, two: Rule) -> bool:
    """Whether the second is in force whenever the first is."""
    return two.since <= one.since and one.until <= two.until
