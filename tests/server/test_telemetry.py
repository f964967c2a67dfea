"""Traces and metrics by OpenTelemetry: in memory, and over HTTP to a collector, with one worker and with several."""

from __future__ import annotations

import http.server
import json
import logging
import re
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("httpx", reason="needs the extra `test`")
pytest.importorskip("opentelemetry.sdk", reason="needs the extra `telemetry`")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from tests.support.api_server import Start
from tests.support.api_server import start as start
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.server.api import telemetry
from vatspolicy.server.api.bundle_store import BundleStore
from vatspolicy.server.api.router import ApiSettings, make_api
from vatspolicy.server.api.telemetry import Providers, Telemetry, find_telemetry, wanted_signals
from vatspolicy.server.serve import ServeError

PLACE = "/v1/data/vatspolicy/decision"
ROUTE = "/v1/data/{path:path}"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)


class Memory:
    """An application whose spans and metrics stay in memory."""

    def __init__(self, store: BundleStore) -> None:
        self.spans, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(self.spans))
        meters = MeterProvider([self.reader])
        settings = ApiSettings(today=lambda: TODAY, telemetry=lambda store: Telemetry(store, tracers, meters))
        self.client = TestClient(make_api(store, settings), base_url="http://127.0.0.1", raise_server_exceptions=False)

    def span(self) -> ReadableSpan:
        """The only span since the last look."""
        [found] = self.spans.get_finished_spans()
        self.spans.clear()
        return found

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """The points of each metric: attributes, and the number or the count of a histogram."""
        data = self.reader.get_metrics_data()
        assert data is not None
        return {
            metric.name: [
                (dict(point.attributes or {}), getattr(point, "value", getattr(point, "count", None)))
                for point in metric.data.data_points
            ]
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def memory(store: BundleStore) -> Memory:
    return Memory(store)


def test_a_span_tells_the_verdict_the_bundle_and_the_number_of_services(memory: Memory, store: BundleStore) -> None:
    answer = memory.client.post(PLACE, json={"input": HOSTING_DATA})
    span = memory.span()
    assert (span.name, span.kind.name, span.status.status_code.name) == (f"POST {ROUTE}", "SERVER", "UNSET")
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": ROUTE,
        "http.response.status_code": 200,
        "vatspolicy.bundle.digest": store.loaded.bundle.digest,
        "vatspolicy.verdict": answer.json()["result"]["decision"],
        "vatspolicy.decisions": 1,
        "vatspolicy.services": len(HOSTING_DATA["services"]),
    }


def test_nothing_of_a_profile_is_told(memory: Memory) -> None:
    secret = "kingfisher-7731"
    profile = json.loads(json.dumps(SHOP_DATA).replace(SHOP_DATA["product"]["id"], secret))
    memory.client.post(f"{PLACE}/{secret}?explain=full", json={"input": profile}, headers={"X-Other": secret})
    memory.client.post(PLACE, json={"input": {**profile, secret: secret}})
    memory.client.request(secret.upper(), f"/{secret}")
    told = [span.to_json() for span in memory.spans.get_finished_spans()] + [repr(memory.metrics())]
    assert len(told) == 4
    assert not [text for text in told if secret in text.lower()]


