"""Changes that bring along what is to open the gate for a denied spec, as the files that they write."""

from __future__ import annotations

import os
import sysconfig
from collections.abc import Callable
from pathlib import Path

from tests.support.forked import run_forked
from tests.support.shipped import POLICIES, fixture_file
from tests.support.specs import DENIED
from vatspolicy import clock
from vatspolicy.cli.options import FILE
from vatspolicy.cli.settings import keys

VATSPOLICY = Path(sysconfig.get_path("scripts")) / "vatspolicy"
SPEC = "specs/product.yaml"
BASE_OF_LAW = "law" if "law" in keys() else "policies"
"""The setting that names another law."""
OTHER_LAW = """\
id: x
version: 1.0.0
title: {en: X, zh: 某}
topics: [telecom]
source: {issuer: {en: X, zh: 某}, number: N-1}
effective: {from: '2015-01-01'}
articles:
  art-1: {en: Text., zh: 文。, verification: secondary}
rules:
  - id: none
    cite: [art-1]
    each: service
    when: service.hosting == "mainland" || service.hosting != "mainland"
    classify: {classes: not-telecommunications}
    message: {en: None., zh: 无。}
"""


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def run_tool(folder: Path, *arguments: str) -> None:
    """The tool on the files of a change, whose gate may be closed."""
    clean = {
        name: value for name, value in os.environ.items() if name.startswith("VATSPOLICY_CACHE") or "_" not in name
    }
    ran = run_forked(arguments, folder, clean, clock.today())
    assert ran.code in (0, 1), ran.err


def other_specs(folder: Path) -> None:
    write(folder, {FILE: 'specs = ["ok"]\n', "ok/site.yaml": fixture_file("company-site").read_text(encoding="utf-8")})


def other_law(folder: Path) -> None:
    bundle = (POLICIES / "bundle.yaml").read_text(encoding="utf-8")
    files = {"law/bundle.yaml": bundle, "law/x.yaml": OTHER_LAW}
    write(folder, {FILE: f'specs = ["specs"]\n{BASE_OF_LAW} = "law"\n', **files})


def baseline(folder: Path) -> None:
    run_tool(folder, "check", SPEC, "--no-config", "-q", "--write-baseline", "base.yaml", "--until", until(folder))
    write(folder, {FILE: 'specs = ["specs"]\nbaseline = "base.yaml"\n'})


def waivers(folder: Path) -> None:
    until_day = until(folder)
    rule = ("telecom-regulations/license-duty", "--reason", "So.", "--approver", "me", "--ticket", "T-1")
    run_tool(folder, "waive", SPEC, *rule, "--until", until_day, "--waivers", "w/waivers.yaml")
    names = "schema: 1\napprovers:\n  - {name: me, rules: ['*/*']}\n"
    settings = 'specs = ["specs"]\nwaivers = "w/waivers.yaml"\napprovers = "w/approvers.yaml"\n'
    write(folder, {FILE: settings, "w/approvers.yaml": names})


def until(folder: Path) -> str:
    """A day on which the spec has launched, and which is not too far away; the spec is made to launch before it."""
    from vatspolicy import clock

    launch, last = clock.later(clock.today(), 30), clock.later(clock.today(), 60)
    write(folder, {SPEC: DENIED.replace("2027-03-01", launch)})
    return last


OPENING: dict[str, Callable[[Path], None]] = {
    "specs": other_specs,
    "law": other_law,
    "baseline": baseline,
    "waivers": waivers,
}


PLANTED = (
    "pip", "venv", "json", "pathlib", "encodings", "subprocess", "tempfile", "typing", "vatspolicy", "sitecustomize",
)  # fmt: skip


def plant(folder: Path, mark: Path) -> None:
    """Modules of a checkout that leave a mark when they are imported, and pass every gate."""
    code = f"open({str(mark)!r}, 'a').write(__name__ + '\\n')\nprint('allow', flush=True)\nimport os\nos._exit(0)\n"
    for name in PLANTED:
        (folder / f"{name}.py").write_text(code, encoding="utf-8")
        (folder / name).mkdir()
        for file in ("__init__.py", "__main__.py"):
            (folder / name / file).write_text(code, encoding="utf-8")
