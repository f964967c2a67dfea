"""The pytest plugin: tests of policies and fixtures are tests of a project that names their folders, and of no other."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.support.console import Ran
from tests.support.forked import fork
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


def run_pytest(folder: Path, *arguments: str) -> Ran:
    """A run in a fork of this process, with this plugin and no other, whether or not it is installed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    options = ("-p", "vatspolicy.pytest_plugin", "-p", "no:cacheprovider", "-q", *arguments)
    return fork(lambda: int(pytest.main(list(options))), folder, environment)


def test_everything_is_collected_and_passes(project: Path) -> None:
    ran = run_pytest(project)
    assert ran.code == 0, ran.out
    passed = re.search(r"(\d+) passed", ran.out)
    assert passed
    inline = sum(path.read_text().count("{it: ") for path in (project / "rules").iterdir())
    assert int(passed[1]) >= inline + 3
    listed = run_pytest(project, "--collect-only", "cases", "rules/vats-pilot-2024.test.yaml").out
    assert "cases/shop.yaml::as of 2026-06-01\n" in listed
    assert "cases/shop.yaml::as of 2026-06-01, falls to incomplete\n" in listed
    assert "rules/vats-pilot-2024.test.yaml::it opens on the launch day\n" in listed


def test_nothing_is_collected_unless_it_is_asked_for(project: Path) -> None:
    configure(project, "")
    assert "1 passed" in run_pytest(project).out
    assert run_pytest(project, "cases", "rules").code == 5
    configure(project, "vatspolicy_fixtures = cases\n")
    assert "rules/" not in run_pytest(project, "--collect-only").out


def test_a_difference_and_a_reason_to_skip_are_told_in_plain_lines(project: Path) -> None:
    reason = "The bureau has not answered yet."
    path = project / "rules/vats-pilot-2024.test.yaml"
    day = "as_of: '2024-10-23', expect: {pilot-access: "
    wrong = path.read_text().replace(f"{day}open", f"{day}closed")
    last = wrong.index("as_of: '2024-10-22'")
    path.write_text(f"{wrong[:last]}skip: {reason}, {wrong[last:]}")
    falls = "it: falls to incomplete"
    expected = EXPECTED.replace("decision: allow", "decision: deny").replace(falls, f"skip: {reason}, {falls}")
    (project / "cases/shop.expect.yaml").write_text(expected)
    ran = run_pytest(project, "-rs")
    assert ran.code == 1
    line = wrong[: wrong.index("opens on the launch day")].count("\n") + 1
    assert f"rules/vats-pilot-2024.test.yaml:{line}: vats-pilot-2024: it opens on the launch day\n" in ran.out
    assert "\npilot-access is open, not closed.\n" in ran.out
    assert "\nThe decision is allow, not deny.\n" in ran.out
    assert ("2 failed" in ran.out, "2 skipped" in ran.out, ran.out.count(reason)) == (True, True, 2)
    assert "Traceback" not in ran.out
    assert ".py" not in ran.out.replace("test_own.py", "")


def test_what_cannot_be_read_is_an_error_in_plain_lines(project: Path) -> None:
    """A policy that does not load, a fixture without expectations, tests beside no policy: all in one run."""
    rules = project / "rules"
    policy = rules / "vats-pilot-2024.yaml"
    shutil.copy(rules / "vats-pilot-2024.test.yaml", rules / "lost.test.yaml")
    (project / "cases/shop.expect.yaml").unlink()
    ran = run_pytest(project)
    assert ran.code == 2
    assert "cases/shop.yaml:1:1: shop.expect.yaml is missing next to this fixture." in ran.out
    assert "rules/lost.test.yaml:1:1: No policy belongs to these tests." in ran.out
    policy.write_text(policy.read_text().replace("operator.registered.within", "operator.registerd.within"))
    ran = run_pytest(project, "rules/vats-pilot-2024.test.yaml")
    assert ran.code == 2
    assert re.search(r"rules/vats-pilot-2024.yaml:\d+:\d+: .*Did you mean 'registered'\?", ran.out)
    assert "Traceback" not in ran.out
    assert "InvalidInput" not in ran.out


def test_tests_are_chosen_by_name_and_by_place(project: Path) -> None:
    assert "1 passed" in run_pytest(project, "-k", "opens and launch").out
    assert "1 passed" in run_pytest(project, "rules/vats-pilot-2024.test.yaml::it opens on the launch day").out
