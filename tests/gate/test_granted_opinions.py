"""An opinion in a spec is a claim. It counts where an approver grants it, for that product and those facts alone."""

from __future__ import annotations

import asyncio
import base64
import csv
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.console import Console
from tests.support.effort import part
from tests.support.members import for_each
from tests.support.shipped import shipped_bundle
from tests.support.specs import TODAY
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.gate.waivers.fingerprint import opinion_fingerprint
from vatspolicy.gate.waivers.load import WaiverSet, load_waiver_set
from vatspolicy.reports.formats import FORMATS

Data = dict[str, Any]
DENIED = yaml.safe_load("""
schema: 2
product: {id: p, launch: '2027-03-01'}
company: {foreign_percent: 100, foreign_percent_basis: ultimate, mainland_entity: true, legal_form: limited-company,
  investor_origin: [US], registered: {at: chengdu, ftz: none}, registered_capital_rmb: 20000000, lacking_means: [],
  discredited: [], certificates: [], licenses: []}
services:
  - {id: s, offers: [iot-platform], operated_by: company, audience: public, channels: [website], hosting: mainland,
     charges: [users], sells: [], content: [], features: [], area: [china], facilities: [chengdu],
     rents_outside_region: false}
data: {persons: 0, sensitive: false, minors: 0, leaves_mainland: false, important: false, ciio: false}
""")
CLAIM: Data = {"about": "class", "service": "s", "classes": [], "by": "Kim Li", "date": "2026-01-05"}
APPROVERS: Data = {"schema": 1, "approvers": [{"name": "lee", "opinions": ["class"]}]}
RULE = "telecom-catalog/device-data"


def claiming(*claims: Data, offers: str = "iot-platform", **product: Any) -> Data:
    service = {**DENIED["services"][0], "offers": [offers]}
    return {**DENIED, "product": {**DENIED["product"], **product}, "services": [service], "opinions": list(claims)}


def grant(spec: Data, claim: Data | None = None, day: str = "2027-03-01", **fields: Any) -> Data:
    """An entry that grants the first opinion of a spec, or says another."""
    profile = load_profile(spec)
    mark = opinion_fingerprint(shipped_bundle(), profile, day, profile.facts["opinions"][0])
    return {
        "opinion": claim or spec["opinions"][0],
        "scope": {"product": spec["product"]["id"], "fingerprint": mark},
        "reason": "Written answer.",
        "approver": "lee",
        "ticket": "LAW-1",
        "granted": "2026-06-01",
        "expiry": "2027-05-01",
        **fields,
    }


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, data: Data) -> str:
    Path(name).write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    return name


def grants(*entries: Data, approvers: Data | None = None) -> WaiverSet:
    files = write("opinions.json", {"schema": 1, "opinions": list(entries)}), write("who.json", approvers or APPROVERS)
    return load_waiver_set(opinions=Path(files[0]), approvers=Path(files[1]))


def run(waiver_set: WaiverSet | None, *specs: Data, **gate: Any) -> GateResult:
    names = [write(f"spec{number}.yaml", spec) for number, spec in enumerate(specs)]
    return Gate(shipped_bundle(), gate.pop("today", TODAY), waiver_set=waiver_set, **gate).run(names)


def words(found: GateResult) -> list[tuple[str, str]]:
    """The decision and the state of the first opinion, of each record."""
    return [(one.decision, one.opinions[0].state) for one in found.records]


def kinds(found: GateResult) -> set[str]:
    return {one.kind for one in found.remarks or ()}


# --- claims -----------------------------------------------------------------------------------------------------------

OFFERS = (
    *("iot-platform", "cloud-platform", "domain-resolution", "information-publishing", "listings", "drug-information"),
    *("blockchain-information", "connected-car", "iot-own-devices", "live-streaming"),
    *("financial-information", "location-service", "music-streaming"),
)
HOLDERS = ("me", "MIIT", "Communications Administration")


@pytest.mark.parametrize("offer", part(OFFERS, 3))
def test_a_claim_opens_no_gate(offer: str) -> None:
    """Each of these offers is contested: an opinion of anybody who wrote the spec would free it."""
    plain = run(None, claiming(offers=offer))
    classes: tuple[list[str], ...] = ([], ["B22"], ["B25-search"])
    claims: list[Data] = [{**CLAIM, "by": by, "classes": found} for by in HOLDERS for found in classes]
    claims += [{**CLAIM, "date": date, "authority": "miit"} for date in ("0001-01-01", "1990-01-01", TODAY)]
    for claim in claims:
        found = run(None, claiming(claim, offers=offer))
        assert (found.records[0].decision, found.exit_code) == (plain.records[0].decision, plain.exit_code)
        assert words(found)[0][1] == "not-granted"
        assert found.records[0].contested == plain.records[0].contested


