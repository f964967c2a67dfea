"""Waivers and baselines: what they set aside, what they never may, and that every report shows it."""

from __future__ import annotations

import json
import random
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.console import Console
from tests.support.effort import trials
from tests.support.members import for_each
from tests.support.schemas import validator_of
from tests.support.shipped import GOLDEN, ROOT, shipped_bundle
from tests.support.specs import HOSTING, TODAY
from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import ExitCode, Gate, GateResult
from vatspolicy.gate.waivers.apply import WHY, add_entries, baseline_text, waivable
from vatspolicy.gate.waivers.fingerprint import fingerprint
from vatspolicy.gate.waivers.load import WaiverSet, load_approvers, load_baseline, load_waiver_set, load_waivers
from vatspolicy.reports.decision import render
from vatspolicy.reports.formats import FORMATS

FAILED, INCOMPLETE, INVALID, OK = ExitCode.FAILED, ExitCode.INCOMPLETE, ExitCode.INVALID, ExitCode.OK

LICENSE = "  licenses: [{instrument: pilot-approval, classes: [B11], area: [china], valid_until: '2030-01-01'}]\n"
DENIED = HOSTING.replace("  discredited: []\n", "  discredited: [company]\n" + LICENSE)
"""Denied by one rule, OUTCAST, and by nothing else."""
UNLICENSED = HOSTING.replace("  discredited: []\n", "  discredited: [company]\n")
"""Denied by OUTCAST; without it, it needs a license."""
OUTCAST, LICENSED = "invented-duties/outcast", "telecom-regulations/license-duty"
ABSOLUTE = (
    "  - {id: absolute, cite: [art-2], each: product, when: company.foreign_percent > 99.0, unwaivable: true, "
    "deny: {reason: PROHIBITED-SECTOR}, message: {en: Never., zh: 不得。}}\n"
)
APPROVERS = "schema: 1\napprovers:\n  - {name: kim, rules: ['invented-duties/*', 'telecom-regulations/*', 'vats-pilot-2024/*']}\n"
UNTIL = "2027-05-31"
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def changed(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bundle]:
    """The law of these tests, with texts of the invented policy replaced."""
    known: dict[tuple[str, ...], Bundle] = {}

    def make(*texts: str) -> Bundle:
        if texts not in known:
            folder = Path(shutil.copytree(law, tmp_path_factory.mktemp("law") / "law"))
            text = (GOLDEN / "invented-duties.yaml").read_text(encoding="utf-8")
            for old, new in zip(texts[::2], texts[1::2], strict=True):
                assert text.count(old) >= 1
                text = text.replace(old, new)
            (folder / "invented-duties.yaml").write_text(text, encoding="utf-8")
            known[texts] = load_bundle(folder)
        return known[texts]

    return make


@pytest.fixture(scope="module")
def bundle(changed: Callable[..., Bundle]) -> Bundle:
    return changed()


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("approvers.yaml").write_text(APPROVERS)
    Path("spec.yaml").write_text(DENIED)


def entries(bundle: Bundle, rule: str, spec: str = "spec.yaml", **fields: str) -> list[Entry]:
    """Waivers of what a rule finds on a spec."""
    profile = load_profile(spec)
    decision, _ = Gate(bundle, TODAY).decide(profile)
    return [
        {
            "rule": rule,
            "scope": {
                "product": decision.product,
                "fingerprint": fingerprint(bundle, profile, decision.as_of, finding),
            },
            "reason": "Settled with the court.",
            "approver": "kim",
            "ticket": "LAW-7",
            "granted": TODAY,
            "expiry": UNTIL,
            **fields,
        }
        for _, finding in waivable(decision)
        if finding.rule.name == rule
    ]


def write(waivers: Sequence[Entry], name: str = "waivers.yaml") -> Path:
    """A file of waivers; JSON is YAML too."""
    path = Path(name)
    path.write_text(json.dumps({"schema": 1, "waivers": list(waivers)}, ensure_ascii=False), encoding="utf-8")
    return path


def ran(
    bundle: Bundle, *specs: str, waiver_set: WaiverSet | None = None, today: str = TODAY, **gate: Any
) -> GateResult:
    """A run under waivers.yaml and approvers.yaml, or another ledger."""
    waiver_set = waiver_set or load_waiver_set(Path("waivers.yaml"), Path("approvers.yaml"))
    return Gate(bundle, today, waiver_set=waiver_set, **gate).run(specs or ["spec.yaml"])


def kinds(outcome: GateResult) -> list[str]:
    assert outcome.remarks is not None
    return [remark.kind for remark in outcome.remarks]


# --- what a waiver does -----------------------------------------------------------------------------------------------


def test_a_waiver_opens_the_gate_and_changes_no_decision(bundle: Bundle) -> None:
    before = Gate(bundle, TODAY).run(["spec.yaml"])
    write(entries(bundle, OUTCAST))
    after = ran(bundle)
    assert (before.exit_code, after.exit_code, kinds(after)) == (FAILED, OK, [])
    old, new = before.records[0], after.records[0]
    assert (new.decision, new.remaining) == ("deny", "allow")
    assert replace(new, denials=old.denials, remaining=None) == old
    (denial,) = new.denials
    assert (replace(denial, waived=None),) == old.denials
    assert encode(denial.waived) == {
        "by": "waiver",
        "reason": "Settled with the court.",
        "approver": "kim",
        "ticket": "LAW-7",
        "since": TODAY,
        "until": UNTIL,
        "file": "waivers.yaml",
        "line": 1,
    }


