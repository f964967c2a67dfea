"""How much faster DuckDB decides a portfolio than the evaluator with generated Python on one core.

    python benchmarks/bench_portfolio.py [--sizes 1000 4000] [--python 300] [--as-of DAY] [--threads 2]

Both sides start from facts that were read and checked beforehand: DuckDB from a table, Python from dictionaries. On the
Python side `--python` profiles are decided and the time of one is multiplied; answers of these are compared first, and
the program ends with 1 where they differ. The size of a batch bounds memory, so larger tables are decided in batches of
at most 50,000. Absolute times are the machine's; the ratio and the growth from size to size are what matters. On
a busy machine the ratio of processor times, of all threads together, is the steadier one.
"""

from __future__ import annotations

import argparse
import resource
import sys
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).parent))

from profiles import profiles

from vatspolicy.bundle import load_bundle
from vatspolicy.expression.types import INT
from vatspolicy.portfolio.answer import decide
from vatspolicy.portfolio.combine import ROW
from vatspolicy.portfolio.duck import Decider, connect, load_rows
from vatspolicy.portfolio.read import Row
from vatspolicy.portfolio.relation import fact_columns
from vatspolicy.portfolio.verify import facts_in

BATCH = 50_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 4_000])
    parser.add_argument("--python", type=int, default=300)
    parser.add_argument("--as-of", default="2026-01-01")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    law = load_bundle().on(options.as_of)
    sample = [facts_in(Row(i, "", data)) for i, data in enumerate(profiles(options.python))]
    for facts in sample[:20]:  # load what is loaded once
        decide(law, facts, options.as_of)
    started, used = perf_counter(), process_time()
    expected = [decide(law, facts, options.as_of) for facts in sample]
    each, work = ((end - begin) / len(sample) for begin, end in ((started, perf_counter()), (used, process_time())))
    print(f"generated Python, one core: {each * 1e6:8.0f} us a profile, {work * 1e6:.0f} us of processor time")
    with connect(options.threads) as connection:
        started = perf_counter()
        decider = Decider(connection, law, options.as_of)
        print(f"writing the SQL:            {perf_counter() - started:8.2f} s, once a law")
        if decider.decide(sample) != expected:
            print("DuckDB and Python differ")
            return 1
        for size in options.sizes:
            took = spent = 0.0
            for start in range(0, size, BATCH):
                count = min(BATCH, size - start)
                columns = fact_columns()
                found = (facts_in(Row(i, "", data)) for i, data in enumerate(profiles(count, seed=start)))
                rows = ({ROW: i, **{n: f[n] for n in columns if n in f}} for i, f in enumerate(found))
                load_rows(connection, "profiles", {ROW: INT, **columns}, rows)
                started, used = perf_counter(), process_time()
                decider.run()
                took, spent = took + perf_counter() - started, spent + process_time() - used
            one, own = took / size, spent / size
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            times = each / one
            print(
                f"DuckDB, {options.threads} threads, {size:9}: {one * 1e6:8.0f} us a profile, {times:.1f} times as fast"
            )
            print(f"  processor time {own * 1e6:.0f} us, {work / own:.1f} times less; peak {peak:.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
