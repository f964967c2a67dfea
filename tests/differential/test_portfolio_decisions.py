"""A database decides as the evaluator does: whole decisions, on fixtures and random profiles, on days of change.

The long run takes four days of change and 500 random profiles. With VATSPOLICY_FUZZ=20 every fixture is decided on every
day on which the law changes, and 10,000 random profiles on forty days. Sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import functools
import random
from collections import Counter
from typing import Any

import pytest

from tests.support.effort import SEED, TIMES, trials
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.samples import shipped
from tests.support.shipped import fixture_files
from tests.support.unread_law import unread_law
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.screening.engines import decide

pytest.importorskip("duckdb", reason="the extra `portfolio` is not installed")
pytest.importorskip("sqlglot", reason="the extra `portfolio` is not installed")

from tests.support.portfolios import DuckDecider
from vatspolicy.screening.duckdb_engine import connect

FIXTURES = sorted(path for path in fixture_files())


@pytest.fixture(scope="module")
def database() -> Any:
    with connect(threads=2) as connection:
        yield connection


@pytest.fixture(scope="module")
def fixtures() -> list[Profile]:
    return [load_profile(path) for path in FIXTURES]


def test_the_answer_about_one_profile_is_that_of_evaluate(fixtures: list[Profile]) -> None:
    """`decide` leaves explanations out, and adds a word for each service."""
    bundle, hints = shipped()
    draw = random.Random(SEED + 20)
    profiles = Profiles(draw, hints)
    words = Counter[str]()
    for profile in [*fixtures, *(profiles.profile() for _ in range(trials(60)))]:
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        full = evaluate(bundle, profile, day)
        answer = decide(bundle.on(day), profile.facts, day)
        words[answer["decision"]] += 1
        assert (answer["decision"], (answer["mildest"], answer["strictest"])) == (full.decision, full.range)
        assert answer["id"] == full.product
        for one, service in zip(answer["services"], full.services, strict=True):
            assert (one["id"], one["state"]) == (service.id, service.state)
            found = {activity["class"]: activity["decision"] for activity in one["activities"]}
            assert found == {activity.cls: activity.outcome for activity in service.activities}
        fired = {
            finding.rule.name for finding in (*full.denials, *full.duties, *full.advice) if finding.state == "fires"
        }
        fired = {name for name in fired if bundle.rule(name).kind != "need"}
        assert fired <= set(answer["rules"])
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


@functools.lru_cache(2)
def decider(database: Any, law: RuleSet, day: str) -> DuckDecider:
    """Tests that follow one another ask about one day, and its query takes three seconds to make."""
    return DuckDecider(database, law, day)


def compare(database: Any, profiles: list[Profile], day: str, bundle: Bundle | None = None) -> Counter[str]:
    """Decide all in DuckDB and by the evaluator; the decision words, counted."""
    law = (bundle or shipped()[0]).on(day)
    found = decider(database, law, day).decide([profile.facts for profile in profiles])
    expected = [decide(law, profile.facts, day) for profile in profiles]
    for one, other in zip(found, expected, strict=True):
        assert one == other, day
    return Counter(answer["decision"] for answer in expected)


def test_every_fixture_on_days_of_change(database: Any, fixtures: list[Profile]) -> None:
    bundle, _ = shipped()
    days = list(bundle.boundaries)
    chosen = days if TIMES >= 20 else sorted(random.Random(SEED + 21).sample(days, min(trials(4), len(days))))
    words = sum((compare(database, fixtures, day) for day in chosen), Counter[str]())
    assert words.total() == len(FIXTURES) * len(chosen) > 300 * TIMES
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


def test_random_profiles_with_missing_facts(database: Any) -> None:
    bundle, hints = shipped()
    draw = random.Random(SEED + 22)
    profiles = Profiles(draw, hints)
    words = Counter[str]()
    days = [max(near_days(draw, bundle.boundaries), bundle.covers_from) for _ in range(trials(10))]
    for day in days:
        words += compare(database, [profiles.profile() for _ in range(250)], day)
    assert words.total() == 250 * len(days)
    assert min(words["deny"], words["incomplete"], words["allow"] + words["needs-license"]) > 1


def test_a_product_without_services(database: Any) -> None:
    profile = load_profile({"schema": 2, "product": {"id": "bare"}, "company": {}, "services": []})
    assert compare(database, [profile], "2026-01-01") == {"incomplete": 1}


def test_an_opinion_settles_a_contested_class(database: Any, fixtures: list[Profile]) -> None:
    bundle, _ = shipped()
    draw = random.Random(SEED + 23)
    law = bundle.on("2026-01-01")
    assert any(rule.contested for rule in law.rules_for("service", "classify"))
    changed = []
    for profile in fixtures:
        opinions = [
            {
                "about": "class",
                "service": service["id"],
                "classes": draw.sample(["B11", "B21-transaction", "B25-publishing", "B22"], draw.randrange(3)),
                "by": "authority",
                "date": draw.choice(("1999-01-01", "2025-01-01", "2026-01-01", "2026-01-02")),
            }
            for service in profile.document.data["services"]
        ]
        changed.append(load_profile({**profile.document.data, "opinions": opinions}))
    assert compare(database, changed, "2026-01-01").total() == len(FIXTURES)


def test_law_that_nobody_has_read_and_opinions_on_it(database: Any, fixtures: list[Profile]) -> None:
    bundle, _ = shipped()
    draw = random.Random(SEED + 24)
    words = Counter[str]()
    for turn in range(trials(2)):
        unread = unread_law(bundle, draw, 0.3 + 0.2 * (turn % 2))
        profiles = Profiles(draw, hints_of(unread))
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        words += compare(database, [profiles.profile(0.1) for _ in range(200)], day, unread)
        settled = []
        for profile in fixtures:
            services = [service["id"] for service in profile.document.data["services"]]
            settled.append(load_profile({**profile.document.data, "opinions": profiles.opinions(services)}))
        words += compare(database, settled, day, unread)
    assert min(words[word] for word in ("allow", "needs-license", "deny", "incomplete")) > 1
