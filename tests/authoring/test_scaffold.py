"""Skeletons: they load, pass lint and their own tests before anybody has filled them in, and overwrite nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.support.console import Console
from vatspolicy.authoring.scaffold import profile
from vatspolicy.documents import parse_document
from vatspolicy.documents.validation import validate
from vatspolicy.profile.profile import read_profile


def test_a_new_policy_passes_lint_and_its_own_tests(console: Console) -> None:
    made = console("new", "policy", "cloud-measures-2027")
    assert (made.code, made.out) == (
        0,
        "policies/cloud-measures-2027.yaml\npolicies/cloud-measures-2027.test.yaml\npolicies/bundle.yaml\n",
    )
    ran = console("lint", "-p", "policies")
    assert (ran.out, ran.code) == ("No findings in 1 policy and 0 fixtures\n", 0)
    ran = console("test", "-p", "policies", "--threshold", "100")
    shown = "1 of 1 clauses shown to decide alone, both ways (masking MC/DC)\n"
    assert (ran.code, ran.out) == (0, f"{shown}100.0 % of clause outcomes covered\n4 passed, 0 failed\n")


def test_a_new_policy_joins_others(console: Console, copy_of_law: Path) -> None:
    before = console("lint", "-p", "law").out
    release = (copy_of_law / "bundle.yaml").read_text()
    made = console("new", "policy", "zz-measures", "--policies", "law")
    assert (made.code, made.out) == (0, "law/zz-measures.yaml\nlaw/zz-measures.test.yaml\n")
    assert (copy_of_law / "bundle.yaml").read_text() == release
    assert console("lint", "-p", "law").out.splitlines()[:-1] == before.splitlines()[:-1]
    assert console("test", "-p", "law", "-r", "zz-measures").out == "4 passed, 0 failed\n"


def test_a_new_fixture_passes(console: Console, law: Path) -> None:
    made = console("new", "fixture", "shop-hangzhou")
    assert (made.code, made.out) == (0, "fixtures/shop-hangzhou.yaml\nfixtures/shop-hangzhou.expect.yaml\n")
    assert console("test", "-p", law, "-r", "shop-hangzhou").out == "1 passed, 0 failed\n"
    clean = console("lint", "-p", law).out
    assert "fixtures" not in clean


def test_a_new_profile_is_decided_incomplete(console: Console, law: Path) -> None:
    made = console("new", "profile", "specs/shop.yaml")
    assert (made.code, made.out) == (0, "specs/shop.yaml\n")
    ran = console("check", "specs/shop.yaml", "-p", law, "-f", "json")
    assert ran.code == 4
    [decision] = json.loads(ran.out)["decisions"]
    assert decision["product"] == "shop"
    assert decision["missing"][0]["path"] == "services[0].offers"


def test_every_commented_fact_of_a_profile_is_of_the_right_kind() -> None:
    """Removing the # before a fact gives a valid profile: each alone, and all at once."""
    lines = profile("shop").splitlines()
    facts = [index for index, line in enumerate(lines) if re.match(r" +# \w+: ", line)]
    assert len(facts) >= 15
    for chosen in ([fact] for fact in facts):
        bare = [line.replace("# ", "", 1) if index in chosen else line for index, line in enumerate(lines)]
        if lines[chosen[0]].startswith("  #") and "# data:" in lines[: chosen[0]]:
            bare[bare.index("# data:")] = "data:"
        document = parse_document("\n".join(bare), "shop.yaml")
        assert [str(problem) for problem in validate(document, "profile")] == []
    whole = [
        line.replace("# ", "", 1) if index in facts or line == "# data:" else line for index, line in enumerate(lines)
    ]
    assert read_profile(parse_document("\n".join(whole), "shop.yaml")).name == "shop"


def test_each_fact_of_a_profile_stands_below_its_question_in_both_languages() -> None:
    lines = profile("shop").splitlines()
    for index, line in enumerate(lines):
        if re.match(r" +# \w+: ", line):
            assert re.search(r"\?.*？", lines[index - 1])


def test_skeletons_are_plain_yaml_in_canonical_layout(console: Console) -> None:
    console("new", "policy", "one")
    console("new", "fixture", "two")
    for path in (*Path("policies").iterdir(), *Path("fixtures").iterdir()):
        assert yaml.safe_load(path.read_text())
    assert console("fmt", "--check").out == ""


@pytest.mark.parametrize(
    ("command", "name", "files"),
    [
        ("policy", "one", ["policies/one.yaml"]),
        ("profile", "one.yaml", ["one.yaml"]),
        ("fixture", "one", ["fixtures/one.yaml"]),
        ("fixture", "one", ["fixtures/one.expect.yaml"]),
    ],
)
def test_nothing_is_overwritten(console: Console, command: str, name: str, files: list[str]) -> None:
    for file in files:
        console.write(file, "mine")
    before = sorted(console.folder.rglob("*"))
    ran = console("new", command, name)
    assert (ran.code, ran.out, ran.err) == (2, "", f"vatspolicy: {files[0]} exists already.\n")
    assert sorted(console.folder.rglob("*")) == before
    assert all(Path(file).read_text() == "mine" for file in files)


def test_a_dangling_link_is_not_overwritten(console: Console) -> None:
    (console.folder / "one.yaml").symlink_to("elsewhere.yaml")
    assert console("new", "profile", "one.yaml").code == 2
    assert not (console.folder / "elsewhere.yaml").exists()


BAD = [
    "Cloud",
    "cloud_measures",
    "../cloud",
    "cloud--measures",
    "-cloud",
    "cloud-",
    "云",
    "cloud measures",
    "cloud.yaml",
    "",
]


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("command", ["policy", "fixture"])
def test_a_bad_name_is_refused(console: Console, command: str, name: str) -> None:
    ran = console("new", command, "--", name)
    assert (ran.code, ran.out) == (2, "")
    assert "Use lower-case words joined by hyphens." in ran.err
    assert list(console.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["My Shop.yaml", "specs/SHOP.yaml", ".yaml"])
def test_a_profile_with_a_bad_name_is_refused(console: Console, name: str) -> None:
    ran = console("new", "profile", name)
    assert (ran.code, ran.out) == (2, "")
    assert list(console.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["shop.json", "shop.txt", "shop"])
def test_a_profile_is_yaml(console: Console, name: str) -> None:
    ran = console("new", "profile", name)
    assert (ran.code, ran.err) == (2, "vatspolicy: the skeleton is YAML: end the name with .yaml.\n")


def test_no_policy_takes_the_name_of_the_bundle(console: Console) -> None:
    ran = console("new", "policy", "bundle")
    assert ran.code == 2
    assert ran.err.startswith("vatspolicy: 'bundle' is the name of the file that describes a bundle.")
    assert list(console.folder.iterdir()) == []


def test_a_folder_that_cannot_be_made(console: Console) -> None:
    console.write("policies", "a file")
    ran = console("new", "policy", "one")
    assert (ran.code, ran.out) == (70, "")
    assert ran.err.startswith("vatspolicy: cannot write policies/one.yaml: ")
