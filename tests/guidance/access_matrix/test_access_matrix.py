"""The matrix: against the article's table, against decisions of whole profiles, and in every format."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
import yaml

from tests.support.console import Console
from tests.support.effort import part
from tests.support.members import for_each
from tests.support.shipped import GOLDEN, shipped_bundle
from vatspolicy.cli.commands.matrix import MatrixFormat
from vatspolicy.core.documents.published import schema_text
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.model import Deny, Route
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.core.profile.vocabulary import addresses, gazetteer
from vatspolicy.guidance.access_matrix import Matrix, PlaceError, build_matrix
from vatspolicy.guidance.access_matrix.best_case import STEP, BestCase, BestCaseSearch, Business, RouteFinding
from vatspolicy.guidance.access_matrix.locations import letters
from vatspolicy.guidance.access_matrix.result import PlaceCell, Regime, RegimeCell
from vatspolicy.i18n.text import width
from vatspolicy.reports.access_matrix.render import fragment, how_to_read, read_style, render, value

FORMATS = get_args(MatrixFormat)

DAY = "2026-11-24"
DAYS = part(("2015-03-01", "2018-08-01", "2021-03-01", "2024-05-01", DAY), 2)
TABLE = yaml.safe_load((GOLDEN / "article-table.yaml").read_text(encoding="utf-8"))
LANGUAGES = ("en", "zh")


@cache
def shipped() -> Bundle:
    return shipped_bundle()


@cache
def table(day: str = DAY, place: str | None = None, zone: str | None = None, by: str = "regimes") -> Matrix:
    return build_matrix(shipped(), day, place, zone, by)


@cache
def probe(day: str) -> BestCaseSearch:
    return BestCaseSearch(shipped(), day)


# --- the article's table


def expectations() -> Iterator[Any]:
    for row in TABLE["rows"]:
        for index, expected in enumerate(row["expect"]):
            name = f"{row['line']}-{row['regime']}-{expected['class']}-{index}".replace(" ", "-")
            yield pytest.param(row.get("as_of", TABLE["as_of"]), expected, id=name)


@pytest.mark.parametrize(("day", "expected"), list(expectations()))
def test_cell_of_the_article(day: str, expected: Mapping[str, Any]) -> None:
    if "at" in expected:
        data = table(day, *expected["at"], by="places")
        (column,) = data.columns
    else:
        data = table(day)
        columns = [one for one in data.columns if one.id == expected["column"]]
        assert columns, "the table has no such regime"
        (column,) = columns
    rows = [row for row in data.rows if row.class_ == expected["class"]]
    if "offer" in expected:
        rows = [row for row in rows if expected["offer"] in [offer.id for offer in row.offers]]
    assert rows
    for row in rows:
        (cell,) = [cell for cell in row.cells if cell.column == column.id]
        assert cell.state == expected.get("state", "open")
        assert cell.max_foreign_percent == expected.get("percent")
        assert cell.contested == expected.get("contested", cell.contested)
        bound = [condition.id for condition in getattr(cell, "conditions", ())]
        assert set(expected.get("conditions", [])) <= set(bound)
        assert not set(expected.get("free", [])) & set(bound)
    if "places" in expected:
        assert isinstance(column, Regime)
        assert column.places is not None
        assert column.places["en"] == expected["places"]


@pytest.mark.parametrize("regime", TABLE["regimes"], ids=lambda regime: regime["column"])
def test_places_of_a_regime(regime: Mapping[str, Any]) -> None:
    (column,) = [column for column in table().columns if column.id == regime["column"]]
    assert isinstance(column, Regime)
    assert (column.places and column.places["en"]) == regime["places"]


def test_the_article_is_covered_whole() -> None:
    cells = {(row["service"], row["regime"]) for row in TABLE["rows"] if 242 <= row["line"] <= 246}
    services = {"IDC", "CDN", "ISP", "EDI", "ICP"}
    regimes = {"General Negative List", "FTZ Negative List", "VATS Pilot"}
    assert {(service, regime) for service in services for regime in regimes} <= cells
    classes = {expected["class"] for row in TABLE["rows"] for expected in row["expect"]}
    # of these two the article does not speak
    assert {row.class_ for row in table().rows} - classes == {"A12-resale", "B26"}


# --- against decisions


def findings(day: str) -> Iterator[tuple[Business, RouteFinding]]:
    asked = probe(day)
    for business in asked.businesses:
        for rule in asked.routes:
            finding = asked.best(rule, business, asked.locations)
            if finding is not None:
                yield business, finding


def decide(day: str, business: Business, case: BestCase, **changes: Any) -> tuple[Decision, dict[str, str]]:
    """The decision on a case as a whole profile, and the states of its routes by rule."""
    profile = load_profile(probe(day).profile(business, case), changes.items())
    decision = evaluate(shipped(), profile, day)
    (service,) = decision.services
    (activity,) = [one for one in service.activities if one.cls == business.cls]
    return decision, {state.rule.name: state.state for state in activity.routes}


@pytest.mark.parametrize("day", DAYS)
def test_open_cells_are_decided_so_and_no_higher(day: str) -> None:
    opened = 0
    for business, finding in findings(day):
        if finding.case is None:
            continue
        opened += 1
        decision, states = decide(day, business, finding.case)
        assert states[finding.rule.name] == "open", (business, finding.rule.name)
        assert not decision.denials, (business, finding.rule.name)
        if finding.case.share < 100:
            higher = {"company.foreign_percent": finding.case.share + STEP, "company.investor_origin": ["HK"]}
            decision, states = decide(day, business, finding.case, **higher)
            barred = any(isinstance(one.rule.effect, Deny) for one in decision.denials)
            assert states.get(finding.rule.name) != "open" or barred, (business, finding.rule.name)
    assert opened > 40


@pytest.mark.parametrize("day", DAYS)
def test_closed_cells_are_open_in_no_random_case(day: str) -> None:
    asked, chance = probe(day), random.Random(20)
    flags = sorted(asked.flags)
    tried = 0
    for business, finding in findings(day):
        if finding.case is not None or finding.barred:
            continue
        for _ in range(8):
            location = chance.choice(asked.locations)
            share = chance.choice([1.0, 25.0, 49.0, 50.0, 100.0])
            choice = {
                "location": location,
                "area": chance.randrange(len(location.areas)),
                "origin": chance.choice(asked.origins),
                "share": share,
                **{flag: chance.random() < 0.5 for flag in flags},
            }
            _, states = decide(day, business, BestCase(share, location, choice))
            assert states.get(finding.rule.name) != "open", (business, finding.rule.name, choice)
            tried += 1
    assert tried > 50


def test_prohibitions_are_decided_so_at_one_percent() -> None:
    seen = 0
    for row in table().rows:
        for cell in row.cells:
            if isinstance(cell, RegimeCell) and cell.state == "prohibited" and cell.column == "general":
                business = Business(row.offers[0].id, row.class_)
                asked = probe(DAY)
                decision, _ = decide(
                    DAY, business, BestCase(1.0, asked.locations[0], {**asked.first_choice(), "share": 1.0})
                )
                assert decision.decision == "deny"
                names = {finding.rule.name for finding in decision.denials}
                assert {reason.rule for reason in cell.reasons} <= names
                seen += 1
    assert seen >= 5


def test_sites_of_one_spot_fare_alike() -> None:
    asked, chance = probe(DAY), random.Random(7)
    for business, finding in findings(DAY):
        if finding.case is None or chance.random() > 0.3:
            continue
        location = chance.choice(list(asked.open_locations(finding.rule, business, finding.case, asked.locations)))
        code = chance.choice(location.alike)
        moved = asked.best(finding.rule, business, (location.with_sites((code,)),))
        assert moved is not None
        assert moved.case is not None
        assert moved.case.location.at == code
        _, states = decide(DAY, business, moved.case)
        assert states[finding.rule.name] == "open", (business, code)


def test_every_site_lies_in_one_spot_for_each_zone() -> None:
    sites = [
        code
        for location in probe(DAY).locations
        for code in location.alike
        if location.zone == "none" or location.whole
    ]
    assert len(sites) == len(set(sites))
    known = {code for code in addresses(SchemaSet.shipped()) if gazetteer()[code]["province"] != "overseas"}
    assert set(sites) == known


# --- both tables


@pytest.mark.parametrize("day", DAYS)
def test_columns_are_the_routes_in_force(day: str) -> None:
    law = shipped().on(day)
    read = [rule for rule in law.rules_for("activity", "route") if not rule.is_unread]
    names = {rule.effect.name for rule in read if isinstance(rule.effect, Route)}
    data = table(day)
    assert {column.id for column in data.columns} == names == set(data.routes)
    assert data.columns[0].id == "general"


@pytest.mark.parametrize(
    ("place", "zone"), [("beijing", "none"), ("zhengzhou", "henan"), ("haikou", None), ("hangzhou", None)]
)
def test_the_tables_agree(place: str, zone: str | None) -> None:
    regimes, places = table(DAY, place, zone), table(DAY, place, zone, "places")
    shares = {row.offers[0].id: [cell.max_foreign_percent or 0 for cell in row.cells] for row in regimes.rows}
    offers = {offer.id: row.offers[0].id for row in regimes.rows for offer in row.offers}
    for row in places.rows:
        (cell,) = row.cells
        assert isinstance(cell, PlaceCell)
        special = cell.special or cell
        for offer in row.offers:
            highest = max(shares[offers[offer.id]])
            assert (special.max_foreign_percent or 0) == highest, (offer.id, place)


def test_place_and_zone_narrow(bundle: Bundle) -> None:
    def share(place: str | None, zone: str | None) -> float | None:
        data = build_matrix(bundle, DAY, place, zone)
        (row,) = [row for row in data.rows if row.class_ == "B11"]
        return next(cell.max_foreign_percent for cell in row.cells if cell.column == "pilot")

    assert (
        share(None, None) == share("beijing", None) == share("shanghai", None) == share("shenzhen", "guangdong") == 100
    )
    assert share("hangzhou", None) is share("zhejiang", "zhejiang") is share("jiangsu", None) is None
    for place, zone in [("beijing", "henan"), ("hong-kong", None), ("overseas", None)]:
        with pytest.raises(PlaceError):
            build_matrix(bundle, DAY, place, zone)
    with pytest.raises(ValueError, match="covers"):
        build_matrix(bundle, "2014-12-31")


def test_a_new_route_is_a_new_column(copy_of_law: Path) -> None:
    path = copy_of_law / "vats-pilot-2024.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("name: pilot\n", "name: harbour\n      max_foreign_percent: param.cap\n")
    text = text.replace(
        "parameters:\n",
        "parameters:\n  cap: {title: {en: Cap, zh: 上限}, values: [{from: '2024-04-08', cite: notice, value: 73.0}]}\n",
        1,
    )
    path.write_text(text, encoding="utf-8")
    data = build_matrix(load_bundle(copy_of_law), DAY)
    assert [column.id for column in data.columns] == ["harbour", "domestic"]
    (row,) = [row for row in data.rows if row.class_ == "B11"]
    assert row.cells[0].max_foreign_percent == 73


# --- formats


def test_data_follow_the_schema() -> None:
    validator = jsonschema_rs.Draft202012Validator(json.loads(schema_text("matrix", SchemaSet.shipped())))
    for by in ("regimes", "places"):
        validator.validate(json.loads(render("json", [table(by=by)], "en")))


@for_each(["regimes", "places"], LANGUAGES, [40, 80, 100, 120])
def test_text_fits(by: str, lang: Any, room: int) -> None:
    text = render("text", [table(by=by)], lang, room=room)
    assert max(map(width, text.splitlines())) <= room
    assert not re.search(r"\{\w+\}", text)


@for_each(["regimes", "places"], LANGUAGES)
def test_text_is_short_unless_details_are_asked_for(by: str, lang: Any) -> None:
    short = render("text", [table(by=by)], lang, room=80)
    whole = render("text", [table(by=by)], lang, room=80, details=True)
    assert len(short.splitlines()) < 110
    assert len(short.splitlines()) < len(whole.splitlines())
    assert ("§" in short, "§" in whole) == (False, by == "regimes")
    assert "--details" in short
    assert "--details" not in whole


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_format_says_how_to_read_it(lang: Any) -> None:
    for by in ("regimes", "places"):
        said = how_to_read(table(by=by), lang)
        flat = "".join(render("text", [table(by=by)], lang, room=80).split())
        assert "".join(said.split()) in flat
        assert said in render("markdown", [table(by=by)], lang)
        assert said in render("html", [table(by=by)], lang)


def test_a_share_of_zero_is_not_shown_as_forbidden() -> None:
    (row,) = [one for one in table().rows if one.class_ == "B24"]
    (cell,) = [one for one in row.cells if one.max_foreign_percent == 0]
    assert (value(cell, "en"), value(cell, "zh")) == ("domestic", "内资")
    page = render("html", [table()], "en")
    assert '<td class="is-zero"><strong>domestic</strong></td>' in page
    assert "bad" not in read_style().partition(".is-zero")[2].partition("}")[0]
    assert "0 %" not in render("text", [table()], "en").replace("00 %", "").replace("50 %", "")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_text_columns_stand_under_their_heads(lang: Any) -> None:
    lines = render("text", [table()], lang, room=120).splitlines()
    rule = next(index for index, line in enumerate(lines) if line.startswith("--"))
    starts = [width(lines[rule - 1][: found.start()]) for found in re.finditer(r"(?<=  )\S", lines[rule - 1])]
    rows = [line for line in lines[rule + 1 :] if line.startswith("B24")]
    (row,) = rows
    assert [width(row[: found.start()]) for found in re.finditer(r"(?<=  )\S", row)] == starts


@for_each(["regimes", "places"], LANGUAGES)
def test_markdown_rows_have_all_cells(by: str, lang: Any) -> None:
    data = table(by=by)
    rows = [line for line in render("markdown", [data], lang).splitlines() if line.startswith("|")]
    assert len(rows) == len(data.rows) + 2
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {len(data.columns) + 2}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_html_says_in_text_what_color_says(lang: Any) -> None:
    page = render("html", [table(), table(by="places")], lang)
    assert page.startswith("<!doctype html>")
    assert "http-equiv" in page
    assert not re.search(r"<(script|iframe|link[^>]*stylesheet)", page)
    cells = re.findall(r'<td class="is-([a-z]+)">(.*?)</td>', page)
    assert len(cells) == sum(len(data.columns) * len(data.rows) for data in (table(), table(by="places")))
    for level, inner in cells:
        text = re.sub(r"<[^>]+>", "", inner)
        assert text, level
        assert (level == "whole") == text.startswith("100"), (level, text)
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert page.count("<caption>") == 2
    assert page.count('scope="row"') == len(table().rows) + len(table(by="places").rows)
    assert page.count("<h1") == 1


def test_the_fragment_stands_in_any_page() -> None:
    text = str(fragment(table(), "en", "here"))
    assert text.startswith('<section id="here"')
    assert "<html" not in text
    assert "is-whole" in read_style()


def test_letters() -> None:
    assert [letters(number) for number in (0, 25, 26, 27, 51, 52, 701, 702)] == [
        "a",
        "z",
        "aa",
        "ab",
        "az",
        "ba",
        "zz",
        "aaa",
    ]


# --- the command


@pytest.mark.parametrize("format", FORMATS)
def test_the_command(format: str, console: Console, law: Path) -> None:
    ran = console("matrix", "--law", law, "--place", "shenzhen", "-f", format, "--lang", "zh", "--by", "all")
    assert (ran.code, ran.err) == (0, "")
    assert "2024" in ran.out
    if format == "json":
        assert [data["by"] for data in json.loads(ran.out)] == ["regimes", "places"]
    else:
        assert "深圳" in ran.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--as-of", "2014-12-31"], "is before 2015-01-01"),
        (["--place", "shenzen"], "shenzhen"),
        (["--ftz", "henam"], "henan"),
        (["--place", "beijing", "--ftz", "henan"], "companies cannot be registered there"),
        (["--by", "wishes"], "regimes"),
    ],
)
def test_mistakes(arguments: list[str], says: str, console: Console, law: Path) -> None:
    ran = console("matrix", "--law", law, *arguments)
    assert ran.code == 2
    assert says in ran.err
    assert "Traceback" not in ran.err
