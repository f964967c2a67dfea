"""`watch` of a law in layers: a save in any folder is answered under the stack."""

from __future__ import annotations

import pytest

from tests.support.console import Console
from tests.support.law_builder import rule
from tests.support.layer_builder import overriding, write_layer
from tests.support.project_builder import PROFILE, RULES, policy, project
from tests.support.repositories import commit, git
from tests.support.saves import edit, watched
from vatspolicy.bundles.archive import read_archive

DENIAL = "deny: {reason: SECTOR-NOT-OPEN}"
ABROAD, GROUP = 'service.hosting == "overseas"', 'service.audience == "own-group"'
LAW_TESTS = """
tests:
  base: {services: [{id: s, offers: [data-center]}]}
  cases:
    - {it: is closed, as_of: '2026-01-01', expect: {closed: fires}}
"""
CASE = "base: {{services: [{{id: s, hosting: overseas, audience: own-group}}]}}\ncases:\n  - {{it: is told, as_of: '2026-01-01', expect: {expect}}}\n"
STACK = ("--law", "policies", "-p", "company", "-p", "unit")
LAYER = "name: {name}\ntitle: {{en: L, zh: 层}}\nowner: us\n"


@pytest.fixture
def stacked(console: Console) -> Console:
    """A committed project: a law, a layer that denies hosting abroad, and one that replaces rules of both."""
    closed = rule("closed", "activity", 'activity.class == "B11"', DENIAL)
    law = policy("law", RULES + closed + LAW_TESTS)
    project(console.folder, {"law": law}, {"p60": {**PROFILE, "services": [{"id": "s", "hosting": "overseas"}]}})
    console.write("policies/layer.yaml", LAYER.format(name="base") + "may_loosen: [law/center]\n")
    console.write(
        "fixtures/p60.expect.yaml",
        "why: {en: A center., zh: 中心。}\ndecisions:\n  - {as_of: '2026-01-01', set: {company.foreign_percent: 0}, decision: deny}\n",
    )
    company = "rules:\n" + rule("abroad", "service", ABROAD, DENIAL)
    write_layer(console.folder / "company", "company", ("company/abroad", "law/center"), company=company)
    console.write("company/company.test.yaml", CASE.format(expect="{abroad: fires}"))
    moved = rule("moved", "service", '"data-center" in service.offers', "classify: {classes: [B12]}")
    narrower = rule("narrower", "service", f"{ABROAD} && {GROUP}", DENIAL, "from: '2027-01-01'")
    unit = "rules:\n" + overriding("company/abroad", narrower) + overriding("law/center", moved)
    write_layer(console.folder / "unit", "unit", unit=unit)
    console.write("unit/unit.test.yaml", CASE.format(expect="{narrower: silent}"))
    git(console.folder, "init", "--quiet")
    commit(console.folder)
    return console


