"""What each fuzz target reaches of the code that it is about: `python -m tests.support.fuzz_coverage [INPUTS]`.

A target that lost its way, because a seed is refused at the door or a reader moved, still breaks no promise. So the share
of statements in functions that its inputs execute is measured, printed, and held above a floor.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import coverage

SOURCE = Path(__file__).resolve().parents[2] / "src" / "vatspolicy"
FLOORS: dict[str, dict[str, int]] = {
    "yaml": {"core/documents/yaml_reader.py": 67},
    "json": {"core/documents/json_reader.py": 91},
    "spec": {"core/profile/profile.py": 53, "core/engine/evaluator.py": 53, "reports/decision/text.py": 27},
    "expression": {"core/cel/parser.py": 63, "core/cel/grammar.py": 65, "core/cel/checker.py": 46, "core/cel/codegen.py": 60},
    "policy": {"core/policies/compiler.py": 47, "core/policies/builder.py": 69, "core/policies/compilation.py": 56},
    "archive": {"bundles/archive.py": 77},
    "bundle": {"bundles/bundle_file.py": 66, "bundles/signature.py": 60, "core/policies/layers.py": 50},
    "waivers": {"gate/waivers/load.py": 74, "gate/waivers/apply.py": 62},
    "api": {"server/api/router.py": 66, "server/api/query.py": 67, "server/guard.py": 45},
}  # fmt: skip
"""By target, the files that it is about, and the least percentage of their statements in functions that it reaches.

Each is about four points below what 60 inputs reach.
"""
INPUTS = 60


def measure(inputs: int = INPUTS) -> dict[tuple[str, str], float]:
    """The percentage that each target reaches of each of its files."""
    cache = tempfile.TemporaryDirectory(prefix="fuzz-cache-")
    os.environ["VATSPOLICY_CACHE"] = cache.name  # what an earlier run has compiled would not be compiled again
    measured = coverage.Coverage(data_file=None, include=[str(SOURCE / "*")], config_file=False)
    measured.start()
    from tests.support.fuzz_targets import COST, TARGETS

    assert FLOORS.keys() == TARGETS.keys(), "each target has a floor"
    for name, (target, seeds) in TARGETS.items():
        begin = seeds()
        # what made the seeds has compiled some of them
        os.environ["VATSPOLICY_CACHE"] = str(Path(cache.name, name))
        target(begin[0])  # what is imported or compiled by the first input is no merit of a target
        measured.switch_context(name)
        for data in make_inputs(name, begin, max(inputs // COST.get(name, 1), 10)):
            target(data)
        measured.switch_context("")
    measured.stop()
    cache.cleanup()
    return {(name, file): _share(measured, name, file) for name, files in FLOORS.items() for file in files}


def make_inputs(name: str, seeds: list[bytes], count: int) -> Iterator[bytes]:
    """The seeds, then seeds with words swapped or pieces put in at random, the same in every run."""
    from tests.support.fuzz_targets import PIECES, swap_words

    yield from seeds
    chance = random.Random(name)
    for number in range(count):
        data = chance.choice(seeds)
        if number % 2:
            yield swap_words(data, [(chance.randrange(400), chance.randrange(400))])
            continue
        for _ in range(chance.randint(1, 4)):
            place = chance.randint(0, len(data))
            data = data[:place] + chance.choice(PIECES) + data[place + chance.randint(0, 12) :]
        yield data


def _share(measured: coverage.Coverage, name: str, file: str) -> float:
    path = str(SOURCE / file)
    data = measured.get_data()
    _, statements, _, _, _ = measured.analysis2(path)
    data.set_query_context(name)
    reached = set(data.lines(path) or ())
    data.set_query_contexts(None)
    inside = set(statements) - _at_import(path)
    return 100.0 * len(reached & inside) / max(len(inside), 1)


def _at_import(path: str) -> set[int]:
    """The lines that are executed when a module is imported: those outside functions, and the heads of functions."""
    import ast

    def lines(body: list[ast.stmt]) -> Iterator[int]:
        for one in body:
            if isinstance(one, ast.ClassDef):
                yield one.lineno
                yield from lines(one.body)
            elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from range(min([one.lineno, *(d.lineno for d in one.decorator_list)]), one.body[0].lineno)
            else:
                yield from range(one.lineno, (one.end_lineno or one.lineno) + 1)

    return set(lines(ast.parse(Path(path).read_text(encoding="utf-8")).body))


def main() -> int:
    """Print what each target reaches; 1 if one is below its floor."""
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else INPUTS)
    low = [key for key, share in found.items() if share < FLOORS[key[0]][key[1]]]
    for (name, file), share in found.items():
        note = "  BELOW" if (name, file) in low else ""
        sys.stdout.write(f"{name:11} {file:32} {share:5.1f} %  (floor {FLOORS[name][file]} %){note}\n")
    return 1 if low else 0


if __name__ == "__main__":
    raise SystemExit(main())
