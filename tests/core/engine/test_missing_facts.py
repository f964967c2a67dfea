"""An irrelevant area asks nothing: how few facts decide a simple product, duties included."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.support.shipped import ROOT, fixture_files, shipped_bundle
from vatspolicy.core.documents import parse_document
from vatspolicy.core.engine.evaluator import evaluate, evaluate_parts
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
    "data": {
        **NO_DATA,
        "persons": 2_000_000,
        "minors": 0,
        "sensitive": False,
        "face_persons": 0,
        "public_cameras": False,
        "shared_with": [],
    },
}


@pytest.mark.parametrize(
    ("facts", "most"), [(WEBSITE, 15), (SHOP, 25)], ids=["corporate website", "self-operated shop app"]
)
def test_a_few_facts_decide_everything(facts: dict[str, Any], most: int) -> None:
    assert sum(len(part) for part in facts.values()) <= most
    product = {"id": "p", "launch": "2027-03-01", **facts["product"]}
    service = {"id": "s", **facts["service"]}
    profile = {
        "schema": 2,
        "product": product,
        "company": facts["company"],
        "services": [service],
        "data": facts["data"],
    }
    decision = evaluate(shipped_bundle(), load_profile(profile), "2027-03-01")
    assert decision.decision == "allow"
    assert [(finding.rule.name, [ask.path for ask in finding.missing]) for finding in decision.undetermined] == []
    due = {getattr(finding.rule.effect, "instrument", None) for finding in decision.duties}
    assert {"icp-filing", "public-security-filing"} <= due


def test_each_of_those_facts_is_needed() -> None:
    """Leaving one out leaves something open: the counts above are not padded by facts that nobody asks for."""
    for part, facts in WEBSITE.items():
        for name in facts:
            kept = {key: {k: v for k, v in value.items() if (key, k) != (part, name)} for key, value in WEBSITE.items()}
            product = {"id": "p", "launch": "2027-03-01", **kept["product"]}
            service = {"id": "s", **kept["service"]}
            profile = {
                "schema": 2,
                "product": product,
                "company": kept["company"],
                "services": [service],
                "data": kept["data"],
            }
            decision = evaluate(shipped_bundle(), load_profile(profile), "2027-03-01")
            assert decision.decision == "incomplete" or decision.undetermined, f"{part}.{name}"


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
        "id": "s",
        "offers": ["marketplace"],
        "operated_by": "company",
        "audience": "public",
        "features": [],
        "content": [],
        "area": ["china"],
    }

    def asked(**company: Any) -> set[tuple[str | int, ...]]:
        facts = {"product": {"id": "p"}, "company": {"foreign_percent": 100, **company}, "services": [service]}
        decision = evaluate(shipped_bundle(), load_profile({"schema": 2, **facts}), "2015-06-19")
        return {ask.path for ask in decision.missing if "registered" in ask.path}

    assert asked() == {("company", "registered")}
    assert asked(registered="shanghai-pudong") == {("company", "registered", "ftz")}


def test_a_decision_that_is_not_explained_differs_in_the_missing_facts_of_duties_and_notes_alone() -> None:
    bundle, open_duties = shipped_bundle(), 0
    for path in fixture_files()[::7]:
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
        made = [finding for part in evaluate_parts(bundle.on(day), profile, day) for finding in part.findings]
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
