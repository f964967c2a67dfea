"""Traces and metrics by OpenTelemetry, set by the variables of its specification."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy import __version__
from vatspolicy.i18n import Listing, _
from vatspolicy.origin import install
from vatspolicy.server.serve import ServeError

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, MeterProvider, Observation
    from opentelemetry.sdk.metrics import MeterProvider as SdkMeterProvider
    from opentelemetry.sdk.trace import TracerProvider as SdkTracerProvider
    from opentelemetry.trace import TracerProvider
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from vatspolicy.server.api.bundle_store import BundleStore


PAUSE = 60
"""Seconds between two lines."""
LIBRARY = "opentelemetry"
"""Logger of the library, above those of its exporters."""


class ExportLog(logging.Handler):
    """Reports failures of the library, at most one line a minute, without their texts.

    The texts can contain a collector's address with its key, and its answer.
    """

    def __init__(self, notify: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.WARNING)
        self.notify, self.clock = notify, clock
        self.told: float | None = None
        self.left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Report a failure, or count it."""
        now = self.clock()
        if self.told is not None and now - self.told < PAUSE:
            self.left_out += 1
            return
        reason, count = find_reason(record), self.left_out
        self.told, self.left_out = now, 0
        if count:
            self.notify(_("telemetry is not exported: {reason} ({n} earlier failures).", reason=reason, n=count))
        else:
            self.notify(_("telemetry is not exported: {reason}.", reason=reason))


def find_reason(record: logging.LogRecord) -> str:
    """Return the type of the error of a record, the HTTP status that it names, or else who wrote it."""
    if record.exc_info and record.exc_info[0] is not None:
        return record.exc_info[0].__name__
    arguments = record.args if isinstance(record.args, tuple) else ()
    for argument in arguments:
        if isinstance(argument, BaseException):
            return type(argument).__name__
        if isinstance(argument, int) and not isinstance(argument, bool):
            return f"HTTP {argument}"
    return "timeout" if "timeout" in str(record.msg) else record.name.rpartition(".")[2]


def take_export_log(notify: Callable[[str], None]) -> None:
    """Send all log records of the library in this process through an ExportLog."""
    logger = logging.getLogger(LIBRARY)
    logger.handlers[:] = [ExportLog(notify)]
    logger.propagate = False


# --- traces and metrics by OpenTelemetry, set by the variables of its specification (OTEL_*)
#
# The library is imported only if a variable requires it and the extra `telemetry` is installed. No span and no
# metric holds a path, a header or a value of a profile.


