"""What stops a run, and what does not: kills, a full disk, rubbish, rows without end. Nothing is lost, and it goes on."""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.effort import SEED
from tests.support.portfolio_rows import DAY, lines, portfolio, read
from vatspolicy.screening import input as reading
from vatspolicy.screening import run
from vatspolicy.screening.input import PortfolioRow, open_source, parse_row

linux = pytest.mark.skipif(sys.platform != "linux", reason="processes share the work on Linux")

MAIN = """
from vatspolicy.cli import main
from vatspolicy.screening import run

run.ROWS = {rows}
main()
"""
"""The command, with parts of a few rows."""
SLOW_MAIN = """
import time
from vatspolicy.screening.parts import Parts

finish = Parts.finish

def finish_slowly(*part):
    finish(*part)
    time.sleep(0.3)

Parts.finish = finish_slowly
"""
"""A pause after each part: the run is not at its end when it is stopped, however busy the machine is."""


def start(
    folder: Path, *options: str, limit: int | None = None, before: str = "", rows: int = 2
) -> subprocess.Popen[str]:
    """The command in a process of its own. `limit`: the size of a file that it may write, in bytes."""

    def restrict() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-c", before + MAIN.format(rows=rows), "screen", *options],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # the limit would cut byte code of the checkout short
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=restrict,
    )


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    """A process that has ended and waits to be noticed is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


def until(condition: Any, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.01)


ROWS = 41
"""Rows of a run that is stopped; one of them is rejected."""


@pytest.fixture(scope="module")
def whole(law: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a portfolio, and what a run that nothing stops writes of it."""
    folder = tmp_path_factory.mktemp("whole")
    rows = portfolio(ROWS - 1)
    (folder / "in.jsonl").write_text(lines(rows[:20]) + "{\n" + lines(rows[20:]), encoding="utf-8")
    with start(folder, *options(law), "-o", "out.jsonl", "-j", "1") as running:
        running.communicate(timeout=120)
    assert running.returncode == 3
    return folder


def options(law: Path) -> tuple[str, ...]:
    return ("in.jsonl", "--law", str(law), *DAY)


