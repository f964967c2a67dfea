"""`check` over many specs: records without explanations, several processes, and the same bytes as one process writes."""

from __future__ import annotations

import dataclasses
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.effort import LONG, part
from tests.support.shipped import ROOT
from tests.support.specs import HOSTING, SHOP
from vatspolicy.cli.console import measure_width
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.gate.gate import CHUNK, MANY, ExitCode, Gate, GateResult, find_processes
from vatspolicy.gate.judgement import LEVELS
from vatspolicy.i18n import LANGUAGES, Bilingual, Language
from vatspolicy.reports.decision import EXTENTS, render
from vatspolicy.reports.formats import FORMATS

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes share the work on Linux")
FIXTURES = sorted(str(path) for path in (ROOT / "fixtures").rglob("*.yaml") if ".expect." not in path.name)
COMMAND = [sys.executable, "-c", "from vatspolicy.cli import main; main()", "check"]


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    """A folder of specs, of which one is invalid."""
    folder = tmp_path / "specs"
    folder.mkdir()
    for index in range(3 * CHUNK):
        (folder / f"s{index:03}.yaml").write_text((HOSTING, SHOP)[index % 2], encoding="utf-8")
    (folder / "s020.yaml").write_text("schema: 2\n", encoding="utf-8")
    return folder


def start(folder: Path, *options: str | Path) -> subprocess.Popen[bytes]:
    command = [*COMMAND, folder.name, *map(str, options)]
    return subprocess.Popen(command, cwd=folder.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def run(folder: Path, *options: str | Path) -> tuple[int, bytes, bytes]:
    process = start(folder, *options)
    out, err = process.communicate(timeout=300)
    return process.returncode, out, err


def test_the_table_needs_no_explanations() -> None:
    whole = Gate(load_bundle(ROOT / "policies"), "2026-11-26", "2026-11-26", allow_past=True)
    bare = dataclasses.replace(whole, explain=False, keeps_profiles=False, jobs=1)
    chosen = part(FIXTURES, 4)
    records, outlines = whole.run(chosen), bare.run(chosen)
    assert len(records.records) > len(chosen) / 2
    assert outlines.profiles == ()
    assert not any(duty.explanation for record in outlines.records for duty in record.duties)
    for level in LEVELS:
        told = [
            (result._replace(judgement=dataclasses.replace(result.judgement, fail_on=level)))
            for result in (records, outlines)
        ]
        for lang in LANGUAGES:
            for extent in ("screen", "summary", "quiet"):
                texts = [
                    render("text", result.records, lang, room=measure_width(), extent=extent, gate=result)
                    for result in told
                ]
                assert texts[0] == texts[1], (level, lang, extent)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_record_in_one_language_tells_its_reports_what_both_do(lang: Language) -> None:
    both = Gate(load_bundle(ROOT / "policies"), "2026-11-26", "2024-06-01", allow_past=True)
    one = dataclasses.replace(both, languages=(lang,))
    results = [gate.run(part(FIXTURES, 12)) for gate in (both, one)]
    ahead = [
        change for record in results[1].records for entry in record.changes_ahead or () for change in entry.changes
    ]
    assert any(change.kind == "decision" for change in ahead)
    assert all(change.title.keys() == {lang} for change in ahead)
    said = [
        text.keys()
        for record in results[1].records
        for text in (
            *(notice.message for notice in record.notices),
            *(duty.deadline.text for duty in record.duties),
            *(finding.why.check for finding in (*record.denials, *record.needs, *record.duties)),
        )
    ]
    assert len(said) > 50
    assert all(languages == {lang} for languages in said)
    one_time = [found._replace(started="2026-11-26T00:00:00", seconds=()) for found in results]
    for format, extent in [*(("text", extent) for extent in EXTENTS), *((format, "screen") for format in FORMATS)]:
        texts = [render(format, found.records, lang, extent=extent, gate=found) for found in one_time]
        assert texts[0] == texts[1], (format, extent)


@pytest.mark.parametrize(
    ("options", "both"),
    [
        ((), False),
        (("-f", "json"), False),
        (("-f", "json", "--details"), True),
        (("-o", "whole.json", "--details"), True),
        (("--details", "-o", "page.html", "-o", "tests.xml"), False),
    ],
)
def test_only_complete_json_has_both_languages(
    console: Console, law: Path, options: tuple[str, ...], both: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    gates: list[Gate] = []

    def keep(gate: Gate, *_: object) -> GateResult:
        gates.append(gate)
        return GateResult((), (), (), ExitCode.OK)

    monkeypatch.setattr(Gate, "run", keep)
    console("check", "--law", law, console.write("spec.yaml", SHOP), "--lang", "zh", *options)
    assert [gate.languages for gate in gates] == [LANGUAGES if both else ("zh",)]


@linux
@pytest.mark.parametrize(
    "options",
    [("-o", "out.json", "-o", "out.html", "--details"), ("-o", "out.sarif"), ("--quiet", "--lang", "zh")],
    ids=str,
)
def test_processes_write_the_same_bytes_as_one(specs: Path, law: Path, options: tuple[str, ...]) -> None:
    def written(jobs: str) -> tuple[tuple[int, bytes, bytes], dict[str, bytes]]:
        ran = run(specs, "--law", law, "-j", jobs, *options)
        return ran, {path.name: path.read_bytes() for path in specs.parent.glob("out.*")}

    one, files = written("1")
    assert written("2") == (one, files)
    assert len(files) == options.count("-o")
    assert one[0] == ExitCode.INVALID
    assert b"s020.yaml" in one[2]


def test_processes_are_for_many_specs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vatspolicy.workers.can_fork", lambda: sys.platform == "linux")
    few, many = ["a"] * (MANY - 1), ["a"] * MANY
    assert find_processes(None, few) == 1
    assert find_processes(1, many) == 1
    assert find_processes(8, [*many, "-"]) == 1
    if sys.platform == "linux":
        assert find_processes(2, many) == 2
        assert find_processes(8, ["a"] * (2 * CHUNK)) == 2


def test_every_sentence_passes_between_processes() -> None:
    sentence = pickle.loads(pickle.dumps(Bilingual("A sentence.", "一句话。")))
    assert (sentence, sentence.zh) == ("A sentence.", "一句话。")


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


SLOW = """
import time
from vatspolicy.gate.gate import Gate
decide = Gate.decide
def slow(self, *arguments):
    time.sleep(0.2)
    return decide(self, *arguments)
Gate.decide = slow
from vatspolicy.cli import main
main()
"""


@linux
@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        (lambda pid: os.kill(children(pid)[0], signal.SIGKILL), ExitCode.INTERNAL, b"a process was killed"),
        (lambda pid: os.killpg(pid, signal.SIGINT), ExitCode.INTERRUPTED, b""),
    ],
    ids=["a worker is killed", "Ctrl-C"],
)
def test_a_run_that_is_stopped_never_passes(
    specs: Path, law: Path, end: Callable[[int], None], code: int, words: bytes
) -> None:
    command = [sys.executable, "-c", SLOW, "check", "specs", "--law", str(law), "-j", "2", "--no-fail"]
    process = subprocess.Popen(
        command,
        cwd=specs.parent,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # which a test in the background ignores
    )
    limit = time.monotonic() + 60
    while len(children(process.pid)) < 2:
        assert time.monotonic() < limit
        assert process.poll() is None
        time.sleep(0.02)
    end(process.pid)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code
    assert out == b""
    assert words in err
    assert b"Traceback" not in err


