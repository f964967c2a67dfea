"""Lint: rules of style and completeness for policies and fixtures, beyond what loading them demands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from vatspolicy.authoring.testing.cases import Case, cases_of, fixture_cases, stray_tests
from vatspolicy.authoring.testing.coverage import Coverage, expressions_of, outside_terms, reads_facts, used_terms
from vatspolicy.authoring.verification import hash_problems
from vatspolicy.cel.ast import Fact, Literal, Node, walk
from vatspolicy.documents import Document, Limits, Path, parse_document
from vatspolicy.documents.schemas import SchemaSet, resource_folder
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n.lint import faults, schema_faults
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import NEVER, Expression, Policy, Rule
from vatspolicy.profile.vocabulary import words

ORDER = tuple(SchemaSet.shipped().load("policy")["properties"])
"""Order of keys in a policy file."""

_SCHEMA_LIMITS = Limits(size=2**24, nodes=10**6, depth=128)
"""The schemas are larger than a file of the user may be."""

_SHOWN_KEYWORDS = {"type", "enum", "format", "pattern", "minimum", "minItems"}
"""Keywords of the metaschema whose value explains a violation."""

_FIRES = {"fires", "met", "unmet", "open", "done"}
_SILENT = {"silent", "closed"}


def lint(bundle: Bundle, fixtures: FilePath | None) -> list[Problem]:
    """Return every problem, in the order of files and lines; those of fixtures if there is a folder of them."""
    problems: list[Problem] = []
    terms = used_terms(bundle)
    expressions: dict[str, list[Expression]] = {}
    for policy, expression in bundle.owned_expressions():
        expressions.setdefault(policy.id, []).append(expression)
    for policy in bundle.policies.values():
        own = {name: tree for (owner, name), tree in terms.items() if owner == policy.id}
        file = _PolicyFile(bundle, policy, bundle.document(policy), expressions.get(policy.id, []), own)
        for check in _CHECKS:
            problems += check(file)
    problems += _unused(bundle)
    problems += stray_tests(bundle)
    problems += _schema_validity(bundle.schemas)
    problems += _schema_translations(bundle.schemas)
    if fixtures is not None:
        try:
            for case in fixture_cases(bundle, fixtures):
                problems += _fixture(bundle, case)
        except InvalidInput as error:
            problems += error.problems
    return sorted(problems)


@dataclass(frozen=True)
class _PolicyFile:
    """A policy under lint."""

    bundle: Bundle
    policy: Policy
    document: Document
    expressions: Sequence[Expression]
    terms: Mapping[str, Node]
    """The terms of the file that some expression uses."""


def _key_order(file: _PolicyFile) -> Iterator[Problem]:
    keys = list(file.document.data)
    if keys != sorted(keys, key=ORDER.index):
        first = next(key for key, wanted in zip(keys, sorted(keys, key=ORDER.index), strict=True) if key != wanted)
        yield file.document.problem(
            (first,), "The keys of a policy have a fixed order.", f"The order is {', '.join(ORDER)}.", key=True
        )


def _translations(file: _PolicyFile) -> Iterator[Problem]:
    for path, text in _texts(file.document.data, ()):
        for lang, message, hint in faults(text["en"], text["zh"]):
            yield file.document.problem((*path, lang), message, hint)


def _schema_validity(schemas: SchemaSet) -> Iterator[Problem]:
    """Yield violations of the JSON Schema 2020-12 metaschema, one per place and keyword."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError

    metaschema = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for name in schemas.names:
        try:
            Draft202012Validator.check_schema(schemas.load(name))
        except SchemaError:
            document = _schema_document(schemas, name)
            found = {}  # vocabularies of the metaschema repeat some keywords
            for error in metaschema.iter_errors(schemas.load(name)):
                leaf = next((one for one in error.context or () if one.validator == "enum"), error)  # of `type`
                found[tuple(leaf.absolute_path), str(leaf.validator)] = leaf
            for (path, keyword), error in found.items():
                hint = f"Required by the metaschema: {error.validator_value}." if keyword in _SHOWN_KEYWORDS else ""
                yield document.problem(path, f"This is not valid JSON Schema 2020-12: it violates {keyword!r}.", hint)


def _schema_translations(schemas: SchemaSet) -> Iterator[Problem]:
    """Yield problems of the texts in the schemas: reports show titles, questions, values and messages."""
    for name in schemas.names:
        if found := list(schema_faults(schemas.load(name))):
            document = _schema_document(schemas, name)
            yield from (document.problem(path, message, hint) for path, message, hint in found)


def _schema_document(schemas: SchemaSet, name: str) -> Document:
    file = f"{name}.schema.json"
    return parse_document(schemas.files[file], str(resource_folder("schemas") / file), _SCHEMA_LIMITS)


