"""The bundle in use. Changed files replace it once verified and compiled; otherwise the last good bundle stays."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from vatspolicy.bundles.select import SelectedLaw, choose_law, read_layers
from vatspolicy.compile_cache import digest
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.policies.bundle import read_sources
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.i18n import Sentences, _

T = TypeVar("T")


class BundleStore:
    """The bundle of every request, replaced as a whole when its files change.

    `digest_files` digests the files and `select` loads the law in them; both may raise InvalidInput. The first
    bundle must be good: otherwise its error is raised here. `notify` is called with one sentence for every change.
    """

    def __init__(
        self,
        digest_files: Callable[[], str],
        select: Callable[[], SelectedLaw],
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._digest_files, self._select, self._notify = digest_files, select, notify
        self._lock = threading.Lock()
        self._tried = self._seen = digest_files()
        self.loaded = select()
        """The law in use. Read it once per request, because it may change."""
        self.reloads = {"ok": 0, "failed": 0}
        """Number of attempts to load another bundle, by result."""
        self._is_current = True

    @property
    def current(self) -> bool:
        """False while the files do not contain a usable bundle, or after the bundle in use has expired."""
        return self._is_current and not self.loaded.expired

    def refresh(self, settled: bool = True) -> bool:
        """Check for changed files; return True if another bundle is in use afterwards. Never raises.

        `settled`: take a change only when two looks in a row saw the same files, so that a release is not read while
        it is being written.
        """
        with self._lock:
            try:
                seen = self._digest_files()
            except Exception as error:
                return self._fail("", error)
            before, self._seen = self._seen, seen
            if seen == self._tried or (settled and seen != before):
                return False
            try:
                return self._replace(seen)
            except Exception as error:  # on any error, the last good bundle stays in use
                return self._fail(seen, error)

    def _replace(self, seen: str) -> bool:
        loaded = self._select()
        bundle = loaded.bundle
        if loaded.number < self.loaded.number:
            raise InvalidInput([Problem("bundle", 1, 1, "", _("It is older than the bundle in use."))])
        # The first request does not wait for the compiled rules of the newest law.
        bundle.on(max(bundle.covers_from, bundle.boundaries[-1]))
        if self._digest_files() != seen:  # the files changed during reading: the next check decides
            return False
        self.loaded, self._tried, self._is_current = loaded, seen, True
        self.reloads["ok"] += 1
        self._notify(_("bundle {revision} is in use.", revision=loaded.revision))
        return True

    def _fail(self, seen: str, error: Exception) -> bool:
        if self._tried != seen:
            first: str = type(error).__name__
            if isinstance(error, InvalidInput):
                problem = error.problems[0]
                first = _("{path}: {fault}", path=problem.file, fault=Sentences(problem.message, problem.hint))
            self._notify(
                _(
                    "bundle {revision} stays in use, because the new bundle is not valid: {first}",
                    revision=self.loaded.revision,
                    first=first,
                )
            )
            self.reloads["failed"] += 1
        self._tried, self._is_current = seen, False
        return False


def open_store(
    folder: Path | None = None,
    file: Path | None = None,
    key: Path | None = None,
    skip_verify: bool = False,
    notify: Callable[[str], None] = lambda _: None,
    layers: Sequence[Path] = (),
) -> BundleStore:
    """Open the shipped law, a folder of policies or a bundle file, with layers (see `bundles.select.choose_law`).

    Raises: InvalidInput.
    """
    law_folder = folder if folder is not None else resource_folder("policies")

    def digest_files() -> str:
        base = [("", file.read_bytes())] if file is not None else read_sources(law_folder)
        above = [source for layer in read_layers(layers) for source in (layer.head, *layer.sources)]
        return digest(part for name, text in (*base, *above) for part in (name.encode(), text))

    return BundleStore(digest_files, lambda: choose_law(folder, file, key, skip_verify, layers=layers).load(), notify)


class Watch:
    """A thread that refreshes a store every `seconds`, and at once when woken."""

    def __init__(self, store: BundleStore, seconds: float) -> None:
        self._store, self._seconds = store, seconds
        self._wake, self._stopped = threading.Event(), False
        self._thread = threading.Thread(target=self._run, name="reload", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Refresh now, and do not wait for the files to settle."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread."""
        self._stopped = True
        self._wake.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stopped:
            woken = self._wake.wait(self._seconds)
            self._wake.clear()
            if not self._stopped:
                self._store.refresh(settled=not woken)
