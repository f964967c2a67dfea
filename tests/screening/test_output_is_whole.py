"""Two runs on one output, an input that changes, parts that are lost: no row is missing, and no answer is of another row."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.portfolio_rows import DAY, lines, portfolio, read
from vatspolicy.file_lock import Locked, lock_file
from vatspolicy.screening import run
from vatspolicy.screening.decide import Decider
from vatspolicy.screening.input import PortfolioRow
from vatspolicy.screening.parts import Parts

OPTIONS = ("--no-missing", "-j", "1", *DAY)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "ROWS", 4)


@pytest.fixture
def screen(console: Console, law: Path) -> Any:
    console.write("in.jsonl", lines(portfolio(12)))
    return partial(console, "screen", "in.jsonl", "-o", "out.jsonl", "--law", law, *OPTIONS)


def stop_in_the_last_part(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = Decider.decide

    def stop(self: Decider, row: PortfolioRow, *rest: Any) -> Any:
        if row.number == 9:
            raise KeyboardInterrupt
        return decide(self, row, *rest)

    monkeypatch.setattr(Decider, "decide", stop)


def test_a_second_run_on_the_output_is_refused(screen: Any, console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "lock_file", partial(lock_file, patience=0))
    for options in ((), ("--resume",)):
        with lock_file(console.folder / "out.jsonl.lock"):
            ran = screen(*options)
        assert (ran.code, "Another run is writing out.jsonl" in ran.err) == (2, True)
    assert screen().code == 0
    assert sorted(path.name for path in console.folder.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_lock_that_a_dead_run_left_locks_nothing(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.touch()
    with lock_file(path, patience=0), pytest.raises(Locked), lock_file(path, patience=0):
        pass
    assert not path.exists()


def test_an_input_of_other_content_is_not_resumed(
    screen: Any, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two lines that change places, under the time and the size of before."""
    with monkeypatch.context() as patched:
        stop_in_the_last_part(patched)
        assert screen().code != 0
    path = console.folder / "in.jsonl"
    before, content = path.stat(), path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([content[1], content[0], *content[2:]]), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    ran = screen("--resume")
    assert (ran.code, "those of the unfinished run" in ran.err) == (2, True)
    path.write_text("".join(content), encoding="utf-8")  # the time is another, the content is not
    assert screen("--resume").code == 0
    assert [answer["row"] for answer in read(console.folder / "out.jsonl")] == list(range(1, 13))


def test_an_input_that_changes_while_it_is_read_gives_no_output(
    screen: Any, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = Decider.decide

    def change(self: Decider, *row: Any) -> Any:
        with (console.folder / "in.jsonl").open("a", encoding="utf-8") as file:
            file.write("\n")
        return decide(self, *row)

    monkeypatch.setattr(Decider, "decide", change)
    ran = screen()
    assert (ran.code, "changed during reading" in ran.err) == (2, True)
    assert not (console.folder / "out.jsonl").exists()


@pytest.mark.parametrize("output", ["out.jsonl", "out.parquet"])
def test_parts_are_counted_before_the_output_is_replaced(
    console: Console, law: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    if output.endswith("parquet"):
        pytest.importorskip("pyarrow", reason="the extra `portfolio` is not installed")
    rows = portfolio(11)
    console.write("in.jsonl", lines(rows[:10]) + "{\n" + lines(rows[10:]))
    console.write(output, "before")
    console.write(f"{output}.rejects.jsonl", "before")
    files, lost = Parts.files, [""]

    def without_one(self: Parts, kind: str) -> list[Path]:
        return files(self, kind)[: -1 if kind == lost[0] else None]

    monkeypatch.setattr(Parts, "files", without_one)
    for lost[0] in ("answers.jsonl", "rejects.jsonl"):
        ran = console("screen", "in.jsonl", "-o", output, "--law", law, *OPTIONS)
        assert (ran.code, f"rows are missing in {output}.parts" in ran.err) == (70, True)
        for name in (output, f"{output}.rejects.jsonl"):
            assert (console.folder / name).read_text(encoding="utf-8") == "before"
        for left in (console.folder / f"{output}.parts").iterdir():
            left.unlink()
