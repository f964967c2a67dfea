"""Decisions as formulas: the classes of a service, the strictness of the decision, and the items of rules.

Mirrors `engine.classification` and `engine.evaluator`; tests hold them together on random profiles.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.engine.classification import classify
from vatspolicy.core.engine.licensing import evaluate_routes
from vatspolicy.core.engine.opinions import held_classes, reading_of, settle
from vatspolicy.core.engine.subjects import activity_activation, product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import NOT_TELECOM, Classify, Deny, Effect, Need, Route, Rule
from vatspolicy.core.policies.modelled import effect_constants
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile
from vatspolicy.core.profile.vocabulary import CLASS, words
from vatspolicy.proofs.encoder import SymbolicActivation
from vatspolicy.proofs.formula import FALSE, TRUE, FormulaPool
from vatspolicy.proofs.query import Query, Solution
from vatspolicy.proofs.ruleset_encoder import (
    ACCESS,
    SymbolicCases,
    SymbolicClasses,
    SymbolicOutcome,
    SymbolicRuleSet,
    in_each_case,
)
from vatspolicy.proofs.timeline import RuleSetHistory, named_by
from vatspolicy.proofs.values import KNOWN_FALSE, KNOWN_TRUE, Constant, DualRail, IndexedChoice, SymbolicRecord

# --- classes


def encode_classes(ruleset: SymbolicRuleSet, activation: SymbolicActivation) -> SymbolicClasses:
    """Return the classes that the classify rules find for a service."""
    key = activation.subject
    if key not in ruleset.classes:
        ruleset.classes[key] = _find_classes(ruleset, activation)
    return ruleset.classes[key]


def _find_classes(ruleset: SymbolicRuleSet, activation: SymbolicActivation) -> SymbolicClasses:
    pool = ruleset.space.pool
    service, every = dict(activation.subject).get("service", ""), sorted(words("class", ruleset.space.schemas))
    certain: dict[str, list[int]] = {}
    possible: dict[str, list[int]] = {}
    other: dict[str, list[int]] = {}
    spoke, cases, unread = [], [], []
    for rule in ruleset.history.rules_for("service", "classify"):
        effect = rule.effect
        assert isinstance(effect, Classify)
        holds = ruleset.holds(rule, activation)
        if holds.false == TRUE:
            continue
        by_opinion = unsettled = FALSE
        status = KNOWN_TRUE
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
            status = ruleset.status(rule, activation, given)
            holds = ruleset.encoder.every((holds, status))
            unsettled = pool.conjoin((-given, -reading.true, -reading.false))
            unread += [pool.conjoin((may_hold, unsettled))] if rule.is_unread else []
        spoke.append(holds.true)
        cases.append(ruleset.cases(rule, activation, status))
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
        pool.disjoin((*spoke, in_each_case(pool, cases))),
        pool.disjoin(unread),
    )


# --- outcomes


def encode_decision(
    ruleset: SymbolicRuleSet,
    services: Iterable[tuple[int, SymbolicRecord]],
    require_service: bool = True,
    classes: frozenset[str] | None = None,
) -> SymbolicOutcome:
    """Return the outcome for the product and its services, each given with the formula that it exists.

    `require_service`: a product without any service is undecided, as in the evaluator. `classes`: the only classes
    that are examined, where no service can be of another (`exclude_other_classes`).
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
    """Return the formula that services can have only the given classes."""
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
    classes = encode_classes(ruleset, activation)
    outcomes = (
        encode_rules(ruleset, "service", activation),
        SymbolicOutcome(high=(-classes.spoke, -classes.spoke)),
        SymbolicOutcome(high=(classes.unread, classes.unread)),
    )
    return _strictest(ruleset.space.pool, outcomes)


def _encode_service(
    ruleset: SymbolicRuleSet, service: SymbolicRecord, classes: frozenset[str] | None
) -> SymbolicOutcome:
    """Return the outcome of one service with its activities."""
    pool = ruleset.space.pool
    outcomes = [encode_service(ruleset, service)]
    for certain, possible, outcome in encode_activities(ruleset, service, classes):
        outcomes.append(guard_outcome(pool, certain, outcome, pool.disjoin((certain, possible))))
    return _strictest(pool, outcomes)


