"""Profiles near an existing test on which law and mutant differ: one fact changed, or another day.

They stand in for the solver where it is not installed or reaches a limit.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping

from vatspolicy.authoring.granted_profiles import read_granted
from vatspolicy.authoring.mutation.distinction import Distinction
from vatspolicy.authoring.mutation.mutants import Mutant, located_expressions, shift_day
from vatspolicy.authoring.mutation.ruleset import mutated_params, mutated_trees
from vatspolicy.authoring.mutation.run import MutationTrial
from vatspolicy.authoring.testing.cases import Case
from vatspolicy.authoring.testing.clauses import decisive_clauses
from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.ast import Fact, Literal, Node, Param, Quantifier, children, walk
from vatspolicy.core.cel.interpreter import Params
from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Fields, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import ALWAYS, NEVER, Rule, Value
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.profile import Profile, change
from vatspolicy.core.profile.vocabulary import describe, gazetteer
from vatspolicy.errors import InvalidInput

_BASES = 3
"""Most tests to start from."""
_TRIES = 50
"""Most changes that are tried on each."""
_PLACE = ("within", "province", "at", "ftz")


def find_nearby(trial: MutationTrial, mutant: Mutant) -> Iterator[Distinction]:
    """Yield profiles near the tests on which a rule has another state under the mutant."""
    for rule in sorted(mutant.rules, key=lambda rule: rule.policy != mutant.policy)[:3]:
        for case, activation in _bases(trial, mutant, rule):
            for profile, as_of in _changed(trial, mutant, rule, case, activation):
                if as_of >= trial.bundle.covers_from:
                    yield Distinction(rule, profile.document.data, as_of)


def _bases(trial: MutationTrial, mutant: Mutant, rule: Rule) -> Iterator[tuple[Case, Activation]]:
    """Yield tests of the rule's file that evaluate it, first those in which the mutated clause decides alone."""
    trees = mutated_trees(mutant)
    wanted = [e for _, e in located_expressions(rule) if e.index in trees] or [rule.when]
    found: dict[str, tuple[int, Case, Activation]] = {}
    for expression in wanted:
        targets = set(map(id, _targets(expression.tree, trees.get(expression.index, expression.tree), mutant)))
        for case, activation in trial.evaluations(expression):
            if case.policy is None or case.policy.id != rule.policy or rule.id not in case.expect["expect"]:
                continue
            params = trial.bundle.on(case.as_of).params
            clauses = (
                node for _, clause, _ in decisive_clauses(expression.tree, activation, params) for node in walk(clause)
            )
            far = 0 if any(id(node) in targets for node in clauses) else 1
            if case.name not in found or far < found[case.name][0]:
                found[case.name] = (far, case, activation)
    closest = sorted(found.values(), key=lambda entry: entry[0])
    yield from ((case, activation) for _, case, activation in closest[:_BASES])


def _targets(tree: Node, other: Node, mutant: Mutant) -> Iterator[Node]:
    """Yield the nodes of the original tree that a mutant changes, and all nodes below them."""
    if mutant.params:
        yield from (node for node in walk(tree) if isinstance(node, Param) and node.key in mutant.params)
        return
    if tree == other:
        return
    mine, theirs = children(tree), children(other)
    if type(tree) is type(other) and len(mine) == len(theirs) and mine and mine != theirs:
        for one, two in zip(mine, theirs, strict=True):
            yield from _targets(one, two, mutant)
    else:
        yield from walk(tree)


def _changed(
    trial: MutationTrial, mutant: Mutant, rule: Rule, case: Case, activation: Activation
) -> Iterator[tuple[Profile, str]]:
    """Yield the facts of a case with one fact changed, or with another day."""
    if mutant.dates:
        since, until = mutant.dates[rule.name]
        for day in sorted({since, until, rule.since, rule.until} - {NEVER, ALWAYS}):
            yield from ((case.profile, moved) for moved in (shift_day(day, -1), day))
        return
    trees = [tree for e in (x for _, x in located_expressions(rule)) if (tree := mutated_trees(mutant).get(e.index))]
    trees += [e.tree for _, e in located_expressions(rule) if e.index in mutated_trees(mutant)]
    for as_of in _days(trial.bundle, mutant, case.as_of):
        if as_of != case.as_of:
            yield case.profile, as_of
        params = trial.bundle.on(as_of).params
        known = [*_constants(trees, params), *_constants(trees, mutated_params(mutant, params, as_of))]
        known = list({json.dumps(value): value for value in known}.values())
        paths = itertools.chain.from_iterable(_paths(tree, activation, case.profile, {}) for tree in trees)
        steps = ((path, value) for path in dict.fromkeys(paths) for value in _values(path, known, case.profile))
        for path, value in itertools.islice(steps, _TRIES):
            profile = _with(case.profile, path, value)
            if profile is not None:
                yield profile, as_of


def _days(bundle: Bundle, mutant: Mutant, as_of: str) -> list[str]:
    """Return the day of a test if the mutant has other values on it, else days on which it has."""
    if not mutant.params:
        return [as_of]
    starts = {entry.since for key, entries in mutant.params.items() for entry in (*entries, *_values_of(bundle, key))}
    days = [as_of, *sorted({day for start in starts for day in (start, shift_day(start, -1))}, reverse=True)]
    covered = [day for day in days if day >= bundle.covers_from]
    laws = ((day, bundle.on(day).params) for day in covered)
    return [day for day, params in laws if mutated_params(mutant, params, day) != params][:2]


