"""The rulebook as a site: everything of the law has its place, in both languages, and every link leads there."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path, PurePosixPath

import pytest

from tests.support.console import Console
from tests.support.effort import LONG
from tests.support.html_tree import HOSTILE, Tree
from tests.support.shipped import ROOT, fixture_file, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.model import NEVER
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate
from vatspolicy.i18n import Language
from vatspolicy.reports.decision.html import fragment
from vatspolicy.reports.policy import make
from vatspolicy.reports.policy.markdown import calendar_page
from vatspolicy.reports.policy.page import MARK, Pages
from vatspolicy.reports.policy.site import (
    KINDS,
    LICENSE,
    MARKS,
    PolicySite,
    entries,
    explain_page,
    index_page,
    list_values,
)
from vatspolicy.reports.policy.site import calendar_page as calendar
from vatspolicy.reports.policy.words import WORDS
from vatspolicy.reports.printers.escapes import escape_html

LANGUAGES: tuple[Language, ...] = ("en", "zh")


@pytest.fixture(scope="module")
def bundle(wider_law: Path) -> Bundle:
    """The law of which the site is made: all of it in the long run, else policies that use each key of the law."""
    return shipped_bundle() if LONG else load_bundle(wider_law)


@pytest.fixture(scope="module")
def pages(bundle: Bundle) -> Pages:
    return make(bundle, "html", TODAY)


@pytest.fixture(scope="module")
def trees(pages: Pages) -> dict[str, Tree]:
    return {name: Tree(text) for name, text in pages.items()}


def test_both_languages_have_the_same_pages(bundle: Bundle, pages: Pages) -> None:
    names = {name for name in pages if "/" not in name}
    assert names == {f"{name}.html" for name in ("index", "calendar", "search", "matrix", *bundle.policies)}
    assert set(pages) == names | {f"zh/{name}" for name in names}
    assert all(MARK in text.split("\n")[1] for text in pages.values())


def test_every_link_leads_to_a_page_and_a_place(trees: dict[str, Tree]) -> None:
    ids = {name: set(tree.ids()) for name, tree in trees.items()}
    broken = set()
    for name, tree in trees.items():
        assert len(tree.ids()) == len(ids[name]), f"{name} has one place twice"
        for one in tree.named("a"):
            address = str(one.get("href"))
            if address.startswith("https://"):
                continue
            file, _, place = address.partition("#")
            folder = PurePosixPath(name).parent
            target = (
                name if not file else f"{folder.parent / file[3:]}" if file.startswith("../") else f"{folder / file}"
            )
            searched = target.endswith("search.html") and place.startswith("q=")
            if target not in ids or (place and not searched and place not in ids[target]):
                broken.add(f"{name}: {address}")
    assert broken == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_policy_and_everything_in_it_has_its_place(
    bundle: Bundle, trees: dict[str, Tree], lang: Language
) -> None:
    for policy in bundle.policies.values():
        tree = trees[f"{'zh/' if lang == 'zh' else ''}{policy.id}.html"]
        wanted = {rule.id for rule in policy.rules}
        wanted |= {f"article-{key}" for key in policy.articles}
        wanted |= {f"instrument-{id}" for id in policy.instruments}
        wanted |= {f"parameter-{name}" for name in policy.parameters}
        wanted |= {f"term-{name}" for name in policy.terms}
        assert wanted - set(tree.ids()) == set(), policy.id
        words = " ".join(tree.words().split())
        texts = {policy.title["en"], policy.title["zh"]}
        texts |= {rule.message[lang] for rule in policy.rules}
        texts |= {rule.when.text for rule in policy.rules}
        texts |= {article.en for article in policy.articles.values()}
        texts |= {article.zh for article in policy.articles.values() if article.zh}
        texts |= {one.message[lang] for rule in policy.rules for one in getattr(rule.effect, "conditions", ())}
        assert {text for text in texts if " ".join(text.split()) not in words} == set(), policy.id


def test_a_rule_is_a_sentence_with_links(pages: Pages) -> None:
    text = pages["vats-pilot-2024.html"]
    rule = text.partition('id="pilot-access"')[2].partition("</section>")[0]
    assert (
        "Each class of the service, if the foreign share of the operator is above 0 % and the class is one of "
        "<em>Classes opened</em> and (if "
    ) in rule
    assert 'href="#instrument-pilot-approval"' in rule
    assert 'href="#article-launch"' in rule
    assert "服务的每一类业务，如" in pages["zh/vats-pilot-2024.html"]


def test_words_of_expressions_are_escaped(bundle: Bundle) -> None:
    assert MARKS.text("<b>") == "&lt;b&gt;"
    assert MARKS.emphasis("<b>") == "<em>&lt;b&gt;</em>"
    allowed = re.compile(r"</?em>")
    for lang in LANGUAGES:
        site = PolicySite(bundle, lang)
        for expression in bundle.expressions():
            text = str(site.clause(expression.tree))
            assert not re.search("[<>]", allowed.sub("", text)), text


def test_a_policy_brings_no_markup_in(copy_of_law: Path) -> None:
    path = copy_of_law / "vats-pilot-2024.yaml"
    text = path.read_text(encoding="utf-8")
    bundle = load_bundle(copy_of_law)
    hostile = json.dumps(re.sub("[\x1b\u202e\n]", "", HOSTILE))
    message = bundle.rule("vats-pilot-2024/pilot-access").message["en"]
    title = bundle.policies["vats-pilot-2024"].title["en"]
    for words in (message, title):
        assert words in text
        text = re.sub(rf"(?<=en: ){re.escape(words)}", lambda _: hostile, text)
    path.write_text(text, encoding="utf-8")
    changed = make(load_bundle(copy_of_law), "html", TODAY)
    found = 0
    for name, page in changed.items():
        tree = Tree(page)
        scripts = [
            one for one in tree.named("script") if one.get("type") not in ("application/json", "application/ld+json")
        ]
        assert len(scripts) == (1 if name.endswith("search.html") else 0)
        found += page.count("&lt;script&gt;alert(1)")
    assert found > 5


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "name", ["vats-pilot-2024", "vats-pilot-2024/pilot-access", "catalog-readings", "telecom-regulations/license-duty"]
)
def test_an_explanation_stands_alone(bundle: Bundle, name: str, lang: Language) -> None:
    """It has no link to a page that is not there, and every place that it leads to."""
    tree = Tree(explain_page(bundle, name, lang))
    ids = tree.ids()
    assert len(ids) == len(set(ids))
    for one in tree.named("a"):
        address = str(one["href"])
        assert address.startswith("https://") or address[1:] in ids, address
    assert tree.named("html")[0]["lang"] == {"en": "en", "zh": "zh-Hans"}[lang]
    assert [title for title, _ in tree.elements].count("h1") == 1


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_of_a_rule_has_its_law_its_parameters_and_its_tests(bundle: Bundle, lang: Language) -> None:
    words = Tree(explain_page(bundle, "vats-pilot-2024/pilot-access", lang)).words()
    rule = bundle.rule("vats-pilot-2024/pilot-access")
    articles = bundle.policies["vats-pilot-2024"].articles
    assert all(rule.message[one] in words for one in LANGUAGES)
    for condition in rule.effect.conditions:  # type: ignore[union-attr]
        assert condition.message[lang] in words
        assert all(articles[key].label[lang] in words and articles[key].en in words for key in condition.cite)
    for told in ("opened_classes", "isp_classes", "telecom-regulations/license-duty", "opens on the launch day"):
        assert told in words
    with pytest.raises(KeyError, match="there is no rule"):
        explain_page(bundle, "vats-pilot-2024/nothing", lang)


# --- overviews


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_index_has_every_policy_and_instrument(bundle: Bundle, pages: Pages, lang: Language) -> None:
    text = pages[f"{'zh/' if lang == 'zh' else ''}index.html"]
    for policy in bundle.policies.values():
        assert f'<a href="{policy.id}.html">{escape_html(policy.title[lang])}</a>' in text
    for instrument in bundle.instruments.values():
        assert f'<a href="{instrument.policy}.html#instrument-{instrument.id}">' in text


def test_the_calendar_says_the_same_as_its_markdown(bundle: Bundle, trees: dict[str, Tree]) -> None:
    days = re.findall(r"^## (\d{4}-\d\d-\d\d)$", calendar_page(bundle), re.MULTILINE)
    for folder in ("", "zh/"):
        assert [one["datetime"] for one in trees[f"{folder}calendar.html"].named("time")] == days


def test_the_calendar_says_what_changes() -> None:
    english, chinese = (str(calendar(PolicySite(shipped_bundle(), lang))) for lang in LANGUAGES)

    def day(text: str, which: str) -> str:
        return text.partition(f'id="day-{which}"')[2].partition("</section>")[0]

    launch = day(english, "2024-10-23")
    assert '<a href="vats-pilot-2024.html#parameter-launched"><code>launched</code></a>' in launch
    assert "<del><code>false</code></del> → <ins><code>true</code></ins>" in launch
    assert "real-name-2026</code></a> " in day(english, "2026-01-01")
    assert "with <ins><code>&quot;B22&quot;</code></ins>" in day(english, "2019-07-30")
    assert "施行" in day(chinese, "2026-01-01")


def test_the_matrix_is_that_of_the_day(pages: Pages, trees: dict[str, Tree], law: Path) -> None:
    for folder in ("", "zh/"):
        assert TODAY in trees[f"{folder}matrix.html"].words()
    assert pages["matrix.html"].count("<table") == 2
    without_a_day = make(load_bundle(law), "html")
    assert without_a_day
    assert not any(name.endswith("matrix.html") or "matrix.html" in text for name, text in without_a_day.items())


def test_the_index_of_the_search_has_everything_that_has_a_place(bundle: Bundle, trees: dict[str, Tree]) -> None:
    values = list_values(bundle)
    found = list(entries(bundle, {value: place for place, value in enumerate(values)}))
    names = list(bundle.policies)
    places = {(names[entry.policy], entry.place) for entry in found}
    assert {(policy.id, rule.id) for policy in bundle.policies.values() for rule in policy.rules} <= places
    assert len(places) == len(found)
    for policy, place in places:
        assert not place or place in trees[f"{policy}.html"].ids()
    assert {KINDS[entry.kind] for entry in found} == set(KINDS)
    data = next(text for place, text in trees["search.html"].texts if place == "script" and text.startswith("{"))
    assert json.loads(data)["entries"] == json.loads(json.dumps(found))
    assert len(json.loads(data)["values"]) == len(values)
    assert set(KINDS) <= set(WORDS)


def test_a_rule_is_found_by_the_names_of_the_values_that_it_reads() -> None:
    bundle = shipped_bundle()
    values = list_values(bundle)
    places = {value: place for place, value in enumerate(values)}
    named = {(entry.policy, entry.place): entry.values for entry in entries(bundle, places)}
    for policy_number, policy in enumerate(bundle.policies.values()):
        for rule in policy.rules:
            if '"saas"' in rule.when.text:
                assert places["saas"] in named[policy_number, rule.id], rule.name
    assert {"saas", "own-shop", "iot-own-devices", "company", "beijing"} <= set(values)
    assert any("CRM" in word.names for word in values["saas"])
    assert any("Peking" in word.names for word in values["beijing"])
    assert any("WFOE" in word.names for word in values["company"])


def test_every_page_says_what_it_is_made_of(trees: dict[str, Tree], bundle: Bundle) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == LICENSE
    assert bundle.known_until
    for name, tree in trees.items():
        foot = tree.words()[-300:]
        assert all(part in foot for part in (bundle.version, bundle.known_until, LICENSE)), name
    for lang, name in (("en", "index.html"), ("zh", "zh/index.html")):
        assert WORDS["home"][lang] in trees[name].words()
        assert len([one for one in trees[name].named("a") if "#q=" in str(one.get("href"))]) == 5


# --- the folder


def test_the_same_bundle_gives_the_same_bytes(bundle: Bundle, pages: Pages, law: Path) -> None:
    """The whole law in the long run, else a part of it."""
    assert make(load_bundle(law), "html", TODAY) == make(load_bundle(law), "html", TODAY)
    assert not LONG or make(bundle, "html", TODAY) == pages


def test_the_command_builds_a_site(console: Console, law: Path) -> None:
    arguments = ("docs", "build", "--format", "html", "--law", str(law))
    ran = console(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("site: ")
    index = (console.folder / "site" / "index.html").read_text(encoding="utf-8")
    assert TODAY in (console.folder / "site" / "matrix.html").read_text(encoding="utf-8")
    assert console(*arguments, "--check").out == ""
    later = console(*arguments, "--check", "--as-of", "2025-01-01")
    assert (later.code, sorted(later.out.splitlines())) == (1, ["stale site/matrix.html", "stale site/zh/matrix.html"])
    (console.folder / "site" / "index.html").write_text("mine", encoding="utf-8")
    assert console(*arguments).code == 2
    assert console(*arguments, "--as-of", "1999-01-01").code == 2
    assert index.startswith("<!doctype html>")


@pytest.mark.parametrize("page", ["index.html", "calendar.html", "search.html", "matrix.html", "calendar.md"])
def test_a_policy_may_not_take_the_place_of_an_overview(console: Console, tmp_path: Path, page: str) -> None:
    name, _, ending = page.partition(".")
    assert console("new", "policy", name, "--policies", str(tmp_path)).code == 0
    with pytest.raises(InvalidInput, match=rf"The page {re.escape(page)} is an overview of all policies\."):
        make(load_bundle(tmp_path), "html" if ending == "html" else "markdown")


def test_each_policy_page_names_its_regulation_as_linked_data(bundle: Bundle, pages: Pages) -> None:
    """schema.org has these terms; a page states only what its policy states."""
    for policy in bundle.policies.values():
        (text,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', pages[f"{policy.id}.html"])
        found = json.loads(text)
        assert (found["@type"], found["identifier"]) == ("Legislation", policy.id)
        assert {one["@language"]: one["@value"] for one in found["name"]} == {
            "en": policy.title["en"],
            "zh-CN": policy.title["zh"],
        }
        assert found.get("legislationIdentifier") == policy.source.get("number")
        assert found.get("legislationDate") == policy.source.get("promulgated")
        assert found.get("sameAs") == policy.source.get("url")
        since, until = found["temporalCoverage"].split("/")
        assert (since, until) == (policy.since, ".." if policy.until == NEVER else policy.until)
        assert {one["identifier"] for one in found.get("legislationRepeals", [])} == set(policy.supersedes)


def test_a_decision_leads_into_the_rulebook_and_back(pages: Pages, bundle: Bundle) -> None:
    """Articles and rules of a decision on the page that decides open their places; each page leads to that page."""
    places = {name: set(Tree(text).ids()) for name, text in pages.items()}
    gate, seen = Gate(bundle, TODAY), 0
    for path in map(fixture_file, ("cloud-hosting-beijing", "own-shop-shanghai", "cloud-chengdu", "video-sharing")):
        __, record = gate.decide(load_profile(path))
        for lang in LANGUAGES:
            made = Tree(fragment(record, lang, "d-", "counsel", {"en": "../", "zh": "../zh/"}))
            found = [str(one.get("href")) for one in made.named("a") if str(one.get("href")).startswith("../")]
            assert any("#article-" in address for address in found)
            for address in found:
                page, place = address.removeprefix("../").split("#")
                assert page.startswith("zh/") is (lang == "zh")
                assert place in places[page], address
            seen += len(found)
            alone = Tree(fragment(record, lang, "d-", "counsel"))
            assert not [one for one in alone.named("a") if str(one.get("href")).startswith("../")]
    assert seen > 100
    for lang, address in zip(LANGUAGES, ("decide/index.html", "../decide/zh.html"), strict=True):
        for decides in (True, False):
            index = Tree(index_page(PolicySite(bundle, lang, decides=decides)))
            assert (address in [one.get("href") for one in index.named("a")]) is decides
