"""`docs build --pyodide`: what it says of a folder that is not Pyodide, and what it writes with a small one."""

from __future__ import annotations

import io
import shutil
import zipfile
from pathlib import Path

import pytest

from tests.support.console import Console
from tests.support.specs import TODAY
from vatspolicy.cli.context import LawOptions
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.server.web import site
from vatspolicy.server.web.site import FOLDER, ONE_FILE, PYODIDE, build_site, find_pyodide

BUILD = ("docs", "build", "--format", "html", "--as-of", TODAY)


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the package, which contain nothing that runs; there is no node to run it."""
    folder = tmp_path / "pyodide"
    folder.mkdir()
    for name in PYODIDE:
        (folder / name).write_text(f"content of {name}", encoding="utf-8")
    (folder / "README.md").write_text("not needed", encoding="utf-8")
    which = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, *rest, **named: None if name == "node" else which(name, *rest, **named)
    )
    return folder


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, rich_bundle: Bundle) -> None:
    """Without the program, and of a part of the law: the whole takes seconds to pack and to write."""
    monkeypatch.setattr(LawOptions, "load", lambda *_, **__: rich_bundle)
    monkeypatch.setattr(site, "_packages", lambda: iter([("b.py", b"b = 1"), ("a.py", b"a = 1")]))


def test_a_folder_that_is_not_there_is_an_error(console: Console) -> None:
    ran = console(*BUILD, "--pyodide", "nowhere")
    assert (ran.code, ran.out) == (2, "")
    assert "nowhere is not the npm package pyodide: it lacks one of" in ran.err
    assert not (console.folder / "site").exists()


@pytest.mark.parametrize("name", PYODIDE)
def test_a_folder_that_lacks_a_file_is_an_error(console: Console, fake: Path, name: str) -> None:
    (fake / name).unlink()
    ran = console(*BUILD, "--pyodide", fake)
    assert (ran.code, ran.out) == (2, "")
    assert name in ran.err
    assert not (console.folder / "site").exists()
    assert find_pyodide(fake) is None


def test_another_law_is_refused(console: Console, fake: Path, law: Path) -> None:
    ran = console(*BUILD, "--pyodide", fake, "--law", law)
    assert ran.code == 2
    assert "has the shipped law" in ran.err


@pytest.mark.usefixtures("small")
def test_a_small_package_makes_a_site(console: Console, fake: Path) -> None:
    ran = console(*BUILD, "--pyodide", fake, "--output", "out")
    out = console.folder / "out"
    assert ran.code == 0
    assert "the page that decides" in ran.out
    written = {
        path.relative_to(out / FOLDER).as_posix(): path.read_bytes()
        for path in (out / FOLDER).rglob("*")
        if path.is_file()
    }
    assert written == build_site(fake)
    assert set(written) == {
        *(f"pyodide/{name}" for name in PYODIDE),
        *(
            "index.html",
            "zh.html",
            "page.css",
            "page.js",
            "local.js",
            "worker.js",
            "offline.js",
            "packages.zip",
            ONE_FILE,
        ),
    }
    with zipfile.ZipFile(io.BytesIO(written["packages.zip"])) as packed:
        assert packed.namelist() == ["a.py", "b.py"]
    assert f'href="{FOLDER}/index.html"' in (out / "index.html").read_text(encoding="utf-8")
    assert f'href="../{FOLDER}/zh.html"' in (out / "zh" / "index.html").read_text(encoding="utf-8")
    (out / FOLDER / "page.js").write_bytes(b"edited")
    (out / FOLDER / "worker.js").unlink()
    ran = console(*BUILD, "--pyodide", fake, "--output", "out", "--check")
    assert ran.code == 1
    assert sorted(ran.out.splitlines()) == [f"stale {Path('out', FOLDER, name)}" for name in ("page.js", "worker.js")]


@pytest.mark.usefixtures("small")
def test_a_change_of_any_file_is_a_new_version(fake: Path) -> None:
    before = build_site(fake)["offline.js"]
    (fake / "pyodide.asm.wasm").write_text("another", encoding="utf-8")
    assert build_site(fake)["offline.js"] != before
