"""The files that ship with the package, and the schemas among them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps

from vatspolicy.compile_cache import cached_while_unchanged, key_of, language_digest, language_sources
from vatspolicy.errors import suggest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar

    P = ParamSpec("P")
    R = TypeVar("R")

Folder: TypeAlias = "str | os.PathLike[str]"

_ENDING = ".schema.json"
_CHOSEN: ContextVar[str | None] = ContextVar("schemas", default=None)


@lru_cache  # every fact that is looked up asks
def resource_place(kind: Literal["schemas", "policies"]) -> str:
    """Where the files that ship with the package are: inside it when installed, at the top of a checkout otherwise."""
    package = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    installed = os.path.join(package, "_resources", kind)
    return installed if os.path.isdir(installed) else os.path.join(os.path.dirname(os.path.dirname(package)), kind)


def resource_folder(kind: Literal["schemas", "policies"]) -> Path:
    """The same as a path to go on from."""
    from pathlib import Path

    return Path(resource_place(kind))


def schema_place() -> str:
    """The folder of `profile.schema.json` and its siblings: the one in use, else the one that ships."""
    return _CHOSEN.get() or resource_place("schemas")


def schema_folder() -> Path:
    """The same as a path to go on from."""
    from pathlib import Path

    return Path(schema_place())


@contextmanager
def use_schemas(folder: Folder | None) -> Iterator[None]:
    """Read the schemas of another release, such as those of the state that a change is compared with.

    What was loaded under them is decided under them too. None: the schemas that ship.
    """
    token = _CHOSEN.set(None if folder is None else os.fspath(folder))
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def once_per_schemas(function: Callable[P, R]) -> Callable[P, R]:
    """The function, answering each call once for each folder of schemas in use."""
    answers: dict[Any, R] = {}

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        key = (schema_place(), args, tuple(sorted(kwargs.items())))
        if key not in answers:
            answers[key] = function(*args, **kwargs)
        return answers[key]

    return ask


def making_digest() -> str:
    """Digest of what every compiled form is made with: the schemas in use, and the code that compiles."""
    folder = schema_place()

    def work() -> str:
        from pathlib import Path

        schemas = (path.read_bytes() for path in sorted(Path(folder).glob("*.json")))
        return key_of([language_digest().encode(), *schemas])

    if folder != resource_place("schemas"):
        return work()
    places = [(folder, ".json"), *((source, ".py") for source in language_sources())]
    return cached_while_unchanged("making", places, work)


def schema_names(folder: Folder | None = None) -> list[str]:
    """The names that `load_schema` knows, sorted: `profile` for `profile.schema.json`."""
    try:
        names = os.listdir(folder or schema_place())
    except OSError:
        return []
    return sorted(name.removesuffix(_ENDING) for name in names if name.endswith(_ENDING))


def load_schema(name: str, folder: Folder | None = None) -> dict[str, Any]:
    """The schema `name` (`profile` is `profile.schema.json`). The result is shared: do not change it.

    Raises FileNotFoundError, whose text is a sentence with a hint, when there is no such schema.
    """
    return _read(name, os.fspath(folder) if folder else schema_place())


@lru_cache(maxsize=64)
def _read(name: str, folder: str) -> dict[str, Any]:
    names = schema_names(folder)
    if name not in names:  # a name is never a path
        hint = suggest(name, names) or f"Known: {', '.join(names) or 'none'}."
        raise FileNotFoundError(f"There is no schema {name!r}. {hint}")
    path = os.path.join(folder, name + _ENDING)

    def parse() -> dict[str, Any]:
        import json

        with open(path, encoding="utf-8") as file:
            schema: dict[str, Any] = json.load(file)
        return schema

    if folder != resource_place("schemas"):
        return parse()
    return cached_while_unchanged(f"schema-{name}", [(path, _ENDING)], parse)
