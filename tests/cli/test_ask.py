"""`vatspolicy ask` through a pipe, and for programs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.specs import SHOP
from vatspolicy.core.documents import load_document, parse_document
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.profile.profile import load_profile

BEGIN = "schema: 2\nproduct: {id: mine, launch: '2027-03-01'}\n"
IDC = f"""\
# my notes
{BEGIN}company:
  foreign_percent: 100  # ask Joe
  mainland_entity: true
services:
- id: hosting
  offers: [data-center]
  audience: business
  operated_by: company
# the end
"""
ANSWERS = ("my-idc", "2027-03-01", "1", "2", "1", "y", "100", "0", "临港", "临港", "china", "0")
"""Name, day, services, audience, operator, …: the order is that of the few policies in `law`."""


def answer_all(console: Console, law: Path, lang: str = "en") -> tuple[int, str, str]:
    """An interview in which each question is answered by what fits its fact."""
    fitting = {
        "product.launch": "2027-03-01",
        "services": "data-center",
        "services.0.audience": "business",
        "services.0.operated_by": "company",
        "services.0.area": "china",
        "services.0.facilities": "shanghai-lingang",
        "company.foreign_percent": "100",
        "company.registered": "shanghai-lingang",
        "company.legal_form": "limited-company",
        "services.0.hosting": "mainland",
        "services.0.rents_outside_region": "n",
    }
    lines: list[str] = []
    ran = console("ask", "my-idc.yaml", "--next", "--json", "--law", law)
    changes: list[str] = []
    while (question := json.loads(ran.out)["question"]) is not None:
        path, kind = question["path"], question["kind"]
        typed = fitting.get(path, "y" if kind == "boolean" else "0" if question["several"] else "100000000")
        lines.append(typed)
        value = _value(question, typed)
        changes += ["--answer", f"{path}={json.dumps(value)}"]
        ran = console("ask", "other.yaml", "--next", "--json", "--law", law, *changes)
        assert ran.out, ran.err
        (console.folder / "other.yaml").unlink(missing_ok=True)
    done = console("ask", "my-idc.yaml", "--law", law, "--lang", lang, stdin="\n".join(["数据中心", *lines]) + "\n")
    return done.code, done.out, done.err


def _value(question: dict[str, Any], typed: str) -> Any:
    if question["path"] == "services":
        return [{"id": typed, "offers": [typed]}]
    if question["kind"] in ("integer", "number"):
        return int(typed)
    if question["several"]:
        return [] if typed == "0" else [typed]
    return {"y": True, "n": False}.get(typed, typed)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_from_nothing_to_the_report(console: Console, law: Path, lang: str) -> None:
    code, out, err = answer_all(console, law, lang)
    assert code == 0
    spec = load_profile(console.folder / "my-idc.yaml")
    assert spec.facts["services"][0]["offers"] == ["data-center"]
    assert spec.facts["company"]["licenses"] == []
    assert {"en": "NEEDS LICENSE", "zh": "须取得许可"}[lang] in out
    assert {"en": "[Question 1, about", "zh": "〔第1题，预计还有"}[lang] in err
    assert {"en": "so far: possible results range from ALLOW to DENY", "zh": "目前：从可以上线到不得上线均有可能"}[
        lang
    ] in err
    assert {"en": "Law: ", "zh": "依据："}[lang] in err
    again = console("check", "my-idc.yaml", "--law", law, "--no-fail", "--lang", lang)
    assert again.out.strip().startswith(out.strip()), "check says the same of the file, and the verdict of the gate"
    assert f"vatspolicy check my-idc.yaml --law {law} --details" in err
    assert "vatspolicy routes my-idc.yaml" in err, "a license is missing"


def test_nothing_english_is_left_in_chinese(console: Console, law: Path) -> None:
    _, _, err = answer_all(console, law, "zh")
    why = console("ask", "--law", law, "--lang", "zh", stdin="?\nh\nzh\n2027-03-01\n?\n?\n没有的\nb\nq\n")
    for text in (err, why.err):
        text = re.sub("B[0-9]{2}(-[a-z-]+)?", "", text.replace(f" --law {law}", ""))  # classes of the Catalog
        words = set(re.findall("[A-Za-z][A-Za-z-]+", text))
        plain = {"vatspolicy", "ask", "yaml", "YYYY-MM-DD", "MM-DD", "zh", "my-idc", "data-center", "Acme"}
        plain |= {"check", "details", "routes"}  # commands
        # abbreviations that Chinese law and industry write so, and the ids of rules
        rest = {word for word in words - plain if not word.isupper()}
        rest -= set(re.findall("[A-Za-z][A-Za-z-]+", " ".join(re.findall("（[a-z0-9-]+/[a-z0-9-]+）", text))))
        assert rest <= {"IaaS", "PaaS", "SaaS", "App"}, rest


def test_a_spec_keeps_its_comments_and_gains_answers(console: Console, law: Path) -> None:
    path = console.write("mine.yaml", IDC)
    ran = console("ask", path, "--law", law, stdin="d\nq\n")
    assert ran.code == 4
    assert path.read_text() == IDC, "not known says nothing"
    asked = json.loads(console("ask", path, "--next", "--json", "--law", law).out)["question"]
    typed = asked["choices"][0]["value"] if asked["choices"] else 7
    ran = console("ask", path, "--next", "--law", law, "--answer", f"{asked['path']}={json.dumps(typed)}")
    assert ran.code == 0
    text = path.read_text()
    assert [line for line in IDC.splitlines() if line not in text.splitlines()] == []
    assert asked["text"]["en"] in text
    assert not list(console.folder.glob("*.bak"))


def test_what_cannot_keep_its_comments_is_kept_beside(console: Console, law: Path) -> None:
    text = f"{BEGIN}company: {{}}\nservices:\n- id: a\n  offers: &o [data-center]\n  area: &f [beijing]\n  facilities: *f\n"
    path = console.write("mine.yaml", text)
    ran = console("ask", path, "--next", "--law", law, "--answer", "services.0.facilities.0.ftz=none")
    assert ran.code == 0
    assert "mine.yaml.bak" in ran.err
    assert (console.folder / "mine.yaml.bak").read_text() == text
    assert load_document(path).data["services"][0]["area"] == ["beijing"]


def test_why_back_and_what_cannot_be_read(console: Console, law: Path) -> None:
    ran = console("ask", "--law", law, stdin="b\nMy IDC\n?\n2027-03-01\n??\nnobody\n1\nb\n2\nh\nq\n")
    assert ran.code == 4
    assert "This is the first question." in ran.err
    assert "The law of this day applies" in ran.err
    assert "→ a service of this class: B21" in ran.err
    assert "§ How the Catalog is read for online businesses" in ran.err
    assert "“nobody” is not an answer to this question." in ran.err
    assert ran.err.count("Which services does the product offer?") == 3, "again after ? and after b"
    assert "Each question covers one fact" in ran.err
    assert load_document(console.folder / "my-idc.yaml").data["services"][0]["offers"] == ["ai-chat"]


def test_the_title_comes_first_and_the_id_is_made_from_it(console: Console, law: Path) -> None:
    ran = console("ask", "--law", law, stdin="Acmé SaaS\nq\n")
    assert "noted: Acmé SaaS (id: acme-saas)" in ran.err
    product = load_document(console.folder / "acme-saas.yaml").data["product"]
    assert (product["id"], product["title"]) == ("acme-saas", "Acmé SaaS")
    console("ask", "--law", law, stdin="首尔美妆\nq\n")
    assert load_document(console.folder / "product.yaml").data["product"] == {"id": "product", "title": "首尔美妆"}
    console("ask", "--law", law, stdin="plain-id\nq\n")
    assert load_document(console.folder / "plain-id.yaml").data["product"] == {"id": "plain-id"}


def test_many_choices_are_shown_by_group_and_found_by_search(console: Console, law: Path) -> None:
    begin = "shop\n2027-03-01\n"
    first = console("ask", "--law", law, stdin=f"{begin}q\n").err
    assert "Own website, shop and bookings" in first
    assert "Business software as a service" not in first, "groups only"
    assert max(map(len, first.splitlines())) <= 100
    asked = first[first.index("Which services") :]
    assert len(asked.splitlines()) < 24, "the question fits on a small terminal"
    group = console("ask", "other.yaml", "--law", law, stdin="Other\n2027-03-01\ncloud\nq\n").err
    assert re.search(r"^ +\d+  Cloud infrastructure \(IaaS\) for others", group, re.MULTILINE)
    every = console("ask", "third.yaml", "--law", law, stdin="Third\n2027-03-01\nl\nq\n").err
    assert "Business software as a service" in every
    assert "Lending of own funds online" in every
    ran = console("ask", "crm.yaml", "--law", law, stdin="Our CRM\n2027-03-01\nCRM\nq\n")
    assert "noted: Business software as a service" in ran.err
    data = load_document(console.folder / "crm.yaml").data
    assert data["product"] | {"launch": ""} == {"id": "crm", "title": "Our CRM", "launch": ""}, (
        "the id is that of the file"
    )
    assert data["services"][0]["offers"] == ["saas"]


def test_one_word_that_means_several_keeps_the_others(console: Console, law: Path) -> None:
    begin = "Cars\n2027-03-01\n"
    ran = console("ask", "cars.yaml", "--law", law, stdin=f"{begin}SaaS, IoT\niot-platform\nq\n")
    assert "Several answers match." in ran.err
    assert "Kept: SaaS. Type only the missing word, or - to omit it." in ran.err
    offers = load_document(console.folder / "cars.yaml").data["services"][0]["offers"]
    assert offers == ["saas", "iot-platform"]
    console("ask", "two.yaml", "--law", law, stdin=f"{begin}SaaS, IoT / CDN\niot-platform\nq\n")
    services = load_document(console.folder / "two.yaml").data["services"]
    assert [one["offers"] for one in services] == [["saas", "iot-platform"], ["cdn"]]


def test_facts_that_are_asked_together_take_one_line(console: Console) -> None:
    """A name without its day leaves the day to be asked; a word that is not found keeps the others; - drops it."""
    ran = console("ask", stdin="Host\n2027-03-01\ndata-center\nbusiness, frobnicate\n-\nb\nq\n")
    assert "noted: Host (id: host)" in ran.err
    assert "On which day does the product launch?" in ran.err
    assert "Kept: business. Type only the missing word, or - to omit it." in " ".join(ran.err.split())
    both = console("ask", stdin="Rack, 2027-03-01\ndata-center\nbusiness, the company itself\nq\n")
    assert "noted: Product: Rack; Launch day: 2027-03-01 (id: rack)" in both.err
    assert "[Question 2, " in both.err
    assert "Whom is the service for?" in both.err
    service = load_document(console.folder / "rack.yaml").data["services"][0]
    assert (service["audience"], service["operated_by"]) == ("business", "company")


@pytest.mark.parametrize(
    ("typed", "content"), [("no-content", []), ("0", []), ("own, users\nnews", ["news"]), ("own, no-content\nq", None)]
)
def test_a_screen_is_asked_before_the_kinds_of_content(console: Console, typed: str, content: list[str] | None) -> None:
    spec = console.folder / "tool.yaml"
    spec.write_text(
        f"{BEGIN}company: {{}}\nservices:\n- {{id: tool, offers: [saas], operated_by: company, "
        "audience: public, channels: [website], features: [], charges: [users]}\n"
    )
    ran = console("ask", "tool.yaml", stdin=f"{typed}\nq\n")
    assert "Whose content does it publish" in ran.err
    assert ("News on current affairs" in ran.err) == (content == ["news"])
    assert ("cannot be combined" in ran.err) == (content is None)
    assert load_document(spec).data["services"][0].get("content") == content
    step = json.loads(console("ask", "tool.yaml", "--next", "--json").out)
    asked = step["question"]
    assert ("screen" in asked) == (content is None), "a program gets the screen and the list"


def test_a_refused_answer_shows_the_choices_again(console: Console, law: Path) -> None:
    ran = console("ask", "p.yaml", "--law", law, stdin="P\n2027-03-01\nCRM\nnobody\nq\n")
    _, _, after = ran.err.partition("“nobody” is not an answer")
    assert re.search(r"^ +1  ", after, re.MULTILINE)


def test_a_word_of_another_question_says_so(console: Console, law: Path) -> None:
    ran = console("ask", "p.yaml", "--law", law, stdin="P\n2027-03-01\nreviews\nq\n")
    assert "“reviews” belongs to another question: Features." in ran.err


def test_a_strange_word_in_a_list_keeps_the_others_and_can_be_left_out(console: Console, law: Path) -> None:
    begin = "Pulse\n2027-03-01\nSaaS, SIM cards\n"
    ran = console("ask", "p.yaml", "--law", law, stdin=f"{begin}-\nq\n")
    assert "“SIM cards” belongs to another question: Features." in " ".join(ran.err.split())
    assert load_document(console.folder / "p.yaml").data["services"][0]["offers"] == ["saas"]
    console("ask", "q.yaml", "--law", law, stdin=f"{begin}-/-\n-\nq\n")
    assert load_document(console.folder / "q.yaml").data["services"][0]["offers"] == ["saas"], "a hyphen is no service"


def test_a_whole_list_replaces_the_words_that_were_kept(console: Console, law: Path) -> None:
    """Typed again from the start, an answer does not go between the words of the refused one."""
    console("ask", "p.yaml", "--law", law, stdin="P\n2027-03-01\nSaaS, frobnicate\nweb shop, CDN, reviews\n-\nq\n")
    assert load_document(console.folder / "p.yaml").data["services"][0]["offers"] == ["own-shop", "cdn"]


def test_the_explanation_fits_on_a_screen_and_two_signs_show_every_rule(console: Console, law: Path) -> None:
    told = {}
    for sign in ("?", "??"):
        err = console("ask", "p.yaml", "--law", law, stdin=f"P\n2027-03-01\n{sign}\nq\n").err
        told[sign] = err.split("Why vatspolicy asks")[1].split("[Question 3")[0]
    assert len(told["?"].strip().splitlines()) < 24
    assert told["?"].count("→") == 2
    assert "Type ?? for all rules." in told["?"]
    rules = int(re.findall(r"more rules: (\d+)", told["?"])[0])
    assert told["??"].count("→") == 2 + rules


@pytest.mark.parametrize(("columns", "times"), [(80, 1), (40, 2)])
def test_a_long_question_is_repeated_before_its_prompt(
    console: Console, monkeypatch: pytest.MonkeyPatch, columns: int, times: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    err = console("ask", "p.yaml", stdin="P, 2027-03-01\nSaaS\nbusiness, company, website\nq\n").err
    asked = " ".join(err.split("[Question 4")[1].split())
    assert asked.count("What can users do with the service") == times


def test_a_list_that_does_not_fit_begins_with_what_suits_the_product(console: Console) -> None:
    """Every choice is listed by `l`, a group by its name; a word finds a choice that the outline leaves out."""
    begin = "Car, 2027-03-01\nconnected car\npublic, company, app\n"
    err = console("ask", "p.yaml", stdin=f"{begin}l\nAlgorithms and AI\ncrawlers, no such content\nq\n").err
    outline, rest = err.split("[Question 4")[1].split("> ", 1)
    listed, group, answer = rest.split("> ")[:3]
    words = SchemaSet.shipped().load("profile")["properties"]["services"]["items"]["properties"]["features"]["items"]
    names = {word: text["en"] for word, text in words["x-enum"].items()}
    assert len(outline.splitlines()) < 24
    assert outline.index(names["vehicle-data"]) < outline.index(names["embedded-map"]) < outline.index("Users and con")
    assert names["automated-collection"] not in " ".join(outline.split())
    assert all(name in " ".join(listed.split()) for name in names.values())
    assert names["worker-dispatch"] in " ".join(group.split())
    assert names["vehicle-data"] not in group
    assert f"Features: {names['automated-collection']}" in " ".join(answer.split())


def test_one_enter_loses_no_answer(console: Console, law: Path) -> None:
    """A bare Enter asks again; the second one says that the answer is not known."""
    ran = console("ask", "p.yaml", "--law", law, stdin="\nP\n2027-03-01\nq\n")
    assert "The answer is empty." in ran.err
    assert "Skipped." not in ran.err
    assert load_profile(console.folder / "p.yaml").launch == "2027-03-01"
    twice = console("ask", "q.yaml", "--law", law, stdin="\n\n\nq\n")
    assert twice.err.count("The answer is empty.") == 2, "for each question anew"
    assert twice.err.count("Skipped.") == 1


def test_a_question_shows_no_law_that_may_not_concern_it(console: Console, law: Path) -> None:
    err = console("ask", "p.yaml", "--law", law, stdin="P\n2027-03-01\nq\n").err
    launch, services = err.split("Which services")
    assert "Law" not in launch
    assert "rules use the answer" in services or "Law: " in services


def test_a_deal_is_written_where_fmt_leaves_it(console: Console, law: Path) -> None:
    path = console.write("mine.yaml", IDC)
    console("ask", path, "--next", "--law", law, "--answer", "deals=[{kind: new-company}]")
    assert "deals:\n  # What kind of deal is it?\n  - kind: new-company\n" in path.read_text()
    assert console("fmt", "--check", path).code == 1, "the list of services of this file is not indented"
    path.write_text(path.read_text().replace("\n- id", "\n  - id").replace("\n  offers", "\n    offers"))
    text = path.read_text().replace("\n  audience", "\n    audience").replace("\n  operated_by", "\n    operated_by")
    path.write_text(text)
    console("fmt", path)
    assert "deals:\n  # What kind of deal is it?\n  - kind: new-company\n" in path.read_text()


def test_a_name_that_is_taken(console: Console, law: Path) -> None:
    console.write("taken.yaml", IDC)
    ran = console("ask", "--law", law, stdin="taken\nfree\nq\n")
    assert "taken.yaml already exists" in ran.err
    assert (console.folder / "taken.yaml").read_text() == IDC
    assert load_document(console.folder / "free.yaml").data["product"]["id"] == "free"
    assert console("ask", "--output", "taken.yaml", "--law", law).code == 2


def test_an_empty_file_is_begun(console: Console, law: Path) -> None:
    spec = console.folder / "begun.yaml"
    spec.touch()
    console("ask", "begun.yaml", "--law", law, stdin="2027-03-01\nq\n")
    assert load_document(spec).data["product"]["id"] == "begun"


def test_without_answers_nothing_is_decided(console: Console, law: Path) -> None:
    ran = console("ask", "p.yaml", "--law", law, stdin="d\n" * 40)
    assert ran.code == 4
    assert "INCOMPLETE" in ran.out
    assert "Possible results range from" in ran.out
    assert "No decision yet" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--json"], 2, "--next"),
        (["-"], 2, "--next"),
        (["spec.json"], 2, "yaml"),
        (["there.json"], 2, "--output"),
        (["spec.yaml", "--output", "x.json"], 2, ".yaml"),
        (["--next", "--answer", "product.launch=2027-03-01"], 2, "file"),
        (["--next", "--answer", "company.nothing=1"], 2, "--answer"),
        (["x.yaml", "--next", "--answer", "company.foreign_percent=101"], 2, "at most 100"),
        (["--as-of", "2014-01-01", "--next"], 2, "2015-01-01"),
        (["--as-of", "2020-01-01", "--next"], 2, "past"),
        (["broken.yaml", "--next"], 3, "broken.yaml:1:"),
        (["past.yaml", "--next"], 3, "past"),
    ],
)
def test_mistakes(console: Console, law: Path, arguments: list[str], code: int, words: str) -> None:
    console.write("there.json", json.dumps({"schema": 2, "product": {"id": "p"}, "company": {}, "services": []}))
    console.write("broken.yaml", "schema: 2\n")
    console.write("past.yaml", IDC.replace("2027-03-01", "2020-03-01"))
    before = sorted(console.folder.iterdir())
    ran = console("ask", *arguments, "--law", law)
    assert ran.code == code
    assert words in ran.err
    assert ran.out == ""
    assert sorted(console.folder.iterdir()) == before


def test_for_programs(console: Console, law: Path) -> None:
    """A program answers question by question; what it prints keeps to the schema, and the file grows."""
    arguments = ["ask", "p.yaml", "--next", "--json", "--law", str(law)]
    first = console(*arguments)
    assert validate(parse_document(first.out, "question.json"), "question") == []
    assert not (console.folder / "p.yaml").exists()
    data = json.loads(first.out)
    assert (data["question"]["path"], data["question"]["kind"]) == ("product.launch", "date")
    console(*arguments, "--answer", "product.launch=2027-03-01")
    ran = console(*arguments, "--answer", "services=[{id: s, offers: [data-center]}]")
    assert validate(parse_document(ran.out, "question.json"), "question") == []
    data = json.loads(ran.out)
    assert data["question"]["eliminates"]["of"] > 0
    assert data["question"]["why"]["rules"]
    skipped = json.loads(console(*arguments, "--answer", f"{data['question']['path']}=").out)
    assert skipped["skipped"] == [data["question"]["path"]]
    assert (skipped["question"] or {"path": None})["path"] != data["question"]["path"]
    assert load_profile(console.folder / "p.yaml").launch == "2027-03-01"
    assert console(*arguments).out == console(*arguments).out
    stdin = console("ask", "-", "--next", "--json", "--law", law, stdin=IDC)
    assert json.loads(stdin.out)["product"] == "mine"


def test_a_command_that_is_told_next_asks_under_the_same_law(console: Console, law: Path) -> None:
    """A spec may hold what only a layer establishes: under the shipped law it would not be valid."""
    write_layer(
        console.folder / "house rules",
        "house",
        house="rules:\n" + rule("r", "product", "false", "deny: {reason: HOSTED-ABROAD}"),
    )
    console.write("shop.yaml", SHOP)
    words = ("--law", str(law), "-p", "house rules")
    ran = console("ask", "shop.yaml", *words, "--as-of", "2027-02-01", stdin="")
    assert ran.code == 0
    told = f"vatspolicy check shop.yaml --law {law} -p 'house rules' --as-of 2027-02-01 --details"
    assert told in ran.err
    left = console("ask", "begun.yaml", *words, stdin="")
    assert (left.code, f"vatspolicy ask begun.yaml --law {law} -p 'house rules'\n" in left.err) == (4, True)