def encode_activities(
    ruleset: SymbolicRuleSet, service: SymbolicRecord, classes: frozenset[str] | None = None
) -> Iterator[tuple[int, int, SymbolicOutcome]]:
    """Yield the outcome for each activity of a service, with the formulas that it certainly and possibly exists.

    `classes`: the only classes that are examined.
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
    known, key = ruleset.outcomes[each], activation.subject
    if key not in known:
        known[key] = _find_outcome(ruleset, each, activation)
    return known[key]


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
    """Return the outcome of an applicable need. Mirrors `engine.licensing.answer_need`."""
    need = rule.effect
    assert isinstance(need, Need)
    if need.through is not None:
        return encode_access(ruleset, activation, need.through)
    assert need.instrument is not None
    has = ruleset.held(activation, need.instrument, rule.holder)
    return SymbolicOutcome((has.false, FALSE), (-has.true, FALSE))


def encode_access(ruleset: SymbolicRuleSet, activation: SymbolicActivation, to: str) -> SymbolicOutcome:
    """Return the outcome of a need that routes satisfy."""
    known, key = ruleset.outcomes[ACCESS], (to, activation.subject)
    if key not in known:
        known[key] = _find_access(ruleset, activation, to)
    return known[key]


def _find_access(ruleset: SymbolicRuleSet, activation: SymbolicActivation, to: str) -> SymbolicOutcome:
    pool = ruleset.space.pool
    usable, opened, met, perhaps_met = [], [], [], []
    opened_in, met_in = [], []
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
        opened_in.append(state.cases)
        met_in.append({side: pool.conjoin((where, has.true)) for side, where in state.cases.items()})
    opened.append(in_each_case(pool, opened_in))
    met.append(in_each_case(pool, met_in))
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
    """Return the outcome under a condition. `possible`: the weaker condition that may hold, if different."""
    possible = condition if possible is None else possible
    return SymbolicOutcome(
        (pool.conjoin((condition, outcome.low[0])), pool.conjoin((condition, outcome.low[1]))),
        (pool.conjoin((possible, outcome.high[0])), pool.conjoin((possible, outcome.high[1]))),
    )


# --- decision words


def decision_words(pool: FormulaPool, outcome: SymbolicOutcome) -> dict[str, int]:
    """Return the formula of each decision word that it is the decision."""
    deny = outcome.low[1]
    allow = -outcome.high[0]
    needs = pool.conjoin((outcome.low[0], -outcome.high[1]))
    rest = pool.conjoin((-deny, -allow, -needs))
    return {"allow": allow, "needs-license": needs, "deny": deny, "incomplete": rest}


def can_be_part(outcome: SymbolicOutcome, word: str) -> int:
    """Return the formula that a part of a product with decision `word` can have this outcome.

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


# --- parts of a product that a change of rules can touch: the product itself, its services, their activities
#
# A decision is the strictest of its parts, so each decision word is that of one part alone. Suppose a profile is
# decided `a` before a change and `b` after it. Then one part has `a` before, and after it is no stricter than `b`
# allows; and one part has `b` after, and was no stricter than `a` allows. Parts of a kind that the change does not
# touch stay as they are. So it is enough to look at one part of each other kind, and at one class of an activity,
# which may be any.


Kinds = frozenset[str]
"""Kinds of parts: product, service, activity."""

ALL_KINDS: Kinds = frozenset({"product", "service", "activity"})

ACTIVITY_CLASS = "activity.class"
"""Variable for the class of an activity with a free class."""


def class_choice(query: Query) -> IndexedChoice:
    """Return the class of an activity with a free class."""
    return query.space.choice(ACTIVITY_CLASS, tuple(sorted(words("class", query.schemas))))


def class_of(solution: Solution) -> str | None:
    """Return the class of a solution's activity; None for a question without an activity."""
    space = solution.query.space
    if ACTIVITY_CLASS not in space.pool.ranges:
        return None
    return str(class_choice(solution.query).values[int(space.pool.number_of(ACTIVITY_CLASS, solution.model))])


