"""What a comparison makes of proofs: witnesses, titles, exit codes, facts in words, fixtures."""

from __future__ import annotations

import copy
import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import render
from tests.support.console import Console
from tests.support.project_builder import RULES, compare, policy, product, project
from tests.support.shipped import shipped_bundle
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.law_revision import load_pair
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.authoring.diff.sources import read_source
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.wording import FactWording
from vatspolicy.errors import WorkerLost
from vatspolicy.proofs.verdicts import DECISIONS, RuleVerdict, Transition, Transitions
from vatspolicy.workers import map_in_order

LAW = policy("law")
LATER = LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2026-09-01', cite: art-1, value: 70.0}")
"""From 2026-09-01 on a share up to 70 percent is allowed."""
SAME = LAW.replace("when: term.is_foreign\n", "when: 'term.is_foreign && true'\n")
"""An edit that changes nothing."""
WITNESS = {
    "schema": 2,
    "product": {"id": "witness"},
    "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate"},
    "services": [{"id": "s0", "offers": ["data-center"]}],
}
"""Denied before, allowed afterwards."""
Engine = Callable[..., None]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """Puts words into the mouth of the engine: verdicts on rules, and transitions that are not proved impossible."""

    def say(rules: Sequence[RuleVerdict] = (), transitions: Sequence[Transition] = ()) -> None:
        given = {found.name: found for found in transitions}
        twelve = [
            given.get(f"{before}->{after}", Transition(before, after, "proved-impossible"))
            for before in DECISIONS
            for after in DECISIONS
            if before != after
        ]

        def compare_change(
            _base: Any, _head: Any, groups: Sequence[Sequence[str]], budget: int, workers: int
        ) -> tuple[list[RuleVerdict], Transitions]:
            assert min(workers, budget) > 0
            said = {found.rule: found for found in rules}
            found = [next((said[name] for name in group if name in said), None) for group in groups]
            silent = [RuleVerdict(group[0], "proved-equivalent") for group in groups]
            return [one or two for one, two in zip(found, silent, strict=True)], Transitions(tuple(twelve))

        monkeypatch.setattr("vatspolicy.authoring.diff.semantic.compare_change", compare_change)

    return say


def shown(before: str, after: str, as_of: str, witness: Mapping[str, Any] = WITNESS) -> Transition:
    return Transition(before, after, "witness", witness, as_of)


def unknown(before: str, after: str) -> Transition:
    return Transition(before, after, "unknown", reason="No answer within the limit.")


def compared(folder: Path, head: str, base: str = LAW, **settings: Any) -> dict[str, Any]:
    """A comparison with proofs, whose only fixture is not touched by the change unless it says so."""
    harmless = {"p10": product("p10", 10)}
    left = project(folder / "base", {"law": base}, harmless)
    return compare(left, project(folder / "head", {"law": head}, harmless), **{"semantic": "auto", **settings})


TELL = RuleVerdict("law/tell", "proved-equivalent")
CAP = RuleVerdict("law/too-foreign", "witness", ("deny->allow",), WITNESS, "2028-01-01", "deny", "allow")


# --- title, direction, exit code --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("transitions", "title", "verdict"),
    [
        ([], "No decision changes, which is proved; citations or words may change", "neither"),
        ([unknown("deny", "allow")], "UNKNOWN: no decision change was found, and none could be excluded", "unknown"),
        ([shown("deny", "allow", "2026-09-01")], "Loosens", "loosened"),
        ([shown("deny", "allow", "2026-09-01"), unknown("allow", "deny")], "Loosens; more could not be excluded", "loosened"),
    ],
)  # fmt: skip
def test_the_title_takes_proofs_into_account(
    tmp_path: Path, engine: Engine, transitions: list[Transition], title: str, verdict: str
) -> None:
    engine([TELL, CAP] if transitions else [TELL], transitions)
    data = compared(tmp_path, LATER if transitions else SAME)
    if transitions and transitions[0].witness is None:
        data = compared(tmp_path / "b", SAME)
    assert (data["title"]["en"], data["verdict"], data["state"]) == (title, verdict, "evaluated")


