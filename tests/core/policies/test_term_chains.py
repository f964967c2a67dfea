"""Terms that name terms: a chain has a limit with a sentence, and costs as much as it is long."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.law_builder import bundle_of, rule
from tests.support.layer_builder import LAW
from vatspolicy.errors import InvalidInput

MORE = "company.foreign_percent > 5.0"


def problems_of(folder: Path, bodies: list[str], used: int) -> list[str]:
    """Return the problems of a policy with the terms t0, t1, …, one of which a rule uses."""
    terms = "terms:\n" + "".join(f"  t{number}: {body}\n" for number, body in enumerate(bodies))
    limits = terms + "rules:\n" + rule("relay", "service", f"term.t{used}", "deny: {reason: SECTOR-NOT-OPEN}")
    with pytest.raises(InvalidInput) as refused:
        bundle_of(folder, **LAW | {"limits": limits})
    return [str(problem) for problem in refused.value.problems]


@pytest.mark.parametrize("length", [120, 250, 2000])
@pytest.mark.parametrize("downward", [True, False], ids=["each names the next", "each names the one before"])
def test_a_long_chain_of_terms_is_refused_with_a_place(tmp_path: Path, length: int, downward: bool) -> None:
    bodies = [MORE, *(f"term.t{number} && {MORE}" for number in range(length - 1))]
    if downward:
        bodies = [*(f"term.t{number + 1} && {MORE}" for number in range(length - 1)), MORE]
    problems = problems_of(tmp_path / "policies", bodies, 0 if downward else length - 1)
    assert any(
        "limits.yaml:" in problem and "nested deeper than 100 levels, including its terms" in problem
        for problem in problems
    )
    assert max(map(len, problems)) < 600, "no message repeats the chain"


def test_terms_that_name_the_one_before_twice_cost_their_length(tmp_path: Path) -> None:
    began = time.process_time()
    problems = problems_of(tmp_path / "policies", [MORE, *(f"term.t{n} && term.t{n}" for n in range(60))], 60)
    assert "more than 10000 parts" in problems[0]
    assert time.process_time() - began < 6
