"""Spark gives the rows of `vatspolicy screen`, under `spark-submit --master local[2]` with real Java.

A virtual machine takes long to start, so that there are few. With REQUIRE_SPARK set the tests fail instead of being
skipped where Spark is missing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.layer_builder import DENIAL, PUBLIC, write_layer
from tests.support.portfolio_rows import DAY, lines, portfolio, read

SECRET = "s3cr3t-value"
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A short life is not worth much compiling."""


@pytest.fixture(scope="module", autouse=True)
def _spark() -> None:
    if not (shutil.which("java") and all(importlib.util.find_spec(name) for name in ("pyspark", "pyarrow"))):
        reason = "needs Java 17 and the extra `spark`"
        if os.environ.get("REQUIRE_SPARK"):
            pytest.fail(reason)
        pytest.skip(reason)


def submit(folder: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`spark-submit --master local[2]` of the job, as docs/portfolio.md says."""
    import pyspark

    from vatspolicy.screening import spark

    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1"}
    command: list[str | Path] = [Path(pyspark.__file__).parent / "bin" / "spark-submit", "--master", "local[2]"]
    command += ["--driver-java-options", JAVA_OPTIONS]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYSPARK_", "PYTHONPATH"))}
    env |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    env["PYTHONWARNINGS"] = "ignore"  # Spark writes the errors of the job into its output
    words = [*map(str, command), spark.__file__, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, env=env, cwd=folder, check=False)


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder of JSON lines, by their number."""
    found = [row for part in sorted(folder.glob("part-*")) for row in read(part)]
    return sorted(found, key=lambda row: int(row["row"]))


def test_a_job_gives_the_rows_of_screen(console: Console) -> None:
    """The whole law on random profiles with facts missing; rows that are no profile stand apart."""
    bad = ["{", json.dumps({"schema": 2, "product": {"id": "x"}, "company": {"foreign_percent": SECRET}})]
    console.write("in.jsonl", lines(portfolio(60)) + "\n".join(bad) + "\n\n")
    assert console("screen", "in.jsonl", "-o", "out.jsonl", "-f", "json", *DAY).code == 3
    ran = submit(console.folder, "in.jsonl", "out", *DAY, "--output", "json")
    assert ran.returncode == 3, ran.stderr[-2000:]
    assert rows_in(console.folder / "out" / "answers") == read(console.folder / "out.jsonl")
    assert rows_in(console.folder / "out" / "rejects") == read(console.folder / "out.jsonl.rejects.jsonl")
    assert SECRET not in ran.stdout
    again = console("screen", "in.jsonl", "-o", "out.jsonl", "-f", "json", *DAY)
    assert json.loads(ran.stdout) == json.loads(again.out)


def test_a_job_compares_two_laws_under_a_layer_and_writes_parquet(console: Console) -> None:
    from pyarrow.parquet import read_table

    share = rule("share", "activity", "operator.foreign_percent > 0.0", "deny: {reason: SECTOR-NOT-OPEN}")
    for side, rules in (("before", share), ("after", "")):
        license = LICENSE + rules + route("open", "operator.mainland_entity")
        bundle_of(console.folder / side, classes=CLASSES, license=license)
    write_layer(console.folder / "company", "company", company="rules:\n" + rule("own", "service", PUBLIC, DENIAL))
    console.write("in.jsonl", lines([{**row, "opinions": []} for row in portfolio(30)]))
    law = ("--diff", "before", "after", "--policies", "company")
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "-f", "json", *law, *DAY)
    assert ran.code == 0, ran.err
    job = submit(console.folder, "in.jsonl", "out", *law, *DAY)
    assert job.returncode == 0, job.stderr[-2000:]
    answers = sorted(read_table(str(console.folder / "out" / "answers")).to_pylist(), key=lambda row: row["row"])
    assert answers == read(console.folder / "out.jsonl")
    own = [any(rule.endswith("company/own") for rule in answer["rules"]) for answer in answers]
    assert set(own) == {True, False}, "the layer decides some of them"
    assert json.loads(job.stdout) == json.loads(ran.out)
    taken = submit(console.folder, "in.jsonl", "out", *law, *DAY)
    assert (taken.returncode, "PATH_ALREADY_EXISTS" in taken.stdout) == (2, True)
