"""The command line: every command, option and exit code; what goes to which stream; what happens when something breaks."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.console import Console, needs_posix
from tests.support.members import for_each
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING, SHOP
from vatspolicy import output
from vatspolicy.cli import program
from vatspolicy.cli.options import BadArgument, parse_changes, parse_day
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.gate import gate
from vatspolicy.i18n.text import width
from vatspolicy.reports.formats import FORMATS

DENIED = "services.0.facilities=[chengdu]"
UNKNOWN = "company.registered="


@pytest.fixture
def check(console: Console, law: Path) -> Callable[..., Any]:
    """`vatspolicy check` over two specs that are there: shop.yaml (allow) and hosting.yaml (needs a license)."""
    console.write("shop.yaml", SHOP)
    console.write("hosting.yaml", HOSTING)
    return lambda *arguments, stdin="": console("check", "--law", law, *arguments, stdin=stdin)


def decisions(text: str) -> list[str]:
    return [entry["decision"] for entry in json.loads(text)["decisions"]]


# --- help -------------------------------------------------------------------------------------------------------------


def commands(group: Any, before: str = "") -> Iterator[str]:
    """Every command of the program, such as `new policy`."""
    for name in group.list_commands(None):
        command, inner = group.get_command(None, name), f"{before}{name}"
        yield from commands(command, f"{inner} ") if hasattr(command, "list_commands") else (inner,)


COMMANDS = tuple(commands(program.application()))


@pytest.fixture
def page(console: Console) -> Callable[..., str]:
    def show(*command: str) -> str:
        ran = console(*command, "--help")
        assert (ran.code, ran.err) == (0, "")
        return ran.out

    return show


def test_help_groups_the_commands(page: Callable[..., str]) -> None:
    text = page()
    panels = dict(re.findall(r"─ ([\w ]+) ─+╮\n(.*?)╰", text, re.DOTALL))
    assert "Commands" not in panels
    listed = [name for panel in panels.values() for name in re.findall(r"^│ (\w[\w-]*)", panel, re.MULTILINE)]
    assert sorted(listed) == sorted({name.split()[0] for name in COMMANDS})


@for_each(COMMANDS)
def test_each_command_has_one_example_that_is_right(command: str, page: Callable[..., str]) -> None:
    [example] = re.findall(r"^ Example: vatspolicy (.*?)\n *\n", page(*command.split()), re.MULTILINE | re.DOTALL)
    words = example.split()
    assert " ".join(words).startswith(command)
    options = set(re.findall(r"(?<!\S)--?[a-z][\w-]*", example))
    assert options <= set(re.findall(r"--?[a-z][\w-]*", page(*command.split())))


def test_the_short_option_for_help_works_too(console: Console) -> None:
    assert console("-h").out == console("--help").out


# --- the page on commands ----------------------------------------------------------------------------------------------


def table(heading: str) -> list[list[str]]:
    """Rows of a table of the page on commands, by a word of its head."""
    lines = (ROOT / "docs/commands.md").read_text(encoding="utf-8").splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return rows


def test_the_page_lists_every_command() -> None:
    listed = set()
    for cell, _ in table("command"):
        words = [word for word in cell.strip("`").split()[1:] if re.match("[a-z]", word)]
        listed |= {" ".join([*words[:-1], last]) for last in words[-1].split("\\|")}
    assert listed == set(COMMANDS)


def test_the_page_lists_every_exit_code() -> None:
    listed = [int(row[0]) for row in table("exit code")]
    codes = set(gate.ExitCode) - {gate.ExitCode.INTERRUPTED}
    assert listed == sorted(codes)
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    order = re.search(r"the worst counts: ([\d, ]+)\.", text)
    assert order
    found = [int(word) for word in order[1].split(",")]
    assert found == sorted(found, key=lambda code: gate._SEVERITY.index(gate.ExitCode(code)), reverse=True)
    assert set(found) == codes - {gate.ExitCode.USAGE, gate.ExitCode.UNAVAILABLE}  # which end a run at once


# --- check: input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["shop.yaml"], 0),
        (["hosting.yaml"], 1),
        (["hosting.yaml", "--fail-on", "deny"], 0),
        (["hosting.yaml", "--fail-on", "deny", "--set", DENIED], 1),
        (["hosting.yaml", "--set", UNKNOWN], 4),
        (["hosting.yaml", "shop.yaml", "--set", UNKNOWN], 4),
        (["shop.yaml", "--fail-on", "advice"], 0),
        (["hosting.yaml", "--no-fail"], 0),
        (["hosting.yaml", "--no-fail", "--set", UNKNOWN], 0),
        (["missing.yaml", "--no-fail"], 3),
        (["*.yml", "--no-fail"], 5),
        (["*.yaml"], 1),
        (["."], 1),
        ([], 2),
        (["shop.yaml", "--nonsense"], 2),
        (["shop.yaml", "--fail-on", "never"], 2),
        (["shop.yaml", "-f", "pdf"], 2),
        (["shop.yaml", "--lang", "fr"], 2),
    ],
)
def test_exit_codes(check: Callable[..., Any], arguments: list[str], code: int) -> None:
    assert check(*arguments).code == code


@pytest.mark.parametrize("more", [[], ["--mask", "/input", "--log", "log"], ["-h"]])
def test_needs_licence_is_needs_license(check: Callable[..., Any], more: list[str]) -> None:
    """Either spelling is read by the plain reader, by typer, and never shown."""
    british = check("hosting.yaml", "--fail-on=needs-licence", *more)
    assert british == check("hosting.yaml", "--fail-on=needs-license", *more)
    assert british.code == (0 if more == ["-h"] else 1)
    assert "needs-licence" not in british.out


def test_every_command_knows_needs_licence(console: Console, law: Path) -> None:
    console.write("hosting.yaml", HOSTING)
    american, british = (
        console("routes", "hosting.yaml", "--law", law, "--set", DENIED, "--to", word)
        for word in ("needs-license", "needs-licence")
    )
    assert (british.code, british.out) == (0, american.out)
    diff = console("diff", law, law, "--fail-on", "deny->needs-licence", "--today", "2026-06-01", "--semantic", "off")
    assert (diff.code, diff.err) == (0, "")


def test_standard_input_may_be_yaml_or_json(check: Callable[..., Any]) -> None:
    assert decisions(check("-", "-f", "json", stdin=SHOP).out) == ["allow"]
    ran = check("-", "-f", "json", stdin=json.dumps(yaml.safe_load(SHOP)))
    assert (ran.code, decisions(ran.out)) == (0, ["allow"])
    assert json.loads(ran.out)["decisions"][0]["file"] == "<stdin>"
    assert "<stdin>:1:1" in check("-", stdin="schema: 2\n").err


def test_folders_and_globs(check: Callable[..., Any], console: Console) -> None:
    for name in ("specs/a.yaml", "specs/deep/b.yml", "specs/c.json"):
        console.write(name, SHOP if name.endswith("ml") else json.dumps({"schema": 2}))
    (console.folder / "specs/c.json").unlink()
    assert len(decisions(check("specs", "-f", "json").out)) == 2
    assert len(decisions(check("specs/**/*.y*ml", "-f", "json").out)) == 2


def test_a_glob_without_a_match_is_nothing(check: Callable[..., Any]) -> None:
    ran = check("specs/*.yaml")
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == "vatspolicy: no spec found at 'specs/*.yaml'.\nvatspolicy: no spec was decided.\n"


def test_a_glob_without_a_match_beside_a_spec_is_not_passed_over(check: Callable[..., Any]) -> None:
    ran = check("shop.yaml", "specs/*.yaml")
    assert (ran.code, ran.err) == (5, "vatspolicy: no spec found at 'specs/*.yaml'.\n")
    assert "ALLOW" in ran.out


def test_a_missing_file_is_invalid_input(check: Callable[..., Any]) -> None:
    ran = check("missing.yaml", "shop.yaml")
    assert (ran.code, ran.err) == (3, "missing.yaml:1:1: This file does not exist.\n")
    assert "ALLOW" in ran.out


def test_an_invalid_spec_does_not_hide_a_valid_one(check: Callable[..., Any], console: Console) -> None:
    console.write("bad.yaml", HOSTING.replace("mainland_entity: true", "mainland_entity: maybe-Geheim"))
    ran = check("bad.yaml", "shop.yaml", "-f", "json", "-o", "junit=out.xml")
    assert ran.code == 3
    assert ran.err.startswith("bad.yaml:8:20: company.mainland_entity: ")
    data = json.loads(ran.out)
    assert (data["decision"], decisions(ran.out)) == (None, ["allow"])
    assert data["problems"][0] | {"message": "", "hint": ""} == {
        "file": "bad.yaml",
        "line": 8,
        "column": 20,
        "path": "company.mainland_entity",
        "message": "",
        "hint": "",
    }
    assert "Geheim" not in ran.err + ran.out + (console.folder / "out.xml").read_text()


def test_a_folder_of_policies_that_is_not_there(console: Console) -> None:
    console.write("shop.yaml", SHOP)
    ran = console("check", "shop.yaml", "--law", "nowhere")
    assert (ran.code, ran.err) == (3, "nowhere:1:1: This policy folder does not exist.\n")


def test_an_invalid_policy_is_invalid_input(console: Console, copy_of_law: Path) -> None:
    console.write("shop.yaml", SHOP)
    path = copy_of_law / "vats-pilot-2024.yaml"
    path.write_text(path.read_text().replace("operator.registered.within", "operator.registerd.within"))
    ran = console("check", "shop.yaml", "--law", "law")
    assert (ran.code, ran.out) == (3, "")
    assert re.match(r"law/vats-pilot-2024.yaml:\d+:\d+: .*Did you mean 'registered'\?\n.*\n *\^+\n", ran.err)


# --- check: --set -----------------------------------------------------------------------------------------------------


def test_set_takes_yaml_and_nothing_to_remove() -> None:
    found = parse_changes(
        [
            "company.foreign_percent=50.5",
            "company.mainland_entity=false",
            "services.0.area=[beijing, hebei]",
            "company.registered={at: beijing, ftz: none}",
            "product.title='a=b'",
            "product.launch=",
            "services.1.id=more",
        ]
    )
    assert found == [
        ("company.foreign_percent", 50.5),
        ("company.mainland_entity", False),
        ("services.0.area", ["beijing", "hebei"]),
        ("company.registered", {"at": "beijing", "ftz": "none"}),
        ("product.title", "a=b"),
        ("product.launch", None),
        ("services.1.id", "more"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("company.foreign_percent", "Write path=value, such as company.foreign_percent=50."),
        ("=5", "Write path=value, such as company.foreign_percent=50."),
        (
            "company.foreign_precent=5",
            "A profile has no fact 'company.foreign_precent'. Did you mean 'foreign_percent'?",
        ),
        ("compny.foreign_percent=", "A profile has no fact 'compny.foreign_percent'. Did you mean 'company'?"),
        ("services.first.area=[china]", "A profile has no fact 'services.first.area'. Write a path such as"),
        ("services.².area=[china]", "A profile has no fact 'services.².area'."),
        ("company..x=1", "A profile has no fact 'company..x'."),
        ("company.mainland_entity=yes", "company.mainland_entity: "),
        ("product.launch=2027-01-01", ""),
        ("services.0.area=[china", "services.0.area: "),
        ("services.0.id=010", "services.0.id: "),
    ],
)
def test_set_refuses_what_means_nothing(text: str, message: str) -> None:
    if not message:
        assert parse_changes([text]) == [("product.launch", "2027-01-01")]
        return
    with pytest.raises(BadArgument) as caught:
        parse_changes([text])
    assert message in caught.value.message


def test_a_set_value_is_never_repeated_in_an_error(check: Callable[..., Any]) -> None:
    for text in ("company.name=[Geheim", "company.name={a: Geheim, a: Geheim}", "company.foreign_percent=Geheim"):
        ran = check("shop.yaml", "--set", text)
        assert ran.code in (2, 3)
        assert "Geheim" not in ran.err + ran.out


def test_set_changes_the_decision(check: Callable[..., Any]) -> None:
    assert decisions(check("hosting.yaml", "-f", "json", "--set", DENIED).out) == ["deny"]
    assert decisions(check("hosting.yaml", "-f", "json", "--set", UNKNOWN).out) == ["incomplete"]
    more = ("--set", DENIED, "--set", "services.0.facilities=[shanghai-pudong]")
    assert decisions(check("hosting.yaml", "-f", "json", *more).out) == ["needs-license"]


def test_an_impossible_place_or_value_is_a_problem_of_the_spec(check: Callable[..., Any]) -> None:
    beyond = check("hosting.yaml", "--set", "services.5.area=[china]")
    assert (beyond.code, beyond.err) == (3, "hosting.yaml:1:1: services.5.area: This path cannot be set.\n")
    wrong = check("hosting.yaml", "--set", "company.foreign_percent=101")
    assert wrong.code == 3
    assert wrong.err.startswith("hosting.yaml:6:20: company.foreign_percent: ")


# --- check: days ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["2026-13-01", "2026-02-30", "tomorrow", "20260101", "２０２６-01-01", ""])
def test_a_day_is_a_calendar_day(text: str) -> None:
    with pytest.raises(BadArgument, match="YYYY-MM-DD"):
        parse_day(text)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--as-of", "2026-06-01"], 0, ""),
        (["--as-of", "2026-05-31"], 2, "vatspolicy: --as-of is in the past; pass --allow-past-as-of to decide"),
        (["--as-of", "2026-05-31", "--allow-past-as-of"], 0, ""),
        (["--as-of", "2015-01-01", "--allow-past-as-of"], 0, ""),
        (
            ["--as-of", "2014-12-31", "--allow-past-as-of"],
            2,
            "vatspolicy: --as-of is before 2015-01-01, the first day",
        ),
        (["--as-of", "yesterday"], 2, "Write a calendar day as YYYY-MM-DD."),
        (
            ["--set", "product.launch=2026-05-31"],
            3,
            "The launch day is in the past; pass --allow-past-as-of to decide under the law of that day.\n",
        ),
        (["--set", "product.launch=2014-12-31"], 3, "the first day that the bundle covers. Choose a day with --as-of."),
        (["--set", "product.launch=2026-05-31", "--allow-past-as-of"], 0, ""),
        (["--set", "product.launch=2026-05-31", "--as-of", "2026-06-01"], 0, ""),
    ],
)
def test_days(check: Callable[..., Any], arguments: list[str], code: int, message: str) -> None:
    ran = check("shop.yaml", *arguments)
    assert (ran.code, message in ran.err) == (code, True), ran.err
    assert bool(ran.err) == bool(code)


# --- check: output ----------------------------------------------------------------------------------------------------


def test_json_is_a_report_unless_details_are_asked_for(check: Callable[..., Any]) -> None:
    small, whole = check("hosting.yaml", "-f", "json").out, check("hosting.yaml", "-f", "json", "--details").out
    assert json.loads(small)["form"] == "report"
    assert "form" not in json.loads(whole)
    assert len(small.encode()) < 15_000 < len(whole.encode())
    assert re.search(r'^ *\{"file":".*","level":"needs-license",.*\}$', small, re.MULTILINE), "an object is one line"
    for text in (small, whole):
        assert json.loads(text)["gate"]["exit_code"] == 1
        assert [one["level"] for one in json.loads(text)["gate"]["failures"]] == ["needs-license"]


def test_several_formats_in_one_run(check: Callable[..., Any], console: Console) -> None:
    wanted = {name: console.folder / "out" / f"report.{name}" for name in FORMATS}
    ran = check("hosting.yaml", *(part for name, path in wanted.items() for part in ("-o", f"{name}={path}")))
    assert "NEEDS LICENSE" in ran.out
    for name, path in wanted.items():
        texts = [path.read_text(encoding="utf-8"), check("hosting.yaml", "-f", name).out]
        written, printed = (re.sub(r' (time|timestamp)="[^"]*"', "", text) for text in texts)
        assert written == printed


@pytest.mark.parametrize("text", ["json", "json=", "pdf=x.pdf", "=x.json"])
def test_an_output_is_format_and_path(check: Callable[..., Any], text: str) -> None:
    ran = check("shop.yaml", "-o", text)
    assert ran.code == 2
    assert "Write FORMAT=PATH, where FORMAT is one of text, json," in ran.err


def test_two_reports_never_go_to_one_file(check: Callable[..., Any]) -> None:
    ran = check("shop.yaml", "-o", "json=x", "-o", "sarif=x")
    assert (ran.code, "Two reports would write to the same file." in ran.err) == (2, True)


def test_a_folder_that_is_a_file_cannot_be_written_to(check: Callable[..., Any]) -> None:
    ran = check("shop.yaml", "-o", "json=shop.yaml/report.json")
    assert ran.code == 70
    assert ran.err.startswith("vatspolicy: cannot write shop.yaml/report.json: ")
    assert "Traceback" not in ran.err


def test_a_folder_cannot_be_overwritten(check: Callable[..., Any], console: Console) -> None:
    (console.folder / "taken").mkdir()
    assert check("shop.yaml", "-o", "json=taken").err.startswith("vatspolicy: cannot write taken: ")


@pytest.mark.parametrize("option", ["--output=json=", "--sign-key=k.pem --attest=", "--log="])
@pytest.mark.parametrize(
    "path",
    ["shop.yaml", "o.yaml", "a.yaml", "vatspolicy.lock", "vatspolicy.toml", "layer/layer.yaml", "layer/new.yaml"],
)
def test_nothing_is_written_over_what_the_run_reads(
    check: Callable[..., Any], console: Console, option: str, path: str
) -> None:
    """A report in the place of a granted opinion, a lock or a rule of a layer would change the next run."""
    console.write("vatspolicy.toml", 'approvers = "a.yaml"\n')
    for name in ("o.yaml", "vatspolicy.lock", "layer/layer.yaml"):
        console.write(name, "kept: true\n")
    given = ("--opinions", "o.yaml", "-p", "layer")
    ran = check("shop.yaml", *given, *f"{option}{path}".split())
    assert (ran.code, f"the gate reads {path}" in ran.err) == (2, True)
    assert check("shop.yaml", *given, *f"{option}layer/report.json".split()).code == 3, "of the lock alone"


def test_a_name_with_a_null_cannot_be_written(check: Callable[..., Any]) -> None:
    assert check("shop.yaml", "-o", "json=a\0b").code == 70


def test_a_read_only_folder(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    opened = os.open

    def refuse(path: Any, flags: int, *mode: int, **named: Any) -> int:
        if Path(path).name.startswith(".vatspolicy-"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, flags, *mode, **named)

    monkeypatch.setattr(os, "open", refuse)  # root may write to any folder
    ran = check("shop.yaml", "-o", "json=report.json")
    assert (ran.code, ran.err) == (
        70,
        "vatspolicy: cannot write report.json: Permission denied. Choose a folder where you may write.\n",
    )


@needs_posix
@pytest.mark.parametrize("option", ["-o", "--log"])
def test_a_link_of_the_checkout_is_not_followed(check: Callable[..., Any], console: Console, option: str) -> None:
    target = console.write("real/report.json", "old")
    (console.folder / "link.json").symlink_to(target)
    (console.folder / "linked").symlink_to("real")
    for name in ("link.json", "linked/report.json", str(console.folder / "link.json")):
        ran = check("shop.yaml", option, name)
        assert (ran.code, "is a link" in ran.err) == (2, True)
        assert (target.read_text(), list(target.parent.iterdir())) == ("old", [target])


@needs_posix
def test_a_link_elsewhere_is_followed(check: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "link.json").symlink_to(elsewhere / "target.json")
    check("shop.yaml", "-o", f"json={elsewhere / 'link.json'}")
    assert (elsewhere / "link.json").is_symlink()
    assert json.loads((elsewhere / "target.json").read_text())["decision"] == "allow"


@needs_posix
def test_a_pipe_is_written_to_and_not_replaced(check: Callable[..., Any], console: Console) -> None:
    pipe = console.folder / "pipe"
    os.mkfifo(pipe)
    with open(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK), encoding="utf-8") as reader:  # the report fits into the pipe
        assert check("shop.yaml", "-o", f"json={pipe}").code == 0
        received = reader.read()
    assert json.loads(received)["decision"] == "allow"
    assert pipe.is_fifo()


@needs_posix
@pytest.mark.parametrize("option", ["-o", "--log"])
def test_a_pipe_that_nothing_reads_from_is_refused_at_once(
    check: Callable[..., Any], console: Console, option: str
) -> None:
    os.mkfifo(console.folder / "pipe")
    ran = check("shop.yaml", option, "json=pipe" if option == "-o" else "pipe")
    assert (ran.code, ran.out) == (70, "")
    assert "cannot write pipe: " in ran.err
    assert "No program reads the pipe: start the reader first, or choose a file." in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
@pytest.mark.parametrize("option", ["-o", "--log"])
def test_a_full_device(check: Callable[..., Any], option: str) -> None:
    ran = check("shop.yaml", option, "json=/dev/full" if option == "-o" else "/dev/full")
    fault = "cannot write /dev/full: No space left on device. Free space there, or write to another place."
    assert (ran.code, ran.out, ran.err) == (70, "", f"vatspolicy: {fault}\n")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors as files")
@pytest.mark.parametrize("option", ["-o", "--log"])
def test_a_pipe_of_the_shell_is_written_to(check: Callable[..., Any], option: str) -> None:
    """`--log >(program)` names a descriptor that no path leads to."""
    reading, writing = os.pipe()
    received: list[bytes] = []

    def read() -> None:
        with open(reading, "rb") as file:
            received.append(file.read())

    reader = threading.Thread(target=read)
    reader.start()
    name = f"/dev/fd/{writing}"
    assert check("shop.yaml", option, f"json={name}" if option == "-o" else name).code == 0
    os.close(writing)
    reader.join(timeout=60)
    assert b"allow" in received[0]


def test_color_only_where_it_is_wanted(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in check("shop.yaml").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1;32m ALLOW \x1b[0m" in check("shop.yaml").out
    for name in FORMATS:
        assert name == "text" or "\x1b" not in check("shop.yaml", "-f", name).out
    assert "\x1b" not in check("shop.yaml", "-o", "text=report.txt", "-f", "json").out
    assert "\x1b" not in Path("report.txt").read_text()
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in check("shop.yaml").out


@pytest.mark.parametrize(("term", "color"), [("xterm", True), ("dumb", False)])
def test_a_terminal_has_color_unless_it_is_dumb(monkeypatch: pytest.MonkeyPatch, term: str, color: bool) -> None:
    monkeypatch.setenv("TERM", term)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert output.wants_color() is color


@pytest.mark.parametrize("columns", ["1", "37", "60", "200", "0", "wide"])
def test_any_width_of_the_terminal(check: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    room = {"1": 30, "37": 37, "60": 60, "200": 120}.get(columns, 120)
    for arguments in (["hosting.yaml"], ["hosting.yaml", "--lang", "zh"]):
        ran = check(*arguments)
        assert ran.code == 1
        assert max(map(len, ran.out.splitlines())) <= room


# --- the other commands -----------------------------------------------------------------------------------------------


def test_explain(console: Console, law: Path) -> None:
    whole = console("explain", "vats-pilot-2024", "--law", law)
    assert whole.code == 0
    assert "工信部通信函〔2024〕107号" in whole.out
    assert "2024-10-23" in whole.out
    rule = console("explain", "vats-pilot-2024/pilot-access", "--law", law)
    assert rule.code == 0
    assert "telecom-regulations/license-duty" in rule.out
    assert "取得试点批复" in rule.out
    assert "条款" in console("explain", "vats-pilot-2024", "--law", law, "--lang", "zh").out


def test_explain_says_who_relies_on_a_policy(console: Console, law: Path) -> None:
    out = console("explain", "definitions", "--law", law).out
    assert out.endswith(
        "\nrelied on by\n  catalog-readings, telecom-catalog, telecom-regulations, unlisted-services, vats-pilot-2024\n"
    )
    assert "relied on by" not in console("explain", "vats-pilot-2024", "--law", law).out


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_explain_fits_the_terminal(console: Console, law: Path, monkeypatch: pytest.MonkeyPatch, lang: str) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    for name in ("definitions", "telecom-regulations", "vats-pilot-2024", "vats-pilot-2024/pilot-access"):
        lines = console("explain", name, "--law", law, "--lang", lang).out.splitlines()
        assert max(map(width, lines)) <= 50


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vats-pilot-2023", "there is no policy 'vats-pilot-2023'. Did you mean 'vats-pilot-2024'?"),
        (
            "vats-pilot-2024/pilot-acess",
            "there is no rule 'pilot-acess' in vats-pilot-2024. Did you mean 'pilot-access'?",
        ),
        ("\x1b[31m", "there is no policy '\\x1b[31m'."),
    ],
)
def test_explain_does_not_know_everything(console: Console, law: Path, name: str, message: str) -> None:
    ran = console("explain", name, "--law", law)
    assert (ran.code, ran.out, ran.err) == (2, "", f"vatspolicy: {message}\n")


def test_test(console: Console, law: Path) -> None:
    ran = console("test", "--law", law)
    assert ran.code == 0
    assert re.fullmatch(r"\d\d+ passed, 0 failed\n", ran.out)


def test_test_runs_what_a_pattern_names(console: Console, law: Path) -> None:
    assert console("test", "--law", law, "-r", "opens on the launch day").out == "1 passed, 0 failed\n"
    assert console("test", "--law", law, "--run", "no such test").code == 5
    bad = console("test", "--law", law, "-r", "(")
    assert (bad.code, "not a valid regular expression" in bad.err) == (2, True)


def test_test_tells_what_failed(console: Console, copy_of_law: Path) -> None:
    path = copy_of_law / "vats-pilot-2024.test.yaml"
    text = path.read_text()
    wrong = text.replace(
        "as_of: '2024-10-23', expect: {pilot-access: open", "as_of: '2024-10-23', expect: {pilot-access: closed"
    )
    assert wrong != text
    path.write_text(wrong)
    ran = console("test", "--law", "law", "-r", "launch day")
    line = wrong[: wrong.index("opens on the launch day")].count("\n") + 1
    assert ran.code == 1
    told = ran.out.splitlines()
    assert told[:2] == [
        f"law/vats-pilot-2024.test.yaml:{line}: vats-pilot-2024: it opens on the launch day",
        "    pilot-access is open, not closed.",
    ]
    assert told[2].startswith("        pilot-access/registered-in-region: `param.regions.exists(")
    assert told[-1] == "0 passed, 1 failed"


def test_test_includes_the_fixtures_beside_it(console: Console, law: Path) -> None:
    console.write("fixtures/shop.yaml", SHOP)
    console.write(
        "fixtures/shop.expect.yaml",
        "why: {en: A shop., zh: 商店。}\ndecisions:\n  - {as_of: '2026-06-01', decision: deny}\n",
    )
    ran = console("test", "--law", law, "-r", "^shop: ")
    assert ran.code == 1
    assert ran.out == (
        "fixtures/shop.expect.yaml:3: shop: as of 2026-06-01\n"
        "    The decision is allow, not deny.\n0 passed, 1 failed\n"
    )
    (console.folder / "fixtures").rename(console.folder / "elsewhere")
    assert console("test", "--law", law, "-r", "^shop: ").code == 5
    assert console("test", "--law", law, "-r", "^shop: ", "--fixtures", "elsewhere").code == 1


@pytest.mark.parametrize("command", ["test", "lint"])
def test_a_folder_of_fixtures_that_is_not_there(console: Console, law: Path, command: str) -> None:
    ran = console(command, "--law", law, "--fixtures", "nowhere")
    assert (ran.code, "This folder does not exist." in ran.err) == (2, True)


def test_a_fixture_that_is_none_is_invalid_input(console: Console, law: Path) -> None:
    console.write("fixtures/shop.yaml", SHOP)
    ran = console("test", "--law", law)
    assert (ran.code, ran.err) == (
        3,
        "fixtures/shop.yaml:1:1: shop.expect.yaml is missing next to this fixture.\n",
    )


def test_schema(console: Console) -> None:
    known = (*SchemaSet.shipped().names, "launch")  # which follows from that of a profile
    for name in known:
        assert json.loads(console("schema", name).out)["$id"] == f"urn:vatspolicy:schema:{name}"
    listed = re.search(r"NAME +<str> +One of (.*?)\.", console("schema", "-h").out, re.DOTALL)
    assert listed
    assert set(re.findall(r"[a-z-]+", listed[1])) == set(known)


@pytest.mark.parametrize("name", ["profil", "../profile", "profile.schema.json", ""])
def test_a_schema_is_named_by_its_name(console: Console, name: str) -> None:
    ran = console("schema", name)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"vatspolicy: there is no schema {name!r}.")


# --- when something breaks --------------------------------------------------------------------------------------------


@pytest.fixture
def crash(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    def arrange(error: BaseException) -> None:
        def raise_it(*_: object, **__: object) -> None:
            raise error

        monkeypatch.setattr("vatspolicy.core.policies.bundle.load_bundle", raise_it)

    return arrange


@pytest.mark.parametrize("error", [RuntimeError("Geheim"), RecursionError(), MemoryError(), OSError(5, "Geheim")])
@pytest.mark.parametrize("command", [["check", "shop.yaml"], ["explain", "x"], ["test"], ["lint"]])
def test_a_crash_is_70_and_no_traceback(
    console: Console, crash: Callable[[BaseException], None], error: Exception, command: list[str]
) -> None:
    crash(error)
    ran = console(*command)
    assert (ran.code, ran.out) == (70, "")
    name = type(error).__name__
    assert ran.err == f"vatspolicy: internal error ({name}); set VATSPOLICY_DEBUG=1 for a trace.\n"


def test_a_crash_can_be_traced(
    console: Console, crash: Callable[[BaseException], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VATSPOLICY_DEBUG", "1")
    crash(RuntimeError("told"))
    ran = console("lint")
    assert (ran.code, "Traceback" in ran.err, "RuntimeError: told" in ran.err) == (70, True, True)


def test_an_interrupt_is_not_a_failed_gate(console: Console, crash: Callable[[BaseException], None]) -> None:
    crash(KeyboardInterrupt())
    ran = console("check", "shop.yaml")
    assert (ran.code, ran.out, ran.err) == (130, "", "vatspolicy: interrupted.\n")


def test_an_interrupt_before_the_command_ends_the_same_way(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "application", lambda: interrupt)
    assert console("lint").code == 130


def test_a_name_of_a_file_cannot_color_or_break_the_log(check: Callable[..., Any]) -> None:
    name = "a\n::error::b\x1b\u202e.yaml"
    for ran in (check(name), check(f"{name}*")):
        assert ran.code in (3, 5)
        assert ran.err.count("\n") <= 2
        assert not set("\x1b\u202e") & set(ran.err)
        assert "\n::" not in ran.err


def test_a_sign_that_the_terminal_cannot_show_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rich writes help pages to standard output by itself."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    output.accept_any_text()
    sys.stdout.write("SPEC…\n")
    sys.stdout.flush()
    assert raw.getvalue() == b"SPEC\\u2026\n"


def test_a_bundle_at_an_address_is_refused(console: Console) -> None:
    for address in ("https://example.com/b.tar.gz", "oci://localhost:1/law:1"):
        ran = console("check", "spec.yaml", "--bundle", address)
        assert ran.code == 2
        assert "--bundle takes a file. Download it first, for example with oras pull." in ran.err
