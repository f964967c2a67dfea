"""The pytest plugin: tests of policies and fixtures are tests of a project that names their folders, and of no other."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.shipped import ROOT
from tests.support.specs import SHOP

EXPECTED = """\
why: {en: A shop sells its own goods., zh: 商店自营。}
decisions:
  - {as_of: '2026-06-01', decision: allow}
  - {as_of: '2026-06-01', it: falls to incomplete, unset: [services.0.offers], decision: incomplete}
"""


@pytest.fixture
def project(tmp_path: Path, law: Path) -> Path:
    """A project of somebody else: policies, a fixture, and a test of its own."""
    shutil.copytree(law, tmp_path / "rules")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases/shop.yaml").write_text(SHOP)
    (tmp_path / "cases/shop.expect.yaml").write_text(EXPECTED)
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n")
    configure(tmp_path, "vatspolicy_policies = rules\nvatspolicy_fixtures = cases\n")
    return tmp_path


def configure(folder: Path, text: str) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\n{text}")


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A run in a process of its own, with this plugin and no other, whether or not it is installed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    for name in ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER"):
        environment.pop(name, None)
    options = ("-p", "vatspolicy.pytest_plugin", "-p", "no:cacheprovider", "-q")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_everything_is_collected_and_passes(project: Path) -> None:
    ran = run_pytest(project)
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed
    inline = sum(path.read_text().count("{it: ") for path in (project / "rules").iterdir())
    assert int(passed[1]) >= inline + 3
    listed = run_pytest(project, "--collect-only", "cases", "rules/vats-pilot-2024.test.yaml").stdout
    assert "cases/shop.yaml::as of 2026-06-01\n" in listed
    assert "cases/shop.yaml::as of 2026-06-01, falls to incomplete\n" in listed
    assert "rules/vats-pilot-2024.test.yaml::it opens on the launch day\n" in listed


def test_nothing_is_collected_unless_it_is_asked_for(project: Path) -> None:
    configure(project, "")
    assert "1 passed" in run_pytest(project).stdout
    assert run_pytest(project, "cases", "rules").returncode == 5
    configure(project, "vatspolicy_fixtures = cases\n")
    assert "rules/" not in run_pytest(project, "--collect-only").stdout


def test_a_difference_is_told_in_plain_lines(project: Path) -> None:
    path = project / "rules/vats-pilot-2024.test.yaml"
    text = path.read_text()
    wrong = text.replace(
        "as_of: '2024-10-23', expect: {pilot-access: open", "as_of: '2024-10-23', expect: {pilot-access: closed"
    )
    assert wrong != text
    path.write_text(wrong)
    (project / "cases/shop.expect.yaml").write_text(EXPECTED.replace("decision: allow", "decision: deny"))
    ran = run_pytest(project)
    assert ran.returncode == 1
    line = wrong[: wrong.index("opens on the launch day")].count("\n") + 1
    assert f"rules/vats-pilot-2024.test.yaml:{line}: vats-pilot-2024: it opens on the launch day\n" in ran.stdout
    assert "\npilot-access is open, not closed.\n" in ran.stdout
    assert "\nThe decision is allow, not deny.\n" in ran.stdout
    assert "2 failed" in ran.stdout
    assert "Traceback" not in ran.stdout
    assert ".py" not in ran.stdout


def test_what_is_skipped_says_why(project: Path) -> None:
    reason = "The bureau has not answered yet."
    path = project / "rules/vats-pilot-2024.test.yaml"
    text = path.read_text()
    at = text.index("as_of: '2024-10-23', expect: {pilot-access: open")
    path.write_text(f"{text[:at]}skip: {reason}, {text[at:]}")
    (project / "cases/shop.expect.yaml").write_text(
        EXPECTED.replace("decision: allow", f"skip: {reason}, decision: deny")
    )
    ran = run_pytest(project, "-rs")
    assert ran.returncode == 0, ran.stdout
    assert "2 skipped" in ran.stdout
    assert ran.stdout.count(reason) == 2


def test_a_policy_that_does_not_load_is_an_error_in_plain_lines(project: Path) -> None:
    path = project / "rules/vats-pilot-2024.yaml"
    path.write_text(path.read_text().replace("operator.registered.within", "operator.registerd.within"))
    ran = run_pytest(project, "rules/vats-pilot-2024.test.yaml")
    assert ran.returncode == 2
    assert re.search(r"rules/vats-pilot-2024.yaml:\d+:\d+: .*Did you mean 'registered'\?", ran.stdout)
    assert "Traceback" not in ran.stdout
    assert "InvalidInput" not in ran.stdout


def test_a_fixture_without_expectations_is_an_error(project: Path) -> None:
    (project / "cases/shop.expect.yaml").unlink()
    ran = run_pytest(project)
    assert ran.returncode == 2
    assert "cases/shop.yaml:1:1: shop.expect.yaml is missing next to this fixture." in ran.stdout


def test_tests_are_chosen_by_name_and_by_place(project: Path) -> None:
    assert "1 passed" in run_pytest(project, "-k", "opens and launch").stdout
    assert "1 passed" in run_pytest(project, "rules/vats-pilot-2024.test.yaml::it opens on the launch day").stdout


def test_tests_beside_no_policy_are_an_error(project: Path) -> None:
    (project / "rules/vats-pilot-2024.test.yaml").rename(project / "rules/lost.test.yaml")
    ran = run_pytest(project, "rules/lost.test.yaml")
    assert ran.returncode == 2
    assert "rules/lost.test.yaml:1:1: No policy belongs to these tests." in ran.stdout
