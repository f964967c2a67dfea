"""The ASGI application of the API."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Scope

from vatspolicy.clock import today as today_in_china
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import DayError
from vatspolicy.server.api.bundle_store import BundleStore
from vatspolicy.server.api.guard import Guard
from vatspolicy.server.api.limits import BusyError, LateError, Limits, WorkerSlots
from vatspolicy.server.api.metrics import MEDIA_TYPE, Metrics
from vatspolicy.server.api.openapi import openapi
from vatspolicy.server.api.query import answer, bundle_data, read_query
from vatspolicy.server.errors import HttpError, error_response

_CODES = {404: "resource_not_found", 405: "method_not_allowed"}
Decided = tuple[bytes, str | None, float]
"""The body of an answer, the decision in it, and the seconds that it took."""
_WAIT = (("Retry-After", "1"),)


@dataclass(frozen=True)
class Settings:
    """How a server answers."""

    token: str | None = None
    """The bearer token that every request but a probe of health must bring; None for none."""
    loopback: bool = True
    """Whether only this machine may ask, so that a foreign Host header is refused."""
    allow_past: bool = False
    """Whether the law of a past day may decide."""
    limits: Limits = field(default_factory=Limits)
    today: Callable[[], str] = today_in_china


def make_app(shelf: BundleStore, settings: Settings | None = None) -> Starlette:
    """The application over a shelf. POST and GET /v1/data/…, GET /v1/policies, /health, /metrics, /openapi.json."""
    api = _Api(shelf, settings or Settings())

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        api.slots.close()

    return Starlette(
        routes=[
            Route("/v1/data", api.data, methods=["GET", "POST"]),
            Route("/v1/data/{path:path}", api.data, methods=["GET", "POST"]),
            Route("/v1/policies", api.policies),
            Route("/v1/policies/", api.policies),
            Route("/v1/policies/{id}", api.policy),
            Route("/health", api.health),
            Route("/metrics", api.show_metrics),
            Route("/openapi.json", api.describe),
        ],
        middleware=[Middleware(Guard, api.settings.token, api.settings.loopback, api.count)],
        exception_handlers={HttpError: _refuse, HTTPException: _no_such},
        lifespan=lifespan,
    )


class _Api:
    def __init__(self, shelf: BundleStore, settings: Settings) -> None:
        self.shelf, self.settings = shelf, settings
        self.metrics, self.slots = Metrics(), WorkerSlots(settings.limits)
        self.described: tuple[str, dict[str, Any]] = ("", {})

    def count(self, scope: Scope, status: int, code: str | None) -> None:
        """`scope` holds the route once the request has reached it."""
        endpoint = getattr(scope.get("endpoint"), "__name__", "none")
        self.metrics.request(endpoint, status)
        if code is not None or status >= 400:
            self.metrics.refused(code or scope.get("refused") or str(status))

    async def data(self, request: Request) -> Response:
        """OPA's data API: the result below the path, or nothing where there is none."""
        steps = tuple(step for step in request.path_params.get("path", "").split("/") if step)
        held = self.shelf.held
        content = None
        if request.method == "POST":
            content = await self.body(request)

        def work() -> Decided:
            begun = time.perf_counter()
            query = None if content is None else read_query(content)
            made, word = answer(held.bundle, steps, query, self.settings.today(), self.settings.allow_past)
            body = json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            return body, word, time.perf_counter() - begun

        body, word, seconds = await self.decide(work)
        if word is not None:
            self.metrics.decision(word, seconds)
        return Response(body, media_type="application/json")

    async def decide(self, work: Callable[[], Decided]) -> Decided:
        """What `work` makes. Raises Refusal."""
        try:
            return await self.slots.run(work)
        except BusyError:
            raise HttpError(429, "too_many_requests", "Too many decisions are under way.", _WAIT) from None
        except LateError:
            raise HttpError(503, "timeout", "There was no decision in the time that a request has.", _WAIT) from None
        except DayError as error:
            message = f"as_of {str(error).removeprefix('--as-of ')}."
            raise HttpError(400, "invalid_parameter", message) from None
        except InvalidInput as error:
            message = f"The input cannot be decided: {error.problems[0].message}"
            raise HttpError(400, "invalid_parameter", message, problems=error.problems) from None
        except HttpError:
            raise
        except Exception as error:  # ours; its text may hold a value of the profile and is not repeated
            raise HttpError(500, "internal_error", f"Internal error ({type(error).__name__}).") from None

    async def body(self, request: Request) -> bytes:
        """The body, no longer than it may be and no slower. Raises Refusal."""
        kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise HttpError(415, "unsupported_media_type", "The request must be JSON (application/json).")
        most = self.settings.limits.body
        too_large = HttpError(413, "request_too_large", f"A request has {most:,} bytes at most.")
        length = request.headers.get("content-length", "")
        if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > most):
            raise too_large
        content = bytearray()
        try:
            async with asyncio.timeout(self.settings.limits.seconds):
                async for chunk in request.stream():
                    content += chunk
                    if len(content) > most:
                        raise too_large
        except TimeoutError:
            raise HttpError(408, "request_timeout", "The request did not come in time.") from None
        except ClientDisconnect:
            raise HttpError(400, "invalid_parameter", "The request ended early.") from None
        return bytes(content)

    async def policies(self, _: Request) -> Response:
        """The policies of the bundle; a client asks for them to see whether there is a server."""
        found = self.shelf.held.bundle.policies.values()
        return JSONResponse({"result": [{"id": policy.id, "version": policy.version} for policy in found]})

    async def policy(self, request: Request) -> Response:
        """One policy."""
        policy = self.shelf.held.bundle.policies.get(request.path_params["id"])
        if policy is None:
            raise HttpError(404, "resource_not_found", "There is no such policy in the bundle.")
        found = {"id": policy.id, "version": policy.version, "title": dict(policy.title)}
        return JSONResponse({"result": found})

    async def health(self, request: Request) -> Response:
        """Alive; with ?bundles, which bundle decides and whether it is the one in the files."""
        if "bundles" not in request.query_params:
            return JSONResponse({})
        state = "current" if self.shelf.current else "last-good"
        held = self.shelf.held
        about = {
            **bundle_data(held.bundle),
            "revision": held.revision,
            "state": state,
            "reloads": dict(self.shelf.reloads),
        }
        return JSONResponse({"bundles": {"vatspolicy": about}})

    async def show_metrics(self, _: Request) -> Response:
        """Counters for Prometheus."""
        text = self.metrics.text(self.shelf, self.slots.taken)
        return PlainTextResponse(text, headers={"Content-Type": MEDIA_TYPE})

    async def describe(self, _: Request) -> Response:
        """This API as OpenAPI 3.1."""
        held = self.shelf.held
        if self.described[0] != held.revision:
            self.described = (held.revision, openapi(held.bundle.version, held.bundle.schemas))
        return JSONResponse(self.described[1])


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HttpError)
    request.scope["refused"] = error.code
    return error_response(error)


async def _no_such(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "invalid_parameter")
    message = {404: "There is no such place.", 405: "The bundle is read only here."}.get(
        error.status_code, "The request cannot be read."
    )
    return await _refuse(request, HttpError(error.status_code, code, message, tuple((error.headers or {}).items())))
