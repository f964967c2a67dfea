"""A law that remembers what it was asked, for trying many answers on one profile.

Most expressions read nothing of what a trial changes. Their values are kept by the identity of the facts they read, so
trials must share the facts that they have in common (`share`), and every fact must outlive the memory (`keep`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.cel.ast import Fact, Quantifier, walk
from vatspolicy.cel.interpreter import Env, look_up
from vatspolicy.policies.model import Expression
from vatspolicy.policies.ruleset import RuleSet


@dataclass(frozen=True)
class RememberingLaw(RuleSet):
    """The law of a day, slow to answer once and quick to answer again."""

    reads: dict[int, tuple[tuple[str, tuple[str, ...]], ...]] = field(default_factory=dict)
    memory: dict[tuple[int, ...], Any] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)

    def ask(self, expression: Expression, env: Env) -> Any:
        """Value of an expression; None when it is unknown."""
        facts = self.reads.get(id(expression))
        if facts is None:
            facts = self.reads[id(expression)] = _facts(expression)
        key = (id(expression), *(id(look_up(env, root, names)) for root, names in facts))
        if key not in self.memory:
            self.memory[key] = super().ask(expression, env)
        return self.memory[key]

    def keep(self, facts: Any) -> None:
        """Hold on to facts: the memory knows them by identity."""
        self.kept.append(facts)


def remembering(law: RuleSet) -> RememberingLaw:
    """The law with an empty memory."""
    return RememberingLaw(**{one.name: getattr(law, one.name) for one in dataclasses.fields(law)})


def share(new: Any, old: Any) -> Any:
    """The new facts, with the old objects wherever they say the same."""
    if type(new) is type(old) and new == old:
        return old
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        return {key: share(value, old.get(key)) for key, value in new.items()}
    if isinstance(new, list) and isinstance(old, list):
        return [share(value, old[index] if index < len(old) else None) for index, value in enumerate(new)]
    return new


def _facts(expression: Expression) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What an expression reads of the variables it is given, not of those it binds itself."""
    nodes = list(walk(expression.tree))
    bound = {node.variable for node in nodes if isinstance(node, Quantifier)}
    facts = (node for node in nodes if isinstance(node, Fact))
    return tuple(dict.fromkeys((fact.root, fact.names) for fact in facts if fact.root not in bound))
