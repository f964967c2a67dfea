"""`vatspolicy screen`: every form of input gives the same answers, nothing is lost, and a stopped run goes on."""

from __future__ import annotations

import csv
import datetime
import json
import os
import random
import shutil
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.console import Console, needs_posix
from tests.support.effort import LONG, SEED
from tests.support.law_builder import rule as rule_line
from tests.support.layer_builder import write_layer
from tests.support.portfolio_rows import DAY, PLAIN, lines, portfolio, read
from tests.support.samples import shipped
from tests.support.shipped import PARTS, policy_file
from vatspolicy.core.documents import parse_document
from vatspolicy.core.engine.evaluator import evaluate, possible_outcomes
from vatspolicy.core.profile.profile import load_profile, read_profile
from vatspolicy.errors import InvalidInput
from vatspolicy.i18n.lint import HAN
from vatspolicy.screening import run
from vatspolicy.screening.decide import Decider
from vatspolicy.screening.input import PortfolioRow, Rejected, read_facts

SECRET = "s3cr3t-value"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return portfolio(24)


def test_answers_are_those_of_check(console: Console, rows: list[dict[str, Any]]) -> None:
    console.write("in.jsonl", lines(rows))
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", *DAY)
    assert ran.code == 0, ran.err
    bundle, _ = shipped()
    found = read(console.folder / "out.jsonl")
    assert [answer["row"] for answer in found] == list(range(1, 25))
    for answer, row in zip(found, rows, strict=True):
        full = evaluate(bundle, load_profile(row), "2026-01-01")
        assert (answer["decision"], tuple(answer["range"])) == (full.decision, full.range)
        asked = [".".join(map(str, ask.path)) for ask in full.missing]
        following = possible_outcomes(bundle.on("2026-01-01"), load_profile(row).grant_all(), "2026-01-01").missing
        assert answer["missing"] == [".".join(map(str, ask.path)) for ask in following], "those to ask for next"
        assert answer["missing"] == asked[: len(answer["missing"])], "which check names first"
        assert bool(answer["missing"]) == bool(asked)
    assert {answer["decision"] for answer in found} >= {"deny", "incomplete"}
    assert "24 rows, 0 rejected" in ran.out
    assert "100% 24 rows" in ran.err
    assert not list(console.folder.glob("*.parts"))


def test_parquet_is_read_and_written(console: Console, law: Path) -> None:
    """A column a fact, or one column of JSON text; NULL is a missing fact."""
    pa = pytest.importorskip("pyarrow", reason="the extra `portfolio` is not installed")
    from pyarrow.parquet import read_table, write_table

    console.write("in.jsonl", lines(PLAIN))
    write_table(pa.table({"profile": lines(PLAIN).splitlines()}), "texts.parquet")
    keys = dict.fromkeys(key for row in PLAIN for key in row)  # pyarrow takes those of the first row
    write_table(pa.Table.from_pylist([{key: row.get(key) for key in keys} for row in PLAIN]), "in.parquet")
    for options in ((), ("--no-missing",), ("--diff", law, law)):
        for source in ("in.jsonl", "in.parquet", "texts.parquet"):
            ran = console("screen", source, "-o", f"{source}.jsonl", *options, *DAY)
            assert ran.code == 0, (source, ran.err)
            assert console("screen", source, "-o", f"{source}.out.parquet", *options, *DAY).code == 0
            answers = read(console.folder / f"{source}.jsonl")
            assert answers == read(console.folder / "in.jsonl.jsonl")
            assert read_table(f"{source}.out.parquet").to_pylist() == answers


def test_values_of_parquet_that_json_lacks_are_read_or_set_apart(console: Console) -> None:
    """A day and a decimal are read; a number that is none and a text that is not JSON are rejected."""
    pa = pytest.importorskip("pyarrow", reason="the extra `portfolio` is not installed")
    from pyarrow.parquet import write_table

    shares = [Decimal("49.50"), None]
    launch = datetime.date(2026, 5, 1)
    companies = [{"foreign_percent": share, "foreign_percent_basis": "ultimate"} for share in shares]
    table = {"schema": [2, 2], "product": [{"id": "a", "launch": launch}, {"id": "b", "launch": None}]}
    write_table(pa.table({**table, "company": companies, "services": [[{"id": "main"}]] * 2}), "in.parquet")
    assert console("screen", "in.parquet", "-o", "out.jsonl", *DAY).code == 0
    numbers = [{"foreign_percent": share} for share in (float("nan"), 1.0)]
    write_table(pa.table({**table, "company": numbers, "services": [[{"id": "main"}]] * 2}), "in.parquet")
    assert console("screen", "in.parquet", "-o", "out.jsonl", *DAY).code == 3
    assert read(console.folder / "out.jsonl.rejects.jsonl")[0]["reasons"] == ["This is not valid JSON: not a number."]
    write_table(pa.table({"profile": ["{", None]}), "in.parquet")
    assert console("screen", "in.parquet", "-o", "out.jsonl", *DAY).code == 3
    assert [row["row"] for row in read(console.folder / "out.jsonl.rejects.jsonl")] == [1, 2]