SCOPE = "vatspolicy"
"""Name of the instrumentation, and of the service unless OTEL_SERVICE_NAME is set."""
PACKAGES = ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")
"""Packages of the extra `telemetry`."""
SIGNALS = ("TRACES", "METRICS")
PROTOCOL = "http/protobuf"
"""The protocol of exporters that does not need a further package."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
OTHER = "_OTHER"
"""Attribute value for methods and errors outside the conventions."""
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0)
"""Upper bounds of the histogram in seconds, as the conventions of OpenTelemetry advise."""
FLUSH = 5000
"""Milliseconds for sending the last spans and metrics at shutdown."""


class DecisionCount(NamedTuple):
    """One decision of a request, for metrics and spans."""

    outcome: str
    seconds: float
    """Its time, without waiting time."""
    services: int
    """Number of services of the product."""


def wanted_signals(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the exporter (`otlp`, `console`) of each signal that the variables ask for, in lower case.

    A signal is on if an endpoint or an exporter is named for it, and off if the exporter is `none`.

    Raises:
        ServeError: An exporter or a protocol that is not known here.
    """
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return {}
    signals = {}
    for signal in SIGNALS:
        variable = f"OTEL_{signal}_EXPORTER"
        exporter = environment.get(variable, "").strip().lower()
        endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        if not exporter and any(environment.get(name) for name in endpoints):
            exporter = "otlp"
        if exporter in ("", "none"):
            continue
        if exporter not in ("otlp", "console"):
            known = Listing(("otlp", "console", "none"), "or")
            raise ServeError(_("{variable} must be {known}.", variable=variable, known=known))
        protocols = (f"OTEL_EXPORTER_OTLP_{signal}_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
        named = next((name for name in protocols if environment.get(name)), None)
        if exporter == "otlp" and named is not None and environment[named].strip() != PROTOCOL:
            raise ServeError(_("{variable} must be {protocol}.", variable=named, protocol=PROTOCOL))
        signals[signal.lower()] = exporter
    return signals


def lacks_extra() -> bool:
    """Return whether the extra `telemetry` is not installed."""
    try:
        return any(find_spec(name) is None for name in PACKAGES)
    except ModuleNotFoundError:  # of a package above
        return True


class Telemetry:
    """The spans and metrics of one application."""

    def __init__(
        self,
        store: BundleStore,
        tracers: TracerProvider,
        meters: MeterProvider,
        close: Callable[[], None] = lambda: None,
    ) -> None:
        """Take the providers of spans and metrics; `close` ends them with the server."""
        from opentelemetry.metrics import Observation

        self.close, self.store = close, store
        self.tracer = tracers.get_tracer(SCOPE, __version__)
        meter = meters.get_meter(SCOPE, __version__)
        self.requests = meter.create_counter("vatspolicy.requests", "{request}", "Answers by route and status.")
        self.duration = meter.create_histogram(
            "http.server.request.duration", "s", "Duration of requests.", explicit_bucket_boundaries_advisory=BUCKETS
        )
        self.decisions = meter.create_counter("vatspolicy.decisions", "{decision}", "Decisions by verdict.")
        self.decision_duration = meter.create_histogram(
            "vatspolicy.decision.duration",
            "s",
            "Time to read, decide and explain one profile.",
            explicit_bucket_boundaries_advisory=BUCKETS,
        )

        def count_reloads(_options: CallbackOptions) -> Iterable[Observation]:
            return [Observation(count, {"result": result}) for result, count in sorted(store.reloads.items())]

        meter.create_observable_counter(
            "vatspolicy.bundle.reloads", [count_reloads], "{reload}", "Attempts to take another bundle."
        )

    def note_decisions(self, counts: Sequence[DecisionCount]) -> None:
        """Count decisions, and add the decisions and the bundle to the span of the current request."""
        from opentelemetry import trace

        span = trace.get_current_span()
        span.set_attribute("vatspolicy.bundle.digest", self.store.loaded.bundle.digest)
        span.set_attribute("vatspolicy.decisions", len(counts))
        if len(counts) == 1:
            span.set_attribute("vatspolicy.verdict", counts[0].outcome)
        elif counts:
            span.set_attribute("vatspolicy.verdicts", [count.outcome for count in counts])
        span.set_attribute("vatspolicy.services", sum(count.services for count in counts))
        for counter in counts:
            self.decisions.add(1, {"vatspolicy.verdict": counter.outcome})
            self.decision_duration.record(counter.seconds)


class Traced:
    """ASGI middleware around all others: a span for each request, which continues with the trace of its caller."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry, route_of: Callable[[Scope], str | None]) -> None:
        """`route_of` returns the pattern of the route that a request has reached; None for one that reached none."""
        self.app, self.telemetry, self.route_of = app, telemetry, route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request within a span."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, Status, StatusCode

        begun, status = time.perf_counter(), 0

        async def noting_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        known = scope["method"] in METHODS
        name = scope["method"] if known else "HTTP"
        about: dict[str, str | int] = {
            "http.request.method": scope["method"] if known else OTHER,
            "url.scheme": scope["scheme"],
        }
        caller = extract(_headers(scope))
        with self.telemetry.tracer.start_as_current_span(
            name, caller, SpanKind.SERVER, about, record_exception=False
        ) as span:
            try:
                await self.app(scope, receive, noting_send)
            finally:
                if (route := self.route_of(scope)) is not None:
                    about["http.route"] = route
                    span.update_name(f"{name} {route}")
                if status:
                    about["http.response.status_code"] = status
                if status >= 500 or not status:
                    about["error.type"] = str(status) if status else OTHER
                    span.set_status(Status(StatusCode.ERROR))
                span.set_attributes(about)
                self.telemetry.requests.add(1, about)
                self.telemetry.duration.record(time.perf_counter() - begun, about)


def _headers(scope: Scope) -> dict[str, list[str]]:
    """Return the headers of a request as the propagators read them."""
    headers: dict[str, list[str]] = {}
    for key, value in scope["headers"]:
        headers.setdefault(key.decode("latin-1"), []).append(value.decode("latin-1"))
    return headers


class Providers(NamedTuple):
    """The providers of one process, which export in their own threads."""

    tracers: SdkTracerProvider
    meters: SdkMeterProvider

    def close(self) -> None:
        """Export remaining data and end the threads, for both signals at once and within FLUSH.

        A collector that does not answer must not keep a server from ending. The library alone waits for 20 seconds.
        """
        threads = [threading.Thread(target=_end, args=(provider,), daemon=True) for provider in self]
        for thread in threads:
            thread.start()
        until = time.monotonic() + FLUSH / 1000
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _end(provider: SdkTracerProvider | SdkMeterProvider) -> None:
    provider.force_flush(FLUSH)
    provider.shutdown()


def make_providers(signals: Mapping[str, str]) -> Providers:
    """Return providers with an exporter for each signal. Call it after the fork of a worker: it starts threads."""
    import uuid

    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import ConsoleMetricExporter, MetricExporter, PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

    own = {"service.name": SCOPE, "service.version": __version__, "service.instance.id": str(uuid.uuid4())}
    resource = Resource.create(own).merge(OTELResourceDetector().detect())  # the variables take precedence
    tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
    if "traces" in signals:
        exporter: SpanExporter = ConsoleSpanExporter()
        if signals["traces"] == "otlp":
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter()
        tracers.add_span_processor(BatchSpanProcessor(exporter))
    readers = []
    if "metrics" in signals:
        metric_exporter: MetricExporter = ConsoleMetricExporter()
        if signals["metrics"] == "otlp":
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

            metric_exporter = OTLPMetricExporter()
        readers.append(PeriodicExportingMetricReader(metric_exporter))
    return Providers(tracers, MeterProvider(readers, resource, shutdown_on_exit=False))


def find_telemetry(notify: Callable[[str], None]) -> Callable[[BundleStore], Telemetry] | None:
    """Return the function that opens the configured telemetry in one process; None without configuration.

    `notify` receives a missing extra and failed exports. What must be imported is imported here, so
    that workers share it.

    Raises:
        ServeError: A variable asks for what is not known here.
    """
    signals = wanted_signals(os.environ)
    if not signals:
        return None
    if lacks_extra():
        notify(_("the OTEL_ variables need an extra: {command}.", command=install("telemetry")))
        return None
    for name in PACKAGES:
        import_module(name)

    def open_telemetry(store: BundleStore) -> Telemetry:
        take_export_log(notify)
        providers = make_providers(signals)
        return Telemetry(store, providers.tracers, providers.meters, providers.close)

    return open_telemetry
