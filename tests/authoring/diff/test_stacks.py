"""Comparison of laws in layers: which layers a side has, and what the review says of their edits."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import tarfile
from pathlib import Path
from typing import Any, get_args

import pytest

from tests.support.comparisons import compare_revisions, render
from tests.support.law_builder import rule
from tests.support.layer_builder import overriding, write_layer
from tests.support.project_builder import policy, project
from tests.support.repositories import commit, git
from vatspolicy.authoring.diff.review import ComparisonSettings
from vatspolicy.authoring.diff.sources import Source, read_pair, read_source
from vatspolicy.bundles.bundle_file import build_bundle_file, pack
from vatspolicy.bundles.select import LawStack
from vatspolicy.cli.commands.diff import DiffFormat
from vatspolicy.core.documents import parse_document
from vatspolicy.core.documents.schemas import resource_folder
from vatspolicy.core.documents.validation import validate
from vatspolicy.errors import InvalidInput
from vatspolicy.git import SourceError
from vatspolicy.i18n import LANGUAGES

FORMATS = get_args(DiffFormat)

TODAY = "2026-06-01"
LAW = Path("policies")
COMPANY, UNIT = Path("rules/company"), Path("rules/unit")
DENIAL = "deny: {reason: SHARE-ABOVE-CAP}"
OWN = "company-rules/foreign"
FOREIGN = rule("foreign", "product", "company.foreign_percent > 10.0", DENIAL)
MILDER = overriding(OWN, rule("milder", "product", "company.foreign_percent > 40.0", DENIAL))
PROFILE = {
    "schema": 2,
    "product": {"id": "p30"},
    "company": {"foreign_percent": 30, "foreign_percent_basis": "ultimate"},
    "services": [{"id": "s", "offers": ["data-center"]}],
}


def company(root: Path, *may_loosen: str, text: str = FOREIGN, extra: str = "") -> Path:
    folder = write_layer(root / COMPANY, "company", may_loosen, company_rules="rules:\n" + text)
    head = folder / "layer.yaml"
    head.write_text(head.read_text(encoding="utf-8") + extra, encoding="utf-8")
    return folder


def unit(root: Path, text: str = MILDER) -> Path:
    return write_layer(root / UNIT, "unit", unit_rules="rules:\n" + text)


def entry(level: str, since: str = "2026-01-01", until: str = "2026-12-31") -> str:
    return f"enforce:\n  {OWN}: {{level: {level}, reason: R., from: '{since}', until: '{until}', owner: O}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A repository with a law, a fixture and the layer of a company, in its first revision."""
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    project(tmp_path, {"law": policy("law")}, {"p30": PROFILE})
    company(tmp_path)
    commit(tmp_path)
    return tmp_path


def review(root: Path, *layers: Path, base: str = "main", head: str | None = None, **settings: Any) -> dict[str, Any]:
    sides = read_pair(base, head, root, LawStack(root / LAW, layers=tuple(root / layer for layer in layers)))
    return checked(compare_revisions(*sides, ComparisonSettings(**{"today": TODAY, "semantic": "off", **settings})))


def checked(data: dict[str, Any]) -> dict[str, Any]:
    assert validate(parse_document(json.dumps(data), "comparison.json"), "comparison") == []
    return data


def moves(data: dict[str, Any]) -> list[tuple[str, str]]:
    return [(row["before"]["decision"], row["after"]["decision"]) for row in data["decisions"]["rows"]]


def layers_of(source: Source) -> list[str]:
    return [layer.head[0] for layer in source.layers]


# --- which layers a side has


def test_layers_are_read_as_they_are_in_each_revision(root: Path) -> None:
    company(root, text=FOREIGN.replace("10.0", "50.0"))
    data = review(root, COMPANY)
    assert (moves(data), data["verdict"]) == ([("deny", "allow")], "loosened")
    [item] = data["edits"]
    [change] = [data["structure"][place] for place in item["changes"]]
    assert (change["policy"], change["layer"], change["file"]) == (
        "company-rules",
        "company",
        "rules/company/company-rules.yaml",
    )
    [cause] = data["decisions"]["rows"][0]["because"]
    assert (cause["rule"], cause["layer"]) == (OWN, "company")
    assert data["base"]["layers"] == data["head"]["layers"] == ["company"]


def test_without_its_layers_the_law_alone_is_compared(root: Path) -> None:
    company(root, text=FOREIGN.replace("10.0", "50.0"))
    assert review(root)["title"]["en"] == "No change"


