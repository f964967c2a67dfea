"""What a comparison claims where no decision changes and a record of one may: citations, verification, authorities."""

from __future__ import annotations

import ast
import copy
import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.comparisons import render
from tests.support.project_builder import PROFILE, RULES, compare, policy, project
from tests.support.shipped import ROOT
from tests.support.solver import needs_solver
from vatspolicy.authoring.diff.schemas import KEYS
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile

LAW = policy(
    "law",
    """\
instruments:
  report:
    title: {en: Report, zh: 报告}
    authority:
      - {when: company.foreign_percent > 90.0, is: provincial-ca}
      - {when: 'true', is: miit}
"""
    + RULES
    + """\
  - id: to-report
    cite: [art-2]
    each: product
    when: term.is_foreign
    duty: {instrument: report, due: {before: launch}}
    message: {en: To report., zh: 应当报告。}
""",
).replace("verification: primary}\n", "verification: primary}\n  art-2: {en: Else., verification: secondary}\n")
CAP = "  - id: too-foreign\n    cite: [art-1]\n"
FOREIGN = {**PROFILE, "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate", "licenses": []}}
HARMLESS = {**PROFILE, "company": {"foreign_percent": 0, "foreign_percent_basis": "ultimate", "licenses": []}}
UNKNOWN = "UNKNOWN: no decision change was found, and none could be excluded"


def compare_laws(folder: Path, before: str, after: str, profile: Any = FOREIGN, **settings: Any) -> dict[str, Any]:
    """The comparison of two laws with one known product."""
    sides = [project(folder / name, {"law": law}, {"p60": profile}) for name, law in (("a", before), ("b", after))]
    data = compare(*sides, **settings)
    assert not data["problems"], data["problems"]
    return data


def text_of(data: dict[str, Any], lang: Any = "en") -> str:
    return " ".join(render("text", data, lang).split())


@needs_solver
@pytest.mark.parametrize("profile", [FOREIGN, HARMLESS], ids=["shown", "not shown"])
@pytest.mark.parametrize(
    ("old", "new", "part", "told"),
    [
        (CAP, CAP.replace("art-1", "art-2"), "citations", "cited articles: art. 1 → art. 2"),
        (CAP, CAP.replace("art-1", "art-1, art-2"), "citations", "+ cited articles: art. 2"),
        ("zh: 某事。, verification: primary", "verification: secondary", "verification", "verification: primary → secondary"),
        ("{when: 'true', is: miit}", "{when: 'true', is: provincial-ca}", "authority", "Ministry of Industry and Information Technology (MIIT)"),
    ],
)  # fmt: skip
def test_other_law_behind_a_decision_is_not_called_no_change(
    tmp_path: Path, profile: dict[str, Any], old: str, new: str, part: str, told: str
) -> None:
    """With or without a known product that shows it: `any` fails, and the card tells old and new in words."""
    assert LAW.count(old) == 1, old
    sides = LAW, LAW.replace(old, new)
    data = compare_laws(tmp_path, *sides, profile, semantic="z3", fail_on=["any"])
    assert (data["failed_on"], data["exit_code"]) == (["any"], 1)
    assert part in {part for edit in data["edits"] for part in edit["said"]}
    assert told in text_of(data)
    assert "nothing changes" not in text_of(data)
    assert "已证明：任何产品" not in text_of(data, "zh")
    kind = "authority" if part == "authority" else "citation"
    assert {one["kind"] for one in data["decisions"]["details"]} - {"verification"} == (
        {kind} if profile is FOREIGN else set()
    )


def test_articles_in_another_order_are_a_change(tmp_path: Path) -> None:
    """A record lists them in the order of the rule."""
    both = LAW.replace(CAP, CAP.replace("art-1", "art-1, art-2"))
    data = compare_laws(tmp_path, both, both.replace("art-1, art-2", "art-2, art-1"))
    assert "cited articles: art. 1, art. 2 → art. 2, art. 1" in text_of(data).replace(";", ",")
    [detail] = data["decisions"]["details"]
    assert (detail["kind"], detail["before"]) == ("citation", "art-1 (primary), art-2 (secondary)")


def test_members_of_a_value_in_another_order_are_a_change_of_words(tmp_path: Path) -> None:
    law = policy(
        "law",
        RULES.replace("value: 50.0", "value: [data-center, saas]").replace(
            "company.foreign_percent > param.cap", "services.exists(s, s.offers.exists(o, o in param.cap))"
        ),
    )
    data = compare_laws(tmp_path, law, law.replace("[data-center, saas]", "[saas, data-center]"))
    assert "wording" in {part for edit in data["edits"] for part in edit["said"]}
    assert (data["decisions"]["rows"], data["verdict"]) == ([], "neither")
    assert data["title"]["en"] == "No decision change was found; citations or words may change"