@linux
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, None])
def test_a_stopped_run_leaves_no_process_and_goes_on(
    console: Console, law: Path, whole: Path, how: signal.Signals | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None: a worker is killed, as systems do that run out of memory."""
    monkeypatch.setattr(run, "ROWS", 2)
    shutil.copy(whole / "in.jsonl", console.folder)
    running, workers = stop(console.folder, law, how)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 70 if how is None else running.returncode != 0
    assert how or "was killed, possibly for lack of memory" in error
    assert "Traceback" not in error
    assert len(workers) == 2
    until(lambda: not any(map(alive, workers)))
    parts = console.folder / "out.jsonl.parts"
    assert 3 <= len(list(parts.glob("*.counts.json"))) < ROWS // 2
    assert not (console.folder / "out.jsonl").exists()

    again = (*options(law), "-o", "out.jsonl", "-j", "1")
    assert console("screen", *again).code == 2, "an unfinished run is not thrown away"
    ran = console("screen", *again, "--resume")
    assert (ran.code, f"{ROWS} rows, 1 rejected" in ran.out) == (3, True)
    assert_same(console.folder, whole)


@linux
def test_two_resumes_at_once_lose_no_row(tmp_path: Path, law: Path, whole: Path) -> None:
    """One of them has the output; the other is refused, or comes late and has nothing to go on with."""
    shutil.copy(whole / "in.jsonl", tmp_path)
    running, workers = stop(tmp_path, law, signal.SIGKILL)
    running.communicate(timeout=60)
    until(lambda: not any(map(alive, workers)))
    both = [start(tmp_path, *options(law), "-o", "out.jsonl", "-j", "1", "--resume") for _ in range(2)]
    for one in both:
        one.communicate(timeout=120)
    assert {one.returncode for one in both} in ({3}, {3, 2})
    assert_same(tmp_path, whole)


def stop(folder: Path, law: Path, how: signal.Signals | None) -> tuple[subprocess.Popen[str], list[int]]:
    """Begin a run of two workers, and send a signal to it, or kill a worker; return the run and its workers."""
    running = start(folder, *options(law), "-o", "out.jsonl", "-j", "2", before=SLOW_MAIN)
    until(lambda: len(list((folder / "out.jsonl.parts").glob("*.counts.json"))) >= 3)
    workers = children(running.pid)
    if how is None:
        os.kill(workers[0], signal.SIGKILL)
    else:
        running.send_signal(how)
    return running, workers


def assert_same(folder: Path, whole: Path) -> None:
    """What a run that went on wrote is what a run writes that nothing stops, and nothing else is left."""
    names = sorted(path.name for path in whole.iterdir())
    assert sorted(path.name for path in folder.iterdir()) == names
    assert {name: (folder / name).read_bytes() for name in names} == {
        name: (whole / name).read_bytes() for name in names
    }


@linux
def test_processes_share_the_work_and_write_the_same_bytes(console: Console, law: Path) -> None:
    console.write("in.jsonl", lines(portfolio(40)))
    options = ("in.jsonl", "--law", str(law), *DAY)
    assert console("screen", *options, "-o", "one.jsonl", "-j", "1").code == 0
    running = start(console.folder, *options, "-o", "two.jsonl", "-j", "2")
    out, error = running.communicate(timeout=120)
    assert running.returncode == 0, error
    assert "40 rows, 0 rejected" in out
    assert (console.folder / "two.jsonl").read_bytes() == (console.folder / "one.jsonl").read_bytes()


@linux
@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet"])
def test_a_full_disk_is_said_and_nothing_done_is_lost(console: Console, law: Path, output: str) -> None:
    """A limit on the size of files stands for the disk: writing fails in the same place, with another errno."""
    if output == "out.parquet":
        pytest.importorskip("pyarrow", reason="the extra `portfolio` is not installed")
    console.write("in.jsonl", lines([{**row, "opinions": []} for row in portfolio(40)]))
    options = ("in.jsonl", "--law", str(law), *DAY)
    whole = f"whole{Path(output).suffix}"
    assert console("screen", *options, "-o", whole, "-j", "1").code == 0
    room = (console.folder / whole).stat().st_size * 2 // 3
    running = start(console.folder, *options, "-o", output, "-j", "2", limit=room, rows=5)
    _, error = running.communicate(timeout=120)
    assert running.returncode == 70
    assert f"cannot write {output}: File too large" in error
    assert "Traceback" not in error
    assert not list(console.folder.glob("out.*.whole"))
    assert not (console.folder / output).exists()
    done = list((console.folder / f"{output}.parts").glob("*.counts.json"))
    assert len(done) == 8, "the parts are whole"
    with start(console.folder, *options, "-o", output, "-j", "1", "--resume", rows=5) as running:
        running.communicate(timeout=120)
    assert running.returncode == 0
    assert read_any(console.folder / output) == read_any(console.folder / whole)


def read_any(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".jsonl":
        return read(path)
    from pyarrow.parquet import read_table

    rows: list[dict[str, Any]] = read_table(path).to_pylist()
    return rows


@linux
def test_a_run_that_is_killed_again_and_again_loses_nothing(tmp_path: Path, law: Path, whole: Path) -> None:
    """All of its processes, at random moments, until one run comes to its end."""
    shutil.copy(whole / "in.jsonl", tmp_path)
    draw, resume, kills = random.Random(SEED), list[str](), 0
    while kills < 6:
        running = start(tmp_path, *options(law), "-o", "out.jsonl", "-j", "2", *resume, before=SLOW_MAIN)
        until(lambda running=running: (tmp_path / "out.jsonl.parts" / "settings.json").exists())
        resume = ["--resume"]
        time.sleep(draw.uniform(0.0, 1.5))
        workers = children(running.pid)
        running.kill()
        running.communicate(timeout=60)
        kills += 1
        until(lambda workers=workers: not any(map(alive, workers)))
        assert not (tmp_path / "out.jsonl").exists()
    with start(tmp_path, *options(law), "-o", "out.jsonl", "-j", "1", "--resume") as running:
        running.communicate(timeout=120)
    assert running.returncode == 3
    assert_same(tmp_path, whole)


def test_rows_of_ten_megabytes_and_rubbish_are_rejected_whole(console: Console) -> None:
    [row] = portfolio(1)
    long = json.dumps({**row, "product": {"id": "x", "title": "x" * 10_000_000}})
    rubbish = b"\xff\xfe\x00\x01rubbish"
    bad = [long, "1" * 5000, "\x00", '{"schema": 2, "schema" : 2}']
    content = b"\n".join([lines([row]).strip().encode(), *(text.encode() for text in bad), rubbish]) + b"\n"
    (console.folder / "in.jsonl").write_bytes(content)
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--no-missing", *DAY)
    assert (ran.code, "6 rows, 5 rejected" in ran.out) == (3, True)
    rejects = read(console.folder / "out.jsonl.rejects.jsonl")
    assert [reject.get("input") for reject in rejects] == [*bad, None]
    assert rejects[-1]["base64"] == "//4AAXJ1YmJpc2g="
    assert [reject["reasons"][0] for reject in rejects] == [
        "The row exceeds 1,048,576 bytes.",
        "This is not valid JSON: a number in it is too long.",
        "This is not valid JSON: expecting value at column 1.",
        "This is not valid JSON: a key is repeated.",
        "The line is not UTF-8.",
    ]


def test_a_line_without_end_is_told_by_its_place(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 1000)
    [row] = portfolio(1)
    monkeypatch.setattr(reading, "LONGEST", len(lines([row]).encode()) + 10)
    console.write("in.jsonl", lines([row]) + "x" * 50_000 + "\n" + lines([row]) + "y" * 40_000)
    rows = list(open_source("in.jsonl").rows())
    assert [(one.number, one.place) for one in rows] == [
        (1, None),
        (2, (len(lines([row]).encode()), 50_001)),
        (3, None),
        (4, (2 * len(lines([row]).encode()) + 50_001, 40_000)),
    ]
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--no-missing", *DAY)
    assert (ran.code, "4 rows, 2 rejected" in ran.out) == (3, True)
    rejects = read(console.folder / "out.jsonl.rejects.jsonl")
    assert [(one["offset"], one["bytes"]) for one in rejects] == [one.place for one in rows if one.place]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"a": {"b": 1}, "c": [{"b": 1}]}', False),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', True),
        ('{"a": 1, "a" : 1}', True),
        ('{"a": 1, "a"\t: 1, "b": "x\\": y"}', True),
        ('{"a": "x\\": y"}', False),
        ('{"a\\"": 1, "\\": ": 2}', False),
        ('{"a": [{"b": 1, "b": 1}]}', True),
    ],
)
def test_keys_that_stand_twice_are_seen_however_they_are_written(text: str, fault: bool) -> None:
    row = parse_row(PortfolioRow(1, text))
    assert (row.fault == "This is not valid JSON: a key is repeated.") is fault
    assert fault or row.data == json.loads(text)


def test_parts_without_settings_are_no_run(console: Console) -> None:
    """A run that was stopped while it cleared away leaves parts behind: nobody knows of what."""
    rows = portfolio(3)
    console.write("in.jsonl", lines(rows))
    console.write("out.jsonl.parts/00000000.counts.json", "{}")
    assert console("screen", "in.jsonl", "-o", "out.jsonl", "--no-missing", *DAY).code == 0
    assert len(read(console.folder / "out.jsonl")) == 3


def test_an_answer_that_cannot_be_written_is_said(console: Console) -> None:
    if os.geteuid() == 0:
        target = "/proc/none/out.jsonl"
    else:
        (console.folder / "shut").mkdir(mode=0o500)
        target = "shut/out.jsonl"
    console.write("in.jsonl", lines(portfolio(1)))
    ran = console("screen", "in.jsonl", "-o", target, *DAY)
    assert ran.code == 70
    assert f"cannot write {target}" in ran.err