@pytest.mark.parametrize(("today", "noted"), [(TODAY, []), ("2027-05-16", []), ("2027-05-17", ["ends-soon"])])
def test_a_waiver_that_ends_soon_is_noted_and_applies(bundle: Bundle, today: str, noted: list[str]) -> None:
    Path("spec.yaml").write_text(DENIED)
    write(entries(bundle, OUTCAST))
    strict = load_waiver_set(Path("waivers.yaml"), Path("approvers.yaml"), strict=True)
    outcome = ran(bundle, today=today, waiver_set=strict, allow_past=True)  # some days are after the launch
    assert (outcome.exit_code, kinds(outcome)) == (OK, noted)
    for remark in outcome.remarks or ():
        assert (remark.level, UNTIL in remark.message["en"]) == ("note", True)


def test_what_else_stands_in_the_way_still_does(bundle: Bundle) -> None:
    Path("spec.yaml").write_text(UNLICENSED)
    write(entries(bundle, OUTCAST))
    assert (ran(bundle).exit_code, ran(bundle).records[0].remaining) == (FAILED, "needs-license")
    assert ran(bundle, fail_on="deny").exit_code == OK
    write([*entries(bundle, OUTCAST), *entries(bundle, LICENSED)])
    assert (ran(bundle).exit_code, ran(bundle).records[0].remaining) == (OK, "allow")


def test_a_duty_and_an_advice_are_waived(bundle: Bundle) -> None:
    text = DENIED.replace("[company]", "[]").replace("audience: business", "audience: public")
    Path("spec.yaml").write_text(text + "data: {persons: 0}\n")
    first, look = entries(bundle, "invented-duties/first"), entries(bundle, "invented-duties/look")
    others = entries(bundle, "vats-pilot-2024/approval-can-end")
    assert (len(first), len(look)) == (1, 1)
    assert entries(bundle, "invented-duties/logs") == []  # no gate fails on what is due after the launch
    write([])
    assert [ran(bundle, fail_on=level).exit_code for level in ("needs-license", "duty", "advice")] == [0, 1, 1]
    write(first)
    assert ran(bundle, fail_on="duty").exit_code == OK
    write([*first, *look, *others])
    outcome = ran(bundle, fail_on="advice")
    left = [one.rule for one in outcome.records[0].advice if one.waived is None]
    assert (outcome.exit_code, left) == (OK, [])


def test_what_is_unknown_comes_to_bear_again(bundle: Bundle) -> None:
    """A denial hides what was not said. Without the denial, silence is no permission."""
    Path("spec.yaml").write_text(DENIED.replace("    area: [china]\n    facilities: [shanghai-lingang]\n", ""))
    denied = Gate(bundle, TODAY).run(["spec.yaml"])
    assert denied.records[0].decision == "deny"
    assert denied.records[0].undetermined
    write(entries(bundle, OUTCAST))
    outcome = ran(bundle)
    assert (outcome.exit_code, outcome.records[0].remaining) == (INCOMPLETE, "incomplete")


def test_incomplete_is_never_waived(bundle: Bundle) -> None:
    text = DENIED.replace("discredited: [company]", "discredited: []").replace("  foreign_percent: 100\n", "")
    Path("spec.yaml").write_text(text.replace(LICENSE, "").replace("[data-center]", "[domestic-ip-vpn]"))
    (mark,) = {entry["scope"]["fingerprint"] for entry in entries(bundle, "nobody/nothing")} or {"sha256:" + "0" * 64}
    waiver = {
        "rule": LICENSED,
        "scope": {"product": "hosting", "fingerprint": mark},
        "reason": "r",
        "approver": "kim",
        "ticket": "t",
        "granted": TODAY,
        "expiry": UNTIL,
    }
    write([waiver])
    outcome = ran(bundle)
    assert (outcome.exit_code, outcome.records[0].remaining) == (INCOMPLETE, "incomplete")
    assert kinds(outcome) in (["unused"], ["changed"])


def test_the_rest_of_every_decision_is_never_milder_than_its_findings(bundle: Bundle) -> None:
    """Whatever subset is set aside: deny stays while a denial stays, and nothing incomplete becomes decided."""
    from vatspolicy.gate.waivers.apply import remaining

    seed = random.Random(5)
    texts = [DENIED, UNLICENSED, HOSTING, DENIED.replace("    area: [china]\n", "")]
    for text in texts:
        Path("spec.yaml").write_text(text)
        decision, _ = Gate(bundle, TODAY).decide(load_profile("spec.yaml"))
        places = [place for place, _ in waivable(decision)]
        for _ in range(40):
            chosen = {place for place in places if seed.random() < 0.5}
            rest = remaining(decision, chosen)
            if rest.denials:
                assert rest.decision == decision.decision
            elif rest.needs or rest.would_need:
                assert rest.decision in ("needs-license", "incomplete")
            assert decision.decision != "incomplete" or rest.decision == "incomplete"
            assert not chosen or len(rest.denials) + len(rest.advice) <= len(decision.denials) + len(decision.advice)


# --- what ends a waiver -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("discredited: [company]", "discredited: [company, investor]"),
        ("discredited: [company]", "discredited: [manager]"),
    ],
)
def test_a_changed_fact_ends_it(bundle: Bundle, old: str, new: str) -> None:
    write(entries(bundle, OUTCAST))
    Path("spec.yaml").write_text(DENIED.replace(old, new))
    outcome = ran(bundle)
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["changed"]), outcome.problems


