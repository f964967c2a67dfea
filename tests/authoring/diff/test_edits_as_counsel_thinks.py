"""Edits in the words of counsel: members of lists, regulations that end, entries that move or are renamed, numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import overview, questions, render, to_review
from tests.support.project_builder import PROFILE, compare, compare_policies, policy, project
from tests.support.solver import needs_solver
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.i18n import LANGUAGES
from vatspolicy.i18n.text import width
from vatspolicy.reports.diff.cards import cards
from vatspolicy.reports.diff.sentence import WORDS, count_words
from vatspolicy.reports.diff.text import CARD
from vatspolicy.reports.diff.words import phrase

LAW = policy("law")
ARTICLE = "  art-1: {en: Something., zh: 某事。, verification: primary}\n"
ZONES = LAW.replace(
    "terms:\n",
    """\
  zones:
    title: {en: Listed zones, zh: 清单区域}
    values:
      - from: '2020-01-01'
        cite: art-1
        value:
          - {id: beijing, places: [beijing, hainan], ftz: [beijing, shanghai-original]}
          - {id: tianjin, places: [], ftz: [tianjin]}
terms:
""",
).replace(
    "    when: term.is_foreign\n",
    "    when: param.zones.exists(z, company.registered.ftz in z.ftz || sets.intersects(z.places, company.registered.within))\n",
)
READINGS = LAW.replace(
    "classify: {classes: [B11]}\n",
    """\
classify: {classes: [B11]}
    readings:
      why: {en: Doubt., zh: 存疑。}
      settled_by: {en: An answer., zh: 答复。}
      others: [{class: B12, held_by: {en: some, zh: 部分}}]
