"""`watch`: each save is answered with lint, tests and the effect of the edit; broken files end nothing."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.console import Console, needs_posix
from tests.support.project_builder import PROFILE, policy, project
from tests.support.repositories import commit, git
from tests.support.saves import edit, watched
from tests.support.solver import needs_solver
from vatspolicy.authoring.watched_files import WatchedFiles

TESTS = """\
base:
  company: {foreign_percent: 60, foreign_percent_basis: ultimate}
  services: [{id: s, offers: [data-center]}]
cases:
  - {it: closes above half, as_of: '2026-01-01', expect: {too-foreign: fires, tell: fires, center: fires}}
  - {it: asks, as_of: '2026-01-01', unset: [company.foreign_percent, services.0.offers], expect: {too-foreign: unknown, tell: unknown, center: unknown}}
  - {it: is open, as_of: '2026-01-01', set: {company.foreign_percent: 0, services.0.offers: [saas]}, expect: {too-foreign: silent, tell: silent, center: silent}}
"""
EXPECTED = """\
why: {en: A center., zh: 中心。}
decisions:
  - {as_of: '2026-01-01', decision: deny}
  - {it: is open below, as_of: '2026-01-01', set: {company.foreign_percent: 50}, decision: allow}
"""


@pytest.fixture
def law(console: Console) -> Path:
    """A committed project."""
    project(console.folder, {"law": policy("law")})
    console.write("policies/law.test.yaml", TESTS)
    console.write("fixtures/p60.expect.yaml", EXPECTED)
    git(console.folder, "init", "--quiet")
    commit(console.folder)
    return console.folder / "policies"


def test_a_save_runs_lint_tests_and_the_comparison(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = watched(console, monkeypatch, edit(law / "law.yaml", "value: 50.0", "value: 60.0"))
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Watching 5 files in policies, fixtures. Ctrl-C ends."
    assert "policies/law.yaml" in lines
    assert any("in 1 policy and 0 fixtures" in line for line in lines)
    assert "    too-foreign is silent, not fires." in lines
    assert "2 passed, 1 failed" in lines
    assert "1 rule differs from HEAD:" in lines
    assert any(line.startswith("  law/too-foreign: changed") for line in lines)
    assert lines[lines.index("1 of 2 known decisions changes:") + 1] == "  p60: as of 2026-01-01: deny → allow"


@needs_solver
def test_a_change_that_no_known_product_shows_is_proved(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = edit(law / "law.yaml", "company.foreign_percent > param.cap", "!(company.foreign_percent <= param.cap)")
    other = edit(law / "law.yaml", "value: 50.0", "value: 51.0")
    ran = watched(console, monkeypatch, same, other)
    first, second = ran.out.split("policies/law.yaml\n")[1:]
    assert "None of 2 known decisions changes." in first
    assert "law/too-foreign: proved to say the same of every product as before" in first
    assert "None of 2 known decisions changes." in second
    assert "law/too-foreign: decides otherwise as of" in second
    assert "(deny → allow)" in second


def test_saves_of_tests_and_fixtures(console: Console, law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = watched(
        console,
        monkeypatch,
        edit(law / "law.test.yaml", "too-foreign: silent", "too-foreign: fires"),
        edit(console.folder / "fixtures/p60.expect.yaml", "decision: allow", "decision: deny"),
    )
    assert "    too-foreign is silent, not fires." in ran.out
    assert "No rule says anything else than in HEAD." in ran.out
    assert "    The decision is allow, not deny." in ran.out
    assert "1 passed, 1 failed" in ran.out


def test_a_broken_file_is_reported_and_watching_goes_on(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = watched(
        console,
        monkeypatch,
        edit(law / "law.yaml", "> param.cap", "> param.cpa"),
        edit(law / "law.yaml", "> param.cpa", "> param.cap"),
        edit(law / "law.test.yaml", "base:", "base"),
        edit(law / "law.test.yaml", "base\n", "base:\n"),
    )
    assert ran.code == 0
    assert "policies/law.yaml:" in ran.err
    assert "Did you mean 'cap'?" in ran.err
    assert "policies/law.test.yaml:" in ran.err
    assert ran.out.count("3 passed, 0 failed") == 2
    assert ran.out.splitlines()[-2].endswith(" s"), "it goes on after the last mistake"


def test_it_starts_with_a_broken_law_and_without_a_repository(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(console.folder, {"law": policy("law").replace("topics:", "topcis:")})
    ran = watched(console, monkeypatch, edit(console.folder / "policies/law.yaml", "topcis:", "topics:"))
    assert ran.code == 0
    assert "topcis" in ran.err
    assert "edits cannot be compared with HEAD" in ran.err
    assert "in 1 policy and 0 fixtures" in ran.out


def test_a_saved_schema_is_answered_with_the_decisions_that_change(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each side reads the fixtures under its own schemas: where Dongguan lies is law."""
    near = policy("law").replace("company.foreign_percent > param.cap", '"shenzhen" in company.registered.within')
    place = {**PROFILE, "company": {**PROFILE["company"], "registered": "dongguan"}}  # type: ignore[dict-item]
    expected = EXPECTED.split("  - {it")[0].replace("deny", "allow")
    project(console.folder, {"law": near}, {"p60": place, "p60.expect": expected}, schemas={})
    git(console.folder, "init", "--quiet")
    commit(console.folder)
    dongguan = '"dongguan": {"en": "Dongguan", "zh": "东莞市", "within": "guangdong"'
    moved = edit(console.folder / "schemas/places.schema.json", dongguan, dongguan.replace("guangdong", "shenzhen"))
    ran = watched(console, monkeypatch, moved)
    assert (ran.code, ran.err) == (0, "")
    assert "in policies, schemas, fixtures." in ran.out.splitlines()[0]
    lines = ran.out.splitlines()
    assert lines[lines.index("1 of 1 known decisions changes:") + 1] == "  p60: as of 2026-01-01: allow → deny"


def test_a_folder_without_policies(console: Console) -> None:
    ran = console("watch", "--law", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert "There are no policies in nowhere." in ran.err
    ran = console("watch", "--law", "nowhere", "-p", "elsewhere")
    assert (ran.code, "nowhere" in ran.err) == (2, True)


def test_files_that_appear_change_and_vanish(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a")
    files = WatchedFiles([tmp_path])
    assert (len(files), files.changed()) == (1, [])
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/b.yaml").write_text("b")
    (tmp_path / "notes.txt").write_text("c")
    assert files.have_changed()
    assert files.changed() == [tmp_path / "sub/b.yaml"]
    assert not files.have_changed()
    (tmp_path / "new").write_text("b")
    (tmp_path / "new").replace(tmp_path / "sub/b.yaml")  # as editors save
    assert files.changed() == [tmp_path / "sub/b.yaml"]
    (tmp_path / "a.yaml").unlink()
    assert files.changed() == [tmp_path / "a.yaml"]
    assert files.changed() == []


@needs_posix
def test_the_process_ends_with_0(console: Console, law: Path) -> None:
    """A shell may start what runs beside it without SIGINT, so the signal is given back to the process."""
    command = [sys.executable, "-m", "vatspolicy", "watch", "--lang", "zh"]
    process = subprocess.Popen(
        command,
        cwd=console.folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with process:
        try:
            assert process.stdout is not None
            assert "policies" in process.stdout.readline()
            edit(law / "law.test.yaml", "it: asks", "it: asks for the share")()
            seen = ""
            while "通过 3 个" not in seen and (line := process.stdout.readline()):
                seen += line
            assert "通过 3 个" in seen
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
