"""Skeletons: they load, pass lint and their own tests before anybody has filled them in, and overwrite nothing."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Collection
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.support.console import Console
from tests.support.effort import part
from tests.support.shipped import ROOT, shipped_bundle
from vatspolicy.authoring.scaffold import profile
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.profile.profile import read_profile
from vatspolicy.core.profile.word_lists import find_list


def test_a_new_policy_passes_lint_and_its_own_tests(console: Console) -> None:
    made = console("new", "policy", "cloud-measures-2027")
    assert (made.code, made.out) == (
        0,
        "policies/cloud-measures-2027.yaml\npolicies/cloud-measures-2027.test.yaml\npolicies/bundle.yaml\n",
    )
    ran = console("lint", "--law", "policies")
    assert (ran.out, ran.code) == ("No findings in 1 policy and 0 fixtures\n", 0)
    ran = console("test", "--law", "policies", "--threshold", "100")
    assert (ran.code, ran.out) == (0, "100.0 % of clause outcomes covered\n4 passed, 0 failed\n")


def test_a_new_policy_joins_others(console: Console, copy_of_law: Path) -> None:
    before = console("lint", "--law", "law").out
    release = (copy_of_law / "bundle.yaml").read_text()
    made = console("new", "policy", "zz-measures", "--policies", "law")
    assert (made.code, made.out) == (0, "law/zz-measures.yaml\nlaw/zz-measures.test.yaml\n")
    assert (copy_of_law / "bundle.yaml").read_text() == release
    assert console("lint", "--law", "law").out.splitlines()[:-1] == before.splitlines()[:-1]
    assert console("test", "--law", "law", "-r", "zz-measures").out == "4 passed, 0 failed\n"


def test_a_new_fixture_passes(console: Console, law: Path) -> None:
    made = console("new", "fixture", "shop-hangzhou")
    assert (made.code, made.out) == (0, "fixtures/shop-hangzhou.yaml\nfixtures/shop-hangzhou.expect.yaml\n")
    assert console("test", "--law", law, "-r", "shop-hangzhou").out == "1 passed, 0 failed\n"
    clean = console("lint", "--law", law).out
    assert "fixtures" not in clean


def test_a_new_profile_is_decided_incomplete(console: Console, law: Path) -> None:
    made = console("new", "profile", "specs/shop.yaml")
    assert (made.code, made.out) == (0, "specs/shop.yaml\n.vatspolicy/profile.schema.json\n")
    ran = console("check", "specs/shop.yaml", "--law", law, "-f", "json", "--details")
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


FACT = re.compile(r" +# \w+: ")


def uncommented(lines: list[str], chosen: Collection[int]) -> str:
    """The skeleton after somebody removed the # before some facts."""
    bare = [line.replace("# ", "", 1) if index in chosen else line for index, line in enumerate(lines)]
    if any("# data:" in lines[:index] for index in chosen):
        bare[bare.index("# data:")] = "data:"
    return "\n".join(bare) + "\n"


def test_no_samples_of_a_profile_lead_to_a_denial() -> None:
    """Whoever removes every #, or some of them, learns what is missing, and is never refused for a sample."""
    lines = profile("shop").splitlines()
    facts = [index for index, line in enumerate(lines) if FACT.match(line)]
    chance = random.Random(7)
    choices = [facts, *(facts[:count] for count in range(len(facts))), *([fact] for fact in facts)]
    choices += [[fact for fact in facts if chance.random() < 0.7] for _ in range(40)]
    for chosen in part(choices, 6):
        spec = read_profile(parse_document(uncommented(lines, chosen), "shop.yaml"))
        found = evaluate(shipped_bundle(), spec, "2027-06-01")
        assert found.decision != "deny", [lines[index] for index in chosen]
    whole = read_profile(parse_document(uncommented(lines, facts), "shop.yaml"))
    assert evaluate(shipped_bundle(), whole, "2027-06-01").decision == "allow"


def test_a_profile_names_the_values_or_the_command_that_lists_them() -> None:
    text = profile("shop")
    assert "# One of · 可选：public, business, own-group\n" in text
    assert "# Any of · 可多选：users, merchants, advertisers, group-companies\n" in text
    for name in ("offers", "channels", "places", "content", "features"):
        assert f"# All values · 全部取值：vatspolicy list {name}\n" in text
        assert find_list(name) is not None


def test_a_profile_tells_the_editor_its_schema(console: Console) -> None:
    assert console("new", "profile", "specs/shop.yaml").code == 0
    first = Path("specs/shop.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../.vatspolicy/profile.schema.json"
    schema = json.loads(Path(".vatspolicy/profile.schema.json").read_text())
    assert Draft202012Validator(schema).is_valid(yaml.safe_load(Path("specs/shop.yaml").read_text()))
    assert console("new", "profile", "other.yaml").out == "other.yaml\n"
    assert (
        Path("other.yaml").read_text().startswith("# yaml-language-server: $schema=.vatspolicy/profile.schema.json\n")
    )
    assert console("check", ".").code == 4


def test_skeletons_use_the_schemas_of_a_checkout(console: Console) -> None:
    shutil.copytree(ROOT / "schemas", "schemas")
    assert console("new", "profile", "specs/shop.yaml").out == "specs/shop.yaml\n"
    console("new", "policy", "one")
    console("new", "fixture", "two")
    firsts = [
        Path(file).read_text().splitlines()[0] for file in ("specs/shop.yaml", "policies/one.yaml", "fixtures/two.yaml")
    ]
    assert firsts == [
        f"# yaml-language-server: $schema=../schemas/{name}.schema.json" for name in ("profile", "policy", "profile")
    ]
    assert console("lint", "--law", "policies").code == 0
    assert console("fmt", "--check").out == ""


def test_each_fact_of_a_profile_stands_below_its_question_in_both_languages() -> None:
    lines = profile("shop").splitlines()
    for index, line in enumerate(lines):
        if re.match(r" +# \w+: ", line):
            above = lines[index - 1 : index] if "：" not in lines[index - 1] else lines[index - 2 : index - 1]
            assert re.search(r"\?.*？", above[0])


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
    assert (ran.code, ran.out, ran.err) == (2, "", f"vatspolicy: {files[0]} already exists.\n")
    assert sorted(console.folder.rglob("*")) == before
    assert all(Path(file).read_text() == "mine" for file in files)


def test_a_dangling_link_is_not_overwritten(console: Console) -> None:
    (console.folder / "one.yaml").symlink_to("elsewhere.yaml")
    assert console("new", "profile", "one.yaml").code == 2
    assert not (console.folder / "elsewhere.yaml").exists()


BAD = [
    "Cloud", "cloud_measures", "../cloud", "cloud--measures", "-cloud", "cloud-", "云", "cloud measures", "cloud.yaml",
    "",
]  # fmt: skip


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