MAPPING = """\
product.id: name
company.foreign_percent: share
company.registered: seat
services.0.id: service
services.0.offers: offers
services.0.operated_by: operator
services.0.through_basic_carrier: carrier
"""


def test_csv_with_a_mapping(console: Console) -> None:
    console.write("map.yaml", MAPPING)
    with (console.folder / "in.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["name", "share", "seat", "service", "offers", "operator", "carrier", "note"])
        writer.writerow(["one", "0", "beijing", "main", "news; saas", "company", "true", "x"])
        writer.writerow(["two", "", "", "main", "", "", "", "x"])
        writer.writerow(["three", SECRET, "beijing", "main", "news", "company", "", "x"])
        writer.writerow(["four", "5", SECRET, "main", "news", "company", "", "x"])
    ran = console("screen", "in.csv", "-o", "out.jsonl", "--mapping", "map.yaml", *DAY)
    assert ran.code == 3
    assert [(answer["row"], answer["id"]) for answer in read(console.folder / "out.jsonl")] == [(1, "one"), (2, "two")]
    rejects = read(console.folder / "out.jsonl.rejects.jsonl")
    assert rejects[0] | {"input": ""} == {
        "row": 3,
        "reasons": ["company.foreign_percent: Write a number."],
        "input": "",
    }
    assert rejects[1]["row"] == 4
    assert rejects[1]["reasons"][0].startswith("company.registered")


def test_bad_rows_are_set_apart_and_nothing_is_lost(console: Console, rows: list[dict[str, Any]]) -> None:
    twice = {**rows[0], "services": [{"id": "a"}, {"id": "a"}]}
    bad = [
        '{"schema": 2,',
        '{"schema": 2, "schema": 2}',
        "[NaN]",
        "[" * 100_000,
        json.dumps({**rows[0], "company": {"foreign_percent": SECRET}}),
        json.dumps(twice),
        json.dumps([1]),
    ]
    console.write("in.jsonl", lines(rows[:2]) + "\n".join(bad) + "\n\n" + lines(rows[2:4]))
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--no-missing", *DAY)
    assert (ran.code, "7 rows were rejected" in ran.err) == (3, True)
    rejects = read(console.folder / "out.jsonl.rejects.jsonl")
    assert [reject["input"] for reject in rejects] == bad
    assert all(reject["reasons"] and SECRET not in str(reject["reasons"]) for reject in rejects)
    numbers = [answer["row"] for answer in read(console.folder / "out.jsonl")] + [reject["row"] for reject in rejects]
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12]


def test_reasons_are_told_in_the_language_of_the_run(console: Console, rows: list[dict[str, Any]]) -> None:
    bad = [
        '{"schema": 2,',
        '{"schema": 2, "schema": 2}',
        "[NaN]",
        json.dumps({**rows[0], "company": {"foreign_percent": 101}}),
        json.dumps({**rows[0], **{f"fact-{number}": 1 for number in range(25)}}),
    ]
    console.write("in.jsonl", lines(rows[:1]) + "\n".join(bad) + "\n")
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--lang", "zh", *DAY)
    assert ran.code == 3
    assert "每秒" in ran.err
    assert ran.out.startswith("随附法规 0.1.0\n共6行，拒收5行\n")
    reasons = [reject["reasons"] for reject in read(console.folder / "out.jsonl.rejects.jsonl")]
    assert reasons[:3] == [
        ["这不是有效的 JSON：第14列缺少用双引号括起的键名。"],
        ["这不是有效的 JSON：有重复的键。"],
        ["这不是有效的 JSON：有非数值（NaN 或无穷大）。"],
    ]
    assert reasons[3][0].startswith("company.foreign_percent: ")
    assert reasons[4][-1] == "另有5处问题。"
    assert all(HAN.search(reason) for row in reasons for reason in row)


