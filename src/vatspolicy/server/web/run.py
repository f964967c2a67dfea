"""The socket of a server on this machine."""

from __future__ import annotations

import socket


def listen(port: int) -> socket.socket:
    """A socket of this machine alone, not of its networks; 0 for any free port. Raises OSError."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind(("127.0.0.1", port))
        made.listen(64)
    except OSError:
        made.close()
        raise
    return made
