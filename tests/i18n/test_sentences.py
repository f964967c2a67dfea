"""Every sentence that the program says by itself is found in its source, and has a Chinese translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.shipped import ROOT
from vatspolicy.i18n import Bilingual, translate
from vatspolicy.i18n.chinese import PHRASES, TEMPLATES, chinese
from vatspolicy.i18n.lint import HAN, faults

SOURCE = ROOT / "src" / "vatspolicy"
SPOKEN = (
    *(f"authoring/lint/{name}.py" for name in ("case_checks", "ignores", "policy_checks", "schema_checks")),
    *("authoring/formatter", "authoring/mutation/report.py", "authoring/mutation/suggestions.py"),
    *("authoring/scaffold.py", "authoring/testing", "authoring/verification.py"),
    *(f"authoring/diff/{name}.py" for name in ("decisions", "sources", "verdict")),
    *("bundles", "cel", "cli", "compile_cache.py", "documents", "errors.py", "policies", "profile"),
    *("gate/gate.py", "gate/receipt.py", "gate/waivers/load.py", "gate/waivers/writer.py"),
    *("reports/policy/__init__.py", "reports/policy/terminal.py"),
)
"""Modules and packages whose sentences are told through errors, complaints or lines of a run."""
UNTOLD = {
    "abc cannot be abc abc.": "its two verbs have a translation each",
    "abc one of these keys belongs here: abc.": "its two numbers have a translation each",
    "The decision is abcflagged as contested.": "with `not` and without, it has a translation each",
    "Settings from outside the command line are used: abc.": "its Chinese stands beside it",
    "abc One of abc.": "help",
    "The foreign share does not exceed the cap.": "its Chinese stands beside it",
    "--as-of abc.": "what is wrong with the day is a phrase with a translation",
    "Bundles of policies as files: build, sign, verify, inspect, pin.": "help",
    "Decide whether a digital product may launch in mainland China, and under which law.": "help",
    "Write the policies as pages to read.": "help",
    "Write a skeleton that passes lint and its own tests.": "help",
}


def spoken() -> list[Path]:
    files: list[Path] = []
    for name in SPOKEN:
        place = SOURCE / name
        found = [place] if place.is_file() else sorted(place.rglob("*.py"))
        assert found, name
        files += found
    return files


def sentences(file: Path) -> Iterator[tuple[int, str]]:
    """Sentences with their holes filled: `abc` for a value, `'abc'` for one that the program quotes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        parent = parents.get(node)
        if isinstance(parent, ast.Expr | ast.JoinedStr | ast.FormattedValue):
            continue
        if isinstance(parent, ast.keyword) and parent.arg == "help":
            continue
        text = filled(node)
        if text is None or text in UNTOLD or HAN.search(text) or "\n " in text:
            continue
        if re.match(r"[-A-Za-z'`]", text) and re.search(r"\S[.?]$", text) and " " in text:
            yield node.lineno, text  # type: ignore[attr-defined]


def filled(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value.replace("{0}", "7").replace("{1}", "")
    if isinstance(node, ast.JoinedStr):
        parts = []
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append(str(part.value))
            elif isinstance(part, ast.FormattedValue):
                parts.append("'abc'" if part.conversion == ord("r") else "abc")
        return "".join(parts)
    return None


FOUND = [(file.relative_to(SOURCE).as_posix(), line, text) for file in spoken() for line, text in sentences(file)]


def test_the_search_finds_the_sentences() -> None:
    texts = {text for _, _, text in FOUND}
    assert len(texts) > 250
    assert {"This key is not known here.", "The key 'abc' is missing.", "nothing was decided."} <= texts


@pytest.mark.parametrize("name", sorted({name for name, _, _ in FOUND}))
def test_every_sentence_has_a_translation(name: str) -> None:
    lacking = [f"{line}: {text}" for file, line, text in FOUND if file == name and not is_chinese(chinese(text))]
    assert lacking == []


def is_chinese(text: str) -> bool:
    """Chinese, with no run of three English words."""
    rest = re.sub(r"vatspolicy [a-z]+( [a-z]+)?", "", text)
    return bool(HAN.search(rest)) and not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", rest)


def test_sentences_that_are_put_together() -> None:
    """Those that the search cannot put together as the program does, and some that are told one after another."""
    assert chinese("This expects text or a list, not null. Put it in quotes.") == (
        "此处应为文本或列表，而不是null。请加引号。"
    )
    assert chinese("A text cannot be put in order with a number.") == "文本不能与数字比较大小。"
    assert chinese("A text cannot be compared with a number.") == "文本不能与数字比较。"
    assert chinese("At least one of these keys belongs here: a, b.") == "以下各键在此处至少要有一个：a、b。"
    assert chinese("The decision is not flagged as contested.") == "结论没有标为有争议。"
    assert chinese("Did you mean 'a', 'b' or 'c'?") == "是不是想写“a”、“b”或“c”？"
    assert chinese("This key is not one of the allowed values.") == "此键的值不在可用值之中。"
    assert chinese("This must have at least 1 key.") == chinese("This must have at least 1 keys.")
    told = chinese("The term 'a' cannot be used here: There is no 'b' here. Did you mean 'c'?")
    assert told == "术语“a”不能用在此处：此处没有“b”。是不是想写“c”？"


def test_every_mistake_of_the_tests_is_told_in_chinese() -> None:
    """The sentences that the bad policies and specs of the tests are answered with."""
    told = set()
    for file in sorted((ROOT / "tests" / "data" / "bad").glob("*.expected")):
        for line in file.read_text(encoding="utf-8").splitlines():
            if found := re.match(r"\S+:\d+:\d+: (?:[\w.\[\]-]+: )?(.+)$", line):
                told.add(found[1])
    assert len(told) > 120
    assert [text for text in sorted(told) if not is_chinese(chinese(text))] == []


def test_what_is_not_known_stays_english() -> None:
    assert chinese("A sentence that nobody wrote.") == "A sentence that nobody wrote."
    assert translate("nothing was decided.", "en") == "nothing was decided."
    assert translate(Bilingual("Yes.", "是。"), "zh") == "是。"
    assert translate(Bilingual("Yes.", "是。"), "en") == "Yes."


def test_translations_are_well_formed() -> None:
    english = [en for en, _ in TEMPLATES]
    assert len(english) == len(set(english))
    for en, zh in TEMPLATES:
        names = set(re.findall(r"\{(\w+)(?:!\w)?\}", en)) - {"s"}
        assert set(re.findall(r"\{(\w+)(?:!\w)?\}", zh)) == names, en
        if re.sub(r"\{\w+(?:!\w)?\}|--[a-z-]+", "", en).strip(": ."):
            filled_in = (re.sub(r"\{\w+(?:!\w)?\}", "X", text) for text in (en, zh))
            assert list(faults(*filled_in)) == [], en
    for en, zh in PHRASES.items():
        assert en == zh == "null" or list(faults(en, zh)) == []
