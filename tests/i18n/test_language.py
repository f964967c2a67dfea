"""The language of errors and complaints: how it is chosen, and that everything the command line says is in it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING, SHOP
from vatspolicy.errors import Problem, in_language, render
from vatspolicy.i18n import VARIABLE, _, current_language, set_language
from vatspolicy.i18n.lint import HAN
from vatspolicy.reports.formats import FORMATS

BROKEN = SHOP.replace("audience: public", "audience: publc").replace("foreign_percent: 0", "foreign_percnt: 0")


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "zh")


@pytest.fixture(autouse=True)
def english_again() -> Any:
    yield
    set_language([])


@pytest.mark.parametrize(
    ("arguments", "variable", "wanted"),
    [
        ([], "", "en"),
        ([], "zh", "zh"),
        ([], "fr", "en"),
        (["check", "--lang", "zh"], "", "zh"),
        (["check", "--lang=zh"], "", "zh"),
        (["check", "--lang", "en"], "zh", "en"),
        (["check", "--lang", "zh", "--lang=en"], "", "en"),
        (["check", "--lang"], "zh", "zh"),
        (["check", "--", "--lang", "zh"], "", "en"),
    ],
)
def test_the_choice(arguments: list[str], variable: str, wanted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, variable)
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    set_language(arguments)
    assert current_language() == wanted


def test_problems_of_a_spec(console: Console) -> None:
    spec = console.write("shop.yaml", BROKEN)
    ran = console("check", spec.name, "--lang", "zh")
    assert ran.code == 3
    told = [line for line in ran.err.splitlines() if line.startswith("shop.yaml:")]
    assert [re.sub(r":\d+:\d+:", ":", line) for line in told] == [
        "shop.yaml: company.foreign_percnt: 此处没有这个键。是不是想写“foreign_percent”？",
        "shop.yaml: services[0].audience: 此处的值不在可用值之中。是不是想写“public”？可用：public、business、own-group。",
    ]
    english = console("check", spec.name).err.splitlines()
    places = [re.match(r"\S+:\d+:\d+: \S+:", line) for line in (*told, *english) if line.startswith("shop.yaml:")]
    assert all(places)
    assert [place[0] for place in places[:2] if place] == [place[0] for place in places[2:] if place]


@pytest.mark.usefixtures("chinese")
def test_a_broken_invariant_is_told_by_the_chinese_of_the_schema(console: Console) -> None:
    broken = HOSTING.replace("mainland_entity: true", "mainland_entity: false")
    console.write("hosting.yaml", broken)
    ran = console("check", "hosting.yaml")
    assert ran.code == 3
    assert HAN.search(ran.err)
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", ran.err)


@pytest.mark.usefixtures("chinese")
@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["chek"], 2, "错误：没有命令“chek”"),
        (["check"], 2, "没有给出产品说明文件："),
        (["check", "a.yaml", "--lnag"], 2, "错误：没有选项 --lnag。"),
        (["check", "a.yaml", "--as-of", "2020"], 2, "请把日期写成 YYYY-MM-DD。"),
        (["check", "a.yaml", "--as-of", "2020-01-01"], 2, "--as-of 已经过去；若要按该日的法律判定"),
        (["check", "a.yaml", "--fail-on", "dney"], 2, "不在可选值之中"),
        (["check", "a.yaml", "--set", "company.foregn=1"], 2, "档案里没有事实“company.foregn”。是不是想写"),
        (["check", "a.yaml", "--set", "company.foreign_percent=[1"], 2, "缺少逗号或收尾的 ]"),
        (["check", "a.yaml", "-o", "json"], 2, "请写成 FORMAT=PATH"),
        (["check", "a.yaml", "--as-of"], 2, "选项“--as-of”需要一个值。"),
        (["check", "a.yaml"], 3, "a.yaml:1:1: 没有这个文件。"),
        (["check", "none*"], 5, "“none*”之下没有产品说明。"),
        (["explain", "vats-pilot-2042"], 2, "没有政策“vats-pilot-2042”。是不是想写“vats-pilot-2024”？"),
        (["schema", "profil"], 2, "没有模式“profil”。是不是想写“profile”？"),
        (["matrix", "--place", "beijng"], 2, "没有地点“beijng”。是不是想写“beijing”？"),
        (["lint", "--law", "none"], 3, "没有这个政策文件夹。"),
        (["fmt"], 5, "没有可排版的文件。"),
        (["new", "spec"], 2, "错误："),
    ],
)
def test_mistakes_on_the_command_line(console: Console, arguments: list[str], code: int, told: str) -> None:
    ran = console(*arguments)
    assert (ran.code, told in ran.err) == (code, True), ran.err
    assert "Error" not in ran.err
    assert "Usage:" not in ran.err
    assert not re.search(r"[A-Za-z]+ [a-z]+ [a-z]+", re.sub(r"“vatspolicy [a-z ]*-h”", "", ran.err)), ran.err


def test_english_is_as_it_was(console: Console) -> None:
    assert console("check", "--help").code == 0  # its panels are its own
    ran = console("check", "a.yaml", "--as-of", "2020")
    assert ran.code == 2
    assert ran.err.startswith("Usage: ")
    assert "vatspolicy check [OPTIONS]" in ran.err
    assert ran.err.endswith("Write a calendar day as YYYY-MM-DD.\n")
    assert console("chek").err.splitlines()[-1].startswith("Error: No such command 'chek'.")


def test_an_unknown_language_is_a_mistake(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "fr")
    assert console("check", "a.yaml").code == 2


@pytest.mark.usefixtures("chinese")
def test_the_variable_chooses_the_language_of_reports_too(console: Console) -> None:
    console.write("shop.yaml", SHOP)
    assert "事实不全" in console("check", "shop.yaml").out
    assert "No decision yet" in console("check", "shop.yaml", "--lang", "en").out


def test_reports_tell_the_problems_of_other_specs_in_their_language(console: Console) -> None:
    console.write("shop.yaml", SHOP)
    console.write("broken.yaml", BROKEN)
    for format in [name for name in FORMATS if name not in ("text", "github", "json")]:
        out = console("check", "shop.yaml", "broken.yaml", "-f", format, "--lang", "zh").out
        assert "此处没有这个键" in out
        assert "This key is unknown" not in out
    assert "This key is unknown." in console("check", "broken.yaml", "-f", "json", "--lang", "zh").out


@pytest.mark.usefixtures("chinese")
def test_help_is_still_help(console: Console) -> None:
    assert console("-h").code == 0
    assert "Usage" in console("check", "-h").out


def test_a_problem_keeps_its_place() -> None:
    message, hint = _("The key {key!r} is missing.", key="id"), _("Put it in quotes.")
    problem = Problem("a.yaml", 3, 5, "services[0]", message, hint, "line\n^")
    assert render(problem, "zh") == "a.yaml:3:5: services[0]: 缺少键“id”。请加引号。\nline\n^"
    assert render(problem) == "a.yaml:3:5: services[0]: The key 'id' is missing. Put it in quotes.\nline\n^"
    assert in_language(problem, "en") is problem


def test_no_catalogue_is_loaded_in_english() -> None:
    script = (
        "import sys; sys.argv = ['vatspolicy', 'check', 'none.yaml']\n"
        "from vatspolicy.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'vatspolicy.i18n.chinese', 'vatspolicy.i18n.catalogue'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=_plain())
    assert ran.stdout == "set()\n"


def _plain() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key != VARIABLE}


def test_the_documentation_names_the_variable() -> None:
    assert VARIABLE in Path(ROOT / "docs" / "reports.md").read_text(encoding="utf-8")
