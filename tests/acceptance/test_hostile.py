"""Hostile input and a hostile machine, through the real command line: what was tried, and that nothing is lost.

docs/security*.md list every promise with its test. Tests of a single module stand beside that module.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import multiprocessing
import multiprocessing.process
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.activations import tree_of
from tests.support.console import Console, Ran, needs_posix
from tests.support.fuzz_seeds import EXPRESSIONS
from tests.support.fuzz_targets import only_own_code
from tests.support.members import for_each
from tests.support.random_inputs import Expressions
from tests.support.shipped import ROOT, shipped_bundle
from tests.support.specs import HOSTING, SHOP
from vatspolicy import clock
from vatspolicy.core.cel.codegen import GeneratedModule
from vatspolicy.core.cel.grammar import ExpressionError
from vatspolicy.core.cel.types import BOOL
from vatspolicy.core.documents import load_document
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.policies.compiler import variables
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Checked, ExitCode, Gate
from vatspolicy.i18n.text import clean
from vatspolicy.output import write_file
from vatspolicy.reports.formats import FORMATS
from vatspolicy.reports.printers.escapes import escape_markdown

TODAY = SHOP.replace(", launch: '2027-01-31'", "")
"""A spec without a launch day, which the law of today decides."""
Check = Callable[..., Ran]
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def check(console: Console, law: Path) -> Check:
    def run(text: str | bytes, *options: str, name: str = "spec.yaml") -> Ran:
        (console.folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return console("check", name, "--law", law, *options)

    return run


def spawn(*arguments: str | Path, **options: Any) -> subprocess.Popen[bytes]:
    """The command line as a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), **options.pop("env", {})}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **options}
    command = [sys.executable, "-c", "from vatspolicy.cli import main; main()", *map(str, arguments)]
    return subprocess.Popen(command, env=environment, **streams)


# --- documents that cost


def _laughs() -> str:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]" for last, name in zip("abcdefghi", "bcdefghij", strict=True)
    ]
    return "\n".join(lines)


BOMBS = {
    "billion-laughs": _laughs(),
    "quadratic": "a: &a " + "x" * 1000 + "\nb: [" + ", ".join(["*a"] * 5000) + "]",
    "deep-flow": "a: " + "[" * 100_000,
    "deep-block": "".join(f"{' ' * level}a:\n" for level in range(1000)),
    "deep-sequence": "- " * 20_000 + "a",
    "many-keys": "".join(f"k{index}: 1\n" for index in range(30_000)),
    "many-questions": "? " * 10_000,
    "long-number": "a: " + "9" * 500_000,
    "long-scalar": "a: " + "x" * 900_000,
    "many-documents": "--- a\n" * 10_000,
    "recursive-alias": "a: &a [*a]",
    "recursive-key": "&a {*a : b}",
    "many-anchors": "".join(f"a{index}: &a{index} 1\n" for index in range(10_000)),
    "escapes": 'a: "' + "\\U0001F600" * 50_000 + '"',
    "oversized": "a: 1\n" * 300_000,
    "python-tag": "a: !!python/object/apply:os.system ['true']",
    "merge": "a: &a {b: 1}\nc: {<<: *a}",
    "nul": "a: \0",
    "infinite": "a: .inf",
    "not-a-number": "a: .nan",
}


JSON_BOMBS = [
    '{"a": ' * 100_000,
    "[" * 100_000,
    '{"a": 1e400}',
    '{"a": NaN}',
    '{"a": -Infinity}',
    '{"a": ' + "9" * 100_000 + "}",
    '{"a": 1, "a": 2}',
    '"\\ud800"',
    "{" + ", ".join(f'"k{i}": 1' for i in range(30_000)) + "}",
]


def test_bombs_are_refused_with_their_places_in_bounded_memory_and_time(tmp_path: Path, law: Path) -> None:
    """One process reads them all, with a gigabyte of address space and twenty seconds of processor time."""
    load_bundle(law)

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    bombs = {f"{name}.yaml": text for name, text in BOMBS.items()}
    bombs |= {f"{number}.json": text for number, text in enumerate(JSON_BOMBS)}
    for name, text in bombs.items():
        (tmp_path / name).write_text(text)
    process = spawn("check", ".", "--law", law, cwd=tmp_path, preexec_fn=bound)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (3, b""), err[-500:]
    told = err.decode()
    assert {name for name in bombs if re.search(rf"(?m)^{name}:\d+:\d+: ", told)} == set(bombs)
    for name in bombs:
        assert sum(len(line) for line in told.splitlines() if name in line) < 20_000, f"{name}: a log has an end"


