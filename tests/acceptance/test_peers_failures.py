"""What users of neighboring systems reported as failures and several packages here could share.

The source stands above each test as `project#number` of its issue or pull request.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.console import Console
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput

HOSTING_DATA = yaml.safe_load(HOSTING)
OUTCAST = HOSTING.replace("discredited: []", "discredited: [company]")


def without_each_fact(data: Any) -> Iterator[tuple[str, Any]]:
    """The data with one fact removed, each in turn, with its path."""

    def places(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
        for key, child in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
            if isinstance(node, dict):
                yield (*path, key)
            yield from places(child, (*path, key))

    for path in places(data, ()):
        changed = copy.deepcopy(data)
        target = changed
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]
        yield ".".join(map(str, path)), changed


# cerbos#1055, cerbos#3260, cerbos#3312, agent-governance-toolkit#3297: an attribute that was missing made a DENY vanish
@pytest.mark.parametrize(
    "spec",
    [SHOP, HOSTING, OUTCAST, HOSTING.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]")],
    ids=["allow", "needs", "outcast", "deny"],
)
def test_a_missing_fact_never_makes_the_decision_milder(rich_bundle: Bundle, spec: str) -> None:
    """Whatever fact is left out: what was decided with it stays possible, and allow is never said in its stead."""
    whole = evaluate(rich_bundle, load_profile(yaml.safe_load(spec)), "2027-01-31")
    assert whole.decision != "incomplete"
    tried = 0
    for path, data in without_each_fact(yaml.safe_load(spec)):
        try:
            part = evaluate(rich_bundle, load_profile(data), "2027-01-31")
        except InvalidInput:  # a key that every profile must have
            continue
        if path.startswith("product.launch") or path == "company.licenses":
            continue
        low, high = map(WORDS.index, part.range)
        assert low <= WORDS.index(whole.decision) <= high, path
        assert part.decision in (whole.decision, "incomplete"), path
        tried += 1
    assert tried >= 8


# kubernetes PR#138564, kyverno#4365: the test harness skipped the schema and defaults
def test_tests_and_check_read_a_profile_alike(console: Console, law: Path) -> None:
    """A fixture that check refuses, test refuses too; one that it decides, test decides alike."""
    console.write("fixtures/shop.yaml", SHOP)
    expected = {
        "why": {"en": "A shop.", "zh": "商店。"},
        "cites": ["no article"],
        "decisions": [{"as_of": "2027-01-31", "decision": "allow"}],
    }
    console.write("fixtures/shop.expect.yaml", json.dumps(expected, ensure_ascii=False))
    ran = console("test", "--law", law, "--fixtures", "fixtures", "-r", "shop")
    assert ran.code == 0, ran.out
    console.write("fixtures/shop.yaml", SHOP.replace("audience: public", "audience: publik"))
    assert console("check", "fixtures/shop.yaml", "--law", law).code == 3
    assert console("test", "--law", law, "--fixtures", "fixtures", "-r", "shop").code == 3


# regal#1204, regal#1730: the editor and the command line read the same thing differently
def test_library_command_line_and_server_decide_alike(console: Console, law: Path, bundle: Bundle) -> None:
    pytest.importorskip("starlette", reason="needs the extra `serve`")
    from vatspolicy.server.api.query import DataQuestion, read_query

    console.write("spec.json", json.dumps(HOSTING_DATA))
    ran = console("check", "spec.json", "--law", law, "-f", "json", "--details")
    (by_command,) = json.loads(ran.out)["decisions"]
    by_library = evaluate(bundle, load_profile(HOSTING_DATA), "2027-01-31")
    question = DataQuestion(bundle, ("vatspolicy", "decision"), False, TODAY, False)
    by_server, word = question.answer(read_query(json.dumps({"input": HOSTING_DATA}).encode()))
    assert word == by_library.decision == by_command["decision"]
    for key in ("range", "duties", "needs", "missing", "services"):
        names = [
            [each.get("rule") or each.get("id") for each in source[key] if isinstance(each, dict)]
            for source in (by_command, by_server["result"])
        ]
        assert names[0] == names[1]
