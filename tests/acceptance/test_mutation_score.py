"""The tests of the law notice nearly every small mistake in it."""

from __future__ import annotations

from tests.support.effort import long_run
from tests.support.shipped import FIXTURES, shipped_bundle
from vatspolicy.authoring.mutation.report import mutate
from vatspolicy.authoring.mutation.run import MutantSelection
from vatspolicy.authoring.testing.runner import all_cases

LEAST = 95.0
"""Percent of the mistakes that the tests notice; those that are proved to change nothing are not looked for here."""


@long_run
def test_tests_of_the_law_notice_nearly_every_mistake() -> None:
    bundle = shipped_bundle()
    report = mutate(bundle, all_cases(bundle, FIXTURES), MutantSelection(), suggestions=False)
    assert report.failing == ()
    assert len(report.results) > 9000
    assert report.whole.percent >= LEAST, "\n".join(report.told())
