"""Properties of the shipped law, proved; and laws that break them, refuted by profiles that the evaluator has decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import HEAD, route, rule
from tests.support.law_properties import SHIPPED, wanted
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis.properties import prove
from vatspolicy.authoring.analysis.settings import LawProperty
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.proofs import solver

# --- laws that break a property ---------------------------------------------------------------------------------------


def law(folder: Path, *rules: str) -> Bundle:
    """A small law in which a license is needed for a data center."""
    folder.mkdir()
    instruments = "instruments:\n" + "".join(
        f"  {name}: {{title: {{en: Paper, zh: 文件}}, authority: [{{when: 'true', is: miit}}]}}\n"
        for name in ("vats-license", "pilot-approval")
    )
    base = [
        rule("center", "service", '"data-center" in service.offers', "classify: {classes: [B11]}"),
        rule("license", "activity", "true", "need: {through: vats-license}"),
    ]
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n")
    (folder / "law.yaml").write_text(HEAD.format(id="law") + instruments + "rules:\n" + "".join([*base, *rules]))
    return load_bundle(folder)


SHARE = wanted("monotone", fact="company.foreign_percent", never=["deny->allow"])
NEEDS = wanted("monotone", fact="company.foreign_percent", never=["needs-license->allow"])
MORE, FACTS = wanted("more_licenses"), wanted("more_facts", **SHIPPED["more-facts-stay-in-range"].body)
PARTNER = wanted("more_licenses", holder="partner")
WORDS_MORE = wanted("more_words", fact="services.*.content", never=["deny->allow", "deny->needs-license"])
OFFERS = wanted("more_words", fact="services.*.offers", never=["deny->allow", "deny->needs-license"])
ALL_FACTS = wanted("more_facts", **{"except": []})
FREED = 'service.hosting == "overseas" && !("music" in service.content)'
ABROAD, HERE = (
    wanted("more_words", when=f'service.hosting == "{place}"', **{**WORDS_MORE.body, "each": "service"})
    for place in ("overseas", "mainland")
)
OPEN = route("open", "operator.foreign_percent == operator.foreign_percent")
PAIRS: Mapping[str, tuple[LawProperty, tuple[str, ...], str]] = {
    "a cap holds": (SHARE, (route("joint", "true", cap="50.0"),), "proved"),
    "a floor opens": (SHARE, (route("whole", "operator.foreign_percent >= 60.0"),), "refuted"),
    "a small share is denied": (SHARE, (OPEN, rule("x", "service", "operator.foreign_percent < 10.0", "deny: {reason: CAPITAL-TOO-LOW}")), "refuted"),
    "a paper that serves above a share": (NEEDS, (route("home", "operator.foreign_percent == 0.0"), route("away", "operator.foreign_percent > 0.0", instrument="pilot-approval")), "refuted"),
    "one paper for all": (NEEDS, (OPEN,), "proved"),
    "a license opens": (MORE, (OPEN,), "proved"),
    "a license closes": (MORE, (OPEN, rule("x", "activity", "activity.licensed", "deny: {reason: LICENSE-LENDING}")), "refuted"),
    "a license is counted": (MORE, (OPEN, rule("x", "service", "operator.licenses.size() > 1", "deny: {reason: LICENSE-LENDING}")), "refuted"),
    "many licenses are counted": (MORE, (OPEN, rule("x", "service", "operator.licenses.size() > 3", "deny: {reason: LICENSE-LENDING}")), "refuted"),
    "a license of the partner opens": (PARTNER, (OPEN,), "proved"),
    "a license of the partner closes": (PARTNER, (OPEN, rule("x", "service", "partner.licenses.size() > 1", "deny: {reason: LICENSE-LENDING}")), "refuted"),
    "stated content denies": (WORDS_MORE, (OPEN, rule("x", "service", '"news" in service.content', "deny: {reason: PROHIBITED-SECTOR}")), "proved"),
    "stated content frees": (WORDS_MORE, (OPEN, rule("x", "service", '!("music" in service.content)', "deny: {reason: PROHIBITED-SECTOR}")), "refuted"),
    "stated content frees a service that is meant": (ABROAD, (OPEN, rule("x", "service", FREED, "deny: {reason: PROHIBITED-SECTOR}")), "refuted"),
    "stated content frees another service": (HERE, (OPEN, rule("x", "service", FREED, "deny: {reason: PROHIBITED-SECTOR}")), "proved"),
    "facts narrow": (FACTS, (OPEN, rule("x", "service", "operator.foreign_percent > 10.0", "deny: {reason: SHARE-ABOVE-CAP}")), "proved"),
    "a fact replaces what is presumed": (ALL_FACTS, (OPEN, rule("x", "service", 'service.content.all(c, c != "news")', "deny: {reason: PROHIBITED-SECTOR}")), "refuted"),
    "an offer frees": (OFFERS, (OPEN, rule("x", "service", '!("saas" in service.offers)', "deny: {reason: PROHIBITED-SECTOR}")), "refuted"),
    "an offer frees what a license covers": (OFFERS, (route("open", "operator.licenses.exists(l, !l.valid) || true"), rule("x", "activity", '!activity.licensed && !("saas" in service.offers)', "deny: {reason: PROHIBITED-SECTOR}")), "refuted"),
    "an offer denies": (OFFERS, (OPEN, rule("x", "service", '"saas" in service.offers && service.content.exists(c, c == "news")', "deny: {reason: PROHIBITED-SECTOR}")), "proved"),
    "an offer unsettles what is presumed": (OFFERS, (OPEN, rule("x", "service", 'service.content.all(c, c != "news")', "deny: {reason: PROHIBITED-SECTOR}")), "proved"),
    "an offer frees, another rule denies": (OFFERS, (OPEN, *(rule(id, "service", f'{no}("saas" in service.offers)', "deny: {reason: PROHIBITED-SECTOR}") for id, no in (("x", "!"), ("z", "")))), "proved"),
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
        if "never" in item.body:
            assert f"{words[0].range[0]}->{words[1].range[1]}" in item.body["never"]
        else:
            assert words[0].range != words[1].range


NEVER: Mapping[str, tuple[str, str, str]] = {
    "denied": ("operator.mainland_entity == false", "allow", "proved"),
    "denied, so no license": ("operator.mainland_entity == false", "needs-license", "proved"),
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


def test_without_a_solver_nothing_passes_in_silence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(solver, "z3", None)
    bundle = law(tmp_path / "law", route("whole", "operator.foreign_percent >= 60.0"))
    result = prove(bundle, SHARE, budget=1000)
    assert (result.verdict, result.reason) == ("unknown", "Proofs need a solver: pip install '.[smt]'.")


# --- trials -----------------------------------------------------------------------------------------------------------

TRIED = """\
base: {company: {foreign_percent: 0, foreign_percent_basis: ultimate}, services: [{id: s, operated_by: company, hosting: overseas, offers: [data-center], content: [news]}]}
cases:
  - {it: is tried, as_of: '2026-01-01', expect: {center: fires}}
