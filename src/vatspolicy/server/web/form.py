"""The form as plain data: every fact of the profile schema."""

from __future__ import annotations

from typing import Any

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.vocabulary import describe, gazetteer, grouped, groups_of
from vatspolicy.guidance.interview.messages import UNITS
from vatspolicy.i18n import LANGUAGES, LocalizedText
from vatspolicy.i18n.words import say_both

_SHORT = 12
"""Longest list of choices inside its field; longer lists are shared by name."""


def make_form(bundle: Bundle) -> dict[str, Any]:
    """Return the `sections` of fields and the `lists` of choices that they share.

    A field: `name`, `kind`, `title`, `question`, `unit`, `choices` (a list or the name of one), `fields` of an object
    or of the members of a list, `required` among them, `least` members of a list of choices. Kinds: boolean, choice,
    choices, integer, number, date, text, place, places, group, list. A choice may have a `group`.
    """
    maker = _Form(bundle)
    names = [name for name in bundle.schemas.load("profile")["properties"] if name != "schema"]
    return {"sections": [maker.field((name,)) for name in names], "lists": maker.lists}


def find_kind(path: Path, schemas: SchemaSet) -> str:
    """Return the kind of field for a fact; an empty text for a path that is not in the schema."""
    node = describe(path, schemas)
    if "at" in node.get("properties", {}):
        return "place"
    if node.get("type") == "object":
        return "group"
    if node.get("type") == "array":
        item = describe((*path, 0), schemas)
        if "at" in item.get("properties", {}):
            return "places"
        return "list" if item.get("type") == "object" else "choices"
    if "enum" in node:
        return "choice"
    if node.get("type") in ("boolean", "integer", "number"):
        return str(node["type"])
    return "date" if node.get("format") == "date" else "text" if node else ""


class _Form:
    def __init__(self, bundle: Bundle) -> None:
        self.bundle, self.schemas = bundle, bundle.schemas
        self.lists: dict[str, list[dict[str, Any]]] = {}
        self._known: dict[tuple[str, ...], str] = {}

    def field(self, path: Path) -> dict[str, Any]:
        node, kind = describe(path, self.schemas), find_kind(path, self.schemas)
        title = str(node.get("title", path[-1]))
        field: dict[str, Any] = {
            "name": path[-1],
            "kind": kind,
            "title": {"en": title, "zh": str(node.get("x-title-zh", title))},
        }
        if "x-question" in node:
            field["question"] = dict(node["x-question"])
        if node.get("x-unit") in UNITS:
            field["unit"] = dict(UNITS[node["x-unit"]])
        if "minItems" in node:
            field["least"] = node["minItems"]
        match kind:
            case "choice":
                field["choices"] = self.choices(path)
            case "choices":
                field["choices"] = self.choices((*path, 0))
            case "place":
                field |= {"choices": self.choices((*path, "at")), "fields": self.details(path)}
            case "places":
                inner = (*path, 0)
                field |= {"choices": self.choices((*inner, "at")), "fields": self.details(inner)}
            case "group":
                field |= {"fields": self.inside(path), "required": list(node.get("required", ()))}
            case "list":
                inner = (*path, 0)
                item = describe(inner, self.schemas)
                field |= {"fields": self.inside(inner), "required": list(item.get("required", ()))}
                field["member"] = {"en": str(item["title"]), "zh": str(item.get("x-title-zh", item["title"]))}
        return field

    def inside(self, path: Path) -> list[dict[str, Any]]:
        return [self.field((*path, name)) for name in describe(path, self.schemas)["properties"]]

    def details(self, path: Path) -> list[dict[str, Any]]:
        return [field for field in self.inside(path) if field["name"] != "at"]

    def choices(self, path: Path) -> str | list[dict[str, Any]]:
        node, group_of = describe(path, self.schemas), groups_of(path, self.schemas)
        words = tuple(grouped(node["enum"], group_of))
        if words in self._known:
            return self._known[words]
        labels, places = node.get("x-enum", {}), gazetteer(self.schemas)

        def named(word: str) -> LocalizedText:
            if word in labels:
                return labels[word]  # type: ignore[no-any-return]
            if word in places:
                return places[word]
            known = self.bundle.instruments.get(word)
            return known.title if known is not None else dict.fromkeys(LANGUAGES, word)

        made = [
            {
                "value": word,
                "label": say_both(named(word)),
                **({"group": dict(group_of[word])} if word in group_of else {}),
            }
            for word in words
        ]
        if len(words) <= _SHORT:
            return made
        self._known[words] = name = f"list-{len(self.lists) + 1}"
        self.lists[name] = made
        return name
