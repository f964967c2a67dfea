"""Decisions as formulas: the classes of a service, and how strict the decision is.

Mirrors `engine.classification` and `engine.evaluator`; tests hold them together on random profiles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.authoring.symbolic.encoder import SymbolicActivation
from vatspolicy.authoring.symbolic.formula import FALSE, TRUE, FormulaPool
from vatspolicy.authoring.symbolic.ruleset_encoder import SymbolicClasses, SymbolicOutcome, SymbolicRuleSet
from vatspolicy.authoring.symbolic.values import Constant, SymbolicRecord
from vatspolicy.core.engine.opinions import held_classes
from vatspolicy.core.policies.model import NOT_TELECOM, Classify, Need, Route, Rule
from vatspolicy.core.profile.vocabulary import CLASS, words

# --- classes


def encode_classes(ruleset: SymbolicRuleSet, activation: SymbolicActivation) -> SymbolicClasses:
    """Return the classes that the classify rules find for a service."""
    key = activation.subject
    if key not in ruleset.classes:
        same = ruleset.shared("service", "classify")
        ruleset.classes[key] = _find_classes(ruleset, activation) if same is None else encode_classes(same, activation)
    return ruleset.classes[key]


def _find_classes(ruleset: SymbolicRuleSet, activation: SymbolicActivation) -> SymbolicClasses:
    pool = ruleset.space.pool
    service, every = dict(activation.subject).get("service", ""), sorted(words("class", ruleset.space.schemas))
    certain: dict[str, list[int]] = {}
    possible: dict[str, list[int]] = {}
    other: dict[str, list[int]] = {}
    spoke, unread = [], []
    for rule in ruleset.history.rules_for("service", "classify"):
        effect = rule.effect
        assert isinstance(effect, Classify)
        holds = ruleset.holds(rule, activation)
        if holds.false == TRUE:
            continue
        by_opinion = unsettled = FALSE
        flags: dict[str, int] = {}
        if rule.is_open:
            given, opinion = ruleset.space.opinion(CLASS, service, rule.since)
            flags, held = {cls: pool.flag(f"{opinion}={cls}") for cls in every}, held_classes(rule)
            if held is not None:  # the opinion names only classes that a reading holds
                given = pool.conjoin((given, *(-flag for cls, flag in flags.items() if cls not in held)))
                flags = {cls: flag for cls, flag in flags.items() if cls in held}
                given = given if NOT_TELECOM in held else pool.conjoin((given, pool.disjoin(flags.values())))
            reading, may_hold = ruleset.reading(activation, rule), -holds.false
            by_opinion = pool.conjoin((given, -reading.true, -reading.false))
            holds = ruleset.encoder.every((holds, ruleset.status(rule, activation, given)))
            unsettled = pool.conjoin((-given, -reading.true, -reading.false))
            unread += [pool.conjoin((may_hold, unsettled))] if rule.is_unread else []
        spoke.append(holds.true)
        own = -by_opinion
        for cls in effect.classes:
            certain.setdefault(cls, []).append(pool.conjoin((holds.true, own)))
            possible.setdefault(cls, []).append(pool.conjoin((-holds.false, own)))
        for cls in rule.other_readings:
            if cls != NOT_TELECOM:
                other.setdefault(cls, []).append(pool.conjoin((holds.true, unsettled)))
        for cls, flag in flags.items():
            named = pool.conjoin((by_opinion, flag))
            if named != FALSE:
                certain.setdefault(cls, []).append(pool.conjoin((holds.true, named)))
                possible.setdefault(cls, []).append(pool.conjoin((-holds.false, named)))
    return SymbolicClasses(
        {cls: pool.disjoin(found) for cls, found in certain.items()},
        {cls: pool.disjoin(found) for cls, found in possible.items()},
        {cls: pool.disjoin(found) for cls, found in other.items()},
        pool.disjoin(spoke),
        pool.disjoin(unread),
    )


# --- outcomes


def encode_decision(
    ruleset: SymbolicRuleSet,
    services: Iterable[tuple[int, SymbolicRecord]],
    require_service: bool = True,
    classes: frozenset[str] | None = None,
) -> SymbolicOutcome:
    """Return the outcome for the product and for the services that exist, each given with that formula.

    `require_service`: a product without any service is undecided, as in the evaluator. `classes`: the only classes
    that are looked at, where no service can be of another (`exclude_other_classes`).
    """
    pool = ruleset.space.pool
    services = tuple(services)
    outcomes = [encode_rules(ruleset, "product", ruleset.product_activation())]
    for exists, service in services:
        outcomes.append(guard_outcome(pool, exists, _encode_service(ruleset, service, classes)))
    if require_service:
        nothing = pool.conjoin(-exists for exists, _ in services)
        outcomes.append(SymbolicOutcome(high=(nothing, nothing)))
    return _strictest(pool, outcomes)


def exclude_other_classes(
    ruleset: SymbolicRuleSet, services: Iterable[tuple[int, SymbolicRecord]], classes: frozenset[str]
) -> int:
    """Return the formula that no service can be of a class that is not among some."""
    pool = ruleset.space.pool
    found = []
    for exists, service in services:
        table = encode_classes(ruleset, ruleset.service_activation(service))
        for side in (table.certain, table.possible):
            found += [pool.disjoin((-exists, -held)) for cls, held in side.items() if cls not in classes]
    return pool.conjoin(found)


def encode_service(ruleset: SymbolicRuleSet, service: SymbolicRecord) -> SymbolicOutcome:
    """Return the outcome for one service without its activities."""
    activation = ruleset.service_activation(service)
    found = encode_classes(ruleset, activation)
    outcomes = (
        encode_rules(ruleset, "service", activation),
        SymbolicOutcome(high=(-found.spoke, -found.spoke)),
        SymbolicOutcome(high=(found.unread, found.unread)),
    )
    return _strictest(ruleset.space.pool, outcomes)


def _encode_service(
    ruleset: SymbolicRuleSet, service: SymbolicRecord, classes: frozenset[str] | None
) -> SymbolicOutcome:
    """Return the outcome for one service and its activities."""
    pool = ruleset.space.pool
    outcomes = [encode_service(ruleset, service)]
    for certain, possible, outcome in encode_activities(ruleset, service, classes):
        outcomes.append(guard_outcome(pool, certain, outcome, pool.disjoin((certain, possible))))
    return _strictest(pool, outcomes)


def encode_activities(
    ruleset: SymbolicRuleSet, service: SymbolicRecord, classes: frozenset[str] | None = None
) -> Iterator[tuple[int, int, SymbolicOutcome]]:
    """Yield the outcome for each activity of a service, with the formulas that it certainly and possibly exists.

    `classes`: the only classes that are looked at.
    """
    pool = ruleset.space.pool
    found = encode_classes(ruleset, ruleset.service_activation(service))
    for cls, possible in found.possible.items():
        certain = found.certain.get(cls, FALSE)
        if (classes is None or cls in classes) and pool.disjoin((certain, possible)) != FALSE:
            activity = ruleset.activity_activation(service, ((TRUE, Constant(cls)),), cls)
            yield certain, possible, encode_rules(ruleset, "activity", activity)


def encode_rules(ruleset: SymbolicRuleSet, each: str, activation: SymbolicActivation) -> SymbolicOutcome:
    """Return the outcome of the rules on one subject."""
    key = "rules", each, activation.subject
    if key not in ruleset.outcomes:
        same = [ruleset.shared(*group) for group in ((each, "deny"), (each, "need"), ("activity", "route"))]
        other = same[0] if None not in same else None
        make = _find_outcome if other is None else encode_rules
        ruleset.outcomes[key] = make(ruleset if other is None else other, each, activation)
    return ruleset.outcomes[key]


def _find_outcome(ruleset: SymbolicRuleSet, each: str, activation: SymbolicActivation) -> SymbolicOutcome:
    pool = ruleset.space.pool
    outcomes = []
    for rule in ruleset.history.rules_for(each, "deny"):
        holds = ruleset.holds(rule, activation)
        outcomes.append(SymbolicOutcome((holds.true, holds.true), (-holds.false, -holds.false)))
    for rule in ruleset.history.rules_for(each, "need"):
        holds = ruleset.holds(rule, activation)
        if holds.false == TRUE:
            continue
        outcomes.append(guard_outcome(pool, holds.true, encode_need(ruleset, rule, activation), -holds.false))
    return _strictest(pool, outcomes)


def encode_need(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> SymbolicOutcome:
    """Return the outcome of a need that holds. Mirrors `engine.licensing.answer_need`."""
    need = rule.effect
    assert isinstance(need, Need)
    if need.through is not None:
        return encode_access(ruleset, activation, need.through)
    assert need.instrument is not None
    has = ruleset.held(activation, need.instrument, rule.holder)
    return SymbolicOutcome((has.false, FALSE), (-has.true, FALSE))


def encode_access(ruleset: SymbolicRuleSet, activation: SymbolicActivation, to: str) -> SymbolicOutcome:
    """Return the outcome of a need that routes satisfy."""
    key = "access", to, activation.subject
    if key not in ruleset.outcomes:
        same = ruleset.shared("activity", "route")
        make = _find_access if same is None else encode_access
        ruleset.outcomes[key] = make(ruleset if same is None else same, activation, to)
    return ruleset.outcomes[key]


def _find_access(ruleset: SymbolicRuleSet, activation: SymbolicActivation, to: str) -> SymbolicOutcome:
    pool = ruleset.space.pool
    usable, opened, met, perhaps_met = [], [], [], []
    for rule in ruleset.history.rules_for("activity", "route"):
        effect = rule.effect
        assert isinstance(effect, Route)
        state = ruleset.route(activation, rule) if effect.to == to else None
        if state is None or state.usable == FALSE:
            continue
        has = ruleset.held(activation, effect.instrument)
        usable.append(state.usable)
        opened.append(state.opened)
        met.append(pool.conjoin((state.opened, has.true)))
        perhaps_met.append(pool.conjoin((state.usable, -has.false)))
    # no route: deny; one open and held: met; else a license is needed unless one might be held
    return SymbolicOutcome(
        (-pool.disjoin(perhaps_met), -pool.disjoin(usable)), (-pool.disjoin(met), -pool.disjoin(opened))
    )


def _strictest(pool: FormulaPool, outcomes: Iterable[SymbolicOutcome]) -> SymbolicOutcome:
    outcomes = tuple(outcomes)
    return SymbolicOutcome(
        (pool.disjoin(x.low[0] for x in outcomes), pool.disjoin(x.low[1] for x in outcomes)),
        (pool.disjoin(x.high[0] for x in outcomes), pool.disjoin(x.high[1] for x in outcomes)),
    )


def guard_outcome(
    pool: FormulaPool, condition: int, outcome: SymbolicOutcome, possible: int | None = None
) -> SymbolicOutcome:
    """Return the outcome where a condition holds. `possible`: where the condition may hold, if that is more."""
    possible = condition if possible is None else possible
    return SymbolicOutcome(
        (pool.conjoin((condition, outcome.low[0])), pool.conjoin((condition, outcome.low[1]))),
        (pool.conjoin((possible, outcome.high[0])), pool.conjoin((possible, outcome.high[1]))),
    )


# --- decision words


def decision_words(pool: FormulaPool, outcome: SymbolicOutcome) -> dict[str, int]:
    """Return for every decision word the formula that it is the decision."""
    deny = outcome.low[1]
    allow = -outcome.high[0]
    needs = pool.conjoin((outcome.low[0], -outcome.high[1]))
    rest = pool.conjoin((-deny, -allow, -needs))
    return {"allow": allow, "needs-license": needs, "deny": deny, "incomplete": rest}


def can_be_part(outcome: SymbolicOutcome, word: str) -> int:
    """Return the formula that an outcome can be that of a part of a product decided by `word`.

    The decision is the strictest of its parts: in an allowed product every part is allowed, where a license is needed
    no part can be denied, and in an incomplete one no part is certainly denied.
    """
    match word:
        case "allow":
            return -outcome.high[0]
        case "needs-license":
            return -outcome.high[1]
        case "incomplete":
            return -outcome.low[1]
    return TRUE
