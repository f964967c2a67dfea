"""Fixtures told to the interview, from nothing: the same decision, by few questions, each asked once. The long run tells all."""

from __future__ import annotations

import functools
import json
import random
import statistics
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.effort import LONG, SEED, part
from tests.support.members import for_each
from tests.support.shipped import fixture_file, fixture_files, shipped_bundle
from vatspolicy.authoring.testing.cases import one_fixture
from vatspolicy.core.documents import Path as FactPath
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.engine.possible_values import possible_answers
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Need
from vatspolicy.core.profile.edits import get_fact, set_fact
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.core.profile.vocabulary import INHERITED, describe, gazetteer
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.interview import Interview, start
from vatspolicy.guidance.interview.questions import combine, sort_choices, usual_words
from vatspolicy.guidance.interview.terminal import Terminal
from vatspolicy.guidance.interview.writer import render
from vatspolicy.i18n import LANGUAGES

TODAY = "2026-11-24"

SCREEN = "screen"
"""Last step of the path of a screen, which is asked before the choices of its fact."""
SHOP = "own-shop-shanghai"
PILOT_IDC = ("pudong-lingang", "hosting-lingang-2024", "shenzhen-outside-zone")
TERMINALS = tuple(Terminal(lambda _: None, print, print, lang, False, 80) for lang in LANGUAGES)
NAMES = part([path.stem for path in fixture_files()], 24, (SHOP, *PILOT_IDC))


@functools.cache
def shipped() -> Bundle:
    return shipped_bundle()


@dataclass(frozen=True)
class Told:
    """How an interview went."""

    expected: str
    decision: str
    asked: tuple[tuple[FactPath, ...], ...]
    """The facts of each question."""
    texts: tuple[str, ...]
    """The file after each answer."""
    screens: tuple[int, ...]
    """The lines of each question with its prompt, in 80 columns: the larger number of the two languages."""


def facts_by_one(path: FactPath, value: Any) -> Any:
    """What a person answers to one question: places without zones, licenses without details; those come later."""
    if isinstance(value, dict) and "at" in value:
        return value["at"]
    if isinstance(value, list) and path[-1] in ("area", "facilities"):
        return [one["at"] if isinstance(one, dict) else one for one in value]
    if isinstance(value, list) and path[-1] == "licenses":
        return [{"instrument": one["instrument"]} for one in value]
    return [{"kind": one["kind"]} for one in value] if path == ("deals",) else value


def told(facts: dict[str, Any], path: FactPath, as_of: str) -> Any:
    """The answer that the facts of a fixture give to a question or its screen; None where they have none."""
    if path[-1] == SCREEN:
        kinds = told(facts, path[:-1], as_of)
        return None if kinds is None else ["own", "users"] if kinds else ["no-content"]
    if path == ("product", "launch"):
        return as_of
    if path == ("services",):
        return [{key: one[key] for key in ("id", "offers") if key in one} for one in facts["services"]]
    value = get_fact(facts, path)
    if path[-1] == "at" and value is not None and gazetteer()[value].get("divided"):
        return None  # the fixture states the city alone, not the district
    if value is None and path[0] == "services" and path[2] in INHERITED:
        value = get_fact(facts["product"], path[2:])
    if value is None and path[-1] == "mainland_entity" and (site := get_fact(facts, (path[0], "registered"))):
        return gazetteer()[facts_by_one(path, site)]["province"] != "overseas"
    if value is None and path in (("deals",), ("company", "licenses")):
        return []  # what a profile does not declare is not there; what a partner holds is unknown
    return facts_by_one(path, value)


def paths_of(state: Interview) -> tuple[FactPath, ...]:
    """The facts that a question asks for; a screen counts as another fact."""
    assert state.question is not None
    parts = state.question.parts or (state.question,)
    return tuple((*part.path, SCREEN) if part.screen else part.path for part in parts)


def reply(state: Interview, values: Mapping[FactPath, Any]) -> Interview:
    """The state after an answer to each part of the question; None for one that is not known."""
    if len(values) > 1:
        facts = ([step for step in path if step != SCREEN] for path in values)
        return state.answer_parts({".".join(map(str, path)): v for path, v in zip(facts, values.values(), strict=True)})
    (value,) = values.values()
    return state.skip() if value is None else state.answer(value)


@functools.cache
def tell(name: str) -> Told:
    case = next(iter(one_fixture(shipped(), fixture_file(name))))
    facts = case.profile.document.data
    state = start(shipped(), TODAY, allow_past=True)
    asked, texts, screens = [], [], []
    while state.question is not None:
        asked.append(paths_of(state))
        question = combine(state.question)
        screens.append(1 + max(len(list(shown.question(state, question))) for shown in TERMINALS))
        state = reply(state, {path: told(facts, path, case.as_of) for path in asked[-1]})
        texts.append(state.document.text)
    return Told(case.expect["decision"], state.decision.decision, tuple(asked), tuple(texts), tuple(screens))


