"""Mistakes that add: a clause of another rule, an alternative of a term, a member of a list, a share just above none."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.law_builder import write_policy
from tests.support.solver import needs_solver
from vatspolicy.authoring.mutation.mutants import Mutant
from vatspolicy.authoring.mutation.report import examine_mutants
from vatspolicy.authoring.mutation.run import MutantSelection, MutationTrial, select_mutants
from vatspolicy.authoring.testing.cases import policy_cases
from vatspolicy.core.policies.bundle import Bundle, load_bundle

POLICY = """\
id: two
version: 1.0.0
title: {en: Two, zh: 二}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 〔2020〕1号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Words., verification: secondary}
instruments:
  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'true', is: miit}]}
parameters:
  games: {values: [{from: '2020-01-01', cite: art-1, value: [online-game, app-store]}]}
  regions: {values: [{from: '2020-01-01', cite: art-1, value: [{id: beijing, places: [beijing]}, {id: hainan, places: [hainan]}]}]}
terms:
  foreign: operator.foreign_percent > 0.0
  regional: param.regions.exists(r, sets.intersects(r.places, operator.registered.within))
rules:
  - {id: player, cite: [art-1], each: service, when: 'sets.intersects(service.offers, param.games)', classify: {classes: [B25-publishing]}, message: {en: Game., zh: 游戏。}}
  - {id: big, cite: [art-1], each: product, when: data.persons >= 1000, advise: {kind: note}, message: {en: Big., zh: 大。}}
  - {id: small, cite: [art-1], each: product, when: data.important, advise: {kind: note}, message: {en: Important., zh: 重要。}}
  - {id: needed, cite: [art-1], each: activity, when: 'true', need: {through: permit}, message: {en: Need., zh: 须许可。}}
  - id: open
    cite: [art-1]
    each: activity
    when: term.foreign
    route:
      to: permit
      name: general
      title: {en: General, zh: 一般}
      instrument: permit
      conditions:
        - {id: here, where: true, check: term.regional, message: {en: Here., zh: 此地。}}
    message: {en: Open., zh: 开放。}
tests:
  base:
    company: {foreign_percent: 60, foreign_percent_basis: ultimate, mainland_entity: true, registered: beijing}
    data: {persons: 1000, important: true}
    services: [{id: s, offers: [online-game], operated_by: company}]
  cases:
    - {it: sees all, as_of: '2026-01-01', expect: {player: fires, big: fires, small: fires, open: open}}
"""


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    (tmp_path / "bundle.yaml").write_text("version: 0.1.0\ncovers: {from: '2020-01-01'}\n")
    write_policy(tmp_path / "two.yaml", POLICY)
    return load_bundle(tmp_path)


def added(bundle: Bundle) -> dict[str, list[Mutant]]:
    found: dict[str, list[Mutant]] = {}
    for mutant in select_mutants(bundle, MutantSelection())[0]:
        if mutant.kind == "added":
            found.setdefault(mutant.subject, []).append(mutant)
    return found


def test_what_is_added_is_of_the_same_file_and_schema(bundle: Bundle) -> None:
    told = {subject: [one.words for one in some] for subject, some in added(bundle).items()}
    games, regions = told.pop("two (parameter games)"), told.pop("two (parameter regions)")
    assert told == {
        "two (term foreign)": ["the alternative term.regional is added"],
        "two (term regional)": ["the alternative term.foreign is added"],
        "two/player": ["the clause data.persons >= 1000 is added"],
        "two/big": ["the clause data.important is added"],
        "two/small": ["the clause data.persons >= 1000 is added"],
        "two/needed": ["the clause term.foreign is added"],
        "two/open": ["the clause sets.intersects(service.offers, param.games) is added"] * 2,
    }
    [game], [region] = games, regions
    offers = bundle.policies["two"].parameters["games"].values[0].value
    assert game.endswith(" is added to the list")
    assert game.split()[0] not in offers
    assert region.split()[0] not in ("beijing", "hainan", "haikou"), "a place within a listed one adds nothing"


def test_a_clause_about_a_product_never_reads_a_service(bundle: Bundle) -> None:
    for name in ("two/big", "two/small"):
        for mutant in added(bundle)[name]:
            assert "service." not in mutant.words
            assert "term." not in mutant.words


def test_a_case_that_lacks_the_clause_or_has_the_member_notices(bundle: Bundle) -> None:
    """Each kind survives the one case, and a case that is about it kills it."""
    every = [one for some in added(bundle).values() for one in some]
    assert [one for one in every if MutationTrial(bundle, list(policy_cases(bundle))).find_killer(one)] == []
    [member] = added(bundle)["two (parameter games)"]
    offer = member.words.split()[0]
    [region] = added(bundle)["two (parameter regions)"]
    assert region.words == "shandong is added to the list"
    cases = f"""\
    - {{it: spares others, as_of: '2026-01-01', set: {{services.0.offers: [{offer}]}}, expect: {{player: silent}}}}
    - {{it: is closed elsewhere, as_of: '2026-01-01', set: {{company.registered: jinan}}, expect: {{open: closed}}}}
    - {{it: asks in Hainan, as_of: '2026-01-01', set: {{company.registered: haikou, data.persons: 1}}, expect: {{player: fires, small: fires}}}}
    - {{it: asks without data, as_of: '2026-01-01', set: {{data.important: false}}, expect: {{big: fires}}}}
    - {{it: leaves domestic ones alone, as_of: '2026-01-01', set: {{company.foreign_percent: 0}}, expect: {{open: silent, needed: closed}}}}
"""
    write_policy(Path(bundle.folder) / "two.yaml", POLICY + cases)
    more = load_bundle(bundle.folder)
    trial = MutationTrial(more, list(policy_cases(more)))
    assert trial.failing == []
    alive = {one.subject for some in added(more).values() for one in some if trial.find_killer(one) is None}
    assert alive == {"two/open"}, "a service without such an offer has no activity, so that no case of offers tells"


def test_a_share_just_above_none_is_told_from_none(bundle: Bundle) -> None:
    [least] = [one for one in select_mutants(bundle, MutantSelection())[0] if one.words == "0.0 becomes 0.01"]
    assert least.subject == "two (term foreign)"
    assert MutationTrial(bundle, list(policy_cases(bundle))).find_killer(least) is None
    case = "    - {it: counts the least share, as_of: '2026-01-01', set: {company.foreign_percent: 0.01}, expect: {open: open}}\n"
    write_policy(Path(bundle.folder) / "two.yaml", POLICY + case)
    more = load_bundle(bundle.folder)
    trial = MutationTrial(more, list(policy_cases(more)))
    assert trial.find_killer(least) == "two: it counts the least share"


@needs_solver
def test_what_is_added_gets_a_test(bundle: Bundle) -> None:
    subjects = ("two/small", "two (parameter games)")
    some = [one for subject in subjects for one in added(bundle)[subject][-1:]]
    results = list(examine_mutants(MutationTrial(bundle, list(policy_cases(bundle))), some))
    assert [result.state for result in results] == ["survived", "survived"]
    assert [result.test.entry["expect"] for result in results if result.test] == [
        {"small": "fires"},
        {"player": "silent"},
    ]
