"""The origin of a copy: the address of its repository, and the command that installs an extra."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.shipped import ROOT
from vatspolicy import origin


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The file that a build writes; empty caches before and after."""
    path = tmp_path / "origin.json"
    monkeypatch.setattr(origin, "RECORD", str(path))
    monkeypatch.setattr(origin, "_CHECKOUT", str(tmp_path))
    for cached in (origin._record, origin._address_of):
        cached.cache_clear()
    yield path
    for cached in (origin._record, origin._address_of):
        cached.cache_clear()


@pytest.mark.usefixtures("record")
def test_a_checkout_installs_from_where_it_is() -> None:
    assert origin.install("serve") == "pip install '.[serve]'"
    assert origin.repository() is None
    assert origin.page("lint.md", "untested") is None


def test_a_published_package_installs_by_its_name(record: Path) -> None:
    record.write_text(json.dumps({"repository": "https://example.org/acme/vatspolicy", "published": True}))
    assert origin.install("serve") == "pip install 'vatspolicy[serve]'"
    assert origin.page("lint.md", "untested") == "https://example.org/acme/vatspolicy/blob/HEAD/docs/lint.md#untested"


def test_another_machine_installs_a_published_version_or_the_repository(record: Path) -> None:
    assert origin.requirement("1.2.0") is None
    origin._record.cache_clear()
    address = "https://example.org/acme/vatspolicy"
    record.write_text(json.dumps({"repository": address, "published": False}))
    assert origin.requirement("1.2.0") == f"vatspolicy @ git+{address}"
    origin._record.cache_clear()
    record.write_text(json.dumps({"repository": address, "published": True}))
    assert origin.requirement("1.2.0") == "vatspolicy==1.2.0"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"published": "yes", "repository": 1}'])
def test_a_record_that_cannot_be_read_claims_nothing(record: Path, text: str) -> None:
    record.write_text(text)
    assert (origin.install("smt"), origin.repository()) == ("pip install '.[smt]'", None)


def test_a_clone_knows_its_remote(record: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(record.parent), *arguments], check=True, capture_output=True)

    git("init")
    assert origin.repository() is None
    origin._address_of.cache_clear()
    git("remote", "add", "origin", "git@example.org:acme/vatspolicy.git")
    assert origin.repository() == "https://example.org/acme/vatspolicy"


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/acme/vatspolicy.git\n", "https://github.com/acme/vatspolicy"),
        ("https://user:secret@example.org/acme/law/", "https://example.org/acme/law"),
        ("ssh://git@example.org:2222/acme/vatspolicy.git", "https://example.org/acme/vatspolicy"),
        ("/home/somebody/vatspolicy", None),
        ("file:///home/somebody/vatspolicy", None),
        ("../vatspolicy", None),
        ("javascript:alert(1)", None),
        ("", None),
    ],
)
def test_addresses_of_remotes(remote: str, address: str | None) -> None:
    assert origin.web_address(remote) == address


def build_hook() -> Any:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.usefixtures("record")
def test_a_build_records_the_origin(tmp_path: Path) -> None:
    find = build_hook().find_origin
    (tmp_path / "src").symlink_to(ROOT / "src")
    project = tmp_path / "pyproject.toml"

    def stated(owner: str, **environment: str) -> Any:
        project.write_text(f'[project.urls]\nRepository = "https://github.com/{owner}/vatspolicy"\n')
        return find(str(tmp_path), environment)

    assert stated("OWNER") == {}, "nobody has set it"
    assert stated("acme") == {"repository": "https://github.com/acme/vatspolicy"}
    named = {"VATSPOLICY_BUILD_REPOSITORY": "https://example.org/acme/vatspolicy"}
    assert stated("other", **named) == {"repository": "https://example.org/acme/vatspolicy"}
    assert stated("acme", **named, VATSPOLICY_BUILD_PUBLISHED="1")["published"] is True
    with pytest.raises(ValueError, match="no address"):
        stated("acme", VATSPOLICY_BUILD_REPOSITORY="OWNER")