def test_an_unsettled_change_is_unknown_to_machines(tmp_path: Path, engine: Engine) -> None:
    """Nothing shows a change and nothing excludes one: neither verdict nor level nor exit code says `neither`."""
    engine([TELL], [unknown("deny", "allow")])
    data = compared(tmp_path / "a", SAME)
    assert (data["verdict"], data["release"]["level"], data["exit_code"]) == ("unknown", "unknown", 4)
    assert data["release"]["because"] == ["not-settled"]
    raised = policy("law", version="1.0.1").replace("when: term.is_foreign\n", "when: 'term.is_foreign && true'\n")
    sides = project(tmp_path / "b", {"law": LAW}), project(tmp_path / "h", {"law": raised}, version="1.2.4")
    assert compare(*sides, semantic="auto", fail_on=["version"])["undecided_on"] == ["version"]
    assert compared(tmp_path / "c", SAME, fail_on=["unknown"])["failed_on"] == ["unknown"]
    assert "whether a decision changes is not settled" in render("text", data, "en")


def test_a_rule_of_which_nothing_is_known_leaves_the_verdict_open(tmp_path: Path, engine: Engine) -> None:
    engine([RuleVerdict("law/tell", "unsupported", reason="This cannot be analyzed exactly.")])
    data = compared(tmp_path, SAME)
    assert (data["verdict"], data["release"]["level"], data["exit_code"]) == ("unknown", "unknown", 4)