def test_a_stopped_run_goes_on(console: Console, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    console.write("in.jsonl", lines(rows))
    monkeypatch.setattr(run, "ROWS", 5)
    options = ("--no-missing", "-j", "1", *DAY)
    assert console("screen", "in.jsonl", "-o", "whole.jsonl", *options).code == 0

    decided: list[int] = []
    decide = Decider.decide

    def stop_in_the_third(self: Decider, row: PortfolioRow, *rest: Any) -> Any:
        decided.append(row.number)
        if len(decided) == 13:
            raise KeyboardInterrupt
        return decide(self, row, *rest)

    monkeypatch.setattr(Decider, "decide", stop_in_the_third)
    assert console("screen", "in.jsonl", "-o", "out.jsonl", *options).code != 0
    assert not (console.folder / "out.jsonl").exists()
    refused = console("screen", "in.jsonl", "-o", "out.jsonl", *options)
    assert (refused.code, "--resume" in refused.err) == (2, True)
    other = console("screen", "in.jsonl", "-o", "out.jsonl", "--resume", *options[:-1], "2025-01-01")
    assert (other.code, "those of the unfinished run" in other.err) == (2, True)
    assert decided == list(range(1, 14))
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--resume", *options)
    assert ran.code == 0
    assert decided[13:] == list(range(11, 25)), "whole parts are kept"
    assert "24 rows, 0 rejected" in ran.out
    assert (console.folder / "out.jsonl").read_bytes() == (console.folder / "whole.jsonl").read_bytes()


def test_what_a_change_of_law_moves(console: Console, law: Path, rows: list[dict[str, Any]]) -> None:
    """A law whose prohibitions never hold denies less; the summary says how much, and which rules are no more."""
    dropped = set()
    for path in (policy_file(name) for name in PARTS):
        data = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
        for rule in data.get("rules", []):
            if "deny" in rule:
                rule["when"] = f"({rule['when']}) && as_of < '2015-01-01'"
                dropped.add(f"{data['id']}/{rule['id']}")
        console.write(f"head/{path.name}", yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True))
    console.write("in.jsonl", lines(rows))
    options = ("--no-missing", "-f", "json", *DAY)
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--diff", law, "head", *options)
    assert ran.code == 0, ran.err
    data = json.loads(ran.out)
    assert [side["name"] for side in data["laws"]] == [str(law), "head"]
    answers = read(console.folder / "out.jsonl")
    moved = [f"{answer['base']}->{answer['decision']}" for answer in answers if answer["base"] != answer["decision"]]
    assert data["moves"] == dict(sorted(Counter(moved).items()))
    assert any(move.startswith("deny->") for move in moved)
    assert set(data["losses"]) == {rule for answer in answers for rule in answer["losses"]} <= dropped
    assert data["losses"]
    assert not data["gains"]
    alone = console("screen", "in.jsonl", "-o", "alone.jsonl", "--law", law, *options)
    assert [a["decision"] for a in read(console.folder / "alone.jsonl")] == [answer["base"] for answer in answers]
    assert alone.code == 0


@pytest.mark.parametrize("base", [(), ("--law", "law")])
def test_what_a_change_of_a_layer_moves(
    console: Console, law: Path, rows: list[dict[str, Any]], base: tuple[str, ...]
) -> None:
    """Both sides are stacks: the law of each is the shipped one or a part of it, and the layer is read as it is there."""
    for side, audience in (("before", "own-group"), (".", "public")):
        text = rule_line("public", "service", f'service.audience == "{audience}"', "deny: {reason: SECTOR-NOT-OPEN}")
        write_layer(console.folder / side / "company", "company", company="rules:\n" + text)
        shutil.copytree(law, console.folder / side / "law")
    console.write("in.jsonl", lines(rows))
    options = ("--no-missing", "-f", "json", *DAY, *base, "-p", "company")
    ran = console("screen", "in.jsonl", "-o", "out.jsonl", "--diff", "before", ".", *options)
    assert ran.code == 0, ran.err
    answers = read(console.folder / "out.jsonl")
    assert json.loads(ran.out)["gains"] == {"company/public": sum(bool(answer["gains"]) for answer in answers)}
    assert any(answer["gains"] for answer in answers)
    console("screen", "in.jsonl", "-o", "alone.jsonl", *options)
    assert [a["decision"] for a in read(console.folder / "alone.jsonl")] == [answer["decision"] for answer in answers]
    assert (
        console("screen", "in.jsonl", "-o", "x.jsonl", "--diff", "before", ".", "--bundle", "b.tar.gz", *DAY).code == 2
    )


