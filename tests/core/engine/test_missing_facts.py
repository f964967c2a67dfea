"""An irrelevant area asks nothing: how few facts decide a simple product, duties included."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import part
from tests.support.members import for_each
from tests.support.shipped import ROOT, fixture_files, shipped_bundle
from tests.support.whole_answers import list_findings
from vatspolicy.core.documents import parse_document
from vatspolicy.core.engine.conditional import LONGEST, TRIALS, find_conditional
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import Evaluator, evaluate, possible_outcomes
from vatspolicy.core.engine.notices import READ_AS_NONE, notices
from vatspolicy.core.engine.possible_values import possible_answers
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import encode
from vatspolicy.core.profile.edits import set_fact
from vatspolicy.core.profile.profile import load_profile, read_profile
from vatspolicy.errors import InvalidInput

COMPANY = {"foreign_percent": 100, "mainland_entity": True}
NO_DATA = {"persons": 0, "leaves_mainland": False, "important": False, "ciio": False}
WEBSITE: dict[str, Any] = {
    "product": {"mlps_level": 1, "domain_holder": "company"},
    "company": COMPANY,
    "service": {
        "offers": ["company-site"],
        "operated_by": "company",
        "audience": "public",
        "channels": ["website"],
        "hosting": "mainland",
        "features": [],
        "content": [],
    },
    "data": NO_DATA,
}
SHOP: dict[str, Any] = {
    "product": {"mlps_level": 3, "domain_holder": "company"},
    "company": {**COMPANY, "listing": "none"},
    "service": {
        "offers": ["own-shop"],
        "operated_by": "company",
        "audience": "public",
        "channels": ["app", "website"],
        "hosting": "mainland",
        "sells": ["own-goods"],
        "features": ["accounts"],
        "content": [],
        "facilities": [{"at": "shanghai-xuhui", "kind": "servers"}],
    },
    "data": {**NO_DATA, "persons": 2_000_000, "minors": 0, "sensitive": False, "face_persons": 0, "public_cameras": False, "shared_with": []},
}  # fmt: skip


def decide(facts: dict[str, Any]) -> Decision:
    """The decision of a product with these facts of each group, on the day of its launch."""
    day = "2027-03-01"
    product, service = {"id": "p", "launch": day, **facts["product"]}, {"id": "s", **facts["service"]}
    rest = {name: facts[name] for name in ("company", "data")}
    profile = load_profile({"schema": 2, "product": product, "services": [service], **rest})
    return evaluate(shipped_bundle(), profile, day)


@pytest.mark.parametrize(
    ("facts", "most"), [(WEBSITE, 15), (SHOP, 25)], ids=["corporate website", "self-operated shop app"]
)
def test_a_few_facts_decide_everything(facts: dict[str, Any], most: int) -> None:
    assert sum(len(part) for part in facts.values()) <= most
    decision = decide(facts)
    assert decision.decision == "allow"
    assert [(finding.rule.name, [ask.path for ask in finding.missing]) for finding in decision.undetermined] == []
    due = {getattr(finding.rule.effect, "instrument", None) for finding in decision.duties}
    assert {"icp-filing", "public-security-filing"} <= due


def test_each_of_those_facts_is_needed() -> None:
    """Leaving one out leaves something open: the counts above are not padded by facts that nobody asks for."""
    for group, facts in WEBSITE.items():
        for name in facts:
            kept = {
                key: {k: v for k, v in value.items() if (key, k) != (group, name)} for key, value in WEBSITE.items()
            }
            decision = decide(kept)
            assert decision.decision == "incomplete" or decision.undetermined, f"{group}.{name}"


def test_the_spec_of_the_readme_is_decided_as_it_says() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    spec = next(block for block in text.split("```yaml\n")[1:] if block.startswith("schema: 2")).partition("```")[0]
    profile = read_profile(parse_document(spec, "README.md"))
    decision = evaluate(shipped_bundle(), profile, "2027-03-01")
    assert decision.decision == "needs-license"
    assert [offer.instrument for finding in decision.needs for offer in finding.any_of] == ["pilot-approval"]


def test_the_zone_of_a_place_is_asked_for_when_the_place_is_stated() -> None:
    """In 2015 a foreign marketplace in the Shanghai zone needs less capital: first where it is, then in which zone."""
    service = {
        "id": "s", "offers": ["marketplace"], "operated_by": "company", "audience": "public", "features": [],
        "content": [], "area": ["china"],
    }  # fmt: skip

    def asked(**company: Any) -> set[tuple[str | int, ...]]:
        facts = {"product": {"id": "p"}, "company": {"foreign_percent": 100, **company}, "services": [service]}
        decision = evaluate(shipped_bundle(), load_profile({"schema": 2, **facts}), "2015-06-19")
        return {ask.path for ask in decision.missing if "registered" in ask.path}

    assert asked() == {("company", "registered")}
    assert asked(registered="shanghai-pudong") == {("company", "registered", "ftz")}


def test_a_decision_that_is_not_explained_differs_in_the_missing_facts_of_duties_and_notes_alone() -> None:
    bundle, open_duties = shipped_bundle(), 0
    for path in part(fixture_files(), 11):
        try:
            data = load_profile(path).document.data
            profile = load_profile({**data, "company": {}, "data": {}})
        except InvalidInput:  # a few are wrong on purpose, or without what is taken away
            continue
        day = max(bundle.covers_from, bundle.boundaries[-1])
        whole, brief = (evaluate(bundle, profile, day, explain=explain) for explain in (True, False))
        for finding in brief.undetermined:
            assert not finding.missing or finding.rule.kind not in ("duty", "advise")
        open_duties += sum(bool(finding.missing) for finding in whole.undetermined if finding.rule.kind == "duty")
        bare = [
            replace(one, undetermined=tuple(finding._replace(missing=()) for finding in one.undetermined))
            for one in (whole, brief)
        ]
        assert bare[0] == bare[1]
    assert open_duties


def test_findings_are_made_without_the_facts_that_they_ask_for_and_these_change_no_answer() -> None:
    bundle = shipped_bundle()
    day, asking = bundle.boundaries[-1], 0
    for path in fixture_files():
        try:
            profile = load_profile({**load_profile(path).document.data, "company": {}})
        except InvalidInput:  # a few are wrong on purpose, or without what is taken away
            continue
        made = [finding for part in Evaluator(bundle.on(day), profile, day).parts() for finding in list_findings(part)]
        assert not [finding for finding in made if finding.missing]
        decision = evaluate(bundle, profile, day)
        named = (*decision.denials, *decision.needs, *decision.would_need, *decision.met, *decision.duties)
        named += (*decision.advice, *decision.undetermined)
        answers = {(one.rule.name, one.subject): one for one in named}
        asking += sum(bool(one.missing) for one in named)
        assert len(answers) == len(named) == len(made)
        for finding in made:
            found = answers[finding.rule.name, finding.subject]
            state = finding.state if found.state == "unread" else found.state
            assert found._replace(missing=(), state=state) == finding
    assert asking > 1000


# --- what reports say of missing facts


@for_each(part(fixture_files(), 5))
def test_the_missing_facts_of_a_decided_product_cannot_change_the_word(file: Path) -> None:
    bundle = shipped_bundle()
    day, profile = bundle.boundaries[-1], load_profile(file)
    decision, ruleset, data = evaluate(bundle, profile, day), bundle.on(day), profile.document.data
    if decision.decision == "incomplete":
        return
    facts = {ask.path: ask.rules for finding in decision.undetermined for ask in finding.missing}
    for path, rules in facts.items():
        for value in possible_answers(bundle, ruleset, data, path, rules, day) if path != ("opinions",) else ():
            try:
                changed = load_profile(set_fact(data, path, value))
            except InvalidInput:  # it contradicts another fact
                continue
            assert possible_outcomes(ruleset, changed, day, False).range == decision.range, (path, value)


def test_a_list_that_is_read_as_empty_is_told() -> None:
    """The features of an own data center are presumed to be none, and some of them would need a license."""
    service = {**WEBSITE["service"], "offers": ["own-data-center"]}
    del service["features"], service["content"]
    service["id"] = "s"
    data = {"schema": 2, "product": {"id": "p"}, "company": {**COMPANY, "foreign_percent": 100}, "services": [service]}
    told = dict(notices(shipped_bundle(), load_profile(data), "2026-11-24"))[READ_AS_NONE]
    assert told["en"].endswith("content of a service, features of a service.")
    assert told["zh"].endswith("服务的内容、服务的功能。")
    stated = load_profile({**data, "services": [{**service, "features": ["user-exchange"], "content": []}]})
    assert "service" not in dict(notices(shipped_bundle(), stated, "2026-11-24"))[READ_AS_NONE]["en"]
    words = {evaluate(shipped_bundle(), one, "2026-11-24").range[1] for one in (load_profile(data), stated)}
    assert words == {"allow", "deny"}


# --- conditional answers


def open_profiles() -> Any:
    """Fixtures without their company, their data, or all but the offers of each service."""
    for path in part(fixture_files(), 2):
        data = load_profile(path).document.data
        changes: list[dict[str, Any]] = [
            {"company": {}},
            {"data": {}},
            {"services": [{"id": one["id"], "offers": one["offers"]} for one in data["services"]]},
        ]
        for change in changes:
            try:
                yield load_profile({**data, **change})
            except InvalidInput:  # wrong without what is taken away
                continue


def test_a_conditional_answer_is_what_the_evaluator_decides_with_its_facts() -> None:
    bundle, found = shipped_bundle(), 0
    day = bundle.boundaries[-1]
    for profile in open_profiles():
        decision = evaluate(bundle, profile, day)
        answer = find_conditional(bundle, profile, decision)
        if decision.decision != "incomplete":
            assert answer is None
        if answer is None:
            continue
        found += 1
        assert len(answer.settings) <= LONGEST < TRIALS
        data = profile.document.data
        for path, value in answer.settings:
            data = set_fact(data, path, value)
        settled = evaluate(bundle, load_profile(data), day)
        assert settled.range == (answer.decision, answer.decision) == (decision.range[0], decision.range[0])
        for place in range(len(answer.settings)):
            data = profile.document.data
            for path, value in (*answer.settings[:place], *answer.settings[place + 1 :]):
                data = set_fact(data, path, value)
            assert evaluate(bundle, load_profile(data), day).decision != answer.decision, "each of its facts is needed"
    assert found > 10


def test_what_a_license_must_cover_is_a_conditional_answer() -> None:
    company = {"foreign_percent": 0, "mainland_entity": True, "foreign_percent_basis": "ultimate"}
    company |= {
        "legal_form": "limited-company",
        "registered_capital_rmb": 20_000_000,
        "lacking_means": [],
        "discredited": [],
    }
    license = {"instrument": "vats-license", "valid_until": "2030-01-01"}
    service = {**WEBSITE["service"], "id": "s", "offers": ["app-store"], "area": ["guangdong"], "charges": []}
    data = {"schema": 2, "product": {"id": "p"}, "company": {**company, "licenses": [license]}, "services": [service]}
    profile = load_profile(data)
    decision = evaluate(shipped_bundle(), profile, "2026-11-24")
    assert decision.range == ("allow", "needs-license")
    answer = find_conditional(shipped_bundle(), profile, decision)
    assert answer is not None
    assert (answer.decision, dict(answer.settings)) == (
        "allow",
        {("company", "licenses", 0, "classes"): ["B25-app-store"]},
    )


def test_a_decision_leaves_no_garbage_in_cycles() -> None:
    """A run of many specs and a server free the memory of a decision at once, without collections that take time."""
    bundle = shipped_bundle()
    profiles = [load_profile(path) for path in fixture_files() if path.parent.name == "ai"]

    def decide() -> None:
        for profile in profiles:
            for compare, explain in ((True, True), (True, False), (False, False)):
                decision = evaluate(bundle, profile, "2027-03-01", compare, explain)
                encode(make_record(bundle, profile, decision, explain=explain))

    decide()  # what the law keeps
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        decide()
        assert gc.collect() == 0
    finally:
        if was_on:
            gc.enable()
