"""Pages made from the policies: what they show, and that those in docs/policies are up to date."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.shipped import shipped_bundle
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Route
from vatspolicy.reports.policy import Foreign, compare, make, write
from vatspolicy.reports.policy.page import MARK, TOPICS, Pages
from vatspolicy.reports.printers.escapes import code, escape_markdown

RULE = "vats-pilot-2024/pilot-access"


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def pages(bundle: Bundle) -> Pages:
    return make(bundle)


# --- the folder


def test_a_difference_is_named_and_mended(tmp_path: Path, pages: Pages) -> None:
    write(tmp_path, pages)
    (tmp_path / "pipl.md").write_text(pages["pipl.md"] + "more\n", encoding="utf-8")
    (tmp_path / "index.md").unlink()
    (tmp_path / "gone.md").write_text(f"{MARK}\n", encoding="utf-8")
    (tmp_path / "mine.md").write_text("# Mine\n", encoding="utf-8")
    names = [line.replace(str(tmp_path), "·") for line in compare(tmp_path, pages).lines(tmp_path)]
    assert names == ["missing ·/index.md", "stale ·/pipl.md", "extra ·/gone.md"]
    write(tmp_path, pages)
    assert not compare(tmp_path, pages)
    assert not (tmp_path / "gone.md").exists()
    assert (tmp_path / "mine.md").read_text(encoding="utf-8") == "# Mine\n"


def test_a_page_of_somebody_else_is_not_overwritten(tmp_path: Path, pages: Pages) -> None:
    (tmp_path / "index.md").write_text("# Mine\n", encoding="utf-8")
    with pytest.raises(Foreign, match=r"This command did not create .*index\.md"):
        write(tmp_path, pages)
    assert [path.name for path in tmp_path.iterdir()] == ["index.md"]


def test_the_command_builds_checks_and_refuses(console: Console, tmp_path: Path, law: Path) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        ran = console("docs", "build", "--law", law, "--output", str(tmp_path / "pages"), *arguments)
        return ran.code, ran.out

    code_before, missing = run("--check")
    assert (code_before, missing.startswith("missing ")) == (1, True)
    assert not (tmp_path / "pages").exists()
    code_of_build, text = run()
    assert (code_of_build, " written, 0 removed." in text) == (0, True)
    assert run("--check") == (0, "")
    (tmp_path / "pages" / "index.md").write_text("mine", encoding="utf-8")
    code_of_stale, stale = run("--check")
    assert (code_of_stale, stale) == (1, f"stale {tmp_path / 'pages' / 'index.md'}\n")
    assert run()[0] == 2


# --- what a page shows


def test_every_policy_and_everything_in_it_has_its_place(bundle: Bundle, pages: Pages) -> None:
    for policy in bundle.policies.values():
        text = pages[f"{policy.id}.md"]
        assert text.startswith(MARK)
        assert all(escape_markdown(policy.title[lang]) in text for lang in ("en", "zh"))
        wanted = {f"\n#### `{rule.id}`\n" for rule in policy.rules}
        wanted |= {escape_markdown(rule.message[lang]) for rule in policy.rules for lang in ("en", "zh")}
        wanted |= {"\n" + " ".join(rule.when.text.split()) + "\n" for rule in policy.rules}
        wanted |= {escape_markdown(article.en) for article in policy.articles.values()}
        wanted |= {escape_markdown(article.zh) for article in policy.articles.values() if article.zh}
        wanted |= {
            escape_markdown(condition.message["zh"])
            for rule in policy.rules
            for condition in getattr(rule.effect, "conditions", ())
        }
        wanted |= {f"| {value.since} |" for parameter in policy.parameters.values() for value in parameter.values}
        wanted |= {f"`{instrument}`" for instrument in policy.instruments}
        wanted |= {f'<a id="term-{name}"></a>' for name in policy.terms}
        assert {item for item in wanted if item not in text} == set(), policy.id


def test_rules_stand_under_the_first_article_they_cite(bundle: Bundle, pages: Pages) -> None:
    for policy in bundle.policies.values():
        place, order = "", []
        for line in pages[f"{policy.id}.md"].splitlines():
            if line.startswith("### "):
                place = line.removeprefix("### ")
            elif line.startswith("#### "):
                order.append((line.strip("# `"), place))
        labels = {
            key: f"{escape_markdown(a.label['en'])} · {escape_markdown(a.label['zh'])}"
            for key, a in policy.articles.items()
        }
        assert sorted(order) == sorted((rule.id, labels[rule.cite[0]]) for rule in policy.rules)


def test_every_link_leads_to_a_page_and_a_place(pages: Pages) -> None:
    places = {
        name: {*re.findall(r'<a id="([^"]+)">', text), *re.findall(r"^#### `([^`]+)`$", text, re.MULTILINE)}
        for name, text in pages.items()
    }
    broken = set()
    for name, text in pages.items():
        for file, place in re.findall(r"\]\((?!https:)([^)#]*)#?([^)]*)\)", text):
            target = file or name
            if target not in pages or (place and place not in places[target]):
                broken.add(f"{name}: {file}#{place}")
    assert broken == set()


def test_headings_of_one_page_lead_to_places_of_their_own(pages: Pages) -> None:
    for name, text in pages.items():
        headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        rules = re.findall(r"^#### (.+)$", text, re.MULTILINE)
        assert [rule for rule in rules if headings.count(rule) > 1] == [], name


def test_a_rule_is_a_sentence_in_both_languages(pages: Pages) -> None:
    text = pages["telecom-regulations.md"]
    assert (
        "Each class of the service, if the operator is not established in mainland China and "
        r"\(hosting is “Mainland China” or part of the service area lies in mainland China\) → "
        r"**deny: There is no company in mainland China \(fixable\)**. "
        "Only a company established in mainland China can hold the license."
    ) in text
    assert "服务的每一类业务，如经营者未在境内设立，且（服务器位置为“中国内地”，或部分服务区域" in text
    assert "→ **禁止：未在境内设立企业（可以补正）**。" in text


def test_history_and_succession_are_shown(pages: Pages) -> None:
    pilot, currency = pages["vats-pilot-2024.md"], pages["virtual-currency-2021.md"]
    assert "`launched` | 2024-04-08 | `false` |" in pilot
    assert "|  | 2024-10-23 | `true` |" in pilot
    assert "5 secondary 二手资料, 2 unverified 未核实" in pilot
    chain = next(line for line in currency.splitlines() if line.startswith("- Chain"))
    assert re.findall(r"\((\d{4}-\d\d-\d\d)\)", chain) == ["2017-09-04", "2021-09-24", "2026-02-06"]
    assert "token-offerings-2017.md" in chain
    assert "virtual-currency-2026.md" in chain


def test_a_condition_shows_its_check_and_its_law(pages: Pages) -> None:
    text = pages["vats-pilot-2024.md"]
    assert (
        "  - checks: *Whether the ministry has launched the pilot*: yes "
        r"\[replies to four places \(2024-10-23\), secondary\]"
    ) in text
    assert r"  - 判断条件：*试点是否已启动*：是 \[对四地的批复（2024年10月23日），二手资料\]" in text


def test_an_article_names_the_text_that_it_was_compared_with(pages: Pages) -> None:
    assert re.search(
        r"Verification · 核实: primary 已核对原文, \d{4}-\d\d-\d\d: 电信条例\\\(2016-02-06\\\)\.",
        pages["telecom-regulations.md"],
    )


# --- index and calendar


def test_the_index_has_every_policy_and_instrument(bundle: Bundle, pages: Pages) -> None:
    by_topic, by_authority = pages["index.md"].split("## By authority")
    assert {id for id in bundle.policies if f"]({id}.md)" not in by_topic} == set()
    named = {item.id for item in bundle.instruments.values() if escape_markdown(item.title["zh"]) in by_authority}
    assert named == set(bundle.instruments)
    assert (
        f"{len(bundle.policies)} policies with {sum(len(p.rules) for p in bundle.policies.values())} rules" in by_topic
    )


def test_every_topic_of_the_schema_has_a_name() -> None:
    assert set(TOPICS) == set(SchemaSet.shipped().load("policy")["properties"]["topics"]["items"]["enum"])


def calendar(pages: Pages) -> dict[str, str]:
    parts = re.split(r"^## (\d{4}-\d\d-\d\d)$", pages["calendar.md"], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_calendar_runs_backwards_over_days_that_change_decisions(bundle: Bundle, pages: Pages) -> None:
    days = list(calendar(pages))
    assert days == sorted(days, reverse=True)
    assert set(days) <= set(bundle.boundaries)
    changing = {
        day
        for policy in bundle.policies.values()
        for rule in policy.rules
        for day in (rule.since, rule.until)
        if bundle.covers_from <= day < "9999"
    }
    changing |= {
        value.since
        for policy in bundle.policies.values()
        for parameter in policy.parameters.values()
        for value in parameter.values[1:]
        if value.since >= bundle.covers_from
    }
    assert changing <= set(days)


def test_the_calendar_says_what_changes(pages: Pages) -> None:
    days = calendar(pages)
    assert "`launched`: `false` → `true`" in days["2024-10-23"]
    assert "[Cybersecurity Law](cybersecurity-law.md)" in days["2026-01-01"]
    assert "[`real-name`](cybersecurity-law.md#real-name) ends" in days["2026-01-01"]
    assert "[`real-name-2026`](cybersecurity-law.md#real-name-2026) begins" in days["2026-01-01"]
    assert "**begins** · 施行" in days["2024-11-01"] or "edition · 新版" in days["2024-11-01"]
    assert 'with `"B22"`' in days["2019-07-30"]


# --- text that could do harm


def test_text_cannot_break_out() -> None:
    assert code("a|b") == "`a\\|b`"
    assert code("a ``` b") == "````a ``` b````"
    assert code("`x`") == "`` `x` ``"


def test_conditions_of_routes_are_in_the_code_section(bundle: Bundle, pages: Pages) -> None:
    rule = bundle.rule(RULE)
    assert isinstance(rule.effect, Route)
    block = pages["vats-pilot-2024.md"].partition("```cel\n")[2].partition("```")[0].splitlines()
    named = dict(zip(block[::2], block[1::2], strict=True))
    assert named == {"// when": rule.when.text} | {f"// {c.id}": c.check.text for c in rule.effect.conditions}
