"""The answer about one profile of a portfolio, by the evaluator itself: what the database is held to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vatspolicy.documents import Document, parse_document
from vatspolicy.engine.decision import word_of
from vatspolicy.engine.evaluator import evaluate_parts, merge_parts, possible_outcomes
from vatspolicy.policies.ruleset import RuleSet
from vatspolicy.profile.profile import Profile, trust_profile

_NOWHERE = parse_document("{}", "<row>.json")


def decide(law: RuleSet, facts: Mapping[str, Any], day: str) -> dict[str, Any]:
    """Decision, range, services with their classes, and the names of the rules that hold.

    `facts` as `profile.facts_of` makes them. Keys: id, decision, mildest, strictest, services (id, state, decision,
    activities of class and decision, by class), rules (sorted).
    """
    parts = evaluate_parts(law, Profile(facts, _NOWHERE, {}), day)
    found = merge_parts(parts)
    services = [
        {
            "id": service.id,
            "state": service.state,
            "decision": word_of(parts[index + 1].low, parts[index + 1].high),
            "activities": [
                {"class": cls, "decision": word}
                for cls, word in sorted((activity.cls, activity.outcome) for activity in service.activities)
            ],
        }
        for index, service in enumerate(found.services)
    ]
    fired = {finding.rule.name for finding in found.findings if finding.holds}
    fired |= {finding.rule.name for service in found.services for finding in service.classified_by}
    return {
        "id": facts["product"]["id"],
        "decision": word_of(found.low, found.high),
        "mildest": found.low.word,
        "strictest": found.high.word,
        "services": services,
        "rules": sorted(fired),
    }


def missing_facts(law: RuleSet, data: Any, day: str) -> list[str]:
    """Dotted paths of the missing facts that could still change the decision, the most telling first.

    `data` is a valid profile as it was written.
    """
    found = possible_outcomes(law, trust_profile(Document("<row>", data, "", _NOWHERE.root)), day)
    return [".".join(map(str, ask.path)) for ask in found.missing]
