"""`check` needs no optional part of the program: it decides and reports with all of them blocked from import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.repositories import commit, git
from tests.support.shipped import fixture_file
from tests.support.specs import DENIED
from vatspolicy import clock
from vatspolicy.reports.formats import FORMATS

OPTIONAL = (
    *(f"vatspolicy.{name}" for name in ("guidance", "authoring", "proofs", "screening", "language_server", "server")),
    *("z3", "pyarrow", "pyspark", "pygls", "lsprotocol", "starlette", "uvicorn", "orjson", "mcp"),
    *("opentelemetry", "prometheus_client", "sigstore", "jwt", "prompt_toolkit"),
)
"""Packages that can be left out: the diff is below `authoring`, the others belong to extras."""
BLOCKED = """
import contextlib, importlib.abc, io, json, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if any(name == one or name.startswith(one + ".") for one in OPTIONAL):
            raise ModuleNotFoundError(f"{name} is blocked", name=name)

sys.meta_path.insert(0, Block())
from vatspolicy.cli import main

for words in json.load(sys.stdin):
    sys.argv, told = ["vatspolicy", *words], io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    try:
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            main()
    except SystemExit as ended:
        told.flush()
        print(json.dumps([ended.code, told.buffer.getvalue().decode()]))
"""


def test_check_works_with_every_optional_part_blocked_from_import(tmp_path: Path) -> None:
    denied, other = "denied.yaml", "other.yaml"
    (tmp_path / denied).write_text(DENIED, encoding="utf-8")
    (tmp_path / other).write_bytes(fixture_file("cloud-hosting-beijing").read_bytes())
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    day = ("--as-of", "2027-03-01", "--allow-past-as-of")
    commands = {
        **{f"-f {name}": ("-f", name, denied) for name in FORMATS},
        "details": ("--details", denied),
        "several": (denied, other),
        "trust": ("--trust", "HEAD", denied),
        "records": ("--log", "log.json", denied),
        "baseline": ("--write-baseline", "baseline.yaml", "--until", clock.later(clock.today(), 300), denied),
        "waived": ("--baseline", "baseline.yaml", denied),
    }
    ran = run([["check", *words, *day] for words in commands.values()], tmp_path)
    codes = {name: (code, told) for name, (code, told) in zip(commands, ran, strict=True)}
    assert {name: code for name, (code, _) in codes.items()} == {
        name: 0 if name in ("baseline", "waived") else 1 for name in commands
    }, {name: told for name, (code, told) in codes.items() if code > 1}
    assert (tmp_path / "log.json").exists()


def test_a_part_that_is_blocked_cannot_be_used(tmp_path: Path) -> None:
    ((code, _),) = run([["analyze"]], tmp_path)
    assert code not in (0, 1)


def run(commands: list[list[str]], folder: Path) -> list[tuple[int, str]]:
    """Exit code and words of commands that one process runs without the optional parts."""
    script = f"OPTIONAL = {OPTIONAL!r}\n{BLOCKED}"
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull}
    ran = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
    )
    return [tuple(json.loads(line)) for line in ran.stdout.splitlines()]


def test_the_page_that_decides_loads_no_proofs() -> None:
    """The static site has no `proofs`."""
    loaded = "import vatspolicy.server.web.answers, sys; print([name for name in sys.modules if 'proofs' in name])"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
