"""The way of one spec through `check`: the modules that it enters, counted, and the modules that no start imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.support.members import for_each
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING
from vatspolicy.compile_cache import SETTLED

ENTERED = 69
"""Modules in which `check` of one spec calls a function, at most."""
PACKAGES = {
    "bundles",
    "cli",
    "clock",
    "compile_cache",
    "core",
    "errors",
    "frozen",
    "gate",
    "i18n",
    "output",
    "reports",
}
"""Packages that a spec passes on its way to a decision and a report."""
NOT_IMPORTED = {
    "vatspolicy.authoring": "is for authors of policies",
    "vatspolicy.guidance": "is for other commands",
    "vatspolicy.screening": "is for portfolios",
    "vatspolicy.server": "is for serve",
    "vatspolicy.core.cel.parser": "compiles a law that is not in the cache",
    "vatspolicy.core.policies.builder": "compiles a law that is not in the cache",
    "vatspolicy.core.policies.compiler": "compiles a law that is not in the cache",
    "vatspolicy.core.documents.validation_messages": "explains mistakes",
    "vatspolicy.gate.waivers": "is for waivers",
    "vatspolicy.gate.run_record": "is for logs and attestations",
    "vatspolicy.gate.attestation": "is for attestations",
    "vatspolicy.gate.decision_log": "is for logs",
    "vatspolicy.cli.typer_app": "reads other command lines",
    "tomllib": "reads vatspolicy.toml",
    "vatspolicy.reports.decision.sarif": "is another format",
    "vatspolicy.reports.decision.markdown": "is another format",
    "vatspolicy.reports.decision.html": "is another format",
    "vatspolicy.reports.policy": "is for docs and explain",
    "vatspolicy.i18n.catalogue": "is for Chinese",
    "vatspolicy.pytest_plugin": "runs tests",
    "typer": "reads other command lines",
    "rich": "writes help pages",
    "celpy": "parses expressions",
    "lark": "parses expressions",
    "jsonschema": "checks schemas",
    "jsonschema_rs": "explains mistakes, and validates many specs",
    "email": "is imported by jsonschema_rs",
    "socket": "is imported by jsonschema_rs",
    "jinja2": "renders pages",
    "babel": "extracts messages",
    "ruamel": "writes YAML",
    "pytest": "runs tests",
    "hypothesis": "runs tests",
    "subprocess": "starts programs",
    "asyncio": "serves",
    "urllib.request": "fetches",
    "pyarrow": "is an extra",
    "pyspark": "is an extra",
    "z3": "is an extra",
}
"""Modules and packages that `check` of one spec does not import, and their purpose."""

SPEC = next((ROOT / "fixtures").rglob("cloud-hosting-beijing.yaml"))
CHECK = ("check", str(SPEC), "--as-of", "2027-03-01", "--allow-past-as-of")

CODE = """
import json, sys
entered = set()
def note(frame, event, _):
    code = frame.f_code
    if event == "call" and code.co_flags & 1:  # a function, not the body of a module or class
        entered.add(code.co_filename)
sys.argv = ["vatspolicy", *sys.argv[1:]]
sys.setprofile(note if NOTE else None)
from vatspolicy import cli
try:
    cli.main()
except SystemExit as ended:
    sys.setprofile(None)
    print("END", json.dumps([ended.code, sorted(sys.modules), sorted(entered)]), file=sys.stderr)
"""


@dataclass(frozen=True)
class Ran:
    """A command in a process of its own."""

    code: int
    imported: set[str]
    entered: set[str]
    """Modules of vatspolicy in which a function was called."""


def run(cache: Path, *arguments: str, note: bool = True) -> Ran:
    """Run a command. Calls of functions are noted, which takes most of the time of a start that compiles the law."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "VATSPOLICY_CACHE": str(cache)}
    ran = subprocess.run(
        [sys.executable, "-c", CODE.replace("NOTE", str(note)), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    code, imported, files = json.loads(ran.stderr.rpartition("END ")[2])
    source = ROOT / "src" / "vatspolicy"
    paths = [Path(file).relative_to(source) for file in files if Path(file).is_relative_to(source)]
    return Ran(code, set(imported), {".".join(path.with_suffix("").parts).removesuffix(".__init__") for path in paths})


def settle() -> None:
    """Wait until the sources are old enough for the cache to trust their state."""
    files = (path for folder in ("src", "schemas", "policies") for path in (ROOT / folder).rglob("*.*"))
    newest = max(max(found.st_mtime_ns, found.st_ctime_ns) for found in (path.stat() for path in files))
    time.sleep(max(0, newest + SETTLED - time.time_ns()) / 1e9)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the shipped law, as a cold start leaves it."""
    folder = tmp_path_factory.mktemp("startup") / "cache"
    settle()
    cold = run(folder, *CHECK, note=False)
    assert cold.code == 1
    assert {"celpy", "vatspolicy.core.policies.compiler"} <= cold.imported, "a cold start imports these"
    return folder


@pytest.fixture(scope="module")
def warm(cache: Path) -> Ran:
    """`vatspolicy check` of one spec under the shipped law, compiled in the cache."""
    ran = run(cache, *CHECK)
    assert ran.code == 1
    return ran


@for_each(NOT_IMPORTED)
def test_check_does_not_import(name: str, warm: Ran) -> None:
    found = [module for module in warm.imported if module == name or module.startswith(f"{name}.")]
    assert found == [], NOT_IMPORTED[name]


def test_one_spec_enters_few_modules(warm: Ran) -> None:
    assert {name.partition(".")[0] for name in warm.entered} <= PACKAGES
    assert 20 < len(warm.entered) <= ENTERED, sorted(warm.entered)


def test_json_needs_no_yaml(law: Path, tmp_path: Path) -> None:
    facts = yaml.safe_load(HOSTING)
    (tmp_path / "spec.json").write_text(json.dumps(facts))
    command = ("check", "--law", str(law), str(tmp_path / "spec.json"), *CHECK[2:])
    run(tmp_path / "cache", *command, note=False)
    ran = run(tmp_path / "cache", *command)
    assert ran.code == 1
    assert not {module for module in ran.imported if module.partition(".")[0] in ("yaml", "_yaml")}


def test_a_format_imports_only_itself(cache: Path) -> None:
    command = (*CHECK, "-f", "json")
    run(cache, *command, note=False)  # what this format alone keeps
    ran = run(cache, *command)
    assert "vatspolicy.reports.decision.text" not in ran.imported
    assert len(ran.entered) <= ENTERED


def test_usage_errors_need_no_rich(law: Path, tmp_path: Path) -> None:
    ran = run(tmp_path, "check", "--law", str(law), "x.yaml", "--as-of", "tomorrow")
    assert ran.code == 2
    assert not {module for module in ran.imported if module.partition(".")[0] in ("rich", "celpy", "pygments")}


def test_help_is_the_only_use_of_rich(tmp_path: Path) -> None:
    ran = run(tmp_path, "check", "--help")
    assert ran.code == 0
    assert "rich" in ran.imported
    assert not {"celpy", "lark", "hypothesis"} & ran.imported
