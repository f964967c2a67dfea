"""The benchmarks' own code: rules exported to other engines answer as ours do, larger laws are law, reports merge."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import against
import bench_analyze
import bench_diff
import bench_hostile
import bench_portfolio
import bench_rules
import cerbos
import engines
import load
import pytest
import run
import servers
from invented import Invented, agree
from measure import Candidate, Report, Row, Table, Target, figure, interleave
from multiply import Words, again, multiplied, vocabularies
from report import ROWS, merge, rewrite, sections, text
from workload import Workload, compare, draw_profiles, verdict

from tests.support.shipped import ROOT, fixture_file, shipped_bundle
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.policies.cost import rule_cost
from vatspolicy.core.profile.profile import load_profile


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return shipped_bundle()


@pytest.fixture(scope="module")
def work(bundle: Bundle) -> Workload:
    return Workload(bundle, bundle.boundaries[-1], draw_profiles(bundle, 3))


@pytest.fixture(scope="module")
def data(work: Workload) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(work.data()))
    return found


def wrongs(expected: Any, found: Any) -> int:
    return sum(compare(expected, found))


def subjects(data: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(each, facts) for one in data["asked"] for each, facts in one]


def doubles(value: Any) -> Any:
    """Every number a double, as Cerbos has it."""
    if isinstance(value, dict):
        return {key: doubles(child) for key, child in value.items()}
    if isinstance(value, list):
        return [doubles(child) for child in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def test_the_workload_asks_and_finds_something(work: Workload) -> None:
    said = [value for one in work.expected for value in one.values()]
    assert work.questions == len(said) > 1000
    assert said.count(True) > 50
    assert said.count(False) > 500


@pytest.mark.parametrize("engine", ["google", "google-fused", "google-serialized"])
def test_spelled_rules_answer_as_ours(work: Workload, data: dict[str, Any], engine: str) -> None:
    ready = engines.ENGINES[engine]({**data, "serialized": engines.serialized(data)})
    assert wrongs(work.expected, ready(subjects(data))) == 0


def test_rules_for_cerbos_answer_as_ours_on_doubles(work: Workload, data: dict[str, Any]) -> None:
    given = {"variables": ["R"], "cel": data["cerbos"]}
    asked = [(each, {"R": {"attr": doubles(facts)}}) for each, facts in subjects(data)]
    assert wrongs(work.expected, engines.google(given)(asked)) == 0


def test_a_peer_told_which_rules_hold_is_asked_no_other(work: Workload, data: dict[str, Any]) -> None:
    holding = [[name for name, value in one.items() if value is not False] for one in work.expected]
    ready = engines.google_chosen(data)
    assert wrongs(work.expected, ready(subjects(data), holding)) == 0
    nothing = ready(subjects(data), [[] for _ in holding])
    assert wrongs(work.expected, nothing) == sum(value is True for one in work.expected for value in one.values())


def test_rules_for_opa_answer_as_ours(work: Workload, data: dict[str, Any]) -> None:
    pytest.importorskip("opa_bindings")
    assert wrongs(work.expected, engines.opa(data)(subjects(data))) == 0


def test_wrong_answers_and_errors_are_counted() -> None:
    assert compare([{"a": True, "b": False, "c": None}], [{"a": True, "b": True, "c": True}]) == (1, 0)
    assert compare([{"a": True}, {"a": False}], [{"a": None}, {}]) == (0, 2)


def test_an_engine_with_a_wrong_answer_or_many_errors_is_not_timed() -> None:
    assert verdict(0, 0, 10_000) == (True, "")
    assert verdict(0, 10, 10_000) == (True, "10 of 10,000 answers are errors")
    assert verdict(0, 11, 10_000)[0] is False
    assert verdict(1, 0, 10_000) == (False, "1 of 10,000 answers are wrong")


@pytest.mark.skipif(cerbos.find() is None, reason="Cerbos is not installed")
@pytest.mark.parametrize("form", [cerbos.by_action, cerbos.by_output])
def test_a_running_cerbos_answers_as_ours(work: Workload, tmp_path: Path, form: Any) -> None:
    program = cerbos.find()
    assert program is not None
    cerbos.write(tmp_path / "policies", form(work.cerbos))
    with contextlib.ExitStack() as stack:
        _, port = stack.enter_context(cerbos.serving(program, tmp_path, tmp_path / "policies"))
        client = cerbos.Client(port, work.cerbos, form is cerbos.by_output, 3)
        stack.callback(client.close)
        assert wrongs(work.expected, client.ask(work.asked)) == 0


def test_a_kind_with_too_many_rules_for_a_request_is_several_resources() -> None:
    rules = {"service": [(f"p/r{number}", "true") for number in range(cerbos.LIMIT + 1)]}
    assert list(cerbos.by_action(rules)) == ["service-0", "service-1"]
    assert list(cerbos.by_output(rules)) == ["service-0"]


# --- servers ----------------------------------------------------------------------------------------------------------


class _Echo(BaseHTTPRequestHandler):
    """Answers a request with its body: at once, in chunks below /chunks, with status 503 below /error."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(503 if self.path == "/error" else 200)
        if self.path == "/chunks":
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in (body[:5], body[5:]):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def echo() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.parametrize("path", ["/plain", "/chunks"])
def test_the_client_reads_whole_responses(echo: int, path: str) -> None:
    messages = [load.request(path, {"number": number, "text": "x" * 1000 * number}) for number in range(4)]
    assert [json.loads(reply)["number"] for reply in load.ask(echo, messages)] == [0, 1, 2, 3]
    run = load.load(echo, messages, 0.2, 3)
    assert run.errors == 0
    assert len(run.latencies) >= 3
    assert 0 < run.percentile(50) <= run.percentile(99)


