"""The language server, asked by an editor of its own over standard input and output."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pygls", reason="needs the extra `lsp`")

from tests.support import law_builder
from tests.support.editor import Editor, edited, units
from tests.support.law_builder import HEAD
from vatspolicy.authoring.formatter import format_text
from vatspolicy.authoring.lint.run import run_lint
from vatspolicy.core.documents import parse_document
from vatspolicy.core.policies.bundle import load_bundle

SMALL = law_builder.SMALL + "    message: {en: Open., zh: 开放。}\n"
USER = HEAD.format(id="user") + (
    "uses: [small]\n"
    "terms:\n"
    "  far: term.foreign && company.foreign_percent > param.cap\n"
    "rules:\n"
    "  - id: closed\n"
    "    cite: [art-1]\n"
    "    each: service\n"
    '    when: term.far && service.offers.exists(o, o == "data-center")\n'
    "    deny: {reason: HOSTED-ABROAD}\n"
    "    message: {en: 'Closed, share {company.foreign_percent}.', zh: '关闭，{company.foreign_percent}。'}\n"
)
SMALL_TERM = HEAD.partition("articles:")[0] + "terms:\n  near: company.mainland_entity\n"
"""A policy with one term."""
TESTS = (
    "base:\n"
    "  company: {foreign_percent: 60, foreign_percent_basis: ultimate}\n"
    "  services: [{id: s, offers: [data-center]}]\n"
    "cases:\n"
    "  - {it: closes, as_of: '2024-01-01', expect: {closed: fires}}\n"
    "  - {it: stays open, as_of: '2024-01-01', set: {company.foreign_percent: 50}, expect: {closed: silent}}\n"
    "  - {it: asks, as_of: '2024-01-01', unset: [company.foreign_percent], expect: {closed: unknown}}\n"
)
SPEC = "schema: 2\nproduct: {id: tool}\ncompany: {foreign_percent: 10, foreign_percent_basis: ultimate}\nservices:\n  - id: tool # 工具\n    offers: [data-center]\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    law = folder / "policies"
    law.mkdir()
    (law / "bundle.yaml").write_text("version: 1.0.0\ncovers: {from: '2020-01-01'}\n", encoding="utf-8")
    (law / "small.yaml").write_text(SMALL, encoding="utf-8")
    (law / "user.yaml").write_text(USER, encoding="utf-8")
    (law / "user.test.yaml").write_text(TESTS, encoding="utf-8")
    (law / "properties.yaml").write_text(
        "accepted:\n"
        "  - kind: unused-term\n"
        "    about: [small/foreign]\n"
        "    reason: {en: Both stand in the law., zh: 法律如此规定。}\n",
        encoding="utf-8",
    )
    (folder / "spec.yaml").write_text(SPEC, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Editor]:
    editor = Editor(folder)
    editor.begin()
    yield editor
    assert editor.end() == 0, editor.log.read_text()
    assert "Traceback" not in editor.log.read_text()


@pytest.fixture
def editor(running: Editor, folder: Path) -> Editor:
    """The editor with every file open as it stands on disk, and looked at."""
    for path in (*sorted((folder / "policies").glob("*.yaml")), folder / "spec.yaml"):
        text = path.read_text(encoding="utf-8")
        if path not in running.texts:
            running.open(path)
        elif running.texts[path] != text:
            running.change(path, text)
    return running


@pytest.fixture
def user(folder: Path) -> Path:
    return folder / "policies" / "user.yaml"


@pytest.fixture
def small(folder: Path) -> Path:
    return folder / "policies" / "small.yaml"


@pytest.fixture
def tests(folder: Path) -> Path:
    return folder / "policies" / "user.test.yaml"


def settle(editor: Editor, path: Path, code: str) -> list[dict[str, Any]]:
    """The findings of a file that have a code, once there are some."""
    editor.wait_for(lambda: code in [one["code"] for one in editor.findings(path)])
    return [one for one in editor.findings(path) if one["code"] == code]


# --- findings


def test_a_fault_is_marked_where_it_stands_and_goes_when_it_is_corrected(editor: Editor, user: Path) -> None:
    editor.replace(user, "service.offers.exists", "service.ofers.exists")
    [finding] = settle(editor, user, "loader")
    assert finding["message"] == "service has no 'ofers'. Did you mean 'offers'?"
    assert editor.covered(user, finding["range"]) == "ofers"
    assert (finding["severity"], finding["source"]) == (1, "vatspolicy")
    editor.replace(user, "service.ofers.exists", "service.offers.exists")
    editor.wait_for(lambda: not any(one["code"] == "loader" for one in editor.findings(user)))


def test_the_findings_of_lint_are_those_of_the_command(editor: Editor, folder: Path, user: Path) -> None:
    editor.replace(user, "param.cap", "40.0")
    settle(editor, user, "number-in-expression")
    found = editor.findings(user)
    user.write_text(editor.texts[user], encoding="utf-8")
    try:
        bundle = load_bundle(folder / "policies")
        wanted = run_lint(bundle, today="2026-11-27", only=[bundle.policies["user"]])
    finally:
        user.write_text(USER, encoding="utf-8")
    told = sorted((one["code"], one["range"]["start"]["line"] + 1) for one in found)
    assert told == sorted(
        (one.rule, one.problem.line) for one in wanted.findings if one.problem.file.endswith("user.yaml")
    )


def test_a_change_of_a_term_is_checked_in_the_policies_that_use_it(editor: Editor, small: Path, user: Path) -> None:
    editor.replace(small, "foreign: company.foreign_percent > 0.0", "foreign: company.foreign_percent")
    [finding, *_] = settle(editor, user, "loader")
    assert editor.covered(user, finding["range"]).startswith("term.")
    editor.replace(small, "foreign: company.foreign_percent", "foreign: company.foreign_percent > 0.0")
    editor.wait_for(lambda: not any(one["code"] == "loader" for one in editor.findings(user)))


def has_no_fault(editor: Editor, *paths: Path) -> bool:
    return not any(one["code"] == "loader" for path in paths for one in editor.findings(path))


def test_policies_that_are_good_only_together_are_taken_together(editor: Editor, small: Path, user: Path) -> None:
    """A rename changes both at once, and neither is saved."""
    assert editor.ask("hover", user, "term.fore|ign"), "the law has been read"
    editor.replace(small, "foreign: company", "outside: company")
    editor.replace(user, "term.foreign", "term.outside")
    editor.replace(user, "param.cap", "40.0")
    settle(editor, user, "number-in-expression")
    assert has_no_fault(editor, small, user)
    editor.replace(user, "term.outside", "term.outsde")
    [finding, *_] = settle(editor, user, "loader")
    assert finding["message"] == "There is no term 'outsde'. Did you mean 'outside'?"


def test_a_change_that_comes_late_does_not_count(editor: Editor, user: Path) -> None:
    """Helix sends the changes of quick keys out of order."""
    editor.replace(user, "service.offers.exists", "service.ofers.exists")
    document = {"uri": user.as_uri(), "version": editor.versions[user] - 1}
    editor.send("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": USER}]})
    settle(editor, user, "loader")
    editor.replace(user, "service.ofers.exists", "service.offers.exists")
    editor.wait_for(lambda: has_no_fault(editor, user))


def test_a_name_may_be_used_before_it_is_written(editor: Editor, small: Path, user: Path) -> None:
    editor.replace(user, "param.cap", "40.0 && term.later")
    settle(editor, user, "loader")
    editor.replace(small, "  foreign: company", "  later: company.foreign_percent > 1.0\n  foreign: company")
    editor.wait_for(lambda: has_no_fault(editor, small, user))
    settle(editor, user, "number-in-expression")


def test_places_are_right_behind_characters_of_two_units(editor: Editor, user: Path) -> None:
    """Chinese takes one unit a character, and a rare one two."""
    editor.replace(user, "zh: '关闭，{company.foreign_percent}。'", "zh: '𠀀关闭，{company.foreign_percnt}。'")
    [finding] = settle(editor, user, "loader")
    assert editor.covered(user, finding["range"]) == "foreign_percnt"
    before = next(line for line in editor.texts[user].split("\n") if "𠀀" in line).partition("foreign_percnt")[0]
    assert finding["range"]["start"]["character"] == units(before) == len(before) + 1


def test_a_spec_is_checked(editor: Editor, folder: Path) -> None:
    spec = folder / "spec.yaml"
    editor.replace(spec, "offers: [data-center]", "offers: [data-centre]")
    editor.wait_for(lambda: "data-centre" in [editor.covered(spec, one["range"]) for one in editor.findings(spec)])
    [finding] = [one for one in editor.findings(spec) if editor.covered(spec, one["range"]) == "data-centre"]
    actions = editor.request(
        "textDocument/codeAction",
        {"textDocument": {"uri": spec.as_uri()}, "range": finding["range"], "context": {"diagnostics": [finding]}},
    )
    [action] = [action for action in actions if action["title"] == "Replace with 'data-center'"]
    assert edited(editor, spec, action["edit"]["changes"][spec.as_uri()]) == SPEC


def test_a_file_that_is_not_read_here_has_no_findings(editor: Editor, folder: Path) -> None:
    other = folder / "other.yaml"
    editor.open(other, "name: x\nname: y\n")
    assert editor.request("textDocument/hover", editor.at(other, "na|me: x")) is None
    assert editor.findings(other) == []


# --- completion


@pytest.mark.parametrize(("old", "new", "mark", "some"), [
    ("when: term.far", "when: term.", "when: term.|", ["far", "foreign"]),
    ("when: term.far", "when: param.", "when: param.|", ["cap"]),
    ("when: term.far", "when: company.fore", "when: company.fore|", ["foreign_percent", "mainland_entity"]),
    ("when: term.far", "when: serv", "when: serv|", ["service", "operator", "product", "term", "param"]),
    ("when: term.far", "when: sets.", "when: sets.|", ["contains", "equivalent", "intersects"]),
    ("when: term.far", 'when: sets.intersects(service.offers, ["n', 'service.offers, ["n|', ["news"]),
    ("when: term.far", "when: service.offers.", "when: service.offers.|", ["exists", "all"]),
    ('o == "data-center"', 'o == "data-', 'o == "data-|', ["data-center", "saas"]),
    ("when: term.far", 'when: service.hosting == "', 'when: service.hosting == "|', ["mainland", "overseas"]),
    ("each: service", "each: ", "each: |", ["product", "service", "activity"]),
    ("reason: HOSTED-ABROAD", "reason: ", "reason: |", ["HOSTED-ABROAD", "SECTOR-NOT-OPEN"]),
    ("cite: [art-1]\n    each", "cite: [a]\n    each", "cite: [a|]\n    each", ["art-1"]),
    ("uses: [small]", "uses: [s]", "uses: [s|]", ["small"]),
    ("    deny: {reason: HOSTED-ABROAD}\n", "    den\n", "    den|\n", ["deny", "need", "unwaivable"]),
    ("    deny: {reason: HOSTED-ABROAD}\n", "    need: {instrument: p}\n", "instrument: p|}", ["permit"]),
    ("    deny: {reason: HOSTED-ABROAD}\n", "    need: {through: p}\n", "through: p|}", ["permit"]),
])  # fmt: skip
def test_what_may_be_written_in_a_policy(
    editor: Editor, user: Path, old: str, new: str, mark: str, some: list[str]
) -> None:
    editor.replace(user, old, new)
    labels = editor.labels(user, mark)
    assert [label for label in some if label in labels] == some, labels
    assert len(labels) == len(set(labels))


def test_keys_that_are_there_are_not_proposed_and_required_ones_come_first(editor: Editor, user: Path) -> None:
    editor.replace(user, "    cite: [art-1]\n    each: service\n", "    each: service\n    \n")
    labels = editor.labels(user, "    each: service\n    |\n")
    assert labels[0] == "cite"
    assert not {"id", "each", "when", "deny"} & set(labels)


def test_a_proposal_has_its_meaning_in_both_languages_and_replaces_what_is_written(editor: Editor, user: Path) -> None:
    editor.replace(user, "when: term.far", "when: company.fore")
    items = editor.ask("completion", user, "when: company.fore|")["items"]
    [item] = [item for item in items if item["label"] == "foreign_percent"]
    assert (item["detail"], editor.covered(user, item["textEdit"]["range"])) == ("Foreign share · 外资股比", "fore")


def test_what_may_be_written_in_tests_and_in_a_spec(editor: Editor, tests: Path, folder: Path) -> None:
    editor.replace(tests, "expect: {closed: fires}", "expect: {c}")
    assert editor.labels(tests, "expect: {c|}") == ["closed"]
    editor.replace(tests, "set: {company.foreign_percent: 50}", "set: {comp}")
    assert "company.foreign_percent" in editor.labels(tests, "set: {comp|}")
    spec = folder / "spec.yaml"
    editor.replace(spec, "    offers: [data-center]\n", "    offers: [data-center, ]\n    \n")
    assert {"saas", "data-center"} <= set(editor.labels(spec, "offers: [data-center, |]"))
    keys = editor.labels(spec, "data-center, ]\n    |")
    assert {"hosting", "features"} <= set(keys)
    assert "offers" not in keys


# --- meaning and navigation


@pytest.mark.parametrize(("mark", "parts"), [
    ("when: term.fa|r", ["term.far", "user", "term.foreign &&"]),
    ("company.foreign_per|cent > param", ["Foreign share · 外资股比", "percent"]),
    ("param.c|ap", ["Cap · 上限", "2020-01-01: `50.0`", "art. 1 [secondary]"]),
    ("cite: [ar|t-1]\n    each", ["art. 1 · 第一条", "[primary]", "某事。", "Something."]),
    ('"data-cen|ter"', ["**data-center**"]),
    ("HOSTED-AB|ROAD", ["HOSTED-ABROAD"]),
    ("id: clo|sed", ["user/closed", "art. 1", "in force: 2020-01-01"]),
    ("uses: [sm|all]", ["**small** 1.0.0", "小"]),
    ("ea|ch: service", ["`each`"]),
])  # fmt: skip
def test_the_meaning_of_what_stands_there(editor: Editor, user: Path, mark: str, parts: list[str]) -> None:
    found = editor.ask("hover", user, mark)
    assert found is not None
    text = found["contents"]["value"]
    assert [part for part in parts if part in text] == parts, text


def test_a_class_and_an_instrument_have_their_meaning(editor: Editor, small: Path) -> None:
    assert "互联网数据中心" in editor.ask("hover", small, "classes: [B1|1]")["contents"]["value"]
    assert "Permit · 许可证" in editor.ask("hover", small, "  per|mit: {title")["contents"]["value"]


@pytest.mark.parametrize(("mark", "file", "text"), [
    ("when: term.fa|r", "user.yaml", "far"),
    ("term.fore|ign", "small.yaml", "foreign"),
    ("param.c|ap", "small.yaml", "cap"),
    ("uses: [sm|all]", "small.yaml", "small"),
    ("cite: [ar|t-1]\n    each", "user.yaml", "art-1"),
    ("company.foreign_per|cent > param", "profile.schema.json", "foreign_percent"),
    ("{company.foreign_per|cent}.'", "profile.schema.json", "foreign_percent"),
])  # fmt: skip
def test_the_way_to_a_definition(editor: Editor, user: Path, mark: str, file: str, text: str) -> None:
    found = editor.ask("definition", user, mark)
    paths = [Path(one["uri"].removeprefix("file://")) for one in found]
    assert [path.name for path in paths] == [file]
    assert editor.covered(paths[0], found[0]["range"]) == text


def test_a_rule_in_tests_leads_to_the_policy(editor: Editor, tests: Path, user: Path) -> None:
    [found] = editor.ask("definition", tests, "expect: {clo|sed: fires}")
    assert (found["uri"], editor.covered(user, found["range"])) == (user.as_uri(), "closed")


def test_references_are_found_in_policies_and_tests(editor: Editor, small: Path, folder: Path) -> None:
    found = editor.ask("references", small, "  fore|ign: company", context={"includeDeclaration": True})
    assert sorted(Path(one["uri"]).name for one in found) == ["properties.yaml", "small.yaml", "user.yaml"]
    uses = editor.ask("references", small, "  fore|ign: company", context={"includeDeclaration": False})
    assert len(uses) == len(found) - 1
    user = folder / "policies" / "user.yaml"
    facts = editor.ask("references", user, "company.foreign_per|cent > param", context={"includeDeclaration": True})
    assert [Path(one["uri"]).name for one in facts].count("user.test.yaml") == 3
    assert [Path(one["uri"]).name for one in facts].count("user.yaml") == 3


# --- rename


def test_a_term_is_renamed_wherever_it_is_used(editor: Editor, small: Path, folder: Path, tmp_path: Path) -> None:
    start = editor.ask("prepareRename", small, "  fore|ign: company")
    assert editor.covered(small, start) == "foreign"
    changes = editor.ask("rename", small, "  fore|ign: company", newName="has_foreign_share")["changes"]
    copy = tmp_path / "policies"
    copy.mkdir()
    for path in (folder / "policies").glob("*.yaml"):
        (copy / path.name).write_text(edited(editor, path, changes.get(path.as_uri(), [])), encoding="utf-8")
    bundle = load_bundle(copy)
    assert list(bundle.policies["small"].terms) == ["has_foreign_share"]
    assert bundle.policies["user"].terms["far"].startswith("term.has_foreign_share &&")
    assert "small/has_foreign_share]" in (copy / "properties.yaml").read_text(encoding="utf-8")
    assert sum(map(len, changes.values())) == 3


@pytest.mark.parametrize(("mark", "name", "reason"), [
    ("term.fore|ign", "far", "The term 'far' is defined in user too."),
    ("term.fore|ign", "Foreign", "The name of a term consists of lower-case words joined by underscores."),
    ("id: clo|sed", "open", "Only terms can be renamed: ids of rules and policies never change."),
    ("param.c|ap", "limit", "Only terms can be renamed: ids of rules and policies never change."),
])  # fmt: skip
def test_a_rename_is_refused_with_a_reason(editor: Editor, user: Path, mark: str, name: str, reason: str) -> None:
    found = editor.ask("rename", user, mark, newName=name)
    assert found["error"]["message"] == reason


def test_what_is_refused_leaves_no_trace(tmp_path: Path, user: Path) -> None:
    """A trace of the library shows the parameters of a request, which may be parts of a spec."""
    editor = Editor(tmp_path, VATSPOLICY_DEBUG="")
    editor.begin()
    editor.open(user)
    refused = editor.ask("rename", user, "id: clo|sed", newName="open")
    assert "error" in refused
    for address in ("file:///a%00b/policies/user.yaml", "file:///a\0b.yaml", "untitled:\0"):
        document = {"uri": address, "languageId": "yaml", "version": 1, "text": "schema: 2\n"}
        editor.send("textDocument/didOpen", {"textDocument": document})
        at = {"textDocument": {"uri": address}, "position": {"line": 0, "character": 2}}
        for method in ("hover", "definition", "rename", "codeLens", "documentSymbol"):
            parameters = at | {"newName": "x"} if method == "rename" else at
            answer = editor.request(f"textDocument/{method}", parameters)
            code = answer["error"]["code"] if isinstance(answer, dict) and "error" in answer else None
            assert code == (-32803 if method == "rename" else None), (method, answer)
    assert editor.end() == 0
    assert editor.log.read_text(encoding="utf-8") == ""


def test_no_term_is_renamed_while_a_file_cannot_be_read(editor: Editor, user: Path, tests: Path) -> None:
    editor.change(tests, TESTS + "  - {")
    found = editor.ask("rename", user, "term.fore|ign", newName="abroad")
    assert found["error"]["message"].endswith("user.test.yaml has errors; correct them first.")


# --- tests and outline


def lenses(editor: Editor, path: Path) -> list[dict[str, Any]]:
    found = editor.request("textDocument/codeLens", {"textDocument": {"uri": path.as_uri()}})
    assert isinstance(found, list)
    return found


def test_results_of_tests_stand_above_rules_and_tests(editor: Editor, user: Path, tests: Path) -> None:
    assert [one["command"]["title"] for one in lenses(editor, user)] == ["3 tests passed"]
    assert [one["command"]["title"] for one in lenses(editor, tests)] == ["passed · run again"] * 3
    editor.messages.clear()
    editor.replace(tests, "expect: {closed: silent}", "expect: {closed: fires}")
    editor.wait_for(lambda: any(one["method"] == "workspace/codeLens/refresh" for one in editor.messages))
    titles = [one["command"]["title"] for one in lenses(editor, tests)]
    assert titles == ["passed · run again", "failed · run again", "passed · run again"]
    [finding] = settle(editor, tests, "test-failed")
    assert finding["message"].startswith("closed is silent, not applying.") or "closed" in finding["message"]
    assert editor.covered(tests, finding["range"]).startswith("- {it: stays open")
    assert [one["command"]["title"] for one in lenses(editor, user)] == ["1 test failed, 2 tests passed"]


def test_a_test_that_fails_is_a_finding_in_an_editor_without_lenses(folder: Path, tests: Path) -> None:
    editor = Editor(folder)
    try:
        editor.begin(workspace={})
        editor.open(tests, TESTS.replace("expect: {closed: silent}", "expect: {closed: fires}"))
        [finding] = settle(editor, tests, "test-failed")
        assert editor.covered(tests, finding["range"]).startswith("- {it: stays open")
    finally:
        assert editor.end() == 0


def test_a_test_runs_by_command(editor: Editor, tests: Path, user: Path) -> None:
    for path, part in ((tests, "user: it closes: passed"), (user, "closed: 3 tests passed")):
        command = lenses(editor, path)[0]["command"]
        editor.messages.clear()
        editor.request("workspace/executeCommand", {"command": command["command"], "arguments": command["arguments"]})
        editor.wait_for(lambda: any(one["method"] == "window/showMessage" for one in editor.messages))
        [shown] = [one["params"] for one in editor.messages if one["method"] == "window/showMessage"]
        assert (shown["type"], shown["message"]) == (3, part)


def test_the_parts_of_a_file(editor: Editor, user: Path) -> None:
    found = editor.request("textDocument/documentSymbol", {"textDocument": {"uri": user.as_uri()}})
    names = [one["name"] for one in found]
    assert names[:3] == ["id", "version", "title"]
    [rules] = [one for one in found if one["name"] == "rules"]
    assert [(one["name"], one["detail"]) for one in rules["children"]] == [
        ("closed", "关闭，{company.foreign_percent}。")
    ]


def test_a_file_is_laid_out_as_by_the_command(editor: Editor, folder: Path) -> None:
    spec, options = folder / "spec.yaml", {"tabSize": 2, "insertSpaces": True}
    request = {"textDocument": {"uri": spec.as_uri()}, "options": options}
    laid_out = format_text(parse_document(SPEC, "spec.yaml"))
    editor.change(spec, SPEC.replace("offers: [data-center]", "offers:   [ data-center ]"))
    [edit] = editor.request("textDocument/formatting", request)
    assert edit["newText"] == laid_out
    editor.change(spec, laid_out)
    assert editor.request("textDocument/formatting", request) == []
    editor.change(spec, "a: [")
    assert editor.request("textDocument/formatting", request) == []
    editor.change(spec, SPEC)


# --- whatever comes


def test_no_input_ends_the_server(editor: Editor, user: Path, folder: Path) -> None:
    texts = ["", "{", "[" * 5000, "a: &x [*x, *x]\n", "\x00\ufeff\u2028", "- " * 3000, "rules: 1", "terms: {a: {b: c}}",
             "x" * 2_000_000, USER.replace("when: term.far", "when: " + "(" * 3000), "%YAML 9\n", USER[:-40], "\ud83d"]  # fmt: skip
    for text in texts:
        editor.change(user, text)
        for method in ("hover", "completion", "definition"):
            position = {"line": text.count("\n"), "character": 3}
            editor.request(f"textDocument/{method}", {"textDocument": {"uri": user.as_uri()}, "position": position})
        lenses(editor, user)
        editor.request("textDocument/documentSymbol", {"textDocument": {"uri": user.as_uri()}})
    far = {"line": 10**6, "character": 10**6}
    for uri in ("untitled:Untitled-1", (folder / "absent.yaml").as_uri(), "file:///", "https://example.com/x.yaml"):
        editor.request("textDocument/hover", {"textDocument": {"uri": uri}, "position": far})
    editor.request(
        "workspace/executeCommand", {"command": "vatspolicy.runCase", "arguments": [user.as_uri(), ["x", 9]]}
    )
    editor.write(b"{not json")
    editor.send("textDocument/hover", {"wrong": True})
    assert editor.request("textDocument/hover", editor.at(folder / "spec.yaml", "foreign_per|cent"))


def test_a_file_that_changes_on_disk_counts(editor: Editor, folder: Path, user: Path) -> None:
    extra = folder / "policies" / "extra.yaml"
    extra.write_text(SMALL_TERM.format(id="extra"), encoding="utf-8")
    try:
        editor.send("workspace/didChangeWatchedFiles", {"changes": [{"uri": extra.as_uri(), "type": 1}]})
        editor.replace(user, "uses: [small]", "uses: [small, e]")
        assert "extra" in editor.labels(user, "uses: [small, e|]")
    finally:
        extra.unlink()
        editor.send("workspace/didChangeWatchedFiles", {"changes": [{"uri": extra.as_uri(), "type": 3}]})
    editor.replace(user, "uses: [small, e]", "uses: [s]")
    assert editor.labels(user, "uses: [s|]") == ["small"]


def test_it_speaks_chinese(folder: Path) -> None:
    editor = Editor(folder, "--lang", "zh")
    try:
        editor.begin(general={"positionEncodings": ["utf-8"]})
        spec = folder / "spec.yaml"
        editor.open(spec, SPEC.replace("offers:", "ofers:"))
        [finding, *_] = settle(editor, spec, "loader")
        assert not finding["message"].isascii()
    finally:
        editor.end()
