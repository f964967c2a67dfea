"""Facts that the expressions of a bundle read, by their path in the schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.core.cel.ast import Fact, Node, Quantifier, Term, children
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.vocabulary import INHERITED, follow

ROOTS: Mapping[str, tuple[str, ...]] = {
    "operator": ("company", "partner"),
    "service": ("services.*",),
    "license": ("company.licenses.*", "partner.licenses.*"),
    "activity": ("activity",),
    "as_of": ("as_of",),
}
"""Variables of rules that are not themselves facts of a profile."""

BUILT_IN = (
    "product.launch",
    "services.*.operated_by",
    "services.*.offers",
    "company.registered",
    "partner.registered",
    *(f"{holder}.licenses{field}" for holder in ("company", "partner") for field in ("", ".*.valid", ".*.valid_until")),
    "filings",
    "deals",
    "deals.*.target",
    "deals.*.foreign_percent_after",
    "opinions",
    *(f"opinions.*.{name}" for name in ("about", "service", "reading", "classes", "date")),
)
"""Facts that the evaluator itself reads: access, classification, deadlines."""


def read_facts(bundle: Bundle) -> set[str]:
    """Return paths of the facts that some expression reads, and of the objects above them."""
    facts: set[str] = set(BUILT_IN)
    for expression in bundle.compiled():
        for path in facts_of(expression.tree):
            parts = path.split(".")
            facts |= {".".join(parts[:count]) for count in range(1, len(parts) + 1)}
    return facts


def facts_of(node: Node) -> set[str]:
    """Return paths of the facts that one expression reads."""
    facts: set[str] = set()
    return facts.union(_read(node, {}, facts), facts)


def _read(node: Node, bound: Mapping[str, tuple[str, ...]], facts: set[str]) -> tuple[str, ...]:
    """Record the facts read below a node. Return the paths that its value can represent."""
    match node:
        case Fact(root=root, names=names):
            roots = bound.get(root, ROOTS.get(root, (root,)))
            return tuple(".".join((start, *names)) for start in roots)
        case Term(body=body):
            return _read(body, bound, facts)
        case Quantifier(variable=variable, list=over, body=body):
            lists = _read(over, bound, facts)
            facts.update(lists)
            facts.update(_read(body, {**bound, variable: tuple(f"{path}.*" for path in lists)}, facts))
            return ()
        case _:
            for child in children(node):
                facts.update(_read(child, bound, facts))
            return ()


def asked_facts(schemas: SchemaSet) -> Iterator[str]:
    """Yield paths of the facts that the profile schema asks a question about, objects and lists of objects omitted."""
    yield from _asked(schemas.load("profile"), "", schemas)


def _asked(schema: Mapping[str, Any], path: str, schemas: SchemaSet) -> Iterator[str]:
    schema = follow(schema, schemas)
    kind = schema.get("type")
    if kind == "object":
        for name, child in schema["properties"].items():
            if path == "product" and name in INHERITED:  # asked for each service, which inherits it
                continue
            yield from _asked(child, f"{path}.{name}" if path else name, schemas)
    elif kind == "array" and follow(schema["items"], schemas).get("type") == "object":
        yield from _asked(schema["items"], f"{path}.*", schemas)
    elif "x-question" in schema:
        yield path
