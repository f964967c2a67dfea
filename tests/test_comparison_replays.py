"""Real changes of law, replayed; their reports stand in docs/reviewing-a-change.md."""

from pathlib import Path

import pytest
from replays import PAGE, REPLAYS, Replay, page, replay


def by_name(name: str) -> Replay:
    return next(change for change in REPLAYS if change.name == name)


def test_the_page_shows_what_the_policies_give_today() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python tests/replays.py"


def test_the_launch_of_the_pilot_opens_it_in_its_places_and_nowhere_else(tmp_path: Path) -> None:
    data = replay(by_name("pilot"), tmp_path)
    assert data["verdict"] == "loosened"
    assert data["decisions"]["days"] == ["2024-10-23"]
    opened = {(row["product"], row["variant"]) for row in data["decisions"]["rows"]}
    assert ("cloud-hosting-beijing", None) in opened
    assert ("hosting-xuhui-lingang", None) not in opened
    assert {cause["rule"] for row in data["decisions"]["rows"] for cause in row["because"]} == {
        "vats-pilot-2024/pilot-access"
    }


def test_the_negative_list_of_2024_changes_no_decision(tmp_path: Path) -> None:
    data = replay(by_name("negative-list"), tmp_path)
    assert data["title"]["en"] == "No decision changes: no rule differs on any day"
    assert [(c["kind"], c["name"]) for c in data["structure"] if c["kind"] != "tests"] == [("edition", "2024-11-01")]


def test_the_opening_of_services_is_one_new_file(tmp_path: Path) -> None:
    data = replay(by_name("services-opening"), tmp_path)
    assert [(c["policy"], c["change"]) for c in data["structure"]] == [("services-opening-pilot", "added")]
    assert "app-store-hangzhou" in {row["product"] for row in data["decisions"]["rows"]}
    assert data["verdict"] == "loosened"


def test_the_export_thresholds_move_duties_and_no_decision(tmp_path: Path) -> None:
    data = replay(by_name("export"), tmp_path)
    assert data["decisions"]["rows"] == []
    duties = {(d["name"], d["before"], d["after"]) for d in data["decisions"]["details"] if d["kind"] == "duty"}
    assert ("data-export-assessment/large-export", "fires", None) in duties
    assert ("cross-border-data-provisions/small-export", None, "fires") in duties


@pytest.mark.parametrize("change", REPLAYS, ids=lambda change: change.name)
def test_no_replay_is_left_unevaluated(change: Replay, tmp_path: Path) -> None:
    data = replay(change, tmp_path)
    assert (data["state"], data["problems"], data["release"]["faults"]) == ("evaluated", [], [])
    assert not any(c["retroactive"] for c in data["structure"])
