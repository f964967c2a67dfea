"""Every fixture with each single fact left out, and with pairs of facts.

The decision with them stays within the range without them. What the missing facts name settles the word again.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import SEED, part, trials
from tests.support.facts_left_out import facts_of, without
from tests.support.members import for_each
from tests.support.shipped import fixture_files, shipped_bundle
from vatspolicy.core.documents import Path as FactPath
from vatspolicy.core.documents import load_document
from vatspolicy.core.engine.decision import WORDS, Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput

STATED_BY = {"mainland_entity": "registered", "valid_until": "valid"}
"""Facts that a profile may state by another fact of the same object."""
OFFERS = {"offers", "licensed_for"}
"""Facts that say what a service is: what else it depends on is named once they are stated."""
Case = tuple[str, Any, str]
"""Name of a fixture, its data and a day on which it is decided."""


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


def cases(files: Iterable[Path]) -> Iterator[Case]:
    for file in files:
        days = {one["as_of"] for one in load_document(file.with_suffix(".expect.yaml")).data["decisions"]}
        for day in sorted(days):
            yield file.stem, load_document(file).data, day


@functools.cache
def all_cases() -> tuple[Case, ...]:
    return tuple(cases(fixture_files()))


def decide(law: Bundle, data: Any, day: str) -> Decision:
    return evaluate(law, load_profile(data), day, compare=False, explain=False)


def leave_out(data: Any, paths: Iterable[FactPath]) -> Any:
    for path in sorted(paths, key=len, reverse=True):
        data = without(data, path)
    return data


def is_named(path: FactPath, decision: Decision) -> bool:
    """Whether a missing fact is this one, lies in it or holds it."""
    for named in (fact.path for fact in decision.missing):
        common = min(len(named), len(path))
        if named[:common] == path[:common] or path == (*named[:-1], STATED_BY.get(str(named[-1]))):
            return True
    return False


def problem(law: Bundle, case: Case, whole: Decision, paths: tuple[FactPath, ...]) -> str | None:
    """What is wrong with the answer to a profile that lacks some facts, by the one with them; None if all is well."""
    name, data, day = case
    try:
        open_one = decide(law, leave_out(data, paths), day)
    except InvalidInput:  # a fact that every profile must have, or one without which two others disagree
        return None
    place = f"{name} on {day} without {' and '.join('.'.join(map(str, path)) for path in paths)}"
    (lower, higher), (low, high) = (map(WORDS.index, one.range) for one in (open_one, whole))
    if not lower <= low <= high <= higher:
        return f"{place}: {open_one.range} leaves out {whole.range}"
    if open_one.range == whole.range:
        return None
    unnamed = [path for path in paths if not is_named(path, open_one)]
    answered = decide(law, leave_out(data, unnamed), day)
    if answered.range != whole.range and {str(path[-1]) for path in paths} & OFFERS:
        unnamed = [path for path in unnamed if not is_named(path, answered)]
        answered = decide(law, leave_out(data, unnamed), day)
    return None if answered.range == whole.range else f"{place}: {unnamed} settles the word and is not named"


@for_each(part(fixture_files(), 10))
def test_a_fact_left_out_never_leaves_the_range_and_is_named_if_it_settles(file: Path, shipped: Bundle) -> None:
    found = []
    for case in cases([file]):
        whole = decide(shipped, *case[1:])
        found += [problem(shipped, case, whole, (path,)) for path in facts_of(case[1], ())]
    assert [one for one in found if one] == []


def test_two_facts_left_out_never_leave_the_range_and_are_named_if_they_settle(shipped: Bundle) -> None:
    draw, found, narrowed = random.Random(SEED + 40), [], 0
    for _ in range(trials(5_000)):
        case = draw.choice(all_cases())
        one, other = draw.sample(list(facts_of(case[1], ())), 2)
        if one[: len(other)] == other or other[: len(one)] == one:
            continue
        narrowed += 1
        found.append(problem(shipped, case, decide(shipped, *case[1:]), (one, other)))
    assert [one for one in found if one] == []
    assert narrowed > trials(4_500)
