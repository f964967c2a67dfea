"""The words of enumerations: everybody's names for them find them, in both languages."""

import pytest

from tests.core.documents.test_shipped_schemas import NAMED, in_two_languages, nodes
from vatspolicy.core.documents import Path, format_path
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.word_search import Word, search_words, words_of_schema
from vatspolicy.core.profile.vocabulary import find_words, words_of

OFFERS: Path = ("services", 0, "offers")
REGISTERED: Path = ("company", "registered")
EXPLAINED = (OFFERS, ("services", 0, "features"), ("services", 0, "content"), ("services", 0, "channels"))
"""Lists whose every word has an example."""


@pytest.mark.parametrize(
    ("path", "text", "first"),
    [
        (OFFERS, "SaaS", "saas"),
        (OFFERS, "CRM", "saas"),
        (OFFERS, "shop", "own-shop"),
        (OFFERS, "e-commerce", "marketplace"),
        (OFFERS, "ecommerce", "marketplace"),
        (OFFERS, "cosmetics", "own-shop"),
        (OFFERS, "chatbot", "ai-chat"),
        (OFFERS, "IoT", "iot-platform"),
        (OFFERS, "telematics", "connected-car"),
        (OFFERS, "电商", "marketplace"),
        (OFFERS, "聊天机器人", "ai-chat"),
        (OFFERS, "a cosmetics web shop", "own-shop"),
        (OFFERS, "connected cars", "connected-car"),
        (OFFERS, "navigaton", "location-service"),
        (OFFERS, "marketplce", "marketplace"),
        (OFFERS, "telemtics", "connected-car"),
        (OFFERS, "an online consultatoin", "online-consultation"),
        (REGISTERED, "shangai pudong", "shanghai-pudong"),
        (("company", "legal_form"), "WFOE", "limited-company"),
        (("partner", "legal_form"), "WFOE", "limited-company"),
        (REGISTERED, "Peking", "beijing"),
        (REGISTERED, "Canton", "guangzhou"),
        (REGISTERED, "浦东", "shanghai-pudong"),
        (REGISTERED, "Taicang", "suzhou"),
        (REGISTERED, "义乌", "jinhua"),
        (OFFERS, "a fitness app with paid courses", "adult-training"),
        (OFFERS, "化工品 B2B 平台", "marketplace"),
        (OFFERS, "卡拉OK", "music-streaming"),
        (("services", 0, "features"), "AI assistant", "generative-ai"),
        (("services", 0, "charges"), "commission", "merchants"),
        (("services", 0, "area"), "nationwide", "china"),
        (("services", 0, "features"), "login", "accounts"),
        (("services", 0, "ai", "model"), "GPT", "foreign"),
        (("company", "licenses", 0, "instrument"), "ICP license", "vats-license"),
        (("filings", 0, "instrument"), "等保", "mlps-filing"),
        (("company", "licenses", 0, "classes"), "ICP license", "B25"),
        (("opinions", 0, "classes"), "IoT", "B21-device-data"),
    ],
)
def test_everyday_words_find_the_value(path: Path, text: str, first: str) -> None:
    assert [word.value for word in find_words(path, text)][:1] == [first]


@pytest.mark.parametrize("text", ["", "…", "qqqq", "77"])
def test_what_fits_nothing_finds_nothing(text: str) -> None:
    assert find_words(OFFERS, text) == ()


def test_two_letters_are_a_word_and_no_beginning() -> None:
    words = (Word("ai-chat", None), Word("own-bookings", None, ("airline",)))
    assert [word.value for _, word in search_words("ai", words)] == ["ai-chat"]
    assert [word.value for _, word in search_words("airl", words)] == ["own-bookings"]


def test_a_name_in_full_comes_before_a_part_of_one() -> None:
    words = (Word("cloud-storage", None), Word("x", None, ("cloud",)), Word("cloud", None))
    assert [word.value for _, word in search_words("Cloud", words)] == ["cloud", "x", "cloud-storage"]


def test_a_fact_without_an_enumeration_has_no_words() -> None:
    assert words_of(("product", "launch")) == ()
    assert words_of(("company", "foreign_percent")) == ()


@pytest.mark.parametrize("path", EXPLAINED)
def test_each_word_of_the_long_lists_has_synonyms_and_an_example(path: Path) -> None:
    words = words_of(path)
    assert len(words) > 9
    assert [word.value for word in words if not word.synonyms] == []
    assert [word.value for word in words if not in_two_languages(word.example)] == []


@pytest.mark.parametrize("name", NAMED)
def test_synonyms_and_examples_are_of_words_that_exist(name: str) -> None:
    schemas = SchemaSet.shipped()
    wrong, repeated = [], []
    for path, node in nodes(name):
        known = set(node.get("enum", ())) | set(node.get("x-gazetteer", ()))
        for kind in ("x-synonyms", "x-examples"):
            stated = node.get(kind, {})
            wrong += [
                format_path((*path, word)) for word in stated if not isinstance(stated, str) and word not in known
            ]
        for word in words_of_schema(node, schemas):
            folded = [one.casefold() for one in word.synonyms]
            repeated += [f"{word.value}: {one}" for one in folded if folded.count(one) > 1 or one == word.value]
    assert wrong == []
    assert repeated == []
