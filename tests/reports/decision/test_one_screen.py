"""The text report on one screen: what it holds, that it fits, the table of several specs, the last line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.support.records import decision_to_data, render
from tests.support.shipped import fixture_file, fixture_files, shipped_bundle
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.opinions import COUNTED
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import Citation, DutyRecord, NeedRecord, Record, SubjectRecord, Waived
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import ExitCode, Gate, GateResult
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean, shorten, width
from vatspolicy.i18n.words import VERDICTS, joint
from vatspolicy.reports.decision.digest import (
    READING_WORDS,
    license_facts,
    merge_citations,
    say_bearer,
    say_limits,
    say_opinion,
    say_other,
)
from vatspolicy.reports.decision.text import HEIGHT
from vatspolicy.reports.formats import FORMATS

Run = Callable[..., GateResult]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
DENIED = ("services.0.facilities", ["chengdu"])
UNKNOWN: tuple[tuple[str, object], ...] = (
    ("company.foreign_percent", None),
    ("services.0.offers", ["domestic-ip-vpn"]),
)
SOFTWARE: tuple[tuple[str, object], ...] = (
    ("services.0.offers", ["saas"]),
    ("services.0.features", []),
    ("services.0.facilities", [{"at": "shanghai-lingang", "kind": "rented-cloud"}]),
    ("data.persons", 0),
)


@pytest.fixture
def run(rich_bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The gate over `spec.yaml` (HOSTING with some facts changed) or other files."""
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text(HOSTING)

    def gate(*changes: tuple[str, object], specs: tuple[str, ...] = ("spec.yaml",), **settings: Any) -> GateResult:
        return Gate(rich_bundle, TODAY, changes=changes, **settings).run(specs)

    return gate


def screen(result: GateResult, extent: str = "screen", lang: Language = "en", room: int = 80, **more: Any) -> str:
    return render("text", result.records, lang, False, room, result.problems, result.remarks, extent, result, **more)


def flat(text: str) -> str:
    return " ".join(text.split())


shipped = cache(load_bundle)


@cache
def decide(path: Path, explain: bool = True) -> GateResult:
    """Return the run of the gate on one fixture, by the shipped law."""
    bundle, profile = shipped(), load_profile(path)
    decision = evaluate(bundle, profile, profile.launch or TODAY)
    record = replace(make_record(bundle, profile, decision, explain=explain), file=f"specs/{path.name}")
    return GateResult((record,), (), (), Gate(bundle, TODAY).code(record))


# --- one decision -----------------------------------------------------------------------------------------------------


def test_a_screen_is_longer_only_for_what_decides() -> None:
    """A terminal has 24 lines of 80; the command and the next prompt need two of them."""
    longer, fits = [], 0
    for path in fixture_files():
        result = decide(path)
        for lang in LANGUAGES:
            lines = screen(result, lang=lang).splitlines()
            assert max(map(width, lines)) <= 80, (path.name, lang)
            fits += len(lines) <= HEIGHT
            headings = [place for place, line in enumerate(lines) if re.match(r"Before launch|.*上线前：", line)]
            duties = lines[headings[0] + 1 :] if headings else []
            folded = [line for line in duties if line.startswith("  ☐ ")]
            kept = [line for line in duties[: duties.index(folded[-1]) + 1 if folded else 0] if line not in folded]
            if len(lines) > HEIGHT and ("" in lines[:-2] or kept):
                longer.append((path.name, lang, len(lines)))
    assert longer == []
    assert fits > 120


_LIMITS: dict[Language, tuple[str, str]] = {
    "en": ("Covers law published up to ", "not legal advice"),
    "zh": ("涵盖截至", "不构成法律意见"),
}


