"""What monitoring that others wrote reads of the API: the collector Rotel by OTLP, Prometheus by its own format."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
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
pytest.importorskip("opentelemetry.sdk", reason="needs the extra `telemetry`")

from tests.support.api_server import Server, Start
from tests.support.api_server import start as start
from tests.support.programs import pick_port, require_program, run_program
from tests.support.shipped import ROOT
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


def documented(heading: str) -> tuple[str, list[str]]:
    """The text of a section of docs/api-protocols.md, and the first column of its table."""
    text = (
        (ROOT / "docs" / "api-protocols.md").read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    )
    return text, re.findall(r"^\| `(.+?)` \|", text, re.MULTILINE)


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


def test_a_collector_reads_the_spans_and_metrics_that_the_page_names(start: Start, collector: tuple[str, Path]) -> None:
    address, log = collector
    server = start(
        "--workers", "2", OTEL_EXPORTER_OTLP_ENDPOINT=address, OTEL_SERVICE_NAME="launch-gate", NO_PROXY="127.0.0.1"
    )
    trace = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
    verdict = post(server, PLACE, {"input": HOSTING_DATA}, **trace)["result"]["decision"]
    inputs = {"a": HOSTING_DATA, "b": SHOP_DATA}
    post(server, f"/v1/batch{PLACE[3:]}", {"inputs": inputs}, **trace)
    bundle = json.load(urllib.request.urlopen(f"{server.base}/v1/data/vatspolicy/bundle"))["result"]
    code, said = server.end()
    assert (code, "not exported" in said) == (0, False), said
    until = time.monotonic() + 20
    while "vatspolicy.bundle.reloads" not in log.read_text() and time.monotonic() < until:
        time.sleep(0.05)
    told = log.read_text()

    spans = [
        span for span in re.split(r"^Span #\d+\n", told, flags=re.MULTILINE)[1:] if f"Trace ID       : {TRACE}" in span
    ]
    spans = [re.split(r"^Resource", span, flags=re.MULTILINE)[0] for span in spans]
    assert {re.findall(r"Parent ID +: (\w*)", span)[0] for span in spans} == {PARENT}
    assert {re.findall(r"Kind +: (\w+)", span)[0] for span in spans} == {"SPAN_KIND_SERVER"}
    named = {re.findall(r"Name +: (.+)", span)[0]: attributes(span) for span in spans}
    one, batch = named[f"POST {ROUTE}"], named["POST /v1/batch/data/{path:path}"]
    assert one == {
        "http.request.method": "Str(POST)",
        "url.scheme": "Str(http)",
        "http.route": f"Str({ROUTE})",
        "http.response.status_code": "Int(200)",
        "vatspolicy.bundle.digest": f"Str({bundle['digest']})",
        "vatspolicy.decisions": "Int(1)",
        "vatspolicy.verdict": f"Str({verdict})",
        "vatspolicy.services": f"Int({len(HOSTING_DATA['services'])})",
    }
    assert batch["vatspolicy.decisions"] == "Int(2)"

    text, metrics = documented("Traces and metrics")
    assert set(re.findall(r"-> Name: (\S+)", told)) == set(metrics)
    told_of_spans = {name for span in named.values() for name in span}
    assert [name for name in sorted(told_of_spans) if f"`{name}`" not in text] == []
    assert {name for name in re.findall(r"`(vatspolicy\.[\w.]+)`", text) if name not in metrics} <= told_of_spans
    resources = [attributes(part) for part in re.findall(r"Resource attributes:\n((?: +->.*\n)+)", told)]
    assert {about["service.name"] for about in resources} == {"Str(launch-gate)"}
    assert len({about["service.instance.id"] for about in resources}) == 2


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