def test_a_claim_on_unread_law_leaves_it_open() -> None:
    assert words(run(None, claiming(CLAIM, offers="other"))) == [("incomplete", "not-granted")]


@pytest.mark.parametrize(
    "by", [" ", "\u200b", "\u00a0", "\ufeff", "\u2060\u200d", "--", "a\u200bb", "me\u202e", "\ue000"]
)
def test_a_name_that_nobody_can_read_is_refused(by: str) -> None:
    with pytest.raises(InvalidInput, match=r"This is not a name|invisible character"):
        load_profile(claiming({**CLAIM, "by": by}))


def test_the_company_is_no_authority() -> None:
    with pytest.raises(InvalidInput, match="cannot give an opinion as an authority"):
        load_profile(claiming({**CLAIM, "authority": "self"}))


# --- what counts ------------------------------------------------------------------------------------------------------


def test_a_granted_opinion_counts_and_says_who_granted_it() -> None:
    spec = claiming(CLAIM)
    found = run(grants(grant(spec)), spec)
    assert (words(found), found.exit_code, kinds(found)) == ([("allow", "counted")], 0, set())
    granted = found.records[0].opinions[0].granted
    assert granted is not None
    assert (granted.approver, granted.ticket, granted.until) == ("lee", "LAW-1", "2027-05-01")


def test_an_entry_may_differ_in_the_order_of_keys_and_classes_and_in_its_note() -> None:
    spec = claiming({**CLAIM, "classes": ["B21-device-data", "B25-search"], "note": "see file"})
    entry = grant(spec, {"date": CLAIM["date"], **CLAIM, "classes": ["B25-search", "B21-device-data"]})
    assert words(run(grants(entry), spec))[0][1] == "no-such-reading"  # granted, and no reading holds both


def test_unread_law_is_settled_by_any_class() -> None:
    spec = claiming({**CLAIM, "classes": ["B22"]}, offers="other")
    found = run(grants(grant(spec)), spec)
    assert words(found) == [("needs-license", "counted")]


@pytest.mark.parametrize(
    ("claim", "state"),
    [
        ({"classes": ["B22"]}, "no-such-reading"),
        ({"classes": ["B21-device-data", "B22"]}, "no-such-reading"),
        ({"date": "2003-03-31"}, "older-than-rule"),
        ({"date": "1990-01-01"}, "older-than-rule"),
        ({"date": "0001-01-01"}, "older-than-rule"),
    ],
)
def test_a_granted_opinion_settles_only_what_a_reading_holds_once_the_rule_is_law(claim: Data, state: str) -> None:
    spec = claiming({**CLAIM, **claim})
    found = run(grants(grant(spec)), spec)
    assert words(found) == [("deny", state)]
    assert found.records[0].contested
    assert kinds(found) == {"unused"}


def test_the_first_day_of_the_rule_is_old_enough() -> None:
    spec = claiming({**CLAIM, "date": "2003-04-01"})
    assert words(run(grants(grant(spec)), spec)) == [("allow", "counted")]


def test_the_word_of_an_authority_prevails_whatever_the_days() -> None:
    ministry = {
        **CLAIM,
        "classes": ["B21-device-data"],
        "by": "the ministry",
        "authority": "miit",
        "date": "2025-01-01",
    }
    spec, two = claiming(CLAIM, ministry), claiming(ministry)
    both = grants(grant(spec), grant(two))
    found = run(both, spec)
    assert [one.state for one in found.records[0].opinions] == ["superseded", "counted"]
    assert found.records[0].decision == "deny"
    assert words(run(grants(grant(spec)), spec)) == [("allow", "counted")]  # a claimed word of the ministry is none


@pytest.mark.parametrize(
    "more", [{"authority": "miit", "date": "2025-01-01"}, {"date": "2026-01-06"}, {"by": "Ann Wu"}]
)
def test_a_spec_cannot_leave_out_the_opinion_that_prevails(more: Data) -> None:
    """The owner of the gate granted another opinion as well, which the spec no longer claims."""
    spec, other = claiming(CLAIM), claiming({**CLAIM, "classes": ["B21-device-data"], **more})
    found = run(grants(grant(spec), grant(other)), spec)
    assert (words(found), kinds(found)) == ([("deny", "not-granted")], {"unused"})


