"""`vatspolicy check` on 1, 100 and 1,000 specs as whole processes, beside engines that decide the same specs.

    python benchmarks/bench_check.py [--sizes 1 100 1000] [--rounds 3] [--cerbos PROGRAM] [--json FILE]

Specs are synthetic and seeded (profiles.py), all different. Ours reads them as YAML, validates and decides them, and
reports. A peer loads the same rules, reads a JSON file for each spec, with the subjects and their classes worked out
beforehand, and evaluates the rules. Cerbos is its server, from start to the last answer over one connection. Answers
are compared before timing; an engine too slow for a size is left out there.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import importlib.metadata
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cerbos
import yaml
from bench_startup import FILE, Turn, spawn
from measure import Report, Row, Table, Target, finish, median, note, parser, peak, processor_seconds
from profiles import profiles
from servers import PROGRAM, cores, offers
from workload import Answers, Workload, compare, verdict

from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import load_profile

RATE = 400
"""Target: specs a second, with the start, for the largest size."""
OURS = "vatspolicy check"
PEERS = {
    "google": ("cel-expr-python (C++)", "cel-expr-python", 10_000),
    "rust": ("common-expression-language (Rust)", "common-expression-language", 10_000),
    "opa": ("OPA (Go, in process)", "opa-golib-python-bindings", 10_000),
    "celpy": ("cel-python, interpreted", "cel-python", 1),
}
"""Titles, packages, and the most specs for which there is time."""


@dataclass
class Engine:
    """An engine that can be run on the first so many specs."""

    title: str
    run: Callable[[int], Turn]
    most: int = 10_000
    note: str = ""
    turns: dict[int, list[Turn]] = field(default_factory=dict)


def write_specs(folder: Path, count: int) -> list[Path]:
    """Write specs as YAML; return the files."""
    folder.mkdir()
    found = []
    for place, data in enumerate(profiles(count)):
        found.append(folder / f"spec-{place:05}.yaml")
        found[-1].write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return found


def ours(folder: Path, work: Workload, sizes: Sequence[int]) -> list[Engine]:
    """Return our command, with one process and with as many as there are cores.

    Raises: RuntimeError if it decides otherwise than the evaluator.
    """
    specs = {}
    for size in sizes:
        specs[size] = folder / f"specs-{size}"
        write_specs(specs[size], size)
    expected = [evaluate(work.bundle, profile, work.day).decision for profile in work.profiles]
    found = []
    for jobs in (1, cores()) if offers("check", "--jobs") else (1,):
        command = [*PROGRAM, "check", "--no-fail", "--quiet", "--allow-past-as-of", "--as-of", work.day]
        command += ["--jobs", str(jobs)] if offers("check", "--jobs") else []
        title = f"{OURS}, {jobs} processes" if jobs > 1 else OURS
        engine = Engine(title, functools.partial(_check, command, specs), note="spec to report")
        report = folder / "report.json"
        spawn([*command, str(specs[max(sizes)]), "-o", f"json={report}"])
        said = [one["decision"] for one in json.loads(report.read_text(encoding="utf-8"))["decisions"]]
        if said != expected:
            raise RuntimeError(f"{title}: {sum(a != b for a, b in zip(said, expected, strict=False))} decisions differ")
        found.append(engine)
    return found


def _check(command: Sequence[str], specs: Mapping[int, Path], size: int) -> Turn:
    turn = spawn([*command, str(specs[size])])
    if turn.code or not turn.said:
        raise RuntimeError(f"check ended with {turn.code}")
    return turn


def peers(folder: Path, work: Workload, sizes: Sequence[int]) -> tuple[list[Engine], list[Row]]:
    """Return the other engines whose answers are ours, and rows for the rest."""
    data = {key: value for key, value in work.data().items() if key in ("variables", "cel", "rego", "params")}
    subjects = folder / "subjects"
    subjects.mkdir()
    for place, profile in enumerate(work.profiles):
        text = json.dumps(work.plain(profile), ensure_ascii=False)
        (subjects / f"{place:05}.json").write_text(text, encoding="utf-8")
    rules = folder / "rules.json"
    rules.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    found, refused = list[Engine](), list[Row]()
    for name, (title, package, most) in PEERS.items():
        try:
            importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            refused.append(Row(title, note=f"not installed ({package})"))
            continue
        command = [sys.executable, str(FILE), name, str(rules), "--specs", str(subjects)]
        most = min(most, max(sizes))
        said = folder / f"{name}.json"
        turn = spawn([*command, str(most), str(said)])
        fit, about = (
            _judge(title, work, most, json.loads(said.read_text("utf-8"))) if not turn.code else (False, "failed")
        )
        if fit:
            run = functools.partial(_run_peer, command)
            found.append(Engine(title, run, most, about))
        else:
            refused.append(Row(title, note=about))
    return found, refused


def _run_peer(command: Sequence[str], size: int) -> Turn:
    turn = spawn([*command, str(size)])
    if turn.code:
        raise RuntimeError(f"{command[2]} ended with {turn.code}")
    return turn


def _judge(title: str, work: Workload, count: int, found: Answers) -> tuple[bool, str]:
    part = Workload(work.bundle, work.day, work.profiles[:count])
    fit, about = verdict(*compare(part.expected, found), part.questions)
    note(f"{title}: {about or f'all of {part.questions:,} results are the same'}")
    return fit, about


def server(folder: Path, work: Workload, program: str) -> Engine | Row:
    """Return Cerbos, or a row that says why it is not timed."""
    policies = folder / "policies"
    cerbos.write(policies, cerbos.by_output(work.cerbos))
    answers: Answers = []

    def run(size: int) -> Turn:
        start = time.perf_counter()
        with cerbos.serving(program, folder, policies) as (pid, port):
            with contextlib.closing(cerbos.Client(port, work.cerbos, True, 50)) as client:
                answers[:] = [one for profile in work.profiles[:size] for one in client.ask(work.plain(profile))]
            return Turn(time.perf_counter() - start, processor_seconds(pid), peak(pid), b"", 0)

    run(len(work.profiles))
    fit, about = _judge("Cerbos", work, len(work.profiles), answers)
    return (
        Engine("Cerbos, server and client", run, note="processor: the server alone")
        if fit
        else Row("Cerbos", note=about)
    )


# --- the table --------------------------------------------------------------------------------------------------------


def row(engine: Engine, sizes: Sequence[int], first: Engine) -> Row:
    """Build a row: seconds for each size; of the largest, specs a second, processor time and memory."""
    more: dict[str, Any] = {}
    for size in sizes:
        turns = engine.turns.get(size)
        more[f"s for {size:,}"] = median(turn.wall for turn in turns) if turns else ""
    largest = max(engine.turns)
    turns, others = engine.turns[largest], first.turns.get(largest)
    wall, cpu = median(turn.wall for turn in turns), median(turn.cpu for turn in turns)
    more |= {"ms processor a spec": cpu / largest * 1e3, "MB": round(median(turn.megabytes for turn in turns))}
    ratio = wall / median(turn.wall for turn in others) if others else None
    about = engine.note if largest == max(sizes) else f"{engine.note}; {largest} at most".removeprefix("; ")
    return Row(engine.title, largest / wall, None, "specs/s", ratio, about, more)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--sizes", type=int, nargs="+", default=[1, 100, 1000])
    options.add_argument("--rounds", type=int, default=3, help="runs of each size")
    options.add_argument("--cerbos", metavar="PROGRAM")
    given = options.parse_args()
    sizes = sorted(given.sizes)
    bundle = load_bundle()
    work = Workload(bundle, bundle.boundaries[-1], [load_profile(data) for data in profiles(max(sizes))])
    try:
        with tempfile.TemporaryDirectory() as temporary:
            engines, refused = _gather(Path(temporary), work, sizes, given)
            _time(engines, sizes, given.rounds)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    own = [engine for engine in engines if engine.title.startswith(OURS)]
    rows = [row(engine, sizes, own[-1]) for engine in engines]
    best = max((one for one in rows if one.what.startswith(OURS)), key=lambda one: one.median or 0)
    rate, title = best.median or 0.0, f"check of {max(sizes):,} specs, with the start"
    targets = [Target(title, f"at least {RATE} specs/s", f"{rate:,.0f} ({best.what})", rate >= RATE)]
    report = Report(
        "check",
        f"Whole processes, from start to exit code; {sum(map(len, work.law.rules.values()))} rules. "
        "Ours reads YAML and reports; peers are handed subjects as JSON.",
        [Table("check", "Many specs", [*rows, *refused], f"{own[-1].title} (by the clock)")],
        targets,
        expect=[f"`check` decides {rate:,.0f} specs a second when it is given {max(sizes):,}."],
    )
    return finish(report, given)


def _gather(
    folder: Path, work: Workload, sizes: Sequence[int], options: argparse.Namespace
) -> tuple[list[Engine], list[Row]]:
    found = ours(folder, work, sizes)
    others, refused = peers(folder, work, sizes)
    found += others
    program = cerbos.find(options.cerbos)
    if program is None:
        return found, [*refused, Row("Cerbos", note=f"not installed ({cerbos.INSTALL})")]
    (folder / "cerbos").mkdir()
    last = server(folder / "cerbos", work, program)
    if isinstance(last, Row):
        return found, [*refused, last]
    return [*found, last], refused


def _time(engines: Sequence[Engine], sizes: Sequence[int], rounds: int) -> None:
    """Run every engine once a round; a peer that takes seconds has one turn for the largest size."""
    for size in sizes:
        for number in range(rounds):
            for engine in engines:
                few = size == max(sizes) and number and not engine.title.startswith(OURS)
                if size <= engine.most and not few:
                    engine.turns.setdefault(size, []).append(engine.run(size))


if __name__ == "__main__":
    sys.exit(main())
