"""The decision and what it is made of."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vatspolicy.documents import Path
from vatspolicy.policies.model import Condition, Deny, Duty, Need, Route, Rule

if TYPE_CHECKING:
    from typing import Any

    from vatspolicy.policies.ruleset import MatchedRules, RuleSet

WORDS = ("allow", "needs-license", "deny")
"""Decision words from the mildest to the strictest; `incomplete` stands for a range of them."""


@dataclass(frozen=True)
class Subject:
    """What a finding is about: the product, one service, or one activity (a service seen as one class)."""

    service: str | None = None
    cls: str | None = None

    def __str__(self) -> str:
        return "/".join(part for part in (self.service, self.cls) if part)


@dataclass(frozen=True)
class MissingFact:
    """A fact to ask for: where it belongs in the profile, and what undecided rules it would help to decide."""

    path: Path
    rules: tuple[str, ...]
    """Names of the undecided rules that read it."""


@dataclass(frozen=True)
class LicenseOption:
    """A licence that an open route leads to."""

    instrument: str
    cls: str
    route: str
    authority: tuple[str, ...]


@dataclass(slots=True)
class RouteResult:
    """What became of one route for one activity. Not frozen, for the reason that a finding is not."""

    rule: Rule
    state: str
    """open, closed or unknown."""
    held: bool | None
    """Whether the operator holds the route's instrument for this activity and day."""
    failing: tuple[Condition, ...]
    """Conditions that are false."""
    share_too_high: bool
    env: Mapping[str, Any] = field(repr=False, compare=False)
    law: RuleSet = field(repr=False, compare=False)

    @property
    def authority(self) -> tuple[str, ...]:
        """Who is in charge of the route's instrument."""
        effect = self.rule.effect
        return self.law.authorities(effect.instrument, self.env) if isinstance(effect, Route) else ()

    @property
    def distance(self) -> tuple[int, int]:
        """How far the route is from being open: failing conditions about places, then whatever fails."""
        places = sum([condition.where for condition in self.failing])
        return (places, len(self.failing) + self.share_too_high)


def rank_routes(states: Iterable[RouteResult]) -> tuple[RouteResult, ...]:
    """Open routes, then those that may be open, then closed ones, the closest first."""
    order = ("open", "unknown", "closed")
    return tuple(sorted(states, key=lambda state: (order.index(state.state), state.distance)))


def nearest_routes(states: Iterable[RouteResult]) -> tuple[RouteResult, ...]:
    """The closed routes that fail least: those whose places fit first, then those with the fewest failures."""
    states = tuple(states)
    nearest = min([state.distance for state in states], default=(0, 0))
    return tuple([state for state in states if state.distance == nearest])


Asking = tuple[MissingFact, ...] | Callable[[], tuple[MissingFact, ...]]
"""Facts to ask for, or what finds them out: half of the time of a decision, and few of them are looked at."""


def settle(asking: Asking) -> tuple[MissingFact, ...]:
    """The facts to ask for."""
    return asking if isinstance(asking, tuple) else asking()


@dataclass(slots=True, eq=False)
class EvaluationContext:
    """What rules are asked about: the variables of a subject, under a law."""

    law: RuleSet = field(repr=False)
    env: Mapping[str, Any] = field(repr=False)
    filed: Mapping[str, str] = field(repr=False)
    """The last day, up to the day decided, on which each instrument was filed."""
    certain: bool = True
    """False when the subject itself is only possible: its class is not settled."""

    @property
    def subject(self) -> Subject:
        """The subject that the variables are of."""
        service, activity = self.env.get("service"), self.env.get("activity")
        return Subject(service and service["id"], activity and activity["class"])


@dataclass(slots=True, eq=False)
class Finding:
    """What one rule said about one matter.

    Nothing is changed in it once the decision is made, but that `asks` are found out when they are first looked at. It
    is not frozen, since a decision makes a hundred of them, and a frozen one takes six times as long to make.
    """

    rule: Rule
    matter: EvaluationContext
    state: str
    """fires, unknown, met, unmet, closed (a need without a route) or done (a duty that has been answered)."""
    asking: Asking = field(default=(), repr=False)
    """The `asks`, or what finds them out."""
    routes: tuple[RouteResult, ...] = ()

    @property
    def subject(self) -> Subject:
        """What it is about."""
        return self.matter.subject

    @property
    def env(self) -> Mapping[str, Any]:
        """The variables of the subject."""
        return self.matter.env

    @property
    def certain(self) -> bool:
        """False when the subject itself is only possible: its class is not settled."""
        return self.matter.certain

    @property
    def asks(self) -> tuple[MissingFact, ...]:
        """Facts that keep the finding unknown."""
        self.asking = settle(self.asking)
        return self.asking

    @property
    def reasons(self) -> tuple[str, ...]:
        """Reason codes of a denial: the rule's own, or those of the closest closed routes."""
        effect = self.rule.effect
        if isinstance(effect, Deny):
            return (effect.reason,)
        if self.state != "closed":
            return ()
        codes: dict[str, None] = {}
        for state in nearest_routes(self.routes):
            codes |= {condition.reason or "SECTOR-NOT-OPEN": None for condition in state.failing}
            if state.share_too_high:
                codes["SHARE-ABOVE-CAP"] = None
        return tuple(codes) or ("SECTOR-NOT-OPEN",)

    @property
    def any_of(self) -> tuple[LicenseOption, ...]:
        """The licences that open routes lead to, where one is needed and none is held."""
        cls = self.subject.cls
        if self.state != "unmet" or cls is None:
            return ()
        return tuple(
            LicenseOption(state.rule.effect.instrument, cls, state.rule.effect.name, state.authority)
            for state in self.routes
            if state.state == "open" and isinstance(state.rule.effect, Route)
        )

    @property
    def authority(self) -> tuple[str, ...]:
        """Who is in charge of the instrument that the rule asks for, if it asks for one."""
        effect = self.rule.effect
        instrument = effect.instrument if isinstance(effect, Need | Duty) else None
        return () if instrument is None else self.matter.law.authorities(instrument, self.env)

    @property
    def done_on(self) -> str | None:
        """The day on which a duty was answered."""
        effect = self.rule.effect
        return self.matter.filed[effect.instrument] if self.state == "done" and isinstance(effect, Duty) else None

    def __eq__(self, other: object) -> bool:
        return self._said() == other._said() if isinstance(other, Finding) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def _said(self) -> tuple[Any, ...]:
        """All but the variables, which are the profile's."""
        said = (self.rule, self.subject, self.state, self.certain, self.authority, self.routes, self.any_of)
        return (*said, self.asks, self.reasons, self.done_on)