def test_a_save_in_the_base_runs_its_tests_without_the_layers(
    stacked: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With them, the classification that its test expects would be replaced."""
    save = edit(stacked.folder / "policies/law.yaml", "value: 50.0", "value: 60.0")
    ran = watched(stacked, monkeypatch, save, options=STACK)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "Watching 12 files in policies, company, unit, fixtures. Ctrl-C ends."
    assert "1 passed, 0 failed" in ran.out
    assert "  law/too-foreign: changed" in ran.out
    assert stacked("test", "--law", "policies", "-r", "law").code == 0


def test_a_save_in_a_layer_is_answered_with_its_tests_and_the_change_of_the_stack(
    stacked: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = edit(stacked.folder / "company/company.yaml", "overseas", "mainland")
    ran = watched(stacked, monkeypatch, save, options=STACK)
    assert "company/company.yaml" in ran.out.splitlines()
    assert "abroad is silent, not fires." in ran.out
    assert "1 rule differs from HEAD:\n  company/abroad: changed\n" in ran.out
    assert "1 of 1 known decisions changes:\n  p60: as of 2026-01-01: deny → incomplete" in ran.out


def test_a_save_in_the_top_layer_moves_the_rule_that_it_replaces(
    stacked: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = edit(stacked.folder / "unit/unit.yaml", "from: '2027-01-01'", "from: '2025-01-01'")
    ran = watched(stacked, monkeypatch, save, options=STACK)
    assert "narrower is fires, not silent." in ran.out
    assert "  unit/narrower: changed" in ran.out
    assert "  company/abroad: changed" in ran.out
    assert "p60: as of 2026-01-01: deny → incomplete" in ran.out


def test_what_differs_already_is_shown_after_what_the_save_concerns(
    stacked: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = edit(stacked.folder / "policies/law.yaml", "value: 50.0", "value: 60.0")
    second = edit(stacked.folder / "company/company.yaml", "overseas", "mainland")
    ran = watched(stacked, monkeypatch, first, second, options=STACK)
    last = ran.out.split("company/company.yaml\n")[1]
    assert "2 rules differ from HEAD:\n  company/abroad: changed\n  law/too-foreign: changed\n" in last


def test_a_save_of_layer_yaml_shows_red_lines_and_moved_decisions(
    stacked: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = "{level: warn, reason: Moving., from: '2026-01-01', until: '2026-06-30', owner: us}"
    enforce = f"enforce:\n  company/abroad: {entry}\nmay_loosen"
    ran = watched(
        stacked,
        monkeypatch,
        edit(stacked.folder / "policies/layer.yaml", "law/center", "law/center, law/tell"),
        edit(stacked.folder / "company/layer.yaml", "may_loosen", enforce),
        edit(stacked.folder / "company/layer.yaml", "company/abroad, ", ""),
        options=STACK,
    )
    loosenable, unenforced, narrowed = ran.out.split("layer.yaml\n")[1:]
    assert "WEAKENED: layer base lets the layer above it loosen law/tell." in loosenable
    assert "No rule says anything else than in HEAD." in loosenable
    assert "WEAKENED: company/abroad only warns from 2026-01-01 to 2026-06-30 (layer company)" in unenforced
    assert "company/abroad: changed" in narrowed, "it is no longer replaced"


def test_a_layer_that_is_not_committed_yet_is_added(stacked: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = "rules:\n" + rule("shop", "service", '"own-shop" in service.offers', DENIAL)
    write_layer(stacked.folder / "team", "team", team=shop)
    save = edit(stacked.folder / "team/team.yaml", "own-shop", "saas")
    ran = watched(stacked, monkeypatch, save, options=(*STACK, "-p", "team"))
    assert ran.err == ""
    assert "1 rule differs from HEAD:\n  team/shop: added\n" in ran.out


def test_layers_of_the_settings_stand_above_the_shipped_law(stacked: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    stacked.write("vatspolicy.toml", 'policies = ["house"]\n')
    write_layer(stacked.folder / "house", "house", house="rules:\n" + rule("abroad", "service", ABROAD, DENIAL))
    commit(stacked.folder)
    (stacked.folder / "none").mkdir()
    save = edit(stacked.folder / "house/house.yaml", "overseas", "mainland")
    ran = watched(stacked, monkeypatch, save, options=("--fixtures", "none"))
    assert "Watching 2 files in house, none. Ctrl-C ends." in ran.out
    assert "watch does not watch the shipped law below the layers." in ran.out
    assert "1 rule differs from HEAD:\n  house/abroad: changed\n" in ran.out


def test_a_bundle_below_is_read_once_and_said_so(stacked: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    built = ("bundle", "build", "--law", "policies", "-p", "company", "--number", "1", "-o", "b.tar.gz")
    assert stacked(*built).code == 0
    words = ("--bundle", "b.tar.gz", "-p", "unit")
    save = edit(stacked.folder / "unit/unit.yaml", "from: '2027-01-01'", "from: '2025-01-01'")
    ran = watched(stacked, monkeypatch, (stacked.folder / "b.tar.gz").unlink, save, options=words)
    assert (ran.code, ran.err) == (0, "")
    assert "b.tar.gz is a bundle: watch reads it once and does not watch it." in ran.out
    assert "  unit/narrower: changed" in ran.out
    assert "  company/abroad: changed" in ran.out


def test_a_bundle_alone_or_one_that_may_not_be_used_is_not_watched(stacked: Console) -> None:
    assert stacked("bundle", "build", "--law", "policies", "--number", "1", "-o", "b.tar.gz").code == 0
    alone = stacked("watch", "--bundle", "b.tar.gz")
    assert (alone.code, alone.out) == (2, "")
    assert "watch does not watch a bundle such as b.tar.gz." in alone.err
    assert dict(read_archive(stacked.folder / "b.tar.gz"))
    stacked("bundle", "keygen", "law")
    key = next(stacked.folder.glob("*.pub*"))
    unsigned = stacked("watch", "--bundle", "b.tar.gz", "--key", key, "-p", "company")
    assert (unsigned.code, unsigned.out) == (3, "")


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        (("company", "nowhere"), "nowhere is not a layer"),
        (("company", "policies"), "policies is not a layer"),
        (("company", "company"), "A folder appears twice."),
    ],
)
def test_folders_that_are_no_stack_end_it(stacked: Console, folders: tuple[str, ...], message: str) -> None:
    ran = stacked("watch", "--law", "policies", *(word for folder in folders for word in ("-p", folder)))
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_mistake_that_breaks_the_stack_names_its_file(stacked: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stacked.folder / "company/company.yaml"
    ran = watched(
        stacked, monkeypatch, edit(path, "id: abroad", "id: gone"), edit(path, "id: gone", "id: abroad"), options=STACK
    )
    assert "unit/unit.yaml" in ran.err
    assert "company/company.yaml" in ran.out
    assert "1 passed, 0 failed" in ran.out