def test_a_value_is_told_in_words_and_not_in_python(tmp_path: Path) -> None:
    after = LAW.replace("title: {en: Report, zh: 报告}\n", "title: {en: Report, zh: 报告}\n    no_term: true\n")
    text = text_of(compare_laws(tmp_path, LAW, after))
    assert "+ valid without an end date: yes" in text
    assert not re.search(r"\bTrue\b|\{'|\[\{", text)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("topics: [telecom]", "topics: [data]", []),
        ("en: Something.", "en: Anything.", ["citations"]),
        ("en: Too foreign.", "en: Much too foreign.", ["wording"]),
        ("number: 零号", "number: 一号", ["citations"]),
        ("en: Invented law", "en: Invented statute", ["citations"]),
        ("title: {en: Report,", "title: {en: Big report,", ["wording"]),
        ("title: {en: Cap,", "title: {en: Limit,", ["wording"]),
        ("when: term.is_foreign && company", "when: company.foreign_percent > 0.0 && company", ["asks"]),
    ],
)
def test_an_edit_of_words_says_what_records_may_show(tmp_path: Path, old: str, new: str, said: list[str]) -> None:
    data = compare_laws(tmp_path, LAW, LAW.replace(old, new), fail_on=["any"])
    assert sorted({part for edit in data["edits"] for part in edit["said"]}) == said
    assert (data["title"]["en"] == "No decision changes: no rule differs on any day") is not bool(said)
    assert data["failed_on"] == (["any"] if said == ["citations"] else [])


def test_clauses_in_another_order_may_ask_for_other_facts(tmp_path: Path) -> None:
    """The rule applies to the same products; which of two missing facts comes first depends on the order."""
    clauses = "company.mainland_entity", "data.persons > 3"
    rules = RULES.replace("term.is_foreign && company.foreign_percent > param.cap", " && ".join(clauses))
    before, after = policy("law", rules), policy("law", rules.replace(" && ".join(clauses), " && ".join(clauses[::-1])))
    assert before != after
    unknown = {**PROFILE, "company": {}}
    data = compare_laws(tmp_path, before, after, unknown, semantic="auto", fail_on=["any"])
    asked = [
        [fact.path for fact in evaluate(load_bundle(tmp_path / side / "policies"), profile, "2026-01-01").missing]
        for side, profile in zip("ab", itertools.repeat(load_profile(unknown)), strict=False)
    ]
    assert asked[0] != asked[1]
    assert [edit["said"] for edit in data["edits"]] == [["asks"]]
    assert (data["verdict"], data["failed_on"]) == ("neither", [])


@pytest.mark.parametrize("semantic", ["off", "auto"])
def test_a_file_in_another_folder_moves_and_records_say_where(tmp_path: Path, semantic: str) -> None:
    """Records name the file of each rule, so no claim says that they are the same."""
    base, head = (project(tmp_path / name, {"law": LAW, "other": policy("other")}, {"p60": FOREIGN}) for name in "ab")
    (head / "policies/topic").mkdir()
    (head / "policies/law.yaml").rename(head / "policies/topic/law.yaml")
    records = []
    for side in (base, head):
        bundle = load_bundle(side / "policies")
        profile = load_profile(FOREIGN)
        record = make_record(bundle, profile, evaluate(bundle, profile, "2026-01-01"))
        records.append({(one.rule, one.why.policy_file) for one in record.duties})
    assert records[0] != records[1]
    data = compare(base, head, semantic=semantic, fail_on=["any", "unknown", "loosened"])
    assert (data["title"]["en"], data["failed_on"]) == ("No decision changes; only files move", [])
    assert [edit["said"] for edit in data["edits"]] == [["file", "order"]]
    text = text_of(data)
    assert "“Invented law” moves to “topic/law.yaml”: no decision changes." in text
    assert "file: law.yaml → topic/law.yaml" in text
    assert "nothing changes" not in text
    fixture = next((head / "fixtures").rglob("*.yaml"))
    fixture.with_name("p61.yaml").write_text(fixture.read_text().replace("p60", "p61"))
    title = compare(base, head, semantic=semantic)["title"]["en"]
    assert title == "No decision changes, which is proved; citations or words may change", "more than files differs"