def test_facts_that_the_rule_did_not_read_do_not(bundle: Bundle) -> None:
    write(entries(bundle, OUTCAST))
    text = DENIED.replace("foreign_percent: 100", "foreign_percent: 80").replace("schema: 2", "# moved\n\nschema: 2")
    Path("spec.yaml").write_text(text)
    assert ran(bundle).exit_code == OK


def test_a_need_ends_with_the_facts_of_its_routes(bundle: Bundle) -> None:
    Path("spec.yaml").write_text(HOSTING)
    write(entries(bundle, LICENSED))
    assert ran(bundle).exit_code == OK
    Path("spec.yaml").write_text(HOSTING.replace("foreign_percent: 100", "foreign_percent: 60"))
    assert (ran(bundle).exit_code, kinds(ran(bundle))) == (FAILED, ["changed"])


@pytest.mark.parametrize(
    "texts",
    [
        ("version: 2.1.0", "version: 2.2.0"),
        ("Whoever runs a service reports.", "Whoever runs a service reports twice."),
        ("company.discredited.size() > 0", "company.discredited.size() >= 1"),
        ("{reason: DISCREDITED, curable: true}", "{reason: DISCREDITED}"),
    ],
)
def test_a_changed_rule_ends_it(bundle: Bundle, changed: Callable[..., Bundle], texts: tuple[str, str]) -> None:
    write(entries(bundle, OUTCAST))
    outcome = ran(changed(*texts))
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["changed"])
    [remark] = outcome.remarks or ()
    assert "the rule, the version of its policy, or a fact" in remark.message["en"]


def test_layout_of_the_law_does_not(bundle: Bundle, changed: Callable[..., Bundle]) -> None:
    write(entries(bundle, OUTCAST))
    other = changed(
        "when: company.discredited.size() > 0", "when: company.discredited.size()  >  0", "rules:\n", "\nrules:\n"
    )
    assert ran(other).exit_code == OK


def test_a_parameter_is_part_of_the_rule(changed: Callable[..., Bundle]) -> None:
    texts = ("company.foreign_percent > 50.0", "company.foreign_percent > param.cap")
    text = DENIED.replace("[company]", "[]")
    Path("spec.yaml").write_text(text)
    rule = "invented-duties/look"
    (before,) = entries(changed(*texts), rule)
    (after,) = entries(changed(*texts, "cite: art-2, value: 50.0", "cite: art-2, value: 40.0"), rule)
    assert before["scope"] != after["scope"]


# --- what does not apply ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"expiry": "2026-05-31", "granted": "2026-01-01"}, "expired"),
        ({"expiry": "2027-01-30"}, "expired"),  # before the launch, which is the day decided
        ({"granted": "2026-06-02"}, "expired"),
        ({"expiry": "2027-06-02"}, "too-broad"),
        ({"rule": "invented-duties/*"}, "too-broad"),
        ({"approver": "lee"}, "unauthorized"),
        ({"approver": "Kim"}, "unauthorized"),
        ({"rule": "invented-duties/nothing"}, "unused"),
        ({"rule": "invented-duties/film"}, "unused"),
    ],
)
def test_each_kind_is_told_and_does_not_apply(bundle: Bundle, fields: Mapping[str, str], kind: str) -> None:
    write([{**entries(bundle, OUTCAST)[0], **fields}])
    outcome = ran(bundle)
    assert outcome.exit_code == FAILED
    assert kind in kinds(outcome)
    assert outcome.records[0].denials[0].waived is None


def test_days_are_counted_to_the_last(bundle: Bundle) -> None:
    """In force from granted to expiry, both included; a launch in the past has no say."""
    write(entries(bundle, OUTCAST, granted="2026-06-01", expiry="2026-07-31"))
    Path("spec.yaml").write_text(DENIED.replace("2027-01-31", "2026-05-01"))
    days = ("2026-05-31", "2026-06-01", "2026-07-31", "2026-08-01")
    assert [ran(bundle, today=day, allow_past=True).exit_code for day in days] == [FAILED, OK, OK, FAILED]


@pytest.mark.parametrize("as_of", [None, "2026-06-15"])
def test_a_launch_day_left_out_does_not_make_a_waiver_last(bundle: Bundle, as_of: str | None) -> None:
    """What is waived until July may not launch in January: neither with the day, nor by leaving the day out."""
    write(entries(bundle, OUTCAST, expiry="2026-07-31"))
    outcome = ran(bundle, as_of=as_of)
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["expired"])
    Path("spec.yaml").write_text(DENIED.replace(", launch: '2027-01-31'", ""))
    write(entries(bundle, OUTCAST, expiry="2026-07-31"))
    outcome = ran(bundle, as_of=as_of)
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["too-broad"])
    assert outcome.remarks is not None
    assert "no launch day" in outcome.remarks[0].message["en"]


def test_a_baseline_must_last_to_the_launch(bundle: Bundle) -> None:
    gate = Gate(bundle, TODAY, waiver_set=WaiverSet())
    Path("base.yaml").write_text(baseline_text(bundle, gate.run(["spec.yaml"]).decided, TODAY, "2026-07-31", None))
    outcome = ran(bundle, waiver_set=WaiverSet(baseline=load_baseline(Path("base.yaml"))), as_of="2026-06-15")
    assert (outcome.exit_code, "expired" in kinds(outcome)) == (FAILED, True)


