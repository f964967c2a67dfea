"""The table of docs/configuration.md: which commands read the law that vatspolicy.toml names. Every command is run."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.repositories import commit, git
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING
from vatspolicy.cli import commands as commands_package
from vatspolicy.cli.commands import load_commands
from vatspolicy.cli.options import CommandGroup, flatten

PAGE = ROOT / "docs/configuration.md"
ARGUMENTS: dict[str, tuple[str, ...]] = {
    "ask": ("spec.yaml",),
    "bundle build": ("--number", "2", "-o", "built.tar.gz"),
    "bundle inspect": ("law.tar.gz",),
    "bundle keygen": ("another",),
    "bundle pin": ("law.tar.gz", "--key", "release.pub", "--lock", "other/vatspolicy.lock"),
    "bundle sign": ("law.tar.gz", "--key", "release.pem"),
    "bundle verify": ("law.tar.gz", "--key", "release.pub"),
    "check": ("spec.yaml",),
    "diff": ("HEAD", "--semantic", "off"),
    "eval": ("service.offers", "--spec", "spec.yaml"),
    "explain": ("company.foreign_percent",),
    "fmt": ("spec.yaml",),
    "list": ("rules",),
    "new fixture": ("one",),
    "new policy": ("one", "-p", "other"),
    "new profile": ("one",),
    "routes": ("spec.yaml",),
    "schema": ("profile",),
    "screen": ("rows.jsonl", "-o", "out.jsonl"),
    "timeline": ("spec.yaml",),
    "verify-attestation": ("attest.jsonl", "--spec", "spec.yaml", "--key", "release.pub"),
    "waive": (
        "spec.yaml",
        "limits/relay",
        "--reason",
        "Moving.",
        "--until",
        "2099-01-01",
        "--approver",
        "a@b.c",
        "--ticket",
        "A-7",
    ),
}
DECLARING = {"argument", "option", "input_", "decision", "aside", "output", "configuration", "of_api"}
"""The functions that declare a parameter of a command; the default comes first."""


GREET = """
from vatspolicy.cli import options as opt
from vatspolicy.cli.console import print_result


def greet(name: str = opt.option(opt.REQUIRED, "--name WORD", "Whom.")) -> None:
    '''Say a name.'''
    print_result(f"{name}\\n")


command = opt.Command(greet, "greet-all", opt.RULES, 115)
"""


def commands() -> dict[str, Callable[..., int | None]]:
    found: dict[str, Callable[..., int | None]] = {}
    for declared in load_commands():
        functions = declared.functions if isinstance(declared, CommandGroup) else {"": declared.function}
        found |= {f"{declared.name} {one}".rstrip(): function for one, function in functions.items()}
    return found


def table() -> dict[str, tuple[bool, bool, bool]]:
    """Whether a command reads `law`, `policies`, and `bundle` with `key`, as the page says."""
    rows = re.findall(r"^\| (.*) \| (yes|no) \| (yes|no) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    [(listed, *answers), (with_law, *others), (without, *rest)] = rows
    assert (with_law, without) == ("every other command that has `--law`", "every command that has no `--law`")
    found: dict[str, tuple[bool, bool, bool]] = {}
    for name, function in commands().items():
        has_law = any(one.declared.setting == "law" for one in flatten(function))
        law, bundle = answers if f"`{name}`" in listed.split(", ") else others if has_law else rest
        found[name] = (law == "yes", law == "yes", bundle == "yes")
    return found


@pytest.fixture
def project(console: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """Whatever a command needs, and a layer that cannot be read."""
    console.write("spec.yaml", HOSTING)
    console.write("rows.jsonl", "")
    for words in (("bundle", "keygen", "release"), ("bundle", "build", "--number", "1", "-o", "law.tar.gz")):
        assert console(*words).code == 0
    attest = ("--attest", "attest.jsonl", "--sign-key", "release.pem")
    console("check", "spec.yaml", "--no-fail", *attest)
    assert json.loads((console.folder / "attest.jsonl").read_bytes())
    write_layer(console.folder / "company", "company", company="rules:\n" + rule("a", "product", "true", "deny: {}"))
    git(console.folder, "init", "--quiet")
    commit(console.folder)
    monkeypatch.setattr("vatspolicy.language_server.server.serve", say)
    monkeypatch.setattr("vatspolicy.server.mcp_tools.make_server", interrupt)
    return console


def interrupt(*_: object) -> None:
    """End a command that would go on, and that has not noticed the law."""
    raise KeyboardInterrupt


def say(law: Path | None, layers: Sequence[Path], *_: object) -> None:
    """Stand for the language server, which reads the law when a document is opened."""
    for folder in (law, *layers):
        sys.stderr.write(f"{folder}/company.yaml\n")


def test_the_page_lists_commands_that_there_are() -> None:
    named = re.findall(r"^\| (`.*`) \| yes \| no \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {*named[0].replace("`", "").split(", "), *ARGUMENTS} <= set(commands())


def test_an_option_is_declared_once() -> None:
    """Commands that show the same option or argument share its declaration."""
    found: Counter[str] = Counter()
    for file in (ROOT / "src/vatspolicy/cli").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).removeprefix("opt.") in DECLARING:
                found[", ".join(map(ast.unparse, (node.func, *node.args[1:], *node.keywords)))] += 1
    assert len(found) > 100
    assert [declared for declared, times in found.items() if times > 1] == []


def test_a_module_in_the_folder_is_a_command(console: Console, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No list is edited: the module says where the command stands on the help page, and in completions."""
    (tmp_path / "greet_all.py").write_text(GREET, encoding="utf-8")
    monkeypatch.setattr(commands_package, "__path__", [*commands_package.__path__, str(tmp_path)])
    try:
        assert console("greet-all", "--name", "Kim").out == "Kim\n"
        assert console("greet-al").err.endswith("Did you mean 'greet-all'?\n")
        names = [declared.name for declared in load_commands()]
        assert names[names.index("explain") : names.index("eval") + 1] == ["explain", "greet-all", "eval"]
        assert "Say a name." in console("--help").out
    finally:
        sys.modules.pop("vatspolicy.cli.commands.greet_all", None)


def test_a_command_reads_the_law_that_the_file_names_as_the_page_says(project: Console) -> None:
    laws = (
        ('law = "no-law"', "no-law"),
        ('policies = "company"', "company/company.yaml"),
        ('bundle = "nowhere.tar.gz"', "nowhere"),
    )
    found: dict[str, tuple[bool, ...]] = {}
    for name in commands():
        for settings, sign in laws:
            project.write("vatspolicy.toml", f"{settings}\n")
            ran = project(*name.split(), *ARGUMENTS.get(name, ()))
            assert "Usage:" not in ran.err, f"the arguments of {name} are wrong here"
            found[name] = (*found.get(name, ()), sign in ran.out + ran.err)
    assert found == table()
