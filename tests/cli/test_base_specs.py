"""`check --base`: what a change of specs does, and a gate that fails on what is new alone."""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support import specs
from tests.support.changes import OPENING, until, write
from tests.support.console import Console
from tests.support.repositories import commit, git
from tests.support.schemas import validator_of
from tests.support.specs import DENIED, TODAY
from vatspolicy.core.engine.result import ItemChange
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.gate.gate import Gate
from vatspolicy.gate.spec_change import ShortDecision, SpecChange, SpecChanges, compare_verdicts
from vatspolicy.i18n import Language
from vatspolicy.reports.decision.comment import MARKER
from vatspolicy.reports.spec_change import _say_items, say_changes

SHOP_FILE, HOSTING_FILE, DENIED_FILE = "specs/shop.yaml", "specs/hosting.yaml", "specs/denied.yaml"
SHOP = specs.SHOP.replace(
    "    content: []\n", "    content: []\n    channels: [website]\n    hosting: mainland\n    area: [china]\n"
)
HOSTING = specs.HOSTING.replace("  registered:", "  registered_capital_rmb: 20000000\n  registered:")
OUTCOMES = (("deny", None), (None, "needs-license"))
CHENGDU = HOSTING.replace("facilities: [shanghai-lingang]", "facilities: [chengdu]")


@pytest.fixture
def repository(console: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A repository with a spec that is allowed, one that needs a license, and one that is denied."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(console.folder, "init", "--quiet")
    write(console.folder, {SHOP_FILE: SHOP, HOSTING_FILE: HOSTING, DENIED_FILE: DENIED})
    commit(console.folder)
    git(console.folder, "switch", "--quiet", "--create", "change")
    return console


def told(repository: Console, *options: str) -> str:
    ran = repository("check", "specs", "--base", "main", "-f", "comment", *options)
    assert ran.out.startswith(f"{MARKER}\n"), ran.err
    return ran.out


def test_a_denial_that_appears(repository: Console) -> None:
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    text = told(repository)
    head, facts, first = text.partition(f"- `{HOSTING_FILE}`: ")[2].splitlines()[:3]
    assert (head, facts) == (
        "NEEDS LICENSE → DENY, stricter; FAILS: 1 deny",
        r"  - Stated: services\[0\].facilities: \[shanghai-lingang\] → \[chengdu\]",
    )
    assert first.startswith("  - New reason to deny: ")
    assert text.splitlines()[1].startswith("**Worse: 1 spec; same: 2 specs. Gate: FAILED ")
    assert "<summary>2 untouched specs</summary>" in text
    assert "License no longer to get" not in text, "it cannot be had any more"


def test_a_denial_that_goes(repository: Console) -> None:
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "repair")
    write(repository.folder, {HOSTING_FILE: HOSTING})
    ran = repository("check", "specs", "--base", "change", "-f", "comment")
    assert f"- `{HOSTING_FILE}`: DENY → NEEDS LICENSE, milder; FAILS: 1 needs-license\n  - Stated: " in ran.out
    assert ran.out.index("New license to get: ") < ran.out.index("No longer denied for: "), "first the new"
    assert "\n  - No longer denied for: " in ran.out
    assert ran.out.count("Source quality: ") == 1, "the weakest grade of all specs"
    assert ran.out.endswith("not legal advice.</sub>\n")


def test_a_fact_that_becomes_unknown(repository: Console) -> None:
    write(repository.folder, {SHOP_FILE: SHOP.replace("    content: []\n", "")})
    text = told(repository)
    assert f"- `{SHOP_FILE}`: ALLOW → INCOMPLETE" in text
    assert r"New fact asked for: services\[web\].content." in text
    note = "Facts are missing: what is gone may return once they are stated."
    assert (note in text) == bool(re.search("No longer|gone$", text, re.MULTILINE)), text