def _values_of(bundle: Bundle, key: str) -> tuple[Value, ...]:
    policy, _, name = key.partition("/")
    return bundle.policies[policy].parameters[name].values


def _with(profile: Profile, path: Path, value: Tree) -> Profile | None:
    try:
        return read_granted(change(profile.document, [(_dotted(path), value)]), profile.schemas)
    except (InvalidInput, KeyError, TypeError, ValueError):
        return None


# --- which facts, and which values


def _constants(trees: list[Node], params: Params) -> Iterator[Tree]:
    """Yield the scalars that expressions compare facts with."""
    for node in itertools.chain.from_iterable(map(walk, trees)):
        if isinstance(node, Literal):
            yield from _scalars(list(node.value) if isinstance(node.value, tuple) else node.value)
        elif isinstance(node, Param):
            yield from _scalars(params[node.key])


def _scalars(value: Tree) -> Iterator[Tree]:
    match value:
        case dict():
            yield from itertools.chain.from_iterable(map(_scalars, value.values()))
        case list():
            yield from itertools.chain.from_iterable(map(_scalars, value))
        case _:
            yield value


def _paths(node: Node, activation: Activation, profile: Profile, bound: Mapping[str, list[Path]]) -> Iterator[Path]:
    """Yield the paths of the facts that an expression reads; those of lists in place of their scalar members."""
    match node:
        case Fact(root=root, names=names):
            yield from _fact_paths(root, names, activation, profile, bound)
        case Quantifier(variable=variable, list=over, body=body):
            inner: list[Path] = []
            for path in _paths(over, activation, profile, bound):
                yield path
                members = get_fact(profile.document.data, path)
                inner += [(*path, index) for index in range(len(members))] if isinstance(members, list) else []
            yield from _paths(body, activation, profile, {**bound, variable: inner})
        case _:
            for child in children(node):
                yield from _paths(child, activation, profile, bound)


def _fact_paths(
    root: str, names: tuple[str, ...], activation: Activation, profile: Profile, bound: Mapping[str, list[Path]]
) -> Iterator[Path]:
    while names and names[-1] in _PLACE:
        names = names[:-1]
    if root in bound:
        yield from ((*path, *names) for path in bound[root] if names or isinstance(_get_schema(path), dict))
    elif root == "activity" and (service := profile.path_of(activation.get("service"), ())) is not None:
        owner = profile.path_of(activation.get("operator"), ())
        yield (*service, "offers")
        yield from [(*owner, "licenses")] if owner is not None else []
    elif root in ("service", "operator"):
        path = profile.path_of(activation.get(root), names)
        yield from [path] if path is not None else []
    elif root not in ("as_of", "activity"):
        yield (root, *names)


def _get_schema(path: Path) -> Tree:
    return "properties" in describe(path) and {}


def _values(path: Path, known: list[Tree], profile: Profile) -> Iterator[Tree]:
    """Yield values of a fact to try, first those that the expressions name."""
    node = describe(path)
    if node.get("type") == "array":
        yield from _lists(path, known, get_fact(profile.document.data, path))
    else:
        yield from _one(node, known)


def _one(node: Fields, known: list[Tree]) -> Iterator[Tree]:
    match node.get("type"):
        case "boolean":
            yield from (True, False)
        case "integer" | "number":
            numbers = [value for value in known if isinstance(value, int | float) and not isinstance(value, bool)]
            near = dict.fromkeys(n for value in numbers for n in (value, value - 1, value + 1) if n >= 0)
            yield from dict.fromkeys([*near, 0, 1])
        case "object" if "at" in node.get("properties", {}):
            yield from (value for value in known if value in gazetteer())
            zones = SchemaSet.shipped().load("places")["$defs"]["zone"]["x-enum"]
            yield from ({"at": _within_zone(value), "ftz": value} for value in known if value in zones)
            yield from ("beijing", "chengdu", "hong-kong")
        case "string" if "enum" in node:
            yield from (value for value in known if value in node["enum"])
            yield from node["enum"][:6]
        case "string" if node.get("format") == "date":
            days = [value for value in known if isinstance(value, str) and value[:4].isdigit()]
            yield from dict.fromkeys(moved for day in days for moved in (day, shift_day(day, -1), shift_day(day, 1)))


def _within_zone(zone: str) -> str:
    """Return a place that a zone may belong to."""
    word = zone.split("-")[0]
    return word if word in gazetteer() else "shanghai"


def _lists(path: Path, known: list[Tree], current: Tree) -> Iterator[list[Tree]]:
    members = list(dict.fromkeys(_one(describe((*path, 0)), known))) if _hashable(path, known) else []
    there = current if isinstance(current, list) else []
    yield from ([member] for member in members)
    yield from ([*there, member] for member in members if there and member not in there)
    yield from ([*there[:index], *there[index + 1 :]] for index in range(len(there)) if len(there) > 1)
    yield []


def _hashable(path: Path, known: list[Tree]) -> bool:
    return all(isinstance(value, str | int | float) for value in _one(describe((*path, 0)), known))


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