def test_a_trace_of_the_caller_goes_on(memory: Memory) -> None:
    memory.client.post(PLACE, json={"input": SHOP_DATA}, headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
    span = memory.span()
    assert span.context is not None
    assert span.parent is not None
    assert (f"{span.context.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, PARENT)
    memory.client.post(PLACE, json={"input": SHOP_DATA}, headers={"traceparent": "00-broken"})
    assert memory.span().parent is None


def test_a_trace_that_the_caller_does_not_sample_is_not_told(memory: Memory) -> None:
    memory.client.post(PLACE, json={"input": SHOP_DATA}, headers={"traceparent": f"00-{TRACE}-{PARENT}-00"})
    assert memory.spans.get_finished_spans() == ()


def test_a_batch_tells_all_its_verdicts(memory: Memory) -> None:
    answer = memory.client.post(f"/v1/batch{PLACE[3:]}", json={"inputs": {"a": SHOP_DATA, "b": HOSTING_DATA}}).json()
    about = memory.span().attributes or {}
    verdicts = tuple(one["result"]["decision"] for one in answer["responses"].values())
    services = len(SHOP_DATA["services"]) + len(HOSTING_DATA["services"])
    assert (about["vatspolicy.verdicts"], about["vatspolicy.decisions"]) == (verdicts, 2)
    assert (about["vatspolicy.services"], "vatspolicy.verdict" in about) == (services, False)


@pytest.mark.parametrize(("method", "path", "status", "route"), [
    ("POST", PLACE, 400, ROUTE),
    ("GET", "/nowhere", 404, None),
    ("GET", "/health", 200, "/health"),
    ("BREW", "/health", 405, "/health"),
])  # fmt: skip
def test_every_request_has_a_span(memory: Memory, method: str, path: str, status: int, route: str | None) -> None:
    memory.client.request(method, path, content=b"{" if method == "POST" else None)
    span = memory.span()
    about = span.attributes or {}
    assert (about["http.response.status_code"], about.get("http.route")) == (status, route)
    assert about["http.request.method"] == (method if method != "BREW" else "_OTHER")
    assert span.name == " ".join(filter(None, (method if method != "BREW" else "HTTP", route)))
    assert "error.type" not in about, "a mistake of the caller is none of the server"


def test_a_defect_is_an_error_without_its_text(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("of the profile")

    monkeypatch.setattr("vatspolicy.server.api.query.DataQuestion.answer", fail)
    assert memory.client.post(PLACE, json={"input": SHOP_DATA}).status_code == 500
    span = memory.span()
    assert span.status.status_code.name == "ERROR"
    assert (span.attributes or {})["error.type"] == "500"
    [(about, _count)] = memory.metrics()["http.server.request.duration"]
    assert about["error.type"] == "500"
    assert "of the profile" not in span.to_json()


def test_metrics_count_requests_decisions_and_reloads(memory: Memory, store: BundleStore) -> None:
    word = memory.client.post(PLACE, json={"input": SHOP_DATA}).json()["result"]["decision"]
    memory.client.post(PLACE, json={"input": SHOP_DATA})
    memory.client.post(PLACE, content=b"{")
    found = memory.metrics()
    about = {"http.request.method": "POST", "url.scheme": "http", "http.route": ROUTE}
    wanted = [({**about, "http.response.status_code": 200}, 2), ({**about, "http.response.status_code": 400}, 1)]
    assert sorted(found["vatspolicy.requests"], key=str) == wanted
    assert sorted(found["http.server.request.duration"], key=str) == wanted
    assert found["vatspolicy.decisions"] == [({"vatspolicy.verdict": word}, 2)]
    assert found["vatspolicy.decision.duration"] == [({}, 2)]
    assert found["vatspolicy.bundle.reloads"] == [({"result": name}, n) for name, n in sorted(store.reloads.items())]


# --- the environment


@pytest.mark.parametrize(("environment", "signals"), [
    ({}, {}),
    ({"OTEL_SERVICE_NAME": "x"}, {}),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, {"traces": "otlp", "metrics": "otlp"}),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "TRUE"}, {}),
    ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_METRICS_EXPORTER": "none"}, {"traces": "otlp"}),
    ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c"}, {"metrics": "otlp"}),
    ({"OTEL_TRACES_EXPORTER": "console"}, {"traces": "console"}),
    ({"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, {"traces": "otlp"}),
])  # fmt: skip
def test_the_variables_say_what_is_told(environment: dict[str, str], signals: dict[str, str]) -> None:
    assert wanted_signals(environment) == signals


@pytest.mark.parametrize("environment", [
    {"OTEL_TRACES_EXPORTER": "zipkin"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
    {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL": "http/json"},
])  # fmt: skip
def test_what_is_not_known_is_refused(environment: dict[str, str]) -> None:
    variable = list(environment)[-1]
    with pytest.raises(ServeError, match=variable):
        wanted_signals(environment)


def test_without_the_extra_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c")
    monkeypatch.setattr("vatspolicy.server.api.telemetry.find_spec", lambda _: None)
    told: list[str] = []
    assert find_telemetry(told.append) is None
    assert len(told) == 1
    assert "telemetry" in told[0]


def test_nothing_of_the_library_is_imported_unless_it_is_wanted(law: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from vatspolicy.server.api.bundle_store import open_store\n"
        "from vatspolicy.server.api.router import ApiSettings, make_api\n"
        "from vatspolicy.server.api.telemetry import find_telemetry\n"
        f"make_api(open_store(Path({str(law)!r})), ApiSettings(telemetry=find_telemetry(print)))\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


# --- over HTTP


class Collector:
    """A collector that takes what is exported by OTLP over HTTP."""

    def __init__(self) -> None:
        self.traces: list[ExportTraceServiceRequest] = []
        self.metrics: list[ExportMetricsServiceRequest] = []
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/x-protobuf"
                if self.path == "/v1/traces":
                    collector.traces.append(ExportTraceServiceRequest.FromString(body))
                elif self.path == "/v1/metrics":
                    collector.metrics.append(ExportMetricsServiceRequest.FromString(body))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Print nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def spans(self) -> Iterator[tuple[str, Any]]:
        """The instance of the service and the span, of every span."""
        for request in self.traces:
            for resource in request.resource_spans:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                assert about["service.name"] == "launch-gate"
                for scope in resource.scope_spans:
                    yield from ((about["service.instance.id"], span) for span in scope.spans)

    def counted(self, name: str) -> int:
        """The last value of a counter in each process, added up."""
        last: dict[str, int] = {}
        for request in self.metrics:
            for resource in request.resource_metrics:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        if metric.name == name:
                            last[about["service.instance.id"]] = sum(p.as_int for p in metric.sum.data_points)
        return sum(last.values())


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_collector_gets_the_spans_and_metrics_of_every_worker(
    start: Start, collector: Collector, workers: int
) -> None:
    server = start(
        "--workers",
        str(workers),
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.address,
        OTEL_SERVICE_NAME="launch-gate",
        OTEL_BSP_SCHEDULE_DELAY="100",
        NO_PROXY="127.0.0.1",
    )
    body = json.dumps({"input": SHOP_DATA}).encode()
    headers = {"Content-Type": "application/json", "traceparent": f"00-{TRACE}-{PARENT}-01"}
    asked = 0
    while asked < 12 or (len({instance for instance, _ in collector.spans()}) < workers and asked < 400):
        urllib.request.urlopen(urllib.request.Request(f"{server.base}{PLACE}", body, headers)).read()
        asked += 1
    code, log = server.end()
    assert code == 0, log
    spans = list(collector.spans())
    assert len(spans) == asked
    assert {span.trace_id.hex() for _, span in spans} == {TRACE}
    assert {span.parent_span_id.hex() for _, span in spans} == {PARENT}
    assert len({instance for instance, _ in spans}) == workers
    assert collector.counted("vatspolicy.decisions") == asked


def test_a_collector_that_is_away_is_told_once_a_minute(start: Start) -> None:
    variables = {
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
    }
    address = "http://user:s3cret@127.0.0.1:9/?key=s3cret"
    server = start("--workers", "1", OTEL_EXPORTER_OTLP_ENDPOINT=address, NO_PROXY="127.0.0.1", **variables)
    body = json.dumps({"input": SHOP_DATA}).encode()
    request = urllib.request.Request(f"{server.base}{PLACE}", body, {"Content-Type": "application/json"})
    begun = time.monotonic()
    while time.monotonic() - begun < 5:
        assert json.load(urllib.request.urlopen(request))["result"]["decision"]
        time.sleep(0.1)
    code, said = server.end()
    assert code == 0
    assert len(re.findall("telemetry is not exported: (?:ConnectionError|timeout)[.]", said)) == 1, said
    assert said.count("\n") == 2, said
    for never in ("Traceback", "s3cret", "Failed to export", "Transient"):
        assert never not in said


def test_failures_between_two_lines_are_counted() -> None:
    told: list[str] = []
    now = [0.0]
    log = telemetry.ExportLog(told.append, lambda: now[0])
    logger = logging.getLogger("opentelemetry.exporter.x.trace_exporter")
    for moment, arguments in (
        (0, (OSError("s3cret"),)),
        (1, (404, "s3cret")),
        (59.9, ()),
        (60, (503, "s3cret")),
        (130, ()),
    ):
        now[0] = moment
        record = logger.makeRecord(
            logger.name, logging.ERROR, "", 1, "failed" + " %s" * len(arguments), arguments, None
        )
        log.handle(record)
    assert told == [
        "telemetry is not exported: OSError.",
        "telemetry is not exported: HTTP 503 (2 earlier failures).",
        "telemetry is not exported: trace_exporter.",
    ]


def test_a_collector_that_does_not_answer_does_not_keep_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    ended, answer = [], threading.Event()

    class Provider:
        def __init__(self, answers: bool) -> None:
            self.answers = answers

        def force_flush(self, _milliseconds: int) -> None:
            if not self.answers:
                answer.wait(60)

        def shutdown(self) -> None:
            ended.append(self.answers)

    monkeypatch.setattr(telemetry, "FLUSH", 2000)
    away, there = Provider(answers=False), Provider(answers=True)
    begun = time.monotonic()
    Providers(there, away).close()  # type: ignore[arg-type]
    taken = time.monotonic() - begun
    assert ended == [True], "the other signal is exported all the same"
    answer.set()
    assert taken < 30