def test_what_is_gone_while_facts_are_missing_is_not_called_settled(repository: Console) -> None:
    """Without its facilities, the denial of the place is open, and not lifted; the first line says so."""
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "open")
    write(repository.folder, {HOSTING_FILE: CHENGDU.replace("    facilities: [chengdu]\n", "")})
    text = repository("check", "specs", "--base", "change", "-f", "comment").out
    assert f"`{HOSTING_FILE}`: DENY → INCOMPLETE" in text
    first = text.partition(f"`{HOSTING_FILE}`: DENY")[2].splitlines()[1]
    assert first == "  - Facts are missing: what is gone may return once they are stated."


def test_items_with_equal_words_are_one_line() -> None:
    same = [ItemChange("reading", "web", id, {"en": "Unsettled.", "zh": "有争议。"}, "a", None) for id in ("x", "y")]
    assert list(_say_items(same, "en")) == ["No longer contested: Unsettled. (web) (2 findings)"]
    assert list(_say_items(same[:1], "zh")) == ["不再有争议：有争议。（web）"]


@pytest.mark.parametrize(("lang", "head"), [("en", "DENY → ALLOW · CONTESTED, milder"), ("zh", "存在争议")])
def test_a_contested_decision_is_marked_where_it_changes(lang: Language, head: str) -> None:
    sides = (ShortDecision("deny", ("deny", "deny")), ShortDecision("allow", ("allow", "allow")))
    change = SpecChange("a.yaml", "a.yaml", "a", "kept", *sides, "loosened", (), contested=True)
    [told_change] = say_changes(SpecChanges("", (change,)), lang)
    assert head in told_change.head


def test_another_outcome_of_a_reading_is_a_change_of_it() -> None:
    """Readings of one rule have one name: what goes and what comes under it is the same dispute."""
    was, now = (ItemChange("reading", "web", "x", {"en": "Unsettled.", "zh": "有争议。"}, *sides) for sides in OUTCOMES)
    assert list(_say_items([was, now], "en")) == ["The other reading changed: Unsettled. (web)"]
    assert list(_say_items([was, replace(now, id="y")], "en")) == [
        "Newly contested: Unsettled. (web)",
        "No longer contested: Unsettled. (web)",
    ]


@pytest.mark.parametrize(
    ("before", "after", "direction"),
    [
        ("allow needs-license", "needs-license deny", "tightened"),
        ("allow needs-license", "allow deny", "tightened"),
        ("allow deny", "deny deny", "tightened"),
        ("allow deny", "allow allow", "loosened"),
        ("deny deny", "allow deny", "loosened"),
        ("needs-license needs-license", "allow deny", "unknown"),
        ("allow deny", "needs-license needs-license", "unknown"),
        ("allow deny", "allow deny", "same"),
    ],
)
def test_a_direction_is_certain_only_where_no_end_of_the_range_goes_the_other_way(
    bundle: Bundle, tmp_path: Path, before: str, after: str, direction: str
) -> None:
    spec = tmp_path / "spec.yaml"
    spec.write_text(SHOP, encoding="utf-8")
    [record] = Gate(bundle, TODAY).run([str(spec)]).records
    sides = [replace(record, range=(low, high)) for low, high in (before.split(), after.split())]
    assert compare_verdicts(*sides) == direction
    assert compare_verdicts(sides[0], replace(sides[0], decision="incomplete")) == "unknown", "of an equal range"


def test_duties_are_listed_up_to_two_and_then_counted() -> None:
    duties = [ItemChange("duty", "web", id, {"en": id, "zh": id}, None, "due") for id in ("x", "y", "z")]
    assert list(_say_items(duties[:2], "en")) == ["New duty: x (web)", "New duty: y (web)"]
    assert list(_say_items(duties, "en")) == ["3 new duties"]


def test_a_spec_that_is_renamed(repository: Console) -> None:
    (repository.folder / SHOP_FILE).rename(repository.folder / "specs/store.yaml")
    text = told(repository)
    assert r"- `specs/store.yaml`: ALLOW, decision unchanged, renamed from specs/shop.yaml" in text, "by its product"
    write(repository.folder, {"specs/store.yaml": SHOP.replace("id: shop", "id: store")})
    commit(repository.folder)
    assert "renamed from specs/shop.yaml" in told(repository), "by git, whatever the product is called"
    ran = repository("check", "specs/store.yaml", "--base", "main", "-f", "comment")
    assert "renamed from specs/shop.yaml" in ran.out, "of specs that are named one by one"


