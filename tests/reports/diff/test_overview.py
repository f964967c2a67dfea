"""The first screen of a comparison: one sentence, who is worse off, known products, and what a reviewer must decide."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support.project_builder import PROFILE, compare, policy, project
from vatspolicy.authoring.symbolic.verdicts import PAIRS, STRICTER_PAIRS
from vatspolicy.reports.diff import render
from vatspolicy.reports.diff.overview import overview, questions

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")
PLACED = {**PROFILE, "company": {"foreign_percent": 60, "registered": {"at": "beijing"}}}


def compared(folder: Path, head: str = MILDER, base: str = LAW, **settings: Any) -> dict[str, Any]:
    other = {**PROFILE, "product": {"id": "p65"}, "company": {"foreign_percent": 65}}
    fixtures = {
        "p60": PLACED,
        "p65": other,
        "p10": {**PROFILE, "product": {"id": "p10"}, "company": {"foreign_percent": 10}},
    }
    left = project(folder / "base", {"law": base}, fixtures)
    return compare(left, project(folder / "head", {"law": head}, fixtures), **settings)


def proved(data: dict[str, Any], *impossible: tuple[str, str]) -> dict[str, Any]:
    """The data with proofs that some changes of the word are impossible."""
    found = copy.deepcopy(data)
    entry = {"direction": "neither", "witness": None, "reason": ""}
    found["semantic"]["status"] = "evaluated"
    found["semantic"]["transitions"] = [
        {**entry, "before": a, "after": b, "verdict": "proved-impossible" if (a, b) in impossible else "unknown"}
        for a, b in PAIRS
    ]
    return found


def test_the_first_screen_says_what_happens_to_whom_where_and_from_when(tmp_path: Path) -> None:
    data = compared(tmp_path)
    first, effect, *rest = overview(data, "en")
    assert first == "Invented law: parameter cap (Cap): changed, from 2020-01-01; 50.0 → 70.0."
    assert effect == (
        "DENY → ALLOW from 2020-01-01, shown for companies and services as these: foreign share 60% to 65%; "
        "registered in Beijing; services: Data-center hosting or server rental for others [Invented law, art. 1]."
    )
    assert "Known products that change: 2 of 3: p60: DENY → ALLOW; p65: DENY → ALLOW." in rest
    for format in ("text", "markdown", "html"):
        told = " ".join(render(format, data, "en").replace("\\", "").split())
        assert told.index("Invented law: parameter cap") < told.index("Profiles: 3, on days: 2.")
    assert any(sentence.startswith("虚构法规：参数 cap") for sentence in overview(data, "zh"))


def test_several_edits_are_counted_under_their_regulation(tmp_path: Path) -> None:
    data = compared(tmp_path, MILDER.replace("when: term.is_foreign\n", "when: 'false'\n"))
    assert next(iter(overview(data, "en"))) == "2 edits of Invented law."


def test_no_edit_of_law_has_no_first_sentence(tmp_path: Path) -> None:
    assert list(overview(compared(tmp_path, LAW), "en")) == []


@pytest.mark.parametrize(
    ("impossible", "sentence"),
    [
        (tuple(STRICTER_PAIRS), "Nobody is worse off, which is proved for all profiles and days."),
        (
            tuple(pair for pair in STRICTER_PAIRS if "incomplete" not in pair),
            "Nobody whose decision was reached is worse off, which is proved; an incomplete decision can become stricter.",
        ),
        ((), "Whether anybody is worse off is not settled; no compared product is."),
    ],
)
def test_whether_anybody_is_worse_off(tmp_path: Path, impossible: Any, sentence: str) -> None:
    assert sentence in list(overview(proved(compared(tmp_path), *impossible), "en"))


def test_somebody_who_is_worse_off_is_not_hidden_by_a_proof(tmp_path: Path) -> None:
    data = proved(compared(tmp_path, LAW.replace("value: 50.0", "value: 5.0")), *STRICTER_PAIRS)
    assert "Somebody is worse off: ALLOW → DENY." in list(overview(data, "en"))


def test_what_a_reviewer_must_decide(tmp_path: Path) -> None:
    unread = LAW.replace("verification: primary", "verification: unverified")
    rule = "    deny: {reason: SHARE-ABOVE-CAP}\n"
    gate = LAW.replace(rule, f"{rule}    unwaivable: true\n")
    data = compared(tmp_path / "a", MILDER, gate)
    asked = list(questions(data, "en"))
    assert asked[0] == "May law/too-foreign be waived from now on? Until now nobody could."
    assert "Does the law say that decisions become milder?" in asked
    assert any(
        one.startswith("Is the law of past days wrong as it stands? 2 edits reach back: policies/law.yaml:")
        for one in asked
    )
    assert any(one.startswith("Which version is it? The version of the bundle must be at least") for one in asked)
    data = compared(tmp_path / "b", unread.replace("percent > param.cap", "percent >= param.cap"), unread)
    assert "Who compares the articles that nobody has read? They carry law/too-foreign." in list(questions(data, "en"))
    assert "- [ ] Does the law say" in render("markdown", compared(tmp_path / "c"), "en")


def test_what_is_not_settled_must_be_decided(tmp_path: Path) -> None:
    data = proved(compared(tmp_path), *[pair for pair in PAIRS if pair != ("allow", "deny")])
    assert "What was neither shown nor excluded: ALLOW → DENY. Is that acceptable?" in list(questions(data, "en"))
