"""Lists of parameters that change by members which join and leave, day by day."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.shipped import shipped_bundle
from vatspolicy.core.documents import Path
from vatspolicy.core.policies.changing_lists import ListChangeError, stated_values


def test_words_join_at_the_end_and_leave() -> None:
    entries: list[dict[str, Any]] = [
        {"value": ["a", "b"]}, {"add": ["c"]}, {"remove": ["a"]}, {"remove": ["b"], "add": ["a"]}, {"value": []},
    ]  # fmt: skip
    assert stated_values(entries) == [["a", "b"], ["a", "b", "c"], ["b", "c"], ["c", "a"], []]


def test_objects_are_named_by_their_id() -> None:
    entries: list[dict[str, Any]] = [
        {"value": [{"id": "a", "of": ["x"]}]},
        {"remove": ["a"], "add": [{"id": "a", "of": ["x", "y"]}]},
    ]
    assert stated_values(entries) == [[{"id": "a", "of": ["x"]}], [{"id": "a", "of": ["x", "y"]}]]


def test_a_value_that_is_no_list_stays_as_it_is() -> None:
    assert stated_values([{"value": 49.0}, {"value": 50.0}]) == [49.0, 50.0]


@pytest.mark.parametrize(
    ("entries", "path"),
    [
        ([{"value": ["a"]}, {"add": ["b", "a"]}], (1, "add", 1)),
        ([{"value": ["a"]}, {"remove": ["b"]}], (1, "remove", 0)),
        ([{"value": ["a"]}, {"remove": ["a"]}, {"remove": ["a"]}], (2, "remove", 0)),
        ([{"add": ["a"]}], (0, "add")),
        ([{"value": 1}, {"add": ["a"]}], (1, "add")),
        ([{"value": ["a"]}, {"value": ["a", "b"], "add": ["b"]}], (1, "add")),
        ([{"value": [1]}, {"add": ["a"]}], (1,)),
        ([{"value": ["a"]}, {"add": [{"name": "b"}]}], (1, "add", 0)),
    ],
)
def test_a_change_that_does_not_fit_is_refused_where_it_stands(entries: list[dict[str, object]], path: Path) -> None:
    with pytest.raises(ListChangeError) as caught:
        stated_values(entries)
    assert caught.value.path == path


def test_the_zones_of_the_law_grow_by_what_each_day_adds() -> None:
    parameter = shipped_bundle().policies["negative-list-ftz"].parameters["zones"]
    assert [len(value.value) for value in parameter.values] == [11, 12, 12, 18, 21, 22]
    found = {value.since: value.value[0] for value in parameter.values[:2]}
    assert found["2018-10-16"] == {"id": "shanghai", "zones": ["shanghai-original", "shanghai"]}
    lingang = parameter.on("2019-08-20")
    assert lingang is not None
    assert lingang.value[-1] == {"id": "shanghai", "zones": ["shanghai-original", "shanghai", "shanghai-lingang"]}
