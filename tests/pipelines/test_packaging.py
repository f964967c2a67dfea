"""What is shipped: the sdist, the wheel built from it, and a clean environment that has nothing but the wheel."""

import json
import os
import re
import runpy
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import pytest

from tests.support.shipped import ROOT
from vatspolicy import __version__
from vatspolicy.core.documents.schemas import Shipped
from vatspolicy.i18n.catalogue import PATH, read_entries

RESOURCES = {
    path.relative_to(ROOT).as_posix()
    for folder in get_args(Shipped)
    for path in (ROOT / folder).rglob("*")
    if path.is_file()
}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Runs a command that cannot see the repository through Python's environment variables."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=clean,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@dataclass(frozen=True)
class Distributions:
    sdist: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """The sdist, and the wheel that is built from the sdist and not from the repository."""
    folder = tmp_path_factory.mktemp("dist")
    result = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    [sdist], [wheel] = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return Distributions(sdist, wheel)


def test_the_wheel_has_every_chinese_text_and_no_comment_of_translators(built: Distributions) -> None:
    with zipfile.ZipFile(built.wheel) as wheel:
        shipped = wheel.read("vatspolicy/i18n/locale/zh/LC_MESSAGES/vatspolicy.po")
    entries = read_entries(Path(PATH).read_bytes())
    del entries[b'msgid ""']
    assert read_entries(shipped) == entries
    assert b"#:" not in shipped


