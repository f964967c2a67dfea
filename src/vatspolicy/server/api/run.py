"""Serving: the address, the token, the signals, and the end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from vatspolicy.server.api.app import Settings, make_app
from vatspolicy.server.api.bundle_store import BundleStore, Watch
from vatspolicy.server.loopback import is_loopback

TOKEN = "VATSPOLICY_TOKEN"
SHORTEST = 16
"""Fewest characters of a token."""
CONNECTIONS = 512
"""Connections at once; further ones are answered 503."""
GRACE = 15
"""Seconds that requests under way have to end."""


class ServeError(Exception):
    """Why there is no server; the text is one sentence."""


def read_token(file: Path | None) -> str | None:
    """The token in a file, else in the environment (VATSPOLICY_TOKEN); None for none. Raises ServeError."""
    if file is not None:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ServeError(f"the token in {file} cannot be read: {reason}.") from None
    elif TOKEN in os.environ:
        text = os.environ[TOKEN]
    else:
        return None
    token = text.strip()
    if len(token) < SHORTEST or not token.isascii() or not token.isprintable() or " " in token:
        raise ServeError(f"a token is one word of at least {SHORTEST} letters and digits.")
    return token


def listen(host: str, port: int, token: str | None) -> socket.socket:
    """A socket. Raises ServeError: anybody else's machine is listened to with a token only."""
    if not is_loopback(host) and token is None:
        raise ServeError(
            f"{host} is not this machine alone; that needs a token (--token-file, or {TOKEN} in the environment)."
        )
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        made = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise ServeError(f"cannot listen on {host}: {getattr(error, 'strerror', None) or 'no such address'}.") from None
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(address)
        made.listen(128)
    except OSError as error:
        made.close()
        raise ServeError(f"cannot listen on {host} port {port}: {error.strerror or error}.") from None
    return made


class _Server(uvicorn.Server):
    """A server that says when it has started, from when on no signal is lost."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.ready()


def serve(
    shelf: BundleStore, settings: Settings, listening: socket.socket, seconds: float, ready: Callable[[], None]
) -> None:
    """Answer until SIGTERM or Ctrl-C, then let what is under way end. SIGHUP reloads at once.

    `seconds` between two looks at the policies; `ready` is called once connections are taken. Raises KeyboardInterrupt.
    """
    config = uvicorn.Config(
        make_app(shelf, settings),
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
    watch = Watch(shelf, seconds)

    def hang_up(*_: object) -> None:
        watch.wake()

    def terminate(*_: object) -> None:
        """The server sends itself the signal again when it has ended; then there is nothing left to do."""

    signal.signal(signal.SIGTERM, terminate)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, hang_up)
    try:
        _Server(config, ready).run(sockets=[listening])
    finally:
        watch.stop()
        listening.close()
        shelf.close()
