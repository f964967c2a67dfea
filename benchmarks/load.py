"""A client of HTTP servers on this machine: some connections with one request at a time each, in one thread.

It does as little as it can for a request, because it shares the processor with the server.
"""

from __future__ import annotations

import json
import selectors
import socket
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Load:
    """What a client saw."""

    latencies: Sequence[float]
    """Seconds of each request."""
    errors: int
    """Responses with another status than 200."""
    seconds: float

    @property
    def rate(self) -> float:
        """Responses a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: int) -> float:
        """Return a percentile of the latencies in milliseconds."""
        return statistics.quantiles(self.latencies, n=100, method="inclusive")[percent - 1] * 1e3


def request(path: str, body: Any) -> bytes:
    """Build a request that sends JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content


class Connection:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.begun = 0.0
        self._received = bytearray()
        self._body = self._length = -1
        """Where the body begins, and where it ends; -1 while unknown, 0 if the body has chunks."""

    def send(self, message: bytes) -> None:
        """Send a request."""
        self._received.clear()
        self._body = self._length = -1
        self.begun = time.perf_counter()
        self.socket.sendall(message)

    def receive(self) -> bool:
        """Read what has arrived; return True if the response is complete.

        Raises: ConnectionError.
        """
        part = self.socket.recv(1 << 18)
        if not part:
            raise ConnectionError("the server closed the connection")
        self._received += part
        if self._body < 0:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return False
            head = bytes(self._received[:end]).lower()
            self._body = end + 4
            size = head.partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
            self._length = self._body + int(size) if size else 0
        if self._length:
            return len(self._received) >= self._length
        return self._received.endswith(b"\r\n0\r\n\r\n")

    @property
    def status(self) -> int:
        """The status of the response."""
        return int(self._received[9:12])

    @property
    def content(self) -> bytes:
        """The body of the response."""
        rest = bytes(self._received[self._body :])
        if self._length:
            return rest
        found = b""
        while size := int((line := rest.partition(b"\r\n"))[0].split(b";")[0], 16):
            found, rest = found + line[2][:size], line[2][size + 2 :]
        return found

    def ask(self, message: bytes) -> bytes:
        """Send a request and return the body of the response.

        Raises: RuntimeError for another status than 200.
        """
        self.send(message)
        while not self.receive():
            pass
        if self.status != 200:
            raise RuntimeError(f"status {self.status}: {self.content[:300].decode(errors='replace')}")
        return self.content

    def close(self) -> None:
        """End the connection."""
        self.socket.close()


def ask(port: int, messages: Sequence[bytes]) -> list[bytes]:
    """Return the body of the response to each request.

    Raises: RuntimeError for another status than 200.
    """
    connection = Connection(port)
    try:
        return [connection.ask(message) for message in messages]
    finally:
        connection.close()


def load(port: int, messages: Sequence[bytes], seconds: float, connections: int) -> Load:
    """Send requests for some seconds."""
    latencies: list[float] = []
    errors = 0
    opened = [Connection(port) for _ in range(connections)]
    turns = [place * len(messages) // connections for place in range(connections)]
    with selectors.DefaultSelector() as selector:
        for place, connection in enumerate(opened):
            selector.register(connection.socket, selectors.EVENT_READ, place)
        begun = time.perf_counter()
        for place, connection in enumerate(opened):
            connection.send(messages[turns[place] % len(messages)])
        under_way = connections
        while under_way:
            for key, _ in selector.select(60):
                connection = opened[key.data]
                if not connection.receive():
                    continue
                now = time.perf_counter()
                latencies.append(now - connection.begun)
                errors += connection.status != 200
                if now - begun < seconds:
                    turns[key.data] += 1
                    connection.send(messages[turns[key.data] % len(messages)])
                else:
                    under_way -= 1
        spent = time.perf_counter() - begun
    for connection in opened:
        connection.close()
    return Load(latencies, errors, spent)
