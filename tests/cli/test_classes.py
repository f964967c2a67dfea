"""`vatspolicy list classes`: the rules that can concern each class."""

from __future__ import annotations

import json
from typing import Any

from tests.support.console import Console
from tests.support.layer_builder import write_layer
from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.model import KINDS
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.vocabulary import words
from vatspolicy.core.profile.word_lists import find_list
from vatspolicy.reports.classes import count_rules, find_rules

DAY = "2027-03-01"
WORD_LIST = find_list("classes", shipped_bundle().schemas)
assert WORD_LIST is not None
CLASSES = WORD_LIST.words
RULE = """
rules:
  - {id: paging, cite: [art-1], each: activity, when: activity.class == "A22", deny: {reason: HOSTED-ABROAD},
     message: {en: No paging., zh: 不得经营寻呼业务。}}
"""


def test_every_rule_of_every_decision_is_counted() -> None:
    ruleset = shipped_bundle().on(DAY)
    counted = {id: {rule.name for rule in find_rules(ruleset, id)} for id in words("class")}
    missed, seen = [], 0
    for path in fixture_files():
        decision = evaluate(shipped_bundle(), load_profile(path), DAY)
        findings = (*decision.denials, *decision.needs, *decision.met, *decision.duties, *decision.advice)
        about = [
            (one.rule.name, one.subject.cls) for one in findings if one.subject.cls and one.rule.each == "activity"
        ]
        for service in decision.services:
            for activity in service.activities:
                about += [(route.rule.name, activity.cls) for route in activity.routes]
        seen += len(about)
        missed += [(path.name, rule, cls) for rule, cls in about if rule not in counted[cls]]
    assert (missed, seen > 500) == ([], True)


def test_a_rule_for_one_class_is_counted_there_alone() -> None:
    found = count_rules(shipped_bundle(), DAY, CLASSES)
    assert found.keys() == words("class")
    assert found["A22"]["route"] < found["B11"]["route"]
    assert found["B11"]["classify"] > 0
    assert all(tuple(one) == KINDS for one in found.values())


def test_a_layer_adds_its_rules(console: Console) -> None:
    write_layer(console.folder / "company", "company", paging=RULE)

    def counts(*more: str) -> dict[str, Any]:
        data = json.loads(console("list", "classes", "--as-of", DAY, "-f", "json", *more).out)
        assert data["as_of"] == DAY
        return {id: counts["deny"] for id, counts in data["rules"].items()}

    before, after = counts(), counts("-p", "company")
    assert {id: after[id] - before[id] for id in before if after[id] != before[id]} == {"A22": 1}


def test_the_table_is_in_the_language_chosen(console: Console) -> None:
    english, chinese = (console("list", "classes", "--as-of", DAY, "--lang", lang).out for lang in ("en", "zh"))
    row = next(line for line in english.splitlines() if line.startswith("B24 "))
    [found] = [one for one in CLASSES if one.value == "B24"]
    counts = count_rules(shipped_bundle(), DAY, [found])["B24"]
    assert row.split()[1:7] == [str(n) for n in counts.values()]
    assert found.name is not None
    assert row.endswith(found.name["en"])
    assert found.name["zh"] in chinese
    assert DAY in english.splitlines()[-2]
    assert DAY in chinese.splitlines()[-2]
