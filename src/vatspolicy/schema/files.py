"""The files that ship with the package, and the schemas among them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec, TypeVar

from vatspolicy.cache import digest, language_digest, language_sources, once_per_state
from vatspolicy.errors import suggest

_ENDING = ".schema.json"
_CHOSEN: ContextVar[Path | None] = ContextVar("schemas", default=None)

P = ParamSpec("P")
R = TypeVar("R")


@lru_cache  # every fact that is looked up asks
def resource_folder(kind: Literal["schemas", "policies"]) -> Path:
    """Where the files that ship with the package are: inside it when installed, at the top of a checkout otherwise."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "_resources" / kind
    return installed if installed.is_dir() else package.parents[1] / kind


def schema_folder() -> Path:
    """The folder of `profile.schema.json` and its siblings: the one in use, else the one that ships."""
    return _CHOSEN.get() or resource_folder("schemas")


@contextmanager
def use_schemas(folder: Path | None) -> Iterator[None]:
    """Read the schemas of another release, such as those of the state that a change is compared with.

    What was loaded under them is decided under them too. None: the schemas that ship.
    """
    token = _CHOSEN.set(folder)
    try:
        yield
    finally:
        _CHOSEN.reset(token)


def once_per_schemas(function: Callable[P, R]) -> Callable[P, R]:
    """The function, answering each call once for each folder of schemas in use."""
    answers: dict[Any, R] = {}

    @wraps(function)
    def ask(*args: P.args, **kwargs: P.kwargs) -> R:
        key = (schema_folder(), args, tuple(sorted(kwargs.items())))
        if key not in answers:
            answers[key] = function(*args, **kwargs)
        return answers[key]

    return ask


def making_digest() -> str:
    """Digest of what every compiled form is made with: the schemas in use, and the code that compiles."""
    folder = schema_folder()

    def work() -> str:
        schemas = (path.read_bytes() for path in sorted(folder.glob("*.json")))
        return digest([language_digest().encode(), *schemas])

    if folder != resource_folder("schemas"):
        return work()
    places = [(str(folder), ".json"), *((source, ".py") for source in language_sources())]
    return once_per_state("making", places, work)


def schema_names(folder: Path | None = None) -> list[str]:
    """The names that `load_schema` knows, sorted: `profile` for `profile.schema.json`."""
    files = (folder or schema_folder()).glob(f"*{_ENDING}")
    return sorted(file.name.removesuffix(_ENDING) for file in files)


def load_schema(name: str, folder: Path | None = None) -> dict[str, Any]:
    """The schema `name` (`profile` is `profile.schema.json`). The result is shared: do not change it.

    Raises FileNotFoundError, whose text is a sentence with a hint, when there is no such schema.
    """
    return _read(name, folder or schema_folder())


@lru_cache(maxsize=64)
def _read(name: str, folder: Path) -> dict[str, Any]:
    names = schema_names(folder)
    if name not in names:  # a name is never a path
        hint = suggest(name, names) or f"Known: {', '.join(names) or 'none'}."
        raise FileNotFoundError(f"There is no schema {name!r}. {hint}")
    schema: dict[str, Any] = json.loads((folder / f"{name}{_ENDING}").read_text(encoding="utf-8"))
    return schema
