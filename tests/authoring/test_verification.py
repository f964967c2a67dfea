"""Quotes of the law: hashes, comparison with texts, and what --write writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.law_builder import write_policy
from tests.support.shipped import ROOT, shipped_bundle
from vatspolicy.authoring import scaffold
from vatspolicy.authoring.quotations import StatuteText, quote_hash
from vatspolicy.authoring.verification import hash_problems, read_texts, text_problems, write_verified
from vatspolicy.core.documents import Document, parse_document

TEXTS = ROOT / "tests" / "data" / "statutes"
OLD, NEW = "测试条例(2020-01-01)", "测试条例(2024-01-01)"
TODAY = "2026-03-04"
POLICY = """\
id: test-regulations
version: 1.0.0
title: {en: Test regulations, zh: 测试条例}
topics: [telecom]
source: {issuer: {en: Nobody, zh: 无}, number: 零号}
effective: {from: '2020-01-01'}
articles:
  # a comment that stays
  art-1:
    en: Only a company.
    zh: QUOTE
    verification: primary
    note: A note.
rules:
  - id: look
    cite: [art-1]
    each: product
    when: company.foreign_percent > 0.0
    advise: {kind: verify}
    message: {en: Look., zh: 请看。}
"""
CONTIGUOUS = "（一）经营者为依法设立的公司；（二）有专业人员，并取得《测试业务经营许可证》"


def policy(quote: str, verified: str = "") -> Document:
    text = POLICY.replace("QUOTE", quote)
    if verified:
        text += f"verified:\n  art-1: {verified}\n"
    return parse_document(text, "test-regulations.yaml")


def told(quote: str, verified: str = "") -> list[str]:
    return [f"{one.message} {one.hint}".strip() for _, one in text_problems(policy(quote, verified), read_texts(TEXTS))]


# --- the shipped law


def test_every_primary_article_was_verified_and_its_quote_has_not_changed() -> None:
    bundle = shipped_bundle()
    primary = 0
    for one in bundle.policies.values():
        document = bundle.document(one)
        assert list(hash_problems(document)) == []
        for key, article in document.data.get("articles", {}).items():
            if article["verification"] == "primary":
                primary += 1
                assert document.data["verified"][key]["hash"] == quote_hash(article["zh"])
                assert document.data["verified"][key]["against"]
    assert primary >= 189


# --- hashes


def test_only_white_space_and_the_form_of_characters_make_no_difference() -> None:
    assert quote_hash("某 事\n。") == quote_hash("某事。")
    assert quote_hash("e\u0301") == quote_hash("\u00e9")
    assert quote_hash("某事") != quote_hash("某事。")


# --- comparison


@pytest.mark.parametrize(
    "quote",
    [
        CONTIGUOUS,
        "(一)经营者为依法设立的公司",
        "经营测试业务，应当具备下列条件：……并取得《测试业务经营许可证》",
        "不得出租、出借“测试许可证”",
    ],
)
def test_a_quote_that_stands_in_the_text(quote: str) -> None:
    assert told(quote, f"{{against: {OLD}}}") == []


def test_a_cut_without_a_sign_is_refused() -> None:
    assert told("经营者为依法设立的公司；有专业人员", f"{{against: {OLD}}}") == [
        "The quote omits words without marking them. Replace '(二)' with ……"
    ]


def test_a_cut_is_marked_with_two_signs() -> None:
    assert told("经营者为依法设立的公司…有专业人员", f"{{against: {OLD}}}") == [
        "Mark omitted words in a quote with two characters: ……"
    ]


def test_parts_stand_in_the_order_of_the_text() -> None:
    [problem] = told("有专业人员……经营者为依法设立的公司", f"{{against: {OLD}}}")
    assert problem.startswith(f"The quote does not appear in '{OLD}'. The nearest passage is ")


def test_another_word_is_told_with_the_nearest_passage() -> None:
    assert told("任何单位或者个人不得出租", f"{{against: {OLD}}}") == [
        f"The quote does not appear in '{OLD}'. The nearest passage is '任何组织或者个人不得出租'."
    ]


def test_a_text_that_is_not_named_is_found_by_the_title_of_the_policy() -> None:
    assert told(CONTIGUOUS) == []
    assert told("应当取得许可") == []
    [problem] = told("另一部法规的文字")
    assert problem.startswith("The quote does not cite its text, and no text with that title contains it. ")


def test_a_page_is_not_searched_for_but_a_text_that_is_gone_is_told() -> None:
    assert told("另一部法规的文字", "{against: 'https://ahca.miit.gov.cn/notice.html'}") == []
    assert told("另一部法规的文字", "{against: 安徽省通信管理局网站2021年4月22日通告}") == ["No text has this name."]
    assert told(CONTIGUOUS, "{against: 测试条列(2020-01-01)}") == [f"No text has this name. Did you mean '{OLD}'?"]


# --- writing


def test_what_is_written() -> None:
    document = policy(CONTIGUOUS)
    written = write_verified(document, read_texts(TEXTS), TODAY)
    entry = f"  art-1: {{day: '{TODAY}', against: {OLD}, hash: {quote_hash(CONTIGUOUS)}}}\n"
    assert written == f"{document.text}verified:\n{entry}"
    again = parse_document(written, document.file)
    assert write_verified(again, read_texts(TEXTS), "2027-01-01") == written
    assert list(hash_problems(again)) == list(text_problems(again, read_texts(TEXTS))) == []


def test_a_quote_in_two_editions_is_verified_against_the_later_one_unless_the_policy_names_one() -> None:
    quote = "任何组织或者个人不得出租"
    assert f"against: {NEW}" in write_verified(policy(quote), read_texts(TEXTS), TODAY)
    named = write_verified(policy(quote, f"{{against: {OLD}}}"), read_texts(TEXTS), TODAY)
    assert f"{{day: '{TODAY}', against: {OLD}, hash: " in named


def test_a_quote_that_is_not_found_is_not_verified() -> None:
    for document in (policy("另一部法规的文字"), policy("另一部法规的文字", f"{{against: {OLD}}}")):
        assert write_verified(document, read_texts(TEXTS), TODAY) == document.text


def test_a_changed_quote_is_verified_anew_against_a_text_and_never_against_a_page() -> None:
    stale = "sha256:" + "0" * 64
    against_text = policy(CONTIGUOUS, f"{{day: '2020-01-01', against: {OLD}, hash: {stale}}}")
    assert quote_hash(CONTIGUOUS) in write_verified(against_text, read_texts(TEXTS), TODAY)
    against_page = policy(CONTIGUOUS, f"{{day: '2020-01-01', against: a page, hash: {stale}}}")
    assert write_verified(against_page, read_texts(TEXTS), TODAY) == against_page.text
    fresh = policy(CONTIGUOUS, "{against: a page}")
    assert quote_hash(CONTIGUOUS) in write_verified(fresh, read_texts(TEXTS), TODAY)


def test_the_command_writes_compares_and_warns(tmp_path: Path, console: Console) -> None:
    law = tmp_path / "law"
    law.mkdir()
    (law / "bundle.yaml").write_text(scaffold.bundle())
    tests = """\