def missing_on_screen(record: Record, text: str, lang: Language) -> Iterator[str]:
    """Yield what decides and is not in the text as it is wrapped: licenses, reasons, readings, facts, duties to come."""
    shown = "".join(text.split())

    def absent(said: str) -> bool:
        return "".join(clean(said).split()) not in shown

    head, law, _ = shown.partition(record.bundle.version)
    mark = [READING_WORDS["contested"][lang]] if record.contested else []
    said_first = [VERDICTS[record.decision][lang], *mark, record.as_of]
    yield from (one for one in said_first if not law or "".join(one.split()) not in head)
    yield from filter(absent, [say_opinion(opinion, lang) for opinion in record.opinions if opinion.state == COUNTED])
    until = shipped_bundle().known_until or ""
    yield from filter(absent, [_LIMITS[lang][1], *([_LIMITS[lang][0] + until] if record.as_of > until else [])])
    for finding in record.denials:
        told = [reason.title[lang] for reason in finding.reasons] if finding.effect == "need" else []
        yield from filter(absent, [str(finding.subject), *(told or [finding.message[lang]])])
        route = finding.nearest_route
        yield from filter(absent, [one.message[lang].rstrip(".。") for one in route.failing] if route else [])
    for need in record.licenses:
        for offer in need.offers:
            way = [need.route(offer.route).title[lang]] if offer.route else []
            told = [offer.instrument.title[lang], offer.class_ or "", say_bearer(need, lang), *way]
            yield from filter(absent, told)
    for ask in (*record.missing, *license_facts(record)):
        yield from filter(absent, [f"{ask.path}{joint('colon', lang)}{ask.question[lang]}"])
    for reading in record.contested:
        yield from filter(absent, [reading.subject, say_other(reading, lang, folded=True)])
    for duty in record.duties if record.decision != "deny" else ():
        if duty.is_due_before_event:
            yield from filter(absent, [duty.instrument.title[lang]])
    yield from filter(absent, say_limits(record, lang))


def test_nothing_that_decides_is_missing() -> None:
    """In a terminal and in a file, of every fixture: it is grouped by its cause, and never cut."""
    missing, decided = [], 0
    for path in fixture_files():
        result = decide(path)
        for lang, room in ((lang, room) for lang in LANGUAGES for room in (80, 100)):
            text = screen(result, lang=lang, room=room)
            found = [*missing_on_screen(result.records[0], text, lang)]
            missing += [(path.name, lang, room, found)] if found else []
        decided += len(result.records[0].denials) + len(result.records[0].licenses) + len(result.records[0].contested)
    assert missing == []
    assert decided > 200


WAIVER = Waived(by="waiver", reason="Why.", approver="kim.li", ticket="T-1", until="2027-06-30", file="w.yaml", line=3)


def in_every_form(result: GateResult, lang: Language) -> Iterator[tuple[str, str]]:
    """Yield each form of a run with its text, without the marks of its format."""
    for extent in ("screen", "details", "summary", "quiet"):
        yield extent, screen(result, extent, lang)
    for format in sorted(FORMATS.keys() - {"text"}):
        yield format, render(format, result.records, lang, gate=result)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_waiver_sets_aside_stands_in_every_form(lang: Language) -> None:
    """With its approver and its last day: a passed gate does not hide a denial, nor a license."""
    records = [decide(path).records[0] for path in fixture_files()]
    for part in ("denials", "needs"):
        record = next(one for one in records if getattr(one, part))
        findings = tuple(replace(one, waived=WAIVER) for one in getattr(record, part))
        changed: dict[str, Any] = {part: findings, "remaining": "allow"}
        record = replace(record, **changed)
        result = GateResult((record,), (), (), ExitCode.OK)
        for form, text in in_every_form(result, lang):
            plain = "".join(text.split())
            assert "kim.li" in plain, (part, form)
            assert "2027-06-30" in plain, (part, form)


def test_what_cannot_be_mended_comes_first() -> None:
    """A reader of the first reason alone does not raise a capital where the share stands in the way."""
    for path in fixture_files():
        curable = [finding.is_curable for finding in decide(path).records[0].denials]
        assert curable == sorted(curable), path.name


def test_the_holder_stands_beside_licenses_and_duties(run: Run) -> None:
    names = [("company.name", "Acme Ltd."), ("partner", {"name": "Bohai Co."}), ("services.0.audience", "public")]
    for operator, holder in (
        ("company", "the company (Acme Ltd.)"),
        ("partner", "the partner (Bohai Co.)"),
        (None, "the operator, not stated"),
    ):
        record = run(("services.0.operated_by", operator), *names).records[0]
        told: list[NeedRecord | DutyRecord] = [*record.licenses, *record.met, *record.duties]
        held = {say_bearer(one, "en") for one in told if one.subject.service}
        assert held == {holder}


def test_a_screen_needs_no_explanations() -> None:
    """Checks, clauses and facts stand in `--details` alone."""
    for path in fixture_files():
        results = [decide(path, explain) for explain in (True, False)]
        shown = [[screen(result, extent) for extent in ("screen", "summary", "quiet")] for result in results]
        assert shown[0] == shown[1], path.name


def test_the_screen_names_the_law_of_what_decides() -> None:
    """The first obstacle and the first license keep their law where their text is cut; four of five do."""
    named = []
    for path in fixture_files():
        result = decide(path)
        text, [record] = flat(screen(result)), result.records
        for finding in (*record.denials[:1], *record.licenses[:1]):
            laws = merge_citations(finding.citations, "en", graded=False)
            named.append(laws[0] in text)
    assert sum(named) / len(named) > 4 / 5


