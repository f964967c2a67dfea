"""Spark: the queries of `combine` in its dialect, here or on a cluster. No function of Python decides a row."""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vatspolicy.expression.types import INT
from vatspolicy.law import Law
from vatspolicy.portfolio.combine import ROW, steps, text_of
from vatspolicy.portfolio.relation import fact_columns, sql_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession


def session() -> SparkSession:
    """The session that `spark-submit` began, or one on two cores of this machine."""
    from pyspark.sql import SparkSession

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if (active := SparkSession.getActiveSession()) is not None:
        return active
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    settings = {
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
    found = builder.getOrCreate()
    found.sparkContext.setLogLevel("OFF")
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    return found


def facts_schema() -> str:
    """The columns of a table of facts, as Spark writes a schema: `row`, and every fact at the top of a profile."""
    columns = {ROW: INT, **fact_columns()}
    return ", ".join(f"`{name}` {sql_type(type).sql('spark')}" for name, type in columns.items())


def decide_frame(spark: SparkSession, profiles: DataFrame, law: Law, day: str) -> DataFrame:
    """The answers about a frame of facts (`facts_schema`): row, id, decision, mildest, strictest, services, rules."""
    profiles.createOrReplaceTempView("profiles")
    found = profiles
    for step in steps(law, day):
        found = spark.sql(text_of(step.query, "spark"))
        if step.name in ("service_answers", "activity_answers"):
            found = found.cache()  # they are read twice, and are what takes time
        found.createOrReplaceTempView(step.name)
    return found


class SparkDecider:
    """The law of one day, ready to decide batches."""

    def __init__(self, spark: SparkSession, law: Law, day: str) -> None:
        self._spark, self._law, self._day = spark, law, day

    def decide(self, facts: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The answers, in order, as `answer.decide` gives them."""
        columns = fact_columns()
        with tempfile.TemporaryDirectory(prefix="vatspolicy-") as folder:
            path = Path(folder) / "facts.jsonl"
            with path.open("w", encoding="utf-8") as file:
                for index, one in enumerate(facts):
                    row = {ROW: index, **{name: one[name] for name in columns if name in one}}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
            frame = self._spark.read.schema(facts_schema()).json(str(path))
            found = decide_frame(self._spark, frame, self._law, self._day).orderBy(ROW).collect()
            self._spark.catalog.clearCache()
        return [{name: value for name, value in row.asDict(recursive=True).items() if name != ROW} for row in found]
