"""The ASGI application: a router behind the guard."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NoReturn

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.routing import Route

from vatspolicy.i18n import ForeignText, _
from vatspolicy.server.errors import HttpError
from vatspolicy.server.guard import Guard, GuardRules, Observer

_CODES = {404: "resource_not_found", 405: "method_not_allowed"}
_MESSAGES = {404: _("Not Found"), 405: _("Method Not Allowed")}


def make_app(
    routes: Sequence[Route],
    rules: GuardRules,
    messages: Mapping[int, str] | None = None,
    observe: Observer = lambda *_: None,
    close: Callable[[], None] = lambda: None,
    around: Sequence[Middleware] = (),
) -> Starlette:
    """Return an application that serves `routes` behind a guard.

    `messages` are the sentences for requests without a route, by status. `observe` is called for every response,
    `close` when the server ends. `around` stands around the guard.
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
        middleware=[*around, Middleware(Guard, rules, observe)],
        exception_handlers={HTTPException: refuse},
        lifespan=lifespan,
    )
