"""Known products with a few facts of a witness: those that the edited rules read, and if need be its licenses.

A witness holds whatever else a solver chose. A real product that borrows the facts in question is nearer to real ones.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from vatspolicy.authoring.diff.rules import Differences
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.policies.model import Expression, Rule
from vatspolicy.core.policies.reads import facts_of

Fact = tuple[str, str]
"""A part of a profile and a fact of it; `services` stands for one service, and an empty fact for the whole part."""

OPERATORS = ("company", "partner")
_LICENSES = frozenset((owner, "licenses") for owner in OPERATORS)
_CLASSIFYING = ("services", "offers")
"""The fact from which an activity has its class."""


def read_by(rules: Iterable[Rule]) -> frozenset[Fact]:
    """Return the facts that some rules read."""
    return frozenset[Fact]().union(*(_read_by(expression) for rule in rules for expression in rule.compiled))


def read_by_versions(differences: Differences, names: Iterable[str]) -> frozenset[Fact]:
    """Return the facts that both versions of some rules (policy/rule) read."""
    sides = differences.base.by_name, differences.head.by_name
    return read_by(side[name] for name in names for side in sides if name in side)


@functools.lru_cache(maxsize=8192)
def _read_by(expression: Expression) -> frozenset[Fact]:
    found: set[Fact] = set()
    for path in facts_of(expression.tree):
        part, *names = path.split(".")
        if part == "activity":
            found |= _LICENSES if names == ["licensed"] else {_CLASSIFYING}
        elif part in ("company", "partner", "product", "data"):
            found.add((part, names[0] if names else ""))
        elif part == "services" and len(names) > 1:
            found.add((part, names[1]))
        elif part not in ("as_of", "services"):
            found.add((part, ""))
    return frozenset(found)


def lend(witness: Facts, product: Facts, read: frozenset[Fact]) -> Iterator[tuple[dict[str, Tree], dict[Fact, Tree]]]:
    """Yield the product with facts of a service of the witness and of its operator, and the facts that are new to it.

    The operator of the product's service takes those of the operator of the witness. Neither profile is copied beyond
    what changes.
    """
    for service in witness.get("services", ()):
        holds_some = bool(witness.get(_operator(witness, service), {}).get("licenses"))
        for place in range(len(product.get("services", ()))):
            for facts in (read, read | _LICENSES) if holds_some and not read >= _LICENSES else (read,):
                yield _lend(witness, service, product, place, facts)


def _lend(
    witness: Facts, service: Facts, product: Facts, place: int, facts: Iterable[Fact]
) -> tuple[dict[str, Tree], dict[Fact, Tree]]:
    services = list(product["services"])
    own = services[place] = dict(services[place])
    lent: dict[str, Tree] = {**product, "services": services}
    lender, borrower = _operator(witness, service), _operator(product, own)
    new: dict[Fact, Tree] = {}
    for part, name in sorted(facts):
        if part in OPERATORS and part != lender:
            continue
        source = service if part == "services" else witness.get(part, {}) if name else witness
        target_part = borrower if part in OPERATORS else part
        name = name or part
        if name not in source or name == "id":
            continue
        if source is witness:
            target = lent
        elif part == "services":
            target = own
        else:
            target = lent[target_part] = dict(lent.get(target_part, {}))
        if target.get(name) != source[name]:
            new[target_part, name] = source[name]
            target[name] = source[name]
    return lent, new


def _operator(profile: Facts, service: Facts) -> str:
    named = service.get("operated_by", profile.get("product", {}).get("operated_by"))
    return "partner" if named == "partner" else "company"
