"""A portfolio on Spark: `spark-submit spark.py INPUT OUTPUT --as-of DAY`. Its workers run the evaluator (`decide`).

INPUT: JSON lines, one profile per line (a file or a folder), or Parquet with one column `profile` of JSON text, on any
storage that Spark reads. OUTPUT becomes a folder with `answers` and, if a row has no valid profile, `rejects`. The
driver receives and prints the counts alone. Rows are numbered from 1 in the order of the input's files.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.bundles.select import choose_law
from vatspolicy.clock import is_day, today
from vatspolicy.core.engine.result import encode
from vatspolicy.errors import InvalidInput
from vatspolicy.git import SourceError
from vatspolicy.i18n import _
from vatspolicy.screening.decide import Decider, load_two
from vatspolicy.screening.input import PortfolioRow
from vatspolicy.screening.parts import answer_columns
from vatspolicy.screening.result import ScreenReport, Totals
from vatspolicy.screening.summary import ALL_WORDS, PortfolioSummary

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyspark.sql import SparkSession

KINDS = ("answer", "reject", "counts")
"""Columns of the lines that a worker writes: each line has a value in one of them."""


def load_decider(options: argparse.Namespace) -> Decider:
    """Return the decider, in any process. Raises InvalidInput, SourceError, and ValueError for a day before the law."""
    if options.diff:
        bundle, base = load_two((options.diff[0], options.diff[1]), options.folder, options.law, options.policies)
    else:
        law = choose_law(options.law, options.bundle, options.key, options.skip_verify, layers=options.policies)
        bundle, base = law.load().bundle, None
    decider = Decider(bundle, base, options.as_of, options.missing, options.today)
    decider.prepare()
    return decider


def decide_batches(options: argparse.Namespace, batches: Iterator[RecordBatch]) -> Iterator[RecordBatch]:
    """Yield the lines about batches of texts and their numbers from 0, and at the end the counts of all."""
    import pyarrow as pa

    def write(found: list[tuple[str, str]]) -> RecordBatch:
        rows = [{kind: line} for kind, line in found]
        return pa.RecordBatch.from_pylist(rows, pa.schema([(kind, pa.string()) for kind in KINDS]))

    decider, summary = load_decider(options), PortfolioSummary()
    for batch in batches:
        found = []
        for row in batch.to_pylist():
            text = row["profile"] or ""
            if text.strip() or row["profile"] is None:
                line, is_answer = decider.decide(PortfolioRow(row["number"] + 1, text), summary)
                found.append((KINDS[not is_answer], line.rstrip("\n")))
        yield write(found)
    yield write([("counts", json.dumps(asdict(summary.totals())))])


def run(spark: SparkSession, options: argparse.Namespace) -> PortfolioSummary:
    """Decide every row, and write answers and rejects below the target."""
    from pyspark.sql import functions as f
    from pyspark.sql.pandas.types import from_arrow_schema

    folder, files = f"{options.target}/answers", spark.read
    texts = (files.parquet if options.input == "parquet" else files.text)(options.source)
    rows = spark.createDataFrame(texts.rdd.map(lambda row: row[0]).zipWithIndex(), "profile STRING, number BIGINT")
    written = rows.mapInArrow(partial(decide_batches, options), " STRING, ".join((*KINDS, "")).rstrip(", "))
    lines = written.persist()  # each output reads it
    answers, rejects, counts = (lines.where(f"{kind} IS NOT NULL").select(kind) for kind in KINDS)
    if options.output == "parquet":
        columns = from_arrow_schema(answer_columns(options.missing, bool(options.diff)))
        answers.select(f.from_json("answer", columns).alias("found")).select("found.*").write.parquet(folder)
    else:
        answers.write.text(folder)
    summary = PortfolioSummary()
    for (line,) in counts.collect():
        summary.add(Totals(**json.loads(line)))
    if summary.rejected:
        rejects.write.text(f"{options.target}/rejects")
    return summary


def main(arguments: list[str] | None = None) -> int:
    """Run the job. Return 0 if every row was decided, 3 for rejected rows or invalid policies, 5 for no decision.

    It ends with 2 for arguments that cannot be used, such as an OUTPUT that exists.
    """
    parser = argparse.ArgumentParser(description="Decide a portfolio on Spark; each machine has the law at one path.")
    here = Path.cwd()
    parser.set_defaults(folder=here, today=today())
    one_of, signed = parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group()
    add = parser.add_argument
    add("source", metavar="INPUT")
    add("target", metavar="OUTPUT", help="a folder that does not exist yet")
    add("--as-of", required=True, metavar="DAY")
    add("--law", metavar="DIR", type=here.joinpath, help="a folder of policies")
    add("--policies", metavar="DIR", type=here.joinpath, action="append", default=[], help="a layer; repeatable")
    one_of.add_argument("--bundle", metavar="FILE", type=here.joinpath)
    one_of.add_argument("--diff", nargs=2, metavar=("BASE", "HEAD"), help="two revisions, folders or bundles")
    signed.add_argument("--key", metavar="FILE", type=here.joinpath, help="the public key that signed the bundle")
    signed.add_argument("--skip-verify", action="store_true", help="skip signature verification")
    add("--input", choices=("lines", "parquet"), default="lines")
    add("--output", choices=("parquet", "json"), default="parquet")
    add("--no-missing", dest="missing", action="store_false", help="do not name missing facts")
    options = parser.parse_args(arguments)
    if not is_day(options.as_of):
        parser.error(_("--as-of {day!r} is not a day such as 2026-01-31", day=options.as_of))
    if bool(options.law) >= bool(options.bundle) and (options.bundle or options.key or options.skip_verify):
        parser.error(_("--key and --skip-verify need --bundle, and --bundle replaces --law"))
    try:
        decider = load_decider(options)
    except InvalidInput as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except (SourceError, ValueError) as error:
        parser.error(str(error))
    from pyspark.errors import AnalysisException
    from pyspark.sql import SparkSession

    spark = SparkSession.builder.appName("vatspolicy").getOrCreate()
    try:
        summary = run(spark, options)
    except AnalysisException as error:  # a path that does not exist, or exists already
        parser.error(str(error).partition("\n")[0])
    finally:
        spark.stop()
    laws = tuple(bundle.identity for bundle in reversed(decider.laws))
    sys.stdout.write(json.dumps(encode(ScreenReport(laws, summary.totals())), ensure_ascii=False, indent=2) + "\n")
    return 3 if summary.rejected else 0 if any(summary.decision[word] for word in ALL_WORDS) else 5


if __name__ == "__main__":
    # workers import the functions by the name of this module, not from __main__
    from vatspolicy.screening import spark as job

    sys.exit(job.main())
