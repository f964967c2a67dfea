"""The text report on one screen: what it holds, that it fits, the table of several specs, the last line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.records import decision_to_data, render
from tests.support.shipped import fixture_file, fixture_files, shipped_bundle
from tests.support.specs import HOSTING, SHOP, TODAY
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.result import Citation, Record, Subject
from vatspolicy.core.engine.serialize import make_record
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import load_profile
from vatspolicy.gate.gate import Gate, GateResult
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import shorten, width
from vatspolicy.reports.decision.digest import merge_citations
from vatspolicy.reports.decision.text import HEIGHT

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


def decide(bundle: Bundle, path: Path, explain: bool = True) -> GateResult:
    """Return the run of the gate on one fixture."""
    profile = load_profile(path)
    decision = evaluate(bundle, profile, profile.launch or TODAY)
    record = replace(make_record(bundle, profile, decision, explain=explain), file=f"specs/{path.name}")
    return GateResult((record,), (), (), Gate(bundle, TODAY).code(record))


# --- one decision -----------------------------------------------------------------------------------------------------


def test_every_fixture_fits_on_a_screen() -> None:
    """A terminal has 24 lines of 80; the command and the next prompt need two of them. A few name more that decides."""
    bundle, tight = load_bundle(), []
    for path in fixture_files():
        result = decide(bundle, path)
        for lang in LANGUAGES:
            lines = screen(result, lang=lang).splitlines()
            assert max(map(width, lines)) <= 80, (path.name, lang)
            if len(lines) > HEIGHT:
                tight.append((path.name, lang, len(lines)))
    assert len({name for name, *_ in tight}) <= 2, tight
    assert all(lines <= HEIGHT + 2 for *_, lines in tight), tight


def test_a_screen_needs_no_explanations() -> None:
    """Checks, clauses and facts stand in `--details` alone."""
    bundle = shipped_bundle()
    for path in fixture_files():
        results = [decide(bundle, path, explain) for explain in (True, False)]
        shown = [[screen(result, extent) for extent in ("screen", "summary", "quiet")] for result in results]
        assert shown[0] == shown[1], path.name


def test_the_screen_names_the_law_of_what_decides() -> None:
    """The first obstacle and the first license keep their law where their text is cut; four of five do."""
    bundle, named = load_bundle(), []
    for path in fixture_files():
        result = decide(bundle, path)
        text, [record] = flat(screen(result)), result.records
        for finding in (*record.denials[:1], *record.licenses[:1]):
            laws = merge_citations(finding.citations, "en", graded=False)
            named.append(laws[0] in text)
    assert sum(named) / len(named) > 4 / 5


def test_the_screen_names_license_authority_class_route_and_article(run: Run) -> None:
    text = flat(screen(run()))
    assert text.startswith("NEEDS LICENSE ")
    assert "Pilot approval for telecommunications business, from MIIT (B11, route: 2024 pilot" in text
    assert "[Telecommunications Regulations, art. 2, 7, 9]" in text
    assert "Source quality: " in text
    assert "--details shows all." in text
    assert "checks:" not in text, "conditions are details"


def test_the_screen_says_what_blocks_and_the_nearest_way(run: Run) -> None:
    text = screen(run(DENIED))
    assert text.startswith(" DENY ")
    blocks = flat(text[text.index("What blocks\n") :])
    assert "✘ hosting/B11" in blocks or "✘ cloud/B11" in blocks
    assert re.search(r"→ nearest way: [^;]+; not met: \w", blocks)


def test_the_screen_asks_for_facts_and_counts_the_rest(run: Run) -> None:
    result = run(*UNKNOWN)
    text = screen(result)
    assert "Could still be anything from NEEDS LICENSE to DENY." in flat(text)
    assert f"? {result.records[0].missing[0].path}: " in flat(text)


def test_the_screen_shows_contested_readings(run: Run) -> None:
    text = screen(run(*SOFTWARE))
    assert text.startswith(" ALLOW · CONTESTED ")
    assert "\nContested\n" in text
    assert "another reading needs a license" in flat(text)


def test_the_screen_counts_duties_and_names_the_next_deadline() -> None:
    profile = load_profile(fixture_file("cloud-hosting-beijing"))
    data = decision_to_data(shipped_bundle(), profile, evaluate(shipped_bundle(), profile, profile.launch or TODAY))
    text = flat(render("text", [data], "en", room=80, extent="screen"))
    assert "Before launch on 2027-03-01: 3 filings and 2 internal duties" in text
    assert "Next deadline after the launch: 2027-03-31, " in text


def test_what_is_cut_is_counted(run: Run) -> None:
    record = run(*SOFTWARE).records[0]
    text = render("text", [replace(record, contested=record.contested * 30)], "en", room=80, extent="screen")
    shown = text.count("≠ ") - 1  # the first one sums up all readings
    count = len(record.contested) * 30
    assert 0 < shown < count
    assert f"… and {count - shown} more" in text


def test_nothing_that_decides_is_left_out(run: Run) -> None:
    """Each obstacle, license and missing fact is named on the screen, even where it gets longer."""
    denied, needy, unknown = (run(*changes).records[0] for changes in ((DENIED,), (("data.persons", 0),), UNKNOWN))

    def text(record: Record) -> str:
        return flat(render("text", [record], "en", room=80, extent="screen"))

    [denial], [need] = denied.denials, needy.needs
    services = [f"service-{index}" for index in range(32)]
    denials = [replace(denial, subject=Subject(service, "B11")) for service in services]
    assert [one for one in services if f"{one}/B11: " not in text(replace(denied, denials=tuple(denials)))] == []
    needs = [replace(need, subject=Subject(service, "B11")) for service in services]
    assert [one for one in services if f"{one}/B11: Pilot" not in text(replace(needy, needs=tuple(needs)))][1:] == []
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
    assert last(run(specs=("shop.yaml", "empty"))).startswith("Gate: FAILED (1 argument without a spec)")


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