def test_as_many_services_as_fit_cost_little_more_than_as_many_products(tmp_path: Path) -> None:
    """Each says nothing of itself, so that every rule about it is open: 32 cost 50 times as much as one, in two seconds."""
    services = "".join(f"- {{id: s{number}}}\n" for number in range(32))
    (tmp_path / "wide.yaml").write_text(f"schema: 2\nproduct: {{id: wide}}\ncompany: {{}}\nservices:\n{services}")
    (tmp_path / "one.yaml").write_text("schema: 2\nproduct: {id: one}\ncompany: {}\nservices: [{id: s0}]\n")
    gate = Gate(shipped_bundle(), "2026-11-26")

    def check(name: str) -> tuple[float, Checked[None]]:
        begun = time.process_time()
        found: list[Checked[None]] = gate.check_spec(str(tmp_path / f"{name}.yaml"))
        return time.process_time() - begun, found[0]

    assert check("one")[1].code is ExitCode.INCOMPLETE  # the law is read before
    one = min(check("one")[0] for _ in range(3))
    seconds, wide = check("wide")
    assert seconds < 80 * one
    assert wide.code is ExitCode.INCOMPLETE
    assert wide.record is not None
    assert len(wide.record.services) == 32


@for_each(FORMATS)
def test_no_output_holds_a_command_of_the_older_form(format: str, check: Check) -> None:
    """A runner of GitHub looks for `##[` anywhere in a line of a log."""
    title = "Shop ##[add-mask]DENY"
    ran = check(SHOP.replace("A shop", f"'{title}'"), "-f", format, "--details")
    assert "##[" not in ran.out + ran.err
    if format == "json":
        assert json.loads(ran.out)["decisions"][0]["title"] == title
    broken = check("schema: [", name="x##[error]y.yaml")
    assert broken.code == 3
    assert "##[" not in broken.err


@needs_posix
def test_devices_and_pipes_are_not_read_for_ever(law: Path) -> None:
    for place in ("/dev/zero", "/dev/urandom", "/dev/null"):
        process = spawn("check", place, "--law", law)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (3, b""), err


def test_non_utf8_and_windows_line_ends(check: Check) -> None:
    assert check(SHOP.replace("\n", "\r\n")).code == 0
    assert check(("\ufeff" + SHOP).encode()).code == 0
    for encoding in ("utf-16", "utf-32", "gb18030"):
        ran = check(SHOP.replace("A shop", "一家商店").encode(encoding))
        assert (ran.code, ran.out) == (3, "")
        assert "Traceback" not in ran.err


# --- values of facts


@pytest.mark.parametrize(
    "number",
    ["1e999", "-1e999", "1e308", ".nan", "-0.0", "9007199254740993", "-1", "100.0000001", "1" * 400, "0x1F", "1_000"],
)
def test_a_number_out_of_range_is_refused_and_not_repeated(check: Check, number: str) -> None:
    ran = check(SHOP.replace("foreign_percent: 0", f"foreign_percent: {number}"))
    if number != "-0.0":
        assert (ran.code, ran.out) == (3, "")
        assert number not in ran.err or number == "-1"


TITLES = {
    "command": r'"x\n::error file=a::b"',
    "set-output": r'"::set-output name=a::b"',
    "html": "'</td></table><script>alert(1)</script><img src=x onerror=alert(1)>'",
    "markdown": "'[a](http://evil.example) ![b](//evil.example/c.png) @octocat `x` | y <!-- z'",
    "heading": r'"# a\n## b\n- [x] c\n> d\n```\n"',
    "cdata": "']]></failure><testcase name=\"x\"/>'",
    "template": "'${{ secrets.TOKEN }} {{ 1 }} {% x %} %s %(a)s {0}'",
    "formula": "'=HYPERLINK(\"http://evil.example\")'",
}


