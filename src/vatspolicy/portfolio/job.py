"""A job for a cluster: `spark-submit job.py INPUT OUTPUT --as-of DAY`. Spark reads, decides and writes.

INPUT: JSON lines, one profile a line (a file or a folder), or Parquet with one column `profile` of JSON text, on any
storage that Spark reads. OUTPUT becomes a folder with `answers` and, where a row is no valid profile, `rejects`; the
counts are printed, and are all that comes to the driver. Rows are numbered from 1 in the order of the input's files.

Checking and completing profiles, and naming missing facts, is Python on the workers; deciding is Spark's own (`spark`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.bundle import Bundle, load_bundle
from vatspolicy.day import is_day
from vatspolicy.errors import InvalidInput
from vatspolicy.portfolio.answer import missing_facts
from vatspolicy.portfolio.pieces import ROW
from vatspolicy.portfolio.read import Row, parsed
from vatspolicy.portfolio.relation import fact_columns
from vatspolicy.portfolio.spark import decide_frame, facts_schema, session
from vatspolicy.portfolio.summary import ALL_WORDS, Summary, region_of
from vatspolicy.portfolio.verify import Rejected, facts_in

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PREPARED = f"`{ROW}` BIGINT, profile STRING, region STRING, facts STRING, reasons ARRAY<STRING>"
"""What the workers make of a row: the facts as JSON, or the reasons why it is no profile."""


def prepare(rows: Iterable[tuple[str, int]]) -> Iterator[tuple[Any, ...]]:
    """Rows as text, numbered from 0, as `PREPARED` says. Blank lines are left out."""
    columns = fact_columns()
    for text, number in rows:
        if not text.strip():
            continue
        row = parsed(Row(number + 1, text))
        try:
            facts = facts_in(row)
        except Rejected as error:
            yield number + 1, text, None, None, error.reasons
            continue
        written = {ROW: number + 1, **{name: facts[name] for name in columns if name in facts}}
        yield number + 1, text, region_of(facts), json.dumps(written, ensure_ascii=False), None


def find_missing(policies: str | None, day: str, rows: Iterable[Any]) -> Iterator[tuple[int, list[str]]]:
    """The missing facts of rows whose decision is incomplete."""
    law = _bundle(policies).on(day)
    for row in rows:
        yield row[ROW], missing_facts(law, parsed(Row(row[ROW], row["profile"])).data, day)


def run(spark: SparkSession, source: str, target: str, day: str, options: argparse.Namespace) -> Summary:
    """Decide every row of the source, and write what was found below the target."""
    from pyspark.sql import functions as f

    texts = spark.read.parquet(source).select("profile") if options.input == "parquet" else spark.read.text(source)
    prepared = spark.createDataFrame(texts.rdd.map(lambda row: row[0]).zipWithIndex().mapPartitions(prepare), PREPARED)
    prepared = prepared.persist()  # answers, rejects and counts are made of it
    rejects = prepared.where("reasons IS NOT NULL").select(ROW, "reasons", f.col("profile").alias("input"))
    good = prepared.where("facts IS NOT NULL")
    facts = good.select(f.from_json("facts", facts_schema()).alias("found")).select("found.*")
    law = _bundle(options.policies).on(day)
    answers = decide_frame(spark, facts, law, day)
    answers = answers.select(
        ROW,
        "id",
        f.lit(day).alias("as_of"),
        "decision",
        f.array("mildest", "strictest").alias("range"),
        "services",
        "rules",
    )
    if options.missing:
        answers = answers.persist()
        undecided = answers.where("decision = 'incomplete'").select(ROW).join(good.select(ROW, "profile"), ROW)
        found = undecided.rdd.mapPartitions(partial(find_missing, options.policies, day))
        missing = spark.createDataFrame(found, f"`{ROW}` BIGINT, missing ARRAY<STRING>")
        none = f.array().cast("array<string>")
        answers = answers.join(missing, ROW, "left").withColumn("missing", f.coalesce("missing", none))
    answers.write.format(options.output).save(f"{target}/answers")
    written = spark.read.schema(answers.schema).format(options.output).load(f"{target}/answers")
    summary = _counts(written, good.select(ROW, "region"))
    summary.rejected = rejects.count()
    summary.rows += summary.rejected
    if summary.rejected:
        rejects.write.json(f"{target}/rejects")
    return summary


def _counts(answers: DataFrame, regions: DataFrame) -> Summary:
    """The summary of answers: Spark counts, and only counts come to the driver."""
    from pyspark.sql import functions as f

    summary = Summary()
    for word, count in answers.groupBy("decision").count().collect():
        summary.decision[word] = count
        summary.rows += count
    activity = answers.select(f.explode("services").alias("s")).select(f.explode("s.activities").alias("a"))
    tables = (
        (summary.region, answers.join(regions, ROW).groupBy("region", "decision")),
        (summary.cls, activity.select("a.class", "a.decision").groupBy("class", "decision")),
        (summary.rule, answers.select(f.explode("rules").alias("rule"), "decision").groupBy("rule", "decision")),
    )
    for table, groups in tables:
        for key, word, count in groups.count().collect():
            table[key][word] = count
    return summary


def _bundle(policies: str | None) -> Bundle:
    return load_bundle(Path(policies) if policies else None)


def _day(text: str) -> str:
    if not is_day(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31")
    return text


def main(arguments: list[str] | None = None) -> int:
    """The job. 0 when every row was decided, 3 when some are rejected, 5 when nothing was decided.

    2 for arguments that cannot be, such as an OUTPUT that is there already; 3, too, for policies that are not valid.
    """
    parser = argparse.ArgumentParser(description="Decide a portfolio on Spark.")
    parser.add_argument("source", metavar="INPUT")
    parser.add_argument("target", metavar="OUTPUT", help="a folder that does not exist yet")
    parser.add_argument("--as-of", required=True, metavar="DAY", type=_day)
    parser.add_argument("--policies", metavar="DIR", help="policies, in the same place on every machine")
    parser.add_argument("--input", choices=("lines", "parquet"), default="lines")
    parser.add_argument("--output", choices=("parquet", "json"), default="parquet")
    parser.add_argument("--no-missing", dest="missing", action="store_false", help="do not name missing facts")
    options = parser.parse_args(arguments)
    try:
        first = _bundle(options.policies).covers_from
    except InvalidInput as error:
        sys.stderr.write(f"{error}\n")
        return 3
    if options.as_of < first:
        parser.error(f"--as-of lies before {first}, the first day that the bundle covers")

    from pyspark.errors import AnalysisException

    spark = session()
    try:
        summary = run(spark, options.source, options.target, options.as_of, options)
    except AnalysisException as error:  # a place that is not there, or is taken
        parser.error(str(error).partition("\n")[0])
    finally:
        spark.stop()
    sys.stdout.write(json.dumps(summary.data(), ensure_ascii=False, indent=2) + "\n")
    return 3 if summary.rejected else 0 if sum(summary.decision[word] for word in ALL_WORDS) else 5


if __name__ == "__main__":
    # the functions that go to the workers must be those of the module, which they can import
    from vatspolicy.portfolio import job

    sys.exit(job.main())
