"""Chinese stands in the catalogue: no module, template or script of the program writes any, but for a few modules."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.support.shipped import ROOT
from vatspolicy.i18n.lint import HAN

SOURCE = ROOT / "src" / "vatspolicy"
KEPT = {
    "authoring/verification.py": "recognizes how a law writes its title",
    "i18n/chinese.py": "how Chinese joins words and sentences",
    "i18n/words.py": "what stands between and around the parts of a line, and numerals",
    "reports/decision/digest.py": "recognizes the label of an article",
    "reports/lint.py": "shows a line of a policy, which has both languages",
}


def chinese_strings(code: str) -> Iterator[tuple[int, str]]:
    """Line and text of each string with a Chinese character, not escaped as a code point. A docstring is a statement."""
    if not HAN.search(code):
        return
    tree = ast.parse(code)
    said = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in said:
            continue
        if HAN.search(node.value) and HAN.search(ast.get_source_segment(code, node) or ""):
            yield node.lineno, node.value


def test_no_module_writes_chinese() -> None:
    paths = {path.relative_to(SOURCE).as_posix(): path for path in sorted(SOURCE.rglob("*.py"))}
    assert len(paths) > 200
    found = [
        f"{name}:{line}: {text}"
        for name, path in paths.items()
        if name not in KEPT
        for line, text in chinese_strings(path.read_text(encoding="utf-8"))
    ]
    assert found == [], 'write Phrase("…") in English, and the Chinese in the catalogue'


@pytest.mark.parametrize(("ending", "least"), [("j2", 60), ("js", 1), ("css", 3)])
def test_no_template_script_or_style_writes_chinese(ending: str, least: int) -> None:
    paths = list(SOURCE.rglob(f"*.{ending}"))
    assert len(paths) >= least
    assert [str(path) for path in paths if HAN.search(path.read_text(encoding="utf-8"))] == [], "pass the words to it"


@pytest.mark.parametrize("name", KEPT)
def test_what_is_kept_is_there(name: str) -> None:
    assert list(chinese_strings((SOURCE / name).read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ('"""甲"""\nx = 1\n"""乙"""\ndef f():\n    """丙"""\n', []),
        ("x = 1  # 甲\n", []),
        ('x = {"en": "a",\n     "zh": "甲"}\n', [2]),
        ('x = f"{1}甲{2}"\n', [1]),
        ('f("a", "甲")\n', [1]),
        ('x = "[\\u4e00-\\u9fff]"\n', []),
    ],
)
def test_the_search_finds_strings_and_no_docstrings(code: str, lines: list[int]) -> None:
    assert [line for line, _ in chinese_strings(code)] == lines