def test_an_engine_that_broke_settles_no_level(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise WorkerLost

    monkeypatch.setattr("vatspolicy.authoring.diff.semantic.compare_change", broken)
    data = compared(tmp_path, SAME)
    assert (data["verdict"], data["release"]["level"], data["exit_code"]) == ("unknown", "unknown", 4)


def test_the_sentence_on_proofs_counts_as_the_title_does(tmp_path: Path, engine: Engine) -> None:
    """What becomes milder only from INCOMPLETE is milder, and no sentence says that nothing does."""
    opens = {**WITNESS, "company": {}, "services": [{"id": "s0", "offers": ["data-center"]}]}
    engine([CAP], [Transition("incomplete", "allow", "witness", opens, "2026-09-01")])
    data = compared(tmp_path, LAW.replace("deny: {reason: SHARE-ABOVE-CAP}", "advise: {kind: note}"))
    assert data["title"]["en"] == "Loosens"
    text = " ".join(render("text", data, "en").split())
    assert "no decision that was reached becomes milder" not in text
    assert "a decision becomes milder only if it is incomplete before or after" in text
    assert "no decision that was reached becomes stricter" in text


def test_what_a_rule_does_alone_and_all_edits_never_do_is_said(tmp_path: Path, engine: Engine) -> None:
    engine([CAP])
    data = compared(tmp_path, LATER)
    [rule] = [edit for edit in data["edits"] if "law/too-foreign" in [rule["rule"] for rule in edit["rules"]]]
    assert rule["excluded"] == ["deny->allow"]
    assert "Proved: all edits together never do this: DENY → ALLOW." in " ".join(render("text", data, "en").split())


def test_a_rule_that_is_the_same_and_lists_something_else_is_not_called_unchanged(
    tmp_path: Path, engine: Engine
) -> None:
    engine([RuleVerdict("law/too-foreign", "proved-equivalent")])
    data = compared(tmp_path, LAW.replace("deny: {reason: SHARE-ABOVE-CAP}", "deny: {reason: SECTOR-NOT-OPEN}"))
    data["edits"][0]["seen_in"] = ["p60"]
    text = " ".join(render("text", data, "en").split())
    assert "nothing changes for any product" not in text
    assert "Other content of decisions changes." in text


def test_directions_are_those_of_both_fixtures_and_proofs(tmp_path: Path, engine: Engine) -> None:
    """The fixture tightens, the witness loosens."""
    engine([CAP], [shown("deny", "allow", "2026-09-01"), unknown("allow", "deny")])
    head = LATER.replace("value: 50.0}", "value: 5.0}")
    data = compared(tmp_path, head)
    assert [row["direction"] for row in data["decisions"]["rows"]] == ["tightened"]
    assert (data["verdict"], data["title"]["en"]) == ("both", "Tightens and loosens")
    assert [entry["direction"] for entry in data["semantic"]["transitions"] if entry["witness"]] == ["loosened"]


def test_what_a_fixture_shows_is_possible_even_where_the_engine_does_not_know(tmp_path: Path, engine: Engine) -> None:
    engine([CAP], [unknown("allow", "deny")])
    data = compared(tmp_path, LAW.replace("value: 50.0", "value: 5.0"))
    text = render("text", data, "en")
    assert "Shown by compared products: ALLOW → DENY." in text
    assert "Neither shown nor excluded" not in text
    assert data["title"]["en"] == "Tightens"


def test_a_proof_that_a_fixture_contradicts_counts_for_nothing(tmp_path: Path, engine: Engine) -> None:
    engine([TELL])
    data = compared(tmp_path, LAW.replace("value: 50.0", "value: 5.0"))
    assert (data["title"]["en"], data["exit_code"]) == ("NOT EVALUATED", 4)
    assert data["why"][0]["code"] == "contradiction"
    assert (data["semantic"]["status"], data["semantic"]["transitions"]) == ("failed", [])


@pytest.mark.parametrize("broken", [shown("deny", "needs-license", "2026-09-01"), shown("deny", "allow", "2026-08-31")])
def test_a_witness_that_the_evaluator_does_not_confirm_counts_for_nothing(
    tmp_path: Path, engine: Engine, broken: Transition
) -> None:
    engine([TELL], [broken])
    data = compared(tmp_path, LATER)
    assert (data["title"]["en"], data["exit_code"]) == ("NOT EVALUATED", 4)
    assert [(edit["verdict"], edit["witness"]) for edit in data["edits"]] == [(None, None)]
    assert data["why"][0]["code"] == "failed"


def test_an_engine_that_breaks_leaves_the_rest_of_the_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise WorkerLost

    monkeypatch.setattr("vatspolicy.authoring.diff.semantic.compare_change", broken)
    base, head = project(tmp_path / "base"), project(tmp_path / "head", {"law": LAW.replace("50.0", "70.0")})
    data = compare(base, head, semantic="auto")
    assert (data["title"]["en"], data["exit_code"], data["semantic"]["status"]) == ("NOT EVALUATED", 4, "failed")
    assert "failed (WorkerLost)" in data["why"][0]["text"]["en"]
    assert data["decisions"]["rows"], "what was compared is shown"
    gated = compare(base, head, semantic="auto", fail_on=["loosened"])
    assert gated["exit_code"] == 1, "what is shown outranks what is open"


@pytest.mark.parametrize(
    ("conditions", "code", "failed", "open_"),
    [
        (["deny->allow"], 1, ["deny->allow"], []),
        (["loosened", "tightened"], 1, ["loosened"], ["tightened"]),
        (["tightened"], 4, [], ["tightened"]),
        (["allow->*"], 4, [], ["allow->*"]),
        (["*->incomplete"], 0, [], []),
        (["unknown"], 1, ["unknown"], []),
        (["any"], 1, ["any"], []),
        ([], 0, [], []),
    ],
)
def test_what_is_not_settled_does_not_pass_a_gate_that_asks_for_it(
    tmp_path: Path, engine: Engine, conditions: list[str], code: int, failed: list[str], open_: list[str]
) -> None:
    engine([CAP], [shown("deny", "allow", "2026-09-01"), unknown("allow", "deny")])
    data = compared(tmp_path, LATER, fail_on=conditions)
    assert (data["exit_code"], data["failed_on"], data["undecided_on"]) == (code, failed, open_)


def test_nothing_is_asked_where_no_rule_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("vatspolicy.authoring.diff.semantic.compare_change")
    base = project(tmp_path / "base")
    data = compare(base, base, semantic="auto", fail_on=["unknown"])
    assert (data["semantic"]["status"], data["exit_code"]) == ("not-needed", 0)


def test_a_solver_that_is_asked_for_and_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vatspolicy.authoring.diff.semantic.has_solver", lambda: False)
    data = compared(tmp_path, LATER, semantic="z3")
    assert (data["title"]["en"], data["exit_code"], data["why"][0]["code"]) == ("NOT EVALUATED", 4, "engine")
    assert data["semantic"]["status"] == "unavailable"


def test_proofs_about_new_schemas_are_no_proof_about_the_schemas(tmp_path: Path, engine: Engine) -> None:
    engine([TELL])
    places = copy.deepcopy(SchemaSet.shipped().load("places"))
    places["x-gazetteer"]["shanghai-lingang"]["province"] = "beijing"
    base = project(tmp_path / "base", schemas={})
    data = compare(base, project(tmp_path / "head", {"law": SAME}, schemas={"places": places}), semantic="auto")
    assert (data["title"]["en"], data["verdict"], data["exit_code"]) == (
        "UNKNOWN: no decision change was found, and none could be excluded",
        "unknown",
        4,
    )
    assert "effects of the schemas themselves are not proved" in " ".join(render("text", data, "en").split())


# --- the engine itself, on a small law --------------------------------------------------------------------------------

REAL = pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="needs the extra smt")