def test_an_opinion_on_a_rule_yields_to_the_word_of_an_authority_on_the_classes() -> None:
    ministry = {**CLAIM, "classes": ["B21-device-data"], "authority": "miit", "date": "2025-01-01"}
    on_rule: Data = {"about": RULE, "reading": "does-not-apply", "by": "Kim Li", "date": "2026-01-05"}
    approvers = {"schema": 1, "approvers": [{"name": "lee", "opinions": ["*"]}]}
    one, other = claiming(on_rule), claiming(ministry)
    alone = run(grants(grant(one), approvers=approvers), one)
    assert words(alone)[0][1] == "counted"
    for spec in (one, claiming(on_rule, ministry)):
        found = run(grants(grant(one), grant(other), approvers=approvers), spec)
        assert words(found) == [("deny", "not-granted")]


def test_an_opinion_on_a_route_ends_with_another_class() -> None:
    """The rule reads the class of an activity, which follows from the offers."""
    route = {"about": "services-opening-pilot/freed-access-elsewhere", "reading": "applies", "by": "Kim Li"}
    spec = claiming({**route, "date": "2026-01-05"}, offers="data-center")
    other = claiming({**route, "date": "2026-01-05"}, offers="app-store")
    approvers = {"schema": 1, "approvers": [{"name": "lee", "opinions": ["services-opening-pilot/*"]}]}
    states = [words(run(grants(grant(spec), approvers=approvers), one))[0][1] for one in (spec, other)]
    assert states == ["no-effect", "not-granted"]


def test_no_opinion_reaches_what_was_read_and_is_not_contested() -> None:
    bundle = shipped_bundle()
    for policy in bundle.policies.values():
        for rule in policy.rules:
            if rule.kind == "deny" and not rule.is_open:
                claim = {"about": rule.name, "reading": "does-not-apply", "by": "Kim Li", "date": TODAY}
                spec = claiming({**claim, "authority": "miit"}, offers="data-center")
                decision, _ = Gate(bundle, TODAY).decide(load_profile(spec), granted={0: None})
                assert (decision.decision, decision.opinions[0].state == "counted") == ("deny", False), rule.name


# --- attacks ----------------------------------------------------------------------------------------------------------


def change(**fields: Any) -> Callable[[Data], Data]:
    return lambda entry: {**entry, **fields}


def say(**opinion: Any) -> Callable[[Data], Data]:
    return lambda entry: {**entry, "opinion": {**entry["opinion"], **opinion}}


def scope(**fields: Any) -> Callable[[Data], Data]:
    return lambda entry: {**entry, "scope": {**entry["scope"], **fields}}


ENTRIES: dict[str, tuple[Callable[[Data], Data], str]] = {
    "another product": (scope(product="q"), "unused"),
    "every product": (scope(product="*"), "too-broad"),
    "a product in other letters": (scope(product="\u0440"), "unused"),
    "a product with a blank": (scope(product="p "), "unused"),
    "another fingerprint": (scope(fingerprint="sha256:" + "0" * 64), "changed"),
    "another service": (say(service="t"), "unused"),
    "every service": (lambda entry: {**entry, "opinion": {**CLAIM, "service": "S"}}, "unused"),
    "another day": (say(date="2026-01-06"), "unused"),
    "other classes": (say(classes=["B21-device-data"]), "unused"),
    "a name that looks alike": (say(by="Kim L\u0456"), "unused"),
    "a name in another form": (say(by="Kim Li\u0301"), "unused"),
    "a name in other case": (say(by="kim li"), "unused"),
    "an authority that the claim lacks": (say(authority="miit"), "unused"),
    "a day to come": (change(granted="2026-11-25"), "expired"),
    "a day that has passed": (change(granted="2026-01-01", expiry="2026-11-23"), "expired"),
    "an end before the launch": (change(expiry="2027-02-28"), "expired"),
    "more than a year": (change(granted="2026-01-01", expiry="2027-12-31"), "too-broad"),
    "an approver of nothing": (change(approver="li"), "unauthorized"),
    "an approver in other case": (change(approver="Lee"), "unauthorized"),
    "an approver of look-alikes": (change(approver="l\u0435e"), "unauthorized"),
    "an approver with a blank": (change(approver="lee "), "unauthorized"),
}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_that_does_not_fit_grants_nothing(name: str) -> None:
    edit, kind = ENTRIES[name]
    spec = claiming(CLAIM)
    found = run(grants(edit(grant(spec))), spec)
    assert (words(found), found.exit_code) == ([("deny", "not-granted")], 1)
    assert kind in kinds(found)