""",
)
INSTRUMENT = LAW.replace(
    "parameters:\n",
    "instruments:\n  filing-a: {title: {en: Filing, zh: 备案}, authority: [{when: 'true', is: self}]}\nparameters:\n",
    1,
).replace("    advise: {kind: verify}\n", "    duty: {instrument: filing-a, due: {always: true}}\n")
ENDED = LAW.replace("effective: {from: '2020-01-01'}", "effective: {from: '2020-01-01', until: '2027-06-01'}")
OTHER = policy("other", LAW[LAW.index("rules:") : LAW.index("  - id: too-foreign")].replace("B11", "B12"))
RULE = LAW[LAW.index("  - id: tell\n") :]


def said(data: dict[str, Any], format: str = "text") -> str:
    return " ".join(render(format, data, "en", room=300).replace("\\", "").split())


def change(folder: Path, before: str, *replaced: tuple[str, str]) -> dict[str, Any]:
    after = before
    for old, new in replaced:
        assert old in after
        after = after.replace(old, new)
    return compare_policies(folder, before, after)


# --- lists ------------------------------------------------------------------------------------------------------------


def test_a_whole_place_that_leaves_a_list_is_told_beside_its_zone(tmp_path: Path) -> None:
    data = change(tmp_path, ZONES, ("places: [beijing, hainan]", "places: [hainan]"))
    [line] = data["edits"][0]["words"]
    assert (line["removed"]["en"], line["removed"]["zh"], line["added"]) == ("the whole of Beijing", "北京市全域", None)
    assert overview(data, "en")[0].startswith("“Listed zones” loses the whole of Beijing on 2020-01-01: ")


def test_members_have_names_and_an_entry_without_members_has_its_own(tmp_path: Path) -> None:
    data = change(
        tmp_path,
        ZONES,
        ("ftz: [beijing, shanghai-original]", "ftz: [beijing]"),
        (
            "{id: tianjin, places: [], ftz: [tianjin]}",
            "{id: tianjin, places: [tianjin], ftz: []}\n          - {id: hunan, places: [], ftz: []}",
        ),
    )
    [line] = data["edits"][0]["words"]
    assert line["added"]["en"] == "the whole of Tianjin; Hunan" or line["added"]["en"] == "the whole of Tianjin, Hunan"
    assert "Shanghai FTZ, original 28.8 km² area (free-trade zone)" in line["removed"]["en"]
    assert "Tianjin" in line["removed"]["en"]
    assert "shanghai-original" not in line["removed"]["en"]


def test_a_member_that_goes_to_another_entry_is_told_with_both(tmp_path: Path) -> None:
    data = change(
        tmp_path,
        ZONES,
        ("places: [beijing, hainan]", "places: [hainan]"),
        ("places: [], ftz: [tianjin]", "places: [beijing], ftz: [tianjin]"),
    )
    [line] = data["edits"][0]["words"]
    assert (line["added"]["en"], line["removed"]["en"]) == (
        "the whole of Beijing (Tianjin)",
        "the whole of Beijing (Beijing)",
    )


# --- regulations that end ---------------------------------------------------------------------------------------------


def test_a_repeal_names_and_quotes_what_ceases_and_asks_for_its_instrument(tmp_path: Path) -> None:
    data = compare_policies(tmp_path, LAW, ENDED)
    [item] = data["edits"]
    ceasing, *rules = [line for line in item["words"] if line["removed"]]
    assert (ceasing["what"]["en"], ceasing["removed"]["en"]) == ("articles that cease", "art. 1")
    assert [line["removed"]["en"] for line in rules] == ["Center.", "Too foreign.", "Tell."]
    assert [article["text"]["en"] for article in item["articles"]] == ["Something."]
    assert "Which instrument ends Invented law? Cite it, or show the rules that take its place." in questions(
        data, "en"
    )
    told = said(data)
    assert "ceases to apply on: 2027-06-01" in told
    assert "- articles that cease: art. 1" in told
    assert "no longer: Tell." in said(data, "markdown")
    assert "in force until: 2027-06-01" not in told, "that day is the first on which it no longer applies"


def test_a_regulation_that_is_taken_out_is_a_repeal_too(tmp_path: Path) -> None:
    base = project(tmp_path / "base", {"law": LAW, "other": OTHER})
    data = compare(base, project(tmp_path / "head", {"other": OTHER}))
    assert any(one.startswith("Which instrument ends Invented law?") for one in questions(data, "en"))
    assert "articles that cease: art. 1" in said(data)


def test_a_regulation_that_another_one_follows_is_no_repeal(tmp_path: Path) -> None:
    next_law = policy("next", LAW[LAW.index("parameters:") :].replace("  - id: tell\n", "  - id: tell-next\n"))
    next_law = next_law.replace("effective: {from: '2020-01-01'}", "effective: {from: '2027-06-01'}\nsupersedes: [law]")
    base = project(tmp_path / "base", {"law": LAW})
    data = compare(base, project(tmp_path / "head", {"law": ENDED, "next": next_law}))
    assert not [one for one in questions(data, "en") if one.startswith("Which instrument ends")]


# --- moved and renamed ------------------------------------------------------------------------------------------------


def test_a_rule_that_moves_to_another_file_is_one_card(tmp_path: Path) -> None:
    terms = "terms:\n  is_foreign: company.foreign_percent > 0.0\n"
    moved = policy("other", f"{terms}rules:\n{RULE}", title="{en: Other law, zh: 另法}")
    stays = policy(
        "other",
        f"{terms}rules:\n{RULE.replace('id: tell', 'id: other').replace('Tell.', 'Other.')}",
        title="{en: Other law, zh: 另法}",
    )
    both = stays.replace("rules:\n", f"rules:\n{RULE}")
    assert moved != both
    base = project(tmp_path / "base", {"law": LAW, "other": stays})
    data = compare(base, project(tmp_path / "head", {"law": LAW.replace(RULE, ""), "other": both}))
    [card] = cards(to_review(data), "en")
    assert card.title == "Other law: Tell"
    assert card.lines == (("~", "moves from Invented law to Other law"),), "what stays as it was is not told again"
    assert overview(data, "en")[0].startswith("“Tell” moves to “Other law”: ")


def test_a_rule_that_is_renamed_is_one_card_and_another_first_day_is_told(tmp_path: Path) -> None:
    head = LAW.replace("  - id: tell\n", "  - id: say\n")
    data = compare_policies(tmp_path / "a", LAW, head)
    [card] = cards(to_review(data), "en")
    assert card.lines == (("~", "is renamed from law/tell to law/say"),)
    assert "law/tell → law/say looks renamed. Ids must not change." in questions(data, "en")


def vocabulary(old: str, new: str) -> dict[str, Any]:
    text = resource_folder("schemas").joinpath("vocabulary.schema.json").read_text(encoding="utf-8")
    assert f'"{old}"' in text
    return {"vocabulary": json.loads(text.replace(f'"{old}"', f'"{new}"'))}


def test_a_class_that_is_renamed_is_one_card_and_reviewed_under_both_schemas(tmp_path: Path) -> None:
    """The base reads the class by its new name. Prose and other words with the old name in them stay as they are."""
    law = LAW.replace("Center., zh: 中心。", "B11 center., zh: B11 中心。")
    licensed: dict[str, Any] = {
        **PROFILE,
        "company": {
            "foreign_percent": 60,
            "foreign_percent_basis": "ultimate",
            "licenses": [{"instrument": "vats-license", "classes": ["B11"]}],
        },
    }
    base = project(tmp_path / "base", {"law": law}, {"p": licensed}, schemas={})
    head_law = law.replace("classes: [B11]", "classes: [B11-center]")
    text = json.dumps(licensed).replace('"B11"', '"B11-center"')
    head = project(tmp_path / "head", {"law": head_law}, {"p": text}, schemas=vocabulary("B11", "B11-center"))
    data = compare(base, head)
    assert (data["state"], data["verdict"], data["title"]["en"]) == (
        "evaluated",
        "neither",
        "No decision changes, which is proved; citations or words may change",
    )
    [card] = cards(to_review(data), "en")
    assert card.lines == (("~", "name: B11 → B11-center"),)
    assert overview(data, "en")[0].endswith("is renamed from B11 to B11-center: no decision changes.")
    assert "B11 → B11-center looks renamed. Ids must not change." in questions(data, "en")
    assert (data["release"]["level"], data["release"]["because"]) == ("major", ["schema-breaks"])
    [edit] = [one for one in data["structure"] if one["kind"] == "schema"]
    assert '"B11-center"' in (head / edit["file"]).read_text(encoding="utf-8").splitlines()[edit["line"] - 1]


def test_another_article_of_a_value_is_told(tmp_path: Path) -> None:
    """No rule differs, so the card and the sentence show nothing else."""
    law = LAW.replace(ARTICLE, ARTICLE + "  art-2: {en: Else., verification: secondary}\n")
    assert law != LAW
    law = law.replace("cite: art-1, value", "cite: [art-1, art-2], value")
    data = change(
        tmp_path,
        law,
        ("cite: [art-1, art-2], value", "cite: art-1, value"),
        ("  - id: tell\n    cite: [art-1]", "  - id: tell\n    cite: [art-1, art-2]"),
    )
    [line] = [one for edit in data["edits"] for one in edit["words"] if edit["verdict"] == "no-rule"]
    assert (line["what"]["en"], line["before"]["en"], line["after"]["en"]) == (
        "cited articles",
        "art. 1; art. 2",
        "art. 1",
    )


@needs_solver
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("when: term.is_foreign && company", "when: company.foreign_percent > 0.0 && company", "“Too foreign” states its condition in other words"),
        ("is_foreign: company.foreign_percent > 0.0", "is_foreign: '!(company.foreign_percent <= 0.0)'", "term is foreign” states its condition in other words"),
        ("value: 50.0}", "value: 50.0}\n      - {from: '2026-01-01', cite: art-1, value: 50.0}", "“Cap” states the same value again"),
    ],
)  # fmt: skip
def test_an_edit_without_effect_is_not_called_another_condition(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in LAW
    base, head = (project(tmp_path / name, {"law": law}) for name, law in (("a", LAW), ("b", LAW.replace(old, new))))
    data = compare(base, head, semantic="z3")
    sentence = overview(data, "en")[0]
    assert told in sentence
    assert sentence.endswith(": no decision changes.")


def test_a_rename_leads_edits_that_change_no_result(tmp_path: Path) -> None:
    """Ids must not change, so a reviewer reads of it first. An edit that changes decisions comes before it."""
    base = project(tmp_path / "base", {"law": LAW}, schemas={})
    head_law = LAW.replace("classes: [B11]", "classes: [B11-center]")
    for folder, (old, new), leads in (
        ("a", ("when: term.is_foreign\n", "when: company.foreign_percent > 0.0\n"), True),
        ("b", ("value: 50.0", "value: 70.0"), False),
    ):
        assert old in head_law
        laws = {"law": head_law.replace(old, new)}
        data = compare(base, project(tmp_path / folder, laws, schemas=vocabulary("B11", "B11-center")))
        sentence = overview(data, "en")[0]
        assert ("is renamed from B11 to B11-center, and" in sentence) is leads, sentence


def test_a_rename_hides_no_other_edit(tmp_path: Path) -> None:
    base = project(tmp_path / "base", {"law": LAW}, schemas={})
    milder = LAW.replace("classes: [B11]", "classes: [B11-center]").replace("value: 50.0", "value: 70.0")
    data = compare(base, project(tmp_path / "head", {"law": milder}, schemas=vocabulary("B11", "B11-center")))
    assert (data["verdict"], len(data["edits"])) == ("loosened", 2)
    assert "name: B11 → B11-center" in said(data)


def test_a_word_of_another_title_is_no_rename(tmp_path: Path) -> None:
    schemas = vocabulary("B11", "B11-center")
    schemas["vocabulary"]["$defs"]["class"]["x-enum"]["B11-center"] = {"en": "Other", "zh": "其他"}
    schemas["vocabulary"]["$defs"]["license-class"]["x-enum"]["B11-center"] = {"en": "Other", "zh": "其他"}
    base = project(tmp_path / "base", {"law": LAW}, schemas={})
    head = LAW.replace("classes: [B11]", "classes: [B11-center]")
    data = compare(base, project(tmp_path / "head", {"law": head}, schemas=schemas))
    assert not [field for one in data["structure"] for field in one["fields"] if field["name"] == "renamed"]


def test_an_instrument_that_is_renamed_is_one_card(tmp_path: Path) -> None:
    data = change(tmp_path, INSTRUMENT, ("filing-a", "filing-b"))
    [card] = cards(to_review(data), "en")
    assert card.lines == (("~", "name: filing-a → filing-b"),)
    assert (data["verdict"], data["release"]["level"]) == ("neither", "major")


# --- numbers and values -----------------------------------------------------------------------------------------------


def test_a_new_number_stands_beside_the_words_of_its_article(tmp_path: Path) -> None:
    data = change(tmp_path, LAW, ("value: 50.0", "value: 70.0"))
    asked = "Does “art. 1” say 70 %? It says: “Something.” The citation is the same as before."
    assert asked in questions(data, "en")
    told = said(data)
    assert told.index("50 % → 70 %") + 40 > told.index("§ art. 1 [primary]: Something.") > told.index("50 % → 70 %")


@pytest.mark.parametrize(
    ("before", "old", "new"),
    [
        (READINGS, READINGS[READINGS.index("    readings:") : READINGS.index("    message: {en: Center.")], ""),
        (INSTRUMENT, "authority: [{when: 'true', is: self}]", "authority: [{when: term.is_foreign, is: miit}, {when: 'true', is: self}]"),
        (LAW, "cite: [art-1]\n    each: product\n    when: term.is_foreign\n", "cite: [art-1]\n    each: product\n    when: term.is_foreign && true\n"),
        (ZONES, "{id: tianjin, places: [], ftz: [tianjin]}", "{id: tianjin, places: [tianjin], ftz: []}"),
        (INSTRUMENT, "due: {always: true}", "due: {before: launch}"),
    ],
)  # fmt: skip
def test_no_value_is_told_as_a_program_writes_it(tmp_path: Path, before: str, old: str, new: str) -> None:
    data = change(tmp_path, before, (old, new))
    for format in ("text", "markdown"):
        told = said(data, format)
        assert not [sign for sign in ("{'", '{"', "': ", '": ', "True", "False", "None", "[{") if sign in told]


def test_another_reading_is_told_by_its_class_and_who_holds_it(tmp_path: Path) -> None:
    block = READINGS[READINGS.index("    readings:") : READINGS.index("    message: {en: Center.")]
    assert "- other readings: B12 content delivery network (some)" in said(change(tmp_path, READINGS, (block, "")))


# --- the form ---------------------------------------------------------------------------------------------------------


LONG = " ".join(f"word{number}" for number in range(60))
EDITS = {
    "number": (LAW, LAW.replace("value: 50.0", "value: 70.0")),
    "later number": (LAW, LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2027-01-01', cite: art-1, value: 5.0}")),
    "repeal": (LAW, ENDED),
    "rule gone": (LAW, LAW.replace(RULE, "")),
    "rule new": (LAW.replace(RULE, ""), LAW),
    "rule amended": (LAW, LAW.replace("when: term.is_foreign\n", "when: term.is_foreign && company.foreign_percent > 9.0\n")),
    "member": (ZONES, ZONES.replace("places: [beijing, hainan]", "places: [hainan]")),
    "verified": (LAW, LAW.replace("verification: primary", "verification: secondary")),
    "edition": (
        LAW,
        LAW.replace(
            "articles:\n",
            "editions:\n  - {from: '2026-01-01', title: {en: Second, zh: 二版}, number: 二号, verification: secondary}\narticles:\n",
            1,
        ),
    ),
    "term": (LAW, LAW.replace("is_foreign: company.foreign_percent > 0", "is_foreign: company.foreign_percent > 9")),
    "long names": (
        LAW.replace("{en: Cap, zh: 上限}", f"{{en: {LONG}, zh: {'上限' * 60}}}"),
        LAW.replace("{en: Cap, zh: 上限}", f"{{en: {LONG}, zh: {'上限' * 60}}}").replace("value: 50.0", "value: 70.0"),
    ),
    "long message": (LAW, LAW.replace("en: Tell.", f"en: {LONG}.").replace("when: term.is_foreign\n", "when: 'true'\n")),
    "everything": (LAW, LAW.replace("value: 50.0", "value: 5.0").replace("term.is_foreign &&", "").replace("kind: verify", "kind: note")),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_one_sentence_of_thirty_words_and_cards_of_twelve_lines(tmp_path: Path, edit: str) -> None:
    before, after = EDITS[edit]
    assert before != after
    data = compare_policies(tmp_path, before, after)
    for lang in LANGUAGES:
        first = overview(data, lang)[0]
        assert count_words(first, lang) <= WORDS, first
        assert "None" not in first
        assert "law/" not in first, "no code"
        text = render("text", data, lang).split("\n\n")
        [part] = [one for one in text if one.startswith(phrase("edits", lang) + "\n")]
        assert max(width(line) for line in part.splitlines()) <= 100
        heads = [number for number, line in enumerate(part.splitlines()) if line[2:4] in ("1.", "2.", "3.")]
        ends = [*heads[1:], len(part.splitlines())]
        assert max(end - start for start, end in zip(heads, ends, strict=True)) <= CARD
        for card in cards(to_review(data), lang):
            assert 3 + sum(map(len, card.shown)) <= CARD + 1
            assert [*card.shown.lines, *card.folded.lines] == [*card.lines], "what is not shown is folded"


def test_an_open_decision_with_other_outcomes_is_a_change(tmp_path: Path) -> None:
    """The decision word stays; the sentence does not say that nothing changes."""
    data = change(tmp_path, LAW, ("value: 50.0", "value: 70.0"))
    [row] = data["decisions"]["rows"]
    row["before"] = {"decision": "incomplete", "range": ["allow", "deny"]}
    row["after"] = {"decision": "incomplete", "range": ["needs-license", "deny"]}
    assert overview(data, "en")[0].endswith(": some incomplete decisions have other possible outcomes.")


def test_what_a_card_leaves_out_stands_below_in_full(tmp_path: Path) -> None:
    articles = "".join(
        ARTICLE.replace("art-1", f"art-{n}").replace("Something.", f"{LONG[:300]} no{n}.") for n in (1, 2, 3)
    )
    law = LAW.replace(ARTICLE, articles).replace(
        "  - id: tell\n    cite: [art-1]", "  - id: tell\n    cite: [art-1, art-2, art-3]"
    )
    data = change(tmp_path, law, ("when: term.is_foreign\n", "when: 'true'\n"))
    for format in ("text", "markdown", "html"):
        told = said(data, format)
        assert all(f"no{number}." in told for number in (1, 2, 3)), format
    text = render("text", data, "en")
    assert "… in full below" in text
    assert "The edits in full" in text
    assert "<summary>More on this edit</summary>" in render("markdown", data, "en")


def test_what_profiles_show_is_told_apart_from_what_products_show(tmp_path: Path) -> None:
    data = change(tmp_path, LAW, ("value: 50.0", "value: 70.0"))
    entry: dict[str, Any] = {
        "direction": "loosened", "witness": None, "reason": "", "accepted": [], "verdict": "witness",
    }  # fmt: skip
    words = [("deny", "allow"), ("deny", "needs-license")]
    data["semantic"] |= {"status": "evaluated", "transitions": [{**entry, "before": a, "after": b} for a, b in words]}
    told = said(data)
    assert "Shown by compared products: DENY → ALLOW." in told
    assert "Shown only by invented profiles, not by compared products: DENY → NEEDS LICENSE." in told
