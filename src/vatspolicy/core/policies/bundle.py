"""Bundle of all policies of a release: linked, checked, and compiled."""

from __future__ import annotations

import dataclasses
import functools
import os
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from vatspolicy.compile_cache import cached_digests, digest, get, get_or_build
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.documents import Document, load_document, recall_document
from vatspolicy.core.documents.schemas import UNUSABLE, SchemaSet, resource_place
from vatspolicy.core.policies.files import HEAD, TESTS_ENDING, LayerFiles, law_files, unreadable, walk
from vatspolicy.core.policies.model import NEVER, Enforcement, Expression, Instrument, Layer, Policy, Rule
from vatspolicy.core.policies.ruleset import RuleSet, RuleSetsByDay
from vatspolicy.core.policies.serialize import policy_from_data
from vatspolicy.core.profile.invariants import require_usable
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.i18n import _

if TYPE_CHECKING:
    from pathlib import Path as FilePath


YEARS_AHEAD = 5
"""Number of years after the last check of the law within which a day can be decided."""


class Origin(NamedTuple):
    """The origin of the base of a law."""

    origin: Literal["shipped", "folder", "bundle"]
    name: str | None
    """The folder, or the file of the bundle; None for the shipped law."""


SHIPPED, HERE = Origin("shipped", None), Origin("folder", os.curdir)


@frozen(slots=True)
class LawIdentity(ValueObject):
    """The description of the law in reports."""

    origin: str
    """Origin of the base: shipped, folder or bundle."""
    name: str | None
    """The folder, or the file of the bundle."""
    version: str
    digest: str
    """Digest with all layers."""