@REAL
def test_the_engine_finds_the_witness_and_excludes_the_rest(tmp_path: Path) -> None:
    data = compared(tmp_path, LATER, semantic="z3")
    assert data["semantic"]["engine"] == "z3"
    found = {f"{entry['before']}->{entry['after']}": entry for entry in data["semantic"]["transitions"]}
    witness = found["deny->allow"]["witness"]
    assert (witness["before"]["decision"], witness["after"]["decision"]) == ("deny", "allow")
    assert witness["since"] == "2026-09-01"
    assert 50 < witness["profile"]["company"]["foreign_percent"] <= 70
    assert (found["allow->deny"]["verdict"], data["verdict"]) == ("proved-impossible", "loosened")
    [rule] = data["edits"]
    [moved] = rule["rules"]
    assert (moved["rule"], rule["verdict"], moved["file"]) == ("law/too-foreign", "witness", "policies/law.yaml")
    assert rule["witness"]["since"] == "2026-09-01"
    assert "no decision that was reached becomes stricter" in render("text", data, "en")


@REAL
def test_an_edit_that_changes_nothing_is_proved_to(tmp_path: Path) -> None:
    data = compared(tmp_path, SAME, fail_on=["any", "unknown"])
    assert data["exit_code"] == 0
    assert data["title"]["en"] == "No decision changes, which is proved; citations or words may change"
    assert "nothing changes for any product" not in render("text", data, "en"), "records quote the condition"
    assert [rule["verdict"] for rule in data["edits"]] == ["proved-equivalent"]


@REAL
def test_the_command_shares_the_work_and_says_the_same(console: Console) -> None:
    project(console.folder / "base")
    project(console.folder / "head", {"law": LATER})
    ran = console("diff", "base", "head", "--semantic", "z3", "-f", "json")
    assert (ran.code, ran.err) == (0, "")
    alone = compare(console.folder / "base", console.folder / "head", semantic="z3")
    assert json.loads(ran.out)["semantic"] == alone["semantic"]


@REAL
def test_a_budget_that_runs_out_is_named_and_fails_as_unknown(console: Console) -> None:
    project(console.folder / "base")
    project(console.folder / "head", {"law": LATER})
    asked = ("diff", "base", "head", "--semantic", "z3", "--today", "2026-06-01", "--fail-on", "unknown", "-f", "json")
    whole = json.loads(console(*asked).out)
    ran = console(*asked, "--budget", "1")
    data = json.loads(ran.out)
    assert (ran.code, data["failed_on"], data["state"]) == (1, ["unknown"], "evaluated")
    open_ones = [one for one in data["semantic"]["transitions"] if one["verdict"] == "unknown"]
    assert open_ones
    reasons = {one["reason"] for one in (*open_ones, *data["edits"])}
    assert reasons == {"No answer within the limit: the question used its budget of 1 units."}
    assert data["decisions"] == whole["decisions"], "what needs no proof stands"