def test_specs_that_come_and_go(repository: Console) -> None:
    (repository.folder / DENIED_FILE).unlink()
    write(repository.folder, {"specs/second.yaml": SHOP.replace("id: shop", "id: second")})
    text = told(repository)
    assert "- `specs/second.yaml`: new spec: ALLOW; passes\n" in text
    assert f"- `{DENIED_FILE}`: spec removed: DENY before\n" in text


def test_what_main_did_since_is_no_part_of_the_change(repository: Console) -> None:
    git(repository.folder, "switch", "--quiet", "main")
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "change")
    text = told(repository)
    assert text.splitlines()[1].startswith("**Same: 3 specs. Gate: FAILED ")
    assert ("What this change" in text, "Next:" in text) == (False, False), "the change is about none of them"


def test_only_what_is_new_fails(repository: Console) -> None:
    new = ("check", "specs", "--base", "main", "--fail-on", "new:deny")
    assert repository(*new).code == 0, "the denial was there before"
    assert repository("check", "specs", "--fail-on", "deny").code == 1
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    ran = repository(*new, "-q")
    assert ran.code == 1
    assert "1 deny ≥ --fail-on new:deny" in ran.out
    write(repository.folder, {HOSTING_FILE: HOSTING, SHOP_FILE: SHOP.replace("    content: []\n", "")})
    assert repository(*new).code == 4, "an open decision is new"
    write(repository.folder, {SHOP_FILE: "nonsense"})
    assert repository(*new).code == 3


def test_a_rule_that_was_open_and_denies_now_is_new(repository: Console) -> None:
    write(repository.folder, {HOSTING_FILE: HOSTING.replace("    facilities: [shanghai-lingang]\n", "")})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "answer")
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    assert repository("check", HOSTING_FILE, "--base", "change", "--fail-on", "new:deny").code == 1


SERVICE = DENIED[DENIED.index("  - id: s\n") : DENIED.index("data:")]
SHARE = "  foreign_percent: 100\n  foreign_percent_basis: ultimate\n"
CONTESTED = DENIED.replace("[data-center]", "[own-purchasing]").replace("chengdu", "beijing")


def judge_edit(repository: Console, level: str, before: str, after: str) -> tuple[int, str]:
    """Return exit code and report of a gate on what is new in an edit of a spec, which passes without the edit."""
    write(repository.folder, {DENIED_FILE: f"{before}# before\n"})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "edit")
    given = ("check", DENIED_FILE, "--base", "change", "--fail-on")
    assert repository(*given, level).code != 0
    assert repository(*given, f"new:{level}").code == 0
    write(repository.folder, {DENIED_FILE: after})
    ran = repository(*given, f"new:{level}")
    return ran.code, ran.out


@pytest.mark.parametrize(
    ("level", "text", "code"),
    [("deny", DENIED, 1), ("contested", CONTESTED, 1), ("deny", DENIED.replace(SHARE, ""), 4)],
    ids=["finding", "reading", "question"],
)
def test_the_same_on_another_service_is_new(repository: Console, level: str, text: str, code: int) -> None:
    service = text[text.index("  - id: s\n") : text.index("data:")].replace("id: s\n", "id: second\n")
    assert judge_edit(repository, level, text, text.replace("data:", f"{service}data:"))[0] == code


def test_a_service_does_not_hide_behind_an_old_missing_fact(repository: Console) -> None:
    """Both specs ask for the foreign share; once it is stated, three services of the second are denied."""
    before = DENIED.replace(SHARE, "")
    service = SERVICE.replace("id: s\n", "id: more\n").replace("data-center", "cdn, e-books, film-television")
    code, text = judge_edit(repository, "deny", before, before.replace("data:", f"{service}data:"))
    assert code == 4
    assert "Other findings wait for: company.foreign_percent. " in " ".join(text.split())