@for_each(NAMES)
def test_the_interview_decides_as_the_fixture_does(name: str) -> None:
    went = tell(name)
    assert went.decision == went.expected
    facts = [path for paths in went.asked for path in paths]
    assert len(set(facts)) == len(facts), "no fact twice"
    assert went.asked[:2] == ((("product", "id"), ("product", "launch")), (("services",),))
    for text in (went.texts[len(went.texts) // 2], went.texts[-1]):
        read_profile(parse_document(text, f"{name}.yaml"))


def test_few_questions_decide() -> None:
    """The name with the day and the services are counted, and so are licenses held and deals. The long run tells all."""
    counts = {name: len(tell(name).asked) for name in NAMES}
    assert all(went.decision == went.expected for went in map(tell, NAMES))
    assert counts[SHOP] <= 7
    assert all(counts[name] <= 10 for name in PILOT_IDC)
    assert statistics.median(counts.values()) <= (9 if LONG else 10), "the sample has more pilots than the whole"
    assert max(counts.values()) <= 16, "a partner that holds licenses"


def test_what_a_product_has_is_among_the_first_choices() -> None:
    """Of the features and kinds of content that fixtures state, most are usual for what the service offers."""
    schemas, stated, usual = shipped().schemas, 0, 0
    for file in fixture_files():
        data = load_document(file).data
        facts = data.get("profile", data)
        for at, service in enumerate(facts.get("services", ())):
            for name in ("features", "content"):
                path = ("services", at, name)
                choices, words = sort_choices(facts, path, schemas), usual_words(facts, path, schemas)
                stated += len(service.get(name, ()))
                usual += len(set(service.get(name, ())) & set(words))
                assert set(choices) == set(describe((*path, 0), schemas)["enum"]), "no choice is lost"
                assert len(words) <= 7
    assert usual >= 0.8 * stated > 50


def test_each_question_fits_on_a_screen_of_24_lines() -> None:
    assert max(max(tell(name).screens) for name in NAMES) <= 24


@pytest.mark.parametrize("name", [SHOP, PILOT_IDC[0], "partner-licensed"])
def test_nothing_else_is_asked_than_what_can_still_decide(name: str) -> None:
    """Each question is about a fact that the evaluator misses, for the word or for a license, or a list that matters."""
    case = next(iter(one_fixture(shipped(), fixture_file(name))))
    state = start(shipped(), TODAY, allow_past=True)
    declared = []
    while (question := state.question) is not None:
        decision = evaluate(shipped(), state.profile, state.day)
        licenses = [found for found in decision.undetermined if isinstance(found.rule.effect, Need)]
        missing = {ask.path for ask in (*decision.missing, *(ask for found in licenses for ask in found.missing))}
        missing |= {(*path[:-1], "valid") for path in missing if path[-1] == "valid_until"}  # asked for in vain
        declared += [
            one.path
            for one in question.parts or (question,)
            if question.phase == "decision" and one.path not in missing and one.implied is None
        ]
        state = reply(state, {path: told(case.profile.document.data, path, case.as_of) for path in paths_of(state)})
    assert set(declared) <= {("company", "licenses"), ("partner", "licenses"), ("deals",)}
    assert state.settled


def test_the_duties_follow_where_they_are_wanted() -> None:
    facts = load_document(fixture_file(SHOP)).data
    bare = {**facts, "data": {}, "product": {"id": "shop", "launch": "2027-03-01"}}
    state = start(shipped(), TODAY, parse_document(render(bare, "en"), "shop.yaml"), complete=True)
    assert state.further > 0
    phases: list[str] = []
    while (question := state.question) is not None and len(phases) < 25:
        phases.append(question.phase)
        state = reply(state, {path: told(facts, path, state.day) for path in paths_of(state)})
    assert phases == ["decision"] + ["duties"] * (len(phases) - 1), "whether there are deals, then duties"
    assert 5 <= len(phases) < 25
    assert state.decision.decision == "allow"
    open_duties = [f for f in state.decision.undetermined if type(f.rule.effect).__name__ == "Duty"]
    assert all(ask.path in state.skipped for finding in open_duties for ask in finding.missing)


# --- answers that are not known


def further_facts(state: Interview) -> list[tuple[FactPath, Any]]:
    """Facts that are still open with values that they may have, and entries of lists that are not declared."""
    law = state.bundle.on(state.day)
    open_facts = {ask.path: ask.rules for finding in state.decision.undetermined for ask in finding.missing}
    found = [
        (path, value)
        for path, rules in open_facts.items()
        if path != ("opinions",)
        for value in possible_answers(state.bundle, law, state.data, path, rules, state.day)
    ]
    if state.data.get("deals") is None:
        found += [(("deals",), [{"kind": kind}]) for kind in describe(("deals", 0, "kind"))["enum"]]
    if state.data["company"].get("licenses") is None:
        found += [(("company", "licenses"), [{"instrument": name}]) for name in law.access]
    return found


def broken_promises(state: Interview) -> list[str]:
    """Facts that change the word although the interview says that the answer is settled."""
    found = []
    for path, value in further_facts(state):
        try:
            changed = read_profile(parse_document(json.dumps(set_fact(state.data, path, value)), "changed.json"))
        except InvalidInput:
            continue
        if (
            possible_outcomes(state.bundle.on(state.day), changed, state.day, False).range
            != state.possible_outcomes.range
        ):
            found.append(f"{'.'.join(map(str, path))} = {value}")
    return found


@for_each(NAMES)
def test_no_question_comes_twice_and_what_is_settled_stays_where_answers_are_not_known(name: str) -> None:
    draw = random.Random(f"{SEED} {name}")
    case = next(iter(one_fixture(shipped(), fixture_file(name))))
    state, asked = start(shipped(), TODAY, allow_past=True), []
    while state.question is not None:
        values = {}
        for path in paths_of(state):
            assert path not in asked, "no question twice"
            asked.append(path)
            must = path in (("product", "launch"), ("services",))
            unknown = not must and draw.random() < 0.3
            values[path] = None if unknown else told(case.profile.document.data, path, case.as_of)
        state = reply(state, values)
        if state.settled:
            assert broken_promises(state) == []
