"""The answer about a row from the whole evaluator."""

from __future__ import annotations

from vatspolicy.core.engine.answer import Answer
from vatspolicy.core.engine.decision import Finding, word_of
from vatspolicy.core.engine.evaluator import Evaluator
from vatspolicy.core.engine.parts import ProductPart, merge_parts
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.core.profile.profile import Profile


def list_findings(part: ProductPart) -> list[Finding]:
    """All findings of a part."""
    decided = (part.denials, part.closed, part.unmet, part.met, part.duties, part.advice)
    return [*(finding for findings in decided for finding in findings), *part.find_undecided()]


def whole_answer(ruleset: RuleSet, profile: Profile, day: str) -> Answer:
    """The answer, from every rule and every possible class."""
    parts = list(Evaluator(ruleset, profile.grant_all(), day).parts())
    whole = merge_parts(parts)
    rules = {finding.rule.name for finding in list_findings(whole) if finding.holds}
    rules |= {finding.rule.name for service in whole.services for finding in service.classified_by}
    return {
        "id": profile.name,
        "decision": word_of(whole.low, whole.high),
        "range": [whole.low.word, whole.high.word],
        "services": [
            {
                "id": service.id,
                "state": service.state,
                "decision": word_of(part.low, part.high),
                "activities": sorted(
                    ({"class": one.cls, "decision": one.outcome} for one in service.activities),
                    key=lambda one: one["class"],
                ),
            }
            for service, part in zip(whole.services, parts[1:], strict=True)
        ],
        "rules": sorted(rules),
    }
