"""Pairs of profiles to try a property with: those of the tests, each with a fact less or a word more."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from typing import TypeVar

from vatspolicy.authoring.analysis.settings import LawProperty
from vatspolicy.authoring.symbolic.witness import Place, is_valid_and_holds, places, without
from vatspolicy.authoring.testing.cases import Case, cases_of
from vatspolicy.core.cel.interpreter import compile_interpreter
from vatspolicy.core.documents.plain import Facts, Tree
from vatspolicy.core.engine.subjects import product_activation, service_activation
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile

TRIALS = 500
"""Pairs of profiles that are decided, spread over the tests of all policies."""

MOST_CHANGES = 12
"""Changes of one test that are tried."""

T = TypeVar("T")
Pair = tuple[dict[str, Tree], dict[str, Tree], str]
"""Two profiles and a day."""


def make_pairs(bundle: Bundle, wanted: LawProperty) -> Iterator[Pair]:
    """Yield pairs of valid profiles that a property is about, at most `TRIALS`; the same ones in each run."""
    cases = [case for policy in bundle.policies.values() for case in cases_of(bundle, policy)]
    chosen = cases[:: max(1, len(cases) // TRIALS)]
    # one change of each test after the other, and then a second one of each
    turns = itertools.zip_longest(*(_pairs(bundle, wanted, case, number) for number, case in enumerate(chosen)))
    yield from itertools.islice((pair for turn in turns for pair in turn if pair is not None), TRIALS)


def _pairs(bundle: Bundle, wanted: LawProperty, case: Case, number: int) -> Iterator[Pair]:
    data = dict(case.profile.document.data)
    if not wanted.with_opinions and data.get("opinions"):
        return
    for one, two in itertools.islice(_change(bundle, wanted, data, number), MOST_CHANGES):
        meant = _is_meant(bundle, wanted, one, case.as_of)
        if meant and is_valid_and_holds(two, lambda profile: True, bundle.schemas):
            yield one, two, case.as_of


def _change(
    bundle: Bundle, wanted: LawProperty, data: dict[str, Tree], number: int
) -> Iterator[tuple[dict[str, Tree], dict[str, Tree]]]:
    """Yield the profile with a change of it; `number` chooses which comes first."""
    if wanted.form == "more_facts":
        kept = frozenset(wanted.body.get("except", ()))
        for place in _turned([place for place in places(data) if _may_be_hidden(place, kept)], number):
            less = without(data, place)
            if less is not None:
                yield less, data
        return
    name = str(wanted.body["fact"]).removeprefix("services.*.")
    item = bundle.schemas.load("profile")["properties"]["services"]["items"]["properties"][name]["items"]
    services = data["services"]
    for word in _turned(item["enum"], number * 7):
        if services and word not in services[0].get(name, [word]):
            more = copy.deepcopy(data)
            more["services"][0][name].append(word)
            yield data, more


def _turned(things: Sequence[T], number: int) -> Sequence[T]:
    start = number % len(things) if things else 0
    return [*things[start:], *things[:start]]


def _may_be_hidden(place: Place, kept: frozenset[str]) -> bool:
    """Return whether a fact may be left out: no member of a list, no name, nothing that is kept or handed down."""
    path = ".".join("*" if isinstance(step, int) else step for step in place)
    own = place[-1]
    steps = {step for step in place if isinstance(step, str)}
    return (
        isinstance(own, str)
        and own not in ("id", "at", "instrument", "date")
        and not (own in kept or path in kept or steps & kept or place[0] in ("schema", "product"))
    )


def _is_meant(bundle: Bundle, wanted: LawProperty, data: Facts, day: str) -> bool:
    """Return whether a profile is valid, has one service, and satisfies the condition of the property."""

    def holds(profile: Profile) -> bool:
        if wanted.when is None:
            return True
        product = product_activation(profile, day)
        activation = product
        if wanted.body["each"] == "service":
            activation = service_activation(product, product["services"][0])
        return compile_interpreter(wanted.when, {})(activation) is True

    return len(data["services"]) == 1 and is_valid_and_holds(data, holds, bundle.schemas)
