"""A release: its version and its addresses stand in one place, what is not ready is refused, and two runs are equal."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

import vatspolicy
from release import __main__ as command
from release import addresses
from release.pythons import find_python, supported
from tests.support.effort import long_run
from tests.support.repositories import commit, git
from tests.support.shipped import ROOT
from vatspolicy.bundles.keys import read_envelope, read_key

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8"))
CHANGELOG = "# Changelog\n\n## 1.2.0 (2026-12-01)\n\n### Deciding\n\n- It decides.\n\n## 1.1.0 (2026-11-01)\n\n- Old.\n"


HOLDERS = {
    *("CONTRIBUTING.md", "docs/gate.md", "docs/reviewing-a-change.md"),  # lines of YAML that readers copy
    *("templates/policy-review.yml", "templates/update-law.yml"),  # workflows that readers copy
    ".github/CODEOWNERS",
}
"""Files with a copy of the address: their formats have no variable that another repository could read."""


# --- the version ----------------------------------------------------------------------------------------------------


def test_the_version_stands_in_one_place() -> None:
    assert "version" not in PROJECT["project"]
    assert PROJECT["project"]["dynamic"] == ["version"]
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "version"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert built.stdout.strip() == command.read_version() == vatspolicy.__version__
    assert f"## {vatspolicy.__version__} (" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what the preparation of a release reads, as if it stood at the root."""
    folder = tmp_path / "repository"
    (folder / "src/vatspolicy").mkdir(parents=True)
    (folder / "docs").mkdir()
    (folder / "src/vatspolicy/__init__.py").write_text('__version__ = "1.2.0"\n')
    (folder / "CHANGELOG.md").write_text(CHANGELOG)
    (folder / "pyproject.toml").write_text('[project.urls]\nRepository = "https://github.com/acme/vatspolicy"\n')
    (folder / "docs/gate.md").write_text("- uses: acme/vatspolicy/.github/actions/gate@main\n")
    git(folder, "init", "--quiet")
    commit(folder)
    monkeypatch.setattr(command, "ROOT", folder)
    for name in ("find_differences", "read_owner", "read_address"):
        monkeypatch.setattr(command, name, lambda name=name: getattr(addresses, name)(folder))
    for name in [name for name in os.environ if name.startswith("GITHUB_")]:
        monkeypatch.delenv(name)
    return folder


def ready(signing: str = "key.pem") -> command.Source:
    source = command.read_source()
    command.require_releasable(source, signing)
    return source


def test_a_tag_of_its_version_is_released(repository: Path) -> None:
    git(repository, "tag", "v1.2.0")
    source = ready()
    assert (source.version, source.tag, source.number) == ("1.2.0", "v1.2.0", 1)
    assert source.environment["SOURCE_DATE_EPOCH"] == git(repository, "log", "-1", "--format=%ct").strip()


@pytest.mark.usefixtures("repository")
def test_a_state_without_a_tag_is_rehearsed_without_a_secret() -> None:
    assert ready(signing="").tag == ""


def test_another_tag_fails(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "tag", "v1.3.0")
    with pytest.raises(command.NotReleasable, match=r"v1\.3\.0 is not that of version 1\.2\.0"):
        ready()
    git(repository, "tag", "--delete", "v1.3.0")
    monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    monkeypatch.setenv("GITHUB_REF_NAME", "v1.2.1")
    with pytest.raises(command.NotReleasable, match=r"v1\.2\.1 is not that"):
        ready()


def undated(folder: Path) -> None:
    (folder / "CHANGELOG.md").write_text(CHANGELOG.replace("1.2.0 (2026-12-01)", "1.2.0 (unreleased)"))


def unowned(folder: Path) -> None:
    addresses.write_owner(addresses.UNSET, folder)


