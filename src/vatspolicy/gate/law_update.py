"""Changes that another law makes for specs: decisions, licenses, duties with their days, and changes ahead.

Each side reads and decides a spec under its own schemas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vatspolicy.core.engine.decision import WORDS, Decision
from vatspolicy.core.engine.result import Duty, Record
from vatspolicy.core.engine.snapshot import summarize
from vatspolicy.core.engine.timeline import compare_summaries
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.gate.gate import DayError, Gate
from vatspolicy.i18n import _

FORMAT = 1
"""Version of the data; it grows when a reader would break."""
_DUTY_PARTS = ("state", "deadline", "date")


@dataclass(frozen=True)
class _Side:
    """A spec decided under one of two laws."""

    profile: Profile
    decision: Decision
    record: Record


def compare_specs(
    old: Bundle, new: Bundle, specs: Iterable[str], today: str
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return one entry a spec (update.schema.json), and the problems of specs that the old law cannot decide.

    A spec that only the new law cannot decide has an entry with `problems`: that is a change, too.
    """
    entries: list[dict[str, Any]] = []
    problems: list[Problem] = []
    gates = [Gate(bundle, today, allow_past=True) for bundle in (old, new)]
    for spec in specs:
        try:
            before = _decide(gates[0], spec)
        except InvalidInput as error:
            problems += error.problems
            continue
        try:
            after: _Side | list[str] = _decide(gates[1], spec)
        except InvalidInput as error:
            after = [problem.message for problem in error.problems]
        entries.append(_entry(spec, before, after, (old, new)))
    return entries, problems


def _decide(gate: Gate, spec: str) -> _Side:
    """Decide a spec on its launch day, or today if that is later: who has launched must keep to the law of today."""
    profile = load_profile(spec, schemas=gate.bundle.schemas)
    if profile.launch is not None and profile.launch < gate.today:
        gate = replace(gate, as_of=gate.today)
        try:
            gate.check_day()
        except DayError as error:
            what = _("Today {wrong}.", wrong=error.why)
            raise InvalidInput([profile.document.problem(("product", "launch"), what)]) from None
    return _Side(profile, *gate.decide(profile))


def _entry(spec: str, before: _Side, after: _Side | list[str], laws: Sequence[Bundle]) -> dict[str, Any]:
    head = {"spec": spec, "product": before.decision.product, "day": before.decision.as_of}
    if isinstance(after, list):
        answers = {"before": _answer(before), "after": None, "direction": "unknown"}
        return {**head, **answers, "changes": [], "duties": [], "ahead": None, "problems": after, "changed": True}
    old, new = (summarize(law, side.decision) for law, side in zip(laws, (before, after), strict=True))
    ahead = [[[one.day, one.decision] for one in side.record.changes_ahead or ()] for side in (before, after)]
    entry = {
        **head,
        "before": _answer(before),
        "after": _answer(after),
        "direction": _direction(before.decision, after.decision),
        "changes": [one for one in compare_summaries(old, new) if one.kind != "duty"],
        "duties": list(_compare_duties(before.record, after.record)),
        "ahead": None if ahead[0] == ahead[1] else {"before": ahead[0], "after": ahead[1]},
        "problems": [],
    }
    parts = (entry["direction"] != "same", entry["changes"], entry["duties"], entry["ahead"])
    return {**entry, "changed": any(parts)}


def _answer(side: _Side) -> dict[str, Any]:
    return {"decision": side.decision.decision, "range": list(side.decision.range)}


def _direction(before: Decision, after: Decision) -> str:
    """Return same, tightened, loosened or, if neither is certain, unknown."""
    low, high = (WORDS.index(after.range[end]) - WORDS.index(before.range[end]) for end in (0, 1))
    if not low and not high:
        return "same" if before.decision == after.decision else "unknown"
    return "tightened" if min(low, high) >= 0 else "loosened" if max(low, high) <= 0 else "unknown"


def _compare_duties(before: Record, after: Record) -> Iterable[dict[str, Any]]:
    """Yield the duties that come, go, or have another state or day."""
    old, new = _duties(before), _duties(after)
    for key in {**old, **new}:
        one, other = old.get(key, {}), new.get(key, {})
        if any(one.get(part) != other.get(part) for part in _DUTY_PARTS):
            told = other or one
            sides = {
                side: {part: found[part] for part in _DUTY_PARTS} if found else None
                for side, found in (("before", one), ("after", other))
            }
            yield {"rule": key[0], "subject": key[1], "title": told["title"], **sides}


def _duties(record: Record) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the duties of a record by rule and service."""
    return {
        (one.rule, one.subject.service or ""): {
            "title": one.instrument.title,
            "state": one.state,
            "deadline": one.deadline.text,
            "date": one.deadline.date,
        }
        for one in (*record.duties, *(each for each in record.undetermined if isinstance(each, Duty)))
    }
