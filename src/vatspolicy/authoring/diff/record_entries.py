"""Entries of the law that stand in the record of a decision, compared field by field.

A field counts unless it is known to be in no record. So a new key of a policy weakens what a comparison claims.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from vatspolicy.authoring.diff.rules import RuleSignatures, cited_by, instruments_of
from vatspolicy.authoring.diff.structure import LAYER_PREFIX, Change, tokens
from vatspolicy.core.cel.ast import Term, walk
from vatspolicy.core.policies.model import Article, Expression, Instrument, Parameter, Policy, Rule, Value

Entry = tuple[str, str, str]
"""Kind, policy and name of an edited entry, as `structure.Change` has them."""

CITATIONS, VERIFICATION, AUTHORITY, WORDING, OTHER = "citations", "verification", "authority", "wording", "other"
"""Parts of a record. `other`: a field that is none of the rest; the proofs may compare it or not."""

_PARTS = {
    "cite": CITATIONS,
    "verification": VERIFICATION,
    "is_unread": VERIFICATION,
    "authority": AUTHORITY,
    **dict.fromkeys(("message", "template", "title", "why", "settled_by", "held_by", "text", "overrides"), WORDING),
}
"""Parts of a record by the names of the fields of rules and instruments."""
_OF_KIND = {"article": CITATIONS, "source": CITATIONS, "edition": CITATIONS, "parameter": WORDING, "term": WORDING}
"""Parts of the fields of an entry by its kind, its verification aside."""
_SILENT: Mapping[type, frozenset[str]] = {
    Rule: frozenset({"policy", "id", "since", "until", "line"}),
    Article: frozenset({"key", "note", "verified"}),
    Instrument: frozenset({"id", "policy"}),
    Parameter: frozenset({"key"}),
    Value: frozenset({"cite"}),
    Policy: frozenset(
        {
            *("id", "version", "topics", "since", "until", "supersedes", "uses", "file", "editions"),
            *("articles", "instruments", "parameters", "terms", "term_lines", "rules"),
        }
    ),
}
"""Fields that no record has, that name an entry, or that are compared as entries or days of their own."""
_SILENT_SOURCE = frozenset({"issuer", "promulgated", "note"})


def compare_entries(base: RuleSignatures, head: RuleSignatures, names: Iterable[str]) -> dict[Entry, frozenset[str]]:
    """Return the parts of records that differ, by entry, for the entries that some rules of both sides show."""
    shown = [name for name in names if name in base.by_name and name in head.by_name]
    old, new = ({entry for name in shown for entry in _entries_of(side, side.by_name[name])} for side in (base, head))
    one_sided = (entry for entry in old ^ new if entry[0] in ("edition", "parameter", "term"))
    found = {entry: frozenset({_OF_KIND[entry[0]]}) for entry in one_sided}
    for entry in old & new:
        before, after = (dict(_leaves(_content(side, entry), ())) for side in (base, head))
        differing = (path for path in before.keys() | after.keys() if before.get(path) != after.get(path))
        if parts := frozenset(_part(entry[0], path) for path in differing):
            found[entry] = parts
    return found


def parts_of(change: Change, compared: Mapping[Entry, frozenset[str]]) -> frozenset[str]:
    """Return the parts of records that an edit changes."""
    notices = change.policy.startswith(LAYER_PREFIX) and change.kind != "may_loosen"
    if notices or (change.policy, change.kind) == ("bundle", "dates"):
        return frozenset({WORDING})
    return compared.get((change.kind, change.policy, change.name), frozenset())


def _entries_of(side: RuleSignatures, rule: Rule) -> Iterator[Entry]:
    """Yield the entries that a record shows with a rule."""
    policy = side.bundle.policies[rule.policy]
    yield "rule", rule.policy, rule.id
    yield "source", rule.policy, ""
    yield from (("article", rule.policy, key) for key in cited_by(rule))
    yield from (("edition", rule.policy, edition.since) for edition in policy.editions)
    instruments = [side.bundle.instruments[name] for name in instruments_of(rule)]
    yield from (("instrument", one.policy, one.id) for one in instruments)
    for key in rule.parameters:
        owner, _, name = key.partition("/")
        yield "parameter", owner, name
    sources = side.sources(rule.name)
    for expression in rule.expressions:
        terms = (node.name for node in walk(expression.tree) if isinstance(node, Term))
        yield from (("term", id, name) for name in terms for id in sources if name in side.bundle.policies[id].terms)


def _content(side: RuleSignatures, entry: Entry) -> object:
    kind, id, name = entry
    policy = side.bundle.policies[id]
    match kind:
        case "rule":
            return policy.rule(name)
        case "article":
            return policy.articles[name]
        case "edition":
            return next(edition for edition in policy.editions if edition.since == name)
        case "instrument":
            return policy.instruments[name]
        case "parameter":
            return policy.parameters[name]
        case "term":
            return tokens(policy.terms[name])
    return policy


def _leaves(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield every field of an entry with its place, without those that no record has."""
    match value:
        case Expression():
            yield (*path, "text"), tokens(value.text)
            return
        case Mapping():
            silent = _SILENT_SOURCE if path == ("source",) else frozenset()
            fields = {str(key): child for key, child in value.items()}
        case tuple() if hasattr(value, "_asdict"):
            silent, fields = _SILENT.get(type(value), frozenset()), value._asdict()
        case _ if dataclasses.is_dataclass(value):
            silent = _SILENT.get(type(value), frozenset())
            fields = {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
        case list() | tuple():
            silent, fields = frozenset(), {str(place): child for place, child in enumerate(value)}
            yield path, len(value)
        case _:
            yield path, value
            return
    for name, child in fields.items():
        if name not in silent:
            yield from _leaves(child, (*path, name))


def _part(kind: str, path: tuple[str, ...]) -> str:
    if kind in _OF_KIND:
        return VERIFICATION if "verification" in path else _OF_KIND[kind]
    return next((_PARTS[name] for name in path if name in _PARTS), OTHER)