"""
TRIALS: Mapping[str, tuple[LawProperty, str, str]] = {
    "a word that frees": (WORDS_MORE, FREED, "refuted"),
    "a word that frees, of services that are not meant": (HERE, FREED, "unknown"),
    "a word that denies": (WORDS_MORE, '"news" in service.content', "tested"),
    "a fact that decides": (FACTS, 'service.hosting == "overseas"', "tested"),
}


@pytest.mark.parametrize("name", TRIALS)
def test_trials_on_the_profiles_of_the_tests(name: str, tmp_path: Path) -> None:
    item, when, verdict = TRIALS[name]
    law(tmp_path / "law", OPEN, rule("x", "service", when, "deny: {reason: PROHIBITED-SECTOR}"))
    (tmp_path / "law/law.test.yaml").write_text(TRIED)
    bundle = load_bundle(tmp_path / "law")
    result = prove(bundle, replace(item, searched=True))
    assert result.verdict == verdict, result
    if verdict == "refuted":
        assert result.as_of is not None
        pair = [data for data in (result.witness, result.other) if data is not None]
        assert [evaluate(bundle, load_profile(dict(data)), result.as_of).decision for data in pair] == [
            *result.decisions
        ]
        assert result.decisions[0] == "deny"
    elif verdict == "tested":
        assert "pairs of profiles" in result.scope["en"]


def test_trials_are_for_more_words_and_more_facts_alone(console: Console, tmp_path: Path) -> None:
    law(tmp_path / "law", OPEN)
    entry = "{id: a, statement: {en: A., zh: 甲。}, trials: true, %s}"
    for form, code in (("more_facts: {}", 5), ("more_licenses: {}", 3)):
        (tmp_path / "law/properties.yaml").write_text(f"properties:\n  - {entry % form}\n")
        ran = console("analyze", "--law", tmp_path / "law", "--properties")
        assert (ran.code == 3) is (code == 3), ran.err


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
    ran = console("analyze", "--law", tmp_path / "law", "--kind", "dead")
    assert ran.code == 1
    assert "dead (error): x never applies to any profile." in ran.out
    assert console("analyze", "--law", tmp_path / "law", "--kind", "conflict").code == 0
    assert console("analyze", "--law", tmp_path / "law", "--kind", "ded").code == 2
    for name in ("json", "sarif", "github", "markdown"):
        ran = console("analyze", "--law", tmp_path / "law", "--kind", "dead", "--format", name, "--lang", "zh")
        assert ran.code == 1
        assert "law/x" in ran.out or "x不适用" in ran.out


def test_a_wrong_file_of_properties(console: Console, tmp_path: Path) -> None:
    law(tmp_path / "law", OPEN)
    (tmp_path / "law/properties.yaml").write_text(
        "properties:\n  - {id: a, statement: {en: A., zh: 甲。}, when: company.foreign_percnt > 1.0, never: {decision: allow}}\n"
    )
    ran = console("analyze", "--law", tmp_path / "law")
    assert ran.code == 3
    assert "properties.yaml:2" in ran.err
    assert "foreign_percent" in ran.err
