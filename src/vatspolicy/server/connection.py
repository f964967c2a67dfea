"""HTTP connections with bounds: heads of a bounded size, and slow heads, idle clients and slow readers are dropped.

When the server has as many connections as it may, a further one takes the place of the one idle for longest.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

HEAD = 32 * 1024
"""Bytes of the head of a request."""
IDLE = 30
"""Maximum seconds of a connection without a request."""
FIRST = 0.5
"""Seconds for a last request on an idle connection when the server ends. The client may have sent it already."""

SPARE = 32
"""Reserve for closing connections, which end a moment later."""


class ServerConfig(uvicorn.Config):
    """Settings of a server. uvicorn hands them to its workers."""

    seconds: float = 10.0
    """Time for a head to arrive, and for a client to read an answer."""


class Connection(HttpToolsProtocol):
    """A connection of httptools with a bound on the size of heads, and bounds on the time of heads and of readers."""

    idle: ClassVar[dict[Connection, None]] = {}
    """The idle connections of this process, the longest idle first."""
    cycle: RequestResponseCycle | None  # type: ignore[assignment]
    """The request under way; None before the first."""
    _head_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None
    _in_head, _in_body = False, False
    _is_ending = False
    """True if the server is ending and waits for a last request."""
    _is_head = False
    """True if the data contains only a head."""
    _size, _received = 0, 0
    """Bytes of the current head: of its URL and finished headers, and of all its data."""

    def __init__(self, config: ServerConfig, *given: Any, **named: Any) -> None:
        super().__init__(config, *given, **named)
        self.seconds = config.seconds

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        if self.limit_concurrency is not None and len(self.connections) + SPARE >= self.limit_concurrency and self.idle:
            longest = next(iter(self.idle))
            del self.idle[longest]
            longest.transport.close()
        self.idle[self] = None
        super().connection_made(cast("asyncio.Transport", _WholeResponses(transport)))
        self._head_timer = self.loop.call_later(self.seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read data. The time of a head runs from its first byte, and further bytes do not prolong it."""
        self._is_head = not self._in_body
        super().data_received(data)
        if self._in_head and self._is_head:  # the parser keeps a header until it ends
            self._received += len(data)
            if self._received > HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")
        if not self._is_idle():
            _cancel(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.seconds, self.transport.abort)

    def on_message_begin(self) -> None:
        """Begin a head."""
        super().on_message_begin()
        self._in_head, self._size, self._received = True, 0, 0

    def on_url(self, url: bytes) -> None:
        """Read a piece of the URL."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Read a header."""
        self._count(name, value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """End a head."""
        self._in_head, self._in_body, self._is_head = False, True, False
        if not self.url.startswith(b"/"):  # it contains an unchecked host
            raise ValueError("the target is not a path")
        super().on_headers_complete()
        self.idle.pop(self, None)
        if self._is_ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """End a request."""
        self._in_body = False
        super().on_message_complete()

    def shutdown(self) -> None:
        """End after the current request, or after a request arriving on an idle connection."""
        if self._is_idle() and not self._is_ending:
            self._is_ending = True
            self.loop.call_later(FIRST, self.shutdown)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Note that the client reads too slowly."""
        super().pause_writing()
        self._await_reader()

    def on_response_complete(self) -> None:
        """Record the end of a response, which may be partly unread."""
        self.transport.write(b"")  # the head of an answer without a body
        super().on_response_complete()
        if self._is_idle():
            self.idle[self] = None
        self._await_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self.idle.pop(self, None)
        _cancel(self._head_timer)
        _cancel(self._reader_timer)

    def _count(self, *parts: bytes) -> None:
        """Add to the size of the head. Raises ValueError, which the parser makes a bad request, for a large one."""
        self._size += sum(map(len, parts)) + 4  # colon, space and end of the line
        if self._size > HEAD:
            raise ValueError("the head is too large")

    def _is_idle(self) -> bool:
        """Return True without a current request."""
        return self.cycle is None or self.cycle.response_complete

    def _await_reader(self) -> None:
        if self._reader_timer is None and self.transport.get_write_buffer_size():
            self._reader_timer = self.loop.call_later(self.seconds, self._drop_reader)

    def _drop_reader(self) -> None:
        self._reader_timer = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()


class _WholeResponses:
    """A transport that sends the head of a response together with its body: uvicorn writes them one after the other."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._head = transport, b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send data, or keep the head of a response until the next data."""
        if not self._head and data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n") and data[9:10] != b"1":
            self._head = data
        elif self._head or data:
            whole, self._head = self._head + data, b""
            self._transport.write(whole)

    def close(self) -> None:
        """Close the transport once all is sent."""
        self.write(b"")
        self._transport.close()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
