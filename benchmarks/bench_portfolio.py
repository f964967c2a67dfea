"""Portfolios in DuckDB: speed, growth, memory, and peers.

    python benchmarks/bench_portfolio.py [--sizes 10000 50000] [--python 300] [--cel 400] [--json FILE]

The default takes a few minutes; `--sizes 10000 100000 1000000` is the long run. Three tables:

- the decision alone, on one thread, and on two that each have a database and half of the profiles: validated facts are
  in a table and are decided in tables of at most 50,000; beyond 100,000 the same profiles are decided again;
- `vatspolicy screen`, from a file of JSON lines to a file of answers, in its own process; memory is that of all its
  processes together. Without missing facts, and with them if `--named` allows;
- the rules alone, as our SQL and as pycel2sql's, on the same tables in the same DuckDB. pycel2sql needs Python 3.12 and
  gets its own environment below `build/bench`.

Generated Python decides `--python` profiles on one core, and its answers are compared with DuckDB's; the exit code is 1
if they differ. Profiles are synthetic and seeded (profiles.py); those for pycel2sql are random and complete, because
its SQL has no unknown. Processor time counts all threads, so that its ratio understates the gain of two cores.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
from celtext import spelled
from measure import BUILD, Report, Row, Table, Target, finish, note, parser, peak
from profiles import profiles
from workload import Workload, draw_profiles

from tests.support.portfolios import DuckDecider
from vatspolicy.cel.sql import column, to_sql, write
from vatspolicy.cel.types import INT
from vatspolicy.policies.bundle import load_bundle
from vatspolicy.policies.compiler import variables
from vatspolicy.screening.duckdb_engine import connect, load_lines, load_rows
from vatspolicy.screening.engines import decide
from vatspolicy.screening.input import Row as Input
from vatspolicy.screening.sql_expressions import ROW, fact_columns
from vatspolicy.screening.validation import read_facts

BATCH = 50_000
DISTINCT = 100_000
TOGETHER = 10
"""Rules that one query asks: the faster way for pycel2sql's text; ours would gain from more."""


@dataclass(frozen=True)
class Run:
    """What one measurement took."""

    size: int
    wall: float
    cpu: float
    peak: float
    """Megabytes."""

    def row(self, what: str, base: float | None) -> Row:
        """As a row; `base`: seconds of the processor that generated Python takes for one profile."""
        more = {"s": self.wall, "a second": round(self.size / self.wall), "us": self.wall / self.size * 1e6}
        each = self.cpu / self.size
        return Row(what, each * 1e6, None, "us processor", base / each if base else None, "", more | {"MB": self.peak})


def clock(run: Callable[[], object]) -> tuple[float, float]:
    """Seconds by the wall clock and of the processor."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


def facts(count: int, seed: int = 1) -> Iterator[Any]:
    """Facts of synthetic profiles, read and checked."""
    return (read_facts(Input(index, "", data)) for index, data in enumerate(profiles(count, seed)))


# --- the decision alone -----------------------------------------------------------------------------------------------


def decide_alone(size: int, day: str, threads: int) -> Run:
    """Decide as many profiles in DuckDB, a database a thread: DuckDB shares no table that is as small as these."""
    columns = {ROW: INT, **fact_columns()}
    law = load_bundle().on(day)
    together = min(BATCH, -(-size // threads))
    wall = cpu = 0.0
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        pool = held.enter_context(ThreadPoolExecutor(threads))
        deciders = [DuckDecider(held.enter_context(connect(1)), law, day) for _ in range(threads)]
        for round_ in range(0, size, threads * together):
            turn = list(zip(range(round_, size, together), deciders, strict=False))
            for start, decider in turn:
                count = min(together, size - start)
                path = folder / f"{start % DISTINCT}-{count}.rows"
                if not path.exists():
                    found = enumerate(facts(count, 1 + start))
                    rows = ({ROW: i, **{n: f[n] for n in columns if n in f}} for i, f in found)
                    with path.open("w", encoding="utf-8") as file:
                        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
                load_lines(decider.connection, "profiles", columns, path)
            took, used = clock(lambda: list(pool.map(DuckDecider.run, [decider for _, decider in turn])))  # noqa: B023
            wall, cpu = wall + took, cpu + used
    return Run(size, wall, cpu, peak())


def python_alone(count: int, day: str) -> tuple[float, float, bool]:
    """Seconds of generated Python for one profile, by both clocks, and whether DuckDB's answers are the same."""
    law = load_bundle().on(day)
    sample = list(facts(count))
    for one in sample[:20]:  # load what is loaded once
        decide(law, one, day)
    wall, cpu = clock(lambda: [decide(law, one, day) for one in sample])
    with connect(1) as connection:
        same = DuckDecider(connection, law, day).decide(sample) == [decide(law, one, day) for one in sample]
    return wall / count, cpu / count, same


