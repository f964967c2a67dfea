"""Wording of the facts of a profile in both languages: titles and values from the schemas.

This is the one place that words a fact. Instruments are named by the policies, so that the caller passes their titles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from vatspolicy.core.documents import Path, format_path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.vocabulary import describe, gazetteer, label
from vatspolicy.i18n import LANGUAGES, LocalizedText, Phrase
from vatspolicy.i18n.words import FRAMES, join_both, number, say_both, series

_PLACE = {"at", "ftz", "kind"}
"""Keys of a place object, which is described as one value."""
_NAMES = {("schema",), ("product", "id")}
"""Facts that only identify a profile."""
_YES, _NO, _NONE, _UNKNOWN = Phrase("yes"), Phrase("no"), Phrase("none"), Phrase("not known")
_ZONE = Phrase("free-trade zone: {zone}")
_QUANTITIES = {
    "percent": Phrase("{number} %"),
    "persons": Phrase("{number} persons"),
    "users": Phrase("{number} users"),
    "level": Phrase("level {number}"),
    "merchants": Phrase("{number} merchants"),
    "RMB yuan": Phrase("RMB {number}"),
}
"""Numbers with their units."""


@dataclass(frozen=True)
class FactWording:
    """Wording of the facts of profiles of one release."""

    schemas: SchemaSet = field(default_factory=SchemaSet.shipped)
    instruments: Mapping[str, LocalizedText] = field(default_factory=dict)
    """Titles of instruments by id."""

    def facts(self, profile: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return path, title and value (both in `en` and `zh`) of every fact, in the order of the profile."""
        return [
            {"path": format_path(path), "title": dict(self.title(path, profile)), "value": dict(self.value(fact, path))}
            for path, fact in _facts(profile, ())
        ]

    def title(self, path: Path, profile: Mapping[str, Any]) -> LocalizedText:
        """Return the titles on the path, as `Partner · License`; members are numbered if their list has several."""
        parts: list[LocalizedText] = []
        value: Any = profile
        for end, step in enumerate(path, 1):
            title = self.name(path[:end])
            if isinstance(step, int):
                number = f" {step + 1}" if len(value) > 1 else ""
                parts[-1] = {lang: f"{text}{number}" for lang, text in title.items()}
            else:
                parts.append(title)
            value = value[step]
        return {lang: " · ".join(part[lang] for part in parts) for lang in LANGUAGES}

    def name(self, path: Path) -> LocalizedText:
        """Return the title of the last step of a path; the step itself if the schema has no title for it."""
        node = describe(path, self.schemas)
        name = str(node.get("title", path[-1]))
        return {"en": name, "zh": str(node.get("x-title-zh", name))}

    def value(self, value: Any, path: Path) -> LocalizedText:
        """Return a value in words. `path` is the place of the fact."""
        match value:
            case bool():
                return _YES if value else _NO
            case int() | float():
                return self._number(value, path)
            case str():
                return self._text(value, path)
            case list() if not value:
                return _NONE
            case list():
                texts = [self.value(item, (*path, index)) for index, item in enumerate(value)]
                loose = any("," in item["en"] for item in texts)
                return join_both(texts, "names" if loose else "list")
            case Mapping() if "at" in value:
                return self._address(value, path)
            case Mapping():
                pairs = [self._pair(key, inner, path) for key, inner in value.items()]
                return join_both(pairs, "comma")
        return _UNKNOWN

    def quantity(self, value: float, path: Path) -> LocalizedText:
        """Return a number with its unit, as a sentence states it."""
        unit = self.unit(path)
        figure = number(value) if unit == "percent" else f"{value:,.0f}"
        if unit in _QUANTITIES:
            return _QUANTITIES[unit].fill(number=figure)
        return {"en": f"{figure} {unit}".rstrip(), "zh": figure}

    def unit(self, path: Path) -> str:
        """Return the unit of a number in the schema: `percent`, `RMB yuan`, `persons`; "" without one."""
        return str(describe(path, self.schemas).get("x-unit", "")).partition(",")[0]

    def place(self, code: str) -> LocalizedText:
        """Return the name of a place or a free-trade zone; the code itself if it is neither."""
        places = gazetteer(self.schemas)
        if code in places:
            return {lang: places[code][lang] for lang in ("en", "zh")}
        try:
            return label("zone", code, self.schemas)
        except KeyError:
            return {"en": code, "zh": code}

    def _number(self, value: float, path: Path) -> LocalizedText:
        sign = "%" if self.unit(path) == "percent" else ""
        return dict.fromkeys(("en", "zh"), f"{value:,}{sign}")

    def _text(self, value: str, path: Path) -> LocalizedText:
        node = describe(path, self.schemas)
        if "at" in node.get("properties", {}):  # a place written as a code
            return self.place(value)
        names: Mapping[str, LocalizedText] = node.get("x-enum", {})
        if value in names:
            return {lang: names[value][lang] for lang in ("en", "zh")}
        if value in self.instruments:
            return self.instruments[value]
        return self.place(value) if value in node.get("enum", ()) else {"en": value, "zh": value}

    def _address(self, value: Mapping[str, Any], path: Path) -> LocalizedText:
        """Return a place with its kind, and with its zone unless the place implies it. An area needs no `ftz: none`."""
        parts: list[LocalizedText] = []
        if value.get("ftz") == "none":
            parts += [self.place("none")] if "area" not in path else []
        elif value.get("ftz") and "zone" not in gazetteer(self.schemas).get(value["at"], {}):
            parts.append(_ZONE.fill(zone=self.place(value["ftz"])))
        parts += [self._text(value["kind"], (*path, "kind"))] if value.get("kind") else []
        parts += [self._pair(key, inner, path) for key, inner in value.items() if key not in _PLACE]
        place = self.place(value["at"])
        if not parts:
            return place
        return say_both(FRAMES["aside"], text=place, remark=series(parts, "semicolon"))

    def _pair(self, key: str, value: Any, path: Path) -> LocalizedText:
        name, words = self.name((*path, key)), self.value(value, (*path, key))
        return say_both(FRAMES["detail"], text=name, detail=words)


def _facts(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield every fact with its path; a place, or a list of places, is one fact."""
    if path in _NAMES or (len(path) == 3 and path[0] == "services" and path[2] == "id"):
        return
    if isinstance(value, Mapping) and not ("at" in value and value.keys() <= _PLACE):
        for key, child in value.items():
            yield from _facts(child, (*path, key))
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        if all(isinstance(item, str) or item.keys() <= _PLACE for item in value):
            yield path, value
        else:
            for index, item in enumerate(value):
                yield from _facts(item, (*path, index))
    else:
        yield path, value