def test_a_layer_that_one_side_lacks_is_added_as_a_whole(root: Path) -> None:
    git(root, "rm", "-r", "--quiet", "rules")
    commit(root)
    company(root)
    data = review(root, COMPANY)
    assert moves(data) == [("allow", "deny")]
    assert [(one["kind"], one["change"]) for one in data["structure"]] == [("policy", "added"), ("layer", "added")]
    assert (data["base"]["layers"], data["head"]["layers"]) == ([], ["company"])
    back = review(root, COMPANY, base=".", head="main")
    assert moves(back) == [("deny", "allow")]
    assert [(one["kind"], one["change"]) for one in back["structure"]] == [("policy", "removed"), ("layer", "removed")]


def test_a_layer_that_no_side_has_is_refused(root: Path) -> None:
    with pytest.raises(InvalidInput, match="This layer does not exist"):
        review(root, Path("rules/none"))


@pytest.mark.parametrize(
    ("break_it", "message"),
    [
        (lambda folder: (folder / "layer.yaml").unlink(), "The layer has no layer.yaml."),
        (lambda folder: (folder / "more.yml").write_text("x: 1"), "vatspolicy would not read this file."),
        (lambda folder: (folder / "link.yaml").symlink_to("company-rules.yaml"), "A layer cannot contain links."),
        (lambda folder: (folder / "bundle.yaml").write_text("x: 1"), "This folder contains both layer.yaml and bundle.yaml, so it is not a layer."),
    ],
)  # fmt: skip
def test_a_layer_that_cannot_be_read_as_a_whole_is_refused_on_both_sides(
    root: Path, break_it: Any, message: str
) -> None:
    break_it(root / COMPANY)
    with pytest.raises(InvalidInput) as on_disk:
        review(root, COMPANY)
    assert [problem.message for problem in on_disk.value.problems] == [message]
    assert all(
        problem.file.startswith("rules/company") or "rules/company" in problem.file
        for problem in on_disk.value.problems
    )
    commit(root)
    shutil.rmtree(root / COMPANY)
    company(root)
    with pytest.raises(InvalidInput) as in_git:
        review(root, COMPANY)
    assert [problem.message for problem in in_git.value.problems] == [message]
    assert all(problem.file.startswith("main:rules/company") for problem in in_git.value.problems)


def test_two_layers_of_one_name_are_not_compared(root: Path) -> None:
    write_layer(root / UNIT, "company", unit_rules="rules:\n" + MILDER)
    data = review(root, COMPANY, UNIT)
    assert (data["exit_code"], [one["message"] for one in data["problems"]]) == (
        3,
        ["Another layer has the same name."],
    )


def test_a_bundle_with_layers_is_a_complete_stack(root: Path) -> None:
    def build(name: str) -> str:
        (root / name).write_bytes(pack(build_bundle_file(root / LAW, 1, name, layers=[root / COMPANY]).files))
        return name

    old = build("old.tar.gz")
    company(root, text=FOREIGN.replace("10.0", "50.0"))
    new = build("new.tar.gz")
    settings = ComparisonSettings(TODAY, profiles=[str(root / "fixtures/p30.yaml")], semantic="off")
    data = checked(compare_revisions(*read_pair(old, new, root), settings))
    [change] = data["structure"]
    assert (change["file"], change["layer"], data["verdict"]) == (
        "layers/1-company/company-rules.yaml",
        "company",
        "loosened",
    )
    commit(root)
    assert layers_of(read_source("main:new.tar.gz", root)) == ["layers/1-company/layer.yaml"]
    above = read_source("new.tar.gz", root, LawStack(layers=(unit(root),)))
    assert layers_of(above) == ["layers/1-company/layer.yaml", "rules/unit/layer.yaml"]


def test_a_law_that_is_named_keeps_what_stands_beside_it(root: Path) -> None:
    (root / "CHANGELOG.md").write_text("# 1.2.3\n", encoding="utf-8")
    commit(root)
    for source in read_pair("main", None, root, LawStack(root / LAW, layers=(root / COMPANY,))):
        assert source.changelog == "# 1.2.3\n"
        assert [name for name, _ in source.fixtures] == ["fixtures/p30.yaml"]
        assert [name for name, _ in source.policies] == ["policies/bundle.yaml", "policies/law.yaml"]


