"""What a worker of Spark does with a batch, and what the job says about its arguments, without Java."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.portfolio_rows import DAY, lines, portfolio, read
from vatspolicy.screening import spark


def options(**given: Any) -> argparse.Namespace:
    plan: dict[str, Any] = {
        "diff": None,
        "law": None,
        "policies": [],
        "bundle": None,
        "key": None,
        "skip_verify": False,
    }
    return argparse.Namespace(**{**plan, "as_of": DAY[1], "missing": True, "today": "2026-12-01", **given})


def test_batches_give_the_rows_of_screen(console: Console, law: Path) -> None:
    """And at their end the counts; empty texts are passed over, and a text that is missing is rejected."""
    pa = pytest.importorskip("pyarrow", reason="the extra `portfolio` is not installed")
    texts: list[str | None] = [*lines(portfolio(12)).splitlines(), "{", " "]
    console.write("in.jsonl", "\n".join(map(str, texts)) + "\n")
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "-f", "json", "--law", law, *DAY)
    assert ran.code == 3
    batch = pa.record_batch({"profile": texts, "number": list(range(len(texts)))})
    made = list(spark.decide_batches(options(law=law), iter([batch.slice(0, 5), batch.slice(5)])))
    found = [row for one in made for row in one.to_pylist()]
    assert all(sum(value is not None for value in row.values()) == 1 for row in found)
    of_kind = {kind: [json.loads(row[kind]) for row in found if row[kind]] for kind in spark.KINDS}
    assert of_kind["answer"] == read(console.folder / "out.jsonl")
    assert of_kind["reject"] == read(console.folder / "out.jsonl.rejects.jsonl")
    [counts], told = of_kind["counts"], json.loads(ran.out)
    flat = counts.pop("tables") | counts
    assert {key: told[key] for key in flat} == flat
    nothing = pa.record_batch({"profile": pa.array([None], pa.string()), "number": [0]})
    [first, *_] = spark.decide_batches(options(law=law), iter([nothing]))
    assert first.to_pylist()[0]["reject"].startswith('{"row": 1, ')


def test_a_job_says_what_is_wrong_with_its_arguments(
    tmp_path: Path, law: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before Spark starts."""
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "bundle.yaml").write_text("version: x\n")
    here = ["in.jsonl", "out"]
    for arguments, code, message in (
        ([*here, "--as-of", "nonsense"], 2, "'nonsense' is not a day such as 2026-01-31"),
        ([*here, "--as-of", "1990-01-01", "--law", str(law)], 2, "covers days from 2015-01-01"),
        ([*here, *DAY, "--law", str(tmp_path / "law")], 3, "bundle.yaml:1:"),
        ([*here, *DAY, "--bundle", "none.tar.gz"], 3, "none.tar.gz"),
        ([*here, *DAY, "--diff", str(law), "./none"], 2, "There is no folder './none'."),
        ([*here, *DAY, "--law", str(law), "--skip-verify"], 2, "need --bundle"),
        ([*here, *DAY, "--skip-verify"], 2, "need --bundle"),
        ([*here, *DAY, "--law", str(law), "--bundle", "none.tar.gz"], 2, "replaces --law"),
    ):
        try:
            ended = spark.main(arguments)
        except SystemExit as error:
            ended = int(error.code or 0)
        complaint = capsys.readouterr().err
        assert (ended, message in complaint, "Traceback" in complaint) == (code, True, False), (arguments, complaint)
