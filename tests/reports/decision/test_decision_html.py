"""Pages of decisions: safe whatever a spec says, whole in themselves, the same bytes each time."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.support.html_tree import HOSTILE, Tree
from tests.support.members import for_each
from tests.support.records import decision_to_data, to_record
from tests.support.records import render as render_any
from tests.support.shipped import fixture_file, shipped_bundle
from vatspolicy.core.documents import format_path
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.deadlines import deadline
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import Problem
from vatspolicy.i18n import Language
from vatspolicy.i18n.words import VERDICTS
from vatspolicy.reports.decision.html import gates
from vatspolicy.reports.decision.memo import cited_articles, steps, value_in_words
from vatspolicy.reports.formats.html_words import WORDS, PageWords
from vatspolicy.reports.printers.escapes import escape_html
from vatspolicy.reports.words import MEANINGS

LANGUAGES: tuple[Language, ...] = ("en", "zh")
CASES = {
    "allow": "own-shop-shanghai",
    "deny": "cloud-chengdu",
    "needs-license": "cloud-hosting-beijing",
    "incomplete": "shop-without-facts",
}
"""Fixtures by the decision they must show."""


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


def render(
    records: Iterable[Mapping[str, Any]],
    lang: Language,
    problems: Sequence[Problem] = (),
    remarks: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Render a page of decisions."""
    return render_any("html", records, lang, problems=problems, remarks=remarks)


Decide = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def decide(bundle: Bundle) -> Decide:
    def decide(name: str, *changes: tuple[str, object]) -> dict[str, Any]:
        profile = load_profile(fixture_file(name), [("product.launch", "2027-03-01"), *changes])
        found = decision_to_data(bundle, profile, evaluate(bundle, profile, profile.launch or "2027-03-01"))
        return {**found, "file": f"{name}.yaml"}

    return decide


@pytest.fixture(scope="module")
def records(decide: Decide) -> dict[str, dict[str, Any]]:
    return {word: decide(name) for word, name in CASES.items()}


# --- decisions


@for_each(CASES, LANGUAGES)
def test_a_page_says_what_the_decision_says(word: str, lang: Language, records: dict[str, dict[str, Any]]) -> None:
    data = records[word]
    assert data["decision"] == word
    text = render([data], lang)
    tree = Tree(text)
    words = tree.words()
    assert tree.named("html")[0]["lang"] == {"en": "en", "zh": "zh-Hans"}[lang]
    for wanted in (VERDICTS[word][lang], MEANINGS[word][lang], data["as_of"], data["bundle"]["digest"], data["title"]):
        assert wanted in words
    for key in ("denials", "needs", "duties", "advice"):
        for finding in data[key]:
            assert finding["message"][lang] in words or finding["effect"] in ("need", "duty")
            for cited in finding["citations"]:
                assert all(cited[one] in words for one in LANGUAGES if cited[one])
    for duty in data["duties"]:
        assert duty["instrument"]["title"][lang] in words
    for ask in data["missing"]:
        assert ask["question"][lang] in words
        assert ask["path"] in words


@pytest.mark.parametrize("lang", LANGUAGES)
def test_places_are_named_once_and_links_lead_to_them(records: dict[str, dict[str, Any]], lang: Language) -> None:
    for chosen in ([records["needs-license"]], list(records.values()), [records["deny"], records["deny"]]):
        tree = Tree(render(chosen, lang))
        ids = tree.ids()
        assert len(ids) == len(set(ids))
        for one in tree.named("a"):
            address = str(one["href"])
            assert address.startswith("https://") or address[1:] in ids
        for _, attributes in tree.elements:
            for name in ("aria-labelledby", "aria-describedby"):
                assert set(str(attributes.get(name) or "").split()) <= set(ids)


def test_headings_descend_one_by_one(records: dict[str, dict[str, Any]]) -> None:
    for chosen in ([records["needs-license"]], list(records.values())):
        tree = Tree(render(chosen, "en").partition("<main")[2].join(("<main", "")).partition("</main>")[0] + "</main>")
        levels = [int(name[1]) for name, _ in tree.elements if re.fullmatch("h[1-6]", name)]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in itertools.pairwise(levels))