def test_the_screen_counts_duties_and_names_the_next_deadline() -> None:
    profile = load_profile(fixture_file("cloud-hosting-beijing"), [("product.launch", "2027-03-01")])
    data = decision_to_data(shipped_bundle(), profile, evaluate(shipped_bundle(), profile, "2027-03-01"))
    text = flat(render("text", [data], "en", room=80, extent="screen"))
    assert "Before launch on 2027-03-01: 3 filings and 2 internal duties" in text
    before, _, after = text.partition("Also: ")
    assert re.match(r"\d+ duties after launch \(next deadline 2027-03-31: [^;]+, the company\), ", after)
    assert "2027-03-31" not in before


def test_a_fact_that_could_add_a_license_is_asked_for(run: Run) -> None:
    """A license to get settles the word, but not which licenses there are."""
    record = run().records[0]
    [asked] = run(*UNKNOWN).records[0].missing[:1]
    unsure = replace(record.needs[0], state="unknown", asks=(asked,), any_of=())
    for effect in ("need", "duty"):
        text = screen(
            GateResult((replace(record, undetermined=(replace(unsure, effect=effect),)),), (), (), ExitCode.FAILED)
        )
        assert ("Facts that could add a license" in text) is (effect == "need")
        assert (f"? {asked.path}: " in text) is (effect == "need")
        assert ("Duties are not complete: 1 more may apply." in text) is (effect == "duty")


def test_nothing_that_decides_is_left_out(run: Run) -> None:
    """Each obstacle, license and missing fact is named on the screen, even where it gets longer."""
    denied, needy, unknown = (run(*changes).records[0] for changes in ((DENIED,), (("data.persons", 0),), UNKNOWN))

    def text(record: Record) -> str:
        return flat(render("text", [record], "en", room=80, extent="screen"))

    [denial], [need] = denied.denials, needy.needs
    services = [f"service-{index}" for index in range(32)]
    denials = [replace(denial, subject=SubjectRecord(service, "B11")) for service in services]
    assert [one for one in services if f"{one}/B11" not in text(replace(denied, denials=tuple(denials)))] == []
    assert text(replace(denied, denials=tuple(denials))).count("✘") == 1, "one cause is told once"
    needs = [replace(need, subject=SubjectRecord(service, "B11")) for service in services]
    assert [one for one in services if f"{one}: Pilot" not in text(replace(needy, needs=tuple(needs)))] == []
    asked = [replace(unknown.missing[0], path=f"services[{index}].audience") for index in range(32)]
    assert [ask.path for ask in asked if ask.path not in text(replace(unknown, missing=tuple(asked)))] == []


# --- several specs ----------------------------------------------------------------------------------------------------


@pytest.fixture
def several(run: Run) -> GateResult:
    Path("bad.yaml").write_text(HOSTING.replace("offers:", "ofers:"))
    Path("shop.yaml").write_text(SHOP)
    Path("no.yaml").write_text(HOSTING.replace("shanghai-lingang]", "chengdu]"))
    return run(specs=("shop.yaml", "spec.yaml", "no.yaml", "bad.yaml"))


def test_several_specs_are_a_table_with_the_worst_first(several: GateResult) -> None:
    text = screen(several)
    verdicts = re.findall(r"^ (INVALID|DENY|NEEDS LICENSE|ALLOW)  ", text, re.MULTILINE)
    assert verdicts == ["INVALID", "DENY", "NEEDS LICENSE", "ALLOW"]
    assert "\n4 specs: 1 INVALID, 1 DENY, 1 NEEDS LICENSE, 1 ALLOW\n" in text
    assert max(map(width, text.splitlines())) <= 80
    assert "bad.yaml\n                1 error\n" in text


def test_a_summary_is_a_line_a_spec(several: GateResult) -> None:
    lines = screen(several, "summary").split("\n\n")[0].splitlines()
    assert [line.split()[0] for line in lines] == ["INVALID", "DENY", "NEEDS", "ALLOW"]
    assert [name in line for name, line in zip(("bad", "no", "spec", "shop"), lines, strict=True)] == [True] * 4
    assert max(map(width, lines)) <= 80


def test_quiet_is_the_last_line(several: GateResult) -> None:
    [line] = screen(several, "quiet").splitlines()
    assert line.startswith("Gate: INVALID INPUT (1 invalid spec; 1 deny, 1 needs-license ≥ --fail-on needs-license). ")
    assert line.endswith(" Next: vatspolicy routes no.yaml")
    assert flat(screen(several)).endswith(line)
    assert flat(screen(several, "details")).endswith(line)