class Findings(Sequence[Finding]):
    """Findings that are known by their rule: denials, duties and advice, most of a decision's. Which rules speak is
    known, and each finding is made when the findings are first looked at.
    """

    __slots__ = ("_effect", "_found", "_more", "_spoken")

    def __init__(
        self, spoken: Iterable[tuple[EvaluationContext, MatchedRules]], effect: int, more: Iterable[Finding] = ()
    ) -> None:
        """Rules that speak of matters; the place of an effect among those asked for; findings that come after them.

        Those that only may hold are left out: they are undetermined.
        """
        self._spoken, self._effect, self._more = spoken, effect, more
        self._found: tuple[Finding, ...] | None = None

    @property
    def found(self) -> tuple[Finding, ...]:
        """The findings."""
        if self._found is None:
            found: list[Finding] = []
            for matter, spoken in self._spoken:
                rules = spoken.match(self._effect)
                done = done_among(rules, matter) if matter.filed else ()
                lacking = spoken.undecided(self._effect) if spoken.unknown else ()
                if lacking:
                    rules = [rule for rule in rules if rule in done or rule not in lacking]
                if done:
                    found += [Finding(rule, matter, "done" if rule in done else "fires") for rule in rules]
                else:
                    found += [Finding(rule, matter, "fires") for rule in rules]
            self._found = (*found, *self._more)
        return self._found

    def __len__(self) -> int:
        return len(self.found)

    def __getitem__(self, place: Any) -> Any:
        return self.found[place]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.found)

    def __eq__(self, other: object) -> bool:
        return self.found == (other.found if isinstance(other, Findings) else other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return repr(self.found)


def done_among(rules: Iterable[Rule], matter: EvaluationContext) -> list[Rule]:
    """Those rules that are duties and have been answered."""
    filed = matter.filed
    return [rule for rule in rules if isinstance(rule.effect, Duty) and rule.effect.instrument in filed]


@dataclass(frozen=True)
class Interpretation:
    """Another reading of a contested rule under which the decision differs."""

    rule: Rule
    subject: Subject
    reading: str
    """The class it reads the service as, `none`, or `closed` for a route that is not admitted."""
    decision: str


@dataclass(frozen=True)
class Activity:
    """One service seen as one class, with the routes by which it may be offered."""

    cls: str
    outcome: str
    """allow, needs-license, deny or incomplete: what licensing law alone says of it."""
    routes: tuple[RouteResult, ...]


@dataclass(frozen=True)
class Service:
    """One service of the product."""

    id: str
    state: str
    """classified, not-telecom, partly-classified or unclassified."""
    classified_by: tuple[Finding, ...]
    activities: tuple[Activity, ...]


@dataclass(frozen=True)
class Decision:
    """The answer for one profile on one day."""

    decision: str
    """allow, needs-license, deny or incomplete."""
    range: tuple[str, str]
    """The mildest and the strictest decision that the missing facts leave open; equal words once decided."""
    product: str
    as_of: str
    bundle_version: str
    bundle_digest: str
    services: tuple[Service, ...]
    denials: Sequence[Finding]
    needs: tuple[Finding, ...]
    """Unmet needs, when the decision is needs-license."""
    would_need: tuple[Finding, ...]
    """Unmet needs, when something else stands in the way."""
    met: tuple[Finding, ...]
    duties: Sequence[Finding]
    advice: Sequence[Finding]
    undetermined: tuple[Finding, ...]
    """Rules that a missing fact leaves undecided."""
    missing: tuple[MissingFact, ...]
    """Facts that could still change the decision word, the most decisive first; empty once decided."""
    readings: tuple[Interpretation, ...]
    resting: Callable[[], str | None] = field(repr=False, compare=False)
    """Finds out the `verification`, which few look at."""

    @functools.cached_property
    def verification(self) -> str | None:
        """The weakest verification among the articles that the decision rests on; None when it rests on none."""
        return self.resting()

    @property
    def outstanding(self) -> tuple[Finding, ...]:
        """Duties before the launch that are not done, those that are undetermined included."""
        found = [f for f in self.duties if f.state != "done"]
        found += [f for f in self.undetermined if f.rule.kind == "duty"]
        return tuple(f for f in found if getattr(f.rule.effect, "due", {}).get("before") == "launch")
