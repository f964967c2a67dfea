"""The bundle in use. Changed files are verified and compiled before they take its place; else the last good stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TypeVar

from vatspolicy.bundles.select import SelectedLaw, select_law
from vatspolicy.compile_cache import digest
from vatspolicy.documents.schemas import resource_folder
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.policies.bundle import read_sources

T = TypeVar("T")


class LoadedBundle:
    """One bundle, with the schemas that it decides under, in use until it is let go."""

    def __init__(self, choice: AbstractContextManager[SelectedLaw]) -> None:
        self._choice = choice
        chosen = choice.__enter__()
        self.bundle, self.revision = chosen.bundle, chosen.revision
        self.number = chosen.package.number if chosen.package else -1
        """Grows with every release of a package; -1 for a folder, which has none."""

    def let_go(self) -> None:
        """No request uses it any more."""
        self._choice.__exit__(None, None, None)


class BundleStore:
    """One bundle for every request, swapped whole.

    `look` digests the files, `choice` opens the bundle in them; both may raise InvalidInput, and the first bundle must
    be good, or it is raised here. `say` is told of every change in one sentence.
    """

    def __init__(
        self,
        look: Callable[[], str],
        choice: Callable[[], AbstractContextManager[SelectedLaw]],
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._look, self._choice, self._say = look, choice, say
        self._lock = threading.Lock()
        self._tried = self._seen = look()
        self.held = LoadedBundle(choice())
        """Take it once for a request: the next look may find another one."""
        self._before: LoadedBundle | None = None
        self.current = True
        """False while the files hold no bundle that may be used, and the last good one decides."""
        self.reloads = {"ok": 0, "failed": 0}

    def refresh(self, settled: bool = True) -> bool:
        """Look at the files; True if another bundle is in use afterwards. Raises nothing.

        `settled`: a change is taken only when two looks in a row saw the same files, so that one which is still being
        written is not taken for a release.
        """
        with self._lock:
            try:
                seen = self._look()
            except Exception as error:
                return self._fail("", error)
            before, self._seen = self._seen, seen
            if seen == self._tried or (settled and seen != before):
                return False
            try:
                return self._take(seen)
            except Exception as error:  # whatever is wrong with it: the last good bundle goes on deciding
                return self._fail(seen, error)

    def close(self) -> None:
        """Let everything go."""
        with self._lock:
            for held in (self._before, self.held):
                if held is not None:
                    held.let_go()

    def _take(self, seen: str) -> bool:
        held = LoadedBundle(self._choice())
        bundle = held.bundle
        try:
            if held.number < self.held.number:
                raise InvalidInput([Problem("bundle", 1, 1, "", "It is older than the bundle in use.")])
            bundle.on(max(bundle.covers_from, bundle.boundaries[-1]))  # its code loads, too
            if self._look() != seen:  # changed while it was read: another look will tell
                held.let_go()
                return False
        except BaseException:
            held.let_go()
            raise
        if self._before is not None:
            self._before.let_go()
        self._before, self.held = self.held, held  # requests under way may still read the schemas of the old one
        self._tried, self.current = seen, True
        self.reloads["ok"] += 1
        self._say(f"bundle {held.revision} is in use.")
        return True

    def _fail(self, seen: str, error: Exception) -> bool:
        if self._tried != seen:
            first = str(error.problems[0]) if isinstance(error, InvalidInput) else type(error).__name__
            self._say(f"bundle {self.held.revision} stays in use, the new one may not be: {first}")
            self.reloads["failed"] += 1
        self._tried, self.current = seen, False
        return False


def open_store(
    folder: Path | None = None,
    file: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> BundleStore:
    """The shelf of what ships, a folder of policies or a bundle's file (see `package.choose`). Raises InvalidInput."""
    place = folder if folder is not None else resource_folder("policies")

    def look() -> str:
        if file is not None:
            return digest([file.read_bytes()])
        return digest(part for name, text in read_sources(place) for part in (name.encode(), text))

    return BundleStore(look, lambda: select_law(folder, file, key, skip_verify), say)


class Watch:
    """A thread that refreshes a shelf every `seconds`, and at once when it is woken."""

    def __init__(self, shelf: BundleStore, seconds: float) -> None:
        self._shelf, self._seconds = shelf, seconds
        self._wake, self._stop = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now, and take what is there without a second look."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stop = True
        self._wake.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop:
            woken = self._wake.wait(self._seconds)
            self._wake.clear()
            if not self._stop:
                self._shelf.refresh(settled=not woken)
