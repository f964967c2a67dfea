"""Profiles of schema 1 are rewritten in schema 2, and are refused otherwise."""

from __future__ import annotations

import pytest

from tests.support.console import Console
from vatspolicy.authoring.formatter.migration import migrate_profile
from vatspolicy.core.documents import parse_document
from vatspolicy.core.profile.profile import load_profile, read_profile
from vatspolicy.errors import InvalidInput

OLD = """\
schema: 1 # the format
product:
  id: hosting
  title: data-centre
company:
  foreign_percent: 0
  # held since 2020
  licences:
    - {instrument: vats-licence, classes: [B11], area: [beijing]}
services:
  - id: hosting
    offers: [data-centre, content-licence]
"""


def test_old_words_get_their_new_spelling() -> None:
    found = migrate_profile(parse_document(OLD, "old.yaml"))
    assert found.data == {
        "schema": 2,
        "product": {"id": "hosting", "title": "data-centre"},
        "company": {
            "foreign_percent": 0,
            "licenses": [{"instrument": "vats-license", "classes": ["B11"], "area": ["beijing"]}],
        },
        "services": [{"id": "hosting", "offers": ["data-center", "content-license"]}],
    }
    assert "# held since 2020" in found.text
    assert "# the format" in found.text
    read_profile(found)
    assert migrate_profile(found) is found


def test_opinions_on_classes_move_to_the_profile() -> None:
    opinion = "    class_opinion: {classes: [B22], from: 'The authority, by letter', date: '2025-05-05'} # asked\n"
    found = migrate_profile(parse_document(OLD + opinion, "old.yaml"))
    assert found.data["services"] == [{"id": "hosting", "offers": ["data-center", "content-license"]}]
    assert found.data["opinions"] == [
        {
            "about": "class",
            "service": "hosting",
            "classes": ["B22"],
            "by": "The authority, by letter",
            "date": "2025-05-05",
        }
    ]
    read_profile(found)


def test_fmt_migrates_a_profile(console: Console) -> None:
    path = console.write("old.yaml", OLD)
    assert console("fmt", "--check", path).code == 1
    assert console("fmt", path).code == 0
    assert load_profile(path).name == "hosting"
    assert console("fmt", "--check", path).code == 0


def test_an_old_profile_is_refused_with_the_way_out(console: Console) -> None:
    ran = console("check", console.write("old.yaml", OLD))
    assert ran.code == 3
    assert "old.yaml:1:9" in ran.err
    assert "vatspolicy fmt" in ran.err
    with pytest.raises(InvalidInput, match="schema 1"):
        read_profile(parse_document(OLD, "old.yaml"))


def test_means_and_control_are_split() -> None:
    text = (
        "schema: 1\nproduct: {id: a}\ncompany: {foreign_percent: 0, operating_means_ready: true}\n"
        "partner:\n  operating_means_ready: true\nservices: [{id: s}]\n"
        "deals:\n- {kind: acquisition, gives_control: true}\n- kind: buy-out\n  gives_control: false\n- kind: new-company\n"
    )
    found = migrate_profile(parse_document(text, "old.yaml"))
    assert found.data["company"] == {"foreign_percent": 0, "lacking_means": []}
    assert found.data["partner"] == {"lacking_means": []}
    assert found.data["deals"] == [
        {"kind": "acquisition", "foreign_influence": ["resolutions"]},
        {"kind": "buy-out", "foreign_influence": []},
        {"kind": "new-company"},
    ]
    read_profile(found)


def test_means_that_are_not_ready_need_an_answer() -> None:
    text = "schema: 1\nproduct: {id: a}\ncompany: {operating_means_ready: false}\nservices: [{id: s}]\n"
    with pytest.raises(InvalidInput, match="which of them are missing"):
        migrate_profile(parse_document(text, "old.yaml"))


def test_words_of_two_meanings_are_split_and_unread_facts_go() -> None:
    text = (
        "schema: 1\nproduct: {id: a, domain_approved: true, vehicle: {persons: 10, important_data: false}}\n"
        "company: {foreign_percent: 0}\npartner: {listing: none}\nservices:\n- id: s\n  merchants: 3\n"
        "  display_of_licence: true\n  sells: [own-goods, third-party-goods, third-party-services]\n"
        "  features:\n  - user-content # posts\n  - public-opinion\n"
    )
    found = migrate_profile(parse_document(text, "old.yaml"))
    assert found.data["product"] == {"id": "a", "vehicle": {"important_data": False}}
    assert found.data["partner"] == {}
    assert found.data["data"] == {"persons": 10}
    assert found.data["services"] == [
        {
            "id": "s",
            "sells": ["own-goods", "outside-goods", "outside-services"],
            "features": ["user-posts", "user-exchange", "public-mobilization"],
        }
    ]
    assert "# posts" in found.text


def test_the_persons_of_the_data_count_before_those_of_vehicles() -> None:
    text = (
        "schema: 1\nproduct: {id: a, vehicle: {persons: 10}}\ncompany: {}\nservices: [{id: s}]\ndata: {persons: 20}\n"
    )
    assert migrate_profile(parse_document(text, "old.yaml")).data["data"] == {"persons": 20}
