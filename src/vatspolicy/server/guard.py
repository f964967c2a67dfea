"""What stands before every answer: whom the server talks to, how much it reads, and what a browser may do with it."""

from __future__ import annotations

import os
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vatspolicy.output import write_stderr
from vatspolicy.server.loopback import host_name

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Names by which this machine calls itself. A page of another site that points its own name here has none of them."""
BODY = 2_000_000
"""Bytes that a request may carry: a spec of the size that is read at all, and room for its JSON."""
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class Guard:
    """ASGI middleware: refuses foreign hosts (421), foreign origins (403), large bodies (413); adds HEADERS."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = _refusal(scope["method"], headers)
        body = b""
        if refusal is None:
            read = await _read(receive)
            refusal, body = (413, "The request is too large.") if read is None else None, read or b""

        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                added = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    added[name] = value
            await send(message)

        if refusal is not None:
            status, text = refusal
            await PlainTextResponse(f"{text}\n", status)(scope, receive, guarded)
            return
        given = False

        async def again() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": body, "more_body": False}

        try:
            await self.app(scope, again, guarded)
        except Exception as error:  # the boundary: whatever is left is ours
            if os.environ.get("VATSPOLICY_DEBUG"):
                traceback.print_exc()
            name = type(error).__name__
            write_stderr(f"vatspolicy: internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.\n")
            if not begun:
                await PlainTextResponse("Internal error.\n", 500)(scope, receive, guarded)


def _refusal(method: str, headers: Headers) -> tuple[int, str] | None:
    """Why a request is not answered, as a status and a sentence."""
    host = headers.get("host", "")
    if host_name(host) not in LOOPBACK:
        return 421, "This server answers to localhost only."
    if method in ("GET", "HEAD"):
        return None
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        return 403, "Only the page of this server may ask."
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return 403, "Only the page of this server may ask."
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        return 415, "The request must be JSON."
    if headers.get("content-length", "0").isdigit() and int(headers.get("content-length", "0")) > BODY:
        return 413, "The request is too large."
    return None


async def _read(receive: Receive) -> bytes | None:
    """The body; None when it is larger than BODY, whatever its header said."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > BODY:
            return None
        more = message.get("more_body", False)
    return b"".join(parts)
