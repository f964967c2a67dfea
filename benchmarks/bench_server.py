"""Decisions per second and latency of `vatspolicy serve --api`, beside Cerbos on the same rules and the same requests.

    python benchmarks/bench_server.py [--seconds 6] [--connections 8] [--rules 100] [--cerbos PROGRAM] [--json FILE]

The rules are invented: N denials over the profile's company and services, in CEL, as a policy and as a Cerbos resource
policy. Both servers must deny and allow the same profiles before timing. The shipped law is measured too, as whole
decisions: routes, missing facts, explanations. cerbos.py finds Cerbos; without it, its rows are reported as missing.
Client and servers share the machine: trust the ratio.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cerbos as pdp
from measure import Report, Row, Table, finish, parser

OFFERS = ("data-center", "own-shop", "company-site", "marketplace")
ALLOWED = {
    "schema": 2,
    "product": {"id": "shop", "title": "A shop", "launch": "3027-01-31"},
    "company": {"foreign_percent": 0, "mainland_entity": True, "discredited": []},
    "services": [
        {
            "id": "web",
            "offers": ["own-shop"],
            "sells": ["own-goods"],
            "features": [],
            "charges": [],
            "content": [],
            "audience": "public",
            "operated_by": "company",
        }
    ],
}
DENIED = {**ALLOWED, "company": {**ALLOWED["company"], "foreign_percent": 100}}  # type: ignore[dict-item]
HEAD = """\
id: bench-{part}
version: 1.0.0
title: {{en: Bench, zh: 测试}}
topics: [telecom]
source: {{issuer: {{en: Nobody, zh: 无}}}}
effective: {{from: '2015-01-01'}}
articles:
  art-1: {{en: Denied., verification: unverified}}
rules:
"""
SHOPS = (
    "  - {id: shops, cite: [art-1], each: service, when: '\"own-shop\" in service.offers', "
    "classify: {classes: not-telecommunications}, "
    "message: {en: A shop., zh: 商店。}}\n"
)
"""Rule that classifies the services, without which a decision is incomplete."""
PART = 40
"""Most rules of one file; a policy has at most 48."""


@dataclass(frozen=True)
class Figures:
    """Figures of one server under load."""

    server: str
    rules: str
    per_second: float
    p50_ms: float
    p99_ms: float
    errors: int


def conditions(count: int) -> list[str]:
    """Build conditions in the CEL of both servers, with `company` and `services` as variables."""
    found = []
    for index in range(count):
        share, offer = 1 + index * 98.0 / count, OFFERS[index % len(OFFERS)]
        service = f's, "{offer}" in s.offers && s.audience == "public"'
        found.append(f"company.foreign_percent > {share:.2f} && services.exists({service})")
    return found


def write_ours(folder: Path, rules: list[str]) -> None:
    """Write the rules as policies."""
    folder.mkdir()
    (folder / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2015-01-01'}\n", encoding="utf-8")
    lines = [
        f"  - {{id: r{index}, cite: [art-1], each: product, when: {json.dumps(rule)}, "
        "deny: {reason: SHARE-ABOVE-CAP}, message: {en: Denied., zh: 不得。}}\n"
        for index, rule in enumerate(rules)
    ]
    lines.insert(0, SHOPS)
    for part in range(0, len(lines), PART):
        text = HEAD.format(part=part) + "".join(lines[part : part + PART])
        (folder / f"bench-{part}.yaml").write_text(text, encoding="utf-8")


def write_cerbos(folder: Path, rules: list[str], port: int) -> Path:
    """Write the rules as a resource policy, and a configuration; return the path of the configuration."""
    policies = folder / "policies"
    policies.mkdir(parents=True)
    entries: list[dict[str, Any]] = [{"actions": ["launch"], "effect": "EFFECT_ALLOW", "roles": ["product"]}]
    for index, rule in enumerate(rules):
        said = rule.replace("company.", "R.attr.company.").replace("services.", "R.attr.services.")
        condition = {"match": {"expr": said}}
        entries.append(
            {
                "actions": ["launch"],
                "effect": "EFFECT_DENY",
                "roles": ["product"],
                "name": f"r{index}",
                "condition": condition,
            }
        )
    policy = {
        "apiVersion": "api.cerbos.dev/v1",
        "resourcePolicy": {"resource": "spec", "version": "default", "rules": entries},
    }
    (policies / "bench.json").write_text(json.dumps(policy), encoding="utf-8")
    config = folder / "config.json"
    settings = {
        "server": {"httpListenAddr": f"127.0.0.1:{port}", "grpcListenAddr": f"127.0.0.1:{port + 1}"},
        "storage": {"driver": "disk", "disk": {"directory": str(policies)}},
        "telemetry": {"disabled": True},
    }
    config.write_text(json.dumps(settings), encoding="utf-8")
    return config


def request(path: str, body: dict[str, Any]) -> bytes:
    """Build a request."""
    content = json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
    return "\r\n".join([*head, f"Content-Length: {len(content)}", "", ""]).encode() + content


def to_ours(profile: dict[str, Any]) -> bytes:
    """Build a request for a decision."""
    return request("/v1/data/vatspolicy/decision", {"input": profile})


def to_cerbos(profile: dict[str, Any]) -> bytes:
    """Build the same request for Cerbos."""
    resource = {"kind": "spec", "id": "spec", "attr": {key: profile[key] for key in ("company", "services")}}
    body = {
        "requestId": "1",
        "principal": {"id": "p", "roles": ["product"]},
        "resources": [{"actions": ["launch"], "resource": resource}],
    }
    return request("/api/check/resources", body)


async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, message: bytes) -> tuple[int, bytes]:
    """Send a request and return the status and the body of the response."""
    writer.write(message)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head.split()[1])
    if b"transfer-encoding: chunked" in head:
        body = b""
        while size := int((await reader.readline()).split(b";")[0], 16):
            body += await reader.readexactly(size)
            await reader.readline()
        await reader.readline()
        return status, body
    length = int(head.partition(b"content-length:")[2].split()[0])
    return status, await reader.readexactly(length)


async def load(port: int, messages: list[bytes], seconds: float, connections: int) -> tuple[list[float], int, float]:
    """Send requests for some seconds; return the latencies, the number of errors and the time spent."""
    times: list[float] = []
    errors = 0
    end = time.perf_counter() + seconds

    async def work() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = 0
        while time.perf_counter() < end:
            begun = time.perf_counter()
            status, _ = await one(reader, writer, messages[turn % len(messages)])
            times.append(time.perf_counter() - begun)
            errors += status != 200
            turn += 1
        writer.close()

    begun = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return times, errors, time.perf_counter() - begun


async def ask(port: int, message: bytes) -> Any:
    """Send a request and return the data of the response."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    _, body = await one(reader, writer, message)
    writer.close()
    return json.loads(body)