def test_the_client_counts_errors(echo: int) -> None:
    run = load.load(echo, [load.request("/error", {})], 0.1, 2)
    assert run.errors == len(run.latencies) > 0
    with pytest.raises(RuntimeError, match="503"):
        load.ask(echo, [load.request("/error", {})])


def test_the_invented_rules_deny_some_profiles_in_every_engine(tmp_path: Path) -> None:
    rules = Invented(20, 16)
    assert 0 < sum(rules.denied) < len(rules.denied)
    bundle = load_bundle(rules.write_policies(tmp_path / "policies"))
    said = [evaluate(bundle, load_profile(profile), "2027-03-01").decision for profile in rules.profiles]
    assert said == ["deny" if denied else "allow" for denied in rules.denied]
    opa_bindings = pytest.importorskip("opa_bindings")
    engine = opa_bindings.OpaEngine()
    engine.add_policy("bench.rego", (rules.write_rego(tmp_path / "rego") / "bench.rego").read_text(encoding="utf-8"))
    agree("OPA", [engine.eval_document("bench.decision", one) == "deny" for one in rules.profiles], rules.denied)
    with pytest.raises(RuntimeError, match="1 of 16 differ"):
        agree("OPA", [not rules.denied[0], *rules.denied[1:]], rules.denied)


def test_opas_server_has_all_rules_of_the_law_in_one_document(work: Workload, tmp_path: Path) -> None:
    opa_bindings = pytest.importorskip("opa_bindings")
    engine = opa_bindings.OpaEngine()
    folder = servers.write_law(tmp_path / "rego", work)
    engine.add_data(json.loads((folder / "data.json").read_text(encoding="utf-8")))
    for module in folder.glob("*.rego"):
        engine.add_policy(module.name, module.read_text(encoding="utf-8"))
    subjects = [{"each": each, "facts": facts} for each, facts in work.asked]
    fires = engine.eval_document("bench.fires", {"subjects": subjects})
    found = [
        dict.fromkeys(one, False) | dict.fromkeys(fires.get(str(n), ()), True) for n, one in enumerate(work.expected)
    ]
    assert wrongs(work.expected, found) == 0


