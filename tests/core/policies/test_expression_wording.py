"""Checks in words: every expression of the law, in both languages, and the forms one by one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.law_builder import CLASSES, bundle_of
from tests.support.shipped import shipped_bundle
from vatspolicy.core.cel.ast import And, Literal, Not, Term, walk
from vatspolicy.core.cel.interpreter import Unknown, evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import MEMBERS, Wording
from vatspolicy.core.policies.plain_tree import plain_tree
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText
from vatspolicy.reports.words import FOLD, cut_lists, fold

DAY = "2026-11-26"
RAW = re.compile(
    r"&&|\|\||==|!=|\b[a-z]+_[a-z]+|\b(service|operator|activity|param|term|company|data)\.[a-z]|“[a-z0-9]+(-[a-z0-9]+)+”"
)
"""Operators, paths and codes, which no sentence may hold."""


@pytest.fixture(scope="module")
def law() -> Bundle:
    return shipped_bundle()


def said(law: Bundle, rule: str, day: str | None = DAY) -> tuple[str, str]:
    tree = law.rule(rule).when.tree
    return Wording(law, "en", day=day).say(tree), Wording(law, "zh", day=day).say(tree)


@pytest.fixture(scope="module")
def checks(law: Bundle) -> list[LocalizedText]:
    """Every expression of the law as it reads on a day."""
    english, chinese = (Wording(law, lang, day=DAY) for lang in LANGUAGES)
    return [{"en": english.say(one.tree), "zh": chinese.say(one.tree)} for one in law.expressions()]


def test_every_expression_of_the_law_is_worded_without_code(law: Bundle, checks: list[LocalizedText]) -> None:
    """No quantifier is spelled out, no mark of a variable is left, and no list is longer than a clause may hold."""
    formal = re.compile(
        "at least one of|for every one of|[^”]: (yes|no)$|the former|that entry's|[\ue000\ue001]|中至少有一项|其的|前者"
    )
    dateless = [Wording(law, lang, day=None) for lang in LANGUAGES]
    wrong = []
    for expression, check in zip(law.expressions(), checks, strict=True):
        texts = [*check.values(), *(wording.say(expression.tree) for wording in dateless)]
        wrong += [text for text in texts if RAW.search(text) or not text]
        if not isinstance(expression.tree, Literal):
            wrong += [text for text in texts[1::2] if not re.search("[\u3400-\u9fff]", text)]
        wrong += [text for text in check.values() if formal.search(text)]
        wrong += [check[lang] for lang in LANGUAGES if cut_lists(check[lang], lang, most=MEMBERS) != check[lang]]
    assert wrong == []


def test_a_long_check_is_folded_in_reports(checks: list[LocalizedText]) -> None:
    assert any(len(check["en"]) > FOLD["en"] for check in checks)
    for lang in LANGUAGES:
        hint = fold({"en": "x" * 999, "zh": "x" * 999}, lang)[FOLD[lang] :]
        assert max(len(fold(check, lang)) for check in checks) <= FOLD[lang] + len(hint)
        assert all(fold(check, lang) == check[lang] for check in checks if len(check[lang]) <= FOLD[lang])


@pytest.mark.parametrize(
    ("text", "lang", "cut"),
    [
        ("x is one of “Y” (a, b, c, d) and z", "en", "x is one of “Y” (a, b and 2 more) and z"),
        ("x is one of “Y” (a (1, 2); b, c; d; e)", "en", "x is one of “Y” (a (1, 2); b, c and 2 more)"),
        ("x is one of “Y” (a, b, c)", "en", "x is one of “Y” (a, b, c)"),
        ("甲属于“乙”（一、二、三（一、二）、四），且丙", "zh", "甲属于“乙”（一、二等，另有2项），且丙"),
        ("甲（子）", "zh", "甲（子）"),
    ],
)
def test_long_lists_are_cut(text: str, lang: Language, cut: str) -> None:
    assert cut_lists(text, lang, most=2) == cut


@pytest.mark.parametrize(
    ("rule", "en", "zh"),
    [
        ("data-security-law/important-data-officer", "an authority has identified data as important", "数据已被告知或公布为重要数据"),
        (
            "vats-pilot-2024/pilot-access",
            "foreign share of the operator is above 0 % and the class is one of “Classes opened” (10 entries)",
            "经营者的外资股比高于0%，且该业务的种类属于“开放的业务”（共10项）",
        ),
        ("hainan-negative-list-2020/full-share-inferred", "is above “", "高于“"),
        ("app-filing-notice/existing-apps", "launch day is before “", "上线日早于“"),
        (
            "services-opening-pilot/tasks-of-nine-cities",
            "registered office of the operator lies in one of “Cities added in 2025” (9 entries)",
            "经营者的注册地位于“2025年新增试点城市”（共9项）之一",
        ),
        ("telecom-catalog/store-and-forward", "audience is not “The company's own group only”", "服务对象不是“仅限本集团内部”"),
    ],
)  # fmt: skip
def test_conditions_in_words(law: Bundle, rule: str, en: str, zh: str) -> None:
    words = said(law, rule)
    assert en in words[0]
    assert zh in words[1]


def test_the_value_of_a_parameter_is_that_of_the_day(law: Bundle) -> None:
    before, after = (said(law, "negative-list-ftz/freed-access", day)[0] for day in ("2019-07-29", "2019-07-30"))
    assert "B23" in before
    assert "B23" not in after
    assert said(law, "negative-list-ftz/freed-access", None)[0].endswith("“Classes without a cap in the zones”")


FORMS = {
    'service.hosting == "mainland"': "hosting is “Mainland China”",
    '!(service.hosting == "mainland")': "hosting is not “Mainland China”",
    'service.hosting != "mainland" || company.mainland_entity': (
        "if hosting is “Mainland China”, then the company is established in mainland China"
    ),
    "company.mainland_entity == false": "the company is not established in mainland China",
    "!company.mainland_entity": "the company is not established in mainland China",
    'service.offers.exists(o, o == "saas" || o == "cdn")': (
        "offers include “Business software as a service” or “Content delivery for others”"
    ),
    'service.area.exists(a, a.province == "beijing")': "part of the service area lies in “Beijing”",
    "service.area.all(a, a.ftz in param.zones)": (
        "the free-trade zone of the whole service area is one of “zones” (Fujian FTZ, Tianjin FTZ, Henan FTZ)"
    ),
    "term.far && company.foreign_percent > param.cap": (
        "the registered office of the company lies in none of “places” (Beijing) and "
        "the foreign share of the company is above “cap” (49.5 %)"
    ),
    'sets.intersects(service.offers, ["saas", "cdn"])': (
        "offers include “Business software as a service” or “Content delivery for others”"
    ),
    "sets.intersects(company.registered.within, param.places)": (
        "the registered office of the company lies in one of “places” (Beijing)"
    ),
    '!sets.intersects(service.offers, ["saas"])': "offers do not include “Business software as a service”",
    'sets.contains(["saas", "cdn"], service.offers)': (
        "all offers are “Business software as a service” or “Content delivery for others”"
    ),
    'sets.contains(service.offers, ["saas", "cdn"])': (
        "offers include all of “Business software as a service”, “Content delivery for others”"
    ),
    "sets.contains(company.registered.within, param.places)": (
        "the registered office of the company include all of “places” (Beijing)"
    ),
    "services.size() > 1": "the number of services is above 1",
    "as_of < product.launch": "the day of the decision is before launch day",
}


def test_forms(tmp_path: Path) -> None:
    rules = "".join(
        f"""  - {{id: r{number}, cite: [art-1], each: service, when: {text!r}, advise: {{kind: note}}, message: {{en: N., zh: 注。}}}}
"""
        for number, text in enumerate(FORMS)
    )
    parameters = """\
parameters:
  zones: {values: [{from: '2020-01-01', cite: art-1, value: [fujian, tianjin, henan]}]}
  places: {values: [{from: '2020-01-01', cite: art-1, value: [beijing]}]}
  cap: {values: [{from: '2020-01-01', cite: art-1, value: 49.5}]}
terms:
  far: '!param.places.exists(p, p in company.registered.within)'
"""
    bundle = bundle_of(tmp_path, forms=parameters + CLASSES + rules)
    wording = Wording(bundle, "en", day=DAY)
    assert {text: wording.say(bundle.rule(f"forms/r{number}").when.tree) for number, text in enumerate(FORMS)} == FORMS


def test_a_plain_tree_has_no_terms_and_the_same_value(law: Bundle) -> None:
    for expression in law.expressions():
        plain = plain_tree(expression.tree)
        assert not any(isinstance(node, Term) for node in walk(plain))
        assert not any(isinstance(node, Not) and isinstance(node.body, And | Literal | Not) for node in walk(plain))
        value, again = (evaluate(tree, {}, law.on(DAY).params) for tree in (expression.tree, plain))
        assert type(value) is type(again)
        assert isinstance(value, Unknown) or value == again
