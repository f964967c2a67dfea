"""What monitoring that others wrote reads of the API: the collector Rotel by OTLP, Prometheus by its own format."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

pytest.importorskip("starlette", reason="needs the extra `serve`")
pytest.importorskip("opentelemetry.instrumentation.starlette", reason="needs the extra `telemetry`")

from tests.support.api_server import Server, Start
from tests.support.api_server import start as start
from tests.support.programs import pick_port, require_program, run_program
from tests.support.specs import HOSTING, SHOP

PLACE = "/v1/data/vatspolicy/decision"
ROUTE = "/v1/data/{path:path}"
SHOP_DATA, HOSTING_DATA = yaml.safe_load(SHOP), yaml.safe_load(HOSTING)
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def post(server: Server, path: str, body: dict[str, Any], **headers: str) -> Any:
    content = json.dumps(body).encode()
    request = urllib.request.Request(
        f"{server.base}{path}", content, {"Content-Type": "application/json", "Connection": "close", **headers}
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


# --- OTLP


def agent() -> Path:
    """The program of Rotel; skips where the package is not installed."""
    found = find_spec("rotel")
    if found is None or found.origin is None:
        pytest.skip("the collector Rotel is not installed (`make tests` installs it)")
    return Path(found.origin).parent / "rotel-agent"


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a running Rotel, and the file where it writes what it has received."""
    http, grpc, log = pick_port(), pick_port(), tmp_path / "received"
    signals = ["--debug-log", "traces", "--debug-log", "metrics", "--debug-log-verbosity", "detailed"]
    addresses = ["--otlp-http-endpoint", f"127.0.0.1:{http}", "--otlp-grpc-endpoint", f"127.0.0.1:{grpc}"]
    files = ["--pid-file", str(tmp_path / "pid"), "--log-file", str(tmp_path / "log")]
    with run_program([agent(), "start", *signals, *addresses, *files, "--exporter", "blackhole"], http, log):
        yield f"http://127.0.0.1:{http}", log


def attributes(text: str) -> dict[str, str]:
    """The attributes that Rotel lists in a text: types and values, by name."""
    return dict(re.findall(r"^ +-> ([\w.]+): (\w+\(.*\))$", text, re.MULTILINE))


def test_a_collector_reads_the_spans_of_requests(tmp_path: Path, collector: tuple[str, Path]) -> None:
    """By OpenTelemetry's own instrumentation, as docs/api-protocols.md shows it. No span has a value of a profile."""
    address, log = collector
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": address, "OTEL_SERVICE_NAME": "launch-gate", "NO_PROXY": "127.0.0.1"}
    environment |= {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
    instrument = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    server = Server("--api", "--workers", "1", folder=tmp_path, before=[instrument], **environment)
    trace = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    post(server, PLACE, {"input": HOSTING_DATA}, **trace)
    assert server.end()[0] == 0
    until = time.monotonic() + 20
    while "http.route" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    told = log.read_text()
    spans = [span for span in re.split(r"^Span #\d+\n", told, flags=re.MULTILINE)[1:] if TRACE in span]
    [served] = [span for span in spans if f"Parent ID      : {PARENT}" in span]
    assert attributes(served)["http.route"] == f"Str({ROUTE})"
    assert "launch-gate" in told
    assert HOSTING_DATA["product"]["id"] not in told


# --- Prometheus


def test_prometheus_scrapes_what_the_page_names(start: Start, tmp_path: Path) -> None:
    program = require_program("prometheus")
    token = "sixteen-characters"
    server = start("--workers", "2", VATSPOLICY_TOKEN=token)
    given = {"Authorization": f"Bearer {token}"}
    verdict = post(server, PLACE, {"input": SHOP_DATA}, **given)["result"]["decision"]
    for _ in range(5):
        post(server, PLACE, {"input": SHOP_DATA}, **given)
    text = urllib.request.urlopen(urllib.request.Request(f"{server.base}/metrics", headers=given)).read()
    if checker := shutil.which("promtool"):
        linted = subprocess.run([checker, "check", "metrics"], input=text, capture_output=True, check=False)
        assert (linted.returncode, linted.stderr) == (0, b"")
    port, config = pick_port(), tmp_path / "prometheus.yml"
    job = {"job_name": "gate", "static_configs": [{"targets": [f"127.0.0.1:{server.port}"]}]}
    authorization = {"authorization": {"credentials": token}}
    config.write_text(json.dumps({"global": {"scrape_interval": "1s"}, "scrape_configs": [{**job, **authorization}]}))
    options = [f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    command = [program, *options, f"--web.listen-address=127.0.0.1:{port}"]
    with run_program(command, port, tmp_path / "log"):

        def ask(query: str) -> dict[str, float]:
            address = f"http://127.0.0.1:{port}/api/v1/query?{urllib.parse.urlencode({'query': query})}"
            try:
                with urllib.request.urlopen(address) as answer:
                    found = json.load(answer)["data"]["result"]
            except urllib.error.HTTPError as error:
                if error.code == 503:  # it listens before it is ready
                    return {}
                raise
            return {json.dumps(one["metric"]): float(one["value"][1]) for one in found}

        until = time.monotonic() + 60
        while not ask("vatspolicy_bundle_info"):
            assert time.monotonic() < until, (ask("up"), (tmp_path / "log").read_text()[-2000:])
            time.sleep(0.5)
        assert sum(ask(f'vatspolicy_decisions_total{{decision="{verdict}"}}').values()) == 6
        assert sum(ask("vatspolicy_decision_seconds_count").values()) == 6
        assert set(ask("vatspolicy_bundle_current").values()) == {1}
        [bound] = ask("histogram_quantile(0.5, vatspolicy_decision_seconds_bucket)").values()
        assert 0 < bound <= 10
