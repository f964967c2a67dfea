"""Sockets, tokens, signals and uvicorn: start and end of a server."""

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
from uvicorn.supervisors import Multiprocess

from vatspolicy.i18n import _, reason_of
from vatspolicy.server.connection import IDLE, Connection, ServerConfig
from vatspolicy.server.guard import is_loopback

TOKEN = "VATSPOLICY_TOKEN"
MIN_TOKEN_LENGTH = 16
"""Minimum characters of a token."""
CONNECTIONS = 512
"""Simultaneous connections of one process. A further one takes the place of an idle one; without any, it gets a 503."""
BACKLOG = 1024
"""Maximum number of connections waiting to be accepted."""
GRACE = 15
"""Seconds for current requests to finish at shutdown."""
START = 60
"""Maximum seconds until a worker is ready, or answers its supervisor."""
_ACCEPTED = 0.05
"""Seconds in which a connection that the socket has given away reaches its protocol."""


METRICS = "PROMETHEUS_MULTIPROC_DIR"
"""Variable with the folder in which the metrics library sums the values of several processes."""


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
    """Serve `app` until SIGTERM or Ctrl-C, then finish current requests.

    `ready` is called when connections are accepted, `reload` on SIGHUP. `seconds` is the time
    that a client has. Closes the socket.

    Raises: KeyboardInterrupt after Ctrl-C.
    """
    # uvicorn sends itself the signal again when it has ended; then nothing is left to do.
    signal.signal(signal.SIGTERM, lambda *_: None)
    if reload is not None and hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, lambda *_: reload())
    try:
        _Server(make_config(app, seconds), ready).run(sockets=[Listening(fileno=listening.detach())])
    finally:
        listening.close()


def make_config(app: Callable[..., object], seconds: float, workers: int = 1) -> ServerConfig:
    """Return the settings of a server. With several workers, each calls `app` to make its application."""
    config = ServerConfig(
        app,
        factory=workers > 1,
        workers=workers,
        log_level="critical" if workers == 1 else "error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        http=Connection,
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=GRACE,
        timeout_worker_healthcheck=START,
    )
    config.seconds = seconds
    return config


def run_workers(
    count: int, make_app: Callable[[], Starlette], listening: socket.socket, ready: Callable[[], None], seconds: float
) -> None:
    """Serve from several processes until SIGTERM or Ctrl-C, then finish current requests.

    uvicorn replaces a process that ends. On SIGHUP, it replaces all of them, one after the other; a process that does
    not start leaves the others as they are. `make_app` is pickled, and called in each process.

    Raises: KeyboardInterrupt after Ctrl-C.
    """
    workers = _Workers(make_config(make_app, seconds, count), [listening])
    ready()
    workers.run()
    listening.close()
    if workers.interrupted:
        raise KeyboardInterrupt


class _Workers(Multiprocess):
    """The processes of uvicorn, which notes whether Ctrl-C ended them, and soon replaces one that has ended."""

    interrupted = False

    def keep_subprocess_alive(self) -> None:
        """Replace processes that have ended or do not answer.

        A process that ends without an answer closes the last copy of its connection, which ends the wait for it.
        """
        for process in self.processes:
            process.child_conn.close()
        super().keep_subprocess_alive()

    def handle_int(self) -> None:
        """End all workers."""
        self.interrupted = True
        super().handle_int()


class Listening(socket.socket):
    """A listening socket that gives away one connection at a time: others are served in the midst of a burst."""

    _turn = False

    def listen(self, *_: int) -> None:
        """Do nothing: the socket already listens."""

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

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting connections and end all of them, including those accepted at this moment."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(_ACCEPTED)
        await super().shutdown(sockets)