def test_the_summary_in_both_languages_and_as_data(console: Console, rows: list[dict[str, Any]]) -> None:
    console.write("in.jsonl", lines(rows))
    options = ("--no-missing", *DAY)
    data = json.loads(console("screen", "in.jsonl", "-o", "out.jsonl", "-f", "json", *options).out)
    assert data["rows"] == sum(data["decision"].values()) == 24
    assert sum(sum(row.values()) for row in data["region"].values()) == 24
    answers = read(console.folder / "out.jsonl")
    rules = {rule for answer in answers for rule in answer["rules"]}
    assert set(data["rule"]) == rules
    for rule, row in data["rule"].items():
        assert sum(row.values()) == sum(rule in answer["rules"] for answer in answers)
    chinese = console("screen", "in.jsonl", "-o", "out.jsonl", "--lang", "zh", "--by", "region", *options).out
    assert "共24行，拒收0行" in chinese
    assert "By region" not in chinese


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("in.txt", "-o", "out.jsonl"), "The input must end in"),
        (("gone.jsonl", "-o", "out.jsonl"), "There is no file"),
        (("in.jsonl", "-o", "out.txt"), "The output must end in"),
        (("in.jsonl", "-o", "out.jsonl", "--as-of", "1990-01-01"), "is before"),
        (("in.jsonl", "-o", "out.jsonl", "--by", "color"), "Write some of"),
        (("in.csv", "-o", "out.jsonl"), "--mapping, the columns"),
        (("in.jsonl", "-o", "out.jsonl", "--mapping", "map.yaml"), "--mapping, the columns"),
        (("in.csv", "-o", "out.jsonl", "--mapping", "wrong.yaml"), "has no fact"),
        (("in.csv", "-o", "out.jsonl", "--mapping", "map.yaml"), "has no column"),
        (("store.duckdb", "-o", "out.jsonl"), "does not read databases. Export the table to Parquet or JSON lines."),
        (("store.duckdb:view", "-o", "out.jsonl"), "does not read databases"),
        (("store.db:view", "-o", "out.jsonl"), "does not read databases"),
        (("in.parquet", "-o", "out.jsonl"), "is not a Parquet file: ArrowInvalid."),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    console: Console, arguments: tuple[str, ...], message: str
) -> None:
    console.write("in.jsonl", "")
    console.write("in.txt", "")
    console.write("in.csv", "a,b\n1,2\n")
    console.write("map.yaml", MAPPING)
    console.write("wrong.yaml", "company.color: a\n")
    for name in ("store.duckdb", "store.db", "in.parquet"):
        console.write(name, "")
    if message.startswith("is not a Parquet"):
        pytest.importorskip("pyarrow", reason="the extra `portfolio` is not installed")
    ran = console("screen", *arguments)
    assert ran.code == 2
    assert message in " ".join(ran.err.replace("│", " ").split())
    assert "Traceback" not in ran.err
    assert not Path("out.jsonl").exists()


@needs_posix
def test_a_pipe_is_not_replaced_by_answers(console: Console) -> None:
    console.write("in.jsonl", "{}\n")
    os.mkfifo(console.folder / "out.jsonl")
    ran = console("screen", "in.jsonl", "-o", "out.jsonl")
    assert (ran.code, ran.err) == (2, "vatspolicy: out.jsonl is a pipe or a device. Choose a file.\n")
    assert (console.folder / "out.jsonl").is_fifo()


@pytest.mark.parametrize(
    ("rows_file", "output"), [("in.jsonl", "in.jsonl"), ("a.jsonl.rejects.jsonl", "a.jsonl"), ("in.jsonl", "o.jsonl")]
)
def test_nothing_is_written_over_what_is_read(console: Console, rows_file: str, output: str) -> None:
    for name in (rows_file, "o.jsonl"):
        console.write(name, '{"schema": 1, "opinions": []}\n')
    ran = console("screen", rows_file, "-o", output, "--opinions", "o.jsonl")
    assert (ran.code, "this run reads " in ran.err) == (2, True)
    assert (console.folder / output).exists() is (output != "a.jsonl")
    assert "opinions" in (console.folder / rows_file).read_text(encoding="utf-8")


def test_nothing_decided_is_no_success(console: Console) -> None:
    console.write("in.jsonl", "\n")
    assert console("screen", "in.jsonl", "-o", "out.jsonl").code == 5


def test_the_quick_way_to_read_a_row_rejects_what_the_slow_way_does() -> None:
    """Conditions that no real profile breaks are passed over where a fact that they need is missing."""
    draw = random.Random(SEED + 31)
    broken = Counter[str]()
    changes: list[tuple[str, str, Any]] = [
        ("company", "foreign_percent", 0.0),
        ("company", "investor_origin", ["mainland"]),
        ("company", "investor_origin", ["hong-kong"]),
        ("company", "mainland_entity", False),
        ("company", "registered", "overseas"),
        ("company", "registered", "beijing"),
        ("company", "legal_form", "branch"),
        ("data", "persons", 5),
        ("data", "minors", 10),
        ("data", "children", 20),
        ("data", "leaves_mainland", False),
        ("data", "export", {"important": True}),
    ]
    for row in portfolio(300 if LONG else 80):
        data = json.loads(json.dumps(row))
        for owner, name, value in draw.sample(changes, 4):
            data.setdefault(owner, {})[name] = value
        try:
            read_profile(parse_document(json.dumps(data), "row.json"))
        except InvalidInput as error:
            broken.update(problem.message for problem in error.problems)
            with pytest.raises(Rejected):
                read_facts(PortfolioRow(1, "", data))
        else:
            assert read_facts(PortfolioRow(1, "", data)) == {**load_profile(data).facts, "opinions": []}
    assert len(broken) >= 8, broken
