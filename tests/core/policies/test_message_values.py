"""Messages that show facts: checked when the law is loaded, named in the law, with values in a decision."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import HEAD
from tests.support.specs import TODAY
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.errors import InvalidInput

RULES = """\
instruments:
  permit: {title: {en: Permit, zh: 许可证}, authority: [{when: 'true', is: miit}]}
parameters:
  cap: {title: {en: Cap, zh: 上限}, values: [{from: '2020-01-01', cite: art-1, value: 50.0}]}
rules:
  - id: center
    cite: [art-1]
    each: service
    when: '"data-center" in service.offers'
    classify: {classes: [B11]}
    message: {en: 'It offers {service.offers}.', zh: '提供{service.offers}。'}
  - id: licensed
    cite: [art-1]
    each: activity
    when: 'true'
    need: {through: permit}
    message: {en: A permit., zh: 许可。}
  - id: open
    cite: [art-1]
    each: activity
    when: 'true'
    route:
      to: permit
      name: general
      title: {en: General, zh: 一般}
      instrument: permit
      conditions:
        - id: capital
          check: operator.registered_capital_rmb >= 1000000 && operator.mainland_entity == true
          message: {en: 'The capital is {operator.registered_capital_rmb}.', zh: '注册资本为{operator.registered_capital_rmb}。'}
    message: {en: Open., zh: 开放。}
  - id: too-foreign
    cite: [art-1]
    each: product
    when: company.foreign_percent > param.cap
    deny: {reason: SHARE-ABOVE-CAP}
    message: {en: 'The foreign share is {company.foreign_percent}; registered in {company.registered}.', zh: '外资股比为{company.foreign_percent}；注册地为{company.registered}。'}
"""
SPEC = """\
schema: 2
product: {id: p}
company: {foreign_percent: 60, foreign_percent_basis: ultimate, mainland_entity: false}
services: [{id: s, operated_by: company, offers: [data-center]}]
"""


def load(folder: Path, text: str = RULES) -> Bundle:
    folder.mkdir(exist_ok=True)
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n")
    (folder / "law.yaml").write_text(HEAD.format(id="law") + text, encoding="utf-8")
    return load_bundle(folder)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "share is {company.foreign_percent}",
            "share is {company.foriegn_percent}",
            r"law\.yaml:\d+:\d+: rules\[3\]\.message\.en: company has no 'foriegn_percent'\. Did you mean 'foreign_percent'\?",
        ),
        ("capital is {operator.", "capital is {operatr.", r"conditions\[0\]\.message\.en: .*operatr"),
        ("offers {service.offers}", "offers {company}", r"message\.en: A message shows the value of one fact\."),
        ("offers {service.offers}", "offers {1 + 1}", r"message\.en: A message shows the value of one fact\."),
        ("offers {service.offers}", "offers {}", r"message\.en: "),
        ("提供{service.offers}", "提供", r"message\.zh: The two languages show different facts\."),
    ],
)
def test_what_a_message_shows_is_a_fact(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert RULES.count(old) == 1
    with pytest.raises(InvalidInput, match=told):
        load(tmp_path / "law", RULES.replace(old, new))


def test_the_place_of_a_mistake_is_that_of_the_fact(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(
            tmp_path / "law", RULES.replace("registered in {company.registered}", "registered in {company.regsitered}")
        )
    [problem] = raised.value.problems
    line = (tmp_path / "law/law.yaml").read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert line[problem.column - 1 :].startswith("regsitered")


def test_apart_from_a_product_a_message_names_its_facts(console: Console) -> None:
    bundle = load(console.folder / "law")
    rule = bundle.rule("law/too-foreign")
    assert rule.message == {
        "en": "The foreign share is [Foreign share]; registered in [Registered office].",
        "zh": "外资股比为[外资股比]；注册地为[注册地]。",
    }
    assert rule.template is not None
    assert bundle.rule("law/licensed").template is None
    again: Bundle = pickle.loads(pickle.dumps(bundle))
    assert again.rule("law/too-foreign") == rule
    assert "The foreign share is [Foreign share]" in console("explain", "law/too-foreign", "--law", "law").out


def test_a_decision_shows_the_values(console: Console) -> None:
    load(console.folder / "law")
    console.write("spec.yaml", SPEC)
    out = console("check", "spec.yaml", "--law", "law", "--as-of", TODAY, "--details").out
    assert "The foreign share is 60%; registered in not stated." in out
    assert "The capital is not stated." in out
    assert "{" not in out
    written = console("check", "spec.yaml", "--law", "law", "--as-of", TODAY, "-f", "json", "--details").out
    [decision] = json.loads(written)["decisions"]
    assert decision["denials"][0]["message"] == {
        "en": "The foreign share is 60%; registered in not stated.",
        "zh": "外资股比为60%；注册地为未填。",
    }
    assert decision["services"][0]["classified_by"][0]["message"]["zh"].startswith("提供为他人提供数据中心托管")
    zh = console("check", "spec.yaml", "--law", "law", "--as-of", TODAY, "--lang", "zh", "--details").out
    assert "外资股比为60%" in zh


def test_values_of_places_and_amounts(console: Console) -> None:
    load(console.folder / "law")
    facts = "{foreign_percent: 75.5, foreign_percent_basis: ultimate, registered: shanghai-lingang, registered_capital_rmb: 500000, mainland_entity: true}"
    console.write(
        "spec.yaml",
        SPEC.replace("{foreign_percent: 60, foreign_percent_basis: ultimate, mainland_entity: false}", facts),
    )
    out = console("check", "spec.yaml", "--law", "law", "--as-of", TODAY, "-f", "json", "--details").out
    [decision] = json.loads(out)["decisions"]
    assert decision["denials"][0]["message"]["en"].startswith(
        "The foreign share is 75.5%; registered in Shanghai, Lin-gang"
    )
    [route] = decision["services"][0]["activities"][0]["routes"]
    assert "500,000" in route["conditions"][0]["message"]["en"]


def test_a_log_with_masks_names_the_facts_of_messages(console: Console) -> None:
    """A mask takes facts by their place, and a message is text."""
    load(console.folder / "law")
    console.write("spec.yaml", SPEC.replace("60", "61.25").replace("false}", "false, registered_capital_rmb: 777777}"))
    given = ("check", "spec.yaml", "--law", "law", "--as-of", TODAY, "--log")
    console(*given, "open.log")
    console(*given, "masked.log", "--mask", "/input/company")
    plain, masked = ((console.folder / name).read_text(encoding="utf-8") for name in ("open.log", "masked.log"))
    assert "The foreign share is 61.25%" in plain
    assert "The capital is 777,777" in plain
    assert "The foreign share is [Foreign share]" in masked
    assert "The capital is [" in masked
    assert not any(value in masked for value in ("61.25", "777,777", "777777"))
