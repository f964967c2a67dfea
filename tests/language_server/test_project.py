"""What the language server finds in an edited policy is what a fresh load of all files finds."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.law_builder import rule
from tests.support.layer_builder import write_layer
from tests.support.specs import TODAY
from vatspolicy.authoring.lint.run import run_lint
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.language_server.navigation import RenameRefused, rename_term
from vatspolicy.language_server.project import Findings, Project

EDITS = {
    "a fact": ("vats-pilot-2024", "operator.registered.within))\n  facilities", "operator.registred.within))\n  facilities"),
    "a term that others use": ("definitions", "foreign: operator.foreign_percent > 0.0", "foreign: operator.foreign_percent"),
    "a term that is gone": ("definitions", "  foreign: operator", "  foreigner: operator"),
    "another meaning of a term": ("definitions", "operator.foreign_percent > 0.0", "operator.foreign_percent > 1.0"),
    "a parameter of another type": ("vats-pilot-2024", "value: false}", "value: 'no'}"),
    "an article that is gone": ("vats-pilot-2024", "  launch:\n", "  launches:\n"),
    "a key": ("vats-pilot-2024", "version: 1.1.0", "versoin: 1.1.0"),
    "no YAML": ("vats-pilot-2024", "uses: [definitions]", "uses: [definitions"),
    "an instrument": ("vats-pilot-2024", "  pilot-approval:\n", "  pilot-approvals:\n"),
    "an id": ("vats-pilot-2024", "id: vats-pilot-2024", "id: vats-pilot-2025"),
    "a date": ("vats-pilot-2024", "effective: {from: '2024-04-08'}", "effective: {from: '2024-13-08'}"),
    "a number in an expression": ("vats-pilot-2024", "isp: activity.class in param.isp_classes", 'isp: activity.class in ["B12", "B14-users"]'),
    "an unused term": ("vats-pilot-2024", "terms:\n", "terms:\n  idle: company.mainland_entity\n"),
    "nothing": ("vats-pilot-2024", "version: 1.1.0", "version: 1.1.1"),
}  # fmt: skip


@pytest.mark.parametrize("edit", EDITS)
def test_findings_are_those_of_a_fresh_load(law: Path, tmp_path: Path, edit: str) -> None:
    id, old, new = EDITS[edit]
    file = (law / f"{id}.yaml").resolve()
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    project = Project(lambda: TODAY)
    project.texts[str(file)] = text
    assert not any(project.check(str(file)).values())
    project.texts[str(file)] = text.replace(old, new)
    told = project.check(str(file))
    lint = {} if any(told.values()) else project.lint(str(file))

    copy = tmp_path / "law"
    shutil.copytree(law, copy)
    (copy / file.name).write_text(text.replace(old, new), encoding="utf-8")
    try:
        bundle = load_bundle(copy)
        report = run_lint(bundle, today=TODAY, only=[bundle.policies[id]])
        wanted = {
            (Path(one.problem.file).name, one.problem.line, _said(one.problem, one.ignored)) for one in report.findings
        }
        assert _lines(project, lint) == wanted
        assert not _lines(project, told)
    except InvalidInput as error:
        wanted = {(Path(problem.file).name, problem.line, _said(problem)) for problem in error.problems}
        own = {one for one in wanted if not one[2].startswith(("No policy establishes", "There is no policy"))}
        assert _lines(project, told) & own == own
        assert _lines(project, told) <= wanted
    assert bool(_lines(project, told) | _lines(project, lint)) or edit in ("nothing", "another meaning of a term")


def _said(problem: Problem, reason: str | None = None) -> str:
    return "\n".join(filter(None, (f"{problem.message} {problem.hint}".strip(), reason)))


def _lines(project: Project, told: Findings) -> set[tuple[str, int, str]]:
    """File, line and message of findings."""
    found = set()
    for file, findings in told.items():
        for one in findings:
            line, _ = project.text(file).place(one.span.start)
            found.add((Path(file).name, line + 1, one.message))
    return found


def test_a_file_without_an_end_is_not_read(tmp_path: Path) -> None:
    """An editor may name any file, and a link of a checkout may lead to a device."""
    project = Project(lambda: TODAY)
    large, pipe, device = tmp_path / "large.yaml", tmp_path / "pipe.yaml", tmp_path / "device.yaml"
    large.write_bytes(b"#" * (2**20 + 1))
    assert project.text(str(large)).content == ""
    large.write_bytes(b"#" * 2**20)
    assert len(project.text(str(large)).content) == 2**20
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    for file in (pipe, device, tmp_path, tmp_path / "none.yaml"):
        assert project.text(str(file)).content == ""
        assert project.document(str(file)) is not None or project.kind_of(str(file)) is None


def test_the_tests_run_under_the_edited_law(copy_of_law: Path) -> None:
    """A term of another policy is edited: its new meaning counts, without generated code."""
    file = str(copy_of_law.resolve() / "definitions.yaml")
    pilot = str(copy_of_law.resolve() / "vats-pilot-2024.yaml")
    project = Project(lambda: TODAY)
    assert {one.outcome for one in project.run_tests(pilot)} == {"passed"}
    text = Path(file).read_text(encoding="utf-8")
    project.texts[file] = text.replace("operator.foreign_percent > 0.0", "operator.foreign_percent > 100.0")
    assert not any(project.check(file).values())
    assert "failed" in {one.outcome for one in project.run_tests(pilot)}
    project.texts[file] = text
    project.check(file)
    assert {one.outcome for one in project.run_tests(pilot)} == {"passed"}


def test_a_policy_of_a_layer_is_checked_under_the_law_below(law: Path, tmp_path: Path) -> None:
    closed = "rules:\n" + rule("closed", "product", "company.foreign_percent > 0.0", "deny: {reason: HOSTED-ABROAD}")
    company = write_layer(tmp_path / "company", "company", company=closed)
    file = str((company / "company.yaml").resolve())
    project = Project(lambda: TODAY, named=(law, (company,)))
    project.texts[file] = Path(file).read_text(encoding="utf-8")
    assert not any(project.check(file).values())
    project.texts[file] = project.texts[file].replace("foreign_percent", "foreign_percnt")
    [finding] = project.check(file)[file]
    assert finding.message.startswith("company has no 'foreign_percnt'.")
    bundle = project.law_of(file).bundle
    assert bundle is not None
    assert [layer.name for layer in bundle.layers] == ["law", "company"]


def test_a_term_of_the_installed_law_is_not_renamed(law: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "_resources" / "policies"
    shutil.copytree(law, installed)
    monkeypatch.setattr("vatspolicy.language_server.navigation.resource_folder", lambda _: installed)
    file = installed / "definitions.yaml"
    project = Project(lambda: TODAY)
    place = file.read_text(encoding="utf-8").index("  foreign: ") + 3
    with pytest.raises(RenameRefused, match="shipped law"):
        rename_term(project, str(file.resolve()), place, "abroad")
    other = (law / "definitions.yaml").resolve()
    assert len(rename_term(project, str(other), place, "abroad")) > 3
