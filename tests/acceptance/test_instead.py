"""What does the work of abilities that ended: a test runs each recipe of docs/instead.md as the page shows it."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.api_server import Start
from tests.support.api_server import start as start
from tests.support.console import Console
from tests.support.law_builder import bundle_of, rule
from tests.support.layer_builder import LAW
from tests.support.portfolio_rows import PLAIN, lines, read
from tests.support.programs import pick_port, require_program, run_program
from tests.support.project_builder import ROUTE_RULES, policy, product, project
from tests.support.shipped import ROOT, fixture_file
from tests.support.specs import SHOP

RUN_BY = {
    "vatspolicy bundle push FILE oci://…": "acceptance/test_instead.py::test_a_bundle_travels_through_a_registry",
    "vatspolicy bundle pull oci://…": "acceptance/test_instead.py::test_a_bundle_travels_through_a_registry",
    "vatspolicy update --from …": "acceptance/test_instead.py::test_a_newer_bundle_is_compared_and_taken_into_use",
    "check -o memo.docx": "acceptance/test_instead.py::test_a_report_is_a_page_or_a_table",
    "check -o checklist.xlsx": "acceptance/test_instead.py::test_a_report_is_a_page_or_a_table",
    "POST /access/v1/evaluation": "acceptance/test_instead.py::test_the_data_api_answers_curl",
    "POST /v1/data/vatspolicy/decision?explain=full": "acceptance/test_instead.py::test_the_data_api_answers_curl",
    "serve --api": "acceptance/test_api_workers.py::test_workers_share_the_work_and_one_that_is_killed_is_replaced_and_its_count_stays",
    "OTEL_…": "server/test_collector.py::test_a_collector_reads_the_spans_of_requests",
    "vatspolicy check shop.yaml --receipt receipt.json": "acceptance/test_instead.py::test_an_attestation_is_decided_again",
    "vatspolicy replay receipt.json": "acceptance/test_instead.py::test_an_attestation_is_decided_again",
    "vatspolicy test --mutation": "test_law_mistakes.py::test_a_mistake_that_no_test_notices_is_told",
    "analyze --kind idle-clause": "test_law_mistakes.py::test_a_mistake_that_no_test_notices_is_told",
    "analyze --kind duplicate": "authoring/diff/test_semantic.py::test_an_edit_that_changes_nothing_is_proved_to",
    "vatspolicy test --write-tests": "authoring/testing/test_coverage.py::test_the_report",
    "vatspolicy screen products.duckdb:profiles": "acceptance/test_instead.py::test_a_table_of_a_database_is_exported",
    "vatspolicy screen --engine duckdb": "acceptance/test_instead.py::test_a_portfolio_needs_no_engine",
    "vatspolicy screen --engine spark": "acceptance/test_spark.py::test_a_job_gives_the_rows_of_screen",
    "vatspolicy watch": "acceptance/test_entr.py::test_each_save_is_linted",
    "vatspolicy classes": "cli/test_classes.py::test_the_table_is_in_the_language_chosen",
    "vatspolicy completion SHELL": "acceptance/test_completion.py::test_bash_completes_commands_options_and_values",
    "vatspolicy diff OLD NEW --log decisions.jsonl": "acceptance/test_instead.py::test_specs_and_each_part_of_a_launch_are_decided_under_both_laws",
    "vatspolicy diff OLD NEW --save-fixtures DIR": "acceptance/test_instead.py::test_a_witness_becomes_a_fixture",
    "vatspolicy diff OLD NEW": "acceptance/test_instead.py::test_two_matrices_are_compared",
}
"""The test in `tests/` that runs the recipe for an ability."""
ROWS = {
    was.strip("`"): re.findall(r"`([^`]+)`", instead.replace(r"\|", "|"))
    for was, instead in re.findall(
        r"^\| (`.+?`)[^|]* \| (.+) \|$", (ROOT / "docs/instead.md").read_text(encoding="utf-8"), re.MULTILINE
    )
}
"""Abilities that ended, with the commands in place of each."""


def test_a_test_runs_the_recipe_for_each_ability() -> None:
    assert ROWS.keys() == RUN_BY.keys()
    for test in RUN_BY.values():
        path, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / path).read_text(encoding="utf-8"), test


def test_an_attestation_is_decided_again(console: Console) -> None:
    pytest.importorskip("cryptography")
    spec = console.write("shop.yaml", fixture_file("maker-page").read_text(encoding="utf-8"))
    assert console("bundle", "keygen", "pipeline").code == 0
    [attest], [verify] = (
        ROWS[was] for was in ("vatspolicy check shop.yaml --receipt receipt.json", "vatspolicy replay receipt.json")
    )
    assert console(*shlex.split(attest)[1:]).code == 0
    ran = console(*shlex.split(verify)[1:])
    assert (ran.code, "and decided again" in ran.out) == (0, True)
    spec.write_text(f"{spec.read_text(encoding='utf-8')}# edited\n", encoding="utf-8")
    assert console(*shlex.split(verify)[1:]).code == 1


# --- registries


@contextlib.contextmanager
def run_registry(folder: Path) -> Iterator[str]:
    """Run the registry of the Distribution project, with a user; yield its host. oras uses plain HTTP for `localhost`."""
    program, htpasswd = require_program("docker-registry", "registry"), require_program("htpasswd")
    port = pick_port()
    made = subprocess.run([htpasswd, "-Bbn", "user", "secret"], capture_output=True, text=True, check=True)
    (folder / "htpasswd").write_text(made.stdout)
    (folder / "config.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: 'localhost:{port}'}}\nauth: {{htpasswd: {{realm: x, path: {folder / 'htpasswd'}}}}}\n"
    )
    with run_program([program, "serve", folder / "config.yml"], port, folder / "log"):
        yield f"localhost:{port}"


def test_a_bundle_travels_through_a_registry(
    console: Console, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    oras = require_program("oras")
    monkeypatch.setenv("DOCKER_CONFIG", str(console.folder / "docker"))
    (push,) = ROWS["vatspolicy bundle push FILE oci://…"]
    pull, check = ROWS["vatspolicy bundle pull oci://…"]
    console.write("shop.yaml", SHOP)
    bundle_of(console.folder / "policies", **LAW)
    console("bundle", "keygen", "release")
    contents = {}
    with run_registry(tmp_path_factory.mktemp("registry")) as host:

        def run(command: str, *options: str) -> None:
            words = shlex.split(command.replace("registry.example.org", host))
            subprocess.run([oras, *words[1:], *options], cwd=console.folder, check=True, capture_output=True)

        run("oras login registry.example.org", "-u", "user", "-p", "secret")
        for number in (16, 17):
            console("bundle", "build", "--law", "policies", "--number", str(number))
            console("bundle", "sign", "bundle.tar.gz", "--key", "release.pem")
            contents[number] = (console.folder / "bundle.tar.gz").read_bytes()
            run(push.replace("v17", f"v{number}"))
        assert console("bundle", "pin", "bundle.tar.gz", "--key", "release.pub").code == 0
        (console.folder / "bundle.tar.gz").unlink()
        run(pull)
        assert (console.folder / "bundle.tar.gz").read_bytes() == contents[17]
        ran = console(*shlex.split(check)[1:], "--no-fail")
        assert (ran.code, ran.err) == (0, "")
        run(pull.replace("v17", "v16"))
        assert (console.folder / "bundle.tar.gz").read_bytes() == contents[16]
        ran = console(*shlex.split(check)[1:], "--no-fail")
        assert (ran.code, "It is older than the bundle that vatspolicy.lock pins" in ran.err) == (3, True)


# --- a newer bundle


def test_a_newer_bundle_is_compared_and_taken_into_use(console: Console) -> None:
    diff, pin, move, workflow = ROWS["vatspolicy update --from …"]
    assert (ROOT / workflow).is_file()
    before, launch = "deny: {reason: SECTOR-NOT-OPEN}", "duty: {instrument: plan, due: {before: launch}}"
    plan = "instruments:\n  plan: {title: {en: Plan, zh: 预案}, authority: [{when: 'true', is: miit}]}\n"
    tasks = plan + "rules:\n" + rule("plan", "product", "true", launch)
    later = tasks.replace("{before: launch}", "{within: 30, unit: calendar-day, after: launch}")
    limits = "rules:\n" + rule("relay", "service", "false", before)
    bundle_of(console.folder / "seven", **LAW | {"limits": limits, "tasks": tasks})
    bundle_of(console.folder / "eight", **LAW | {"tasks": later})
    console.write("specs/shop.yaml", SHOP)
    console.write("specs/tool.yaml", SHOP.replace("id: shop", "id: tool").replace("public", "own-group"))
    console("bundle", "keygen", "release")
    for number, name, target in (("7", "seven", "bundle.tar.gz"), ("8", "eight", "newer.tar.gz")):
        assert console("bundle", "build", "--law", name, "--number", number, "-o", target).code == 0
        assert console("bundle", "sign", target, "--key", "release.pem").code == 0
    assert console("bundle", "pin", "bundle.tar.gz", "--key", "release.pub").code == 0
    ran = console(*shlex.split(diff)[1:], "--semantic", "off")
    assert (ran.code, ran.err) == (0, "")
    assert "Known products that change: 1 of 2: shop: ALLOW → DENY." in ran.out
    text = " ".join(ran.out.split())
    assert "before the launch → within 30 days after the launch [Invented law, art. 1] shop, tool;" in text
    assert console(*shlex.split(pin)[1:]).code == 0
    program, old, new = shlex.split(move)
    assert program == "mv"
    (console.folder / old).replace(console.folder / new)
    assert console("check", "specs", "--bundle", "bundle.tar.gz", "--key", "release.pub").code == 1


# --- reports and the API


def test_a_report_is_a_page_or_a_table(console: Console) -> None:
    console.write("shop.yaml", SHOP)
    for was, begins in (
        ("check -o memo.docx", "<!doctype html>"),
        ("check -o checklist.xlsx", '"file","line","product"'),
    ):
        (recipe,) = ROWS[was]
        assert console(*shlex.split(recipe)[1:], "--no-fail").code == 0
        assert (console.folder / shlex.split(recipe)[-1]).read_text(encoding="utf-8").startswith(begins)


@pytest.mark.parametrize(
    ("was", "key"),
    [
        ("POST /access/v1/evaluation", "contested_rules"),
        ("POST /v1/data/vatspolicy/decision?explain=full", "changes_ahead"),
    ],
)
def test_the_data_api_answers_curl(was: str, key: str, start: Start, tmp_path: Path) -> None:
    (recipe,) = ROWS[was]
    (tmp_path / "request.json").write_text(json.dumps({"input": yaml.safe_load(SHOP)}))
    command = shlex.split(recipe.replace("localhost:8760", f"localhost:{start().port}"))
    curl = [require_program(command[0]), *command[1:]]
    answered = subprocess.run(curl, cwd=tmp_path, check=True, capture_output=True)
    result = json.loads(answered.stdout)["result"]
    assert (result["decision"], key in result) == ("allow", True)


# --- portfolios


def test_a_table_of_a_database_is_exported(console: Console) -> None:
    """By the statement of the recipe; the program of the same name takes it as a word."""
    duckdb = pytest.importorskip("duckdb", reason="needs duckdb")
    pytest.importorskip("pyarrow", reason="needs the extra `portfolio`")
    export, screen = ROWS["vatspolicy screen products.duckdb:profiles"]
    _, database, statement = shlex.split(export)
    console.write("profiles.jsonl", lines(PLAIN))
    with duckdb.connect(database) as store:
        store.execute("CREATE TABLE profiles AS FROM read_json('profiles.jsonl')")
        store.execute(statement)
    assert console(*shlex.split(screen)[1:]).code == 0
    assert console("screen", "profiles.parquet", "-o", "exported.jsonl").code == 0
    assert console("screen", "profiles.jsonl", "-o", "whole.jsonl").code == 0
    assert read(console.folder / "exported.jsonl") == read(console.folder / "whole.jsonl")


def test_a_portfolio_needs_no_engine(console: Console) -> None:
    (screen,) = ROWS["vatspolicy screen --engine duckdb"]
    console.write("profiles.jsonl", lines(PLAIN))
    assert console(*shlex.split(screen)[1:]).code == 0
    assert len(read(console.folder / "answers.jsonl")) == len(PLAIN)
    assert console(*shlex.split(screen)[1:], "--engine", "duckdb").code == 2


# --- a review of past products, and its fixtures


OLD_LAW = policy("law")
NEW_LAW = OLD_LAW.replace("value: 50.0}", "value: 50.0}\n      - {from: '2024-01-01', cite: art-1, value: 70.0}")


def test_specs_and_each_part_of_a_launch_are_decided_under_both_laws(console: Console) -> None:
    (diff,) = ROWS["vatspolicy diff OLD NEW --log decisions.jsonl"]
    for name, law in (("OLD", OLD_LAW), ("NEW", NEW_LAW)):
        project(console.folder / name, {"law": law}, {})
    console.write("specs/center.json", json.dumps(product("center", 65)))
    company = "mainland_entity: true, foreign_percent_basis: ultimate, registered: beijing"
    console.write(
        "specs/group.yaml",
        "schema: 2\nproduct: {id: group}\n"
        f"companies:\n  first: {{{company}, foreign_percent: 60}}\n  second: {{{company}, foreign_percent: 65}}\n"
        "services:\n  - {id: a, operator: first, offers: [data-center]}\n"
        "  - {id: b, operator: second, offers: [data-center]}\ndata: {persons: 0}\n",
    )
    command = [*shlex.split(diff)[1:], "--semantic", "off"]
    data = json.loads(console(*command, "-f", "json").out)
    moved = {(row["file"], row["before"]["decision"], row["after"]["decision"]) for row in data["decisions"]["rows"]}
    assert moved == {
        ("specs/center.json", "deny", "allow"),
        ("specs/group.yaml#first", "deny", "allow"),
        ("specs/group.yaml#second", "deny", "allow"),
    }
    assert data["decisions"]["products"] == 3
    text = " ".join(console(*command).out.split())
    assert "group-second 2024-01-01, " in text
    assert "Known products that change: 3 of 3: " in text
    (console.folder / "decisions.jsonl").write_text('{"decision_id": "1"}\n{"decision_id": "2"}\n', encoding="utf-8")
    ran = console(*shlex.split(diff)[1:-1], "decisions.jsonl")
    assert ran.code == 3, "a log is no spec, and says so"


def test_a_witness_becomes_a_fixture(console: Console) -> None:
    diff, test = ROWS["vatspolicy diff OLD NEW --save-fixtures DIR"]
    for name, law in (("OLD", OLD_LAW), ("NEW", NEW_LAW)):
        project(console.folder / name, {"law": law})
    (edit,) = json.loads(console(*shlex.split(diff)[1:]).out)["edits"]
    shown = edit["witness"]
    (console.folder / "NEW/fixtures/p60.yaml").unlink()
    console.write("NEW/fixtures/shown.yaml", json.dumps(shown["profile"]))
    why = {"en": "The cap rises.", "zh": "上限提高。"}
    for side, code in (("after", 0), ("before", 1)):
        expected = {"as_of": shown["since"], "decision": shown[side]["decision"]}
        console.write("NEW/fixtures/shown.expect.yaml", json.dumps({"why": why, "decisions": [expected]}))
        assert console(*shlex.split(test)[1:]).code == code


def test_two_matrices_are_compared(console: Console) -> None:
    *matrices, compare = ROWS["vatspolicy diff OLD NEW"]
    for name, cap in (("OLD", "50.0"), ("NEW", "70.0")):
        project(console.folder / name, {"law": policy("law", ROUTE_RULES.replace("50.0", cap))}, {})
    for command in matrices:
        ran = console(*shlex.split(command)[1:])
        assert (ran.code, ran.err) == (0, "")
    program, *files = shlex.split(compare)
    ran_diff = subprocess.run([require_program(program), *files], cwd=console.folder, capture_output=True, text=True)
    assert ran_diff.returncode == 1
    lines = [line.strip("<> ,") for line in ran_diff.stdout.splitlines() if "max_foreign_percent" in line]
    assert lines == ['"max_foreign_percent": 50.0', '"max_foreign_percent": 70.0']