def test_rules_in_another_order_are_a_change(tmp_path: Path) -> None:
    """A record lists what it finds in the order of the rules, so this is not called no change."""
    tell, report = LAW[LAW.index("  - id: tell\n") : LAW.index("  - id: to-report\n")], "  - id: too-foreign\n"
    after = LAW.replace(tell, "").replace(report, tell + report)
    data = compare_laws(tmp_path, LAW, after, semantic="auto", fail_on=["any", "unknown"])
    assert (data["title"]["en"], data["failed_on"]) == (
        "No decision changes, which is proved; citations or words may change",
        [],
    )
    assert [edit["said"] for edit in data["edits"]] == [["order"]]
    assert "order of the rules:" in text_of(data)
    assert "nothing changes" not in text_of(data)


def test_conditions_of_a_route_in_another_order_are_an_edit_but_not_of_past_decisions(tmp_path: Path) -> None:
    condition = "        - {{id: {0}, reason: NOT-READY, check: {1}, message: {{en: {0}., zh: 条件。}}}}\n"
    checks = [condition.format("one", "operator.mainland_entity"), condition.format("two", "service.through_gateway")]
    route = LAW.replace(
        "rules:\n",
        f"""\
rules:
  - id: need-permit
    cite: [art-1]
    each: activity
    when: 'true'
    need: {{through: permit}}
    message: {{en: Need., zh: 须取得许可。}}
  - id: way
    cite: [art-1]
    each: activity
    when: 'true'
    route:
      to: permit
      name: way
      title: {{en: Way, zh: 途径}}
      instrument: permit
      conditions:
{checks[0]}{checks[1]}    message: {{en: Way., zh: 途径。}}
""",
    ).replace(
        "instruments:\n",
        "instruments:\n  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'true', is: miit}]}\n",
    )
    after = route.replace("".join(checks), "".join(reversed(checks)))
    assert route != after
    data = compare_laws(tmp_path, route, after, semantic="auto", fail_on=["retroactive", "unknown"])
    [edit] = data["structure"]
    assert (edit["name"], edit["fields"], edit["since"]) == (
        "way",
        [{"name": "route.conditions", "before": ["one", "two"], "after": ["two", "one"]}],
        None,
    )
    assert data["title"]["en"] == "No decision changes, which is proved; citations or words may change"
    assert data["failed_on"] == []


# --- schemas ---------------------------------------------------------------------------------------------------------


Edit = Callable[[dict[str, Any]], Any]
HOSTING = {**FOREIGN, "services": [{"id": "s", "offers": ["data-center"], "facilities": ["dongguan"]}]}
PLACES = (
    RULES
    + """\
  - id: here
    cite: [art-1]
    each: service
    when: service.facilities.exists(f, "shenzhen" in f.within)
    advise: {kind: verify}
    message: {en: In Shenzhen., zh: 在深圳。}
"""
)


def compare_schemas(folder: Path, name: str, edit: Edit, law: str = RULES, **settings: Any) -> dict[str, Any]:
    """The comparison of a law with itself under another schema."""
    schema = copy.deepcopy(SchemaSet.shipped().load(name))
    edit(schema)
    policies = {"law": policy("law", law)}
    profiles = {"p60": HOSTING}
    base = project(folder / "base", policies, profiles, schemas={})
    return compare(base, project(folder / "head", policies, profiles, schemas={name: schema}), **settings)


def move(schema: dict[str, Any]) -> None:
    schema["x-gazetteer"]["dongguan"]["within"] = "shenzhen"


def service(schema: dict[str, Any]) -> dict[str, Any]:
    facts: dict[str, Any] = schema["properties"]["services"]["items"]["properties"]
    return facts


def presume(schema: dict[str, Any]) -> None:
    service(schema)["content"]["x-empty-behind"]["offers"].append("marketplace")


def add_offer(schema: dict[str, Any], presumed: bool = False) -> None:
    offers = service(schema)["offers"]["items"]
    offers["enum"].append("drone-control")
    offers["x-enum"]["drone-control"] = {"en": "Drone control", "zh": "无人机控制"}
    if presumed:
        service(schema)["content"]["x-empty-behind"]["offers"].append("drone-control")


@pytest.mark.parametrize(
    ("name", "edit", "told"),
    [
        ("places", move, "“Dongguan” is changed (lies in: Guangdong → Shenzhen): the consequences are not settled."),
        ("profile", presume, "where every offer is one of these: + Marketplace"),
        ("profile", lambda schema: schema.update({"x-new-key": 1}), "“schema profile” is changed (x-new-key: + 1): the consequences are not settled."),
    ],
)  # fmt: skip
@pytest.mark.parametrize("semantic", ["off", "auto"])
def test_an_edit_of_how_specs_are_read_is_unknown(
    tmp_path: Path, name: str, edit: Edit, told: str, semantic: str
) -> None:
    """No known product changes, and nothing is proved: neither verdict, title nor exit code says no change."""
    data = compare_schemas(tmp_path, name, edit, semantic=semantic, fail_on=["unknown", "loosened"])
    assert (data["title"]["en"], data["verdict"], data["release"]["level"]) == (UNKNOWN, "unknown", "unknown")
    assert (data["failed_on"], data["exit_code"]) == (["unknown"], 1)
    assert data["semantic"]["status"] != "not-needed"
    assert told in text_of(data)
    assert "NOT SETTLED" in text_of(data)
    assert "未能判定" in text_of(data, "zh")


