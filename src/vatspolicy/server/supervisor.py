"""Worker processes behind one listening socket, under a supervisor that replaces them.

The supervisor serves nothing. It loads the bundle, forks the workers, which share its memory, and looks for another
bundle. When it has loaded one, it forks as many workers for it. Once all of them are ready, the old ones drain and the
new ones begin; if one of them fails, the old ones stay.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from starlette.applications import Starlette

from vatspolicy.i18n import _
from vatspolicy.server.serve import GRACE, Listening, ServeError, make_server

START = 60.0
"""Maximum seconds until a worker is ready."""
PAUSE = 1.0
"""Seconds between two replacements of workers that end by themselves."""
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


@dataclass(frozen=True)
class _ServerProcess:
    pid: int
    ready: int
    """Read end of the pipe on which the worker reports that it is ready."""
    lifeline: int
    """Write end of the pipe that starts the worker; its closing signals that the supervisor has ended."""

    def begin(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self.lifeline, b"!")

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def close(self) -> None:
        os.close(self.ready)
        os.close(self.lifeline)


class Supervisor:
    """Supervisor of `count` workers, each of which serves the application that `make_app` makes in it."""

    def __init__(
        self,
        count: int,
        make_app: Callable[[], Starlette],
        listening: socket.socket,
        seconds: float,
        notify: Callable[[str], None],
        forget: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take the number of workers, and the time that a client has (see `make_server`).

        `notify` is called with a sentence for every worker that ends by itself, `forget` with the id of every process
        that has ended.
        """
        self.count, self.make_app, self.listening, self.seconds = count, make_app, listening, seconds
        self.notify, self.forget = notify, forget
        self.workers: list[_ServerProcess] = []
        self.draining: list[_ServerProcess] = []
        self.replaced = 0.0

    def run(self, ready: Callable[[], None], refresh: Callable[[bool], object], every: float) -> None:
        """Serve until SIGTERM or Ctrl-C, then finish current requests. `ready` is called when workers accept.

        `refresh` looks for another bundle, and calls `renew` for it: `every` that many seconds, after the
        files have settled, and at once on SIGHUP.

        Raises: ServeError if the workers do not start, KeyboardInterrupt after Ctrl-C.
        """
        incoming, outgoing = os.pipe()
        os.set_blocking(outgoing, False)
        signal.set_wakeup_fd(outgoing, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, lambda *_: None)
        try:
            self.workers = self._fork_generation()
            if not self.workers:
                raise ServeError(_("the worker processes cannot start."))
            for worker in self.workers:
                worker.begin()
            ready()
            ending = self._watch(incoming, refresh, every)
        finally:
            self._end()
            self.listening.close()
        if ending == signal.SIGINT:
            raise KeyboardInterrupt

    def _watch(self, incoming: int, refresh: Callable[[bool], object], every: float) -> int:
        """Replace workers and bundles until a signal ends the server; return its number."""
        look = time.monotonic() + every
        while True:
            wait = max(0.0, min(look - time.monotonic(), 60.0 if len(self.workers) == self.count else PAUSE))
            readable, _, _ = select.select([incoming], [], [], wait)
            received = os.read(incoming, 1024) if readable else b""
            for ending in (signal.SIGTERM, signal.SIGINT):
                if ending in received:
                    return ending
            self._reap()
            self._fill_up()
            woken = signal.SIGHUP in received
            if woken or time.monotonic() >= look:
                refresh(not woken)
                look = time.monotonic() + every

    def _fork_generation(self) -> list[_ServerProcess]:
        """Return workers that are ready, or none."""
        gc.collect()
        gc.freeze()  # the memory that they share is not written to by their garbage collectors
        workers: list[_ServerProcess] = []
        for __ in range(self.count):
            workers.append(self._fork(workers))
        until = time.monotonic() + START
        if all(_is_ready(worker, until) for worker in workers):
            return workers
        self._kill(workers)
        return []

    def renew(self) -> bool:
        """Replace all workers with workers for the newest bundle, or none; return whether they were replaced."""
        fresh = self._fork_generation()
        if not fresh:
            return False
        for worker in self.workers:
            worker.signal(signal.SIGTERM)
        self.draining += self.workers
        self.workers = fresh
        for worker in fresh:
            worker.begin()
        return True

    def _reap(self) -> None:
        """Take note of the workers that have ended."""
        for group in (self.workers, self.draining):
            for worker in [*group]:
                pid, status = os.waitpid(worker.pid, os.WNOHANG)
                if pid:
                    group.remove(worker)
                    worker.close()
                    self.forget(pid)
                    if group is self.workers:
                        code = os.waitstatus_to_exitcode(status)
                        how = _("signal {number}", number=-code) if code < 0 else _("code {number}", number=code)
                        self.notify(_("worker {pid} ended with {how}; a new worker replaces it.", pid=pid, how=how))

    def _fill_up(self) -> None:
        """Fork a worker for each that has ended, at a limited rate."""
        if len(self.workers) < self.count and time.monotonic() - self.replaced >= PAUSE:
            self.replaced = time.monotonic()
            while len(self.workers) < self.count:
                worker = self._fork([*self.workers, *self.draining])
                worker.begin()
                self.workers.append(worker)

    def _fork(self, others: Iterable[_ServerProcess]) -> _ServerProcess:
        ready, tell_ready = os.pipe()
        lifeline_end, lifeline = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(tell_ready)
            os.close(lifeline_end)
            return _ServerProcess(pid, ready, lifeline)
        for descriptor in {ready, lifeline, *(other.lifeline for other in [*others, *self.workers, *self.draining])}:
            os.close(descriptor)
        self._work(tell_ready, lifeline_end)

    def _work(self, tell_ready: int, told: int) -> NoReturn:
        """Serve in a worker, and end the process."""
        code = 70
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:  # from the terminal: the supervisor decides when to end
                ours = number in (signal.SIGTERM, signal.SIGCHLD)
                signal.signal(number, signal.SIG_DFL if ours else signal.SIG_IGN)
            server = make_server(self.make_app(), self.seconds, lifeline=told)
            os.write(tell_ready, b"!")
            if os.read(told, 1):
                signal.signal(signal.SIGTERM, lambda *_: setattr(server, "should_exit", True))
                server.run(sockets=[Listening(fileno=self.listening.detach())])
            code = 0
        except KeyboardInterrupt:
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _end(self) -> None:
        """Stop every worker; workers that do not drain in time are killed."""
        self.draining += self.workers  # workers that end now do so on request
        self.workers = []
        for worker in self.draining:
            worker.signal(signal.SIGTERM)
        until = time.monotonic() + GRACE + 5
        while self.draining and time.monotonic() < until:
            self._reap()
            time.sleep(0.01)
        self._kill(self.draining)

    def _kill(self, workers: Iterable[_ServerProcess]) -> None:
        for worker in workers:
            worker.signal(signal.SIGKILL)
            os.waitpid(worker.pid, 0)
            worker.close()
            self.forget(worker.pid)


def _is_ready(worker: _ServerProcess, until: float) -> bool:
    """Wait until a worker is ready; False if it ends, or takes too long."""
    readable, _, _ = select.select([worker.ready], [], [], max(0.0, until - time.monotonic()))
    return bool(readable) and os.read(worker.ready, 1) != b""
