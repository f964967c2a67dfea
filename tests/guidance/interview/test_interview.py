"""The interview: which question comes next, how answers are read, and how they are written into a file."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.effort import trials
from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.documents import Path as FactPath
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.evaluator import PossibleOutcomes, evaluate, possible_outcomes
from vatspolicy.core.engine.possible_values import possible_answers
from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import get_fact, set_fact
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.vocabulary import fact_schemas
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.interview import (
    Interview,
    Question,
    Refused,
    describe_step,
    read_reply,
    reasons,
    show_value,
    start,
)
from vatspolicy.guidance.interview.messages import UNITS
from vatspolicy.guidance.interview.questions import combine
from vatspolicy.guidance.interview.ranking import rank_facts
from vatspolicy.guidance.interview.terminal import Terminal, closing
from vatspolicy.guidance.interview.writer import comments, render, write_fact
from vatspolicy.i18n.lint import faults

TODAY = "2026-06-01"
DAY = "2027-03-01"
SERVICES: FactPath = ("services",)


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


def begin(bundle: Bundle, offer: str = "data-center", **facts: Any) -> Interview:
    """An interview after its first questions; `facts` are those of the service."""
    state = start(bundle, TODAY, name="p").answer(DAY).answer([{"id": "s", "offers": [offer]}])
    for name, value in facts.items():
        state = state.answer(value, ("services", 0, name))
    return state


def question_about(path: FactPath, state: Interview | None = None) -> Question:
    from vatspolicy.core.engine.decision import MissingFact
    from vatspolicy.guidance.interview.questions import make_question

    return make_question((state or begun()).state, MissingFact(path, ()), "decision")


@cache
def begun() -> Interview:
    """An interview after its first questions, which all may share: to answer one makes another."""
    return begin(shipped_bundle())


# --- choice


def test_it_begins_with_what_everything_hangs_on(shipped: Bundle) -> None:
    state = start(shipped, TODAY)
    asked = []
    for value in ("p", DAY, [{"id": "s", "offers": ["cdn"]}]):
        assert state.question is not None
        asked.append((state.question.path, state.question.phase))
        state = state.answer(value)
    assert asked == [(("product", "id"), "start"), (("product", "launch"), "start"), (SERVICES, "start")]
    assert state.question is not None
    assert state.question.phase == "decision"


def test_a_partial_profile_is_asked_only_what_it_lacks(shipped: Bundle) -> None:
    text = "schema: 2\nproduct: {id: p}\ncompany: {}\nservices: [{id: s, audience: public}]\n"
    state = start(shipped, TODAY, parse_document(text, "p.yaml"), as_of=DAY)
    assert state.question is not None
    assert state.question.path == ("services", 0, "offers")


def weight(outcomes: PossibleOutcomes) -> float:
    """A possible need weighs a quarter of a possible denial."""
    return outcomes.denials + 0.25 * (outcomes.open - outcomes.denials)


def test_the_question_that_eliminates_most_comes_first(shipped: Bundle) -> None:
    """Measured here again, by evaluating each answer of each fact anew and counting what is left."""
    state = begin(shipped, "marketplace")
    law = shipped.on(DAY)
    now = possible_outcomes(law, state.profile, DAY)
    ranked = rank_facts(state.state, now.missing)
    assert len(ranked) > 2
    for ask, gain in ranked:
        left, weights = [], []
        for answer in possible_answers(shipped, law, state.data, ask.path, ask.rules, DAY)[: gain.answers]:
            after = possible_outcomes(law, load_profile(set_fact(state.data, ask.path, answer)), DAY, asking=False)
            settled = after.range[0] == after.range[1]
            left.append(0 if settled else after.open)
            weights.append(0 if settled else weight(after))
        assert gain.expected == round(now.open - sum(left) / len(left), 2), ask.path
        assert gain.weight == round(weight(now) - sum(weights) / len(weights), 4), ask.path
        assert (gain.worst, gain.of) == (now.open - max(left), now.open)
    hard = [gain.weight for ask, gain in ranked if ask.path != ("services", 0, "hosting")]
    assert hard == sorted(hard, reverse=True)
    assert ranked[0][1].weight > ranked[-1][1].weight
    assert state.question is not None
    assert state.question.path == ranked[0][0].path
    assert rank_facts(state.state, now.missing) == ranked, "and the same every time"


def test_what_is_easy_to_put_in_order_is_asked_last(shipped: Bundle) -> None:
    """A foreign share or a place can end the interview; capital and means are in order almost always."""
    state, asked = begin(shipped, audience="public", operated_by="company", channels=["website"]), []
    answers = {
        "registered": "shenzhen",
        "foreign_percent": 0,
        "foreign_percent_basis": "ultimate",
        "registered_capital_rmb": 20_000_000,
        "licenses": [],
    }
    answers |= {"lacking_means": [], "discredited": [], "legal_form": "limited-company", "hosting": "mainland"}
    while state.question is not None:
        asked.append(state.question.path[-1])
        state = state.answer(answers[str(asked[-1])]) if asked[-1] in answers else state.skip()
    easy = {"registered_capital_rmb", "lacking_means", "discredited", "legal_form"}
    assert set(asked) >= {"registered", "foreign_percent", *easy}
    first = min(asked.index(one) for one in easy)
    assert max(asked.index("registered"), asked.index("foreign_percent")) < first
    assert asked[first - 1] == "licenses", "who holds the license is past all that"


def test_a_foreign_share_that_no_route_takes_ends_the_interview(shipped: Bundle) -> None:
    state = begin(shipped, "data-center", audience="public", operated_by="company", hosting="mainland")
    state = state.answer("wuhan", ("company", "registered")).answer(100, ("company", "foreign_percent"))
    assert state.settled
    assert state.decision.decision == "deny"
    assert "lacking_means" not in state.data["company"]


def test_a_supplier_of_software_is_asked_where_it_is(shipped: Bundle) -> None:
    """Software as a service from abroad or from a mainland company: the answer decides."""
    state = begin(shipped, "saas", audience="business", operated_by="company")
    asked = []
    while state.question is not None:
        asked.append(state.question.path)
        state = state.answer([]) if state.question.path[-1] in ("features", "content", "channels") else state.skip()
    assert {("company", "mainland_entity"), ("company", "registered")} & set(asked)


def test_whether_a_license_is_valid_is_asked_where_its_last_day_is_not_known(shipped: Bundle) -> None:
    state = begin(
        shipped, operated_by="partner", audience="business", customer_contract="partner", channels=["website"]
    )
    state = state.answer([{"instrument": "vats-license", "classes": ["B11"]}], ("partner", "licenses"))
    asked: list[FactPath] = []
    while state.question is not None:
        asked.extend(part.path for part in state.question.parts or (state.question,))
        state = state.answer(True) if asked[-1][-1] == "valid" else state.skip()
    last, valid = (("partner", "licenses", 0, name) for name in ("valid_until", "valid"))
    assert asked.index(valid) > asked.index(last)
    assert state.data["partner"]["licenses"][0]["valid"] is True


# --- facts that are asked for together


def whole(state: Interview) -> Question:
    assert state.question is not None
    return combine(state.question)


def test_one_question_asks_for_name_and_day_and_an_answer_may_hold_both_or_one(shipped: Bundle) -> None:
    first = start(shipped, TODAY)
    assert [part.path for part in whole(first).parts] == [("product", "id"), ("product", "launch")]
    both = first.answer_parts(read_reply(whole(first), "Seoul, Beauty, 2027-03-01"))
    assert (both.data["product"], both.progress.number) == (
        {"id": "seoul-beauty", "title": "Seoul, Beauty", "launch": "2027-03-01"},
        2,
    )
    named = first.answer_parts(read_reply(whole(first), "Seoul"))
    assert named.question is not None
    assert (named.question.path, named.question.parts, named.skipped) == (("product", "launch"), (), ())
    assert both.previous == first, "back takes the whole answer back"
    assert first.progress.left - both.progress.left == 1, "the name and the day are one question"
    unknown = first.skip()
    assert unknown.skipped == (("product", "id"), ("product", "launch"))


def test_what_an_answer_leaves_out_stays_open_and_none_empties_the_lists(shipped: Bundle) -> None:
    state = begin(shipped, "own-shop")
    assert [part.path[-1] for part in whole(state).parts] == ["audience", "operated_by", "channels", "sells"]
    value = read_reply(whole(state), "website, the public")
    assert value == {"services.0.audience": "public", "services.0.channels": ["website"]}
    closed = read_reply(whole(state), "website, the public, none")
    assert closed == {**value, "services.0.sells": []}
    after = state.answer_parts(value)
    assert get_fact(after.data, ("services", 0, "operated_by")) is None
    asked: list[FactPath] = []
    while after.question is not None:
        asked.extend(part.path for part in after.question.parts or (after.question,))
        after = after.skip()
    assert {("services", 0, "operated_by"), ("services", 0, "sells")} <= set(asked)
    with pytest.raises(Refused):
        read_reply(whole(state), "the public, business customers")


@pytest.mark.parametrize(
    ("typed", "share", "basis"),
    [("49", 49, "ultimate"), ("49%, direct", 49, "direct"), ("12.5, 仅计直接股东", 12.5, "direct")],
)
def test_the_share_is_traced_to_the_last_investor_unless_the_answer_says_otherwise(
    shipped: Bundle, typed: str, share: float, basis: str
) -> None:
    state = begin(shipped, operated_by="company", audience="business")
    while state.question is not None and state.question.path != ("company", "foreign_percent"):
        places = {"registered": "beijing", "area": ["china"]}
        value = places.get(str(state.question.path[-1]))
        state = state.skip() if value is None else state.answer(value, state.question.path)
    value = read_reply(whole(state), typed)
    assert value == {"company.foreign_percent": share, "company.foreign_percent_basis": basis}
    shown = "".join(
        Terminal(lambda _: None, lambda _: None, lambda _: None, "en", False, 80).question(state, whole(state))
    )
    assert "Default: Traced to the ultimate investors" in shown


def test_an_amount_goes_with_words_and_is_no_number_of_a_choice() -> None:
    data = load_document(fixture_file("not-ready")).data
    left_out = ("legal_form", "registered_capital_rmb", "lacking_means", "discredited")
    company = {name: value for name, value in data["company"].items() if name not in left_out}
    document = parse_document(render({**data, "company": company, "deals": []}, "en"), "p.yaml")
    question = whole(start(shipped_bundle(), TODAY, document, as_of=DAY))
    assert not question.numbered
    value = read_reply(question, "limited, 10,000,000, premises, none")
    assert value == {
        "company.legal_form": "limited-company",
        "company.registered_capital_rmb": 10_000_000,
        "company.lacking_means": ["premises"],
        "company.discredited": [],
    }
    assert show_value(question, value, "en").startswith("Legal form: Limited liability company; ")


def test_what_the_schema_lets_one_question_ask_is_there() -> None:
    paths = {".".join(path): node for path, node in fact_schemas()}
    groups = SchemaSet.shipped().load("profile")["x-together"]
    for group in groups:
        assert len(group["facts"]) > 1
        assert set(group["facts"]) <= {*paths, "product.id", "deals"}
        assert {"en", "zh"} == group["question"].keys()
        for name, value in group.get("implied", {}).items():
            assert value in paths[name]["enum"]
            assert paths[name]["x-enum"][value]["en"]
    firsts = [name for group in groups for name in group["facts"] if name != "deals"]
    assert len(firsts) == len(set(firsts)), "a fact belongs to one question"


def test_an_outlook_agrees_with_the_decision(shipped: Bundle) -> None:
    for state in (begin(shipped), begin(shipped, "own-shop"), begin(shipped, "marketplace", audience="public")):
        whole = evaluate(shipped, state.profile, DAY)
        quick = possible_outcomes(shipped.on(DAY), state.profile, DAY)
        again = state.state.possible_outcomes(asking=True)
        assert (quick.range, quick.missing) == (whole.range, whole.missing[: len(quick.missing)])
        assert again == quick


@pytest.mark.parametrize(
    ("path", "includes"),
    [
        (("company", "registered_capital_rmb"), {999_999: False, 1_000_000: True, 10_000_000: True}),
        (("services", 0, "audience"), {"public": True}),
        (("company", "mainland_entity"), {True: True, False: True}),
    ],
)
def test_answers_on_both_sides_of_what_rules_compare(
    shipped: Bundle, path: FactPath, includes: Mapping[Any, bool]
) -> None:
    law = shipped.on(DAY)
    rules = [rule.name for rules in law.rules.values() for rule in rules if "capital" in rule.id]
    found = possible_answers(shipped, law, {}, path, rules, DAY)
    assert {value: value in found for value in includes} == dict(includes)
    assert path[-1] != "registered_capital_rmb" or 0 in found


def test_what_is_not_known_is_not_asked_again(shipped: Bundle) -> None:
    state, asked = begin(shipped), []
    while state.question is not None:
        asked.append(state.question.path)
        state = state.skip()
    assert len(set(asked)) == len(asked)
    assert state.decision.decision == "incomplete"
    assert state.document.text == begin(shipped).document.text, "and says nothing"


def test_what_a_partner_holds_is_asked(shipped: Bundle) -> None:
    state = begin(shipped, operated_by="partner", audience="business", channels=["website"], features=[])
    while state.question is not None and state.question.path != ("partner", "licenses"):
        state = state.skip()
    assert state.question is not None
    held = state.answer([{"instrument": "vats-license"}])
    assert held.question is not None
    assert held.question.path[:3] == ("partner", "licenses", 0) or not held.settled


def test_a_license_that_is_held_changes_what_is_needed(shipped: Bundle) -> None:
    facts = {
        "foreign_percent": 0,
        "foreign_percent_basis": "ultimate",
        "mainland_entity": True,
        "legal_form": "limited-company",
        "registered": {"at": "beijing", "ftz": "none"},
        "registered_capital_rmb": 20_000_000,
        "lacking_means": [],
        "discredited": [],
    }
    state = begin(shipped, operated_by="company", audience="business", channels=["website"], features=[])
    for name, value in facts.items():
        state = state.answer(value, ("company", name))
    state = state.answer(["china"], ("services", 0, "area")).answer(["beijing"], ("services", 0, "facilities"))
    state = state.answer("mainland", ("services", 0, "hosting"))
    assert state.decision.decision == "needs-license"
    assert state.question is not None
    assert state.question.path == ("company", "licenses")
    assert set(state.question.rules) == {finding.rule.name for finding in state.decision.needs}
    state = state.answer([{"instrument": "vats-license"}])
    assert not state.settled, "what it covers is not known yet"
    details = {"classes": ["B11"], "area": ["china"], "valid_until": "2031-01-01"}
    asked = []
    while state.question is not None and state.question.path[:2] == ("company", "licenses"):
        asked.append(state.question.path[-1])
        state = state.answer(details[str(state.question.path[-1])])
    assert set(asked) == set(details)
    assert state.decision.decision == "allow"


# --- answers


def test_back_is_the_state_before(shipped: Bundle) -> None:
    state = begin(shipped)
    after = state.answer("business", ("services", 0, "audience"))
    assert after.previous == state
    assert after.previous is state
    assert after.progress.number == state.progress.number + 1
    assert "audience" in after.document.text
    assert "audience" not in state.document.text


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("product", "launch"), "2014-12-31", "2015-01-01"),
        (("product", "launch"), "2026-05-31", "in the past"),
        (("company", "foreign_percent"), 101, "at most 100"),
        (("company", "foreign_percent"), "half", "number"),
        (("services", 0, "audience"), "everybody", "one of"),
        (("services", 4, "audience"), "public", "does not accept"),
        (("company", "no_such_fact"), 1, "unknown"),
    ],
)
def test_a_wrong_value_is_refused(shipped: Bundle, path: FactPath, value: Any, words: str) -> None:
    with pytest.raises(Refused) as refused:
        begin(shipped).answer(value, path)
    assert words in refused.value.text["en"]
    assert list(faults(**refused.value.text)) == []


def test_a_contradiction_is_refused_in_both_languages(shipped: Bundle) -> None:
    state = begin(shipped).answer(False, ("company", "mainland_entity"))
    with pytest.raises(Refused) as refused:
        state.answer("beijing", ("company", "registered"))
    assert refused.value.text == {
        "en": "Without a mainland company the registered office is abroad.",
        "zh": "未在境内设立企业的，注册地应在境外。",
    }


@pytest.mark.parametrize(
    ("path", "typed", "value"),
    [
        (("services", 0, "audience"), "2", "business"),
        (("services", 0, "audience"), "the public", "public"),
        (("services", 0, "audience"), "企业客户", "business"),
        (("services", 0, "audience"), "own-group", "own-group"),
        (("company", "mainland_entity"), "y", True),
        (("company", "mainland_entity"), "否", False),
        (("services", 0, "channels"), "2, website", ["website", "app"]),
        (("services", 0, "channels"), "1 2", ["website", "app"]),
        (("services", 0, "channels"), "网站、小程序", ["website", "mini-program"]),
        (("services", 0, "channels"), "0", []),
        (("services", 0, "content"), "无", []),
        (("company", "registered_capital_rmb"), "10,000,000", 10_000_000),
        (("company", "foreign_percent"), "49.99 %", 49.99),
        (("company", "foreign_percent"), "50", 50),
        (("company", "registered"), "Shanghai Pudong", "shanghai-pudong"),
        (("company", "registered"), "临港", "shanghai-lingang"),
        (("services", 0, "facilities"), "beijing, 天津市", ["beijing", "tianjin"]),
        (("services", 0, "facilities"), "Shanghai, Lin-gang Special Area", ["shanghai-lingang"]),
        (("services", 0, "area"), "china", ["china"]),
        (("company", "investor_origin"), "日本, US", ["JP", "US"]),
        (("product", "launch"), "2027-03-01", "2027-03-01"),
        (("product", "id"), "my-shop", "my-shop"),
        (SERVICES, "cdn", [{"id": "cdn", "offers": ["cdn"]}]),
        (SERVICES, "own-shop, community", [{"id": "own-shop", "offers": ["community", "own-shop"]}]),
        (SERVICES, "cdn / 1", [{"id": "cdn", "offers": ["cdn"]}, {"id": "saas", "offers": ["saas"]}]),
        (SERVICES, "CRM", [{"id": "saas", "offers": ["saas"]}]),
        (SERVICES, "web shops, 网约车", [{"id": "own-shop", "offers": ["own-shop", "ride-hailing"]}]),
        (("company", "registered"), "peking", "beijing"),
        (SERVICES, "0", [{"id": "other", "offers": ["other"]}]),
        (("company", "licenses"), "1", [{"instrument": "vats-license"}]),
        (("deals",), "joint venture", [{"kind": "joint-venture"}]),
    ],
)
def test_what_is_typed_is_read(path: FactPath, typed: str, value: Any) -> None:
    question = question_about(path)
    if path == SERVICES and "community" in typed:
        value = [{"id": next(o for o in _offers(question) if o in ("own-shop", "community")), "offers": None}]
        found = read_reply(question, typed)
        assert [one["id"] for one in found] == [value[0]["id"]]
        assert set(found[0]["offers"]) == {"own-shop", "community"}
        return
    if isinstance(value, list) and path[-1] == "investor_origin":
        assert sorted(read_reply(question, typed)) == value
        return
    found = read_reply(question, typed)
    assert (found, type(found)) == (value, type(value))
    assert show_value(question, found, "zh")


def _offers(question: Question) -> list[str]:
    return [choice.value for choice in question.choices]


@pytest.mark.parametrize(
    ("path", "typed", "words"),
    [
        (("services", 0, "audience"), "4", "not an answer"),
        (("services", 0, "audience"), "nobody", "“nobody” is not an answer"),
        (("services", 0, "audience"), "b-u-s-i", None),
        (("services", 0, "channels"), "0, 1", "none of these"),
        (("services", 0, "offers"), "0", "at least one"),
        (("services", 0, "area"), "none", "at least one"),
        (("company", "registered"), "guang", "Several"),
        (("company", "registered"), "…", "not a valid answer"),
        (("company", "registered"), "100", "“100” is not an answer"),
        (("services", 0, "area"), "100", "“100” is not an answer"),
        (("company", "registered"), "China", "too large an area"),
        (("company", "registered"), "中国", "too large an area"),
        (("services", 0, "facilities"), "mainland", "too large an area"),
        (SERVICES, ",", "not a valid answer"),
        (SERVICES, "-/-", "not a valid answer"),
        (("company", "registered_capital_rmb"), "1.5", "whole number"),
        (("company", "registered_capital_rmb"), "-1", "at least 0"),
        (("company", "foreign_percent"), "100.01", "at most 100"),
        (("company", "foreign_percent"), "nan", "Enter a number"),
        (("product", "launch"), "2027-02-29", "Enter a date"),
        (("product", "launch"), "01/03/2027", "Enter a date"),
        (("product", "id"), "My Shop", "lower-case"),
    ],
)
def test_what_cannot_be_read_is_refused(path: FactPath, typed: str, words: str | None) -> None:
    question = question_about(path)
    if words is None:
        assert read_reply(question, typed) == "business"
        return
    with pytest.raises(Refused) as refused:
        read_reply(question, typed)
    assert words in refused.value.text["en"]


@settings(derandomize=True, max_examples=trials(450), deadline=None)
@given(typed=st.text(max_size=30), index=st.integers(0, 8))
def test_no_text_breaks_the_reading(typed: str, index: int) -> None:
    paths: tuple[FactPath, ...] = (
        SERVICES,
        ("services", 0, "audience"),
        ("services", 0, "channels"),
        ("company", "registered"),
        ("services", 0, "area"),
        ("company", "foreign_percent"),
        ("company", "registered_capital_rmb"),
        ("product", "launch"),
        ("company", "mainland_entity"),
    )
    question = question_about(paths[index])
    with contextlib.suppress(Refused):
        state = begun().answer(read_reply(question, typed), paths[index])
        assert state.document.text != begun().document.text or paths[index] in (SERVICES, ("product", "launch"))


# --- words


@pytest.mark.parametrize("path", [SERVICES, ("services", 0, "features")])
def test_every_choice_of_a_long_list_stands_in_one_group(path: FactPath) -> None:
    question = question_about(path)
    assert all(choice.group for choice in question.choices)
    numbers = [number for _, first, last in question.groups for number in range(first, last + 1)]
    assert numbers == list(range(1, len(question.choices) + 1)), "the choices of a group stand together"
    assert 5 <= len(question.groups) <= 15


def test_a_search_lists_what_it_may_mean() -> None:
    question = question_about(SERVICES)
    with pytest.raises(Refused) as cloud:
        read_reply(question, "cloud")
    assert {"cloud-infrastructure", "cdn"} <= {choice.value for choice in cloud.value.choices}, "the whole group"
    with pytest.raises(Refused) as lending:
        read_reply(question, "credit reporting on")
    assert [choice.value for choice in lending.value.choices] == ["credit-reporting", "business-credit-reporting"]
    with pytest.raises(Refused) as nothing:
        read_reply(question, "xylophone")
    assert nothing.value.choices == ()
    for province in ("Ningxia", "宁夏"):
        with pytest.raises(Refused) as wide:
            read_reply(question_about(("services", 0, "facilities")), province)
        assert "zhongwei" in [choice.value for choice in wide.value.choices]
    assert read_reply(question_about(("services", 0, "area")), "Ningxia") == ["ningxia"]
    with pytest.raises(Refused) as described:
        read_reply(question, "a fitness app with paid courses")
    assert [choice.value for choice in described.value.choices][:2] == ["adult-training", "information-publishing"]


def test_every_unit_of_the_schema_has_its_word_in_both_languages() -> None:
    units = {schema["x-unit"] for _, schema in fact_schemas() if "x-unit" in schema}
    assert units <= UNITS.keys()


def test_each_question_has_an_example_in_both_languages(shipped: Bundle) -> None:
    """Only the name of the product has none: the instructions for an answer show one."""
    asked = {path: node for path, node in fact_schemas(shipped.schemas) if "x-question" in node}
    assert len(asked) > 90
    assert [
        path for path, node in asked.items() if list(faults(*map(node.get("x-example", {}).get, ("en", "zh"))))
    ] == []
    state = start(shipped, TODAY, name="example")
    shown: list[str] = []
    terminal = Terminal(lambda _: None, shown.append, lambda _: None, "zh", color=False, room=80)
    assert state.question is not None
    terminal.step(state, combine(state.question), "?")
    assert "例如：2027年3月1日上线，写 2027-03-01" in "".join(shown)


def test_each_question_names_the_law(shipped: Bundle) -> None:
    state = begin(shipped)
    while (question := state.question) is not None:
        found = reasons(shipped, question.rules, DAY)
        assert found, question.path
        assert all(one.citations and one.message["zh"] and one.effect["zh"] for one in found)
        state = state.skip()


def test_the_data_of_a_question_keep_to_their_schema(shipped: Bundle) -> None:
    from vatspolicy.core.documents.validation import validate

    states = [start(shipped, TODAY), begin(shipped), begin(shipped, "cdn").answer(["beijing"], ("services", 0, "area"))]
    states += [states[1].skip(), _over(states[1])]
    for state in states:
        data = encode(describe_step(state))
        text = json.dumps(data, ensure_ascii=False)
        assert validate(parse_document(text, "question.json"), "question") == []
        assert data["range"] == list(state.decision.range)
    assert describe_step(states[-1]).question is None


def test_a_screen_precedes_the_kinds_of_content(shipped: Bundle) -> None:
    """An answer that leaves the list empty answers it; any other leads to the list; what offers answer is not asked."""
    path = ("services", 0, "content")
    state = begin(shipped, "saas")
    screen = question_about(path, state).screen
    assert screen is not None
    assert [choice.value for choice in screen.choices] == ["own", "users", "others", "no-content"]
    assert screen.empty == ("no-content",)
    none = state.answer(["no-content"], path)
    assert (none.data["services"][0]["content"], none.screened) == ([], ())
    own = state.answer(["own", "users"], path)
    assert (own.document, own.screened) == (state.document, (path,))
    assert own.previous is state
    listed = question_about(path, own)
    assert listed.screen is None
    assert len(listed.choices) == 14
    assert own.answer(["news"], path).data["services"][0]["content"] == ["news"]
    with pytest.raises(Refused, match="cannot be combined"):
        state.answer(["own", "no-content"], path)
    assert question_about(path, begin(shipped, "news")).screen is None


def test_each_screen_has_words_in_both_languages() -> None:
    fields = SchemaSet.shipped().load("profile")["properties"]["services"]["items"]["properties"]
    screens = {name: field["x-screen"] for name, field in fields.items() if "x-screen" in field}
    assert list(screens) == ["content"]
    for name, screen in screens.items():
        assert all({"en", "zh"} == one.keys() for one in (screen["question"], *screen["x-enum"].values()))
        assert not set(screen["x-enum"]) & set(fields[name]["items"]["enum"])
        assert set(screen["empty"]) < set(screen["x-enum"])
        for fact, words in screen["unless"].items():
            assert set(words) <= set(fields[fact]["items"]["enum"])


def _over(state: Interview) -> Interview:
    while state.question is not None:
        state = state.skip()
    return state


# --- writing

MINE = """\
# my notes
schema: 2   # the format
product: {id: mine, launch: '2027-01-01'}
company:   # who

  foreign_percent: null  # ask Joe
  mainland_entity: null
  registered: beijing
  # later
