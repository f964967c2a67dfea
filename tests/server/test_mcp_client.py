"""Tools for assistants, asked by a client that shares no code with the server: the SDK for TypeScript."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.shipped import ROOT, fixture_file

pytest.importorskip("mcp", reason="needs the extra `mcp`")

MODULES = Path(sys.prefix) / "npm"
PACKAGE = "@modelcontextprotocol/sdk"
DRIVER = ROOT / "tests" / "data" / "mcp" / "client.mjs"
TOOLS = {"check", "next_question", "routes", "explain", "list_values"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the client got, by the names that tests/data/mcp/client.mjs gives."""
    if shutil.which("node") is None or not (MODULES / "node_modules" / PACKAGE).is_dir():
        pytest.skip(f"{PACKAGE} is not installed (`make tests` installs it where npm is)")
    spec = tmp_path_factory.mktemp("mcp") / "spec.json"
    data = yaml.safe_load(fixture_file("cloud-hosting-beijing").read_text(encoding="utf-8"))
    data["product"]["launch"] = "2027-03-01"
    spec.write_text(json.dumps(data, default=str), encoding="utf-8")
    server = [sys.executable, "-c", "from vatspolicy.cli import main; main()", "mcp", "--law", str(ROOT / "policies")]
    ran = subprocess.run(
        ["node", str(DRIVER), str(MODULES), str(spec), *server],
        capture_output=True,
        text=True,
        timeout=300,
        env=dict(os.environ),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return dict(map(json.loads, ran.stdout.splitlines()))


def test_a_foreign_client_finds_the_tools_that_the_page_names(told: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "assistants.md").read_text(encoding="utf-8")
    assert told["server"]["name"] == "vatspolicy"
    assert "tools" in told["server"]["capabilities"]
    assert "Never guess a fact" in told["instructions"]
    tools = {tool["name"]: tool for tool in told["tools"]}
    assert set(tools) == TOOLS == set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    for tool in tools.values():
        assert tool["annotations"]["readOnlyHint"] is True
        assert tool["inputSchema"]["type"] == "object"
        assert not re.search(r"^ {4}", tool["description"], re.MULTILINE), "no indentation of the source"


def test_every_tool_answers_a_foreign_client(told: dict[str, Any]) -> None:
    """The client has checked each answer against the schema of its tool."""
    assert [name for name in TOOLS if told[name].get("isError") is not False] == []
    assert told["check"]["data"]["decision"] == "needs-license"
    assert told["check"]["data"]["as_of"] == "2027-03-01"
    assert told["next_question"]["data"]["question"]["path"] == "services"
    assert told["routes"]["data"]["goal"] == "allow"
    assert "vats-pilot-2024/pilot-access" in told["explain"]["text"]
    assert [one["value"] for one in told["list_values"]["data"]["values"]] == ["saas"]


@pytest.mark.parametrize(("name", "text"), [
    ("a mistake in a profile", "colour: This key is unknown."),
    ("an argument of another type", "profile"),
    ("no such tool", "Unknown tool: decide"),
    ("a profile that is too large", "A profile can have at most 1,048,576 bytes."),
])  # fmt: skip
def test_a_foreign_client_gets_errors_as_answers(told: dict[str, Any], name: str, text: str) -> None:
    assert told[name]["isError"] is True
    assert text in told[name]["text"]


def test_the_server_goes_on_after_a_request_that_was_given_up(told: dict[str, Any]) -> None:
    assert "given up" in told["a request that was given up"]["refused"]
    assert told["together"] == ["needs-license"] * 3
    assert told["at the end"] == {"ended": True, "faults": [], "errors": ""}