def touched_kinds(histories: Iterable[RuleSetHistory], rules: Iterable[Rule]) -> Kinds:
    """Return the kinds of parts with outcomes that can depend on given rules. Licensing must be the same."""
    found: set[str] = set()
    for rule in rules:
        found.add(rule.each)
        if rule.kind == "classify":  # a service is of other classes
            found.add("activity")
        if rule.kind == "route":
            for history in histories:
                found |= {
                    each for each in ALL_KINDS for need in history.rules_for(each, "need") if _goes_through_routes(need)
                }
    return frozenset(found)


def _goes_through_routes(rule: Rule) -> bool:
    return isinstance(rule.effect, Need) and rule.effect.through is not None


def need_service(query: Query) -> None:
    """Record that a question concerns one service."""
    query.space.need_members("services", "the service that a word is about")


def encode_part(ruleset: SymbolicRuleSet, kind: str, query: Query) -> SymbolicOutcome:
    """Return the outcome for one part of a kind: of the first service, and of one activity of any class."""
    if kind == "product":
        return encode_rules(ruleset, "product", ruleset.product_activation())
    pool = ruleset.space.pool
    need_service(query)
    exists, service = query.services[0]
    if kind == "service":
        return guard_outcome(pool, exists, encode_service(ruleset, service))
    classes = encode_classes(ruleset, ruleset.service_activation(service))
    choice = class_choice(query)
    named = {cls: query.encoder.one_of(choice, "==", cls) for cls in {**classes.certain, **classes.possible}}
    certain = pool.disjoin(pool.conjoin((exists, named[cls], held)) for cls, held in classes.certain.items())
    possible = pool.disjoin(pool.conjoin((exists, named[cls], held)) for cls, held in classes.possible.items())
    possible = pool.disjoin((certain, possible))
    if possible == FALSE:
        return SymbolicOutcome()
    activation = ruleset.activity_activation(service, ((TRUE, choice),), "any")
    return guard_outcome(pool, certain, encode_rules(ruleset, "activity", activation), possible)


_STAYS = {
    "allow": ("needs-license", "incomplete", "deny"),
    "needs-license": ("incomplete", "deny"),
    "incomplete": ("needs-license", "deny"),
}


def can_stay(word: str, other: str) -> bool:
    """Return whether an unchanged part with one word can belong to a decision with another word."""
    return other in _STAYS.get(word, ())


# --- state of a rule on a subject: its effect as data and as formulas, by the encoder and by the evaluator


def encode_state(
    ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation, held: bool = False
) -> dict[str, DualRail]:
    """Return the truths of a rule's state on a subject. `held`: include whether its instrument is held."""
    pool = ruleset.space.pool
    if not isinstance(rule.effect, Route):
        state = {"when": ruleset.holds(rule, activation)}
        if isinstance(rule.effect, Classify):
            state |= _case_states(pool, state["when"], ruleset.cases(rule, activation))
        if held and isinstance(rule.effect, Need) and rule.effect.instrument is not None:
            has = ruleset.held(activation, rule.effect.instrument, rule.holder)
            state["held"] = _where(ruleset, -state["when"].false, has)
        return state
    route = ruleset.route(activation, rule)
    there = -route.applies.false  # the state of a route matters only where it applies
    closed = pool.conjoin((there, -route.usable))
    state = {"when": route.applies, "open": DualRail(route.opened, closed)}
    for condition, check in zip(rule.effect.conditions, route.checks, strict=False):
        state[f"condition {condition.id}"] = DualRail(FALSE, pool.conjoin((there, check.false)))
    state["share"] = DualRail(FALSE, pool.conjoin((there, route.share.false)))
    state |= _case_states(pool, route.applies, route.cases)
    if held:
        state["held"] = _where(ruleset, route.usable, ruleset.held(activation, rule.effect.instrument))
    return state


def _case_states(pool: FormulaPool, applies: DualRail, cases: SymbolicCases) -> dict[str, DualRail]:
    """Return where an undecided rule depends on exactly one clause."""
    unknown = (-applies.true, -applies.false)
    return {f"case {side}": DualRail(pool.conjoin((*unknown, where)), FALSE) for side, where in cases.items()}


