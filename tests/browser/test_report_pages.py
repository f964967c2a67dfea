"""Pages in a real Chromium: accessible, offline, by keyboard, in light and dark, on a phone, on paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.support.chromium import opened, sideways, violations
from tests.support.effort import LONG
from tests.support.records import decision_to_data, render
from tests.support.shipped import fixture_file, shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.timeline import timeline
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.guidance.remediation import find_remediations
from vatspolicy.guidance.remediation.result import describe_ways
from vatspolicy.i18n import Language
from vatspolicy.reports.policy import make, write
from vatspolicy.reports.policy.site import explain_page
from vatspolicy.reports.remediation import render as render_ways
from vatspolicy.reports.timeline import render as render_timeline

FIXTURES = {
    "allow": "own-shop-shanghai",
    "deny": "cloud-chengdu",
    "needs-license": "cloud-hosting-beijing",
    "incomplete": "shop-without-facts",
}
LAUNCH = ("product.launch", "2027-03-01")
DRAWN = ("partner-licensed", "hk-app-store", "video-domestic", "isp-nationwide-2026", "connected-car-jv")
"""More fixtures with pictures: a license of which it is not known whether it is held, many routes, long names."""
LONGEST = ("video-sharing", "companion-domestic", "game-own-publisher", "news-app-beijing", "overseas-saas")
"""Fixtures with the longest summaries."""
PHONE = {"width": 360, "height": 740}
LANGUAGES: tuple[Language, ...] = ("en", "zh")
SCHEMES = ("light", "dark")
LOOKS = tuple(zip(LANGUAGES, SCHEMES, strict=True))
HOSTILE = "<img src=x onerror=alert(1)><script>alert(1)</script>"


def seen(pages: Iterable[str]) -> list[tuple[str, Language, str]]:
    """Each page in one language and scheme of colors, by turns; in the long run in both."""
    both = [(page, *look) for page in pages for look in LOOKS]
    return both if LONG else [both[2 * place + place % 2] for place in range(len(both) // 2)]


def decide(name: str, *changes: tuple[str, Any]) -> dict[str, Any]:
    bundle, profile = shipped_bundle(), load_profile(fixture_file(name), changes)
    data = decision_to_data(bundle, profile, evaluate(bundle, profile, "2027-03-01"))
    return {**data, "file": f"{name}.yaml"}


@pytest.fixture(scope="module")
def records() -> dict[str, dict[str, Any]]:
    found = {word: decide(name, LAUNCH) for word, name in FIXTURES.items()}
    assert {word: data["decision"] for word, data in found.items()} == {word: word for word in FIXTURES}
    return found


Save = Callable[..., Path]


@pytest.fixture
def save(tmp_path: Path) -> Save:
    def save(*records: dict[str, Any], lang: Language = "en") -> Path:
        path = tmp_path / "decision.html"
        path.write_text(render("html", records, lang), encoding="utf-8")
        return path

    return save


def test_the_tests_would_see_what_is_wrong(chromium: Any, tmp_path: Path) -> None:
    """The guards of `browser` themselves: requests, complaints, and pages that are not accessible."""
    path = tmp_path / "bad.html"
    path.write_text("<title>x</title><p style='width:3000px'>x<img src='https://example.org/a.png'>", encoding="utf-8")
    page = opened(chromium, path, viewport=PHONE)
    inside = page.__enter__()
    assert {text.partition(":")[0] for text in violations(inside)} >= {"html-has-lang", "image-alt"}
    assert sideways(inside) > 2000
    with pytest.raises(AssertionError, match=r"https://example\.org/a\.png"):
        page.__exit__(None, None, None)


# --- decisions


@pytest.mark.parametrize(("word", "lang", "scheme"), seen(FIXTURES))
def test_a_decision_is_accessible(
    chromium: Any, records: dict[str, dict[str, Any]], save: Save, word: str, lang: Language, scheme: str
) -> None:
    with opened(chromium, save(records[word], lang=lang), color_scheme=scheme) as page:
        assert page.locator("main h1").inner_text() == records[word]["title"]
        assert violations(page) == []


def explanation(kind: str, lang: Language) -> str:
    """A page beside the report of a decision, of a product that is contested and that facts are missing of."""
    bundle = shipped_bundle()
    if kind == "rule":
        return explain_page(bundle, "vats-pilot-2024/pilot-access", lang)
    if kind == "policy":
        return explain_page(bundle, "catalog-readings", lang)
    profile = load_profile(fixture_file("iot-suzhou"), [("services.0.facilities", None)])
    if kind == "timeline":
        return render_timeline("html", timeline(bundle, profile, TODAY), lang)
    plan = find_remediations(bundle, profile, TODAY, most=1)
    return render_ways("html", describe_ways(bundle, profile, plan), lang)


@pytest.mark.parametrize(("kind", "lang", "scheme"), seen(["routes", "timeline", "rule", "policy"]))
def test_ways_timeline_and_rules_are_accessible(
    chromium: Any, tmp_path: Path, kind: str, lang: Language, scheme: str
) -> None:
    path = tmp_path / f"{kind}.html"
    path.write_text(explanation(kind, lang), encoding="utf-8")
    with opened(chromium, path, color_scheme=scheme) as page:
        assert violations(page) == []
        page.set_viewport_size({"width": PHONE["width"], "height": PHONE["height"]})
        assert sideways(page) == 0


def test_several_decisions_are_accessible(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    with opened(chromium, save(records["incomplete"], records["deny"])) as page:
        assert violations(page) == []
        page.get_by_role("link", name=records["deny"]["title"]).first.click()
        assert page.url.endswith("#d1-top")


def test_colors_follow_the_reader(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    shades = set()
    for scheme in SCHEMES:
        with opened(chromium, save(records["deny"]), color_scheme=scheme) as page:
            shades.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(shades) == 2


@pytest.mark.parametrize(("word", "lang"), [("needs-license", "en"), ("deny", "zh"), ("incomplete", "en")])
def test_a_phone_shows_the_whole_width(
    chromium: Any, records: dict[str, dict[str, Any]], save: Save, word: str, lang: Language
) -> None:
    with opened(chromium, save(records[word], lang=lang), viewport=PHONE) as page:
        assert sideways(page) == 0


def test_the_keyboard_reaches_everything(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    with opened(chromium, save(records["needs-license"])) as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "_content"
        wanted = page.evaluate(
            "[...document.querySelectorAll('main a[href], main summary, main [tabindex=\"0\"]')]"
            ".filter((one) => one.checkVisibility()).length"
        )
        reached = 0
        while reached <= wanted:
            page.keyboard.press("Tab")
            if not page.evaluate("document.activeElement.closest('main') !== null"):
                break
            ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert ring == "solid"
            reached += 1
        assert wanted > 20
        assert reached == wanted
        page.locator("summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("details").first.get_attribute("open") is not None


def test_texts_of_pictures_stay_in_their_picture(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    """Widths are estimates: the browser says whether what was drawn keeps within the frame, and boxes hold their words."""
    drawn = [*records.values(), *(decide(name, LAUNCH) for name in DRAWN)]
    for lang in LANGUAGES:
        with opened(chromium, save(*drawn, lang=lang)) as page:
            assert page.locator("svg.picture").count() > len(drawn)
            spilt = page.evaluate(
                """() => [...document.querySelectorAll("svg.picture")].flatMap((svg) => {
                  const frame = svg.viewBox.baseVal, boxes = [...svg.querySelectorAll("rect")].map((r) => r.getBBox());
                  return [...svg.querySelectorAll("text")].filter((text) => {
                    const box = text.getBBox();
                    const home = boxes.find((one) => box.x > one.x && box.x < one.x + one.width
                      && box.y > one.y - 1 && box.y < one.y + one.height);
                    const limit = home ? home.x + home.width : frame.width;
                    return box.x < 0 || box.y < 0 || box.x + box.width > limit || box.y + box.height > frame.height;
                  }).map((text) => text.textContent);
                })"""
            )
            assert spilt == []


def test_it_prints_on_a4(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    with opened(chromium, save(records["needs-license"])) as page:
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 680, "height": 960})
        assert sideways(page) == 0
        hidden = page.locator(".toc, .skip").evaluate_all("(all) => all.map((one) => getComputedStyle(one).display)")
        assert set(hidden) == {"none"}
        condition = records["needs-license"]["services"][0]["activities"][0]["routes"][0]["conditions"][0]
        assert page.get_by_text(condition["message"]["en"]).first.is_visible()
        printed = page.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") > 1
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed or b"/MediaBox [0 0 595" in printed


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_fits_the_first_printed_page(
    chromium: Any, records: dict[str, dict[str, Any]], save: Save, lang: Language
) -> None:
    longest = [*map(decide, LONGEST)] if lang == "en" else []  # English texts are longer
    for data in [*records.values(), *longest] if LONG or not longest else longest:
        with opened(chromium, save(data, lang=lang)) as page:
            page.emulate_media(media="print")
            page.set_viewport_size({"width": 680, "height": 990})  # A4 without its margins
            end = page.evaluate("document.querySelector('.summary').getBoundingClientRect().bottom + scrollY")
            assert end < 990, data["product"]
            after = page.evaluate("getComputedStyle(document.querySelector('.summary')).breakAfter")
            assert after == "page"


def test_the_contents_lead_to_the_licenses(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    with opened(chromium, save(records["needs-license"])) as page:
        page.get_by_role("navigation").get_by_role("link", name="Licenses", exact=True).click()
        assert page.url.endswith("#licenses")
        assert page.get_by_role("heading", name="Licenses", exact=True).count() == 1


def test_labels_of_routes_are_sharp_and_near_their_line(chromium: Any, save: Save) -> None:
    with opened(chromium, save(decide("partner-licensed"), decide("hk-app-store"), decide("hotline"))) as page:
        drawn = page.locator("svg.picture text").evaluate_all("(all) => all.map((one) => getComputedStyle(one).stroke)")
        assert set(drawn) == {"none"}
        far = page.evaluate(
            """() => [...document.querySelectorAll("svg.picture")].flatMap((svg) => {
              const boxes = [...svg.querySelectorAll("rect.instrument")].map((one) => one.getBBox());
              const titles = [...svg.querySelectorAll("text.label")].map((one) => one.getBBox())
                .filter((one) => one.x < 400);
              return boxes.map((box) => box.y + box.height / 2).map((line) =>
                line - Math.max(...titles.map((one) => one.y + one.height).filter((bottom) => bottom < line)));
            })"""
        )
        assert max(far) < 45


def test_what_a_spec_says_does_not_run(chromium: Any, records: dict[str, dict[str, Any]], save: Save) -> None:
    data = {**records["deny"], "title": HOSTILE, "product": HOSTILE, "file": HOSTILE}
    with opened(chromium, save(data)) as page:
        assert page.locator("main h1").inner_text() == HOSTILE
        assert page.locator("img, script").count() == 0


# --- the rulebook site


@pytest.fixture(scope="module")
def site(rich_law: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    write(folder, make(load_bundle(rich_law), "html"), "html")
    return folder


@pytest.mark.parametrize(
    ("name", "lang", "scheme"),
    seen(["index", "calendar", "search", "vats-pilot-2024", "telecom-regulations"]),
)
def test_a_page_of_the_site_is_accessible(chromium: Any, site: Path, name: str, lang: Language, scheme: str) -> None:
    folder = "zh/" if lang == "zh" else ""
    with opened(chromium, site / f"{folder}{name}.html", color_scheme=scheme) as page:
        assert violations(page) == []
        assert page.evaluate("document.documentElement.lang") == ("zh-Hans" if folder else "en")


@pytest.mark.parametrize("name", ["index", "zh/calendar", "search", "vats-pilot-2024", "zh/telecom-catalog"])
def test_a_page_of_the_site_is_no_wider_than_a_phone(chromium: Any, site: Path, name: str) -> None:
    with opened(chromium, site / f"{name}.html", viewport=PHONE) as page:
        assert sideways(page) == 0


def search(page: Any, words: str) -> list[str]:
    page.get_by_role("searchbox").fill(words)
    page.wait_for_function("(words) => location.hash === '#' + new URLSearchParams({q: words})", arg=words)
    found: list[str] = page.locator("#_found a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
    return found


SEARCHES = {
    "pilot-access": "vats-pilot-2024.html#pilot-access",
    "vats-pilot-2024/pilot-access": "vats-pilot-2024.html#pilot-access",
    "试点批复": "vats-pilot-2024.html#instrument-pilot-approval",
    "PILOT approval": "vats-pilot-2024.html#instrument-pilot-approval",
    "增值电信业务经营许可证": "telecom-regulations.html#instrument-vats-license",
}
SYNONYMS = {
    "SaaS": "#software-as-a-service",
    "cosmetics": "#parameter-trade_offers",
    "化妆品": "#parameter-trade_offers",
    "WFOE": "#music-in-the-pilot",
    "EDI": "#data-interchange",
}


@pytest.mark.parametrize("folder", ["", "zh/"])
def test_the_search_finds_in_both_languages(chromium: Any, site: Path, folder: str) -> None:
    with opened(chromium, site / f"{folder}search.html") as page:
        for words, address in SEARCHES.items():
            assert address in search(page, words), words
            assert str(page.locator("#_found a").count()) in page.get_by_role("status").inner_text(), words
        for words, address in SYNONYMS.items():
            assert any(found.endswith(address) for found in search(page, words)), words


def test_the_search_finds_words_and_not_their_middles(chromium: Any, site: Path) -> None:
    with opened(chromium, site / "search.html") as page:
        assert search(page, "redit") == []
        assert page.locator("#_count").inner_text().startswith("No results for “redit”.")
        assert search(page, "ransaction") == []
        assert search(page, "transac") != [], "the beginning of a longer word"
        marks = page.locator("#_found mark").all_text_contents()
        assert {mark.casefold() for mark in marks} == {"transac"}
        whole = search(page, "transaction")
        assert search(page, "transactions") == whole, "singular and plural are one word"


def test_the_search_by_keyboard_alone(chromium: Any, site: Path) -> None:
    with opened(chromium, site / "search.html") as page:
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "_query":
                break
        page.keyboard.type("pilot-access")
        page.wait_for_url("**/search.html#q=pilot-access")  # what is found while typing comes and goes
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "vats-pilot-2024.html#pilot-access"
        page.keyboard.press("Enter")
        page.wait_for_url("**/vats-pilot-2024.html#pilot-access")
        assert page.locator("#pilot-access").is_visible()
        page.go_back()
        page.wait_for_selector("#_found a")
        assert page.get_by_role("searchbox").input_value() == "pilot-access"


def test_what_is_searched_for_does_not_run(chromium: Any, site: Path) -> None:
    with opened(chromium, site / "search.html") as page:
        assert search(page, HOSTILE) == []
        assert page.get_by_role("status").inner_text().startswith("No results for “<img src=x")
        page.goto(f"{(site / 'search.html').as_uri()}#q=%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E")
        assert page.locator("main img").count() == 0


def test_without_scripts_the_search_points_to_the_index(chromium: Any, site: Path) -> None:
    with opened(chromium, site / "search.html", java_script_enabled=False) as page:
        page.locator("noscript a, a[href='index.html']").last.click()
        assert page.url.endswith("/index.html")


def test_one_page_leads_to_the_same_in_the_other_language(chromium: Any, site: Path) -> None:
    with opened(chromium, site / "vats-pilot-2024.html") as page:
        page.get_by_role("link", name="中文").click()
        assert page.url.endswith("/zh/vats-pilot-2024.html")
        page.get_by_role("link", name="English").click()
        assert page.url == (site / "vats-pilot-2024.html").as_uri()
        page.get_by_role("navigation", name="You are here").get_by_role("link").click()
        assert page.url.endswith("/index.html")
