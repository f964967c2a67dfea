"""What stands before every answer of the API: whom it talks to, and what a browser may make of it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vatspolicy.server.errors import HttpError, error_response
from vatspolicy.server.loopback import host_name, is_loopback

OPEN = ("/health",)
"""Paths that need no token: a probe has none."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """ASGI middleware: refuses a foreign Host on loopback (421), browsers (403) and a wrong token (401).

    `done` is told the status of every answer.
    """

    def __init__(
        self, app: ASGIApp, token: str | None, loopback: bool, done: Callable[[Scope, int, str | None], None]
    ) -> None:
        self.app, self.loopback, self.done = app, loopback, done
        self.token = None if token is None else _digest(token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        refusal = self.refusal(scope["path"], Headers(scope=scope))

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                added = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    added[name] = value
                self.done(scope, message["status"], refusal.code if refusal else None)
            await send(message)

        answer = self.app if refusal is None else error_response(refusal)
        await answer(scope, receive, guarded)

    def refusal(self, path: str, headers: Headers) -> HttpError | None:
        """Why a request is not answered."""
        named = host_name(headers.get("host", ""))
        if self.loopback and not (named and is_loopback(named)):
            return HttpError(421, "misdirected_request", "This server answers to localhost only.")
        if "origin" in headers or headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return HttpError(403, "forbidden", "No page in a browser may ask this server.")
        if self.token is None or path in OPEN:
            return None
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(_digest(given.strip()), self.token):
            message = "A bearer token is needed." if not given else "The bearer token is wrong."
            return HttpError(401, "unauthorized", message, (("WWW-Authenticate", "Bearer"),))
        return None


def _digest(token: str) -> bytes:
    """Of one length, so that comparing tells nothing about the length of the token either."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
