"""The second pass of a decision: the missing facts of the findings, their places in the profile, and their order.

This module does not change the decision.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import TypeAlias

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.interpreter import UnknownAttribute
from vatspolicy.core.documents import Path
from vatspolicy.core.engine.decision import Finding, MissingFact, Outcome, RouteResult, Subject
from vatspolicy.core.engine.licensing import answer_need, holds_needed, is_valid
from vatspolicy.core.engine.opinions import OPINION
from vatspolicy.core.engine.parts import Question
from vatspolicy.core.engine.subjects import Activations
from vatspolicy.core.policies.model import KINDS, Expression, Need, Rule
from vatspolicy.core.policies.ruleset import Match, RuleSet
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.operators import BASIS, SHARE, Operator
from vatspolicy.core.profile.profile import Profile

MatchesBySubject: TypeAlias = "dict[Subject, Sequence[Match]]"
"""The rules that match each subject, with the missing facts of those that are undecided."""


class MissingFacts:
    """Missing facts of one profile under one rule set, for existing findings."""

    def __init__(
        self, ruleset: RuleSet, profile: Profile, activations: Activations, matches: MatchesBySubject | None = None
    ) -> None:
        """Take the matches that are known from the first pass."""
        self._ruleset, self._profile, self._activations, self._matches = ruleset, profile, activations, matches or {}
        self._facts: dict[Subject, dict[int, tuple[UnknownAttribute, ...]]] = {}
        """Missing facts of undecided rules, by the subject and the identity of the rule."""
        self._named: dict[int, tuple[Finding, tuple[MissingFact, ...]]] = {}
        """Facts by the identity of the finding that needs them."""
        self._places: dict[tuple[int, int], tuple[tuple[UnknownAttribute, ...], tuple[Path, ...]]] = {}
        """Places by the identity of an activation and of its missing facts, which many rules share."""
        self._all: dict[tuple[int, Expression], dict[Path, None]] = {}
        """Places of all missing facts of an expression, by the identity of an activation and the expression."""
        self._of_fact: dict[tuple[int, str, tuple[str, ...], int], dict[Path, None]] = {}
        """Places of one missing fact, by the identity of an activation, its names and the identity of its owner."""

    def name(self, findings: Iterable[Finding], kinds: Container[str] = KINDS) -> tuple[Finding, ...]:
        """Return findings; findings on rules of these kinds include the facts that they need."""
        return tuple([self._name(finding) if finding.rule.kind in kinds else finding for finding in findings])

    def of(self, finding: Finding) -> tuple[MissingFact, ...]:
        """Return the facts that a finding needs: the facts of its rule, and those that leave its need undecided."""
        named = self._named.get(id(finding))
        if named is None:
            named = self._named[id(finding)] = (finding, tuple(self._ask(finding)))
        return named[1]

    def rank(self, questions: Iterable[Question], low: Outcome) -> tuple[MissingFact, ...]:
        """Return the facts to ask for next that could still make the decision stricter than `low`.

        The most decisive stand first: by the strictest outcome that a fact can bring about, then by the number of
        undecided rules that read it.
        """
        return _ranked(questions, low, lambda about: self.of(about) if isinstance(about, Finding) else (about,))

    def rank_all(
        self, questions: Sequence[Question], possible: Iterable[Question], low: Outcome
    ) -> tuple[MissingFact, ...]:
        """Return the facts of `rank`, followed by all others that could still change the outcome.

        Others stand behind a missing fact in a rule, or belong to a class that is only `possible`.
        """
        first = self.rank(questions, low)
        asked = {fact.path for fact in first}
        return (*first, *_ranked((*questions, *possible), low, self._of_all, asked))

    def _of_all(self, about: Finding | MissingFact) -> Iterable[MissingFact]:
        """Return every missing fact that may decide a finding."""
        if isinstance(about, MissingFact):
            return (about,)
        rule, activation = about.rule, self._activations.of(about.subject)
        if "offers" not in activation.get("service", {"offers": ()}):  # further facts depend on its offers
            return ()
        expressions = [rule.when]
        paths: dict[Path, None] = {fact.path: None for fact in self.of(about)}
        for state in about.routes:
            if state.state != "closed":
                expressions += (state.rule.when, *(condition.check for condition in state.rule.requirements))
                paths |= dict.fromkeys(self._holding(activation, (state.rule.route.instrument,)))
        instrument = rule.effect.instrument if isinstance(rule.effect, Need) else None
        if instrument is not None and holds_needed(self._ruleset, activation, rule) is None:
            paths |= dict.fromkeys(self._holding(activation, (instrument,), rule.holder))
        for expression in expressions:
            paths |= self._behind(activation, expression)
        return _of(rule, paths)

    def _behind(self, activation: Activation, expression: Expression) -> dict[Path, None]:
        """Return the places of all missing facts of an expression."""
        key = (id(activation), expression)
        behind = self._all.get(key)
        if behind is None:
            behind = self._all[key] = {}
            for fact in self._ruleset.facts_behind(expression, activation):
                key_of_fact = (id(activation), fact.root, fact.names, id(fact.member))
                paths = self._of_fact.get(key_of_fact)
                if paths is None:
                    paths = self._of_fact[key_of_fact] = dict.fromkeys(self._places_behind(activation, fact))
                behind |= paths
        return behind

    def _places_behind(self, activation: Activation, fact: UnknownAttribute) -> Iterator[Path]:
        """Yield the places of a missing fact: also those of either operator, and the basis beside a share."""
        for path in (*self._paths(activation, fact), *self._of_either_operator(activation, fact)):
            yield path
            if path[-1:] == (SHARE,) and (basis := self._basis(path)):
                yield basis

    def _of_either_operator(self, activation: Activation, fact: UnknownAttribute) -> Iterator[Path]:
        """Yield the missing facts of the companies that may be the operator, while the operator is unknown."""
        if fact.root != "operator" or not fact.names or activation.get("operator") is not None:
            return
        for holder in ("company", "partner"):
            entity = self._profile.facts.get(holder)
            if entity is not None and fact.names[0] not in entity:
                yield self._written_path((holder, *fact.names))

    def _basis(self, path: Path) -> Path | None:
        """Return the basis of a share if both are missing, because the share is not enough."""
        basis = (*path[:-1], BASIS)
        return None if get_fact(self._profile.document.data, basis) else basis

    def paths(self, activation: Activation, facts: tuple[UnknownAttribute, ...]) -> tuple[Path, ...]:
        """Return the places of missing facts in the profile, each once."""
        key = (id(activation), id(facts))
        kept = self._places.get(key)
        if kept is None:
            places = tuple(dict.fromkeys([path for fact in facts for path in self._paths(activation, fact)]))
            kept = self._places[key] = (facts, places)
        return kept[1]

    def _name(self, finding: Finding) -> Finding:
        missing = self.of(finding)
        if not missing:
            return finding
        state = finding.state
        if state == "unknown" and all(fact.path == (OPINION.root,) for fact in missing):
            state = "unread"
        return Finding(finding.rule, finding.subject, state, finding.holds, missing, finding.routes, finding.authority)

    def _ask(self, finding: Finding) -> list[MissingFact]:
        rule, activation = finding.rule, self._activations.of(finding.subject)
        facts: tuple[UnknownAttribute, ...] = ()
        if not finding.holds:  # its condition holds, but it cites only unread law
            known = self._known(finding.subject).get(id(rule))
            facts = known or self._ruleset.missing_facts(rule.when, activation) or (OPINION,)
        names = (rule.name,)
        asked = [MissingFact(path, names) for path in self.paths(activation, facts)]
        need = rule.effect
        if not isinstance(need, Need) or finding.state not in ("unknown", "unmet"):
            return asked
        if finding.state == "unmet":  # which license it is depends on which of two routes is open
            split = [route.rule.when for route in finding.routes if route.by_case]
            facts = tuple([fact for when in split for fact in self._ruleset.missing_facts(when, activation)])
            return _of(rule, self.paths(activation, facts))
        if need.instrument is None:
            low, high, _ = answer_need(need, finding.holds, None, finding.routes)
            usable = [route for route in finding.routes if route.state != "closed"] if low != high else ()
            asked += [fact for route in usable for fact in self._of_route(route, activation)]
        elif OPINION in facts or not asked:
            held = holds_needed(self._ruleset, activation, rule)
            asked += _of(rule, self._holding(activation, (need.instrument,), rule.holder) if held is None else ())
        return asked

    def _known(self, subject: Subject) -> dict[int, tuple[UnknownAttribute, ...]]:
        """Return the missing facts of the rules about a subject, as the first pass found them."""
        known = self._facts.get(subject)
        if known is None:
            matches = self._matches.get(subject, ())
            known = self._facts[subject] = {id(rule): facts for rule, _, facts in matches if facts}
        return known

    def _of_route(self, state: RouteResult, activation: Activation) -> Iterable[MissingFact]:
        """Return the missing facts and opinions of a route: for its condition, requirements and instrument."""
        rule, route = state.rule, state.rule.route
        expressions = (rule.when, *(condition.check for condition in route.requirements))
        facts = tuple(
            [fact for expression in expressions for fact in self._ruleset.missing_facts(expression, activation)]
        )
        opinions = [MissingFact((OPINION.root,), (about,)) for about in state.unread]
        holding = self._holding(activation, (route.instrument,))
        return dict.fromkeys((*_of(rule, self.paths(activation, facts)), *_of(rule, holding), *opinions))

    def _paths(self, activation: Activation, fact: UnknownAttribute) -> Iterable[Path]:
        """Return the places of a missing fact in the profile."""
        if fact.root == "operator" and activation.get("operator") is None:
            return self._of_unknown_operator(activation, fact)
        if fact is OPINION:
            return ((fact.root,),)
        if fact.root == "activity":  # of an activity, only whether it is licensed can be unknown
            return self._holding(activation, self._ruleset.access) if "activity" in activation else ()
        owner = fact.member if fact.member is not None else activation.get(fact.root)
        if isinstance(owner, Operator) and fact.names == (SHARE,):
            return map(self._written_path, owner.missing_shares())
        path = self._profile.path_of(owner, fact.names) if owner is not None else (fact.root, *fact.names)
        return () if path is None else (self._written_path(path),)

    def _of_unknown_operator(self, activation: Activation, fact: UnknownAttribute) -> Iterable[Path]:
        """Return the place of a fact about an operator that the spec does not describe, or of its identity."""
        service = activation.get("service")
        if service is None:  # the product itself is operated by the company
            return (self._written_path(("company", *fact.names)),)
        if "operated_by" in service:
            return (self._written_path(("partner", *fact.names)),)
        return (self._profile.path_of(service, ("operated_by",)) or ("services",),)

    def _written_path(self, path: Path) -> Path:
        """Return the path of the fact to state: the place from which a fact is derived, or the place of a zone.

        Of a place that is stated, the part in which it lies, or the zone itself; of a share that is stated, its basis.
        """
        if path[-1:] == (SHARE,):
            stated = get_fact(self._profile.document.data, path[:-1]) or {}
            return (*path[:-1], BASIS) if stated.get(SHARE) is not None and stated.get(BASIS) is None else path
        if not path or path[-1] not in ("within", "province", "ftz"):
            return path
        if get_fact(self._profile.document.data, path[:-1]) is None:
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
            instrument, inner = self._ruleset.instruments[license["instrument"]], {**activation, "license": license}
            if is_valid(instrument, license, activation["as_of"]) is None:
                yield from self._paths(inner, UnknownAttribute("license", ("valid_until",), license))
            if instrument.covers is not None:
                for fact in self._ruleset.missing_facts(instrument.covers, inner):
                    yield from self._paths(inner, fact)


def missing_offers(index: int | None) -> MissingFact:
    """Return the fact to ask for if no rule classifies a service, or a product has none (index None)."""
    return MissingFact(("services",) if index is None else ("services", index, "offers"), ())


def _ranked(
    questions: Iterable[Question],
    low: Outcome,
    facts_of: Callable[[Finding | MissingFact], Iterable[MissingFact]],
    asked: Container[Path] = (),
) -> tuple[MissingFact, ...]:
    """Return the facts at other places than those `asked`."""
    strictest: dict[Path, Outcome] = {}
    rules: dict[Path, dict[str, None]] = {}
    for high, about in questions:
        if high <= low:
            continue
        for path, names in facts_of(about):
            if path in asked:
                continue
            known = rules.get(path)
            if known is None:
                strictest[path], rules[path] = high, dict.fromkeys(names)
                continue
            for name in names:
                known[name] = None
            if high > strictest[path]:
                strictest[path] = high
    paths = sorted(strictest, key=lambda path: (-strictest[path], -len(rules[path])))
    return tuple([MissingFact(path, tuple(rules[path])) for path in paths])


def _of(rule: Rule, paths: Iterable[Path]) -> list[MissingFact]:
    """Return the facts at these places, without duplicates, as the facts that a rule needs."""
    return [MissingFact(path, (rule.name,)) for path in dict.fromkeys(paths)]
