"""The bundle: every policy of a release, linked, checked, and ready to be asked as of a day."""

from __future__ import annotations

import functools
import marshal
import os
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vatspolicy.cel.ast import Node
from vatspolicy.cel.codegen import BYTECODE_VERSION, GeneratedModule
from vatspolicy.compile_cache import PIECES, cached_while_unchanged, digest, get, get_or_build
from vatspolicy.documents import Document, load_document, parse_document
from vatspolicy.documents.schemas import SchemaSet, resource_place
from vatspolicy.documents.validation import validate
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.model import Expression, Instrument, Policy, Rule, build_policy
from vatspolicy.policies.ruleset import CompiledExpressions, RuleSet
from vatspolicy.policies.stored import (
    Instruments,
    LateModule,
    Policies,
    days_of,
    expressions_of,
    leads_to,
    rules_of,
    store,
    values_on,
)

if TYPE_CHECKING:
    from pathlib import Path as FilePath
    from typing import Any

NON_POLICY_FILES = ("properties.yaml",)
"""Files in a folder of policies that decide nothing."""
TESTS_ENDING = ".test.yaml"
"""Ending of a file of tests, which stands beside its policy."""


def law_files(sources: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return the policies and bundle.yaml among files, in the order of their names, whatever folders they lie in."""
    return sorted((file for file in sources if is_law(file[0])), key=lambda file: (os.path.basename(file[0]), file[0]))


def is_law(name: str) -> bool:
    """Return whether a file in a folder of policies is a policy or bundle.yaml."""
    return os.path.basename(name) not in NON_POLICY_FILES and not name.endswith(TESTS_ENDING)


@dataclass(frozen=True, eq=False)
class Bundle:
    """All policies of one release."""

    version: str
    digest: str
    covers_from: str
    """First day the bundle speaks of."""
    policies: Mapping[str, Policy]
    instruments: Mapping[str, Instrument]
    _code: CompiledExpressions = field(repr=False)
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped, repr=False)
    """Schemas that profiles are read under."""
    _sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Policy files by name, of a bundle that was not read from a folder."""

    @functools.cached_property
    def boundaries(self) -> tuple[str, ...]:
        """Every day on which a rule, a parameter or an edition begins or ends, in order."""
        return _boundaries(self.covers_from, days_of(self.policies))

    def on(self, day: str) -> RuleSet:
        """The law of a day (ISO text). Raises ValueError before `covers_from`."""
        if day < self.covers_from:
            raise ValueError(f"the bundle covers days from {self.covers_from} on")
        return self._law(self.boundaries[bisect_right(self.boundaries, day) - 1])

    def rule(self, name: str) -> Rule:
        """The rule named policy/rule. Raises KeyError."""
        policy, _, id = name.partition("/")
        return self.policies[policy].rule(id)

    def document(self, policy: Policy) -> Document:
        """Read the file of a policy: from the bundle it came in, else from the folder. Raises InvalidInput."""
        return self._read(policy.file)

    def tests_of(self, policy: Policy) -> Document | None:
        """Read the tests that stand beside a policy; None if there are none. Raises InvalidInput."""
        name = policy.file.removesuffix(".yaml") + TESTS_ENDING
        return self._read(name) if name in self._sources or os.path.lexists(name) else None

    def _read(self, name: str) -> Document:
        if name in self._sources:
            return parse_document(self._sources[name], name)
        return load_document(name)

    def term(self, policy: Policy, name: str) -> tuple[Policy, str]:
        """The policy that defines a term which `policy` uses, and the term's text. Raises KeyError."""
        for owner in (policy, *(self.policies[used] for used in policy.uses)):
            if name in owner.terms:
                return owner, owner.terms[name]
        raise KeyError(name)

    @functools.cached_property
    def _laws(self) -> dict[str, RuleSet]:
        return {}

    def _law(self, day: str) -> RuleSet:
        """The law that begins on a boundary day, made once."""
        if day not in self._laws:
            self._laws[day] = self._make_law(day)
        return self._laws[day]

    def _make_law(self, day: str) -> RuleSet:
        rules: dict[str, list[Rule]] = {}
        for rule in rules_of(self.policies):
            if rule.in_force(day):
                rules.setdefault(rule.group, []).append(rule)
        return RuleSet(
            rules={key: tuple(found) for key, found in rules.items()},
            params=values_on(self.policies, day),
            instruments=self.instruments,
            access=tuple(dict.fromkeys(map(leads_to, rules.get("activity/route", [])))),
            _code=self._code,
            _keys=self._keys,
            schemas=self.schemas,
        )

    @functools.cached_property
    def _keys(self) -> Mapping[int, str]:
        if isinstance(self.policies, Policies):
            return self.policies.places
        return {id(expression): str(index) for index, expression in enumerate(self.expressions())}

    def expressions(self) -> Iterator[Expression]:
        """Every expression of the bundle, in a fixed order."""
        yield from (expression for _, expression in self.owned_expressions())

    def owned_expressions(self) -> Iterator[tuple[Policy, Expression]]:
        """Every expression of the bundle with the policy it stands in."""
        yield from expressions_of(self.policies.values())


def _boundaries(first: str, days: set[str]) -> tuple[str, ...]:
    return tuple(sorted(day for day in {first, *days} if first <= day < "9999"))


def generate(policies: Mapping[str, Policy]) -> CompiledExpressions:
    """Python for every expression of the policies, and for every question that a rule's conjuncts ask."""
    from vatspolicy.cel.activation import level_of
    from vatspolicy.cel.conjunct import conjuncts
    from vatspolicy.cel.conjunct import questions as asked

    rules: dict[str, Node] = {}
    others: dict[str, Node] = {}
    questions: dict[str, Node] = {}
    whens = {id(rule.when) for policy in policies.values() for rule in policy.rules}
    for place, (_, expression) in enumerate(expressions_of(policies.values())):
        if id(expression) not in whens:
            others[str(place)] = expression.tree
            continue
        rules[str(place)] = expression.tree
        questions |= {key: question.node for key, question in asked(conjuncts(expression.tree), str(place))}
    levels = {place: level_of(node) for place, node in (rules | others).items()}
    return CompiledExpressions(GeneratedModule(rules), GeneratedModule(others), GeneratedModule(questions), levels)


def load_bundle(folder: str | FilePath | None = None, schemas: SchemaSet | None = None) -> Bundle:
    """Return the policies of a folder under a set of schemas; the shipped ones by default.

    Raises:
        InvalidInput: With every problem found.
    """
    schemas = schemas or SchemaSet.shipped()
    root = resource_place("policies") if folder is None else _spelt(folder)
    told = cached_while_unchanged("policies", [(root, ".yaml")], lambda: _digests(_named_below(root)))
    prefix = _relative(root)
    found = get("bundle", _key(told[0], schemas), lambda data: _build(data, told[1], prefix, schemas))
    return found or _load(_named_below(root), prefix, schemas)


def build_bundle(sources: list[tuple[str, bytes]], schemas: SchemaSet | None = None) -> Bundle:
    """Return the bundle of policy files given as names and bytes. Raises InvalidInput."""
    return _load(sources, "", schemas or SchemaSet.shipped(), dict(sources))


def _load(
    sources: list[tuple[str, bytes]], prefix: str, schemas: SchemaSet, kept: Mapping[str, bytes] | None = None
) -> Bundle:
    """Return the bundle of files that are named below a prefix."""
    own, content = _digests(sources)
    return get_or_build(
        "bundle",
        _key(own, schemas),
        lambda: _compile(sources, prefix, schemas),
        lambda data: _build(data, content, prefix, schemas, kept),
    )


def _digests(sources: list[tuple[str, bytes]]) -> list[str]:
    """Digests of policy files: with the names they are given by, and with the files' own, which is the bundle's."""
    sources = law_files(sources)
    return [
        digest(part for name, text in sources for part in (name.encode(), text)),
        digest(part for name, text in sources for part in (os.path.basename(name).encode(), text)),
    ]


def _key(sources: str, schemas: SchemaSet) -> str:
    return digest([schemas.compile_key.encode(), BYTECODE_VERSION, sources.encode()])


def read_sources(root: FilePath) -> list[tuple[str, bytes]]:
    """File name and bytes of every policy file below a folder, in order. Raises InvalidInput when there is none."""
    prefix = _relative(str(root))
    return [(os.path.join(prefix, name), text) for name, text in _named_below(str(root))]


def _spelt(folder: str | FilePath) -> str:
    """The folder's path without what makes no difference."""
    from pathlib import Path as FilePath

    return str(FilePath(folder))


def _named_below(folder: str) -> list[tuple[str, bytes]]:
    """The same with names as seen from the folder."""
    from pathlib import Path as FilePath

    root = FilePath(folder)
    if not root.is_dir():
        raise InvalidInput([Problem(str(root), 1, 1, "", "There is no such folder of policies.")])
    files = sorted(path for path in root.rglob("*.yaml") if path.is_file())
    if not files:
        raise InvalidInput(
            [Problem(str(root), 1, 1, "", "There are no policies in this folder.", "A policy is a .yaml file.")]
        )
    return [(str(path.relative_to(root)), path.read_bytes()) for path in files]


def _relative(root: str) -> str:
    """A folder as seen from the working directory, where it lies below; empty for that directory itself."""
    folder, here = os.path.realpath(root), os.path.realpath(os.curdir)
    if folder == here:
        return ""
    below = os.path.join(here, "")
    return folder.removeprefix(below) if folder.startswith(below) else root


def _compile(sources: list[tuple[str, bytes]], prefix: str, schemas: SchemaSet) -> dict[str, Any]:
    """Everything that deciding needs, as plain data."""
    from vatspolicy.cel.conjunct import conjuncts
    from vatspolicy.cel.serialize import to_data
    from vatspolicy.policies.compiler import compile_policies

    names = {os.path.join(prefix, name): name for name, _ in sources}
    sources = [(os.path.join(prefix, name), text) for name, text in law_files(sources)]

    documents: list[Document] = []
    problems: list[Problem] = []
    release: Document | None = None
    for name, text in sources:
        try:
            document = parse_document(text, name)
        except InvalidInput as error:
            problems += error.problems
            continue
        if os.path.basename(name) == "bundle.yaml":
            release = document
            problems += validate(document, "bundle", schemas)
        else:
            found = validate(document, "policy", schemas)
            problems += found
            documents += [] if found else [document]
    if release is None and not problems:
        problems.append(
            Problem(
                os.path.dirname(sources[0][0]) or os.curdir,
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
    compiled = compile_policies(documents, schemas)
    policies: list[dict[str, Any]] = [
        {
            "file": document.file,
            "data": document.data,
            "lines": dict(marks),
            "trees": {path: (to_data(tree), [part.dump() for part in conjuncts(tree)]) for path, tree in trees.items()},
        }
        for document, marks, trees in compiled
    ]
    built = (build_policy(one["data"], one["file"], one["lines"], one["trees"]) for one in policies)
    shown = {policy.id: policy for policy in built}
    code = generate(shown)
    return {
        "version": release.data["version"],
        "covers_from": release.data["covers"]["from"],
        "days": _boundaries(release.data["covers"]["from"], days_of(shown)),
        **store(policies, names),
        PIECES: [
            *(marshal.dumps(module.dump()) for module in (code.rules, code.others, code.questions)),
            *(marshal.dumps((one["data"], one["lines"], one["trees"])) for one in policies),
        ],
        "levels": code.levels,
    }


def _build(
    data: Mapping[str, Any],
    content: str,
    prefix: str,
    schemas: SchemaSet,
    kept: Mapping[str, bytes] | None = None,
) -> Bundle:
    rules, others, questions, *pieces = data[PIECES]
    policies = Policies(data, pieces, prefix)
    instruments = Instruments(policies, data["instruments"], data["fixed"])
    code = CompiledExpressions(LateModule(rules), LateModule(others), LateModule(questions), data["levels"])
    bundle = Bundle(data["version"], content, data["covers_from"], policies, instruments, code, schemas, kept or {})
    vars(bundle)["boundaries"] = tuple(data["days"])
    return bundle