services:
- id: a
  description: |
    long

    text
  # end of a

- id: b

# bye
"""


def test_facts_are_written_where_they_belong_and_all_else_stays() -> None:
    text, data = MINE, parse_document(MINE, "mine.yaml").data
    for path, value in [
        (("product", "audience"), "public"),
        (("company", "foreign_percent"), 49.5),
        (("company", "mainland_entity"), True),
        (("company", "registered", "ftz"), "none"),
        (("company", "discredited"), []),
        (("services", 0, "offers"), ["own-shop"]),
        (("services", 1, "ai", "model"), "own"),
        (("services", 1, "ai", "use"), "staff"),
        (("partner", "licenses"), [{"instrument": "vats-license"}]),
        (("partner", "licenses", 0, "valid_until"), "2031-01-01"),
        (("data", "persons"), 0),
    ]:
        fact: FactPath = path
        text = write_fact(text, fact, value, comments("en"))
        data = set_fact(data, fact, value)
        assert parse_document(text, "mine.yaml").data == data, path
    kept = [line for line in MINE.splitlines() if "#" in line]
    comments_now = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    assert all(line.partition("#")[2] in comments_now for line in kept)
    assert "foreign_percent: 49.5  # ask Joe" in text
    assert (
        "  # Is the company, a main investor or a main manager on the official blacklist of telecom operators (list of discredited operators)?\n"
        in text
    )
    assert "product: {id: mine, launch: '2027-01-01', audience: public}" in text
    assert "registered: {at: beijing, ftz: none}" in text
    assert text.index("# bye") > text.index("persons: 0")


def test_each_fact_stands_under_its_question(shipped: Bundle) -> None:
    state = start(shipped, TODAY, name="p", lang="zh").answer(DAY).answer([{"id": "s", "offers": ["cdn"]}])
    state = state.answer("business", ("services", 0, "audience"))
    lines = state.document.text.splitlines()
    for fact, asked in [
        ("launch:", "产品计划哪一天上线？"),
        ("offers:", "该服务提供什么？"),
        ("audience:", "服务对象是谁？"),
    ]:
        index = next(index for index, line in enumerate(lines) if fact in line)
        assert lines[index - 1].strip() == f"# {asked}"
    assert not re.search("[A-Za-z]{2,}", "".join(line for line in lines if line.lstrip().startswith("#")))


def test_a_text_that_cannot_be_kept_is_written_anew_and_says_so(shipped: Bundle) -> None:
    shared = (
        "schema: 2\nproduct: {id: p}\ncompany: {}\nservices:\n"
        "- &one\n  id: a\n  facilities: &f [beijing]\n- id: b\n  facilities: *f\n"
    )
    document = parse_document(shared, "p.yaml")
    state = start(shipped, TODAY, document, as_of=DAY).answer("none", ("services", 0, "facilities", 0, "ftz"))
    assert state.rewritten
    assert state.data["services"][0]["facilities"] == [{"at": "beijing", "ftz": "none"}]
    assert state.data["services"][1]["facilities"] == ["beijing"]


def test_json_is_gone_on_with_as_yaml(shipped: Bundle) -> None:
    source = parse_document('{"schema": 2, "product": {"id": "p"}, "company": {}, "services": []}', "p.json")
    state = start(shipped, TODAY, source)
    assert state.document.text.startswith("# ")
    assert state.data == source.data


@pytest.mark.parametrize("text", ["schema: 2\n", "", "a: [", "schema: 2\nproduct: {id: p}\ncompany: 3\nservices: []\n"])
def test_what_is_no_profile_is_refused(shipped: Bundle, text: str) -> None:
    with pytest.raises(InvalidInput):
        start(shipped, TODAY, parse_document(text, "p.yaml"))


def test_any_profile_is_rendered_as_it_is() -> None:
    import random

    from tests.support.random_inputs import Profiles

    profiles = Profiles(random.Random(7))
    for _ in range(60):
        data = profiles.profile().document.data
        for lang in ("en", "zh"):
            assert parse_document(render(data, lang), "p.yaml").data == data


def test_any_fact_can_be_left_out_and_written_again() -> None:
    """Whatever is written into a random profile, in block or flow style, the text then says exactly that."""
    import random

    from tests.support.random_inputs import Profiles

    draw = random.Random(11)
    profiles = Profiles(draw)
    written = 0
    for _ in range(trials(240)):
        data = profiles.profile(missing=0.1).document.data
        path = _some_fact(draw, data)
        bare = json.loads(json.dumps(data))
        owner = bare
        for step in path[:-1]:
            owner = owner[step]
        value = owner.pop(path[-1])
        text = render(bare, "en") if draw.random() < 0.5 else json.dumps(bare, ensure_ascii=False)
        found = parse_document(write_fact(text, path, value, comments("zh")), "p.yaml").data
        assert found == set_fact(bare, path, value), path
        written += 1
    assert written == trials(240)


def _some_fact(draw: Any, data: Any) -> FactPath:
    paths: list[FactPath] = []

    def visit(value: Any, path: FactPath) -> None:
        if isinstance(value, dict):
            for key, child in value.items():
                if key not in ("id", "schema", "product", "company", "services", "at", "instrument"):
                    paths.append((*path, key))
                visit(child, (*path, key))
        elif isinstance(value, list):
            for index, child in enumerate(value):
                visit(child, (*path, index))

    visit(data, ())
    return draw.choice(paths)  # type: ignore[no-any-return]


def test_a_denial_that_an_unknown_license_may_lift_is_neither_settled_nor_open(shipped: Bundle) -> None:
    state = begin(shipped, "video-sharing", audience="public", operated_by="company", channels=["app"])
    state = state.answer(["china"], ("services", 0, "area")).answer(0, ("company", "state_percent"))
    assert state.decided
    assert not state.settled
    first, *rest = closing(state, early=False, file="p.yaml", lang="en")
    assert first == "On the facts stated: DENY. Missing answers may change it."
    assert rest == ["To continue, run: vatspolicy ask p.yaml"]
    denied = begin(shipped, "data-center", audience="public", operated_by="company", hosting="mainland")
    denied = denied.answer("wuhan", ("company", "registered")).answer(100, ("company", "foreign_percent"))
    settled = list(closing(denied, early=False, file="p.yaml", lang="en"))
    assert settled[0] == "The decision is settled: DENY."
    assert "could add obstacles and duties" in settled[1]
