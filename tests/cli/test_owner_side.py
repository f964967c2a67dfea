"""`check --trust`: what decides whether the gate opens is read from a revision, and the rest of a change is data."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.changes import OPENING, SPEC, until, write
from tests.support.console import Console, Ran
from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.members import for_each
from tests.support.repositories import commit, git
from tests.support.schemas import validator_of
from tests.support.shipped import fixture_file
from tests.support.specs import DENIED
from vatspolicy import clock
from vatspolicy.cli.check_options import CheckOptions
from vatspolicy.cli.options import FILE, flatten
from vatspolicy.reports.formats import FORMATS

REAL_TODAY = clock.today
PATHS = [
    one.declared.setting
    for one in flatten(CheckOptions)
    if one.declared.setting and "Path" in str(one.type) and one.name != "outputs"
]
"""Settings that name files: whatever they are for, they are read from the side of the owner."""


@pytest.fixture
def repository(console: Console, monkeypatch: pytest.MonkeyPatch) -> Console:
    """A repository with a denied spec; today is the day of the machine, as for the programs that a test starts."""
    monkeypatch.setattr(clock, "today", REAL_TODAY)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    git(console.folder, "init", "--quiet")
    write(console.folder, {FILE: 'specs = ["specs"]\n', SPEC: DENIED})
    until(console.folder)
    commit(console.folder)
    return console


@pytest.mark.parametrize("name", OPENING)
def test_a_change_does_not_open_the_gate_for_itself(repository: Console, name: str) -> None:
    OPENING[name](repository.folder)
    assert repository("check", "-q").code == 0, "it would, without the option"
    ran = repository("check", "--trust", "HEAD")
    assert ran.code == 1
    told = " ".join(ran.out.split())
    assert "This change edits files that control the gate: " in told
    assert FILE in told
    expected = (
        f"would not look at 1 spec: {SPEC}" if name == "specs" else f"would pass 1 finding that fails here: {SPEC}"
    )
    assert expected in told
    commit(repository.folder)
    for path in repository.folder.iterdir():
        if path.name not in (".git", "specs"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert repository("check", "specs", "-q").code == 1
    assert repository("check", "-q", "--trust", "HEAD").code == (3 if name == "specs" else 0)


@for_each(PATHS)
def test_every_file_that_a_setting_names_is_that_of_the_owner(name: str, repository: Console) -> None:
    """Under the file of the owner the run ends with an error; under that of the change it does not see the owner's."""
    bundle = 'bundle = "named/b"\n' if name == "key" else ""
    write(repository.folder, {FILE: f'specs = ["specs"]\n{bundle}{name} = "named/it"\n', "named/it": "not: [valid"})
    commit(repository.folder)
    before = repository("check", "--trust", "HEAD")
    assert before.code in (2, 3)
    (repository.folder / "named/it").unlink()
    (repository.folder / FILE).unlink()
    after = repository("check", "--trust", "HEAD")
    assert (after.code, after.err) == (before.code, before.err)


def test_a_path_on_the_command_line_is_that_of_the_owner_too(repository: Console) -> None:
    OPENING["baseline"](repository.folder)
    given = ("check", SPEC, "--no-config", "-q", "--baseline")
    absolute = str(repository.folder / "base.yaml")
    assert repository(*given, "base.yaml").code == 0
    assert repository(*given, absolute).code == 0
    for path in ("base.yaml", absolute, "specs/../base.yaml"):
        ran = repository(*given, path, "--trust", "HEAD")
        assert (ran.code, "base.yaml:1:1: This file does not exist." in ran.err) == (3, True)
    commit(repository.folder)
    (repository.folder / "base.yaml").write_text("spoilt", encoding="utf-8")
    for path in ("base.yaml", absolute):
        assert repository(*given, path, "--trust", "HEAD^{tree}^{commit}").code == 2
        assert repository(*given, path, "--trust", "HEAD").code == 3, "the file of the change is not valid"
    shutil.copy(repository.folder / "base.yaml", outside := repository.folder.parent / f"{repository.folder.name}.yaml")
    git(repository.folder, "show", "HEAD:base.yaml")
    outside.write_text(git(repository.folder, "show", "HEAD:base.yaml"), encoding="utf-8")
    assert repository(*given, str(outside), "--trust", "HEAD").code == 0, "a file outside is no part of the change"


