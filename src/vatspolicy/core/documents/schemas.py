"""JSON Schemas of profiles, policies, fixtures and decisions, and the place of the files that ship with the package."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache, partial, wraps
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from vatspolicy.compile_cache import compiler_digest, digest
from vatspolicy.core.documents.launch_schema import LAUNCH, make_launch_schema
from vatspolicy.errors import suggest
from vatspolicy.i18n import Listing, Sentences, _

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_ENDING = ".schema.json"
UNUSABLE = (AssertionError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError)
"""Errors of custom schemas that this program cannot use."""


class SchemaSet:
    """The schemas of one release. Immutable; pass it to all code that reads or describes a document."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files: Mapping[str, bytes] = dict(sorted(files.items()))
        """Content by file name, such as `profile.schema.json`."""
        self.names = tuple(name.removesuffix(_ENDING) for name in self.files if name.endswith(_ENDING))
        """Sorted names without the ending: `profile` for `profile.schema.json`."""
        self._parsed: dict[str, dict[str, Any]] = {}
        self._derived: dict[Any, Any] = {}

    @classmethod
    def from_folder(cls, folder: str | os.PathLike[str]) -> SchemaSet:
        """Read the JSON files of a folder; a folder that does not exist has none. Raises OSError."""
        files: dict[str, bytes] = {}
        root = os.fspath(folder)
        for name in os.listdir(root) if os.path.isdir(root) else ():
            if name.endswith(".json"):
                path = os.path.join(root, name)
                if not os.path.isfile(path):  # reading a device would never end
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
                with open(path, "rb") as file:
                    files[name] = file.read()
        return cls(files)

    @staticmethod
    def shipped() -> SchemaSet:
        """Return the schemas that ship with the package."""
        return _shipped()

    @cached_property
    def digest(self) -> str:
        """Digest of names and contents."""
        return digest(part for name, content in self.files.items() for part in (name.encode(), content))

    @cached_property
    def compile_key(self) -> str:
        """Digest of these schemas and of the code that compiles policies: part of the key of every compiled form."""
        return digest([compiler_digest().encode(), self.digest.encode()])

    def load(self, name: str) -> dict[str, Any]:
        """Return the schema `name`, parsed. It is shared: do not change it.

        Raises:
            FileNotFoundError: There is no such schema; the message is a sentence with a hint.
        """
        if name == LAUNCH and name not in self._parsed and "profile" in self.names:
            self._parsed[name] = make_launch_schema(self.load("profile"))
        if name not in self._parsed:
            if name not in self.names:
                hint = suggest(name, self.names) or _("Known: {every}.", every=Listing(self.names or [_("none")]))
                raise FileNotFoundError(Sentences(_("There is no schema {name!r}.", name=name), hint))
            import json

            self._parsed[name] = json.loads(self.files[name + _ENDING])
        return self._parsed[name]

    def with_instruments(self, names: Iterable[str]) -> SchemaSet:
        """Return the schemas under which a profile may also hold these instruments.

        A policy establishes an instrument, so the list follows from the policies of the law, its layers included.
        """
        return self._wider(frozenset(names)) if "profile" in self.names else self

    @cached_property
    def _wider(self) -> Callable[[frozenset[str]], SchemaSet]:
        """`_add_instruments` with a small cache: what is derived from its sets is built once."""
        return lru_cache(8)(self._add_instruments)

    def _add_instruments(self, names: frozenset[str]) -> SchemaSet:
        import copy
        import json

        profile = copy.deepcopy(self.load("profile"))
        for node in _lists_of(profile, "instruments"):
            node["enum"] = [*node["enum"], *sorted(names.difference(node["enum"]))]
        if profile == self.load("profile"):
            return self
        text = json.dumps(profile, ensure_ascii=False, indent=2).encode()
        return SchemaSet({**self.files, "profile" + _ENDING: text})

    def resolve(self, reference: str, base: str = "profile") -> Any:
        """Return the node behind a reference, seen from the schema `base`. Raises KeyError if it leads nowhere."""
        file, _, pointer = reference.partition("#")
        node: Any = self.load(schema_named(file) or base)
        for key in filter(None, pointer.split("/")):
            node = node[key]
        return node

    def alternatives(self, node: Any, base: str, depth: int = 16) -> Iterator[tuple[Mapping[str, Any], str]]:
        """Yield a node of the schema `base` and those behind its references and alternatives, each with its schema."""
        if depth == 0 or not isinstance(node, dict):
            return
        yield node, base
        if reference := node.get("$ref"):
            there = schema_named(reference) or base
            yield from self.alternatives(self.resolve(reference, base), there, depth - 1)
        for rule in ("allOf", "anyOf", "oneOf"):
            for branch in node.get(rule, ()):
                yield from self.alternatives(branch, base, depth - 1)

    def derived(self, key: Any, make: Callable[[], T]) -> T:
        """Return the result of `make` for these schemas, cached as long as the set exists."""
        if key not in self._derived:
            self._derived.setdefault(key, make())
        derived: T = self._derived[key]
        return derived

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaSet) and self.files == other.files

    def __hash__(self) -> int:
        return hash(self.digest)

    def __reduce__(self) -> tuple[Any, ...]:
        if self is _shipped():
            return (_shipped, ())
        return (SchemaSet, (self.files,))

    def __repr__(self) -> str:
        return f"SchemaSet({', '.join(self.names)})"


def _lists_of(node: Any, name: str) -> Iterator[dict[str, Any]]:
    """Yield the nodes of a schema that contain the list with a given name."""
    if isinstance(node, dict):
        if node.get("x-list") == name and "enum" in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from _lists_of(child, name)


@lru_cache
def _shipped() -> SchemaSet:
    return SchemaSet.from_folder(resource_place("schemas"))


class Derived(Protocol[T_co]):
    """A function of a set of schemas, by default of the shipped ones."""

    def __call__(self, schemas: SchemaSet | None = None) -> T_co:
        """Return the result for these schemas."""


def derived_from_schemas(function: Callable[[SchemaSet], T]) -> Derived[T]:
    """Run the function once per set of schemas; its result is freed with the set."""

    @wraps(function)
    def ask(schemas: SchemaSet | None = None) -> T:
        chosen = schemas or SchemaSet.shipped()
        return chosen.derived(function, partial(function, chosen))

    return ask


def schema_named(reference: str) -> str:
    """Return the name of the schema file in a reference: `places` of `https://…/places.schema.json#/$defs/site`."""
    return reference.partition("#")[0].rpartition("/")[2].removesuffix(_ENDING)


Shipped = Literal["schemas", "policies", "fixtures/products"]
"""Folders of files that ship."""


@lru_cache
def resource_place(kind: Shipped) -> str:
    """Return the folder of files that ship: inside the package when installed, at the top of a checkout otherwise."""
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
    installed = os.path.join(package, "_resources", kind)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(os.path.dirname(package)), kind)


def resource_folder(kind: Shipped) -> Path:
    """Return the same folder as a path."""
    from pathlib import Path

    return Path(resource_place(kind))