# --- the whole pipeline -----------------------------------------------------------------------------------------------


def write_profiles(path: Path, size: int) -> None:
    """Write a file of synthetic profiles."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one, ensure_ascii=False) + "\n" for one in profiles(size))


def screen(source: Path, size: int, day: str, *options: str) -> Run:
    """`vatspolicy screen` on a file."""
    output = source.with_suffix(".answers.jsonl")
    program = [sys.executable, "-c", "from vatspolicy.cli import main; main()"]
    command = [*program, "screen", str(source), "-o", str(output), "--as-of", day, *options]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    most = 0.0
    while process.poll() is None:
        most = max(most, together(process.pid))
        time.sleep(0.1)  # a short run has a short peak
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    output.unlink()
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {process.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(size, wall, cpu, most)


def together(pid: int) -> float:
    """Megabytes that a process and those that it started hold; what they share is counted once (PSS)."""
    found, waiting = 0, [pid]
    while waiting:
        one = waiting.pop()
        try:
            text = Path(f"/proc/{one}/smaps_rollup").read_text(encoding="ascii")
            waiting += map(int, Path(f"/proc/{one}/task/{one}/children").read_text(encoding="ascii").split())
        except OSError:  # it has ended meanwhile
            continue
        found += next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:"))
    return found / 1024


# --- pycel2sql --------------------------------------------------------------------------------------------------------


class NotHere(RuntimeError):
    """Why pycel2sql cannot be asked."""


def pycel2sql(texts: dict[str, str]) -> dict[str, Any]:
    """Return the SQL that pycel2sql generates from CEL (see celsql.py).

    Raises: NotHere.
    """
    folder = BUILD / "pycel2sql"
    python = folder / "bin" / "python"
    if not python.exists():
        newer = (f"python3.{minor}" for minor in range(20, 11, -1) if _runs(shutil.which(f"python3.{minor}")))
        found = next(newer, None)
        if found is None:
            raise NotHere("it needs Python 3.12 or newer, and there is none")
        for command in ([found, "-m", "venv", folder], [python, "-m", "pip", "install", "--quiet", "pycel2sql>=0.4.2"]):
            if subprocess.run(list(map(str, command)), capture_output=True, check=False).returncode:
                shutil.rmtree(folder, ignore_errors=True)
                raise NotHere("it does not install")
    script = Path(__file__).with_name("celsql.py")
    ran = subprocess.run([python, script], input=json.dumps(texts), capture_output=True, text=True, check=True)
    made: dict[str, Any] = json.loads(ran.stdout)
    return made


def _runs(path: str | None) -> bool:
    """Whether it is an interpreter, and no stand-in for one that is not installed."""
    return path is not None and subprocess.run([path, "-c", ""], capture_output=True, check=False).returncode == 0


def rules_alone(day: str, count: int) -> tuple[list[Row], tuple[float, float] | None]:
    """Our SQL and pycel2sql's for the same rules on the same tables; how many times ours is as fast.

    That is for the larger table, planning included, and for each further profile; the latter is what a million come to.
    """
    bundle = load_bundle()
    work = Workload(bundle, day, draw_profiles(bundle, 4 * count))
    few = Workload(bundle, day, work.profiles[:count])
    rules = [(each, rule) for each, found in work.rules.items() for rule in found]
    policies = bundle.policies
    texts = {
        f"{each} {rule.name}": spelled(bundle, work.law, policies[rule.name.partition("/")[0]], rule.when.text)
        for each, rule in rules
    }
    try:
        made = pycel2sql(texts)
    except NotHere as error:
        return [Row("pycel2sql", note=f"not measured: {error}")], None
    ours: dict[str, list[str]] = {}
    theirs: dict[str, list[str]] = {}
    left_out: dict[str, list[str]] = {"refused by pycel2sql": sorted(made["refused"])}
    with connect(1) as connection:
        load_subjects(connection, few)
        for each, rule in rules:
            key = f"{each} {rule.name}"
            if key not in made["sql"]:
                continue
            known = {name: column(name) for name in variables(each)}
            own = to_sql(write(rule.when.tree, known, work.law.params)).sql("duckdb")
            expected = [work.law.evaluate(rule.when, activation) for kind, activation in few.asked if kind == each]
            if values(connection, own, each) != expected:
                raise SystemExit(f"our SQL and Python differ: {key}")
            try:
                same = values(connection, made["sql"][key], each) == expected
            except duckdb.Error:
                left_out.setdefault("refused by DuckDB", []).append(key)
                continue
            if not same:
                left_out.setdefault("other answers", []).append(key)
                continue
            ours.setdefault(each, []).append(own)
            theirs.setdefault(each, []).append(made["sql"][key])
        sides = {"our SQL": ours, f"pycel2sql {made['version']}": theirs}
        small = {side: clock(partial(ask, connection, found))[1] for side, found in sides.items()}
        load_subjects(connection, work)
        large = {side: clock(partial(ask, connection, found))[1] for side, found in sides.items()}
    compared = sum(map(len, ours.values()))
    each_of = {side: (large[side] - small[side]) / (3 * count) for side in sides}
    first, second = sides
    rows = [
        Row(
            f"{side}, {compared} rules",
            each_of[side] * 1e6,
            None,
            "us processor",
            each_of[second] / each_of[side],
            more={f"s for {count}": small[side], f"s for {4 * count}": large[side]},
        )
        for side in sides
    ]
    rows += [Row(f"{len(names)} {why}", note=", ".join(names)) for why, names in left_out.items() if names]
    return rows, (large[second] / large[first], each_of[second] / each_of[first])


def load_subjects(connection: Any, work: Workload) -> None:
    """Create a table of the subjects of all profiles for each kind."""
    for each in work.rules:
        types = variables(each)
        activations = (activation for kind, activation in work.asked if kind == each)
        rows = (
            {"row": i, **{name: activation[name] for name in types if name in activation}}
            for i, activation in enumerate(activations)
        )
        load_rows(connection, each, {"row": INT, **types}, rows)


def values(connection: Any, sql: str, each: str) -> list[Any]:
    """Return the value of an expression for each subject."""
    return [row[0] for row in connection.execute(f"SELECT {sql} FROM {each} ORDER BY row").fetchall()]


def ask(connection: Any, rules: dict[str, list[str]]) -> None:
    """Count for every rule the subjects of which it holds."""
    for each, texts in rules.items():
        for start in range(0, len(texts), TOGETHER):
            counts = ", ".join(f"count(*) FILTER (WHERE {text})" for text in texts[start : start + TOGETHER])
            connection.execute(f"SELECT {counts} FROM {each}").fetchall()


# --- the report -------------------------------------------------------------------------------------------------------


def in_a_process(run: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function in its own process, so that the peak of memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(run, *arguments).result()


def growth(runs: Iterable[Run]) -> str:
    """How the time of one profile changes from the smallest to the largest size."""
    runs = list(runs)
    each = [run.cpu / run.size for run in runs]
    return f"{each[-1] / each[0]:.2f}x for one profile from {runs[0].size:,} to {runs[-1].size:,}"


def main() -> int:
    options_of = parser(__doc__)
    options_of.add_argument("--sizes", type=int, nargs="+", default=[10_000, 50_000], help="profiles")
    options_of.add_argument("--named", type=int, default=10_000, help="the largest size with missing facts named")
    options_of.add_argument("--python", type=int, default=300, help="profiles that generated Python decides")
    options_of.add_argument("--cel", type=int, default=400, help="profiles of the smaller table for pycel2sql; 0: none")
    options_of.add_argument("--as-of", default="2026-01-01")
    options_of.add_argument("--work", type=Path, help="folder for the files of profiles")
    options = options_of.parse_args()
    day, sizes = options.as_of, sorted(options.sizes)

    note(f"generated Python, {options.python} profiles")
    wall, base, same = in_a_process(python_alone, options.python, day)
    alone, shared = [], []
    for size in sizes:
        note(f"the decision alone, {size} profiles")
        alone.append(in_a_process(decide_alone, size, day, 1))
        shared.append(in_a_process(decide_alone, size, day, 2))
    whole: list[Run] = []
    named: list[Run] = []
    if options.work is not None:
        options.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        for size in sizes:
            note(f"the pipeline, {size} profiles")
            source = Path(folder) / "profiles.jsonl"
            write_profiles(source, size)
            whole.append(screen(source, size, day, "--no-missing"))
            if size <= options.named:
                named.append(screen(source, size, day))
    rows = [
        Row(f"generated Python, one core, {options.python} profiles", base * 1e6, None, "us processor", 1.0,
            more={"us": wall * 1e6}),
        *(run.row(f"DuckDB, one thread, {run.size:,}", base) for run in alone),
        *(run.row(f"DuckDB, two threads, {run.size:,}", base) for run in shared),
    ]  # fmt: skip
    tables = [
        Table("decision", "The decision alone, for one profile", rows, "generated Python to it, processor time"),
        Table(
            "pipeline",
            "vatspolicy screen, JSON lines to JSON lines, for one profile",
            [
                *(run.row(f"without missing facts, {run.size:,}", None) for run in whole),
                *(run.row(f"with missing facts, {run.size:,}", None) for run in named),
            ],
        ),
    ]
    targets = [
        Target("DuckDB to generated Python on one core", "3x", f"{base / (alone[-1].cpu / alone[-1].size):.1f}x",
               base / (alone[-1].cpu / alone[-1].size) >= 3),
        Target("the same on two threads, its clock to Python's processor time", "3x",
               f"{base / (shared[-1].wall / shared[-1].size):.1f}x", base / (shared[-1].wall / shared[-1].size) >= 3),
        Target("growth, the decision alone", "at most 1.2x", growth(alone), _linear(alone)),
        Target("growth, the pipeline", "at most 1.2x", growth(whole), _linear(whole)),
    ]  # fmt: skip
    if len(sizes) > 1:
        more = whole[-1].peak / whole[-2].peak
        told = f"{whole[-2].peak:.0f} MB, then {whole[-1].peak:.0f} MB for {sizes[-1] / sizes[-2]:.0f} times as many"
        targets.append(Target("memory of the pipeline", "flat: at most 1.3x", told, more <= 1.3))
    if options.cel:
        note(f"pycel2sql, {options.cel} and {4 * options.cel} profiles")
        found, times = rules_alone(day, options.cel)
        title = "The rules alone in DuckDB, one thread, for one profile more"
        tables.append(Table("rules", title, found, "pycel2sql to it"))
        if times is not None:
            reached = f"{times[0]:.0f}x for {4 * options.cel} profiles, {times[1]:.0f}x for each further one"
            targets.append(Target("our SQL to pycel2sql's", "100x for each profile", reached, times[1] >= 100))
    report = Report(
        "portfolio",
        f"Synthetic profiles under the law of {day}; the whole bundle. "
        + ("DuckDB's answers are Python's." if same else "DUCKDB AND PYTHON DIFFER."),
        tables,
        targets,
        {"duckdb": duckdb.__version__},
    )
    return finish(report, options, same)


def _linear(runs: list[Run]) -> bool:
    return runs[-1].cpu / runs[-1].size <= 1.2 * runs[0].cpu / runs[0].size


if __name__ == "__main__":
    sys.exit(main())