@pytest.mark.parametrize("revision", ["", "nope", "HEAD^9", "-q", "HEAD:specs"])
def test_a_revision_that_is_not_there_decides_nothing(repository: Console, revision: str) -> None:
    ran = repository("check", SPEC, f"--trust={revision}", "-o", "json=out.json")
    assert (ran.code, ran.out) == (2, "")
    assert not (repository.folder / "out.json").exists()


def test_a_name_of_a_branch_and_of_a_tag_decides_nothing(repository: Console) -> None:
    """Git would take the tag, and whoever may push a change may often push a tag."""
    git(repository.folder, "branch", "base")
    OPENING["waivers"](repository.folder)
    commit(repository.folder)
    git(repository.folder, "tag", "base")
    git(repository.folder, "config", "core.warnAmbiguousRefs", "false")
    for revision in ("base", "base~0", "base^{commit}"):
        ran = repository("check", "-q", f"--trust={revision}")
        assert (ran.code, ran.out, "is ambiguous" in ran.err) == (2, "", True)
    assert repository("check", "-q", "--trust=refs/heads/base").code == 1
    assert repository("diff", "base", "HEAD").code == 2


def test_a_shallow_clone_without_the_base_decides_nothing(repository: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    OPENING["specs"](repository.folder)
    commit(repository.folder)
    clone = repository.folder.parent / f"{repository.folder.name}-clone"
    git(repository.folder, "clone", "--quiet", "--depth=1", f"file://{repository.folder}", str(clone))
    monkeypatch.chdir(clone)
    ran = repository("check", "--trust", "HEAD^1")
    assert (ran.code, ran.out) == (2, "")
    assert "A shallow clone may need more history." in ran.err


def test_without_a_repository_nothing_is_decided(console: Console) -> None:
    write(console.folder, {SPEC: DENIED})
    ran = console("check", SPEC, "--trust", "HEAD")
    assert (ran.code, ran.out) == (2, "")


def test_a_folder_that_is_a_link_of_the_owner_is_refused(repository: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside the copy of the revision, others may have a vatspolicy.toml."""
    (repository.folder / "team").symlink_to(repository.folder.parent)
    commit(repository.folder)
    (repository.folder / "team").unlink()
    write(repository.folder, {"team/a.yaml": DENIED, f"../{FILE}": 'fail-on = "deny"\nspecs = "a.yaml"\n'})
    monkeypatch.chdir(repository.folder / "team")
    ran = repository("check", "a.yaml", "--trust", "HEAD")
    assert (ran.code, "'team' is outside the repository" in ran.err) == (2, True)


def test_a_path_that_leads_out_is_refused(repository: Console) -> None:
    ran = repository("check", SPEC, "--trust", "HEAD", "--waivers", "../waivers.yaml")
    assert (ran.code, "is outside the repository" in ran.err) == (2, True)


@pytest.mark.parametrize("more", [("-",), (SPEC, "--write-baseline", "b.yaml", "--until", "2027-01-01")])
def test_what_cannot_be_decided_twice_is_refused(repository: Console, more: tuple[str, ...]) -> None:
    ran = repository("check", "--trust", "HEAD", *more)
    assert (ran.code, "--trust needs specs in files" in ran.err) == (2, True)


def test_a_lock_of_the_owner_binds_new_specs_below_it(repository: Console) -> None:
    write(repository.folder, {"specs/vatspolicy.lock": "version: 0.1.0\n"})
    commit(repository.folder)
    (repository.folder / "specs/vatspolicy.lock").unlink()
    write(repository.folder, {"specs/new/team/a.yaml": DENIED.replace("id: denied", "id: other")})
    assert repository("check", "specs/new", "-q", "--allow-past-as-of").code == 1
    ran = repository("check", "specs/new", "--trust", "HEAD")
    assert (ran.code, "vatspolicy.lock" in ran.err) == (3, True)
    absolute = repository("check", str(repository.folder / "specs/new"), "--trust", "HEAD")
    assert (absolute.code, "vatspolicy.lock" in absolute.err) == (3, True)


def test_a_folder_below_the_root_finds_settings_above_it(repository: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    OPENING["specs"](repository.folder)
    write(repository.folder, {"team/new/a.yaml": DENIED, f"team/{FILE}": 'fail-on = "deny"\nspecs = "none.yaml"\n'})
    monkeypatch.chdir(repository.folder / "team/new")
    ran = repository("check", "--trust", "HEAD")
    assert ran.code == 1, ran.err
    assert "../../specs/product.yaml" in ran.out
    assert f"../../{FILE}, ../{FILE}" in " ".join(ran.out.split())


def test_the_rest_of_the_change_is_judged_as_it_is(repository: Console) -> None:
    shutil.copy(fixture_file("company-site"), repository.folder / SPEC)
    before = repository("check", "-f", "json")
    assert before.code == 0
    assert repository("check", "-f", "json", "--trust", "HEAD").out == before.out
    (repository.folder / SPEC).unlink()
    assert repository("check", "--trust", "HEAD").code == 5


def test_files_of_the_change_that_are_not_valid_fail(repository: Console) -> None:
    write(repository.folder, {FILE: "specs = [\n"})
    assert repository("check", "--trust", "HEAD").code == 3
    write(repository.folder, {FILE: 'specs = "specs"\nwaivers = "w.yaml"\n', "w.yaml": "waivers: 3\n"})
    ran = repository("check", "--trust", "HEAD")
    assert (ran.code, "w.yaml:1:" in ran.err) == (3, True)


def test_every_report_says_what_the_change_would_open(repository: Console) -> None:
    OPENING["baseline"](repository.folder)

    @for_each(FORMATS)
    def says(format: str) -> None:
        ran = repository("check", "--trust", "HEAD", "-f", format)
        assert ran.code == 1
        text = " ".join(ran.out.replace("\\", "").split())
        assert "The gate reads them from HEAD instead." in text
        assert "telecom-regulations/license-duty (s/B11)" in text

    says()
    assert "license-duty (s/B11)" in repository("check", "--trust", "HEAD", "--quiet").err
    assert "不按本次变更" in repository("check", "--trust", "HEAD", "--lang", "zh").out.replace("\n", "").replace(
        " ", ""
    )


def test_a_strict_gate_does_not_fail_on_edits_that_do_not_count(repository: Console) -> None:
    OPENING["baseline"](repository.folder)
    commit(repository.folder)
    write(repository.folder, {FILE: 'specs = ["specs"]\nbaseline = "base.yaml"\nfail-on = "deny"\n'})
    ran = repository("check", "--trust", "HEAD", "--strict-waivers", "-f", "json", "--details")
    data = json.loads(ran.out)
    validator_of("decision.schema.json").validate(data)
    assert (ran.code, data["gate"]["exit_code"]) == (0, 0)
    [remark] = [one for one in data["waivers"] if one["kind"] == "edits-gate"]
    assert (remark["level"], remark["file"]) == ("note", FILE)
    assert "would pass nothing that fails here" in remark["message"]["en"]


UNUSED = """\
schema: 1
waivers:
  - rule: telecom-regulations/license-duty
    scope: {product: site, fingerprint: 'sha256:%s'}
    reason: So.
    approver: me
    ticket: T-1
    granted: '2026-01-01'
    expiry: '2026-12-31'
""" % ("0" * 64)  # fmt: skip


@pytest.mark.parametrize(
    ("spec", "settings", "own", "code", "told"),
    [
        ("schema: 2\n", "", 'specs = ["ok"]\n', 3, f"would not look at 1 spec: {SPEC}."),
        (
            None,
            "waivers = 'u.yaml'\nstrict-waivers = true\n",
            "specs = ['specs']\nwaivers = 'u.yaml'\n",
            1,
            "u.yaml: unused telecom-regulations/license-duty",
        ),
        (None, "opinions = 'w.yaml'\n", 'specs = ["specs"]\n', 3, "the gate would pass, but here it fails."),
    ],
    ids=["a spec that is not valid", "a strict notice on a waiver", "a broken file"],
)
def test_whatever_fails_here_and_would_pass_is_told(
    repository: Console, spec: str | None, settings: str, own: str, code: int, told: str
) -> None:
    """It is more than findings of decisions."""
    site = fixture_file("company-site").read_text(encoding="utf-8")
    write(repository.folder, {FILE: f'specs = ["specs"]\n{settings}', SPEC: spec or site, "ok/site.yaml": site})
    write(repository.folder, {"w.yaml": "", "u.yaml": UNUSED})
    commit(repository.folder)
    write(repository.folder, {FILE: own})
    assert repository("check", "-q").code == 0
    ran = repository("check", "--trust", "HEAD")
    text = " ".join(ran.out.split())
    assert (ran.code, told in text, "would pass nothing" in text) == (code, True, False)


def test_a_spec_that_is_valid_by_a_layer_of_the_change_is_told(repository: Console) -> None:
    site = fixture_file("company-site").read_text(encoding="utf-8")
    write(repository.folder, {SPEC: site.replace("licenses: []", "licenses: [{instrument: house, valid: true}]")})
    commit(repository.folder)
    text = "instruments: {house: {title: {en: A, zh: 甲}, authority: [{when: 'true', is: self}]}}\n"
    text += "rules:\n" + rule("permit", "product", "true", "need: {instrument: house}")
    write_layer(repository.folder / "company", "company", company=text)
    write(repository.folder, {FILE: 'specs = ["specs"]\npolicies = ["company"]\n'})
    assert repository("check", "-q").code == 0
    ran = repository("check", "--trust", "HEAD")
    assert (ran.code, f"would pass 1 finding that fails here: {SPEC}: invalid." in " ".join(ran.out.split())) == (
        3,
        True,
    )


def hooks(folder: Path) -> None:
    git(folder, "config", "core.hooksPath", "hooks")
    for name in ("post-index-change", "post-checkout", "reference-transaction"):
        write(folder, {f"hooks/{name}": "#!/bin/sh\ntouch ran\n"})
        (folder / "hooks" / name).chmod(0o755)


def attributes(folder: Path) -> None:
    write(folder, {".gitattributes": "* working-tree-encoding=UTF-16 export-ignore -text\n"})


def sparse(folder: Path) -> None:
    git(folder, "sparse-checkout", "set", "--no-cone", "/specs/")


def other_root(folder: Path) -> None:
    write(folder, {"specs/.hg/x": "", ".hg/x": ""})


@pytest.mark.parametrize("trick", [hooks, attributes, sparse, other_root])
def test_nothing_of_the_working_tree_changes_what_the_revision_holds(
    repository: Console, trick: Callable[[Path], None]
) -> None:
    OPENING["waivers"](repository.folder)
    commit(repository.folder)
    write(repository.folder, {"w/approvers.yaml": "schema: 1\napprovers: []\n"})
    trick(repository.folder)
    ran: Ran = repository("check", "-q", "--trust", "HEAD")
    assert ran.code in (0, 3), ran.err
    assert "license-duty" not in ran.out
    assert not (repository.folder / "ran").exists()