def _texts(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield every {en, zh} text. Articles are quotations of the law, not translations of one another."""
    if isinstance(value, dict):
        if set(value) == {"en", "zh"}:
            yield path, value
            return
        for key, child in value.items():
            yield from _texts(child, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _texts(member, (*path, index))


def _citations(file: _PolicyFile) -> Iterator[Problem]:
    yield from hash_problems(file.document)
    for key, article in file.document.data.get("articles", {}).items():
        path: Path = ("articles", key)
        if "label" not in article and not key.startswith("art-"):
            yield file.document.problem(
                path, "A key that is not an article number needs a label.", "Add label: {en, zh}.", key=True
            )
        if article["verification"] == "primary" and "zh" not in article:
            yield file.document.problem(
                path, "A primary article quotes the Chinese text.", "Add zh, or call it secondary.", key=True
            )
    if (
        file.policy.rules
        and "number" not in file.policy.source
        and not file.policy.editions
        and "note" not in file.policy.source
    ):
        yield file.document.problem(
            ("source",), "The source has no document number.", "Write the number, or a note why there is none."
        )


def _numbers(file: _PolicyFile) -> Iterator[Problem]:
    """Yield numbers and lists in expressions: a value that a lawyer would look up is a parameter."""
    message = "A number or a list in an expression is a parameter: dated and cited."
    for expression in file.expressions:
        if any(map(_is_figure, outside_terms(expression.tree))):
            yield Problem(file.policy.file, expression.line, expression.column, "", message)
    for name, tree in file.terms.items():
        for node in filter(_is_figure, outside_terms(tree)):
            line, column = file.document.locate(("terms", name), node.span[0])
            yield Problem(file.policy.file, line, column, f"terms.{name}", message)


def _is_figure(node: Node) -> bool:
    if not isinstance(node, Literal) or isinstance(node.value, bool | str):
        return False
    return isinstance(node.value, tuple) or node.value not in (0, 1)


def _seen_both_ways(file: _PolicyFile) -> Iterator[Problem]:
    """Yield rules that the tests of their policy do not show firing, silent and, for a missing fact, undecided."""
    if not file.policy.rules:
        return
    coverage = Coverage(file.bundle)
    for case in cases_of(file.bundle, file.policy):
        coverage.note(case)
    for index, rule in enumerate(file.policy.rules):
        seen = coverage.states(rule)
        unseen = [word for word, wanted in _wanted(rule) if not seen & wanted]
        if unseen:
            yield file.document.problem(("rules", index), f"No test shows {rule.id} {' or '.join(unseen)}.")


def _wanted(rule: Rule) -> Iterator[tuple[str, set[str]]]:
    yield "applying", _FIRES
    if any(reads_facts(expression.tree) for expression in expressions_of(rule)) or rule.until != NEVER:
        yield "not applying", _SILENT
    if any(_may_be_missing(node) for expression in expressions_of(rule) for node in walk(expression.tree)):
        yield "undecided for a missing fact", {"unknown"}


def _may_be_missing(node: Node) -> bool:
    return (
        isinstance(node, Fact)
        and (node.root, node.names) != ("activity", ("class",))
        and node.root != "as_of"
        and bool(node.names)
    )


def _unused_terms(file: _PolicyFile) -> Iterator[Problem]:
    for name in file.policy.terms:
        if name not in file.terms:
            yield file.document.problem(("terms", name), "No expression uses this term.", key=True)


_CHECKS: tuple[Callable[[_PolicyFile], Iterator[Problem]], ...] = (
    _key_order,
    _translations,
    _citations,
    _numbers,
    _seen_both_ways,
    _unused_terms,
)


def _fixture(bundle: Bundle, case: Case) -> Iterator[Problem]:
    """Yield unknown names under `absent`, which are absent from every decision."""
    rules = {rule.name for policy in bundle.policies.values() for rule in policy.rules}
    known = rules | set(bundle.instruments) | words("reason", bundle.schemas)
    for name in case.expect.get("absent", ()):
        if name not in known:
            message = f"There is no rule, instrument or reason {name!r}."
            yield Problem(case.file, case.line, 1, "absent", message, suggest(name, known))


def _unused(bundle: Bundle) -> Iterator[Problem]:
    """Yield parameters and instruments that nothing uses."""
    params: set[str] = set()
    instruments: set[str] = set()
    for policy in bundle.policies.values():
        for rule in policy.rules:
            for name in ("instrument", "through", "to"):
                instruments.add(getattr(rule.effect, name, None) or "")
    for expression in bundle.expressions():
        params |= set(expression.parameters)
        instruments |= {str(node.value) for node in walk(expression.tree) if isinstance(node, Literal)}
    for policy in bundle.policies.values():
        document = bundle.document(policy)
        for name in policy.parameters:
            if f"{policy.id}/{name}" not in params:
                yield document.problem(("parameters", name), "No expression reads this parameter.", key=True)
        for name in policy.instruments:
            if name not in instruments:
                yield document.problem(("instruments", name), "No rule uses this instrument.", key=True)