@for_each(FORMATS)
def test_a_title_stays_text_in_every_report(format: str, console: Console, law: Path) -> None:
    for name, title in TITLES.items():
        console.write(f"specs/{name}.yaml", HOSTING.replace("Hosting in Lin-gang", title))
    ran = console("check", "specs", "--law", law, "-f", format)
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    match format:
        case "github":
            place = r" (file=specs/[\w-]+\.yaml,line=\d+,col=\d+,)?title=|::The job summary and the other reports show \d+ more"
            command = rf"::(warning|notice|error)({place})"
            assert [line for line in lines if not re.match(command, line)] == []
        case "markdown":
            assert "<script" not in ran.out.replace(r"\<", "")
            assert "](http" not in ran.out.split("###")[0]
            assert not [line for line in lines if line.startswith(("# ", "```"))]
        case "html":
            assert "<script>alert" not in ran.out
            assert "<img src=x" not in ran.out
        case "junit":
            cases = ET.fromstring(ran.out).findall(".//testcase")
            assert len(cases) >= len(TITLES)
            assert "x" not in [case.get("name") for case in cases]
        case "json" | "sarif":
            assert json.loads(ran.out)


@pytest.mark.parametrize(
    "char", ["\x00", "\x07", "\x1b", "\x7f", "\x9b", "\u202a", "\u202e", "\u2066", "\u2028", "\u200e", "\ufeff"]
)
def test_controls_and_direction_marks_never_reach_a_reader(check: Check, char: str) -> None:
    ran = check(SHOP.replace("A shop", f"'A {char}shop'"))
    assert char not in ran.out + ran.err
    assert ran.code == 3 or char == "\u200e"
    escaped = f"\\u{ord(char):04X}"
    ran = check(SHOP.replace("A shop", f'"A {escaped}shop"'))
    assert char not in ran.out + ran.err
    assert char not in clean(f"a{char}b")
    assert char not in escape_markdown(f"a{char}b")


# --- expressions and generated code


DEEP = {
    "parentheses": "(" * 3000 + "true" + ")" * 3000,
    "not": "!" * 3000 + "true",
    "minus": "-" * 3000 + "1 == 1",
    "and": " && ".join(["data.ciio"] * 10_000),
    "or": " || ".join(["data.ciio"] * 10_000),
    "conditional": "data.ciio ? " * 2000 + "true" + " : false" * 2000,
    "list": "1 in [" * 2000 + "1" + "]" * 2000,
    "members": "data" + ".ciio" * 3000,
    "loops": "services.all(a, " * 200 + "true" + ")" * 200,
    "plus": " + ".join(["1"] * 3000) + " == 1",
}
"""Each is deeper than Python calls functions, or has more parts than an expression may have."""


