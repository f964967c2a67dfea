"""Larger bundles made from the shipped law, with two, four and eight times the rules.

*Copies* repeat every rule under other names, so that findings multiply; this is the worst case, and no real law grows
so. *Other law* consists of copies about other subjects, as real additions are: each copy of a policy concerns one trade
(an offer of the vocabulary, a different one per copy), and the words in its rules, terms and parameters are replaced by
other words of their vocabularies, so that no two copies are equal.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from vatspolicy.core.cel import ast as t
from vatspolicy.core.cel.types import Enum, ListOf, ObjectOf, Type
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.policies.bundle import Bundle, build_bundle, read_sources
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.model import Expression, Route

Vocabulary = tuple[str, ...]
Places = dict[tuple[int, int], Vocabulary]
"""Where words stand in a text, and the vocabulary they are of."""
STEP = 7
"""How far a word moves in the order of its vocabulary, times the number of the copy."""


def multiplied(base: Bundle, times: int, other: bool) -> Bundle:
    """Return the shipped bundle `factor` times. `other`: as law about other subjects."""
    return build_bundle(list(sources(base, times, other)))


def sources(base: Bundle, times: int, other: bool) -> Iterator[tuple[str, bytes]]:
    """Return the shipped files, then copies of each policy with rules, or with terms that copies use."""
    shipped = read_sources(resource_folder("policies"))
    yield from shipped
    words = Words(base) if other else None
    for place, (_, text) in enumerate(shipped):
        policy = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        if isinstance(policy, dict) and policy.get("id") in base.policies:
            for number in range(1, times):
                copy = again(policy, number, words, place)
                yield f"policies/{copy['id']}.yaml", json.dumps(copy, ensure_ascii=False).encode()


def again(policy: dict[str, Any], number: int, words: Words | None, place: int) -> dict[str, Any]:
    """Copy a policy under another name, without instruments, tests and superseded policies."""
    found = {key: value for key, value in policy.items() if key not in ("instruments", "tests", "supersedes")}
    found["id"] = f"{policy['id']}-{number}"
    if "uses" in policy:
        found["uses"] = [f"{used}-{number}" for used in policy["uses"]]
    found["rules"] = [_renamed(rule, number) for rule in policy.get("rules", ())]
    if words is not None:
        trades = words.known["offers"]
        trade = trades[(place + number * (len(trades) // 8)) % len(trades)]
        for rule in found["rules"]:
            said = words.moved(rule["when"], words.rules[f"{policy['id']}/{rule['id']}"], number)
            rule["when"] = f"{_about(trade, rule['each'])} && ({said})"
        for kind in found.keys() & {"terms", "parameters"}:
            found[kind] = {
                name: words.move(policy["id"], kind, name, value, number) for name, value in policy[kind].items()
            }
    return {key: value for key, value in found.items() if value}


def _renamed(rule: dict[str, Any], number: int) -> dict[str, Any]:
    """Copy a rule. Its routes are those of the same copy."""
    found = dict(rule)
    if "through" in rule.get("need", {}):
        found["need"] = {**rule["need"], "through": f"{rule['need']['through']}-{number}"}
    if "route" in rule:
        found["route"] = {**rule["route"], "to": f"{rule['route']['to']}-{number}"}
    return found


def _about(trade: str, each: str) -> str:
    """Return the condition that restricts a rule to a trade."""
    if each == "product":
        return f'services.exists(trader, "{trade}" in trader.offers)'
    return f'"{trade}" in service.offers'


class Words:
    """Where words of vocabularies stand in the expressions of a bundle, and in which vocabulary."""

    def __init__(self, bundle: Bundle) -> None:
        self.rules: dict[str, Places] = {}
        self.terms: dict[str, Places] = {}
        self.params: dict[str, Vocabulary] = {}
        self.known = vocabularies()
        for policy in bundle.policies.values():
            for rule in policy.rules:
                self._collect(bundle, policy.id, rule.when.tree, self.rules.setdefault(rule.name, {}))
                for expression in _others(rule.effect):
                    self._collect(bundle, policy.id, expression.tree, {})

    def _collect(self, bundle: Bundle, policy: str, node: t.Node, found: Places) -> None:
        match node:
            case t.Term(name=name, body=body):
                owner, _ = bundle.term(bundle.policies[policy], name)
                self._collect(bundle, owner.id, body, self.terms.setdefault(f"{owner.id}/{name}", {}))
                return
            case t.Compare(left=left, right=right):
                self._note(left, right, found)
                self._note(right, left, found)
            case t.In(item=item, list=over):
                self._note(item, over, found)
                self._note(over, item, found)
        for child in t.children(node):
            self._collect(bundle, policy, child, found)

    def _note(self, one: t.Node, other: t.Node, found: Places) -> None:
        """Assign the vocabulary of a fact to a literal or parameter that is compared with it."""
        type = other.type.item if isinstance(other.type, ListOf) else other.type
        if not isinstance(type, Enum) or not isinstance(other, t.Fact):
            return
        known = self.known.get(type.name, ())
        if isinstance(one, t.Literal):
            found[one.span] = known
        elif isinstance(one, t.Param):
            self.params[one.key] = known

    def move(self, policy: str, kind: str, name: str, value: Any, number: int) -> Any:
        """Return a term or a parameter with replaced words."""
        if kind == "terms":
            return self.moved(value, self.terms.get(f"{policy}/{name}", {}), number)
        known = self.params.get(f"{policy}/{name}")
        if known is None:
            return value
        return {**value, "values": [{**one, "value": _other(one["value"], known, number)} for one in value["values"]]}

    def moved(self, text: str, places: Places, number: int) -> str:
        """Return an expression with replaced words."""
        for (start, end), known in sorted(places.items(), key=lambda place: place[0], reverse=True):
            part = re.sub(
                r"""(["'])([a-zA-Z0-9-]+)\1""",
                lambda quoted, known=known: f'"{_other(quoted[2], known, number)}"',  # type: ignore[misc]
                text[start:end],
            )
            text = text[:start] + part + text[end:]
        return text


def _others(effect: Any) -> Iterator[Expression]:
    if isinstance(effect, Route):
        if effect.max_foreign_percent is not None:
            yield effect.max_foreign_percent
        yield from (condition.check for condition in effect.conditions)


def _other(value: Any, known: Vocabulary, number: int) -> Any:
    """Return the word at an offset in the vocabulary, cyclically; distinct words stay distinct."""
    if isinstance(value, list):
        return [_other(one, known, number) for one in value]
    if value not in known:
        return value
    return known[(known.index(value) + STEP * number) % len(known)]


def vocabularies() -> dict[str, Vocabulary]:
    """Return the words of every vocabulary of a profile by its name, if the name is unique."""
    found: dict[str, set[Vocabulary]] = {}

    def collect(type: Type | None) -> None:
        match type:
            case Enum(name=name, values=values):
                found.setdefault(name, set()).add(tuple(sorted(values)))
            case ListOf(item=item):
                collect(item)
            case ObjectOf(fields=fields):
                for child in fields.values():
                    collect(child)

    for type in variables("license").values():
        collect(type)
    return {name: next(iter(words)) for name, words in found.items() if len(words) == 1}
