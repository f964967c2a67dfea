"""Specs with a value that YAML readers interpret differently: the other errors are told in the same run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.console import Console
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput

SPEC = """\
schema: 2
product: {id: shop, launch: '2027-04-01'}
company: {foreign_percent: 1_00, mainland_entity: no, registered: {at: oversea}}
services:
  - {id: shop, offers: [own-shp], audience: , content: []}
data: {leaves_mainland: yes, person: 1}
"""
PLACES = [
    ("company.foreign_percent", 3),
    ("company.mainland_entity", 3),
    ("company.registered.at", 3),
    ("services[0].audience", 5),
    ("services[0].offers[0]", 5),
    ("data.leaves_mainland", 6),
    ("data.person", 6),
]


def test_every_error_of_a_spec_is_told_at_once(tmp_path: Path, console: Console) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SPEC)
    with pytest.raises(InvalidInput) as caught:
        load_profile(file)
    assert sorted((one.path, one.line) for one in caught.value.problems) == sorted(PLACES)
    ran = console("check", str(file))
    assert (ran.code, ran.err.count(f"{file}:"), "Did you mean 'own-shop'?" in ran.err) == (3, len(PLACES), True)


def test_a_text_that_cannot_be_read_to_its_end_is_not_compared_with_the_schema(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(SPEC.replace("offers: [own-shp]", "offers: [own-shp"))
    with pytest.raises(InvalidInput) as caught:
        load_profile(file)
    assert [one.path for one in caught.value.problems if one.line == 3] == [path for path, _ in PLACES[:2]]
    assert not any("Did you mean" in one.hint for one in caught.value.problems)
