"""YAML that the program writes: the data read back, the layout canonical; edits in place leave all else as it is."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import trials
from vatspolicy.authoring.formatter import format_text
from vatspolicy.core.documents import Path, parse_document
from vatspolicy.core.documents.yaml_edit import append_items, find_text, set_value
from vatspolicy.core.documents.yaml_writer import dump_yaml

texts = st.text(st.sampled_from("ab -:#,{}[]'\"&*!|>%@`?=\\.0123电信\t\n"), max_size=12)
keys = st.text(st.sampled_from("abcde-1 :"), min_size=1, max_size=4)
scalars = (
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.integers(-9999, 9999).map(lambda n: n / 1000) | texts
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3), max_leaves=12
)


@settings(derandomize=True, max_examples=trials(900), deadline=None)
@given(values)
def test_whatever_is_written_is_read_back_and_canonical(value: Any) -> None:
    text = dump_yaml({"a": value}, ["# A comment."])
    document = parse_document(text, "a.yaml")
    assert document.data == {"a": value}
    assert yaml.safe_load(text) == {"a": value}
    assert format_text(document) == text


@settings(derandomize=True, max_examples=trials(600), deadline=None)
@given(st.dictionaries(keys, values, min_size=1, max_size=3), st.data())
def test_a_value_can_be_set_wherever_it_was_left_out(data: dict[str, Any], draw: st.DataObject) -> None:
    key = draw.draw(st.sampled_from(sorted(data)))
    rest = {name: value for name, value in data.items() if name != key}
    for text in (dump_yaml({"a": rest, "z": 1}), json.dumps({"a": rest, "z": 1})):
        after = set_value(text, ("a", key), data[key])
        assert yaml.safe_load(after) == {"a": data, "z": 1}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"a": 1, "b": True, "c": None, "d": 2.5}, "a: 1\nb: true\nc: null\nd: 2.5\n"),
        ({"a": {}, "b": []}, "a: {}\nb: []\n"),
        ({"a": {"b": 1}}, "a: {b: 1}\n"),
        ({"a": {"b": [1]}}, "a:\n  b: [1]\n"),
        ({"a": [{"b": "x, y"}]}, "a:\n  - {b: 'x, y'}\n"),
        ({"a": ["x" * 70, "y" * 70]}, f"a:\n  - {'x' * 70}\n  - {'y' * 70}\n"),
        ({"a": "2027-01-01", "b": "no", "c": "1.0.0"}, "a: '2027-01-01'\nb: 'no'\nc: '1.0.0'\n"),
        ({"a": 1e-7}, "a: 0.0000001\n"),
        ([1, "x"], "- 1\n- x\n"),
    ],
)
def test_layout(data: Any, text: str) -> None:
    assert dump_yaml(data) == text


def test_comments_stand_above_their_keys() -> None:
    text = dump_yaml(
        {"a": {"b": 1, "c": {"d": 2}}, "e": [3]},
        ["# Head."],
        lambda path, owner: f"{len(owner)} keys" if path[-1] in ("a", "d") else "",
    )
    assert text == "# Head.\n# 2 keys\na:\n  b: 1\n  c:\n    # 1 keys\n    d: 2\ne: [3]\n"


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("a: 1  # one\n", ("b",), 2, "a: 1  # one\nb: 2\n"),
        ("a: 1  # one\n# end", ("a",), 2, "a: 2  # one\n# end"),
        ("a:\n", ("a", "b"), [1], "a:\n  b: [1]\n"),
        ("a: {}  # none\nc: 1\n", ("a", "b"), {"x": 1}, "a:  # none\n  b: {x: 1}\nc: 1\n"),
        ("a: {b:   1}\n", ("a", "c"), "x, y", "a: {b:   1, c: 'x, y'}\n"),
        ("a:\n    b:   1\n\n# two\nc: 3\n", ("a", "d"), {"e": [1]}, "a:\n    b:   1\n    d:\n      e: [1]\n\n# two\nc: 3\n"),
        ("a:\n  - b: 1\n", ("a", 0, "c"), 2, "a:\n  - b: 1\n    c: 2\n"),
        ("a: |\n  x\nb: 1\n", ("a",), "word", "a: word\nb: 1\n"),
        ("a:\n  b: 1  # one\nc: 2\n", ("a",), {"b": [{"d": [1]}]}, "a:  # one\n  b:\n    - d: [1]\nc: 2\n"),
    ],
)  # fmt: skip
def test_a_value_is_set(before: str, path: Path, value: Any, after: str) -> None:
    assert set_value(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\n- 1 # one\n# end\nb: 2\n", "a:\n- 1 # one\n- {x: 2}\n# end\nb: 2\n"),
        ("a:\n    - 1\n", "a:\n    - 1\n    - {x: 2}\n"),
        ("a: []\n", "a:\n  - {x: 2}\n"),
        ("a:\nb: 1\n", "a:\n  - {x: 2}\nb: 1\n"),
        ("b: 1\n", "b: 1\na:\n  - {x: 2}\n"),
        ("a: [1]\n", "a: [1, {x: 2}]\n"),
        ("a:\n  - b: |\n      text\n\n# end\n", "a:\n  - b: |\n      text\n  - {x: 2}\n\n# end\n"),
    ],
)
def test_items_are_added_at_the_end_of_a_list(before: str, after: str) -> None:
    assert append_items(before, ("a",), [{"x": 2}]) == after


def test_a_place_that_is_none_is_refused() -> None:
    for text, path in (("", ("a",)), ("a: [1]\n", ("a", 3)), ("a: 1\n", ("a", "b"))):
        with pytest.raises(ValueError, match=r"list|document"):
            set_value(text, path, 1)
    with pytest.raises(ValueError, match="not a list"):
        append_items("a: {b: 1}\n", ("a",), [{"x": 2}])


def test_a_text_is_found() -> None:
    assert find_text("a: {b: x}\n", ("a", "b")) == "x"
    assert find_text("a: {b: null}\n", ("a", "b")) is None
    assert find_text("a: {b: x}\n", ("a", "c")) is None
