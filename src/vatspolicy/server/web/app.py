"""The ASGI application of the page. It writes nothing, keeps nothing of a request, and asks the network for nothing."""

from __future__ import annotations

import datetime
import json
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.access_matrix import matrix
from vatspolicy.guidance.remediation import find_remediations
from vatspolicy.guidance.remediation.serialize import plan_to_data
from vatspolicy.profile.profile import read_profile
from vatspolicy.profile.vocabulary import Language
from vatspolicy.reports.access_matrix.render import fragment as matrix_fragment
from vatspolicy.server.guard import Guard
from vatspolicy.server.web.form import make_form
from vatspolicy.server.web.page import script, shell, stylesheet
from vatspolicy.server.web.remediation import ways_fragment
from vatspolicy.server.web.session import BadRequest, DecideRequest, WebContext, answer, read_request, read_spec
from vatspolicy.server.web.words import for_script, say

MATRICES = 16
"""Tables that are kept; each takes about a second to make."""


def make_app(desk: WebContext, lang: Language = "en") -> Starlette:
    """The application. GET /, /page.css, /page.js, /form, /schema, /matrix; POST /decide and /ways.

    `lang` is the language that the page begins in.
    """
    form = {**make_form(desk.bundle), "words": for_script(), "covers_from": desk.bundle.covers_from}
    tables: dict[tuple[str, str], dict[str, Any]] = {}

    def index(_: Request) -> Response:
        return HTMLResponse(shell(lang))

    def css(_: Request) -> Response:
        return PlainTextResponse(stylesheet(), media_type="text/css")

    def js(_: Request) -> Response:
        return PlainTextResponse(script(), media_type="text/javascript")

    def form_data(_: Request) -> Response:
        return JSONResponse({**form, "today": desk.as_of or desk.today()})

    def schema(_: Request) -> Response:
        return JSONResponse(SchemaSet.shipped().load("profile"))

    def access(request: Request) -> Response:
        spoken: Language = "zh" if request.query_params.get("lang") == "zh" else "en"
        day = request.query_params.get("as_of") or desk.as_of or desk.today()
        by = "places" if request.query_params.get("by") == "places" else "regimes"
        wrong = _wrong_day(day, desk)
        if wrong:
            return JSONResponse({"error": wrong}, 400)
        if (day, by) not in tables:
            if len(tables) >= MATRICES:
                tables.pop(next(iter(tables)))
            tables[day, by] = dict(matrix(desk.bundle, day, by=by))
        table = tables[day, by]
        return JSONResponse({"as_of": day, "html": matrix_fragment(table, spoken, f"matrix-{by}").markup})

    routes = [
        Route("/", index),
        Route("/page.css", css),
        Route("/page.js", js),
        Route("/form", form_data),
        Route("/schema", schema),
        Route("/matrix", access),
        Route("/decide", _posted(lambda order: answer(desk, order)), methods=["POST"]),
        Route("/ways", _posted(lambda order: _ways(desk, order)), methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[Middleware(Guard)])


def _posted(make: Callable[[DecideRequest], dict[str, Any]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that reads a request and answers it in a thread, so that a slow one does not hold up the others."""

    async def endpoint(request: Request) -> Response:
        try:
            order = read_request(json.loads(await request.body()))
            return JSONResponse(await run_in_threadpool(make, order))
        except (ValueError, RecursionError):
            return PlainTextResponse("The request is no JSON.\n", 400)
        except BadRequest as error:
            return PlainTextResponse(f"{error}\n", 400)

    return endpoint


def _ways(desk: WebContext, order: DecideRequest) -> dict[str, Any]:
    try:
        profile = read_profile(read_spec(desk, order))
        day = desk.as_of or profile.launch or desk.today()
        if day < desk.bundle.covers_from:
            return {"record": None, "html": None}
        data = plan_to_data(desk.bundle, profile, find_remediations(desk.bundle, profile, day))
    except InvalidInput:  # /decide says what is wrong
        return {"record": None, "html": None}
    return {"record": data, "html": ways_fragment(data, order.lang).markup}


def _wrong_day(day: str, desk: WebContext) -> dict[str, str] | None:
    try:
        if datetime.date.fromisoformat(day).isoformat() != day:
            raise ValueError
    except ValueError:
        return {"en": say("not_day", "en"), "zh": say("not_day", "zh")}
    first = desk.bundle.covers_from
    if day < first:
        return {"en": say("before_covered", "en", day=first), "zh": say("before_covered", "zh", day=first)}
    return None
