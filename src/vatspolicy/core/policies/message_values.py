"""Facts in messages of rules, such as `{company.foreign_percent}`: titles in general, values in a decision."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from vatspolicy.core.cel.activation import Activation
from vatspolicy.core.cel.interpreter import look_up
from vatspolicy.core.documents import Path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase

_PLACE = re.compile(r"\{([^{}]*)\}")
_NOT_STATED = Phrase("not stated", "value of a fact")
_ROOTS: dict[str, Path] = {"operator": ("company",), "service": ("services", 0)}
"""Places in a profile of the variables of rules that are not themselves facts."""


def placed_facts(text: str) -> Iterator[tuple[int, str]]:
    """Yield the facts that a message shows, each with the place of its first character."""
    yield from ((match.start(1), match[1]) for match in _PLACE.finditer(text))


def shows_facts(message: LocalizedText) -> bool:
    """Return whether a message shows the value of a fact."""
    return any(_PLACE.search(message[lang]) for lang in LANGUAGES)


def name_facts(message: LocalizedText, schemas: SchemaSet) -> dict[str, str]:
    """Return a message with the titles of its facts in brackets, for readers of the law without a product."""
    wording = FactWording(schemas)
    return _replace(
        message, lambda name: {lang: f"[{text}]" for lang, text in wording.name(_path(name, schemas)).items()}
    )


def show_values(message: LocalizedText, activation: Activation, wording: FactWording) -> dict[str, str]:
    """Return a message with the values of its facts in words; a fact that is missing is not stated."""

    def shown(name: str) -> LocalizedText:
        root, *names = name.split(".")
        value = _plain(look_up(activation, root, names))
        return _NOT_STATED if value is None else wording.value(value, _path(name, wording.schemas))

    return _replace(message, shown)


def _replace(message: LocalizedText, shown: Callable[[str], LocalizedText]) -> dict[str, str]:
    def fill(lang: str) -> str:
        return _PLACE.sub(lambda match: str(shown(match[1])[lang]), message[lang])

    return {lang: fill(lang) for lang in LANGUAGES}


def _path(name: str, schemas: SchemaSet) -> Path:
    """Return the place of a fact in the schema of a profile, with an index for each list that it leads through."""
    root, *names = name.split(".")
    path: list[str | int] = list(_ROOTS.get(root, (root,)))
    for step in names:
        if "items" in describe(tuple(path), schemas) and path[-1] != 0:
            path.append(0)
        path.append(step)
    return tuple(path)


def _plain(value: Any) -> Any:
    """Return a value as it was written: places without their surroundings, whole numbers without a fraction."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(child) for key, child in value.items() if key not in ("within", "province")}
    return [_plain(member) for member in value] if isinstance(value, list) else value
