"""A bundle whose schemas have a fact of their own, through the interview, the remediation plan and the access matrix."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.shipped import fixture_file
from vatspolicy.core.documents import Path as FactPath
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.guidance.access_matrix import build_matrix
from vatspolicy.guidance.interview import describe_step, reasons, start
from vatspolicy.guidance.remediation import find_remediations
from vatspolicy.guidance.remediation.result import describe_ways

TODAY = "2026-11-24"
POLICY = """\
id: colors
version: 1.0.0
title: {en: Colors, zh: 颜色}
topics: [telecom]
source:
  issuer: {en: Somebody, zh: 某机构}
  promulgated: '2020-01-01'
effective: {from: '2020-01-01'}
articles:
  one: {label: {en: article 1, zh: 第一条}, en: No service is red., verification: secondary}
rules:
- id: red
  each: service
  when: service.color == 'red'
  deny: {reason: REGION-MISMATCH}
  message: {en: The service is red., zh: 该服务为红色。}
  cite: [one]
"""
MARK = {"cost": 1, "to": ["blue"], "en": "Paint it", "zh": "改色"}
NAMES = {"red": {"en": "scarlet", "zh": "红"}, "blue": {"en": "azure", "zh": "蓝"}}
COLOR = {
    "title": "Color",
    "x-title-zh": "颜色",
    "x-question": {"en": "Which color is it?", "zh": "是什么颜色？"},
    "x-mutable": MARK,
    "type": "string",
    "enum": list(NAMES),
    "x-enum": NAMES,
}


@pytest.fixture(scope="module")
def bundle(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    files = dict(SchemaSet.shipped().files)
    profile = json.loads(files["profile.schema.json"])
    profile["properties"]["services"]["items"]["properties"]["color"] = COLOR
    profile["properties"]["services"]["items"]["properties"]["painted"] = {"type": "boolean", "title": "Painted"}
    files["profile.schema.json"] = json.dumps(profile, ensure_ascii=False).encode()
    folder = tmp_path_factory.mktemp("colors") / "policies"
    shutil.copytree(law, folder)
    (folder / "colors.yaml").write_text(POLICY, encoding="utf-8")
    return load_bundle(folder, SchemaSet(files))


def test_the_interview_asks_for_an_own_fact(bundle: Bundle) -> None:
    state = start(bundle, TODAY, name="p", as_of=TODAY).answer([{"id": "s", "offers": ["other"]}])
    asked: list[FactPath] = []
    while state.question is not None and len(asked) < 40:
        question = state.question
        asked_step = describe_step(state).question
        assert asked_step is not None
        assert asked_step.path
        asked.append(question.path)
        if question.path == ("services", 0, "color"):
            assert question.text == COLOR["x-question"]
            assert [choice.label for choice in question.choices] == list(NAMES.values())
            assert reasons(bundle, question.rules, TODAY)
            state = state.answer("blue")
        else:
            state = state.skip()
    assert ("services", 0, "color") in asked
    assert "# Which color is it?" in state.document.text
    assert state.answer("red", ("services", 0, "color")).decision.denials


def test_remediation_of_a_profile_with_own_facts(bundle: Bundle) -> None:
    profile = load_profile(fixture_file("iot-suzhou"), [("services.0.color", "blue")], bundle.schemas)
    plan = find_remediations(bundle, profile, TODAY)
    assert plan.decision.denials
    assert plan.proposals or plan.undecided
    data = describe_ways(bundle, profile, plan)
    assert all(proposal.differences for proposal in (*data.proposals, *data.undecided))


def test_the_matrix_of_a_bundle_with_own_facts(bundle: Bundle, law: Path) -> None:
    plain = load_bundle(law)
    for by in ("regimes", "places"):
        rows = build_matrix(bundle, TODAY, by=by).rows
        assert rows == build_matrix(plain, TODAY, by=by).rows
        assert rows
