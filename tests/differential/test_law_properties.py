"""Properties of the shipped law, proved."""

from __future__ import annotations

import copy
import functools
import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import LONG, TIMES, long_run, trials
from tests.support.law_properties import SHIPPED
from tests.support.members import for_each
from tests.support.random_inputs import Profiles, hints_of, near_days
from tests.support.shipped import FIXTURES, shipped_bundle
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis.properties import LENGTHS, RefinementProof, Relaxations, prove
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.authoring.analysis.search import all_days
from vatspolicy.authoring.analysis.self_composition import encode_hidden
from vatspolicy.authoring.analysis.witness import states_of
from vatspolicy.authoring.testing.cases import fixture_cases
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.engine.decision import WORDS
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.errors import InvalidInput
from vatspolicy.proofs.query import Query
from vatspolicy.proofs.solver import BUDGET


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return shipped_bundle()


REQUIRED = {
    "pilot-not-before-launch", "no-mainland-entity-no-telecom", "no-way-for-prohibited-content",
    "higher-share-never-opens", "higher-share-keeps-needs", "one-more-license-never-hurts", "more-facts-stay-in-range",
    "more-content-never-loosens", "more-features-never-loosen", "more-offers-never-loosen",
    "foreign-partner-never-helps", "one-more-license-of-the-partner-never-hurts",
    "no-launch-on-a-license-that-does-not-serve", "unlicensed-is-never-allowed",
}  # fmt: skip


def test_the_law_has_its_properties() -> None:
    assert set(SHIPPED) >= REQUIRED


RELAXATIONS: Relaxations = {}
"""Encodings that the proofs below share, which halves their time."""


@needs_solver
@for_each(SHIPPED)
def test_a_property_of_the_law_is_proved(id: str, shipped: Bundle) -> None:
    """`vatspolicy analyze --properties` proves the same."""
    result = prove(shipped, SHIPPED[id], 8 * BUDGET, RELAXATIONS)
    assert (result.verdict, result.witness) == ("proved", None), result


OFFERS = tuple(describe(("services", 0, "offers", 0))["enum"])


def test_a_further_offer_never_loosens(shipped: Bundle) -> None:
    """Fixtures with one offer more, at random. All 17,000 have been tried once, without a milder decision."""
    cases = [case for case in fixture_cases(shipped, FIXTURES) if case.expect["decision"] in ("deny", "needs-license")]
    chance, tried = random.Random(7), 0
    while tried < trials(600):
        case = chance.choice(cases)
        data = copy.deepcopy(case.profile.document.data)
        service = chance.choice(data["services"])
        before = evaluate(shipped, case.profile, case.as_of).decision
        if before == "incomplete" or _left_out(service):
            continue
        service["offers"] = sorted({*service["offers"], chance.choice(OFFERS)})
        after = evaluate(shipped, load_profile(data), case.as_of).decision
        assert after == "incomplete" or WORDS.index(after) >= WORDS.index(before), (case.name, service["offers"])
        tried += 1


def _left_out(service: dict[str, Any]) -> bool:
    """True for a service that the statement of the property leaves out."""
    features, offers = set(service.get("features", ())), set(service["offers"])
    return bool(
        "holds-funds" in features
        or "outside-goods" in service.get("sells", ())
        or offers & {"content-license", "technology-license"}
        or (features & {"user-posts", "user-video"} and "user-exchange" not in features)
    )


def test_what_a_property_cites_is_there(shipped: Bundle) -> None:
    for item in SHIPPED.values():
        for name in item.cite:
            policy, _, article = name.partition("/")
            assert article in shipped.policies[policy].articles