@pytest.fixture(scope="module")
def installed(built: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a new environment into which only the wheel was installed."""
    home = tmp_path_factory.mktemp("clean")
    venv.create(home)
    programs = home / Path(sysconfig.get_path("scripts")).name
    result = run(*pip(programs), "install", "--quiet", "--no-compile", built.wheel, cwd=home)
    assert result.returncode == 0, result.stderr
    assert run(*pip(programs), "check", cwd=home).returncode == 0
    return programs


def pip(programs: Path) -> tuple[str | Path, ...]:
    """The pip of this environment, for another one, which has none."""
    return (sys.executable, "-m", "pip", "--python", programs / "python", "--disable-pip-version-check")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A fixture, copied to a place from which the repository cannot be seen."""
    expected = min((ROOT / "fixtures").rglob("*.expect.yaml"))
    copy = tmp_path / "product.yaml"
    copy.write_bytes(expected.with_name(expected.name.replace(".expect", "")).read_bytes())
    return copy


def test_there_is_law_to_ship() -> None:
    assert any(name.startswith("policies/") for name in RESOURCES)
    assert any(name.startswith("schemas/") for name in RESOURCES)
    assert any(name.startswith("fixtures/products/") for name in RESOURCES)


def test_the_wheel_holds_the_law_and_the_code(built: Distributions) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        names = set(archive.namelist())
        shipped = {name.removeprefix("vatspolicy/_resources/") for name in names if "/_resources/" in name}
        assert {name for name in shipped if not name.startswith("compiled/")} == RESOURCES
        for name in RESOURCES:
            assert archive.read(f"vatspolicy/_resources/{name}") == (ROOT / name).read_bytes()
    modules = {f"vatspolicy/{path.relative_to(ROOT / 'src/vatspolicy')}" for path in (ROOT / "src").rglob("*.py")}
    assert modules <= names
    assert {"vatspolicy/py.typed", f"vatspolicy-{__version__}.dist-info/licenses/LICENSE"} <= names
    assert {name.split("/")[0] for name in names} == {"vatspolicy", f"vatspolicy-{__version__}.dist-info"}


def test_the_sdist_holds_what_its_own_tests_need(built: Distributions) -> None:
    with tarfile.open(built.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert names >= RESOURCES
    assert {"pyproject.toml", "LICENSE", "README.md", "Makefile", "tests/pipelines/test_packaging.py"} <= names
    assert {".github/actions/gate/gate.sh", "templates/gitlab-ci.yml", ".pre-commit-hooks.yaml", ".ci/run"} <= names
    assert not [name for name in names if name.startswith((".venv", ".git/", "dist"))]


def test_only_the_core_is_installed(installed: Path) -> None:
    listed = run(*pip(installed), "list", "--format=json", cwd=installed)
    names = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert "vatspolicy" in names
    others = {"cel-expr-python", "jsonschema-rs", "pyarrow", "pyspark", "z3-solver"}
    assert not names & {"pytest", "hypothesis", "mypy", "ruff", *others}


def test_the_wheel_decides_as_the_repository_does(installed: Path, spec: Path) -> None:
    """Equal inputs give equal bytes, the digest of the law included."""
    command = (
        "check",
        spec.name,
        "--as-of",
        "2026-03-01",
        "--allow-past-as-of",
        "--no-fail",
        "-f",
        "json",
        "--details",
    )
    shipped = run(installed / "vatspolicy", *command, cwd=spec.parent)
    assert shipped.returncode == 0, shipped.stderr
    [decision] = json.loads(shipped.stdout)["decisions"]
    assert decision["decision"] in {"allow", "deny", "needs-license", "incomplete"}
    here = run(Path(sysconfig.get_path("scripts")) / "vatspolicy", *command, cwd=spec.parent)
    assert shipped.stdout == here.stdout


def test_the_wheel_brings_its_law_compiled(built: Distributions, installed: Path, spec: Path) -> None:
    """A first start finds it, whichever Python runs, and keeps no compiled law of its own; one of edited law does, whole and by policy."""
    with zipfile.ZipFile(built.wheel) as archive:
        compiled = [Path(name).name for name in archive.namelist() if "/_resources/compiled/" in name]
    assert sorted(re.split("[-_]", name)[0] for name in compiled) == ["bundle", "code", "invariants"]
    assert sorted(name.partition(".")[2] for name in compiled) == ["data", "data", "py"]
    command = [
        str(installed / "vatspolicy"),
        "check",
        str(spec),
        "--as-of",
        "2026-03-01",
        "--allow-past-as-of",
        "-f",
        "json",
    ]

    def start(name: str) -> tuple[bytes, list[str]]:
        cache = spec.parent / name
        environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        environment["VATSPOLICY_CACHE"] = str(cache)
        # A cache below the working directory would not be trusted.
        ran = subprocess.run(command, cwd=installed, env=environment, capture_output=True, timeout=300, check=False)
        assert ran.returncode in {0, 1, 4}, ran.stderr
        kept = {path.name.partition("-")[0] for path in cache.iterdir()} if cache.is_dir() else set()
        return ran.stdout, sorted(kept - {"compiler", "policies", "schema"})

    as_shipped, kept = start("shipped")
    assert kept == []
    code = "import vatspolicy.compile_cache as cache; print(cache.SHIPPED)"
    folder = Path(run(installed / "python", "-c", code, cwd=spec.parent).stdout.strip())
    [entry] = folder.glob("bundle-*")
    whole = entry.read_bytes()
    try:
        for name, spoilt in (("cut", whole[:-9]), ("empty", b"")):
            entry.write_bytes(spoilt)
            assert start(name) == (as_shipped, ["bundle", "policy"]), "the code is still that of the installation"
    finally:
        entry.write_bytes(whole)
    policy = next((folder.parent / "policies").rglob("vats-pilot-2024.yaml"))
    text = policy.read_bytes()
    try:
        policy.write_bytes(text + b"# an edit\n")
        edited, kept = start("shipped")
        assert kept == ["bundle", "policy"], "a comment changes no code"
        assert json.loads(edited)["decisions"][0]["bundle"] != json.loads(as_shipped)["decisions"][0]["bundle"]
    finally:
        policy.write_bytes(text)
    assert start("shipped")[0] == as_shipped


PIP_DROPS = """
import os, sys
for own in (os.environ["DROPPED"], os.path.dirname(__file__)):
    assert sys.path.count(own) < 2
    sys.path[:] = [path for path in sys.path if path != own]
"""
"""What the isolated build of pip does at the start of Python: it drops the paths of editable installs, and adds its own."""


def test_the_law_compiles_in_an_environment_with_an_editable_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An isolated build of pip hides `src`, because an editable install of the same clone has named it."""
    (tmp_path / "sitecustomize.py").write_text(PIP_DROPS, encoding="utf-8")
    monkeypatch.setenv("DROPPED", str(ROOT / "src"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    hook = runpy.run_path(str(ROOT / "hatch_build.py"))["CompiledLaw"]
    build = hook(str(ROOT), {}, None, None, str(tmp_path), "wheel")
    data: dict[str, dict[str, str]] = {"force_include": {}}
    build.initialize("standard", data)
    build.finalize("standard", data, "")
    names = [re.split("[-_]", Path(target).name)[0] for target in data["force_include"].values()]
    assert {"bundle", "code", "invariants"} <= set(names)


def test_the_installed_package_is_the_wheel(installed: Path, tmp_path: Path) -> None:
    where = run(installed / "python", "-c", "import vatspolicy; print(vatspolicy.__file__)", cwd=tmp_path)
    assert Path(where.stdout.strip()).is_relative_to(installed.parent)


def test_the_plugin_waits_for_pytest(installed: Path, tmp_path: Path) -> None:
    """The entry point is there, and the tool itself runs where there is no pytest."""
    code = "from importlib.metadata import entry_points; print(*[e.value for e in entry_points(group='pytest11')])"
    assert run(installed / "python", "-c", code, cwd=tmp_path).stdout.split() == ["vatspolicy.pytest_plugin"]
    assert run(installed / "vatspolicy", "--help", cwd=tmp_path).returncode == 0
