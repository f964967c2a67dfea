"""Properties of the shipped law, proved; and laws that break them, refuted by profiles that the evaluator has decided."""

from __future__ import annotations

import importlib.util
import os
import random
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import HEAD, route, rule
from tests.support.random_inputs import Profiles, hints_of, near_days
from vatspolicy.authoring.analysis.properties import prove
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.authoring.analysis.settings import LawProperty, load_settings
from vatspolicy.authoring.analysis.witness import states_of
from vatspolicy.authoring.symbolic import solver
from vatspolicy.cel.parser import TypeEnvironment, parse
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.engine.decision import WORDS
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.errors import InvalidInput
from vatspolicy.policies.bundle import Bundle, load_bundle
from vatspolicy.policies.compiler import variables
from vatspolicy.profile.profile import load_profile

TIMES = int(os.environ.get("VATSPOLICY_FUZZ", "1"))
"""How many times 60 trials of growing profiles; 170 make 10,000."""

needs_solver = pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt)")
pytestmark = pytest.mark.xdist_group("audit")


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return load_bundle()


SHIPPED = {item.id: item for item in load_settings(resource_folder("policies")).properties}
REQUIRED = {
    "pilot-not-before-launch",
    "no-mainland-entity-no-telecom",
    "no-way-for-prohibited-content",
    "higher-share-never-opens",
    "higher-share-keeps-needs",
    "one-more-licence-never-hurts",
    "more-facts-stay-in-range",
}


def test_the_law_has_its_properties() -> None:
    assert set(SHIPPED) >= REQUIRED


@needs_solver
@pytest.mark.parametrize("id", SHIPPED)
def test_a_property_of_the_law_is_proved(id: str, shipped: Bundle) -> None:
    result = prove(shipped, SHIPPED[id])
    assert (result.verdict, result.witness) == ("proved", None), result


def test_what_a_property_cites_is_there(shipped: Bundle) -> None:
    for item in SHIPPED.values():
        for name in item.cite:
            policy, _, article = name.partition("/")
            assert article in shipped.policies[policy].articles


# --- laws that break a property ---------------------------------------------------------------------------------------


