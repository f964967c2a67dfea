"""The page of `vatspolicy serve` in a real Chromium: a whole interview by keyboard, and the same answers as the command."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.chromium import new_page, opened, sideways, violations
from tests.support.console import Console
from tests.support.effort import LONG, part
from tests.support.shipped import ROOT, fixture_file
from tests.support.specs import TODAY

uvicorn = pytest.importorskip("uvicorn", reason="needs the extra `serve`")
pytest.importorskip("starlette", reason="needs the extra `serve`")

from vatspolicy.core.documents.schemas import SchemaSet  # noqa: E402
from vatspolicy.core.policies.bundle import load_bundle  # noqa: E402
from vatspolicy.core.profile.vocabulary import describe, find_choices  # noqa: E402
from vatspolicy.guidance.interview.questions import sort_choices  # noqa: E402
from vatspolicy.i18n.words import VERDICTS  # noqa: E402
from vatspolicy.server.serve import listen  # noqa: E402
from vatspolicy.server.web.page import WORDS  # noqa: E402
from vatspolicy.server.web.router import make_page  # noqa: E402
from vatspolicy.server.web.session import WebContext  # noqa: E402

PHONE = {"width": 360, "height": 740}
FIXTURES = ROOT / "fixtures"
TABS = ("decision", "forward", "timeline", "matrix", "spec")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a running server with the shipped law."""
    socket = listen("127.0.0.1", 0)
    app = make_page(WebContext(load_bundle(), today=lambda: TODAY))
    running = uvicorn.Server(uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off"))
    thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}/"
    running.should_exit = True
    thread.join(60)
    socket.close()
    assert not thread.is_alive()


@contextmanager
def visited(browser: Any, address: str, expect: int = 0, **options: Any) -> Iterator[Any]:
    """The page, begun. Leaving it fails if it asked another server for anything or complained.

    expect: how many answers of the server are refusals that the page shows.
    """
    with new_page(
        browser, lambda url: not url.startswith((address, "data:", "blob:")), accept_downloads=True, **options
    ) as (page, complaints):
        page.set_default_timeout(60_000)
        page.goto(address)
        page.locator("#answers dl").wait_for()
        yield page
    assert len(complaints) == expect, "; ".join(complaints)


def show(page: Any, name: str) -> None:
    """Open a tab and wait until it is filled."""
    page.locator(f"#tab-{name}").click()
    page.locator(f"#panel-{name}:not([hidden])").wait_for()
    if name == "forward":
        page.locator("#ways-routes").wait_for()
    if name == "timeline":
        page.locator("#panel-timeline section").first.wait_for()
    if name == "matrix":
        page.locator("table.matrix").wait_for()


def upload(page: Any, path: Path | dict[str, Any], title: str) -> None:
    """Open a file on the page; `title`: what its decision is headed by."""
    show(page, "spec")
    page.set_input_files("#open", path)
    page.locator("#panel-decision .verdict h2", has_text=title).wait_for(state="attached")


def speak(page: Any, lang: str) -> None:
    """Choose a language; a page begins in English."""
    if lang == "zh":
        page.get_by_role("button", name="中文").click()
        page.locator("html[lang=zh-Hans]").wait_for()


def use_text(page: Any, text: str) -> None:
    """Type a spec in place of the one that the page shows."""
    show(page, "spec")
    page.locator("#spec-text").fill(text)
    page.get_by_role("button", name="Use this text").click()


def record_of(page: Any) -> dict[str, Any]:
    """The whole record of the decision that the page shows."""
    found: dict[str, Any] = page.evaluate("async () => (await post('/decide', { details: true })).record")
    return found


def download(page: Any, folder: Path) -> Path:
    """The spec as a file, as the page gives it."""
    show(page, "spec")
    with page.expect_download() as waiting:
        page.get_by_role("button", name=WORDS["download"]["en"]).or_(
            page.get_by_role("button", name=WORDS["download"]["zh"])
        ).click()
    path = folder / str(waiting.value.suggested_filename)
    waiting.value.save_as(path)
    return path


def assert_same_as_check(browser: Any, page: Any, console: Console, lang: str) -> dict[str, Any]:
    """Download the spec, run `check` on it, and compare: the whole record, and every word of the report."""
    path = download(page, console.folder)
    told: dict[str, Any] = json.loads(console("check", path.name, "-f", "json", "--details", "--no-fail").out)[
        "decisions"
    ][0]
    assert record_of(page) == told
    verdict = VERDICTS[told["decision"]][lang]
    assert page.locator("#banner .word").inner_text() == verdict
    needs = [[one["instrument"]["title"][lang] for one in need.get("any_of") or [need]] for need in told["needs"]]
    assert all(title in page.locator("#banner").inner_text() for titles in needs for title in titles)
    assert console("check", path.name, "-o", f"html=report-{lang}.html", "--lang", lang, "--no-fail").code == 0
    show(page, "decision")
    with opened(browser, console.folder / f"report-{lang}.html", viewport=page.viewport_size) as report:
        for part in (
            ".verdict",
            ".part-because",
            ".part-services",
            ".part-to-do",
            ".part-calendar",
            ".part-law",
            ".part-facts",
        ):
            assert (
                page.locator(f"#panel-decision {part}").all_text_contents() == report.locator(part).all_text_contents()
            )
        assert page.locator("#panel-decision .todo > li").count() == report.locator(".todo > li").count() > 0
    return told


