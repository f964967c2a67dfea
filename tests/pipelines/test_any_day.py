"""Nothing expires: what a visitor and CI run passes with the clock at later days, which libfaketime sets for whole processes.

Without libfaketime (a package of Debian and Ubuntu) these tests skip; with REQUIRE_FAKETIME set they fail.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import urllib.request
from pathlib import Path

import pytest

from tests.support.later import fake_clock
from tests.support.programs import pick_port, run_program
from tests.support.shipped import ROOT

DAYS = ("2027-06-01", "2028-06-01", "2031-01-01")
SCRIPTS = Path(sysconfig.get_path("scripts"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
NEAR = """\
schema: 2
product: {id: near, launch: '2027-03-01'}
company: {foreign_percent: 0, foreign_percent_basis: ultimate, mainland_entity: true, discredited: []}
services: [{id: web, offers: [company-site], operated_by: company, audience: public, hosting: mainland, channels: [website]}]
"""


def recipe(target: str) -> str:
    """Return the first line of a recipe of the Makefile, with its variables replaced."""
    found = re.search(rf"^{target}:.*\n\t@?(.*)$", MAKEFILE, re.MULTILINE)
    assert found is not None, target
    given = dict(re.findall(r"^(\w+) \?= (.*)$", MAKEFILE, re.MULTILINE)) | {"BIN": str(SCRIPTS)}
    return re.sub(r"\$\((\w+)\)", lambda name: given[name[1]], found[1])


def run(command: str, day: str, cwd: Path = ROOT, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=cwd,
        env=fake_clock(day) | {"PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"} | more,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(
    "command",
    [
        recipe("demo"),
        recipe("law"),
        "vatspolicy check fixtures --no-fail --quiet",
        "vatspolicy lint",
        "vatspolicy docs build --check",
        "vatspolicy docs build --format html --output {folder}/site",
    ],
    ids=["demo", "law", "check", "lint", "docs", "site"],
)
def test_a_command_passes_on_a_later_day(command: str, day: str, tmp_path: Path) -> None:
    ran = run(command.replace("{folder}", str(tmp_path)), day)
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert "is in the past" not in ran.stdout + ran.stderr
    if command == "vatspolicy lint":
        assert "[review-due]" in ran.stdout, "a review that falls due warns"


def test_a_fixture_with_a_near_launch_would_fail(tmp_path: Path) -> None:
    (tmp_path / "near.yaml").write_text(NEAR, encoding="utf-8")
    ran = run("vatspolicy check near.yaml --no-fail --quiet", DAYS[0], tmp_path)
    assert (ran.returncode, "pass --allow-past-as-of" in ran.stderr) == (3, True), ran.stderr


@pytest.mark.parametrize("day", DAYS)
def test_the_commands_of_the_pages_pass_on_a_later_day(day: str) -> None:
    pages = "tests/acceptance/test_docs.py -k test_the_commands_of_a_page"
    ran = run(f"{sys.executable} -m tests.support.parts -j 0 {pages}", day, TESTS_TODAY=day)
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert re.search(r"\b[1-9]\d passed", ran.stdout), ran.stdout[-2000:]
    assert "failed" not in ran.stdout


@pytest.mark.parametrize("day", DAYS)
def test_the_page_answers_on_a_later_day(day: str, tmp_path: Path) -> None:
    port = pick_port()
    command = ["env", *(f"{name}={value}" for name, value in fake_clock(day).items() if value != os.environ.get(name))]
    serve: list[str | Path] = [*command, SCRIPTS / "vatspolicy", "serve", "--no-open", "--port", str(port)]
    with run_program(serve, port, tmp_path / "log"):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as page:
            assert page.status == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/form", timeout=60) as form:
            assert day in form.read().decode()