NOT_READY: dict[str, tuple[Callable[[Path], object], str]] = {
    "no date": (undated, "has no date"),
    "no owner": (unowned, "is not set"),
    "no notes": (lambda folder: (folder / "CHANGELOG.md").write_text("# Changelog\n"), "says nothing about 1.2.0"),
    "another owner": (lambda folder: (folder / "docs/gate.md").write_text("uses: other/vatspolicy/x\n"), "docs/gate.md:1: other"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_READY)
def test_what_is_not_ready_is_not_released(repository: Path, name: str) -> None:
    change, said = NOT_READY[name]
    change(repository)
    commit(repository)
    git(repository, "tag", "v1.2.0")
    with pytest.raises(command.NotReleasable, match=said):
        ready()


def test_a_release_takes_a_key_tests_and_its_own_repository(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(repository, "tag", "v1.2.0")
    with pytest.raises(command.NotReleasable, match="no key signs the law"):
        ready(signing="")
    for tests, bounds in (([], ""), (["test"], "-k pilot")):
        monkeypatch.setenv("PYTEST_ARGS", bounds)
        with pytest.raises(command.NotReleasable, match="once all tests have passed"):
            command.prepare(tests, "key.pem")
    monkeypatch.delenv("PYTEST_ARGS")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "somebody/vatspolicy")
    with pytest.raises(command.NotReleasable, match="another repository than somebody/vatspolicy"):
        ready()


@pytest.mark.parametrize("tagged", [False, True])
def test_nothing_is_built_before_the_tests_have_passed(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tagged: bool
) -> None:
    (repository / "Makefile").write_text('passes:\n\techo tests >>"$$STEPS"\nfails: passes\n\tfalse\n')
    commit(repository)
    if tagged:
        git(repository, "tag", "v1.2.0")
    steps = repository.parent / "steps"
    monkeypatch.setenv("STEPS", str(steps))
    monkeypatch.delenv("PYTEST_ARGS", raising=False)

    def build(source: command.Source, _: str) -> None:
        with steps.open("a") as file:
            file.write(f"build {source.version}\n")

    monkeypatch.setattr(command, "build", build)
    for target, code, done in (("fails", 1, "tests\n"), ("passes", 0, "tests\nbuild 1.2.0\n")):
        steps.unlink(missing_ok=True)
        monkeypatch.setattr(sys, "argv", ["release", "--tests", target, "--sign", "key.pem"])
        assert command.main() == code
        assert steps.read_text() == done


def test_files_that_are_not_committed_are_not_released(repository: Path) -> None:
    (repository / "docs/gate.md").write_text("x\n")
    with pytest.raises(command.NotReleasable, match=r"not committed:\n.*docs/gate\.md"):
        ready()


def test_the_notes_are_those_of_the_changelog(repository: Path) -> None:
    assert command.read_notes("1.2.0") == ("### Deciding\n\n- It decides.\n", True)
    assert command.read_notes("1.1.0") == ("- Old.\n", True)
    undated(repository)
    assert command.read_notes("1.2.0")[1] is False


def test_a_core_that_has_grown_is_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lib/python3/site-packages").mkdir(parents=True)
    (tmp_path / "lib/python3/site-packages/a.py").write_bytes(b"x" * 1000)
    assert command.require_small(tmp_path / "bin") == 1000
    monkeypatch.setattr(command, "LARGEST_CORE", 999)
    with pytest.raises(command.NotReleasable, match="the core takes"):
        command.require_small(tmp_path / "bin")


# --- addresses ------------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files of this repository that git knows."""
    listed = git(ROOT, "ls-files", "-z", "*.md", "*.yml", "*.toml", ".github", "templates", "docs/*.md")
    for name in filter(None, listed.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    return tmp_path


def test_every_copy_of_the_address_is_that_of_pyproject() -> None:
    assert addresses.find_differences() == []
    copies = [str(path.relative_to(ROOT)) for path, *_ in addresses.find_copies()]
    assert set(copies) == HOLDERS
    assert {name for name in copies if copies.count(name) > 1} == {".github/CODEOWNERS"}


def test_an_owner_is_set_everywhere_and_again(copy: Path) -> None:
    copies = len(list(addresses.find_copies(copy)))
    for owner in ("acme", "beta.corp-2"):
        addresses.write_owner(owner, copy)
        assert addresses.read_owner(copy) == owner
        assert {named for *_, named in addresses.find_copies(copy)} == {owner}
        assert len(list(addresses.find_copies(copy))) == copies
        assert addresses.find_differences(copy) == []
    left = [
        f"{path.relative_to(copy)}: {line}"
        for path in copy.rglob("*")
        if path.is_file()
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"OWNER/vatspolicy|@OWNER/|# Replace OWNER", line)
    ]
    assert left == []
    assert "@beta.corp-2/legal" in (copy / ".github/CODEOWNERS").read_text(encoding="utf-8")
    assert "uses: beta.corp-2/vatspolicy/.github/actions/gate@main" in (copy / "docs/gate.md").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("name", ["", "a b", "acme/vatspolicy", "../x"])
def test_what_is_no_name_is_refused(copy: Path, name: str) -> None:
    before = (copy / "pyproject.toml").read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="is not the name of an owner"):
        addresses.write_owner(name, copy)
    assert (copy / "pyproject.toml").read_text(encoding="utf-8") == before


# --- the workflow ---------------------------------------------------------------------------------------------------


def test_the_workflow_runs_the_same_command_and_publishes_what_it_built() -> None:
    jobs = WORKFLOW["jobs"]
    [build] = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert build == "make release SIGN=keyless"
    assert "id-token" not in jobs["build"]["permissions"], "what runs tests may not sign"
    needed = {name: job.get("needs") for name, job in jobs.items()}
    assert needed == {"build": None, "attest": "build", "publish": "attest", "release": "publish", "image": "publish"}
    assert jobs["attest"]["if"] == "github.ref_type == 'tag'", "by hand it rehearses"
    text = (ROOT / ".github/workflows/release.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"secrets\.\w+", text)) == set()
    rehearsed = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text(encoding="utf-8"))["jobs"]["package"]
    assert "make release TESTS=" in [step.get("run") for step in rehearsed["steps"]]