@needs_solver
def test_an_earlier_launch_of_the_pilot_is_refuted(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(resource_folder("policies"), folder)
    path = folder / "vats-pilot-2024.yaml"
    text = path.read_text(encoding="utf-8")
    assert text.count("cite: notice, value: false") == 1
    path.write_text(text.replace("cite: notice, value: false", "cite: notice, value: true"), encoding="utf-8")
    changed = load_bundle(folder)
    result = prove(changed, SHIPPED["pilot-not-before-launch"])
    assert (result.verdict, result.as_of) == ("refuted", "2024-10-22")
    assert result.witness is not None
    states = states_of(changed, result.witness, "2024-10-22", [changed.rule("vats-pilot-2024/pilot-access")])
    assert "open" in states["vats-pilot-2024/pilot-access"]


def law(folder: Path, *rules: str) -> Bundle:
    """A small law in which a license is needed for a data center."""
    folder.mkdir()
    instruments = "instruments:\n" + "".join(
        f"  {name}: {{title: {{en: Paper, zh: 文件}}, authority: [{{when: 'true', is: miit}}]}}\n"
        for name in ("vats-licence", "pilot-approval")
    )
    base = [
        rule("centre", "service", '"data-centre" in service.offers', "classify: {classes: [B11]}"),
        rule("licence", "activity", "true", "need: {through: vats-licence}"),
    ]
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n")
    (folder / "law.yaml").write_text(HEAD.format(id="law") + instruments + "rules:\n" + "".join([*base, *rules]))
    return load_bundle(folder)


def wanted(form: str, **body: Any) -> LawProperty:
    when = body.pop("when", None)
    each = body.setdefault("each", "product")
    node = parse(when, TypeEnvironment(variables(each), {}, lambda name, scope: None)) if when else None
    return LawProperty("p", {"en": "P", "zh": "性质"}, (), 1, form, body, node, None, None)


SHARE = wanted("monotone", fact="company.foreign_percent", never=["deny->allow"])
NEEDS = wanted("monotone", fact="company.foreign_percent", never=["needs-license->allow"])
MORE, FACTS = wanted("more_licences"), wanted("more_facts", **SHIPPED["more-facts-stay-in-range"].body)
OPEN = route("open", "operator.foreign_percent == operator.foreign_percent")
PAIRS: Mapping[str, tuple[LawProperty, tuple[str, ...], str]] = {
    "a cap holds": (SHARE, (route("joint", "true", cap="50.0"),), "proved"),
    "a floor opens": (SHARE, (route("whole", "operator.foreign_percent >= 60.0"),), "refuted"),
    "a small share is denied": (SHARE, (OPEN, rule("x", "service", "operator.foreign_percent < 10.0", "deny: {reason: CAPITAL-TOO-LOW}")), "refuted"),
    "a paper that serves above a share": (NEEDS, (route("home", "operator.foreign_percent == 0.0"), route("away", "operator.foreign_percent > 0.0", instrument="pilot-approval")), "refuted"),
    "one paper for all": (NEEDS, (OPEN,), "proved"),
    "a licence opens": (MORE, (OPEN,), "proved"),
    "a licence closes": (MORE, (OPEN, rule("x", "activity", "activity.licensed", "deny: {reason: LICENCE-LENDING}")), "refuted"),
    "a licence is counted": (MORE, (OPEN, rule("x", "service", "operator.licences.size() > 1", "deny: {reason: LICENCE-LENDING}")), "refuted"),
    "facts narrow": (FACTS, (OPEN, rule("x", "service", "operator.foreign_percent > 10.0", "deny: {reason: SHARE-ABOVE-CAP}")), "proved"),
}  # fmt: skip


@needs_solver
@pytest.mark.parametrize("name", PAIRS)
def test_pairs_of_profiles(name: str, tmp_path: Path) -> None:
    item, rules, verdict = PAIRS[name]
    bundle = law(tmp_path / "law", *rules)
    result = prove(bundle, item)
    assert result.verdict == verdict, result
    if verdict == "refuted":
        assert result.witness is not None
        assert result.other is not None
        assert result.as_of is not None
        words = [evaluate(bundle, load_profile(dict(data)), result.as_of) for data in (result.witness, result.other)]
        if item.form == "monotone":
            assert "->".join(word.decision for word in words) in item.body["never"]
        else:
            assert words[0].range != words[1].range


NEVER: Mapping[str, tuple[str, str, str]] = {
    "denied": ("operator.mainland_entity == false", "allow", "proved"),
    "denied, so no licence": ("operator.mainland_entity == false", "needs-license", "proved"),
    "held": ("operator.mainland_entity", "allow", "refuted"),
    "needed": ("operator.mainland_entity", "needs-license", "refuted"),
}


@needs_solver
@pytest.mark.parametrize("name", NEVER)
def test_words_that_are_never_decided(name: str, tmp_path: Path) -> None:
    when, word, verdict = NEVER[name]
    bundle = law(
        tmp_path / "law",
        OPEN,
        rule("x", "activity", "operator.mainland_entity == false", "deny: {reason: NO-LOCAL-ENTITY}"),
    )
    result = prove(bundle, wanted("never", decision=word, each="activity", when=when))
    assert result.verdict == verdict
    if result.witness is not None:
        assert result.as_of is not None
        assert evaluate(bundle, load_profile(dict(result.witness)), result.as_of).decision == word


@needs_solver
@pytest.mark.parametrize("fact", ["class_opinion"])
def test_the_exceptions_of_more_facts_are_needed(fact: str, shipped: Bundle) -> None:
    body = SHIPPED["more-facts-stay-in-range"].body
    kept = [name for name in body["except"] if name != fact]
    result = prove(shipped, wanted("more_facts", **{"except": kept}))
    assert result.verdict != "proved"


def test_without_a_solver_nothing_passes_in_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solver, "z3", None)
    bundle = law(tmp_path / "law", route("whole", "operator.foreign_percent >= 60.0"))
    result = prove(bundle, SHARE, budget=1000)
    assert (result.verdict, result.reason) == ("unknown", "Proofs need a solver: install vatspolicy[smt].")


# --- a further fact stays in the range: trials --------------------------------------------------------------------------


