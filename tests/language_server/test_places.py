"""Places in texts: units of an editor, and where a cursor is in data that is not finished."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vatspolicy.core.documents import Path, parse_document
from vatspolicy.errors import InvalidInput
from vatspolicy.language_server.editor_text import UTF_8, UTF_16, UTF_32, EditorText, find_places

SIZES = {UTF_8: ("utf-8", 1), UTF_16: ("utf-16-le", 2), UTF_32: ("utf-32-le", 4)}


@given(text=st.text(st.sampled_from("a甲𠀀é\n: "), max_size=40), place=st.integers(0, 40))
@pytest.mark.parametrize("encoding", SIZES)
def test_a_place_and_its_index_are_one(encoding: str, text: str, place: int) -> None:
    index = min(place, len(text))
    line, column = EditorText(text, encoding).place(index)
    codec, size = SIZES[encoding]
    before = text[:index].rpartition("\n")[2]
    assert (line, column) == (text.count("\n", 0, index), len(before.encode(codec)) // size)
    assert EditorText(text, encoding).index(line, column) == index


def test_a_place_outside_is_the_nearest_one() -> None:
    text = EditorText("ab\ncd")
    assert [text.index(*one) for one in ((0, 99), (9, 0), (1, 99), (0, 0))] == [2, 5, 5, 0]


@pytest.mark.parametrize(("text", "found"), [
    ("a: ¦", [(("a",), False, "")]),
    ("a: x¦y", [(("a",), False, "xy")]),
    ("a:\n  b¦", [(("a", "b"), True, "b"), (("a",), False, "b")]),
    ("a:\n  - b: 1\n    c¦\n  - d: 2", [(("a", 0, "c"), True, "c")]),
    ("a:\n  - b: 1\n  - ¦", [(("a", 1, ""), True, ""), (("a", 1), False, "")]),
    ("a: [x, ¦]", [(("a", 1), False, "")]),
    ("a: {b: 1, ¦}", [(("a", ""), True, "")]),
    ("a: {b: [1, 2], c: d¦", [(("a", "c"), False, "d")]),
    ("a: {\nb: [\nrules:\n  - id: x\n    when¦", [(("rules", 0, "when"), True, "when")]),
    ("a: {\nb: [\nrules:\n- id: x\n  when: y¦", [(("rules", 0, "when"), False, "y")]),
    ("a: >-\n  x\n  y¦z", [(("a",), False, "x yz")]),
    ("a: 1 # x¦", []),
    ('{"a": {"b": "x¦"}}', [(("a", "b"), False, "x")]),
])  # fmt: skip
def test_where_a_cursor_is(text: str, found: list[tuple[Path, bool, str]]) -> None:
    places = find_places(EditorText(text.replace("¦", "")), text.index("¦"))
    told = [(one.path, one.on_key, one.text) for one in places]
    assert [one for one in found if one in told] == found, told
    assert bool(told) == bool(found)


@given(st.text(st.sampled_from("ab:- \n{}[],'\"#|>&*!%甲"), max_size=60), st.integers(0, 60))
def test_no_text_breaks_the_search(text: str, place: int) -> None:
    found = find_places(EditorText(text), min(place, len(text)))
    assert all(0 <= one.offset <= len(one.text) for one in found)


VALUES = st.recursive(
    st.sampled_from(["x", "甲", "a b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "l", "乙"]), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
def test_a_place_in_a_whole_text_is_that_of_the_reader(value: object) -> None:
    """A value of a document that can be read is found at its place."""
    text = yaml.safe_dump({"top": value}, allow_unicode=True)
    try:
        document = parse_document(text, "x.yaml")
    except InvalidInput:
        return
    paths = list(_leaves(document.data, ()))
    for path in paths:
        line, column = document.locate(path, 0)
        place = EditorText(text)
        told = find_places(place, place.at(line, column))
        assert path in [one.path for one in told if not one.on_key], (text, path, told)


def _leaves(value: object, path: Path) -> list[Path]:
    if isinstance(value, dict):
        return [one for key, child in value.items() for one in _leaves(child, (*path, key))]
    if isinstance(value, list):
        return [one for index, child in enumerate(value) for one in _leaves(child, (*path, index))]
    return [path] if isinstance(value, str) else []
