"""`vatspolicy routes`: what it shows, in three formats and two languages, and how it ends."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.effort import LONG, part
from tests.support.html_tree import HOSTILE, Tree
from tests.support.members import for_each
from tests.support.shipped import fixture_file, fixture_files, shipped_bundle
from tests.support.specs import HOSTING, SHOP
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import NeedRecord, encode
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.remediation import RemediationPlan, find_remediations
from vatspolicy.guidance.remediation.result import Margin, Ways, describe_ways
from vatspolicy.i18n.text import width
from vatspolicy.reports.printers.html import write_part
from vatspolicy.reports.remediation import WORDS, cite, make_document, render

SPECS = ("idc-wuhan", "iot-suzhou", "shop-without-facts", "company-site", "cloud-storage-overseas", "hotel-export")
DAY = "2026-11-24"


@cache
def data_of(name: str, *changes: tuple[str, Any]) -> Ways:
    bundle = shipped_bundle()
    profile = load_profile(fixture_file(name), changes)
    return describe_ways(bundle, profile, find_remediations(bundle, profile, DAY))


def hosting(console: Console, *arguments: str | Path, law: Path, spec: str = HOSTING) -> Any:
    console.write("spec.yaml", spec)
    return console("routes", "spec.yaml", "--law", law, *arguments)


# --- data -------------------------------------------------------------------------------------------------------------


@for_each(SPECS)
def test_the_data_follow_their_schema(name: str) -> None:
    text = json.dumps(encode(data_of(name)), ensure_ascii=False)
    assert [str(problem) for problem in validate(parse_document(text, "routes.json"), "routes")] == []


def test_the_schema_refuses_what_is_not_such_data() -> None:
    data = json.loads(json.dumps(encode(data_of("iot-suzhou"))))
    data["proposals"][0]["cost"] = "cheap"
    del data["proposals"][1]["decision"]
    problems = validate(parse_document(json.dumps(data), "routes.json"), "routes")
    assert len(problems) == 2


def test_conditions_are_met_unmet_or_unknown() -> None:
    values = {
        condition.value
        for name in ("iot-suzhou", "idc-wuhan")
        for service in data_of(name, ("services.0.facilities", None)).services
        for activity in service.activities
        for route in activity.routes
        for condition in route.conditions
    }
    assert values == {True, False, None}
    shares = [
        route.share_met
        for route in data_of("iot-suzhou", ("company.foreign_percent", None)).services[0].activities[0].routes
        if route.max_foreign_percent is not None
    ]
    assert shares == [None]


def test_a_difference_names_the_fact_and_both_values() -> None:
    proposals = data_of("iot-suzhou").proposals
    venture = next(proposal for proposal in proposals if proposal.kinds == ("share",))
    share = venture.differences[0]
    assert (share.path, share.before, share.after) == ("company.foreign_percent", 100, 50)
    assert (share.from_["en"], share.to["zh"]) == ("100 %", "50%")
    moved = next(proposal for proposal in proposals if len(proposal.also) > 1)
    assert [need.any_of[0].route and need.any_of[0].route.name for need in moved.needs[:1]] == ["pilot"]
    assert [place["en"] for place in moved.also] == [
        "Shanghai, Pudong New Area or Shanghai, Lin-gang Special Area",
        "Shenzhen",
    ]


# --- margins ----------------------------------------------------------------------------------------------------------


def margins(name: str, *changes: tuple[str, Any]) -> dict[str, Margin]:
    return {margin.text["en"]: margin for margin in data_of(name, *changes).margins}


def test_a_share_is_near_to_the_cap_of_a_route() -> None:
    found = margins("iot-suzhou", ("company.foreign_percent", 49.5))
    assert found["Foreign share: 0.5 points under the cap of 50 % (General negative list)"].safe
    over = margins("iot-suzhou", ("company.foreign_percent", 50.1))
    assert not over["Foreign share: 0.1 points above the cap of 50 % (General negative list)"].safe
    at = margins("iot-suzhou", ("company.foreign_percent", 50))
    assert at["Foreign share: exactly at the cap of 50 % (General negative list)"].safe
    assert not margins("iot-suzhou", ("company.foreign_percent", 20)), "far from it"


def test_persons_are_near_to_a_security_assessment() -> None:
    found = margins("hotel-export", ("data.export.persons_since_1_jan", 980_000))
    beyond = "Security assessment of the export of personal information"
    margin = found[f"Persons since 1 January: 20,000 persons under 1,000,000; above it: {beyond}"]
    assert (margin.safe, margin.distance, margin.threshold) == (True, 20_000, 1_000_000)
    assert margin.rule.startswith("cross-border-data-provisions/")
    assert not any("100,000" in text and "880,000" in text for text in found), "a duty long passed is no margin"


def test_capital_matters_on_the_low_side() -> None:
    short = margins("hosting-shenzhen-capital", ("company.registered_capital_rmb", 9_999_999))
    assert not short[
        "Registered capital: RMB 1 under RMB 10,000,000; consequence: The registered capital is too low"
    ].safe
    enough = margins("hosting-shenzhen-capital", ("company.registered_capital_rmb", 10_500_000))
    assert enough[
        "Registered capital: RMB 500,000 above RMB 10,000,000; below it: The registered capital is too low"
    ].safe


def test_a_threshold_that_changes_nothing_is_no_margin() -> None:
    """A share below the cap of a route that is closed for another reason is near to nothing."""
    assert not margins("idc-wuhan", ("company.foreign_percent", 49.9))
    assert not any("cap" in text for text in margins("foreign-model-public")), "another route is open"


# --- reports ----------------------------------------------------------------------------------------------------------


@for_each(SPECS, ["en", "zh"], [40, 100])
def test_text_fits_and_says_everything(name: str, lang: Any, room: int) -> None:
    data = data_of(name)
    text = render("text", data, lang, color=False, room=room)
    assert max(map(width, text.splitlines())) <= room
    flat = "".join(text.split())
    for proposal in (*data.proposals, *data.undecided):
        for phrase in proposal.phrases:
            assert "".join(phrase[lang].split()) in flat
    for service in data.services:
        for activity in service.activities:
            for route in activity.routes:
                assert "".join(route.title[lang].split()) in flat
                assert all("".join(one.message[lang].split()) in flat for one in route.conditions)
    assert all("".join(margin.text[lang].split()) in flat for margin in data.margins)
    assert "".join(WORDS["not_advice"][lang].split()) in flat


@for_each(SPECS, ["en", "zh"])
def test_markdown_says_the_same(name: str, lang: Any) -> None:
    data = data_of(name)
    page = render("markdown", data, lang)
    plain = re.sub(r"[\\\u200b]", "", page)
    assert plain.count("difficulty") == 0
    for proposal in data.proposals:
        assert all(phrase[lang] in plain for phrase in proposal.phrases)
        assert all(one.to[lang] in plain for one in proposal.differences)
    assert plain.startswith("## ")


@for_each(SPECS, ["en", "zh"])
def test_a_page_says_the_same(name: str, lang: Any) -> None:
    data = data_of(name)
    tree = Tree(render("html", data, lang))
    words = tree.words()
    for service in data.services:
        for activity in service.activities:
            for route in activity.routes:
                assert route.title[lang] in words
                assert all(one.message[lang] in words for one in route.conditions)
    for proposal in data.proposals:
        assert all(phrase[lang] in words for phrase in proposal.phrases)
        assert all(one.to[lang] in words for one in proposal.differences)
    assert all(margin.text[lang] in words for margin in data.margins)
    assert all(ask.path in words and ask.question[lang] in words for ask in data.missing)
    assert WORDS["not_advice"][lang] in words
    assert data.bundle.digest in words
    assert len(tree.ids()) == len(set(tree.ids()))
    assert {str(one["href"]) for one in tree.named("a")} <= {f"#{id}" for id in tree.ids()}
    levels = [
        int(tag[1]) for tag, given in tree.elements if re.fullmatch("h[1-6]", tag) and given.get("id") != "_contents"
    ]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_a_part_for_another_page_has_its_own_places() -> None:
    tree = Tree(write_part(make_document(data_of("iot-suzhou"), "en"), "ways-"))
    assert tree.ids() == ["ways-contested", "ways-routes", "ways-differences", "ways-margins"]
    assert {tag for tag, _ in tree.elements if re.fullmatch("h[1-6]", tag)} == {"h2", "h3"}


def test_a_sign_is_a_word_for_who_cannot_see_it() -> None:
    page = Tree(render("html", data_of("iot-suzhou"), "en"))
    assert "✘ not met All service facilities are in the company's pilot zone." in " ".join(page.words().split())


def test_a_difference_is_no_advice() -> None:
    for name in SPECS:
        for text in (render("text", data_of(name), "en"), render("markdown", data_of(name), "en")):
            assert len(re.findall("advi[cs]e", text)) == 1, "only to say that it is none"
            assert "recommend" not in text
            assert not re.search(r"\byou should\b|\bmust\b", text.partition("Changes that")[2])


def test_chinese_reports_hold_no_english_phrases() -> None:
    for name in SPECS:
        text = render("text", replace(data_of(name), title="产品"), "zh", room=200)
        known = (
            r"ALLOW|FTZ|IDC|CDN|IP|SaaS|IaaS|App|CEPA|B\d\d|A\d\d|RMB|PaaS|API|policies|main|storage|shop|site|hotel"
        )
        words = re.findall(
            r"[A-Za-z]{4,}",
            re.sub(r"services\[\d+\]\S*|product\.\S+|company\.\S+|data\.\S+|B\d\d-[a-z-]+|SHA-256 [0-9a-f]+", "", text),
        )
        assert [word for word in words if not re.fullmatch(known, word)] == [], name


def test_colors_are_for_terminals() -> None:
    assert "\x1b[" not in render("text", data_of("iot-suzhou"), "en")
    assert "\x1b[31m" in render("text", data_of("iot-suzhou"), "en", color=True)


def test_hostile_words_of_a_spec_do_no_harm() -> None:
    data = data_of("iot-suzhou", ("product.title", "<b>x</b> \x07[a](http://b)"))
    assert "\x07" not in render("text", data, "en")
    assert "<b>" not in render("markdown", data, "en")
    page = render("html", data_of("iot-suzhou", ("product.title", HOSTILE.replace("\n", " "))), "en")
    assert Tree(page).named("script") == []
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_contest_is_said(lang: Any) -> None:
    """A decision that another reading changes is marked, and its readings are listed in every format."""
    data = data_of("iot-suzhou")
    assert data.contested
    text, page = render("text", data, lang, room=400), render("markdown", data, lang)
    mark = {"en": "CONTESTED", "zh": "存在争议"}[lang]
    assert mark in text.splitlines()[0]
    assert mark in page.splitlines()[0]
    for reading in data.contested:
        assert reading.held_by[lang] in text
        assert reading.held_by[lang] in re.sub(r"[\\\u200b]", "", page)
    calm = replace(data, goal=None, proposals=(), undecided=())
    assert WORDS["nothing_but_contest"][lang] in render("text", calm, lang, room=400)
    settled = replace(calm, contested=(), worst_reading=None)
    assert WORDS["nothing_better"][lang] in render("text", settled, lang, room=400)
    assert mark not in render("text", settled, lang, room=400)


def test_the_heading_names_what_the_proposals_reach() -> None:
    data = data_of("idc-wuhan")
    assert {one.decision for one in data.proposals} == {"allow", "needs-license"}
    both, one = data, replace(data, proposals=tuple(one for one in data.proposals if one.decision == "allow"))
    for form in ("text", "markdown"):
        assert "Changes that would lead to NEEDS LICENSE or better" in render(form, both, "en")
        assert "Changes that would lead to ALLOW" in render(form, one, "en")


def test_facts_that_nobody_stated_stand_below_the_proposals() -> None:
    data = data_of("idc-wuhan", ("services.0.area", None))
    assert [fact.path for fact in data.unstated] == ["services[0].area"]
    for form in ("text", "markdown"):
        flat = "".join(render(form, data, "en").replace("\\", "").split())
        assert "Factsthatarenotstatedandwhosechangeswerenotconsidered:Servicearea(main):services[0].area" in flat
        assert "werenotconsidered" not in "".join(render(form, data_of("idc-wuhan"), "en").split())


def test_articles_of_one_regulation_name_it_once() -> None:
    route = data_of("iot-suzhou").services[0].activities[0].routes[0]
    one = replace(route.citations[0], title={"en": "Law"}, label={"en": "art. 3"})
    cited = [one, replace(one, label={"en": "art. 5"}), replace(one, title={"en": "Rule"}, label={"en": "art. 1"})]
    assert [(article.title, article.label) for article in cite(cited, "en")] == [
        ("Law", "art. 3, art. 5"),
        ("Rule", "art. 1"),
    ]


def denied() -> Iterator[tuple[str, Ways, NeedRecord]]:
    """Yield each need that no route answers, of fixtures with other shares and places, with the ways forward."""
    bundle = shipped_bundle()
    for path in part(fixture_files(), 3):
        for share, place in ((49, "wuhan"), (51, "shanghai"), (100, "beijing")):
            changes = [
                ("company.foreign_percent", share),
                ("company.legal_form", "partnership"),
                ("company.registered", {"at": place, "ftz": "none"}),
            ]
            try:
                profile = load_profile(path, changes)
            except InvalidInput:  # the share contradicts what the spec says of its investors
                continue
            decision = evaluate(bundle, profile, DAY)
            record = make_record(bundle, profile, decision, explain=False)
            needs = [finding for finding in record.denials if isinstance(finding, NeedRecord) and finding.routes]
            if needs:
                ways = describe_ways(bundle, profile, RemediationPlan(decision, None, (), (), 0, 0, True))
                yield from ((f"{path.stem} {share} {place}", ways, need) for need in needs)


def test_the_first_route_is_the_nearest_one_of_the_record() -> None:
    found = 0
    for name, ways, need in denied():
        found += 1
        nearest = need.nearest_route
        assert nearest is not None
        [activity] = [
            one
            for service in ways.services
            if service.id == need.subject.service
            for one in service.activities
            if one.class_ == need.subject.class_
        ]
        assert [route.rule for route in activity.routes] == [route.rule for route in need.routes or ()], name
        assert activity.routes[0].rule == nearest.rule, name
        if found % (25 if LONG else 8):
            continue
        services = tuple(
            replace(one, activities=(activity,)) for one in ways.services if one.id == need.subject.service
        )
        alone = replace(ways, services=services, denials=())
        page = Tree(render("html", alone, "en"))
        for told in (render("text", alone, "en", room=2000), render("markdown", alone, "en"), page.words()):
            flat = re.sub(r"[\\\u200b]", "", told).partition("Routes")[2]
            places = [flat.index(route.title["en"]) for route in activity.routes]
            assert places == sorted(places), name
    assert found > (100 if LONG else 40)


# --- command ----------------------------------------------------------------------------------------------------------


def test_routes_are_shown_and_nothing_is_gated(console: Console, law: Path) -> None:
    ran = hosting(console, "--set", "services.0.facilities=[chengdu]", law=law)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("DENY ")
    assert "✘ All service facilities are in the company's pilot zone." in ran.out
    assert "Relocate the facilities to Shanghai, Pudong New Area" in ran.out
    assert "→ NEEDS LICENSE; to get: Pilot approval" in ran.out


def test_a_better_goal_may_be_asked_for(console: Console, law: Path) -> None:
    assert "Changes that would lead to ALLOW" in hosting(console, law=law).out
    denied = ("--set", "services.0.facilities=[chengdu]")
    assert "Changes that would lead to ALLOW" in hosting(console, *denied, "--to", "allow", law=law).out


def test_an_incomplete_spec_shows_what_is_missing(console: Console, law: Path) -> None:
    ran = hosting(console, "--set", "company.registered=", law=law)
    assert ran.code == 0
    assert ran.out.startswith("INCOMPLETE ")
    assert "? company.registered: Where is the company registered?" in ran.out
    assert "? The company is registered in a pilot zone." in ran.out


def test_an_allowed_spec_needs_nothing(console: Console, law: Path) -> None:
    ran = hosting(console, law=law, spec=SHOP)
    assert ran.code == 0
    assert "No obstacles" in ran.out


def test_the_law_of_a_past_day_needs_no_leave(console: Console, law: Path) -> None:
    ran = hosting(console, "--as-of", "2024-06-30", law=law)
    assert (ran.code, "Launch later: on 2024-10-23" in ran.out) == (0, True)


def test_a_spec_from_standard_input(console: Console, law: Path) -> None:
    assert console("routes", "-", "--law", law, stdin=HOSTING).code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.yaml"], 3, "missing.yaml"),
        (["broken.yaml"], 3, "broken.yaml:"),
        (["none/*.yaml"], 5, "no spec found at"),
        (["two"], 2, "matches 2 specs"),
        (["shop.yaml", "--as-of", "1999-01-01"], 2, "is before"),
        (["shop.yaml", "--as-of", "soon"], 2, "YYYY-MM-DD"),
        (["early.yaml"], 3, "The launch day is before"),
        (["shop.yaml", "--to", "deny"], 2, "--to"),
        (["shop.yaml", "--most", "9"], 2, "--most"),
        (["shop.yaml", "--set", "company.foreign=1"], 2, "has no fact"),
        (["shop.yaml", "--set", "company.foreign_percent=200"], 3, "foreign_percent"),
    ],
)
def test_mistakes_end_with_their_codes(console: Console, law: Path, arguments: list[str], code: int, said: str) -> None:
    console.write("shop.yaml", SHOP)
    console.write("broken.yaml", "schema: 2\nproduct: [\n")
    console.write("early.yaml", SHOP.replace("2027-01-31", "1999-01-31"))
    console.write("two/a.yaml", SHOP)
    console.write("two/b.yaml", SHOP)
    ran = console("routes", *arguments, "--law", law)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert "Traceback" not in ran.err