def measure(name: str, rules: str, port: int, messages: list[bytes], options: argparse.Namespace) -> Figures:
    """Measure a server after a short run to warm up."""
    asyncio.run(load(port, messages, min(1.5, options.seconds), options.connections))
    times, errors, spent = asyncio.run(load(port, messages, options.seconds, options.connections))
    cuts = statistics.quantiles(times, n=100)
    return Figures(name, rules, len(times) / spent, cuts[49] * 1000, cuts[98] * 1000, errors)


@contextlib.contextmanager
def ours(policies: Path | None) -> Iterator[int]:
    """Run our server and provide its port."""
    command = [sys.executable, "-c", "from vatspolicy.cli import main; main()", "serve", "--api", "--port", "0"]
    command += ["--pending", "64", *(["--policies", str(policies)] if policies else [])]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline().split(b":")[2].partition(b"/")[0])
        finally:
            process.terminate()


@contextlib.contextmanager
def cerbos(program: str, folder: Path, rules: list[str], port: int) -> Iterator[int]:
    """Run Cerbos and provide its port."""
    config = write_cerbos(folder, rules, port)
    command = [program, "server", f"--config={config}", "--log-level=error"]
    environment = {**os.environ, "CERBOS_NO_TELEMETRY": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            for _ in range(200):
                with contextlib.suppress(OSError):
                    asyncio.run(ask(port, to_cerbos(ALLOWED)))
                    break
                time.sleep(0.1)
            yield port
        finally:
            process.terminate()


def main() -> int:
    """Measure and print a table; return 1 if a response was wrong."""
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=6)
    arguments.add_argument("--connections", type=int, default=8)
    arguments.add_argument("--rules", type=int, default=100)
    arguments.add_argument("--cerbos", metavar="PROGRAM")
    arguments.add_argument("--port", type=int, default=38592, help="of Cerbos, which takes the next one too")
    options = arguments.parse_args()
    rules, found = conditions(options.rules), list[Figures]()
    both = [ALLOWED, DENIED]
    named = f"{options.rules} invented"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_ours(folder / "ours", rules)
        with ours(folder / "ours") as port:
            said = [asyncio.run(ask(port, to_ours(profile)))["result"]["decision"] for profile in both]
            assert said == ["allow", "deny"], said
            found.append(measure("vatspolicy", named, port, [to_ours(profile) for profile in both], options))
        with ours(None) as port:
            found.append(measure("vatspolicy", "the whole law", port, [to_ours(profile) for profile in both], options))
        program = pdp.find(options.cerbos)
        if program is None:
            print("Cerbos was not found: npm install @cerbos/cerbos-linux-x64", file=sys.stderr)
        else:
            with cerbos(program, folder / "cerbos", rules, options.port) as port:
                answers = [asyncio.run(ask(port, to_cerbos(profile)))["results"][0]["actions"] for profile in both]
                assert [each["launch"] for each in answers] == ["EFFECT_ALLOW", "EFFECT_DENY"], answers
                found.append(measure("Cerbos", named, port, [to_cerbos(profile) for profile in both], options))
    rows = [
        Row(
            f"{each.server}, {each.rules} rules" if each.rules == named else f"{each.server}, {each.rules}",
            each.per_second,
            None,
            "decisions/s",
            each.per_second / found[0].per_second,
            "",
            {"p50 ms": round(each.p50_ms, 1), "p99 ms": round(each.p99_ms, 1), "errors": each.errors},
        )
        for each in found
    ]
    if program is None:
        rows.append(Row(f"Cerbos, {named} rules", note=f"not installed ({pdp.INSTALL})"))
    report = Report(
        "server",
        f"{options.connections} connections for {options.seconds:g} s each, by the clock; clients and servers share "
        f"the machine. {named.capitalize()} denials, as a policy and as a Cerbos policy, and the law that ships.",
        [Table("server", "Decisions of a server", rows, rows[0].what)],
    )
    return finish(report, options, not any(each.errors for each in found))


if __name__ == "__main__":
    sys.exit(main())
