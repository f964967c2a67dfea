"""Texts as large as a file may be are answered in time, whatever they are made of."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.effort import LONG, part
from tests.support.specs import TODAY
from vatspolicy.language_server import completion, hover, outline
from vatspolicy.language_server.answers import LARGEST
from vatspolicy.language_server.navigation import find_definitions, find_references, symbols_at
from vatspolicy.language_server.project import Project

SIZE = 900_000 if LONG else 300_000
SECONDS = SIZE / 112_500
"""Processor time of one answer at most: the text alone takes a quarter of it to be read."""


def repeat(text: str) -> str:
    return text * (SIZE // len(text.encode()))


TEXTS = {
    "quantifiers over one variable": repeat("company.licenses.exists(one, one.valid) && ") + "true",
    "quantifiers over many variables": "".join(
        f"company.licenses.exists(v{number}, v{number}.valid) && " for number in range(SIZE // 60)
    ) + "true",
    "quantifiers one in another": "".join(f"v{number}.exists(v{number + 1}, " for number in range(SIZE // 30)),
    "one name": "a" * SIZE,
    "one name of many parts": "a" + repeat(".a"),
    "one name before a text": "a" * SIZE + "! == 'x",
    "names before a text": repeat("a == ") + "'x'",
    "a list": "company.mainland_entity in [" + repeat("'x', ") + "'x']",
    "white space": "a" + " " * SIZE + ".b",
    "dots and white space": repeat("a . "),
    "brackets": "(" * SIZE,
    "quotes": repeat("'\\\" "),
    "open quotes": "'" * (SIZE // 2),
    "terms": repeat("term.foreign && ") + "true",
    "Chinese": repeat("\"甲\" in service.offers || ") + "true",
    "rare characters": repeat("\"𠀀\" in service.offers || ") + "true",
    "lines": repeat("term.foreign &&\n    ") + "true",
}  # fmt: skip
ANSWERS: dict[str, Callable[[Project, str, int], object]] = {
    "hover": hover.hover,
    "completion": completion.complete,
    "definition": lambda project, file, index: find_definitions(project, file, symbols_at(project, file, index)),
    "references": lambda project, file, index: find_references(project, file, symbols_at(project, file, index)),
}


@pytest.mark.parametrize("text", part(TEXTS, 8))
def test_an_expression_of_any_length_is_searched_in_time(law: Path, text: str) -> None:
    project, file = Project(lambda: TODAY), (law / "vats-pilot-2024.yaml").resolve()
    content = file.read_text(encoding="utf-8")
    block = "\n".join(f"    {line.strip()}" for line in TEXTS[text].split("\n"))
    assert content.count("terms:\n") == 1
    content = content.replace("terms:\n", f"terms:\n  long: |\n{block}\n")
    assert len(content) <= LARGEST
    project.texts[str(file)] = content
    start = content.index(block) + 4
    project.document(str(file))
    for name, answer in ANSWERS.items():
        for index in (start + 1, start + len(block) // 2, start + len(block) - 6):
            begun = time.process_time()
            answer(project, str(file), index)
            assert time.process_time() - begun < SECONDS, (name, index)


def test_the_places_of_a_large_file_are_told_in_time(law: Path) -> None:
    """Thousands of places in one line of Chinese, in each unit that an editor may count."""
    count = SIZE // 60
    file = (law / "vats-pilot-2024.yaml").resolve()
    content = file.read_text(encoding="utf-8")
    line = '(\\"甲\\" in service.offers || term.foreign) && ' * count
    content = content.replace("terms:\n", f'terms:\n  long: "{line}true"\n')
    for encoding in ("utf-8", "utf-16", "utf-32"):
        project = Project(lambda: TODAY, encoding=encoding)
        project.texts[str(file)] = content
        symbols = symbols_at(project, str(file), content.index("term.foreign) &&") + 6)
        assert [one.name for one in symbols] == ["foreign"]
        begun = time.process_time()
        places = [one for one in find_references(project, str(file), symbols) if one.file == str(file)]
        told = [project.text(one.file).place(one.span.start) for one in places]
        assert time.process_time() - begun < SECONDS
        assert len(told) > count
        columns = [units for at, units in told if at == told[0][0]]
        each = len(line) // count + {"utf-8": 2, "utf-16": 0, "utf-32": 0}[encoding]
        assert {after - before for before, after in itertools.pairwise(columns)} == {each}


def test_the_parts_of_a_large_file_are_told_in_time(law: Path) -> None:
    file = (law / "vats-pilot-2024.yaml").resolve()
    project = Project(lambda: TODAY)
    project.texts[str(file)] = "rules:\n" + "".join(f"- id: r{number}\n" for number in range(SIZE // 100))
    document = project.document(str(file))
    assert document is not None
    begun = time.process_time()
    [rules] = outline.find_parts(document, project.text(str(file)))
    assert time.process_time() - begun < SECONDS
    assert len(rules.children or ()) == SIZE // 100
