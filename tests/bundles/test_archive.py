"""Archives are read whole or not at all, and nothing in them leads anywhere else."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import pytest

from tests.support.comparisons import compare_revisions
from tests.support.project_builder import RULES, policy, project
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import read_pair, read_source
from vatspolicy.bundles.archive import ArchiveError, is_archive, read_archive
from vatspolicy.git import SourceError

BUNDLE = {"policies/bundle.yaml": b"version: 1.0.0\n", "policies/a.yaml": b"id: a\n", "README.md": b"x"}


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def plain(files: dict[str, bytes]) -> bytes:
    return tar(*(member(name, content) for name, content in files.items()))


def save(folder: Path, content: bytes, name: str = "bundle.tar.gz") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(("name", "packed"), [("b.tar.gz", True), ("b.tgz", True), ("b.tar", False), ("b.TGZ", False)])
def test_files_are_read_in_order(tmp_path: Path, name: str, packed: bool) -> None:
    content = plain(BUNDLE)
    path = save(tmp_path, gzip.compress(content) if packed else content, name)
    assert is_archive(name)
    assert read_archive(path) == list(BUNDLE.items())


def test_names_are_made_plain(tmp_path: Path) -> None:
    content = tar(member("./policies", type=tarfile.DIRTYPE), member("./policies//a.yaml", b"x"))
    assert read_archive(save(tmp_path, content)) == [("policies/a.yaml", b"x")]


def test_one_slash_before_a_name_is_trimmed_as_opa_does(tmp_path: Path) -> None:
    content = tar(member("/policies/a.yaml", b"x"), member("/.manifest", b"{}"))
    assert read_archive(save(tmp_path, content)) == [("policies/a.yaml", b"x"), (".manifest", b"{}")]
    twice = tar(member("/policies/a.yaml", b"x"), member("policies/a.yaml", b"y"))
    with pytest.raises(ArchiveError, match=r"'policies/a\.yaml' twice"):
        read_archive(save(tmp_path, twice))


@pytest.mark.parametrize(
    "name",
    [
        "//etc/passwd",
        "/../x",
        "/C:/x",
        "../x",
        "policies/../../x",
        "a/..",
        "C:/x",
        "c:x",
        "a\\..\\b",
        "a\nb",
        "a\x1b[31mb",
    ],
)
def test_a_name_that_leads_out_refuses_the_whole_archive(tmp_path: Path, name: str) -> None:
    content = tar(member("policies/a.yaml", b"x"), member(name, b"x"))
    with pytest.raises(ArchiveError, match=r"a path outside the archive"):
        read_archive(save(tmp_path, content))


@pytest.mark.parametrize(
    "type",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.CONTTYPE],
)
def test_only_plain_files_and_folders(tmp_path: Path, type: bytes) -> None:
    content = tar(member("policies/a.yaml", type=type, linkname="b.yaml"))
    if type == tarfile.CONTTYPE:  # an old way to write a plain file
        assert read_archive(save(tmp_path, content)) == [("policies/a.yaml", b"")]
        return
    with pytest.raises(ArchiveError, match=r"not a regular file"):
        read_archive(save(tmp_path, content))


def test_sparse_files_are_refused(tmp_path: Path) -> None:
    """A gigabyte that takes no room in the archive."""
    info = tarfile.TarInfo("policies/a.yaml")
    info.pax_headers = {"GNU.sparse.major": "0", "GNU.sparse.minor": "1", "GNU.sparse.map": "0,1", "GNU.sparse.size": "1073741824"}  # fmt: skip
    info.size = 1
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info, io.BytesIO(b"x"))
    with pytest.raises(ArchiveError, match=r"not a regular file"):
        read_archive(save(tmp_path, out.getvalue()))


def test_a_name_that_comes_twice(tmp_path: Path) -> None:
    content = tar(member("policies/a.yaml", b"1"), member("./policies/a.yaml", b"2"))
    with pytest.raises(ArchiveError, match=r"'policies/a\.yaml' twice"):
        read_archive(save(tmp_path, content))


def test_decompression_is_bounded(tmp_path: Path) -> None:
    bomb = save(tmp_path, gzip.compress(plain({"policies/a.yaml": bytes(3 * 2**20)})))
    assert bomb.stat().st_size < 20_000
    assert len(read_archive(bomb)[0][1]) == 3 * 2**20
    with pytest.raises(ArchiveError, match=r"more than 2 MiB"):
        read_archive(bomb, max_bytes=2 * 2**20)
    with pytest.raises(ArchiveError, match=r"more than 2 members"):
        read_archive(save(tmp_path, plain(BUNDLE)), max_files=2)


def test_what_is_not_whole_is_not_read(tmp_path: Path) -> None:
    content = plain(BUNDLE)
    packed = gzip.compress(content)
    second = content.index(b"policies/a.yaml")
    broken = {
        "no archive": b"hello",
        "empty": b"",
        "cut in a header": content[: second + 100],
        "cut behind a file": content[:second],
        "cut in a file": content[: second + 513],
        "a header that does not check": content[:second] + b"P" + content[second + 1 :],
        "something behind the end": content + b"x",
        "cut gzip": packed[:-20],
        "gzip with a wrong checksum": packed[:-8] + b"1234" + packed[-4:],
        "something behind gzip": packed + b"x",
        "gzip of nothing": gzip.compress(b""),
    }
    told = {}
    for what, data in broken.items():
        path = save(tmp_path, data)
        with pytest.raises(ArchiveError) as error:
            read_archive(path)
        told[what] = str(error.value)
    assert told == dict.fromkeys(broken, "'bundle.tar.gz' is not a complete tar archive.")
    with pytest.raises(ArchiveError, match=r"cannot be read"):
        read_archive(tmp_path / "none.tar")
    with pytest.raises(ArchiveError, match=r"cannot be read"):
        read_archive(tmp_path)


# --- as a side of a comparison ----------------------------------------------------------------------------------------


def packed(folder: Path, target: Path, below: str = "") -> None:
    """A bundle of a project's folder."""
    with tarfile.open(target, "w:gz") as archive:
        archive.add(folder / below, arcname=".")