@pytest.mark.parametrize("text", DEEP)
def test_an_expression_of_any_depth_is_no_crash(text: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        tree_of(DEEP[text])
    assert refused.value.message


REGEXES = ["(a+)+$", "(a|aa)+$", "(.*a){25}", "([a-zA-Z]+)*$", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?:a?){60}a{60}"]


@pytest.mark.parametrize("pattern", REGEXES)
def test_a_pattern_costs_as_much_as_the_text_is_long(pattern: str) -> None:
    """RE2 has no backtracking: what takes others years is answered here, in Kleene's logic and in generated code."""
    tree = tree_of(f"company.name.matches({json.dumps(pattern)})")
    function = GeneratedModule.generate({"x": tree}).load({})["x"]
    assert isinstance(function({"company": {"name": "a" * 50_000 + "!"}}), bool)


@pytest.mark.parametrize(
    "pattern", ["(a)\\\\1", "(?=a)", "a{1,100000}", "((a{1,1000}){1,1000}){1,1000}", "[", "(" * 3000]
)
def test_a_pattern_that_may_be_dear_is_refused(pattern: str) -> None:
    with pytest.raises(ExpressionError):
        tree_of(f'company.name.matches("{pattern}")')


ESCAPES = (
    "'); __import__('os').system('touch pwned') #", '"); raise SystemExit #', "\\'", "\\", "'''", '"""', "\n", "\r", "\x00",
    "\u2028", "\u202e", "\ud800", "{v}", "{{", "%s", "\\N{SNOWMAN}", "\\x27", "f'{v}'", "*/", "`id`", "$(id)", "\U0001f600", "﹒", "＇", "ﬁ",
)  # fmt: skip


def quoted(text: str) -> str:
    """A text as CEL writes it."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


@pytest.mark.parametrize("nasty", ESCAPES, ids=range(len(ESCAPES)))
def test_a_literal_does_not_escape_from_the_generated_code(nasty: str) -> None:
    """In every place of an expression where a text may stand, it is the same text in the code, and nothing else."""
    places = [
        "company.name == {}",
        "company.name in [{}, 'b']",
        "company.name.startsWith({})",
        "company.name.contains({})",
        "company.name.endsWith({})",
    ]
    for place in places:
        try:
            tree = tree_of(place.format(quoted(nasty)))
        except ExpressionError:
            continue
        module = GeneratedModule.generate({nasty: tree})
        only_own_code(module.source)
        function = module.load({})[nasty]
        assert function({"company": {"name": nasty}}) is True
        assert function({"company": {"name": "other"}}) is False
        assert set(function.__globals__["__builtins__"]) == set()


def test_everything_the_language_says_compiles_to_the_same_few_nodes() -> None:
    for seed in range(4):
        expressions = Expressions(random.Random(seed), variables("activity"))
        only_own_code(
            GeneratedModule.generate({str(index): tree_of(expressions.text(BOOL)) for index in range(80)}).source
        )
    for text in EXPRESSIONS:
        only_own_code(GeneratedModule.generate({"x": tree_of(text, t="data.ciio")}).source)


def test_the_code_of_the_shipped_law_is_made_of_the_same_few_nodes() -> None:
    only_own_code(load_bundle()._module.source)


def test_what_stands_in_a_policy_is_not_run(copy_of_law: Path, console: Console) -> None:
    """Names, ids, texts and file names that would be Python: refused, or texts as before."""
    policy = copy_of_law / "vats-pilot-2024.yaml"
    text = policy.read_text()
    attacks = [
        text.replace("id: vats-pilot-2024", "id: \"x'); open('pwned', 'w') #\"", 1),
        text.replace("rules:", "terms:\n  __import__: 'true'\n  \"a): open('pwned', 'w')\": 'true'\nrules:", 1),
        re.sub(r"when: .*", "when: \"open('pwned', 'w') == 1\"", text, count=1),
        re.sub(r"when: .*", 'when: \'__import__("os").system("touch pwned") == 0\'', text, count=1),
        re.sub(r"when: .*", "when: 'company.__class__.__mro__ == 1'", text, count=1),
        re.sub(
            r"when: .*", "when: 'services.exists(__builtins__, __builtins__.id == \"x\") && globals()'", text, count=1
        ),
    ]
    for attack in attacks:
        policy.write_text(attack)
        ran = console("lint", "--law", copy_of_law)
        assert ran.code in (1, 3), ran
        assert "Traceback" not in ran.err
    assert not list(console.folder.rglob("pwned"))
    assert not Path("pwned").exists()


def test_terms_in_a_circle_are_refused(copy_of_law: Path) -> None:
    policy = copy_of_law / "vats-pilot-2024.yaml"
    policy.write_text(
        policy.read_text().replace("rules:", "terms:\n  a: term.b\n  b: term.c || term.a\n  c: term.a\nrules:", 1)
    )
    with pytest.raises(InvalidInput) as caught:
        load_bundle(copy_of_law)
    assert "term" in str(caught.value)


# --- the machine


@needs_posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can mount")
def test_a_full_disk(tmp_path: Path, law: Path) -> None:
    """A file system of 64 KiB: the report does not fit; the old one stays, and the run says so with 70."""
    place = tmp_path / "small"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", place], check=False, capture_output=True
    ).returncode:
        pytest.skip("no leave to mount")
    try:
        spec = tmp_path / "spec.yaml"
        spec.write_text(HOSTING.replace(", launch: '2027-01-31'", ""))
        (place / "report.json").write_text("old")
        (place / "ballast").write_bytes(b"x" * 60_000)
        process = spawn("check", spec, "--law", law, "-o", f"json={place / 'report.json'}")
        _, err = process.communicate(timeout=60)
        assert process.returncode == 70
        assert b"No space left" in err
        assert (place / "report.json").read_text() == "old"
        assert sorted(path.name for path in place.iterdir()) == ["ballast", "report.json"]
    finally:
        subprocess.run(["umount", place], check=False)


def test_a_full_disk_in_the_middle_of_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call that writes fails in turn; the old report is whole every time."""
    target = tmp_path / "report.json"
    faults = 0
    for name in ("os.fsync", "os.fdopen", "pathlib.Path.chmod", "pathlib.Path.replace", "os.open"):
        target.write_text("old")

        def fail(*_: Any, **__: Any) -> None:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(name, fail)
            with pytest.raises(OSError, match="No space"):
                write_file(target, "new")
        faults += 1
        assert target.read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["report.json"] or name == "os.fdopen"
        for left in tmp_path.glob(".vatspolicy-*"):
            left.unlink()
    assert faults == 5


def write_for_ever(target: Path, ready: int) -> None:
    """Write whole files, each of another number, one after the other."""
    os.write(ready, b".")
    for number in itertools.count():
        write_file(target, f"{number}\n" * 20_000 + "end\n")


@contextlib.contextmanager
def writers(target: Path, count: int) -> Iterator[list[multiprocessing.process.BaseProcess]]:
    """Processes that write to a file and have begun; they end with the block."""
    processes: list[multiprocessing.process.BaseProcess] = []
    reading, writing = os.pipe()
    try:
        for _ in range(count):
            processes.append(FORK.Process(target=write_for_ever, args=(target, writing), daemon=True))
            processes[-1].start()
            assert os.read(reading, 1)
        yield processes
    finally:
        os.close(reading)
        os.close(writing)
        for process in processes:
            process.kill()
            process.join(20)


def is_whole(text: str) -> bool:
    """Return whether a file is that of one writer, from its first line to its last."""
    *lines, last = text.splitlines()
    return last == "end" and len(set(lines)) == 1 and len(lines) in (1, 20_000)


@needs_posix
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_writer_that_is_ended_leaves_a_whole_file(tmp_path: Path, number: signal.Signals) -> None:
    """Ended in the middle of writing, twelve times: the file is a whole one, old or new."""
    target = tmp_path / "report.json"
    target.write_text("old\nend\n")
    delays = random.Random(int(number))
    for _ in range(12):
        with writers(target, 1) as [process]:
            assert process.pid
            time.sleep(delays.uniform(0.0, 0.05))
            os.kill(process.pid, number)
            process.join(20)
            assert process.exitcode == -number
        assert is_whole(target.read_text())


@needs_posix
def test_two_writers_at_once_leave_one_whole_file(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old\nend\n")
    with writers(target, 2):
        until = time.monotonic() + 0.5
        seen = {target.read_text() for _ in range(4)}
        while time.monotonic() < until:
            seen.add(target.read_text())
            time.sleep(0.02)
    assert len(seen) > 1
    assert all(map(is_whole, seen))


@needs_posix
def test_a_run_ended_while_it_compiles_leaves_no_half_cache(tmp_path: Path, law: Path) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(TODAY)
    environment = {"VATSPOLICY_CACHE": str(tmp_path / "cold")}
    for delay in (0.2, 0.6, 1.0, 1.4):
        process = spawn("check", spec, "--law", law, env=environment)
        time.sleep(delay)
        process.kill()
        process.communicate(timeout=60)
    process = spawn("check", spec, "--law", law, "-f", "json", env=environment)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert json.loads(out)["decision"] == "allow"


@needs_posix
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can mount")
def test_a_read_only_disk(tmp_path: Path, law: Path) -> None:
    """Nothing can be written, not even the cache: the decision is made, and a report that was asked for is missed."""
    place = tmp_path / "fixed"
    place.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=False, capture_output=True
    ).returncode:
        pytest.skip("no leave to mount")
    try:
        (place / "spec.yaml").write_text(TODAY)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        environment = {"VATSPOLICY_CACHE": str(place / "cache"), "TMPDIR": str(place)}
        process = spawn("check", place / "spec.yaml", "--law", law, env=environment, cwd=place)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, b"")
        assert b"ALLOW" in out
        process = spawn(
            "check", place / "spec.yaml", "--law", law, "-o", f"json={place / 'x.json'}", env=environment, cwd=place
        )
        _, err = process.communicate(timeout=120)
        assert process.returncode == 70
        assert b"Read-only file system" in err
    finally:
        subprocess.run(["umount", place], check=False)


