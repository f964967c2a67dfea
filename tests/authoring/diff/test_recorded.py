"""Past decisions, decided again by both states of the law."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import render
from tests.support.console import Console
from tests.support.project_builder import PROFILE, compare, policy, product, project
from vatspolicy.gate.decision_log import make_event, parse_mask

LAW = policy("law")
LATER = LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2024-01-01', cite: art-1, value: 70.0}")
P80: dict[str, Any] = product("p80", 80)


def event(facts: Any, day: str = "2026-01-01", *masks: str) -> dict[str, Any]:
    result = {"as_of": day, "decision": "deny"}
    return make_event("1", facts, result, "2026-01-01T00:00:00Z", [parse_mask(mask) for mask in masks])


def compare_log(folder: Path, *events: Any, fail_on: tuple[str, ...] = ()) -> Any:
    """The comparison of two states without fixtures, and a log with these lines."""
    log = folder / "decisions.jsonl"
    lines = [one if isinstance(one, str) else json.dumps(one) for one in events]
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    sides = [project(folder / name, {"law": text}, {}) for name, text in (("base", LAW), ("head", LATER))]
    return compare(*sides, profiles=[str(log)], fail_on=fail_on)


def test_a_past_decision_is_decided_again_on_its_day(tmp_path: Path) -> None:
    found = compare_log(
        tmp_path, event(PROFILE), event(PROFILE, "2023-12-31"), event(P80), event(PROFILE), fail_on=("loosened",)
    )
    recorded = found["decisions"]["recorded"]
    [one] = recorded.pop("changes")
    assert recorded == {"records": 4, "evaluated": 4, "changed": 2, "unread": []}
    assert (one["product"], one["records"], one["days"], one["direction"]) == ("p60", 2, ["2026-01-01"], "loosened")
    assert (one["before"]["decision"], one["after"]["decision"]) == ("deny", "allow")
    assert [cause["rule"] for cause in one["because"]] == ["law/too-foreign"]
    recorded["changes"] = [one]
    for format in ("text", "markdown", "html"):
        told = " ".join(render(format, found, "en").replace("\\", "").split())
        assert "Past decisions with another outcome" in told, format
        assert "Products with another outcome: 1; past decisions by change: DENY → ALLOW (2)." in told, format
    assert "2 × p60: DENY → ALLOW (2026-01-01) ← law/too-foreign: Too foreign." in " ".join(
        render("text", found, "en").split()
    )
    [row] = found["decisions"]["rows"]
    assert (row["product"], row["variant"], row["days"]) == ("p60", "decisions.jsonl:1", ["2026-01-01"])
    assert (row["before"]["decision"], row["after"]["decision"]) == ("deny", "allow")
    assert row["because"][0]["rule"] == "law/too-foreign"
    assert (found["failed_on"], found["exit_code"]) == (["loosened"], 1)
    assert "Past decisions: 4; decided again: 4; with another outcome: 2; not evaluated: 0." in " ".join(
        render("text", found, "en").split()
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"torn', "torn"),
        (event(PROFILE, "2026-01-01", "/input/company/foreign_percent"), "masked"),
        (event(PROFILE, "2026-01-01", "/input/company/foreign_percent=10"), "masked"),
        ({key: value for key, value in event(PROFILE).items() if key != "input"}, "no-profile"),
        ({**event(PROFILE), "input": None}, "no-profile"),
        ({**event(PROFILE), "result": {}}, "no-day"),
        (event({"schema": 2, "company": {"foreign_percent": "much"}}), "invalid"),
        (event(PROFILE, "2019-12-31"), "uncovered"),
    ],
)
def test_a_record_without_its_profile_is_not_evaluated(tmp_path: Path, line: Any, code: str) -> None:
    found = compare_log(tmp_path, event(PROFILE), line)
    [unread] = found["decisions"]["recorded"]["unread"]
    assert (unread["line"], unread["code"]) == (2, code)
    assert (found["decisions"]["recorded"]["evaluated"], found["decisions"]["recorded"]["changed"]) == (1, 1)
    assert (found["state"], found["exit_code"]) == ("not-evaluated", 4)
    assert unread["text"]["en"] in " ".join(render("text", found, "en").split())
    assert [why["code"] for why in found["why"]] == ["masked" if code == "masked" else "recorded"]
    if code == "masked":
        first = " ".join(render("text", found, "en").partition("What a reviewer must decide")[0].split())
        assert "Past decisions cannot be replayed, because facts in their records are masked: 1." in first


def test_a_masked_title_keeps_the_facts(tmp_path: Path) -> None:
    found = compare_log(tmp_path, event(PROFILE, "2026-01-01", "/input/product/id=hidden", "/input/product/title"))
    assert (found["decisions"]["recorded"]["changed"], found["exit_code"]) == (1, 0)


def test_logs_of_check_are_read(tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("base", LAW), ("head", LATER)):
        project(tmp_path / name, {"law": text}, {})
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps(PROFILE), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    call = ["check", "spec.json", "--law", "base/policies", "--as-of", "2026-01-01", "--allow-past-as-of"]
    console(*call, "--log", "decisions.jsonl")
    diff = ["diff", "base", "head", "--semantic", "off", "--today", "2026-06-01", "-f", "json"]
    ran = console(*diff, "--profiles", "decisions.jsonl")
    recorded = json.loads(ran.out)["decisions"]["recorded"]
    [one] = recorded.pop("changes")
    assert (one["product"], one["records"]) == ("p60", 1)
    assert recorded == {"records": 1, "evaluated": 1, "changed": 1, "unread": []}
    assert console(*diff, "--log", "decisions.jsonl") == ran
    console(*call, "--log", "masked.jsonl", "--mask", "/input/company")
    ran = console(*diff, "--log", "masked.jsonl")
    assert ran.err.startswith(
        "vatspolicy: masked.jsonl masks facts that rules read, so its masked records cannot be decided again.\n"
    )
    assert ran.code == 5
