"""Coverage-guided fuzzing with atheris (extra `fuzz`): python fuzz/fuzz.py TARGET [-runs=N] [libFuzzer options].

Targets and their invariants are in tests/support/fuzz_targets.py.
"""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
import sys
import tempfile
from pathlib import Path

import atheris

sys.path[:0] = [str(Path(__file__).resolve().parents[1])]
with atheris.instrument_imports(include=["vatspolicy", "tarfile"]):
    import vatspolicy
    from tests.support.fuzz_targets import TARGETS

    # Atheris sees only what is imported here, and much is imported where it is first needed.
    for module in pkgutil.walk_packages(vatspolicy.__path__, "vatspolicy."):
        with contextlib.suppress(ImportError):  # an extra that is not installed
            importlib.import_module(module.name)

SHORTEST = 4096
"""Bytes of the longest input where no seed is longer than half of it. A seed that is cut reaches nothing."""


def main() -> None:
    """Fuzz one target from its seeds until -runs or -max_total_time ends it."""
    if len(sys.argv) < 2 or sys.argv[1] not in TARGETS:
        raise SystemExit(f"usage: fuzz.py {'|'.join(TARGETS)} [-runs=N] [-max_total_time=SECONDS]")
    target, seeds = TARGETS[sys.argv.pop(1)]
    with tempfile.TemporaryDirectory(prefix="corpus-") as corpus:
        longest = SHORTEST
        for number, seed in enumerate(seeds()):
            (Path(corpus) / f"seed-{number}").write_bytes(seed)
            longest = max(longest, 2 * len(seed))
        atheris.Setup([*sys.argv, f"-max_len={longest}", corpus], lambda data: target(data) and None)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
