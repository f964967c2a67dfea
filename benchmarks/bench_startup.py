"""Start-up: whole processes, ours and others, in rounds that run each once.

    python benchmarks/bench_startup.py [--rounds 15] [--slow 3] [--fixture cloud-hosting-beijing] [--json FILE]

`vatspolicy check` reads a spec, validates and decides it, and prints the report. It is timed as users have it: from a
wheel that is built and installed here, with the byte code of an installation, as the peers have theirs. Each peer loads
the same rules in its own form from JSON and evaluates them for one profile; the number of rules that hold is compared
with ours before timing. Processor time is that of the process and its threads, user and system. Slow processes run
fewer rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cerbos
import engines
import yaml
from measure import Report, Row, Table, Target, finish, median, note, parser, peak, processor_seconds
from workload import Workload, shipped

from vatspolicy.compile_cache import SETTLED

ROOT = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("engines.py")
LIMIT = 140
"""Most milliseconds of a check, by the wall clock."""
CHECK = "vatspolicy check, YAML"
PASS = "python -c pass"
GOOGLE = "cel-expr-python (C++)"


@dataclass(frozen=True)
class Turn:
    """One run: seconds by the wall clock and of the processor, peak of memory, output and exit code."""

    wall: float
    cpu: float
    megabytes: float
    said: bytes
    code: int


Run = Callable[[], Turn]


@dataclass(frozen=True)
class Process:
    """A command to time."""

    title: str
    run: Run
    slow: bool = False
    note: str = ""


LAUNCH = """
import os, resource, subprocess, sys, time
output = open(sys.argv[1], "wb")
start = time.perf_counter()
process = subprocess.Popen(sys.argv[3:], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.DEVNULL)
_, status, used = os.wait4(process.pid, 0)
wall = time.perf_counter() - start
open(sys.argv[2], "w").write(f"{wall} {used.ru_utime + used.ru_stime} {used.ru_maxrss / 1024} {status}")
"""
"""Starts a command from a small process, because the peak of memory of a process includes that of its parent."""


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    before: Callable[[], None] | None = None,
    folder: Path | None = None,
) -> Turn:
    """Run a command to its end, in a folder."""
    if before is not None:
        before()
    with tempfile.TemporaryDirectory() as temporary:
        output, figures = Path(temporary) / "output", Path(temporary) / "figures"
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCH, str(output), str(figures), *command]
        subprocess.run(launcher, env=environment, check=True, cwd=folder)
        wall, cpu, megabytes, status = figures.read_text(encoding="ascii").split()
        code = os.waitstatus_to_exitcode(int(status))
        return Turn(float(wall), float(cpu), float(megabytes), output.read_bytes(), code)


def command_row(what: str, turns: Sequence[Turn], note: str = "", **more: float) -> Row:
    """Return the row of a whole command: seconds by the clock and of the processor, and memory."""
    wall, cpu = [turn.wall for turn in turns], median(turn.cpu for turn in turns)
    megabytes = round(max(turn.megabytes for turn in turns))
    columns = {"cpu s": cpu, "MB": megabytes, "rounds": len(turns), **more}
    return Row(what, median(wall), min(wall), "s by the clock", note=note, more=columns)


def command_target(command: str, row: Row, limit: float) -> Target:
    """Return the target of a whole command: at most `limit` seconds by the clock."""
    assert row.median is not None
    reached = f"{row.median:.1f} s ({row.more['cpu s']:.1f} s of the processor)"
    return Target(f"{command} {row.what}, the whole command", f"at most {limit} s", reached, row.median <= limit)


def one_known() -> Workload:
    """Return the shipped law and the first random profile for which every rule is decided."""
    work = shipped(20)
    singles = (Workload(work.bundle, work.day, [profile]) for profile in work.profiles)
    return next(one for one in singles if all(value is not None for said in one.expected for value in said.values()))


# --- who is timed -----------------------------------------------------------------------------------------------------


def install(folder: Path) -> tuple[str, dict[str, str]]:
    """Install a wheel of this checkout; return the program and its environment.

    Raises: CalledProcessError.
    """
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    alone = ["--no-deps", "--no-index", "--no-build-isolation", "--target", str(folder)]
    subprocess.run([*pip, *alone, str(ROOT)], stdout=sys.stderr, check=True)
    time.sleep(SETTLED / 1e9)  # until then, the cache does not trust the state of files
    return str(folder / "bin" / "vatspolicy"), {**os.environ, "PYTHONPATH": str(folder)}


def ours(folder: Path, fixture: str) -> list[Process]:
    """Return processes of plain Python, and of `vatspolicy check` with and without its cache.

    Raises: RuntimeError if a check does not decide.
    """
    program = str(Path(sys.executable).with_name("vatspolicy"))
    wheel, environment = install(folder / "installed")
    spec = next((ROOT / "fixtures").rglob(f"{fixture}.yaml"))
    warm, cold = folder / "warm", folder / "cold"
    kept = {**environment, "VATSPOLICY_CACHE": str(warm)}
    new = {**os.environ, "VATSPOLICY_CACHE": str(cold)}
    found = [
        Process(PASS, functools.partial(spawn, [sys.executable, "-c", "pass"])),
        Process(CHECK, functools.partial(spawn, [wheel, "check", str(spec)], kept), note="spec to report"),
        Process(
            "vatspolicy check, YAML, nothing cached",
            functools.partial(spawn, [program, "check", str(spec)], new, functools.partial(shutil.rmtree, cold, True)),
            slow=True,
            note="from the checkout: all policies read and compiled",
        ),
    ]
    for process in found[1:]:
        first, second = process.run(), process.run()
        if first.code not in range(5) or first.said != second.said or not first.said:
            raise RuntimeError(f"{process.title} ended with {first.code}")
    return found


def peers(folder: Path, work: Workload) -> tuple[list[Process], list[Row]]:
    """Return the other engines, and rows for those that cannot run."""
    data = json.loads(json.dumps(work.data(), ensure_ascii=False))
    wanted = b"%d\n" % sum(value is True for answers in work.expected for value in answers.values())
    shared = {key: data[key] for key in ("variables", "asked")}
    inputs: dict[str, Callable[[], dict[str, Any]]] = {
        "google": lambda: {"cel": data["cel"]},
        "google-serialized": lambda: {"serialized": engines.serialized(data)},
        "rust": lambda: {"cel": data["cel"]},
        "opa": lambda: {key: data[key] for key in ("cel", "rego", "params")},
        "celpy": lambda: {"cel": data["cel"]},
        "stack": lambda: {"yaml": str(_yaml(folder, data))},
    }
    titles = {
        "google": (GOOGLE, "cel-expr-python", "rules compiled"),
        "google-serialized": (f"{GOOGLE}, expressions compiled before", "cel-expr-python", ""),
        "rust": ("common-expression-language (Rust)", "common-expression-language", "rules compiled"),
        "opa": ("OPA (Go, in process)", "opa-golib-python-bindings", "rules compiled"),
        "celpy": ("cel-python, interpreted", "cel-python", "rules compiled"),
        "stack": ("typer, PyYAML, jsonschema, cel-python", "cel-python", "rules read as YAML and compiled"),
    }
    ready, refused = list[Process](), list[Row]()
    for name, (title, package, about) in titles.items():
        try:
            importlib.metadata.version(package)
            path = folder / f"{name}.json"
            path.write_text(json.dumps({**shared, **inputs[name]()}, ensure_ascii=False), encoding="utf-8")
        except (ImportError, importlib.metadata.PackageNotFoundError):
            refused.append(Row(title, note=f"not installed ({package})"))
            continue
        run = functools.partial(spawn, [sys.executable, str(FILE), name, str(path)])
        first = run()
        note(f"{title}: {first.said!r}, ours {wanted!r}")
        if first.said != wanted:
            refused.append(Row(title, note="failed" if first.code else "answers differ"))
        else:
            ready.append(Process(title, run, slow=name in ("celpy", "stack"), note=about))
    return ready, refused


def _yaml(folder: Path, data: Mapping[str, Any]) -> Path:
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({"cel": data["cel"]}, allow_unicode=True), encoding="utf-8")
    return path


def pdp(folder: Path, work: Workload, program: str) -> list[Process]:
    """Return Cerbos: its compiler with one test of the same rules, and its server from start to first response."""
    policies, tested = folder / "policies", folder / "tested"
    for place in (policies, tested):
        cerbos.write(place, cerbos.by_action(work.cerbos))
    (tested / "profile_test.json").write_text(json.dumps(_suite(work), ensure_ascii=False), encoding="utf-8")
    environment = {**os.environ, "CERBOS_NO_TELEMETRY": "1"}

    def serve() -> Turn:
        start = time.perf_counter()
        with cerbos.serving(program, folder, policies) as (pid, port):
            with contextlib.closing(cerbos.Client(port, work.cerbos, False, 50)) as client:
                answers = client.ask(work.asked)
            wall, cpu, megabytes = time.perf_counter() - start, processor_seconds(pid), peak(pid)
        held = sum(value is True for one in answers for value in one.values())
        return Turn(wall, cpu, megabytes, b"%d" % held, 0)

    compiler = [program, "compile", "--output=list", str(tested)]
    found = [
        Process(
            "Cerbos, compile with one test", functools.partial(spawn, compiler, environment), True, "exit 0: as ours"
        ),
        Process("Cerbos, server to first answer", serve, True),
    ]
    for process in found:
        if code := process.run().code:
            raise RuntimeError(f"{process.title} ended with {code}")
    return found


def _suite(work: Workload) -> dict[str, Any]:
    """Return our results for one profile as a test of Cerbos."""
    resources, tests = {}, []
    for place, ((each, facts), answers) in enumerate(zip(work.asked, work.expected, strict=True)):
        name = f"s{place}"
        resources[name] = {"kind": f"{each}-0", "id": name, "attr": facts}
        said = {rule: "EFFECT_ALLOW" if value else "EFFECT_DENY" for rule, value in answers.items()}
        tests.append(
            {
                "name": name,
                "input": {"principals": ["p"], "resources": [name], "actions": list(said)},
                "expected": [{"principal": "p", "resource": name, "actions": said}],
            }
        )
    return {"name": "ours", "principals": {"p": {"id": "p", "roles": ["r"]}}, "resources": resources, "tests": tests}


# --- the table --------------------------------------------------------------------------------------------------------


def rounds(processes: list[Process], count: int, slow: int) -> dict[str, list[Turn]]:
    """Run every process once per round."""
    found: dict[str, list[Turn]] = {process.title: [] for process in processes}
    for number in range(count):
        for process in processes:
            if number < slow or not process.slow:
                found[process.title].append(process.run())
    return found


def row(process: Process, turns: list[Turn], first: list[Turn]) -> Row:
    """Build a row of the table."""
    wall = [turn.wall * 1e3 for turn in turns]
    cpu = [turn.cpu * 1e3 for turn in turns]
    more = {
        "cpu ms": round(median(cpu), 1),
        "least cpu ms": round(min(cpu), 1),
        "MB": round(median(turn.megabytes for turn in turns), 1),
        "rounds": len(turns),
    }
    ratio = median(one.cpu / other.cpu for one, other in zip(turns, first, strict=False))
    return Row(process.title, median(wall), min(wall), "ms by the clock", ratio, process.note, more)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--rounds", type=int, default=15)
    options.add_argument("--slow", type=int, default=3, metavar="ROUNDS", help="rounds of what takes seconds")
    options.add_argument("--fixture", default="cloud-hosting-beijing")
    options.add_argument("--cerbos", metavar="PROGRAM")
    given = options.parse_args()
    work = one_known()
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        processes, refused = _gather(folder, work, given)
        turns = rounds(processes, given.rounds, given.slow)
    rows = {process.title: row(process, turns[process.title], turns[CHECK]) for process in processes}
    targets = judge(rows)
    report = Report(
        "startup",
        f"Whole processes with the {sum(map(len, work.law.rules.values()))} rules of the shipped law, one answer each.",
        [Table("startup", "From nothing to an answer", [*rows.values(), *refused], f"{CHECK} (processor)")],
        targets,
        expect=[f"`check` of one spec takes {rows[CHECK].median:.0f} ms with the start of Python."],
    )
    return finish(report, given)


def judge(rows: Mapping[str, Row]) -> list[Target]:
    """Return the targets: the time of a check by the clock, and no other engine before it."""
    check, plain = rows[CHECK], rows[PASS]
    assert check.median is not None
    assert plain.median is not None
    found = [
        Target(
            f"check of one spec, from start to report, where {PASS} takes {plain.median:.0f} ms",
            f"at most {LIMIT} ms",
            f"{check.median:.0f} ms ({check.least:.0f} at least)",
            check.median <= LIMIT,
        )
    ]
    others = {title: row.median for title, row in rows.items() if not title.startswith(("python", "vatspolicy"))}
    timed = {title: value for title, value in others.items() if value is not None}
    if timed:
        first = min(timed, key=lambda title: timed[title])
        found.append(
            Target(
                "the same, ahead of every other engine",
                f"at most {timed[first]:.0f} ms ({first})",
                f"{check.median:.0f} ms",
                check.median <= timed[first],
            )
        )
    return found


def _gather(folder: Path, work: Workload, options: argparse.Namespace) -> tuple[list[Process], list[Row]]:
    processes = ours(folder, options.fixture)
    others, refused = peers(folder, work)
    processes += others
    program = cerbos.find(options.cerbos)
    if program is None:
        return processes, [*refused, Row("Cerbos", note=f"not installed ({cerbos.INSTALL})")]
    try:
        processes += pdp(folder, work, program)
    except (OSError, RuntimeError) as error:
        refused.append(Row("Cerbos", note=f"not measured: {str(error)[:160]}"))
    return processes, refused


if __name__ == "__main__":
    sys.exit(main())
