"""Analysis of a bundle file: verified before it is used, and answered as the folder that it was built from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console
from tests.support.law_builder import bundle_of, rule
from tests.support.layer_builder import DENIAL, GROUP, LAW, PROPERTY, PUBLIC, overriding, write_layer
from tests.support.repositories import commit, git
from tests.support.solver import needs_solver
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.validation import validate

DEAD = rule("dead", "service", f"{PUBLIC} && {GROUP}", DENIAL)

REST = rule(
    "rest",
    "service",
    'service.offers.exists(o, !(o in ["data-center", "ride-hailing"]))',
    "classify: {classes: not-telecommunications}",
)
"""Classifies all offers but one: each that no rule classifies is a finding, and is sought alone."""


@pytest.fixture
def project(console: Console) -> Console:
    """A signed bundle of a law, one of the law with a layer that has a dead rule, and their folders."""
    law = console.folder / "policies"
    bundle_of(law, **LAW, rest="rules:\n" + REST)
    head = "name: law\ntitle: {en: Law, zh: 法}\nowner: us\nmay_loosen: [limits/relay]\n"
    console.write("policies/layer.yaml", head)
    console.write("policies/properties.yaml", PROPERTY.format(id="public"))
    write_layer(console.folder / "company", "company", ("limits/relay",), company="rules:\n" + DEAD)
    console.write("company/properties.yaml", PROPERTY.format(id="of-the-company"))
    off = overriding("limits/relay", rule("none", "service", "false", DENIAL))
    write_layer(console.folder / "unit", "unit", unit="rules:\n" + off)
    for name in ("release", "other"):
        console("bundle", "keygen", name)
    for file, words in (("law", ("--law", "policies")), ("layered", ("--law", "policies", "-p", "company"))):
        assert console("bundle", "build", *words, "--number", "1", "-o", f"{file}.tar.gz").code == 0
        assert console("bundle", "sign", f"{file}.tar.gz", "--key", "release.pem").code == 0
    return console


def analyze(console: Console, *words: str) -> dict[str, Any]:
    ran = console("analyze", *words, "-f", "json")
    assert ran.err == ""
    data: dict[str, Any] = json.loads(ran.out)
    assert validate(parse_document(ran.out, "analysis.json"), "analysis") == []
    return {
        "code": ran.code,
        "bundle": {key: data["bundle"][key] for key in ("version", "digest")},
        "layer": data["layer"],
        "findings": [(one["kind"], one["about"], Path(one["file"]).name) for one in data["findings"]],
        "properties": [(one["id"], one["verdict"]) for one in data["properties"]],
        "rules": data["rules"],
    }


@needs_solver
def test_a_bundle_is_analyzed_as_its_folders(project: Console) -> None:
    """Two processes find in a bundle what one finds in the folders."""
    signed = ("--key", "release.pub")
    for folders, bundle, above, jobs in (
        (("--law", "policies"), "law.tar.gz", (), "1"),
        (("--law", "policies", "-p", "company"), "layered.tar.gz", (), "1"),
        (("--law", "policies", "-p", "company"), "law.tar.gz", ("-p", "company"), "2"),
        (("--law", "policies", "-p", "company", "-p", "unit"), "layered.tar.gz", ("-p", "unit"), "2"),
    ):
        whole: dict[str, list[Any]] = {"findings": [], "properties": []}
        for part in (("--kind", "gap", "--kind", "dead"), ("--properties",)):
            found = analyze(project, "--bundle", bundle, *signed, *above, *part, "-j", jobs)
            assert found == analyze(project, *folders, *part, "-j", "1")
            whole = {key: [*whole[key], *found[key]] for key in whole}
        assert (("gap", ["offers=ride-hailing"], "classes.yaml") in whole["findings"]) == (folders[-1] == "policies")
        names = ["public", "of-the-company"][: 1 + ("company" in str(folders))]
        assert [name for name, _ in whole["properties"]] == names
        assert (("dead", ["company/dead"], "company.yaml") in whole["findings"]) == (folders[-1] == "company")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--bundle", "law.tar.gz", "--key", "other.pub"), 3),
        (("--bundle", "unsigned.tar.gz", "--key", "release.pub"), 3),
        (("--bundle", "changed.tar.gz", "--skip-verify"), 3),
        (("--bundle", "nowhere.tar.gz"), 3),
        (("--bundle", "law.tar.gz", "--law", "nowhere"), 2),
        (("--bundle", "law.tar.gz", "--law", "policies"), 2),
        (("--bundle", "law.tar.gz", "--key", "release.pub", "--skip-verify"), 2),
        (("--key", "release.pub"), 2),
        (("--skip-verify",), 2),
    ],
)
def test_what_test_refuses_analyze_refuses_with_the_same_words(
    project: Console, words: tuple[str, ...], code: int
) -> None:
    assert project("bundle", "build", "--law", "policies", "--number", "2", "-o", "unsigned.tar.gz").code == 0
    content = (project.folder / "law.tar.gz").read_bytes()
    (project.folder / "changed.tar.gz").write_bytes(content.replace(b"relay", b"delay"))
    ran = project("analyze", *words)
    assert (ran.code, ran.out) == (code, "")
    assert ran == project("test", *words)


def test_a_lock_that_pins_another_bundle_is_kept(project: Console) -> None:
    assert project("bundle", "pin", "layered.tar.gz", "--key", "release.pub").code == 0
    words = ("--bundle", "law.tar.gz", "--key", "release.pub", "--kind", "unread-fact")
    ran = project("analyze", *words)
    assert (ran.code, ran.out, "vatspolicy.lock" in ran.err) == (3, "", True)
    assert project("analyze", "--bundle", "layered.tar.gz", *words[2:]).code in (0, 1)


def test_a_bundle_of_the_settings_is_analyzed(project: Console) -> None:
    project.write("vatspolicy.toml", 'bundle = "layered.tar.gz"\nkey = "release.pub"\n')
    assert analyze(project, "--kind", "unread-fact")["layer"] == "company"


@needs_solver
def test_since_takes_an_earlier_bundle_or_the_layers_of_a_revision(project: Console) -> None:
    git(project.folder, "init", "--quiet", "--initial-branch=main")
    commit(project.folder)
    signed = ("--key", "release.pub", "--kind", "dead")
    same = ("--bundle", "layered.tar.gz", *signed, "--since", "layered.tar.gz")
    assert analyze(project, *same)["rules"] == 0
    changed = ("--bundle", "layered.tar.gz", *signed, "--since", "law.tar.gz")
    assert analyze(project, *changed)["findings"] == [("dead", ["company/dead"], "company.yaml")]
    above = ("--bundle", "law.tar.gz", *signed, "-p", "company", "--since", "main")
    assert analyze(project, *above)["rules"] == 0
    write_layer(project.folder / "company", "company", company="rules:\n" + DEAD.replace("dead", "gone"))
    assert analyze(project, *above)["findings"] == [("dead", ["company/gone"], "company.yaml")]