@pytest.mark.parametrize("as_of", [None, "2026-06-15"])
def test_a_baseline_does_not_apply_without_a_launch_day(bundle: Bundle, as_of: str | None) -> None:
    """As for waivers and for what a layer enforces: to leave the day out makes nothing last longer."""
    for text, code, kind in (
        (DENIED, OK, "in-baseline"),
        (DENIED.replace(", launch: '2027-01-31'", ""), FAILED, "too-broad"),
    ):
        Path("spec.yaml").write_text(text)
        gate = Gate(bundle, TODAY, waiver_set=WaiverSet())
        Path("base.yaml").write_text(baseline_text(bundle, gate.run(["spec.yaml"]).decided, TODAY, UNTIL, None))
        outcome = ran(bundle, waiver_set=WaiverSet(baseline=load_baseline(Path("base.yaml"))), as_of=as_of)
        assert (outcome.exit_code, set(kinds(outcome))) == (code, {kind})
        assert outcome.remarks is not None
        assert ("no launch day" in outcome.remarks[0].message["en"]) == (kind == "too-broad")


def test_without_approvers_nothing_applies(bundle: Bundle) -> None:
    write(entries(bundle, OUTCAST))
    outcome = ran(bundle, waiver_set=load_waiver_set(Path("waivers.yaml")))
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["unauthorized"])


def test_an_approver_of_other_rules_is_none(bundle: Bundle) -> None:
    Path("approvers.yaml").write_text(APPROVERS.replace("invented-duties", "pipl"))
    write(entries(bundle, OUTCAST))
    assert kinds(ran(bundle)) == ["unauthorized"]


def test_the_longest_may_be_shorter(bundle: Bundle) -> None:
    Path("approvers.yaml").write_text("schema: 1\nmax_days: 300\n" + APPROVERS.removeprefix("schema: 1\n"))
    write(entries(bundle, OUTCAST))
    assert (ran(bundle).exit_code, kinds(ran(bundle))) == (FAILED, ["too-broad"])


def test_the_page_says_whether_a_shipped_rule_is_unwaivable() -> None:
    page = (ROOT / "docs/waivers.md").read_text(encoding="utf-8")
    marked = any(rule.unwaivable for policy in shipped_bundle().policies.values() for rule in policy.rules)
    assert ("The shipped law marks no rule" in page) != marked


def test_a_rule_may_be_unwaivable(changed: Callable[..., Bundle]) -> None:
    bundle = changed("rules:\n", "rules:\n" + ABSOLUTE)
    write([*entries(bundle, "invented-duties/absolute"), *entries(bundle, OUTCAST)])
    outcome = ran(bundle)
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["unwaivable"])
    assert [one.rule for one in outcome.records[0].denials if one.waived] == [OUTCAST]


def test_a_waiver_is_for_one_spec(bundle: Bundle) -> None:
    write(entries(bundle, OUTCAST))
    Path("copy.yaml").write_text(DENIED)
    outcome = ran(bundle, "spec.yaml", "copy.yaml")
    assert (outcome.exit_code, kinds(outcome)) == (FAILED, ["too-broad"])


def test_two_products_have_two_waivers(bundle: Bundle) -> None:
    Path("other.yaml").write_text(DENIED.replace("id: hosting", "id: other"))
    write(entries(bundle, OUTCAST))
    both = ran(bundle, "spec.yaml", "other.yaml")
    assert [record.remaining for record in both.records] == ["allow", "deny"]
    assert both.exit_code == FAILED
    moved = {**entries(bundle, OUTCAST)[0], "scope": entries(bundle, OUTCAST, "other.yaml")[0]["scope"]}
    write([*entries(bundle, OUTCAST), moved])
    assert ran(bundle, "spec.yaml", "other.yaml").exit_code == OK


def test_strictly_an_unused_waiver_fails(bundle: Bundle) -> None:
    Path("spec.yaml").write_text(DENIED)
    waiver = entries(bundle, OUTCAST)
    Path("spec.yaml").write_text(DENIED.replace("[company]", "[]"))
    write(waiver)
    assert (ran(bundle).exit_code, kinds(ran(bundle))) == (OK, ["unused"])
    strict = load_waiver_set(Path("waivers.yaml"), Path("approvers.yaml"), strict=True)
    assert ran(bundle, waiver_set=strict).exit_code == FAILED
    assert ran(bundle, waiver_set=strict, no_fail=True).exit_code == OK


@pytest.mark.parametrize("key", ["rule", "scope", "reason", "approver", "ticket", "granted", "expiry"])
def test_everything_is_required(bundle: Bundle, key: str) -> None:
    (waiver,) = entries(bundle, OUTCAST)
    write([{name: value for name, value in waiver.items() if name != key}])
    outcome = ran(bundle)
    assert outcome.exit_code == INVALID
    assert [problem.message for problem in outcome.problems] == [f"The key {key!r} is missing."]
    assert outcome.records[0].remaining == "deny"


def test_all_mistakes_of_a_file_are_told_at_their_places(bundle: Bundle) -> None:
    (waiver,) = entries(bundle, OUTCAST)
    text = yaml.safe_dump({"schema": 1, "waivers": [waiver, waiver, {**waiver, "reason": " ", "who": "me"}]})
    Path("waivers.yaml").write_text(text.replace(f"'{UNTIL}'", "2026-13-01", 1))
    problems = ran(bundle).problems
    assert {problem.path for problem in problems} >= {"waivers[0].expiry", "waivers[2].reason", "waivers[2].who"}
    write([waiver, {**waiver, "granted": "2027-06-01"}])
    assert [problem.path for problem in ran(bundle).problems] == ["waivers[1]", "waivers[1].expiry"]