# --- commands ---------------------------------------------------------------------------------------------------------


def test_the_change_to_review_still_fits_the_law(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    bench_diff.replace_texts(bench_diff.SAME + bench_diff.CHANGED)(tmp_path / "policies")
    before, after = shipped_bundle(), load_bundle(tmp_path / "policies")
    texts = [
        {rule.name: [e.text for e in rule.expressions] for p in b.policies.values() for rule in p.rules}
        for b in (before, after)
    ]
    changed = [name for name, text in texts[1].items() if texts[0][name] != text]
    assert len(changed) == len(bench_diff.SAME + bench_diff.CHANGED) == 15
    bench_diff.replace_texts(bench_diff.TERM)(tmp_path / "policies")  # leaves the program if the term is gone


def test_hostile_files_fill_their_size() -> None:
    size = 20_000
    for name, content in bench_hostile.files(size):
        data = content if isinstance(content, bytes) else content.encode()
        assert size - 200 < len(data) <= size, name


def test_hostile_files_of_a_mebibyte_are_refused_in_bounded_work(tmp_path: Path) -> None:
    """The system ends the command once it has used two seconds of processor for each file: one took forty before."""
    names = []
    for name, content in bench_hostile.files(2**20):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        names.append(name)
    limit = int(bench_hostile.LIMIT) * len(names)
    process = subprocess.run(
        [*servers.PROGRAM, "check", "--jobs", "1", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
    )
    assert process.returncode == 3, process.stderr[-500:]
    assert [name for name in names if name not in process.stderr] == []


def test_rules_are_those_that_the_decision_evaluates() -> None:
    law, spec = shipped_bundle(), str(fixture_file("hosting-lingang-2024"))
    rows = bench_rules.measure(law, {spec: (load_profile(spec), "2026-11-26")}, limit=1000)
    named = {row.what: row for row in rows[2:]}
    pilot = named["vats-pilot-2024/pilot-access"]
    assert pilot.more["steps at most"] == rule_cost(law, law.rule(pilot.what))
    assert pilot.more["evaluations"] > 1
    assert "telecom-regulations/vats-license" in named  # an instrument: what a held license covers
    assert not any(name.startswith("minors-platforms") for name in named)  # the index leaves them out
    times = [row.median for row in rows[2:] if row.median is not None]
    assert times == sorted(times, reverse=True)
    assert 0 < sum(times) < (rows[0].median or 0)


ANALYZED: dict[str, Any] = {
    "rules": 2,
    "not_evaluated": [],
    "properties": [{"id": "p", "verdict": "proved"}],
    "findings": [
        {"kind": "unread-fact", "severity": "information", "accepted": None, "message": {"en": "unread"}},
        {"kind": "dead", "severity": "error", "accepted": "known", "message": {"en": "dead"}},
    ],
}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"not_evaluated": [{"kind": "dead"}]}, "questions not evaluated: 1"),
        ({"properties": [{"id": "p", "verdict": "tested"}]}, "not proved: p"),
        ({"findings": [{**ANALYZED["findings"][1], "accepted": None}]}, "dead: dead"),
    ],
)
def test_an_analysis_counts_only_if_it_answered_everything(wrong: dict[str, Any], said: str) -> None:
    assert bench_analyze.check(ANALYZED) == "rules: 2, properties proved: 1"
    with pytest.raises(RuntimeError, match=said):
        bench_analyze.check(ANALYZED | wrong)


def test_an_analysis_is_run_in_a_repository(tmp_path: Path) -> None:
    folder = tmp_path / "law"
    bench_diff.repository(folder, lambda policies: (policies.parent / "CHANGED").touch())
    touched = bench_analyze.Run("since", "nothing", ("--since", "HEAD~1"), 15)
    turns, said = bench_analyze.measure(folder, touched, 1)
    assert (len(turns), said) == (1, "rules: 0, properties proved: 0")


