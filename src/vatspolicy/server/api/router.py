"""The router of the API: OPA's data API, health, metrics and the OpenAPI document."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orjson import dumps as encode
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from vatspolicy import __version__
from vatspolicy.clock import today as today_in_china
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import DayError
from vatspolicy.gate.waivers.load import WaiverSet
from vatspolicy.i18n import Language, Sentences, _, set_language, translate
from vatspolicy.output import write_stderr
from vatspolicy.server.api.bundle_store import BundleStore, Watch, open_store
from vatspolicy.server.api.limits import ApiLimits, BusyError, LateError, WorkerSlots
from vatspolicy.server.api.metrics import MEDIA_TYPE, DecisionCount, Metrics
from vatspolicy.server.api.openapi import make_openapi
from vatspolicy.server.api.query import (
    PLACE,
    DataQuery,
    DataQuestion,
    bundle_to_data,
    policy_to_data,
    read_batch,
    read_day,
    read_query,
)
from vatspolicy.server.errors import HttpError, bad_request, error_to_data
from vatspolicy.server.guard import GuardRules, make_app, read_json_body, report_internal_error

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
MESSAGES = {404: _("There is no resource at this path."), 405: _("The bundle is read-only.")}
Decided = tuple[bytes, int, list[DecisionCount]]
"""The body of a response, its status, and the decisions in it."""
_RETRY = (("Retry-After", "1"),)


@dataclass(frozen=True)
class ApiSettings:
    """The settings of one API."""

    token: str | None = None
    """The bearer token required for every request except health probes; None for none."""
    loopback: bool = True
    """Only this machine may send requests: a foreign Host header is refused."""
    allow_past: bool = False
    """Requests may choose the law of a past day."""
    limits: ApiLimits = field(default_factory=ApiLimits)
    today: Callable[[], str] = today_in_china
    waiver_set: WaiverSet | None = None
    """Granted opinions and approvers, or None."""


def make_api(
    store: BundleStore, settings: ApiSettings | None = None, close: Callable[[], None] = lambda: None
) -> Starlette:
    """Return the application: /v1/data/…, /v1/policies, /health, /metrics and /openapi.json.

    `close` is called when the server ends.
    """
    api = _Api(store, settings or ApiSettings())

    def end() -> None:
        api.slots.close()
        close()

    return make_app(api.routes, api.rules, MESSAGES, api.observe, end)


def make_worker_api(
    files: tuple[Path | None, Path | None, Path | None, bool],
    layers: Sequence[Path],
    settings: ApiSettings,
    reload: float,
    lang: Language,
) -> Starlette:
    """Return the application of one of several processes. It loads the law itself and looks for another one.

    `files` are the folder, the bundle file, its key and whether the file is not verified, as `open_store` takes them;
    `reload` is the number of seconds between two looks.
    """
    set_language(["--lang", lang])
    if parent := multiprocessing.parent_process():
        threading.Thread(target=_end_after, args=(parent,), name="parent", daemon=True).start()
    store = open_store(*files, _report, layers)
    return make_api(store, settings, Watch(store, reload).stop)


def _end_after(parent: BaseProcess) -> None:
    """End this process once its parent has ended."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _report(sentence: str) -> None:
    write_stderr(f"vatspolicy: {translate(sentence)}\n")


