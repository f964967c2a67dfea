"""Whether two laws decide some profile differently, and by which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.analysis.formula import FALSE
from vatspolicy.analysis.isolate import MixedLaw
from vatspolicy.analysis.outcome import Levels, Reading
from vatspolicy.analysis.setting import Answer, Nothing, Setting, settle
from vatspolicy.analysis.times import Period, together, values
from vatspolicy.analysis.values import Rail
from vatspolicy.bundle import Bundle, Law
from vatspolicy.policy import Expression, Rule

WORDS = ("allow", "needs-license", "deny", "incomplete")

PREFERRED = sorted(
    ((a, b) for a in WORDS for b in WORDS if a != b),
    key=lambda pair: ("incomplete" in pair, -abs(WORDS.index(pair[0]) - WORDS.index(pair[1])), pair),
)
"""Changes of the decision word, the most telling first."""


@dataclass(frozen=True)
class Decisions:
    """What was found: an answer with the changes that are possible on its days, or none, proved or not."""

    answer: Answer | None
    transitions: tuple[str, ...] = ()
    proved: bool = False
    reason: str = ""


def word(reading: Reading, levels: Levels) -> dict[str, int]:
    """For every decision word the formula that it is the decision."""
    pool = reading.space.pool
    deny = levels.low[1]
    allow = -levels.high[0]
    needs = pool.conjoin((levels.low[0], -levels.high[1]))
    rest = pool.conjoin((-deny, -allow, -needs))
    return {"allow": allow, "needs-license": needs, "deny": deny, "incomplete": rest}


def decisions(
    base: Bundle, mixed: Bundle, found: Sequence[Period], budget: int, members: Mapping[str, int]
) -> Decisions:
    """Whether the two bundles decide some profile differently in some of the periods.

    `members`: how long the lists of a profile are of which the rule says something different.
    """
    fixed = SHORT | {path: min(max(count, SHORT.get(path, 1)), LONG) for path, count in members.items()}

    def signature(period: Period) -> Any:
        return tuple(_content(bundle.on(period.start)) for bundle in (base, mixed))

    open_reason = ""
    start: Mapping[str, int] = {}
    for period, (one, two) in together(found, signature):
        if one == two:
            continue
        may = settle(period, lambda s: _may_differ(s, base, mixed), budget, start=start)
        if isinstance(may, Nothing):
            start = may.bounds
            continue
        answer = settle(period, lambda s: _differ(s, base, mixed), budget, fixed)
        if isinstance(answer, Answer):
            return _transitions(answer, base, mixed)
        open_reason = "only profiles with few services and licences were searched through"
    return Decisions(None, (), not open_reason, open_reason)


LONG = 4
"""Most members of a list that is searched for a profile which is decided differently."""

SHORT = {"services": 1, "company.licences": 2, "partner.licences": 2, "services.*.area": 2, "services.*.facilities": 2}


def _sides(setting: Setting, base: Bundle, mixed: Bundle, kind: type[Reading] = Reading) -> list[Reading]:
    day = setting.period.start
    return [setting.reading(bundle.on(day), kind) for bundle in (base, mixed)]


def _words(setting: Setting, base: Bundle, mixed: Bundle) -> list[dict[str, int]]:
    return [word(reading, reading.decision(setting.services)) for reading in _sides(setting, base, mixed)]


def _differ(setting: Setting, base: Bundle, mixed: Bundle) -> list[int]:
    pool = setting.space.pool
    one, two = _words(setting, base, mixed)
    setting.watched += [*one.values(), *two.values()]
    return [pool.disjoin(pool.conjoin((one[w], -two[w])) for w in WORDS)]


def _transitions(answer: Answer, base: Bundle, mixed: Bundle) -> Decisions:
    """Every change of the word that is possible in the setting of an answer; the answer for the most telling one."""
    setting = answer.setting
    one, two = _words(setting, base, mixed)
    best: Answer | None = None
    found = []
    for before, after in PREFERRED:
        if FALSE in (one[before], two[after]):
            continue
        formulas = [one[before], two[after], *answer.formulas]
        values_found = answer.search.find(formulas)
        if values_found is not None:
            found.append(f"{before}->{after}")
            best = best or Answer(setting, answer.search, formulas, values_found, answer.invariants)
    return Decisions(best or answer, tuple(found))


class Loose(Reading):
    """A reading in which whether an instrument is held is free: more than can be, so that what it proves holds."""

    def held(self, scope: Any, name: str, holder: str = "operator") -> Rail:
        """A free truth, the same for questions that must have the same answer."""
        pool = self.space.pool
        name = f"held {self.question(scope, name)} {holder} {dict(scope.subject).get('operator', '')}"
        true, known = pool.flag(name), pool.flag(f"{name}?")
        return Rail(pool.conjoin((known, true)), pool.conjoin((known, -true)))


def _may_differ(setting: Setting, base: Bundle, mixed: Bundle) -> list[int]:
    """That product and one service together are decided differently: needed for any decision to differ, because a
    decision is the strictest of those of its services.
    """
    pool = setting.space.pool
    exists, service = setting.services[0]
    levels = []
    for reading in _sides(setting, base, mixed, Loose):
        whole = reading.rules("product", reading.product_scope())
        levels.append((whole, reading.strictest((whole, reading.service(service)))))
    (p1, s1), (p2, s2) = levels
    with_service = pool.conjoin((exists, _unlike(pool, s1, s2)))
    without = pool.conjoin((-exists, _unlike(pool, p1, p2)))
    return [pool.disjoin((with_service, without))]


def _unlike(pool: Any, one: Levels, two: Levels) -> int:
    pairs = zip((*one.low, *one.high), (*two.low, *two.high), strict=True)
    return pool.disjoin(pool.differ(a, b) for a, b in pairs)  # type: ignore[no-any-return]


def _content(law: Law) -> Any:
    """What a decision word depends on by day."""
    rules = [rule for key, found in law.rules.items() if key.split("/")[1] in _DECIDING for rule in found]
    return tuple(id(rule) for rule in rules), _values(law, rules)


_DECIDING = ("classify", "deny", "need", "route")


def _values(law: Law, rules: Iterable[Rule]) -> Any:
    own: list[Expression] = []
    foreign: list[Expression] = []
    other = law.foreign if isinstance(law, MixedLaw) else frozenset()
    for rule in rules:
        from vatspolicy.analysis.isolate import expressions_of

        for expression in expressions_of(rule):
            (foreign if id(expression) in other else own).append(expression)
    for instrument in law.instruments.values():
        if instrument.covers is not None:
            (foreign if id(instrument.covers) in other else own).append(instrument.covers)
    theirs = values(law.other, foreign) if isinstance(law, MixedLaw) else ()
    return values(law, own), theirs
