"""Possible answers to a question: a few values of each fact that the open rules distinguish."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from vatspolicy.core.cel.ast import Arithmetic, Compare, Fact, Literal, Node, Param, walk
from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need, Rule
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.edits import get_fact
from vatspolicy.core.profile.vocabulary import describe, gazetteer, is_divided, parts_of

MOST = 7
"""Maximum number of answers tried for one fact; of more, an evenly spread sample."""
_YEAR = datetime.timedelta(days=366)


def possible_answers(
    bundle: Bundle, ruleset: RuleSet, data: Tree, path: Path, rules: Iterable[str], as_of: str
) -> tuple[Tree, ...]:
    """Return the values to try for a fact, in the order of the schema: at most MOST, distinct for some open rule.

    `data` are the facts stated so far, `rules` the names of the open rules that read it. Empty for a fact that is free
    text.
    """
    trees = [e.tree for name in rules for e in bundle.rule(name).expressions]
    schemas = ruleset.schemas
    node = describe(path, schemas)
    if path[-1] == "licenses":
        return ([], *([{"instrument": instrument}] for instrument in ruleset.access))
    if path[-1] == "deals":
        return tuple([{"kind": kind}] for kind in describe((*path, 0, "kind"), schemas)["enum"])
    if path[-1] == "at":
        parts = parts_of(place_code(get_fact(data, path[:-1])), schemas)
        return tuple(_spread(_distinguished(parts, _mentioned(trees, ruleset))))
    if _is_place(node):
        return tuple(_spread(_places((*path, "at"), _mentioned(trees, ruleset), schemas)))
    item = describe((*path, 0), schemas) if node.get("type") == "array" else {}
    if item and _is_place(item):
        return tuple([place] for place in _spread(_places((*path, 0, "at"), _mentioned(trees, ruleset), schemas)))
    if "enum" in item:
        return ([], *([word] for word in _spread(_distinguished(item["enum"], _mentioned(trees, ruleset)))))
    if "enum" in node:
        return tuple(_spread(_distinguished(node["enum"], _mentioned(trees, ruleset))))
    match node.get("type"):
        case "boolean":
            return (True, False)
        case "integer" | "number":
            return tuple(_spread(_amounts(trees, ruleset, path, node)))
        case "string" if node.get("format") == "date":
            day = datetime.date.fromisoformat(as_of)
            return ((day + _YEAR).isoformat(), (day - _YEAR).isoformat())
    return ()


def typical_answer(answers: Sequence[Tree]) -> Tree:
    """Return the typical answer for an estimate: an empty list, the first word, or the middle of a scale."""
    first = answers[0]
    number = isinstance(first, int | float) and not isinstance(first, bool)
    return answers[len(answers) // 2] if number else first


def place_code(value: Tree) -> str:
    """Return the code of a written place."""
    return str(value["at"] if isinstance(value, dict) else value)


def _is_place(node: Facts) -> bool:
    return node.get("type") == "object" and "at" in node.get("properties", {})


def _mentioned(trees: Iterable[Node], ruleset: RuleSet) -> set[Tree]:
    """Return every scalar that expressions contain or take from a parameter."""
    return {value for tree in trees for node in walk(tree) for value in _scalars(_value(node, ruleset))}


def _value(node: Node, ruleset: RuleSet) -> Tree:
    return node.value if isinstance(node, Literal) else ruleset.params[node.key] if isinstance(node, Param) else None


def _scalars(value: Tree) -> Iterator[Tree]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for member in value:
            yield from _scalars(member)
    elif value is not None:
        yield value


def _distinguished(known: Sequence[str], mentioned: set[Tree]) -> list[str]:
    """Return the words that rules mention, and a word that no rule mentions."""
    other = next((word for word in known if word not in mentioned), None)
    return [word for word in known if word in mentioned or word == other]


def _places(path: Path, mentioned: set[Tree], schemas: SchemaSet) -> list[str]:
    """Return the places that rules mention, a place that no rule mentions, and overseas."""
    codes = describe(path, schemas)["enum"]
    if "china" not in codes:  # an address, not an area
        codes = [place for place in codes if not is_divided(place, schemas)]
    places, taken = gazetteer(schemas), mentioned | {"overseas"}
    chosen = _spread([place for place in codes if place in mentioned and place != "overseas"], MOST - 2)
    untold = (place for place in codes if place not in mentioned and places[place]["province"] not in taken)
    return list(dict.fromkeys([*chosen, *itertools.islice(untold, 1), "overseas"]))


def _amounts(trees: Iterable[Node], ruleset: RuleSet, path: Path, node: Facts) -> list[Tree]:
    """Return one number of each interval between the numbers that rules compare this fact with."""
    whole = node["type"] == "integer"
    least, most = node["minimum"], node["maximum"]
    bounds: set[Tree] = {least}
    for tree in trees:
        for part in walk(tree):
            if isinstance(part, Compare | Arithmetic) and any(_reads(side, path) for side in walk(part)):
                numbers = (v for side in walk(part) for v in _scalars(_value(side, ruleset)))
                bounds |= {v for v in numbers if isinstance(v, int | float) and not isinstance(v, bool)}
        bounds |= {v for v in _scalars(_value(tree, ruleset)) if isinstance(v, float)}  # the share that a route allows
    inside = sorted({int(b) if whole else b for b in bounds if least <= b <= most})
    step = 1 if whole else 0.01
    return sorted({value for bound in inside for value in (bound, round(bound + step, 2)) if value <= most})


def _reads(node: Node, path: Path) -> bool:
    return isinstance(node, Fact) and bool(node.names) and node.names[-1] == path[-1]


def _spread(values: Sequence[Tree], most: int = MOST) -> list[Tree]:
    """Return at most `most` of the values, evenly spread, including the first and the last."""
    if len(values) <= most:
        return list(values)
    return [values[round(index * (len(values) - 1) / (most - 1))] for index in range(most)]


def instruments(ruleset: RuleSet, rules: Iterable[Rule]) -> tuple[str, ...]:
    """Return the instruments that could meet some needs: those that the rules name, and those of routes."""
    named = (rule.effect.instrument for rule in rules if isinstance(rule.effect, Need) and rule.effect.instrument)
    return tuple(dict.fromkeys((*ruleset.access, *named)))
