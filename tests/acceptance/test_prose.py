"""The check of prose that `make lint` runs on this repository: it finds each pattern."""

from __future__ import annotations

import pytest

from tests.support.prose import CHINESE, LONGEST, PATTERNS, Text, findings, sentences

BAD = {
    "negation": "This is no calendar day.",
    "relative-subject": "Who supplies the technology to others files its algorithm too.",
    "what-subject": "What is not stated is asked for.",
    "question": "Who compares the articles that nobody has read?",
    "speech": "Users are told of it.",
    "speaks": "No rule speaks about an activity.",
    "so-many": "It takes so many days.",
    "own": "It has a page of its own.",
    "for-good": "The rule prohibits it for good.",
    "metaphor": "The edit reaches back.",
    "stands-here": "One date stands here for all.",
    "keeps-to": "The device keeps to the limits.",
    "otherwise-than": "It decides otherwise than before.",
    "nested-one": "for at least one of the services: for at least one of its area: it lies there",
    "networking": "Filing of networking with the authority",
    "mend": "Vendors mend flaws.",
    "province": "File the sale with the province.",
    "units": "Only units licensed by the ministry may sell it.",
    "servers-stand": "Servers with map data stand in mainland China.",
    "not-read": "The annex was not read.",
    "is-about": "File that it is about.",
    "appears": "Law that appears after today is not in it.",
}
BAD_CHINESE = {
    "english": "A decision 改为 milder.",
    "translated": "一手核实",
    "numerals": "第四十四条和第53条",
    "halves": "甲,乙",
}
GOOD = (
    "`2027-02-30` is not a calendar date. Use YYYY-MM-DD.",
    "A provider that supplies the technology to others must also file its algorithm.",
    "Versions are told apart by their digest.",
    "File it with the communications administration of the province.",
    "Write digits only, without separators and units.",
    "A wheel contains the compiled form of its own law.",
)


def rules_of(text: Text) -> set[str]:
    return {line.split(": ")[1] for line in findings([text])}


@pytest.mark.parametrize("rule", PATTERNS)
def test_each_pattern_is_found(rule: str) -> None:
    assert rule in rules_of(Text("place", "en", BAD[rule], True))


@pytest.mark.parametrize("rule", CHINESE)
def test_each_chinese_pattern_is_found(rule: str) -> None:
    assert rule in rules_of(Text("place", "zh", BAD_CHINESE[rule], False))


@pytest.mark.parametrize("words", GOOD)
def test_plain_sentences_pass(words: str) -> None:
    assert rules_of(Text("place", "en", words, True)) == set()


def test_a_message_has_short_sentences_and_titles_beside_codes() -> None:
    long = " ".join(["word"] * (LONGEST + 1))
    assert rules_of(Text("place", "en", long, True)) == {"long"}
    assert rules_of(Text("place", "en", long, False)) == set()
    assert rules_of(Text("place", "en", "A community is B25-community.", True)) == {"code"}
    assert sentences("One. Two `a b c` and [a link](x.md). Three") == ["One.", "Two X and a link.", "Three"]