def test_two_bundles_are_compared_as_two_folders_are(tmp_path: Path) -> None:
    base = project(tmp_path / "base", schemas={})
    head = project(tmp_path / "head", {"law": policy("law", RULES.replace("50.0", "70.0"))}, schemas={})
    packed(base, tmp_path / "base.tar.gz")
    packed(head, tmp_path / "head.tgz")
    settings = ComparisonSettings("2026-06-01", semantic="off")
    data = compare_revisions(*read_pair("base.tar.gz", "head.tgz", tmp_path), settings)
    folders = compare_revisions(*read_pair("base", "head", tmp_path), settings)
    assert data["verdict"] == "loosened"
    assert [data[key] for key in ("decisions", "structure", "schemas", "release")] == [
        folders[key] for key in ("decisions", "structure", "schemas", "release")
    ]
    assert data["base"] == {**folders["base"], "name": "base.tar.gz", "title": "base.tar.gz"}


def test_a_bundle_of_policies_alone(tmp_path: Path) -> None:
    packed(project(tmp_path / "base"), tmp_path / "policies.tar.gz", "policies")
    source = read_source("policies.tar.gz", tmp_path)
    assert [name for name, _ in source.policies] == ["policies/bundle.yaml", "policies/law.yaml"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.tar.gz", None, "There is no bundle 'none.tar.gz'"),
        ("./none.tgz", None, "There is no bundle './none.tgz'"),
        ("a.tar", plain({"README.md": b"x"}), "There are no policies in 'a.tar'"),
        ("a.tar.gz", b"hello", "'a.tar.gz' is not a complete tar archive"),
    ],
)
def test_a_bundle_that_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        save(tmp_path, content, name)
    with pytest.raises(SourceError, match=message):
        read_source(name, tmp_path)