def test_routes_are_drawn_and_listed(records: dict[str, dict[str, Any]]) -> None:
    data = records["needs-license"]
    [activity] = data["services"][0]["activities"]
    assert [route["state"] for route in activity["routes"]] == ["open", "closed", "closed"]
    tree = Tree(render([data], "en"))
    [picture] = [one for one in tree.named("svg") if "B11" in str(one["aria-labelledby"])]
    assert picture["role"] == "img"
    drawn = [str(one["class"]) for one in tree.named("circle") if str(one.get("class")).startswith("gate")]
    assert drawn == [
        f"gate {gate.state}" for route in to_record(data).services[0].activities[0].routes for gate in gates(route)
    ]
    assert drawn.count("gate pass") >= 7
    words = tree.words()
    for route in activity["routes"]:
        assert words.count(route["title"]["en"]) >= 3  # drawn, described, listed
        for condition in route["conditions"]:
            assert condition["message"]["en"] in words


def test_a_gate_for_the_share_and_for_what_is_not_known(records: dict[str, dict[str, Any]]) -> None:
    [route, *_] = to_record(records["deny"]).services[0].activities[0].routes
    [condition, *_] = route.conditions
    asked, met = (replace(condition, value=value, applies=True) for value in (None, True))
    base = replace(route, state="closed", max_foreign_percent=50.0, share_too_high=True, conditions=(asked,))
    assert [(gate.state, gate.label) for gate in gates(base)] == [("fail", "≤50%"), ("ask", "1")]
    unknown = replace(base, state="unknown", max_foreign_percent=None, share_too_high=False, conditions=(met,))
    assert [gate.state for gate in gates(unknown)] == ["ask", "pass"]
    assert [gate.state for gate in gates(replace(unknown, max_foreign_percent=33.3))] == ["ask", "pass"]
    assert [gate.state for gate in gates(replace(unknown, state="open"))] == ["pass"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_calendar_has_every_dated_duty_on_its_day(records: dict[str, dict[str, Any]], lang: Language) -> None:
    data = records["needs-license"]
    text = render([data], lang)
    rows = re.findall(r"<tr><th scope=\"row\"><time datetime=\"([\d-]+)\">.*?</tr>", text)
    dated = {duty["deadline"]["date"] for duty in data["duties"] if duty["deadline"]["date"]}
    assert rows == sorted(dated | {data["launch"]})
    assert len(rows) >= 3
    for day in rows:
        row = text.partition(f'<time datetime="{day}">{day}</time></th>')[2].partition("</tr>")[0]
        for duty in data["duties"]:
            assert (escape_html(duty["instrument"]["title"][lang]) in row) == (
                duty["deadline"]["date"] == day or _same_title(duty, data, day)
            )


def _same_title(duty: Mapping[str, Any], data: Mapping[str, Any], day: str) -> bool:
    others = [other for other in data["duties"] if other["deadline"]["date"] == day]
    return any(other["instrument"]["id"] == duty["instrument"]["id"] for other in others)


def test_without_a_launch_day_the_calendar_says_so(decide: Decide) -> None:
    data = decide("cloud-hosting-beijing", ("product.launch", None))
    for lang in LANGUAGES:
        text = render([data], lang)
        assert WORDS["no_launch_note"][lang] in text
        assert "<time datetime" in text
        assert 'class="launch"' not in text


def test_a_denial_folds_what_it_would_need(records: dict[str, dict[str, Any]]) -> None:
    data = records["deny"]
    text = render([data], "en")
    part = text.partition('<section class="part-to-do">')[2]
    assert "<details><summary>Further items if the launch were not denied" in part[:200]
    assert "part-calendar" not in text


def test_done_duties_are_ticked(decide: Decide) -> None:
    filing = {"instrument": "icp-filing", "date": "2026-12-01"}
    data = decide("cloud-hosting-beijing", ("filings", [filing]))
    if not any(duty["state"] == "done" for duty in data["duties"]):
        pytest.fail("the filing should answer a duty")
    text = render([data], "en")
    assert "☑" in text
    assert "done on 2026-12-01" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_facts_are_named_with_value_and_line(records: dict[str, dict[str, Any]], lang: Language) -> None:
    data = records["needs-license"]
    text = render([data], lang)
    part = text.partition('<section class="part-facts">')[2]
    read = {fact["path"]: fact for key in ("needs", "duties") for finding in data[key] for fact in finding["facts"]}
    for fact in read.values():
        if fact["value"] is not None:
            assert (
                f'<code>{escape_html(fact["path"])}</code></td><td><span class="number">{fact["line"]}</span>' in part
            )
    assert {"en": "Foreign share", "zh": "外资"}[lang] in part


@pytest.mark.parametrize(
    ("path", "value", "en", "zh"),
    [
        ("company.mainland_entity", True, "yes", "是"),
        ("company.registered_capital_rmb", 1000000, "1,000,000", "1,000,000"),
        ("company.foreign_percent", 33.5, "33.5", "33.5"),
        ("services[0].features", [], "none", "无"),
        ("services[0].hosting", "mainland", "Mainland China", "中国内地"),
        ("services[0].area", [{"at": "beijing", "ftz": "none"}], "Beijing", "北京"),
        ("x.y", "as it is", "as it is", "as it is"),
        ("x.y", None, "not known", "未知"),
    ],
)
def test_values_in_words(path: str, value: object, en: str, zh: str) -> None:
    found = [value_in_words(steps(path), value, PageWords(lang)) for lang in LANGUAGES]
    assert en in found[0]
    assert zh in found[1]


def test_a_path_is_read_as_it_was_written() -> None:
    for path in (("services", 0, "ai", "use"), ("a b", 3), ('q"]["', "x"), ("data", "export", "sensitive_persons")):
        assert steps(format_path(path)) == path


# --- runs


def test_several_specs_have_an_overview_with_the_worst_first(records: dict[str, dict[str, Any]]) -> None:
    text = render(list(records.values()), "en", [Problem("bad.yaml", 1, 2, "", "Wrong <b>.", "")])
    tree = Tree(text)
    for place, name in enumerate(("deny", "needs-license", "incomplete", "allow"), 1):
        assert f'<a href="#d{place}-top">{escape_html(records[name]["title"])}</a>' in text
    assert {f"d{place}-law" for place in (1, 2, 4)} <= set(tree.ids())
    assert "bad.yaml:1:2: Wrong &lt;b&gt;." in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_overview_shows_that_a_product_is_contested(
    decide: Decide, records: dict[str, dict[str, Any]], lang: Language
) -> None:
    contested = decide("saas-shanghai")
    assert (contested["decision"], bool(contested["contested"])) == ("allow", True)
    rows = re.findall(
        r"<tr><th scope=.row.>.*?</tr>", render([records["allow"], contested], lang).partition("<article")[0]
    )
    assert [escape_html(str(one["title"])) in row for one, row in zip((contested, records["allow"]), rows, strict=True)]
    assert [VERDICTS["allow"][lang] in row for row in rows] == [True, True]
    assert [WORDS["contested_class"][lang] in row for row in rows] == [True, False]


# --- the summary


def _summary(data: dict[str, Any], lang: Language) -> str:
    return render([data], lang).partition('<div class="summary">')[2].partition('<section class="part-')[0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_has_the_licenses_with_authority_class_route_and_article(
    records: dict[str, dict[str, Any]], lang: Language
) -> None:
    data = records["needs-license"]
    text = _summary(data, lang)
    [row] = re.findall(r'<tr><th scope="row">.*?</tr>', text)
    [need] = data["needs"]
    [offer] = need["any_of"]
    [activity] = data["services"][0]["activities"]
    route = next(one for one in need["routes"] if one["name"] == offer["route"])
    told = [offer["instrument"]["title"], offer["authority"][0]["title"], activity["title"], route["title"]]
    told += [cited["label"] for cited in need["citations"]]
    for wanted in told:
        assert escape_html(wanted[lang]) in row
    assert text.index(WORDS["licenses"][lang]) < text.index(row)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_counts_filings_and_names_those_before_the_launch(
    records: dict[str, dict[str, Any]], lang: Language
) -> None:
    data = records["needs-license"]
    text = _summary(data, lang)
    titles = {"before-launch": set(), "later": set()}  # type: dict[str, set[str]]
    for duty in data["duties"]:
        group = duty["deadline"]["group"]
        titles[group if group == "before-launch" else "later"].add(duty["instrument"]["title"][lang])
    counts = {"count": len(titles["before-launch"]), "later": len(titles["later"])}
    assert WORDS["filings"][lang].format(**counts) in text
    for title in titles["before-launch"]:
        assert escape_html(title) in text
    assert "2027-03-31" in text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_names_missing_facts_other_readings_and_weak_sources(
    decide: Decide, records: dict[str, dict[str, Any]], lang: Language
) -> None:
    asked = _summary(records["incomplete"], lang)
    for ask in records["incomplete"]["missing"][:5]:
        assert escape_html(ask["question"][lang]) in asked
    data = decide("saas-shanghai")
    text = _summary(data, lang)
    assert escape_html(data["contested"][0]["message"][lang]) in text
    cited = {(one.policy, one.key): one for one in cited_articles(to_record(data))}
    for grade in ("primary", "secondary", "unverified"):
        count = sum(one.verification == grade for one in cited.values())
        values = {"primary": count, "count": len(cited) if grade == "primary" else count}
        key = "sources_count" if grade == "primary" else f"sources_{grade}"
        assert (WORDS[key][lang].format(**values) in text) == (count > 0)


def test_the_digest_of_the_rules_stands_in_the_footer_only(records: dict[str, dict[str, Any]]) -> None:
    for chosen in ([records["deny"]], list(records.values())):
        text = render(chosen, "en")
        digest = records["deny"]["bundle"]["digest"]
        assert text.count(digest) == 1
        assert digest in text.partition('<footer class="end">')[2]


def test_only_problems() -> None:
    for lang in LANGUAGES:
        tree = Tree(render([], lang, [Problem("bad.yaml", 1, 2, "", "Wrong.", "")]))
        assert "bad.yaml:1:2: Wrong." in tree.words()
        assert len(tree.named("h1")) == 1


def _poisoned(value: Any) -> Any:
    """A record whose every free text is hostile: what a spec, a file name or a policy could bring in."""
    fixed = {
        "decision",
        "state",
        "effect",
        "outcome",
        "verification",
        "group",
        "bearer",
        "date",
        "kind",
        "change",
        "launch",
        "as_of",
        "origin",
        "range",
    }
    if isinstance(value, dict):
        return {key: child if key in fixed else _poisoned(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_poisoned(child) for child in value]
    return HOSTILE if isinstance(value, str) else value


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_in_a_record_becomes_markup(records: dict[str, dict[str, Any]], lang: Language) -> None:
    clean = render(list(records.values()), lang)
    hostile = [_poisoned(data) for data in records.values()]
    for data in hostile:
        for service in data["services"]:
            for activity in service["activities"]:
                for finding in (*data["needs"], *data["would_need"]):
                    for offer in finding.get("any_of", ()):
                        offer["route"] = HOSTILE
                assert activity["routes"][0]["name"] == HOSTILE
    text = render(hostile, lang, [Problem(HOSTILE, 1, 1, HOSTILE, HOSTILE, HOSTILE)])
    tree = Tree(text)
    known = {name for name, _ in Tree(clean).elements}
    assert {name for name, _ in tree.elements} <= known
    assert tree.named("script") == []
    assert {name for _, attributes in tree.elements for name in attributes} <= {
        name for _, attributes in Tree(clean).elements for name in attributes
    }
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]", text)
    assert not re.search(r"^\s*::", re.sub("<style>.*?</style>", "", text, flags=re.DOTALL), re.MULTILINE)
    assert "<!-- javascript" not in text


def test_every_kind_of_deadline_has_a_place(decide: Decide) -> None:
    """A duty of each group, on one page: dated, undated, done or not."""
    data = decide(CASES["needs-license"])
    pattern = data["duties"][0]
    dues: Iterator[Mapping[str, Any]] = iter(
        [
            {"before": "launch"},
            {"before": "export"},
            {"within": 30, "unit": "calendar-day", "after": "launch"},
            {"within": 14, "unit": "month", "after": "launch"},
            {"within": 4, "unit": "hour", "after": "incident"},
            {"every": "year", "by": "12-15"},
            {"every": "two-years"},
            {"continuing": True},
        ]
    )
    data["duties"] = [
        {
            **pattern,
            "instrument": {"id": f"i{place}", "title": {"en": f"Duty {place}.", "zh": f"义务{place}。"}},
            "deadline": {"group": found.group, "text": found.text, "date": found.date},
        }
        for place, found in enumerate(deadline(due, data["launch"]) for due in dues)
    ]
    for lang in LANGUAGES:
        part = render([data], lang).partition('<section class="part-calendar">')[2].partition("</section>")[0]
        for duty in data["duties"]:
            assert part.count(duty["instrument"]["title"][lang]) == 1
        assert {"en": "14 months after", "zh": "上线后14个月"}[lang] in part