WHO: dict[str, list[Data]] = {
    "may waive everything": [{"name": "lee", "rules": ["*", "class", "*/*"]}],
    "may settle another matter": [{"name": "lee", "opinions": ["telecom-catalog/*"]}],
    "may settle classes of a prefix": [{"name": "lee", "opinions": ["class/*", "class/s", "clas", "CLASS"]}],
    "is somebody else": [{"name": "kim", "opinions": ["*"]}, {"name": "lee", "rules": ["*"]}],
}


@pytest.mark.parametrize("name", WHO)
def test_an_approver_needs_the_permission_for_the_matter(name: str) -> None:
    spec = claiming(CLAIM)
    found = run(grants(grant(spec), approvers={"schema": 1, "approvers": WHO[name]}), spec)
    assert (words(found), kinds(found)) == ([("deny", "not-granted")], {"unauthorized"})


def test_without_approvers_nothing_is_granted() -> None:
    spec = claiming(CLAIM)
    found = run(replace(grants(grant(spec)), approvers=None), spec)
    assert (words(found), kinds(found)) == ([("deny", "not-granted")], {"unauthorized"})


SPECS: dict[str, Callable[[Data], Data]] = {
    "another contested offer": lambda spec: claiming(CLAIM, offers="live-streaming"),
    "one more contested offer": lambda spec: {
        **spec,
        "services": [{**spec["services"][0], "offers": ["iot-platform", "listings"]}],
    },
    "another audience": lambda spec: {**spec, "services": [{**spec["services"][0], "audience": "business"}]},
    "a renamed service": lambda spec: {
        **spec,
        "services": [{**spec["services"][0], "id": "t"}],
        "opinions": [{**CLAIM, "service": "t"}],
    },
    "no launch day": lambda spec: {**spec, "product": {"id": "p"}},
    "a launch after the grant": lambda spec: {**spec, "product": {"id": "p", "launch": "2027-05-02"}},
    "another id": lambda spec: {**spec, "product": {**spec["product"], "id": "q"}},
}


@pytest.mark.parametrize("name", SPECS)
def test_a_spec_that_changes_after_the_grant_has_a_claim_again(name: str) -> None:
    spec = claiming(CLAIM)
    entry = grant(spec)
    assert words(run(grants(entry), spec)) == [("allow", "counted")]
    found = run(grants(entry), SPECS[name](spec))
    assert {state for _, state in words(found)} == {"not-granted"}
    assert found.exit_code == 1


def test_two_specs_of_one_product_share_no_grant() -> None:
    spec = claiming(CLAIM)
    found = run(grants(grant(spec)), spec, {**spec, "company": {**spec["company"], "investor_origin": ["JP"]}})
    assert words(found) == [("deny", "not-granted")] * 2
    assert kinds(found) == {"too-broad"}


def test_the_order_of_entries_decides_nothing_and_a_repeated_one_is_refused() -> None:
    spec = claiming(CLAIM)
    good, bad = grant(spec), change(approver="li")(grant(claiming(CLAIM, id="q")))
    for entries in ([good, bad], [bad, good]):
        assert words(run(grants(*entries), spec)) == [("allow", "counted")]
    twice = grants(good, change(approver="li")(good))
    assert (words(run(twice, spec)), run(twice, spec).exit_code) == ([("deny", "not-granted")], 3)
    assert "grants the same opinion" in str(twice.problems[0])


def test_a_file_with_a_mistake_grants_nothing() -> None:
    spec = claiming(CLAIM)
    for wrong in (change(expiry="2026-05-01"), change(extra="x"), change(approver=" "), say(classes=["B99"])):
        found = run(grants(grant(spec), wrong(grant(claiming(CLAIM, id="q")))), spec)
        assert (words(found), found.exit_code) == ([("deny", "not-granted")], 3)


def test_a_grant_lasts_only_while_it_is_in_force_on_the_day_of_the_run() -> None:
    spec = claiming(CLAIM, launch="2026-12-01")
    entry = grant(spec, day="2026-12-01", expiry="2026-12-24")
    found = {day: words(run(grants(entry), spec, today=day)) for day in ("2026-05-31", "2026-11-24", "2026-12-01")}
    assert found["2026-05-31"] == [("deny", "not-granted")]
    assert found["2026-11-24"] == found["2026-12-01"] == [("allow", "counted")]
    late = run(grants(entry), spec, today="2026-12-25", as_of="2026-12-25")
    assert words(late) == [("deny", "not-granted")]


