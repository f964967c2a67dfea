"""Edits behind a rule that differs: of the rule itself, or of a parameter, term or instrument that it reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vatspolicy.authoring.diff.rules import RuleSignatures, instruments_of
from vatspolicy.authoring.diff.structure import Change
from vatspolicy.cel.ast import Term, walk
from vatspolicy.policies.model import Rule

_ORDER = ("rule", "parameter", "term", "instrument", "dates", "policy")
"""Kinds of edits that can change a rule, the nearest to it first."""


class EditsOfRules:
    """The edits of a change by the rules that they move."""

    def __init__(self, changes: Iterable[Change], base: RuleSignatures, head: RuleSignatures) -> None:
        self.sides = base, head
        self.changes = sorted((one for one in changes if one.kind in _ORDER), key=lambda one: _ORDER.index(one.kind))

    def of(self, name: str) -> list[Change]:
        """Return the edits behind a rule (policy/rule), the nearest first."""
        read = {key for side in self.sides if name in side.by_name for key in _read(side, side.by_name[name])}
        return [one for one in self.changes if (one.kind, one.policy, one.name) in read]

    def place(self, name: str) -> tuple[str, int]:
        """Return file and line of the head that was edited; those of the rule if the edit left no line there."""
        base, head = self.sides
        side = head if name in head.by_name else base
        rule = side.by_name[name]
        lines = [(one.file, one.line) for one in self.of(name) if one.change != "removed" and side is head]
        return lines[0] if lines else (side.bundle.policies[rule.policy].file, rule.line)


def _read(side: RuleSignatures, rule: Rule) -> Iterator[tuple[str, str, str]]:
    """Yield kind, policy and name of everything whose edit changes a rule."""
    yield "rule", rule.policy, rule.id
    yield "dates", rule.policy, "effective"
    yield "policy", rule.policy, ""
    named = [side.bundle.instruments[one] for one in instruments_of(rule)]
    yield from (("instrument", one.policy, one.id) for one in named)
    for expression in (*rule.expressions, *(e for one in named for e in one.expressions)):
        for key in expression.parameters:
            policy, _, parameter = key.partition("/")
            yield "parameter", policy, parameter
        for node in walk(expression.tree):
            if isinstance(node, Term):
                yield from (("term", policy, node.name) for policy in side.sources(rule.name))
