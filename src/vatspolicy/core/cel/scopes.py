"""Variables and facts that an expression reads, by their scope: a quantifier binds a variable, a term sees none."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.core.cel.ast import Fact, Node, Quantifier, Term, children, walk


def reads(node: Node, variable: str) -> bool:
    """Return True if the node reads a variable of this name."""
    return any(isinstance(part, Fact) and part.root == variable for part in walk(node))


def variables_read(node: Node, bound: frozenset[str]) -> frozenset[str]:
    """Return the bound variables that a node reads; a term reads none."""
    match node:
        case Fact(root=root):
            return bound & {root}
        case Term():
            return frozenset()
        case Quantifier(variable=variable, list=over, body=body):
            return variables_read(over, bound) | variables_read(body, bound - {variable})
    return frozenset().union(*(variables_read(child, bound) for child in children(node)))


def free_facts(node: Node, bound: frozenset[str]) -> Iterator[Fact]:
    """Yield the facts of the activation that a node reads outside of terms."""
    match node:
        case Fact(root=root):
            if root not in bound:
                yield node
        case Term():
            return
        case Quantifier(variable=variable, list=over, body=body):
            yield from free_facts(over, bound)
            yield from free_facts(body, bound | {variable})
        case _:
            for child in children(node):
                yield from free_facts(child, bound)


def unbound_facts(node: Node, bound: frozenset[str] = frozenset()) -> Iterator[Fact]:
    """Yield the facts below a node that are not read from a quantifier's variable."""
    if isinstance(node, Fact):
        if node.root not in bound:
            yield node
        return
    inner = bound | {node.variable} if isinstance(node, Quantifier) else bound
    for child in children(node):
        yield from unbound_facts(child, inner)