@frozen()
class Bundle:
    """All policies of one release."""

    version: str
    digest: str
    covers_from: str
    """First day that the bundle covers."""
    policies: Mapping[str, Policy]
    instruments: Mapping[str, Instrument]
    module: Mapping[str, Any] = field(repr=False)
    """Generated code of all expressions: the parts of a `GeneratedModule`."""
    schemas: SchemaSet = field(default_factory=SchemaSet.shipped, repr=False)
    """Schemas that profiles are read under."""
    known_until: str | None = None
    """Day on which the law was last checked; None if the bundle does not state it."""
    _sources: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """Policy files by name, of a bundle that was not read from a folder."""
    layers: tuple[Layer, ...] = ()
    """The base and the layers above it, in order; none if there are no layers."""
    _replacing: frozenset[str] = frozenset()
    """Rules (policy/rule) that replace the rule that they override."""
    origin: Origin = HERE
    """The origin of the base."""

    @property
    def identity(self) -> LawIdentity:
        """The description of the law in reports."""
        return LawIdentity(*self.origin, self.version, self.digest)

    @property
    def covers_until(self) -> str:
        """The last day that can be decided, some years after the law was last checked."""
        if self.known_until is None:
            return NEVER
        year, rest = self.known_until.split("-", 1)
        return f"{int(year) + YEARS_AHEAD:04}-{rest}"

    @functools.cached_property
    def boundaries(self) -> tuple[str, ...]:
        """Every day on which a rule, a parameter or an edition begins or ends, in order."""
        days: set[str] = set()
        for policy in self.policies.values():
            days |= {rule.since for rule in policy.rules} | {rule.until for rule in policy.rules}
            days |= {value.since for parameter in policy.parameters.values() for value in parameter.values}
            days |= {edition.since for edition in policy.editions}
        return tuple(sorted(day for day in {self.covers_from, *days} if self.covers_from <= day < "9999"))

    @functools.cached_property
    def folder(self) -> str:
        """The folder that contains the files of all policies."""
        if self.layers:
            return self.layers[0].folder
        folders = [os.path.dirname(policy.file) for policy in self.policies.values()]
        return os.path.commonpath(folders) if folders else ""

    @functools.cached_property
    def own_policies(self) -> tuple[Policy, ...]:
        """The policies of the top layer, which the author edits."""
        return tuple(self.policies[id] for id in (self.layers[-1].policies if self.layers else self.policies))

    def layer_of(self, policy: str) -> Layer | None:
        """Return the layer of a policy; None if there are no layers."""
        return self._layer_of.get(policy)

    @functools.cached_property
    def _layer_of(self) -> Mapping[str, Layer]:
        return {id: layer for layer in self.layers for id in layer.policies}

    def is_base(self, policy: str) -> bool:
        """Return whether a policy is part of the base and not of a layer."""
        return not self.layers or policy in self.layers[0].policies

    def replaces(self, rule: Rule) -> bool:
        """Return whether a rule replaces the rule that it overrides, because the layer below allows it."""
        return rule.name in self._replacing

    @functools.cached_property
    def replacements(self) -> Mapping[str, tuple[Rule, ...]]:
        """The replacing rules by the name of the replaced rule, those of the top layer first."""
        replacements: dict[str, tuple[Rule, ...]] = {}
        for layer in reversed(self.layers[1:]):
            for rule in (rule for id in layer.policies for rule in self.policies[id].rules):
                if rule.overrides is not None and self.replaces(rule):
                    replacements[rule.overrides.rule] = (*replacements.get(rule.overrides.rule, ()), rule)
        return replacements

    @property
    def enforcements(self) -> Iterator[Enforcement]:
        """Every entry on how rules are enforced, those of the top layer last."""
        return (entry for layer in self.layers for entry in layer.enforce)

    def enforced(self, day: str) -> dict[str, Enforcement]:
        """Return how rules are enforced on a day, by their names: the entry of the highest layer counts."""
        return {entry.rule: entry for entry in self.enforcements if entry.since <= day <= entry.until}

    def replaced(self, day: str) -> dict[str, Rule]:
        """Return the rules replaced on a day, each with its replacement.

        A replaced rule no longer replaces another rule, which is in force again.
        """
        replacing = ((name, self._replacement(name, day)) for name in self.replacements)
        return {name: rule for name, rule in replacing if rule is not None}

    def replacing(self, name: str) -> list[Rule]:
        """Return the rules that replace a rule on some day, including indirect replacements."""
        replacement = self.replacements.get(name, ())
        return [*replacement, *(further for rule in replacement for further in self.replacing(rule.name))]

    def _replacement(self, name: str, day: str) -> Rule | None:
        """Return the rule that replaces a rule on a day; None if it is not replaced."""
        rules = (rule for rule in self.replacements.get(name, ()) if rule.in_force(day))
        return next((rule for rule in rules if self._replacement(rule.name, day) is None), None)

    def edit(self, policies: Mapping[str, Policy], sources: Mapping[str, bytes]) -> Bundle:
        """Return the bundle with some policies added or replaced, and the texts of some of its files by their names.

        The expressions of these policies need no generated code (`NO_CODE`). The digest stays that of the files.
        """
        combined = {**self.policies, **policies}
        instruments = {id: instrument for policy in combined.values() for id, instrument in policy.instruments.items()}
        texts = {**self._sources, **sources}
        edited = dataclasses.replace(self, policies=combined, instruments=instruments, _sources=texts)
        edited.__dict__["_module"] = self._module
        return edited

    def on(self, day: str) -> RuleSet:
        """Return the rule set of a day (ISO text). Raises ValueError before `covers_from`."""
        if day < self.covers_from:
            raise ValueError(_("the bundle covers days from {covers_from} on", covers_from=self.covers_from))
        return self._rulesets.on(self.boundaries[bisect_right(self.boundaries, day) - 1], self.replaced)

    def rule(self, name: str) -> Rule:
        """Return the rule named policy/rule. Raises KeyError."""
        policy, _, id = name.partition("/")
        return self.policies[policy].rule(id)

    def document(self, policy: Policy) -> Document:
        """Read the file of a policy: from the bundle it came in, else from the folder. Raises InvalidInput."""
        return self._read(policy.file)

    def tests_of(self, policy: Policy) -> Document | None:
        """Read the test file of a policy; None if it does not exist. Raises InvalidInput."""
        name = policy.file.removesuffix(".yaml") + TESTS_ENDING
        return self._read(name) if name in self._sources or os.path.lexists(name) else None

    def _read(self, name: str) -> Document:
        if name in self._sources:
            return recall_document(self._sources[name], name)
        return load_document(name, recall=True)

    def term(self, policy: Policy, name: str) -> tuple[Policy, str]:
        """Return the policy that defines a term which `policy` uses, and the text of the term. Raises KeyError."""
        for owner in (policy, *(self.policies[used] for used in policy.uses)):
            if name in owner.terms:
                return owner, owner.terms[name]
        raise KeyError(name)

    def expressions(self) -> Iterator[Expression]:
        """Yield every expression that the policies write, in a fixed order."""
        yield from (expression for _, expression in self.owned_expressions())

    def owned_expressions(self) -> Iterator[tuple[Policy, Expression]]:
        """Yield every expression that the policies write, with its policy."""
        for policy in self.policies.values():
            for rule in policy.rules:
                yield from ((policy, expression) for expression in rule.expressions)
            for instrument in policy.instruments.values():
                yield from ((policy, expression) for expression in instrument.expressions)

    def compiled(self) -> Iterator[Expression]:
        """Yield every expression that is evaluated, in the order of their indexes."""
        for policy in self.policies.values():
            yield from policy.compiled

    def __getstate__(self) -> dict[str, Any]:
        """Return the fields alone: rule sets are made again where they are needed."""
        return {entry.name: getattr(self, entry.name) for entry in dataclasses.fields(self)}

    @functools.cached_property
    def _rulesets(self) -> RuleSetsByDay:
        return RuleSetsByDay(self, self._module, self._interpreters)

    @functools.cached_property
    def _interpreters(self) -> dict[Any, Any]:
        """Interpreters of expressions, which days with the same parameter values share."""
        return {}

    @functools.cached_property
    def _module(self) -> GeneratedModule[int]:
        return GeneratedModule(self.module, kept=True)