def test_a_lost_or_displaced_row_is_counted(tmp_path: Path) -> None:
    answers = tmp_path / "answers.jsonl"
    lines = [json.dumps({"row": number, "id": f"p-{number - 1}", "decision": "deny"}) for number in range(1, 6)]

    def lost(kept: list[str]) -> int:
        answers.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        return bench_portfolio.count_lost(answers, 5)

    assert lost(lines) == 0
    assert lost(lines[:3]) == 2
    assert lost([lines[0], *lines[2:]]) == 4
    assert lost([*lines, lines[0]]) == 1


# --- larger laws ------------------------------------------------------------------------------------------------------


def test_a_copy_has_names_of_its_own() -> None:
    policy = {
        "id": "p",
        "uses": ["d"],
        "instruments": {"i": {}},
        "rules": [
            {"id": "a", "each": "activity", "need": {"through": "t"}, "when": "true"},
            {"id": "b", "each": "activity", "route": {"to": "t", "instrument": "i"}, "when": "true"},
        ],
    }
    copy = again(policy, 2, None, 0)
    assert copy["id"] == "p-2"
    assert copy["uses"] == ["d-2"]
    assert "instruments" not in copy
    assert copy["rules"][0]["need"] == {"through": "t-2"}
    assert copy["rules"][1]["route"] == {"to": "t-2", "instrument": "i"}


def test_other_law_is_about_other_things(bundle: Bundle, work: Workload) -> None:
    twice = multiplied(bundle, 2, other=True)
    rules = sum(map(len, twice.on(work.day).rules.values()))
    assert rules == 2 * sum(map(len, work.law.rules.values()))
    found = [sum(map(len, (d.duties, d.denials, d.met))) for d in _decisions(bundle, work)]
    more = [sum(map(len, (d.duties, d.denials, d.met))) for d in _decisions(twice, work)]
    assert sum(found) <= sum(more) < 1.5 * sum(found)


def _decisions(bundle: Bundle, work: Workload) -> list[Any]:
    return [evaluate(bundle, profile, work.day) for profile in work.profiles]


def test_words_move_within_their_vocabulary(bundle: Bundle) -> None:
    words = Words(bundle)
    name, places = next((name, found) for name, found in words.rules.items() if found)
    before = bundle.rule(name).when.text
    after = words.moved(before, places, 1)
    assert after != before
    known = {word for vocabulary in vocabularies().values() for word in vocabulary}
    assert set(re.findall(r'"([^"]+)"', after)) <= known


# --- measuring and reporting ------------------------------------------------------------------------------------------


def test_every_candidate_has_its_turns() -> None:
    turns: list[Any] = []
    many = Candidate("many", lambda number: turns.append(("many", number)), warm=lambda: turns.append("warm"))
    few = Candidate("few", lambda number: turns.append(("few", number)), rounds=1)
    times = interleave([many, few], 2)
    assert turns == ["warm", ("many", 0), ("few", 0), ("many", 1)]
    assert (times["many"].rounds, times["few"].rounds) == (2, 1)


def test_what_precedes_a_turn_is_not_counted() -> None:
    done: list[str] = []
    ticks = iter(range(100))

    def clock() -> float:
        done.append("clock")
        return next(ticks)

    one = Candidate("one", lambda _: done.append("run"), clock, prelude=lambda: done.append("prelude"))
    interleave([one], 2)
    assert done == ["prelude", "clock", "run", "clock"] * 2


def test_who_is_asked_gets_what_was_made_ready_for_the_round() -> None:
    given: list[Any] = []
    interleave([Candidate("one", given.append, ready=lambda number: f"round {number}")], 2)
    assert given == ["round 0", "round 1"]


