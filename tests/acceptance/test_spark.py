"""Spark decides as the evaluator does: under `spark-submit`, and from `vatspolicy screen`, on `local[2]` with real Java.

A virtual machine takes long to start, and Spark long to plan queries of this size, so that there is one of each, on few
rows. With REQUIRE_SPARK set the tests fail instead of being skipped where Spark is missing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.effort import SEED, trials
from tests.support.law_builder import CLASSES, LICENSE, bundle_of, route, rule
from tests.support.layer_builder import DENIAL, overriding, write_layer
from tests.support.random_inputs import Profiles
from tests.support.samples import shipped
from tests.support.shipped import fixture_files
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.screening.engines import decide, missing_facts

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

DAY = "2026-01-01"
SECRET = "s3cr3t-value"
JAVA_OPTIONS = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
"""A short life is not worth much compiling."""


@pytest.fixture(scope="module", autouse=True)
def _spark() -> Iterator[None]:
    there = shutil.which("java") and all(importlib.util.find_spec(name) for name in ("pyspark", "sqlglot", "duckdb"))
    if not there:
        reason = "needs Java 17 and the extras `spark` and `portfolio`"
        if os.environ.get("REQUIRE_SPARK"):
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", f"--driver-java-options '{JAVA_OPTIONS}' pyspark-shell")
        yield
    if "pyspark" in sys.modules:
        from pyspark.sql import SparkSession

        if (session := SparkSession.getActiveSession()) is not None:
            session.stop()


def law_of(folder: Path, *rules: str) -> Path:
    """A law of a few rules, which Spark plans in a moment: the queries are those of the whole law."""
    license = LICENSE + "".join(rules) + route("open", "operator.mainland_entity")
    bundle_of(folder, classes=CLASSES, license=license)
    return folder


SHARE = rule("share", "activity", "operator.foreign_percent > 0.0", "deny: {reason: SECTOR-NOT-OPEN}")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return law_of(tmp_path_factory.mktemp("small") / "law", SHARE)


def submit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """`spark-submit --master local[2]` of the job, as docs/portfolio.md says."""
    import pyspark

    from vatspolicy.screening import spark_job as job

    settings = {"spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.sql.adaptive.enabled": "false"}
    command: list[str | Path] = [Path(pyspark.__file__).parent / "bin" / "spark-submit", "--master", "local[2]"]
    command += ["--driver-java-options", JAVA_OPTIONS]
    for name, value in settings.items():
        command += ["--conf", f"{name}={value}"]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYSPARK_", "PYTHONPATH"))}
    env |= {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
    return subprocess.run(
        [*map(str, command), job.__file__, *map(str, arguments)], capture_output=True, text=True, env=env, check=False
    )


def without_opinions(draw: Profiles) -> str:
    """A random profile as JSON: the opinions are about rules of the shipped law, which a small one has not."""
    data = {key: value for key, value in draw.profile().document.data.items() if key != "opinions"}
    return json.dumps(data, ensure_ascii=False)


def read(folder: Path) -> list[dict[str, Any]]:
    """The rows of a folder of JSON lines, by their number."""
    rows = [json.loads(line) for part in sorted(folder.glob("part-*")) for line in part.read_text("utf-8").splitlines()]
    return sorted(rows, key=lambda row: int(row["row"]))


def test_a_job_gives_the_answers_of_python_and_of_duckdb(tmp_path: Path) -> None:
    """The whole law on every fixture and on random profiles with facts missing; rows that are no profile stand apart."""
    from tests.support.portfolios import DuckDecider
    from vatspolicy.screening.duckdb_engine import connect

    bundle, hints = shipped()
    law = bundle.on(DAY)
    draw = Profiles(random.Random(SEED + 40), hints)
    found = [load_profile(path) for path in fixture_files()]
    found += [draw.profile() for _ in range(trials(60))]
    expected = [decide(law, profile.facts, DAY) for profile in found]
    with connect(threads=1) as connection:
        assert DuckDecider(connection, law, DAY).decide(profile.facts for profile in found) == expected
    lines = [json.dumps(profile.document.data, ensure_ascii=False) for profile in found]
    bad = ["{", json.dumps({"schema": 2, "product": {"id": "x"}, "company": {"foreign_percent": SECRET}})]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jsonl").write_text("\n".join([*lines, *bad, ""]) + "\n", encoding="utf-8")

    ran = submit(tmp_path / "in", tmp_path / "out", "--as-of", DAY, "--output", "json")
    assert ran.returncode == 3, ran.stderr[-2000:]
    answers = read(tmp_path / "out" / "answers")
    assert [answer["row"] for answer in answers] == list(range(1, len(found) + 1))
    for answer, one, profile in zip(answers, expected, found, strict=True):
        assert {name: answer.get(name) for name in ("id", "decision", "services", "rules")} == {
            name: one[name] for name in ("id", "decision", "services", "rules")
        }
        assert (answer["range"], answer["as_of"]) == ([one["mildest"], one["strictest"]], DAY)
        undecided = one["decision"] == "incomplete"
        assert answer["missing"] == (missing_facts(law, profile.document.data, DAY) if undecided else [])
    rejects = read(tmp_path / "out" / "rejects")
    assert [(reject["row"], reject["input"]) for reject in rejects] == [(len(found) + 1 + i, bad[i]) for i in (0, 1)]
    assert all(reject["reasons"] and SECRET not in str(reject["reasons"]) for reject in rejects)
    counts = json.loads(ran.stdout)
    assert (counts["rows"], counts["rejected"]) == (len(found) + 2, 2)
    assert counts["decision"] == Counter(one["decision"] for one in expected)
    assert {rule: sum(row.values()) for rule, row in counts["rule"].items()} == Counter(
        rule for one in expected for rule in one["rules"]
    )


def test_screening_with_spark_writes_the_bytes_of_python(console: Console, small: Path) -> None:
    _, hints = shipped()
    draw = Profiles(random.Random(SEED + 41), hints)
    lines = [without_opinions(draw) for _ in range(40)]
    console.write("in.jsonl", "\n".join([*lines[:20], "{", *lines[20:]]) + "\n")
    for engine in ("spark", "python"):
        ran = console("screen", "in.jsonl", "-o", f"{engine}.jsonl", "--engine", engine, "--as-of", DAY, "--law", small)
        assert ran.code == 3, ran.err
        assert "41 rows, 1 rejected" in ran.out
    assert (console.folder / "spark.jsonl").read_bytes() == (console.folder / "python.jsonl").read_bytes()


def test_a_job_reads_and_writes_parquet_under_policies_of_a_folder(
    tmp_path: Path, small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """In the session of the test before, without missing facts."""
    import duckdb

    from vatspolicy.screening import spark_job as job

    _, hints = shipped()
    draw = Profiles(random.Random(SEED + 42), hints)
    found = [load_profile(json.loads(without_opinions(draw))) for _ in range(20)]
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE portfolio (profile VARCHAR)")
        texts = [(json.dumps(profile.document.data, ensure_ascii=False),) for profile in found]
        connection.executemany("INSERT INTO portfolio VALUES (?)", texts)
        connection.execute(f"COPY portfolio TO '{tmp_path / 'in.parquet'}' (FORMAT parquet)")
        options = ["--as-of", DAY, "--law", str(small), "--input", "parquet", "--no-missing"]
        assert job.main([str(tmp_path / "in.parquet"), str(tmp_path / "out"), *options]) == 0
        written = connection.execute(
            f"SELECT id, decision, rules FROM '{tmp_path / 'out' / 'answers'}/*.parquet' ORDER BY row"
        ).fetchall()
    of_the_day = load_bundle(small).on(DAY)
    expected = [decide(of_the_day, profile.facts, DAY) for profile in found]
    assert written == [(one["id"], one["decision"], one["rules"]) for one in expected]
    assert json.loads(capfd.readouterr().out)["decision"] == Counter(one["decision"] for one in expected)
    assert not (tmp_path / "out" / "rejects").exists()


def test_two_states_of_the_law_are_compared_as_by_the_other_engines(
    console: Console, small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """By `screen`, and by the job: the same answers, and the same counts of what moves."""
    from vatspolicy.screening import spark_job as job

    half = rule("half", "activity", "operator.foreign_percent > 50.0", "deny: {reason: SECTOR-NOT-OPEN}")
    law_of(console.folder / "head", half)
    draw = Profiles(random.Random(SEED + 43), shipped()[1])
    lines = [without_opinions(draw) for _ in range(400)]
    console.write("in.jsonl", "\n".join(lines) + "\n")
    summaries = []
    for engine in ("spark", "duckdb"):
        options = ("--engine", engine, "--diff", small, "head", "-f", "json", "--as-of", DAY)
        ran = console("screen", "in.jsonl", "-o", f"{engine}.jsonl", *options)
        assert ran.code == 0, ran.err
        summaries.append(json.loads(ran.out))
    expected = (console.folder / "duckdb.jsonl").read_bytes()
    assert (console.folder / "spark.jsonl").read_bytes() == expected
    capfd.readouterr()
    here = [str(console.folder / name) for name in ("in.jsonl", "out")]  # Java began in another folder
    assert job.main([*here, "--as-of", DAY, "--diff", str(small), "head", "--output", "json"]) == 0
    assert read(console.folder / "out" / "answers") == [json.loads(line) for line in expected.splitlines()]
    assert [json.loads(capfd.readouterr().out), *summaries] == [summaries[0]] * 3
    assert summaries[0]["moves"]
    assert summaries[0]["gains"].keys() == {"license/half"}
    assert summaries[0]["losses"].keys() == {"license/share"}


def test_a_job_decides_under_a_bundle(console: Console, small: Path) -> None:
    """Which names missing facts too, so that workers read it."""
    from vatspolicy.screening import spark_job as job

    assert console("bundle", "build", "--law", small, "--number", "1", "-o", "law.tar.gz").code == 0
    draw = Profiles(random.Random(SEED + 44), shipped()[1])
    lines = [without_opinions(draw) for _ in range(20)]
    console.write("in.jsonl", "\n".join(lines) + "\n")
    options = ("--as-of", DAY, "--bundle", "law.tar.gz", "--skip-verify")
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", *options)
    assert ran.code == 0, ran.err
    here = [str(console.folder / name) for name in ("in.jsonl", "out")]
    assert job.main([*here, *options, "--output", "json"]) == 0
    expected = (console.folder / "out.jsonl").read_bytes().splitlines()
    assert read(console.folder / "out" / "answers") == [json.loads(line) for line in expected]


def test_a_job_decides_under_layers(console: Console, small: Path) -> None:
    """In their order, above a folder and above a bundle: a layer denies, and the one above it replaces that rule."""
    from vatspolicy.screening import spark_job as job

    public = rule("public", "service", 'service.audience == "public"', DENIAL)
    group = rule("group", "service", 'service.audience == "own-group"', DENIAL)
    write_layer(console.folder / "company", "company", ("company/public",), company="rules:\n" + public)
    write_layer(console.folder / "unit", "unit", unit="rules:\n" + overriding("company/public", group))
    assert console("bundle", "build", "--law", small, "--number", "1", "-o", "law.tar.gz").code == 0
    draw = Profiles(random.Random(SEED + 45), shipped()[1])
    lines = [without_opinions(draw) for _ in range(40)]
    console.write("in.jsonl", "\n".join(lines) + "\n")

    def screen(*law: str | Path) -> list[dict[str, Any]]:
        ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--engine", "python", "--as-of", DAY, *law)
        assert ran.code == 0, ran.err
        return [json.loads(line) for line in (console.folder / "out.jsonl").read_bytes().splitlines()]

    company, unit = (str(console.folder / name) for name in ("company", "unit"))
    expected = screen("--law", small, "-p", company, "-p", unit)
    rules = {name for answer in expected for name in answer["rules"]}
    assert rules == {"classes/software", "unit/group"}
    assert expected != screen("--law", small, "-p", company) != screen("--law", small)
    layers = ("--policies", company, "--policies", unit)
    for name, law in (("folder", ("--law", str(small))), ("bundle", ("--bundle", "law.tar.gz", "--skip-verify"))):
        here = [str(console.folder / one) for one in ("in.jsonl", name)]
        assert job.main([*here, "--as-of", DAY, *law, *layers, "--output", "json"]) == 0
        assert read(console.folder / name / "answers") == expected, name


def test_a_job_says_what_is_wrong_with_its_arguments(
    tmp_path: Path, small: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """A day that is none decided under some law, once."""
    from vatspolicy.screening import spark_job as job

    (tmp_path / "in.jsonl").write_text("{}\n")
    (tmp_path / "taken" / "answers").mkdir(parents=True)
    (tmp_path / "law").mkdir()
    (tmp_path / "law" / "bundle.yaml").write_text("version: x\n")
    here = [str(tmp_path / "in.jsonl"), str(tmp_path / "out")]
    for arguments, code, message in (
        ([*here, "--as-of", "nonsense"], 2, "'nonsense' is not a day such as 2026-01-31"),
        ([*here, "--as-of", "2019-12-31", "--law", str(small)], 2, "is before 2020-01-01"),
        ([*here, "--as-of", DAY, "--law", str(tmp_path / "law")], 3, "bundle.yaml:1:"),
        ([*here, "--as-of", DAY, "--bundle", "none.tar.gz"], 3, "none.tar.gz"),
        ([*here, "--as-of", DAY, "--diff", str(small), "./none"], 2, "There is no folder './none'."),
        ([*here, "--as-of", DAY, "--law", str(small), "--skip-verify"], 2, "need --bundle"),
        ([str(tmp_path / "none"), here[1], "--as-of", DAY, "--law", str(small)], 2, "PATH_NOT_FOUND"),
        ([here[0], str(tmp_path / "taken"), "--as-of", DAY, "--law", str(small)], 2, "PATH_ALREADY_EXISTS"),
    ):
        try:
            ended = job.main(arguments)
        except SystemExit as error:
            ended = int(error.code or 0)
        complaint = capfd.readouterr().err
        assert (ended, message in complaint, "Traceback" in complaint) == (code, True, False), complaint
