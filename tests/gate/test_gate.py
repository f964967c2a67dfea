"""Which specs are decided, under the law of which day, and with which code a run ends."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest

from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.cli.options import FailOn
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import Record, WorstReadingRecord
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import DayError, ExitCode, Gate, GateResult, find_specs, worst
from vatspolicy.gate.judgement import EDITS, ITSELF, LEVELS, Judgement, Remark, find_failures, find_worst_level
from vatspolicy.gate.judgement import INCOMPLETE as OPEN

FAILED, INCOMPLETE, INTERNAL, INVALID, NOTHING, OK = (
    ExitCode.FAILED,
    ExitCode.INCOMPLETE,
    ExitCode.INTERNAL,
    ExitCode.INVALID,
    ExitCode.NOTHING,
    ExitCode.OK,
)

DENIED = [("services.0.facilities", ["chengdu"])]
UNKNOWN = [("company.foreign_percent", None), ("services.0.offers", ["domestic-ip-vpn"])]
HELD = [
    (
        "company.licenses",
        [{"instrument": "pilot-approval", "classes": ["B11"], "area": ["china"], "valid_until": "2030-01-01"}],
    )
]


# --- finding specs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "one.yaml",
        "specs/a.yaml",
        "specs/b.yml",
        "specs/c.json",
        "specs/deep/d.yaml",
        "specs/a.expect.yaml",
        "specs/notes.txt",
        "specs/.hidden.yaml",
        "specs/.venv/e.yaml",
        "odd[1].yaml",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("decisions: []" if ".expect." in name else "x")
    return tmp_path


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("one.yaml", ["one.yaml"]),
        ("missing.yaml", ["missing.yaml"]),
        ("-", ["-"]),
        ("specs", ["specs/a.yaml", "specs/b.yml", "specs/c.json", "specs/deep/d.yaml"]),
        ("specs/", ["specs/a.yaml", "specs/b.yml", "specs/c.json", "specs/deep/d.yaml"]),
        ("specs/*.yaml", ["specs/a.yaml"]),
        ("specs/*", ["specs/a.yaml", "specs/b.yml", "specs/c.json", "specs/notes.txt"]),
        ("specs/**/*.yaml", ["specs/a.yaml", "specs/deep/d.yaml"]),
        ("specs/.h*", ["specs/.hidden.yaml"]),
        ("specs/a.expect.yaml", ["specs/a.expect.yaml"]),
        ("[o]ne.yaml", ["one.yaml"]),
        ("odd[[]1].yaml", ["odd[1].yaml"]),
        ("one.YAML", ["one.YAML"]),
        ("[o]NE.y*", ["one.yaml"]),
        ("./specs/*.yaml", ["specs/a.yaml"]),
        ("specs/../specs/*.yaml", ["specs/../specs/a.yaml"]),
        ("nothing/*.yaml", []),
        ("specs/?.toml", []),
        ("a**b*.yaml", []),
        ("x" * 5000 + "*", ["x" * 5000 + "*"]),
    ],
)
@pytest.mark.usefixtures("files")
def test_specs_behind_an_argument(argument: str, expected: list[str]) -> None:
    assert find_specs(argument) == expected


def test_a_glob_may_be_absolute(files: Path) -> None:
    assert find_specs(f"{files}/on*.yaml") == [f"{files}/one.yaml"]


# --- exit codes -------------------------------------------------------------------------------------------------------

ORDER = (OK, INCOMPLETE, FAILED, NOTHING, INVALID, INTERNAL)


def test_the_worst_code_wins() -> None:
    assert ORDER == (0, 4, 1, 5, 3, 70)
    for low, high in itertools.combinations(ORDER, 2):
        assert worst([low, high]) == worst([high, low]) == high
    assert worst([]) == OK


def test_a_code_that_is_no_outcome_of_a_spec_is_refused() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        worst([ExitCode.USAGE])


def test_the_words_of_the_command_line_are_those_of_the_gate() -> None:
    assert get_args(FailOn) == LEVELS


@pytest.fixture
def decide(rich_bundle: Bundle, tmp_path: Path) -> DecideFixture:
    return DecideFixture(rich_bundle, tmp_path)


class DecideFixture:
    def __init__(self, bundle: Bundle, folder: Path) -> None:
        self.bundle, self.folder = bundle, folder
        self.records: list[tuple[Decision, Record]] = []

    def decision(self, text: str, *changes: tuple[str, object]) -> Decision:
        path = self.folder / "spec.yaml"
        path.write_text(text)
        profile = load_profile(path, changes)
        decision = evaluate(self.bundle, profile, profile.launch or TODAY)
        self.records.append((decision, make_record(self.bundle, profile, decision)))
        return decision

    def record(self, decision: Decision) -> Record:
        return next(record for one, record in self.records if one is decision)

    def code(self, fail_on: str, decision: Decision, no_fail: bool = False) -> int:
        return Gate(self.bundle, TODAY, fail_on=fail_on, no_fail=no_fail).code(self.record(decision))

    def failing(self, fail_on: str, decision: Decision) -> list[tuple[str, str]]:
        """Level and rule (or fact, or part) of each failure."""
        record = self.record(decision)
        found = Judgement(fail_on).find_failures(record)
        parts = [(one.level, None if one.part == ITSELF else getattr(record, one.part)[one.position]) for one in found]
        return [(level, getattr(part, "rule", None) or str(getattr(part, "path", ITSELF))) for level, part in parts]


BARE = [("services.0.audience", "business")]
"""No duty of the invented law and no advice applies."""


def test_a_note_that_calls_the_law_contested_fails_as_contested(decide: DecideFixture) -> None:
    decision = decide.decision(SHOP, *BARE, ("data.persons", 0), ("company.foreign_percent", 60))
    plain = decide.record(decision)
    contested = replace(plain, advice=tuple(replace(note, kind="contested") for note in plain.advice))
    number = len(plain.advice)
    assert number > 0
    for record, levels in ((plain, {"advice": "advice"}), (contested, dict.fromkeys(LEVELS[2:], "contested"))):
        for fail_on in LEVELS:
            found = find_failures(record, fail_on)
            expected = [(levels[fail_on], "advice", index) for index in range(number)] if fail_on in levels else []
            assert found == expected


def test_levels(decide: DecideFixture) -> None:
    table = {
        "allow": (decide.decision(SHOP, *BARE, ("data.persons", 0)), (OK, OK, OK, OK, OK)),
        "advice": (
            decide.decision(SHOP, *BARE, ("data.persons", 0), ("company.foreign_percent", 60)),
            (OK, OK, OK, OK, FAILED),
        ),
        "duty": (decide.decision(SHOP, ("data.persons", 0)), (OK, OK, OK, FAILED, FAILED)),
        "undetermined duty": (decide.decision(SHOP, *BARE), (OK, OK, OK, FAILED, FAILED)),
        "needs-license": (
            decide.decision(HOSTING, ("data.persons", 0)),
            (OK, FAILED, FAILED, FAILED, FAILED),
        ),
        "deny": (decide.decision(HOSTING, *DENIED), (FAILED,) * 5),
        "incomplete": (decide.decision(HOSTING, *UNKNOWN), (INCOMPLETE,) * 5),
    }
    for name, (decision, codes) in table.items():
        assert tuple(decide.code(level, decision) for level in LEVELS) == codes, name
        assert all(decide.code(level, decision, no_fail=True) == OK for level in LEVELS), name
    assert {decision.decision for decision, _ in table.values()} == {"allow", "needs-license", "deny", "incomplete"}


def test_the_gate_names_each_finding_that_fails(decide: DecideFixture) -> None:
    """As many as its level includes, the gravest first; and none where the exit code is 0."""
    need, first, look = "telecom-regulations/license-duty", "invented-duties/first", "invented-duties/look"
    denied = decide.decision(HOSTING, *DENIED)
    assert decide.failing("deny", denied) == [("deny", need)]
    needed = decide.decision(HOSTING, ("data.persons", 0), ("services.0.audience", "public"))
    assert [decide.failing(level, needed) for level in LEVELS[:2]] == [[], [("needs-license", need)]]
    assert decide.failing("duty", needed) == [("needs-license", need), ("duty", first)]
    told = decide.decision(SHOP, *BARE, ("data.persons", 0), ("company.foreign_percent", 60))
    assert [decide.failing(level, told) for level in LEVELS] == [[], [], [], [], [("advice", look)]]
    contested = decide.decision(SHOP, *BARE, *SOFTWARE)
    assert {name for _, name in decide.failing("contested", contested)} == {"catalog-readings/software-on-own-servers"}
    assert {level for level, _ in decide.failing("contested", contested)} == {"contested"}
    unknown = decide.decision(HOSTING, *UNKNOWN)
    assert decide.failing("deny", unknown)[0] == (OPEN, "company.foreign_percent")
    assert Judgement("advice", no_fail=True).find_failures(decide.record(denied)) == []


def test_a_decision_fails_as_a_whole_where_no_part_is_seen_to_fail(decide: DecideFixture) -> None:
    """A decision word without a finding behind it must not let a launch through."""
    record = decide.record(decide.decision(SHOP, *BARE, ("data.persons", 0)))
    for word, failing in (("deny", LEVELS), ("needs-license", LEVELS[1:]), ("incomplete", LEVELS)):
        for level in LEVELS:
            found = [one.part for one in find_failures(replace(record, decision=word, missing=()), level)]
            assert found == ([ITSELF] if level in failing else []), (word, level)
    together = replace(record, worst_reading=WorstReadingRecord("shop", "deny", True, (), True))
    assert [one[:2] for one in find_failures(together, "contested")] == [("contested", ITSELF)]
    assert find_worst_level(find_failures(replace(together, decision="deny"), "advice")) == "deny"
    assert find_worst_level([]) is None


@pytest.mark.parametrize(
    ("kind", "level", "fails"),
    [("unused", "warning", True), ("ends-soon", "note", False), (EDITS, "warning", False), (EDITS, "note", False)],
)
def test_a_strict_gate_fails_on_warnings_about_waivers(kind: str, level: str, fails: bool) -> None:
    """Edits of the files of the gate do not count yet, whatever they would open."""
    remark = Remark(kind, level, None, None, {"en": "So.", "zh": "如此。"}, "w.yaml", 1, 1)
    assert Judgement(strict=True).fails_remark(remark) is fails
    assert not Judgement(strict=True, no_fail=True).fails_remark(remark)
    assert not Judgement().fails_remark(remark)


SOFTWARE = [
    ("services.0.offers", ["saas"]),
    ("services.0.area", ["beijing"]),
    ("services.0.hosting", "mainland"),
    ("services.0.facilities", [{"at": "beijing", "kind": "servers"}]),
    ("data.persons", 0),
]


def test_a_stricter_reading_fails_from_its_level_on(decide: DecideFixture) -> None:
    decision = decide.decision(SHOP, *BARE, *SOFTWARE)
    assert (decision.decision, bool(decision.readings), decision.advice) == ("allow", True, ())
    assert [decide.code(level, decision) for level in LEVELS] == [OK, OK, FAILED, FAILED, FAILED]


def test_a_reading_that_is_not_stricter_counts_as_advice_only(decide: DecideFixture) -> None:
    classes = ["B11", "B21-interchange", "B25-publishing"]
    license = {"instrument": "vats-license", "classes": classes, "area": ["china"], "valid": True}
    held = ("company.licenses", [license])
    decision = decide.decision(SHOP, *BARE, *SOFTWARE, held)
    assert (decision.decision, {reading.stricter for reading in decision.readings}) == ("allow", {False})
    assert [decide.code(level, decision) for level in LEVELS] == [OK, OK, OK, OK, FAILED]


def test_a_duty_that_is_done_does_not_fail(decide: DecideFixture) -> None:
    done = ("filings", [{"instrument": "icp-filing", "date": "2026-12-01"}])
    decision = decide.decision(SHOP, ("data.persons", 0), done)
    assert decide.code("duty", decision) == OK
    assert {finding.rule.id for finding in decision.duties if finding.state == "done"} == {"first"}


def test_only_duties_before_the_launch_are_outstanding(decide: DecideFixture) -> None:
    """A filing before some later change is nothing that a launch could wait for."""
    decision = decide.decision(SHOP, ("data.persons", 1))
    assert len(decision.duties) == 7
    assert {finding.rule.id for finding in decision.outstanding} == {"first", "persons"}


# --- one run over several specs ---------------------------------------------------------------------------------------


@pytest.fixture
def specs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    texts = {
        "allow": SHOP,
        "needs": HOSTING,
        "deny": HOSTING.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]"),
        "incomplete": HOSTING.replace("  foreign_percent: 100\n", "").replace("[data-center]", "[domestic-ip-vpn]"),
        "invalid": HOSTING.replace("foreign_percent: 100", "foreign_percent: 101"),
        "undated": SHOP.replace(", launch: '2027-01-31'", ""),
        "past": SHOP.replace("2027-01-31", "2026-05-31"),
        "early": SHOP.replace("2027-01-31", "2014-12-31"),
    }
    for name, text in texts.items():
        Path(f"{name}.yaml").write_text(text)


@pytest.fixture
def base(bundle: Bundle) -> Gate:
    return Gate(bundle, TODAY)


def names(outcome: GateResult) -> list[str]:
    return [record.file for record in outcome.records]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["allow.yaml"], OK),
        (["needs.yaml"], FAILED),
        (["deny.yaml"], FAILED),
        (["incomplete.yaml"], INCOMPLETE),
        (["invalid.yaml"], INVALID),
        (["missing.yaml"], INVALID),
        (["x*.yaml"], NOTHING),
        ([], NOTHING),
        (["allow.yaml", "incomplete.yaml"], INCOMPLETE),
        (["incomplete.yaml", "deny.yaml"], FAILED),
        (["deny.yaml", "x*.yaml"], NOTHING),
        (["allow.yaml", "x*.yaml"], NOTHING),
        (["x*.yaml", "invalid.yaml"], INVALID),
        (["allow.yaml", "incomplete.yaml", "deny.yaml", "x*.yaml", "invalid.yaml"], INVALID),
    ],
)
@pytest.mark.usefixtures("specs")
def test_the_code_of_a_run(base: Gate, arguments: list[str], code: int) -> None:
    assert base.run(arguments).exit_code == code
    assert base.run(reversed(arguments)).exit_code == code


@pytest.mark.usefixtures("specs")
def test_each_spec_is_decided_once_in_the_order_given(base: Gate) -> None:
    outcome = base.run(["deny.yaml", "a*.yaml", "allow.yaml", "deny.yaml"])
    assert names(outcome) == ["deny.yaml", "allow.yaml"]


# --- days -------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("specs")
def test_the_day_is_as_of_else_the_launch_else_today(base: Gate) -> None:
    [launch] = base.run(["allow.yaml"]).records
    [undated] = base.run(["undated.yaml"]).records
    [chosen] = replace(base, as_of="2026-07-01").run(["allow.yaml"]).records
    assert (launch.as_of, undated.as_of, chosen.as_of) == ("2027-01-31", TODAY, "2026-07-01")
    assert (launch.launch, undated.launch) == ("2027-01-31", None)


@pytest.mark.usefixtures("specs")
def test_days_before_the_bundle_are_refused(base: Gate) -> None:
    past = replace(base, allow_past=True)
    with pytest.raises(DayError, match="is before 2015-01-01, the first day that the bundle covers"):
        replace(past, as_of="2014-12-31").run(["allow.yaml"])
    assert replace(past, as_of="2015-01-01").run(["allow.yaml"]).exit_code == OK
    outcome = past.run(["early.yaml", "allow.yaml"])
    assert (names(outcome), outcome.exit_code) == (["allow.yaml"], INVALID)
    assert "2015-01-01" in outcome.problems[0].message


def test_a_held_approval_opens_the_gate(base: Gate, tmp_path: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(HOSTING)
    outcome = replace(base, changes=HELD).run([str(spec)])
    assert outcome.exit_code == OK
    assert outcome.records[0].decision == "allow"
