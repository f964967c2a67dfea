"""A bundle is a value: it can be sent to another process and used by several threads."""

from __future__ import annotations

import copy
import json
import pickle
import shutil
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.project_builder import policy as project_policy
from tests.support.project_builder import project
from tests.support.shipped import POLICIES, fixture_file, shipped_bundle
from tests.support.specs import SHOP
from vatspolicy import evaluate, load_bundle, load_profile
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_evaluator import CompiledEvaluator
from vatspolicy.core.policies.model import Route
from vatspolicy.errors import InvalidInput


def test_a_pickled_bundle_finds_its_generated_code(law: Path) -> None:
    bundle = load_bundle(law)
    day = bundle.boundaries[-1]
    bundle.on(day)
    again: Bundle = pickle.loads(pickle.dumps(bundle))
    evaluator = again.on(day).evaluator
    assert isinstance(evaluator, CompiledEvaluator)
    assert all(expression.index in evaluator.functions for expression in again.compiled())
    assert again.policies == bundle.policies == copy.deepcopy(bundle).policies


def test_days_with_the_same_values_share_their_functions() -> None:
    bundle = shipped_bundle()
    rulesets = [bundle.on(day) for day in bundle.boundaries]
    functions: dict[str, set[int]] = {}
    for ruleset in rulesets:
        assert isinstance(ruleset.evaluator, CompiledEvaluator)
        functions.setdefault(repr(ruleset.params), set()).add(id(ruleset.evaluator.functions))
    assert len(functions) < len(rulesets) / 2
    assert len({one for found in functions.values() for one in found}) >= len(functions)
    assert all(len(found) == 1 for found in functions.values())


def test_a_rule_set_has_the_values_and_rules_of_its_day() -> None:
    bundle = shipped_bundle()
    for day in (bundle.boundaries[0], *bundle.boundaries[5::20], bundle.boundaries[-1]):
        ruleset = bundle.on(day)
        for policy in bundle.policies.values():
            for one in policy.parameters.values():
                assert ruleset.params[one.key] is (one.on(day) or one.values[0]).value
        there = [rule for policy in bundle.policies.values() for rule in policy.rules if rule.in_force(day)]
        assert {rule.name for found in ruleset.rules.values() for rule in found} == {rule.name for rule in there}
        assert set(ruleset.access) == {rule.effect.instrument for rule in there if isinstance(rule.effect, Route)}


def test_a_share_cap_is_a_condition() -> None:
    rules = (rule for policy in shipped_bundle().policies.values() for rule in policy.rules)
    routes = [rule for rule in rules if isinstance(rule.effect, Route) and rule.effect.max_foreign_percent]
    assert routes
    for rule in routes:
        assert isinstance(rule.effect, Route)
        cap = rule.effect.share_cap
        assert cap is not None
        assert cap.cap is not None
        assert cap.cap is rule.effect.max_foreign_percent
        assert cap.check.text == f"operator.foreign_percent <= {cap.cap.text}"
        assert cap.check not in rule.expressions
        assert rule.effect.requirements[-1] is cap


def test_a_rule_has_expressions_and_parameters(law: Path) -> None:
    rule = load_bundle(law).rule("vats-pilot-2024/pilot-access")
    assert rule.expressions[0] is rule.when
    assert set(rule.parameters) == {key for expression in rule.expressions for key in expression.parameters}
    assert all("/" in key for key in rule.parameters)


def test_the_path_of_a_policy_does_not_depend_on_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    law = tmp_path / "law"
    shutil.copytree(POLICIES, law)
    shown = []
    for folder in (tmp_path, tmp_path / "elsewhere"):
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        bundle, profile = load_bundle(law), load_profile(fixture_file("own-shop-shanghai"))
        record = make_record(bundle, profile, evaluate(bundle, profile, "2026-06-01"))
        shown.append([duty.why.policy_file for duty in record.duties])
    assert shown[0] == shown[1]
    assert "law/filings/icp-filing-measures.yaml" in shown[0]


def test_a_project_is_read_under_its_own_schemas(console: Console) -> None:
    """A spec may state what the schemas beside the policies know, as `vatspolicy diff` reads it."""
    schema = copy.deepcopy(SchemaSet.shipped().load("profile"))
    offers = schema["properties"]["services"]["items"]["properties"]["offers"]["items"]
    offers["enum"].append("edge-computing")
    offers["x-enum"]["edge-computing"] = {"en": "Edge computing", "zh": "边缘计算"}
    project(console.folder / "new", {"law": project_policy("law")}, schemas={"profile": schema})
    project(console.folder / "old", {"law": project_policy("law")})
    spec = {"schema": 2, "product": {"id": "p"}, "company": {}, "services": [{"id": "s", "offers": ["edge-computing"]}]}
    (console.folder / "spec.yaml").write_text(json.dumps(spec), encoding="utf-8")
    assert console("check", "spec.yaml", "--law", "old/policies").code == 3
    ran = console("check", "spec.yaml", "--law", "new/policies")
    assert (ran.code, ran.err) == (4, ""), "what it is, no rule says"
    (console.folder / "new/schemas/policy.schema.json").unlink()
    ran = console("check", "spec.yaml", "--law", "new/policies")
    assert ran.code == 3
    assert ran.err.startswith("new/schemas:1:1: The schemas")


