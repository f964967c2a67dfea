"""Completions at a place: keys and values by the schema, names of the law, and the parts of expressions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from lsprotocol import types

from vatspolicy.core.cel.types import Bool, Enum, ListOf, ObjectOf, Type
from vatspolicy.core.documents import Path
from vatspolicy.core.documents.word_search import Word
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.policies.reads import asked_facts
from vatspolicy.core.profile.vocabulary import fact_schemas
from vatspolicy.language_server.editor_text import NEAR, EditorText, Sketch, Span, find_places
from vatspolicy.language_server.expressions import PARAMETER, SETS, TERM, Scope, fact_paths, scalar_type, string_at
from vatspolicy.language_server.hover import known_words, make_scope
from vatspolicy.language_server.kinds import LAYER, SETTINGS, TESTS
from vatspolicy.language_server.law import EditedLaw
from vatspolicy.language_server.mentions import NEED, find_symbols
from vatspolicy.language_server.project import Project
from vatspolicy.language_server.schema_nodes import (
    allowed_keys,
    allowed_words,
    describe_nodes,
    find_nodes,
    find_schema,
    required_keys,
)

_Kind = types.CompletionItemKind
_WRITTEN = re.compile(r"[\w./*-]*$")
_IN_NAME = re.compile(r"[A-Za-z_][\w.]*$|$")
_QUANTIFIERS = {"exists": "exists(x, )", "all": "all(x, )"}
_SET_TESTS = ("contains", "equivalent", "intersects")
_MOST = 3000
"""Maximum number of proposals in one answer."""


class Completion(NamedTuple):
    """A text that can replace a part of the file."""

    label: str
    text: str
    kind: types.CompletionItemKind
    span: Span
    detail: str = ""
    """Its meaning, in both languages."""
    filter: str = ""
    """Further words by which it is found."""
    first: bool = False
    """True if it is required or nearest, and shown before the others."""

    def item(self, text: EditorText) -> types.CompletionItem:
        """Return the completion in the form of the protocol."""
        return types.CompletionItem(
            self.label,
            kind=self.kind,
            detail=self.detail or None,
            sort_text=f"{'0' if self.first else '1'}{self.label}",
            filter_text=f"{self.label} {self.filter}".strip(),
            text_edit=types.TextEdit(text.range(self.span), self.text),
        )


def complete(project: Project, file: str, index: int) -> list[Completion]:
    """Return the completions at a place."""
    kind = project.kind_of(file)
    if kind is None:
        return []
    text = project.text(file)
    written = _WRITTEN.search(text.near(index))
    assert written is not None
    span = Span(index - len(written.group()), index)
    completions: dict[tuple[types.CompletionItemKind, str], Completion] = {}
    for sketch in find_places(text, index):
        for completion in _at(project, file, kind, sketch, span):
            completions.setdefault((completion.kind, completion.label), completion)
    return list(completions.values())[:_MOST]


def _at(project: Project, file: str, kind: str, sketch: Sketch, span: Span) -> Iterator[Completion]:
    law = project.law_of(file)
    scope = None if sketch.on_key else make_scope(project, file, sketch)
    if scope is not None:
        before = _IN_NAME.search(sketch.text[max(sketch.offset - NEAR, 0) : sketch.offset])
        assert before is not None
        yield from _in_expression(law, scope, sketch, span, before.group())
        return
    if sketch.on_key:
        yield from _keys(law, kind, sketch, span)
    named = list(_names(project, file, kind, sketch))
    for name, detail in named:
        yield Completion(name, f"{name}: " if sketch.on_key else name, _Kind.Variable, span, detail)
    if not sketch.on_key and not named:
        schema, path = find_schema(kind, sketch.path)
        nodes = find_nodes(schema, path, law.schemas)
        yield from _words(allowed_words(nodes, law.schemas), span)


# --- data


def _keys(law: EditedLaw, kind: str, sketch: Sketch, span: Span) -> Iterator[Completion]:
    """Yield the missing keys of a mapping, required keys first."""
    parent = sketch.path[:-1]
    schema, path = find_schema(kind, parent)
    nodes = find_nodes(schema, path, law.schemas)
    present, required = set(sketch.keys(parent)) - {sketch.text}, required_keys(nodes)
    for key, child in allowed_keys(nodes).items():
        if key not in present:
            inner = [child]
            yield Completion(
                key, f"{key}: ", _Kind.Property, span, _title(describe_nodes(inner)), first=key in required
            )


def _words(words: Iterable[Word], span: Span) -> Iterator[Completion]:
    for word in words:
        detail = f"{word.name['en']} · {word.name['zh']}" if word.name else ""
        yield Completion(word.value, word.value, _Kind.EnumMember, span, detail, " ".join(word.names))


def _names(project: Project, file: str, kind: str, sketch: Sketch) -> Iterator[tuple[str, str]]:
    """Yield the names of the law that are valid at a place, each with its meaning."""
    law = project.law_of(file)
    policy = law.policy_of(file)
    if law.bundle is None or (kind == TESTS and policy is None):
        return
    match sketch.path:
        case ("accepted", _, "about", int(number)) if kind == SETTINGS and not sketch.on_key:
            yield from _accepted(law, law.bundle, number)
            return
    for symbol, defines in find_symbols(kind, sketch.path, sketch.on_key, sketch.text, project.owners(file)):
        if symbol.kind == NEED or not defines:
            yield from _names_of(symbol.kind, kind, law, law.bundle, policy, sketch)


def _names_of(
    named: str, kind: str, law: EditedLaw, bundle: Bundle, policy: Policy | None, sketch: Sketch
) -> Iterator[tuple[str, str]]:
    """Yield the names of a kind of symbol, as files of a kind write them."""
    policies = bundle.own_policies if kind == LAYER else bundle.policies.values()
    match named:
        case "rule" if kind == TESTS and policy is not None:
            yield from ((rule.id, _both(rule.message)) for rule in policy.rules)
        case "rule":
            yield from ((rule.name, _both(rule.message)) for source in policies for rule in source.rules)
        case "article" if kind == SETTINGS:
            for source in policies:
                yield from ((f"{source.id}/{key}", _both(article.label)) for key, article in source.articles.items())
        case "article":
            articles = policy.articles if policy else {}
            labels = {key: _both(article.label) for key, article in articles.items()}
            yield from (labels | {key: labels.get(key, "") for key in sketch.keys(("articles",))}).items()
        case "instrument":
            yield from ((name, _both(instrument.title)) for name, instrument in bundle.instruments.items())
        case "need":
            needs = {rule.through for source in policies for rule in source.rules}
            yield from ((name, "") for name in sorted(filter(None, needs)))
        case "policy":
            yield from ((id, _both(other.title)) for id, other in bundle.policies.items() if policy is not other)
        case "fact" if kind == SETTINGS:
            yield from _fact_names(law)
        case "fact" if kind == TESTS and sketch.path[:1] != ("base",):
            yield from _facts(law)


def _accepted(law: EditedLaw, bundle: Bundle, number: int) -> Iterator[tuple[str, str]]:
    """Yield the names for the subject of an accepted finding: rules, terms, parameters and facts."""
    policies = bundle.policies.values()
    yield from ((rule.name, _both(rule.message)) for policy in policies for rule in policy.rules)
    if number > 0:
        return
    for source in policies:
        yield from ((f"{source.id}/{name}", " ".join(text.split())) for name, text in source.terms.items())
        yield from ((key.key, _parameter_title(law, key.key)) for key in source.parameters.values())
    yield from _fact_names(law)


def _fact_names(law: EditedLaw) -> Iterator[tuple[str, str]]:
    """Yield the paths of facts as analyses write them, with * for the members of a list."""
    yield from ((path, _fact_title_at(law, path)) for path in asked_facts(law.schemas))


def _fact_title_at(law: EditedLaw, path: str) -> str:
    steps = tuple(0 if step == "*" else step for step in path.split("."))
    return _title(describe_nodes(find_nodes("profile", steps, law.schemas)))


def _facts(law: EditedLaw) -> Iterator[tuple[str, str]]:
    """Yield the paths of facts as tests write them, with 0 for the first member of a list."""
    lists = {("services",), ("company", "licenses"), ("partner", "licenses"), ("deals",), ("filings",)}
    for path, node in fact_schemas(law.schemas):
        steps = [
            f"{step}.0" if path[: end + 1] in lists and end + 1 < len(path) else step for end, step in enumerate(path)
        ]
        yield ".".join(steps), _title(node)


# --- expressions


def _in_expression(law: EditedLaw, scope: Scope, sketch: Sketch, span: Span, before: str) -> Iterator[Completion]:
    literal = string_at(sketch.text, sketch.offset)
    if literal is not None:
        start = span.end - (sketch.offset - literal[0])
        yield from _literals(law, scope, sketch, Span(max(start, 0), span.end))
        return
    *parts, last = before.split(".")
    own = Span(span.end - len(last), span.end)
    if not parts:
        yield from _roots(law, scope, own)
    elif parts == [PARAMETER]:
        for name, (key, type) in scope.environment.params.items():
            yield Completion(name, name, _Kind.Variable, own, f"{type} ({_parameter_title(law, key)})")
    elif parts == [TERM]:
        for name in sorted(scope.environment.terms):
            yield Completion(name, name, _Kind.Variable, own, _term_text(law, sketch, name))
    elif parts == [SETS]:
        for name in _SET_TESTS:
            yield Completion(name, f"{name}()", _Kind.Function, own, f"{SETS}.{name}(list, list)")
    else:
        yield from _members(law, scope, tuple(parts), own)


def _roots(law: EditedLaw, scope: Scope, span: Span) -> Iterator[Completion]:
    for name in (*scope.bound, *scope.environment.variables):
        paths = fact_paths((name,), scope.bound)
        yield Completion(name, name, _Kind.Field, span, _fact_title(law, paths))
    for name, names in ((TERM, scope.environment.terms), (PARAMETER, scope.environment.params)):
        if names:
            yield Completion(name, f"{name}.", _Kind.Variable, span)
    yield Completion("size", "size()", _Kind.Function, span)
    yield Completion(SETS, f"{SETS}.", _Kind.Variable, span)


def _members(law: EditedLaw, scope: Scope, parts: tuple[str, ...], span: Span) -> Iterator[Completion]:
    type = scope.type_of(parts)
    if isinstance(type, ListOf):
        for name, text in _QUANTIFIERS.items():
            yield Completion(name, text, _Kind.Function, span, f"{'.'.join(parts)}.{text}")
    elif isinstance(type, ObjectOf):
        for name, inner in type.fields.items():
            paths = fact_paths((*parts, name), scope.bound)
            yield Completion(name, name, _Kind.Field, span, _fact_title(law, paths) or str(inner))
    elif type is not None and not isinstance(type, Bool):
        for name in ("startsWith", "endsWith", "contains", "matches") if not isinstance(type, Enum) else ():
            yield Completion(name, f'{name}("")', _Kind.Function, span)


def _literals(law: EditedLaw, scope: Scope, sketch: Sketch, span: Span) -> Iterator[Completion]:
    """Yield the valid words for a string literal: the values of the fact in the comparison."""
    name = scope.compared_with(sketch.text, sketch.offset)
    type: Type | None = scalar_type(scope.type_of(name)) if name else None
    if name is None or not isinstance(type, Enum):
        return
    by_value = {word.value: word for word in known_words(law, scope, name)}
    yield from _words([by_value.get(value) or Word(value, None) for value in sorted(type.values)], span)


def _term_text(law: EditedLaw, sketch: Sketch, name: str) -> str:
    own = sketch.scalars.get(("terms", name))
    if own is None and law.bundle is not None:
        own = next((policy.terms[name] for policy in law.bundle.policies.values() if name in policy.terms), None)
    return " ".join((own or "").split())


def _parameter_title(law: EditedLaw, key: str) -> str:
    policy, _, name = key.partition("/")
    owner = law.bundle.policies.get(policy) if law.bundle else None
    parameter = owner.parameters.get(name) if owner else None
    return _both(parameter.title) if parameter and parameter.title else key


def _fact_title(law: EditedLaw, paths: Iterable[Path]) -> str:
    for path in paths:
        if title := _title(describe_nodes(find_nodes("profile", path, law.schemas))):
            return title
    return ""


def _title(node: Mapping[str, Any]) -> str:
    return " · ".join(dict.fromkeys(filter(None, (node.get("title"), node.get("x-title-zh")))))


def _both(text: Mapping[str, str]) -> str:
    return f"{text['en']} · {text['zh']}"
