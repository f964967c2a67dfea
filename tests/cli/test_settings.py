"""Settings: where `vatspolicy.toml` is found, what overrides it, what a mistake in it says, and that reports name it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.members import for_each
from tests.support.schemas import validator_of
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING, SHOP
from vatspolicy.cli import program
from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.options import FILE, flatten
from vatspolicy.cli.settings import PREFIX, find_file, keys
from vatspolicy.reports.formats import FORMATS

NEEDS, ALLOWED = 1, 0


@pytest.fixture
def project(console: Console, law: Path) -> Callable[..., Any]:
    """Write vatspolicy.toml of a repository with two specs; the law of the tests is its law."""
    console.write(".git/HEAD", "")
    console.write("specs/hosting.yaml", HOSTING)
    console.write("specs/shop.yaml", SHOP)

    def write(text: str) -> None:
        console.write(FILE, f"law = {json.dumps(str(law))}\n{text}")

    return write


def shown(console: Console, *arguments: str) -> dict[str, tuple[Any, str]]:
    ran = console("check", "--show-config", "-f", "json", *arguments)
    assert (ran.code, ran.err) == (0, "")
    return {one["key"]: (one["value"], one["source"]) for one in json.loads(ran.out)["settings"]}


# --- what it does -----------------------------------------------------------------------------------------------------


def test_a_file_says_what_to_check(console: Console, project: Callable[..., Any]) -> None:
    project('specs = ["specs/hosting.yaml"]')
    assert console("check").code == NEEDS
    project('specs = "specs/hosting.yaml"\nfail-on = "deny"')
    assert console("check").code == ALLOWED


@for_each(FORMATS)
def test_every_report_names_settings_that_could_weaken_the_gate(
    format: str, console: Console, project: Callable[..., Any]
) -> None:
    project('specs = "specs/hosting.yaml"\nfail-on = "deny"')
    ran = console("check", "-f", format)
    assert ran.code == ALLOWED
    flat = " ".join(ran.out.replace("\\", "").split())
    assert f"fail-on = deny ({FILE}:3)" in flat or '"source":"vatspolicy.toml:3"' in flat
    given = console("check", "specs/hosting.yaml", "--fail-on", "deny", "--no-config", "-f", format)
    assert FILE not in given.out


@pytest.mark.parametrize("extent", ["--quiet", "--summary"])
def test_a_short_report_names_them_on_standard_error(
    console: Console, project: Callable[..., Any], extent: str
) -> None:
    project('specs = "specs/hosting.yaml"\nfail-on = "deny"')
    assert f"fail-on = deny ({FILE}:3)" in console("check", extent).err
    assert "命令行以外的设置" in console("check", extent, "--lang", "zh").err
    assert console("check", "specs/hosting.yaml", "--no-config", extent).err == ""


def test_json_lists_them(console: Console, project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    project('specs = "specs/hosting.yaml"\nlang = "zh"')
    monkeypatch.setenv("VATSPOLICY_FAIL_ON", "deny")
    data = json.loads(console("check", "-f", "json", "--details").out)
    validator_of("decision.schema.json").validate(data)
    assert [(one["key"], one["source"]) for one in data["settings"]] == [
        ("fail-on", "VATSPOLICY_FAIL_ON"),
        ("law", f"{FILE}:1"),
        ("specs", f"{FILE}:2"),
    ]
    assert "waivers" not in data


def test_sarif_has_them_as_a_notification(
    console: Console, project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def notes() -> list[Any]:
        [run] = json.loads(console("check", "specs/hosting.yaml", "-f", "sarif").out)["runs"]
        [invocation] = run["invocations"]
        return [one for one in invocation["toolExecutionNotifications"] if "fail-on" in one["message"]["text"]]

    project('fail-on = "deny"')
    [note] = notes()
    assert note["level"] == "note"
    assert note["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == FILE
    (console.folder / FILE).unlink()
    monkeypatch.setenv("VATSPOLICY_FAIL_ON", "deny")
    [note] = notes()
    assert ("locations" in note, "fail-on = deny (VATSPOLICY_FAIL_ON)" in note["message"]["text"]) == (False, True)


def test_an_option_overrides_a_variable_and_a_variable_the_file(
    console: Console, project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project('specs = "specs"\nfail-on = "duty"\nformats = ["markdown", "out/all.html"]')
    assert shown(console)["fail-on"] == ("duty", f"{FILE}:3")
    monkeypatch.setenv("VATSPOLICY_FAIL_ON", "needs-licence")
    assert shown(console)["fail-on"] == ("needs-license", "VATSPOLICY_FAIL_ON")
    assert shown(console, "--fail-on", "deny")["fail-on"] == ("deny", "command line")
    assert shown(console, "--no-config")["specs"] == ([], "default")
    monkeypatch.setenv("VATSPOLICY_SPECS", " a.yaml b/*.yaml ")
    assert shown(console)["specs"] == (["a.yaml", "b/*.yaml"], "VATSPOLICY_SPECS")
    monkeypatch.setenv("VATSPOLICY_STRICT_WAIVERS", "1")
    assert shown(console)["strict-waivers"] == (True, "VATSPOLICY_STRICT_WAIVERS")
    assert tuple(shown(console)) == tuple(keys())


def test_a_format_and_the_files_are_overridden_apart(console: Console, project: Callable[..., Any]) -> None:
    project('specs = "specs/shop.yaml"\nformats = ["markdown", "out/all.html", "junit=out/j"]')
    assert console("check").out.startswith("**Gate: ")
    assert sorted(path.name for path in (console.folder / "out").iterdir()) == ["all.html", "j"]
    assert console("check", "-o", "json=only.json").out.startswith("**Gate: ")
    table = console("check", "-o", "only.json", "--show-config").out.splitlines()
    assert table[-1].split(maxsplit=3) == ["formats", "markdown", "json=only.json", f"command line, {FILE}:3"]


@pytest.mark.parametrize("other", [("--bundle", "b.tar.gz"), ("--law", "elsewhere")])
def test_another_law_takes_the_place_of_the_whole_law(console: Console, other: tuple[str, str]) -> None:
    console.write(FILE, 'bundle = "law.tar.gz"\nkey = "law.pub"\n')
    found = shown(console, *other)
    assert found[other[0].strip("-")] == (other[1], "command line")
    assert found["key"] == (None, "default")
    assert shown(console)["key"] == ("law.pub", f"{FILE}:2")
    assert shown(console, "--key", "k")["bundle"] == ("law.tar.gz", f"{FILE}:1")


def test_other_commands_use_its_law_and_language(console: Console, project: Callable[..., Any]) -> None:
    project('lang = "zh"')
    ran = console("explain", "vats-pilot-2024")
    assert (ran.code, "条款" in ran.out) == (0, True)
    assert console("explain", "no-such-policy").err.startswith("vatspolicy: 没有")
    assert "条款" not in console("explain", "vats-pilot-2024", "--lang", "en").out
    assert "用法" in console("explain").err


# --- where it is ------------------------------------------------------------------------------------------------------


def test_it_is_found_upwards_within_the_repository(
    console: Console, project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    project('specs = "specs/hosting.yaml"\nwaivers = "w.yaml"\nformats = ["out.json"]')
    deep = console.folder / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert find_file() == "../../vatspolicy.toml"
    found = shown(console)
    assert found["specs"] == (["../../specs/hosting.yaml"], "../../vatspolicy.toml:2")
    assert found["waivers"][0] == "../../w.yaml"
    (deep / FILE).write_text("")
    assert find_file() == FILE
    (deep / FILE).unlink()
    (deep / ".git").mkdir()
    assert find_file() is None, "the repository ends here"


def test_outside_a_repository_no_folder_above_counts(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.write(FILE, "")
    assert find_file() == FILE
    (console.folder / "deep").mkdir()
    monkeypatch.chdir(console.folder / "deep")
    assert find_file() is None


# --- mistakes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nfail_on = 'deny'", "2:1: fail_on: This key is unknown. Did you mean 'fail-on'?"),
        ("[tool.x]\na = 1", "1:2: tool: This key is unknown. Known keys: "),
        ("lang = 'zh'\n  specs = 3", "2:11: specs: This value must be a string or a list of strings."),
        ("specs = []", "1:9: specs: This value must be a string or a list of strings."),
        ("waivers = ['a']", "1:11: waivers: This value must be a string."),
        ("waivers = ''", "1:11: waivers: This value must be a string."),
        ("strict-waivers = 'yes'", "1:18: strict-waivers: This value must be true or false."),
        ("no-fail = true", "1:1: no-fail: --no-fail works only on the command line"),
        ("skip_verify = true", "1:1: skip_verify: --skip-verify works only on the command line"),
        ("fail-on = 'never'", "1:11: fail-on: 'never' is not one of 'deny', 'needs-license', "),
        ("lang = 'fr'", "1:8: lang: 'fr' is not one of 'en', 'zh'."),
        ("formats = ['sarif', 'json']", "1:11: formats: Only one format can go to standard output;"),
        ("formats = ['x.doc']", "1:11: formats: Write FORMAT=PATH, where FORMAT is one of "),
        ("law = 'a'\nbundle = 'b'", "2:1: bundle: law and bundle cannot be combined."),
        ("lang = 'zh'\nlang =", "2:7: This is not TOML: Invalid value."),
        ("lang = 'zh'\nlang = 'en'", "2:12: This is not TOML: Cannot overwrite a value."),
        ("formats = [", "1:12: This is not TOML: "),
        (f"specs = {'[' * 9000}{']' * 9000}", "1:1: A value is nested too deeply, or a number is too long."),
        (f"specs = {'9' * 5000}", "1:1: A value is nested too deeply, or a number is too long."),
        (r'law = "a\u0000b"', "1:7: law: This value cannot be used."),
        (r'policies = ["a\u0000b"]', "1:12: policies: This value must be a string or a list of strings."),
    ],
)
def test_a_mistake_has_its_line_and_column(console: Console, text: str, message: str) -> None:
    console.write(FILE, text)
    console.write("shop.yaml", SHOP)
    ran = console("check", "shop.yaml", "--lang", "en")
    assert (ran.code, ran.out) == (3, "")
    assert f"{FILE}:{message}" in ran.err


def test_a_folder_of_a_name_that_is_too_long_does_not_exist(console: Console) -> None:
    console.write(FILE, f"law = '{'a' * 5000}'")
    ran = console("check", "shop.yaml")
    assert (ran.code, ran.err.endswith("aaa:1:1: This policy folder does not exist.\n")) == (3, True)


def test_all_mistakes_are_told_at_once(console: Console) -> None:
    console.write(FILE, "spec = 1\nno-fail = true\nstrict-waivers = 2\n")
    lines = console("check").err.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{FILE}:1:1", f"{FILE}:2:1", f"{FILE}:3:18"]
    assert console("lint").code == 3
    assert console("check", "--help").code == 0


def test_a_mistake_in_a_variable_is_wrong_usage(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VATSPOLICY_FAIL_ON", "never")
    ran = console("check", "shop.yaml")
    assert (ran.code, ran.err.startswith("vatspolicy: VATSPOLICY_FAIL_ON: 'never' is not one of 'deny', ")) == (2, True)
    monkeypatch.setenv("VATSPOLICY_FAIL_ON", "deny")
    monkeypatch.setenv("VATSPOLICY_STRICT_WAIVERS", "maybe")
    ran = console("check", "shop.yaml")
    assert (ran.code, ran.err) == (2, "vatspolicy: VATSPOLICY_STRICT_WAIVERS: Write true or false.\n")


def test_a_file_that_cannot_be_read(console: Console) -> None:
    (console.folder / FILE).write_bytes(b"lang = '\xff'")
    assert console("check", "a.yaml").err == f"{FILE}:1:1: The file cannot be read: it is not UTF-8.\n"


def test_no_spec_anywhere_is_wrong_usage(console: Console) -> None:
    ran = console("check")
    assert (ran.code, ran.err) == (
        2,
        "vatspolicy: no spec given: pass files, folders or globs, or set specs in vatspolicy.toml.\n",
    )


# --- the plain reader, and files that settings name -------------------------------------------------------------------


def test_the_plain_reader_reads_them_too(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    console.write(FILE, 'specs = "a.yaml"\nfail-on = "deny"\n')
    found = program.read(["check"])
    assert found is not None
    assert (list(found.specs), found.fail_on) == (["a.yaml"], "deny")
    monkeypatch.setenv("VATSPOLICY_FAIL_ON", "never")
    assert program.read(["check"]) is None, "typer words the mistake"


def test_the_name_of_standard_input(console: Console, law: Path) -> None:
    named = ("check", "-", "--stdin-filename", "specs/hosting.yaml", "--law", law)
    assert "file=specs/hosting.yaml," in console(*named, "-f", "github", stdin=HOSTING).out
    assert '"uri": "specs/hosting.yaml"' in console(*named, "-f", "sarif", stdin=HOSTING).out
    assert console(*named, stdin="schema: 2\n").err.startswith("specs/hosting.yaml:1:1: ")
    as_json = json.dumps({"schema": 2})
    assert console("check", "-", "--stdin-filename", "a.json", stdin=as_json).err.startswith("a.json:1:")
    alone = console("check", "a.yaml", "--stdin-filename", "b.yaml")
    assert (alone.code, alone.err) == (2, "vatspolicy: --stdin-filename needs - as the spec.\n")


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("a.html", "html"),
        ("a.HTM", "html"),
        ("a.md", "markdown"),
        ("a.xml", "junit"),
        ("a.sarif", "sarif"),
        ("a.txt", "text"),
    ],
)
def test_the_suffix_of_a_file_tells_its_format(console: Console, law: Path, name: str, format: str) -> None:
    console.write("shop.yaml", SHOP)
    assert console("check", "shop.yaml", "--law", law, "-o", name).code == 0
    texts = [(console.folder / name).read_text(), console("check", "shop.yaml", "--law", law, "-f", format).out]
    written, printed = (re.sub(r' (time|timestamp)="[^"]*"', "", text) for text in texts)
    assert written == printed


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VATSPOLICY_FAILON", "Did you mean 'VATSPOLICY_FAIL_ON'?"),
        ("VATSPOLICY_WAIVER", "Did you mean 'VATSPOLICY_WAIVERS'?"),
        ("VATSPOLICY_VERSION", "See docs/configuration.md, or rename it."),
    ],
)
def test_a_variable_without_a_meaning_is_an_error(
    console: Console, project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, name: str, meant: str
) -> None:
    project('specs = "specs/shop.yaml"')
    monkeypatch.setenv(name, "advice")
    ran = console("check")
    assert (ran.code, ran.out, ran.err) == (2, "", f"vatspolicy: {name}: This variable does not exist. {meant}\n")
    assert program.read(["check", "specs/shop.yaml"]) is None


def test_the_page_lists_each_key_with_its_options_and_its_variable() -> None:
    page = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| `(VATSPOLICY_[A-Z_]+)` \|", page, re.MULTILINE)
    assert [key for key, *__ in rows] == list(keys())
    for key, cell, variable in rows:
        declared = [one.declared for one in flatten(CheckOptions) if one.declared.setting == key]
        names = [one.names or (one.metavar,) for one in declared]
        words = re.findall(r"`([^`]+)`", cell)
        assert all(word in known for word, known in zip(words, names, strict=True)), key
        assert variable == PREFIX + key.upper().replace("-", "_")


def test_variables_of_the_project_have_a_meaning(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every variable with the prefix that a file of the project names is known, so that none of them stops a run."""
    files = [ROOT / "hatch_build.py", *(ROOT / "templates").iterdir(), *(ROOT / ".github").rglob("*")]
    files += [*(ROOT / "tests").rglob("*.py"), *(ROOT / "src").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    found: set[str] = set()
    for file in files:
        if file.is_file():
            found |= set(re.findall(r"\bVATSPOLICY_[A-Z_]*[A-Z]\b", file.read_text(encoding="utf-8", errors="ignore")))
    found -= {"VATSPOLICY_FAILON", "VATSPOLICY_WAIVER", "VATSPOLICY_VERSION"}  # of the test above
    assert len(found) > 12
    for name in found - {f"{PREFIX}{key.upper().replace('-', '_')}" for key in keys()}:
        monkeypatch.setenv(name, "1")
    assert "variable does not exist" not in console("list", "offers", "saas").err