def load_bundle(
    folder: str | FilePath | None = None, schemas: SchemaSet | None = None, layers: Sequence[LayerFiles] = ()
) -> Bundle:
    """Return the policies of a folder under a set of schemas: by default those of its project, else the shipped ones.

    With `layers`, the folder is the base below them.

    Raises:
        InvalidInput: With every problem found.
    """
    if schemas is None and folder is not None and (own := schemas_of_project(folder)) is not None:
        return _load_own(folder, own, layers)
    schemas = schemas or SchemaSet.shipped()
    root = resource_place("policies") if folder is None else _spelt(folder)
    prefix = shown_folder(root)
    origin = SHIPPED if folder is None else Origin("folder", prefix or os.curdir)
    if layers:
        named = [(os.path.join(prefix, name), text) for name, text in _named_below(root)]
        return dataclasses.replace(_load_stack(named, schemas, layers), origin=origin)
    current = cached_digests("policies", [(root, ".yaml")], lambda: _digests(_named_below(root)))
    bundle = get("bundle", _key(current[0], schemas), lambda data: _build(data, current[1], prefix, schemas))
    return dataclasses.replace(bundle or _load(_named_below(root), prefix, schemas), origin=origin)


def schemas_of_project(folder: str | FilePath) -> SchemaSet | None:
    """Return the schemas next to a folder named `policies`; None if there are none, or only the shipped ones.

    Raises InvalidInput for a file that cannot be read.
    """
    project, name = os.path.split(os.path.abspath(folder))
    if name != "policies" or not os.path.isfile(os.path.join(project, "schemas", "profile.schema.json")):
        return None
    try:
        own = SchemaSet.from_folder(os.path.join(project, "schemas"))
    except OSError as error:
        raise InvalidInput([unreadable(str(error.filename), error)]) from None
    return None if own == SchemaSet.shipped() else own


def _load_own(folder: str | FilePath, schemas: SchemaSet, layers: Sequence[LayerFiles]) -> Bundle:
    """Return the policies of a folder under the schemas of their project. Raises InvalidInput."""
    try:
        bundle = load_bundle(folder, schemas, layers)
        require_usable(bundle.schemas)
    except UNUSABLE:
        schema_folder = os.path.join(os.path.dirname(os.path.abspath(folder)), "schemas")
        message = _("The schemas of this state cannot be used by this version of the program.")
        raise InvalidInput([Problem(shown_folder(schema_folder), 1, 1, "", message)]) from None
    return bundle


def build_bundle(
    sources: list[tuple[str, bytes]], schemas: SchemaSet | None = None, layers: Sequence[LayerFiles] = ()
) -> Bundle:
    """Return the bundle of policy files given as names and bytes, with layers above them. Raises InvalidInput."""
    schemas = schemas or SchemaSet.shipped()
    if layers:
        above = [file for layer in layers for file in (layer.head, *layer.sources)]
        return _load_stack(sources, schemas, layers, dict([*sources, *above]))
    return _load(sources, "", schemas, dict(sources))


def _load_stack(
    sources: list[tuple[str, bytes]],
    schemas: SchemaSet,
    layers: Sequence[LayerFiles],
    kept: Mapping[str, bytes] | None = None,
) -> Bundle:
    """Return the bundle of a base and the layers above it."""
    own, base = _digests(sources)
    head = [text for name, text in sources if os.path.basename(name) == HEAD]
    content = digest(part.encode() for part in (base, digest(head), *(layer.digest for layer in layers)))
    files = (part for layer in layers for file in (layer.head, *layer.sources) for part in (file[0].encode(), file[1]))
    return get_or_build(
        "bundle",
        _key(digest([own.encode(), content.encode(), *files]), schemas),
        lambda: _compile(sources, "", schemas, layers, base),
        lambda data: _build(data, content, "", schemas, kept),
    )


