"""Sockets, tokens, signals and uvicorn: how a server of either router starts and ends."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from vatspolicy.i18n import _, reason_of
from vatspolicy.server.guard import is_loopback

TOKEN = "VATSPOLICY_TOKEN"
MIN_TOKEN_LENGTH = 16
"""Characters that a token has at least."""
CONNECTIONS = 512
"""Simultaneous connections; the server answers further ones with 503."""
GRACE = 15
"""Seconds that requests under way have to finish when the server ends."""


class ServeError(Exception):
    """An error that prevents the start of a server. Its text is one sentence."""


def read_token(file: Path | None) -> str | None:
    """Return the token in a file, else in the environment (VATSPOLICY_TOKEN), else None.

    Raises: ServeError.
    """
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = reason_of(error) if isinstance(error, OSError) else _("it is not text")
            raise ServeError(_("the token in {file} cannot be read: {reason}.", file=file, reason=reason)) from None
    elif TOKEN in os.environ:
        text = os.environ[TOKEN]
    else:
        return None
    token = text.strip()
    if len(token) < MIN_TOKEN_LENGTH or not token.isascii() or not token.isprintable() or " " in token:
        raise ServeError(
            _(
                "a token is one word of at least {MIN_TOKEN_LENGTH} letters and digits.",
                MIN_TOKEN_LENGTH=MIN_TOKEN_LENGTH,
            )
        )
    return token


def listen(host: str, port: int, token: str | None = None) -> socket.socket:
    """Return a listening socket; port 0 stands for any free port. An address of a network needs a token.

    Raises: ServeError for such an address without a token, and for a host that is not an address;
    OSError when the port cannot be used.
    """
    if not is_loopback(host) and token is None:
        raise ServeError(
            _(
                "{host} is not this machine alone; that needs a token (--token-file, or {TOKEN} in the environment).",
                host=host,
                TOKEN=TOKEN,
            )
        )
    try:
        family, kind, protocol, __, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ServeError(
            _(
                "cannot listen on {host}: {reason}.",
                host=host,
                reason=reason_of(error) if isinstance(error, OSError) else _("address not found"),
            )
        ) from None
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except OSError:
        listening.close()
        raise
    return listening


def run(
    app: Starlette, listening: socket.socket, ready: Callable[[], None], reload: Callable[[], None] | None = None
) -> None:
    """Serve `app` until SIGTERM or Ctrl-C, then let requests under way end.

    `ready` is called when connections are accepted, `reload` on SIGHUP. Closes the socket.

    Raises: KeyboardInterrupt after Ctrl-C.
    """
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http="h11",  # it bounds the head of a request
        h11_max_incomplete_event_size=32 * 1024,
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE,
    )
    # uvicorn sends itself the signal again when it has ended; then nothing is left to do.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if reload is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: reload())
    try:
        _Server(config, ready).run(sockets=[listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """A uvicorn server that calls `ready` once it has started; from then on it loses no signal."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.ready()