def test_known_products_are_decided_under_the_schemas_of_each_side(tmp_path: Path) -> None:
    data = compare_schemas(tmp_path, "places", move, PLACES)
    [detail] = data["decisions"]["details"]
    assert (detail["rule"], detail["before"], detail["after"]) == ("law/here", None, "fires")
    assert detail["products"] == ["p60"]
    assert data["verdict"] == "unknown", "that the word changes for no other spec is not proved"


@needs_solver
def test_proofs_exclude_nothing_beside_an_edit_of_how_specs_are_read(tmp_path: Path) -> None:
    """A proof reads both sides under the new schemas, so it is none about the change as a whole."""
    schema = copy.deepcopy(SchemaSet.shipped().load("places"))
    move(schema)
    later = RULES.replace("value: 50.0", "value: 55.0")
    base = project(tmp_path / "base", {"law": policy("law")}, schemas={})
    head = project(tmp_path / "head", {"law": policy("law", later)}, schemas={"places": schema})
    data = compare(base, head, semantic="z3", fail_on=["tightened"])
    assert {one["verdict"] for one in data["semantic"]["transitions"]} == {"unknown", "witness"}
    assert "which is proved" not in text_of(data)
    assert data["undecided_on"] == ["tightened"]
    only = compare(base, project(tmp_path / "law", {"law": policy("law", later)}, schemas={}), semantic="z3")
    assert "proved-impossible" in {one["verdict"] for one in only["semantic"]["transitions"]}


@pytest.mark.parametrize(
    ("edit", "told", "level"),
    [
        (add_offer, "values: + Drone control", "minor"),
        (lambda schema: add_offer(schema, presumed=True), "values: Drone control", "minor"),
        (lambda schema: schema["x-invariants"].pop(1), "- A company under foreign law is not a mainland company", "major"),
    ],
)  # fmt: skip
def test_an_edit_of_which_specs_are_valid_has_a_card(tmp_path: Path, edit: Edit, told: str, level: str) -> None:
    """A word that only one side knows stands in no spec that both sides accept."""
    data = compare_schemas(tmp_path, "profile", edit)
    assert {one["verdict"] for one in data["edits"]} == {"no-rule"}
    assert (data["verdict"], data["release"]["level"]) == ("neither", level)
    assert told in text_of(data)
    assert "A spec that both sides accept states the same facts, so no decision changes." in text_of(data)


def test_other_names_of_facts_may_show_in_records(tmp_path: Path) -> None:
    def rename(schema: dict[str, Any]) -> None:
        service(schema)["offers"]["title"] = "Services offered"

    data = compare_schemas(tmp_path, "profile", rename)
    assert [edit["said"] for edit in data["edits"]] == [["wording"]]
    assert data["title"]["en"] == "No decision changes, which is proved; citations or words may change"


def test_somebody_may_answer_for_an_edit_that_cannot_be_proved(tmp_path: Path) -> None:
    data = compare_schemas(tmp_path / "a", "places", move, fail_on=["unknown"])
    [shown] = [one["acceptance"] for one in data["structure"]]
    assert shown["fails"]
    accepted = tmp_path / "accepted.yaml"
    entry = {key: shown[key] for key in ("edit", "fingerprint", "effect")}
    entry |= {"reason": "The city lies there.", "person": "kim.li", "day": data["today"]}
    lines = "\n    ".join(f"{key}: '{value}'" for key, value in entry.items())
    accepted.write_text(f"schema: 1\naccepted:\n  - {lines.strip()}\n", encoding="utf-8")
    again = compare_schemas(tmp_path / "b", "places", move, fail_on=["unknown"], accepted=accepted)
    assert (again["accepted"]["entries"][0]["state"], again["failed_on"]) == ("accepted", [])


def test_every_key_of_a_schema_that_is_read_is_classified() -> None:
    """A key of our own that the evaluator reads is law, unless it is known to be something else."""
    known = frozenset[str]().union(*KEYS.values())
    read = {
        node.value
        for file in (ROOT / "src/vatspolicy/core").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"x-[a-z-]+", node.value)
    }
    assert len(read) > 10
    assert read <= known, read - known
    assert sum(map(len, KEYS.values())) == len(known), "a key is of one kind"
