"""Spark engine: the queries of `sql_decision`, on this machine or a cluster. No Python function decides a row."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from vatspolicy.core.cel.sql import column
from vatspolicy.core.cel.types import INT
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.policies.ruleset import RuleSet
from vatspolicy.screening.result import RowAnswer
from vatspolicy.screening.rule_columns import names_in
from vatspolicy.screening.sql_decision import reported_rules, steps, text_of
from vatspolicy.screening.sql_expressions import ROW, fact_columns, named, select, sql_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql import Row as SparkRow


def open_session() -> SparkSession:
    """Return the session of `spark-submit`, or open one on two cores of this machine."""
    from pyspark.sql import SparkSession

    if "PYSPARK_GATEWAY_PORT" in os.environ:  # spark-submit configures the session and its Python
        builder = SparkSession.builder.appName("vatspolicy").config("spark.sql.session.timeZone", "UTC")
        return builder.getOrCreate()
    if (active := SparkSession.getActiveSession()) is not None:
        return active
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
        "spark.sql.adaptive.enabled": "false",  # plans are large, and planning again takes longer than a batch
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[2]").appName("vatspolicy")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    return session


def facts_schema() -> str:
    """Return the schema of a table of facts in Spark's notation: `row`, and every fact at the top of a profile."""
    columns = {ROW: INT, **fact_columns()}
    return ", ".join(f"`{name}` {sql_type(type).sql('spark')}" for name, type in columns.items())


def decide_frame(spark: SparkSession, profiles: DataFrame, ruleset: RuleSet, day: str) -> DataFrame:
    """Return the answers for a frame of facts (`facts_schema`): row, and the keys of `engines.decide`."""
    profiles.createOrReplaceTempView("profiles")
    frame = profiles
    for step in steps(ruleset, day):
        frame = spark.sql(text_of(step.query, "spark"))
        if step.name in ("service_answers", "activity_answers"):
            frame = frame.cache()  # both are read twice and take the most time
        frame.createOrReplaceTempView(step.name)
    answers = [column(name) for name in (ROW, "id", "decision", "mildest", "strictest", "services")]
    query = select(*answers, named(names_in(reported_rules(ruleset)), "rules")).from_("decisions")
    return spark.sql(text_of(query, "spark"))


class SparkEngine:
    """Engine on Spark."""

    def __init__(self, spark: SparkSession, rulesets: Sequence[RuleSet], day: str, scratch: Path) -> None:
        self._spark, self._rulesets, self._day, self._scratch = spark, rulesets, day, scratch

    def decide(self, facts: Iterable[Facts]) -> Iterator[tuple[RowAnswer, ...]]:
        """Yield the answers, in order."""
        columns = fact_columns()
        with tempfile.TemporaryDirectory(prefix="spark-", dir=self._scratch) as folder:
            path = Path(folder).resolve() / "facts.jsonl"  # Java may have started in another folder
            with path.open("w", encoding="utf-8") as file:
                for index, profile in enumerate(facts):
                    row = {ROW: index, **{name: profile[name] for name in columns if name in profile}}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
            frame = self._spark.read.schema(facts_schema()).json(str(path))
            frames = [decide_frame(self._spark, frame, ruleset, self._day).orderBy(ROW) for ruleset in self._rulesets]
            for rows in zip(*(frame.collect() for frame in frames), strict=True):
                yield tuple(_answer(row) for row in rows)
            self._spark.catalog.clearCache()


def _answer(row: SparkRow) -> RowAnswer:
    return cast("RowAnswer", {name: value for name, value in row.asDict(recursive=True).items() if name != ROW})