def test_the_job_that_may_sign_installs_what_has_hashes() -> None:
    jobs = {name: job for name, job in WORKFLOW["jobs"].items() if "id-token" in (job.get("permissions") or {})}
    installed = [line for job in jobs.values() for step in job["steps"] for line in step.get("run", "").splitlines()]
    installed = [line for line in installed if " install " in line]
    assert installed
    for line in installed:
        assert "--require-hashes" in line
        assert "--only-binary :all:" in line, "building runs code of the archive"
    text = (ROOT / "release/sigstore.txt").read_text(encoding="utf-8")
    pins = [part.split() for part in text.replace("\\\n", "").splitlines()]
    assert all(hashes and all(one.startswith("--hash=sha256:") for one in hashes) for __, *hashes in pins)
    known = (ROOT / "release/requirements.txt").read_text(encoding="utf-8").lower().replace("_", "-").splitlines()
    versions = dict(pin.split("==") for pin in known)
    assert "sigstore" in {pin.split("==")[0] for pin, *__ in pins}
    assert [
        pin for pin, *__ in pins if versions.get(pin.split("==")[0], pin.split("==")[1]) != pin.split("==")[1]
    ] == []


def test_every_python_is_set_up_where_a_release_is_built() -> None:
    for name, job in (("release", "build"), ("ci", "package")):
        jobs = yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))["jobs"]
        [versions] = [
            step["with"]["python-version"] for step in jobs[job]["steps"] if "python-version" in step.get("with", {})
        ]
        assert sorted(versions.split()) == list(supported()), name


def test_the_site_is_made_with_one_version_of_pyodide() -> None:
    named = f"pyodide@{command.PYODIDE}"
    for name in (".github/workflows/pages.yml", "docs/site.md"):
        assert re.findall(r"pyodide@[\d.]*\d", (ROOT / name).read_text(encoding="utf-8")) == [named], name


def test_pins_cover_what_builds_and_what_is_built() -> None:
    lines = (ROOT / "release/requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in lines
        if re.fullmatch(r"[\w.-]+==[\w.+!]+", line)
    }
    assert len(pinned) == len(lines)
    project = PROJECT["project"]
    extras = [*command.EXTRAS.split(","), "release", "serve", "sigstore"]
    needed = [*project["dependencies"], *PROJECT["build-system"]["requires"]]
    needed += [one for extra in extras for one in project["optional-dependencies"][extra]]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=]", one)[0]).lower() for one in needed}
    assert names - pinned == set()


# --- the whole command ----------------------------------------------------------------------------------------------


@long_run
def test_two_clones_are_released_with_equal_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it, twice: it takes some minutes, npm and a package index."""
    digests = []
    for name in ("one", "two"):
        git(tmp_path, "clone", "--quiet", str(ROOT), name)
        folder = tmp_path / name
        made = subprocess.run(["make", "release", "TESTS="], cwd=folder, capture_output=True, text=True, check=False)
        assert made.returncode == 0, made.stdout + made.stderr
        subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder / "dist", check=True)
        digests.append((folder / "dist/SHA256SUMS").read_text(encoding="utf-8"))
        for version in supported():
            assert (f"Python {version}: decides" in made.stdout) == bool(find_python(version))
    assert digests[0] == digests[1]
    monkeypatch.setenv("VATSPOLICY_BUILD_REHEARSAL", "1")
    require_complete(tmp_path / "two/dist", vatspolicy.__version__)


def require_complete(dist: Path, version: str) -> None:
    names = {path.name.replace(version, "X") for path in dist.iterdir()}
    packages = {"vatspolicy-X-py3-none-any.whl", "vatspolicy-X.tar.gz"}
    others = {"vatspolicy-law-X.tar.gz", "vatspolicy-site-X.zip", "vatspolicy-X.cdx.json", "vatspolicy-X.intoto.jsonl"}
    assert names == {*packages, *others, "NOTES.md", "SHA256SUMS"}
    bill = json.loads((dist / f"vatspolicy-{version}.cdx.json").read_text(encoding="utf-8"))
    assert (bill["specVersion"], bill["metadata"]["component"]["purl"]) == ("1.6", f"pkg:pypi/vatspolicy@{version}")
    components = {one["name"].lower(): one for one in bill["components"]}
    assert components["vatspolicy-law"]["version"].startswith(f"{version}+")
    assert {"pyyaml", "cel-python", "google-re2", "typer", "jsonschema"} <= set(components)
    assert not {"pip", "setuptools", "jsonschema_rs", "jsonschema-rs"} & set(components)
    envelope = json.loads((dist / f"vatspolicy-{version}.intoto.jsonl").read_text(encoding="utf-8"))
    statement = json.loads(base64.b64decode(envelope["payload"]))
    assert {one["name"] for one in statement["subject"]} == {path.name for path in dist.iterdir()} - {
        "SHA256SUMS",
        f"vatspolicy-{version}.intoto.jsonl",
    }
    assert envelope["signatures"][0]["keyid"] == "rehearsal"
    assert read_envelope(envelope, "application/vnd.in-toto+json").is_signed_by(
        read_key(command.REHEARSAL, private=True)
    )
