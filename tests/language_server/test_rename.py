"""A rename leaves the law as it is, whatever the files look like, or it is refused with a reason."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.effort import part
from tests.support.law_builder import HEAD
from tests.support.layer_builder import write_layer
from tests.support.shipped import POLICIES
from tests.support.specs import TODAY
from vatspolicy.authoring.diff.rules import Differences, RuleSignatures
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.i18n import translate
from vatspolicy.language_server.navigation import RenameRefused, edit_texts, rename_term
from vatspolicy.language_server.project import Project

RULE = (
    "  - id: {id}\n    cite: [art-1]\n    each: {each}\n    when: {when}\n"
    "    deny: {{reason: HOSTED-ABROAD}}\n    message: {{en: Closed., zh: 关闭。}}\n"
)
BASE = HEAD.format(id="base") + "terms:\n  abroad: company.foreign_percent > 0.0\n"
FILES = {
    "bundle.yaml": "version: 1.0.0\ncovers: {from: '2020-01-01'}\n",
    "base.yaml": BASE + "rules:\n" + RULE.format(id="own", each="product", when="term.abroad"),
}

LAYERED = "uses: [base]\nrules:\n" + RULE.format(id="x", each="product", when="term.abroad")


def user(when: str, more: str = "", each: str = "product") -> str:
    return HEAD.format(id="user") + f"uses: [base]\n{more}rules:\n" + RULE.format(id="closed", each=each, when=when)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path.resolve() / "policies"
    folder.mkdir()
    write(folder, FILES)
    return folder


def write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def rename(project: Project, file: Path, name: str, mark: str = "  abroad") -> dict[str, str]:
    """The texts that are edited, after the edits."""
    text = project.text(str(file)).content
    place = text.index(mark) + len(mark) - 1
    return edit_texts(project, rename_term(project, str(file), place, name), name)


def refusal(project: Project, file: Path, name: str, mark: str = "  abroad") -> str:
    with pytest.raises(RenameRefused) as refused:
        rename(project, file, name, mark)
    return translate(refused.value.args[0], "en")


def differing(before: Bundle, after: Bundle) -> list[str]:
    return list(Differences(RuleSignatures(before), RuleSignatures(after)).names)


WAYS = {
    "plain": user("term.abroad && company.mainland_entity"),
    "twice in one text": user("term.abroad || !term.abroad"),
    "spaces around the dot": user("term . abroad && company.mainland_entity"),
    "over two lines": user(">-\n      company.mainland_entity &&\n      term.\n      abroad"),
    "a block with line breaks": user("|\n      company.mainland_entity\n      && term.abroad\n"),
    "single quotes": user("'product.id == ''x'' || term.abroad'"),
    "double quotes with escapes": user('"product.id == \\"甲\\u4e59\\" || term.abroad"'),
    "behind Chinese and a rare character": user("'product.id == \"甲𠀀\" || term.abroad'"),
    "an alias of a text": user("&a term.abroad") + RULE.format(id="other", each="service", when="*a"),
    "a flow mapping": user("term.abroad", "terms: {far: term.abroad && company.mainland_entity}\n"),
    "a term of a term of a term": user("term.third", "terms:\n  second: term.abroad\n  third: '!term.second'\n"),
    "a text that looks like it": user("'term.abroad && product.id != \"term.abroad\"'"),
    "a rule of the same name": user("term.abroad").replace("id: closed", "id: abroad"),
    "a parameter of the same name": user(
        "term.abroad && company.foreign_percent > param.abroad",
        "parameters:\n  abroad: {title: {en: Cap, zh: 上限}, values: [{from: '2020-01-01', cite: art-1, value: 50.0}]}\n",
    ),
    "an article of the same name": user("term.abroad").replace("art-1", "abroad"),
    "a variable of the same name": user("'term.abroad && services.exists(abroad, abroad.hosting == \"overseas\")'"),
    "a message and a comment": user("term.abroad # term.abroad").replace("en: Closed.", "en: 'Closed: term.abroad.'"),
    "Windows line ends": user("term.abroad").replace("\n", "\r\n"),
    "a byte order mark": "\ufeff" + user("term.abroad"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_the_law_is_the_same_however_a_use_is_written(folder: Path, way: str) -> None:
    (folder / "user.yaml").write_text(WAYS[way], encoding="utf-8", newline="")
    before = load_bundle(folder)
    edited = rename(Project(lambda: TODAY), folder / "base.yaml", "outside")
    write(folder, edited)
    after = load_bundle(folder)
    assert list(after.policies["base"].terms) == ["outside"]
    assert str(folder / "user.yaml") in edited
    assert differing(before, after) == []
    assert len(edited[str(folder / "user.yaml")]) - len(WAYS[way].lstrip("\ufeff").replace("\r\n", "\n")) in (1, 2)


def test_a_fact_and_a_term_may_have_one_name(folder: Path) -> None:
    write(folder, {"user.yaml": user("term.abroad && company.mainland_entity")})
    before = load_bundle(folder)
    write(folder, rename(Project(lambda: TODAY), folder / "base.yaml", "company"))
    after = load_bundle(folder)
    assert "term.company && company.mainland_entity" in after.policies["user"].rules[0].when.text
    assert differing(before, after) == []


def test_open_texts_count_and_not_those_on_disk(folder: Path) -> None:
    write(folder, {"user.yaml": user("company.mainland_entity")})
    project = Project(lambda: TODAY)
    project.texts[str(folder / "user.yaml")] = user("'!term.abroad'")
    project.texts[str(folder / "base.yaml")] = FILES["base.yaml"].replace("> 0.0", "> 1.0")
    edited = rename(project, folder / "base.yaml", "outside")
    assert edited[str(folder / "user.yaml")] == user("'!term.outside'")
    assert "outside: company.foreign_percent > 1.0" in edited[str(folder / "base.yaml")]


def test_a_file_that_changed_on_disk_is_read_again(folder: Path) -> None:
    project = Project(lambda: TODAY)
    write(folder, {"user.yaml": user("company.mainland_entity")})
    assert set(rename(project, folder / "base.yaml", "outside")) == {str(folder / "base.yaml")}
    write(
        folder, {"user.yaml": user("term.abroad"), "third.yaml": user("term.abroad").replace("id: user", "id: third")}
    )
    edited = rename(project, folder / "base.yaml", "outside")
    assert {Path(file).name for file in edited} == {"base.yaml", "user.yaml", "third.yaml"}


def test_a_policy_that_was_not_saved_yet_is_edited(folder: Path) -> None:
    project = Project(lambda: TODAY)
    project.texts[str(folder / "new.yaml")] = user("term.abroad")
    assert rename(project, folder / "base.yaml", "outside")[str(folder / "new.yaml")] == user("term.outside")
    project.texts[str(folder / "new.yaml")] = "uses: [base\n"
    assert refusal(project, folder / "base.yaml", "outside").endswith("new.yaml has errors; correct them first.")


def test_accepted_findings_name_the_new_term(folder: Path) -> None:
    settings = (
        "accepted:\n"
        "  - {kind: unused-term, about: [base/abroad], reason: {en: So., zh: 是。}}\n"
        "  - {kind: conflict, about: [base/own, user/abroad], reason: {en: So., zh: 是。}}\n"
    )
    write(folder, {"user.yaml": user("'!term.abroad'"), "properties.yaml": settings})
    edited = rename(Project(lambda: TODAY), folder / "base.yaml", "outside")
    wanted = settings.replace("base/abroad", "base/outside")
    assert edited[str(folder / "properties.yaml")] == wanted


@pytest.mark.parametrize("known", ["by an open file", "by an option"])
def test_a_layer_above_is_edited_too(folder: Path, tmp_path: Path, known: str) -> None:
    company = write_layer(tmp_path.resolve() / "company", "company", company=LAYERED)
    project = Project(lambda: TODAY, named=(folder, (company,)))
    file = company / "company.yaml"
    if known == "by an open file":
        project.texts[str(file)] = file.read_text(encoding="utf-8")
    edited = rename(project, folder / "base.yaml", "outside")
    assert "when: term.outside" in edited[str(file)]
    before = load_bundle(folder)
    write(folder, edited)
    assert differing(before, load_bundle(folder)) == []


def test_a_term_of_the_installed_law_is_not_renamed_from_a_layer(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = tmp_path.resolve() / "_resources" / "policies"
    shutil.copytree(folder, installed)
    monkeypatch.setattr("vatspolicy.language_server.navigation.resource_folder", lambda _: installed)
    company = write_layer(tmp_path.resolve() / "company", "company", company=LAYERED)
    project = Project(lambda: TODAY, named=(installed, (company,)))
    told = refusal(project, company / "company.yaml", "outside", "when: term.abroad")
    assert told == "The shipped law cannot be edited here."


@pytest.mark.parametrize(("name", "reason"), [
    ("in", "'in' is a reserved word of CEL."),
    ("true", "'true' is a reserved word of CEL."),
    ("null", "'null' is a reserved word of CEL."),
    ("far", "The term 'far' is defined in user too."),
    ("x" * 61, "The name of a term consists of lower-case words joined by underscores."),
    *((name, "The name of a term consists of lower-case words joined by underscores.")
      for name in ("", "Abroad", "a-b", "a.b", "_a", "a__b", "a\n", "1a", "é", "境外", "a b", "abroad ")),
])  # fmt: skip
def test_a_name_that_would_break_the_law_is_refused(folder: Path, name: str, reason: str) -> None:
    write(folder, {"user.yaml": user("term.far", "terms:\n  far: term.abroad\n")})
    assert refusal(Project(lambda: TODAY), folder / "base.yaml", name) == reason


@pytest.mark.parametrize("name", ["as", "for", "size", "exists", "operator", "term", "param", "x" * 60, "abroad"])
def test_any_other_word_names_a_term(folder: Path, name: str) -> None:
    write(folder, {"user.yaml": user("term.abroad && company.mainland_entity")})
    before = load_bundle(folder)
    write(folder, rename(Project(lambda: TODAY), folder / "base.yaml", name))
    assert differing(before, load_bundle(folder)) == []


@pytest.mark.parametrize(("text", "reason"), [
    (user('"term.\\u0061broad"'), "A use in {file} cannot be replaced; rename it by hand."),
    (user('"term.ab\\\n      road"'), "A use in {file} cannot be replaced; rename it by hand."),
    (user("term.abroad &&"), "{file} has errors; correct them first."),
    (user("term.abroad") + "  - {", "{file} has errors; correct them first."),
    (user("term.abroad").replace("rules:", "rules: 1\nx:"), "{file} has errors; correct them first."),
    ("uses: base", "{file} has errors; correct them first."),
])  # fmt: skip
@pytest.mark.parametrize("place", ["on disk", "open"])
def test_a_file_that_cannot_be_edited_stops_the_rename(folder: Path, text: str, reason: str, place: str) -> None:
    file, project = folder / "user.yaml", Project(lambda: TODAY)
    write(folder, {"user.yaml": user("term.abroad")})
    if place == "on disk":
        write(folder, {"user.yaml": text})
    else:
        project.texts[str(file)] = text
    assert refusal(project, folder / "base.yaml", "outside") in (
        reason.format(file=file),
        "The law has errors; correct them first.",
        "Only terms can be renamed: ids of rules and policies never change.",  # no law could be read at all
    )


@pytest.fixture
def nobody() -> Iterator[None]:
    """Run as a user who may not write the files: file modes do not bind root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder of policies that others may read."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place).resolve()
        folder.chmod(0o755)
        write(folder, FILES | {"user.yaml": user("term.abroad")})
        (folder / "base.yaml").chmod(0o666)
        (folder / "user.yaml").chmod(0o444)
        yield folder


@pytest.mark.usefixtures("nobody")
def test_a_file_that_cannot_be_written_stops_the_rename(readable: Path) -> None:
    told = refusal(Project(lambda: TODAY), readable / "base.yaml", "outside")
    assert told == f"{readable / 'user.yaml'} cannot be written."


@pytest.mark.parametrize(("policy", "term"), part([("definitions", "foreign"), ("vats-pilot-2024", "in_region")], 2))
def test_a_term_of_the_whole_law_is_renamed(tmp_path: Path, policy: str, term: str) -> None:
    folder = tmp_path.resolve() / "policies"
    shutil.copytree(POLICIES, folder)
    before = load_bundle(folder)
    [file] = folder.rglob(f"{policy}.yaml")
    edited = rename(Project(lambda: TODAY), file, "quite_another_word", f"\n  {term}")
    for name, text in edited.items():
        Path(name).write_text(text, encoding="utf-8")
    after = load_bundle(folder)
    assert differing(before, after) == []
    assert term not in after.policies[policy].terms
    accepted = (folder / "properties.yaml").read_text(encoding="utf-8")
    assert re.findall(rf"about: \[{policy}/[^]]*\bterm\.{term}\b", accepted) == []
