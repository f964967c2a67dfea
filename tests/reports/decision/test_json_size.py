"""The size of JSON: a whole record grows by the same for each service, and the report stays small."""

from __future__ import annotations

import json
from typing import Any

from tests.support.console import Console
from tests.support.effort import LONG

MOST = 32
"""Services of a spec at most."""


def decide(console: Console, services: int, *options: str) -> bytes:
    spec = {
        "schema": 2,
        "product": {"id": "empty", "launch": "2027-03-01"},
        "company": {},
        "services": [{"id": f"s{number}"} for number in range(services)],
    }
    console.write("empty.json", json.dumps(spec))
    ran = console("check", "empty.json", "-f", "json", "--no-fail", *options)
    assert ran.code == 0, ran.err
    return str(ran.out).encode()


def test_a_whole_record_grows_by_the_same_for_each_service(console: Console) -> None:
    written = [decide(console, services, "--details") for services in (1, 2, 3)]
    sizes = [len(text) for text in written]
    second, third = sizes[1] - sizes[0], sizes[2] - sizes[1]
    assert abs(second - third) < second // 100
    assert sizes[0] + (MOST - 1) * third < 96_000_000, "docs/gate.md says 92 MB"
    data: Any = json.loads(written[1])
    found = data["decisions"][0]["undetermined"]
    assert len([one for one in found if one["subject"]["service"] == "s0"]) > 400
    places = [(one["rule"], one["subject"]["service"], one["subject"]["class"]) for one in found]
    assert len(places) == len(set(places)), "no finding stands twice"


def test_the_report_of_many_services_is_small(console: Console) -> None:
    """The whole number of services in the long run, else so many that each of them costs the same."""
    if LONG:
        assert len(decide(console, MOST)) < 25_000, "docs/gate.md says 19 KB"
        return
    few, more = (len(decide(console, services)) for services in (4, 8))
    assert few + (more - few) * (MOST - 4) / 4 < 25_000, "docs/gate.md says 19 KB"
