"""Sockets, tokens, signals and uvicorn: how a server of either router starts and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from vatspolicy.i18n import _, reason_of
from vatspolicy.server.connection import IDLE, Connection
from vatspolicy.server.guard import is_loopback

TOKEN = "VATSPOLICY_TOKEN"
MIN_TOKEN_LENGTH = 16
"""Characters that a token has at least."""
CONNECTIONS = 512
"""Simultaneous connections of one process. A further one takes the place of an idle one; without any, it gets a 503."""
BACKLOG = 1024
"""Connections that wait to be accepted."""
GRACE = 15
"""Seconds that requests under way have to finish when the server ends."""
_ACCEPTED = 0.05
"""Seconds in which a connection that the socket has given away reaches its protocol."""


METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Variable that names the folder in which the library of metrics adds up those of several processes."""


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
                "a token must be one word of at least {min_token_length} letters and digits.",
                min_token_length=MIN_TOKEN_LENGTH,
            )
        )
    return token


@contextlib.contextmanager
def share_metrics(shared: bool) -> Iterator[None]:
    """Name a temporary folder for the metrics of several processes, or none for those of one.

    Raises: ServeError.
    """
    os.environ.pop(METRICS, None)
    if not shared:
        yield
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="vatspolicy-metrics-")
    except OSError as error:
        raise ServeError(
            _(
                "the metrics of several workers need a temporary folder: {reason}. Or pass --workers 1.",
                reason=reason_of(error),
            )
        ) from None
    with folder as name:
        os.environ[METRICS] = name
        yield


def listen(host: str, port: int, token: str | None = None) -> socket.socket:
    """Return a listening socket; port 0 selects any free port. A network address requires a token.

    Raises: ServeError for such an address without a token, and for a host that is not an address;
    OSError when the port cannot be used.
    """
    if not is_loopback(host) and token is None:
        raise ServeError(
            _(
                "{host} is reachable from other machines and needs a token (--token-file, or {token} in the "
                "environment).",
                host=host,
                token=TOKEN,
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
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def run(
    app: Starlette,
    listening: socket.socket,
    ready: Callable[[], None],
    reload: Callable[[], None] | None = None,
    seconds: float = 10.0,
) -> None:
    """Serve `app` until SIGTERM or Ctrl-C, then let requests under way end.

    `ready` is called when connections are accepted, `reload` on SIGHUP. `seconds` are those of `make_server`. Closes
    the socket.

    Raises: KeyboardInterrupt after Ctrl-C.
    """
    # uvicorn sends itself the signal again when it has ended; then nothing is left to do.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if reload is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: reload())
    try:
        make_server(app, seconds, ready).run(sockets=[Listening(fileno=listening.detach())])
    finally:
        listening.close()


def make_server(
    app: Starlette, seconds: float, ready: Callable[[], None] = lambda: None, lifeline: int | None = None
) -> uvicorn.Server:
    """Return the server of one process.

    A head must arrive within `seconds`, and so long may a client let an answer wait. `ready` is called when connections
    are accepted. The server ends when the pipe `lifeline` does.
    """
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=type("Connection", (Connection,), {"seconds": seconds, "idle": {}}),
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
    )
    return _Server(config, ready, lifeline)


class Listening(socket.socket):
    """A listening socket that gives away one connection at a time.

    Workers share a burst of connections, and those that are open are served in the midst of it.
    """

    _turn = False

    def listen(self, *_: int) -> None:
        """Leave the socket as it is: it listens already."""

    def accept(self) -> tuple[socket.socket, object]:
        """Accept a connection, but not two in one turn of the event loop."""
        self._turn = not self._turn
        if not self._turn:
            raise BlockingIOError
        try:
            return super().accept()
        except BaseException:
            self._turn = False
            raise


class _Server(uvicorn.Server):
    """A uvicorn server that calls `ready` once it has started; from then on it loses no signal."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], lifeline: int | None) -> None:
        super().__init__(config)
        self.ready, self.lifeline = ready, lifeline

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        if self.lifeline is not None:
            asyncio.get_running_loop().add_reader(self.lifeline, self._end_alone, self.lifeline)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, and end all of them: those too that are accepted at this moment."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(_ACCEPTED)
        await super().shutdown(sockets)

    def _end_alone(self, lifeline: int) -> None:
        asyncio.get_running_loop().remove_reader(lifeline)
        self.should_exit = True
