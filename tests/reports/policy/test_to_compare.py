"""The page of articles to compare: their order, their addresses, and that what it asks for can be done."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.shipped import shipped_bundle
from vatspolicy.authoring.quotations import quote_hash
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.documents.yaml_edit import set_value
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.reports.policy import make
from vatspolicy.reports.policy.to_compare import OpenArticle, count_by_address, open_articles


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def page(bundle: Bundle) -> str:
    return make(bundle)["to-compare.md"]


@pytest.fixture(scope="module")
def found(bundle: Bundle) -> list[OpenArticle]:
    return open_articles(bundle)


def test_denials_come_first_and_nothing_primary_is_listed(found: list[OpenArticle]) -> None:
    denials = [len(one.rests.get("deny", ())) for one in found]
    assert denials == sorted(denials, reverse=True)
    assert denials[0] > 0 == denials[-1]
    assert {one.article.verification for one in found} == {"copy", "secondary", "unverified"}


def test_every_denial_that_cites_no_primary_article_is_listed(bundle: Bundle, found: list[OpenArticle]) -> None:
    listed = {rule.name for one in found for rule in one.rests.get("deny", ())}
    for policy in bundle.policies.values():
        for rule in policy.rules:
            grades = {policy.articles[key].verification for key in rule.cite}
            assert rule.kind != "deny" or "primary" in grades or rule.name in listed


def test_a_rule_rests_on_the_value_that_it_reads(found: list[OpenArticle]) -> None:
    [reading] = [one for one in found if (one.policy.id, one.article.key) == ("definitions", "wto-schedule")]
    assert "negative-list-general/capped-access" in {rule.name for rule in reading.rests["route"]}


def test_an_official_address_is_of_a_body_of_the_state(bundle: Bundle, found: list[OpenArticle]) -> None:
    addresses = {one.address for one in found} - {None}
    assert all(re.match(r"https://([a-z]+\.)+gov\.cn/", str(address)) for address in addresses)
    core = ("negative-list-general", "negative-list-ftz", "telecom-catalog", "telecom-licensing-measures")
    for id in (*core, "vats-pilot-2024"):
        assert all(one.address or one.article.obtain for one in found if one.policy.id == id)
    count = count_by_address(bundle)
    assert sum(count.values()) == sum(len(policy.articles) for policy in bundle.policies.values())
    assert count["official"] > 240
    assert count["none"] == 0


def test_an_article_of_another_document_has_not_the_address_of_its_policy(bundle: Bundle, page: str) -> None:
    policy = bundle.policies["access-market-cleanup-2017"]
    assert policy.articles["scope"].address == policy.source["url"]
    assert (policy.articles["grace"].address, policy.articles["renewal"].address) == (None, None)
    assert (
        "Text: Ministry of Industry and Information Technology: document 84 of 2018. · 工业和信息化部：工信管函" in page
    )


def test_the_page_names_address_file_and_command(page: str) -> None:
    assert "`vatspolicy lint --texts texts --write FILE`" in page
    section = page[page.index("### Negative list for foreign investment \\(general list\\)") :]
    assert "https://www.ndrc.gov.cn/xxgk/zcfb/fzggwl/202409/t20240907_1392875.html" in section
    assert "`外商投资准入特别管理措施（负面清单）(2024-09-06).md`" in section
    assert "(`internet-content`, secondary): deny: " in section


def test_addresses_of_one_policy_share_its_heading(page: str) -> None:
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert len(headings) > 20
    assert sorted(headings) == sorted(set(headings))


def test_an_article_is_raised_as_the_page_says(console: Console, found: list[OpenArticle]) -> None:
    shutil.copytree(resource_folder("policies"), console.folder / "policies")
    one = next(one for one in found if (one.policy.id, one.article.key) == ("vats-pilot-2024", "notice"))
    words = "试点条文。"
    console.write(f"texts/{one.text}", f"# 通告\n\n{words}\n")
    [file] = (console.folder / "policies").rglob(f"{one.policy.id}.yaml")
    text = file.read_text(encoding="utf-8")
    for key, value in (("zh", words), ("verification", "primary")):
        text = set_value(text, ("articles", one.article.key, key), value)
    file.write_text(text, encoding="utf-8")
    ran = console("lint", "--texts", "texts", "--write", "--today", "2026-12-01", file)
    verified = f"{{day: '2026-12-01', against: {Path(one.text).stem}, hash: {quote_hash(words)}}}"
    assert verified in file.read_text(encoding="utf-8")
    written = [Path(line).name for line in ran.out.splitlines() if ": " not in line]
    assert {f"{one.policy.id}.yaml", "texts.sha256"} <= set(written)
    assert f"  {one.text}\n" in (console.folder / "policies/texts.sha256").read_text(encoding="utf-8")
    assert "[quote-" not in ran.out
