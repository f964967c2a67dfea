"""The script that makes mistakes in the law: of each kind, and it tells those that no test notices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import law_mistakes
from tests.support.law_builder import write_policy
from vatspolicy.core.policies.bundle import load_bundle

POLICY = """\
id: two
version: 1.0.0
title: {en: Two, zh: 二}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  art-1: {en: Something., zh: 某事。, verification: primary}
parameters:
  least: {values: [{from: '2020-01-01', cite: art-1, value: 100}, {from: '2022-01-01', cite: art-1, value: 200}]}
  posts: {values: [{from: '2020-01-01', cite: art-1, value: [comments, user-posts]}]}
terms:
  small: company.registered_capital_rmb < param.least
rules:
  - id: posts
    cite: [art-1]
    each: service
    when: term.small && !("accounts" in service.features) && service.features.exists(f, f in param.posts)
    advise: {kind: note}
    message: {en: Posts., zh: 帖子。}
  - id: late
    cite: [art-1]
    each: service
    from: '2023-01-01'
    when: service.audience == "own-group" || service.hosting in ["mainland", "overseas"]
    advise: {kind: note}
    message: {en: Late., zh: 晚。}
tests:
  base:
    company: {registered_capital_rmb: 150}
    services: [{id: s, features: [comments], audience: public}]
  cases:
    - {it: tells of posts, as_of: '2026-01-01', expect: {posts: fires}}
"""
LATE = "    - {it: tells of servers, as_of: '2023-01-01', set: {services.0.hosting: mainland}, expect: {late: fires}}\n"
NOT_YET = "    - {it: did not the day before, as_of: '2022-12-31', set: {services.0.hosting: mainland}, expect: {late: silent}}\n"


@pytest.fixture
def law(tmp_path: Path) -> Path:
    folder = tmp_path / "law"
    folder.mkdir()
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2015-01-01'}\n")
    write_policy(folder / "two.yaml", POLICY)
    return folder


def run(law: Path, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str]]:
    code = law_mistakes.main(["--law", str(law), "--fixtures", str(law / "none"), *words])
    return code, capsys.readouterr().out.splitlines()


def test_mistakes_of_each_kind_are_made(law: Path) -> None:
    bundle = load_bundle(law)
    made = list(law_mistakes.Mistakes(bundle).of(bundle.policies["two"]))
    assert {one.kind for one in made} == {
        "added", "boundary", "constant", "day", "dropped", "junction", "member", "opposite", "quantifier", "value",
    }  # fmt: skip
    added = [one.path for one in made if one.kind == "added"]
    assert ("rules", 0, "when") in added
    assert ("terms", "small") in added
    assert ("parameters", "posts", "values", 0, "value") in added
    text = bundle.rule("two/posts").when.text
    clause = '!("accounts" in service.features)'
    assert len(added) == len({*added}) == 4
    values = [str(one.value) for one in made]
    assert len(values) == len({(str(one.path), value) for one, value in zip(made, values, strict=True)})
    assert any(
        one.kind == "dropped" and clause not in str(one.value) for one in made if one.path == ("rules", 0, "when")
    )
    assert all(one.value != text for one in made)


def test_a_mistake_that_no_test_notices_is_told(law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, before = run(law, capsys)
    assert code == 0
    assert any("two: day at rules.1.from: '2023-01-02'" in line for line in before)
    assert not any("constant at rules.0.when: 'false'" in line for line in before)
    write_policy(law / "two.yaml", POLICY + LATE + NOT_YET)
    _, after = run(law, capsys)
    assert not any("day at rules.1.from" in line for line in after)
    assert len(after) < len(before)


def test_the_sample_and_the_least_share(law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, lines = run(law, capsys, "--sample", "6", "--least", "100")
    assert (code, len(lines) > 1) == (1, True)
    noticed, tried = (int(word) for word in lines[-1].partition(" mistakes")[0].split(" of "))
    assert (tried - noticed, tried) == (len(lines) - 1, 6)
    assert run(law, capsys, "--policy", "none")[0] == 1


def test_a_test_that_fails_on_the_sound_law_notices_nothing(law: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_policy(law / "two.yaml", POLICY.replace("{posts: fires}", "{posts: silent}"))
    assert run(law, capsys)[1][-1].startswith("0 of ")
