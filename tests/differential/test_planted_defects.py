"""Defects planted in the shipped law, each of which an analysis must find where it was planted."""

from __future__ import annotations

import importlib.util
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.effort import long_run, part
from vatspolicy.authoring.analysis.findings import KINDS, AnalysisReport
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.documents.schemas import resource_folder

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec("z3") is None, reason="z3 is not installed (the extra smt)"),
]

TRAVEL = "travel-agency-regulations"
START, END = "  - id: capital\n", "  - id: local-agency\n"


def twin(text: str, id: str, *changes: tuple[str, str]) -> str:
    """The rule on capital once more, under another id and with other words."""
    block = text[text.index(START) : text.index(END)].replace("id: capital", f"id: {id}")
    for old, new in changes:
        assert old in block
        block = block.replace(old, new)
    return block


def beside(id: str, *changes: tuple[str, str]) -> Callable[[str], str]:
    return lambda text: text.replace(END, twin(text, id, *changes) + END)


def versions(until: str, since: str) -> Callable[[str], str]:
    """The rule on capital in two versions."""
    first = ("    each:", f"    until: '{until}'\n    each:")
    return lambda text: beside("capital-before", first)(
        text.replace(f"{START}    cite", f"{START}    from: '{since}'\n    cite")
    ).replace(f"id: capital-before\n    from: '{since}'\n", "id: capital-before\n")


def instead(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


LEAST = "operator.registered_capital_rmb < param.min_capital_rmb"
PLANTED: dict[str, tuple[str, tuple[str, ...], Mapping[str, Callable[[str], str]]]] = {
    "more and less than the least capital": ("dead", (f"{TRAVEL}/capital",), {
        TRAVEL: instead(LEAST, f"{LEAST} && operator.registered_capital_rmb > param.min_capital_rmb")}),
    "curable and not": ("conflict", (f"{TRAVEL}/capital", f"{TRAVEL}/final"), {TRAVEL: beside("final", (", curable: true", ""))}),
    "a year without the rule": ("dates-missing", (f"{TRAVEL}/capital-before", f"{TRAVEL}/capital"), {TRAVEL: versions("2019-01-01", "2020-01-01")}),
    "a year with both versions": ("dates-overlap", (f"{TRAVEL}/capital-before", f"{TRAVEL}/capital"), {TRAVEL: versions("2021-01-01", "2020-01-01")}),
    "an amount that is written out": ("unused-parameter", (f"{TRAVEL}/min_capital_rmb",), {TRAVEL: instead(LEAST, "operator.registered_capital_rmb < 300000")}),
    "a listing nobody asks about": ("unread-fact", ("company.listing",), {
        name: lambda text: re.sub(r' && company\.listing (== "[a-z-]+"|in param\.listed_abroad)', "", text)
        for name in ("cybersecurity-review", "negative-list-general", "network-data-regulations")}),
}  # fmt: skip


def found_by(report: AnalysisReport) -> set[tuple[str, tuple[str, ...]]]:
    return {(finding.kind, finding.about) for finding in report.findings}


@pytest.mark.parametrize("name", part(PLANTED, 3))
def test_a_defect_planted_in_the_shipped_law_is_found(name: str, tmp_path: Path) -> None:
    kind, about, edits = PLANTED[name]
    folder = tmp_path / "policies"
    shutil.copytree(resource_folder("policies"), folder)
    for policy, edit in edits.items():
        path = next(folder.rglob(f"{policy}.yaml"))
        text = edit(path.read_text(encoding="utf-8"))
        assert text != path.read_text(encoding="utf-8")
        path.write_text(text, encoding="utf-8")
    scope = f"{TRAVEL}/*" if KINDS[kind].solver else "*"
    report = run_analysis(AnalysisRequest(LawStack(folder), kinds=(kind,), rules=scope, properties=False))
    assert (kind, about) in found_by(report), report.not_evaluated


@long_run
def test_without_them_the_shipped_law_has_none() -> None:
    solved = {kind for kind, _, _ in PLANTED.values() if KINDS[kind].solver}
    reports = [
        run_analysis(AnalysisRequest(kinds=tuple(sorted(solved)), rules=f"{TRAVEL}/*", properties=False)),
        run_analysis(AnalysisRequest(kinds=tuple({fault[0] for fault in PLANTED.values()} - solved), properties=False)),
    ]
    found = found_by(reports[0]) | found_by(reports[1])
    assert not found & {(kind, about) for kind, about, _ in PLANTED.values()}
