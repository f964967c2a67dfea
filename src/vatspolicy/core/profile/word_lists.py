"""Lists of the values of facts in a profile, under their names in `vatspolicy list`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vatspolicy.core.documents.schemas import SchemaSet, derived_from_schemas
from vatspolicy.core.documents.word_search import SAME, Word, name_words, search_words, words_of_schema
from vatspolicy.core.profile.vocabulary import fact_schemas, resolve_node
from vatspolicy.i18n import LocalizedText, Phrase

if TYPE_CHECKING:
    from typing import Any

FIRST = ("offers", "features", "content", "channels", "places", "zones", "classes", "instruments")
"""The lists that most authors need, in the order of the reference; the others follow in the order of the profile."""
_AREA_ONLY = Phrase("An area only. For an office or a facility, choose a city or district within it")


@dataclass(frozen=True)
class WordList:
    """Values of one or more facts."""

    name: str
    title: LocalizedText
    question: LocalizedText | None
    written: tuple[str, ...]
    """Facts that take a value of the list: `services[].offers`."""
    key: str
    """The key of a spec for a value."""
    is_list: bool
    """True if the key takes a list of values."""
    words: tuple[Word, ...]

    @property
    def example(self) -> str:
        """A line of a spec with the first of the values."""
        return self.line(self.words[0].value) if self.words else ""

    def line(self, value: str) -> str:
        """Return a line of a spec with a value."""
        return f"{self.key}: [{value}]" if self.is_list else f"{self.key}: {value}"

    def with_names(self, names: Mapping[str, LocalizedText]) -> WordList:
        """Return the list with names also for values without a name in the schema."""
        return replace(self, words=name_words(self.words, names))


@derived_from_schemas
def word_lists(schemas: SchemaSet) -> Mapping[str, WordList]:
    """Return every list of values of the profile by name, those that most authors need first."""
    by_name: dict[str, WordList] = {}
    lists: set[tuple[str, ...]] = set()
    for path, node in fact_schemas(schemas):
        item = node
        if "items" in node:
            lists.add(path)
            item = resolve_node(node["items"], schemas)
        if not [value for value in item.get("enum", ()) if isinstance(value, str)]:
            continue
        owner = path[:-1] if path[-1] == "at" else path
        name = item.get("x-list") or owner[-1].replace("_", "-")
        entry = _entry(name, owner, node, item, lists, schemas)
        by_name[name] = _merged(by_name[name], entry) if name in by_name else entry
    if "places" in by_name:
        by_name["places"] = _with_areas(by_name["places"], schemas)
    order = [name for name in FIRST if name in by_name]
    return {name: by_name[name] for name in [*order, *(name for name in by_name if name not in FIRST)]}


def _entry(
    name: str,
    owner: tuple[str, ...],
    node: Mapping[str, Any],
    item: Mapping[str, Any],
    lists: set[tuple[str, ...]],
    schemas: SchemaSet,
) -> WordList:
    words = words_of_schema(item, schemas)
    title = {"en": str(node.get("title", name)), "zh": str(node.get("x-title-zh", name))}
    listed = {owner[: end + 1] for end in range(len(owner)) if owner[: end + 1] in lists}
    steps = [f"{step}[]" if owner[: end + 1] in listed else step for end, step in enumerate(owner)]
    return WordList(
        name, title, node.get("x-question"), (".".join(steps).removesuffix("[]"),), owner[-1], owner in listed, words
    )


def _merged(first: WordList, other: WordList) -> WordList:
    """Merge two lists with the same name: the words of the longer list, then the remaining words of the shorter."""
    longer, shorter = (other, first) if len(other.words) > len(first.words) else (first, other)
    known = {word.value for word in longer.words}
    words = (*longer.words, *(word for word in shorter.words if word.value not in known))
    return replace(first, written=tuple(dict.fromkeys((*first.written, *other.written))), words=words)


def _with_areas(places: WordList, schemas: SchemaSet) -> WordList:
    """Return the places, marking those that cannot contain an office or a facility."""
    sites = set(schemas.load("places")["$defs"]["site"]["enum"])
    words = (word if word.value in sites else replace(word, example=_AREA_ONLY) for word in places.words)
    return replace(places, words=tuple(words))


def find_elsewhere(text: str, schemas: SchemaSet | None = None, but: str = "") -> list[WordList]:
    """Return the lists with exactly this value, except the list of one fact (`services.0.offers`)."""
    here = re.sub(r"\.\d+", "[]", but).removesuffix("[]")
    return [
        other
        for other in word_lists(schemas).values()
        if here not in other.written and any(grade == SAME for grade, _ in search_words(text, other.words))
    ]


def find_list(name: str, schemas: SchemaSet | None = None) -> WordList | None:
    """Return the list of a name or of a fact: `legal-forms`, `legal_form`, `services.offers`."""
    lists = word_lists(schemas)
    folded = name.replace("_", "-").casefold()
    if folded in lists:
        return lists[folded]
    facts = {fact.replace("[]", ""): other for other in reversed(list(lists.values())) for fact in other.written}
    last = {fact.rpartition(".")[2].replace("_", "-"): other for fact, other in facts.items()}
    return facts.get(name) or last.get(folded)