@needs_posix
@pytest.mark.parametrize(
    ("closing", "spec", "code"),
    [("<&-", "spec.yaml", 0), ("1>&-", "spec.yaml", 70), ("2>&-", "spec.yaml", 0), ("<&- 1>&- 2>&-", "spec.yaml", 70), ("<&-", "-", 3)],
)  # fmt: skip
def test_streams_that_are_closed(tmp_path: Path, law: Path, closing: str, spec: str, code: int) -> None:
    (tmp_path / "spec.yaml").write_text(TODAY)
    line = f'exec "$0" -c "from vatspolicy.cli import main; main()" check {spec} --law "$1" {closing}'
    ran = subprocess.run(
        ["bash", "-c", line, sys.executable, law],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        cwd=tmp_path,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert b"Traceback" not in ran.stderr + ran.stdout
    assert spec != "-" or (ran.stdout, ran.stderr[:13]) == (b"", b"<stdin>:1:1: ")


@pytest.mark.parametrize("day", ["1969-12-31", "2016-02-29", "2038-01-20", "9999-12-31"])
def test_a_clock_that_is_wrong_does_not_change_the_law_of_a_day(
    check: Check, monkeypatch: pytest.MonkeyPatch, day: str
) -> None:
    """The decision for a day that was named is the same whatever today is; only leave to use it depends on the clock."""
    expected = json.loads(check(HOSTING, "--as-of", "2026-07-01", "-f", "json", "--details").out)["decisions"][0]
    monkeypatch.setattr(clock, "today", lambda: day)
    found = json.loads(check(HOSTING, "--as-of", "2026-07-01", "--allow-past-as-of", "-f", "json", "--details").out)[
        "decisions"
    ][0]
    assert {**found, "changes_ahead": 0} == {**expected, "changes_ahead": 0}
    if day > "2026-07-01":
        assert check(HOSTING, "--as-of", "2026-07-01").code == 2


@needs_posix
def test_links_and_odd_names(tmp_path: Path, console: Console, law: Path) -> None:
    """A link in a circle, one to nowhere, a folder named like a spec, a pipe: named, never hung upon, never passed."""
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "circle.yaml").symlink_to(folder / "circle.yaml")
    (folder / "nowhere.yaml").symlink_to(tmp_path / "missing")
    (folder / "folder.yaml").mkdir()
    ran = console("check", folder, "--law", law)
    assert (ran.code, ran.out, ran.err.count("The target of this link does not exist.")) == (3, "", 2)
    for name in ("circle.yaml", "nowhere.yaml"):
        ran = console("check", folder / name, "--law", law)
        assert (ran.code, ran.out) == (3, "")
    assert console("check", "a\0b.yaml", "--law", law).code == 3
    assert console("check", "x" * 5000 + ".yaml", "--law", law).code == 3


