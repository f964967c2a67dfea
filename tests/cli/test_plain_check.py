"""The quick reader of `check` reads a command line as typer does, or leaves it to typer."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from conftest import HOSTING, Console, needs_posix

from vatspolicy import cli
from vatspolicy.cli import decide as work
from vatspolicy.cli import fast_arguments as quick
from vatspolicy.cli.commands import check as command_module

VALUES = (
    *("", "-", "--", "-x", "a.yaml", "specs/", "*.yaml", "2026-03-01", "2026-13-01", "deny", "duty", "DENY", "nothing"),
    *("text", "json", "html", "zh", "en", "fr", "dir", "json=a.json", "xml=a", "json", "=", "product.title=x", "no=1"),
    *("company.foreign_percent=-5", "company.foreign_percent=", "company.licences=[a", "x y", "é", "\udcff"),
)
NAMES = (
    *quick.FLAGS,
    *quick.VALUES,
    *quick.LISTS,
    "--help",
    "-h",
    "--strict-waivers",
    "--bundle",
    "--receipt",
    "--nope",
)


def typed(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """What typer calls the command's work with; None where it does not come to that."""
    called: list[dict[str, Any]] = []

    def decide(*args: Any) -> int:
        names = work.decide.__code__.co_varnames
        called.append(dict(zip(names, args, strict=False)))
        return 0

    monkeypatch.setattr(command_module, "decide", decide)
    with pytest.raises(SystemExit):
        cli.__getattr__("app")(words)
    return called[0] if called else None


def defaults() -> dict[str, Any]:
    names = work.decide.__code__.co_varnames[: work.decide.__code__.co_argcount]
    return dict(zip(names[1:], work.decide.__defaults__ or (), strict=True))


def plain(arguments: dict[str, Any]) -> dict[str, Any]:
    """Lists and tuples alike."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}


def line(draw: random.Random) -> list[str]:
    words = ["check"] if draw.random() < 0.97 else [draw.choice(("lint", "chec", "--lang"))]
    for _ in range(draw.randint(0, 5)):
        name, value = draw.choice(NAMES), draw.choice(VALUES)
        if draw.random() < 0.5:  # a value that fits, for lines that are right
            fits = {"as_of": "2026-03-01", "policies": "dir", "fail_on": "duty", "format": "json", "lang": "zh"}
            fits |= {"set_": "company.foreign_percent=50", "output": "sarif=a.sarif"}
            known = {**quick.VALUES, **quick.LISTS}
            value = fits[known[name][0]] if name in known else value
        form = draw.choice(("plain", "equals", "glued", "spec", "spec", "alone"))
        words += {
            "plain": [name] if name in quick.FLAGS else [name, value],
            "equals": [f"{name}={value}"],
            "glued": [f"{name}{value}"],
            "spec": [value],
            "alone": [name],
        }[form]
    return words


def test_both_read_the_same(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    draw, read = random.Random("argv"), 0
    monkeypatch.setattr(cli, "_app", functools_cached(cli._app))
    for _ in range(3000):
        words = line(draw)
        found = quick.read(words)
        if found is not None:
            read += 1
            assert plain({**defaults(), **found}) == plain(typed(words, monkeypatch) or {}), words
            capfd.readouterr()
    assert read > 300


def functools_cached(make: Any) -> Any:
    made = make()
    return lambda: made


@pytest.mark.parametrize("language", ["zh", "en", "", "fr"])
def test_both_take_the_language_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], language: str
) -> None:
    monkeypatch.setenv("VATSPOLICY_LANG", language)
    found, other = quick.read(["check", "a.yaml"]), typed(["check", "a.yaml"], monkeypatch)
    assert (found is None) is (other is None) is (language == "fr")
    if found is not None:
        assert plain({**defaults(), **found}) == plain(other)
    capfd.readouterr()


def test_its_options_are_options_of_the_command() -> None:
    """Names, parameters, and whether they take a value or several, as they are declared to typer."""
    known = {name: one for one in command_module.command.params for name in one.opts}
    for name, parameter in quick.FLAGS.items():
        assert (known[name].name, known[name].is_flag) == (parameter, True)
    for table, several in ((quick.VALUES, False), (quick.LISTS, True)):
        for name, (parameter, _) in table.items():
            assert (known[name].name, known[name].multiple, known[name].nargs) == (parameter, several, 1)
    names = work.decide.__code__.co_varnames[: work.decide.__code__.co_argcount]
    assert [one.name for one in command_module.command.params if one.name != "help"] == list(names)


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
    console.write("bad.yaml", HOSTING.replace("schema: 1", "schema: x"))
    (console.folder / "empty").mkdir()
    command = ["check", *words, "-p", str(law)]
    assert quick.read(command) is not None
    ours = console(*command)
    monkeypatch.setattr(quick, "read", lambda _: None)
    assert console(*command) == ours


def test_an_interrupt_ends_it_as_it_ends_any_command(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(**_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "decide", interrupt)
    ran = console("check", "a.yaml")
    assert (ran.code, ran.err) == (130, "vatspolicy: interrupted.\n")
