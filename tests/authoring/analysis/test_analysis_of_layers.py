"""Analysis of a law in layers: findings about the top layer, together with everything below it."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import HEAD, bundle_of, route, rule
from tests.support.layer_builder import DENIAL, GROUP, LAW, PROPERTY, PUBLIC, overriding, write_layer
from tests.support.repositories import commit, git
from vatspolicy.authoring.analysis.findings import AnalysisReport
from vatspolicy.authoring.analysis.run import AnalysisRequest, find_touched, run_analysis
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.validation import validate
from vatspolicy.errors import InvalidInput

pytestmark = pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt)")

RELAY = "limits/relay"
KINDS = ("dead", "conflict")


@pytest.fixture
def law(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    bundle_of(folder, **LAW)
    (folder / "layer.yaml").write_text(
        f"name: law\ntitle: {{en: Law, zh: 法}}\nowner: us\nmay_loosen: [{RELAY}, license/duty]\n", encoding="utf-8"
    )
    return folder


def analyze(law: Path, *layers: Path, kinds: tuple[str, ...] = KINDS, properties: bool = False) -> AnalysisReport:
    return run_analysis(AnalysisRequest(LawStack(law, layers=layers), kinds, properties=properties))


def found(report: AnalysisReport) -> list[tuple[str, tuple[str, ...]]]:
    return [(finding.kind, finding.about) for finding in report.findings]


def company(law: Path, *lines: str, name: str = "company", may_loosen: tuple[str, ...] = ()) -> Path:
    return write_layer(law.parent / name, name, may_loosen, **{name: "rules:\n" + "".join(lines)})


def test_only_the_rules_of_the_top_layer_are_looked_at(law: Path) -> None:
    below = company(law, rule("dead", "service", f"{PUBLIC} && {GROUP}", DENIAL))
    top = company(law, rule("group", "service", GROUP, DENIAL), name="unit")
    assert ("dead", ("company/dead",)) in found(analyze(law, below))
    report = analyze(law, below, top)
    assert (found(report), report.rules, report.layer, report.not_evaluated) == ([], 1, "unit", ())


def test_a_rule_may_switch_off_another_and_say_so(law: Path) -> None:
    off = company(law, overriding(RELAY, rule("none", "service", "false", DENIAL)))
    assert found(analyze(law, off)) == []
    mistake = company(law, overriding(RELAY, rule("none", "service", f"{PUBLIC} && {GROUP}", DENIAL)))
    assert ("dead", ("company/none",)) in found(analyze(law, mistake))


def test_a_rule_that_the_law_below_makes_pointless_is_found(law: Path) -> None:
    """A need where the law denies for good decides nothing, until the denial is replaced."""
    permit = "instruments:\n  permit: {title: {en: P, zh: 证}, authority: [{when: 'true', is: miit}]}\nrules:\n"
    need = rule("permit", "service", PUBLIC, "need: {instrument: permit}")
    top = write_layer(law.parent / "company", "company", company=permit + need)
    assert ("conflict", ("company/permit", RELAY)) in found(analyze(law, top))
    off = overriding(RELAY, rule("none", "service", "false", DENIAL))
    top = write_layer(law.parent / "company", "company", company=permit + need + off)
    assert found(analyze(law, top)) == []


def test_a_route_to_what_the_law_prohibits_for_good_contradicts_it(law: Path) -> None:
    (law / "others.yaml").write_text(
        (law / "limits.yaml")
        .read_text()
        .replace("id: limits", "id: others")
        .replace("relay", "b11")
        .replace("each: service", "each: activity")
        .replace(PUBLIC, 'activity.class == "B11"'),
        encoding="utf-8",
    )
    top = company(law, route("easy", 'activity.class == "B11"'))
    assert ("conflict", ("company/easy", "others/b11")) in found(analyze(law, top, kinds=("conflict",)))


def test_a_gap_that_a_layer_makes_is_found(law: Path) -> None:
    (law / "layer.yaml").write_text(
        "name: law\ntitle: {en: Law, zh: 法}\nowner: us\nmay_loosen: [classes/shop]\n", encoding="utf-8"
    )
    others = 'service.offers.exists(o, !(o in ["data-center", "own-shop"]))'  # each gap is sought alone
    rest = rule("rest", "service", others, "classify: {classes: not-telecommunications}")
    (law / "rest.yaml").write_text(HEAD.format(id="rest") + "rules:\n" + rest, encoding="utf-8")
    center = '"data-center" in service.offers'
    top = company(law, overriding("classes/shop", rule("shop", "service", center, "classify: {classes: [B11]}")))
    assert any("own-shop" in word for _, about in found(analyze(law, top, kinds=("gap",))) for word in about)
    other = company(law, rule("group", "service", GROUP, DENIAL))
    assert found(analyze(law, other, kinds=("gap",))) == []


def test_properties_of_every_layer_are_about_the_whole(law: Path) -> None:
    (law / "properties.yaml").write_text(PROPERTY.format(id="public"), encoding="utf-8")
    top = company(law, rule("group", "service", GROUP, DENIAL))
    (top / "properties.yaml").write_text(PROPERTY.format(id="own").replace('"public"', '"own-group"'), encoding="utf-8")
    report = analyze(law, top, kinds=(), properties=True)
    assert [(one.id, one.verdict) for one in report.properties] == [("public", "proved"), ("own", "proved")]
    assert [Path(one.file).parent.name for one in report.properties] == ["policies", "company"]
    off = company(law, overriding(RELAY, rule("none", "service", "false", DENIAL)))
    (off / "properties.yaml").unlink()
    report = analyze(law, off, kinds=(), properties=True)
    assert [(one.id, one.verdict) for one in report.properties] == [("public", "refuted")]
    (off / "properties.yaml").write_text(PROPERTY.format(id="public"), encoding="utf-8")
    with pytest.raises(InvalidInput, match="Another property has the same id"):
        analyze(law, off)


def test_a_change_of_layers_touches_the_rules_that_it_replaces(
    law: Path, monkeypatch: pytest.MonkeyPatch, console: Console
) -> None:
    root = law.parent
    monkeypatch.chdir(root)
    git(root, "init", "--quiet", "--initial-branch=main")
    top = company(law, rule("first", "service", f"{PUBLIC} && {GROUP}", DENIAL))
    commit(root)
    off = overriding(RELAY, rule("none", "service", f"{PUBLIC} && {GROUP}", DENIAL))
    company(law, rule("first", "service", f"{PUBLIC} && {GROUP}", DENIAL), off)
    touched = find_touched("main", LawStack(Path("policies"), layers=(Path("company"),)))
    assert touched is not None
    assert (set(touched.names), touched.decides) == ({RELAY, "company/none"}, True)
    arguments = ["--law", "policies", "-p", "company", "--since", "main", "--kind", "dead", "--no-properties"]
    result = console("analyze", *arguments, "-f", "json")
    data = json.loads(result.out)
    assert validate(parse_document(result.out, "analysis.json"), "analysis") == []
    assert ([one["about"] for one in data["findings"]], data["layer"]) == ([["company/none"]], "company")
    assert str(top)
    (root / "company/layer.yaml").unlink()
    assert console("analyze", *arguments).code == 3
