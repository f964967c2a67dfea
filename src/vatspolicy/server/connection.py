"""HTTP connections with a bound on time: slow heads, idle clients and slow readers are dropped."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD = 32 * 1024
"""Bytes of the head of a request."""
IDLE = 30
"""Seconds that a connection may be without a request."""


class Connection(H11Protocol):
    """A connection of h11, which bounds the size of a head, with bounds on the time of heads and of readers."""

    seconds: float = 10.0
    """Seconds in which a head must arrive, and in which a client must read what waits for it."""
    _head_timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(self.seconds, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Read data. The time of a head runs from its first byte, and further bytes do not prolong it."""
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:  # type: ignore[redundant-expr]
            _cancel(self._head_timer)
            self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self.seconds, self.transport.abort)

    def pause_writing(self) -> None:
        """Note that the client reads more slowly than it is answered."""
        super().pause_writing()
        self._await_reader()

    def on_response_complete(self) -> None:
        """Note the end of an answer, part of which may still wait for its reader."""
        super().on_response_complete()
        self._await_reader()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        _cancel(self._head_timer)
        _cancel(self._reader_timer)

    def _await_reader(self) -> None:
        if self._reader_timer is None and self.transport.get_write_buffer_size():
            self._reader_timer = self.loop.call_later(self.seconds, self._drop_reader)

    def _drop_reader(self) -> None:
        self._reader_timer = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
