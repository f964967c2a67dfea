"""Access evaluations of AuthZEN (Authorization API 1.0 of the OpenID Foundation): whether a product may launch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vatspolicy.core.documents import Document
from vatspolicy.i18n import Listing, _
from vatspolicy.server.api.query import FILE, DataQuery, read_day, read_object, tree_at
from vatspolicy.server.errors import HttpError, bad_request, error_to_data

NAME = "X-Request-ID"


class WithRequestId:
    """ASGI middleware that copies the id of a request to its response, including errors, on some paths."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self.app, self.paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        is_own = scope["type"] == "http" and scope["path"] in self.paths
        id = Headers(scope=scope).get(NAME) if is_own else None
        if id is None:
            await self.app(scope, receive, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[NAME] = id
            await send(message)

        await self.app(scope, receive, send_with_id)


# --- access evaluations of AuthZEN
#
# Access evaluations of AuthZEN (Authorization API 1.0 of the OpenID Foundation): whether a product may launch.
#
# The subject is the caller, the action is `launch`, the resource is a product whose properties are its profile, and
# the context may hold the day of the law. A decision is true only where the product may launch as it stands.


ACTION, RESOURCE = "launch", "product"
SEMANTICS: Mapping[str, bool | None] = {
    "execute_all": None,
    "deny_on_first_deny": False,
    "permit_on_first_permit": True,
}
"""Semantics of several evaluations, with the decision after which the rest is omitted."""
_NEEDED = {"subject": ("type", "id"), "action": ("name",), "resource": ("type", "id")}
"""The texts that the subject, the action and the resource of a question have."""
PATHS = {"access_evaluation_endpoint": "/access/v1/evaluation", "access_evaluations_endpoint": "/access/v1/evaluations"}
Data = dict[str, Any]
Decide = Callable[[DataQuery], Data]
"""A function that returns the brief document of a decision."""


@dataclass(frozen=True)
class Evaluation:
    """One question: its query, or the code of the reason for not deciding."""

    query: DataQuery | None
    refusal: str = ""

    def answer(self, decide: Decide) -> Data:
        """Return the decision with its context. Raises what `decide` raises."""
        if self.query is None:
            return {"decision": False, "context": {"reasons": [{"code": self.refusal}]}}
        decided = decide(self.query)
        record = decided["result"]
        context = {"id": decided["decision_id"], **describe_answer(record)}
        return {"decision": record["decision"] == "allow", "context": context}


@dataclass(frozen=True)
class Evaluations:
    """The questions of a request. An unreadable question is an error."""

    entries: Sequence[Evaluation | HttpError]
    last: bool | None = None
    """The decision after which the rest is omitted."""
    alone: bool = False
    """True if the request asks a single question and its answer is not a list."""

    def answers(self, decide: Decide, to_error: Callable[[Exception], HttpError]) -> Iterator[Data]:
        """Yield the answer to each question. A question that cannot be decided is denied, with its error in the
        context.
        """
        for entry in self.entries:
            try:
                if isinstance(entry, HttpError):
                    raise entry
                outcome = entry.answer(decide)
            except Exception as error:
                failure = to_error(error)
                fault = {"status": failure.status, **error_to_data(failure)}
                outcome = {"decision": False, "context": {"error": fault}}
            yield outcome
            if outcome["decision"] is self.last:
                return


def read_evaluation(content: bytes) -> Evaluation:
    """Read the body of a single evaluation. Raises HttpError."""
    document = read_object(content)
    return _read(document, document.data, (), document.data)


def read_evaluations(content: bytes, most: int) -> Evaluations:
    """Read the body of several evaluations; of a single one where it lists none.

    The subject, action, resource and context of the body are those of each evaluation that has none of its own. An
    evaluation that cannot be read is its own error.

    Raises: HttpError.
    """
    document = read_object(content)
    body = document.data
    entries = body.get("evaluations", [])
    if not isinstance(entries, list):
        raise bad_request(_("evaluations must be a list."))
    if not entries:
        return Evaluations([_read(document, body, (), body)], alone=True)
    if len(entries) > most:
        raise bad_request(_("A request can contain at most {most:,} evaluations.", most=most))
    options = body.get("options", {})
    semantic = options.get("evaluations_semantic", "execute_all") if isinstance(options, dict) else None
    if not isinstance(semantic, str) or semantic not in SEMANTICS:
        known = Listing(SEMANTICS, "or")
        raise bad_request(_("options.evaluations_semantic must be {known}.", known=known))
    if not all(isinstance(entry, dict) for entry in entries):
        raise bad_request(_("Each item of evaluations must be an object."))
    for key in _NEEDED:
        if key in body:
            _check(key, body[key])
    _check_context(body)
    evaluations = [_read_or_refuse(document, body, position, entry) for position, entry in enumerate(entries)]
    return Evaluations(evaluations, SEMANTICS[semantic])


def describe(address: str) -> Data:
    """Return the metadata of the decision point at an address such as http://127.0.0.1:8181."""
    base = address.rstrip("/")
    return {"policy_decision_point": base, **{key: f"{base}{path}" for key, path in PATHS.items()}}


def _read_or_refuse(document: Document, body: Data, position: int, entry: Data) -> Evaluation | HttpError:
    try:
        return _read(document, {**body, **entry}, ("evaluations", position), entry)
    except HttpError as error:
        return error


def _read(document: Document, asked: Data, place: tuple[str | int, ...], own: Data) -> Evaluation:
    """Return one evaluation; `own` is the object at `place` that may hold its resource. Raises HttpError."""
    for key in _NEEDED:
        _check(key, asked.get(key))
    day, resource = _check_context(asked), asked["resource"]
    if asked["action"]["name"] != ACTION:
        return Evaluation(None, "unknown-action")
    if resource["type"] != RESOURCE:
        return Evaluation(None, "unknown-resource")
    profile = resource.get("properties")
    if profile is None:
        raise bad_request(_("resource.properties must be a profile object."))
    product = profile.get("product")
    if isinstance(product, dict) and product.get("id") != resource["id"]:
        raise bad_request(_("resource.id must equal the product id in resource.properties."))
    path = (*(place if "resource" in own else ()), "resource", "properties")
    profile_document = Document(FILE, profile, document.text, lambda: tree_at(document, *path))
    return Evaluation(DataQuery(profile_document, day, repr(place).encode() + document.text.encode()))


def _check(key: str, value: Any) -> None:
    """Check the subject, the action or the resource of a request. Raises HttpError."""
    needed = _NEEDED[key]
    if not isinstance(value, dict) or not all(isinstance(value.get(part), str) and value[part] for part in needed):
        message = _("{key} must be an object with {needed}, not empty.", key=key, needed=Listing(needed, "and"))
        raise bad_request(message)
    if not isinstance(value.get("properties", {}), dict):
        raise bad_request(_("{key}.properties must be an object.", key=key))


def _check_context(asked: Data) -> str | None:
    """Check the context of a request, and return the day of the law that it states. Raises HttpError."""
    context = asked.get("context", {})
    if not isinstance(context, dict):
        raise bad_request(_("context must be an object."))
    return read_day(context.get("as_of"))


def describe_answer(record: Data) -> Data:
    """Return the context of an answer: the verdict and the reasons of a brief decision."""
    return {
        "verdict": record["decision"],
        "range": record["range"],
        "as_of": record["as_of"],
        "bundle": record["bundle"],
        "verification": record["verification"],
        "notices": [notice["kind"] for notice in record["notices"]],
        "reasons": list(_reasons(record)),
    }


def _reasons(record: Data) -> Iterator[Data]:
    """Yield the reasons against a launch, opinions, and other readings: a code, and its rule, fact or matter."""
    for code, part in (("deny", "denials"), ("needs-license", "needs"), ("needs-license", "would_need")):
        for finding in record[part]:
            yield {"code": code, "rule": finding["rule"], **finding["subject"]}
    for ask in record["missing"]:
        yield {"code": "missing-fact", "path": ask["path"]}
    for opinion in record["opinions"]:
        yield {"code": f"opinion-{opinion['state']}", **{key: opinion[key] for key in ("about", "service", "approver")}}
    for contest in record["contested_rules"]:
        yield {"code": "contested", "rule": contest["rule"], **contest["subject"]}