def test_a_further_fact_stays_in_the_range(shipped: Bundle) -> None:
    """Facts of whole profiles are taken away; the range of what is left holds that of the whole."""
    draw = random.Random(20241022)
    profiles = Profiles(draw, hints_of(shipped))
    trials = 0
    for _ in range(60 * TIMES):
        whole = profiles.profile(0.1)
        data = thinned(draw, whole.document.data, "", frozenset(whole.document.data["product"]))
        day = near_days(draw, shipped.boundaries)
        if day < shipped.covers_from:
            continue
        try:
            less = load_profile(data)
        except InvalidInput:  # what was left breaks an invariant of the schema
            continue
        (low, high), (lower, higher) = (tuple(map(WORDS.index, evaluate(shipped, p, day).range)) for p in (less, whole))
        assert low <= lower <= higher <= high, (day, data)
        trials += 1
    assert trials > 25 * TIMES


KEPT = (
    "id",
    "schema",
    "at",
    "ftz",
    "licences",
    "deals",
    "filings",
    "class_opinion",
    "valid",
    "valid_until",
    "instrument",
    "date",
)


def thinned(draw: random.Random, value: Any, path: str = "", said: frozenset[str] = frozenset()) -> Any:
    """The facts without some of them; lists stay whole, and so does what may replace an answer."""
    if isinstance(value, dict):
        found = {}
        for key, child in value.items():
            fixed = key in KEPT or (path == "" and key in ("product", "company", "services"))
            # what the product says is handed down where a service says nothing: not a missing fact but another one
            handed_down = path == ".product" or (path == ".services.*" and key in said)
            if fixed or handed_down or draw.random() < 0.75:
                found[key] = child if key in KEPT else thinned(draw, child, f"{path}.{key}", said)
        return found
    if isinstance(value, list):
        return [thinned(draw, member, f"{path}.*", said) if isinstance(member, dict) else member for member in value]
    return value


# --- the command --------------------------------------------------------------------------------------------------------


@needs_solver
def test_the_command(console: Console, tmp_path: Path) -> None:
    law(
        tmp_path / "law",
        route("joint", "true", cap="50.0"),
        rule(
            "x",
            "service",
            "operator.foreign_percent > 2.0 && operator.foreign_percent < 1.0",
            "deny: {reason: SHARE-ABOVE-CAP}",
        ),
    )
    ran = console("analyze", "--policies", tmp_path / "law", "--kind", "dead")
    assert ran.code == 1
    assert "dead (error): x never applies to any profile." in ran.out
    assert console("analyze", "--policies", tmp_path / "law", "--kind", "conflict").code == 0
    assert console("analyze", "--policies", tmp_path / "law", "--kind", "ded").code == 2
    for name in ("json", "sarif", "github", "markdown"):
        ran = console("analyze", "--policies", tmp_path / "law", "--kind", "dead", "--format", name, "--lang", "zh")
        assert ran.code == 1
        assert "law/x" in ran.out or "x不适用" in ran.out


@needs_solver
def test_the_json_is_as_its_schema_says(console: Console, tmp_path: Path) -> None:
    import json

    from vatspolicy.documents import parse_document
    from vatspolicy.documents.validation import validate

    law(tmp_path / "law", OPEN, rule("x", "service", "false", "deny: {reason: SHARE-ABOVE-CAP}"))
    text = console("analyze", "--policies", tmp_path / "law", "--kind", "dead", "--kind", "gap", "-f", "json").out
    assert json.loads(text)["findings"]
    assert validate(parse_document(text, "analysis.json"), "analysis") == []


def test_a_wrong_file_of_properties(console: Console, tmp_path: Path) -> None:
    law(tmp_path / "law", OPEN)
    (tmp_path / "law/properties.yaml").write_text(
        "properties:\n  - {id: a, statement: {en: A., zh: 甲。}, when: company.foreign_percnt > 1.0, never: {decision: allow}}\n"
    )
    ran = console("analyze", "--policies", tmp_path / "law")
    assert ran.code == 3
    assert "properties.yaml:2" in ran.err
    assert "foreign_percent" in ran.err


@needs_solver
def test_the_shipped_structure_and_gaps() -> None:
    kinds = ("conflict", "gap", "dates-overlap", "dates-missing", "unused-parameter", "unused-term")
    report = run_analysis(AnalysisRequest(kinds=kinds, properties=False))
    assert report.failing == ()
    assert report.not_evaluated == ()
    assert [finding.kind for finding in report.findings if finding.accepted] == ["conflict", "gap"]
