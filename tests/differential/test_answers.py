"""The answer about a row of a portfolio is that of the whole evaluator, which leaves nothing out.

Fixtures and random profiles, on days of change. With VATSPOLICY_FUZZ=20, all are decided on every day on which the law
changes. Sizes are of tests/support/effort.py.
"""

from __future__ import annotations

import random
from collections import Counter

import pytest

from tests.support.effort import LONG, SEED, TIMES, trials
from tests.support.partly_stated import DAY, partly_stated
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.samples import shipped
from tests.support.shipped import fixture_files
from tests.support.unread_law import unread_law
from tests.support.whole_answers import whole_answer
from vatspolicy import clock
from vatspolicy.core.engine.answer import INDEXED, answer
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile

FIXTURES = sorted(path for path in fixture_files())


@pytest.fixture(scope="module")
def fixtures() -> list[Profile]:
    return [load_profile(path) for path in FIXTURES]


def test_the_answer_about_one_profile_is_that_of_evaluate(fixtures: list[Profile]) -> None:
    """`answer` leaves explanations out, and adds a word for each service."""
    bundle, hints = shipped()
    draw = random.Random(SEED + 20)
    profiles = Profiles(draw, hints)
    words = Counter[str]()
    for profile in [*fixtures, *(profiles.profile() for _ in range(trials(60)))]:
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        full = evaluate(bundle, profile, day)
        found = answer(bundle.on(day), profile.facts, day)
        words[found["decision"]] += 1
        assert (found["decision"], tuple(found["range"])) == (full.decision, full.range)
        assert found["id"] == full.product
        for one, service in zip(found["services"], full.services, strict=True):
            assert (one["id"], one["state"]) == (service.id, service.state)
            activities = {activity["class"]: activity["decision"] for activity in one["activities"]}
            assert activities == {activity.cls: activity.outcome for activity in service.activities}
        fired = {
            finding.rule.name for finding in (*full.denials, *full.duties, *full.advice) if finding.state == "fires"
        }
        fired = {name for name in fired if bundle.rule(name).kind != "need"}
        assert fired <= set(found["rules"])
    assert set(words) == {"allow", "needs-license", "deny", "incomplete"}


def compare(profiles: list[Profile], day: str, bundle: Bundle) -> Counter[str]:
    """Compare the answers with those of the whole evaluator; the decision words, counted."""
    law, words = bundle.on(day), Counter[str]()
    law.build_indexes(INDEXED)
    for profile in profiles:
        found = answer(law, profile.facts, day)
        assert found == whole_answer(law, profile, day), (profile.name, day)
        words[found["decision"]] += 1
    return words


def test_fixtures_and_random_profiles_on_days_of_change(fixtures: list[Profile]) -> None:
    """As they are, with missing or partly stated facts, without services, with opinions on classes that are contested."""
    bundle, hints = shipped()
    draw = random.Random(SEED + 22)
    random_ones, words, contested = Profiles(draw, hints), Counter[str](), 0
    near = (max(near_days(draw, bundle.boundaries), bundle.covers_from) for _ in range(trials(10)))
    bare = load_profile({"schema": 2, "product": {"id": "bare"}, "company": {}, "services": []})
    for day in bundle.boundaries if TIMES >= 20 else (DAY, *(near if LONG else ())):
        profiles = [*fixtures, bare, *partly_stated(), *(random_ones.profile() for _ in range(250))]
        profiles += [with_opinions(draw, profile, day) for profile in fixtures]
        words += compare(profiles, day, bundle)
        contested += any(rule.contested for rule in bundle.on(day).rules_for("service", "classify"))
    assert min(words[word] for word in ("allow", "needs-license", "deny", "incomplete")) > 1
    assert contested


def with_opinions(draw: random.Random, profile: Profile, day: str) -> Profile:
    """The profile with an opinion on the class of each service, which counts on that day or not."""
    opinions = [
        {
            "about": "class",
            "service": service["id"],
            "classes": draw.sample(["B11", "B21-transaction", "B25-publishing", "B22"], draw.randrange(3)),
            "by": "authority",
            "date": draw.choice(("1999-01-01", "2014-01-01", day, clock.later(day, 1))),
        }
        for service in profile.document.data["services"]
    ]
    return load_profile({**profile.document.data, "opinions": opinions})


def test_law_that_nobody_has_read_and_opinions_on_it(fixtures: list[Profile]) -> None:
    bundle, _ = shipped()
    draw = random.Random(SEED + 24)
    words = Counter[str]()
    for turn in range(trials(2)):
        unread = unread_law(bundle, draw, 0.3 + 0.2 * (turn % 2))
        profiles = Profiles(draw, hints_of(unread))
        day = max(near_days(draw, bundle.boundaries), bundle.covers_from)
        settled = [profiles.profile(0.1) for _ in range(200)]
        for profile in fixtures:
            services = [service["id"] for service in profile.document.data["services"]]
            settled.append(load_profile({**profile.document.data, "opinions": profiles.opinions(services)}))
        words += compare(settled, day, unread)
    assert min(words[word] for word in ("allow", "needs-license", "deny", "incomplete")) > 1