# --- a whole interview


def focused(page: Any) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(
        "() => ({id: document.activeElement.id, kind: document.activeElement.type, value: document.activeElement.value})"
    )
    return found


def labels(page: Any, value: Any) -> Any:
    """What the question calls a value."""
    return page.evaluate(
        "(value) => now.interview.question.choices.find((one) => one.value === value).label[lang]", value
    )


def found_in(search: str) -> str:
    """The id of the place that says how many choices a search found."""
    return f"{search.removesuffix('-find')}-list-found"


def answer_screen(page: Any, members: list[Any]) -> str | None:
    """Answer the screen of a question, if it has one, and return the kind of the control that follows."""
    if not page.evaluate("() => now.interview.question.screen"):
        return None
    page.keyboard.press("Space")
    page.keyboard.press("Tab" if members else "ArrowUp")  # from the first answer to the last: none
    return str(focused(page)["kind"]) if members else "screen"


def answer(page: Any, path: str, value: Any) -> None:
    """Answer a question with the keyboard alone, from its first control on, which has the focus."""
    at = focused(page)
    assert at["id"].startswith(f"q-{path}"), f"the focus is on {at} for {path}"
    members = value if isinstance(value, list) else [value]
    kind = answer_screen(page, members) or at["kind"]
    match kind:
        case "text":
            page.keyboard.type(str(value))
        case "date":  # the browser asks for month, day and year
            year, month, day = str(value).split("-")
            page.keyboard.type(f"{month}{day}{year}")
        case "radio":
            place = page.evaluate(
                "(value) => now.interview.question.choices.findIndex((one) => one.value === value)", value
            )
            page.keyboard.press("Space")
            for _ in range(place):
                page.keyboard.press("ArrowDown")
        case "checkbox":
            while focused(page)["kind"] == "checkbox":
                if focused(page)["value"] in ([json.dumps(one) for one in members] or ["none"]):
                    page.keyboard.press("Space")
                page.keyboard.press("Tab")
        case "search":
            for member in members:
                page.keyboard.insert_text(labels(page, member))
                page.wait_for_function("(id) => document.getElementById(id).textContent", arg=found_in(at["id"]))
                page.keyboard.press("Tab")
                while focused(page)["value"] != json.dumps(member):
                    page.keyboard.press("Tab")
                page.keyboard.press("Space")
            if not members:
                while focused(page)["value"] != "none":
                    page.keyboard.press("Tab")
                page.keyboard.press("Space")
        case "select-one":
            page.keyboard.type(labels(page, value))
            while page.evaluate("() => document.activeElement.type") != "submit":
                page.keyboard.press("Tab")
    page.keyboard.press("Enter")


def interview(page: Any, facts: Mapping[str, Any]) -> list[str]:
    """Answer whatever is asked from the facts of a spec until nothing is asked; what it lacks is not known.

    Returns the paths asked for.
    """
    asked: list[str] = []
    page.locator("#question form").wait_for()
    page.locator("#question form input").first.focus()
    while page.locator("#question form").count():
        path = page.evaluate("() => now.interview.question.path")
        assert len(asked) < 40
        assert path not in asked
        asked.append(path)
        value: Any = facts
        steps = path.split(".")
        for step in steps:
            value = value[int(step)] if isinstance(value, list) else value.get(step)
            if isinstance(value, str) and step != steps[-1]:
                value = {"at": value}
        if path == "services":
            value = value[0]["offers"]
        if path.endswith(("registered", "facilities", "area")):
            value = (
                value["at"]
                if isinstance(value, dict)
                else [one["at"] if isinstance(one, dict) else one for one in value]
            )
        if value is None and path in ("company.licenses", "partner.licenses", "deals"):
            value = []
        if value is None:
            while page.evaluate("() => document.activeElement.dataset.act") != "skip":
                page.keyboard.press("Tab")
            page.keyboard.press("Enter")
        else:
            answer(page, path, value)
        page.locator(f'[id="form-q-{path}"]').wait_for(state="detached")
    return asked


@pytest.mark.parametrize("lang", part(["zh", "en"], 2))
def test_an_interview_by_keyboard_leads_to_the_decision_that_check_gives(
    chromium: Any, server: str, console: Console, lang: str
) -> None:
    facts = yaml.safe_load((fixture_file("own-shop-shanghai")).read_text(encoding="utf-8"))
    with visited(chromium, server, viewport={"width": 1200, "height": 900}) as page:
        speak(page, lang)
        asked = interview(page, facts)
        assert asked[:3] == ["product.id", "product.launch", "services"]
        settled = WORDS["settled"][lang].format(word=VERDICTS["allow"][lang])
        assert page.locator("#question-head").inner_text() == settled
        assert page.locator("#banner .word").inner_text() == VERDICTS["allow"][lang]
        told = assert_same_as_check(chromium, page, console, lang)
        assert (told["decision"], told["product"], told["file"]) == (
            "allow",
            "own-shop-shanghai",
            "own-shop-shanghai.yaml",
        )
        assert told["duties"]


