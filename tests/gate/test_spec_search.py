"""Specs behind folders and patterns: what cannot be seen is an error, and a pattern is no name."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.support.console import Console, needs_posix
from tests.support.repositories import git
from tests.support.shipped import FIXTURES, fixture_files, launch_files
from tests.support.specs import SHOP
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import find_specs

pytestmark = needs_posix


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs/team").mkdir(parents=True)
    for name in ("specs/a.yaml", "specs/team/b.yaml"):
        (tmp_path / name).write_text("x")
    return tmp_path


def refusals(argument: str) -> list[tuple[str, str]]:
    """The files and messages of the errors of a search."""
    with pytest.raises(InvalidInput) as error:
        find_specs(argument)
    return [(problem.file, problem.message) for problem in error.value.problems]


EVERY = ["specs", "specs/**/*.yaml", "specs/**", "./specs/", "s*/**/*.yaml"]
"""Arguments that look at everything below specs."""


@pytest.mark.parametrize("argument", EVERY)
@pytest.mark.usefixtures("here")
def test_all_is_well(argument: str) -> None:
    assert find_specs(argument) == ["specs/a.yaml", "specs/team/b.yaml"]


@pytest.mark.parametrize("name", ["specs/*.yaml", "specs/**/*.yaml", "specs/[a].yaml", "specs/?.yaml"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_a_pattern_that_is_a_name_is_refused(here: Path, name: str, kind: str) -> None:
    place = here / name
    place.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        place.write_text("x")
    elif kind == "folder":
        place.mkdir()
        (place / "x.yaml").write_text("x")
    else:
        place.symlink_to("nowhere")
    assert refusals(name) == [(name, "This is both a pattern and the name of a file or folder.")]


@pytest.mark.parametrize("argument", EVERY)
def test_a_link_to_a_folder_is_refused(here: Path, argument: str) -> None:
    (here / "products").mkdir()
    (here / "specs/more").symlink_to(here / "products")
    assert refusals(argument) == [("specs/more", "This link points to a folder. vatspolicy does not follow it.")]


@pytest.mark.parametrize("argument", ["specs", "specs/*.yaml", "specs/*", "specs/**/*.yaml"])
def test_a_link_to_a_folder_does_not_pass_for_a_spec(here: Path, argument: str) -> None:
    """`specs/*.yaml` finds files alone; this name promises one, and hides a folder of them."""
    (here / "products").mkdir()
    (here / "specs/gpu.yaml").symlink_to(here / "products")
    assert refusals(argument) == [("specs/gpu.yaml", "This link points to a folder. vatspolicy does not follow it.")]


@pytest.mark.parametrize(
    "argument", ["link", "link/", "link/*.yaml", "./link/**/*.yaml", "more/link/*.yaml", "{}/link"]
)
def test_a_link_in_place_of_a_searched_folder_is_refused(here: Path, argument: str) -> None:
    """A change could replace the folder of specs by a link to others."""
    (here / "link").symlink_to("specs")
    (here / "more").mkdir()
    (here / "more/link").symlink_to(here / "specs")
    place = "more/link" if argument.startswith("more") else f"{here}/link" if argument.startswith("{") else "link"
    found = refusals(argument.format(here))
    assert found == [(place, "This link points to a folder. vatspolicy does not follow it.")]


def test_a_link_to_a_file_and_around_the_working_directory_is_followed(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "specs/c.yaml").symlink_to("a.yaml")
    assert "specs/c.yaml" in find_specs("specs")
    (here / "around").symlink_to("specs")
    monkeypatch.chdir(here / "around/team")
    assert find_specs("../team/*.yaml") == ["../team/b.yaml"]
    assert find_specs(f"{here}/around/*.yaml") == [f"{here}/around/a.yaml", f"{here}/around/c.yaml"]


@pytest.mark.parametrize("argument", EVERY)
def test_a_submodule_that_is_not_checked_out_is_refused(here: Path, argument: str) -> None:
    git(here, "init", "--quiet")
    (here / "specs/empty").mkdir()
    assert len(find_specs(argument)) == 2, "an empty folder hides nothing"
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},specs/sub")
    (here / "specs/sub").mkdir()
    assert refusals(argument) == [("specs/sub", "This submodule is not checked out.")]


def test_a_submodule_in_place_of_the_specs_is_refused(here: Path) -> None:
    git(here, "init", "--quiet")
    git(here, "update-index", "--add", "--cacheinfo", f"160000,{'a' * 40},products")
    (here / "products").mkdir()
    assert refusals("products") == [("products", "This submodule is not checked out.")]


def test_a_pipe_that_nobody_writes_to_is_empty(specs: Console) -> None:
    os.mkfifo(specs.folder / "pipe")
    ran = specs("check", "pipe")
    assert (ran.code, "The file is empty" in ran.err) == (3, True), ran.err
    process = Thread(target=lambda: (specs.folder / "pipe").write_text(SHOP, encoding="utf-8"))
    process.start()
    descriptor = os.open(specs.folder / "pipe", os.O_RDONLY)  # lets the writer go on
    try:
        assert specs("check", "pipe", "-q").code == 4, "it is decided"
    finally:
        os.close(descriptor)
        process.join()


@pytest.mark.parametrize("argument", EVERY)
def test_a_broken_link_is_refused(here: Path, argument: str) -> None:
    (here / "specs/team/gpu.yaml").symlink_to("nowhere")
    assert refusals(argument) == [("specs/team/gpu.yaml", "The target of this link does not exist.")]


def test_a_broken_link_that_may_have_been_a_folder_is_refused(here: Path) -> None:
    (here / "specs/gone").symlink_to("nowhere")
    assert refusals("specs") == [("specs/gone", "The target of this link does not exist.")]


@pytest.mark.parametrize("argument", EVERY)
def test_a_special_file_is_refused(here: Path, argument: str) -> None:
    os.mkfifo(here / "specs/gpu.yaml")
    assert refusals(argument) == [("specs/gpu.yaml", "This is not a regular file.")]


@pytest.mark.usefixtures("here")
def test_a_socket_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("specs/gpu.json")
        assert refusals("specs") == [("specs/gpu.json", "This is not a regular file.")]


@pytest.fixture
def fault(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Makes the operating system fail as it lists a folder, on every version of Python."""

    def fail(folder: str, code: int) -> None:
        real = os.scandir

        def scan(path: Any = ".") -> Iterator[Any]:
            if Path(path).name == folder:
                raise OSError(code, os.strerror(code))
            return real(path)

        monkeypatch.setattr(os, "scandir", scan)

    return fail


