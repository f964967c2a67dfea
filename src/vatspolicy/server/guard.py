"""The ASGI application behind its guard: allowed callers, size limits, security headers, and one form of errors."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import hmac
import ipaddress
import os
import re
import traceback
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vatspolicy.i18n import ForeignText, _, translate
from vatspolicy.output import write_stderr
from vatspolicy.server.errors import HttpError, error_to_data


def make_error_response(error: HttpError, bilingual: bool = False) -> Response:
    """Return the response for an error. It repeats no value of the request."""
    return JSONResponse(error_to_data(error, bilingual), error.status, dict(error.headers))


_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{0,5}))?")
"""A host and a port, and nothing else: libraries read `[::1].example.org` as `::1`."""

Observer = Callable[[Scope, int, str | None], None]
"""A function that is called with the scope, the status and, for an error, the code of every response."""


@dataclass(frozen=True)
class GuardRules:
    """The settings of a guard."""

    headers: Mapping[str, str]
    """Headers of every response, errors included."""
    max_body: int
    """Bytes of a request body."""
    body_seconds: float | None = None
    """Seconds in which a body must arrive; None for no limit."""
    assume_json: bool = False
    """A body without a media type is read as JSON."""
    loopback: bool = True
    """The Host header must be this machine, so that websites cannot point their names here."""
    own_page: bool = False
    """True if pages of this server may send requests and others may link to `/`; otherwise browser pages may not."""
    token: str | None = None
    """The bearer token required for every request; None for none."""
    open_paths: frozenset[str] = frozenset()
    """Paths that need no token."""


class Guard:
    """ASGI middleware that refuses requests by its rules, and turns every exception into an error response."""

    def __init__(self, app: ASGIApp, rules: GuardRules, observe: Observer) -> None:
        self.app, self.rules, self.observe = app, rules, observe
        self.headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in rules.headers.items()]
        self.own = {name for name, _ in self.headers}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False
        code: str | None = None

        async def guarded_send(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                others = [header for header in message["headers"] if header[0] not in self.own]
                message["headers"] = [*others, *self.headers]
                self.observe(scope, message["status"], code)
            await send(message)

        try:
            check_request(self.rules, scope["method"], scope["path"], scope["headers"])
            await self.app(scope, receive, guarded_send)
        except Exception as error:
            failure = error if isinstance(error, HttpError) else report_internal_error(error)
            if not started:
                code = failure.code
                await make_error_response(failure, self.rules.own_page)(scope, receive, guarded_send)


def check_request(rules: GuardRules, method: str, path: str, raw: Sequence[tuple[bytes, bytes]]) -> None:
    """Refuse a body with two lengths (400), a foreign Host (421), a page in a browser (403) and a wrong token (401).

    `raw` are the headers as ASGI gives them.

    Raises: HttpError.
    """
    headers: dict[str, str] = {}
    for key, value in raw:
        headers.setdefault(key.decode("latin-1"), value.decode("latin-1"))
    message = None
    if sum(key == b"host" for key, _ in raw) > 1:  # a proxy may have read the other one
        message = _("A request must have exactly one Host header.")
    elif "content-length" in headers and "transfer-encoding" in headers:  # a proxy may have read another length
        message = _("A request cannot have both Content-Length and Transfer-Encoding.")
    if message is not None:
        raise HttpError(400, "invalid_parameter", message, (("Connection", "close"),))
    name = parse_host(headers.get("host", ""))
    if rules.loopback and not (name and is_loopback(name)):
        raise HttpError(421, "misdirected_request", _("This server accepts requests only for localhost."))
    if rules.own_page and _is_foreign(method, path, headers):
        raise HttpError(403, "forbidden", _("This server accepts requests only from its own page."))
    if not rules.own_page and _is_of_page(headers):
        raise HttpError(403, "forbidden", _("This server does not accept requests from browser pages."))
    if rules.token is None or path in rules.open_paths:
        return
    scheme, __, given = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(_digest(given.strip()), _digest(rules.token)):
        message = _("A bearer token is needed.") if not given else _("The bearer token is wrong.")
        raise HttpError(401, "unauthorized", message, (("WWW-Authenticate", "Bearer"),))


def _is_of_page(headers: Mapping[str, str]) -> bool:
    """Return True for a request that a page in a browser makes."""
    return "origin" in headers or headers.get("sec-fetch-site") not in (None, "none", "same-origin")


def _is_foreign(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Return True for a request that a page of another site makes."""
    known = (None, "same-origin", "none") if method in ("GET", "HEAD") else (None, "same-origin")
    own = headers.get("origin") in (None, f"http://{headers.get('host', '')}")
    return not (own and headers.get("sec-fetch-site") in known) and not _is_visit(method, path, headers)


