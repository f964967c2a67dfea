"""The facts of a profile in words: what each is called, and what it is, as the schemas name both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from vatspolicy.documents import Path, format_path
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.vocabulary import LocalizedText, describe, gazetteer, label

_PLACE = {"at", "ftz", "kind"}
"""Keys of what is one place, and one line."""
_NAMES = {("schema",), ("product", "id")}
"""Keys that name a profile and say nothing of it."""
_YES_NO: Mapping[bool, LocalizedText] = {True: {"en": "yes", "zh": "是"}, False: {"en": "no", "zh": "否"}}
_NONE: LocalizedText = {"en": "none", "zh": "无"}


def facts_of(profile: Mapping[str, Any], bundle: Bundle) -> list[dict[str, Any]]:
    """Path, title and value (both in en and zh) of every fact, in the order of the profile.

    The schemas in use name facts and places; the bundle names instruments.
    """
    return list(_Facts(profile, bundle).of(profile, ()))


class _Facts:
    def __init__(self, profile: Mapping[str, Any], bundle: Bundle) -> None:
        self.bundle, self.profile = bundle, profile

    def of(self, value: Any, path: Path) -> Iterator[dict[str, Any]]:
        if path in _NAMES or (len(path) == 3 and path[0] == "services" and path[2] == "id"):
            return
        if isinstance(value, Mapping) and not ("at" in value and value.keys() <= _PLACE):
            for key, child in value.items():
                yield from self.of(child, (*path, key))
        elif isinstance(value, list) and value and any(isinstance(item, Mapping) for item in value):
            if all(isinstance(item, str) or item.keys() <= _PLACE for item in value):  # places are one line
                yield self.fact(value, path)
            else:
                for index, item in enumerate(value):
                    yield from self.of(item, (*path, index))
        else:
            yield self.fact(value, path)

    def fact(self, value: Any, path: Path) -> dict[str, Any]:
        title, said = self.title(path), self.words(value, path)
        return {"path": format_path(path), "title": dict(title), "value": dict(said)}

    def title(self, path: Path) -> LocalizedText:
        """`Partner · Licence · Instrument`: the titles on the way; members are numbered where a list has several."""
        parts: list[LocalizedText] = []
        value: Any = self.profile
        for end, step in enumerate(path, 1):
            node = describe(path[:end])
            name = str(node.get("title", step))
            title = {"en": name, "zh": str(node.get("x-title-zh", name))}
            if isinstance(step, int):
                number = f" {step + 1}" if len(value) > 1 else ""
                parts[-1] = {lang: f"{text}{number}" for lang, text in title.items()}
            else:
                parts.append(title)
            value = value[step]
        return {lang: " · ".join(part[lang] for part in parts) for lang in ("en", "zh")}

    def words(self, value: Any, path: Path) -> LocalizedText:
        """A value as a reader says it."""
        match value:
            case bool():
                return _YES_NO[value]
            case int() | float():
                return self.number(value, path)
            case str():
                return self.word(value, path)
            case list() if not value:
                return _NONE
            case list():
                found = [self.words(item, (*path, index)) for index, item in enumerate(value)]
                gap = "; " if any("," in item["en"] for item in found) else ", "
                return {"en": gap.join(item["en"] for item in found), "zh": "、".join(item["zh"] for item in found)}
            case Mapping():
                return self.place(value, path)
        return {"en": "–", "zh": "–"}

    def number(self, value: float, path: Path) -> LocalizedText:
        sign = "%" if str(describe(path).get("x-unit", "")).startswith("percent") else ""
        return dict.fromkeys(("en", "zh"), f"{value:,}{sign}")

    def word(self, value: str, path: Path) -> LocalizedText:
        node = describe(path)
        if "at" in node.get("properties", {}):  # a place that is written as its code alone
            return self.where(value)
        names: Mapping[str, LocalizedText] = node.get("x-enum", {})
        if value in names:
            return {lang: names[value][lang] for lang in ("en", "zh")}
        if value in self.bundle.instruments:
            return self.bundle.instruments[value].title
        return self.where(value) if value in node.get("enum", ()) else {"en": value, "zh": value}

    def place(self, value: Mapping[str, Any], path: Path) -> LocalizedText:
        parts = []
        if value.get("ftz") == "none":
            parts.append(self.where("none"))
        elif value.get("ftz"):
            zone = self.where(value["ftz"])
            parts.append({"en": f"free-trade zone: {zone['en']}", "zh": f"自由贸易试验区：{zone['zh']}"})
        parts += [self.word(value["kind"], (*path, "kind"))] if value.get("kind") else []
        place = self.where(value["at"])
        if not parts:
            return place
        more = {lang: gap.join(part[lang] for part in parts) for lang, gap in (("en", "; "), ("zh", "；"))}
        return {"en": f"{place['en']} ({more['en']})", "zh": f"{place['zh']}（{more['zh']}）"}

    def where(self, code: str) -> LocalizedText:
        """A place or a zone by its code."""
        if code in gazetteer():
            return {lang: gazetteer()[code][lang] for lang in ("en", "zh")}
        try:
            return label("zone", code)
        except KeyError:
            return {"en": code, "zh": code}