def test_a_route_that_closes_behind_an_old_missing_fact_is_new(repository: Console) -> None:
    before = DENIED.replace("chengdu", "beijing")
    for fact in (SHARE, "  discredited: []\n"):
        before = before.replace(fact, "")
    assert judge_edit(repository, "deny", before, before.replace("beijing", "chengdu"))[0] == 4


@pytest.mark.parametrize("side", ["--base", "--trust"])
def test_a_gate_may_be_empty_before_the_first_spec(repository: Console, side: str) -> None:
    allowed = ("check", "--allow-none", side, "main")
    for argument in ("products", "products/*.yaml", "products/first.yaml"):
        ran = repository(*allowed, argument)
        assert (ran.code, ran.out) == (0, "There is no spec, and there was none before. Begin with: vatspolicy ask\n")
        assert repository("check", side, "main", argument).code in (3, 5)
    for argument in ("specs", "specs/*.yaml", SHOP_FILE):
        shutil.rmtree(repository.folder / "specs", ignore_errors=True)
        assert repository(*allowed, argument).code in (3, 5), "the base has specs"
    write(repository.folder, {"products/README.md": "Specs.\n"})
    assert repository(*allowed, "products").code == 0
    write(repository.folder, {"products/.hidden/first.yaml": DENIED})
    assert repository(*allowed, "products").code == 5
    (repository.folder / "products/first.yaml").symlink_to("nowhere")
    assert repository(*allowed, "products").code == 3
    assert repository("check", "--allow-none", "--base", "nowhere", "none").code == 2


def test_settings_of_the_change_name_specs_until_the_owner_has_some(repository: Console) -> None:
    own = {"vatspolicy.toml": 'specs = ["specs"]\n'}
    write(repository.folder, own)
    assert repository("check", "--trust", "main").code == 1
    for text, code in (('specs = ["specs/shop.yaml"]\n', 0), ('fail-on = "deny"\n', 2)):
        git(repository.folder, "switch", "--quiet", "main")
        write(repository.folder, {"vatspolicy.toml": text})
        commit(repository.folder)
        git(repository.folder, "switch", "--quiet", "--force-create", "own")
        write(repository.folder, own)
        assert repository("check", "--trust", "main").code == code


def test_narrower_settings_remove_no_spec(repository: Console) -> None:
    """Reports name the specs that the settings of a change leave out, and compare the others."""
    git(repository.folder, "switch", "--quiet", "main")
    write(repository.folder, {"vatspolicy.toml": 'specs = ["specs"]\n'})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "narrow")
    for narrow, compared in (("shop", True), ("nothing", False)):
        write(repository.folder, {"vatspolicy.toml": f'specs = ["specs/{narrow}.yaml"]\n'})
        text = repository("check", "--base", "main", "--trust", "main", "-f", "comment").out
        _, heading, by_law = text.partition("What the law and the settings of this change would do")
        assert bool(heading) == compared
        assert ("No change in decisions for 1 spec." in by_law) == compared
        assert "spec removed" not in text
        assert "would not look at" in text


def test_formats_agree_on_what_is_new(repository: Console) -> None:
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    given = ("check", "specs", "--base", "main", "--fail-on", "new:deny")
    [sarif] = json.loads(repository(*given, "-f", "sarif").out)["runs"]
    states = {result["baselineState"] for result in sarif["results"] if "fails" in result.get("properties", {})}
    assert states == {"new"}
    assert {result["baselineState"] for result in sarif["results"]} == {"new", "unchanged"}
    plain = json.loads(repository("check", "specs", "-f", "sarif").out)["runs"][0]
    assert not any("baselineState" in result for result in plain["results"])
    for options, schema in (((), "report"), (("--details",), "decision")):
        report = json.loads(repository(*given, "-f", "json", *options).out)
        validator_of(f"{schema}.schema.json").validate(report)
        assert {one["file"] for one in report["gate"]["failures"]} == {HOSTING_FILE}
        changed = [one for one in report["spec_changes"]["specs"] if one["direction"] != "same"]
        assert [(one["spec"], one["direction"]) for one in changed] == [(HOSTING_FILE, "tightened")]
    text = repository(*given).out
    assert "NEEDS LICENSE → DENY, stricter" in text
    issues = json.loads(repository(*given, "-f", "gitlab").out)
    assert {one["location"]["path"] for one in issues if one["severity"] == "critical"} == {HOSTING_FILE}
    assert len({one["fingerprint"] for one in issues}) == len(issues)


