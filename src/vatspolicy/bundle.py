"""The bundle: every policy of a release, linked, checked, and ready to be asked as of a day."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

from vatspolicy.cache import digest, language_digest, remember
from vatspolicy.document import Document, parse_document
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.expression.conjunct import conjuncts
from vatspolicy.expression.python import PYTHON, Module
from vatspolicy.expression.scope import level_of
from vatspolicy.expression.store import dump
from vatspolicy.expression.tree import Node
from vatspolicy.law import Code, Law
from vatspolicy.policy import Expression, Instrument, Policy, Route, Rule, build_policy
from vatspolicy.schema import resource_folder, schema_folder, validate

BESIDE = ("properties.yaml",)
"""Files in a folder of policies that are no policies and decide nothing."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """All policies of one release."""

    version: str
    digest: str
    covers_from: str
    """First day the bundle speaks of."""
    policies: Mapping[str, Policy]
    instruments: Mapping[str, Instrument]
    _code: Code = field(repr=False)

    @functools.cached_property
    def boundaries(self) -> tuple[str, ...]:
        """Every day on which a rule, a parameter or an edition begins or ends, in order."""
        days = {self.covers_from}
        for policy in self.policies.values():
            days |= {rule.since for rule in policy.rules} | {rule.until for rule in policy.rules}
            days |= {value.since for parameter in policy.parameters.values() for value in parameter.values}
            days |= {edition.since for edition in policy.editions}
        return tuple(sorted(day for day in days if self.covers_from <= day < "9999"))

    def on(self, day: str) -> Law:
        """The law of a day (ISO text). Raises ValueError before `covers_from`."""
        if day < self.covers_from:
            raise ValueError(f"the bundle covers days from {self.covers_from} on")
        return self._law(self.boundaries[bisect_right(self.boundaries, day) - 1])

    def rule(self, name: str) -> Rule:
        """The rule named policy/rule. Raises KeyError."""
        policy, _, id = name.partition("/")
        return self.policies[policy].rule(id)

    def term(self, policy: Policy, name: str) -> tuple[Policy, str]:
        """The policy that defines a term which `policy` uses, and the term's text. Raises KeyError."""
        for owner in (policy, *(self.policies[used] for used in policy.uses)):
            if name in owner.terms:
                return owner, owner.terms[name]
        raise KeyError(name)

    @functools.cached_property
    def _laws(self) -> dict[str, Law]:
        return {}

    def _law(self, day: str) -> Law:
        """The law that begins on a boundary day, made once."""
        if day not in self._laws:
            self._laws[day] = self._make_law(day)
        return self._laws[day]

    def _make_law(self, day: str) -> Law:
        rules: dict[str, list[Rule]] = {}
        for policy in self.policies.values():
            for rule in policy.rules:
                if rule.in_force(day):
                    rules.setdefault(rule.group, []).append(rule)
        params = {
            parameter.key: value.value
            for policy in self.policies.values()
            for parameter in policy.parameters.values()
            for value in (parameter.on(day) or parameter.values[0],)
        }
        routes = [rule.effect for rule in rules.get("activity/route", []) if isinstance(rule.effect, Route)]
        return Law(
            rules={key: tuple(found) for key, found in rules.items()},
            params=params,
            instruments=self.instruments,
            access=tuple(dict.fromkeys(route.instrument for route in routes)),
            _code=self._code,
            _keys=self._keys,
        )

    @functools.cached_property
    def _keys(self) -> Mapping[int, str]:
        return {id(expression): str(index) for index, expression in enumerate(self.expressions())}

    def expressions(self) -> Iterator[Expression]:
        """Every expression of the bundle, in a fixed order."""
        yield from (expression for _, expression in self.owned_expressions())

    def owned_expressions(self) -> Iterator[tuple[Policy, Expression]]:
        """Every expression of the bundle with the policy it stands in."""
        yield from _expressions(self.policies)


def _expressions(policies: Mapping[str, Policy]) -> Iterator[tuple[Policy, Expression]]:
    for policy in policies.values():
        for rule in policy.rules:
            yield policy, rule.when
            if isinstance(rule.effect, Route):
                if rule.effect.max_foreign_percent is not None:
                    yield policy, rule.effect.max_foreign_percent
                yield from ((policy, condition.check) for condition in rule.effect.conditions)
        for instrument in policy.instruments.values():
            yield from ((policy, when) for when, _ in instrument.authority)
            if instrument.covers is not None:
                yield policy, instrument.covers