tests:
  base: {company: {foreign_percent: 10, foreign_percent_basis: ultimate}, services: [{id: s, offers: [saas]}]}
  cases:
    - {it: applies, as_of: '2026-01-01', expect: {look: fires}}
    - {it: is silent, as_of: '2026-01-01', set: {company.foreign_percent: 0}, expect: {look: silent}}
    - {it: asks, as_of: '2026-01-01', unset: [company.foreign_percent], expect: {look: unknown}}
"""
    review = "review: {due: '2026-06-30', why: The list is renewed every year.}\n"
    text = POLICY.replace("QUOTE", CONTIGUOUS).replace("articles:", f"{review}articles:")
    write_policy(law / "test-regulations.yaml", text + tests)
    command = ("lint", "--law", str(law), "--texts", str(TEXTS), "--today")
    assert console(*command, TODAY).code == 1
    written = console(*command, TODAY, "--write")
    assert (written.code, written.err) == (0, "")
    assert "test-regulations.yaml" in written.out
    assert f"against: {OLD}" in (law / "test-regulations.yaml").read_text(encoding="utf-8")
    assert console(*command, "2026-06-30").err == ""
    late = console(*command, "2026-07-01")
    assert (late.code, late.err) == (0, "")
    assert "The review of this policy was due by 2026-06-30. The list is renewed every year. [review-due]" in late.out
    assert console("lint", "--law", str(law), "--write").code == 2


def test_comments_and_headings_are_no_part_of_a_text() -> None:
    text = StatuteText.read("x", "<!-- 注释\n文字 -->\n# 标题\n\n第一条 某\n事。\n".encode())
    assert text.plain == "标题第一条某事。"