def _where(ruleset: SymbolicRuleSet, condition: int, truth: DualRail) -> DualRail:
    pool = ruleset.space.pool
    return DualRail(pool.conjoin((condition, truth.true)), pool.conjoin((condition, truth.false)))


def _same_instruments(
    one: SymbolicRuleSet, rule: Rule | None, two: SymbolicRuleSet, other: Rule | None, activation: SymbolicActivation
) -> bool:
    """Return whether, by their texts, the instruments of two rule versions are held in the same cases."""
    names = sorted(named_by(rule) & named_by(other))
    return all(one.license_key(activation, name) == two.license_key(activation, name) for name in names)


def encode_difference(
    one: SymbolicRuleSet,
    rule: Rule | None,
    two: SymbolicRuleSet,
    other: Rule | None,
    activations: tuple[SymbolicActivation, SymbolicActivation],
) -> tuple[int, int]:
    """Return the formulas that two rule versions may differ, and certainly differ, on a subject.

    None is a rule that is not in force. The second formula guides a search and proves nothing.
    """
    pool = one.space.pool
    held = not _same_instruments(one, rule, two, other, activations[0])
    before = encode_state(one, rule, activations[0], held) if rule is not None else {}
    after = encode_state(two, other, activations[1], held) if other is not None else {}
    silent = {"when": KNOWN_FALSE, "open": DualRail(FALSE, FALSE)}
    found, certain = [], []
    holds = [side["when"].true for side in (before, after) if side]
    for name in dict.fromkeys((*before, *after)):
        missing = silent.get(name, DualRail(FALSE, FALSE))
        a, b = before.get(name, missing), after.get(name, missing)
        found += [pool.differ(a.true, b.true), pool.differ(a.false, b.false)]
        opposite = [pool.conjoin((a.true, b.false)), pool.conjoin((a.false, b.true))]
        certain += opposite if name == "when" else [pool.conjoin((*holds, found[-1]))]
    if rule is not None and other is not None and effect_constants(rule) != effect_constants(other):
        found.append(-before["when"].false)
        found.append(-after["when"].false)
        certain.append(pool.conjoin(holds))
    return pool.disjoin(found), pool.disjoin(certain)


def encode_directions(
    one: SymbolicRuleSet,
    rule: Rule | None,
    two: SymbolicRuleSet,
    other: Rule | None,
    activations: tuple[SymbolicActivation, SymbolicActivation],
) -> tuple[int, int] | None:
    """Return the formulas that the second version can make decisions stricter than the first, and milder.

    They guide a search and prove nothing. None for versions that this cannot compare.
    """
    effects = [version.effect for version in (rule, other) if version is not None]
    if one.licensing_key != two.licensing_key or len({_goal(effect) for effect in effects}) != 1:
        return None
    pool = one.space.pool
    found = [
        _certain_and_possible(ruleset, version, activation) if version is not None else {}
        for ruleset, version, activation in ((one, rule, activations[0]), (two, other, activations[1]))
    ]
    names = dict.fromkeys((*found[0], *found[1]))
    sides = [[side.get(name, FALSE) for name in names] for side in found]
    more = pool.disjoin(pool.conjoin((after, -before)) for before, after in zip(*sides, strict=True))
    less = pool.disjoin(pool.conjoin((before, -after)) for before, after in zip(*sides, strict=True))
    return (less, more) if isinstance(effects[0], Route) else (more, less)


def _goal(effect: Effect) -> object:
    """Return the part of an effect that comparable versions share, or a unique value if it is not comparable."""
    match effect:
        case Deny():
            return "deny"
        case Need(instrument=instrument, through=through, bearer=bearer):
            return ("need", instrument, through, bearer)
        case Route(to=to, instrument=instrument):
            return ("route", to, instrument)
    return object()


def _certain_and_possible(ruleset: SymbolicRuleSet, rule: Rule, activation: SymbolicActivation) -> dict[Hashable, int]:
    """Return formulas for each case of a rule or route: it certainly applies or is open, and it possibly does."""
    if isinstance(rule.effect, Route):
        route = ruleset.route(activation, rule)
        found: dict[Hashable, int] = {"certain": route.opened, "possible": route.usable}
        return found | dict(route.cases)
    holds = ruleset.holds(rule, activation)
    return {"certain": holds.true, "possible": -holds.false}


