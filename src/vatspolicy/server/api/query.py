"""One request of the data API: what it asks, and the document that answers it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.compile_cache import digest
from vatspolicy.documents import Document, parse_document
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import read_profile
from vatspolicy.server.errors import HttpError

FILE = "request.json"
PLACE = ("vatspolicy", "decision")
"""Path of the decision; what is below it is a part of the record."""
KEYS = frozenset(("input", "as_of"))


@dataclass(frozen=True)
class Query:
    """A body, read: the profile as a document whose lines are those of the body, and the day of the law."""

    profile: Document
    as_of: str | None
    content: bytes


def read_query(content: bytes) -> Query:
    """The query in a body, JSON with `input` and perhaps `as_of`. Raises Refusal.

    A key that is not known is refused: a misspelt day would else decide under the law of another one.
    """
    if not content.strip():
        raise HttpError(400, "invalid_parameter", "The body is empty; it must be an object with an input.")
    try:
        document = parse_document(content, FILE)
    except InvalidInput as error:
        raise HttpError(
            400, "invalid_parameter", "The body is no JSON that is read.", problems=error.problems
        ) from None
    data = document.data
    if not isinstance(data, dict) or "input" not in data:
        raise HttpError(400, "invalid_parameter", "The body must be an object with an input, which is a profile.")
    if unknown := sorted(data.keys() - KEYS):
        problems = tuple(document.problem((key,), "There is no such key here.", key=True) for key in unknown)
        raise HttpError(400, "invalid_parameter", "The body has a key besides input and as_of.", problems=problems)
    root = document.root.child("input")
    assert root is not None
    return Query(Document(FILE, data["input"], document.text, root), _day(data.get("as_of")), content)


def _day(value: Any) -> str | None:
    if value is None:
        return None
    try:
        if isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise HttpError(400, "invalid_parameter", "as_of must be a calendar day such as 2027-03-01.")


def answer(
    bundle: Bundle, steps: tuple[str, ...], query: Query | None, today: str, allow_past: bool
) -> tuple[dict[str, Any], str | None]:
    """What is at a path below /v1/data, as OPA would say it, and the decision if one was made.

    `{}` where there is nothing. Raises InvalidInput for a profile, and DayError for a day, that cannot be used.
    """
    whole: dict[str, Any] = {"vatspolicy": {"bundle": bundle_data(bundle)}}
    word, extra = None, {}
    if query is not None and (steps[:2] == PLACE or PLACE[: len(steps)] == steps):
        gate = Gate(bundle, today, query.as_of, allow_past)
        gate.check_day()
        decision, record = gate.decide(read_profile(query.profile, bundle.schemas))
        word = decision.decision
        whole["vatspolicy"]["decision"] = record
        extra = {"decision_id": decision_id(bundle, query, record["as_of"], today)}
    found: Any = whole
    for step in steps:
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(found):
            found = found[int(step[:9])]
        else:
            return dict(extra), word
    return {"result": found, **extra}, word


def decision_id(bundle: Bundle, query: Query, day: str, today: str) -> str:
    """The same for the same bundle, days and body, so that a decision can be found again in another server's log."""
    return digest([bundle.digest.encode(), day.encode(), today.encode(), query.content])[:32]


def bundle_data(bundle: Bundle) -> dict[str, str]:
    """Which bundle decides."""
    return {"version": bundle.version, "digest": bundle.digest, "covers_from": bundle.covers_from}