def test_a_law_that_the_change_brings_is_told_and_does_not_judge(repository: Console) -> None:
    git(repository.folder, "switch", "--quiet", "main")
    write(repository.folder, {"vatspolicy.toml": 'specs = ["specs"]\n'})
    until(repository.folder)
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "law")
    OPENING["law"](repository.folder)
    commit(repository.folder)
    ran = repository("check", "--base", "main", "--trust", "main", "-f", "comment", "--allow-past-as-of")
    assert ran.code == 1
    assert "This change edits files that control the gate" in ran.out
    _, _, by_law = ran.out.partition("**What the law and the settings of this change would do to the specs**")
    assert f"`{DENIED_FILE}`: DENY → ALLOW, milder" in by_law


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fail-on", "new:deny"), "--fail-on new:deny needs --base."),
        (
            ("--base", "main", "--fail-on", "new:deny", "--log", "r"),
            "cannot be combined with a log or an attestation.",
        ),
        (("--base", "nowhere"), "--base nowhere: There is no revision 'nowhere' here."),
    ],
)
def test_what_does_not_fit_is_refused(repository: Console, options: tuple[str, ...], message: str) -> None:
    ran = repository("check", "specs", *options)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_comment_is_about_the_change(repository: Console) -> None:
    """Two specs of thirty are edited: at most 250 words, and what is not touched is one line."""
    for number in range(27):
        write(repository.folder, {f"specs/more-{number}.yaml": CHENGDU.replace("id: hosting", f"id: more-{number}")})
    commit(repository.folder)
    git(repository.folder, "switch", "--quiet", "--create", "two")
    write(repository.folder, {HOSTING_FILE: CHENGDU})
    write(repository.folder, {SHOP_FILE: SHOP.replace("title: A shop", "title: Our shop")})
    text = repository("check", "specs", "--base", "change", "-f", "comment").out
    assert len(text.split()) <= 250
    first = text.splitlines()[1]
    assert first.startswith("**Worse: 1 spec; same: 29 specs. Gate: FAILED \\(29 deny")
    assert first.endswith(f"Next: vatspolicy routes {HOSTING_FILE}**")
    assert f"- `{SHOP_FILE}`: ALLOW, decision unchanged; passes\n  - Stated: product.title: A shop → Our shop\n" in text
    [folded] = [line for line in text.splitlines() if "28 untouched specs" in line]
    assert folded.count("specs/more-") == 27
    assert text.count("specs/more-") == 27, "they stand there alone"
    chinese = repository("check", "specs", "--base", "change", "-f", "comment", "--lang", "zh").out
    assert not re.search("Worse|untouched|Stated|FAILS", chinese)


def test_a_comment_is_short(repository: Console) -> None:
    """Six specs fill 60 lines at most, and everything that decides stands in them, folded or not."""
    for number in range(6):
        text = CHENGDU.replace("id: hosting", f"id: hosting-{number}")
        write(repository.folder, {f"specs/more-{number}.yaml": text})
    for file in (SHOP_FILE, HOSTING_FILE, DENIED_FILE):
        (repository.folder / file).unlink()
    text = told(repository)
    assert len(text.splitlines()) <= 60
    assert text.count("Next: `vatspolicy routes specs/more-") == 6
    chinese = told(repository, "--lang", "zh")
    assert not re.search("What this change|spec removed|New reason|Next:", chinese)
