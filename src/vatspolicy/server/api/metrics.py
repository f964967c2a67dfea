"""What the server counts, in the text format of Prometheus (version 0.0.4). No label holds a value of a profile."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

from vatspolicy.server.api.bundle_store import BundleStore

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram, in seconds."""


class Metrics:
    """Counters of one server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: Counter[tuple[str, int]] = Counter()
        self._decisions: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._times: Counter[float] = Counter()
        self._sum, self._count = 0.0, 0

    def request(self, route: str, status: int) -> None:
        """Count an answer; `route` is the pattern of a path, never the path."""
        with self._lock:
            self._requests[route, status] += 1

    def refused(self, code: str) -> None:
        """Count a request that was not answered, by the code of its error."""
        with self._lock:
            self._refused[code] += 1

    def decision(self, word: str, seconds: float) -> None:
        """Count a decision and the time it took, without the time it waited."""
        with self._lock:
            self._decisions[word] += 1
            self._sum += seconds
            self._count += 1
            for bound in BOUNDS:
                self._times[bound] += seconds <= bound

    def text(self, shelf: BundleStore, taken: int) -> str:
        """Everything, with the state of the bundle and the number of decisions under way."""
        with self._lock:
            return "".join(f"{line}\n" for line in self._lines(shelf, taken))

    def _lines(self, shelf: BundleStore, taken: int) -> Iterator[str]:
        yield from _head("requests_total", "counter", "Answers by route and status.")
        for (route, status), count in sorted(self._requests.items()):
            yield f"vatspolicy_requests_total{_labels(route=route, code=str(status))} {count}"
        yield from _head("decisions_total", "counter", "Decisions by word.")
        for word, count in sorted(self._decisions.items()):
            yield f"vatspolicy_decisions_total{_labels(decision=word)} {count}"
        yield from _head("refused_total", "counter", "Requests that were not answered, by the code of the error.")
        for code, count in sorted(self._refused.items()):
            yield f"vatspolicy_refused_total{_labels(code=code)} {count}"
        yield from _head("decision_seconds", "histogram", "Time to read, decide and explain one profile.")
        for bound in BOUNDS:
            yield f"vatspolicy_decision_seconds_bucket{_labels(le=str(bound))} {self._times[bound]}"
        yield f'vatspolicy_decision_seconds_bucket{{le="+Inf"}} {self._count}'
        yield f"vatspolicy_decision_seconds_sum {self._sum:.6f}"
        yield f"vatspolicy_decision_seconds_count {self._count}"
        yield from _head("decisions_pending", "gauge", "Decisions under way or waiting.")
        yield f"vatspolicy_decisions_pending {taken}"
        bundle = shelf.held.bundle
        yield from _head("bundle_info", "gauge", "The bundle in use.")
        yield f"vatspolicy_bundle_info{_labels(version=bundle.version, digest=bundle.digest)} 1"
        yield from _head("bundle_current", "gauge", "1 if the bundle in use is the one in the files; 0: the last good.")
        yield f"vatspolicy_bundle_current {int(shelf.current)}"
        yield from _head("bundle_reloads_total", "counter", "Attempts to take another bundle.")
        for result, count in sorted(shelf.reloads.items()):
            yield f"vatspolicy_bundle_reloads_total{_labels(result=result)} {count}"


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP vatspolicy_{name} {text}"
    yield f"# TYPE vatspolicy_{name} {kind}"


def _labels(**labels: str) -> str:
    escaped = {
        name: value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
