"""`vatspolicy list`, and the page of all values: everybody's words find the values, in both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.shipped import shipped_bundle
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.vocabulary import fact_schemas, resolve_node
from vatspolicy.core.profile.word_lists import find_list, word_lists
from vatspolicy.reports.reference import reference_page


def test_a_list_has_every_value_with_its_meaning(console: Console, law: Path) -> None:
    ran = console("list", "offers", "--law", law)
    assert ran.code == 0
    assert "Write it as offers: [data-center]" in ran.out
    assert "  saas" in ran.out
    assert "Business software as a service" in ran.out
    assert "87 values. Search them: vatspolicy list offers WORD" in ran.out
    assert "企业软件即服务" in console("list", "offers", "--law", law, "--lang", "zh").out


def test_a_search_shows_examples_and_other_names(console: Console, law: Path) -> None:
    out = console("list", "offers", "CRM", "--law", law).out
    assert "Write it as offers: [saas]" in out
    assert "Example: A CRM that sales teams use in the browser" in out
    assert "Also: software as a service, CRM, ERP" in out
    assert "own-shop" not in out
    assert "1 of 87 values fit." in out


def test_a_search_takes_several_words(console: Console, law: Path) -> None:
    out = console("list", "offers", "online", "mall", "--law", law).out
    assert "marketplace" in out
    assert "1 of 87 values fit." in out


def test_a_search_that_finds_nothing_says_so(console: Console, law: Path) -> None:
    ran = console("list", "places", "qqqq", "--law", law)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == "vatspolicy: no value of places matches. All 390 values: vatspolicy list places\n"


@pytest.mark.parametrize(
    ("name", "word", "value"),
    [
        ("places", "peking", "beijing"),
        ("legal-forms", "WFOE", "limited-company"),
        ("legal_form", "WFOE", "limited-company"),
        ("services.features", "login", "accounts"),
        ("instruments", "ICP license", "vats-license"),
        ("classes", "IoT", "B21-device-data"),
    ],
)
def test_a_list_as_json(console: Console, law: Path, name: str, word: str, value: str) -> None:
    data = json.loads(console("list", name, word, "-f", "json", "--law", law).out)
    first = data["values"][0]
    assert first["value"] == value
    assert first["name"]["en"]
    assert first["name"]["zh"]
    assert data["written"]


def test_without_a_name_the_lists_are_listed(console: Console, law: Path) -> None:
    out = console("list", "--law", law).out
    for name in ("offers", "features", "content", "places", "channels", "instruments", "classes", "zones"):
        assert f"\n  {name} " in out
    names = [entry["list"] for entry in json.loads(console("list", "-f", "json", "--law", law).out)]
    assert names[0] == "offers"


def test_an_unknown_list_has_a_suggestion(console: Console, law: Path) -> None:
    ran = console("list", "offerz", "--law", law)
    assert ran.code == 2
    assert ran.err == "vatspolicy: there is no list 'offerz'. Did you mean 'offers'?\n"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_list_fits_the_terminal(console: Console, law: Path, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from vatspolicy.i18n.text import width

    monkeypatch.setenv("COLUMNS", "80")
    for arguments in (("list",), ("list", "offers"), ("list", "instruments"), ("list", "offers", "cloud")):
        lines = console(*arguments, "--law", law, "--lang", lang).out.splitlines()
        assert len(lines) > 5
        assert [line for line in lines if width(line) > 80] == []


def test_each_value_of_a_profile_is_in_a_list() -> None:
    schemas = SchemaSet.shipped()
    missing = []
    for path, node in fact_schemas(schemas):
        item = resolve_node(node["items"], schemas) if "items" in node else node
        values = {value for value in item.get("enum", ()) if isinstance(value, str)}
        found = find_list(".".join(path[:-1] if path[-1] == "at" else path), schemas)
        if values and (found is None or not values <= {word.value for word in found.words}):
            missing.append(".".join(path))
    assert missing == []


def test_errors_name_lists_that_exist() -> None:
    named = {
        item["x-list"]
        for _, node in fact_schemas()
        if "x-list" in (item := resolve_node(node.get("items", node), SchemaSet.shipped()))
    }
    assert len(named) > 8
    assert named <= word_lists().keys()


def test_the_page_has_every_value_in_both_languages() -> None:
    rows = [line for line in reference_page(shipped_bundle()).splitlines() if line.startswith("| `")]
    assert len(rows) == sum(len(found.words) for found in word_lists().values())
    assert [row for row in rows if " |  |" in row.rsplit("|", 2)[0]] == []


def test_docs_build_checks_and_writes_the_page(
    console: Console, law: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    page = Path("docs/spec-reference.md")
    assert "docs/spec-reference.md" in console("docs", "build", "--law", law).out
    assert (console("docs", "build", "--check", "--law", law).code, page.is_file()) == (0, True)
    page.write_text(page.read_text(encoding="utf-8").replace("CRM", "XYZ"), encoding="utf-8")
    ran = console("docs", "build", "--check", "--law", law)
    assert (ran.code, ran.out) == (1, "stale docs/spec-reference.md\n")
    page.write_text("my own\n", encoding="utf-8")
    assert "This command did not create" in console("docs", "build", "--law", law).err
    assert page.read_text(encoding="utf-8") == "my own\n"


def test_a_word_of_another_list_is_found_there(console: Console, law: Path) -> None:
    ran = console("list", "content", "UGC", "--law", law)
    assert (ran.code, ran.out) == (5, "")
    assert ran.err == (
        "vatspolicy: no value of content matches. Other lists contain it: vatspolicy list offers UGC, "
        "vatspolicy list features UGC\n"
    )
