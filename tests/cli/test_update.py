"""An update shows what a newer bundle changes for the specs here, and takes it into use as a whole or not at all."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import bundle_of, rule
from tests.support.layer_builder import LAW
from tests.support.specs import SHOP
from vatspolicy import clock
from vatspolicy.bundles.bundle_file import read_bundle_file
from vatspolicy.bundles.lockfile import read_lock
from vatspolicy.core.documents.validation import is_valid
from vatspolicy.output import write_bytes

TASKS = "instruments:\n  plan: {title: {en: Plan, zh: 预案}, authority: [{when: 'true', is: miit}]}\n"
PLAN = "duty: {instrument: plan, due: {before: launch}}"
PAST = SHOP.replace("id: shop", "id: past").replace("2027-01-31", "2026-01-31")


def write_laws(folder: Path) -> None:
    """Releases 7 and 8: the newer one denies public services, and has a duty on another day and a duty of its own."""
    bundle_of(
        folder / "seven",
        **LAW
        | {
            "limits": "rules:\n" + rule("relay", "service", "false", "deny: {reason: SECTOR-NOT-OPEN}"),
            "tasks": TASKS + "rules:\n" + rule("plan", "product", "true", PLAN),
        },
    )
    later = PLAN.replace("{before: launch}", "{within: 30, unit: calendar-day, after: launch}")
    bundle_of(
        folder / "eight",
        **LAW
        | {
            "tasks": TASKS
            + "rules:\n"
            + rule("plan", "product", "true", later)
            + rule("second", "product", "true", PLAN)
        },
    )


@pytest.fixture
def project(console: Console) -> Console:
    """A repository with specs, configuration, the bundle 7 in use and pinned, and the newer bundle 8 in releases/."""
    write_laws(console.folder)
    console.write("specs/shop.yaml", SHOP)
    console.write("specs/past.yaml", PAST)
    console.write("specs/tool.yaml", SHOP.replace("id: shop", "id: tool").replace("public", "own-group"))
    assert console("bundle", "keygen", "release").code == 0
    for number, name, target in (("7", "seven", "law/bundle.tar.gz"), ("8", "eight", "releases/8.tar.gz")):
        assert console("bundle", "build", "--law", name, "--number", number, "-o", target).code == 0
        assert console("bundle", "sign", target, "--key", "release.pem").code == 0
    shutil.copy(console.folder / "law/bundle.tar.gz", console.folder / "releases/7.tar.gz")
    assert console("bundle", "pin", "law/bundle.tar.gz", "--key", "release.pub").code == 0
    console.write("vatspolicy.toml", 'specs = ["specs"]\nbundle = "law/bundle.tar.gz"\nkey = "release.pub"\n')
    return console


def state(console: Console) -> dict[str, bytes]:
    files = [console.folder / "law/bundle.tar.gz", console.folder / "vatspolicy.lock"]
    return {path.name: path.read_bytes() for path in files if path.exists()}


def told(console: Console, *arguments: str) -> Any:
    data = json.loads(console("update", *arguments, "-f", "json").out)
    assert is_valid(data, "update")
    return data


def test_it_tells_decisions_duties_and_days(project: Console) -> None:
    before = state(project)
    data = told(project, "--check", "--from", "releases")
    assert (data["newer"], data["before"]["number"], data["after"]["number"]) == (True, 7, 8)
    by_product = {entry["product"]: entry for entry in data["specs"]}
    shop, tool, past = (by_product[name] for name in ("shop", "tool", "past"))
    assert (shop["before"]["decision"], shop["after"]["decision"], shop["direction"]) == ("allow", "deny", "tightened")
    assert {"denial", "decision"} <= {change["kind"] for change in shop["changes"]}
    duties = {duty["rule"]: duty for duty in shop["duties"]}
    assert duties["tasks/second"]["before"] is None
    assert duties["tasks/plan"]["before"]["date"] == "2027-01-31"
    assert duties["tasks/plan"]["after"]["date"] == "2027-03-02"
    assert (tool["direction"], bool(tool["duties"]), tool["changed"]) == ("same", True, True)
    assert past["day"] == clock.today(), "who has launched must keep to the law of today"
    assert state(project) == before, "--check writes nothing"


def test_reports(project: Console) -> None:
    ran = project("update", "--check", "--from", "releases", "-o", "update.md")
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("A newer bundle: 1.2.3+7.")
    assert "specs/shop.yaml: ALLOW → DENY, stricter, law of 2027-01-31\n  - reason: " in ran.out
    assert "  - new duty: Plan, before the launch, 2027-01-31\n" in ran.out
    assert "  - duty: Plan, before the launch, 2027-01-31 → " in ran.out
    page = (project.folder / "update.md").read_text(encoding="utf-8")
    assert page.startswith("**A newer bundle: ")
    assert "`specs/shop.yaml`: ALLOW → DENY" in page
    assert "有新的规则包" in project("update", "--check", "--from", "releases", "--lang", "zh").out


def test_a_bundle_that_changes_nothing_here(project: Console) -> None:
    project("bundle", "build", "--law", "seven", "--number", "9", "-o", "nine.tar.gz")
    project("bundle", "sign", "nine.tar.gz", "--key", "release.pem")
    ran = project("update", "--check", "--from", "nine.tar.gz")
    assert (ran.code, "The results of the specs here do not change (3)." in ran.out) == (1, True)


@pytest.mark.parametrize("source", ["releases/7.tar.gz", "law"])
def test_nothing_newer(project: Console, source: str) -> None:
    before = state(project)
    for mode in ("--check", "--apply"):
        ran = project("update", mode, "--from", source)
        assert (ran.code, ran.err, ran.out.startswith("No update: ")) == (0, "", True)
    assert state(project) == before


def test_apply_puts_it_into_use(project: Console) -> None:
    ran = project("update", "--apply", "--from", "releases")
    assert (ran.code, ran.err, ran.out.startswith("In use from now on: ")) == (0, "", True)
    newer = project.folder / "releases/8.tar.gz"
    assert (project.folder / "law/bundle.tar.gz").read_bytes() == newer.read_bytes()
    lock, bundle_file = read_lock(project.folder / "vatspolicy.lock"), read_bundle_file(newer)
    assert (lock.number, lock.digest) == (8, bundle_file.digest)
    assert project("check", "--no-fail", "--allow-past-as-of").code == 0
    assert project("update", "--check", "--from", "releases").code == 0


def test_what_is_refused_changes_nothing(project: Console) -> None:
    before = state(project)
    project("bundle", "keygen", "other")
    project("bundle", "build", "--law", "eight", "--number", "9", "-o", "unsigned.tar.gz")
    shutil.copy(project.folder / "unsigned.tar.gz", project.folder / "foreign.tar.gz")
    project("bundle", "sign", "foreign.tar.gz", "--key", "other.pem")
    project("bundle", "build", "--law", "eight", "--number", "7", "-o", "seven.tar.gz")
    project("bundle", "sign", "seven.tar.gz", "--key", "release.pem")
    project.write("broken.tar.gz", "hello")
    (project.folder / "empty").mkdir()
    for source, message in (
        ("unsigned.tar.gz", "It is not signed"),
        ("foreign.tar.gz", "did not make its signature"),
        ("seven.tar.gz", "a different bundle"),
        ("broken.tar.gz", "not a complete tar archive"),
        ("nowhere.tar.gz", "cannot be read"),
        ("empty", "does not contain a bundle"),
        ("git+nowhere", "git+REPOSITORY@TAG:PATH"),
        ("git+ext::sh@v1:b.tar.gz", ""),
    ):
        ran = project("update", "--apply", "--from", source)
        assert (ran.code, ran.out, message in ran.err) == (3, "", True), (source, ran.err)
    project.write("specs/bad.yaml", "schema: 2\n")
    assert project("update", "--apply", "--from", "releases").code == 3
    (project.folder / "specs/bad.yaml").unlink()
    for options in ((), ("--check", "--apply"), ("--check", "--skip-verify")):
        assert project("update", "--from", "releases", *options).code == 2
    assert project("update", "--check", "--from", "releases", "specs/*.yml").code == 5
    assert state(project) == before


@pytest.mark.parametrize("failing", [1, 2])
def test_a_write_that_fails_leaves_both_files_as_they_were(
    project: Console, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    from vatspolicy import output

    before, calls = state(project), [0]

    def fail(path: Path, content: bytes) -> None:
        calls[0] += 1
        if calls[0] == failing:
            raise OSError(28, "No space left on device", str(path))
        write_bytes(path, content)

    monkeypatch.setattr(output, "write_bytes", fail)
    ran = project("update", "--apply", "--from", "releases")
    assert (ran.code, "cannot write" in ran.err, ran.out) == (70, True, "")
    assert state(project) == before


def test_a_spec_that_only_the_newer_law_cannot_decide_is_told(project: Console) -> None:
    law = project.folder / "eight/bundle.yaml"
    law.write_text(law.read_text().replace("2020-01-01", "2027-06-01"))
    project("bundle", "build", "--law", "eight", "--number", "9", "-o", "nine.tar.gz")
    project("bundle", "sign", "nine.tar.gz", "--key", "release.pem")
    ran = project("update", "--check", "--from", "nine.tar.gz")
    assert (ran.code, "The newer bundle cannot decide this spec: " in ran.out) == (1, True)
    assert told(project, "--check", "--from", "nine.tar.gz")["specs"][0]["after"] is None


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_a_tag_of_a_git_repository(project: Console, scheme: str) -> None:
    def git(*arguments: str) -> None:
        names = ("-c", "user.name=x", "-c", "user.email=x@example.org")
        subprocess.run(["git", *names, *arguments], cwd=project.folder / "upstream", check=True, capture_output=True)

    (project.folder / "upstream/dist").mkdir(parents=True)
    git("init", "-q")
    for number, tag in (("8", "v1.10.0"), ("7", "v1.9.0")):
        shutil.copy(project.folder / f"releases/{number}.tar.gz", project.folder / "upstream/dist/bundle.tar.gz")
        git("add", "-A")
        git("commit", "-qm", tag)
        git("tag", tag)
    upstream = f"git+{scheme}{project.folder / 'upstream'}" if scheme else "git+upstream"
    assert project("update", "--check", "--from", f"{upstream}@v1.9.0:dist/bundle.tar.gz").code == 0
    data = told(project, "--check", "--from", f"{upstream}@v*:dist/bundle.tar.gz")
    assert data["after"]["number"] == 8, "the highest version, not the newest commit"
    ran = project("update", "--check", "--from", f"{upstream}@v2:dist/bundle.tar.gz")
    assert (ran.code, "no tag 'v2'" in ran.err) == (3, True)
    ran = project("update", "--check", "--from", f"{upstream}@v1.9.0:none.tar.gz")
    assert (ran.code, "has no file 'none.tar.gz'" in ran.err) == (3, True)
    assert project("update", "--apply", "--from", f"{upstream}@v*:dist/bundle.tar.gz").code == 0
    assert read_lock(project.folder / "vatspolicy.lock").number == 8
