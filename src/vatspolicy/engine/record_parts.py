"""Parts of a decision's data that its complete and its served form share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from vatspolicy.engine.decision import Change, Decision, Interpretation, WorstReading
from vatspolicy.engine.opinions import OpinionResult
from vatspolicy.i18n.words import FRAMES, say_both
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Edition, Policy, Route, Rule
from vatspolicy.profile.profile import Profile
from vatspolicy.profile.vocabulary import LocalizedText, label

if TYPE_CHECKING:
    from typing import Any

DEADLINES = 4096
"""Most deadlines to keep: they depend on the launch day."""


def law_to_data(bundle: Bundle, decision: Decision) -> dict[str, Any]:
    """Return the law that decided, with its layers if there is more than the base."""
    data: dict[str, Any] = {
        **bundle.identity,
        "version": decision.bundle_version,
        "digest": decision.bundle_digest,
        "known_until": bundle.known_until,
    }
    if bundle.layers:
        data["layers"] = [
            {"name": one.name, "title": copy_text(one.title), "owner": one.owner, "digest": one.digest}
            for one in bundle.layers
        ]
    return data


def layer_to_data(bundle: Bundle, rule: Rule) -> dict[str, str]:
    """Return the name of the layer of a rule, if there is more than the base."""
    layer = bundle.layer_of(rule.policy)
    return {} if layer is None else {"layer": layer.name}


def reading_to_data(bundle: Bundle, reading: Interpretation) -> dict[str, Any]:
    """Return another reading of a contested rule with all that it changes."""
    readings = reading.rule.readings
    assert readings is not None
    held_by = next(other.held_by for other in readings.others if other.name == reading.reading)
    return {
        "rule": reading.rule.name,
        "subject": str(reading.subject),
        "reading": reading.reading,
        "decision": reading.decision,
        "stricter": reading.stricter,
        "message": copy_text(reading.rule.message),
        "held_by": copy_text(held_by),
        "why": copy_text(readings.why),
        "settled_by": copy_text(readings.settled_by),
        "changes": [_change_to_data(bundle, change) for change in reading.changes],
    }


def _change_to_data(bundle: Bundle, change: Change) -> dict[str, Any]:
    """Return the change that a reading makes, by the name that reports show."""
    match change.kind:
        case "class" | "denial":
            title = label("class" if change.kind == "class" else "reason", change.id, bundle.schemas)
        case "route":
            assert change.rule is not None and isinstance(change.rule.effect, Route)
            title = change.rule.effect.title
        case _:
            title = bundle.instruments[change.id].title
    return {
        "kind": change.kind,
        "change": "added" if change.added else "removed",
        "id": change.id,
        "class": change.cls,
        "rule": change.rule and change.rule.name,
        "title": copy_text(title),
    }


def worst_to_data(worst: WorstReading | None) -> dict[str, Any] | None:
    """Return the strictest combination of readings."""
    return worst and {
        "service": worst.service,
        "decision": worst.decision,
        "stricter": worst.stricter,
        "readings": [
            {"rule": rule.name, "subject": str(subject), "reading": name} for rule, subject, name in worst.readings
        ],
        "complete": worst.complete,
    }


def opinion_to_data(profile: Profile, result: OpinionResult) -> dict[str, Any]:
    """Return an opinion of the profile, its effect, and what makes it count."""
    given, grant = profile.facts["opinions"][result.place], profile.granted.get(result.place)
    return {
        **{key: given[key] for key in ("about", "by", "date")},
        **{key: given.get(key) for key in ("authority", "service", "reading", "classes", "note")},
        "state": result.state,
        "granted": grant._asdict() if grant else None,
    }


def find_bearer(profile: Profile, bearer: str, activation: Mapping[str, Any]) -> str:
    """Return company or partner for the bearer of a duty: the operator is one of them."""
    operator = activation.get("operator")
    return "partner" if bearer == "operator" and profile.path_of(operator, ()) == ("partner",) else "company"


def titled(policy: Policy, edition: Edition | None) -> dict[str, str]:
    """Return the name of a regulation, with its edition if it is a series."""
    if edition is None or edition.title is None:
        return copy_text(policy.title)
    return say_both(FRAMES["aside"], text=policy.title, remark=edition.title)


def copy_text(text: LocalizedText) -> dict[str, str]:
    """Return a text in both languages as plain data."""
    return {"en": text["en"], "zh": text["zh"]}
