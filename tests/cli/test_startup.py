"""What deciding imports when the compiled law lies in the cache: a budget of modules, so that no start grows slow unseen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from conftest import HOSTING, ROOT
from support.shipped import fixture_file

from vatspolicy.compile_cache import SETTLED

HEAVY = {
    "celpy": "parses expressions",
    "lark": "parses expressions",
    "re2": "comes with celpy",
    "jsonschema": "explains what is wrong with a document",
    "rich": "writes help",
    "pygments": "comes with rich",
    "pytest": "runs tests",
    "hypothesis": "runs tests",
    "click": "reads other command lines",
    "typer": "reads other command lines",
    "dataclasses": "is slow to make classes (vatspolicy.light)",
    "inspect": "comes with dataclasses",
    "jsonschema_rs": "pays from the ninth document on",
    "referencing": "comes with jsonschema",
    "zoneinfo": "all of China has one time",
    "tempfile": "writes files",
    "difflib": "is for mistakes",
    "subprocess": "nothing is started",
    "threading": "nothing runs beside",
    "importlib.metadata": "nothing asks for versions",
    "typing": "is for those who read types (TYPE_CHECKING)",
    "pathlib": "brings ipaddress and urllib",
    "ipaddress": "comes with urllib.parse",
    "urllib.parse": "comes with pathlib",
    "json": "reads what is JSON",
    "hashlib": "loads OpenSSL",
    "_hashlib": "loads OpenSSL",
    "glob": "is for patterns",
    "vatspolicy.cli.arguments": "reads rarer options",
    "vatspolicy.cli.typer_app": "declares commands to typer",
    "vatspolicy.documents.validation_messages": "is for mistakes",
    "vatspolicy.gate.waivers": "is for waivers",
    "duckdb": "an extra",
    "z3": "an extra",
    "pyspark": "an extra",
    "xml.etree": "writes JUnit",
    "urllib.request": "nothing is fetched",
    "asyncio": "nothing is served",
    "vatspolicy.policies.compiler": "types expressions",
    "vatspolicy.cel.parser": "types expressions",
    "vatspolicy.authoring.testing.cases": "runs tests",
    "vatspolicy.authoring.lint": "is for lint",
    "vatspolicy.reports.policy.terminal": "is for explain",
    "vatspolicy.authoring.scaffold": "is for new",
    "vatspolicy.reports.decision.sarif": "another format",
    "vatspolicy.reports.decision.markdown": "another format",
    "vatspolicy.pytest_plugin": "runs tests",
}
BUDGET = 59
"""Modules of the project itself that a decision as text may import."""
WHOLE = 154
"""Modules in all, those that Python itself starts with included."""

SPEC = fixture_file("cloud-hosting-beijing")
CHECK = ("check", str(SPEC), "--as-of", "2027-03-01", "--allow-past-as-of")

CODE = """
import sys
from vatspolicy import cli
sys.argv = ["vatspolicy", *sys.argv[1:]]
try:
    cli.main()
except SystemExit as ended:
    print("END", ended.code, *sorted(sys.modules), file=sys.stderr)
"""


def imported(cache: Path, *arguments: str) -> tuple[int, set[str]]:
    """The exit code of a command in a new process, and the modules that it imported."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "VATSPOLICY_CACHE": str(cache)}
    ran = subprocess.run(
        [sys.executable, "-c", CODE, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    code, *modules = ran.stderr.rpartition("END ")[2].split()
    return int(code), set(modules)


def settle() -> None:
    """Wait until what a start looks at was not edited a moment ago: then it may be remembered."""
    files = (path for folder in ("src", "schemas", "policies") for path in (ROOT / folder).rglob("*.*"))
    newest = max(max(found.st_mtime_ns, found.st_ctime_ns) for found in (path.stat() for path in files))
    time.sleep(max(0, newest + SETTLED - time.time_ns()) / 1e9)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Modules of `vatspolicy check` on the law that ships, with everything in the cache."""
    folder = tmp_path_factory.mktemp("startup")
    settle()
    code, cold = imported(folder / "cache", *CHECK)
    assert code == 1
    assert {"celpy", "lark", "vatspolicy.policies.compiler"} <= cold, (
        "what is to be kept away is what a cold start needs"
    )
    code, modules = imported(folder / "cache", *CHECK)
    assert code == 1
    return modules


@pytest.mark.parametrize("name", HEAVY)
def test_a_decision_does_not_import(warm: set[str], name: str) -> None:
    assert [module for module in warm if module == name or module.startswith(f"{name}.")] == [], HEAVY[name]


def test_a_decision_stays_within_its_budget(warm: set[str]) -> None:
    own = {module for module in warm if module.partition(".")[0] == "vatspolicy"}
    assert 20 < len(own) <= BUDGET, sorted(own)
    assert len(warm) <= WHOLE, sorted(warm)


def test_a_decision_on_json_reads_no_yaml(law: Path, tmp_path: Path) -> None:
    facts = yaml.safe_load(HOSTING.replace("2027-01-31", "3027-01-31"))
    (tmp_path / "spec.json").write_text(json.dumps(facts))
    command = ("check", "-p", str(law), str(tmp_path / "spec.json"))
    imported(tmp_path / "cache", *command)
    code, modules = imported(tmp_path / "cache", *command)
    assert code == 1
    assert not {module for module in modules if module.partition(".")[0] in ("yaml", "_yaml")}
    assert "datetime" not in modules, "days are text (vatspolicy.day); PyYAML alone brings it"


def test_a_format_brings_what_it_needs(tmp_path: Path) -> None:
    """The budget is not kept by what is asked for less often: JSON is as quick."""
    command = (*CHECK, "-f", "json")
    settle()
    imported(tmp_path / "cache", *command)
    _, modules = imported(tmp_path / "cache", *command)
    assert len(modules) <= WHOLE
    assert "vatspolicy.reports.decision.text" not in modules


def test_usage_errors_need_no_rich(law: Path, tmp_path: Path) -> None:
    code, modules = imported(tmp_path, "check", "-p", str(law), "x.yaml", "--as-of", "tomorrow")
    assert code == 2
    assert not {module for module in modules if module.partition(".")[0] in ("rich", "celpy", "pygments")}


def test_help_is_the_only_use_of_rich(tmp_path: Path) -> None:
    code, modules = imported(tmp_path, "check", "--help")
    assert code == 0
    assert "rich" in modules
    assert not {"celpy", "lark", "hypothesis"} & modules
