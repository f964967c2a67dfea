"""docs/coverage.md: every sentence of the article and every rule candidate leads to something that exists, or to a reason."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from tests.support.shipped import ROOT, policy_file, shipped_bundle
from vatspolicy.core.documents import load_document
from vatspolicy.core.policies.bundle import Bundle

PAGE = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")

SECTIONS = {
    "I. Introduction": {"I"},
    "II. Legal framework": {"II"},
    "III. Pilot: special license and requirements": {"III"},
    "IV. Licensing guidance": {"IV"},
    "V. Compliance recommendations": {"V", "V(a)", "V(b)"},
    "VI. Business models and acquisitions": {"VI"},
    "VII. Conclusion": {"VII"},
}
NOTES = {"II.note-1", "II.note-2", "II.note-3"}
"""The two notes below the table of the article; the second says two things."""
REQUIREMENTS = ["General requirement 1", "General requirement 2", "General requirement 3", "General requirement 4"]
REQUIREMENTS += ["Special requirement 1", "Special requirement 2"]
"""The numbered list of the pilot."""


def numbered(letter: str, last: int) -> set[str]:
    return {f"{letter}{number:02}" for number in range(1, last + 1)}


CANDIDATES = (
    numbered("V", 54) | {"V16a", "V34a"} | numbered("A", 10) | numbered("B", 19) | numbered("C", 10)
    | numbered("D", 15) | numbered("E", 11) | numbered("F", 8) | numbered("G", 13)
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    heading: str
    id: str
    about: str
    where: str

    @property
    def names(self) -> list[str]:
        return re.findall(r"`([^`]+)`", self.where)


def rows(text: str) -> list[Row]:
    found, heading = [], ""
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ")
        elif line.startswith("|") and not line.startswith(("|---", "| sentence |", "| candidate |", "| point |")):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            assert len(cells) == 3, line
            found.append(Row(heading, *cells))
    return found


def part(title: str) -> list[Row]:
    _, _, rest = PAGE.partition(f"\n## {title}\n")
    return rows(rest.partition("\n## ")[0])


ARTICLE, CANDIDATE_ROWS, OTHERS = part("The article"), part("Rule candidates"), part("Other points of the research")
ROWS = ARTICLE + CANDIDATE_ROWS + OTHERS


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def why_unknown(bundle: Bundle, name: str) -> str:
    """What is wrong with a name of the page; empty if it exists."""
    if name.startswith("fixtures/"):
        return (
            "" if (ROOT / f"{name}.yaml").is_file() and (ROOT / f"{name}.expect.yaml").is_file() else "no such fixture"
        )
    if name.startswith("tests/"):
        return "" if (ROOT / name).is_file() else "no such test file"
    policy, slash, rule = name.partition("/")
    id, colon, test = name.partition(": ")
    if slash:
        known = {r.id for r in bundle.policies[policy].rules} if policy in bundle.policies else set()
        return "" if rule in known else "no such rule"
    if colon:
        if id not in bundle.policies:
            return "no such policy"
        cases = load_document(policy_file(f"{id}.test")).data["cases"]
        return "" if test in {case["it"] for case in cases} else "no such test in the policy"
    return "" if name in bundle.policies else "no such policy"


def test_the_page_is_read_whole() -> None:
    tables = [line for line in PAGE.splitlines() if re.match(r"\| (?!sentence|candidate|point)", line)]
    assert len(ROWS) == len(tables) > 150


def test_every_name_exists(bundle: Bundle) -> None:
    wrong = {f"{row.id}: {name}: {why}" for row in ROWS for name in row.names if (why := why_unknown(bundle, name))}
    assert wrong == set()


@pytest.mark.parametrize(
    "name",
    [
        "vats-pilot-2024/no-such-rule",
        "no-such-policy/pilot-access",
        "fixtures/none",
        "tests/test_none.py",
        "none",
        "vats-pilot-2024: covers the moon",
        "none: covers all of Beijing",
    ],
)
def test_a_name_that_does_not_exist_is_noticed(bundle: Bundle, name: str) -> None:
    assert why_unknown(bundle, name)


def test_every_row_leads_somewhere() -> None:
    empty = [row.id for row in ROWS if not row.about or not row.where]
    nowhere = [row.id for row in ROWS if not row.names and not re.match(r"Left out( as a rule)?: .{20,}", row.where)]
    assert (empty, nowhere) == ([], [])


def test_nothing_stands_twice() -> None:
    ids = [row.id for row in ROWS]
    assert sorted({id for id in ids if ids.count(id) > 1}) == []


def test_every_section_of_the_article_appears() -> None:
    found: dict[str, set[str]] = {}
    for row in ARTICLE:
        found.setdefault(row.heading, set()).add(row.id.rpartition(".")[0])
    assert found == SECTIONS
    assert {row.id for row in ARTICLE} >= NOTES
    pilot = [row.about for row in ARTICLE if row.id.startswith("III.")]
    assert [title for title in REQUIREMENTS if not any(about.startswith(title) for about in pilot)] == []


def test_every_candidate_appears_in_its_table() -> None:
    assert {row.id for row in CANDIDATE_ROWS} == CANDIDATES
    assert [row.id for row in CANDIDATE_ROWS if row.id[0] != row.heading[0]] == []


def test_every_fixture_that_cites_the_article_is_named() -> None:
    cited = {
        path.relative_to(ROOT).as_posix().removesuffix(".expect.yaml")
        for path in (ROOT / "fixtures").rglob("*.expect.yaml")
        if any("article " in text for text in load_document(path).data.get("cites", []))
    }
    assert cited - {name for row in ARTICLE for name in row.names} == set()


def test_every_rule_that_corrects_the_article_is_named(bundle: Bundle) -> None:
    """Rules that say that the article reads the law differently stand beside the sentence they correct."""
    correcting = {
        rule.name
        for policy in bundle.policies.values()
        for rule in policy.rules
        if getattr(rule.effect, "kind", None) == "article-differs"
    }
    assert correcting
    assert correcting - {name for row in ARTICLE for name in row.names} == set()


def test_the_article_is_named_once() -> None:
    assert PAGE.count("New Horizons") == 1
