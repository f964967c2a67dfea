"""The plain reader of `check` reads a command line as typer does, or leaves it to typer."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.console import Console, needs_posix
from tests.support.effort import TIMES, trials
from tests.support.specs import HOSTING
from vatspolicy.cli import program
from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.commands import check as module
from vatspolicy.cli.options import flatten
from vatspolicy.cli.typer_app import Commands, build

VALUES = (
    *("", "-", "--", "-x", "a.yaml", "specs/", "*.yaml", "2026-03-01", "2026-13-01", "deny", "duty", "DENY", "nothing"),
    *("text", "json", "html", "zh", "en", "fr", "dir", "json=a.json", "xml=a", "json", "=", "product.title=x", "no=1"),
    *("company.foreign_percent=-5", "company.foreign_percent=", "company.licenses=[a", "x y", "é", "\udcff"),
    *("needs-license", "needs-licence", "/input/company", "/input/company=x", "input"),
)
FITTING = {
    "--as-of": "2026-03-01",
    "--expect": "3",
    "--jobs": "2",
    "--until": "2026-03-01",
    "--fail-on": "needs-licence",
    "--format": "json",
    "--lang": "zh",
    "--set": "company.foreign_percent=50",
    "--output": "sarif=a.sarif",
    "--mask": "/input/company",
}
PARAMETERS = list(flatten(CheckOptions))
OPTIONS = [parameter.declared for parameter in PARAMETERS if parameter.declared.names]
FLAGS = [parameter.declared.name for parameter in PARAMETERS if parameter.is_flag]
SHORT = {short: option.name for option in OPTIONS for short in option.names[1:]}
NAMES = (*(option.name for option in OPTIONS), *SHORT, "--help", "-h", "--nope")


def read_by_typer(words: list[str], monkeypatch: pytest.MonkeyPatch) -> CheckOptions | None:
    """Return the options that typer calls the command with; None where it does not come to that."""
    called: list[CheckOptions] = []

    def record(options: CheckOptions) -> None:
        called.append(options)

    monkeypatch.setattr(module, "command", module.command._replace(function=record))
    with pytest.raises(SystemExit):
        Commands()(words)
    return called[0] if called else None


def draw_line(draw: random.Random) -> list[str]:
    words = ["check"] if draw.random() < 0.97 else [draw.choice(("lint", "chec", "--lang"))]
    for _ in range(draw.randint(0, 5)):
        name, value = draw.choice(NAMES), draw.choice(VALUES)
        if draw.random() < 0.5:  # a value that fits, for lines that are right
            value = FITTING.get(SHORT.get(name, name), value)
        form = draw.choice(("plain", "equals", "glued", "spec", "spec", "alone"))
        words += {
            "plain": [name] if name in FLAGS else [name, value],
            "equals": [f"{name}={value}"],
            "glued": [f"{name}{value}"],
            "spec": [value],
            "alone": [name],
        }[form]
    return words


def as_lists(options: CheckOptions | None) -> CheckOptions | None:
    """Return the options with lists and tuples alike."""
    if options is None:
        return None
    lists = {name: list(getattr(options, name) or ()) for name in ("specs", "changes", "outputs", "masks")}
    law = replace(options.context.law, policies=list(options.context.law.policies))
    return replace(options, context=replace(options.context, law=law), **lists)  # type: ignore[arg-type]


def test_both_read_the_same(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    draw, read = random.Random("argv"), 0
    for _ in range(trials(3000)):
        words = draw_line(draw)
        found = program.read(words)
        if found is not None:
            read += 1
            assert as_lists(found) == as_lists(read_by_typer(words, monkeypatch)), words
            capfd.readouterr()
    assert read > 300 * TIMES


def test_every_option_is_read_without_typer(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["check", "a.yaml"]
    for option in (one for one in OPTIONS if one.name != "--trust"):  # each writes a copy of the revision
        words += [option.name] if option.name in FLAGS else [option.name, FITTING.get(option.name, "file")]
    found = program.read(words)
    assert found is not None
    assert as_lists(found) == as_lists(read_by_typer(words, monkeypatch))
    capfd.readouterr()


@pytest.mark.parametrize("language", ["zh", "en", "", "fr"])
def test_both_take_the_language_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], language: str
) -> None:
    monkeypatch.setenv("VATSPOLICY_LANG", language)
    words = ["check", "a.yaml"]
    found, other = program.read(words), read_by_typer(words, monkeypatch)
    assert (found is None) is (other is None) is (language == "fr")
    assert as_lists(found) == as_lists(other)
    capfd.readouterr()


def test_typer_knows_the_options_that_are_declared() -> None:
    """Names, parameters, and whether they take a value or several."""
    known = {one.name: one for one in build(module.command).params if one.name != "help"}
    assert set(known) == {parameter.name for parameter in PARAMETERS}
    for parameter in PARAMETERS:
        option, typers = parameter.declared, known[parameter.name]
        if option.names:
            assert typers.opts == list(option.names)
            assert (typers.is_flag, typers.multiple) == (parameter.is_flag, parameter.is_list)
            assert typers.nargs == 1
            assert (option.least, option.most, option.exists) == (None, None, None), "typer alone checks these"


@needs_posix
@pytest.mark.parametrize(
    "words",
    [
        ["spec.yaml"],
        ["spec.yaml", "-f", "json", "--fail-on", "deny"],
        ["spec.yaml", "none.yaml", "--lang=zh"],
        ["empty"],
        ["spec.yaml", "--as-of", "2001-01-01"],
        ["spec.yaml", "--set", "company.foreign_percent=0", "-o", "json=out.json"],
        ["bad.yaml"],
    ],
)
def test_what_is_written_is_the_same(
    console: Console, law: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console.write("spec.yaml", HOSTING)
    console.write("bad.yaml", HOSTING.replace("schema: 2", "schema: x"))
    (console.folder / "empty").mkdir()
    command = ["check", *words, "--law", str(law)]
    assert program.read(command) is not None
    ours = console(*command)
    monkeypatch.setattr(program, "read", lambda _: None)
    assert console(*command) == ours