@pytest.mark.parametrize(
    ("load", "hint"),
    [
        (load_waivers, "Begin with schema: 1 and waivers: []."),
        (load_baseline, "vatspolicy check --write-baseline writes a baseline."),
        (load_approvers, "Begin with schema: 1 and approvers: []."),
    ],
)
def test_the_hint_for_an_empty_file_fits_its_kind(tmp_path: Path, load: Callable[[Path], object], hint: str) -> None:
    (tmp_path / "empty.yaml").touch()
    with pytest.raises(InvalidInput) as refused:
        load(tmp_path / "empty.yaml")
    assert [(problem.message, problem.hint) for problem in refused.value.problems] == [("The file is empty.", hint)]


def test_malformed_approvers_authorize_nobody(bundle: Bundle) -> None:
    write(entries(bundle, OUTCAST))
    Path("approvers.yaml").write_text(APPROVERS + "  - {name: kim}\n")
    outcome = ran(bundle)
    assert (outcome.exit_code, kinds(outcome)) == (INVALID, ["unauthorized"])


# --- no way around ----------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["*", "kim", OUTCAST, UNTIL]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


def allows(waiver: Any, right: Entry) -> bool:
    """Whether a waiver is valid and authorized, looked at apart from the program."""
    return (
        isinstance(waiver, dict)
        and set(waiver) == set(right)
        and waiver["rule"] == right["rule"]
        and waiver["scope"] == right["scope"]
        and waiver["approver"] == "kim"
        and all(isinstance(waiver[key], str) and waiver[key].strip() for key in ("reason", "ticket"))
        and "2026-01-25" <= waiver["granted"] <= TODAY
        and "2027-01-31" <= waiver["expiry"] <= "2027-06-01"
    )


@pytest.fixture
def right(bundle: Bundle) -> Entry:
    (found,) = entries(bundle, OUTCAST)
    return found


def passes_only_if_allowed(bundle: Bundle, content: bytes, right: Entry) -> bool:
    path = Path("fuzzed.yaml")
    path.write_bytes(content)
    outcome = ran(bundle, waiver_set=load_waiver_set(path, Path("approvers.yaml")))
    if outcome.exit_code != OK:
        assert outcome.exit_code in (FAILED, INVALID)
        return False
    data = yaml.load(content.decode(), Loader=yaml.BaseLoader)
    assert any(allows(waiver, right) for waiver in data["waivers"])
    return True


