"""Search for the cheapest combinations of changes that reach a goal."""

from __future__ import annotations

import dataclasses
import datetime
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, count

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.possible_values import possible_answers
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Deny, Need, Route, Rule
from vatspolicy.core.profile.profile import Profile
from vatspolicy.guidance.remediation.change import Change, FactEdit, decide_changed, list_differences, mutable_facts
from vatspolicy.guidance.remediation.changes import find_changes
from vatspolicy.guidance.remediation.obstacles import Obstacle, find_obstacles, weight
from vatspolicy.guidance.remediation.relocation import relocate
from vatspolicy.guidance.remediation.targets import Target, find_targets
from vatspolicy.i18n import LANGUAGES
from vatspolicy.i18n.words import FRAMES, both

GOALS = {"needs-license": ("needs-license", "allow"), "allow": ("allow",)}
"""Outcomes that reach each goal."""
YEAR = datetime.timedelta(days=366)
DAYS = 40
"""Maximum number of later days that are evaluated."""
MAX_DECISIONS = 1500
"""Maximum number of decisions for a small product; divided by the relative cost of a decision for a large one."""


@dataclass(frozen=True)
class FoundProposal:
    """Changes that lead to another decision."""

    changes: tuple[Change, ...]
    cost: int
    profile: Profile = field(repr=False, compare=False)
    """Changed profile, valid and evaluated."""
    decision: Decision = field(repr=False, compare=False)
    alternatives: tuple[Target, ...] = ()
    """Equivalent places, each evaluated too."""
    split_off: tuple[Decision, ...] = ()
    """Decisions on the services that are split off, in their original form."""
    waits_long: bool = False
    """True for a launch delayed by more than a year."""
    settled_by: tuple[tuple[Path, tuple[Tree, ...]], ...] = ()
    """A missing fact, and its values with which the changes reach the goal."""

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of the changes."""
        return frozenset(change.kind for change in self.changes)


@dataclass(frozen=True)
class RemediationPlan:
    """Present decision and the changes that would improve it."""

    decision: Decision
    goal: str | None
    """Goal of the search; None if a milder decision does not exist."""
    proposals: tuple[FoundProposal, ...]
    """Proposals that reach the goal, cheapest first."""
    undecided: tuple[FoundProposal, ...]
    """Proposals that lift every denial but leave facts missing."""
    evaluated: int
    """Number of combinations that were evaluated."""
    most: int
    """Maximum number of changes in a combination."""
    exhausted: bool
    """True if every relevant combination was evaluated; False if the limit ended the search."""
    unstated: tuple[Path, ...] = ()
    """Changeable facts behind the obstacles that are not stated, so that their changes were not tried."""


def find_remediations(
    bundle: Bundle, profile: Profile, as_of: str, goal: str | None = None, limit: int = 5, most: int = 3
) -> RemediationPlan:
    """Return the cheapest distinct proposals on a day. `goal` is a key of GOALS, by default the next milder outcome.

    Raises ValueError for a day the bundle does not cover.
    """
    decision = evaluate(bundle, profile, as_of)
    if goal is None:
        goal = {"needs-license": "allow", "allow": None}.get(decision.decision, "needs-license")
    if goal is None or decision.decision in GOALS[goal]:
        return RemediationPlan(decision, None, (), (), 0, most, True)
    search = Search(bundle, profile, decision, GOALS[goal], most)
    reaching, lifted = search.run()
    days = 0 if decision.decision == "incomplete" else max(2, DAYS // search.weight)
    for change, changed, result in postpone_launch(bundle, profile, decision, GOALS[goal], days):
        planned = datetime.date.fromisoformat(max(as_of, profile.launch or as_of))
        waits_long = datetime.date.fromisoformat(result.as_of) - planned > YEAR
        reaching.append(FoundProposal((change,), change.cost, changed, result, waits_long=waits_long))
    reached = drop_redundant(profile, reaching)
    undecided = [proposal for proposal in drop_redundant(profile, [*reaching, *lifted]) if proposal not in reaching]
    return RemediationPlan(
        decision,
        goal,
        tuple(search.finish(proposal) for proposal in reached[:limit]),
        tuple(search.finish(proposal) for proposal in undecided[:limit]),
        search.evaluated,
        most,
        search.exhausted,
        tuple(find_unstated(profile, decision, goal)),
    )


def find_unstated(profile: Profile, decision: Decision, goal: str) -> Iterator[Path]:
    """Yield changeable facts behind the obstacles that are not stated, in the schema's order.

    Facts that the decision misses anyway are omitted.
    """
    missing = {fact.path for fact in decision.missing}
    obstacles = find_obstacles(profile, decision, goal == "allow")
    owners: list[tuple[Path, Facts]] = [(("company",), profile.facts["company"])]
    owners += [(("services", index), service) for index, service in enumerate(profile.facts["services"])]
    for names, mutability in mutable_facts(profile.schemas).items():
        if mutability.follows is not None or len(names) != 2:
            continue
        concerned = {obstacle.service for obstacle in obstacles if ".".join(names) in obstacle.names}
        for path, owner in owners:
            about = concerned if path == ("company",) else concerned & {None, owner["id"]}
            if path[0] == names[0] and about and names[1] not in owner and (*path, names[1]) not in missing:
                yield (*path, names[1])


class Search:
    """Best-first search over combinations of changes of a profile."""

    def __init__(self, bundle: Bundle, profile: Profile, decision: Decision, goal: tuple[str, ...], most: int) -> None:
        self.bundle, self.profile, self.decision, self.goal, self.most = bundle, profile, decision, goal, most
        self.changes = find_changes(bundle, profile, decision)
        self.weight = weight(bundle.on(decision.as_of), profile, decision)
        self.evaluated = 0
        self.exhausted = True
        self._known: dict[frozenset[int], tuple[Profile, Decision] | None] = {}
        self._queue: list[tuple[int, int, int, tuple[Change, ...]]] = []
        """Combinations to decide: cost, size, order of discovery, changes."""
        self._seen: set[frozenset[int]] = set()
        self._order = count()

    def decide(self, chosen: tuple[Change, ...]) -> tuple[Profile, Decision] | None:
        """Return the profile after some changes and its decision, or None if it is not valid."""
        key = frozenset(map(id, chosen))
        if key not in self._known:
            self.evaluated += 1
            self._known[key] = decide_changed(self.bundle, self.profile, chosen, self.decision.as_of)
        return self._known[key]

    def run(self) -> tuple[list[FoundProposal], list[FoundProposal]]:
        """Return two lists of proposals, by cost: those that reach the goal, and those that lift every denial.

        A combination that only adds to one that reaches the goal is not looked at.
        """
        reached: list[FoundProposal] = []
        lifted: list[FoundProposal] = []
        self._extend((), self.profile, self.decision)
        while self._queue:
            cost, size, _, chosen = heapq.heappop(self._queue)
            if _extends_any(chosen, reached):
                continue
            if self.evaluated * self.weight >= MAX_DECISIONS:
                self.exhausted = False
                break
            if (outcome := self.decide(chosen)) is None:
                continue
            proposal = FoundProposal(chosen, cost, *outcome)
            if proposal.decision.decision in self.goal:
                reached += [proposal] if self._is_minimal(chosen) else []
                continue
            if self._lifts(proposal.decision) and not _extends_any(chosen, lifted):
                lifted.append(proposal)
            if size < self.most:
                self._extend(chosen, *outcome)
        return reached, lifted

    def finish(self, proposal: FoundProposal) -> FoundProposal:
        """Return the proposal with its equivalent places and the decisions on services that are split off."""
        return dataclasses.replace(
            proposal,
            alternatives=tuple(self._find_alternatives(proposal)),
            split_off=tuple(self._decide_split_off(proposal)),
            settled_by=tuple(self._find_settling_values(proposal)),
        )

    def _find_settling_values(self, proposal: FoundProposal) -> Iterator[tuple[Path, tuple[Tree, ...]]]:
        """Yield each missing fact of a proposal, with the values that reach the goal by themselves."""
        ruleset = self.bundle.on(proposal.decision.as_of)
        for missing in proposal.decision.missing:
            answers = possible_answers(
                self.bundle,
                ruleset,
                proposal.profile.document.data,
                missing.path,
                missing.rules,
                proposal.decision.as_of,
            )
            values = tuple(value for value in answers if self._reaches(proposal, missing.path, value))
            if values:
                yield missing.path, values

    def _reaches(self, proposal: FoundProposal, path: Path, value: Tree) -> bool:
        """Return True if the changes of a proposal reach the goal with one more fact."""
        self.evaluated += 1
        stated = Change("stated", (), 0, (FactEdit(path, value),), frozenset(), {})
        outcome = decide_changed(self.bundle, self.profile, [*proposal.changes, stated], proposal.decision.as_of)
        return outcome is not None and outcome[1].decision in self.goal

    def _find_alternatives(self, proposal: FoundProposal) -> Iterator[Target]:
        """Yield places of the same source with an equal result at no higher cost; a sample for a large product."""
        moved = next((change for change in proposal.changes if change.kind == "relocation"), None)
        if moved is None or moved.target is None:
            return
        rest, decision = [change for change in proposal.changes if change is not moved], proposal.decision
        places = find_targets(self.bundle.on(self.decision.as_of), self.decision)
        alike = [other for other in places if other.source == moved.target.source and other.key != moved.target.key]
        for target in alike[: max(4, 50 // self.weight)]:
            for change in relocate(self.profile, target, (moved.parts,), (moved.services,)):
                outcome = decide_changed(self.bundle, self.profile, [*rest, change], decision.as_of)
                if outcome is None or change.cost > moved.cost:
                    continue
                if outcome[1].decision == decision.decision and route_names(outcome[1]) == route_names(decision):
                    yield target

    def _decide_split_off(self, proposal: FoundProposal) -> Iterator[Decision]:
        services = self.profile.facts["services"]
        for name in sorted(name for change in proposal.changes if change.kind == "split" for name in change.services):
            rest = tuple(
                FactEdit(("services", index)) for index, service in enumerate(services) if service["id"] != name
            )
            alone = Change("split", (), 0, rest, frozenset(), dict.fromkeys(LANGUAGES, name))
            outcome = decide_changed(self.bundle, self.profile, [alone], proposal.decision.as_of)
            if outcome is not None:  # else the rest of the product is not a valid profile and cannot be decided
                yield outcome[1]

    def _lifts(self, decision: Decision) -> bool:
        """Return True if no denial remains and only missing facts keep the decision open."""
        return self.decision.decision == "deny" and decision.decision == "incomplete" and not decision.denials

    def _is_minimal(self, chosen: tuple[Change, ...]) -> bool:
        """Return True if every one of the changes is necessary."""
        smaller = [*combinations(chosen, len(chosen) - 1)] if len(chosen) > 1 else []
        for change in chosen:
            rest = tuple(other for other in chosen if other is not change)
            smaller += [(*rest, part) for part in self.changes if _is_part(part, change)]
        outcomes = map(self.decide, smaller)
        return not any(outcome is not None and outcome[1].decision in self.goal for outcome in outcomes)

    def _extend(self, chosen: tuple[Change, ...], profile: Profile, decision: Decision) -> None:
        """Push the next combinations: one more change each, of those that affect an obstacle."""
        obstacles = find_obstacles(profile, decision, "needs-license" not in self.goal)
        for change in self.changes:
            key = frozenset(map(id, (*chosen, change)))
            if len(key) == len(chosen) or key in self._seen or any(change.conflicts_with(other) for other in chosen):
                continue
            if any(_affects(change, obstacle) for obstacle in obstacles):
                self._seen.add(key)
                grown = tuple(sorted((*chosen, change), key=lambda change: (change.cost, change.kind, change.order)))
                cost = sum(part.cost for part in grown)
                heapq.heappush(self._queue, (cost, len(grown), next(self._order), grown))


def _extends_any(chosen: tuple[Change, ...], proposals: Iterable[FoundProposal]) -> bool:
    """Return True if changes contain all changes of one of the proposals."""
    return any(set(proposal.changes) <= set(chosen) for proposal in proposals)


def _is_part(part: Change, change: Change) -> bool:
    """Return True if a relocation is part of another relocation to the same place."""
    if part.target is None or part.target != change.target or part is change:
        return False
    return set(part.parts) < set(change.parts) and part.services <= change.services


def _affects(change: Change, obstacle: Obstacle) -> bool:
    """Return True if a change affects a fact of the obstacle."""
    if change.services and obstacle.service is not None and obstacle.service not in change.services:
        return False
    if "*" in change.touches:
        return obstacle.service in change.services
    return bool(change.touches & obstacle.names) or "services" in obstacle.names


def route_names(decision: Decision) -> frozenset[str]:
    """Return the names of the routes to the licenses of a decision."""
    return frozenset(offer.route for finding in decision.needs for offer in finding.any_of)


def drop_redundant(profile: Profile, proposals: Iterable[FoundProposal]) -> list[FoundProposal]:
    """Return the cheapest proposal of each signature, without mere extensions of others."""
    kept: list[FoundProposal] = []
    for proposal in sorted(proposals, key=_order):
        if not any(_is_redundant(profile, other, proposal) for other in kept):
            kept.append(proposal)
    return kept


def _order(proposal: FoundProposal) -> tuple[bool, int, int, int, tuple[tuple[str, tuple[object, ...]], ...]]:
    """Return the sort key: a wait of over a year last; then cost, then places named by the open route first."""
    opened = {state.rule.policy for state in proposal.decision.routes if state.state == "open"}
    strange = sum(
        change.target is not None and change.target.source.partition("/")[0] not in opened
        for change in proposal.changes
    )
    moved = tuple((change.kind, change.order) for change in proposal.changes)
    return (proposal.waits_long, proposal.cost, len(proposal.changes), strange, moved)


def _is_redundant(profile: Profile, other: FoundProposal, proposal: FoundProposal) -> bool:
    """Return True if a proposal is a variation or an extension of a cheaper one."""
    changed, less = (set(map(repr, list_differences(profile, side.changes))) for side in (proposal, other))
    if less and changed >= less:
        return True
    mine, theirs = _signature(proposal), _signature(other)
    return theirs < mine or (theirs == mine and route_names(proposal.decision) <= route_names(other.decision))


def _signature(proposal: FoundProposal) -> frozenset[tuple[object, ...]]:
    """Return the kinds of the changes, with their subject for removals and splits."""
    return frozenset(
        (change.kind, *(change.order if change.kind.startswith(("drop", "split")) else ()))
        for change in proposal.changes
    )


# --- postponement: the first later day on which the known law reaches the goal


def postpone_launch(
    bundle: Bundle, profile: Profile, decision: Decision, goal: Iterable[str], days: int
) -> Iterator[tuple[Change, Profile, Decision]]:
    """Yield the change of the launch to the first such day, the profile and the decision, if any."""
    mutability = mutable_facts(bundle.schemas)["product", "launch"]
    for day in _days_of_change(bundle, decision)[:days]:
        # a launch planned for even later is not moved: only the day of the law moves
        edits = () if day <= (profile.launch or "") else (FactEdit(("product", "launch"), day),)
        phrase = both(FRAMES, "detail", text=mutability.phrase, detail={"en": f"on {day}", "zh": day})
        change = Change("launch", (day,), mutability.cost, edits, frozenset(), phrase)
        outcome = decide_changed(bundle, profile, [change], day)
        if outcome is not None and outcome[1].decision in goal:
            yield change, *outcome
            return


def _days_of_change(bundle: Bundle, decision: Decision) -> list[str]:
    """Return the later days on which a rule behind an obstacle or a route begins or ends, or its parameter changes.

    Every route counts, since one that opens nothing yet may not match on the day of the decision.
    """
    rules: dict[Rule, None] = {finding.rule: None for finding in (*decision.denials, *decision.needs)}
    routes = [rule for policy in bundle.policies.values() for rule in policy.rules if isinstance(rule.effect, Route)]
    keys = {key for rule in (*rules, *routes) for key in rule.parameters}
    days = {rule.until for rule in rules}
    for policy in bundle.policies.values():
        for parameter in policy.parameters.values():
            if parameter.key in keys:
                days |= {value.since for value in parameter.values}
        days |= {rule.until for rule in policy.rules if isinstance(rule.effect, Deny | Need)}
    days |= {rule.since for rule in routes}
    return sorted(day for day in days if decision.as_of < day < "9999")
