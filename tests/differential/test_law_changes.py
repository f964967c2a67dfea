"""Real changes of law, replayed; docs/law-changes.md shows the beginning of each report."""

from typing import Any

import pytest

from tests.support.comparisons import to_review
from tests.support.effort import LONG, long_run
from tests.support.law_changes import PAGE, REPLAYS, Replay, page, replay
from vatspolicy.authoring.diff.verdict import STRICTER, impossible, possible

pytest.importorskip("z3", reason="proofs need the extra smt")

COSTLY = {"pilot", "services-opening"}
"""Replays that take half a minute each: the long run makes them."""
PLAYED = tuple(change for change in REPLAYS if LONG or change.name not in COSTLY)


def by_name(name: str) -> Replay:
    return next(change for change in REPLAYS if change.name == name)


def shown(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry for part in ("transitions", "rules") for entry in data["semantic"][part] if entry["witness"]]


def test_the_page_shows_what_the_policies_give_today() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == page(PLAYED), "run: python -m tests.support.law_changes"


@long_run
def test_the_launch_of_the_pilot_opens_it_in_its_places_and_nowhere_else() -> None:
    data = replay(by_name("pilot"))
    assert data["verdict"] == "loosened"
    assert not set(STRICTER) & set(possible(to_review(data)))
    assert set(STRICTER) <= set(impossible(to_review(data))), "proved, for all profiles"
    assert {"deny->needs-license", "deny->allow"} <= set(possible(to_review(data)))
    assert data["decisions"]["days"] == ["2024-10-23"]
    opened = {(row["product"], row["variant"]) for row in data["decisions"]["rows"]}
    assert ("cloud-hosting-beijing", None) in opened
    assert ("hosting-xuhui-lingang", None) not in opened
    assert {cause["rule"] for row in data["decisions"]["rows"] for cause in row["because"]} == {
        "vats-pilot-2024/pilot-access"
    }


def test_the_negative_list_of_2024_changes_no_decision() -> None:
    data = replay(by_name("negative-list"))
    assert data["title"]["en"] == "No decision changes, which is proved; citations or words may change"
    assert [(c["kind"], c["name"]) for c in data["structure"] if c["kind"] != "tests"] == [("edition", "2024-11-01")]


@long_run
def test_the_opening_of_services_is_one_new_file() -> None:
    data = replay(by_name("services-opening"))
    assert [(c["policy"], c["change"]) for c in data["structure"]] == [("services-opening-pilot", "added")]
    assert "app-store-hangzhou" in {row["product"] for row in data["decisions"]["rows"]}
    assert data["verdict"] == "loosened"


def test_the_export_thresholds_move_duties_and_no_decision() -> None:
    data = replay(by_name("export"))
    assert data["decisions"]["rows"] == []
    assert len(impossible(to_review(data))) == 12, "no decision word changes, for any profile"
    assert data["title"]["en"] == "Changes below the decision: duties, routes or reasons"
    duties = {(d["name"], d["before"], d["after"]) for d in data["decisions"]["details"] if d["kind"] == "duty"}
    assert ("data-export-assessment/large-export", "fires", None) in duties
    assert ("cross-border-data-provisions/small-export", None, "fires") in duties


@pytest.mark.parametrize("change", PLAYED, ids=lambda change: change.name)
def test_no_replay_is_left_unevaluated(change: Replay) -> None:
    data = replay(change)
    assert (data["state"], data["problems"], data["release"]["faults"]) == ("evaluated", [], [])
    assert {edit["verdict"] for edit in data["edits"]} <= {"witness", "masked", "proved-equivalent", "no-rule"}
    assert all(entry["witness"]["since"] >= change.day for entry in shown(data))
    assert not any(c["retroactive"] for c in data["structure"])