def generate(policies: Mapping[str, Policy]) -> Code:
    """Python for every expression of the policies, and for every question that a rule's conjuncts ask."""
    rules: dict[str, Node] = {}
    others: dict[str, Node] = {}
    questions: dict[str, Node] = {}
    whens = {id(rule.when) for policy in policies.values() for rule in policy.rules}
    for place, (_, expression) in enumerate(_expressions(policies)):
        if id(expression) not in whens:
            others[str(place)] = expression.tree
            continue
        rules[str(place)] = expression.tree
        for number, part in enumerate(conjuncts(expression.tree)):
            questions |= {f"{place}.{number}.{turn}": one.node for turn, one in enumerate(part.questions)}
    levels = {place: level_of(node) for place, node in (rules | others).items()}
    return Code(Module(rules), Module(others), Module(questions), levels)


def load_bundle(folder: str | FilePath | None = None) -> Bundle:
    """The policies of a folder (the shipped ones by default). Raises InvalidInput with every problem found."""
    return build_bundle(read_sources(FilePath(folder) if folder is not None else resource_folder("policies")))


def build_bundle(sources: list[tuple[str, bytes]]) -> Bundle:
    """The bundle of policy files given as names and bytes, under the schemas in use. Raises InvalidInput."""
    sources = [(name, text) for name, text in sources if FilePath(name).name not in BESIDE]
    schemas = (path.read_bytes() for path in sorted(schema_folder().glob("*.json")))
    key = digest(
        [
            language_digest().encode(),
            PYTHON,
            *schemas,
            *(part for name, text in sources for part in (name.encode(), text)),
        ]
    )
    content = digest(part for name, text in sources for part in (FilePath(name).name.encode(), text))
    return remember("bundle", key, lambda: _compile(sources), lambda data: _build(data, content))


def read_sources(root: FilePath) -> list[tuple[str, bytes]]:
    """File name and bytes of every policy file below a folder, in order. Raises InvalidInput when there is none."""
    if not root.is_dir():
        raise InvalidInput([Problem(str(root), 1, 1, "", "There is no such folder of policies.")])
    files = sorted(path for path in root.rglob("*.yaml") if path.is_file())
    if not files:
        raise InvalidInput(
            [Problem(str(root), 1, 1, "", "There are no policies in this folder.", "A policy is a .yaml file.")]
        )
    shown = _relative(root)  # of the folder, once: to resolve every file costs more than to read it
    return [(str(shown / path.relative_to(root)), path.read_bytes()) for path in files]


def _relative(root: FilePath) -> FilePath:
    """A folder as seen from the working directory, where it lies below."""
    try:
        return root.resolve().relative_to(FilePath.cwd())
    except ValueError:
        return root


def _compile(sources: list[tuple[str, bytes]]) -> dict[str, Any]:
    """Everything that deciding needs, as plain data."""
    from vatspolicy.link import link

    documents: list[Document] = []
    problems: list[Problem] = []
    release: Document | None = None
    for name, text in sources:
        try:
            document = parse_document(text, name)
        except InvalidInput as error:
            problems += error.problems
            continue
        if FilePath(name).name == "bundle.yaml":
            release = document
            problems += validate(document, "bundle")
        else:
            found = validate(document, "policy")
            problems += found
            documents += [] if found else [document]
    if release is None and not problems:
        problems.append(
            Problem(
                str(FilePath(sources[0][0]).parent),
                1,
                1,
                "",
                "The folder has no bundle.yaml.",
                "It states version and covers.",
            )
        )
    if problems:
        raise InvalidInput(problems)
    assert release is not None
    compiled = link(documents)
    policies = [
        {
            "file": document.file,
            "data": {key: value for key, value in document.data.items() if key != "tests"},
            "lines": dict(marks),
            "trees": {path: (dump(tree), [part.dump() for part in conjuncts(tree)]) for path, tree in trees.items()},
        }
        for document, marks, trees in compiled
    ]
    code = generate(_build_policies(policies))
    return {
        "version": release.data["version"],
        "covers_from": release.data["covers"]["from"],
        "policies": policies,
        "code": code.dump(),
    }


def _build(data: Mapping[str, Any], content: str) -> Bundle:
    policies = _build_policies(data["policies"])
    instruments = {name: instrument for policy in policies.values() for name, instrument in policy.instruments.items()}
    code = Code.restore(data["code"])
    return Bundle(data["version"], content, data["covers_from"], policies, instruments, code)


def _build_policies(entries: Iterable[Mapping[str, Any]]) -> dict[str, Policy]:
    return {e["data"]["id"]: build_policy(e["data"], e["file"], e["lines"], e["trees"]) for e in entries}
