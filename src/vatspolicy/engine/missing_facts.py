"""Inquiry: which missing facts keep rules undecided, where they belong in the profile, and which to ask first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from vatspolicy.cel.interpreter import UnknownAttribute, look_up
from vatspolicy.documents import Path
from vatspolicy.engine.decision import Finding, MissingFact
from vatspolicy.engine.licensing import is_valid
from vatspolicy.policies.model import Expression, Route, Rule
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile

if TYPE_CHECKING:
    from typing import Any, TypeAlias

Env: TypeAlias = "Mapping[str, Any]"


def missing_facts_of(
    law: RuleSet, profile: Profile, env: Env, rule: Rule, *expressions: Expression
) -> tuple[MissingFact, ...]:
    """The facts that keep expressions of a rule undecided."""
    paths: dict[Path, None] = {}
    for expression in expressions:
        for fact in law.missing_facts_in(expression, env):
            paths |= dict.fromkeys(_paths(law, profile, env, fact))
    return tuple(MissingFact(path, (rule.name,)) for path in paths)


def missing_facts_of_access(
    law: RuleSet, profile: Profile, finding: Finding, target: Rule | str
) -> tuple[MissingFact, ...]:
    """The facts that keep a route, or the holding of an instrument, undecided."""
    env = finding.env
    if isinstance(target, str):
        return tuple(
            MissingFact(path, (finding.rule.name,)) for path in dict.fromkeys(_holding(law, profile, env, (target,)))
        )
    effect = target.effect
    assert isinstance(effect, Route)
    checks = [target.when, *(condition.check for condition in effect.conditions)]
    asks = list(missing_facts_of(law, profile, env, target, *checks))
    if effect.max_foreign_percent is not None and look_up(env, "operator", ("foreign_percent",)) is None:
        asks += [
            MissingFact(path, (target.name,))
            for path in _paths(law, profile, env, UnknownAttribute("operator", ("foreign_percent",)))
        ]
    asks += [MissingFact(path, (target.name,)) for path in _holding(law, profile, env, (effect.instrument,))]
    return tuple(dict.fromkeys(asks))


def missing_offers(index: int | None) -> tuple[MissingFact, ...]:
    """What to ask of a service that no rule classifies, or of a product without services."""
    return (MissingFact(("services",) if index is None else ("services", index, "offers"), ()),)


def rank_missing_facts(
    open_questions: Iterable[tuple[int, tuple[MissingFact, ...]]], low: int
) -> tuple[MissingFact, ...]:
    """Facts that could still change the word, the most decisive first.

    A fact counts for how strict the decision could become over it, then for how many undecided rules read it. Questions
    that cannot lift the word above what is proven are left out.
    """
    strictest: dict[Path, int] = {}
    rules: dict[Path, dict[str, None]] = {}
    for high, asks in open_questions:
        if high <= low:
            continue
        for ask in asks:
            strictest[ask.path] = max(strictest.get(ask.path, 0), high)
            rules.setdefault(ask.path, {}).update(dict.fromkeys(ask.rules))
    order = {path: position for position, path in enumerate(strictest)}
    paths = sorted(strictest, key=lambda path: (-strictest[path], -len(rules[path]), order[path]))
    return tuple(MissingFact(path, tuple(rules[path])) for path in paths)


def _paths(law: RuleSet, profile: Profile, env: Env, fact: UnknownAttribute) -> Iterator[Path]:
    """Where a missing fact belongs in the profile."""
    if fact.root == "operator" and env.get("operator") is None:
        service = env["service"]
        names = fact.names if "operated_by" in service else None
        path = profile.path_of(service, ("operated_by",))
        yield ("partner", *names) if names is not None else path or ("services",)
    elif fact.root == "activity":
        yield from _holding(law, profile, env, law.access)
    else:
        owner = fact.member if fact.member is not None else env.get(fact.root)
        path = profile.path_of(owner, fact.names) if owner is not None else (fact.root, *fact.names)
        if path is not None:
            yield _known_prefix(path)


def _known_prefix(path: Path) -> Path:
    """Derived facts are asked for by the place they come from."""
    return path[:-1] if path and path[-1] in ("within", "province") else path


def _holding(law: RuleSet, profile: Profile, env: Env, instruments: Iterable[str]) -> Iterator[Path]:
    """Facts that keep it undecided whether the operator holds one of the instruments."""
    operator = env.get("operator")
    if operator is None:
        yield from _paths(law, profile, env, UnknownAttribute("operator", ("licences",)))
        return
    for licence in operator["licences"]:
        if licence["instrument"] not in instruments:
            continue
        if is_valid(law.instruments[licence["instrument"]], licence, env["as_of"]) is None:
            yield from _paths(
                law, profile, {**env, "licence": licence}, UnknownAttribute("licence", ("valid_until",), licence)
            )
        covers = law.instruments[licence["instrument"]].covers
        if covers is not None:
            bound = {**env, "licence": licence}
            for fact in law.missing_facts_in(covers, bound):
                yield from _paths(law, profile, bound, fact)
