"""The table of planted faults in docs/analyzing-a-bundle.md says what the tests plant, and what they expect of it."""

from __future__ import annotations

import re
from collections import Counter

from tests.authoring.analysis.test_faults_in_the_law import FAULTS as IN_THE_LAW
from tests.authoring.analysis.test_findings import FAULTS as IN_A_SMALL_LAW
from tests.authoring.analysis.test_missed_faults import MISSED
from tests.authoring.analysis.test_swapped_thresholds import UNGRADED, swaps
from tests.differential.test_planted_defects import PLANTED
from tests.support.shipped import ROOT
from vatspolicy.authoring.analysis.findings import KINDS
from vatspolicy.authoring.analysis.settings import load_settings
from vatspolicy.bundles.select import LawStack

PAGE = ROOT / "docs" / "analyzing-a-bundle.md"


def expected_rows() -> list[list[str]]:
    """Rows by kind: planted, found, missed, false alarms. Each fault of the first three is found by its test."""
    found = Counter(fault.kind for faults in (IN_A_SMALL_LAW, IN_THE_LAW) for fault in faults.values())
    found += Counter(kind for kind, _, _ in PLANTED.values())
    alarms = Counter(entry.kind for entry in load_settings(LawStack()).accepted)
    rows = [(f"`{kind}`", (found[kind], found[kind], 0, alarms[kind])) for kind in KINDS if found[kind] or alarms[kind]]
    tried = len(swaps()) + 1  # one more is planted in the small law
    rows.append(("two thresholds swapped", (tried, tried - len(UNGRADED), len(UNGRADED), 0)))
    rows += [(name, (1, 0, 1, 0)) for name in MISSED]
    planted, right, missed, wrong = (sum(column) for column in zip(*(figures for _, figures in rows), strict=True))
    rows.append(("all", (planted, right, missed, wrong)))
    return [[name, *map(str, figures)] for name, figures in rows]


def test_the_table_says_what_the_tests_plant() -> None:
    section = PAGE.read_text(encoding="utf-8").partition("\n## Faults planted in tests\n")[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", section, re.MULTILINE)
    ]
    assert rows[0] == ["fault", "planted", "found", "missed", "false alarms"]
    assert rows[2:] == expected_rows()
    assert f"{len(IN_A_SMALL_LAW)} faults in a small invented law" in section
    assert f"{len(IN_THE_LAW) + len(PLANTED)} in the shipped law" in section
    assert f"plant {len(MISSED)} more faults" in " ".join(section.split())
    assert f"all {len(swaps())} swaps" in section
