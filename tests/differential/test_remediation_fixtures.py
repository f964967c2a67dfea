"""Remediations of every denied fixture: each keeps its promise, changes only what a team can change, and needs all its moves."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Any

from tests.support.effort import part
from tests.support.shipped import ROOT, shipped_bundle
from vatspolicy.authoring.testing.cases import fixture_cases
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.guidance.remediation import FoundProposal, RemediationPlan, find_remediations
from vatspolicy.guidance.remediation.change import (
    apply_changes,
    list_differences,
    mutable_facts,
)
from vatspolicy.guidance.remediation.search import route_names

TODAY = "2026-11-24"


@dataclass(frozen=True)
class Found:
    """A denied fixture on one day, and the ways from there."""

    name: str
    profile: Profile
    as_of: str
    plan: RemediationPlan


@cache
def law() -> Bundle:
    return shipped_bundle()


@cache
def denied() -> tuple[Found, ...]:
    """The denied cases of the fixtures: a part of them, all in the long run."""
    cases = [case for case in fixture_cases(law(), ROOT / "fixtures") if case.expect["decision"] == "deny"]
    assert len(cases) > 70
    chosen = part(cases, 13, [case for case in cases if case.name in NO_WAY or case.name.startswith("video-sharing")])
    return tuple(
        Found(case.name, case.profile, case.as_of, find_remediations(law(), case.profile, case.as_of))
        for case in chosen
    )


def proposals() -> Iterator[tuple[Found, FoundProposal]]:
    for found in denied():
        for proposal in (*found.plan.proposals, *found.plan.undecided):
            yield found, proposal


NO_WAY = {"content-license: as of 2026-11-24, refuses a license to nobody in particular"}
"""Denied cases that nothing a team controls can change: this one does not say what the content is licensed for."""


def test_every_denied_fixture_has_a_way() -> None:
    without = {found.name for found in denied() if not (found.plan.proposals or found.plan.undecided)}
    assert without == NO_WAY
    assert all(found.plan.exhausted for found in denied()), "the bound cuts no fixture short"


def rewritten(profile: Profile, proposal: FoundProposal) -> Profile:
    """The spec with the differences written in by this test, and read from the beginning."""
    data = copy.deepcopy(profile.document.data)
    gone = []
    for path, _, after in list_differences(profile, proposal.changes):
        *above, last = path
        if len(path) == 2 and path[0] == "services":
            gone.append(path[1])
            continue
        place = data
        for step in above:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        if after is None:
            del place[last]
        else:
            place[last] = after
    data["services"] = [service for index, service in enumerate(data["services"]) if index not in gone]
    return load_profile(json.loads(json.dumps(data)))


def test_each_proposal_is_decided_as_it_promises() -> None:
    for found, proposal in proposals():
        again = evaluate(law(), rewritten(found.profile, proposal), proposal.decision.as_of)
        assert again.decision == proposal.decision.decision, found.name
        assert route_names(again) == route_names(proposal.decision), found.name
        if proposal in found.plan.proposals:
            assert again.decision in ("needs-license", "allow"), found.name
        else:
            assert again.decision == "incomplete", found.name
            assert again.missing, found.name
            assert not again.denials, found.name


def test_each_proposal_says_what_differs() -> None:
    for found, proposal in proposals():
        changed = list_differences(found.profile, proposal.changes)
        assert changed or proposal.kinds == {"launch"}, found.name
        assert all(before != after for _, before, after in changed), found.name
        assert all(change.phrase["en"] and change.phrase["zh"] for change in proposal.changes)


def test_each_proposal_changes_only_what_a_team_can_change() -> None:
    for found, proposal in proposals():
        changed = {strip_indexes(path) for path, _, _ in list_differences(found.profile, proposal.changes)}
        for path, before, after in list_differences(found.profile, proposal.changes):
            known, names = mutable_facts(law().schemas), strip_indexes(path)
            mutability = known.get(names) or (known.get(("partner",)) if names[:1] == ("partner",) else None)
            assert mutability is not None, (found.name, path)
            if path == ("company", "investor_origin") and ("company", "certificates") in changed:
                continue
            if path == ("data", "leaves_mainland") and after is True and ("services", "hosting") in changed:
                continue  # servers abroad hold the data of users here
            if mutability.follows is not None:
                assert tuple(mutability.follows.split(".")) in changed | {("services", "sells"), ("services", "offers")}
                continue
            assert goes(path, mutability.to, before, after), (found.name, path, before, after)


def strip_indexes(path: Iterable[str | int]) -> tuple[str, ...]:
    return tuple(step for step in path if isinstance(step, str))


def goes(path: tuple[str | int, ...], to: Any, before: Any, after: Any) -> bool:
    """Whether a change goes where the mark allows."""
    swaps = {word for words in mutable_facts()["services", "offers"].rest["swap"].values() for word in words}
    if strip_indexes(path) == ("services", "customer_contract"):
        return after in ("partner", None)
    match to:
        case "lower":
            return bool(after < before)
        case "higher":
            return bool(after > before)
        case "later":
            return before is None or bool(after > before)
        case "fewer":
            extra = set(after or ()) - set(before or ()) - swaps
            return len(path) == 2 or extra <= {"own-goods", "own-services"}
        case "elsewhere" | "another":
            return bool(after)
        case _:
            return bool(after in to)


def test_nothing_that_is_held_or_found_by_others_is_touched() -> None:
    """The company keeps its licenses; the partner of the spec stays as it is or gives way to another one."""
    for found, proposal in proposals():
        before, after = found.profile.document.data, proposal.profile.document.data
        for name in ("licenses", "investor_track_record"):
            assert before["company"].get(name) == after["company"].get(name), found.name
        listed = (set(facts["company"].get("discredited") or ()) & {"company"} for facts in (before, after))
        assert len(set(map(frozenset, listed))) == 1, found.name
        if "renewal" in proposal.kinds and "partner" not in proposal.kinds:
            before, after = ({**data, "partner": {**data["partner"], "licenses": None}} for data in (before, after))
        if "partner" not in proposal.kinds:
            assert before.get("partner") == after.get("partner"), found.name
        assert not any(service.get("operated_by") == "contract-controlled" for service in after["services"]) or any(
            service.get("operated_by") == "contract-controlled" for service in before["services"]
        )


def test_an_offer_that_stays_keeps_what_belongs_to_it() -> None:
    """To offer books and to say that no publications are carried would be untrue."""
    belongs: Mapping[str, Mapping[str, list[str]]] = mutable_facts()["services", "offers"].rest["with"]
    evaluated = 0
    for found, proposal in proposals():
        if not proposal.kinds & {"drop-content", "drop-features", "drop-offers"}:
            continue
        before = {service["id"]: service for service in found.profile.document.data["services"]}
        for service in proposal.profile.document.data["services"]:
            for offer in service.get("offers", ()):
                for name, words in belongs.get(offer, {}).items():
                    evaluated += 1
                    lost = set(before[service["id"]].get(name) or ()) - set(service.get(name) or ())
                    assert not lost & set(words), found.name
    assert evaluated


def test_no_proposal_makes_another_one_needless() -> None:
    for found in denied():
        changes = [
            (
                proposal.cost,
                {repr((path, after)) for path, _, after in list_differences(found.profile, proposal.changes)},
            )
            for proposal in found.plan.proposals
        ]
        assert [cost for cost, _ in changes] == sorted(cost for cost, _ in changes)
        for (cost, less), (other, more) in combinations(changes, 2):
            assert not (less and less <= more and cost <= other), found.name
        sorts = [(proposal.kinds, route_names(proposal.decision)) for proposal in found.plan.proposals]
        dropped = [sort for sort in sorts if any(kind.startswith(("drop", "split")) for kind in sort[0])]
        others = [sort for sort in sorts if sort not in dropped]
        assert len(others) == len(set(others)), found.name


def test_each_move_of_a_proposal_is_needed() -> None:
    for found, proposal in proposals():
        for fewer in combinations(proposal.changes, len(proposal.changes) - 1):
            decided = evaluate(
                law(), apply_changes(found.profile, fewer), proposal.decision.as_of if fewer else found.as_of
            )
            assert decided.decision != proposal.decision.decision or "launch" in proposal.kinds, found.name