def test_profiles_that_are_read_anew_are_equal_and_no_part_of_the_old(work: Workload) -> None:
    anew = work.read_anew()
    assert [one.facts for one in anew.profiles] == [one.facts for one in work.profiles]
    assert anew.expected == work.expected
    for one, other in zip(anew.profiles, work.profiles, strict=True):
        assert one.facts["company"] is not other.facts["company"]
        assert one.document.data["company"] is not other.document.data["company"]


@pytest.mark.parametrize(
    ("value", "shown"), [(0.1234, "0.123"), (1.234, "1.23"), (12.34, "12.3"), (1234.5, "1,234"), (7, "7"), ("x", "x")]
)
def test_figures_have_three_digits_that_count(value: Any, shown: str) -> None:
    assert figure(value) == shown


@pytest.fixture
def report(tmp_path: Path) -> dict[str, Any]:
    rows = [Row("ours", 1.0, 0.9, "ms", 1.0, "all", {"rounds": 3}), Row("peer", note="not installed (peer)")]
    found = Report(
        "micro",
        "Asked.",
        [Table("micro", "Peers", rows, "ours")],
        [Target("fast", "20", "5", False)],
        expect=["It is fast."],
    )
    found.write(tmp_path / "micro.json")
    return merge({"other": {"a": {"b": 2}}, "micro": json.loads((tmp_path / "micro.json").read_text())}, {"x": "why"})


def test_reports_merge_into_one_table(report: dict[str, Any]) -> None:
    assert list(report["benches"]) == ["micro", "other"]
    shown = text(report)
    assert re.search(r"ours +1\.00 +0\.900 ms +1\.00x +rounds 3", shown)
    assert "not installed (peer)" in shown
    assert "MISSED   fast: 20; is 5" in shown
    assert "FAILED   x: why" in shown
    assert re.search(r"a b +2\b", shown)


def test_tables_of_a_document_are_replaced(report: dict[str, Any]) -> None:
    document = (
        "# A\n\n<!-- bench: micro -->\n\nold\n\n<!-- /bench -->\n\nb\n\n"
        "<!-- bench: micro/micro -->\n<!-- /bench -->\n\n<!-- bench: gone -->\n<!-- /bench -->\n"
    )
    once = rewrite(document, sections(report))
    assert "old" not in once
    assert once.count("| ours | 1.00 | 0.900 | 1.00 | 3 | all |") == 2
    assert once.count("Asked.") == 1
    assert "Not measured." in once
    assert rewrite("<!-- bench: expect -->\n<!-- /bench -->", sections(report)).count("It is fast.") == 1
    assert rewrite(once, sections(report)) == once


def test_parts_without_new_figures_stay_in_the_document(report: dict[str, Any]) -> None:
    document = (
        "<!-- bench: server -->\n\n| a | 1 |\n\n<!-- /bench -->\n"
        "<!-- bench: expect -->\n\nIt makes 2.5 a second. It is fast.\n\n<!-- /bench -->\n"
        "<!-- bench: targets -->\n\n| target | wanted | is |  |\n| --- | --- | --- | --- |\n"
        "| with 8 peers | 1 | 2 | met |\n| with 32 peers | 3 | 4 | met |\n| fast | 20 | 30 | met |\n\n<!-- /bench -->\n"
    )
    again = rewrite(document, sections(report))
    assert "| a | 1 |" in again
    assert "It makes 2.5 a second. It is fast.\n" in again
    assert "| with 8 peers | 1 | 2 | met |\n| with 32 peers | 3 | 4 | met |\n| fast | 20 | 5 | **missed** |\n" in again
    faster = report | {
        "expect": ["It makes 7 a second."],
        "targets": [
            {"target": f"with {peers} peers", "wanted": "1", "reached": str(peers), "met": True} for peers in (9, 33)
        ],
    }
    again = rewrite(document, sections(faster))
    assert "It makes 7 a second. It is fast.\n" in again
    assert "| with 9 peers | 1 | 9 | met |\n| with 33 peers | 1 | 33 | met |\n| fast | 20 | 30 | met |\n" in again