def _is_visit(method: str, path: str, headers: Mapping[str, str]) -> bool:
    """Return True if a browser opens the page itself, possibly through a link of another site, but not in a frame."""
    visit = (method, path, headers.get("sec-fetch-mode"), headers.get("sec-fetch-dest"))
    return visit == ("GET", "/", "navigate", "document") and "origin" not in headers


async def read_json_body(request: Request, rules: GuardRules) -> bytes:
    """Return the body of a JSON request, within the limits of the rules.

    Raises: HttpError for another media type (415), a body that is too large (413), late (408) or cut off (400).
    """
    default = "application/json" if rules.assume_json else ""
    kind = request.headers.get("content-type", default).partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HttpError(415, "unsupported_media_type", _("The request must be JSON (application/json)."))
    too_large = HttpError(
        413, "request_too_large", _("A request can have at most {most:,} bytes.", most=rules.max_body)
    )
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and (len(length) > 18 or int(length) > rules.max_body):
        raise too_large
    content = bytearray()
    try:
        async with asyncio.timeout(rules.body_seconds):
            async for chunk in request.stream():
                content += chunk
                if len(content) > rules.max_body:
                    raise too_large
    except TimeoutError:
        raise HttpError(408, "request_timeout", _("The request did not arrive within the time limit.")) from None
    except ClientDisconnect:
        raise HttpError(400, "invalid_parameter", _("The request ended early.")) from None
    return bytes(content)


@functools.lru_cache(maxsize=64)
def is_loopback(host: str) -> bool:
    """Return True for `localhost` and for loopback addresses."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


@functools.lru_cache(maxsize=64)
def parse_host(header: str) -> str | None:
    """Return the name in a Host header without its port; None for anything but a host and a port."""
    match = _HOST.fullmatch(header)
    if match is None or int(match["port"] or 0) > 65535:
        return None
    return match["name"].strip("[]").lower()


def report_internal_error(error: Exception) -> HttpError:
    """Report an unexpected exception on standard error. Its text may hold a value of a profile and is not repeated."""
    if os.environ.get("VATSPOLICY_DEBUG"):
        traceback.print_exc()
    name = type(error).__name__
    sentence = translate(_("internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.", name=name))
    write_stderr(f"vatspolicy: {sentence}\n")
    return HttpError(500, "internal_error", _("Internal error ({name}).", name=name))


def _digest(token: str) -> bytes:
    """Return a digest of a token, so that the time of a comparison does not depend on the token's length."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


_CODES = {404: "resource_not_found", 405: "method_not_allowed"}
_MESSAGES = {404: _("Not Found"), 405: _("Method Not Allowed")}


def make_app(
    routes: Sequence[Route],
    rules: GuardRules,
    messages: Mapping[int, str] | None = None,
    observe: Observer = lambda *_: None,
    close: Callable[[], None] = lambda: None,
) -> Starlette:
    """Return an application that serves `routes` behind a guard.

    `messages` are the sentences for requests without a route, by status. `observe` is called for every response,
    `close` when the server ends.
    """
    sentences = {**_MESSAGES, **(messages or {})}

    async def refuse(__: Request, error: Exception) -> NoReturn:
        assert isinstance(error, HTTPException)
        code = _CODES.get(error.status_code, "invalid_parameter")
        message = sentences.get(error.status_code) or ForeignText(error.detail)
        raise HttpError(error.status_code, code, message, tuple((error.headers or {}).items())) from None

    @contextlib.asynccontextmanager
    async def lifespan(__: Starlette) -> AsyncIterator[None]:
        yield
        close()

    return Starlette(
        routes=routes,
        middleware=[Middleware(Guard, rules, observe)],
        exception_handlers={HTTPException: refuse},
        lifespan=lifespan,
    )
