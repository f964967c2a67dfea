"""Queries of the data API: reading one, and the document that answers it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from vatspolicy.compile_cache import digest
from vatspolicy.core.documents import Document, parse_document
from vatspolicy.core.documents.document import DocumentNode
from vatspolicy.core.engine.brief import brief_parts
from vatspolicy.core.engine.decision import INCOMPLETE
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.expression_wording import Wording
from vatspolicy.core.policies.model import Policy
from vatspolicy.core.profile.profile import Profile, read_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.waivers.load import WaiverSet
from vatspolicy.i18n import LANGUAGES, Sentences, _
from vatspolicy.server.errors import bad_request

FILE = "request.json"
PLACE = ("vatspolicy", "decision")
"""Path of the decision. A longer path is a part of it."""
Decided: TypeAlias = tuple[str, str, dict[str, Any]]
"""The word of a decision, the day of its law, and its data or a part of it."""


@dataclass(frozen=True)
class DataQuery:
    """The query in the body of a request."""

    profile: Document
    """The profile; its lines are those of the body."""
    as_of: str | None
    """Day of the law; None for the launch day of the profile, else today."""
    content: bytes
    """The body."""

    @property
    def services(self) -> int:
        """Number of services in the profile, which may be invalid."""
        data = self.profile.data
        services = data.get("services") if isinstance(data, dict) else None
        return len(services) if isinstance(services, list) else 0


def read_query(content: bytes) -> DataQuery:
    """Read the query in a body: JSON with `input` and perhaps `as_of`.

    Any other key is an error: a misspelled `as_of` would decide under the law of another day.

    Raises: HttpError.
    """
    wanted = _("The body must be an object whose input is a profile.")
    document = _read_body(content, "input", wanted)
    profile = Document(FILE, document.data["input"], document.text, lambda: tree_at(document, "input"))
    return DataQuery(profile, read_day(document.data.get("as_of")), content)


def read_batch(content: bytes, most: int) -> dict[str, DataQuery]:
    """Read the queries in the body of a batch by their ids: JSON with `inputs` and perhaps `as_of`, which all share.

    Raises: HttpError.
    """
    wanted = _("The body must be an object whose inputs are profiles by id.")
    document = _read_body(content, "inputs", wanted)
    inputs, day = document.data["inputs"], read_day(document.data.get("as_of"))
    if not isinstance(inputs, dict) or not inputs:
        raise bad_request(_("inputs must be an object with a profile for every id."))
    if len(inputs) > most:
        raise bad_request(_("A batch can contain at most {most:,} inputs.", most=most))
    return {id: _batch_query(document, id, day, content) for id in inputs}


def _batch_query(document: Document, id: str, day: str | None, content: bytes) -> DataQuery:
    data = document.data["inputs"][id]
    profile = Document(FILE, data, document.text, lambda: tree_at(document, "inputs", id))
    return DataQuery(profile, day, id.encode() + b"\0" + content)


def _read_body(content: bytes, key: str, wanted: str) -> Document:
    """Return a body, which is an object with `key` and perhaps a day. Raises HttpError."""
    document = read_object(content, wanted)
    data = document.data
    if key not in data:
        raise bad_request(wanted)
    if unknown := sorted(data.keys() - {key, "as_of"}):
        problems = tuple(document.problem((name,), _("This key is not allowed here."), key=True) for name in unknown)
        message = _("The body may contain only {key} and as_of.", key=key)
        raise bad_request(message, problems=problems)
    return document


def read_object(content: bytes, wanted: str) -> Document:
    """Return a body that is a JSON object; `wanted` is the sentence for one that is not. Raises HttpError."""
    if not content.strip():
        raise bad_request(Sentences(_("The body is empty."), wanted))
    try:
        document = parse_document(content, FILE)
    except InvalidInput as error:
        raise bad_request(_("The body is not valid JSON for this server."), problems=error.problems) from None
    if not isinstance(document.data, dict):
        raise bad_request(wanted)
    return document


def tree_at(document: Document, *path: str | int) -> DocumentNode:
    """Return the value at a path of a body, which has one there."""
    node: DocumentNode | None = document.root
    for step in path:
        node = node and node.child(step)
    assert node is not None
    return node


def read_day(value: Any) -> str | None:
    """Return the day of the law that a request states; None if it states none. Raises HttpError."""
    if value is None:
        return None
    try:
        if isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise bad_request(_("as_of must be a calendar day such as 2027-03-01."))


@dataclass(frozen=True)
class DataQuestion:
    """The day and the form of a request, the same for each of its inputs."""

    bundle: Bundle
    steps: tuple[str, ...]
    """The path below /v1/data."""
    full: bool
    """True for the record that `check --details` writes; False for the brief decision."""
    today: str
    allow_past: bool
    waiver_set: WaiverSet | None = None

    def answer(self, query: DataQuery | None) -> tuple[dict[str, Any], str | None]:
        """Return the document at the path in the form of OPA, and the decision if one was made.

        The document is `{}` if the path leads nowhere.

        Raises: InvalidInput for a profile and DayError for a day that cannot be used.
        """
        steps = self.steps
        whole: dict[str, Any] = {"vatspolicy": {"bundle": bundle_to_data(self.bundle)}}
        outcome, extra = None, {}
        if query is not None and (steps[:2] == PLACE or PLACE[: len(steps)] == steps):
            gate = Gate(self.bundle, self.today, query.as_of, self.allow_past, waiver_set=self.waiver_set)
            gate.check_day()
            profile = read_profile(query.profile, self.bundle.schemas)
            decide = _decide if len(steps) <= 2 else partial(_decide_part, key=steps[2])
            outcome, day, whole["vatspolicy"]["decision"] = decide(gate, profile, self.full)
            extra = {"decision_id": make_decision_id(self.bundle, query, day, self.today)}
        node: Any = whole
        for step in steps:
            if isinstance(node, Mapping) and step in node:
                node = node[step]
            elif isinstance(node, list) and step.isascii() and step.isdigit() and int(step[:9]) < len(node):
                node = node[int(step[:9])]
            else:
                return dict(extra), outcome
        return {"result": node, **extra}, outcome


def _decide(gate: Gate, profile: Profile, full: bool) -> Decided:
    if full:
        decision, record = gate.decide(profile)
        return decision.decision, decision.as_of, dict(encode(record))
    day, profile = gate.prepare(profile)
    decision = evaluate(gate.bundle, profile, day, compare=False, explain=False)
    return decision.decision, day, {key: make() for key, make in brief_parts(gate.bundle, profile, decision).items()}


def _decide_part(gate: Gate, profile: Profile, full: bool, key: str) -> Decided:
    """Decide only as much as one part needs. Parts missing from the brief decision come from the full one.

    The outcome alone takes no missing facts, no duties and no advice.
    """
    day, granted = gate.prepare(profile)
    if key in ("decision", "range"):
        mildest, strictest = possible_outcomes(gate.bundle.on(day), granted, day, asking=False).range
        word = mildest if mildest == strictest else INCOMPLETE
        return word, day, {"decision": word, "range": [mildest, strictest]}
    if not full:
        decision = evaluate(gate.bundle, granted, day, compare=False)
        parts = brief_parts(gate.bundle, granted, decision)
        if key in parts:
            return decision.decision, day, {key: parts[key]()}
    return _decide(gate, profile, full=True)


def make_decision_id(bundle: Bundle, query: DataQuery, day: str, today: str) -> str:
    """Return an id that is equal for equal bundles, days and bodies, so that the logs of two servers can be joined."""
    return digest([bundle.digest.encode(), day.encode(), today.encode(), query.content])[:32]


def bundle_to_data(bundle: Bundle) -> dict[str, str | None]:
    """Return the identity of the bundle that decides."""
    return {**encode(bundle.identity), "covers_from": bundle.covers_from}


def policy_to_data(bundle: Bundle, policy: Policy, day: str) -> dict[str, Any]:
    """Return a policy with its rules and articles, to which decisions refer.

    Parameters have the values of `day` in the words of a check.
    """
    wordings = {lang: Wording(bundle, lang, day=day) for lang in LANGUAGES}
    return {
        "id": policy.id,
        "version": policy.version,
        "title": dict(policy.title),
        "rules": {
            rule.id: {
                "effect": rule.kind,
                "message": dict(rule.message),
                "citations": list(rule.cite),
                "when": rule.when.text,
                "check": {lang: wording.say(rule.when.tree) for lang, wording in wordings.items()},
            }
            for rule in policy.rules
        },
        "articles": {
            key: {
                "label": dict(article.label),
                "en": article.en,
                "zh": article.zh,
                "verification": article.verification,
                "url": article.address,
            }
            for key, article in policy.articles.items()
        },
    }
