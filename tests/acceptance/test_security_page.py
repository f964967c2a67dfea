"""docs/security*.md: every test that they name exists, and every test of hostile input stands in one."""

from __future__ import annotations

import ast
import re

from tests.support.fuzz_targets import TARGETS
from tests.support.members import for_each
from tests.support.shipped import ROOT

PAGE = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "docs").glob("security*.md")))
NAMED = sorted(set(re.findall(r"`(test_\w+\.py)::(test_\w+)`", PAGE)))


def names_in(file: str) -> set[str]:
    tree = ast.parse(next((ROOT / "tests").rglob(file)).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}


@for_each(sorted({file for file, _ in NAMED}))
def test_every_test_that_is_named_exists(file: str) -> None:
    assert {test for of, test in NAMED if of == file} - names_in(file) == set()


def test_every_row_names_a_test() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and line.count("|") == 4]
    promises = [
        row for row in rows if "shown by" not in row and not re.search(r"\| [\d,]+ \| \d+ \|$|failures left", row)
    ]
    assert len(promises) >= 25
    assert [row for row in promises if "::test_" not in row] == []


def test_every_hostile_test_stands_on_the_page() -> None:
    left_out = {"test_the_law_is_not_written_to"}
    assert names_in("test_hostile.py") - {test for file, test in NAMED if file == "test_hostile.py"} == left_out


def test_every_fuzzer_has_a_figure() -> None:
    figures = re.findall(r"^\| (\w+) \| ([\d,]+) \| ([\d,]+) \| 0 \|$", PAGE, re.MULTILINE)
    assert {name for name, _, _ in figures} == set(TARGETS)
    assert all(int(inputs.replace(",", "")) > 1000 for _, inputs, _ in figures)
    assert all(int(edges.replace(",", "")) > 200 for _, _, edges in figures), "one that reaches less is blind"
