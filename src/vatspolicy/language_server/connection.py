"""Messages that the library does not answer: whatever a client sends, a request gets an answer.

A request whose parameters have another form, one before the connection is opened or after it is closed, and text that
is no message at all are answered by an error of JSON-RPC.
"""

from __future__ import annotations

from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol


class Connection(LanguageServerProtocol):
    """The protocol of a server, with an answer to every request."""

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Return an object of a message as it is. The library calls this for each object, also for one in another."""
        return data

    def handle_message(self, message: Any) -> None:
        """Answer a message, or take it if it needs no answer."""
        if not isinstance(message, dict) or message.get("jsonrpc") != self.VERSION:
            return self.refuse(message, JsonRpcInvalidRequest())
        method, is_request = message.get("method"), "method" in message and "id" in message
        if is_request and not (_is_id(message["id"]) and isinstance(method, str)):
            return self.refuse(message, JsonRpcInvalidRequest())
        if is_request and self._workspace is None and method != types.INITIALIZE:
            return self.refuse(message, JsonRpcServerNotInitialized())
        if is_request and (self._shutdown or (self._workspace is not None and method == types.INITIALIZE)):
            return self.refuse(message, JsonRpcInvalidRequest())
        try:
            structured = super().structure_message(message)
        except JsonRpcException as error:
            if is_request:
                return self.refuse(message, JsonRpcInvalidParams())
            raise error
        super().handle_message(structured)
        return None

    def refuse(self, message: Any, error: JsonRpcException) -> None:
        """Answer a message by an error; one without an id, which cannot be answered, by an error without an id."""
        id = message.get("id") if isinstance(message, dict) else None
        told = {"code": error.code, "message": error.message}
        self._send_data({"jsonrpc": self.VERSION, "id": id if _is_id(id) else None, "error": told})

    def refuse_text(self) -> None:
        """Answer a text that is no JSON."""
        self.refuse(None, JsonRpcParseError())


def _is_id(id: Any) -> bool:
    return isinstance(id, str | int) and not isinstance(id, bool)
