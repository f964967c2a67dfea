"""The two states to compare: revisions of git and folders, hostile ones included."""

import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support.comparisons import compare_revisions
from tests.support.project_builder import PROFILE, compare, policy, project
from tests.support.repositories import commit, git
from vatspolicy import git as reader
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import read_pair, read_source
from vatspolicy.git import SourceError

LAW = policy("law")
MILDER = LAW.replace("value: 50.0", "value: 70.0")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Two commits, the second milder, in a folder with a space in its name."""
    folder = project(tmp_path / "my law")
    git(folder, "init", "--quiet")
    commit(folder)
    project(folder, {"law": MILDER})
    commit(folder)
    return folder


def versions(folder: Path, base: str, head: str | None = None) -> list[str]:
    """Which of the two laws each side holds."""
    sides = read_pair(base, head, folder)
    return ["milder" if b"70.0" in dict(side.policies)["policies/law.yaml"] else "old" for side in sides]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["HEAD~1..HEAD"], ["old", "milder"]),
        (["HEAD~1", "HEAD"], ["old", "milder"]),
        (["HEAD~1.."], ["old", "milder"]),
        (["..HEAD~1"], ["milder", "old"]),
        (["HEAD~1...main"], ["old", "milder"]),
        (["HEAD~1"], ["old", "milder"]),
        (["main"], ["milder", "milder"]),
    ],
)
def test_revisions(repository: Path, arguments: list[str], expected: list[str]) -> None:
    assert versions(repository, *arguments) == expected


def test_without_a_head_the_files_on_disk_count(repository: Path) -> None:
    project(repository, {"law": LAW})
    assert versions(repository, "main") == ["milder", "old"]


def test_three_dots_compare_with_where_the_branches_parted(repository: Path) -> None:
    git(repository, "checkout", "--quiet", "-b", "other", "HEAD~1")
    project(repository, {"law": LAW, "second": policy("second", "rules: []\n")})
    commit(repository)
    base, _ = read_pair("main...other", None, repository)
    assert base.commit == git(repository, "rev-parse", "main~1").strip()


def test_a_comparison_of_revisions(repository: Path) -> None:
    data = compare_revisions(
        *read_pair("main~1..main", None, repository), ComparisonSettings("2026-06-01", semantic="off")
    )
    assert data["title"]["en"] == "Loosens"
    assert data["base"]["commit"] == git(repository, "rev-parse", "main~1").strip()
    assert data["base"]["title"] == f"main~1 ({data['base']['commit'][:9]})"


def test_a_project_below_the_root_of_the_repository(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    inner = project(tmp_path / "a b/law")
    commit(tmp_path)
    side = read_source("HEAD", inner)
    assert [name for name, _ in side.policies] == ["policies/bundle.yaml", "policies/law.yaml"]
    assert [name for name, _ in side.fixtures] == ["fixtures/p60.yaml"]


def test_attributes_cannot_hide_a_policy(repository: Path) -> None:
    """`git archive` leaves out what is marked export-ignore; this must not."""
    (repository / ".gitattributes").write_text("policies/** export-ignore\nfixtures/** export-subst\n")
    commit(repository)
    assert len(read_source("HEAD", repository).policies) == 2


def test_links_and_foreign_files_are_not_read(repository: Path) -> None:
    (repository / "policies/link.yaml").symlink_to("/etc/hostname")
    (repository / "policies/notes.txt").write_text("x")
    (repository / "elsewhere.yaml").write_text("x: 1")
    commit(repository)
    names = [name for name, _ in read_source("HEAD", repository).policies]
    assert names == ["policies/bundle.yaml", "policies/law.yaml"]


def test_replaced_objects_are_not_followed(repository: Path) -> None:
    git(repository, "replace", "HEAD", "HEAD~1")
    assert versions(repository, "main", "main") == ["milder", "milder"]


@pytest.mark.parametrize(
    "name",
    ["--help", "-x", "--output=/tmp/x", "HEAD; touch x", "$(touch x)", "a b", "a\nb", "a\x1b[31m", "nosuch", "HEAD^{tree}", "", "main:nosuch", "main:../x", "main:/etc", "nosuch:policies", ":policies", "main:policies/law.yaml", "main:none.tar.gz"],
)  # fmt: skip
def test_what_is_no_revision_is_refused(repository: Path, name: str) -> None:
    with pytest.raises(SourceError):
        read_source(name, repository)
    assert not (repository / "x").exists()


def test_a_repository_without_policies(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "a.txt").write_text("x")
    commit(tmp_path)
    with pytest.raises(SourceError, match="There are no policies"):
        read_source("HEAD", tmp_path)


def test_outside_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(SourceError, match="not a git repository"):
        read_source("HEAD", tmp_path)


def test_too_much_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_FILES", 1)
    for name in ("HEAD", str(repository)):
        with pytest.raises(SourceError, match="too large to compare"):
            read_source(name, repository)


def test_git_that_does_not_end_is_given_up(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(*_: object, **given: object) -> None:
        assert given["timeout"] == reader.TIMEOUT
        raise subprocess.TimeoutExpired("git", 1)

    monkeypatch.setattr(subprocess, "run", hang)
    with pytest.raises(SourceError, match="took more than"):
        read_source("HEAD", repository)


def test_git_that_is_not_there(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SourceError, match="git is not installed"):
        read_source("HEAD", repository)


@pytest.mark.parametrize(
    ("base", "head"),
    [
        ("HEAD~1:", "HEAD:"),
        ("HEAD~1:.", "main:./"),
        ("HEAD~1:policies", "HEAD:policies/"),
        ("HEAD~1:./policies", "."),
        ("HEAD@{0}~1:policies", "policies"),
        ("HEAD~1:policies..main:policies", None),
    ],
)
def test_a_folder_of_a_revision(repository: Path, base: str, head: str | None) -> None:
    assert versions(repository, base, head) == ["old", "milder"]


def test_the_policies_of_a_revision_bring_the_fixtures_of_their_project(repository: Path) -> None:
    project(repository, {"law": MILDER}, changelog="x")
    commit(repository)
    sides = read_pair("HEAD~2:policies", "HEAD:policies", repository)
    assert [[name for name, _ in side.fixtures] for side in sides] == [["fixtures/p60.yaml"]] * 2
    assert sides[1].changelog == "x"
    data = compare_revisions(*sides, ComparisonSettings("2026-06-01", semantic="off"))
    assert data["title"]["en"] == "Loosens"


def test_a_folder_of_a_revision_begins_at_the_root_or_here(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    inner = project(tmp_path / "a b/law", changelog="x")
    project(tmp_path / "a b/other", {"law": MILDER}, fixtures={})
    commit(tmp_path)
    for name in ("HEAD:a b/other", "HEAD:../other"):
        side = read_source(name, inner)
        assert [file for file, _ in side.policies] == ["policies/bundle.yaml", "policies/law.yaml"]
        assert (side.fixtures, side.changelog) == ((), None)
        assert b"70.0" in dict(side.policies)["policies/law.yaml"]
        assert side.commit is not None
        assert side.title == f"{name} ({side.commit[:9]})"
    side = read_source("HEAD:./", inner)
    assert ([file for file, _ in side.fixtures], side.changelog) == (["fixtures/p60.yaml"], "x")


def test_a_bundle_of_a_revision(repository: Path) -> None:
    with tarfile.open(repository / "old.tar.gz", "w:gz") as archive:
        for file in sorted((project(repository.parent / "old") / "policies").iterdir()):
            archive.add(file, f"policies/{file.name}")
    commit(repository)
    (repository / "old.tar.gz").unlink()
    assert versions(repository, "HEAD:old.tar.gz", "HEAD:") == ["old", "milder"]


# --- folders ----------------------------------------------------------------------------------------------------------


def test_a_folder_comes_before_a_revision_of_the_same_name(repository: Path) -> None:
    project(repository / "main")
    assert versions(repository, "main", "HEAD") == ["old", "milder"]


def test_a_folder_of_policies_alone_has_no_fixtures_of_its_own(tmp_path: Path) -> None:
    base = project(tmp_path / "base")
    head = project(tmp_path / "head", {"law": MILDER})
    data = compare(base / "policies", head / "policies")
    assert (data["structure"][0]["file"], data["exit_code"]) == ("policies/law.yaml", 5)
    data = compare(base / "policies", head / "policies", profiles=[str(head / "fixtures")])
    assert data["title"]["en"] == "Loosens"


@pytest.mark.parametrize("name", ["./none", "/none/there", "empty"])
def test_a_folder_that_holds_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError):
        read_source(name, tmp_path)


def test_a_folder_whose_name_has_dots_is_no_range(tmp_path: Path) -> None:
    project(tmp_path / "a..b", fixtures={"p": PROFILE})
    base, head = read_pair("a..b", "a..b", tmp_path)
    assert base.policies == head.policies
    base, head = read_pair("../" + tmp_path.name + "/a..b", "a..b", tmp_path)
    assert base.policies == head.policies