@settings(
    max_examples=trials(450),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_no_change_of_an_entry_opens_the_gate_by_accident(bundle: Bundle, right: Entry, data: st.DataObject) -> None:
    entry: Any = json.loads(json.dumps(right))
    for _ in range(data.draw(st.integers(1, 3))):
        key = data.draw(st.sampled_from([*right, "scope.product", "scope.fingerprint", "more"]))
        inner, _, name = key.partition(".")
        target = entry.get(inner) if name else entry
        if isinstance(target, dict):
            if data.draw(st.booleans()):
                target.pop(name or inner, None)
            else:
                target[name or inner] = data.draw(JSON)
    wrapped = data.draw(st.sampled_from([{"schema": 1, "waivers": [entry]}, {"waivers": [entry]}, [entry], entry]))
    passes_only_if_allowed(bundle, json.dumps(wrapped).encode(), right)


def test_no_change_of_a_text_opens_the_gate_by_accident(bundle: Bundle, right: Entry) -> None:
    base = yaml.safe_dump({"schema": 1, "waivers": [right]}).encode()
    seed = random.Random(11)
    passed = 0
    for _ in range(250):
        text = bytearray(base)
        for _ in range(seed.choice((1, 1, 2, 4))):
            at = seed.randrange(len(text))
            match seed.randrange(4):
                case 0:
                    del text[at : at + seed.randrange(1, 30)]
                case 1:
                    text[at] = seed.choice(b"*?[]{}&!|>'\"#:- \n\t0159az\xff\x00")
                case 2:
                    text[at:at] = seed.choice((b"*", b"\n", b"- ", b"? ", b"<<: ", b"\xe4\xb8\xad", b"'", b"---\n"))
                case _:
                    text += text[at:]
        passed += passes_only_if_allowed(bundle, bytes(text), right)
    assert passes_only_if_allowed(bundle, base, right)
    assert 0 < passed < 200  # a changed reason is still a reason


# --- reports ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shown(bundle: Bundle) -> GateResult:
    """One finding waived, two waivers that do not apply."""
    Path("spec.yaml").write_text(UNLICENSED)
    (right,) = entries(bundle, OUTCAST)
    unused = {**right, "rule": "invented-duties/film"}
    Path("waivers.yaml").write_text(yaml.safe_dump({"schema": 1, "waivers": [right, unused]}))
    return ran(bundle)


@for_each(FORMATS, ["en", "zh"])
def test_every_format_shows_waivers(format: str, lang: Any, shown: GateResult) -> None:
    text = render(format, shown.records, lang, problems=shown.problems, remarks=shown.remarks)
    again = render(format, shown.records, lang, problems=shown.problems, remarks=shown.remarks)
    flat = "".join(text.replace("\\", "").split())
    assert text == again
    for said in ("kim", "LAW-7", UNTIL, "Settledwiththecourt.", "invented-duties/outcast", "invented-duties/film"):
        assert said in flat, said
    why = WHY["no-finding"]["en" if format == "json" else lang]
    assert "".join(why.split()) in flat


@for_each(FORMATS)
def test_no_format_speaks_of_waivers_where_there_are_none(format: str, bundle: Bundle) -> None:
    outcome = Gate(bundle, TODAY).run(["spec.yaml"])
    text = render(format, outcome.records, "en", problems=outcome.problems, remarks=outcome.remarks)
    for word in ("suppressions", '"remaining"', '"waivers"', "set aside", "Set aside", "<skipped"):
        assert word not in text


def test_sarif_suppresses_what_is_waived_and_nothing_else(shown: GateResult) -> None:
    run = json.loads(render("sarif", shown.records, "en", remarks=shown.remarks))["runs"][0]
    assert all("suppressions" in result for result in run["results"])  # SARIF 2.1.0, 3.27.23: on all or on none
    (waived,) = [result for result in run["results"] if result["suppressions"]]
    # A reader that knows no suppressions counts levels: what is set aside does not fail the gate, so it is no error.
    assert (waived["ruleId"], waived["level"]) == (OUTCAST, "note")
    (suppression,) = waived["suppressions"]
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "Settled with the court." in suppression["justification"]
    (remark,) = [result for result in run["results"] if result["ruleId"] == "waivers/unused"]
    assert remark["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "waivers.yaml"
    assert run["tool"]["driver"]["rules"][remark["ruleIndex"]]["id"] == "waivers/unused"


def test_junit_skips_what_is_waived_and_fails_what_is_left(shown: GateResult) -> None:
    root = ET.fromstring(render("junit", shown.records, "en", remarks=shown.remarks))
    suite = root.find("testsuite")
    assert suite is not None
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases["hosting"][0] == "skipped"
    assert cases["cloud"] == ["failure"]
    assert (suite.get("failures"), suite.get("skipped")) == ("1", "1")


def test_github_does_not_fail_what_is_waived(shown: GateResult) -> None:
    lines = render("github", shown.records, "en", remarks=shown.remarks).splitlines()
    assert [line.split(" ")[0] for line in lines if OUTCAST in line] == ["::notice"]
    assert lines[0].startswith("::error ")  # the license that remains fails the gate
    assert "1 of " in lines[0]
    assert "NEEDS LICENSE" in lines[0]
    assert any(line.startswith("::warning file=waivers.yaml,") for line in lines)


def test_json_follows_its_schema(shown: GateResult) -> None:
    data = json.loads(render("json", shown.records, "en", remarks=shown.remarks))
    assert [error.message for error in validator_of("decision.schema.json").iter_errors(data)] == []
    assert [one["kind"] for one in data["waivers"]] == ["unused"]


def test_a_reason_cannot_speak_for_the_tool(bundle: Bundle) -> None:
    write(entries(bundle, OUTCAST, reason="fine\n::error::x \u202e<script>alert(1)</script> | [a](http://b)"))
    outcome = ran(bundle)
    for format in FORMATS:
        text = render(format, outcome.records, "en", remarks=outcome.remarks)
        assert "\n::error::x" not in text
        assert "\u202e" not in text or format == "json"
        assert "<script>alert" not in text or format in ("json", "sarif", "text", "github")


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def program(console: Console, rich_law: Path) -> Callable[..., Any]:
    return lambda command, *rest: console(command, *rest, "--law", rich_law)


WAIVE = ("--reason", "Settled", "--approver", "kim", "--ticket", "LAW-7", "--until", UNTIL)


def test_waive_then_check(program: Callable[..., Any]) -> None:
    Path("waivers.yaml").write_text("# why we do this\nschema: 1  # one\nwaivers: []\n")
    for _ in range(1):
        done = program("waive", "spec.yaml", OUTCAST, *WAIVE, "--waivers", "waivers.yaml")
        assert (done.code, done.out) == (0, "")
    Path("other.yaml").write_text(DENIED.replace("id: hosting", "id: other"))
    assert program("waive", "other.yaml", OUTCAST, *WAIVE, "--waivers", "waivers.yaml").code == 0
    text = Path("waivers.yaml").read_text()
    assert text.startswith("# why we do this\nschema: 1  # one\nwaivers:\n  - rule:")
    assert [one.product for one in load_waivers(Path("waivers.yaml"))] == ["hosting", "other"]
    with_both = ("--waivers", "waivers.yaml", "--approvers", "approvers.yaml")
    assert program("check", "spec.yaml", "other.yaml", *with_both).code == 0
    assert program("check", "spec.yaml", "other.yaml", "--waivers", "waivers.yaml").code == 1
    assert program("check", "spec.yaml", *with_both).code == 0
    assert program("check", "spec.yaml", *with_both, "--strict-waivers").code == 1  # the other product is not there


def test_waive_prints(program: Callable[..., Any]) -> None:
    done = program("waive", "spec.yaml", OUTCAST, *WAIVE)
    Path("waivers.yaml").write_text("schema: 1\nwaivers:\n" + done.out)
    assert [one.rule for one in load_waivers(Path("waivers.yaml"))] == [OUTCAST]


@pytest.mark.parametrize(
    ("rule", "changes", "code", "said"),
    [
        ("invented-duties/outcasts", {}, 2, "Did you mean 'invented-duties/outcast'?"),
        ("invented-duties/film", {}, 1, "it has no finding"),
        ("invented-duties/persons", {}, 1, "a missing fact leaves it undetermined"),
        (OUTCAST, {"--until": "2027-01-30"}, 2, "would end before the day of the decision"),
        (OUTCAST, {"--until": "2026-05-31"}, 2, "lasts at most one year"),
        (OUTCAST, {"--until": "2027-06-02"}, 2, "lasts at most one year"),
        (OUTCAST, {"--reason": " "}, 2, "needs a reason"),
    ],
)
def test_waive_refuses(
    program: Callable[..., Any], rule: str, changes: Mapping[str, str], code: int, said: str
) -> None:
    options = {**dict(zip(WAIVE[::2], WAIVE[1::2], strict=True)), **changes}
    done = program(
        "waive", "spec.yaml", rule, *(part for pair in options.items() for part in pair), "--waivers", "w.yaml"
    )
    assert (done.code, done.out, Path("w.yaml").exists()) == (code, "", False)
    assert said in done.err


def test_waive_adds_to_a_list_in_brackets(program: Callable[..., Any], bundle: Bundle) -> None:
    (waiver,) = entries(bundle, OUTCAST)
    path = write([{**waiver, "rule": LICENSED}])
    before = path.read_text()
    assert program("waive", "spec.yaml", OUTCAST, *WAIVE, "--waivers", path).code == 0
    assert path.read_text().startswith(before.removesuffix("]}"))
    assert [one.rule for one in load_waivers(path)] == [LICENSED, OUTCAST]


def test_waive_leaves_a_file_it_cannot_add_to(program: Callable[..., Any], bundle: Bundle) -> None:
    path = write(entries(bundle, LICENSED), "waivers.json")
    before = path.read_text()
    done = program("waive", "spec.yaml", OUTCAST, *WAIVE, "--waivers", path)
    assert (done.code, path.read_text()) == (3, before)
    assert "No entry can be added" in done.err
    path.write_text("schema: 1\nwaivers: [")
    assert program("waive", "spec.yaml", OUTCAST, *WAIVE, "--waivers", path).code == 3


def test_entries_are_added_to_any_layout(bundle: Bundle) -> None:
    (waiver,) = entries(bundle, OUTCAST, reason="a: b # c\n'd' \"e\" 中文")
    other = {**waiver, "rule": LICENSED}
    path = Path("w.yaml")
    for indent in ("", "  ", "      "):
        head = "schema: 1\n# all\nwaivers:\n"
        lines = add_entries(path, "waivers", [waiver]).split("waivers:\n")[1] if not path.exists() else ""
        path.write_text(head + "".join(f"{indent}{line[2:]}\n" for line in lines.splitlines()))
        text = add_entries(path, "waivers", [other])
        path.write_text(text)
        assert text.startswith(head)
        assert [(one.rule, one.reason) for one in load_waivers(path)] == [
            (OUTCAST, waiver["reason"]),
            (LICENSED, waiver["reason"]),
        ]
        path.unlink()


# --- baseline ---------------------------------------------------------------------------------------------------------

ADOPT = ("--write-baseline", "baseline.yaml", "--until", "2027-05-31")
BASE = ("--baseline", "baseline.yaml")


def test_a_baseline_lets_what_was_there_pass_and_nothing_new(program: Callable[..., Any]) -> None:
    Path("spec.yaml").write_text(HOSTING + "data: {persons: 0}\n")
    assert program("check", "spec.yaml").code == 1
    done = program("check", "spec.yaml", *ADOPT)
    assert done.code == 0
    assert "in the baseline since 2026-06-01, until 2027-05-31" in " ".join(done.out.split())
    assert "the oldest since 2026-06-01" in " ".join(done.out.split())
    assert program("check", "spec.yaml", *BASE).code == 0
    assert program("check", "spec.yaml", *BASE, "--fail-on", "advice", "--strict-waivers").code == 0
    Path("spec.yaml").write_text(UNLICENSED)  # a new denial
    assert program("check", "spec.yaml", *BASE).code == 1
    Path("spec.yaml").write_text(HOSTING.replace("foreign_percent: 100", "foreign_percent: 60"))  # changed
    assert program("check", "spec.yaml", *BASE).code == 1
    Path("spec.yaml").write_text(DENIED.replace("[company]", "[]"))  # the license came
    fixed = program("check", "spec.yaml", *BASE)
    assert fixed.code == 0
    assert "Fixed or changed" in fixed.out
    assert program("check", "spec.yaml", *BASE, "--strict-waivers").code == 1


def test_a_baseline_written_again_keeps_its_days_and_shrinks(
    program: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from vatspolicy import clock

    Path("spec.yaml").write_text(UNLICENSED)
    assert program("check", "spec.yaml", *ADOPT).code == 0
    first = yaml.safe_load(Path("baseline.yaml").read_text())["findings"]
    monkeypatch.setattr(clock, "today", lambda: "2026-07-01")
    Path("spec.yaml").write_text(HOSTING)
    assert program("check", "spec.yaml", *ADOPT).code == 0
    second = yaml.safe_load(Path("baseline.yaml").read_text())["findings"]
    assert [one for one in first if one["rule"] != OUTCAST] == second
    assert {str(one["since"]) for one in second} == {"2026-06-01"}


def test_a_baseline_ends(program: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from vatspolicy import clock

    Path("spec.yaml").write_text(HOSTING)
    assert program("check", "spec.yaml", *ADOPT).code == 0
    text = Path("baseline.yaml").read_text()
    for old, new in (
        ("2027-05-31", "2027-06-02"),
        ("2027-05-31", "2027-01-30"),
        ("written: '2026-06-01'", "written: '2026-06-02'"),
    ):
        Path("baseline.yaml").write_text(text.replace(old, new))
        assert program("check", "spec.yaml", *BASE).code == 1
    Path("baseline.yaml").write_text(text.replace("until: '2027-05-31'\n", ""))
    assert program("check", "spec.yaml", *BASE).code == 3
    Path("baseline.yaml").write_text(text)
    monkeypatch.setattr(clock, "today", lambda: "2027-05-31")
    assert program("check", "spec.yaml", *BASE, "--as-of", "2027-05-31").code == 0, "the last day counts"
    monkeypatch.setattr(clock, "today", lambda: "2027-06-01")
    done = program("check", "spec.yaml", *BASE, "--as-of", "2027-06-01")
    assert done.code == 1
    assert "it ended on 2027-05-31" in " ".join(done.out.split())


def test_a_fingerprint_is_of_one_subject(changed: Callable[..., Bundle]) -> None:
    """Also where the rule reads no fact of the service."""
    each = (
        ABSOLUTE.replace("each: product", "each: service")
        .replace("absolute", "every")
        .replace("unwaivable: true, ", "")
    )
    bundle = changed("rules:\n", "rules:\n" + each)
    text = Path("spec.yaml").read_text(encoding="utf-8")
    service = text[text.index("  - id: cloud\n") :]
    Path("spec.yaml").write_text(
        text.rstrip("\n") + "\n" + service.replace("id: cloud", "id: second"), encoding="utf-8"
    )
    profile = load_profile("spec.yaml")
    decision, _ = Gate(bundle, TODAY).decide(profile)
    found = [finding for finding in decision.denials if finding.rule.id == "every"]
    assert len(found) == len({fingerprint(bundle, profile, decision.as_of, finding) for finding in found}) == 2


def test_a_fingerprint_reads_the_cap_of_a_route(bundle: Bundle) -> None:
    Path("spec.yaml").write_text(HOSTING, encoding="utf-8")
    profile = load_profile("spec.yaml")
    decision, _ = Gate(bundle, TODAY).decide(profile)
    [finding] = [one for __, one in waivable(decision) if one.rule.name == LICENSED]
    first, *others = finding.routes
    marks = set()
    for cap in (None, first.rule.requirements[0]._replace(cap=first.rule.when)):
        effect = first.rule.route._replace(share_cap=cap)
        routes = (first._replace(rule=replace(first.rule, effect=effect)), *others)
        marks.add(fingerprint(bundle, profile, decision.as_of, finding._replace(routes=routes)))
    assert len(marks) == 2


def test_a_baseline_holds_nothing_unwaivable_or_incomplete(changed: Callable[..., Bundle]) -> None:
    from vatspolicy.gate.waivers.apply import baseline_text

    bundle = changed("rules:\n", "rules:\n" + ABSOLUTE)
    profile = load_profile("spec.yaml")
    decision, _ = Gate(bundle, TODAY).decide(profile)
    text = baseline_text(bundle, [(profile, decision, [])], TODAY, UNTIL, None)
    assert OUTCAST in text
    assert "absolute" not in text
    finding = next(one for _, one in waivable(decision) if one.rule.id == "absolute")
    mark = fingerprint(bundle, profile, decision.as_of, finding)
    forged = f"  - {{product: hosting, rule: invented-duties/absolute, fingerprint: '{mark}', since: '{TODAY}'}}\n"
    Path("baseline.yaml").write_text(text + forged)
    outcome = ran(bundle, waiver_set=load_waiver_set(baseline=Path("baseline.yaml")))
    assert outcome.exit_code == FAILED
    assert "unwaivable" in kinds(outcome)
    Path("spec.yaml").write_text(HOSTING.replace("  foreign_percent: 100\n", ""))
    profile = load_profile("spec.yaml")
    decision, _ = Gate(bundle, TODAY).decide(profile)
    assert decision.decision == "incomplete"
    Path("baseline.yaml").write_text(baseline_text(bundle, [(profile, decision, [])], TODAY, UNTIL, None))
    assert ran(bundle, waiver_set=load_waiver_set(baseline=Path("baseline.yaml"))).exit_code == INCOMPLETE


@pytest.mark.parametrize(
    "options",
    [
        ("--write-baseline", "b.yaml"),
        ("--until", UNTIL),
        ("--write-baseline", "b.json", "--until", UNTIL),
        ("--write-baseline", "b.yaml", "--until", "2027-06-02"),
        ("--write-baseline", "b.yaml", "--until", "2026-05-31"),
        ("--write-baseline", "b.yaml", "--until", UNTIL, "--baseline", "b.yaml"),
    ],
)
def test_a_baseline_needs_a_day_within_a_year(program: Callable[..., Any], options: Sequence[str]) -> None:
    assert program("check", "spec.yaml", *options).code == 2
    assert not Path("b.yaml").exists()


def test_no_baseline_of_what_could_not_be_decided_or_told_apart(program: Callable[..., Any]) -> None:
    Path("copy.yaml").write_text(DENIED)
    assert program("check", "spec.yaml", "copy.yaml", *ADOPT).code == 2
    Path("copy.yaml").write_text("schema: 1\n")
    assert program("check", "spec.yaml", "copy.yaml", *ADOPT).code == 3
    assert not Path("baseline.yaml").exists()
