"""The shipped law made larger, as files: what a bundle of two, four and eight times the rules would be.

Two ways. *Copies*: every rule again under other names, so that whatever is found is found as often; no real law grows
so, and it is the worst case. *Other law*: copies that are about something else, as what is added to a real body of law
is. Each copy of a policy is about one trade (an offer of the vocabulary, another for each copy), and the words in its
rules, terms and parameters are exchanged for other words of their vocabularies, so that no two copies say the same.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

from vatspolicy.cel import ast as t
from vatspolicy.cel.types import Enum, ListOf, Record, Type
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.policies.bundle import Bundle, build_bundle, read_sources
from vatspolicy.policies.compiler import variables
from vatspolicy.policies.model import Expression, Route

Vocabulary = tuple[str, ...]
Places = dict[tuple[int, int], Vocabulary]
"""Where words stand in a text, and the vocabulary they are of."""
STEP = 7
"""How far a word moves in the order of its vocabulary, times the number of the copy."""


def multiplied(base: Bundle, times: int, other: bool) -> Bundle:
    """The shipped bundle that many times; `other`: about other things."""
    return build_bundle(list(sources(base, times, other)))


def sources(base: Bundle, times: int, other: bool) -> Iterator[tuple[str, bytes]]:
    """The files: those that ship, then copies of each policy that has rules, or terms for copies to use."""
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
    """A copy of a policy under another name; instruments, tests and what it supersedes stay with the first."""
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
    """A copy of a rule; the routes that it leads to or is are those of the same copy."""
    found = dict(rule)
    if "through" in rule.get("need", {}):
        found["need"] = {**rule["need"], "through": f"{rule['need']['through']}-{number}"}
    if "route" in rule:
        found["route"] = {**rule["route"], "to": f"{rule['route']['to']}-{number}"}
    return found


def _about(trade: str, each: str) -> str:
    """What restricts a rule to a trade, as rules of real law say it."""
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
        """A literal or a parameter that is compared with a fact is of the vocabulary of the fact."""
        type = other.type.item if isinstance(other.type, ListOf) else other.type
        if not isinstance(type, Enum) or not isinstance(other, t.Fact):
            return
        known = self.known.get(type.name, ())
        if isinstance(one, t.Literal):
            found[one.span] = known
        elif isinstance(one, t.Param):
            self.params[one.key] = known

    def move(self, policy: str, kind: str, name: str, value: Any, number: int) -> Any:
        """A term or a parameter with other words."""
        if kind == "terms":
            return self.moved(value, self.terms.get(f"{policy}/{name}", {}), number)
        known = self.params.get(f"{policy}/{name}")
        if known is None:
            return value
        return {**value, "values": [{**one, "value": _other(one["value"], known, number)} for one in value["values"]]}

    def moved(self, text: str, places: Places, number: int) -> str:
        """An expression with other words."""
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
    """The word some way on in the vocabulary, from its end to its beginning; another for each that is given."""
    if isinstance(value, list):
        return [_other(one, known, number) for one in value]
    if value not in known:
        return value
    return known[(known.index(value) + STEP * number) % len(known)]


def vocabularies() -> dict[str, Vocabulary]:
    """The words of every vocabulary of a profile by its name; without those of which two have one name."""
    found: dict[str, set[Vocabulary]] = {}

    def collect(type: Type | None) -> None:
        match type:
            case Enum(name=name, values=values):
                found.setdefault(name, set()).add(tuple(sorted(values)))
            case ListOf(item=item):
                collect(item)
            case Record(fields=fields):
                for child in fields.values():
                    collect(child)

    for type in variables("licence").values():
        collect(type)
    return {name: next(iter(words)) for name, words in found.items() if len(words) == 1}