@pytest.mark.parametrize("argument", [*EVERY, "specs/*/*.yaml"])
@pytest.mark.parametrize("code", [errno.EIO, errno.EACCES, errno.ELOOP])
@pytest.mark.usefixtures("here")
def test_a_folder_that_cannot_be_listed_is_refused(fault: Callable[[str, int], None], argument: str, code: int) -> None:
    fault("team", code)
    assert refusals(argument) == [("specs/team", f"This folder cannot be read: {os.strerror(code)}.")]


@pytest.mark.parametrize("name", ["gpu.YAML", "gpu.Yml", "gpu.JSON"])
def test_endings_match_in_any_case(here: Path, name: str) -> None:
    (here / "specs" / name).write_text("x")
    assert f"specs/{name}" in find_specs("specs")
    assert find_specs(f"specs/g*.{name[4:].lower()}") == [f"specs/{name}"]


def test_no_spec_hides_behind_the_name_of_an_expectation(here: Path) -> None:
    (here / "specs/a.expect.yaml").write_text("decisions: []")
    assert find_specs("specs") == ["specs/a.yaml", "specs/team/b.yaml"]
    (here / "specs/gpu.expect.yaml").write_text("x")
    assert [file for file, _ in refusals("specs")] == ["specs/gpu.expect.yaml"]


def test_every_refusal_is_reported_at_once(here: Path) -> None:
    (here / "specs/x.yaml").symlink_to("nowhere")
    os.mkfifo(here / "specs/team/y.yaml")
    assert [file for file, _ in refusals("specs")] == ["specs/team/y.yaml", "specs/x.yaml"]


