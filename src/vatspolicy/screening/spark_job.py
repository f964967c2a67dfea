"""Entry point for a cluster: `spark-submit spark_job.py INPUT OUTPUT --as-of DAY`.

INPUT: JSON lines, one profile per line (a file or a folder), or Parquet with one column `profile` of JSON text, on any
storage that Spark reads. OUTPUT becomes a folder with `answers` and, if a row has no valid profile, `rejects`. The job
prints the counts; no other data reaches the driver. Rows are numbered from 1 in the order of the input's files.

Workers validate and complete profiles, and name missing facts, in Python; Spark itself decides (`spark_engine`).
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy import clock
from vatspolicy.clock import LAST, is_day
from vatspolicy.core.engine.result import encode
from vatspolicy.core.policies.modelled import UnknownField
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.opinions import admit_opinions
from vatspolicy.git import SourceError
from vatspolicy.i18n import _
from vatspolicy.screening.engines import LawSource, missing_facts
from vatspolicy.screening.input import PortfolioRow, Rejected, parse_row, read_facts
from vatspolicy.screening.result import ScreenReport
from vatspolicy.screening.spark_engine import decide_frame, facts_schema, open_session
from vatspolicy.screening.sql_expressions import ROW, fact_columns
from vatspolicy.screening.summary import ALL_WORDS, PortfolioSummary, region_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql import Row as SparkRow

PREPARED = f"`{ROW}` BIGINT, profile STRING, region STRING, facts STRING, reasons ARRAY<STRING>"
"""Schema of a prepared row: the facts as JSON, or the reasons why it has no valid profile."""


def prepare_rows(source: LawSource, rows: Iterable[tuple[str, int]], today: str = LAST) -> Iterator[tuple[object, ...]]:
    """Yield rows of the schema `PREPARED` from texts numbered from 0. Blank lines are skipped."""
    bundle, _ = source.load()
    columns = fact_columns()
    for text, number in rows:
        if not text.strip():
            continue
        row = parse_row(PortfolioRow(number + 1, text))
        try:
            facts = read_facts(row, bundle.schemas, lambda profile: admit_opinions(bundle, profile, today, None, today))
        except Rejected as error:
            reasons = [str.__str__(reason) for reason in error.reasons]  # Spark takes no subclass of str
            yield number + 1, text, None, None, reasons
            continue
        written = {ROW: number + 1, **{name: facts[name] for name in columns if name in facts}}
        yield number + 1, text, region_of(facts), json.dumps(written, ensure_ascii=False), None


def find_missing(source: LawSource, day: str, rows: Iterable[SparkRow]) -> Iterator[tuple[int, list[str]]]:
    """Yield the missing facts of rows whose decision is incomplete. No opinion of a row is granted on a cluster."""
    bundle, _ = source.load()
    ruleset = bundle.on(day)
    for row in rows:
        yield (
            row[ROW],
            missing_facts(ruleset, {**parse_row(PortfolioRow(row[ROW], row["profile"])).data, "opinions": []}, day),
        )


def run(
    spark: SparkSession, source: LawSource, options: argparse.Namespace, rulesets: Sequence[RuleSet]
) -> PortfolioSummary:
    """Decide every row under the first of the rulesets, and write answers and rejects below the target."""
    from pyspark.sql import functions as f

    day, target, files = options.as_of, options.target, spark.read
    texts = (
        files.parquet(options.source).select("profile") if options.input == "parquet" else files.text(options.source)
    )
    rows = (
        texts.rdd.map(lambda row: row[0])
        .zipWithIndex()
        .mapPartitions(partial(prepare_rows, source, today=clock.today()))
    )
    prepared = spark.createDataFrame(rows, PREPARED).persist()  # answers, rejects and counts read it
    rejects = prepared.where("reasons IS NOT NULL").select(ROW, "reasons", f.col("profile").alias("input"))
    good = prepared.where("facts IS NOT NULL")
    facts = good.select(f.from_json("facts", facts_schema()).alias("found")).select("found.*")
    ruleset, *earlier = rulesets
    answers = decide_frame(spark, facts, ruleset, day)
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
        found = undecided.rdd.mapPartitions(partial(find_missing, source, day))
        missing = spark.createDataFrame(found, f"`{ROW}` BIGINT, missing ARRAY<STRING>")
        none = f.array().cast("array<string>")
        answers = answers.join(missing, ROW, "left").withColumn("missing", f.coalesce("missing", none))
    for before in earlier:
        answers = _compared(answers, decide_frame(spark, facts, before, day))
    answers.write.format(options.output).save(f"{target}/answers")
    written = spark.read.schema(answers.schema).format(options.output).load(f"{target}/answers")
    summary = _counts(written, good.select(ROW, "region"))
    summary.rejected = rejects.count()
    summary.rows += summary.rejected
    if summary.rejected:
        rejects.write.json(f"{target}/rejects")
    return summary


def _compared(answers: DataFrame, before: DataFrame) -> DataFrame:
    """Add the decision before a change of the law, and the gains and losses of `summary.compare_rules`."""
    from pyspark.sql import functions as f

    before = before.select(ROW, f.col("decision").alias("base"), f.col("rules").alias("old"))
    gains, losses = f.array_except("rules", "old"), f.array_except("old", "rules")
    both = answers.join(before, ROW)
    return both.withColumn("gains", f.sort_array(gains)).withColumn("losses", f.sort_array(losses)).drop("old")


def _counts(answers: DataFrame, regions: DataFrame) -> PortfolioSummary:
    """Count the answers on Spark, so that only counts reach the driver."""
    from pyspark.sql import functions as f

    summary = PortfolioSummary()
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
    if "base" in answers.columns:
        for base, word, count in answers.where("base <> decision").groupBy("base", "decision").count().collect():
            summary.moves[f"{base}->{word}"] = count
        for name, counts in (("gains", summary.gains), ("losses", summary.losses)):
            for rule, count in answers.select(f.explode(name).alias("rule")).groupBy("rule").count().collect():
                counts[rule] = count
    return summary


def _law(options: argparse.Namespace) -> LawSource:
    """Return the law that the options name, with paths that hold in other processes too."""
    named = (options.law, options.bundle, options.key)
    law, bundle, key = (Path(given).resolve() if given else None for given in named)
    layers = tuple(Path(given).resolve() for given in options.policies)
    return LawSource(law, layers, bundle, key, options.skip_verify, options.diff and tuple(options.diff), Path.cwd())


def _day(text: str) -> str:
    if not is_day(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-01-31")
    return text


def main(arguments: list[str] | None = None) -> int:
    """Run the job and return its exit code.

    0: every row was decided; 2: the arguments cannot be used (such as an existing OUTPUT); 3: rows were rejected, or
    the policies are invalid; 5: nothing was decided.
    """
    parser = argparse.ArgumentParser(description="Decide a portfolio on Spark.")
    parser.add_argument("source", metavar="INPUT")
    parser.add_argument("target", metavar="OUTPUT", help="a folder that does not exist yet")
    parser.add_argument("--as-of", required=True, metavar="DAY", type=_day)
    parser.add_argument(
        "--policies",
        metavar="DIR",
        action="append",
        default=[],
        help="a layer above the law, in the same place on every machine; repeatable, the lowest first",
    )
    parser.add_argument("--law", metavar="DIR", help="a folder of policies, in the same place on every machine")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--bundle", metavar="FILE", help="a bundle, in the same place on every machine")
    chosen.add_argument(
        "--diff", nargs=2, metavar=("BASE", "HEAD"), help="decide under two states: git revisions, folders or bundles"
    )
    signed = parser.add_mutually_exclusive_group()
    signed.add_argument("--key", metavar="FILE", help="the public key that signed the bundle")
    signed.add_argument("--skip-verify", action="store_true", help="skip signature verification")
    parser.add_argument("--input", choices=("lines", "parquet"), default="lines")
    parser.add_argument("--output", choices=("parquet", "json"), default="parquet")
    parser.add_argument("--no-missing", dest="missing", action="store_false", help="do not name missing facts")
    options = parser.parse_args(arguments)
    if (options.key or options.skip_verify) and not options.bundle:
        parser.error("--key and --skip-verify belong to --bundle")
    if options.bundle and options.law:
        parser.error(_("--law and --bundle cannot be combined."))
    law_source = _law(options)
    try:
        bundles = [bundle for bundle in law_source.load() if bundle is not None]
    except SourceError as error:
        parser.error(str(error))
    except InvalidInput as error:
        sys.stderr.write(f"{error}\n")
        return 3
    first = max(bundle.covers_from for bundle in bundles)
    if options.as_of < first:
        parser.error(_("--as-of is before {first}, the first day that the bundle covers", first=first))

    from pyspark.errors import AnalysisException

    spark = open_session()
    try:
        summary = run(spark, law_source, options, [bundle.on(options.as_of) for bundle in bundles])
    except (AnalysisException, UnknownField) as error:  # a path that does not exist, or exists already
        parser.error(str(error).partition("\n")[0])
    finally:
        spark.stop()
    laws = tuple(bundle.identity for bundle in reversed(bundles))
    sys.stdout.write(json.dumps(encode(ScreenReport(laws, summary.totals())), ensure_ascii=False, indent=2) + "\n")
    return 3 if summary.rejected else 0 if sum(summary.decision[word] for word in ALL_WORDS) else 5


if __name__ == "__main__":
    # workers import the functions by the name of this module, not from __main__
    from vatspolicy.screening import spark_job as job

    sys.exit(job.main())
