"""One line for exports that fail: a collector may be away for days, and the library logs a stack trace each time."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vatspolicy.i18n import _

PAUSE = 60
"""Seconds between two lines."""
LIBRARY = "opentelemetry"
"""Logger of the library, above those of its exporters."""


class ExportLog(logging.Handler):
    """Tells of failures of the library, one line at first and then one a minute at most, without their texts.

    The texts may hold the address of a collector with its key, and what it answered.
    """

    def __init__(self, notify: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self.notify, self.clock = notify, clock
        self.told: float | None = None
        self.left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a failure, or count it."""
        now = self.clock()
        if self.told is not None and now - self.told < PAUSE:
            self.left_out += 1
            return
        reason, count = find_reason(record), self.left_out
        self.told, self.left_out = now, 0
        if count:
            self.notify(_("telemetry is not exported: {reason} ({n} more failures before).", reason=reason, n=count))
        else:
            self.notify(_("telemetry is not exported: {reason}.", reason=reason))


def find_reason(record: logging.LogRecord) -> str:
    """Return the type of the error of a record, the HTTP status that it names, or else who wrote it."""
    if record.exc_info and record.exc_info[0] is not None:
        return record.exc_info[0].__name__
    arguments = record.args if isinstance(record.args, tuple) else ()
    for one in arguments:
        if isinstance(one, BaseException):
            return type(one).__name__
        if isinstance(one, int) and not isinstance(one, bool):
            return f"HTTP {one}"
    return "timeout" if "timeout" in str(record.msg) else record.name.rpartition(".")[2]


def take_export_log(notify: Callable[[str], None]) -> None:
    """Let all that the library logs in this process go through an ExportLog."""
    logger = logging.getLogger(LIBRARY)
    logger.handlers[:] = [ExportLog(notify)]
    logger.propagate = False