def test_a_waiver_of_the_denial_is_not_needed_and_none_stands_in_for_a_grant() -> None:
    spec = claiming(CLAIM)
    write("spec0.yaml", spec)
    found = run(replace(grants(), opinions=()), spec)
    assert words(found) == [("deny", "not-granted")]
    waived = replace(grants(grant(spec)), strict=True)
    assert run(waived, spec).exit_code == 0
    assert run(replace(waived, approvers=None), spec).exit_code == 1


# --- where it stands --------------------------------------------------------------------------------------------------


@pytest.fixture
def granted(console: Console) -> tuple[str, ...]:
    spec = claiming(CLAIM)
    console.write("p.yaml", json.dumps(spec))
    console.write("opinions.yaml", json.dumps({"schema": 1, "opinions": [grant(spec)]}))
    console.write("approvers.yaml", json.dumps(APPROVERS))
    return ("p.yaml", "--opinions", "opinions.yaml", "--approvers", "approvers.yaml")


@for_each(FORMATS)
def test_every_format_says_who_gave_and_granted_it_or_that_nobody_did(
    form: str, console: Console, granted: tuple[str, ...]
) -> None:
    shown = console("check", *granted, "-f", form)
    assert shown.code == 0
    assert [one for one in ("lee", "Kim Li", "2026-01-05") if one not in shown.out] == []
    shown = console("check", "p.yaml", "-f", form)
    assert shown.code == 1
    said = '"not-granted"' if form == "json" else "not granted"
    assert said in shown.out if form == "json" else said in " ".join(shown.out.split())


def test_an_opinion_is_a_row_of_csv(console: Console, granted: tuple[str, ...]) -> None:
    rows = csv.DictReader(console("check", *granted, "-f", "csv").out.splitlines())
    (row,) = [row for row in rows if row["effect"] == "opinion"]
    assert ("Kim Li" in row["message"], "granted by lee" in row["message"], int(row["line"]) > 0) == (True,) * 3, row


def test_the_first_annotation_of_github_says_it(console: Console, granted: tuple[str, ...]) -> None:
    """The action prints at most ten annotations of a level."""
    assert "granted by lee" in console("check", *granted, "-f", "github").out.splitlines()[0]
    assert "Claimed by Kim Li" in console("check", "p.yaml", "-f", "github").out.splitlines()[0]


@pytest.mark.parametrize("extent", [(), ("--summary",)])
def test_a_line_of_several_specs_says_it(console: Console, granted: tuple[str, ...], extent: tuple[str, ...]) -> None:
    console.write("q.yaml", json.dumps(claiming(CLAIM, id="q")))
    lines = console("check", "q.yaml", *granted, *extent).out.splitlines()
    (told,) = [line for line in lines if " p.yaml" in line and "Next" not in line]
    assert "according to Kim Li (2026-01-05)" in told, "the other spec has a claim"


def test_details_in_json_and_the_log_hold_the_grant(console: Console, granted: tuple[str, ...]) -> None:
    shown = json.loads(console("check", *granted, "-f", "json", "--details", "--log", "d.jsonl").out)
    (opinion,) = shown["decisions"][0]["opinions"]
    assert (opinion["state"], opinion["granted"]["approver"]) == ("counted", "lee")
    event = json.loads((console.folder / "d.jsonl").read_text(encoding="utf-8"))
    assert event["result"]["opinions"] == [opinion]


def test_an_attestation_names_it_and_passes_only_where_its_approver_is_accepted(
    console: Console, granted: tuple[str, ...]
) -> None:
    assert console("bundle", "keygen", "k").code == 0
    assert console("check", *granted, "--attest", "a.jsonl", "--sign-key", "k.pem", "-q").code == 0
    payload = json.loads((console.folder / "a.jsonl").read_text(encoding="utf-8"))["payload"]
    (told,) = json.loads(base64.b64decode(payload))["predicate"]["parts"][0]["opinions"]
    assert (told["about"], told["by"], told["approver"]) == ("class", "Kim Li", "lee")
    verify = ("verify-attestation", "a.jsonl", "--spec", "p.yaml", "--key", "k.pub")
    alone = console(*verify)
    assert alone.code == 1
    assert "It relies on an opinion on class that lee granted." in alone.out
    accepted = console(*verify, "--approvers", "approvers.yaml")
    assert accepted.code == 0, "it is decided again with the opinion that was granted"
    assert "opinion on class by Kim Li (2026-01-05), granted until 2027-05-01 by lee" in accepted.out
    console.write("others.yaml", json.dumps({"schema": 1, "approvers": [{"name": "lee", "rules": ["*"]}]}))
    assert console(*verify, "--approvers", "others.yaml").code == 1
    approvers = {"schema": 1, "max_days": 5, "approvers": [{"name": "lee", "opinions": ["*"]}]}
    console.write("shorter.yaml", json.dumps(approvers))
    shorter = console(*verify, "--approvers", "shorter.yaml")
    assert (shorter.code, "a grant of more than 5 days" in shorter.out) == (1, True)


