"""A value that rests on unverified articles alone leaves open what reads it, also through the terms of another policy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, LICENSE, bundle_of, decide, route, rule
from vatspolicy.authoring.unread import unread_warnings
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Route

UNREAD = "  art-2: {en: Nobody read this., zh: 无人读过。, verification: unverified}\n"
NOTE = "rules:\n" + rule("note", "product", "false", "advise: {kind: note}").replace("[art-1]", "[art-1, art-2]")
SHOP = {"offers": ["own-shop"], "operated_by": "company"}
BARRED = rule("bar", "service", "term.barred", "deny: {reason: UNLAWFUL-ACTIVITY}", "unwaivable: true")


def words(*values: str) -> str:
    """A policy of words, whose parameter has these entries; a term reads it, and a second term reads the first."""
    return (
        f"{UNREAD}parameters:\n  offers:\n    title: {{en: Offers, zh: 业务}}\n    values: [{', '.join(values)}]\n"
        f"terms:\n  named: service.offers.exists(o, o in param.offers)\n  barred: term.named || false\n{NOTE}"
    )


def law(folder: Path, *values: str, rules: str = BARRED) -> Bundle:
    return bundle_of(folder, words=words(*values), law=f"uses: [words]\nrules:\n{rules}", classes=CLASSES)


READ = "{from: '2020-01-01', cite: art-1, value: [own-shop]}"
UNREAD_VALUE = "{from: '2020-01-01', cite: art-2, value: [own-shop]}"


@pytest.mark.parametrize(
    ("values", "decision"),
    [
        ([READ], "deny"),
        ([UNREAD_VALUE], "incomplete"),
        (["{from: '2020-01-01', cite: [art-1, art-2], value: [own-shop]}"], "deny"),
        ([UNREAD_VALUE, "{from: '2025-01-01', cite: art-2, add: [membership]}"], "incomplete"),
        ([UNREAD_VALUE, "{from: '2025-01-01', cite: art-1, add: [membership]}"], "deny"),
    ],
)
def test_a_rule_reads_what_nobody_read_through_terms(tmp_path: Path, values: list[str], decision: str) -> None:
    bundle = law(tmp_path, *values)
    is_unread = decision == "incomplete"
    bar = bundle.policies["law"].rule("bar")
    assert (bar.is_unread, bar.unwaivable) == (is_unread, not is_unread)
    assert decide(bundle, {"foreign_percent": 0}, SHOP).decision == decision
    assert decide(bundle, {"foreign_percent": 0}, {**SHOP, "offers": ["company-site"]}).denials == ()
    told = [(problem.path, problem.message) for problem in unread_warnings(bundle)]
    if is_unread:
        (when, message), (mark, _) = told
        assert (when, mark) == ("rules[0].when", "rules[0].unwaivable")
        assert message.endswith("decides nothing: term.barred → term.named → words/offers → art-2.")
    else:
        assert told == []


def test_an_opinion_settles_it(tmp_path: Path) -> None:
    given = {"about": "law/bar", "reading": "applies", "by": "counsel", "date": "2025-01-01"}
    found = decide(law(tmp_path, UNREAD_VALUE), {"foreign_percent": 0}, SHOP, opinions=[given])
    assert found.decision == "deny"


def test_a_condition_of_a_route_is_unread_alone(tmp_path: Path) -> None:
    """Nothing but the condition, or the share cap, that reads the value is open; the route itself is not."""
    way = route("home", "true", "named|false|SECTOR-NOT-OPEN|term.named", "domestic|false|SECTOR-NOT-OPEN|true")
    capped = route("capped", "true", cap="param.cap")
    cap = "parameters:\n  cap: {title: {en: Cap, zh: 上限}, values: [{from: '2020-01-01', cite: art-2, value: 50.0}]}\n"
    text = f"{UNREAD}uses: [words]\n{cap}{LICENSE}{way}{capped}"
    bundle = bundle_of(tmp_path, words=words(UNREAD_VALUE), law=text, classes=CLASSES)
    home, limited = (bundle.policies["law"].rule(name) for name in ("home", "capped"))
    assert isinstance(home.effect, Route)
    assert isinstance(limited.effect, Route)
    assert limited.effect.share_cap is not None
    assert not home.is_unread
    assert not limited.is_unread
    assert [one.is_unread for one in home.effect.conditions] == [True, False]
    assert limited.effect.share_cap.is_unread
    told = [problem.path for problem in unread_warnings(bundle)]
    assert told == ["rules[1].route.conditions[0].check", "rules[2].route.max_foreign_percent"]


def test_a_rule_that_reads_another_value_is_left_alone(tmp_path: Path) -> None:
    bundle = law(
        tmp_path,
        UNREAD_VALUE,
        rules=rule("bar", "service", '"own-shop" in service.offers', "deny: {reason: UNLAWFUL-ACTIVITY}"),
    )
    assert unread_warnings(bundle) == []
    assert decide(bundle, {"foreign_percent": 0}, SHOP).decision == "deny"
