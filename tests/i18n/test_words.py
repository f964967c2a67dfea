"""The program's own words: every table that has English and Chinese has both, and right."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from string import Formatter
from typing import Any

import pytest

import vatspolicy
from tests.support.members import for_each
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.i18n import Phrase
from vatspolicy.i18n.lint import HAN, faults, schema_faults
from vatspolicy.i18n.words import FRAMES, VERDICTS, Counts, both, count, join_both, say_both

TAGS = ("FOLDERS", "LANGUAGE_TAGS")
"""Tables for machines: folders of pages, tags of languages."""


def modules() -> list[str]:
    names = (module.name for module in pkgutil.walk_packages(vatspolicy.__path__, "vatspolicy."))
    return [name for name in names if not name.endswith("__main__")]


def texts(value: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """Every {en, zh}, and every pair of an English and a Chinese text, in a table."""
    if isinstance(value, Phrase):
        yield path, value["en"], value["zh"]
    elif isinstance(value, dict):
        if value.keys() & {"en", "zh"}:
            yield from pairs(value.get("en"), value.get("zh"), path)
        else:
            for key, child in value.items():
                yield from texts(child, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        if is_pair(value):
            yield path, *value
        else:
            for index, child in enumerate(value):
                yield from texts(child, f"{path}[{index}]")


def is_pair(value: Any) -> bool:
    return (
        len(value) == 2
        and all(isinstance(text, str) for text in value)
        and bool(HAN.search(value[1]))
        and not HAN.search(value[0])
    )


def pairs(en: Any, zh: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The texts of a table that has its languages outside and its words inside."""
    if isinstance(en, dict) and isinstance(zh, dict):
        for key in {**en, **zh}:
            yield from pairs(en.get(key), zh.get(key), f"{path}.{key}")
    elif isinstance(en, list | tuple) and isinstance(zh, list | tuple) and len(en) == len(zh):
        for index, (one, other) in enumerate(zip(en, zh, strict=True)):
            yield from pairs(one, other, f"{path}[{index}]")
    else:
        yield path, en, zh


def tables(name: str) -> dict[str, tuple[Any, Any]]:
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError:  # an extra that is not installed here
        return {}
    return {
        path: (en, zh)
        for table, value in vars(module).items()
        if isinstance(value, dict | list | tuple) and not table.startswith("__") and table not in TAGS
        for path, en, zh in texts(value, table)
        if isinstance(en, str) or isinstance(zh, str)
    }


def holes(text: str) -> list[str] | None:
    """The names of the values that a template takes; None for what is no template."""
    try:
        return sorted({name for _, name, _, _ in Formatter().parse(text) if name is not None})
    except ValueError:
        return None


@for_each(modules)
def test_words_have_both_languages(name: str) -> None:
    wrong = []
    for path, (en, zh) in tables(name).items():
        wrong += [f"{path}: {message} {hint}" for _, message, hint in faults(en, zh) if f"{en}{zh}".strip()]
        if isinstance(en, str) and isinstance(zh, str) and holes(en) != holes(zh):
            wrong.append(f"{path}: the values differ: {holes(en)} {holes(zh)}")
    assert wrong == []


def test_the_search_finds_the_tables() -> None:
    counts = {name: len(tables(f"vatspolicy.{name}")) for name in ("reports.words", "reports.diff.words")}
    assert all(count > 40 for count in counts.values()), counts
    assert len(tables("vatspolicy.reports.access_matrix.render")) > 20
    assert len(tables("vatspolicy.guidance.interview.messages")) > 50


def test_texts_are_made_in_both_languages_by_one_function() -> None:
    allow, deny = VERDICTS["allow"], VERDICTS["deny"]
    assert say_both(allow) == {"en": "ALLOW", "zh": allow["zh"]}
    assert both(FRAMES, "aside", text=allow, remark="x") == {"en": "ALLOW (x)", "zh": f"{allow['zh']}（x）"}
    assert join_both([allow, deny], "or") == {"en": "ALLOW or DENY", "zh": f"{allow['zh']}或{deny['zh']}"}
    assert join_both([allow, deny], "semicolon", chinese="list")["zh"] == f"{allow['zh']}、{deny['zh']}"
    assert join_both([], "list") == {"en": "", "zh": ""}


def test_a_number_of_things() -> None:
    things: Counts = {"n": (Phrase("{n} error"), Phrase("{n} errors"))}
    assert [count(things, "n", n, "en") for n in (0, 1, 2)] == ["0 errors", "1 error", "2 errors"]
    assert [count(things, "n", n, "zh") for n in (1, 2)] == ["1处错误", "2处错误"]


@for_each(SchemaSet.shipped().names)
def test_schemas_have_both_languages(name: str) -> None:
    assert list(schema_faults(SchemaSet.shipped().load(name))) == []


@pytest.mark.parametrize(
    ("en", "zh", "told"),
    [
        ("License", "许可", []),
        ("{count}", "{count}", []),
        ("–", "–", []),
        ("License", "License", ["The Chinese text equals the English text."]),
        ("License", "license", ["The Chinese text contains no Chinese characters."]),
        (
            "许可",
            "许可",
            ["The Chinese text equals the English text.", "The English text contains Chinese characters."],
        ),
        ("License", None, ["The translation is missing or empty."]),
        ("", "许可", ["The translation is missing or empty."]),
        ("License", "  ", ["The translation is missing or empty."]),
        ("License, too", "许可,也", ["Chinese text has full-width punctuation."]),
        ("License.", "许可.", ["Chinese text has full-width punctuation."]),
        ("License (one)", "许可(一)", ["Chinese text has full-width punctuation."]),
        ("License (B11)", "许可（B11）", []),
        ("Write a: b", "请写a: b", []),
    ],
)
def test_faults(en: object, zh: object, told: list[str]) -> None:
    assert [message for _, message, _ in faults(en, zh)] == told


def test_faults_of_a_schema() -> None:
    schema = {
        "properties": {
            "a": {"title": "A", "x-title-zh": "甲", "x-question": {"en": "Which?"}},
            "b": {"title": "B"},
            "c": {"title": "C", "x-title-zh": "C", "enum": ["x", "y"], "x-enum": {"x": {"en": "X", "zh": "X"}}},
            "d": {"title": "D", "x-title-zh": "丁", "x-mutable": {"cost": 1, "en": "Do it", "zh": "做,它"}},
        },
        "x-invariants": [{"check": "true", "message": {"en": "No.", "zh": "No."}}],
    }
    assert [".".join(map(str, path)) for path, _, _ in schema_faults(schema)] == [
        "properties.a.x-question",
        "properties.b.title",
        "properties.c.x-enum",
        "properties.c.x-title-zh",
        "properties.c.x-enum.x.zh",
        "properties.d.x-mutable.zh",
        "x-invariants.0.message.zh",
    ]