def test_without_the_solver_auto_settles_nothing_and_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vatspolicy.proofs.solver.z3", None)
    monkeypatch.setattr("vatspolicy.authoring.diff.semantic.has_solver", lambda: False)
    data = compared(tmp_path, LATER, semantic="auto")
    assert (data["semantic"]["status"], data["semantic"]["engine"]) == ("evaluated", None)
    assert {rule["verdict"] for rule in data["edits"]} == {"unknown"}
    assert "pip install '.[smt]'" in " ".join(render("text", data, "en").split())
    gated = compared(tmp_path / "gated", LATER, semantic="auto", fail_on=["deny->allow"])
    assert gated["exit_code"] == 4


# --- days and words ---------------------------------------------------------------------------------------------------


def test_a_witness_is_dated_from_the_first_day_that_shows_it(tmp_path: Path, engine: Engine) -> None:
    engine([CAP], [shown("deny", "allow", "2028-01-01")])
    data = compared(tmp_path, LATER)
    [entry] = [entry for entry in data["semantic"]["transitions"] if entry["witness"]]
    assert (entry["witness"]["since"], entry["witness"]["as_of"]) == ("2026-09-01", "2028-01-01")
    assert data["edits"][0]["witness"]["since"] == "2026-09-01"


def test_the_day_before_which_something_else_was_shown_ends_the_search(tmp_path: Path, engine: Engine) -> None:
    """In between, from 2026-09-01 to 2027-01-01, the head denies as the base does."""
    gap = LATER.replace("value: 70.0}", "value: 50.0}\n      - {from: '2027-01-01', cite: art-1, value: 70.0}").replace(
        "{from: '2020-01-01', cite: art-1, value: 50.0}", "{from: '2020-01-01', cite: art-1, value: 70.0}"
    )
    engine([CAP], [shown("deny", "allow", "2028-01-01")])
    data = compared(tmp_path, gap)
    [entry] = [entry for entry in data["semantic"]["transitions"] if entry["witness"]]
    assert entry["witness"]["since"] == "2027-01-01"


