"""The first screen of a comparison: one sentence, who is worse off, known products, and what a reviewer must decide."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import overview, questions, render, to_review
from tests.support.project_builder import PROFILE, ROUTE_RULES, compare, policy, project
from vatspolicy.authoring.diff.review import _title
from vatspolicy.authoring.diff.verdict import title_of
from vatspolicy.proofs.verdicts import PAIRS, STRICTER_PAIRS
from vatspolicy.reports.diff.sentence import WORDS, count_words, cut

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")
PLACED = {
    **PROFILE,
    "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate", "registered": {"at": "beijing"}},
}


def compared(folder: Path, head: str = MILDER, base: str = LAW, **settings: Any) -> dict[str, Any]:
    other = {
        **PROFILE,
        "product": {"id": "p65"},
        "company": {"foreign_percent": 65, "foreign_percent_basis": "ultimate"},
    }
    fixtures = {
        "p60": PLACED,
        "p65": other,
        "p10": {
            **PROFILE,
            "product": {"id": "p10"},
            "company": {"foreign_percent": 10, "foreign_percent_basis": "ultimate"},
        },
    }
    left = project(folder / "base", {"law": base}, fixtures)
    return compare(left, project(folder / "head", {"law": head}, fixtures), **settings)


def proved(data: dict[str, Any], *impossible: tuple[str, str]) -> dict[str, Any]:
    """The data with proofs that some changes of the word are impossible."""
    found = copy.deepcopy(data)
    entry = {"direction": "neither", "witness": None, "reason": ""}
    found["semantic"]["status"] = "evaluated"
    found["semantic"]["transitions"] = [
        {**entry, "before": a, "after": b, "verdict": "proved-impossible" if (a, b) in impossible else "unknown"}
        for a, b in PAIRS
    ]
    return found


def test_the_first_screen_says_what_happens_to_whom_where_and_from_when(tmp_path: Path) -> None:
    data = compared(tmp_path)
    first, effect, *rest = overview(data, "en")
    assert first == "“Cap” rises from 50 % to 70 % on 2020-01-01: some refused products may launch."
    assert effect == (
        "DENY → ALLOW from 2020-01-01, shown for companies and services like these: foreign share 60% to 65% "
        "[Invented law, art. 1]."
    ), "the rule reads neither the registered office nor the services"
    assert "Known products that change: 2 of 3: p60: DENY → ALLOW; p65: DENY → ALLOW." in rest
    assert "\n- changed, from 2020-01-01\n- 50 % → 70 %\n" in render("markdown", data, "en"), "a list without gaps"
    for format in ("text", "markdown", "html"):
        told = " ".join(render(format, data, "en").replace("\\", "").split())
        assert told.index("“Cap” rises") < told.index("Profiles: 3, on days: 2.")
    assert overview(data, "zh")[0] == "“上限”自2020-01-01起由50%升至70%：部分原不得上线的产品可以上线。"


def test_the_first_sentence_tells_a_last_day_that_comes_or_goes(tmp_path: Path) -> None:
    ended = LAW.replace("effective: {from: '2020-01-01'}", "effective: {from: '2020-01-01', until: '2027-06-01'}")
    assert ended != LAW
    first = next(iter(overview(compared(tmp_path / "a", ended), "en")))
    assert first.startswith("“Invented law” ceases to apply on 2027-06-01: ")
    first = next(iter(overview(compared(tmp_path / "b", LAW, ended), "en")))
    assert first.startswith("“Invented law” applies on other days, from 2027-06-01: ")
    later = LAW.replace("effective: {from: '2020-01-01'}", "effective: {from: '2021-06-01'}")
    first = next(iter(overview(compared(tmp_path / "c", later), "en")))
    assert first.startswith("“Invented law” applies from 2021-06-01 instead of 2020-01-01: ")


def test_what_decisions_list_changes_from_the_day_of_the_edit(tmp_path: Path) -> None:
    """A day that is past is not passed over: the edit is retroactive."""
    data = compared(tmp_path, LAW.replace("kind: verify", "kind: pending"))
    [below] = [sentence for sentence in overview(data, "en") if sentence.startswith("Duties, routes or reasons change")]
    assert below.startswith(
        "Duties, routes or reasons change from 2020-01-01 for 3 of 3 known products: kind of advice (3 products)."
    )


def test_a_reviewer_is_asked_where_no_citation_changes(tmp_path: Path) -> None:
    asked = "Does “art. 1” say 70 %? It says: “Something.” The citation is the same as before."
    assert asked in list(questions(compared(tmp_path / "a"), "en"))
    cited = MILDER.replace("cite: art-1, value: 70.0", "cite: art-2, value: 70.0")
    line = "  art-1: {en: Something., zh: 某事。, verification: primary}\n"
    assert line in cited
    cited = cited.replace(line, line + line.replace("art-1", "art-2"))
    assert asked not in list(questions(compared(tmp_path / "b", cited), "en"))


def test_the_worst_of_several_edits_is_told_and_the_others_are_counted(tmp_path: Path) -> None:
    data = compared(tmp_path, MILDER.replace("when: term.is_foreign\n", "when: 'false'\n"))
    first = "“Cap” rises from 50 % to 70 % on 2020-01-01, and 1 more edit: some refused products may launch."
    assert next(iter(overview(data, "en"))) == first


def test_no_edit_of_law_has_no_first_sentence(tmp_path: Path) -> None:
    assert list(overview(compared(tmp_path, LAW), "en")) == []


@pytest.mark.parametrize(
    ("impossible", "sentence"),
    [
        (tuple(STRICTER_PAIRS), "No decision becomes stricter, proved for all profiles and days."),
        (
            tuple(pair for pair in STRICTER_PAIRS if "incomplete" not in pair),
            "No complete decision becomes stricter, which is proved; an incomplete decision can become stricter.",
        ),
        ((), "It is not settled whether any decision becomes stricter; no compared one does."),
    ],
)
def test_whether_anybody_is_worse_off(tmp_path: Path, impossible: Any, sentence: str) -> None:
    assert sentence in list(overview(proved(compared(tmp_path), *impossible), "en"))


def test_somebody_who_is_worse_off_is_not_hidden_by_a_proof(tmp_path: Path) -> None:
    data = proved(compared(tmp_path, LAW.replace("value: 50.0", "value: 5.0")), *STRICTER_PAIRS)
    assert "Some products are worse off: ALLOW → DENY." in list(overview(data, "en"))


def test_what_a_reviewer_must_decide(tmp_path: Path) -> None:
    unread = LAW.replace("verification: primary", "verification: unverified")
    rule = "    deny: {reason: SHARE-ABOVE-CAP}\n"
    gate = LAW.replace(rule, f"{rule}    unwaivable: true\n")
    data = compared(tmp_path / "a", MILDER, gate)
    asked = list(questions(data, "en"))
    assert asked[0] == "May “Too foreign” be waivable from now on? Until now it was not."
    assert "WEAKENED: “Too foreign” is waivable from now on." in " ".join(render("text", data, "en").split())
    assert "Does the law say that decisions become milder?" in asked
    assert any(
        one.startswith("Is the law of past days wrong today? 2 edits are retroactive: policies/law.yaml:")
        for one in asked
    )
    assert any(one.startswith("Set the version: The version of the bundle must be at least") for one in asked)
    data = compared(tmp_path / "b", unread.replace("percent > param.cap", "percent >= param.cap"), unread)
    question = "No one has checked the articles behind “Too foreign” against their text."
    waits = "Until then, decisions that depend on “Too foreign” stay incomplete, unless an opinion settles them."
    assert f"{question} {waits}" in list(questions(data, "en"))
    noted = unread.replace("deny: {reason: SHARE-ABOVE-CAP}", "advise: {kind: note}")
    data = compared(tmp_path / "d", noted.replace("percent > param.cap", "percent >= param.cap"), noted)
    assert question in list(questions(data, "en")), "what is only listed waits for nothing"
    assert "- [ ] Does the law say" in render("markdown", compared(tmp_path / "c"), "en")


def test_what_is_not_settled_must_be_decided(tmp_path: Path) -> None:
    data = proved(compared(tmp_path), *[pair for pair in PAIRS if pair != ("allow", "deny")])
    assert "Neither shown nor excluded: ALLOW → DENY. Is that acceptable?" in list(questions(data, "en"))


# --- routes ------------------------------------------------------------------------------------------------------------

ROUTE = policy("law", ROUTE_RULES)


def edited_route(folder: Path, old: str, new: str) -> dict[str, Any]:
    base = project(folder / "base", {"law": ROUTE})
    assert old in ROUTE
    return compare(base, project(folder / "head", {"law": ROUTE.replace(old, new)}))


def test_a_condition_of_a_route_is_named_by_what_it_asks_for(tmp_path: Path) -> None:
    """Its id says little to a lawyer. That it is gone is said where no sign is shown."""
    line = next(line for line in ROUTE.splitlines(keepends=True) if "- {id: region" in line)
    data = edited_route(tmp_path, f"      conditions:\n{line}", "")
    told = " ".join(render("markdown", data, "en").replace("\\", "").split())
    assert (
        "no longer: condition “In a region” (region): the place (registered office) of the operator is one of" in told
    )
    assert told.index("no longer: condition") < told.index("- applies when the class is"), "what differs comes first"
    assert "(no longer: condition “In a region”)" in told, "the first sentence leaves the check to the card"
    back = compare(tmp_path / "head", tmp_path / "base")
    assert "**new: condition “In a region” (region): " in " ".join(
        render("markdown", back, "en").replace("\\", "").split()
    )


def test_a_day_that_moves_is_told_with_its_value_and_the_article_of_the_value(tmp_path: Path) -> None:
    dated = "      - {from: '2020-01-01', cite: art-1, value: 50.0}\n"
    later = "      - {from: '2024-01-01', cite: art-2, value: 70.0}\n"
    line = "  art-1: {en: Something., zh: 某事。, verification: primary}\n"
    base = LAW.replace(dated, dated + later).replace(line, line + line.replace("art-1", "art-2"))
    data = compared(tmp_path, base.replace("2024-01-01", "2024-01-02"), base)
    first = next(iter(overview(data, "en")))
    assert "the first day of “70 %” moves from 2024-01-01 to 2024-01-02: " in first
    assert [article["label"]["en"] for article in data["edits"][0]["articles"]] == ["art. 2"]


def test_a_source_that_was_there_before_a_new_value_is_asked_about(tmp_path: Path) -> None:
    line = "  art-1: {en: Something., zh: 某事。, verification: primary}\n"
    dated = "      - {from: '2020-01-01', cite: art-2, value: 50.0}\n"
    base = LAW.replace(line, line + line.replace("art-1", "art-2")).replace("cite: art-1, value", "cite: art-2, value")
    head = base.replace(dated, dated + "      - {from: '2026-09-01', cite: art-1, value: 70.0}\n")
    [asked] = [one for one in questions(compared(tmp_path, head, base), "en") if "70 %" in one]
    assert asked == (
        "Does “art. 1” say 70 %? It says: “Something.” It existed before the change, and the change does not edit it."
    )


def test_a_term_has_no_article_and_a_reviewer_is_asked_for_one(tmp_path: Path) -> None:
    data = compared(
        tmp_path, LAW.replace("is_foreign: company.foreign_percent > 0", "is_foreign: company.foreign_percent > 61")
    )
    asked = list(questions(data, "en"))
    assert "Cite an article for term law/is_foreign." in asked


def test_changes_in_both_directions_are_told_apart_and_the_worst_first(tmp_path: Path) -> None:
    data = proved(compared(tmp_path))
    data["verdict"] = "both"
    for entry in data["semantic"]["transitions"]:
        entry["verdict"] = "witness" if "incomplete" not in (entry["before"], entry["after"]) else "proved-impossible"
    [told] = [one for one in overview(data, "en") if one.startswith("Stricter: ")]
    assert told.startswith(
        "Stricter: ALLOW → DENY; NEEDS LICENSE → DENY; ALLOW → NEEDS LICENSE; "
        "milder: DENY → ALLOW; NEEDS LICENSE → ALLOW; DENY → NEEDS LICENSE from 2020-01-01"
    )


def test_a_decision_that_only_becomes_incomplete_is_no_refusal(tmp_path: Path) -> None:
    data = proved(compared(tmp_path), *[pair for pair in STRICTER_PAIRS if "incomplete" not in pair])
    [entry] = [
        one for one in data["semantic"]["transitions"] if (one["before"], one["after"]) == ("allow", "incomplete")
    ]
    entry |= {"direction": "tightened", "witness": {"since": "2020-01-01", "profile": {}}, "verdict": "witness"}
    [told] = [one for one in overview(data, "en") if "worse" in one or "newly refused" in one]
    assert told == (
        "Proved: nobody is newly refused or newly needs a license. A complete decision can become incomplete, because it "
        "depends on a fact that did not matter before: ALLOW → INCOMPLETE."
    )
    data["verdict"] = "both"
    asked = list(questions(data, "en"))
    assert "Does the law ask for the facts that leave decisions incomplete?" in asked
    assert "Does the law say that decisions become stricter?" not in asked


def shown_by(data: dict[str, Any], before: str, after: str, *facts: str) -> None:
    """Let a profile of these facts show a change of the word."""
    [entry] = [one for one in data["semantic"]["transitions"] if (one["before"], one["after"]) == (before, after)]
    stated = [{"path": fact, "title": {"en": fact, "zh": fact}, "value": {"en": "x", "zh": "x"}} for fact in facts]
    profile: dict[str, Any] = {"schema": 2} | (
        {"opinions": [{}]} if any(fact.startswith("opinions") for fact in facts) else {}
    )
    answers = {"before": {"decision": before, "range": []}, "after": {"decision": after, "range": []}}
    direction = "tightened" if OUTCOMES.index(before) < OUTCOMES.index(after) else "loosened"
    entry |= {"verdict": "witness", "direction": direction}
    entry["witness"] = {"profile": profile, "facts": stated, "since": "2020-01-01", "until": None, **answers}


OUTCOMES = ("allow", "needs-license", "incomplete", "deny")


def unseen(data: dict[str, Any]) -> dict[str, Any]:
    """The data with proofs, and without a compared product that changes."""
    data = proved(data)
    data["decisions"]["rows"] = []
    data["concerned"] = None
    return data


def test_the_change_of_the_shortest_profile_comes_first(tmp_path: Path) -> None:
    data = unseen(compared(tmp_path))
    shown_by(data, "deny", "allow", "company.a", "company.b", "company.c")
    shown_by(data, "deny", "needs-license", "company.a")
    first, effect, *_ = overview(data, "en")
    assert first.endswith(": some refused products may launch with a license.")
    assert effect.startswith("DENY → NEEDS LICENSE; DENY → ALLOW")


def test_what_needs_an_opinion_is_a_line_of_its_own(tmp_path: Path) -> None:
    data = unseen(compared(tmp_path))
    shown_by(data, "deny", "needs-license", *(f"company.{letter}" for letter in "abcd"))
    shown_by(data, "allow", "deny", "opinions.0.about")
    first, effect, granted, *rest = overview(data, "en")
    assert first.endswith(": some refused products may launch with a license.")
    assert effect.startswith("DENY → NEEDS LICENSE")
    assert "ALLOW → DENY" not in effect
    assert granted == "Shown only by profiles with a legal opinion: ALLOW → DENY."
    assert "Only products with a legal opinion are shown to be worse off: ALLOW → DENY." in rest


def test_nothing_but_opinions_is_said_in_the_sentence_and_the_title(tmp_path: Path) -> None:
    data = unseen(compared(tmp_path))
    shown_by(data, "allow", "deny", "opinions.0.about")
    data["verdict"] = "tightened"
    assert overview(data, "en")[0].endswith(": only products with a legal opinion are shown to change.")
    assert _title(to_review(data))["en"].startswith("Tightens; shown only with a legal opinion")


def test_the_title_does_not_alarm_where_nobody_is_refused(tmp_path: Path) -> None:
    data = proved(compared(tmp_path), *[pair for pair in STRICTER_PAIRS if "incomplete" not in pair])
    shown_by(data, "allow", "incomplete", "company.a")
    for verdict, title in (("both", "loosened-asks"), ("tightened", "asks")):
        assert title_of(to_review({**data, "verdict": verdict})) == title
    data["semantic"]["transitions"] = [one for one in data["semantic"]["transitions"] if one["after"] != "deny"]
    assert title_of(to_review({**data, "verdict": "both"})) == "both", "what is not proved alarms"


# --- edits as a lawyer tells them ---------------------------------------------------------------------------------------

TOO_FOREIGN = "term.is_foreign && company.foreign_percent > param.cap"
NARROWER = LAW.replace(TOO_FOREIGN, f'{TOO_FOREIGN} && company.legal_form == "partnership"')
TELL = "  - id: tell\n    cite: [art-1]\n    each: product\n    when: term.is_foreign\n"


def first_sentences(folder: Path, head: str, base: str = LAW) -> tuple[str, str]:
    """The sentence of a comparison in both languages, without its consequences."""
    assert head != base
    data = compared(folder, head, base, semantic="off")
    return overview(data, "en")[0].rpartition(": ")[0], overview(data, "zh")[0].rpartition("：")[0]


def test_a_clause_more_or_less_is_told_as_a_condition(tmp_path: Path) -> None:
    clause = "the legal form of the company is “Partnership”"
    more, zh = first_sentences(tmp_path / "more", NARROWER)
    assert more == f"“Too foreign” applies from 2020-01-01 only if {clause}"
    assert zh.startswith("“外资过高”自2020-01-01起增加适用条件（")
    less, zh = first_sentences(tmp_path / "less", LAW, NARROWER)
    assert less == f"“Too foreign” applies from 2020-01-01 without the condition that {clause}"
    assert zh.startswith("“外资过高”自2020-01-01起取消适用条件（")


def test_a_rule_that_decides_nothing_is_quoted_by_its_title(tmp_path: Path) -> None:
    rule = LAW[LAW.index("  - id: tell\n") :]
    assert rule.startswith(TELL)
    without = LAW.replace(rule, "")
    note = rule.replace("id: tell", "id: note").replace("Tell.", "A note.")
    assert first_sentences(tmp_path / "note", LAW + note)[0] == "“A note” applies from 2020-01-01"
    denial = note.replace("advise: {kind: verify}", "deny: {reason: SHARE-ABOVE-CAP}")
    assert first_sentences(tmp_path / "denial", without + denial, without)[0] == "A note from 2020-01-01"


def test_the_days_and_the_effect_of_a_rule_are_told_as_such(tmp_path: Path) -> None:
    later = LAW.replace(TELL, TELL.replace("each", "from: '2024-01-01'\n    each"))
    found = first_sentences(tmp_path / "later", later)
    assert found == (
        "“Tell” applies from 2024-01-01 instead of 2020-01-01",
        "“请核实”改自2024-01-01起适用，而非2020-01-01",
    )
    ends = LAW.replace(TELL, TELL.replace("each", "until: '2027-01-01'\n    each"))
    assert first_sentences(tmp_path / "ends", ends)[0] == "“Tell” ceases to apply on 2027-01-01"
    assert first_sentences(tmp_path / "stays", LAW, ends)[0] == "“Tell” does not cease to apply on 2027-01-01"
    effect = LAW.replace("advise: {kind: verify}", "deny: {reason: SHARE-ABOVE-CAP}")
    told = first_sentences(tmp_path / "effect", effect)[0]
    assert told == "“Tell” changes from “advice” to “ground of denial” on 2020-01-01"


def test_a_rename_within_a_policy_tells_the_names_alone(tmp_path: Path) -> None:
    renamed = LAW.replace("- id: tell\n", "- id: say\n")
    assert first_sentences(tmp_path / "name", renamed)[0] == "“Tell” is renamed from tell to say"
    data = proved(compared(tmp_path / "same", renamed), *PAIRS)
    first, *rest = overview(data, "en")
    assert first.endswith(": no decision changes, only the name of its rule.")
    assert "Decisions on 3 of 3 known products show the new name from 2020-01-01." in rest
    assert title_of(to_review(data)) == "renamed"
    other = copy.deepcopy(data)
    other["edits"].append({**other["edits"][0], "changes": [len(other["structure"])]})
    other["structure"].append({**other["structure"][0], "kind": "term", "name": "is_foreign", "twin": None})
    assert "only the name" not in overview(other, "en")[0], "another edit may change more"
    assert title_of(to_review(other)) == "below"
    data["decisions"]["details"][0]["days"] = ["2020-01-01"]
    assert overview(data, "en")[0].endswith(": no decision changes, but its details do."), "it is listed on fewer days"


def test_a_condition_that_has_no_room_is_counted(tmp_path: Path) -> None:
    clause = " || ".join(f"company.registered_capital_rmb == {number}" for number in range(1, 9))
    longer = LAW.replace(TOO_FOREIGN, f"{TOO_FOREIGN} && ({clause})")
    found = first_sentences(tmp_path / "more", longer)
    assert found == (
        "“Too foreign” applies from 2020-01-01 with one more condition",
        "“外资过高”自2020-01-01起增加一项适用条件",
    )
    found = first_sentences(tmp_path / "less", LAW, longer)
    assert found[0] == "“Too foreign” applies from 2020-01-01 without one of its conditions"


def test_a_corrected_quote_tells_what_differs_and_of_which_article(tmp_path: Path) -> None:
    quote = "某事" * 60
    base = LAW.replace("zh: 某事。", f"zh: {quote}。")
    first = overview(compared(tmp_path, base.replace(f"{quote}。", f"{quote}，另有规定的除外。"), base), "en")[0]
    assert first.startswith("“Invented law, art. 1” is changed (Chinese text: + 另有规定的除外): ")
    assert count_words(first, "en") <= WORDS
    assert count_words(quote, "en") == 40, "three Chinese characters are a word of an English sentence, too"


def test_a_part_of_a_text_has_no_mark_without_its_counterpart() -> None:
    assert cut("without the condition “of the group” (or “of others” here)", 8, "en") == (
        "without the condition “of the group” or of…"
    )


def test_more_places_and_services_than_three_are_counted(tmp_path: Path) -> None:
    data = compared(tmp_path)
    texts = [{"en": f"Place {one}", "zh": f"地方{one}"} for one in "abcd"]
    data["concerned"] |= {"registered": texts, "services": texts[:3]}
    assert "registered in 4 places; services: Place a, Place b, Place c" in overview(data, "en")[1]
    assert "注册地涉及 4 处" in overview(data, "zh")[1]


def test_more_members_of_a_list_than_three_are_counted(tmp_path: Path) -> None:
    four = "value: [beijing, shenzhen, tianjin, hainan, chongqing]"
    data = edited_route(tmp_path / "more", "value: [beijing]", four)
    assert overview(data, "en")[0].startswith("“Regions” gains 4 entries on 2020-01-01: ")
    data = edited_route(tmp_path / "three", "value: [beijing]", four.replace(", chongqing", ""))
    assert overview(data, "en")[0].startswith("“Regions” gains Shenzhen, Tianjin, Hainan on 2020-01-01: ")


def test_a_reading_that_comes_or_goes_is_not_a_rewording(tmp_path: Path) -> None:
    classify = "    classify: {classes: [B11]}\n"
    readings = (
        "    readings:\n"
        "      why: {en: The text is silent., zh: 条文未作规定。}\n"
        "      settled_by: {en: A reply., zh: 书面答复。}\n"
        "      others: [{class: B12, held_by: {en: some, zh: 部分人士}}]\n"
    )
    contested = LAW.replace(classify, classify + readings)
    found = first_sentences(tmp_path / "comes", contested)
    assert found == ("“Center” counts as contested from 2020-01-01", "“中心”自2020-01-01起视为存在不同理解")
    found = first_sentences(tmp_path / "goes", LAW, contested)
    assert found[0] == "“Center” no longer counts as contested from 2020-01-01"
