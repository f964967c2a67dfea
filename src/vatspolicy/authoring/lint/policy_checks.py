"""Checks of policies, their tests and the schemas, beyond what loading them demands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TypeAlias

from vatspolicy.authoring.testing.cases import cases_of, fixture_cases, load_tests, test_entries
from vatspolicy.authoring.testing.coverage import Coverage, expressions_of
from vatspolicy.authoring.testing.rule_states import outside_terms, reads_facts
from vatspolicy.authoring.verification import hash_problems
from vatspolicy.core.cel.ast import And, Fact, Literal, Node, Not, Or, Quantifier, Term, walk
from vatspolicy.core.documents import Document, Limits, Path, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.schemas import SchemaSet, resource_folder
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.core.policies.cost import COSTLY, expression_cost
from vatspolicy.core.policies.model import NEVER, Expression, Policy, Rule
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.errors import InvalidInput, Problem, suggest
from vatspolicy.i18n import Listing, _
from vatspolicy.i18n.lint import faults, schema_faults


def tests(file: PolicyFile) -> Found:
    """Yield unknown rules and instruments in the tests of a policy."""
    document = load_tests(file.bundle, file.policy)
    if document is None:
        return
    rules = [rule.id for rule in file.policy.rules]
    for entry, case in test_entries(document):
        for name in case["expect"]:
            if name not in rules:
                place: Path = (*entry, "expect", name)
                message = _("There is no rule {name!r} in this file.", name=name)
                yield "unknown-name", document.problem(place, message, suggest(name, rules), key=True)
        for name in case.get("authority", ()):
            if name not in file.bundle.instruments:
                place = (*entry[:2], "authority", name)
                message, hint = _("There is no instrument {name!r}.", name=name), suggest(name, file.bundle.instruments)
                yield "unknown-name", document.problem(place, message, hint, key=True)


def fixtures(bundle: Bundle, folder: FilePath) -> Found:
    """Yield unknown names in the expectations of fixtures, and the problems of fixtures that cannot be used."""
    rules = [rule.name for policy in bundle.policies.values() for rule in policy.rules]
    instruments = list(bundle.instruments)
    anything = [*rules, *instruments, *words("reason", bundle.schemas)]
    known = {"rules": rules, "advice": rules, "duties": instruments, "needs": instruments, "absent": anything}
    try:
        for case in fixture_cases(bundle, folder):
            for key, names in known.items():
                for name in _named(case.expect, key):
                    if name not in names:
                        message = _missing(key, name)
                        yield "unknown-name", Problem(case.file, case.line, 1, key, message, suggest(name, names))
    except InvalidInput as error:
        yield from (("invalid-fixture", problem) for problem in error.problems)


def _named(expect: Mapping[str, Iterable[str]], key: str) -> Iterable[str]:
    """Return the names under a key; a need is an instrument, a class and a route."""
    return [name.partition(" ")[0] if key == "needs" else name for name in expect.get(key, ())]


def _missing(key: str, name: str) -> str:
    if key in ("rules", "advice"):
        return _("There is no rule {name!r}.", name=name)
    return (
        _("There is no rule, instrument or reason {name!r}.", name=name)
        if key == "absent"
        else _("There is no instrument {name!r}.", name=name)
    )


def documents_of_tests(bundle: Bundle, policies: Iterable[Policy]) -> Iterable[Document]:
    """Yield the files of tests beside policies."""
    for policy in policies:
        document = load_tests(bundle, policy)
        if document is not None:
            yield document


# --- checks of policies and schemas, beyond what loading them demands. Each yields rules with problems


Found: TypeAlias = "Iterator[tuple[str, Problem]]"
"""Rules of the catalogue, each with a problem."""

ORDER = tuple(SchemaSet.shipped().load("policy")["properties"])
"""Order of keys in a policy file."""

_FIRES = {"fires", "met", "unmet", "open", "done"}
_SILENT = {"silent", "closed"}


@dataclass(frozen=True)
class PolicyFile:
    """A policy under lint."""

    bundle: Bundle
    policy: Policy
    document: Document
    expressions: Sequence[Expression]
    terms: Mapping[str, Node]
    """The terms of the file that some expression uses."""


def _key_order(file: PolicyFile) -> Found:
    keys = list(file.document.data)
    if keys != sorted(keys, key=ORDER.index):
        first = next(key for key, wanted in zip(keys, sorted(keys, key=ORDER.index), strict=True) if key != wanted)
        hint = _("The order is {order}.", order=Listing(ORDER))
        yield (
            "key-order",
            file.document.problem((first,), _("The keys of a policy have a fixed order."), hint, key=True),
        )


def _translations(file: PolicyFile) -> Found:
    for path, text in find_texts(file.document.data):
        for lang, message, hint in faults(text["en"], text["zh"]):
            yield "translation", file.document.problem((*path, lang), message, hint)


def find_texts(value: Tree, path: Path = ()) -> Iterator[tuple[Path, Mapping[str, str]]]:
    """Yield every {en, zh} text. Articles are quotations of the law, not translations of one another."""
    if isinstance(value, dict):
        if set(value) == {"en", "zh"}:
            yield path, value
            return
        for key, child in value.items():
            yield from find_texts(child, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from find_texts(member, (*path, index))


def _citations(file: PolicyFile) -> Found:
    yield from hash_problems(file.document)
    for key, article in file.document.data.get("articles", {}).items():
        path: Path = ("articles", key)
        if "label" not in article and not key.startswith("art-"):
            message = _("A key that is not an article number needs a label.")
            yield "label-missing", file.document.problem(path, message, _("Add label: {en, zh}."), key=True)
        if article["verification"] == "primary" and "zh" not in article:
            message, hint = _("A primary article quotes the Chinese text."), _("Add zh, or call it secondary.")
            yield "primary-without-quote", file.document.problem(path, message, hint, key=True)
    if (
        file.policy.rules
        and "number" not in file.policy.source
        and not file.policy.editions
        and "note" not in file.policy.source
    ):
        message, hint = _("The source has no document number."), _("Write the number, or a note why there is none.")
        yield "source-number-missing", file.document.problem(("source",), message, hint)


def _numbers(file: PolicyFile) -> Found:
    """Yield numbers and lists in expressions: a value that a lawyer would look up is a parameter."""
    message = _("A number or a list in an expression is a parameter: dated and cited.")
    for expression in file.expressions:
        if any(map(_is_figure, outside_terms(expression.tree))):
            yield "number-in-expression", Problem(file.policy.file, expression.line, expression.column, "", message)
    for name, tree in file.terms.items():
        for node in filter(_is_figure, outside_terms(tree)):
            line, column = file.document.locate(("terms", name), node.span[0])
            yield "number-in-expression", Problem(file.policy.file, line, column, f"terms.{name}", message)


def _is_figure(node: Node) -> bool:
    if not isinstance(node, Literal) or isinstance(node.value, bool | str):
        return False
    return isinstance(node.value, tuple) or node.value not in (0, 1)


def _seen_both_ways(file: PolicyFile) -> Found:
    """Yield rules that the tests of their policy do not show firing, silent and, for a missing fact, undecided."""
    if not file.policy.rules:
        return
    coverage = Coverage(file.bundle)
    for case in cases_of(file.bundle, file.policy):
        coverage.note_states(case)
    for index, rule in enumerate(file.policy.rules):
        seen = coverage.states(rule)
        unseen = [word for word, wanted in _wanted(rule) if not seen & wanted]
        if unseen:
            message = _("No test shows {id} {unseen}.", id=rule.id, unseen=Listing(unseen, "or"))
            yield "untested", file.document.problem(("rules", index), message)


def _wanted(rule: Rule) -> Iterator[tuple[str, set[str]]]:
    yield _("applying"), _FIRES
    if any(reads_facts(expression.tree) for expression in expressions_of(rule)) or rule.until != NEVER:
        yield _("not applying"), _SILENT
    if any(_may_be_missing(node) for expression in expressions_of(rule) for node in walk(expression.tree)):
        yield _("undecided for a missing fact"), {"unknown"}


def _may_be_missing(node: Node) -> bool:
    return (
        isinstance(node, Fact)
        and (node.root, node.names) != ("activity", ("class",))
        and node.root != "as_of"
        and bool(node.names)
    )


def _unused_terms(file: PolicyFile) -> Found:
    for name in file.policy.terms:
        if name not in file.terms:
            yield "unused-term", file.document.problem(("terms", name), _("No expression uses this term."), key=True)


def _costs(file: PolicyFile) -> Found:
    """Yield expressions that some profile could make slow."""
    for expression in file.expressions:
        steps = expression_cost(file.bundle, expression)
        if steps > COSTLY:
            message = _(
                "Evaluating this can take {steps} steps, which is more than {most}.",
                steps=f"{steps:,}",
                most=f"{COSTLY:,}",
            )
            hint = _("Quantify over fewer lists at once.")
            yield "costly-expression", Problem(file.policy.file, expression.line, expression.column, "", message, hint)


def _unmeetable(file: PolicyFile) -> Found:
    """Yield instruments of needs and routes that can cover no subject of their rule."""
    for index, rule in enumerate(file.policy.rules):
        name = getattr(rule.effect, "instrument", None)
        covers = None if name is None or rule.kind == "duty" else file.bundle.instruments[name].covers
        if covers is not None and not _can_be(True, covers.tree, _outside(rule.each)):
            message = _("No license ({name}) can cover the subject of this rule.", name=name)
            yield "unmeetable", file.document.problem(("rules", index, rule.kind, "instrument"), message)


def _outside(each: str) -> frozenset[str]:
    """Return the variables of `covers` that a subject of this kind does not have."""
    return frozenset(variables("activity").keys() - variables(each).keys())


def _can_be(value: bool, node: Node, missing: AbstractSet[str]) -> bool:
    """Return False if an expression never has the value, because variables are missing or a constant says otherwise."""
    match node:
        case Literal(value=constant):
            return constant is value
        case Not(body=body):
            return _can_be(not value, body, missing)
        case Term(body=body):
            return _can_be(value, body, missing)
        case And(parts=parts) | Or(parts=parts):
            every = all if isinstance(node, And) is value else any
            return every(_can_be(value, part, missing) for part in parts)
        case Quantifier(list=over):  # of an empty list, whatever its body reads
            return _can_be(value, over, missing)
        case _:
            return not any(isinstance(one, Fact) and one.root in missing for one in walk(node))


CHECKS: tuple[Callable[[PolicyFile], Found], ...] = (
    _key_order,
    _translations,
    _citations,
    _numbers,
    _costs,
    _seen_both_ways,
    _unused_terms,
    _unmeetable,
)


def added_overrides(bundle: Bundle, chosen: Iterable[Policy]) -> Iterator[Problem]:
    """Yield the overrides that replace nothing, because the layer below does not allow it."""
    for policy in chosen:
        for index, rule in enumerate(policy.rules):
            if rule.overrides is not None and not bundle.replaces(rule):
                message = _("{rule} stays in force too: no layer below lets it be loosened.", rule=rule.overrides.rule)
                yield bundle.document(policy).problem(("rules", index, "overrides"), message, key=True)


def unused(bundle: Bundle, chosen: Sequence[Policy]) -> Found:
    """Yield parameters and instruments of the policies chosen that nothing in the bundle uses."""
    params: set[str] = set()
    instruments: set[str] = set()
    for policy in bundle.policies.values():
        for rule in policy.rules:
            for name in ("instrument", "through", "to"):
                instruments.add(getattr(rule.effect, name, None) or "")
    for expression in bundle.expressions():
        params |= set(expression.parameters)
        instruments |= {str(node.value) for node in walk(expression.tree) if isinstance(node, Literal)}
    for policy in chosen:
        document = bundle.document(policy)
        for name in policy.parameters:
            if f"{policy.id}/{name}" not in params:
                yield (
                    "unused-parameter",
                    document.problem(("parameters", name), _("No expression reads this parameter."), key=True),
                )
        for name in policy.instruments:
            if name not in instruments:
                yield (
                    "unused-instrument",
                    document.problem(("instruments", name), _("No rule uses this instrument."), key=True),
                )


# --- checks of schemas: they are valid JSON Schema, and bilingual


_SCHEMA_LIMITS = Limits(size=2**24, nodes=10**6, depth=128)
"""The schemas are larger than a file of the user may be."""

_SHOWN_KEYWORDS = {"type", "enum", "format", "pattern", "minimum", "minItems"}
"""Keywords of the metaschema whose value explains a violation."""


def validity(schemas: SchemaSet) -> Found:
    """Yield violations of the JSON Schema 2020-12 metaschema, one per place and keyword."""
    accepts = _accept_schema()
    for name in schemas.names:
        if not accepts(schemas.load(name)):
            yield from _violations(schemas, name)


def _accept_schema() -> Callable[[Tree], bool]:
    """Return a quick check: a schema that it accepts is valid, and one that it does not accept may be."""
    from jsonschema_rs import Draft202012Validator

    metaschema = {"$ref": "https://json-schema.org/draft/2020-12/schema"}
    return Draft202012Validator(metaschema, validate_formats=True, formats={"regex": _is_pattern}).is_valid


def _is_pattern(text: str) -> bool:
    """Return whether Python reads a regular expression: generated code, which accepts most specs, matches with it."""
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _violations(schemas: SchemaSet, name: str) -> Found:
    from jsonschema import Draft202012Validator

    metaschema = Draft202012Validator(
        Draft202012Validator.META_SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    document = _schema_document(schemas, name)
    found = {}  # vocabularies of the metaschema repeat some keywords
    for error in metaschema.iter_errors(schemas.load(name)):
        leaf = next((one for one in error.context or () if one.validator == "enum"), error)  # of `type`
        found[tuple(leaf.absolute_path), str(leaf.validator)] = leaf
    for (path, keyword), error in found.items():
        hint = (
            _("Required by the metaschema: {validator_value}.", validator_value=str(error.validator_value))
            if keyword in _SHOWN_KEYWORDS
            else ""
        )
        message = _("This is not valid JSON Schema 2020-12: it violates {keyword!r}.", keyword=keyword)
        yield "schema-invalid", document.problem(path, message, hint)


def translations(schemas: SchemaSet) -> Found:
    """Yield problems of the texts in the schemas: reports show titles, questions, values and messages."""
    for name in schemas.names:
        if found := list(schema_faults(schemas.load(name))):
            document = _schema_document(schemas, name)
            yield from (("schema-translation", document.problem(path, message, hint)) for path, message, hint in found)


def _schema_document(schemas: SchemaSet, name: str) -> Document:
    file = f"{name}.schema.json"
    return parse_document(schemas.files[file], str(resource_folder("schemas") / file), _SCHEMA_LIMITS)
