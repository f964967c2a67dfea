"""Renamed words of schemas and instruments. The base uses the new names, so that both sides are comparable.

A rename is one to one. The old name must be in no list of the head, the new one in no list of the base, and both stand
for the same title. Whatever else differs is compared as ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import yaml

from vatspolicy.authoring.diff.sources import Files, Source
from vatspolicy.core.documents import recall_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.policies.files import LayerFiles, is_law
from vatspolicy.errors import InvalidInput

_Lists = Mapping[str, Mapping[str, Tree]]


@dataclass(frozen=True)
class Rename:
    """A renamed word and its list, such as `vocabulary/class`."""

    list: str
    old: str
    new: str

    @property
    def file(self) -> str:
        """The schema with the list; for instruments, the profile schema."""
        return f"{self.list.partition('/')[0]}.schema.json" if "/" in self.list else "profile.schema.json"

    @property
    def definition(self) -> str:
        """The definition of the list in its schema."""
        return self.list.partition("/")[2] or "instrument"


def find_renames(base: Source, head: Source) -> tuple[Rename, ...]:
    """Return the words renamed between two states, each once."""
    same = frozenset(base.files) & frozenset(head.files)
    try:
        old, new = (_lists(side, same, base.schemas != head.schemas) for side in (base, head))
    except (InvalidInput, ValueError, RecursionError):  # loading it says what is wrong
        return ()
    known = [{word for words in side.values() for word in words} for side in (old, new)]
    found: dict[str, Rename] = {}
    for name in old.keys() & new.keys():
        gone, come = old[name].keys() - known[1], new[name].keys() - known[0]
        for word in sorted(gone):
            title = old[name][word]
            alike = [one for one in come if _said_alike(title, new[name][one], word, one)]
            if title is not None and len(alike) == 1:
                found.setdefault(word, Rename(name, word, alike[0]))
    taken = [one.new for one in found.values()]
    return tuple(one for one in found.values() if taken.count(one.new) == 1)


def with_new_names(source: Source, renames: tuple[Rename, ...]) -> Source:
    """Return a state with new names instead of old ones in lists, keys and quoted texts."""
    names = {one.old: one.new for one in renames}
    pattern = re.compile(rf"""(?<=["'])({"|".join(map(re.escape, names))})(?=\\?["'])""")

    def rename(file: str, content: bytes) -> bytes:
        text = content.decode("utf-8", "replace")
        if not any(name in text for name in names):
            return content
        if file.endswith(".yaml"):
            text = _rename_scalars(text, names)
        return pattern.sub(lambda found: names[found[0]], text).encode()

    def rename_all(files: Files) -> Files:
        return tuple((file, rename(file, content)) for file, content in files)

    return replace(
        source,
        policies=rename_all(source.policies),
        fixtures=rename_all(source.fixtures),
        schemas=dict(rename_all(tuple(source.schemas.items()))),
        layers=tuple(LayerFiles(rename_all((one.head,))[0], rename_all(one.sources)) for one in source.layers),
    )


def _rename_scalars(text: str, names: Mapping[str, str]) -> str:
    """Return YAML with new names for whole values and keys. Invalid YAML stays unchanged."""
    try:
        tokens = [one for one in yaml.scan(text, Loader=yaml.SafeLoader) if isinstance(one, yaml.ScalarToken)]
    except yaml.YAMLError:
        return text
    for one in reversed(tokens):
        if one.plain and one.value in names:
            text = text[: one.start_mark.index] + names[one.value] + text[one.end_mark.index :]
    return text


def _lists(source: Source, same: frozenset[tuple[str, bytes]], with_schemas: bool) -> _Lists:
    """Return the title of each word by list name, and of instruments by policy, except those of files in `same`."""
    found: dict[str, Mapping[str, Tree]] = {}
    for file, content in source.schemas.items() if with_schemas else ():
        for name, node in _nodes(json.loads(content)):
            titles = node["x-enum"]
            found[f"{file.removesuffix('.schema.json')}/{name}"] = {word: titles.get(word) for word in node["enum"]}
    for file, content in source.files:
        if is_law(file) and (file, content) not in same:
            data = recall_document(content, file).data
            instruments = _mapping(_mapping(data).get("instruments"))
            found[str(_mapping(data).get("id"))] = {
                name: _mapping(one).get("title") for name, one in instruments.items()
            }
    return found


def _nodes(schema: Tree) -> Iterator[tuple[str, Mapping[str, Tree]]]:
    """Yield the schema definitions that have titles for their words."""
    for name, node in _mapping(_mapping(schema).get("$defs")).items():
        if isinstance(node, dict) and isinstance(node.get("enum"), list) and isinstance(node.get("x-enum"), dict):
            yield name, node


def _mapping(value: Tree) -> Mapping[str, Tree]:
    """Return a mapping, or an empty one for any other value. Loading rejects other values."""
    return value if isinstance(value, dict) else {}


def _said_alike(before: Tree, after: Tree, old: str, new: str) -> bool:
    """Return True if two titles are the same except for the name."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return False
    return all(after.get(lang) in (text, str(text).replace(old, new)) for lang, text in before.items())