def test_progress_is_told_after_each_spec(console: Console, law: Path) -> None:
    console.write("a.yaml", SHOP)
    console.write("b.yaml", "schema: 2\n")
    told: list[tuple[int, int]] = []
    gate = Gate(load_bundle(law), "2026-11-26", "2026-11-26")
    gate.run([str(console.folder)], lambda *figures: told.append(figures))
    assert told == [(1, 2), (2, 2)]


@pytest.mark.parametrize("number", ["0", "-1", "many"])
def test_a_number_of_processes_is_one_or_more(console: Console, law: Path, number: str) -> None:
    console.write("a.yaml", SHOP)
    assert console("check", "a.yaml", "--law", law, f"--jobs={number}").code == 2


def test_a_variable_of_completion_does_not_pass_for_a_check(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console.write("a.yaml", HOSTING)
    expected = console("check", "a.yaml", "--law", law)
    for name, value in (
        ("_VATSPOLICY_COMPLETE", "complete_bash"),
        ("COMP_WORDS", "vatspolicy "),
        ("COMP_CWORD", "1"),
    ):
        monkeypatch.setenv(name, value)
        for options in ((), ("--jobs", "1")):
            assert console("check", "a.yaml", "--law", law, *options) == expected
            monkeypatch.setenv(name, value)
    assert expected.code != 0


TELL = """
import atexit, sys
from pathlib import Path
from vatspolicy.cli import main
atexit.register(lambda: sys.stderr.write(Path("/proc/self/status").read_text()))
main()
"""
"""The command, which at its end tells how much memory it took; the system's own count would be that of this process."""


@linux
@pytest.mark.parametrize(
    "options", part([("--details", "-f", "json", "-o", "text=all.txt", "-o", "all.sarif"), ("-q",)], 2), ids=" ".join
)
def test_many_specs_take_the_memory_of_a_hundred(tmp_path: Path, options: tuple[str, ...]) -> None:
    """A record under the shipped law takes up to 700 KB as objects, and less without explanations: 150 more would stand out.

    The first 80 specs or so come before garbage is collected for the first time.
    """
    text = next((ROOT / "fixtures").rglob("cloud-hosting-beijing.yaml")).read_text(encoding="utf-8")
    peaks, most = {}, 250 if LONG or "-q" in options else 160
    for count in (100, most):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"s{number:03}.yaml").write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", TELL, "check", str(folder), "-j", "1", "--no-fail", *options]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300)
        assert ran.returncode == 0, ran.stderr
        peaks[count] = next(int(one.split()[1]) for one in ran.stderr.splitlines() if one.startswith("VmHWM:")) / 1024
    assert peaks[most] <= peaks[100] + 10, peaks
