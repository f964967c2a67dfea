"""Threads that share a bundle decide as one thread does, whatever they find first."""

from __future__ import annotations

import functools
import json
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import pytest

from tests.support.effort import part
from tests.support.records import decision_to_data
from tests.support.shipped import POLICIES, fixture_files
from vatspolicy.core.documents.schemas import SchemaSet, resource_place
from vatspolicy.core.documents.validation import Validator
from vatspolicy.core.engine import brief, explanation
from vatspolicy.core.engine.brief import brief_parts
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.law_texts import LawTexts
from vatspolicy.core.policies import expression_evaluator, ruleset
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile

T = TypeVar("T")
Records: TypeAlias = dict[str, bytes]
"""The records of one product by form."""
THREADS = 8
DAY = "2026-11-26"
FORMS = ("full", "brief")


def fresh_bundle() -> Bundle:
    """The shipped law under schemas of its own, of which nothing has been asked yet."""
    return load_bundle(POLICIES, SchemaSet.from_folder(resource_place("schemas")))


def make_records(bundle: Bundle, file: Path) -> Records:
    profile = load_profile(file, schemas=bundle.schemas)
    decision = evaluate(bundle, profile, profile.launch or DAY)
    data: dict[str, Any] = {
        "full": decision_to_data(bundle, profile, decision),
        "brief": {key: make() for key, make in brief_parts(bundle, profile, decision).items()},
    }
    return {form: json.dumps(data[form], ensure_ascii=False).encode() for form in FORMS}


def decide_in_threads(files: Sequence[Path]) -> Iterator[tuple[Path, Records]]:
    """The records that threads make at once from a fresh bundle."""
    bundle, start = fresh_bundle(), threading.Barrier(THREADS)
    shares = [files[thread::THREADS] for thread in range(THREADS)]

    def work(share: Sequence[Path]) -> list[tuple[Path, Records]]:
        start.wait()
        return [(file, make_records(bundle, file)) for file in share]

    with ThreadPoolExecutor(THREADS) as pool:
        for found in pool.map(work, shares):
            yield from found


def differing_bytes(found: bytes, expected: bytes) -> int:
    return abs(len(found) - len(expected)) + sum(one != other for one, other in zip(found, expected, strict=False))


def compare(found: Iterable[tuple[Path, Records]], expected: Mapping[Path, Records]) -> None:
    """Fail with the number of differing bytes of each record that is not the one of one thread."""
    decided = dict(found)
    assert decided.keys() == expected.keys()
    differing = {
        f"{file.stem} ({form})": differing_bytes(records[form], expected[file][form])
        for file, records in decided.items()
        for form in FORMS
        if records[form] != expected[file][form]
    }
    assert differing == {}


@pytest.fixture(scope="module")
def expected() -> dict[Path, Records]:
    bundle = fresh_bundle()
    return {file: make_records(bundle, file) for file in part(fixture_files(), 9)}


@pytest.mark.parametrize("interval", [sys.getswitchinterval(), 1e-6])
def test_threads_that_share_a_bundle_decide_as_one_thread(expected: dict[Path, Records], interval: float) -> None:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(interval)
    try:
        compare(decide_in_threads([*expected]), expected)
    finally:
        sys.setswitchinterval(usual)


def test_a_thread_that_pauses_while_it_finds_something_confuses_no_other(
    expected: dict[Path, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each function that makes what a bundle keeps lets the other threads go on before it returns."""
    for module, name in (
        (explanation, "compile_interpreter"),
        (explanation, "_facts_named"),
        (expression_evaluator, "compile_interpreter"),
        (ruleset.RuleSetsByDay, "_make"),
        (brief.BriefSerializer, "_fixed"),
        (LawTexts, "_new_citation"),
    ):
        monkeypatch.setattr(module, name, pausing(getattr(module, name)))
    some = [*expected][:: max(1, len(expected) // 24)]
    compare(decide_in_threads(some), {file: expected[file] for file in some})


def pausing(make: Callable[..., T]) -> Callable[..., T]:
    """A function that pauses before it returns."""

    @functools.wraps(make)
    def pause(*arguments: Any, **named: Any) -> T:
        found = make(*arguments, **named)
        time.sleep(1e-5)
        return found

    return pause


def test_a_rule_set_and_what_is_derived_from_schemas_are_one_for_all_threads() -> None:
    bundle, start = fresh_bundle(), threading.Barrier(THREADS)

    def ask(__: int) -> tuple[int, int]:
        start.wait()
        return id(bundle.on(DAY)), id(Validator.of("profile", bundle.schemas))

    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            assert len({*pool.map(ask, range(THREADS))}) == 1
    finally:
        sys.setswitchinterval(usual)
