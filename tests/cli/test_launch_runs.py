"""check, its reports and its records decide a launch of several companies: one word, and each part its own."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.repositories import commit, git
from tests.support.specs import HOSTING
from vatspolicy.core.documents.validation import is_valid

SHOP_AND_CLOUD = """\
schema: 2
product: {id: pair, title: Shop and cloud, launch: '2027-01-31'}
companies:
  shop-co: {name: Shop Co., foreign_percent: 0, foreign_percent_basis: ultimate, mainland_entity: true, discredited: []}
  cloud-co:
    legal_form: limited-company
    lacking_means: []
    foreign_percent: 100
    foreign_percent_basis: ultimate
    mainland_entity: true
    registered_capital_rmb: 20000000
    registered: shanghai-lingang
    discredited: []
services:
  - {id: web, operator: shop-co, offers: [own-shop], sells: [own-goods], features: [], charges: [], content: [],
     audience: public, channels: [website], hosting: mainland, area: [china]}
  - id: cloud
    operator: cloud-co
    offers: [data-center]
    audience: business
    area: [china]
    facilities: [shanghai-lingang]
    rents_outside_region: false
    hosting: mainland
    content: []
    features: []
    channels: [website]
"""
"""shop-co is allowed; cloud-co needs a license, or is denied outside Lin-gang."""
WORDS = {"shop-co": "allow", "cloud-co": "needs-license"}


@pytest.fixture
def launch(console: Console) -> str:
    return console.write("launch.yaml", SHOP_AND_CLOUD).name


def run(console: Console, *arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(console("check", *arguments, "-f", "json").out)
    return found


def test_one_word_for_the_launch_and_each_part_its_own(console: Console, launch: str) -> None:
    found = run(console, launch)
    assert found["launches"] == [{"file": launch, "decision": "needs-license", "parts": WORDS}]
    assert {one["file"]: one["product"] for one in found["decisions"]} == {
        "launch.yaml#shop-co": "pair-shop-co",
        "launch.yaml#cloud-co": "pair-cloud-co",
    }
    assert is_valid(found, "report")
    assert is_valid(json.loads(console("check", launch, "-f", "json", "--details").out), "decision")
    ran = console("check", launch)
    assert ran.code == 1
    assert "Launch launch.yaml: NEEDS LICENSE (shop-co ALLOW, cloud-co NEEDS LICENSE)." in " ".join(ran.out.split())
    chinese = "".join(console("check", launch, "--lang", "zh").out.split())
    assert "多公司上线方案launch.yaml：须取得许可（shop-co可以上线，cloud-co须取得许可）" in chinese
    assert console("check", launch, "--fail-on", "deny").code == 0
    alone = run(console, "launch.yaml#shop-co")
    assert ("launches" in alone, alone["decision"]) == (False, "allow")


def test_a_launch_has_no_word_while_a_part_is_not_decided(console: Console) -> None:
    text = SHOP_AND_CLOUD.replace("foreign_percent: 0,", "foreign_percent: 0, legal_form: branch,")
    found = run(console, console.write("launch.yaml", text).name)
    assert found["launches"][0]["decision"] is None
    assert found["launches"][0]["parts"] == {"shop-co": None, "cloud-co": "needs-license"}
    [problem] = found["problems"]
    assert (problem["file"], problem["line"], found["gate"]["exit_code"]) == ("launch.yaml#shop-co", 4, 3)


def test_reports_for_machines_name_the_file_and_each_part(console: Console, launch: str) -> None:
    sarif = json.loads(console("check", launch, "-f", "sarif").out)["runs"][0]
    assert sarif["properties"]["launches"] == {launch: "needs-license"}
    places = {one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for one in sarif["results"]}
    assert places == {launch}
    issues = json.loads(console("check", launch, "-f", "gitlab").out)
    assert {one["location"]["path"] for one in issues} == {launch}
    annotations = console("check", launch, "-f", "github").out
    assert "file=launch.yaml," in annotations
    assert "launch.yaml#" not in annotations.replace("launch.yaml#shop", "")
    assert "Launch launch.yaml: NEEDS LICENSE" in annotations
    for format in ("markdown", "comment"):
        assert "NEEDS LICENSE (shop-co ALLOW" in console("check", launch, "-f", format).out.replace("\\", "")
    for format in ("html", "csv", "junit"):
        out = console("check", launch, "-f", format).out
        assert "launch.yaml#shop-co" in out
        assert "launch.yaml#cloud-co" in out


def test_facts_are_set_in_the_launch_or_in_one_part(console: Console, launch: str) -> None:
    moved = "services.0.facilities=[chengdu]"
    assert run(console, "launch.yaml#cloud-co", "--set", moved)["decision"] == "deny"
    refused = console("check", launch, "--set", moved)
    assert (refused.code, "cannot be set for all parts of a launch" in refused.err) == (3, True)
    missing = run(console, launch, "--set", "companies.cloud-co.legal_form=")
    assert missing["launches"][0]["parts"]["cloud-co"] == "incomplete"
    assert run(console, launch, "--set", "product.launch=2027-02-28")["decisions"][1]["launch"] == "2027-02-28"
    unknown = console("check", launch, "--set", "companies.cloud-co.foreign_share=1")
    assert (unknown.code, "has no fact" in unknown.err) == (2, True)


def test_a_log_has_a_line_for_each_part(console: Console, launch: str) -> None:
    assert console("check", launch, "--log", "log.jsonl", "--no-fail").code == 0
    lines = (console.folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["result"]["file"] for line in lines] == [f"{launch}#{name}" for name in WORDS]


def test_waivers_and_baselines_are_of_one_part(console: Console, launch: str) -> None:
    text = SHOP_AND_CLOUD.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]")
    console.write("launch.yaml", text)
    assert run(console, launch)["launches"][0]["parts"]["cloud-co"] == "deny"
    assert console("check", launch, "--write-baseline", "b.yaml", "--until", "2027-05-31").code == 0
    assert "pair-cloud-co" in (console.folder / "b.yaml").read_text(encoding="utf-8")
    assert console("check", launch, "--baseline", "b.yaml").code == 0
    approval = ("--reason", "x", "--approver", "kim", "--ticket", "A-1", "--until", "2027-05-31")
    waiver = console("waive", "launch.yaml#cloud-co", "telecom-regulations/license-duty", *approval).out
    assert "product: pair-cloud-co" in waiver
    console.write("other.yaml", text.replace("shop-co", "cloud-two").replace("id: pair", "id: other"))
    assert console("check", "other.yaml", "--baseline", "b.yaml").code == 1


def test_follow_up_commands_take_a_part(console: Console, launch: str) -> None:
    part = "launch.yaml#cloud-co"
    assert "vatspolicy routes 'launch.yaml#cloud-co'" in console("check", launch).out
    assert console("routes", part).code == 0
    assert console("timeline", part).code == 0
    assert "100" in console("eval", "company.foreign_percent", "--spec", part).out
    for command in (("routes", launch), ("timeline", launch), ("ask", launch)):
        ran = console(*command)
        assert (
            "launch.yaml:3:1: companies: This is a launch of several companies, but the command needs one profile"
            in ran.err
        )
    refused = console("ask", part)
    assert (refused.code, "not a part of a launch" in refused.err) == (2, True)
    console.write("plain.yaml", HOSTING)
    assert "Only a launch with several companies has parts" in console("check", "plain.yaml#one").err


def test_a_base_is_compared_part_by_part(console: Console, launch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(console.folder, "init", "--quiet")
    commit(console.folder)
    console.write("launch.yaml", SHOP_AND_CLOUD.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]"))
    changes = {one["spec"]: one for one in run(console, launch, "--base", "HEAD")["spec_changes"]["specs"]}
    assert {spec: (one["state"], one["direction"]) for spec, one in changes.items()} == {
        "launch.yaml#shop-co": ("kept", "same"),
        "launch.yaml#cloud-co": ("kept", "tightened"),
    }
    [change] = run(console, "launch.yaml#cloud-co", "--base", "HEAD")["spec_changes"]["specs"]
    assert (change["state"], change["direction"]) == ("kept", "tightened")


def test_the_schema_of_a_launch_is_published(console: Console) -> None:
    schema = json.loads(console("schema", "launch").out)
    assert {"companies", "partners", "services"} <= schema["properties"].keys()
    assert "foreign_percent" in schema["properties"]["companies"]["additionalProperties"]["properties"]


def test_standard_input_may_hold_a_launch(console: Console) -> None:
    ran = console("check", "-", "-f", "json", stdin=SHOP_AND_CLOUD)
    assert json.loads(ran.out)["launches"][0]["parts"] == WORDS
    assert "Next: vatspolicy check - --details" in console("check", "-", stdin=SHOP_AND_CLOUD).out