# --- at the gate ------------------------------------------------------------------------------------------------------


@pytest.fixture
def specs(console: Console) -> Console:
    for name in ("specs/a.yaml", "specs/b.yaml"):
        console.write(name, SHOP)
    return console


def test_a_spec_that_cannot_be_seen_ends_with_3(specs: Console, law: Path) -> None:
    assert specs("check", "specs", "--law", law, "--no-fail").code == 0
    (specs.folder / "specs/gpu.yaml").symlink_to("nowhere")
    ran = specs("check", "specs", "--law", law, "--no-fail")
    assert (ran.code, ran.out) == (3, "")
    assert "specs/gpu.yaml:1:1: The target of this link does not exist." in ran.err
    beside = specs("check", "specs/a.yaml", "specs/*.yaml", "--law", law, "--no-fail")
    assert beside.code == 3, "a good spec beside it changes nothing"
    assert specs("check", "specs", "--law", law, "--lang", "zh").err.count("该链接") == 1


@pytest.mark.parametrize("text", [SHOP, SHOP + "decisions: []\n", "x", ": :", ""])
@pytest.mark.parametrize("argument", ["specs", "specs/*.yaml", "specs/*"])
def test_a_file_under_the_name_of_an_expectation_is_one(here: Path, argument: str, text: str) -> None:
    (here / "specs/a.expect.yaml").write_text(text)
    message = "This file is named like the expectation of a fixture, but does not contain an expectation."
    assert refusals(argument) == [("specs/a.expect.yaml", message)]


@pytest.mark.parametrize("argument", [*EVERY, "specs/*.yaml", "specs/*", "specs/team/*", "specs/team/*.yaml"])
@pytest.mark.parametrize("name", ["x.yaml", "x.YAML", "x.expect.yaml"])
def test_a_folder_under_the_name_of_a_spec_is_refused(here: Path, argument: str, name: str) -> None:
    place = f"{'specs/team' if 'team' in argument else 'specs'}/{name}"
    (here / place).mkdir()
    (here / place / "denied.yaml").write_text("x")
    assert refusals(argument) == [(place, "This folder is named like a spec.")]


@pytest.mark.parametrize("argument", ["specs/*", "specs/t*", "specs/team/*"])
def test_a_link_to_a_folder_is_passed_over_by_no_pattern(here: Path, argument: str) -> None:
    (here / "away").mkdir()
    link = here / ("specs/team/there" if "/team/" in argument else "specs/there")
    link.symlink_to(here / "away")
    place = str(link.relative_to(here))
    assert refusals(argument) == [(place, "This link points to a folder. vatspolicy does not follow it.")]


@pytest.mark.parametrize(("expected", "code"), [("2", 0), ("1", 3), ("3", 3), ("0", 3), ("-1", 2), ("two", 2)])
def test_the_number_of_specs_can_be_required(specs: Console, law: Path, expected: str, code: int) -> None:
    ran = specs("check", "specs", "--law", law, "--no-fail", f"--expect={expected}")
    assert "invalid spec" not in ran.out  # the number is wrong, no spec is
    assert "INVALID," not in ran.out
    assert ran.code == code
    assert ("the number of specs found is 2." in ran.err) == (code == 3)


def test_the_same_spec_counts_once(specs: Console, law: Path) -> None:
    assert specs("check", "specs", "specs/a.yaml", "--law", law, "--no-fail", "--expect=2").code == 0
    shutil.rmtree(specs.folder / "specs")
    assert specs("check", "specs/*.yaml", "--law", law, "--expect=2").code == 3


def test_all_that_is_found_below_the_fixtures_is_a_spec() -> None:
    """The folder that a visitor tries first can be checked as it is."""
    found = find_specs(str(FIXTURES))
    assert list(map(Path, found)) == sorted([*fixture_files(), *launch_files()])
    assert all(load_profile(spec).facts["services"] for spec in fixture_files())
