"""`vatspolicy init`: what it writes, what it keeps, and that a gate runs on it at once."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.console import Console
from vatspolicy import origin
from vatspolicy.cli.commands.init import set_up
from vatspolicy.cli.options import call

SOURCE = "vatspolicy @ git+https://git.example.org/law/vatspolicy"
FILES = ("vatspolicy.toml", ".pre-commit-config.yaml", ".github/workflows/vatspolicy.yml")


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "requirement", lambda _: SOURCE)


def written(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_it_says_what_it_wrote(console: Console) -> None:
    ran = console("init")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        *(f"{name}: written." for name in FILES),
        "Next: vatspolicy ask specs/product.yaml, then vatspolicy check.",
    ]
    assert set(written(console.folder)) == set(FILES)


def test_the_gate_runs_on_it_at_once(console: Console, law: Path) -> None:
    console("init", "smart-lamp", "--lang", "zh")
    assert console("check", "--law", law).code == 3, "there is no spec yet, and nothing passes without one"
    console("new", "profile", "specs/smart-lamp.yaml")
    ran = console("check", "--law", law, "-f", "json")
    assert ran.code == 4, "the facts are missing"
    assert '"product": "smart-lamp"' in ran.out
    assert "vatspolicy.toml" in console("check", "--law", law, "--show-config").out
    assert console("check", "--law", law).err == ""


def test_nothing_is_overwritten(console: Console) -> None:
    console("init")
    for name in FILES:
        console.write(name, "# mine\n")
    ran = console("init", "other")
    assert ran.code == 0
    assert ran.out.splitlines() == [f"{name}: kept, because it already exists." for name in FILES] + [
        "Next: vatspolicy ask specs/other.yaml, then vatspolicy check."
    ]
    assert set(written(console.folder).values()) == {"# mine\n"}


def test_links_are_kept_too(console: Console) -> None:
    (console.folder / "vatspolicy.toml").symlink_to("nowhere.toml")
    assert "vatspolicy.toml: kept" in console("init").out
    assert not (console.folder / "nowhere.toml").exists()


@pytest.mark.parametrize(("ci", "name"), [("gitlab", ".gitlab-ci.yml"), ("none", "")])
def test_another_pipeline(console: Console, ci: str, name: str) -> None:
    console("init", "--ci", ci)
    assert set(written(console.folder)) == {*FILES[:2], *filter(None, [name])}


def test_ci_and_the_hook_install_this_copy(console: Console) -> None:
    console("init")
    hooks = yaml.safe_load((console.folder / FILES[1]).read_text())["repos"][0]["hooks"]
    assert hooks[0]["additional_dependencies"] == [SOURCE]
    steps = yaml.safe_load((console.folder / FILES[-1]).read_text())["jobs"]["launch-gate"]["steps"]
    assert [step["env"]["SOURCE"] for step in steps if "SOURCE" in step.get("env", ())] == [SOURCE]
    assert "Replace" not in "".join(written(console.folder).values())


def test_an_address_that_is_not_known_is_said(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(origin, "requirement", lambda _: None)
    ran = console("init")
    assert ran.err.startswith("vatspolicy: the address of vatspolicy is not known: replace HOST/OWNER")
    assert "# Replace HOST/OWNER" in (console.folder / FILES[-1]).read_text()
    (console.folder / FILES[-1]).unlink()
    (console.folder / FILES[1]).unlink()
    assert console("init", "--source", "vatspolicy==1.0").err == ""


class Terminal(io.StringIO):
    """Standard input of somebody who answers once."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answer", "installed"),
    [
        ("git+https://git.example.org/acme/vatspolicy\n", "vatspolicy @ git+https://git.example.org/acme/vatspolicy"),
        ("vatspolicy==1.0\n", "vatspolicy==1.0"),
        ("\n", "HOST/OWNER"),
    ],
)
def test_on_a_terminal_it_asks_once_for_the_address(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: str,
    installed: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(origin, "requirement", lambda _: None)
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    call(set_up, {"ci": "gitlab"})
    asked = capsys.readouterr().err
    assert asked.count("Where does pip install vatspolicy from?") == 1
    assert ("HOST/OWNER" in asked) == (installed == "HOST/OWNER"), "without an answer it says what to replace"
    for name in (".pre-commit-config.yaml", ".gitlab-ci.yml"):
        assert installed in (tmp_path / name).read_text(encoding="utf-8")


def test_a_known_address_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Terminal("other\n"))
    call(set_up, {})
    assert sys.stdin.readline() == "other\n", "nothing has read the answer"


def test_in_chinese(console: Console) -> None:
    assert "vatspolicy.toml：已写入。" in console("init", "--lang", "zh").out
    assert 'lang = "zh"' in (console.folder / "vatspolicy.toml").read_text()
    assert "已存在" in console("init").out, "the language of the file"


def test_the_id_is_a_slug(console: Console) -> None:
    ran = console("init", "Smart Lamp")
    assert (ran.code, "Use lower-case words joined by hyphens." in ran.err) == (2, True)
