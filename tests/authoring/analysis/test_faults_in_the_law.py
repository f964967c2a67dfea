"""Faults planted in a copy of the shipped law, each of which an analysis must find and name at the right clause."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.effort import LONG, part
from tests.support.solver import needs_solver
from vatspolicy.authoring.analysis.run import AnalysisRequest, run_analysis
from vatspolicy.bundles.select import LawStack
from vatspolicy.core.documents.schemas import resource_folder

TERMS_LATER = """\
  - id: terms-later
    cite: [art-9]
    each: service
    when: term.public_generative
    duty: {instrument: genai-user-terms, due: {within: 30, unit: calendar-day, after: launch}}
    message: {en: Sign an agreement with the users., zh: 与使用者签订服务协议。}
"""


@dataclass(frozen=True)
class Fault:
    """A fault: texts of one policy that are replaced."""

    policy: str
    changes: Sequence[tuple[str, str]]
    kind: str
    about: tuple[str, ...]
    says: str
    """Words of the message that name the clause."""


FAULTS = {
    "deadlines of two kinds for one filing": Fault(
        "generative-ai-measures",
        [("\nverified:\n", f"\n{TERMS_LATER}verified:\n")],
        "conflict",
        ("generative-ai-measures/user-agreement", "generative-ai-measures/terms-later"),
        "terms-later requires the same instrument by another day",
    ),
    "a class that needs no license any more": Fault(
        "telecom-regulations",
        [("term.vats && term.reaches_mainland\n    need:", 'term.vats && term.reaches_mainland && activity.class != "B26"\n    need:')],
        "gap",
        ("class=B26",),
        "class B26 never needs a license",
    ),
    "a month between two versions with other conditions": Fault(
        "negative-list-general",
        [
            (
                "id: film-television-outside-cepa\n    cite: [film-television, film-hong-kong]\n    each: service\n    from: '2025-03-01'",
                "id: film-television-outside-cepa\n    cite: [film-television, film-hong-kong]\n    each: service\n    from: '2025-04-01'",
            )
        ],
        "dates-missing",
        ("negative-list-general/film-television", "negative-list-general/film-television-outside-cepa"),
        "film-television ends on 2025-03-01; film-television-outside-cepa",
    ),
}  # fmt: skip


def groups() -> list[list[str]]:
    """Names of faults, at most one of each policy in a group: those of a group are planted in one copy of the law."""
    found: list[list[str]] = []
    for name, fault in FAULTS.items():
        free = [group for group in found if fault.policy not in {FAULTS[one].policy for one in group}]
        if not free:
            free = [[]]
            found += free
        free[0].append(name)
    return found


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The copy of the shipped law in which each fault is planted."""
    copies: dict[str, Path] = {}
    for group in groups():
        folder = tmp_path_factory.mktemp("law") / "law"
        shutil.copytree(resource_folder("policies"), folder, ignore=shutil.ignore_patterns("*.test.yaml"))
        for name in group:
            path = next(folder.rglob(f"{FAULTS[name].policy}.yaml"))
            text = path.read_text(encoding="utf-8")
            for before, after in FAULTS[name].changes:
                assert text.count(before) >= 1, before
                text = text.replace(before, after)
            path.write_text(text, encoding="utf-8")
            copies[name] = folder
    return copies


@needs_solver
@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if LONG or fault.kind != "gap"])
def test_a_fault_in_the_law_is_found(name: str, planted: dict[str, Path]) -> None:
    fault = FAULTS[name]
    request = AnalysisRequest(LawStack(planted[name]), (fault.kind,), f"{fault.policy}/*", properties=False)
    report = run_analysis(request)
    found = [finding for finding in report.failing if set(finding.about) == set(fault.about)]
    assert found, [(finding.about, finding.message["en"]) for finding in report.failing]
    assert fault.says in found[0].message["en"]
    assert fault.policy in found[0].file
    assert report.exit_code == 1


@needs_solver
@pytest.mark.parametrize("name", part(FAULTS, 3))
def test_the_law_without_the_fault_has_none(name: str) -> None:
    report = run_analysis(
        AnalysisRequest(kinds=(FAULTS[name].kind,), rules=f"{FAULTS[name].policy}/*", properties=False)
    )
    assert [(finding.about, finding.message["en"]) for finding in report.failing] == []
    assert report.not_evaluated == ()