# --- the last line ----------------------------------------------------------------------------------------------------


def last(result: GateResult, lang: Language = "en", **more: Any) -> str:
    return screen(result, "quiet", lang, **more).rstrip("\n")


def test_the_last_line_says_why_the_gate_failed(run: Run) -> None:
    assert last(run()).startswith("Gate: FAILED (needs-license ≥ --fail-on needs-license). 1 spec: 1 license")
    assert last(run(fail_on="deny")).startswith("Gate: passed (needs-license < --fail-on deny). 1 spec: 1 license")
    assert last(run(DENIED)).startswith("Gate: FAILED (deny ≥ --fail-on needs-license). 1 spec: 1 obstacle. ")
    assert last(run(*UNKNOWN)).startswith("Gate: INCOMPLETE (facts are missing). ")
    assert last(run(), "zh").startswith("门禁：未通过（needs-license ≥ --fail-on needs-license）。1份文件：许可1项")


def test_the_last_line_leads_on(run: Run) -> None:
    assert last(run(DENIED)).endswith(" Next: vatspolicy routes spec.yaml")
    assert last(run(*UNKNOWN)).endswith(" Next: vatspolicy ask spec.yaml")
    assert last(run(*SOFTWARE)).endswith(" Next: vatspolicy check spec.yaml --details")
    assert last(run(), repeated={"routes": " --as-of 2027-05-01"}).endswith("routes spec.yaml --as-of 2027-05-01")
    Path("a b.yaml").write_text(HOSTING)
    assert last(run(specs=("a b.yaml",))).endswith(" Next: vatspolicy routes 'a b.yaml'")


def test_the_last_line_names_the_finding_that_failed(run: Run) -> None:
    contested = run(*SOFTWARE, fail_on="contested")
    assert re.match(r"Gate: FAILED \(contested ≥ --fail-on contested: cloud read as \S", last(contested))
    assert last(run(*SOFTWARE)).startswith("Gate: passed (allow < --fail-on needs-license)")
    Path("shop.yaml").write_text(SHOP)
    duty = run(specs=("shop.yaml",), fail_on="duty")
    title = duty.records[0].duties[0].instrument.title["en"]
    assert f"(duty ≥ --fail-on duty: {title}" in last(duty)
    assert "contested ≥ --fail-on advice: " in last(run(*SOFTWARE, fail_on="advice"))


def test_no_fail_is_said(run: Run) -> None:
    assert "The exit code is 0 because of --no-fail." in last(run(no_fail=True))
    assert "--no-fail" not in last(run())
    assert last(run(no_fail=True)).startswith("Gate: FAILED (")


def test_an_argument_without_a_spec_fails(run: Run) -> None:
    Path("empty").mkdir()
    Path("shop.yaml").write_text(SHOP)
    assert last(run(specs=("shop.yaml", "empty"))).startswith("Gate: FAILED (1 argument matches no spec)")


# --- details ----------------------------------------------------------------------------------------------------------


def test_articles_of_one_law_are_merged() -> None:
    def cited(label: str, known: str = "primary", title: str = "Law") -> Citation:
        return Citation(
            "law", {"en": title, "zh": "法"}, None, label, {"en": label, "zh": "第一条"}, "", None, known, None
        )

    assert merge_citations([cited("art. 44"), cited("art. 46"), cited("art. 47")], "en") == [
        "Law, art. 44, 46, 47 (primary)"
    ]
    assert merge_citations([cited("art. 4"), cited("art. 8", title="Other"), cited("art. 4")], "en", graded=False) == [
        "Law, art. 4",
        "Other, art. 8",
    ]
    assert merge_citations([cited("art. 4"), cited("notice, filing"), cited("art. 5", "unverified")], "en") == [
        "Law, art. 4; notice, filing (primary); art. 5 (unverified)"
    ]


def test_before_launch_is_said_once() -> None:
    profile = load_profile(fixture_file("cloud-hosting-beijing"))
    data = decision_to_data(shipped_bundle(), profile, evaluate(shipped_bundle(), profile, profile.launch or TODAY))
    text = render("text", [data], "en")
    assert text.lower().count("before the launch") == 1
    assert text.lower().count("as long as the service runs") == 1


def test_a_shortened_line_ends_its_styles_and_counts_no_code() -> None:
    assert shorten("\x1b[1mValue-added license\x1b[0m from MIIT", 12) == "\x1b[1mValue-added…\x1b[0m"
    assert shorten("\x1b[1mValue\x1b[0m", 5) == "\x1b[1mValue\x1b[0m"
