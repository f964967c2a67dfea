"""Spark decides as the evaluator does, in a real `local[2]` with Java. One session serves the file: it takes long to start."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from generators import Profiles
from test_differential import SEED, TIMES, shipped

from vatspolicy.portfolio.answer import decide

pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
pytest.importorskip("sqlglot", reason="the extra `spark` is not installed")
if shutil.which("java") is None:
    pytest.skip("there is no Java", allow_module_level=True)

from vatspolicy.portfolio.spark import SparkDecider, session

pytestmark = [
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    found = session()
    yield found
    found.stop()


def test_whole_decisions_on_random_profiles(spark: Any) -> None:
    bundle, hints = shipped()
    profiles = Profiles(random.Random(SEED + 40), hints)
    facts = [profiles.profile().facts for _ in range(100 * TIMES)]
    law = bundle.on("2026-01-01")
    expected = [decide(law, one, "2026-01-01") for one in facts]
    assert SparkDecider(spark, law, "2026-01-01").decide(facts) == expected
    assert len(Counter(answer["decision"] for answer in expected)) >= 3