def test_a_part_of_another_commit_says_so_and_a_long_table_is_cut(report: dict[str, Any]) -> None:
    other = json.loads(json.dumps(report["benches"]["micro"]))
    other["state"] = "00000000"
    [table] = other["tables"]
    ours = [{**table["rows"][0], "what": f"vatspolicy {number}"} for number in range(4)]
    table["rows"] = [
        *ours,
        *({**table["rows"][0], "what": f"engine {place}", "ratio": 9.0 - place} for place in range(ROWS)),
    ]
    merged = merge({**report["benches"], "startup": other, "growth": report["benches"]["micro"]}, {})
    assert merged["state"] == report["benches"]["micro"]["state"]
    shown = sections(merged)
    assert "Measured on `00000000`." in shown["startup"]
    assert "Measured on" not in shown["micro"]
    rows = re.findall(r"^\| (vatspolicy \d|engine \d)", shown["startup"], re.MULTILINE)
    assert rows == [
        "vatspolicy 0",
        "vatspolicy 1",
        "vatspolicy 2",
        *(f"engine {ROWS - 2 + place}" for place in range(2)),
    ]
    assert "4 more rows are in `build/bench.json`." in shown["startup"]


@pytest.mark.parametrize(
    ("venv", "names"), [(True, ["start", "brief", "full", "specs", "one"]), (False, ["start"])], ids=["own", "ours"]
)
def test_two_checkouts_are_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], venv: bool, names: list[str]
) -> None:
    """Against itself, with and without a .venv of its own."""
    other = tmp_path / "other"
    other.mkdir()
    for name in ("src", "policies", "schemas", "fixtures", *([".venv"] if venv else [])):
        (other / name).symlink_to(against.HERE / name)
    monkeypatch.setattr(sys, "argv", ["against.py", str(other), *["--pairs", "1", "--specs", "2", "--only"], *names])
    assert against.main() == 0
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert len(rows) == len(names)
    for what, *cells in rows:
        before, after, ratio = (float(cell.split()[0].replace(",", "")) for cell in cells)
        assert before > 0 < after, what
        assert ratio == pytest.approx(after / before, abs=0.1)


def test_a_change_that_does_not_fit_is_not_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other rows are."""
    change = dataclasses.replace(bench_diff.CHANGES[0], edit=bench_diff.replace_texts([("pipl", "no such text", "")]))
    monkeypatch.setattr(against, "CHANGES", (change,))
    only = ["--pairs", "1", "--specs", "1", "--only", "one", "start"]
    monkeypatch.setattr(sys, "argv", ["against.py", str(against.HERE), *only])
    assert against.main() == 0
    told = capsys.readouterr()
    assert "pipl.yaml does not have: no such text" in told.err
    [one, start] = told.out.splitlines()[2:]
    assert one.startswith("| `diff` of 1 changed rule, ms | not compared: ")
    assert start.startswith("| `check` of 1 spec, with the start, ms | ")


def test_a_checkout_that_fails_is_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "src" / "vatspolicy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit(70)")
    monkeypatch.setattr(sys, "argv", ["against.py", str(tmp_path), "--only", "start", "--specs", "1"])
    with pytest.raises(RuntimeError, match="ended with 70"):
        against.main()


def test_a_run_of_some_parts_keeps_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(name: str) -> None:
        (tmp_path / f"{name}.json").write_text(json.dumps({"rate": 2 if name == "micro" else 3}))

    monkeypatch.setattr(run, "run", measure)
    monkeypatch.setattr(run, "BUILD", tmp_path)
    for name in ("micro", "growth"):
        monkeypatch.setattr(sys, "argv", ["run.py", name, "--json", str(tmp_path / "bench.json")])
        assert run.main() == 0
    assert list(json.loads((tmp_path / "bench.json").read_text())["benches"]) == ["growth", "micro"]