def _load(
    sources: list[tuple[str, bytes]], prefix: str, schemas: SchemaSet, kept: Mapping[str, bytes] | None = None
) -> Bundle:
    """Return the bundle of files named below a prefix."""
    own, content = _digests(sources)
    return get_or_build(
        "bundle",
        _key(own, schemas),
        lambda: _compile(sources, prefix, schemas),
        lambda data: _build(data, content, prefix, schemas, kept),
    )


def _digests(sources: list[tuple[str, bytes]]) -> list[str]:
    """Return two digests of policy files: over their paths and bytes, and (the bundle's) over their names and bytes."""
    sources = law_files(sources)
    return [
        digest(part for name, text in sources for part in (name.encode(), text)),
        digest(part for name, text in sources for part in (os.path.basename(name).encode(), text)),
    ]


def _key(sources: str, schemas: SchemaSet) -> str:
    return digest([schemas.compile_key.encode(), sources.encode()])


def read_sources(root: FilePath) -> list[tuple[str, bytes]]:
    """Return the name and bytes of every policy file below a folder, in order. Raises InvalidInput without any."""
    prefix = shown_folder(root)
    return [(os.path.join(prefix, name), text) for name, text in _named_below(str(root))]


def _spelt(folder: str | FilePath) -> str:
    """Return the path of a folder in its canonical spelling."""
    from pathlib import Path as FilePath

    return str(FilePath(folder))


def _named_below(folder: str) -> list[tuple[str, bytes]]:
    """Return the policy files below a folder, with names relative to it. Raises InvalidInput."""
    if not os.path.isdir(folder):  # also False for a name that is too long
        raise InvalidInput([Problem(folder, 1, 1, "", _("This policy folder does not exist."))])
    named_below: list[tuple[str, bytes]] = []
    problems: list[Problem] = []
    for path in sorted(walk(folder, problems)):
        try:
            if path.endswith(".yaml") and os.path.isfile(path):
                with open(path, "rb") as stream:
                    named_below.append((os.path.relpath(path, folder), stream.read()))
        except OSError as error:
            problems.append(unreadable(path, error))
    if not named_below and not problems:
        hint = _("A policy is a .yaml file.")
        problems.append(Problem(folder, 1, 1, "", _("There are no policies in this folder."), hint))
    if problems:
        raise InvalidInput(problems)
    return named_below


def shown_folder(root: str | FilePath) -> str:
    """Return a folder relative to the working directory if it lies below; empty for that directory itself."""
    folder, here = os.path.realpath(root), os.path.realpath(os.curdir)
    if folder == here:
        return ""
    below = os.path.join(here, "")
    return folder.removeprefix(below) if folder.startswith(below) else os.fspath(root)


def _compile(
    sources: list[tuple[str, bytes]],
    prefix: str,
    schemas: SchemaSet,
    layers: Sequence[LayerFiles] = (),
    base_digest: str = "",
) -> dict[str, Any]:
    """Compile policy files with `compile_law`, which is imported only for policies that are not compiled yet."""
    from vatspolicy.core.policies.compilation import compile_law

    return compile_law(sources, prefix, schemas, layers, base_digest)


def _build(
    data: Mapping[str, Any], content: str, prefix: str, schemas: SchemaSet, kept: Mapping[str, bytes] | None = None
) -> Bundle:
    """Build the bundle of compiled policies. Their files are named below a prefix.

    Raises ValueError for a module without its source.
    """
    module = GeneratedModule[int](data["module"])
    policies = {policy.id: policy for policy in (policy_from_data(row, prefix) for row in data["policies"])}
    instruments = {name: instrument for policy in policies.values() for name, instrument in policy.instruments.items()}
    return Bundle(
        data["version"],
        content,
        data["covers_from"],
        policies,
        instruments,
        module.parts,
        schemas.with_instruments(data["instruments"]) if data["instruments"] else schemas,
        data["known_until"],
        kept or {},
        tuple(Layer(*row)._replace(enforce=tuple(Enforcement(*entry) for entry in row[-1])) for row in data["layers"]),
        frozenset(data["replacing"]),
    )