UNUSABLE = {
    "empty": "{}",
    "a list": "[]",
    "a text": '"x"',
    "deep": "[" * 100_000 + "]" * 100_000,
    "a pattern that is none": '{"type": "object", "properties": {"product": {"type": "object", "pattern": "("}}}',
    "a type that is none": '{"type": 3}',
    "a circle": '{"$ref": "#"}',
    "an invariant that is no CEL": json.dumps({**SchemaSet.shipped().load("profile"), "x-invariants": [{"check": "a ) b", "message": {"en": "A", "zh": "甲"}}]}),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSABLE)
def test_schemas_of_a_project_that_cannot_be_used_are_refused(console: Console, name: str) -> None:
    project(
        console.folder / "new", {"law": project_policy("law")}, schemas={"profile": SchemaSet.shipped().load("profile")}
    )
    console.write("spec.yaml", SHOP)
    shutil.copytree(console.folder / "new", console.folder / "old")
    (console.folder / "new/schemas/profile.schema.json").write_text(UNUSABLE[name], encoding="utf-8")
    ran = console("check", "spec.yaml", "--law", "new/policies")
    assert (ran.code, ran.err.startswith("new/schemas:1:1: The schemas of this state cannot be used")) == (3, True)
    assert console("diff", "old", "new", "--semantic", "off").code == 3


@pytest.mark.parametrize("target", ["/dev/zero", "nowhere", "."])
def test_a_schema_that_is_no_file_is_refused(console: Console, target: str) -> None:
    project(
        console.folder / "new", {"law": project_policy("law")}, schemas={"profile": SchemaSet.shipped().load("profile")}
    )
    (console.folder / "new/schemas/x.json").symlink_to(target)
    console.write("spec.yaml", SHOP)
    ran = console("check", "spec.yaml", "--law", "new/policies")
    assert (ran.code, "schemas/x.json:1:1: The file cannot be read" in ran.err) == (3, True)


def test_a_key_that_only_the_schemas_of_a_project_know_is_refused(tmp_path: Path) -> None:
    """This program would read the law without the key, and take two laws that differ in it for one."""
    schema = copy.deepcopy(SchemaSet.shipped().load("policy"))
    effects = schema["properties"]["rules"]["items"]["properties"]
    effects["advise"]["properties"]["grace"] = {"title": "Grace", "type": "integer"}
    text = project_policy(
        "law", "rules:\n" + RULE.replace("term.is_foreign", "'true'").replace("verify", "verify, grace: 60")
    )
    folder = project(tmp_path, {"law": text}, schemas={"policy": schema}) / "policies"
    with pytest.raises(InvalidInput) as caught:
        load_bundle(folder)
    [problem] = caught.value.problems
    assert problem.path == "rules[0].advise.grace"
    assert problem.hint.endswith("this version of the program does not read it.")
    (folder / "law.yaml").write_text(text.replace(", grace: 60", ""), encoding="utf-8")
    assert load_bundle(folder).rule("law/tell").kind == "advise"


def test_a_policy_is_compiled_again_if_a_policy_that_it_uses_changes(tmp_path: Path) -> None:
    """The compiled form of each policy is kept; it may not outlive the terms and parameters that it was made from."""
    shared = project_policy("shared")
    user = project_policy("user", "terms: {}\nrules:\n" + RULE).replace("topics:", "uses: [shared]\ntopics:")
    folder = project(tmp_path, {"shared": shared, "user": user}) / "policies"
    before = load_bundle(folder).rule("user/tell").when
    changed = shared.replace("company.foreign_percent > 0.0", "company.foreign_percent > 1.0")
    (folder / "shared.yaml").write_text(changed, encoding="utf-8")
    after = load_bundle(folder).rule("user/tell").when
    assert (before.text, before.tree) == (after.text, before.tree) != (after.text, after.tree)
    (folder / "shared.yaml").write_text(changed.replace("is_foreign", "is_alien"), encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"user\.yaml.*is_foreign"):
        load_bundle(folder)


RULE = """\
  - id: tell
    cite: [art-1]
    each: product
    when: term.is_foreign
    advise: {kind: verify}
    message: {en: Tell., zh: 请核实。}
"""