VERDICTS = {
    "proved-equivalent": ("rules apply to the same products on the same days. Other content", "已证明：其规则"),
    "masked": ("Proved: no decision changes.", "已证明：任何结论均不变"),
    "unknown": ("NOT SETTLED", "未能判定"),
    "unsupported": ("cannot be analyzed", "无法分析"),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_each_verdict_is_one_sentence_for_a_lawyer(tmp_path: Path, engine: Engine, verdict: str) -> None:
    engine([RuleVerdict("law/tell", verdict, reason="No answer within the limit.")])
    data, wrong = compared(tmp_path, SAME), []
    for lang, sentence in zip(("en", "zh"), VERDICTS[verdict], strict=True):
        for format in ("text", "markdown", "html", "sarif", "github"):
            text = render(format, data, lang)  # type: ignore[arg-type]
            silent = format in ("sarif", "github") and verdict in ("proved-equivalent", "masked")
            if (sentence in " ".join(text.split()).replace("\\", "")) is silent:
                wrong.append((format, lang))
        assert json.loads(render("json", data, lang))["edits"][0]["verdict"] == verdict  # type: ignore[arg-type]
    assert not wrong, wrong


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_a_witness_is_told_by_the_titles_of_its_facts(tmp_path: Path, engine: Engine, format: str) -> None:
    engine([CAP], [shown("deny", "allow", "2028-01-01")])
    data = compared(tmp_path, LATER)
    text = " ".join(render(format, data, "en").replace("\\", "").split())
    said = ["Company · Foreign share", "60%", "Service · Offers", "DENY → ALLOW from 2026-09-01"]
    assert [words for words in said if words not in text] == []
    zh = "".join(render(format, data, "zh").replace("\\", "").split())
    assert [words for words in ("公司·外资股比", "60%", "自2026-09-01起：不得上线→可以上线") if words not in zh] == []


def test_what_a_witness_lists_is_told(tmp_path: Path, engine: Engine) -> None:
    engine([RuleVerdict("law/tell", "witness", (), WITNESS, "2028-01-01", "deny", "deny")])
    data = compared(tmp_path, LAW.replace("when: term.is_foreign\n", "when: 'false'\n"))
    [rule] = data["edits"]
    listed = {"kind": "advice", "name": "law/tell", "before": "fires", "after": None}
    assert rule["witness"]["listed"] == [{**listed, "before_text": None, "after_text": None}]
    text = " ".join(render("text", data, "en").split())
    assert "Proved: no decision changes. Other content of decisions changes." in text
    for format in ("text", "markdown", "html"):
        told = " ".join(render(format, data, "en").replace("\\", "").split())
        assert "Listed from 2020-01-01: advice Tell: given → –." in told, format


def test_a_rule_that_other_edits_undo_says_so(tmp_path: Path, engine: Engine) -> None:
    """Alone the rule opens; with the new one beside it the witness stays denied."""
    more = RULES.replace("value: 50.0}", "value: 50.0}\n      - {from: '2026-09-01', cite: art-1, value: 70.0}")
    more += (
        "  - id: never\n    cite: [art-1]\n    each: product\n    when: term.is_foreign\n    deny: {reason: SHARE-ABOVE-CAP}\n"
        "    message: {en: Never., zh: 不得。}\n"
    )
    engine([CAP, RuleVerdict("law/never", "unknown")], [unknown("allow", "deny")])
    data = compared(tmp_path, policy("law", more))
    rule = next(edit for edit in data["edits"] if "law/too-foreign" in [rule["rule"] for rule in edit["rules"]])
    assert (rule["after"], rule["witness"]["after"]["decision"]) == ("allow", "deny")
    assert "With all edits together this profile is decided DENY → DENY." in " ".join(
        render("text", data, "en", room=400).split()
    )


def test_facts_are_named_as_the_schema_names_them() -> None:
    profile = {
        "schema": 2, "product": {"id": "p", "hardware": []},
        "company": {"registered": {"at": "shanghai-pudong", "ftz": "none"}, "discredited": []},
        "partner": {"registered": {"at": "shanghai-pudong", "ftz": "shanghai"}, "licenses": [{"instrument": "pilot-approval", "classes": ["B11"], "valid": True}]},
        "services": [{"id": "a", "area": ["china"], "facilities": ["beijing", "shanghai-pudong"]}, {"id": "b", "facilities": [{"at": "beijing", "tenure": "lease"}]}],
        "data": {"persons": 1000000},
    }  # fmt: skip
    load_profile(profile)
    bundle = shipped_bundle()
    wording = FactWording(bundle.schemas, {name: one.title for name, one in bundle.instruments.items()})
    found = {fact["path"]: (fact["title"]["en"], fact["value"]["en"]) for fact in wording.facts(profile)}
    assert found["product.hardware"] == ("Product · Hardware", "none")
    assert found["company.registered"][1] == "Shanghai, Pudong New Area (Outside every free-trade zone)"
    assert found["partner.registered"][1] == "Shanghai, Pudong New Area (free-trade zone: Shanghai)"
    assert found["services[0].facilities"][1] == "Beijing; Shanghai, Pudong New Area"
    assert found["partner.licenses[0].instrument"][0] == "Partner · License held · Instrument"
    assert found["partner.licenses[0].instrument"][1] != "pilot-approval"
    assert found["services[0].area"][0] == "Service 1 · Service area"
    assert found["services[1].facilities[0].at"] == ("Service 2 · Facility · Site", "Beijing")
    assert found["data.persons"][1] == "1,000,000"
    assert not {"schema", "product.id", "services[0].id"} & found.keys()
    assert all(fact["title"]["zh"] and fact["value"]["zh"] for fact in wording.facts(profile))


def test_the_data_of_a_witness_is_the_profile_itself(tmp_path: Path, engine: Engine) -> None:
    engine([CAP], [shown("deny", "allow", "2028-01-01")])
    data = compared(tmp_path, LATER)
    witness = json.loads(render("json", data, "en"))["edits"][0]["witness"]
    assert witness["profile"] == WITNESS


@REAL
def test_every_witness_of_a_rule_shows_what_decisions_list_otherwise(tmp_path: Path) -> None:
    """The rules differ on activities of any class; a witness has one of which the decision speaks."""
    rules = """\
instruments:
  report:
    title: {en: Report, zh: 报告}
    authority: [{when: 'true', is: provincial-ca}]
rules:
  - {id: center, cite: [art-1], each: service, when: '"data-center" in service.offers', classify: {classes: [B11]}, message: {en: Center., zh: 中心。}}
  - {id: shop, cite: [art-1], each: service, when: '"own-shop" in service.offers', classify: {classes: not-telecommunications}, message: {en: Shop., zh: 商店。}}
  - id: report
    cite: [art-1]
    each: activity
    when: company.foreign_percent > 5.0
    duty: {instrument: report, due: {before: launch}}
    message: {en: Report., zh: 报告。}
"""
    before = policy("law", rules)
    calm = {
        "calm": {
            "schema": 2,
            "product": {"id": "calm"},
            "company": {},
            "services": [{"id": "x", "offers": ["own-shop"]}],
        }
    }
    base = project(tmp_path / "base", {"law": before}, calm)
    for name, old, new in (("cap", "> 5.0", "> 6.0"), ("due", "{before: launch}", "{every: year}")):
        head = project(tmp_path / name, {"law": before.replace(old, new)}, calm)
        [rule] = compare(base, head, semantic="z3")["edits"]
        kinds = {item["kind"] for item in rule["witness"]["listed"]}
        assert kinds == ({"duty"} if name == "cap" else {"deadline"}), rule["witness"]["listed"]
        assert rule["witness"]["profile"]["services"][0]["offers"] == ["data-center"]


@REAL
def test_what_no_decision_can_list_has_no_witness(tmp_path: Path) -> None:
    """No rule finds the class, so the duty comes of nothing."""
    rules = (
        RULES
        + """\
  - id: report
    cite: [art-1]
    each: activity
    when: activity.class == "B12" && company.foreign_percent > 5.0
    advise: {kind: note}
    message: {en: Report., zh: 报告。}
"""
    )
    before, after = policy("law", rules), policy("law", rules.replace("> 5.0", "> 6.0"))
    sides = project(tmp_path / "base", {"law": before}), project(tmp_path / "head", {"law": after})
    data = compare(*sides, semantic="z3", fail_on=["any"])
    assert [(rule["verdict"], rule["witness"]) for rule in data["edits"]] == [("proved-equivalent", None)]
    assert data["title"]["en"] == "No decision changes, which is proved; citations or words may change"


# --- days of a change -------------------------------------------------------------------------------------------------

AGAIN = (
    RULES
    + """\
  - id: again
    cite: [art-1]
    each: product
    from: '2023-01-01'
    when: term.is_foreign && company.foreign_percent > param.cap
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: Again., zh: 再次。}
"""
)
"""From 2023 on another rule repeats the denial."""


@REAL
def test_a_change_ends_where_another_rule_repeats_what_it_removes(tmp_path: Path) -> None:
    both = policy("law", AGAIN)
    start, end = both.index("  - id: too-foreign"), both.index("  - id: tell")
    data = compared(tmp_path, both[:start] + both[end:], both, semantic="z3")
    assert data["semantic"]["period"] == {"first": "2020-01-01", "last": "2022-12-31", "proved": True}
    text = " ".join(render("text", data, "en").split())
    assert "Decisions change from 2020-01-01 to 2022-12-31; on no other day, which is proved for all profiles." in text
    witness = next(entry["witness"] for entry in data["semantic"]["transitions"] if entry["witness"])
    assert (witness["since"], witness["until"]) == ("2020-01-01", "2022-12-31")
    assert "DENY → ALLOW from 2020-01-01 to 2022-12-31" in text
    [rule] = data["edits"]
    assert (rule["since"], rule["until"]) == ("2020-01-01", None), "the rule itself is gone on all days"


@REAL
def test_a_change_of_one_day_says_so(tmp_path: Path) -> None:
    data = compared(tmp_path, LATER.replace("2026-09-01", "2026-09-02"), LATER, semantic="z3")
    assert data["semantic"]["period"] == {"first": "2026-09-01", "last": "2026-09-01", "proved": True}
    [rule] = data["edits"]
    assert (rule["since"], rule["until"]) == ("2026-09-01", "2026-09-01")
    text = " ".join(render("text", data, "en").split())
    assert "Decisions change on 2026-09-01 alone" in text


@REAL
def test_the_first_day_of_a_change_is_not_that_of_the_profile_that_was_found(tmp_path: Path) -> None:
    """A product that begins late shows a change late; the change is older."""
    late = (
        RULES
        + """\
  - id: cover
    cite: [art-1]
    each: product
    until: '2021-06-01'
    when: data.persons > 10
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: Cover., zh: 覆盖。}
"""
    )
    before = policy("law", late)
    data = compared(tmp_path, before.replace("value: 50.0}", "value: 70.0}"), before, semantic="z3")
    assert data["semantic"]["period"] == {"first": "2020-01-01", "last": None, "proved": True}


# --- processes --------------------------------------------------------------------------------------------------------

ADVICE = """\
  - {{id: tell-{0}, cite: [art-1], each: product, when: data.persons > {1}, advise: {{kind: verify}}, message: {{en: Tell., zh: 请核实。}}}}
"""


def told(more: int) -> str:
    """A law with ten notes, each from another number of persons on."""
    return LAW + "".join(ADVICE.format(number, 1000 * number + more) for number in range(10))


@needs_solver
@pytest.mark.parametrize("lost", [False, True])
def test_processes_share_the_search_for_near_products(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    asked: list[int] = []

    def share(begin: Any, tasks: Iterable[int], processes: int) -> Iterator[Any]:
        places = list(tasks)
        asked.extend(places)
        if lost:
            raise WorkerLost
        return map_in_order(begin, places, processes)

    monkeypatch.setattr("vatspolicy.workers.map_in_order", share)
    monkeypatch.setattr("vatspolicy.workers.can_fork", lambda: True)  # other tests leave threads
    alone = compared(tmp_path, told(1), told(0), workers=1)
    assert asked == []
    assert sum(edit["verdict"] == "witness" for edit in alone["edits"]) == 10
    together = compared(tmp_path, told(1), told(0), workers=2)
    assert len(asked) == 12 + 10
    assert together == alone


@pytest.mark.parametrize(
    ("first", "last", "within"),
    [
        ("2026-09-01", "2026-09-01", True),
        ("2026-08-01", None, True),
        ("2026-09-02", None, False),
        ("2026-08-01", "2026-08-31", False),
    ],
)
def test_decisions_change_on_no_day_on_which_the_rules_are_the_same(
    tmp_path: Path, first: str, last: str | None, within: bool
) -> None:
    """So the days are proved, although the engine did not settle them."""
    laws = {"a": LATER, "b": LATER.replace("2026-09-01", "2026-09-02")}
    sources = [read_source(str(project(tmp_path / name, {"law": law})), tmp_path) for name, law in laws.items()]
    base, head = load_pair(*sources)
    differences = Differences(RuleSignatures(base.bundle), RuleSignatures(head.bundle))
    assert differences.names
    assert differences.are_within(first, last) is within


@needs_solver
def test_days_that_are_not_proved_are_not_called_the_only_ones(tmp_path: Path) -> None:
    base, head = (
        project(tmp_path / name, {"law": law}, {"p": WITNESS})
        for name, law in (("a", LATER), ("b", LATER.replace("2026-09-01", "2026-09-02")))
    )
    data = compare(base, head, semantic="z3")
    assert (data["semantic"]["period"]["proved"], "on 2026-09-01 alone" in render("text", data, "en")) == (True, True)
    data["semantic"]["period"]["proved"] = False
    lines = " ".join(render("text", data, "en").split())
    assert "DENY on 2026-09-01 " in lines
    assert "Decisions change on 2026-09-01; whether they change on other days is not settled." in lines
