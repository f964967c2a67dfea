"""The id by which a client of AuthZEN knows the response to its request again."""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NAME = "X-Request-ID"


class WithRequestId:
    """ASGI middleware: a response has the id of its request, an error too, on some paths."""

    def __init__(self, app: ASGIApp, paths: Collection[str]) -> None:
        self.app, self.paths = app, paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        found = scope["type"] == "http" and scope["path"] in self.paths
        id = Headers(scope=scope).get(NAME) if found else None
        if id is None:
            await self.app(scope, receive, send)
            return

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[NAME] = id
            await send(message)

        await self.app(scope, receive, send_with_id)