class _Api:
    def __init__(self, store: BundleStore, settings: ApiSettings) -> None:
        self.store, self.settings = store, settings
        self.metrics = Metrics(store)
        self.slots = WorkerSlots(settings.limits, self.metrics.note_pending)
        self.description: tuple[str, dict[str, Any]] = ("", {})
        """The revision of a bundle, and the OpenAPI document for it."""
        self.rules = GuardRules(
            headers=HEADERS,
            max_body=settings.limits.body,
            body_seconds=settings.limits.seconds,
            assume_json=True,
            loopback=settings.loopback,
            token=settings.token,
            open_paths=frozenset({"/health"}),
        )
        self.routes = [
            Route("/v1/data", self.answer_query, methods=["GET", "POST"], name="data"),
            Route("/v1/data/{path:path}", self.answer_query, methods=["GET", "POST"], name="data"),
            Route("/v1/batch/data/{path:path}", self.answer_batch, methods=["POST"], name="batch"),
            Route("/v1/policies", self.list_policies, name="policies"),
            Route("/v1/policies/", self.list_policies, name="policies"),
            Route("/v1/policies/{id}", self.show_policy, name="policy"),
            Route("/v1/config", self.show_config, name="config"),
            Route("/v1/status", self.show_status, name="status"),
            Route("/v1/compile", self.refuse_partial, methods=["POST"], name="compile"),
            Route("/v1/query", self.refuse_partial, methods=["POST"], name="query"),
            Route("/health", self.show_health, name="health"),
            Route("/metrics", self.show_metrics, name="show_metrics"),
            Route("/openapi.json", self.describe, name="describe"),
        ]
        self.names: dict[Any, str] = {route.endpoint: route.name for route in self.routes}

    def observe(self, scope: Scope, status: int, code: str | None) -> None:
        """Count a response. Its scope holds an endpoint once the request has reached one."""
        self.metrics.count_response(self.names.get(scope.get("endpoint"), "none"), status, code)

    async def answer_query(self, request: Request) -> Response:
        """Answer a query of OPA's data API with the document at its path, or without a result."""
        question = self.read_question(request)
        content = await read_json_body(request, self.rules) if request.method == "POST" else None
        begun, limits = time.perf_counter(), self.settings.limits
        query = read_query(content) if content is not None and len(content) <= limits.small else None

        def work() -> Decided:
            asked = read_query(content) if query is None and content is not None else query
            record, outcome = question.answer(asked)
            body = self.bound(encode(record))
            return body, 200, _count(asked, outcome, time.perf_counter() - begun)

        at_once = content is None or (query is not None and query.services <= limits.services)
        return await self.decide(work, at_once)

    async def answer_batch(self, request: Request) -> Response:
        """Answer a query for each of several inputs, as the batch API of Enterprise OPA does."""
        question = self.read_question(request)
        content = await read_json_body(request, self.rules)
        return await self.decide(lambda: self.work_on_batch(question, content))

    def work_on_batch(self, question: DataQuestion, content: bytes) -> Decided:
        """Decide the inputs of a batch one after the other. An input that cannot be decided has its own error."""
        limits, begun = self.settings.limits, time.perf_counter()
        answers: dict[str, dict[str, Any]] = {}
        counts: list[DecisionCount] = []
        size, refused = 0, False
        for id, query in read_batch(content, limits.batch).items():
            before = time.perf_counter()
            if before - begun > limits.seconds:  # the client is gone
                raise LateError
            try:
                record, outcome = question.answer(query)
            except Exception as error:
                failure = to_http_error(error)
                answers[id] = {**error_to_data(failure), "http_status_code": str(failure.status)}
                refused = True
            else:
                answers[id] = {**record, "http_status_code": "200"}
                counts += _count(query, outcome, time.perf_counter() - before)
            size += len(self.bound(encode(answers[id])))
            if size > limits.answer:
                break
        if not refused:
            for answer in answers.values():
                del answer["http_status_code"]
        return self.bound(encode({"responses": answers})), 207 if refused else 200, counts

    def read_question(self, request: Request) -> DataQuestion:
        """Return the settings of a request that apply to every input.

        Raises HttpError, also if the signature of the bundle has expired.
        """
        steps = tuple(step for step in request.path_params.get("path", "").split("/") if step)
        full, settings = _wants_full(request.query_params.get("detail")), self.settings
        bundle, today = self.read_bundle(), settings.today()
        return DataQuestion(bundle, steps, full, today, settings.allow_past, settings.waiver_set)

    def read_bundle(self) -> Bundle:
        """Return the bundle in use. Raises HttpError if its signature has expired."""
        if self.store.loaded.expired:
            message = _("The signature of the bundle {revision} has expired.", revision=self.store.loaded.revision)
            text = Sentences(message, _("Take a newer bundle into use."))
            raise HttpError(503, "bundle_expired", text, (("Retry-After", "60"),))
        return self.store.loaded.bundle

    def bound(self, body: bytes) -> bytes:
        """Return a body that is not too large. Raises HttpError: an answer is never cut."""
        most = self.settings.limits.answer
        if len(body) > most:
            message = _(
                "The response exceeds {most:,} bytes. Use a longer path to request a part, or omit detail.", most=most
            )
            raise HttpError(400, "answer_too_large", message)
        return body

    async def decide(self, work: Callable[[], Decided], at_once: bool = False) -> Response:
        """Run `work` in a slot, or at once, and return its response.

        Raises: HttpError.
        """
        try:
            body, status, counts = work() if at_once else await self.slots.run(work)
        except (BusyError, LateError, DayError, InvalidInput) as error:
            raise to_http_error(error) from None
        for count in counts:
            self.metrics.count_decision(count.outcome, count.seconds)
        return Response(body, status, media_type="application/json")

    async def list_policies(self, __: Request) -> Response:
        """List the policies of the bundle. OPA clients request them to test the connection."""
        policies = self.store.loaded.bundle.policies.values()
        return JSONResponse({"result": [{"id": policy.id, "version": policy.version} for policy in policies]})

    async def show_policy(self, request: Request) -> Response:
        """Show one policy with the texts to which decisions refer, for the day of the request, or today."""
        bundle, day = self.store.loaded.bundle, read_day(request.query_params.get("as_of")) or self.settings.today()
        policy = bundle.policies.get(request.path_params["id"])
        if policy is None:
            raise HttpError(404, "resource_not_found", _("The bundle does not contain this policy."))
        return Response(encode({"result": policy_to_data(bundle, policy, day)}), media_type="application/json")

    async def show_health(self, request: Request) -> Response:
        """Answer a health probe; with `?bundles`, show the bundle that decides and its state."""
        return JSONResponse(self.bundles() if "bundles" in request.query_params else {})

    def bundles(self) -> dict[str, Any]:
        """Return the bundle that decides, and whether it is the last good one."""
        state = "current" if self.store.current else "expired" if self.store.loaded.expired else "last-good"
        loaded = self.store.loaded
        about = {
            **bundle_to_data(loaded.bundle),
            "revision": loaded.revision,
            "state": state,
            "reloads": dict(self.store.reloads),
        }
        return {"bundles": {"vatspolicy": about}}

    async def show_status(self, __: Request) -> Response:
        """Show the state of the bundle at the path of OPA clients."""
        return JSONResponse({"result": self.bundles()})

    async def show_config(self, __: Request) -> Response:
        """Show the labels of this server at the configuration path of OPA clients, without files and secrets."""
        labels = {"id": "vatspolicy", "version": __version__}
        paths = {"default_decision": f"/{'/'.join(PLACE)}"}
        return JSONResponse({"result": {"labels": labels, **paths}})

    async def refuse_partial(self, __: Request) -> Response:
        """Report that custom queries are not supported, with an alternative path."""
        message = _(
            "This server does not evaluate Rego. For partial results, query {path}.",
            path=f"/v1/data/{'/'.join(PLACE)}/range",
        )
        raise HttpError(404, "resource_not_found", message)

    async def show_metrics(self, __: Request) -> Response:
        """Show the metrics for Prometheus."""
        return Response(self.metrics.render(), headers={"Content-Type": MEDIA_TYPE})

    async def describe(self, __: Request) -> Response:
        """Show this API as an OpenAPI document."""
        loaded = self.store.loaded
        if self.description[0] != loaded.revision:
            self.description = (loaded.revision, make_openapi(loaded.bundle.version, loaded.bundle.schemas))
        return JSONResponse(self.description[1])


def to_http_error(error: Exception) -> HttpError:
    """Return the error response for what went wrong with a decision. A defect is reported on standard error."""
    match error:
        case HttpError():
            return error
        case BusyError():
            return HttpError(429, "too_many_requests", _("Too many decisions are in progress."), _RETRY)
        case LateError():
            return HttpError(503, "timeout", _("The decision took longer than the time limit."), _RETRY)
        case DayError(why=why):
            return bad_request(_("as_of {why}.", why=why))
        case InvalidInput():
            message = _("The input cannot be decided: {reason}", reason=error.problems[0].message)
            return bad_request(message, problems=error.problems)
    return report_internal_error(error)


def _count(query: DataQuery | None, outcome: str | None, seconds: float) -> list[DecisionCount]:
    """Return the decision on a query, if one was made, as metrics count it."""
    if query is None or outcome is None:
        return []
    return [DecisionCount(outcome, seconds)]


def _wants_full(detail: str | None) -> bool:
    """Return whether a request needs the full decision. Raises HttpError for an invalid value."""
    if detail not in (None, "brief", "full"):
        raise bad_request(_("detail must be brief or full."))
    return detail == "full"