@needs_solver
def test_an_earlier_launch_of_the_pilot_is_refuted(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(resource_folder("policies"), folder)
    path = next(folder.rglob("vats-pilot-2024.yaml"))
    text = path.read_text(encoding="utf-8")
    assert text.count("cite: notice, value: false") == 1
    path.write_text(text.replace("cite: notice, value: false", "cite: notice, value: true"), encoding="utf-8")
    changed = load_bundle(folder)
    result = prove(changed, SHIPPED["pilot-not-before-launch"])
    assert (result.verdict, result.as_of) == ("refuted", "2024-10-22")
    assert result.witness is not None
    states = states_of(changed, result.witness, "2024-10-22", [changed.rule("vats-pilot-2024/pilot-access")])
    assert "open" in states["vats-pilot-2024/pilot-access"]


@long_run
@needs_solver
def test_a_class_that_needs_no_license_any_more_is_refuted(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    shutil.copytree(resource_folder("policies"), folder)
    path = next(folder.rglob("telecom-regulations.yaml"))
    text = path.read_text(encoding="utf-8")
    needed = "when: term.vats && term.reaches_mainland\n"
    assert text.count(needed) == 1
    path.write_text(text.replace(needed, needed[:-1] + ' && activity.class != "B26"\n'), encoding="utf-8")
    changed = load_bundle(folder)
    result = prove(changed, SHIPPED["unlicensed-is-never-allowed"])
    assert (result.verdict, result.decisions) == ("refuted", ("allow",))
    assert result.witness is not None
    assert evaluate(changed, load_profile(dict(result.witness)), str(result.as_of)).decision == "allow"


NEEDED = ("content", "features", "sells", "opinions", "ftz", "valid", "valid_until")


@long_run
@needs_solver
@pytest.mark.parametrize("fact", NEEDED)
def test_the_exceptions_of_more_facts_are_needed(fact: str, shipped: Bundle) -> None:
    excepted = SHIPPED["more-facts-stay-in-range"].body["except"]
    assert refines(shipped, excepted)
    assert not refines(shipped, [name for name in excepted if name != fact])


@functools.cache
def _refines(bundle: Bundle, excepted: tuple[str, ...]) -> bool:
    query = Query(all_days(bundle), dict(LENGTHS), schemas=bundle.schemas)
    return RefinementProof(encode_hidden(query, bundle, excepted, relaxed=False), BUDGET).is_proved()


def refines(bundle: Bundle, excepted: Sequence[str]) -> bool:
    """Whether it is proved part by part that more facts keep the range, but for some facts."""
    return _refines(bundle, tuple(excepted))


def test_a_further_fact_stays_in_the_range(shipped: Bundle) -> None:
    """Facts of whole profiles are taken away; the range of what is left holds that of the whole."""
    draw = random.Random(20241022)
    profiles = Profiles(draw, hints_of(shipped))
    tried = 0
    for _ in range(trials(60)):
        whole = profiles.profile(0.1)
        data = thinned(draw, whole.document.data, "", frozenset(whole.document.data["product"]))
        day = near_days(draw, shipped.boundaries)
        if day < shipped.covers_from:
            continue
        try:
            less = load_profile(data).grant_all()
        except InvalidInput:  # what was left breaks an invariant of the schema
            continue
        (low, high), (lower, higher) = (tuple(map(WORDS.index, evaluate(shipped, p, day).range)) for p in (less, whole))
        assert low <= lower <= higher <= high, (day, data)
        tried += 1
    assert tried > 25 * TIMES


KEPT = (
    "id", "schema", "at", "ftz", "licenses", "deals", "filings", "licensed_for", "content", "features", "sells",
    "opinions", "valid", "valid_until", "instrument", "date",
)  # fmt: skip


def thinned(draw: random.Random, value: Any, path: str = "", said: frozenset[str] = frozenset()) -> Any:
    """The facts without some of them; lists stay whole, and so does what may replace an answer."""
    if isinstance(value, dict):
        found = {}
        for key, child in value.items():
            kept = key in KEPT and (path, key) != (".partner", "licenses")
            fixed = kept or (path == "" and key in ("product", "company", "services"))
            # what the product says is handed down where a service says nothing: not a missing fact but another one
            handed_down = path == ".product" or (path == ".services.*" and key in said)
            if fixed or handed_down or draw.random() < 0.75:
                found[key] = child if kept else thinned(draw, child, f"{path}.{key}", said)
        return found
    if isinstance(value, list):
        return [thinned(draw, member, f"{path}.*", said) if isinstance(member, dict) else member for member in value]
    return value


@needs_solver
def test_the_shipped_structure_and_gaps() -> None:
    """Conflicts and gaps are searched over all profiles: in the long run."""
    kinds = (
        "dates-overlap", "dates-missing", "unused-parameter", "unused-term", *(("conflict", "gap") if LONG else ()),
    )  # fmt: skip
    report = run_analysis(AnalysisRequest(kinds=kinds, properties=False))
    assert report.failing == ()
    assert report.not_evaluated == ()
    assert [finding.kind for finding in report.findings if finding.accepted] == [
        *(("conflict", "gap") if LONG else ()),
        "dates-missing",
    ]
