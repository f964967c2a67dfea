"""Queries of the data API: reading one, and the document that answers it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.compile_cache import digest
from vatspolicy.documents import Document, parse_document
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate
from vatspolicy.i18n import _
from vatspolicy.policies.bundle import Bundle
from vatspolicy.profile.profile import read_profile
from vatspolicy.server.errors import HttpError

FILE = "request.json"
PLACE = ("vatspolicy", "decision")
"""Path of the decision. A longer path is a part of it."""
KEYS = frozenset(("input", "as_of"))


@dataclass(frozen=True)
class Query:
    """The query in the body of a request."""

    profile: Document
    """The profile; its lines are those of the body."""
    as_of: str | None
    """Day of the law; None for the launch day of the profile, else today."""
    content: bytes
    """The body."""


def read_query(content: bytes) -> Query:
    """Read the query in a body: JSON with `input` and perhaps `as_of`.

    Any other key is an error: a misspelled `as_of` would decide under the law of another day.

    Raises: HttpError.
    """
    if not content.strip():
        raise HttpError(400, "invalid_parameter", "The body is empty; it must be an object with an input.")
    try:
        document = parse_document(content, FILE)
    except InvalidInput as error:
        raise HttpError(
            400, "invalid_parameter", "The body is not JSON that this server accepts.", problems=error.problems
        ) from None
    data = document.data
    if not isinstance(data, dict) or "input" not in data:
        raise HttpError(400, "invalid_parameter", "The body must be an object with an input, which is a profile.")
    if unknown := sorted(data.keys() - KEYS):
        problems = tuple(document.problem((key,), _("This key is not allowed here."), key=True) for key in unknown)
        raise HttpError(400, "invalid_parameter", "The body has a key besides input and as_of.", problems=problems)
    root = document.root.child("input")
    assert root is not None
    return Query(Document(FILE, data["input"], document.text, root), _read_day(data.get("as_of")), content)


def _read_day(value: Any) -> str | None:
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
    """Return the document at a path below /v1/data in the form of OPA, and the decision if one was made.

    The document is `{}` if the path leads nowhere.

    Raises: InvalidInput for a profile and DayError for a day that cannot be used.
    """
    whole: dict[str, Any] = {"vatspolicy": {"bundle": bundle_to_data(bundle)}}
    outcome, extra = None, {}
    if query is not None and (steps[:2] == PLACE or PLACE[: len(steps)] == steps):
        gate = Gate(bundle, today, query.as_of, allow_past)
        gate.check_day()
        decision, record = gate.decide(read_profile(query.profile, bundle.schemas))
        outcome = decision.decision
        whole["vatspolicy"]["decision"] = record
        extra = {"decision_id": make_decision_id(bundle, query, record["as_of"], today)}
    found: Any = whole
    for step in steps:
        if isinstance(found, Mapping) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(found):
            found = found[int(step[:9])]
        else:
            return dict(extra), outcome
    return {"result": found, **extra}, outcome


def make_decision_id(bundle: Bundle, query: Query, day: str, today: str) -> str:
    """Return an id that is equal for equal bundles, days and bodies, so that the logs of two servers can be joined."""
    return digest([bundle.digest.encode(), day.encode(), today.encode(), query.content])[:32]


def bundle_to_data(bundle: Bundle) -> dict[str, str]:
    """Return the identity of the bundle that decides."""
    return {"version": bundle.version, "digest": bundle.digest, "covers_from": bundle.covers_from}