def encode_subject_pair(
    query: Query, each: str, rulesets: tuple[SymbolicRuleSet, SymbolicRuleSet], reachable: bool
) -> tuple[list[int], list[int], tuple[SymbolicActivation, SymbolicActivation]]:
    """Return formulas for possible and certain existence of a subject, with its activations on both sides.

    `reachable`: only classes that the classify rules of one of the rule sets find; else any class.
    """
    one, two = rulesets
    if each == "product":
        return [], [], (one.product_activation(), two.product_activation())
    query.space.need_members("services", "the subject")
    exists, service = query.services[0]
    if each == "service":
        return [exists], [exists], (one.service_activation(service), two.service_activation(service))
    choice = class_choice(query)
    formulas = [exists], [exists]
    if reachable:
        pool = query.space.pool
        certain: list[int] = []
        possible: list[int] = []
        for ruleset in rulesets:
            classes = encode_classes(ruleset, ruleset.service_activation(service))
            for table in (classes.certain, classes.possible, classes.other):
                held = [pool.conjoin((query.encoder.one_of(choice, "==", c), held)) for c, held in table.items()]
                possible += held
                certain += held if table is classes.certain else ()
        formulas[0].append(pool.disjoin(possible))
        formulas[1].append(pool.disjoin(certain))
    cases = ((TRUE, choice),)
    activations = one.activity_activation(service, cases, "any"), two.activity_activation(service, cases, "any")
    return *formulas, activations


def rule_states(bundle: Bundle, rule: Rule | None, profile: Profile, as_of: str) -> Mapping[str, tuple[object, ...]]:
    """Return the evaluator's state of a rule by subject, without silent subjects."""
    if rule is None or not rule.in_force(as_of) or rule.name in bundle.replaced(as_of):
        return {}
    ruleset = bundle.on(as_of)
    found = {}
    for name, activation in subjects(ruleset, profile, as_of, rule.each):
        value = _state_of(ruleset, rule, activation)
        if value is not None:
            found[name] = value
    return found


def subjects(ruleset: RuleSet, profile: Profile, as_of: str, each: str) -> Iterator[tuple[str, Activation]]:
    """Yield every subject of a kind with its activation, including activities that are only possible."""
    base = product_activation(profile, as_of)
    if each == "product":
        yield "", base
        return
    for service in base["services"]:
        activation = service_activation(base, service)
        if each == "service":
            yield service["id"], activation
            continue
        found = classify(ruleset, activation)
        classes = dict.fromkeys((*found.classes, *found.possible))
        for rule in found.contested:
            classes |= dict.fromkeys(cls for cls in rule.other_readings if cls != NOT_TELECOM)
        for cls in classes:
            yield f"{service['id']}/{cls}", activity_activation(ruleset, activation, cls)


def _state_of(ruleset: RuleSet, rule: Rule, activation: Activation) -> tuple[object, ...] | None:
    holds = ruleset.evaluate(rule.when, activation)
    settled = [] if holds is False else settle([(rule, holds is True, ())], activation)
    if not settled:
        return None
    holds = holds if settled[0][1] == (holds is True) else None
    cases = ruleset.possible_cases(rule, activation) if holds is None and _may_wait(rule, activation) else []
    if not isinstance(rule.effect, Route):
        return (holds, effect_constants(rule), cases)
    for state in evaluate_routes(ruleset, activation, rule.effect.to):
        if state.rule is rule:
            failing = [condition.id for condition in state.failing]
            return (holds, effect_constants(rule), cases, state.state, failing, state.share_too_high)
    return None


def _may_wait(rule: Rule, activation: Activation) -> bool:
    """Return whether an undecided rule may depend on exactly one clause and no opinion."""
    if rule.kind not in ("classify", "route"):
        return False
    reading = reading_of(activation, rule) if rule.is_open else True
    return reading is True or (reading is None and not rule.is_unread)
