"""The routes of the page. They do not write files, store requests or use the network."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from vatspolicy.core.documents.yaml_edit import compose
from vatspolicy.i18n import Language
from vatspolicy.server.guard import GuardRules, make_app, read_json_body
from vatspolicy.server.web.answers import Answer, WebPage
from vatspolicy.server.web.page import POLICY, build_stylesheet, read_script, render_frame
from vatspolicy.server.web.session import WebContext

RULES = GuardRules(
    headers={
        "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "no-store",
    },
    max_body=2_000_000,  # the largest spec that is read, and room for its JSON
    body_seconds=10,
    own_page=True,
)


def make_page(context: WebContext, lang: Language = "en") -> Starlette:
    """Return the application.

    GET /, /page.css, /page.js, /form, /schema, /search, /matrix; POST /decide, /ways, /timeline, /report.
    `lang` is the language that the page begins in.
    """
    page = WebPage(context)
    routes = [
        Route("/", lambda _: HTMLResponse(render_frame(lang))),
        Route("/page.css", lambda _: PlainTextResponse(build_stylesheet(), media_type="text/css")),
        Route("/page.js", lambda _: PlainTextResponse(read_script(), media_type="text/javascript")),
        *(Route(path, _shown(page, path)) for path in page.shown),
        *(Route(path, _posted(page, path), methods=["POST"]) for path in page.posted),
    ]
    return make_app(routes, RULES)


def _shown(page: WebPage, path: str) -> Callable[[Request], Response]:
    return lambda request: _respond(page.answer(path, request.query_params))


def _posted(page: WebPage, path: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that reads a request and answers in a thread, so that a slow request delays no other."""

    async def endpoint(request: Request) -> Response:
        content = await read_json_body(request, RULES)
        try:
            return _respond(await run_in_threadpool(page.answer, path, {}, content))
        finally:
            compose.cache_clear()  # it holds the text of the last edit

    return endpoint


def _respond(answer: Answer) -> Response:
    return Response(answer.content, media_type=answer.media)
