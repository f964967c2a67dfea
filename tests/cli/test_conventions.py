"""Conventions of the command line that every command keeps: help that fits, options that are given once, near words."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.members import for_each
from tests.support.specs import HOSTING
from vatspolicy import __version__
from vatspolicy.cli import program

DENIED = "services.0.facilities=[chengdu]"


def every_command(group: Any, before: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield the words and the command of every command, those of groups included."""
    for name in group.list_commands(None):
        command = group.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from every_command(command, (*before, name))
        yield (*before, name), command


COMMANDS = dict(every_command(program.application()))
SINGLE = [
    (words, option.opts[0])
    for words, command in COMMANDS.items()
    if not hasattr(command, "list_commands")
    for option in command.params
    if option.param_type_name == "option" and not option.multiple and option.name != "help"
]
"""Each option that is no list, with its command."""


def words_of(page: str) -> set[str]:
    return set(re.sub(r"[│╭╮╰╯─]", " ", page).split())


@for_each([(), *COMMANDS])
def test_help_fits_eighty_columns_and_breaks_no_word(
    words: tuple[str, ...], console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    wide = words_of(console(*words, "--help").out)
    monkeypatch.setenv("COLUMNS", "80")
    page = console(*words, "--help").out
    assert max(map(len, page.splitlines())) <= 80
    assert words_of(page) - wide == set()


@for_each(COMMANDS)
def test_usage_names_what_repeats_and_what_may_be_left_out(words: tuple[str, ...], console: Console) -> None:
    [usage] = re.findall(r"^ Usage: (.*?)\n *\n", console(*words, "--help").out, re.MULTILINE | re.DOTALL)
    assert "{" not in usage
    for parameter in COMMANDS[words].params:
        if parameter.param_type_name == "argument" and parameter.nargs == -1:
            assert "..." in parameter.metavar
            assert parameter.metavar in usage


@for_each(SINGLE)
def test_an_option_that_is_no_list_is_given_once(given: tuple[tuple[str, ...], str], console: Console) -> None:
    words, name = given
    [option] = [one for one in COMMANDS[words].params if name in one.opts]
    values = [] if option.is_flag else ["1"] * option.nargs
    ran = console(*words, name, *values, name, *values)
    assert (ran.code, ran.out) == (2, "")
    assert f"Option '{name}' takes one value but appears 2 times." in ran.err


def test_the_other_name_of_an_option_counts_too(console: Console, law: Path) -> None:
    console.write("hosting.yaml", HOSTING)
    ran = console("check", "hosting.yaml", "--law", law, "-f", "json", "--format", "text")
    assert (ran.code, "Option '--format' is given 2 times" in ran.err) == (2, True)
    assert program.read(["check", "hosting.yaml", "-f", "json", "--format", "text"]) is None
    assert program.read(["check", "hosting.yaml", "--no-fail", "--no-fail"]) is None


def test_a_list_may_be_given_often(console: Console, law: Path) -> None:
    console.write("hosting.yaml", HOSTING)
    more = ("--set", DENIED, "--set", "company.foreign_percent=0")
    assert console("check", "hosting.yaml", "--law", law, *more).code == 1


def test_a_repeated_option_is_told_in_chinese(console: Console) -> None:
    ran = console("routes", "a.yaml", "--to", "allow", "--to", "allow", "--lang", "zh")
    assert (ran.code, "选项“--to”给了 2 次，而它只取一个值。" in ran.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "near"),
    [(("chek",), "check"), (("rotues",), "routes"), (("bundle", "sgn"), "sign"), (("new", "polcy"), "policy")],
)
def test_a_misspelled_command_is_told_the_nearest(console: Console, words: tuple[str, ...], near: str) -> None:
    ran = console(*words)
    assert ran.code == 2
    assert ran.err.endswith(f"Error: No such command '{words[-1]}'. Did you mean '{near}'?\n")
    assert console("--lang", "zh", *words).code == 2


def test_a_word_that_is_near_to_no_command(console: Console) -> None:
    ran = console("qqqq")
    assert (ran.code, ran.err.endswith("Error: No such command 'qqqq'.\n")) == (2, True)


def test_version(console: Console) -> None:
    ran = console("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"vatspolicy {__version__}\n", "")


def test_the_package_runs_as_a_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vatspolicy"]
    ran = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=True)
    assert ran.stdout == f"vatspolicy {__version__}\n"
    wrong = subprocess.run([*command, "chek"], capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert wrong.returncode == 2


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("routes", "hosting.yaml"), "a.html"),
        (("timeline", "hosting.yaml", "--from", "2026-01-01"), "a.html"),
        (("matrix",), "a.html"),
        (("explain", "vats-pilot-2024/pilot-access"), "a.html"),
        (("check", "hosting.yaml"), "a.html"),
    ],
    ids=lambda one: one[0],
)
def test_every_report_goes_to_a_file_too(console: Console, law: Path, words: tuple[str, ...], name: str) -> None:
    console.write("hosting.yaml", HOSTING)
    ran = console(*words, "--law", law, "-o", name)
    assert (ran.code, ran.out) == (console(*words, "--law", law).code, console(*words, "--law", law).out)
    format = {"json": "json", "md": "markdown", "html": "html"}[name[2:]]
    assert (console.folder / name).read_text() == console(*words, "--law", law, "-f", format).out


def test_explain_as_data(console: Console, law: Path) -> None:
    rule = json.loads(console("explain", "vats-pilot-2024/pilot-access", "--law", law, "-f", "json").out)
    assert rule["id"] == "pilot-access"
    policy = json.loads(console("explain", "vats-pilot-2024", "--law", law, "-f", "json").out)
    assert rule in policy["rules"]


@pytest.mark.parametrize("command", ["routes", "timeline"])
def test_standard_input_has_a_name_there_too(console: Console, law: Path, command: str) -> None:
    ran = console(command, "-", "--stdin-filename", "specs/a.yaml", "--law", law, stdin="schema: 2\n")
    assert (ran.code, ran.err.startswith("specs/a.yaml:1:1: ")) == (3, True)