def test_what_is_not_known_can_be_passed_over_and_taken_back(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        page.get_by_role("button", name="Answer").click()
        page.locator("#question-error", has_text="Give an answer").wait_for()
        assert focused(page)["id"] == "q-product.id"
        page.locator('[id="q-product.id"]').fill("lamp")
        page.keyboard.press("Enter")
        page.locator('[id="form-q-product.launch"]').wait_for()
        page.get_by_text("Why do you ask?").click()
        assert "The law of this day applies." in page.locator("#question-why").inner_text()
        page.keyboard.press("Tab")
        assert page.locator('[id="q-product.launch"]').get_attribute("type") == "date"
        page.locator('[id="q-product.launch"]').fill("2020-01-01")
        page.keyboard.press("Enter")
        page.locator("#question-error").wait_for()
        assert "is in the past" in page.locator("#question-error").inner_text()
        assert focused(page)["value"] == "2020-01-01"
        page.locator('[id="q-product.launch"]').fill("")
        page.keyboard.type("0230")
        page.keyboard.press("Enter")
        page.locator("#question-error", has_text="Enter a date as YYYY-MM-DD").wait_for()
        assert violations(page, "#question") == []
        page.get_by_role("button", name="Back").click()
        page.locator('[id="form-q-product.id"]').wait_for()
        assert page.get_by_role("button", name="Back").is_disabled()
        page.get_by_role("button", name="I don't know").click()
        page.locator('[id="form-q-services"]').wait_for()
        assert page.evaluate("() => now.skipped") == ["product.id", "product.launch"]


EVERYWHERE = [(lang, scheme, room) for lang in ("en", "zh") for scheme in ("light", "dark") for room in (390, 1440)]


@pytest.mark.parametrize(("lang", "scheme", "room"), part(EVERYWHERE, 8, [("zh", "dark", 1440)]))
def test_facts_that_are_asked_together_are_answered_in_one_form(
    chromium: Any, server: str, lang: str, scheme: str, room: int
) -> None:
    with visited(chromium, server, color_scheme=scheme, viewport={"width": room, "height": 900}) as page:
        speak(page, lang)
        page.locator('[id="q-product.id"]').fill("lamp shop")
        page.locator('[id="q-product.launch"]').fill("2027-03-01")
        page.keyboard.press("Enter")
        page.locator('[id="form-q-services"]').wait_for()
        assert page.evaluate("() => now.data.product.launch") == "2027-03-01"
        page.locator('[id="q-services-find"]').fill("own shop")
        page.locator('label[data-word="own-shop"] input').check()
        page.get_by_role("button", name=WORDS["answer"][lang], exact=True).click()
        fields = page.locator("form.question > .field")
        page.wait_for_function("() => document.querySelectorAll('form.question > .field').length === 4")
        assert page.locator("form.question > .heading").inner_text().endswith("？" if lang == "zh" else "?")
        assert violations(page, "#question") == []
        assert sideways(page) == 0
        names = [fields.nth(index).get_attribute("data-path").split(".")[-1] for index in range(4)]
        assert sorted(names) == ["audience", "channels", "operated_by", "sells"]
        for name, word in (("audience", "public"), ("channels", "website"), ("sells", "own-goods")):
            page.locator(f'[id="q-services.0.{name}-field"] input[value=\'"{word}"\']').check()
        page.get_by_role("button", name=WORDS["answer"][lang], exact=True).click()
        page.wait_for_function("() => now.data.services[0].audience === 'public'")
        service = page.evaluate("() => now.data.services[0]")
        assert "operated_by" not in service
        assert page.evaluate("() => now.skipped") == []
        assert "services.0.operated_by" in page.evaluate("() => now.asked"), "what was left out stays to be asked"
        assert (service["audience"], service["channels"], service["sells"]) == ("public", ["website"], ["own-goods"])
        page.get_by_role("button", name=WORDS["back"][lang], exact=True).click()
        page.wait_for_function("() => document.querySelectorAll('form.question > .field').length === 4")
        assert "audience" not in page.evaluate("() => now.data.services[0]")


def test_a_screen_precedes_a_long_list(chromium: Any, server: str) -> None:
    spec = (
        "schema: 2\nproduct: {id: tool, launch: '2027-03-01'}\ncompany: {}\nservices:\n- {id: tool, offers: [saas], "
        "operated_by: company, audience: public, channels: [website], features: [], charges: [users]}\n"
    )
    with visited(chromium, server) as page:
        page.locator("#tab-spec").click()
        page.locator("#spec-text").fill(spec)
        page.locator('button[data-act="apply"]').click()
        page.locator('[id="form-q-services.0.content"]').wait_for()
        listed = page.locator('[id="q-services.0.content-field"]')
        assert listed.is_hidden()
        page.get_by_label("Content from its users").check()
        listed.wait_for()
        assert violations(page, "#question") == []
        page.get_by_label("No such content").check()
        listed.wait_for(state="hidden")
        page.get_by_role("button", name="Answer", exact=True).click()
        page.wait_for_function("() => now.data.services[0].content?.length === 0")


# --- the first screen


@pytest.mark.parametrize("lang", part(["en", "zh"], 2))
def test_the_first_screen_says_its_purpose(chromium: Any, server: str, lang: str) -> None:
    with visited(chromium, server, viewport={"width": 1200, "height": 800}) as page:
        speak(page, lang)
        text = page.locator("body").inner_text()
        for key in ("welcome", "welcome_what", "welcome_private"):
            assert WORDS[key][lang] in " ".join(text.split("\n")), key
        assert text.count(WORDS["title"][lang]) == 1
        assert text.count(VERDICTS["incomplete"][lang]) == 1
        assert page.locator("#banner").is_hidden()
        assert page.locator('[id="q-product.id"]').bounding_box()["y"] < 800, (
            "the first question is on the first screen"
        )
        assert page.locator(".verdict").count() == 0
        show_empty = [name for name in ("decision", "spec") if not page.locator(f"#panel-{name} :is(p, dl)").count()]
        assert show_empty == []
        page.locator("#tab-forward").click()
        page.locator("#panel-forward", has_text=WORDS["forward_blank"][lang]).wait_for()
        page.locator("#tab-decision").click()
        interview_name = page.locator('[id="q-product.id"]')
        interview_name.fill("lamp")
        interview_name.press("Enter")
        page.locator('[id="form-q-product.launch"]').wait_for()
        assert page.locator("#welcome").is_hidden()
        visible = page.locator("body").inner_text()
        assert visible.count(VERDICTS["incomplete"][lang]) == 1, "the banner says it, the card does not repeat it"
        assert page.locator("#report .verdict").get_by_text("lamp").and_(page.locator(":visible")).count() == 1


def test_a_file_can_be_opened_at_once(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        page.set_input_files("#open-first", fixture_file("cloud-hosting-beijing"))
        page.locator("#report .verdict h2", has_text="Data-center hosting").wait_for()
        assert page.locator("#welcome").is_hidden()


# --- the search in a list


SEARCHES = {
    "SaaS": "saas",
    "shop": "own-shop",
    "IoT": "iot-own-devices",
    "e-commerce": "own-shop",
    "chatbot": "ai-chat",
    "telematics": "connected-car",
    "车联网": "connected-car",
    "EDI": "data-interchange",
    "marketplce": "marketplace",
    "telemtics": "connected-car",
    "Health": "drug-sale",
}


def test_a_long_list_begins_with_what_suits_the_product(chromium: Any, server: str, tmp_path: Path) -> None:
    spec = tmp_path / "car.yaml"
    service = "{id: app, offers: [connected-car], features: []}"
    spec.write_text(f"schema: 2\nproduct: {{id: car}}\ncompany: {{}}\nservices:\n  - {service}\n")
    with visited(chromium, server) as page:
        page.set_input_files("#open-first", spec)
        page.locator("#panel-decision .verdict h2").wait_for(state="attached")
        page.evaluate("document.querySelector('#s-services').open = true")
        page.locator('[id="f-services.0.features-more"] > summary').click()
        listed = page.locator('[id="f-services.0.features-list"] input')
        listed.first.wait_for(state="attached")
        stated = listed.evaluate_all("(all) => all.map((one) => one.value)")
        values = [json.loads(one) for one in stated if one != "none"]
        path = ("services", 0, "features")
        assert values == sort_choices({"services": [{"offers": ["connected-car"]}]}, path, SchemaSet.shipped())
        assert values[0] == "vehicle-data"


SHOWN = """(wanted) => {
  const shown = [...document.querySelectorAll('[id="q-services-list"] label:not([hidden]) input')];
  return JSON.stringify(shown.map((one) => one.value).sort()) === JSON.stringify(wanted);
}"""


def test_a_list_is_searched_by_words_and_synonyms(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        page.get_by_role("button", name="I don't know").click()
        box = page.locator('[id="q-services-find"]')
        box.wait_for()
        every = page.locator('[id="q-services-list"] label:visible').count()
        heads = page.locator('[id="q-services-list"] .group:visible')
        names = [one["en"] for one in describe(("services", 0, "offers", 0))["x-groups"]]
        assert heads.all_inner_texts() == names
        for text, value in SEARCHES.items():
            hits = find_choices(("services", 0, "offers"), text, {}, SchemaSet.shipped())
            assert value in hits, text
            assert len(hits) < every / 4, text
            box.fill(text)
            page.wait_for_function(SHOWN, arg=sorted(map(json.dumps, hits)))
            said = page.locator('[id="q-services-list-found"]').inner_text()
            assert said == WORDS["found"]["en"].format(count=len(hits))
            assert 0 < heads.count() <= len(hits), "a group without a choice has no heading"
        assert "Health" in heads.all_inner_texts()
        box.fill("qwertz")
        none = WORDS["found_none"]["en"].format(text="qwertz")
        page.locator('[id="q-services-list-found"]', has_text=none).wait_for()
        assert page.locator('[id="q-services-list"]').is_hidden()
        assert violations(page, "#question") == []
        label = page.locator('label[for="q-services-find"]').bounding_box()
        assert box.bounding_box()["y"] - label["y"] - label["height"] >= 5, "the focus ring is 5 pixels wide"
        box.fill("")
        page.wait_for_function(
            "(every) => document.querySelectorAll('[id=\"q-services-list\"] label:not([hidden])').length === every",
            arg=every,
        )


# --- the checklist


def test_the_checklist_before_launch_is_copied_as_markdown(chromium: Any, server: str) -> None:
    with visited(chromium, server, permissions=["clipboard-read", "clipboard-write"]) as page:
        upload(page, fixture_file("cloud-hosting-beijing"), "")
        show(page, "decision")
        page.get_by_role("button", name=WORDS["copy_checklist"]["en"]).click()
        page.locator("#copied", has_text=WORDS["copied"]["en"]).wait_for()
        copied = page.evaluate("() => navigator.clipboard.readText()")
        lines = copied.splitlines()
        tasks = [one for one in record_of(page)["duties"] if one["deadline"]["group"] == "before-launch"]
        names = {task["instrument"]["title"]["en"] for task in tasks if task["state"] != "done"}
        assert len([line for line in lines if line.startswith("- [ ] **")]) >= len(names) > 2
        assert lines[0].startswith("## ")
        assert copied == page.locator("#d-checklist").input_value()
        assert violations(page, "#panel-decision") == []
        upload(page, fixture_file("cloud-chengdu"), "")
        page.locator("#banner .word", has_text=VERDICTS["deny"]["en"]).wait_for()
        assert page.get_by_role("button", name=WORDS["copy_checklist"]["en"]).count() == 0, "nothing to do helps"


# --- a denial


def test_a_denial_has_its_reason_and_a_way_on_beside_it(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        upload(page, fixture_file("cloud-chengdu"), "")
        page.locator("#banner .word", has_text=VERDICTS["deny"]["en"]).wait_for()
        denials = record_of(page)["denials"]
        told = [
            " · ".join(each["title"]["en"] for each in one["reasons"])
            if one["effect"] == "need" and one.get("reasons")
            else one["message"]["en"]
            for one in denials
        ]
        reasons = dict(zip(told, (one.get("curable", False) for one in denials), strict=True))
        assert page.locator("#banner-reason").inner_text() == told[0]
        count = page.locator("#banner-reasons").inner_text()
        assert count.startswith("1 reason," if len(reasons) == 1 else f"{len(reasons)} reasons,")
        fixable = sum(map(bool, reasons.values()))
        assert ("not fixable" in count) == (fixable == 0)
        page.locator("#banner").get_by_role("button", name="Ways forward").click()
        page.locator("#ways-routes").wait_for()
        assert focused(page)["id"] == "tab-forward"


# --- files


@pytest.mark.parametrize("name", part(["cloud-chengdu", "cloud-hosting-beijing", "shop-without-facts"], 2))
def test_a_spec_that_is_opened_is_decided_as_check_decides_it(
    chromium: Any, server: str, console: Console, name: str
) -> None:
    text = (fixture_file(name)).read_text(encoding="utf-8")
    expected = yaml.safe_load(fixture_file(f"{name}.expect").read_text(encoding="utf-8"))["decisions"]
    with visited(chromium, server) as page:
        upload(page, fixture_file(name), yaml.safe_load(text)["product"]["title"])
        path = download(page, console.folder)
        assert path.read_text(encoding="utf-8") == text
        told = json.loads(console("check", path.name, "-f", "json", "--details", "--no-fail").out)["decisions"][0]
        assert record_of(page) == told
        assert page.locator("#banner .word").inner_text() == VERDICTS[told["decision"]]["en"]
        assert told["decision"] in {one["decision"] for one in expected}
        show(page, "forward")
        ways = json.loads(console("routes", path.name, "-f", "json").out)
        titles = [
            route["title"]["en"]
            for service in ways["services"]
            for activity in service["activities"]
            for route in activity["routes"]
        ]
        assert page.locator("section:has(> #ways-routes) strong:not(.badge)").all_text_contents() == titles
        phrases = [
            " + ".join(text["en"] for text in one["phrases"]) for one in (*ways["proposals"], *ways["undecided"])
        ]
        assert (
            page.locator("section:has(> [id^=ways-differences]) > .rows > li > strong").all_text_contents() == phrases
        )


def test_a_fact_that_is_entered_changes_the_decision_at_once(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        upload(page, fixture_file("cloud-hosting-beijing"), "Data-center hosting")
        page.locator("#s-company > summary").click()
        share = page.get_by_label("Foreign share")
        share.fill("150")
        share.press("Tab")
        error = page.locator('[id="f-company.foreign_percent-error"]')
        error.wait_for()
        assert error.inner_text() == "The number must be at most 100."
        assert share.get_attribute("aria-invalid") == "true"
        assert "f-company.foreign_percent-error" in (share.get_attribute("aria-describedby") or "")
        assert page.locator("#banner .word").inner_text() == VERDICTS["needs-license"]["en"]
        assert violations(page, "#s-company") == []
        share.fill("0")
        share.press("Enter")
        error.get_by_text("A company without foreign share").wait_for()
        assert page.evaluate("() => now.data.company.foreign_percent") == 100
        share.fill("60 %")
        share.press("Enter")
        error.wait_for(state="detached")
        assert page.evaluate("() => now.data.company.foreign_percent") == 60
        assert focused(page)["id"] == "f-company.foreign_percent"
        page.get_by_label("Registered office").fill("成都")
        page.get_by_label("Registered office").press("Enter")
        page.wait_for_function("() => now.data.company.registered === 'chengdu'")
        page.get_by_role("button", name="Back").click()
        page.get_by_role("button", name="Back").click()
        page.locator('[id="f-company.foreign_percent"][value="100"]').wait_for()
        assert page.evaluate("() => now.data.company.registered.at") == "beijing"


def test_answers_stay_over_a_reload_and_are_handed_on_by_a_link(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        upload(page, fixture_file("cloud-hosting-beijing"), "Data-center hosting")
        spec = page.evaluate("() => now.text")
        page.evaluate("() => { unsaved = false; }")
        page.reload()
        page.locator("#banner .word", has_text=VERDICTS["needs-license"]["en"]).wait_for()
        assert page.evaluate("() => now.text") == spec
        link = page.evaluate("() => makeLink()")
        assert link.startswith(f"{server}#answers=")
    asked: list[str] = []
    with new_page(chromium, lambda url: False) as (page, _):
        page.on("request", lambda request: asked.append(request.url))
        page.goto(link)
        page.locator("#banner .word", has_text=VERDICTS["needs-license"]["en"]).wait_for()
        assert page.evaluate("() => now.text") == spec
        assert page.url == server, "the answers do not stay in the address"
    assert asked
    assert not any("answers" in url.partition("#")[0] for url in asked)


def test_a_link_that_holds_nothing_useful_begins_anew(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        for letters in ("x", "e30", "bnVsbA", "!!"):
            page.goto(f"{server}#answers={letters}")
            page.reload()
            page.locator("#answers dl").wait_for()
            assert page.evaluate("() => now.blank") is True


def test_lists_of_the_form_grow_and_shrink(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        upload(page, fixture_file("cloud-hosting-beijing"), "Data-center hosting")
        page.locator("#every").check()
        page.locator("#s-deals > summary").click()
        page.locator('[id="f-deals-add"] > summary').click()
        page.locator('[id="d-deals"] select').select_option(index=1)
        page.locator('[id="d-deals"]').get_by_role("button").click()
        page.locator('[id="f-deals.0"]').wait_for()
        assert len(page.evaluate("() => now.data.deals")) == 1
        page.locator('[id="f-deals.0"]').get_by_role("button", name="Remove").click()
        page.locator('[id="f-deals.0"]').wait_for(state="detached")
        assert page.evaluate("() => now.data.deals") == []
        page.locator("#s-services > summary").click()
        page.locator('[id="f-services.0.area-more"] > summary').click()
        page.locator('[id="f-services.0.area-find"]').fill("Chengdu")
        page.locator('[id="f-services.0.area-list"]').get_by_label("Chengdu", exact=True).check()
        page.locator('[id="f-services.0.area-field"] .picked', has_text="Chengdu").wait_for()
        assert "chengdu" in str(page.evaluate("() => now.data.services[0].area"))
        assert violations(page, "#s-services") == []


def test_mistakes_of_a_file_are_shown_at_their_facts(chromium: Any, server: str) -> None:
    """Of a member at its list, of two facts at both, of one at itself until it is mended; a text of any shape is shown."""
    text = fixture_file("cloud-hosting-beijing").read_text(encoding="utf-8")
    with visited(chromium, server) as page:
        use_text(page, text.replace("[data-center,", "[WFOE,"))
        page.locator('[id="f-services.0.offers-error"]').wait_for(state="attached")
        assert "vatspolicy list" not in page.locator("body").inner_text()
        assert "WFOE (?)" in (page.locator('[id="f-services.0.offers-field"] .picked').text_content() or "")
        use_text(page, text.replace("foreign_percent: 100", "foreign_percent: 60\n  state_percent: 70"))
        for name in ("foreign_percent", "state_percent"):
            error = page.locator(f'[id="f-company.{name}-error"]')
            error.wait_for(state="attached")
            assert "together are at most 100 percent" in (error.text_content() or "")
            assert page.locator(f'[id="f-company.{name}"]').get_attribute("aria-invalid") == "true"
        use_text(page, text.replace("foreign_percent: 100", "foreign_percent: 170"))
        error = page.locator('[id="f-company.foreign_percent-error"]', has_text="This must be at most 100.")
        error.wait_for(state="attached")
        assert page.locator("#banner .word").inner_text() == WORDS["no_decision"]["en"]
        assert violations(page, "#problems") == []
        page.get_by_label("Foreign share").fill("100")
        page.get_by_label("Foreign share").press("Enter")
        page.locator("#banner .word.warn").wait_for()
        assert page.locator("#problems").count() == 0
        assert page.locator("#spec-text").input_value() == text
        for odd in ("schema: 2\nproduct: x\ncompany: 5\nservices: {a: 1}\ndata: []\n", "- 1\n", "a: [\n", ""):
            use_text(page, odd)
            page.locator("#problems li").first.wait_for()
            page.locator("#every").set_checked(True)
            assert page.locator("#banner .word").inner_text() == WORDS["no_decision"]["en"]
            assert page.locator("#question-end").count() == 1
        page.get_by_role("button", name="Start over").click()
        page.locator('[id="form-q-product.id"]').wait_for()


def test_what_a_spec_says_does_not_run(chromium: Any, server: str) -> None:
    spec = yaml.safe_load((fixture_file("own-shop-shanghai")).read_text(encoding="utf-8"))
    spec["product"]["title"] = HOSTILE
    spec["product"]["description"] = HOSTILE
    file = {"name": f"{HOSTILE}\u202egnp.json", "mimeType": "application/json", "buffer": json.dumps(spec).encode()}
    with visited(chromium, server) as page:
        upload(page, file, HOSTILE)
        for name in TABS:
            show(page, name)
        page.locator("#s-product > summary").click()
        assert page.locator("img, main script, iframe").count() == 0
        assert page.locator("#panel-decision .verdict h2").inner_text(timeout=1000) in ("", HOSTILE)
        assert "\u202e" not in page.locator("body").inner_text()


@pytest.mark.parametrize("lang", part(["zh", "en"], 2))
def test_the_report_is_saved_as_check_writes_it(chromium: Any, server: str, console: Console, lang: str) -> None:
    with visited(chromium, server) as page:
        assert page.locator("#export button").count() == 0
        speak(page, lang)
        upload(page, fixture_file("cloud-hosting-beijing"), "")
        path = download(page, console.folder)
        show(page, "decision")
        with page.expect_download() as waiting:
            page.locator("#export").get_by_role("button", name=WORDS["as_html"][lang]).click()
        assert waiting.value.suggested_filename == f"{path.stem}.html"
        saved = Path(waiting.value.path()).read_text(encoding="utf-8")
        assert console("check", path.name, "-o", "html=report.html", "--lang", lang, "--no-fail").code == 0
        assert saved == (console.folder / "report.html").read_text(encoding="utf-8")


# --- for everybody


@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("zh", "dark")])
def test_every_tab_is_accessible(chromium: Any, server: str, lang: str, scheme: str) -> None:
    """Every tab in each language and scheme in the long run; else the first screen and two tabs in each."""
    with visited(chromium, server, color_scheme=scheme) as page:
        if LONG or lang == "en":
            assert violations(page) == []
        speak(page, lang)
        assert page.evaluate("document.documentElement.lang") == ("zh-Hans" if lang == "zh" else "en")
        upload(page, fixture_file("shop-without-facts"), "An idea")
        assert page.locator("#question form").count() == 1
        looked_at = {"en": ("decision", "matrix"), "zh": ("forward", "timeline", "spec")}[lang]
        for name in TABS:
            show(page, name)
            if LONG or name in looked_at:
                assert violations(page, f"#panel-{name}") == [], name
        assert page.locator("#tabs").inner_text().split() == " ".join(WORDS[one][lang] for one in TABS).split()


def test_tabs_are_walked_with_arrows(chromium: Any, server: str) -> None:
    with visited(chromium, server) as page:
        page.locator("#tab-decision").focus()
        for key, name in (("ArrowLeft", "spec"), ("Home", "decision"), ("ArrowRight", "forward"), ("End", "spec")):
            page.keyboard.press(key)
            assert focused(page)["id"] == f"tab-{name}"
            assert page.locator(f"#panel-{name}").is_visible()
        assert page.locator("[role=tabpanel]:visible").count() == 1


def test_colors_follow_the_system_until_they_are_chosen(chromium: Any, server: str) -> None:
    paper = "getComputedStyle(document.body).backgroundColor"
    with visited(chromium, server, color_scheme="dark") as page:
        dark = page.evaluate(paper)
        page.get_by_label("Colors").select_option("light")
        light = page.evaluate(paper)
        page.get_by_label("Colors").select_option("dark")
        assert (light != dark, page.evaluate(paper)) == (True, dark)
        page.emulate_media(color_scheme="light")
        assert page.evaluate(paper) == dark
        page.get_by_label("Colors").select_option("system")
        assert page.evaluate(paper) == light


def test_a_phone_shows_the_whole_width(chromium: Any, server: str) -> None:
    with visited(chromium, server, viewport=PHONE) as page:
        upload(page, fixture_file("cloud-chengdu"), "")
        page.locator("#every").check()
        for name in TABS:
            show(page, name)
            assert sideways(page) == 0, name


def test_the_matrix_opens_with_the_day_and_the_place_of_the_product_and_is_shown_for_others(
    chromium: Any, server: str, tmp_path: Path
) -> None:
    spec = tmp_path / "cloud-hosting-beijing.yaml"
    text = fixture_file("cloud-hosting-beijing").read_text(encoding="utf-8")
    spec.write_text(text.replace("\nproduct:\n", "\nproduct:\n  launch: '2027-03-01'\n"), encoding="utf-8")
    with visited(chromium, server, expect=1) as page:
        upload(page, spec, "")
        show(page, "matrix")
        page.locator("table.matrix caption", has_text="2027-03-01").wait_for()
        assert "registered in Beijing" in page.locator("table.matrix caption").inner_text()
        assert page.locator("#matrix-day").input_value() == "2027-03-01"
        page.locator("#matrix-day").fill("1990-01-01")
        page.get_by_role("button", name="Show").click()
        page.locator("#matrix-error").wait_for()
        assert "covers the law from" in page.locator("#matrix-error").inner_text()
        page.locator("#matrix-day").fill("2024-10-23")
        page.locator("#matrix-place").select_option(label="Shenzhen")
        page.locator("#matrix-zone").select_option(label="Outside every free-trade zone")
        page.get_by_role("button", name="Show").click()
        page.locator("table.matrix caption", has_text="Shenzhen").wait_for()
        assert "2024-10-23" in page.locator("table.matrix caption").inner_text()
        assert page.locator("#matrix-error").count() == 0
        top = "(one) => one.getBoundingClientRect().top"
        head, row = page.locator("table.matrix thead th").nth(1), page.locator("table.matrix tbody tr").first
        page.evaluate("document.querySelector('.access > .scroll').scrollTop = 400")
        frame = page.locator(".access > .scroll").evaluate(top)
        assert abs(head.evaluate(top) - frame) < 3, "the head stays"
        assert row.evaluate(top) < frame, "the row has gone"


def test_without_scripts_it_says_what_to_do(chromium: Any, server: str) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server)
    assert "vatspolicy ask" in page.locator("main").inner_text()
    context.close()


def test_a_server_that_has_gone_is_said_so(chromium: Any, server: str) -> None:
    with visited(chromium, server, expect=1) as page:
        page.context.set_offline(True)
        page.get_by_role("button", name="I don't know").click()
        page.locator("#trouble", has_text="No response").wait_for()
        page.context.set_offline(False)
        page.get_by_role("button", name="I don't know").click()
        page.locator('[id="form-q-services"]').wait_for()
        assert page.locator("#trouble").inner_text() == ""


# --- products of public life, and whom a decision is shown to


def to(page: Any, focus: str) -> None:
    """Go to an element by the tabulator."""
    for _ in range(80):
        if page.evaluate("(selector) => document.activeElement.matches(selector)", focus):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the tabulator does not reach {focus}")


@pytest.mark.parametrize("lang", part(["zh", "en"], 2))
def test_an_example_is_an_answer_in_one_step(chromium: Any, server: str, lang: str) -> None:
    """By keyboard: the decision of the fixture, each source with what it states, and that it accuses nobody."""
    folder = FIXTURES / "products"
    names = sorted(path.name for path in folder.glob("*.yaml") if ".expect." not in path.name)
    with visited(chromium, server) as page:
        speak(page, lang)
        page.locator("#examples").wait_for()
        assert page.locator("#examples button").evaluate_all("(all) => all.map((one) => one.dataset.file)") == names
        assert WORDS["examples_note"][lang] in page.locator("#examples").inner_text()
        assert violations(page) == []
        for name in ("airbnb-china-stays.yaml", "chatgpt-public.yaml"):
            told = yaml.safe_load((folder / name.replace(".yaml", ".expect.yaml")).read_text(encoding="utf-8"))
            to(page, f"button[data-file='{name}']")
            page.keyboard.press("Enter")
            page.locator("#example strong", has_text=told["title"][lang]).wait_for()
            assert page.evaluate("() => now.headline.decision") == told["decisions"][0]["decision"]
            assert page.evaluate("() => document.activeElement.id") == "tab-decision"
            assert WORDS["example_is"][lang] in page.locator("#example").inner_text()
            assert WORDS["examples_note"][lang] in page.locator("#example").inner_text()
            to(page, "#example-sources summary")
            page.keyboard.press("Enter")
            page.locator("#example-sources a").first.wait_for()
            text = page.locator("#example-sources").inner_text()
            links = page.locator("#example-sources a").evaluate_all("(all) => all.map((one) => [one.href, one.rel])")
            assert links == [[source["address"], "noreferrer"] for source in told["sources"]]
            assert all(one["says"][lang] in text for source in told["sources"] for one in source["states"])
            assert all(source["read"] in text for source in told["sources"])
            assert violations(page, "#example") == []
            show(page, "spec")
            page.get_by_role("button", name=WORDS["new"][lang]).click()
            page.locator("#examples").wait_for()
        page.locator("button[data-file='chatgpt-public.yaml']").click()
        page.locator("#example strong").wait_for()
        page.evaluate("() => decide({ change: { path: 'product.mlps_level', typed: '2' } })")
        page.locator("#example", has_text=WORDS["example_changed"][lang]).wait_for()


@pytest.mark.parametrize("lang", part(["en", "zh"], 2))
def test_the_view_is_chosen_by_keyboard_and_remembered(chromium: Any, server: str, lang: str) -> None:
    """Both views are of one record: articles with their grades for counsel; what to do, until when, for the team."""
    with visited(chromium, server) as page:
        text = fixture_file("cloud-hosting-beijing").read_text(encoding="utf-8")
        text = text.replace("product:\n", "product:\n  launch: '2027-03-01'\n")
        upload(page, {"name": "cloud.yaml", "mimeType": "text/yaml", "buffer": text.encode()}, "")
        speak(page, lang)
        show(page, "decision")
        page.locator("#report .part-beside").wait_for()
        record = record_of(page)
        rows = page.locator(".part-beside .beside > li")
        assert rows.count() >= len(record["needs"]) + 1
        first = rows.first.inner_text()
        cited = record["needs"][0]["citations"][0]
        assert cited[lang] in first
        assert cited["label"][lang] in first
        assert rows.first.locator("cite + .badge").count() == len(record["needs"][0]["citations"])
        left, right = (page.locator(".part-beside .beside > li > div").nth(at).bounding_box() for at in (0, 1))
        assert left["x"] + left["width"] <= right["x"]
        assert abs(left["y"] - right["y"]) < 2
        page.locator("#view-counsel").focus()
        page.keyboard.press("ArrowDown")
        page.locator("#report .part-tasks").wait_for()
        assert page.evaluate("() => document.activeElement.id") == "view-product"
        assert record_of(page) == record
        assert page.locator("#report .part-law, #report .part-beside").count() == 0
        text = page.locator("#report .part-tasks").inner_text()
        duties = [one for one in record["duties"] if one["deadline"]["date"]]
        assert duties
        assert all(one["instrument"]["title"][lang] in text and one["deadline"]["date"] in text for one in duties)
        assert violations(page, "#panel-decision") == []
        assert sideways(page) == 0
        page.reload()
        page.locator("#report .part-tasks").wait_for()
        assert page.locator("#view-product").is_checked()
        page.locator("#view-product").focus()
        page.keyboard.press("ArrowUp")
        page.locator("#report .part-beside").wait_for()
        page.reload()
        page.locator("#report .part-beside").wait_for()