def test_an_archive_of_a_layer_is_a_layer(root: Path) -> None:
    with tarfile.open(root / "company.tar.gz", "w:gz") as archive:
        archive.add(root / COMPANY, arcname=".")
    found = read_source("company.tar.gz", root)
    assert layers_of(found) == ["layer.yaml"]
    assert [name for name, _ in found.layers[0].sources] == ["company-rules.yaml"]


def test_a_layer_as_a_side_stands_above_the_shipped_law(root: Path) -> None:
    for name in ("rules/company", "main:rules/company"):
        found = read_source(name, root)
        assert layers_of(found) == ["rules/company/layer.yaml"]
        assert len(found.policies) > 10


def test_a_path_out_of_the_repository_is_refused(root: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = company(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(SourceError, match="is outside the repository"):
        review(root, other)


# --- edits of layers


def test_an_added_override_that_replaces_loosens(root: Path) -> None:
    company(root, OWN)
    unit(root)
    commit(root)
    unit(root, MILDER.replace("40.0", "20.0"))
    commit(root)
    data = review(root, COMPANY, UNIT, base="main", head="main~1")
    assert moves(data) == [("deny", "allow")]
    no_override = "rules:\n" + rule("milder", "product", "company.foreign_percent > 40.0", DENIAL)
    write_layer(root / UNIT, "unit", unit_rules=no_override)
    data = review(root, COMPANY, UNIT, base="main~1")
    assert moves(data) == [("allow", "deny")]
    [item] = data["edits"]
    assert [one["rule"] for one in item["rules"]] == [OWN]
    [card] = data["law"]
    assert (card["layer"], card["after"]["overrides"]) == ("unit", None)
    assert card["before"]["overrides"]["rule"] == OWN
    assert card["before"]["overrides"]["replaces"] is True


def test_a_permission_that_is_given_moves_the_rule_that_it_lets_replace(root: Path) -> None:
    unit(root)
    commit(root)
    company(root, OWN)
    data = review(root, COMPANY, UNIT)
    [change] = data["structure"]
    assert (change["policy"], change["kind"], change["name"], change["change"]) == (
        "layer:company",
        "may_loosen",
        OWN,
        "added",
    )
    assert moves(data) == [("deny", "allow")]
    [item] = data["edits"]
    assert (item["changes"], [one["rule"] for one in item["rules"]]) == ([0], [OWN])
    [line] = data["red_lines"]
    assert (line["code"], line["rule"], line["layer"], line["changes"]) == ("loosenable", OWN, "company", [0])
    failing = review(root, COMPANY, UNIT, fail_on=["loosenable"])
    assert (failing["failed_on"], failing["exit_code"]) == (["loosenable"], 1)
    assert failing["structure"][0]["acceptance"]["fails"] is True


def test_an_entry_of_enforce_is_a_red_line_and_changes_no_decision(root: Path) -> None:
    company(root, extra=entry("warn"))
    data = review(root, COMPANY, fail_on=["loosened", "unenforced"])
    assert (moves(data), data["verdict"], data["failed_on"]) == ([], "neither", ["unenforced"])
    [line] = data["red_lines"]
    shown = {key: line[key] for key in ("code", "rule", "layer", "level", "since", "until")}
    assert shown == {
        "code": "unenforced",
        "rule": OWN,
        "layer": "company",
        "level": "warn",
        "since": "2026-01-01",
        "until": "2026-12-31",
    }
    assert line["file"] == "rules/company/layer.yaml"
    assert review(root, COMPANY, base=".", head="main")["red_lines"] == []


@pytest.mark.parametrize(
    ("before", "after", "days"),
    [
        (entry("warn"), entry("off"), ("2026-01-01", "2026-12-31")),
        (entry("warn", until="2026-03-31"), entry("warn"), ("2026-04-01", "2026-12-31")),
        (entry("warn", since="2026-02-01"), entry("warn"), ("2026-01-01", "2026-01-31")),
        (entry("'off'"), entry("warn"), None),
        (entry("warn"), entry("warn", until="2026-02-28"), None),
        (entry("warn"), entry("deny"), None),
        (entry("warn"), entry("warn").replace("R.", "Other."), None),
    ],
)
def test_only_days_on_which_findings_pass_that_did_not_are_a_red_line(
    root: Path, before: str, after: str, days: tuple[str, str] | None
) -> None:
    company(root, extra=before.replace(" off,", " 'off',"))
    commit(root)
    company(root, extra=after.replace(" off,", " 'off',"))
    data = review(root, COMPANY)
    assert [change["kind"] for change in data["structure"]] == ["enforce"]
    assert [(line["since"], line["until"]) for line in data["red_lines"]] == ([days] if days else [])


def test_a_rule_that_could_not_be_waived_is_a_red_line_if_one_that_can_be_replaces_it(root: Path) -> None:
    company(root, OWN, text=FOREIGN.replace("message:", "unwaivable: true, message:"))
    unit(root, rule("nothing", "product", "false", DENIAL))
    commit(root)
    unit(root, MILDER.replace("40.0", "10.0"))
    data = review(root, COMPANY, UNIT, fail_on=["waivable"])
    assert [(line["code"], line["rule"]) for line in data["red_lines"]] == [("waivable", OWN)]
    assert data["failed_on"] == ["waivable"]


def test_a_change_of_layers_needs_no_release_of_the_law(root: Path) -> None:
    company(root, text=FOREIGN.replace("10.0", "50.0"))
    release = review(root, COMPANY)["release"]
    assert (release["level"], release["needed"]) == ("none", "1.2.3")
    project(root, {"law": policy("law").replace("50.0", "20.0")}, {"p30": PROFILE})
    assert review(root, COMPANY)["release"]["level"] == "minor"


def test_an_instrument_of_a_layer_needs_no_release_of_the_law(root: Path) -> None:
    """A spec may state that it holds it, and so the schema that both sides read with differs."""
    permit = "instruments:\n  permit: {title: {en: Permit, zh: 许可}, authority: [{when: 'true', is: self}]}\nrules:\n"
    layer = write_layer(
        root / UNIT, "unit", unit_rules=permit + rule("p", "product", "true", "need: {instrument: permit}")
    )
    release = review(root, COMPANY, UNIT)["release"]
    assert (release["level"], release["needed"]) == ("none", "1.2.3")
    (layer / "unit-rules.yaml").replace(root / LAW / "unit-rules.yaml")
    (layer / "layer.yaml").unlink()
    assert review(root, COMPANY)["release"]["level"] == "minor", "an instrument of the law does"


def test_an_accepted_entry_of_enforce_counts_no_more(root: Path) -> None:
    company(root, extra=entry("warn"))
    [change] = review(root, COMPANY)["structure"]
    own = {key: change["acceptance"][key] for key in ("edit", "fingerprint", "effect")}
    assert own["edit"] == f"layer:company/enforce/{OWN}"
    (root / "accepted.yaml").write_text(
        json.dumps({"schema": 1, "accepted": [{**own, "reason": "R.", "person": "P", "day": TODAY}]})
    )
    data = review(root, COMPANY, accepted=root / "accepted.yaml", fail_on=["unenforced", "any"])
    assert (data["failed_on"], data["accepted"]["entries"][0]["state"]) == ([], "accepted")
    own_file = (root / "accepted.yaml").rename(root / COMPANY / "accepted.yaml")
    data = review(root, COMPANY, fail_on=["unenforced", "any"])
    assert (data["failed_on"], data["accepted"]["entries"][0]["state"]) == (["unenforced", "any"], "new")
    company(root)
    commit(root)
    company(root, extra=entry("warn"))
    assert review(root, COMPANY, fail_on=["unenforced", "any"])["failed_on"] == ["unenforced", "any"]
    own_file.unlink()
    data = review(root, COMPANY, fail_on=["unenforced", "any"])
    assert (data["failed_on"], data["accepted"]["file"]) == ([], "rules/company/accepted.yaml")


def test_a_policy_that_moves_to_another_layer_is_an_edit(root: Path) -> None:
    """Its text is the same, and what it may replace, and who may replace it, is not."""
    company(root, OWN)
    unit(root)
    commit(root)
    (root / UNIT / "unit-rules.yaml").rename(root / COMPANY / "unit-rules.yaml")
    text = (root / COMPANY / "unit-rules.yaml").read_text(encoding="utf-8")
    (root / COMPANY / "unit-rules.yaml").write_text(re.sub(r"overrides: \{.*?\}, ", "", text), encoding="utf-8")
    write_layer(root / UNIT, "unit", more="rules:\n" + rule("more", "product", "false", DENIAL))
    data = review(root, COMPANY, UNIT)
    moved = [change for change in data["structure"] if (change["policy"], change["kind"]) == ("unit-rules", "layer")]
    assert [change["fields"] for change in moved] == [[{"name": "layer", "before": "unit", "after": "company"}]]
    assert moves(data) == [("allow", "deny")]


def test_every_report_names_the_layer(root: Path) -> None:
    unit(root)
    commit(root)
    company(root, OWN, text=FOREIGN.replace("10.0", "20.0"), extra=entry("warn"))
    data, wanting = review(root, COMPANY, UNIT), []
    for format, lang in itertools.product(FORMATS, LANGUAGES):
        text = render(format, data, lang)
        words = ["company", {"en": "WEAKENED", "zh": "约束减弱"}[lang]] if format != "json" else []
        if (format, lang) == ("text", "en"):
            words += ["layer company", "with the layers company, unit"]
        wanting += [(format, lang, word) for word in words if word not in text]
    assert not wanting, wanting


# --- proofs


def test_proofs_are_about_the_whole_stack(root: Path) -> None:
    pytest.importorskip("z3")
    company(root, OWN)
    dated = "from: '2026-02-01', until: '2026-08-01', each:"
    unit(root, MILDER.replace("each:", dated))
    commit(root)
    unit(root, rule("milder", "product", "company.foreign_percent > 40.0", DENIAL).replace("each:", dated))
    data = review(root, COMPANY, UNIT, semantic="z3")
    [item] = [item for item in data["edits"] if item["rules"]]
    assert (item["verdict"], item["since"], item["until"]) == ("witness", "2026-02-01", "2026-07-31")
    assert item["transitions"] == ["allow->deny"] or item["transitions"][0] == "allow->deny"
    assert data["semantic"]["period"] == {"first": "2026-02-01", "last": "2026-07-31", "proved": True}
    assert data["semantic"]["engine"] == "z3"
    # the same edit of a rule that replaces nothing is proved to change nothing
    company(root)
    unit(root, MILDER)
    commit(root)
    unit(root, MILDER.replace("40.0", "45.0"))
    data = review(root, COMPANY, UNIT, semantic="z3")
    assert [(item["verdict"], item["transitions"]) for item in data["edits"]] == [("masked", [])]


# --- words with another name, in the law and in a layer


def renamed(data: dict[str, Any]) -> list[tuple[str, str | None, str, str]]:
    return [
        (change["policy"], change["layer"], field["before"], field["after"])
        for change in data["structure"]
        for field in change["fields"]
        if field["name"] == "renamed"
    ]


def test_a_class_that_the_law_renames_is_read_by_its_new_name_in_a_layer(root: Path) -> None:
    vocabulary = resource_folder("schemas").joinpath("vocabulary.schema.json").read_text(encoding="utf-8")
    schemas = {"vocabulary": json.loads(vocabulary.replace('"B11"', '"B11-center"'))}
    closed = rule("closed", "activity", 'activity.class == "B11"', DENIAL)
    (root / "old").mkdir()
    (root / "new").mkdir()
    for name in ("old", "new"):
        law = policy("law", "rules:\n" + rule("center", "service", "true", "classify: {classes: [B11]}"))
        project(root / name, {"law": law}, {"p30": PROFILE}, schemas={} if name == "old" else schemas)
        company(root / name, text=closed)
    for file in ((root / "new" / LAW / "law.yaml"), (root / "new" / COMPANY / "company-rules.yaml")):
        file.write_text(file.read_text(encoding="utf-8").replace("B11", "B11-center"), encoding="utf-8")
    sides = read_pair("old", "new", root, LawStack(LAW, layers=(COMPANY,)))
    data = checked(compare_revisions(*sides, ComparisonSettings(TODAY, semantic="off")))
    assert (data["state"], data["decisions"]["rows"]) == ("evaluated", [])
    assert data["decisions"]["products"] == 1
    assert renamed(data) == [("schemas", None, "B11", "B11-center")]
    assert (data["release"]["level"], data["release"]["because"]) == ("major", ["schema-breaks"])


def test_an_instrument_that_a_layer_renames_needs_no_release_of_the_law(root: Path) -> None:
    instrument = "  {name}: {{title: {{en: Consent, zh: 同意}}, authority: [{{when: 'true', is: self}}]}}\n"
    for name in ("own-consent", "own-approval"):
        text = rule("ask", "product", "true", f"need: {{instrument: {name}}}")
        above = f"instruments:\n{instrument.format(name=name)}rules:\n{text}"
        write_layer(root / COMPANY, "company", company_rules=above)
        commit(root)
    data = review(root, COMPANY, base="HEAD~1", head="HEAD")
    assert renamed(data) == [("company-rules", "company", "own-consent", "own-approval")]
    assert (data["decisions"]["rows"], data["verdict"]) == ([], "neither")
    assert data["release"]["level"] == "none"