def test_a_policy_folder_with_a_link_in_a_circle(copy_of_law: Path, console: Console) -> None:
    (copy_of_law / "again").symlink_to(copy_of_law)
    console.write("spec.yaml", SHOP)
    assert console("check", "spec.yaml", "--law", copy_of_law).code in (0, 3)


def test_a_document_is_not_read_beyond_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(2**33)  # sparse: 8 GiB on paper
    with pytest.raises(InvalidInput, match="larger than"):
        load_document(path)


def test_nothing_from_outside_is_run() -> None:
    """What would run or unpickle something stands where it is known, and nowhere else.

    exec takes the byte code that is made of typed trees, and the code that accepts documents of the shipped schemas; marshal
    our own cache, parts of its entries, and the pieces of a report; pickle what the project's own worker processes hand
    one another.
    """
    dangerous = {
        "exec",
        "eval",
        "__import__",
        "pickle.loads",
        "pickle.load",
        "marshal.loads",
        "marshal.load",
        "os.system",
        "os.popen",
        "yaml.load",
        "yaml.unsafe_load",
        "yaml.full_load",
        "shelve.open",
    }
    found: set[tuple[str, str]] = set()
    for path in sorted((ROOT / "src").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                shell = called.startswith("subprocess.") and any(
                    keyword.arg == "shell" and ast.unparse(keyword.value) != "False" for keyword in node.keywords
                )
                if called in dangerous or shell:
                    found.add((path.relative_to(ROOT / "src/vatspolicy").as_posix(), called))
    assert found == {
        ("core/cel/codegen.py", "exec"),
        ("compile_cache.py", "marshal.loads"),
        ("core/policies/model.py", "marshal.loads"),
        ("reports/decision/pieces.py", "marshal.loads"),
    }


def test_the_law_is_not_written_to(law: Path, console: Console) -> None:
    before = {path: path.read_bytes() for path in law.iterdir()}
    console.write("spec.yaml", SHOP)
    for format in FORMATS:
        console("check", "spec.yaml", "--law", law, "-f", format)
    assert {path: path.read_bytes() for path in law.iterdir()} == before
    assert [path.name for path in console.folder.iterdir()] == ["spec.yaml"]


@pytest.fixture(autouse=True)
def _clean_up(tmp_path: Path) -> Iterator[None]:
    yield
    shutil.rmtree(tmp_path / "cold", ignore_errors=True)