@pytest.mark.usefixtures("granted")
def test_waive_writes_an_entry_that_counts(console: Console) -> None:
    why = ("--reason", "Written answer.", "--approver", "lee", "--ticket", "LAW-2", "--until", "2027-04-30")
    assert console("waive", "p.yaml", "opinions[0]", *why, "--opinions", "new.yaml").code == 0
    assert console("check", "p.yaml", "--opinions", "new.yaml", "--approvers", "approvers.yaml", "-q").code == 0
    console.write("q.yaml", json.dumps(claiming({**CLAIM, "classes": ["B22"]})))
    useless = console("waive", "q.yaml", "opinions[0]", *why)
    assert (useless.code, "no reading of the rule has these classes" in useless.err) == (1, True)
    assert console("waive", "p.yaml", "opinions[1]", *why).code == 2


@pytest.mark.usefixtures("granted")
@pytest.mark.parametrize("command", ["routes", "timeline"])
def test_a_command_without_grants_says_that_none_counts(console: Console, command: str) -> None:
    shown = console(command, "p.yaml")
    assert "the opinions in p.yaml are claims and do not count here." in shown.err


def test_a_portfolio_counts_what_is_granted(console: Console, granted: tuple[str, ...], wider_law: Path) -> None:
    console.write("rows.jsonl", (console.folder / "p.yaml").read_text(encoding="utf-8") + "\n")
    screen = ("screen", "rows.jsonl", "--as-of", "2027-03-01", "-j", "1", "--law", wider_law)
    assert console(*screen, *granted[1:], "-o", "yes.jsonl").code == 0
    alone = console(*screen, "-o", "no.jsonl")
    assert "rows with an opinion that was not granted and does not count: 1." in alone.err
    decided = [json.loads((console.folder / name).read_text())["decision"] for name in ("yes.jsonl", "no.jsonl")]
    assert decided == ["allow", "deny"]


@pytest.mark.usefixtures("granted")
def test_the_configuration_names_the_file(console: Console) -> None:
    console.write("vatspolicy.toml", 'opinions = "opinions.yaml"\napprovers = "approvers.yaml"\n')
    shown = console("check", "p.yaml")
    assert (shown.code, "opinions = opinions.yaml (vatspolicy.toml:1)" in " ".join(shown.out.split())) == (0, True)
    assert "opinions.yaml" in console("check", "--show-config").out


def test_a_tool_for_assistants_counts_only_what_is_granted() -> None:
    pytest.importorskip("mcp", reason="needs the extra `mcp`")
    from vatspolicy.server.mcp_tools import make_server

    spec = claiming(CLAIM)

    def ask(waiver_set: WaiverSet | None) -> Data:
        server = make_server(shipped_bundle(), "0", today=lambda: TODAY, waiver_set=waiver_set)
        result: Any = asyncio.run(server.call_tool("check", {"profile": spec}))
        found: Data = result.structured_content
        return found

    assert [(ask(one)["decision"], ask(one)["opinions"][0]["approver"]) for one in (None, grants(grant(spec)))] == [
        ("deny", None),
        ("allow", "lee"),
    ]


@pytest.mark.parametrize("steps", [("decision",), ("range",), ("opinions",)])
def test_the_data_api_counts_only_what_is_granted(steps: tuple[str, ...]) -> None:
    from vatspolicy.server.api.query import PLACE, DataQuestion, read_query

    spec = claiming(CLAIM)
    query = read_query(json.dumps({"input": spec}).encode())
    found = [
        DataQuestion(shipped_bundle(), (*PLACE, *steps), False, TODAY, False, one).answer(query)[1]
        for one in (None, grants(grant(spec)))
    ]
    assert found == ["deny", "allow"]
