"""Missing facts that keep rules undecided, their places in the profile, and the order to ask for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.cel.activation import Activation
from vatspolicy.cel.interpreter import UnknownAttribute
from vatspolicy.documents import Path
from vatspolicy.engine.decision import MissingFact, Outcome, RouteResult
from vatspolicy.engine.licensing import is_valid
from vatspolicy.engine.opinions import OPINION
from vatspolicy.policies.model import Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.edits import get_fact
from vatspolicy.profile.operators import BASIS, SHARE, Operator
from vatspolicy.profile.profile import Profile


class MissingFacts:
    """Missing facts of one profile under one rule set."""

    def __init__(self, ruleset: RuleSet, profile: Profile) -> None:
        self.ruleset, self.profile = ruleset, profile

    def of_rule(self, rule: Rule, activation: Activation, facts: Iterable[UnknownAttribute]) -> tuple[MissingFact, ...]:
        """Return the facts that keep the condition of a rule undecided, as facts of the profile."""
        return tuple(MissingFact(path, (rule.name,)) for path in self.paths(activation, facts))

    def paths(self, activation: Activation, facts: Iterable[UnknownAttribute]) -> tuple[Path, ...]:
        """Return the places of missing facts in the profile, each once."""
        return tuple(dict.fromkeys(path for fact in facts for path in self._paths(activation, fact)))

    def of_route(self, state: RouteResult, activation: Activation) -> tuple[MissingFact, ...]:
        """Return what keeps a route undecided: facts of its condition, requirements and instrument, and opinions."""
        rule, route = state.rule, state.rule.effect
        assert isinstance(route, Route)
        expressions = (rule.when, *(condition.check for condition in route.requirements))
        facts = (fact for one in expressions for fact in self.ruleset.missing_facts(one, activation))
        found = self.of_rule(rule, activation, facts)
        opinions = [MissingFact((OPINION.root,), (about,)) for about in state.unread]
        return tuple(dict.fromkeys((*found, *self.of_instrument(rule, activation, route.instrument), *opinions)))

    def of_instrument(
        self, rule: Rule, activation: Activation, instrument: str, holder: str = "operator"
    ) -> tuple[MissingFact, ...]:
        """Return the facts that keep it undecided whether a holder has an instrument that a rule asks for."""
        paths = dict.fromkeys(self._holding(activation, (instrument,), holder))
        return tuple(MissingFact(path, (rule.name,)) for path in paths)

    def _paths(self, activation: Activation, fact: UnknownAttribute) -> Iterator[Path]:
        """Yield the places of a missing fact in the profile."""
        if fact.root == "operator" and activation.get("operator") is None:
            service = activation.get("service")
            if service is None:  # the product itself is operated by the company
                yield self._written_path(("company", *fact.names))
                return
            names = fact.names if "operated_by" in service else None
            path = self.profile.path_of(service, ("operated_by",))
            yield self._written_path(("partner", *names)) if names is not None else path or ("services",)
        elif fact is OPINION:
            yield (fact.root,)
        elif fact.root == "activity":
            if "activity" in activation:  # of an activity, only whether it is licensed can be unknown
                yield from self._holding(activation, self.ruleset.access)
        else:
            owner = fact.member if fact.member is not None else activation.get(fact.root)
            if isinstance(owner, Operator) and fact.names == (SHARE,):
                yield from map(self._written_path, owner.missing_shares())
                return
            path = self.profile.path_of(owner, fact.names) if owner is not None else (fact.root, *fact.names)
            if path is not None:
                yield self._written_path(path)

    def _written_path(self, path: Path) -> Path:
        """Return the path of the fact to state for one: the place that it is derived from, or whose zone it is.

        Of a place that is stated, the part in which it lies, or the zone itself; of a share that is stated, its basis.
        """
        if path[-1:] == (SHARE,):
            stated = get_fact(self.profile.document.data, path[:-1]) or {}
            return (*path[:-1], BASIS) if stated.get(SHARE) is not None and stated.get(BASIS) is None else path
        if not path or path[-1] not in ("within", "province", "ftz"):
            return path
        if get_fact(self.profile.document.data, path[:-1]) is None:
            return path[:-1]
        return path if path[-1] == "ftz" else (*path[:-1], "at")

    def _holding(self, activation: Activation, instruments: Iterable[str], holder: str = "operator") -> Iterator[Path]:
        """Yield the facts that keep it undecided whether a holder has one of the instruments."""
        entity = activation.get(holder)
        if entity is None:
            yield from self._paths(activation, UnknownAttribute(holder, ("licenses",)))
            return
        if "licenses" not in entity:
            yield from self._paths(activation, UnknownAttribute(holder, ("licenses",)))
        for license in entity.get("licenses", ()):
            if license["instrument"] not in instruments:
                continue
            instrument, inner = self.ruleset.instruments[license["instrument"]], {**activation, "license": license}
            if is_valid(instrument, license, activation["as_of"]) is None:
                yield from self._paths(inner, UnknownAttribute("license", ("valid_until",), license))
            if instrument.covers is not None:
                for fact in self.ruleset.missing_facts(instrument.covers, inner):
                    yield from self._paths(inner, fact)


def missing_offers(index: int | None) -> tuple[MissingFact, ...]:
    """Return the fact to ask for if no rule classifies a service, or a product has none (index None)."""
    return (MissingFact(("services",) if index is None else ("services", index, "offers"), ()),)


def rank_missing_facts(
    questions: Iterable[tuple[Outcome, tuple[MissingFact, ...]]], low: Outcome
) -> tuple[MissingFact, ...]:
    """Return the facts that could still make the decision stricter than `low`, the most decisive first.

    A question is the strictest outcome that its facts can bring about, and those facts. A fact ranks by that outcome,
    then by the number of undecided rules that read it.
    """
    strictest: dict[Path, Outcome] = {}
    rules: dict[Path, dict[str, None]] = {}
    for high, facts in questions:
        if high <= low:
            continue
        for fact in facts:
            strictest[fact.path] = max(strictest.get(fact.path, Outcome.ALLOW), high)
            rules.setdefault(fact.path, {}).update(dict.fromkeys(fact.rules))
    paths = sorted(strictest, key=lambda path: (-strictest[path], -len(rules[path])))
    return tuple(MissingFact(path, tuple(rules[path])) for path in paths)
